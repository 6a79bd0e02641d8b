"""Writing in place: the variable comes to name a new node; what was recorded stays untouched."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from .context import TRACKED, context
from .graph import Node, Taken, constant, leaf, make_node
from .op import OPS
from .reading import Array, Reading
from .rules.indexing import set_item

__all__ = ["NAMED", "UNNAMED", "assign", "refuse_write", "repoint"]

_SET_ITEM = OPS[set_item]


def refuse_write(tensor: Reading, call: str, temporary: bool = False) -> None:
    """Raise if writing this tensor would change a leaf's gradient or another array.

    `temporary` lets a view pass that only an expression holds: in `y[1:] *= 2` Python multiplies
    the view y[1:] and then sets it into y, which is right; `part = y[1:]; part *= 2` is not.
    """
    node = tensor.node
    if node.number < context.now.since or (node.cell is not None and context.now.mode & TRACKED):
        raise RuntimeError(sys.modules[__package__].blame.on_a_leaf(node, call))
    if node.view and not temporary:
        raise RuntimeError(sys.modules[__package__].blame.on_a_view(node, call))


def repoint(tensor: Reading, node: Node) -> None:
    """Let a variable name another node; a leaf stays that leaf, with its cell and name."""
    old, place = tensor.node, node.place or tensor.node.place
    if old.cell is not None:
        node = leaf(node.value, old.cell, old.name)
    elif node.name is None and not old.inputs and not node.inputs:
        node.name = old.name
    tensor.node, node.place = node, place


def assign(tensor: Reading, key: Any, given: Node) -> None:
    """x[key] = v: name a new node in which v has been written.

    Raises
    ------
    TypeError
        When x holds integers and v has a derivative.
    """
    tracked = (tensor.node.tracked or given.tracked) and context.now.mode & TRACKED > 0
    if tracked and tensor.dtype.kind not in "fc":
        holds = f"a tensor of dtype {tensor.dtype} can not hold a value with a derivative"
        raise TypeError(f"x[...] = v: {holds}; make x of floats")
    data = _buffer(tensor)
    data[key] = given.value
    old = tensor.node
    if not tracked and context.now.mode <= TRACKED:
        repoint(tensor, constant(data))
        return
    if old.value is data:
        old.value = Taken(data)
    tensor.node = make_node(_SET_ITEM, (old, given), {"key": key}, data, tracked, context.now.scope)
    if context.now.debug is not None:
        context.now.debug.made(tensor.node)


def _buffer(tensor: Reading) -> Array:
    """Return the array to write: the tensor's own where nobody else can see it, else a copy.

    Nobody can when only this tensor names the node, only the node holds the array, and no rule
    reads it: the node is a constant or a set-item. So n set-items into one array stay linear.
    """
    op, value = tensor.node.op, tensor.node.value
    # Who replays a program that is being recorded needs every value.
    ours = context.now.mode <= TRACKED and (op is _SET_ITEM or not (op or tensor.node.tracked))
    owned = ours and type(value) is np.ndarray and value.base is None and value.flags.writeable
    if owned and _references(tensor) == _ALONE:
        return tensor.node.value  # type: ignore[no-any-return]
    return np.array(value)


def _references(tensor: Reading) -> tuple[int, int]:
    node = tensor.node
    return sys.getrefcount(node), sys.getrefcount(node.value)


class _Probe(Reading):
    """Counts the references this Python keeps, where `_buffer` and in-place operators look."""

    __slots__ = ()

    def __getitem__(self, key: Any) -> _Probe:
        return _Probe()

    def __setitem__(self, key: Any, value: Any) -> None:
        pass

    def __iadd__(self, other: list[int]) -> Any:
        other.append(sys.getrefcount(self))
        return self


def _calibrate() -> tuple[tuple[int, int], int, int]:
    tensor = _Probe()
    value = np.zeros(1)
    tensor.node = constant(value)
    alone = _references(tensor)  # while `value` holds the array, as in `_buffer`
    counts: list[int] = []
    tensor[0] += counts
    tensor += counts
    return alone, counts[0], counts[1]


_ALONE, UNNAMED, NAMED = _calibrate()
"""UNNAMED: what an in-place operator counts of a `self` that only an expression holds."""
