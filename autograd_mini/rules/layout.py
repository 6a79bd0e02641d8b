"""Derivatives of functions that move elements, repeat them, or put arrays side by side."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from ..op import OPS, rule
from .terms import moved, plain, said

__all__: list[str] = []

# views and shifts
rule(np.flip, lambda g, y, m, *, axis=None: np.flip(g, axis), view=True)
rule(np.moveaxis,
     lambda g, y, a, *, source, destination: np.moveaxis(g, destination, source), view=True)
rule(np.roll,
     lambda g, y, a, *, shift, axis=None: np.roll(g, np.negative(shift), axis))
rule(np.matrix_transpose, lambda g, y, x: np.swapaxes(g, -1, -2), view=True)
OPS[np.linalg.matrix_transpose] = OPS[np.matrix_transpose]
for function in (np.atleast_1d, np.atleast_2d, np.atleast_3d):
    @said(function)
    def _atleast(*arys: Any, _function: Any = function) -> Any:
        found = tuple(np.reshape(a, _function(np.zeros(np.shape(a))).shape) for a in arys)
        return found if len(found) > 1 else found[0]

moved(np.tile, np.rot90)
said(np.fliplr)(lambda m: m[:, ::-1])
said(np.flipud)(lambda m: m[::-1])


@said(np.rollaxis)
def _rollaxis(a: Any, axis: int, start: int = 0) -> Any:
    order = np.rollaxis(np.empty((*range(a.ndim),)), axis, start).shape
    return np.transpose(a, order)


@said(np.broadcast_arrays)
def _broadcast_arrays(*args: Any, subok: bool = False) -> Any:
    shape = np.broadcast_shapes(*map(np.shape, args))
    return tuple(np.broadcast_to(a, shape) for a in args)


@said(np.meshgrid)
def _meshgrid(*xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> Any:
    n = len(xi)
    flat = [np.reshape(x, (1,) * k + (-1,) + (1,) * (n - 1 - k)) for k, x in enumerate(xi)]
    if indexing == "xy" and n > 1:
        flat = [np.swapaxes(x, 0, 1) for x in flat]
    shape = np.broadcast_shapes(*(x.shape for x in flat))
    return tuple(flat if sparse else [np.broadcast_to(x, shape) for x in flat])


# side by side
def _cast(found: Any, dtype: Any) -> Any:
    return found if dtype is None else found.astype(dtype)


@said(np.concatenate, keywords=("dtype", "casting"))
def _concatenate(
    arrays: Any, /, axis: Any = 0, out: Any = None, *, dtype: Any = None, casting: Any = None
) -> Any:
    return _cast(np.concatenate(arrays, axis=axis), dtype)


@said(np.stack, keywords=("dtype", "casting"))
def _stack(
    arrays: Any, axis: int = 0, out: Any = None, *, dtype: Any = None, casting: Any = None
) -> Any:
    return _cast(np.stack(arrays, axis=axis), dtype)


@said(np.hstack)
def _hstack(tup: Any, *, dtype: Any = None, casting: Any = None) -> Any:
    parts = [np.atleast_1d(a) for a in tup]
    axis = 0 if parts and parts[0].ndim == 1 else 1
    return _cast(np.concatenate(parts, axis=axis), dtype)


@said(np.vstack)
def _vstack(tup: Any, *, dtype: Any = None, casting: Any = None) -> Any:
    return _cast(np.concatenate([np.atleast_2d(a) for a in tup], axis=0), dtype)


@said(np.dstack)
def _dstack(tup: Any) -> Any:
    return np.concatenate([np.atleast_3d(a) for a in tup], axis=2)


@said(np.column_stack)
def _column_stack(tup: Any) -> Any:
    columns = [np.reshape(a, (-1, 1)) if np.ndim(a) < 2 else a for a in tup]
    return np.concatenate(columns, axis=1)


@said(np.append)
def _append(arr: Any, values: Any, axis: Any = None) -> Any:
    if axis is None:
        arr, values = (np.reshape(a, (-1,)) for a in (arr, values))
    return np.concatenate([arr, values], axis=0 if axis is None else axis)


def _depth(item: Any) -> int:
    return 1 + max(map(_depth, item), default=0) if isinstance(item, list) else 0


def _leaves(item: Any) -> list[Any]:
    return [leaf for one in item for leaf in _leaves(one)] if isinstance(item, list) else [item]


@said(np.block)
def _block(arrays: Any) -> Any:
    depth = _depth(arrays)
    ndim = max([depth, *map(np.ndim, _leaves(arrays))])

    def joined(item: Any, level: int) -> Any:
        if isinstance(item, list):
            return np.concatenate([joined(one, level + 1) for one in item], axis=level - depth)
        return np.reshape(item, (1,) * (ndim - np.ndim(item)) + np.shape(item))

    return joined(arrays, 0)


# and apart
@said(np.array_split)
def _array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> Any:
    numbers = np.arange(ary.shape[axis])
    parts = np.array_split(numbers, plain(indices_or_sections))
    before = (slice(None),) * (axis % ary.ndim)
    ends = np.cumsum([0] + [len(part) for part in parts]).tolist()
    if isinstance(indices_or_sections, int):
        return [ary[(*before, slice(a, b))] for a, b in pairwise(ends)]
    cuts = [0, *np.asarray(plain(indices_or_sections)).tolist(), None]
    return [ary[(*before, slice(a, b))] for a, b in pairwise(cuts)]


said(np.hsplit)(
    lambda ary, indices_or_sections: np.split(
        ary, indices_or_sections, axis=0 if ary.ndim == 1 else 1))
said(np.vsplit)(lambda ary, indices_or_sections: np.split(ary, indices_or_sections, axis=0))
said(np.dsplit)(lambda ary, indices_or_sections: np.split(ary, indices_or_sections, axis=2))
if hasattr(np, "unstack"):
    @said(np.unstack)
    def _unstack(x: Any, /, *, axis: int = 0) -> Any:
        return tuple(np.moveaxis(x, axis, 0))


@said(np.lib.stride_tricks.sliding_window_view)
def _sliding_window_view(
    x: Any, window_shape: Any, axis: Any = None, *, subok: bool = False, writeable: bool = False
) -> Any:
    numbers = np.arange(x.size).reshape(x.shape)
    places = np.lib.stride_tricks.sliding_window_view(numbers, window_shape, axis)
    return np.reshape(x, (-1,))[places]


# edges
_MOVING = ("edge", "reflect", "symmetric", "wrap")
_STATISTICS: dict[str, Any] = {
    "maximum": np.max, "minimum": np.min, "mean": np.mean, "median": np.median}


def _pairs(value: Any, ndim: int) -> list[list[Any]]:
    if isinstance(value, dict):
        missing = {k % ndim: v for k, v in value.items()}
        return [_pairs(missing.get(k, 0), 1)[0] for k in range(ndim)]
    if hasattr(value, "node") or not isinstance(value, (list, tuple)):
        value = value if hasattr(value, "shape") else np.asarray(value)
        full = np.broadcast_to(value, (ndim, 2))
        return [[full[k, 0], full[k, 1]] for k in range(ndim)]
    if len(value) == 2 and all(np.ndim(v) == 0 for v in value):
        return [list(value)] * ndim
    if len(value) == ndim and all(isinstance(v, (list, tuple)) and len(v) == 2 for v in value):
        return [list(v) for v in value]
    return _pairs(np.asarray(value), ndim)


def _pad_axis(x: Any, axis: int, width: Any, mode: str, options: dict[str, Any]) -> Any:
    """Put something before and after one axis."""
    n = x.shape[axis]
    parts = [x]
    for end in (0, 1):
        count = int(width[end])
        edge = np.take(x, [0 if end == 0 else n - 1], axis) if n else x
        part: Any
        shape = [count if a == axis else m for a, m in enumerate(x.shape)]
        if mode == "constant":
            part = np.broadcast_to(options["constant_values"][axis][end], shape).astype(x.dtype)
        elif mode == "linear_ramp":
            last = options["end_values"][axis][end]
            steps: Any = np.arange(count)[:: -1 if end else 1] / max(count, 1)
            steps = np.reshape(steps, [-1 if a == axis else 1 for a in range(x.ndim)])
            part = (last + (edge - last) * steps).astype(x.dtype)
        else:
            length = options["stat_length"][axis][end]
            length = n if length is None else min(int(length), n)
            some = np.arange(length) if end == 0 else np.arange(n - length, n)
            part = _STATISTICS[mode](np.take(x, some, axis), axis=axis, keepdims=True)
            part = np.broadcast_to(part, shape).astype(x.dtype)
        parts = [part, *parts] if end == 0 else [*parts, part]
    return np.concatenate(parts, axis=axis)


@said(np.pad)
def _pad(array: Any, pad_width: Any, mode: Any = "constant", **kwargs: Any) -> Any:
    if mode in _MOVING and kwargs.get("reflect_type", "even") == "even":
        numbers = np.arange(array.size).reshape(array.shape)
        return np.reshape(array, (-1,))[np.pad(numbers, pad_width, mode, **kwargs)]
    if mode in _MOVING:  # odd reflection: twice the edge, minus the even one
        widths, found = _pairs(pad_width, array.ndim), array
        for axis, width in enumerate(widths):
            alone = [width if a == axis else [0, 0] for a in range(array.ndim)]
            even = np.pad(found, alone, mode)
            found = _odd(found, even, axis, width)
        return found
    if mode not in ("constant", "linear_ramp", *_STATISTICS):
        raise TypeError(f"np.pad(mode={mode!r}) has no derivative rule; write np.concatenate")
    widths, found = _pairs(pad_width, array.ndim), array
    options = {key: _pairs(kwargs.get(key, 0), array.ndim)
               for key in ("constant_values", "end_values")}
    length = kwargs.get("stat_length")
    options["stat_length"] = ([[None, None]] * array.ndim if length is None
                              else _pairs(length, array.ndim))
    for axis, width in enumerate(widths):
        found = _pad_axis(found, axis, width, mode, options)
    return found


def _odd(x: Any, even: Any, axis: int, width: Any) -> Any:
    n = x.shape[axis]
    if max(width) > n - 1:
        raise TypeError('np.pad(reflect_type="odd") wider than the array has no derivative rule')
    first, last = np.take(x, [0], axis), np.take(x, [n - 1], axis)
    k = np.reshape(np.arange(even.shape[axis]), [-1 if a == axis else 1 for a in range(x.ndim)])
    before, after = k < width[0], k >= width[0] + n
    return np.where(before, 2.0 * first - even, np.where(after, 2.0 * last - even, even))
