"""Activations: their values against mpmath and SciPy, their derivatives, dtypes, extremes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
import scipy.special
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import autograd_mini as ag
from autograd_mini import nn

Function = Callable[..., Any]
ELEMENTWISE: list[Function] = [nn.sigmoid, nn.softplus, nn.relu, nn.leaky_relu]
OVER_AXES: list[Function] = [nn.softmax, nn.log_softmax, nn.logsumexp]
EVERY = [*ELEMENTWISE, *OVER_AXES]

matrices = hnp.arrays(
    np.float64,
    hnp.array_shapes(min_dims=1, max_dims=3, max_side=4),
    elements=st.floats(-1000, 1000),
)


# -- values


@pytest.mark.parametrize(
    ("function", "exact"),
    [
        (nn.sigmoid, lambda z: 1 / (1 + mpmath.exp(-z))),
        (nn.softplus, lambda z: mpmath.log1p(mpmath.exp(z))),
    ],
)
@pytest.mark.parametrize("size", [1, 1000])  # softplus has a way of its own for large arrays
@given(z=st.floats(-700, 700))
def test_relative_accuracy_on_both_sides_of_zero(
    function: Function, exact: Function, size: int, z: float
) -> None:
    with mpmath.workdps(400):
        true = float(exact(mpmath.mpf(z)))
    # The rounding of z itself is e^|z|'s: a few ulp more are not in the function's hands.
    assert function(np.full(size, z))[0] == pytest.approx(true, rel=1e-15, abs=0.0)


@given(matrices, st.data())
def test_softmax_log_softmax_and_logsumexp_are_scipy_s(z: Any, data: st.DataObject) -> None:
    axis = data.draw(st.none() | st.integers(-z.ndim, z.ndim - 1) | st.just(tuple(range(z.ndim))))
    keepdims = data.draw(st.booleans())
    close = {"rtol": 1e-13, "atol": 1e-300}
    np.testing.assert_allclose(nn.softmax(z, axis), scipy.special.softmax(z, axis), **close)
    ours = nn.logsumexp(z, axis=axis, keepdims=keepdims)
    theirs = scipy.special.logsumexp(z, axis=axis, keepdims=keepdims)
    np.testing.assert_allclose(ours, theirs, rtol=1e-13, atol=1e-12)
    assert np.shape(ours) == np.shape(theirs)
    logs = scipy.special.log_softmax(z, axis=axis)
    np.testing.assert_allclose(nn.log_softmax(z, axis=axis), logs, rtol=1e-13, atol=1e-15)


def test_the_last_axis_is_the_classes() -> None:
    z = np.arange(6.0).reshape(2, 3)
    assert np.array_equal(nn.softmax(z), nn.softmax(z, axis=1))
    assert np.array_equal(nn.log_softmax(z), nn.log_softmax(z, axis=1))
    assert nn.logsumexp(z).shape == ()


def test_g_of_4_6_is_0_99() -> None:
    """g(4.6) = 0.99 and g(−4.6) = 0.01."""
    assert nn.sigmoid(np.array([4.6, -4.6])).round(2).tolist() == [0.99, 0.01]


# -- extremes: no overflow, no NaN (the fixture in conftest.py raises for either)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_no_z_overflows(dtype: Any) -> None:
    largest = np.finfo(dtype).max
    z = np.array([-np.inf, -largest, -1000, 0, 1000, largest, np.inf], dtype)
    z = np.concatenate([z] + [z[1:-1]] * 99)  # large enough for softplus's second way
    for part in (z[:7], z):
        h, cost = nn.sigmoid(part), nn.softplus(part)
        assert h[:7].tolist() == [0, 0, 0, 0.5, 1, 1, 1]
        expected = np.array([0, 0, 0, np.log(2), 1000, largest, np.inf], dtype)
        assert np.array_equal(cost[:7], expected)
        assert nn.relu(part)[:7].tolist() == [0, 0, 0, 0, 1000, largest, np.inf]
        assert nn.leaky_relu(part)[0] == -np.inf
        assert h.dtype == cost.dtype == dtype


def test_logsumexp_of_infinities() -> None:
    assert nn.logsumexp(np.array([-np.inf, -np.inf])) == -np.inf
    assert nn.logsumexp(np.array([-np.inf, 1.0])) == 1.0
    assert nn.logsumexp(np.array([np.inf, 1.0])) == np.inf


@pytest.mark.parametrize("function", EVERY)
def test_nan_stays_nan(function: Function) -> None:
    assert np.isnan(function(np.array([np.nan, 1.0]))).any()


# -- dtypes and kinds of input


@pytest.mark.parametrize("function", EVERY)
@pytest.mark.parametrize(
    ("given_as", "dtype"),
    [
        (np.float32([1.0, -2.0]), np.float32),
        (np.float64([1.0, -2.0]), np.float64),
        (np.array([1, -2], np.int8), np.float64),
        (np.array([1, 0], np.uint8), np.float64),
        (np.array([True, False]), np.float64),
        ([1.0, -2.0], np.float64),
    ],
)
def test_float32_stays_and_whole_numbers_become_float64(
    function: Function, given_as: Any, dtype: Any
) -> None:
    result = function(given_as)
    assert result.dtype == dtype
    exact = function(np.asarray(given_as, np.float64))
    np.testing.assert_allclose(result, exact, rtol=1e-6)
    tensor = function(ag.Tensor(given_as))
    assert isinstance(tensor, ag.Tensor)
    assert tensor.dtype == dtype


@pytest.mark.parametrize("function", ELEMENTWISE)
@pytest.mark.parametrize("number", [0.5, 1, np.float32(0.5), np.float64(-0.5)])
def test_numbers_are_taken_too(function: Function, number: Any) -> None:
    result = function(number)
    assert isinstance(result, np.generic)
    assert result.dtype == (np.float32 if isinstance(number, np.float32) else np.float64)


# -- derivatives


def derivative(function: Function, z: Any, order: int = 1) -> Any:
    """d^order g / dz^order, elementwise."""
    for _ in range(order):
        function = ag.grad(lambda x, f=function: np.sum(f(x)))
    return function(z)


def test_the_course_s_table_of_the_sigmoid_s_gradient() -> None:
    """g'(z) = g(z)(1 − g(z)) at −1, −0.5, 0, 0.5, 1."""
    table = derivative(nn.sigmoid, np.array([-1.0, -0.5, 0.0, 0.5, 1.0]))
    assert table.round(6).tolist() == [0.196612, 0.235004, 0.25, 0.235004, 0.196612]


