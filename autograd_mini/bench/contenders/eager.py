"""autograd_mini, eager, in two styles.

"eager" is NumPy code on Tensors, the note's formulas line by line. "eager nn" is what users of
networks write: `nn.Network`, `nn.logistic_cost(net, X, Y)`, `backward()`, checks of the data
included. Where no network takes part the two are the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import autograd_mini as ag

from ..rows import Array, Curvature, Elementwise, Network, Scalar, Terms, Training
from . import Contender, Makers, Step, in_batches
from .numpy_by_hand import targets

OUTPUT = {"logistic": "sigmoid", "softmax": "softmax", "quadratic": "identity"}


def contenders(threads: int) -> list[Contender]:
    makers: Makers = {
        Network: network,
        Curvature: curvature,
        Training: training,
        Elementwise: elementwise,
        Scalar: scalar,
        Terms: terms,
    }
    return [
        Contender("eager", ag.__version__, makers, read),
        Contender("eager nn", ag.__version__, {Network: modules}, read),
    ]


def read(result: Any) -> tuple[float, list[Array]]:
    cost, arrays = result
    cost = cost.item() if isinstance(cost, ag.Tensor) else float(cost)
    return cost, [a.detach().numpy() if isinstance(a, ag.Tensor) else np.asarray(a) for a in arrays]


def forward(p: Network) -> Callable[..., Any]:
    """Return z(parameters, X) of the last layer."""
    nn = ag.nn
    functions: dict[str, Any] = {"sigmoid": nn.sigmoid, "relu": nn.relu, "tanh": np.tanh}
    g = functions[p.hidden]

    def outputs(parameters: Any, X: Any) -> Any:
        W, b = parameters[::2], parameters[1::2]
        a = X
        for w, v in zip(W[:-1], b[:-1], strict=True):
            a = g(a @ w.T + v)
        return a @ W[-1].T + b[-1]

    return outputs


def data_cost(p: Network) -> Callable[..., Any]:
    """Return the cost (z, Y) of the examples, the logistic one with the note's log h."""
    nn, m = ag.nn, len(p.X)

    def cost(z: Any, Y: Any) -> Any:
        if p.cost == "quadratic":
            return 0.5 / m * np.sum((z - Y) ** 2)
        if p.cost == "logistic":
            h = nn.sigmoid(z)
            return -np.sum(Y * np.log(h) + (1 - Y) * np.log(1 - h)) / m
        return -np.sum(Y * nn.log_softmax(z)) / m

    return cost


def formulas(p: Network) -> Callable[..., Any]:
    """Return J(parameters, X, Y) in NumPy's functions."""
    outputs, of_examples, m = forward(p), data_cost(p), len(p.X)

    def cost(parameters: Any, X: Any, Y: Any) -> Any:
        J = of_examples(outputs(parameters, X), Y)
        if p.lam:
            J = J + p.lam / (2 * m) * sum(np.sum(w * w) for w in parameters[::2])
        return J

    return cost


def network(p: Network) -> Step:
    parameters = [ag.Tensor(a, requires_grad=True) for a in p.parameters]
    cost, X, Y = formulas(p), p.X, targets(p)

    def step(X: Any = X, Y: Any = Y) -> Any:
        for t in parameters:
            t.grad = None
        J = cost(parameters, X, Y)
        J.backward()
        return J, descend(parameters, p.rate)

    return step


def modules(p: Network) -> Step:
    net, cost = as_modules(p)
    parameters = net.parameters

    def step() -> Any:
        for t in parameters:
            t.grad = None
        J = cost(net, p.X, p.Y, lam=p.lam)
        J.backward()
        return J, descend(parameters, p.rate)

    return step


def as_modules(p: Network) -> tuple[ag.nn.Network, Callable[..., Any]]:
    """Return the network and the cost as `ag.nn` has them."""
    theta = [np.column_stack([b, W]) for W, b in zip(p.weights, p.biases, strict=True)]
    net = ag.nn.Network.from_theta(theta, activation=p.hidden, output=OUTPUT[p.cost])
    return net, getattr(ag.nn, f"{p.cost}_cost")


def descend(parameters: list[ag.Tensor], rate: float) -> list[Any]:
    """Return the gradients; or, of a whole step, the parameters after it."""
    if not rate:
        return [t.grad for t in parameters]
    with ag.no_grad():
        for t in parameters:
            assert t.grad is not None
            t -= rate * t.grad  # noqa: PLW2901 -- re-points this very tensor
    return list(parameters)


def training(p: Training) -> Step:
    return in_batches(network(p.first), p.network.X, targets(p.network), p.batches)


def curvature(p: Curvature) -> Step:
    net, Y = p.network, targets(p.network)
    cost = formulas(net)

    def step() -> Any:
        products = ag.hvp(lambda w: cost(w, net.X, Y), (net.parameters,), (p.v,))
        return 0.0, products[0]

    return step


def of_elements(x: Any) -> Any:
    return np.sum(np.tanh(x) * np.exp(-(x**2)) + np.log1p(x**2))


def in_sequence(p: Scalar, y: Any) -> Any:
    for _ in range(p.operations // 2):
        y = p.a * y
        y = y + p.b
    return y


def added_up(p: Terms, x: Any) -> Any:
    total: Any = 0.0
    for c in p.c:
        total = total + np.tanh(x * c)
    return np.sum(total)


def elementwise(p: Elementwise) -> Step:
    return _of_one(of_elements, p.x)


def scalar(p: Scalar) -> Step:
    return _of_one(lambda x: in_sequence(p, x), p.x)


def terms(p: Terms) -> Step:
    return _of_one(lambda x: added_up(p, x), p.x)


def _of_one(f: Callable[[Any], Any], value: Any) -> Step:
    x = ag.Tensor(value, requires_grad=True)

    def step() -> Any:
        x.grad = None
        J = f(x)
        J.backward()
        return J, [x.grad]

    return step
