"""Derivatives of reading and writing parts of an array, by every kind of NumPy index."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..op import Sparse, primitive, rule

__all__ = ["Erased", "Scatter", "get_item", "is_basic", "set_item"]


_BASIC = (slice, np.integer)


def is_basic(key: Any) -> bool:
    """Tell whether an index is made of integers, slices, None and ... only: no element twice."""
    items = key if type(key) is tuple else (key,)
    return all(
        type(item) is int or item is None or item is Ellipsis or isinstance(item, _BASIC)
        for item in items
    )


class Scatter(Sparse):
    """The cotangent of x[key]: g at key, zero elsewhere."""

    __slots__ = ()

    def add_into(self, total: Any) -> None:
        """Add g to total[key], as often as key names an element."""
        if is_basic(self.key):
            total[self.key] += self.g
        else:
            np.add.at(total, self.key, self.g)

    @staticmethod
    def gather(parts: Sequence[Any], value: Any) -> Any:
        """Return the sum of recorded parts as one `scatter_sum`."""
        keys = tuple(p.key if isinstance(p, Scatter) else Ellipsis for p in parts)
        values = [p.g if isinstance(p, Scatter) else p for p in parts]
        return scatter_sum(values, keys=keys, shape=value.shape, dtype=value.dtype)


class Erased(Sparse):
    """The cotangent of x below x[key] = v: g, zero at key. An array g of ours is taken over."""

    __slots__ = ()

    def add_into(self, total: Any) -> None:
        """Add g but at key."""
        kept = np.array(total[self.key])
        total += self.g
        total[self.key] = kept

    def alone(self, value: Any, own: bool) -> Any:
        """Return g, erased at key."""
        g = self.g if own else np.array(self.g)
        g[self.key] = 0.0
        return g


@primitive
def scatter_sum(parts: Sequence[Any], keys: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    """Return zeros of `shape` with every part added at its key."""
    total = np.zeros(shape, dtype)
    for part, key in zip(parts, keys, strict=True):
        Scatter(part, key).add_into(total)
    return total


@primitive
def get_item(x: Any, key: Any) -> Any:
    """Return x[key]."""
    return x[key]


@primitive
def set_item(x: Any, v: Any, key: Any) -> Any:
    """Return a copy of x in which x[key] is v: set-item as a function."""
    x = np.array(x, subok=False)
    x[key] = v
    return x


def _written(shape: tuple[int, ...], key: Any) -> Any:
    """Return where v's elements landed: of several written to one place, the last one counts."""
    numbers = np.full(shape, -1)
    places = np.arange(numbers[key].size).reshape(numbers[key].shape)
    numbers[key] = places
    return numbers[key] == places


def _read_back(g: Any, y: Any, x: Any, v: Any, *, key: Any) -> Any:
    """g at key, where v's elements arrived; NumPy dropped leading ones from v's shape."""
    part = get_item(g, key=key)
    part = part.copy() if type(part) is np.ndarray else part  # where g is taken over it is erased
    if not is_basic(key):
        part = part * _written(x.shape, key)
    dropped = v.ndim - part.ndim
    return np.reshape(part, (1,) * dropped + part.shape) if dropped > 0 else part


rule(scatter_sum,
     lambda g, y, *parts, keys, shape, dtype: [get_item(g, key=k) for k in keys], variadic=True)
rule(get_item, lambda g, y, x, *, key: Scatter(g, key), view=True)
rule(set_item,
     lambda g, y, x, v, *, key:
         set_item(g, 0.0, key=key) if hasattr(x, "node") else Erased(g, key),  # recorded, or not
     _read_back)
