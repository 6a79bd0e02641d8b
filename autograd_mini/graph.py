"""The recorded graph: `Node`, and `walk`, the one order in which everything reads it.

A `Node` is a fact: this operation, on these inputs, gave this value. It never changes once it is
made; `name`, `scope` and `place` are annotations on it. Nodes are numbered as they are made, so
sorting by number *is* a topological order: no recursion, however deep the graph.
"""

from __future__ import annotations

from itertools import count
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import numpy as np

    from .op import Op

__all__ = ["EMPTY", "Cell", "Node", "Taken", "constant", "describe", "leaf", "make_node", "walk"]

EMPTY: Final[dict[str, Any]] = {}


class Cell:
    """Where a leaf and every Tensor that names it keep the accumulated gradient."""

    __slots__ = ("grad",)

    def __init__(self) -> None:
        self.grad: np.ndarray[Any, Any] | None = None


class Taken:
    """Stands for an array whose buffer a later set-item took over: its shape and dtype remain."""

    __slots__ = ("dtype", "shape")

    def __init__(self, value: np.ndarray[Any, Any]) -> None:
        self.shape = value.shape
        self.dtype = value.dtype


class Node:
    """One recorded value: the operation that made it and the nodes it was made from."""

    __slots__ = (
        "__weakref__", "cell", "inputs", "metadata", "name", "number", "op", "place", "scope",
        "tracked", "value", "view",
    )

    op: Op | None
    """What made it; None for a leaf or a constant."""
    inputs: tuple[Node, ...]
    metadata: dict[str, Any]
    """The call's keyword arguments, such as `{"axis": 0}`."""
    value: Any
    """An array, a NumPy scalar, a constant's Python scalar, or a tuple (several outputs)."""
    number: int
    """Grows with every node of the process: sorting by it is a topological order."""
    tracked: bool
    """Descends from a leaf that requires a gradient, or from a transform's argument."""
    view: bool
    """Shares memory with its operation's input, so it can not be written."""
    cell: Cell | None
    """Of a leaf that requires a gradient."""
    name: str | None
    scope: tuple[str, ...]
    place: str | None
    """`file:line` where it was made, under `debug`."""

    def __repr__(self) -> str:
        made_by = "leaf" if self.op is None else self.op.name
        return f"<Node {self.number} {made_by}{' ' + repr(self.name) if self.name else ''}>"


_next_number = count().__next__


def make_node(
    op: Op | None, inputs: tuple[Node, ...], metadata: dict[str, Any], value: Any, tracked: bool,
    scope: tuple[str, ...] = (),
) -> Node:
    """Return a new Node. The per-operation path: plain stores are faster than an `__init__`."""
    node = Node()
    node.op = op
    node.inputs = inputs
    node.metadata = metadata
    node.value = value
    node.number = _next_number()
    node.tracked = tracked
    node.view = False
    node.cell = None
    node.name = None
    node.scope = scope
    node.place = None
    return node


def constant(value: Any) -> Node:
    """Return a node for a value that no derivative is asked for."""
    return make_node(None, (), EMPTY, value, False)


def leaf(value: Any, cell: Cell | None, name: str | None = None) -> Node:
    """Return a node that derivatives are asked for (with a cell: `.grad` is kept there)."""
    node = make_node(None, (), EMPTY, value, True)
    node.cell = cell
    node.name = name
    return node


def describe(node: Node) -> str:
    """Name a node in an error message: `z2 (shape (4, 2), made by add)`."""
    made = f"made by {node.op.name}" if node.op else "a leaf" if node.tracked else "a constant"
    where = f" at {node.place}" if node.place else ""
    return f"{node.name or 'a tensor'} (shape {node.value.shape}, {made}{where})"


_by_number = attrgetter("number")


def walk(*outputs: Node, tracked: bool = False) -> list[Node]:
    """Return the outputs and everything below them, oldest first (only what is tracked, if asked).

    >>> import autograd_mini as ag
    >>> x = ag.Tensor(2.0, requires_grad=True, name="x")
    >>> [node.op.name if node.op else node.name for node in walk((x * x + x).node)]
    ['x', 'multiply', 'add']
    """
    seen = set(outputs)
    order = list(seen)
    for node in order:  # grows while it is read: a queue
        for parent in node.inputs if node.tracked or not tracked else ():
            if (parent.tracked or not tracked) and parent not in seen:
                seen.add(parent)
                order.append(parent)
    order.sort(key=_by_number)
    return order
