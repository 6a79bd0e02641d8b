"""Below a recorded graph: what its shapes and colours mean."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import Final

from .labels import lines, plain_width
from .model import Diagram, Kind
from .style import INK, STYLES, Style

__all__ = ["dot_legend", "legend_size", "svg_legend"]

WORDS: Final[dict[Kind, str]] = {
    "parameter": "parameter", "value": "value", "output": "output", "constant": "constant",
    "operation": "operation", "fold": "many nodes", "cotangent": "what flows back",
}  # fmt: skip
SIZE: Final = 9.0
HEIGHT: Final = 16
APART: Final = 6
WIDEST: Final = 330
"""Of a row, in points: a small graph must not get a long legend."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A word in the shape and colours that it explains."""

    word: str
    style: Style

    @property
    def width(self) -> int:
        """How wide it is drawn, in points."""
        return round(plain_width(self.word, SIZE)) + (10 if self.style.shape != "plain" else 4)


def _entries(diagram: Diagram) -> Iterator[Entry]:
    kinds = {vertex.kind for vertex in diagram.vertices}
    for kind, word in WORDS.items():
        if kind in kinds:
            yield Entry(word, STYLES[kind])
    if any(vertex.gradient for vertex in diagram.vertices):
        colour = INK["gradient"]
        yield Entry("grad: ∂(output)/∂(this)", Style("plain", "none", "none", text=colour))
    if any(line.heats for vertex in diagram.vertices for line in lines(vertex)):
        colour = INK["note"]
        yield Entry("tiles: blue > 0 > orange", Style("plain", "none", "none", text=colour))


def _rows(diagram: Diagram) -> list[list[Entry]]:
    rows: list[list[Entry]] = []
    if not diagram.legend or diagram.direction == "right":
        return rows
    for entry in _entries(diagram):
        if not rows or _width([*rows[-1], entry]) > WIDEST:
            rows.append([])
        rows[-1].append(entry)
    return rows


def _width(row: list[Entry]) -> int:
    return sum(entry.width + APART for entry in row)


def legend_size(diagram: Diagram) -> tuple[int, int]:
    """Return the width and height in points of a prepared diagram's legend; none has no height."""
    rows = _rows(diagram)
    return max(map(_width, rows), default=0), (HEIGHT + 4) * len(rows) + 4 * bool(rows)


def dot_legend(diagram: Diagram, width: float) -> str:
    """Return the legend as rows of an HTML-like table that is so wide, in two columns."""
    found = ['<TR><TD HEIGHT="4"></TD><TD></TD></TR>'] if _rows(diagram) else []
    wide = legend_size(diagram)[0]  # of every row: they share their columns
    for row in _rows(diagram):
        size = f'WIDTH="{wide}" HEIGHT="{HEIGHT + 4}" FIXEDSIZE="TRUE"'
        rest = f'<TD WIDTH="{wide - _width(row)}" HEIGHT="1" FIXEDSIZE="TRUE"></TD>'
        cells = "".join(map(_dot_cell, row)) + (rest if wide > _width(row) else "")
        found.append(
            f'<TR><TD {size}><TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0" '
            f'{size}><TR>{cells}</TR></TABLE></TD><TD WIDTH="{max(width - wide, 0):.0f}"></TD></TR>'
        )
    return "".join(found)


def _dot_cell(entry: Entry) -> str:
    style = entry.style
    size = f'WIDTH="{entry.width}" HEIGHT="{HEIGHT}" FIXEDSIZE="TRUE"'
    text = f'<FONT POINT-SIZE="{SIZE:g}" COLOR="{style.text}">{escape(entry.word)}</FONT>'
    drawn = ' ALIGN="LEFT"'
    if style.shape != "plain":
        dashed = ",dashed" * style.dashed
        drawn = f' BORDER="1" STYLE="rounded{dashed}" COLOR="{style.border}" BGCOLOR="{style.fill}"'
    return f'<TD {size}{drawn}>{text}</TD><TD WIDTH="{APART}" FIXEDSIZE="TRUE" HEIGHT="1"></TD>'


def svg_legend(diagram: Diagram, left: float, top: float) -> Iterator[str]:
    """Yield the legend as SVG, its upper left corner there."""
    for number, row in enumerate(_rows(diagram)):
        x, y = left, top + 4 + (HEIGHT + 4) * number
        for entry in row:
            style = entry.style
            if style.shape != "plain":
                dash = ' stroke-dasharray="5 3"' * style.dashed
                yield (
                    f'<rect x="{x:.1f}" y="{y:.1f}" width="{entry.width}" height="{HEIGHT}" '
                    f'rx="{8 if style.shape == "ellipse" else 4}" fill="{style.fill}" '
                    f'stroke="{style.border}"{dash}/>'
                )
            plain = style.shape == "plain"
            at, centred = (x, "") if plain else (x + entry.width / 2, ' text-anchor="middle"')
            yield (
                f'<text x="{at:.1f}" y="{y + 11.5:.1f}" font-size="{SIZE:g}" '
                f'fill="{style.text}"{centred}>{escape(entry.word)}</text>'
            )
            x += entry.width + APART
