"""The first use of a rule that is not ours: whether it keeps to the manual in `op`.

A rule given with `ag.rule` runs once under a look: on a cotangent that can not be written, what it
returns is examined, and what is wrong is said with the operation's name. Then the look is gone,
and the rule is called as our own are.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from .op import Op, Sparse

__all__ = ["prove"]

Rule = Callable[..., Any]


def prove(op: Op) -> None:
    """Have an operation's rules looked at when they are first used.

    Raises
    ------
    TypeError
        For a rule that can not be called with what it will be given.
    """
    for k, rule in enumerate(op.rules):
        if rule is not None:
            _check_arity(op, k, rule)
    if any(op.rules):
        op.rules = tuple(rule and _Look(op, k, rule) for k, rule in enumerate(op.rules))


def _check_arity(op: Op, k: int, rule: Rule) -> None:
    try:
        signature = inspect.signature(rule)
    except (TypeError, ValueError):
        return
    count = 3 if op.variadic else 2 + len(op.rules)
    keywords = {p.name: None for p in signature.parameters.values() if p.kind is p.KEYWORD_ONLY}
    try:
        signature.bind(*[None] * count, **keywords)
    except TypeError as error:
        names = ["x"] if len(op.rules) == 1 else [f"x{n + 1}" for n in range(len(op.rules))]
        expected = "g, y, *arrays" if op.variadic else ", ".join(["g", "y", *names])
        raise TypeError(
            f"rule {k} of {op.name} takes {signature}: {error}; expected lambda {expected}: ..., "
            "the cotangent, the output, one array for each rule, then metadata after a *"
        ) from None


class _Look:
    """A rule that is looked at until it has once run on arrays."""

    def __init__(self, op: Op, k: int, rule: Rule) -> None:
        self.op, self.k, self.rule = op, k, rule
        for name in ("__code__", "__kwdefaults__", "__name__", "__module__"):  # who reads a rule
            setattr(self, name, getattr(rule, name, None))

    def __call__(self, g: Any, y: Any, *arrays: Any, **metadata: Any) -> Any:
        held = _Held(g)
        try:
            part = self.rule(held.g, y, *arrays, **metadata)
        except ValueError as error:
            if "read-only" not in str(error):
                raise
            raise TypeError(_writes(self.op, self.k)) from error
        if held.was_written():
            raise TypeError(_writes(self.op, self.k))
        _examine(self.op, self.k, part, arrays)
        if type(g) is np.ndarray:
            rules: tuple[Any, ...] = self.op.rules
            self.op.rules = tuple(self.rule if one is self else one for one in rules)
        return part


class _Held:
    """A cotangent that shows whether it is written: an array that can not be, or a twin."""

    def __init__(self, g: Any) -> None:
        self.tensor = None
        if type(g) is np.ndarray:
            g = g.view()
            g.flags.writeable = False
        elif hasattr(g, "node"):
            g = copy.copy(g)  # another variable: in place it comes to name another node
            self.tensor, self.node = g, g.node
        self.g = g

    def was_written(self) -> bool:
        return self.tensor is not None and self.tensor.node is not self.node


def _writes(op: Op, k: int) -> str:
    return (
        f"rule {k} of {op.name} writes into the cotangent g it is given, which others read too; "
        "write g = g * 2 in place of g *= 2 (a rule is a function: nothing is changed in place)"
    )


def _examine(op: Op, k: int, part: Any, arrays: Any) -> None:
    """Raise for what is no cotangent."""
    if not op.variadic:
        _examine_one(f"rule {k} of {op.name}", part, arrays[k])
        return
    if not isinstance(part, (list, tuple)) or len(part) != len(arrays):
        got = f"{len(part)}" if isinstance(part, (list, tuple)) else type(part).__name__
        raise TypeError(
            f"the rule of {op.name} must list the cotangents of its {len(arrays)} arrays; got {got}"
        )
    for one, array in zip(part, arrays, strict=True):
        _examine_one(f"the rule of {op.name}", one, array)


def _examine_one(which: str, part: Any, array: Any) -> None:
    part = part.g if isinstance(part, Sparse) else part
    shape = getattr(array, "shape", ())
    expected = f"a cotangent of its argument's shape {shape}, of floating-point numbers"
    if part is None:
        cure = "return it, or write None in place of the rule if the argument has no derivative"
        raise TypeError(f"{which} returned None; expected {expected}: {cure}")
    kind = getattr(getattr(part, "dtype", None), "kind", "f" if isinstance(part, float) else "")
    if not kind or kind not in "biufc":
        got = f"dtype {part.dtype}" if kind else f"a {type(part).__name__}"
        raise TypeError(f"{which} returned {got}; expected {expected}")
