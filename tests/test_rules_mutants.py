"""The rule tests would notice: every rule's gradient, made wrong in several ways, fails its check.

A mutant swaps one rule for one that is right but for the change, and runs the operation's calls;
at least one must fail, and the same call must pass with the right rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import numpy as np
import pytest

from autograd_mini.tensor import Tensor, wrap
from tests.rule_cases import CASES, OP, SHELF, Call, a_call
from tests.rule_checks import (
    another_rule,
    check_first_order,
    check_recorded,
    check_replayed,
    check_second_order,
)

CAUGHT = (AssertionError, ValueError)
"""How a check fails: the numbers differ, or the engine refuses the cotangent's shape."""

RULES = [(op, k) for op in SHELF for k, one in enumerate(OP[op].rules) if one is not None]


def one_entry_wrong(g: Any) -> Any:
    bump = np.zeros(g.shape)
    bump[tuple(n - 1 for n in g.shape)] = 0.01
    return g + bump[()]


def only_broadcasts(g: Any) -> Any:
    """Keep one of several: (2, 3) becomes (1, 3), which NumPy would add to (2, 3) silently."""
    for axis, n in enumerate(g.shape):
        if n > 1:
            return g[(slice(None),) * axis + (slice(0, 1),)]
    return g


MUTANTS: dict[str, Callable[[Any], Any]] = {
    "times 1.0001": lambda g: g * 1.0001,
    "negated": lambda g: -g,
    "zeroed": lambda g: g * 0.0,
    "one entry wrong": one_entry_wrong,
    "a shape that only broadcasts": only_broadcasts,
}

EQUIVALENT: dict[tuple[str, int, str], str] = {}
"""(operation, argument, mutant): why no check can tell it from the right rule. There is none:
each operation has a call in which every argument's gradient has several entries, none of them 0.
"""


def some_calls(op: str) -> Iterator[Call]:
    """Calls of an operation with something in each array, the same every time."""
    for seed in range(12):
        for row in range(len(CASES[op])):
            call = a_call(Random(seed), op, row)
            if all(x.size for x in call.arrays()) and all(y.size for y in call(*call.arrays())):
                yield call


def survives(op: str, k: int, change: Callable[[Any], Any], check: Callable[[Call], None]) -> bool:
    """Tell whether every call passes although the rule has been changed."""
    for call in some_calls(op):
        try:
            with another_rule(op, k, change):
                check(call)
        except CAUGHT:
            check(call)
            return False
    return True


@pytest.mark.parametrize("mutant", MUTANTS)
@pytest.mark.parametrize(("op", "k"), RULES)
def test_mutants_fail(op: str, k: int, mutant: str) -> None:
    """Changed on arrays and on Tensors alike: not NumPy's derivative."""
    expected = (op, k, mutant) in EQUIVALENT
    assert survives(op, k, MUTANTS[mutant], check_first_order) is expected


@pytest.mark.parametrize("mutant", MUTANTS)
@pytest.mark.parametrize(("op", "k"), RULES)
def test_mutants_of_the_recorded_rule_fail(op: str, k: int, mutant: str) -> None:
    """Changed on Tensors only: not what the rule gives on arrays."""

    def change(g: Any) -> Any:
        return MUTANTS[mutant](g) if type(g) is Tensor else g

    assert survives(op, k, change, check_recorded) is ((op, k, mutant) in EQUIVALENT)


@pytest.mark.parametrize(("op", "k"), RULES)
def test_a_rule_that_reads_the_value_fails(op: str, k: int) -> None:
    """A recorded gradient with the right number and no history is first order for ever."""

    def change(g: Any) -> Any:
        return g.detach() if type(g) is Tensor else g

    assert not survives(op, k, change, check_second_order)


@pytest.mark.parametrize(("op", "k"), RULES)
def test_a_rule_that_freezes_a_value_fails(op: str, k: int) -> None:
    """What was a number while the program was recorded does not hold at another point."""

    def change(g: Any) -> Any:
        return wrap(g.node.value) if type(g) is Tensor else g

    assert not survives(op, k, change, check_replayed)


def test_a_rule_that_branches_on_a_value_fails() -> None:
    def change(g: Any) -> Any:
        return g if np.sum(g) > 0 else g * 1.0

    call = next(call for call in some_calls("multiply") if call.row == 0)
    with another_rule("multiply", 0, change), pytest.raises(RuntimeError, match="was read"):
        check_replayed(call)


def test_equivalent_mutants_are_of_rules_that_exist() -> None:
    for op, k, mutant in EQUIVALENT:
        assert (op, k) in RULES
        assert mutant in MUTANTS


def test_a_rule_is_put_back_when_its_check_fails() -> None:
    before = OP["multiply"].rules
    with pytest.raises(AssertionError), another_rule("multiply", 1, lambda g: -g):
        check_first_order(Call("multiply", 0, 0, a_call(Random(0), "multiply", 0).inputs))
    assert OP["multiply"].rules is before
