"""The first NaN or infinity: which operation or rule made it, from what, and what to write."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np

from .graph import Node
from .op import Sparse
from .places import where

__all__ = ["NonFiniteError", "cure", "in_gradient", "in_value", "told", "worst"]


class NonFiniteError(FloatingPointError):
    """A NaN or an infinity that its inputs did not have, found under `ag.debug`."""


MOVERS: Final = frozenset((
    "append", "array_split", "astype", "atleast_1d", "atleast_2d", "atleast_3d", "block",
    "broadcast_arrays", "broadcast_to", "choose", "column_stack", "compress", "concatenate",
    "conjugate", "copy", "delete", "detach", "diag", "diagflat", "diagonal", "dsplit", "dstack",
    "empty_like", "expand_dims", "extract", "fill_diagonal", "flip", "fliplr", "flipud",
    "full_like", "get_item", "hsplit", "hstack", "identity", "imag", "insert", "moveaxis",
    "negative", "pad", "partition", "pick", "positive", "put_along_axis", "ravel", "real",
    "repeat", "reshape", "resize", "roll", "rollaxis", "rot90", "select", "set_item", "sort",
    "split", "squeeze", "stack", "swapaxes", "take", "take_along_axis", "tile", "transpose",
    "tril", "triu", "unique", "vsplit", "vstack", "where",
))  # fmt: skip
"""They carry numbers about, and make none: NaN among data may pass through them."""

_LOG = (
    "where x can be 0, make the argument harmless inside the function: "
    "np.log(np.where(x > 0, x, 1.0)); log σ(z) is -np.logaddexp(0.0, -z), "
    "a log of a sum of exponentials is np.logaddexp too"
)
_ROOT = "its slope is infinite at 0: write np.sqrt(np.where(x > 0, x, 1.0)) inside the np.where"
_EXP = "subtract the largest exponent first; log(1 + exp(z)) is np.logaddexp(0.0, z)"
_DOMAIN = "keep the argument inside of the function's domain with np.clip, or np.where inside it"
CURES: Final = {
    **dict.fromkeys(("log", "log2", "log10", "log1p", "logit"), _LOG),
    **dict.fromkeys(("sqrt", "cbrt", "norm", "std"), _ROOT),
    **dict.fromkeys(("exp", "exp2", "expm1", "cosh", "sinh"), _EXP),
    **dict.fromkeys(("arcsin", "arccos", "arctanh", "arccosh"), _DOMAIN),
    **dict.fromkeys(
        ("divide", "reciprocal", "remainder", "fmod"),
        "make the denominator harmless where it is 0: a / np.where(b == 0, 1.0, b)",
    ),
    "power": "a negative base needs a whole exponent, and 0 a positive one: "
    "np.where(a > 0, a, 1.0) ** b, or work with b * np.log(a)",
    "subtract": "inf - inf is no number: look for where the infinities come from",
    "multiply": "0 * inf is no number: put np.where around the factor that is infinite, inside it",
}  # fmt: skip
_OVERFLOW = "scale the numbers down, or compute in float64"
_DATA = "the data hold nan already: clean them first, np.where(np.isnan(x), 0.0, x)"


def worst(value: Any) -> int:
    """Tell what is in a value: 0 finite numbers only, 1 an infinity, 2 a NaN."""
    if isinstance(value, (tuple, list)):
        return max(map(worst, value), default=0)
    if isinstance(value, (float, np.floating)):
        return 0 if math.isfinite(value) else 1 + math.isnan(value)
    if getattr(getattr(value, "dtype", None), "kind", "") not in ("f", "c"):
        return 0
    array = getattr(getattr(value, "node", None), "value", value)
    if not isinstance(array, (np.ndarray, np.generic)) or np.isfinite(array).all():
        return 0
    return 1 + bool(np.isnan(array).any())


def _severity(value: Any) -> Any:
    array = np.asarray(value)
    if array.dtype.kind not in "fc":
        return np.zeros(array.shape, int)
    return np.where(np.isnan(array), 2, np.isinf(array))


def _is_data(node: Node) -> bool:
    """Tell whether a node's numbers were given, not computed: moved at most."""
    seen, todo = {node}, [node]
    for one in todo:
        if one.op is not None and not one.op.view and one.op.name not in MOVERS:
            return False
        new = [n for n in one.inputs if n not in seen and worst(n.value) == 2]
        seen.update(new)
        todo += new
    return True


def _is_elementwise(function: Any) -> bool:
    return isinstance(function, np.ufunc) and function.signature is None


def in_value(
    label: str, function: Any, inputs: Sequence[Node], value: Any, place: str | None
) -> str | None:
    """Say what a result has that its inputs had not; None when there is no such thing.

    A NaN among the data (leaves, constants) counts as the operation's that first computes with
    it; an infinity among them is taken for meant (a mask, say).
    """
    if not (level := worst(value)) or label.rpartition(".")[2] in MOVERS:
        return None
    data = [level == 2 and worst(node.value) == 2 and _is_data(node) for node in inputs]
    found = _first(function, value, [n.value for n in inputs], data)
    if found is None:
        return None
    number, index = found
    advice = _DATA if any(data) else cure(label, inputs)
    given = told(function, inputs, index)
    return f"{label} gave {number}{_at(index)}{where(place)}, from {given}; {advice}"


