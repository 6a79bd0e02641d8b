"""Stale weights: a right gradient, of the Θ before the last update.

If Θ is what gradient descent made of an earlier Θ', then Θ = Θ' - α D with D = ∇J(Θ'), the very
gradient that was given. So Θ' = Θ + α D for one unknown number α, and D = ∇J(Θ + α D) can be
checked: as many equations as there are weights, for one unknown.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .formulas import Array, Layers, Setup

RATES = np.logspace(-3, 1.5, 46)
LEAST = 6  # entries that must agree: with fewer, one free number explains too much


def moved(s: Setup, D: Layers, α: float) -> Setup:
    """The same problem at Θ + α D."""
    return replace(s, theta={l: s.theta[l] + α * D[l] for l in s.theta})


def learned_from(s: Setup, D: Layers) -> tuple[float, Setup] | None:
    """Return α and the problem at Θ + α D whose gradient is nearest to D; None when unknowable."""
    entries = sum(int(np.count_nonzero(D[l])) for l in D)
    if entries < LEAST or not all(np.isfinite(D[l]).all() for l in D):
        return None

    def apart(α: float) -> Array:
        right = moved(s, D, α).right
        return np.concatenate([(right[l] - D[l]).ravel() for l in sorted(D)])

    with np.errstate(all="ignore"):
        sizes = [float(np.linalg.norm(apart(α))) for α in RATES]
        start = np.nan_to_num(sizes, nan=np.inf)
        α = float(RATES[int(np.argmin(start))])
        for _ in range(12):  # Gauss-Newton: quadratic, since the residual is to vanish
            here, step = apart(α), 1e-6 * α
            slope = (apart(α + step) - apart(α - step)) / (2 * step)
            along = float(slope @ slope)
            if not np.isfinite(along) or along == 0:
                return None
            α -= float(slope @ here) / along
            if not 1e-6 < α < 1e3:
                return None
    return α, moved(s, D, α)
