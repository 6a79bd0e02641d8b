"""What is written in a vertex: texts made harmless, numbers made short, and how wide it all is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final, Literal, NamedTuple
from unicodedata import east_asian_width

import numpy as np

from ..graph import Taken
from .model import FIELDS, Diagram, Heat, Vertex

__all__ = [
    "TILE",
    "Described",
    "Line",
    "chosen",
    "clean",
    "describe",
    "extent",
    "heat",
    "is_large",
    "label_size",
    "line_height",
    "lines",
    "metadata",
    "number",
    "plain_width",
    "rows",
    "strips",
    "text_width",
]

Role = Literal["title", "note", "value", "tiles"]

SIZES: Final[dict[Role, float]] = {"title": 12, "note": 9, "value": 10, "tiles": 0}
LINE_HEIGHT: Final = 1.25
LONGEST: Final = 40
WIDEST: Final = 44
"""Of a value with its gradient beside it, in characters; else the gradient stands below."""
MOST_ROWS, MOST_COLUMNS = 6, 6
"""An array with more is shown by its range."""
MOST_TILES: Final = 16
MOST_DRAWN: Final = 8
"""Of the tiles of a row or column in a static picture."""
TILE: Final = 5
TEXTS: Final = ("name", "shape", "dtype", "place")
EMPTY: Final = {field: "" if field in TEXTS else () for field in FIELDS}
TILES: Final = {"value": "value_heat", "gradient": "gradient_heat", "jacobian": "jacobian_heat"}
NAMED: Final = ("parameter", "value", "output", "constant")
"""The kinds whose name may be left out."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a label, and what it is, which decides how it looks."""

    role: Role
    text: str
    gradient: str = ""
    """What stands to the right of it, in the gradient's colour."""
    heats: tuple[Heat, ...] = ()
    """Large arrays in small, side by side, in place of a text."""


def clean(text: str, limit: int = LONGEST) -> str:
    r"""Return the text in one line of printable characters, the middle left out if it is long.

    What can not be seen, or would change how the rest is read (control characters, lone
    surrogates, right-to-left overrides), is written as Python would write it.

    >>> clean("θ\n图")
    'θ\\n图'
    >>> clean("abcdefghij" * 1000, limit=12)
    'abcdef…fghij'
    """
    if len(text) > limit:
        text = f"{text[: limit // 2]}…{text[-((limit - 1) // 2) :]}"
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def number(value: Any) -> str:
    """Return a number in about four digits (never an object's own repr: it may hold an address).

    >>> number(0.69314718), number(-30.0), number(10**6), number(True)
    ('0.6931', '-30', '1000000', 'True')
    """
    if isinstance(value, (bool, np.bool)):
        return str(bool(value))
    if isinstance(value, (int, np.integer)):
        return str(int(value)) if abs(int(value)) < 10**9 else f"{float(value):.4g}"
    if isinstance(value, (float, np.floating)):
        return f"{float(value) + 0.0:.4g}"  # -0.0 + 0.0 is 0.0: the sign of a zero says nothing
    if isinstance(value, (complex, np.complexfloating)):
        return f"{value:.3g}"
    return clean(str(value), 12) if isinstance(value, str) else type(value).__name__


def rows(value: Any) -> tuple[str, ...]:
    """Return a value's lines: a small array in full, a row a line, a large one by its range.

    >>> rows(np.array([[-30.0, 20.0], [0.5, 20.0]]))
    ('-30  20', '0.5  20')
    >>> rows(np.arange(100.0))
    ('0 to 99, mean 49.5',)
    """
    array = np.asarray(value)
    if array.ndim == 0:
        return (number(array[()]),)
    if array.size == 0:
        return ("empty",)
    if is_large(array):
        return (_extent(array),)
    table = [[number(entry) for entry in row] for row in array.reshape(-1, array.shape[-1])]
    wide = [max(map(len, column)) for column in zip(*table, strict=True)]
    return tuple(
        "  ".join(entry.rjust(w) for entry, w in zip(row, wide, strict=True)) for row in table
    )


def is_large(array: np.ndarray[Any, Any]) -> bool:
    """Tell whether an array is shown in small: by its range, its mean and tiles."""
    columns = array.shape[-1] if array.ndim else 1
    return columns > MOST_COLUMNS or array.size > MOST_ROWS * columns


