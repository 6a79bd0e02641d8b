"""autograd_mini, eager, in two styles.

"autograd_mini" is what its users write: `nn.Network`, `nn.logistic_cost(net, X, Y)`, `backward()`,
checks of the data included. "autograd_mini plain" is NumPy code on Tensors, the note's formulas
line by line. Where no network takes part the two are the same, and the first name is used.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import autograd_mini as ag
from autograd_mini import nn

from ..rows import Array, Elementwise, Network, Scalar, Terms
from . import Contender, Makers, Step

HIDDEN: dict[str, Callable[..., Any]] = {"sigmoid": nn.sigmoid, "relu": nn.relu, "tanh": np.tanh}
OUTPUT = {"logistic": "sigmoid", "softmax": "softmax", "quadratic": "identity"}
COST = {
    "logistic": nn.logistic_cost,
    "softmax": nn.softmax_cost,
    "quadratic": nn.quadratic_cost,
}


def contenders(threads: int) -> list[Contender]:
    makers: Makers = {Network: network, Elementwise: elementwise, Scalar: scalar, Terms: terms}
    return [
        Contender("autograd_mini", ag.__version__, makers, read),
        Contender("autograd_mini plain", ag.__version__, {Network: plain_network}, read),
    ]


def read(result: Any) -> tuple[float, list[Array]]:
    cost, arrays = result
    return cost.item(), [a.detach().numpy() if isinstance(a, ag.Tensor) else a for a in arrays]


def network(p: Network) -> Step:
    theta = [np.column_stack([b, W]) for W, b in zip(p.weights, p.biases, strict=True)]
    net = nn.Network.from_theta(theta, activation=p.hidden, output=OUTPUT[p.cost])
    parameters, cost = net.parameters, COST[p.cost]

    def step() -> Any:
        for t in parameters:
            t.grad = None
        J = cost(net, p.X, p.Y, lam=p.lam)
        J.backward()
        return J, descend(parameters, p.rate)

    return step


def plain_network(p: Network) -> Step:
    W = [ag.Tensor(w, requires_grad=True) for w in p.weights]
    b = [ag.Tensor(v, requires_grad=True) for v in p.biases]
    parameters = [t for pair in zip(W, b, strict=True) for t in pair]
    m, g = len(p.X), HIDDEN[p.hidden]
    Y = np.eye(len(p.biases[-1]), dtype=p.X.dtype)[p.Y] if p.cost == "softmax" else p.Y

    def cost(z: Any) -> Any:
        if p.cost == "quadratic":
            return 0.5 / m * np.sum((z - Y) ** 2)
        if p.cost == "logistic":
            h = nn.sigmoid(z)
            return -np.sum(Y * np.log(h) + (1 - Y) * np.log(1 - h)) / m
        return -np.sum(Y * nn.log_softmax(z)) / m

    def step() -> Any:
        for t in parameters:
            t.grad = None
        a: Any = p.X
        for w, v in zip(W[:-1], b[:-1], strict=True):
            a = g(a @ w.T + v)
        J = cost(a @ W[-1].T + b[-1])
        if p.lam:
            J = J + p.lam / (2 * m) * sum(np.sum(w * w) for w in W)
        J.backward()
        return J, descend(parameters, p.rate)

    return step


def descend(parameters: list[ag.Tensor], rate: float) -> list[Any]:
    """Return the gradients; or, of a whole step, the parameters after it."""
    if not rate:
        return [t.grad for t in parameters]
    with ag.no_grad():
        for t in parameters:
            assert t.grad is not None
            t -= rate * t.grad  # noqa: PLW2901 -- re-points this very tensor
    return list(parameters)


def elementwise(p: Elementwise) -> Step:
    x = ag.Tensor(p.x, requires_grad=True)

    def step() -> Any:
        x.grad = None
        J = np.sum(np.tanh(x) * np.exp(-(x**2)) + np.log1p(x**2))
        J.backward()
        return J, [x.grad]

    return step


def scalar(p: Scalar) -> Step:
    x = ag.Tensor(p.x, requires_grad=True)

    def step() -> Any:
        x.grad = None
        y = x
        for _ in range(p.operations // 2):
            y = p.a * y
            y = y + p.b
        y.backward()
        return y, [x.grad]

    return step


def terms(p: Terms) -> Step:
    x = ag.Tensor(p.x, requires_grad=True)

    def step() -> Any:
        x.grad = None
        total: Any = 0.0
        for c in p.c:
            total = total + np.tanh(x * c)
        J = np.sum(total)
        J.backward()
        return J, [x.grad]

    return step
