"""A `Diagram` as SVG by the built-in layout, for machines without any Graphviz."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from itertools import pairwise

from .labels import LINE_HEIGHT, SIZES, Line, clean, label_size, lines
from .layered import Place, Route, plan
from .model import DEEPEST, Diagram, Edge, Scope, Vertex
from .style import FONTS, INK, STYLES, stroke

__all__ = ["to_svg"]

MARGIN = 24.0
HEAD = 6.0
ROOM = 12.0
"""Between the vertices of a scope and its frame."""

Box = tuple[float, float, float, float]


def to_svg(diagram: Diagram) -> str:
    """Return the picture as an SVG document.

    >>> svg = to_svg(Diagram((Vertex("a", "value", "<x>"),), ()))
    >>> svg.startswith("<svg "), "&lt;x&gt;" in svg
    (True, True)
    """
    down = diagram.direction == "down"
    laid = plan(diagram)
    boxes = {key: _box(place, down) for key, place in laid.places.items()}
    frames = dict(_frames(diagram, boxes))
    around = [*boxes.values(), *frames.values(), (0.0, 0.0, 1.0, 1.0)]
    left, top = min(box[0] for box in around) - MARGIN, min(box[1] for box in around) - MARGIN
    wide = max(max(box[2] for box in around) + MARGIN - left, 6.5 * len(diagram.caption))
    high = max(box[3] for box in around) + MARGIN + 14 - top
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide:.0f}pt" height="{high:.0f}pt"',
        f'viewBox="{left:.1f} {top:.1f} {wide:.1f} {high:.1f}" font-family="{FONTS["Helvetica"]}">',
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{wide:.1f}" height="{high:.1f}" fill="white"/>',
        *(part for path, frame in frames.items() for part in _frame(path, frame)),
        *(part for route in laid.routes for part in _edge(route, down)),
    ]
    for vertex in diagram.vertices:
        parts += _vertex(vertex, boxes[vertex.key])
        if vertex.scope and vertex.scope[:DEEPEST] not in frames:
            x, y = boxes[vertex.key][0] + 2, boxes[vertex.key][1] - 3
            parts.append(_text(_scope_name(vertex.scope), x, y, 8, INK["note"]))
    parts.append(_text(clean(diagram.caption, 200), left + 10, top + high - 10, 10, INK["note"]))
    return "\n".join([*parts, "</svg>\n"])


def _box(place: Place, down: bool) -> Box:
    x, y = (place.across, place.along) if down else (place.along, place.across)
    wide, high = (place.breadth, place.length) if down else (place.length, place.breadth)
    return x - wide / 2, y - high / 2, x + wide / 2, y + high / 2


def _scope_name(scope: Scope) -> str:
    return " / ".join(map(clean, scope[:DEEPEST]))


def _frames(diagram: Diagram, boxes: dict[str, Box]) -> Iterator[tuple[Scope, Box]]:
    """Yield the frame of every scope, outer ones first, that would enclose no stranger.

    A simple layout does not keep strangers out: such a scope is named at each of its vertices.
    """
    members: dict[Scope, list[Box]] = {}
    for vertex in diagram.vertices:
        path = vertex.scope[:DEEPEST]
        for depth in range(1, len(path) + 1):
            members.setdefault(path[:depth], []).append(boxes[vertex.key])
    deepest = max(map(len, members), default=0)
    for path in sorted(members, key=len):
        inside = members[path]
        room = ROOM * (1 + deepest - len(path))
        frame = (
            min(box[0] for box in inside) - room,
            min(box[1] for box in inside) - room - 8,
            max(box[2] for box in inside) + room,
            max(box[3] for box in inside) + room - 4,
        )
        strangers = (boxes[v.key] for v in diagram.vertices if v.scope[: len(path)] != path)
        if not any(_meet(frame, box) for box in strangers):
            yield path, frame


def _meet(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _frame(path: Scope, box: Box) -> Iterator[str]:
    x, y, right, bottom = box
    yield (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{right - x:.1f}" height="{bottom - y:.1f}" rx="6" '
        f'fill="{INK["scope fill"]}" stroke="{INK["scope"]}"/>'
    )
    yield _text(clean(path[-1]), x + 7, y + 11, 10, INK["note"])


def _text(text: str, x: float, y: float, size: float, colour: str, looks: str = "") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" fill="{colour}"{looks} '
        f'xml:space="preserve">{escape(text)}</text>'
    )


def _edge(route: Route, down: bool) -> Iterator[str]:
    """Yield the curve through the places an edge passes, its arrowhead and its label."""
    colour, width, dashed = stroke(route.edge.strength)
    start, end = route.way[0], route.way[-1]
    points = [(start.across, start.along + start.length / 2)]
    for place in route.way[1:-1]:
        points += [(place.across, place.along + side * place.length / 2) for side in (-1, 1)]
    port, tip = end.across + 0.35 * end.breadth * route.port, end.along - end.length / 2
    points.append((port, tip - HEAD))
    pieces = [f"M{_at(points[0], down)}"]
    for (a, p), (b, q) in pairwise(points):
        middle = (p + q) / 2
        pieces.append(f"C{_at((a, middle), down)} {_at((b, middle), down)} {_at((b, q), down)}")
    dash = ' stroke-dasharray="5 3"' if dashed else ""
    yield (
        f'<path d="{" ".join(pieces)}" fill="none" stroke="{colour}" '
        f'stroke-width="{width:.2f}"{dash}/>'
    )
    corners = [(port - 3, tip - HEAD), (port + 3, tip - HEAD), (port, tip)]
    yield f'<polygon points="{" ".join(_at(c, down) for c in corners)}" fill="{colour}"/>'
    if route.edge.label:
        yield _edge_label(route.edge, points, down, colour)


def _at(point: tuple[float, float], down: bool) -> str:
    across, along = point
    return f"{across:.1f},{along:.1f}" if down else f"{along:.1f},{across:.1f}"


def _edge_label(edge: Edge, points: list[tuple[float, float]], down: bool, colour: str) -> str:
    """Return the argument's number at the arrowhead, or the weight along its connection."""
    halo = ' stroke="white" stroke-width="3" paint-order="stroke" text-anchor="middle"'
    if down:
        x, y = points[-1]
        return _text(clean(edge.label), x + 7, y + 1, 9, colour, halo)
    (a, p), (b, q) = points[0], points[-1]
    return _text(clean(edge.label), p + 0.4 * (q - p), a + 0.35 * (b - a) - 2, 12, colour, halo)


