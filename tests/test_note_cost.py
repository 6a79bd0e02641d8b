"""What the note says of its cost: K logistic regressions, three forms, a sum over examples."""

from __future__ import annotations

from itertools import pairwise, starmap

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import autograd_mini as ag
from autograd_mini import closed_form
from tests.recorded import network, programs, record, without_bias
from tests.strategies import Array, Problem, problems
from tests.witnesses import absolute_deltas, absolute_gradients, assert_close

LOGISTIC = [("sigmoid", "logistic")]

# -- logistic regression


def logistic_regression(
    theta: Array, X: Array, y: Array, lam: float
) -> tuple[float, Array, Array]:
    """Course, week 3: J(θ), ∂J/∂θ and, for the comparison, its scale; θ_0 is the intercept."""
    m, X = len(X), np.insert(X, 0, 1.0, axis=1)
    h = 1 / (1 + np.exp(-X @ theta))
    penalised = np.concatenate([[0.0], theta[1:]])
    J = -(y @ np.log(h) + (1 - y) @ np.log(1 - h)) / m + lam / (2 * m) * penalised @ penalised
    gradient = X.T @ (h - y) / m + lam / m * penalised
    scale = np.abs(X).T @ (h + np.abs(y)) / m + lam / m * np.abs(penalised)
    return float(J), gradient, scale


@given(problems(pairs=LOGISTIC, depths=(1, 1)), programs)
def test_without_hidden_layers_it_is_one_vs_all_logistic_regression(
    problem: Problem, program: str
) -> None:
    """K outputs are K logistic regressions: J = Σ_k J(θ_k), row k of ∂J/∂Θ is ∂J(θ_k)/∂θ_k."""
    run = record(problem, program)
    rows = [
        logistic_regression(θ, problem.X, problem.Y[:, k], problem.lam)
        for k, θ in enumerate(problem.theta[0])
    ]
    J = sum(row[0] for row in rows)
    assert_close(run.J.item(), J, J, "J = Σ_k J_k")
    for found, gradient, S in zip(
        run.gradients()[1],
        run.like_leaves({1: np.stack([row[1] for row in rows])})[1],
        run.like_leaves({1: np.stack([row[2] for row in rows])})[1],
        strict=True,
    ):
        assert_close(found, gradient, S, "row k")


@given(problems(pairs=LOGISTIC, depths=(2, 5)), programs)
def test_the_last_layer_is_logistic_regression_on_learned_features(
    problem: Problem, program: str
) -> None:
    """∂J/∂Θ^(L-1) is one-vs-all logistic regression's gradient on a^(L-1), in any network."""
    run, last = record(problem, program), problem.L - 1
    features = run.a[last].detach().numpy()
    rows = [
        logistic_regression(θ, features, problem.Y[:, k], problem.lam)
        for k, θ in enumerate(problem.theta[-1])
    ]
    alike = dict.fromkeys(run.leaves, problem.theta[-1])  # the other layers take no part
    gradient = run.like_leaves({**alike, last: np.stack([row[1] for row in rows])})[last]
    scale = run.like_leaves({**alike, last: np.stack([row[2] for row in rows])})[last]
    for found, expected, S in zip(run.gradients()[last], gradient, scale, strict=True):
        assert_close(found, expected, S, f"∂J/∂Θ^({last})")


# -- the cost


@given(problems(pairs=LOGISTIC))
def test_the_three_forms_of_the_cost_are_one(problem: Problem) -> None:
    """Per class as logistic regression, as vectors yᵀ log h, and taken apart into Σ_i Σ_k."""
    h, Y, m = problem.pass_[1][problem.L], problem.Y, problem.m
    penalty = 0.0
    for Θ in problem.theta:
        for row in Θ:
            for j in range(1, len(row)):
                penalty += row[j] ** 2
    penalty *= problem.lam / (2 * m)

    regressions = sum(
        -(Y[:, k] @ np.log(h[:, k]) + (1 - Y[:, k]) @ np.log(1 - h[:, k])) / m
        for k in range(Y.shape[1])
    )
    vectors = 0.0
    for i in range(m):
        vectors -= (Y[i].T @ np.log(h[i]) + (1 - Y[i]).T @ np.log(1 - h[i])) / m
    apart = 0.0
    for i in range(m):
        for k in range(Y.shape[1]):
            apart -= (Y[i, k] * np.log(h[i, k]) + (1 - Y[i, k]) * np.log(1 - h[i, k])) / m

    net, given_ = network(problem), (problem.X, Y, problem.lam)
    expected = closed_form.cost(problem.theta, *given_, **problem.all_names)
    for J in (regressions + penalty, vectors + penalty, apart + penalty):
        assert_close(J, expected, expected, "J")
    for cost in (ag.nn.logistic_cost, ag.nn.logistic_cost_literal):
        assert_close(cost(net, *given_).item(), expected, expected, cost.__name__)


