"""Derivatives of numpy.linalg, for matrices and stacks of them.

Formulas are for gradients in which Re Σ conj(g)·dy is the differential; `_star` puts them between
the conjugates that a rule, which is bilinear, has at its ends. A function of a symmetric matrix
(cholesky, eigh) has a symmetric derivative, whichever triangle NumPy reads. Between equal
eigenvalues or singular values nothing flows: exact for sums over them and for the space of their
vectors. What f(A) = V f(w) Vᵀ has there, f'(w), its cotangent does not tell: that part is 0.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..op import primitive, rule, without_derivative
from .scan import others
from .statistics import root
from .terms import said

__all__: list[str] = []


def _conj(x: Any) -> Any:
    return np.conjugate(x) if x.dtype.kind == "c" else x


def _t(x: Any) -> Any:
    return np.swapaxes(x, -1, -2)


def _h(x: Any) -> Any:
    return _conj(_t(x))


def _star(formula: Callable[..., Any], g: Any, *args: Any, **metadata: Any) -> Any:
    """Use a gradient's formula in a rule: conjugate what enters and what leaves."""
    g = tuple(map(_conj, g)) if isinstance(g, tuple) else _conj(g)
    return _conj(formula(g, *args, **metadata))


def _diagonal(x: Any) -> Any:
    return np.diagonal(x, 0, -2, -1)


def _eye(x: Any) -> Any:
    return np.eye(x.shape[-1], dtype=x.dtype)


def _inverse_gaps(x: Any) -> Any:
    """Return 1/(x_j − x_i), 0 where they are equal but for rounding."""
    gap = x[..., None, :] - x[..., :, None]
    size = np.max(np.abs(x), axis=-1, initial=0.0)[..., None, None]
    apart = np.abs(gap) > size * (x.shape[-1] * float(np.finfo(x.dtype).eps))
    return np.where(apart, 1.0, 0.0) / np.where(apart, gap, 1.0)


# -- inverse, solutions, determinant

rule(np.linalg.inv, lambda g, y, a: -(_t(y) @ g @ _t(y)))


def _solve_right(g: Any, y: Any, a: Any, b: Any) -> Any:
    return np.linalg.solve(_t(a), g if b.ndim > 1 else g[..., None])[..., *_column(b)]


def _column(b: Any) -> tuple[Any, ...]:
    return (slice(None), slice(None)) if b.ndim > 1 else (slice(None), 0)


def _solve_left(g: Any, y: Any, a: Any, b: Any) -> Any:
    right = _solve_right(g, y, a, b)
    if b.ndim == 1:
        return -(right[..., :, None] * y[..., None, :])
    return -(right @ _t(y))


rule(np.linalg.solve, _solve_left, _solve_right)


@primitive
def cofactors(a: Any) -> Any:
    """Return ∂det/∂a, also of a singular matrix: the singular values' products of the others."""
    u, s, vh = np.linalg.svd(a)
    sign = (np.linalg.det(u) * np.linalg.det(vh))[..., None, None]
    return sign * ((np.conjugate(u) * others(s)[..., None, :]) @ np.conjugate(vh))


@primitive
def cofactors_pull(g: Any, a: Any) -> Any:
    """Return Σ g_ij ∂(cofactor ij)/∂a: det's second derivative, symmetric and linear in g."""
    u, s, vh = np.linalg.svd(a)
    n = s.shape[-1]
    sign = (np.linalg.det(u) * np.linalg.det(vh))[..., None, None]
    g = np.conjugate(_t(u)) @ g @ np.conjugate(_t(vh))
    unity = np.eye(n, dtype=bool)
    rest = others(np.where(unity, 1.0, s[..., None, :]))  # of all but s_i and s_j, at (i, j)
    rest = np.where(unity, 0.0, rest)
    on = np.sum(_diagonal(g)[..., None, :] * rest, axis=-1)
    return sign * (np.conjugate(u) @ np.where(unity, on[..., None], -_t(g) * rest)
                   @ np.conjugate(vh))


