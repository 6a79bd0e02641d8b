"""A recorded computation once more, with every derivative recorded too: what a page can run.

The forward pass is repeated on fresh leaves, constant arrays among them, so that data can be moved
as a weight can; then the library's own rules are recorded on it, comparisons included. What comes
out is one graph of Nodes: the values, the gradient of each, and what each operation gives each of
its arguments. No derivative is written here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..context import EVERYTHING
from ..graph import Node, Taken, leaf, walk
from ..recording import aside
from ..reverse import propagate
from ..tensor import apply, lift, tensor_of, wrap
from .cotangents import parts
from .jacobians import jacobians

__all__ = ["Replay", "Unplayable", "replay"]


class Unplayable(Exception):  # noqa: N818 -- no error: the page says why it can not be touched
    """A graph that a page can not run, and why, in one line."""


@dataclass
class Replay:
    """The new nodes, by the old ones."""

    leaves: dict[Node, Node] = field(default_factory=dict)
    """What can be moved: leaves that require a gradient, and constant arrays of floats."""
    values: dict[Node, Node] = field(default_factory=dict)
    gradients: dict[Node, Node] = field(default_factory=dict)
    """∂(the output)/∂(each tracked node)."""
    given: dict[tuple[Node, int], Node] = field(default_factory=dict)
    """What an operation gives its argument, by its position: the parts of a gradient."""
    slopes: dict[Node, dict[int, tuple[str, Node]]] = field(default_factory=dict)
    """The local derivatives of the nodes they are asked for, as `jacobians` tells them."""


def replay(outputs: Sequence[Node], with_gradients: bool, sloped: Sequence[Node] = ()) -> Replay:
    """Record everything the outputs were computed from anew, in a compiler's mode.

    Raises
    ------
    Unplayable
        For values that are gone, or that are not those of the recorded operations any more.
    """
    found = Replay()
    order = walk(*outputs)
    with aside(EVERYTHING), np.errstate(all="ignore"):
        for node in order:
            found.values[node] = _again(node, found)
        _compare(outputs, found)
        if with_gradients:
            try:
                _gradients(outputs[0], order, found)
            except (RuntimeError, TypeError, ValueError) as error:  # somebody's own rule
                raise Unplayable(f"its derivatives can not be recorded ({error})") from error
        for node in sloped:
            told = jacobians(found.values[node], lift)
            found.slopes[node] = {
                k: (what, _node(value))
                for k, (what, value) in told.items()
                if node.inputs[k].tracked
            }
    return found


def _again(node: Node, found: Replay) -> Node:
    """Return the node that stands for a recorded one; what can not move is used as it is."""
    if node.op is not None:
        operands = tuple(_operand(found.values[parent]) for parent in node.inputs)
        made = apply(node.op, operands, node.metadata)
        again: Node = made[0].node.inputs[0] if isinstance(made, (tuple, list)) else made.node
        return again
    if isinstance(node.value, Taken):
        raise Unplayable(f"the value of {node.name or 'a leaf'} was overwritten after it was used")
    if node.tracked or _is_data(node.value):
        found.leaves[node] = leaf(node.value, None, node.name)
    return found.leaves.get(node, node)


def _is_data(value: Any) -> bool:
    """Tell whether a constant may be moved: Python's numbers belong to the formula."""
    return isinstance(value, (np.ndarray, np.generic)) and value.dtype == np.float64


def _operand(node: Node) -> Any:
    is_array = node.op is not None or isinstance(node.value, (np.ndarray, np.generic))
    return tensor_of(node) if is_array else node.value


def _compare(outputs: Sequence[Node], found: Replay) -> None:
    for node in outputs:
        if not np.allclose(found.values[node].value, node.value, 1e-9, 0.0, equal_nan=True):
            raise Unplayable("an array it was computed from was changed since")


def _gradients(output: Node, order: Sequence[Node], found: Replay) -> None:
    """Record the backward pass, and each operation's share in it."""
    start = found.values[output]
    tracked = {node: found.values[node] for node in order if node.tracked}
    seed = wrap(np.ones_like(start.value))
    total = propagate([start], [seed], frozenset(tracked.values()), lift)
    for node, twin in tracked.items():
        if (g := total.get(twin)) is None:
            continue
        if not isinstance(g, tuple):
            found.gradients[node] = _node(g)
        for position, part in enumerate(parts(twin, g, lift)):
            if part is not None and node.inputs[position].tracked:
                found.given[node, position] = _node(part)


def _node(value: Any) -> Node:
    node: Node = value.node if hasattr(value, "node") else wrap(np.asarray(value)).node
    return node
