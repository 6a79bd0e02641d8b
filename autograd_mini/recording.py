"""What is recorded for a while, whatever is done outside."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from .context import TRACKED, context

__all__ = ["aside", "followed"]


@contextmanager
def aside(mode: int) -> Iterator[None]:
    """Record in a mode of its own, `no_grad` or not, in no scope and with nobody looking on.

    >>> import autograd_mini as ag
    >>> x = ag.Tensor(3.0, requires_grad=True)
    >>> with ag.no_grad(), ag.scope("layer 2"), aside(1):
    ...     y = x * x
    >>> y.is_leaf, y.node.scope
    (False, ())
    """
    now = context.now
    before = now.mode, now.scope, now.debug
    now.mode, now.scope, now.debug = mode, (), None
    try:
        yield
    finally:
        now.mode, now.scope, now.debug = before


@contextmanager
def followed() -> Iterator[None]:
    """Follow derivatives, whatever is done outside: one may be asked for under `no_grad`.

    >>> import autograd_mini as ag
    >>> x = ag.Tensor(3.0, requires_grad=True)
    >>> with ag.no_grad(), followed():
    ...     y = x * x
    >>> y.requires_grad
    True
    """
    now = context.now
    mode, now.mode = now.mode, now.mode | TRACKED
    try:
        yield
    finally:
        now.mode = mode
