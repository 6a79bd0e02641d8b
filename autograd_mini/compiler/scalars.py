"""Scalars: long chains of numbers run as Python's floats, ten times as fast as NumPy's scalars.

Sums, differences and products of float64 are the same to the last bit in either, infinities and NaN
included, and Python raises for none of them (it does for x/0, and for a power that overflows: those
stay NumPy's). A value that leaves such a chain becomes np.float64 again: only that has a dtype,
which an array of float32 must meet.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from ..graph import Node
from .specs import Spec

__all__ = ["FEWEST", "as_floats", "in_floats", "leaving"]

FEWEST = 8
"""Operations of a chain, at least; and at least twice as many as it has borders."""
_NUMBER = Spec((), np.dtype(np.float64))
_FORMS = {np.add: "{} + {}", np.subtract: "{} - {}", np.multiply: "{} * {}", np.negative: "-{}",
          np.square: "{0} * {0}"}  # fmt: skip
_EXACT = 2**53


def in_floats(node: Node, operands: Sequence[str]) -> str:
    """Return the expression of an operation on Python's floats."""
    assert node.op is not None
    return _FORMS[node.op.function].format(*operands)


def leaving(order: Sequence[Node], outputs: Collection[Node], floats: Collection[Node]
            ) -> set[Node]:  # fmt: skip
    """Return those of the floats that something else reads, or that are results."""
    found = {node for node in outputs if node in floats}
    for node in order:
        if node not in floats:
            found.update(i for i in node.inputs if i in floats)
    return found


def as_floats(order: Sequence[Node], outputs: Collection[Node]) -> set[Node]:
    """Return the nodes that are computed as Python's floats."""
    able = {node: node for node in order if _is_able(node)}
    if len(able) < FEWEST:
        return set()
    for node in able:  # what is connected has one root
        for parent in node.inputs:
            if parent in able:
                able[_root(able, node)] = _root(able, parent)
    size: dict[Node, int] = {}
    borders: dict[Node, int] = {}
    entered: set[tuple[Node, Node]] = set()
    out = leaving(order, outputs, able)
    for node in able:
        root = _root(able, node)
        size[root] = size.get(root, 0) + 1
        new = {(root, i) for i in node.inputs if i not in able and type(i.value) is Spec} - entered
        entered |= new
        borders[root] = borders.get(root, 0) + len(new) + (node in out)
    chosen = {root for root, n in size.items() if n >= FEWEST and n >= 2 * borders[root]}
    return {node for node in able if _root(able, node) in chosen}


def _is_able(node: Node) -> bool:
    if node.op is None or node.op.function not in _FORMS or not _is_float64(node):
        return False
    return not node.metadata and all(map(_is_number, node.inputs))


def _is_number(node: Node) -> bool:
    value = node.value
    if type(value) is float:
        return abs(value) < float("inf")
    return abs(value) < _EXACT if type(value) is int else _is_float64(node)


def _is_float64(node: Node) -> bool:
    return type(node.value) is Spec and node.value == _NUMBER


def _root(able: dict[Node, Node], node: Node) -> Node:
    while able[node] is not node:
        able[node] = able[able[node]]
        node = able[node]
    return node
