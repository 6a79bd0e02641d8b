"""Optimisers, schedules and clipping: plain functions that `ag.fit` uses and any loop can.

An optimiser is called as ``step(parameters, gradients, state, rate=...)`` with lists of arrays and
gives new ones and the new state; nothing is edited in place, so a step can be recorded, repeated
and compared. The same input gives the same bits. `state` is None before the first step, and
afterwards a dict of the number of steps and lists of arrays: all there is to keep when training
must go on later.

>>> import numpy as np
>>> parameters, state = [np.array([1.0, -2.0])], None
>>> for _ in range(3):  # J = θ², ∂J/∂θ = 2θ
...     gradients = [2 * parameter for parameter in parameters]
...     parameters, state = gradient_descent(parameters, gradients, state, rate=0.25)
>>> parameters
[array([ 0.125, -0.25 ])]

The trajectories are PyTorch's, step by step.
"""

from __future__ import annotations

from .adaptive import adam, adamw, rmsprop
from .clipping import clip_by_norm, clip_by_value, global_norm
from .descent import gradient_descent, momentum, nesterov
from .schedules import Schedule, cosine, step_decay, warm_up
from .step import Optimiser, State, Step

__all__ = [
    "OPTIMISERS",
    "RATES",
    "Optimiser",
    "Schedule",
    "State",
    "Step",
    "adam",
    "adamw",
    "clip_by_norm",
    "clip_by_value",
    "cosine",
    "global_norm",
    "gradient_descent",
    "momentum",
    "nesterov",
    "rmsprop",
    "step_decay",
    "warm_up",
]

OPTIMISERS: dict[str, Optimiser] = {
    "gradient-descent": gradient_descent,
    "momentum": momentum,
    "nesterov": nesterov,
    "rmsprop": rmsprop,
    "adam": adam,
    "adamw": adamw,
}
# The rate that suits the digits with batches of 32, when none is asked for.
RATES = {
    "gradient-descent": 1.0,
    "momentum": 0.1,
    "nesterov": 0.1,
    "rmsprop": 0.01,
    "adam": 0.01,
    "adamw": 0.01,
}
