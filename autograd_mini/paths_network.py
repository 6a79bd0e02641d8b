"""Why a unit's δ and a weight's gradient are what they are, in the note's own terms.

A unit has *strength* (its a), *readiness to change* (g'(z)) and *connections* (its column of Θ with
the δ it reaches): the note's gang of seniors who help, juniors with potential, and those who know
the right people. A weight has its sender's strength and its receiver's δ; its own value is no
factor.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from .graph import Node
from .op import OPS
from .paths_layers import Layers
from .paths_lit import Drawable, Flow, Lit, along, flows_between
from .paths_report import Block, Table, number
from .paths_trace import Paths, trace

__all__ = ["Unit", "Weight", "explain_unit", "explain_weight"]

Array = np.ndarray[Any, Any]
LIT = 3
"""Examples whose local derivatives are told in a drawing."""
SHOWN = 6
"""Examples and units in a table, the most important ones."""


@dataclass(frozen=True, repr=False, eq=False, slots=True)
class Unit(Drawable):
    """Why δ of one unit is what it is; a number of each kind for every example."""

    layer: int
    unit: int
    """From 1, as the note counts."""
    kind: Literal["input", "hidden", "output"]
    strength: Array | None
    """a, of shape (m,). None at the output, when J was computed from z."""
    z: Array | None
    """None in layer 1."""
    readiness: Array | None
    """g'(z). None in layer 1, where the graph has no a, and where g is softmax."""
    connections: Array | None
    """∂cost(i)/∂a: below the output Σ_k Θ_ki δ_k, at the output from the cost itself."""
    weights: Array | None
    """The unit's column of Θ, (s_{l+1},), below the output."""
    terms: Array | None
    """Θ_ki δ_k, (m, s_{l+1}), below the output."""
    elsewhere: Array | None
    """∂cost(i)/∂a by other ways than the next layer, where there are any."""
    delta: Array | None
    """δ = ∂cost(i)/∂z = g'(z) · ∂cost/∂a. None in layer 1."""
    target: Array | None
    """y, at the output, where the graph shows it beside a."""
    cancels: bool | None
    """At the output: whether g' cancels in δ, as it does for −[y log a + (1 − y) log(1 − a)]."""
    paths: Paths | None
    """At the output of a cost computed from z: the way from z to J where |δ| is largest."""
    lit: Lit = field(repr=False)
    """What `draw` lights: the ways of the examples whose δ is largest."""

    def blocks(self) -> Iterator[Block]:
        """Yield what the unit is, its factors example by example, and where they come from."""
        yield f"unit {self.unit} of layer {self.layer}: {self._headline()}"
        yield self._examples()
        if self.kind == "output":
            yield from self._at_the_output()
        else:
            yield from self._connections()

    def _headline(self) -> str:
        if self.delta is None:
            return f"an input; ∂cost/∂x = Θᵀδ = {_mean(self.connections)}"
        if self.readiness is None:
            return f"δ = ∂cost/∂z = {_mean(self.delta)}"
        from_where = "Θᵀδ" if self.kind == "hidden" else "∂cost/∂a"
        return f"δ = g'(z) × {from_where} = {_mean(self.delta)}"

    def _examples(self) -> Table:
        name = "∂cost/∂a" if self.kind == "output" else "connections Θᵀδ"
        columns = [
            ("strength a", self.strength), ("y", self.target), ("z", self.z),
            ("readiness g'(z)", self.readiness), (name, self.connections),
            ("elsewhere", self.elsewhere), ("δ", self.delta),
        ]  # fmt: skip
        size = self.connections if self.delta is None else self.delta
        return _by_example([(name, each) for name, each in columns if each is not None], size)

    def _connections(self) -> Iterator[Block]:
        if self.terms is None or self.weights is None:
            return
        above = self.layer + 1
        yield f"connections: Σ_k Θ_k{self.unit}^({self.layer}) δ_k^({above}), its means by unit k"
        means = self.terms.mean(axis=0)
        rows = [
            [f"unit {k + 1} of layer {above}", number(self.weights[k]), number(means[k])]
            for k in _largest(means)
        ]
        yield Table([_shown(len(means), "unit"), "Θ", "mean of Θ·δ"], rows)
        if self.elsewhere is not None:
            yield "J reads this a by other ways too: their part stands under elsewhere"
        if self.kind == "hidden":
            yield "at a hidden unit nothing cancels: ∂cost/∂a is one node after δ = ∂cost/∂z"

    def _at_the_output(self) -> Iterator[Block]:
        if self.paths is not None:
            yield (
                f"J was computed from z^({self.layer}): its graph has no a^({self.layer}), so no "
                "g' is to be seen that could cancel; δ arrives in one piece (a − y, for the "
                "logistic cost of a sigmoid and the cross-entropy of a softmax). Where it is "
                f"largest, m·{number(self.paths.gradient)} by this way:"
            )
            yield from (f"  {block}" for block in self.paths.blocks() if isinstance(block, str))
        elif self.cancels:
            yield (
                "g' is multiplied at the output too, and cancels: g'(z) × ∂cost/∂a = "
                "a (1 − a) × (a − y) / (a (1 − a)) = a − y"
            )
        elif self.cancels is False:
            yield "∂cost/∂a = a − y here, so nothing cancels: δ = (a − y) × g'(z)"


