"""Long chains of numbers run as Python's floats, and nobody can tell but by the time."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_mini as ag
from autograd_mini.compiler import write
from autograd_mini.compiler.scalars import FEWEST

STEPS = [
    lambda x, y, c: x * y, lambda x, y, c: x + y, lambda x, y, c: x - c, lambda x, y, c: c * x,
    lambda x, y, c: -x, lambda x, y, c: x * x, lambda x, y, c: x / y, lambda x, y, c: 1.0 / x,
    lambda x, y, c: np.tanh(x), lambda x, y, c: x ** 3, lambda x, y, c: c - x,
    lambda x, y, c: x * 3, lambda x, y, c: np.float64(c) * x,
]  # fmt: skip
PLAIN = (0, 1, 2, 3, 4, 5, 10, 11, 12)
VALUES = [0.5, -1.5, 0.0, -0.0, 3e200, -1e308, 5e-324, np.inf, -np.inf, np.nan]


@st.composite
def chains(draw: Any) -> Any:
    """Steps on the last values of a chain, mostly sums and products, and what else reads them."""
    often = st.sampled_from(PLAIN)
    kinds = st.one_of(often, often, often, st.integers(0, len(STEPS) - 1))
    steps = draw(st.lists(st.tuples(kinds, st.integers(1, 4)), min_size=FEWEST, max_size=40))
    ends = draw(st.sampled_from(["number", "single", "both", "twice"]))

    def f(x: Any, z: Any, single: Any) -> Any:
        values = [x, z]
        for k, (step, back) in enumerate(steps):
            values.append(STEPS[step](values[-1], values[-min(back, len(values))], 0.5 + k % 3))
        y, half = values[-1], values[len(values) // 2]
        whole = single * y
        return {"number": y, "single": whole, "both": (y, half, whole), "twice": (y, y)}[ends]

    return f, np.float64(draw(st.sampled_from(VALUES))), np.float64(draw(st.sampled_from(VALUES)))


def bits(result: Any) -> Any:
    parts = result if isinstance(result, tuple) else (result,)
    found = []
    for part in parts:
        array = np.asarray(part)
        plain = np.where(np.isnan(array), np.nan, array).astype(array.dtype)  # any NaN is one
        found.append((type(part), array.dtype, array.shape, plain.tobytes()))
    return found


@settings(max_examples=150, deadline=None)
@given(chains())
def test_the_same_bits_as_numpys_scalars(problem: Any) -> None:
    f, x, z = problem
    args = x, z, np.ones(2, np.float32)
    with pytest.MonkeyPatch.context() as patch, np.errstate(all="ignore"):
        floats = bits(ag.jit(f)(*args))
        patch.setattr(write, "as_floats", lambda *_: set())
        assert floats == bits(ag.jit(f)(*args))


def test_a_chain_is_python_from_end_to_end() -> None:
    def f(x: Any) -> Any:
        for _ in range(50):
            x = 0.5 * x * x + 0.1
        return x

    jitted, plain = ag.jit(ag.value_and_grad(f)), ag.value_and_grad(f)
    x = np.float64(0.3)
    for one, other in zip(jitted(x), plain(x), strict=True):
        assert type(one) is type(other) is np.float64
        np.testing.assert_allclose(one, other, rtol=1e-13)
    text = jitted.source
    assert (len(re.findall(r"\bfloat\(", text)), text.count("float64(")) == (1, 2)
    namespace: dict[str, Any] = {}
    exec(text, namespace)  # noqa: S102 -- we wrote it
    assert bits(namespace[jitted.program.text.name](x)) == bits(jitted(x))


def test_a_short_chain_and_one_with_many_borders_stay_numpys() -> None:
    short = ag.jit(lambda x: x * x * 0.5 + 1.0)
    short(np.float64(2.0))
    assert "float(" not in short.source

    def crossing(x: Any) -> Any:
        for _ in range(20):
            x = np.sin(x) * 0.5
        return x

    jitted = ag.jit(crossing)
    jitted(np.float64(2.0))
    assert "float(" not in jitted.source


def test_what_leaves_a_chain_has_its_dtype() -> None:
    """A Python float that meets float32 would leave float32."""

    def f(x: Any, w: Any) -> Any:
        for _ in range(5):
            x = 0.5 * x + 0.25
        return w * x

    found = ag.jit(f)(np.float64(1.0), np.ones(2, np.float32))
    assert found.dtype == np.float64
