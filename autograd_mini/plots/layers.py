"""Layer by layer: how much gradient arrives, and where the activations are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..charts.colours import BLUE, SERIES
from ..charts.numbers import activations, counted
from ..charts.numbers import gradient_norms as norms_of
from .paper import axes_for, logarithmic_axis

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["activation_histograms", "gradient_norms"]

MARKS = "os^Dv*"


def gradient_norms(gradients: Any, *, ax: Axes | None = None) -> Axes:
    """Draw ‖∂J/∂Θ^(l)‖ (Frobenius norm, bias included) over the layers, on a logarithmic axis.

    Parameters
    ----------
    gradients : Network, sequence of Networks, or mapping of names to either
        What ``ag.value_and_grad(cost)(net, X, Y)`` gives beside the cost. Of several under one
        name (several seeds, say) each is a pale line and their median the strong one; a mapping
        draws one beside the other: ``{"sigmoid": D, "relu": E}``.
    ax : matplotlib Axes, optional
        Where to draw; by default a new figure.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    TypeError, ValueError
        For what is no gradient, or gradients of different depth under one name.
    ImportError
        Without matplotlib.

    Notes
    -----
    A norm of 0 has no place on a logarithmic axis and is left out.

    Examples
    --------
    >>> import autograd_mini as ag
    >>> net = ag.nn.Network([2, 3, 1])
    >>> _, D = ag.value_and_grad(ag.nn.logistic_cost)(net, [[0.0, 1.0]], [1.0])
    >>> ax = gradient_norms(D)
    >>> ax.get_xticks().tolist(), ax.get_yscale()
    ([1, 2], 'log')
    """
    found = norms_of(gradients)
    axes = axes_for(ax)
    deepest = max(rows.shape[1] for rows in found.values())
    for k, (given, rows) in enumerate(found.items()):
        colour, mark = SERIES[k % len(SERIES)], MARKS[k % len(MARKS)]
        shown = np.where(np.isfinite(rows) & (rows > 0), rows, np.nan)
        layers = np.arange(1, rows.shape[1] + 1)
        if len(rows) > 1:
            axes.plot(layers, shown.T, color=colour, alpha=0.2, lw=0.8)
        middle = np.median(rows, axis=0)
        middle = np.where(np.isfinite(middle) & (middle > 0), middle, np.nan)
        name = given.replace("$", r"\$")  # it is no formula
        several = f"{name}: median of {len(rows)}".removeprefix(": ") if len(rows) > 1 else name
        axes.plot(layers, middle, marker=mark, color=colour, lw=2, label=several or None)
    if any((rows > 0).any() for rows in found.values()):
        logarithmic_axis(axes)
    axes.set(xlabel="layer l", ylabel="gradient norm ‖∂J/∂Θ^(l)‖")
    axes.set_xticks(range(1, deepest + 1, 1 + deepest // 15))
    axes.grid(alpha=0.25)
    if axes.get_legend_handles_labels()[1]:
        axes.legend()
    return axes


def activation_histograms(net: Any, X: Any, *, bins: int = 40, ax: Axes | None = None) -> Axes:
    """Draw how the activations a^(l) of every layer l = 2 .. L are spread.

    Every layer is a histogram standing on its side; its bars grow to the right, the longest of a
    layer to the same length. Sigmoid units that saturate crowd at 0 and 1, ReLU units that are
    silent at 0.

    Parameters
    ----------
    net : Network
    X : array_like
        Examples (m, s_1).
    bins : int
        Number of bars over the whole range of values.
    ax : matplotlib Axes, optional
        Where to draw; by default a new figure. Two networks: two axes side by side.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    TypeError, ValueError
        For what is no network, examples it does not take, no example at all, or bins out of range.
    ImportError
        Without matplotlib.

    Examples
    --------
    >>> import autograd_mini as ag
    >>> ax = activation_histograms(ag.nn.Network([2, 3, 1], "relu"), [[0.0, 1.0], [1.0, 1.0]])
    >>> ax.get_xticks().tolist(), ax.get_ylabel()
    ([2, 3], 'activation a^(l)')
    """
    values = activations(net, X)
    if not all(each.size for each in values.values()):
        raise ValueError("X holds no example; give at least one row")
    edges, shares = counted(values, bins)
    axes = axes_for(ax)
    for layer, share in shares.items():
        widths = 0.85 * share / share.max()
        axes.barh(edges[:-1], widths, np.diff(edges), left=layer - 0.4, align="edge", color=BLUE)
        axes.axvline(layer - 0.4, color="0.6", lw=0.6)
        # The longest bar says how much it stands for: lengths compare within a layer only.
        axes.text(layer - 0.4, 1.01, f"{share.max():.0%}", fontsize=7, color="0.35",
                  transform=axes.get_xaxis_transform())  # fmt: skip
    axes.set_xlim(1.5, max(shares) + 0.6)
    axes.set_xticks(range(2, max(shares) + 1, 1 + max(shares) // 15))
    axes.set(xlabel="layer l (above: the share in its longest bar)", ylabel="activation a^(l)")
    return axes
