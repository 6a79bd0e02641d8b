"""Derivatives of sums, means and extremes over axes, and `spread`, the adjoint of a sum.

A tie of max or min splits evenly.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..op import OPS, primitive, rule, without_derivative

__all__ = ["spread"]

_add_up: Any = np.add.reduce  # what np.sum calls in the end
_SMALL = 4096
"""Up to here filling a fresh array is faster than making a broadcast view of it."""


@primitive
def spread(x: Any, shape: tuple[int, ...], axis: Any = None, keepdims: bool = False) -> Any:
    """Repeat x along reduced axes: the adjoint of a sum over `axis` of an array of `shape`."""
    if axis is not None and not keepdims:
        x = np.expand_dims(x, axis)
    if math.prod(shape) > _SMALL:
        return np.broadcast_to(x, shape)
    full = np.empty(shape, x.dtype)
    full[...] = x
    return full


rule(spread,
     lambda g, y, x, *, shape, axis=None, keepdims=False: np.sum(g, axis=axis, keepdims=keepdims),
     view=True)


def _extreme(g: Any, y: Any, x: Any, *, axis: Any = None, keepdims: Any = False) -> Any:
    """The cotangent goes to the elements that equal the extreme, in equal parts."""
    hit = x == spread(y, shape=x.shape, axis=axis, keepdims=keepdims)
    ties = np.sum(hit, axis=axis, keepdims=keepdims).astype(g.dtype)  # float32 / int64 is float64
    return hit * spread(g / ties, shape=x.shape, axis=axis, keepdims=keepdims)


rule(np.sum,
     lambda g, y, x, *, axis=None, keepdims=False:
         spread(g, x.shape, axis, keepdims),
     compute=lambda x, axis=None, keepdims=False: _add_up(x, axis, None, None, keepdims))
rule(np.mean,
     lambda g, y, x, *, axis=None, keepdims=False:
         spread(g / (x.size / max(y.size, 1)), shape=x.shape, axis=axis, keepdims=keepdims))
OPS[np.amax] = rule(np.max, _extreme)
OPS[np.amin] = rule(np.min, _extreme)
without_derivative(np.argmax, np.argmin, np.argsort, np.any, np.all, np.count_nonzero, np.nonzero)
