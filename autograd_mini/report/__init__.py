"""A training run as one page: `to_html` of a `Run`.

The page needs nothing but itself: no script, no font, no file beside it, no network (its own policy
forbids all of them). Its pictures are inline SVG of our own (charts/) and of the drawing room, so
they are the same with and without matplotlib; nothing in it tells the time, so the same seed gives
the same bytes. pictures.py draws, tables.py tells.
"""

from __future__ import annotations

import re
from html import escape
from pathlib import Path
from typing import Final

from ..charts.colours import DARKER
from ..drawing.style import DARK
from . import pictures, tables
from .run import Run, answers

__all__ = ["Run", "answers", "to_html"]

FOLDER: Final = Path(__file__).parent
SECTIONS: Final = (
    ("trained", "What was trained", tables.settings),
    ("gradient", "The gradient was checked first", tables.gradient_check),
    ("accuracy", "Accuracy", tables.accuracy),
    ("curves", "Cost and accuracy over the epochs", pictures.curves),
    ("confusion", "Which class is taken for which", tables.confusion),
    ("examples", "What it says, mistakes first", pictures.examples),
    ("plane", "The plane of the inputs", pictures.plane),
    ("weights", "What the hidden units look for", pictures.weights),
    ("layers", "Gradients and activations, layer by layer", pictures.layers),
    ("network", "The network", pictures.network),
    ("graph", "The recorded graph of the cost", pictures.graph),
    ("again", "The weights again", tables.again),
)
"""Anchor, heading and content; a section that has nothing to show is left out."""


def to_html(run: Run) -> str:
    """Return the whole page."""
    found = [(name, heading, section(run)) for name, heading, section in SECTIONS]
    shown = [each for each in found if each[2]]
    parts = {
        "TITLE": escape(f"{run.outline} on {run.name}"),
        "STYLE": (FOLDER / "page.css").read_text("utf-8") + _dark(),
        "FIGURES": tables.figures(run),
        "CONTENTS": "\n".join(
            f'<li><a href="#{name}">{escape(heading)}</a></li>' for name, heading, _ in shown
        ),
        "SECTIONS": "\n".join(
            f'<section id="{name}">\n<h2>{escape(heading)}</h2>\n{content}\n</section>'
            for name, heading, content in shown
        ),
    }
    page = (FOLDER / "page.html").read_text("utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], page)


def _dark() -> str:
    """Return what every colour of the pictures becomes on a dark page."""
    rules = "".join(
        f'svg [fill="{day}"]{{fill:{night}}}svg [stroke="{day}"]{{stroke:{night}}}\n'
        for day, night in {**DARKER, **DARK, "#fefefe": "#1d242c"}.items()
    )
    return f"@media (prefers-color-scheme: dark) {{\n{rules}}}\n"
