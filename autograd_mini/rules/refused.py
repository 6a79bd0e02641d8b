"""Functions that are refused, each with what to write instead or a rule ready to be pasted."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, cast

import numpy as np

from ..op import rule

__all__ = ["pasted_rule"]

_COUNTS = "counts have no derivative: pass t.detach(); for weights use np.bincount(k, weights=t)"
_FILES = "pass t.detach().numpy(): a file keeps no derivative"
_DATES = "it is for dates and integers: pass t.detach()"
_VALUE = "it decides by the values: pass t.detach()"

_CURES = {
    np.histogram: _COUNTS, np.histogram2d: _COUNTS, np.histogramdd: _COUNTS,
    np.histogram_bin_edges: "write np.linspace(np.min(t), np.max(t), bins + 1)",
    np.save: _FILES, np.savez: _FILES, np.savez_compressed: _FILES, np.savetxt: _FILES,
    np.busday_count: _DATES, np.busday_offset: _DATES, np.is_busday: _DATES,
    np.datetime_as_string: _DATES,
    np.array_equiv: _VALUE, np.common_type: _VALUE, np.min_scalar_type: _VALUE,
    np.polydiv: "write the division of polynomials as a linear system: np.linalg.solve",
    np.polyfit: "write np.linalg.lstsq(np.vander(x, degree + 1), y)[0]",
    np.roots: "write np.linalg.eigvals of the companion matrix",
    np.real_if_close: "it decides by the values: write np.real(t)",
}
"""Functions of NumPy that meet a Tensor, have a derivative or none, and are not answered."""


def pasted_rule(function: Any, label: str) -> str:
    """Return the source of a rule with the function's own signature, ready to be filled in."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        count = getattr(function, "nin", 1)
        return f"ag.rule({label}, lambda g, y, {', '.join('abcdefgh'[:count])}: g * ...)"
    no_default = inspect.Parameter.empty
    taken = {"g": "g_", "y": "y_"}  # what each rule calls the cotangent and the output
    many = [f"*{p.name}" for p in parameters if p.kind is p.VAR_POSITIONAL]
    needed = [p.name for p in parameters if p.default is no_default and p.kind <= 1]
    arrays = [taken.get(name, name) for name in needed] + many
    options = [f"{p.name}={p.default!r}" for p in parameters
               if p.default is not no_default and p.name not in ("out", "where")
               and p.default is not np._NoValue]
    arguments = ", ".join([*(arrays or ["x"]), *(["*"] if options and not many else []), *options])
    row = f"lambda g, y, {arguments}: g * ..."
    return f"ag.rule({label}{f', {row}' * max(len(arrays), 1)})"


def _refusal(function: Any, cure: str) -> Callable[..., Any]:
    label = f"np.{function.__name__}"

    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise TypeError(
            f"{label} has no derivative rule: {cure}. A rule of your own: "
            f"{pasted_rule(function, label)}")

    return refuse


for _function, _cure in _CURES.items():
    rule(cast(Any, _function), compute=_refusal(_function, _cure)).reads = "refused"
