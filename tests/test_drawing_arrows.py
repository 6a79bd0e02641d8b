"""Forward arrows, backward arrows with cotangents, or both, in every format; and the themes."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

import autograd_mini as ag
from autograd_mini.drawing import draw, from_json
from autograd_mini.drawing.arrows import prepared
from autograd_mini.drawing.frames import frames
from autograd_mini.drawing.jsons import to_json
from autograd_mini.drawing.mermaid import to_mermaid
from autograd_mini.drawing.model import Diagram, Edge
from autograd_mini.drawing.style import DARK, STYLES, outline
from autograd_mini.drawing.svg import to_svg
from autograd_mini.drawing.themes import themed_svg
from tests.drawn import SVG, chain, graphs, logistic_regression, texts, xnor_cost


def product() -> Any:
    x, w = (ag.Tensor(v, requires_grad=True, name=n) for v, n in ((3.0, "x"), (-0.5, "w")))
    J = np.tanh(x * w - 1.0)
    J.name = "J"
    return J


def ways(diagram: Diagram, way: str) -> list[Edge]:
    return [edge for edge in prepared(diagram).edges if edge.way == way]


@settings(max_examples=40)
@given(graphs())
def test_every_cotangent_flows_on_an_arrow_of_its_own(J: ag.Tensor) -> None:
    if not J.requires_grad:
        return
    diagram = draw(J, edges="both", budget=None).diagram
    drawn = prepared(diagram)
    told = {v.key: v.value for v in drawn.vertices if v.kind == "cotangent"}
    into = [e.source for e in drawn.edges if e.way == "line"]
    found = {(e.source, told[e.target]) for e in drawn.edges if e.target in told}
    assert found == {(e.source, e.cotangent) for e in diagram.edges if e.cotangent}
    assert len(told) == len(into) == sum(bool(e.cotangent) for e in diagram.edges)
    forward = [e for e in drawn.edges if e.way == "forward"]
    assert forward == list(diagram.edges)
    place = {v.key: i for i, v in enumerate(drawn.vertices)}
    assert all(place[e.source] < place[e.target] for e in drawn.edges)


@settings(max_examples=40)
@given(graphs())
def test_backward_alone_shows_what_a_cotangent_reaches_and_nothing_else(J: ag.Tensor) -> None:
    if not J.requires_grad:
        return
    drawn = prepared(draw(J, edges="backward", budget=None).diagram)
    assert all(edge.way != "forward" for edge in drawn.edges)
    assert all(v.gradient for v in drawn.vertices if v.kind not in ("operation", "cotangent"))
    ends = {key for edge in drawn.edges for key in (edge.source, edge.target)}
    assert ends == {v.key for v in drawn.vertices} or len(drawn.vertices) == 1


def test_the_numbers_on_the_arrows_are_the_rules() -> None:
    drawn = prepared(draw(product(), edges="both").diagram)
    slope = 1 - np.tanh(-2.5) ** 2
    told = [v.value[0] for v in drawn.vertices if v.kind == "cotangent"]
    assert told == [f"{slope * f:.4g}" for f in (-0.5, 3.0, 1.0, 1.0)]


def test_a_fold_gets_an_arrow_also_where_its_numbers_are_not_known() -> None:
    drawn = prepared(draw(chain(100), edges="backward").diagram)
    assert [v.kind for v in drawn.vertices].count("fold") == 1
    assert {e.source for e in drawn.edges} >= {"n0"}


@pytest.mark.parametrize("edges", ["forward", "backward", "both"])
def test_every_format_has_the_arrows_that_were_asked_for(edges: Any) -> None:
    picture = draw(product(), edges=edges)
    forward, back = edges != "backward", edges != "forward"
    diagram = picture.diagram
    solid = len(diagram.edges)
    flowing = len(ways(diagram, "back")) + len(ways(diagram, "line"))
    assert (flowing > 0) == back
    total = solid * forward + flowing
    for svg in (picture.svg(), to_svg(diagram)):
        groups = [g for g in ET.fromstring(svg).iter(f"{SVG}g") if g.get("class") == "edge"]
        assert len(groups) == total
        assert any(text.strip() == "-0.0133" for text in texts(svg)) == back
    assert picture.dot.count("dir=back") == len(ways(diagram, "back"))
    mermaid = to_mermaid(diagram)
    assert mermaid.count(" -->") == solid * forward
    assert mermaid.count(" -.-") == flowing
    assert ("backward\n" in picture.text) == back
    assert ("= tanh(" in picture.text) == forward
    assert from_json(to_json(diagram)) == diagram
    assert json.loads(to_json(diagram))["arrows"] == edges
    assert picture.png().startswith(b"\x89PNG")


def test_the_listing_tells_the_backward_pass() -> None:
    assert draw(product(), edges="backward").text.splitlines()[:5] == [
        "backward",
        "  J starts with 1",
        "  J has 1 through tanh(n4) gives n4 0.02659",
        "  n4 has 0.02659 through subtract(n2, n3) gives n2 0.02659",
        "  n2 has 0.02659 through multiply(x, w) gives x -0.0133, w 0.07978",
    ]


def test_backward_arrows_of_what_has_no_gradient_are_refused() -> None:
    x = ag.Tensor([1.0, 2.0], requires_grad=True)
    for refused in (x * 2.0, np.sum(x).detach()):
        with pytest.raises(ValueError, match=r"edges='both' needs one tracked real scalar.*draw a"):
            draw(refused, edges="both")
    with pytest.raises(ValueError, match="needs one tracked real scalar"):
        draw(np.sum(x), gradients=False, edges="backward")


def test_an_unknown_word_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="edges='up'; give one of 'forward', 'backward', 'both'"):
        draw(product(), edges="up")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="theme='blue'; give one of 'light', 'dark', 'auto'"):
        draw(product(), theme="blue")  # type: ignore[arg-type]


def test_frames_of_both_passes_are_laid_out_alike() -> None:
    drawn = [prepared(frame) for frame in frames(draw(product(), edges="both").diagram)]
    assert [v.value for v in drawn[0].vertices if v.kind == "cotangent"][-1][0].strip() == "?"
    sizes = [[outline(v) for v in frame.vertices] for frame in drawn]
    assert all(size == sizes[0] for size in sizes)
    told = [v.value for v in drawn[-1].vertices if v.kind == "cotangent"]
    assert not any("?" in row for rows in told for row in rows)


# Light and dark


@pytest.mark.parametrize("thing", ["graph", "network"])
def test_a_dark_picture_has_no_light_colour_left(thing: str) -> None:
    drawn: Any = xnor_cost() if thing == "graph" else ag.nn.gates.XNOR
    light = draw(drawn).svg()
    for svg in (draw(drawn, theme="dark").svg(), draw(drawn, theme="dark").dot):
        found = set(re.findall(r'="(#[0-9a-f]{6}|white|black)"', svg))
        assert found
        assert found <= set(DARK.values())
    used = set(re.findall(r'="(#[0-9a-f]{6}|white|black)"', light))
    assert used <= set(DARK), "a colour without a counterpart"
    assert texts(light) == texts(draw(drawn, theme="dark").svg())
    assert draw(drawn, theme="dark").png() != draw(drawn).png()


def test_auto_asks_the_reader_and_is_light_elsewhere() -> None:
    J = logistic_regression()
    light, auto = draw(J), draw(J, theme="auto")
    assert auto.dot == light.dot
    assert auto.png() == light.png()
    assert "@media (prefers-color-scheme:dark)" in auto.svg()
    without = re.sub(r"\n<style>.*?</style>", "", auto.svg())
    assert without == light.svg()
    assert themed_svg(light.svg(), "light") == light.svg()
    for colour in set(re.findall(r'fill="(#[0-9a-f]{6}|white)"', light.svg())):
        assert f'[fill="{colour}"]{{fill:{DARK[colour]}}}' in auto.svg()


def test_every_kind_has_colours_with_a_counterpart() -> None:
    for style in STYLES.values():
        assert {style.fill, style.border, style.text} - {"none"} <= set(DARK)
