"""Indices that are inputs of a program: x[labels], where the labels differ from call to call.

The engine keeps an index as metadata, a constant. While a program is recorded, an index made of
Tensors stays there as Tensors, and the node is then said by an operation that has them as inputs.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..graph import Node
from ..op import OPS, rule
from ..rules.indexing import Scatter, get_item, scatter_sum
from ..tensor import Tensor

__all__ = ["as_input", "look_up", "scatter_at"]


class Place:
    """Stands in an index for the k-th of the arrays that are inputs."""

    __slots__ = ("k",)

    def __init__(self, k: int) -> None:
        self.k = k

    def __repr__(self) -> str:
        return f"index {self.k}"

    def __eq__(self, other: object) -> bool:
        return type(other) is Place and other.k == self.k

    def __hash__(self) -> int:
        return hash((Place, self.k))


def filled(key: Any, indices: Any) -> tuple[Any, ...]:
    """Return an index with the arrays in their places; always a tuple."""
    items = key if type(key) is tuple else (key,)
    return tuple(indices[item.k] if type(item) is Place else item for item in items)


def look_up(x: Any, *indices: Any, key: Any) -> Any:
    """Return x[key], the indices in their places."""
    return x[filled(key, indices)]


def scatter_at(*arrays: Any, keys: Any, shape: Any, dtype: Any) -> Any:
    """Return zeros with every part added at its key: the parts, then the indices."""
    total = np.zeros(shape, dtype)
    parts, indices = arrays[: len(keys)], arrays[len(keys) :]
    for part, key in zip(parts, keys, strict=True):
        Scatter(part, filled(key, indices)).add_into(total)
    return total


def _pull(g: Any, y: Any, x: Any, *indices: Any, key: Any) -> Any:
    return [Scatter(g, filled(key, indices)), *[None] * len(indices)]


def _read_back(g: Any, y: Any, *arrays: Any, keys: Any, shape: Any, dtype: Any) -> Any:
    indices = arrays[len(keys) :]
    return [*[g[filled(key, indices)] for key in keys], *[None] * len(indices)]


LOOK_UP = rule(look_up, _pull, variadic=True, compute=look_up)
SCATTER_AT = rule(scatter_at, _read_back, variadic=True, compute=scatter_at)


def as_input(node: Node) -> None:
    """Let a node whose metadata holds Tensors have them as inputs."""
    found: list[Tensor] = []
    if node.op is OPS[get_item]:
        key = _with_places(node.metadata["key"], found)
        changed = LOOK_UP, {"key": key}
    elif node.op is OPS[scatter_sum]:
        keys = tuple(_with_places(key, found) for key in node.metadata["keys"])
        changed = SCATTER_AT, {**node.metadata, "keys": keys}
    else:
        return
    if found:
        node.op, node.metadata = changed
        node.inputs = (*node.inputs, *[tensor.node for tensor in found])


def _with_places(key: Any, found: list[Tensor]) -> Any:
    """Return an index with a Place for each Tensor, which are listed in `found`."""
    if type(key) is tuple:
        return tuple(_with_places(item, found) for item in key)
    if type(key) is not Tensor:
        return key
    known = [k for k, tensor in enumerate(found) if tensor.node is key.node]
    if not known:
        found.append(key)
    return Place(known[0] if known else len(found) - 1)
