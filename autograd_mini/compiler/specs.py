"""What a program knows of a value before it runs: its shape and dtype.

While a function is recorded its values are `Spec`s: NumPy's functions answer them with Specs, by
NumPy's own protocols, so recording costs neither the time nor the memory of computing.

Numbers that stand in a formula, Python's own, have no dtype: NumPy lets them take that of what they
meet ("weak"), and so must a program. They stay Python's numbers until the program is written.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..context import EVERYTHING, TRACKED, context
from ..elements import broadcasts, known_name
from ..graph import Node
from ..op import Op

__all__ = ["Spec", "infer", "infer_kind", "is_constant", "known_number", "shape_of", "spec_of"]

Shape = tuple[int, ...]
_LIKE = frozenset((np.zeros_like, np.ones_like, np.full_like, np.empty_like))


class Spec:
    """An array of which shape and dtype are known; () is a NumPy scalar.

    No dataclass: transforms would take one apart.
    """

    __slots__ = ("dtype", "shape")

    def __init__(self, shape: Shape, dtype: np.dtype[Any]) -> None:
        self.shape, self.dtype = shape, dtype

    def __eq__(self, other: object) -> bool:
        alike = type(other) is Spec and self.shape == other.shape
        return alike and self.dtype == other.dtype  # type: ignore[attr-defined]

    def __hash__(self) -> int:
        return hash((self.shape, self.dtype))

    def __repr__(self) -> str:
        return f"Spec({self.shape}, {self.dtype})"

    size = property(lambda self: math.prod(self.shape), doc="The number of elements.")
    ndim = property(lambda self: len(self.shape), doc="The number of axes.")
    itemsize = property(lambda self: self.dtype.itemsize)
    nbytes = property(lambda self: self.size * self.dtype.itemsize)
    T = property(lambda self: Spec(self.shape[::-1], self.dtype))

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        """Return some array of this kind, for what only a real one can answer."""
        _must_be_recording()
        return _example(self.shape, self.dtype).astype(dtype or self.dtype, copy=True)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **how: Any) -> Any:
        _must_be_recording()
        out = how.get("out")
        if out is not None or method == "at":
            return out[0] if out is not None and len(out) == 1 else out
        if method == "__call__" and ufunc.nout == 1 and ufunc.signature is None:
            shape = broadcast([getattr(x, "shape", ()) for x in inputs])
            return Spec(shape, dtype_of(ufunc, inputs, how))
        if ufunc is np.matmul and method == "__call__" and not how:
            found = _dot(*inputs)
            return _answered(ufunc, inputs, how) if found is None else found
        return _answered(getattr(ufunc, method), inputs, how)

    def __array_function__(self, function: Any, types: Any, args: Any, how: Any) -> Any:
        _must_be_recording()
        if function in _LIKE:  # what it makes is known
            return function(*_with_examples(args), **_with_examples(how))
        if (known := ANSWERS.get(function)) is not None:
            found = known(*args, **how)
            return _answered(function, args, how) if found is None else found
        return _answered(function, args, how)

    def __bool__(self) -> bool:
        """As of ones, which examples are: an operation that asks whether any are 0 saves work."""
        return True

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> Any:
        _must_be_recording()
        items = tuple(map(_example_index, key if type(key) is tuple else (key,)))
        return spec_of(np.broadcast_to(np.zeros((), self.dtype), self.shape)[items])

    def astype(self, dtype: Any, copy: bool = True) -> Spec:
        """As an array's method."""
        return Spec(self.shape, np.dtype(dtype))

    def sum(self, axis: Any = None, keepdims: bool = False, **how: Any) -> Any:
        """As an array's method."""
        if how:
            return _answered(np.sum, (self,), {"axis": axis, "keepdims": keepdims, **how})
        dtype = np.zeros(1, self.dtype).sum().dtype
        return Spec(_reduced(self.shape, axis=axis, keepdims=keepdims), dtype)

    def max(self, axis: Any = None, out: Any = None, keepdims: bool = False) -> Any:
        """As an array's method."""
        return Spec(_reduced(self.shape, axis=axis, keepdims=keepdims), self.dtype)

    min = max

    def transpose(self, axes: Any = None) -> Spec:
        """As an array's method."""
        return Spec(_transposed(self.shape, axes=axes), self.dtype)

    def reshape(self, *shape: Any, order: str = "C") -> Spec:
        """As an array's method."""
        new = shape[0] if len(shape) == 1 and isinstance(shape[0], (tuple, list)) else shape
        flat = np.broadcast_to(np.zeros((), self.dtype), self.shape).reshape(new)
        return Spec(flat.shape, self.dtype)

    def dot(self, other: Any) -> Any:
        """As an array's method."""
        return np.dot(self, other)

    def __neg__(self) -> Any:
        return np.negative(self)

    def __abs__(self) -> Any:
        return np.absolute(self)

    def __pow__(self, other: Any) -> Any:
        # NumPy's operator squares, which keeps other dtypes than np.power does.
        if type(other) in (int, float):
            return Spec(self.shape, dtype_of(operator.pow, (self, other), {}))
        return np.power(self, other)

    def __rpow__(self, other: Any) -> Any:
        return np.power(other, self)

    def __invert__(self) -> Any:
        return np.invert(self)

    def __float__(self) -> float:
        """Return what stands in an example: a number is set into an array's element by it."""
        return 1.0

    def __complex__(self) -> complex:
        return 1.0 + 0j

    def __int__(self) -> int:
        return 0

    def __matmul__(self, other: Any) -> Any:
        return np.matmul(self, other)

    def __getattr__(self, name: str) -> Any:
        """Answer NumPy's other methods on some array of this kind."""
        if name.startswith("_") or not hasattr(np.ndarray, name):
            raise AttributeError(name)
        method = getattr(np.ndarray, name)
        if not callable(method):
            return spec_of(getattr(np.asarray(self), name))
        return lambda *args, **how: _answered(method, (self, *args), how)


