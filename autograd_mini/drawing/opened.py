"""A graph with nothing left out, for a page: its folds and scopes open and close.

The picture's folds (fold.py) are opened into what they are made of, level by level, the smallest
first, until every node is there or the page would hold too many.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from typing import Any, Final

import numpy as np

from ..elements import is_elementwise
from ..graph import Node, walk
from .fold import Unit, fold, inside
from .grouped import Group, Opened, flattened, put_into_scopes
from .jacobians import with_jacobians
from .model import USUAL, Diagram, Vertex
from .recorded import caption, cotangents, drawn, vertex_of, wants_gradients

__all__ = ["MOST_KEPT", "Whole", "whole", "whole_graph"]

MOST_KEPT: Final = 4_000
"""Nodes that a page holds, in about 4 MB. A fold beyond them stays closed, and says so."""
MOST_INSIDE: Final = 32
"""Units that an opened fold shows: more would be no easier to read than what was folded."""
MOST_AT_FIRST: Final = 60
MOST_SLOPES: Final = 64
"""Entries of a Jacobian that the page tells as numbers."""


@dataclass(frozen=True, slots=True)
class Whole:
    """What a page shows: a diagram with its groups."""

    diagram: Diagram
    """All that is no group."""
    opened: Opened
    left_out: Mapping[str, int] = field(default_factory=dict)
    """How many nodes are in a fold that can not be opened, by its vertex' key."""
    nodes: Mapping[str, Node] = field(default_factory=dict)
    """The recorded node of a value's vertex, by its key."""
    outputs: tuple[Node, ...] = ()


@dataclass(slots=True, eq=False)
class _Branch:
    unit: Unit
    key: str
    inner: list[_Branch] = field(default_factory=list)


def whole(diagram: Diagram) -> Whole:
    """Return a diagram whose scopes can be closed.

    >>> inner = [Vertex(key, "value", scope=("layer 2",)) for key in "abc"]
    >>> from .model import Edge
    >>> found = whole(Diagram((*inner,), (Edge("a", "b"), Edge("b", "c"))))
    >>> [vertex.key for vertex in found.opened.vertices], found.opened.parents
    (['a', 'b', 'c'], (-1, -1, -1))
    """
    group = Group(members=list(diagram.vertices))
    if diagram.direction == "down":
        put_into_scopes(group, diagram.edges)
    return Whole(diagram, flattened(group, diagram.edges))


def whole_graph(
    outputs: Sequence[Node],
    budget: int | None,
    gradients: bool | None,
    fields: tuple[str, ...] = USUAL,
    depth: int | None = None,
) -> Whole:
    """Return everything the outputs were computed from; at first it looks as the picture does."""
    order = walk(*outputs)
    many = budget is None and len(order) > MOST_KEPT
    units = fold(order, outputs, MOST_AT_FIRST if many else budget, depth)
    top = _expanded(units)
    branches = list(_all(top))
    ends = [branch for branch in branches if not branch.inner]
    wanted = [branch.unit for branch in branches]
    found = cotangents(outputs, wanted) if wants_gradients(outputs, gradients) else {}
    vertices, edges = drawn(
        [branch.unit for branch in ends], [branch.key for branch in ends], outputs, found, fields
    )
    nodes = {branch.key: branch.unit.nodes[0] for branch in ends if not branch.unit.folded}
    if "jacobian" not in fields:  # it is told beside the picture, where it is not too much
        small = {key: node for key, node in nodes.items() if _has_small_slopes(node)}
        vertices = tuple(with_jacobians(vertices, small))
    group = _group(top, vertices, found)
    put_into_scopes(group, edges)
    told = caption(order, len(units), bool(found) and "gradient" in fields)
    return Whole(
        Diagram(vertices, edges, told, fields=fields),
        flattened(group, edges),
        {branch.key: len(branch.unit.nodes) for branch in ends if branch.unit.folded},
        nodes,
        tuple(outputs),
    )


def _has_small_slopes(node: Node) -> bool:
    """Tell whether one run of the rule tells all its derivatives, or they are few."""
    if any(isinstance(one.value, tuple) for one in (node, *node.inputs)):
        return False  # several values have no one size
    sizes = [np.size(parent.value) for parent in node.inputs if parent.tracked]
    return is_elementwise(node.op) or np.size(node.value) * sum(sizes) <= MOST_SLOPES


def _expanded(units: Sequence[Unit]) -> list[_Branch]:
    """Return the units with what is in them, the smallest opened first, of equal ones the last."""
    top = [_Branch(unit, f"n{index}") for index, unit in enumerate(units)]
    kept, turn = len(top), 0
    waiting = [(len(b.unit.nodes), -k, b) for k, b in enumerate(top) if b.unit.folded]
    heapify(waiting)
    while waiting:
        _, _, branch = heappop(waiting)
        parts = inside(branch.unit, MOST_INSIDE)
        while len(parts) == 1 and parts[0].folded:
            parts = inside(parts[0], MOST_INSIDE)
        if kept + len(parts) > MOST_KEPT:
            continue
        kept += len(parts) - 1
        branch.inner = [_Branch(part, f"{branch.key}_{k}") for k, part in enumerate(parts, 1)]
        for inner in branch.inner:
            if inner.unit.folded:
                turn += 1
                heappush(waiting, (len(inner.unit.nodes), -len(top) - turn, inner))
    return top


def _all(top: Sequence[_Branch]) -> Iterator[_Branch]:
    waiting = [*reversed(top)]
    while waiting:
        branch = waiting.pop()
        yield branch
        waiting += reversed(branch.inner)


def _group(top: Sequence[_Branch], vertices: Sequence[Vertex], found: dict[Node, Any]) -> Group:
    """Return the vertices in the groups that the branches are: their order is the same."""
    of_key: dict[str, list[Vertex]] = {}
    for vertex in vertices:
        of_key.setdefault(vertex.key.removesuffix("_op"), []).append(vertex)
    everything = Group()
    waiting = [(branch, everything) for branch in reversed(top)]
    while waiting:
        branch, around = waiting.pop()
        if not branch.inner:
            around.members += of_key[branch.key]
            continue
        cotangent = found.get(branch.unit.nodes[-1])
        group = Group(vertex_of(branch.unit, branch.key, cotangent, False))
        around.members.append(group)
        waiting += [(inner, group) for inner in reversed(branch.inner)]
    return everything
