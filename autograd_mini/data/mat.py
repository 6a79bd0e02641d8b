"""MATLAB 5 files, those that MATLAB and Octave write with ``save -v6`` or ``-v7``, through SciPy.

A .mat file can declare sizes that no machine has, unpack to a thousand times its size, and hold
objects. So every variable is looked at before SciPy is: what it is, whether its sizes agree with
the bytes that are there. SciPy then reads a copy, unpacked, of the wanted variables alone.
"""

from __future__ import annotations

import math
import os
import struct
import warnings
import zlib
from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .files import LARGEST, read

Array = NDArray[Any]

HEADER: Final = b"MATLAB 5.0 MAT-file".ljust(124)
MATRIX, COMPRESSED = 14, 15
# Bytes of a number, by the type that a data element declares.
SIZES: Final = {1: 1, 2: 1, 3: 2, 4: 2, 5: 4, 6: 4, 7: 4, 9: 8, 12: 8, 13: 8}
NUMERIC: Final = range(6, 16)
KINDS: Final = {
    1: "a cell array", 2: "a struct", 3: "an object", 4: "text", 5: "a sparse matrix",
    16: "a function", 17: "an object",
}  # fmt: skip
EXECUTABLE: Final = (3, 16, 17)
MOST_VARIABLES: Final = 10_000
HEAD: Final = 1_024
"""Bytes in which the head of a variable must end: its class, dimensions and name."""


def read_mat(
    path: str | os.PathLike[str], names: Iterable[str], *, largest: int = LARGEST
) -> dict[str, Array]:
    """Read numeric variables from a MATLAB 5 file.

    Parameters
    ----------
    path
        Written by MATLAB, by Octave (``save -v7 mine.mat X y``), or by `scipy.io.savemat`.
    names
        Variables to read; what is not in the file is left out.
    largest
        Most bytes that they may have together, as they are stored and as float64.

    Returns
    -------
    Arrays by name, of at least two dimensions, as MATLAB has them.

    Raises
    ------
    OSError
        When the file is not there or may not be read.
    ImportError
        When SciPy is not installed.
    ValueError
        When it is no MATLAB 5 file, is truncated or damaged, holds objects or functions, or a
        wanted variable is no real array of numbers. Nothing in it is executed.
    """
    told = repr(os.fspath(path))
    content = memoryview(read(path, wanted="a .mat file"))
    try:
        order = _byte_order(content[:128])
        wanted = _wanted(content, order, {*names}, largest)
    except _MatError as error:
        raise ValueError(f"{told}: {error}") from error
    except (struct.error, zlib.error) as error:
        raise ValueError(f"{told}: truncated or damaged ({error}); copy it again") from error
    if not wanted:
        return {}
    # Not the file's own header: with a zero in it SciPy would take the file for one of MATLAB 4.
    header = HEADER + content[124:128].tobytes()
    plain = b"".join([header, *(part for parts in wanted.values() for part in parts)])
    return _loaded(told, plain, [*wanted])


def _loaded(told: str, plain: bytes, names: list[str]) -> dict[str, Array]:
    try:
        from scipy.io import loadmat
    except ImportError as error:
        raise ImportError(
            f'{told} needs SciPy to be read: pip install "autograd-mini[scipy]"'
        ) from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            found = loadmat(BytesIO(plain), variable_names=[*names])
        return {name: np.asarray(found[name]) for name in names}
    except Exception as error:  # SciPy raises whatever a damaged file makes it stumble over
        raise ValueError(f"{told} can not be read by SciPy ({str(error)[:200]})") from error


class _MatError(Exception):
    """A file can not be read, for a reason that is known."""


class _Head(NamedTuple):
    """What the head of a variable says."""

    name: str
    kind: int
    is_complex: bool
    shape: tuple[int, ...]
    end: int


def _byte_order(header: memoryview) -> str:
    """Look at the first 128 bytes; which end of a number comes first in the file."""
    begin, cure = header[:16].tobytes(), "in MATLAB and Octave write save -v7 mine.mat X y"
    if begin.startswith(b"\x89HDF") or b"MATLAB 7.3" in begin:
        raise _MatError(f"a MATLAB 7.3 file (HDF5), which is not read; {cure}")
    if begin.startswith((b"# Created by Oct", b"# Octave")):
        raise _MatError(f"Octave's own text format, which is not read; {cure}")
    mark = header[124:].tobytes()
    if mark not in (b"\x00\x01IM", b"\x01\x00MI"):
        raise _MatError(f"no MATLAB 5 file; {cure}")
    return "<" if mark.endswith(b"IM") else ">"


