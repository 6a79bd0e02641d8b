"""Products of vectors, matrices and stacks of them, of every combination of ranks."""

from __future__ import annotations

from itertools import product

import pytest

from tests.rule_cases import Call, Input
from tests.rule_checks import (
    check_first_order,
    check_linear,
    check_recorded,
    check_replayed,
    check_second_order,
    check_single_precision,
)

CHECKS = (
    check_first_order,
    check_linear,
    check_recorded,
    check_replayed,
    check_second_order,
    check_single_precision,
)
LEFT = {1: (5,), 2: (4, 5), 3: (3, 4, 5), 4: (2, 3, 4, 5)}
RIGHT = {1: (5,), 2: (5, 2), 3: (3, 5, 2), 4: (2, 3, 5, 2)}


def check(op: str, left: tuple[int, ...], right: tuple[int, ...]) -> None:
    for layout in ("C", "F", "reversed"):
        inputs = [Input(left, "real", layout, 1), Input(right, "real", layout, 2)]
        for one in CHECKS:
            one(Call(op, 0, 0, inputs))


@pytest.mark.parametrize(("a", "b"), [*product(LEFT, RIGHT)])
def test_matmul_of_every_two_ranks(a: int, b: int) -> None:
    check("matmul", LEFT[a], RIGHT[b])


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ((1, 4, 5), (3, 5, 2)),
        ((3, 4, 5), (1, 5, 2)),
        ((2, 1, 4, 5), (3, 5, 2)),
        ((2, 1, 4, 5), (1, 3, 5, 2)),
        ((1, 1, 4, 5), (5, 2)),
        ((1, 1, 4, 5), (5,)),
        ((5,), (2, 1, 5, 2)),
        ((1, 4, 5), (0, 5, 2)),
    ],
)
def test_matmul_of_stacks_that_broadcast(left: tuple[int, ...], right: tuple[int, ...]) -> None:
    check("matmul", left, right)


@pytest.mark.parametrize(("a", "b"), [*product(range(5), repeat=2)])
def test_dot_of_every_two_ranks(a: int, b: int) -> None:
    left = (2, 3, 1, 4)[4 - a :]
    right = {0: (), 1: (4,), 2: (4, 5), 3: (2, 4, 5), 4: (3, 2, 4, 1)}[b]
    check("dot", left, right)


@pytest.mark.parametrize(("a", "b"), [*product(range(4), repeat=2)])
def test_outer_of_every_two_ranks(a: int, b: int) -> None:
    check("outer", (2, 1, 3)[3 - a :], (2, 3, 2)[3 - b :])


@pytest.mark.parametrize("op", ["matmul", "dot"])
@pytest.mark.parametrize(
    ("left", "right"),
    [
        ((0,), (0,)),
        ((2, 0), (0,)),
        ((0,), (0, 2)),
        ((2, 0), (0, 3)),
        ((0, 2), (2, 3)),
        ((2, 3), (3, 0)),
        ((0, 2), (2, 0)),
        ((2, 3, 0), (0, 4)),
        ((0, 3, 2), (2, 4)),
        ((3, 2), (0, 2, 4)),
        ((3, 2), (4, 2, 0)),
        ((3, 0), (4, 0, 2)),
    ],
)
def test_products_over_nothing(op: str, left: tuple[int, ...], right: tuple[int, ...]) -> None:
    """A sum of no terms is 0, and passes nothing."""
    check(op, left, right)
