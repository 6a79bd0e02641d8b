"""The note's layers, found in a recorded graph: Θ, a, z and δ of each.

Layers are found by the names z2, z3, ... that a network gives to what it records, and the rest by
what z^(l+1) was made of: affine(a^(l), weights, bias), or a^(l) @ weights.T + bias. So it needs the
graph alone, and no network.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from .elements import is_elementwise
from .graph import Node, walk
from .op import OPS
from .paths_elements import slopes
from .reverse import propagate, seed
from .rules.linear import affine

__all__ = ["Layer", "Layers"]

Array = np.ndarray[Any, Any]
ELSE = "for a graph without layers write wrt=w, index=(i, j)"
PRODUCTS = (OPS[np.matmul], OPS[np.dot])


@dataclass(frozen=True, slots=True)
class Layer:
    """What z^(l) was made of: a^(l−1), the weights that lead from it, and the bias."""

    z: Node
    a: Node
    theta: Node
    bias: Node
    product: Node
    """What reads a; z itself where one operation made it."""
    transposed: Node
    """What reads the weights; z itself as well."""


class Layers:
    """The layers of J's graph, with every cotangent that an explanation reads.

    Parameters
    ----------
    J
        A node of one number.

    Raises
    ------
    ValueError
        When the graph has no z2, z3, ..., has two of one, or they were made in another way.
    """

    def __init__(self, J: Node) -> None:
        order = walk(J, tracked=True)
        named = _by_layer(J, order)
        self.J = J
        self.into = {l: _layer(l, z) for l, z in named.items()}
        self.last = max(self.into)
        self.m = named[self.last].value.shape[0] if named[self.last].value.ndim == 2 else 1
        self.readers: dict[Node, list[Node]] = {}
        for node in order:
            for x in dict.fromkeys(node.inputs):
                self.readers.setdefault(x, []).append(node)
        self._cotangents = propagate([J], [seed(J, None)], self._wanted())

    def _wanted(self) -> list[Node]:
        wanted = []
        for layer in self.into.values():
            for node in (layer.z, layer.a, layer.theta, layer.bias):
                wanted += [node, *self.readers.get(node, ())]
        return [node for node in wanted if node.tracked]

    def cotangent(self, node: Node) -> Array:
        """Return ∂J/∂(the node), an array of its shape."""
        found = self._cotangents.get(node)
        return np.asarray(np.zeros(node.value.shape) if found is None else found)

    def per_example(self, node: Node) -> Array:
        """Return ∂cost(i)/∂(the node) = m·∂J/∂(the node), a row for each example i."""
        return np.atleast_2d(self.m * self.cotangent(node))

    def values(self, node: Node) -> Array:
        """Return a node's value, a row for each example."""
        return np.atleast_2d(np.asarray(node.value))

    def size(self, layer: int) -> int:
        """Return s_l, the bias unit not counted."""
        theta = self.into[2].theta if layer == 1 else self.into[layer].theta
        return int(theta.value.shape[1 if layer == 1 else 0])

    def activation(self, layer: int) -> Node | None:
        """Return a^(l) of l >= 2; None where J was computed from z^(L), past any a^(L).

        Raises
        ------
        ValueError
            When what reaches the next layer is not g(z^(l)).
        """
        z = self.into[layer].z
        if layer < self.last:
            a = self.into[layer + 1].a
            if a.inputs != (z,):
                raise ValueError(f"what layer {layer + 1} reads is not g(z{layer}) alone; {ELSE}")
            return a
        named = [n for n in self.readers.get(z, ()) if n.name == f"a{layer}"]
        return named[0] if named else None

    def readiness(self, layer: int) -> Array | None:
        """Return g'(z^(l)), a row for each example; None where g mixes the units (softmax)."""
        a = self.activation(layer)
        if a is None or not is_elementwise(a.op):
            return None
        found = slopes(a, 0)
        return None if found is None else np.atleast_2d(found)

    def others(self, node: Node, than: Node) -> list[Node]:
        """Return what reads a node besides the one way that is known."""
        return [reader for reader in self.readers.get(node, ()) if reader is not than]


def _by_layer(J: Node, order: list[Node]) -> dict[int, Node]:
    """Return z^(l) by l, from 2 on without a gap."""
    found: dict[int, Node] = {}
    for node in order:
        match = re.fullmatch(r"z([1-9][0-9]{0,8})", node.name or "")
        if match is None:
            continue
        layer = int(match[1])
        if layer in found:
            raise ValueError(
                f"the graph of {J.name or 'J'} has two tensors named z{layer}: two passes, or two "
                "networks; explain the cost of one pass, or write wrt=w, index=(i, j)"
            )
        found[layer] = node
    if [*sorted(found)] != [*range(2, len(found) + 2)] or not found:
        names = ", ".join(f"z{layer}" for layer in sorted(found)) or "none"
        raise ValueError(
            f"weight= and unit= read the layers by the names z2, z3, ... that a network records; "
            f"the graph of {J.name or 'J'} has {names}; {ELSE}"
        )
    return dict(sorted(found.items()))


def _layer(l: int, z: Node) -> Layer:
    """Take z = affine(a, weights, bias), or a @ weights.T + bias, apart."""
    if z.op is OPS[affine]:
        a, weights, bias = z.inputs
        return Layer(z, a, weights, bias, z, z)
    if z.op is OPS[np.add]:
        for product, bias in (z.inputs, z.inputs[::-1]):
            if product.op in PRODUCTS and product.inputs[1].op is OPS[np.transpose]:
                a, transposed = product.inputs
                return Layer(z, a, transposed.inputs[0], bias, product, transposed)
    raise ValueError(f"z{l} was not recorded by a network, nor as a @ weights.T + bias; {ELSE}")
