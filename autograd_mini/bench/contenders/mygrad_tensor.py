"""MyGrad: tensors and `backward()`, its own network functions.

Memory guarding (arrays are locked while a graph holds them) is off, as its manual advises where
speed counts. It has first derivatives only.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

from ..rows import Array, Elementwise, Network, Scalar, Terms
from . import Contender, Makers, Step

mg: Any = import_module("mygrad")
activations: Any = import_module("mygrad.nnet.activations")
losses: Any = import_module("mygrad.nnet.losses")


def contenders(threads: int) -> list[Contender]:
    mg.turn_memory_guarding_off()
    makers: Makers = {Network: network, Elementwise: elementwise, Scalar: scalar, Terms: terms}
    return [Contender("MyGrad", mg.__version__, makers, read)]


def read(result: Any) -> tuple[float, list[Array]]:
    cost, arrays = result
    return cost.item(), [np.asarray(a) for a in arrays]


def network(p: Network) -> Step:
    W, b = [mg.tensor(w) for w in p.weights], [mg.tensor(v) for v in p.biases]
    parameters = [t for pair in zip(W, b, strict=True) for t in pair]
    m, signs = len(p.X), 1 - 2 * p.Y
    functions = {"sigmoid": activations.sigmoid, "relu": activations.relu, "tanh": mg.tanh}
    g = functions[p.hidden]

    def cost(z: Any) -> Any:
        if p.cost == "quadratic":
            return 0.5 / m * mg.sum((z - p.Y) ** 2)
        if p.cost == "logistic":
            return mg.sum(mg.logaddexp(0.0, signs * z)) / m
        return losses.softmax_crossentropy(z, p.Y)

    def step() -> Any:
        a: Any = p.X
        for w, v in zip(W[:-1], b[:-1], strict=True):
            a = g(mg.matmul(a, w.T) + v)
        J = cost(mg.matmul(a, W[-1].T) + b[-1])
        if p.lam:
            J = J + p.lam / (2 * m) * sum(mg.sum(w**2) for w in W)
        J.backward()  # the next forward pass drops these gradients by itself
        if not p.rate:
            return J, [t.grad for t in parameters]
        for t in parameters:
            t.data -= p.rate * t.grad
        return J, [t.data for t in parameters]

    return step


def elementwise(p: Elementwise) -> Step:
    x = mg.tensor(p.x)

    def step() -> Any:
        J = mg.sum(mg.tanh(x) * mg.exp(-(x**2)) + mg.log1p(x**2))
        J.backward()
        return J, [x.grad]

    return step


def scalar(p: Scalar) -> Step:
    x = mg.tensor(p.x)

    def step() -> Any:
        y = x
        for _ in range(p.operations // 2):
            y = p.a * y
            y = y + p.b
        y.backward()
        return y, [x.grad]

    return step


def terms(p: Terms) -> Step:
    x = mg.tensor(p.x)

    def step() -> Any:
        total: Any = 0.0
        for c in p.c:
            total = total + mg.tanh(x * c)
        J = mg.sum(total)
        J.backward()
        return J, [x.grad]

    return step
