"""The recorded gradient beside the closed form: `train` does it first, `check` shows it whole."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import closed_form
from ..compiler import jit as compiling
from ..nn.network import COSTS, Network
from ..transforms import value_and_grad

Array = NDArray[Any]

# The closed form computes in float64; float32 sums of a thousand terms keep about five digits.
TOLERANCE = {"float64": 1e-10, "float32": 1e-3}


def relative(a: Array, b: Array) -> float:
    """‖a - b‖ / ‖a + b‖, as the course measures it; 0 when both are zero."""
    # Scaled by a power of two, which changes no digit: squares of 1e300 are no floats.
    exponent = np.frexp(max(np.abs(a).max(initial=0), np.abs(b).max(initial=0)))[1]
    a, b = np.ldexp(a, -exponent), np.ldexp(b, -exponent)
    apart, together = np.linalg.norm(a - b), np.linalg.norm(a + b)
    return float(apart / together) if together else float(apart)


def closed(net: Network, X: Array, Y: Array, lam: float, cost: str) -> tuple[Any, Any]:
    """δ^(l) of every layer l >= 2 and ∂J/∂Θ^(l) by the closed form, in float64."""
    theta = {layer: theta.astype(np.float64) for layer, theta in net.theta.items()}
    names: dict[str, Any] = {"activation": net.activation, "output": net.output, "cost": cost}
    return (
        closed_form.deltas(theta, X, Y, **names),
        closed_form.gradients(theta, X, Y, lam, **names),
    )


def recorded(net: Network, X: Array, Y: Array, lam: float, cost: str) -> tuple[Any, Any]:
    """δ^(l) and ∂J/∂Θ^(l) of the same, read from the recorded graph."""
    _, gradient = value_and_grad(COSTS[cost])(net, X, Y, lam)
    return net.deltas(X, Y, cost=cost), gradient.theta


def compiled(net: Network, X: Array, Y: Array, lam: float, cost: str) -> Any:
    """∂J/∂Θ^(l) of the same, from the program that training runs."""
    _, gradient = compiling(value_and_grad(COSTS[cost]))(net, X, Y, lam)
    return gradient.theta


def differences(
    net: Network, X: Array, Y: Array, lam: float, cost: str, jit: bool = False
) -> dict[str, float]:
    """Relative difference of autodiff and closed form, array by array, named as in the note."""
    X_own = X.astype(net.theta[1].dtype)
    deltas, gradients = closed(net, X, Y, lam, cost)
    found = [*recorded(net, X_own, Y, lam, cost)]
    pairs = [("δ", found[0], deltas), ("∂J/∂Θ", found[1], gradients)]
    if jit:
        pairs.append(("compiled ∂J/∂Θ", compiled(net, X_own, Y, lam, cost), gradients))
    return {
        f"{symbol}^({layer})": relative(found[layer], expected[layer])
        for symbol, found, expected in pairs
        for layer in sorted(expected)
    }
