"""Networks: what they hold under which layer number, what they compute, what they refuse."""

from __future__ import annotations

import copy
import pickle
import re
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import scipy.optimize
from hypothesis import given
from hypothesis import strategies as st

import autograd_mini as ag
from autograd_mini import closed_form, nn
from autograd_mini.nn.network import HIDDEN, OUTPUT, Layers
from tests.strategies import Problem, problems

XNOR_X = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]])
XNOR_Y = np.array([1.0, 0, 0, 1])


def network(problem: Problem) -> nn.Network:
    return nn.Network.from_theta(problem.theta, **problem.names)


# -- what it holds


def test_everything_is_keyed_by_the_note_s_layer_number() -> None:
    net = nn.Network([400, 25, 10])
    assert {l: W.shape for l, W in net.weights.items()} == {1: (25, 400), 2: (10, 25)}
    assert {l: b.shape for l, b in net.biases.items()} == {1: (25,), 2: (10,)}
    assert {l: Θ.shape for l, Θ in net.theta.items()} == {1: (25, 401), 2: (10, 26)}
    assert net.sizes == (400, 25, 10)
    run = net.forward(np.zeros((3, 400)))
    assert {l: z.shape for l, z in run.z.items()} == {2: (3, 25), 3: (3, 10)}
    assert {l: a.shape for l, a in run.a.items()} == {1: (3, 400), 2: (3, 25), 3: (3, 10)}


def test_parameters_are_leaves_that_require_gradients_in_layer_order() -> None:
    net = nn.Network([3, 2, 1])
    assert [p.name for p in net.parameters] == ["theta1", "bias1", "theta2", "bias2"]
    assert all(p.is_leaf and p.requires_grad for p in net.parameters)
    assert net.parameters[0] is net.weights[1]
    assert net.parameters[3] is net.biases[2]


def test_layer_1_has_no_z_and_says_so() -> None:
    net = nn.Network([2, 2, 1])
    with pytest.raises(KeyError, match="layer 1 is the input; it has no z"):
        net.forward(XNOR_X).z[1]
    with pytest.raises(KeyError, match="layer 1 is the input; it has no delta"):
        net.deltas(XNOR_X, XNOR_Y)[1]


def test_a_layer_that_is_not_there_is_named_with_those_that_are() -> None:
    net = nn.Network([2, 2, 1])
    with pytest.raises(KeyError, match=r"no weights\[3\]; there is weights of layers \[1, 2\]"):
        net.weights[3]
    with pytest.raises(KeyError, match=r"no theta\[0\]; there is theta of layers \[1, 2\]"):
        net.theta[0]
    with pytest.raises(KeyError, match=r"no a\[4\]; there is a of layers \[1, 2, 3\]"):
        net.forward(XNOR_X).a[4]
    assert net.theta.get(0) is None
    assert 3 not in net.weights


def test_a_layers_mapping_goes_through_a_transform() -> None:
    gradient = ag.grad(lambda theta: sum((Θ * Θ).sum() for Θ in theta.values()))(
        nn.Network([2, 2, 1], seed=3).theta
    )
    assert isinstance(gradient, Layers)
    np.testing.assert_array_equal(gradient[1], 2 * nn.Network([2, 2, 1], seed=3).theta[1])


def test_its_repr_tells_what_it_is() -> None:
    assert repr(nn.Network([2, 3, 1], activation="relu", dtype=np.float32)) == (
        "Network([2, 3, 1], activation='relu', output='sigmoid', dtype=float32)"
    )
    mixed = nn.Network([2, 3, 3, 1], activation=["tanh", "relu"], output="identity")
    assert repr(mixed) == (
        "Network([2, 3, 3, 1], activation=['tanh', 'relu'], output='identity', dtype=float64)"
    )
    assert eval(repr(mixed), {"Network": nn.Network, "float64": np.float64}).sizes == mixed.sizes  # noqa: S307
    assert repr(nn.Network([2, 1])).startswith("Network([2, 1], activation=[], ")


# -- bias apart and folded


