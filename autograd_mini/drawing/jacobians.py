"""The local derivatives of one operation: ∂(its result)/∂(each argument), as its rule has them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

import numpy as np

from ..elements import is_elementwise
from ..graph import Node
from . import labels
from .cotangents import parts, seen
from .model import Heat, Vertex

__all__ = ["called", "jacobians", "with_jacobians", "written"]

MOST_PULLED: Final = 16
"""Rows of a Jacobian: each costs a run of the rule."""
MOST_ENTRIES: Final = 1_000_000

Array = np.ndarray[Any, Any]


def jacobians(node: Node, lift: Any = None) -> dict[int, tuple[str, Any]]:
    """Return ∂y/∂(argument) of a recorded operation, by the argument's place, and what it is.

    An elementwise operation's is its diagonal, in the shape of y. Any other's has a row for each
    element of y and a column for each of the argument: row i is what the rule makes of the
    cotangent that is 1 at i and 0 elsewhere. Of a large y evenly chosen rows stand for all; what
    would be too much even so is left out. With `lift`, as in `propagate`, the rules are recorded.

    >>> import numpy as np, autograd_mini as ag
    >>> x = ag.Tensor([1.0, 2.0], requires_grad=True)
    >>> [(told, value.tolist()) for told, value in jacobians((x * x).node).values()]
    [('diagonal', [1.0, 2.0]), ('diagonal', [1.0, 2.0])]
    >>> jacobians(np.sum(x).node)[0][1].tolist()
    [[1.0, 1.0]]
    """
    y: Any = node.value
    tracked = {k: p.value.size for k, p in enumerate(node.inputs) if _has_derivative(p)}
    if node.op is None or isinstance(y, tuple) or not tracked or not hasattr(y, "dtype"):
        return {}
    with np.errstate(all="ignore"):
        if is_elementwise(node.op):
            return {
                k: ("diagonal", np.broadcast_to(_slope(node, k, lift), np.shape(y)))
                for k in tracked
                if k < len(node.op.rules) and node.op.rules[k] is not None
            }
        if sum(tracked.values()) * min(y.size, MOST_PULLED) > MOST_ENTRIES:
            return {}
        return _pulled(node, y, lift)


def _has_derivative(parent: Node) -> bool:
    return parent.tracked and isinstance(parent.value, (np.ndarray, np.generic))


def _slope(node: Node, k: int, lift: Any) -> Any:
    """Return what the rule of one argument makes of the cotangent 1, before it is fitted."""
    op: Any = node.op
    operands = [seen(one, lift) for one in (node, *node.inputs)]
    return op.rules[k](np.ones_like(node.value), *operands, **node.metadata)


def _pulled(node: Node, y: Any, lift: Any) -> dict[int, tuple[str, Any]]:
    shown = np.arange(y.size)
    if y.size > MOST_PULLED:
        shown = np.linspace(0, y.size - 1, MOST_PULLED).astype(int)
    rows: dict[int, list[Any]] = {}
    for index in shown:
        unit = np.zeros(y.size, y.dtype)
        unit[index] = 1
        for k, part in enumerate(parts(node, unit.reshape(y.shape)[()], lift)):
            if part is not None:
                rows.setdefault(k, []).append(np.ravel(part))
    told = f", {len(shown)} rows of it" if len(shown) < y.size else ""
    return {
        k: (f"({y.size}, {found[0].size}){told}", np.stack(found)) for k, found in rows.items()
    }


def written(node: Node) -> tuple[tuple[str, ...], Heat]:
    """Return what a picture says of the local derivatives, and the last of the large ones in small.

    >>> import autograd_mini as ag
    >>> x, w = (ag.Tensor(v, requires_grad=True) for v in (3.0, 2.0))
    >>> written((x * w).node)[0]
    ('∂y/∂a 2', '∂y/∂b 3')
    """
    found: list[str] = []
    tiles: Heat = ()
    for k, (told, value) in jacobians(node).items():
        name = called(node, k)
        rows = labels.rows(value)
        if value.size == 1:
            found.append(f"{name} {rows[0].strip()}")
            continue
        found += [f"{name} {told}", *rows]
        if labels.is_large(value):
            tiles = labels.heat(value)
    return tuple(found), tiles


def called(node: Node, k: int) -> str:
    """Return the name of an operation's derivative in one of its arguments."""
    op: Any = node.op
    several = not op.variadic and len(op.parameters) > 1
    return f"∂y/∂{op.parameters[k]}" if several else f"∂y/∂x{k + 1}" if op.variadic else "∂y/∂x"


def with_jacobians(vertices: Iterable[Vertex], nodes: Mapping[str, Node]) -> list[Vertex]:
    """Return the vertices, and in those of these nodes (by the vertex' key) their Jacobians."""
    told = {key: written(node) for key, node in nodes.items() if node.op is not None}
    return [
        replace(v, jacobian=told[v.key][0], jacobian_heat=told[v.key][1]) if v.key in told else v
        for v in vertices
    ]
