"""NumPy by hand: the gradient worked out on paper (δ = a − y and all), no library."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..rows import Array, Curvature, Elementwise, Network, Scalar, Terms, Training, Watched
from . import Contender, Makers, Step, in_batches


def contenders(threads: int) -> list[Contender]:
    makers: Makers = {
        Network: network,
        Curvature: curvature,
        Training: training,
        Watched: watched,
        Elementwise: elementwise,
        Scalar: scalar,
        Terms: terms,
    }
    return [Contender("NumPy by hand", np.__version__, makers, lambda result: result)]


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


def targets(p: Network) -> Array:
    """Y as the formulas take it: labels as rows with a single one."""
    return np.eye(len(p.biases[-1]), dtype=p.X.dtype)[p.Y] if p.cost == "softmax" else p.Y


def network(p: Network) -> Step:
    X, m, last = p.X, len(p.X), len(p.weights) - 1
    W, b = [w.copy() for w in p.weights], [v.copy() for v in p.biases]
    parameters = [x for pair in zip(W, b, strict=True) for x in pair]
    Y = targets(p)
    ones, signs = np.ones(m, X.dtype), 1 - 2 * Y
    activate, slope, cost_and_delta = ACTIVATE[p.hidden], SLOPE[p.hidden], COST[p.cost]

    def step(X: Array = X, Y: Array = Y) -> tuple[float, list[Array]]:
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


def training(p: Training) -> Step:
    return in_batches(network(p.first), p.network.X, targets(p.network), p.batches)


def watched(p: Watched) -> Step:
    net, Y = p.training.network, targets(p.training.network)
    activate = ACTIVATE[net.hidden]

    def watch(parameters: list[Array]) -> tuple[Any, Any]:
        W, b = parameters[::2], parameters[1::2]
        a = net.X
        for w, v in zip(W[:-1], b[:-1], strict=True):
            z = np.dot(a, w.T)
            z += v
            a = activate(z)
        z = np.dot(a, W[-1].T) + b[-1]
        cost, _ = softmax(z, Y, Y)
        return cost / len(Y), np.mean(z.argmax(axis=1) == net.Y)

    step = network(p.training.first)
    return in_batches(step, net.X, Y, p.training.batches, watch, net.parameters)


def curvature(p: Curvature) -> Step:
    """Forward over reverse by hand: R{x} is the derivative of x along v (Pearlmutter 1994).

    For sigmoid layers, with r = R{z}: R{a} = a' r, and what comes down to a layer, d = δW, gives
    δ = d a' and R{δ} = R{d} a' + d a'' r, where a'' r = (1 - 2a) R{a}.
    """
    net, last = p.network, len(p.network.weights) - 1
    X, Y, m, lam = net.X, net.Y, len(net.X), net.lam
    W, b, V, c = net.weights, net.biases, p.v[::2], p.v[1::2]
    ones = np.ones(m, X.dtype)

    def step() -> tuple[float, list[Array]]:
        a: list[Array] = [X]
        slopes: list[Array] = []
        moves: list[Array] = []
        for layer in range(last + 1):
            z = np.dot(a[-1], W[layer].T)
            z += b[layer]
            r = np.dot(a[-1], V[layer].T)
            r += c[layer]
            if layer:
                r += np.dot(moves[-1], W[layer].T)
            a.append(sigmoid(z))
            slopes.append(a[-1] * (1 - a[-1]))
            r *= slopes[-1]
            moves.append(r)
        delta = (a[-1] - Y) / m
        moved = moves[-1] / m
        products = []
        for layer in range(last, -1, -1):
            product = np.dot(moved.T, a[layer])
            if layer:
                product += np.dot(delta.T, moves[layer - 1])
            product += lam / m * V[layer]
            products += [np.dot(ones, moved), product]
            if layer:
                below = np.dot(delta, W[layer])
                moved = np.dot(moved, W[layer])
                moved += np.dot(delta, V[layer])
                moved *= slopes[layer - 1]
                moved += below * (1 - 2 * a[layer]) * moves[layer - 1]
                delta = below * slopes[layer - 1]
        products.reverse()
        return 0.0, products

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