def _example_index(item: Any) -> Any:
    """Return some index of this kind in place of one that is not known."""
    value = getattr(getattr(item, "node", None), "value", None)
    if value is None:
        return item
    if value.dtype.kind == "b":
        raise RuntimeError(
            "x[mask]: how many elements a mask takes depends on its values, which are not known "
            "while a program is recorded; write np.where(mask, x, 0.0)"
        )
    return np.zeros(value.shape, value.dtype)


def _operators() -> None:
    ufuncs = {"add": np.add, "sub": np.subtract, "mul": np.multiply, "truediv": np.divide,
              "floordiv": np.floor_divide, "mod": np.remainder}  # fmt: skip
    compared = {"lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal,
                "and": np.bitwise_and, "or": np.bitwise_or, "xor": np.bitwise_xor}  # fmt: skip
    for name, of in (ufuncs | compared).items():
        setattr(Spec, f"__{name}__", lambda self, other, of=of: of(self, other))
    for name, of in ufuncs.items():
        setattr(Spec, f"__r{name}__", lambda self, other, of=of: of(other, self))


_operators()


def _must_be_recording() -> None:
    """Refuse to compute with what a function that was recorded has left somewhere."""
    if context.now.mode <= TRACKED:
        raise RuntimeError(
            "jit: a Tensor was kept from a function while it was recorded (appended to a list, set "
            "as an attribute, yielded later), so it has no value; let the function return it"
        )


def spec_of(value: Any) -> Any:
    """Return the Spec of a node, an array or a NumPy scalar; a tuple of them for several outputs.

    Python's numbers have none: they are returned as they are.
    """
    if type(value) is Node:
        value = value.value
    if type(value) is Spec:
        return value
    if isinstance(value, (tuple, list)):
        parts = map(spec_of, value)
        return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
    return Spec(value.shape, value.dtype) if hasattr(value, "dtype") else value


def _example(shape: Shape, dtype: Any, safe: bool = True) -> Any:
    """Return ones, or unit matrices: nothing that an operation could not be asked of.

    Whole numbers are 0, because they may be places; not `safe`: unless that fails.
    """
    if safe and dtype.kind in "iu":
        return np.broadcast_to(np.zeros((), dtype), shape)
    if len(shape) >= 2 and shape[-1] == shape[-2]:
        return np.broadcast_to(np.eye(shape[-1], dtype=dtype), shape)
    return np.broadcast_to(np.ones((), dtype), shape)


def _answered(function: Any, args: Any, how: dict[str, Any]) -> Any:
    """Call a function on examples in place of Specs, and tell of what kind its results are."""
    with np.errstate(all="ignore"):
        try:
            return spec_of(function(*_with_examples(args), **_with_examples(how)))
        except (ValueError, ZeroDivisionError):
            args, how = _with_examples(args, safe=False), _with_examples(how, safe=False)
            return spec_of(function(*args, **how))


def infer_kind(node: Node, numbers: bool) -> bool:
    """Tell whether an operation gives a NumPy scalar, when what it reads without axes is one."""
    op: Any = node.op
    values = [
        _example(i.value.shape, i.value.dtype) if type(i.value) is Spec else i.value
        for i in node.inputs
    ]
    if numbers:
        values = [x[()] if isinstance(x, np.ndarray) else x for x in values]
    with np.errstate(all="ignore"):
        return not isinstance(op.compute(*values, **node.metadata), np.ndarray)


def _with_examples(value: Any, safe: bool = True) -> Any:
    if type(value) is Spec:
        return np.array(_example(value.shape, value.dtype, safe))[()]
    if isinstance(value, (tuple, list)):
        parts = (_with_examples(one, safe) for one in value)
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    if type(value) is dict:
        return {key: _with_examples(one, safe) for key, one in value.items()}
    return value


