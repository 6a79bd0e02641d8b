"""What is in a picture, the same every time."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_mini as ag
from autograd_mini.drawing import Picture, draw
from autograd_mini.drawing.fold import SMALLEST_BUDGET, fold
from autograd_mini.drawing.model import DEEPEST, Diagram, Vertex, nested
from autograd_mini.drawing.picture import EXPORTERS
from autograd_mini.drawing.style import STYLES
from autograd_mini.drawing.svg import to_svg
from autograd_mini.graph import walk
from tests.drawn import SVG, arriving, chain, graphs, logistic_regression, texts, vertex, xnor_cost


@settings(max_examples=60)
@given(graphs())
def test_every_recorded_node_appears_with_its_arguments_in_order(J: ag.Tensor) -> None:
    diagram = draw(J, budget=None).diagram
    nodes = walk(J.node)
    values = [v for v in diagram.vertices if v.kind != "operation"]
    operations = [v for v in diagram.vertices if v.kind == "operation"]
    assert len(values) == len(nodes)
    assert len(operations) == sum(node.op is not None for node in nodes)
    keys = _keys(J, diagram)
    for node in nodes:
        if node.op is None:
            continue
        (into_value,) = [e for e in diagram.edges if e.target == keys[node]]
        operation = next(v for v in operations if v.key == into_value.source)
        assert operation.name == node.op.name
        edges = [e for e in diagram.edges if e.target == operation.key]
        assert [e.source for e in edges] == [keys[parent] for parent in node.inputs]
        numbered = [str(n) for n in range(1, len(edges) + 1)] if len(edges) > 1 else [""]
        assert [e.label for e in edges] == numbered


def _keys(J: ag.Tensor, diagram: Diagram) -> dict[Any, str]:
    """The key of every node: `fold` without a budget gives the order of the vertices."""
    units = fold(walk(J.node), [J.node], None)
    values = [v.key for v in diagram.vertices if v.kind != "operation"]
    return {unit.nodes[0]: key for unit, key in zip(units, values, strict=True)}


@given(graphs(), st.none() | st.integers(SMALLEST_BUDGET, 40))
def test_every_arrow_points_forward(J: ag.Tensor, budget: int | None) -> None:
    diagram = draw(J, budget=budget).diagram
    place = {v.key: i for i, v in enumerate(diagram.vertices)}
    assert len(place) == len(diagram.vertices)
    assert all(place[e.source] < place[e.target] for e in diagram.edges)


def test_a_minus_b_is_not_b_minus_a() -> None:
    a, b = (ag.Tensor(v, requires_grad=True, name=n) for n, v in [("a", 1.0), ("b", 2.0)])
    picture = draw(b - a)
    into = arriving(picture, vertex(picture, "subtract").key)
    assert [(e.source, e.label) for e in into] == [
        (vertex(picture, "b").key, "1"),
        (vertex(picture, "a").key, "2"),
    ]
    assert picture.dot.count("headlabel=<1>") == picture.dot.count("headlabel=<2>") == 1


def test_a_node_used_twice_has_two_arrows() -> None:
    x = ag.Tensor(3.0, requires_grad=True, name="x")
    picture = draw(x * x)
    assert [e.label for e in arriving(picture, vertex(picture, "multiply").key)] == ["1", "2"]


def test_a_value_shows_name_shape_dtype_value_and_gradient() -> None:
    J = logistic_regression()
    picture = draw(J)
    theta = vertex(picture, "theta")
    assert (theta.kind, theta.shape, theta.dtype) == ("parameter", "(2, 1)", "float64")
    assert theta.value == (" 0.3", "-0.2")
    leaf = next(node for node in walk(J.node) if node.name == "theta")
    expected = ag.backprop(J, wrt=[_tensor(J, leaf)])[0]
    assert [float(row) for row in theta.gradient] == pytest.approx(expected.ravel(), rel=1e-3)
    assert vertex(picture, "J").kind == "output"
    assert vertex(picture, "J").gradient == ("1",)
    for text in ("theta", "(2, 1) float64", "-0.2", theta.gradient[1].strip()):
        assert text in picture.dot
        assert text in picture.text
        assert any(text in shown for shown in texts(picture.svg()))


def _tensor(J: ag.Tensor, node: Any) -> ag.Tensor:
    """Name a recorded node by a Tensor again."""
    found = object.__new__(type(J))
    found.node = node
    return found


def test_the_gradient_of_an_inner_value_is_shown() -> None:
    x = ag.Tensor(2.0, requires_grad=True)
    y = x * x
    y.name = "y"
    assert vertex(draw(np.sin(y)), "y").gradient == (f"{np.cos(4.0):.4g}",)


def test_constants_are_light_and_metadata_is_on_the_operation() -> None:
    x = ag.Tensor(np.ones((2, 3)), requires_grad=True)
    picture = draw(np.sum(x * 2.5, axis=0, keepdims=True))
    (constant,) = [v for v in picture.diagram.vertices if v.kind == "constant"]
    assert (constant.value, constant.notes, constant.gradient) == (("2.5",), (), ())
    assert STYLES["constant"].border == "none"
    assert vertex(picture, "sum").notes == ("axis=0", "keepdims=True")
    assert "axis=0" in picture.dot


def test_an_index_is_written_as_it_was() -> None:
    x = ag.Tensor(np.arange(6.0).reshape(2, 3), requires_grad=True)
    (operation,) = [v for v in draw(x[0, 1:]).diagram.vertices if v.kind == "operation"]
    assert "(0, 1:)" in operation.notes[0]


def test_gradients_are_for_one_scalar() -> None:
    x = ag.Tensor([1.0, 2.0], requires_grad=True, name="x")
    assert vertex(draw(x * 2.0), "x").gradient == ()
    assert vertex(draw([np.sum(x), np.sum(x * x)]), "x").gradient == ()
    assert vertex(draw(np.sum(x), gradients=False), "x").gradient == ()
    assert vertex(draw(np.sum(x)), "x").gradient == ("1  1",)
    assert vertex(draw(np.sum(x).detach() + 1.0), "") is not None


def test_a_complex_scalar_is_drawn_without_a_gradient() -> None:
    x: Any = ag.Tensor(1.0 + 2.0j, requires_grad=True, name="x")
    assert vertex(draw(x * x), "x").gradient == ()


def test_a_leaf_alone_is_a_picture() -> None:
    x = ag.Tensor(1.0, requires_grad=True, name="x")
    assert [v.kind for v in draw(x).diagram.vertices] == ["parameter"]
    assert [v.name for v in draw([x, ag.Tensor(2.0, name="c")]).diagram.vertices] == ["x", "c"]


def test_several_outputs_share_what_they_share() -> None:
    x = ag.Tensor(1.0, requires_grad=True, name="x")
    y = np.exp(x)
    picture = draw([np.sin(y), np.cos(y)])
    assert [v.name for v in picture.diagram.vertices if v.kind == "operation"] == [
        "exp",
        "sin",
        "cos",
    ]
    assert sum(v.kind == "output" for v in picture.diagram.vertices) == 2


def test_infinities_are_drawn_and_not_raised() -> None:
    x = ag.Tensor([0.0, 1.0], requires_grad=True, name="x")
    with np.errstate(all="ignore"):
        J = np.sum(np.log(x))
    picture = draw(J)
    assert vertex(picture, "x").gradient == ("inf  1",)
    assert any("-inf" in v.value[0] for v in picture.diagram.vertices if v.value)


def test_drawing_changes_nothing() -> None:
    x = ag.Tensor(2.0, requires_grad=True)
    J = x * x
    draw(J).svg()
    assert x.grad is None
    J.backward()
    assert x.grad == 4.0


def test_the_recorded_gradient_can_be_drawn() -> None:
    x = ag.Tensor(2.0, requires_grad=True, name="x")
    y: Any = np.sin(x)
    (g,) = ag.backprop(y, wrt=[x], record=True)
    picture = draw(g)
    assert "cos" in {v.name for v in picture.diagram.vertices}


# The same every time


def test_the_same_graph_gives_the_same_bytes() -> None:
    first, second = draw(logistic_regression()), draw(logistic_regression())
    for suffix in (".dot", ".txt", ".svg", ".png"):
        assert EXPORTERS[suffix](first.diagram) == EXPORTERS[suffix](second.diagram)
    assert to_svg(first.diagram) == to_svg(second.diagram)


def test_no_hash_and_no_address_is_in_the_text() -> None:
    program = (
        "import autograd_mini as ag, numpy as np\n"
        "net = ag.nn.Network([2, 3, 1], seed=0)\n"
        "J = ag.nn.logistic_cost(net, np.eye(2), np.ones(2), lam=1.0)\n"
        "for thing in (J, net, [J, J]):\n"
        "    for budget in (8, 60):\n"
        "        picture = ag.draw(thing, budget=budget)\n"
        "        print(ascii((picture.dot, picture.text)))\n"
    )
    root = Path(ag.__file__).parent.parent
    found = {
        subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            check=True,
            cwd=root,
            env=os.environ | {"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }
    (text,) = found
    assert not re.search(r"0x[0-9a-f]{6}", text)


# Scopes


def test_scopes_are_nested_clusters() -> None:
    x = ag.Tensor(1.0, requires_grad=True, name="x")
    with ag.scope("outer"):
        y = np.sin(x)
        with ag.scope("inner"):
            z = np.exp(y)
        J = z + y
    dot = draw(J).dot
    outer, inner = dot.index('"cluster_0"'), dot.index('"cluster_1"')
    assert outer < dot.index(">outer<") < dot.index('label="sin"') < inner
    assert inner < dot.index(">inner<") < dot.index('label="exp"')
    assert dot.index(">x</B>") < outer
    svg = ET.fromstring(draw(J).svg())
    assert sum(g.get("class") == "cluster" for g in svg.iter(f"{SVG}g")) == 2


def test_scopes_stand_in_the_order_they_were_entered() -> None:
    x: Any = ag.Tensor(1.0, requires_grad=True)
    for name in ("zeta", "alpha", "mu"):
        with ag.scope(name):
            x = np.sin(x)
    dot = draw(x).dot
    assert dot.index(">zeta<") < dot.index(">alpha<") < dot.index(">mu<")


def test_a_layer_is_a_cluster() -> None:
    dot = draw(xnor_cost()).dot
    assert [dot.count(f">{name}<") for name in ("layer 2", "layer 3", "cost")] == [1, 1, 1]


def test_very_deep_scopes_share_the_last_frame() -> None:
    deep = tuple(f"s{i}" for i in range(5_000))
    diagram = Diagram((Vertex("a", "value", scope=deep), Vertex("b", "value", scope=deep[:-1])), ())
    steps = [step for step, _, _ in nested(diagram)]
    assert steps == ["open"] * DEEPEST + ["vertex"] * 2 + ["close"] * DEEPEST
    for svg in (Picture(diagram).svg(), to_svg(diagram)):
        assert texts(svg)


# Wrong use


@pytest.mark.parametrize(
    ("thing", "message"),
    [
        (3.0, r"Tensor, a list of Tensors, a Network or a jitted function, got float"),
        (np.ones(3), r"got ndarray; a plain array has no history: compute on ag\.Tensor"),
        ([], r"list of Tensors, got an empty one"),
        ([ag.Tensor(1.0), 2.0], r"list of Tensors, got one with float; keep only the Tensors"),
    ],
)
def test_what_can_not_be_drawn_is_named(thing: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        draw(thing)


def test_a_budget_too_small_is_refused() -> None:
    with pytest.raises(ValueError, match=r"budget=3 is too small.*at least 8.*None"):
        draw(chain(3), budget=3)


@pytest.mark.parametrize("outputs", [1, 2])
def test_gradients_of_what_is_no_scalar_are_refused(outputs: int) -> None:
    x = ag.Tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(ValueError, match=rf"one tracked real scalar.*got {outputs} output.*\(2,\)"):
        draw([x * 2.0] * outputs, gradients=True)


def test_a_program_is_drawn_as_recorded_and_as_it_runs() -> None:
    jitted = ag.jit(ag.value_and_grad(ag.nn.logistic_cost))
    with pytest.raises(RuntimeError, match="call it first"):
        ag.draw(jitted)
    net = ag.nn.Network([2, 2, 1])
    jitted(net, np.eye(2), [1, 0])
    picture = ag.draw(jitted, budget=None)
    before, _, after = picture.text.partition("[as it runs")
    assert before.startswith("[as recorded")
    assert "identity(theta1)" in before
    assert "identity" not in after
    assert "z2_grad" in before
    assert "z2_grad" in after
    assert "identities: another name for x is x" in picture.text
    assert picture.svg() == ag.draw(jitted, budget=None).svg()
