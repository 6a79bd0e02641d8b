"""What is written in a node: its local Jacobian, where it was made, large arrays in small."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_mini as ag
from autograd_mini.drawing import draw
from autograd_mini.drawing.jacobians import MOST_PULLED, jacobians, written
from autograd_mini.drawing.labels import Line, heat, strips
from autograd_mini.drawing.model import FIELDS
from autograd_mini.drawing.style import shade
from autograd_mini.graph import Node, walk
from tests.drawn import chain, graphs, texts, vertex


def numeric(node: Node, k: int) -> Any:
    """∂y/∂(argument k) by central differences, a row an element of y."""
    op: Any = node.op
    values = [np.array(parent.value) for parent in node.inputs]
    columns = []
    for index in range(values[k].size):
        sides = []
        for step in (1e-6, -1e-6):
            moved = [value.copy() for value in values]
            moved[k].flat[index] += step
            sides.append(np.ravel(op.compute(*moved, **node.metadata)))
        columns.append((sides[0] - sides[1]) / 2e-6)
    return np.stack(columns, axis=1)


MATRIX = np.array([[0.3, -0.7, 1.1], [0.9, 0.4, -0.2]])
OPERATIONS = {
    "sum": lambda x: np.sum(x, axis=0),
    "matmul": lambda x: x @ np.arange(6.0).reshape(3, 2),
    "transpose": lambda x: x.T,
    "index": lambda x: x[1, :2],
    "softmax": ag.nn.softmax,
    "logsumexp": lambda x: ag.nn.logsumexp(x, axis=1),
    "max": lambda x: np.max(x, axis=1),
    "mean": np.mean,
    "reshape": lambda x: x.reshape(3, 2),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_matrix_is_what_central_differences_give(name: str) -> None:
    node = OPERATIONS[name](ag.Tensor(MATRIX, requires_grad=True)).node
    ((told, found),) = jacobians(node).values()
    assert found.shape == (node.value.size, 6)
    assert told == f"({node.value.size}, 6)"
    np.testing.assert_allclose(found, numeric(node, 0), atol=1e-8)


def test_several_arguments_have_one_each_and_constants_none() -> None:
    x, w = (ag.Tensor(m, requires_grad=True) for m in (MATRIX, MATRIX.T + 0.1))
    found = jacobians((x @ w).node)
    assert [*found] == [0, 1]
    for k, (_, value) in found.items():
        np.testing.assert_allclose(value, numeric((x @ w).node, k), atol=1e-8)
    assert [*jacobians((x @ MATRIX.T).node)] == [0]
    assert [*jacobians(np.concatenate([x, w.T]).node)] == [0, 1]


@pytest.mark.parametrize("function", [np.tanh, np.exp, ag.nn.sigmoid, ag.nn.relu, np.square])
def test_an_elementwise_operation_has_its_diagonal(function: Any) -> None:
    node = function(ag.Tensor(MATRIX, requires_grad=True)).node
    ((told, found),) = jacobians(node).values()
    assert (told, found.shape) == ("diagonal", (2, 3))
    np.testing.assert_allclose(np.diag(found.ravel()), numeric(node, 0), atol=1e-8)


def test_the_diagonal_of_a_broadcast_argument_has_the_result_s_shape() -> None:
    x, b = (ag.Tensor(v, requires_grad=True) for v in (MATRIX, np.array([2.0, 3.0, 4.0])))
    found = jacobians((x * b).node)
    assert [value.tolist() for _, value in found.values()] == [[[2, 3, 4]] * 2, MATRIX.tolist()]


@settings(max_examples=30)
@given(graphs(most=20))
def test_the_jacobian_pulls_as_the_backward_pass_does(J: ag.Tensor) -> None:
    """Of scalars: what flows on an arrow is the cotangent times the local derivative."""
    with np.errstate(all="ignore"):
        for node in walk(J.node):
            for k, (_, slope) in jacobians(node).items():
                assert slope.size == 1 or node.op is not None
                if slope.size == 1 and node.op is not None and not node.op.variadic:
                    rule: Any = node.op.rules[k]
                    operands = [p.value for p in node.inputs]
                    pulled = rule(np.float64(2.0), node.value, *operands, **node.metadata)
                    np.testing.assert_allclose(pulled, 2.0 * slope.item(), equal_nan=True)


def test_a_large_jacobian_costs_a_few_runs_of_the_rule() -> None:
    runs = []

    @ag.primitive
    def doubled(x: Any) -> Any:
        return 2.0 * x

    def pulled(g: Any, y: Any, x: Any) -> Any:
        runs.append(1)
        return 2.0 * g

    ag.rule(doubled, pulled)
    node = doubled(ag.Tensor(np.ones((50, 40)), requires_grad=True)).node
    ((told, found),) = jacobians(node).values()
    assert len(runs) == len(found) == MOST_PULLED
    assert told == "(2000, 2000), 16 rows of it"
    rows, tiles = written(node)
    assert rows == ("∂y/∂x (2000, 2000), 16 rows of it", "0 to 2, mean 0.001")
    assert len(tiles) == 16
    huge = doubled(ag.Tensor(np.ones(200_000), requires_grad=True)).node
    runs.clear()
    assert written(huge) == ((), ())
    assert not runs


def test_it_is_written_only_where_it_is_asked_for() -> None:
    x = ag.Tensor([1.0, 2.0], requires_grad=True, name="x")
    y = np.sum(x * 3.0)
    y.name = "y"
    assert vertex(draw(y), "y").jacobian == ()
    asked = draw(y, fields=FIELDS)
    assert vertex(asked, "y").jacobian == ("∂y/∂x (1, 2)", "1  1")
    for shown in (asked.dot, asked.text, "\n".join(texts(asked.svg()))):
        assert "∂y/∂x (1, 2)" in shown
    assert "∂y/∂x (1, 2)" not in draw(y).dot


# Where it was made


def test_the_place_is_shown_without_its_folder() -> None:
    with ag.debug():
        x = ag.Tensor(2.0, requires_grad=True, name="x")
        y = x * x
        y.name = "y"
    file, line = y.node.place.rpartition(":")[::2]
    assert file == __file__
    picture = draw(y, fields=("name", "place"))
    assert vertex(picture, "y").place == f"test_drawing_contents.py:{line}"
    for shown in (picture.dot, picture.text, *texts(picture.svg())[-1:]):
        assert f"at test_drawing_contents.py:{line}" in shown or shown.startswith("2 recorded")
    assert "test_drawing_contents" not in draw(y).dot
    assert vertex(draw(np.sin(ag.Tensor(1.0, requires_grad=True, name="z"))), "z").place == ""


# Large arrays in small


def tiles(svg: str) -> dict[str, int]:
    """How many tiles of each colour there are."""
    found = re.findall(r'<path fill="(#\w{6})" stroke="none" d="((?:M[^Mz]*h5v5h-5z)+)"/>', svg)
    return {colour: path.count("M") for colour, path in found}


@pytest.mark.parametrize("engine", ["", "built-in"])
def test_a_large_array_has_tiles_for_value_and_gradient(
    engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTOGRAD_MINI_DOT", engine)
    values = np.where(np.arange(64).reshape(8, 8) % 2, 1.0, -1.0)
    J = np.sum(ag.Tensor(values, requires_grad=True, name="x"))
    picture = draw(J)
    assert tiles(picture.svg()) == {shade(-1, 1): 32, shade(1, 1): 32 + 64}
    assert tiles(draw(J, fields=("value",)).svg()) == {shade(-1, 1): 32, shade(1, 1): 32}
    assert tiles(draw(J, fields=("name",)).svg()) == {}
    cells = re.findall(r'<TD WIDTH="5"[^>]* BGCOLOR="(#\w+)"', picture.dot)
    assert Counter(cells) == tiles(picture.svg())
    assert "#fe" not in picture.svg() + picture.dot


def test_a_tile_stands_where_its_entries_do(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.zeros((2, 8))
    values[0, 7] = 1.0
    x = ag.Tensor(values, name="x")
    for engine in ("", "built-in"):
        monkeypatch.setenv("AUTOGRAD_MINI_DOT", engine)
        found = re.findall(r'<path fill="(#\w+)" stroke="none" d="([^"]*)"', draw(x).svg())
        paths = {colour: re.findall(r"M([-.\d]+),([-.\d]+)", path) for colour, path in found}
        (right_top,) = [(float(a), float(b)) for a, b in paths[shade(1, 1)]]
        others = {(float(a), float(b)) for a, b in paths[shade(0, 1)]}
        left, top = right_top[0] - 35, right_top[1]
        expected = {(left + 5 * k, top + 5 * row) for k in range(8) for row in (0, 1)}
        assert {(round(a, 3), round(b, 3)) for a, b in others | {right_top}} == {
            (round(a, 3), round(b, 3)) for a, b in expected
        }
    row = re.search(r"FIXEDSIZE=\"TRUE\"><TR>(.*?)</TR>", draw(x, legend=False).dot)
    assert row is not None
    assert re.findall(r'BGCOLOR="(#\w+)"', row[1]) == [shade(0, 1)] * 7 + [shade(1, 1)]


def test_a_small_array_is_written_and_has_none() -> None:
    x = ag.Tensor(np.ones((6, 6)), requires_grad=True)
    assert tiles(draw(np.sum(x)).svg()) == {}
    assert tiles(draw(np.sum(ag.Tensor(np.ones(7), requires_grad=True))).svg())


@given(st.integers(1, 40), st.integers(7, 40), st.integers(0, 9), st.sampled_from([0.0, np.nan]))
def test_miniatures_are_small_and_their_tiles_are_means(
    rows: int, columns: int, seed: int, hole: float
) -> None:
    array = np.random.default_rng(seed).normal(size=(rows, columns))
    array[0, 0] += hole
    (small,) = strips(Line("tiles", "", heats=(heat(array),)))
    assert len(small) <= 8
    assert {len(row) for row in small} <= set(range(1, 9))
    assert (small[0][0] is None) == bool(np.isnan(hole))
    assert np.count_nonzero(np.equal(np.array(small, dtype=object), None)) <= 1
    if rows % 16 == columns % 16 == 0 and not np.isnan(hole):
        blocks = array.reshape(8, rows // 8, 8, columns // 8).mean(axis=(1, 3))
        np.testing.assert_allclose(np.array(small, dtype=float), blocks, atol=2e-3)


def test_shades_are_stronger_the_farther_from_zero_and_tell_the_sign() -> None:
    def darkness(colour: str) -> int:
        return -sum(int(colour[k : k + 2], 16) for k in (1, 3, 5))

    for sign in (1, -1):
        found = [darkness(shade(sign * k, 6.0)) for k in range(7)]
        assert found == sorted(set(found))
    assert shade(1.0, 1.0) != shade(-1.0, 1.0)
    assert shade(0.0, 0.0) == shade(0.0, 1.0)


# Below the picture


@pytest.mark.parametrize("engine", ["", "built-in"])
def test_a_legend_explains_what_is_there_and_nothing_else(
    engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTOGRAD_MINI_DOT", engine)
    words = {"parameter", "value", "output", "constant", "operation", "many nodes"}
    words |= {"what flows back", "grad: ∂(output)/∂(this)", "tiles: blue > 0 > orange"}

    def explained(J: Any, **how: Any) -> set[str]:
        return {text.strip() for text in texts(draw(J, **how).svg())} & words

    x = ag.Tensor(np.ones(9), requires_grad=True)
    assert explained(np.sum(x * 2.0)) == words - {"what flows back", "many nodes"}
    assert explained(np.sum(x * 2.0), edges="both") == words - {"many nodes"}
    assert explained(chain(100), fields=("name",)) == {
        "parameter", "output", "operation", "many nodes",
    }  # fmt: skip
    assert explained(np.sum(x * 2.0), legend=False) == set()
    assert explained(ag.nn.gates.AND) == set()


def test_the_legend_is_for_pictures_alone(tmp_path: Path) -> None:
    picture = draw(chain(3))
    assert "grad: ∂(output)/∂(this)" in picture.dot
    for name in ("a.txt", "a.mmd"):
        assert "∂(output)" not in picture.save(tmp_path / name).read_text("utf-8")


def test_the_caption_says_that_the_gradient_in_z_is_delta_over_m() -> None:
    net = ag.nn.Network([2, 3, 1], seed=0)
    X, Y = np.ones((5, 2)), np.ones(5)
    for cost in (ag.nn.logistic_cost, ag.nn.quadratic_cost):
        J = cost(net, X, Y)
        assert draw(J).diagram.caption.endswith("; that of z2, z3 is δ/m (m = 5)")
        assert "δ" not in draw(J, gradients=False).diagram.caption
    run = net.forward(X)
    J = ag.nn.logistic_cost(net, run, Y)
    (gradient,) = ag.backprop(J, wrt=[run.z[3]])
    np.testing.assert_allclose(gradient, net.deltas(X, Y)[3] / 5)
    assert "δ" not in draw(np.sum(run.z[3])).diagram.caption
    assert "δ" not in draw(ag.nn.logistic_cost(net, X[0], Y[:1])).diagram.caption  # m = 1
