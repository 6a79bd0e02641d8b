"""Networks as the course draws them: units, bias units, weights on the edges."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from itertools import pairwise

import numpy as np
import pytest

import autograd_mini as ag
from autograd_mini.drawing import Picture, draw
from autograd_mini.drawing.neurons import MOST_LABELS, MOST_UNITS, network_diagram
from tests.drawn import SVG, each_engine, texts


def labels(picture: Picture) -> dict[tuple[str, str], str]:
    """The weight on each connection, by the names of its ends (with the layer of a bias)."""
    names = {v.key: f"{v.name} of {v.scope[0]}" for v in picture.diagram.vertices}
    return {(names[e.source], names[e.target]): e.label for e in picture.diagram.edges}


def test_a_gate_is_drawn_with_the_notes_numbers() -> None:
    picture = draw(ag.nn.gates.AND)
    assert labels(picture) == {
        ("+1 of layer 1", "AND of layer 2"): "-30",
        ("x1 of layer 1", "AND of layer 2"): "20",
        ("x2 of layer 1", "AND of layer 2"): "20",
    }
    assert {"+1", "x1", "x2", "AND", "-30", "20"} <= set(texts(picture.svg()))
    assert ">-30</FONT>" in picture.dot
    assert picture.dot.count('style="filled,dashed"') == 1, "the bias unit, also without colour"
    assert picture.dot.count('style="dashed"') == 1, "the negative weight, also without colour"


@each_engine
def test_xnor_is_or_of_and_and_nor(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOGRAD_MINI_DOT", engine)
    picture = draw(ag.nn.gates.from_expression("(a and b) or not (a or b)"))
    assert labels(picture) == {
        ("+1 of layer 1", "AND of layer 2"): "-30",
        ("a of layer 1", "AND of layer 2"): "20",
        ("b of layer 1", "AND of layer 2"): "20",
        ("+1 of layer 1", "NOR of layer 2"): "10",
        ("a of layer 1", "NOR of layer 2"): "-20",
        ("b of layer 1", "NOR of layer 2"): "-20",
        ("+1 of layer 2", "OR of layer 3"): "-10",
        ("AND of layer 2", "OR of layer 3"): "20",
        ("NOR of layer 2", "OR of layer 3"): "20",
    }
    shown = texts(picture.svg())
    assert [shown.count(weight) for weight in ("-30", "-20", "-10", "10", "20")] == [1, 2, 1, 1, 4]


def test_a_network_shows_units_signs_and_named_inputs() -> None:
    net = ag.nn.Network.from_theta([np.array([[0.5, -2.0, 1.0]])])
    picture = draw(net, inputs=["height", "weight"])
    assert [v.name for v in picture.diagram.vertices] == ["+1", "height", "weight", "h"]
    assert [e.strength for e in picture.diagram.edges] == [0.25, -1.0, 0.5]
    with pytest.raises(ValueError, match=r"inputs has 1 name\(s\).*2 input\(s\)"):
        draw(net, inputs=["height"])


@each_engine
def test_a_wide_layer_says_how_many_more_there_are(
    engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTOGRAD_MINI_DOT", engine)
    picture = draw(ag.nn.Network([64, 25, 10], seed=0))
    more = [v.name for v in picture.diagram.vertices if v.kind == "more"]
    assert more == ["… 59 more", "… 20 more", "… 5 more"]
    shown = [v for v in picture.diagram.vertices if v.kind in ("input", "unit", "output unit")]
    assert len(shown) == 3 * (MOST_UNITS - 1)
    assert len(picture.diagram.edges) > MOST_LABELS
    assert not any(e.label for e in picture.diagram.edges)
    assert set(more) <= set(texts(picture.svg()))


def test_a_weight_of_zero_connects_nothing() -> None:
    zeros = network_diagram({1: np.zeros((2, 2))}, {1: np.zeros(2)})
    assert [(e.source, e.strength) for e in zeros.edges] == [("b1", 0.0), ("b1", 0.0)]
    assert texts(Picture(zeros).svg())


@each_engine
def test_the_units_of_a_layer_stand_in_their_order(
    engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTOGRAD_MINI_DOT", engine)
    svg = ET.fromstring(draw(ag.nn.Network([3, 4, 2], seed=1)).svg())
    height = {"".join(e.itertext()): float(e.get("y", 0)) for e in svg.iter(f"{SVG}text")}
    for column in (["x1", "x2", "x3"], ["a1", "a2", "a3", "a4"], ["h1", "h2"]):
        assert all(height[above] < height[below] for above, below in pairwise(column))
