"""Backpropagation in closed form: the δ formulas of the course, in NumPy and nothing else.

This file knows no graph and no derivative rule. It is the other side of every comparison: what a
recorded graph finds by itself must agree with what stands here, written out by hand::

    forward       a^(1) = x,   z^(l+1) = Θ^(l) a^(l),   a^(l+1) = g(z^(l+1));   a_0 = 1 for the bias
    cost          J(Θ) = (1/m) Σ_i cost(i) + (λ/2m) Σ Θ²,   bias width left out
    δ, output     δ^(L) = a^(L) - y,   for the quadratic cost times g'(z^(L))
    δ, hidden     δ^(l) = (Θ^(l))ᵀ δ^(l+1) .* g'(z^(l)),   bias entry dropped
    gradient      ∂J/∂Θ^(l) = (1/m) Σ_i δ^(l+1) (a^(l))ᵀ + (λ/m) Θ^(l),   λ not for the bias

Θ^(l) leads from layer l to layer l+1, has shape (s_{l+1}, s_l + 1) and carries the bias in its
column 0. What belongs to a layer is a dict keyed by the layer's number: ``z[2]``, ``a[1]``,
``delta[4]``. A batch has an example in each row, so formulas for one example appear transposed.

Every function is complex-analytic (a branch looks at the real part alone), so the cost can be
differentiated by a complex step too, Im J(Θ + ih) / h with h = 1e-30: a witness that shares with
the formulas nothing but the forward pass, and loses no digits.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Backpropagated", "backprop_by_example", "cost", "deltas", "forward", "gradients"]

Array = np.ndarray[Any, np.dtype[Any]]
Layers = dict[int, Array]
Thetas = Mapping[int, Array] | Sequence[Array]
Names = str | Sequence[str]
Function = Callable[..., Array]
Given = tuple[Layers, Array, dict[int, Function], dict[int, Function]]

# ---- g, g' and cost(i) ----


def _sigmoid(z: Array) -> Array:
    """g(z) = 1 / (1 + e^(-z)) = e^z / (1 + e^z); e^(-|z|) is in both and never overflows."""
    e = np.exp(np.where(z.real > 0, -z, z))
    return np.where(z.real > 0, 1.0, e) / (1.0 + e)


def _softplus(z: Array) -> Array:
    """log(1 + e^z) = max(z, 0) + log(1 + e^(-|z|)); it is -log g(-z)."""
    return z * (z.real > 0) + np.log1p(np.exp(np.where(z.real > 0, -z, z)))


def _log_softmax(z: Array) -> Any:
    """z_k - log Σ_j e^(z_j), the largest z_j taken out of both terms first."""
    z = z - z.real.max(axis=-1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=-1, keepdims=True))


# g(z), and g'(z) given z and a = g(z). Softmax is an output only, its g' no more than ∂a_k/∂z_k.
_G: dict[str, tuple[Function, Function]] = {
    "sigmoid": (_sigmoid, lambda z, a: a * (1.0 - a)),
    "tanh": (np.tanh, lambda z, a: 1.0 - a * a),
    "relu": (lambda z: z * (z.real > 0), lambda z, a: 1.0 * (z.real > 0)),
    "leaky_relu": (lambda z: z * np.where(z.real > 0, 1.0, 0.01),
                   lambda z, a: np.where(z.real > 0, 1.0, 0.01)),
    "softplus": (_softplus, lambda z, a: _sigmoid(z)),
    "identity": (lambda z: z, lambda z, a: np.ones_like(z)),
    "softmax": (lambda z: np.exp(_log_softmax(z)), lambda z, a: a * (1.0 - a)),
}  # fmt: skip
# cost(i) by unit, under the outputs it goes with, given z^(L), h = a^(L) and y. Where h saturates,
# z still tells: log h is taken of z, as -softplus(-z), and log(1 - h) as -softplus(z).
_COST: dict[str, dict[str, Function]] = {
    "sigmoid": {"logistic": lambda z, h, y: y * _softplus(-z) + (1.0 - y) * _softplus(z),
                "quadratic": lambda z, h, y: 0.5 * (h - y) ** 2},
    "identity": {"quadratic": lambda z, h, y: 0.5 * (h - y) ** 2},
    "softmax": {"softmax": lambda z, h, y: -y * _log_softmax(z)},
}  # fmt: skip

# ---- what is given, checked ----


def _read(theta: Thetas, X: Array, activation: Names, output: str) -> Given:
    """Θ by layer, X as an array, g and g' by layer."""
    given = dict(theta) if isinstance(theta, Mapping) else dict(enumerate(theta, start=1))
    Θ, X = {l: 1.0 * np.asarray(given[l]) for l in sorted(given)}, np.asarray(X)
    if X.ndim != 2 or len(X) == 0 or not Θ or [*Θ] != [*range(1, len(Θ) + 1)]:
        raise ValueError(f"X is {X.shape}, theta has layers {[*Θ]}; expected (m, s_1), 1, 2, ...")
    width = X.shape[1] + 1
    for l in Θ:
        if Θ[l].ndim != 2 or Θ[l].shape[1] != width:
            raise ValueError(f"X {X.shape}, theta[{l}] {Θ[l].shape}; expected (s_{l + 1}, {width})")
        width = len(Θ[l]) + 1
    hidden = [activation] * (len(Θ) - 1) if isinstance(activation, str) else [*activation]
    if len(hidden) != len(Θ) - 1 or not {*hidden} <= {*_G} - {"softmax"} or output not in _COST:
        expected = f"{len(Θ) - 1} hidden of {[*_G][:-1]}, output of {[*_COST]}"
        raise ValueError(f"activation={activation!r}, output={output!r}; expected {expected}")
    g, g_prime = zip(*(_G[name] for name in [*hidden, output]), strict=True)
    return Θ, X, dict(enumerate(g, start=2)), dict(enumerate(g_prime, start=2))


