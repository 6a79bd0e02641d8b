"""What went wrong and what to write instead: loaded when something has failed, never before."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

__all__ = ["missing_rule", "writing"]

WRITERS: Final[dict[Any, str]] = {
    np.copyto: "x = v, or x[...] = v with x a Tensor", np.put: "x[indices] = v with x a Tensor",
    np.place: "x[mask] = v with x a Tensor", np.putmask: "x = np.where(mask, v, x)",
    np.fill_diagonal: "x = np.where(np.eye(n, dtype=bool), v, x)",
}  # fmt: skip


def missing_rule(function: Any) -> str:
    """Return an error that is a rule ready to be pasted."""
    module = getattr(function, "__module__", None) or "numpy"
    owner = getattr(getattr(function, "__self__", None), "__name__", None)  # np.multiply.outer
    name = f"{owner}.{function.__name__}" if owner else getattr(function, "__name__", function)
    label = f"{module}.{name}".replace("numpy.", "np.", 1)
    arity = getattr(function, "nin", 1)
    row = f"lambda g, y, {', '.join('abcdefgh'[:arity])}: g * ..."
    return (
        f"{label} has no derivative rule yet. Give it one, ag.rule({label}{f', {row}' * arity}), "
        "with ∂y/∂(argument) in place of ...; or pass t.detach() if no derivative is wanted"
    )


def writing(function: Any) -> str:
    """Return what to write in place of a function that writes into an array."""
    label = f"np.{getattr(function, '__name__', 'function')}"
    cure = WRITERS.get(function, f"y = {label}(...), arr = arr + t")
    where = f"{label} with out=, .at or += writes into an array in place"
    return f"{where}, where a tensor's derivative would be lost; write {cure}"
