"""Identities of fractions: what is divided by h and multiplied by h again.

So the note's "magic" is found: the logistic cost's ∂J/∂h = −(1/m)(y/h − (1 − y)/(1 − h)) meets the
sigmoid's h(1 − h), and what is left is (h − y)/m. No operation knows y, or a cost.

They hold where nothing divides by 0: there the recorded program gives NaN, and this one the limit.
A sum is never taken apart unless a division goes with it: (t − s) − x may be somebody's way to keep
the digits that a sum has lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ...elements import known_name
from ...graph import Node
from ...rules.elementwise import product as times
from ...rules.elementwise import quotient
from ..fold import Builder, identity
from ..monomials import Product, collected, divides, product, summed, terms
from ..specs import Spec, known_number
from .arithmetic import dtype_of

__all__ = ["distributed", "exponent_of_sigmoid"]


@identity(np.divide, name="x / (1 + e^(−z)) = x · σ(z)", exact=False)
def sigmoid_written_out(b: Builder, y: Any, x: Node, z: Node) -> Node | None:
    """So its rule's e^(−z) can be told to be one of a sigmoid."""
    h = _sigmoid(b, y, z)
    return None if h is None else b(np.multiply, x, h)


@identity(quotient, name="x / (1 + e^(−z)) = x · σ(z)", exact=False)
def sigmoid_in_a_derivative(b: Builder, y: Any, x: Node, z: Node) -> Node | None:
    h = _sigmoid(b, y, z)
    return None if h is None else b(times, x, h)


def _sigmoid(b: Builder, y: Any, z: Node) -> Node | None:
    u = exponent_of_sigmoid(b, z)
    if u is None or not _is_real(y) or dtype_of(z) != y.dtype or dtype_of(u) != y.dtype:
        return None
    from autograd_mini import nn

    return b(nn.sigmoid, _negated(b, u))


@identity(np.exp, name="e^(z − log(1 + e^z)) = σ(z)", exact=False)
def sigmoid_of_logaddexp(b: Builder, y: Any, x: Node) -> Node | None:
    """The rule of logaddexp(0, z), which is how NumPy says log(1 + e^z)."""
    parts = b.made_by(x, np.subtract)
    soft = b.made_by(parts[1], np.logaddexp) if parts else None
    if parts is None or soft is None or not _is_real(y) or dtype_of(parts[0]) != y.dtype:
        return None
    zero, z = soft
    if known_number(zero) != 0 or z is not parts[0]:
        return None
    from autograd_mini import nn

    return b(nn.sigmoid, z)


def _negated(b: Builder, u: Node) -> Node:
    inner = b.made_by(u, np.negative)
    return inner[0] if inner else b(np.negative, u)


def exponent_of_sigmoid(b: Builder, node: Node) -> Node | None:
    """Return u if a node is 1 + e^u."""
    for one, other in _orders(b.made_by(node, np.add)):
        if type(one.value) in (int, float) and one.value == 1 and one.op is None:
            exponential = b.made_by(other, np.exp)
            return exponential[0] if exponential else None
    return None


@identity(np.subtract, name="h − h² = h(1 − h), h = σ(z)", exact=False)
def slope_of_sigmoid(b: Builder, y: Any, x: Node, z: Node) -> Node | None:
    """So 1 − h is one node with the cost's, and near h = 1 no digits are lost."""
    if known_name(x.op) not in ("sigmoid", "expit") or not _is_real(y):
        return None
    if b.made_by(z, np.square) != (x,) and b.made_by(z, np.multiply) != (x, x):
        return None
    return b(np.multiply, x, b(np.subtract, 1.0, x))


@identity(np.multiply, times, name="x / h · h = x", exact=False, where="h ≠ 0")
def divided_and_multiplied(b: Builder, y: Any, x: Node, z: Node) -> Node | None:
    return _cancelled(b, _whole(b, y, x, z))


@identity(np.divide, quotient, name="x · h / h = x", exact=False, where="h ≠ 0")
def multiplied_and_divided(b: Builder, y: Any, x: Node, z: Node) -> Node | None:
    if not _is_real(y) or x.op is None or x.op.function not in (np.multiply, times):
        return None
    return _cancelled(b, product(y.dtype, (x, 1), (z, -1)))