def _wanted(
    content: memoryview, order: str, names: set[str], largest: int
) -> dict[str, tuple[bytes, bytes]]:
    """Every wanted variable, looked through and unpacked, as a tag and what follows it."""
    found: dict[str, tuple[bytes, bytes]] = {}
    left = largest
    for body in _variables(content, order):
        head = _head(body.start, order)
        if head.kind in EXECUTABLE:
            raise _MatError(
                f"variable {head.name[:40]!r} is {KINDS[head.kind]}, which is not read; save the "
                "numbers alone: save -v7 mine.mat X y"
            )
        if head.name not in names:
            continue
        if head.kind not in NUMERIC or head.is_complex:
            kind = "complex" if head.is_complex else KINDS.get(head.kind, "of an unknown class")
            raise _MatError(f"variable {head.name!r} is {kind}; save an array of real numbers")
        if head.name in found:
            raise _MatError(f"variable {head.name!r} is there twice; save it once")
        left -= max(body.length, 8 * math.prod(head.shape))
        if left < 0:
            raise _MatError(
                f"variable {head.name!r} declares shape {head.shape}, more than {largest:,} bytes"
            )
        element = body.all()
        _check_numbers(element, head, order)
        found[head.name] = struct.pack(f"{order}II", MATRIX, len(element)), element
    return found


class _Body:
    """What a variable consists of, unpacked no further than it is asked for."""

    def __init__(self, content: memoryview, order: str, packed: bool) -> None:
        self.content, self.packed = content, packed
        if packed:
            start = zlib.decompressobj().decompress(content, HEAD + 8)
            kind, self.length = struct.unpack_from(f"{order}II", start)
            if kind != MATRIX:
                raise _MatError("damaged: what is compressed is no variable")
            self.start = start[8:]
        else:
            self.length, self.start = len(content), content[:HEAD].tobytes()

    def all(self) -> bytes:
        if not self.packed:
            return self.content.tobytes()
        inflate = zlib.decompressobj()
        element = inflate.decompress(self.content, self.length + 8)[8:]
        rest = inflate.decompress(inflate.unconsumed_tail, 1) if not inflate.eof else b""
        if len(element) < self.length or rest or not inflate.eof:
            raise _MatError("truncated or damaged: a variable is not as long as it declares")
        return element


def _variables(content: memoryview, order: str) -> Iterator[_Body]:
    """Variables of the file, one after the other."""
    at, count = 128, 0
    while at < len(content):
        count += 1
        if count > MOST_VARIABLES:
            raise _MatError(f"more than {MOST_VARIABLES:,} variables; save X and y alone")
        if len(content) - at < 8:
            raise _MatError("truncated: it ends inside a variable")
        kind, length = struct.unpack_from(f"{order}II", content, at)
        if kind not in (MATRIX, COMPRESSED):
            raise _MatError(f"damaged: an element of type {kind} where a variable should begin")
        if length > len(content) - at - 8:
            left = len(content) - at - 8
            raise _MatError(f"truncated: a variable declares {length:,} bytes, {left:,} are left")
        yield _Body(content[at + 8 : at + 8 + length], order, kind == COMPRESSED)
        at += 8 + length


def _element(data: bytes, at: int, order: str) -> tuple[int, int, int, int]:
    """Type of a data element, where its bytes begin and end, and where the next one begins."""
    kind, length = struct.unpack_from(f"{order}II", data, at)
    if kind >> 16:  # up to four bytes stand inside the tag
        kind, length = kind & 0xFFFF, kind >> 16
        if length > 4:
            raise _MatError("damaged: a small element of more than 4 bytes")
        return kind, at + 4, at + 4 + length, at + 8
    begin = at + 8
    return kind, begin, begin + length, begin + length + -length % 8


def _head(data: bytes, order: str) -> _Head:
    """Class, dimensions and name of a variable."""
    flags, begin, end, at = _element(data, 0, order)
    if flags != 6 or end - begin != 8:
        raise _MatError("damaged: a variable without its class")
    (bits,) = struct.unpack_from(f"{order}I", data, begin)
    if bits & 0xFF == 17:  # has no dimensions: names follow
        return _Head("", 17, False, (), at)
    kind, begin, end, at = _element(data, at, order)
    count = (end - begin) // 4
    if kind != 5 or (end - begin) % 4 or not 2 <= count <= 8:
        raise _MatError("damaged: a variable without its dimensions")
    shape = struct.unpack_from(f"{order}{count}i", data, begin)
    kind, begin, end, at = _element(data, at, order)
    if kind not in (1, 2, 16) or min(shape) < 0 or end > len(data) or end > HEAD:
        raise _MatError("damaged: a variable without its name")
    name = data[begin:end].decode("latin1")
    return _Head(name, bits & 0xFF, bool(bits & 0x800), shape, at)


def _check_numbers(element: bytes, head: _Head, order: str) -> None:
    """Raise when a variable has not exactly as many bytes as its dimensions need."""
    kind, begin, end, after = _element(element, head.end, order)
    need = math.prod(head.shape) * SIZES.get(kind, 0)
    if kind not in SIZES or end - begin != need or end > len(element) or after < len(element):
        found = min(end, len(element)) - begin
        raise _MatError(
            f"damaged: variable {head.name!r} declares shape {head.shape} and has {found:,} "
            f"bytes of type {kind}"
        )