@given(st.floats(-30, 30))
def test_derivatives_up_to_the_third(z: float) -> None:
    """Softplus' = g, g' = g(1 − g), g'' = g'(1 − 2g)."""
    h = nn.sigmoid(z)
    first, second = h * (1 - h), h * (1 - h) * (1 - 2 * h)
    assert derivative(nn.softplus, z) == pytest.approx(h, rel=1e-14)
    assert derivative(nn.softplus, z, 2) == pytest.approx(first, rel=1e-12, abs=1e-15)
    assert derivative(nn.softplus, z, 3) == pytest.approx(second, rel=1e-12, abs=1e-15)
    assert derivative(nn.sigmoid, z) == pytest.approx(first, rel=1e-12)
    assert derivative(nn.sigmoid, z, 2) == pytest.approx(second, rel=1e-12, abs=1e-15)


def test_derivatives_at_the_kinks() -> None:
    z = np.array([-2.0, -0.0, 0.0, 3.0])
    assert derivative(nn.relu, z).tolist() == [0, 0, 0, 1]
    assert derivative(nn.leaky_relu, z).tolist() == [0.01, 0.01, 0.01, 1]
    steeper = derivative(lambda x: nn.leaky_relu(x, negative_slope=0.5), z)
    assert steeper.tolist() == [0.5, 0.5, 0.5, 1]
    assert derivative(lambda x: nn.leaky_relu(x, 0.5), z).tolist() == [0.5, 0.5, 0.5, 1]


@pytest.mark.parametrize("function", [nn.sigmoid, nn.softplus, nn.relu, nn.leaky_relu])
def test_derivatives_are_finite_where_z_is_huge(function: Function) -> None:
    slopes = derivative(function, np.array([-1e300, -1000.0, 1000.0, 1e300]))
    low = 0.01 if function is nn.leaky_relu else 0.0
    high = 0.0 if function is nn.sigmoid else 1.0
    assert slopes.tolist() == [low, low, high, high]


def jacobian(function: Function, z: Any) -> Any:
    """∂y_i/∂z_j, one backward pass a row."""
    y, pullback = ag.vjp(function, z)
    return np.array([pullback(row.reshape(y.shape))[0].ravel() for row in np.eye(y.size)])


@given(hnp.arrays(np.float64, st.integers(1, 5), elements=st.floats(-20, 20)))
def test_the_jacobians_of_the_softmax_family(z: Any) -> None:
    """∂y_i/∂z_j = y_i (1[i=j] − y_j); of log y_i: 1[i=j] − y_j; of log Σ e^z: y_j."""
    y = nn.softmax(z)
    close = {"rtol": 1e-12, "atol": 1e-14}
    np.testing.assert_allclose(jacobian(nn.softmax, z), np.diag(y) - np.outer(y, y), **close)
    np.testing.assert_allclose(jacobian(nn.log_softmax, z), np.eye(len(y)) - y, **close)
    np.testing.assert_allclose(jacobian(nn.logsumexp, z)[0], y, **close)


@pytest.mark.parametrize("axis", [0, 1, -1, (0, 2), None])
@pytest.mark.parametrize("keepdims", [False, True])
def test_over_any_axis_logsumexp_s_gradient_is_the_softmax(axis: Any, keepdims: bool) -> None:
    z = np.random.default_rng(0).normal(size=(2, 3, 4))
    found = derivative(lambda x: nn.logsumexp(x, axis=axis, keepdims=keepdims), z)
    np.testing.assert_allclose(found, scipy.special.softmax(z, axis), rtol=1e-13)


@pytest.mark.parametrize("function", EVERY)
def test_a_gradient_keeps_shape_and_dtype(function: Function) -> None:
    z = np.random.default_rng(0).normal(size=(3, 2)).astype(np.float32)
    assert derivative(function, z).dtype == np.float32
    assert derivative(function, z).shape == z.shape
    assert derivative(function, z, 2).dtype == np.float32


def test_each_is_one_operation_under_its_own_name() -> None:
    z = ag.Tensor([1.0, 2.0], requires_grad=True)
    for function in EVERY:
        node = function(z).node
        assert node.op.name == function.__name__
        assert node.inputs == (z.node,)


def test_scipy_s_expit_is_the_sigmoid() -> None:
    z = ag.Tensor([-1.0, 0.0, 2.0], requires_grad=True)
    scipy.special.expit(z).sum().backward()
    np.testing.assert_allclose(z.grad, derivative(nn.sigmoid, z.detach().numpy()), rtol=1e-15)
