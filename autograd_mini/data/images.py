"""Square images as rows of pixels: their middle, and pixels that come column by column."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def crop(X: Array, size: int) -> Array:
    """Keep the central size×size pixels of square images.

    Parameters
    ----------
    X
        (m, n²) images of n×n pixels, row by row.
    size
        Pixels a side of what is kept, at most n. Where n - size is odd, the larger rest is cut
        off on the right and at the bottom.

    Returns
    -------
    (m, size²), X's dtype, a copy.

    Raises
    ------
    ValueError
        When the features are no square image, or size is out of range.

    Examples
    --------
    >>> crop(np.arange(16.0)[np.newaxis], 2)
    array([[ 5.,  6.,  9., 10.]])
    """
    side = _side(X)
    if side is None:
        raise ValueError(
            f"crop: an example has {X.shape[-1]} features, which is no square image; crop images "
            "such as 28x28 pixels, 784 features"
        )
    if not 1 <= size <= side:
        raise ValueError(f"crop: size={size}; give 1 to {side}, the side of these images")
    start = (side - size) // 2
    kept = slice(start, start + size)
    return np.array(X.reshape(-1, side, side)[:, kept, kept]).reshape(len(X), -1)


def rows_first(X: Array) -> Array:
    """Turn square images whose pixels come column by column into row by row.

    Parameters
    ----------
    X
        (m, n²) or (m, n²) columns of weights: the last axis counts pixels.

    Returns
    -------
    The same shape; X itself where the features are no square.

    Examples
    --------
    >>> rows_first(np.array([[1, 3, 2, 4]]))
    array([[1, 2, 3, 4]])
    """
    side = _side(X)
    if side is None:
        return X
    turned: Array = X.reshape(-1, side, side).transpose(0, 2, 1).reshape(X.shape)
    return turned


def _side(X: Array) -> int | None:
    side = math.isqrt(X.shape[-1])
    return side if side * side == X.shape[-1] else None
