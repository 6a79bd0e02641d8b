"""The note's costs, each a few NumPy functions of z^(L) or a^(L): no operation knows y.

J = (1/m) Σ_i cost(i) + (λ/2m) Σ_l Σ (Θ^(l))², the bias left out. All take a network, X of shape
(m, s_1) or (s_1,) for one example, and Y of the output's shape; also of shape (m,) where K = 1, and
whole-number labels 0 .. K−1 of shape (m,) where K > 1. In place of X they take a pass already made,
`net.forward(X)`, whose tensors `ag.backprop` can then be asked for.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..context import scope
from ..tensor import Tensor, wrap
from .activation import log_softmax, softplus
from .network import COSTS, Forward, Network, as_floats, checked

__all__ = ["logistic_cost", "logistic_cost_literal", "quadratic_cost", "softmax_cost"]

PAIRS = "sigmoid with logistic or quadratic, softmax with softmax, identity with quadratic"


def logistic_cost(net: Network, X: Any, Y: Any, lam: float = 0.0) -> Tensor:
    """−(1/m) Σ_i Σ_k [y log h + (1 − y) log(1 − h)] + (λ/2m) Σ Θ², finite at any z.

    Computed from z^(L): −log(1 − h) is softplus(z), and −log h is softplus(−z).

    Parameters
    ----------
    net
        A network with sigmoid outputs.
    X, Y
        See this module's header; 0 ≤ y ≤ 1.
    lam
        λ ≥ 0.

    Raises
    ------
    ValueError
        For shapes that do not fit, labels out of range, NaN or infinite data, λ < 0, no example,
        or a network with other outputs.

    Examples
    --------
    >>> import autograd_mini as ag
    >>> net = ag.nn.Network.from_theta([[[1000.0, 0.0]]])  # z = 1000, h = 1
    >>> ag.nn.logistic_cost(net, [[0.5], [0.5]], [1, 0]).item()
    500.0
    """
    run, Y, m = _prepare("logistic_cost", net, X, Y, ("sigmoid",))
    z = run.z[len(net.sizes)]
    with scope("cost"):
        if not isinstance(Y, Tensor) and np.count_nonzero(Y) == np.count_nonzero(Y == 1.0):
            # Every y is 0 or 1, so one of the two logarithms counts.
            data = softplus(z * wrap(1.0 - 2.0 * Y, "1 − 2y")).sum()
        else:
            # softplus(z) − y z cancels where y is near 1; around the nearer of 0 and 1 it does not.
            nearer = np.maximum(np.sign(Y - 0.5), 0.0)
            checked("Y", Y, lambda y: (y >= 0) & (y <= 1), "0 <= y <= 1")
            data = np.sum(softplus(z * (1.0 - 2.0 * nearer)) + z * (nearer - Y))
        return _regularised(data, net, lam, m)


def logistic_cost_literal(net: Network, X: Any, Y: Any, lam: float = 0.0) -> Tensor:
    """−(1/m) Σ_i Σ_k [y log h + (1 − y) log(1 − h)] + (λ/2m) Σ Θ², written as the note has it.

    The same number and gradient as `logistic_cost` (and the same arguments) as long as no h rounds
    to 0 or 1, where log h is infinite. Through h, ∂J/∂a^(L) can be read from its graph.

    Examples
    --------
    >>> import autograd_mini as ag
    >>> net, X, Y = ag.nn.gates.OR, [[0.5, 0.25]], [1]
    >>> J = ag.nn.logistic_cost_literal(net, run := net.forward(X), Y)
    >>> dJ_da, dJ_dz = ag.backprop(J, wrt=[run.a[2], run.z[2]])
    >>> h = run.a[2].item()
    >>> bool(np.isclose(dJ_da.item(), (h - 1) / (h * (1 - h))) and np.isclose(dJ_dz.item(), h - 1))
    True
    """
    run, Y, m = _prepare("logistic_cost_literal", net, X, Y, ("sigmoid",), with_output=True)
    h = run.a[len(net.sizes)]
    with scope("cost"):
        checked("Y", Y, lambda y: (y >= 0) & (y <= 1), "0 <= y <= 1")
        data = -np.sum(Y * np.log(h) + (1.0 - Y) * np.log(1.0 - h))
        return _regularised(data, net, lam, m)


def quadratic_cost(net: Network, X: Any, Y: Any, lam: float = 0.0) -> Tensor:
    """(1/2m) Σ_i ‖a^(L) − y‖² + (λ/2m) Σ Θ², for sigmoid or identity outputs.

    Arguments and errors are those of `logistic_cost`, but y may be any number.

    Examples
    --------
    >>> import autograd_mini as ag
    >>> net = ag.nn.Network.from_theta([[[1.0, 2.0]]], output="identity")  # a = 1 + 2x
    >>> ag.nn.quadratic_cost(net, [[0.0], [1.0]], [0.0, 1.0]).item()
    1.25
    """
    run, Y, m = _prepare("quadratic_cost", net, X, Y, ("sigmoid", "identity"), with_output=True)
    with scope("cost"):
        return _regularised(0.5 * np.sum(np.square(run.a[len(net.sizes)] - Y)), net, lam, m)


def softmax_cost(net: Network, X: Any, Y: Any, lam: float = 0.0) -> Tensor:
    """−(1/m) Σ_i Σ_k y log a^(L) + (λ/2m) Σ Θ², for softmax outputs, finite at any z.

    Arguments and errors are those of `logistic_cost`; each row of Y sums to 1.

    Examples
    --------
    >>> import autograd_mini as ag
    >>> net = ag.nn.Network.from_theta([[[0.0, 0.0], [1000.0, 0.0]]], output="softmax")
    >>> ag.nn.softmax_cost(net, [[0.5], [0.5]], [0, 1]).item()
    500.0
    """
    run, Y, m = _prepare("softmax_cost", net, X, Y, ("softmax",))
    with scope("cost"):
        checked("Y", Y, lambda y: (y >= 0) & (np.abs(y.sum(-1, keepdims=True) - 1) < 1e-4),
                "y >= 0 in rows that sum to 1")  # fmt: skip
        data = -np.sum(Y * log_softmax(run.z[len(net.sizes)]))
        return _regularised(data, net, lam, m)


def _prepare(
    name: str, net: Network, X: Any, Y: Any, outputs: Sequence[str], with_output: bool = False
) -> tuple[Forward, Any, int]:
    """Check what a cost is given; return the pass, Y in the shape of z^(L), and m."""
    if net.output not in outputs:
        raise ValueError(f"{name} of a network with output={net.output!r}; the pairs are {PAIRS}")
    run = X if isinstance(X, Forward) else net.forward(X, with_output)
    z = run.z[len(net.sizes)]
    if 0 in z.shape:
        raise ValueError(f"X has shape {run.a[1].shape}; a cost needs at least one example")
    return run, _targets(Y, z.shape, z.dtype), z.shape[0] if z.ndim == 2 else 1


def _targets(Y: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    """Return Y in the given shape of z^(L), and nothing that would have to be broadcast to it."""
    given = Y = Y if isinstance(Y, Tensor) else np.asarray(Y)
    *batch, K = shape
    if Y.shape == (*batch,) and K == 1:
        Y = Y[..., np.newaxis]
    elif Y.shape == (*batch,) and Y.dtype.kind in "iu":
        checked("Y", Y, lambda y: (y >= 0) & (y < K), f"labels 0..{K - 1}")
        Y = Y[..., np.newaxis] == np.arange(K)
    if Y.shape != shape:
        labels = f" of whole-number labels 0..{K - 1}" if K > 1 else ""
        expected = f"expected shape {shape}, or {(*batch,)}{labels}"
        raise ValueError(f"Y has shape {given.shape} and dtype {given.dtype}; {expected}")
    return checked("Y", as_floats("Y", Y, dtype), np.isfinite, "finite numbers")


def _regularised(data: Any, net: Network, lam: Any, m: int) -> Tensor:
    """(data + λ/2 Σ Θ²) / m, over weights only."""
    # A NumPy scalar would lift float32.
    if not isinstance(lam, Tensor) and not 0.0 <= (lam := float(lam)) < math.inf:
        raise ValueError(f"lam={lam}; expected a finite λ >= 0")
    if isinstance(lam, Tensor) or lam:
        squares = [np.sum(np.square(weights)) for weights in net.weights.values()]
        data = data + 0.5 * lam * sum(squares[1:], squares[0])
    J: Tensor = data / m
    J.node.name = "J"
    return J


COSTS |= {"logistic": logistic_cost, "logistic_literal": logistic_cost_literal}
COSTS |= {"quadratic": quadratic_cost, "softmax": softmax_cost}
