"""What a program knows of a value before it runs: its shape and dtype, and how to tell those.

Numbers that stand in a formula, Python's own, have neither: NumPy lets them take the dtype of what
they meet ("weak"), and so must a program. They stay Python's numbers until the program is written.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..elements import broadcasts, known_name
from ..graph import Node
from ..op import Op

__all__ = ["Spec", "infer", "is_constant", "known_number", "shape_of", "spec_of", "stand_in"]


@dataclass(frozen=True, slots=True)
class Spec:
    """Shape and dtype of an array; () is a NumPy scalar."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def size(self) -> int:
        """The number of elements."""
        return math.prod(self.shape)

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def nbytes(self) -> int:
        """What the elements take."""
        return self.size * self.dtype.itemsize


def spec_of(value: Any) -> Any:
    """Return the Spec of a node, an array or a NumPy scalar; a tuple of them for several outputs.

    Python's numbers have none: they are returned as they are.
    """
    if type(value) is Node:
        value = value.value
    if type(value) is Spec:
        return value
    if type(value) is tuple:
        return tuple(map(spec_of, value))
    return Spec(value.shape, value.dtype) if hasattr(value, "dtype") else value


def shape_of(node: Node) -> tuple[int, ...]:
    """Return a node's shape; that of a Python number is ()."""
    return getattr(node.value, "shape", ())


def is_constant(node: Node) -> bool:
    """Tell whether a value is known while the program is made."""
    return node.op is None and type(node.value) is not Spec


def known_number(node: Node) -> Any:
    """Return the one number that a constant is (or repeats in every element), else None."""
    if not is_constant(node):
        return None
    value = node.value
    if not hasattr(value, "dtype"):
        return value if isinstance(value, (int, float, complex)) else None
    return value.item() if value.size == 1 else None


def stand_in(node: Node) -> Any:
    """Return something small that answers as the node does when a dtype is asked for."""
    value = node.value
    if type(value) is not Spec:
        return value if not hasattr(value, "dtype") else np.ones((1,) * value.ndim, value.dtype)[()]
    return np.ones((1,) * value.ndim, value.dtype)[()]


_dtypes: dict[Any, Any] = {}


def _dtype(op: Op, inputs: tuple[Node, ...], metadata: dict[str, Any]) -> Any:
    """The dtype of an elementwise operation, by asking it once for each kind of operands."""
    kinds = tuple(
        (n.value.dtype, not n.value.shape)
        if hasattr(n.value, "dtype")
        else (type(n.value), n.value)
        for n in inputs
    )
    key = (op, kinds, str(metadata) if metadata else "")
    try:
        return _dtypes[key]
    except (KeyError, TypeError):
        with np.errstate(all="ignore"):
            value = op.compute(*map(stand_in, inputs), **metadata)
        dtype = getattr(value, "dtype", None)
        if len(_dtypes) > 4096:
            _dtypes.clear()
        _dtypes[key] = dtype
        return dtype


def _broadcast(shapes: list[tuple[int, ...]]) -> tuple[int, ...]:
    widest = max(shapes, key=len, default=())
    if all(s == widest or not s for s in shapes):
        return widest
    return np.broadcast_shapes(*shapes)


Shape = Callable[..., tuple[int, ...]]


def _reduced(x: Any, *, axis: Any = None, keepdims: bool = False, **_: Any) -> tuple[int, ...]:
    n = len(x)
    axes = range(n) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    gone = {a % n for a in axes} if n else set()
    return tuple(1 if i in gone else d for i, d in enumerate(x) if keepdims or i not in gone)


def _transposed(x: Any, *, axes: Any = None) -> tuple[int, ...]:
    return tuple(x[a] for a in (range(len(x))[::-1] if axes is None else axes))


def _reshaped(x: Any, *, shape: Any, order: str = "C") -> tuple[int, ...]:
    shape = tuple(shape) if isinstance(shape, (tuple, list)) else (int(shape),)
    if -1 in shape:
        rest = -math.prod(shape)
        return tuple(math.prod(x) // max(rest, 1) if d == -1 else d for d in shape)
    return tuple(map(int, shape))


def _product(a: Any, b: Any) -> tuple[int, ...]:
    if len(a) == len(b) == 2:
        return a[0], b[1]
    if not a or not b:
        return (*a, *b)
    raise NotImplementedError


def _stacked(*parts: Any, axis: int = 0) -> tuple[int, ...]:
    first = parts[0]
    place = axis % (len(first) + 1)
    return (*first[:place], len(parts), *first[place:])


SHAPES: dict[str, Shape] = {
    "sum": _reduced, "mean": _reduced, "max": _reduced, "min": _reduced, "prod": _reduced,
    "transpose": _transposed, "reshape": _reshaped, "dot": _product, "matmul": _product,
    "vdot": lambda a, b: (), "stack": _stacked,
    "spread": lambda x, *, shape, **_: tuple(shape),
    "broadcast_to": lambda x, *, shape: tuple(shape) if np.ndim(shape) else (int(shape),),
}  # fmt: skip
"""How an operation's shape follows from its operands' shapes, where that needs no computing."""


def infer(op: Op, inputs: tuple[Node, ...], metadata: dict[str, Any]) -> Any:
    """Return the Spec of an operation's result.

    Elementwise operations broadcast; a few others say their shapes; the rest is run once on zeros
    of the operands' shapes.
    """
    if broadcasts(op) and getattr(op.function, "nout", 1) == 1:
        return Spec(_broadcast([shape_of(n) for n in inputs]), _dtype(op, inputs, metadata))
    if (shape := SHAPES.get(known_name(op))) is not None:
        try:
            found = shape(*map(shape_of, inputs), **metadata)
        except (NotImplementedError, TypeError):
            found = None
        if found is not None:
            kept = op.name in ("transpose", "reshape", "spread", "broadcast_to", "max", "min")
            same = {getattr(n.value, "dtype", None) for n in inputs}
            alike = op.name in ("dot", "matmul", "stack", "vdot")
            if kept or (alike and len(same) == 1 and None not in same):
                return Spec(found, inputs[0].value.dtype)
            small = [np.ones((1,) * len(shape_of(n)), n.value.dtype) for n in inputs]
            some = {k: v for k, v in metadata.items() if k in ("axis", "keepdims", "dtype")}
            with np.errstate(all="ignore"):
                return Spec(found, np.asarray(op.compute(*small, **some)).dtype)
    zeros = [
        np.zeros(n.value.shape, n.value.dtype)[()] if type(n.value) is Spec else n.value
        for n in inputs
    ]
    with np.errstate(all="ignore"):
        return spec_of(op.compute(*zeros, **metadata))
