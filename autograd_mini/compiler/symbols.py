"""A gradient's graph, up to what has names: the symbols that a derivation is written in.

Tensors are called by their names, cotangents ∂J/∂ of them; labels are y, the number of examples m.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

import numpy as np

from ..elements import broadcasts, known_name
from ..graph import EMPTY, Node, make_node, walk
from .expressions import Symbol
from .proof import Plain
from .specs import Spec, is_constant, known_number, shape_of, spec_of

__all__ = ["Named"]

REPEATS = frozenset(("spread", "broadcast_to"))
DIVIDE = frozenset(("divide", "quotient"))


class Named:
    """The graph of ∂J/∂wrt, built anew without simplification, and its symbols."""

    def __init__(self, J: Node, wrt: Node, root: Node, names: dict[str, Any]) -> None:
        self.J, self.wrt, self.names = J, wrt, names
        self.gradient = np.asarray(root.value)
        self.b = Plain({})
        self.symbols: dict[Node, Symbol] = {}
        """What has a name, in the builder's graph."""
        self.given: set[Node] = set()
        """Where that graph ends."""
        self.partials: list[Node] = []
        self.new: dict[Node, Node] = {}
        self.before = {*walk(J)}
        self.rows = _examples(J, wrt)
        # Two numbers equal to m: only that which a mean divided by is m for certain.
        self.sure = sum(_divides_by(node, self.rows) for node in self.before) < 2
        self.arrays: list[tuple[Any, Node]] = []
        """Arrays that were named, and what stands for them."""
        self.label: tuple[Any, Node] | None = None
        self.nearer: tuple[Any, Node] | None = None
        self.turned = _signs_of_logits(self.before)
        self.multiplied = _operands_of_products([*self.before, *walk(root)])
        self.taken = {n.name for n in self.before if n.name}
        self.root = self._copied(root)

    # ---- the graph, up to what has names

    def _copied(self, root: Node) -> Node:
        inside = self._region(root)
        beside = {id(node.value) for node in _beside_log(self.before)}

        def place(node: Node) -> tuple[bool, bool, bool, int]:
            """Constants first, signs before others, y before 1 − y."""
            array = _is_array(node)
            sign = array and id(node.value) in self.turned
            alone = array and id(node.value) not in beside
            return not array, array and not sign, alone, node.number

        for node in sorted(inside, key=place):
            if node in self.new:
                continue
            if node.op is None or node in self.cut:
                self.new[node] = self._leaf(node)
            else:
                inputs = tuple(self._input(node, k) for k in range(len(node.inputs)))
                if known_name(node.op) in REPEATS and not shape_of(self.new[node.inputs[0]]):
                    self.new[node] = self.new[node.inputs[0]]  # one number for all needs no saying
                    continue
                if (parts := _product_with_vector(node)) is not None:
                    product, *operands = parts
                    op: Any = product.op
                    self.new[node] = self.b.make(op, tuple(self.new[x] for x in operands))
                    continue
                as_recorded = [*map(shape_of, inputs)] == [*map(shape_of, node.inputs)]
                spec = spec_of(node) if as_recorded else None
                made = self.b.make(node.op, inputs, node.metadata, spec)
                self.new[node] = made
                symbol = self._symbol(node) if node is not root else None
                if symbol is not None:
                    self.symbols.setdefault(made, symbol)
                    if symbol.of:
                        self.partials.append(made)
        return self.new[root]

    def _region(self, root: Node) -> list[Node]:
        """Return what the formula may be made of, oldest first; `cut` is where it ends."""
        self.cut: set[Node] = set()
        seen = {root: True}  # whether only elementwise operations lie between it and the root
        waiting = [root]
        while waiting:
            node = waiting.pop()
            plain = seen[node] and (broadcasts(node.op) or known_name(node.op) == "spread")
            for x in node.inputs:
                if seen.get(x) is None or (plain and not seen[x]):
                    seen[x] = plain
                    if self._ends(x, plain):
                        self.cut.add(x)
                    else:
                        self.cut.discard(x)
                        waiting.append(x)
        return sorted(seen, key=lambda node: node.number)

    def _ends(self, node: Node, plain: bool) -> bool:
        if node.op is None or node is self.wrt:
            return True
        if _partial_of(node):
            return not plain
        if node.name is None:
            return False
        return not broadcasts(node.op)  # what h is, is wanted: 1 / (1 + e^−z) is a sigmoid

    def _leaf(self, node: Node) -> Node:
        number = known_number(node)
        plain = not node.tracked and node.name is None and np.ndim(node.value) == 0
        if number is not None and plain:
            return self.b.constant(number)
        made = _placeholder(spec_of(node))
        self.given.add(made)
        symbol = self._symbol(node)
        if symbol is None:
            return self._constant(node, made)
        self.symbols[made] = symbol
        return made

    def _input(self, node: Node, k: int) -> Node:
        """Return an input's copy; a divisor that is the number of examples is m."""
        x = node.inputs[k]
        divisor = k == 1 and known_name(node.op) in DIVIDE and is_constant(x)
        divisor = divisor and (self.sure or type(known_number(x)) is float)
        if divisor and self.rows > 1 and known_number(x) == self.rows and np.ndim(x.value) == 0:
            return self._m(spec_of(node))
        new = self.new[x]
        if type(new.value) is float and not broadcasts(node.op) and hasattr(x.value, "dtype"):
            return self.b.constant(x.value)  # Python's numbers have no axes, NumPy's have
        return new

    def _m(self, spec: Any) -> Node:
        dtype = spec.dtype if type(spec) is Spec else np.dtype(np.float64)
        key = ("m", dtype)
        if key not in self.b.memo:
            made = self.b.memo[key] = _placeholder(Spec((), dtype))
            self.given.add(made)
            self.symbols[made] = Symbol(self._free("m"), dtype.type(self.rows))
        found: Node = self.b.memo[key]
        return found

    # ---- names

    def _symbol(self, node: Node) -> Symbol | None:
        if of := _partial_of(node):
            return Symbol(of, node.value, self.J.name or "J")
        if node is self.wrt:
            return Symbol(node.name or self._free("x"), node.value)
        for name, value in self.names.items():
            if np.shape(value) == np.shape(node.value) and np.array_equal(value, node.value):
                return Symbol(name, node.value)
        if node.name and node in self.before and "−" not in node.name:
            return Symbol(node.name, node.value)
        return None

    def _free(self, name: str) -> str:
        """Return a name that no tensor has; the same for what is asked for once."""
        while name in self.taken:
            name = chr(ord(name) + 1) if name not in "yz" else name + "′"
        self.taken.add(name)
        return name

    def _constant(self, node: Node, made: Node) -> Node:
        """Name an array that is no tensor: y, or what is made of the y that is known already."""
        value = node.value
        for known, other in self.arrays:
            if _same(known, value):
                return other
        for x in self.multiplied & self.before if node not in self.before else ():
            matrix = x.op is None and np.ndim(x.value) == 2 and not _same(x.value, value)
            if matrix and _same(np.transpose(x.value), value):
                return self.b(np.transpose, self._leaf(x))
        if self.label is not None and _same(1.0 - self.label[0], value):
            return self.b(np.subtract, 1.0, self.label[1])
        if "2y" in "".join((node.name or "").split()):
            found = self._sign(node, "y")
        elif id(value) in self.turned and np.all(np.abs(value) == 1.0):
            found = self._sign(node, "n")  # around the nearer of 0 and 1
        elif (nearer := self._nearer(value)) is not None:
            found = self.b(np.subtract, nearer, self._label(node, made))
        else:
            found = made
            label = _is_label(self.wrt) and self.label is None and not self._in_product(node)
            label = label and np.ndim(value) > 0
            otherwise = "w" if node.tracked else "c"
            name = self._free("y" if label else "X" if self._in_product(node) else otherwise)
            self.symbols[made] = Symbol(name, value)
            if label:
                self._labelled(value, made)
        self.arrays.append((value, found))
        return found

    def _labelled(self, value: Any, made: Node) -> None:
        self.label = (value, made)
        if np.ndim(value) and np.allclose(np.sum(value, axis=-1), 1.0, atol=1e-12):
            self.b.memo["sums to one"] = {made}

    def _nearer(self, value: Any) -> Node | None:
        """Return n if this is n − y for labels y from 0 to 1, of which n is the nearer end."""
        if self.nearer is None or np.shape(self.nearer[0]) != np.shape(value):
            return None
        y = self.nearer[0] - value
        return self.nearer[1] if np.all((y >= 0) & (y <= 1) & (np.abs(value) <= 0.5)) else None

    def _label(self, node: Node, made: Node) -> Node:
        assert self.nearer is not None
        value = self.nearer[0] - node.value
        self.symbols[made] = Symbol(self._free("y"), value)
        self._labelled(value, made)
        return made

    def _sign(self, node: Node, name: str) -> Node:
        label = _placeholder(spec_of(node))
        self.given.add(label)
        value = (1.0 - node.value) / 2.0
        self.symbols[label] = Symbol(self._free(name), value)
        if name == "y":
            self._labelled(value, label)
        else:
            self.nearer = (value, label)
        sign = self.b(np.subtract, 1.0, self.b(np.multiply, 2.0, label))
        self.b.memo.setdefault("signs", {})[sign] = label
        return sign

    def _in_product(self, node: Node) -> bool:
        return node in self.multiplied


