"""What `ag.jit` costs before it runs, and how that grows with the program."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

import autograd_mini as ag

from .contenders import jit
from .loops import Line, agree
from .measure import Pace, interval_of_median, verdict
from .rows import ROWS, Network

__all__ = ["COMPILE_GOAL", "GROWTH_GOAL", "compiling", "growth"]

COMPILE_GOAL = 10.0
"""ms, recorded and compiled, of the note's networks."""
GROWTH_GOAL = 2.0
NOTE = ("xnor", "note64", "note32")


def compiling(pace: Pace) -> list[Line]:
    """Time new programs: a first call less a second one."""
    lines = []
    for row in ROWS:
        problem = row.make()
        if not isinstance(problem, Network):
            continue
        for style, make in (("", jit.network), (" nn", jit.modules)):
            taken = [_fresh(partial(make, problem), pace) for _ in range(pace.rounds)]
            median = interval_of_median([1e3 * (first - second) for first, second in taken])
            line: Line = {"label": f"{row.name}{style}", "median": median}
            if row.name in NOTE:
                line |= {"goal": COMPILE_GOAL, "verdict": verdict(median, COMPILE_GOAL)}
            lines.append(line)
    return lines


def _fresh(make: Callable[[], Callable[[], Any]], pace: Pace) -> tuple[float, float]:
    """Return the seconds of a new program's first and second call."""
    step, clock = make(), pace.clock
    start = clock()
    step()
    middle = clock()
    step()
    return middle - start, clock() - middle


# -- by the number of nodes


def in_sequence(x: Any, n: int) -> Any:
    """n operations, each on the result of the one before: as deep as it is large."""
    for _ in range(n // 2):
        x = np.sin(x)
        x = 0.999 * x
    return x


def side_by_side(x: Any, n: int) -> Any:
    """n terms of one x, of different factors, added up: large, and hardly deep."""
    return np.sum(np.stack([x * (1.0 + 1.0 / i) for i in range(1, n + 1)]))


def layered(x: Any, n: int) -> Any:
    """n/2 layers of 8 units in sequence, summed."""
    for i in range(n // 2):
        x = np.tanh((1.0 + 1.0 / (i + 1)) * x)
    return np.sum(x)


SHAPES: dict[str, tuple[Callable[[Any, int], Any], Any]] = {
    "scalars in sequence": (in_sequence, np.float64(0.5)),
    "scalars side by side": (side_by_side, np.float64(0.5)),
    "arrays of 8 in sequence": (layered, np.linspace(0.1, 1.0, 8)),
}


def growth(pace: Pace) -> list[Line]:
    """Time eager, compile and run of programs of more and more nodes, gradients included."""
    sizes = [n for n in (10**k for k in range(2, 10)) if n <= pace.nodes]
    repeats, lines = range(min(pace.rounds, 3)), []
    for label, (f, x) in SHAPES.items():
        eager = {n: [_eager(f, x, n, pace) for _ in repeats] for n in sizes}
        lines.append(_line(f"{label}, eager", eager))
        taken = {n: [_compiled(f, x, n, pace) for _ in repeats] for n in sizes}
        for name, k in (("compile", 0), ("run", 1)):
            lines.append(_line(f"{label}, {name}", {n: [t[k] for t in taken[n]] for n in sizes}))
    return lines


def _eager(f: Callable[[Any, int], Any], x: Any, n: int, pace: Pace) -> float:
    start = pace.clock()
    ag.value_and_grad(f)(x, n)
    return (pace.clock() - start) / n * 1e6


def _compiled(f: Callable[[Any, int], Any], x: Any, n: int, pace: Pace) -> tuple[float, float]:
    program = ag.jit(ag.value_and_grad(lambda x: f(x, n)))
    first, second = _fresh(lambda: lambda: program(x), pace)
    right, given = ag.value_and_grad(f)(x, n), program(x)
    agree("a program's value", given[0], right[0])
    agree("a program's gradient", given[1], right[1])
    return (first - second) / n * 1e6, second / n * 1e6


def _line(label: str, taken: dict[int, list[float]]) -> Line:
    """µs a node by nodes, at best; the ratio between the ends from the best and the worst runs."""
    best = {f"{n:,}": min(times) for n, times in taken.items()}
    few, many = taken[1_000], taken[max(taken)]
    middle = float(np.median(many) / np.median(few))
    ratio = middle, min(min(many) / max(few), middle), max(max(many) / min(few), middle)
    word = verdict(ratio, GROWTH_GOAL)
    return {"label": label, "µs": best, "ratio": ratio, "goal": GROWTH_GOAL, "verdict": word}
