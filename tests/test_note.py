"""The note's questions about δ and λ, answered by recorded graphs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_mini as ag
from autograd_mini import closed_form
from tests.recorded import LITERAL, programs, record, without_bias
from tests.strategies import Problem, grid, problems
from tests.witnesses import absolute_deltas, absolute_gradients, assert_close, g_prime

LOGISTIC = [("sigmoid", "logistic")]

# -- "Why is δ in the last figure not multiplied by the derivative?"


def test_the_figure_s_unit() -> None:
    """Θ_12 δ_1^(3) + Θ_22 δ_2^(3) is ∂cost/∂a_2^(2); δ_2^(2) is that times g'(z_2^(2))."""
    rng = np.random.default_rng(0)
    theta = [rng.uniform(-1, 1, shape) for shape in [(2, 3), (2, 3), (1, 3)]]
    problem = Problem(theta, [[0.3, -1.2]], [[1.0]])
    run = record(problem, "network")
    δ, by_a = run.deltas(), run.by_activation()
    Θ, z = run.leaves[2][1].detach().numpy(), run.z[2].detach().numpy()
    on_the_slide = Θ[0, 1] * δ[3][0, 0] + Θ[1, 1] * δ[3][0, 1]
    np.testing.assert_allclose(by_a[2][0, 1], on_the_slide, rtol=1e-13)
    np.testing.assert_allclose(δ[2][0, 1], on_the_slide * g_prime("sigmoid", z)[0, 1], rtol=1e-13)
    assert abs(δ[2][0, 1]) <= abs(on_the_slide) / 4


@given(problems(depths=(2, 5)), programs)
def test_a_hidden_unit_s_delta_is_its_cost_by_a_times_g_prime(
    problem: Problem, program: str
) -> None:
    """∂cost/∂a_j = Σ_i Θ_ij δ_i^(l+1), a column of Θ; δ_j^(l) = ∂cost/∂a_j · g'(z_j)."""
    run = record(problem, program)
    δ, by_a, scale = run.deltas(), run.by_activation(), absolute_deltas(problem)
    for l in range(2, problem.L):
        weights = problem.theta[l - 1][:, 1:]
        column_sums = np.stack([δ[l + 1] @ weights[:, j] for j in range(weights.shape[1])], axis=1)
        reach = scale[l + 1] @ np.abs(weights)
        assert_close(by_a[l], column_sums, reach, f"∂cost/∂a^({l})")
        slope = g_prime(problem.hidden[l - 2], problem.pass_[0][l])
        assert_close(δ[l], by_a[l] * slope, reach * slope, f"δ^({l})")


@given(problems(pairs=LOGISTIC), st.sampled_from(LITERAL))
def test_at_the_output_g_prime_is_multiplied_and_cancels(problem: Problem, program: str) -> None:
    """∂cost/∂a = (a - y)/(a(1 - a)), g' = a(1 - a), δ^(L) = a - y: read off the literal graph."""
    run, L = record(problem, program), problem.L
    a, y = problem.pass_[1][L], problem.Y
    by_a, δ, slope = run.by_activation()[L], run.deltas()[L], a * (1 - a)
    assert_close(by_a, (a - y) / slope, (a + np.abs(y)) / slope, "∂cost/∂a^(L)")
    assert_close(δ, by_a * slope, a + np.abs(y), "∂cost/∂a · g'")
    assert_close(δ, a - y, a + np.abs(y), "δ^(L)")


@given(problems(pairs=[("sigmoid", "quadratic")]), programs)
def test_at_the_output_of_the_quadratic_cost_nothing_cancels(
    problem: Problem, program: str
) -> None:
    """∂cost/∂a = a - y, so δ^(L) = (a - y) .* g'(z^(L))."""
    run, L = record(problem, program), problem.L
    a, y = problem.pass_[1][L], problem.Y
    by_a, δ, slope = run.by_activation()[L], run.deltas()[L], a * (1 - a)
    assert_close(by_a, a - y, a + np.abs(y), "∂cost/∂a^(L)")
    assert_close(δ, (a - y) * slope, (a + np.abs(y)) * slope, "δ^(L)")


