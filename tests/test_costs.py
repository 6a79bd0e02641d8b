"""Costs: three forms that are one, exact at any z, strict about what they are given."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import autograd_mini as ag
from autograd_mini import closed_form, nn
from autograd_mini.context import EVERYTHING, TRACKED, context
from autograd_mini.graph import walk
from autograd_mini.nn.network import COSTS
from tests.strategies import Problem, problems

Cost = Callable[..., Any]
LOGISTIC = (("sigmoid", "logistic"),)
OUTPUTS = {
    nn.logistic_cost: ("sigmoid",),
    nn.logistic_cost_literal: ("sigmoid",),
    nn.quadratic_cost: ("sigmoid", "identity"),
    nn.softmax_cost: ("softmax",),
}
PAIRS = [(cost, output) for cost, outputs in OUTPUTS.items() for output in outputs]


def network(problem: Problem) -> nn.Network:
    return nn.Network.from_theta(problem.theta, **problem.names)


def close(found: Any, expected: Any, rel: float = 1e-12) -> None:
    np.testing.assert_allclose(found, expected, rtol=rel, atol=1e-13)


# -- the formulas


@given(problems())
def test_every_cost_is_the_closed_form_s(problem: Problem) -> None:
    J = COSTS[problem.cost](network(problem), problem.X, problem.Y, problem.lam)
    close(
        J.item(),
        closed_form.cost(problem.theta, problem.X, problem.Y, problem.lam, **problem.all_names),
        rel=1e-9,
    )


@given(problems(pairs=LOGISTIC, depths=(1, 3)))
def test_the_note_s_three_forms_of_the_logistic_cost_are_one(problem: Problem) -> None:
    """yᵀ log h + (1−y)ᵀ log(1−h), taken apart by i, k and Θ_ji, and computed from z^(L)."""
    net, m, Y = network(problem), problem.m, problem.Y
    h = net(problem.X).detach().numpy()
    vector = 0.0
    for i in range(m):
        vector -= (Y[i] @ np.log(h[i]) + (1 - Y[i]) @ np.log(1 - h[i])) / m
    apart = 0.0
    for i in range(m):
        for k in range(h.shape[1]):
            apart -= (Y[i, k] * np.log(h[i, k]) + (1 - Y[i, k]) * np.log(1 - h[i, k])) / m
    penalty = 0.0
    for matrix in net.theta.values():
        for j in range(matrix.shape[0]):
            for i in range(1, matrix.shape[1]):  # from 1: the bias column is left out
                penalty += problem.lam / (2 * m) * matrix[j, i] ** 2
    from_z = nn.logistic_cost(net, problem.X, Y, problem.lam).item()
    literal = nn.logistic_cost_literal(net, problem.X, Y, problem.lam).item()
    for found in (vector + penalty, apart + penalty, literal):
        close(found, from_z, rel=1e-9)


@given(problems(), st.floats(0, 100))
def test_lambda_adds_the_squares_of_the_weights_over_2m_and_no_bias(
    problem: Problem, lam: float
) -> None:
    """(λ/2m) Σ_l Σ (Θ^(l))², whose gradient is (λ/m) Θ on the weights and 0 on the bias."""
    net, cost = network(problem), COSTS[problem.cost]
    both = [ag.value_and_grad(cost)(net, problem.X, problem.Y, lam=s) for s in (0.0, lam)]
    squares = sum((matrix[:, 1:] ** 2).sum() for matrix in problem.theta)
    close(both[1][0] - both[0][0], lam * squares / (2 * problem.m), rel=1e-7)
    for l, matrix in enumerate(problem.theta, 1):
        extra = both[1][1].theta[l] - both[0][1].theta[l]
        assert not extra[:, 0].any()
        np.testing.assert_allclose(extra[:, 1:], lam / problem.m * matrix[:, 1:], atol=1e-9)


@given(problems(examples=(2, 8)))
def test_a_batch_costs_the_mean_of_its_examples(problem: Problem) -> None:
    """J = (1/m) Σ_i cost(i), for one-example batches and for single examples."""
    net, cost = network(problem), COSTS[problem.cost]
    J = cost(net, problem.X, problem.Y).item()
    rows = list(zip(problem.X, problem.Y, strict=True))
    close(np.mean([cost(net, x, y).item() for x, y in rows]), J, rel=1e-9)
    close(np.mean([cost(net, x[None], y[None]).item() for x, y in rows]), J, rel=1e-9)


def test_a_cost_is_recorded_in_its_own_scope_and_knows_no_y() -> None:
    """The note's graph: layers, then a cost made of NumPy functions that anybody may use."""
    net = nn.Network([2, 2, 1])
    J = nn.logistic_cost(net, [[0.0, 1.0]], [1.0], lam=1.0)
    made = [node for node in walk(J.node) if node.op is not None]
    assert {node.scope for node in made} == {("layer 2",), ("layer 3",), ("cost",)}
    names = {node.op.name for node in made if node.scope == ("cost",) and node.op}
    assert names == {"multiply", "softplus", "sum", "square", "add", "divide"}
    assert "a3" not in {node.name for node in made}  # computed from z^(L)