def _placeholder(spec: Any) -> Node:
    return make_node(None, (), EMPTY, spec, True)


def _partial_of(node: Node) -> str:
    """Return a3 if a node is the cotangent of what is named a3."""
    name = node.name or ""
    return name.removesuffix("_grad") if name.endswith("_grad") else ""


def _is_label(wrt: Node) -> bool:
    return bool(re.fullmatch(r"[za]_?\d*", wrt.name or ""))


def _examples(J: Node, wrt: Node) -> int:
    """Return the number of examples: rows of z, else of what is derived."""
    layers = [n for n in walk(J) if n.name and re.fullmatch(r"[za]\d+", n.name)]
    if layers:
        return len(layers[0].value) if np.ndim(layers[0].value) == 2 else 1
    for node in reversed(walk(J)):
        if known_name(node.op) in ("mean", "sum") and np.ndim(node.inputs[0].value):
            return len(node.inputs[0].value)
    return len(wrt.value) if np.ndim(wrt.value) else 1


def _divides_by(node: Node, m: int) -> bool:
    """Tell whether a recorded operation divides by the number of examples, or may."""
    if known_name(node.op) == "mean":
        return True
    return known_name(node.op) in DIVIDE and bool(known_number(node.inputs[1]) == m)


def _product_with_vector(node: Node) -> tuple[Node, Node, Node] | None:
    """Return (product, A, g) of (A g[:, None])[:, 0], as a product's rule has it: A g."""
    if known_name(node.op) != "get_item" or not _is_key(node, 0):
        return None
    product = node.inputs[0]
    if known_name(product.op) not in ("matmul", "dot"):
        return None
    A, column = product.inputs
    if known_name(column.op) != "get_item" or not _is_key(column, None):
        return None
    return product, A, column.inputs[0]


