"""A chart of lines: axes with round ticks, a name for each line in its colour."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Final

import numpy as np

from .colours import GRID, INK, PAPER
from .scale import above, decades, logarithmic, round_numbers, short

__all__ = ["HEIGHT", "WIDTH", "Line", "document", "lines_svg", "panel"]

WIDTH: Final = 340
HEIGHT: Final = 210
LEFT: Final = 62
TOP: Final = 40
FONTS: Final = "Helvetica,Arial,sans-serif"
DASHES: Final = ("", "6 3", "2 3", "8 3 2 3")
LETTER: Final = 7.0


@dataclass(frozen=True)
class Line:
    """Points joined by a line, and what it is called."""

    name: str
    xs: Sequence[float]
    ys: Sequence[float]
    colour: str
    dash: str = ""
    dots: bool = False


def document(parts: Sequence[str], width: float, height: float, title: str) -> str:
    """Return a whole SVG document."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" '
        f'viewBox="0 0 {width:g} {height:g}" font-family="{FONTS}" font-size="12" '
        f'fill="{INK}" role="img">\n<title>{escape(title)}</title>\n'
        f'<rect width="{width:g}" height="{height:g}" fill="{PAPER}"/>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def lines_svg(lines: Sequence[Line], label: str, below: str, title: str = "") -> str:
    """Draw one panel of lines over whole numbers, such as layers, as an SVG document.

    The axis is logarithmic when the values above 0 span more than a factor of ten; what is 0 or
    not finite is left out then.
    """
    values = np.array([y for line in lines for y in line.ys if math.isfinite(y)] or [0.0, 1.0])
    positive = values[values > 1e-290]
    logs = len(positive) > 1 and logarithmic(positive)
    ticks = decades(positive) if logs else round_numbers(float(values.min()), float(values.max()))
    xs = [x for line in lines for x in line.xs]
    whole = list(range(math.floor(min(xs)), math.ceil(max(xs)) + 1))
    step = max(1, len(whole) // 10)
    room = 0.5 if len(whole) > 1 else 1.0
    drawn = panel(lines, ticks, logs, (whole[0] - room, whole[-1] + room), whole[::step])
    drawn += f'\n<text x="0" y="-26" font-weight="bold">{escape(label)}</text>'
    drawn += f'\n<text x="{WIDTH / 2:g}" y="{HEIGHT + 40}" text-anchor="middle">{below}</text>'
    group = f'<g transform="translate({LEFT} {TOP + 14})">{drawn}</g>'
    return document([group], WIDTH + LEFT + 24, HEIGHT + TOP + 70, title or label)


def panel(
    lines: Sequence[Line],
    ticks: Sequence[float],
    logs: bool,
    span: tuple[float, float],
    marks: Sequence[float],
) -> str:
    """Draw axes, ticks, lines and their names, from the point (0, 0)."""
    scale: Any = math.log10 if logs else float
    low, high = scale(ticks[0]), scale(ticks[-1])

    def at(x: float, y: float) -> tuple[float, float]:
        left = WIDTH * (x - span[0]) / (span[1] - span[0])
        return left, HEIGHT * (high - scale(y)) / (high - low)

    parts = [f'<rect width="{WIDTH}" height="{HEIGHT}" fill="none" stroke="#888888"/>']
    for tick in ticks:
        y = at(span[0], tick)[1]
        parts.append(f'<path d="M0 {y:.1f}h{WIDTH}" stroke="{GRID}"/>')
        parts.append(f'<text x="-8" y="{y + 4:.1f}" text-anchor="end">{short(tick)}</text>')
    for mark in marks:
        x = at(mark, ticks[0])[0]
        middle = f'x="{x:.1f}" y="{HEIGHT + 18}" text-anchor="middle"'
        parts.append(f"<text {middle}>{short(mark)}</text>")
    end = WIDTH - 4.0 - sum(LETTER * len(line.name) + 14 for line in lines[1:])
    for line, after in zip(lines, [*lines[1:], None], strict=True):
        parts += _drawn(line, ticks[0], logs, at)
        parts.append(
            f'<text x="{end:.0f}" y="-8" text-anchor="end" fill="{line.colour}">'
            f"{escape(line.name)}</text>"
        )
        end += LETTER * len(after.name) + 14 if after else 0
    return "\n".join(parts)


def _drawn(line: Line, low: float, logs: bool, at: Any) -> list[str]:
    shown = [
        (x, y)
        for x, y in zip(line.xs, line.ys, strict=True)
        if math.isfinite(y) and (y > 1e-290 or not logs)
    ]
    if not shown:
        return []
    points = [at(x, y) for x, y in above(low, *map(list, zip(*shown, strict=True)))]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dash = f' stroke-dasharray="{line.dash}"' if line.dash else ""
    parts = [
        f'<polyline points="{path}" fill="none" stroke="{line.colour}" stroke-width="1.8"{dash}/>'
    ]
    if line.dots:
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{line.colour}"/>'
                  for x, y in points]  # fmt: skip
    return parts
