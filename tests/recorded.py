"""A problem, recorded: by the library's network, and by plain NumPy programs on Tensors.

The programs keep the bias folded into Θ, the network keeps it apart; each has its cost twice, the
stable one and the literal one. No operation on the way knows y, a cost or a δ: those are found.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st

import autograd_mini as ag
from tests.strategies import Array, Problem

PROGRAMS = ("network", "network, literal cost", "folded", "folded, literal cost")
LITERAL = ("network, literal cost", "folded, literal cost")
programs = st.sampled_from(PROGRAMS)

COSTS = {
    "logistic": ag.nn.logistic_cost,
    "quadratic": ag.nn.quadratic_cost,
    "softmax": ag.nn.softmax_cost,
}


@dataclass
class Recorded:
    """J as a recorded graph: its z and a, and Θ^(l) as [bias, weights] or as one folded [Θ]."""

    J: Any
    z: Mapping[int, Any]
    a: Mapping[int, Any]
    leaves: Mapping[int, list[Any]]
    m: int

    def deltas(self) -> dict[int, Array]:
        """Return δ^(l) = m · ∂J/∂z^(l), by the backward pass of the graph."""
        found = ag.backprop(self.J, wrt=list(self.z.values()))
        return {l: self.m * g for l, g in zip(self.z, found, strict=True)}

    def by_activation(self) -> dict[int, Array]:
        """Return ∂cost(i)/∂a^(l), a row for each example, for l = 2..L."""
        found = ag.backprop(self.J, wrt=[self.a[l] for l in self.z])
        return {l: self.m * g for l, g in zip(self.z, found, strict=True)}

    def gradients(self) -> dict[int, list[Array]]:
        """Return ∂J/∂ of every leaf."""
        every = [leaf for leaves in self.leaves.values() for leaf in leaves]
        found = iter(ag.backprop(self.J, wrt=every))
        return {l: [next(found) for _ in leaves] for l, leaves in self.leaves.items()}

    def like_leaves(self, folded: Mapping[int, Array]) -> dict[int, list[Array]]:
        """Split folded matrices as the leaves are."""
        return {
            l: [folded[l]] if len(leaves) == 1 else [folded[l][:, 0], folded[l][:, 1:]]
            for l, leaves in self.leaves.items()
        }


def without_bias(Θ: Array) -> Array:
    """Put zeros in the bias column: what λ acts on."""
    return np.insert(Θ[:, 1:], 0, 0.0, axis=1)


def record(problem: Problem, program: str) -> Recorded:
    """Run one of PROGRAMS on a problem."""
    literal = program.endswith("literal cost")
    return (by_network if program.startswith("network") else by_numpy)(problem, literal)


def network(problem: Problem) -> Any:
    """Return the problem's network."""
    return ag.nn.Network.from_theta(problem.theta, **problem.names)


def by_network(problem: Problem, literal: bool) -> Recorded:
    """Record with `ag.nn`: bias apart; only the logistic cost has a literal form there."""
    net = network(problem)
    run = net.forward(problem.X)
    in_h = literal and problem.cost == "logistic"
    cost = ag.nn.logistic_cost_literal if in_h else COSTS[problem.cost]
    J = cost(net, run, problem.Y, problem.lam)
    leaves = {l: [net.biases[l], net.weights[l]] for l in net.weights}
    return Recorded(J, run.z, run.a, leaves, problem.m)


def by_numpy(problem: Problem, literal: bool) -> Recorded:
    """Record what a reader of the note would write in NumPy: a_0 = 1, the bias in Θ."""
    theta = {l: ag.Tensor(Θ, requires_grad=True) for l, Θ in enumerate(problem.theta, start=1)}
    z: dict[int, Any] = {}
    a: dict[int, Any] = {1: ag.Tensor(problem.X)}
    for l, name in enumerate([*problem.hidden, problem.output], start=2):
        z[l] = np.concatenate([np.ones((problem.m, 1)), a[l - 1]], axis=1) @ theta[l - 1].T
        a[l] = g(name, z[l])
    L = problem.L
    data = (literal_cost if literal else stable_cost)(problem.cost, z[L], a[L], problem.Y)
    squares = sum(np.sum(Θ[:, 1:] ** 2) for Θ in theta.values())
    J = data / problem.m + problem.lam / (2 * problem.m) * squares
    return Recorded(J, z, a, {l: [Θ] for l, Θ in theta.items()}, problem.m)


def g(name: str, z: Any) -> Any:
    """Write an activation the way a textbook does."""
    if name == "tanh":
        return np.tanh(z)
    if name == "relu":
        return np.maximum(z, 0.0)
    if name == "leaky_relu":
        return np.where(z > 0, z, 0.01 * z)
    if name == "softplus":
        return np.log(1 + np.exp(z))
    if name == "softmax":
        return np.exp(z) / np.sum(np.exp(z), axis=1, keepdims=True)
    return 1 / (1 + np.exp(-z)) if name == "sigmoid" else +z


def literal_cost(name: str, z: Any, h: Any, y: Array) -> Any:
    """Write Σ_i cost(i) the way the note does, with log h."""
    if name == "logistic":
        return -np.sum(y * np.log(h) + (1 - y) * np.log(1 - h))
    return -np.sum(y * np.log(h)) if name == "softmax" else np.sum((h - y) ** 2) / 2


def stable_cost(name: str, z: Any, h: Any, y: Array) -> Any:
    """Write Σ_i cost(i) from z^(L)."""
    if name == "logistic":
        return np.sum(y * np.logaddexp(0.0, -z) + (1 - y) * np.logaddexp(0.0, z))
    if name == "softmax":
        z = z - np.max(z, axis=1, keepdims=True)
        return -np.sum(y * (z - np.log(np.sum(np.exp(z), axis=1, keepdims=True))))
    return np.sum(np.square(h - y)) / 2
