"""Pictures by hand: circles, arrows, tables, axes and formulas as SVG, the same bytes every time.

A formula is written as the documents write it, `Θ_ij^(l)`, and typeset here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np

from autograd_mini.drawing.style import FONTS, INK, STYLES

TEXT, NOTE, GRID = "#111111", INK["note"], "#dfe4e8"
FORWARD, BACKWARD = INK["positive"], INK["gradient"]
"""What goes from the inputs to J is blue, what comes back from J is orange."""
SCRIPT = re.compile(r"([_^])(\{[^{}]*\}|\([^()]*\)|[0-9]+|[A-Za-z0-9Θθ]+)")
Point = tuple[float, float]


def number(value: float, digits: int = 2) -> str:
    """Return a number with a true minus sign, and without a negative zero."""
    return f"{round(float(value), digits) + 0.0:.{digits}f}".replace("-", "−")


class Sketch:
    """A white sheet; `title` is typeset in its first line."""

    def __init__(self, width: float, height: float, title: str = "") -> None:
        self.size = (width, height)
        self.parts: list[str] = []
        if title:
            self.text(width / 2, 24, title, 15)

    def svg(self) -> str:
        width, height = self.size
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" '
            f'viewBox="0 0 {width:g} {height:g}" font-family="{FONTS["Helvetica"]}">\n'
            f'<rect width="{width:g}" height="{height:g}" fill="white"/>\n'
        )
        return head + "\n".join(self.parts) + "\n</svg>\n"

    def text(
        self, x: float, y: float, words: str, size: float = 13, colour: str = TEXT,
        anchor: str = "middle", bold: bool = False, halo: bool = False,
    ) -> None:  # fmt: skip
        """Write a text or a formula; y is the line it stands on."""
        looks = ' font-weight="bold"' * bold
        looks += ' stroke="white" stroke-width="4" paint-order="stroke"' * halo
        self.parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" fill="{colour}" '
            f'text-anchor="{anchor}" xml:space="preserve"{looks}>{typeset(words, size)}</text>'
        )

    def line(
        self, points: Sequence[Point], colour: str = NOTE, width: float = 1.2, dash: str = ""
    ) -> None:
        way = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        self.parts.append(
            f'<polyline points="{way}" fill="none" stroke="{colour}" '
            f'stroke-width="{width:g}"{dashed}/>'
        )

    def arrow(
        self, start: Point, end: Point, colour: str = NOTE, width: float = 1.4, dash: str = ""
    ) -> None:
        (x, y), (to_x, to_y) = start, end
        far = math.hypot(to_x - x, to_y - y)
        dx, dy = (to_x - x) / far, (to_y - y) / far
        back = (to_x - 8 * dx, to_y - 8 * dy)
        self.line([start, back], colour, width, dash)
        corners = [end, *((back[0] - s * 3.5 * dy, back[1] + s * 3.5 * dx) for s in (-1, 1))]
        way = " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)
        self.parts.append(f'<polygon points="{way}" fill="{colour}"/>')

    def circle(
        self, x: float, y: float, label: str = "", kind: str = "unit", radius: float = 18,
        size: float = 12,
    ) -> None:  # fmt: skip
        style: Any = STYLES[kind]
        dash = ' stroke-dasharray="4 3"' * style.dashed
        self.parts.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}" fill="{style.fill}" '
            f'stroke="{style.border}" stroke-width="{style.thick:g}"{dash}/>'
        )
        if label:
            self.text(x, y + 4, label, size)

    def dot(self, x: float, y: float, colour: str = FORWARD, radius: float = 4) -> None:
        self.parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}" fill="{colour}"/>')

    def box(
        self, x: float, y: float, width: float, height: float, label: str = "",
        fill: str = "none", border: str = NOTE, size: float = 13, thick: float = 1.2,
    ) -> None:  # fmt: skip
        self.parts.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="3" '
            f'fill="{fill}" stroke="{border}" stroke-width="{thick:g}"/>'
        )
        if label:
            self.text(x + width / 2, y + height / 2 + 4.5, label, size)

    def table(
        self, x: float, y: float, values: Any, label: str = "", digits: int = 2,
        cell: Point = (48, 24), strongest: float | None = None,
    ) -> None:  # fmt: skip
        """Write a matrix, each entry shaded by its strength: blue positive, orange negative."""
        matrix = np.atleast_2d(np.asarray(values, float))
        strongest = strongest or float(np.abs(matrix).max()) or 1.0
        width, height = cell
        for i, j in np.ndindex(matrix.shape):
            at = (x + j * width, y + i * height)
            share = min(abs(float(matrix[i, j])) / strongest, 1.0)
            # What rounds to nothing has no sign: another machine's last bit may be the other one.
            fill = "white" if share < 1e-9 else FORWARD if matrix[i, j] > 0 else BACKWARD
            self.parts.append(
                f'<rect x="{at[0]:.1f}" y="{at[1]:.1f}" width="{width:g}" height="{height:g}" '
                f'fill="{fill}" fill-opacity="{0.45 * share:.2f}" stroke="{GRID}"/>'
            )
            self.text(at[0] + width / 2, at[1] + height / 2 + 4.5, number(matrix[i, j], digits), 12)
        if label:
            self.text(x + matrix.shape[1] * width / 2, y - 8, label, 14)

    def frame(
        self, x: float, y: float, rows: int, columns: int, colour: str, cell: Point = (48, 24)
    ) -> None:
        """Draw a thick frame around some entries of a table."""
        self.box(x, y, columns * cell[0], rows * cell[1], border=colour, thick=2.4)

    def layers(
        self, sizes: Sequence[int], left: float, right: float, top: float, bottom: float,
        radius: float = 17, labels: bool = True,
    ) -> dict[tuple[int, int], Point]:  # fmt: skip
        """Draw a network's units and connections; return where unit i of layer l stands."""
        middle, place = (top + bottom) / 2, {}
        for l, size in enumerate(sizes, start=1):
            x = left + (right - left) * (l - 1) / (len(sizes) - 1)
            step = (bottom - top) / (max(sizes) - 1)
            for i in range(1, size + 1):
                place[l, i] = (x, middle + step * (i - (size + 1) / 2))
        for (l, _), start in place.items():
            for (k, _), end in place.items():
                if k == l + 1:
                    self.line([start, end], "#c5ccd3", 0.9)
        for (l, i), (x, y) in place.items():
            kind = "input" if l == 1 else "output unit" if l == len(sizes) else "unit"
            self.circle(x, y, f"a_{i}^({l})" if labels else "", kind, radius, 11)
        return place


