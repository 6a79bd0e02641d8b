"""`fit`: epoch after epoch, the best weights kept."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..history import History, Row
from ..nn.network import COSTS, Network
from ..optimisers import OPTIMISERS, RATES, Optimiser
from .interrupt import first_ctrl_c
from .measure import Examples, measured
from .progress import bar
from .settings import checked, examples, named, whole
from .step import Cost, Step, set_weights


def fit(
    net: Network,
    X: Any,
    Y: Any,
    *,
    cost: str | Cost = "logistic",
    lam: float = 0.0,
    optimizer: str | Optimiser = "adam",
    rate: float | None = None,
    epochs: int = 100,
    batch_size: int | None = 32,
    seed: int | np.random.Generator = 0,
    validation: tuple[Any, Any] | None = None,
    test: tuple[Any, Any] | None = None,
    progress: bool | str = True,
) -> History:
    """Train a network in place, and leave it with the best weights it had.

    Every epoch goes through the examples once, in a new random order, in batches. A batch of b of
    the m examples descends along its mean data gradient plus (λ/m) Θ: λ counts as it does in the
    cost of all m examples, whatever the size of the batch. The best epoch is that of the lowest
    validation cost, or without validation data of the lowest training cost. Ctrl-C ends the run
    after the batch in work, with the best weights so far; a second Ctrl-C breaks it off.

    Parameters
    ----------
    net
        The network; its weights and biases are changed.
    X, Y
        Examples (m, s_1) and targets, (m, K) or labels (m,), as the costs take them.
    cost
        "logistic", "quadratic", "softmax", or a function ``cost(net, X, Y, lam)``.
    lam
        λ, the strength of the regularisation; biases are never regularised.
    optimizer
        "gradient-descent", "momentum", "adam", or a function like those in `optimisers`.
    rate
        The learning rate α; None takes one that suits the optimiser.
    epochs
        How often to go through the examples.
    batch_size
        Examples a step; None takes all of them, the note's own way.
    seed
        Orders the batches: the same seed, the same numbers.
    validation
        (X, Y) kept aside, to choose the best epoch by.
    test
        (X, Y) kept aside to show the accuracy on, and never used for any choice.
    progress
        Whether to show a progress bar with cost and accuracy, on the error stream; a text is the
        bar's name.

    Returns
    -------
    History
        A row an epoch; it prints as a table and plots itself.

    Raises
    ------
    ValueError
        For shapes that do not fit, no examples, values that are not finite, an unknown name, or a
        number out of its range.
    FloatingPointError
        When a cost stops being a finite number because the rate is too high; the network is left
        with the best weights it had.

    Examples
    --------
    >>> import autograd_mini as ag
    >>> X, y = [[0, 0], [0, 1], [1, 0], [1, 1]], [1, 0, 0, 1]  # XNOR
    >>> net = ag.nn.Network([2, 4, 1], seed=0)
    >>> history = ag.fit(net, X, y, rate=0.1, epochs=200, batch_size=None, progress=False)
    >>> history["accuracy"][-1]
    np.float64(1.0)
    """
    run = _Run(net, cost, lam, optimizer, rate, batch_size)
    epochs, generator = checked("epochs", epochs), np.random.default_rng(seed)
    run.look_at((X, Y), validation, test)
    rows, best, weights = [run.row(0)], 0, run.step.parameters
    watched, complete = "cost" if validation is None else "validation_cost", True
    try:
        with bar(epochs, progress) as show, first_ctrl_c() as stop:
            while len(rows) <= epochs and not stop.is_set():
                complete = run.epoch(generator, stop)
                rows.append(run.row(len(rows)))
                if rows[-1][watched] < rows[best][watched]:
                    best, weights = len(rows) - 1, run.step.parameters
                show(rows[-1])
            interrupted = stop.is_set() and (not complete or len(rows) <= epochs)
    finally:
        set_weights(net, weights)
    settings = run.settings | {"epochs": epochs, "seed": seed if whole(seed) else None}
    return History(rows, best, interrupted, settings)


class _Run:
    """What `fit` was asked for, and the parts of an epoch."""

    def __init__(
        self,
        net: Network,
        cost: str | Cost,
        lam: float,
        optimizer: str | Optimiser,
        rate: float | None,
        batch_size: int | None,
    ) -> None:
        if not isinstance(net, Network):
            raise TypeError(f"fit trains an nn.Network, got {type(net).__name__}")
        self.net = net
        self.cost = named("cost", cost, COSTS)
        self.optimiser = named("optimizer", optimizer, OPTIMISERS)
        self.lam = float(checked("lam", lam))
        if rate is None:
            rate = RATES.get(optimizer, 0.01) if isinstance(optimizer, str) else 0.01
        self.rate = float(checked("rate", rate))
        self.batch_size = None if batch_size is None else checked("batch_size", batch_size)
        self.settings: dict[str, Any] = {
            "cost": cost if isinstance(cost, str) else self.cost.__name__,
            "lam": self.lam,
            "optimizer": optimizer if isinstance(optimizer, str) else self.optimiser.__name__,
            "rate": self.rate,
            "batch_size": self.batch_size,
        }

    def look_at(
        self,
        training: tuple[Any, Any],
        validation: tuple[Any, Any] | None,
        test: tuple[Any, Any] | None,
    ) -> None:
        """Look through all examples, and get ready for the first step."""
        X, Y = examples(self.net, self.cost, self.lam, *training)
        self.parts: dict[str, Examples] = {"": (X, Y)}
        for prefix, pair in (("validation_", validation), ("test_", test)):
            if pair is not None:
                self.parts[prefix] = examples(self.net, self.cost, self.lam, *pair)
        self.step = Step(self.net, self.cost, self.optimiser, lambda _: self.rate, self.lam, X, Y)

    def row(self, epoch: int) -> Row:
        """Measure the network as it is."""
        try:
            return measured(self.net, self.cost, self.lam, epoch, self.parts)
        except FloatingPointError as error:
            raise FloatingPointError(
                f"fit: {error} with rate={self.rate:g}; give a smaller rate"
            ) from None

    def epoch(self, generator: np.random.Generator, stop: Any) -> bool:
        """Go through the examples once, batch by batch; False when `stop` was set on the way."""
        m = len(self.step.X)
        order, size = generator.permutation(m), self.batch_size or m
        try:
            with np.errstate(over="ignore", invalid="ignore"):
                for start in range(0, m, size):
                    if stop.is_set():
                        return False
                    self.step.step(order[start : start + size])
            return True
        finally:
            self.step.write()