def _first(
    function: Any, value: Any, operands: Sequence[Any], data: Sequence[bool]
) -> tuple[Any, tuple[int, ...]] | None:
    """Return the first number that is worse than what it was made from, and its index."""
    value = max(value, key=worst) if isinstance(value, (tuple, list)) else value
    if _is_elementwise(function):
        had: Any = 0
        for operand, is_data in zip(operands, data, strict=True):
            if operand is not None:
                had = np.maximum(had, np.minimum(_severity(operand), 1 if is_data else 2))
    else:
        pairs = zip(operands, data, strict=True)
        had = max((min(worst(x), 1 if is_data else 2) for x, is_data in pairs), default=0)
    severity = _severity(value)
    worse = np.argwhere(severity > had)
    if not len(worse):
        return None
    index = tuple(int(i) for i in worse[0])
    return np.asarray(value)[index], index


def in_gradient(node: Node, parent: Node, g: Any, part: Any) -> str | None:
    """Say what a rule's part has that the cotangent had not; None when there is no such thing."""
    part, g = _plain(part), _plain(g)
    if worst(part) <= worst(g):
        return None
    severity = _severity(part)
    index = tuple(int(i) for i in np.argwhere(severity > worst(g))[0])
    label, position = node.op.label if node.op else "", node.inputs.index(parent)
    of = parent.name or (f"argument {position + 1}" if len(node.inputs) > 1 else "its argument")
    recorded = where(node.place) or (
        " (recorded outside of ag.debug; put the forward pass under it too to see where)"
    )
    given = f"g{_value_at(g, index)}"
    function = node.op.function if node.op else None
    advice = cure(label, node.inputs)
    gave = f"{np.asarray(part)[index]}{_at(index)} in the gradient of {of}"
    operands = told(function, node.inputs, index)
    rule = f"the rule of {label}, recorded{recorded}"
    return f"{rule}, gave {gave}, from {given} and {operands}; {advice}"


def _plain(value: Any) -> Any:
    if isinstance(value, Sparse):
        value = value.g
    return getattr(getattr(value, "node", None), "value", value)


def cure(label: str, inputs: Iterable[Node]) -> str:
    """Return what to write in place of an operation."""
    name = label.rpartition(".")[2]
    return CURES.get(name, _OVERFLOW if not any(worst(n.value) for n in inputs) else _DATA)


def _at(index: tuple[int, ...]) -> str:
    return f" at [{', '.join(map(str, index))}]" if index else ""


def told(function: Any, nodes: Sequence[Node], index: tuple[int, ...] | None) -> str:
    """Describe operands: name, the number that was used at an index, shape, range, place."""
    nodes = [node for node in nodes if node.value is not None]
    alone = len(nodes) == 1
    there = index if alone or _is_elementwise(function) else None
    labels = [
        node.name or ("its argument" if alone else f"argument {k}")
        for k, node in enumerate(nodes, 1)
    ]
    return ", ".join(_tell(*pair, there) for pair in zip(nodes, labels, strict=True))


def _tell(node: Node, label: str, index: tuple[int, ...] | None) -> str:
    value = node.value
    facts = [] if not np.shape(value) else [f"shape {value.shape}", _range(value)]
    if node.place is not None:
        facts.append(f"made at {node.place}" + (f" by {node.op.label}" if node.op else ""))
    told = f"{label}{_value_at(value, index)}"
    return f"{told} ({', '.join(facts)})" if facts else told


def _value_at(value: Any, index: tuple[int, ...] | None) -> str:
    """Return " = 0.0 at [3]" of an array that was broadcast to where the index points."""
    shape = np.shape(value) if isinstance(value, (np.ndarray, np.generic, float, int)) else None
    if shape == ():
        return f" = {value}"
    if shape is None or index is None or len(shape) > len(index):
        return ""
    own = index[len(index) - len(shape) :]
    own = tuple(0 if n == 1 else i for i, n in zip(own, shape, strict=True))
    if any(i >= n for i, n in zip(own, shape, strict=True)):
        return ""
    return f" = {value[own]} at [{', '.join(map(str, own))}]"


def _range(value: Any) -> str:
    """Return "from 0.0 to 4.0, 2 not finite, the first at [3]"."""
    if not isinstance(value, np.ndarray):
        return f"dtype {value.dtype}"  # its buffer was taken over: no numbers left
    bad = ~np.isfinite(value) if value.dtype.kind in "fc" else np.zeros(value.shape, bool)
    numbers = value[~bad]
    known = numbers.size and value.dtype.kind != "c"
    extent = f"from {numbers.min()} to {numbers.max()}" if known else f"dtype {value.dtype}"
    if not bad.any():
        return extent
    first = ", ".join(str(i) for i in np.argwhere(bad)[0])
    return f"{extent}, {np.count_nonzero(bad)} not finite, the first at [{first}]"
