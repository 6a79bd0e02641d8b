"""Check first, then time: contenders slice by slice in one run, medians with intervals."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .contenders import Contender, Step
from .rows import Array, Network, Problem, Row

__all__ = ["Pace", "Timing", "WrongResultError", "interleave", "measure_row", "ratio_of_medians"]


class WrongResultError(AssertionError):
    """A contender's cost or gradient is not NumPy's by hand."""


@dataclass(frozen=True)
class Pace:
    """How much is measured, and by which clock."""

    rounds: int
    slice_seconds: float
    clock: Callable[[], float]


@dataclass
class Timing:
    """One contender's slices of one row, in µs per call."""

    name: str
    calls: int
    """In one slice."""
    slices: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        return float(np.median(self.slices))

    @property
    def quartiles(self) -> tuple[float, float]:
        low, high = np.percentile(self.slices, [25, 75])
        return float(low), float(high)


def measure_row(row: Row, contenders: Sequence[Contender], pace: Pace) -> list[Timing]:
    """Check every contender that has the row against the first one, and time them."""
    problem = row.make()
    able = [one for one in contenders if type(problem) in one.makers]
    steps = [one.makers[type(problem)](problem) for one in able]
    expected = _numbers(able[0], steps[0], problem)
    for one, step in zip(able[1:], steps[1:], strict=True):
        _compare(f"{one.name} on {row.name}", _numbers(one, step, problem), expected, row.tolerance)
    return interleave([one.name for one in able], steps, pace)


def _numbers(one: Contender, step: Step, problem: Problem) -> tuple[float, list[Array]]:
    """Return cost and gradients of a first step; a whole step's gradients show in what it moved."""
    cost, arrays = one.read(step())
    arrays = [np.array(a) for a in arrays]
    if isinstance(problem, Network) and problem.rate:
        pairs = zip(problem.parameters, arrays, strict=True)
        arrays = [(before - after) / problem.rate for before, after in pairs]
    return cost, arrays


def _compare(
    label: str,
    given: tuple[float, list[Array]],
    expected: tuple[float, list[Array]],
    tolerance: float,
) -> None:
    (cost, arrays), (right_cost, right_arrays) = given, expected
    if not abs(cost - right_cost) <= tolerance * abs(right_cost):
        raise WrongResultError(f"{label}: cost {cost!r}, by hand {right_cost!r}")
    if len(arrays) != len(right_arrays):
        raise WrongResultError(f"{label}: {len(arrays)} gradients, by hand {len(right_arrays)}")
    for k, (a, right) in enumerate(zip(arrays, right_arrays, strict=True)):
        if a.shape != right.shape or a.dtype != right.dtype:
            raise WrongResultError(
                f"{label}: gradient {k} is {a.dtype}{a.shape}, not {right.dtype}{right.shape}"
            )
        error = np.linalg.norm(a - right) / max(float(np.linalg.norm(right)), 1e-300)
        if not error <= tolerance:
            raise WrongResultError(f"{label}: gradient {k} is off by {error:.1e} of its norm")


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
) -> tuple[float, float, float]:
    """Return the ratio of medians and its bootstrap interval.

    Rounds are drawn with both their slices, so that what slowed a whole round slows both.
    """
    a, b = np.array(ours), np.array(theirs)
    drawn = np.random.default_rng(0).integers(0, len(a), (4000, len(a)))
    ratios: Any = np.median(a[drawn], axis=1) / np.median(b[drawn], axis=1)
    low, high = np.quantile(ratios, [(1 - level) / 2, (1 + level) / 2])
    return float(np.median(a) / np.median(b)), float(low), float(high)
