"""What a function finds around it by name: variables of enclosing functions and of its module.

A program holds what they named while it was recorded. When such a name is bound to something else
(`rate = 0.2`, `w = ag.Tensor(...)`), the program would be stale, so a call compares them first.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterator
from operator import is_
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from ..tensor import Tensor

__all__ = ["Surroundings"]

MANY = 64
"""Items of a list or dict up to which each is looked at."""
_WATCHED = frozenset((Tensor, np.ndarray, np.float64, float, int, bool, complex, str))
_OURS = frozenset(("autograd_mini", "numpy", "scipy"))
"""Whose module-level names nobody binds anew."""


class Surroundings:
    """The names that a function and the functions it calls read, and what they stood for."""

    def __init__(self, f: Any) -> None:
        self.cells: list[tuple[Any, Any]] = []
        self.names: list[tuple[dict[str, Any], str, Any]] = []
        self.items: list[tuple[Any, list[Any]]] = []
        self.attributes: set[str] = set()
        seen: set[int] = set()
        waiting = [f]
        while waiting:
            one = waiting.pop()
            if id(one) in seen:
                continue
            seen.add(id(one))
            waiting += self._read(one)
        self.draws = [*self._generators()]
        self._look_into([thing for _, thing in self.cells])
        self._look_into([thing for _, _, thing in self.names])
        self._look_into([f.__self__] if isinstance(f, MethodType) else [])

    def unchanged(self) -> bool:
        """Tell whether every name still stands for the same thing."""
        for cell, thing in self.cells:
            if cell.cell_contents is not thing:
                return False
        for items, things in self.items:
            if len(items) != len(things) or not all(map(is_, _values(items), things)):
                return False
        if any(str(state_of()) != state for state_of, state in self.draws):
            return False
        return all(names.get(name) is thing for names, name, thing in self.names)

    def _generators(self) -> Iterator[tuple[Any, str]]:
        """Yield how to read the state of each source of random numbers that f names, and it.

        Numbers that f draws are new at every call, so a program that holds them is stale at once.
        """
        things = [thing for _, thing in self.cells] + [thing for _, _, thing in self.names]
        for thing in things:
            source = getattr(thing, "bit_generator", None)
            if type(thing).__module__.startswith("numpy.random") and source is not None:
                yield functools.partial(getattr, source, "state"), str(source.state)
        if "random" in self.attributes and "numpy.random" in sys.modules:
            legacy = np.random.get_state
            yield legacy, str(legacy())

    def _look_into(self, things: list[Any]) -> None:
        """Note the items of lists and dicts, and the attributes that the functions' code names."""
        for thing in things:
            if type(thing) in (list, dict):
                if len(thing) <= MANY and any(type(x) in _WATCHED for x in _values(thing)):
                    self.items.append((thing, [*_values(thing)]))
            elif not callable(thing) and type(thing) not in _WATCHED:
                names = getattr(thing, "__dict__", {})
                for name in self.attributes & names.keys():
                    if type(names[name]) in _WATCHED:
                        self.names.append((names, name, names[name]))

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
        self.attributes.update(_names(f.__code__))
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


def _values(items: Any) -> Any:
    return items.values() if type(items) is dict else items


def _names(code: CodeType) -> Iterator[str]:
    """Yield the global names that a function and those inside of it read."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)
