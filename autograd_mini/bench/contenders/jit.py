"""autograd_mini, recorded once and compiled: `ag.jit` around the functions of `eager`.

Data and parameters are arguments, and a whole step of gradient descent is one jitted function:
cost, gradient and update. "jit" takes lists of arrays, "jit nn" a Network.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import autograd_mini as ag

from ..rows import Curvature, Elementwise, Network, Scalar, Terms, Training, Watched
from . import Contender, Makers, Step, in_batches
from .eager import (
    added_up,
    as_modules,
    data_cost,
    formulas,
    forward,
    in_sequence,
    of_elements,
    read,
)
from .numpy_by_hand import targets


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
    return [
        Contender("jit", ag.__version__, makers, read),
        Contender("jit nn", ag.__version__, {Network: modules}, read),
    ]


def network(p: Network) -> Step:
    cost, X, Y = formulas(p), p.X, targets(p)
    value_and_grad = ag.value_and_grad(cost)
    parameters: Any = [a.copy() for a in p.parameters]
    if not p.rate:
        compiled = ag.jit(value_and_grad)
        return lambda: compiled(parameters, X, Y)  # fresh arrays, as every call of it gives

    @ag.jit
    def descend(parameters: Any, X: Any, Y: Any) -> Any:
        J, slopes = value_and_grad(parameters, X, Y)
        return J, [a - p.rate * g for a, g in zip(parameters, slopes, strict=True)]

    def step(X: Any = X, Y: Any = Y) -> Any:
        nonlocal parameters
        J, parameters = descend(parameters, X, Y)
        return J, parameters

    return step


def modules(p: Network) -> Step:
    net, cost = as_modules(p)
    value_and_grad = ag.value_and_grad(lambda net, X, Y: cost(net, X, Y, lam=p.lam))
    if not p.rate:
        compiled = ag.jit(value_and_grad)

        def gradient() -> Any:
            J, slopes = compiled(net, p.X, p.Y)
            return J, slopes.parameters

        return gradient

    @ag.jit
    def descend(net: Any, X: Any, Y: Any) -> Any:
        J, slopes = value_and_grad(net, X, Y)
        pairs = zip(net.parameters, slopes.parameters, strict=True)
        with ag.no_grad():
            return J, [a - p.rate * g for a, g in pairs]

    def step() -> Any:
        J, moved = descend(net, p.X, p.Y)
        with ag.no_grad():
            for t, a in zip(net.parameters, moved, strict=True):
                t[...] = a
        return J, moved

    return step


def training(p: Training) -> Step:
    return in_batches(network(p.first), p.network.X, targets(p.network), p.batches)


def watched(p: Watched) -> Step:
    net, Y = p.training.network, targets(p.training.network)
    outputs, cost = forward(net), data_cost(net)

    @ag.jit
    def watch(parameters: Any, X: Any, Y: Any, labels: Any) -> Any:
        z = outputs(parameters, X)
        return cost(z, Y), np.mean(np.argmax(z, axis=1) == labels)

    def now(parameters: Any) -> Any:
        return watch(parameters, net.X, Y, net.Y)

    step = network(p.training.first)
    return in_batches(step, net.X, Y, p.training.batches, now, net.parameters)


def curvature(p: Curvature) -> Step:
    net, Y = p.network, targets(p.network)
    cost = formulas(net)

    @ag.jit
    def product(parameters: Any, v: Any, X: Any, Y: Any) -> Any:
        return ag.hvp(lambda parameters: cost(parameters, X, Y), (parameters,), (v,))[0]

    return lambda: (0.0, product(net.parameters, p.v, net.X, Y))


def elementwise(p: Elementwise) -> Step:
    return _of_one(of_elements, p.x)


def scalar(p: Scalar) -> Step:
    # A Python float would be a constant of the program, and all of it be worked out beforehand.
    return _of_one(lambda x: in_sequence(p, x), np.float64(p.x))


def terms(p: Terms) -> Step:
    return _of_one(lambda x: added_up(p, x), p.x)


def _of_one(f: Any, x: Any) -> Step:
    compiled = ag.jit(ag.value_and_grad(f))

    def step() -> Any:
        J, slope = compiled(x)
        return J, [slope]

    return step
