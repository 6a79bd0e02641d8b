"""A graph that is simplified one identity at a time, so that each can be told.

The identities are the compiler's own; a few more are for reading alone: a common factor is pulled
out, a sum is collected, and y is known to be 0 or 1 where it is.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial
from typing import Any

import numpy as np

from ..elements import broadcasts, known_name
from ..graph import EMPTY, Node, make_node
from ..op import OPS, Op
from ..rules.elementwise import product as guarded
from ..rules.elementwise import quotient
from . import identities  # noqa: F401 -- fills IDENTITIES
from .fold import IDENTITIES, Builder, Identity, walk_above
from .identities import fractions
from .monomials import Product, collected, divides, product, summed, terms
from .specs import Spec, infer, shape_of, spec_of

__all__ = ["PHASES", "SAID_ALREADY", "Plain", "rebuilt", "rewrite"]


_LEFT_OUT = ("x / c = x · (1/c)", "+x = x", "another name for x is x", "x · x = x²")


class Plain(Builder):
    """Makes nodes as they are asked for: nothing is simplified but 2 · 3; 0 · inf is nobody's."""

    def make(self, op: Op, inputs: tuple[Node, ...], metadata: dict[str, Any] = EMPTY,
             spec: Any = None) -> Node:  # fmt: skip
        """Return the node of this operation."""
        plain = {guarded: np.multiply, quotient: np.divide}.get(op.function)
        return super().make(OPS[plain] if plain else op, inputs, metadata, spec)

    def _new(self, op: Op, inputs: tuple[Node, ...], metadata: dict[str, Any], spec: Any) -> Node:
        spec = infer(op, [x.value for x in inputs], metadata) if spec is None else spec
        if type(spec) is Spec and broadcasts(op):
            weakened = self._weakened(op, inputs, spec)
            if weakened != inputs:
                return self.make(op, weakened, metadata, spec)
        return make_node(op, inputs, metadata, spec, False, ())

    def _computed(self, op: Op, inputs: tuple[Node, ...], metadata: dict[str, Any]) -> Node | None:
        plain = op.function
        numbers = all(type(node.value) in (int, float) and node.op is None for node in inputs)
        if not numbers or not isinstance(plain, np.ufunc) or not inputs:
            return None
        with np.errstate(all="ignore"):
            return self.constant(float(plain(*[node.value for node in inputs])))


# ---- identities for reading


def _parts(b: Builder, y: Any, node: Node) -> list[Product]:
    """Read a sum's terms as products."""
    found = terms(y.dtype, node) if type(y) is Spec and y.dtype.kind == "f" else None
    parts = []
    for sign, term in found or ():
        part = product(y.dtype, (term, 1))
        part.number *= sign
        part.zero_wins = False
        parts.append(part)
    return parts


def _collect(b: Builder, y: Any, node: Node) -> Node | None:
    parts = _parts(b, y, node)
    if not parts or divides(b, node):
        return _alike(b, parts)
    found = collected(y.dtype, parts)
    if not found or sum(p.size + 1 for p in found) >= sum(p.size + 1 for p in parts):
        return None
    return summed(b, found)


def _alike(b: Builder, parts: list[Product]) -> Node | None:
    """Add up fractions that differ in their numbers alone."""
    found: dict[Any, Product] = {}
    for part in parts:
        key = frozenset(part.above.items()), frozenset(part.below.items())
        if key in found:
            found[key].number += part.number
        else:
            found[key] = part
    left = [part for part in found.values() if part.number]
    if not left or len(left) == len(parts):
        return None
    made: Node | None = None
    for part in left:
        plus, part.number = part.number > 0, abs(part.number)
        made = _added(b, made, _made(b, part), plus)
    return made


def _pull_out(b: Builder, y: Any, node: Node) -> Node | None:
    """Pull out what every term has above, or below, and a sign that all have."""
    parts = _parts(b, y, node)
    if not parts:
        return None
    above = _shared([part.above for part in parts])
    below = _shared([part.below for part in parts])
    below = {n: e for n, e in below.items() if n.op is None and not shape_of(n)}  # such as m
    sizes = {abs(part.number) for part in parts}
    number = sizes.pop() if len(sizes) == 1 else 1.0
    signs = [part.number < 0 for part in parts]
    if all(signs) or (signs[0] and (above or below or number != 1.0)):
        number = -number
    if not above and not below and number == 1.0:
        return None
    made: Node | None = None
    for part in parts:
        rest = part.number / number
        left = Product(abs(rest), _without(part.above, above), _without(part.below, below))
        made = _added(b, made, _made(b, left), rest > 0)
    assert made is not None
    if above:
        made = b(np.multiply, summed(b, [Product(1.0, above)]), made)
    made = _times(b, made, below, np.divide)
    return made if number == 1.0 else b(np.multiply, made, number)


