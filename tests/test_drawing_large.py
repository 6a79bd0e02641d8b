"""Graphs too large to read, folded to a budget."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_mini as ag
from autograd_mini.drawing import draw
from autograd_mini.drawing.fold import SMALLEST_BUDGET, fold, inside
from autograd_mini.drawing.svg import to_svg
from autograd_mini.elements import is_elementwise
from autograd_mini.graph import walk
from autograd_mini.op import OPS, find_op
from tests.drawn import arriving, chain, graphs, texts, vertex


@settings(max_examples=60)
@given(graphs(most=150), st.integers(SMALLEST_BUDGET, 60))
def test_folding_keeps_the_budget_and_loses_no_node(J: ag.Tensor, budget: int) -> None:
    order = walk(J.node)
    units = fold(order, [J.node], budget)
    assert len(units) <= budget
    assert sorted(n.number for unit in units for n in unit.nodes) == [n.number for n in order]
    if len(order) <= budget:
        assert not any(unit.folded for unit in units)
    else:
        assert units[-1].nodes == (J.node,), "the output stays itself"
    made = {node: i for i, unit in enumerate(units) for node in unit.nodes}
    for node in order:
        assert all(made[parent] <= made[node] for parent in node.inputs)


def test_a_run_becomes_times_n() -> None:
    picture = draw(chain(1_000))
    run = vertex(picture, "×999")
    assert run.kind == "fold"
    assert run.notes[:2] == ("999 operations", "tanh")
    assert len(picture.diagram.vertices) == 4
    assert picture.diagram.caption.startswith("1,001 recorded nodes, folded to 3")
    assert "folded to 3" in texts(picture.svg())[0]


def test_three_repeats_are_a_run_and_two_are_none() -> None:
    x: Any = ag.Tensor(0.5, requires_grad=True, name="x")
    for function in (np.tanh, np.tanh, np.tanh, np.sin, np.cos, np.cos, np.square, np.abs, np.exp):
        x = function(x)
    assert [v.name for v in draw(x, budget=8).diagram.vertices if v.kind == "fold"] == ["×3"]


def test_a_graph_of_exactly_the_budget_is_drawn_in_full() -> None:
    assert not any(v.kind == "fold" for v in draw(chain(19), budget=20).diagram.vertices)
    assert any(v.kind == "fold" for v in draw(chain(20), budget=20).diagram.vertices)


def test_a_few_outputs_stay_themselves() -> None:
    x = chain(100)
    outputs = [np.sin(x), np.cos(x), np.exp(x)]
    kinds = [v.kind for v in draw(outputs, budget=24).diagram.vertices]
    assert kinds.count("output") == 3
    many = draw([np.sin(x) for _ in range(100)], budget=24)
    assert [v.name for v in many.diagram.vertices if v.kind == "fold"] == ["×100", "×100"]


def test_more_leaves_than_the_budget_are_one_in_the_end() -> None:
    leaves = [ag.Tensor(0.1 * i, requires_grad=True, name=f"w{i}") for i in range(200)]
    rng = np.random.default_rng(0)
    J: Any = 0.0
    for _ in range(5):
        for i in rng.permutation(200):
            J = [np.tanh, np.sin, np.cos][rng.integers(3)](J) * leaves[i] + J
    units = [v for v in draw(J).diagram.vertices if v.kind != "operation"]
    assert len(units) <= 60
    assert any(v.notes[0].endswith("parameters") for v in units if v.kind == "fold")


def test_a_run_of_blocks_becomes_times_n() -> None:
    x = ag.Tensor(0.5, requires_grad=True, name="x")
    w = ag.Tensor(0.5, requires_grad=True, name="w")
    for _ in range(100):
        x = np.tanh(x * w + 1.0)
    picture = draw(x * 3.0)
    run = vertex(picture, "×100")
    assert run.notes[:2] == ("300 operations, 100 constants", "multiply, add, tanh")
    assert {e.source for e in arriving(picture, run.key)} == {
        vertex(picture, "x").key,
        vertex(picture, "w").key,
    }


def test_scopes_collapse_the_inner_ones_first_and_like_ones_together() -> None:
    x: Any = ag.Tensor(np.ones(3), requires_grad=True, name="x")
    for i in range(80):
        with ag.scope(f"block {i // 10}"), ag.scope(f"layer {i}"):
            x = np.sin(np.tanh(x) * 2.0)
    picture = draw(np.sum(x))
    runs = [v for v in picture.diagram.vertices if v.kind == "fold"]
    assert [(v.name, v.scope) for v in runs] == [("×10", (f"block {k}",)) for k in range(8)]
    assert runs[0].notes[1] == "layer 0, …, layer 9"
    (everything,) = [v for v in draw(np.sum(x), budget=8).diagram.vertices if v.kind == "fold"]
    assert (everything.name, everything.notes[1]) == ("×8", "block 0, …, block 7")


def test_the_last_value_of_what_is_folded_is_shown() -> None:
    last = chain(100)
    run = vertex(draw(np.exp(last)), "×100")
    assert run.value == (f"{last.item():.4g}",)
    assert run.notes[-1] == "last: () float64"
    assert run.gradient == (f"{np.exp(last.item()):.4g}",)


def test_many_leaves_of_one_use_are_one() -> None:
    net = ag.nn.Network([4, *[5] * 30, 2], seed=0, activation="tanh")
    J = ag.nn.logistic_cost(net, np.ones((3, 4)), np.array([0, 1, 0]), lam=1.0)
    picture = draw(J)
    lumped = [v for v in picture.diagram.vertices if v.kind == "fold" and not v.name]
    assert [v.notes for v in lumped] == [
        ("30 parameters", "theta1, theta2, theta3, theta4, theta5, …")
    ]


def test_structure_without_repeats_is_cut_evenly() -> None:
    rng = np.random.default_rng(0)
    made: list[Any] = [ag.Tensor(0.1 * i, requires_grad=True) for i in range(200)]
    functions = [np.tanh, np.sin, np.cos, np.abs]
    for _ in range(3_000):
        a, b = rng.integers(0, len(made), 2)
        made.append(functions[rng.integers(4)](made[a]) * 0.5 + np.tanh(made[b]))
    picture = draw([np.sin(made[-1]), np.cos(made[-2]), np.square(made[-3])])
    kinds = [v.kind for v in picture.diagram.vertices if v.kind != "operation"]
    assert len(kinds) <= 60
    assert kinds.count("output") == 3
    assert picture.svg()


@pytest.mark.parametrize("build", ["chain", "sum"])
def test_a_hundred_thousand_nodes_are_drawn(build: str) -> None:
    if build == "chain":
        J = chain(100_000)
    else:
        J = ag.Tensor(0.0, requires_grad=True)
        for i in range(50_000):
            J = J + ag.Tensor(float(i), requires_grad=True, name=f"w{i}")
    picture = draw(J)
    assert texts(picture.svg())
    assert len(picture.diagram.vertices) < 10


def test_every_node_can_be_written_however_deep_the_graph() -> None:
    picture = draw(chain(10_000), budget=None)
    assert picture.dot.count('label="tanh"') == picture.text.count("= tanh(") == 10_000


def test_too_many_shapes_are_refused_with_the_way_out(tmp_path: Path) -> None:
    picture = draw(chain(3_000), budget=None)
    with pytest.raises(ValueError, match=r"6,001 shapes are too many.*2,000.*budget=60"):
        picture.svg()
    assert picture.save(tmp_path / "all.dot").stat().st_size > 100_000


def test_the_built_in_layout_is_quick_and_not_recursive() -> None:
    assert len(texts(to_svg(draw(chain(4_000), budget=None).diagram))) > 8_000


@settings(max_examples=40)
@given(graphs(most=150), st.integers(2, 20))
def test_what_is_folded_is_inside_whole_and_in_order(J: ag.Tensor, most: int) -> None:
    order = walk(J.node)
    waiting = fold(order, [J.node], SMALLEST_BUDGET)
    found = []
    while waiting:
        unit = waiting.pop(0)
        parts = inside(unit, most) if unit.folded else []
        assert not unit.folded or 1 <= len(parts) <= 2 * most + 1
        waiting[:0] = parts
        found += [] if unit.folded else [unit.nodes[0]]
    assert sorted(n.number for n in found) == [n.number for n in order]
    made = {node: index for index, node in enumerate(found)}
    assert all(made[parent] < made[node] for node in found for parent in node.inputs)


# Chains of elementwise operations


def test_chains_of_elementwise_operations_merge_before_scopes_do() -> None:
    x: Any = ag.Tensor(np.ones((2, 3)), requires_grad=True, name="x")
    for layer in range(6):
        with ag.scope(f"layer {layer}"):
            W = ag.Tensor(np.full((3, 3), 0.1 + layer), requires_grad=True, name=f"W{layer}")
            x = np.tanh(np.sin(x @ W) * 0.5 - 1.0)
    J = np.sum(x)
    diagram = draw(J, budget=30).diagram
    merged = [v for v in diagram.vertices if v.name == "elementwise"]
    assert [v.scope for v in merged] == [(f"layer {k}",) for k in range(6)]
    assert {v.notes[:2] for v in merged} == {
        ("4 operations, 2 constants", "sin, multiply, subtract, tanh")
    }
    assert sum(v.name == "matmul" for v in diagram.vertices) == 6
    assert not any(v.name == "elementwise" for v in draw(J, budget=60).diagram.vertices)


def test_a_value_used_twice_ends_a_chain_and_an_output_is_in_none() -> None:
    x: Any = ag.Tensor(np.ones(3), requires_grad=True, name="x")
    y = np.exp(np.sin(x))
    others = [f(y).node for f in (np.square, np.negative)]  # the first to use y is elementwise
    output = np.cos(np.sum(y * np.sum(y), axis=None, keepdims=True))
    units = fold(walk(output.node, *others), [output.node], SMALLEST_BUDGET)
    merged = [[n.op.name for n in u.nodes if n.op] for u in units if u.name == "elementwise"]
    assert merged == [["sin", "exp"]]
    assert (output.node,) in [unit.nodes for unit in units]


def test_what_is_called_elementwise_is() -> None:
    """A change of one element of an argument changes that element of the result alone."""
    special = pytest.importorskip("scipy.special")
    find_op(len)  # which no chapter knows: all have been read then
    for name in [key for key in [*OPS] if isinstance(key, str) and "special" in key]:
        find_op(getattr(special, name.rpartition(".")[2]))
    elementwise = [op for op in {*OPS.values()} if any(op.rules) and is_elementwise(op)]
    assert len(elementwise) > 60
    for op in elementwise:
        domain = (1.2, 1.8) if op.name == "arccosh" else (0.2, 0.8)
        rng = np.random.default_rng(0)
        given: list[Any] = [rng.uniform(*domain, 5) for _ in range(op.arity)]
        extra = {"dtype": np.dtype(np.float32)} if op.name == "astype" else {}
        if op.name in ("where", "ldexp"):
            flags = 0 if op.name == "where" else 1
            given[flags] = (given[flags] > 0.5).astype(bool if op.name == "where" else int)
        with np.errstate(all="ignore"):
            before = np.asarray(op.compute(*given, **extra))
            for k in range(op.arity):
                if given[k].dtype.kind != "f":
                    continue
                changed = [array.copy() for array in given]
                changed[k][2] += 0.05
                same = np.equal(np.asarray(op.compute(*changed, **extra)), before)
                assert same.shape == (5,), op
                assert same[[0, 1, 3, 4]].all(), op


def test_depth_closes_the_scopes_below_it() -> None:
    x = ag.Tensor(0.5, requires_grad=True, name="x")
    with ag.scope("outer"):
        y: Any = np.sin(x) * 2.0
        with ag.scope("inner"):
            y = np.tanh(np.exp(y))
        y = y + 1.0
    J = y * y
    whole, one, none = (draw(J, depth=depth).diagram for depth in (None, 1, 0))
    assert draw(J, depth=2).diagram == whole
    assert [v.name for v in one.vertices if v.kind == "fold"] == ["inner"]
    assert [v.name for v in none.vertices if v.kind == "fold"] == ["outer"]
    assert none.vertices[0].name == "x", "a parameter stays"
    assert {v.scope for v in one.vertices} == {(), ("outer",)}
    (fold,) = [v for v in none.vertices if v.kind == "fold"]
    assert fold.gradient == [v for v in whole.vertices if v.kind == "value"][-1].gradient
    assert draw(J, depth=0, budget=None).diagram == none
    assert "exp" in draw(J, depth=0).html()
    with pytest.raises(ValueError, match="depth=-1; give 0 or more"):
        draw(J, depth=-1)


@given(graphs(), st.integers(0, 2))
def test_any_graph_at_any_depth_stays_in_order(J: ag.Tensor, depth: int) -> None:
    diagram = draw(J, depth=depth, budget=None).diagram
    assert all(len(v.scope) <= depth for v in diagram.vertices if v.kind == "fold")
    place = {v.key: k for k, v in enumerate(diagram.vertices)}
    assert all(place[e.source] < place[e.target] for e in diagram.edges)
    outputs = [v for v in diagram.vertices if v.kind == "output"]
    assert len(outputs) <= 1
