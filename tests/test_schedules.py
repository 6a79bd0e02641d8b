"""Schedules and clipping: what they promise of any numbers, and their errors."""

from __future__ import annotations

import copy
import math
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from autograd_mini.optimisers import (
    clip_by_norm,
    clip_by_value,
    cosine,
    global_norm,
    step_decay,
    warm_up,
)

# -- clipping

GRADIENT_LISTS = st.lists(
    hnp.arrays(np.float64, hnp.array_shapes(min_dims=0), elements=st.floats(-1e6, 1e6)), max_size=3
)


@given(GRADIENT_LISTS, st.floats(0, 1e6))
def test_clipping_by_norm_keeps_the_direction(gradients: Any, largest: float) -> None:
    clipped = clip_by_norm(gradients, largest)
    length = math.sqrt(math.fsum(float(v) ** 2 for g in gradients for v in np.ravel(g)))
    assert float(global_norm(gradients)) == pytest.approx(length, rel=1e-14)
    assert float(global_norm(clipped)) <= largest * (1 + 1e-14)
    share = min(1.0, largest / (length + 1e-6))
    for before, after in zip(gradients, clipped, strict=True):
        np.testing.assert_allclose(after, share * before, rtol=1e-13, atol=0)
        assert after.shape == before.shape
        if length < largest * (1 - 1e-12) - 1e-6:
            assert np.asarray(after).tobytes() == before.tobytes()


@given(GRADIENT_LISTS, st.floats(0, 1e6))
def test_clipping_by_value_changes_what_is_too_large(gradients: Any, largest: float) -> None:
    for before, after in zip(gradients, clip_by_value(gradients, largest), strict=True):
        for one, other in zip(np.ravel(before), np.ravel(after), strict=True):
            assert other == math.copysign(min(abs(one), largest), one)


def test_clipping_keeps_float32_and_what_it_is_given() -> None:
    gradients = [np.array([3.0, 4.0], np.float32), np.array(12.0)]
    before = copy.deepcopy(gradients)
    for clip in (clip_by_norm, clip_by_value):
        clipped = clip(gradients, 1.0)
        assert [g.dtype for g in clipped] == [np.float32, np.float64]
        assert repr(gradients) == repr(before)
    for clip in (clip_by_norm, clip_by_value):
        with pytest.raises(ValueError, match="largest=-1; expected a number, 0 or more"):
            clip(gradients, -1)


# -- schedules

RATE = st.floats(0, 10)
WHOLE = st.integers(1, 50)
SCHEDULES = st.one_of(
    st.builds(step_decay, RATE, WHOLE, st.floats(0, 1)),
    st.builds(cosine, RATE, WHOLE, RATE),
)
SCHEDULES |= st.builds(warm_up, WHOLE, SCHEDULES | RATE, st.none() | st.floats(0, 1))


@given(SCHEDULES, st.integers(0, 120))
def test_a_schedule_is_a_function_of_the_step_alone(schedule: Any, step: int) -> None:
    rate = schedule(step)
    assert type(rate) is float
    assert 0 <= rate <= 10
    assert schedule(step) == rate
    assert eval(repr(schedule)) == schedule  # noqa: S307
    assert pickle.loads(pickle.dumps(schedule))(step) == rate  # noqa: S301


@given(RATE, WHOLE, RATE)
def test_the_cosine_goes_from_one_rate_to_the_other(rate: float, steps: int, last: float) -> None:
    rates = [cosine(rate, steps, last)(step) for step in range(steps + 3)]
    assert rates[0] == pytest.approx(rate, abs=1e-14)
    assert rates[steps:] == [last] * 3
    assert rates == sorted(rates, reverse=rate > last) or rate == pytest.approx(last)
    for step in range(steps + 1):  # as far above the middle as the same step from the end below
        assert rates[step] + rates[steps - step] == pytest.approx(rate + last, abs=1e-12)


@given(WHOLE, SCHEDULES, st.none() | st.floats(0, 1))
def test_a_warm_up_is_a_line_and_then_the_schedule(steps: int, then: Any, first: Any) -> None:
    rates = [warm_up(steps, then, first)(step) for step in range(steps + 40)]
    assert rates[steps:] == [then(step) for step in range(40)]
    share = 1 / (steps + 1) if first is None else first
    np.testing.assert_allclose(
        rates[: steps + 1], np.linspace(share, 1, steps + 1) * then(0), atol=1e-12
    )


@given(RATE, WHOLE, st.floats(0, 1))
def test_step_decay_stays_and_falls(rate: float, every_: int, factor: float) -> None:
    schedule = step_decay(rate, every_, factor)
    for k in range(3):
        assert {schedule(k * every_ + i) for i in range(every_)} == {rate * factor**k}


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: step_decay(0.1, every=0), "every=0; expected a whole number of steps, 1 or more"),
        (lambda: step_decay(0.1, every=2.5), "every=2.5; expected a whole number"),  # type: ignore[arg-type]
        (lambda: step_decay(-0.1, every=2), "rate=-0.1; expected a number, 0 or more"),
        (lambda: step_decay(0.1, every=2, factor=math.nan), "factor=nan; expected a number"),
        (lambda: cosine(0.1, steps=0), "steps=0; expected a whole number"),
        (lambda: cosine(0.1, 10, last=-1.0), "last=-1.0; expected a number, 0 or more"),
        (lambda: warm_up(0, 0.1), "steps=0; expected"),
        (lambda: warm_up(3, -0.1), "schedule=-0.1; expected a number"),
        (lambda: warm_up(3, 0.1, first=math.inf), "first=inf; expected a number"),
    ],
)
def test_a_schedule_says_what_is_wrong(make: Callable[[], Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        make()
