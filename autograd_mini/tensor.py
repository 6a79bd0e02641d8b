"""`Tensor`: a variable that names a node of the recorded graph and behaves as its array does."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from . import rules  # noqa: F401 -- fills OPS, which everything below reads
from .context import TRACKED, context
from .graph import EMPTY, Cell, Node, constant, describe, leaf, make_node, walk
from .inplace import NAMED, UNNAMED, assign, refuse_write, repoint
from .op import OPS, Op, find_op
from .reading import Array, Reading, as_array, new_value, read
from .reverse import handed_out, pick, propagate, seed
from .rules.elementwise import identity
from .rules.indexing import get_item

__all__ = ["Tensor", "apply", "lift", "tensor_of", "unwrap", "wrap"]

Binary = Callable[["Tensor", Any], "Tensor"]
_new = object.__new__
_value, _tracked = attrgetter("value"), attrgetter("tracked")
_ARRAYS = frozenset((float, int, np.ndarray, np.float64, np.float32, bool))
"""What may stand beside a Tensor as it is (others are converted first).

Not complex: Python's own would take a NumPy scalar for a float, and answer in Python's type.
"""


def _binary(function: Any) -> tuple[Binary, Binary]:
    """Return `t + other` and `other + t` for one of NumPy's binary functions."""
    op = OPS[function]
    compute = op.compute

    def forward(self: Tensor, other: Any) -> Any:
        left = self.node
        if type(other) is Tensor:
            right = other.node
        elif type(other) in _ARRAYS or (other := operand(other, self)) is not NotImplemented:
            right = constant(other)
        else:
            return other
        try:
            value = compute(left.value, right.value)
        except Exception as error:
            raise sys.modules[__package__].blame.failed(op, (left, right), error) from None
        return record(op, (left, right), EMPTY, value, left.tracked or right.tracked)

    def reflected(self: Tensor, other: Any) -> Any:
        if type(other) not in _ARRAYS and (other := operand(other, self)) is NotImplemented:
            return other
        right = self.node
        value = compute(other, right.value)
        return record(op, (constant(other), right), EMPTY, value, right.tracked)

    return forward, reflected


def _in_place(function: Any) -> Binary:
    """Return `t += other`: t comes to name the result; what was recorded before is untouched."""
    op = OPS[function]

    def update(self: Tensor, other: Any) -> Any:
        temporary = sys.getrefcount(self) <= UNNAMED < NAMED
        refuse_write(self, f"in-place {op.label}", temporary)
        if (other := operand(other)) is NotImplemented:
            return NotImplemented
        result = apply(op, (self, other))
        if result.shape != self.shape or not np.can_cast(result.dtype, self.dtype, "same_kind"):
            raise TypeError(sys.modules[__package__].blame.no_room(op, self, result))
        repoint(self, (result if result.dtype == self.dtype else result.astype(self.dtype)).node)
        return self

    return update


