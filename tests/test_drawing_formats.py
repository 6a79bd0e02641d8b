"""Mermaid, JSON and PDF, and which fields are written."""

from __future__ import annotations

import json
import re
import shutil
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_mini as ag
from autograd_mini.drawing import Picture, draw, from_json
from autograd_mini.drawing.arrows import prepared
from autograd_mini.drawing.jsons import to_json
from autograd_mini.drawing.labels import chosen
from autograd_mini.drawing.mermaid import to_mermaid
from autograd_mini.drawing.model import ARROWS, FIELDS, THEMES, Diagram, Edge, Kind, Vertex
from autograd_mini.drawing.neurons import network_diagram
from autograd_mini.drawing.picture import EXPORTERS
from autograd_mini.drawing.style import STYLES
from autograd_mini.drawing.svg import to_svg
from autograd_mini.drawing.text import to_text
from autograd_mini.drawing.themes import themed_svg
from tests.drawn import HOSTILE, SVG, chain, graphs, logistic_regression, texts, vertex, xnor_cost

hostile = st.text(max_size=40) | st.sampled_from(HOSTILE)
several = st.lists(hostile, max_size=2).map(tuple)
tiles = st.lists(st.lists(st.none() | st.floats(-9, 9), max_size=2).map(tuple), max_size=2)


@st.composite
def diagrams(draw_from: Any) -> Diagram:
    """Any diagram there can be."""
    kinds: list[Kind] = list(STYLES)
    vertices = tuple(
        Vertex(
            f"k{index}",
            draw_from(st.sampled_from(kinds)),
            draw_from(hostile),
            *(draw_from(several) for _ in range(4)),
            shape=draw_from(hostile),
            dtype=draw_from(hostile),
            rule=draw_from(several),
            value_heat=tuple(draw_from(tiles)),
            mark=draw_from(st.sampled_from(["", "active", "reached", "waiting"])),
            jacobian=draw_from(several),
            place=draw_from(hostile),
        )
        for index in range(draw_from(st.integers(1, 4)))
    )
    ends = st.tuples(st.integers(0, 3), st.integers(0, 3)).map(sorted)
    edges = tuple(
        Edge(
            f"k{a}",
            f"k{b}",
            draw_from(hostile),
            draw_from(st.none() | st.floats(-1, 1)),
            draw_from(several),
        )
        for a, b in draw_from(st.lists(ends, max_size=4))
        if a < b < len(vertices)
    )
    fields = tuple(draw_from(st.lists(st.sampled_from(FIELDS), unique=True)))
    direction = draw_from(st.sampled_from(["down", "right"]))
    arrows, theme = draw_from(st.sampled_from(ARROWS)), draw_from(st.sampled_from(THEMES))
    legend = draw_from(st.booleans())
    caption = draw_from(hostile)
    return Diagram(vertices, edges, caption, direction, fields, 30.0, arrows, theme, legend)


# JSON


@given(diagrams())
def test_json_comes_back_equal(diagram: Diagram) -> None:
    text = to_json(diagram)
    assert text.isascii()
    assert from_json(text) == diagram


@settings(max_examples=30)
@given(graphs())
def test_a_recorded_graph_comes_back_from_json_equal(J: ag.Tensor) -> None:
    diagram = draw(J, fields=FIELDS).diagram
    back = from_json(to_json(diagram))
    assert back == diagram
    assert EXPORTERS[".dot"](back) == EXPORTERS[".dot"](diagram)


def test_json_has_what_its_description_says() -> None:
    document = json.loads(to_json(draw(logistic_regression()).diagram))
    assert (document["format"], document["version"]) == ("autograd_mini diagram", 1)
    theta = next(v for v in document["vertices"] if v.get("name") == "theta")
    assert (theta["kind"], theta["shape"], theta["value"]) == (
        "parameter",
        "(2, 1)",
        [" 0.3", "-0.2"],
    )
    assert theta["value_heat"] == [[0.3], [-0.2]]
    assert all({"source", "target"} <= set(edge) for edge in document["edges"])


