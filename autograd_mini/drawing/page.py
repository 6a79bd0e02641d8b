"""A `Diagram` as a page: one file that needs no network, with the picture to explore and to play.

The layout is finished here. The page's script (page_files/*.js) moves the view, shows what is known
of a node, and plays both passes. Nothing a name holds can run: texts are set as texts, the data is
JSON without a "<", and the page's own policy allows one script, by its hash, and no connection.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import asdict, replace
from html import escape
from pathlib import Path
from typing import Any, Final

from .inlined import inlined, variable
from .jsons import plain
from .labels import clean
from .model import Diagram, Kind
from .steps import Step, backward, called, forward
from .style import DARK, STYLES, Style

__all__ = ["to_html"]

FOLDER: Final = Path(__file__).with_name("page_files")
SCRIPTS: Final = ("view.js", "panel.js", "search.js", "play.js", "write.js")
SAID: Final[dict[Kind, str]] = {
    "parameter": "parameter: its gradient is kept",
    "value": "value: what an operation made",
    "output": "output: the value that is differentiated",
    "constant": "constant: nothing flows to it",
    "operation": "operation: its rule sends cotangents on",
    "fold": "many nodes in the place of one",
    "cotangent": "cotangent: what flows back",
    "input": "input", "unit": "unit", "output unit": "output unit", "bias": "bias unit, +1",
    "more": "more of the same",
}  # fmt: skip


def to_html(diagram: Diagram, program: str = "") -> str:
    """Return the page; `program` is JavaScript that is to run in it, after our own.

    It shares the scope of page_files/*.js, and what it may use is told at the top of write.js.

    >>> from .model import Vertex
    >>> page = to_html(Diagram((Vertex("a", "value", "</script><script>alert(1)"),), ()))
    >>> page.count("<script"), page.count("</script>"), "alert(1)" in page
    (2, 2, True)
    """
    scripts = [*map(_file, SCRIPTS), f"{{\n{program}\n}}"]  # a block: names of its own
    script = "(() => {\n'use strict';\n" + "\n".join(scripts) + "\n})();\n"
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    parts = {
        "TITLE": escape(_title(diagram)),
        "CAPTION": escape(clean(diagram.caption, 200)),
        "HASH": digest,
        "STYLE": _palette() + _file("page.css"),
        "PICTURE": inlined(replace(diagram, caption="")),
        "LEGEND": _legend(diagram),
        "DATA": _embedded(_data(diagram)),
        "SCRIPT": script,
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], _file("page.html"))


def _file(name: str) -> str:
    return (FOLDER / name).read_text("utf-8")


def _title(diagram: Diagram) -> str:
    if diagram.direction == "right":
        return "The network"
    outputs = [clean(v.name) for v in diagram.vertices if v.kind == "output" and v.name]
    return f"{', '.join(outputs)}: how it was computed" if outputs else "What was computed"


def _data(diagram: Diagram) -> dict[str, Any]:
    """Return all the page shows. Vertices are named by their place, not by their key."""
    place = {vertex.key: index for index, vertex in enumerate(diagram.vertices)}
    names = called(diagram)
    found = plain(diagram)
    for vertex in found["vertices"]:
        vertex["label"] = clean(names[vertex["key"]], 60)
        for field in ("notes", "value", "gradient", "rule"):
            vertex[field] = [clean(text, 400) for text in vertex.get(field, ())]
        vertex["scope"] = " / ".join(map(clean, vertex.get("scope", ())))
    for edge in found["edges"]:
        edge.update(source=place[edge["source"]], target=place[edge["target"]])
    found["backward"] = _steps(backward(diagram), place)
    found["forward"] = _steps(forward(diagram), place)
    return found


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


def _embedded(data: Any) -> str:
    """Return JSON that stays JSON inside of HTML: without any character that HTML reads."""
    text = json.dumps(data, allow_nan=False, separators=(",", ":"))
    return re.sub(r"[<>&']", lambda match: f"\\u{ord(match[0]):04x}", text)


def _palette() -> str:
    light = "".join(f"{variable(colour)}:{colour};" for colour in DARK)
    dark = "".join(f"{variable(colour)}:{other};" for colour, other in DARK.items())
    return (
        f":root{{color-scheme:light;{light}}}\n"
        f':root[data-theme="dark"]{{color-scheme:dark;{dark}}}\n'
        "@media (prefers-color-scheme:dark){"
        f':root:not([data-theme="light"]){{color-scheme:dark;{dark}}}}}\n'
    )


def _legend(diagram: Diagram) -> str:
    """Return a line for each kind of vertex that there is, with its shape."""
    kinds = [kind for kind in STYLES if any(v.kind == kind for v in diagram.vertices)]
    return "\n".join(
        f'<li><svg viewBox="0 0 34 20" aria-hidden="true">{_sample(STYLES[kind])}</svg>'
        f"{SAID[kind]}</li>"
        for kind in kinds
    )


def _sample(style: Style) -> str:
    if style.shape == "plain":
        return (
            f'<text x="17" y="14" text-anchor="middle" fill="var({variable(style.text)})">3</text>'
        )
    looks = f'fill="var({variable(style.fill)})" stroke="var({variable(style.border)})"'
    looks += f' stroke-width="{style.thick:g}"' + ' stroke-dasharray="4 2"' * style.dashed
    if style.shape == "box":
        return f'<rect x="2" y="3" width="30" height="14" rx="3" {looks}/>'
    wide = 15 if style.shape == "ellipse" else 8
    return f'<ellipse cx="17" cy="10" rx="{wide}" ry="8" {looks}/>'
