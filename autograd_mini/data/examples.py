"""A user's own examples: read from an npz file and looked through before anything is trained."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .files import load_npz


def load_examples(
    path: str | os.PathLike[str], classes: int | None = None
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Read examples from an npz file that holds `X` and `y`.

    Parameters
    ----------
    path
        Written by ``np.savez("mine.npz", X=X, y=y)``: X (m, features), or images (m, height,
        width), of finite numbers; y (m,) whole numbers from 0.
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
        When it is no npz file, is damaged, lacks X or y, or `check_examples` refuses them.
    """
    arrays = load_npz(path)
    missing = [name for name in ("X", "y") if name not in arrays]
    if missing:
        raise ValueError(
            f"{os.fspath(path)!r} has no array {' and no '.join(missing)} "
            f"(it holds {', '.join(sorted(arrays)[:8]) or 'nothing'}); "
            'write it with np.savez("mine.npz", X=X, y=y)'
        )
    return check_examples(arrays["X"], arrays["y"], classes)


def check_examples(
    X: NDArray[Any], y: NDArray[Any], classes: int | None = None
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Look examples through, and give them as a network takes them.

    Returns
    -------
    X (m, features) float64 and y (m,) int64.

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
    X = X.reshape(len(X), -1).astype(np.float64)
    wrong = np.argwhere(~np.isfinite(X))
    if len(wrong):
        row, column = wrong[0]
        raise ValueError(
            f"X holds {X[row, column]} in row {row}, column {column} "
            f"({len(wrong)} such value{'s'[: len(wrong) > 1]}); give finite numbers only"
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