def _cofactors_pull_in_a(h: Any, y: Any, g: Any, a: Any) -> Any:
    """Det's third derivative, where a has an inverse."""
    w = np.linalg.inv(a)
    x, z = w @ g, w @ h
    tx, tz, txz = (np.trace(m, 0, -2, -1)[..., None, None] for m in (x, z, x @ z))
    inner = (tx * tz - txz) * _eye(a) - tx * z - tz * x + x @ z + z @ x
    return np.linalg.det(a)[..., None, None] * _t(inner @ w)


rule(cofactors_pull, lambda h, y, g, a: cofactors_pull(h, a), _cofactors_pull_in_a)
rule(cofactors, lambda g, y, a: cofactors_pull(g, a))
rule(np.linalg.det, lambda g, y, a: g[..., None, None] * cofactors(a))


def _slogdet(g: Any, y: Any, a: Any) -> Any:
    size = g[1] if a.dtype.kind != "c" else g[1] - 1j * np.real(1j * g[0] * y[0])
    return size[..., None, None] * _t(np.linalg.inv(a))


rule(np.linalg.slogdet, _slogdet)

# -- factors


def _cholesky(g: Any, y: Any, a: Any, upper: bool) -> Any:
    low, g = (_h(y), _h(g)) if upper else (y, g)
    half = np.tri(low.shape[-1]).astype(y.dtype) - 0.5 * _eye(low)
    middle = np.linalg.solve(_h(low), (_h(low) @ g) * half)
    found = _h(np.linalg.solve(_h(low), _h(middle)))
    return 0.5 * (found + _h(found))


rule(np.linalg.cholesky,
     lambda g, y, a, *, upper=False: _star(_cholesky, g, y, a, upper=upper))


def _tall_qr(g: Any, y: Any, a: Any) -> Any:
    (gq, gr), (q, r) = g, y
    m = np.triu(gr @ _h(r) - _h(q) @ gq)
    both = m + _h(m)
    both = both - 0.5 * np.real(_diagonal(both))[..., None, :] * _eye(r)
    return _h(np.linalg.solve(r, _h(gq + q @ both)))


@primitive
def qr_reduced(a: Any) -> Any:
    """Return Q and R of matrices with at least as many rows as columns."""
    return tuple(np.linalg.qr(a))


rule(qr_reduced, lambda g, y, a: _star(_tall_qr, g, y, a), name="qr")


@said(np.linalg.qr)
def _qr(a: Any, mode: str = "reduced") -> Any:
    m, n = a.shape[-2:]
    if mode not in ("reduced", "r", "complete") or (mode == "complete" and m > n):
        raise TypeError(
            f'np.linalg.qr(mode={mode!r}) of shape {a.shape} has no derivative rule: columns of Q '
            'beyond the rank are arbitrary; write mode="reduced"')
    q, r = qr_reduced(a[..., :, : min(m, n)])
    if n > m:
        r = np.concatenate([r, _h(q) @ a[..., :, m:]], axis=-1)
    return r if mode == "r" else _named(np.linalg.qr(np.zeros((1, 1))), (q, r))


def _named(example: Any, items: tuple[Any, ...]) -> Any:
    return example._make(items) if hasattr(example, "_make") else items


# -- spectra


def _eigh(g: Any, y: Any, a: Any) -> Any:
    (gw, gv), (w, v) = g, y
    turn = _h(v) @ gv
    turn = 0.5 * (turn - _h(turn)) * _inverse_gaps(w)
    return v @ (turn + gw[..., None, :] * _eye(v)) @ _h(v)


def _eigvalsh(g: Any, y: Any, a: Any, *, UPLO: Any) -> Any:
    v = np.linalg.eigh(a, UPLO=UPLO)[1]
    return (v * g[..., None, :]) @ _h(v)


def _eig(g: Any, y: Any, a: Any) -> Any:
    (gw, gv), (w, v) = g, y
    turn = _h(v) @ gv
    turn = turn - (_h(v) @ v) * np.real(_diagonal(turn))[..., None, :]
    gap = w[..., None, :] - w[..., :, None]
    apart = gap != 0
    turn = np.where(apart, turn, 0.0) / _conj(np.where(apart, gap, 1.0))
    return np.linalg.solve(_h(v), (turn + gw[..., None, :] * _eye(v)) @ _h(v))


def _eigvals(g: Any, y: Any, a: Any) -> Any:
    v = np.linalg.eig(a)[1]
    return np.linalg.solve(_h(v), g[..., :, None] * _h(v))


