"""Identities of arithmetic, element by element: x·1 = x, −(−x) = x, x² is x·x, and the like.

Python's numbers (and constants that repeat one number) are `c`. Where an equation is not one for
every float (x + 0 is not x for −0, but equal to it) the value is equal all the same; where a last
bit may differ, the identity says `exact=False`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...graph import Node
from ...rules.elementwise import identity as alias
from ...rules.elementwise import product, quotient
from ..fold import Builder, identity
from ..specs import Spec, is_constant, known_number

__all__ = ["dtype_of", "is_float"]


def dtype_of(node: Node) -> Any:
    """Return a node's dtype; None of a Python number."""
    return getattr(node.value, "dtype", None)


def is_float(spec: Any) -> bool:
    """Tell whether a result is of floating point."""
    return type(spec) is Spec and spec.dtype.kind in "fc"


def _has_sign(node: Node) -> bool:
    """Tell whether −x is exact: whole numbers wrap around, and truth values have none."""
    return is_float(node.value)


def _is(node: Node, number: float) -> bool:
    known = known_number(node)
    return known is not None and not isinstance(known, bool) and known == number


@identity(alias, name="another name for x is x")
def another_name(b: Builder, y: Any, x: Node) -> Node:
    return x


@identity(np.positive, name="+x = x")
def plus(b: Builder, y: Any, x: Node) -> Node:
    return x


@identity(np.multiply, name="x · 1 = x")
def times_one(b: Builder, y: Any, x: Node, z: Node) -> Node | None:
    return x if _is(z, 1) else z if _is(x, 1) else None


@identity(np.multiply, name="x · (−1) = −x")
def times_minus_one(b: Builder, y: Any, x: Node, z: Node) -> Node | None:
    other = x if _is(z, -1) else z if _is(x, -1) else None
    return None if other is None or not _has_sign(other) else b(np.negative, other)


@identity(np.add, name="x + 0 = x")
def plus_zero(b: Builder, y: Any, x: Node, z: Node) -> Node | None:
    return x if _is(z, 0) else z if _is(x, 0) else None


@identity(np.subtract, name="x − 0 = x")
def minus_zero(b: Builder, y: Any, x: Node, z: Node) -> Node | None:
    return x if _is(z, 0) else None


@identity(np.subtract, name="0 − x = −x")
def zero_minus(b: Builder, y: Any, x: Node, z: Node) -> Node | None:
    return b(np.negative, z) if _is(x, 0) and _has_sign(z) else None


@identity(np.divide, name="x / 1 = x")
def over_one(b: Builder, y: Any, x: Node, z: Node) -> Node | None:
    return x if _is(z, 1) else None


@identity(np.divide, name="x / c = x · (1/c)", exact=False)
def over_constant(b: Builder, y: Any, x: Node, z: Node) -> Node | None:
    c = known_number(z)
    if c is None or isinstance(c, (bool, complex)) or not is_float(y) or dtype_of(x) != y.dtype:
        return None
    # A reciprocal that is no normal number would lose digits, or all of them.
    if y.dtype.char not in "fdFD" or not 1e-30 < abs(c) < 1e30:
        return None
    return b(np.multiply, x, 1.0 / c)


@identity(np.negative, name="−(−x) = x")
def twice_negative(b: Builder, y: Any, x: Node) -> Node | None:
    inner = b.made_by(x, np.negative)
    return inner[0] if inner and is_float(y) else None


@identity(np.negative, name="−(x − z) = z − x")
def negative_difference(b: Builder, y: Any, x: Node) -> Node | None:
    inner = b.made_by(x, np.subtract)
    return b(np.subtract, inner[1], inner[0]) if inner and is_float(y) else None


@identity(np.negative, name="−(c · x) = (−c) · x")
def negative_multiple(b: Builder, y: Any, x: Node) -> Node | None:
    inner = b.made_by(x, np.multiply)
    found = _with_number(inner) if inner and is_float(y) else None
    return None if found is None else b(np.multiply, found[0], -found[1])


@identity(np.multiply, name="(c · x) · d = (c·d) · x", exact=False)
def number_times_number(b: Builder, y: Any, x: Node, z: Node) -> Node | None:
    outer = _with_number((x, z))
    inner = None if outer is None or not is_float(y) else b.made_by(outer[0], np.multiply)
    found = _with_number(inner) if inner else None
    if outer is None or found is None or dtype_of(found[0]) != y.dtype:
        return None
    c = found[1] * outer[1]
    return b(np.multiply, found[0], c) if _ordinary(found[1], outer[1], c) else None


