"""Names in a program, as the note has them: arguments, δ where a value is δ itself, and remarks."""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..graph import Node
from ..op import OPS
from ..transforms import one_level
from .arguments import Static
from .specs import known_number

__all__ = ["argument_names", "name_deltas", "remark"]

REMARKS = [
    (r"z(\d+)$", "z^({l}) = Θ^({k}) a^({k}) + bias^({k})"),
    (r"a(\d+)$", "a^({l}) = g(z^({l}))"),
    (r"delta(\d+)$", "δ^({l}) = a^({l}) − y"),
    (r"z(\d+)_grad$", "∂J/∂z^({l}) = δ^({l})/m"),
    (r"a(\d+)_grad$", "∂J/∂a^({l})"),
    (r"theta(\d+)_grad$", "∂J/∂Θ^({l}), the bias left out"),
    (r"bias(\d+)_grad$", "∂J/∂bias^({l})"),
    (r"J$", "the cost"),
]


def remark(name: str) -> str:
    """Return the note's formula that a line of a program is, by the name of its value.

    >>> remark("z2"), remark("v7")
    ('z^(2) = Θ^(1) a^(1) + bias^(1)', '')
    """
    for pattern, told in REMARKS:
        if found := re.match(pattern, name):
            layer = int(found.group(1)) if found.groups() else 0
            return told.format(l=layer, k=layer - 1)
    return ""


def argument_names(f: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> list[str]:
    """Return a name for every leaf of a call's arguments, in the order `flatten` has.

    X is called as f calls its parameter; the parts of a list `w` are w1, w2, ..., those of a dict
    have its keys.
    """
    try:
        known = [*inspect.signature(_inmost(f)).parameters.values()]
    except (TypeError, ValueError):
        known = []
    plain = [p.name for p in known if p.kind <= inspect.Parameter.POSITIONAL_OR_KEYWORD]
    plain += [f"x{k}" for k in range(len(plain) + 1, len(args) + 1)]
    names: list[str] = []
    for name, structure in [*zip(plain, args, strict=False), *kwargs.items()]:
        names += _leaf_names(str(name), structure)
    return names


def _inmost(f: Any) -> Any:
    """Return the function that a transform was made of: its parameters are those that count."""
    while (getattr(f, "__module__", None) or "").startswith("autograd_mini."):
        cells = dict(zip(f.__code__.co_freevars, f.__closure__ or (), strict=True)) if hasattr(
            f, "__code__") else {}  # fmt: skip
        inner = cells.get("f") or cells.get("both")
        if inner is None:
            break
        f = inner.cell_contents
    return f


def _leaf_names(name: str, structure: Any) -> list[str]:
    parts = None if type(structure) is Static else one_level(structure)
    if parts is None:
        return [name]
    children, _ = parts
    keys = [str(key) for key in structure] if isinstance(structure, dict) else []
    if hasattr(structure, "_fields"):
        keys = list(structure._fields)
    own = keys or [f"{name}{k}" for k in range(1, len(children) + 1)]
    pairs = zip(own, children, strict=True)
    return [leaf for key, child in pairs for leaf in _leaf_names(key, child)]


_MULTIPLY = OPS[np.multiply]
_SUBTRACT = OPS[np.subtract]


def name_deltas(order: Sequence[Node]) -> None:
    """Call a difference δ where ∂J/∂z is (1/m) times it: the note's a − y."""
    for node in order:
        found = re.match(r"z(\d+)_grad$", node.name or "")
        if not found or node.op is not _MULTIPLY or len(node.value.shape) != 2:
            continue
        m = node.value.shape[0]
        for d, c in (node.inputs, node.inputs[::-1]):
            number = known_number(c)
            is_share = isinstance(number, float) and abs(number * m - 1.0) < 1e-9
            if is_share and d.op is _SUBTRACT and d.name is None:
                d.name = f"delta{found.group(1)}"
