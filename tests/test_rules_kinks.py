"""The conventions where a derivative does not exist, and the values where one is easily lost."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_mini as ag
from autograd_mini import nn
from tests.rule_checks import pull, tensors

KINKS = st.sampled_from([-2.0, -1.0, -0.0, 0.0, 1.0, 2.0])
"""Few values, so that ties are common."""


def slopes(f: Callable[..., Any], *points: Any) -> list[Any]:
    """Return the derivative of the sum of f's elements, the same unrecorded and recorded."""
    arrays = [np.asarray(point, float)[()] for point in points]
    leaves = tensors(arrays)
    output = f(*leaves)
    ones = np.ones(output.shape)[()]
    plain = pull([output], [ones], leaves)
    recorded = pull([output], tensors([ones]), leaves)
    for a, b in zip(plain, recorded, strict=True):
        np.testing.assert_array_equal(a, b.node.value)
    return [np.asarray(g).tolist() for g in plain]


def nth(f: Callable[[Any], Any], n: int) -> Callable[[float], float]:
    """Return the n-th derivative."""
    for _ in range(n):
        f = ag.grad(f)
    return lambda x: float(f(x))


def test_absolute_has_slope_0_at_0() -> None:
    assert slopes(np.abs, [-2.0, 0.0, -0.0, 3.0]) == [[-1.0, 0.0, 0.0, 1.0]]
    assert nth(np.abs, 2)(0.0) == 0.0


@given(a=KINKS, b=KINKS)
def test_maximum_and_minimum_split_a_tie_evenly(a: float, b: float) -> None:
    expected = 0.5 if a == b else float(a > b)
    assert slopes(np.maximum, a, b) == [expected, 1.0 - expected]
    assert slopes(np.minimum, a, b) == ([0.5, 0.5] if a == b else [1.0 - expected, expected])


def test_maximum_with_a_number_splits_a_tie_too() -> None:
    assert slopes(lambda x: np.maximum(x, 0), [-1.0, 0.0, 2.0]) == [[0.0, 0.5, 1.0]]
    assert slopes(lambda x: np.minimum(1.0, x), [1.0, 2.0]) == [[0.5, 0.0]]


@given(x=st.lists(KINKS, min_size=1, max_size=5))
def test_max_and_min_split_a_tie_evenly(x: list[float]) -> None:
    for extreme, of in ((np.max, max), (np.min, min)):
        hit = [value == of(x) for value in x]
        expected = [h / sum(hit) for h in hit]
        assert slopes(extreme, x) == [expected]
        assert slopes(lambda t, f=extreme: f(t, axis=1), [x, x]) == [[expected, expected]]


def test_ties_split_over_several_axes_and_with_keepdims() -> None:
    x = np.array([[[1.0, 5.0], [5.0, 0.0]], [[2.0, 2.0], [2.0, 2.0]]])
    expected = [[[0.0, 0.5], [0.5, 0.0]], [[0.25, 0.25], [0.25, 0.25]]]
    assert slopes(lambda t: t.max(axis=(-1, 1)), x) == [expected]
    assert slopes(lambda t: t.max(axis=(1, 2), keepdims=True), x) == [expected]
    assert slopes(np.max, np.zeros((2, 2))) == [[[0.25, 0.25], [0.25, 0.25]]]


@given(x=KINKS, low=KINKS, high=KINKS)
def test_clip_passes_at_its_bounds(x: float, low: float, high: float) -> None:
    """At a bound the derivative is x's; outside the bound's; where low > high, NumPy gives high."""
    if low > high:
        expected = [0.0, 0.0, 1.0]
    elif low <= x <= high:
        expected = [1.0, 0.0, 0.0]
    else:
        expected = [0.0, float(x < low), float(x > high)]
    assert slopes(np.clip, x, low, high) == expected
    assert slopes(lambda t: np.clip(t, low, high), x) == expected[:1]


def test_clip_with_one_bound_passes_there() -> None:
    assert slopes(lambda x: np.clip(x, 0.0, None), [-1.0, 0.0, 1.0]) == [[0.0, 1.0, 1.0]]
    assert slopes(lambda x: np.clip(x, None, 0.0), [-1.0, 0.0, 1.0]) == [[1.0, 1.0, 0.0]]


def test_sqrt_has_slope_infinity_at_0() -> None:
    with np.errstate(divide="ignore"):
        assert slopes(np.sqrt, [0.0, 4.0]) == [[math.inf, 0.25]]
    with pytest.raises(FloatingPointError):
        ag.grad(np.sqrt)(0.0)


def test_relu_has_slope_0_at_0_and_is_an_operation_of_its_own() -> None:
    assert slopes(nn.relu, [-1.0, -0.0, 0.0, 2.0]) == [[0.0, 0.0, 0.0, 1.0]]
    assert nn.relu(ag.Tensor([0.0], requires_grad=True)).node.op.name == "relu"
    assert nth(nn.relu, 2)(0.0) == 0.0


