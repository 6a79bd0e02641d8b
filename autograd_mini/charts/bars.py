"""Histograms as SVG: one a layer, side by side, on one axis of values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .colours import COLOURS, GRID, QUIET
from .lines import document

__all__ = ["MOST_PANELS", "histograms_svg"]

MOST_PANELS: Final = 12

WIDE: Final = 150
TALL: Final = 90


def histograms_svg(
    edges: NDArray[Any], shares: Mapping[int, NDArray[Any]], title: str, most: int = MOST_PANELS
) -> str:
    """Draw the share of values in each bin, a panel a layer (the first `most` of them).

    Each panel's tallest bar is as high as the panel; its share is written beside it.
    """
    parts = []
    for index, (layer, share) in enumerate(list(shares.items())[:most]):
        left, top = 14 + (index % 4) * (WIDE + 26), 26 + (index // 4) * (TALL + 56)
        parts.append(f'<g transform="translate({left} {top})">')
        parts += _panel(edges, share)
        parts.append(f'<text x="0" y="-8" font-weight="bold">layer {layer}</text></g>')
    count = min(len(shares), most)
    width = 14 + min(count, 4) * (WIDE + 26)
    height = 26 + -(-count // 4) * (TALL + 56) - 10
    return document(parts, width, height, title)


def _panel(edges: NDArray[Any], share: NDArray[Any]) -> list[str]:
    step, highest = WIDE / len(share), float(np.max(share)) or 1.0
    bars = "".join(
        f"M{k * step:.1f} {TALL}v-{TALL * float(part) / highest:.1f}h{step:.1f}V{TALL}z"
        for k, part in enumerate(share)
        if part
    )
    ends = [(0, "start", float(edges[0])), (WIDE, "end", float(edges[-1]))]
    looks = f'font-size="10" fill="{QUIET}"'
    return [
        f'<path d="M0 {TALL}h{WIDE}M0 0v{TALL}" stroke="{GRID}" fill="none"/>',
        f'<path d="{bars}" fill="{COLOURS["training"]}"/>',
        f'<text x="{WIDE}" y="-8" {looks} text-anchor="end">highest bar {highest:.0%}</text>',
        *(
            f'<text x="{x}" y="{TALL + 15}" {looks} text-anchor="{anchor}">{edge:.3g}</text>'
            for x, anchor, edge in ends
        ),
    ]
