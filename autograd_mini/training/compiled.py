"""A step as a compiled program: cost, gradients and the optimiser's move in one."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from ..compiler import jit
from ..nn.network import Network
from ..optimisers import Optimiser, clip_by_norm
from .step import Array, Cost, gradients_of

__all__ = ["compiled", "compiled_gradients"]

Moved = Callable[..., Any]


def compiled(
    net: Network, cost: Cost, optimiser: Any, clip: float | None
) -> Callable[[Moved], Moved]:
    """Return what makes a faster twin of the function that `step.move` makes.

    An `Optimiser` is recorded together with cost and gradients; what a step's numbers are is
    computed outside and passed as arrays, so one program serves all steps. Of another function
    only cost and gradients are compiled. A cost that can not be recorded (it reads a value) runs
    as it is, with a warning.
    """
    gradients = gradients_of(net, cost)

    def whole(parameters: Any, memory: Any, numbers: Any, X: Any, Y: Any, lam: float) -> Any:
        J, slopes = gradients(parameters, X, Y, lam)
        slopes = slopes if clip is None else clip_by_norm(slopes, clip)
        return J, *optimiser.move(parameters, slopes, memory, numbers)

    program, alone = jit(whole), jit(gradients)

    def moved(parameters: Any, state: Any, X: Array, Y: Array, lam: float, rate: float) -> Any:
        if not isinstance(optimiser, Optimiser):
            J, slopes = alone(parameters, X, Y, lam)
            slopes = slopes if clip is None else clip_by_norm(slopes, clip)
            return J, *optimiser(parameters, slopes, state, rate=rate)
        step = state["step"] if state else 0
        memory = {k: v for k, v in state.items() if k != "step"} if state else None
        memory = optimiser.memory(parameters) if memory is None else memory
        dtype = parameters[0].dtype
        numbers = optimiser.numbers(step, rate=rate)
        arrays = {name: np.asarray(value, dtype) for name, value in numbers.items()}
        J, after, memory = program(parameters, memory, arrays, X, Y, lam)
        return J, after, {"step": step + 1, **memory}

    return lambda plain: _Falling(moved, plain)


def compiled_gradients(gradients: Moved) -> Moved:
    """Return the compiled twin of J and its gradients as a function of arrays."""
    return _Falling(jit(gradients), gradients)


class _Falling:
    """The compiled twin, until it turns out that there can be none."""

    def __init__(self, fast: Moved, plain: Moved) -> None:
        self.chosen, self.plain, self.tried = fast, plain, False

    def __call__(self, *args: Any) -> Any:
        if self.tried:
            return self.chosen(*args)
        try:
            found = self.chosen(*args)
        except (RuntimeError, TypeError) as error:
            warnings.warn(
                f"fit: the cost can not be compiled ({error}); it runs as it is, which jit=False "
                "says without this warning",
                RuntimeWarning, stacklevel=2,
            )  # fmt: skip
            self.chosen = self.plain
            found = self.plain(*args)
        self.tried = True
        return found
