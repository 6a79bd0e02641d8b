"""What one small operation costs, however long the graph."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

import numpy as np

import autograd_mini as ag

from .contenders import Step
from .loops import Line
from .measure import Pace, interleave, interval_of_median, verdict

__all__ = ["KINDS", "NODES", "OPERATION_GOAL", "operations"]

NODES = [100, 1_000, 10_000, 100_000]
OPERATION_GOAL = 3.0
"""µs, forward and backward, whatever the length of the graph."""


def _scalars(y: Any) -> Any:
    return 0.999 * y


def _sines(y: Any) -> Any:
    return np.sin(y)


def _arrays(y: Any) -> Any:
    return y * _FACTORS


_FACTORS = np.full(8, 0.999)

KINDS: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "0.999 * y, y a scalar": (_scalars, 1.0),
    "np.sin(y), y a scalar": (_sines, 1.0),
    "y * w, arrays of 8": (_arrays, np.ones(8)),
}


def operations(pace: Pace) -> list[Line]:
    """Time chains of one operation, forward and backward: µs per operation, by length.

    The longest is timed once more without Python's search for cycles, which goes through every
    node of a growing graph again and again and finds none. The goal is judged where it is slowest.
    """
    lines = []
    for kind, (operation, start) in KINDS.items():
        steps = [_chain(operation, start, n) for n in NODES]
        names = [*(f"{n:,}" for n in NODES), "collector off"]
        timings = interleave(names, [*steps, _without_collector(steps[-1])], pace)
        for n, timing in zip([*NODES, NODES[-1]], timings, strict=True):
            timing.slices = [t / n for t in timing.slices]
        worst = max(timings[:-1], key=lambda timing: timing.median)
        interval = interval_of_median(worst.slices)
        line = {"label": kind, "µs": {t.name: t.median for t in timings}, "median": interval}
        lines.append(line | {"goal": OPERATION_GOAL, "verdict": verdict(interval, OPERATION_GOAL)})
    return lines


def _chain(operation: Callable[[Any], Any], start: Any, n: int) -> Step:
    x = ag.Tensor(start, requires_grad=True)
    seed = np.ones(x.shape)

    def step() -> Any:
        x.grad = None
        y: Any = x
        for _ in range(n):
            y = operation(y)
        y.backward(seed)
        return x.grad

    return step


def _without_collector(step: Step) -> Step:
    def quiet() -> Any:
        gc.disable()
        try:
            return step()
        finally:
            gc.enable()

    return quiet