@given(problems(pairs=[("sigmoid", "quadratic"), ("identity", "quadratic")], lam=st.just(0.0)))
def test_the_second_series_omits_the_half_and_carries_a_2(problem: Problem) -> None:
    """(1/m) Σ ‖a - y‖² has twice the δ: 2 (a - y) .* g'."""
    net = network(problem)
    run, L = net.forward(problem.X), problem.L
    J = np.sum((run.a[L] - problem.Y) ** 2) / problem.m
    [found] = ag.backprop(J, wrt=[run.z[L]], cotangent=float(problem.m))
    δ = closed_form.deltas(problem.theta, problem.X, problem.Y, **problem.all_names)[L]
    assert_close(found, 2 * δ, 2 * absolute_deltas(problem)[L], "2 (a - y) g'")


@given(st.lists(st.integers(0, 1), min_size=2, max_size=40), st.floats(0.0, 10.0))
def test_without_lambda_on_the_bias_h_is_the_share_of_ones(y: list[int], lam: float) -> None:
    """No input: ∂J/∂b = h - mean(y), 0 at h = mean(y) for any λ; λb in J would draw h to ½."""
    share = (sum(y) + 1) / (len(y) + 2)  # neither 0 nor 1
    targets = np.array([*y, 0, 1], float)
    b = np.log(share / (1 - share))
    net = ag.nn.Network.from_theta([np.array([[b, 0.0]])])
    gradient = ag.grad(ag.nn.logistic_cost)(net, np.zeros((len(targets), 1)), targets, lam)
    np.testing.assert_allclose(gradient.theta[1], [[0.0, 0.0]], atol=1e-15)
    punished = gradient.theta[1][0, 0] + lam / len(targets) * b
    if abs(share - 0.5) > 0.01 and lam > 0.01:
        assert np.sign(punished) == np.sign(share - 0.5)  # downhill is towards ½


# -- a sum over examples


@given(problems(lam=st.just(0.0)), programs)
def test_the_batch_gradient_is_the_mean_of_the_examples(problem: Problem, program: str) -> None:
    """∂J/∂Θ = (1/m) Σ_i ∂cost(i)/∂Θ, before the λ term."""
    run = record(problem, program)
    scale = run.like_leaves(absolute_gradients(problem))
    one_by_one = [
        record(problem.changed(X=problem.X[[i]], Y=problem.Y[[i]]), program).gradients()
        for i in range(problem.m)
    ]
    for l, found in run.gradients().items():
        for k, gradient in enumerate(found):
            mean = sum(example[l][k] for example in one_by_one) / problem.m
            assert_close(gradient, mean, scale[l][k], f"mean of examples, layer {l}")


@given(problems(examples=(2, 12)), programs, st.data())
def test_shards_weigh_m_s_over_m_and_lambda_enters_once(
    problem: Problem, program: str, data: st.DataObject
) -> None:
    """∂J/∂Θ = Σ_s (m_s/m) ∂J_s/∂Θ + (λ/m) Θ, J_s the cost of shard s without λ."""
    cuts = data.draw(st.sets(st.integers(1, problem.m - 1)), label="cuts")
    edges = [0, *sorted(cuts), problem.m]
    run = record(problem, program)
    total = run.like_leaves(
        {l: problem.lam / problem.m * without_bias(Θ) for l, Θ in enumerate(problem.theta, start=1)}
    )
    for rows in starmap(slice, pairwise(edges)):
        shard = problem.changed(X=problem.X[rows], Y=problem.Y[rows], lam=0.0)
        for l, found in record(shard, program).gradients().items():
            for k, gradient in enumerate(found):
                total[l][k] = total[l][k] + shard.m / problem.m * gradient
    scale = run.like_leaves(absolute_gradients(problem))
    for l, found in run.gradients().items():
        for k, gradient in enumerate(found):
            assert_close(gradient, total[l][k], scale[l][k], f"shards, layer {l}")
