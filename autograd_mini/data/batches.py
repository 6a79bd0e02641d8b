"""Mini-batches: which examples take part in a step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray


def batches(m: int, size: int | None, generator: np.random.Generator) -> Iterator[NDArray[np.intp]]:
    """Go through m examples once, in a new random order, `size` of them at a time.

    Parameters
    ----------
    m
        Number of examples, 1 or more.
    size
        Examples in a batch; the last one has what is left. None: all of them in one.
    generator
        Draws the order, once, when this is called: the same state, the same batches, and the
        state that it is left in does not depend on how many of them are taken.

    Returns
    -------
    An iterator of index arrays (b,), int64, that together hold every one of 0..m - 1 once.

    Raises
    ------
    ValueError
        When m or size is no whole number above 0.

    Examples
    --------
    >>> for batch in batches(5, 2, np.random.default_rng(0)):
    ...     print(batch)
    [2 4]
    [3 0]
    [1]
    """
    given: dict[str, Any] = {"m": m, "size": m if size is None else size}
    for name, value in given.items():
        if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < 1:
            raise ValueError(f"batches: {name}={value!r}; give a whole number above 0")
    order, step = generator.permutation(m), m if size is None else int(size)
    return (order[start : start + step] for start in range(0, m, step))
