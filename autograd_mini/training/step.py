"""One step: the cost of a batch, its gradients, and the optimiser's move."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..context import no_grad
from ..nn.network import Network
from ..optimisers import clip_by_norm
from ..optimisers.step import Step as Optimiser
from ..transforms import value_and_grad

Array = NDArray[Any]
Cost = Callable[..., Any]
Gradients = Callable[[Sequence[Array], Array, float], tuple[Any, Sequence[Array]]]


def gradients_of(net: Network, cost: Cost) -> Callable[..., tuple[Any, list[Array]]]:
    """J and its gradients as a function of the parameters: ``(parameters, X, Y, lam)``."""

    def J(parameters: Sequence[Any], X: Array, Y: Array, lam: float) -> Any:
        return cost(type(net).__unflatten__(net, parameters), X, Y, lam)

    return value_and_grad(J)


def clipped(optimiser: Optimiser, clip: float | None) -> Optimiser:
    """Return an optimiser that sees gradients no longer than `clip`."""
    if clip is None:
        return optimiser

    def step(parameters: Any, gradients: Any, state: Any = None, *, rate: float) -> Any:
        return optimiser(parameters, clip_by_norm(gradients, clip), state, rate=rate)

    return step


def move(net: Network, cost: Cost, optimiser: Optimiser) -> Callable[..., Any]:
    """Make the function of arrays that a step is.

    Returns
    -------
    callable
        ``(parameters, state, X, Y, lam, rate) -> (J, parameters, state)``.
    """
    gradients = gradients_of(net, cost)

    def moved(parameters: Any, state: Any, X: Array, Y: Array, lam: float, rate: float) -> Any:
        J, slopes = gradients(parameters, X, Y, lam)
        return J, *optimiser(parameters, slopes, state, rate=rate)

    return moved


class Step:
    """What a step changes: the parameters and the optimiser's state; and how.

    Parameters
    ----------
    net
        Gives the first parameters; `write` brings them back to it.
    cost, optimiser
        As `fit` found them.
    rate
        α of step 0, 1, 2, ...
    lam
        λ, as it counts in the cost of all examples.
    X, Y
        All training examples.
    compiled
        Makes a faster twin of the function `move` makes, or gives it back as it is.
    gradients
        In place of J and gradients of ``X[rows], Y[rows]``: see the package's header.
    """

    over = False
    """Whether there is no further step to take."""

    def __init__(
        self,
        net: Network,
        cost: Cost,
        optimiser: Optimiser,
        rate: Callable[[int], float],
        lam: float,
        X: Array,
        Y: Array,
        *,
        compiled: Callable[[Any], Any] = lambda f: f,
        gradients: Gradients | None = None,
    ) -> None:
        self.net, self.X, self.Y = net, X, Y
        self.optimiser, self.rate, self.lam = optimiser, rate, lam
        self.parameters, self.count = self.of_net(), 0
        self.state: dict[str, Any] | None = None
        self.gradients = gradients
        self.moved = compiled(move(net, cost, optimiser))

    def step(self, rows: Array) -> float:
        """Take one step along the examples of these numbers; return their cost before it."""
        # A cost divides λ by its own number of examples; here it is to be divided by m.
        lam, rate = self.lam * len(rows) / len(self.X), checked_rate(self.rate, self.count)
        if self.gradients is None:
            X, Y = self.X[rows], self.Y[rows]
            J, after, state = self.moved(self.parameters, self.state, X, Y, lam, rate)
        else:
            J, slopes = self.gradients(self.parameters, rows, lam)
            after, state = self.optimiser(self.parameters, slopes, self.state, rate=rate)
        # Of one layout in memory, with which BLAS gives the same bits from a file as from here.
        self.parameters = [np.ascontiguousarray(parameter) for parameter in after]
        self.state, self.count = state, self.count + 1
        return float(J)

    def kept(self) -> Any:
        """Return the optimiser's state: with parameters and count, all that there is to keep."""
        return self.state

    def go_on(self, parameters: Sequence[Array], state: Any, count: int) -> None:
        """Be where another one was that had these parameters, state and count."""
        self.parameters, self.state, self.count = list(parameters), state, count

    def rates(self) -> list[tuple[int, float]]:
        """Return some of the rates so far, by which a schedule is told from another."""
        steps = {0, 1, 10, 100, 1_000, 10_000, self.count - 1}
        return [(step, self.rate(step)) for step in sorted(steps) if 0 <= step < self.count]

    def close(self) -> None:
        """Let go of what a step needs."""

    def of_net(self) -> list[Array]:
        """Return copies of the network's parameters."""
        return weights(self.net)

    def write(self) -> None:
        """Bring the parameters to the network."""
        set_weights(self.net, self.parameters)


def checked_rate(rate: Callable[[int], Any], step: int) -> float:
    """Return the rate of a step, once it is found to be one."""
    value = rate(step)
    if not isinstance(value, int | float | np.number) or not 0 <= value < np.inf:
        raise ValueError(
            f"fit: the schedule gave {value!r} as the rate of step {step}; expected a finite "
            "number, 0 or more"
        )
    return float(value)


def weights(net: Network) -> list[Array]:
    """Copies of a network's parameters."""
    return [parameter.detach().numpy().copy() for parameter in net.parameters]


def set_weights(net: Network, arrays: Sequence[Array]) -> None:
    """Change a network's parameters, which stay the same Tensors."""
    with no_grad():
        for parameter, array in zip(net.parameters, arrays, strict=True):
            parameter[...] = np.asarray(array)
