"""Where what a group holds stands: ranks and orders, for a page that knows the sizes.

Every group is laid out by itself, as is the whole: its members, and on its border a place for every
value that comes in or goes out. An arrow is a chain of ways, one in each group it crosses. What is
open changes sizes alone, so that the page has only to move the ranks apart (page_files/layout.js).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .grouped import Opened
from .layered import SWEEPS, Place, ordered, ranked, routes
from .model import Diagram, Edge, Vertex

__all__ = ["levels"]

Port = tuple[str, int]
"""("in" or "out", the vertex whose value passes)."""


@dataclass(slots=True)
class _Level:
    members: list[int] = field(default_factory=list)
    links: dict[tuple[int | Port, int | Port], None] = field(default_factory=dict)


def levels(opened: Opened) -> dict[int, dict[str, Any]]:
    """Return the layout of each group, and of the whole (-1), as plain data.

    "ranks": the items of each rank in order: a vertex' index, or a negative number for a place that
    an arrow passes; "ways": the items that each arrow passes; "in", "out": the item on the border
    by the index of the vertex whose value passes there.

    >>> from .grouped import Group, flattened
    >>> vertices = [Vertex("a", "value"), Group(Vertex("g", "fold"), [Vertex("b", "value")])]
    >>> found = levels(flattened(Group(members=vertices), [Edge("a", "b")]))
    >>> found[-1]["ranks"], found[1]["ranks"], found[1]["in"]
    ([[0], [1]], [[-1], [2]], {0: -1})
    """
    found = {-1: _Level()} | {group: _Level() for group in opened.parents if group >= 0}
    for index, parent in enumerate(opened.parents):
        found[parent].members.append(index)
    place = {vertex.key: index for index, vertex in enumerate(opened.vertices)}
    for edge in opened.edges:
        _lift(place[edge.source], place[edge.target], opened.parents, found)
    return {group: _laid_out(level) for group, level in found.items()}


def _lift(source: int, target: int, parents: tuple[int, ...], found: dict[int, _Level]) -> None:
    """Add the ways of an arrow to every level it crosses: up, over, and down into the target's."""
    over = set(_above(source, parents))
    while parents[target] not in over:
        found[parents[target]].links[("in", source), target] = None
        target = parents[target]
    out = source
    while parents[out] != parents[target]:
        found[parents[out]].links[out, ("out", source)] = None
        out = parents[out]
    found[parents[out]].links[out, target] = None


def _above(index: int, parents: tuple[int, ...]) -> list[int]:
    found = []
    while index >= 0:
        index = parents[index]
        found.append(index)
    return found


def _laid_out(level: _Level) -> dict[str, Any]:
    inner = [pair for pair in level.links if all(isinstance(end, int) for end in pair)]
    diagram = Diagram(
        tuple(Vertex(str(index), "value") for index in level.members),
        tuple(Edge(str(a), str(b)) for a, b in inner),
    )
    places: dict[int | Port, Place] = {int(k): p for k, p in ranked(diagram).items()}
    ports = dict.fromkeys(e for pair in level.links for e in pair if isinstance(e, tuple))
    for place in places.values():  # the first rank is the upper border, if anything comes in
        place.rank += any(side == "in" for side, _ in ports)
    last = 1 + max((place.rank for place in places.values()), default=0)
    for port in ports:
        places[port] = Place(0 if port[0] == "in" else last)
    keys = {end: str(index) for index, end in enumerate(places)}
    edges = [Edge(keys[a], keys[b]) for a, b in level.links]
    routed = routes(edges, {keys[end]: place for end, place in places.items()})
    ranks = ordered(list(places.values()), routed, SWEEPS)
    names = {id(place): end for end, place in places.items() if isinstance(end, int)}
    passed = [place for rank in ranks for place in rank if id(place) not in names]
    names |= {id(place): -1 - k for k, place in enumerate(passed)}
    border: dict[str, dict[int, int]] = {"in": {}, "out": {}}
    for side, vertex in ports:
        border[side][vertex] = names[id(places[side, vertex])]
    return {
        "ranks": [[names[id(place)] for place in rank] for rank in ranks],
        "ways": [[names[id(place)] for place in route.way] for route in routed],
        **border,
    }