def _vertex(vertex: Vertex, box: Box) -> Iterator[str]:
    style = STYLES[vertex.kind]
    left, top, right, bottom = box
    x, y = (left + right) / 2, (top + bottom) / 2
    looks = f'fill="{style.fill}" stroke="{style.border}" stroke-width="{style.thick:g}"'
    looks += ' stroke-dasharray="5 3"' if style.dashed else ""
    if style.shape == "box":
        size = f'width="{right - left:.1f}" height="{bottom - top:.1f}" rx="5"'
        yield f'<rect x="{left:.1f}" y="{top:.1f}" {size} {looks}/>'
    elif style.shape != "plain":
        size = f'rx="{(right - left) / 2:.1f}" ry="{(bottom - top) / 2:.1f}"'
        yield f'<ellipse cx="{x:.1f}" cy="{y:.1f}" {size} {looks}/>'
    centred = style.shape in ("ellipse", "circle")
    start = x if centred else left + (9 if style.shape == "box" else 2)
    baseline = y - label_size(vertex)[1] / 2
    for line in lines(vertex):
        baseline += SIZES[line.role] * LINE_HEIGHT
        yield _text(
            line.text,
            start,
            baseline - 0.3 * SIZES[line.role],
            SIZES[line.role],
            INK.get(line.role, style.text),
            _looks(line, centred),
        )


def _looks(line: Line, centred: bool) -> str:
    looks = ' text-anchor="middle"' if centred else ""
    if line.role == "title":
        looks += ' font-weight="bold"'
    if line.role in ("value", "gradient"):
        looks += f' font-family="{FONTS["Courier"]}"'
    return looks
