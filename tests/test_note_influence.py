"""A unit's influence, the direction of the gradient, and the note's numbers and notation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_mini as ag
from autograd_mini import closed_form
from tests.recorded import COSTS, network, programs, record
from tests.strategies import Array, Problem, entries, grid, problems
from tests.witnesses import (
    STEP,
    absolute_gradients,
    assert_close,
    complex_step_gradients,
    g_prime,
)

# -- influence


@given(problems(examples=(1, 1), lam=st.just(0.0)), programs)
def test_a_weight_s_gradient_is_a_j_delta_i(problem: Problem, program: str) -> None:
    """∂cost/∂Θ_ij^(l) = a_j^(l) δ_i^(l+1) for one example: strength times what is reached."""
    run, scale = record(problem, program), absolute_gradients(problem)
    δ = run.deltas()
    products = run.like_leaves(
        {
            l: np.outer(δ[l + 1][0], np.insert(problem.pass_[1][l][0], 0, 1.0))
            for l in range(1, problem.L)
        }
    )
    S = run.like_leaves(scale)
    for l, found in run.gradients().items():
        for k, gradient in enumerate(found):
            assert_close(gradient, products[l][k], S[l][k], f"a δ, layer {l}")


@given(problems(examples=(1, 1), lam=st.just(0.0)), grid(-4.0, 4.0), st.data())
def test_a_weight_s_own_value_is_no_factor_of_its_gradient(
    problem: Problem, change: float, data: st.DataObject
) -> None:
    """Change Θ_ij by c and the bias Θ_i0 by -c a_j: a and δ stay, and so does a_j δ_i."""
    l = data.draw(st.integers(1, problem.L - 1), label="layer")
    i = data.draw(st.integers(0, problem.theta[l - 1].shape[0] - 1), label="i")
    j = data.draw(st.integers(1, problem.theta[l - 1].shape[1] - 1), label="j")
    theta = [Θ.copy() for Θ in problem.theta]
    theta[l - 1][i, j] += change
    theta[l - 1][i, 0] -= change * problem.pass_[1][l][0, j - 1]
    other = problem.changed(theta=theta)
    here, there = (record(p, "network").gradients()[l][1] for p in (problem, other))
    assert_close(there, here, absolute_gradients(problem)[l][:, 1:], "a_j δ_i")


# -- the gradient's direction


@given(problems(), st.data())
def test_the_gradient_is_the_direction_of_fastest_growth(
    problem: Problem, data: st.DataObject
) -> None:
    """J grows along a unit d by d·∇J <= ‖∇J‖, with equality for d = ∇J/‖∇J‖ alone."""
    gradient = ag.grad(COSTS[problem.cost])(network(problem), problem.X, problem.Y, problem.lam)
    uphill = [np.asarray(D) for D in gradient.theta.values()]
    steepness = np.sqrt(sum(np.sum(D**2) for D in uphill))
    scale = np.sqrt(sum(np.sum(D**2) for D in absolute_gradients(problem).values()))
    elsewhere = [data.draw(entries(D.shape, -1.0, 1.0)) for D in uphill]

    def growth(direction: list[Array]) -> float:
        """Rate of J along a direction of length 1, by a complex step."""
        length = np.sqrt(sum(np.sum(d**2) for d in direction)) or 1.0
        theta = [
            Θ + 1j * STEP * d / length for Θ, d in zip(problem.theta, direction, strict=True)
        ]
        J = closed_form.cost(theta, problem.X, problem.Y, problem.lam, **problem.all_names)
        return float(J.imag / STEP)

    assert abs(growth(elsewhere)) <= steepness + 1e-10 * scale
    if steepness > 1e-9 * scale:
        assert abs(growth(uphill) - steepness) <= 1e-10 * scale
        assert abs(growth([-D for D in uphill]) + steepness) <= 1e-10 * scale


@given(problems(activations=["sigmoid", "tanh", "softplus"]))
def test_a_small_step_against_the_gradient_lowers_the_cost(problem: Problem) -> None:
    """Θ := Θ - α D lowers J for small α (and + α D raises it): hence the minus sign."""
    D = closed_form.gradients(*problem.arguments, **problem.all_names)
    steepness = np.sqrt(sum(np.sum(d**2) for d in D.values()))
    names = problem.all_names
    J = closed_form.cost(problem.theta, problem.X, problem.Y, problem.lam, **names)
    if steepness < 1e-6 * (1.0 + J):
        return  # a minimum: there is no downhill
    down, up = (
        closed_form.cost(
            [Θ + sign * 1e-7 * D[l] / steepness for l, Θ in enumerate(problem.theta, start=1)],
            problem.X, problem.Y, problem.lam, **names,
        )
        for sign in (-1.0, 1.0)
    )  # fmt: skip
    resolution = 4 * np.spacing(1.0 + J) * problem.Y.size
    assert down < J + resolution
    assert up > J - resolution
    assert abs((up - down) / 2e-7 - steepness) <= 1e-3 * steepness + resolution / 1e-7


# -- numbers and notation


def test_g_of_4_6() -> None:
    """g(4.6) = 0.99 and g(-4.6) = 0.01; the gates' 20 and 30 saturate every unit."""
    for g in (ag.nn.sigmoid, lambda z: closed_form.forward([[[0.0, 1.0]]], z[:, None])[1][2]):
        np.testing.assert_array_equal(
            np.ravel(g(np.array([-4.6, 4.6, -10.0, 10.0]))).round(2), [0.01, 0.99, 0.0, 1.0]
        )
        assert np.abs(np.ravel(g(np.array([-10.0, 10.0]))) - [0.0, 1.0]).max() < 1e-4


