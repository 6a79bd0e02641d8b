"""A `Diagram` as SVG by the built-in layout, for machines without any Graphviz."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from itertools import pairwise
from math import hypot
from typing import Final

from .arrows import prepared
from .labels import (
    SIZES,
    Line,
    clean,
    extent,
    label_size,
    line_height,
    lines,
    plain_width,
)
from .layered import LABEL_SIZE, Box, Plan, Route, plan
from .legend import legend_size, svg_legend
from .model import DEEPEST, Diagram, Scope, Vertex
from .scenery import bounds, margin, svg_ring, svg_scenery
from .style import FONTS, INK, arrow, ink, looks, stroke
from .tiles import svg_tiles

__all__ = ["to_svg"]

MARGIN = 24.0
HEAD = 6.0
CENTRED: Final = ' text-anchor="middle"'
PAPER: Final = ' stroke="white" stroke-width="4" paint-order="stroke"'
HALO: Final = PAPER + CENTRED
WIDE_HALO: Final = HALO.replace('"4"', '"12"')
"""Around a weight upon its line: a stump of the line beside 20 would be read as −20."""


def to_svg(diagram: Diagram) -> str:
    """Return the picture as an SVG document.

    >>> svg = to_svg(Diagram((Vertex("a", "value", "<x>"),), ()))
    >>> svg.startswith("<svg "), "&lt;x&gt;" in svg
    (True, True)
    """
    diagram = prepared(diagram)
    down = diagram.direction == "down"
    laid = plan(diagram)
    boxes, frames, tags = laid.boxes, laid.frames, list(_tags(diagram, laid))
    around = [*boxes.values(), *frames.values(), *(box for _, box in tags), (0.0, 0.0, 1.0, 1.0)]
    around += map(bounds, diagram.scenery)
    left, top = min(box[0] for box in around) - MARGIN, min(box[1] for box in around) - MARGIN
    caption = clean(diagram.caption, 200)
    legend = legend_size(diagram)
    said = max(plain_width(caption, 10), diagram.room, legend[0])
    wide = max(max(box[2] for box in around) - left, said) + MARGIN
    bottom = max(box[3] for box in around) + MARGIN + 4
    high = bottom + 10 + legend[1] - top
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide:.0f}pt" height="{high:.0f}pt"',
        f'viewBox="{left:.1f} {top:.1f} {wide:.1f} {high:.1f}" font-family="{FONTS["Helvetica"]}">',
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{wide:.1f}" height="{high:.1f}" fill="white"/>',
        *(part for path, frame in frames.items() for part in _frame(path, frame)),
        *svg_scenery(diagram.scenery),
    ]
    for number, (edge, drawn) in enumerate(zip(diagram.edges, _arrows(laid, down), strict=True), 1):
        parts += _group("edge", number, f"{edge.source}->{edge.target}", drawn)
    for number, vertex in enumerate(diagram.vertices, 1):
        parts += _group("node", number, vertex.key, _vertex(vertex, boxes[vertex.key]))
    parts += [_text(tag, box[0], box[3], 8, INK["note"]) for tag, box in tags]
    parts.append(_text(caption, left + 10, bottom, 10, INK["note"]))
    parts += svg_legend(diagram, left + 10, bottom + 6)
    return "\n".join([*parts, "</svg>\n"])


def _group(kind: str, number: int, title: str, drawn: Iterator[str]) -> Iterator[str]:
    """Yield what belongs to one vertex or edge in a group that says so, as Graphviz does."""
    yield f'<g id="{kind}{number}" class="{kind}"><title>{escape(title)}</title>'
    yield from drawn
    yield "</g>"


def _arrows(laid: Plan, down: bool) -> Iterator[Iterator[str]]:
    if down:
        return map(_edge, laid.routes, laid.starts(), laid.ports())
    return map(_connection, laid.routes, laid.labels())


def _tags(diagram: Diagram, laid: Plan) -> Iterator[tuple[str, Box]]:
    """Yield the scopes' names where they have no frame, and where they are written: at a value."""
    for vertex in diagram.vertices:
        scope = vertex.scope[:DEEPEST]
        framed = all(scope[:depth] in laid.frames for depth in range(1, len(scope) + 1))
        if not framed and vertex.kind not in ("operation", "cotangent"):
            name = " / ".join(map(clean, scope))
            x, y = laid.boxes[vertex.key][0] + 2, laid.boxes[vertex.key][1] - 3
            yield name, (x, y - 8, x + plain_width(name, 8), y)


def _frame(path: Scope, box: Box) -> Iterator[str]:
    x, y, right, bottom = box
    yield (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{right - x:.1f}" height="{bottom - y:.1f}" rx="6" '
        f'fill="{INK["scope fill"]}" stroke="{INK["scope"]}"/>'
    )
    yield _text(clean(path[-1]), x + 7, y + 11, 10, INK["note"])


def _text(text: str, x: float, y: float, size: float, colour: str, looks: str = "") -> str:
    return _element(escape(text), x, y, size, colour, looks)


def _element(inside: str, x: float, y: float, size: float, colour: str, looks: str) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" fill="{colour}"{looks} '
        f'xml:space="preserve">{inside}</text>'
    )


