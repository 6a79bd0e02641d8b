"""Writing: a planned program as Python, one line a value, which is what runs and what is read.

Values have the names they were given while recording (z2, a2, theta1_grad); what has none is
called v1, v2, ... Numbers that meet arrays stand at the top as arrays of no axes: NumPy takes those
in half the time of Python's numbers, and to the same dtype.
"""

from __future__ import annotations

import keyword
import math
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..elements import known_name
from ..graph import Node
from . import numpy_backend as backend
from .helpers import own
from .naming import remark
from .plan import NUMBER, VIEW, Plan
from .scalars import as_floats, in_floats, leaving
from .specs import Spec, is_constant

__all__ = ["Text", "write"]


_NUMBERS = frozenset(("sum", "dot", "vdot", "max", "min", "mean"))
"""What gives a NumPy scalar where it is no ufunc."""


@dataclass
class Text:
    """A program's source, and what its names stand for."""

    source: str
    namespace: dict[str, Any]
    """Functions and constant arrays that the source uses without making them."""
    name: str
    arguments: list[str]
    buffers: list[tuple[str, int, tuple[int, ...], Any]] = field(default_factory=list)
    """Views of buffers: the name, which buffer, shape and dtype."""


def write(
    name: str, plan: Plan, inputs: Sequence[Node], outputs: Sequence[Node],
    numbers: Sequence[bool | None],
) -> Text:
    """Write a program as the source of one function.

    Parameters
    ----------
    name
        What the function is called.
    plan
        What is computed, and where.
    inputs, outputs
        Its arguments; and what it returns, in order.
    numbers
        Which results are NumPy scalars; False: arrays without axes; None: as they come.
    """
    return _Writer(name, plan, inputs, {*outputs}).program(outputs, numbers)