def _read_targets(Y: Array, m: int, K: int, output: str, cost: str) -> Array:
    """Y as an (m, K) array of floats."""
    if cost not in _COST[output]:
        raise ValueError(f"cost={cost!r}, output={output!r}; expected cost of {[*_COST[output]]}")
    Y = np.asarray(Y)
    labels = Y.shape == (m,) and Y.dtype.kind in "iu" and {*Y.tolist()} <= {*range(K)}
    y = 1.0 * (Y.reshape(m, 1) if Y.shape == (m,) and K == 1 else np.eye(K)[Y] if labels else Y)
    if y.shape != (m, K):
        vector = f"({m},)" if K == 1 else f"({m},) integers 0 to {K - 1}"
        raise ValueError(f"Y is {Y.shape}, {Y.dtype}; expected ({m}, {K}) or {vector}")
    if cost == "softmax" and not np.allclose(y.sum(axis=1), 1.0):
        raise ValueError("Y has a row that does not sum to 1; expected a distribution over classes")
    return y


# ---- the formulas ----


def _folded(a: Array) -> Array:
    """Put a_0 = 1 before the activations of one example, or of each in a batch."""
    return np.concatenate([np.ones_like(a[..., :1]), a], axis=-1)


def _weights(Θ: Array) -> Array:
    """Θ with zeros for the bias: what λ acts on."""
    return Θ * (np.arange(Θ.shape[1]) > 0)


def _propagate(Θ: Layers, x: Array, g: dict[int, Function]) -> tuple[Layers, Layers]:
    """Forward propagation of one example, or of a batch."""
    z, a = {}, {1: x}
    for l in Θ:
        z[l + 1] = _folded(a[l]) @ Θ[l].T
        a[l + 1] = g[l + 1](z[l + 1])
    return z, a


def forward(theta: Thetas, X: Array, *, activation: Names = "sigmoid",
            output: str = "sigmoid") -> tuple[Layers, Layers]:  # fmt: skip
    """Propagate forward: z^(l+1) = Θ^(l) a^(l), a^(l+1) = g(z^(l+1)).

    Parameters
    ----------
    theta : list or mapping of arrays
        Θ^(1), Θ^(2), ..., Θ^(l) of shape (s_{l+1}, s_l + 1), bias in column 0. A mapping has the
        keys 1, 2, ...
    X : array, shape (m, s_1)
        One example in each row.
    activation : str or sequence of str
        g of the hidden layers, one name for all or one for each: sigmoid, tanh, relu, leaky_relu
        (slope 0.01), softplus, identity.
    output : str
        What makes a^(L) of z^(L): sigmoid, softmax, identity.

    Returns
    -------
    z, a : dict, dict
        ``z[l]`` for l = 2..L and ``a[l]`` for l = 1..L, of shape (m, s_l). Layer 1 is the input;
        it has no z.

    Raises
    ------
    ValueError
        Shapes do not fit, or a name is unknown.

    Examples
    --------
    XNOR: AND and NOR, then OR.

    >>> xnor = [np.array([[-30, 20, 20], [10, -20, -20]]), np.array([[-10, 20, 20]])]
    >>> z, a = forward(xnor, np.array([[0, 0], [0, 1], [1, 0], [1, 1]]))
    >>> z[2][3]
    array([ 10., -30.])
    >>> a[3].round(3).ravel()
    array([1., 0., 0., 1.])
    """
    Θ, X, g, _ = _read(theta, X, activation, output)
    return _propagate(Θ, X, g)