def _svd(g: Any, y: Any, a: Any, full_matrices: bool) -> Any:
    (gu, gs, gvh), (u, s, vh) = g, y
    k = s.shape[-1]
    gv, v = _h(gvh), _h(vh)
    (u, u0), (v, v0), (gu, gu0), (gv, gv0) = (
        (x[..., :k], x[..., k:]) for x in (u, v, gu, gv))
    total = s[..., None, :] + s[..., :, None]
    gaps = _inverse_gaps(s) / np.where(total == 0, 1.0, total)
    left, right = _h(u) @ gu, _h(v) @ gv
    inner = (left - _h(left)) * gaps * s[..., None, :] + s[..., :, None] * (
        (right - _h(right)) * gaps)
    if a.dtype.kind == "c":  # the phase that u and v share: half of it is each one's
        inner = inner + 1j * np.imag(_diagonal(left))[..., None, :] * _eye(left) / s[..., None, :]
    inner = inner + gs[..., None, :] * _eye(left)
    found = u @ inner @ _h(v)
    inverse = 1.0 / np.where(s == 0, 1.0, s)
    if a.shape[-2] > k:
        beyond = gu - u @ left
        beyond = beyond - u0 @ (_h(gu0) @ u) if full_matrices else beyond
        found = found + (beyond * inverse[..., None, :]) @ _h(v)
    if a.shape[-1] > k:
        beyond = gv - v @ right
        beyond = beyond - v0 @ (_h(gv0) @ v) if full_matrices else beyond
        found = found + u @ (inverse[..., :, None] * _h(beyond))
    return found


@primitive
def svd_factors(a: Any, full_matrices: bool = True) -> Any:
    """Return U, S, Vh."""
    return tuple(np.linalg.svd(a, full_matrices))


rule(np.linalg.eigh, lambda g, y, a, *, UPLO="L": _star(_eigh, g, y, a))
rule(np.linalg.eigvalsh, lambda g, y, a, *, UPLO="L": _star(_eigvalsh, g, y, a, UPLO=UPLO))
rule(np.linalg.eig, lambda g, y, a: _star(_eig, g, y, a))
rule(np.linalg.eigvals, lambda g, y, a: _star(_eigvals, g, y, a))
rule(svd_factors,
     lambda g, y, a, *, full_matrices=True: _star(_svd, g, y, a, full_matrices), name="svd")


def _svdvals(g: Any, y: Any, x: Any) -> Any:
    u, _, vh = np.linalg.svd(x, full_matrices=False)
    return (u * g[..., None, :]) @ vh


rule(np.linalg.svdvals, lambda g, y, x: _star(_svdvals, g, y, x))


@said(np.linalg.svd)
def _svd_called(
    a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False
) -> Any:
    if hermitian:
        w, v = np.linalg.eigh(a)
        order = np.argsort(-np.abs(w), axis=-1)
        w = np.take_along_axis(w, order, -1)
        v = np.take_along_axis(v, order[..., None, :], -1)
        found = (v, np.abs(w), _h(v * np.sign(w)[..., None, :]))
    elif not compute_uv:
        return np.linalg.svdvals(a)
    else:
        found = svd_factors(a, full_matrices=full_matrices)
    return _named(np.linalg.svd(np.zeros((1, 1))), found) if compute_uv else found[1]


def _pinv(g: Any, y: Any, a: Any) -> Any:
    rows = np.eye(a.shape[-2], dtype=a.dtype) - a @ y
    columns = np.eye(a.shape[-1], dtype=a.dtype) - y @ a
    return (rows @ _h(g) @ y @ _h(y) + _h(y) @ y @ _h(g) @ columns - _h(y) @ g @ _h(y))


rule(np.linalg.pinv,
     lambda g, y, a, *, rcond=None, hermitian=False, rtol=None: _star(_pinv, g, y, a))


@said(np.linalg.lstsq)
def _lstsq(a: Any, b: Any, rcond: Any = None) -> Any:
    m, n = a.shape
    cut = float(np.finfo(a.dtype).eps) * max(m, n) if rcond is None else rcond
    x = np.linalg.pinv(a, rcond=cut) @ b
    rank = int(np.linalg.matrix_rank(a, rtol=cut))
    squares = np.square(np.abs(b - a @ x))
    full = np.atleast_1d(np.sum(squares, axis=0))
    residuals = full if m > n == rank else full[:0]
    return x, residuals, rank, np.linalg.svdvals(a)


