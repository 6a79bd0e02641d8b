"""Where a run stands: what callbacks see, and all that a checkpoint has to keep."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..history import Row
from ..nn.network import Network
from .step import Step

Array = NDArray[Any]


@dataclass
class State:
    """A run between two batches.

    Attributes
    ----------
    net
        The network with the weights of now; `fit` leaves it with the best.
    step
        What a step changes: parameters, the optimiser's state, and how many steps there were.
    generator
        Orders the batches.
    watched
        The column that the best epoch has lowest.
    rows
        One an epoch, the first before any step.
    best, best_weights
        The best epoch, and the parameters it ended with.
    batch, beginning
        How many batches of the epoch in work are done, and the generator's state when it began.
    called_off
        Whether a callback has ended the run.
    """

    net: Network
    step: Step
    generator: np.random.Generator
    watched: str
    rows: list[Row] = field(default_factory=list)
    best: int = 0
    best_weights: list[Array] = field(default_factory=list)
    batch: int = 0
    called_off: bool = False

    def __post_init__(self) -> None:
        self.beginning = self.generator.bit_generator.state

    @property
    def row(self) -> Row:
        """The newest row."""
        return self.rows[-1]

    @property
    def epoch(self) -> int:
        """How many epochs are complete."""
        return len(self.rows) - 1

    def add(self, row: Row) -> None:
        """Take a row in; if it is the best so far, its weights are kept."""
        self.rows.append(row)
        if self.epoch == 0 or row[self.watched] < self.rows[self.best][self.watched]:
            self.best = self.epoch
            # Copies: an optimiser of a user's own may write into its arrays.
            self.best_weights = [parameter.copy() for parameter in self.step.parameters]

    def new_epoch(self) -> None:
        """Begin the next epoch."""
        self.batch, self.beginning = 0, self.generator.bit_generator.state

    def ended(self, epochs: int, patience: int | None) -> str:
        """Why the run is over: "callback", "patience" or "epochs"; "" when it is not."""
        if self.called_off:
            return "callback"
        if patience is not None and self.epoch - self.best >= patience:
            return "patience"
        return "epochs" if self.epoch >= epochs else ""
