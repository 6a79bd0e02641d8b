"""Derivatives of products of vectors, matrices and stacks of them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..op import OPS, primitive, rule

__all__ = ["affine"]


def _flip(x: Any) -> Any:
    """Transpose the matrices of a stack."""
    return x.T if x.ndim == 2 else np.swapaxes(x, -1, -2)


def _matmul(a: Any, b: Any) -> Any:
    if type(a) is type(b) is np.ndarray and a.ndim == b.ndim == 2:
        return a.dot(b)  # half the time of @ when they are small
    return a @ b


def _matmul_left(g: Any, y: Any, a: Any, b: Any) -> Any:
    if b.ndim == 1:
        return g[..., None] * b  # y_i = Σ_k a_ik b_k, and the inner product
    if a.ndim == 1:
        return (b @ g[..., None])[..., 0]
    return _matmul(g, _flip(b))


def _matmul_right(g: Any, y: Any, a: Any, b: Any) -> Any:
    if a.ndim == 1:
        return g * a if b.ndim == 1 else a[:, None] * g[..., None, :]
    if b.ndim == 1:
        return (_flip(a) @ g[..., None])[..., 0]
    return _matmul(_flip(a), g)


rule(np.matmul, _matmul_left, _matmul_right, compute=_matmul)


def _sizes(a: Any, b: Any) -> tuple[int, int]:
    """Count the rows of a and the columns of b (a -1 in a reshape fails where one is 0)."""
    return math.prod(a.shape[:-1]), math.prod(b.shape[:-2]) * b.shape[-1]


def _columns(b: Any) -> Any:
    """Lay b's second-to-last axis, which np.dot sums over, first and the others flat."""
    if b.ndim == 2:
        return b
    front = np.transpose(b, (b.ndim - 2, *range(b.ndim - 2), b.ndim - 1))
    return np.reshape(front, (b.shape[-2], math.prod(b.shape[:-2]) * b.shape[-1]))


def _dot_left(g: Any, y: Any, a: Any, b: Any) -> Any:
    if a.ndim == 0 or b.ndim == 0:
        return g * b
    if b.ndim == 1:
        return g[..., None] * b
    return np.reshape(np.reshape(g, _sizes(a, b)) @ _columns(b).T, a.shape)


def _dot_right(g: Any, y: Any, a: Any, b: Any) -> Any:
    if a.ndim == 0 or b.ndim == 0:
        return g * a
    rows = np.reshape(a, (math.prod(a.shape[:-1]), a.shape[-1]))
    if b.ndim == 1:
        return np.reshape(g, (-1,)) @ rows
    flat = rows.T @ np.reshape(g, _sizes(a, b))
    if b.ndim == 2:
        return flat
    front = np.reshape(flat, (b.shape[-2], *b.shape[:-2], b.shape[-1]))
    return np.transpose(front, (*range(1, b.ndim - 1), 0, b.ndim - 1))


rule(np.dot, _dot_left, _dot_right)
rule(np.outer,
     lambda g, y, a, b: np.reshape(g @ np.reshape(b, (-1,)), a.shape),
     lambda g, y, a, b: np.reshape(np.reshape(a, (-1,)) @ g, b.shape))

OPS[np.linalg.matmul] = OPS[np.matmul]
OPS[np.linalg.outer] = OPS[np.outer]


@primitive
def affine(a: Any, weights: Any, bias: Any) -> Any:
    """Θ a, the bias apart: weights·a + bias of every example, which are the rows of a.

    One operation in place of three (transpose, product, sum): a network is made of little else.
    """
    return a.dot(weights.T) + bias


rule(affine,
     lambda g, y, a, W, b: g.dot(W),
     lambda g, y, a, W, b: g.T.dot(a) if a.ndim == 2 else np.outer(g, a),
     lambda g, y, a, W, b: g)
