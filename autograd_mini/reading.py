"""What a tensor tells of its value, and how it refuses where telling would drop a derivative."""

from __future__ import annotations

import copy
import operator
import sys
from typing import Any

import numpy as np

from .context import TRACKED, context
from .graph import Node, describe, make_node, walk

__all__ = ["Array", "Reading", "as_array", "new_value", "read"]

Array = np.ndarray[Any, Any]

_new = object.__new__


def _converting(kind: Any) -> Any:
    return lambda self: kind(self._leaving(f"{kind.__name__}(t)"))


class Reading:
    """The part of `Tensor` that reads: shape, value, conversions, copies."""

    __slots__ = ("__weakref__", "node")

    node: Node
    """The node this variable names now; an in-place edit makes it name another."""

    shape = property(operator.attrgetter("node.value.shape"), doc="The lengths of the axes.")
    dtype = property(operator.attrgetter("node.value.dtype"), doc="NumPy's dtype.")
    size = property(operator.attrgetter("node.value.size"), doc="The number of elements.")
    ndim = property(lambda self: len(self.node.value.shape), doc="The number of axes.")

    @property
    def name(self) -> str | None:
        """The name shown in drawings and errors; it can be set."""
        return self.node.name

    @name.setter
    def name(self, name: str | None) -> None:
        self.node.name = name

    @property
    def requires_grad(self) -> bool:
        """Whether a derivative reaches it: a leaf that asks for one, or made from such a leaf."""
        return self.node.tracked

    @property
    def is_leaf(self) -> bool:
        """Whether no recorded operation made it."""
        return not self.node.inputs

    def item(self) -> Any:
        """Return the value of a one-element tensor as a Python scalar."""
        return read(self.node).item()

    def tolist(self) -> Any:
        """Return the value as nested lists of Python scalars."""
        return read(self.node).tolist()

    def numpy(self) -> Array:
        """Return the value as a read-only array.

        Raises
        ------
        RuntimeError
            If a derivative would be dropped: write `t.detach().numpy()`.
        """
        return _read_only(self._leaving("t.numpy()"))

    def _leaving(self, call: str) -> Any:
        """Return the value for use outside the graph, unless that silently ends a derivative."""
        if self.node.tracked and context.now.mode == TRACKED:
            raise RuntimeError(sys.modules[__package__].blame.dropped(self.node, call))
        return read(self.node)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        value = self._leaving("np.asarray(t)")
        if copy or (dtype is not None and dtype != value.dtype):
            return np.array(value, dtype, copy=copy)
        return _read_only(value)

    def __dlpack__(self, **options: Any) -> Any:
        return np.array(self._leaving("DLPack export")).__dlpack__(**options)

    def __dlpack_device__(self) -> Any:
        return np.empty(0).__dlpack_device__()

    __float__, __int__, __complex__ = map(_converting, (float, int, complex))

    def __index__(self) -> int:
        return operator.index(read(self.node))  # an integer: no derivative to drop

    def __bool__(self) -> bool:
        if read(self.node).size != 1:
            raise ValueError(sys.modules[__package__].blame.truth(self.node))
        return bool(self.node.value)

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of a 0-d tensor; it is one number: t.item() reads it")
        return self.shape[0]  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        node = self.node
        parts = [f"shape={self.shape}, being recorded"]
        if context.now.mode <= TRACKED:
            parts = [np.array2string(np.asarray(node.value), separator=", ", prefix="Tensor(")]
        if self.dtype not in (np.float64, np.int64, np.bool_):
            parts.append(f"dtype={self.dtype}")
        if node.name is not None:
            parts.append(f"name={node.name!r}")
        if node.op is not None:
            parts.append(f"op={node.op.name}")
        elif node.tracked:
            parts.append("requires_grad=True")
        return f"Tensor({', '.join(parts)})"

    def __format__(self, spec: str) -> str:
        recording = context.now.mode > TRACKED
        return format(read(self.node), spec) if spec or recording else repr(self)

    def __copy__(self) -> Any:
        twin = _new(type(self))
        twin.node = self.node
        return twin

    def __deepcopy__(self, memo: dict[Any, Any]) -> Any:
        twins: dict[Node, Node] = memo.setdefault("nodes of autograd_mini", {})
        for node in walk(self.node):
            if node not in twins:
                twins[node] = _twin(node, twins)
        twin = _new(type(self))
        twin.node = twins[self.node]
        return twin

    def __reduce__(self) -> Any:
        node = self.node
        if node.inputs:
            raise TypeError(sys.modules[__package__].blame.history(node))
        grad = None if node.cell is None else node.cell.grad
        options = {"requires_grad": node.cell is not None, "name": node.name}
        return _unpickle, (type(self), np.asarray(read(node)), grad, options)


def read(node: Node) -> Any:
    """Return a node's value, which is unknown while a compiler records."""
    if context.now.mode > TRACKED:
        what = f"the value of {describe(node)} was read while the program is being recorded"
        raise RuntimeError(f"{what}; write np.where(condition, a, b) for if, or return the tensor")
    return node.value


def _read_only(value: Any) -> Array:
    view = np.asarray(value).view()
    view.flags.writeable = False
    return view


def as_array(value: Any, dtype: Any = None) -> Array:
    """Return numbers as a new array; another library's come through `__array__` or DLPack."""
    try:
        foreign = hasattr(value, "__dlpack__") and not hasattr(value, "__array__")
        return np.array(np.from_dlpack(value) if foreign else value, dtype)
    except Exception as error:
        raise sys.modules[__package__].blame.no_array(value, error) from None


def new_value(value: Any, dtype: Any, differentiable: bool) -> Any:
    """Copy what a user gives into an array or NumPy scalar that may enter a graph.

    Raises
    ------
    TypeError
        For what is not numbers, and for integers in an array where a derivative is asked for.
    """
    if isinstance(value, Reading):
        value = value._leaving("ag.Tensor(t)")
    data = as_array(value, dtype)
    if data.dtype.kind not in "biufc":
        raise TypeError(f"a tensor holds numbers; got {type(value).__name__}, dtype {data.dtype}")
    if differentiable and data.dtype.kind not in "fc":
        if type(value) is not int:
            cure = "pass floats, for instance x.astype(float) or 2.0 in place of 2"
            raise TypeError(f"a derivative needs floating-point values; got {data.dtype}: {cure}")
        data = data.astype(float)
    return data[()] if data.ndim == 0 else data


def _twin(node: Node, twins: dict[Node, Node]) -> Node:
    """Copy one node whose inputs have been copied; a leaf gets a cell of its own."""
    value = read(node).copy() if isinstance(node.value, np.ndarray) else read(node)
    inputs = tuple(twins[i] for i in node.inputs)
    twin = make_node(node.op, inputs, node.metadata, value, node.tracked, node.scope)
    twin.name, twin.view, twin.place = node.name, node.view, node.place
    if node.cell is not None:
        twin.cell = copy.deepcopy(node.cell)
    return twin


def _unpickle(kind: Any, value: Array, grad: Array | None, options: dict[str, Any]) -> Any:
    tensor = kind(value, **options)
    if grad is not None:
        tensor.grad = grad
    return tensor
