"""The six nodes around δ^(l): z, a and the cost, and what flows back to each of them.

At the output g' may cancel, at a hidden layer it does not. Every number is read from a recorded
graph; what is said of them ("= a − y") is said only where the numbers are so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from ..nn.network import COSTS, Forward, Network
from ..recording import followed
from ..transforms import backprop
from . import labels
from .jacobians import jacobians
from .model import Diagram, Edge, Kind, Scope, Vertex

__all__ = ["deltas_diagram"]

THROUGH_H: Final = {"logistic": "logistic_literal"}
"""A cost that is computed from z^(L), and its twin in whose graph a^(L) is a node."""
SIDE_BY_SIDE: Final = ("logistic", "quadratic")

Array = np.ndarray[Any, Any]


def deltas_diagram(net: Network, X: Any, Y: Any, cost: str, at_output: bool) -> Diagram:
    """Return the picture for the output layer, costs side by side, or for the last hidden one.

    Raises
    ------
    ValueError
        Without examples and their answers; for an output or a cost that has no such nodes; for a
        network without a hidden layer.
    """
    if X is None or Y is None:
        raise ValueError("these are nodes of a cost; give X and Y, examples and their answers")
    layer = len(net.sizes) - (not at_output)
    if layer < 2:
        raise ValueError(f'{net!r} has no hidden layer; write view="delta" for its output')
    costs = SIDE_BY_SIDE if at_output else (cost,)
    if at_output and net.output != "sigmoid":
        raise ValueError(
            f"output={net.output!r}; the logistic and the quadratic cost are side by side for a "
            'sigmoid output; write view="hidden" for the layer before it'
        )
    with followed():
        columns = [_Column(net, net.forward(X), Y, layer, name) for name in costs]
    told = "g'(z) cancels where δ = a − y" if at_output else "at a hidden unit nothing cancels"
    caption = f"forward on the left, ∂cost/∂(each) on the right, a row an example; {told}"
    vertices = tuple(vertex for column in columns for vertex in column.vertices())
    edges = tuple(edge for column in columns for edge in column.edges())
    return Diagram(vertices, edges, caption)


class _Column:
    """Six nodes of one cost."""

    def __init__(self, net: Network, run: Forward, Y: Any, layer: int, cost: str) -> None:
        if cost not in COSTS:
            raise ValueError(f"cost={cost!r}; expected one of {', '.join(COSTS)}")
        last = len(net.sizes)
        J = COSTS[THROUGH_H.get(cost, cost) if layer == last else cost](net, run, Y)
        z, a = run.z[layer], run.a[layer]
        m = z.shape[0] if z.ndim == 2 else 1
        self.cost, self.layer, self.J, self.m = cost, layer, J.item(), m
        self.activation = a.node.op.name if a.node.op else ""
        self.z, self.a = z.node.value, a.node.value
        self.back_a, self.delta = map(np.asarray, backprop(J, wrt=[a, z], cotangent=m))
        ((_, self.slope),) = jacobians(a.node).values()
        self.rest = f"{cost} cost" if layer == last else f"layer {layer + 1} and on"
        if layer == last:
            self.facts = _at_output(self, np.reshape(_targets(Y, a.shape), a.shape))
        else:
            (after,) = backprop(J, wrt=[run.z[layer + 1]], cotangent=m)
            self.facts = _at_hidden(self, np.asarray(after), net.weights[layer].node.value)

    def vertices(self) -> list[Vertex]:
        """Return the six nodes, what joins them, and the factors on the way back."""
        l, scope = self.layer, (f"{self.cost} cost",)
        of_a, of_z = self.facts
        mean = "" if self.m == 1 else f"mean of the cost of {self.m} examples"
        return [
            self._vertex("z", "value", f"z{l}", self.z),
            self._vertex("delta", "derivative", f"δ{l} = ∂cost/∂z{l}", self.delta, of_z),
            Vertex(self._key("g"), "operation", self.activation, scope=scope),
            Vertex(
                self._key("slope"), "cotangent", value=_rows("× g'(z)", self.slope), scope=scope
            ),
            self._vertex("a", "value", f"a{l}", self.a),
            self._vertex("back_a", "derivative", f"∂cost/∂a{l}", self.back_a, of_a),
            Vertex(self._key("rest"), "operation", self.rest, scope=scope),
            Vertex(self._key("cost"), "output", "J", (mean,) * bool(mean), labels.rows(self.J), (),
                   scope),
            self._vertex("one", "derivative", "∂cost/∂cost", np.ones(())),
        ]  # fmt: skip

    def edges(self) -> list[Edge]:
        """Return the way forward, and the way back."""
        forward = [("z", "g"), ("g", "a"), ("a", "rest"), ("rest", "cost")]
        return [
            *(Edge(self._key(source), self._key(target)) for source, target in forward),
            Edge(self._key("delta"), self._key("slope"), way="back"),
            Edge(self._key("slope"), self._key("back_a"), way="line"),
            Edge(self._key("back_a"), self._key("one"), way="back"),
        ]

    def _key(self, name: str) -> str:
        return f"{self.cost}_{name}"

    def _vertex(
        self, name: str, kind: Kind, title: str, value: Any, notes: Sequence[str] = ()
    ) -> Vertex:
        scope: Scope = (f"{self.cost} cost",)
        return Vertex(self._key(name), kind, title, tuple(notes), labels.rows(value), (), scope,
                      value_heat=labels.heat(value))  # fmt: skip


def _rows(name: str, value: Array) -> tuple[str, ...]:
    rows = labels.rows(value)
    return (f"{name} = {rows[0].strip()}",) if len(rows) == 1 else (name, *rows)


def _targets(Y: Any, shape: tuple[int, ...]) -> Array:
    """Return Y as the cost reads it: labels as rows of 0 and 1."""
    y: Array = np.asarray(Y.detach().numpy() if hasattr(Y, "detach") else Y)
    if y.size == np.prod(shape):
        return y
    return np.equal(y[..., np.newaxis], np.arange(shape[-1]))


Facts = tuple[tuple[str, ...], tuple[str, ...]]
"""What is said of ∂cost/∂a and of δ."""


def _at_output(column: _Column, y: Array) -> Facts:
    a, l = column.a, column.layer
    with np.errstate(all="ignore"):
        of_a = {
            f"= (a{l} − y) / (a{l} (1 − a{l}))": (a - y) / (a * (1 - a)),
            f"= (a{l} − y)": a - y,
        }
        of_z = {
            f"= a{l} − y: g'(z) cancels": a - y,
            f"= (a{l} − y) · g'(z): it does not cancel": (a - y) * column.slope,
        }
    return _true(of_a, column.back_a), _true(of_z, column.delta)


def _at_hidden(column: _Column, after: Array, weights: Array) -> Facts:
    l = column.layer
    of_a = {f"= Σ Θ δ{l + 1}: no g'(z) yet": after @ weights}
    of_z = {f"= ∂cost/∂a{l} · g'(z{l})": column.back_a * column.slope}
    return _true(of_a, column.back_a), _true(of_z, column.delta)


def _true(claims: dict[str, Array], value: Array) -> tuple[str, ...]:
    return tuple(told for told, claimed in claims.items() if np.allclose(value, claimed, 1e-6))
