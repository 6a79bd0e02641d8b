"""The backend: how each operation is said in NumPy, with a place to write to where it takes one.

Another backend would be another file with the same functions: `kind_of`, `in_place`, `needs_spare`
and `needs_place` say what an operation asks for, `inline` and `say` write it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from ..elements import known_name
from ..graph import Node
from ..rules.indexing import is_basic
from .helpers import HELPERS
from .plan import FRESH, NUMBER, VIEW, WRITTEN
from .specs import Spec, shape_of

__all__ = ["Writing", "in_place", "inline", "kind_of", "needs_place", "needs_spare", "say"]


class Writing(Protocol):
    """What a form may ask of the program's text (see `write`)."""

    def use(self, function: Any) -> str:
        """Return the name by which the program calls a function."""

    def argument(self, node: Node, beside: Any = None) -> str:
        """Return what stands for a node; a Python number beside a Spec may become an array."""

    def value(self, thing: Any) -> str:
        """Return what stands for metadata: a literal, or a name."""


OPERATORS = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/"}
_FLOATS = (np.dtype(np.float64), np.dtype(np.float32))
_VIEWS = frozenset(
    ("transpose", "reshape", "broadcast_to", "swapaxes", "ravel", "identity", "squeeze", "real",
     "imag", "pick", "einsum")
)  # fmt: skip
"""What may give a view of its operand, or of what that is a view of."""
_SMALL = 256


def _is_ufunc(node: Node) -> bool:
    op: Any = node.op
    function = op.function
    return isinstance(function, np.ufunc) and function.nout == 1 and function.signature is None


def _is_layered(node: Node) -> bool:
    """Tell whether several calls of NumPy compute it, with room for what lies between."""
    spec, name = node.value, known_name(node.op)
    if name not in ("sigmoid", "softplus") or spec.dtype not in _FLOATS:
        return False
    same = getattr(node.inputs[0].value, "dtype", None) == spec.dtype
    return same and (name == "sigmoid" or spec.size > _SMALL)


def kind_of(node: Node) -> str:
    """Tell how a value comes about (see `plan`)."""
    op: Any = node.op
    if type(node.value) is not Spec:
        return VIEW  # several outputs: who knows
    name = known_name(op)
    if name == "get_item":
        return VIEW if is_basic(node.metadata["key"]) and not _is_place(node) else FRESH
    if name in _VIEWS or op.view or name == "":
        return VIEW
    if node.value.shape == ():
        return FRESH if not _is_ufunc(node) else NUMBER
    if _is_ufunc(node) or _is_layered(node) or name in ("relu", "softplus", *HELPERS):
        return WRITTEN
    if name == "dot" and all(len(shape_of(i)) in (1, 2) for i in node.inputs):
        return WRITTEN
    if name in ("sum", "spread", "stack", "concatenate"):
        return WRITTEN
    return FRESH


def _is_place(node: Node) -> bool:
    """Tell whether an index names one element, which NumPy gives as a number."""
    key = node.metadata["key"]
    items = key if type(key) is tuple else (key,)
    whole = all(isinstance(item, (int, np.integer)) for item in items)
    return whole and len(items) == len(shape_of(node.inputs[0])) > 0


def in_place(node: Node) -> bool:
    """Tell whether it may write over an operand of its own shape and dtype."""
    return _is_ufunc(node) or _is_layered(node) or known_name(node.op) == "relu"


def needs_spare(node: Node) -> bool:
    """Tell whether it needs a second buffer on the way."""
    return _is_layered(node) and node.value.shape != ()


def needs_place(node: Node) -> bool:
    """Tell whether it can not make an array by itself: it must be told where to write."""
    return node.value.shape != () and (_is_layered(node) or known_name(node.op) == "spread")


def inline(node: Node, w: Writing) -> str | None:
    """Return what stands for a value that costs nothing wherever it is used: a transpose."""
    plain = known_name(node.op) == "transpose" and node.metadata.get("axes") is None
    return f"{w.argument(node.inputs[0])}.T" if plain else None


