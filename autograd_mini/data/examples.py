"""A user's own examples: read from a file and looked through before anything is trained."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .course import course_examples
from .files import LARGEST, load_npz
from .idx import idx_pair, read_idx
from .streams import content, opened
from .tables import read_table

Array = NDArray[Any]

TEXTS: Final = ("csv", "tsv", "txt", "dat", "data")
MOST_VALUES: Final = LARGEST // 8
"""Numbers in X, which are float64 once they are read."""


def load_examples(
    path: str | os.PathLike[str], classes: int | None = None, *, label: str | None = None
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Read examples from a file in one of the formats below.

    ====== ========================================================================================
    IDX    MNIST's own, plain or .gz: ``train-images-idx3-ubyte``, whose labels are found beside it
           by name, or the folder of both. Pixels 0..255 become 0..1.
    .mat   The course's: X with images column by column, which become row by row, and y, where 10
           becomes 0. MATLAB 5, read through SciPy.
    .npz   Written by ``np.savez("mine.npz", X=X, y=y)``: X (m, features), or images (m, height,
           width); y (m,).
    .csv   A line an example (also .tsv, .txt, and .gz of them), with a line of names or without.
    ====== ========================================================================================

    Labels are whole numbers from 0, all values finite.

    Parameters
    ----------
    path
        The file, or a folder with IDX files. Which format it is, its name says, or else its first
        bytes.
    classes
        Number of classes, when it is known: labels must lie in 0..classes - 1.
    label
        For text: the name of the label's column, or its number from 1; None takes the one called
        label, y, class, target or digit, or else the last.

    Returns
    -------
    X (m, features) float64 and y (m,) int64.

    Raises
    ------
    OSError
        When the file is not there or may not be read.
    ImportError
        For a .mat file, when SciPy is not installed.
    ValueError
        When it is in none of these formats, is damaged, lacks X or y, or `check_examples` refuses
        what it holds. Nothing in it is executed, and no more memory is taken than it has data.
    """
    path = Path(path)
    kind = "idx" if path.is_dir() else _by_name(path.name) or _by_content(path)
    if label is not None and kind != "text":
        raise ValueError(f"{os.fspath(path)!r} has no columns to find label {label!r} in")
    X, y = read_table(path, label, largest=LARGEST) if kind == "text" else READERS[kind](path)
    try:
        return check_examples(X, y, classes)
    except ValueError as error:
        raise ValueError(f"{os.fspath(path)!r}: {error}") from error


def _by_name(name: str) -> str | None:
    """The format that a name tells."""
    stem = name.lower().removesuffix(".gz")
    ending = stem.rpartition(".")[2]
    if stem != name.lower() and ending in READERS:
        raise ValueError(f"{name!r} is packed twice; unpack it once, to {name[:-3]!r}")
    if re.search(r"idx\d|\.idx$", stem):
        return "idx"
    return ending if ending in {"npz", "mat"} else "text" if ending in TEXTS else None


def _by_content(path: Path) -> str:
    """The format that the first bytes tell; text where they tell none."""
    with opened(path) as stream:
        start = bytes(content(stream, 128))
    name = repr(os.fspath(path))
    if start.startswith(b"\0\0"):
        return "idx"
    if start.startswith(b"PK"):
        return "npz"
    if start.startswith(b"\x93NUMPY"):
        raise ValueError(f'{name} holds one array; write both: np.savez("mine.npz", X=X, y=y)')
    if start.startswith(b"\x80"):
        raise ValueError(
            f"{name} looks like a Python pickle, which could run anything and is not read; "
            'write np.savez("mine.npz", X=X, y=y)'
        )
    is_mat = start[124:] in (b"\x00\x01IM", b"\x01\x00MI") or start.startswith(b"\x89HDF")
    return "mat" if is_mat else "text"


