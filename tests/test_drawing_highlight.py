"""Explanations in the drawing: the ways of one number lit, with the local derivatives on them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_mini as ag
from autograd_mini.drawing import Picture, from_json
from autograd_mini.drawing.highlight import _told
from autograd_mini.drawing.jsons import to_json
from autograd_mini.drawing.picture import EXPORTERS
from autograd_mini.drawing.style import LIT
from autograd_mini.graph import walk
from autograd_mini.tensor import tensor_of
from tests.drawn import HOSTILE, each_engine, graphs, texts, xnor_cost


def lit(picture: Picture) -> tuple[set[str], dict[tuple[str, str], str]]:
    """The keys that are lit, and what is written on the lit edges."""
    diagram = picture.diagram
    keys = {v.key for v in diagram.vertices if v.mark == "active"}
    return keys, {(e.source, e.target): e.derivative for e in diagram.edges if e.mark == "active"}


def named(picture: Picture) -> set[str]:
    return {v.name for v in picture.diagram.vertices if v.mark == "active" and v.name}


def test_the_ways_of_a_leaf_are_lit_and_no_other() -> None:
    x = ag.Tensor(3.0, requires_grad=True, name="x")
    w = ag.Tensor(-1.0, requires_grad=True, name="w")
    y = np.sin(w)
    y.name = "y"
    J = x * x * 0.5 + y
    J.name = "J"
    picture = ag.explain(J, wrt=x).draw()
    assert named(picture) == {"x", "multiply", "add", "J"}
    assert sorted(label for label in lit(picture)[1].values() if label) == ["×0.5", "×1", "×3"]
    assert "∂J/∂x = 3   at x = 3" in picture.diagram.caption
    plain = ag.draw(J).diagram
    assert [v.key for v in plain.vertices] == [v.key for v in picture.diagram.vertices]
    assert named(ag.explain(J, wrt=y).draw()) == {"y", "add", "J"}
    assert not any(v.mark for v in plain.vertices)


def test_each_argument_has_its_own_derivative() -> None:
    x = ag.Tensor(5.0, requires_grad=True, name="x")
    labels = [
        e.derivative for e in ag.explain(x - x, wrt=x).draw().diagram.edges if e.source == "n0"
    ]
    assert labels == ["×1", "×-1"]


@given(graphs())
def test_what_is_lit_is_what_lies_between(J: ag.Tensor) -> None:
    """Every lit vertex is reached by a lit way from the start and has one on to J."""
    if not J.requires_grad:
        return
    J = np.sum(J)
    leaves = [node for node in walk(J.node) if node.op is None and node.tracked]
    why = ag.explain(J, wrt=tensor_of(leaves[0]))
    picture = why.draw(budget=None)
    keys, edges = lit(picture)
    assert bool(keys) == (why.count > 0)
    sources, targets = {a for a, _ in edges}, {b for _, b in edges}
    assert len(keys - targets) <= 1
    assert len(keys - sources) <= 1
    assert sources | targets == keys or not edges
    assert from_json(to_json(picture.diagram)) == picture.diagram


def test_a_weight_is_lit_with_its_two_factors_and_lambda() -> None:
    J = xnor_cost()
    why = ag.explain(J, weight=(2, 1, 1))
    picture = why.draw()
    edges = lit(picture)[1]
    vertices = {v.key: v for v in picture.diagram.vertices}
    theta, z = (next(k for k, v in vertices.items() if v.name == n) for n in ("theta2", "z3"))
    first = edges[theta, f"{z}_op"]
    most = np.argsort(-np.abs(why.terms), kind="stable")[:3]
    assert first == _told(why.strength[most].tolist()), "a_j of the examples that do most"
    square = next(b for (a, b) in edges if a == theta and vertices[b].name in ("square", "power"))
    assert edges[theta, square] == "×40", "2Θ: the way of λ"
    assert {"theta2", "z3", "multiply"} <= named(picture)
    assert not {"theta1", "bias1", "a2", "z2"} & named(picture)
    bias = ag.explain(J, weight=(2, 1, 0)).draw()
    assert {"bias2", "z3"} <= named(bias)
    assert not {"square", "power", "theta2"} & named(bias), "no λ for a bias"


@pytest.mark.parametrize(
    ("unit", "names"),
    [((1, 2), {"a1", "z2", "a2", "z3"}), ((2, 1), {"z2", "a2", "z3"}), ((3, 1), {"z3"})],
)
def test_a_unit_is_lit_from_its_z_on(unit: tuple[int, int], names: set[str]) -> None:
    picture = ag.explain(xnor_cost(), unit=unit).draw()
    known = {"a1", "z2", "a2", "z3", "theta1", "theta2", "bias1", "bias2"}
    assert named(picture) & known == names
    if unit == (2, 1):
        labels = {e.derivative for e in picture.diagram.edges if e.mark}
        assert "×20" in labels, "Θ_11 of layer 2"


def test_large_networks_are_folded_and_lit() -> None:
    net = ag.nn.Network([8] * 20, seed=0)
    X = np.random.default_rng(0).normal(size=(30, 8))
    J = ag.nn.quadratic_cost(net, X, np.zeros((30, 8)))
    picture = ag.explain(J, weight=(3, 1, 2)).draw(budget=20)
    assert len(picture.diagram.vertices) <= 2 * 20
    assert any(v.mark and v.kind == "fold" for v in picture.diagram.vertices)
    assert " given" in picture.html(), "the page's script lights what is marked"


def test_the_page_of_an_explanation_holds_its_numbers_still() -> None:
    """What is told of one gradient is not true of another: nothing can be dragged there."""
    J = xnor_cost()
    assert "const recorded =" in ag.draw(J).html()
    page = ag.explain(J, unit=(2, 1)).draw().html()
    assert "const recorded =" not in page
    assert '"mark":"active"' in page


def test_told_in_a_few_characters() -> None:
    assert _told([]) == ""
    assert _told([-0.25, 4.0]) == "×-0.25, 4"
    assert _told([float(k) for k in range(100)]) == "×0 … 99"


@each_engine
def test_every_format_and_theme(
    engine: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AUTOGRAD_MINI_DOT", engine)
    picture = ag.explain(xnor_cost(), unit=(2, 1)).draw(theme="dark", fields=("name", "value"))
    for suffix in EXPORTERS:
        if not engine or suffix not in (".png", ".pdf"):
            assert picture.save(tmp_path / f"why{suffix}").stat().st_size > 100
    told = texts(picture.svg())
    assert any("×20" in text for text in told)
    assert LIT not in picture.svg(), "dark"
    assert picture.svg() == ag.explain(xnor_cost(), unit=(2, 1)).draw(
        theme="dark", fields=("name", "value")
    ).svg()  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_escaped(name: str) -> None:
    x = ag.Tensor(2.0, requires_grad=True, name=name)
    picture = ag.explain(x * x, wrt=x).draw()
    assert texts(picture.svg())
    assert picture.html().count("<script") == 2


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=8))
def test_any_numbers_are_told(numbers: list[float]) -> None:
    assert len(_told(numbers)) < 40
