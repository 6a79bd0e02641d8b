"""A `Diagram` as JSON and back: for other programs, and to keep a picture without its graph.

The document is one object::

    {"format": "autograd_mini diagram", "version": 1,
     "caption": text, "direction": "down" | "right", "fields": [text, ...], "room": number,
     "arrows": "forward" | "backward" | "both", "theme": "light" | "dark" | "auto",
     "legend": true | false,
     "scenery": [{"kind": "line" | "text" | "disc", "points": [[x, y], ...], ...}, ...],
     "vertices": [{"key": text, "kind": text, ...}, ...],
     "edges": [{"source": key, "target": key, ...}, ...]}

A vertex may have `name`, `shape`, `dtype`, `place`, `mark` (texts), `notes`, `value`, `gradient`,
`rule`, `jacobian`, `scope` (lists of texts), `value_heat`, `gradient_heat`, `jacobian_heat` (lists
of rows of numbers, null where one is not finite); an edge `label`, `derivative`, `mark`,
`way` (texts), `strength` (a number), `cotangent` (a list of texts).
In a picture of fixed places a vertex has `at` ([x, y]), and may have `level`, `ring` (numbers).
`model.py` says what each means. What is empty is left out. Every vertex stands before those that
an edge leads to. Letters outside ASCII are escaped, so that no encoding can harm them.
"""

from __future__ import annotations

import json
import re
from dataclasses import fields
from typing import Any, Final, get_args

import numpy as np

from .model import ARROWS, FIELDS, THEMES, Diagram, Edge, Kind, Mark, Shape, Vertex, Way
from .style import INK

__all__ = ["from_json", "plain", "to_json"]

FORMAT: Final = "autograd_mini diagram"
VERSION: Final = 1
ALLOWED: Final = {
    "kind": get_args(Kind), "mark": get_args(Mark), "direction": ("down", "right"),
    "way": get_args(Way), "arrows": ARROWS, "theme": THEMES, "legend": (False, True),
}  # fmt: skip
SETTINGS: Final[dict[str, Any]] = {
    "direction": "down", "arrows": "forward", "theme": "light", "legend": False,
}  # fmt: skip
KEY: Final = re.compile(r"\w{1,80}", re.ASCII)
UNUSUAL: Final = {"nan": float("nan"), "inf": float("inf"), "-inf": float("-inf")}
"""JSON has no such numbers: they are written as texts."""


def to_json(diagram: Diagram) -> str:
    """Return the JSON document of a diagram.

    >>> diagram = Diagram((Vertex("a", "value", "θ"),), ())
    >>> from_json(to_json(diagram)) == diagram
    True
    """
    document = {"format": FORMAT, "version": VERSION, **plain(diagram)}
    return json.dumps(document, indent=1, allow_nan=False) + "\n"


def plain(diagram: Diagram) -> dict[str, Any]:
    """Return a diagram as dictionaries, lists, texts and numbers."""
    return {
        "caption": diagram.caption,
        "direction": diagram.direction,
        "fields": diagram.fields,
        "room": diagram.room,
        "arrows": diagram.arrows,
        "theme": diagram.theme,
        "legend": diagram.legend,
        "scenery": [_entries(shape) for shape in diagram.scenery],
        "vertices": [_entries(vertex) for vertex in diagram.vertices],
        "edges": [_entries(edge) for edge in diagram.edges],
    }


def _entries(item: Vertex | Edge | Shape) -> dict[str, Any]:
    found = {field.name: getattr(item, field.name) for field in fields(item)}
    if isinstance(strength := found.get("strength"), float) and str(strength) in UNUSUAL:
        found["strength"] = str(strength)
    if found.get("way") == "forward":  # as nearly all are
        del found["way"]
    return {name: value for name, value in found.items() if value not in ("", (), None)}


def from_json(text: str) -> Diagram:
    """Return the diagram that `to_json` wrote.

    Raises
    ------
    ValueError
        For a text that is no such document.
    """
    document = json.loads(text)
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ValueError(f"this JSON is no {FORMAT}; give what ag.draw(J).save('f.json') wrote")
    if document.get("version") != VERSION:
        raise ValueError(
            f"a diagram of version {document.get('version')!r} was given, and version {VERSION} is "
            "read here; draw it again with this release"
        )
    try:
        return _diagram(document)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"the diagram is damaged ({error!r}); draw it again") from error


def _diagram(document: dict[str, Any]) -> Diagram:
    vertices = tuple(Vertex(**_read(entries)) for entries in document["vertices"])
    edges = tuple(Edge(**_read(entries)) for entries in document["edges"])
    place = {vertex.key: index for index, vertex in enumerate(vertices)}
    for vertex in vertices:
        if not KEY.fullmatch(vertex.key):
            raise ValueError(f"{vertex.key!r} is no key; a key has letters, digits and _ only")
    if len(place) != len(vertices):
        raise ValueError("two vertices of the diagram have one key; give each its own")
    if any(place[edge.source] >= place[edge.target] for edge in edges):
        raise ValueError("an edge points back; give every vertex after those it is made from")
    settings = {name: document.get(name, usual) for name, usual in SETTINGS.items()}
    for name, value in settings.items():
        _check(name, value)
    if not set(document["fields"]) <= set(FIELDS):
        raise ValueError(f"fields are {document['fields']!r}; give some of {', '.join(FIELDS)}")
    return Diagram(
        vertices,
        edges,
        str(document["caption"]),
        fields=tuple(document["fields"]),
        room=float(document["room"]),
        **settings,
        scenery=tuple(map(_shape, document.get("scenery", ()))),
    )


def _read(entries: dict[str, Any]) -> dict[str, Any]:
    found = {name: _tuples(value) for name, value in entries.items()}
    for name in ("kind", "mark", "way"):
        if name in found:
            _check(name, found[name])
    if "strength" in found:
        strength = found["strength"]
        found["strength"] = float(UNUSUAL.get(strength, strength))
    return found


def _shape(entries: dict[str, Any]) -> Shape:
    shape = Shape(**{name: _tuples(value) for name, value in entries.items()})
    points = np.array(shape.points, dtype=float)
    ends = 2 if shape.kind == "line" else 1
    if shape.kind not in ("line", "text", "disc") or shape.ink not in INK:
        raise ValueError(f"a shape is a {shape.kind!r} in {shape.ink!r}; draw it again")
    if points.shape != (ends, 2) or not np.isfinite(points).all():
        raise ValueError(f"a {shape.kind} is at {shape.points!r}; give {ends} place(s), (x, y)")
    return shape


def _check(name: str, value: Any) -> None:
    if value not in ALLOWED[name]:
        raise ValueError(f"{name} is {value!r}; give one of {', '.join(map(repr, ALLOWED[name]))}")


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
