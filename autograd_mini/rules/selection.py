"""Derivatives of picking elements: by position, by order, by condition; and of quantiles.

Where elements are picked by a place found from the values (a sort, a median), the place is an
operand, so a compiler computes it anew and does not freeze it. Equal elements keep their order:
the cotangent of the k-th smallest goes to one of them.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..op import primitive, rule, without_derivative
from .indexing import Scatter
from .terms import moved, plain, said

__all__ = ["along", "scatter_along"]


def along(index: Any, shape: tuple[int, ...], axis: int) -> tuple[Any, ...]:
    """Return the index arrays of `np.take_along_axis`."""
    ndim = len(shape)
    grid = [np.reshape(np.arange(n), [-1 if a == b else 1 for b in range(ndim)])
            for a, n in enumerate(shape)]
    grid[axis] = index
    return tuple(grid)


@primitive
def scatter_along(x: Any, index: Any, shape: tuple[int, ...], axis: Any = -1) -> Any:
    """Return zeros of `shape` with x added where `np.take_along_axis` reads: its adjoint."""
    total = np.zeros(shape if axis is not None else (math.prod(shape),), x.dtype)
    np.add.at(total, along(index, total.shape, 0 if axis is None else axis), x)
    return np.reshape(total, shape)


rule(scatter_along,
     lambda g, y, x, index, *, shape, axis=-1: np.take_along_axis(g, index, axis=axis), None)
rule(np.take_along_axis,
     lambda g, y, x, index, *, axis=-1: scatter_along(g, index, shape=x.shape, axis=axis), None)


# -- by position


@said(np.take)
def _take(a: Any, indices: Any, axis: Any = None, out: Any = None, mode: str = "raise") -> Any:
    a = np.reshape(a, (-1,)) if axis is None else a
    axis = 0 if axis is None else axis % a.ndim
    indices, n = plain(indices), a.shape[axis]
    indices = np.asarray(indices)
    if mode != "raise":
        indices = indices % n if mode == "wrap" else np.clip(indices, 0, n - 1)
    return a[(*(slice(None),) * axis, indices)]


@said(np.compress)
def _compress(condition: Any, a: Any, axis: Any = None, out: Any = None) -> Any:
    return np.take(a, np.flatnonzero(plain(condition)), axis=axis)


@said(np.extract)
def _extract(condition: Any, arr: Any) -> Any:
    return np.take(arr, np.flatnonzero(plain(condition)))


@said(np.choose)
def _choose(a: Any, choices: Any, out: Any = None, mode: str = "raise") -> Any:
    n, a = len(choices), np.asarray(plain(a))
    if mode != "raise":
        a = a % n if mode == "wrap" else np.clip(a, 0, n - 1)
    if np.any((a < 0) | (a >= n)):
        raise ValueError("invalid entry in choice array")
    found = choices[0]
    for k in range(1, n):
        found = np.where(a == k, choices[k], found)
    return np.where(a == 0, choices[0], found)


@said(np.select)
def _select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    found = default
    for condition, choice in zip(reversed(condlist), reversed(choicelist), strict=True):
        found = np.where(condition, choice, found)
    return found


@said(np.piecewise)
def _piecewise(x: Any, condlist: Any, funclist: Any, *args: Any, **kw: Any) -> Any:
    conditions = [np.asarray(one) for one in np.asarray(plain(condlist), dtype=bool)]
    conditions = conditions if conditions[0].ndim == x.ndim else [np.asarray(plain(condlist), bool)]
    if len(funclist) > len(conditions):
        conditions.append(~np.any(conditions, axis=0))
    found = np.zeros_like(x)
    for condition, f in zip(conditions, funclist, strict=True):
        part = f(x[condition], *args, **kw) if callable(f) else f
        places = np.cumsum(condition).reshape(condition.shape) - 1
        spread_out = np.take(part, np.maximum(places, 0)) if np.size(part) > 1 else part
        found = np.where(condition, spread_out, found) if np.any(condition) else found
    return found


def _diagonal(
    g: Any, y: Any, x: Any, *, offset: int = 0, axis1: int = 0, axis2: int = 1
) -> Any:
    """Read the diagonal: its place, without the values."""
    first, second = (np.arange(y.shape[-1]) + max(shift, 0) for shift in (-offset, offset))
    key: list[Any] = [slice(None)] * x.ndim
    key[axis1], key[axis2] = first, second
    apart = abs(axis1 % x.ndim - axis2 % x.ndim) > 1  # then the indexed axis comes first
    place = 0 if apart else min(axis1 % x.ndim, axis2 % x.ndim)
    return Scatter(np.moveaxis(g, -1, place), tuple(key))


rule(np.diagonal, _diagonal, view=True)


@said(np.linalg.diagonal)
def _matrix_diagonal(x: Any, /, *, offset: int = 0) -> Any:
    return np.diagonal(x, offset, -2, -1)


@said(np.trace)
def _trace(
    a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None, out: Any = None
) -> Any:
    found = np.sum(np.diagonal(a, offset, axis1, axis2), axis=-1)
    return found if dtype is None else found.astype(dtype)


@said(np.linalg.trace)
def _matrix_trace(x: Any, /, *, offset: int = 0, dtype: Any = None) -> Any:
    return np.trace(x, offset, -2, -1, dtype)


@said(np.diagflat)
def _diagflat(v: Any, k: int = 0) -> Any:
    v = np.reshape(v, (-1,))
    n, m = v.shape[0] + abs(k), v.shape[0]
    place = np.diagflat(np.arange(1, m + 1), k)
    return np.where(place > 0, v[np.maximum(place - 1, 0)], 0.0) if m else np.zeros((n, n), v.dtype)


@said(np.diag)
def _diag(v: Any, k: int = 0) -> Any:
    return _diagflat(v, k) if v.ndim == 1 else np.diagonal(v, k)


@said(np.tril)
def _tril(m: Any, k: int = 0) -> Any:
    return np.where(np.tri(m.shape[-2], m.shape[-1], k, bool), m, 0.0)


@said(np.triu)
def _triu(m: Any, k: int = 0) -> Any:
    return np.where(np.tri(m.shape[-2], m.shape[-1], k - 1, bool), 0.0, m)


moved(np.delete, np.repeat, np.resize)


@said(np.insert)
def _insert(arr: Any, obj: Any, values: Any, axis: Any = None) -> Any:
    arr = arr if hasattr(arr, "shape") else np.asarray(arr)
    values = values if hasattr(values, "shape") else np.asarray(values)
    arr = np.reshape(arr, (-1,)) if axis is None else arr
    axis = 0 if axis is None else axis % arr.ndim
    obj = plain(obj)
    old = np.insert(np.arange(arr.shape[axis]), obj, -1)
    count = old.size - arr.shape[axis]
    shape = [count if a == axis else n for a, n in enumerate(arr.shape)]
    if values.ndim and np.ndim(obj) == 0 and not isinstance(obj, slice):
        values = np.moveaxis(np.reshape(values, (*(1,) * (arr.ndim - values.ndim), *values.shape)),
                             0, axis)
    new = np.broadcast_to(values, shape)
    both = np.concatenate([arr, new.astype(arr.dtype)], axis=axis)
    number = arr.shape[axis] + np.arange(count)
    asked = np.insert(np.arange(arr.shape[axis]), obj, number)
    return np.take(both, asked, axis=axis)


# -- by order


@said(np.sort)
def _sort(
    a: Any, axis: Any = -1, kind: Any = None, order: Any = None, *, stable: Any = None
) -> Any:
    a = np.reshape(a, (-1,)) if axis is None else a
    axis = -1 if axis is None else axis
    places = np.argsort(a, axis=axis, kind=kind if kind or stable else "stable")
    return np.take_along_axis(a, places, axis)


@said(np.sort_complex)
def _sort_complex(a: Any) -> Any:
    return np.sort(a).astype(np.result_type(a.dtype, np.complex64))


@said(np.partition)
def _partition(
    a: Any, kth: Any, axis: Any = -1, kind: str = "introselect", order: Any = None
) -> Any:
    a = np.reshape(a, (-1,)) if axis is None else a
    axis = -1 if axis is None else axis
    return np.take_along_axis(a, np.argpartition(a, kth, axis=axis), axis)


def _flat_rows(a: Any, axis: Any) -> tuple[Any, list[int]]:
    """Lay the axes to be summed up flat, last; and say which they are."""
    axes = range(a.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    gone = [n % a.ndim for n in axes]
    front = np.transpose(a, [n for n in range(a.ndim) if n not in gone] + gone)
    kept = a.ndim - len(gone)
    return np.reshape(front, (*front.shape[:kept], math.prod(front.shape[kept:]))), gone


def _quantile(
    a: Any, q: Any, axis: Any, keepdims: Any, method: str, weights: Any = None, nan: bool = False
) -> Any:
    """Sort, then interpolate where NumPy's own quantile of 0, 1, 2, ... says."""
    q = np.asarray(plain(q), dtype=float)
    rows, gone = _flat_rows(a, axis)
    n, many = rows.shape[-1], q.reshape(-1)
    order = np.argsort(rows, axis=-1, kind="stable")
    rows = np.take_along_axis(rows, order, -1)
    if nan:
        count = np.sum(~np.isnan(rows), axis=-1, keepdims=True)
        table = [many * 0.0] + [np.quantile(np.arange(m), many, method=method)  # type: ignore[call-overload]
                                for m in range(1, n + 1)]
        places = [np.floor(table).astype(int), np.asarray(table - np.floor(table), rows.real.dtype)]
        low, part = (_looked_up(one, count) for one in places)
    elif weights is None:
        place = np.quantile(np.arange(n), many, method=method)  # type: ignore[call-overload]
    else:
        w = np.asarray(plain(weights))
        if w.shape != a.shape:
            w = np.reshape(w, [-1 if k in gone else 1 for k in range(a.ndim)])
        w = np.take_along_axis(_flat_rows(np.broadcast_to(w, a.shape), axis)[0], plain(order), -1)
        ranks = np.broadcast_to(np.arange(n), w.shape)
        place = np.quantile(ranks, many, axis=-1, weights=w, method=method)  # type: ignore[call-overload]
        place = np.moveaxis(np.asarray(place), 0, -1)
    if not nan:
        low = np.broadcast_to(np.floor(place).astype(int), (*rows.shape[:-1], many.size))
        part = np.asarray(place - np.floor(place), rows.real.dtype)
    high = np.minimum(low + 1, n - 1)
    small, large = (np.take_along_axis(rows, k, -1) for k in (low, high))
    found = small + (np.where(part > 0, large, small) - small) * part
    if nan:
        found = np.where(count == 0, np.nan, found)
    else:
        found = np.where(np.isnan(rows[..., -1:]), np.nan, found)
    if keepdims is True:
        sides = [1 if k in gone else m for k, m in enumerate(a.shape)]
    else:
        sides = [m for k, m in enumerate(a.shape) if k not in gone]
    return np.reshape(np.moveaxis(found, -1, 0), (*q.shape, *sides))