def test_a_strength_that_is_no_number_is_no_number_in_json() -> None:
    diagram = network_diagram({1: np.array([[np.nan]])}, {1: np.zeros(1)})
    (strength,) = [e.strength for e in from_json(to_json(diagram)).edges if e.source == "u1_1"]
    assert strength is not None
    assert np.isnan(strength)


A, B = Vertex("a", "value"), Vertex("b", "value")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"format": "x"}, "no autograd_mini diagram; give what"),
        ({"version": 2}, "of version 2 was given, and version 1"),
        ({"vertices": [{"key": 'a"]; x', "kind": "value"}]}, "is no key"),
        ({"vertices": [{"key": "a", "kind": "value"}] * 2}, "two vertices"),
        ({"vertices": [{"key": "a", "kind": "spell"}]}, "kind is 'spell'; give one of 'parameter'"),
        ({"vertices": [{"key": "a", "kind": "value", "more": 1}]}, "damaged"),
        ({"edges": [{"source": "b", "target": "a"}]}, "points back"),
        ({"edges": [{"source": "a", "target": "zzz"}]}, "damaged"),
        ({"direction": "up"}, "direction is 'up'; give one of 'down', 'right'"),
        ({"arrows": "sideways"}, "arrows is 'sideways'; give one of 'forward', 'backward', 'both'"),
        ({"theme": 1}, "theme is 1; give one of 'light', 'dark', 'auto'"),
        ({"fields": ["colour"]}, "fields are .*; give some of name"),
    ],
)
def test_what_is_no_diagram_is_refused_in_a_line(change: dict[str, Any], told: str) -> None:
    document = json.loads(to_json(Diagram((A, B), (Edge("a", "b"),)))) | change
    with pytest.raises(ValueError, match=told) as caught:
        from_json(json.dumps(document))
    assert "\n" not in str(caught.value)


# Mermaid


def test_mermaid_has_the_boxes_arrows_and_scopes() -> None:
    with ag.scope("layer 2"):
        x = ag.Tensor(3.0, requires_grad=True, name="x")
        y = x - 1.0
    text = to_mermaid(draw(np.sin(y)).diagram)
    assert text.splitlines()[1] == "flowchart TD"
    assert 'subgraph s0["layer 2"]' in text
    assert re.search(r'v\d\["x<br/>#40;#41; float64<br/>3 +grad #45;0#46;4161"\]:::parameter', text)
    assert len(re.findall(r" --> v", text)) == 3
    assert len(re.findall(r'-->\|"[12]"\|', text)) == 2


def test_mermaid_of_a_network_has_its_weights_and_their_signs() -> None:
    text = to_mermaid(draw(ag.nn.gates.AND).diagram)
    assert "flowchart LR" in text
    assert '-.->|"#45;30"|' in text
    assert '-->|"20"|' in text
    assert "linkStyle 0 stroke:#b34700" in text


@given(diagrams())
def test_no_name_can_break_mermaid(diagram: Diagram) -> None:
    lines = to_mermaid(diagram).splitlines()
    label = r'"(?:[^\W_]|[ ,=]|#\d+;|<br/>)*"'
    allowed = (
        r"%% (?:[^\W_]|[ ,=]|#\d+;)*",
        r"flowchart (TD|LR)",
        rf" *subgraph s\d+\[{label}\]",
        r" *end",
        rf" *v\d+(\[|\(\[|\(\(){label}(\]|\]\)|\)\)):::\w+",
        rf"  v\d+ (-->|-\.->|-\.-)(\|{label}\|)? v\d+",
        r"  (classDef \w+|linkStyle \d+) [\w#:,. -]*",
    )
    for line in lines:
        assert any(re.fullmatch(shape, line) for shape in allowed), line


# PDF