@given(problems(), st.booleans(), st.sampled_from([np.float64, np.float32]))
def test_folding_and_parting_the_bias_loses_nothing(
    problem: Problem, as_mapping: bool, dtype: Any
) -> None:
    """Θ -> weights, biases -> Θ is the identity, bit for bit, and so is the way round."""
    theta = [matrix.astype(dtype) for matrix in problem.theta]
    net = nn.Network.from_theta(dict(enumerate(theta, 1)) if as_mapping else theta, **problem.names)
    assert net.dtype == dtype
    for l, matrix in enumerate(theta, 1):
        assert np.array_equal(net.theta[l], matrix)
        assert net.theta[l].dtype == dtype
        assert np.array_equal(net.weights[l].detach().numpy(), matrix[:, 1:])
        assert np.array_equal(net.biases[l].detach().numpy(), matrix[:, 0])
    again = nn.Network.from_theta(net.theta, net.activation, net.output)
    assert repr(again) == repr(net)
    for one, other in zip(net.parameters, again.parameters, strict=True):
        assert one is not other
        assert np.array_equal(one.detach().numpy(), other.detach().numpy())


def test_theta_is_the_caller_s_own() -> None:
    net = nn.Network([2, 2, 1])
    theta = net.theta
    theta[1][...] = 7.0
    assert not np.any(net.theta[1] == 7.0)
    source = np.array([[-30.0, 20, 20]])
    gate = nn.Network.from_theta([source])
    source[...] = 0.0
    assert gate.theta[1].tolist() == [[-30, 20, 20]]


def test_whole_numbers_become_float64() -> None:
    assert nn.Network.from_theta([[[-30, 20, 20]]]).dtype == np.float64
    mixed = [np.zeros((2, 3), np.float32), np.zeros((1, 3))]
    assert nn.Network.from_theta(mixed).dtype == np.float64


def test_inside_a_transform_theta_keeps_its_history() -> None:
    """∂/∂Θ Σ Θ² = 2Θ, bias column included, although Θ is put together from two leaves."""
    net = nn.Network([2, 2, 1], seed=1)
    gradient = ag.grad(lambda n: sum((Θ * Θ).sum() for Θ in n.theta.values()))(net)
    for l in net.theta:
        np.testing.assert_array_equal(gradient.theta[l], 2 * net.theta[l])


def test_a_gradient_goes_through_from_theta() -> None:
    """∂J/∂Θ, Θ folded: by a transform of the matrices, and into leaves; both are ∂J/∂(net)."""
    net = nn.Network([2, 3, 1], seed=1)
    expected = ag.grad(nn.logistic_cost)(net, XNOR_X, XNOR_Y).theta

    def J(theta: Any) -> Any:
        return nn.logistic_cost(nn.Network.from_theta(theta), XNOR_X, XNOR_Y)

    found = ag.grad(J)(net.theta)
    leaves = {l: ag.Tensor(Θ, requires_grad=True) for l, Θ in net.theta.items()}
    J(leaves).backward()
    for l in expected:
        np.testing.assert_allclose(found[l], expected[l], rtol=1e-12)
        np.testing.assert_allclose(leaves[l].grad, expected[l], rtol=1e-12)
    untracked = nn.Network.from_theta([ag.Tensor(Θ) for Θ in net.theta.values()])
    assert all(p.is_leaf and p.requires_grad for p in untracked.parameters)


def test_scipy_s_optimisers_minimise_a_cost_of_one_long_vector() -> None:
    net = nn.Network([2, 4, 1], seed=0)
    shapes = [Θ.shape for Θ in net.theta.values()]
    ends = np.cumsum([rows * columns for rows, columns in shapes])[:-1]

    def J(vector: Any) -> Any:
        parts = zip(np.split(vector, ends), shapes, strict=True)
        theta = [part.reshape(shape) for part, shape in parts]
        return nn.logistic_cost(nn.Network.from_theta(theta), XNOR_X, XNOR_Y, lam=1e-4)

    start = np.concatenate([Θ.ravel() for Θ in net.theta.values()])
    result = scipy.optimize.minimize(ag.value_and_grad(J), start, jac=True)
    assert result.success
    assert result.fun < 0.01


# -- initial weights