def cost(theta: Thetas, X: Array, Y: Array, lam: float = 0.0, *, activation: Names = "sigmoid",
         output: str = "sigmoid", cost: str = "logistic") -> Any:  # fmt: skip
    """J(Θ) = (1/m) Σ_i cost(i) + (λ/2m) Σ_l Σ_i Σ_j (Θ_ij^(l))², bias width left out.

    ========= ====================================== =================
    cost      cost(i)                                output
    ========= ====================================== =================
    logistic  -Σ_k [y log h + (1 - y) log(1 - h)]    sigmoid
    quadratic ½ Σ_k (h - y)²                         sigmoid, identity
    softmax   -Σ_k y log h                           softmax
    ========= ====================================== =================

    Logarithms are taken of z^(L), so the cost is finite and right however far h saturates.

    Parameters
    ----------
    theta, X, activation, output
        As in `forward`. They may be complex: Im J(Θ + ih) / h is a derivative by complex step.
    Y : array, shape (m, K)
        Also of shape (m,): for K = 1, and for K > 1 as integer labels 0..K-1.
    lam : float
        λ, the strength of the regularisation.
    cost : str
        logistic, quadratic, softmax.

    Returns
    -------
    scalar
        J; a float for real arguments.

    Raises
    ------
    ValueError
        Shapes do not fit, a name is unknown, or cost and output are no pair of the table.

    Examples
    --------
    >>> theta, X, Y = [np.array([[0.0, 2.0]])], np.array([[1.0], [-500.0]]), np.array([1, 0])
    >>> print(f"{cost(theta, X, Y, lam=1.0):.6f}")  # log(1 + e^-2)/2 + log(1 + e^-1000)/2 + 2²/4
    1.063464
    >>> print(f"{cost([theta[0] + 1e-30j], X, Y).imag / 1e-30:.6f}")  # along (1, 1)
    -0.119203
    """
    Θ, X, g, _ = _read(theta, X, activation, output)
    z, a = _propagate(Θ, X, g)
    m, L = len(X), len(Θ) + 1
    y = _read_targets(Y, m, len(Θ[L - 1]), output, cost)
    data = _COST[output][cost](z[L], a[L], y).sum() / m
    return data + lam / (2 * m) * sum((_weights(Θ[l]) ** 2).sum() for l in Θ)


def deltas(theta: Thetas, X: Array, Y: Array, *, activation: Names = "sigmoid",
           output: str = "sigmoid", cost: str = "logistic") -> Layers:  # fmt: skip
    """δ^(l) = ∂cost(i)/∂z^(l): δ^(L) = a^(L) - y, δ^(l) = (Θ^(l))ᵀ δ^(l+1) .* g'(z^(l)).

    At the output, too, ∂cost/∂a is multiplied by g'. For the pairs sigmoid/logistic,
    softmax/softmax and identity/quadratic the product is a - y. For sigmoid outputs with the
    quadratic cost nothing cancels: δ^(L) = (a^(L) - y) .* g'(z^(L)).

    Parameters
    ----------
    theta, X, Y, activation, output, cost
        As in `cost`.

    Returns
    -------
    dict
        ``delta[l]`` for l = 2..L of shape (m, s_l): row i is that of example i, not divided by m.

    Raises
    ------
    ValueError
        As in `cost`.

    Examples
    --------
    >>> theta = [np.array([[0.0, 1.0]]), np.array([[0.0, 2.0]])]
    >>> delta = deltas(theta, np.array([[0.0]]), np.array([1]))
    >>> delta[3]  # g(2 · ½) - 1
    array([[-0.26894142]])
    >>> delta[2]  # 2 δ^(3) g'(0), g'(0) = ¼
    array([[-0.13447071]])
    """
    Θ, X, g, g_prime = _read(theta, X, activation, output)
    z, a = _propagate(Θ, X, g)
    L = len(Θ) + 1
    δ = {L: a[L] - _read_targets(Y, len(X), len(Θ[L - 1]), output, cost)}
    if cost == "quadratic":
        δ[L] = δ[L] * g_prime[L](z[L], a[L])
    for l in range(L - 1, 1, -1):
        δ[l] = (δ[l + 1] @ Θ[l])[:, 1:] * g_prime[l](z[l], a[l])
    return δ


