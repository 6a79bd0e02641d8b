"""Derivatives of sums, means and extremes over axes. A tie of max or min splits evenly."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..op import rule, without_derivative
from .shape import spread

__all__: list[str] = []


def _share(x: Any, y: Any) -> float:
    """Return how many elements of x went into one element of y."""
    return float(x.size // max(y.size, 1))


def _extreme(g: Any, y: Any, x: Any, *, axis: Any = None, keepdims: Any = False) -> Any:
    """The cotangent goes to the elements that equal the extreme, in equal parts."""
    hit = x == spread(y, shape=x.shape, axis=axis, keepdims=keepdims)
    ties = np.sum(hit, axis=axis, keepdims=keepdims)
    return hit * spread(g / ties, shape=x.shape, axis=axis, keepdims=keepdims)


rule(np.sum,
     lambda g, y, x, *, axis=None, keepdims=False:
         spread(g, shape=x.shape, axis=axis, keepdims=keepdims), reduces=np.add)
rule(np.mean,
     lambda g, y, x, *, axis=None, keepdims=False:
         spread(g / _share(x, y), shape=x.shape, axis=axis, keepdims=keepdims))
rule(np.max, _extreme, reduces=np.maximum)
rule(np.min, _extreme, reduces=np.minimum)

without_derivative(np.argmax, np.argmin, np.argsort, np.any, np.all, np.count_nonzero, np.nonzero)
