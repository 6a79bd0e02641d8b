"""What units look for, and what they are shown: weights and digits as images."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from ..charts.colours import INK, ORANGE
from ..charts.numbers import classes, image_shape, images, network
from .paper import axes_for, diverging, ink

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["digits", "weight_tiles"]

MOST: Final = 100
"""Tiles in one picture: more would be too small to see."""
MOST_PIXELS: Final = 4_000_000


def weight_tiles(
    net: Any, layer: int = 1, *, shape: tuple[int, int] | None = None, ax: Axes | None = None
) -> Axes:
    """Draw each unit's incoming weights as an image: what it wants to see, and what not.

    Tile i holds row i of Θ^(l) without its bias, laid out as the inputs are, and scaled to its
    own largest weight (as in the course's figure of its hidden units).

    Parameters
    ----------
    net : Network
        Trained or not. A gradient of its shape can be looked at as well.
    layer : int
        l of Θ^(l), the weights from layer l to layer l+1; by default 1, from the pixels.
    shape : (int, int), optional
        Rows and columns of an image; by default a square, or the nearest to one.
    ax : matplotlib Axes, optional
        Where to draw; by default a new figure.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    TypeError, ValueError
        For what is no network, a layer without weights, a shape that does not hold s_l pixels.
    ImportError
        Without matplotlib.

    Notes
    -----
    Of more than 100 units the first 100 are drawn, and the title says so.

    Examples
    --------
    >>> import autograd_mini as ag
    >>> ax = weight_tiles(ag.nn.Network([64, 25, 10]))
    >>> ax.images[0].get_array().shape  # 5 x 5 tiles of 8 x 8 pixels, one pixel between them
    (44, 44)
    """
    weights = network(net).weights
    if layer not in weights:
        raise ValueError(f"layer={layer!r}; this network has weights of layers {[*weights]}")
    rows = np.asarray(weights[layer].detach().numpy(), np.float64)
    if not np.isfinite(rows).all():
        raise ValueError(f"Θ^({layer}) holds NaN or infinity; a picture needs finite numbers")
    tiles = rows.reshape(len(rows), *image_shape(rows.shape[1], shape))[:MOST]
    largest = np.abs(tiles).max(axis=(1, 2), keepdims=True)
    tiles = tiles / np.where(largest > 0, largest, 1.0)
    units = "the unit" if len(rows) == 1 else f"the {len(rows)} units"
    if len(tiles) < len(rows):
        units = f"the first {len(tiles)} of the {len(rows)} units"
    looks = "looks" if len(rows) == 1 else "look"
    axes = _montage(tiles, axes_for(ax, 5.0, 5.2), "diverging")
    axes.set_title(
        f"Θ^({layer}): what {units} of layer {layer + 1} {looks} for\n"
        "blue +, orange −, each scaled to its largest",
        fontsize="medium",
    )
    return axes


def digits(
    X: Any,
    predictions: Any = None,
    labels: Any = None,
    *,
    shape: tuple[int, int] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw images in a grid, above each what the network says, and what it should have said.

    Parameters
    ----------
    X : array_like
        Images, (m, pixels) or (m, rows, columns); 0 is paper, the largest number ink.
    predictions : array_like, optional
        What the network says: classes (m,), or its output h (m, K).
    labels : array_like, optional
        What they are: classes (m,), or targets (m, K). Where the two differ "4→9" is written,
        a 4 that was taken for a 9, in orange.
    shape : (int, int), optional
        Rows and columns of an image; by default a square, or the nearest to one.
    ax : matplotlib Axes, optional
        Where to draw; by default a new figure.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    TypeError, ValueError
        For what is no array of finite numbers, or shapes that do not fit each other.
    ImportError
        Without matplotlib.

    Notes
    -----
    Of more than 100 images the first 100 are drawn, and the title says so.

    Examples
    --------
    >>> from autograd_mini.data import load_digits
    >>> X, y = load_digits()
    >>> ax = digits(X[:20], predictions=y[:20], labels=y[:20])
    >>> [text.get_text() for text in ax.texts[:3]]
    ['0', '1', '2']
    """
    pictures = images(X, shape)
    said = None if predictions is None else classes("predictions", predictions, len(pictures))
    right = None if labels is None else classes("labels", labels, len(pictures))
    shown = pictures[:MOST]
    low = min(float(shown.min()), 0.0)
    strengths = (shown - low) / (float(shown.max()) - low or 1.0)
    captions = _captions(said, right, len(shown))
    axes = _montage(strengths, axes_for(ax, 5.4, 5.6), "ink", captions)
    told = [] if len(shown) == len(pictures) else [f"the first {len(shown)} of {len(pictures)}"]
    if said is not None and right is not None:
        wrong = int(np.count_nonzero(said[: len(shown)] != right[: len(shown)]))
        told.append(f"{wrong} of {len(shown)} wrong (in orange: label → answer)")
    axes.set_title(", ".join(told), fontsize="medium")
    return axes


def _captions(
    said: NDArray[Any] | None, right: NDArray[Any] | None, count: int
) -> list[tuple[str, bool]]:
    if said is None or right is None:
        known = right if said is None else said
        return [] if known is None else [(str(k), False) for k in known[:count]]
    pairs = zip(said[:count].tolist(), right[:count].tolist(), strict=True)
    return [(str(k) if k == y else f"{y}→{k}", k != y) for k, y in pairs]


def _montage(
    tiles: NDArray[Any], axes: Axes, colours: str, captions: Sequence[tuple[str, bool]] = ()
) -> Axes:
    """Draw tiles in a grid that is about square, one image of all of them."""
    count, rows, columns = tiles.shape
    gap = max(1, round(max(rows, columns) / 12))
    above = max(gap, round(0.5 * rows + 1)) if captions else gap
    across = max(1, round(math.sqrt(count * (rows + above) / (columns + gap))))
    down = -(-count // across)
    size = (down * (rows + above) - (0 if captions else gap), across * (columns + gap) - gap)
    if size[0] * size[1] > MOST_PIXELS:
        raise ValueError(
            f"{count} images of {rows} x {columns} pixels are too many for one picture; draw fewer"
        )
    whole = np.full(size, np.nan)
    for k, tile in enumerate(tiles):
        top = (k // across) * (rows + above) + (above if captions else 0)
        left = (k % across) * (columns + gap)
        whole[top : top + rows, left : left + columns] = tile
    low, chosen = (-1.0, diverging()) if colours == "diverging" else (0.0, ink())
    axes.imshow(whole, cmap=chosen, vmin=low, vmax=1.0, interpolation="nearest")
    for k, (text, wrong) in enumerate(captions):
        left, top = (k % across) * (columns + gap), (k // across) * (rows + above) + above
        axes.text(left + columns / 2 - 0.5, top - 0.06 * rows - 0.5, text, ha="center",
                  va="bottom", fontsize=9 if across <= 8 else 7, color=ORANGE if wrong else INK,
                  fontweight="bold" if wrong else "normal")  # fmt: skip
    axes.set_axis_off()
    return axes
