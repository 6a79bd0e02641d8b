"""PyTorch eager on the CPU, in the same two styles as autograd_mini.

"PyTorch" has the lines of "eager", with `torch` for `np`. "PyTorch nn" is what users of networks
write: `nn.Sequential` of `nn.Linear`, a loss module, `optim.SGD`. Where no network takes part the
two are the same.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from ..rows import Array, Curvature, Elementwise, Network, Scalar, Terms, Training, Watched
from . import Contender, Makers, Step, in_batches

torch: Any = import_module("torch")
nn: Any = torch.nn
F: Any = torch.nn.functional

HIDDEN = {"sigmoid": nn.Sigmoid, "relu": nn.ReLU, "tanh": nn.Tanh}
FUNCTION = {"sigmoid": torch.sigmoid, "relu": torch.relu, "tanh": torch.tanh}


def contenders(threads: int) -> list[Contender]:
    torch.set_num_threads(threads)
    makers: Makers = {
        Network: network,
        Curvature: curvature,
        Training: training,
        Watched: watched,
        Elementwise: elementwise,
        Scalar: scalar,
        Terms: terms,
    }
    return [
        Contender("PyTorch", torch.__version__, makers, read),
        Contender("PyTorch nn", torch.__version__, {Network: modules, Training: trained}, read),
    ]


def read(result: Any) -> tuple[float, list[Array]]:
    cost, tensors = result
    cost = cost.item() if isinstance(cost, torch.Tensor) else cost
    return cost, [t.detach().numpy() for t in tensors]


def tensor(array: Any) -> Any:
    return torch.from_numpy(np.array(array))


def leaf(array: Any) -> Any:
    return tensor(array).requires_grad_()


def sequential(p: Network) -> Any:
    layers: list[Any] = []
    for W, b in zip(p.weights, p.biases, strict=True):
        linear = nn.Linear(W.shape[1], W.shape[0])
        linear.weight, linear.bias = nn.Parameter(tensor(W)), nn.Parameter(tensor(b))
        layers += [linear, HIDDEN[p.hidden]()]
    return nn.Sequential(*layers[:-1])


def modules(p: Network) -> Step:
    net = sequential(p)
    X, Y, m = tensor(p.X), tensor(p.Y), len(p.X)
    losses = {
        "logistic": (nn.BCEWithLogitsLoss(reduction="sum"), 1 / m),
        "quadratic": (nn.MSELoss(reduction="sum"), 0.5 / m),
        "softmax": (nn.CrossEntropyLoss(), None),  # the mean over examples is its default
    }
    loss, scale = losses[p.cost]
    parameters, weights = list(net.parameters()), [one.weight for one in net[::2]]
    optimizer = torch.optim.SGD(net.parameters(), lr=p.rate) if p.rate else None

    def step(X: Any = X, Y: Any = Y) -> Any:
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


def targets(p: Network) -> Any:
    Y = tensor(p.Y)
    return F.one_hot(Y, len(p.biases[-1])).to(tensor(p.X).dtype) if p.cost == "softmax" else Y


def forward(p: Network) -> Callable[..., Any]:
    g = FUNCTION[p.hidden]

    def outputs(parameters: Any, X: Any) -> Any:
        W, b = parameters[::2], parameters[1::2]
        a = X
        for w, v in zip(W[:-1], b[:-1], strict=True):
            a = g(a @ w.T + v)
        return a @ W[-1].T + b[-1]

    return outputs


def data_cost(p: Network) -> Callable[..., Any]:
    m = len(p.X)

    def cost(z: Any, Y: Any) -> Any:
        if p.cost == "quadratic":
            return 0.5 / m * ((z - Y) ** 2).sum()
        if p.cost == "logistic":
            h = torch.sigmoid(z)
            return -(Y * torch.log(h) + (1 - Y) * torch.log(1 - h)).sum() / m
        return -(Y * F.log_softmax(z, dim=-1)).sum() / m

    return cost


def formulas(p: Network) -> Callable[..., Any]:
    outputs, of_examples, m = forward(p), data_cost(p), len(p.X)

    def cost(parameters: Any, X: Any, Y: Any) -> Any:
        J = of_examples(outputs(parameters, X), Y)
        if p.lam:
            J = J + p.lam / (2 * m) * sum((w * w).sum() for w in parameters[::2])
        return J

    return cost


def network(p: Network) -> Step:
    return descending(p, formulas(p))


def descending(p: Network, cost: Callable[..., Any]) -> Step:
    """A step with any function of parameters, X and Y: the plain one, or a compiled one."""
    parameters, X, Y = [leaf(a) for a in p.parameters], tensor(p.X), targets(p)

    def step(X: Any = X, Y: Any = Y) -> Any:
        for t in parameters:
            t.grad = None
        J = cost(parameters, X, Y)
        J.backward()
        if not p.rate:
            return J, [t.grad for t in parameters]
        with torch.no_grad():
            for t in parameters:
                t -= p.rate * t.grad  # noqa: PLW2901 -- in place
        return J, parameters

    return step


def training(p: Training) -> Step:
    return descend_on(p, network(p.first), targets(p.network))


def trained(p: Training) -> Step:
    return descend_on(p, modules(p.first), tensor(p.network.Y))


def watched(p: Watched) -> Step:
    net = p.training.network
    X, Y, labels = tensor(net.X), targets(net), tensor(net.Y)
    outputs, cost = forward(net), data_cost(net)

    def watch(parameters: Any) -> Any:
        with torch.no_grad():
            z = outputs(parameters, X)
            return cost(z, Y).item(), (z.argmax(1) == labels).float().mean().item()

    return descend_on(p.training, network(p.training.first), Y, watch)


def descend_on(p: Training, step: Step, Y: Any, watch: Step | None = None) -> Step:
    batches = [[tensor(batch) for batch in epoch] for epoch in p.batches]
    first = [tensor(a) for a in p.network.parameters]
    return in_batches(step, tensor(p.network.X), Y, batches, watch, first)


def curvature(p: Curvature) -> Step:
    net = p.network
    cost, X, Y = formulas(net), tensor(net.X), targets(net)
    parameters, v = [leaf(a) for a in net.parameters], [tensor(a) for a in p.v]

    def step() -> Any:
        slopes = torch.autograd.grad(cost(parameters, X, Y), parameters, create_graph=True)
        return 0.0, torch.autograd.grad(slopes, parameters, grad_outputs=v)

    return step


def of_elements(x: Any) -> Any:
    return (torch.tanh(x) * torch.exp(-(x**2)) + torch.log1p(x**2)).sum()


def elementwise(p: Elementwise) -> Step:
    return of_one(of_elements, p.x)


def of_one(f: Callable[[Any], Any], array: Any) -> Step:
    x = leaf(array)

    def step() -> Any:
        x.grad = None
        J = f(x)
        J.backward()
        return J, [x.grad]

    return step


def scalar(p: Scalar) -> Step:
    def in_sequence(y: Any) -> Any:
        for _ in range(p.operations // 2):
            y = p.a * y
            y = y + p.b
        return y

    return of_one(in_sequence, np.float64(p.x))


def terms(p: Terms) -> Step:
    constants = [tensor(c) for c in p.c]

    def added_up(x: Any) -> Any:
        total: Any = 0.0
        for c in constants:
            total = total + torch.tanh(x * c)
        return total.sum()

    return of_one(added_up, p.x)
