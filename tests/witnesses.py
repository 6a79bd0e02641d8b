"""How a derivative is judged: a third witness, the scale of its sums, and the comparison.

Two computations of a sum that cancels differ by more than their common value; so the yardstick is
not the value but S, the norm of the closed form with every sum, and a - y, taken over absolute
values (g' as it is).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_mini import closed_form
from tests.strategies import Array, Problem

STEP = 1e-30
TOLERANCE = 1e-10


# -- the third witness: Im f(x + ih) / h


def complex_step_gradients(problem: Problem) -> dict[int, Array]:
    """Return ∂J/∂Θ^(l), one entry after the other, from the forward pass alone."""
    theta = [matrix.astype(complex) for matrix in problem.theta]
    gradients = [np.zeros(matrix.shape) for matrix in theta]
    for matrix, gradient in zip(theta, gradients, strict=True):
        for index in np.ndindex(matrix.shape):
            real = matrix[index]
            matrix[index] = real + 1j * STEP
            J = closed_form.cost(theta, problem.X, problem.Y, problem.lam, **problem.all_names)
            gradient[index] = J.imag / STEP
            matrix[index] = real
    return dict(enumerate(gradients, start=1))


def complex_step_deltas(problem: Problem) -> dict[int, Array]:
    """Return δ^(l) = ∂cost(i)/∂z^(l): the bias of one unit moves, in example i alone."""
    theta = [matrix.astype(complex) for matrix in problem.theta]
    deltas = {}
    for l, matrix in enumerate(theta, start=2):
        deltas[l] = np.zeros((problem.m, len(matrix)))
        for i, unit in np.ndindex(deltas[l].shape):
            real = matrix[unit, 0]
            matrix[unit, 0] = real + 1j * STEP
            one = slice(i, i + 1)
            J = closed_form.cost(theta, problem.X[one], problem.Y[one], **problem.all_names)
            deltas[l][i, unit] = J.imag / STEP
            matrix[unit, 0] = real
    return deltas


# -- the scale: an absolute twin of the closed form


def g_prime(name: str, z: Array) -> Array:
    """Return g'(z), each as accurate as z is."""
    return {
        "sigmoid": lambda: 1.0 / (2.0 + 2.0 * np.cosh(z)),
        "tanh": lambda: 1.0 / np.cosh(z) ** 2,
        "relu": lambda: np.where(z > 0, 1.0, 0.0),
        "leaky_relu": lambda: np.where(z > 0, 1.0, 0.01),
        "softplus": lambda: 1.0 / (1.0 + np.exp(-z)),
        "identity": lambda: np.ones_like(z),
    }[name]()


def absolute_deltas(problem: Problem) -> dict[int, Array]:
    """Return δ^(L) = (|a| + |y|) [.* g'], δ^(l) = |Θ^(l)|ᵀ δ^(l+1) .* g'(z^(l))."""
    z, a = problem.pass_
    L = problem.L
    deltas = {L: np.abs(a[L]) + np.abs(problem.Y)}
    if problem.cost == "quadratic":
        deltas[L] = deltas[L] * g_prime(problem.output, z[L])
    for l in range(L - 1, 1, -1):
        reached = deltas[l + 1] @ np.abs(problem.theta[l - 1][:, 1:])
        deltas[l] = reached * g_prime(problem.hidden[l - 2], z[l])
    return deltas


def absolute_gradients(problem: Problem) -> dict[int, Array]:
    """Return (1/m) Σ |a| δ + (λ/m) |Θ|, the second term for weights only."""
    _, a = problem.pass_
    delta = absolute_deltas(problem)
    gradients = {}
    for l, matrix in enumerate(problem.theta, start=1):
        folded = np.insert(np.abs(a[l]), 0, 1.0, axis=1)
        weights = np.abs(np.insert(matrix[:, 1:], 0, 0.0, axis=1))
        gradients[l] = (delta[l + 1].T @ folded + problem.lam * weights) / problem.m
    return gradients


# -- the comparison


def assert_close(
    found: Any, expected: Any, scale: Any, what: str = "", tolerance: float = TOLERANCE
) -> None:
    """Require ‖found - expected‖ <= tolerance · S, S the norm of the absolute twin."""
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.shape == expected.shape, f"{what}: {found.shape} beside {expected.shape}"
    error, S = np.linalg.norm(found - expected), np.linalg.norm(scale)
    assert error <= tolerance * S, (
        f"{what}: ‖A - C‖ = {error:.3g}, S = {S:.3g}, ratio {error / S if S else np.inf:.3g}\n"
        f"A = {found}\nC = {expected}"
    )
