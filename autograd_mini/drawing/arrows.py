"""Which arrows are drawn: forward with the values, backward with the cotangents, or both.

A cotangent is a vertex of its own upon the arrow that it travels, so every layout finds a place for
its numbers. Its edges still run from source to target, as the layout needs it, and say how they are
drawn.
"""

from __future__ import annotations

from dataclasses import replace

from .labels import chosen
from .model import Diagram, Edge, Vertex

__all__ = ["prepared"]


def prepared(diagram: Diagram) -> Diagram:
    """Return what is to be drawn of a diagram: its arrows, and the fields that were chosen.

    >>> x, f = Vertex("x", "parameter", gradient=("6",)), Vertex("f", "operation", "square")
    >>> y = Vertex("y", "output", gradient=("1",))
    >>> edges = (Edge("x", "f", cotangent=("6",)), Edge("f", "y"))
    >>> drawn = prepared(Diagram((x, f, y), edges, arrows="backward"))
    >>> [(e.source, e.target, e.way) for e in drawn.edges]
    [('x', 'c0', 'back'), ('c0', 'f', 'line'), ('f', 'y', 'back')]
    """
    return chosen(diagram if diagram.arrows == "forward" else _with_cotangents(diagram))


def _with_cotangents(diagram: Diagram) -> Diagram:
    reached = _reached(diagram)
    kinds = {vertex.key: vertex.kind for vertex in diagram.vertices}
    before: dict[str, list[Vertex]] = {}
    edges: list[Edge] = []
    scopes = {vertex.key: vertex.scope for vertex in diagram.vertices}
    for index, edge in enumerate(diagram.edges):
        source, target = edge.source, edge.target
        if diagram.arrows == "both":
            edges.append(edge)
        back = Edge(source, target, mark=edge.mark, way="back")
        if edge.cotangent and {source, target} <= reached:
            told = edge.cotangent
            if edge.mark == "waiting":  # what is not known yet keeps its room
                told = tuple("?".ljust(len(row)) for row in told)
            key, scope = f"c{index}", scopes[target]
            flow = Vertex(key, "cotangent", value=told, scope=scope, mark=edge.mark)
            before.setdefault(target, []).append(flow)
            edges += [replace(back, target=key), replace(back, source=key, way="line")]
        elif {source, target} <= reached and (
            kinds[source] == "operation" or kinds[target] == "fold"  # which has no number
        ):
            edges.append(back)
    shown = reached if diagram.arrows == "backward" else set(kinds)
    vertices: list[Vertex] = []
    for vertex in diagram.vertices:
        vertices += [*before.get(vertex.key, ()), *([vertex] if vertex.key in shown else [])]
    return replace(diagram, vertices=tuple(vertices), edges=tuple(edges))


def _reached(diagram: Diagram) -> set[str]:
    """Return the vertices that a cotangent arrives at; an operation, where its result has one."""
    found = {vertex.key for vertex in diagram.vertices if vertex.gradient}
    operations = {vertex.key for vertex in diagram.vertices if vertex.kind == "operation"}
    return found | {e.source for e in diagram.edges if e.source in operations and e.target in found}