def test_a_pdf_is_a_pdf_and_the_same_every_time(tmp_path: Path) -> None:
    if shutil.which("dot") is None:
        pytest.skip("no Graphviz `dot` on this machine (apt-get install graphviz)")
    first, second = (EXPORTERS[".pdf"](draw(xnor_cost()).diagram) for _ in range(2))
    assert first.startswith(b"%PDF-")
    assert first.rstrip().endswith(b"%%EOF")
    assert first == second
    assert b"/CreationDate (D:19700101000000" in first  # two runs within a second prove little
    assert draw(ag.nn.gates.AND).save(tmp_path / "and.pdf").read_bytes().startswith(b"%PDF-")


def test_without_dot_a_pdf_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    told = r"a PDF needs Graphviz's `dot` \(it is not here\); install it \(apt install graphviz"
    with pytest.raises(RuntimeError, match=told) as caught:
        draw(chain(1)).save(tmp_path / "f.pdf")
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


# Fields


def test_what_is_written_can_be_chosen() -> None:
    J = logistic_regression()
    everything = draw(J, fields=FIELDS)
    assert vertex(everything, "log1p").rule == ("g / (1 + x)",)
    assert "g / (1 + x)" in texts(everything.svg())
    assert "rule g / (1 + x)" in everything.text
    assert "g / (1 + x)" not in draw(J).dot
    bare = draw(J, fields=("value",))
    for text in (bare.dot, bare.text, to_mermaid(bare.diagram)):
        assert "theta" not in text
        assert "float64" not in text
        assert "grad" not in text.replace("autograd", "")
        assert "log1p" in text
    assert "-0.2" in bare.dot


@pytest.mark.parametrize("fields", ["name", ("name", "colour"), ["Value"]])
def test_a_field_that_is_none_is_refused(fields: Any) -> None:
    with pytest.raises(ValueError, match="give a tuple of some of name, shape, dtype, value"):
        draw(chain(1), fields=fields)


@given(diagrams())
def test_fields_decide_what_is_written_and_not_what_is_kept(diagram: Diagram) -> None:
    none, all_of_it = (replace(diagram, fields=fields) for fields in ((), FIELDS))
    assert none.vertices == diagram.vertices
    assert chosen(all_of_it) == all_of_it
    for v in chosen(none).vertices:
        if v.kind == "cotangent":  # a number upon an arrow, whatever nodes say
            continue
        assert (v.shape, v.dtype, v.place) == ("", "", "")
        assert (v.value, v.gradient, v.rule, v.jacobian) == ((), (), (), ())
    assert [v.notes for v in chosen(none).vertices] == [v.notes for v in diagram.vertices]


# No text can break a format


def shapes_of(svg: str) -> tuple[int, int]:
    root = ET.fromstring(svg)
    assert not list(root.iter(f"{SVG}script"))
    assert not [name for e in root.iter() for name in e.attrib if name.lower().startswith("on")]
    kinds = [group.get("class") for group in root.iter(f"{SVG}g")]
    return kinds.count("node"), kinds.count("edge")


@given(diagrams())
def test_the_built_in_svg_is_well_formed_whatever_is_written(diagram: Diagram) -> None:
    drawn = prepared(diagram)
    for theme in THEMES:
        found = shapes_of(themed_svg(to_svg(diagram), theme))
        assert found == (len(drawn.vertices), len(drawn.edges))


@settings(max_examples=25)
@given(diagrams())
def test_dot_is_read_as_it_was_meant_whatever_is_written(diagram: Diagram) -> None:
    drawn = prepared(diagram)
    assert shapes_of(Picture(diagram).svg()) == (len(drawn.vertices), len(drawn.edges))


@given(diagrams())
def test_the_listing_is_lines_of_printable_text_whatever_is_written(diagram: Diagram) -> None:
    text = to_text(diagram)
    text.encode()
    assert text.replace("\n", "").isprintable()
    assert len(text.splitlines()) == text.count("\n")


@settings(max_examples=30)
@given(diagrams())
def test_a_page_is_one_script_whatever_is_written(diagram: Diagram) -> None:
    page = EXPORTERS[".html"](diagram).decode()
    assert page.count("<script") == page.count("</script>") == 2
    for danger in ("javascript:", " onload=", " onerror="):
        assert danger not in page.split("</script>")[-1]
