"""The diagnosis names what was planted, and never calls a right gradient wrong."""

from __future__ import annotations

import sys
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import autograd_mini as ag
from autograd_mini import closed_form
from autograd_mini.testing import diagnose
from autograd_mini.testing.formulas import backprop
from tests.planted import (
    compatible,
    diagnosed,
    found_in,
    network,
    planted,
    same,
    setup_of,
    shaken,
    single_mistakes,
)
from tests.strategies import ACTIVATIONS, PAIRS, Problem, problems
from tests.students import batch

XNOR = Problem([[[-30, 20, 20], [10, -20, -20]], [[-10, 20, 20]]],
               [[0, 0], [0, 1], [1, 0], [1, 1]], [[1], [0], [0], [1]])  # fmt: skip


# -- the right gradient


@given(problems())
@example(XNOR)
def test_without_a_mistake_it_is_the_closed_form(problem: Problem) -> None:
    """`formulas.RIGHT` is the note's algorithm: every mistake is measured from there."""
    s = setup_of(problem)
    for layer, D in backprop(s, {}).items():
        np.testing.assert_allclose(D, s.right[layer], rtol=1e-12, atol=1e-14)


@given(problems(), st.sampled_from(["closed", "example by example", "autodiff"]))
@example(XNOR, "autodiff")
def test_a_right_gradient_is_never_called_wrong(problem: Problem, way: str) -> None:
    D: Any = closed_form.gradients(*problem.arguments, **problem.all_names)
    if way == "example by example":
        D = closed_form.backprop_by_example(*problem.arguments, **problem.all_names).D
    elif way == "autodiff":
        net = ag.nn.Network.from_theta(problem.theta, **problem.names)
        J = getattr(ag.nn, f"{problem.cost}_cost")
        D = ag.grad(J)(net, problem.X, problem.Y, problem.lam)
    found = diagnose(D, *problem.arguments, **problem.all_names)
    assert found.right, found
    assert not found.single
    assert found.residual < 1e-10


@given(problems())
@settings(max_examples=60)
def test_a_right_gradient_in_float32_is_never_called_wrong(problem: Problem) -> None:
    theta = [matrix.astype(np.float32) for matrix in problem.theta]
    X, Y = problem.X.astype(np.float32), problem.Y.astype(np.float32)
    D = closed_form.gradients(theta, X, Y, problem.lam, **problem.all_names)
    D = {l: D[l].astype(np.float32) for l in D}
    for given_ in (D, {l: D[l].astype(np.float64) for l in D}):
        found = diagnose(given_, *problem.arguments, **problem.all_names)
        assert found.right, found


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_another_program_is_right_in_its_own_precision(dtype: Any) -> None:
    """Saturated networks too: there 1 - a has few digits left, or none."""
    checked = 0
    for seed in range(150):
        rng = np.random.default_rng(seed)
        s = network(rng)
        scale = rng.choice([0.1, 1.0, 4.0, 20.0])
        s = replace(s, theta={l: scale * each for l, each in s.theta.items()})
        with np.errstate(all="ignore"):
            D = batch(s, dtype)
        if all(np.isfinite(each).all() for each in D):
            found = diagnosed(s, D)
            assert found.right, (seed, str(found))
            checked += 1
    assert checked > 100


@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("g", ACTIVATIONS)
def test_every_pair_with_every_activation_at_its_edges(g: str, pair: tuple[str, str]) -> None:
    """λ = 0, m = 1, one layer: right, and what can not be seen there is said."""
    rng = np.random.default_rng(0)
    for L, m, lam in ((2, 1, 0.0), (2, 5, 1.0), (4, 1, 1.0), (4, 5, 0.0)):
        s = network(rng, L=L, m=m, lam=lam, pair=pair, g=g)
        found = diagnosed(s, shaken(s.right, rng))
        assert found.right, found
        assert ("no_lam" in found.unseen.get("lam", ())) == (lam == 0)
        assert ("sum_for_mean" in found.unseen.get("m", ())) == (m == 1)
        assert ("no_slope" in found.unseen.get("hidden", ())) == (L == 2)
        if L == 4 and g == "identity":
            assert "no_slope" in found.unseen["same"]
        if L == 4 and g in {"relu", "identity"} and pair[1] != "quadratic":
            assert "slope_of_a" in found.unseen["same"]  # ReLU: a > 0 where z > 0