def _shared(sides: list[dict[Node, int]]) -> dict[Node, int]:
    return {n: min(s[n] for s in sides) for n in sides[0] if all(n in s for s in sides)}


def _without(side: dict[Node, int], shared: dict[Node, int]) -> dict[Node, int]:
    return {n: e - shared.get(n, 0) for n, e in side.items() if e > shared.get(n, 0)}


def _added(b: Builder, total: Node | None, term: Node, plus: bool) -> Node:
    if total is None:
        return term if plus else b(np.negative, term)
    return b(np.add if plus else np.subtract, total, term)


def _made(b: Builder, part: Product) -> Node:
    top = summed(b, [Product(part.number, part.above)]) if part.above else b.constant(part.number)
    return _times(b, top, part.below, np.divide)


def _times(b: Builder, made: Node, side: dict[Node, int], function: Any) -> Node:
    for node, exponent in side.items():
        for _ in range(exponent):
            made = b(function, made, node)
    return made


def _no_collection(b: Builder, y: Any, x: Node, z: Node) -> Node | None:
    return fractions.distributed(b, y, x, z, collect=False)


def _zero_or_one(b: Builder, y: Any, x: Node, z: Node) -> Node | None:
    """(1 − 2y)·σ((1 − 2y)z) is σ(z) for y = 0 and −σ(−z) = σ(z) − 1 for y = 1."""
    signs: Mapping[Node, Node] = b.memo.get("signs", {})
    if not signs or type(y) is not Spec or y.dtype.kind != "f":
        return None
    whole = product(y.dtype, (x, 1), (z, 1))
    for sign in [n for n in whole.above if n in signs]:
        for h in [n for n in whole.above if known_name(n.op) == "sigmoid"]:
            inner = product(y.dtype, (h.inputs[0], 1))
            if inner.above.get(sign) != 1 or whole.above[sign] != 1 or whole.above[h] != 1:
                continue
            del inner.above[sign]
            for used in (sign, h):
                del whole.above[used]
            assert h.op is not None
            plain = b.make(h.op, (summed(b, [inner]),))
            made = b(np.subtract, plain, signs[sign])
            rest = _made(b, Product(whole.number, whole.above, whole.below))
            return made if rest.op is None and rest.value == 1.0 else b(np.multiply, made, rest)
    return None


def _turned(b: Builder, y: Any, *inputs: Node, function: Any) -> Node | None:
    """−c(x − z) is c(z − x)."""
    if type(y) is not Spec or y.dtype.kind != "f":
        return None
    whole = product(y.dtype, (b(function, *inputs), 1))
    for node in whole.above if whole.number < 0 else ():
        if (inner := b.made_by(node, np.subtract)) and whole.above[node] == 1:
            turned = {b(np.subtract, *inner[::-1]) if n is node else n: e
                      for n, e in whole.above.items()}  # fmt: skip
            return _made(b, Product(-whole.number, turned, whole.below))
    return None


def _over_itself(b: Builder, y: Any, x: Node, z: Node) -> Node | None:
    return b.constant(1.0) if x is z else None


def _out_of_sum(b: Builder, y: Any, x: Node, **how: Any) -> Node | None:
    """Write what is one number before the Σ."""
    if type(y) is not Spec or y.dtype.kind != "f":
        return None
    whole = product(y.dtype, (x, 1))
    outside = Product(
        whole.number,
        {n: e for n, e in whole.above.items() if not shape_of(n)},
        {n: e for n, e in whole.below.items() if not shape_of(n)},
    )
    if not outside.above and not outside.below and outside.number == 1.0:
        return None
    inside = Product(
        1.0, _without(whole.above, outside.above), _without(whole.below, outside.below)
    )
    if not inside.above:
        return None
    return b(np.multiply, b(np.sum, _made(b, inside), **how), _made(b, outside))


