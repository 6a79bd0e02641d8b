"""What an explanation is written from: sentences and tables, as text and as HTML.

Both are made from the same blocks, so that they say the same. Names come from the user: what could
move a cursor is spelled out, and HTML is escaped.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Final
from unicodedata import combining, east_asian_width

from .drawing.labels import clean, number

__all__ = ["Block", "Report", "Table", "indexed", "number", "whole"]

WIDTH: Final = 96


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells below a header; the first `left` columns are words, the others numbers."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    left: int = 1


Block = str | Table


class Report:
    """An explanation that can be read: in a terminal, in a notebook, in a page.

    >>> class Sum(Report):
    ...     def blocks(self):
    ...         yield "1 < 2"
    ...         yield Table(["", "value"], [["a", "1"], ["bc", "-20"]])
    >>> print(Sum())
    1 < 2
          value
      a       1
      bc    -20
    >>> Sum().to_html()[:39]
    '<div class="explanation"><p>1 &lt; 2</p'
    """

    __slots__ = ()

    def blocks(self) -> Iterator[Block]:
        """Yield what is said, the sentence that sums it up first."""
        raise NotImplementedError

    def __str__(self) -> str:
        return "\n".join(line.rstrip() for block in self.blocks() for line in _lines(block))

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {_safe(str(next(self.blocks())))}>"

    def to_html(self) -> str:
        """Return the explanation as an HTML fragment, every text in it escaped."""
        return f'<div class="explanation">{"".join(map(_html, self.blocks()))}</div>'

    def _repr_html_(self) -> str:
        return self.to_html()


def whole(count: int) -> str:
    """Return a count in digits, or its power of ten where there are too many to read.

    >>> whole(12345), whole(2**100_000)
    ('12,345', 'more than 10^30102')
    """
    if count < 10**15:
        return f"{count:,}"
    # Python refuses to print more than 4,300 digits, and takes long for it.
    return f"more than 10^{math.floor(math.log10(count))}"


def indexed(name: str, index: Sequence[int]) -> str:
    """Return the name of an element.

    >>> indexed("w", (0, 1)), indexed("J", ())
    ('w[0, 1]', 'J')
    """
    return f"{name}[{', '.join(map(str, index))}]" if index else name


def _safe(text: str) -> str:
    return clean(text, 2_000)


def _lines(block: Block) -> list[str]:
    if isinstance(block, str):
        margin = block[: len(block) - len(block.lstrip())]
        return textwrap.wrap(
            _safe(block.strip()), WIDTH, initial_indent=margin, subsequent_indent=margin + "    ",
            break_long_words=False, break_on_hyphens=False,
        ) or [""]  # fmt: skip
    cells = [[_safe(cell) for cell in row] for row in (block.header, *block.rows)]
    widths = [max(map(_columns, column)) for column in zip(*cells, strict=True)]
    return ["  " + "  ".join(_padded(row, widths, block.left)) for row in cells]


def _padded(row: Sequence[str], widths: Sequence[int], left: int) -> Iterator[str]:
    for place, (cell, width) in enumerate(zip(row, widths, strict=True)):
        space = " " * (width - _columns(cell))
        yield cell + space if place < left else space + cell


def _columns(text: str) -> int:
    """Return how many columns of a terminal a text takes: a Chinese letter two, an accent none."""
    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)


def _html(block: Block) -> str:
    if isinstance(block, str):
        return f"<p>{escape(_safe(block.strip()))}</p>" if block.strip() else ""
    head = "".join(f"<th>{escape(_safe(cell))}</th>" for cell in block.header)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in block.rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cell(text: Any) -> str:
    return f"<td>{escape(_safe(text))}</td>"
