"""How good a network is: its accuracy, and the row that the history gets after an epoch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..context import no_grad
from ..history import Row
from ..nn.network import COSTS, Network
from .step import Cost, weights

Array = NDArray[Any]
Examples = tuple[Array, Array]


def accuracy(net: Network, X: Any, Y: Any) -> float:
    """Return the share of the examples that a network gets right, 0 to 1.

    With K > 1 outputs the largest must be the right one (where Y has not a single one in every row,
    each output must lie on its side of 1/2); with one output, h >= 1/2 must say y.

    Parameters
    ----------
    net
        The network.
    X, Y
        Examples (m, s_1) and targets as the costs take them: (m, K), or labels (m,).

    Examples
    --------
    >>> import autograd_mini as ag
    >>> accuracy(ag.nn.gates.AND, [[0, 0], [0, 1], [1, 1]], [0, 1, 1])
    0.6666666666666666
    """
    return float(np.mean(right(net, X, Y, one_each(np.asarray(Y)))))


def one_each(Y: Array) -> bool:
    """Tell whether Y says one class for each example: labels, or a single one in every row."""
    return Y.ndim == 1 or bool(np.all(np.count_nonzero(Y >= 0.5, axis=1) == 1))


def right(net: Network, X: Any, Y: Any, classes: bool) -> Array:
    """Tell of every example whether a network gets it right, (m,); see `accuracy`."""
    with no_grad():
        return _is_right(net(X).numpy(), Y, classes)


def _is_right(h: Array, Y: Any, classes: bool) -> Array:
    Y = np.asarray(Y)
    if Y.ndim == 1 and h.shape[1] > 1:
        return np.asarray(h.argmax(axis=1) == Y)
    if h.shape[1] > 1 and classes:
        return np.asarray(h.argmax(axis=1) == Y.argmax(axis=1))
    return np.asarray(np.all((h >= 0.5) == (Y.reshape(h.shape) >= 0.5), axis=1))


def _both(net: Network, cost: Cost, lam: float, X: Any, Y: Any) -> tuple[float, float]:
    """Cost and accuracy; our own costs take the pass through the network that both are read from.

    (A cost of a user's own takes examples.)
    """
    with no_grad():
        passed = net.forward(X) if cost in COSTS.values() else None
        J = float(cost(net, X if passed is None else passed, Y, lam).item())
        h = net(X) if passed is None else passed.a[len(net.sizes)]
        return J, float(np.mean(_is_right(h.numpy(), Y, one_each(np.asarray(Y)))))


def measured(
    net: Network,
    cost: Cost,
    lam: float,
    epoch: int,
    parts: Mapping[str, Examples],
    training: Callable[[list[Array], float], tuple[float, float]] | None = None,
) -> Row:
    """Cost and accuracy over all training and validation examples, accuracy on the test's.

    Parameters
    ----------
    parts
        "" (the training examples), "validation_" and "test_", those that there are, each (X, Y).
    training
        ``training(parameters, lam) -> (J, accuracy)`` of the training examples, where they are not
        measured here.

    Raises
    ------
    FloatingPointError
        When a cost is no finite number.
    """
    row: Row = {"epoch": epoch}
    with no_grad(), np.errstate(over="ignore", invalid="ignore"):
        for prefix, pair in parts.items():
            if prefix == "test_":
                row["test_accuracy"] = accuracy(net, *pair)
                continue
            if prefix or training is None:
                J, share = _both(net, cost, lam, *pair)
            else:
                J, share = training(weights(net), lam)
            if not np.isfinite(J):
                raise FloatingPointError(f"the {prefix}cost became {J} in epoch {epoch}")
            row |= {f"{prefix}cost": J, f"{prefix}accuracy": share}
    return row
