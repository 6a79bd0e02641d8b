"""What a function finds around it by name: variables of enclosing functions and of its module.

A program holds what they named while it was recorded. When such a name is bound to something else
(`rate = 0.2`, `w = ag.Tensor(...)`), the program would be stale, so a call compares them first.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

__all__ = ["Surroundings"]

_OURS = frozenset(("autograd_mini", "numpy", "scipy"))
"""Whose module-level names nobody binds anew."""


class Surroundings:
    """The names that a function and the functions it calls read, and what they stood for."""

    def __init__(self, f: Any) -> None:
        self.cells: list[tuple[Any, Any]] = []
        self.names: list[tuple[dict[str, Any], str, Any]] = []
        seen: set[int] = set()
        waiting = [f]
        while waiting:
            one = waiting.pop()
            if id(one) in seen:
                continue
            seen.add(id(one))
            waiting += self._read(one)

    def unchanged(self) -> bool:
        """Tell whether every name still stands for the same thing."""
        for cell, thing in self.cells:
            if cell.cell_contents is not thing:
                return False
        return all(names.get(name) is thing for names, name, thing in self.names)

    def _read(self, f: Any) -> list[Any]:
        """Note the names of one function; return the functions among them."""
        if isinstance(f, functools.partial):
            return [f.func]
        if isinstance(f, MethodType):
            return [f.__func__]
        if hasattr(f, "__wrapped__"):  # a decorator's own, such as jit's
            return [f.__wrapped__]
        if not isinstance(f, FunctionType):
            return []
        found = []
        for cell in f.__closure__ or ():
            try:
                thing = cell.cell_contents
            except ValueError:  # not bound yet
                continue
            self.cells.append((cell, thing))
            found.append(thing)
        if (f.__module__ or "").partition(".")[0] not in _OURS:
            for name in set(_names(f.__code__)) & f.__globals__.keys():
                thing = f.__globals__[name]
                if not isinstance(thing, (ModuleType, type)):
                    self.names.append((f.__globals__, name, thing))
                    found.append(thing)
        return found


def _names(code: CodeType) -> Iterator[str]:
    """Yield the global names that a function and those inside of it read."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)
