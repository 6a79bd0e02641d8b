"""Examples in shards: blocks of rows, each a tuple of arrays with an example a row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["SHARDS", "Shards", "split"]

Array = NDArray[Any]

SHARDS = 16
"""How many shards, when nobody says: it decides the last bits, so no machine is asked."""


def split(X: Any, Y: Any, shards: int = SHARDS) -> list[tuple[Array, Array]]:
    """Cut examples into blocks of rows, one behind the other, whose sizes differ by one at most.

    The number of shards decides the order in which a sum over them is added up, and so its last
    bits; the number of workers does not.

    Parameters
    ----------
    X, Y
        Examples and targets, an example a row: arrays of equal length.
    shards
        How many blocks.

    Returns
    -------
    list of (X, Y)
        Views of the arrays.

    Raises
    ------
    ValueError
        For arrays of different lengths, or more shards than examples.

    Examples
    --------
    >>> import autograd_mini as ag
    >>> [y.tolist() for _, y in ag.distributed.split(np.eye(5), np.arange(5), shards=2)]
    [[0, 1, 2], [3, 4]]
    """
    X, Y = np.asarray(X), np.asarray(Y)
    m = len(_rows("X", X))
    if len(_rows("Y", Y)) != m:
        raise ValueError(f"X has {m} rows, Y has {len(Y)}; expected a target for every example")
    if not _whole(shards) or shards < 1:
        raise ValueError(f"shards={shards!r}; expected a whole number, 1 or more")
    if shards > m:
        raise ValueError(f"shards={shards} of {m} examples; give at most {m}, one example each")
    return list(zip(np.array_split(X, shards), np.array_split(Y, shards), strict=True))


def _whole(value: Any) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _rows(name: str, array: Array) -> Array:
    if array.ndim == 0:
        raise ValueError(f"{name} has shape (); expected an array with an example a row")
    return array


@dataclass(frozen=True)
class Shards:
    """The blocks, and which of all examples each of them has.

    Attributes
    ----------
    blocks
        A tuple of arrays for each shard, as they were given.
    borders
        Shard k has the examples ``borders[k]`` up to ``borders[k + 1]``.
    """

    blocks: list[tuple[Array, ...]]
    borders: NDArray[np.intp]

    @classmethod
    def of(cls, shards: Any) -> Shards:
        """Look at what a user gave.

        Every block is copied into rows one behind the other in memory where it is not so already:
        the bits of a product may depend on that, and a worker gets it so.
        """
        if not isinstance(shards, Sequence) or isinstance(shards, str) or len(shards) == 0:
            raise ValueError(
                f"shards is {_told(shards)}; expected a list of (X, Y), one pair or more, "
                "such as ag.distributed.split(X, Y, shards=16)"
            )
        blocks = [_block(k, shard) for k, shard in enumerate(shards)]
        return cls(blocks, np.cumsum([0, *(len(block[0]) for block in blocks)]))

    def __len__(self) -> int:
        """Return the number of shards."""
        return len(self.blocks)

    @property
    def examples(self) -> int:
        """m, the number of all examples."""
        return int(self.borders[-1])

    def chosen(self, rows: Any) -> dict[int, Array]:
        """Return for each shard that has some of these examples its own numbers of them.

        In a shard they keep the order in which they were named; an example may be named twice.
        """
        rows = np.asarray(rows)
        if rows.ndim != 1 or len(rows) == 0 or rows.dtype.kind not in "iu":
            raise ValueError(
                f"rows has shape {rows.shape} and dtype {rows.dtype}; expected (b,) whole numbers "
                f"from 0 to {self.examples - 1}, one or more"
            )
        if rows.min() < 0 or rows.max() >= self.examples:
            worst = rows.min() if rows.min() < 0 else rows.max()
            raise IndexError(f"rows name example {worst}; there are 0 to {self.examples - 1}")
        owner = np.searchsorted(self.borders, rows, side="right") - 1
        return {int(k): rows[owner == k] - self.borders[k] for k in np.unique(owner)}


def _block(k: int, shard: Any) -> tuple[Array, ...]:
    if not isinstance(shard, tuple | list) or len(shard) == 0:
        raise ValueError(f"shard {k} is {_told(shard)}; expected a pair (X, Y) of arrays")
    block = tuple(np.asarray(_rows(f"shard {k}", np.asarray(part)), order="C") for part in shard)
    lengths = [len(part) for part in block]
    if len(set(lengths)) > 1 or not lengths[0]:
        raise ValueError(
            f"shard {k} has arrays of {lengths} rows; expected the same number, 1 or more"
        )
    return block


def _told(given: Any) -> str:
    shape = getattr(given, "shape", None)
    size = f" of shape {shape}" if shape is not None else ""
    if not size and hasattr(given, "__len__"):
        size = f" of {len(given)}"
    return f"{type(given).__name__}{size}"
