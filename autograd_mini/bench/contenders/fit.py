"""autograd_mini's `ag.fit`, as its users call it.

It does more than the loops beside it: the cost and the accuracy of all examples before the first
epoch and after each, and the best weights kept. It compiles by itself, where it can.
"""

from __future__ import annotations

from typing import Any

import autograd_mini as ag

from ..rows import Training
from . import Contender, Step
from .eager import as_modules, read


def contenders(threads: int) -> list[Contender]:
    return [Contender("ag.fit", ag.__version__, {Training: training}, read)]


def training(p: Training) -> Step:
    net, _ = as_modules(p.network)
    X, Y, rate = p.network.X, p.network.Y, p.network.rate

    def epochs() -> Any:
        ag.fit(net, X, Y, cost=p.network.cost, optimizer="gradient-descent", rate=rate,
               epochs=p.epochs, batch_size=p.size, seed=p.seed, progress=False)  # fmt: skip
        return 0.0, net.parameters

    return epochs