@identity(np.multiply, name="(−x) · c = x · (−c)")
def negative_times_number(b: Builder, y: Any, x: Node, z: Node) -> Node | None:
    found = _with_number((x, z))
    inner = None if found is None or not _has_sign(found[0]) else b.made_by(found[0], np.negative)
    return b(np.multiply, inner[0], -found[1]) if inner and found else None


@identity(np.multiply, name="(x − z) · (−c) = (z − x) · c")
def difference_times_negative(b: Builder, y: Any, x: Node, z: Node) -> Node | None:
    found = _with_number((x, z))
    inner = None if found is None or not _has_sign(found[0]) else b.made_by(found[0], np.subtract)
    if found is None or inner is None or not found[1] < 0:
        return None
    return b(np.multiply, b(np.subtract, inner[1], inner[0]), -found[1])


def _with_number(pair: tuple[Node, ...]) -> tuple[Node, Any] | None:
    """Return (x, c) of a product x·c in which one factor is a Python number."""
    x, z = pair
    for other, c in ((x, z), (z, x)):
        if type(c.value) in (float, int) and not is_constant(other):
            return other, c.value
    return None


def _ordinary(*numbers: float) -> bool:
    """Tell whether products of these neither overflow nor vanish where they did not before."""
    return all(1e-15 < abs(c) < 1e15 for c in numbers)


@identity(np.add, name="x + (−z) = x − z")
def plus_negative(b: Builder, y: Any, x: Node, z: Node) -> Node | None:
    if (inner := b.made_by(z, np.negative)) and _has_sign(inner[0]):
        return b(np.subtract, x, inner[0])
    inner = b.made_by(x, np.negative)
    return b(np.subtract, z, inner[0]) if inner and _has_sign(inner[0]) else None


@identity(np.subtract, name="x − (−z) = x + z")
def minus_negative(b: Builder, y: Any, x: Node, z: Node) -> Node | None:
    inner = b.made_by(z, np.negative)
    return b(np.add, x, inner[0]) if inner and _has_sign(inner[0]) else None


@identity(np.multiply, name="(−x) · (−z) = x · z")
def negative_times_negative(b: Builder, y: Any, x: Node, z: Node) -> Node | None:
    left, right = b.made_by(x, np.negative), b.made_by(z, np.negative)
    both = left and right and _has_sign(left[0]) and _has_sign(right[0])
    return b(np.multiply, left[0], right[0]) if left and right and both else None


@identity(np.multiply, name="x · x = x²")
def times_itself(b: Builder, y: Any, x: Node, z: Node) -> Node | None:
    return b(np.square, x) if x is z and y.dtype.kind == "f" else None


@identity(np.power, name="x ** 2 = x²")
def power_of_two(b: Builder, y: Any, x: Node, c: Node) -> Node | None:
    return b(np.square, x) if type(c.value) in (int, float) and c.value == 2 else None


@identity(np.power, name="x ** 1 = x")
def power_of_one(b: Builder, y: Any, x: Node, c: Node) -> Node | None:
    return x if type(c.value) in (int, float) and c.value == 1 else None


@identity(np.multiply, name="x · True = x")
def times_true(b: Builder, y: Any, x: Node, z: Node) -> Node | None:
    """Rules multiply by what they know: `g * (low <= high)`."""
    for other, c in ((x, z), (z, x)):
        known = known_number(c)
        if (known is True or known is np.True_) and is_float(y):
            return other
    return None


@identity(np.astype, name="x in its own dtype is x")
def own_dtype(b: Builder, y: Any, x: Node, **how: Any) -> Node | None:
    return x if dtype_of(x) == y.dtype else None


@identity(np.real, name="the real part of a real x is x")
def real_of_real(b: Builder, y: Any, x: Node) -> Node | None:
    return x if dtype_of(x) == y.dtype else None


@identity(np.conjugate, name="the conjugate of a real x is x")
def conjugate_of_real(b: Builder, y: Any, x: Node) -> Node | None:
    return x if dtype_of(x) == y.dtype and y.dtype.kind != "c" else None


@identity(product, name="a factor that is not 0 needs no care: c · x")
def plain_product(b: Builder, y: Any, g: Node, slope: Node) -> Node | None:
    return b(np.multiply, g, slope) if _is_plain(g) or _is_plain(slope) else None


@identity(quotient, name="a quotient with a number that is not 0 needs no care: c / x, x / c")
def plain_quotient(b: Builder, y: Any, g: Node, x: Node) -> Node | None:
    return b(np.divide, g, x) if _is_plain(g) or _is_plain(x) else None


def _is_plain(node: Node) -> bool:
    """Tell whether a node is a number that neither vanishes nor is infinite."""
    c = known_number(node)
    return c is not None and bool(c != 0) and abs(c) < math.inf
