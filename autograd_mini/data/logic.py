"""Truth tables: the data that the note's gates are tried on."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np
from numpy.typing import NDArray

TABLES: dict[str, Callable[..., bool]] = {
    "copy": lambda a: a,
    "not": lambda a: not a,
    "and": lambda a, b: a and b,
    "or": lambda a, b: a or b,
    "nand": lambda a, b: not (a and b),
    "nor": lambda a, b: not (a or b),
    "xor": lambda a, b: a != b,
    "xnor": lambda a, b: a == b,
    "implies": lambda a, b: not a or b,
}


def logic_table(gate: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return inputs and outputs of one logic gate, ready to train a network on.

    Parameters
    ----------
    gate
        "copy", "not", "and", "or", "nand", "nor", "xor", "xnor" or "implies".

    Returns
    -------
    X (2**n, n) and y (2**n,), float64, of zeros and ones; n is 1 for copy and not, else 2.

    Raises
    ------
    ValueError
        For another name.

    Examples
    --------
    >>> X, y = logic_table("xnor")
    >>> y
    array([1., 0., 0., 1.])
    """
    if gate not in TABLES:
        raise ValueError(f"no truth table for {gate!r}; there are {', '.join(TABLES)}")
    function = TABLES[gate]
    rows = list(product((False, True), repeat=function.__code__.co_argcount))
    return np.array(rows, float), np.array([function(*row) for row in rows], float)