def test_leaky_relu_has_its_negative_slope_at_0() -> None:
    assert slopes(nn.leaky_relu, [-1.0, 0.0, 2.0]) == [[0.01, 0.01, 1.0]]
    assert slopes(lambda x: nn.leaky_relu(x, 0.2), [-1.0, 0.0, 2.0]) == [[0.2, 0.2, 1.0]]


def test_what_is_constant_between_jumps_passes_nothing() -> None:
    assert slopes(lambda x: x * np.sign(x), [-2.0, 0.0, 3.0]) == [[-1.0, 0.0, 1.0]]
    assert slopes(lambda x: x * np.floor(x), [-1.5, 2.5]) == [[-2.0, 2.0]]
    assert slopes(lambda x: x * (x > 1.0), [0.0, 1.0, 2.0]) == [[0.0, 0.0, 1.0]]


# -- powers

EXPONENTS: list[Callable[[float], Any]] = [int, float, np.float64, np.int64, np.array, np.float32]
"""The kinds of number that may stand in the exponent."""


@pytest.mark.parametrize("kind", EXPONENTS)
def test_x_to_the_0_has_slope_0_everywhere(kind: Callable[[float], Any]) -> None:
    n = kind(0)
    assert slopes(lambda x: x**n, [-2.0, 0.0, 3.0]) == [[0.0, 0.0, 0.0]]
    assert nth(lambda x: x**n, 3)(0.0) == 0.0


@pytest.mark.parametrize("kind", EXPONENTS)
@pytest.mark.parametrize("n", [1, 2, 3, 4])
@pytest.mark.parametrize("x", [-1.5, 0.0, 2.0])
def test_every_derivative_of_a_whole_power(kind: Callable[[float], Any], n: int, x: float) -> None:
    """(xⁿ)⁽ᵏ⁾ = n!/(n−k)! xⁿ⁻ᵏ, and 0 for k > n, also at 0 and for negative x."""
    for k in range(1, n + 3):
        expected = math.perm(n, k) * x ** max(n - k, 0)
        assert nth(lambda t: t ** kind(n), k)(x) == pytest.approx(expected, rel=1e-14, abs=0)


@pytest.mark.parametrize("exponent", [-2, -1.0, np.array(-3)])
def test_a_negative_base_with_a_negative_whole_exponent(exponent: Any) -> None:
    n = float(exponent)
    assert nth(lambda x: x**exponent, 1)(-2.0) == pytest.approx(n * (-2.0) ** (n - 1), rel=1e-15)
    assert nth(lambda x: x**exponent, 2)(-2.0) == pytest.approx(n * (n - 1) * (-2.0) ** (n - 2))


def test_0_to_the_y_has_slope_0_in_y() -> None:
    assert slopes(lambda y: 0.0**y, [0.0, 0.5, 1.0, 2.0]) == [[0.0, 0.0, 0.0, 0.0]]
    assert nth(lambda y: 0.0**y, 2)(1.0) == 0.0


def test_powers_of_tensors_at_0() -> None:
    """Both at once: 0**0, 0**1, 0**2 in base and exponent."""
    assert slopes(np.power, [0.0, 0.0, 0.0], [0.0, 1.0, 2.0]) == [[0.0, 1.0, 0.0], [0.0, 0.0, 0.0]]


def test_a_negative_base_with_a_whole_exponent_is_never_nan() -> None:
    """No real derivative exists in the exponent; it is 0, so that the base's is not lost."""
    base, exponent = slopes(np.power, [-2.0, -2.0, -1.0, -3.0], [2.0, 3.0, 0.0, -1.0])
    np.testing.assert_allclose(base, [-4.0, 12.0, 0.0, -1 / 9], rtol=1e-15)
    assert exponent == [0.0, 0.0, 0.0, 0.0]


def test_the_mixed_second_derivative_of_a_power() -> None:
    """∂²(a^b)/∂a∂b = a^(b−1)·(1 + b log a)."""
    mixed = ag.grad(ag.grad(np.power, 0), 1)(1.5, 2.5)
    assert mixed == pytest.approx(1.5**1.5 * (1 + 2.5 * math.log(1.5)), rel=1e-14)


# -- where a careless formula overflows, divides by zero or cancels


def test_exponentials_far_out_neither_overflow_nor_lose_their_slope() -> None:
    far = [-1000.0, 0.0, 1000.0]
    assert slopes(nn.sigmoid, far) == [[0.0, 0.25, 0.0]]
    assert slopes(nn.softplus, far) == [[0.0, 0.5, 1.0]]
    assert slopes(np.tanh, far) == [[0.0, 1.0, 0.0]]
    assert slopes(np.logaddexp, far, [1000.0, 0.0, -1000.0]) == [[0.0, 0.5, 1.0], [1.0, 0.5, 0.0]]
    assert slopes(nn.logsumexp, far) == [[0.0, 0.0, 1.0]]
    assert slopes(lambda x: nn.log_softmax(x)[0], far) == [[1.0, 0.0, -1.0]]
    assert slopes(lambda x: nn.softmax(x)[2], far) == [[0.0, 0.0, 0.0]]


