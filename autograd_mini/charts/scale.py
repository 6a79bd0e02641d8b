"""Round numbers for an axis, and what part of a line is above it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["above", "decades", "logarithmic", "round_numbers", "shares", "short"]


def short(value: float) -> str:
    """Return a tick's number."""
    return f"{value:.10g}"


def logarithmic(values: Any) -> bool:
    """Tell whether positive values span more than a factor of ten."""
    # Below 1e-290 the powers of ten that enclose a value would be 0.
    return bool(min(values) > 1e-290 and max(values) > 10 * min(values))


def round_numbers(low: float, high: float) -> list[float]:
    """About five round numbers that enclose low and high.

    >>> round_numbers(0.0, 0.9)
    [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    """
    span = (high - low) or abs(high) or 1.0
    power = 10.0 ** math.floor(math.log10(span / 4))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= span / 5)
    first, last = math.floor(low / step), math.ceil(high / step)
    if first == last:
        last += 1
    return [round(index * step, 12) for index in range(first, last + 1)]


def decades(values: NDArray[Any]) -> list[float]:
    """1, 2, 5 times powers of ten that enclose the values; over many decades fewer of them."""
    low, high = math.log10(min(values)), math.log10(max(values))
    if high - low < 3:
        every = [
            m * 10.0**k for k in range(math.floor(low), math.ceil(high) + 1) for m in (1, 2, 5)
        ]
        below = max(tick for tick in every if tick <= min(values))
        over = min(tick for tick in every if tick >= max(values))
        return [tick for tick in every if below <= tick <= over]
    step = math.ceil((high - low) / 8)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [10.0 ** (k * step) for k in range(first, last + 1)]


def shares(lines: Sequence[Sequence[float] | NDArray[Any]]) -> list[float]:
    """Ticks for accuracies; the climb of the first tenth of the epochs may start below them.

    From 0 to 1 every good network would be a flat line, and training and test the same one.
    """
    high = max(float(np.max(values)) for values in lines)
    low = min(float(np.min(values[len(values) // 10 :])) for values in lines)
    return round_numbers(max(min(low, high - 0.05), 0.0), high)


def above(low: float, xs: Sequence[float], ys: Sequence[float]) -> list[tuple[float, float]]:
    """The points of a line from where it last comes up through `low`."""
    points = list(zip(xs, ys, strict=True))
    below = [index for index, value in enumerate(ys) if value < low - 1e-9]
    if not below or below[-1] == len(points) - 1:
        return [(x, max(y, low)) for x, y in points]
    (start, under), (end, over) = points[below[-1] : below[-1] + 2]
    share = (low - under) / (over - under)
    return [(start + share * (end - start), low), *points[below[-1] + 1 :]]
