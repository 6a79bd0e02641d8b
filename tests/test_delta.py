"""The note's equations on recorded graphs: autodiff = closed form = complex step.

One test per equation, named for it. Every graph is recorded four ways (bias apart or folded, cost
stable or literal); |A - C| is measured against the same sums over absolute values.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

import autograd_mini as ag
from autograd_mini import closed_form
from tests.recorded import COSTS, PROGRAMS, network, programs, record
from tests.strategies import ACTIVATIONS, Array, Problem, problems
from tests.witnesses import (
    absolute_deltas,
    absolute_gradients,
    assert_close,
    complex_step_deltas,
    complex_step_gradients,
    g_prime,
)


def closed_deltas(problem: Problem) -> dict[int, Array]:
    return closed_form.deltas(problem.theta, problem.X, problem.Y, **problem.all_names)


def closed_gradients(problem: Problem) -> dict[int, Array]:
    return closed_form.gradients(*problem.arguments, **problem.all_names)


# -- forward


@given(problems(), programs)
def test_z_next_is_theta_a(problem: Problem, program: str) -> None:
    """z^(l+1) = Θ^(l) a^(l), a_0 = 1."""
    run = record(problem, program)
    for l, Θ in enumerate(problem.theta, start=1):
        a = np.insert(run.a[l].detach().numpy(), 0, 1.0, axis=1)
        scale = np.abs(a) @ np.abs(Θ).T
        assert_close(run.z[l + 1].detach().numpy(), a @ Θ.T, scale, f"z^({l + 1})")
        assert_close(run.z[l + 1].detach().numpy(), problem.pass_[0][l + 1], scale)


@given(problems(), programs)
def test_a_is_g_of_z(problem: Problem, program: str) -> None:
    """a^(l) = g(z^(l)), a^(1) = x, a^(L) = h."""
    run = record(problem, program)
    for l, a in run.a.items():
        expected = problem.pass_[1][l]
        assert_close(a.detach().numpy(), expected, expected, f"a^({l})")


@given(problems(), programs)
def test_J_is_the_mean_cost_and_the_penalty(problem: Problem, program: str) -> None:
    """J(Θ) = (1/m) Σ_i cost(i) + (λ/2m) Σ_l Σ_i Σ_j (Θ_ij^(l))², bias columns left out."""
    J = record(problem, program).J.item()
    expected = closed_form.cost(*problem.arguments, **problem.all_names)
    assert_close(J, expected, expected, "J")


# -- δ


def check_output_delta(problem: Problem, program: str, expected: Array) -> None:
    L, scale = problem.L, absolute_deltas(problem)[problem.L]
    found = record(problem, program).deltas()[L]
    assert_close(found, expected, scale, "recorded, a - y")
    assert_close(closed_deltas(problem)[L], expected, scale, "closed form, a - y")
    assert_close(complex_step_deltas(problem)[L], expected, scale, "complex step, a - y")


@given(problems(pairs=[("sigmoid", "logistic")]), programs)
def test_output_delta_of_sigmoid_and_logistic_is_a_minus_y(problem: Problem, program: str) -> None:
    """δ^(L) = a^(L) - y: ∂cost/∂a = (a - y)/(a(1 - a)) and g' = a(1 - a) cancel."""
    check_output_delta(problem, program, problem.pass_[1][problem.L] - problem.Y)


@given(problems(pairs=[("softmax", "softmax")]), programs)
def test_output_delta_of_softmax_and_cross_entropy_is_a_minus_y(
    problem: Problem, program: str
) -> None:
    """δ^(L) = a^(L) - y, for softmax outputs and -Σ y log a."""
    check_output_delta(problem, program, problem.pass_[1][problem.L] - problem.Y)


@given(problems(pairs=[("identity", "quadratic")]), programs)
def test_output_delta_of_identity_and_quadratic_is_a_minus_y(
    problem: Problem, program: str
) -> None:
    """δ^(L) = a^(L) - y, for a^(L) = z^(L) and ½ Σ (a - y)²."""
    check_output_delta(problem, program, problem.pass_[1][problem.L] - problem.Y)


