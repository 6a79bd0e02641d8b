"""The backward pass: one walk over the recorded graph, newest node first.

The engine knows no rule. It calls each node's own, fits what comes back to the input it belongs
to (shape, dtype, realness: here, once, for every rule), and adds it up.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

import numpy as np

from .graph import Node, describe, walk
from .op import Op, Sparse, rule

__all__ = ["handed_out", "pick", "propagate", "seed"]


class Pick(Sparse):
    """The cotangent of one output of an operation that has several."""

    __slots__ = ("g", "index")

    def __init__(self, g: Any, index: int) -> None:
        self.g = g
        self.index = index


def _pick(values: tuple[Any, ...], index: int) -> Any:
    """Return one output of an operation that has several."""
    return values[index]


pick: Op = rule(_pick, lambda g, y, values, *, index: Pick(g, index), name="pick")


def propagate(
    outputs: Sequence[Node],
    cotangents: Sequence[Any],
    wrt: Collection[Node] | None = None,
    lift: Callable[[Node], Any] | None = None,
    order: list[Node] | None = None,
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

    Returns
    -------
    dict
        The cotangents of the nodes asked for; those that the outputs do not depend on are missing.
        A value may share memory with a cotangent given or with the graph: copy before handing out.
    """
    if order is None:
        order = walk(*outputs, tracked=True)
    if wrt is not None:
        order = _between(order, wrt)
    totals: dict[Node, Any] = dict.fromkeys(order)
    wanted = frozenset(n for n in order if not n.inputs) if wrt is None else frozenset(wrt)
    owned: set[Node] = set()
    for node, cotangent in zip(outputs, cotangents, strict=True):
        if node in totals:
            _add(totals, owned, node, cotangent, lift)

    for node in reversed(order):
        g = totals[node]
        if g is None:
            continue
        if type(g) is list:
            g = totals[node] = _gather(g, node)
        if lift is not None and node.name is not None:
            _name_gradient(g, node)
        if node.inputs:
            if node not in wanted:
                totals[node] = None  # freed as soon as it has been read
            _apply_rules(node, g, totals, owned, lift)
    return {node: totals[node] for node in wanted if totals.get(node) is not None}


def _between(order: Iterable[Node], wrt: Collection[Node]) -> list[Node]:
    """Keep the nodes that a wanted node feeds, the wanted ones included."""
    kept = set(wrt)
    result = []
    for node in order:
        if node in kept or not kept.isdisjoint(node.inputs):
            kept.add(node)
            result.append(node)
    return result


_MISSING: Any = object()


def _apply_rules(
    node: Node,
    g: Any,
    totals: dict[Node, Any],
    owned: set[Node],
    lift: Callable[[Node], Any] | None,
) -> None:
    """Run one node's rules and add what they give to its inputs' totals."""
    inputs = node.inputs
    op: Any = node.op
    if lift is None:
        y, values = node.value, [i.value for i in inputs]
    else:
        y, values = lift(node), [lift(i) if i.inputs or i.tracked else i.value for i in inputs]
    metadata = node.metadata
    for k, parent in enumerate(inputs):
        total = totals.get(parent, _MISSING)
        if total is _MISSING:
            continue
        if op.variadic:
            contribution = op.rules[0](g, y, k, *values, **metadata)
        else:
            rule_k = op.rules[k]
            if rule_k is None:
                continue
            contribution = rule_k(g, y, *values, **metadata)
        # The common case, inline: the first contribution, and it fits.
        value = parent.value
        kind = type(contribution)
        if kind is not type(value) or (
            kind is np.ndarray
            and (contribution.shape != value.shape or contribution.dtype is not value.dtype)
        ):
            if kind is not list and not isinstance(contribution, Sparse):
                contribution = fit(contribution, value, node)
        elif total is None:
            totals[parent] = contribution
            continue
        _add(totals, owned, parent, contribution, lift)


def _add(
    totals: dict[Node, Any],
    owned: set[Node],
    node: Node,
    contribution: Any,
    lift: Callable[[Node], Any] | None,
) -> None:
    """Add to a node's total: the first is borrowed, the second makes an array of our own."""
    total = totals[node]
    if isinstance(contribution, Sparse):
        _add_sparse(totals, owned, node, contribution, lift)
    elif total is None:
        totals[node] = contribution
    elif type(total) is list:
        total.append(contribution)
    elif node in owned:
        total += contribution
    else:
        totals[node] = total = total + contribution
        if type(total) is np.ndarray:
            owned.add(node)


def _add_sparse(
    totals: dict[Node, Any],
    owned: set[Node],
    node: Node,
    part: Any,
    lift: Callable[[Node], Any] | None,
) -> None:
    total = totals[node]
    if lift is not None or type(part) is Pick:
        if type(total) is not list:
            totals[node] = [] if total is None else [total]
        totals[node].append(part)
        return
    if node not in owned:
        shape, dtype = node.value.shape, node.value.dtype
        totals[node] = np.zeros(shape, dtype) if total is None else np.array(total, dtype)
        owned.add(node)
    part.add_into(totals[node])


def _gather(parts: list[Any], node: Node) -> Any:
    """Add up contributions that were kept apart until all had come."""
    if type(parts[0]) is Pick:
        cotangents = [np.zeros_like(value) for value in node.value]
        for part in parts:
            cotangents[part.index] = cotangents[part.index] + part.g
        return tuple(cotangents)
    sparse = next(part for part in parts if isinstance(part, Sparse))
    return sparse.gather(parts, node.value.shape, node.value.dtype)


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
    if extra > 0 and have[extra:] == want:
        return cotangent.sum(axis=0 if extra == 1 else tuple(range(extra)))
    rest = have[max(extra, 0) :]
    if extra < 0 or any(n not in (1, m) for n, m in zip(want, rest, strict=True)):
        raise ValueError(
            f"the rule of {node.op.name if node.op else node} gave a cotangent of shape {have} for "
            f"an argument of shape {want}; it must have the argument's shape, or one that the "
            "argument was broadcast to"
        )
    stretched = tuple(extra + i for i, n in enumerate(want) if n != rest[i])
    cotangent = cotangent.sum(axis=(*range(extra), *stretched))
    return cotangent.reshape(want) if stretched else cotangent


def seed(output: Node, cotangent: Any) -> Any:
    """Return the cotangent a backward pass starts from, in the output's shape and dtype.

    Raises
    ------
    ValueError
        For a cotangent of another shape; for None when the output is not one number.
    """
    value = output.value
    if cotangent is None:
        if value.size != 1:
            raise ValueError(
                f"a derivative starts from one number; {describe(output)} has {value.size}: "
                "sum it, or pass a cotangent of its shape"
            )
        return np.ones(value.shape, value.dtype)[()]
    given = cotangent if hasattr(cotangent, "node") else np.asarray(cotangent)
    if given.shape != value.shape:
        raise ValueError(
            f"the cotangent of {describe(output)} must have its shape {value.shape}; "
            f"got {given.shape}"
        )
    if given.dtype != value.dtype:
        given = given.astype(value.dtype)
    return np.conjugate(given) if value.dtype.kind == "c" else given


def handed_out(cotangent: Any) -> np.ndarray[Any, Any]:
    """Return a gradient that shares memory with nothing: an array of the caller's own."""
    own = np.array(cotangent)
    return np.conjugate(own) if own.dtype.kind == "c" else own


def _name_gradient(g: Any, node: Node) -> None:
    """Name the recorded cotangent of z2 "z2_grad"."""
    made = getattr(g, "node", None)
    if made is not None and made.name is None and made.inputs:
        made.name = f"{node.name}_grad"
