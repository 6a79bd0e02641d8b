"""Who computes the rows: one file per library, all with the same face.

A file is a contender's whole program, so that a reader can judge whether it is written as that
library's users would write it. It exports `contenders(threads)`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from ..rows import Array

__all__ = ["Contender", "Makers", "Step", "load"]

Step = Callable[[], Any]
"""Computes the cost and every gradient once, and returns them in the library's own types."""

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


_FILES = ["numpy_by_hand", "ours", "pytorch", "hips_autograd", "mygrad_tensor"]


def load(threads: int) -> tuple[list[Contender], list[str]]:
    """Return the contenders that can be imported, and a line for each library that can not."""
    found: list[Contender] = []
    missing: list[str] = []
    for file in _FILES:
        try:
            found += import_module(f"{__name__}.{file}").contenders(threads)
        except ModuleNotFoundError as error:
            missing.append(f"{error.name} is not installed: its columns are missing")
    return found, missing
