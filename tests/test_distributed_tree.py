"""The sum over shards in one process: its order, its shards, and what it is equal to."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_mini as ag
from autograd_mini.distributed.cluster import Cluster, LostError, _shares
from autograd_mini.distributed.holder import places
from autograd_mini.distributed.shards import Shards
from autograd_mini.distributed.tree import TreeSum

NUMBERS = st.lists(
    st.floats(-1e6, 1e6, allow_nan=False).map(lambda number: number * 0.1), min_size=1, max_size=40
)


def halved(numbers: list[float]) -> float:
    """The sum by its definition: the two halves' sums, added."""
    if len(numbers) == 1:
        return numbers[0]
    middle = len(numbers) // 2
    return halved(numbers[:middle]) + halved(numbers[middle:])


@given(NUMBERS, st.randoms(use_true_random=False))
def test_the_sum_is_that_of_the_halves_in_whatever_order_it_arrives(
    numbers: list[float], chance: random.Random
) -> None:
    total = TreeSum(len(numbers))
    order = list(range(len(numbers)))
    chance.shuffle(order)
    for k in order:
        total.put((k, k + 1), [numbers[k]])
    assert total.parts == {(0, len(numbers)): [halved(numbers)]}


@given(NUMBERS, st.data())
def test_who_has_which_shard_changes_no_digit(numbers: list[float], data: st.DataObject) -> None:
    shards = len(numbers)
    owners = [data.draw(st.integers(0, 5)) for _ in numbers]
    root = TreeSum(shards)
    for owner in data.draw(st.permutations(range(6))):
        own = TreeSum(shards)
        for k in range(shards):
            if owners[k] == owner:
                own.put((k, k + 1), [numbers[k]])
        for span, partial in own.parts.items():
            root.put(span, partial)
    assert root.parts == {(0, shards): [halved(numbers)]}


@given(st.lists(st.booleans(), min_size=1, max_size=40))
def test_a_shard_that_takes_no_part_is_nowhere_added(taking_part: list[bool]) -> None:
    total = TreeSum(len(taking_part))
    for k, takes_part in enumerate(taking_part):
        total.put((k, k + 1), [2**k] if takes_part else None)
    expected = [sum(2**k for k, part in enumerate(taking_part) if part)]
    assert total.parts[0, len(taking_part)] == (expected if any(taking_part) else None)


def test_a_worker_of_many_shards_holds_few_sums_at_a_time() -> None:
    total, most = TreeSum(1024), 0
    for k in range(1024):
        total.put((k, k + 1), [1])
        most = max(most, len(total.parts))
    assert most <= 11  # log₂ 1024 + 1


@given(st.integers(1, 60), st.integers(1, 20), st.data())
def test_shares_are_equal_and_what_is_in_place_stays(
    shards: int, workers: int, data: st.DataObject
) -> None:
    names = [f"tcp://127.0.0.1:{port}" for port in range(workers)]
    shares = _shares(shards, names, {})
    sizes = [len(share) for share in shares.values()]
    assert sorted(k for share in shares.values() for k in share) == list(range(shards))
    assert max(sizes) - min(sizes) <= 1
    owner = {k: worker for worker, share in shares.items() for k in share}
    assert _shares(shards, names, owner) == shares
    lost = data.draw(st.sampled_from(names))
    kept = {k: worker for k, worker in owner.items() if worker != lost}
    renamed = [*(name for name in names if name != lost), "tcp://127.0.0.1:9999"]
    after = _shares(shards, renamed, kept)
    assert all(k in after[worker] for k, worker in kept.items())


@pytest.mark.parametrize("workers", [1, 2, 3, 7, 1000])
def test_a_call_reaches_every_worker_in_a_logarithm_of_steps(workers: int) -> None:
    found = [(f"tcp://{w}", f"holder-{w}", [w]) for w in range(workers)]
    root = places(found)
    assert places(found[::-1]) == root
    assert root.addresses() == {f"tcp://{w}" for w in range(workers)}
    assert root.shards == frozenset(range(workers))

    def depth(place: Any) -> int:
        assert len(place.behind) <= np.ceil(np.log2(workers))
        return 1 + max(map(depth, place.behind), default=0)

    assert depth(root) <= np.ceil(np.log2(workers)) + 1


class Late:
    """An answer that comes just after the time is over."""

    def __init__(self, error: Exception | None = None) -> None:
        self.asked, self.error = 0, error

    def done(self) -> bool:
        return self.asked > 0

    def result(self, timeout: float) -> str:
        self.asked += 1
        if self.asked == 1:
            raise TimeoutError
        if self.error is not None:
            raise self.error
        return "here"


class Scheduler:
    def ncores(self) -> dict[str, int]:
        return {"tcp://a": 1}


