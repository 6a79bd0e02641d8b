"""The output layer at given z^(L), |z| to 1000, against mpmath: h, each unit's cost, δ^(L).

Θ = [0 | 1] passes X on to z^(L) exactly, so that nothing but the output layer is judged. Error:
at most 4 ulp of max(1, |exact|).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import autograd_mini as ag
from autograd_mini import closed_form
from tests.strategies import Array

ULPS = 4
COST = {
    ("sigmoid", "logistic"): ag.nn.logistic_cost,
    ("sigmoid", "quadratic"): ag.nn.quadratic_cost,
    ("identity", "quadratic"): ag.nn.quadratic_cost,
    ("softmax", "softmax"): ag.nn.softmax_cost,
}

# Anything, and what is of interest: where 1 + e^-z rounds to 1, where e^z ends, where z is tiny.
INTERESTING = [0.0, 1e-300, 1e-17, 1e-8, 4.6, 30.0, 36.8, 88.8, 709.7, 709.9, 745.2, 1000.0]
zs = st.floats(-1000.0, 1000.0) | st.sampled_from([*INTERESTING, *(-z for z in INTERESTING)])
ys = st.sampled_from([0.0, 1.0]) | st.floats(0.0, 1.0)


@pytest.fixture(autouse=True)
def exact_numbers() -> Iterator[None]:
    """Let mpmath compute with 60 digits."""
    with mpmath.workdps(60):
        yield


def assert_within_4_ulp(found: Any, exact: Any, what: str) -> None:
    for value, true in zip(np.ravel(found), np.ravel(exact), strict=True):
        allowed = ULPS * np.spacing(max(1.0, abs(float(true))))
        error = abs(float(mpmath.mpf(float(value)) - true))
        assert error <= allowed, f"{what}: {value!r}, exact {mpmath.nstr(true, 20)}, error {error}"


def pass_on(K: int) -> list[Array]:
    """Return a network without hidden layer, whose z^(L) is x."""
    return [np.insert(np.eye(K), 0, 0.0, axis=1)]


def outputs(z: list[float], y: list[float], output: str, cost: str) -> list[dict[str, Any]]:
    """h, J and δ^(L) of one example, by the library and by the closed form."""
    theta, X, Y, L = pass_on(len(z)), np.array([z]), np.array([y]), 2
    net = ag.nn.Network.from_theta(theta, output=output)
    names = {"output": output, "cost": cost}
    by_library = {
        "h": net(X).detach().numpy()[0],
        "J": COST[output, cost](net, X, Y).item(),
        "δ": net.deltas(X, Y, cost)[L][0],
    }
    by_formula = {
        "h": closed_form.forward(theta, X, output=output)[1][L][0],
        "J": closed_form.cost(theta, X, Y, **names),
        "δ": closed_form.deltas(theta, X, Y, **names)[L][0],
    }
    return [by_library, by_formula]


def check(z: list[float], y: list[float], pair: tuple[str, str], exact: dict[str, Any]) -> None:
    for found in outputs(z, y, *pair):
        for name, value in exact.items():
            assert_within_4_ulp(found[name], value, f"{name} at z = {z}, y = {y}")


def sigmoid(z: float) -> Any:
    return 1 / (1 + mpmath.exp(-mpmath.mpf(z)))


def softplus(z: float) -> Any:
    z = mpmath.mpf(z)
    return max(z, 0) + mpmath.log1p(mpmath.exp(-abs(z)))


def softmax(z: list[float]) -> list[Any]:
    e = [mpmath.exp(mpmath.mpf(one)) for one in z]
    return [one / sum(e) for one in e]


@given(zs, ys)
@example(1000.0, 0.0)
@example(-1000.0, 1.0)
@example(37.0, 1.0)
def test_sigmoid_and_logistic(z: float, y: float) -> None:
    """h = g(z); cost = -[y log h + (1 - y) log(1 - h)]; δ = h - y."""
    h, y_exact = sigmoid(z), mpmath.mpf(y)
    J = y_exact * softplus(-z) + (1 - y_exact) * softplus(z)
    check([z], [y], ("sigmoid", "logistic"), {"h": [h], "J": [J], "δ": [h - y_exact]})


@given(zs, ys)
def test_sigmoid_and_quadratic(z: float, y: float) -> None:
    """h = g(z); cost = ½ (h - y)²; δ = (h - y) h (1 - h)."""
    h, y_exact = sigmoid(z), mpmath.mpf(y)
    slope = h * sigmoid(-z)
    exact = {"h": [h], "J": [(h - y_exact) ** 2 / 2], "δ": [(h - y_exact) * slope]}
    check([z], [y], ("sigmoid", "quadratic"), exact)


@given(zs, st.floats(-1000.0, 1000.0))
def test_identity_and_quadratic(z: float, y: float) -> None:
    """h = z; cost = ½ (z - y)²; δ = z - y."""
    difference = mpmath.mpf(z) - mpmath.mpf(y)
    exact = {"h": [mpmath.mpf(z)], "J": [difference**2 / 2], "δ": [difference]}
    check([z], [y], ("identity", "quadratic"), exact)


@given(st.lists(zs, min_size=1, max_size=8), st.data())
def test_softmax_and_cross_entropy(z: list[float], data: st.DataObject) -> None:
    """h = softmax(z); cost of unit k = log Σ_j e^(z_j) - z_k; δ = h - y."""
    k = data.draw(st.integers(0, len(z) - 1))
    h, largest = softmax(z), mpmath.mpf(max(z))
    J = mpmath.log(sum(mpmath.exp(one - largest) for one in z)) - (mpmath.mpf(z[k]) - largest)
    y = np.eye(len(z))[k].tolist()
    exact = {"h": h, "J": [J], "δ": [h_j - y_j for h_j, y_j in zip(h, y, strict=True)]}
    check(z, y, ("softmax", "softmax"), exact)


@pytest.mark.parametrize("pair", COST)
def test_every_unit_of_a_layer_is_as_exact_as_one(pair: tuple[str, str]) -> None:
    """The costs add up over units: K saturated outputs at once, finite, no warning."""
    z = np.array([[1000.0, -1000.0, 750.0, -36.9]])
    Y = np.array([[0.0, 1.0, 0.0, 0.0]])
    net = ag.nn.Network.from_theta(pass_on(4), output=pair[0])
    together = COST[pair](net, z, Y).item()
    if pair[0] != "softmax":
        one = ag.nn.Network.from_theta(pass_on(1), output=pair[0])
        apart = [COST[pair](one, z[:, [k]], Y[:, [k]]).item() for k in range(4)]
        np.testing.assert_allclose(together, sum(apart), rtol=4e-16)
    for δ in net.deltas(z, Y, pair[1]).values():
        assert np.isfinite(δ).all()


def test_complex_steps_reach_the_saturated_outputs() -> None:
    """At |z| = 1000 the forward cost is still analytic: Im J(z + ih)/h = h - y."""
    for z in (-1000.0, -40.0, 0.0, 40.0, 1000.0):
        for y in (0.0, 1.0):
            theta = [np.array([[1e-30j, 1.0]])]
            J = closed_form.cost(theta, np.array([[z]]), np.array([[y]]))
            assert_within_4_ulp(J.imag / 1e-30, sigmoid(z) - y, f"δ at z = {z}, y = {y}")
