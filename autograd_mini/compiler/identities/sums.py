"""Identities of sums and of what is repeated along axes: a sum is the adjoint of a repetition."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...graph import Node
from ...op import OPS, Op
from ...rules.reduction import spread
from ..fold import Builder, broadcasting, identity
from ..specs import known_number, shape_of
from .arithmetic import dtype_of, is_float

__all__ = ["short"]

_SPREAD, _BROADCAST = OPS[spread], OPS[np.broadcast_to]


def _axes(axis: Any, ndim: int) -> tuple[int, ...]:
    if axis is None:
        return tuple(range(ndim))
    return tuple(sorted(a % max(ndim, 1) for a in (axis if isinstance(axis, tuple) else (axis,))))


def short(b: Builder, node: Node) -> Node | None:
    """Return what a node repeats, in a shape that broadcasts to the node's; None if it does not."""
    if node.op is _BROADCAST:
        return node.inputs[0]
    if node.op is not _SPREAD:
        return None
    (x,) = node.inputs
    shape, how = node.value.shape, node.metadata
    axes = _axes(how.get("axis"), len(shape))
    if how.get("keepdims") or not shape_of(x) or axes == tuple(range(len(axes))):
        return x  # leading axes come by themselves
    return b(np.reshape, x, shape=tuple(1 if k in axes else n for k, n in enumerate(shape)))


@broadcasting("f(x repeated) = f(x) repeated, or broadcasts by itself")
def unspread(b: Builder, y: Any, op: Op, inputs: tuple[Node, ...], how: Any) -> Node | None:
    found = [short(b, x) for x in inputs]
    if found.count(None) == len(inputs):
        return None
    less = tuple(x if s is None else s for x, s in zip(inputs, found, strict=True))
    if np.broadcast_shapes(*map(shape_of, less)) == y.shape:
        return b.make(op, less, how, y)
    arrays = [k for k, x in enumerate(inputs) if shape_of(x)]
    if len(arrays) != 1:  # nothing else has the full shape: leave one as it is
        k = arrays[-1]
        less = (*less[:k], inputs[k], *less[k + 1 :])
        same = less == inputs or np.broadcast_shapes(*map(shape_of, less)) != y.shape
        return None if same else b.make(op, less, how, y)
    (k,) = arrays
    if inputs[k].op is not _SPREAD:
        return None
    inner = b.make(op, (*inputs[:k], inputs[k].inputs[0], *inputs[k + 1 :]), how)
    return b.make(_SPREAD, (inner,), inputs[k].metadata, y)


@identity(spread, np.broadcast_to, name="x repeated once is x")
def repeated_once(b: Builder, y: Any, x: Node, **how: Any) -> Node | None:
    return x if shape_of(x) == y.shape else None


@identity(np.sum, name="Σ of one is that one")
def sum_of_one(b: Builder, y: Any, x: Node, **how: Any) -> Node | None:
    if x.value.size != y.size or not is_float(y) or dtype_of(x) != y.dtype:
        return None
    if shape_of(x) == y.shape:
        return x
    return b(np.reshape, x, shape=y.shape) if y.shape else None  # a sum is a number, no array


@identity(np.sum, name="Σ of n equal x = n · x", exact=False)
def sum_of_equal(b: Builder, y: Any, x: Node, *, axis: Any = None, keepdims: Any = False,
                 ) -> Node | None:  # fmt: skip
    if x.op is not _SPREAD or not is_float(y) or dtype_of(x) != y.dtype:
        return None
    how, (inner,) = x.metadata, x.inputs
    ndim = x.value.ndim
    repeated = _axes(how.get("axis"), ndim)
    if _axes(axis, ndim) != repeated or shape_of(inner) != y.shape:
        return None
    return b(np.multiply, inner, float(math.prod(x.value.shape[k] for k in repeated)))


@identity(np.sum, name="Σ c·x = c · Σ x", exact=False)
def sum_of_multiples(b: Builder, y: Any, x: Node, **how: Any) -> Node | None:
    if not is_float(y) or dtype_of(x) != y.dtype:
        return None
    if inner := b.made_by(x, np.negative):
        return b(np.negative, b(np.sum, inner[0], **how))
    for one, c in _orders(b.made_by(x, np.multiply)):
        number = known_number(c)
        if type(c.value) is float and number is not None and 1e-15 < abs(number) < 1e15:
            return b(np.multiply, b(np.sum, one, **how), c)
    return None


def _orders(pair: tuple[Node, ...] | None) -> list[tuple[Node, Node]]:
    return [] if pair is None else [(pair[0], pair[1]), (pair[1], pair[0])]


def _has_blas(node: Node) -> bool:
    return dtype_of(node) in (np.float64, np.float32)


@identity(np.sum, name="Σ a·b over all = the inner product of a and b", exact=False)
def sum_of_products(b: Builder, y: Any, x: Node, *, axis: Any = None, keepdims: Any = False,
                    ) -> Node | None:  # fmt: skip
    if not _has_blas(x) or shape_of(x) == () or y.shape != () or dtype_of(x) != y.dtype:
        return None
    pair = b.made_by(x, np.multiply)
    if squared := b.made_by(x, np.square):
        pair = (squared[0], squared[0])
    if pair is None or any(shape_of(p) != shape_of(x) or dtype_of(p) != y.dtype for p in pair):
        return None
    return b(np.vdot, *pair)


@identity(np.sum, name="Σ over rows = 1ᵀ X", exact=False)
def sum_over_rows(b: Builder, y: Any, x: Node, *, axis: Any = None, keepdims: Any = False,
                  ) -> Node | None:  # fmt: skip
    if x.value.ndim != 2 or keepdims or not _has_blas(x) or _axes(axis, 2) != (0,):
        return None
    return b(np.dot, b.constant(_ones(len_of(x), dtype_of(x))), x)


def len_of(node: Node) -> int:
    return int(shape_of(node)[0])


_kept: dict[Any, Any] = {}


def _ones(n: int, dtype: Any) -> Any:
    """The same array every time, so that it is one constant of a program."""
    return _kept.setdefault((n, dtype), np.ones(n, dtype))


@identity(np.mean, name="the mean is Σ / n", exact=False)
def mean_is_sum(b: Builder, y: Any, x: Node, **how: Any) -> Node | None:
    if not _has_blas(x) or dtype_of(x) != y.dtype or not y.size or not x.value.size:
        return None
    return b(np.multiply, b(np.sum, x, **how), 1.0 / (x.value.size / y.size))


