"""Words on a terminal: any encoding, one line an error, tables that stay aligned.

A terminal may speak cp936, cp1252 or plain ASCII, and none of them knows every letter of the
note. What the stream can not encode is said in letters that it can (δ becomes delta), by an error
handler of the stream itself, so that nothing printed by anyone can crash.
"""

from __future__ import annotations

import codecs
import io
import json
import os
import re
import shlex
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

HANDLER = "autograd_mini.spell_out"

SPELLED = {
    "α": "alpha", "β": "beta", "δ": "delta", "Δ": "Delta", "ε": "eps", "θ": "theta", "Θ": "Theta",
    "λ": "lambda", "Σ": "sum", "∂": "d", "√": "sqrt", "‖": "||", "¬": "not ",
    "−": "-", "–": "-", "—": "-", "─": "-", "│": "|", "┼": "+", "·": ".", "•": "*", "×": "x",
    "≤": "<=", "≥": ">=", "≈": "~", "≠": "!=", "→": "->", "…": "...", "ᵀ": "^T", "µ": "u",
    "²": "^2", "✓": "ok", "✗": "FAILED", "█": "#",
}  # fmt: skip


def spelled(text: str) -> str:
    """Text in ASCII: Greek letters by name, é as e, and what has no name as its code."""
    return "".join(_ascii(character) for character in text)


def _ascii(character: str) -> str:
    if character.isascii():
        return character
    if character in SPELLED:
        return SPELLED[character]
    plain = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    return plain or character.encode("ascii", "backslashreplace").decode()


def _spell_out(error: UnicodeError) -> tuple[str, int]:
    """Stand in for what a stream can not encode (a codec's error handler)."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return spelled(error.object[error.start : error.end]), error.end


@contextmanager
def any_encoding() -> Iterator[None]:
    """Let the standard streams spell out what they can not encode, and leave them as they were."""
    codecs.register_error(HANDLER, _spell_out)
    before = []
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            before.append((stream, stream.errors))
            stream.reconfigure(errors=HANDLER)
    try:
        yield
    finally:
        for stream, errors in before:
            if not stream.closed:
                stream.reconfigure(errors=errors)


def one_line(text: object) -> str:
    """Text on one line, with nothing in it that could move the cursor or hide letters."""
    return printable(re.sub(r"\s*\n\s*", " ", str(text).strip()))


def printable(text: str) -> str:
    """Text with every character that a terminal would obey, and not show, as its code."""
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text
    )


def shown(path: str | os.PathLike[str]) -> str:
    """Return a path as it may be printed."""
    return printable(os.fspath(path))


def quoted(path: str | os.PathLike[str]) -> str:
    """Return a path as it may be printed inside a command, in quotes where a shell needs them."""
    text = shown(path)
    if re.fullmatch(r"[\w./\\:+-]+" if os.name == "nt" else r"[\w./+-]+", text):
        return text
    return f'"{text}"' if os.name == "nt" else shlex.quote(text)


def width(text: str) -> int:
    """How many columns a terminal gives a text: wide letters two, combining marks none."""
    return sum(
        0 if unicodedata.combining(c) else 1 + (unicodedata.east_asian_width(c) in "WF")
        for c in text
    )


class Output:
    """Where a sub-command puts what it found: lines for a person, or one JSON object."""

    def __init__(self, as_json: bool = False, stream: TextIO | None = None) -> None:
        self.as_json = as_json
        self.stream = stream or sys.stdout or io.StringIO()  # a process may have none
        self.found: dict[str, Any] = {}
        terminal = self.stream.isatty() and os.environ.get("TERM") != "dumb"
        self.bold = terminal and not os.environ.get("NO_COLOR")

    def line(self, text: str = "") -> None:
        """Print one line; not with --json."""
        if not self.as_json:
            print(text, file=self.stream, flush=True)

    def item(self, label: str, text: str) -> None:
        """Print a label and what belongs to it, the labels in one column."""
        label = self.encodable(label)
        start = label + " " * (max(12 - width(label), 1))
        self.line((f"\033[1m{start}\033[0m" if self.bold else start) + text)

    def table(self, rows: Sequence[Sequence[object]], left: int = 1, indent: int = 12) -> None:
        """Print rows with aligned columns: the first `left` of them to the left, others right."""
        cells = [[self.encodable(str(cell)) for cell in row] for row in rows]
        columns = max(map(len, cells), default=0)
        widths = [max(width(row[k]) for row in cells if k < len(row)) for k in range(columns)]
        for row in cells:
            padded = []
            for k, (cell, most) in enumerate(zip(row, widths, strict=False)):
                space = " " * (most - width(cell))
                padded.append(cell + space if k < left else space + cell)
            self.line((" " * indent + "  ".join(padded)).rstrip())

    def encodable(self, text: str) -> str:
        """Text as the stream will show it, so that its length is known."""
        encoding = getattr(self.stream, "encoding", None) or "utf-8"
        return text.encode(encoding, HANDLER).decode(encoding)

    def record(self, **found: Any) -> None:
        """Keep facts for --json."""
        self.found |= found

    def finish(self) -> None:
        """Print the JSON object, when that was asked for; in ASCII, for every terminal."""
        if self.as_json:
            print(json.dumps(self.found, indent=1, default=_plain), file=self.stream, flush=True)


def _plain(value: Any) -> Any:
    """Return NumPy's numbers and arrays, and paths, as JSON knows them."""
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} has no JSON form")
