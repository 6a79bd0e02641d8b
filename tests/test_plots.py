"""The plots with matplotlib: the numbers they show, any network, bad input, nothing global."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Callable
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from matplotlib._pylab_helpers import Gcf
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import autograd_mini as ag
from autograd_mini import nn, plots
from autograd_mini.charts import numbers
from autograd_mini.charts.colours import BLUE, ORANGE
from autograd_mini.data import logic_table
from autograd_mini.training import History

SIZES = [[64, 25, 10], [4, 3, 1], [4, 1], [6, 3], [2, 3, 1], [2, 1], [2, 5, 3]]
ROWS = [
    {"epoch": 0, "cost": 7.0, "accuracy": 0.1, "test_accuracy": 0.2},
    {"epoch": 1, "cost": 0.5, "accuracy": 0.8, "test_accuracy": 0.7},
]
HISTORY = History(ROWS, best=1)


def problem(sizes: list[int], dtype: Any, activation: str = "sigmoid") -> Any:
    net = nn.Network(sizes, activation, dtype=dtype)
    X = np.random.default_rng(0).uniform(0, 1, (12, sizes[0]))
    Y = np.arange(12) % max(sizes[-1], 2)
    return net, X, Y


def gradient(net: Any, X: Any, Y: Any) -> Any:
    return ag.value_and_grad(nn.logistic_cost)(net, X, Y)[1]


def every_plot(net: Any, X: Any, Y: Any) -> dict[str, Callable[..., Axes]]:
    """All functions of `plots`, each with what it draws."""
    h = net(X).detach().numpy()
    found: dict[str, Callable[..., Axes]] = {
        "curves": lambda **ax: plots.curves(HISTORY, **ax),
        "accuracy": lambda **ax: plots.curves(HISTORY, "accuracy", **ax),
        "weight_tiles": lambda **ax: plots.weight_tiles(net, **ax),
        "digits": lambda **ax: plots.digits(X, h, Y, **ax),
        "confusion_matrix": lambda **ax: plots.confusion_matrix(Y, h, **ax),
        "gradient_norms": lambda **ax: plots.gradient_norms(gradient(net, X, Y), **ax),
        "activation_histograms": lambda **ax: plots.activation_histograms(net, X, **ax),
    }
    if net.sizes[0] == 2:
        found["decision_boundary"] = lambda **ax: plots.decision_boundary(net, X, Y, **ax)
    return found


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_every_plot_of_any_network_draws(sizes: list[int], dtype: Any) -> None:
    figure = Figure(figsize=(2, 2))
    for draw in every_plot(*problem(sizes, dtype)).values():
        figure.clear()
        ax = figure.add_subplot()
        assert draw(ax=ax) is ax
        figure.savefig(io.BytesIO(), dpi=20)
        assert ax.get_title() or ax.get_xlabel()
        if ax.axison:
            assert ax.get_xlabel()
            assert ax.get_ylabel()


def test_nothing_global_is_touched_and_notebooks_show_what_is_returned() -> None:
    before = dict(mpl.rcParams)
    for draw in every_plot(*problem([2, 3, 1], np.float64)).values():
        ax = draw()
        assert ax._repr_png_().startswith(b"\x89PNG")  # type: ignore[attr-defined]
        assert ax.figure.axes == [ax]
    assert HISTORY.plot()._repr_png_().startswith(b"\x89PNG")  # type: ignore[attr-defined]
    assert dict(mpl.rcParams) == before
    assert Gcf.get_all_fig_managers() == []


def test_the_public_names_are_those_that_are_tested() -> None:
    tested = {*every_plot(*problem([2, 3, 1], np.float64))} - {"accuracy"}
    assert {*plots.__all__} == tested | {"curves_svg"}


def test_the_plots_read_and_record_nothing_under_anybody() -> None:
    net, X, Y = problem([2, 3, 1], np.float64)
    for parameter in net.parameters:
        parameter.grad = np.ones(parameter.shape)
    for draw in every_plot(net, X, Y).values():
        draw()
    assert all((parameter.grad == 1).all() for parameter in net.parameters)
    assert all(parameter.is_leaf for parameter in net.parameters)


# -- what is drawn


@given(st.integers(1, 400))
def test_pixels_are_laid_out_as_near_to_a_square_as_they_go(size: int) -> None:
    rows, columns = numbers.image_shape(size)
    assert rows * columns == size
    assert rows <= columns
    assert not [k for k in range(rows + 1, columns) if size % k == 0 and k * k <= size]


@given(
    hnp.arrays(float, st.tuples(st.integers(1, 7), st.integers(1, 12)), elements=st.floats(-9, 9))
)
def test_every_tile_is_a_row_of_theta_scaled_to_its_largest(weights: Any) -> None:
    theta = np.column_stack([np.full(len(weights), 1e3), weights])  # the bias is no pixel
    whole = np.asarray(plots.weight_tiles(nn.Network.from_theta([theta])).images[0].get_array())
    shown = whole[~np.isnan(whole)] if whole.dtype.kind == "f" else whole
    largest = abs(weights).max(1, keepdims=True)
    expected = weights / np.where(largest > 0, largest, 1)
    assert sorted(np.ma.compressed(np.ma.masked_invalid(shown)).tolist()) == pytest.approx(
        sorted(expected.ravel().tolist()), abs=1e-12
    )


def test_a_tile_is_where_its_unit_is() -> None:
    theta = np.column_stack([np.zeros(6), np.diag(np.arange(1.0, 7.0))])
    image = plots.weight_tiles(nn.Network.from_theta([theta])).images[0].get_array()
    filled = np.ma.filled(np.ma.masked_invalid(image), 0.0)
    places = [tuple(place) for place in np.argwhere(filled == 1.0).tolist()]
    # Tiles of 2 x 3 pixels, one between: unit i is lit at its i-th pixel.
    across = (image.shape[1] + 1) // 4
    expected = [(i // across * 3 + i // 3, i % across * 4 + i % 3) for i in range(6)]
    assert sorted(places) == sorted(expected)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=30))
def test_confusion_counts_every_pair(pairs: list[tuple[int, int]]) -> None:
    right, said = (list(side) for side in zip(*pairs, strict=True))
    table = numbers.confusion(right, said)
    for i in range(len(table)):
        for j in range(len(table)):
            assert table[i, j] == pairs.count((i, j))
    assert table.sum() == len(pairs)


@given(hnp.arrays(float, st.tuples(st.integers(1, 5), st.integers(1, 4)),
                  elements=st.floats(-1e6, 1e6)), st.integers(2, 50))  # fmt: skip
def test_the_bins_hold_every_activation(values: Any, bins: int) -> None:
    edges, shares = numbers.counted({2: values, 3: values * 0}, bins)
    assert len(edges) == bins + 1
    assert [float(share.sum()) for share in shares.values()] == pytest.approx([1.0, 1.0])


def test_the_norms_are_those_of_the_gradient() -> None:
    net, X, Y = problem([4, 3, 3, 2], np.float64)
    D = gradient(net, X, Y)
    (line,) = plots.gradient_norms(D).lines
    expected = [np.linalg.norm(D.theta[l]) for l in (1, 2, 3)]
    assert np.asarray(line.get_ydata()).tolist() == pytest.approx(expected)
    twice, six = (nn.Network.from_theta([k * D.theta[l] for l in D.theta]) for k in (2, 6))
    (median,) = plots.gradient_norms([D, six, twice]).lines[3:]
    assert np.asarray(median.get_ydata()).tolist() == pytest.approx([2 * k for k in expected])
    ax = plots.gradient_norms({"sigmoid": [D, D], "relu": D})
    assert [line.get_label() for line in ax.lines if line.get_marker() != "None"] == [
        "sigmoid: median of 2",
        "relu",
    ]


def test_a_name_is_no_formula() -> None:
    D = nn.Network([2, 1])
    ax = plots.gradient_norms({"$x^": D, "θ <b>": D})
    ax.figure.savefig(io.BytesIO())


def test_a_gradient_of_zero_has_no_place_on_a_logarithmic_axis() -> None:
    D = nn.Network.from_theta([np.zeros((2, 3)), np.ones((1, 3))])
    (line,) = plots.gradient_norms(D).lines
    assert np.isnan(np.asarray(line.get_ydata())).tolist() == [True, False]
    zero = nn.Network.from_theta([np.zeros((2, 3))])
    assert plots.gradient_norms(zero).get_yscale() == "linear"


def test_sigmoid_units_that_saturate_and_relu_units_that_are_silent_are_seen() -> None:
    X = np.array([[-1.0], [1.0]])
    for activation, ends in (("sigmoid", [0.0, 1.0]), ("relu", [0.0, 40.0])):
        net = nn.Network.from_theta([[[0.0, 40.0]], [[0.0, 0.0]]], activation=activation)
        bars = plots.activation_histograms(net, X, bins=10).containers[0].patches
        longest = [bar for bar in bars if bar.get_width() > 0]
        assert [bar.get_y() + bar.get_height() * k for k, bar in enumerate(longest)] == ends


def test_xnor_answers_on_both_sides_of_its_lines() -> None:
    X, Y = logic_table("xnor")
    ax = plots.decision_boundary(nn.gates.XNOR, X, Y)
    mesh = ax.collections[0]
    h = np.asarray(mesh.get_array()).reshape(plots.classes.POINTS, -1)
    middle = len(h) // 2
    assert h[middle, middle] < 1e-3  # (0.5, 0.5)
    assert h[0, 0] > 0.999
    assert h[-1, -1] > 0.999
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["y = 0", "y = 1"]
    assert ax.get_xlabel() == "x1"


def test_the_plane_is_the_right_way_round_and_so_are_the_points() -> None:
    net = nn.Network.from_theta([[[-1.0, 2.0, 0.5]]])
    ax = plots.decision_boundary(net, [[0.0, 0.25], [1.0, 0.75]], [0, 1])
    h = np.asarray(ax.collections[0].get_array()).reshape(plots.classes.POINTS, -1)
    x1, x2 = (np.linspace(*ends, len(h)) for ends in (ax.get_xlim(), ax.get_ylim()))
    for i, j in ((0, 0), (0, 200), (200, 0), (70, 120)):
        assert h[i, j] == pytest.approx(net([x1[j], x2[i]]).item())
    for points, place, colour in zip(
        ax.collections[-2:], ([[0.0, 0.25]], [[1.0, 0.75]]), (ORANGE, BLUE), strict=True
    ):
        assert np.asarray(points.get_offsets()).tolist() == place
        assert mpl.colors.to_hex(points.get_facecolor()[0]) == colour  # type: ignore[attr-defined]


def test_gates_name_their_axes() -> None:
    ax = plots.decision_boundary(nn.gates.from_expression("rain and wind"))
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("rain", "wind")


def test_a_constant_answer_has_no_line() -> None:
    flat = nn.Network.from_theta([[[3.0, 0.0, 0.0]]])
    assert len(plots.decision_boundary(flat).collections) == 1
    one_class = nn.Network.from_theta([[[3.0, 0, 0], [0.0, 0, 0]]])
    ax = plots.decision_boundary(one_class, [[1.0, 2.0]])
    assert [text.get_text() for text in ax.texts] == ["0"]


def test_a_caption_stands_above_its_image_and_what_is_wrong_is_orange() -> None:
    lit = np.zeros((6, 16))
    lit[np.arange(6), np.arange(6)] = 1.0
    ax = plots.digits(lit, [0, 1, 2, 3, 4, 0], range(6))
    image = np.ma.filled(np.ma.masked_invalid(ax.images[0].get_array()), -1.0)
    for text, (k, pixel) in zip(ax.texts, enumerate(range(6)), strict=True):
        left, top = text.get_position()
        row, column = round(top + 0.74), round(left - 1.5)  # the image begins below its caption
        tile = image[row : row + 4, column : column + 4]
        assert np.argwhere(tile == 1.0).tolist() == [[pixel // 4, pixel % 4]]
        assert (text.get_color() == ORANGE) == (k == 5)


def test_wrong_digits_say_what_they_are_and_what_they_were_taken_for() -> None:
    ax = plots.digits(np.eye(4), [0, 1, 2, 2], [0, 1, 2, 3])
    assert [text.get_text() for text in ax.texts] == ["0", "1", "2", "3→2"]
    assert ax.get_title() == "1 of 4 wrong (in orange: label → answer)"
    assert plots.digits(np.ones((150, 4))).get_title() == "the first 100 of 150"
    negative = plots.digits([[-2.0, 0.0, 2.0]]).images[0].get_array()
    assert np.ma.compressed(np.ma.masked_invalid(negative)).tolist() == [0, 0.5, 1]


def test_the_curves_have_every_column_there_is() -> None:
    ax = plots.curves(HISTORY, "accuracy")
    assert [line.get_label() for line in ax.lines] == ["training", "test", "best epoch, 1"]
    assert plots.curves(HISTORY).get_yscale() == "log"
    only_cost = History([{"epoch": 0, "cost": 0.5}])
    assert len(only_cost.plot().axes) == 1
    assert only_cost.svg().count("<polyline") == 1


# -- what can not be drawn

NET, X, Y = problem([64, 25, 10], np.float64)
FLAT = nn.Network([2, 1])
BAD: list[tuple[str, Callable[[], Any], type[Exception], str]] = [
    ("no network", lambda: plots.weight_tiles(3), TypeError, "net is int; expected an nn.Network"),
    ("no layer", lambda: plots.weight_tiles(NET, 3), ValueError, "weights of layers [1, 2]"),
    ("shape", lambda: plots.weight_tiles(NET, shape=(8, 9)), ValueError, "does not hold 64 pixels"),
    ("one number", lambda: plots.digits(X, shape=8), ValueError, "such as (8, 8)"),  # type: ignore[arg-type]
    ("one image", lambda: plots.digits(X[0]), ValueError, "a single image is X[:1]"),
    ("none", lambda: plots.digits(X[:0]), ValueError, "X has shape (0, 64)"),
    ("words", lambda: plots.digits([["a"]]), TypeError, "X has dtype <U1"),
    ("nan", lambda: plots.digits([[np.nan, 1.0]]), ValueError, "1 NaN or infinite of 2"),
    ("labels", lambda: plots.digits(X, Y[:3]), ValueError, "predictions has shape (3,)"),
    ("halves", lambda: plots.confusion_matrix([0.5], [0]), ValueError, "whole numbers from 0"),
    ("below 0", lambda: plots.confusion_matrix([-1], [0]), ValueError, "whole numbers from 0"),
    ("no pair", lambda: plots.confusion_matrix([0, 1], [0]), ValueError, "predictions has shape"),
    ("nothing", lambda: plots.confusion_matrix([], []), ValueError, "at least one of them"),
    ("many", lambda: plots.confusion_matrix([5000], [0]), ValueError, "at most 1000 classes"),
    ("64 inputs", lambda: plots.decision_boundary(NET), ValueError, "has 64 input(s), expected 2"),
    ("points", lambda: plots.decision_boundary(FLAT, [1.0]), ValueError, "expected (m, 2)"),
    ("no X", lambda: plots.decision_boundary(FLAT, None, [1]), ValueError, "there is no X"),
    ("cost", lambda: plots.gradient_norms(3.0), TypeError, "the gradient is float"),
    ("no D", lambda: plots.gradient_norms({}), ValueError, "no gradient is given"),
    ("empty", lambda: plots.gradient_norms([]), ValueError, "0 networks"),
    ("depths", lambda: plots.gradient_norms([NET, FLAT]), ValueError, "all equally deep"),
    ("no rows", lambda: plots.activation_histograms(NET, X[:0]), ValueError, "no example"),
    ("bins", lambda: plots.activation_histograms(NET, X, bins=1), ValueError, "from 2 to 1000"),
    ("inputs", lambda: plots.activation_histograms(NET, X[:, :3]), ValueError, "X has shape"),
    ("history", lambda: plots.curves([1.0]), TypeError, "expected what ag.fit returned"),  # type: ignore[arg-type]
    ("column", lambda: plots.curves(HISTORY, "loss"), ValueError, "['cost', 'accuracy']"),  # type: ignore[arg-type]
    ("no epoch", lambda: plots.curves(History([])), ValueError, "no rows"),
    ("no axes", lambda: plots.curves(HISTORY, ax=Figure()), TypeError, "ax is Figure"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("draw", "kind", "told"), [c[1:] for c in BAD], ids=[c[0] for c in BAD])
def test_bad_input_gets_one_clear_line(
    draw: Callable[[], Any], kind: type[Exception], told: str
) -> None:
    with pytest.raises(kind, match=re.escape(told)) as caught:
        draw()
    assert "\n" not in str(caught.value)


def test_weights_that_are_not_finite_are_refused() -> None:
    net = nn.Network([2, 1])
    with ag.no_grad():
        net.weights[1][...] = np.inf
    with pytest.raises(ValueError, match=r"Θ\^\(1\) holds NaN or infinity"):
        plots.weight_tiles(net)


@pytest.mark.parametrize("name", [*every_plot(*problem([2, 3, 1], np.float64))])
def test_without_matplotlib_the_cure_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plots.paper._kinds.cache_clear()
    for module in ("matplotlib", "matplotlib.axes", "matplotlib.figure"):
        monkeypatch.setitem(sys.modules, module, None)
    cure = 'pip install "autograd-mini[plot]"'
    with pytest.raises(ImportError, match=re.escape(cure)) as caught:
        every_plot(*problem([2, 3, 1], np.float64))[name]()
    assert "\n" not in str(caught.value)
    plots.paper._kinds.cache_clear()
