"""Nodes as straight-line JavaScript that calls page_files/touch_ops.js, one line an operation.

What works element by element or gathers along axes has a function of NumPy's name there. What only
moves elements (a transpose, an index, a join) is run here, by its own function, on the numbers of
the elements: that gives the index of a `take`, whatever the operation. So there is little to write
twice, and nothing of a derivative.
"""

from __future__ import annotations

import json
import math
import operator
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import numpy as np

from ..elements import known_name
from ..graph import Node
from ..reverse import pick
from .replay import Unplayable

__all__ = ["Writer", "literal"]

Arguments = list[str]
Made = str | list[str]

ELEMENTWISE: Final = frozenset((
    "add", "subtract", "multiply", "divide", "negative", "absolute", "sign", "square",
    "reciprocal", "power", "remainder", "floor_divide", "sqrt", "cbrt", "floor", "ceil", "trunc",
    "rint", "exp", "expm1", "exp2", "log", "log1p", "log2", "log10", "logaddexp", "sin", "cos",
    "tan", "sinh", "cosh", "tanh", "arcsin", "arccos", "arctan", "arctan2", "arcsinh", "arccosh",
    "arctanh", "hypot", "sigmoid", "softplus", "relu", "maximum", "minimum", "where", "equal",
    "not_equal", "less", "greater", "less_equal", "greater_equal", "logical_not", "logical_and",
    "logical_or", "logical_xor", "isnan", "isfinite", "isinf", "product", "quotient",
))  # fmt: skip
ALONG_AXES: Final = frozenset(("sum", "mean", "max", "min", "softmax", "log_softmax", "logsumexp"))
SAME: Final = frozenset(("positive", "identity", "copy", "real", "conjugate"))
MOVES: Final = frozenset((
    "reshape", "ravel", "transpose", "swapaxes", "expand_dims", "squeeze", "broadcast_to",
    "spread", "get_item", "set_item", "concatenate", "stack", "split",
))  # fmt: skip
OF_TRUTHS: Final = {
    "add": "logical_or", "multiply": "logical_and", "bitwise_or": "logical_or",
    "bitwise_and": "logical_and", "bitwise_xor": "not_equal", "invert": "logical_not",
}  # fmt: skip
"""What operators mean between truth values."""
SAME_BY_OTHER_NAME: Final = {"expit": "sigmoid", "amax": "max", "amin": "min"}


