"""What a program calls beside NumPy itself; `save` writes the source of these into the module."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["HELPERS", "own", "product", "quotient"]


def product(g: Any, slope: Any, out: Any = None) -> Any:
    """Return g·slope, 0 where either is 0, even where the other is infinite or no number."""
    with np.errstate(invalid="ignore"):
        out = np.multiply(g, slope, out)
        if np.isnan(out.sum()):
            out = np.where((g != 0) & (slope != 0), out, 0.0).astype(out.dtype)[()]
    return out


def quotient(g: Any, x: Any, out: Any = None) -> Any:
    """Return g/x, 0 where g is 0, even where x is 0 or no number."""
    if np.count_nonzero(x) == np.size(x):
        with np.errstate(invalid="ignore"):
            out = np.divide(g, x, out)
            if not np.isnan(out.sum()):
                return out
    zeros = np.zeros(np.broadcast_shapes(np.shape(g), np.shape(x)), np.result_type(g, x))
    return np.divide(g, x, out=zeros, where=np.asarray(g != 0))[()]


def own(x: Any) -> Any:
    """Return a copy that the caller may change (a NumPy scalar can not be changed)."""
    return x.copy() if isinstance(x, np.ndarray) else x


HELPERS = {f.__name__: f for f in (product, quotient, own)}
