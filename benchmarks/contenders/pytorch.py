"""PyTorch eager on the CPU, in the same two styles as autograd_mini.

"torch" is what its users write: `nn.Sequential` of `nn.Linear`, a loss module, `optim.SGD`.
"torch plain" has the lines of "autograd_mini plain", with `torch` for `np`. Where no network takes
part the two are the same, and the first name is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

from ..rows import Array, Elementwise, Network, Scalar, Terms
from . import Contender, Makers, Step

torch: Any = import_module("torch")
nn: Any = torch.nn
F: Any = torch.nn.functional

HIDDEN = {"sigmoid": nn.Sigmoid, "relu": nn.ReLU, "tanh": nn.Tanh}
FUNCTION = {"sigmoid": torch.sigmoid, "relu": torch.relu, "tanh": torch.tanh}


def contenders(threads: int) -> list[Contender]:
    torch.set_num_threads(threads)
    makers: Makers = {Network: network, Elementwise: elementwise, Scalar: scalar, Terms: terms}
    return [
        Contender("torch", torch.__version__, makers, read),
        Contender("torch plain", torch.__version__, {Network: plain_network}, read),
    ]


def read(result: Any) -> tuple[float, list[Array]]:
    cost, tensors = result
    return cost.item(), [t.detach().numpy() for t in tensors]


def tensor(array: Any) -> Any:
    return torch.from_numpy(np.array(array))


def leaf(array: Any) -> Any:
    return tensor(array).requires_grad_()


def network(p: Network) -> Step:
    layers: list[Any] = []
    for W, b in zip(p.weights, p.biases, strict=True):
        linear = nn.Linear(W.shape[1], W.shape[0])
        linear.weight, linear.bias = nn.Parameter(tensor(W)), nn.Parameter(tensor(b))
        layers += [linear, HIDDEN[p.hidden]()]
    net = nn.Sequential(*layers[:-1])
    X, Y, m = tensor(p.X), tensor(p.Y), len(p.X)
    losses = {
        "logistic": (nn.BCEWithLogitsLoss(reduction="sum"), 1 / m),
        "quadratic": (nn.MSELoss(reduction="sum"), 0.5 / m),
        "softmax": (nn.CrossEntropyLoss(), None),  # the mean over examples is its default
    }
    loss, scale = losses[p.cost]
    parameters, weights = list(net.parameters()), [one.weight for one in layers[::2]]
    optimizer = torch.optim.SGD(net.parameters(), lr=p.rate) if p.rate else None

    def step() -> Any:
        net.zero_grad()
        J = loss(net(X), Y)
        if scale is not None:
            J = J * scale
        if p.lam:
            J = J + p.lam / (2 * m) * sum((w**2).sum() for w in weights)
        J.backward()
        if optimizer is None:
            return J, [t.grad for t in parameters]
        optimizer.step()
        return J, parameters

    return step


def plain_network(p: Network) -> Step:
    W, b = [leaf(w) for w in p.weights], [leaf(v) for v in p.biases]
    parameters = [t for pair in zip(W, b, strict=True) for t in pair]
    X, Y, m, g = tensor(p.X), tensor(p.Y), len(p.X), FUNCTION[p.hidden]
    if p.cost == "softmax":
        Y = F.one_hot(Y, len(p.biases[-1])).to(X.dtype)

    def cost(z: Any) -> Any:
        if p.cost == "quadratic":
            return 0.5 / m * ((z - Y) ** 2).sum()
        if p.cost == "logistic":
            h = torch.sigmoid(z)
            return -(Y * torch.log(h) + (1 - Y) * torch.log(1 - h)).sum() / m
        return -(Y * F.log_softmax(z, dim=-1)).sum() / m

    def step() -> Any:
        for t in parameters:
            t.grad = None
        a = X
        for w, v in zip(W[:-1], b[:-1], strict=True):
            a = g(a @ w.T + v)
        J = cost(a @ W[-1].T + b[-1])
        if p.lam:
            J = J + p.lam / (2 * m) * sum((w * w).sum() for w in W)
        J.backward()
        if not p.rate:
            return J, [t.grad for t in parameters]
        with torch.no_grad():
            for t in parameters:
                t -= p.rate * t.grad  # noqa: PLW2901 -- in place
        return J, parameters

    return step


def elementwise(p: Elementwise) -> Step:
    x = leaf(p.x)

    def step() -> Any:
        x.grad = None
        J = (torch.tanh(x) * torch.exp(-(x**2)) + torch.log1p(x**2)).sum()
        J.backward()
        return J, [x.grad]

    return step


def scalar(p: Scalar) -> Step:
    x = leaf(np.float64(p.x))

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
    x, constants = leaf(p.x), [tensor(c) for c in p.c]

    def step() -> Any:
        x.grad = None
        total: Any = 0.0
        for c in constants:
            total = total + torch.tanh(x * c)
        J = total.sum()
        J.backward()
        return J, [x.grad]

    return step
