"""IDX files, the format that MNIST comes in: images in one, their labels in another beside it."""

from __future__ import annotations

import math
import os
import re
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .files import LARGEST
from .streams import content, opened

Array = NDArray[Any]

TYPES: Final = {0x08: "u1", 0x09: "i1", 0x0B: "i2", 0x0C: "i4", 0x0D: "f4", 0x0E: "f8"}
MOST_DIMENSIONS: Final = 8


def read_idx(path: str | os.PathLike[str], *, largest: int = LARGEST) -> Array:
    """Read one array from an IDX file, plain or gzip.

    The format: two zero bytes, a byte for the dtype (0x08 uint8, 0x09 int8, 0x0B int16, 0x0C
    int32, 0x0D float32, 0x0E float64), a byte for the number of dimensions, every dimension as a
    big-endian uint32, then the numbers, big-endian, the last index fastest.

    Parameters
    ----------
    path
        For instance ``train-images-idx3-ubyte.gz``.
    largest
        Most bytes that the array may have.

    Returns
    -------
    The array in its own shape and dtype, in this machine's byte order.

    Raises
    ------
    OSError
        When the file is not there or may not be read.
    ValueError
        When it is no IDX file, has fewer or more bytes than it declares, or declares more than
        `largest`.
    """
    name = repr(os.fspath(path))
    with opened(path) as stream:
        magic = content(stream, 4)
        known = magic[2] in TYPES and 1 <= magic[3] <= MOST_DIMENSIONS if len(magic) == 4 else False
        if magic[:2] != b"\0\0" or not known:
            raise ValueError(
                f"{name} is no IDX file (it begins with {bytes(magic).hex(' ') or 'nothing'}, "
                "expected 00 00, a dtype from 08 to 0e and a number of dimensions)"
            )
        dtype = np.dtype(TYPES[magic[2]])
        sizes = content(stream, 4 * magic[3])
        if len(sizes) < 4 * magic[3]:
            raise ValueError(f"{name} is truncated: it ends inside its header; fetch it again")
        shape = tuple(np.frombuffer(sizes, ">u4").tolist())
        count = math.prod(shape) * dtype.itemsize
        told = f"{name} declares shape {shape} of {dtype}, {count:,} bytes"
        if count > largest:
            raise ValueError(f"{told}, more than {largest:,}, the most that is read")
        values = content(stream, count)
        if len(values) < count:
            raise ValueError(f"{told}, and has {len(values):,}: truncated; fetch it again")
        if stream.read(1):
            raise ValueError(f"{told}, and has more: damaged; fetch it again")
    numbers = np.frombuffer(values, dtype.newbyteorder(">")).reshape(shape)
    return numbers.astype(dtype, copy=False)


def idx_pair(path: str | os.PathLike[str]) -> tuple[Path, Path]:
    """Find images and labels that belong together, by their names.

    Parameters
    ----------
    path
        The file of images or that of labels, called ``...images-idx3-ubyte`` and
        ``...labels-idx1-ubyte`` (with .gz or without, a dot before idx is fine too); or the
        folder that holds both, where ``train-...`` is taken if there are more.

    Returns
    -------
    images, labels

    Raises
    ------
    OSError
        When the path is not there.
    ValueError
        When there are none, several, or one without the other.
    """
    path = Path(path)
    path.stat()  # raises for what is not there: that is no matter of pairs
    images = _in_folder(path) if path.is_dir() else _other(path, "labels", "images") or path
    labels = _other(images, "images", "labels")
    if labels is None:
        raise ValueError(
            f"{os.fspath(path)!r} has no 'images' in its name to find the labels by; call the "
            "files NAME-images-idx3-ubyte and NAME-labels-idx1-ubyte"
        )
    for file, other in ((images, labels), (labels, images)):
        if not file.exists():
            raise ValueError(
                f"{os.fspath(file)!r} is not there, which belongs to {other.name!r}; put both into "
                "one folder"
            )
    return images, labels


def _other(file: Path, one: str, two: str) -> Path | None:
    """The file beside this one, called `two` where this is called `one`; packed or not."""
    start, found, end = file.name.rpartition(one)
    if not found:
        return None
    endings = ["", ".gz"] if file.suffix != ".gz" else [".gz", ""]
    dimensions = "1" if two == "labels" else "324"
    names = [re.sub(r"idx\d+", f"idx{k}", start + two + end) for k in dimensions]
    beside = [file.with_name(name.removesuffix(".gz") + e) for name in names for e in endings]
    return next((each for each in beside if each.exists()), beside[0])


def _in_folder(folder: Path) -> Path:
    """The images in a folder; of a file and the same packed, the file."""
    found: dict[str, Path] = {}
    for file in sorted(folder.iterdir()):
        if re.search(r"images.*(idx|ubyte)", file.name) and file.is_file():
            found.setdefault(file.name.removesuffix(".gz"), file)
    chosen = [name for name in found if "train" in name] if len(found) > 1 else [*found]
    if len(chosen) != 1:
        told = f"{len(found)} files of images ({', '.join([*found][:4])})" if found else "no images"
        raise ValueError(
            f"{os.fspath(folder)!r} is a folder with {told}; give one file, or a folder with "
            "train-images-idx3-ubyte and train-labels-idx1-ubyte"
        )
    return found[chosen[0]]
