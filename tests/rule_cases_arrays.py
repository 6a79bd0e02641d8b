"""The appendix's cases: moving and picking elements, products, sequences, matrices, transforms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_mini.op import find_op
from autograd_mini.rules.selection import scatter_along
from tests.rule_cases_more import an_axis_of, fixed, more, resolve

for name in np.fft.__all__:
    find_op(getattr(np.fft, name))
windows = np.lib.stride_tricks.sliding_window_view
M, V = fixed((3, 4)), fixed((4,))

# -- layout

more("flip", M, np.flip, lambda x: np.flip(x, 1), lambda x: np.flip(x, axis=(0, -1)))
more(
    "moveaxis",
    fixed((2, 3, 4)),
    lambda x: np.moveaxis(x, 0, -1),
    lambda x: np.moveaxis(x, (0, 1), (-1, 0)),
)
more(
    "roll",
    M,
    lambda x: np.roll(x, 2),
    lambda x: np.roll(x, -1, axis=1),
    lambda x: np.roll(x, (1, 2), (0, 1)),
)
more("matrix_transpose", fixed((2, 3, 4)), np.matrix_transpose, np.linalg.matrix_transpose)
more(
    "atleast_1d",
    fixed(()),
    np.atleast_1d,
    np.atleast_2d,
    np.atleast_3d,
    lambda x: np.atleast_1d(x, x * 2),
)
more("atleast_2d", V, np.atleast_2d, np.atleast_3d)
more(
    "tile",
    M,
    lambda x: np.tile(x, 2),
    lambda x: np.tile(x, (2, 1, 3)),
    lambda x: np.tile(A=x, reps=(2, 1)),
)
more("rot90", M, np.rot90, lambda x: np.rot90(x, k=3, axes=(1, 0)), np.fliplr, np.flipud)
more(
    "rollaxis",
    fixed((2, 3, 4)),
    lambda x: np.rollaxis(x, 2),
    lambda x: np.rollaxis(x, 0, 3),
    lambda x: np.rollaxis(x, -1, 1),
)
more("broadcast_arrays", fixed((3, 1), (4,)), np.broadcast_arrays)
more(
    "meshgrid",
    fixed((3,), (2,)),
    np.meshgrid,
    lambda a, b: np.meshgrid(a, b, indexing="ij"),
    lambda a, b: np.meshgrid(a, b, a, sparse=True),
)
more("hstack", fixed((2, 3), (2, 1)), lambda *a: np.hstack(a), lambda *a: np.hstack([*a, a[0]]))
more("hstack", fixed((2,), (3,)), lambda *a: np.hstack(a), lambda *a: np.block([*a]))
more("vstack", fixed((2, 3), (3,)), lambda *a: np.vstack(a))
more("dstack", fixed((2, 3), (2, 3)), lambda *a: np.dstack(a))
more("column_stack", fixed((3,), (3, 2)), lambda *a: np.column_stack(a))
more("block", fixed((2, 3), (2, 1), (1, 4)), lambda a, b, c: np.block([[a, b], [c]]))
more("append", fixed((2, 3), (1, 3)), np.append, lambda a, b: np.append(a, b, axis=0))
more(
    "concatenate(dtype=)",
    M,
    lambda x: np.concatenate([x, x], dtype=complex),
    lambda x: np.stack([x, x], dtype=complex),
)
more(
    "array_split",
    M,
    lambda x: np.array_split(x, 3, axis=1),
    lambda x: np.array_split(x, [1, 2]),
    lambda x: np.array_split(x, [2], axis=-1),
)
more(
    "hsplit",
    fixed((4, 4, 2)),
    lambda x: np.hsplit(x, 2),
    lambda x: np.vsplit(x, [1, 3]),
    lambda x: np.dsplit(x, 2),
    lambda x: np.hsplit(x[:, 0, 0], 2),
)
more("unstack", M, np.unstack, lambda x: np.unstack(x, axis=1))
more(
    "sliding_window_view",
    fixed((4, 5)),
    lambda x: windows(x, 3, axis=1),
    lambda x: windows(x, (2, 2)),
)
more("resize", M, lambda x: np.resize(x, (2, 3)), lambda x: np.resize(x, (3, 6)))
more(
    "repeat",
    M,
    lambda x: np.repeat(x, 2),
    lambda x: x.repeat([1, 0, 2], axis=0),
    lambda x: np.repeat(a=x, repeats=3, axis=-1),
)
more(
    "delete",
    M,
    lambda x: np.delete(x, 1),
    lambda x: np.delete(x, [0, 2], axis=1),
    lambda x: np.delete(x, slice(0, 2), 0),
)
more(
    "insert",
    fixed((3, 4), (4,)),
    lambda x, v: np.insert(x, 1, v, axis=0),
    lambda x, v: np.insert(x, [0, 2], v, axis=0),
    lambda x, v: np.insert(x, [0, 2, 5, 5], v),
    lambda x, v: np.insert(x, 2, v[:3], axis=1),
    lambda x, v: np.insert(x, -1, v[0]),
)
for mode in ("edge", "reflect", "symmetric", "wrap", "mean", "maximum", "minimum", "median"):
    values = "distinct"
    more(
        "pad",
        fixed((3, 4), values=values),
        lambda x, _m=mode: np.pad(x, ((1, 2), (0, 1)), _m),
        lambda x, _m=mode: np.pad(x, 1, mode=_m),
    )
more(
    "pad",
    M,
    lambda x: np.pad(x, 1),
    lambda x: np.pad(x, (1, 2), constant_values=(3.0, x[0, 0])),
    lambda x: np.pad(x, ((0, 1), (2, 0)), "linear_ramp", end_values=5.0),
    lambda x: np.pad(x, 2, "reflect", reflect_type="odd"),
    lambda x: np.pad(x, ((0, 1), (2, 0)), "mean", stat_length=2),
    lambda x: np.pad(x, 1, "symmetric", reflect_type="odd"),
)

# -- selection

more(
    "take",
    M,
    lambda x: np.take(x, [0, 5, 5]),
    lambda x: x.take([[1, -1], [0, 2]], axis=1),
    lambda x: np.take(x, 7, axis=0, mode="wrap"),
    lambda x: np.take(x, [-1, 9], 1, mode="clip"),
)
index = np.array([[2, 0, 0, 1], [1, 1, 2, 2]])
more(
    "take_along_axis",
    M,
    lambda x: np.take_along_axis(x, index, axis=0),
    lambda x: np.take_along_axis(x, np.array([[0, 3]] * 3), -1),
    lambda x: np.take_along_axis(x, index[0], None),
    lambda x: np.take_along_axis(arr=x, indices=index[:, :1], axis=0),
)
more("scatter_along", fixed((2, 4)), lambda x: scatter_along(x, index, shape=(3, 4), axis=0))


def put_along(x: Any, v: Any) -> Any:
    x = np.copy(x)
    np.put_along_axis(x, index[:1], v, axis=0)
    return x


more("put_along_axis", fixed((3, 4), (1, 4)), put_along)
more(
    "choose",
    fixed((3,), (3,)),
    lambda a, b: np.choose([0, 1, 0], [a, b]),
    lambda a, b: np.choose(np.array([[3], [-1]]), (a, b), mode="wrap"),
)
more(
    "compress",
    M,
    lambda x: np.compress([True, False, True], x, axis=0),
    lambda x: np.compress([0, 1, 1], x),
    lambda x: np.extract(np.eye(3, 4) > 0, x),
)
more(
    "select", fixed((4,), values="nonzero"), lambda x: np.select([x > 1, x < 0], [x * x, -x], x**3)
)
step = np.array([True, False, True, False])
more(
    "piecewise",
    V,
    lambda x: np.piecewise(x, [step, ~step], [np.sin, lambda v: v * v]),
    lambda x: np.piecewise(x, [step], [np.exp, 3.0]),
)
more(
    "diagonal",
    fixed((3, 4, 3)),
    np.diagonal,
    lambda x: np.diagonal(x, 1, 0, 2),
    lambda x: x.diagonal(-1, 1, 2),
    lambda x: np.linalg.diagonal(x, offset=1),
    lambda x: np.diagonal(x, offset=-2, axis1=2, axis2=0),
)
more(
    "trace",
    fixed((3, 4, 3)),
    np.trace,
    lambda x: x.trace(1, 0, 2),
    lambda x: np.linalg.trace(x, offset=-1),
)
more("diag", V, np.diag, lambda x: np.diag(x, -2), lambda x: np.diagflat(x, 1))
more("diag", M, np.diag, lambda x: np.diag(x, k=1), np.diagflat)
more("tril", fixed((2, 3, 3)), np.tril, lambda x: np.tril(x, 1), np.triu, lambda x: np.triu(x, -1))
more("sort", an_axis_of("distinct"), np.sort, lambda x, axis: np.sort(x, axis, kind="stable"))
more("sort", fixed((3, 4), values="distinct"), lambda x: np.sort(x, axis=None), np.sort)
more(
    "partition",
    fixed((3, 5), values="distinct"),
    lambda x: np.sort(np.partition(x, 2)[..., :2]),
    lambda x: np.sort(np.partition(x, 1, axis=0)[2:], 0),
)
more(
    "trim_zeros",
    fixed((4,), values="nonzero"),
    lambda x: np.trim_zeros(x * (np.arange(4) > 1)),
    frozen=True,
)
more(
    "bincount",
    V,
    lambda w: np.bincount([0, 3, 3, 1], w),
    lambda w: np.bincount(np.array([0, 1, 1, 0]), weights=w, minlength=4),
)

# -- sequences

more(
    "diff",
    M,
    np.diff,
    lambda x: np.diff(x, 2, axis=0),
    lambda x: np.diff(x, prepend=1.0),
    lambda x: np.diff(x, append=x[:1], axis=0),
    lambda x: np.diff(x, n=0),
)
more("ediff1d", M, np.ediff1d, lambda x: np.ediff1d(x, to_begin=9.0, to_end=[1.0, 2.0]))
more(
    "gradient",
    fixed((4, 5)),
    np.gradient,
    lambda x: np.gradient(x, 0.5, axis=0, edge_order=2),
    lambda x: np.gradient(x, 2.0, [0.0, 1, 3, 4, 4.5]),
    lambda x: np.gradient(x, np.array([0.0, 1, 3, 4]), axis=0, edge_order=2),
)
at = np.array([-9.0, -1.1, 0.3, 0.3, 2.2, 9.0])
nodes = np.array([-2.0, -0.5, 1.0, 4.0])
more(
    "interp",
    V,
    lambda f: np.interp(at, nodes, f),
    lambda f: np.interp(at, nodes, f, left=f[1], right=0.0),
    lambda f: np.interp(at, nodes, f, period=7.0),
    lambda f: np.interp(at, nodes + 0.1 * np.sin(f), f),
    lambda f: np.interp(np.array([0.2, 0.7]) + 0.1 * np.sin(f[:2]), nodes, f),
)
for name in ("convolve", "correlate"):
    f = getattr(np, name)
    for mode in ("full", "same", "valid"):
        for n, m in ((5, 3), (3, 5), (4, 2), (2, 5), (4, 4), (6, 4)):
            more(name, fixed((n,), (m,)), lambda a, v, _f=f, _m=mode: _f(a, v, _m))
    more(name, fixed((4,), (3,)), f, lambda a, v, _f=f: _f(a, v, mode="same"))
more("polyval", fixed((3,), (2, 2)), np.polyval)
more("polyadd", fixed((3,), (4,)), np.polyadd, np.polysub, np.polymul)
more(
    "polyder",
    V,
    np.polyder,
    lambda p: np.polyder(p, 2),
    np.polyint,
    lambda p: np.polyint(p, 2, [1.0, 2.0]),
    np.poly,
)
more("vander", fixed((3,)), np.vander, lambda x: np.vander(x, 2, increasing=True))
more(
    "apply_along_axis",
    M,
    lambda x: np.apply_along_axis(np.sum, 0, x),
    lambda x: np.apply_along_axis(np.cumsum, 1, x),
    lambda x: np.apply_over_axes(np.sum, x, [0, 1]),
)

more("sort_complex", fixed((4,), values="distinct"), lambda x: np.sort_complex(np.exp(x)))
more(
    "linspace",
    fixed((), (3,), values="positive"),
    np.linspace,
    lambda a, b: np.linspace(a, b, 5, endpoint=False, retstep=True),
    lambda a, b: np.linspace(b, a, num=4, axis=-1),
    lambda a, b: np.logspace(a, b, 4, base=2.0),
    lambda a, b: np.geomspace(a, b[0], 4),
)

# -- products

more("vdot", fixed((2, 3), (6,)), np.vdot)
more("vdot", fixed((3,), (3,), values="complex"), np.vdot, lambda a, b: np.vecdot(a, b))
more(
    "inner",
    fixed((2, 3), (4, 3)),
    np.inner,
    lambda a, b: np.inner(a[0], b),
    lambda a, b: np.inner(a, b[0, 0]),
)
more("vecdot", fixed((2, 3), (3,)), np.vecdot, np.linalg.vecdot)
more(
    "tensordot",
    fixed((2, 3, 4), (4, 3, 5)),
    lambda a, b: np.tensordot(a, b, ([1, 2], [1, 0])),
    lambda a, b: np.tensordot(a, b, 1),
    lambda a, b: np.tensordot(a[0, 0], b[0, 0], axes=0),
    lambda a, b: np.linalg.tensordot(a, b, axes=((-2,), (1,))),
)
more("kron", fixed((2, 3), (2,)), np.kron, lambda a, b: np.kron(b, a))
more(
    "cross",
    fixed((2, 3), (3,)),
    np.cross,
    lambda a, b: np.cross(a.T, b, axisa=0),
    lambda a, b: np.linalg.cross(a, b),
)
more(
    "multi_dot",
    fixed((4, 2), (2, 5), (5, 3)),
    lambda *a: np.linalg.multi_dot(a),
    lambda a, b, c: np.linalg.multi_dot([a[0], b, c]),
    lambda a, b, c: np.linalg.multi_dot([a, b, c, c[0]]),
)
if hasattr(np, "matvec"):
    more("matvec", fixed((2, 3, 4), (4,)), np.matvec)
    more("vecmat", fixed((3,), (2, 3, 4)), np.vecmat)
more(
    "einsum",
    fixed((3, 3), (3, 2)),
    *[
        lambda a, b, _s=s: np.einsum(_s, a, b)
        for s in (
            "ij,jk",
            "ii,ij->j",
            "ij,kl->il",
            "ij,jk->",
            "ij,ik->kj",
            "ji,i...->j...",
            "ij,jk->ijk",
        )
    ],
    lambda a, b: np.einsum("ij,jk->ik", a, b, optimize=True),
    lambda a, b: np.einsum(a, [0, 1], b, [1, 2], [0, 2]),
    lambda a, b: np.einsum(a, [0, 1], b, [1, 2]),
)
more(
    "einsum",
    fixed((3, 3)),
    *[
        lambda a, _s=s: np.einsum(_s, a)
        for s in ("ii", "ii->i", "ij->", "ij->i", "ij->ji", "...j->...")
    ],
)
more(
    "einsum",
    fixed((2, 3, 4), (4, 2)),
    lambda a, b: np.einsum("...ij,jk->...ik", a, b),
    lambda a, b: np.einsum("bij,jk,bil->bkl", a, b, a),
)

# -- matrices: well conditioned, made of what was drawn


def spd(x: Any) -> Any:
    """A symmetric matrix with eigenvalues apart."""
    n = x.shape[-1]
    return 0.2 * (x + np.swapaxes(x, -1, -2)) + np.diag(1.5 * np.arange(1.0, n + 1) + 1.0)


def regular(x: Any) -> Any:
    return 0.3 * x + np.diag(np.arange(1.0, x.shape[-1] + 1) * 3.0)


def on(make: Callable[[Any], Any], *functions: Callable[..., Any]) -> list[Callable[..., Any]]:
    return [lambda x, *rest, _f=f: _f(make(x), *rest) for f in functions]


S = fixed((2, 3, 3))
more("inv", S, *on(regular, np.linalg.inv), step="complex")
more("solve", fixed((2, 3, 3), (2, 3, 2)), *on(regular, np.linalg.solve), step="complex")
more("solve", fixed((3, 3), (3,)), *on(regular, np.linalg.solve))
more("solve", fixed((2, 3, 3), (3,)), *on(regular, np.linalg.solve))
more("solve", fixed((3, 3), (2, 3, 1)), *on(regular, np.linalg.solve))
more("det", S, *on(regular, np.linalg.det), np.linalg.det)
more("det", fixed((1, 1)), np.linalg.det)
for rank in (2, 1):  # singular: exact to second order, by adjugate and minors
    cut = np.diag([1.0, 1.0, 0.0] if rank == 2 else [1.0, 0.0, 0.0])
    more("det", fixed((3, 3)), lambda x, _c=cut: np.linalg.det(x @ _c @ np.ones((3, 3)) * 0.1 + _c))
more("det", fixed((3, 3), values="complex"), np.linalg.det)
more("slogdet", S, *on(regular, np.linalg.slogdet))
more("slogdet", fixed((3, 3), values="complex"), *on(regular, np.linalg.slogdet))
more("cholesky", S, *on(spd, np.linalg.cholesky, lambda x: np.linalg.cholesky(x, upper=True)))
more("qr", fixed((2, 4, 3)), lambda x: tuple(np.linalg.qr(x)), lambda x: np.linalg.qr(x, mode="r"))
more("qr", fixed((3, 3)), *on(regular, lambda x: tuple(np.linalg.qr(x, "complete"))))
more("qr", fixed((2, 4)), lambda x: tuple(np.linalg.qr(x + np.eye(2, 4) * 4)))
more(
    "eigh",
    S,
    *on(
        spd,
        lambda x: (np.linalg.eigh(x)[0], abs(np.linalg.eigh(x).eigenvectors)),
        lambda x: np.linalg.eigh(x, "U")[0],
    ),
)
more("eigvalsh", S, *on(spd, np.linalg.eigvalsh, lambda x: np.linalg.eigvalsh(x, UPLO="U")))


def invariant(x: Any) -> Any:
    """Singular vectors up to their common sign: what a user may depend on."""
    u, s, vh = np.linalg.svd(x, full_matrices=False)
    return s, u @ (np.sqrt(s)[..., None] * vh)


def projectors(x: Any) -> Any:
    u, s, vh = np.linalg.svd(x)
    k = s.shape[-1]
    return u[..., k:] @ np.swapaxes(u[..., k:], -1, -2), np.swapaxes(vh[..., k:, :], -1, -2) @ vh[
        ..., k:, :
    ]


more(
    "svd",
    fixed((2, 4, 3)),
    *on(lambda x: x + np.eye(4, 3) * np.array([3.0, 5, 8]), invariant, projectors),
)
more(
    "svd",
    fixed((2, 3)),
    *on(lambda x: x + np.eye(2, 3) * np.array([[3.0], [6]]), invariant, projectors),
)
more(
    "svd",
    fixed((3, 3)),
    *on(
        spd,
        lambda x: np.linalg.svd(x, hermitian=True)[1],
        lambda x: np.linalg.svd(x, compute_uv=False),
    ),
)
more(
    "svdvals",
    fixed((2, 4, 3)),
    *on(lambda x: x + np.eye(4, 3) * np.array([3.0, 5, 8]), np.linalg.svdvals),
)
more(
    "pinv",
    fixed((2, 4, 3)),
    lambda x: np.linalg.pinv(x + 2 * np.eye(4, 3)),
    lambda x: np.linalg.pinv(np.swapaxes(x, -1, -2) + 2 * np.eye(3, 4)),
)
more(
    "lstsq",
    fixed((4, 2), (4,)),
    lambda a, b: np.linalg.lstsq(a + 3 * np.eye(4, 2), b)[:2],
    frozen=True,
)
more("lstsq", fixed((4, 2), (4, 3)), lambda a, b: np.linalg.lstsq(a + 3 * np.eye(4, 2), b)[0])
more("eig", fixed((3, 3)), *on(regular, lambda x: (np.linalg.eig(x)[0], abs(np.linalg.eig(x)[1]))))
more("eigvals", fixed((3, 3)), *on(regular, np.linalg.eigvals))
more(
    "matrix_power",
    fixed((2, 3, 3)),
    *on(regular, *[lambda x, _n=n: np.linalg.matrix_power(x, _n) for n in (3, 1, -2, 5)]),
)
more(
    "tensorinv",
    fixed((4, 6)),
    *on(
        lambda x: np.reshape(x[:, :4] * 0.3 + np.eye(4) * 3, (2, 2, 4)),
        lambda x: np.linalg.tensorinv(x),
    ),
)
more(
    "tensorsolve",
    fixed((4, 4), (2, 2)),
    *on(lambda x: np.reshape(x * 0.3 + np.eye(4) * 3, (2, 2, 4)), np.linalg.tensorsolve),
)
for order in (None, 1, 2, 3, 2.5, np.inf, -np.inf, 0, -1):
    more(
        "norm",
        fixed((3, 4), values="distinct nonzero"),
        lambda x, _o=order: np.linalg.norm(x, _o, axis=1),
        lambda x, _o=order: np.linalg.vector_norm(x, ord=2 if _o is None else _o, axis=(0, 1)),
    )
for order in ("fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf):
    more(
        "norm",
        fixed((2, 3, 4), values="distinct nonzero"),
        lambda x, _o=order: np.linalg.norm(x, _o, axis=(1, 2), keepdims=True),
        lambda x, _o=order: np.linalg.norm(x[0], _o),
        lambda x, _o=order: np.linalg.matrix_norm(x, ord=_o),
    )
more("norm", fixed((3,), values="complex"), np.linalg.norm)
for order in (None, -2, 1, "fro"):
    more(
        "cond",
        fixed((3, 3), values="distinct nonzero"),
        *on(regular, lambda x, _o=order: np.linalg.cond(x, _o)),
    )

# -- transforms

for name in ("fft", "ifft", "rfft", "hfft", "ihfft", "irfft"):
    f = getattr(np.fft, name)
    for values in ("real", "complex"):
        if values == "complex" and name in ("rfft", "ihfft"):
            continue
        more(
            name,
            fixed((3, 5), values=values),
            f,
            lambda x, _f=f: _f(x, 4),
            lambda x, _f=f: _f(x, n=7, axis=0),
            lambda x, _f=f: _f(x, norm="ortho"),
            lambda x, _f=f: _f(x, 6, norm="forward"),
        )
for name in ("fftn", "ifftn", "rfftn", "irfftn", "fft2", "ifft2", "rfft2", "irfft2"):
    f = getattr(np.fft, name)
    more(
        name,
        fixed((2, 3, 4), values="real" if name[0] == "r" else "complex"),
        f,
        lambda x, _f=f: _f(x, s=(3, 3), axes=(0, 1)),
        lambda x, _f=f: _f(x, axes=(0, 2), norm="ortho"),
    )
more("fftshift", M, np.fft.fftshift, lambda x: np.fft.fftshift(x, axes=1), np.fft.ifftshift)
resolve()
