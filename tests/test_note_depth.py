"""The note's first line, "sigmoid? no, ReLU!": how much gradient reaches the first layer."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_mini as ag
from autograd_mini.data import load_digits

SEEDS = 20


@pytest.fixture(scope="module")
def norms() -> dict[str, np.ndarray]:
    """‖∂J/∂Θ^(l)‖ for l = 1..9, a row for each seed: 8 hidden layers of 32 units, four digits."""
    images, labels = load_digits()
    X, Y = images[labels < 4], labels[labels < 4]

    def of_network(activation: str, seed: int) -> list[float]:
        net = ag.nn.Network([64, *[32] * 8, 4], activation=activation, seed=seed)
        gradient = ag.grad(ag.nn.logistic_cost)(net, X, Y)
        return [float(np.linalg.norm(D)) for D in gradient.theta.values()]

    return {
        activation: np.array([of_network(activation, seed) for seed in range(SEEDS)])
        for activation in ("sigmoid", "relu")
    }


def test_sigmoid_loses_five_orders_of_magnitude(norms: dict[str, np.ndarray]) -> None:
    """‖∂J/∂Θ^(1)‖ / ‖∂J/∂Θ^(9)‖ is about 1e-5."""
    ratio = norms["sigmoid"][:, 0] / norms["sigmoid"][:, -1]
    assert 0.5e-5 < np.median(ratio) < 2e-5
    assert ((ratio > 3e-6) & (ratio < 5e-5)).all()


def test_sigmoid_loses_at_every_hidden_layer(norms: dict[str, np.ndarray]) -> None:
    """A layer nearer to the input has a smaller gradient, by a factor of about 4 each."""
    layer = np.median(norms["sigmoid"], axis=0)
    assert (layer[1:7] < 0.5 * layer[2:8]).all()


def test_relu_keeps_its_gradient(norms: dict[str, np.ndarray]) -> None:
    """‖∂J/∂Θ^(1)‖ / ‖∂J/∂Θ^(9)‖ is between 0.3 and 1.6 for every one of 20 seeds (He start)."""
    ratio = norms["relu"][:, 0] / norms["relu"][:, -1]
    assert ((ratio > 0.3) & (ratio < 1.6)).all()


@given(st.floats(-1000.0, 1000.0))
def test_why(z: float) -> None:
    """Sigmoid: g' = a(1 - a) <= ¼, so every layer takes. ReLU: g' is 0 or 1."""
    slope = ag.grad(ag.nn.sigmoid)(z)
    assert 0.0 <= slope <= 0.25
    assert ag.grad(ag.nn.relu)(z) in (0.0, 1.0)