@given(st.lists(st.integers(1, 30), min_size=2, max_size=4), st.integers(0, 2**32 - 1))
def test_initial_weights_are_uniform_within_the_note_s_limits(sizes: list[int], seed: int) -> None:
    """|Θ_ij^(l)| <= √6/√(s_l + s_{l+1}), bias 0."""
    net = nn.Network(sizes, seed=seed)
    for l in net.weights:
        limit = np.sqrt(6) / np.sqrt(sizes[l - 1] + sizes[l])
        assert np.abs(net.weights[l].detach().numpy()).max() <= limit
        assert not net.biases[l].detach().numpy().any()


def test_initial_weights_fill_their_interval() -> None:
    weights = nn.Network([400, 300, 10]).weights[1].detach().numpy()
    limit = np.sqrt(6 / 700)
    assert np.abs(weights).max() > 0.999 * limit
    assert weights.std() == pytest.approx(limit / np.sqrt(3), rel=0.01)


@pytest.mark.parametrize("activation", ["relu", "leaky_relu"])
def test_weights_into_the_relu_family_are_he_s(activation: str) -> None:
    """Deviation √(2/s_l) into a relu layer; the output layer is no relu layer."""
    net = nn.Network([400, 300, 300], activation)
    hidden, output = (W.detach().numpy() for W in net.weights.values())
    assert hidden.std() == pytest.approx(np.sqrt(2 / 400), rel=0.01)
    assert np.abs(hidden).max() > 3 * hidden.std()  # normal, not uniform
    assert np.abs(output).max() <= np.sqrt(6 / 600)


def test_one_seed_one_network() -> None:
    sizes = [5, 4, 3]
    one, same, other = nn.Network(sizes, seed=7), nn.Network(sizes, seed=7), nn.Network(sizes)
    assert all(np.array_equal(one.theta[l], same.theta[l]) for l in one.theta)
    assert not np.array_equal(one.theta[1], other.theta[1])
    generator = nn.Network(sizes, seed=np.random.default_rng(7))
    assert np.array_equal(one.theta[2], generator.theta[2])
    single = nn.Network(sizes, seed=7, dtype="float32")
    assert single.dtype == np.float32
    assert np.array_equal(single.theta[1], one.theta[1].astype(np.float32))