def test_with_y_of_0_and_1_the_logistic_cost_is_one_softplus() -> None:
    """−log h is softplus(−z), −log(1 − h) is softplus(z): the sign is all that y decides."""
    J = nn.logistic_cost(nn.Network([2, 1]), [[0.0, 1.0], [1.0, 1.0]], [1.0, 0.0])
    made = [node.op.name for node in walk(J.node) if node.scope == ("cost",) and node.op]
    assert made == ["multiply", "softplus", "sum", "divide"]
    assert J.name == "J"


@pytest.fixture
def compiler_records() -> Iterator[None]:
    context.now.mode = EVERYTHING
    yield
    context.now.mode = TRACKED


@pytest.mark.usefixtures("compiler_records")
@pytest.mark.parametrize("labels", [False, True])
def test_a_recording_compiler_needs_no_value_of_a_tensor(labels: bool) -> None:
    """No cost branches on a number in X, Y or λ (reading one would raise in this mode)."""
    for cost, output in PAIRS:
        net = nn.Network([2, 3, 2], output=output)
        X = ag.Tensor(np.full((2, 2), np.nan))  # a placeholder may hold anything
        Y = ag.Tensor([0, 1] if labels else np.eye(2))
        J = cost(net, X, Y, ag.Tensor(0.5))
        assert {X.node, Y.node} <= set(walk(J.node))


# -- exact at any z (test_delta_output.py has each pair against mpmath)


def of_z(z: Any, dtype: Any = np.float64) -> nn.Network:
    """A network without weights to speak of, whose z^(L) is z for any x."""
    return nn.Network.from_theta([np.array([[z, 0.0]], dtype)])


ys = st.sampled_from([0.0, 1.0]) | st.floats(0.0, 1.0)


@given(st.floats(-1000, 1000), ys)
@example(1000.0, 1.0)
@example(-1000.0, 0.0)
@example(1000.0, 0.0)
@example(-1000.0, 1.0)
@example(30.1, 1.0)
@example(0.0, 0.5)
def test_the_logistic_cost_and_its_gradient_are_exact_to_4_ulp(z: float, y: float) -> None:
    """log(1 + e^z) − y z and a − y, which are finite where h rounds to 0 or 1."""
    cost, gradient = ag.value_and_grad(nn.logistic_cost)(of_z(z), [0.0], y)
    with mpmath.workdps(60):
        exact = mpmath.log1p(mpmath.exp(mpmath.mpf(z))) - mpmath.mpf(y) * mpmath.mpf(z)
        delta = 1 / (1 + mpmath.exp(-mpmath.mpf(z))) - mpmath.mpf(y)
        assert abs(mpmath.mpf(float(cost)) - exact) <= 4 * np.spacing(max(1.0, float(exact)))
        found = mpmath.mpf(float(gradient.theta[1][0, 0]))
        assert abs(found - delta) <= 4 * np.spacing(1.0)


@given(st.floats(-700, 700), st.sampled_from([0.0, 1.0]))
def test_a_right_answer_s_small_cost_keeps_its_digits(z: float, y: float) -> None:
    """−log h and −log(1 − h) to relative accuracy, however small; and so a − y."""
    cost, gradient = ag.value_and_grad(nn.logistic_cost)(of_z(z), [0.0], y)
    with mpmath.workdps(400):
        side = mpmath.mpf(z if y == 0 else -z)
        exact = float(mpmath.log1p(mpmath.exp(side)))
        delta = float(1 / (1 + mpmath.exp(-side))) * (1 if y == 0 else -1)
    assert cost == pytest.approx(exact, rel=1e-15)
    assert gradient.theta[1][0, 0] == pytest.approx(delta, rel=1e-15)


