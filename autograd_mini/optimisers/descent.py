"""Gradient descent, and descent with a velocity."""

from __future__ import annotations

from .step import Array, Arrays, Memory, Numbers, finite, optimiser, within

__all__ = ["gradient_descent", "momentum", "nesterov"]


def _descend(
    parameters: Arrays, gradients: Arrays, memory: Memory, numbers: Numbers
) -> tuple[list[Array], Memory]:
    rate = numbers["rate"]
    return [p - rate * g for p, g in zip(parameters, gradients, strict=True)], {}


@optimiser(_descend)
def gradient_descent(step: int, *, rate: float = 1.0) -> Numbers:
    """One step of gradient descent, the note's Θ := Θ - α D.

    Parameters
    ----------
    parameters, gradients
        Arrays of equal shapes and dtypes, one gradient a parameter.
    state
        ``{"step": t}`` after t steps, None before the first.
    rate
        The learning rate α, or a schedule.

    Returns
    -------
    The new parameters and the state.

    Examples
    --------
    >>> import numpy as np
    >>> gradient_descent([np.array([1.0, 2.0])], [np.array([0.5, -0.5])], rate=0.5)
    ([array([0.75, 2.25])], {'step': 1})
    """
    return {"rate": finite("rate", rate)}


def _roll(
    parameters: Arrays, gradients: Arrays, memory: Memory, numbers: Numbers
) -> tuple[list[Array], Memory]:
    rate, decay = numbers["rate"], numbers["decay"]
    velocity = [decay * v + g for v, g in zip(memory["velocity"], gradients, strict=True)]
    moved = [p - rate * v for p, v in zip(parameters, velocity, strict=True)]
    return moved, {"velocity": velocity}


@optimiser(_roll, ["velocity"])
def momentum(step: int, *, rate: float = 0.3, decay: float = 0.9) -> Numbers:
    """One step of gradient descent with momentum: v := decay v + D, Θ := Θ - α v.

    Polyak (1964) in the form of PyTorch's SGD: the rate is outside the velocity.

    Parameters
    ----------
    parameters, gradients
        Arrays of equal shapes and dtypes, one gradient a parameter.
    state
        ``{"step": t, "velocity": [...]}`` after t steps, None before the first.
    rate, decay
        α (or a schedule), and the share of the velocity that is kept.

    Returns
    -------
    The new parameters and the state.

    Examples
    --------
    >>> import numpy as np
    >>> theta, state = [np.array([1.0])], None
    >>> for _ in range(2):
    ...     theta, state = momentum(theta, [np.array([0.5])], state, rate=0.5)
    >>> theta, state
    ([array([0.275])], {'step': 2, 'velocity': [array([0.95])]})
    """
    return {"rate": finite("rate", rate), "decay": within("decay", decay, 1.0)}


def _look_ahead(
    parameters: Arrays, gradients: Arrays, memory: Memory, numbers: Numbers
) -> tuple[list[Array], Memory]:
    rate, decay = numbers["rate"], numbers["decay"]
    velocity = [decay * v + g for v, g in zip(memory["velocity"], gradients, strict=True)]
    ahead = zip(parameters, gradients, velocity, strict=True)
    return [p - rate * (g + decay * v) for p, g, v in ahead], {"velocity": velocity}


@optimiser(_look_ahead, ["velocity"])
def nesterov(step: int, *, rate: float = 0.3, decay: float = 0.9) -> Numbers:
    """One step of Nesterov's accelerated gradient: v := decay v + D, Θ := Θ - α (D + decay v).

    The velocity is followed one step further than it has come. Sutskever et al. (2013), "On the
    importance of initialization and momentum in deep learning", in the form of PyTorch's SGD.

    Parameters
    ----------
    parameters, gradients, state, rate, decay
        As for `momentum`.

    Returns
    -------
    The new parameters and the state.

    Examples
    --------
    >>> import numpy as np
    >>> nesterov([np.array([1.0])], [np.array([0.5])], rate=0.5, decay=0.5)
    ([array([0.625])], {'step': 1, 'velocity': [array([0.5])]})
    """
    return {"rate": finite("rate", rate), "decay": within("decay", decay, 1.0)}
