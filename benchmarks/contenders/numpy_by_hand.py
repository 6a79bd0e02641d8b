"""NumPy by hand: the gradient worked out on paper (δ = a − y and all), no library."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..rows import Array, Elementwise, Network, Scalar, Terms
from . import Contender, Makers, Step


def contenders(threads: int) -> list[Contender]:
    makers: Makers = {Network: network, Elementwise: elementwise, Scalar: scalar, Terms: terms}
    return [Contender("numpy by hand", np.__version__, makers, lambda result: result)]


def sigmoid(z: Array) -> Any:
    e = np.negative(z)
    np.exp(e, out=e)
    e += 1
    return np.reciprocal(e, out=e)


Function = Callable[[Array], Any]
ACTIVATE: dict[str, Function] = {
    "sigmoid": sigmoid,
    "tanh": lambda z: np.tanh(z, out=z),
    "relu": lambda z: np.maximum(z, 0, out=z),
}
SLOPE: dict[str, Function] = {
    "sigmoid": lambda a: a * (1 - a),
    "tanh": lambda a: 1 - a * a,
    "relu": lambda a: a > 0,
}


def logistic(z: Array, Y: Array, signs: Array) -> tuple[Any, Array]:
    return np.logaddexp(0, signs * z).sum(), sigmoid(z) - Y


def quadratic(z: Array, Y: Array, signs: Array) -> tuple[Any, Array]:
    delta = z - Y
    return 0.5 * np.vdot(delta, delta), delta


def softmax(z: Array, Y: Array, signs: Array) -> tuple[Any, Array]:
    z = z - z.max(axis=1, keepdims=True)
    e = np.exp(z)
    total = e.sum(axis=1, keepdims=True)
    return np.log(total).sum() - np.vdot(Y, z), e / total - Y


COST = {"logistic": logistic, "quadratic": quadratic, "softmax": softmax}
"""Σ_i cost(i) and δ^(L), not divided by m."""


def network(p: Network) -> Step:
    X, m, last = p.X, len(p.X), len(p.weights) - 1
    W, b = [w.copy() for w in p.weights], [v.copy() for v in p.biases]
    parameters = [x for pair in zip(W, b, strict=True) for x in pair]
    Y = np.eye(len(b[last]), dtype=X.dtype)[p.Y] if p.cost == "softmax" else p.Y
    ones, signs = np.ones(m, X.dtype), 1 - 2 * Y
    activate, slope, cost_and_delta = ACTIVATE[p.hidden], SLOPE[p.hidden], COST[p.cost]

    def step() -> tuple[float, list[Array]]:
        a = [X]
        for w, v in zip(W[:-1], b[:-1], strict=True):
            z = np.dot(a[-1], w.T)
            z += v
            a.append(activate(z))
        cost, delta = cost_and_delta(np.dot(a[-1], W[-1].T) + b[-1], Y, signs)
        cost /= m
        delta *= 1 / m
        gradients = []
        for layer in range(last, -1, -1):
            gradients += [np.dot(ones, delta), np.dot(delta.T, a[layer])]
            if layer:
                delta = np.dot(delta, W[layer])
                delta *= slope(a[layer])
        gradients.reverse()
        if p.lam:
            cost += p.lam / (2 * m) * sum(np.vdot(w, w) for w in W)
            for w, gradient in zip(W, gradients[::2], strict=True):
                np.add(gradient, p.lam / m * w, out=gradient)
        if not p.rate:
            return cost, gradients
        for x, gradient in zip(parameters, gradients, strict=True):
            np.subtract(x, p.rate * gradient, out=x)
        return cost, parameters

    return step


def elementwise(p: Elementwise) -> Step:
    def step() -> tuple[float, list[Array]]:
        x = p.x
        square, t = x * x, np.tanh(x)
        e = np.exp(-square)
        te = t * e
        cost = (te + np.log1p(square)).sum()
        return cost, [(1 - t * t) * e - 2 * x * te + 2 * x / (1 + square)]

    return step


def scalar(p: Scalar) -> Step:
    # Python's floats, which are ten times as fast as NumPy's scalars.
    def step() -> tuple[float, list[Array]]:
        y, slope = p.x, 1.0
        for _ in range(p.operations // 2):
            y = p.a * y
            y = y + p.b
        for _ in range(p.operations // 2):
            slope = slope * p.a
        return y, [np.array(slope)]

    return step


def terms(p: Terms) -> Step:
    def step() -> tuple[float, list[Array]]:
        total, gradient = np.zeros_like(p.x), np.zeros_like(p.x)
        for c in p.c:
            t = np.tanh(p.x * c)
            total += t
            gradient += (1 - t * t) * c
        return total.sum(), [gradient]

    return step
