"""Networks as the course draws them: units, bias units, weights on the edges."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_mini as ag
from autograd_mini.drawing import Picture, draw, from_json, style
from autograd_mini.drawing.jsons import to_json
from autograd_mini.drawing.labels import clean
from autograd_mini.drawing.layered import plan
from autograd_mini.drawing.model import Vertex
from autograd_mini.drawing.neurons import MOST_LABELS, MOST_UNITS, network_diagram
from autograd_mini.drawing.picture import EXPORTERS
from autograd_mini.drawing.scenery import margin
from autograd_mini.drawing.style import outline
from autograd_mini.drawing.tree import MOST_TERMS, _units_of
from autograd_mini.nn import gates
from tests.drawn import HOSTILE, SVG, each_engine, texts


def labels(picture: Picture) -> dict[tuple[str, str], str]:
    """The weight on each connection, by the names of its ends (with the layer of a bias)."""
    names = {v.key: f"{v.name} of {v.scope[0]}" for v in picture.diagram.vertices}
    edges = [e for e in picture.diagram.edges if e.strength is not None]  # not the syntax tree's
    return {(names[e.source], names[e.target]): e.label for e in edges}


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
    assert {"weight > 0", "weight < 0"} <= set(texts(picture.svg())), "what the colours mean"


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
    assert more == ["… 58 more", "… 19 more"]
    shown = [v.name for v in picture.diagram.vertices if v.kind in ("input", "output unit")]
    assert shown[:6] == ["x1", "x2", "x3", "x4", "x5", "x64"]
    assert shown[6:] == [f"h{k}" for k in range(1, MOST_UNITS + 1)]
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


# -- an input's activations and δ


def test_units_are_filled_by_their_activations_and_ringed_by_their_deltas() -> None:
    net = ag.nn.Network([3, 4, 2], "tanh", seed=5)
    x, y = np.array([0.5, -2.0, 1.0]), np.array([1.0, 0.0])
    picture = draw(net, X=x, Y=y)
    run, delta = net.forward(x), net.deltas(x[np.newaxis], y[np.newaxis])
    units = {v.key: v for v in picture.diagram.vertices}
    most = max(float(np.abs(d).max()) for d in delta.values())
    for l in (1, 2, 3):
        a = run.a[l].detach().numpy()
        for i, value in enumerate(a, 1):
            unit = units[f"u{l}_{i}"]
            assert unit.level == pytest.approx(value / max(1.0, np.abs(a).max()))
            if l == 1:
                assert unit.ring is None
            else:
                assert unit.ring == pytest.approx(delta[l][0, i - 1] / most)
                assert unit.value[1].startswith("δ ")
                assert float(unit.value[1][2:]) == pytest.approx(delta[l][0, i - 1], rel=0.1)
            assert float(unit.value[0]) == pytest.approx(value, rel=0.1)
    assert units["b1"].level is None
    assert [draw(net, X=x, Y=y).svg(), draw(net, X=x, Y=y).dot] == [picture.svg(), picture.dot]
    told = texts(picture.svg())
    assert {"a < 0", "a = 0", "ring: δ > 0", "δ < 0"} <= set(told)
    assert "ring: δ > 0" not in texts(draw(net, X=x).svg())


def test_an_answer_may_be_a_number_a_label_or_a_row() -> None:
    one, many = ag.nn.Network([2, 2, 1], seed=1), ag.nn.Network([2, 2, 3], seed=1)
    rings = [
        [v.ring for v in draw(one, X=x, Y=y).diagram.vertices]
        for x in ([1.0, 0.0], [[1.0, 0.0]], ag.Tensor([1.0, 0.0]))
        for y in (1, 1.0, [1.0], [[1.0]])
    ]
    assert all(each == rings[0] for each in rings)
    row = draw(many, X=[1.0, 0.0], Y=[0.0, 0.0, 1.0]).diagram
    assert draw(many, X=[1.0, 0.0], Y=2).diagram == row
    soft = ag.nn.Network([2, 2, 3], output="softmax", seed=1)
    assert draw(soft, X=[1.0, 0.0], Y=2, cost="softmax").diagram.vertices[-1].ring is not None


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        (
            {"X": np.zeros((2, 2))},
            ValueError,
            r"shape \(2, 2\); the units are filled for one",
        ),
        ({"X": np.zeros(3)}, ValueError, "X has shape"),
        ({"Y": 1}, ValueError, "give X too"),
        ({"X": np.zeros(2), "Y": np.zeros(3)}, ValueError, "Y has shape"),
        ({"X": np.zeros(2), "Y": 1, "cost": "hinge"}, ValueError, "cost='hinge'; expected one of"),
        ({"view": "sphere"}, ValueError, "view='sphere'; expected one of units, planes, delta, "),
        ({"view": "planes", "X": np.zeros((300, 2))}, None, ""),
        (
            {"view": "planes", "X": np.random.default_rng(0).random((300, 2))},
            ValueError,
            "too many",
        ),
    ],
)
def test_what_can_not_be_filled_is_said(given: dict[str, Any], error: Any, message: str) -> None:
    net = ag.nn.Network([2, 2, 1], seed=0)
    if error is None:
        assert draw(net, **given).diagram.vertices
        return
    with pytest.raises(error, match=message):
        draw(net, **given)


def test_what_is_for_networks_is_refused_elsewhere() -> None:
    x = ag.Tensor(1.0, requires_grad=True)
    for wrong in ({"X": [1.0]}, {"Y": 1}, {"view": "planes"}):
        with pytest.raises(TypeError, match="X, Y and view are for a Network, and Tensor was"):
            draw(x * x, **wrong)  # type: ignore[arg-type]


def contrast(one: str, other: str) -> float:
    """WCAG's contrast of two colours."""

    def light(colour: str) -> float:
        parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    a, b = sorted((light(one), light(other)))
    return (b + 0.05) / (a + 0.05)


