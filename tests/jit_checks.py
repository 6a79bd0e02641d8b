"""The one question asked of a compiled function: is it the same function?

|jit − eager| <= 16 eps S per output, S the same program on absolute values (see `programs`);
whole numbers and truth values equal; NaN and infinity in the same places; the same types, dtypes
and shapes. eps is that of the coarsest numbers in the program.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from typing import Any

import numpy as np

import autograd_mini as ag
from autograd_mini.compiler.fold import walk_above
from autograd_mini.compiler.record import record
from autograd_mini.graph import leaf
from autograd_mini.tensor import Tensor, tensor_of, wrap
from autograd_mini.transforms import flatten
from tests.programs import evaluated
from tests.rule_checks import nothing_may_be_read

SIXTEEN = 16.0


def value_of(x: Any) -> Any:
    return x.node.value if type(x) is Tensor else x


def check_same(f: Callable[..., Any], *calls: Sequence[Any], jitted: Any = None) -> Any:
    """Call f as it is and as a program, with each of these arguments; return the jitted one.

    What f itself refuses can not be compared.
    """
    jitted = ag.jit(f) if jitted is None else jitted
    for args in calls:
        with np.errstate(all="ignore"):
            try:
                expected = f(*args)
            except Exception:  # whatever it is
                check_ends(jitted, args)
                continue
            found = jitted(*args)
            eps_S = cache(lambda args=args: sizes(f, args))
            try:
                check_alike(found, expected, eps_S)
            except AssertionError as error:
                told = on_tensors(f, args, expected)
                try:
                    check_alike(found, told, eps_S)
                except AssertionError:
                    raise error from None
    return jitted


def on_tensors(f: Callable[..., Any], args: Sequence[Any], like: Any) -> Any:
    """Return what f gives where it is recorded, with its values; Tensors where `like` has them.

    A function that is said in terms of others may answer Tensors in another dtype than NumPy's own
    (a quantile of float32), in an array without axes (a norm), or NaN (the median of infinite
    numbers): a program follows Tensors.
    """
    leaves, rebuild = flatten(tuple(args))
    given = [tensor_of(leaf(value_of(x), None)) if hasattr(x, "dtype") else x for x in leaves]
    with nothing_may_be_read(), np.errstate(all="ignore"):
        results, back = flatten(f(*rebuild(given)))
    pairs = zip(results, flatten(like)[0], strict=True)
    return back([wrap(value_of(y)) if type(x) is Tensor else value_of(y) for y, x in pairs])


def check_ends(jitted: Any, args: Sequence[Any]) -> None:
    """What f refuses, the program may refuse too, or take: all are Tensors there. It must end."""
    with suppress(Exception):
        jitted(*args)


def check_alike(found: Any, expected: Any, sizes: Callable[[], Sequence[Any]]) -> None:
    """Compare two results; `sizes` tells eps·S of every array: asked only where they differ."""
    check_structure(found, expected)
    results, wanted = flatten(found)[0], flatten(expected)[0]
    arrays = iter(range(len(wanted)))
    bounds: Sequence[Any] | None = None
    for one, other in zip(results, wanted, strict=True):
        x, y = value_of(one), value_of(other)
        assert type(one) is type(other), f"a {type(one)}; eager gives a {type(other)}"
        if not hasattr(y, "dtype"):
            assert x == y or (x != x and y != y), f"{x!r}; eager gives {y!r}"
            continue
        k = next(arrays)
        assert x.dtype == y.dtype, f"{x.dtype} of shape {x.shape}; eager gives {y.dtype}"
        assert x.shape == y.shape, f"shape {x.shape}; eager gives {y.shape}"
        if same_bits(x, y):
            continue
        assert y.dtype.kind in "fc", f"{x!r}; eager gives {y!r}"
        bounds = sizes() if bounds is None else bounds
        check_close(x, y, bounds[k])


def check_structure(found: Any, expected: Any) -> None:
    """The same containers of the same number of things of the same types."""
    if hasattr(expected, "shape") and hasattr(found, "shape"):  # a Network has a dtype alone
        what = f"{found.dtype} of shape {found.shape}; eager gives {expected.dtype}"
        assert (found.dtype, found.shape) == (expected.dtype, expected.shape), what
    assert type(found) is type(expected), f"a {type(found).__name__}, not {type(expected).__name__}"
    if isinstance(expected, dict):
        assert [*found] == [*expected]
        found, expected = [*found.values()], [*expected.values()]
    if isinstance(expected, tuple | list):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            check_structure(one, other)


def same_bits(x: Any, y: Any) -> bool:
    return bool(np.array_equal(x, y, equal_nan=y.dtype.kind in "fc"))


def check_close(x: Any, y: Any, bound: Any) -> None:
    """Compare floats, where they are numbers and where they are none."""
    assert np.array_equal(np.isnan(x), np.isnan(y)), f"NaN elsewhere: {x!r}; eager gives {y!r}"
    finite = np.isfinite(y)
    free = np.isfinite(bound) & (bound < np.finfo(y.dtype).max / 4)
    where = f"infinite elsewhere: {x!r}; eager gives {y!r}"
    assert np.all((np.isfinite(x) == finite) | ~free), where
    if y.dtype.kind == "f":
        both = np.isinf(x) & np.isinf(y)
        assert np.array_equal(x[both], y[both]), where
    with np.errstate(all="ignore"):
        apart = np.abs(x - y)
        wrong = finite & np.isfinite(x) & free & (apart > SIXTEEN * bound)
    assert not np.any(wrong), (
        f"{x!r}; eager gives {y!r}; apart {np.max(apart[wrong]):.3g}, "
        f"{np.max((apart / bound)[wrong]):.3g} times eps S"
    )


def sizes(f: Callable[..., Any], args: Sequence[Any]) -> list[Any]:
    """Return eps·S for every array that f returns."""
    leaves, rebuild = flatten((tuple(args), {}))
    recorded = record(f, leaves, rebuild)
    outputs = [y for y in recorded.outputs if y is not None]
    inputs = [*recorded.inputs, *recorded.captured_nodes]
    values = [value_of(x) for x in leaves if hasattr(x, "dtype")]
    values += [t.node.value for t in recorded.captured]
    found = evaluated(outputs, inputs, values)
    return [eps_of(outputs) * np.asarray(S) for _, S in found]


def eps_of(outputs: Sequence[Any]) -> float:
    """Return eps of the coarsest numbers on the way to the outputs."""
    dtypes = {getattr(n.value, "dtype", None) for n in walk_above(outputs, ())}
    floats = [d for d in dtypes if d is not None and d.kind in "fc"]
    return max((float(np.finfo(d).eps) for d in floats), default=2.0**-52)