def _extent(array: np.ndarray[Any, Any]) -> str:
    if array.dtype.kind not in "biuf":
        return f"{array.size} entries"
    with np.errstate(all="ignore"):
        finite = array[np.isfinite(array)]
        if finite.size == 0:
            return "no finite entry"
        least, most = finite.min(), finite.max()
        mean = np.mean(finite, dtype=np.float64)
        text = f"{number(least)} to {number(most)}, mean {number(mean)}"
        text = f"all {number(least)}" if least == most else text
    missing = array.size - finite.size
    return f"{text}, {missing} not finite" if missing else text


class Described(NamedTuple):
    """What is told of a value."""

    shape: str = ""
    dtype: str = ""
    notes: tuple[str, ...] = ()
    value: tuple[str, ...] = ()
    heat: Heat = ()


def describe(value: Any) -> Described:
    """Return what is told of whatever a Node may hold."""
    if isinstance(value, tuple):
        return Described(notes=(f"{len(value)} values",))
    if isinstance(value, (np.ndarray, np.generic)):
        return Described(str(value.shape), str(value.dtype), (), rows(value), heat(value))
    if isinstance(value, (bool, int, float, complex, str)):
        return Described(value=rows(value))
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        gone = ("overwritten since",) if isinstance(value, Taken) else ()
        return Described(str(value.shape), str(value.dtype), gone)
    return Described(notes=(type(value).__name__,))