@dataclass(frozen=True, repr=False, eq=False, slots=True)
class Weight(Drawable):
    """Why ∂J/∂Θ_ij is this number: mean over examples of a_j·δ_i, and (λ/m) Θ_ij."""

    layer: int
    i: int
    """The unit of layer l + 1 that it leads to, from 1."""
    j: int
    """The unit of layer l that it comes from, from 1; 0 is the bias."""
    value: float
    gradient: float
    """∂J/∂Θ_ij, from the backward pass."""
    data: float
    """(1/m) Σ_i a_j δ_i."""
    regularisation: float
    """(λ/m) Θ_ij, 0 where the graph has none."""
    lam: float
    """λ, read from the graph."""
    elsewhere: float
    """What reaches the weight by other ways than these two."""
    strength: Array
    """a_j, (m,); ones for a bias."""
    delta: Array
    """δ_i, (m,)."""
    receiver: Unit
    """Unit i of layer l + 1: δ_i opened into its factors."""
    lit: Lit = field(repr=False)
    """What `draw` lights: a_j and δ_i of the examples whose product is largest, and λ."""

    @property
    def terms(self) -> Array:
        """a_j·δ_i of every example, (m,): their mean is `data`."""
        return self.strength * self.delta

    def blocks(self) -> Iterator[Block]:
        """Yield the sum, its examples, and δ opened."""
        name = f"Θ^({self.layer})[{self.i}, {self.j}]"
        yield f"∂J/∂{name} = {number(self.gradient)}   at {name} = {number(self.value)}"
        m = len(self.delta)
        mean = f"mean over {m:,} examples of " if m > 1 else ""
        sender = f"a_{self.j}" if self.j else "1 (the bias unit)"
        parts = [f"{number(self.data)}: {mean}{sender} · δ_{self.i}"]
        if self.regularisation or self.lam:
            parts.append(f"{number(self.regularisation)}: (λ/m) Θ, λ = {number(self.lam)}")
        elif not self.j:
            parts.append("no λ: a bias is not regularised")
        if self.elsewhere:
            parts.append(f"{number(self.elsewhere)}: by other ways")
        for sign, part in zip("=+++", parts, strict=False):
            yield f"  {sign} {part}" if part[:2] != "no" else f"    ({part})"
        columns = [(f"a_{self.j}", self.strength), (f"δ_{self.i}", self.delta)]
        yield _by_example([*columns, ("a·δ", self.terms)], self.terms)
        yield ""
        yield f"δ_{self.i} opened:"
        yield from self.receiver.blocks()


