"""Derivatives of products over axes, of running sums, products and extremes, and of ufunc methods.

A product's derivative is the product of the others, which no division gives where an element is 0.
A tie of running extremes goes to the last of the equal elements.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from ..op import OPS, rule
from . import ufuncs  # noqa: F401 -- the methods of all ufuncs are registered below
from .reduction import spread
from .selection import scatter_along
from .terms import said

__all__ = ["others"]


def others(x: Any) -> Any:
    """Return, for each element of the last axis, the product of the others: pair by pair."""
    n = x.shape[-1]
    if n < 2:
        return np.ones_like(x)
    if n % 2:
        x = np.concatenate([x, np.ones_like(x[..., :1])], axis=-1)
    left, right = x[..., 0::2], x[..., 1::2]
    beyond = others(left * right)
    pairs = np.stack([beyond * right, beyond * left], axis=-1)
    return np.reshape(pairs, x.shape)[..., :n]


def _product(g: Any, y: Any, x: Any, *, axis: Any = None, keepdims: bool = False) -> Any:
    axes = range(x.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    gone = [a % x.ndim for a in axes]
    order = [a for a in range(x.ndim) if a not in gone] + gone
    kept = x.ndim - len(gone)
    front = np.transpose(x, order)
    flat = np.reshape(front, (*front.shape[:kept], math.prod(front.shape[kept:])))
    rest = np.transpose(np.reshape(others(flat), front.shape), np.argsort(order).tolist())
    return spread(g, shape=x.shape, axis=axis, keepdims=keepdims) * rest


rule(np.prod, _product)


def _backwards(g: Any, axis: int) -> Any:
    return np.flip(np.cumsum(np.flip(g, axis), axis=axis), axis)


def _shifted(x: Any, by: int, fill: Any) -> Any:
    """Move the last axis's elements to the front by some places; `fill` follows."""
    return np.concatenate([x[..., by:], fill(x[..., :by])], axis=-1)


def _running_product(g: Any, y: Any, x: Any, *, axis: Any = None) -> Any:
    """P_j·S_j: what came before j, times S_j = g_j + x_(j+1)·S_(j+1), by doubling."""
    if axis is None:
        flat = np.reshape(x, (-1,))
        return np.reshape(_running_product(g, y, flat, axis=0), x.shape)
    total, x, y = (np.moveaxis(one, axis, -1) for one in (g, x, y))
    before = np.concatenate([np.ones_like(y[..., :1]), y[..., :-1]], axis=-1)[..., : y.shape[-1]]
    factor, by = _shifted(x, 1, np.zeros_like), 1
    while by < x.shape[-1]:
        total = total + factor * _shifted(total, by, np.zeros_like)
        factor, by = factor * _shifted(factor, by, np.zeros_like), 2 * by
    return np.moveaxis(before * total, -1, axis)


rule(np.cumsum,
     lambda g, y, x, *, axis=None:
         np.reshape(_backwards(g, 0), x.shape) if axis is None else _backwards(g, axis))
rule(np.cumprod, _running_product)


