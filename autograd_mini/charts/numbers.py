"""What the pictures show, as arrays: how pixels are laid out, norms of gradients, counts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..context import TRACKED, context, no_grad
from ..nn.network import Network

__all__ = [
    "activations", "array", "classes", "confusion", "counted", "gradient_norms", "image_shape",
    "images", "network",
]  # fmt: skip

Array = NDArray[Any]
MOST_CLASSES = 1_000


def array(name: str, value: Any) -> Array:
    """Return real, finite numbers as an array, a Tensor's too.

    Raises
    ------
    TypeError, ValueError
        For what is no array of real numbers, for NaN and infinity.
    """
    detach = getattr(value, "detach", None)
    found = np.asarray(value if detach is None else detach().numpy())
    if found.dtype.kind not in "biuf":
        raise TypeError(
            f"{name} has dtype {found.dtype}; give real numbers, an example a row, all of a length"
        )
    if not np.isfinite(found).all():
        raise ValueError(f"{name} holds {np.count_nonzero(~np.isfinite(found))} NaN or infinite "
                         f"of {found.size} numbers; a picture needs finite ones")  # fmt: skip
    return found


def network(value: Any, name: str = "net") -> Network:
    """Return a network.

    Raises
    ------
    TypeError
        For anything else.
    RuntimeError
        While a compiler records: its values are not known.
    """
    if not isinstance(value, Network):
        raise TypeError(f"{name} is {type(value).__name__}; expected an nn.Network")
    if context.now.mode > TRACKED:
        raise RuntimeError(f"{name} can not be drawn while a program is being recorded")
    return value


def image_shape(size: int, shape: tuple[int, int] | None = None) -> tuple[int, int]:
    """Return the rows and columns that so many pixels are laid out in: a square, or nearly.

    >>> image_shape(64), image_shape(12), image_shape(5), image_shape(6, (1, 6))
    ((8, 8), (3, 4), (1, 5), (1, 6))
    """
    if shape is None:
        rows = next(k for k in range(math.isqrt(size), 0, -1) if size % k == 0)
        return rows, size // rows
    if np.shape(shape) != (2,) or shape[0] * shape[1] != size or min(shape) < 1:
        raise ValueError(
            f"shape={shape!r} does not hold {size} pixels; give (rows, columns) such as "
            f"{image_shape(size)}"
        )
    return shape


def images(X: Any, shape: tuple[int, int] | None = None) -> Array:
    """Return examples as images (m, rows, columns), whatever of both shapes they have.

    Raises
    ------
    ValueError
        For another number of axes, and for none at all.
    """
    X = array("X", X)
    if X.ndim not in (2, 3) or X.size == 0:
        raise ValueError(
            f"X has shape {X.shape}; expected (m, pixels) or (m, rows, columns), at least one; "
            "a single image is X[:1]"
        )
    given = (X.shape[1], X.shape[2]) if X.ndim == 3 and shape is None else shape
    pixels = X.size // len(X)
    found: Array = X.reshape(len(X), *image_shape(pixels, given))
    return found


def classes(name: str, value: Any, m: int | None = None) -> NDArray[np.int64]:
    """Return labels 0, 1, ..., (m,); of rows with a number for each class, the largest's.

    Raises
    ------
    ValueError
        For another length or another shape, and for what does not number classes.
    """
    found = array(name, value)
    if found.ndim == 2:
        found = found.argmax(1) if found.shape[1] > 1 else (found[:, 0] >= 0.5).astype(np.int64)
    if found.ndim != 1 or (m is not None and len(found) != m):
        expected = "(m,)" if m is None else f"({m},)"
        raise ValueError(f"{name} has shape {found.shape}; expected {expected}, a label an example")
    if found.size == 0 or (found != np.floor(found)).any() or found.min() < 0:
        raise ValueError(f"{name} must be whole numbers from 0, at least one of them")
    if found.max() >= MOST_CLASSES:
        raise ValueError(f"{name} reaches {found.max():g}; at most {MOST_CLASSES} classes are told")
    return found.astype(np.int64)


def confusion(labels: Any, predictions: Any) -> NDArray[np.int64]:
    """Count how often class i (row) was taken for class j (column).

    >>> confusion([0, 1, 1], [0, 1, 0])
    array([[1, 0],
           [1, 1]])
    """
    right = classes("labels", labels)
    said = classes("predictions", predictions, len(right))
    size = int(max(right.max(), said.max())) + 1
    table = np.zeros((size, size), np.int64)
    np.add.at(table, (right, said), 1)
    return table


def gradient_norms(gradients: Any) -> dict[str, Array]:
    """Return ‖∂J/∂Θ^(l)‖, a row a gradient and a column a layer, under the names given.

    Raises
    ------
    TypeError, ValueError
        When it is no gradient, sequence of gradients or mapping to them, or they have different
        numbers of layers.
    """
    named = gradients if isinstance(gradients, Mapping) else {"": gradients}
    found: dict[str, Array] = {}
    for name, given in named.items():
        several = list(given) if isinstance(given, Sequence) else [given]
        rows = [_norms(network(each, "the gradient")) for each in several]
        if not rows or len({len(row) for row in rows}) > 1:
            raise ValueError(
                f"gradients {name!r}: {len(rows)} networks of {sorted({len(r) for r in rows})} "
                "layers of weights; give at least one, all equally deep"
            )
        found[str(name)] = np.array(rows)
    if not found:
        raise ValueError("no gradient is given; gradients is what ag.value_and_grad returned")
    return found


def _norms(gradient: Network) -> list[float]:
    norms = []
    with np.errstate(all="ignore"):
        for l, weights in gradient.weights.items():
            parts = [np.asarray(each.detach().numpy(), np.float64).ravel()
                     for each in (gradient.biases[l], weights)]  # fmt: skip
            norms.append(float(np.linalg.norm(np.concatenate(parts))))
    return norms


def activations(net: Any, X: Any) -> dict[int, Array]:
    """Return a^(l) of the layers 2 .. L, as arrays, keyed by layer."""
    with no_grad():
        run = network(net).forward(np.atleast_2d(array("X", X)))
        return {l: a.detach().numpy() for l, a in run.a.items() if l > 1}


def counted(values: Mapping[int, Array], bins: int) -> tuple[Array, dict[int, Array]]:
    """Return the edges of bins that hold all values, and the share of each layer's in each bin."""
    if bins not in range(2, 1_001):
        raise ValueError(f"bins={bins!r}; expected a whole number from 2 to 1000")
    low = min(float(a.min()) for a in values.values())
    high = max(float(a.max()) for a in values.values())
    if low >= 0 and high <= 1:
        low, high = 0.0, 1.0
    if not high - low > 1e-9 * max(abs(high), abs(low)):
        low, high = low - 0.5, high + 0.5
    edges = np.linspace(low, high, bins + 1)
    return edges, {
        l: np.histogram(np.asarray(a, np.float64), edges)[0] / a.size for l, a in values.items()
    }
