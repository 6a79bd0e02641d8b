"""What `fit` was asked for, looked through before anything is changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..context import no_grad
from ..nn.network import Network
from .measure import Examples
from .step import Cost


def whole(value: Any) -> bool:
    """Tell whether it is a whole number (True and False are none)."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


_NUMBERS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "lam": ("a finite number, 0 or more", lambda value: 0 <= value < np.inf),
    "rate": ("a finite number above 0", lambda value: 0 < value < np.inf),
    "epochs": ("a whole number, 0 or more", lambda value: whole(value) and value >= 0),
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
    if given not in table:
        names = ", ".join(map(repr, table))
        raise ValueError(f"fit: {kind}={given!r}; expected one of {names}, or a function")
    return table[given]


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