def test_an_answer_that_comes_as_the_time_is_over_is_no_loss() -> None:
    cluster = Cluster(Scheduler(), {}, Shards.of([(np.ones(1),)]))
    assert cluster._awaited(Late(), "tcp://a", {"tcp://a"}) == "here"
    for error in (OSError("closed"), TimeoutError("of its own")):
        with pytest.raises(LostError, match="worker tcp://a was lost"):
            cluster._awaited(Late(error), "tcp://a", {"tcp://a"})
    with pytest.raises(KeyError):
        cluster._awaited(Late(KeyError("a mistake")), "tcp://a", {"tcp://a"})
    with pytest.raises(LostError, match="worker tcp://b was lost"):
        cluster._awaited(Late(), "tcp://a", {"tcp://a", "tcp://b"})


# -- shards


@given(st.integers(1, 50), st.data())
def test_rows_are_found_in_their_shards_in_their_order(m: int, data: st.DataObject) -> None:
    shards = data.draw(st.integers(1, m))
    rows = data.draw(st.lists(st.integers(0, m - 1), min_size=1, max_size=60))
    X, Y = np.arange(m)[:, np.newaxis], np.arange(m)
    blocks = ag.distributed.split(X, Y, shards)
    chosen = ag.distributed.Sum({}, blocks).shards.chosen(rows)
    found = {k: blocks[k][1][own].tolist() for k, own in chosen.items()}
    assert sorted(row for own in found.values() for row in own) == sorted(rows)
    for own in found.values():
        assert own == [row for row in rows if row in own]