def _whole(b: Builder, y: Any, x: Node, z: Node) -> Product | None:
    """Return x·z as one product if it divides by anything; the last one is kept."""
    kept = b.memo.get("whole")
    if kept is None or kept[0] is not x or kept[1] is not z:
        wanted = _is_real(y) and (divides(b, x) or divides(b, z))
        kept = b.memo["whole"] = (x, z, product(y.dtype, (x, 1), (z, 1)) if wanted else None)
    found: Product | None = kept[2]
    return found


def _cancelled(b: Builder, whole: Product | None) -> Node | None:
    if whole is None or whole.above.keys().isdisjoint(whole.below):
        return None
    whole.cancel()
    if not whole.above or not _same_dtype(whole):
        return None
    below = [node for node, exponent in whole.below.items() for _ in range(exponent)]
    whole.below = {}
    return summed(b, [whole], below)


@identity(np.multiply, times, name="(x/h − y/k) · hk = xk − yh", exact=False, where="h ≠ 0, k ≠ 0")
def denominators_cancel(b: Builder, y: Any, x: Node, z: Node) -> Node | None:
    """A sum of fractions times all their denominators; what is left is collected if that is less.

    Y(1 − h) − (1 − Y)h is Y − h, and a number that all terms share comes last.
    """
    return distributed(b, y, x, z, collect=True)


def distributed(b: Builder, y: Any, x: Node, z: Node, collect: bool) -> Node | None:
    """Return Σ terms · rest, where x·z is (Σ terms) · rest and every division goes."""
    if (whole := _whole(b, y, x, z)) is None:
        return None
    for node in [n for n, exponent in whole.above.items() if exponent == 1 and divides(b, n)]:
        if parts := terms(y.dtype, node):
            others = {n: e for n, e in whole.above.items() if n is not node}
            rest = Product(whole.number, others, zero_wins=whole.zero_wins)
            for candidate in (rest, _with_complement(b, rest)):
                found = candidate and _distributed(y, parts, candidate, collect)
                if found:
                    below = [n for n, exponent in whole.below.items() for _ in range(exponent)]
                    return summed(b, found, below)
    return None


def _distributed(
    y: Spec, parts: list[tuple[float, Node]], rest: Product, collect: bool
) -> list[Product] | None:
    """Multiply every term by the rest; None unless every division goes, and nothing grows."""
    found, fractions, before = [], 0, rest.size
    for sign, term in parts:
        part = product(y.dtype, (term, 1))
        before += part.size
        fractions += len(part.below)
        part.number *= sign * rest.number
        part.zero_wins |= rest.zero_wins
        for node, exponent in rest.above.items():
            part.times(node, exponent)
        part.cancel()
        if part.below or not _same_dtype(part):
            return None
        found.append(part)
    fewer = collected(y.dtype, found) if collect else None
    if fewer and _size(fewer) < _size(found):
        found = fewer
    return found if fractions and _size(found) <= before else None


def _size(parts: list[Product]) -> int:
    return sum(part.size for part in parts)


def _with_complement(b: Builder, rest: Product) -> Product | None:
    """Read σ(z) · e^(−z) as 1 − σ(z): what the derivative of 1 / (1 + e^(−z)) is made of."""
    for h, e in ((h, e) for h in rest.above for e in rest.above):
        if known_name(h.op) != "sigmoid" or (u := b.made_by(e, np.exp)) is None:
            continue
        if _negated(b, u[0]) is h.inputs[0]:
            found = Product(rest.number, dict(rest.above), {h: 1, e: 1}, rest.zero_wins)
            found.cancel()
            found.times(b(np.subtract, 1.0, h))
            return found
    return None


def _is_real(y: Any) -> bool:
    return type(y) is Spec and y.dtype.kind == "f"


def _same_dtype(part: Product) -> bool:
    """Whole numbers of NumPy's would wrap around where floats do not."""
    dtypes = {dtype_of(node) for node in (*part.above, *part.below)}
    return len(dtypes) == 1 and dtypes.pop().kind == "f"


def _orders(pair: tuple[Node, ...] | None) -> Iterator[tuple[Node, Node]]:
    if pair is not None:
        yield pair[0], pair[1]
        yield pair[1], pair[0]
