"""The closed form by itself: formulas against complex steps, the loop against the batch."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_mini import closed_form
from tests.strategies import ACTIVATIONS, PAIRS, Problem, problems
from tests.witnesses import (
    STEP,
    absolute_deltas,
    absolute_gradients,
    assert_close,
    complex_step_deltas,
    complex_step_gradients,
)

XNOR = [np.array([[-30, 20, 20], [10, -20, -20]]), np.array([[-10, 20, 20]])]
CORNERS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])


def flat(result: Any) -> np.ndarray[Any, Any]:
    """Return all numbers of a result."""
    if isinstance(result, dict):
        result = list(result.values())
    if isinstance(result, list | tuple):
        return np.concatenate([flat(part) for part in result])
    return np.ravel(result)


# -- formulas and witness


@given(problems())
def test_deltas_are_complex_step_derivatives(problem: Problem) -> None:
    """δ^(l) = ∂cost(i)/∂z^(l)."""
    delta = closed_form.deltas(problem.theta, problem.X, problem.Y, **problem.all_names)
    witness, scale = complex_step_deltas(problem), absolute_deltas(problem)
    assert list(delta) == list(range(problem.L, 1, -1))
    for l in delta:
        assert_close(delta[l], witness[l], scale[l], f"δ^({l})")


@given(problems())
def test_gradients_are_complex_step_derivatives(problem: Problem) -> None:
    """∂J/∂Θ^(l) = (1/m) Σ δ^(l+1) (a^(l))ᵀ + (λ/m) Θ^(l)."""
    gradient = closed_form.gradients(*problem.arguments, **problem.all_names)
    witness, scale = complex_step_gradients(problem), absolute_gradients(problem)
    assert list(gradient) == list(range(1, problem.L))
    for l in gradient:
        assert_close(gradient[l], witness[l], scale[l], f"∂J/∂Θ^({l})")


@given(problems())
def test_the_loop_over_examples_gives_the_batch_gradient(problem: Problem) -> None:
    """D^(l) = Δ^(l)/m + (λ/m) Θ^(l) for weights, Δ^(l)/m for the bias; D = ∂J/∂Θ."""
    Δ, D = closed_form.backprop_by_example(*problem.arguments, **problem.all_names)
    gradient = closed_form.gradients(*problem.arguments, **problem.all_names)
    scale = absolute_gradients(problem)
    for l, matrix in enumerate(problem.theta, start=1):
        weights = np.insert(matrix[:, 1:], 0, 0.0, axis=1)
        assert_close(D[l], gradient[l], scale[l], f"D^({l})")
        assert_close(D[l] - problem.lam / problem.m * weights, Δ[l] / problem.m, scale[l])
    assert list(Δ) == list(D) == list(gradient)


@given(problems(activations=["sigmoid", "tanh", "softplus"], depths=(1, 3)))
def test_gradients_may_be_differentiated_by_a_complex_step_too(problem: Problem) -> None:
    """The Hessian of J is symmetric: every mixed second derivative comes out both ways."""
    point = flat([matrix.astype(complex) for matrix in problem.theta])
    hessian = np.zeros((len(point), len(point)))
    for k in range(len(point)):
        moved = point.copy()
        moved[k] += 1j * STEP
        ends = np.cumsum([matrix.size for matrix in problem.theta])[:-1]
        parts = zip(np.split(moved, ends), problem.theta, strict=True)
        theta = [part.reshape(matrix.shape) for part, matrix in parts]
        D = closed_form.gradients(theta, problem.X, problem.Y, problem.lam, **problem.all_names)
        hessian[:, k] = flat(D).imag / STEP
    assert np.linalg.norm(hessian - hessian.T) <= 1e-10 * np.linalg.norm(hessian)


# -- forward and cost


def test_xnor_by_hand() -> None:
    z, a = closed_form.forward(XNOR, CORNERS)
    np.testing.assert_array_equal(z[2], [[-30, 10], [-10, -10], [-10, -10], [10, -30]])
    np.testing.assert_allclose(a[3].ravel(), [1, 0, 0, 1], atol=1e-4)
    assert (list(z), list(a)) == ([2, 3], [1, 2, 3])


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_have_their_textbook_values(name: str) -> None:
    z = np.array([[-1000.0, -4.6, 0.0, 4.6, 1000.0]])
    expected = {
        "sigmoid": [0.0, 0.01, 0.5, 0.99, 1.0],
        "tanh": [-1.0, -1.0, 0.0, 1.0, 1.0],
        "relu": [0.0, 0.0, 0.0, 4.6, 1000.0],
        "leaky_relu": [-10.0, -0.05, 0.0, 4.6, 1000.0],
        "softplus": [0.0, 0.01, 0.69, 4.61, 1000.0],
        "identity": [-1000.0, -4.6, 0.0, 4.6, 1000.0],
    }[name]
    passed = np.insert(np.eye(5), 0, 0.0, axis=1)
    _, a = closed_form.forward([passed, passed], z, activation=name)
    np.testing.assert_array_equal(a[2].round(2), [expected])


@pytest.mark.parametrize(("output", "cost"), PAIRS)
def test_the_cost_is_finite_and_right_where_outputs_saturate(output: str, cost: str) -> None:
    theta = [np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])]
    X, Y = np.array([[1000.0, -1000.0], [1000.0, -1000.0]]), np.array([[0.0, 1.0], [1.0, 0.0]])
    J = closed_form.cost(theta, X, Y, output=output, cost=cost)
    expected = {
        "sigmoid": {"logistic": 1000.0, "quadratic": 0.5},
        "softmax": {"softmax": 1000.0},
        "identity": {"quadratic": (1000.0**2 + 1001.0**2 + 999.0**2 + 1000.0**2) / 4},
    }[output][cost]
    assert J == expected
    assert isinstance(J, float)


@given(problems(), st.booleans(), st.booleans())
def test_theta_may_be_a_mapping_and_names_may_be_one(
    problem: Problem, mapping: bool, backwards: bool
) -> None:
    keyed = dict(enumerate(problem.theta, start=1))
    if backwards:
        keyed = dict(reversed(keyed.items()))
    theta: Any = MappingProxyType(keyed) if mapping else [m.tolist() for m in problem.theta]
    given_ = (problem.X, problem.Y, problem.lam)
    same = closed_form.gradients(theta, *given_, **problem.all_names)
    for l, D in closed_form.gradients(problem.theta, *given_, **problem.all_names).items():
        np.testing.assert_array_equal(same[l], D)
    if len(set(problem.hidden)) == 1:
        names = {**problem.all_names, "activation": problem.hidden[0]}
        np.testing.assert_array_equal(
            closed_form.cost(theta, *given_, **names),
            closed_form.cost(theta, *given_, **problem.all_names),
        )


FUNCTIONS: list[Callable[..., Any]] = [
    closed_form.cost,
    closed_form.deltas,
    closed_form.gradients,
    closed_form.backprop_by_example,
]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_targets_may_be_a_vector_for_one_output(function: Callable[..., Any]) -> None:
    column = flat(function(XNOR, CORNERS, np.array([[1.0], [0.0], [0.0], [1.0]])))
    for Y in ([1.0, 0.0, 0.0, 1.0], [1, 0, 0, 1], [True, False, False, True]):
        np.testing.assert_array_equal(flat(function(XNOR, CORNERS, Y)), column)


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize(("output", "cost"), PAIRS)
def test_targets_may_be_labels_for_several_outputs(
    function: Callable[..., Any], output: str, cost: str
) -> None:
    theta = [np.arange(9.0).reshape(3, 3) / 9]
    names = {"output": output, "cost": cost}
    one_hot = flat(function(theta, CORNERS, np.eye(3)[[2, 0, 1, 2]], **names))
    for labels in (np.array([2, 0, 1, 2]), np.array([2, 0, 1, 2], np.uint8)):
        np.testing.assert_array_equal(flat(function(theta, CORNERS, labels, **names)), one_hot)


def test_results_are_plain_dicts_and_arguments_stay_as_they_were() -> None:
    theta, X, Y = [m.astype(float) for m in XNOR], CORNERS.astype(float), np.array([1.0, 0, 0, 1])
    before = [array.copy() for array in (*theta, X, Y)]
    z, a = closed_form.forward(theta, X)
    results = [z, a, closed_form.deltas(theta, X, Y), closed_form.gradients(theta, X, Y, 1.0)]
    results += closed_form.backprop_by_example(theta, X, Y, 1.0)
    assert {type(result) for result in results} == {dict}
    for array, copy in zip((*theta, X, Y), before, strict=True):
        np.testing.assert_array_equal(array, copy)
    with pytest.raises(KeyError):
        z[1]


def test_float32_stays_float32() -> None:
    theta = [matrix.astype(np.float32) / 10 for matrix in XNOR]
    X, Y = CORNERS.astype(np.float32), np.array([1, 0, 0, 1], np.float32)
    z, a = closed_form.forward(theta, X)
    gradient = closed_form.gradients(theta, X, Y, 1.0)
    assert {array.dtype for array in (*z.values(), *a.values(), *gradient.values())} == {
        np.dtype(np.float32)
    }


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize(("output", "cost"), PAIRS)
def test_small_integers_and_bools_are_numbers(
    function: Callable[..., Any], output: str, cost: str
) -> None:
    """Neither 100 · 2 in int8 nor -1 in uint8 wraps around."""
    theta, X, Y = np.array([[0, 100], [1, 100]]), np.array([[2], [-2]]), np.array([[1, 0], [0, 1]])
    names = {"output": output, "cost": cost}
    expected = flat(function([theta * 1.0], X * 1.0, Y * 1.0, **names))
    for kind in (np.uint8, bool):
        found = function([theta.astype(np.int8)], X.astype(np.int8), Y.astype(kind), **names)
        np.testing.assert_array_equal(flat(found), expected)


@pytest.mark.parametrize(("name", "slope"), [("relu", 0.0), ("leaky_relu", 0.01)])
def test_the_slope_at_a_kink_is_the_left_one(name: str, slope: float) -> None:
    theta = [np.array([[0.0, 1.0]]), np.array([[0.0, 3.0]])]
    delta = closed_form.deltas(theta, [[0.0]], [1], activation=name)
    assert delta[2] == 3.0 * delta[3] * slope


# -- what is refused

OK = {"theta": XNOR, "X": CORNERS, "Y": np.array([1, 0, 0, 1])}
THREE = [np.ones((3, 3))]
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "X one-dimensional": ({"X": CORNERS[0]}, r"X is \(2,\).*expected \(m, s_1\)"),
    "X empty": ({"X": CORNERS[:0]}, r"X is \(0, 2\).*expected \(m, s_1\)"),
    "X too wide": (
        {"X": np.ones((4, 3))},
        r"X \(4, 3\), theta\[1\] \(2, 3\); expected \(s_2, 4\)",
    ),
    "theta empty": ({"theta": []}, r"theta has layers \[\]; expected .* 1, 2"),
    "theta from 0": ({"theta": dict(enumerate(XNOR))}, r"layers \[0, 1\]; expected .* 1, 2"),
    "theta one-dimensional": (
        {"theta": [np.ones(3)]},
        r"theta\[1\] \(3,\); expected \(s_2, 3\)",
    ),
    "theta without bias": (
        {"theta": [XNOR[0], np.ones((1, 2))]},
        r"theta\[2\] \(1, 2\); expected \(s_3, 3\)",
    ),
    "activation unknown": ({"activation": "sigmod"}, r"'sigmod'.*expected 1 hidden of \['sigmoid"),
    "activation softmax": ({"activation": "softmax"}, r"'softmax'.*expected 1 hidden of"),
    "activations too many": (
        {"activation": ["tanh", "relu"]},
        r"\['tanh', 'relu'\].*expected 1 hidden of",
    ),
    "output unknown": (
        {"output": "tanh"},
        r"output='tanh'; .*output of \['sigmoid', 'identity', 'softmax'\]",
    ),
    "cost unknown": (
        {"cost": "hinge"},
        r"cost='hinge', output='sigmoid'; expected cost of \['logistic', 'quadratic'\]",
    ),
    "pair: softmax outputs, logistic": (
        {"output": "softmax"},
        r"cost='logistic', output='softmax'; expected cost of \['softmax'\]",
    ),
    "pair: identity outputs, softmax": (
        {"output": "identity", "cost": "softmax"},
        r"cost='softmax', output='identity'; expected cost of \['quadratic'\]",
    ),
    "pair: sigmoid outputs, softmax": ({"cost": "softmax"}, r"expected cost of \['logistic'"),
    "Y too short": ({"Y": [1, 0, 0]}, r"Y is \(3,\), int64; expected \(4, 1\) or \(4,\)$"),
    "Y a row": ({"Y": [[1, 0, 0, 1]]}, r"Y is \(1, 4\)"),
    "Y a matrix for one output": ({"Y": np.ones((4, 2))}, r"Y is \(4, 2\), float64"),
    "Y a column for three": ({"theta": THREE, "Y": np.ones((4, 1))}, r"Y is \(4, 1\)"),
    "Y float labels": (
        {"theta": THREE, "Y": [0.0, 1.0, 2.0, 0.0]},
        r"Y is \(4,\), float64; expected \(4, 3\) or \(4,\) integers 0 to 2",
    ),
    "Y labels from 1": ({"theta": THREE, "Y": [1, 2, 3, 1]}, r"integers 0 to 2"),
    "Y labels below 0": ({"theta": THREE, "Y": [0, -1, 1, 1]}, r"integers 0 to 2"),
    "Y no distribution": (
        {"theta": THREE, "Y": np.ones((4, 3)), "output": "softmax", "cost": "softmax"},
        r"row that does not sum to 1",
    ),
}


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_fit_is_refused(function: Callable[..., Any], case: str) -> None:
    changed, message = REFUSED[case]
    with pytest.raises(ValueError, match=message):
        function(**{**OK, **changed})


@pytest.mark.parametrize("case", ["X one-dimensional", "theta without bias", "output unknown"])
def test_forward_refuses_the_same(case: str) -> None:
    changed, message = REFUSED[case]
    with pytest.raises(ValueError, match=message):
        closed_form.forward(**{"theta": XNOR, "X": CORNERS, **changed})


def test_a_misspelled_keyword_is_an_error() -> None:
    with pytest.raises(TypeError, match="activations"):
        closed_form.cost(XNOR, CORNERS, [1, 0, 0, 1], activations="tanh")  # type: ignore[call-arg]