@pytest.mark.parametrize("z", [-1000.0, 1000.0])
@pytest.mark.parametrize("y", [0.0, 1.0])
def test_the_logistic_cost_at_a_thousand(z: float, y: float) -> None:
    cost, gradient = ag.value_and_grad(nn.logistic_cost)(of_z(z), [0.0], y)
    wrong = (z > 0) != (y == 1)
    assert cost == (1000.0 if wrong else 0.0)
    assert gradient.theta[1][0, 0] == (0.0 if not wrong else 1.0 if z > 0 else -1.0)


def test_where_h_rounds_to_1_the_literal_cost_is_infinite() -> None:
    with pytest.raises(FloatingPointError, match="divide by zero encountered in log"):
        nn.logistic_cost_literal(of_z(1000.0), [0.0], 0.0)


# -- dtypes


@pytest.mark.parametrize(("cost", "output"), PAIRS)
def test_float32_is_kept_throughout(cost: Cost, output: str) -> None:
    net = nn.Network([3, 4, 2], "relu", output, dtype=np.float32)
    X = np.random.default_rng(0).normal(size=(5, 3))
    for Y in (np.eye(2)[[0, 1, 1, 0, 1]], np.array([0, 1, 1, 0, 1]), np.full((5, 2), 0.5)):
        for lam in (0.0, 1, np.float64(0.5)):
            J, gradient = ag.value_and_grad(cost)(net, X, Y, lam)
            assert J.dtype == np.float32
            assert {g.dtype for g in gradient.parameters} == {np.dtype(np.float32)}
            assert {node.value.dtype for node in walk(cost(net, X, Y, lam).node) if node.op} == {
                np.dtype(np.float32)
            }


# -- what Y may be


@given(problems(pairs=(("sigmoid", "logistic"), ("softmax", "softmax")), outputs=(2, 6)), st.data())
def test_whole_number_labels_are_one_hot_rows(problem: Problem, data: st.DataObject) -> None:
    net, cost, K = network(problem), COSTS[problem.cost], len(problem.theta[-1])
    labels = data.draw(st.lists(st.integers(0, K - 1), min_size=problem.m, max_size=problem.m))
    kind = data.draw(st.sampled_from([np.int64, np.uint8, np.int8]))
    expected = cost(net, problem.X, np.eye(K)[labels]).item()
    assert cost(net, problem.X, np.array(labels, kind)).item() == expected
    assert cost(net, problem.X, labels).item() == expected
    assert cost(net, problem.X, ag.Tensor(np.array(labels))).item() == pytest.approx(expected)
    assert cost(net, problem.X[0], labels[0]).item() == pytest.approx(
        cost(net, problem.X[:1], labels[:1]).item()
    )


def test_one_output_takes_a_vector_of_any_numbers() -> None:
    net = nn.Network([2, 1])
    X = np.random.default_rng(0).normal(size=(3, 2))
    expected = nn.logistic_cost(net, X, [[1.0], [0.0], [1.0]]).item()
    for Y in ([1.0, 0.0, 1.0], [1, 0, 1], [True, False, True], np.array([1, 0, 1], np.uint8)):
        assert nn.logistic_cost(net, X, Y).item() == expected
    assert nn.logistic_cost(net, X[0], 1).item() == nn.logistic_cost(net, X[0], [1]).item()


@pytest.mark.parametrize(("cost", "output"), PAIRS)
@pytest.mark.parametrize(
    ("K", "shape", "expected"),
    [
        (1, (4,), "expected shape (3, 1), or (3,)"),
        (1, (1, 3), "expected shape (3, 1), or (3,)"),
        (1, (3, 2), "expected shape (3, 1), or (3,)"),
        (1, (1,), "expected shape (3, 1), or (3,)"),
        (1, (), "expected shape (3, 1), or (3,)"),
        (1, (3, 1, 1), "expected shape (3, 1), or (3,)"),
        (2, (3, 1), "expected shape (3, 2), or (3,) of whole-number labels 0..1"),
        (2, (2,), "expected shape (3, 2), or (3,) of whole-number labels 0..1"),
        (2, (1, 2), "expected shape (3, 2), or (3,) of whole-number labels 0..1"),
        (2, (2, 3), "expected shape (3, 2), or (3,) of whole-number labels 0..1"),
        (2, (3,), "and dtype float64; expected shape (3, 2), or (3,) of whole-number labels 0..1"),
    ],
)
def test_y_of_another_shape_is_never_broadcast(
    cost: Cost, output: str, K: int, shape: tuple[int, ...], expected: str
) -> None:
    net = nn.Network([2, K], output=output)
    for Y in (np.zeros(shape), ag.Tensor(np.zeros(shape))):
        with pytest.raises(ValueError, match=re.escape(expected)) as caught:
            cost(net, np.zeros((3, 2)), Y)
        assert str(caught.value).startswith(f"Y has shape {shape} and dtype float64; ")


