"""Expressions as a derivation writes them: sums, products with a fraction's line, functions.

They are read from a graph, signs and numbers gathered as one would write them, and know their own
value: what is printed is what is checked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..elements import known_name
from ..graph import Node
from .specs import known_number, shape_of

__all__ = [
    "Call", "Expression", "Product", "Sum", "Symbol", "expression", "product_of", "replaced",
    "symbols_in",
]  # fmt: skip

LARGEST = 400
"""Operations between names that one expression may have: more is not read by anybody."""


class Expression:
    """What can be written and has a value."""

    def value(self) -> Any:
        """Return the value on what was recorded."""
        raise NotImplementedError


@dataclass(frozen=True)
class Symbol(Expression):
    """A name: a3, y, m, Θ2; or ∂J/∂ of one."""

    name: str
    known: Any = field(compare=False, repr=False)
    of: str = ""
    """J, if this is ∂J/∂name."""

    def value(self) -> Any:
        """Return the value on what was recorded."""
        return self.known


@dataclass(frozen=True)
class Sum(Expression):
    """Terms, their signs in their numbers."""

    terms: tuple[Expression, ...]

    def value(self) -> Any:
        """Return the value on what was recorded."""
        total = self.terms[0].value()
        for term in self.terms[1:]:
            total = total + term.value()
        return total


@dataclass(frozen=True)
class Product(Expression):
    """number · Π above / Π below."""

    number: float
    above: tuple[tuple[Expression, int], ...] = ()
    below: tuple[tuple[Expression, int], ...] = ()

    def value(self) -> Any:
        """Return the value on what was recorded."""
        found: Any = self.number
        for one, exponent in self.above:
            found = found * one.value() ** exponent
        for one, exponent in self.below:
            found = found / one.value() ** exponent
        return found


@dataclass(frozen=True)
class Call(Expression):
    """f(arguments): a function's name, or dot, transpose, sum, repeat."""

    name: str
    arguments: tuple[Expression, ...]
    compute: Callable[..., Any] = field(compare=False, repr=False)
    how: str = ""

    def value(self) -> Any:
        """Return the value on what was recorded."""
        given = [a.value() for a in self.arguments]
        return self.compute(*[x if hasattr(x, "dtype") else np.float64(x) for x in given])


def product_of(number: float, *factors: tuple[Expression, int]) -> Expression:
    """Multiply powers; products inside are opened, equal factors are one power."""
    above: dict[Expression, int] = {}
    below: dict[Expression, int] = {}
    waiting = [*reversed(factors)]
    while waiting:
        one, exponent = waiting.pop()
        if isinstance(one, Product):
            number *= one.number**exponent
            waiting += [(f, -e * exponent) for f, e in reversed(one.below)]
            waiting += [(f, e * exponent) for f, e in reversed(one.above)]
        elif exponent:
            side = above if exponent > 0 else below
            side[one] = side.get(one, 0) + abs(exponent)
    if number == 1.0 and not below and len(above) == 1 and next(iter(above.values())) == 1:
        return next(iter(above))
    return Product(number, tuple(above.items()), tuple(below.items()))


def _sum_of(*terms: Expression) -> Expression:
    flat: list[Expression] = []
    for term in terms:
        flat += term.terms if isinstance(term, Sum) else [term]
    return Sum(tuple(flat))


def _negative(one: Expression) -> Expression:
    return product_of(-1.0, (one, 1))


def _subtracted(one: Expression, other: Expression) -> Expression:
    parts = other.terms if isinstance(other, Sum) else (other,)
    return _sum_of(one, *map(_negative, parts))


def _power(one: Expression, other: Expression) -> Expression | None:
    if not isinstance(other, Product) or other.above or other.below:
        return None
    whole = other.number.is_integer() and abs(other.number) < 100
    return product_of(1.0, (one, int(other.number))) if whole else None