def shape_of(node: Node) -> Shape:
    """Return a node's shape; that of a Python number is ()."""
    return getattr(node.value, "shape", ())


def is_constant(node: Node) -> bool:
    """Tell whether a value is known while the program is made."""
    return node.op is None and type(node.value) is not Spec


def known_number(node: Node) -> Any:
    """Return the one number that a constant is, else None."""
    if not is_constant(node):
        return None
    value = node.value
    if not hasattr(value, "dtype"):
        return value if isinstance(value, (int, float, complex)) else None
    return value.item() if value.size == 1 else None


_dtypes: dict[Any, Any] = {}


def dtype_of(function: Any, operands: Sequence[Any], how: dict[str, Any]) -> Any:
    """Return the dtype of an elementwise function, by asking it once for each kind of operands."""
    kinds = tuple(
        (x.dtype, not x.shape) if hasattr(x, "dtype") else (type(x), x) for x in operands
    )
    key = (function, kinds, str(how) if how else "")
    try:
        return _dtypes[key]
    except (KeyError, TypeError):
        small = [
            np.ones((1,) * len(x.shape), x.dtype)[()] if hasattr(x, "dtype") else x
            for x in operands
        ]
        with np.errstate(all="ignore"):
            dtype = getattr(function(*small, **how), "dtype", None)
        if len(_dtypes) > 4096:
            _dtypes.clear()
        _dtypes[key] = dtype
        return dtype


def broadcast(shapes: list[Shape]) -> Shape:
    """Return the shape that these are broadcast to.

    Raises
    ------
    ValueError
        When they do not fit.
    """
    widest = max(shapes, key=len, default=())
    if all(s == widest or not s for s in shapes):
        return widest
    return np.broadcast_shapes(*shapes)


def _reduced(x: Shape, *, axis: Any = None, keepdims: bool = False) -> Shape:
    n = len(x)
    axes = range(n) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    gone = {operator.index(a) % n for a in axes} if n else set()
    return tuple(1 if i in gone else d for i, d in enumerate(x) if keepdims or i not in gone)


def _transposed(x: Shape, *, axes: Any = None) -> Shape:
    return tuple(x[a] for a in (range(len(x))[::-1] if axes is None else axes))


def _stacked(*parts: Shape, axis: int = 0) -> Shape:
    first = parts[0]
    place = axis % (len(first) + 1)
    return (*first[:place], len(parts), *first[place:])


SHAPES: dict[str, Callable[..., Shape]] = {
    "max": _reduced, "min": _reduced, "stack": _stacked, "vdot": lambda a, b: (),
    "spread": lambda x, *, shape, **_: tuple(shape),
    "broadcast_to": lambda x, *, shape: tuple(np.atleast_1d(shape).tolist()),
}  # fmt: skip
"""How an operation's shape follows from its operands' shapes, where the dtype is theirs."""


def _dot(a: Any, b: Any) -> Spec | None:
    """Matrices and vectors of one dtype; None: ask NumPy."""
    a, b = spec_of(a), spec_of(b)
    if type(a) is not Spec or type(b) is not Spec or a.dtype != b.dtype:
        return None
    if a.ndim not in (1, 2) or b.ndim not in (1, 2):
        return None
    if a.shape[-1] != b.shape[0]:
        raise ValueError(f"a product of shapes {a.shape} and {b.shape}, which do not fit")
    return Spec((*a.shape[:-1], *b.shape[1:]), a.dtype)


ANSWERS: dict[Any, Callable[..., Any]] = {
    np.dot: _dot,
    np.vdot: lambda a, b: Spec((), a.dtype) if a.dtype == b.dtype else None,
    np.broadcast_to: lambda x, shape, subok=False: Spec(
        tuple(np.atleast_1d(shape).tolist()), x.dtype
    ),
    np.sum: lambda x, **how: x.sum(**how) if type(x) is Spec else None,
    np.transpose: lambda x, axes=None: x.transpose(axes),
    np.reshape: lambda x, shape, order="C": x.reshape(shape),
}
"""What is asked often and large, so that no examples should be made for it."""


def infer(op: Op, values: Sequence[Any], metadata: dict[str, Any]) -> Any:
    """Return the Spec of an operation's result on values, some of them Specs."""
    if broadcasts(op) and getattr(op.function, "nout", 1) == 1:
        shape = broadcast([getattr(x, "shape", ()) for x in values])
        return Spec(shape, dtype_of(op.compute, values, metadata))
    dtypes = {getattr(x, "dtype", None) for x in values}
    if (shaped := SHAPES.get(known_name(op))) is not None and len(dtypes) == 1:
        (dtype,) = dtypes
        if dtype is not None:
            return Spec(shaped(*(x.shape for x in values), **metadata), dtype)
    now = context.now
    mode, now.mode = now.mode, EVERYTHING  # Specs answer
    try:
        return spec_of(op.compute(*values, **metadata))
    finally:
        now.mode = mode
