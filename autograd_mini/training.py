"""Training: batches, an optimiser, a progress bar, Ctrl-C, and the best weights kept.

`fit` uses nothing that a reader could not: `value_and_grad` of a cost, an optimiser that is a plain
function, and `no_grad` around the step.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .context import no_grad
from .history import History, Row
from .nn.network import COSTS, Network
from .optimisers import OPTIMISERS, RATES, Optimiser
from .transforms import value_and_grad

__all__ = ["History", "accuracy", "fit"]

Array = NDArray[Any]
Examples = tuple[Array, Array]
Cost = Callable[..., Any]


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
    job = _Job(net, cost, lam, optimizer, rate, batch_size)
    epochs = _checked("epochs", epochs)
    data = job.examples(X, Y)
    kept, shown = (None if each is None else job.examples(*each) for each in (validation, test))
    generator = np.random.default_rng(seed)
    rows, best, weights = [job.row(0, data, kept, shown)], 0, job.weights()
    watched, complete = "cost" if kept is None else "validation_cost", True
    try:
        with _bar(epochs, progress) as show, _first_ctrl_c() as stop:
            while len(rows) <= epochs and not stop.is_set():
                complete = job.epoch(*data, generator, stop)
                rows.append(job.row(len(rows), data, kept, shown))
                if rows[-1][watched] < rows[best][watched]:
                    best, weights = len(rows) - 1, job.weights()
                show(rows[-1])
            interrupted = stop.is_set() and (not complete or len(rows) <= epochs)
    finally:
        job.set_weights(weights)
    settings = job.settings | {"epochs": epochs, "seed": seed if _whole(seed) else None}
    return History(rows, best, interrupted, settings)


def accuracy(net: Network, X: Any, Y: Any) -> float:
    """Return the share of the examples that a network gets right, 0 to 1.

    With K > 1 outputs the largest must be the right one (where Y has not a single one in every row,
    each output must lie on its side of 1/2); with one output, h >= 1/2 must say y.

    Parameters
    ----------
    net
        The network.
    X, Y
        Examples (m, s_1) and targets as the costs take them: (m, K), or labels (m,).

    Examples
    --------
    >>> import autograd_mini as ag
    >>> accuracy(ag.nn.gates.AND, [[0, 0], [0, 1], [1, 1]], [0, 1, 1])
    0.6666666666666666
    """
    with no_grad():
        h = net(X).numpy()
    Y = np.asarray(Y)
    if Y.ndim == 1 and h.shape[1] > 1:
        right = h.argmax(axis=1) == Y
    elif h.shape[1] > 1 and np.all(np.count_nonzero(Y >= 0.5, axis=1) == 1):
        right = h.argmax(axis=1) == Y.argmax(axis=1)
    else:
        right = np.all((h >= 0.5) == (Y.reshape(h.shape) >= 0.5), axis=1)
    return float(np.mean(right))


class _Job:
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
        self.cost = _named("cost", cost, COSTS)
        self.step = _named("optimizer", optimizer, OPTIMISERS)
        self.lam = float(_checked("lam", lam))
        if rate is None:
            rate = RATES.get(optimizer, 0.01) if isinstance(optimizer, str) else 0.01
        self.rate = float(_checked("rate", rate))
        self.batch_size = None if batch_size is None else _checked("batch_size", batch_size)
        self.state: dict[str, Any] | None = None
        self.value_and_grad = value_and_grad(self.cost)
        self.settings: dict[str, Any] = {
            "cost": cost if isinstance(cost, str) else self.cost.__name__,
            "lam": self.lam,
            "optimizer": optimizer if isinstance(optimizer, str) else self.step.__name__,
            "rate": self.rate,
            "batch_size": self.batch_size,
        }

    def examples(self, X: Any, Y: Any) -> Examples:
        """X in the network's dtype, and Y; the cost itself looks at shapes and values."""
        X, Y = np.asarray(X), np.asarray(Y)
        if X.ndim != 2 or len(X) == 0:
            raise ValueError(
                f"fit: X has shape {X.shape}; expected (m, {self.net.sizes[0]}), an example a row"
            )
        with no_grad():
            self.cost(self.net, X, Y, self.lam)
        return X.astype(self.net.dtype, copy=False), Y

    def weights(self) -> list[Array]:
        """Copies of the parameters."""
        with no_grad():
            return [parameter.numpy().copy() for parameter in self.net.parameters]

    def set_weights(self, arrays: list[Array]) -> None:
        with no_grad():
            for parameter, array in zip(self.net.parameters, arrays, strict=True):
                parameter[...] = array

    def row(self, epoch: int, data: Examples, kept: Examples | None, shown: Examples | None) -> Row:
        """Cost and accuracy over all examples and the validation data, accuracy on the test's."""
        row: Row = {"epoch": epoch}
        with no_grad(), np.errstate(over="ignore", invalid="ignore"):
            for prefix, examples in (("", data), ("validation_", kept)):
                if examples is not None:
                    J = float(self.cost(self.net, *examples, self.lam).item())
                    if not np.isfinite(J):
                        raise FloatingPointError(
                            f"fit: the {prefix}cost became {J} in epoch {epoch} with "
                            f"rate={self.rate:g}; give a smaller rate"
                        )
                    row |= {f"{prefix}cost": J, f"{prefix}accuracy": accuracy(self.net, *examples)}
            if shown is not None:
                row["test_accuracy"] = accuracy(self.net, *shown)
        return row

    def epoch(self, X: Array, Y: Array, generator: np.random.Generator, stop: Any) -> bool:
        """Go through the examples once, batch by batch; False when `stop` was set on the way."""
        m = len(X)
        order, size = generator.permutation(m), self.batch_size or m
        with np.errstate(over="ignore", invalid="ignore"):
            for start in range(0, m, size):
                if stop.is_set():
                    return False
                batch = order[start : start + size]
                # A cost divides λ by its own number of examples; here it is to be divided by m.
                lam = self.lam * len(batch) / m
                _, gradient = self.value_and_grad(self.net, X[batch], Y[batch], lam)
                with no_grad():
                    arrays = [parameter.numpy() for parameter in self.net.parameters]
                    slopes = [slope.numpy() for slope in gradient.parameters]
                moved, self.state = self.step(arrays, slopes, self.state, rate=self.rate)
                self.set_weights(moved)
        return True


