"""What one small operation costs, however long the graph; what the import costs."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Callable
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

import autograd_mini as ag

from .contenders import Step
from .measure import Pace, Timing, interleave

__all__ = ["HEAVY", "KINDS", "NODES", "import_times", "operation_timings"]

NODES = [100, 1_000, 10_000, 100_000]


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


def operation_timings(pace: Pace) -> dict[str, list[Timing]]:
    """Time chains of one operation, forward and backward: µs per operation, by length.

    The longest is timed once more without Python's search for cycles, which goes through every
    node of a growing graph again and again and finds none.
    """
    timings = {}
    for kind, (operation, start) in KINDS.items():
        steps = [_chain(operation, start, n) for n in NODES]
        names = [*(f"{n:,}" for n in NODES), "collector off"]
        timings[kind] = interleave(names, [*steps, _without_collector(steps[-1])], pace)
        for n, timing in zip([*NODES, NODES[-1]], timings[kind], strict=True):
            timing.slices = [t / n for t in timing.slices]
    return timings


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


HEAVY = ["numpy.random", "numpy.fft", "importlib.metadata", "tqdm", "graphviz", "scipy",
         "matplotlib"]  # fmt: skip
"""What a bare import must not load."""


def import_times(rounds: int) -> tuple[Timing, Timing, list[str]]:
    """Time `import autograd_mini` in fresh processes, by `-X importtime`, NumPy loaded already.

    Returns
    -------
    ours, numpy, heavy
        In ms: all that the import adds (standard library included), NumPy's own import beside it,
        and what of `HEAVY` was loaded.
    """
    ours, theirs = Timing("autograd_mini", 1), Timing("numpy", 1)
    program = "import sys, numpy, autograd_mini; print(*sys.modules)"
    with TemporaryDirectory() as cache:  # compiled once, as on a user's machine
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": cache, "PYTHONDONTWRITEBYTECODE": ""}
        command = [sys.executable, "-X", "importtime", "-c", program]
        for _ in range(rounds + 1):
            run = subprocess.run(
                command, capture_output=True, check=True, text=True, env=environment
            )
            for timing in (ours, theirs):
                timing.slices.append(_milliseconds(run.stderr, timing.name))
    for timing in (ours, theirs):
        del timing.slices[0]  # the first run compiles the files
    return ours, theirs, [name for name in HEAVY if name in run.stdout.split()]


def _milliseconds(report: str, module: str) -> float:
    """Read a module's cumulative time off `-X importtime`."""
    for line in report.splitlines():
        _, cumulative, name = line.removeprefix("import time:").split("|")
        if name.strip() == module:
            return int(cumulative) / 1000
    raise ValueError(f"{module} was not imported")
