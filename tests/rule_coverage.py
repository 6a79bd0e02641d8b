"""What becomes of every public function of NumPy: `python -m tests.rule_coverage` counts them.

Each has a rule, is said in terms of others, is declared without derivative, or is refused with a
cure. What makes an array out of no array, and what never asks a Tensor, is listed here by name.
"""

from __future__ import annotations

import inspect
import sys
from collections import Counter
from typing import Any

import numpy as np
import scipy.special

from autograd_mini.blame import WRITERS
from autograd_mini.op import OPS, find_op


def words(text: str) -> set[str]:
    return set(text.split())


NO_ARRAYS = words(
    """arange bartlett blackman hamming hanning kaiser eye identity tri ones zeros empty indices
    diag_indices mask_indices tril_indices triu_indices fromfunction fromiter frombuffer fromfile
    fromregex fromstring from_dlpack genfromtxt load loadtxt broadcast_shapes promote_types
    issubdtype isscalar iterable typename mintypecode base_repr binary_repr format_float_positional
    format_float_scientific frompyfunc datetime_data get_include get_printoptions set_printoptions
    printoptions getbufsize setbufsize geterr seterr geterrcall seterrcall info show_config
    show_runtime test nested_iters fftfreq rfftfreq isdtype"""
)
"""No array goes in, so no derivative is lost."""

NO_DISPATCH = words(
    """array asarray asanyarray asarray_chkfinite ascontiguousarray asfortranarray asmatrix bmat
    full require isfortran in1d row_stack trapz"""
)
"""NumPy does not ask the argument: `Tensor.__array__` raises, and names the cure."""

SCIPY = words(
    """expit logit log_expit log_ndtr ndtr ndtri erf erfc erfcx erfinv erfcinv gammaln gamma psi
    loggamma rgamma xlogy xlog1py entr rel_entr kl_div beta betaln i0 i0e i1 i1e iv ive j0 j1 jv y0
    y1 yv k0 k1 kv"""
)


def public(module: Any) -> dict[str, Any]:
    """Return a module's public functions by name."""
    found = {}
    for name in sorted(dir(module)):
        function = getattr(module, name, None) if name[0] != "_" else None
        if callable(function) and not inspect.isclass(function) and not inspect.ismodule(function):
            found[name] = function
    return found


def fate(name: str, function: Any) -> str:
    """Return what becomes of a Tensor in a function: the row of the table it is counted in."""
    op = find_op(function)
    if function in WRITERS:
        return "refused, with the cure"
    if op is not None:
        if op.reads == "refused":
            return "refused, with the cure"
        if not op.differentiable:
            return "without derivative"
        return "with a rule" if op.rules else "said in terms of others"
    if name in NO_ARRAYS:
        return "takes no array"
    return "never asks a Tensor" if name in NO_DISPATCH else "unknown"


ROWS = (
    "with a rule", "said in terms of others", "without derivative", "refused, with the cure",
    "never asks a Tensor", "takes no array", "unknown",
)  # fmt: skip


def table() -> dict[str, Counter[str]]:
    """Return how many functions each module has in each row; one under two names counts once."""
    modules: dict[str, dict[str, Any]] = {
        "numpy": public(np), "numpy.linalg": public(np.linalg), "numpy.fft": public(np.fft),
        "scipy.special": {name: getattr(scipy.special, name) for name in SCIPY},
    }  # fmt: skip
    counts: dict[str, Counter[str]] = {}
    seen: set[Any] = set()
    for module, functions in modules.items():
        new = {}
        for name, function in functions.items():
            key = find_op(function) or function
            if key not in seen:
                seen.add(key)
                new[name] = function
        counts[module] = Counter(fate(name, function) for name, function in new.items())
    bound = [one for one in OPS if isinstance(getattr(one, "__self__", None), np.ufunc)]
    counts["methods of ufuncs"] = Counter(fate("", one) for one in bound)
    return counts


def report() -> str:
    """Return the table as text."""
    counts = table()
    lines = [f"{'':24}" + "".join(f"{module:>19}" for module in counts)]
    lines += [
        f"{row:24}" + "".join(f"{count[row]:19}" for count in counts.values()) for row in ROWS
    ]
    answered = sum(count[row] for count in counts.values() for row in ROWS[:2])
    lines.append(f"differentiable in all: {answered} (NumPy {np.__version__})")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(report())
