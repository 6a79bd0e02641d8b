"""Who computes the rows: one file per library, all with the same face.

A file is a contender's whole program, so that a reader can judge whether it is written as that
library's users would write it. It exports `contenders(threads)`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from ..rows import Array

__all__ = ["OURS", "PEERS", "Contender", "Makers", "Step", "in_batches", "load"]

Step = Callable[..., Any]
"""Computes the cost and every gradient once, and returns them in the library's own types.

That of a network takes other examples and targets of the same shapes, for training."""

Makers = Mapping[type, Callable[[Any], Step]]
"""For each kind of problem: everything that is done once, outside the measured time."""


@dataclass(frozen=True)
class Contender:
    """One way to compute the rows."""

    name: str
    version: str
    makers: Makers
    read: Callable[[Any], tuple[float, list[Array]]]
    """Turn what a step returned into a number and arrays, outside the measured time."""
    slow: frozenset[type] = frozenset()
    """Problems that it computes, but not before a compilation of many seconds or of minutes."""


def in_batches(
    step: Step, X: Any, Y: Any, epochs: Sequence[Sequence[Any]], watch: Step | None = None,
    parameters: Any = None,
) -> Step:  # fmt: skip
    """Return training: a step of gradient descent for each batch of the examples in turn.

    With `watch`, a function of parameters that gives cost and accuracy, the last cost is told;
    `parameters` are then the first ones.
    """
    now = parameters

    def run() -> tuple[Any, Any]:
        nonlocal now
        cost = 0.0
        if watch is not None:
            cost, _ = watch(now)
        for batches in epochs:
            for batch in batches:
                _, now = step(X[batch], Y[batch])
            if watch is not None:
                cost, _ = watch(now)
        return cost, now

    return run


OURS = ("numpy_by_hand", "eager", "jit", "fit")
PEERS = {
    "pytorch": ("PyTorch", "torch"),
    "torch_compile": ("torch.compile", "torch"),
    "jax_jit": ("JAX", "jax"),
    "hips_autograd": ("HIPS autograd", "autograd"),
    "mygrad_tensor": ("MyGrad", "mygrad"),
    "scikit_learn": ("scikit-learn", "scikit-learn"),
}
"""Modules of this folder in the order of the table: whom each speaks for, and what to install."""


def load(threads: int) -> tuple[list[Contender], list[str]]:
    """Return the contenders that can be imported, and a line for each library that can not."""
    found: list[Contender] = []
    missing: list[str] = []
    for file in OURS:
        found += import_module(f"{__name__}.{file}").contenders(threads)
    for file, (library, package) in PEERS.items():
        try:
            found += import_module(f"{__name__}.{file}").contenders(threads)
        except ModuleNotFoundError:
            missing.append(f"{library} is not installed: pip install {package}")
        except Exception as error:  # a library may be there and not work here
            missing.append(f"{library} can not be used: {error}")
    return found, missing
