"""Derivatives of products: inner, outer, of matrices, and of tensors by letters (einsum)."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from ..op import primitive, rule
from .terms import letters_of, said

__all__: list[str] = []


def _arrays(*values: Any) -> list[Any]:
    return [a if hasattr(a, "shape") else np.asarray(a) for a in values]


@said(np.vdot)
def _vdot(a: Any, b: Any, /) -> Any:
    a, b = _arrays(a, b)
    return np.dot(np.conjugate(np.reshape(a, (-1,))), np.reshape(b, (-1,)))


@said(np.inner)
def _inner(a: Any, b: Any, /) -> Any:
    a, b = _arrays(a, b)
    if a.ndim == 0 or b.ndim == 0:
        return a * b
    return np.tensordot(a, b, axes=(-1, -1))


def _vecdot(x1: Any, x2: Any, /, axis: int = -1, **further: Any) -> Any:
    x1, x2 = _arrays(x1, x2)
    x1, x2 = (np.moveaxis(x, axis, -1) for x in (x1, x2))
    return np.sum(np.conjugate(x1) * x2, axis=-1)


said(np.linalg.vecdot)(_vecdot)
if hasattr(np, "vecdot"):
    said(np.vecdot)(_vecdot)
if hasattr(np, "matvec"):
    said(np.matvec)(lambda x1, x2, /: np.matmul(x1, x2[..., None])[..., 0])
    said(np.vecmat)(lambda x1, x2, /: np.matmul(np.conjugate(x1)[..., None, :], x2)[..., 0, :])


@said(np.tensordot, np.linalg.tensordot)
def _tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    a, b = _arrays(a, b)
    if isinstance(axes, (int, np.integer)):
        axes = (list(range(a.ndim - int(axes), a.ndim)), list(range(int(axes))))
    left, right = (
        [int(n) % x.ndim for n in ((one,) if isinstance(one, (int, np.integer)) else one)]
        for one, x in zip(axes, (a, b), strict=True))
    if [a.shape[n] for n in left] != [b.shape[n] for n in right]:
        raise ValueError(f"shape-mismatch for sum: {a.shape} over {left}, {b.shape} over {right}")
    rows, columns = ([n for n in range(x.ndim) if n not in gone]
                     for x, gone in ((a, left), (b, right)))
    inner = math.prod(a.shape[n] for n in left)
    shape = [a.shape[n] for n in rows] + [b.shape[n] for n in columns]
    a = np.reshape(np.transpose(a, rows + left), (math.prod(a.shape[n] for n in rows), inner))
    width = math.prod(b.shape[n] for n in columns)
    b = np.reshape(np.transpose(b, right + columns), (inner, width))
    return np.reshape(a @ b, shape)


@said(np.kron)
def _kron(a: Any, b: Any) -> Any:
    a, b = _arrays(a, b)
    ndim = max(a.ndim, b.ndim)
    a, b = (np.reshape(x, (1,) * (ndim - x.ndim) + x.shape) for x in (a, b))
    wide = np.reshape(a, sum(((n, 1) for n in a.shape), ()))
    product = wide * np.reshape(b, sum(((1, n) for n in b.shape), ()))
    return np.reshape(product, [n * m for n, m in zip(a.shape, b.shape, strict=True)])


@said(np.cross)
def _cross(
    a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: Any = None
) -> Any:
    a, b = _arrays(a, b)
    axisa, axisb, axisc = (axisa, axisb, axisc) if axis is None else (axis,) * 3
    a, b = np.moveaxis(a, axisa, -1), np.moveaxis(b, axisb, -1)
    x, y = ([v[..., k] for k in range(v.shape[-1])] for v in (a, b))
    flat = x[0] * y[1] - x[1] * y[0]
    if len(x) == len(y) == 2:
        return flat
    if len(x) == 2:
        parts = [x[1] * y[2], -(x[0] * y[2]), flat]
    elif len(y) == 2:
        parts = [-(x[2] * y[1]), x[2] * y[0], flat]
    else:
        parts = [x[1] * y[2] - x[2] * y[1], x[2] * y[0] - x[0] * y[2], flat]
    return np.moveaxis(np.stack(parts, axis=-1), -1, axisc)


@said(np.linalg.cross)
def _vectors_cross(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    return _cross(x1, x2, axis=axis)


@said(np.linalg.multi_dot)
def _multi_dot(arrays: Any, *, out: Any = None) -> Any:
    arrays = _arrays(*arrays)
    if len(arrays) == 2:
        return np.dot(*arrays)
    n = len(arrays)
    sides = [arrays[0].shape[0] if arrays[0].ndim > 1 else 1]
    sides += [x.shape[-1] if x.ndim > 1 or k < n - 1 else 1 for k, x in enumerate(arrays)]
    sides[1] = arrays[0].shape[-1]

    @functools.cache
    def cheapest(i: int, j: int) -> tuple[int, int]:
        """Return the cost of the product of arrays i..j, and where it is best split."""
        return min(
            ((cheapest(i, k)[0] + cheapest(k + 1, j)[0] + sides[i] * sides[k + 1] * sides[j + 1], k)
             for k in range(i, j)), default=(0, i))

    def product(i: int, j: int) -> Any:
        if i == j:
            return arrays[i]
        k = cheapest(i, j)[1]
        return np.dot(product(i, k), product(k + 1, j))

    return product(0, n - 1)


@said(np.linalg.matrix_power)
def _matrix_power(a: Any, n: int) -> Any:
    if n == 0:
        return np.broadcast_to(np.eye(a.shape[-1], dtype=a.dtype), a.shape).copy()
    a, n = (np.linalg.inv(a), -n) if n < 0 else (+a, n)
    factors = []
    while n:  # by squaring
        factors += [a] if n & 1 else []
        n >>= 1
        a = a @ a if n else a
    return functools.reduce(np.matmul, factors)


# -- by letters


def _explicit(subscripts: str, ndims: list[int]) -> tuple[list[str], str]:
    """Return each operand's letters and the result's, with letters in place of the ellipsis."""
    subscripts = subscripts.replace(" ", "")
    inputs, arrow, output = subscripts.partition("->")
    parts = inputs.split(",")
    free = [c for c in letters_of(52)[0] if c not in subscripts]
    wide = max([n - len(p.replace("...", "")) for p, n in zip(parts, ndims, strict=True)
                if "..." in p], default=0)
    dots = "".join(free[:wide])
    full = [p.replace("...", dots[wide - n + len(p.replace("...", "")):] if "..." in p else "")
            for p, n in zip(parts, ndims, strict=True)]
    if arrow:
        return full, output.replace("...", dots)
    named = "".join(full)
    once = sorted(c for c in set(named) if named.count(c) == 1 and c not in dots)
    return full, dots + "".join(once)


def _by_letters(g: Any, y: Any, *arrays: Any, subscripts: str, optimize: Any = False) -> list[Any]:
    """Each cotangent is an einsum of g and the other operands; a repeated letter is a diagonal."""
    parts, output = _explicit(subscripts, [a.ndim for a in arrays])
    found = []
    for k, a in enumerate(arrays):
        own = "".join(dict.fromkeys(parts[k]))
        sides = dict(zip(parts[k], a.shape, strict=True))
        others = [x for i, x in enumerate(arrays) if i != k]
        letters = [p for i, p in enumerate(parts) if i != k]
        present = [c for c in own if c in output or any(c in p for p in letters)]
        terms = ",".join([output, *letters])
        part = np.einsum(f"{terms}->{''.join(present)}", g, *others, optimize=optimize)
        # a letter that no other has was summed over; one of length 1 here was broadcast
        part = _fitted(part, present, own, sides)
        for c in own:
            if parts[k].count(c) > 1:
                part, own = _on_diagonal(part, own, parts[k], c, sides[c])
        order = [*map(own.index, _renamed(parts[k]))] if len(own) == len(parts[k]) else []
        found.append(np.transpose(part, order) if order else part)
    return found


def _fitted(part: Any, present: list[str], own: str, sides: dict[str, int]) -> Any:
    gone = tuple(n for n, c in enumerate(present) if sides[c] == 1 and part.shape[n] != 1)
    part = np.sum(part, axis=gone, keepdims=True) if gone else part
    missing = tuple(n for n, c in enumerate(own) if c not in present)
    part = np.expand_dims(part, missing) if missing else part
    return np.broadcast_to(part, [sides[c] for c in own])


def _renamed(letters: str) -> list[str]:
    """Tell a letter's later appearances apart: "iij" is i, i1, j."""
    return [c + (str(letters[:n].count(c)) if letters[:n].count(c) else "")
            for n, c in enumerate(letters)]


