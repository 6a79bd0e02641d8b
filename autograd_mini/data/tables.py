"""Tables of numbers as text: CSV from a spreadsheet or another program, a line an example."""

from __future__ import annotations

import csv
import io
import os
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .files import LARGEST
from .streams import opened

Array = NDArray[Any]

SEPARATORS: Final = ",;\t"
LABELS: Final = ("label", "y", "class", "target", "digit")
MOST_LETTERS: Final = 2**24
"""In a line: a million features."""
MOST_EMPTY: Final = 1_000


def read_table(
    path: str | os.PathLike[str], label: str | None = None, *, largest: int = LARGEST
) -> tuple[Array, Array]:
    """Read examples from a text file: a line an example, a column of it the label.

    Columns are separated by commas, semicolons, tabs or blanks, whichever the first line has. A
    first line of names is seen by itself. The file may be gzip.

    Parameters
    ----------
    path
        The file, UTF-8.
    label
        Name of the label's column, or its number from 1. None: the one called label, y, class,
        target or digit, or else the last.
    largest
        Most bytes of numbers that are read.

    Returns
    -------
    X (m, features) and y (m,), float64.

    Raises
    ------
    OSError
        When the file is not there or may not be read.
    ValueError
        For what is no finite number, no whole label, or lines of different length, with the number
        of the line; for bytes that are no text, and a file that is too large.
    """
    with _opened(path) as table:
        return table.labelled(label, largest // 8)


def read_rows(path: str | os.PathLike[str], *, largest: int = LARGEST) -> Array:
    """Read a text file of numbers that are all features: no column of it is a label.

    Returns
    -------
    X (m, features), float64.

    Raises
    ------
    OSError, ValueError
        As `read_table`.
    """
    with _opened(path) as table:
        table.begin(labels=False)
        return table.numbers(largest // 8)


@contextmanager
def _opened(path: str | os.PathLike[str]) -> Iterator[_Table]:
    told = repr(os.fspath(path))
    try:
        with opened(path) as stream, io.TextIOWrapper(stream, encoding="utf-8-sig") as text:
            yield _Table(told, text)
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{told} is no UTF-8 text ({error.reason}); save it as CSV in UTF-8, or end its name "
            "in .npz or .mat if it is one"
        ) from error


class _Table:
    """The lines of a file, and how they are cut into cells."""

    def __init__(self, told: str, text: io.TextIOWrapper) -> None:
        self.told, self.text = told, text
        self.number, self.separator, self.width = 0, ",", 0
        self.names: list[str] | None = None
        self.places = array("q")
        """The line that each row stands in."""

    def begin(self, labels: bool) -> None:
        """Look at the first line: what separates its cells, and whether they are names."""
        self.rest = self.lines()
        self.first = next(self.rest, "")
        if not self.first:
            raise ValueError(f"{self.told} is empty; write a line an example, its label last")
        counts = [self.first.count(mark) for mark in SEPARATORS]
        self.separator = SEPARATORS[counts.index(max(counts))] if any(counts) else ""
        cells = self.cells(self.first)
        self.width = len(cells)
        if self.is_header(cells, labels):
            self.names, self.first = cells, ""

    def labelled(self, label: str | None, most: int) -> tuple[Array, Array]:
        """Read features and labels."""
        self.begin(labels=True)
        column = self.column(label, self.names, self.width)
        if self.width < 2:
            raise self.error("has one column; give features and a label, separated by commas")
        table = self.numbers(most)
        y = table[:, column].copy()
        bad = (y != np.round(y)) | (y < 0)
        if bad.any():
            row = int(bad.argmax())
            self.number = self.places[row]
            raise self.error(
                f"column {column + 1}: {y[row]:g} is no label; give whole numbers from 0 there, or "
                "say which column is the label"
            )
        return np.delete(table, column, axis=1), y

    def numbers(self, most: int) -> Array:
        """Read every line, all of it finite numbers."""
        values = array("d")
        if self.first:
            self.add(self.first, values)
        for line in self.rest:
            self.add(line, values)
            if len(values) > most:
                raise self.error(f"is beyond {most:,} numbers, the most that are read")
        if not self.places:
            raise ValueError(f"{self.told} has a line of names and no examples below it")
        table = np.frombuffer(values).reshape(-1, self.width)
        fine = np.isfinite(table)
        if not fine.all():
            row, wrong = divmod(int(fine.argmin()), self.width)
            self.number = self.places[row]
            raise self.error(f"column {wrong + 1}: {table[row, wrong]}; give finite numbers only")
        return table

    def lines(self) -> Iterator[str]:
        """Every line that is not empty; `number` is that of the last one given."""
        empty = 0
        while line := self.text.readline(MOST_LETTERS):
            self.number += 1
            if len(line) == MOST_LETTERS:
                raise self.error(f"has {MOST_LETTERS:,} letters or more; is this a table?")
            if "\0" in line:
                raise self.error("has bytes that are no text; give a CSV file")
            if line := line.strip(" \r\n"):
                yield line
            elif (empty := empty + 1) > MOST_EMPTY:
                raise self.error(f"is the {empty:,}th empty one; give a table without them")

    def cells(self, line: str) -> list[str]:
        if '"' in line:
            try:
                mark = self.separator or " "
                return next(csv.reader([line], delimiter=mark, skipinitialspace=True))
            except csv.Error as error:
                raise self.error(f"can not be read ({error})") from error
        return line.split(self.separator or None)

    def is_header(self, cells: list[str], labels: bool) -> bool:
        """Whether the first line has names: no numbers, or a label's name, or 0, 1, 2, ..."""
        plain = [not _is_number(cell) for cell in cells]
        if any(plain) and not cells[0].strip():
            raise self.error(
                "begins with a column that has no name, an index? Write the table without it"
            )
        if all(plain) or not labels:
            return all(plain)
        if any(cell.strip().lower() in LABELS for cell in cells):
            return True
        return len(cells) > 3 and [cell.strip() for cell in cells] == [
            str(k) for k in range(len(cells))
        ]

    def column(self, label: str | None, names: list[str] | None, width: int) -> int:
        """Where the label is."""
        known = [name.strip() for name in names or []]
        if label is None:
            found = [k for k, name in enumerate(known) if name.lower() in LABELS]
            if len(found) > 1:
                called = " and ".join(repr(known[k]) for k in found)
                raise self.error(f"has columns {called}; say which one is the label")
            return found[0] if found else width - 1
        if known.count(label) == 1:
            return known.index(label)
        if label.isascii() and label.isdigit() and 1 <= int(label[:9]) <= width:
            return int(label) - 1
        there = f"its columns are {', '.join(known[:8])}" if known else "it has no line of names"
        more = ", ..." * (len(known) > 8)
        raise ValueError(
            f"{self.told} has no one column {label!r} ({there}{more}); give one of them, or a "
            f"number from 1 to {width}"
        )

    def add(self, line: str, values: array[float]) -> None:
        cells = self.cells(line)
        if len(cells) != self.width:
            columns = f"{len(cells)} column{'s'[: len(cells) != 1]}"
            raise self.error(f"has {columns}, the first line {self.width}; give every line as many")
        try:
            if "_" in line:  # float() takes 1_000
                raise ValueError
            values.extend([float(cell) for cell in cells])
        except ValueError:
            wrong = next(k for k, cell in enumerate(cells) if not _is_number(cell))
            raise self.error(
                f"column {wrong + 1}: {cells[wrong].strip()[:40]!r} is no number; give numbers "
                "only, labels as 0, 1, 2, ..."
            ) from None
        self.places.append(self.number)

    def error(self, what: str) -> ValueError:
        return ValueError(f"{self.told}, line {self.number}: {what}")


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return "_" not in cell
