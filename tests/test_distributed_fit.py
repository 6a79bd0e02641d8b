"""`fit` on worker processes: mini-batches and full-batch methods, to the bits of one process."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd_mini as ag
from autograd_mini.data import load_digits
from autograd_mini.full_batch import FullBatch
from autograd_mini.training.elsewhere import Elsewhere
from autograd_mini.training.measure import one_each, right
from tests.clusters import cluster_of

Array = Any
RUNS: dict[str, dict[str, Any]] = {
    "mini-batches": {"optimizer": "adam", "batch_size": 32},
    "all examples": {"optimizer": "momentum", "batch_size": None},
    "L-BFGS": {"optimizer": "l-bfgs", "batch_size": None},
    "conjugate gradient": {"optimizer": "conjugate-gradient", "batch_size": None},
}


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    """Two worker processes."""
    with cluster_of(2) as found:
        yield found


def digits(m: int = 150) -> tuple[Array, Array]:
    X, y = load_digits()
    return X[:m], y[:m]


def trained(**settings: Any) -> tuple[list[bytes], str]:
    """The weights after some epochs, byte by byte, and the history."""
    net = ag.nn.Network([64, 8, 10], seed=1)
    asked = {"lam": 0.5, "epochs": 4, "seed": 3, "progress": False, **settings}
    history = ag.fit(net, *digits(), **asked)
    return [p.detach().numpy().tobytes() for p in net.parameters], history.to_json()


@pytest.mark.parametrize("run", RUNS)
def test_fit_gives_the_bits_of_one_process_on_two_workers(client: Any, run: str) -> None:
    assert trained(client=client, **RUNS[run]) == trained(shards=16, **RUNS[run])


def test_one_worker_and_three_give_the_same_bits() -> None:
    expected = trained(shards=5, **RUNS["mini-batches"])
    for workers in (1, 3):
        with cluster_of(workers) as client:
            assert trained(shards=5, client=client, **RUNS["mini-batches"]) == expected


@pytest.mark.parametrize("run", RUNS)
def test_training_on_shards_is_training_on_the_plain_batches(run: str) -> None:
    rows = []
    for shards in (None, 7):
        net = ag.nn.Network([64, 8, 10], seed=1)
        history = ag.fit(
            net, *digits(), lam=0.5, epochs=3, seed=3, progress=False, shards=shards, **RUNS[run]
        )
        rows.append(history)
    np.testing.assert_allclose(rows[1]["cost"], rows[0]["cost"], rtol=1e-9)
    np.testing.assert_array_equal(rows[1]["accuracy"], rows[0]["accuracy"])


def test_the_first_step_is_that_of_the_plain_batch_to_rounding() -> None:
    nets = [ag.nn.Network([64, 8, 10], seed=1) for _ in range(2)]
    for net, shards in zip(nets, (None, 7), strict=True):
        ag.fit(net, *digits(), lam=0.5, epochs=1, batch_size=None, optimizer="gradient-descent",
               rate=0.1, progress=False, shards=shards)  # fmt: skip
    for plain, sharded in zip(*(net.parameters for net in nets), strict=True):
        a, b = plain.detach().numpy(), sharded.detach().numpy()
        assert np.linalg.norm(a - b) <= 1e-12 * np.linalg.norm(a)


def test_all_examples_are_taken_in_the_order_that_the_shards_have() -> None:
    net, (X, y) = ag.nn.Network([64, 8, 10], seed=1), digits()
    there = Elsewhere(net, ag.nn.logistic_cost, 1.0, X, y, 4)
    parameters = [p.detach().numpy() for p in net.parameters]
    found = {
        tuple(slope.tobytes() for slope in there.gradients(parameters, rows, 1.0)[1])
        for rows in (np.arange(150), np.random.default_rng(0).permutation(150))
    }
    assert len(found) == 1


def test_a_worker_killed_while_fit_runs_changes_no_digit() -> None:
    expected = trained(shards=16, epochs=12, **RUNS["mini-batches"])
    with cluster_of(2) as client:
        first, *_ = client.run(os.getpid).values()
        killed = threading.Event()

        def kill(state: Any) -> None:
            if state.epoch == 2:  # and the next epoch's batches are already on their way
                threading.Timer(0.02, os.kill, (first, signal.SIGKILL)).start()
                killed.set()

        with pytest.warns(RuntimeWarning, match="was lost; its shards"):
            found = trained(client=client, epochs=12, callbacks=[kill], **RUNS["mini-batches"])
        assert killed.is_set()
        assert found == expected


def test_a_run_of_workers_goes_on_without_them(client: Any, tmp_path: Path) -> None:
    whole = trained(shards=16, **RUNS["mini-batches"])
    file = tmp_path / "checkpoint.npz"
    trained(client=client, checkpoint=file, **{**RUNS["mini-batches"], "epochs": 2})
    assert trained(shards=16, checkpoint=file, resume=True, **RUNS["mini-batches"]) == whole
    with pytest.raises(ValueError, match="shards 16 there, 8 here"):
        trained(shards=8, checkpoint=file, resume=True, **RUNS["mini-batches"])


def test_the_shards_leave_the_workers_when_fit_ends(client: Any) -> None:
    trained(client=client, **RUNS["mini-batches"])
    end = time.monotonic() + 20
    while any(client.run(lambda dask_worker: len(dask_worker.state.actors)).values()):
        assert time.monotonic() < end
        time.sleep(0.05)


def test_full_batch_methods_take_the_sum_over_shards_as_it_is(client: Any) -> None:
    net, shards = ag.nn.Network([64, 8, 10], seed=1), ag.distributed.split(*digits(), 6)
    found = []
    for where in (None, client):
        J = ag.distributed.value_and_grad(ag.nn.logistic_cost, shards, client=where)
        run = FullBatch(partial(J, lam=1.0), net, "l-bfgs")
        found.append([(step.cost, step.parameters.theta[1].tobytes()) for step in islice(run, 6)])
    assert found[0] == found[1]


def test_targets_of_many_ones_are_judged_alike_in_every_shard() -> None:
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(40, 3)), (rng.random((40, 4)) < 0.4) * 1.0
    Y[:10] = np.eye(4)[rng.integers(0, 4, 10)]  # the first shard's would be classes
    rows = []
    for shards in (None, 4):
        history = ag.fit(ag.nn.Network([3, 4]), X, Y, epochs=2, shards=shards, progress=False)
        rows.append(history["accuracy"])
    np.testing.assert_array_equal(rows[0], rows[1])
    assert not one_each(Y)
    assert right(ag.nn.Network([3, 4]), X, Y, classes=False).shape == (40,)


@pytest.mark.parametrize("shards", [0, 2.5, True])
def test_a_number_of_shards_that_is_none_is_told(shards: Any) -> None:
    with pytest.raises(ValueError, match=f"fit: shards={shards}; expected a whole number"):
        trained(shards=shards)


def test_a_cost_of_one_s_own_that_is_no_mean_is_refused(client: Any) -> None:
    def total(net: Any, X: Any, Y: Any, lam: float) -> Any:
        return len(X) * ag.nn.logistic_cost(net, X, Y, lam)

    with pytest.raises(ValueError, match="no mean over its examples"):
        trained(client=client, cost=total)


def test_a_rate_that_is_too_high_is_told_as_without_workers(client: Any) -> None:
    with pytest.raises(FloatingPointError, match=r"the cost became .* give a smaller rate"):
        trained(client=client, cost=diverging, **RUNS["all examples"])


def diverging(net: Any, X: Any, Y: Any, lam: float) -> Any:
    """A cost that is infinite once the weights have moved."""
    J = ag.nn.logistic_cost(net, X, Y, lam)
    return J * np.exp(1e9 * np.sum(np.square(net.biases[1])))