def say(node: Node, out: str | None, spare: str | None, w: Writing) -> str:
    """Return the expression that computes a node; with `out`, what writes it there."""
    op: Any = node.op
    name = known_name(op)
    if name in OPERATORS and not any(shape_of(i) for i in (node, *node.inputs)):
        left, right = (w.argument(i) for i in node.inputs)
        return f"{left} {OPERATORS[name]} {right}"
    form = FORMS.get(name)
    said = form(node, out, spare, w) if form is not None else None
    if said is not None:
        return said
    if _is_ufunc(node):
        return _ufunc(node, out, w)
    return _call(node, w)


def _ufunc(node: Node, out: str | None, w: Writing) -> str:
    op: Any = node.op
    beside = next((i.value for i in node.inputs if shape_of(i)), None)
    if any("d" in kinds and "l" in kinds.partition("->")[0] for kinds in op.function.types):
        beside = None  # ldexp(x, 3): the whole number stays one
    given = [w.argument(i, beside) for i in node.inputs]
    given += [f"{key}={w.value(value)}" for key, value in node.metadata.items()]
    if out is not None:
        named = len(node.inputs) != op.function.nin or op.name in ("maximum", "minimum")
        given.append(f"out={out}" if named or node.metadata else out)
    return f"{w.use(op.function)}({', '.join(given)})"


def _call(node: Node, w: Writing) -> str:
    """Call what computes it: NumPy's function, or what its rules' author gave."""
    op: Any = node.op
    given = [w.argument(i) for i in node.inputs]
    given += [f"{key}={w.value(value)}" for key, value in node.metadata.items()]
    return f"{w.use(op.compute)}({', '.join(given)})"


def _dot(node: Node, out: str | None, spare: str | None, w: Writing) -> str | None:
    left, right = (w.argument(i) for i in node.inputs)
    if node.value.shape != () and any(len(shape_of(i)) not in (1, 2) for i in node.inputs):
        return None
    return f"{w.use(np.dot)}({left}, {right}{f', {out}' if out else ''})"


def _sum(node: Node, out: str | None, spare: str | None, w: Writing) -> str:
    how = [f"{key}={w.value(value)}" for key, value in node.metadata.items()]
    if out is not None:
        how.append(f"out={out}")
    (x,) = node.inputs
    return f"{w.argument(x)}.sum({', '.join(how)})"


def _transpose(node: Node, out: str | None, spare: str | None, w: Writing) -> str:
    axes = node.metadata.get("axes")
    (x,) = node.inputs
    return f"{w.argument(x)}.T" if axes is None else f"{w.argument(x)}.transpose({w.value(axes)})"


def _reshape(node: Node, out: str | None, spare: str | None, w: Writing) -> str | None:
    if node.metadata.get("order", "C") != "C" or not shape_of(node.inputs[0]):
        return None
    return f"{w.argument(node.inputs[0])}.reshape({w.value(node.value.shape)})"


def _astype(node: Node, out: str | None, spare: str | None, w: Writing) -> str:
    dtype = node.value.dtype
    name = dtype.name if dtype.isnative else dtype.str
    return f"{w.argument(node.inputs[0])}.astype({name!r})"


def _sigmoid(node: Node, out: str | None, spare: str | None, w: Writing) -> str | None:
    """1 / (1 + e^(−z)) as e^z / (1 + e^z), z up to 40: beyond, it rounds to 1."""
    if out is None or spare is None:
        return None
    exp, add, divide = map(w.use, (np.exp, np.add, np.divide))
    least, z, dtype = w.use(np.minimum), w.argument(node.inputs[0]), node.value.dtype
    limit, one = (w.value(np.array(c, dtype)) for c in (40.0, 1.0))
    e = f"{exp}({least}({z}, {limit}, out={spare}), {spare})"
    return f"{divide}({e}, {add}({spare}, {one}, {out}), {out})"