def test_numpy_random_is_loaded_by_the_first_network_only() -> None:
    code = (
        "import sys, numpy; before = set(sys.modules); import autograd_mini as ag; ag.nn;"
        "assert 'numpy.random' in before or 'numpy.random' not in sys.modules;"
        "ag.nn.Network([2, 1]); assert 'numpy.random' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# -- what it computes


@given(problems())
def test_forward_propagation_is_the_closed_form_s(problem: Problem) -> None:
    """z^(l+1) = Θ^(l) a^(l) + bias, a^(l+1) = g(z^(l+1)), for a batch and for each example."""
    z, a = problem.pass_
    net = network(problem)
    run = net.forward(problem.X)
    assert list(run.z) == list(z)
    assert list(run.a) == list(a)
    for l in z:
        np.testing.assert_allclose(run.z[l].detach().numpy(), z[l], rtol=1e-12, atol=1e-11)
        np.testing.assert_allclose(run.a[l].detach().numpy(), a[l], rtol=1e-10, atol=1e-11)
    h = net(problem.X).detach().numpy()
    np.testing.assert_array_equal(h, run.a[problem.L].detach().numpy())
    one = net(problem.X[0])
    assert one.shape == h[0].shape
    np.testing.assert_allclose(one.detach().numpy(), h[0], rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("activation", [*HIDDEN])
def test_a_pass_is_recorded_under_names_and_scopes(activation: str) -> None:
    output = activation if activation in OUTPUT else "sigmoid"
    run = nn.Network([2, 3, 1], activation, output).forward(XNOR_X)
    assert [t.name for t in (*run.z.values(), *run.a.values())] == ["z2", "z3", "a1", "a2", "a3"]
    for l in (2, 3):
        assert run.z[l].node.scope == run.a[l].node.scope == (f"layer {l}",)
        assert run.a[l].node.inputs == (run.z[l].node,)
    assert run.a[1].requires_grad is False


@pytest.mark.parametrize("hidden", [*HIDDEN])
@pytest.mark.parametrize("output", ["sigmoid", "identity"])
def test_every_recorded_cotangent_has_its_own_tensor_s_name(hidden: str, output: str) -> None:
    """z2_grad beside a2_grad, where they are the same numbers too: the identity has g' = 1."""
    net = nn.Network([2, 3, 1], hidden, output)
    run = net.forward(XNOR_X)
    found = ag.backprop(
        nn.quadratic_cost(net, run, XNOR_Y), {**run.z, "a": run.a[2], "h": run.a[3]}, record=True
    )
    assert [g.name for g in found.values()] == ["z2_grad", "z3_grad", "a2_grad", "a3_grad"]


def test_a_pass_may_end_before_the_output() -> None:
    net = nn.Network([2, 3, 1])
    whole, short = net.forward(XNOR_X), net.forward(XNOR_X, with_output=False)
    assert [*short.z] == [*whole.z]
    assert [*short.a] == [1, 2]


def test_an_input_tensor_is_differentiated_and_keeps_its_name() -> None:
    net = nn.Network([2, 3, 1])
    x = ag.Tensor([0.5, -0.5], requires_grad=True, name="x")
    run = net.forward(x)
    assert run.a[1] is x
    assert x.name == "x"
    run.a[3].sum().backward()
    assert x.grad is not None
    assert x.grad.shape == (2,)


@pytest.mark.parametrize("X", [[[0, 1]], [[0.0, 1.0]], np.array([[0, 1]], np.uint8), XNOR_X[1:2]])
def test_inputs_are_read_in_the_network_s_dtype(X: Any) -> None:
    for dtype in (np.float64, np.float32):
        net = nn.Network([2, 2, 1], dtype=dtype)
        assert net(X).dtype == dtype
        assert net(ag.Tensor(X)).dtype == dtype
        np.testing.assert_array_equal(
            net(X).detach().numpy(), net(np.asarray(X, dtype)).detach().numpy()
        )


def test_no_examples_no_outputs() -> None:
    assert nn.Network([2, 3])(np.zeros((0, 2))).shape == (0, 3)


def test_under_no_grad_nothing_is_recorded() -> None:
    net = nn.Network([2, 2, 1])
    with ag.no_grad():
        h = net(XNOR_X)
    assert h.is_leaf
    assert h.numpy().shape == (4, 1)


# -- deltas (the formulas themselves have their own tests)


@given(problems())
def test_deltas_are_the_closed_form_s(problem: Problem) -> None:
    """δ^(l) = ∂cost(i)/∂z^(l), row by row, not divided by m."""
    found = network(problem).deltas(problem.X, problem.Y, problem.cost)
    expected = closed_form.deltas(problem.theta, problem.X, problem.Y, **problem.all_names)
    assert list(found) == sorted(expected) == list(range(2, problem.L + 1))
    for l, delta in expected.items():
        assert type(found[l]) is np.ndarray
        np.testing.assert_allclose(found[l], delta, rtol=1e-6, atol=1e-9)


def test_deltas_do_not_depend_on_what_is_being_recorded() -> None:
    net = nn.Network([2, 3, 1])
    expected = net.deltas(XNOR_X, XNOR_Y)
    with ag.no_grad():
        quiet = net.deltas(XNOR_X, XNOR_Y)
        assert net(XNOR_X).is_leaf  # and recording is off as before
    assert all(np.array_equal(quiet[l], expected[l]) for l in expected)
    one = net.deltas(XNOR_X[2], XNOR_Y[2])
    assert one[2].shape == (3,)
    np.testing.assert_allclose(one[2], expected[2][2], rtol=1e-12)
    assert all(p.grad is None for p in net.parameters)


def test_deltas_inside_a_transform_keep_their_derivative() -> None:
    """δ^(2) = a − y of one unit, so ∂ Σ δ / ∂bias = Σ g'(z)."""
    net = nn.Network([2, 1], seed=2)
    gradient = ag.grad(lambda n: n.deltas(XNOR_X, XNOR_Y)[2].sum())(net)
    h = net(XNOR_X).detach().numpy()
    np.testing.assert_allclose(gradient.theta[1][0, 0], (h * (1 - h)).sum(), rtol=1e-12)


def test_deltas_of_an_unknown_cost_are_refused_and_recording_goes_on() -> None:
    net = nn.Network([2, 1])
    with pytest.raises(ValueError, match="cost='entropy'; expected one of logistic, "):
        net.deltas(XNOR_X, XNOR_Y, cost="entropy")
    with ag.no_grad():
        with pytest.raises(ValueError, match="Y has shape"):
            net.deltas(XNOR_X, XNOR_Y[:2])
        assert net(XNOR_X).is_leaf


# -- in transforms


@given(problems())
def test_a_network_s_gradient_is_a_network(problem: Problem) -> None:
    net = network(problem)
    cost, gradient = ag.value_and_grad(lambda n: (n(problem.X) ** 2).sum())(net)
    assert type(cost) is np.float64
    assert type(gradient) is nn.Network
    assert (gradient.sizes, gradient.output) == (net.sizes, net.output)
    for p, g in zip(net.parameters, gradient.parameters, strict=True):
        assert (g.shape, g.dtype, g.is_leaf, g.requires_grad) == (p.shape, p.dtype, True, False)
        assert p.grad is None
    assert gradient.theta[1].shape == net.theta[1].shape


def test_a_float32_network_s_gradient_is_float32() -> None:
    net = nn.Network([2, 2, 1], "relu", dtype=np.float32)
    value, gradient = ag.value_and_grad(lambda n: (n(XNOR_X) ** 2).sum())(net)
    assert value.dtype == np.float32
    assert {g.dtype for g in gradient.parameters} == {np.dtype(np.float32)}


def test_a_network_that_comes_out_of_a_transform_is_whole() -> None:
    net = nn.Network([2, 3, 1])
    out, pullback = ag.vjp(lambda n: n, net)
    assert repr(out) == repr(net)
    assert all(isinstance(p, ag.Tensor) and not p.requires_grad for p in out.parameters)
    np.testing.assert_array_equal(out(XNOR_X).detach().numpy(), net(XNOR_X).detach().numpy())
    cotangents = pullback(net)[0]
    assert np.array_equal(cotangents.theta[1], net.theta[1])


def test_an_assigned_weight_takes_part() -> None:
    net = nn.Network([2, 1])
    net.weights[1] = ag.Tensor([[20.0, 20.0]], requires_grad=True, name="theta1")
    net.biases[1] = ag.Tensor([-30.0], requires_grad=True)
    assert net(XNOR_X).detach().numpy().round(4)[:, 0].tolist() == [0, 0, 0, 1]
    assert net.parameters[0] is net.weights[1]


# -- copies


def pickled(net: nn.Network) -> Any:
    return pickle.loads(pickle.dumps(net))  # noqa: S301 -- our own


@pytest.mark.parametrize("copied", [copy.deepcopy, pickled])
def test_a_copy_is_independent(copied: Any) -> None:
    net = nn.Network([2, 3, 1], "tanh", seed=5, dtype=np.float32)
    twin = copied(net)
    assert repr(twin) == repr(net)
    assert [p.name for p in twin.parameters] == [p.name for p in net.parameters]
    with ag.no_grad():
        twin.weights[1][...] = 0.0
    assert net.theta[1][:, 1:].all()
    assert np.array_equal(twin.theta[2], net.theta[2])
    twin(XNOR_X).sum().backward()
    assert net.weights[1].grad is None
    assert twin.weights[1].grad is not None
    with pytest.raises(KeyError, match=r"no weights\[7\]"):
        twin.weights[7]


def test_a_shallow_copy_shares_its_parameters() -> None:
    net = nn.Network([2, 1])
    assert copy.copy(net).weights[1] is net.weights[1]


# -- what is refused


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([3],), "sizes=[3]; expected s_1 .. s_L: two or more, each at least 1"),
        (([3, 0, 1],), "sizes=[3, 0, 1]; expected s_1 .. s_L: two or more, each at least 1"),
        (([2, 2, 1], "swish"), "activation='swish'; expected sigmoid, tanh, relu"),
        (([2, 1], "swish"), "activation='swish'; expected sigmoid, tanh, relu"),
        (([2, 2, 1], ["relu", "tanh"]), "activation=['relu', 'tanh']; expected"),
        (([2, 2, 2, 1], ["relu"]), "or a list of 2, one for each hidden layer"),
        (([2, 2, 1], "softmax"), "activation='softmax'; expected"),
        (([2, 2, 1], "relu", "tanh"), "output='tanh'; expected sigmoid, softmax, identity"),
        (([2, 1], "relu", "sigmoid", 0, np.int64), "dtype=int64; expected float64 or float32"),
        (([2, 1], "relu", "sigmoid", 0, "float16"), "dtype=float16; expected float64 or float32"),
    ],
)
def test_a_network_that_makes_no_sense_is_refused(arguments: Any, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        nn.Network(*arguments)


def test_sizes_are_whole_numbers() -> None:
    with pytest.raises(TypeError, match="float"):
        nn.Network([2.5, 1])
    assert nn.Network(np.array([2, 1])).sizes == (2, 1)


@pytest.mark.parametrize(
    ("theta", "message"),
    [
        ([], "theta has shapes {}; expected Θ^(1), Θ^(2), ... of shapes (s_{l+1}, s_l + 1)"),
        ([[1.0, 2.0]], "theta has shapes {1: (2,)}; expected"),
        ([[[1.0]]], "theta has shapes {1: (1, 1)}; expected"),
        ([np.zeros((0, 3))], "theta has shapes {1: (0, 3)}; expected"),
        ([np.zeros((2, 3)), np.zeros((1, 2))], "{1: (2, 3), 2: (1, 2)}; expected"),
        ({1: np.zeros((2, 3)), 3: np.zeros((1, 3))}, "{1: (2, 3), 3: (1, 3)}; expected"),
        ({0: np.zeros((2, 3)), 1: np.zeros((1, 3))}, "{0: (2, 3), 1: (1, 3)}; expected"),
    ],
)
def test_matrices_that_do_not_fit_are_refused_with_their_shapes(theta: Any, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        nn.Network.from_theta(theta)


def test_matrices_that_are_no_real_numbers_are_refused() -> None:
    with pytest.raises(TypeError, match=re.escape("theta[1] has dtype complex128; expected real")):
        nn.Network.from_theta([np.zeros((1, 3), complex)])
    with pytest.raises(ValueError, match="activation='swish'"):
        nn.Network.from_theta([np.zeros((1, 3))], "swish")


@pytest.mark.parametrize("X", [0.0, np.zeros(3), np.zeros((4, 3)), np.zeros((1, 4, 2))])
def test_an_input_of_another_shape_is_refused_with_both_shapes(X: Any) -> None:
    net = nn.Network([2, 3, 1])
    expected = "expects (m, 2), one example a row, or (2,) for a single one"
    for given_as in (X, ag.Tensor(X)):
        with pytest.raises(ValueError, match=re.escape(f"X has shape {np.shape(X)}; ")) as caught:
            net(given_as)
        assert "this Network([2, 3, 1]" in str(caught.value)
        assert expected in str(caught.value)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_an_input_that_is_not_finite_is_refused_with_its_place(bad: float) -> None:
    net = nn.Network([2, 3, 1])
    X = np.zeros((3, 2))
    X[2, 1] = X[2, 0] = bad
    with pytest.raises(ValueError, match=re.escape(f"X[2, 0] is {bad}; expected finite numbers")):
        net(X)
    with pytest.raises(ValueError, match=r"\(2 of 6 are not\)"):
        net(ag.Tensor(X))


@pytest.mark.parametrize("X", [np.zeros((1, 2), complex), [["a", "b"]], [[None, 1.0]]])
def test_an_input_of_no_real_numbers_is_refused(X: Any) -> None:
    with pytest.raises(TypeError, match=r"X has dtype .*; expected real numbers"):
        nn.Network([2, 1])(X)
