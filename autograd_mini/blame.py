"""What went wrong and what to write instead: loaded when something has failed, never before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from .context import context
from .graph import Node, describe, walk

__all__ = [
    "dropped", "failed", "history", "is_table", "misfit", "missing_rule", "no_array",
    "no_attribute", "no_keyword", "no_leaf", "no_room", "not_one_number", "not_one_real",
    "objects", "on_a_leaf", "on_a_view", "other_shape", "truth", "writing",
]  # fmt: skip

WRITERS: Final[dict[Any, str]] = {
    np.copyto: "x = v, or x[...] = v with x a Tensor", np.put: "x[indices] = v with x a Tensor",
    np.place: "x[mask] = v with x a Tensor", np.putmask: "x = np.where(mask, v, x)",
    np.fill_diagonal: "x = np.where(np.eye(n, dtype=bool), v, x)",
}  # fmt: skip
_READ = (
    "To read the value: t.item() or t.detach().numpy(); to fill an array from tensors: "
    "np.stack([...]), or x[i] = t with x a Tensor; instead of math.sin(t): np.sin(t)"
)
_OBJECTS = "objects have no derivative: pass an array of floats, arr.astype(float)"


# -- a call


def missing_rule(function: Any) -> str:
    """Return an error that is a rule ready to be pasted."""
    module = getattr(function, "__module__", None) or "numpy"
    owner = getattr(getattr(function, "__self__", None), "__name__", None)  # np.multiply.outer
    name = f"{owner}.{function.__name__}" if owner else getattr(function, "__name__", function)
    label = told = f"{module}.{name}".replace("numpy.", "np.", 1)
    if isinstance(function, np.ufunc) and getattr(np, function.__name__, None) is not function:
        label = told = f"scipy.special.{name}"  # a ufunc carries no module
    arity = getattr(function, "nin", 0) or _arity(function)
    row = f"lambda g, y, {', '.join('abcdefgh'[:arity])}: g * ..."
    give = "Give it one"
    if name == "<lambda>":
        label, told = "f", f"{label} ({_place(function)})"
        give = "Name it, f = ag.primitive(lambda ...), and give it one"
    return (
        f"{told} has no derivative rule yet. {give}, ag.rule({label}{f', {row}' * arity}), "
        "with ∂y/∂(argument) in place of ...; or pass t.detach() if no derivative is wanted"
    )


def _arity(function: Any) -> int:
    """Count what a call must give to a function of a user's, 1 where it can not be told."""
    code = getattr(getattr(function, "on_arrays", None), "__code__", None)
    defaults = getattr(getattr(function, "on_arrays", None), "__defaults__", None) or ()
    return max(code.co_argcount - len(defaults), 1) if code is not None else 1


