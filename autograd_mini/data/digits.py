"""The embedded digits, and the split that keeps part of them for testing.

Data: E. Alpaydin and C. Kaynak (1998), Optical Recognition of Handwritten Digits, UCI Machine
Learning Repository, https://doi.org/10.24432/C50P49, licensed under CC BY 4.0; the test part as
published there, unchanged, in a compressed archive. See LICENSE-digits.txt beside the file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

DIGITS = Path(__file__).with_name("digits.npz")


def load_digits(dtype: DTypeLike = np.float64) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """1,797 images of handwritten digits, 8 by 8 pixels, and what each of them shows.

    Parameters
    ----------
    dtype
        Floating dtype of the pixels, float64 by default.

    Returns
    -------
    X
        (1797, 64) pixels, row by row from the upper left, 0 (paper) to 1 (ink).
    y
        (1797,) labels 0..9, int64.

    Notes
    -----
    Source: E. Alpaydin and C. Kaynak (1998), Optical Recognition of Handwritten Digits, UCI Machine
    Learning Repository, https://doi.org/10.24432/C50P49, CC BY 4.0. It is the test part as
    published there (13 writers), whose pixels are 0..16; here they are divided by 16.

    Examples
    --------
    >>> X, y = load_digits()
    >>> X.shape, y[:5]
    ((1797, 64), array([0, 1, 2, 3, 4]))
    """
    with np.load(DIGITS, allow_pickle=False) as archive:
        images, labels = archive["images"], archive["labels"]
    return images.astype(dtype) / 16, labels.astype(np.int64)


def split(
    X: NDArray[Any], y: NDArray[Any], *, test: float = 0.2, seed: int | np.random.Generator = 0
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Keep a part of the examples for testing, the same share of every class.

    Parameters
    ----------
    X, y
        Examples (m, ...) and their labels (m,).
    test
        Share of every class that is kept for testing, between 0 and 1; rounded, but at least one
        example of a class stays for training.
    seed
        A number or a generator: the same seed, the same split.

    Returns
    -------
    X_train, X_test, y_train, y_test
        In scikit-learn's order; the examples keep the order they had.

    Raises
    ------
    ValueError
        When X and y differ in length, or nothing would be left for testing.

    Examples
    --------
    >>> X, y = load_digits()
    >>> X_train, X_test, y_train, y_test = split(X, y, seed=0)
    >>> len(X_train), len(X_test), np.bincount(y_test)
    (1438, 359, array([36, 36, 35, 37, 36, 36, 36, 36, 35, 36]))
    """
    if len(X) != len(y):
        raise ValueError(f"split: X has {len(X)} examples and y {len(y)} labels; give one each")
    if not 0 < test < 1:
        raise ValueError(f"split: test={test} is no share; give a number between 0 and 1")
    rng = np.random.default_rng(seed)
    chosen = np.zeros(len(y), dtype=bool)
    for label in np.unique(y):
        members = rng.permutation(np.flatnonzero(y == label))
        chosen[members[: min(round(test * len(members)), len(members) - 1)]] = True
    if not chosen.any():
        raise ValueError(
            f"split: {test:g} of {len(y)} examples in {len(np.unique(y))} classes leaves none for "
            "testing; give more examples of each class, or a larger share"
        )
    return X[~chosen], X[chosen], y[~chosen], y[chosen]


def one_hot(labels: NDArray[Any], classes: int, dtype: DTypeLike = np.float64) -> NDArray[Any]:
    """Labels 0..classes - 1 as rows with a single one: (m,) to (m, classes).

    Raises
    ------
    ValueError
        When a label lies outside 0..classes - 1, or is no whole number.

    Examples
    --------
    >>> one_hot(np.array([2, 0]), 3)
    array([[0., 0., 1.],
           [1., 0., 0.]])
    """
    labels = np.asarray(labels)
    wrong = labels[~np.isin(labels, np.arange(classes))]
    if wrong.size:
        raise ValueError(f"label {wrong.flat[0]} is out of range: give 0 to {classes - 1}")
    return np.eye(classes, dtype=dtype)[labels.astype(np.int64)]
