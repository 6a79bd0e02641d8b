"""Gathering: a chain of adds becomes one sum, its equal terms stacked.

Σ_k tanh(x ∘ c_k), added up term by term, is one tanh(x ∘ C) of a matrix C whose rows are the c_k,
and one sum over its rows; so is what the backward pass adds up to ∂/∂x. The terms are told to be
equal by a number for each shape of expression, found oldest first. They are stacked only if that
leaves nothing of them to be computed one by one, and while they are small: the calls are what
is saved.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..elements import is_elementwise, known_name
from ..graph import Node
from .fold import Builder, Identity, Step, frozen, walk_above
from .specs import Spec, is_constant, shape_of

__all__ = ["FEWEST", "LARGEST", "gathered"]

FEWEST, LARGEST = 16, 256
"""Terms that are stacked, at least; elements of one of them, at most."""
GATHERED = Identity("a chain of adds = one Σ over its equal terms, stacked", lambda *_: None, False)
_ARITHMETIC = frozenset((np.add, np.subtract, np.multiply, np.divide))

Lanes = tuple[Node, ...]
"""Nodes that do the same, one of each term."""


class _Tree:
    """A tree of adds, each used once: what it adds up, in order, and in groups of equal terms."""

    def __init__(self, root: Node, inner: set[Node], forms: dict[Node, int]) -> None:
        self.root = root
        self.adds: list[Node] = []
        self.rest: list[Node] = []
        groups: dict[Any, list[Node]] = {}
        waiting = [root]
        while waiting:
            node = waiting.pop()
            if node is root or node in inner:
                self.adds.append(node)
                waiting += node.inputs[::-1]
            elif _stacks(node) and node.value == root.value:
                groups.setdefault(forms[node], []).append(node)
            else:
                self.rest.append(node)
        self.groups: list[Lanes] = []
        for group in groups.values():
            if len(group) < FEWEST:
                self.rest += group
            else:
                self.groups.append(_in_order(group))


def gathered(outputs: list[Node], inputs: Sequence[Node], b: Builder) -> list[Node]:
    """Return a program's outputs with its long chains of adds gathered."""
    given = {*inputs}
    order = walk_above(outputs, given)
    adds = [n for n in order if _adds(n)]
    if len(adds) < FEWEST - 1:
        return outputs
    users: dict[Node, list[Node]] = {}
    for node in order:
        for parent in node.inputs if node not in given else ():
            users.setdefault(parent, []).append(node)
    kept = {*outputs}
    inner = {
        n for n in adds
        if n not in kept and len(users[n]) == 1 and _adds(users[n][0])
        and users[n][0].value == n.value
    }  # fmt: skip
    forms = _forms(order, given)
    trees = [_Tree(n, inner, forms) for n in adds if n not in inner]
    stacks = _chosen([tree for tree in trees if tree.groups], users, kept)
    return _rebuilt(outputs, order, given, stacks, b) if stacks.trees else outputs


def _adds(node: Node) -> bool:
    spec = node.value
    if node.op is None or node.op.function is not np.add or type(spec) is not Spec:
        return False
    return bool(spec.dtype.kind == "f" and spec.size <= LARGEST)


def _stacks(node: Node) -> bool:
    """Tell whether many operations like this one are one operation of stacked operands."""
    spec = node.value
    if node.op is None or type(spec) is not Spec or spec.dtype.kind != "f" or spec.size > LARGEST:
        return False
    if known_name(node.op) == "sum":
        (x,) = node.inputs
        plain = node.metadata.keys() <= {"axis", "keepdims"} and node.metadata.get("axis") is None
        return plain and not shape_of(node) and _fits(x, spec)
    if known_name(node.op) == "vdot":
        one, other = node.inputs
        return shape_of(one) == shape_of(other) and _fits(one, spec) and _fits(other, spec)
    weak = [i for i in node.inputs if not hasattr(i.value, "dtype")]
    return is_elementwise(node.op) and (
        not weak or (node.op.function in _ARITHMETIC and len(weak) == 1)
    )


def _fits(x: Node, spec: Spec) -> bool:
    value = x.value
    return bool(
        hasattr(value, "dtype") and value.size <= LARGEST and value.dtype == spec.dtype
    )


def _forms(order: Sequence[Node], given: set[Node]) -> dict[Node, int]:
    """Number the shapes of expressions: two nodes have one number if they do the same to leaves."""
    known: dict[Any, int] = {}
    forms: dict[Node, int] = {}
    for node in order:
        value = node.value
        kind = value if type(value) is Spec else (
            (value.shape, value.dtype) if hasattr(value, "dtype") else type(value)
        )  # fmt: skip
        if node.op is None or node in given:
            key: Any = (is_constant(node), kind)
        else:
            key = (node.op, frozen(node.metadata), kind, *[forms[i] for i in node.inputs])
        forms[node] = known.setdefault(key, len(known))
    return forms


def _in_order(group: list[Node]) -> Lanes:
    """Order terms by the first of what differs in them, so that other sums have the same order."""
    lanes = [[node, node] for node in group]
    while True:
        tops = [top for _, top in lanes]
        k = _first_difference(tops)
        if k is None:
            break
        for lane in lanes:
            lane[1] = lane[1].inputs[k]
    lanes.sort(key=lambda lane: lane[1].number)
    return tuple(node for node, _ in lanes)


def _first_difference(tops: Sequence[Node]) -> int | None:
    if not all(map(_stacks, tops)):
        return None
    for k in range(len(tops[0].inputs)):
        below = {top.inputs[k] for top in tops}
        if len(below) == len(tops):
            return k
    return None