def _idx(path: Path) -> tuple[Array, Array]:
    images, labels = idx_pair(path)
    X, y = read_idx(images, largest=MOST_VALUES), read_idx(labels, largest=MOST_VALUES)
    if y.ndim != 1 or X.ndim < 2:
        raise ValueError(
            f"{os.fspath(images)!r} has shape {X.shape} and {os.fspath(labels)!r} {y.shape}; "
            "expected images (m, height, width) and labels (m,)"
        )
    if X.dtype != np.uint8:
        return X, y
    pixels = X.astype(np.float64)
    pixels /= 255
    return pixels, y


def _npz(path: Path) -> tuple[Array, Array]:
    arrays = load_npz(path)
    missing = [name for name in ("X", "y") if name not in arrays]
    if missing:
        raise ValueError(
            f"{os.fspath(path)!r} has no array {' and no '.join(missing)} "
            f"(it holds {', '.join(sorted(arrays)[:8]) or 'nothing'}); "
            'write it with np.savez("mine.npz", X=X, y=y)'
        )
    return arrays["X"], arrays["y"]


READERS: Final = {"idx": _idx, "npz": _npz, "mat": course_examples}


def check_examples(
    X: NDArray[Any], y: NDArray[Any], classes: int | None = None
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Look examples through, and give them as a network takes them.

    Returns
    -------
    X (m, features) float64, X itself when it is that already, and y (m,) int64.

    Raises
    ------
    ValueError
        When X is not a table of finite real numbers, y not one whole number an example, the two
        differ in length, there are no examples, or a label is out of range.

    Examples
    --------
    >>> check_examples(np.array([[0.0, np.nan]]), np.array([1]))
    Traceback (most recent call last):
    ...
    ValueError: X holds nan in row 0, column 1 (1 such value); give finite numbers only
    """
    X, y = np.asarray(X), np.asarray(y)
    if X.dtype.kind not in "fiub":
        raise ValueError(f"X holds {X.dtype}; give real numbers")
    if X.ndim < 2:
        raise ValueError(f"X has shape {X.shape}; give (examples, features)")
    if X.size == 0:
        raise ValueError(f"X is empty, shape {X.shape}; give one example at least")
    if X.size > MOST_VALUES:
        told = f"X has {X.size:,} numbers, more than {MOST_VALUES:,}"
        raise ValueError(f"{told}, the most that are taken; give fewer examples")
    with np.errstate(over="ignore", invalid="ignore"):  # what that makes is refused below
        X = X.reshape(len(X), -1).astype(np.float64, copy=False)
    fine = np.isfinite(X)
    if wrong := int(np.count_nonzero(~fine)):
        row, column = divmod(int(fine.argmin()), X.shape[1])
        raise ValueError(
            f"X holds {X[row, column]} in row {row}, column {column} "
            f"({wrong} such value{'s'[: wrong > 1]}); give finite numbers only"
        )
    return X, _labels(y, len(X), classes)


def _labels(y: NDArray[Any], examples: int, classes: int | None) -> NDArray[np.int64]:
    """Labels as int64 when they are one whole number an example, in range."""
    if y.shape != (examples,):
        raise ValueError(
            f"y has shape {y.shape} beside {examples} examples in X; give one label an example, "
            f"shape ({examples},)"
        )
    if y.dtype.kind not in "fiub":
        raise ValueError(f"y holds {y.dtype}; give whole numbers from 0")
    wrong = y[~(np.isfinite(y) & (y == np.round(y)))]
    if wrong.size:
        raise ValueError(f"y holds {wrong[0]}, which is no label; give whole numbers from 0")
    # Beyond 2**31 a label is a mistake, and as a class count it would ask for all memory.
    most = (classes or 2**31) - 1
    wrong = y[(y < 0) | (y > most)]
    if wrong.size:
        row = int(np.flatnonzero((y < 0) | (y > most))[0])
        bound = f"0 to {most}" if classes else "whole numbers from 0"
        raise ValueError(
            f"label {wrong[0]} of example {row} is out of range; give {bound}"
            + (f" for {classes} outputs" if classes else "")
        )
    return y.astype(np.int64)