def _is_key(node: Node, last: Any) -> bool:
    key = node.metadata.get("key")
    return type(key) is tuple and len(key) == 2 and key[0] is Ellipsis and key[1] is last


def _is_array(node: Node) -> bool:
    return node.op is None and np.ndim(node.value) > 0


def _same(one: Any, other: Any) -> bool:
    return np.shape(one) == np.shape(other) and np.array_equal(one, other)


def _beside_log(nodes: Collection[Node]) -> set[Node]:
    """Return what multiplies a logarithm of something that is no difference: y, not 1 − y."""
    return {
        x
        for node in nodes
        if known_name(node.op) == "multiply"
        for x, other in (node.inputs, node.inputs[::-1])
        if known_name(other.op) == "log" and known_name(other.inputs[0].op) != "subtract"
    }


def _signs_of_logits(nodes: Collection[Node]) -> set[int]:
    """Return what multiplies z in softplus(z · (1 − 2n)), by the arrays' ids."""
    inner = [x for node in nodes if known_name(node.op) == "softplus" for x in node.inputs]
    products = [node.inputs for node in inner if known_name(node.op) == "multiply"]
    return {id(x.value) for pair in products for x in pair if _is_array(x)}


def _operands_of_products(nodes: Collection[Node]) -> set[Node]:
    """Return what stands in products of matrices, and what that is a transpose of."""
    found: set[Node] = set()
    for node in sorted(nodes, key=lambda n: -n.number):
        turned = node in found and known_name(node.op) == "transpose"
        if turned or known_name(node.op) in ("dot", "matmul", "affine"):
            found.update(node.inputs)
    return found
