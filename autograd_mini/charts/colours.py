"""Colours that colour-blind eyes tell apart (Okabe and Ito's), and what dark pages make of them."""

from __future__ import annotations

from typing import Final

__all__ = ["COLOURS", "DARKER", "GRID", "INK", "PAPER", "QUIET", "RAMP", "SERIES", "level"]

INK, QUIET, GRID, PAPER = "#222222", "#5c5c5c", "#e4e4e4", "#fefefe"
BLUE, ORANGE = "#0072b2", "#b34700"
COLOURS: Final = {"training": "#0072b2", "validation": "#b34700", "test": "#00805c"}
SERIES: Final = ("#0072b2", "#b34700", "#00805c", "#a3477b", "#8a5a00", "#5a6570")
"""Of lines and classes, in this order; marks and names say the same."""
STEPS: Final = 8


def _mixed(share: float, one: str, other: str) -> str:
    pairs = ((int(one[k : k + 2], 16), int(other[k : k + 2], 16)) for k in (1, 3, 5))
    return "#" + "".join(f"{round(a + share * (b - a)):02x}" for a, b in pairs)


def _ramp(paper: str, colour: str) -> tuple[str, ...]:
    return tuple(_mixed(k / STEPS, paper, colour) for k in range(STEPS + 1))


RAMP: Final = {
    "positive": _ramp(PAPER, BLUE),
    "negative": _ramp(PAPER, ORANGE),
    "ink": _ramp(PAPER, INK),
}
"""Strengths 0 .. 8 of a tile's colour: nothing is paper."""
_NIGHT: Final = {
    "positive": _ramp("#1d242c", "#56b4e9"),
    "negative": _ramp("#1d242c", "#ff8f4a"),
    "ink": _ramp("#1d242c", "#eef2f6"),
}
DARKER: Final = {
    "#0072b2": "#56b4e9", "#00805c": "#2bc59a", "#a3477b": "#e58fbd",
    "#8a5a00": "#e69f00", "#5a6570": "#93a1af", INK: "#eef2f6", QUIET: "#b4bec8",
    GRID: "#343d47", "#888888": "#8a949e",
    **{day: night for name in RAMP for day, night in zip(RAMP[name], _NIGHT[name], strict=True)},
}  # fmt: skip
"""What each colour of a chart becomes on a dark page."""


def level(strength: float, ramp: str = "positive") -> str:
    """Return the colour of a strength from −1 to 1 (below 0: the negative ramp's), or 0 to 1.

    >>> level(0.0), level(1.0), level(-1.0), level(1.0, "ink")
    ('#fefefe', '#0072b2', '#b34700', '#222222')
    """
    name = "negative" if strength < 0 and ramp == "positive" else ramp
    return RAMP[name][min(round(abs(strength) * STEPS), STEPS)]
