"""What a page opens: nothing is lost, groups nest, and every arrow has its way."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_mini as ag
from autograd_mini.drawing import draw, opened
from autograd_mini.drawing.fold import SMALLEST_BUDGET
from autograd_mini.drawing.grouped import Opened
from autograd_mini.drawing.levels import levels
from autograd_mini.drawing.model import Diagram, Edge, Vertex
from autograd_mini.drawing.opened import Whole, whole, whole_graph
from autograd_mini.drawing.page_data import data_of
from autograd_mini.graph import walk
from tests.drawn import chain, graphs, xnor_cost


def drawn(J: ag.Tensor, budget: int | None = 60) -> Whole:
    return whole_graph([J.node], budget, None)


def held(found: Opened, group: int) -> list[Vertex]:
    """The members of a group."""
    pairs = zip(found.vertices, found.parents, strict=True)
    return [vertex for vertex, parent in pairs if parent == group]


@settings(max_examples=30)
@given(graphs(most=100), st.sampled_from([SMALLEST_BUDGET, 30, None]))
def test_every_node_is_in_the_page_once_and_every_edge_points_forward(
    J: ag.Tensor, budget: int | None
) -> None:
    found = drawn(J, budget)
    assert sorted(n.number for n in found.nodes.values()) == [n.number for n in walk(J.node)]
    keys = [vertex.key for vertex in found.opened.vertices]
    assert len(set(keys)) == len(keys)
    place = {key: index for index, key in enumerate(keys)}
    assert all(place[e.source] < place[e.target] for e in found.opened.edges)
    assert all(parent < index for index, parent in enumerate(found.opened.parents))
    groups = set(found.opened.parents) - {-1}
    assert {found.opened.vertices[group].kind for group in groups} <= {"fold"}
    assert not any(found.opened.vertices[place[e.source]].key in groups for e in found.opened.edges)
    everything = {v.key for v in found.diagram.vertices}
    assert everything == {key for index, key in enumerate(keys) if index not in groups}


@settings(max_examples=30)
@given(graphs(most=100), st.sampled_from([SMALLEST_BUDGET, 30, None]))
def test_every_arrow_has_a_way_through_each_group_it_crosses(
    J: ag.Tensor, budget: int | None
) -> None:
    found = drawn(J, budget).opened
    laid_out = levels(found)
    for group, level in laid_out.items():
        members = [k for k, parent in enumerate(found.parents) if parent == group]
        items = [item for rank in level["ranks"] for item in rank]
        assert Counter(item for item in items if item >= 0) == Counter(members)
        assert len(set(items)) == len(items)
        rank = {item: r for r, row in enumerate(level["ranks"]) for item in row}
        for way in level["ways"]:
            assert [rank[item] for item in way] == sorted({rank[item] for item in way})
    place = {vertex.key: index for index, vertex in enumerate(found.vertices)}
    for edge in found.edges:
        source, target = place[edge.source], place[edge.target]
        over = set(_around(source, found.parents))
        while found.parents[target] not in over:
            group = found.parents[target]
            assert _way(laid_out[group], laid_out[group]["in"][source], target)
            target = group
        out = source
        while found.parents[out] != found.parents[target]:
            group = found.parents[out]
            assert _way(laid_out[group], out, laid_out[group]["out"][source])
            out = group
        assert _way(laid_out[found.parents[out]], out, target)


def _around(index: int, parents: tuple[int, ...]) -> list[int]:
    found = []
    while index >= 0:
        index = parents[index]
        found.append(index)
    return found


def _way(level: dict[str, Any], start: int, end: int) -> bool:
    return any((way[0], way[-1]) == (start, end) for way in level["ways"])


def test_at_first_a_page_shows_what_the_picture_does() -> None:
    J = chain(1_000)
    picture, found = draw(J).diagram, drawn(J)
    first = [replace(vertex, jacobian=()) for vertex in held(found.opened, -1)]
    assert first == list(picture.vertices), "but that it tells local derivatives beside it"
    assert found.diagram.caption == picture.caption
    assert not found.opened.opened


def test_scopes_are_open_groups_and_their_plain_constants_stand_in_them() -> None:
    found = drawn(xnor_cost()).opened
    names = {k: v.name for k, v in enumerate(found.vertices) if k in found.opened}
    assert list(names.values()) == ["layer 2", "cost"], "layer 3 is one operation"
    cost = next(k for k, name in names.items() if name == "cost")
    assert {v.kind for v in held(found, cost)} == {"operation", "value", "constant", "output"}
    named = [v.name for v in held(found, -1)]
    assert {"theta1", "bias1", "a1", "theta2", "bias2"} <= set(named)


def test_scopes_nest() -> None:
    x: Any = ag.Tensor(2.0, requires_grad=True, name="x")
    with ag.scope("outer"):
        x = np.sin(x)
        with ag.scope("inner"):
            x = np.tanh(np.cos(x))
        x = np.exp(x)
    found = drawn(x).opened
    (outer,) = [k for k, v in enumerate(found.vertices) if v.name == "outer"]
    (inner,) = [k for k, v in enumerate(found.vertices) if v.name == "inner"]
    assert found.parents[inner] == outer
    assert found.opened == {outer, inner}
    assert found.vertices[inner].notes == ("2 operations", "cos, tanh", "last: () float64")


def test_a_scope_that_is_entered_again_is_two_groups() -> None:
    x: Any = ag.Tensor(2.0, requires_grad=True, name="x")
    for _ in range(2):
        with ag.scope("left"):
            x = np.sin(np.sin(x))
        with ag.scope("right"):
            x = np.cos(np.cos(x))
    found = drawn(x).opened
    assert [found.vertices[k].name for k in sorted(found.opened)] == ["left", "right"] * 2


def test_repeats_of_blocks_open_into_the_blocks() -> None:
    x = ag.Tensor(0.5, requires_grad=True, name="x")
    w = ag.Tensor(0.5, requires_grad=True, name="w")
    for _ in range(20):
        x = np.tanh(x * w + 1.0)
    found = drawn(x * 3.0, 10).opened
    (run,) = [k for k, v in enumerate(found.vertices) if v.name == "×20"]
    assert [v.name for v in held(found, run)] == [f"{k} of 20" for k in range(1, 21)]


def test_what_a_page_can_not_hold_is_counted_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opened, "MOST_KEPT", 100)
    J = chain(2_000)
    found = drawn(J)
    kept = sum(1 for v in found.diagram.vertices if v.kind != "operation") - len(found.left_out)
    assert kept == len(found.nodes)
    assert len(found.diagram.vertices) <= 200
    assert kept + sum(found.left_out.values()) == 2_001
    told = [v["leftOut"] for v in data_of(found)["vertices"] if v["leftOut"]]
    assert sorted(told) == sorted(found.left_out.values())
    assert J.node in found.nodes.values()


def test_a_page_s_data_takes_time_in_proportion_to_its_nodes() -> None:
    """Each arrow is looked at a few times, however many nodes there are."""
    asked = 0

    class Counted(Edge):
        def __getattribute__(self, name: str) -> Any:
            nonlocal asked
            asked += name == "way"
            return super().__getattribute__(name)

    keys = [f"k{k}" for k in range(300)]
    edges = tuple(Counted(*pair) for pair in pairwise(keys))
    data_of(whole(Diagram(tuple(Vertex(key, "value") for key in keys), edges)))
    assert asked < 20 * len(keys)


def test_a_diagram_without_a_graph_has_groups_too() -> None:
    inner = [Vertex(key, "value", scope=("layer 2",)) for key in "abcd"]
    edges = tuple(Edge(*pair) for pair in ("ab", "bc", "cd"))
    found = whole(Diagram((*inner,), edges))
    assert [v.key for v in found.opened.vertices] == ["s0", "a", "b", "c", "d"]
    assert found.opened.parents == (-1, 0, 0, 0, 0)


def test_what_a_scope_uses_in_its_middle_stands_before_it() -> None:
    x: Any = ag.Tensor(2.0, requires_grad=True, name="x")
    b = ag.Tensor(1.0, requires_grad=True, name="b")
    with ag.scope("layer"):
        x = np.tanh(np.sin(x) + b)
    found = drawn(x + b).opened
    assert [v.name for v in held(found, -1)] == ["x", "b", "layer", "add", ""]


def test_more_nodes_than_a_page_holds_are_folded_even_without_a_budget(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(opened, "MOST_KEPT", 100)
    assert [v.name for v in held(drawn(chain(200), None).opened, -1)] == ["x", "×199", "tanh", ""]
