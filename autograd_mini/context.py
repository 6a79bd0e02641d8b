"""What one thread is doing: recording or not, in which scope, under whose eyes.

It is the only state that is not in the graph itself, and it is read once per operation.
"""

from __future__ import annotations

import threading
from contextlib import ContextDecorator
from typing import Any, Final

__all__ = ["EVERYTHING", "OFF", "TRACKED", "context", "no_grad", "scope"]

OFF: Final = 0
"""Nothing is recorded (`no_grad`)."""
TRACKED: Final = 1
"""What descends from a leaf that requires a gradient, or a transform's argument, is recorded."""
EVERYTHING: Final = 2
"""Every operation is recorded, comparisons too, and no value may be read: a compiler's mode."""


class Context(threading.local):
    """One thread's state."""

    mode: int = TRACKED
    scope: tuple[str, ...] = ()
    debug: Any = None

    def __init__(self) -> None:
        self.primals: set[Any] = set()
        """The argument nodes of the transforms that are running now."""
        self.modes: list[int] = []
        self.scopes: list[tuple[str, ...]] = []
        """What `no_grad` and `scope` will restore, the innermost last."""


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
        context.modes.append(context.mode)
        context.mode = OFF

    def __exit__(self, *error: object) -> None:
        context.mode = context.modes.pop()


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
        context.scopes.append(context.scope)
        context.scope = (*context.scope, self.name)

    def __exit__(self, *error: object) -> None:
        context.scope = context.scopes.pop()
