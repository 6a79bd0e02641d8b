"""Identities of matrix products: transposes go into BLAS, which reads either way for nothing."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...graph import Node
from ...rules.indexing import get_item
from ...rules.linear import affine
from ..fold import Builder, identity
from ..specs import shape_of
from .arithmetic import dtype_of

__all__: list[str] = []


def _matrices(*nodes: Node, ranks: tuple[int, ...] = (2,)) -> bool:
    """Tell whether these are matrices (or vectors) of one dtype that BLAS multiplies."""
    dtypes = {dtype_of(node) for node in nodes}
    kinds = (np.dtype(np.float64), np.dtype(np.float32))
    return all(len(shape_of(n)) in ranks for n in nodes) and len(dtypes) == 1 and dtypes <= {*kinds}


@identity(affine, name="a layer is a·Θᵀ + bias")
def layer(b: Builder, y: Any, a: Node, weights: Node, bias: Node) -> Node:
    return b(np.add, b(np.dot, a, b(np.transpose, weights)), bias)


@identity(np.matmul, name="a product of matrices is a dot")
def matrix_product(b: Builder, y: Any, a: Node, c: Node) -> Node | None:
    return b(np.dot, a, c) if _matrices(a, c, ranks=(1, 2)) else None


def _ends_in(key: Any, last: int | None) -> bool:
    """Tell whether an index is [..., last]; comparing arrays in it would give an array."""
    pair = type(key) is tuple and len(key) == 2 and key[0] is Ellipsis
    return pair and type(key[1]) is type(last) and bool(key[1] == last)


@identity(get_item, name="a column of one is a vector: (A x[:, None])[:, 0] = A x", exact=False)
def column_of_one(b: Builder, y: Any, x: Node, *, key: Any) -> Node | None:
    product = b.made_by(x, np.dot) if _ends_in(key, 0) else None
    column = b.made_by(product[1], get_item) if product else None
    if product is None or column is None or not _ends_in(product[1].metadata["key"], None):
        return None
    fits = _matrices(product[0], column[0], ranks=(1, 2)) and len(shape_of(column[0])) == 1
    return b(np.dot, product[0], column[0]) if fits else None


@identity(np.transpose, name="(xᵀ)ᵀ = x")
def twice_transposed(b: Builder, y: Any, x: Node, *, axes: Any = None) -> Node | None:
    if y.ndim < 2:
        return x
    inner = b.made_by(x, np.transpose)
    if inner is None:
        return None
    first = x.metadata.get("axes") or tuple(range(y.ndim))[::-1]
    then = axes or tuple(range(y.ndim))[::-1]
    both = tuple(first[k % y.ndim] % y.ndim for k in then)
    return inner[0] if both == tuple(range(y.ndim)) else b(np.transpose, inner[0], axes=both)


@identity(np.dot, name="Xᵀ D = (Dᵀ X)ᵀ", exact=False)
def thin_first(b: Builder, y: Any, left: Node, right: Node) -> Node | None:
    """BLAS is faster when the thin matrix is the one it turns."""
    wide = b.made_by(left, np.transpose)
    if wide is None or not _matrices(left, right) or b.made_by(right, np.transpose):
        return None
    rows, columns = y.shape
    if columns * 4 > rows or len(shape_of(wide[0])) != 2 or rows < 64:
        return None
    return b(np.transpose, b(np.dot, b(np.transpose, right), wide[0]))


@identity(np.reshape, name="x in its own shape is x")
def own_shape(b: Builder, y: Any, x: Node, *, shape: Any, order: str = "C") -> Node | None:
    return x if shape_of(x) == y.shape and (order == "C" or y.ndim < 2) else None


@identity(np.reshape, name="reshaped twice is reshaped once")
def twice_reshaped(b: Builder, y: Any, x: Node, *, shape: Any, order: str = "C") -> Node | None:
    inner = b.made_by(x, np.reshape)
    if inner is None or order != "C" or x.metadata.get("order", "C") != "C":
        return None
    return b(np.reshape, inner[0], shape=y.shape)


@identity(np.expand_dims, np.squeeze, name="axes of length 1 come and go by a reshape")
def only_reshaped(b: Builder, y: Any, x: Node, **how: Any) -> Node:
    return b(np.reshape, x, shape=y.shape)
