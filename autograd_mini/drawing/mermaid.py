"""A `Diagram` as a flowchart of Mermaid, which many sites and editors draw by themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from .arrows import prepared
from .labels import clean, lines
from .model import Diagram, Edge, Kind, Vertex, nested
from .style import INK, STYLES, stroke

__all__ = ["to_mermaid"]

SHAPES: Final = {
    "box": ('["', '"]'), "ellipse": ('(["', '"])'), "plain": ('["', '"]'), "circle": ('(("', '"))'),
}  # fmt: skip
PLAIN: Final = frozenset(" ,=")
"""Beside letters and digits the only characters written as they are: none has a meaning there."""


def to_mermaid(diagram: Diagram) -> str:
    """Return the flowchart of a diagram.

    >>> x, f = Vertex("a", "parameter", "x", value=("3",)), Vertex("b", "operation", "sin")
    >>> print(to_mermaid(Diagram((x, f), (Edge("a", "b"),), "two")))
    %% two
    flowchart TD
      v0["x<br/>3"]:::parameter
      v1(["sin"]):::operation
      v0 --> v1
      classDef parameter fill:#fdf1d6,stroke:#b87700,color:#111111,stroke-width:1px
      classDef operation fill:#e9eef3,stroke:#5a6570,color:#111111,stroke-width:1px
    <BLANKLINE>
    """
    diagram = prepared(diagram)
    ids = {vertex.key: f"v{index}" for index, vertex in enumerate(diagram.vertices)}
    parts = [f"%% {_escaped(diagram.caption, 200)}"] if diagram.caption else []
    parts.append(f"flowchart {'LR' if diagram.direction == 'right' else 'TD'}")
    scopes = 0
    for step, path, vertex in nested(diagram):
        indent = "  " * (len(path) + (step == "vertex"))
        if step == "open":
            parts.append(f'{indent}subgraph s{scopes}["{_escaped(path[-1])}"]')
            scopes += 1
        else:
            parts.append(f"{indent}end" if step == "close" else f"{indent}{_vertex(vertex, ids)}")
    parts += [_edge(edge, ids) for edge in diagram.edges]
    parts += _looks(diagram)
    return "\n".join(parts) + "\n"


def _escaped(text: str, limit: int = 40) -> str:
    """Write all that is no letter, digit or space by its number, as Mermaid reads it."""
    return "".join(c if c.isalnum() or c in PLAIN else f"#{ord(c)};" for c in clean(text, limit))


def _vertex(vertex: Vertex, ids: dict[str, str]) -> str:
    before, after = SHAPES[STYLES[vertex.kind].shape]
    written = [" ".join(filter(None, [line.text, line.gradient])) for line in lines(vertex)]
    label = "<br/>".join(_escaped(line, 120) for line in written if line) or " "
    return f"{ids[vertex.key]}{before}{label}{after}:::{_class(vertex.kind)}"


def _class(kind: Kind) -> str:
    return kind.replace(" ", "_")


def _edge(edge: Edge, ids: dict[str, str]) -> str:
    if edge.way != "forward":
        return f"  {ids[edge.target]} -.-{'>' * (edge.way == 'back')} {ids[edge.source]}"
    arrow = "-.->" if edge.strength is not None and edge.strength < 0 else "-->"
    label = f'|"{_escaped(edge.label)}"|' if edge.label else ""
    return f"  {ids[edge.source]} {arrow}{label} {ids[edge.target]}"


def _looks(diagram: Diagram) -> Iterator[str]:
    """Yield the colours of the kinds that appear, and of a network's connections."""
    kinds: dict[Kind, None] = dict.fromkeys(vertex.kind for vertex in diagram.vertices)
    for kind in kinds:
        style = STYLES[kind]
        looks = f"fill:{style.fill},stroke:{style.border},color:{style.text}"
        looks += f",stroke-width:{style.thick:g}px" + ",stroke-dasharray:5 3" * style.dashed
        yield f"  classDef {_class(kind)} {looks}"
    for index, edge in enumerate(diagram.edges):
        colour, width, _ = stroke(edge.strength)
        if edge.way != "forward":
            colour = INK["gradient"]
        if colour != INK["edge"]:
            yield f"  linkStyle {index} stroke:{colour},stroke-width:{width:.1f}px"
