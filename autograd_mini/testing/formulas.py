"""The note's backpropagation with a place for every mistake: one formula a field, all replaceable.

`closed_form` says what is right. Here stands the same algorithm once more, cut where people go
wrong: a mistake (mistakes.py) is one other formula in one of these places, and several mistakes
are several places replaced. The test that every field is the right one compares with `closed_form`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import closed_form

Array = NDArray[Any]
Layers = dict[int, Array]
Formula = Callable[..., Any]


@dataclass(frozen=True)
class Setup:
    """A network with data, and what its forward pass gives: all that a formula reads."""

    theta: Layers
    X: Array
    Y: Array
    lam: float = 0.0
    hidden: tuple[str, ...] = ()
    output: str = "sigmoid"
    cost: str = "logistic"
    previous: Layers | None = None
    z: Layers = field(init=False)
    a: Layers = field(init=False)
    y: Array = field(init=False)
    right: Layers = field(init=False)

    def __post_init__(self) -> None:
        """Run the forward pass, and ask the closed form for the right gradients."""
        names: dict[str, Any] = {"activation": self.hidden, "output": self.output}
        z, a = closed_form.forward(self.theta, self.X, **names)
        y = closed_form._read_targets(self.Y, self.m, self.size(self.L), self.output, self.cost)
        right = closed_form.gradients(
            self.theta, self.X, self.Y, self.lam, **names, cost=self.cost
        )
        for name, value in {"z": z, "a": a, "y": y, "right": right}.items():
            object.__setattr__(self, name, value)

    @property
    def m(self) -> int:
        """Number of examples."""
        return len(self.X)

    @property
    def L(self) -> int:
        """Number of layers, the input layer counted."""
        return len(self.theta) + 1

    def size(self, layer: int) -> int:
        """s_l: units in a layer, the bias unit not counted."""
        return int(self.X.shape[1] if layer == 1 else self.theta[layer - 1].shape[0])

    def name(self, layer: int) -> str:
        """Name of g in a layer."""
        return self.output if layer == self.L else self.hidden[layer - 2]

    def g_prime(self, layer: int, z: Array, a: Array) -> Array:
        """Evaluate g' of a layer at any z, given a = g(z)."""
        slope: Array = closed_form._G[self.name(layer)][1](z, a)
        return slope

    def g(self, layer: int, z: Array) -> Array:
        """Evaluate g of a layer at any z."""
        value: Array = closed_form._G[self.name(layer)][0](z)
        return value

    def slope(self, layer: int) -> Array | float:
        """g'(z^(l)); at the output 1 where it cancels with the cost's derivative."""
        if layer == self.L and self.cost != "quadratic":
            return 1.0
        return self.g_prime(layer, self.z[layer], self.a[layer])


def folded(a: Array) -> Array:
    """Put a_0 = 1 before the activations of each example."""
    return np.insert(a, 0, 1.0, axis=1)


def bias_penalised(theta: Array, share: float) -> Array:
    """Θ with `share` times its bias column: 0 is right."""
    scale = np.ones(theta.shape[1])
    scale[0] = share
    scaled: Array = theta * scale
    return scaled


# Every place where a formula stands. s is the Setup; δ has an example in each row.
RIGHT: dict[str, Any] = {
    "error": lambda s, l: s.a[l] - s.y,
    "back": lambda s, l, δ: (δ @ s.theta[l])[:, 1:],
    "slope": lambda s, l: s.slope(l),
    "sign": lambda s, l: 1.0,
    "input": lambda s, l: s.a[l],
    "sum": lambda δ, a: δ.T @ folded(a),
    "mean": lambda s, l: 1.0 / s.m,
    "strength": lambda s: s.lam / s.m,
    "bias": 0.0,
    "times": 1.0,
    "kept": lambda D: D,
}  # fmt: skip
DELTA = ("error", "back", "slope", "sign")
"""Places of δ^(l); all others are places of ∂J/∂Θ^(l)."""

Put = Mapping[str, Any]


def delta(s: Setup, layer: int, above: Array | None, put: Put) -> Array:
    """δ^(L) = (a^(L) - y) .* slope; δ^(l) = (Θ^(l))ᵀ δ^(l+1) .* g'(z^(l))."""
    if above is None:
        reached = put.get("error", RIGHT["error"])(s, layer)
    else:
        reached = put.get("back", RIGHT["back"])(s, layer, above)
    slope, sign = (put.get(place, RIGHT[place])(s, layer) for place in ("slope", "sign"))
    found: Array = sign * reached * slope
    return found


def summed(s: Setup, layer: int, δ: Array, put: Put) -> Array:
    """Σ_examples δ^(l+1) (a^(l))ᵀ."""
    a = put.get("input", RIGHT["input"])(s, layer)
    total: Array = put.get("sum", RIGHT["sum"])(δ, a)
    return total


def gradient(s: Setup, layer: int, total: Array, put: Put) -> Array:
    """∂J/∂Θ^(l) = (1/m) Σ δ^(l+1) (a^(l))ᵀ + (λ/m) Θ^(l), no λ for the bias."""
    strength = put.get("strength", RIGHT["strength"])(s)
    penalty = strength * bias_penalised(s.theta[layer], put.get("bias", 0.0))
    D = put.get("mean", RIGHT["mean"])(s, layer) * total + penalty
    kept: Array = put.get("kept", RIGHT["kept"])(put.get("times", 1.0) * D)
    return kept


def backprop(s: Setup, put: Mapping[int, Put]) -> Layers:
    """Run the whole backward pass with mistakes put in; ``put[l]`` are those of layer l.

    A place of δ under the layer of that δ, 2 to L, and a place of the gradient under the layer
    of its Θ, 1 to L - 1. With nothing put in it is the closed form.
    """
    above, D = None, {}
    for layer in range(s.L - 1, 0, -1):
        above = delta(s, layer + 1, above, put.get(layer + 1, {}))
        here = put.get(layer, {})
        D[layer] = gradient(s, layer, summed(s, layer, above, here), here)
    # The gradient of another layer is put in last: it may be one that stands further down.
    taken = {l: put[l]["layer"] for l in D if "layer" in put.get(l, {})}
    return {l: D[taken.get(l, l)] for l in sorted(D)}
