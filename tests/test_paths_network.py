"""A unit's δ and a weight's gradient, taken apart in the note's terms, against the closed form."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_mini as ag
from autograd_mini import closed_form
from tests.recorded import network
from tests.strategies import Problem, problems

X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
Y = np.array([1.0, 0.0, 0.0, 1.0])
COSTS = {
    "logistic": ag.nn.logistic_cost,
    "quadratic": ag.nn.quadratic_cost,
    "softmax": ag.nn.softmax_cost,
}


def cost(problem: Problem, literal: bool = False) -> Any:
    name = ag.nn.logistic_cost_literal if literal else COSTS[problem.cost]
    return name(network(problem), problem.X, problem.Y, problem.lam)


def close(found: Any, expected: Any, scale: float = 1.0) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-13 * max(scale, 1.0))


@settings(max_examples=50)
@given(problems(), st.data())
def test_a_weight_is_the_mean_of_strength_times_delta_and_lambda(
    problem: Problem, data: st.DataObject
) -> None:
    l = data.draw(st.integers(1, problem.L - 1))
    rows, columns = problem.theta[l - 1].shape
    i, j = data.draw(st.integers(1, rows)), data.draw(st.integers(0, columns - 1))
    why = ag.explain(cost(problem), weight=(l, i, j))
    _, a = problem.pass_
    delta = closed_form.deltas(*problem.arguments[:3], **problem.all_names)[l + 1][:, i - 1]
    gradient = closed_form.gradients(*problem.arguments, **problem.all_names)[l][i - 1, j]
    expected = np.ones(problem.m) if j == 0 else a[l][:, j - 1]
    scale = float(np.abs(delta * expected).max()) + abs(why.regularisation)
    assert why.value == problem.theta[l - 1][i - 1, j]
    close(why.strength, expected)
    close(why.delta, delta, scale)
    close(why.gradient, gradient, scale)
    close(why.terms.mean(), why.data, scale)
    close(why.data + why.regularisation, why.gradient, scale)
    assert why.elsewhere == 0.0
    if j:
        assert why.lam == pytest.approx(problem.lam, rel=1e-12, abs=1e-300)
        close(why.regularisation, problem.lam / problem.m * why.value)
    else:
        assert (why.lam, why.regularisation) == (0.0, 0.0)
    assert (why.receiver.layer, why.receiver.unit) == (l + 1, i)
    np.testing.assert_array_equal(why.receiver.delta, why.delta)
    assert f"∂J/∂Θ^({l})[{i}, {j}]" in str(why)


@settings(max_examples=50)
@given(problems(), st.booleans(), st.data())
def test_a_unit_is_its_factors(problem: Problem, literal: bool, data: st.DataObject) -> None:
    literal = literal and problem.cost == "logistic"
    l = data.draw(st.integers(1, problem.L))
    _, a = problem.pass_
    i = data.draw(st.integers(1, a[l].shape[1]))
    why = ag.explain(cost(problem, literal), unit=(l, i))
    deltas = closed_form.deltas(*problem.arguments[:3], **problem.all_names)
    if why.strength is not None:
        close(why.strength, a[l][:, i - 1])
    if l < problem.L:
        theta = problem.theta[l - 1][:, i]
        scale = float(np.abs(deltas[l + 1] * theta).max())
        close(why.weights, theta)
        close(why.terms, deltas[l + 1] * theta, scale)
        close(why.connections, deltas[l + 1] @ theta, scale)
        assert why.elsewhere is None
    if l > 1:
        close(why.delta, deltas[l][:, i - 1], float(np.abs(deltas[l]).max()))
    else:
        assert (why.kind, why.z, why.readiness, why.delta) == ("input", None, None, None)
    if why.readiness is not None:
        close(why.readiness * why.connections, why.delta)
    assert (why.kind == "output") == (l == problem.L)
    for text in (str(why), why.to_html(), repr(why)):
        assert f"unit {i} of layer {l}" in text


def test_at_the_output_the_slope_cancels_or_does_not() -> None:
    net = ag.nn.Network([2, 3, 1])
    h = net(X).detach().numpy()[:, 0]
    through_h = ag.explain(ag.nn.logistic_cost_literal(net, X, Y), unit=(3, 1))
    np.testing.assert_array_equal(through_h.target, Y)
    np.testing.assert_allclose(through_h.connections, (h - Y) / (h * (1 - h)))
    np.testing.assert_allclose(through_h.readiness, h * (1 - h))
    np.testing.assert_allclose(through_h.delta, h - Y)
    assert through_h.cancels is True
    assert "cancels: g'(z) × ∂cost/∂a = a (1 − a) × (a − y) / (a (1 − a)) = a − y" in (
        str(through_h).replace("\n    ", " ")
    )
    quadratic = ag.explain(ag.nn.quadratic_cost(net, X, Y), unit=(3, 1))
    assert quadratic.cancels is False
    np.testing.assert_allclose(quadratic.connections, h - Y)
    np.testing.assert_allclose(quadratic.delta, (h - Y) * h * (1 - h))
    assert "nothing cancels: δ = (a − y) × g'(z)" in str(quadratic)


def test_a_cost_of_z_says_that_no_slope_is_to_be_seen() -> None:
    net = ag.nn.Network([2, 3, 1])
    run = net.forward(X)  # a3 is recorded, and J does not descend from it
    why = ag.explain(ag.nn.logistic_cost(net, run, Y), unit=(3, 1))
    assert (why.strength, why.readiness, why.connections, why.cancels) == (None,) * 4
    assert "its graph has no a^(3)" in str(why)
    assert why.paths is not None
    worst = int(np.abs(why.delta).argmax())
    assert why.paths.name == f"z3[{worst}, 0]"
    assert 4 * why.paths.listed == pytest.approx(why.delta[worst], rel=1e-14)
    assert [step.operation for step in why.paths.paths[0].steps][:2] == ["multiply", "softplus"]


def test_where_nothing_is_wrong_nothing_is_claimed_to_cancel() -> None:
    net = ag.nn.Network([2, 3, 1])
    h = net(X).detach().numpy()
    why = ag.explain(ag.nn.quadratic_cost(net, X, h), unit=(3, 1))
    np.testing.assert_array_equal(why.delta, np.zeros(4))
    assert why.cancels is None


def test_the_way_shown_is_that_of_the_unit_asked_for() -> None:
    net = ag.nn.Network([2, 3, 4], output="softmax")
    J = ag.nn.softmax_cost(net, X, np.array([0, 3, 1, 2]))
    for k in range(4):
        why = ag.explain(J, unit=(3, k + 1))
        worst = int(np.abs(why.delta).argmax())
        assert why.paths is not None
        assert why.paths.name == f"z3[{worst}, {k}]"
        assert 4 * why.paths.gradient == pytest.approx(why.delta[worst], rel=1e-14)


def test_an_identity_output_has_nothing_to_cancel() -> None:
    net = ag.nn.Network([2, 2], output="identity")
    why = ag.explain(ag.nn.quadratic_cost(net, X, X), unit=(2, 2))
    assert why.cancels is None
    np.testing.assert_array_equal(why.readiness, np.ones(4))
    np.testing.assert_array_equal(why.delta, why.connections)


def test_one_example_without_a_batch() -> None:
    net = ag.nn.Network([2, 3, 1])
    why = ag.explain(ag.nn.logistic_cost(net, X[1], Y[1], 3.0), weight=(1, 2, 2))
    assert why.gradient == pytest.approx(float(why.terms[0]) + 3.0 * why.value)
    assert why.lam == 3.0
    assert "mean of" not in str(why).split("connections:")[0]


def test_lambda_is_read_off_at_a_weight_of_zero_and_from_a_power() -> None:
    net = ag.nn.Network.from_theta([[[0.5, 0.0, -1.0]]])
    why = ag.explain(ag.nn.logistic_cost(net, X, Y, 2.0), weight=(1, 1, 1))
    assert (why.lam, why.regularisation) == (2.0, 0.0)
    assert "λ = 2" in str(why)
    J = ag.nn.logistic_cost(net, X, Y) + 0.25 * np.sum(net.weights[1] ** 2)
    assert ag.explain(J, weight=(1, 1, 2)).lam == 2.0


def test_what_comes_by_other_ways_is_told() -> None:
    net = ag.nn.Network([2, 3, 1])
    run = net.forward(X)
    J = ag.nn.logistic_cost(net, run, Y, 1.0) + np.sum(run.a[2]) + np.sum(np.abs(net.weights[2]))
    why = ag.explain(J, weight=(2, 1, 1))
    assert why.elsewhere == pytest.approx(np.sign(why.value), rel=1e-12)
    assert ": by other ways" in str(why)
    unit = ag.explain(J, unit=(2, 1))
    np.testing.assert_allclose(unit.elsewhere, 4.0)
    np.testing.assert_allclose(unit.delta, unit.readiness * (unit.connections + unit.elsewhere))
    assert "J reads this a by other ways too" in str(unit)


def test_a_network_written_by_hand_needs_only_names() -> None:
    W, b = ag.Tensor(np.ones((1, 2)), requires_grad=True), ag.Tensor([0.5], requires_grad=True)
    z = b + np.dot(X, W.T)
    z.name = "z2"
    J = np.mean(np.square(ag.nn.sigmoid(z)))
    why = ag.explain(J, weight=(1, 1, 2))
    assert why.gradient == ag.backprop(J, wrt=W)[0, 1]
    assert why.data == pytest.approx(why.gradient, rel=1e-15)


def test_wide_layers_show_what_matters_most() -> None:
    net = ag.nn.Network([9, 8, 7], dtype=np.float32)
    data = np.random.default_rng(0).uniform(size=(50, 9))
    text = str(ag.explain(ag.nn.logistic_cost(net, data, np.arange(50) % 7, 0.1), unit=(2, 3)))
    assert "6 of 50 examples" in text
    assert "6 of 7 units" in text


# -- errors


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"weight": (3, 1, 1)}, r"weight=\(3, 1, 1\): .* l is 1 to 2"),
        ({"weight": (0, 1, 1)}, r"l is 1 to 2"),
        ({"weight": (1, 4, 0)}, r"from 2 units to 3: i is 1 to 3, and j 1 to 2, or 0 for the bias"),
        ({"weight": (1, 0, 0)}, "i is 1 to 3"),
        ({"weight": (1, 1, 3)}, "j 1 to 2"),
        ({"weight": (1, 1, -1)}, "j 1 to 2"),
        ({"unit": (4, 1)}, r"unit=\(4, 1\): the graph has layers 1 to 3"),
        ({"unit": (0, 1)}, "layers 1 to 3"),
        ({"unit": (2, 4)}, "layer 2 has units 1 to 3"),
        ({"unit": (2, 0)}, r"always 1, see weight=\(2, i, 0\)"),
    ],
)
def test_numbers_that_no_layer_has(asked: Any, message: str) -> None:
    J = ag.nn.logistic_cost(ag.nn.Network([2, 3, 1]), X, Y)
    with pytest.raises(ValueError, match=message):
        ag.explain(J, **asked)


@pytest.mark.parametrize("asked", [{"weight": (1, 1)}, {"weight": 3}, {"unit": (1.0, 1)}])
def test_numbers_of_another_kind(asked: Any) -> None:
    J = ag.nn.logistic_cost(ag.nn.Network([2, 3, 1]), X, Y)
    with pytest.raises(TypeError, match=r"expected whole numbers, (weight|unit)=\(l, i"):
        ag.explain(J, **asked)


def test_graphs_without_layers_or_with_two_of_one() -> None:
    x = ag.Tensor(2.0, requires_grad=True)
    with pytest.raises(ValueError, match=r"names z2, z3, .* has none; .* write wrt=w, index="):
        ag.explain(x * x, unit=(1, 1))
    net = ag.nn.Network([2, 1])
    J = ag.nn.logistic_cost(net, X, Y) + ag.nn.logistic_cost(net, X[:1], Y[:1])
    with pytest.raises(ValueError, match="two tensors named z2: two passes"):
        ag.explain(J, unit=(1, 1))
    z = x * 3.0
    z.name = "z2"
    with pytest.raises(ValueError, match=r"z2 was not recorded by a network, nor as a @ w"):
        ag.explain(z * z, unit=(2, 1))
    z.name = "z3"
    with pytest.raises(ValueError, match="has z3; for a graph without layers"):
        ag.explain(z * z, unit=(2, 1))


def test_what_stands_between_two_layers_is_not_passed_over() -> None:
    net = ag.nn.Network([2, 3, 1])
    W, b = net.weights, net.biases
    z2 = X @ W[1].T + b[1]
    z3 = (2.0 * ag.nn.sigmoid(z2)) @ W[2].T + b[2]
    z2.name, z3.name = "z2", "z3"
    with pytest.raises(ValueError, match=r"what layer 3 reads is not g\(z2\) alone"):
        ag.explain(np.sum(z3), unit=(2, 1))
