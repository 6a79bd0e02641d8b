"""What `draw` makes of a network: its units and weights, for an input perhaps, or two planes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from ..context import no_grad
from ..nn.gates import Gate, truth_table
from ..nn.network import Network
from .deltas import deltas_diagram
from .model import Diagram
from .neurons import Run, network_diagram
from .planes import planes_diagram
from .tree import with_tree

__all__ = ["VIEWS", "diagram_of"]

VIEWS: Final = ("units", "planes", "delta", "hidden")


def diagram_of(
    net: Network, inputs: Sequence[str] = (), X: Any = None, Y: Any = None,
    cost: str = "logistic", view: str = "units",
) -> Diagram:  # fmt: skip
    """Return the picture of a network.

    Raises
    ------
    ValueError
        For an unknown view; for planes of a network that is not 2-2-K; for Y without X; for more
        than one input whose units are to be drawn.
    """
    if view not in VIEWS:
        raise ValueError(f"view={view!r}; expected one of {', '.join(VIEWS)}")
    if Y is not None and X is None:
        raise ValueError("Y is the answer to an input; give X too, draw(net, X=x, Y=y)")
    if view in ("delta", "hidden"):
        return deltas_diagram(net, X, Y, cost, view == "delta")
    named = tuple(inputs) or getattr(net, "inputs", ())  # a gate names its inputs and units
    units = getattr(net, "units", None)
    if view == "planes":
        return _planes(net, X, Y, dict(units or {}) | ({1: named} if named else {}))
    weights = {layer: array.detach().numpy() for layer, array in net.weights.items()}
    biases = {layer: array.detach().numpy() for layer, array in net.biases.items()}
    run = None if X is None else _run(net, X, Y, cost)
    diagram = network_diagram(weights, biases, named, units, run)
    return with_tree(diagram, net) if isinstance(net, Gate) and net.expression else diagram


def _run(net: Network, X: Any, Y: Any, cost: str) -> Run:
    """Return what one example makes of the units."""
    X = np.asarray(X.detach().numpy() if hasattr(X, "detach") else X, dtype=net.dtype)
    if X.ndim == 2 and len(X) != 1:
        raise ValueError(
            f"X has shape {X.shape}; the units are filled for one input, such as X=X[0]"
        )
    X = np.atleast_2d(X)
    with no_grad():
        a = {layer: np.asarray(values.numpy())[0] for layer, values in net.forward(X).a.items()}
    if Y is None:
        return Run(a, {})
    deltas = net.deltas(
        X, np.atleast_1d(Y) if np.ndim(Y) < 2 and net.sizes[-1] == 1 else _row(Y), cost
    )
    return Run(a, {layer: np.asarray(_plain(delta))[0] for layer, delta in deltas.items()})


def _row(Y: Any) -> Any:
    """Return one example's y as a batch of one: a label, or a row of K numbers."""
    return np.atleast_1d(Y) if np.ndim(Y) == 0 else np.atleast_2d(Y)


def _plain(values: Any) -> Any:
    return values.detach().numpy() if hasattr(values, "detach") else values


def _planes(net: Network, X: Any, Y: Any, names: dict[int, Sequence[str]]) -> Diagram:
    if len(net.sizes) != 3 or net.sizes[:2] != (2, 2):
        sizes = "-".join(map(str, net.sizes))
        raise ValueError(
            f"the planes are those of two inputs and two hidden units; expected a 2-2-1 network, "
            f"got {sizes}; leave view out to draw its units"
        )
    if X is None:
        X = truth_table(net)[0]
    X = np.atleast_2d(np.asarray(X, dtype=net.dtype))
    with no_grad():
        run = net.forward(X)
        h = np.asarray(run.a[3].numpy())
        a = np.asarray(run.a[2].numpy())
    given = h[:, 0] if Y is None else np.asarray(Y, dtype=float).reshape(len(X), -1)[:, 0]
    labels = [bool(value) for value in given >= 0.5]
    return planes_diagram(net.theta, X, a, labels, names)
