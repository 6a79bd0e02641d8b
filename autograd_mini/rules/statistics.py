"""Sums, means and extremes with every keyword, and the statistics made of them.

Conventions: the standard deviation of equal numbers has derivative 0; a median or quantile's
cotangent goes to the elements it is interpolated from; where all elements are NaN so is the result.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .terms import plain, said

__all__ = ["root"]


def root(x: Any) -> Any:
    """Return √x, with derivative 0 at 0: a distance from a point has its least value there."""
    return np.where(x == 0, 0.0, np.sqrt(np.where(x == 0, 1.0, x)))


def _kept(x: Any, where: Any, neutral: float, dtype: Any = None) -> Any:
    x = x if dtype is None else x.astype(dtype)
    return x if where is True else np.where(where, x, neutral)


def _given(value: Any) -> bool:
    return value is not None and value is not np._NoValue


@said(np.sum, keywords=("where", "initial", "dtype"))
def _sum(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False,
    initial: Any = None, where: Any = True,
) -> Any:
    total = np.sum(_kept(a, where, 0.0, dtype), axis=axis, keepdims=keepdims)
    return total + initial if _given(initial) else total


@said(np.prod, keywords=("where", "initial", "dtype"))
def _prod(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False,
    initial: Any = None, where: Any = True,
) -> Any:
    product = np.prod(_kept(a, where, 1.0, dtype), axis=axis, keepdims=keepdims)
    return product * initial if _given(initial) else product


@said(np.max, np.amax, keywords=("where", "initial"))
def _max(
    a: Any, axis: Any = None, out: Any = None, keepdims: Any = False, initial: Any = None,
    where: Any = True,
) -> Any:
    most = np.max(_kept(a, where, -np.inf), axis=axis, keepdims=keepdims)
    return np.maximum(most, initial) if _given(initial) else most


@said(np.min, np.amin, keywords=("where", "initial"))
def _min(
    a: Any, axis: Any = None, out: Any = None, keepdims: Any = False, initial: Any = None,
    where: Any = True,
) -> Any:
    least = np.min(_kept(a, where, np.inf), axis=axis, keepdims=keepdims)
    return np.minimum(least, initial) if _given(initial) else least


def _count(a: Any, axis: Any, where: Any) -> Any:
    """Return how many elements each sum has, with the summed axes kept."""
    return np.sum(np.where(np.broadcast_to(where, a.shape), 1.0, 0.0), axis=axis, keepdims=True)


@said(np.mean, keywords=("where", "dtype"))
def _mean(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False,
    where: Any = True,
) -> Any:
    if where is True:
        return np.mean(a.astype(dtype), axis=axis, keepdims=keepdims)
    total = np.sum(_kept(a, where, 0.0, dtype), axis=axis, keepdims=True)
    mean = total / _count(a, axis, where).astype(total.real.dtype)
    return mean if keepdims else np.squeeze(mean, _all(axis, a.ndim))


def _all(axis: Any, ndim: int) -> tuple[int, ...]:
    return tuple(range(ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)


@said(np.var)
def _var(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: Any = 0,
    keepdims: Any = False, *, where: Any = True, mean: Any = None, correction: Any = None,
) -> Any:
    ddof = correction if _given(correction) else ddof
    a = a if dtype is None else a.astype(dtype)
    if not _given(mean):
        mean = np.mean(a, axis=axis, keepdims=True, **({} if where is True else {"where": where}))
    away = a - mean
    squares = np.square(away) if away.dtype.kind != "c" else np.real(away * np.conjugate(away))
    count = np.maximum(_count(a, axis, where) - ddof, 0.0).astype(squares.dtype)
    var = np.sum(_kept(squares, where, 0.0), axis=axis, keepdims=True) / count
    return var if keepdims is True else np.squeeze(var, _all(axis, a.ndim))


@said(np.std)
def _std(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: Any = 0,
    keepdims: Any = False, **further: Any,
) -> Any:
    return root(_var(a, axis, dtype, None, ddof, keepdims, **further))


@said(np.ptp)
def _ptp(a: Any, axis: Any = None, out: Any = None, keepdims: Any = False) -> Any:
    keepdims = keepdims is True
    return np.max(a, axis=axis, keepdims=keepdims) - np.min(a, axis=axis, keepdims=keepdims)


@said(np.average)
def _average(
    a: Any, axis: Any = None, weights: Any = None, returned: bool = False, *, keepdims: Any = False
) -> Any:
    a = np.asarray(a) if not hasattr(a, "shape") else a
    keepdims = keepdims is True
    weights = np.ones(a.shape, a.real.dtype) if weights is None else weights
    weights = weights if hasattr(weights, "shape") else np.asarray(weights)
    axes = sorted(n % a.ndim for n in _all(axis, a.ndim))
    if weights.shape != a.shape:  # one for each place on the axes averaged over
        if isinstance(axis, tuple):
            weights = np.transpose(weights, np.argsort([n % a.ndim for n in axis]).tolist())
        weights = np.reshape(weights, [a.shape[n] if n in axes else 1 for n in range(a.ndim)])
    weights = weights + np.zeros(a.shape, weights.dtype)
    scale = np.sum(weights, axis=axis, keepdims=keepdims)
    mean = np.sum(a * weights, axis=axis, keepdims=keepdims) / scale
    return (mean, scale) if returned else mean


@said(np.cov)
def _cov(
    m: Any, y: Any = None, rowvar: bool = True, bias: bool = False, ddof: Any = None,
    fweights: Any = None, aweights: Any = None, *, dtype: Any = None,
) -> Any:
    rows = [np.atleast_2d(one) for one in (m, y) if one is not None]
    x = np.concatenate([r if rowvar or r.shape[0] == 1 else r.T for r in rows], axis=0)
    x = x if dtype is None else x.astype(dtype)
    ddof = (0 if bias else 1) if ddof is None else ddof
    aweights = plain(aweights) if isinstance(aweights, (tuple, list)) else aweights
    if fweights is None and aweights is None:
        away = x - np.mean(x, axis=1, keepdims=True)
        return np.squeeze(away @ np.conjugate(away).T / (x.shape[1] - ddof))
    w = 1.0 if aweights is None else np.multiply(aweights, 1.0)
    w = w if fweights is None else w * np.asarray(plain(fweights))
    total = np.sum(w)
    away = x - np.sum(x * w, axis=1, keepdims=True) / total
    lost = ddof if aweights is None else ddof * np.sum(np.multiply(w, aweights)) / total
    return np.squeeze((away * w) @ np.conjugate(away).T / (total - lost))


@said(np.corrcoef)
def _corrcoef(
    x: Any, y: Any = None, rowvar: bool = True, bias: Any = None, ddof: Any = None, *,
    dtype: Any = None,
) -> Any:
    c = _cov(x, y, rowvar, dtype=dtype)
    if c.ndim == 0:
        return c / c
    deviation = np.sqrt(np.real(np.diagonal(c)))
    return c / deviation[:, None] / deviation


@said(np.trapezoid)
def _trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    y = y if hasattr(y, "shape") else np.asarray(y)
    if x is not None:
        x = x if hasattr(x, "shape") else np.asarray(x)
        dx = np.diff(x, axis=0 if x.ndim == 1 else axis)
        if x.ndim == 1:
            dx = np.reshape(dx, [-1 if n == axis % y.ndim else 1 for n in range(y.ndim)])
    before = (slice(None),) * (axis % y.ndim)
    pairs = y[(*before, slice(1, None))] + y[(*before, slice(None, -1))]
    return np.sum(dx * pairs / 2.0, axis=axis)
