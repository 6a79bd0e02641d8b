"""Statistics that pass over NaN: the same with the NaN replaced by what takes no part."""

from __future__ import annotations

from typing import Any

import numpy as np

from .statistics import _all, _var, root
from .terms import said

__all__: list[str] = []


def _without_nan(a: Any, neutral: float) -> Any:
    return np.where(np.isnan(a), neutral, a)


def _replacing(function: Any, neutral: float) -> Any:
    """Return a reduction that puts a neutral number in place of each NaN."""

    def body(
        a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False,
        initial: Any = None, where: Any = True,
    ) -> Any:
        x = _without_nan(a if dtype is None else a.astype(dtype), neutral)
        further = {} if initial is None or initial is np._NoValue else {"initial": initial}
        further |= {} if where is True or where is np._NoValue else {"where": where}
        return function(x, axis=axis, keepdims=keepdims is True, **further)

    return body


def _extreme(function: Any, neutral: float) -> Any:
    reduce = _replacing(function, neutral)

    def body(
        a: Any, axis: Any = None, out: Any = None, keepdims: Any = False, initial: Any = None,
        where: Any = True,
    ) -> Any:
        found = reduce(a, axis, None, None, keepdims, initial, where)
        here = np.isnan(a) | np.logical_not(True if where is np._NoValue else where)
        nothing = np.all(here, axis=axis, keepdims=keepdims is True)
        return np.where(nothing & (found == neutral), np.nan, found)

    return body


def _running(function: Any, neutral: float) -> Any:
    def body(a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
        x = _without_nan(a if dtype is None else a.astype(dtype), neutral)
        return function(x, axis=axis)

    return body


said(np.nansum)(_replacing(np.sum, 0.0))
said(np.nanprod)(_replacing(np.prod, 1.0))
said(np.nanmax)(_extreme(np.max, -np.inf))
said(np.nanmin)(_extreme(np.min, np.inf))
said(np.nancumsum)(_running(np.cumsum, 0.0))
said(np.nancumprod)(_running(np.cumprod, 1.0))


@said(np.nanmean)
def _nanmean(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False, *,
    where: Any = True,
) -> Any:
    a = a if dtype is None else a.astype(dtype)
    counted = np.broadcast_to(where, a.shape) & ~np.isnan(a)
    count = np.sum(np.where(counted, 1.0, 0.0), axis=axis, keepdims=True).astype(a.real.dtype)
    mean = np.sum(np.where(counted, a, 0.0), axis=axis, keepdims=True) / count
    return mean if keepdims is True else np.squeeze(mean, _all(axis, a.ndim))


@said(np.nanvar)
def _nanvar(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: Any = 0,
    keepdims: Any = False, *, where: Any = True, mean: Any = None, correction: Any = None,
) -> Any:
    counted = np.broadcast_to(where, a.shape) & ~np.isnan(a)
    a = _without_nan(a, 0.0)
    return _var(a, axis, dtype, None, ddof, keepdims, where=counted, mean=mean,
                correction=correction)


@said(np.nanstd)
def _nanstd(*args: Any, **kwargs: Any) -> Any:
    return root(_nanvar(*args, **kwargs))
