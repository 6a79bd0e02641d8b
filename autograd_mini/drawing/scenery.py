"""What stands in a picture of fixed places and is no vertex: as SVG and as DOT."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from .labels import clean, plain_width
from .model import Place, Shape, Vertex
from .style import INK, filled, outline, ring

__all__ = ["Box", "bounds", "dot_ring", "dot_scenery", "margin", "svg_ring", "svg_scenery"]

Box = tuple[float, float, float, float]
DASH = ' stroke-dasharray="6 3"'
NEAR = 2.5
SAMPLE = 3.5
"""The width of a ring in the legend."""


def bounds(shape: Shape) -> Box:
    """Return left, top, right and bottom."""
    xs, ys = [x for x, _ in shape.points], [y for _, y in shape.points]
    if shape.kind == "text":
        return xs[0], ys[0] - shape.size, xs[0] + _width(shape), ys[0] + shape.size
    reach = shape.size + SAMPLE if shape.kind == "disc" else shape.size
    return min(xs) - reach, min(ys) - reach, max(xs) + reach, max(ys) + reach


def _width(shape: Shape) -> float:
    return plain_width(clean(shape.text, 80), shape.size)


# ---- SVG ----


def svg_scenery(scenery: Sequence[Shape]) -> Iterator[str]:
    """Yield the elements."""
    for shape in scenery:
        x, y = shape.points[0]
        dash = ' stroke-dasharray="5 3"' if shape.dashed else ""
        if shape.kind == "text":
            yield (
                f'<text x="{x:.1f}" y="{y + 0.35 * shape.size:.1f}" font-size="{shape.size:g}" '
                f'fill="{INK[shape.ink]}" xml:space="preserve">{escape(clean(shape.text, 80))}'
                "</text>"
            )
        elif shape.kind == "line":
            u, v = shape.points[1]
            yield (
                f'<path d="M{x:.1f},{y:.1f} L{u:.1f},{v:.1f}" stroke="{INK[shape.ink]}" '
                f'stroke-width="{shape.size:.2f}"{dash}/>'
            )
        else:
            fill = "none" if shape.level is None else filled(shape.level)[0]
            width = SAMPLE if shape.level is None else 1
            yield (
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{shape.size:g}" fill="{fill}" '
                f'stroke="{INK[shape.ink]}" stroke-width="{width:g}"{dash}/>'
            )


def margin(vertex: Vertex) -> float:
    """Return how far a unit's ring reaches beyond it."""
    return 0.0 if vertex.ring is None else NEAR + ring(vertex.ring)[1]


def _around(vertex: Vertex) -> tuple[float, tuple[str, float, bool]]:
    """Return the radius of a vertex's ring, and its colour, width and dash."""
    drawn = ring(vertex.ring or 0.0)
    return outline(vertex)[0] / 2 + NEAR + drawn[1] / 2, drawn


def svg_ring(vertex: Vertex, centre: Place) -> Iterator[str]:
    """Yield the ring around a unit, when it has a δ."""
    if vertex.ring is not None:
        radius, (colour, width, dashed) = _around(vertex)
        yield (
            f'<circle cx="{centre[0]:.1f}" cy="{centre[1]:.1f}" r="{radius:.1f}" fill="none" '
            f'stroke="{colour}" stroke-width="{width:.2f}"'
            f"{DASH if dashed else ''}/>"
        )


# ---- DOT ----


def dot_scenery(scenery: Sequence[Shape]) -> Iterator[str]:
    """Yield the statements: what is no vertex has a name that no vertex has."""
    for index, shape in enumerate(scenery):
        name = f"scenery {index}"
        if shape.kind == "text":
            yield _dot_text(name, shape)
        elif shape.kind == "line":
            yield from _dot_line(name, shape)
        else:
            fill = "none" if shape.level is None else filled(shape.level)[0]
            width = SAMPLE if shape.level is None else 1.0
            look = (INK[shape.ink], width, shape.dashed)
            yield _dot_circle(name, shape.points[0], shape.size, look, fill)


def dot_ring(vertex: Vertex) -> Iterator[str]:
    """Yield the statement of the ring around a unit, when it has a δ."""
    if vertex.ring is not None and vertex.at is not None:
        radius, look = _around(vertex)
        yield _dot_circle(f"ring {vertex.key}", vertex.at, radius, look)


def _dot_text(name: str, shape: Shape) -> str:
    wide, (x, y) = _width(shape), shape.points[0]
    text = escape(clean(shape.text, 80)).replace("\\", "\\\\")
    return (
        f'"{name}" [shape=plain fontsize={shape.size:g} fontcolor="{INK[shape.ink]}" '
        f'pos="{x + wide / 2:.1f},{-y:.1f}" label=<<TABLE BORDER="0" CELLBORDER="0" '
        f'CELLSPACING="0" CELLPADDING="0"><TR><TD ALIGN="LEFT" WIDTH="{wide:.0f}">{text}'
        "</TD></TR></TABLE>>];"
    )


def _dot_line(name: str, shape: Shape) -> Iterator[str]:
    places = [f"{x:.1f},{-y:.1f}" for x, y in shape.points]
    ends = [f'"{name} {k}"' for k in (0, 1)]
    for end, place in zip(ends, places, strict=True):
        yield f'{end} [shape=none label="" width=0.01 height=0.01 fixedsize=true pos="{place}"];'
    (x, y), (u, v) = shape.points
    thirds = [(x + (u - x) * t / 3, y + (v - y) * t / 3) for t in range(4)]
    curve = " ".join(f"{a:.1f},{-b:.1f}" for a, b in thirds)
    dashed = " style=dashed" if shape.dashed else ""
    yield (
        f'{ends[0]} -> {ends[1]} [pos="{curve}" dir=none color="{INK[shape.ink]}" '
        f"penwidth={shape.size:.2f}{dashed}];"
    )


def _dot_circle(
    name: str, centre: Place, radius: float, look: tuple[str, float, bool], fill: str = "none"
) -> str:
    colour, width, dashed = look
    style = ",".join(["filled"] * (fill != "none") + ["dashed"] * dashed)
    return (
        f'"{name}" [shape=circle label="" fixedsize=true width={radius / 36:.3f} '
        f'pos="{centre[0]:.1f},{-centre[1]:.1f}" color="{colour}" penwidth={width:.2f} '
        f'fillcolor="{fill}" style="{style}"];'
    )
