"""Elementwise arithmetic as sums of products: what cancelling, distributing and collecting read.

A product is a number times powers of nodes, above and below the fraction's line. Only a few dozen
nodes are looked at from any one: the work per node is bounded, whatever the program's length.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..graph import Node
from ..rules import elementwise
from .fold import Builder

__all__ = ["Product", "collected", "divides", "product", "summed", "terms"]

LOOKED_AT, TERMS, MONOMIALS, NEAR = 16, 6, 16, 6
"""Nodes read of a product; terms read of a sum; monomials made; how near a division must be."""
_EPS = 8 * float(np.finfo(np.float64).eps)
_MULTIPLIES = frozenset((np.multiply, elementwise.product))
_DIVIDES = frozenset((np.divide, elementwise.quotient))
_CARRIES = _MULTIPLIES | {np.add, np.subtract, np.negative, np.square}


@dataclass
class Product:
    """number · Π above / Π below, with their exponents (all positive)."""

    number: float = 1.0
    above: dict[Node, int] = field(default_factory=dict)
    below: dict[Node, int] = field(default_factory=dict)
    zero_wins: bool = False
    """Whether 0 · inf is 0 in it (see `rules.elementwise.product`)."""

    def times(self, node: Node, exponent: int = 1) -> None:
        """Multiply by a power of a node; above and below are kept apart."""
        side = self.above if exponent > 0 else self.below
        side[node] = side.get(node, 0) + abs(exponent)

    def cancel(self) -> bool:
        """Take out what stands above and below; tell whether anything did."""
        common = [node for node in self.below if node in self.above]
        for node in common:
            least = min(self.above[node], self.below[node])
            for side in (self.above, self.below):
                side[node] -= least
                if not side[node]:
                    del side[node]
        return bool(common)

    @property
    def size(self) -> int:
        """How many operations it takes, about."""
        count = sum(self.above.values()) + sum(self.below.values())
        return count + (abs(self.number) != 1.0)


def _function(node: Node) -> Any:
    return None if node.op is None else node.op.function


def _number(node: Node) -> float | None:
    """Return Python's number, finite and not 0."""
    value = node.value
    if node.op is not None or type(value) not in (int, float) or value == 0:
        return None
    return float(value) if 1e-15 < abs(value) < 1e15 else None


def divides(b: Builder, node: Node) -> bool:
    """Tell whether arithmetic a few steps below a node divides by something that is not known."""
    return _steps_to_a_division(b.memo, node) <= NEAR


def _steps_to_a_division(memo: dict[Any, Any], node: Node) -> int:
    waiting = [node]
    while waiting:
        top = waiting[-1]
        key = ("division", top)
        function = _function(top)
        if key in memo:
            waiting.pop()
        elif function in _DIVIDES:
            memo[key] = 0
        elif function not in _CARRIES:
            memo[key] = NEAR + 1
        else:
            unknown = [x for x in top.inputs if ("division", x) not in memo]
            waiting += unknown
            if not unknown:
                below = min(memo["division", x] for x in top.inputs)
                memo[key] = min(below, NEAR) + 1
    return int(memo["division", node])


def product(dtype: Any, *parts: tuple[Node, int]) -> Product:
    """Read powers of nodes as one product of what is no product itself."""
    found, left, waiting = Product(), LOOKED_AT, [*reversed(parts)]
    while waiting:
        node, exponent = waiting.pop()
        left -= 1
        function, number = _function(node), _number(node)
        if number is not None:
            found.number *= number**exponent
        elif left < 0 or getattr(node.value, "dtype", None) != dtype:
            found.times(node, exponent)
        elif function in _MULTIPLIES:
            found.zero_wins |= function is not np.multiply
            waiting += [(node.inputs[1], exponent), (node.inputs[0], exponent)]
        elif function in _DIVIDES:
            waiting += [(node.inputs[1], -exponent), (node.inputs[0], exponent)]
        elif function is np.square:
            waiting.append((node.inputs[0], 2 * exponent))
        elif function is np.negative:
            found.number *= (-1.0) ** exponent
            waiting.append((node.inputs[0], exponent))
        else:
            found.times(node, exponent)
    return found