def _softplus(node: Node, out: str | None, spare: str | None, w: Writing) -> str | None:
    """log(1 + e^z) as log1p(e^−|z|) + max(z, 0); of few numbers NumPy's logaddexp."""
    z, dtype = w.argument(node.inputs[0]), node.value.dtype
    zero = w.value(np.zeros((), dtype))
    if getattr(node.inputs[0].value, "dtype", None) != dtype or node.value.shape == ():
        return None
    if node.value.size <= _SMALL:
        return f"{w.use(np.logaddexp)}({zero}, {z}{f', {out}' if out else ''})"
    log1p, exp, minus, size, most = map(
        w.use, (np.log1p, np.exp, np.negative, np.absolute, np.maximum)
    )
    part = f"{exp}({minus}({size}({z}, {spare}), {spare}), {spare})"
    return f"{w.use(np.add)}({log1p}({part}, {spare}), {most}({z}, {zero}, out={out}), {out})"


def _relu(node: Node, out: str | None, spare: str | None, w: Writing) -> str:
    (x,) = node.inputs
    place = f", out={out}" if out else ""
    zero = w.value(np.zeros((), node.value.dtype))
    return f"{w.use(np.maximum)}({w.argument(x)}, {zero}{place})"


def _vdot(node: Node, out: str | None, spare: str | None, w: Writing) -> str:
    return f"{w.use(np.vdot)}({', '.join(map(w.argument, node.inputs))})"


def _helper(node: Node, out: str | None, spare: str | None, w: Writing) -> str:
    given = [*map(w.argument, node.inputs), *([out] if out else [])]
    return f"{w.use(HELPERS[known_name(node.op)])}({', '.join(given)})"


def _spread(node: Node, out: str | None, spare: str | None, w: Writing) -> str | None:
    if out is None:
        return None
    (x,) = node.inputs
    shape, how, text = node.value.shape, node.metadata, w.argument(x)
    axis = how.get("axis")
    if axis is not None and not how.get("keepdims") and shape_of(x):
        axes = {a % len(shape) for a in (axis if isinstance(axis, tuple) else (axis,))}
        text += f".reshape({tuple(1 if k in axes else n for k, n in enumerate(shape))})"
    return f"{w.use(np.add)}({text}, {w.value(np.zeros((), node.value.dtype))}, {out})"


def _joined(node: Node, out: str | None, spare: str | None, w: Writing) -> str:
    op: Any = node.op
    parts = ", ".join(w.argument(i) for i in node.inputs)
    place = f", out={out}" if out else ""
    axis = node.metadata.get("axis", 0)
    return f"{w.use(op.function)}(({parts},), axis={axis}{place})"


def _pick(node: Node, out: str | None, spare: str | None, w: Writing) -> str:
    return f"{w.argument(node.inputs[0])}[{node.metadata['index']}]"


def _item(node: Node, out: str | None, spare: str | None, w: Writing) -> str | None:
    x, key = node.inputs[0], node.metadata["key"]
    if not is_basic(key) or not shape_of(x):
        return None
    items = key if type(key) is tuple else (key,)
    return f"{w.argument(x)}[{', '.join(map(_in_brackets, items)) or '()'}]"


def _in_brackets(item: Any) -> str:
    if isinstance(item, slice):
        parts = (item.start, item.stop, item.step)
        start, stop, step = ("" if i is None else str(int(i)) for i in parts)
        return f"{start}:{stop}" + (f":{step}" if step else "")
    return "..." if item is Ellipsis else "None" if item is None else str(int(item))


def _where(node: Node, out: str | None, spare: str | None, w: Writing) -> str:
    return f"{w.use(np.where)}({', '.join(map(w.argument, node.inputs))})"


FORMS: dict[str, Callable[[Node, str | None, str | None, Writing], str | None]] = {
    "dot": _dot, "sum": _sum, "transpose": _transpose, "reshape": _reshape, "sigmoid": _sigmoid,
    "relu": _relu, "softplus": _softplus, "spread": _spread, "stack": _joined,
    "concatenate": _joined, "pick": _pick, "get_item": _item, "where": _where, "vdot": _vdot,
    "product": _helper, "quotient": _helper, "astype": _astype,
}  # fmt: skip
