"""Check first, then time: contenders slice by slice in one run, medians with intervals."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import numpy as np

from .contenders import Contender, Step
from .rows import Array, Network, Problem, Row, Training, Watched

__all__ = [
    "Interval",
    "Measured",
    "Pace",
    "Timing",
    "WrongResultError",
    "interleave",
    "interval_of_median",
    "measure_row",
    "ratio_of_medians",
    "verdict",
]


Interval = tuple[float, float, float]
"""A number, and from where to where it may lie."""


class WrongResultError(AssertionError):
    """A contender's cost or gradient is not NumPy's by hand."""


@dataclass(frozen=True)
class Pace:
    """How much is measured, and by which clock."""

    rounds: int
    slice_seconds: float
    clock: Callable[[], float]
    nodes: int = 100_000
    """Of the largest of the programs that grow."""


@dataclass
class Timing:
    """One contender's slices of one row, in µs per call."""

    name: str
    calls: int
    """In one slice."""
    slices: list[float] = field(default_factory=list)
    first: float | None = None
    """ms from the data to the first result: what is recorded or compiled, and one call."""

    @property
    def median(self) -> float:
        """Of the slices."""
        return float(np.median(self.slices))

    @property
    def quartiles(self) -> tuple[float, float]:
        """Between them lies the middle half of the slices."""
        low, high = np.percentile(self.slices, [25, 75])
        return float(low), float(high)


@dataclass
class Measured:
    """What became of a row: who was timed, and why somebody was not."""

    timings: list[Timing] = field(default_factory=list)
    wrong: dict[str, str] = field(default_factory=dict)
    """Contenders whose result is not NumPy's by hand; they are not timed."""
    failed: dict[str, str] = field(default_factory=dict)
    """Contenders that raised an error."""
    slow: list[str] = field(default_factory=list)
    """Contenders that take too long to compile the row."""


def measure_row(
    row: Row, contenders: Sequence[Contender], pace: Pace, patient: bool = False
) -> Measured:
    """Check every contender that has the row against the first one, and time them."""
    problem = row.make()
    measured, steps, expected = Measured(), [], None
    names: list[str] = []
    firsts: list[float] = []
    for one in contenders:
        if type(problem) not in one.makers:
            continue
        if type(problem) in one.slow and not patient:
            measured.slow.append(one.name)
            continue
        try:
            start = perf_counter()
            step = one.makers[type(problem)](problem)
            result = step()
            firsts.append((perf_counter() - start) * 1e3)
            given = _numbers(one.read(result), problem)
            expected = expected or given  # NumPy by hand is the first
            _compare(given, expected, row.tolerance)
        except WrongResultError as error:
            measured.wrong[one.name] = str(error)
        except Exception as error:  # whatever a library raises, the others are still measured
            measured.failed[one.name] = f"{type(error).__name__}: {error}"
        else:
            names.append(one.name)
            steps.append(step)
            continue
        del firsts[len(names) :]
    measured.timings = interleave(names, steps, pace)
    for timing, first in zip(measured.timings, firsts, strict=True):
        timing.first = first
    return measured


def _numbers(result: tuple[float, list[Array]], problem: Problem) -> tuple[float, list[Array]]:
    """Return cost and gradients of a first step; a whole step's gradients show in what it moved."""
    cost, arrays = result
    arrays = [np.array(a) for a in arrays]
    if isinstance(problem, Watched):
        problem = problem.training
    net = problem.network if isinstance(problem, Training) else problem
    if isinstance(net, Network) and net.rate:
        pairs = zip(net.parameters, arrays, strict=True)
        arrays = [(before - after) / net.rate for before, after in pairs]
    return cost, arrays


def _compare(
    given: tuple[float, list[Array]],
    expected: tuple[float, list[Array]],
    tolerance: float,
) -> None:
    (cost, arrays), (right_cost, right_arrays) = given, expected
    if not abs(cost - right_cost) <= tolerance * abs(right_cost):
        raise WrongResultError(f"cost {cost!r}, by hand {right_cost!r}")
    if len(arrays) != len(right_arrays):
        raise WrongResultError(f"{len(arrays)} gradients, by hand {len(right_arrays)}")
    for k, (a, right) in enumerate(zip(arrays, right_arrays, strict=True)):
        if a.shape != right.shape or a.dtype != right.dtype:
            raise WrongResultError(
                f"gradient {k} is {a.dtype}{a.shape}, not {right.dtype}{right.shape}"
            )
        error = np.linalg.norm(a - right) / max(float(np.linalg.norm(right)), 1e-300)
        if not error <= tolerance:
            raise WrongResultError(f"gradient {k} is off by {error:.1e} of its norm")


def interleave(names: Sequence[str], steps: Sequence[Step], pace: Pace) -> list[Timing]:
    """Time a slice of every contender in each round, in an order that changes by round.

    The garbage collector stays on, as it is for users. What was there before (other libraries'
    thousands of objects) is taken out of its sight: else it would be searched at the expense of
    whoever happens to allocate.
    """
    timings = []
    for name, step in zip(names, steps, strict=True):
        step()
        start = pace.clock()
        step()
        once = pace.clock() - start
        timings.append(Timing(name, max(1, round(pace.slice_seconds / max(once, 1e-7)))))
    gc.collect()
    gc.freeze()
    rng = np.random.default_rng(0)
    try:
        for _ in range(pace.rounds):
            for i in rng.permutation(len(steps)):
                timings[i].slices.append(_slice(steps[i], timings[i].calls, pace.clock))
    finally:
        gc.unfreeze()
    return timings


def _slice(step: Step, calls: int, clock: Callable[[], float]) -> float:
    if calls > 1:
        step()  # caches still hold the contender before
    repeat = range(calls)
    start = clock()
    for _ in repeat:
        step()
    return (clock() - start) / calls * 1e6


def ratio_of_medians(
    ours: Sequence[float], theirs: Sequence[float], level: float = 0.95
) -> Interval:
    """Return the ratio of medians and its bootstrap interval.

    Rounds are drawn with both their slices, so that what slowed a whole round slows both.
    """
    a, b = np.array(ours), np.array(theirs)
    drawn = np.random.default_rng(0).integers(0, len(a), (4000, len(a)))
    ratios: Any = np.median(a[drawn], axis=1) / np.median(b[drawn], axis=1)
    low, high = np.quantile(ratios, [(1 - level) / 2, (1 + level) / 2])
    return float(np.median(a) / np.median(b)), float(low), float(high)


def interval_of_median(values: Sequence[float], level: float = 0.95) -> Interval:
    """Return the median and its bootstrap interval."""
    return ratio_of_medians(values, [1.0] * len(values), level)


def verdict(interval: Sequence[float], goal: float) -> str:
    """A goal is missed only when the whole interval lies beyond it."""
    _, low, high = interval
    return "reached" if high <= goal else "missed" if low > goal else "within the interval"
