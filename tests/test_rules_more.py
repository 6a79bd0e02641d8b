"""The appendix's rules under the same checks, on fewer examples; a nightly profile runs more."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import settings

from autograd_mini.tensor import Tensor
from tests import rule_cases_arrays, rule_cases_more
from tests.rule_cases import CASES, OP, SHELF, Call, a_call
from tests.rule_checks import (
    another_rule,
    check_first_order,
    check_linear,
    check_recorded,
    check_replayed,
    check_second_order,
    check_single_precision,
    tensors,
)
from tests.test_rules_mutants import CAUGHT, one_entry_wrong, only_broadcasts

MORE = sorted(set(CASES) - set(SHELF))
EXAMPLES = max(2, settings().max_examples // 25)


def some_calls(op: str, examples: int = EXAMPLES) -> Iterator[Call]:
    """Calls of an operation: each form at least once."""
    for row, one in enumerate(CASES[op]):
        for seed in range(max(examples, len(one.forms))):
            inputs, metadata = one.draw(Random(seed))
            yield Call(op, row, seed % len(one.forms), inputs, metadata)


def check_value(call: Call) -> None:
    """NumPy's value, shape and dtype, also where the function is said in terms of others."""
    leaves = tensors(call.arrays())
    for expected, found in zip(call(*call.arrays()), call(*leaves), strict=True):
        value = found.node.value if isinstance(found, Tensor) else found
        assert np.shape(value) == np.shape(expected), call
        assert np.asarray(value).dtype == np.asarray(expected).dtype, call
        np.testing.assert_allclose(value, expected, rtol=1e-12, atol=1e-13, err_msg=repr(call))


@pytest.mark.parametrize("op", MORE)
def test_value(op: str) -> None:
    for call in some_calls(op):
        check_value(call)


@pytest.mark.parametrize("op", MORE)
def test_first_order(op: str) -> None:
    for call in some_calls(op):
        check_first_order(call)
        check_linear(call)


@pytest.mark.parametrize("op", MORE)
def test_second_order(op: str) -> None:
    for call in some_calls(op):
        check_recorded(call)
        check_second_order(call)


@pytest.mark.parametrize("op", MORE)
def test_single_precision(op: str) -> None:
    for call in some_calls(op, 1):
        check_single_precision(call)


@pytest.mark.parametrize("op", [op for op in MORE if op not in rule_cases_more.FROZEN])
def test_recorded_without_reading_a_value(op: str) -> None:
    for call in some_calls(op, 1):
        check_replayed(call)


REFUSING = {("jv", 0), ("yv", 0), ("iv", 0), ("ive", 0), ("kv", 0)}
"""Arguments in which a derivative exists and is refused: a Bessel function's order."""
RULES = [
    (op, k)
    for op in MORE
    if op in OP
    for k, one in enumerate(OP[op].rules)
    if one and (op, k) not in REFUSING
]


def caught(op: str, k: int, change: Any, check: Any) -> bool:
    """Tell whether some call fails with the changed rule, and passes with the right one."""
    for call in some_calls(op, 8):
        if not all(x.size for x in call.arrays()):
            continue
        try:
            with another_rule(op, k, change):
                check(call)
        except CAUGHT:
            check(call)
            return True
    return False


@pytest.mark.parametrize(("op", "k"), RULES)
def test_mutants_fail(op: str, k: int) -> None:
    """Wrong by 1e-4, in one entry, in a shape that broadcasts; and no further order."""
    assert caught(op, k, lambda g: g * 1.0001, check_first_order)
    assert caught(op, k, one_entry_wrong, check_first_order)
    assert caught(op, k, only_broadcasts, check_first_order)
    assert caught(op, k, lambda g: g.detach() if type(g) is Tensor else g, check_second_order)


_ = (a_call, rule_cases_arrays)
