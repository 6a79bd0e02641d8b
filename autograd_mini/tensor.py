"""`Tensor`: a variable that names a node of the recorded graph and behaves as its array does."""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable, Iterator
from contextlib import ContextDecorator
from typing import Any

import numpy as np

from . import rules  # noqa: F401 -- fills OPS, which everything below reads
from .graph import (
    EMPTY,
    EVERYTHING,
    OFF,
    TRACKED,
    Cell,
    Node,
    Taken,
    constant,
    context,
    leaf,
    make_node,
    walk,
)
from .op import OPS, REDUCTIONS, Op, find_op
from .reading import Array, Reading, describe, handed_out, new_value, read
from .reverse import pick, propagate
from .rules.elementwise import cast
from .rules.indexing import get_item, set_item

__all__ = ["Tensor", "apply", "lift", "no_grad", "scope", "seed", "tensor_of", "unwrap", "wrap"]

_new = object.__new__
_ARRAYS = frozenset((float, int, np.ndarray, np.float64, np.float32, bool, complex))
"""What may stand beside a Tensor as it is (others are converted first)."""


def _binary(function: Any) -> tuple[Any, Any]:
    """Return `t + other` and `other + t` for one of NumPy's binary functions."""
    op = OPS[function]

    def forward(self: Tensor, other: Any) -> Any:
        if type(other) is not Tensor and type(other) not in _ARRAYS:
            other = operand(other)
            if other is NotImplemented:
                return other
        return apply(op, (self, other))

    def reflected(self: Tensor, other: Any) -> Any:
        if type(other) not in _ARRAYS:
            other = operand(other)
            if other is NotImplemented:
                return other
        return apply(op, (other, self))

    return forward, reflected


def _in_place(function: Any) -> Any:
    """Return `t += other`: t comes to name the result; what was recorded before is untouched."""
    op = OPS[function]

    def update(self: Tensor, other: Any) -> Tensor:
        refuse_write(self, function.__name__)
        result = apply(op, (self, operand(other)))
        if result.shape != self.shape:
            raise ValueError(
                f"in-place {op.name} can not change the shape {self.shape} to {result.shape}; "
                "write t = t + other"
            )
        if result.dtype != self.dtype:
            if not np.can_cast(result.dtype, self.dtype, "same_kind"):
                raise TypeError(
                    f"in-place {op.name} can not turn {self.dtype} into {result.dtype}; "
                    "write t = t + other"
                )
            result = result.astype(self.dtype)
        _repoint(self, result.node)
        return self

    return update


def _method(function: Any) -> Any:
    """Return one of NumPy's functions as a method: its first array is the tensor."""

    def method(self: Tensor, *args: Any, **kwargs: Any) -> Any:
        return dispatch(function, (self, *args), kwargs)

    method.__name__ = method.__qualname__ = function.__name__
    method.__doc__ = f"Return `np.{function.__name__}(t, ...)`."
    return method


