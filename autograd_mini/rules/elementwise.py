"""Derivatives of functions that work element by element.

Conventions at kinks, each with a test: |x|' at 0 is 0; a tie of maximum or minimum splits
evenly; clip passes at its bounds; sqrt' at 0 is inf; x**0 has derivative 0 in x, and 0**y in y.

What np.where does not take gets a cotangent of 0, and 0 it stays, however steep the branch is
there: rules whose slope can be infinite multiply by `product` and divide by `quotient`.
"""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from ..op import primitive, rule, without_derivative

__all__ = ["identity", "product", "quotient"]


def _full(x: Any) -> bool:
    return bool(np.count_nonzero(x) == x.size if x.size < 999 else x.all())  # whichever is faster


def _where(function: Any, a: Any, b: Any, asked: Any) -> Any:
    zeros = np.zeros(np.broadcast_shapes(a.shape, np.shape(b)), np.result_type(a, b))
    return function(a, b, out=zeros, where=asked)[()]


@primitive
def product(g: Any, slope: Any) -> Any:
    """Return g·slope, 0 where either is 0: also where the other is infinite, or no number."""
    if _full(g) and _full(slope):
        return g * slope
    return _where(np.multiply, g, slope, (g != 0) & (slope != 0))


@primitive
def quotient(g: Any, x: Any) -> Any:
    """Return g/x, 0 where g is 0: also where x is 0, or no number."""
    return g / x if _full(g) else _where(np.divide, g, x, g != 0)


rule(product, lambda g, y, a, slope: product(g, slope), lambda g, y, a, slope: product(a, g))
rule(quotient, lambda g, y, a, x: quotient(g * ((a != 0) | (x != 0)), x),  # 0/0 is 0, and flat
     lambda g, y, a, x: -quotient(product(y, g), x))

# arithmetic
rule(np.add, lambda g, y, a, b: g, lambda g, y, a, b: g, compute=operator.add)
rule(np.subtract, lambda g, y, a, b: g, lambda g, y, a, b: -g, compute=operator.sub)
rule(np.multiply, lambda g, y, a, b: g * b, lambda g, y, a, b: g * a, compute=operator.mul)
rule(np.divide, lambda g, y, a, b: g / b if type(b) in (int, float) and b else quotient(g, b),
     lambda g, y, a, b: -quotient(product(g, y), b), compute=operator.truediv)
rule(np.remainder, lambda g, y, a, b: g,
     lambda g, y, a, b: -(g * np.floor_divide(a, b)), compute=operator.mod)
rule(np.negative, lambda g, y, x: -g, compute=operator.neg)
rule(np.positive, lambda g, y, x: +g)  # its own node: ∂J/∂z and ∂J/∂a have a name each
rule(np.square, lambda g, y, x: g * (2.0 * x))


def _power_in_base(g: Any, y: Any, a: Any, b: Any) -> Any:
    """b·a^(b−1); a constant exponent is known now, so small whole ones need no power at all."""
    if type(b) is int or type(b) is float:
        if b > 0 and b % 1 == 0:
            return g * (2.0 * a) if b == 2 else g * (b * a ** (b - 1))
        return product(g, b * a ** (b - 1)) if b > 1 else quotient(g * float(b), a ** (1 - b))
    still = (a == 0) & ((b == 0) | (b < 1) & (g == 0))  # 0**0; and where an infinity is not asked
    return product(g, b * a ** np.where(still, 1.0, b - 1.0))


def _power_in_exponent(g: Any, y: Any, a: Any, b: Any) -> Any:
    """a^b·log a, and 0 where a is 0; where a is negative no real derivative exists: 0 too."""
    if type(a) is int or type(a) is float:
        return product(g, y * (math.log(a) if a > 0 else 0.0))
    return product(g, y * np.log(np.where(a > 0, a, 1.0)))


rule(np.power, _power_in_base, _power_in_exponent, compute=operator.pow)

# exponentials and logarithms
rule(np.exp, lambda g, y, x: product(g, y))
rule(np.expm1, lambda g, y, x: product(g, np.exp(x)))  # y + 1 is lost where y is near -1
rule(np.log, lambda g, y, x: quotient(g, x))
rule(np.log1p, lambda g, y, x: quotient(g, 1.0 + x))
rule(np.logaddexp, lambda g, y, a, b: product(g, np.exp(a - y)),
     lambda g, y, a, b: product(g, np.exp(b - y)))
rule(np.sqrt, lambda g, y, x: quotient(0.5 * g, y))

# trigonometry
rule(np.sin, lambda g, y, x: g * np.cos(x))
rule(np.cos, lambda g, y, x: -(g * np.sin(x)))
rule(np.tanh, lambda g, y, x: g * (1.0 - y * y))

# SciPy's, when SciPy is there
rule("scipy.special.expit", lambda g, y, x: g * (y * (1.0 - y)))

# kinks
# of a complex x it is conj(x)/|x|
rule(np.abs, lambda g, y, x: g * (np.sign(x) if x.dtype == y.dtype else x.conj() / (y + (y == 0))))
for extreme in (np.maximum, np.minimum):
    rule(extreme,
         lambda g, y, a, b: g * (a == y) - 0.5 * g * (a == b),
         lambda g, y, a, b: g * (b == y) - 0.5 * g * (a == b))

rule(np.clip,
     lambda g, y, x, low, high: g * (x == y) * (low is None or high is None or low <= high),
     lambda g, y, x, low, high: g * (x < low) * (y == low),
     lambda g, y, x, low, high: g * np.logical_or(x > high, False if low is None else low > high),
     aliases={"min": "a_min", "max": "a_max"})


def _choose(condition: Any, x: Any, y: Any) -> Any:
    if x is None or y is None:
        raise TypeError("np.where(condition) alone gives indices; write np.nonzero(condition)")
    return np.where(condition, x, y)


rule(np.where, None,
     lambda g, y, c, a, b: np.where(c, g, 0.0),
     lambda g, y, c, a, b: np.where(c, 0.0, g), compute=_choose)

# two outputs
rule(np.modf, lambda g, y, x: g[0])


@primitive
def identity(x: Any) -> Any:
    """Return x: another name for a value, so that a derivative can be taken with respect to it."""
    return x


rule(identity, lambda g, y, x: g, view=True)
rule(np.astype, lambda g, y, x, *, dtype: g * (y.dtype.kind in "fc"),
     compute=lambda x, dtype: x.astype(dtype))
rule(np.real, lambda g, y, x: g, view=True)
rule(np.imag, lambda g, y, x: g * -1j)
rule(np.conjugate, lambda g, y, x: np.conjugate(g))

without_derivative(
    np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal,
    np.logical_and, np.logical_or, np.logical_not, np.logical_xor, np.bitwise_and, np.bitwise_or,
    np.bitwise_xor, np.invert, np.isfinite, np.isnan, np.isinf, np.signbit, np.sign, np.floor,
    np.ceil, np.rint, np.round, np.trunc, np.floor_divide)
without_derivative(np.isclose, arity=2)
without_derivative(  # known from shapes alone, so a program that is being recorded may ask them
    np.shape, np.ndim, np.size, np.result_type, np.iscomplexobj, np.isrealobj, np.can_cast,
    np.may_share_memory, np.shares_memory, np.zeros_like, np.ones_like, np.empty_like,
    reads="shape")
without_derivative(
    np.allclose, np.array_equal, np.array_repr, np.array_str, np.array2string, reads="value")
