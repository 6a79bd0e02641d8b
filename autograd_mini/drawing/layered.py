"""The built-in layout: a `Diagram` as SVG, with nothing but Python.

The usual four steps (Sugiyama): give every vertex a rank, let long edges pass through empty places,
order each rank so that few edges cross, then place it under its neighbours as nearly as the order
allows. "Along" is the direction of the arrows and "across" the other one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from .model import Diagram, Edge, Scope, Vertex
from .style import outline

__all__ = ["Place", "Plan", "Route", "plan"]

SWEEPS: Final = 8
GAP_ACROSS: Final = 18.0
GAP_ALONG: Final = {"down": 26.0, "right": 90.0}
MOST_PLACES: Final = 20_000
"""Beyond it long edges are drawn straight, over what lies between."""


@dataclass(slots=True, eq=False)
class Place:
    """Where a vertex, or a long edge on its way, is: its centre and its extents."""

    rank: int
    vertex: Vertex | None = None
    along: float = 0.0
    across: float = 0.0
    length: float = 0.0
    breadth: float = 0.0
    before: list[Place] = field(default_factory=list, repr=False)
    after: list[Place] = field(default_factory=list, repr=False)

    @property
    def scope(self) -> Scope:
        """The scope of its vertex."""
        return self.vertex.scope if self.vertex else ()


@dataclass(frozen=True, slots=True)
class Route:
    """An edge and the places it passes, its two ends included."""

    edge: Edge
    way: list[Place]
    port: float
    """Where it arrives: 0 in the middle of its target, ±1 at the ends."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A finished layout."""

    places: dict[str, Place]
    routes: list[Route]


def plan(diagram: Diagram) -> Plan:
    """Lay a diagram out; linear in its size but for the sorting."""
    down = diagram.direction == "down"
    places = _ranked(diagram)
    for place in places.values():
        assert place.vertex is not None
        wide, high = outline(place.vertex)
        place.length, place.breadth = (high, wide) if down else (wide, high)
    routes = _routes(diagram.edges, places)
    ranks = _ordered(list(places.values()), routes)
    along = 0.0
    for rank in ranks:
        length = max((place.length for place in rank), default=0.0)
        for place in rank:
            place.along = along + length / 2
            place.length = place.length if place.vertex else length
        along += length + GAP_ALONG[diagram.direction]
    _spread(ranks)
    return Plan(places, routes)


def _ranked(diagram: Diagram) -> dict[str, Place]:
    """Rank by the longest way from a source, then bring the sources near to their first user."""
    arriving: dict[str, list[str]] = {}
    leaving: dict[str, list[str]] = {}
    for edge in diagram.edges:
        arriving.setdefault(edge.target, []).append(edge.source)
        leaving.setdefault(edge.source, []).append(edge.target)
    places: dict[str, Place] = {}
    for vertex in diagram.vertices:
        above = [places[key].rank for key in arriving.get(vertex.key, ()) if key in places]
        places[vertex.key] = Place(max(above, default=-1) + 1, vertex)
    previous = 0
    for key, place in places.items():
        if key not in arriving:
            below = [places[target].rank for target in leaving.get(key, ())]
            place.rank = max(min(below, default=previous + 1) - 1, 0)
        previous = place.rank
    return places


def _routes(edges: Sequence[Edge], places: dict[str, Place]) -> list[Route]:
    spans = sum(places[e.target].rank - places[e.source].rank for e in edges)
    arrivals = Counter(edge.target for edge in edges)
    arrived: Counter[str] = Counter()
    routes = []
    for edge in edges:
        first, last = places[edge.source], places[edge.target]
        between = range(first.rank + 1, last.rank) if spans < MOST_PLACES else ()
        way = [first, *(Place(rank, breadth=4.0) for rank in between), last]
        for one, next_one in pairwise(way):
            one.after.append(next_one)
            next_one.before.append(one)
        arrived[edge.target] += 1
        routes.append(Route(edge, way, 2 * arrived[edge.target] / (arrivals[edge.target] + 1) - 1))
    return routes


def _ordered(vertices: list[Place], routes: list[Route]) -> list[list[Place]]:
    """Return the ranks, each in an order that follows its neighbours' and keeps scopes together."""
    ranks: list[list[Place]] = [[] for _ in range(1 + max((p.rank for p in vertices), default=0))]
    for place in vertices:
        ranks[place.rank].append(place)
    for route in routes:
        for place in route.way[1:-1]:
            ranks[place.rank].append(place)
    _number(ranks)
    for sweep in range(SWEEPS):
        forward = sweep % 2 == 0
        for rank in ranks if forward else reversed(ranks):
            wanted = {p: _mean(p.before if forward else p.after, p.across) for p in rank}
            groups: dict[Scope | Place, list[float]] = {}
            for place in rank:
                groups.setdefault(place.scope or place, []).append(wanted[place])
            centre = {key: sum(found) / len(found) for key, found in groups.items()}
            rank.sort(key=lambda p: (centre[p.scope or p], p.scope, wanted[p]))
            _number([rank])
    return ranks


def _number(ranks: list[list[Place]]) -> None:
    for rank in ranks:
        for index, place in enumerate(rank):
            place.across = index - (len(rank) - 1) / 2


def _mean(places: Sequence[Place], otherwise: float) -> float:
    return sum(place.across for place in places) / len(places) if places else otherwise


def _spread(ranks: list[list[Place]]) -> None:
    """Give every place its coordinate across: near its neighbours, in order, never overlapping."""
    for rank in ranks:
        _fit(rank, [0.0] * len(rank))
    for sweep in range(SWEEPS):
        forward = sweep % 2 == 0
        for rank in ranks if forward else reversed(ranks):
            _fit(rank, [_mean(p.before if forward else p.after, p.across) for p in rank])


def _fit(rank: list[Place], wanted: list[float]) -> None:
    """Place a rank nearest to what is wanted in the sense of least squares (pool neighbours)."""
    offset = 0.0
    offsets: list[float] = []
    blocks: list[tuple[float, int]] = []  # sum of what its places want, how many
    for index, place in enumerate(rank):
        if index:
            offset += (rank[index - 1].breadth + place.breadth) / 2 + GAP_ACROSS
        offsets.append(offset)
        total, size = wanted[index] - offset, 1
        while blocks and blocks[-1][0] / blocks[-1][1] >= total / size:
            other, count = blocks.pop()
            total, size = total + other, size + count
        blocks.append((total, size))
    starts = [total / size for total, size in blocks for _ in range(size)]
    for place, start, shift in zip(rank, starts, offsets, strict=True):
        place.across = start + shift