def test_a_numeric_gradient_is_right_and_said_to_be_rough() -> None:
    s = network(np.random.default_rng(3), L=3, m=4, lam=1.0, pair=PAIRS[0], g="tanh")
    D = {l: np.zeros_like(s.theta[l]) for l in s.theta}
    for l in s.theta:
        for place in np.ndindex(*s.theta[l].shape):
            ends = []
            for step in (1e-4, -1e-4):
                theta = {k: s.theta[k].copy() for k in s.theta}
                theta[l][place] += step
                ends.append(closed_form.cost(theta, s.X, s.Y, s.lam, activation="tanh"))
            D[l][place] = (ends[0] - ends[1]) / 2e-4
    found = diagnosed(s, D)
    assert found.right, found
    assert found.single


# -- mistakes


@pytest.mark.parametrize("seed", range(6))
def test_every_single_mistake_is_named(seed: int) -> None:
    """In its layer and in its variant, or said to be one of several that give the same numbers."""
    rng = np.random.default_rng(seed)
    s = network(rng)
    for mistake in single_mistakes(s):
        D = planted(s, mistake)
        found = diagnosed(s, shaken(D, rng))
        if same(s, D, s.right):
            assert found.right, (mistake, found)
            continue
        simpler = [found_in(answer) for answer in found.answers]
        assert len({atom.key for atom in simpler[0]}) == 1, (mistake, str(found))
        (key,) = {atom.key for atom in mistake}
        visible = [each for each in simpler if {atom.key for atom in each} == {key}]
        assert visible, (mistake, str(found))
        assert any(each <= mistake for each in visible), (mistake, str(found))
        for each in simpler:  # what is said to be equal is equal
            masked = "entries" in {atom.detail for atom in each}
            assert masked or same(s, planted(s, each), D)


def hunt(seeds: range, of_each: int) -> dict[str, int]:
    """Plant pairs of mistakes in random networks, and count what becomes of them."""
    count = dict.fromkeys(("pairs", "distinguishable", "named", "first", "alone"), 0)
    for seed in seeds:
        rng = np.random.default_rng(seed)
        s = network(rng)
        mistakes = [*single_mistakes(s)]
        one = [s.right, *(planted(s, mistake) for mistake in mistakes)]
        pairs = [pair for pair in combinations(mistakes, 2) if compatible(s, *pair)]
        rng.shuffle(pairs)
        for pair in pairs[:of_each]:
            D = planted(s, *pair)
            count["pairs"] += 1
            if any(same(s, D, other) for other in one):
                continue
            count["distinguishable"] += 1
            found = diagnosed(s, shaken(D, rng))
            wanted = {atom.key for mistake in pair for atom in mistake}
            places = frozenset().union(*pair)
            right = [
                {*answer.keys} == wanted and found_in(answer) <= places for answer in found.answers
            ]
            count["named"] += any(right)
            count["first"] += bool(right and right[0])
            count["alone"] += right == [True]
    return count


@pytest.mark.slow
def test_95_percent_of_distinguishable_pairs_are_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    count = hunt(range(1000, 1040), 12)
    report(count, capsys)
    assert count["distinguishable"] > 300
    assert count["named"] >= 0.95 * count["distinguishable"]


def report(count: dict[str, int], capsys: pytest.CaptureFixture[str]) -> None:
    """Print the figures that the documentation may quote."""
    total = count["distinguishable"]
    shares = ", ".join(f"{name} {count[name] / total:.1%}" for name in ("named", "first", "alone"))
    with capsys.disabled():
        sys.stdout.write(f"\n{count['pairs']} pairs, {total} distinguishable: {shares}\n")