class Writer:
    """A growing program. Equal lines are written once.

    Attributes
    ----------
    lines
        Statements, each of which names its result.
    name
        What each node's value is called: a variable, a number, or several for a tuple.
    """

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.name: dict[Node, Made] = {}
        self._known: dict[str, str] = {}

    def write(self, nodes: Iterable[Node]) -> None:
        """Add the operations of nodes, which are in their order, to the program.

        Raises
        ------
        Unplayable
            For an operation or a dtype that has no form here.
        """
        for node in nodes:
            if node not in self.name:
                self.name[node] = self._operation(node) if node.op else self._constant(node.value)

    def variable(self, expression: str) -> str:
        """Return the name of an expression's value."""
        if expression not in self._known:
            self._known[expression] = f"v{len(self.lines)}"
            self.lines.append(f"const v{len(self.lines)} = {expression};")
        return self._known[expression]

    def _constant(self, value: Any) -> str:
        if value is None:
            return "null"
        array = np.asarray(value)
        _check_dtype(array, "a constant")
        if not isinstance(value, (np.ndarray, np.generic)):
            return literal(value)
        numbers = ", ".join(map(literal, array.ravel().tolist()))
        return self.variable(f"np.array({list(array.shape)}, [{numbers}])")

    def _operation(self, node: Node) -> Made:
        op: Any = node.op
        if op is pick:
            return self.name[node.inputs[0]][node.metadata["index"]]
        arguments = [self._one(parent) for parent in node.inputs]
        outputs = node.value if isinstance(node.value, tuple) else (node.value,)
        for output in outputs:
            _check_dtype(np.asarray(output), f"np.{op.name}" if op.label != op.name else op.name)
        name = SAME_BY_OTHER_NAME.get(known := known_name(op), known)
        if np.asarray(outputs[0]).dtype == np.bool:
            name = OF_TRUTHS.get(name, name)
        if name in SAME:
            return arguments[0]
        if name in MOVES:
            return self._moved(node, arguments)
        if name in ELEMENTWISE:
            return self._call(name, *arguments)
        if name in ALONG_AXES:
            return self._call(name, *arguments, *_axes(node))
        if name in SPECIAL:
            return SPECIAL[name](self, node, arguments)
        raise Unplayable(f"{op.label} has no form in JavaScript")

    def _one(self, node: Node) -> str:
        name = self.name[node]
        return name if isinstance(name, str) else ""

    def _call(self, name: str, *arguments: str) -> str:
        return self.variable(f"np.{name}({', '.join(arguments)})")

    def _moved(self, node: Node, arguments: Arguments) -> Made:
        """Write an operation that moves elements: run it on their numbers."""
        op: Any = node.op
        values = [np.asarray(parent.value) for parent in node.inputs]
        numbers, first = [], 0
        for value in values:
            numbers.append(first + _numbered(value.shape))
            first += value.size
        found = op.compute(*numbers, **node.metadata)
        if not isinstance(node.value, tuple):
            return self._taken(np.asarray(found), values, arguments)
        return [self._taken(part, values, arguments) for part in found]

    def _taken(self, index: Any, values: Sequence[Any], arguments: Arguments) -> str:
        """Write a `take`, or one of the calls that say the same and are read more easily."""
        shape, source = list(index.shape), values[0]
        if len(values) == 1:
            if np.array_equal(index.ravel(), _numbered((source.size,))):
                same = index.shape == source.shape
                return arguments[0] if same else self._call("reshape", str(shape), arguments[0])
            if source.ndim == 2 and np.array_equal(index.T, _numbered(source.shape)):
                return self._call("transpose", arguments[0])
            if source.size == 1:
                one = self._call("reshape", "[]", arguments[0]) if source.ndim else arguments[0]
                return self._call("spread", str(shape), one)
        return self._call("take", str(shape), _list(index), *arguments)


# -- operations that are more than one call


def _scattered(writer: Writer, node: Node, arguments: Arguments) -> str:
    shape = node.metadata["shape"]
    indices = [_list(np.asarray(_numbered(shape)[key])) for key in node.metadata["keys"]]
    return writer._call("scatter", str(list(shape)), f"[{', '.join(indices)}]", *arguments)


def _product(writer: Writer, node: Node, arguments: Arguments) -> str:
    """Write a product of vectors, matrices and stacks of them as one of stacks of equal length."""
    a, b = (np.asarray(parent.value) for parent in node.inputs)
    left = a.shape if a.ndim > 1 else (1, *a.shape)
    right = b.shape if b.ndim > 1 else (*b.shape, 1)
    stack = np.broadcast_shapes(left[:-2], right[:-2])
    sides = []
    for array, argument, shape in zip((a, b), arguments, (left, right), strict=True):
        side = _shaped(writer, argument, array.shape, shape)
        if shape[:-2] != stack:
            side = writer._call("spread", str([*stack, *shape[-2:]]), side)
        sides.append(side)
    product = writer._call("matmul", *sides)
    return _shaped(writer, product, (*stack, left[-2], right[-1]), np.shape(node.value))


def _dot(writer: Writer, node: Node, arguments: Arguments) -> str:
    """Write np.dot, which pairs a's last axis with b's second to last, as a product of matrices."""
    a, b = (np.asarray(parent.value) for parent in node.inputs)
    if a.ndim == 0 or b.ndim == 0:
        return writer._call("multiply", *arguments)
    if max(a.ndim, b.ndim) <= 2:
        return _product(writer, node, arguments)
    numbers = _numbered(b.shape if b.ndim > 1 else (b.size, 1))
    others = math.prod(numbers.shape[:-2]) * numbers.shape[-1]
    columns = np.moveaxis(numbers, -2, 0).reshape(numbers.shape[-2], others)
    rows = _rows(writer, arguments[0], a.shape)
    product = writer._call("matmul", rows, writer._taken(columns, [b], arguments[1:]))
    return writer._call("reshape", str(list(np.shape(node.value))), product)