without_derivative(np.linalg.matrix_rank)


@said(np.linalg.tensorinv)
def _tensorinv(a: Any, ind: int = 2) -> Any:
    shape = a.shape[ind:] + a.shape[:ind]
    size = int(np.prod(a.shape[ind:]))
    return np.reshape(np.linalg.inv(np.reshape(a, (size, -1))), shape)


@said(np.linalg.tensorsolve)
def _tensorsolve(a: Any, b: Any, axes: Any = None) -> Any:
    if axes is not None:
        last = [n % a.ndim for n in axes]
        a = np.transpose(a, [n for n in range(a.ndim) if n not in last] + last)
    shape = a.shape[b.ndim :] if hasattr(b, "ndim") else a.shape[np.ndim(b) :]
    flat = np.reshape(b, (-1,))
    return np.reshape(np.linalg.solve(np.reshape(a, (flat.shape[0], -1)), flat), shape)


# -- norms


def _vector(x: Any, order: Any, axis: Any, keepdims: bool) -> Any:
    options: dict[str, Any] = {"axis": axis, "keepdims": keepdims}
    if order is None or order == 2:
        return root(np.sum(_squares(x), **options))
    size = np.abs(x)
    if order == np.inf:
        return np.max(size, **options)
    if order == -np.inf:
        return np.min(size, **options)
    if order == 0:
        return np.sum(np.where(x != 0, 1.0, 0.0), **options).astype(size.dtype)
    if order == 1:
        return np.sum(size, **options)
    if isinstance(order, str):
        raise ValueError(f"Invalid norm order '{order}' for vectors")
    total = np.sum(size ** float(order), **options)
    return np.where(total == 0, 0.0, np.where(total == 0, 1.0, total) ** (1.0 / order))


def _squares(x: Any) -> Any:
    return np.square(x) if x.dtype.kind != "c" else np.square(np.real(x)) + np.square(np.imag(x))


def _matrix(x: Any, order: Any, keepdims: bool) -> Any:
    if order in (None, "fro", "f"):
        return _vector(x, 2, (-2, -1), keepdims)
    if order in ("nuc", 2, -2):
        s = np.linalg.svdvals(x)
        reduce: Any = {"nuc": np.sum, 2: np.max, -2: np.min}[order]
        found = reduce(s, axis=-1)
    elif order in (1, -1, np.inf, -np.inf):
        sums = np.sum(np.abs(x), axis=-2 if abs(order) == 1 else -1)
        found = np.max(sums, axis=-1) if order > 0 else np.min(sums, axis=-1)
    else:
        raise ValueError("Invalid norm order for matrices.")
    return found[..., None, None] if keepdims else found


@said(np.linalg.norm)
def _norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    if axis is None:
        if ord is None:
            found = _vector(x, 2, None, keepdims)
        elif x.ndim == 1:
            found = _vector(x, ord, None, keepdims)
        elif x.ndim == 2:
            found = _matrix(x, ord, keepdims)
        else:
            raise ValueError("Improper number of dimensions to norm.")
        return found
    if not isinstance(axis, tuple) or len(axis) == 1:
        return _vector(x, ord, axis, keepdims)
    rows, columns = (n % x.ndim for n in axis)
    found = _matrix(np.moveaxis(x, (rows, columns), (-2, -1)), ord, keepdims)
    return np.moveaxis(found, (-2, -1), (rows, columns)) if keepdims else found


@said(np.linalg.vector_norm)
def _vector_norm(x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    return _vector(x, ord, axis, keepdims)


@said(np.linalg.matrix_norm)
def _matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    return _matrix(x, ord, keepdims)


@said(np.linalg.cond)
def _cond(x: Any, p: Any = None) -> Any:
    if p in (None, 2, -2):
        s = np.linalg.svdvals(x)
        return s[..., 0] / s[..., -1] if p != -2 else s[..., -1] / s[..., 0]
    return _matrix(x, p, False) * _matrix(np.linalg.inv(x), p, False)
