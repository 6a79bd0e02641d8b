"""The short way into a program: one generated function checks the arguments and gives the results.

A program of a small network runs in ten microseconds; taking arguments apart by recursion would
take as long. So for one kind of arguments the checks are written out, in Python that does nothing
else. Whatever is not exactly of that kind is a `MISS` and goes the long way.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..graph import Node
from ..tensor import Tensor, wrap
from .arguments import Static, rest_of

__all__ = ["MISS", "short_way"]

MISS = object()
"""What the short way returns for arguments of another kind."""


def short_way(
    args: tuple[Any, ...], result: Any, wrapped: Sequence[bool], outputs: Sequence[Node | None],
    program: Any, captured: Sequence[Any], unchanged: Callable[[], bool],
) -> Callable[..., Any] | None:  # fmt: skip
    """Write the function for one kind of positional arguments; None where it can not be written.

    Parameters
    ----------
    args, result
        Arguments of that kind (Static ones marked), and what f returned while it was recorded.
    wrapped, outputs
        Which results are Tensors; the node of each, None for a constant.
    program, captured, unchanged
        What is run; (Tensor, shape, dtype) of each hidden input; whether names around f still
        stand for the same.
    """
    try:
        text = _Text(args, result, wrapped, outputs, captured)
    except _Unwritable:
        return None
    given = {"program": program.function, "local": program.local, "MISS": MISS,
             "unchanged": unchanged, "ndarray": np.ndarray, "wrap": wrap, "rest_of": rest_of,
             **text.given}  # fmt: skip
    exec(compile(text.source, "<autograd_mini call>", "exec"), given)  # noqa: S102 -- we wrote it
    call: Callable[..., Any] = given["call"]
    return call


class _Unwritable(Exception):  # noqa: N818 -- no error: the long way is taken
    """A container whose parts are found by running its own code only."""


class _Text:
    """The lines of one function."""

    def __init__(
        self, args: tuple[Any, ...], result: Any, wrapped: Sequence[bool],
        outputs: Sequence[Node | None], captured: Sequence[Any],
    ) -> None:  # fmt: skip
        self.given: dict[str, Any] = {}
        self.lines: list[str] = []
        self.values: list[str] = []
        self.count = 0
        self._items("args", args)
        for tensor, shape, dtype in captured:
            value = self._fresh("v")
            self.lines.append(f"{value} = {self._thing(tensor)}.node.value")
            self._check_array(value, shape, dtype)
            self.values.append(value)
        self.arrays = iter(f"r[{k}]" for k in range(len(outputs)))
        self.kinds = iter(zip(wrapped, outputs, strict=True))
        returned = self._result(result)
        run = f"r = program({', '.join(self.values)}{', ' if self.values else ''}b)"
        body = ["if not unchanged():", "    return MISS", *self.lines, "free = local.free",
                "b = free.pop() if free else local.make()", "try:", f"    {run}", "finally:",
                "    free.append(b)", f"return {returned}"]  # fmt: skip
        self.source = "def call(args):\n" + "\n".join(f"    {line}" for line in body) + "\n"

    def _fresh(self, stem: str) -> str:
        self.count += 1
        return f"{stem}{self.count}"

    def _thing(self, thing: Any) -> str:
        """Return a name for something that is compared or used as it is."""
        name = self._fresh("K")
        self.given[name] = thing
        return name

    def _miss_if(self, condition: str) -> None:
        self.lines += [f"if {condition}:", "    return MISS"]

    # -- arguments

    def _argument(self, text: str, structure: Any) -> None:
        kind = type(structure)
        if kind is np.ndarray:
            self._miss_if(f"type({text}) is not ndarray")
            self._check_array(text, structure.shape, structure.dtype)
            self.values.append(text)
        elif kind is Tensor:
            self._tensor(text, structure)
        elif isinstance(structure, np.generic):
            self._miss_if(f"type({text}) is not {self._thing(kind)}")
            self.values.append(text)
        elif kind in (tuple, list):
            self._miss_if(f"type({text}) is not {kind.__name__}")
            self._items(text, structure)
        elif kind is dict:
            self._miss_if(f"type({text}) is not dict or [*{text}] != {self._thing([*structure])}")
            inner = [self._fresh("a") for _ in structure]
            if inner:
                self.lines.append(f"{', '.join(inner)}, = {text}.values()")
            for name, item in zip(inner, structure.values(), strict=True):
                self._argument(name, item)
        elif hasattr(kind, "__flatten__"):
            self._object(text, structure)
        elif hasattr(kind, "__dataclass_fields__") or isinstance(structure, (tuple, list, dict)):
            raise _Unwritable
        else:
            value = structure.value if kind is Static else structure
            same = self._thing(value)
            other = f"type({text}) is not {self._thing(type(value))} or {text} != {same}"
            if type(value) is float and value == 0.0:
                other += f" or str({text}) != {str(value)!r}"  # 0.0 and −0.0 are equal
            self._miss_if(f"{text} is not {same} and ({other})")

    def _items(self, text: str, structure: Sequence[Any]) -> None:
        self._miss_if(f"len({text}) != {len(structure)}")
        if structure:
            inner = [self._fresh("a") for _ in structure]
            self.lines.append(f"{', '.join(inner)}, = {text}")
            for name, item in zip(inner, structure, strict=True):
                self._argument(name, item)

    def _object(self, text: str, structure: Any) -> None:
        children, aux = structure.__flatten__()
        names, rest = self._fresh("c"), self._fresh("x")
        self._miss_if(f"type({text}) is not {self._thing(type(structure))}")
        self.lines.append(f"{names}, {rest} = {text}.__flatten__()")
        same = f"rest_of({text}, {rest}) != {self._thing(rest_of(structure, aux))}"
        if aux is structure and hasattr(aux, "__weakref__"):  # its arrays must not live on in us
            same = f"{rest} is not {self._thing(weakref.ref(aux))}() and {same}"
        self._miss_if(same)
        self._items(names, list(children))

    def _tensor(self, text: str, structure: Tensor) -> None:
        node, value = self._fresh("n"), self._fresh("v")
        self._miss_if(f"type({text}) is not {self._thing(Tensor)}")
        self.lines.append(f"{node} = {text}.node")
        if structure.node.tracked:  # a weight of a Network: a leaf, and one with a cell
            self._miss_if(f"{node}.inputs or {node}.cell is None")
        else:
            self._miss_if(f"{node}.tracked")
        self.lines.append(f"{value} = {node}.value")
        self._check_array(value, structure.shape, structure.dtype)
        self.values.append(value)

    def _check_array(self, text: str, shape: tuple[int, ...], dtype: Any) -> None:
        self._miss_if(f"{text}.shape != {shape} or {text}.dtype is not {self._thing(dtype)}")

    # -- results

    def _result(self, structure: Any) -> str:
        kind = type(structure)
        if kind in (tuple, list):
            parts = "".join(f"{self._result(item)}, " for item in structure)
            return f"({parts})" if kind is tuple else f"[{parts}]"
        if kind is dict:
            return "{" + ", ".join(
                f"{self._thing(key)}: {self._result(item)}" for key, item in structure.items()
            ) + "}"
        if hasattr(kind, "__flatten__") and kind is not Tensor:
            children, aux = structure.__flatten__()
            made = f"{self._thing(kind)}.__unflatten__({self._thing(aux)}, "
            return f"{made}[{', '.join(map(self._result, children))}])"
        if hasattr(kind, "__dataclass_fields__") or isinstance(structure, (tuple, list, dict)):
            raise _Unwritable
        is_tensor, node = next(self.kinds)
        if node is None:
            return self._thing(structure)
        array = next(self.arrays)
        return f"wrap({array})" if is_tensor else array