def explain_unit(layers: Layers, l: int, i: int) -> Unit:
    """Return the explanation of unit i of layer l, counted from 1.

    Raises
    ------
    ValueError
        When there is no such layer or unit.
    """
    given = f"unit=({l}, {i})"
    if not 1 <= l <= layers.last:
        raise ValueError(f"{given}: the graph has layers 1 to {layers.last}")
    if not 1 <= i <= layers.size(l):
        bias = f"; the bias unit is always 1, see weight=({l}, i, 0)" if i == 0 else ""
        raise ValueError(f"{given}: layer {l} has units 1 to {layers.size(l)}{bias}")
    if l == layers.last:
        return _output(layers, l, i - 1)
    above = layers.into[l + 1]
    weights = above.theta.value[:, i - 1]
    terms = layers.per_example(above.z) * weights
    a = layers.values(above.a)[:, i - 1]
    if l == 1:
        return Unit(
            l, i, "input", a, None, None, terms.sum(axis=1), weights, terms, None, None, None,
            None, None, Lit(layers.J, lambda: _from_input(layers, i - 1)),
        )  # fmt: skip
    layers.activation(l)
    z, readiness = layers.into[l].z, layers.readiness(l)
    elsewhere = None
    if layers.others(above.a, above.product):
        elsewhere = layers.per_example(above.a)[:, i - 1] - terms.sum(axis=1)
    return Unit(
        l, i, "hidden", a, layers.values(z)[:, i - 1], _column(readiness, i - 1),
        terms.sum(axis=1), weights, terms, elsewhere, layers.per_example(z)[:, i - 1], None, None,
        None, Lit(layers.J, lambda: _from_z(layers, l, i - 1, layers.per_example(z)[:, i - 1])),
    )  # fmt: skip


def _output(layers: Layers, l: int, k: int) -> Unit:
    z, a = layers.into[l].z, layers.activation(l)
    delta = layers.per_example(z)[:, k]
    lit = Lit(layers.J, lambda: _from_z(layers, l, k, delta))
    z_values = layers.values(z)[:, k]
    if a is None:
        width = layers.size(l)
        example = int(np.abs(delta).argmax())
        paths = trace(layers.J, z, example * width + k, 3)
        return Unit(
            l, k + 1, "output", None, z_values, None, None, None, None, None, delta, None, None,
            paths, lit,
        )  # fmt: skip
    strength, slope = layers.values(a)[:, k], layers.per_example(a)[:, k]
    readiness = _column(layers.readiness(l), k)
    target, cancels = _target(layers, a, k), None
    if target is not None and readiness is not None and np.any(readiness != 1):
        cancels = _cancels(strength - target, slope, delta)
    return Unit(
        l, k + 1, "output", strength, z_values, readiness, slope, None, None, None, delta, target,
        cancels, None, lit,
    )  # fmt: skip


def _cancels(difference: Array, slope: Array, delta: Array) -> bool | None:
    """Tell whether a − y is δ (g' has cancelled), is ∂cost/∂a (nothing has), or neither."""
    near = [bool(np.allclose(each, difference, rtol=1e-5, atol=1e-12)) for each in (delta, slope)]
    return near[0] if near[0] != near[1] else None


def _target(layers: Layers, a: Node, k: int) -> Array | None:
    """Find y in a − y, or in y·log a."""
    found: list[Node] = []
    for reader in layers.readers.get(a, ()):
        if reader.op is OPS[np.subtract] and reader.inputs[0] is a:
            found.append(reader.inputs[1])
        elif reader.op is OPS[np.log]:
            for product in layers.readers.get(reader, ()):
                if product.op is OPS[np.multiply]:
                    found += [each for each in product.inputs if each is not reader]
    for node in found:
        if getattr(node.value, "shape", ()) == a.value.shape:
            return layers.values(node)[:, k]
    return None


