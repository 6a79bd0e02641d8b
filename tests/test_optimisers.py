"""Each optimiser against its formula in plain Python and PyTorch's trajectories; its bits."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from functools import partial
from io import BytesIO
from typing import Any

import numpy as np
import pytest

from autograd_mini.optimisers import (
    OPTIMISERS,
    RATES,
    adam,
    adamw,
    cosine,
    gradient_descent,
    momentum,
    nesterov,
    rmsprop,
    step_decay,
    warm_up,
)

Floats = list[float]
GRADIENTS = [0.5, -1.25, 3.0, 1e-9, 0.0, -2.0, 0.75]


def by_hand_gradient_descent(rate: float) -> Floats:
    theta, path = 2.0, []
    for g in GRADIENTS:
        theta = theta - rate * g
        path.append(theta)
    return path


def by_hand_momentum(rate: float, decay: float = 0.9) -> Floats:
    """v is the sum of decay^(age) times all gradients so far, written out as such."""
    theta, path = 2.0, []
    for t in range(len(GRADIENTS)):
        theta -= rate * math.fsum(decay ** (t - k) * GRADIENTS[k] for k in range(t + 1))
        path.append(theta)
    return path


def by_hand_adam(rate: float) -> Floats:
    """m̂ and v̂ as the weighted means that they are, not by their recursions."""
    theta, path = 2.0, []
    for t in range(1, len(GRADIENTS) + 1):
        weights1 = [0.9 ** (t - k) for k in range(1, t + 1)]
        weights2 = [0.999 ** (t - k) for k in range(1, t + 1)]
        pairs1 = zip(weights1, GRADIENTS, strict=False)
        pairs2 = zip(weights2, GRADIENTS, strict=False)
        mean = math.fsum(w * g for w, g in pairs1) / math.fsum(weights1)
        square = math.fsum(w * g * g for w, g in pairs2) / math.fsum(weights2)
        theta -= rate * mean / (math.sqrt(square) + 1e-8)
        path.append(theta)
    return path


def by_hand_nesterov(rate: float, decay: float = 0.9) -> Floats:
    """Sutskever's form: the gradient is met at φ = θ + decay u; what PyTorch keeps is φ."""
    phi, before, path = 2.0, 0.0, []
    for g in GRADIENTS:
        velocity = decay * before - rate * g
        theta = phi - decay * before + velocity
        phi, before = theta + decay * velocity, velocity
        path.append(phi)
    return path


def by_hand_rmsprop(rate: float, centred: bool = False) -> Floats:
    theta, path = 2.0, []
    for t in range(1, len(GRADIENTS) + 1):
        weights = [0.01 * 0.99 ** (t - k) for k in range(1, t + 1)]
        spread = math.fsum(w * g * g for w, g in zip(weights, GRADIENTS, strict=False))
        if centred:
            spread -= math.fsum(w * g for w, g in zip(weights, GRADIENTS, strict=False)) ** 2
        theta -= rate * GRADIENTS[t - 1] / (math.sqrt(spread) + 1e-8)
        path.append(theta)
    return path


def by_hand_adamw(rate: float, decay: float = 0.01) -> Floats:
    """Adam's own steps, each after the parameter has shrunk."""
    theta, path, before = 2.0, [], 2.0
    for after in by_hand_adam(rate):
        theta = theta - rate * decay * theta + (after - before)
        before = after
        path.append(theta)
    return path


CASES: list[tuple[Callable[..., Any], Callable[[float], Floats]]] = [
    (gradient_descent, by_hand_gradient_descent),
    (momentum, by_hand_momentum),
    (adam, by_hand_adam),
    (nesterov, by_hand_nesterov),
    (rmsprop, by_hand_rmsprop),
    (rmsprop.using(centred=True), partial(by_hand_rmsprop, centred=True)),
    (adamw, by_hand_adamw),
]
# Every optimiser, and RMSprop with each of what it can remember.
ALL = [
    *OPTIMISERS.values(),
    rmsprop.using(momentum=0.5),
    rmsprop.using(centred=True),
    rmsprop.using(centred=True, momentum=0.5),
]
every = pytest.mark.parametrize("step", ALL, ids=repr)


def trajectory(step: Any, dtype: Any = np.float64, **settings: Any) -> list[np.ndarray[Any, Any]]:
    parameters, state = [np.full((2, 3), 2.0, dtype), np.array([2.0], dtype)], None
    path = []
    for g in GRADIENTS:
        gradients = [np.full((2, 3), g, dtype), np.array([g], dtype)]
        parameters, state = step(parameters, gradients, state, **settings)
        path.append(parameters)
    return [np.concatenate([array.ravel() for array in each]) for each in path]


@pytest.mark.parametrize(("step", "by_hand"), CASES)
@pytest.mark.parametrize("rate", [0.001, 0.3])
def test_the_trajectory_is_the_formulas(step: Any, by_hand: Any, rate: float) -> None:
    for found, expected in zip(trajectory(step, rate=rate), by_hand(rate), strict=True):
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