def _method(function: Any) -> Callable[..., Tensor]:
    """Return one of NumPy's functions as a method: its first array is the tensor."""

    def method(self: Tensor, *args: Any, **kwargs: Any) -> Any:
        return dispatch(function, (self, *args), kwargs)

    method.__name__, method.__doc__ = function.__name__, f"Return np.{function.__name__}(t, ...)."
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
    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

    def __init__(
        self, value: Any, *, requires_grad: bool = False, dtype: Any = None, name: str | None = None
    ) -> None:
        data = new_value(value, dtype, requires_grad)
        self.node = leaf(data, Cell(), name) if requires_grad else constant(data)
        self.node.name = name
        if context.now.debug is not None:
            context.now.debug.made(self.node)

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
            raise AttributeError(sys.modules[__package__].blame.no_attribute(self, "grad"))
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
            If no leaf below requires a gradient; while a program is recorded (see `jit`).
        """
        order = walk(self.node, tracked=True)
        leaves = {node: node.cell for node in order if node.cell is not None}
        if not leaves or context.now.since:
            raise RuntimeError(sys.modules[__package__].blame.no_leaf(order))
        found = propagate([self.node], [seed(self.node, unwrap(cotangent))], leaves, order=order)
        for node, cell in leaves.items():
            if node in found:
                gradient = handed_out(found, node)
                cell.grad = gradient if cell.grad is None else np.asarray(cell.grad + gradient)

    def detach(self) -> Tensor:
        """Return a tensor of the same value without history: no derivative flows through it."""
        return apply(_DETACHED, (self,))  # type: ignore[no-any-return]

    # What a notebook shows is made in a room of its own, which loads when it is asked for.
    _repr_mimebundle_ = property(lambda t: sys.modules[__package__].display.shown(t))  # noqa: PLW0108

    # -- NumPy's protocols

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if method == "at":
            kwargs["out"] = method  # it writes into an array too
        if method != "__call__" and "out" not in kwargs:
            ufunc = getattr(ufunc, method)
        return dispatch(ufunc, inputs, kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return dispatch(function, args, kwargs)

    # -- operators

    __add__, __radd__ = _binary(np.add)
    __sub__, __rsub__ = _binary(np.subtract)
    __mul__, __rmul__ = _binary(np.multiply)
    __truediv__, __rtruediv__ = _binary(np.divide)
    __floordiv__, __rfloordiv__ = _binary(np.floor_divide)
    __mod__, __rmod__ = _binary(np.remainder)
    __pow__, __rpow__ = _binary(np.power)
    __matmul__, __rmatmul__ = _binary(np.matmul)
    __lt__, __gt__ = _binary(np.less)[0], _binary(np.greater)[0]
    __le__, __ge__ = _binary(np.less_equal)[0], _binary(np.greater_equal)[0]
    __eq__, __ne__ = _binary(np.equal)[0], _binary(np.not_equal)[0]  # type: ignore[assignment]
    __and__, __rand__ = _binary(np.bitwise_and)
    __or__, __ror__ = _binary(np.bitwise_or)
    __xor__, __rxor__ = _binary(np.bitwise_xor)
    __iadd__, __isub__, __imul__ = map(_in_place, (np.add, np.subtract, np.multiply))
    __ifloordiv__, __imod__, __ipow__ = map(_in_place, (np.floor_divide, np.remainder, np.power))
    __itruediv__, __imatmul__ = map(_in_place, (np.divide, np.matmul))
    __iand__, __ior__, __ixor__ = map(_in_place, (np.bitwise_and, np.bitwise_or, np.bitwise_xor))
    __neg__, __pos__, __abs__ = map(_method, (np.negative, np.positive, np.absolute))
    __invert__, __divmod__, __round__ = map(_method, (np.invert, np.divmod, np.round))
    __hash__ = object.__hash__

    def __iter__(self) -> Iterator[Tensor]:
        return (self[i] for i in range(len(self)))

    def __contains__(self, item: Any) -> bool:
        return bool(np.any(read((self == item).node)))

    def __getitem__(self, key: Any) -> Tensor:
        return apply(_GET_ITEM, (self,), {"key": unwrap(key, reading=True)})  # type: ignore[no-any-return]

    def __setitem__(self, key: Any, value: Any) -> None:
        refuse_write(self, "x[...] = v")
        if (value := operand(value)) is NotImplemented:
            raise TypeError("x[...] = v: v must be numbers or a tensor of numbers")
        assign(self, unwrap(key, True), value.node if type(value) is Tensor else constant(value))

    # -- NumPy's methods

    T, real, imag = (property(_method(f)) for f in (np.transpose, np.real, np.imag))

    def flatten(self, order: str = "C") -> Any:
        """Return a flat copy."""
        return self.ravel(order=order).copy()

    def reshape(self, *shape: Any, order: str = "C") -> Tensor:
        """Return the same elements in another shape: `t.reshape(2, 3)` or `t.reshape((2, 3))`."""
        new = shape[0] if len(shape) == 1 else shape
        return dispatch(np.reshape, (self, new), {"order": order})  # type: ignore[no-any-return]

    def transpose(self, *axes: Any) -> Tensor:
        """Return the axes in another order, reversed by default."""
        order = axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else axes or None
        return dispatch(np.transpose, (self, order), {})  # type: ignore[no-any-return]

    def astype(self, dtype: Any, copy: bool = True) -> Tensor:
        """Return a tensor of another dtype; one that is not floating has no derivative."""
        if np.dtype(dtype).kind not in "fc" and context.now.mode <= TRACKED:
            return wrap(read(self.node).astype(dtype))
        return dispatch(np.astype, (self, np.dtype(dtype)), {})  # type: ignore[no-any-return]


def _refused(name: str) -> Any:
    """Return a property that says why NumPy's method of this name is none of a Tensor's."""

    def refuse(self: Tensor) -> Any:
        raise AttributeError(sys.modules[__package__].blame.no_attribute(self, name))

    return property(refuse)


_EDITS = ("compress", "sort", "partition", "put", "resize")  # methods that act on the array itself
# NumPy's other methods answer as np.name(t) does. (A `__getattr__` would slow all attributes.)
for _name in {*dir(np.ndarray)} - {*dir(Tensor)}:
    if not _name.startswith("_"):
        known = hasattr(np, _name) and _name not in _EDITS
        setattr(Tensor, _name, _method(getattr(np, _name)) if known else _refused(_name))

_PLAIN = _ARRAYS | {Tensor}
_GET_ITEM = OPS[get_item]
_DETACHED = Op(identity, "detach", (None,))


# -- recording


def tensor_of(node: Node) -> Tensor:
    """Return a variable that names a node."""
    tensor = _new(Tensor)
    tensor.node = node
    return tensor


def wrap(value: Any, name: str | None = None) -> Tensor:
    """Return an untracked Tensor of a value, which is borrowed."""
    node = constant(value)
    node.name = name
    return tensor_of(node)


def lift(node: Node) -> Any:
    """Return what a recorded rule sees of a node: a Tensor, a tuple of them, or a constant."""
    if type(node.value) is tuple:
        tensor = tensor_of(node)
        return tuple(apply(pick, (tensor,), {"index": k}) for k in range(len(node.value)))
    older = node.number < context.now.since and hasattr(node.value, "dtype")  # a captured Tensor
    return tensor_of(node) if older or node.inputs or node.tracked else node.value


def apply(op: Op, operands: tuple[Any, ...], metadata: dict[str, Any] = EMPTY) -> Any:
    """Run an operation on Tensors, and on arrays and Python scalars, which are borrowed."""
    inputs = [o.node if type(o) is Tensor else constant(o) for o in operands]
    try:
        value = op.compute(*map(_value, inputs), **metadata)
    except Exception as error:
        raise sys.modules[__package__].blame.failed(op, inputs, error) from None
    return record(op, tuple(inputs), metadata, value, any(map(_tracked, inputs)))


def record(
    op: Op, inputs: tuple[Node, ...], metadata: dict[str, Any], value: Any, tracked: bool
) -> Any:
    """Name the result of an operation; keep its history if a derivative reaches an input."""
    now = context.now
    mode = now.mode
    if (tracked and mode == TRACKED and op.differentiable) or mode > TRACKED:
        node = make_node(op, inputs, metadata, value, tracked and mode != 2, now.scope)  # no_grad
    else:
        node = make_node(None, (), EMPTY, value, False)
    if now.debug is not None:
        now.debug.made(node, op, inputs)
    if type(value) not in _ARRAYS and isinstance(value, (tuple, list)):
        node.value = tuple(value)
        outputs = lift(node) if node.inputs else map(wrap, value)
        return _like(value, [_mark_view(output, op, inputs[0].value) for output in outputs])
    tensor = _new(Tensor)
    tensor.node = node
    return _mark_view(tensor, op, inputs[0].value) if op.view else tensor


def _mark_view(tensor: Tensor, op: Op | None, source: Any) -> Tensor:
    """Note that a result shares memory with its operand: writing it must be refused."""
    value = tensor.node.value
    viewing = (op is None or op.view) and type(value) is type(source) is np.ndarray
    if viewing and (value.base is not None or value is source):
        tensor.node.view = value.base is source or np.may_share_memory(value, source)
    return tensor


def operand(value: Any, beside: Tensor | None = None) -> Any:
    """Return a value that may stand in an operation; NotImplemented for what is no number."""
    if type(value) is complex and beside is not None:
        return np.asarray(value, np.result_type(beside.dtype, value))[()]
    if type(value) in _ARRAYS or isinstance(value, (Tensor, np.generic)):
        return value
    if getattr(type(value), "__array_ufunc__", True) is None:
        return NotImplemented
    array = as_array(value)
    return NotImplemented if array.dtype.kind not in "biufc" else array


def unwrap(value: Any, reading: bool = False) -> Any:
    """Return a call's argument with every Tensor in it replaced by its value."""
    kind = type(value)
    if kind is Tensor:
        if reading:  # a compiler lets an index be an input of the program
            return value if context.now.since else read(value.node)
        return value.node.value
    if kind is tuple or kind is list:
        return kind([unwrap(item, reading) for item in value])
    return {key: unwrap(item, reading) for key, item in value.items()} if kind is dict else value


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
    op = OPS.get(function)
    if op is not None and not kwargs and len(args) == op.fixed:
        if op.fixed == 1 and type(args[0]) is Tensor:
            node = args[0].node
            return record(op, (node,), EMPTY, op.compute(node.value), node.tracked)
        if _PLAIN.issuperset(map(type, args)):
            return apply(op, args)
    if function in _WRITERS or kwargs.get("out") is not None:
        raise TypeError(sys.modules[__package__].blame.writing(function))
    op = find_op(function, kwargs)
    if not _is_wanted(op, (*args, *kwargs.values())):
        return _run_unrecorded(function, op, args, kwargs)
    if op is None:
        raise TypeError(sys.modules[__package__].blame.missing_rule(function))
    if not op.rules:  # said in terms of other functions
        return op.compute(*args, **kwargs)
    operands, metadata = op.bind(args, kwargs)
    converted = tuple(o if o is None else operand(o) for o in operands)
    if any(one is NotImplemented for one in converted):
        raise TypeError(f"{op.label} needs numbers beside a tensor; got {operands!r}")
    if not op.variadic and context.now.mode == TRACKED:
        reached = any(_is_tracked(o) for o, one in zip(converted, op.rules, strict=True) if one)
        if not reached:  # a condition, say: no derivative passes through it
            return _run_unrecorded(function, op, args, kwargs)
    return apply(op, converted, unwrap(metadata, reading=True))