def typeset(words: str, size: float) -> str:
    """Return a formula as SVG text: `Θ_ij^(l)` with index and layer in their places."""
    parts, end, lifted = [], 0, 0.0
    words = words.replace("ᵀ", "^{T}")
    for script in SCRIPT.finditer(words):
        parts.append(_span(words[end : script.start()], size, -lifted))
        shift = 0.28 * size if script[1] == "_" else -0.38 * size
        moved = shift if end < script.start() else shift - lifted
        parts.append(_span(script[2].strip("{}"), 0.72 * size, moved))
        lifted, end = shift, script.end()
    parts.append(_span(words[end:], size, -lifted))
    return "".join(parts)


def _span(words: str, size: float, shift: float) -> str:
    if not words:
        return ""
    return f'<tspan font-size="{size:g}" dy="{shift + 0.0:.1f}">{escape(words)}</tspan>'


class Axes:
    """A chart's axes; `x` and `y` give the place of a value on the sheet."""

    def __init__(
        self, sheet: Sketch, box: tuple[float, float, float, float], xs: Point, ys: Point,
        xticks: Sequence[float] = (), yticks: Sequence[float] = (), xlabel: str = "",
        ylabel: str = "", log: bool = False,
    ) -> None:  # fmt: skip
        self.sheet, self.box, self.xs, self.log = sheet, box, xs, log
        self.ys = (math.log10(ys[0]), math.log10(ys[1])) if log else ys
        left, top, width, height = box
        for tick in xticks:
            sheet.line([(self.x(tick), top), (self.x(tick), top + height)], GRID, 1)
            sheet.text(self.x(tick), top + height + 16, f"{tick:g}".replace("-", "−"), 11, NOTE)
        for tick in yticks:
            sheet.line([(left, self.y(tick)), (left + width, self.y(tick))], GRID, 1)
            words = f"10^{{{math.log10(tick):.0f}}}" if log else f"{tick:g}"
            sheet.text(left - 6, self.y(tick) + 4, words.replace("-", "−"), 11, NOTE, "end")
        sheet.box(left, top, width, height, border="#888888", thick=1)
        sheet.text(left + width / 2, top + height + 34, xlabel)
        sheet.text(left, top - 8, ylabel, anchor="start")

    def x(self, value: float) -> float:
        left, _, width, _ = self.box
        return left + width * (float(value) - self.xs[0]) / (self.xs[1] - self.xs[0])

    def y(self, value: float) -> float:
        _, top, _, height = self.box
        value = math.log10(value) if self.log else float(value)
        return top + height * (self.ys[1] - value) / (self.ys[1] - self.ys[0])

    def place(self, x: float, y: float) -> Point:
        return self.x(x), self.y(y)

    def curve(
        self, xs: Any, ys: Any, colour: str = FORWARD, width: float = 2, dash: str = ""
    ) -> None:
        self.sheet.line([self.place(*p) for p in zip(xs, ys, strict=True)], colour, width, dash)