class _Stacks:
    """What is stacked for some trees: for lanes of nodes, the lanes of their operands."""

    def __init__(self, trees: Sequence[_Tree]) -> None:
        self.trees = list(trees)
        self.below: dict[Lanes, list[Lanes]] = {}
        self.member: dict[Node, Lanes] = {}
        for tree in trees:
            for group in tree.groups:
                self._descend(group)

    def _descend(self, group: Lanes) -> None:
        waiting = [group]
        while waiting:
            lanes = waiting.pop()
            if lanes in self.below or not self.whole(lanes):
                continue
            self.below[lanes] = found = [*zip(*[n.inputs for n in lanes], strict=True)]
            self.member.update(dict.fromkeys(lanes, lanes))
            waiting += [x for x in found if any(i is not x[0] for i in x)]

    def whole(self, lanes: Lanes) -> bool:
        """Tell whether lanes are computed as one operation: each node is in these lanes only."""
        return all(map(_stacks, lanes)) and all(
            self.member.get(node, lanes) == lanes for node in {*lanes}
        )

    def alone(self, tree: _Tree, users: dict[Node, list[Node]], kept: set[Node]) -> bool:
        """Tell whether nothing of a tree's terms must be computed one by one besides."""
        gone = {add for one in self.trees for add in one.adds}
        waiting, seen = [*tree.groups], {*tree.groups}
        while waiting:
            lanes = waiting.pop()
            if lanes not in self.below:  # leaves, constants, and what is stacked while it runs
                if any(node in self.member for node in lanes):
                    return False
                continue
            for node in {*lanes}:
                if node in kept or any(u not in self.member and u not in gone for u in users[node]):
                    return False
            more = [x for x in self.below[lanes] if any(i is not x[0] for i in x)]
            waiting += [x for x in more if x not in seen]
            seen.update(more)
        return True


def _chosen(trees: list[_Tree], users: dict[Node, list[Node]], kept: set[Node]) -> _Stacks:
    """Take out trees whose terms are needed one by one too, until none is left."""
    for _ in range(4):
        stacks = _Stacks(trees)
        good = [tree for tree in trees if stacks.alone(tree, users, kept)]
        if len(good) == len(trees):
            return stacks
        trees = good
    return _Stacks([])


def _rebuilt(
    outputs: Sequence[Node], order: Sequence[Node], given: set[Node], stacks: _Stacks, b: Builder
) -> list[Node]:
    roots = {tree.root: tree for tree in stacks.trees}
    gone = {*stacks.member} | {add for tree in stacks.trees for add in tree.adds}
    new: dict[Node, Node] = {}
    made: dict[Lanes, Node] = {}
    for node in order:
        if node in roots:
            b.scope = node.scope
            new[node] = _sum(roots[node], stacks, new, made, b)
            new[node].name = new[node].name or node.name
            b.log.append(Step(GATHERED, node, new[node]))
        elif node in given or node.op is None:
            new[node] = node
        elif node not in gone:
            inputs = tuple([new[i] for i in node.inputs])
            if inputs == node.inputs:
                new[node] = node
                continue
            b.scope = node.scope
            new[node] = again = b.make(node.op, inputs, node.metadata, node.value)
            again.name = again.name or node.name
    return [new[y] for y in outputs]


def _sum(
    tree: _Tree, stacks: _Stacks, new: dict[Node, Node], made: dict[Lanes, Node], b: Builder
) -> Node:
    axes = {"axis": 0} if shape_of(tree.root) else {}
    parts = [b(np.sum, _stacked(group, stacks, new, made, b), **axes) for group in tree.groups]
    parts += [new[node] for node in tree.rest]
    total = parts[0]
    for part in parts[1:]:
        total = b(np.add, total, part)
    return total


def _stacked(
    group: Lanes, stacks: _Stacks, new: dict[Node, Node], made: dict[Lanes, Node], b: Builder
) -> Node:
    """Return the node of all lanes at once, the lanes below it made first."""
    waiting = [group]
    while waiting:
        lanes = waiting[-1]
        below = stacks.below[lanes]
        unknown = [x for x in below if x in stacks.below and x not in made]
        if unknown and lanes not in made:
            waiting += unknown
            continue
        waiting.pop()
        if lanes not in made:
            rank = max([len(shape_of(i)) for i in lanes[0].inputs])
            made[lanes] = _operation(
                lanes[0], [_operand(x, rank, lanes[0], new, made, b) for x in below], len(lanes), b
            )
    return made[group]


def _operation(node: Node, operands: list[Node], n: int, b: Builder) -> Node:
    name, op = known_name(node.op), node.op
    assert op is not None
    if name not in ("sum", "vdot"):
        spec = Spec((n, *shape_of(node)), node.value.dtype)
        return b.make(op, tuple(operands), node.metadata, spec)
    x = operands[0] if name == "sum" else b(np.multiply, *operands)
    return b(np.sum, x, axis=tuple(range(1, x.value.ndim))) if x.value.ndim > 1 else x


def _operand(
    lanes: Lanes, rank: int, user: Node, new: dict[Node, Node], made: dict[Lanes, Node], b: Builder
) -> Node:
    """Return what stands for an operand of stacked lanes: itself if shared, else a stack."""
    first = lanes[0]
    if all(node is first for node in lanes):
        return new[first]
    shape = (len(lanes), *(1,) * (rank - len(shape_of(first))), *shape_of(first))
    if lanes in made:
        found = made[lanes]
    elif all(map(is_constant, lanes)):
        dtype = getattr(first.value, "dtype", user.value.dtype)
        rows = np.array([np.asarray(node.value, dtype) for node in lanes])
        made[lanes] = found = b.constant(rows)
    else:
        made[lanes] = found = b(np.stack, *[new[node] for node in lanes], axis=0)
    return found if shape_of(found) == shape else b(np.reshape, found, shape=shape)
