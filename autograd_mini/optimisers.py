"""Optimisers: plain functions of parameters, gradients and state.

Each takes lists of arrays and gives new lists; nothing is edited in place, so a step can be
recorded, repeated and compared. The same input gives the same bits. `state` is None before the
first step, and afterwards a dict of numbers and lists of arrays, which is all there is to keep
when training must go on later. Rates are Python floats: float32 parameters stay float32.

>>> import numpy as np
>>> parameters, state = [np.array([1.0, -2.0])], None
>>> for _ in range(3):  # J = θ², ∂J/∂θ = 2θ
...     gradients = [2 * parameter for parameter in parameters]
...     parameters, state = gradient_descent(parameters, gradients, state, rate=0.25)
>>> parameters
[array([ 0.125, -0.25 ])]
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = Sequence[NDArray[Any]]
State = dict[str, Any]
Optimiser = Callable[..., tuple[list[NDArray[Any]], State]]

__all__ = ["OPTIMISERS", "RATES", "adam", "gradient_descent", "momentum"]


def gradient_descent(
    parameters: Arrays, gradients: Arrays, state: State | None = None, *, rate: float = 1.0
) -> tuple[list[NDArray[Any]], State]:
    """One step of gradient descent, the note's Θ := Θ - α D.

    Parameters
    ----------
    parameters, gradients
        Arrays of equal shapes and dtypes, one gradient a parameter.
    state
        Nothing to remember: an empty dict.
    rate
        The learning rate α.

    Returns
    -------
    The new parameters and the state.
    """
    rate = float(rate)
    moved = [p - rate * g for p, g in zip(parameters, gradients, strict=True)]
    return moved, {} if state is None else state


def momentum(
    parameters: Arrays,
    gradients: Arrays,
    state: State | None = None,
    *,
    rate: float = 0.3,
    decay: float = 0.9,
) -> tuple[list[NDArray[Any]], State]:
    """One step of gradient descent with momentum: v := decay v + D, Θ := Θ - α v.

    The form of Polyak (1964) as PyTorch's SGD has it: the rate is outside the velocity.

    Parameters
    ----------
    parameters, gradients
        Arrays of equal shapes and dtypes, one gradient a parameter.
    state
        ``{"velocity": [...]}`` of the step before, None at the first.
    rate, decay
        α, and the share of the velocity that is kept.

    Returns
    -------
    The new parameters and the state.
    """
    rate, decay = float(rate), float(decay)
    before = state["velocity"] if state else [0.0 * g for g in gradients]
    velocity = [decay * v + g for v, g in zip(before, gradients, strict=True)]
    moved = [p - rate * v for p, v in zip(parameters, velocity, strict=True)]
    return moved, {"velocity": velocity}


def adam(
    parameters: Arrays,
    gradients: Arrays,
    state: State | None = None,
    *,
    rate: float = 0.01,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-8,
) -> tuple[list[NDArray[Any]], State]:
    """One step of Adam: Θ := Θ - α m̂ / (√v̂ + ε).

    m := β₁ m + (1 - β₁) D and v := β₂ v + (1 - β₂) D² are running means of the gradient and of its
    square, m̂ = m / (1 - β₁ᵗ) and v̂ = v / (1 - β₂ᵗ) the same freed from having started at zero.
    Kingma and Ba (2015), https://arxiv.org/abs/1412.6980, algorithm 1.

    Parameters
    ----------
    parameters, gradients
        Arrays of equal shapes and dtypes, one gradient a parameter.
    state
        ``{"step": t, "mean": [...], "square": [...]}`` of the step before, None at the first.
    rate, beta1, beta2, epsilon
        α, β₁, β₂ and ε.

    Returns
    -------
    The new parameters and the state.
    """
    rate, epsilon = float(rate), float(epsilon)
    zeros = [0.0 * g for g in gradients]
    state = state or {"step": 0, "mean": zeros, "square": zeros}
    step = state["step"] + 1
    mean = [beta1 * m + (1.0 - beta1) * g for m, g in zip(state["mean"], gradients, strict=True)]
    square = [
        beta2 * v + (1.0 - beta2) * (g * g) for v, g in zip(state["square"], gradients, strict=True)
    ]
    # Python floats: an array scalar here would lift float32.
    step_size, root = rate / (1.0 - beta1**step), (1.0 - beta2**step) ** 0.5
    moved = [
        p - step_size * m / (np.sqrt(v) / root + epsilon)
        for p, m, v in zip(parameters, mean, square, strict=True)
    ]
    return moved, {"step": step, "mean": mean, "square": square}


OPTIMISERS: dict[str, Optimiser] = {
    "gradient-descent": gradient_descent,
    "momentum": momentum,
    "adam": adam,
}
# The rate that suits the digits with batches of 32, when none is asked for.
RATES = {"gradient-descent": 1.0, "momentum": 0.1, "adam": 0.01}