@pytest.mark.parametrize(
    ("X", "Y", "shards", "message"),
    [
        (np.ones((3, 2)), np.ones(2), 2, "X has 3 rows, Y has 2; expected a target for every"),
        (np.ones((3, 2)), np.ones(3), 4, "shards=4 of 3 examples; give at most 3"),
        (np.ones((3, 2)), np.ones(3), 0, "shards=0; expected a whole number, 1 or more"),
        (np.ones((3, 2)), np.ones(3), 1.5, "shards=1.5; expected a whole number"),
        (1.0, np.ones(3), 1, r"X has shape \(\); expected an array with an example a row"),
    ],
)
def test_what_can_not_be_split_is_told(X: Any, Y: Any, shards: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ag.distributed.split(X, Y, shards)


@pytest.mark.parametrize(
    ("shards", "message"),
    [
        ([], r"shards is list of 0; expected a list of \(X, Y\)"),
        (np.ones((4, 2)), r"shards is ndarray of shape \(4, 2\); expected a list .*split\(X, Y"),
        ([np.ones(3)], r"shard 0 is ndarray of shape \(3,\); expected a pair"),
        ([(np.ones(2), np.ones(2)), (np.ones(2), np.ones(3))], r"shard 1 has arrays of \[2, 3\]"),
        ([(np.ones((0, 2)), np.ones(0))], r"shard 0 has arrays of \[0, 0\] rows"),
    ],
)
def test_what_are_no_shards_is_told(shards: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ag.distributed.value_and_grad(ag.nn.logistic_cost, shards)


@pytest.mark.parametrize(
    ("rows", "error", "message"),
    [
        ([], ValueError, r"rows has shape \(0,\)"),
        ([0.5], ValueError, "dtype float64; expected .b,. whole numbers from 0 to 3"),
        ([4], IndexError, "rows name example 4; there are 0 to 3"),
        ([-1], IndexError, "rows name example -1; there are 0 to 3"),
    ],
)
def test_rows_that_are_not_there_are_told(rows: Any, error: Any, message: str) -> None:
    f = ag.distributed.value_and_grad(
        ag.nn.logistic_cost, ag.distributed.split(np.ones((4, 2)), np.ones(4), 2)
    )
    with pytest.raises(error, match=message):
        f(ag.nn.Network([2, 1]), 0.0, rows)


def test_a_contribution_sees_the_rows_in_their_order_one_behind_the_other_in_memory() -> None:
    seen: list[Any] = []

    def see(parameters: Any, block: Any) -> list[Any]:
        assert all(part.flags.c_contiguous for part in (parameters, *block))
        seen.append(block[1].tolist())
        return [0]

    X, y = np.asfortranarray(np.arange(12.0).reshape(6, 2)), np.repeat(np.arange(6), 2)[::2]
    total = ag.distributed.Sum({"see": see}, [(X[:4], y[:4]), (X[4:], y[4:])])
    parameters = np.asfortranarray(np.ones((3, 2)))
    total("see", parameters)
    total("see", parameters, rows=[3, 5, 0, 4, 3])
    assert seen == [[0, 1, 2, 3], [4, 5], [3, 0, 3], [5, 4]]


# -- equal to the plain batch


@given(
    m=st.integers(1, 60),
    shards=st.integers(1, 60),
    lam=st.sampled_from([0.0, 1.0, 3.5]),
    cost=st.sampled_from(["logistic", "softmax", "quadratic"]),
    seed=st.integers(0, 100),
    data=st.data(),
)
def test_cost_and_gradient_are_those_of_the_plain_batch(
    m: int, shards: int, lam: float, cost: str, seed: int, data: st.DataObject
) -> None:
    rng = np.random.default_rng(seed)
    X, Y = rng.normal(size=(m, 4)), np.eye(3)[rng.integers(0, 3, m)]
    net = ag.nn.Network([4, 5, 3], output="softmax" if cost == "softmax" else "sigmoid", seed=seed)
    costs = {
        "logistic": ag.nn.logistic_cost,
        "softmax": ag.nn.softmax_cost,
        "quadratic": ag.nn.quadratic_cost,
    }
    f = ag.distributed.value_and_grad(costs[cost], ag.distributed.split(X, Y, min(m, shards)))
    rows = data.draw(st.none() | st.lists(st.integers(0, m - 1), min_size=1, max_size=m))
    taken = slice(None) if rows is None else rows
    J, D = f(net, lam, rows)
    J_plain, D_plain = ag.value_and_grad(costs[cost])(net, X[taken], Y[taken], lam)
    assert abs(J - J_plain) <= 1e-12 * abs(J_plain)
    for given_, right in zip(D.parameters, D_plain.parameters, strict=True):
        assert np.linalg.norm(given_.numpy() - right.numpy()) <= 1e-12 * max(
            1e-3, float(np.linalg.norm(right.numpy()))
        )


def test_parameters_may_be_any_structure_and_need_no_lam() -> None:
    X, y = np.linspace(-1, 1, 30).reshape(10, 3), np.linspace(0, 1, 10)

    def cost(p: Any, X: Any, y: Any) -> Any:
        return np.mean(np.square(X @ p["w"] + p["b"] - y))

    shards = ag.distributed.split(X, y, 3)
    parameters = {"w": np.array([0.1, 0.2, 0.3], np.float32), "b": 0.5}
    J, D = ag.distributed.value_and_grad(cost, shards)(parameters)
    J_plain, D_plain = ag.value_and_grad(cost)(parameters, X, y)
    assert D["w"].dtype == np.float32
    assert isinstance(D["b"], np.float64)
    np.testing.assert_allclose([J, D["b"]], [J_plain, D_plain["b"]], rtol=1e-6)
    np.testing.assert_allclose(D["w"], D_plain["w"], rtol=1e-6)


def test_float32_stays_float32() -> None:
    net = ag.nn.Network([3, 2, 1], dtype=np.float32)
    shards = ag.distributed.split(np.ones((7, 3), np.float32), np.ones(7), 3)
    _, D = ag.distributed.value_and_grad(ag.nn.logistic_cost, shards)(net, 1.0)
    assert {p.dtype for p in D.parameters} == {np.dtype(np.float32)}


# -- what is refused


@pytest.mark.parametrize("total", [True, False])
def test_a_cost_that_is_no_mean_is_refused(total: bool) -> None:
    def cost(w: Any, X: Any, y: Any, lam: float) -> Any:
        square = np.square(X @ w - y)
        return np.sum(square) + lam if total else np.mean(square) + lam * np.sum(w * w)

    f = ag.distributed.value_and_grad(cost, ag.distributed.split(np.eye(4), np.ones(4), 2))
    with pytest.raises(ValueError, match=r"no mean over its examples .* divide its sum by"):
        f(np.full(4, 0.3), 1.0)


def test_a_tensor_with_a_history_is_refused() -> None:
    f = ag.distributed.value_and_grad(
        lambda w, X, y: np.mean(np.square(X @ w - y)),
        ag.distributed.split(np.eye(4), np.ones(4), 2),
    )
    w = ag.Tensor(np.ones(4), requires_grad=True, name="w")
    f(w)
    with pytest.raises(ValueError, match=r"has a history, .* give \.detach\(\)"):
        f(2.0 * w)
    with pytest.raises(ValueError, match="has a history"):
        ag.grad(lambda v: f(v)[0])(np.ones(4))


def test_what_a_cost_raises_names_its_shard() -> None:
    def cost(w: Any, X: Any, y: Any) -> Any:
        if np.any(y == 3.0):
            raise KeyError("three")
        return np.mean(X @ w)

    f = ag.distributed.value_and_grad(cost, ag.distributed.split(np.eye(6), np.arange(6.0), 3))
    with pytest.raises(KeyError, match="three") as found:
        f(np.ones(6))
    assert found.value.__notes__ == ["in the cost of shard 1 of 3"]
    assert found.traceback[-1].name == "cost"
