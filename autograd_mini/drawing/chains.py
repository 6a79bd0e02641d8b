"""Chains of elementwise operations: what becomes one first when a graph is too large to draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from ..op import Op

__all__ = ["chains", "is_elementwise"]

ELEMENTWISE: Final = frozenset(
    {"astype", "clip", "expit", "identity", "imag", "leaky_relu", "nan_to_num", "real", "relu"}
    | {"sigmoid", "softplus", "where"}
)
"""The operations that are, beside NumPy's own ufuncs."""


def is_elementwise(op: Op | None) -> bool:
    """Tell whether each element of the result depends on one element of each argument.

    >>> import numpy as np
    >>> from autograd_mini.op import OPS
    >>> is_elementwise(OPS[np.tanh]), is_elementwise(OPS[np.matmul]), is_elementwise(OPS[np.sum])
    (True, False, False)
    """
    if op is None or op.variadic:
        return False
    if isinstance(op.function, np.ufunc):
        return op.function.signature is None and op.function.nout == 1  # matmul has one
    return op.name in ELEMENTWISE


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
