"""Paths from one element to J: they sum to the gradient, are counted, and the largest are found."""

from __future__ import annotations

import math
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_mini as ag
from autograd_mini import paths_elements
from autograd_mini.paths import explain
from autograd_mini.paths_elements import Elements
from autograd_mini.paths_report import WIDTH, Table
from autograd_mini.paths_trace import Paths
from tests.drawn import HOSTILE
from tests.strategies import Problem, problems

EPS = float(np.finfo(float).eps)
EVERY = 100_000


def leaf(value: Any, name: str = "x") -> Any:
    return ag.Tensor(value, requires_grad=True, name=name)


def assert_sums_to_the_gradient(why: Paths, dtype: Any = float) -> None:
    """Σ products = ∂J/∂(element), to a few ulp of Σ |products| a step."""
    assert why.complete
    longest = max((len(path.steps) for path in why.paths), default=0)
    absolute = math.fsum(abs(path.product) for path in why.paths)
    allowed = (4 + 2 * longest) * float(np.finfo(dtype).eps) * absolute
    assert abs(why.listed - why.gradient) <= allowed, f"{why.listed} and {why.gradient}: {why}"
    for path in why.paths:
        assert path.product == math.prod(step.derivative for step in path.steps)
        assert 0.0 not in [step.derivative for step in path.steps]
    sizes = [abs(path.product) for path in why.paths]
    assert sizes == sorted(sizes, reverse=True)


# -- random graphs of single numbers, beside every path of a twin listed by hand

