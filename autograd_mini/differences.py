"""Derivatives by numbers alone: a complex step, extrapolated differences, and the sign of a kink.

All look at one function of one number, t -> f(x + t u), whose slope at 0 is J u: the cost does not
depend on how many entries x has.

    complex step    Im f(x + ihu) / h, h = 2⁻¹⁰⁰         exact, where f is analytic as it is written
    differences     (f(x + hu) − f(x − hu)) / 2h          at h, h/2, h/4: extrapolated, O(h⁶)
    gap             the slope to the right − the left     falls with h, unless there is a kink
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

__all__ = ["Slope", "dot", "has_kink", "norm", "slope"]

Arrays = list[Any]
Along = Callable[[Any], Arrays]
"""t -> the outputs at x + t u."""
EPS = 2.0**-52
TINY = 2.0**-100


@dataclass(frozen=True)
class Slope:
    """J u by numbers: for each output the derivative, and how far it may be off."""

    value: Arrays
    error: Arrays
    step: float
    size: float
    """Of what the outputs are made of."""
    analytic: bool = False

    @property
    def settled(self) -> bool:
        """Whether the steps agree with one another: if not, there is nothing to compare with."""
        return norm(self.error) <= 1e-3 * (norm(self.value) + self.size)

    @property
    def how(self) -> str:
        """How it was found."""
        return "a complex step" if self.analytic else f"differences (step {self.step:.1g})"


def norm(arrays: Sequence[Any]) -> float:
    """Return √Σ|a|² over all entries, as rounding errors of many terms add up."""
    return float(np.sqrt(sum(np.sum(np.abs(a) ** 2.0) for a in arrays)))


def dot(a: Any, b: Any) -> float:
    """Return Re Σ ā b, the product in which gradients of complex numbers are meant."""
    return float(np.sum(np.conjugate(a) * b).real)


def slope(
    along: Along, y: Arrays, tolerance: float, analytic: bool, noise: Arrays | None = None,
    first: int = 0,
) -> Slope | None:
    """Return J u, from the largest step whose error is a tenth of the tolerance, or the best one.

    A complex step takes its place where f allows it: where it gives what the differences give.
    `noise` is what the outputs are made of, where that is larger than they are: they are rounded
    as it is. Returns None if no step leads to finite numbers.
    """
    noise = [np.abs(out) for out in y] if noise is None else noise
    tried: list[Slope] = []
    for k in range(first, 8):
        found = richardson(along, noise, 2.0 ** -(6 + 3 * k))
        if found is None:
            continue
        tried.append(found)
        rounding = 64.0 * EPS * norm(noise)
        if norm(found.error) <= 0.1 * tolerance * norm(found.value) + rounding:
            break
    else:
        tried = _agreeing(tried)
    if not tried:
        return None
    best = min(tried, key=lambda one: norm(one.error))
    exact = complex_step(along, y, noise) if analytic else None
    if exact is None:
        return best
    apart = [a - b for a, b in zip(exact.value, best.value, strict=True)]
    allowed = 10.0 * norm(best.error) + 1e3 * EPS * norm(best.value)
    return exact if norm(apart) <= allowed else best


def _agreeing(tried: list[Slope]) -> list[Slope]:
    """Add to each error how far the next step is off: agreement by chance is no accuracy."""
    pairs = pairwise(tried)
    return [
        Slope(
            one.value,
            [
                e + np.abs(a - b)
                for e, a, b in zip(one.error, one.value, other.value, strict=True)
            ],
            one.step,
            one.size,
        )
        for one, other in pairs
    ]


def richardson(along: Along, noise: Arrays, h: float) -> Slope | None:
    """Return J u from central differences at h, h/2 and h/4; None where they are not finite.

    The error is taken to be the last correction, and the rounding of f over the step.
    """
    slopes = []
    for step in (h, h / 2, h / 4):
        pairs = zip(along(step), along(-step), strict=True)
        slopes.append([(a - b) * (0.5 / step) for a, b in pairs])
    value, error = [], []
    for first, second, third, size in zip(*slopes, noise, strict=True):
        finer = [(4.0 * b - a) / 3.0 for a, b in pairwise((first, second, third))]
        value.append((16.0 * finer[1] - finer[0]) / 15.0)
        error.append(np.abs(value[-1] - finer[1]) + (8.0 * EPS / h) * size)
    return Slope(value, error, h, norm(noise)) if _finite(value) else None


def complex_step(along: Along, y: Arrays, noise: Arrays) -> Slope | None:
    """Return Im f(x + ihu) / h, where f takes complex numbers and leaves the real part alone."""
    try:
        moved = along(1j * TINY)
    except Exception:  # whatever f raises says that it does not take complex numbers
        return None
    for a, out in zip(moved, y, strict=True):
        same = np.abs(a.real - out) <= 1e3 * EPS * (1.0 + np.abs(out))
        if a.dtype.kind != "c" or not np.all(same) or not _finite([a]):
            return None
    value = [a.imag / TINY for a in moved]
    return Slope(value, [32.0 * EPS * size for size in noise], TINY, norm(noise), True)


def has_kink(along: Along, y: Arrays, noise: Arrays | None = None) -> bool:
    """Tell whether f has no slope at 0, however small the step.

    The gap between the slopes to the right and to the left is h f″ + O(h³) for a smooth f, so
    (4 gap(h/4) − gap(h)) / 3 falls 64-fold with each step. At a kink it stays; at a jump it grows,
    or the central slope does; beyond the edge of f's domain there is no number.
    """
    size = norm(y if noise is None else noise)
    gaps, slopes = _Series(), _Series()
    for k in range(14):
        h = 2.0**-8 * 4.0**-k
        right, left = along(h), along(-h)
        central = [(a - b) * (0.5 / h) for a, b in zip(right, left, strict=True)]
        gap = [(a - out) / h - (out - b) / h for a, b, out in zip(right, left, y, strict=True)]
        least = 1e2 * EPS * (size / h + norm(central)) + 1e-10 * norm(central)
        if not _finite(gap):
            gaps, slopes = _Series(), _Series()
            continue
        gaps.add([4.0 * a / 3.0 for a in gap], [a / 3.0 for a in gap], least)
        slopes.add(central, central, least)
    return not gaps.began or gaps.persists or slopes.persists


class _Series:
    """How a quantity changes from step to step, until the change drowns in rounding."""

    def __init__(self) -> None:
        self.changes: list[float] = []
        self.before: Arrays | None = None
        self.drowned = False

    @property
    def began(self) -> bool:
        return self.before is not None

    @property
    def persists(self) -> bool:
        """Whether the last change is about as large as those before."""
        return len(self.changes) > 2 and self.changes[-1] >= 0.5 * self.changes[-3]

    def add(self, now: Arrays, kept: Arrays, least: float) -> None:
        if self.before is not None and not self.drowned:
            change = norm([a - b for a, b in zip(now, self.before, strict=True)])
            self.drowned = change <= least
            if not self.drowned:
                self.changes.append(change)
        self.before = kept


def _finite(arrays: Sequence[Any]) -> bool:
    return all(bool(np.all(np.isfinite(a))) for a in arrays)
