"""A sum over shards whose order of additions depends on the number of shards alone.

Floating-point addition is not associative: (a + b) + c and a + (b + c) differ in their last bits.
So the shards are the leaves of one balanced binary tree, cut in halves by their numbers, and what
is added to what is read from that tree, wherever the addends were made and whenever they arrive.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

__all__ = ["Partial", "Span", "TreeSum"]

Span = tuple[int, int]
"""Shards `first` up to `last`, `last` not among them."""

Partial = Sequence[Any] | None
"""Numbers and arrays to be added one by one; None where nothing was to be computed."""


@lru_cache(maxsize=32)
def families(shards: int) -> dict[Span, tuple[Span, Span, Span]]:
    """For every span of the tree but the whole: its parent, and that one's two halves."""
    found: dict[Span, tuple[Span, Span, Span]] = {}
    waiting = [(0, shards)]
    while waiting:
        first, last = waiting.pop()
        if last - first > 1:
            middle = (first + last) // 2
            left, right = (first, middle), (middle, last)
            found[left] = found[right] = ((first, last), left, right)
            waiting += [left, right]
    return found


def added(left: Partial, right: Partial) -> Partial:
    """Return left + right, entry by entry."""
    if left is None or right is None:
        return right if left is None else left
    return [a + b for a, b in zip(left, right, strict=True)]


class TreeSum:
    """Adds what arrives as soon as its sibling in the tree is there.

    Attributes
    ----------
    parts
        What has arrived, by the span of shards that it is the sum of; in the end that of all.

    Examples
    --------
    >>> total = TreeSum(3)
    >>> for shard in (2, 0, 1):
    ...     total.put((shard, shard + 1), [10**shard])
    >>> total.parts
    {(0, 3): [111]}
    """

    def __init__(self, shards: int) -> None:
        self.families = families(shards)
        self.parts: dict[Span, Partial] = {}

    def put(self, span: Span, partial: Partial) -> None:
        """Take the sum of a span of shards."""
        self.parts[span] = partial
        while family := self.families.get(span):
            span, left, right = family
            if left not in self.parts or right not in self.parts:
                return
            self.parts[span] = added(self.parts.pop(left), self.parts.pop(right))