@given(st.floats(-2, 2))
def test_what_is_written_on_a_fill_can_be_read(level: float) -> None:
    fill, text = style.filled(level)
    assert contrast(fill, text) >= 4.5
    assert contrast(style.DARK[fill], style.DARK[text]) >= 4.5


# -- any network


@given(st.lists(st.integers(1, 70), min_size=2, max_size=5), st.integers(0, 2**16), st.booleans())
def test_a_network_of_any_width_stays_small(sizes: list[int], seed: int, run: bool) -> None:
    net = ag.nn.Network(sizes, "relu", seed=seed)
    X = np.random.default_rng(seed).normal(size=sizes[0]) if run else None
    diagram = draw(net, X=X).diagram
    assert len(diagram.vertices) <= (MOST_UNITS + 2) * len(sizes)
    assert len(diagram.edges) <= (MOST_UNITS + 1) * MOST_UNITS * (len(sizes) - 1)
    assert from_json(to_json(diagram)) == diagram
    assert_apart(diagram.vertices)


def assert_apart(vertices: tuple[Vertex, ...]) -> None:
    """No vertex lies upon another, its ring included."""
    found: list[tuple[float, float, float, float]] = []
    for vertex in vertices:
        assert vertex.at is not None
        (x, y), (wide, high), ring = vertex.at, outline(vertex), margin(vertex)
        for u, v, other, tall in found:
            assert abs(x - u) >= wide / 2 + other + ring or abs(y - v) >= high / 2 + tall + ring
        found.append((x, y, wide / 2 + ring, high / 2 + ring))


def test_a_deep_network_shows_both_ends() -> None:
    diagram = draw(ag.nn.Network([2] * 300, seed=0)).diagram
    assert "… 292 more layers" in [v.name for v in diagram.vertices]
    assert "layer 300" in {v.scope[0] for v in diagram.vertices}
    assert diagram.caption.startswith("2-2-2-2-2-…-2-2-2-2-2 network, 1,794 weights")


def test_weights_that_are_not_finite_are_drawn() -> None:
    W = np.array([[np.nan, np.inf], [-np.inf, 2.0]])
    diagram = network_diagram({1: W}, {1: np.array([np.nan, 0.0])})
    assert [e.label for e in diagram.edges] == ["nan", "nan", "inf", "", "-inf", "2"]
    assert [str(e.strength) for e in diagram.edges] == ["nan", "nan", "1.0", "0.0", "-1.0", "1.0"]
    svg = Picture(diagram).svg()
    assert 'width="nan"' not in svg
    assert texts(svg)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_of_inputs_and_variables_are_escaped(name: str) -> None:
    picture = draw(ag.nn.Network([1, 1], seed=0), inputs=[name], X=[1.0], Y=1)
    assert clean(name) in texts(picture.svg())
    assert "<script>alert" not in picture.svg()
    assert from_json(to_json(picture.diagram)) == picture.diagram
    two = ag.nn.Network([2, 2, 1], seed=0)
    assert texts(draw(two, inputs=[name, "b"], view="planes").svg())