def gradients(theta: Thetas, X: Array, Y: Array, lam: float = 0.0, *, activation: Names = "sigmoid",
              output: str = "sigmoid", cost: str = "logistic") -> Layers:  # fmt: skip
    """∂J/∂Θ_ij^(l) = (1/m) Σ_examples a_j^(l) δ_i^(l+1) + (λ/m) Θ_ij^(l), λ for weights only.

    Parameters
    ----------
    theta, X, Y, lam, activation, output, cost
        As in `cost`.

    Returns
    -------
    dict
        ``gradient[l]`` for l = 1..L-1, shaped as Θ^(l): the bias in column 0.

    Raises
    ------
    ValueError
        As in `cost`.

    Examples
    --------
    >>> theta, X, Y = [np.array([[0.0, 2.0]])], np.array([[1.0], [-1.0]]), np.array([1, 1])
    >>> gradients(theta, X, Y, lam=1.0)[1]  # δ = -g(-2) and -g(2)
    array([[-0.5       ,  1.38079708]])
    """
    Θ, X, g, _ = _read(theta, X, activation, output)
    _, a = _propagate(Θ, X, g)
    δ = deltas(theta, X, Y, activation=activation, output=output, cost=cost)
    return {l: (δ[l + 1].T @ _folded(a[l]) + lam * _weights(Θ[l])) / len(X) for l in Θ}


class Backpropagated(NamedTuple):
    """What the algorithm leaves: Δ, the sum over the examples, and D = ∂J/∂Θ, both by layer."""

    Δ: Layers
    D: Layers


def backprop_by_example(theta: Thetas, X: Array, Y: Array, lam: float = 0.0, *,
                        activation: Names = "sigmoid", output: str = "sigmoid",
                        cost: str = "logistic") -> Backpropagated:  # fmt: skip
    """Run the course's backpropagation algorithm, line by line, one example after the other.

    ::

        Δ^(l) := 0
        for every example (x, y):
            a^(1) := x;  forward to z^(l), a^(l)
            δ^(L) := a^(L) - y;  back to δ^(L-1), ..., δ^(2)
            Δ^(l) := Δ^(l) + δ^(l+1) (a^(l))ᵀ
        D^(l) := Δ^(l)/m + (λ/m) Θ^(l)     for weights
        D^(l) := Δ^(l)/m                   for the bias

    The course's slide has λΘ where (λ/m) Θ stands here; that is not the derivative of J.

    Parameters
    ----------
    theta, X, Y, lam, activation, output, cost
        As in `cost`.

    Returns
    -------
    Backpropagated
        A named tuple ``(Δ, D)`` of dicts, ``Δ[l]`` and ``D[l]`` for l = 1..L-1 shaped as Θ^(l).
        D is what `gradients` gives.

    Raises
    ------
    ValueError
        As in `cost`.

    Examples
    --------
    >>> theta, X, Y = [np.array([[0.0, 2.0]])], np.array([[1.0], [-1.0]]), np.array([1, 1])
    >>> Δ, D = backprop_by_example(theta, X, Y, lam=1.0)
    >>> Δ[1], D[1]
    (array([[-1.        ,  0.76159416]]), array([[-0.5       ,  1.38079708]]))
    """
    Θ, X, g, g_prime = _read(theta, X, activation, output)
    m, L = len(X), len(Θ) + 1
    Δ = {l: np.zeros_like(Θ[l]) for l in Θ}
    for x, y in zip(X, _read_targets(Y, m, len(Θ[L - 1]), output, cost), strict=True):
        z, a = _propagate(Θ, x, g)
        δ = {L: a[L] - y}
        if cost == "quadratic":
            δ[L] = δ[L] * g_prime[L](z[L], a[L])
        for l in range(L - 1, 1, -1):
            δ[l] = (Θ[l].T @ δ[l + 1])[1:] * g_prime[l](z[l], a[l])
        for l in Θ:
            Δ[l] = Δ[l] + np.outer(δ[l + 1], _folded(a[l]))
    return Backpropagated(Δ, {l: Δ[l] / m + lam / m * _weights(Θ[l]) for l in Θ})
