"""The peak of memory while a gradient is computed: checkpoints, and writing into one array."""

from __future__ import annotations

import gc
import math
import tracemalloc
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

import autograd_mini as ag

from .loops import Line, agree
from .measure import Pace

__all__ = ["LAYERS", "WRITES", "chain", "memory", "peak", "pieces", "written"]

LAYERS = [250, 1_000, 4_000]
WRITES = [1_000, 4_000, 16_000]
STATE = np.random.default_rng(0).normal(size=2_000)
"""What goes through the layers: 16 kB."""


def peak(f: Callable[..., Any], *args: Any) -> tuple[Any, float]:
    """Return f's result, and the MB that its call held at most, NumPy's arrays among them."""
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        result = f(*args)
        return result, (tracemalloc.get_traced_memory()[1] - before) / 1e6
    finally:
        tracemalloc.stop()


def layers(x: Any, first: int, last: int) -> Any:
    """x ← tanh(g x) for the layers from first up to last; each has a gain g of its own."""
    for i in range(first, last):
        x = np.tanh((1.0 + 0.5 * math.sin(i)) * x)
    return x


def chain(x: Any, n: int) -> Any:
    """Σ of what comes out of n layers, every value kept."""
    return np.sum(layers(x, 0, n))


def pieces(x: Any, n: int) -> Any:
    """The same in √n pieces, each a checkpoint."""
    piece = ag.checkpoint(layers)
    borders = np.linspace(0, n, round(math.sqrt(n)) + 1).round().astype(int).tolist()
    for first, last in pairwise(borders):
        x = piece(x, first, last)
    return np.sum(x)


def written(x: Any, n: int) -> Any:
    """Σ y², where y is filled by n set-items y[i] = i x."""
    y: Any = ag.Tensor(np.zeros(n))
    for i in range(n):
        y[i] = float(i) * x
    return np.sum(y * y)


def memory(pace: Pace) -> list[Line]:
    """MB at most, by the length of the program."""
    del pace  # memory is counted, not timed
    whole, cut = {}, {}
    for n in LAYERS:
        right, whole[f"{n:,}"] = peak(ag.grad(chain), STATE, n)
        given, cut[f"{n:,}"] = peak(ag.grad(pieces), STATE, n)
        agree(f"checkpoint of {n} layers", given, right)
    each = {}
    for n in WRITES:
        slope, each[f"{n:,}"] = peak(ag.grad(written), 1.0, n)
        agree(f"{n} set-items", slope, 2.0 * np.sum(np.arange(n) ** 2.0))
    return [
        {"label": "a chain of n layers", "MB": whole},
        {"label": "in √n checkpoints", "MB": cut},
        {"label": "n set-items into one array", "MB": each},
    ]
