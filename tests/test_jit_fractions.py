"""The compiler finds δ = a − y by itself: fractions that a factor cancels.

It holds whatever h is but 0, so properties are tested on random data away from there; and mistakes
planted in the identities must be seen by the same properties.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

import autograd_mini as ag
from autograd_mini.compiler import monomials
from autograd_mini.compiler.fold import fold
from autograd_mini.compiler.identities import fractions
from autograd_mini.compiler.record import record
from tests.programs import evaluated, named, operations

DIVISIONS = {"divide", "quotient", "reciprocal", "power"}
SIXTEEN = 16 * np.finfo(np.float64).eps


def folded(f: Callable[..., Any], *arrays: Any) -> Any:
    """Return the recorded and the folded outputs of f, the inputs of either, and the log."""
    recorded = record(f, arrays, lambda leaves: (tuple(leaves), {}))
    before = [y for y in recorded.outputs if y is not None]
    inputs = [*recorded.inputs, *recorded.captured_nodes]
    after, placeholders, builder = fold(before, inputs)
    return before, inputs, after, placeholders, builder.log


def preserves(f: Callable[..., Any], *arrays: Any) -> Any:
    """Check that folding f changes no value and no gradient; return the folded graph."""

    def both(*args: Any) -> Any:
        return f(*args), *ag.grad(lambda *a: (f(*a) * 1.0).sum(), tuple(range(len(args))))(*args)

    for g in (f, both):
        before, inputs, after, placeholders, _ = folded(g, *arrays)
        expected = evaluated(before, inputs, arrays)
        for (found, size), (value, S) in zip(
            evaluated(after, placeholders, arrays), expected, strict=True
        ):
            assert found.dtype == value.dtype
            assert found.shape == value.shape
            assert np.all(np.abs(found - value) <= 64 * SIXTEEN * np.maximum(S, size))
    return folded(f, *arrays)


def divided(outputs: Any, given: Any) -> list[str]:
    return [n.op.name for n in operations(outputs, given) if n.op and n.op.name in DIVISIONS]


numbers = st.floats(0.1, 0.9)
signed = st.one_of(numbers, numbers.map(lambda x: -x))
arrays = st.lists(signed, min_size=4, max_size=4).map(np.array)
positive = st.lists(numbers, min_size=4, max_size=4).map(np.array)

CANCEL: dict[str, Callable[..., Any]] = {
    "x / h · h": lambda x, h, k: x / h * h,
    "h · (x / h)": lambda x, h, k: h * (x / h),
    "x · h / h": lambda x, h, k: x * h / h,
    "−(x / h) · (2h)": lambda x, h, k: -(x / h) * (2.0 * h),
    "x / h · h²": lambda x, h, k: x / h * np.square(h),
    "(x/h + k) · h": lambda x, h, k: (x / h + k) * h,
    "(x/h − x/k) · hk": lambda x, h, k: (x / h - x / k) * (h * k),
    "(x/h − (1 − x)/(1 − h)) · h(1 − h)": lambda x, h, k: (
        (x / h - (1 - x) / (1 - h)) * (h * (1 - h))
    ),
    "(x/h − (k − x)/(1 + h)) · h(1 + h)": lambda x, h, k: (
        (x / h - (k - x) / (1 + h)) * (h * (1 + h))
    ),
    "the same, weighed and over k": lambda x, h, k: (
        (x * -3.0 / h + (1.0 - x) * 3.0 / (1.0 - h)) * (k * h) * (1.0 - h) / 7.0
    ),
    "(x/h + (1 − x)/(1 − h)) · h(1 − h)": lambda x, h, k: (
        (x / h + (1 - x) / (1 - h)) * (h * (1 - h))
    ),
    "σ written out": lambda x, h, k: (
        (x / h - (1 - x) / (1 - (1 / (1 + np.exp(-k))))) * h * (1 - 1 / (np.exp(-k) + 1))
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CANCEL)
@given(x=arrays, h=positive, k=positive)
@settings(max_examples=30)
def test_values_and_gradients_stay_and_divisions_go(name: str, x: Any, h: Any, k: Any) -> None:
    before, inputs, after, placeholders, log = preserves(CANCEL[name], x, h, k)
    if name != "σ written out":
        assert divided(before, inputs)
        assert not divided(after, placeholders)
    assert len(operations(after, placeholders)) <= len(operations(before, inputs))
    assert any(step.identity.where for step in log)


KEPT: dict[str, Callable[..., Any]] = {
    "one term would not cancel": lambda x, h, k: (x / h + x / k) * h,
    "a quotient of nothing else": lambda x, h, k: x / h * k,
    "digits that a sum lost": lambda x, h, k: ((x + h) - x) - h,
    "the same, beside a division": lambda x, h, k: (((x + h) - x) - h) * k + x / h,
    "nothing that divides": lambda x, h, k: x * (1 - h) - (1 - x) * h,
}


@pytest.mark.parametrize("name", KEPT)
@given(x=arrays, h=positive, k=positive)
@settings(max_examples=10)
def test_what_has_nothing_to_cancel_stays(name: str, x: Any, h: Any, k: Any) -> None:
    _, _, _, _, log = preserves(KEPT[name], x, h, k)
    assert not any(step.identity.where for step in log)


def test_whole_numbers_that_would_wrap_around_are_left_alone() -> None:
    x, h = np.array([2, 3], np.uint8), np.array([0.5, 0.25])
    _, _, after, placeholders, _ = preserves_values(
        lambda x, h: (x / h - (1 - x) / (1 - h)) * (h * (1 - h)), x, h
    )
    assert divided(after, placeholders)


def preserves_values(f: Callable[..., Any], *arrays: Any) -> Any:
    found = folded(f, *arrays)
    before, inputs, after, placeholders, _ = found
    for (one, S), (other, _) in zip(
        evaluated(before, inputs, arrays), evaluated(after, placeholders, arrays), strict=True
    ):
        assert np.all(np.abs(one - other) <= SIXTEEN * S)
    return found


def test_at_0_the_program_gives_the_limit() -> None:
    f = ag.jit(lambda x, h: x / h * h)
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(f(np.ones(2), np.array([0.0, 2.0])), [1.0, 1.0])
    (step,) = [s for s in f.program.log if s.identity.where]
    assert step.identity.where == "h ≠ 0"


# ---- the note's networks ----


@st.composite
def problems(draw: st.DrawFn) -> tuple[Any, Any, Any, float]:
    """A network with sigmoid outputs, its data, and λ."""
    sizes = draw(st.lists(st.integers(1, 4), min_size=2, max_size=5))
    m = draw(st.integers(1, 6))
    activation = draw(st.sampled_from(["sigmoid", "tanh", "relu", "softplus"]))
    seed = draw(st.integers(0, 99))
    random = np.random.default_rng(seed)
    net = ag.nn.Network(sizes, activation=activation, seed=seed)
    Y = random.random((m, sizes[-1]))
    Y = Y if draw(st.booleans()) else np.round(Y)
    return net, random.normal(size=(m, sizes[0])), Y, draw(st.sampled_from([0.0, 0.7]))


@given(problems())
@settings(max_examples=60)
def test_the_literal_cost_becomes_a_minus_y(problem: Any) -> None:
    net, X, Y, lam = problem
    f = ag.value_and_grad(lambda net, X, Y: ag.nn.logistic_cost_literal(net, X, Y, lam))
    jitted = ag.jit(f)
    (J, found), (J2, expected) = jitted(net, X, Y), f(net, X, Y)
    program, L, m = jitted.program, len(net.sizes), len(X)
    δ = named(program, f"z{L}_grad")
    if m > 1:
        assert δ.op.name == "multiply"
        δ, share = δ.inputs
        assert abs(share.value - 1 / m) < 1e-15
    assert δ.op.name == "subtract"
    a, y = δ.inputs
    assert (a.name, a.op.name) == (f"a{L}", "sigmoid")
    assert y is program.inputs[-1]
    assert not divided(program.after[1:], program.inputs)
    values = [p.detach().numpy() for p in net.parameters]
    order = {n.name: p for n, p in zip(program.inputs, values, strict=False)}
    given_values = [order[n.name] if n.name else None for n in program.inputs[:-2]]
    sizes = evaluated(program.after, program.inputs, [*given_values, X, Y])
    pairs = zip(found.parameters, expected.parameters, strict=True)
    assert abs(J - J2) <= SIXTEEN * sizes[0][1]
    for (_, S), (one, other) in zip(sizes[1:], pairs, strict=True):
        assert np.all(np.abs(one.detach().numpy() - other.detach().numpy()) <= SIXTEEN * S)


HANDWRITTEN: dict[str, Callable[[Any], Any]] = {
    "nn.sigmoid": lambda z: ag.nn.sigmoid(z),
    "1 / (1 + e^−z)": lambda z: 1 / (1 + np.exp(-z)),
    "1.0 / (e^−z + 1.0)": lambda z: 1.0 / (np.exp(-z) + 1.0),
}


@pytest.mark.parametrize("name", HANDWRITTEN)
@given(seed=st.integers(0, 99), m=st.integers(2, 5), K=st.integers(1, 3))
@settings(max_examples=15)
def test_a_cost_written_by_hand_becomes_a_minus_y(name: str, seed: int, m: int, K: int) -> None:
    def cost(w: Any, X: Any, Y: Any) -> Any:
        z = X @ w
        z.name = "z"
        h = HANDWRITTEN[name](z)
        return -np.sum(Y * np.log(h) + (1 - Y) * np.log(1 - h)) / m

    random = np.random.default_rng(seed)
    w, X, Y = random.uniform(-1, 1, (2, K)), random.uniform(-1, 1, (m, 2)), random.random((m, K))
    f = ag.value_and_grad(cost)
    jitted = ag.jit(f)
    (J, found), (J2, expected) = jitted(w, X, Y), f(w, X, Y)
    program = jitted.program
    δ, share = named(program, "z_grad").inputs
    assert (δ.op.name, δ.inputs[0].op.name) == ("subtract", "sigmoid")
    assert δ.inputs[1] is program.inputs[2]
    assert abs(share.value - 1 / m) < 1e-15
    assert not divided(program.after[1:], program.inputs)
    sizes = [S for _, S in evaluated(program.after, program.inputs, [w, X, Y])]
    assert abs(J - J2) <= SIXTEEN * sizes[0]
    assert np.all(np.abs(found - expected) <= SIXTEEN * sizes[1])


def test_quadratic_cost_keeps_its_factor_and_softmax_its_sum_of_y() -> None:
    random = np.random.default_rng(0)
    X, Y = random.normal(size=(5, 2)), random.random((5, 3))
    net = ag.nn.Network([2, 3], seed=0)
    f = ag.jit(ag.value_and_grad(ag.nn.quadratic_cost))
    f(net, X, Y)
    names = {n.op.name for n in operations([named(f.program, "z2_grad")], f.program.inputs)}
    assert "subtract" in names
    assert not names & DIVISIONS

    def cost(z: Any, Y: Any) -> Any:  # that Σ_k y_k = 1 is not known here
        return -np.sum(Y * np.log(ag.nn.softmax(z))) / 5

    g = ag.jit(ag.grad(cost))
    z = random.normal(size=(5, 3))
    np.testing.assert_allclose(g(z, Y), ag.grad(cost)(z, Y), atol=1e-15)
    assert not divided(g.program.after, g.program.inputs)


# ---- what it costs, and that mistakes are seen ----


@pytest.mark.parametrize("kind", ["products", "fractions", "sums"])
def test_the_work_per_node_is_bounded(kind: str) -> None:
    """Ten times the program takes about ten times as long, whatever it is made of."""

    def long(steps: int) -> float:
        def f(x: Any, h: Any) -> Any:
            for _ in range(steps):
                x = {"products": x * h, "fractions": x / h * x, "sums": x - x / h}[kind]
            return x

        with np.errstate(all="ignore"):
            recorded = record(f, (np.ones(2), np.ones(2)), lambda leaves: (tuple(leaves), {}))
        start = time.process_time()
        fold(recorded.outputs, recorded.inputs)  # type: ignore[arg-type]
        return time.process_time() - start

    small = min(long(300) for _ in range(3))
    assert min(long(3000) for _ in range(2)) < 30 * small


def test_planted_mistakes_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A flipped sign, a forgotten exponent, a factor too many: each fails the properties above."""

    def check() -> None:
        x, h, k = (np.array([0.3, -0.7]), np.array([0.2, 0.6]), np.array([0.4, 0.9]))
        for f in CANCEL.values():
            preserves(f, x, h, k)

    check()
    terms, cancel, joined = monomials.terms, monomials.Product.cancel, monomials._joined
    product, complement = monomials.product, fractions._with_complement

    def flipped(dtype: Any, node: Any) -> Any:
        found = terms(dtype, node)
        return found and [(abs(sign), term) for sign, term in found]

    def forgetful(self: Any) -> bool:
        self.above = dict.fromkeys(self.above, 1)
        return cancel(self)

    def too_many(one: Any, other: Any) -> Any:
        found = joined(one, other)
        found.number *= 2.0
        return found

    def unsigned(dtype: Any, *parts: Any) -> Any:
        found = product(dtype, *parts)
        found.number = abs(found.number)
        return found

    def not_the_complement(b: Any, rest: Any) -> Any:
        found = complement(b, rest)
        if found:
            found.number *= -1.0
        return found

    planted = [
        (monomials, "terms", flipped), (fractions, "terms", flipped),
        (monomials.Product, "cancel", forgetful), (monomials, "_joined", too_many),
        (fractions, "product", unsigned), (fractions, "_with_complement", not_the_complement),
    ]  # fmt: skip
    for place, name, mistake in planted:
        with monkeypatch.context() as patched:
            patched.setattr(place, name, mistake)
            with pytest.raises(AssertionError):
                check()
