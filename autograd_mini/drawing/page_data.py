"""All that a page shows, as plain data: what its script draws, moves and tells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from .inlined import variable
from .jsons import plain
from .labels import Line, chosen, clean, line_height, lines, plain_width
from .levels import levels
from .model import Diagram, Vertex
from .opened import MOST_KEPT, Whole
from .steps import Step, backward, called, forward
from .style import outline
from .tiles import tile_paths

__all__ = ["data_of", "is_still"]


def is_still(diagram: Diagram) -> bool:
    """Return whether nothing in it opens: a network's units, or arrows both ways."""
    return diagram.direction == "right" or any(edge.way != "forward" for edge in diagram.edges)


def data_of(whole: Whole) -> dict[str, Any]:
    """Return all the page shows. Vertices are named by their place, not by their key."""
    diagram, opened = whole.diagram, whole.opened
    place = {vertex.key: index for index, vertex in enumerate(opened.vertices)}
    names = called(Diagram(opened.vertices, opened.edges))
    found = plain(Diagram(opened.vertices, opened.edges, diagram.caption, diagram.direction))
    written = chosen(Diagram(opened.vertices, (), fields=diagram.fields)).vertices
    groups, still = set(opened.parents), is_still(diagram)
    for index, vertex in enumerate(found["vertices"]):
        key = vertex["key"]
        vertex["label"] = clean(names[key], 60)
        for field in ("notes", "value", "gradient", "rule", "jacobian"):
            vertex[field] = [clean(text, 400) for text in vertex.get(field, ())]
        vertex["scope"] = " / ".join(map(clean, vertex.get("scope", ())))
        vertex["parent"] = opened.parents[index]
        vertex["group"] = index in groups
        vertex["leftOut"] = whole.left_out.get(key, 0)
        if not still:
            vertex.update(_drawn(written[index], index in groups))
    for edge in found["edges"]:
        edge.update(source=place[edge["source"]], target=place[edge["target"]])
    found["backward"] = _steps(backward(diagram), place)
    found["forward"] = _steps(forward(diagram), place)
    found["mostKept"] = MOST_KEPT
    found["opened"] = sorted(opened.opened)
    found["levels"] = {} if still else levels(opened)
    return found


def _drawn(vertex: Vertex, is_group: bool) -> dict[str, Any]:
    """Return the lines of a vertex, and the room it takes; of a group the room for its name."""
    wide, high = outline(vertex)
    found = {
        "lines": [_line(line) for line in lines(vertex)],
        "size": [round(wide, 1), round(high, 1)],
    }
    if is_group:
        name = clean(vertex.name or vertex.notes[0])
        found |= {"title": name, "head": round(plain_width(name, 10) + 40, 1)}
    return found


def _line(line: Line) -> list[Any]:
    """Return the role, the text and the gradient beside it, or tiles with their height."""
    if not line.heats:
        return [line.role, line.text, line.gradient]
    paths = [(variable(colour), path) for colour, path in tile_paths(line)]
    return [line.role, "", "", line_height(line), paths]


def _steps(steps: Sequence[Step], place: dict[str, int]) -> list[dict[str, Any]]:
    def flow(entry: dict[str, Any]) -> dict[str, Any]:
        return {**entry, "vertex": place[entry["vertex"]]}

    return [
        {
            "active": place[step["active"]],
            "result": place[step["result"]],
            "cotangent": step["cotangent"],
            "arriving": [flow(entry) for entry in step["arriving"]],
            "leaving": [flow(entry) for entry in step["leaving"]],
        }
        for step in map(asdict, steps)
    ]
