"""What one thread is doing: recording or not, in which scope, under whose eyes.

It is the only state that is not in the graph itself, and it is read once per operation.
"""

from __future__ import annotations

import threading
from contextlib import ContextDecorator
from typing import Any, Final

__all__ = ["EVERYTHING", "OFF", "TRACKED", "context", "no_grad", "scope"]

# Two facts: whether derivatives are followed (1), whether a compiler listens to everything (2).
OFF: Final = 0
"""Nothing is recorded (`no_grad`)."""
TRACKED: Final = 1
"""What descends from a leaf that requires a gradient, or a transform's argument, is recorded."""
EVERYTHING: Final = 3
"""Every operation is recorded, comparisons too, and no value may be read; under `no_grad` it is 2,
then what is recorded has no derivative. Either is greater than TRACKED."""


class State:
    """One thread's state."""

    __slots__ = ("debug", "mode", "modes", "primals", "scope", "scopes", "since")

    def __init__(self) -> None:
        self.mode: int = TRACKED
        self.scope: tuple[str, ...] = ()
        self.debug: Any = None
        self.primals: set[Any] = set()
        """The argument nodes of the transforms that are running now."""
        self.since: int = 0
        """The number of the first node of the program that is being recorded."""
        self.modes: list[int] = []
        self.scopes: list[tuple[str, ...]] = []
        """What `no_grad` and `scope` will restore, the innermost last."""


class Context(threading.local):
    """Gives each thread its own state: `context.now`, the one slow read of an operation."""

    def __init__(self) -> None:
        self.now = State()


context = Context()


class no_grad(ContextDecorator):  # noqa: N801 -- a function to its users, as in PyTorch
    """Record nothing inside: `with ag.no_grad():`, or `@ag.no_grad()` over a function.

    >>> import autograd_mini as ag
    >>> w = ag.Tensor(1.0, requires_grad=True)
    >>> with ag.no_grad():
    ...     w -= 0.25
    >>> w
    Tensor(0.75, requires_grad=True)
    """

    def __enter__(self) -> None:
        context.now.modes.append(context.now.mode)
        context.now.mode &= ~TRACKED

    def __exit__(self, *error: object) -> None:
        context.now.mode = context.now.modes.pop()


class scope(ContextDecorator):  # noqa: N801
    """Name what is recorded inside: `with ag.scope("layer 2"):`; scopes nest.

    >>> import autograd_mini as ag
    >>> x = ag.Tensor(1.0, requires_grad=True)
    >>> with ag.scope("layer 2"):
    ...     y = x * x
    >>> y.node.scope
    ('layer 2',)
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def __enter__(self) -> None:
        context.now.scopes.append(context.now.scope)
        context.now.scope = (*context.now.scope, self.name)

    def __exit__(self, *error: object) -> None:
        context.now.scope = context.now.scopes.pop()