@given(st.floats(-700.0, 700.0))
def test_g_prime_is_a_times_1_minus_a(z: float) -> None:
    """g'(z) = a .* (1 - a), a = g(z); it is g'(z), and not g'(a)."""
    a = float(ag.nn.sigmoid(np.float64(z)))
    found = ag.grad(ag.nn.sigmoid)(z)
    assert abs(found - a * (1 - a)) <= 1e-15
    assert abs(found - float(g_prime("sigmoid", np.array(z)))) <= 1e-15


@given(problems())
def test_the_bias_apart_and_folded_are_the_same_numbers(problem: Problem) -> None:
    """Θ with the bias as column 0 and (weights, bias) convert into each other without loss."""
    net = network(problem)
    again = ag.nn.Network.from_theta(net.theta, **problem.names)
    for l, Θ in enumerate(problem.theta, start=1):
        np.testing.assert_array_equal(net.theta[l], Θ)
        np.testing.assert_array_equal(again.theta[l], Θ)
        np.testing.assert_array_equal(net.weights[l].detach().numpy(), Θ[:, 1:])
        np.testing.assert_array_equal(net.biases[l].detach().numpy(), Θ[:, 0])
    np.testing.assert_array_equal(
        again(problem.X).detach().numpy(), net(problem.X).detach().numpy()
    )


@given(problems(depths=(2, 5)))
def test_layers_have_the_note_s_numbers(problem: Problem) -> None:
    """theta[1], z[2], delta[L]; layer 1 is the input and has no z."""
    net, L = network(problem), problem.L
    run, δ = net.forward(problem.X), net.deltas(problem.X, problem.Y, problem.cost)
    assert list(net.weights) == list(net.biases) == list(range(1, L))
    assert list(run.z) == sorted(δ) == list(range(2, L + 1))
    assert list(run.a) == list(range(1, L + 1))
    widths = [problem.X.shape[1], *map(len, problem.theta)]
    assert [run.a[l].shape for l in run.a] == [(problem.m, s) for s in widths]
    for mapping in (run.z, δ):
        with pytest.raises(KeyError, match="layer 1 is the input; it has no"):
            mapping[1]


def test_a_gradient_check_is_what_the_complex_step_replaces() -> None:
    """Central differences agree to about 1e-10, complex steps to rounding."""
    rng = np.random.default_rng(1)
    problem = Problem([rng.normal(size=(3, 4)), rng.normal(size=(2, 4))], rng.normal(size=(5, 3)),
                      rng.integers(0, 2, (5, 2)), 1.0)  # fmt: skip
    D = closed_form.gradients(*problem.arguments, **problem.all_names)
    witness = complex_step_gradients(problem)
    for l in D:
        np.testing.assert_allclose(D[l], witness[l], rtol=1e-12, atol=1e-15)