def _outer(writer: Writer, node: Node, arguments: Arguments) -> str:
    a, b = (np.asarray(parent.value) for parent in node.inputs)
    column = _shaped(writer, arguments[0], a.shape, (a.size, 1))
    return writer._call("multiply", column, _shaped(writer, arguments[1], b.shape, (b.size,)))


def _affine(writer: Writer, node: Node, arguments: Arguments) -> str:
    """Write a @ weights.T + bias."""
    a, weights = (np.asarray(parent.value) for parent in node.inputs[:2])
    rows = _rows(writer, arguments[0], a.shape)
    product = writer._call("matmul", rows, writer._call("transpose", arguments[1]))
    have = (math.prod(a.shape[:-1]), weights.shape[0])
    product = _shaped(writer, product, have, (*a.shape[:-1], have[1]))
    return writer._call("add", product, arguments[2])


def _clipped(writer: Writer, node: Node, arguments: Arguments) -> str:
    x, low, high = arguments
    x = x if low == "null" else writer._call("maximum", x, low)
    return x if high == "null" else writer._call("minimum", x, high)


def _converted(writer: Writer, node: Node, arguments: Arguments) -> str:
    kind = np.asarray(node.value).dtype.kind
    if kind == "b":
        return writer._call("not_equal", arguments[0], "0")
    return arguments[0] if kind == "f" else writer._call("trunc", arguments[0])


def _filled(writer: Writer, node: Node, arguments: Arguments) -> str:
    return writer._call("spread", str(list(np.shape(node.value))), arguments[1])


def _parted(writer: Writer, node: Node, arguments: Arguments) -> Made:
    whole = writer._call("trunc", arguments[0])
    return [writer._call("subtract", arguments[0], whole), whole]


def _leaky(writer: Writer, node: Node, arguments: Arguments) -> str:
    slope = node.metadata.get("negative_slope", 0.01)
    return writer._call("leaky_relu", *arguments[:1], literal(slope))


SPECIAL: Final[dict[str, Callable[[Writer, Node, Arguments], Made]]] = {
    "scatter_sum": _scattered, "matmul": _product, "dot": _dot, "outer": _outer, "affine": _affine,
    "clip": _clipped, "astype": _converted, "full_like": _filled, "modf": _parted,
    "leaky_relu": _leaky,
}  # fmt: skip


# -- how things are written


def literal(value: Any) -> str:
    """Return a number as JavaScript reads it.

    >>> literal(True), literal(-2), literal(1e-05), literal(float("inf"))
    ('1', '-2', '1e-05', 'Infinity')
    """
    number = value + 0 if isinstance(value, (bool, int)) and abs(value) < 2**53 else float(value)
    if math.isfinite(number):
        return repr(number)
    return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"


def _numbered(shape: Sequence[int]) -> Any:
    return np.arange(math.prod(shape)).reshape(shape)


def _list(index: Any) -> str:
    return json.dumps(index.ravel().tolist(), separators=(",", ":"))


def _shaped(writer: Writer, name: str, have: Sequence[int], want: Sequence[int]) -> str:
    same = tuple(have) == tuple(want)
    return name if same else writer._call("reshape", str([*want]), name)


def _rows(writer: Writer, name: str, shape: Sequence[int]) -> str:
    """Return an array as one matrix: all axes but the last are laid out as rows."""
    return _shaped(writer, name, shape, (math.prod(shape[:-1]), shape[-1]))


def _axes(node: Node) -> list[str]:
    """Return the axes of a call and whether they are kept, as they stand in JavaScript."""
    op: Any = node.op
    default = -1 if "softmax" in op.name else None
    axis, keep = node.metadata.get("axis", default), bool(node.metadata.get("keepdims", False))
    dimensions = np.ndim(node.inputs[0].value)
    if axis is None:
        return ["undefined", "true"] if keep else []
    axes = [axis] if not isinstance(axis, (tuple, list)) else axis
    told = [operator.index(one) % dimensions for one in axes] if dimensions else []
    return [str(told), "true"] if keep else [str(told)]


def _check_dtype(array: Any, what: str) -> None:
    if array.dtype.kind not in "biuf" or (array.dtype.kind == "f" and array.dtype != np.float64):
        raise Unplayable(f"{what} is {array.dtype}; the page computes in float64")
