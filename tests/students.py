"""A student's backpropagation, example by example, and the slips of the pen that spoil it.

Written from the note's algorithm figure, with nothing of the library in it: what the diagnosis
says of these programs is not its own echo.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

RIGHT = '''
import numpy as np

def g(z):
    return 1 / (1 + np.exp(-z))

def gradients(theta, X, Y, lam):
    L, m = len(theta) + 1, len(X)
    Delta = {l: np.zeros(theta[l].shape) for l in theta}
    for x, y in zip(X, Y):
        a, z = {1: x}, {}
        for l in range(1, L):
            z[l + 1] = theta[l] @ np.append(1, a[l])
            a[l + 1] = g(z[l + 1])
        delta = {L: a[L] - y}
        for l in range(L - 1, 1, -1):
            delta[l] = (theta[l].T @ delta[l + 1])[1:]
            delta[l] = delta[l] * a[l] * (1 - a[l])
        for l in range(1, L):
            Delta[l] += np.outer(delta[l + 1], np.append(1, a[l]))
    D = {}
    for l in range(1, L):
        D[l] = Delta[l] / m
        D[l][:, 1:] += lam / m * theta[l][:, 1:]
    return D
'''

# Key of the catalogue: what stands in the program, and what stands there instead.
SLIPS: dict[str, tuple[str, str]] = {
    "y_minus_a": ("a[L] - y", "y - a[L]"),
    "other_cost": ("a[L] - y", "(a[L] - y) * a[L] * (1 - a[L])"),
    "no_slope": ("delta[l] * a[l] * (1 - a[l])", "delta[l]"),
    "slope_of_a": ("delta[l] * a[l] * (1 - a[l])", "delta[l] * g(a[l]) * (1 - g(a[l]))"),
    "formula_of_z": ("delta[l] * a[l] * (1 - a[l])", "delta[l] * z[l] * (1 - z[l])"),
    "delta_sign": ("delta[l] * a[l] * (1 - a[l])", "delta[l] * a[l] * (a[l] - 1)"),
    "row_for_column": ("(theta[l].T @ delta[l + 1])[1:]", "theta[l][:, 1:] @ delta[l + 1]"),
    "bias_not_dropped": ("(theta[l].T @ delta[l + 1])[1:]", "(theta[l].T @ delta[l + 1])[:-1]"),
    "wrong_activation": ("np.outer(delta[l + 1], np.append(1, a[l]))",
                         "np.outer(delta[l + 1], np.append(1, a[l + 1]))"),
    "z_for_a": ("a[l]))\n    D = {}", "z.get(l, x)))\n    D = {}"),
    "one_example": ("Delta[l] += np.outer", "Delta[l] = np.outer"),
    "sum_for_mean": ("Delta[l] / m", "Delta[l]"),
    "no_m": ("    D = {}", "    D, m = {}, 1"),
    "wrong_axis": ("Delta[l] / m", "Delta[l] / len(Delta[l])"),
    "no_lam": ("lam / m *", "0 *"),
    "lam_without_m": ("lam / m *", "lam *"),
    "lam_twice": ("lam / m *", "2 * lam / m *"),
    "lam_half": ("lam / m *", "lam / (2 * m) *"),
    "lam_sign": ("+= lam / m", "-= lam / m"),
    "bias_regularised": ("D[l][:, 1:] += lam / m * theta[l][:, 1:]", "D[l] += lam / m * theta[l]"),
    "negated": ("return D", "return {l: -D[l] for l in D}"),
    "accumulated": ("return D", "return {l: 3 * D[l] for l in D}"),
    "other_layer": ("return D", "return {**D, 1: D[2]}"),
    "partly_zero": ("return D", "return {**D, 1: 0 * D[1]}"),
}  # fmt: skip


def with_slips(*keys: str) -> str:
    """The program with these slips in it."""
    program = RIGHT
    for key in keys:
        line, slip = SLIPS[key]
        assert program.count(line) == 1, (key, program.count(line))
        program = program.replace(line, slip)
    return program

# -- another right program: all examples at once, any g, any output, any precision

G: dict[str, tuple[Callable[[Any], Any], Callable[[Any, Any], Any]]] = {
    "sigmoid": (lambda z: 1 / (1 + np.exp(-z)), lambda z, a: a * (1 - a)),
    "tanh": (np.tanh, lambda z, a: 1 - a * a),
    "relu": (lambda z: np.maximum(z, 0), lambda z, a: z > 0),
    "leaky_relu": (lambda z: np.maximum(z, z / 100), lambda z, a: np.where(z > 0, 1, 0.01)),
    "softplus": (lambda z: np.log1p(np.exp(z)), lambda z, a: 1 / (1 + np.exp(-z))),
    "identity": (lambda z: z, lambda z, a: np.ones_like(z)),
    "softmax": (lambda z: np.exp(z) / np.exp(z).sum(axis=1, keepdims=True), lambda z, a: a),
}  # fmt: skip


def batch(s: Any, dtype: Any) -> list[Any]:
    """Gradients of a problem as another program computes them, in a precision of its own."""
    theta = {l: s.theta[l].astype(dtype) for l in s.theta}
    names = [*s.hidden, s.output]
    a, z, ones = {1: s.X.astype(dtype)}, {}, np.ones((s.m, 1), dtype)
    for l in theta:
        z[l + 1] = np.hstack([ones, a[l]]) @ theta[l].T
        a[l + 1] = G[names[l - 1]][0](z[l + 1]).astype(dtype)
    delta = a[s.L] - s.y.astype(dtype)
    if s.cost == "quadratic":
        delta = delta * G[s.output][1](z[s.L], a[s.L])
    D = []
    for l in reversed(theta):
        data = (delta.astype(dtype).T @ np.hstack([ones, a[l]])) / dtype(s.m)
        data[:, 1:] += dtype(s.lam / s.m) * theta[l][:, 1:]
        D.append(data)
        if l > 1:
            delta = (delta @ theta[l])[:, 1:] * G[names[l - 2]][1](z[l], a[l])
    return D[::-1]
