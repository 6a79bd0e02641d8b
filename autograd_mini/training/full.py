"""Steps of a full-batch method: SciPy chooses where to go, and how far."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..full_batch import FullBatch
from ..nn.network import Network
from .compiled import compiled_gradients
from .step import Array, Cost, Gradients, Step, gradients_of


class FullStep(Step):
    """A `Step` that is one iteration of conjugate gradient or L-BFGS on all examples.

    Parameters
    ----------
    net, cost, lam, X, Y, gradients
        As for `Step`.
    method
        As `FullBatch` knows it.
    jit
        Whether to compile cost and gradients.
    """

    def __init__(
        self,
        net: Network,
        cost: Cost,
        method: str,
        lam: float,
        X: Array,
        Y: Array,
        *,
        gradients: Gradients | None = None,
        jit: bool = False,
    ) -> None:
        self.net, self.X, self.Y, self.lam, self.method = net, X, Y, lam, method
        self.total = gradients_of(net, cost)
        if jit:
            self.total = compiled_gradients(self.total)
        self.gradients, self.rows = gradients, np.arange(len(X))
        self.parameters, self.count, self.over = self.of_net(), 0, False
        self.run = FullBatch(self.value_and_gradient, self.parameters, method)

    def value_and_gradient(self, parameters: Sequence[Array]) -> tuple[Any, Sequence[Array]]:
        """J over all examples in the order they have, and its gradients."""
        if self.gradients is None:
            return self.total(parameters, self.X, self.Y, self.lam)
        return self.gradients(parameters, self.rows, self.lam)

    def step(self, rows: Array) -> float:
        """Go on by an iteration; when the method has ended, `over` is set and nothing moves."""
        del rows
        iteration = next(self.run, None)
        if iteration is None:
            self.over = True
            return np.nan
        self.parameters, self.count = iteration.parameters, iteration.number
        return iteration.cost

    def kept(self) -> Any:
        """Return what the method has to remember."""
        return self.run.state()

    def go_on(self, parameters: Sequence[Array], state: Any, count: int) -> None:
        """Be where another one was."""
        self.close()
        self.parameters, self.count = list(parameters), count
        self.run = FullBatch(self.value_and_gradient, self.parameters, self.method, state=state)

    def rates(self) -> list[tuple[int, float]]:
        """Return none: it has no rate."""
        return []

    def close(self) -> None:
        """Let go of SciPy."""
        self.run.close()