def test_y_of_a_single_example_has_its_own_shapes() -> None:
    net = nn.Network([2, 3], output="softmax")
    with pytest.raises(ValueError, match=re.escape("expected shape (3,), or () of whole-number")):
        nn.softmax_cost(net, [0.0, 0.0], [[1.0, 0.0, 0.0]])


# -- what is refused


@pytest.mark.parametrize("label", [-1, 3, 10])
@pytest.mark.parametrize("cost", [nn.logistic_cost, nn.quadratic_cost, nn.logistic_cost_literal])
def test_a_label_out_of_range_is_refused_with_its_place(cost: Cost, label: int) -> None:
    net = nn.Network([2, 3])
    expected = re.escape(f"Y[2] is {label}; expected labels 0..2 (1 of 4 are not)")
    for Y in ([0, 2, label, 1], ag.Tensor([0, 2, label, 1])):
        with pytest.raises(ValueError, match=expected):
            cost(net, np.zeros((4, 2)), Y)


@pytest.mark.parametrize("cost", [nn.logistic_cost, nn.logistic_cost_literal])
@pytest.mark.parametrize("y", [-1.0, 2.0, 1.0001, 1e300, -1e-300])
def test_a_y_beyond_0_and_1_is_refused_by_the_logistic_cost(cost: Cost, y: float) -> None:
    expected = re.escape(f"Y[1, 0] is {y}; expected 0 <= y <= 1 (1 of 3 are not)")
    with pytest.raises(ValueError, match=expected):
        cost(nn.Network([2, 1]), np.zeros((3, 2)), [1.0, y, 0.0])


@pytest.mark.parametrize("row", [[0.5, 0.2], [1.5, -0.5], [0.0, 0.0]])
def test_a_row_that_is_no_distribution_is_refused_by_the_softmax_cost(row: list[float]) -> None:
    net = nn.Network([2, 2], output="softmax")
    with pytest.raises(ValueError, match=r"Y\[1, \d\] is .*; expected y >= 0 in rows that sum"):
        nn.softmax_cost(net, np.zeros((2, 2)), [[0.25, 0.75], row])


@pytest.mark.parametrize(("cost", "output"), PAIRS)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_data_that_are_not_finite_are_refused_with_their_place(
    cost: Cost, output: str, bad: float
) -> None:
    net = nn.Network([2, 2, 2], output=output)
    X, Y = np.zeros((3, 2)), np.tile([1.0, 0.0], (3, 1))
    spoiled = X.copy()
    spoiled[1, 1] = bad
    with pytest.raises(ValueError, match=re.escape(f"X[1, 1] is {bad}; expected finite numbers")):
        cost(net, spoiled, Y)
    Y[2, 0] = bad
    with pytest.raises(ValueError, match=re.escape(f"Y[2, 0] is {bad}; expected finite numbers")):
        cost(net, X, Y)


@pytest.mark.parametrize("cost", [*OUTPUTS])
@pytest.mark.parametrize("output", ["sigmoid", "softmax", "identity"])
def test_a_cost_refuses_outputs_that_do_not_match_it(cost: Cost, output: str) -> None:
    net = nn.Network([2, 2], output=output)
    X, Y = np.zeros((1, 2)), [[1.0, 0.0]]
    if output in OUTPUTS[cost]:
        assert np.isfinite(cost(net, X, Y).item())
        return
    expected = (
        f"{cost.__name__} of a network with output={output!r}; the pairs are sigmoid with logistic "
        "or quadratic, softmax with softmax, identity with quadratic"
    )
    with pytest.raises(ValueError, match=re.escape(expected)):
        cost(net, X, Y)


@pytest.mark.parametrize("lam", [-1.0, np.nan, np.inf])
def test_a_lambda_that_makes_no_sense_is_refused(lam: float) -> None:
    with pytest.raises(ValueError, match=re.escape(f"lam={lam}; expected a finite λ >= 0")):
        nn.logistic_cost(nn.Network([2, 1]), [[0.0, 0.0]], [1], lam)


def test_no_examples_have_no_cost() -> None:
    message = re.escape("X has shape (0, 2); a cost needs at least one example")
    with pytest.raises(ValueError, match=message):
        nn.logistic_cost(nn.Network([2, 1]), np.zeros((0, 2)), [])


