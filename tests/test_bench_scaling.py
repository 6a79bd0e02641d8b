"""The benchmark of the sum over shards: its model, its lines, and that a wrong result is told."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_mini as ag
from autograd_mini.bench import scaling
from autograd_mini.bench.measure import Pace, WrongResultError

SECONDS = st.floats(1e-6, 1e-1)
PER_BYTE = st.floats(1e-12, 1e-8)


@given(SECONDS, PER_BYTE, SECONDS, PER_BYTE, st.integers(8, 10**7))
def test_the_model_finds_what_it_was_measured_from(
    a: float, b: float, c: float, d: float, size: int
) -> None:
    one = [a + b * sent for sent in scaling.SENT]
    two = [x + c + d * sent for x, sent in zip(one, scaling.SENT, strict=True)]
    model = scaling.Model.of(one, two)
    assert model.overhead(1, size) == pytest.approx(a + b * size, rel=1e-6)
    assert model.overhead(2, size) == pytest.approx(a + b * size + c + d * size, rel=1e-6)
    depth = model.overhead(1_000, size) - model.overhead(1, size)
    assert depth == pytest.approx(10 * (c + d * size), rel=1e-6)  # 2¹⁰ ≥ 1,000
    network = model.between_machines()
    more = network.overhead(1, size) - model.overhead(1, size)
    assert more == pytest.approx(scaling.DELAY + 2 * size / scaling.SPEED, rel=1e-3, abs=1e-9)


def test_measured_noise_does_not_make_it_negative() -> None:
    model = scaling.Model.of([3e-3, 1e-3, 2e-3], [1e-3, 1e-3, 1e-3])
    assert model.overhead(1_000, 10**6) >= 0


@pytest.mark.slow
def test_every_line_has_its_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scaling, "SIZES", (6, 3, 2))
    monkeypatch.setattr(scaling, "EXAMPLES", (32, 64))
    monkeypatch.setattr(scaling, "SHARDS", (2, 4))
    monkeypatch.setattr(scaling, "SENT", (80, 800, 8_000))
    lines = scaling.distributed(Pace(2, 1e-4, time.perf_counter))
    labels = [line["label"] for line in lines]
    assert labels[0] == "m = 32 in 16 shards"
    assert "80 kB" not in "".join(labels)
    for line in lines:
        numbers = [n for unit in line.values() if isinstance(unit, dict) for n in unit.values()]
        assert numbers
        assert np.isfinite(numbers).all(), line
    kilobytes = 8 * (6 * 3 + 3 + 3 * 2 + 2) / 1e3
    (size,) = [line for line in lines if "kB of parameters" in line["label"]]
    assert size["kB, µs"]["kB"] == kilobytes
    pays = [line[""] for line in lines if "workers" in line["label"] and "" in line]
    assert len(pays) == 2 * len(scaling.WORKERS)
    for numbers in pays:
        assert numbers["half of W times from m"] >= numbers["faster than one from m"]


def test_other_bits_are_no_result(monkeypatch: pytest.MonkeyPatch) -> None:
    net, seen = ag.nn.Network(scaling.SIZES, seed=0), []
    before = scaling._bits

    def off(J: Any, gradient: Any) -> list[bytes]:
        seen.append(J)
        return before(J * (1 + 1e-15 * (len(seen) > 1)), gradient)

    monkeypatch.setattr(scaling, "_bits", off)
    with (
        pytest.raises(WrongResultError, match="2 workers, 20 examples in 4 shards: other bits"),
        scaling._stepping(net, 20, 4, {"2 workers": None}),
    ):
        pass
