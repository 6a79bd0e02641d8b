"""Where things are drawn, and that they can be read there."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.ft2font import FT2Font

import autograd_mini as ag
from autograd_mini.drawing import draw
from autograd_mini.drawing.labels import Line, lines, plain_width, text_width
from autograd_mini.drawing.layered import plan
from autograd_mini.drawing.model import Vertex
from autograd_mini.drawing.svg import to_svg
from tests.drawn import HOSTILE, SVG, chain, each_engine, graphs, xnor_cost


@settings(max_examples=60)
@given(graphs())
def test_the_built_in_layout_overlaps_nothing_and_flows_down(J: ag.Tensor) -> None:
    diagram = draw(J).diagram
    laid = plan(diagram)
    boxes = list(laid.boxes.values())
    for i, one in enumerate(boxes):
        for other in boxes[:i]:
            apart = max(one[0] - other[2], other[0] - one[2], one[1] - other[3], other[1] - one[3])
            assert apart >= 0
    for edge in diagram.edges:
        assert laid.boxes[edge.source][3] < laid.boxes[edge.target][1]
    scope = {v.key: v.scope for v in diagram.vertices}
    for path, frame in laid.frames.items():
        for key, box in laid.boxes.items():
            inside = (
                frame[0] <= box[0]
                and frame[1] <= box[1]
                and box[2] <= frame[2]
                and box[3] <= frame[3]
            )
            assert inside == (scope[key][: len(path)] == path)


@pytest.mark.parametrize("layers", [[2, 2, 1], [2, 3, 1], [3, 3, 1], [3, 4, 1]])
def test_weights_of_a_small_network_do_not_lie_on_one_another(layers: list[int]) -> None:
    laid = plan(draw(ag.nn.Network(layers, seed=1)).diagram)
    spots = laid.labels()
    half = [0.5 * plain_width(route.edge.label, 8) for route in laid.routes]
    for i, (x, y) in enumerate(spots):
        for j, (u, v) in enumerate(spots[:i]):
            assert abs(x - u) >= half[i] + half[j] or abs(y - v) > 10


def test_a_source_is_drawn_just_before_its_first_user() -> None:
    diagram = draw(chain(10) * 2.0).diagram
    laid = plan(diagram)
    (constant,) = [v.key for v in diagram.vertices if v.kind == "constant"]
    (multiply,) = [v.key for v in diagram.vertices if v.name == "multiply"]
    assert laid.places[constant].rank == laid.places[multiply].rank - 1


LETTERS = [chr(i) for i in range(32, 127)] + list("αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΦΨΩ∂∇×·→…—éü")


def dejavu(file: str) -> Callable[[str], float]:
    """How wide DejaVu, the widest of the fonts an SVG falls back to, draws a text of size one."""
    font = FT2Font(Path(mpl.get_data_path()) / "fonts" / "ttf" / file)
    font.set_size(100, 72)
    return lambda text: sum(font.load_char(ord(c)).linearHoriAdvance / 6_553_600 for c in text)


@pytest.mark.parametrize(
    ("role", "file", "size"),
    [
        ("note", "DejaVuSans.ttf", 9),
        ("title", "DejaVuSans-Bold.ttf", 12),
        ("value", "DejaVuSansMono.ttf", 10),
    ],
)
def test_no_letter_is_wider_than_it_is_taken_for(role: Any, file: str, size: float) -> None:
    width = dejavu(file)
    for letter in LETTERS:
        assert size * width(letter) <= text_width(Line(role, letter)) + 1e-6, letter


def test_texts_stay_in_their_boxes_in_another_font() -> None:
    """Graphviz measures with Helvetica; a browser without it draws DejaVu."""
    sans, bold = dejavu("DejaVuSans.ttf"), dejavu("DejaVuSans-Bold.ttf")
    mono = dejavu("DejaVuSansMono.ttf")
    nodes = [
        g
        for g in ET.fromstring(draw(xnor_cost()).svg()).iter(f"{SVG}g")
        if g.get("class") == "node"
    ]
    checked = 0
    for node in nodes:
        right = _right_edge(node)
        for text in node.iter(f"{SVG}text"):
            written = "".join(text.itertext()).replace("\xa0", " ")
            courier = str(text.get("font-family")).startswith("Courier")
            measure = mono if courier else bold if text.get("font-weight") else sans
            wide = float(text.get("font-size", 0)) * measure(written)
            anchor = 0.5 if text.get("text-anchor") == "middle" else 1.0
            assert right is None or float(text.get("x", 0)) + anchor * wide <= right, written
            checked += right is not None
    assert checked > 50


def _right_edge(node: ET.Element) -> float | None:
    """Where a box or an ellipse ends; None for a plain text."""
    for path in node.iter(f"{SVG}path"):
        return max(float(x) for x in re.findall(r"(-?[\d.]+),", path.get("d", "")))
    for ellipse in node.iter(f"{SVG}ellipse"):
        return float(ellipse.get("cx", 0)) + float(ellipse.get("rx", 0))
    return None


@settings(max_examples=40)
@given(graphs(), st.sampled_from(HOSTILE), st.sampled_from(HOSTILE))
def test_the_built_in_picture_holds_all_its_texts(J: Any, name: str, scope: str) -> None:
    with ag.scope(scope):
        J = J * 2.0
    J.name = name
    svg = ET.fromstring(to_svg(draw(J).diagram))
    left, top, wide, high = map(float, str(svg.get("viewBox")).split())
    for text in svg.iter(f"{SVG}text"):
        size, x, y = (float(text.get(key, "nan")) for key in ("font-size", "x", "y"))
        extent = plain_width("".join(text.itertext()), size)
        extent *= 0.5 if text.get("text-anchor") else 1.12 if text.get("font-weight") else 1.0
        courier = str(text.get("font-family")).startswith("Courier")
        assert left <= x
        assert courier or x + extent <= left + wide + 1
        assert top + size <= y <= top + high


@each_engine
def test_fonts_are_helvetica_in_dot_and_a_family_in_svg(
    engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTOGRAD_MINI_DOT", engine)
    picture = draw(xnor_cost())
    assert set(re.findall(r'fontname="([^"]*)"', picture.dot)) == {"Helvetica"}
    families = set(re.findall(r'font-family="([^"]*)"', picture.svg()))
    assert {family.split(",")[0] for family in families} == {"Helvetica", "Courier"}
    assert all("DejaVu Sans" in family for family in families)


def test_a_gradient_stands_beside_its_value_or_below_when_there_is_no_room() -> None:
    beside = lines(Vertex("a", "value", value=("1", "22"), gradient=("3", "4")))
    assert [(line.text, line.gradient) for line in beside] == [
        ("1   ", "grad 3"),
        ("22  ", "     4"),
    ]
    below = lines(Vertex("a", "value", value=("1" * 40,), gradient=("3",)))
    assert [(line.text, line.gradient) for line in below] == [("1" * 40, ""), ("", "grad 3")]
