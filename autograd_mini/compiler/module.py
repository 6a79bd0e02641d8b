"""A program as a module of its own: what `.source` shows and `.save` writes.

It needs NumPy alone (and SciPy, where a function of SciPy is called). Functions of this library
that a program calls are written into it.
"""

from __future__ import annotations

import ast
import base64
import inspect
import textwrap
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from .write import Text

__all__ = ["module_text"]

_LITERAL = 64
"""Elements up to which a constant array is written as its numbers."""


def module_text(text: Text, title: str, sizes: list[int]) -> str:
    """Return the text of a module with one function: the program.

    Raises
    ------
    ValueError
        If the program calls a function whose source can not be written into it.
    """
    return _Module(text, title, sizes).text()


class _Module:
    """The parts of the text."""

    def __init__(self, text: Text, title: str, sizes: list[int]) -> None:
        self.program, self.title, self.sizes = text, title, sizes
        self.imports: dict[str, set[str]] = {}
        self.functions: list[str] = []
        self.constants: list[str] = []
        self.known: set[str] = set()

    def text(self) -> str:
        buffers = self._buffers()
        for name, thing in self.program.namespace.items():
            if callable(thing) and not isinstance(thing, np.dtype):
                self._function(name, thing)
            else:
                self.constants.append(f"{name} = {self._literal(thing)}")
        lines = [f'"""{self.title}"""', "", "import numpy as np"]
        lines += [f"from {module} import {', '.join(sorted(names))}"
                  for module, names in sorted(self.imports.items())]  # fmt: skip
        parts = ["\n".join(lines), "\n".join(self.constants), *self.functions, buffers,
                 self.program.source.rstrip()]  # fmt: skip
        return "\n\n\n".join(part for part in parts if part) + "\n"

    def _buffers(self) -> str:
        """The function that makes the memory for values on the way."""
        if not self.sizes:
            return "def buffers():\n    return ()"
        made = [f"    m{k} = np.empty({size}, np.uint8)" for k, size in enumerate(self.sizes, 1)]
        views = []
        for name, k, shape, dtype in self.program.buffers:
            nbytes = int(np.prod(shape)) * dtype.itemsize
            views.append(f"        m{k + 1}[:{nbytes}].view({dtype.name!r}).reshape({shape}),"
                         f"  # {name}")  # fmt: skip
        told = '    """Return memory for the values on the way, which every call may use again."""'
        return "\n".join(["def buffers():", told, *made, "    return (", *views, "    )"])

    # -- functions

    def _function(self, name: str, function: Any) -> None:
        """Import a function, or write its source."""
        if (found := _home(function)) is not None:
            module, own = found
            self.imports.setdefault(module, set()).add(own if own == name else f"{own} as {name}")
            return
        source = self._source(function)
        own = getattr(function, "__name__", name)
        self.functions.append(source if own == name else f"{source}\n\n\n{name} = {own}")

    def _source(self, function: Any) -> str:
        """The source of a function of ours, and of those that it calls."""
        function = inspect.unwrap(function)
        plain = isinstance(function, types.FunctionType) and not function.__closure__
        ours = plain and function.__module__.partition(".")[0] == "autograd_mini"
        if not ours or function.__name__ == "<lambda>":
            name = getattr(function, "__qualname__", repr(function))
            raise ValueError(
                f"jit: the program calls {name}, whose source can not be written into a module of "
                "its own; write it in NumPy's functions, or keep the jitted function itself"
            )
        for called in sorted(_globals_of(function)):
            thing = function.__globals__[called]
            if called in self.known or isinstance(thing, types.ModuleType):
                continue
            self.known.add(called)
            if callable(thing):
                plain = getattr(thing, "on_arrays", thing)
                self._function(called, plain)
            else:
                self.constants.append(f"{called} = {self._literal(thing)}")
        return _bare(textwrap.dedent(inspect.getsource(function)))

    # -- constants

    def _literal(self, thing: Any) -> str:
        """Return an expression whose value is a constant of the program."""
        if isinstance(thing, np.ndarray):
            return self._array(thing)
        if isinstance(thing, np.generic):
            return f"np.{thing.dtype.name}({thing.item()!r})"
        if isinstance(thing, np.dtype):
            return f"np.dtype({thing.name!r})"
        if type(thing) is tuple:
            return "(" + "".join(f"{self._literal(item)}, " for item in thing).rstrip() + ")"
        if type(thing) is list:
            return f"[{', '.join(map(self._literal, thing))}]"
        if type(thing) is dict:
            items = (f"{self._literal(k)}: {self._literal(v)}" for k, v in thing.items())
            return "{" + ", ".join(items) + "}"
        if isinstance(thing, float) and (thing != thing or abs(thing) == float("inf")):
            return f"float({str(thing)!r})"
        if isinstance(thing, type) and thing.__module__ in ("numpy", "builtins"):
            return f"np.{thing.__name__}" if thing.__module__ == "numpy" else thing.__name__
        if thing is None or isinstance(thing, (int, float, complex, str, slice, type(...))):
            return repr(thing)
        raise ValueError(f"jit: a constant of type {type(thing).__name__} can not be written")

    def _array(self, array: Any) -> str:
        dtype = f", {array.dtype.name!r}"
        special = array.dtype.kind in "fc" and not np.all(np.isfinite(array))
        if array.dtype.hasobject:
            raise ValueError("jit: an array of objects can not be written into a module")
        if array.size and array.ndim and np.all(array == array.flat[0]):
            return f"np.full({array.shape}, {array.flat[0].item()!r}{dtype})"
        if array.size <= _LITERAL and not special and array.dtype.kind in "biufc":
            return f"np.array({array.tolist()!r}{dtype if array.dtype != np.float64 else ''})"
        self.imports.setdefault("base64", set()).add("b64decode")
        code = base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()
        return f"np.frombuffer(b64decode({code!r}){dtype}).reshape({array.shape})"


def _home(function: Any) -> tuple[str, str] | None:
    """Return the module and name under which NumPy or SciPy has this very function."""
    name = getattr(function, "__name__", "")
    module = getattr(function, "__module__", None) or ""
    known: list[Any] = [np, np.linalg, np.fft]
    names = ["numpy", "numpy.linalg", "numpy.fft"]
    if module.partition(".")[0] not in ("numpy", "scipy", "builtins", "operator", ""):
        return None
    import sys

    if (special := sys.modules.get("scipy.special")) is not None:
        known.append(special)
        names.append("scipy.special")
    known.append(sys.modules["_operator"])
    names.append("operator")
    for place, home in zip(known, names, strict=True):
        if getattr(place, name, None) is function:
            return home, name
    return None


def _globals_of(function: Callable[..., Any]) -> set[str]:
    code: Any = function.__code__
    return set(code.co_names) & function.__globals__.keys()


def _bare(source: str) -> str:
    """Leave out decorators, annotations and docstring: a function of arrays alone."""
    tree = ast.parse(source)
    (function,) = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    function.decorator_list, function.returns = [], None
    for argument in ast.walk(function.args):
        if isinstance(argument, ast.arg):
            argument.annotation = None
    if ast.get_docstring(function) is not None and len(function.body) > 1:
        function.body = function.body[1:]
    return ast.unparse(function)
