"""Every rule against NumPy's own function: first and second order, recorded, in float32, elsewhere.

The checks are in `rule_checks`, the calls they run on in `rule_cases`. A failing one is printed as
a program: `check_first_order(call=Call(...))`.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given, settings

from tests.rule_cases import SHELF, Call, Input, a_call, calls
from tests.rule_checks import (
    check_first_order,
    check_linear,
    check_recorded,
    check_replayed,
    check_second_order,
    check_single_precision,
)
from tests.rule_inputs import LAYOUTS

__all__ = [  # what a printed example is made of
    "Call",
    "Input",
    "check_first_order",
    "check_linear",
    "check_recorded",
    "check_replayed",
    "check_second_order",
    "check_single_precision",
]

every_operation = pytest.mark.parametrize("op", SHELF)


def on_examples(check: Callable[[Call], None], op: str) -> None:
    """Run a check on calls of one operation that Hypothesis draws."""
    some = settings(max_examples=max(10, settings().max_examples // 4))
    some(given(call=calls(op))(check))()


@every_operation
def test_first_order(op: str) -> None:
    """(vᵀJ)·u = v·(J u) along random directions, and the argument's shape and dtype are kept."""
    on_examples(check_first_order, op)


@every_operation
def test_recorded(op: str) -> None:
    """The rule run on Tensors gives what it gives on arrays."""
    on_examples(check_recorded, op)


@every_operation
def test_second_order(op: str) -> None:
    """The recorded gradient is differentiated in the arguments and in the cotangent."""
    on_examples(check_second_order, op)


@every_operation
def test_linear_in_the_cotangent(op: str) -> None:
    """rule(2g − 3h) = 2 rule(g) − 3 rule(h)."""
    on_examples(check_linear, op)


@every_operation
def test_single_precision(op: str) -> None:
    """The float32 gradient is the float64 gradient at the same point, rounded."""
    on_examples(check_single_precision, op)


def test_the_inputs_are_of_every_shape_and_layout() -> None:
    """0-d, of size 0, broadcast, with negative strides, in Fortran order, with shared memory."""
    drawn = [a_call(Random(seed), "multiply", 0) for seed in range(100)]
    shapes = {(a.shape, b.shape) for a, b in (call.inputs for call in drawn)}
    assert {1, 2, 3} <= {len(a) for a, _ in shapes}
    assert any(a == () != b for a, b in shapes)
    assert any(0 in a and 1 in b for a, b in shapes)
    assert any(len(a) < len(b) for a, b in shapes)
    assert {one.layout for call in drawn for one in call.inputs} == set(LAYOUTS)

    strides = {layout: Input((3, 2, 4), layout=layout).array().strides for layout in LAYOUTS}
    assert strides == {
        "C": (64, 32, 8),
        "F": (8, 24, 48),
        "reversed": (-64, -32, -8),
        "strided": (512, 128, 16),
        "repeated": (0, 32, 8),
    }


@every_operation
def test_recorded_without_reading_a_value(op: str) -> None:
    """Recorded where reading raises, the gradient's graph holds at other points too."""
    on_examples(check_replayed, op)
