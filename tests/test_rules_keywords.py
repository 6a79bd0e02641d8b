"""One call a row: keywords, argument orders and shapes of which NumPy code is full, on one matrix.

The value is NumPy's, and the gradient that of finite differences along random directions.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autograd_mini as ag

X = np.random.default_rng(0).normal(size=(3, 4))
V = np.random.default_rng(1).normal(size=4)
windows = np.lib.stride_tricks.sliding_window_view

CALLS = [
    "np.sin(x, dtype=np.float64)",
    "np.add(x, 1.0, dtype=np.float64)",
    "np.multiply(x, x, where=True, dtype=np.longdouble)",
    "np.stack(divmod(x, 2.0))",
    "np.nanmedian(np.where(x > 1.0, np.nan, x), axis=1)",
    "np.nanquantile(np.where(x > 0.5, np.nan, x), [0.3, 0.8], axis=0, keepdims=True)",
    "np.var(x, axis=())",
    "x.var(axis=(0, 1), keepdims=True, ddof=1)",
    "np.median(x, axis=(0, -1), keepdims=True)",
    "np.quantile(x, [[0.1, 0.9]], axis=(0, 1), keepdims=True)",
    "np.percentile(x, 50, axis=0, method='lower')",
    "np.sum(x, axis=(), where=[True, False, True, True], initial=2.0)",
    "x.prod(axis=(0, 1), keepdims=True)",
    "np.prod(x, axis=-1, where=x > 0)",
    "np.einsum('ij,ij->ij', x, x[:1])",
    "np.einsum('ij,kj->ik', x, x, optimize='greedy')",
    "np.einsum(' i j , k j ', x, x)",
    "np.einsum('...,...', x, x[0])",
    "np.einsum('iij->ij', x[:, :3, None] * x[:, None, :3].reshape(3, 1, 3))",
    "np.einsum(x, [0, Ellipsis], [Ellipsis, 0])",
    "np.einsum('iji->j', np.stack([x[:, :3]] * 3))",
    "np.tensordot(x, x, axes=(0, 0))",
    "np.tensordot(x, x, axes=([0, 1], [0, 1]))",
    "np.inner(x, x)",
    "np.vdot(x, x)",
    "np.pad(x, (1, 2), 'edge')",
    "np.pad(x, [(1,), (2,)], 'wrap')",
    "np.pad(x, ((3, 3), (5, 5)), 'reflect')",
    "np.pad(x, 1, 'linear_ramp', end_values=((1, 2), (3, 4)))",
    "np.pad(x, ((2, 1), (1, 3)), 'maximum', stat_length=((1, 2), (2, 1)))",
    "np.pad(x, ((2, 1), (1, 3)), constant_values=((1, 2), (3, 4)))",
    "np.pad(x, ((2, 2), (3, 3)), 'symmetric', reflect_type='odd')",
    "np.insert(x, [1, 1], [[5.0], [6.0]], axis=0)",
    "np.insert(x, slice(0, 3, 2), x[0], axis=0)",
    "np.insert(x, 1, x[:, 0], axis=1)",
    "np.insert(x, [0, -1], 7.0)",
    "np.delete(x, [True, False, True, False], 1)",
    "np.resize(x, 7)",
    "np.tile(x, (2, 1, 1))",
    "np.rot90(x, -1)",
    "np.roll(x, 5)",
    "np.roll(x, 1, (0, 1))",
    "np.take(x, 2)",
    "np.take(x, [[9, -7]], mode='wrap')",
    "np.repeat(x, [1, 2, 0, 3], axis=1)",
    "np.trace(x, 1)",
    "np.tril(x, -1)",
    "np.diag(x, -1)",
    "np.stack(np.gradient(x))",
    "np.gradient(x, axis=(0,))",
    "np.stack(np.gradient(x, [0, 1, 3.0], 0.5, edge_order=2))",
    "np.diff(x, axis=0, prepend=x[-1:], append=0.0)",
    "np.trapezoid(x, x=np.array([[0.0], [1], [4]]), axis=0)",
    "np.cov(x, x[::-1], rowvar=False)",
    "np.cov(x, aweights=[1, 2, 3, 4], fweights=[1, 1, 2, 1], ddof=0)",
    "np.corrcoef(x, x[::-1])",
    "np.average(x, axis=(1, 0), weights=np.arange(1.0, 13).reshape(4, 3))",
    "np.linalg.norm(x, axis=(1, 0), ord=1)",
    "np.linalg.norm(x, 3, axis=-1, keepdims=True)",
    "np.linalg.vector_norm(x, keepdims=True)",
    "np.linalg.cond(x[:, :3], np.inf)",
    "np.linalg.cond(x)",
    "np.meshgrid(x[0], x[:, 0])[0]",
    "np.split(x, [1], axis=1)[1]",
    "np.array_split(x, 5, axis=1)[4]",
    "np.hstack([x, [[1.0], [2], [3]]])",
    "np.append(x, 3.0)",
    "np.block([[x, np.ones((3, 1))], [0.5, x[:1]]])",
    "np.vstack([x, [1, 2, 3, 4.0]])",
    "np.column_stack([x[:, 0], x])",
    "np.select([x > 1, x > 0], [x, x * x], default=-1.0)",
    "np.piecewise(x, [x < 0, x >= 1], [lambda v: -v, lambda v: v * v, 5.0])",
    "np.choose([0, 1, 2, 0], x)",
    "np.interp(x, [-1, 0, 1.0], [3, 4, 7.0], left=0)",
    "np.clip(x, -1, None)",
    "np.sort(x, None)",
    "np.ptp(x, axis=0, keepdims=True)",
    "np.max(x, axis=1, initial=0.0, where=x < 1, keepdims=True)",
    "np.maximum.accumulate(x, axis=1)",
    "np.logaddexp.reduce(x, axis=(0, 1))",
    "np.add.reduce(x, 1, initial=3.0, where=x > 0)",
    "np.multiply.accumulate(x, axis=1)",
    "np.subtract.outer(x[0], [1.0, 2])",
    "np.hypot.reduce(x, axis=1)",
    "np.poly(x[0])",
    "np.polyval(x[0], x)",
    "np.vander(x[0], 3)",
    "np.convolve(x[0], x[1], 'same')",
    "np.correlate(x[0], x[1, :3], 'full')",
    "np.kron(x, x[0])",
    "np.cross(x[:2, :3], x[1:, :3], axis=1)",
    "windows(x, (2, 2))",
    "np.linalg.matrix_power(x[:, :3], 3)",
    "np.linalg.multi_dot([x[0], x.T, x, x[1]])",
    "np.rollaxis(x, 1)",
    "x[::-1, ::-1]",
    "np.nanpercentile(np.where(x > 1, np.nan, x), [20, 70], axis=0)",
    "np.nanmax(np.where(x > 1, np.nan, x), axis=0)",
    "np.nanmean(np.where(x > 1, np.nan, x), axis=1, keepdims=True, where=x > -1.5)",
    "np.nancumsum(np.where(x > 1, np.nan, x))",
    "np.geomspace(np.abs(x[0]), 5.0, 4)",
    "np.linspace(x[0], x[1], 3, axis=-1)",
    "np.ediff1d(x, to_begin=x[0])",
    "np.apply_along_axis(lambda r: r[:2] * r.sum(), 1, x)",
    "np.apply_over_axes(np.sum, x, (0,))",
    "np.linalg.pinv(x)",
    "np.linalg.lstsq(x.T, V, rcond=None)[0]",
    "np.linalg.svd(x, compute_uv=False)",
    "np.i0(x * 3)",
    "np.sinc(x * 9)",
    "np.bincount([0, 1, 1, 5], x[0], 7)",
    "np.nan_to_num(x, nan=3.0)",
    "x.ravel('F')",
    "np.mean(x, axis=1, where=x > -1.0)",
    "np.unwrap(x * 4)",
    "np.frexp(x)[0]",
    "np.divmod(x, 0.37)[1]",
    "np.abs(np.fft.fftshift(np.fft.rfft2(x)))",
    "np.fft.hfft(x, axis=0)",
    "np.take_along_axis(x, np.argmax(x, 1, keepdims=True), 1)",
    "np.minimum.reduce(x, axis=None, initial=0.1)",
]


@pytest.mark.parametrize("written", CALLS)
def test_value_and_gradient(written: str) -> None:
    def f(x: Any) -> Any:
        return eval(written, {"np": np, "windows": windows, "V": V, "x": x})  # noqa: S307

    rng = np.random.default_rng(2)
    expected, found = f(X), f(ag.Tensor(X, requires_grad=True))
    assert found.shape == np.shape(expected)
    assert found.dtype == expected.dtype
    np.testing.assert_allclose(found.detach().numpy(), expected, rtol=1e-12, atol=1e-13)
    w = rng.normal(size=np.shape(expected))
    gradient = ag.grad(lambda x: np.sum(f(x) * w))(X)
    for _ in range(3):
        u = rng.normal(size=X.shape)
        coarse, fine = (np.sum((f(X + h * u) - f(X - h * u)) * w) / (2 * h) for h in (2e-5, 1e-5))
        assert np.sum(gradient * u) == pytest.approx((4 * fine - coarse) / 3, rel=1e-6, abs=1e-6)
