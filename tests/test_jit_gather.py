"""A chain of adds is one sum, its equal terms stacked: the same numbers in fewer operations."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_mini as ag
from autograd_mini.compiler.gather import FEWEST, LARGEST
from tests.programs import operations

EPS = float(np.finfo(np.float64).eps)
TERMS = [
    lambda x, c, d, k: np.tanh(x * c),
    lambda x, c, d, k: np.exp(-((x - c) ** 2)) * d,
    lambda x, c, d, k: np.sin(x) * c,
    lambda x, c, d, k: np.sin((k + 1.5) * x) / (k + 2.0),
    lambda x, c, d, k: np.sum(np.cos(x * c)) * d,
    lambda x, c, d, k: np.sum(x * c) * d,
    lambda x, c, d, k: np.sum(np.tanh(x - c)),
    lambda x, c, d, k: np.sum(x * c, initial=2.0),
    lambda x, c, d, k: np.vdot(np.ravel(x + c), np.ravel(x * d)),
    lambda x, c, d, k: x * np.sum(x * d),
    lambda x, c, d, k: ag.nn.sigmoid(x + c) * x,
    lambda x, c, d, k: np.where(x > c, x * d, d - x),
]


def count(f: Any) -> int:
    return len(operations(f.program.after, f.program.inputs))


def close(found: Any, expected: Any, size: Any) -> None:
    assert np.shape(found) == np.shape(expected)
    assert type(found) is type(expected)
    assert np.asarray(found).dtype == np.asarray(expected).dtype
    np.testing.assert_array_less(np.abs(found - expected), 16 * EPS * size + 1e-300)


@st.composite
def sums(draw: Any) -> Any:
    """A sum of many terms of few kinds, in one of several shapes of tree, and what else is read."""
    n = draw(st.integers(FEWEST - 2, 3 * FEWEST))
    kinds = draw(st.lists(st.sampled_from(TERMS), min_size=1, max_size=3))
    which = draw(st.lists(st.integers(0, len(kinds) - 1), min_size=n, max_size=n))
    tree = draw(st.sampled_from(["left", "right", "pairs", "from x"]))
    extra = draw(st.sampled_from(["nothing", "a term", "a part of the sum", "iterated"]))
    shape = draw(st.sampled_from([(3,), (2, 2), (1,), ()]))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    c, d = rng.choice([0.5, 0.9, 1.5], (n, *shape)), rng.uniform(-1.5, 1.5, (n, *shape))

    def parts(x: Any) -> list[Any]:
        found = [kinds[w](x, c[k], d[k], k) for k, w in enumerate(which)]
        if extra == "iterated":
            for k in range(1, n):
                found[k] = kinds[0](found[k - 1], c[k], d[k], k)
        return found

    def f(x: Any) -> Any:
        terms = parts(x)
        waiting = [*terms]
        total: Any = x if tree == "from x" else 0.0
        half: Any = 0.0
        if tree == "pairs":
            while len(waiting) > 1:
                waiting = [sum(waiting[k : k + 2]) for k in range(0, len(waiting), 2)]
            total = waiting[0]
        else:
            for k, term in enumerate(terms):
                total = term + total if tree == "right" else total + term
                half = total if k == n // 2 else half
        more = {"a term": terms[n // 3], "a part of the sum": half}.get(extra, 0.0)
        return np.sum(total) + np.sum(np.square(more))

    return f, rng.uniform(-0.9, 0.9, shape)[()], parts


@settings(max_examples=60, deadline=None)
@given(sums())
def test_values_and_gradients_are_those_of_the_function(problem: Any) -> None:
    f, x, parts = problem
    plain = ag.value_and_grad(f)
    (y, slope), (y2, slope2) = ag.jit(plain)(x), plain(x)
    sizes = [np.sum(np.abs(part)) for part in parts(x)]
    size = 1.0 + sum(sizes) + np.sum(np.abs(x)) + sum(sizes) ** 2
    close(y, y2, size)
    close(slope, slope2, 10.0 * size)


def test_a_thousand_terms_are_one() -> None:
    c = np.random.default_rng(0).normal(size=(1000, 8))

    def f(x: Any) -> Any:
        total = 0.0
        for row in c:
            total = total + np.tanh(x * row)
        return np.sum(total)

    jitted = ag.jit(ag.value_and_grad(f))
    jitted(c[0])
    assert count(jitted) <= 8  # of the backward pass none is computed twice
    assert any("stacked" in step.identity.name for step in jitted.program.log)
    assert len(jitted.source.splitlines()) < 40


def test_arguments_are_stacked_while_it_runs() -> None:
    def f(w: Any, xs: Any) -> Any:
        total = 0.0
        for x in xs:
            total = total + np.sum(np.tanh(w * x - 1.0))
        return total

    xs = [*np.random.default_rng(1).normal(size=(40, 3))]
    jitted, plain = ag.jit(ag.value_and_grad(f)), ag.value_and_grad(f)
    for found, expected in zip(jitted(xs[3], xs), plain(xs[3], xs), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert count(jitted) <= 14


@pytest.mark.parametrize(
    ("n", "size"), [(FEWEST - 1, 3), (FEWEST, LARGEST + 1)], ids=["few", "large"]
)
def test_few_terms_and_large_ones_stay_as_they_are(n: int, size: int) -> None:
    c = np.random.default_rng(0).normal(size=(n, size))
    jitted = ag.jit(lambda x: sum(np.tanh(x * row) for row in c))
    jitted(c[0])
    assert count(jitted) == 3 * n - 1


def test_terms_that_follow_from_one_another_stay_as_they_are() -> None:
    def f(x: Any) -> Any:
        total = 0.0
        for _ in range(50):
            x = np.tanh(x)
            total = total + x
        return total

    jitted = ag.jit(f)
    x = np.linspace(-1.0, 1.0, 4)
    np.testing.assert_allclose(jitted(x), f(x), rtol=1e-13)
    assert count(jitted) == 99


def test_terms_that_share_parts_with_their_neighbours_stay_as_they_are() -> None:
    c = np.random.default_rng(0).normal(size=(31, 3))

    def f(x: Any) -> Any:
        parts = [np.tanh(x * row) for row in c]
        return sum(parts[k] * parts[k + 1] for k in range(30))

    jitted = ag.jit(f)
    np.testing.assert_allclose(jitted(c[0]), f(c[0]), rtol=1e-12, atol=1e-14)
    assert count(jitted) == 2 * 31 + 30 + 29


def test_what_is_the_same_in_the_first_and_the_last_term_only_is_stacked() -> None:
    rows = np.random.default_rng(0).normal(size=(30, 3))
    rows[-1] = rows[0]

    def f(x: Any) -> Any:
        return sum(np.tanh(x * row) * np.exp(row * (1.0 + k)) for k, row in enumerate(rows))

    jitted = ag.jit(f)
    np.testing.assert_allclose(jitted(rows[1]), f(rows[1]), rtol=1e-12)
    assert count(jitted) <= 4


def test_terms_that_are_results_too_stay_as_they_are() -> None:
    c = np.random.default_rng(0).normal(size=(30, 3))

    def f(x: Any) -> Any:
        terms = [np.tanh(x * row) for row in c]
        return sum(terms), terms

    jitted = ag.jit(f)
    jitted(c[0])
    assert count(jitted) == 89


def test_single_precision_stays_single() -> None:
    c = np.random.default_rng(0).normal(size=(30, 3)).astype(np.float32)
    jitted = ag.jit(lambda x: sum(np.tanh(x * row) * (k + 0.5) for k, row in enumerate(c)))
    found = jitted(c[0])
    assert found.dtype == np.float32
    expected = sum(np.tanh(c[0] * row) * (k + 0.5) for k, row in enumerate(c))
    np.testing.assert_allclose(found, expected, rtol=1e-5)
