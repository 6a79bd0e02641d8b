"""Small images as SVG: weights, digits, heat maps; a path for each strength of colour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .colours import INK, QUIET, RAMP, STEPS
from .lines import document

__all__ = ["Tile", "heat_svg", "pixels", "tiles_svg"]

GAP: Final = 10
CAPTION: Final = 16


@dataclass(frozen=True)
class Tile:
    """An image (rows, columns) of strengths from −1 to 1, and what is written above it."""

    image: NDArray[Any]
    caption: str = ""
    strong: bool = False
    """Written in the colour of what is wrong, and bold."""


def tiles_svg(tiles: Sequence[Tile], title: str, ramp: str = "positive", across: int = 10) -> str:
    """Draw tiles in rows of `across`, as an SVG document.

    Parameters
    ----------
    tiles
        Images of one shape.
    title
        Told by screen readers.
    ramp
        "positive": blue for positive strengths and orange for negative ones; "ink": 0 .. 1.
    """
    rows, columns = tiles[0].image.shape
    side = 64.0 / max(rows, columns)
    wide, tall = max(side * columns, 40.0), side * rows
    captions = CAPTION if any(tile.caption for tile in tiles) else 0
    parts = []
    for index, tile in enumerate(tiles):
        left = GAP + (index % across) * (wide + GAP)
        top = GAP + (index // across) * (tall + captions + GAP)
        parts.append(f'<g transform="translate({left:g} {top:g})">')
        if tile.caption:
            looks = f'fill="{RAMP["negative"][-1]}" font-weight="bold"' if tile.strong else ""
            looks = looks or f'fill="{INK}"'
            parts.append(
                f'<text x="{side * columns / 2:g}" y="11" font-size="11" text-anchor="middle" '
                f"{looks}>{escape(tile.caption)}</text>"
            )
        parts.append(f'<g transform="translate(0 {captions}) scale({side:g})">')
        parts += pixels(tile.image, ramp)
        parts.append("</g></g>")
    count = min(len(tiles), across)
    height = -(-len(tiles) // across) * (tall + captions + GAP)
    return document(parts, GAP + count * (wide + GAP), GAP + height, title)


def pixels(image: NDArray[Any], ramp: str) -> list[str]:
    """Return the paths of one image in a unit a pixel, with a frame."""
    rows, columns = image.shape
    frame = f'stroke="#888888" stroke-width="{max(rows, columns) / 90:.3g}"'
    parts = [f'<rect width="{columns}" height="{rows}" fill="{RAMP[ramp][0]}" {frame}/>']
    with np.errstate(all="ignore"):
        steps = np.rint(np.clip(np.nan_to_num(image), -1, 1) * STEPS).astype(int)
    for step in range(-STEPS if ramp == "positive" else 1, STEPS + 1):
        runs = _runs(steps == step) if step else ""
        if runs:
            colour = RAMP["negative" if step < 0 else ramp][abs(step)]
            parts.append(f'<path fill="{colour}" d="{runs}"/>')
    return parts


def _runs(where: NDArray[np.bool]) -> str:
    """Return a path over the pixels where it is true, a run of them in a row at once."""
    padded = np.pad(where, ((0, 0), (1, 1)))
    turns = np.argwhere(padded[:, 1:] != padded[:, :-1])
    return "".join(
        f"M{start} {row}h{stop - start}v1h{start - stop}z"
        for (row, start), (_, stop) in zip(turns[0::2].tolist(), turns[1::2].tolist(), strict=True)
    )


def heat_svg(heat: Sequence[Sequence[float | None]], title: str) -> str:
    """Draw a table of numbers, None for what is not finite, with the strongest in full colour."""
    table = np.array([[np.nan if entry is None else entry for entry in row] for row in heat])
    missing = np.isnan(table)
    most = float(np.max(np.abs(table), initial=0.0, where=~missing)) or 1.0
    side = min(18.0, 220.0 / max(table.shape))
    drawn = pixels(np.where(missing, 0.0, table) / most, "positive")
    drawn += [
        f'<path d="M{column} {row}l1 1m0 -1l-1 1" stroke="{QUIET}" stroke-width="0.1"/>'
        for row, column in np.argwhere(missing).tolist()
    ]
    group = [f'<g transform="translate(1 1) scale({side:g})">', *drawn, "</g>"]
    return document(group, side * table.shape[1] + 2, side * table.shape[0] + 2, title)
