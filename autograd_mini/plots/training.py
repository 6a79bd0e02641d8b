"""Cost and accuracy over the epochs, with matplotlib."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from ..charts.colours import COLOURS
from ..charts.curves import PANELS, lines_of
from ..charts.scale import logarithmic, shares
from ..history import History
from .paper import axes_for, logarithmic_axis, new_figure, whole_numbers

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["curves", "overview"]


def curves(
    history: History, column: Literal["cost", "accuracy"] = "cost", *, ax: Axes | None = None
) -> Axes:
    """Draw cost or accuracy over the epochs: training, validation and test, what there is of them.

    Parameters
    ----------
    history : History
        What `fit` returned.
    column : {"cost", "accuracy"}
        The cost J (the mean over the examples, λ term included) on a logarithmic axis when it
        spans more than a factor of ten; or the share of the examples that are recognised.
    ax : matplotlib Axes, optional
        Where to draw; by default a new figure.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    TypeError, ValueError
        For what is no history, an empty one, or a column that it does not have.
    ImportError
        Without matplotlib.

    Examples
    --------
    >>> from autograd_mini.training import History
    >>> history = History([{"epoch": 0, "cost": 0.7}, {"epoch": 1, "cost": 0.5}], best=1)
    >>> ax = curves(history)
    >>> ax.get_xlabel(), ax.get_ylabel(), ax.lines[0].get_ydata().tolist()
    ('epoch', 'cost J (mean over the examples)', [0.7, 0.5])
    """
    if not isinstance(history, History):
        raise TypeError(f"history is {type(history).__name__}; expected what ag.fit returned")
    lines = lines_of(history, column) if column in PANELS else []
    if not lines:
        there = [name for name in PANELS if lines_of(history, name)]
        raise ValueError(f"no column {column!r} to draw; the history has {there or 'no rows'}")
    axes = axes_for(ax)
    for name, values in lines:
        dash = "-" if name == "training" else "--"
        axes.plot(history["epoch"], values, color=COLOURS[name], linestyle=dash, label=name)
    axes.axvline(history.best, color="0.6", linestyle=":", label=f"best epoch, {history.best}")
    if column == "cost":
        if logarithmic(history["cost"]):
            logarithmic_axis(axes)
        axes.set_ylabel("cost J (mean over the examples)")
    else:
        low, *_, high = shares([values for _, values in lines])
        axes.set_ylim(low, high + 0.03 * (high - low))
        axes.set_ylabel("accuracy (share of the examples)")
        axes.yaxis.set_major_formatter(_percent)
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(whole_numbers())
    axes.grid(alpha=0.25)
    axes.legend()
    return axes


def _percent(value: float, _: object) -> str:
    return f"{100 * value:g} %"


def overview(history: History) -> Figure:
    """Draw cost and accuracy, whichever there is, side by side."""
    shown = [name for name in PANELS if lines_of(history, name)]
    figure = new_figure(4.8 * max(len(shown), 1), 3.4)
    for k, name in enumerate(shown, 1):
        axes = figure.add_subplot(1, len(shown), k)
        curves(history, "cost" if name == "cost" else "accuracy", ax=axes)
    return figure
