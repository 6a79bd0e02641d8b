"""Which answer where, and which class for which."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from ..charts.colours import BLUE, INK, ORANGE, PAPER, SERIES
from ..charts.numbers import array, classes, confusion, network
from ..context import no_grad
from .paper import axes_for, diverging

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["confusion_matrix", "decision_boundary"]

MARKS: Final = "os^Dv*PX"
POINTS: Final = 201
MOST_WRITTEN: Final = 20
"""Classes whose counts are written into the table."""


def decision_boundary(net: Any, X: Any = None, Y: Any = None, *, ax: Axes | None = None) -> Axes:
    """Draw what a network of two inputs answers in the plane of its inputs.

    With one output h is the colour, orange 0 and blue 1, and a line where h = 1/2; with K outputs
    each class has its region.

    Parameters
    ----------
    net : Network
        With two inputs.
    X : array_like, optional
        Examples (m, 2), drawn as points; the picture is about them. By default about 0 .. 1.
    Y : array_like, optional
        Their labels (m,) or targets (m, K): the colours and marks of the points.
    ax : matplotlib Axes, optional
        Where to draw; by default a new figure.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    TypeError, ValueError
        For what is no network, more or less than two inputs, or shapes that do not fit.
    ImportError
        Without matplotlib.

    Examples
    --------
    >>> import autograd_mini as ag
    >>> corners = [[0, 0], [0, 1], [1, 0], [1, 1]]
    >>> ax = decision_boundary(ag.nn.gates.XNOR, corners, [1, 0, 0, 1])
    >>> ax.get_xlabel(), ax.get_title()
    ('x1', 'h(x): orange 0, blue 1, line at 1/2')
    """
    if (size := network(net).sizes[0]) != 2:
        raise ValueError(
            f"a decision boundary is drawn in a plane: the network has {size} input(s), expected 2"
        )
    points = np.array([[0.0, 0.0], [1.0, 1.0]]) if X is None else array("X", X)
    if points.ndim != 2 or points.shape[1] != 2 or len(points) == 0:
        raise ValueError(f"X has shape {points.shape}; expected (m, 2), at least one example")
    if X is None and Y is not None:
        raise ValueError("Y has labels, but there is no X; give the examples as well")
    labels = None if Y is None else classes("Y", Y, len(points))
    (x1, x2), h = _plane(net, points)
    axes = axes_for(ax, 4.6, 4.2)
    if h.shape[2] == 1:
        _one_output(axes, x1, x2, h[..., 0])
    else:
        _regions(axes, x1, x2, h.argmax(axis=2), h.shape[2])
    if X is not None:
        _scatter(axes, points, labels, SERIES if h.shape[2] > 1 else (ORANGE, BLUE, *SERIES[2:]))
    names = getattr(net, "inputs", None) or ("x1", "x2")
    axes.set(xlabel=names[0], ylabel=names[1])
    axes.set_xlim(x1[0], x1[-1])
    axes.set_ylim(x2[0], x2[-1])
    return axes


def _plane(net: Any, points: NDArray[Any]) -> tuple[tuple[Any, Any], NDArray[Any]]:
    """Return both axes and the network's answers, (rows, columns, K)."""
    sides = []
    for values in np.asarray(points, np.float64).T:
        low, high = float(values.min()), float(values.max())
        margin = 0.25 * (high - low) or 1.0
        sides.append(np.linspace(low - margin, high + margin, POINTS))
    grid = np.stack(np.meshgrid(*sides), axis=-1).reshape(-1, 2)
    with no_grad():
        h = net(grid).detach().numpy()
    return (sides[0], sides[1]), np.asarray(h, np.float64).reshape(POINTS, POINTS, -1)


def _one_output(axes: Axes, x1: Any, x2: Any, h: NDArray[Any]) -> None:
    axes.pcolormesh(x1, x2, h, cmap=diverging(), vmin=0.0, vmax=1.0, alpha=0.75, rasterized=True)
    if h.min() < 0.5 < h.max():
        axes.contour(x1, x2, h, levels=[0.5], colors=INK, linewidths=1.2)
    axes.set_title("h(x): orange 0, blue 1, line at 1/2", fontsize="medium")