class Tensor(Reading):
    """An array whose operations are recorded, so that derivatives can be taken.

    Parameters
    ----------
    value : array_like
        Copied. A Python int becomes float64 where a derivative is asked for.
    requires_grad : bool
        Make it a leaf: `backward` accumulates ∂/∂(this) in `.grad`.
    dtype : numpy dtype, optional
    name : str, optional
        Shown in drawings, explanations and errors.

    Raises
    ------
    TypeError
        For an integer or bool array with `requires_grad=True` (pass floats), and for what is not
        numbers.
    RuntimeError
        For a tensor with a history: copying its value would drop its derivative.

    Examples
    --------
    >>> import autograd_mini as ag
    >>> x = ag.Tensor([1.0, 2.0], requires_grad=True, name="x")
    >>> (x * x).sum().backward()
    >>> x.grad
    array([2., 4.])
    """

    __slots__ = ()
    __array_priority__ = 1000.0

    def __init__(
        self,
        value: Any,
        *,
        requires_grad: bool = False,
        dtype: Any = None,
        name: str | None = None,
    ) -> None:
        data = new_value(value, dtype, requires_grad)
        self.node = leaf(data, Cell(), name) if requires_grad else constant(data)
        self.node.name = name

    # -- derivatives

    @property
    def grad(self) -> Array | None:
        """The gradient that `backward` accumulated in this leaf, or None.

        Raises
        ------
        AttributeError
            For an inner tensor: nothing is kept there; `ag.backprop` reads its cotangent.
        """
        cell = self.node.cell
        if cell is None and self.node.tracked:
            label = self.node.name or "t"
            raise AttributeError(
                f".grad is kept by leaves only; {describe(self.node)} is an inner tensor: write "
                f"ag.backprop(J, wrt=[{label}]) to read ∂J/∂{label}"
            )
        return None if cell is None else cell.grad

    @grad.setter
    def grad(self, value: Any) -> None:
        cell = self.node.cell
        if cell is None:
            raise AttributeError(f"{describe(self.node)} is no leaf that requires a gradient")
        if value is not None:
            value = np.array(value, self.dtype)
            if value.shape != self.shape:
                raise ValueError(f"a gradient has its leaf's shape {self.shape}, not {value.shape}")
        cell.grad = value

    def backward(self, cotangent: Any = None) -> None:
        """Add ∂(this)/∂leaf to `.grad` of every leaf below that requires a gradient.

        Parameters
        ----------
        cotangent : array_like, optional
            ∂J/∂(this), of this tensor's shape; needed unless it has one element.

        Raises
        ------
        ValueError
            For a non-scalar without cotangent, or a cotangent of another shape.
        RuntimeError
            If no leaf below requires a gradient.
        """
        order = walk(self.node, tracked=True)
        leaves = {node: node.cell for node in order if node.cell is not None}
        if not leaves:
            below = [describe(n) for n in order if not n.inputs]
            raise RuntimeError(
                f"{describe(self.node)} depends on no leaf that requires a gradient"
                + (f" (its leaves: {', '.join(below)})" if below else "")
                + "; make one with ag.Tensor(value, requires_grad=True)"
            )
        found = propagate([self.node], [seed(self, cotangent)], leaves, order=order)
        for node, cell in leaves.items():
            if node in found:
                gradient = handed_out(found[node])
                cell.grad = gradient if cell.grad is None else cell.grad + gradient

    def detach(self) -> Tensor:
        """Return a tensor of the same value without history: no derivative flows through it."""
        return wrap(self.node.value)

    # -- NumPy's protocols

    def __array_ufunc__(
        self, ufunc: Any, method: str, *inputs: Any, out: Any = None, **kwargs: Any
    ) -> Any:
        if out is not None or method == "at":
            raise TypeError(
                f"np.{ufunc.__name__} can not write a tensor into an array (arr += t, out=arr, "
                f"np.{ufunc.__name__}.at): its derivative would be lost; write arr = arr + t"
            )
        if method == "__call__":
            return dispatch(ufunc, inputs, kwargs)
        if method == "reduce" and ufunc in REDUCTIONS:
            names = ("axis", "dtype", "out", "keepdims")
            given = {"axis": 0, **dict(zip(names, inputs[1:], strict=False)), **kwargs}
            function = REDUCTIONS[ufunc].function
            return dispatch(function, inputs[:1], given)
        return dispatch(getattr(ufunc, method), inputs, kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return dispatch(function, args, kwargs)

    # -- operators

    __add__, __radd__ = _binary(np.add)
    __sub__, __rsub__ = _binary(np.subtract)
    __mul__, __rmul__ = _binary(np.multiply)
    __truediv__, __rtruediv__ = _binary(np.divide)
    __floordiv__, __rfloordiv__ = _binary(np.floor_divide)
    __pow__, __rpow__ = _binary(np.power)
    __matmul__, __rmatmul__ = _binary(np.matmul)
    __lt__, _ = _binary(np.less)
    __le__, _ = _binary(np.less_equal)
    __gt__, _ = _binary(np.greater)
    __ge__, _ = _binary(np.greater_equal)
    __eq__, _ = _binary(np.equal)
    __ne__, _ = _binary(np.not_equal)
    __and__, __rand__ = _binary(np.bitwise_and)
    __or__, __ror__ = _binary(np.bitwise_or)
    __xor__, __rxor__ = _binary(np.bitwise_xor)
    __iadd__ = _in_place(np.add)
    __isub__ = _in_place(np.subtract)
    __imul__ = _in_place(np.multiply)
    __itruediv__ = _in_place(np.divide)
    __ipow__ = _in_place(np.power)
    __imatmul__ = _in_place(np.matmul)
    __hash__ = object.__hash__

    def __neg__(self) -> Tensor:
        return apply(OPS[np.negative], (self,))

    def __pos__(self) -> Tensor:
        return apply(OPS[np.positive], (self,))

    def __abs__(self) -> Tensor:
        return apply(OPS[np.absolute], (self,))

    def __invert__(self) -> Tensor:
        return apply(OPS[np.invert], (self,))

    def __iter__(self) -> Iterator[Tensor]:
        return (self[i] for i in range(len(self)))

    def __contains__(self, item: Any) -> bool:
        return bool(np.any(read((self == item).node)))

    def __getitem__(self, key: Any) -> Tensor:
        return apply(_GET_ITEM, (self,), {"key": unwrap(key)})

    def __setitem__(self, key: Any, value: Any) -> None:
        refuse_write(self, "x[...] = v")
        _assign(self, unwrap(key), operand(value))

    # -- NumPy's methods

    @property
    def T(self) -> Tensor:  # noqa: N802 -- NumPy's name
        """The transpose."""
        return apply(OPS[np.transpose], (self,))

    @property
    def real(self) -> Tensor:
        """The real part."""
        return apply(OPS[np.real], (self,))

    @property
    def imag(self) -> Tensor:
        """The imaginary part."""
        return apply(OPS[np.imag], (self,))

    sum = _method(np.sum)
    mean = _method(np.mean)
    max = _method(np.max)
    min = _method(np.min)
    argmax = _method(np.argmax)
    argmin = _method(np.argmin)
    argsort = _method(np.argsort)
    any = _method(np.any)
    all = _method(np.all)
    nonzero = _method(np.nonzero)
    clip = _method(np.clip)
    dot = _method(np.dot)
    swapaxes = _method(np.swapaxes)
    squeeze = _method(np.squeeze)
    ravel = _method(np.ravel)
    conj = _method(np.conjugate)
    copy = _method(np.copy)

    def flatten(self, order: str = "C") -> Tensor:
        """Return a flat copy."""
        return self.ravel(order=order).copy()  # type: ignore[no-any-return]

    def reshape(self, *shape: Any, order: str = "C") -> Tensor:
        """Return the same elements in another shape: `t.reshape(2, 3)` or `t.reshape((2, 3))`."""
        new = shape[0] if len(shape) == 1 else shape
        return dispatch(np.reshape, (self, new), {} if order == "C" else {"order": order})

    def transpose(self, *axes: Any) -> Tensor:
        """Return the axes in another order, reversed by default."""
        if len(axes) == 1 and not isinstance(axes[0], int):
            axes = axes[0] or ()
        return apply(OPS[np.transpose], (self,), {"axes": tuple(axes)} if axes else EMPTY)

    def astype(self, dtype: Any, copy: bool = True) -> Tensor:
        """Return a tensor of another dtype; one that is not floating has no derivative."""
        if np.dtype(dtype).kind in "fc":
            return apply(OPS[cast], (self,), {"dtype": np.dtype(dtype)})
        return wrap(read(self.node).astype(dtype))


_GET_ITEM = OPS[get_item]
_SET_ITEM = OPS[set_item]


# -- recording


def tensor_of(node: Node) -> Tensor:
    """Return a variable that names a node."""
    tensor = _new(Tensor)
    tensor.node = node
    return tensor


def wrap(value: Any) -> Tensor:
    """Return an untracked Tensor of a value, which is borrowed."""
    return tensor_of(make_node(None, (), EMPTY, value, False))


def lift(node: Node) -> Any:
    """Return what a recorded rule sees of a node: a Tensor, or a tuple of them."""
    tensor = tensor_of(node)
    if type(node.value) is tuple:
        return tuple(apply(pick, (tensor,), {"index": k}) for k in range(len(node.value)))
    return tensor


def apply(op: Op, operands: tuple[Any, ...], metadata: dict[str, Any] = EMPTY) -> Any:
    """Run an operation; record it if a derivative reaches one of its operands.

    Operands are Tensors, or arrays and Python scalars, which are borrowed.
    """
    inputs: list[Any] = []
    values: list[Any] = []
    tracked = False
    for operand in operands:
        if type(operand) is Tensor:
            node = operand.node
            inputs.append(node)
            values.append(node.value)
            if node.tracked:
                tracked = True
        else:
            inputs.append(operand)
            values.append(operand)
    value = op.compute(*values, **metadata) if metadata else op.compute(*values)
    mode = context.mode
    if mode == EVERYTHING or (tracked and mode == TRACKED and op.differentiable):
        for k, parent in enumerate(inputs):
            if type(parent) is not Node:
                inputs[k] = constant(parent)
        kind = type(value)
        if kind is list or kind is tuple:
            value = tuple(value)
        node = make_node(op, tuple(inputs), metadata, value, tracked, context.scope)
        if context.debug is not None:
            context.debug.made(node)
        if type(value) is tuple:
            return kind(_mark_view(output, op, values) for output in lift(node))
    else:
        if type(value) is list or type(value) is tuple:
            return type(value)(_mark_view(wrap(output), op, values) for output in value)
        node = make_node(None, (), EMPTY, value, False)
    tensor = _new(Tensor)
    tensor.node = node
    return _mark_view(tensor, op, values) if op.view else tensor


def _mark_view(tensor: Tensor, op: Op, values: list[Any]) -> Tensor:
    """Note that a result shares memory with its operand: writing it must be refused."""
    value = tensor.node.value
    tensor.node.view = (
        op.view and type(value) is np.ndarray and np.may_share_memory(value, values[0])
    )
    return tensor


def operand(value: Any) -> Any:
    """Return a value that may stand in an operation; NotImplemented for what is no number."""
    if type(value) in _ARRAYS or isinstance(value, Tensor | np.generic):
        return value
    if getattr(type(value), "__array_ufunc__", True) is None:
        return NotImplemented
    array = np.asarray(value)
    return NotImplemented if array.dtype.kind not in "biufc" else array


def unwrap(value: Any) -> Any:
    """Return a call's argument with every Tensor in it replaced by its value."""
    kind = type(value)
    if kind is Tensor:
        return value.node.value
    if kind is tuple or kind is list:
        return kind([unwrap(item) for item in value])
    return {key: unwrap(item) for key, item in value.items()} if kind is dict else value


def _is_tracked(value: Any) -> bool:
    if type(value) is Tensor:
        return value.node.tracked
    return type(value) in (tuple, list) and any(_is_tracked(item) for item in value)


def dispatch(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Answer a call of one of NumPy's functions in which a Tensor stands.

    Raises
    ------
    TypeError
        When a derivative would be lost: the function has no rule, writes into an array, or is
        called with a keyword that its rule does not know.
    """
    if function in _WRITERS or kwargs.get("out") is not None:
        label = getattr(function, "__name__", "the function")
        raise TypeError(
            f"np.{label} writes into an array in place, where a tensor's derivative would be "
            f"lost; write {_WRITERS.get(function, f'y = np.{label}(...)')} instead"
        )
    op = find_op(function)
    mode = context.mode
    wanted = mode == EVERYTHING or (
        mode == TRACKED and any(map(_is_tracked, (*args, *kwargs.values())))
    )
    if not wanted or (op is not None and not op.differentiable):
        return _wrap_result(function(*unwrap(args), **unwrap(kwargs)))
    if op is None:
        raise TypeError(_missing_rule(function))
    operands, metadata = op.bind(args, kwargs)
    converted = tuple(o if o is None else operand(o) for o in operands)
    for given, usable in zip(operands, converted, strict=True):
        if usable is NotImplemented:
            raise TypeError(
                f"{op.name} needs numbers; got {type(given).__name__} beside a tensor: {given!r}"
            )
    return apply(op, converted, unwrap(metadata))


_WRITERS = {
    np.copyto: "x = v, or x[...] = v with x a Tensor",
    np.put: "x[indices] = v with x a Tensor",
    np.place: "x[mask] = v with x a Tensor",
    np.putmask: "x = np.where(mask, v, x)",
    np.fill_diagonal: "x = np.where(np.eye(n, dtype=bool), v, x)",
}


def _wrap_result(result: Any) -> Any:
    if isinstance(result, np.ndarray | np.generic):
        return wrap(result)
    if type(result) in (tuple, list):
        return type(result)(_wrap_result(item) for item in result)
    return result


def _missing_rule(function: Any) -> str:
    """Return an error that is a rule ready to be pasted."""
    label = getattr(function, "__name__", str(function))
    where = getattr(function, "__module__", None) or "numpy"
    where = where.replace("numpy", "np", 1)
    arity = getattr(function, "nin", 1)
    arrays = ", ".join("abcdefgh"[:arity])
    rows = ", ".join([f"lambda g, y, {arrays}: g * ..."] * arity)
    return (
        f"{where}.{label} has no derivative rule yet. Give it one, "
        f"ag.rule({where}.{label}, {rows}), with ∂y/∂(argument) in place of ...; or pass "
        "t.detach() if no derivative is wanted"
    )


def seed(output: Tensor, cotangent: Any, record: bool = False) -> Any:
    """Return the cotangent a backward pass starts from, in the output's shape and dtype."""
    value = output.node.value
    if cotangent is None:
        if value.size != 1:
            raise ValueError(
                f"a derivative starts from one number; {describe(output.node)} has {value.size}: "
                "sum it, or pass a cotangent of its shape"
            )
        return np.ones(value.shape, value.dtype)[()]
    given = cotangent if record and type(cotangent) is Tensor else np.asarray(unwrap(cotangent))
    if given.shape != value.shape:
        raise ValueError(
            f"the cotangent of {describe(output.node)} must have its shape {value.shape}; "
            f"got {given.shape}"
        )
    if given.dtype != value.dtype:
        given = given.astype(value.dtype)
    if value.dtype.kind == "c":
        given = np.conjugate(given)
    return given if type(given) is Tensor else given[()]


# -- writing in place


def refuse_write(tensor: Tensor, call: str) -> None:
    """Raise if writing this tensor would change a leaf's gradient or another array."""
    node = tensor.node
    if node.cell is not None and context.mode != OFF:
        raise RuntimeError(
            f"{call}: {describe(node)} requires a gradient, so it can not be changed in place "
            "while derivatives are recorded; write it inside `with ag.no_grad():`, or a new "
            "tensor: y = x + ..."
        )
    if node.view:
        raise RuntimeError(
            f"{call}: {describe(node)} is a view; in NumPy this would change its base; "
            "write x[0, 1] = v on the base, or .copy() first"
        )


def _repoint(tensor: Tensor, node: Node) -> None:
    """Let a variable name another node; a leaf stays that leaf, with its cell and name."""
    old = tensor.node
    if old.cell is not None:
        node = leaf(node.value, old.cell, old.name)
    elif node.name is None and not old.inputs and not node.inputs:
        node.name = old.name
    tensor.node = node


def _assign(tensor: Tensor, key: Any, value: Any) -> None:
    """x[key] = v: name a new node in which v has been written."""
    if value is NotImplemented:
        raise TypeError("x[...] = v needs numbers or a tensor")
    given = value.node if type(value) is Tensor else constant(value)
    recorded = context.mode != OFF and (tensor.node.tracked or given.tracked)
    if recorded and tensor.dtype.kind not in "fc":
        raise TypeError(
            f"x[...] = v: a tensor of dtype {tensor.dtype} can not hold a value with a derivative; "
            "make x of floats"
        )
    data = _buffer(tensor)
    old = tensor.node
    data[key] = given.value
    if not recorded:
        _repoint(tensor, constant(data))
        return
    if old.value is data:
        old.value = Taken(data)
    metadata = {"key": key}
    tensor.node = make_node(_SET_ITEM, (old, given), metadata, data, True, context.scope)
    if context.debug is not None:
        context.debug.made(tensor.node)


def _buffer(tensor: Tensor) -> Array:
    """Return the array to write: the tensor's own where nobody else can see it, else a copy.

    Nobody can when only this tensor names the node, only the node holds the array, and no rule
    reads it: the node is a constant or a set-item. So n set-items into one array stay linear.
    """
    node = tensor.node
    value = node.value
    ours = (node.op is None and not node.tracked) or node.op is _SET_ITEM
    if ours and type(value) is np.ndarray and value.base is None and value.flags.writeable:
        del value
        if _references(tensor) == _ALONE:
            return node.value  # type: ignore[no-any-return]
    return np.array(node.value)


def _references(tensor: Tensor) -> tuple[int, int]:
    node = tensor.node
    return sys.getrefcount(node), sys.getrefcount(node.value)


def _calibrate() -> tuple[int, int]:
    """Return the counts that `_buffer` sees when nobody else holds node or array."""
    tensor = wrap(np.zeros(1))
    node = tensor.node
    counts = _references(tensor)
    del node
    return counts


_ALONE = _calibrate()


# -- what this thread is doing


class no_grad(ContextDecorator):  # noqa: N801 -- a function to its users, as in PyTorch
    """Record nothing inside: `with ag.no_grad():`, or `@ag.no_grad()` over a function.

    >>> import autograd_mini as ag
    >>> w = ag.Tensor(1.0, requires_grad=True)
    >>> with ag.no_grad():
    ...     w -= 0.1
    >>> w
    Tensor(0.9, requires_grad=True)
    """

    def __init__(self) -> None:
        self._outer: list[int] = []

    def __enter__(self) -> None:
        self._outer.append(context.mode)
        context.mode = OFF

    def __exit__(self, *error: object) -> None:
        context.mode = self._outer.pop()

    def _recreate_cm(self) -> no_grad:
        return no_grad()


class scope(ContextDecorator):  # noqa: N801
    """Name what is recorded inside: `with ag.scope("layer 2"):`; scopes nest.

    >>> import autograd_mini as ag
    >>> x = ag.Tensor(1.0, requires_grad=True)
    >>> with ag.scope("layer 2"):
    ...     y = x * x
    >>> y.node.scope
    ('layer 2',)
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._outer: list[tuple[str, ...]] = []

    def __enter__(self) -> None:
        self._outer.append(context.scope)
        context.scope = (*context.scope, self.name)

    def __exit__(self, *error: object) -> None:
        context.scope = self._outer.pop()

    def _recreate_cm(self) -> scope:
        return scope(self.name)