def _looked_up(table: Any, count: Any) -> Any:
    """Return the rows of a table that counts (…, 1) say: counts that a compiler finds anew."""
    index = np.reshape(count, (-1, 1))
    found = np.take_along_axis(table, np.broadcast_to(index, (count.size, table.shape[1])), axis=0)
    return np.reshape(found, (*count.shape[:-1], table.shape[1]))


def _register_quantiles(prefix: str, nan: bool) -> None:
    @said(getattr(np, f"{prefix}median"))
    def median(
        a: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False,
        keepdims: Any = False,
    ) -> Any:
        return _quantile(a, 0.5, axis, keepdims, "linear", None, nan)

    @said(getattr(np, f"{prefix}quantile"))
    def quantile(
        a: Any, q: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False,
        method: str = "linear", keepdims: Any = False, *, weights: Any = None,
        interpolation: Any = None,
    ) -> Any:
        if weights is not None and nan:
            raise TypeError("np.nanquantile(weights=) has no derivative rule; use np.quantile")
        return _quantile(a, q, axis, keepdims, method, weights, nan)

    @said(getattr(np, f"{prefix}percentile"))
    def percentile(a: Any, q: Any, *args: Any, **kwargs: Any) -> Any:
        return quantile(a, np.asarray(plain(q), float) / 100.0, *args, **kwargs)


_register_quantiles("", False)
_register_quantiles("nan", True)

without_derivative(np.searchsorted, np.digitize, np.isin, arity=2)
without_derivative(
    np.argpartition, np.lexsort, np.argwhere, np.flatnonzero,
    np.unravel_index, np.ravel_multi_index, np.nanargmax, np.nanargmin,
    np.tril_indices_from, np.triu_indices_from, np.diag_indices_from, np.ix_, np.packbits,
    np.unpackbits)