ARITHMETIC: dict[str, Callable[..., Expression | None]] = {
    "add": _sum_of,
    "subtract": _subtracted,
    "negative": _negative,
    "multiply": lambda x, z: product_of(1.0, (x, 1), (z, 1)),
    "product": lambda x, z: product_of(1.0, (x, 1), (z, 1)),
    "divide": lambda x, z: product_of(1.0, (x, 1), (z, -1)),
    "quotient": lambda x, z: product_of(1.0, (x, 1), (z, -1)),
    "square": lambda x: product_of(1.0, (x, 2)),
    "reciprocal": lambda x: product_of(1.0, (x, -1)),
    "power": _power,
    "positive": lambda x: x,
    "identity": lambda x: x,
    "astype": lambda x: x,
}
PRODUCTS = frozenset(("dot", "matmul", "vdot", "inner"))


def expression(root: Node, symbols: Mapping[Node, Symbol]) -> Expression:
    """Read a node's formula down to the nodes that have a symbol.

    Raises
    ------
    ValueError
        When there are too many operations between names.
    """
    made: dict[Node, Expression] = {}
    size: dict[Node, int] = {}
    """Operations, those that stand twice counted twice: an expression is a tree."""
    waiting = [root]
    while waiting:
        node = waiting[-1]
        if node in made:
            waiting.pop()
            continue
        if node in symbols and node is not root:
            made[node], size[node] = symbols[node], 0
            continue
        missing = [x for x in node.inputs if x not in made]
        if missing:
            waiting += reversed(missing)
            continue
        size[node] = 1 + sum(size[x] for x in node.inputs)
        if size[node] > LARGEST:
            raise ValueError(
                f"the formula has more than {LARGEST} operations between named tensors; name some "
                'on the way (t.name = "a2"), or ask for the derivative of a part'
            )
        made[node] = _of_node(node, [made[x] for x in node.inputs], symbols)
    return made[root]


def _of_node(node: Node, given: list[Expression], symbols: Mapping[Node, Symbol]) -> Expression:
    if node.op is None:
        if node in symbols:
            return symbols[node]
        number = known_number(node)
        if isinstance(number, (int, float)):
            return Product(float(number))
        return Symbol("c", node.value)
    name = known_name(node.op)
    if name in ARITHMETIC and (made := ARITHMETIC[name](*given)) is not None:
        return made
    if name == "affine":
        a, weights, bias = given
        turned = Call("transpose", (weights,), np.transpose)
        return _sum_of(Call("dot", (a, turned), np.dot), bias)
    compute, metadata = node.op.compute, node.metadata
    function = _bound(compute, metadata) if metadata else compute
    if name in PRODUCTS:
        return Call("dot", tuple(given), function)
    if name in ("spread", "broadcast_to", "reshape", "expand_dims", "squeeze"):
        plain = not shape_of(node.inputs[0])
        return given[0] if plain else Call("repeat", tuple(given), function)
    return Call(name or node.op.name, tuple(given), function, _axes(metadata))


def _bound(compute: Any, metadata: dict[str, Any]) -> Callable[..., Any]:
    return lambda *arrays: compute(*arrays, **metadata)


def _axes(metadata: dict[str, Any]) -> str:
    """Name what is summed over: rows are examples i, columns are units or classes k."""
    letters = {"0": "i", "(0,)": "i", "1": "k", "-1": "k", "(1,)": "k"}
    return letters.get(str(metadata.get("axis")), "")


def replaced(one: Expression, old: Symbol, new: Expression) -> Expression:
    """Put an expression in a symbol's place, within functions too."""
    if one == old:
        return new
    if isinstance(one, Sum):
        return Sum(tuple(replaced(t, old, new) for t in one.terms))
    if isinstance(one, Product):
        above, below = (
            tuple((replaced(f, old, new), e) for f, e in side) for side in (one.above, one.below)
        )
        return Product(one.number, above, below)
    if isinstance(one, Call):
        given = tuple(replaced(a, old, new) for a in one.arguments)
        return Call(one.name, given, one.compute, one.how)
    return one


def symbols_in(one: Expression) -> list[Symbol]:
    """Return the symbols of an expression, not those within functions."""
    found: list[Symbol] = []
    waiting = [one]
    while waiting:
        top = waiting.pop()
        if isinstance(top, Symbol):
            found.append(top)
        elif isinstance(top, Sum):
            waiting += reversed(top.terms)
        elif isinstance(top, Product):
            waiting += [f for f, _ in reversed((*top.above, *top.below))]
    return found
