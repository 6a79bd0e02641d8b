"""The page's file: one, whole, the same every time, and nothing in a name can run."""

from __future__ import annotations

import json
import re
import webbrowser
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_mini as ag
from autograd_mini.cli import main
from autograd_mini.drawing import Picture, draw
from autograd_mini.drawing.model import Diagram, Edge, Vertex
from autograd_mini.drawing.page import to_html
from autograd_mini.drawing.steps import backward, called, forward
from autograd_mini.drawing.style import DARK, INK, STYLES
from tests.drawn import HOSTILE, chain, graphs, xnor_cost


class Reader(HTMLParser):
    """Elements with their attributes, and what stands in scripts."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append("")

    def handle_data(self, data: str) -> None:
        if self.elements and self.elements[-1][0] == "script" and self.cdata_elem == "script":
            self.scripts[-1] += data


def data_of(page: str) -> Any:
    return json.loads(Reader(page).scripts[0])


def test_the_page_is_one_file_that_asks_for_nothing(tmp_path: Path) -> None:
    page = draw(xnor_cost()).save(tmp_path / "why.html").read_text("utf-8")
    elements = Reader(page).elements
    assert not [tag for tag, _ in elements if tag in ("link", "img", "iframe", "object", "base")]
    for tag, attributes in elements:
        assert not {"src", "srcset", "action"} & set(attributes), tag
        assert not [name for name in attributes if name.startswith("on")], tag
        assert not re.search(r"url\(|@import", attributes.get("style") or "")
    assert not re.search(r"url\(|@import|fetch\(|XMLHttpRequest|innerHTML|eval\(", page)
    assert set(re.findall(r"https?://[^\s\"'<>)]+", page)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }
    assert "default-src 'none'; script-src 'sha256-" in page


def test_the_same_graph_gives_the_same_page() -> None:
    assert to_html(draw(xnor_cost()).diagram) == to_html(draw(xnor_cost()).diagram)


@settings(max_examples=25)
@given(st.lists(st.text(max_size=40) | st.sampled_from(HOSTILE), min_size=4, max_size=4))
def test_no_name_becomes_markup_or_script(names: list[str]) -> None:
    plain, hostile = (
        Reader(
            to_html(
                Diagram(
                    (
                        Vertex("a", "operation", n[0], (n[1],), (n[2],), (n[3],), (n[0],)),
                        Vertex("b", "output", n[1], (n[2],), (n[3],), (n[0],), (n[0],), n[1], n[2]),
                    ),
                    (Edge("a", "b", n[3], None, (n[1],)),),
                    n[2],
                )
            )
        )
        for n in (["plain"] * 4, names)
    )
    shown = [{tag for tag, _ in read.elements} - {"polygon", "text"} for read in (plain, hostile)]
    assert shown[1] <= shown[0] | {"tspan"}
    assert len(hostile.scripts) == 2
    assert hostile.scripts[1] == plain.scripts[1]
    assert json.loads(hostile.scripts[0])["vertices"][0].get("name", "") == names[0]
    assert not set("<>&") & set(hostile.scripts[0])


def test_a_marker_in_a_name_is_not_filled_in() -> None:
    page = to_html(Diagram((Vertex("a", "output", "{{SCRIPT}}"),), ()))
    assert page.count("setPointerCapture") == 1


@given(graphs())
def test_each_pass_has_a_step_for_each_operation(J: ag.Tensor) -> None:
    diagram = draw(J, budget=None).diagram
    vertex = {v.key: v for v in diagram.vertices}
    operations = [v.key for v in diagram.vertices if v.kind == "operation"]
    assert [step.active for step in forward(diagram)] == operations
    back = backward(diagram)
    reached = [key for key in operations if vertex[_result(diagram, key)].gradient]
    started = [step for step in back if step.active == step.result]
    assert len(started) == (1 if vertex[diagram.vertices[-1].key].gradient else 0)
    assert [step.active for step in back if step not in started] == reached[::-1]
    for step in back:
        assert step.cotangent == vertex[step.result].gradient
        for flow in step.leaving:
            edge = diagram.edges[flow.edge]
            assert (edge.source, edge.target) == (flow.vertex, step.active)
            assert flow.numbers == edge.cotangent


def _result(diagram: Diagram, operation: str) -> str:
    (edge,) = [e for e in diagram.edges if e.source == operation]
    return edge.target


def test_the_page_has_the_numbers_of_every_step() -> None:
    x = ag.Tensor(3.0, requires_grad=True, name="x")
    y = x * x
    y.name = "y"
    data = data_of(to_html(draw(np.sin(y)).diagram))
    start, sine, product = data["backward"]
    assert start["cotangent"] == ["1"]
    assert sine["cotangent"] == ["1"]
    assert [flow["numbers"] for flow in sine["leaving"]] == [["-0.9111"]]
    assert [flow["numbers"] for flow in product["leaving"]] == [["-2.733"], ["-2.733"]]
    assert data["vertices"][product["active"]]["rule"] == ["a: g · b", "b: g · a"]
    assert [step["leaving"][0]["numbers"] for step in data["forward"]] == [["9"], ["0.4121"]]


def test_a_nameless_value_is_called_by_what_made_it() -> None:
    x = ag.Tensor(3.0, requires_grad=True, name="x")
    assert list(called(draw(x * x).diagram).values()) == ["x", "multiply", "n1 (multiply)"]


def test_a_network_without_passes_is_a_page_too() -> None:
    data = data_of(to_html(draw(ag.nn.gates.AND).diagram))
    assert data["backward"] == data["forward"] == []


def test_every_shape_of_a_network_is_a_node_of_the_data() -> None:
    diagram = draw(ag.nn.gates.XNOR).diagram
    page = to_html(diagram)
    for name, items in (("vertex", diagram.vertices), ("edge", diagram.edges)):
        found = [int(n) for n in re.findall(rf'data-{name}="(\d+)"', page)]
        assert sorted(found) == list(range(len(items)))
    assert "<title>n" not in page


def test_a_large_graph_is_laid_out_in_seconds() -> None:
    assert len(to_html(draw(chain(400), budget=None).diagram)) < 3_000_000


def test_no_colour_is_forgotten_on_a_dark_page() -> None:
    used = {colour for s in STYLES.values() for colour in (s.fill, s.border, s.text)}
    assert used | set(INK.values()) <= set(DARK) | {"none"}


def test_show_opens_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    path = draw(chain(1)).show()
    assert opened == [path.as_uri()]
    assert path.read_text("utf-8").startswith("<!DOCTYPE html>")


def test_a_notebook_gets_the_picture_and_the_listing() -> None:
    picture: Picture = draw(chain(1))
    shown = picture._repr_mimebundle_()
    assert shown["image/svg+xml"].startswith("<svg")
    assert shown["text/plain"] == picture.text


def test_the_command_writes_a_page(tmp_path: Path) -> None:
    assert main(["draw", "xnor", "--out", str(tmp_path / "why.html")]) == 0
    assert data_of((tmp_path / "why.html").read_text("utf-8"))["backward"]
