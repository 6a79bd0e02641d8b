"""A user's own examples: read from a file and looked through before anything is trained."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .files import LARGEST, load_npz
from .idx import idx_pair, read_idx
from .streams import content, opened

Array = NDArray[Any]

MOST_VALUES: Final = LARGEST // 8
"""Numbers in X, which are float64 once they are read."""


def load_examples(
    path: str | os.PathLike[str], classes: int | None = None
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Read examples from a file in one of the formats below.

    ====== ========================================================================================
    IDX    MNIST's own, plain or .gz: ``train-images-idx3-ubyte``, whose labels are found
           beside it by name, or the folder of both. Pixels 0..255 become 0..1.
    npz    Written by ``np.savez("mine.npz", X=X, y=y)``: X (m, features), or images (m,
           height, width); y (m,).
    ====== ========================================================================================

    Labels are whole numbers from 0, all values finite.

    Parameters
    ----------
    path
        The file, or a folder with IDX files.
    classes
        Number of classes, when it is known: labels must lie in 0..classes - 1.

    Returns
    -------
    X (m, features) float64 and y (m,) int64.

    Raises
    ------
    OSError
        When the file is not there or may not be read.
    ValueError
        When it is in none of these formats, is damaged, lacks X or y, or `check_examples` refuses
        what it holds. Nothing in it is executed, and no more memory is taken than it has data.
    """
    path = Path(path)
    reader = _idx if path.is_dir() or _is_idx(path) else _npz
    return check_examples(*reader(path), classes)


def _is_idx(path: Path) -> bool:
    if "idx" in path.name:
        return True
    with opened(path) as stream:
        return content(stream, 4)[:2] == b"\0\0"


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