class _Writer:
    def __init__(
        self, name: str, plan: Plan, inputs: Sequence[Node], outputs: Collection[Node]
    ) -> None:
        self.plan = plan
        self.floats = as_floats(plan.order, outputs)
        self.leaving = leaving(plan.order, outputs, self.floats) if self.floats else set()
        self.float_of: dict[Node, str] = {}
        self.counts: dict[str, int] = {}
        self.namespace: dict[str, Any] = {}
        self.taken = {*keyword.kwlist, name, "b", "buffers", "np", "float"}
        self.name = name
        self.functions: dict[Any, str] = {}
        self.constants: dict[Any, str] = {}
        self.names: dict[Node, str] = {}
        self.views: dict[tuple[int, Any], str] = {}
        self.arguments = [self._name(node, "x") for node in inputs]

    # -- what forms ask for

    def use(self, function: Any) -> str:
        """Return the name of a function in the program."""
        name = getattr(function, "__name__", "f")
        if function not in self.functions:
            plain = getattr(function, "on_arrays", function)
            self.functions[function] = free = self._free(name)
            self.namespace[free] = plain
        return self.functions[function]

    def argument(self, node: Node, beside: Any = None) -> str:
        """Return what stands for a node: its name, a literal, or the name of a constant."""
        if node in self.names:
            return self.names[node]
        value = node.value
        dtype = getattr(beside, "dtype", None)
        meets = type(value) in (float, int) and dtype is not None and dtype.kind == "f"
        if meets and abs(value) <= np.finfo(dtype).max:
            return self.value(np.asarray(value, dtype))
        return self.value(value)

    def value(self, thing: Any) -> str:
        """Return a literal where there is one, else the name of a constant."""
        if _is_literal(thing):
            return repr(thing)
        if isinstance(thing, np.dtype):
            return repr(thing.name)
        if isinstance(thing, (np.ndarray, np.generic)):
            small = thing.size <= 16
            key: Any = (thing.shape, thing.dtype, thing.tobytes() if small else id(thing))
        else:
            key = id(thing)
        if key not in self.constants:
            self.constants[key] = free = self._free("c1")
            self.namespace[free] = thing
        return self.constants[key]

    # -- the text

    def program(self, outputs: Sequence[Node], numbers: Sequence[bool | None]) -> Text:
        body = [line for node in self.plan.order for line in self._lines(node)]
        results = self._results(outputs, numbers)
        buffers = [(text, k, spec.shape, spec.dtype) for (k, spec), text in self.views.items()]
        head = f"def {self.name}({', '.join([*self.arguments, 'b=None'])}):"
        if buffers:
            body.insert(0, f"{', '.join(b[0] for b in buffers)}, = b or buffers()")
        lines = [head, *(f"    {line}" for line in body), f"    return {results}"]
        return Text("\n".join(lines) + "\n", self.namespace, self.name, self.arguments, buffers)

    def _lines(self, node: Node) -> list[str]:
        plan = self.plan
        if node in self.floats:
            return self._float_lines(node)
        if (inline := backend.inline(node, self)) is not None:
            self.names[node] = inline
            return []
        out = spare = None
        if node in plan.over:
            out = self._place(node, plan.over[node])
        elif node in plan.buffer:
            out = self._view(plan.buffer[node], node.value)
        elif plan.kinds[node] not in (NUMBER, VIEW) and backend.needs_place(node):
            dtype = "" if node.value.dtype == np.float64 else f", {self.value(node.value.dtype)}"
            out = f"{self.use(np.empty)}({node.value.shape}{dtype})"
        if node in plan.spare:
            spare = self._view(plan.spare[node], node.value)
        said = backend.say(node, out, spare, self)
        return [_line(self._name(node, "v"), said, node)]

    def _float_lines(self, node: Node) -> list[str]:
        """Write an operation of Python's floats, and what converts at its borders."""
        lines = []
        for i in node.inputs:
            if i not in self.float_of:
                text = self.argument(i)
                if type(i.value) is Spec:
                    given, text = text, self._free("f1")
                    lines.append(f"{text} = float({given})")
                self.float_of[i] = text
        said = in_floats(node, [self.float_of[i] for i in node.inputs])
        if leaves := node in self.leaving:
            self.float_of[node] = text = self._free("f1")
            lines.append(f"{text} = {said}")
            said = f"{self.use(np.float64)}({text})"
        name = self._name(node, "v")
        if not leaves:
            self.float_of[node] = name
        return [*lines, _line(name, said, node)]

    def _place(self, node: Node, over: Node) -> str:
        """Return the name of the memory that an operand lies in."""
        if over in self.plan.buffer:
            return self._view(self.plan.buffer[over], node.value)
        return self.names[over]

    def _view(self, k: int, spec: Spec) -> str:
        key = (k, spec)
        if key not in self.views:
            self.views[key] = self._free("b1")
        return self.views[key]

    def _results(self, outputs: Sequence[Node], numbers: Sequence[bool | None]) -> str:
        """Return the expressions of the results: what is not the caller's own yet is copied."""
        texts, seen = [], set()
        for node, number in zip(outputs, numbers, strict=True):
            text = self.argument(node)
            kind = self.plan.kinds.get(node)
            shared = node in seen or kind is None or kind == VIEW
            if is_constant(node):
                shared = isinstance(node.value, np.ndarray)
                text = self.value(node.value)
            if number:
                text += "" if kind == NUMBER or known_name(node.op) in _NUMBERS else "[()]"
            elif number is False:
                text = f"{self.use(np.array)}({text})"
            elif shared and not (type(node.value) is Spec and kind == NUMBER):
                text = f"{self.use(own)}({text})"
            seen.add(node)
            texts.append(text)
        return "(" + "".join(f"{text}, " for text in texts).rstrip() + ")"

    # -- names

    def _name(self, node: Node, otherwise: str) -> str:
        wanted = node.name or ""
        if not wanted.isidentifier() or not wanted.isascii():
            wanted = re.sub(r"\W+", "_", wanted, flags=re.ASCII).strip("_")
            wanted = wanted if wanted[:1].isalpha() else f"{otherwise}1"
        self.names[node] = free = self._free(wanted)
        return free

    def _free(self, wanted: str) -> str:
        """Return a name that nothing has yet: z2, else z2_2, z2_3, ...; v1, v2, ..."""
        if wanted == "<lambda>" or not wanted.isidentifier():
            wanted = "f1"
        if wanted in self.taken:
            stem, start = (wanted[0], 2) if wanted[1:] == "1" else (wanted + "_", 2)
            k = self.counts.get(stem, start)
            while f"{stem}{k}" in self.taken:
                k += 1
            self.counts[stem] = k + 1
            wanted = f"{stem}{k}"
        self.taken.add(wanted)
        return wanted



def _line(name: str, said: str, node: Node) -> str:
    told = remark(name) if node.name else ""
    return f"{name} = {said}" + (f"  # {told}" if told else "")


def _is_literal(thing: Any) -> bool:
    if isinstance(thing, float):
        return type(thing) is float and math.isfinite(thing)
    if type(thing) in (tuple, list):
        return all(map(_is_literal, thing))
    return thing is None or type(thing) in (int, bool, str)