def _sum_of_one(b: Builder, y: Any, x: Node, *, axis: Any = None, keepdims: Any = False
                ) -> Node | None:  # fmt: skip
    whole = axis in (-1, len(shape_of(x)) - 1) and x in b.memo.get("sums to one", ())
    return b.constant(1.0) if whole else None


def _softmax(b: Builder, y: Any, x: Node) -> Node | None:
    if known_name(x.op) != "log_softmax":
        return None
    from autograd_mini import nn

    return b(nn.softmax, *x.inputs, **x.metadata)


def _node_of(function: Any, apply: Any) -> Any:
    return lambda b, y, x, z: apply(b, y, b(function, x, z))


def _for_sums(name: str, apply: Any) -> dict[Any, list[Identity]]:
    return {f: [Identity(name, _node_of(f, apply), False)] for f in (np.add, np.subtract)}


def _chapters() -> tuple[dict[Any, list[Identity]], ...]:
    """Return the identities in the order in which they are tried: fractions first, signs last."""
    cancel: dict[Any, list[Identity]] = {}
    signs: dict[Any, list[Identity]] = {}
    for function, several in IDENTITIES.items():
        for one in several:
            module = one.apply.__module__.rpartition(".")[2]
            table = {"fractions": cancel, "arithmetic": signs}.get(module)
            if table is not None and one.name not in _LEFT_OUT:
                table.setdefault(function, []).append(
                    Identity(one.name, _no_collection, False, one.where)
                    if one.apply is fractions.denominators_cancel
                    else one
                )
    known = Identity("(1 − 2y) · σ((1 − 2y)z) = σ(z) − y, as y is 0 or 1", _zero_or_one, False)
    known_y = {f: [known] for f in (np.multiply, guarded)}
    collect = _for_sums("collected: xz + yz = (x + y)z, x − x = 0", _collect)
    common = _for_sums("a common factor: cx + cy = c(x + y)", _pull_out)
    itself = [Identity("x / x = 1", _over_itself, False, "x ≠ 0")]
    cancel |= {f: [*cancel.get(f, ()), *itself] for f in (np.divide, quotient)}
    exact = Identity("e^log x = x", _softmax, False)
    cancel[np.exp] = [*cancel.get(np.exp, ()), exact]
    sums = [
        Identity("Σ_k y = 1, as every row of y sums to 1", _sum_of_one, False),
        Identity("Σ cx = c Σ x", _out_of_sum, False),
    ]
    turned = {
        f: [Identity("−(x − z) = z − x", partial(_turned, function=f), True)]
        for f in (np.negative, np.multiply, np.divide, quotient, guarded)
    }
    return known_y, cancel, {np.sum: sums}, collect, common, turned, signs


PHASES = _chapters()
"""Tables of identities, each tried when those before it have nothing to say."""


SAID_ALREADY = ({np.subtract: [Identity("σ' = a(1 − a)", fractions.slope_of_sigmoid, False)]},)
"""What belongs to the chain rule's own line."""


# ---- one step


def rewrite(
    b: Builder, root: Node, given: Collection[Node],
    phases: tuple[dict[Any, list[Identity]], ...] = PHASES,
) -> tuple[Identity, Node, Node] | None:  # fmt: skip
    """Return the first identity that applies: what it is, the node, and what that becomes."""
    order = [node for node in walk_above([root], given) if node.op is not None]
    for table in phases:
        for node in order:
            op: Any = node.op
            for one in table.get(op.function, ()):
                found = one.apply(b, spec_of(node), *node.inputs, **node.metadata)
                if found is None or found is node:
                    continue
                if spec_of(found) == spec_of(node) or _is_number(found):
                    return one, node, found
    return None


def _is_number(node: Node) -> bool:
    return node.op is None and type(node.value) is float


def rebuilt(b: Builder, root: Node, given: Collection[Node], old: Node, new: Node
            ) -> dict[Node, Node]:  # fmt: skip
    """Put a node in another's place; return what every node has become."""
    became: dict[Node, Node] = {}
    for node in walk_above([root], given):
        if node is old:
            became[node] = new
        elif node.op is None or node in given:
            became[node] = node
        else:
            inputs = tuple(became[x] for x in node.inputs)
            same = inputs == node.inputs
            became[node] = node if same else b.make(node.op, inputs, node.metadata, spec_of(node))
    return became


