"""The rows of the table: what every contender computes, as plain data.

A row is one cost and its gradient with respect to all parameters, forward and backward, fresh
every time. Networks have their weights as (s_{l+1}, s_l) matrices, X an example a row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

__all__ = ["ROWS", "Array", "Elementwise", "Network", "Problem", "Row", "Scalar", "Terms"]

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


Problem = Network | Elementwise | Scalar | Terms


@dataclass(frozen=True)
class Row:
    """A problem, how exactly it must be solved, and the ratio to PyTorch eager aimed at."""

    name: str
    what: str
    make: Callable[[], Problem]
    tolerance: float = 1e-10
    goal: float | None = None


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


def _note(dtype: Any) -> Network:
    return _network([400, 25, 10], 5000, dtype, "sigmoid", "logistic", lam=1.0)


def _sgd(batch: int) -> Network:
    # A small rate: thousands of steps on one batch must not end at a gradient of zeros.
    return _network([784, 128, 10], batch, np.float32, "relu", "softmax", rate=1e-3)


def _elem() -> Elementwise:
    return Elementwise(np.random.default_rng(0).normal(size=1_000_000))


def _wide() -> Terms:
    rng = np.random.default_rng(0)
    return Terms(rng.normal(size=8), list(rng.normal(size=(1000, 8))))


SINGLE = 2e-4
"""Relative to the norm of each array: float32, whose sums each library orders its own way."""

ROWS = [
    Row("xnor", "2-2-1, 4 examples, f64", _xnor, goal=0.5),
    Row("note64", "400-25-10, m = 5000, λ = 1, f64", lambda: _note(np.float64)),
    Row("note32", "the same in f32", lambda: _note(np.float32), SINGLE),
    Row("sgd32", "784-128-10 relu softmax, batch 32, f32, whole step", lambda: _sgd(32), SINGLE),
    Row("sgd128", "the same, batch 128", lambda: _sgd(128), SINGLE),
    Row(
        "deep",
        "10 layers of 64, tanh, batch 16, f32",
        lambda: _network([64] * 11, 16, np.float32, "tanh", "quadratic"),
        SINGLE,
        goal=0.5,
    ),
    Row("elem", "sum(tanh(x) exp(-x²) + log1p(x²)), 10^6, f64", _elem),
    Row(
        "chain",
        "10,000 scalar operations in sequence",
        lambda: Scalar(1.0, 0.999, 0.001, 10_000),
        goal=0.5,
    ),
    Row("wide", "1000 terms tanh(x ∘ c) of 8 numbers summed, f64", _wide, goal=0.5),
]