@given(problems(), programs)
def test_which_pairs_cancel(problem: Problem, program: str) -> None:
    """δ^(L) = a - y for sigmoid/logistic, softmax/softmax, identity/quadratic, and no other."""
    δ, L = record(problem, program).deltas()[problem.L], problem.L
    a, y = problem.pass_[1][L], problem.Y
    scale = np.abs(a) + np.abs(y)
    if (problem.output, problem.cost) == ("sigmoid", "quadratic"):
        assert np.linalg.norm(δ) <= 0.25 * np.linalg.norm(a - y)
        assert np.linalg.norm(δ - (a - y)) >= 0.7 * np.linalg.norm(a - y)
    else:
        assert_close(δ, a - y, scale, "δ^(L)")


@given(problems(pairs=LOGISTIC, depths=(3, 3)), programs)
def test_delta_4_is_a_minus_y_and_not_y_minus_a(problem: Problem, program: str) -> None:
    """Four layers: δ^(4) = a^(4) - y. The slide's y - a is its negative: it points uphill."""
    δ = record(problem, program).deltas()[4]
    a, y = problem.pass_[1][4], problem.Y
    assert_close(δ, a - y, a + np.abs(y), "δ^(4)")
    if np.linalg.norm(a - y) > 1e-3:
        with pytest.raises(AssertionError):
            assert_close(δ, y - a, a + np.abs(y), "δ^(4)")


@given(problems(pairs=LOGISTIC), programs)
def test_cost_i_without_its_minus_sign_would_turn_delta_round(
    problem: Problem, program: str
) -> None:
    """cost(i) = -[y log h + (1 - y) log(1 - h)]; the note's, without the minus, gives y - a."""
    run = record(problem, program)
    L = problem.L
    [turned] = ag.backprop(-run.J, wrt=[run.z[L]])
    a = problem.pass_[1][L]
    assert_close(problem.m * turned, problem.Y - a, a + np.abs(problem.Y), "∂(-cost)/∂z")


# -- "The figure seems not to multiply the regularisation by 1/m"


@given(problems(), programs)
def test_the_slide_s_lambda_is_off_by_exactly_1_minus_1_over_m(
    problem: Problem, program: str
) -> None:
    """(Δ/m + λΘ) - ∂J/∂Θ = (1 - 1/m) λ Θ on the weights, 0 on the bias."""
    Δ, _ = closed_form.backprop_by_example(*problem.arguments, **problem.all_names)
    run = record(problem, program)
    slide = {
        l: Δ[l] / problem.m + problem.lam * without_bias(Θ)
        for l, Θ in enumerate(problem.theta, start=1)
    }
    error = {
        l: (1 - 1 / problem.m) * problem.lam * without_bias(Θ)
        for l, Θ in enumerate(problem.theta, start=1)
    }
    found, on_slide = run.gradients(), run.like_leaves(slide)
    expected, scale = run.like_leaves(error), run.like_leaves(absolute_gradients(problem))
    for l in found:
        for k, gradient in enumerate(found[l]):
            S = scale[l][k] + np.abs(expected[l][k])
            assert_close(on_slide[l][k] - gradient, expected[l][k], S, f"leaf {k} of layer {l}")


@given(problems(lam=st.just(0.0)), grid(0.0, 10.0), programs)
def test_the_penalty_s_gradient_is_lambda_over_m_theta(
    problem: Problem, lam: float, program: str
) -> None:
    """∂/∂Θ of (λ/2m) Σ Θ² is (λ/m) Θ, and nothing for the bias."""
    plain = record(problem, program).gradients()
    with_λ = problem.changed(lam=lam)
    run = record(with_λ, program)
    penalty = run.like_leaves(
        {l: lam / problem.m * without_bias(Θ) for l, Θ in enumerate(problem.theta, start=1)}
    )
    scale = run.like_leaves(absolute_gradients(with_λ))
    for l, found in run.gradients().items():
        for k, gradient in enumerate(found):
            assert_close(gradient - plain[l][k], penalty[l][k], scale[l][k], f"layer {l}")
            if len(found) == 2 and k == 0:
                np.testing.assert_array_equal(gradient, plain[l][k])
