"""No name can break a picture, and every number is short."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_mini as ag
from autograd_mini.drawing import Picture, draw
from autograd_mini.drawing.labels import clean, metadata, rows
from autograd_mini.drawing.model import Diagram, Edge, Vertex
from autograd_mini.drawing.neurons import network_diagram
from autograd_mini.drawing.picture import EXPORTERS
from autograd_mini.drawing.svg import to_svg
from tests.drawn import HOSTILE, SVG, texts


@settings(max_examples=40)
@given(st.lists(st.text(max_size=80) | st.sampled_from(HOSTILE), min_size=6, max_size=6))
def test_no_name_can_break_dot_or_svg(names: list[str]) -> None:
    x = ag.Tensor(1.0, requires_grad=True, name=names[0])
    c = ag.Tensor([1.0, 2.0], name=names[1])
    with ag.scope(names[2]), ag.scope(names[3]):
        y = x * c
        y.name = names[4]
        J = np.sum(y)
        J.name = names[5]
    picture = draw(J)
    for svg in (picture.svg(), to_svg(picture.diagram)):
        shown = texts(svg)
        for name in names:
            assert any(clean(name).strip() in text for text in shown)
        assert not list(ET.fromstring(svg).iter(f"{SVG}script"))
    edges = [g for g in ET.fromstring(picture.svg()).iter(f"{SVG}g") if g.get("class") == "edge"]
    assert len(edges) == len(picture.diagram.edges)
    picture.text.encode()


@pytest.mark.filterwarnings("ignore:no font here draws:RuntimeWarning")
@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_name_survives_every_place_and_format(name: str, tmp_path: Path) -> None:
    diagram = Diagram(
        (
            Vertex("a", "operation", name, (name,), (name,), (name,), (name,)),
            Vertex("b", "fold", name, (name, name), (name,), (name,), (name, name)),
        ),
        (Edge("a", "b", name),),
        name,
    )
    across = network_diagram({1: np.ones((1, 2))}, {1: np.ones(1)}, [name, name])
    for drawn in (diagram, across):
        picture = Picture(drawn)
        for svg in (picture.svg(), to_svg(drawn)):
            assert any(clean(name).strip() in text for text in texts(svg))
        for suffix in EXPORTERS:
            assert picture.save(tmp_path / f"f{suffix}").stat().st_size > 0


@given(st.text() | st.sampled_from(HOSTILE), st.integers(4, 60))
def test_a_clean_text_is_one_short_printable_line(text: str, limit: int) -> None:
    cleaned = clean(text, limit)
    assert cleaned.isprintable()
    assert len(cleaned) <= 10 * limit  # an escape such as \U000e0001 stands for one character
    if text.isprintable() and len(text) <= limit:
        assert cleaned == text


def test_an_object_is_named_by_its_type_and_not_its_address() -> None:
    assert rows(np.array([object(), None])) == ("object  NoneType",)
    assert metadata({"f": object(), "g": [object()]}) == ("f=object", "g=(object,)")


# The listing


def test_the_listing_names_scopes_and_tells_namesakes_apart() -> None:
    a, b = (ag.Tensor(v, requires_grad=True, name="w") for v in (1.0, 2.0))
    with ag.scope("layer 2"), ag.scope("inner"):
        y = a * b
    y.name = "y"
    assert draw(np.sin(y)).text.splitlines()[:6] == [
        "w = parameter   () float64   1   grad -0.8323",
        "w#n1 = parameter   () float64   2   grad -0.4161",
        "[layer 2 / inner]",
        "    y = multiply(w, w#n1)   () float64   2   grad -0.4161",
        "[]",
        "n3 = sin(y)   () float64   0.9093   grad 1",
    ]


def test_the_listing_of_a_gate_has_its_weights() -> None:
    assert "  AND = output unit(-30·+1, 20·x1, 20·x2)" in draw(ag.nn.gates.AND).text


# Numbers


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.array([[1.0, -2.5], [10.0, 0.333333]]), (" 1    -2.5", "10  0.3333")),
        (np.array([True, False]), ("True  False",)),
        (np.array(1 + 2j), ("1+2j",)),
        (np.zeros((0, 3)), ("empty",)),
        (np.float32(0.1), ("0.1",)),
        (np.full((9, 9), 7.0), ("all 7",)),
        (np.full((9, 9), np.nan), ("no finite entry",)),
        (np.array([[np.inf, 1.0, 3.0]] * 9), ("1 to 3, mean 2, 9 not finite",)),
        (np.array([["a"] * 9] * 9), ("81 entries",)),
        (-0.0, ("0",)),
    ],
)
def test_a_value_is_written_in_full_or_by_its_range(value: Any, expected: tuple[str, ...]) -> None:
    assert rows(value) == expected
