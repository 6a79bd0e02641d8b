"""The program that a page runs, in a real browser: the same numbers as NumPy's."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import autograd_mini as ag
from autograd_mini.drawing import draw
from autograd_mini.drawing.javascript import ELEMENTWISE
from autograd_mini.drawing.replay import Unplayable
from autograd_mini.op import OPS
from tests.drawn import xnor_cost
from tests.rule_cases import SHELF, Call, a_call
from tests.touched import called, close, compare, javascript, keyed, program, written

SPECIAL = [-np.inf, -1000.0, -30.0, -2.5, -1.0, -0.5, -1e-9, -0.0, 0.0, 1e-9, 0.5, 1.0, 1.5, 2.5]
SPECIAL += [3.0, 700.0, 1000.0, np.inf, np.nan]


# -- the table of operations


def function(name: str) -> Any:
    own = {op.name: op.function for op in OPS.values()}
    return getattr(np, name, None) or own[name]


def arguments(name: str) -> list[np.ndarray[Any, Any]]:
    """Every special number, beside every other one: a column, a row, a number more."""
    every = np.array(SPECIAL)
    count = {"where": 3, "product": 2, "quotient": 2}.get(name) or getattr(function(name), "nin", 1)
    return [every[:, None], every, np.array(0.25)][:count]


@pytest.mark.parametrize("empty", [False, True], ids=["special", "empty"])
def test_every_elementwise_function_is_numpys_on_special_numbers(driver: Any, empty: bool) -> None:
    names = sorted(ELEMENTWISE)
    given = {name: [x[:0] if empty and x.ndim else x for x in arguments(name)] for name in names}
    calls = [f"np.{name}({', '.join(map(written, given[name]))})" for name in names]
    wrong = []
    for name, found in zip(names, javascript(driver, calls), strict=True):
        with np.errstate(all="ignore"):
            expected = np.asarray(function(name)(*given[name]), np.float64)
        assert found.shape == expected.shape, name
        same = np.isclose(found, expected, rtol=1e-13, atol=0, equal_nan=True)
        for place in np.argwhere(~same).tolist():
            numbers = [np.broadcast_to(x, found.shape)[*place] for x in given[name]]
            wrong.append((name, *numbers, found[*place], expected[*place]))
    assert wrong == [], "\n".join(map(str, wrong))


REDUCTIONS = {"sum": np.sum, "mean": np.mean, "max": np.max, "min": np.min}
REDUCTIONS |= {"softmax": ag.nn.softmax, "log_softmax": ag.nn.log_softmax}
REDUCTIONS |= {"logsumexp": ag.nn.logsumexp}


@pytest.mark.parametrize("name", REDUCTIONS)
def test_every_reduction_is_numpys_along_any_axes(driver: Any, name: str) -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(3, 1, 4)) * 1000
    calls, expected = [], []
    for axes in (None, (0,), (1,), (2,), (0, 2), (0, 1, 2)):
        for keep in (
            (False, True) if name in ("sum", "mean", "max", "min", "logsumexp") else (True,)
        ):
            told = "undefined" if axes is None else str([*axes])
            calls.append(f"np.{name}({written(x)}, {told}, {str(keep).lower()})")
            keywords = {"keepdims": keep} if "softmax" not in name else {}
            expected.append(REDUCTIONS[name](x, axis=axes, **keywords))
    for call, found, value in zip(calls, javascript(driver, calls), expected, strict=True):
        assert close(found, value), call


def test_products_of_stacks_and_of_empty_matrices(driver: Any) -> None:
    rng = np.random.default_rng(2)
    shapes = [((2, 3), (3, 4)), ((5, 2, 3), (5, 3, 1)), ((2, 0), (0, 3)), ((0, 2), (2, 3))]
    pairs = [(rng.normal(size=a), rng.normal(size=b)) for a, b in shapes]
    calls = [f"np.matmul({written(a)}, {written(b)})" for a, b in pairs]
    for (a, b), found in zip(pairs, javascript(driver, calls), strict=True):
        assert close(found, a @ b)


# -- programs


COMPLEX = {"astype", "imag"}
"""Their cases are about complex numbers, which a page does not compute with."""


def a_cost(call: Call, values: list[Any]) -> tuple[Any, list[Any]]:
    """Return a weighted sum of a call's outputs, and the nodes it is called on."""
    tensors = [ag.Tensor(value, requires_grad=True) for value in values]
    leaves = [tensor.node for tensor in tensors]  # a set-item makes a tensor name another one
    rng = np.random.default_rng(3)
    outputs = [y for y in call(*tensors) if y.requires_grad]
    return sum(np.sum(y * rng.normal(size=y.shape)) for y in outputs), leaves


@pytest.mark.parametrize("op", sorted({*SHELF} - COMPLEX))
def test_every_operation_with_its_derivatives_runs_in_the_page(driver: Any, op: str) -> None:
    """On random calls of it, after its inputs have moved."""
    random, rng, expressions, expected = Random(op), np.random.default_rng(4), [], []
    while len(expressions) < 12:
        call = a_call(random, op)
        arrays = [np.array(x) for x in call.arrays()]
        large = np.prod(call.metadata.get("shape", ())) > 1_000
        if large or any(x.dtype != np.float64 for x in arrays):
            continue
        J, leaves = a_cost(call, arrays)
        made = program(J)
        moved = [x * (1 + 1e-3 * rng.normal(size=x.shape)) for x in arrays]
        new = dict(zip(leaves, moved, strict=True))
        expressions.append(called(made, [new.get(node, node.value) for node in made.leaves]))
        expected.append((made, a_cost(call, moved)[0]))
    for results, (made, J) in zip(javascript(driver, expressions), expected, strict=True):
        compare(made, results, J)