def heat(value: Any) -> Heat:
    """Return an array of real numbers in small: at most 16 rows and columns, the means of blocks.

    >>> heat(np.array([[1.0, 2.0], [3.0, np.inf]]))
    ((1.0, 2.0), (3.0, None))
    >>> len(heat(np.zeros((400, 25)))), len(heat(np.zeros((400, 25)))[0])
    (16, 13)
    """
    array = np.asarray(value)
    if array.ndim == 0 or array.size < 2 or array.dtype.kind not in "biuf":
        return ()
    table = array.reshape(-1, array.shape[-1]).astype(np.float64)
    with np.errstate(all="ignore"):
        for axis, size in enumerate(table.shape):
            step = -(-size // MOST_TILES)
            if step > 1:
                starts = np.arange(0, size, step)
                counts = np.diff(np.append(starts, size))
                counts = counts[:, None] if axis == 0 else counts
                table = np.add.reduceat(table, starts, axis=axis) / counts
    return tuple(
        tuple(float(f"{entry:.4g}") if np.isfinite(entry) else None for entry in row)
        for row in table
    )


def metadata(call: dict[str, Any]) -> tuple[str, ...]:
    """Return the keyword arguments of a call, a line each.

    >>> metadata({"axis": 0, "index": (slice(None, 2), None)})
    ('axis=0', 'index=(:2, None)')
    """
    return tuple(f"{key}={_argument(value)}" for key, value in call.items())


def _argument(value: Any, nested: bool = True) -> str:
    if isinstance(value, slice):
        parts = ["" if part is None else _argument(part) for part in (value.start, value.stop)]
        return ":".join(parts + ([] if value.step is None else [_argument(value.step)]))
    if isinstance(value, (tuple, list)) and nested:
        inside = ", ".join(_argument(item, False) for item in value[:8])
        more = ", …" if len(value) > 8 else "," * (len(value) == 1)
        return f"({inside}{more})"
    if isinstance(value, np.ndarray):
        return f"array {value.shape}" if value.ndim else number(value[()])
    if value is None or value is Ellipsis:
        return "..." if value is Ellipsis else "None"
    if isinstance(value, (str, np.dtype)):
        return clean(str(value))
    return value.__name__ if isinstance(value, type) else number(value)


def chosen(diagram: Diagram) -> Diagram:
    """Return the diagram with no more in it than the fields that are to be written.

    An operation's name stays, and so does that of a network's unit: it says what they are.
    """
    hidden: dict[str, Any] = {f: EMPTY[f] for f in FIELDS if f not in diagram.fields}
    hidden |= {tiles: () for field, tiles in TILES.items() if field in hidden}
    unnamed = {key: value for key, value in hidden.items() if key != "name"}
    vertices = tuple(
        v if v.kind == "cotangent" else replace(v, **(hidden if v.kind in NAMED else unnamed))
        for v in diagram.vertices
    )
    return replace(diagram, vertices=vertices) if hidden else diagram


def lines(vertex: Vertex) -> list[Line]:
    """Return what is written in a vertex, top to bottom, clean."""
    found = [Line("title", clean(vertex.name))] if vertex.name else []
    about = " ".join(filter(None, [vertex.shape, vertex.dtype]))
    notes = [*([about] if about else []), *vertex.notes, *vertex.rule]
    notes += [f"at {vertex.place}"] if vertex.place else []
    found += [Line("note", clean(note, 60)) for note in notes]
    value = [clean(row, 80) for row in vertex.value]
    gradient = [clean(row, 80) for row in vertex.gradient]
    gradient = [f"{'    ' if index else 'grad'} {row}" for index, row in enumerate(gradient)]
    wide = max(map(len, value), default=0)
    if len(gradient) == len(value) and wide + max(map(len, gradient), default=0) <= WIDEST:
        pairs = zip(value, gradient, strict=True)
        found += [Line("value", f"{row:{wide}}  ", beside) for row, beside in pairs]
    else:
        found += [Line("value", row) for row in value]
        found += [Line("value", "", row) for row in gradient]
    found += [Line("value", clean(row, 80)) for row in vertex.jacobian]
    heats = _miniatures(vertex)
    return found + ([Line("tiles", "", heats=heats)] if heats else [])


def _miniatures(vertex: Vertex) -> tuple[Heat, ...]:
    """Return the arrays that the text does not show in full."""
    shown = ((vertex.value, vertex.value_heat), (vertex.gradient, vertex.gradient_heat))
    large = [tiles for rows, tiles in shown if len(rows) == 1 and _tiles(tiles) > MOST_COLUMNS]
    return tuple(large) + ((vertex.jacobian_heat,) if vertex.jacobian_heat else ())


def _tiles(heat: Heat) -> int:
    return sum(map(len, heat))


def strips(line: Line) -> tuple[Heat, ...]:
    """Return the miniatures of a line, each in at most 8 rows and columns."""
    return tuple(map(_smaller, line.heats))


def _smaller(heat: Heat) -> Heat:
    rows, columns = -(-len(heat) // MOST_DRAWN), -(-max(map(len, heat)) // MOST_DRAWN)
    if rows == columns == 1:
        return heat
    return tuple(
        tuple(
            _mean([number for row in heat[y : y + rows] for number in row[x : x + columns]])
            for x in range(0, len(heat[y]), columns)
        )
        for y in range(0, len(heat), rows)
    )


def _mean(numbers: list[float | None]) -> float | None:
    known = [number for number in numbers if number is not None]
    return sum(known) / len(known) if len(known) == len(numbers) else None


def extent(line: Line) -> tuple[float, float]:
    """Return the width and height in points of a line of tiles."""
    drawn = strips(line)
    wide = sum(max(map(len, heat)) for heat in drawn) + 2 * (len(drawn) - 1)
    return float(TILE * wide), float(TILE * max(map(len, drawn)))


def text_width(line: Line) -> float:
    """Return a width in points that the line keeps within, in Helvetica as in DejaVu (wider)."""
    if line.role == "tiles":
        return extent(line)[0]
    if line.role == "value":
        text = line.text + line.gradient
        return SIZES["value"] * sum(0.61 if c.isascii() else max(0.61, _em(c)) for c in text)
    bold = 1.12 if line.role == "title" else 1.0
    return bold * plain_width(line.text, SIZES[line.role])


def plain_width(text: str, size: float) -> float:
    """Return a width in points that a text of a size keeps within."""
    return size * sum(map(_em, text))


def _is_wide(character: str) -> bool:
    return east_asian_width(character) in "WF"


def _em(character: str) -> float:
    """Return an upper bound of a letter's width, in units of its size (tested against DejaVu)."""
    if character in " .,:;'|!()[]fijlrtI/\\-":
        return 0.46
    if character in "mwMW@%#&^—…+=<>~×":
        return 1.02
    if not character.isascii():
        return _em_elsewhere(character)
    return 0.79 if character.isupper() else 0.66


def _em_elsewhere(character: str) -> float:
    """Return an upper bound for a letter outside ASCII, in whatever font there is for it."""
    if "\ufdf0" <= character <= "\ufdfd":  # whole phrases in one character
        return 12.0 if character == "\ufdfd" else 3.0
    if character > "\uffff":  # emoji, and scripts that few fonts have
        return 1.05 if "\U00020000" <= character < "\U00030000" else 2.0
    return 1.05 if _is_wide(character) or character > "\u0530" else 0.9


def label_size(vertex: Vertex) -> tuple[float, float]:
    """Return the width and height in points of a vertex's text."""
    written = lines(vertex)
    return (
        max((text_width(line) for line in written), default=0.0),
        sum(map(line_height, written)),
    )


def line_height(line: Line) -> float:
    """Return the height in points that a line takes."""
    return extent(line)[1] + 4 if line.role == "tiles" else SIZES[line.role] * LINE_HEIGHT
