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
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import Any, Final

from .inlined import inlined, variable
from .labels import clean
from .model import Diagram, Kind, Vertex
from .opened import Whole
from .opened import whole as all_of
from .page_data import data_of, is_still
from .style import DARK, STYLES, Style

__all__ = ["to_html"]

FOLDER: Final = Path(__file__).with_name("page_files")
SCRIPTS: Final = (
    "view.js", "layout.js", "shapes.js", "scopes.js", "panel.js", "search.js", "play.js",
    "write.js",
)  # fmt: skip
EMPTY: Final = (
    '<svg id="picture" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"></svg>'
    "<noscript>The picture is drawn by this page's script.</noscript>"
)
SAID: Final[dict[Kind, str]] = {
    "parameter": "parameter: its gradient is kept",
    "value": "value: what an operation made",
    "output": "output: the value that is differentiated",
    "constant": "constant: nothing flows to it",
    "operation": "operation: its rule sends cotangents on",
    "fold": "many nodes in the place of one",
    "cotangent": "cotangent: what flows back",
    "derivative": "derivative of the cost in a value",
    "input": "input", "unit": "unit", "output unit": "output unit", "bias": "bias unit, +1",
    "more": "more of the same",
    "term": "part of the expression", "point": "an input; 1: the answer is yes",
}  # fmt: skip


def to_html(shown: Diagram | Whole, program: str = "") -> str:
    """Return the page; `program` is JavaScript that is to run in it, after our own.

    It shares the scope of page_files/*.js, and what it may use is told at the top of write.js.

    >>> from .model import Vertex
    >>> page = to_html(Diagram((Vertex("a", "value", "</script><script>alert(1)"),), ()))
    >>> page.count("<script"), page.count("</script>"), "alert(1)" in page
    (2, 2, True)
    """
    whole = shown if isinstance(shown, Whole) else all_of(shown)
    diagram = whole.diagram
    scripts = [*map(_file, SCRIPTS), f"{{\n{program}\n}}"]  # a block: names of its own
    script = "(() => {\n'use strict';\n" + "\n".join(scripts) + "\n})();\n"
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    parts = {
        "TITLE": escape(_title(diagram)),
        "CAPTION": escape(clean(diagram.caption, 200)),
        "HASH": digest,
        "THEME": ' data-theme="dark"' if diagram.theme == "dark" else "",
        "STYLE": _palette() + _kinds() + _file("page.css"),
        "PICTURE": inlined(_bare(diagram)) if is_still(diagram) else EMPTY,
        "LEGEND": _legend(whole.opened.vertices),
        "DATA": _embedded(data_of(whole)),
        "SCRIPT": script,
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], _file("page.html"))


def _bare(diagram: Diagram) -> Diagram:
    """Return it without what the page has around it; its colours become the page's."""
    return replace(diagram, caption="", theme="light")


def _file(name: str) -> str:
    return (FOLDER / name).read_text("utf-8")


def _title(diagram: Diagram) -> str:
    if diagram.direction == "right":
        return "The network"
    outputs = [clean(v.name) for v in diagram.vertices if v.kind == "output" and v.name]
    return f"{', '.join(outputs)}: how it was computed" if outputs else "What was computed"


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


def _kinds() -> str:
    """Return how each kind of vertex looks, as CSS."""
    return "".join(
        f".k-{kind.replace(' ', '-')} .shape{{fill:{_css(style.fill)};stroke:{_css(style.border)};"
        f"stroke-width:{style.thick:g}px{';stroke-dasharray:5 3' * style.dashed}}}"
        f".k-{kind.replace(' ', '-')} text{{fill:{_css(style.text)}}}\n"
        for kind, style in STYLES.items()
    )


def _css(colour: str) -> str:
    return colour if colour == "none" else f"var({variable(colour)})"


def _legend(vertices: Sequence[Vertex]) -> str:
    """Return a line for each kind of vertex that there is, with its shape."""
    kinds = [kind for kind in STYLES if any(v.kind == kind for v in vertices)]
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