@pytest.mark.parametrize("Y", [["a", "b"], np.zeros((2, 1), complex)])
def test_a_y_of_no_real_numbers_is_refused(Y: Any) -> None:
    with pytest.raises(TypeError, match=r"Y has dtype .*; expected real numbers"):
        nn.logistic_cost(nn.Network([2, 1]), np.zeros((2, 2)), Y)


# -- tensors in, and passes already made


@given(problems())
def test_tensors_are_taken_for_arrays(problem: Problem) -> None:
    net, cost = network(problem), COSTS[problem.cost]
    expected = cost(net, problem.X, problem.Y, problem.lam).item()
    X, Y = ag.Tensor(problem.X, requires_grad=True), ag.Tensor(problem.Y, requires_grad=True)
    lam = ag.Tensor(problem.lam, requires_grad=True)
    J = cost(net, X, Y, lam)
    close(J.item(), expected, rel=1e-9)
    J.backward()
    squares = sum((matrix[:, 1:] ** 2).sum() for matrix in problem.theta)
    close(lam.grad, squares / (2 * problem.m))
    for tensor in (X, Y):
        assert tensor.grad is not None
        assert tensor.grad.shape == tensor.shape


@given(st.floats(-30, 30), ys)
def test_the_cost_s_derivative_in_y_is_minus_z(z: float, y: float) -> None:
    """∂/∂y [log(1 + e^z) − y z] = −z: the derivative does not see which of 0 and 1 is nearer."""
    net = of_z(z)
    assert ag.grad(nn.logistic_cost, argnums=2)(net, [0.0], np.array([y]))[0] == -z


def test_a_y_that_is_differentiated_may_leave_its_range() -> None:
    """A difference quotient at y = 0 needs the cost at −ε."""
    y = ag.Tensor([-1e-6], requires_grad=True)
    J = nn.logistic_cost(of_z(3.0), [0.0], y)
    assert J.item() == pytest.approx(np.log1p(np.exp(3.0)) + 3e-6, rel=1e-12)
    with pytest.raises(ValueError, match="expected 0 <= y <= 1"):
        nn.logistic_cost(of_z(3.0), [0.0], y.detach())


def test_a_pass_already_made_is_taken_for_x() -> None:
    """∂cost/∂a = (a − y)/(a(1 − a)), and ∂cost/∂z = a − y, in which g' has cancelled."""
    net = nn.Network([2, 3, 1], seed=4)
    X, Y = np.random.default_rng(0).normal(size=(5, 2)), np.array([1.0, 0, 0, 1, 1])
    run = net.forward(X)
    for cost in (nn.logistic_cost, nn.logistic_cost_literal, nn.quadratic_cost):
        assert cost(net, run, Y, 0.5).item() == cost(net, X, Y, 0.5).item()
    J = nn.logistic_cost_literal(net, run, Y)
    in_a, in_z = ag.backprop(J, wrt=[run.a[3], run.z[3]])
    a, y = run.a[3].detach().numpy(), Y[:, None]
    np.testing.assert_allclose(5 * in_a, (a - y) / (a * (1 - a)), rtol=1e-12)
    np.testing.assert_allclose(5 * in_z, a - y, rtol=1e-12)


@pytest.mark.parametrize(("cost", "output"), PAIRS)
def test_second_derivatives_go_through_every_cost(cost: Cost, output: str) -> None:
    """d/dt of the gradient along v, twice by the graph and once by differences."""
    net = nn.Network([2, 3, 2], "tanh", output, seed=1)
    X, Y = np.random.default_rng(0).normal(size=(4, 2)), np.array([0, 1, 1, 0])

    def slope(theta: Any) -> Any:
        gradient = ag.grad(lambda t: cost(net_of(t), X, Y, 0.3))(theta)
        return sum((g * v).sum() for g, v in zip(gradient, along, strict=True))

    def net_of(parameters: list[Any]) -> nn.Network:
        return nn.Network.__unflatten__(net.__flatten__()[1], parameters)

    start = [p.detach().numpy() for p in net.parameters]
    along = [np.cos(np.arange(p.size)).reshape(p.shape) for p in start]
    second = ag.grad(slope)(start)
    found = sum((g * v).sum() for g, v in zip(second, along, strict=True))
    step = 1e-5
    ahead, behind = (
        slope([p + sign * step * v for p, v in zip(start, along, strict=True)]) for sign in (1, -1)
    )
    assert found == pytest.approx((ahead - behind) / (2 * step), rel=1e-7)
