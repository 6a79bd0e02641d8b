"""A large array in small: a few coloured tiles, blue above zero and orange below."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from .labels import TILE, Line, extent, lines, strips
from .model import Heat, Vertex
from .style import UNKNOWN, shade

__all__ = ["dot_tiles", "svg_tiles", "tile_paths", "with_tiles"]

ROOM: Final = "fe"
"""How the colour of a room begins: no colour of ours does."""
APART: Final = 2
"""Between two strips, in tiles."""


def _cells(heats: Sequence[Heat]) -> Iterator[tuple[int, int, str]]:
    """Yield (column, row, colour) of every tile of the strips, which stand side by side."""
    left = 0
    for heat in heats:
        known = [abs(number) for row in heat for number in row if number is not None]
        most = max(known, default=0.0)
        for y, row in enumerate(heat):
            for x, number in enumerate(row):
                yield left + x, y, UNKNOWN if number is None else shade(number, most)
        left += max(map(len, heat)) + APART


def svg_tiles(line: Line, x: float, y: float) -> str:
    """Return the tiles as paths, one a colour, the first tile's corner at (x, y).

    >>> svg_tiles(Line("tiles", "", heats=(((1.0, 1.0),),)), 0.0, 0.0)
    '<path fill="#0072b2" stroke="none" d="M0,0h5v5h-5zM5,0h5v5h-5z"/>'
    """
    return "".join(
        f'<path fill="{colour}" stroke="none" d="{path}"/>'
        for colour, path in tile_paths(line, x, y)
    )


def tile_paths(line: Line, x: float = 0.0, y: float = 0.0) -> list[tuple[str, str]]:
    """Return the colours of the tiles, each with a path around all that have it."""
    paths: dict[str, str] = {}
    for column, row, colour in _cells(strips(line)):
        at = f"M{x + TILE * column:g},{y + TILE * row:g}h{TILE}v{TILE}h-{TILE}z"
        paths[colour] = paths.get(colour, "") + at
    return sorted(paths.items())


def dot_tiles(line: Line, width: float, room: int | None = None) -> str:
    """Return two cells of an HTML-like table: the tiles, and what is left of the width.

    With a number for its room it is left empty, in a colour that says the number: `with_tiles`
    puts the tiles there once Graphviz has placed it, as paths, which are a tenth as long.
    """
    wide, high = extent(line)
    size = f'WIDTH="{wide:g}" HEIGHT="{high:g}" FIXEDSIZE="TRUE"'
    rest = f'<TD WIDTH="{max(width - wide, 0):.0f}"></TD>'
    if room is not None:
        return f'<TD {size} BGCOLOR="#{ROOM}{room:04x}"></TD>{rest}'
    cells = {(column, row): colour for column, row, colour in _cells(strips(line))}
    tile = f'WIDTH="{TILE}" HEIGHT="{TILE}" FIXEDSIZE="TRUE"'
    rows = [
        "".join(
            f'<TD {tile} BGCOLOR="{cells[x, y]}"></TD>' if (x, y) in cells else f"<TD {tile}></TD>"
            for x in range(round(wide / TILE))
        )
        for y in range(round(high / TILE))
    ]
    table = f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0" {size}><TR>'
    return f"<TD {size}>{table}{'</TR><TR>'.join(rows)}</TR></TABLE></TD>{rest}"


def with_tiles(svg: str, vertices: Sequence[Vertex]) -> str:
    """Return an SVG that Graphviz drew with the rooms of `dot_tiles` filled.

    A room's number is its vertex' place. No text can look like the polygon that is replaced.
    """

    def filled(match: re.Match[str]) -> str:
        (line,) = (line for line in lines(vertices[int(match[1], 16)]) if line.heats)
        corners = [tuple(map(float, corner.split(","))) for corner in match[2].split()]
        return svg_tiles(line, min(x for x, _ in corners), min(y for _, y in corners))

    return re.sub(rf'<polygon fill="#{ROOM}(\w{{4}})"[^>]* points="([^"]*)"/>', filled, svg)
