"""Training on the sum over shards: cost, gradients and rows of the history, from the workers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..context import no_grad
from ..distributed import Sum, must_be_a_mean, split
from ..distributed.share import Contribution, GradientSum
from ..nn.network import Network
from .measure import one_each, right
from .step import weights

Array = NDArray[Any]
Cost = Callable[..., Any]


@dataclass(frozen=True)
class OfParameters:
    """A cost as a function of the parameters; unlike a closure it can be sent by name."""

    net: Network
    cost: Cost

    def __call__(self, parameters: Sequence[Any], X: Array, Y: Array, lam: float) -> Any:
        """Return J."""
        return self.cost(type(self.net).__unflatten__(self.net, parameters), X, Y, lam)


@dataclass(frozen=True)
class Measures:
    """Σ cost(i), and how many examples a network gets right, of one shard."""

    net: Network
    cost: Cost
    classes: bool

    def __call__(self, parameters: Sequence[Any], block: tuple[Array, ...], lam: float) -> Any:
        """Return both sums."""
        net = type(self.net).__unflatten__(self.net, parameters)
        X, Y = block
        with no_grad():
            J = float(self.cost(net, X, Y, lam).item())
        return [len(X) * J, int(np.count_nonzero(right(net, X, Y, self.classes)))]


class Elsewhere:
    """The training examples in shards, on a cluster's workers or, without client, here.

    Parameters
    ----------
    net, cost, lam
        What is trained; the cost must be a mean over its examples.
    X, Y
        All training examples.
    shards
        How many blocks they are cut into.
    client
        A `distributed.Client`, or None.
    """

    def __init__(
        self,
        net: Network,
        cost: Cost,
        lam: float,
        X: Array,
        Y: Array,
        shards: int,
        client: Any = None,
    ) -> None:
        J = OfParameters(net, cost)
        contributions: dict[str, Contribution] = {
            "gradient": GradientSum(J),
            "row": Measures(net, cost, one_each(Y)),
        }
        self.total = Sum(contributions, split(X, Y, min(shards, len(X))), client=client)
        must_be_a_mean(J, weights(net), self.total.shards, lam)

    def gradients(
        self, parameters: Sequence[Array], rows: Array, lam: float
    ) -> tuple[float, list[Array]]:
        """J of these examples and its gradients; of all of them in the order the shards have."""
        some = None if len(rows) == self.total.shards.examples else rows
        (J, *slopes), m = self.total("gradient", list(parameters), lam, some)
        return J / m, [slope / m for slope in slopes]

    def measured(self, parameters: Sequence[Array], lam: float) -> tuple[float, float]:
        """Cost and accuracy over all examples."""
        (J, correct), m = self.total("row", list(parameters), lam)
        return J / m, correct / m

    def close(self) -> None:
        """Free the shards' copies on the workers."""
        self.total.close()