def _place(function: Any) -> str:
    code = getattr(getattr(function, "on_arrays", function), "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code else "of no place"


def no_keyword(op: Any, key: str, value: Any) -> str:
    """Return the error for a keyword that an operation's rules do not know."""
    known = ", ".join(op.keywords) or "none"
    return (
        f"{op.label}(..., {key}={value!r}) has no derivative rule (keywords with one: "
        f"{known}); leave {key} out, or pass t.detach() if no derivative is wanted"
    )


def no_room(op: Any, tensor: Any, result: Any) -> str:
    """Return the error for an in-place result that its tensor can not hold."""
    change = f"{tensor.dtype} {tensor.shape} into {result.dtype} {result.shape}"
    return f"in-place {op.label} can not turn {change}; write t = t + other"


def writing(function: Any) -> str:
    """Return what to write in place of a function that writes into an array."""
    label = f"np.{getattr(function, '__name__', 'function')}"
    cure = WRITERS.get(function, f"y = {label}(...), arr = arr + t")
    where = f"{label} with out=, .at or += writes into an array in place"
    return f"{where}, where a tensor's derivative would be lost; write {cure}"


def failed(op: Any, operands: Sequence[Node], error: Exception) -> Exception:
    """Return a failed operation's error with the operation, and what it was given, in it.

    It is of the same kind. What is no matter of shapes or types is left as it is.
    """
    if type(error) not in (ValueError, TypeError, IndexError, np.linalg.LinAlgError):
        return error
    told = " and ".join(_told(node) for node in operands)
    if any(_is_object(n.value) for n in operands):
        return TypeError(f"{op.label} of {told}: {_OBJECTS}")
    why = _why(op, [np.shape(n.value) for n in operands]) or " ".join(str(error).split())
    return type(error)(f"{op.label} of {told}: {why}")


def _is_object(value: Any) -> bool:
    return getattr(getattr(value, "dtype", None), "kind", "") == "O"


def _told(node: Node) -> str:
    if node.tracked or node.name or node.op is not None:
        return describe(node)
    shape = np.shape(node.value)
    return f"an array (shape {shape})" if shape else f"{node.value!r}"


def _why(op: Any, shapes: list[tuple[int, ...]]) -> str:
    """Say which axes do not fit, and what to write; nothing where NumPy says it best."""
    if op.name == "matmul" and len(shapes) == 2 and all(shapes):
        a, b = shapes
        rows = b[-2] if len(b) > 1 else b[-1]
        if a[-1] == rows:
            return ""
        which = "second last" if len(b) > 1 else "only"
        cure = "; its transpose would fit: a @ b.T" if len(b) == 2 and b[-1] == a[-1] else ""
        first = f"the last axis of the first ({a[-1]}) must be as long as"
        return f"{first} the {which} axis of the second ({rows}){cure}"
    if not isinstance(op.function, np.ufunc) or op.function.signature is not None:
        return ""
    longest = max(map(len, shapes))
    full = [(1,) * (longest - len(shape)) + shape for shape in shapes]
    for axis in range(longest - 1, -1, -1):
        lengths = sorted({shape[axis] for shape in full} - {1})
        if len(lengths) > 1:
            found = f"axis {axis - longest} has lengths {' and '.join(map(str, lengths))}"
            cure = "an axis of length 1 does: x[:, None] makes one, keepdims=True keeps one"
            return f"{found}, which do not broadcast; {cure}"
    return ""


def is_table(op: Any, inputs: Sequence[Node]) -> str:
    """Say that a column met a row and made a table of them, where nobody wrote the new axis."""
    if not isinstance(op.function, np.ufunc) or op.function.signature or len(inputs) != 2:
        return ""
    for column, row in (tuple(inputs), tuple(reversed(inputs))):
        shape = np.shape(column.value)
        meant = column.op is None or column.op.name in ("get_item", "expand_dims", "reshape")
        is_column = len(shape) == 2 and shape[1] == 1 < shape[0]
        if is_column and np.shape(row.value) == shape[:1] and not meant:
            n, label = shape[0], row.name or "y"
            return (
                f"{op.label} of {_told(inputs[0])} and {_told(inputs[1])} made a table of "
                f"({n}, {n}), each with every other; for one with one write {label}[:, None], or "
                "take the column's [:, 0]"
            )
    return ""


# -- what is no array


def no_array(value: Any, error: Exception) -> Exception:
    """Return the error for what can not be made an array of numbers."""
    if hasattr(value, "__dlpack__") or hasattr(value, "__array__"):
        name = f"{type(value).__module__}.{type(value).__qualname__}"
        why = " ".join(str(error).split()) or type(error).__name__
        cure = "pass its numbers as a NumPy array on the CPU that needs no gradient"
        return TypeError(f"{name} could not be read through DLPack or __array__: {why}; {cure}")
    if type(error) is ValueError:
        return ValueError(f"a tensor needs a rectangular array of numbers: {error}")
    return error


def objects(output: Node) -> str:
    """Return an error that names where objects came into a graph."""
    for node in walk(output):
        value = node.value
        if hasattr(value, "node") or _is_object(value):
            made = f"{node.op.label} gave objects" if node.op else f"{_told(node)} holds objects"
            return f"{made} (dtype object), and {_OBJECTS}; or np.stack tensors"
    return f"a derivative starts from floating-point numbers; got {describe(output)}"


# -- what was asked of a tensor


def dropped(node: Node, call: str) -> str:
    """Return the error for a call that would end a derivative in silence."""
    return f"{call} would drop the derivative of {describe(node)}. {_READ}"


def history(node: Node) -> str:
    """Return the error for pickling what was computed."""
    cure = "pickle t.detach(), or the leaves it was computed from"
    return f"{describe(node)} has a history, which pickle can not keep; {cure}"


def on_a_leaf(node: Node, call: str) -> str:
    """Return the error for writing a leaf, or a captured tensor while a program is recorded."""
    if context.now.since:
        cure = "return the new value, and write it outside"
        return f"{call}: a jitted function can not change {describe(node)} around it; {cure}"
    cure = "write it inside `with ag.no_grad():`, or make a new tensor: y = x + ..."
    return f"{call}: {describe(node)} requires a gradient; {cure}"


def on_a_view(node: Node, call: str) -> str:
    """Return the error for writing a view."""
    cure = "write x[0, 1] = v on the base, or .copy() first"
    return f"{call}: {describe(node)} is a view; in NumPy this would change its base; {cure}"


def truth(node: Node) -> str:
    """Return the error for the truth value of none or many elements."""
    many = "more than one element" if node.value.size else "no element"
    return (
        f"the truth value of {describe(node)} with {many} is ambiguous: to choose element by "
        "element write np.where(t > 0, a, b); for one answer t.any() or t.all(), or t.size"
    )


def no_attribute(tensor: Any, name: str) -> str:
    """Return the error for an attribute that a Tensor has not."""
    if name == "grad":
        label = tensor.node.name or "t"
        return (
            f".grad is kept by leaves only; {describe(tensor.node)} is an inner tensor: write "
            f"ag.backprop(J, wrt=[{label}]) to read ∂J/∂{label}"
        )
    if not hasattr(np.ndarray, name) or name.startswith("_"):
        return f"'Tensor' object has no attribute {name!r}"
    cure = f"write np.sort(t), t[...] = v, ..., or t.detach().numpy().{name}"
    return f"a Tensor has no .{name}, which acts on the array itself; {cure}"


# -- a backward pass


def no_leaf(order: Sequence[Node]) -> str:
    """Return the error for an output that no leaf is below of which a gradient is wanted.

    While a program is recorded there is no leaf whose .grad it could change.
    """
    if context.now.since:
        cure = "return what ag.value_and_grad(cost)(...) gives"
        return f"a jitted function can not call .backward(), which changes .grad; {cure}"
    below = ", ".join(describe(n) for n in order if not n.inputs)
    return (
        f"{describe(order[-1])} depends on no leaf that requires a gradient (its leaves: "
        f"{below}); make one with ag.Tensor(value, requires_grad=True)"
    )


def not_one_number(output: Node) -> str:
    """Return the error for a backward pass from many numbers without a cotangent."""
    start = f"a derivative starts from one number; {describe(output)} has {output.value.size}"
    return f"{start}: sum it, or pass a cotangent of its shape"


def not_one_real(f: Any, output: Any, value: Any) -> str:
    """Return the error for a gradient of what is not one real number."""
    cure = "sum it, or use ag.vjp"
    if value.dtype.kind == "c":
        holomorphic = "f'(z) of a holomorphic f is ag.jvp(f, (z,), (1.0,))[1]"
        cure = f"take np.real or np.abs of it; {holomorphic}"
    return (
        f"a gradient needs one real number; {getattr(f, '__name__', 'f')} returned "
        f"{type(output).__name__}, {value.dtype} of shape {value.shape}: {cure}"
    )


def other_shape(output: Node, given: tuple[int, ...]) -> str:
    """Return the error for a cotangent of another shape than the output's."""
    expected = f"the cotangent of {describe(output)} must have its shape {output.value.shape}"
    return f"{expected}; got {given}"


def misfit(node: Node, have: tuple[int, ...], want: tuple[int, ...]) -> str:
    """Return the error for a rule whose cotangent has a shape that its argument has not."""
    return (
        f"the rule of {node.op.name if node.op else node} gave a cotangent of shape {have} for an "
        f"argument of shape {want}; it must have the argument's shape, or one that the argument "
        "was broadcast to"
    )
