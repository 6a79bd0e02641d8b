"""Rules as formulas, and what flows along each arrow."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_mini as ag
from autograd_mini.drawing import draw
from autograd_mini.drawing.cotangents import parts
from autograd_mini.drawing.formulas import formula, formulas
from autograd_mini.drawing.model import Diagram
from autograd_mini.drawing.notation import written
from autograd_mini.graph import walk
from autograd_mini.op import OPS
from autograd_mini.reverse import propagate
from tests.drawn import graphs, vertex, xnor_cost

MATRIX, ROW = np.ones((2, 2)), np.ones(2)


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (np.tanh, ("g · (1 − y²)",)),
        (ag.nn.sigmoid, ("g · y · (1 − y)",)),
        (np.exp, ("g · y",)),
        (np.reciprocal, ("−g · y²",)),
        (lambda x: x**2, ("a: g · 2 · a",)),
        (lambda x: x**3, ("a: g · b · a^(b − 1)",)),
        (lambda x: 2.0 / x, ("b: −g · y / b",)),
        (lambda x: x @ MATRIX, ("a: g @ bᵀ",)),
        (lambda x: MATRIX @ x, ("b: aᵀ @ g",)),
        (lambda x: x @ ROW, ("a: g[..., None] · b",)),
        (lambda x: np.maximum(x, 0.5), ("a: g · [a = y] − 0.5 · g · [a = b]",)),
        (lambda x: np.where(MATRIX > 0, x, 0.0), ("a: g where c, else 0",)),
        (lambda x: np.sum(x, axis=0), ("spread(g)",)),
        (lambda x: ag.nn.logsumexp(x, axis=0), ("softmax(x, axis) · expand_dims(g, axis)",)),
        (np.max, ("hit · spread(g / ties), hit = [x = spread(y)], ties = Σ(hit)",)),
        (
            lambda x: np.stack([x, x]),
            ("[g[(slice(None),) * (axis % y.ndim) + (k,)] for k in range(len(arrays))]",),
        ),
    ],
)
def test_a_rule_is_a_formula(function: Callable[..., Any], expected: tuple[str, ...]) -> None:
    x = ag.Tensor(np.full((2, 2), 0.7), requires_grad=True)
    assert formulas(function(x).node) == expected


def test_both_arguments_have_their_own() -> None:
    a, b = (ag.Tensor(value, requires_grad=True) for value in (2.0, 3.0))
    assert formulas((a / b).node) == ("a: g / b", "b: −g · y / b")
    assert formulas((a**b).node)[1].startswith("b: g · y · log(a where a > 0")


def test_what_has_no_rule_or_no_gradient_has_no_formula() -> None:
    x = ag.Tensor(2.0, requires_grad=True)
    assert formulas(x.node) == ()
    assert formulas(np.sin(ag.Tensor(1.0)).node) == ()


def test_rules_in_one_line_are_told_apart() -> None:
    both = [lambda g, y, x: g * x, lambda g, y, x: g - x]
    assert [formula(one) for one in both] == ["g · x", "g − x"]


def test_every_rule_has_a_formula_and_none_is_long() -> None:
    for op in OPS.values():
        for rule in op.rules:
            if rule is not None:
                text = formula(rule)
                assert text
                assert "\n" not in text
                assert "lambda" not in text


def test_a_rule_without_source_has_its_name() -> None:
    made: dict[str, Any] = {}
    exec(compile("rule = lambda g, y, x: g * 1j", "<nowhere>", "exec"), made)  # noqa: S102
    assert formula(made["rule"]) == "<lambda>(g, y, x)"
    assert formula(len) == "len"


CONDITIONS = ("x", "1.5", "a", "(a + b)", "(a - b)", "(a * b)", "(a / b)", "(-a)", "(a ** 2)")


@given(st.lists(st.sampled_from(["+", "-", "*", "/"]), min_size=1, max_size=4), st.data())
def test_a_formula_means_what_the_source_says(signs: list[str], data: st.DataObject) -> None:
    """Back in Python's signs, the formula has the source's value: no parenthesis is missing."""
    source = data.draw(st.sampled_from(CONDITIONS))
    for sign in signs:
        other = data.draw(st.sampled_from(CONDITIONS))
        pair = (
            f"{source} {sign} {other}" if data.draw(st.booleans()) else f"{other} {sign} {source}"
        )
        source = f"({pair})" if data.draw(st.booleans()) else pair
    text = written(ast.parse(source, mode="eval").body)
    for one, other in [("·", "*"), ("−", "-"), ("²", "**2"), ("³", "**3"), ("⁴", "**4")]:
        text = text.replace(one, other)
    for one in "⁵⁶⁷⁸⁹":
        text = text.replace(one, f"**{'⁰¹²³⁴⁵⁶⁷⁸⁹'.index(one)}")
    values = {"x": 1.25, "a": -0.75, "b": 3.5}
    try:
        expected = eval(source, {}, values)  # noqa: S307 - the text is made of the parts above
    except ZeroDivisionError:
        return
    assert eval(text, {}, values) == pytest.approx(expected, rel=1e-9)  # noqa: S307


# Cotangents


@settings(max_examples=40)
@given(graphs())
def test_what_arrives_at_a_value_is_the_sum_of_what_its_users_give(J: ag.Tensor) -> None:
    if not J.requires_grad:
        return
    order = walk(J.node)
    tracked = [node for node in order if node.tracked]
    found = propagate([J.node], [np.float64(1.0)], wrt=tracked)
    totals: dict[Any, Any] = {J.node: 1.0}
    for node in order:
        if node in found:
            for parent, part in zip(node.inputs, parts(node, found[node]), strict=False):
                if part is not None:
                    totals[parent] = totals.get(parent, 0.0) + part
    for node, gradient in found.items():
        assert np.asarray(totals[node]) == pytest.approx(np.asarray(gradient), rel=1e-9, abs=1e-12)


def test_every_arrow_of_the_backward_pass_has_its_cotangent() -> None:
    x = ag.Tensor(3.0, requires_grad=True, name="x")
    diagram = draw(x * x).diagram
    assert [e.cotangent for e in diagram.edges if e.target == "n1_op"] == [("3",), ("3",)]
    assert vertex(draw(x * x), "x").gradient == ("6",)
    (constant,) = [e for e in draw(x * 2.0).diagram.edges if e.label == "2"]
    assert constant.cotangent == ()


def test_an_index_and_a_piece_give_whole_arrays() -> None:
    x = ag.Tensor(np.arange(4.0), requires_grad=True, name="x")
    first, _ = np.split(x, 2)
    assert _into(draw(np.sum(x[1:3])).diagram, "get_item") == [("0  1  1  0",)]
    assert vertex(draw(np.sum(first)), "x").gradient == ("1  1  0  0",)


def _into(diagram: Diagram, name: str) -> list[tuple[str, ...]]:
    keys = [v.key for v in diagram.vertices if v.name == name]
    return [e.cotangent for e in diagram.edges if e.target in keys]


def test_a_fold_gives_its_arguments_what_all_in_it_give() -> None:
    w = ag.Tensor(0.9, requires_grad=True, name="w")
    x: Any = ag.Tensor(1.0, requires_grad=True, name="x")
    for _ in range(200):
        x = np.tanh(x * w)
    diagram = draw(x, budget=10).diagram
    assert any(v.kind == "fold" for v in diagram.vertices)
    for name in ("w", "x"):
        (leaf,) = [v for v in diagram.vertices if v.name == name]
        given = [float(row) for e in diagram.edges if e.source == leaf.key for row in e.cotangent]
        assert sum(given) == pytest.approx(float(leaf.gradient[0]), rel=1e-3)


def test_a_network_s_cost_has_a_cotangent_on_every_tracked_arrow() -> None:
    diagram = draw(xnor_cost()).diagram
    gradients = {v.key for v in diagram.vertices if v.gradient}
    operations = {v.key for v in diagram.vertices if v.kind == "operation"}
    for edge in diagram.edges:
        if edge.target in operations:
            assert bool(edge.cotangent) == (edge.source in gradients)