def terms(dtype: Any, node: Node) -> list[tuple[float, Node]] | None:
    """Read a sum as its terms and their signs; None where it is none, or a long one."""
    if _function(node) not in (np.add, np.subtract):
        return None
    found, waiting = [], [(1.0, node)]
    while waiting:
        sign, one = waiting.pop()
        function = _function(one) if getattr(one.value, "dtype", None) == dtype else None
        if function is np.negative:
            waiting.append((-sign, one.inputs[0]))
        elif function in (np.add, np.subtract):
            other = sign if function is np.add else -sign
            waiting += [(other, one.inputs[1]), (sign, one.inputs[0])]
        else:
            found.append((sign, one))
        if len(found) + len(waiting) > TERMS:
            return None
    return found


def collected(dtype: Any, parts: Sequence[Product]) -> list[Product] | None:
    """Multiply products out over the sums in them, and add up what is alike; None: too many."""
    found: dict[Any, Product] = {}
    size: dict[Any, float] = {}
    for part in parts:
        out = _multiplied_out(dtype, part)
        if out is None:
            return None
        for one in out:
            key = frozenset(one.above.items())
            size[key] = max(size.get(key, 0.0), abs(one.number))
            if key in found:
                found[key].number += one.number
            else:
                found[key] = one
    return [one for key, one in found.items() if abs(one.number) > _EPS * size[key]]


def _multiplied_out(dtype: Any, part: Product) -> list[Product] | None:
    found = [Product(part.number, zero_wins=part.zero_wins)]
    for node, exponent in part.above.items():
        for _ in range(exponent):
            found = [_joined(one, other) for one in found for other in _linear(dtype, node)]
            if len(found) > MONOMIALS:
                return None
    return found


def _linear(dtype: Any, node: Node) -> list[Product]:
    """Return what a node is a sum of; itself if that has fractions, or if it is none."""
    parts = []
    for sign, term in terms(dtype, node) or ():
        part = product(dtype, (term, 1))
        part.number *= sign
        parts.append(part)
    return parts if parts and not any(p.below for p in parts) else [Product(1.0, {node: 1})]


def _joined(one: Product, other: Product) -> Product:
    joined = Product(one.number * other.number, dict(one.above))
    joined.zero_wins = one.zero_wins or other.zero_wins
    for node, exponent in other.above.items():
        joined.times(node, exponent)
    return joined


def summed(b: Builder, parts: Sequence[Product], below: Sequence[Node] = ()) -> Node:
    """Make the sum of products, what all of them have in common pulled out, over `below`."""
    shared = dict(parts[0].above) if len(parts) > 1 else {}
    for part in parts[1:]:
        shared = {n: min(e, part.above[n]) for n, e in shared.items() if n in part.above}
    sizes = [abs(part.number) for part in parts]
    alike = max(sizes) - min(sizes) <= _EPS * max(sizes)
    number = sizes[0] if alike else 1.0
    zero_wins = any(part.zero_wins for part in parts)
    made: Node | None = None
    for part in sorted(parts, key=lambda p: p.number < 0.0):
        own = {n: e - shared.get(n, 0) for n, e in part.above.items() if e > shared.get(n, 0)}
        size = 1.0 if alike else abs(part.number)
        term = _made(b, Product(size, own, zero_wins=zero_wins))
        if made is None:
            made = term if part.number > 0.0 else b(np.negative, term)
        else:
            made = b(np.add if part.number > 0.0 else np.subtract, made, term)
    assert made is not None
    if shared:
        factor = _made(b, Product(1.0, shared, zero_wins=zero_wins))
        made = b(elementwise.product if zero_wins else np.multiply, made, factor)
    for node in below:
        made = b(elementwise.quotient if zero_wins else np.divide, made, node)
    return made if number == 1.0 else b(np.multiply, made, number)


def _made(b: Builder, part: Product) -> Node:
    times = elementwise.product if part.zero_wins else np.multiply
    nodes = [node for node, exponent in part.above.items() for _ in range(exponent)]
    if not nodes:
        return b.constant(part.number)
    made = nodes[0]
    for node in nodes[1:]:
        made = b(times, made, node)
    return made if abs(part.number - 1.0) <= _EPS else b(np.multiply, made, part.number)
