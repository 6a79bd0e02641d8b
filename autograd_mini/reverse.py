"""The backward pass: one walk over the recorded graph, newest node first.

The engine knows no rule. It calls each node's own, fits what comes back to the input it belongs
to (shape, dtype, realness: here, once, for every rule), and adds it up.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Any

import numpy as np

from .context import context
from .graph import Node, walk
from .op import Op, Sparse, rule

__all__ = ["handed_out", "pick", "propagate", "seed"]


Lift = Callable[[Node], Any]
_ndarray = np.ndarray
_value = attrgetter("value")


class Pick(Sparse):
    """The cotangent of one output of an operation that has several."""

    __slots__ = ()

    @staticmethod
    def gather(parts: Sequence[Any], value: Any) -> Any:
        """Return the cotangents of all outputs, as a tuple."""
        cotangents = [np.zeros_like(one) for one in value]
        for part in parts:
            cotangents[part.key] = cotangents[part.key] + part.g
        return tuple(cotangents)


pick: Op = rule(
    lambda values, index: values[index], lambda g, y, values, *, index: Pick(g, index), name="pick")


def propagate(
    outputs: Sequence[Node], cotangents: Sequence[Any], wrt: Collection[Node] | None = None,
    lift: Lift | None = None, order: list[Node] | None = None, stop: Collection[Node] = (),
) -> dict[Node, Any]:
    """Carry cotangents from the outputs down to the nodes asked for.

    Parameters
    ----------
    outputs, cotangents
        The nodes to start from and ∂J/∂(each of them).
    wrt
        The nodes whose cotangents are wanted; None: every tracked leaf.
    lift
        None: the rules run on arrays, unrecorded. Otherwise it makes the Tensor that names a
        node, and the rules run on Tensors: the gradient is itself recorded.
    order
        `walk(*outputs, tracked=True)`, when the caller has it already.
    stop
        Nodes beyond which nothing is carried.

    Returns
    -------
    dict
        The cotangents of the nodes asked for; those that the outputs do not depend on are missing.
        A value may share memory with a cotangent given or with the graph: copy before handing out.
    """
    order = walk(*outputs, tracked=True) if order is None else order
    leaves = [node for node in order if not node.inputs]
    wanted = frozenset(leaves if wrt is None else wrt)
    if not wanted.issuperset(leaves):
        order = _between(order, wanted)
    totals = _Totals(order, lift)
    for node, cotangent in zip(outputs, cotangents, strict=True):
        if node in totals.of:
            totals.add(node, cotangent, node)
    debug = context.now.debug
    run_rules = _run_rules if debug is None else debug.watching(_run_rules)
    for node in reversed(order):
        if (g := totals.of[node]) is None:
            continue
        if type(g) is list or lift is not None:
            g = totals.finish(node)
        if node.inputs and node not in stop:
            if node not in wanted:
                totals.of[node] = None  # freed as soon as it has been read
            run_rules(node, g, totals)
    return {node: totals.of[node] for node in wanted if totals.of.get(node) is not None}


def _between(order: Sequence[Node], wanted: Collection[Node]) -> list[Node]:
    """Keep the nodes that a wanted node feeds, the wanted ones included."""
    kept = set(wanted)
    for node in order:
        if not kept.isdisjoint(node.inputs):
            kept.add(node)
    return [node for node in order if node in kept]


def _run_rules(node: Node, g: Any, totals: _Totals) -> None:
    """Run one node's rules, and add what they give to its inputs' totals."""
    op: Any = node.op
    of, add, inputs, metadata = totals.of, totals.add, node.inputs, node.metadata
    count = 0 if metadata or totals.lift else op.fixed
    if count == 1:  # one input or two, as most: a plain call is faster than `rule(*operands)`
        if inputs[0] in of:
            add(inputs[0], op.rules[0](g, node.value, inputs[0].value), node)
    elif count == 2:
        (left, right), (of_left, of_right) = inputs, op.rules
        y, a, b = node.value, left.value, right.value
        if of_left and left in of:
            add(left, of_left(g, y, a, b), node)
        if of_right and right in of:
            add(right, of_right(g, y, a, b), node)
    elif count == 3:  # a layer, above all
        of_each, y, (a, b, c) = op.rules, node.value, [*map(_value, inputs)]
        for k, parent in enumerate(inputs):
            if parent in of and of_each[k]:
                add(parent, of_each[k](g, y, a, b, c), node)
    else:
        operands = [g, *map(totals.lift or _value, (node, *inputs))]
        parts = op.rules[0](*operands, **metadata) if op.variadic else op.rules
        for parent, part in zip(reversed(inputs), reversed(parts), strict=op.variadic):
            if (part is not None or op.variadic) and parent in of:
                add(parent, part if op.variadic else part(*operands, **metadata), node)


class _Totals:
    """The cotangents added up so far. The first part is borrowed, the second makes an own array."""

    def __init__(self, order: Sequence[Node], lift: Lift | None) -> None:
        self.of: dict[Node, Any] = dict.fromkeys(order)
        self.lift = lift
        self.owned: set[Node] = set()

    def add(self, node: Node, part: Any, source: Node) -> None:
        """Add a part that `source` contributes to a node's total."""
        value, kind = node.value, type(part)
        if kind is not type(value) or (
            kind is _ndarray and (part.shape != value.shape or part.dtype is not value.dtype)
        ):
            if kind is not _ndarray and isinstance(part, Sparse):
                self._add_sparse(node, part, source)
                return
            part = fit(part, value, source)
        if (total := self.of[node]) is None:
            self.of[node] = part
        elif type(total) is list:
            total.append(part)
        elif node in self.owned:
            total += part
        else:
            self.of[node] = total = total + part
            if type(total) is _ndarray:
                self.owned.add(node)

    def _add_sparse(self, node: Node, part: Any, source: Node) -> None:
        total = self.of[node]
        if self.lift is not None or type(part) is Pick:  # kept apart until all have come
            if type(total) is not list:
                total = self.of[node] = [] if total is None else [total]
            total.append(part)
            return
        if total is None:  # a total of ours that this rule alone reads may be taken over
            self.of[node] = part.alone(node.value, source in self.owned and self.of[source] is None)
        else:
            self.of[node] = total if node in self.owned else np.array(total, node.value.dtype)
            part.add_into(self.of[node])
        self.owned.add(node)

    def finish(self, node: Node) -> Any:
        """Return a node's whole cotangent: parts kept apart are added, a recorded one is named."""
        total = self.of[node]
        if type(total) is list:
            sparse = next(part for part in total if isinstance(part, Sparse))
            total = self.of[node] = sparse.gather(total, node.value)
        made = getattr(total, "node", None)
        if made is not None and node.name is not None and made.name is None and made.inputs:
            made.name = f"{node.name}_grad"
        return total