_NUMBERS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "lam": ("a finite number, 0 or more", lambda value: 0 <= value < np.inf),
    "rate": ("a finite number above 0", lambda value: 0 < value < np.inf),
    "epochs": ("a whole number, 0 or more", lambda value: _whole(value) and value >= 0),
    "batch_size": (
        "a whole number above 0, or None for all examples",
        lambda value: _whole(value) and value > 0,
    ),
}


def _whole(value: Any) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _checked(name: str, value: Any) -> Any:
    expected, fine = _NUMBERS[name]
    if not isinstance(value, int | float | np.number) or not fine(value):
        raise ValueError(f"fit: {name}={value!r}; expected {expected}")
    return value


def _named(kind: str, given: Any, table: Mapping[str, Any]) -> Any:
    """A function as it is, or the one that a name stands for."""
    if callable(given):
        return given
    if given not in table:
        names = ", ".join(map(repr, table))
        raise ValueError(f"fit: {kind}={given!r}; expected one of {names}, or a function")
    return table[given]


@contextmanager
def _bar(epochs: int, progress: bool | str) -> Iterator[Callable[[Row], None]]:
    """Show a progress bar; what is yielded moves it on by an epoch."""
    if progress is False:
        yield lambda row: None
        return
    from tqdm import tqdm

    name = progress if isinstance(progress, str) else "training"
    # In a file every step of the bar is a further line.
    pause = 0.1 if sys.stderr and sys.stderr.isatty() else 1.0
    with tqdm(total=epochs, unit="epoch", desc=name, mininterval=pause) as bar:

        def show(row: Row) -> None:
            told = f"cost={row['cost']:.4f}, accuracy={row['accuracy']:.2%}"
            bar.set_postfix_str(told, refresh=False)
            bar.update()

        yield show


@contextmanager
def _first_ctrl_c() -> Iterator[threading.Event]:
    """Let the first Ctrl-C set an event instead of breaking off; the second one breaks off.

    So a run ends between two batches and never inside of one. Somebody else's handler is left
    alone, and another thread than the main one is never interrupted.
    """
    stop = threading.Event()
    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield stop
        return

    def first(number: int, frame: Any) -> None:
        del number, frame
        stop.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    signal.signal(signal.SIGINT, first)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
