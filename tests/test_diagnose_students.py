"""Whole programs with slips in them: the diagnosis reads what other code computed."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np
import pytest

from autograd_mini import closed_form
from autograd_mini.testing import diagnose
from autograd_mini.testing.mistakes import CATALOGUE
from tests.students import SLIPS, with_slips

RNG = np.random.default_rng(1)
THETA = {1: RNG.normal(size=(4, 5)), 2: RNG.normal(size=(4, 5)), 3: RNG.normal(size=(4, 5))}
X, Y = RNG.normal(size=(7, 4)), np.eye(4)[RNG.integers(0, 4, 7)]
LAM = 2.0
D = closed_form.gradients(THETA, X, Y, LAM)


def function(*slips: str) -> Callable[..., Any]:
    names: dict[str, Any] = {}
    exec(with_slips(*slips), names)  # noqa: S102 - the program is ours
    return names["gradients"]


def test_the_program_is_right_without_a_slip() -> None:
    assert diagnose(function(), THETA, X, Y, LAM).right


def test_every_mistake_of_the_catalogue_has_a_slip() -> None:
    # Stale weights need two thetas; they have tests of their own.
    assert {*SLIPS} | {"stale_weights", "half_forgotten"} == {each.key for each in CATALOGUE}


@pytest.mark.parametrize("key", SLIPS)
def test_a_slip_is_named(key: str) -> None:
    found = diagnose(function(key), THETA, X, Y, LAM)
    assert found.verdict == "mistake"
    assert found.answers[0].keys == (key,), str(found)
    assert len(found.answers) == 1
    assert found.answers[0].residual < 1e-14 < 1e-4 < found.residual


@pytest.mark.parametrize("key", SLIPS)
def test_a_slip_is_named_in_float32(key: str) -> None:
    D = function(key)(THETA, X, Y, LAM)
    found = diagnose({l: D[l].astype(np.float32) for l in D}, THETA, X, Y, LAM)
    assert found.answers[0].keys == (key,), str(found)
    assert found.single


@pytest.mark.slow
def test_two_slips_are_named() -> None:
    """All but those that are the same numbers as one slip, or as none."""
    named = distinguishable = 0
    for pair in combinations(SLIPS, 2):
        try:
            student = function(*pair)
        except AssertionError:  # both in the same line
            continue
        found = diagnose(student, THETA, X, Y, LAM)
        assert found.verdict in {"right", "mistake"}, (pair, str(found))
        if found.answers and len(found.answers[0].keys) == 2:
            distinguishable += 1
            named += any({*answer.keys} == {*pair} for answer in found.answers)
            assert found.answers[0].residual < 1e-13
    assert distinguishable > 200
    assert named >= 0.98 * distinguishable
