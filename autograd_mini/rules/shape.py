"""Derivatives of functions that only move elements."""

from __future__ import annotations

from itertools import accumulate, pairwise
from typing import Any

import numpy as np

from ..op import rule

__all__: list[str] = []

def _inverse(axes: Any) -> tuple[int, ...]:
    return tuple(np.argsort([a % len(axes) for a in axes]).tolist())


rule(np.reshape,
     lambda g, y, x, *, shape, order="C": np.reshape(g, x.shape, order=_plain(order, x)), view=True)
rule(np.ravel,
     lambda g, y, x, *, order="C": np.reshape(g, x.shape, order=_plain(order, x)), view=True)
rule(np.transpose,
     lambda g, y, x, *, axes=None: g.T if axes is None else np.transpose(g, _inverse(axes)),
     view=True, compute=lambda x, axes=None: x.transpose(axes))
rule(np.swapaxes, lambda g, y, x, *, axis1, axis2: np.swapaxes(g, axis1, axis2), view=True)
rule(np.expand_dims, lambda g, y, x, *, axis: np.reshape(g, x.shape), view=True)
rule(np.squeeze, lambda g, y, x, *, axis=None: np.reshape(g, x.shape), view=True)
rule(np.broadcast_to, lambda g, y, x, *, shape: g, view=True)
rule(np.copy, lambda g, y, x, *, order="K": g)


def _plain(order: str, x: Any) -> Any:
    """Order "A" and "K" depend on the array's layout in memory, which a cotangent need not have."""
    if order not in ("C", "F"):
        raise TypeError(f'order={order!r} has no derivative rule; write order="C" or order="F"')
    return order


def _cut(g: Any, y: Any, *arrays: Any, axis: Any = 0) -> Any:
    """Cut each array's stretch out of the cotangent of the concatenation."""
    before = (slice(None),) * (0 if axis is None else axis % y.ndim)
    ends = [*accumulate(a.size if axis is None else a.shape[axis] for a in arrays)]
    parts = [g[(*before, slice(*stretch))] for stretch in pairwise([0, *ends])]
    return parts if axis is not None else [*map(np.reshape, parts, [a.shape for a in arrays])]


rule(np.concatenate, _cut, variadic=True)
rule(np.stack,
     lambda g, y, *arrays, axis=0:
         [g[(slice(None),) * (axis % y.ndim) + (k,)] for k in range(len(arrays))], variadic=True)


def _join(g: Any, y: Any, x: Any, *, indices_or_sections: Any, axis: int = 0) -> Any:
    return np.concatenate(list(g), axis=axis)


rule(np.split, _join, view=True)