def test_every_format_is_drawn(tmp_path: Path) -> None:
    XNOR = ag.nn.gates.XNOR
    for name, picture in (
        ("units", draw(XNOR, X=[1.0, 0.0], Y=0)), ("planes", draw(XNOR, view="planes")),
    ):  # fmt: skip
        for suffix in EXPORTERS:
            assert picture.save(tmp_path / f"{name}{suffix}").stat().st_size > 100
        again = from_json((tmp_path / f"{name}.json").read_text())
        assert Picture(again).svg() == picture.svg()


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ({"kind": "blob", "points": [[0, 0]]}, "a shape is a 'blob'"),
        ({"kind": "line", "points": [[0, 0]]}, r"give 2 place\(s\)"),
        ({"kind": "disc", "points": [[0, "x"]]}, "could not convert"),
        ({"kind": "disc", "points": [[0, 0]], "ink": '"/><script>'}, "a shape is a"),
    ],
)
def test_a_forged_document_is_refused(shape: dict[str, Any], message: str) -> None:
    document = json.loads(to_json(draw(ag.nn.gates.AND).diagram))
    document["scenery"].append(shape)
    with pytest.raises(ValueError, match=message):
        from_json(json.dumps(document))


# -- the syntax tree


def test_the_tree_of_xnor_points_to_its_units() -> None:
    picture = draw(ag.nn.gates.from_expression("(a and b) or not (a or b)"))
    vertices = {v.key: v for v in picture.diagram.vertices}
    tree = [v for v in picture.diagram.vertices if v.kind == "term"]
    column = {v.at[0]: v.scope[0] for v in vertices.values() if v.kind != "term" and v.at}
    told = [(v.name, v.notes[0]) for v in tree]
    assert told == [
        ("a", "(1)"), ("b", "(2)"), ("and", "(3)"), ("a", "(1)"), ("b", "(2)"), ("or", "(4)"),
        ("not", "(4)"), ("or", "(5)"),
    ]  # fmt: skip
    aligned = [column.get(v.at[0], "beside") for v in tree if v.at]
    assert aligned[:5] == ["layer 1", "layer 1", "layer 2", "layer 1", "layer 1"]
    assert aligned[5:] == ["beside", "layer 2", "layer 3"]
    numbers = [s.text for s in picture.diagram.scenery if s.text.startswith("(")]
    assert numbers == [f"({k})" for k in range(1, 6)]
    edges = {
        (vertices[e.source].name, vertices[e.target].name)
        for e in picture.diagram.edges if e.target[0] == "t"
    }  # fmt: skip
    assert edges == {("a", "and"), ("b", "and"), ("a", "or"), ("b", "or"), ("or", "not"),
                     ("and", "or"), ("not", "or")}  # fmt: skip


def truth(terms: list[gates.Term], inputs: dict[str, Any]) -> list[Any]:
    """What each term of an expression says, for every row of the truth table."""
    apply: dict[str, Any] = {
        "not": lambda a: ~a, "and": lambda a, b: a & b, "or": lambda a, b: a | b,
        "xor": lambda a, b: a ^ b, "xnor": lambda a, b: ~(a ^ b), "implies": lambda a, b: ~a | b,
    }  # fmt: skip
    values: list[Any] = []
    for word, operands, _ in terms:
        given = [values[k] for k in operands]
        values.append(apply[word](*given) if given else inputs[word])
    return values


@st.composite
def boolean(draw: st.DrawFn, depth: int = 4) -> str:
    kind = draw(st.integers(0, 6 if depth else 0))
    if kind == 0:
        return draw(st.sampled_from("abcd"))
    inner = draw(boolean(depth - 1))
    if kind < 3:
        return f"not ({inner})"
    other = draw(boolean(depth - 1))
    return f"({inner}) {draw(st.sampled_from(['and', 'or', 'xor', 'xnor', 'implies']))} ({other})"


@given(boolean())
def test_every_part_of_an_expression_is_what_its_unit_computes(text: str) -> None:
    """The unit that a term is numbered like answers as the term does, or as its negation."""
    gate = gates.from_expression(text)
    diagram = draw(gate).diagram
    terms = gates.parse(text)
    assert draw(gate).svg() == draw(gate).svg()
    if len(terms) > MOST_TERMS:
        assert f"tree of {len(terms)} terms is not drawn" in diagram.caption
        return
    vertices = {v.key: v for v in diagram.vertices}
    X, _ = gates.truth_table(gate)
    a = {l: v.detach().numpy() > 0.5 for l, v in gate.forward(X).a.items()}
    values = truth(terms, dict(zip(gate.inputs, a[1].T, strict=True)))
    with_unit = _units_of(terms, vertices)
    for k, vertex in ((int(v.key[1:]), v) for v in diagram.vertices if v.kind == "term"):
        key, negated = with_unit[k]
        if key.startswith("u"):
            l, i = map(int, key[1:].split("_"))
            under_not = any(term.word == "not" and k in term.operands for term in terms)
            same = np.array_equal(a[l][:, i - 1], values[k])
            assert same != negated or (under_not and not vertex.notes[0].startswith("not"))
    assert_apart(diagram.vertices)


