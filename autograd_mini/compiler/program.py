"""A program: recorded, folded, planned and written; and running it."""

from __future__ import annotations

import linecache
import threading
import weakref
from collections.abc import Callable, Sequence
from functools import cached_property
from itertools import count
from typing import Any

import numpy as np

from ..graph import Node
from . import identities  # noqa: F401 -- fills IDENTITIES, which fold asks
from . import numpy_backend as backend
from .fold import Builder, Step, fold, walk_above
from .gather import gathered
from .module import module_text
from .naming import name_deltas
from .plan import Plan, plan
from .record import Recorded
from .specs import is_constant
from .write import Text, write

__all__ = ["Program"]

_number = count(1).__next__


class Program:
    """What one recorded call became.

    Attributes
    ----------
    before, after : list of Node
        The results as they were recorded, and as they are computed.
    log : list of Step
        Every identity that was used, in order.
    """

    def __init__(self, recorded: Recorded, name: str) -> None:
        given = [*recorded.inputs, *recorded.captured_nodes]
        arrays: list[Node] = [y for y in recorded.outputs if y is not None]
        self.before, self.inputs_before = arrays, given
        self.after, self.inputs, builder = fold(arrays, given, Builder())
        self.after = gathered(self.after, self.inputs, builder)
        self.log: list[Step] = builder.log
        held = {*self.inputs}
        order = [n for n in walk_above(self.after, held) if n.op is not None]
        name_deltas(order)
        self.plan: Plan = plan(
            order, {*self.after}, backend.kind_of, backend.in_place, backend.needs_spare
        )
        numbers = recorded.number_or_array()
        self.text: Text = write(name, self.plan, self.inputs, self.after, numbers)
        self.function = _compiled(self.text)
        self.local = _Buffers(self.text, self.plan.sizes)

    def __call__(self, *values: Any) -> tuple[Any, ...]:
        """Run it on the values of its inputs; the results are the caller's own."""
        free = self.local.free
        buffers = free.pop() if free else self.local.make()
        try:
            results: tuple[Any, ...] = self.function(*values, buffers)
        finally:
            free.append(buffers)
        return results

    @cached_property
    def source(self) -> str:
        """The program as a module of its own: it needs NumPy alone, and running it is the same."""
        pairs = zip(self.text.arguments, self.inputs, strict=True)
        given = ", ".join(f"{name} {node.value.shape}" for name, node in pairs)
        title = f"{self.text.name}: a call recorded once and simplified.\n\nTakes {given}.\n"
        return module_text(self.text, title, self.plan.sizes)

    @property
    def nbytes(self) -> int:
        """What it keeps: buffers and constants."""
        constants = [n.value for n in self.constants()]
        return sum(self.plan.sizes) + sum(getattr(c, "nbytes", 0) for c in constants)

    def constants(self) -> list[Node]:
        """The constants that the program holds."""
        seen = {i: None for node in self.plan.order for i in node.inputs if is_constant(i)}
        return [*seen]


class _Buffers(threading.local):
    """A thread's buffers: one set for every call that is running in it, gone when it ends."""

    def __init__(self, text: Text, sizes: Sequence[int]) -> None:
        self.text, self.sizes = text, sizes
        self.free: list[list[Any]] = []

    def make(self) -> list[Any]:
        memory = [np.empty(size, np.uint8) for size in self.sizes]
        views = []
        for _, k, shape, dtype in self.text.buffers:
            nbytes = int(np.prod(shape)) * dtype.itemsize
            views.append(memory[k][:nbytes].view(dtype).reshape(shape))
        return views


def _compiled(text: Text) -> Callable[..., tuple[Any, ...]]:
    """Compile the source; a traceback shows its lines."""
    place = f"<autograd_mini program {_number()}: {text.name}>"
    namespace = dict(text.namespace)
    exec(compile(text.source, place, "exec"), namespace)  # noqa: S102 -- we wrote it
    linecache.cache[place] = (len(text.source), None, text.source.splitlines(True), place)
    function: Callable[..., tuple[Any, ...]] = namespace[text.name]
    weakref.finalize(function, linecache.cache.pop, place, None)
    return function
