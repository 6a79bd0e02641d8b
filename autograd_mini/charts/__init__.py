"""Charts of our own: SVG text that needs no other package, the same bytes every time.

The numbers that a picture shows (numbers.py) are made once, for these charts and for the
matplotlib ones of `plots`. A chart is made of `Line`s in a panel (lines.py) with round ticks
(scale.py), of bars (bars.py), or of tiles (tiles.py); curves.py draws a training run.
"""

from __future__ import annotations

from .bars import histograms_svg
from .colours import COLOURS, DARKER
from .curves import curves_svg
from .lines import Line, lines_svg
from .tiles import Tile, heat_svg, tiles_svg

__all__ = [
    "COLOURS",
    "DARKER",
    "Line",
    "Tile",
    "curves_svg",
    "heat_svg",
    "histograms_svg",
    "lines_svg",
    "tiles_svg",
]