def fit(cotangent: Any, value: Any, node: Node) -> Any:
    """Fit a rule's cotangent to the input it belongs to: shape, then realness, then dtype.

    An input that was broadcast takes the sum over the axes along which it was repeated.

    Raises
    ------
    ValueError
        If the cotangent's shape is not one that `value` can be broadcast to.
    """
    if not hasattr(cotangent, "shape"):
        cotangent = np.asarray(cotangent)
    if cotangent.shape != value.shape:
        cotangent = _unbroadcast(cotangent, value.shape, node)
    if cotangent.dtype != value.dtype:
        if cotangent.dtype.kind == "c" and value.dtype.kind != "c":
            cotangent = cotangent.real
        cotangent = cotangent.astype(value.dtype)
    return cotangent


def _unbroadcast(cotangent: Any, want: tuple[int, ...], node: Node) -> Any:
    have = cotangent.shape
    extra = len(have) - len(want)
    if type(cotangent) is _ndarray and extra == len(want) == 1 and have[1:] == want:
        return _ones(have[0], cotangent.dtype).dot(cotangent)  # a bias: faster than a sum
    rest = have[max(extra, 0) :]
    if extra < 0 or any(n not in (1, m) for n, m in zip(want, rest, strict=True)):
        raise ValueError(sys.modules[__package__].blame.misfit(node, have, want))
    stretched = tuple(extra + i for i, n in enumerate(want) if n != rest[i])
    cotangent = cotangent.sum(axis=(*range(extra), *stretched))
    return cotangent.reshape(want) if stretched else cotangent


@lru_cache(maxsize=64)
def _ones(n: int, dtype: Any) -> Any:
    return np.ones(n, dtype)


def seed(output: Node, cotangent: Any) -> Any:
    """Return the cotangent a backward pass starts from, in the output's shape and dtype.

    Raises
    ------
    ValueError
        For a cotangent of another shape; for None when the output is not one number.
    """
    value = output.value
    if hasattr(value, "node") or getattr(value, "dtype", np.dtype(object)).hasobject:
        raise TypeError(sys.modules[__package__].blame.objects(output))
    if cotangent is None:
        if value.size != 1:
            raise ValueError(sys.modules[__package__].blame.not_one_number(output))
        return np.ones(value.shape, value.dtype) if value.shape else value.dtype.type(1)
    given = cotangent if hasattr(cotangent, "node") else np.asarray(cotangent)
    if given.shape != value.shape:
        raise ValueError(sys.modules[__package__].blame.other_shape(output, given.shape))
    given = given if given.dtype == value.dtype else given.astype(value.dtype)
    return np.conjugate(given) if value.dtype.kind == "c" else given


def handed_out(found: dict[Node, Any], node: Node) -> np.ndarray[Any, Any]:
    """Return a gradient that shares memory with nothing: copied, unless only `found` holds it."""
    g = found[node]
    if type(g) is not _ndarray or g.base is not None or sys.getrefcount(g) > _FOUND_ALONE:
        g = np.array(g)
    return np.conjugate(g) if g.dtype.kind == "c" else g  # type: ignore[no-any-return]


def _references(found: dict[int, Any]) -> int:
    g = found[0]
    return sys.getrefcount(g)


_FOUND_ALONE = _references({0: np.empty(1)})
"""The references this Python counts, in `handed_out`, of what only a dict and `g` hold."""