def _regions(axes: Axes, x1: Any, x2: Any, answers: NDArray[Any], count: int) -> None:
    from matplotlib.colors import ListedColormap

    colours = ListedColormap([SERIES[k % len(SERIES)] for k in range(count)])
    axes.pcolormesh(x1, x2, answers, cmap=colours, vmin=-0.5, vmax=count - 0.5, alpha=0.3,
                    linewidth=0, rasterized=True)  # fmt: skip
    for k in range(count):
        inside = answers == k
        if inside.any():
            if not inside.all():
                axes.contour(x1, x2, inside, levels=[0.5], colors=INK, linewidths=0.8)
            rows, columns = np.nonzero(inside)
            middle = np.argmin((rows - rows.mean()) ** 2 + (columns - columns.mean()) ** 2)
            axes.text(x1[columns[middle]], x2[rows[middle]], str(k), color=INK, ha="center",
                      va="center", fontsize=13, fontweight="bold", alpha=0.8)  # fmt: skip
    axes.set_title("the answer, by region", fontsize="medium")


def _scatter(
    axes: Axes, points: NDArray[Any], labels: NDArray[Any] | None, colours: Sequence[str]
) -> None:
    groups = [(points, "", INK, "o")]
    if labels is not None:
        groups = [
            (points[labels == k], f"y = {k}", colours[k % len(colours)], MARKS[k % len(MARKS)])
            for k in np.unique(labels).tolist()
        ]
    size = 60 if len(points) <= 20 else 18
    for members, name, colour, mark in groups:
        axes.scatter(members[:, 0], members[:, 1], s=size, color=colour, marker=mark,
                     edgecolors=PAPER, linewidths=0.8, label=name or None, zorder=3)  # fmt: skip
    if labels is not None:
        axes.legend(loc="best", fontsize="small")


def confusion_matrix(labels: Any, predictions: Any, *, ax: Axes | None = None) -> Axes:
    """Draw how often each class (row) was taken for which (column).

    The diagonal is blue, mistakes are orange, the stronger the larger their share of the row.

    Parameters
    ----------
    labels : array_like
        What they are: classes (m,), or targets (m, K).
    predictions : array_like
        What the network says: classes (m,), or its output h (m, K).
    ax : matplotlib Axes, optional
        Where to draw; by default a new figure.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    TypeError, ValueError
        For what is not as many whole numbers from 0 on both sides.
    ImportError
        Without matplotlib.

    Examples
    --------
    >>> ax = confusion_matrix([0, 1, 1, 1], [0, 1, 1, 0])
    >>> [text.get_text() for text in ax.texts]
    ['1', '1', '2']
    >>> ax.get_title()
    '3 of 4 right (75 %)'
    """
    table = confusion(labels, predictions)
    shares = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    # The square root, so that one mistake among a hundred is seen.
    strength = np.sqrt(shares) * np.where(np.eye(len(table), dtype=bool), 1.0, -1.0)
    axes = axes_for(ax, 4.8, 4.6)
    axes.imshow(strength, cmap=diverging(), vmin=-1.0, vmax=1.0)
    if len(table) <= MOST_WRITTEN:
        for i, j in np.argwhere(table).tolist():
            colour = PAPER if abs(strength[i, j]) > 0.6 else INK
            axes.text(j, i, str(table[i, j]), ha="center", va="center", color=colour,
                      fontsize=9 if len(table) <= 12 else 7)  # fmt: skip
    ticks = range(0, len(table), 1 + len(table) // 30)
    axes.set(xticks=ticks, yticks=ticks, xlabel="what the network says", ylabel="what it is")
    right = int(table.trace())
    share = 100 * right / int(table.sum())
    axes.set_title(f"{right} of {table.sum()} right ({share:.4g} %)", fontsize="medium")
    return axes
