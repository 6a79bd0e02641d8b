"""A user's file, plain or gzip, read piece by piece and within bounds.

What a file declares costs nothing until its bytes are there: nothing is allocated ahead, and a
gzip that unpacks without end is left as soon as it passes a bound.
"""

from __future__ import annotations

import io
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, Final

from .files import LARGEST, PIECE, regular

GZIP: Final = b"\x1f\x8b"
# A table of numbers shrinks to a tenth, pictures that are mostly paper to a hundredth, and a file
# made to fill a machine to a thousandth.
MOST_RATIO: Final = 250
FREE: Final = 2**24
"""So much may come out of any file, whatever its ratio."""
MOST_MEMBERS: Final = 100_000


@contextmanager
def opened(path: str | os.PathLike[str], largest: int = LARGEST) -> Iterator[BinaryIO]:
    """Open a file to read what is in it, unpacked where it is gzip.

    Parameters
    ----------
    path
        The file; whether it is gzip is seen in its first bytes.
    largest
        Most bytes that are read, unpacked.

    Raises
    ------
    OSError
        When it is not there or may not be read.
    ValueError
        When it is no file, or too large; while it is read: when the gzip is truncated, damaged,
        or unpacks to more than `largest` bytes or `MOST_RATIO` times its size.
    """
    name = repr(os.fspath(path))
    with regular(path, largest).open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        packed = file.read(2) == GZIP
        file.seek(0)
        if not packed:
            yield file
            return
        raw = _Unpacked(file, name, min(largest, max(FREE, MOST_RATIO * size)))
        with io.BufferedReader(raw, PIECE) as unpacked:
            yield unpacked


def content(stream: BinaryIO, count: int) -> bytearray:
    """Read `count` bytes, fewer at the end of the file; only what is there takes memory."""
    found = bytearray()
    while len(found) < count and (piece := stream.read(min(PIECE, count - len(found)))):
        found += piece
    return found


class _Unpacked(io.RawIOBase):
    """The bytes that a gzip file holds, member after member."""

    def __init__(self, file: BinaryIO, name: str, largest: int) -> None:
        self._file, self._name, self._left, self._largest = file, name, largest, largest
        self._inflate, self._members, self._packed = zlib.decompressobj(31), 1, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        while True:
            if self._inflate.eof and not self._another():
                return 0
            if not self._packed and not (packed := self._file.read(PIECE)):
                raise ValueError(f"{self._name} is a truncated gzip file; fetch it again")
            self._packed = self._packed or packed
            try:
                found = self._inflate.decompress(self._packed, len(view))
            except zlib.error as error:
                raise ValueError(f"{self._name} is a damaged gzip file ({error})") from error
            self._packed = self._inflate.unconsumed_tail
            if found:
                return self._into(view, found)

    def _into(self, view: memoryview, found: bytes) -> int:
        self._left -= len(found)
        if self._left < 0:
            raise ValueError(
                f"{self._name} unpacks to more than {self._largest:,} bytes, a compression bomb? "
                "Give a smaller file, or, if you trust it, the file unpacked"
            )
        view[: len(found)] = found
        return len(found)

    def _another(self) -> bool:
        """Begin the next member of the file; False when there is none."""
        rest = self._inflate.unused_data
        while not (rest := rest.lstrip(b"\0")):  # tapes pad with zeros
            if not (rest := self._file.read(PIECE)):
                return False
        self._members += 1
        if self._members > MOST_MEMBERS:
            raise ValueError(f"{self._name} has more than {MOST_MEMBERS:,} gzip members")
        self._inflate, self._packed = zlib.decompressobj(31), rest
        return True
