"""HIPS autograd: `value_and_grad` of a function of all parameters, in its own NumPy."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.metadata import version
from typing import Any

import numpy as np

from ..rows import Array, Curvature, Elementwise, Network, Scalar, Terms
from . import Contender, Makers, Step
from .numpy_by_hand import targets

anp: Any = import_module("autograd.numpy")
grad: Any = import_module("autograd").grad
value_and_grad: Any = import_module("autograd").value_and_grad


def contenders(threads: int) -> list[Contender]:
    makers: Makers = {
        Network: network,
        Curvature: curvature,
        Elementwise: elementwise,
        Scalar: scalar,
        Terms: terms,
    }
    return [Contender("HIPS autograd", version("autograd"), makers, read)]


def read(result: Any) -> tuple[float, list[Array]]:
    cost, gradient = result
    return float(cost), [np.asarray(g) for g in gradient]


def sigmoid(z: Any) -> Any:
    return 1.0 / (1.0 + anp.exp(-z))


def formulas(p: Network) -> Callable[[Any], Any]:
    m, X = len(p.X), p.X
    Y = targets(p)
    signs = 1 - 2 * Y
    functions = {"sigmoid": sigmoid, "tanh": anp.tanh, "relu": lambda z: anp.maximum(z, 0.0)}
    g = functions[p.hidden]

    def cost(z: Any) -> Any:
        if p.cost == "quadratic":
            return 0.5 / m * anp.sum((z - Y) ** 2)
        if p.cost == "logistic":
            return anp.sum(anp.logaddexp(0.0, signs * z)) / m
        z = z - anp.max(z, axis=1, keepdims=True)
        return (anp.sum(anp.log(anp.sum(anp.exp(z), axis=1))) - anp.sum(Y * z)) / m

    def loss(parameters: Any) -> Any:
        W, b = parameters[::2], parameters[1::2]
        a = X
        for w, v in zip(W[:-1], b[:-1], strict=True):
            a = g(anp.dot(a, w.T) + v)
        J = cost(anp.dot(a, W[-1].T) + b[-1])
        return J + p.lam / (2 * m) * sum(anp.sum(w**2) for w in W) if p.lam else J

    return loss


def network(p: Network) -> Step:
    parameters, both = [a.copy() for a in p.parameters], value_and_grad(formulas(p))

    def step() -> Any:
        J, gradient = both(parameters)
        if not p.rate:
            return J, gradient
        for x, slope in zip(parameters, gradient, strict=True):
            x -= p.rate * slope  # noqa: PLW2901 -- in place
        return J, parameters

    return step


def curvature(p: Curvature) -> Step:
    parameters, slope = p.network.parameters, grad(formulas(p.network))

    def along(parameters: Any) -> Any:
        return sum(anp.sum(g * v) for g, v in zip(slope(parameters), p.v, strict=True))

    product = grad(along)
    return lambda: (0.0, product(parameters))


def elementwise(p: Elementwise) -> Step:
    both = value_and_grad(lambda x: anp.sum(anp.tanh(x) * anp.exp(-(x**2)) + anp.log1p(x**2)))

    def step() -> Any:
        J, g = both(p.x)
        return J, [g]

    return step


def scalar(p: Scalar) -> Step:
    def chain(x: Any) -> Any:
        y = x
        for _ in range(p.operations // 2):
            y = p.a * y
            y = y + p.b
        return y

    both = value_and_grad(chain)

    def step() -> Any:
        J, g = both(p.x)
        return J, [g]

    return step


def terms(p: Terms) -> Step:
    def add_up(x: Any) -> Any:
        total = 0.0
        for c in p.c:
            total = total + anp.tanh(x * c)
        return anp.sum(total)

    both = value_and_grad(add_up)

    def step() -> Any:
        J, g = both(p.x)
        return J, [g]

    return step