@said(np.cumsum, np.cumprod, keywords=("dtype",))
def _running(a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
    raise TypeError("dtype= of a running sum has no derivative rule; write np.cumsum(x.astype(d))")


def _cumulative(running: Any, start: float) -> Any:
    def body(
        x: Any, /, *, axis: Any = None, dtype: Any = None, out: Any = None,
        include_initial: bool = False,
    ) -> Any:
        if axis is None and x.ndim > 1:
            raise ValueError("For arrays which have more than one dimension ``axis`` is required.")
        x = x if dtype is None else x.astype(dtype)
        axis = 0 if axis is None else axis
        found = running(np.atleast_1d(x), axis=axis)
        if not include_initial:
            return found
        first = np.full_like(np.take(found, [0], axis), start)
        return np.concatenate([first, found], axis=axis)

    return body


if hasattr(np, "cumulative_sum"):
    said(np.cumulative_sum)(_cumulative(np.cumsum, 0.0))
    said(np.cumulative_prod)(_cumulative(np.cumprod, 1.0))


def _running_extreme(ufunc: Any) -> Any:
    def cotangent(g: Any, y: Any, x: Any, *, axis: int = 0) -> Any:
        n = x.shape[axis]
        places = np.reshape(np.arange(n), [n if a == axis % x.ndim else 1 for a in range(x.ndim)])
        last = np.maximum.accumulate(np.where(x == y, places, 0), axis=axis)
        return scatter_along(g, last, shape=x.shape, axis=axis)

    return rule(ufunc.accumulate, cotangent, name=f"{ufunc.__name__}.accumulate")


_running_extreme(np.maximum)
_running_extreme(np.minimum)


# -- `.reduce`, `.accumulate` and `.outer` of every ufunc of two arguments that has a rule


def _rows(array: Any, axis: Any) -> list[Any]:
    """Return the parts that a reduction combines."""
    axes = range(array.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    gone = [a % array.ndim for a in axes]
    front = np.transpose(array, gone + [a for a in range(array.ndim) if a not in gone])
    return list(np.reshape(front, (-1, *front.shape[len(gone):])))


def _refuse(dtype: Any, method: str) -> None:
    if dtype is not None:
        raise TypeError(f"np.{method}(dtype=) has no derivative rule; write x.astype(dtype) first")


def _methods(ufunc: Any) -> None:
    label = ufunc.__name__

    def reduce(
        array: Any, axis: Any = 0, dtype: Any = None, out: Any = None, keepdims: bool = False,
        initial: Any = None, where: Any = True,
    ) -> Any:
        _refuse(dtype, f"{label}.reduce")
        if where is not True:
            raise TypeError(f"np.{label}.reduce(where=) has no derivative rule; use np.where")
        if axis == ():
            return +array
        parts = ([] if initial is None else [initial]) + _rows(array, axis)
        found = functools.reduce(ufunc, parts)
        axes = tuple(range(array.ndim)) if axis is None else axis
        return np.expand_dims(found, axes) if keepdims else +found

    def accumulate(array: Any, axis: int = 0, dtype: Any = None, out: Any = None) -> Any:
        _refuse(dtype, f"{label}.accumulate")
        found = [array[(slice(None),) * (axis % array.ndim) + (0,)]]
        for row in _rows(array, axis)[1:]:
            found.append(ufunc(found[-1], row))
        return np.stack(found, axis=axis)

    def outer(a: Any, b: Any, /) -> Any:
        a, b = (one if hasattr(one, "shape") else np.asarray(one) for one in (a, b))
        return ufunc(np.reshape(a, (*a.shape, *(1,) * b.ndim)), b)

    for body in (reduce, accumulate, outer):
        if getattr(ufunc, body.__name__) not in OPS:
            said(getattr(ufunc, body.__name__))(body)


def _reducing(ufunc: Any, function: Any) -> None:
    def body(
        array: Any, axis: Any = 0, dtype: Any = None, out: Any = None, keepdims: bool = False,
        initial: Any = None, where: Any = True,
    ) -> Any:
        given = {"dtype": dtype, "initial": initial}
        given = {key: value for key, value in given.items() if value is not None}
        given |= {} if where is True else {"where": where}
        return function(array, axis=axis, keepdims=keepdims, **given)

    said(ufunc.reduce)(body)


_reducing(np.add, np.sum)
_reducing(np.multiply, np.prod)
_reducing(np.maximum, np.max)
_reducing(np.minimum, np.min)
said(np.add.accumulate)(
    lambda array, axis=0, dtype=None, out=None: np.cumsum(
        array if dtype is None else array.astype(dtype), axis=axis))
said(np.multiply.accumulate)(
    lambda array, axis=0, dtype=None, out=None: np.cumprod(
        array if dtype is None else array.astype(dtype), axis=axis))


def _keywords(ufunc: Any) -> None:
    """Answer dtype= by converting first, as NumPy does; refuse where=, whose rest is anything."""
    label = f"np.{ufunc.__name__}"

    def body(*arrays: Any, dtype: Any = None, where: Any = True, **further: Any) -> Any:
        if where is not True:
            rest = "has no derivative rule: what it leaves out is not even initialised"
            raise TypeError(f"{label}(where=) {rest}; write np.where(mask, {label}(...), 0.0)")
        if dtype is not None:
            arrays = tuple(one.astype(dtype) if hasattr(one, "astype") else np.asarray(one, dtype)
                           for one in arrays)
        return ufunc(*arrays, **further)

    said(ufunc, keywords=("dtype", "where"))(body)


for one in [one for one in OPS if isinstance(one, np.ufunc) and OPS[one].differentiable]:
    if one.signature is None and one.nout == 1:
        _keywords(one)
        if one.nin == 2:
            _methods(one)
