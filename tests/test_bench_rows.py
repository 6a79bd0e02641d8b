"""The rows of the benchmark: NumPy by hand is right, and everybody computes the same."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import autograd_mini as ag
from autograd_mini.bench.contenders import Contender, eager, fit, jit, numpy_by_hand
from autograd_mini.bench.goals import GOALS, SLICES, judge
from autograd_mini.bench.measure import Pace, Timing, measure_row
from autograd_mini.bench.rows import ROWS, Array, Curvature, Network, Row, Training, Watched

BY_HAND, *_ = numpy_by_hand.contenders(1)
QUICK = Pace(1, 1e-6, lambda: 0.0)


def small(net: Network) -> Network:
    """The same network in float64, with three examples, and its cost without a step."""
    wide = [p.astype(np.float64) for p in net.parameters]
    Y = net.Y[:3] if net.cost == "softmax" else net.Y[:3].astype(np.float64)
    X = net.X[:3].astype(np.float64)
    return replace(net, weights=wide[::2], biases=wide[1::2], X=X, Y=Y, rate=0.0)


def cost_by_hand(net: Network, parameters: list[Array]) -> float:
    moved = replace(net, weights=parameters[::2], biases=parameters[1::2])
    return float(BY_HAND.makers[Network](moved)()[0])


@pytest.mark.parametrize("row", [row for row in ROWS if isinstance(row.make(), Network)],
                         ids=lambda row: row.name)  # fmt: skip
def test_the_gradient_by_hand_is_the_slope_of_its_cost(row: Row) -> None:
    problem = row.make()
    assert isinstance(problem, Network)
    net = small(problem)
    _, gradients = BY_HAND.makers[Network](net)()
    rng, h = np.random.default_rng(0), 1e-5
    direction = [rng.normal(size=p.shape) for p in net.parameters]
    ends = [
        cost_by_hand(net, [p + s * h * d for p, d in zip(net.parameters, direction, strict=True)])
        for s in (1, -1)
    ]
    slope = sum(np.vdot(g, d) for g, d in zip(gradients, direction, strict=True))
    assert slope == pytest.approx((ends[0] - ends[1]) / (2 * h), rel=1e-6, abs=1e-9)


def test_second_derivatives_by_hand_are_differences_of_gradients() -> None:
    """And `ag.hvp` gives the same; a missing term of the R-operator would show in the biases."""
    (row,) = (row for row in ROWS if row.name == "hvp")
    problem = row.make()
    assert isinstance(problem, Curvature)
    problem = replace(problem, network=small(problem.network))
    _, products = BY_HAND.makers[Curvature](problem)()
    h, net = 1e-5, problem.network
    ends = []
    for s in (1, -1):
        moved = [p + s * h * v for p, v in zip(net.parameters, problem.v, strict=True)]
        there = replace(net, weights=moved[::2], biases=moved[1::2])
        ends.append([g.copy() for g in BY_HAND.makers[Network](there)()[1]])
    (ours,) = ag.hvp(
        lambda w: eager.formulas(net)(w, net.X, net.Y), (net.parameters,), (problem.v,)
    )
    for product, right, left, automatic in zip(products, *ends, ours, strict=True):
        error = np.linalg.norm(product - (right - left) / (2 * h))
        assert error <= 1e-7 * np.linalg.norm(product)
        np.testing.assert_allclose(product, automatic, rtol=1e-11, atol=1e-13)


def test_epochs_by_hand_visit_every_example_once_an_epoch() -> None:
    (row,) = (row for row in ROWS if row.name == "epochs64")
    problem = row.make()
    assert isinstance(problem, Training)
    m = len(problem.network.X)
    visited = np.concatenate([*map(np.concatenate, problem.batches)]).reshape(problem.epochs, m)
    assert np.array_equal(np.sort(visited, axis=1), np.tile(np.arange(m), (problem.epochs, 1)))
    assert {len(batch) for epoch in problem.batches for batch in epoch} == {problem.size}


@pytest.mark.parametrize("name", ["epochs64", "epochs784"])
def test_training_ends_at_the_same_weights(name: str) -> None:
    """NumPy by hand, loops eager and compiled, `ag.fit` with its own order: one epoch, float64."""
    (row,) = (row for row in ROWS if row.name == name)
    problem = row.make()
    assert isinstance(problem, Training)
    net = problem.network
    halved = replace(
        net,
        weights=[w.astype(np.float64) for w in net.weights],
        biases=[v.astype(np.float64) for v in net.biases],
        X=net.X[:320].astype(np.float64),
        Y=net.Y[:320],
    )
    short = replace(problem, network=halved, epochs=1)
    _, expected = BY_HAND.makers[Training](short)()
    for one in (*eager.contenders(1)[:1], *jit.contenders(1)[:1], *fit.contenders(1)):
        _, given = one.read(one.makers[Training](short)())
        for a, right, start in zip(given, expected, halved.parameters, strict=True):
            np.testing.assert_allclose(a, right, rtol=1e-9, atol=1e-12)
            assert np.max(np.abs(right - start)) > 1e-4, "it has moved"


def test_the_last_cost_of_watched_training_is_that_of_its_last_weights() -> None:
    (row,) = (row for row in ROWS if row.name == "fit64")
    problem = row.make()
    assert isinstance(problem, Watched)
    cost, parameters = BY_HAND.makers[Watched](problem)()
    net = problem.training.network
    there = replace(net, weights=parameters[::2], biases=parameters[1::2], rate=0.0)
    right, _ = BY_HAND.makers[Network](there)()
    before, _ = BY_HAND.makers[Network](replace(net, rate=0.0))()
    assert cost == pytest.approx(right, rel=1e-5)
    assert cost < 0.5 * before, "it has learnt"
    found = measure_row(row, [BY_HAND, *fit.contenders(1), *jit.contenders(1)], QUICK)
    assert (found.wrong, found.failed) == ({}, {})
    assert [timing.name for timing in found.timings] == ["NumPy by hand", "ag.fit", "jit"]


def lying(factor: float) -> Contender:
    makers = {kind: lambda p, make=make: make(p) for kind, make in BY_HAND.makers.items()}

    def read(result: Any) -> Any:
        cost, arrays = result
        return cost, [factor * a for a in arrays]

    return Contender("liar", "0", makers, read)


@pytest.mark.parametrize("name", ["xnor", "hvp"])
def test_a_contender_that_is_off_is_found(name: str) -> None:
    (row,) = (row for row in ROWS if row.name == name)
    found = measure_row(row, [BY_HAND, lying(1 + 1e-9)], QUICK)
    assert [*found.wrong] == ["liar"]
    assert [timing.name for timing in found.timings] == ["NumPy by hand"]
    assert found.timings[0].first is not None
    right = measure_row(row, [BY_HAND, lying(1.0)], QUICK)
    assert (right.wrong, right.failed) == ({}, {})
    assert len(right.timings) == 2


@pytest.mark.parametrize("name", ["xnor", "sgd32", "deep", "hvp"])
def test_ours_are_right_and_jit_runs_programs(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who falls back to the function itself would be right as well, and slow."""
    made: list[Any] = []
    right = ag.jit
    monkeypatch.setattr(ag, "jit", lambda f: made.append(right(f)) or made[-1])
    (row,) = (row for row in ROWS if row.name == name)
    found = measure_row(row, [BY_HAND, *eager.contenders(1), *jit.contenders(1)], QUICK)
    assert (found.wrong, found.failed) == ({}, {})
    assert len(made) == sum(timing.name.startswith("jit") for timing in found.timings) >= 1
    assert all("dot(" in one.source for one in made)