def _edge(route: Route, leaving: float, port: float) -> Iterator[str]:
    """Yield the curve down through the places an edge passes, its arrowhead, its number."""
    start, end, way = route.way[0], route.way[-1], route.edge.way
    top, tip = start.along + start.length / 2, end.along - end.length / 2
    heads = HEAD * (way == "back"), HEAD * (way == "forward")
    points = [(leaving, top + heads[0]), (leaving, max(start.band[1], top + heads[0]))]
    points += [(place.across, side) for place in route.way[1:-1] for side in place.band]
    points += [(port, end.band[0] - heads[1]), (port, tip - heads[1])]
    pieces = [f"M{points[0][0]:.1f},{points[0][1]:.1f}"]
    for (a, p), (b, q) in pairwise(points):
        middle = (p + q) / 2
        pieces.append(f"C{a:.1f},{middle:.1f} {b:.1f},{middle:.1f} {b:.1f},{q:.1f}")
    colour, width = arrow(route.edge)
    looks = f' stroke-width="{width:g}"' if route.edge.mark else ""
    looks += "" if way == "forward" else ' stroke-dasharray="5 3"'
    yield f'<path d="{" ".join(pieces)}" fill="none" stroke="{colour}"{looks}/>'
    if way == "forward":
        yield _head(port, tip, 0.0, 1.0, colour)
    elif way == "back":
        yield _head(leaving, top, 0.0, -1.0, colour)
    if route.edge.derivative:
        label = clean(route.edge.derivative)
        left = port < end.across - 1
        anchor = PAPER + ' text-anchor="end"' * left
        yield _text(label, port + (-6 if left else 6), tip - HEAD - 2, 9, colour, anchor)
    elif route.edge.label:
        aside = -7 if port < end.across else 7
        label = clean(route.edge.label)
        yield _text(label, port + aside, tip - HEAD + 1, 9, INK["edge"], CENTRED)


def _connection(route: Route, label: tuple[float, float]) -> Iterator[str]:
    """Yield a network's connection: straight from circle to circle, its weight upon it."""
    colour, width, dashed = stroke(route.edge.strength)
    (x, y), (tip_x, tip_y) = route.straight()
    far = hypot(tip_x - x, tip_y - y)
    dx, dy = (tip_x - x) / far, (tip_y - y) / far
    dash = ' stroke-dasharray="5 3"' if dashed else ""
    yield (
        f'<path d="M{x:.1f},{y:.1f} L{tip_x - dx * HEAD:.1f},{tip_y - dy * HEAD:.1f}" '
        f'stroke="{colour}" stroke-width="{width:.2f}"{dash}/>'
    )
    yield _head(tip_x, tip_y, dx, dy, colour)
    if route.edge.label:
        yield _text(clean(route.edge.label), label[0], label[1] + 4, LABEL_SIZE, colour, WIDE_HALO)


def _head(x: float, y: float, dx: float, dy: float, colour: str) -> str:
    """Return an arrowhead at (x, y) that points along (dx, dy), of length one."""
    back_x, back_y, aside = x - HEAD * dx, y - HEAD * dy, HEAD / 2
    corners = [(x, y), (back_x - aside * dy, back_y + aside * dx)]
    corners.append((back_x + aside * dy, back_y - aside * dx))
    return f'<polygon points="{" ".join(f"{a:.1f},{b:.1f}" for a, b in corners)}" fill="{colour}"/>'


def _vertex(vertex: Vertex, box: Box) -> Iterator[str]:
    style = looks(vertex)
    ring = margin(vertex)
    left, top, right, bottom = box[0] + ring, box[1] + ring, box[2] - ring, box[3] - ring
    x, y = (left + right) / 2, (top + bottom) / 2
    drawn = f'fill="{style.fill}" stroke="{style.border}" stroke-width="{style.thick:g}"'
    drawn += ' stroke-dasharray="5 3"' if style.dashed else ""
    yield from svg_ring(vertex, (x, y))
    if style.shape == "box":
        size_of = f'width="{right - left:.1f}" height="{bottom - top:.1f}" rx="5"'
        yield f'<rect x="{left:.1f}" y="{top:.1f}" {size_of} {drawn}/>'
    elif style.shape != "plain":
        size_of = f'rx="{(right - left) / 2:.1f}" ry="{(bottom - top) / 2:.1f}"'
        yield f'<ellipse cx="{x:.1f}" cy="{y:.1f}" {size_of} {drawn}/>'
    centred = style.shape in ("ellipse", "circle")
    start = x if centred else left + (9 if style.shape == "box" else 2)
    baseline = y - label_size(vertex)[1] / 2
    for line in lines(vertex):
        size = SIZES[line.role]
        baseline += line_height(line)
        if line.heats:
            yield svg_tiles(line, round(start, 1), round(baseline - extent(line)[1], 1))
            continue
        colour = ink("note", vertex.mark) if line.role == "note" else style.text
        inside = escape(line.text)
        if line.gradient:
            inside += (
                f'<tspan fill="{ink("gradient", vertex.mark)}">{escape(line.gradient)}</tspan>'
            )
        yield _element(inside, start, baseline - 0.3 * size, size, colour, _looks(line, centred))


def _looks(line: Line, centred: bool) -> str:
    looks = CENTRED if centred else ""
    if line.role == "title" and not centred:
        looks += ' font-weight="bold"'
    return looks + (f' font-family="{FONTS["Courier"]}"' if line.role == "value" else "")
