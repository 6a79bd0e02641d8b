"""Long programs: what they cost to make grows with their length and not faster."""

from __future__ import annotations

import cProfile
import pstats
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd_mini as ag

Make = Callable[[int], tuple[Any, tuple[Any, ...]]]


def in_sequence(n: int) -> Any:
    def f(x: Any) -> Any:
        for _ in range(n):
            x = np.tanh(x) * 1.5
        return np.sum(x)

    return f, (np.linspace(0.1, 1.0, 4),)


def numbers_in_sequence(n: int) -> Any:
    def f(x: Any) -> Any:
        for _ in range(n):
            x = 0.5 * x * x + 0.1
        return x

    return f, (np.float64(0.5),)


def many_arguments(n: int) -> Any:
    def f(xs: Any) -> Any:
        total = 0.0
        for x in xs:
            total = total + np.tanh(x)
        return np.sum(total)

    return f, ([np.full(3, 0.1 * k) for k in range(n)],)


def elements_one_by_one(n: int) -> Any:
    def f(x: Any) -> Any:
        total = 0.0
        for k in range(n):
            total = total + x[k] ** 2
        return total

    return f, (np.linspace(0.1, 1.0, n),)


def one_used_often(n: int) -> Any:
    def f(x: Any) -> Any:
        y = np.sin(x)
        return np.sum(np.stack([np.tanh(y * (1.0 + k)) for k in range(n)]))

    return f, (np.linspace(0.1, 1.0, 3),)


def calls(make: Make, n: int) -> float:
    """Count the calls of functions that a new program and its first run take, for each item."""
    f, args = make(n)
    program = ag.jit(ag.value_and_grad(f))
    profile = cProfile.Profile()
    profile.enable()
    program(*args)
    profile.disable()
    return float(pstats.Stats(profile).total_calls) / n  # type: ignore[attr-defined]


SHAPES: list[Make] = [
    in_sequence, numbers_in_sequence, many_arguments, elements_one_by_one, one_used_often,
]  # fmt: skip


@pytest.mark.parametrize("make", SHAPES)
def test_making_a_program_is_linear_in_its_length(make: Make) -> None:
    calls(make, 20)  # what is asked once for each dtype
    few, many = calls(make, 100), calls(make, 800)
    assert many < 1.3 * few


@pytest.mark.parametrize("make", SHAPES)
def test_a_long_program_gives_what_the_function_gives(make: Make) -> None:
    f, args = make(300)
    plain = ag.value_and_grad(f)
    (y, slope), (y2, slope2) = ag.jit(plain)(*args), plain(*args)
    assert type(y) is type(y2)
    np.testing.assert_allclose(y, y2, rtol=1e-13)
    for one, other in zip(
        slope if isinstance(slope, list) else [slope],
        slope2 if isinstance(slope2, list) else [slope2],
        strict=True,
    ):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-14)


def test_a_program_of_many_thousands_of_operations_needs_no_recursion() -> None:
    f, args = in_sequence(3_000)
    plain = ag.value_and_grad(f)
    for one, other in zip(ag.jit(plain)(*args), plain(*args), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.complex128])
def test_elements_that_are_read_one_by_one_have_a_recorded_gradient(dtype: Any) -> None:
    """Each is added into an array of zeros: while recording, at a place that is a number."""

    def f(x: Any) -> Any:
        y = x[0] * x[1] + x[2] ** 2
        return (y * np.conj(y)).real

    x = np.array([1.0, 2.0, 3.0]).astype(dtype)
    plain = ag.value_and_grad(f)
    for one, other in zip(ag.jit(plain)(x), plain(x), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)
        assert one.dtype == other.dtype
