"""Pictures of handwriting, brought to the form of the images that a network was trained on.

Images of digits are small, square, ink bright on dark, and the digit fills the same share of each.
A photograph of a digit is none of that. What is done to it is little and can be said: bright paper
is turned to dark, a square around the ink is cut out, and shrunk by averages over areas.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

INK = 0.2
"""From here on, as a share of the brightest, a pixel counts as ink."""


def facts(X: Array) -> dict[str, Any]:
    """What later examples must agree with: the range of the values and, of images, their form.

    Parameters
    ----------
    X
        (m, features) training examples. They count as images when the features are a square, of
        4 by 4 at least, and no value lies far below 0 (smoothing, as in the course's images, leaves
        values a little below).

    Returns
    -------
    "low", "high": the range; of images also "side" and "fill", the share of the side that the
    longer side of the ink's box takes in the median image.

    Examples
    --------
    >>> from autograd_mini.data import load_digits
    >>> facts(load_digits()[0])
    {'low': 0.0, 'high': 1.0, 'side': 8, 'fill': 1.0}
    """
    found: dict[str, Any] = {"low": float(X.min()), "high": float(X.max())}
    side = math.isqrt(X.shape[1])
    if side * side != X.shape[1] or side < 4 or found["low"] < -found["high"] / 4:
        return found
    some = X[:: max(1, len(X) // 1000)].reshape(-1, side, side)
    longest = [max(high - low for low, high in box(image)) for image in some if image.any()]
    return found | {"side": side, "fill": float(np.median(longest or [side])) / side}


def as_trained(
    grey: Array, side: int, fill: float = 1.0, invert: bool | None = None
) -> NDArray[np.float64]:
    """Bring a picture to the form of training images.

    Parameters
    ----------
    grey
        (height, width), 0 black to 1 white.
    side
        Pixels a side of the result.
    fill
        The share of the side that the longer side of the ink's box is to take.
    invert
        Whether ink is dark on bright paper; None looks whether the picture's border is bright.

    Returns
    -------
    (side, side), ink bright on 0. A picture that has this size already is only inverted, if it
    must be. Of any other the contrast is spread to 0..1, and a square around the middle of the
    ink's box is cut out, of which the box fills the given share; averages over areas shrink it.

    Raises
    ------
    ValueError
        When the picture is of one colour.

    Examples
    --------
    >>> paper = np.ones((9, 12))
    >>> paper[2:6, 3:5] = 0.0  # a dark stroke
    >>> as_trained(paper, 4)
    array([[0., 1., 1., 0.],
           [0., 1., 1., 0.],
           [0., 1., 1., 0.],
           [0., 1., 1., 0.]])
    """
    if invert is None:
        border = np.concatenate([grey[0], grey[-1], grey[1:-1, 0], grey[1:-1, -1]])
        invert = bool(border.mean() > 0.5)
    image = 1.0 - grey if invert else np.asarray(grey, np.float64)
    if image.min() == image.max():
        raise ValueError("every pixel has the same colour; give a picture with something on it")
    if image.shape == (side, side):
        return image
    image = (image - image.min()) / (image.max() - image.min())
    edges = box(image)
    length = max(end - start for start, end in edges) / fill
    rows, columns = (
        averages(pixels, (start + end - length) / 2, length, side)
        for pixels, (start, end) in zip(image.shape, edges, strict=True)
    )
    placed: NDArray[np.float64] = rows @ image @ columns.T
    return placed


def box(image: Array) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return the rows and the columns between which the ink is, each from .. to."""
    ink = image >= INK * image.max()
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    return (int(rows[0]), int(rows[-1]) + 1), (int(columns[0]), int(columns[-1]) + 1)


def averages(pixels: int, start: float, length: float, parts: int) -> NDArray[np.float64]:
    """Return the matrix that cuts a part out of a line of pixels and averages it over equal parts.

    What lies outside of the line counts as 0.

    Examples
    --------
    >>> averages(3, 0.0, 3.0, 2) * 3  # two parts of one and a half pixels each
    array([[2., 1., 0.],
           [0., 1., 2.]])
    """
    edges = start + np.arange(parts + 1) * (length / parts)
    before = np.arange(pixels)
    ends = np.minimum(edges[1:, np.newaxis], before + 1)
    overlap = ends - np.maximum(edges[:-1, np.newaxis], before)
    shares: NDArray[np.float64] = np.maximum(overlap, 0.0) * (parts / length)
    return shares
