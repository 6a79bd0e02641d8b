"""Training: mini-batches, an optimiser, a progress bar, and a history that plots itself.

`fit` uses nothing that a reader could not: ``ag.value_and_grad`` of a cost, an optimiser that is a
plain function, and ``ag.no_grad`` around the step.
"""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .context import no_grad
from .nn.network import COSTS, Network
from .optimisers import OPTIMISERS, RATES, Optimiser
from .transforms import value_and_grad

Array = NDArray[Any]
Cost = Callable[..., Any]
Row = dict[str, float]

__all__ = ["History", "accuracy", "fit"]


@dataclass(frozen=True)
class History:
    """What happened in a training run: a table with one row an epoch, which plots itself.

    Attributes
    ----------
    rows
        One dict an epoch, row 0 before the first step: ``epoch``, ``cost`` (J over all training
        examples, λ term included), ``accuracy``, and with validation data
        ``validation_cost`` and ``validation_accuracy``.
    best
        The epoch whose weights the network was left with: lowest validation cost, or without
        validation data lowest training cost.
    interrupted
        Whether Ctrl-C ended the run.
    settings
        What `fit` was asked for.

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

    def __getitem__(self, column: str) -> NDArray[np.float64]:
        """One column as an array."""
        if column not in self.columns:
            raise KeyError(f"no column {column!r}; there are {', '.join(self.columns)}")
        return np.array([row[column] for row in self.rows])

    def __len__(self) -> int:
        """Return the number of rows: epochs, and the one before the first."""
        return len(self.rows)

    def __iter__(self) -> Iterator[Row]:
        """Go through the rows."""
        return iter(self.rows)

    @property
    def columns(self) -> list[str]:
        """Names of the columns."""
        return [*self.rows[0]] if self.rows else []

    def __str__(self) -> str:
        """Return the table as text; of a long run about twenty rows, the best and the last."""
        every = max(1, (len(self.rows) - 1) // 20)
        shown = {*range(0, len(self.rows), every), len(self.rows) - 1, self.best}
        width = max(10, *(len(name) + 1 for name in self.columns))
        lines = ["epoch" + "".join(f"{name:>{width + 1}}" for name in self.columns[1:])]
        for index in sorted(shown & {*range(len(self.rows))}):
            cells = "".join(
                f"{value:>{width + 1}.4f}" for value in [*self.rows[index].values()][1:]
            )
            mark = "  best" if index == self.best else ""
            lines.append(f"{int(self.rows[index]['epoch']):>5}{cells}{mark}")
        return "\n".join(lines)

    def to_json(self) -> str:
        """Return everything as JSON text: settings, best, interrupted, rows."""
        content = {
            "settings": dict(self.settings),
            "best": self.best,
            "interrupted": self.interrupted,
            "rows": self.rows,
        }
        return json.dumps(content, indent=1) + "\n"

    def plot(self) -> Any:
        """Draw cost and accuracy over the epochs with matplotlib (``pip install matplotlib``).

        Returns
        -------
        matplotlib.figure.Figure

        Raises
        ------
        ImportError
            Without matplotlib; `svg` needs nothing.
        """
        from autograd_mini import plots  # the lazy way upward, for display

        return plots.curves(self)

    def svg(self) -> str:
        """Return cost and accuracy over the epochs as SVG text; needs no other package."""
        from autograd_mini import plots

        return plots.curves_svg(self)

    _repr_svg_ = svg


def accuracy(net: Network, X: Array, Y: Array) -> float:
    """Share of the examples that a network gets right, 0 to 1.

    With K > 1 outputs the largest must be the right one (of a Y with several ones a row, every
    output must lie on its side of a half); with one output, h >= 0.5 must say y.

    Parameters
    ----------
    net
        The network.
    X, Y
        Examples (m, s_1) and their targets as the costs take them: (m, K), or labels (m,).
    """
    with no_grad():
        h = net(X).numpy()
    Y = np.asarray(Y)
    if h.shape[-1] == 1:
        right = (h[:, 0] >= 0.5) == (Y.reshape(len(h)) >= 0.5)
    elif Y.ndim == 1:
        right = h.argmax(axis=1) == Y
    elif np.all(np.count_nonzero(Y >= 0.5, axis=1) == 1):
        right = h.argmax(axis=1) == Y.argmax(axis=1)
    else:
        right = np.all((h >= 0.5) == (Y >= 0.5), axis=1)
    return float(np.mean(right))


def fit(
    net: Network,
    X: Array,
    Y: Array,
    *,
    cost: str | Cost = "logistic",
    lam: float = 0.0,
    optimizer: str | Optimiser = "adam",
    rate: float | None = None,
    epochs: int = 100,
    batch_size: int | None = 32,
    seed: int | np.random.Generator = 0,
    validation: tuple[Array, Array] | None = None,
    progress: bool | str = True,
) -> History:
    """Train a network in place, and leave it with the best weights it had.

    Every epoch goes through the examples once, in a new random order, in batches. A batch of b of
    the m examples descends along its mean data gradient plus (λ/m) Θ: λ enters as it does in the
    cost of all m examples, whatever the size of the batch. The best epoch is that of the lowest
    validation cost, or without validation data of the lowest training cost. Ctrl-C ends the run
    after the batch in work, with the best weights so far; a second Ctrl-C breaks it off.

    Parameters
    ----------
    net
        A `Network`; its weights and biases are changed.
    X, Y
        Examples (m, s_1) and targets, (m, K) or labels (m,), as the costs take them; X is brought
        to the network's dtype.
    cost
        "logistic", "quadratic" or "softmax", or a function ``cost(net, X, Y, lam)``.
    lam
        λ, the strength of the regularisation; biases are never regularised.
    optimizer
        "adam", "momentum" or "gradient descent", or a function like those in `optimisers`.
    rate
        The learning rate α; by default one that suits the optimiser.
    epochs
        How often to go through the examples.
    batch_size
        Examples a step; None takes all of them, the note's own way.
    seed
        Orders the batches: the same seed, the same numbers.
    validation
        (X, Y) kept aside, to choose the best epoch by.
    progress
        Whether to show a progress bar with cost and accuracy, on the error stream; a text is what
        the bar is called.

    Returns
    -------
    History
        A row an epoch; it prints as a table and plots itself.

    Raises
    ------
    ValueError
        For shapes that do not fit, no examples, values that are not finite, an unknown name or a
        number out of its range.
    FloatingPointError
        When the cost stops being a finite number, because the rate is too high; the network is
        left with the best weights it had.

    Examples
    --------
    >>> import autograd_mini as ag
    >>> X, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1.0]]), np.array([1, 0, 0, 1])  # XNOR
    >>> net = ag.nn.Network([2, 4, 1], seed=0)
    >>> history = ag.fit(net, X, y, rate=0.1, epochs=200, batch_size=None, progress=False)
    >>> history["accuracy"][-1]
    np.float64(1.0)
    """
    job = _Job(net, cost, lam, optimizer, rate, epochs, batch_size)
    X, Y = job.examples(X, Y, "X")
    kept = None if validation is None else job.examples(*validation, "the validation data's X")
    rng = np.random.default_rng(seed)
    rows = [job.row(0, (X, Y), kept)]
    best, best_weights, interrupted = 0, job.weights(), False
    monitored = "validation_cost" if kept else "cost"
    try:
        with _bar(epochs, progress) as show, _first_ctrl_c() as stop:
            for epoch in range(1, epochs + 1):
                job.epoch(X, Y, rng, stop)
                if stop.is_set():
                    interrupted = True
                    break
                rows.append(job.row(epoch, (X, Y), kept))
                if not np.isfinite(rows[-1]["cost"]):
                    raise FloatingPointError(
                        f"fit: the cost became {rows.pop()['cost']} in epoch {epoch} with "
                        f"rate={job.rate:g}; give a smaller rate"
                    )
                if rows[-1][monitored] < rows[best][monitored]:
                    best, best_weights = epoch, job.weights()
                show(rows[-1])
    finally:
        job.set_weights(best_weights)
    settings = job.settings() | {"seed": seed if isinstance(seed, int) else None}
    return History(rows, best, interrupted, settings)


class _Job:
    """What `fit` was asked for, looked through, and one epoch of it."""

    def __init__(
        self,
        net: Network,
        cost: str | Cost,
        lam: float,
        optimizer: str | Optimiser,
        rate: float | None,
        epochs: int,
        batch_size: int | None,
    ) -> None:
        if not isinstance(net, Network):
            raise TypeError(f"fit trains an nn.Network; {type(net).__name__} was given")
        self.net, self.lam, self.epochs, self.batch_size = net, float(lam), epochs, batch_size
        self.cost = _named(cost, COSTS, "cost")
        self.step = _named(optimizer, OPTIMISERS, "optimizer")
        self.names = [x if isinstance(x, str) else x.__name__ for x in (cost, optimizer)]
        self.rate = float(RATES.get(self.names[1], 0.01) if rate is None else rate)
        self.state: dict[str, Any] | None = None
        self.dtype = net.parameters[0].dtype
        self.gradient = value_and_grad(self.cost)
        for name, value, fine in (
            ("lam", self.lam, np.isfinite(self.lam) and self.lam >= 0),
            ("rate", self.rate, np.isfinite(self.rate) and self.rate > 0),
            ("epochs", epochs, _whole(epochs) and epochs >= 0),
            ("batch_size", batch_size, batch_size is None or _whole(batch_size) and batch_size > 0),
        ):
            if not fine:
                raise ValueError(f"fit: {name}={value!r}; give {_RANGES[name]}")

    def settings(self) -> dict[str, Any]:
        names = dict(zip(("cost", "optimizer"), self.names, strict=True))
        numbers = {"lam": self.lam, "rate": self.rate, "epochs": self.epochs}
        return names | numbers | {"batch_size": self.batch_size}

    def examples(self, X: Array, Y: Array, name: str) -> tuple[Array, Array]:
        """X in the network's dtype and Y, both finite; shapes are the cost's to check."""
        X, Y = np.asarray(X), np.asarray(Y)
        if X.ndim != 2 or not len(X):
            raise ValueError(f"fit: {name} has shape {X.shape}; give (examples, features)")
        for array, label in ((X, name), (Y, name[:-1] + "Y")):
            if array.dtype.kind not in "fiub":
                raise ValueError(f"fit: {label} holds {array.dtype}; give real numbers")
            if not np.all(np.isfinite(array)):
                where = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
                raise ValueError(
                    f"fit: {label} holds {array[where]} at {where}; give finite numbers"
                )
        return X.astype(self.dtype, copy=False), Y

    def weights(self) -> list[Array]:
        with no_grad():
            return [parameter.numpy().copy() for parameter in self.net.parameters]

    def set_weights(self, arrays: list[Array]) -> None:
        with no_grad():
            for parameter, array in zip(self.net.parameters, arrays, strict=True):
                parameter[...] = array

    def row(self, epoch: int, examples: tuple[Array, Array], kept: Any) -> Row:
        """Cost and accuracy over all examples, and over the validation data."""
        row: Row = {"epoch": epoch}
        for prefix, data in (("", examples), ("validation_", kept)):
            if data is not None:
                with no_grad(), np.errstate(over="ignore", invalid="ignore"):
                    row[f"{prefix}cost"] = float(self.cost(self.net, *data, self.lam).item())
                    row[f"{prefix}accuracy"] = accuracy(self.net, *data)
        return row

    def epoch(self, X: Array, Y: Array, rng: np.random.Generator, stop: threading.Event) -> None:
        """One pass through the examples, in batches."""
        m = len(X)
        order = rng.permutation(m)
        size = self.batch_size or m
        with np.errstate(over="ignore", invalid="ignore"):
            for start in range(0, m, size):
                if stop.is_set():
                    return
                batch = order[start : start + size]
                # cost() divides λ by the batch's size; over all m examples it is λ/m.
                lam = self.lam * len(batch) / m
                _, gradient = self.gradient(self.net, X[batch], Y[batch], lam)
                with no_grad():
                    arrays = [parameter.numpy() for parameter in self.net.parameters]
                    slopes = [slope.numpy() for slope in gradient.parameters]
                moved, self.state = self.step(arrays, slopes, self.state, rate=self.rate)
                self.set_weights(moved)


_RANGES = {
    "lam": "a finite number, 0 or more",
    "rate": "a finite number above 0",
    "epochs": "a whole number, 0 or more",
    "batch_size": "a whole number above 0, or None for all examples at once",
}


def _whole(value: Any) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _named(given: Any, table: Mapping[str, Any], kind: str) -> Any:
    """A function as it is, or the one that a name stands for."""
    if callable(given):
        return given
    if given not in table:
        raise ValueError(f"fit: {kind}={given!r}; give {', '.join(map(repr, table))} or a function")
    return table[given]


@contextmanager
def _bar(epochs: int, progress: bool | str) -> Iterator[Callable[[Row], None]]:
    """A progress bar; what it yields moves it on by an epoch."""
    if not progress:
        yield lambda row: None
        return
    from tqdm import tqdm

    with tqdm(
        total=epochs, unit="epoch", desc=progress if isinstance(progress, str) else "training"
    ) as bar:

        def show(row: Row) -> None:
            bar.set_postfix_str(
                f"cost={row['cost']:.4f}, accuracy={row['accuracy']:.2%}", refresh=False
            )
            bar.update()

        yield show


@contextmanager
def _first_ctrl_c() -> Iterator[threading.Event]:
    """Make the first Ctrl-C set an event instead of breaking off; the second one breaks off.

    So a run ends between two batches and never inside of one. Somebody else's handler is left
    alone, and other threads than the main one are never interrupted.
    """
    stop = threading.Event()
    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield stop
        return

    def first(signum: int, frame: Any) -> None:
        stop.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    signal.signal(signal.SIGINT, first)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
