"""Two thousand random programs: compiled, each is the same function as before.

What "the same" means stands in `jit_checks`, what a random program is in `jit_drawn`. Inputs are of
every dtype and layout; some have no axes, some no elements; some are Tensors that the function
finds around it, written between two calls; some values are NaN, infinite, tiny or huge.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

import autograd_mini as ag
from autograd_mini.compiler import numpy_backend
from autograd_mini.compiler.specs import spec_of
from autograd_mini.graph import make_node, walk
from tests.jit_checks import check_same
from tests.jit_drawn import CANCELLED, TRACEABLE, Drawn, a_program, cost
from tests.rule_cases import CASES, Call
from tests.rule_checks import tensors
from tests.test_rules_more import some_calls

programs = st.builds(a_program, st.integers(0, 10**9), st.integers(1, 6))
"""Shorter programs of the same seed are beginnings of longer ones, so failures shrink."""
USUAL = 100
"""Examples of a property in CI: the profiles differ in this number."""


def many(examples: int) -> Callable[[Any], Any]:
    """Run this many examples in CI, and in proportion in other profiles."""
    return settings(max_examples=max(5, examples * settings().max_examples // USUAL))


def arguments(drawn: Drawn, *, again: int = 0, special: bool = False) -> list[Any]:
    return [
        ag.Tensor(x) if drawn.tensors and k in drawn.some else x
        for k, x in enumerate(drawn.arrays(again, special))
    ]


def floating(drawn: Drawn) -> tuple[int, ...]:
    return tuple(k for k, x in enumerate(drawn.arrays()) if x.dtype.kind in "fc")


@given(drawn=programs)
@many(1_000)
def test_values(drawn: Drawn) -> None:
    """Results of all dtypes, several of them, in containers; called with two sets of data."""
    check_same(drawn, arguments(drawn), arguments(drawn, again=1), arguments(drawn))


@given(drawn=programs)
@many(650)
def test_gradients(drawn: Drawn) -> None:
    if wrt := floating(drawn):
        check_same(
            ag.value_and_grad(cost(drawn), wrt), arguments(drawn), arguments(drawn, again=1)
        )


@given(drawn=st.builds(a_program, st.integers(0, 10**9), st.integers(1, 3)))
@many(100)
def test_second_derivatives(drawn: Drawn) -> None:
    wrt = floating(drawn)
    if not wrt:
        return
    slope = ag.grad(cost(drawn), wrt)

    def steepness(*args: Any) -> Any:
        return sum(np.sum(np.real(g * np.conj(g))) for g in slope(*args))

    check_same(ag.grad(steepness, wrt), drawn.arrays(), drawn.arrays(1))


@given(drawn=programs)
@many(150)
def test_captured_tensors_are_read_again(drawn: Drawn) -> None:
    """Some inputs are found by the function around it, and written between calls."""
    arrays = drawn.arrays()
    found = {k: ag.Tensor(x) for k, x in enumerate(arrays) if k in drawn.some}

    def f(*rest: Any) -> Any:
        given = iter(rest)
        return drawn(*(found[k] if k in found else next(given) for k in range(len(arrays))))

    rest = [x for k, x in enumerate(arrays) if k not in found]
    jitted = check_same(f, rest)
    made = len(jitted.entries)
    for k, other in enumerate(drawn.arrays(1)):
        if k in found:
            found[k][...] = other
    check_same(f, rest, [x for k, x in enumerate(drawn.arrays(1)) if k not in found],
               jitted=jitted)  # fmt: skip
    assert len(jitted.entries) == made


@given(drawn=programs)
@many(400)
def test_numbers_that_are_none(drawn: Drawn) -> None:
    """NaN, infinite, tiny and huge numbers: where eager has none, or no finite one, so has jit.

    But x / h · h, which the program cancels: where h is 0 or not finite eager has NaN.
    """
    if any(name_of(step) in CANCELLED | LAPACK for step in drawn.steps):
        return
    check_same(drawn, arguments(drawn, special=True), arguments(drawn, again=1, special=True))


LAPACK = {"pinv", "svd", "svdvals", "eigh", "eigvalsh", "cond", "norm", "matrix_norm",
          "matrix_rank"}  # fmt: skip
"""What may not end on NaN or infinite numbers, in NumPy itself."""


def name_of(step: Any) -> str:
    return step.call if isinstance(step.call, str) else str(step.call.op)


@pytest.mark.parametrize("op", TRACEABLE)
def test_what_may_be_a_view_is_planned_as_one(op: str) -> None:
    """A buffer that a view still shows must not be given to another value."""
    for call in some_calls(op, 6):
        for node in recorded(call):
            if may_share(node) and node.op is not None:
                spec = spec_of(node.value)
                planned = make_node(node.op, node.inputs, node.metadata, spec, False)
                kind = numpy_backend.kind_of(planned)
                # What is told where to write writes there, whatever it returns otherwise.
                written = kind == "written" and node.value.shape != ()
                assert kind == "view" or written, (call, node)


def recorded(call: Call) -> list[Any]:
    arrays = [np.asarray(x) for x in call.arrays()]
    with np.errstate(all="ignore"):
        outputs = [y for y in call(*tensors(arrays)) if type(y) is ag.Tensor]
    return [n for n in walk(*(y.node for y in outputs)) if n.op is not None]


def may_share(node: Any) -> bool:
    """Run the operation anew, and look whether the result lies in an operand's memory."""
    values = [np.asarray(i.value) if hasattr(i.value, "dtype") else i.value for i in node.inputs]
    with np.errstate(all="ignore"):
        found = node.op.compute(*values, **node.metadata)
    results = found if isinstance(found, tuple | list) else [found]
    parts = [p for v in values for p in (v if isinstance(v, tuple | list) else [v])]
    return any(
        isinstance(y, np.ndarray) and y.size and isinstance(x, np.ndarray)
        and np.may_share_memory(x, y)
        for y in results for x in parts
    )  # fmt: skip


@pytest.mark.parametrize("op", TRACEABLE)
def test_every_rule_runs_compiled(op: str) -> None:
    """Every operation that has a rule, in every form: its value and its gradient."""
    for row, case in enumerate(CASES[op]):
        call = next(some_calls_of(op, row, len(case.forms)))
        wrt = tuple(k for k, x in enumerate(call.arrays()) if x.dtype.kind in "fc")

        def weighed(*arrays: Any, call: Call = call) -> Any:
            return sum(np.sum(np.real(y * np.conj(y))) for y in call(*arrays))

        check_same(ag.value_and_grad(weighed, wrt), call.arrays())


def some_calls_of(op: str, row: int, forms: int) -> Any:
    return (call for call in some_calls(op, forms) if call.row == row)
