"""How each kind of vertex looks: one table for every format.

The colours are Okabe and Ito's (told apart by the colour-blind) and never alone: shape, dash or
text says the same. Texts have a contrast of at least 4.5 to their ground.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import hypot, isnan
from typing import Final, Literal

from .labels import label_size
from .model import Edge, Kind, Mark, Vertex

__all__ = ["DARK", "FONTS", "INK", "LIT", "STYLES", "UNKNOWN", "WASH", "Style", "arrow", "filled"]
__all__ += ["ink", "looks", "outline", "ring", "shade", "stroke"]


@dataclass(frozen=True, slots=True)
class Style:
    """The looks of one kind of vertex."""

    shape: Literal["box", "ellipse", "plain", "circle"]
    fill: str
    border: str
    text: str = "#111111"
    thick: float = 1.0
    dashed: bool = False


STYLES: Final[dict[Kind, Style]] = {
    "parameter": Style("box", "#fdf1d6", "#b87700"),
    "value": Style("box", "#ffffff", "#0072b2"),
    "output": Style("box", "#e0f3ec", "#00805c", thick=2.2),
    "constant": Style("plain", "none", "none", text="#5c5c5c"),
    "operation": Style("ellipse", "#e9eef3", "#5a6570"),
    "fold": Style("box", "#f8e9f2", "#a3477b", dashed=True),
    "cotangent": Style("plain", "none", "none", text="#a63c00"),
    "derivative": Style("box", "#fcefe6", "#5a6570"),
    "input": Style("circle", "#ffffff", "#5a6570"),
    "unit": Style("circle", "#e3f0f9", "#0072b2", thick=1.6),
    "output unit": Style("circle", "#e0f3ec", "#00805c", thick=2.2),
    "bias": Style("circle", "#fdf1d6", "#b87700", dashed=True),
    "more": Style("plain", "none", "none", text="#5c5c5c"),
    "term": Style("box", "#e9eef3", "#5a6570"),
    "point": Style("circle", "#ffffff", "#111111", thick=1.6),
}

INK: Final = {
    "note": "#5c5c5c",
    "gradient": "#a63c00",
    "edge": "#5a6570",
    "positive": "#0072b2",
    "negative": "#b34700",
    "scope": "#8a949e",
    "scope fill": "#f4f6f8",
}

DARK: Final = {
    "white": "#14181d", "black": "#eef2f6", "#111111": "#eef2f6", "#ffffff": "#1d242c",
    "#fdf1d6": "#3a2e12", "#b87700": "#e69f00", "#0072b2": "#56b4e9", "#e0f3ec": "#0f3328",
    "#00805c": "#2bc59a", "#5c5c5c": "#b4bec8", "#e9eef3": "#2d3640", "#5a6570": "#93a1af",
    "#f8e9f2": "#3a2233", "#a3477b": "#e58fbd", "#e3f0f9": "#12303f", "#a63c00": "#ffa366",
    "#b34700": "#ff8f4a", "#8a949e": "#6b7782", "#f4f6f8": "#191f26",
    "#fcefe6": "#3b2415", "#b9c1c8": "#59636d",
}  # fmt: skip
"""What each colour becomes on a dark page: as easily told apart, and as legible."""

SHADES: Final = 6
UNKNOWN: Final = "#8a949e"
"""A tile that is not finite."""


def _mixed(colour: str, ground: str, share: float) -> str:
    pairs = [(int(colour[k : k + 2], 16), int(ground[k : k + 2], 16)) for k in (1, 3, 5)]
    return "#" + "".join(f"{round(a * share + b * (1 - share)):02x}" for a, b in pairs)


def shade(number: float, most: float, dark: bool = False) -> str:
    """Return the colour of a tile: the farther from zero, the stronger; `most` is the strongest.

    >>> shade(2.0, 2.0), shade(-2.0, 2.0), shade(0.0, 2.0)
    ('#0072b2', '#b34700', '#eef0f2')
    """
    level = round(SHADES * min(abs(number) / most, 1.0)) if most else 0
    colour, ground = INK["negative" if number < 0 else "positive"], "#eef0f2"
    if dark:
        colour, ground = DARK[colour], "#2a323b"
    return _mixed(colour, ground, level / SHADES)


DARK.update(
    (shade(sign * level, SHADES), shade(sign * level, SHADES, dark=True))
    for sign in (1, -1)
    for level in range(SHADES)
)

FONTS: Final = {
    "Helvetica": "Helvetica,Arial,Liberation Sans,DejaVu Sans,Noto Sans CJK SC,"
    "Microsoft YaHei,PingFang SC,sans-serif",
    "Courier": "Courier,Courier New,Liberation Mono,DejaVu Sans Mono,Noto Sans Mono CJK SC,"
    "monospace",
}
"""What a finished SVG asks for. Graphviz measures with the first name only."""


STEPS: Final = 10
"""How many shades there are from no activation to the fullest, of either sign."""


def _fills() -> dict[int, tuple[str, str]]:
    """Return fill and text of each step, and note in DARK what they are on a dark page."""
    found: dict[int, tuple[str, str]] = {}
    for step in range(-STEPS, STEPS + 1):
        ends = ("#0072b2", "#56b4e9") if step > 0 else ("#b34700", "#ff8f4a")
        light = _mixed(ends[0], "#ffffff", abs(step) / STEPS)
        dark = _mixed(ends[1], DARK["#ffffff"], abs(step) / STEPS)
        # One black and one white of the light page for each of what they are on the dark one.
        written = ("#000001", "#000002") if _is_bright(light) else ("#fffffe", "#fffffd")
        DARK.update(zip(written, ("#000000", "#ffffff"), strict=True))
        DARK.setdefault(light, dark)
        found[step] = light, written[0 if _is_bright(DARK[light]) else 1]
    return found


def _is_bright(colour: str) -> bool:
    """Whether black is read more easily upon it than white (WCAG's contrast)."""
    parts = (int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] > 0.179


FILLS: Final = _fills()


def filled(level: float) -> tuple[str, str]:
    """Return the fill of a unit that is so active, from -1 to 1, and the colour of its text.

    >>> filled(0.0)[0], filled(1.0)[0], filled(-1.0)[0]
    ('#ffffff', '#0072b2', '#b34700')
    """
    return FILLS[round(max(-1.0, min(1.0, level)) * STEPS)]


def ring(strength: float) -> tuple[str, float, bool]:
    """Return the colour, width and dash of the ring around a unit, for its δ."""
    width = 1.5 + 3.5 * min(abs(strength), 1.0)
    return INK["negative" if strength < 0 else "positive"], width, strength < 0


LIT, WASH, PALE = "#d02000", "#fde3de", "#b9c1c8"
DARK.update({LIT: "#ff6622", WASH: "#46220f"})


def looks(vertex: Vertex) -> Style:
    """Return how a vertex looks, which depends on where a pass that is played has got to."""
    style = STYLES[vertex.kind]
    if vertex.level is not None:
        fill, text = filled(vertex.level)
        return replace(style, fill=fill, text=text)
    if vertex.mark == "waiting":
        border = "none" if style.border == "none" else PALE
        return replace(
            style, fill="none" if style.fill == "none" else "#ffffff", border=border, text=PALE
        )
    if vertex.mark == "active":
        return replace(style, fill=WASH, border=LIT, thick=3.0)
    return style


def ink(name: str, mark: Mark) -> str:
    """Return the colour of a text or an arrow, which waits, is lit, or is as ever."""
    return PALE if mark == "waiting" else INK[name]


def arrow(edge: Edge) -> tuple[str, float]:
    """Return the colour and width of an arrow of a recorded graph."""
    kind = "edge" if edge.way == "forward" else "gradient"
    return (LIT, 2.4) if edge.mark == "active" else (ink(kind, edge.mark), 1.0)


def stroke(strength: float | None) -> tuple[str, float, bool]:
    """Return the colour, width and dash of an edge: a connection's sign and strength."""
    if strength is None or isnan(strength):
        return INK["edge"], 1.0, False
    width = 0.8 + 2.0 * min(abs(strength), 1.0)
    return INK["negative" if strength < 0 else "positive"], width, strength < 0


def outline(vertex: Vertex) -> tuple[float, float]:
    """Return the width and height in points of a vertex's shape: its text and room around it."""
    width, height = label_size(vertex)
    shape = STYLES[vertex.kind].shape
    if shape == "ellipse":
        return 1.25 * width + 12, 1.35 * height + 8
    if shape == "circle":
        least = 20 if vertex.kind == "point" else 42
        side = max(width + 12, hypot(width, height) + 4, least)
        return side, side
    return (width + 18, height + 12) if shape == "box" else (width + 4, height + 2)