def _is_wanted(op: Op | None, arguments: tuple[Any, ...]) -> bool:
    """Tell whether a call is to be recorded."""
    if context.now.mode > TRACKED:
        if op is not None and op.reads == "value":
            frozen = f"{op.label} reads a value while the program is being recorded"
            raise RuntimeError(f"{frozen}; write np.where(condition, a, b) in place of if")
        return op is None or op.reads != "shape"
    differentiable = op is None or op.differentiable
    return differentiable and context.now.mode == TRACKED and any(map(_is_tracked, arguments))


_WRITERS = frozenset((np.copyto, np.put, np.place, np.putmask, np.fill_diagonal))


def _run_unrecorded(function: Any, op: Op | None, args: Any, kwargs: dict[str, Any]) -> Any:
    """Call the function on values, and return its arrays as Tensors without history."""
    values, options, debug = unwrap(args), unwrap(kwargs), context.now.debug
    result = _wrap_result(function(*values, **options), op, values)
    return result if debug is None else debug.computed(function, values, options, result)


def _wrap_result(result: Any, op: Op | None, values: tuple[Any, ...]) -> Any:
    if isinstance(result, (np.ndarray, np.generic)):
        return _mark_view(wrap(result), op, values[0] if values else None)
    if isinstance(result, (tuple, list)):
        return _like(result, [_wrap_result(item, op, values) for item in result])
    return result


def _like(several: Any, items: list[Any]) -> Any:
    """Return items in a tuple, named tuple or list as NumPy returned it."""
    return getattr(several, "_make", type(several))(items)
