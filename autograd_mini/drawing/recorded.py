"""From recorded Nodes to a `Diagram`: values as boxes, operations as ellipses, gradients beside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..graph import Node, walk
from ..reverse import propagate
from . import labels
from .fold import Unit, fold, summary
from .model import Diagram, Edge, Kind, Vertex

__all__ = ["recorded_diagram"]


def recorded_diagram(
    outputs: Sequence[Node], budget: int | None, gradients: bool | None
) -> Diagram:
    """Return the picture of everything the outputs were computed from.

    With `gradients` (None: when there is one real scalar output) the cotangent of every tracked
    node is shown, that of the output being 1.
    """
    order = walk(*outputs)
    units = fold(order, outputs, budget)
    shown = [unit.nodes[-1] for unit in units]
    found = _cotangents(outputs, shown) if _wants_gradients(outputs, gradients) else {}
    keys = [f"n{index}" for index in range(len(units))]
    home = {node: index for index, unit in enumerate(units) for node in unit.nodes}
    vertices: list[Vertex] = []
    edges: list[Edge] = []
    for index, unit in enumerate(units):
        node = unit.nodes[-1]
        entry = keys[index]
        if not unit.folded and node.op is not None:
            entry = f"{keys[index]}_op"
            notes = labels.metadata(node.metadata)
            vertices.append(Vertex(entry, "operation", node.op.name, notes, scope=node.scope))
            edges.append(Edge(entry, keys[index]))
        edges[len(edges) :] = _arriving(unit, index, entry, keys, home)
        vertices.append(_vertex(unit, keys[index], found.get(node), node in outputs))
    return Diagram(tuple(vertices), tuple(edges), _caption(len(order), len(units), found))


def _wants_gradients(outputs: Sequence[Node], gradients: bool | None) -> bool:
    single = (
        len(outputs) == 1
        and outputs[0].tracked
        and np.shape(outputs[0].value) == ()
        and np.asarray(outputs[0].value).dtype.kind == "f"
    )
    if gradients and not single:
        raise ValueError(
            f"gradients=True needs one tracked real scalar to differentiate, got {len(outputs)} "
            f"output(s), the first of shape {np.shape(outputs[0].value)}; draw a cost, such as "
            "np.sum(t), or leave gradients out"
        )
    return single and gradients is not False


def _cotangents(outputs: Sequence[Node], shown: Sequence[Node]) -> dict[Node, Any]:
    """Return the cotangents of the nodes that will be seen; a NaN is shown, not raised."""
    with np.errstate(all="ignore"):
        ones = [np.ones_like(node.value) for node in outputs]
        return propagate(outputs, ones, wrt=[node for node in shown if node.tracked])


def _arriving(
    unit: Unit, index: int, entry: str, keys: list[str], home: dict[Node, int]
) -> list[Edge]:
    """Return the edges into a unit: one per argument, numbered, or one per source of a fold."""
    if unit.folded:
        inside = {home[parent] for node in unit.nodes for parent in node.inputs} - {index}
        return [Edge(keys[source], entry) for source in sorted(inside)]
    parents = unit.nodes[0].inputs
    return [
        Edge(keys[home[parent]], entry, str(position) if len(parents) > 1 else "")
        for position, parent in enumerate(parents, start=1)
    ]


def _vertex(unit: Unit, key: str, cotangent: Any, is_output: bool) -> Vertex:
    node = unit.nodes[-1]
    gradient = () if cotangent is None else labels.rows(cotangent)
    notes, value = labels.describe(node.value)
    if unit.folded:
        if node.op is None:
            return Vertex(key, "fold", unit.name, summary(unit), scope=unit.scope)
        last = " ".join(["last:", *([node.name] if node.name else []), *notes])
        notes = (*summary(unit), last)
        return Vertex(key, "fold", unit.name, notes, value, gradient, unit.scope)
    kind: Kind = "value" if node.op else "parameter" if node.tracked else "constant"
    if is_output and kind != "parameter":
        kind = "output"
    return Vertex(key, kind, node.name or "", notes, value, gradient, node.scope)


def _caption(recorded: int, drawn: int, found: dict[Node, Any]) -> str:
    told = f"{recorded:,} recorded nodes"
    if drawn < recorded:
        told += f", folded to {drawn}"
    return told + (", with the output's gradient in each" if found else "")
