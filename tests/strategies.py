"""What the tests share: random networks with data, printed as code that can be pasted.

|z| <= 8 in every unit (5 in tanh units, beyond which 1 - tanh² itself loses the digits), by
construction: each layer's Θ is scaled with the activations that reach it already known. Units
whose activation has a kink or passes through 0 keep |z| >= 0.01, by moving their bias: a z that is
nothing but the rounding of a sum would decide which side of the kink it is on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from autograd_mini import closed_form

Array = np.ndarray[Any, np.dtype[Any]]

ACTIVATIONS = ("sigmoid", "tanh", "relu", "leaky_relu", "softplus", "identity")
PAIRS = (
    ("sigmoid", "logistic"),
    ("sigmoid", "quadratic"),
    ("softmax", "softmax"),
    ("identity", "quadratic"),
)
BOUND = {"tanh": 5.0}  # of |z|; 8 for all others
AROUND_ZERO = ("tanh", "relu", "leaky_relu", "identity")
MARGIN = 0.01


@dataclass(frozen=True, eq=False, repr=False)
class Problem:
    """A network, as folded matrices and names, with data and λ: all that a formula needs."""

    theta: Sequence[Any]
    X: Any
    Y: Any
    lam: float = 0.0
    activation: str | Sequence[str] = "sigmoid"
    output: str = "sigmoid"
    cost: str = "logistic"

    def __post_init__(self) -> None:
        """Take nested lists too, as `repr` prints them."""
        object.__setattr__(self, "theta", [np.asarray(matrix, float) for matrix in self.theta])
        object.__setattr__(self, "X", np.asarray(self.X, float))
        object.__setattr__(self, "Y", np.asarray(self.Y, float))

    def __repr__(self) -> str:
        lists = [matrix.tolist() for matrix in self.theta]
        return (
            f"Problem(theta={lists}, X={self.X.tolist()}, Y={self.Y.tolist()}, lam={self.lam!r}, "
            f"activation={self.activation!r}, output={self.output!r}, cost={self.cost!r})"
        )

    @property
    def names(self) -> dict[str, Any]:
        """Keywords that say which network this is."""
        return {"activation": self.activation, "output": self.output}

    @property
    def all_names(self) -> dict[str, Any]:
        """Keywords that say which network this is, and which cost it has."""
        return {**self.names, "cost": self.cost}

    @property
    def arguments(self) -> tuple[Any, Any, Any, float]:
        """Θ, X, Y, λ, in the order of every function of the closed form."""
        return self.theta, self.X, self.Y, self.lam

    @property
    def hidden(self) -> list[str]:
        """The activation of each hidden layer."""
        if isinstance(self.activation, str):
            return [self.activation] * (len(self.theta) - 1)
        return list(self.activation)

    @property
    def L(self) -> int:
        """The number of layers, the input layer counted."""
        return len(self.theta) + 1

    @property
    def m(self) -> int:
        """The number of examples."""
        return len(self.X)

    def changed(self, **fields: Any) -> Problem:
        """Return the same problem but for some fields."""
        return replace(self, **fields)

    @cached_property
    def pass_(self) -> tuple[dict[int, Array], dict[int, Array]]:
        """Return z and a of the closed form."""
        return closed_form.forward(self.theta, self.X, **self.names)


# -- numbers


def grid(low: float, high: float) -> st.SearchStrategy[float]:
    """Sixteenths: exact in binary, none so small that products of them underflow."""
    return st.integers(round(low * 16), round(high * 16)).map(lambda k: k / 16)


def entries(shape: int | tuple[int, ...], low: float, high: float) -> st.SearchStrategy[Array]:
    """Arrays that are dense and random, or chosen by Hypothesis (zeros, repeated values)."""
    seeds = st.integers(0, 2**32 - 1)
    dense = seeds.map(lambda seed: np.random.default_rng(seed).uniform(low, high, shape).round(3))
    return dense | hnp.arrays(np.float64, shape, elements=grid(low, high))


lams = st.sampled_from([0.0, 1.0, 3.0]) | grid(0.0, 10.0)


# -- networks


def bounded(theta: Array, a: Array, bound: float, margin: float = 0.0) -> Array:
    """Return Θ scaled row by row so that |z| <= bound, and moved so that |z| >= margin.

    Σ_j |Θ_ij a_j| stays within twice the bound: z is no difference of large numbers.
    """
    folded = np.insert(a, 0, 1.0, axis=1)
    reach = np.abs(folded @ theta.T).max(axis=0)
    total = (np.abs(folded) @ np.abs(theta).T).max(axis=0)
    slack = 0.4  # for rounding to four digits, and for the move below
    largest = np.maximum(np.maximum(reach, total / 2.0), bound - slack)
    theta = (theta * ((bound - slack) / largest)[:, None]).round(4)
    if margin:
        theta[:, 0] += [_move(z, margin) for z in (folded @ theta.T).T]
    return theta


def _move(z: Array, margin: float) -> float:
    """Return the smallest shift after which no z is nearer to 0 than the margin."""
    beyond = 1.05 * margin
    shifts = np.concatenate([[0.0], beyond - z, -beyond - z]).round(4)
    fine = np.abs(z + shifts[:, None]).min(axis=1) >= margin
    return min(shifts[fine], key=abs)


def targets(output: str, cost: str, shape: tuple[int, int]) -> st.SearchStrategy[Array]:
    """Y that goes with a cost: classes mostly, also probabilities; any numbers for identity."""
    m, K = shape
    if output == "identity":
        return entries(shape, -8.0, 8.0)
    if cost == "softmax":
        labels = hnp.arrays(np.int64, m, elements=st.integers(0, K - 1))
        return labels.map(lambda k: np.eye(K)[k]) | entries(shape, 0.0625, 1.0).map(
            lambda weights: weights / weights.sum(axis=1, keepdims=True)
        )
    zero_or_one = hnp.arrays(np.int64, shape, elements=st.integers(0, 1)).map(np.float64)
    return zero_or_one | entries(shape, 0.0, 1.0)


@st.composite
def problems(
    draw: Callable[[st.SearchStrategy[Any]], Any],
    pairs: Sequence[tuple[str, str]] = PAIRS,
    activations: Sequence[str] = ACTIVATIONS,
    depths: tuple[int, int] = (1, 5),
    examples: tuple[int, int] = (1, 12),
    outputs: tuple[int, int] = (1, 8),
    lam: st.SearchStrategy[float] = lams,
) -> Problem:
    """Draw networks of `depths` weight layers and widths 1 to 8, with data.

    Hidden layers have all the same activation, or one each.
    """
    depth = draw(st.integers(*depths))
    output, cost = draw(st.sampled_from(pairs))
    strength = draw(lam)
    one = st.sampled_from(activations)
    mixed = st.lists(one, min_size=depth - 1, max_size=depth - 1).map(tuple)
    hidden = draw(one.map(lambda name: (name,) * (depth - 1)) | mixed)
    m = draw(st.integers(*examples))
    widths = [draw(st.integers(1, 8)) for _ in range(depth)] + [draw(st.integers(*outputs))]
    a = X = draw(entries((m, widths[0]), -4.0, 4.0))
    theta: list[Array] = []
    for layer, name in enumerate([*hidden, output]):
        raw = draw(entries((widths[layer + 1], widths[layer] + 1), -2.0, 2.0))
        raw = raw * draw(st.sampled_from([1.0, 0.25, 4.0]))
        margin = MARGIN if name in AROUND_ZERO else 0.0
        theta.append(bounded(raw, a, BOUND.get(name, 8.0), margin))
        if layer < len(hidden):
            a = activations_of(theta[-1], a, name)
    Y = draw(targets(output, cost, (m, widths[-1])))
    return Problem(theta, X, Y, strength, hidden, output, cost)


def activations_of(theta: Array, a: Array, name: str) -> Array:
    """Return the activations of one hidden layer, given those of the layer before."""
    any_output = np.zeros((1, len(theta) + 1))
    return closed_form.forward([theta, any_output], a, activation=name)[1][2]
