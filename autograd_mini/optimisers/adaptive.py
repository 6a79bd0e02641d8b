"""Optimisers with a step of its own length for every parameter: RMSprop, Adam, AdamW."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .step import Array, Arrays, Memory, Numbers, finite, optimiser, within

__all__ = ["adam", "adamw", "rmsprop"]


def _scale(
    parameters: Arrays, gradients: Arrays, memory: Memory, numbers: Numbers
) -> tuple[list[Array], Memory]:
    """Move along D / √(its running square); which memory there is says what else is wanted."""
    new = {"square": _mean(memory["square"], [g * g for g in gradients], numbers, "decay")}
    spread = new["square"]
    if "mean" in memory:
        new["mean"] = _mean(memory["mean"], gradients, numbers, "decay")
        # Rounding could leave a variance a little below zero.
        pairs = zip(spread, new["mean"], strict=True)
        spread = [np.maximum(v - m * m, 0.0) for v, m in pairs]
    pairs = zip(gradients, spread, strict=True)
    along = [g / (np.sqrt(v) + numbers["epsilon"]) for g, v in pairs]
    if "velocity" in memory:
        pairs = zip(memory["velocity"], along, strict=True)
        along = new["velocity"] = [numbers["momentum"] * v + a for v, a in pairs]
    return [p - numbers["rate"] * a for p, a in zip(parameters, along, strict=True)], new


def _scale_memory(momentum: float = 0.0, centred: bool = False, **_: Any) -> Sequence[str]:
    return ["square", *(["mean"] if centred else []), *(["velocity"] if momentum else [])]


@optimiser(_scale, _scale_memory)
def rmsprop(
    step: int,
    *,
    rate: float = 0.01,
    decay: float = 0.99,
    epsilon: float = 1e-8,
    momentum: float = 0.0,
    centred: bool = False,
) -> Numbers:
    """One step of RMSprop: v := decay v + (1 - decay) D², Θ := Θ - α D / (√v + ε).

    Tieleman and Hinton (2012), lecture 6.5 of "Neural networks for machine learning", in the form
    of PyTorch's. With momentum, u := momentum u + D / (√v + ε) and Θ := Θ - α u. Centred, the
    running mean m of D is taken off: √(v - m²) in place of √v.

    Parameters
    ----------
    parameters, gradients
        Arrays of equal shapes and dtypes, one gradient a parameter.
    state
        ``{"step": t, "square": [...]}`` after t steps, with "velocity" and "mean" where they are
        needed; None before the first.
    rate, decay, epsilon, momentum
        α (or a schedule), the share of the running means that is kept, ε, and that of u.
    centred
        Whether to divide by the standard deviation of the gradient, not by its root mean square.

    Returns
    -------
    The new parameters and the state.

    Examples
    --------
    >>> import numpy as np
    >>> moved, _ = rmsprop([np.array([1.0, 1.0])], [np.array([4.0, -0.5])], rate=0.01)
    >>> moved[0].round(6)  # α / √0.01 at first, whatever the gradient
    array([0.9, 1.1])
    """
    numbers = {"rate": finite("rate", rate), **_shares("decay", decay)}
    numbers |= {"epsilon": within("epsilon", epsilon), "momentum": within("momentum", momentum, 1)}
    return numbers


def _adapt(
    parameters: Arrays, gradients: Arrays, memory: Memory, numbers: Numbers
) -> tuple[list[Array], Memory]:
    mean = _mean(memory["mean"], gradients, numbers, "beta1")
    square = _mean(memory["square"], [g * g for g in gradients], numbers, "beta2")
    rate, root, epsilon = numbers["rate"], numbers["root"], numbers["epsilon"]
    every = zip(parameters, mean, square, strict=True)
    moved = [p - rate * m / (np.sqrt(v) / root + epsilon) for p, m, v in every]
    return moved, {"mean": mean, "square": square}


@optimiser(_adapt, ["mean", "square"])
def adam(
    step: int,
    *,
    rate: float = 0.01,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-8,
) -> Numbers:
    """One step of Adam: Θ := Θ - α m̂ / (√v̂ + ε).

    m := β₁ m + (1 - β₁) D and v := β₂ v + (1 - β₂) D² are running means of the gradient and of its
    square, m̂ = m / (1 - β₁ᵗ) and v̂ = v / (1 - β₂ᵗ) the same freed from having started at zero.
    Kingma and Ba (2015), https://arxiv.org/abs/1412.6980, algorithm 1.

    Parameters
    ----------
    parameters, gradients
        Arrays of equal shapes and dtypes, one gradient a parameter.
    state
        ``{"step": t, "mean": [...], "square": [...]}`` after t steps, None before the first.
    rate, beta1, beta2, epsilon
        α (or a schedule), β₁, β₂ and ε.

    Returns
    -------
    The new parameters and the state.

    Examples
    --------
    >>> import numpy as np
    >>> moved, _ = adam([np.array([1.0, 1.0])], [np.array([4.0, -0.5])], rate=0.1)
    >>> moved[0].round(6)  # α at first, whatever the gradient
    array([0.9, 1.1])
    """
    numbers = {**_shares("beta1", beta1), **_shares("beta2", beta2)}
    numbers["rate"] = finite("rate", rate) / (1.0 - numbers["beta1"] ** (step + 1))
    numbers["root"] = (1.0 - numbers["beta2"] ** (step + 1)) ** 0.5
    return numbers | {"epsilon": within("epsilon", epsilon)}


def _shrink_and_adapt(
    parameters: Arrays, gradients: Arrays, memory: Memory, numbers: Numbers
) -> tuple[list[Array], Memory]:
    return _adapt([numbers["kept"] * p for p in parameters], gradients, memory, numbers)


@optimiser(_shrink_and_adapt, ["mean", "square"])
def adamw(
    step: int,
    *,
    rate: float = 0.01,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-8,
    decay: float = 0.01,
) -> Numbers:
    """One step of AdamW: Θ := (1 - α decay) Θ, and then Adam's step.

    The decay of the parameters is apart from the gradient, and so not divided by its size, as the
    λ term of a cost is. It shrinks every parameter that it is given, biases among them. Loshchilov
    and Hutter (2019), https://arxiv.org/abs/1711.05101, algorithm 2, in the form of PyTorch's.

    Parameters
    ----------
    parameters, gradients, state, rate, beta1, beta2, epsilon
        As for `adam`.
    decay
        What is taken off a parameter in a step, as a share of it, is α decay.

    Returns
    -------
    The new parameters and the state.

    Examples
    --------
    >>> import numpy as np
    >>> adamw([np.array([1.0])], [np.array([0.0])], rate=0.1, decay=0.5)[0]
    [array([0.95])]
    """
    numbers = adam.numbers(step, rate=rate, beta1=beta1, beta2=beta2, epsilon=epsilon)
    return numbers | {"kept": 1.0 - finite("rate", rate) * within("decay", decay)}


def _shares(name: str, kept: float) -> Numbers:
    """Return the share of a running mean that is kept, and the share of what is new."""
    kept = within(name, kept, 1.0)
    return {name: kept, f"1-{name}": 1.0 - kept}


def _mean(before: Arrays, new: Arrays, numbers: Numbers, name: str) -> list[Array]:
    kept, share = numbers[name], numbers[f"1-{name}"]
    return [kept * b + share * n for b, n in zip(before, new, strict=True)]
