"""What is drawn, as plain data: vertices, edges, and scopes they nest in. No layout, no syntax.

Every picture is first a `Diagram`; every format is a function of a `Diagram` in a file of its own.
Texts are kept as they were given, hostile ones too: the exporters make them safe.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, get_args

__all__ = ["ARROWS", "FIELDS", "THEMES", "USUAL", "Arrows", "Diagram", "Edge", "Heat", "Kind"]
__all__ += ["Mark", "Place", "Scope", "Shape", "Theme", "Vertex", "Way", "nested"]

Scope = tuple[str, ...]
Kind = Literal[
    "parameter",  # a leaf that a gradient is kept for
    "value",  # what an operation made
    "output",  # the value that was asked to be drawn
    "constant",  # nothing is derived by it
    "operation",
    "fold",  # many nodes in the place of one
    "cotangent",  # what flows back, upon its arrow
    "derivative",  # ∂cost/∂(a value), as a node of its own
    "input",  # of a network, as is all that follows
    "unit",
    "output unit",
    "bias",
    "more",
    "term",  # of an expression's syntax tree
    "point",  # of a plane
]

Mark = Literal["", "active", "reached", "waiting"]
"""Where a pass that is played has got to: only the frames of one are marked."""

Arrows = Literal["forward", "backward", "both"]
"""Which arrows of a recorded graph are drawn: of the values, of the cotangents, or of both."""

Theme = Literal["light", "dark", "auto"]
"""Colours; auto: an SVG follows what its reader prefers, and what can not is light."""

Way = Literal["forward", "back", "line"]
"""How an edge is drawn: from source to target, from target to source, or without a head."""

ARROWS, THEMES = get_args(Arrows), get_args(Theme)

Heat = tuple[tuple[float | None, ...], ...]
"""An array in small, a row a tuple; None: not finite."""

Place = tuple[float, float]
"""In points; y grows downward."""

FIELDS: Final = ("name", "shape", "dtype", "value", "gradient", "rule", "jacobian", "place")
"""What can be written in a vertex."""
USUAL: Final = FIELDS[:5]
"""What is, when nothing else is asked for."""

DEEPEST = 8
"""Scopes nested deeper are drawn in the last box that is: more boxes leave no room to read."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What stands in a picture whose places are fixed and is no vertex: an axis, a sample."""

    kind: Literal["line", "text", "disc"]
    points: tuple[Place, ...]
    """The two ends of a line; where a text begins, on its middle line; the centre of a disc."""
    text: str = ""
    ink: str = "note"
    """A name of style.py's INK."""
    size: float = 1.0
    """A line's width, a text's height, a disc's radius."""
    dashed: bool = False
    level: float | None = None
    """Of a disc, as of a vertex."""


@dataclass(frozen=True, slots=True)
class Vertex:
    """One box or ellipse: a key that is the same every time, and what is written in it."""

    key: str
    kind: Kind
    name: str = ""
    notes: tuple[str, ...] = ()
    """Metadata, what was folded: one line each."""
    value: tuple[str, ...] = ()
    """A row a line."""
    gradient: tuple[str, ...] = ()
    scope: Scope = ()
    shape: str = ""
    dtype: str = ""
    rule: tuple[str, ...] = ()
    """Of an operation: what each of its arguments gets from the cotangent g, as a formula."""
    value_heat: Heat = ()
    gradient_heat: Heat = ()
    jacobian: tuple[str, ...] = ()
    """Of what an operation made: its derivatives in its arguments, when they were asked for."""
    jacobian_heat: Heat = ()
    place: str = ""
    """Where it was made, "file:line", when it was under `debug`."""
    mark: Mark = ""
    at: Place | None = None
    """Its centre, where the picture's places are fixed: of a network they are."""
    level: float | None = None
    """How active a unit is, from -1 to 1: what it is filled with."""
    ring: float | None = None
    """A unit's δ with its sign; 1 is the largest of the picture."""


@dataclass(frozen=True, slots=True)
class Edge:
    """An arrow between two vertices, named by their keys."""

    source: str
    target: str
    label: str = ""
    """The argument's position, counted from 1, or a weight."""
    strength: float | None = None
    """Of a network's connection, with its sign; 1 is the strongest of the picture."""
    cotangent: tuple[str, ...] = ()
    """What the target's rule gives its argument, the source: a part of the source's gradient."""
    mark: Mark = ""
    way: Way = "forward"
    derivative: str = ""
    """Of a way that is lit: the local derivative, written in the place of the position."""


@dataclass(frozen=True, slots=True)
class Diagram:
    """A whole picture. Vertices come in an order in which every edge points forward."""

    vertices: tuple[Vertex, ...]
    edges: tuple[Edge, ...]
    caption: str = ""
    direction: Literal["down", "right"] = "down"
    """To the right, every scope is a column, and its vertices stand in their order."""
    fields: tuple[str, ...] = USUAL
    """Which of `FIELDS` are written; all of them are kept."""
    room: float = 0.0
    """The least width of the caption: pictures that follow one another are equally wide."""
    arrows: Arrows = "forward"
    theme: Theme = "light"
    legend: bool = False
    scenery: tuple[Shape, ...] = ()


def nested(diagram: Diagram) -> Iterator[tuple[Literal["open", "close", "vertex"], Scope, Vertex]]:
    """Yield vertices inside their scopes: ("open", path, first vertex of it), ..., ("close", ...).

    Scopes and vertices keep the order of first appearance; without recursion.
    """
    members: dict[Scope, list[Vertex]] = {(): []}
    children: dict[Scope, list[Scope]] = {(): []}
    for vertex in diagram.vertices:
        path = vertex.scope[:DEEPEST]
        for depth in range(1, len(path) + 1):
            if path[:depth] not in members:
                members[path[:depth]], children[path[:depth]] = [], []
                children[path[: depth - 1]].append(path[:depth])
        members[path].append(vertex)
    stack: list[tuple[Literal["open", "close"], Scope]] = [("open", ())]
    nobody = Vertex("", "value")
    while stack:
        step, path = stack.pop()
        if path:
            yield step, path, nobody
        if step == "open":
            yield from (("vertex", path, vertex) for vertex in members[path])
            stack.append(("close", path))
            stack.extend(("open", child) for child in reversed(children[path]))