@given(problems(pairs=[("sigmoid", "quadratic")]), programs)
def test_output_delta_of_sigmoid_and_quadratic_keeps_g_prime(
    problem: Problem, program: str
) -> None:
    """δ^(L) = (a^(L) - y) .* g'(z^(L)): nothing cancels."""
    z, a = problem.pass_
    slope = g_prime("sigmoid", z[problem.L])
    check_output_delta(problem, program, (a[problem.L] - problem.Y) * slope)


@given(problems(depths=(2, 5)), programs)
def test_hidden_delta_comes_from_the_next(problem: Problem, program: str) -> None:
    """δ^(l) = (Θ^(l))ᵀ δ^(l+1) .* g'(z^(l)), bias entry dropped; every δ of the graph."""
    δ, scale = record(problem, program).deltas(), absolute_deltas(problem)
    z, _ = problem.pass_
    for l in range(2, problem.L):
        by_hand = np.zeros_like(δ[l])
        for i in range(problem.m):
            with_bias_entry = problem.theta[l - 1].T @ δ[l + 1][i]
            by_hand[i] = with_bias_entry[1:] * g_prime(problem.hidden[l - 2], z[l][i])
        assert_close(δ[l], by_hand, scale[l], f"δ^({l}) from δ^({l + 1})")


@given(problems(), programs)
def test_every_delta_three_ways(problem: Problem, program: str) -> None:
    """δ^(l) = ∂cost(i)/∂z^(l) for l = 2..L: recorded graph = closed form = complex step."""
    found, closed = record(problem, program).deltas(), closed_deltas(problem)
    witness, scale = complex_step_deltas(problem), absolute_deltas(problem)
    assert sorted(found) == sorted(closed) == sorted(witness) == list(range(2, problem.L + 1))
    for l in found:
        assert_close(found[l], closed[l], scale[l], f"δ^({l}), graph and closed form")
        assert_close(found[l], witness[l], scale[l], f"δ^({l}), graph and complex step")
        assert_close(closed[l], witness[l], scale[l], f"δ^({l}), closed form and complex step")


@given(problems())
def test_the_network_hands_out_its_deltas(problem: Problem) -> None:
    """net.deltas: δ^(l) of every example, not divided by m, the λ term without influence."""
    found = network(problem).deltas(problem.X, problem.Y, problem.cost)
    closed, scale = closed_deltas(problem), absolute_deltas(problem)
    assert sorted(found) == sorted(closed)
    for l in closed:
        assert isinstance(found[l], np.ndarray)
        assert_close(found[l], closed[l], scale[l], f"δ^({l})")


# -- ∂J/∂Θ


@given(problems(), programs)
def test_weight_gradient_is_a_times_delta(problem: Problem, program: str) -> None:
    """∂J/∂Θ_ij^(l) = (1/m) Σ_examples a_j^(l) δ_i^(l+1) + (λ/m) Θ_ij^(l) for j >= 1."""
    run, scale = record(problem, program), absolute_gradients(problem)
    δ, gradient = run.deltas(), folded(run.gradients())
    for l, Θ in enumerate(problem.theta, start=1):
        a = problem.pass_[1][l]
        by_hand = sum(np.outer(δ[l + 1][i], a[i]) for i in range(problem.m)) / problem.m
        by_hand = by_hand + problem.lam / problem.m * Θ[:, 1:]
        assert_close(gradient[l][:, 1:], by_hand, scale[l][:, 1:], f"∂J/∂Θ^({l}), weights")