def _on_diagonal(part: Any, own: Any, letters: str, c: str, n: int) -> tuple[Any, Any]:
    """Spread an axis over the diagonal of as many axes as its letter appears."""
    own = list(own)
    place = own.index(c)
    names = [name for name in _renamed(letters) if name.rstrip("0123456789") == c]
    for extra in names[1:]:
        sides = [n if k in (place, part.ndim) else 1 for k in range(part.ndim + 1)]
        part = np.expand_dims(part, -1) * np.reshape(np.eye(n, dtype=part.dtype), sides)
        own.append(extra)
    return part, own


@primitive
def letters_einsum(arrays: Any, subscripts: str, optimize: Any = False) -> Any:
    """Return np.einsum with the operands first."""
    return np.einsum(subscripts, *arrays, optimize=optimize)


rule(letters_einsum, _by_letters, variadic=True, name="einsum")


@said(np.einsum)
def _einsum(*operands: Any, out: Any = None, optimize: Any = False, **further: Any) -> Any:
    """Also with lists of numbers for letters: einsum(a, [0, 1], b, [1, 2], [0, 2])."""
    if isinstance(operands[0], str):
        return letters_einsum(_arrays(*operands[1:]), subscripts=operands[0], optimize=optimize)
    letters = sorted(letters_of(52)[0])

    def spelt(numbers: Any) -> str:
        return "".join("..." if n is Ellipsis else letters[n] for n in numbers)

    inputs = ",".join(spelt(numbers) for numbers in operands[1::2])
    arrays = operands[0::2]
    if len(operands) % 2:
        inputs, arrays = f"{inputs}->{spelt(operands[-1])}", arrays[:-1]
    return letters_einsum(_arrays(*arrays), subscripts=inputs, optimize=optimize)
