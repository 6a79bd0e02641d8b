"""The δ tests can fail: each is run again on a library with one slip in it, and must notice.

The slips are the note's own and the usual ones: g' left out, y - a, λ without 1/m, a row of Θ
in place of a column. They are made in memory, on the rules, the costs and the closed form.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, given, settings

import autograd_mini as ag
from autograd_mini import closed_form
from autograd_mini.nn import cost as nn_cost
from autograd_mini.op import OPS
from tests import test_delta, test_note, test_note_cost
from tests.strategies import PAIRS, Problem, grid, problems

Patch = pytest.MonkeyPatch


@pytest.fixture(scope="module")
def sample() -> list[Problem]:
    """Twelve networks of every pair of output and cost, with a hidden layer, m > 1 and λ > 0."""
    drawn: list[Problem] = []
    for pair in PAIRS:

        @settings(max_examples=12, phases=[Phase.generate], database=None, derandomize=True)
        @given(problems([pair], depths=(2, 4), examples=(2, 12), lam=grid(0.5, 10.0)))
        def collect(problem: Problem) -> None:
            drawn.append(problem)

        collect()
    return drawn


def notices(test: Any, sample: list[Problem], program: str = "network") -> bool:
    """Tell whether a test fails on any of the networks."""
    for problem in sample:
        try:
            test.hypothesis.inner_test(problem, program)
        except AssertionError:
            return True
    return False


TESTS = [
    test_delta.test_every_delta_three_ways,
    test_delta.test_every_gradient_three_ways,
    test_delta.test_hidden_delta_comes_from_the_next,
    test_delta.test_weight_gradient_is_a_times_delta,
    test_delta.test_bias_gradient_is_the_mean_delta,
    test_delta.test_D_of_the_algorithm_is_the_gradient,
]


@pytest.mark.parametrize("test", TESTS, ids=lambda test: test.__name__)
def test_nothing_fails_without_a_slip(test: Any, sample: list[Problem]) -> None:
    assert not notices(test, sample)


# -- slips in the recorded graph


def with_rule(function: Any, rule: Callable[..., Any]) -> Callable[[Patch], None]:
    return lambda patch: patch.setattr(OPS[function], "rules", (rule,))


def with_cost(regularised: Callable[..., Any]) -> Callable[[Patch], None]:
    return lambda patch: patch.setattr(nn_cost, "_regularised", regularised)


def squares(net: Any) -> Any:
    return sum(np.sum(np.square(weights)) for weights in net.weights.values())


IN_THE_GRAPH: dict[str, Callable[[Patch], None]] = {
    "sigmoid without g'": with_rule(ag.nn.sigmoid, lambda g, y, x: g * 1.0),
    "sigmoid's g' of a, not of z": with_rule(
        ag.nn.sigmoid, lambda g, y, x: g * ag.nn.sigmoid(y) * (1.0 - ag.nn.sigmoid(y))
    ),
    "tanh without its square": with_rule(np.tanh, lambda g, y, x: g * (1.0 - y)),
    "relu passes everything": with_rule(ag.nn.relu, lambda g, y, x: g * 1.0),
    "softplus off by 1e-8": with_rule(
        ag.nn.softplus, lambda g, y, x: g * ag.nn.sigmoid(x) * (1.0 + 1e-8)
    ),
    "λ without 1/m": with_cost(lambda data, net, lam, m: data / m + 0.5 * lam * squares(net)),
    "λ on the bias too": with_cost(
        lambda data, net, lam, m: (
            data
            + 0.5 * lam * (squares(net) + sum(np.sum(b * b) for b in net.biases.values()))
        )
        / m
    ),
    "no mean over examples": with_cost(
        lambda data, net, lam, m: data + 0.5 * lam * squares(net) / m
    ),
    "λ twice": with_cost(lambda data, net, lam, m: (data + lam * squares(net)) / m),
}
NOTICED_BY_DELTA = {
    "sigmoid without g'",
    "sigmoid's g' of a, not of z",
    "tanh without its square",
    "relu passes everything",
    "softplus off by 1e-8",
    "no mean over examples",
}


@pytest.mark.parametrize("slip", IN_THE_GRAPH)
def test_a_slip_in_the_graph_is_noticed(
    slip: str, sample: list[Problem], monkeypatch: Patch
) -> None:
    IN_THE_GRAPH[slip](monkeypatch)
    assert notices(test_delta.test_every_gradient_three_ways, sample)
    assert notices(test_delta.test_D_of_the_algorithm_is_the_gradient, sample)
    assert notices(test_delta.test_every_delta_three_ways, sample) == (slip in NOTICED_BY_DELTA)


def test_a_quadratic_output_without_g_prime_is_noticed(
    sample: list[Problem], monkeypatch: Patch
) -> None:
    with_rule(ag.nn.sigmoid, lambda g, y, x: g * 1.0)(monkeypatch)
    quadratic = [p for p in sample if (p.output, p.cost) == ("sigmoid", "quadratic")]
    assert quadratic
    assert notices(test_delta.test_output_delta_of_sigmoid_and_quadratic_keeps_g_prime, quadratic)
    assert notices(test_note.test_at_the_output_of_the_quadratic_cost_nothing_cancels, quadratic)


def test_a_slip_in_logistic_regression_s_last_layer_is_noticed(
    sample: list[Problem], monkeypatch: Patch
) -> None:
    IN_THE_GRAPH["λ without 1/m"](monkeypatch)
    logistic = [p for p in sample if p.cost == "logistic"]
    test = test_note_cost.test_the_last_layer_is_logistic_regression_on_learned_features
    assert notices(test, logistic)
    test = test_note.test_the_slide_s_lambda_is_off_by_exactly_1_minus_1_over_m
    assert notices(test, logistic)


# -- slips in the closed form


def with_formula(function: str, slip: Callable[..., Any]) -> Callable[[Patch], None]:
    """Put a function between the closed form and those who ask it."""

    def apply(patch: Patch) -> None:
        right = getattr(closed_form, function)

        def wrong(theta: Any, X: Any, Y: Any, *lam: float, **names: Any) -> Any:
            return slip(right, theta, X, Y, *lam, **names)

        patch.setattr(closed_form, function, wrong)

    return apply


def with_g_prime(name: str, g_prime: Callable[..., Any]) -> Callable[[Patch], None]:
    g = closed_form._G[name][0]
    return lambda patch: patch.setitem(closed_form._G, name, (g, g_prime))


def y_minus_a(right: Any, theta: Any, X: Any, Y: Any, **names: Any) -> Any:
    return {l: -δ for l, δ in right(theta, X, Y, **names).items()}


def slide(right: Any, theta: Any, X: Any, Y: Any, lam: float, **names: Any) -> Any:
    D = right(theta, X, Y, 0.0, **names)
    return {l: D[l] + lam * np.insert(theta[l - 1][:, 1:], 0, 0.0, axis=1) for l in D}


IN_THE_CLOSED_FORM: dict[str, tuple[Callable[[Patch], None], Any]] = {
    "g' left out": (
        with_g_prime("sigmoid", lambda z, a: np.ones_like(z)),
        test_delta.test_every_delta_three_ways,
    ),
    "g'(a) for g'(z)": (
        with_g_prime("tanh", lambda z, a: 1.0 - np.tanh(a) ** 2),
        test_delta.test_every_delta_three_ways,
    ),
    "y - a": (with_formula("deltas", y_minus_a), test_delta.test_every_delta_three_ways),
    "λΘ on the slide": (
        with_formula("gradients", slide),
        test_delta.test_every_gradient_three_ways,
    ),
    "λ on the bias too": (
        lambda patch: patch.setattr(closed_form, "_weights", lambda Θ: Θ),
        test_delta.test_D_of_the_algorithm_is_the_gradient,
    ),
    "a_0 = 0": (
        lambda patch: patch.setattr(
            closed_form,
            "_folded",
            lambda a: np.concatenate([np.zeros_like(a[..., :1]), a], axis=-1),
        ),
        test_delta.test_every_gradient_three_ways,
    ),
    "no ½ in the quadratic cost": (
        lambda patch: patch.setitem(
            closed_form._COST["identity"], "quadratic", lambda z, h, y: (h - y) ** 2
        ),
        test_delta.test_every_delta_three_ways,
    ),
    "cost(i) without its minus sign": (
        lambda patch: patch.setitem(
            closed_form._COST["softmax"], "softmax", lambda z, h, y: y * closed_form._log_softmax(z)
        ),
        test_delta.test_every_gradient_three_ways,
    ),
}


@pytest.mark.parametrize("slip", IN_THE_CLOSED_FORM)
def test_a_slip_in_the_closed_form_is_noticed(
    slip: str, sample: list[Problem], monkeypatch: Patch
) -> None:
    patch, test = IN_THE_CLOSED_FORM[slip]
    patch(monkeypatch)
    assert notices(test, sample)


# -- slips too small for the eye


@pytest.mark.parametrize("relative", [1e-4, 1e-8])
def test_a_gradient_that_is_off_by_little_is_noticed(
    relative: float, sample: list[Problem], monkeypatch: Patch
) -> None:
    def off(right: Any, *arguments: Any, **names: Any) -> Any:
        return {l: D * (1.0 + relative) for l, D in right(*arguments, **names).items()}

    with_formula("gradients", off)(monkeypatch)
    assert notices(test_delta.test_every_gradient_three_ways, sample)


def test_one_wrong_entry_is_noticed(sample: list[Problem], monkeypatch: Patch) -> None:
    def one(right: Any, *arguments: Any, **names: Any) -> Any:
        δ = right(*arguments, **names)
        δ[2][-1, -1] *= 1.0 + 1e-6
        return δ

    with_formula("deltas", one)(monkeypatch)
    assert notices(test_delta.test_every_delta_three_ways, sample)