# -- the planes


def test_one_line_separates_xnor_in_the_hidden_plane() -> None:
    diagram = draw(ag.nn.gates.XNOR, view="planes").diagram
    left = [v for v in diagram.vertices if v.key.startswith("p1")]
    right = [v for v in diagram.vertices if v.key.startswith("p2")]
    assert sorted(v.name for v in left) == ["0", "0", "1", "1"]
    assert sorted(v.name for v in right) == ["0", "1", "1"], "(0, 1) and (1, 0) have become one"
    told = [s.text for s in diagram.scenery]
    for text in ("AND: -30 + 20 x1 + 20 x2 = 0", "NOR: 10 - 20 x1 - 20 x2 = 0",
                 "OR: -10 + 20 a1 + 20 a2 = 0", "(0, 1) (1, 0)"):  # fmt: skip
        assert text in told
    ((x, y), (u, v)) = next(
        s.points for s in diagram.scenery
        if s.kind == "line" and s.size == 2.0 and min(p[0] for p in s.points) > 300
    )  # fmt: skip
    sides = {(p.name, (u - x) * (p.at[1] - y) - (v - y) * (p.at[0] - x) > 0) for p in right if p.at}
    assert len(sides) == 2, "the ones on one side of OR's line, the zero on the other"


@given(st.integers(0, 2**16), st.floats(0.1, 30))
def test_ticks_point_to_where_the_unit_is_larger(seed: int, stretch: float) -> None:
    """Measured back in the plane's own numbers, whose axes differ by `stretch`."""
    net = ag.nn.Network([2, 2, 1], seed=seed)
    X = np.array([[0.0, 0.0], [stretch, 0.0], [0.0, 1.0], [stretch, 1.0]])
    diagram = draw(net, X=X, view="planes").diagram
    at = [np.array(v.at) for v in diagram.vertices if v.key.startswith("p1")]
    corner = min(p[0] for p in at), max(p[1] for p in at)
    unit = np.array([max(p[0] for p in at) - corner[0], min(p[1] for p in at) - corner[1]])
    lines = [s for s in diagram.scenery if s.kind == "line" and s.points[0][0] < 240]
    ticks = [s.points for s in lines if s.size == 1.0 and s.ink in ("positive", "negative")]
    slopes = {"positive": net.theta[1][0, 1:], "negative": net.theta[1][1, 1:]}
    inks = [s.ink for s in lines if s.size == 1.0 and s.ink in slopes]
    for ink, (foot, tip) in zip(inks, ticks, strict=True):
        moved = (np.array(tip) - np.array(foot)) / unit * [stretch, 1.0]
        assert slopes[ink] @ moved > 0


def test_connections_end_where_the_rings_do() -> None:
    diagram = draw(ag.nn.gates.XNOR, X=[1.0, 0.0], Y=1).diagram
    vertices = {v.key: v for v in diagram.vertices}
    for route in plan(diagram).routes:
        start, end = (vertices[key] for key in (route.edge.source, route.edge.target))
        for vertex, place in zip((start, end), route.straight(), strict=True):
            if vertex.kind != "term":
                assert vertex.at is not None
                reach = outline(vertex)[0] / 2 + margin(vertex)
                assert np.hypot(*np.subtract(place, vertex.at)) == pytest.approx(reach)


def test_planes_take_points_and_answers_and_refuse_other_networks() -> None:
    net = ag.nn.Network([2, 2, 2], seed=3)
    X = np.array([[0.5, 1.0], [-1.0, 2.0], [3.0, -4.0]])
    diagram = draw(net, X=X, Y=[1, 0, 1], view="planes", inputs=["width", "height"]).diagram
    assert [v.name for v in diagram.vertices] == ["1", "0", "1"] * 2
    assert {"width", "height"} <= {s.text for s in diagram.scenery}
    for sizes in ([2, 3, 1], [3, 2, 1], [2, 1], [2, 2, 2, 1]):
        with pytest.raises(ValueError, match="expected a 2-2-1 network"):
            draw(ag.nn.Network(sizes), view="planes")


def test_lines_that_miss_the_plane_are_told_and_not_drawn() -> None:
    net = ag.nn.Network.from_theta([[[90.0, 1.0, 0.0], [0.0, 0.0, 0.0]], [[0.0, 1.0, 1.0]]])
    diagram = draw(net, view="planes").diagram
    assert "a1: 90 + 1 x1 + 0 x2 = 0" in [s.text for s in diagram.scenery]
    assert sum(s.size == 2.0 and s.kind == "line" for s in diagram.scenery) <= 1
