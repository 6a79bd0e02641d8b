"""The built-in layout: a `Diagram` as SVG, with nothing but Python.

The usual four steps (Sugiyama): give every vertex a rank, let long edges pass through empty places,
order each rank so that few edges cross, then place it under its neighbours as nearly as the order
allows. "Along" is the direction of the arrows and "across" the other one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import hypot
from typing import Final

from .labels import clean, plain_width
from .model import DEEPEST, Diagram, Edge, Scope, Vertex
from .scenery import margin
from .style import outline

__all__ = ["SWEEPS", "Box", "Place", "Plan", "Route", "ordered", "plan", "ranked", "routes"]

Box = tuple[float, float, float, float]
"""Left, top, right, bottom; y grows downward."""

SWEEPS: Final = 8
GAP_ACROSS: Final = 18.0
GAP_ALONG: Final = {"down": 26.0, "right": 110.0}
MOST_PLACES: Final = 20_000
"""Beyond it long edges are drawn straight, over what lies between."""
ROOM: Final = 12.0
"""Between the vertices of a scope and its frame."""
LABELS_AT: Final = (0.28, 0.4, 0.18, 0.52, 0.64, 0.76)
"""How far along a connection its weight may be written: the first place that is free."""
LABEL_SIZE: Final = 11.0


@dataclass(slots=True, eq=False)
class Place:
    """Where a vertex, or a long edge on its way, is: its centre and its extents."""

    rank: int
    vertex: Vertex | None = None
    along: float = 0.0
    across: float = 0.0
    length: float = 0.0
    breadth: float = 0.0
    band: tuple[float, float] = (0.0, 0.0)
    """Where its rank starts and ends along the way."""
    before: list[Place] = field(default_factory=list, repr=False)
    after: list[Place] = field(default_factory=list, repr=False)

    def reach(self, dx: float, dy: float) -> float:
        """Return how far its border is from its centre in a direction of length one."""
        if self.vertex is None or self.vertex.kind != "term":
            return self.length / 2
        sides = ((self.length / 2, dx), (self.breadth / 2, dy))
        return min(half / abs(part) for half, part in sides if part)

    @property
    def scope(self) -> Scope:
        """The scope of its vertex."""
        return self.vertex.scope if self.vertex else ()


@dataclass(frozen=True, slots=True)
class Route:
    """An edge and the places it passes, its two ends included."""

    edge: Edge
    way: list[Place]

    def straight(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Return where the line between two circles, or boxes, starts and ends."""
        start, end = self.way[0], self.way[-1]
        far = hypot(end.along - start.along, end.across - start.across)
        dx, dy = (end.along - start.along) / far, (end.across - start.across) / far
        near, back = start.reach(dx, dy), end.reach(dx, dy)
        return (start.along + dx * near, start.across + dy * near), (
            end.along - dx * back,
            end.across - dy * back,
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """A finished layout."""

    places: dict[str, Place]
    routes: list[Route]
    boxes: dict[str, Box]
    frames: dict[Scope, Box]
    """Of every scope that can be framed, the outer ones first."""

    def labels(self) -> list[tuple[float, float]]:
        """Return where the label of each straight route stands, none upon another."""
        taken: list[Box] = []
        found = []
        for route in self.routes:
            (x, y), (u, v) = route.straight()
            half = 0.31 * LABEL_SIZE * len(route.edge.label) + 1
            spots = [(x + t * (u - x), y + t * (v - y)) for t in LABELS_AT]
            boxes = [(a - half, b - LABEL_SIZE / 2, a + half, b + LABEL_SIZE / 2) for a, b in spots]
            free = (n for n, box in enumerate(boxes) if not any(_meet(box, t) for t in taken))
            index = next(free, 0)
            taken += [boxes[index]] if route.edge.label else []
            found.append(spots[index])
        return found

    def ports(self) -> list[float]:
        """Return where each route arrives at its target, across: in the order they come from."""
        return _ports([(route.way[-1], route.way[-2].across) for route in self.routes])

    def starts(self) -> list[float]:
        """Return where each route leaves its source, across: apart where arrowheads stand."""
        if all(route.edge.way == "forward" for route in self.routes):
            return [route.way[0].across for route in self.routes]
        return _ports([(route.way[0], route.way[1].across) for route in self.routes])


def _ports(ends: Sequence[tuple[Place, float]]) -> list[float]:
    """Spread what meets at a place over its breadth, in the order of where it comes from."""
    meeting: dict[Place, list[tuple[float, int]]] = {}
    for index, (end, other) in enumerate(ends):
        meeting.setdefault(end, []).append((other, index))
    found = [0.0] * len(ends)
    for end, comers in meeting.items():
        for turn, (_, index) in enumerate(sorted(comers)):
            aside = (2 * turn + 1) / len(comers) - 1
            found[index] = end.across + 0.35 * end.breadth * aside
    return found


def plan(diagram: Diagram) -> Plan:
    """Lay a diagram out; linear in its size but for the sorting."""
    down = diagram.direction == "down"
    places = ranked(diagram) if down else _columns(diagram)
    for place in places.values():
        assert place.vertex is not None
        wide, high = outline(place.vertex)
        place.length, place.breadth = (high, wide) if down else (wide, high)
    if any(vertex.at for vertex in diagram.vertices):
        return _fixed(diagram, places)
    found = routes(diagram.edges, places)
    ranks = ordered(list(places.values()), found, SWEEPS if down else 0)
    along = 0.0
    for rank in ranks:
        length = max((place.length for place in rank), default=0.0)
        for place in rank:
            place.along = along + length / 2
            place.band = (along, along + length)
        along += length + GAP_ALONG[diagram.direction]
    _spread(ranks, SWEEPS if down else 0)
    boxes = {key: _box(place, down) for key, place in places.items()}
    return Plan(places, found, boxes, _frames(diagram, boxes))


def _fixed(diagram: Diagram, places: dict[str, Place]) -> Plan:
    """Return the plan of a picture that says where its vertices are."""
    for place in places.values():
        if place.vertex is not None and place.vertex.at is not None:
            place.along, place.across = place.vertex.at
            place.length += 2 * margin(place.vertex)
            place.breadth += 2 * margin(place.vertex)
    ways = [Route(edge, [places[edge.source], places[edge.target]]) for edge in diagram.edges]
    boxes = {key: _box(place, False) for key, place in places.items()}
    return Plan(places, ways, boxes, _frames(diagram, boxes))


def ranked(diagram: Diagram) -> dict[str, Place]:
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


def _columns(diagram: Diagram) -> dict[str, Place]:
    """Rank by scope: a network's layers."""
    ranks: dict[Scope, int] = {}
    return {v.key: Place(ranks.setdefault(v.scope, len(ranks)), v) for v in diagram.vertices}


def routes(edges: Sequence[Edge], places: dict[str, Place]) -> list[Route]:
    """Let every edge pass through a place of its own in each rank between its ends."""
    spans = sum(places[e.target].rank - places[e.source].rank for e in edges)
    found = []
    for edge in edges:
        first, last = places[edge.source], places[edge.target]
        between = range(first.rank + 1, last.rank) if spans < MOST_PLACES else ()
        way = [first, *(Place(rank, breadth=4.0) for rank in between), last]
        for one, next_one in pairwise(way):
            one.after.append(next_one)
            next_one.before.append(one)
        found.append(Route(edge, way))
    return found


def ordered(vertices: list[Place], routed: list[Route], sweeps: int) -> list[list[Place]]:
    """Return the ranks, each in an order that follows its neighbours' and keeps scopes together."""
    ranks: list[list[Place]] = [[] for _ in range(1 + max((p.rank for p in vertices), default=0))]
    for place in vertices:
        ranks[place.rank].append(place)
    for route in routed:
        for place in route.way[1:-1]:
            ranks[place.rank].append(place)
    _number(ranks)
    for sweep in range(sweeps):
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


def _box(place: Place, down: bool) -> Box:
    x, y = (place.across, place.along) if down else (place.along, place.across)
    wide, high = (place.breadth, place.length) if down else (place.length, place.breadth)
    return x - wide / 2, y - high / 2, x + wide / 2, y + high / 2


def _frames(diagram: Diagram, boxes: dict[str, Box]) -> dict[Scope, Box]:
    """Return the frames of the scopes that would enclose no stranger.

    This simple layout does not keep strangers out: other scopes are named at each vertex.
    """
    members: dict[Scope, list[Box]] = {}
    for vertex in diagram.vertices:
        path = vertex.scope[:DEEPEST]
        for depth in range(1, len(path) + 1):
            members.setdefault(path[:depth], []).append(boxes[vertex.key])
    deepest = max(map(len, members), default=0)
    frames: dict[Scope, Box] = {}
    for path in sorted(members, key=len):
        inside = members[path]
        room = ROOM * (1 + deepest - len(path))
        left, top = min(box[0] for box in inside), min(box[1] for box in inside)
        right, bottom = max(box[2] for box in inside), max(box[3] for box in inside)
        right = max(right + room, left - room + plain_width(clean(path[-1]), 10) + 14)
        below = room + (2 if diagram.direction == "right" else -4)
        frame = (left - room, top - room - 8, right, bottom + below)
        strangers = (boxes[v.key] for v in diagram.vertices if v.scope[: len(path)] != path)
        if not any(_meet(frame, box) for box in strangers):
            frames[path] = frame
    return frames


def _meet(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _spread(ranks: list[list[Place]], sweeps: int) -> None:
    """Give every place its coordinate across: near its neighbours, in order, never overlapping."""
    for rank in ranks:
        _fit(rank, [0.0] * len(rank))
    for sweep in range(sweeps):
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
