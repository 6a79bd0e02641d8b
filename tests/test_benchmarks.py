"""What the benchmarks promise: costs grow as the program does, and nothing wrong is timed."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import pytest

import autograd_mini as ag
from benchmarks import costs, loops, memory
from benchmarks.measure import Pace, WrongResultError
from benchmarks.parts import PARTS
from benchmarks.report import KNOWN, verdict

ROOT = Path(__file__).parent.parent


def best(f: Any, *args: Any, rounds: int = 3) -> float:
    """Seconds of the processor's time, at best: what others do on the machine counts little."""
    taken = []
    for _ in range(rounds):
        start = process_time()
        f(*args)
        taken.append(process_time() - start)
    return min(taken)


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments],
        capture_output=True,
        check=False,
        cwd=ROOT,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
    )


# -- memory, which is counted and always the same


def test_checkpoints_keep_the_square_root() -> None:
    """Four times the layers, four times the memory; in √n pieces about twice."""
    peaks = {}
    for f in (memory.chain, memory.pieces):
        found = [memory.peak(ag.grad(f), memory.STATE, n) for n in (250, 1_000)]
        peaks[f.__name__] = [peak for _, peak in found]
        right, _ = memory.peak(ag.grad(memory.chain), memory.STATE, 1_000)
        np.testing.assert_allclose(found[1][0], right, rtol=1e-12)
    small, large = peaks["chain"]
    assert 3.7 < large / small < 4.3
    small, large = peaks["pieces"]
    assert large / small < 2.2
    assert large < peaks["chain"][1] / 15


def test_set_items_into_one_array_are_linear_in_memory() -> None:
    (_, small), (slope, large) = (
        memory.peak(ag.grad(memory.written), 1.0, n) for n in (1_000, 4_000)
    )
    assert slope == pytest.approx(2 * sum(i * i for i in range(4_000)), rel=1e-12)
    assert large / small < 4.5
    assert large < 4_000 * 2_000 / 1e6, "not even 2 kB each, where a copy each would be 32"


# -- time


@pytest.mark.parametrize("run", [loops._eager, loops._recorded])
def test_a_loop_of_slices_is_linear(run: Any) -> None:
    """Were every slice's cotangent an array of zeros, it would cost ten times as much."""
    few, many = (np.random.default_rng(0).normal(size=(n, 4)) for n in (1_000, 10_000))
    assert best(run, many, rounds=2) / 10 < 2.5 * best(run, few)


@pytest.mark.slow
@pytest.mark.parametrize("kind", costs.KINDS)
def test_an_operation_costs_the_same_in_a_long_graph(kind: str) -> None:
    operation, start = costs.KINDS[kind]
    gc.freeze()  # what pytest holds would be searched as the graph grows
    try:
        short = best(costs._chain(operation, start, 1_000), rounds=5) / 1_000
        long = best(costs._chain(operation, start, 100_000), rounds=2) / 100_000
    finally:
        gc.unfreeze()
    assert long < 2.5 * short


def test_the_gradient_of_a_long_lstm() -> None:
    p, X = loops.lstm_problem(2, 3, 5, steps=40)
    value, gradients = ag.value_and_grad(loops.lstm)(p, X)
    loops.check_lstm(value, gradients, p, X)
    gradients[1][0, 0] *= 1.0 + 1e-4
    with pytest.raises(WrongResultError, match=r"lstm, gradient 1: off by"):
        loops.check_lstm(value, gradients, p, X)


# -- the command


def test_a_part_is_checked_measured_and_printed() -> None:
    name = "jacobian"
    done = bench(name, "--rounds", "30", "--slice-ms", "0.01", "--clock", "cpu")
    assert done.returncode == 0, done.stderr
    assert f"\n{name}: {PARTS[name].what}\n" in done.stdout
    assert done.stdout.count("x [") == 3, "three sizes, each with a ratio"


def test_a_wrong_name_lists_the_rows() -> None:
    done = bench("speed")
    assert done.returncode == 1
    assert done.stderr.strip() == f"no row speed; there are {', '.join(KNOWN)}"


def test_a_goal_is_missed_only_by_the_whole_interval() -> None:
    assert verdict((6.0, 5.8, 6.2), 8.0) == "reached"
    assert verdict((9.0, 8.5, 9.5), 8.0) == "missed"
    assert verdict((8.0, 7.9, 8.1), 8.0) == "within the interval"


def test_a_wrong_jacobian_is_not_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    right = ag.jacobian
    monkeypatch.setattr(ag, "jacobian", lambda f: lambda x: right(f)(x) + 1e-6)
    with pytest.raises(WrongResultError, match="jacobian: off by"):
        loops.jacobians(Pace(1, 1e-6, process_time))
