"""What a training run leaves behind: a table with one row an epoch, which plots itself."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["History", "Row"]

Row = dict[str, float]


@dataclass(frozen=True)
class History:
    """A table of a training run, one row an epoch.

    Attributes
    ----------
    rows
        One dict an epoch, row 0 before the first step: ``epoch``, ``cost`` (J over all training
        examples, λ term included), ``accuracy``, with validation data also ``validation_cost``
        and ``validation_accuracy``, with test data ``test_accuracy``.
    best
        The epoch whose weights the network was left with: lowest validation cost, or without
        validation data lowest training cost.
    interrupted
        Whether Ctrl-C ended the run; the last row may then be of an epoch that is not complete.
    settings
        What `fit` was asked for.
    ended
        What ended the run: "epochs", "patience", "callback", "converged" (a full-batch
        method found no better weights) or "Ctrl-C".

    Examples
    --------
    >>> history = History([{"epoch": 0, "cost": 0.7}, {"epoch": 1, "cost": 0.5}], best=1)
    >>> history["cost"]
    array([0.7, 0.5])
    >>> print(history)
    epoch       cost
        0     0.7000
        1     0.5000  best
    """

    rows: list[Row]
    best: int = 0
    interrupted: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict)
    ended: str = "epochs"

    def __getitem__(self, column: str) -> NDArray[np.float64]:
        """Return one column as an array."""
        if column not in self.columns:
            raise KeyError(f"no column {column!r}; there are {', '.join(self.columns)}")
        return np.array([row[column] for row in self.rows])

    def __len__(self) -> int:
        """Return the number of rows: the epochs, and the state before the first."""
        return len(self.rows)

    def __iter__(self) -> Iterator[Row]:
        """Go through the rows."""
        return iter(self.rows)

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return [*self.rows[0]] if self.rows else []

    def __str__(self) -> str:
        """Return the table as text; of a long run about twenty rows, the best and the last."""
        width = max(10, *(len(name) + 1 for name in self.columns)) + 1
        lines = ["epoch" + "".join(f"{name:>{width}}" for name in self.columns[1:])]
        last = len(self.rows) - 1
        for index in sorted({*range(0, last, max(1, last // 20)), self.best, last}):
            epoch, *values = self.rows[index].values()
            cells = "".join(f"{value:>{width}.4f}" for value in values)
            lines.append(f"{int(epoch):>5}{cells}" + ("  best" if index == self.best else ""))
        return "\n".join(lines)

    def to_json(self) -> str:
        """Return everything as JSON text: settings, best, interrupted, ended, rows."""
        content = {
            "settings": dict(self.settings),
            "best": self.best,
            "interrupted": self.interrupted,
            "ended": self.ended,
            "rows": self.rows,
        }
        return json.dumps(content, indent=1) + "\n"

    def plot(self) -> Figure:
        """Draw cost and accuracy over the epochs with matplotlib.

        Raises
        ------
        ImportError
            Without matplotlib (``pip install "autograd-mini[plot]"``); `svg` needs nothing.
        """
        from autograd_mini import plots  # the lazy way upward, for display

        return plots.training.overview(self)

    def svg(self) -> str:
        """Return cost and accuracy over the epochs as SVG text; it needs no other package."""
        from autograd_mini import charts

        return charts.curves_svg(self)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        from autograd_mini import display

        return display.bundle(self)
