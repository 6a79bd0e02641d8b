"""Derivatives of differences, interpolation, convolution and polynomials: what sequences do."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..op import rule, without_derivative
from .selection import along
from .terms import plain, said

__all__: list[str] = []


def _cut(x: Any, axis: int, start: Any, stop: Any, step: Any = None) -> Any:
    return x[(*(slice(None),) * (axis % x.ndim), slice(start, stop, step))]


@said(np.diff)
def _diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Any:
    a = a if hasattr(a, "shape") else np.asarray(a)
    if n < 0:
        raise ValueError(f"order must be non-negative but got {n!r}")
    ends: list[Any] = [a]
    one = [1 if k == axis % a.ndim else m for k, m in enumerate(a.shape)]
    for place, end in ((0, prepend), (2, append)):
        if end is not None and end is not np._NoValue:
            ends.insert(place, np.broadcast_to(end, one) if np.ndim(end) == 0 else end)
    a = np.concatenate(ends, axis=axis) if len(ends) > 1 and n else a
    for _ in range(n):
        a = _cut(a, axis, 1, None) - _cut(a, axis, None, -1)
    return a


@said(np.ediff1d)
def _ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    flat = np.reshape(ary, (-1,))
    parts = [to_begin, flat[1:] - flat[:-1], to_end]
    return np.concatenate([np.reshape(p, (-1,)) for p in parts if p is not None])


def _gradient_axis(f: Any, h: Any, axis: int, edge_order: int) -> Any:
    """Second order inside, `edge_order` at both ends; h a number or the distances."""
    n, sides = f.shape[axis], [-1 if k == axis else 1 for k in range(f.ndim)]
    if n < edge_order + 1:
        raise ValueError("np.gradient needs at least (edge_order + 1) elements along each axis")
    if np.ndim(h) == 0:
        h = np.broadcast_to(h, (n - 1,))
    left, right = h[:-1], h[1:]

    def row(weights: Any) -> Any:
        return np.reshape(weights, sides)

    inside = (row(-right / (left * (left + right))) * _cut(f, axis, 0, n - 2)
              + row((right - left) / (left * right)) * _cut(f, axis, 1, n - 1)
              + row(left / (right * (left + right))) * _cut(f, axis, 2, n))
    parts = [inside]
    for first in (True, False):
        near, far = (h[0], h[1] if n > 2 else h[0]) if first else (h[-1], h[-2] if n > 2 else h[-1])
        at = [_cut(f, axis, k, k + 1) if first else _cut(f, axis, n - 1 - k, n - k)
              for k in range(edge_order + 1)]
        sign = 1.0 if first else -1.0
        if edge_order == 1:
            edge = sign * (at[1] - at[0]) / near
        else:
            edge = sign * (-(2 * near + far) / (near * (near + far)) * at[0]
                           + (near + far) / (near * far) * at[1]
                           - near / (far * (near + far)) * at[2])
        parts = [edge, *parts] if first else [*parts, edge]
    return np.concatenate(parts, axis=axis)


@said(np.gradient)
def _gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    f = f if hasattr(f, "shape") else np.asarray(f)
    axes = range(f.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    gone = [a % f.ndim for a in axes]
    steps = list(varargs) or [1.0]
    steps = steps * len(gone) if len(steps) == 1 else steps
    if len(steps) != len(gone):
        raise TypeError("invalid number of arguments")
    steps = [h if np.ndim(h) == 0 else np.diff(h) for h in steps]
    found = [_gradient_axis(f, h, a, edge_order) for h, a in zip(steps, gone, strict=True)]
    return found[0] if len(found) == 1 else tuple(found)


@said(np.interp)
def _interp(
    x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None
) -> Any:
    x, xp, fp = (a if hasattr(a, "shape") else np.asarray(a, float) for a in (x, xp, fp))
    if period is not None:
        x, xp = np.remainder(x, period), np.remainder(xp, period)
        order = np.argsort(xp)
        xp, fp = np.take_along_axis(xp, order, 0), np.take_along_axis(fp, order, 0)
        xp = np.concatenate([xp[-1:] - period, xp, xp[:1] + period])
        fp = np.concatenate([fp[-1:], fp, fp[:1]])
    n, flat = xp.shape[0], np.reshape(x, (-1,))
    if n == 1:
        inside = np.broadcast_to(fp, flat.shape)
    else:
        k = np.clip(np.searchsorted(xp, flat, side="right") - 1, 0, n - 2)
        (x0, x1), (f0, f1) = (
            [np.take_along_axis(a, k + d, 0) for d in (0, 1)] for a in (xp, fp))
        within = (flat >= xp[0]) & (flat <= xp[-1])
        inside = f0 + (f1 - f0) * (np.where(within, flat - x0, 0.0) / (x1 - x0))
    found = np.where(flat < xp[0], fp[0] if left is None else left, inside)
    found = np.where(flat > xp[-1], fp[-1] if right is None else right, found)
    return np.reshape(found, x.shape)


# -- numbers in a row


@said(np.linspace)
def _linspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, retstep: bool = False,
    dtype: Any = None, axis: int = 0, *, device: Any = None,
) -> Any:
    start, stop = (a if hasattr(a, "shape") else np.asarray(a) for a in (start, stop))
    gaps = num - 1 if endpoint else num
    step = (stop - start) / max(gaps, 1)
    numbers = np.reshape(np.arange(num), (-1,) + (1,) * step.ndim)
    found = np.moveaxis(start + step * numbers, 0, axis)
    found = found if dtype is None else found.astype(dtype)
    return (found, step) if retstep else found


@said(np.logspace)
def _logspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: Any = 10.0,
    dtype: Any = None, axis: int = 0,
) -> Any:
    found = np.power(base, np.linspace(start, stop, num, endpoint, axis=axis))
    return found if dtype is None else found.astype(dtype)


@said(np.geomspace)
def _geomspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0
) -> Any:
    start, stop = (a if hasattr(a, "shape") else np.asarray(a) for a in (start, stop))
    share = np.linspace(np.zeros((start + stop).shape), 1.0, num, endpoint)
    found = np.moveaxis(start * (stop / start) ** share, 0, axis)
    return found if dtype is None else found.astype(dtype)


# -- convolution: each argument's cotangent is a correlation with the other


def _sums(a: Any, v: Any) -> Any:
    """Return Σ_k a_k v_(n−k) in full, as a product with a matrix of shifted copies of v."""
    n, m = a.shape[0], v.shape[0]
    place = np.arange(n + m - 1) - np.arange(n)[:, None]
    there = (place >= 0) & (place < m)
    return a @ np.where(there, v[np.clip(place, 0, m - 1)], 0.0)


def _mode(mode: Any) -> str:
    named = {0: "valid", 1: "same", 2: "full", "v": "valid", "s": "same", "f": "full"}
    return str(named.get(mode, mode))


@said(np.convolve)
def _convolve(a: Any, v: Any, mode: Any = "full") -> Any:
    a, v = (np.atleast_1d(one) for one in (a, v))
    n, m = a.shape[0], v.shape[0]
    if n < m:
        a, v, n, m = v, a, m, n
    full, mode = _sums(a, v), _mode(mode)
    if mode == "full":
        return full
    start = m - 1 if mode == "valid" else (m - 1) // 2
    return full[start : start + (n - m + 1 if mode == "valid" else n)]


@said(np.correlate)
def _correlate(a: Any, v: Any, mode: Any = "valid") -> Any:
    a, v = (np.atleast_1d(one) for one in (a, v))
    n, m, mode = a.shape[0], v.shape[0], _mode(mode)
    full = _sums(a, np.conjugate(v)[::-1])
    if mode == "full":
        return full
    few, many = min(n, m), max(n, m)
    if mode == "valid":
        return full[few - 1 : many]
    start = (m - 1) // 2 if n >= m else n // 2
    return full[start : start + many]


# -- polynomials, highest power first


@said(np.polyval)
def _polyval(p: Any, x: Any) -> Any:
    found: Any = 0.0
    for k in range(p.shape[0] if hasattr(p, "shape") else len(p)):
        found = found * x + p[k]
    return found


def _padded(a: Any, b: Any) -> list[Any]:
    a, b = (np.atleast_1d(one) for one in (a, b))
    n = max(a.shape[0], b.shape[0])
    return [np.concatenate([np.zeros(n - one.shape[0]), one]) for one in (a, b)]


said(np.polyadd)(lambda a1, a2: np.add(*_padded(a1, a2)))
said(np.polysub)(lambda a1, a2: np.subtract(*_padded(a1, a2)))
said(np.polymul)(_convolve)


@said(np.polyder)
def _polyder(p: Any, m: int = 1) -> Any:
    for _ in range(m):
        p = p[:-1] * np.arange(p.shape[0] - 1.0, 0.0, -1.0)
    return p


@said(np.polyint)
def _polyint(p: Any, m: int = 1, k: Any = None) -> Any:
    k = np.zeros(m) if k is None else k
    k = [k] * m if np.ndim(k) == 0 else k
    for step in range(m):
        p = np.concatenate([p / np.arange(float(p.shape[0]), 0.0, -1.0), np.reshape(k[step], (1,))])
    return p


@said(np.poly)
def _poly(seq_of_zeros: Any) -> Any:
    if seq_of_zeros.ndim != 1:
        raise TypeError("np.poly of a matrix has no derivative rule; write np.poly of its roots")
    found = np.ones(1, seq_of_zeros.dtype)
    for k in range(seq_of_zeros.shape[0]):
        found = np.concatenate([found, [0.0]]) - seq_of_zeros[k] * np.concatenate([[0.0], found])
    return found


@said(np.vander)
def _vander(x: Any, N: Any = None, increasing: bool = False) -> Any:
    n = x.shape[0] if N is None else N
    powers = np.arange(n) if increasing else np.arange(n)[::-1]
    return x[:, None] ** powers


@said(np.apply_along_axis)
def _apply_along_axis(func1d: Any, axis: int, arr: Any, *args: Any, **kwargs: Any) -> Any:
    rows = np.moveaxis(arr, axis, -1)
    found = [func1d(rows[place], *args, **kwargs) for place in np.ndindex(*rows.shape[:-1])]
    stacked = np.stack(found)
    full = np.reshape(stacked, (*rows.shape[:-1], *stacked.shape[1:]))
    places = range(rows.ndim - 1, full.ndim)
    return np.moveaxis(full, [*places], [axis % arr.ndim + k for k in range(len(places))])


@said(np.apply_over_axes)
def _apply_over_axes(func: Any, a: Any, axes: Any) -> Any:
    for axis in np.atleast_1d(plain(axes)).tolist():
        found = func(a, axis % a.ndim)
        a = found if found.ndim == a.ndim else np.expand_dims(found, axis)
    return a


rule(np.bincount, None, lambda g, y, x, weights, *, minlength=0: np.take(g, x))


@said(np.trim_zeros)
def _trim_zeros(filt: Any, trim: str = "fb", axis: Any = None) -> Any:
    if filt.ndim != 1:
        raise TypeError("np.trim_zeros of several axes has no derivative rule; write x[a:b, c:d]")
    (places,) = np.nonzero(filt)
    some = plain(places)
    if some.size == 0:
        return filt[:0]
    first = some[0] if "f" in trim.lower() else 0
    return filt[first : some[-1] + 1 if "b" in trim.lower() else None]


@said(np.put_along_axis)
def _put_along_axis(arr: Any, indices: Any, values: Any, axis: Any, mode: str = "raise") -> None:
    if axis is None and arr.ndim != 1:
        raise TypeError("np.put_along_axis(axis=None) needs one axis; write x[key] = v")
    arr[along(plain(indices), arr.shape, 0 if axis is None else axis)] = values


without_derivative(
    np.unique, np.unique_all, np.unique_counts, np.unique_inverse, np.unique_values, np.union1d,
    np.intersect1d, np.setdiff1d, np.setxor1d, np.einsum_path, reads="value")
