"""What a report is made from: networks, examples, history and what was found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..context import no_grad
from ..drawing import draw
from ..history import History
from ..nn.network import COSTS, Network
from ..tensor import Tensor

__all__ = ["Run", "answers"]

Array = NDArray[Any]


@dataclass(frozen=True)
class Run:
    """A training run.

    Attributes
    ----------
    name
        What the data are called.
    net
        The trained network.
    X, Y, labels
        The training examples: inputs, targets as the costs take them, classes.
    X_test, labels_test
        The test examples.
    history
        What `fit` returned.
    settings
        What was asked for, by name; `cost` and `lam` are needed.
    results
        `train_accuracy`, `test_accuracy`, `layers`, and under `no_hidden_layer` the same of the
        network beside, or None.
    differences
        Relative difference of autodiff and closed form, by what was compared.
    tolerance
        The largest difference that is accepted.
    images
        The test examples as a person is to see them, before features were standardised; None where
        the network takes them as they are.
    """

    name: str
    net: Network
    X: Array
    Y: Array
    labels: Array
    X_test: Array
    labels_test: Array
    history: History
    settings: Mapping[str, Any]
    results: Mapping[str, Any]
    differences: Mapping[str, float]
    tolerance: float
    images: Array | None = None

    @property
    def outline(self) -> str:
        """Layer sizes as people write them: 64-25-10."""
        return "-".join(map(str, self.net.sizes))

    @cached_property
    def answers(self) -> Array:
        """The class that the network says each test example is."""
        return answers(self.net, self.X_test)

    @cached_property
    def graph_svg(self) -> str:
        """The recorded graph of the cost of all training examples, with its gradients."""
        return draw(self.cost_of(self.net, len(self.X))).svg()

    def cost_of(self, net: Network, most: int) -> Tensor:
        """Record the cost of a network over the first examples."""
        J: Tensor = COSTS[self.settings["cost"]](
            net, self.X[:most], np.asarray(self.Y)[:most], self.settings["lam"]
        )
        J.name = "J"
        return J


def answers(net: Network, X: Array) -> Array:
    """Return the class that a network says each example is; one unit tells two apart."""
    with no_grad():
        h = net(X).detach().numpy()
    return h.argmax(axis=1) if h.shape[1] > 1 else (h[:, 0] >= 0.5).astype(int)
