"""Chains of elementwise operations: what becomes one first when a graph is too large to draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

__all__ = ["chains"]


def chains(
    able: Sequence[bool], users: Mapping[int, set[int]], over: int
) -> dict[int, tuple[int, ...]]:
    """Return which of a row of operations to join, by the last of each chain.

    Joined is what may be (`able`) with the one that is its only user, the longest chains first,
    until `over` are saved. Only the last of a chain is used outside of it, so no way leads out of
    it and back: at the place of its last it is still in order.

    >>> chains([True, True, True, False], {0: {1}, 1: {2}, 2: {3}}, 2)
    {2: (0, 1, 2)}
    """
    end = list(range(len(able)))
    for index in range(len(able) - 1, -1, -1):
        using = users.get(index, set())
        if able[index] and len(using) == 1 and able[user := min(using)]:
            end[index] = end[user]
    members: dict[int, list[int]] = {}
    for index, last in enumerate(end):
        members.setdefault(last, []).append(index)
    chosen: dict[int, tuple[int, ...]] = {}
    for last in sorted(members, key=lambda k: (-len(members[k]), k)):
        if over > 0 and len(members[last]) > 1:
            chosen[last] = tuple(members[last])
            over -= len(members[last]) - 1
    return chosen
