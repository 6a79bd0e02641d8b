"""What flows back along each arrow: the part of an argument's gradient that one operation gives."""

from __future__ import annotations

from itertools import zip_longest
from typing import Any

import numpy as np

from ..graph import Node
from ..op import Sparse
from ..reverse import fit
from ..tensor import wrap

__all__ = ["parts", "seen"]


def parts(node: Node, g: Any, lift: Any = None) -> list[Any]:
    """Return what a recorded operation's rules give its inputs; None where no derivative flows.

    An input's gradient is the sum of what it gets from all that use it. With `lift`, as in
    `propagate`, the rules are recorded and g is a Tensor.

    >>> import autograd_mini as ag
    >>> x = ag.Tensor(3.0, requires_grad=True)
    >>> [float(part) for part in parts((x * x).node, np.array(1.0))]
    [3.0, 3.0]
    """
    op: Any = node.op
    if op is None:
        return []
    g = wrap(g) if lift and isinstance(g, (np.ndarray, np.generic)) else g  # recorded, like all
    operands = [g, *(seen(one, lift) for one in (node, *node.inputs))]
    told = [parent.tracked and not isinstance(parent.value, tuple) for parent in node.inputs]
    with np.errstate(all="ignore"):  # a NaN is shown, not raised
        if op.variadic:  # its one rule gives them all
            found = op.rules[0](*operands, **node.metadata)
        else:
            found = [
                rule(*operands, **node.metadata) if tell and rule else None
                for tell, rule in zip_longest(told, op.rules)
            ]
        return [
            _dense(part, parent, node, lift) if tell and part is not None else None
            for tell, part, parent in zip(told, found, node.inputs, strict=False)
        ]


def seen(node: Node, lift: Any) -> Any:
    """Return what a rule sees of a node: its value, or what `lift` makes of one that may move."""
    return lift(node) if lift and (node.inputs or node.tracked) else node.value


def _dense(part: Any, parent: Node, node: Node, lift: Any) -> Any:
    value: Any = parent.value
    if not isinstance(part, Sparse):
        return fit(part, value, node)
    if lift:
        return type(part).gather([part], value)
    total = np.zeros(value.shape, value.dtype)
    part.add_into(total)
    return total