UNARY = [
    np.tanh, np.sin, np.cos, np.negative, np.square, np.absolute, ag.nn.sigmoid, ag.nn.softplus,
    ag.nn.relu, ag.nn.leaky_relu, lambda x: np.exp(-x * x), lambda x: np.log1p(x * x),
    lambda x: np.sqrt(1.0 + x * x), lambda x: np.expm1(np.sin(x)), lambda x: (1.0 + x * x) ** -1.5,
    lambda x: np.clip(x, -1.0, 1.0), lambda x: np.reciprocal(2.0 + np.sin(x)),
]  # fmt: skip
BINARY = [
    np.add, np.subtract, np.multiply, np.maximum, np.minimum, np.logaddexp,
    lambda a, b: a / (1.0 + b * b), lambda a, b: (1.0 + a * a) ** b, lambda a, b: a % (1.5 + b * b),
]  # fmt: skip


def expression(steps: list[tuple[int, int, int]], values: list[float]) -> Any:
    """Return what a list of (function, first argument, second argument) gives of leaves."""
    made: list[Any] = [
        ag.Tensor(value, requires_grad=True, name=f"w{k}") for k, value in enumerate(values)
    ]
    for which, i, j in steps:
        a, b = made[i % len(made)], made[j % len(made)]
        one = which < len(UNARY)
        y = UNARY[which](a) if one else BINARY[which - len(UNARY)](a, b)
        made.append(np.tanh(y) if abs(y.item()) > 1e3 else y)  # no power of a power of a power
    return made[-1]


numbers = st.integers(-40, 40).map(lambda n: n / 10)  # ties at kinks are likely
choices = st.tuples(st.integers(0, len(UNARY + BINARY) - 1), st.integers(0, 99), st.integers(0, 99))


@given(
    st.lists(choices, min_size=1, max_size=30), st.lists(numbers, min_size=1, max_size=3), st.data()
)
@settings(max_examples=60)
def test_expressions_follow_a_touch(
    driver: Any, steps: list[tuple[int, int, int]], values: list[float], data: st.DataObject
) -> None:
    made = program(expression(steps, values))
    moved = [data.draw(numbers) for _ in values]
    J = expression(steps, moved)
    assume([n.op for n in keyed(J).values()] == [n.op for n in made.nodes.values()])
    assume(all(np.all(np.abs(n.value) < 1e9) for n in keyed(J).values()))
    used = [moved[int(node.name[1:])] for node in made.leaves if node.name]
    [results] = javascript(driver, [called(made, used)])
    compare(made, results, J)


@pytest.mark.parametrize("z", [-1000.0, 1000.0])
@pytest.mark.parametrize("output", ["sigmoid", "softmax"])
def test_saturated_units_stay_finite(driver: Any, z: float, output: str) -> None:
    K = 1 if output == "sigmoid" else 3
    cost = ag.nn.logistic_cost if output == "sigmoid" else ag.nn.softmax_cost

    def J(bias: float) -> Any:
        theta = [np.array([[bias, 0.5]] + [[0.0, 0.0]] * (K - 1))]
        net = ag.nn.Network.from_theta(theta, output=output)
        return cost(net, np.array([[1.0], [2.0]]), np.array([0, 1]))

    made = program(J(0.0))
    values = [n.value if n.name != "bias1" else [z] + [0.0] * (K - 1) for n in made.leaves]
    [results] = javascript(driver, [called(made, values)])
    assert all(np.isfinite(result).all() for result in results)
    compare(made, results, J(z))


# -- what can not be touched


def why(J: Any) -> str:
    with pytest.raises(Unplayable) as caught:
        program(J)
    return str(caught.value)


def test_a_page_says_why_its_numbers_can_not_be_changed() -> None:
    x = ag.Tensor(np.arange(3.0), requires_grad=True, name="x")
    assert why(np.sum(x.astype(np.float32))) == "np.astype is float32; the page computes in float64"
    assert why(np.sum(np.real(x * 1j))) == "a constant is complex128; the page computes in float64"
    y: Any = x
    for _ in range(500):
        y = np.tanh(y)
    assert why(np.sum(y)) == "the graph has 502 nodes; up to 500 follow a touch"
    big = ag.Tensor(np.ones((80, 80)), requires_grad=True)
    assert why(np.sum(big)) == "the graph has 6,401 numbers; up to 5,000 follow a touch"

    @ag.primitive
    def square(x: Any) -> Any:  # a user's, which NumPy's name does not describe
        return x * x * x

    ag.rule(square, lambda g, y, x: g * 3.0 * x**2)
    try:
        assert why(np.sum(square(x))) == "square has no form in JavaScript"
    finally:
        del OPS[square]


def test_a_rule_that_reads_values_keeps_its_page() -> None:
    @ag.primitive
    def twice(x: Any) -> Any:
        return 2.0 * x

    ag.rule(twice, lambda g, y, x: g * (2.0 if float(np.sum(x)) > 0 else -2.0))
    try:
        x = ag.Tensor([1.0, 2.0], requires_grad=True)
        assert why(np.sum(twice(x))).startswith("its derivatives can not be recorded (the value of")
        assert "can not be recorded" in draw(np.sum(twice(x))).html()
    finally:
        del OPS[twice]


def test_an_array_that_was_changed_since_can_not_be_touched() -> None:
    a = np.ones(3)
    J = np.sum(ag.Tensor(np.ones(3), requires_grad=True) * a)
    a[0] = 5.0
    assert why(J) == "an array it was computed from was changed since"


def test_the_program_is_short_and_the_same_every_time() -> None:
    one, two = program(xnor_cost()), program(xnor_cost())
    assert (one.told, one.source) == (two.told, two.source)
    assert one.source.count("\n") < 150
    assert "const v1 = np.matmul(leaf[" in one.source
