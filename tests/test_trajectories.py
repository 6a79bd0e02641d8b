"""Every step of every optimiser, schedule and clipping is PyTorch's, to 1e-12."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest

from autograd_mini.optimisers import (
    OPTIMISERS,
    adam,
    adamw,
    clip_by_norm,
    clip_by_value,
    cosine,
    gradient_descent,
    momentum,
    nesterov,
    rmsprop,
    step_decay,
    warm_up,
)
from tests import record_trajectories as record

TABLE = np.load(record.FILE)
WARM = warm_up(8, cosine(0.2, 42, last=0.001), first=0.125)
WARM_HALF = warm_up(8, cosine(0.1, 42, last=0.001), first=0.125)
SAME: dict[str, tuple[Any, Any]] = {
    "gradient-descent": (gradient_descent.using(rate=0.125), None),
    "gradient-descent, step decay": (gradient_descent.using(rate=step_decay(0.25, 12, 0.5)), None),
    "momentum": (momentum.using(rate=0.1), None),
    "momentum, cosine": (momentum.using(rate=cosine(0.2, 50, last=0.01), decay=0.5), None),
    "nesterov": (nesterov.using(rate=0.1), None),
    "nesterov, warm-up and cosine": (nesterov.using(rate=WARM, decay=0.8), None),
    "rmsprop": (rmsprop.using(rate=0.02), None),
    "rmsprop, momentum": (rmsprop.using(rate=0.01, decay=0.9, epsilon=1e-6, momentum=0.7), None),
    "rmsprop, centred": (rmsprop.using(rate=0.02, centred=True), None),
    "rmsprop, centred, momentum": (
        rmsprop.using(rate=0.01, decay=0.8, centred=True, momentum=0.9), None
    ),
    "adam": (adam.using(rate=0.05), None),
    "adam, other numbers": (adam.using(rate=0.1, beta1=0.7, beta2=0.95, epsilon=1e-3), None),
    "adam, clipped by norm": (adam.using(rate=0.05), partial(clip_by_norm, largest=2.5)),
    "momentum, clipped by value": (momentum.using(rate=0.1), partial(clip_by_value, largest=0.75)),
    "adamw": (adamw.using(rate=0.05, decay=0.1), None),
    "adamw, warm-up and cosine": (adamw.using(rate=WARM_HALF, beta1=0.8, beta2=0.99), None),
}  # fmt: skip


def path_of(step: Any, clip: Any = None) -> np.ndarray[Any, Any]:
    parameters, state, path = record.start(), None, []
    for t in range(record.STEPS):
        gradients = [record.gradient(t, p, which) for which, p in enumerate(parameters)]
        parameters, state = step(parameters, clip(gradients) if clip else gradients, state)
        path.append(np.concatenate([np.ravel(p) for p in parameters]))
    return np.array(path)


@pytest.mark.parametrize("name", SAME)
def test_every_step_is_pytorch_s(name: str) -> None:
    found, expected = path_of(*SAME[name]), TABLE[name]
    assert found.shape == expected.shape == (record.STEPS, record.SIZE)
    assert np.abs(found - expected).max() <= 1e-12


def test_the_table_has_every_optimiser_and_says_where_it_is_from() -> None:
    assert {*SAME} == {*TABLE.files} - {"PyTorch"} == {*record.cases(_Anything())}
    assert {name.split(",")[0] for name in SAME} == {*OPTIMISERS}
    assert str(TABLE["PyTorch"]).startswith("2.")
    assert record.FILE.stat().st_size < 50_000


class _Anything:
    def __getattr__(self, name: str) -> Any:
        return self


@pytest.mark.parametrize("name", [name for name in SAME if "," in name])
def test_every_setting_of_the_table_counts(name: str) -> None:
    """Without its schedule, clipping or further settings the trajectory is another one."""
    step, _ = SAME[name]
    plain = OPTIMISERS[name.split(",")[0]].using(rate=step.numbers(0).get("rate", 0.1))
    assert np.abs(path_of(plain) - TABLE[name]).max() > 1e-3
