"""Where a person wrote what made a node, and which arrays entered the graph there."""

from __future__ import annotations

import linecache
import os
import sys
import zlib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, Final

import numpy as np

from .graph import Node

__all__ = ["Place", "check_unchanged", "fingerprints", "here", "where"]

INSIDE: Final = tuple(f"{Path(path).parent}{os.sep}" for path in (__file__, np.__file__))
"""Frames of these folders are no user's: ours, and NumPy's, which calls us back."""


class Place(str):
    """Where: "file:line"; with the source and the checksums of the arrays that entered there."""

    __slots__ = ("file", "number", "prints")

    file: str
    number: int
    prints: tuple[int | None, ...]

    @property
    def line(self) -> str:
        """The source, where Python can find it."""
        return linecache.getline(self.file, self.number).strip()


def where(place: str | None) -> str:
    """Return " at file:line: 'the source'", or nothing for a place that is not known."""
    line = place.line if isinstance(place, Place) else ""
    return "" if place is None else f" at {place}: {line!r}" if line else f" at {place}"


def here() -> Place | None:
    """Return "file:line" of the innermost frame that is a user's."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and _is_inside(frame.f_code):
        frame = frame.f_back
    if frame is None:
        return None
    file, number = frame.f_code.co_filename, frame.f_lineno
    place = Place(f"{_shown(file)}:{number}")
    place.file, place.number, place.prints = file, number, ()
    return place


@lru_cache(maxsize=4096)
def _is_inside(code: CodeType) -> bool:
    return code.co_filename.startswith(INSIDE)


def _shown(file: str) -> str:
    """Return a file's name; of a notebook's cell, which is a temporary file, "In[3]"."""
    python = sys.modules.get("IPython")
    shell = python.get_ipython() if python is not None else None
    name = getattr(getattr(shell, "compile", None), "format_code_name", None)
    cell = name(file) if name is not None else None
    return file if cell is None else str(cell[1])


# -- checksums


def _arrays(node: Node) -> Iterator[tuple[str, Any]]:
    """Yield what an operation's rules will read: its borrowed arrays, and its own result."""
    for k, parent in enumerate(node.inputs):
        if parent.op is None:
            yield parent.name or f"argument {k + 1}", parent.value
    for key, option in node.metadata.items():
        for one in option if isinstance(option, (tuple, list)) else (option,):
            yield "the index" if key == "key" else f"{key}=", one
    yield "the result", node.value


def fingerprints(node: Node) -> tuple[int | None, ...]:
    """Return the checksums of what a node's rules will read."""
    return tuple(_fingerprint(array) for _, array in _arrays(node))


def _fingerprint(array: Any) -> int | None:
    """Return the CRC-32 of an array's bytes; None for what can not change, or is gone."""
    if type(array) is not np.ndarray:
        return None
    if array.dtype.itemsize > (16 if array.dtype.kind == "c" else 8):
        array = array.astype(complex if array.dtype.kind == "c" else float)  # padding is no number
    return zlib.crc32(np.ascontiguousarray(array).data)


def check_unchanged(node: Node) -> None:
    """Raise if an array that a node's rules are going to read is not what it was.

    Raises
    ------
    RuntimeError
    """
    prints = getattr(node.place, "prints", ())
    if not prints:
        return
    for (what, array), before in zip(_arrays(node), prints, strict=False):
        if before is not None and _fingerprint(array) not in (before, None):
            label = node.op.label if node.op else ""
            cure = "give the graph a copy, x.copy(), or change a copy"
            if array is node.value:
                cure = "return a new array from that function, not one that it writes again"
            raise RuntimeError(
                f"{what} of {label}, an array of shape {array.shape}, was changed after it entered "
                f"the graph{where(node.place)}: derivatives would be of other numbers; {cure}"
            )