def test_what_compiles_for_minutes_waits_for_patience() -> None:
    (row,) = (row for row in ROWS if row.name == "xnor")
    slow = replace(lying(1.0), slow=frozenset({Network}))
    assert measure_row(row, [BY_HAND, slow], QUICK).slow == ["liar"]
    assert len(measure_row(row, [BY_HAND, slow], QUICK, patient=True).timings) == 2


def timing(name: str, time: float, slices: int = SLICES) -> Timing:
    return Timing(name, 1, [time] * slices, 0.0)


def test_goals_are_judged_against_the_fastest_that_is_there() -> None:
    peers = [timing("PyTorch", 10.0), timing("PyTorch nn", 8.0), timing("scikit-learn", 9.0)]
    reached, missed = judge("fit64", [timing("jit", 6.0), timing("ag.fit", 6.5), *peers])
    assert (reached["against"], reached["goal"], reached["verdict"]) == (
        "PyTorch nn",
        0.8,
        "reached",
    )
    assert (missed["contender"], missed["verdict"]) == ("ag.fit", "missed")
    assert missed["ratio"] == pytest.approx((6.5 / 8,) * 3)
    assert judge("epochs64", [timing("jit", 6.0)]) == []
    (few,) = judge("deep", [timing("jit", 1.0, 5), timing("NumPy by hand", 1.0, 5)])
    assert few["verdict"] == "too few slices"


def test_every_goal_names_rows_and_contenders_that_exist() -> None:
    names = {"NumPy by hand", "eager", "eager nn", "jit", "jit nn", "ag.fit", "PyTorch",
             "PyTorch nn", "scikit-learn"}  # fmt: skip
    for goal in GOALS:
        assert {*goal.rows} <= {row.name for row in ROWS}
        assert {goal.contender, *goal.others} <= names
