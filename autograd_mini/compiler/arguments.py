"""What kind of arguments a call has: two calls of one kind run the same program.

The kind is made of types, shapes, dtypes and static values; arrays and Tensors are leaves whose
values differ from call to call. Python's numbers, texts, functions and the like are static: the
program is made for that very value. What may change behind its name (an object's attributes, an
iterator) is refused.
"""

from __future__ import annotations

from enum import Enum
from types import ModuleType
from typing import Any

import numpy as np

from ..tensor import Tensor

__all__ = ["Static", "kind_of", "rest_of", "value_of"]


class Static:
    """An argument that is part of the program, whatever it is."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


def kind_of(structure: Any, numbers: list[float]) -> Any:
    """Return the kind of a structure; Python floats in it are listed in `numbers` instead.

    Raises
    ------
    TypeError
        For a static value that has no hash.
    """
    type_of = type(structure)
    if type_of is np.ndarray:
        return structure.shape, _numeric(structure.dtype)
    if type_of is Tensor:
        value = structure.node.value
        return Tensor, value.shape, value.dtype
    if type_of is float:
        numbers.append(structure)
        return (float, "−0.0") if str(structure) == "-0.0" else float  # it equals 0.0
    if isinstance(structure, np.generic):
        return np.generic, _numeric(structure.dtype)
    if isinstance(structure, (tuple, list)):
        return (type_of, *[kind_of(item, numbers) for item in structure])
    if isinstance(structure, dict):
        items = [kind_of(item, numbers) for item in structure.values()]
        return (type_of, tuple(structure), *items)
    if hasattr(type_of, "__flatten__"):
        children, aux = structure.__flatten__()
        return (type_of, rest_of(structure, aux), *[kind_of(c, numbers) for c in children])
    if hasattr(type_of, "__dataclass_fields__"):
        names = [f for f, field in type_of.__dataclass_fields__.items() if field.init]
        return (type_of, *[kind_of(getattr(structure, name), numbers) for name in names])
    static = structure.value if type_of is Static else structure
    try:
        hash(static)
    except TypeError:
        raise TypeError(
            f"jit: an argument of type {type(static).__name__} is neither numbers nor a container "
            f"of them, and has no hash to find its program by; got {static!r:.99}"
        ) from None
    if type_of is not Static and _is_open(static):
        raise TypeError(
            f"jit: an argument of type {type_of.__name__} is no container that is known, and what "
            "it holds may change between calls; make it a dataclass or a list, pass its arrays, or "
            f"name its place in static_argnums if it never changes; got {static!r:.99}"
        )
    return type(static), static


def _is_open(thing: Any) -> bool:
    """Tell whether a thing is found by identity alone, whatever becomes of what it holds."""
    if hasattr(thing, "__next__"):  # another item every time
        return True
    named = isinstance(thing, (ModuleType, type, Enum)) or callable(thing)
    kind: Any = type(thing)
    by_identity = kind.__hash__ is object.__hash__
    return not named and by_identity and hasattr(thing, "__dict__")


def _numeric(dtype: np.dtype[Any]) -> np.dtype[Any]:
    if dtype.kind not in "biufc":
        cure = "pass numbers, and a text or a date as Python's own"
        raise TypeError(f"jit: an argument is an array of dtype {dtype}, not of numbers; {cure}")
    return dtype


def rest_of(structure: Any, aux: Any) -> Any:
    """Return what tells two objects apart beside their arrays: a Network's sizes."""
    if aux is not structure:
        return kind_of(aux, [])
    plain = (tuple, str, int, float, bool, type(None))
    return tuple((k, v) for k, v in vars(structure).items() if isinstance(v, plain))


def value_of(leaf: Any) -> Any:
    """Return a leaf's array."""
    return leaf.node.value if type(leaf) is Tensor else leaf