@given(problems(), programs)
def test_bias_gradient_is_the_mean_delta(problem: Problem, program: str) -> None:
    """∂J/∂Θ_i0^(l) = (1/m) Σ_examples δ_i^(l+1): a_0 = 1, and no λ."""
    run, scale = record(problem, program), absolute_gradients(problem)
    δ, gradient = run.deltas(), folded(run.gradients())
    for l in gradient:
        by_hand = δ[l + 1].mean(axis=0)
        assert_close(gradient[l][:, 0], by_hand, scale[l][:, 0], f"∂J/∂Θ^({l}), bias")


def folded(gradients: dict[int, list[Array]]) -> dict[int, Array]:
    """Put bias and weights together again."""
    return {
        l: parts[0] if len(parts) == 1 else np.column_stack(parts) for l, parts in gradients.items()
    }


@given(problems(), programs)
def test_every_gradient_three_ways(problem: Problem, program: str) -> None:
    """∂J/∂Θ^(l) for l = 1..L-1: recorded graph = closed form = complex step, array by array."""
    run = record(problem, program)
    found, closed = run.gradients(), run.like_leaves(closed_gradients(problem))
    witness = run.like_leaves(complex_step_gradients(problem))
    scale = run.like_leaves(absolute_gradients(problem))
    for l in found:
        for k, gradient in enumerate(found[l]):
            assert_close(gradient, closed[l][k], scale[l][k], f"leaf {k} of {l}, closed form")
            assert_close(gradient, witness[l][k], scale[l][k], f"leaf {k} of {l}, complex step")


@given(problems(), programs)
def test_D_of_the_algorithm_is_the_gradient(problem: Problem, program: str) -> None:
    """D^(l) = Δ^(l)/m + (λ/m) Θ^(l) for weights, Δ^(l)/m for the bias, Δ := Δ + δ aᵀ."""
    run = record(problem, program)
    _, D = closed_form.backprop_by_example(*problem.arguments, **problem.all_names)
    found, D_like = run.gradients(), run.like_leaves(D)
    scale = run.like_leaves(absolute_gradients(problem))
    for l in found:
        for gradient, expected, S in zip(found[l], D_like[l], scale[l], strict=True):
            assert_close(gradient, expected, S, f"D^({l})")


@given(problems())
def test_a_network_shaped_gradient_is_the_same(problem: Problem) -> None:
    """ag.value_and_grad(cost)(net, X, Y, λ): cost and ∂J/∂Θ at once, in the network's shape."""
    value_and_grad = ag.value_and_grad(COSTS[problem.cost])
    J, gradient = value_and_grad(network(problem), problem.X, problem.Y, problem.lam)
    closed, scale = closed_gradients(problem), absolute_gradients(problem)
    expected = closed_form.cost(*problem.arguments, **problem.all_names)
    assert_close(J, expected, expected, "J")
    for l in closed:
        assert_close(gradient.theta[l], closed[l], scale[l], f"∂J/∂Θ^({l})")


# -- at kinks, where both sides follow the same convention


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("program", ["network", "network, literal cost"])
def test_units_that_rest_at_zero(name: str, program: str) -> None:
    """relu'(0) = 0, leaky_relu'(0) = 0.01: a network of zeros, z = 0 in every unit."""
    zeros = [np.zeros((3, 3)), np.zeros((2, 4)), np.array([[0.0, 1.0, -2.0]])]
    problem = Problem(zeros, np.array([[1.0, -2.0], [0.0, 0.0]]), [[1.0], [0.0]], 2.0, name)
    run = record(problem, program)
    for l, δ in run.deltas().items():
        np.testing.assert_allclose(δ, closed_deltas(problem)[l], rtol=1e-14, atol=0)
    gradient = folded(run.gradients())
    for l, D in closed_gradients(problem).items():
        np.testing.assert_allclose(gradient[l], D, rtol=1e-14, atol=0)


def test_every_program_is_drawn() -> None:
    problem = Problem([[[0.5, -1.0]]], [[2.0]], [[1.0]])
    deltas = [record(problem, program).deltas()[2] for program in PROGRAMS]
    np.testing.assert_allclose(deltas, np.broadcast_to(deltas[0], (4, 1, 1)), rtol=1e-14)
