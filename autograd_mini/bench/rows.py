"""The rows of the table: what every contender computes, as plain data.

A row is one cost and its gradient with respect to all parameters, forward and backward, fresh
every time; `hvp` is a product of the cost's second derivatives with a direction, `epochs` are
training. Networks have their weights as (s_{l+1}, s_l) matrices, X an example a row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

__all__ = [
    "ROWS",
    "Array",
    "Curvature",
    "Elementwise",
    "Network",
    "Problem",
    "Row",
    "Scalar",
    "Terms",
    "Training",
    "Watched",
]

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Network:
    """(1/m) Σ_i cost(i) + (λ/2m) Σ W², of a network with a bias in every layer."""

    weights: list[Array]
    biases: list[Array]
    X: Array
    Y: Array
    """(m, K); for the softmax cost, labels of shape (m,)."""
    hidden: str
    cost: str
    """logistic (of sigmoid outputs), softmax, or quadratic (of the last layer's z)."""
    lam: float = 0.0
    rate: float = 0.0
    """Of a whole step of gradient descent; 0: the gradient alone."""

    @property
    def parameters(self) -> list[Array]:
        """W, b of the first layer, W, b of the second, ..."""
        return [p for pair in zip(self.weights, self.biases, strict=True) for p in pair]


@dataclass(frozen=True)
class Curvature:
    """H v: the second derivatives of a network's cost in all parameters, along a direction v.

    A step gives (0.0, [H v array by array]); the cost itself is not asked for.
    """

    network: Network
    v: list[Array]
    """An array for each of the network's parameters."""


@dataclass(frozen=True)
class Training:
    """Epochs of plain stochastic gradient descent: a step for each batch, in a given order.

    A step of a contender is all of `batches` one after the other, and gives (0.0, [parameters]).
    """

    network: Network
    """With all examples; its rate is that of a step."""
    size: int
    epochs: int
    seed: int = 0

    @property
    def first(self) -> Network:
        """The problem of a single step: the network with as many examples as a batch has."""
        net = self.network
        return replace(net, X=net.X[: self.size], Y=net.Y[: self.size])

    @cached_property
    def orders(self) -> list[Array]:
        """A permutation of the examples for each epoch."""
        rng = np.random.default_rng(self.seed)
        return [rng.permutation(len(self.network.X)) for _ in range(self.epochs)]

    @cached_property
    def batches(self) -> list[list[Array]]:
        """The examples of each step by number, for every epoch."""
        starts = range(0, len(self.network.X), self.size)
        return [[order[i : i + self.size] for i in starts] for order in self.orders]


@dataclass(frozen=True)
class Watched:
    """Training with the cost and the accuracy of all examples before it and after each epoch.

    A step gives (the last cost, [parameters]).
    """

    training: Training


@dataclass(frozen=True)
class Elementwise:
    """Σ tanh(x) exp(−x²) + log1p(x²)."""

    x: Array


@dataclass(frozen=True)
class Scalar:
    """Of y ← a·y, y ← y + b in turn, `operations` of them, from y = x: y and ∂y/∂x."""

    x: float
    a: float
    b: float
    operations: int


@dataclass(frozen=True)
class Terms:
    """Σ_k Σ tanh(x ∘ c_k), added up one small term after the other, and its gradient in x."""

    x: Array
    c: list[Array]


Problem = Network | Curvature | Training | Watched | Elementwise | Scalar | Terms


@dataclass(frozen=True)
class Row:
    """A problem, and how exactly it must be solved."""

    name: str
    what: str
    make: Callable[[], Problem]
    tolerance: float = 1e-10


def _network(
    sizes: list[int], m: int, dtype: Any, hidden: str, cost: str, lam: float = 0.0, rate: float = 0
) -> Network:
    rng = np.random.default_rng(0)
    weights = [
        (rng.uniform(-1, 1, (b, a)) * np.sqrt(6 / (a + b))).astype(dtype)
        for a, b in pairwise(sizes)
    ]
    biases = [rng.uniform(-0.1, 0.1, b).astype(dtype) for b in sizes[1:]]
    X = rng.uniform(0, 1, (m, sizes[0])).astype(dtype)
    labels = rng.integers(0, sizes[-1], m)
    targets = {
        "softmax": labels,
        "logistic": np.eye(sizes[-1], dtype=dtype)[labels],
        "quadratic": rng.uniform(-1, 1, (m, sizes[-1])).astype(dtype),
    }
    return Network(weights, biases, X, targets[cost], hidden, cost, lam, rate)


def _xnor() -> Network:
    net = _network([2, 2, 1], 4, np.float64, "sigmoid", "logistic")
    X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    Y = np.array([[1.0], [0.0], [0.0], [1.0]])
    return Network(net.weights, net.biases, X, Y, "sigmoid", "logistic")


def _note(dtype: Any, m: int = 5000) -> Network:
    return _network([400, 25, 10], m, dtype, "sigmoid", "logistic", lam=1.0)


def _sgd(batch: int) -> Network:
    # A small rate: thousands of steps on one batch must not end at a gradient of zeros.
    return _network([784, 128, 10], batch, np.float32, "relu", "softmax", rate=1e-3)


def _curvature() -> Curvature:
    note, rng = _note(np.float64, 500), np.random.default_rng(1)
    return Curvature(note, [np.asarray(rng.normal(size=p.shape)) for p in note.parameters])


EPOCHS = 3


def _training(sizes: list[int], hidden: str, rate: float) -> Training:
    """1,792 of the embedded digits: 56 batches of 32. For 784 inputs, enlarged three times."""
    from ..data import load_digits

    digits, labels = load_digits()
    images, m = digits[:1792].reshape(-1, 8, 8), 1792
    if sizes[0] == 784:
        images = np.pad(np.kron(images, np.ones((3, 3))), ((0, 0), (2, 2), (2, 2)))
    net = _network(sizes, 1, np.float32, hidden, "softmax", rate=rate)
    X = np.ascontiguousarray(images.reshape(m, -1), np.float32)
    return Training(replace(net, X=X, Y=labels[:m].astype(np.int64)), 32, EPOCHS)


def _elem() -> Elementwise:
    return Elementwise(np.random.default_rng(0).normal(size=1_000_000))


def _wide() -> Terms:
    rng = np.random.default_rng(0)
    return Terms(rng.normal(size=8), list(rng.normal(size=(1000, 8))))


SINGLE = 2e-4
"""Relative to the norm of each array: float32, whose sums each library orders its own way."""

TRAINED = 1e-3
"""The same after hundreds of steps, relative to how far they have moved a weight."""

ROWS = [
    Row("xnor", "2-2-1, 4 examples, f64", _xnor),
    Row("note64", "400-25-10, m = 5000, λ = 1, f64", lambda: _note(np.float64)),
    Row("note32", "the same in f32", lambda: _note(np.float32), SINGLE),
    Row("sgd32", "784-128-10 relu softmax, batch 32, f32, whole step", lambda: _sgd(32), SINGLE),
    Row("sgd128", "the same, batch 128", lambda: _sgd(128), SINGLE),
    Row(
        "deep",
        "10 layers of 64, tanh, batch 16, f32",
        lambda: _network([64] * 11, 16, np.float32, "tanh", "quadratic"),
        SINGLE,
    ),
    Row("elem", "sum(tanh(x) exp(-x²) + log1p(x²)), 10^6, f64", _elem),
    Row("hvp", "second derivatives of note64 with m = 500, along a direction", _curvature),
    Row(
        "chain",
        "10,000 scalar operations in sequence",
        lambda: Scalar(1.0, 0.999, 0.001, 10_000),
    ),
    Row("wide", "1000 terms tanh(x ∘ c) of 8 numbers summed, f64", _wide),
    Row(
        "epochs64",
        f"{EPOCHS} epochs of 1,792 digits, 64-25-10 sigmoid softmax, batches of 32, f32",
        lambda: _training([64, 25, 10], "sigmoid", 0.5),
        TRAINED,
    ),
    Row(
        "epochs784",
        f"{EPOCHS} epochs of the same as 28 x 28 pixels, 784-128-10 relu softmax",
        lambda: _training([784, 128, 10], "relu", 0.05),
        TRAINED,
    ),
    Row(
        "fit64",
        "epochs64 with cost and accuracy of all examples at each of its ends",
        lambda: Watched(_training([64, 25, 10], "sigmoid", 0.5)),
        TRAINED,
    ),
    Row(
        "fit784",
        "epochs784 with cost and accuracy of all examples at each of its ends",
        lambda: Watched(_training([784, 128, 10], "relu", 0.05)),
        TRAINED,
    ),
]