@pytest.mark.parametrize("f", [nn.sigmoid, nn.softplus, np.tanh, nn.logsumexp, nn.relu])
@pytest.mark.parametrize("x", [-1000.0, -40.0, 40.0, 1000.0])
def test_second_derivatives_far_out_are_0(f: Callable[[Any], Any], x: float) -> None:
    assert abs(nth(f, 2)(x)) < 1e-16


def test_logsumexp_of_nothing_possible() -> None:
    """e^(−∞) = 0 takes no part in the sum, and gets nothing."""
    assert slopes(nn.logsumexp, [-math.inf, 0.0, 0.0]) == [[0.0, 0.5, 0.5]]
    assert slopes(np.logaddexp, -math.inf, 3.0) == [0.0, 1.0]


def test_log1p_and_expm1_keep_their_digits_near_0() -> None:
    assert slopes(np.log1p, [1e-20, -1e-20]) == [[1.0, 1.0]]
    assert slopes(np.expm1, [1e-20, 1e-9]) == [[1.0, math.exp(1e-9)]]
    assert nth(lambda x: np.log1p(x) - x, 1)(1e-9) == pytest.approx(-1e-9, rel=1e-6)


# -- a branch that is not taken

# where its slope is infinite or no number, and another place; what NumPy says of the first
STEEP: dict[str, tuple[Callable[[Any], Any], float, float]] = {
    "sqrt at its kink": (np.sqrt, 0.0, 2.25),
    "sqrt outside": (np.sqrt, -1.0, 4.0),
    "a root as a power": (lambda x: x**0.5, 0.0, 2.0),
    "a power between 1 and 2": (lambda x: x**1.5, 0.0, 3.0),
    "an array of exponents": (lambda x: x ** np.array(0.5), 0.0, 3.0),
    "a power outside": (lambda x: x**2.5, -2.0, 3.0),
    "log": (np.log, 0.0, 0.5),
    "log outside": (np.log, -3.0, 0.5),
    "log1p": (np.log1p, -1.0, 0.5),
    "a pole": (lambda x: 1.0 / x, 0.0, 2.0),
    "0/0": (lambda x: np.sin(x) / x, 0.0, 2.0),
    "a negative power": (lambda x: x**-2, 0.0, 1.5),
    "overflow": (np.exp, 1000.0, 1.0),
    "overflow of expm1": (np.expm1, 1000.0, 1.0),
    "a sigmoid by hand": (lambda x: np.exp(x) / (1.0 + np.exp(x)), 1000.0, 1.0),
    "a chain": (lambda x: np.log(np.sqrt(x)) / x, 0.0, 2.0),
    "a norm": (lambda x: np.sqrt(np.sum(np.square(x))), 0.0, 2.0),
}  # fmt: skip


@pytest.mark.parametrize("name", STEEP)
def test_a_branch_that_is_not_taken_gets_0_to_the_third_order(name: str) -> None:
    """What is taken keeps its derivative; recorded in a larger program too."""
    f, there, here = STEEP[name]
    with np.errstate(all="ignore"):
        for n in (1, 2, 3):
            branch = nth(lambda x: np.where(x == there, 7.0, f(x)), n)
            assert branch(there) == 0.0
            assert branch(here) == pytest.approx(nth(f, n)(here), rel=1e-12)
            squared = nth(lambda x: np.sum(np.where(x == there, x, f(x))) ** 2, n)
            assert squared(there) == pytest.approx([2.0 * there, 2.0, 0.0][n - 1], abs=1e-12)


@pytest.mark.parametrize("name", ["sqrt at its kink", "a root as a power", "an array of exponents"])
def test_where_numpy_computes_the_branch_without_a_word_so_does_the_gradient(name: str) -> None:
    """No division by zero is announced for what nobody asked for."""
    f, there, _ = STEEP[name]
    for n in (1, 2, 3):
        assert nth(lambda x: np.where(x > 0, f(x), 0.0), n)(there) == 0.0


def test_a_cotangent_that_happens_to_be_0_hides_no_derivative() -> None:
    """∂²/∂w∂x of w·f(x) is f'(x), also where w is 0 and ∂/∂x is."""
    for f in (np.sqrt, np.log, np.exp, lambda x: x**0.5, lambda x: 1.0 / x, lambda x: x**1.5):
        mixed = ag.grad(ag.grad(lambda w, x, f=f: w * f(x), 1), 0)
        assert mixed(0.0, 4.0) == pytest.approx(nth(f, 1)(4.0), rel=1e-14)


def test_asked_for_an_infinite_slope_stays_infinite() -> None:
    with np.errstate(divide="ignore"):
        for f in (np.sqrt, lambda x: x**0.5, lambda x: x ** np.array(0.5)):
            assert slopes(lambda x, f=f: 2.0 * np.where(x >= 0, f(x), 0.0), [0.0]) == [[math.inf]]
    with pytest.raises(FloatingPointError):
        ag.grad(lambda x: np.where(x >= 0, np.sqrt(x), 0.0))(0.0)