@every
def test_float32_stays_float32_even_with_a_numpy_rate(step: Any) -> None:
    parameters, gradients = [np.ones((2, 2), np.float32)], [np.full((2, 2), 0.5, np.float32)]
    state: Any = None
    for _ in range(3):
        parameters, state = step(parameters, gradients, state, rate=np.float64(0.1))
    arrays = [*parameters, *(a for kept in state.values() if isinstance(kept, list) for a in kept)]
    assert {array.dtype for array in arrays} == {np.dtype(np.float32)}
    wide = trajectory(step, np.float64, rate=0.1)[-1]
    np.testing.assert_allclose(trajectory(step, np.float32, rate=0.1)[-1], wide, rtol=1e-5)


@every
def test_nothing_given_is_changed_and_nothing_is_shared(step: Any) -> None:
    parameters, gradients = [np.array([1.0, 2.0])], [np.array([0.5, -0.5])]
    parameters, state = step(parameters, gradients, None, rate=0.1)
    before = copy.deepcopy((parameters, gradients, state))
    moved, _ = step(parameters, gradients, state, rate=0.1)
    assert repr((parameters, gradients, state)) == repr(before)
    assert not np.shares_memory(moved[0], parameters[0])


@every
@pytest.mark.parametrize("kept", range(1, len(GRADIENTS)))
def test_the_state_is_all_there_is_to_keep(step: Any, kept: int) -> None:
    """A number and lists of arrays, through a file without pickle: the same bits afterwards."""

    def run(parameters: Any, state: Any, gradients: Floats) -> tuple[Any, Any]:
        for g in gradients:
            parameters, state = step(parameters, [np.array([g, -g])], state, rate=schedule)
        return parameters, state

    start, schedule = [np.array([1.0, 2.0])], warm_up(2, cosine(0.1, 4))
    whole, _ = run(start, None, GRADIENTS)
    half, state = run(start, None, GRADIENTS[:kept])
    assert type(state["step"]) is int
    flat = {name: array for name in state if name != "step" for array in state[name]}
    np.savez(file := BytesIO(), *half, step=state["step"], **flat)
    file.seek(0)
    read = np.load(file, allow_pickle=False)
    again = {name: [read[name]] for name in flat} | {"step": int(read["step"])}
    continued, _ = run([read["arr_0"]], again, GRADIENTS[kept:])
    assert whole[0].tobytes() == continued[0].tobytes()


def test_a_gradient_that_never_changes_has_a_variance_of_zero() -> None:
    """Centred RMSprop: rounding leaves v - m² a little below zero, of which there is no root."""
    parameters, state = [np.zeros(4)], None
    for _ in range(5_000):
        gradients = [np.array([0.1, 1 / 3, -0.7, 1e-3])]
        parameters, state = rmsprop(parameters, gradients, state, centred=True, epsilon=1e-3)
    assert np.isfinite(parameters[0]).all()


def test_rmsprop_remembers_what_it_needs() -> None:
    for settings, names in [
        ({}, ["square"]),
        ({"momentum": 0.5}, ["square", "velocity"]),
        ({"centred": True}, ["mean", "square"]),
        ({"centred": True, "momentum": 0.5}, ["mean", "square", "velocity"]),
    ]:
        _, state = rmsprop([np.ones(2)], [np.ones(2)], **settings)
        assert sorted(state) == sorted(["step", *names])


@pytest.mark.parametrize("name", OPTIMISERS)
def test_it_finds_the_bottom_of_a_bowl(name: str) -> None:
    parameters, state = [np.array([3.0]), np.array([[-2.0, 1.0]])], None
    for _ in range(1500):
        gradients = [0.2 * parameters[0], 0.6 * parameters[1]]
        parameters, state = OPTIMISERS[name](parameters, gradients, state, rate=RATES[name])
    assert max(np.abs(array).max() for array in parameters) < 0.02


@every
def test_a_missing_gradient_is_an_error(step: Any) -> None:
    with pytest.raises(ValueError, match="expected one of the same shape and dtype"):
        step([np.ones(2), np.ones(3)], [np.ones(2)], None, rate=0.1)


def test_every_optimiser_has_a_rate() -> None:
    assert RATES.keys() == OPTIMISERS.keys()
    assert all(step.__name__ == name.replace("-", "_") for name, step in OPTIMISERS.items())


@pytest.mark.parametrize("step", OPTIMISERS.values(), ids=OPTIMISERS)
def test_a_schedule_is_the_rate_of_every_step(step: Any) -> None:
    schedule, seen = step_decay(0.5, 2, 0.5), []

    def rate(number: int) -> float:
        seen.append(number)
        return schedule(number)

    expected = trajectory(step, rate=schedule)
    assert [a.tobytes() for a in trajectory(step, rate=rate)] == [a.tobytes() for a in expected]
    assert seen == [*range(len(GRADIENTS))]
    parameters, state = [np.full((2, 3), 2.0), np.array([2.0])], None
    for number, g in enumerate(GRADIENTS):
        gradients = [np.full((2, 3), g), np.array([g])]
        parameters, state = step(parameters, gradients, state, rate=schedule(number))
    assert np.concatenate([a.ravel() for a in parameters]).tobytes() == expected[-1].tobytes()
