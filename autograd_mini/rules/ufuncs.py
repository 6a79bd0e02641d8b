"""Derivatives of NumPy's other ufuncs, and of functions that work element by element.

Conventions at kinks: a tie of fmax or fmin splits evenly, and a NaN takes no part; hypot and
arctan2 have derivative 0 at the origin; cbrt' at 0 is inf; |x|' at 0 is 0.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..op import OPS, primitive, rule, without_derivative
from .elementwise import product, quotient
from .terms import said

__all__: list[str] = []

# trigonometric and hyperbolic functions, and their inverses
rule(np.tan, lambda g, y, x: g * (1.0 + y * y))
rule(np.arcsin, lambda g, y, x: quotient(g, np.sqrt((1.0 - x) * (1.0 + x))))
rule(np.arccos, lambda g, y, x: -quotient(g, np.sqrt((1.0 - x) * (1.0 + x))))
rule(np.arctan, lambda g, y, x: g / (1.0 + x * x))
rule(np.sinh, lambda g, y, x: product(g, np.cosh(x)))
rule(np.cosh, lambda g, y, x: product(g, np.sinh(x)))
rule(np.arcsinh, lambda g, y, x: g / np.cosh(y))
rule(np.arccosh, lambda g, y, x: quotient(g, np.sinh(y)))
rule(np.arctanh, lambda g, y, x: quotient(g, (1.0 - x) * (1.0 + x)))
for degrees in (np.degrees, np.rad2deg):
    rule(degrees, lambda g, y, x: g * (180.0 / math.pi))
for radians in (np.radians, np.deg2rad):
    rule(radians, lambda g, y, x: g * (math.pi / 180.0))

# the distance from the origin, and the direction
rule(np.hypot,
     lambda g, y, a, b: g * (a / np.where(y == 0, 1.0, y)),
     lambda g, y, a, b: g * (b / np.where(y == 0, 1.0, y)))


def _turn(g: Any, a: Any, b: Any) -> Any:
    """g·a/(a² + b²), 0 at the origin."""
    far = np.hypot(a, b)
    far = np.where(far == 0, 1.0, far)
    return g * (a / far) / far


rule(np.arctan2,
     lambda g, y, a, b: _turn(g, b, a),
     lambda g, y, a, b: -_turn(g, a, b))

# exponentials, logarithms, powers and roots
rule(np.reciprocal, lambda g, y, x: -product(g, y * y))
rule(np.exp2, lambda g, y, x: product(g, y * math.log(2.0)))
rule(np.log2, lambda g, y, x: quotient(g, x * math.log(2.0)))
rule(np.log10, lambda g, y, x: quotient(g, x * math.log(10.0)))
rule(np.logaddexp2,
     lambda g, y, a, b: product(g, np.exp2(a - y)),
     lambda g, y, a, b: product(g, np.exp2(b - y)))
rule(np.float_power, *OPS[np.power].rules)
rule(np.cbrt, lambda g, y, x: quotient(g, 3.0 * (y * y)))

# kinks and steps
rule(np.fabs, lambda g, y, x: g * np.sign(x))
rule(np.copysign,
     lambda g, y, a, b: g * np.where(np.signbit(a) == np.signbit(b), 1.0, -1.0), None)
rule(np.fmax,
     lambda g, y, a, b: g * np.where(a == b, 0.5, y == a),
     lambda g, y, a, b: g * np.where(a == b, 0.5, y == b))
rule(np.fmin, *OPS[np.fmax].rules)
rule(np.fmod,
     lambda g, y, a, b: g,
     lambda g, y, a, b: g * np.rint((y - a) / b))
rule(np.divmod,
     lambda g, y, a, b: g[1],
     lambda g, y, a, b: -(g[1] * y[0]))
rule(np.heaviside, None, lambda g, y, x, h: g * (x == 0))
rule(np.nextafter, lambda g, y, a, b: g, None)
rule(np.ldexp, lambda g, y, x, n: np.ldexp(g, n), None)
rule(np.frexp, lambda g, y, x: np.ldexp(g[0], -y[1]))
rule(np.unwrap, lambda g, y, p, *, discont=None, axis=-1, period=2.0 * math.pi: g)
rule(np.nan_to_num,
     lambda g, y, x, *, copy=True, nan=0.0, posinf=None, neginf=None:
         np.where(np.isfinite(x), g, 0.0))


rule(np.full_like, None, lambda g, y, a, v: g)


@said(np.angle)
def _angle(z: Any, deg: bool = False) -> Any:
    turn = np.arctan2(np.imag(z), np.real(z))
    return np.degrees(turn) if deg else turn


# -- functions whose every derivative is a function of its own


@primitive
def sinc_slope(x: Any, n: int) -> Any:
    """Return the n-th derivative of sin(z)/z at z = πx, by recursion or, near 0, by its series."""
    z = math.pi * np.asarray(x, np.result_type(x, np.float64))  # its series overflows float16
    near = abs(z) < n + 1
    away = np.where(near, 1.0, z)
    slope = np.sin(away) / away
    for k in range(1, n + 1):
        slope = (np.sin(away + k * math.pi / 2) - k * slope) / away
    small = np.where(near, z, 0.0)
    terms = range((n + 1) // 2, (n + 1) // 2 + 12 + 2 * n)
    series = sum(
        (-1.0) ** k * small ** (2 * k - n) / (math.factorial(2 * k - n) * (2 * k + 1))
        for k in terms)
    return np.where(near, series, slope).astype(np.asarray(x).dtype)[()]


rule(sinc_slope, lambda g, y, x, *, n: g * (math.pi * sinc_slope(x, n=n + 1)))
rule(np.sinc, lambda g, y, x: g * (math.pi * sinc_slope(x, n=1)))


@primitive
def i0_slope(x: Any, n: int) -> Any:
    """Return the n-th derivative of I₀, the mean of cosⁿθ·exp(x cos θ) over the circle."""
    x = np.asarray(x)
    around = 32 + n + 2 * math.ceil(np.max(np.abs(x), initial=0.0))
    lean = np.cos(np.arange(around) * (2 * math.pi / around))
    return np.mean(lean**n * np.exp(x[..., None] * lean), axis=-1).astype(x.dtype)[()]


rule(i0_slope, lambda g, y, x, *, n: g * i0_slope(x, n=n + 1))
rule(np.i0, lambda g, y, x: g * i0_slope(x, n=1))

without_derivative(
    np.spacing, np.gcd, np.lcm, np.left_shift, np.right_shift, np.bitwise_count, np.isnat,
    np.fix, np.around, np.iscomplex, np.isreal, np.isneginf, np.isposinf)