UNARY: list[tuple[Callable[[Any], Any], Callable[[float], float]]] = [
    (np.sin, math.cos),
    (np.tanh, lambda x: 1.0 - math.tanh(x) * math.tanh(x)),
    (np.negative, lambda x: -1.0),
    (lambda x: x * 0.5, lambda x: 0.5),
]
BINARY: list[tuple[Callable[[Any, Any], Any], Callable[[float, float], tuple[float, float]]]] = [
    (np.add, lambda a, b: (1.0, 1.0)),
    (np.subtract, lambda a, b: (1.0, -1.0)),
    (np.multiply, lambda a, b: (b, a)),
]
programs = st.lists(
    st.tuples(st.integers(0, 6), st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=9
)


def run(program: list[tuple[int, int, int]], x: float) -> tuple[Any, Any, list[list[Any]]]:
    """Return the leaf, the last tensor, and for every tensor its arrows (from, derivative)."""
    start = leaf(x)
    tensors, arrows = [start], [[]]
    for operation, back, further in program:
        i, j = len(tensors) - 1 - back % len(tensors), len(tensors) - 1 - further % len(tensors)
        left, right = tensors[i], tensors[j]
        if operation < len(UNARY):
            f, slope = UNARY[operation]
            arrows.append([(i, slope(left.item()))])
            tensors.append(f(left))
        else:
            f2, slopes = BINARY[operation - len(UNARY)]
            arrows.append(list(zip((i, j), slopes(left.item(), right.item()), strict=True)))
            tensors.append(f2(left, right))
    return start, tensors[-1], arrows


def products_of_every_path(arrows: list[list[Any]]) -> list[float]:
    """Follow every way back from the last to the first, one by one."""
    done, stack = [], [(len(arrows) - 1, 1.0)]
    while stack:
        at, product = stack.pop()
        if at == 0:
            done.append(product)
        stack += [(to, d * product) for to, d in arrows[at] if d != 0.0]
    return sorted(done, key=abs, reverse=True)


@given(programs, st.integers(-16, 16).map(lambda k: k / 8))
def test_paths_of_a_random_graph_are_those_listed_by_hand(
    program: list[tuple[int, int, int]], x: float
) -> None:
    start, J, arrows = run(program, x)
    expected = products_of_every_path(arrows)
    why = explain(J, wrt=start, most=EVERY)
    assert why.count == len(expected)
    assert_sums_to_the_gradient(why)
    found = [abs(path.product) for path in why.paths]
    np.testing.assert_allclose(found, np.abs(expected), rtol=1e-13)
    few = explain(J, wrt=start, most=3)
    assert few.count == why.count
    np.testing.assert_allclose([abs(p.product) for p in few.paths], found[:3], rtol=1e-13)


# -- random graphs of arrays: what moves, repeats, sums, joins and multiplies elements

Matrix = Callable[[Any, Any], Any]


def overwritten(a: Any, b: Any) -> Any:
    c = a * 1.5
    c[1:, [0, 2]] = b[:1, :2]
    return c


ON_MATRICES: list[Matrix] = [
    lambda a, b: a + b,
    lambda a, b: a * b,
    lambda a, b: a - b[0],
    lambda a, b: np.sin(a) * b[:, :1],
    lambda a, b: (a @ b.T) @ b,
    lambda a, b: np.concatenate([a[:1], b[1:]]),
    lambda a, b: np.stack([a, b])[[1, 0], [0, 1]],
    lambda a, b: np.split(a, 3, axis=1)[1] + b,
    lambda a, b: np.reshape(a.T, (2, 3)) / (2.0 + b * b),
    lambda a, b: np.broadcast_to(a.sum(axis=0), (2, 3)) + b.mean(),
    lambda a, b: np.where(np.array([[True, False, True]]), a, b),
    lambda a, b: ag.nn.relu(a) + ag.nn.sigmoid(b),
    lambda a, b: np.modf(a)[0] * np.max(b),
    lambda a, b: a[[0, 0]] + b[::-1],
    overwritten,
]
matrix_programs = st.lists(
    st.tuples(st.integers(0, len(ON_MATRICES) - 1), st.integers(0, 9), st.integers(0, 9)),
    min_size=1,
    max_size=4,
)


def run_on_matrices(program: list[tuple[int, int, int]], seed: int, dtype: Any) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    w = leaf(rng.uniform(-1.0, 1.0, (2, 3)).astype(dtype), "w")
    tensors = [w, ag.Tensor(rng.uniform(-1.0, 1.0, (2, 3)).astype(dtype)), w * 0.75]
    for operation, i, j in program:
        left, right = tensors[-1 - i % len(tensors)], tensors[-1 - j % len(tensors)]
        tensors.append(ON_MATRICES[operation](left, right))
    return w, np.sum(tensors[-1] * w)


@settings(max_examples=60)
@given(
    matrix_programs, st.integers(0, 99), st.integers(0, 1), st.integers(0, 2),
    st.sampled_from([np.float64, np.float32]),
)  # fmt: skip
def test_paths_through_arrays_sum_to_the_gradient(
    program: list[tuple[int, int, int]], seed: int, i: int, j: int, dtype: Any
) -> None:
    w, J = run_on_matrices(program, seed, dtype)
    why = explain(J, wrt=w, index=(i, j), most=EVERY)
    if why.count <= EVERY:
        assert_sums_to_the_gradient(why, dtype)
    assert why.gradient == ag.backprop(J, wrt=w)[i, j]
    assert why.value == w.detach().numpy()[i, j]


@settings(max_examples=40)
@given(problems(), st.data())
def test_paths_of_networks_sum_to_the_gradient(problem: Problem, data: st.DataObject) -> None:
    net = ag.nn.Network.from_theta(problem.theta, **problem.names)
    costs = {"logistic": ag.nn.logistic_cost, "quadratic": ag.nn.quadratic_cost}
    cost = costs.get(problem.cost, ag.nn.softmax_cost)
    J = cost(net, problem.X, problem.Y, problem.lam)
    W = net.weights[data.draw(st.integers(1, len(net.weights)))]
    index = tuple(data.draw(st.integers(0, n - 1)) for n in W.shape)
    why = explain(J, wrt=W, index=index, most=EVERY)
    if problem.cost == "softmax":  # its rule is a difference, no product: it cancels
        absolute = sum(abs(path.product) for path in why.paths)
        assert abs(why.listed - why.gradient) <= 1e-12 * absolute + 1e-15
    else:
        assert_sums_to_the_gradient(why)


def test_a_wide_layer_multiplies_the_paths() -> None:
    """m examples, each through every unit of the layers above, and once through λ."""
    net = ag.nn.Network([3, 4, 5, 2])
    X = np.random.default_rng(0).uniform(0.1, 1.0, (6, 3))
    J = ag.nn.logistic_cost(net, X, np.arange(6) % 2, lam=1.0)
    assert explain(J, wrt=net.weights[1], index=(1, 2), most=0).count == 6 * 5 * 2 + 1
    assert explain(J, wrt=net.weights[2], index=(1, 2), most=0).count == 6 * 2 + 1
    assert explain(J, wrt=net.biases[3], index=1, most=0).count == 6


@pytest.mark.parametrize("function", [ag.nn.softmax, ag.nn.log_softmax, np.cumsum])
def test_a_jacobian_that_is_neither_diagonal_nor_sparse(function: Any) -> None:
    if function is np.cumsum:
        weights = np.tril(np.ones((4, 4)))
        apply = lambda x: x @ weights.T  # noqa: E731 -- a column of zeros and ones
    else:
        apply = function
    x = leaf([0.5, -1.0, 2.0, 0.25])
    J = np.sum(apply(x) * np.array([1.0, 2.0, -3.0, 0.5]))
    for k in range(4):
        why = explain(J, wrt=x, index=k)
        assert why.count == (4 - k if function is np.cumsum else 4)
        assert why.listed == pytest.approx(why.gradient, rel=1e-13)


# -- how many


def test_paths_without_number_are_counted_and_the_largest_found() -> None:
    x = z = leaf(1.0)
    for _ in range(300):
        z = 0.75 * z + 0.25 * z
    why = explain(z, wrt=x, most=4)
    assert why.count == 2**300
    assert not why.complete
    expected = [0.75**300] + [0.75**299 * 0.25] * 3
    np.testing.assert_allclose([path.product for path in why.paths], expected, rtol=1e-12)
    assert "the sum of more than 10^90 paths; the 4 largest make" in str(why)
    assert "… 588 steps …" in str(why)


def test_equal_paths_are_not_looked_at_all_together() -> None:
    """Every one of 2^2000 paths is as large as the others, but for the rounding of a logarithm."""
    x = z = leaf(1.0)
    for k in range(2_000):
        z = (0.3 + 1e-4 * k) * (z + z)
    why = explain(z, wrt=x, most=5)
    assert (why.count, len(why.paths)) == (2**2_000, 5)


@pytest.mark.slow
def test_a_graph_of_a_hundred_thousand_nodes_needs_no_recursion() -> None:
    x = z = leaf(1.0)
    for _ in range(50_000):
        z = z + z * 1e-9
    why = explain(z, wrt=x, most=2)
    assert why.count == 2**50_000
    assert why.paths[0].product == 1.0
    assert len(why.paths[0].steps) == 50_000
    assert len(str(why)) < 3_000
    assert "more than 10^15051 paths" in str(why)


def test_x_times_x_is_two_ways() -> None:
    x = leaf(3.0)
    why = explain(x * x, wrt=x)
    assert [path.product for path in why.paths] == [3.0, 3.0]


def test_j_itself_is_one_path_without_a_step() -> None:
    x = leaf(2.0)
    J = x * 3.0
    why = explain(J, wrt=J)
    assert (why.count, why.gradient, why.paths[0].product) == (1, 1.0, 1.0)
    assert "is J itself" in str(why)


def test_no_path() -> None:
    x, y = leaf(2.0), leaf([1.0, 2.0], "y")
    assert str(explain(x * 2.0, wrt=y, index=1)).splitlines()[1] == (
        "no path from y[1] to J: none leads"
    )
    dead = explain(ag.nn.relu(-x) * 5.0, wrt=x)
    assert (dead.count, dead.gradient, dead.stopped) == (0, 0.0, 1)
    assert (dead.stops[0].operation, dead.stops[0].value) == ("relu", 0.0)
    assert "every way is cut where a local derivative is 0" in str(dead)
    assert "relu (relu)" in str(dead)


def test_a_derivative_that_is_infinite_comes_first() -> None:
    x = leaf(0.0)
    with np.errstate(divide="ignore"):
        why = explain(np.sqrt(x) + 2.0 * x, wrt=x)
    assert [path.product for path in why.paths] == [math.inf, 2.0]
    assert why.gradient == math.inf


def test_inner_tensors_numpy_indices_and_no_grad() -> None:
    w = leaf([[1.0, 2.0], [3.0, 4.0]], "w")
    z = w * 2.0
    z.name = "z"
    J = np.sum(z * z)
    with ag.no_grad():
        why = explain(J, wrt=z, index=(-1, np.int64(0)))
    assert (why.name, why.index, why.value, why.gradient) == ("z[1, 0]", (1, 0), 6.0, 12.0)
    assert explain(z[0, 1], wrt=w, index=(0, 1)).gradient == 2.0
    assert explain(J.reshape(1, 1), wrt=w, index=(0, 0)).gradient == 8.0


def test_columns_of_a_jacobian_under_no_grad() -> None:
    w = leaf(np.arange(6.0).reshape(2, 3), "w")
    J = np.sum(np.square(w @ w.T))
    with ag.no_grad():
        why = explain(J, wrt=w, index=(1, 2), most=EVERY)
    assert why.count == 4  # w @ wᵀ: row 1 by its left factor, column 1 by its right one
    assert_sums_to_the_gradient(why)


def test_one_element_costs_one_column_however_wide_the_result(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    w = leaf(np.ones((3, 2)), "w")
    J = np.sum(np.sin(np.ones((500, 3)) @ w))
    pulls: list[Any] = []
    pull = paths_elements._Local.pull
    monkeypatch.setattr(
        paths_elements._Local, "pull", lambda local, g: (pulls.append(g), pull(local, g))[1]
    )
    assert explain(J, wrt=w, index=(0, 1), most=0).count == 500
    assert len(pulls) <= 3


def test_explaining_records_nothing_where_others_can_see_it() -> None:
    w = leaf([1.0, 2.0], "w")
    with ag.scope("outer"):
        J = np.sum(w[::-1] * w)
        before = J.node.number
        explain(J, wrt=w, index=0)
        after = w * 1.0
    assert after.node.scope == ("outer",)
    assert J.node.number == before
    assert w.grad is None


def test_a_value_that_a_set_item_took_over() -> None:
    x = leaf([1.0, 2.0, 3.0])
    y = x * 2.0
    y[0] = x[1]
    y[2] = 0.0
    why = explain(np.sum(y), wrt=x, index=1)
    assert (why.count, why.gradient) == (2, 3.0)
    assert_sums_to_the_gradient(why)


# -- errors


def test_errors_say_what_to_write() -> None:
    x, many = leaf(1.0), leaf([[1.0, 2.0]], "many")
    J = x * np.sum(many)
    wrong: list[Any] = [None, 1, (0,), (0, 2), (0, 0.5), (0, 0, 0), "ab"]
    for index in wrong:
        with pytest.raises(ValueError, match=r"not name one element of many.*index=\(0, 0\)"):
            explain(J, wrt=many, index=index)
    with pytest.raises(ValueError, match=r"one number; many .* has 2: pass an element"):
        explain(many, wrt=x)
    with pytest.raises(TypeError, match="J must be a Tensor of the graph; got float"):
        explain(1.0, wrt=x)
    with pytest.raises(TypeError, match="wrt must be a Tensor of the graph; got ndarray"):
        explain(J, wrt=np.ones(2))
    with pytest.raises(ValueError, match=r"J, .* is not on a recorded graph; compute it outside"):
        explain(ag.Tensor(1.0), wrt=x)
    with pytest.raises(ValueError, match=r"wrt, .*requires_grad=True"):
        explain(J, wrt=ag.Tensor(1.0))
    with pytest.raises(TypeError, match="is complex; explain reads real graphs"):
        explain(J, wrt=leaf(1.0 + 2.0j))
    nothing: list[dict[str, Any]] = [{}, {"index": 1}, {"weight": (1, 1, 1), "unit": (1, 1)}]
    for arguments in nothing:
        with pytest.raises(TypeError, match=r"which number\? Give one of weight=\(l, i, j\)"):
            explain(J, **arguments)
    with pytest.raises(ValueError, match="most=-1; expected how many paths"):
        explain(J, wrt=x, most=-1)


def test_too_many_numbers_to_follow(monkeypatch: pytest.MonkeyPatch) -> None:
    w = leaf(np.ones((20, 20)), "w")
    J = np.sum(np.sin(w @ w))
    monkeypatch.setattr(paths_elements, "MOST_ARROWS", 10)
    with pytest.raises(ValueError, match=r"more than 10 single numbers .* w and J.*fewer examples"):
        explain(J, wrt=w, index=(0, 0))
    monkeypatch.undo()
    monkeypatch.setattr(paths_elements, "MOST_WORK", 100)
    with pytest.raises(ValueError, match="too many to follow one by one"):
        explain(J, wrt=w, index=(0, 0))


# -- what is read


class Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_stays_text(name: str) -> None:
    x = leaf(2.0, name)
    why = explain(np.sin(x), wrt=x)
    page = Page()
    page.feed(why.to_html())
    assert page.tags <= {"div", "p"}
    assert why._repr_html_() == why.to_html()
    for text in (str(why), repr(why), page.text):
        assert all(c.isprintable() or c == "\n" for c in text)
    assert len(str(why)) < 10_000


def test_lines_keep_within_a_terminal() -> None:
    x = leaf(0.5)
    z = x
    for _ in range(9):
        z = np.sin(z)
    text = str(explain(z, wrt=x))
    assert max(map(len, text.splitlines())) <= WIDTH
    assert repr(explain(z, wrt=x)) == f"<Paths: {text.splitlines()[0]}>"


def test_a_table_keeps_its_columns_under_wide_and_combining_letters() -> None:
    class Shown(Paths):
        def blocks(self) -> Any:
            yield Table(["name", "n"], [["图", "1"], ["e\u0301", "-20"]])

    shown = object.__new__(Shown)
    assert str(shown).splitlines() == ["  name    n", "  图      1", "  e\u0301     -20"]
    assert shown.to_html().count("<td>") == 4


def test_the_elements_are_only_those_that_one_element_moves() -> None:
    w = leaf(np.ones((3, 3)), "w")
    J = np.sum(w[0] * 2.0)
    assert len(Elements(J.node, w.node, 1).nodes) == 4  # w[0, 1], of the row, doubled, J
    assert Elements(J.node, w.node, 3).count() == 0
