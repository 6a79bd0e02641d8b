"""Where a tensor was made: `debug`."""

from __future__ import annotations

import os
import sys
from contextlib import ContextDecorator
from functools import lru_cache
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, Final

import numpy as np

from .context import context
from .graph import Node

__all__ = ["debug"]

INSIDE: Final = tuple(f"{Path(path).parent}{os.sep}" for path in (__file__, np.__file__))
"""Frames of these folders are no user's: ours, and NumPy's, which calls us back."""


class debug(ContextDecorator):  # noqa: N801 -- a function to its users, as `no_grad` is
    """Record where every tensor is made: `with ag.debug():`, or `@ag.debug()` over a function.

    Each Node's `place` becomes "file:line" of the innermost call outside of this package and of
    NumPy, the line a person wrote. Errors that describe a tensor say it, and a picture does:
    `ag.draw(J, fields=("name", "place"))`. Of one thread, as `ag.no_grad` is; it nests. Outside of
    it nothing is recorded, and operations take the time they always take.

    Examples
    --------
    >>> import autograd_mini as ag
    >>> with ag.debug():
    ...     x = ag.Tensor(2.0, requires_grad=True)
    ...     y = x * x
    >>> y.node.place.rpartition(":")[2]
    '3'
    >>> (x * x).node.place is None
    True
    """

    def __init__(self) -> None:
        self._before: list[Any] = []

    def __enter__(self) -> debug:
        self._before.append(context.now.debug)
        context.now.debug = self
        return self

    def __exit__(self, *error: object) -> None:
        context.now.debug = self._before.pop()

    def made(self, node: Node) -> None:
        """Note the place of a node that has just been made; the engine calls it."""
        node.place = _place()


def _place() -> str | None:
    """Return "file:line" of the innermost frame that is a user's."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None and _is_inside(frame.f_code):
        frame = frame.f_back
    return None if frame is None else f"{frame.f_code.co_filename}:{frame.f_lineno}"


@lru_cache(maxsize=4096)
def _is_inside(code: CodeType) -> bool:
    return code.co_filename.startswith(INSIDE)
