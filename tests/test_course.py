"""The figures that the course prints: its gradient check, its table of g', its first weights."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import autograd_mini as ag
from autograd_mini import closed_form

Array = np.ndarray


def filled(rows: int, columns: int) -> Array:
    """Return sin(1), sin(2), ... / 10, column by column."""
    return np.sin(np.arange(1, rows * columns + 1)).reshape((rows, columns), order="F") / 10


THETA = [filled(5, 4), filled(3, 6)]
X = filled(5, 3)
LABELS = np.arange(1, 6) % 3  # the course's 1 + (i mod 3), counted from 0
FIRST = ["-9.2783e-03", "8.8991e-03", "-8.3601e-03", "7.6281e-03", "-6.7480e-03"]


def unrolled(matrices: list[Array]) -> Array:
    """Return Θ^(1)(:) and Θ^(2)(:), one after the other, as the course does."""
    return np.concatenate([matrix.ravel(order="F") for matrix in matrices])


def rolled(vector: Array) -> list[Array]:
    parts = np.split(vector, [THETA[0].size])
    return [part.reshape(Θ.shape, order="F") for part, Θ in zip(parts, THETA, strict=True)]


def numeric_gradient(cost: Callable[[list[Array]], float], step: float = 1e-4) -> Array:
    """Return central differences, (J(θ + ε) - J(θ - ε)) / 2ε, one entry after the other."""
    point = unrolled(THETA)
    gradient = np.zeros_like(point)
    for k in range(len(point)):
        step_k = step * (np.arange(len(point)) == k)
        gradient[k] = (cost(rolled(point + step_k)) - cost(rolled(point - step_k))) / (2 * step)
    return gradient


def by_graph(lam: float) -> Array:
    net = ag.nn.Network.from_theta(THETA)
    gradient = ag.grad(ag.nn.logistic_cost)(net, X, LABELS, lam)
    return unrolled(list(gradient.theta.values()))


def by_delta_formulas(lam: float) -> Array:
    return unrolled(list(closed_form.gradients(THETA, X, LABELS, lam).values()))


def by_the_algorithm(lam: float) -> Array:
    return unrolled(list(closed_form.backprop_by_example(THETA, X, LABELS, lam).D.values()))


@pytest.mark.parametrize("lam", [0.0, 3.0])
@pytest.mark.parametrize("analytic", [by_graph, by_delta_formulas, by_the_algorithm])
def test_the_gradient_check_prints_the_course_s_two_columns(
    analytic: Callable[[float], Array], lam: float
) -> None:
    """3-5-3, m = 5: the same five numbers on the left and on the right."""
    numeric = numeric_gradient(lambda theta: closed_form.cost(theta, X, LABELS, lam))
    columns = zip(numeric[:5], analytic(lam)[:5], strict=True)
    # λ is not for the bias: Θ^(1)'s first column, and so these five, is the same for both λ.
    assert [(f"{left:.4e}", f"{right:.4e}") for left, right in columns] == [(v, v) for v in FIRST]


@pytest.mark.parametrize("lam", [0.0, 3.0])
@pytest.mark.parametrize("analytic", [by_graph, by_delta_formulas, by_the_algorithm])
def test_the_relative_difference_is_about_2_4e_11(
    analytic: Callable[[float], Array], lam: float
) -> None:
    """‖numeric - analytic‖ / ‖numeric + analytic‖, ε = 1e-4."""
    numeric = numeric_gradient(
        lambda theta: ag.nn.logistic_cost(
            ag.nn.Network.from_theta(theta), X, LABELS, lam
        ).item()
    )
    difference = np.linalg.norm(numeric - analytic(lam)) / np.linalg.norm(numeric + analytic(lam))
    assert 1.5e-11 < difference < 4e-11


@pytest.mark.parametrize("lam", [1.0, 3.0])
def test_the_check_notices_a_lambda_without_1_over_m(lam: float) -> None:
    """The slide's D = Δ/m + λΘ does not pass."""
    numeric = numeric_gradient(lambda theta: closed_form.cost(theta, X, LABELS, lam))
    weights = [np.insert(Θ[:, 1:], 0, 0.0, axis=1) for Θ in THETA]
    slide = by_delta_formulas(0.0) + lam * unrolled(weights)
    assert np.linalg.norm(numeric - slide) / np.linalg.norm(numeric + slide) > 0.1


def test_the_table_of_g_prime() -> None:
    """g'([-1 -.5 0 .5 1]) = .196612 .235004 .25 .235004 .196612."""
    z = np.array([-1.0, -0.5, 0.0, 0.5, 1.0])
    expected = [0.196612, 0.235004, 0.25, 0.235004, 0.196612]
    by_rule = ag.grad(lambda z: np.sum(ag.nn.sigmoid(z)))(z)
    by_hand = ag.grad(lambda z: np.sum(1 / (1 + np.exp(-z))))(z)
    one_unit = [np.array([[0.0, 1.0]]), np.array([[0.0, 1.0]])]
    _, a = closed_form.forward(one_unit, z[:, np.newaxis])
    for found in (by_rule, by_hand, (a[2] * (1 - a[2])).ravel()):
        np.testing.assert_array_equal(found.round(6), expected)


@pytest.mark.parametrize("sizes", [(400, 25, 10), (3, 5, 3), (2, 1)])
def test_the_first_weights_are_uniform_in_the_course_s_interval(sizes: tuple[int, ...]) -> None:
    """Uniform in ±√6/√(s_l + s_{l+1})."""
    net = ag.nn.Network(sizes)
    for l, weights in net.weights.items():
        limit = np.sqrt(6) / np.sqrt(sizes[l - 1] + sizes[l])
        drawn = weights.detach().numpy()
        assert np.abs(drawn).max() <= limit
        if drawn.size > 100:
            assert np.abs(drawn).max() > 0.95 * limit
            assert abs(drawn.std() - limit / np.sqrt(3)) < 0.05 * limit
