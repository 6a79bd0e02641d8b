"""What a network of two inputs answers in their plane, and where the examples are, as SVG."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..context import no_grad
from ..nn.network import Network
from .colours import BLUE, INK, ORANGE, PAPER, QUIET, SERIES
from .lines import document
from .scale import round_numbers, short
from .tiles import pixels

__all__ = ["plane_svg"]

SIDE: Final = 220
CELLS: Final = 44
MOST_POINTS: Final = 400


def plane_svg(
    net: Network, points: NDArray[Any], labels: NDArray[Any], unit: int, names: Sequence[str]
) -> str:
    """Draw h_unit over the plane about the points: orange 0, blue 1, paper 1/2.

    Of very many points the first 400 are drawn: class 1 as squares, class 0 as circles.
    """
    low, high = points.min(axis=0), points.max(axis=0)
    margin = np.where(high > low, 0.2 * (high - low), 1.0)
    low, high = low - margin, high + margin
    middle = (np.arange(CELLS) + 0.5) / CELLS
    grid = np.stack(np.meshgrid(middle, middle[::-1]), axis=-1) * (high - low) + low
    with no_grad():
        h = net(grid.reshape(-1, 2).astype(net.dtype)).detach().numpy()[:, unit - 1]
    strengths = np.clip(2.0 * h.reshape(CELLS, CELLS) - 1.0, -1.0, 1.0)
    parts = ['<g transform="translate(46 12)">', f'<g transform="scale({SIDE / CELLS:g})">']
    parts += [*pixels(strengths, "positive"), "</g>"]
    places = SIDE * (points - low) / (high - low)
    for (x, y), label in list(zip(places.tolist(), labels.tolist(), strict=True))[:MOST_POINTS]:
        parts.append(_point(x, SIDE - y, label, len(points) <= 20, len(np.unique(labels)) <= 2))
    parts += [*_ticks(low, high, names), "</g>"]
    return document(parts, SIDE + 62, SIDE + 58, f"h{unit} over {names[0]} and {names[1]}")


def _point(x: float, y: float, label: int, few: bool, two: bool) -> str:
    size = 7.0 if few else 3.5
    colour = (ORANGE, BLUE)[label % 2] if two else SERIES[label % len(SERIES)]
    looks = f'fill="{colour}" stroke="{PAPER}" stroke-width="1.2"'
    if label % 2:
        corner = f'x="{x - size:.1f}" y="{y - size:.1f}"'
        return f'<rect {corner} width="{2 * size:g}" height="{2 * size:g}" {looks}/>'
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{size:g}" {looks}/>'


def _ticks(low: NDArray[Any], high: NDArray[Any], names: Sequence[str]) -> list[str]:
    parts = []
    for axis in (0, 1):
        least, most = float(low[axis]), float(high[axis])
        for tick in (t for t in round_numbers(least, most) if least <= t <= most):
            at = SIDE * (tick - least) / (most - least)
            place = (at, SIDE + 15.0, "middle") if axis == 0 else (-6.0, SIDE - at + 4, "end")
            parts.append(
                f'<text x="{place[0]:.1f}" y="{place[1]:.1f}" text-anchor="{place[2]}" '
                f'font-size="10" fill="{QUIET}">{short(tick)}</text>'
            )
    looks = f'text-anchor="middle" fill="{INK}"'
    parts.append(f'<text x="{SIDE / 2}" y="{SIDE + 36}" {looks}>{escape(names[0])}</text>')
    turned = f'transform="translate(-32 {SIDE / 2}) rotate(-90)"'
    return [*parts, f"<text {turned} {looks}>{escape(names[1])}</text>"]
