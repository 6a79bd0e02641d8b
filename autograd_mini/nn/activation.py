"""The activations g, each one operation with its derivative right below it.

All of them take tensors, arrays and numbers; float32 stays float32, whole numbers become float64,
and no |z| overflows. Rules are read as in `op`: g is the cotangent of the output y, x the input.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..op import primitive, rule

__all__ = ["leaky_relu", "log_softmax", "logsumexp", "relu", "sigmoid", "softmax", "softplus"]


def _floating(x: Any) -> Any:
    """Return x as floats (NumPy by itself would turn int8 into float16)."""
    x = x if hasattr(x, "itemsize") else np.asarray(x)
    return x if x.dtype.kind in "fc" else x.astype(np.float64)


@primitive
def sigmoid(x: Any) -> Any:
    """g(z) = 1 / (1 + e^(−z)), elementwise. Its derivative is g'(z) = g(z)·(1 − g(z)) ≤ 1/4.

    Examples
    --------
    >>> import autograd_mini as ag
    >>> ag.nn.sigmoid(np.array([-1000.0, -4.6, 0.0, 4.6])).round(2)
    array([0.  , 0.01, 0.5 , 0.99])
    """
    x = _floating(x)
    e = np.exp(np.minimum(x, 40.0 if x.itemsize > 2 else 10.0))  # beyond, g rounds to 1
    return e / (1.0 + e)


rule(sigmoid, lambda g, y, x: g * (y * (1.0 - y)))


@primitive
@np.errstate(invalid="ignore")  # np.logaddexp warns of a NaN that it only hands on
def softplus(x: Any) -> Any:
    """log(1 + e^z), elementwise: −log(1 − g(z)) of the sigmoid g, which is its derivative.

    Examples
    --------
    >>> import autograd_mini as ag
    >>> ag.nn.softplus(np.array([-1000.0, 0.0, 1000.0])).round(4)
    array([0.000e+00, 6.931e-01, 1.000e+03])
    """
    x = _floating(x)
    if x.size <= 256:  # one call of a slow function beats five of fast ones
        return np.logaddexp(0.0, x)
    return np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x)))


rule(softplus, lambda g, y, x: g * sigmoid(x))


@primitive
def relu(x: Any) -> Any:
    """max(z, 0), elementwise. Its derivative at 0 is 0.

    Examples
    --------
    >>> import autograd_mini as ag
    >>> ag.nn.relu(np.array([-2.0, 0.0, 3.0]))
    array([0., 0., 3.])
    """
    return np.maximum(_floating(x), 0.0)


rule(relu, lambda g, y, x: g * (x > 0.0))


@primitive
def leaky_relu(x: Any, negative_slope: float = 0.01) -> Any:
    """Z where z > 0, else negative_slope·z, elementwise. Its derivative at 0 is the slope.

    Examples
    --------
    >>> import autograd_mini as ag
    >>> ag.nn.leaky_relu(np.array([-2.0, 0.0, 3.0]))
    array([-0.02,  0.  ,  3.  ])
    """
    x = _floating(x)
    return np.where(x > 0.0, x, negative_slope * x)[()]


rule(leaky_relu, lambda g, y, x, *, negative_slope=0.01: np.where(x > 0.0, g, negative_slope * g))


@primitive
@np.errstate(divide="ignore")  # the sum of no e^x at all is 0, and its log is rightly −inf
def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """log Σ e^x over `axis` (None: over all of them), as SciPy's.

    Examples
    --------
    >>> import autograd_mini as ag
    >>> float(ag.nn.logsumexp(np.array([1000.0, 1000.0])))
    1000.6931471805599
    """
    x = _floating(x)
    largest = x.max(axis=axis, keepdims=True)
    largest = np.where(np.isfinite(largest), largest, 0.0)
    y = largest + np.log(np.exp(x - largest).sum(axis=axis, keepdims=True))
    return y if keepdims else np.squeeze(y, axis)[()]


rule(logsumexp, lambda g, y, x, *, axis=None, keepdims=False:
     softmax(x, axis) * (g if keepdims or axis is None else np.expand_dims(g, axis)))


@primitive
def softmax(x: Any, axis: Any = -1) -> Any:
    """e^x / Σ e^x over `axis`: positive numbers that sum to 1, the larger x the larger.

    Examples
    --------
    >>> import autograd_mini as ag
    >>> ag.nn.softmax(np.array([[0.0, 0.0], [0.0, 1000.0]]))
    array([[0.5, 0.5],
           [0. , 1. ]])
    """
    x = _floating(x)
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


rule(softmax, lambda g, y, x, *, axis=-1: y * (g - np.sum(g * y, axis=axis, keepdims=True)))


@primitive
def log_softmax(x: Any, axis: Any = -1) -> Any:
    """log softmax(x) = x − log Σ e^x over `axis`, exact where softmax itself is 0.

    Examples
    --------
    >>> import autograd_mini as ag
    >>> ag.nn.log_softmax(np.array([0.0, 1000.0]))
    array([-1000.,     0.])
    """
    x = _floating(x)
    x = x - x.max(axis=axis, keepdims=True)
    return x - np.log(np.exp(x).sum(axis=axis, keepdims=True))


rule(log_softmax, lambda g, y, x, *, axis=-1: g - np.exp(y) * np.sum(g, axis=axis, keepdims=True))
