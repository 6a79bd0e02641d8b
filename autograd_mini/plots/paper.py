"""Where plots are drawn: the axes that were given, or new ones that a notebook shows by itself."""

from __future__ import annotations

from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING, Any

from ..charts.colours import BLUE, INK, ORANGE, PAPER

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.figure import Figure
    from matplotlib.ticker import Locator

__all__ = ["axes_for", "diverging", "ink", "logarithmic_axis", "new_figure", "whole_numbers"]

RESOLUTION = 110


def new_figure(width: float, height: float) -> Figure:
    """Return a figure that pyplot does not know.

    Raises
    ------
    ImportError
        Without matplotlib.
    """
    try:
        return _kinds()[0](figsize=(width, height), layout="constrained")
    except ImportError as error:
        raise ImportError(
            'plotting needs matplotlib: pip install "autograd-mini[plot]"; '
            "history.svg() needs nothing"
        ) from error


def axes_for(ax: Axes | None, width: float = 5.0, height: float = 3.6) -> Axes:
    """Return the axes given, or those of a new figure of so many inches.

    Raises
    ------
    ImportError
        Without matplotlib.
    TypeError
        For what is no axes.
    """
    if ax is None:
        figure = new_figure(width, height)
        return figure.add_subplot(axes_class=_kinds()[1])
    if not callable(getattr(ax, "imshow", None)):
        raise TypeError(f"ax is {type(ax).__name__}; give one matplotlib Axes, such as "
                        "figure.add_subplot(), or leave ax out")  # fmt: skip
    return ax


@cache
def _kinds() -> tuple[type[Figure], type[Axes]]:
    """Return Figure and Axes with a picture of themselves for notebooks."""
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    class ShownFigure(Figure):
        def _repr_png_(self) -> bytes:
            return _png(self)

    class ShownAxes(Axes):
        def _repr_png_(self) -> bytes:
            return _png(self.figure)

    return ShownFigure, ShownAxes


def _png(figure: Any) -> bytes:
    drawn = BytesIO()
    figure.savefig(drawn, format="png", dpi=RESOLUTION)
    return drawn.getvalue()


def logarithmic_axis(axes: Axes) -> None:
    """Make the vertical axis logarithmic, with plain numbers on it."""
    from matplotlib.ticker import LogFormatter

    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(LogFormatter())
    axes.yaxis.set_minor_formatter(LogFormatter())


def whole_numbers() -> Locator:
    """Return ticks for epochs: there is no half of one."""
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator("auto", integer=True)


def diverging() -> LinearSegmentedColormap:
    """Return colours from orange (negative) over paper to blue (positive)."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("orange-blue", [ORANGE, PAPER, BLUE])


def ink() -> LinearSegmentedColormap:
    """Return colours from paper to ink."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("ink", [PAPER, INK])
