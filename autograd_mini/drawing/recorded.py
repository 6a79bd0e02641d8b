"""From recorded Nodes to a `Diagram`: values as boxes, operations as ellipses, gradients beside."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from ..graph import Node, walk
from ..reverse import propagate
from . import labels
from .contents import summary
from .cotangents import parts
from .fold import Unit, fold
from .formulas import formulas
from .jacobians import with_jacobians
from .model import USUAL, Diagram, Edge, Kind, Vertex

__all__ = [
    "caption",
    "cotangents",
    "drawn",
    "recorded_diagram",
    "vertex_of",
    "wants_gradients",
]

WEIGHTED_INPUT: Final = re.compile(r"z\d+")
"""How a network names z^(l)."""
MOST_AT_A_BORDER: Final = 500
"""A fold whose nodes reach outside more often is not asked what it gives: it would be too much."""


def recorded_diagram(
    outputs: Sequence[Node],
    budget: int | None,
    gradients: bool | None,
    fields: tuple[str, ...] = USUAL,
    depth: int | None = None,
) -> Diagram:
    """Return the picture of everything the outputs were computed from.

    With `gradients` (None: when there is one real scalar output) the cotangent of every tracked
    node is shown, that of the output being 1, and what each operation adds to it.
    """
    order = walk(*outputs)
    units = fold(order, outputs, budget, depth)
    found = cotangents(outputs, units) if wants_gradients(outputs, gradients) else {}
    keys = [f"n{index}" for index in range(len(units))]
    vertices, edges = drawn(units, keys, outputs, found, fields)
    told = caption(order, len(units), bool(found) and "gradient" in fields)
    return Diagram(vertices, edges, told, fields=fields)


def drawn(
    units: Sequence[Unit],
    keys: list[str],
    outputs: Sequence[Node],
    found: dict[Node, Any],
    fields: Sequence[str],
) -> tuple[tuple[Vertex, ...], tuple[Edge, ...]]:
    """Return the vertices of units, which have these keys and cotangents, and what joins them."""
    home = {node: index for index, unit in enumerate(units) for node in unit.nodes}
    vertices: list[Vertex] = []
    edges: list[Edge] = []
    for index, unit in enumerate(units):
        node = unit.nodes[-1]
        entry = keys[index]
        if not unit.folded and node.op is not None:
            entry = f"{keys[index]}_op"
            notes = labels.metadata(node.metadata)
            rule = formulas(node)
            vertices.append(
                Vertex(entry, "operation", node.op.name, notes, scope=node.scope, rule=rule)
            )
            edges.append(Edge(entry, keys[index]))
        edges[len(edges) :] = _arriving(unit, index, entry, keys, home, found)
        vertices.append(vertex_of(unit, keys[index], found.get(node), node in outputs))
    if "jacobian" in fields:  # each is many runs of a rule
        pairs = zip(keys, units, strict=True)
        vertices = with_jacobians(vertices, {k: u.nodes[0] for k, u in pairs if not u.folded})
    return tuple(vertices), tuple(edges)


def wants_gradients(outputs: Sequence[Node], gradients: bool | None) -> bool:
    """Return whether cotangents are to be shown; they can not be of what is no real scalar."""
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


def cotangents(outputs: Sequence[Node], units: Sequence[Unit]) -> dict[Node, Any]:
    """Return the cotangents of the nodes that will be seen; a NaN is shown, not raised.

    Those of a folded unit are too, when they are few, whose rules give to a node outside of it.
    """
    wanted = {unit.nodes[-1] for unit in units}
    for unit in units:
        inside = set(unit.nodes)
        border = [node for node in unit.nodes if not inside.issuperset(node.inputs)]
        wanted.update(border if len(border) <= MOST_AT_A_BORDER else ())
    with np.errstate(all="ignore"):
        ones = [np.ones_like(node.value) for node in outputs]
        return propagate(outputs, ones, wrt=[node for node in wanted if node.tracked])


def _arriving(
    unit: Unit,
    index: int,
    entry: str,
    keys: list[str],
    home: dict[Node, int],
    found: dict[Node, Any],
) -> list[Edge]:
    """Return the edges into a unit: one per argument, numbered, or one per source of a fold."""
    if unit.folded:
        back = _given_by_fold(unit, home, index, found)
        inside = {home[parent] for node in unit.nodes for parent in node.inputs} - {index}
        return [
            Edge(keys[source], entry, cotangent=back.get(source, ())) for source in sorted(inside)
        ]
    node = unit.nodes[0]
    given = parts(node, found[node]) if node in found else [None] * len(node.inputs)
    return [
        Edge(
            keys[home[parent]],
            entry,
            str(position) if len(node.inputs) > 1 else "",
            cotangent=() if part is None else labels.rows(part),
        )
        for position, (parent, part) in enumerate(zip(node.inputs, given, strict=True), start=1)
    ]


def _given_by_fold(
    unit: Unit, home: dict[Node, int], index: int, found: dict[Node, Any]
) -> dict[int, tuple[str, ...]]:
    """Return what a fold gives each unit it reads, where that is one node and all of it is known.

    The unit's index is the key.
    """
    totals: dict[Node, Any] = {}
    unknown: set[Node] = set()
    for node in unit.nodes:
        outside = [parent for parent in node.inputs if home[parent] != index]
        if outside and node not in found:
            unknown.update(outside)
        elif outside:
            for parent, part in zip(node.inputs, parts(node, found[node]), strict=True):
                if part is not None and home[parent] != index:
                    with np.errstate(all="ignore"):  # inf − inf is shown, not raised
                        totals[parent] = totals[parent] + part if parent in totals else part
    rows = {home[p]: labels.rows(total) for p, total in totals.items() if p not in unknown}
    several = Counter(home[parent] for parent in {*totals, *unknown})
    return {source: told for source, told in rows.items() if several[source] == 1}


def vertex_of(unit: Unit, key: str, cotangent: Any, is_output: bool) -> Vertex:
    """Return what is drawn of a unit, the cotangent of its last node being this one."""
    node = unit.nodes[-1]
    seen = cotangent is not None and not isinstance(cotangent, tuple)
    gradient = labels.rows(cotangent) if seen else ()
    tiles = labels.heat(cotangent) if seen else ()
    shape, dtype, notes, value, heat = labels.describe(node.value)
    if unit.folded:
        if node.op is None:
            return Vertex(key, "fold", unit.name, summary(unit), scope=unit.scope)
        told = filter(None, ["last:", node.name, shape, dtype, *notes])
        notes = (*summary(unit), " ".join(told))
        return Vertex(key, "fold", unit.name, notes, value, gradient, unit.scope)
    kind: Kind = "value" if node.op else "parameter" if node.tracked else "constant"
    if is_output and kind != "parameter":
        kind = "output"
    return Vertex(
        key,
        kind,
        node.name or "",
        notes,
        value,
        gradient,
        node.scope,
        shape,
        dtype,
        value_heat=heat,
        gradient_heat=tiles,
        place=(node.place or "").replace("\\", "/").rpartition("/")[2],  # the folder says little
    )


def caption(order: Sequence[Node], drawn: int, with_gradients: bool) -> str:
    """Return what the whole picture is of: the nodes of `walk`, as so many units."""
    told = f"{len(order):,} recorded nodes"
    if drawn < len(order):
        told += f", folded to {drawn}"
    return told + (f", with the output's gradient in each{_of_delta(order)}" * with_gradients)


def _of_delta(order: Sequence[Node]) -> str:
    """Say how the gradient of a cost in z differs from the note's δ: J is a mean."""
    cost = order[-1].name == "J" and order[-1].scope[-1:] == ("cost",)
    weighted = [node for node in order if cost and WEIGHTED_INPUT.fullmatch(node.name or "")]
    if not weighted or np.ndim(weighted[0].value) != 2:
        return ""
    names = ", ".join(str(node.name) for node in weighted[:3])
    more = ", …" if len(weighted) > 3 else ""
    return f"; that of {names}{more} is δ/m (m = {len(weighted[0].value)})"
