"""What `fit` was asked for, looked through before anything is changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..context import no_grad
from ..data.digits import split
from ..full_batch import METHODS
from ..nn.network import Network
from ..optimisers import OPTIMISERS, RATES, Optimiser
from .measure import Examples
from .step import Cost

Array = NDArray[Any]


def whole(value: Any) -> bool:
    """Tell whether it is a whole number (True and False are none)."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


_NUMBERS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "lam": ("a finite number, 0 or more", lambda value: 0 <= value < np.inf),
    "rate": ("a finite number above 0, or a schedule", lambda value: 0 < value < np.inf),
    "clip": ("a finite number above 0, or None", lambda value: 0 < value < np.inf),
    "epochs": ("a whole number, 0 or more", lambda value: whole(value) and value >= 0),
    "patience": ("a whole number above 0, or None", lambda value: whole(value) and value > 0),
    "shards": ("a whole number, 1 or more, or None", lambda value: whole(value) and value > 0),
    "validation": (
        "(X, Y), or a share between 0 and 1 of the examples",
        lambda value: 0 < value < 1,
    ),
    "batch_size": (
        "a whole number above 0, or None for all examples",
        lambda value: whole(value) and value > 0,
    ),
}


def checked(name: str, value: Any) -> Any:
    """Return a number that is in its range."""
    expected, fine = _NUMBERS[name]
    if not isinstance(value, int | float | np.number) or not fine(value):
        raise ValueError(f"fit: {name}={value!r}; expected {expected}")
    return value


def named(kind: str, given: Any, table: Mapping[str, Any]) -> Any:
    """Return a function as it is, or the one that a name stands for."""
    if callable(given):
        return given
    if not isinstance(given, str) or given not in table:
        names = f"one of {', '.join(map(repr, table))}, or " if table else ""
        raise ValueError(f"fit: {kind}={given!r}; expected {names}a function")
    return table[given]


def name_of(given: Any) -> str:
    """How a history calls a cost, an optimiser or a schedule: by a text that is always the same."""
    if isinstance(given, str):
        return given
    return repr(given) if isinstance(given, Optimiser) else getattr(given, "__name__", repr(given))


def rate_of(rate: Any, optimizer: Any) -> tuple[Callable[[int], float], float | str | None]:
    """Return the rate of every step, and how to call it."""
    if isinstance(optimizer, str) and optimizer in METHODS:
        return lambda step: 1.0, None
    if rate is None:
        own = getattr(optimizer, "settings", {}).get("rate")
        names = [name for name, known in OPTIMISERS.items() if optimizer in (name, known)]
        rate = RATES.get(names[0], 0.01) if names and own is None else own or 0.01
    if callable(rate):
        return rate, name_of(rate)
    constant = float(checked("rate", rate))
    return lambda step: constant, constant


def full_batch(method: str, rate: Any, clip: Any, batch_size: int | None) -> None:
    """Refuse what a full-batch method has no use for."""
    for name, value in (("rate", rate), ("clip", clip)):
        if value is not None:
            raise ValueError(f"fit: {name}={value!r}; {method} finds its own, leave {name} out")
    if batch_size not in (None, 32):
        raise ValueError(
            f"fit: batch_size={batch_size}; {method} takes all examples a step, leave it out"
        )


def examples(net: Network, cost: Cost, lam: float, X: Any, Y: Any) -> Examples:
    """Return X in the network's dtype, and Y; the cost itself looks at shapes and values."""
    X, Y = np.asarray(X), np.asarray(Y)
    if X.ndim != 2 or len(X) == 0:
        raise ValueError(
            f"fit: X has shape {X.shape}; expected (m, {net.sizes[0]}), an example a row"
        )
    with no_grad():
        cost(net, X, Y, lam)
    return X.astype(net.dtype, copy=False), Y


def held_out(X: Array, Y: Array, share: float, generator: np.random.Generator) -> tuple[Array, ...]:
    """Keep a share of the examples aside, the same of every class where Y tells classes.

    Returns
    -------
    X, Y to train on, X, Y kept aside; each in the order it had.
    """
    columns = Y.reshape(len(Y), -1)
    one_each = columns.shape[1] > 1 and np.all((columns != 0).sum(axis=1) == 1)
    labels: Array = columns.argmax(axis=1) if one_each else columns[:, 0]
    if not one_each and (columns.shape[1] > 1 or not np.all(labels == np.round(labels))):
        labels = np.zeros(len(labels))  # targets that are no classes
    try:
        training, kept, *_ = split(np.arange(len(X)), labels, test=share, seed=generator)
    except ValueError as error:
        raise ValueError(f"fit: validation={share:g}: {error}") from error
    return X[training], Y[training], X[kept], Y[kept]