def explain_weight(layers: Layers, l: int, i: int, j: int) -> Weight:
    """Return the explanation of Θ_ij^(l): from unit j of layer l (0: the bias) to unit i.

    Raises
    ------
    ValueError
        When there is no such layer or unit.
    """
    given = f"weight=({l}, {i}, {j})"
    if not 1 <= l < layers.last:
        raise ValueError(f"{given}: Θ^(l) leads from layer l to l + 1; l is 1 to {layers.last - 1}")
    rows, columns = layers.size(l + 1), layers.size(l)
    if not (1 <= i <= rows and 0 <= j <= columns):
        shape = f"i is 1 to {rows}, and j 1 to {columns}, or 0 for the bias"
        raise ValueError(f"{given}: Θ^({l}) leads from {columns} units to {rows}: {shape}")
    layer = layers.into[l + 1]
    delta = layers.per_example(layer.z)[:, i - 1]
    strength = layers.values(layer.a)[:, j - 1] if j else np.ones_like(delta)
    node, place = (layer.theta, (i - 1, j - 1)) if j else (layer.bias, (i - 1,))
    gradient = float(layers.cotangent(node)[place])
    data = float((strength * delta).mean())
    beyond = layers.others(node, layer.transposed if j else layer.z)
    squares = [reader for reader in beyond if _is_square(reader)]
    # The gradient of (λ/2m) Θ²: what arrives at the square is λ/2m.
    rate = 2.0 * sum(float(layers.cotangent(reader)[place]) for reader in squares)
    value = float(node.value[place])
    elsewhere = gradient - data - rate * value if len(beyond) > len(squares) else 0.0
    return Weight(
        l, i, j, value, gradient, data, rate * value, rate * layers.m, elsewhere, strength, delta,
        explain_unit(layers, l + 1, i),
        Lit(layers.J, lambda: _from_weight(layers, (l, i, j), strength * delta, squares)),
    )  # fmt: skip


def _from_weight(
    layers: Layers, weight: tuple[int, int, int], terms: Array, squares: Sequence[Node]
) -> Iterator[Flow]:
    """Yield how a weight moves J: by a_j and δ_i of a few examples, and by λ."""
    l, i, j = weight
    layer = layers.into[l + 1]
    most = _largest(terms)[:LIT]
    senders = layers.values(layer.a)[most, j - 1] if j else np.ones(len(most))
    if j:
        way = (layer.theta, layer.transposed, layer.product, layer.z)
        yield from along(*way, numbers=senders.tolist())
    else:
        yield from along(layer.bias, layer.z, numbers=senders.tolist())
    yield from _from_z(layers, l + 1, i - 1, terms)
    place = (i - 1) * layers.size(l) + j - 1
    for square in squares:
        value = float(np.ravel(layer.theta.value)[place])
        yield from along(layer.theta, square, numbers=[2.0 * value])
        yield from flows_between(layers.J, square, [place])


def _from_z(layers: Layers, l: int, k: int, terms: Array) -> Iterator[Flow]:
    """Yield how z of a unit moves J, for the examples in which it does most."""
    places = [example * layers.size(l) + k for example in _largest(terms)[:LIT]]
    return flows_between(layers.J, layers.into[l].z, places)


def _from_input(layers: Layers, k: int) -> Iterator[Flow]:
    """Yield how an input moves J: by its column of Θ, for the example in which it does most."""
    above = layers.into[2]
    delta = layers.per_example(above.z)
    column = above.theta.value[:, k]
    yield from along(above.a, above.product, above.z, numbers=column.tolist())
    example = int(np.abs(delta @ column).argmax())
    places = [example * layers.size(2) + unit for unit in _largest(column * delta[example])]
    yield from flows_between(layers.J, above.z, places)


def _is_square(node: Node) -> bool:
    if node.op is OPS[np.power]:
        exponent = node.inputs[1].value
        return not np.shape(exponent) and bool(exponent == 2)
    return node.op is OPS[np.square]


def _column(matrix: Array | None, k: int) -> Array | None:
    return None if matrix is None else matrix[:, k]


def _mean(values: Array | None) -> str:
    if values is None:
        return "?"
    if len(values) == 1:
        return number(values[0])
    return f"{number(values.mean())}, the mean of {len(values):,} examples"


def _largest(values: Array) -> list[int]:
    """Return the places of the largest sizes, largest first; of equal ones the first."""
    return [int(k) for k in np.argsort(-np.abs(values), kind="stable")[:SHOWN]]


def _shown(count: int, noun: str) -> str:
    return f"{SHOWN} of {count:,} {noun}s" if count > SHOWN else noun


def _by_example(columns: Sequence[tuple[str, Array]], size: Array | None) -> Table:
    """Return a table of the examples in which `size` is largest, and the mean of all."""
    m = len(columns[0][1])
    chosen = _largest(np.zeros(m) if size is None else size)
    rows = [[str(k + 1), *(number(values[k]) for _, values in columns)] for k in chosen]
    if m > 1:
        rows.append(["mean of all", *(number(values.mean()) for _, values in columns)])
    return Table([_shown(m, "example"), *(name for name, _ in columns)], rows)
