"""The sum over shards on real worker processes: the same bits, whatever happens to the workers."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from distributed import Client, LocalCluster
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_mini as ag
from tests.clusters import cluster_of

Bits = list[bytes]


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    """Two worker processes."""
    with cluster_of(2) as found:
        yield found


def bits(value: Any, gradient: Any) -> Bits:
    """A cost and a Network-shaped gradient, byte by byte."""
    arrays = [p.numpy() for p in gradient.parameters]
    return [np.asarray(value).tobytes(), *(array.tobytes() for array in arrays)]


def problem(m: int = 120, seed: int = 0, dtype: Any = np.float64) -> tuple[Any, Any, Any]:
    """A network, and m examples of 20 features in 3 classes."""
    rng = np.random.default_rng(seed)
    X, Y = rng.normal(size=(m, 20)).astype(dtype), np.eye(3, dtype=dtype)[rng.integers(0, 3, m)]
    return ag.nn.Network([20, 7, 3], seed=seed, dtype=dtype), X, Y


# -- the same bits


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 3])
def test_any_number_of_workers_gives_the_bits_of_one_process(workers: int) -> None:
    net, X, Y = problem()
    shards = ag.distributed.split(X, Y, 8)
    right = bits(*ag.distributed.value_and_grad(ag.nn.logistic_cost, shards)(net, 1.0))
    with cluster_of(workers) as client:
        f = ag.distributed.value_and_grad(ag.nn.logistic_cost, shards, client=client)
        assert bits(*f(net, 1.0)) == right
        assert bits(*f(net, 1.0)) == right


@given(
    m=st.integers(1, 80),
    shards=st.integers(1, 30),
    lam=st.sampled_from([None, 0.0, 2.0]),
    seed=st.integers(0, 50),
    dtype=st.sampled_from([np.float64, np.float32]),
    data=st.data(),
)
@settings(max_examples=25)
def test_two_workers_give_the_bits_of_one_process(
    client: Any, m: int, shards: int, lam: float | None, seed: int, dtype: Any, data: st.DataObject
) -> None:
    net, X, Y = problem(m, seed, dtype)
    blocks = ag.distributed.split(X, Y, min(shards, m))
    rows = data.draw(st.none() | st.lists(st.integers(0, m - 1), min_size=1, max_size=m))
    right = ag.distributed.value_and_grad(ag.nn.logistic_cost, blocks)(net, lam, rows)
    f = ag.distributed.value_and_grad(ag.nn.logistic_cost, blocks, client=client)
    assert bits(*f(net, lam, rows)) == bits(*right)


def test_the_shards_sum_differs_in_its_last_bits_from_another_order() -> None:
    """Otherwise the tests of equal bits could not fail."""
    net, X, Y = problem()
    found = {
        tuple(bits(*ag.distributed.value_and_grad(ag.nn.logistic_cost, shards)(net, 1.0)))
        for shards in (ag.distributed.split(X, Y, number) for number in (1, 2, 5, 8))
    }
    assert len(found) > 1


def test_arrays_in_columns_and_views_give_the_same_bits(client: Any) -> None:
    net, X, Y = problem(90)
    net = ag.nn.Network.from_theta([np.asfortranarray(Θ) for Θ in net.theta.values()])
    X, Y = np.asfortranarray(X), np.repeat(Y, 2, axis=1)[:, ::2]
    shards = ag.distributed.split(X, Y, 4)
    right = ag.distributed.value_and_grad(ag.nn.logistic_cost, shards)(net, 1.0)
    f = ag.distributed.value_and_grad(ag.nn.logistic_cost, shards, client=client)
    assert bits(*f(net, 1.0)) == bits(*right)


def test_shards_are_sent_once_and_stay(client: Any) -> None:
    net, X, Y = problem()
    f = ag.distributed.value_and_grad(
        ag.nn.logistic_cost, ag.distributed.split(X, Y, 5), client=client
    )
    f(net, 1.0)
    held = client.run(_holders)
    assert sorted(k for holders in held.values() for k in holders[-1][1]) == list(range(5))
    for _ in range(3):
        f(net, 1.0)
    time.sleep(1.1)  # and after the next look at who is there
    f(net, 1.0)
    assert client.run(_holders) == held


def test_what_is_forgotten_here_is_freed_there(client: Any) -> None:
    net, X, Y = problem()
    gc.collect()
    before = client.run(_holders)
    f = ag.distributed.value_and_grad(
        ag.nn.logistic_cost, ag.distributed.split(X, Y, 5), client=client
    )
    f(net, 1.0)
    assert client.run(_holders) != before
    del f
    end = time.monotonic() + 20
    while sum(map(len, client.run(_holders).values())) > sum(map(len, before.values())):
        assert time.monotonic() < end
        gc.collect()  # Dask's calls of an actor are cycles
        time.sleep(0.05)


def shards_of(client: Any) -> dict[str, dict[int, int]]:
    """What the newest holder of each worker has, and where in memory."""
    return {worker: holders[-1][1] for worker, holders in client.run(_holders).items()}


def _holders(dask_worker: Any) -> list[tuple[str, dict[int, int]]]:
    """Names of a worker's holders, with their shards and where those lie in memory."""
    return [
        (key, {k: block[0].ctypes.data for k, block in actor.blocks.items()})
        for key, actor in dask_worker.state.actors.items()
    ]


# -- workers come and go


def descended(f: Any, net: Any, steps: int) -> list[bytes]:
    """The parameters after some steps of gradient descent."""
    current = net
    for _ in range(steps):
        _, gradient = f(current, 1.0)
        moved = [
            p.detach().numpy() - 0.5 * g.numpy()
            for p, g in zip(current.parameters, gradient.parameters, strict=True)
        ]
        current = type(net).__unflatten__(net, moved)
    return [p.numpy().tobytes() for p in current.parameters]


@pytest.mark.slow
def test_a_worker_killed_in_the_middle_loses_nothing_and_changes_no_digit() -> None:
    net, X, Y = problem()
    shards = ag.distributed.split(X, Y, 6)

    def slow(net: Any, X: Any, Y: Any, lam: float) -> Any:
        time.sleep(0.03)
        return ag.nn.logistic_cost(net, X, Y, lam)

    right = descended(ag.distributed.value_and_grad(ag.nn.logistic_cost, shards), net, 25)
    with cluster_of(2) as client:
        f = ag.distributed.value_and_grad(slow, shards, client=client)
        f(net, 1.0)
        first, second = client.run(os.getpid).values()
        killers = [
            threading.Timer(0.25, os.kill, (second, signal.SIGKILL)),
            threading.Timer(1.4, os.kill, (first, signal.SIGKILL)),
        ]
        for killer in killers:
            killer.start()
        with pytest.warns(RuntimeWarning, match=r"worker tcp://.* was lost; its shards \(\d of 6"):
            found = descended(f, net, 25)
        for killer in killers:
            killer.join()
        assert found == right
        client.wait_for_workers(2, timeout=30)
        assert not {first, second} & set(client.run(os.getpid).values())


def test_a_worker_that_joins_gets_its_share(client: Any) -> None:
    net, X, Y = problem()
    shards = ag.distributed.split(X, Y, 9)
    right = bits(*ag.distributed.value_and_grad(ag.nn.logistic_cost, shards)(net, 1.0))
    f = ag.distributed.value_and_grad(ag.nn.logistic_cost, shards, client=client)
    assert bits(*f(net, 1.0)) == right
    before = shards_of(client)
    client.cluster.scale(3)
    client.wait_for_workers(3, timeout=30)
    time.sleep(1.1)
    assert bits(*f(net, 1.0)) == right
    after = shards_of(client)
    assert sorted(map(len, after.values())) == [3, 3, 3]
    for worker, held in before.items():  # what it keeps it was not sent again
        kept = after[worker].keys() & held.keys()
        assert {k: after[worker][k] for k in kept} == {k: held[k] for k in kept}
        assert kept


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["look_at", "_welcome"])
def test_a_worker_killed_while_it_gets_its_shards_loses_nothing(
    moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from autograd_mini.distributed import cluster

    net, X, Y = problem()
    shards = ag.distributed.split(X, Y, 6)
    right = bits(*ag.distributed.value_and_grad(ag.nn.logistic_cost, shards)(net, 1.0))
    room: Any = cluster if moment == "look_at" else cluster.Cluster
    before = getattr(room, moment)
    with cluster_of(2) as client:

        def then_killed(*arguments: Any) -> None:
            before(*arguments)
            monkeypatch.setattr(room, moment, before)
            os.kill(min(client.run(os.getpid).values()), signal.SIGKILL)

        monkeypatch.setattr(room, moment, then_killed)
        f = ag.distributed.value_and_grad(ag.nn.logistic_cost, shards, client=client)
        with pytest.warns(RuntimeWarning, match="was lost"):
            assert bits(*f(net, 1.0)) == right
        assert bits(*f(net, 1.0)) == right


@pytest.mark.slow
def test_a_cost_that_ends_its_process_is_given_up() -> None:
    net, X, Y = problem(8)

    def fatal(net: Any, X: Any, Y: Any) -> Any:
        import multiprocessing

        if multiprocessing.parent_process() is not None:
            os._exit(1)
        return ag.nn.logistic_cost(net, X, Y)

    with cluster_of(1) as client:
        f = ag.distributed.value_and_grad(fatal, [(X, Y)], client=client)
        with (
            pytest.raises(RuntimeError, match=r"was lost, the 5th in one and the same sum, .*log"),
            pytest.warns(RuntimeWarning, match="was lost"),
        ):
            f(net)


def test_no_worker_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("autograd_mini.distributed.cluster.PATIENCE", 0.2)
    net, X, Y = problem(8)
    with cluster_of(0) as client:
        f = ag.distributed.value_and_grad(ag.nn.logistic_cost, [(X, Y)], client=client)
        with pytest.raises(RuntimeError, match=r"no worker at tcp://127.*, and none came in 0.2 s"):
            f(net)


# -- errors


def test_what_a_cost_raises_on_a_worker_is_raised_here(client: Any) -> None:
    net, X, Y = problem(12)

    def cost(net: Any, X: Any, Y: Any) -> Any:
        if np.any(X == 99.0):
            raise ZeroDivisionError("ninety-nine")
        return ag.nn.logistic_cost(net, X, Y)

    X[7] = 99.0
    f = ag.distributed.value_and_grad(cost, ag.distributed.split(X, Y, 4), client=client)
    with pytest.raises(ZeroDivisionError, match="ninety-nine") as found:
        f(net)
    where, text = found.value.__notes__
    assert where in {f"in the cost of shard 2 of 4, on worker {w}" for w in client.ncores()}
    assert "in cost\n" in text
    assert 'raise ZeroDivisionError("ninety-nine")' in text


def test_of_several_failures_that_of_the_first_shard_is_told(client: Any) -> None:
    net, X, Y = problem(12)

    def cost(net: Any, block: Any) -> Any:
        raise ValueError(f"of {len(block[0])} rows")

    f = ag.distributed.Sum(
        {"broken": cost}, [(X[:5], Y[:5]), (X[5:8], Y[5:8]), (X[8:], Y[8:])], client=client
    )
    for _ in range(3):
        with pytest.raises(ValueError, match="of 5 rows"):
            f("broken", net)


def test_an_exception_that_can_not_travel_is_told_in_words(client: Any) -> None:
    net, X, Y = problem(12)

    def cost(net: Any, block: Any) -> Any:
        class OwnError(Exception):
            def __init__(self) -> None:
                super().__init__("stays", threading.Lock())

        raise OwnError

    f = ag.distributed.Sum({"broken": cost}, [(X, Y)], client=client)
    with pytest.raises(RuntimeError, match=r"OwnError: .'stays'") as found:
        f("broken", net)
    assert "shard 0 of 1, on worker tcp://" in found.value.__notes__[0]


def test_numpy_s_errors_are_what_the_caller_has_set(client: Any) -> None:
    f = ag.distributed.value_and_grad(
        lambda w, X: np.mean(np.exp(X @ w)), [(np.full((3, 2), 1e3),)], client=client
    )
    with pytest.raises(FloatingPointError, match="overflow"):
        f(np.ones(2))
    with np.errstate(over="ignore", invalid="ignore"):
        assert f(np.ones(2))[0] == np.inf


# -- who is refused

OTHERS = {
    "NumPy 1.0.0": "import numpy; numpy.__version__ = '1.0.0'",
    "autograd_mini none": "import sys; sys.modules['autograd_mini'] = None",
}


def refused(folder: Path, message: str) -> None:
    """A worker whose Python looks into a folder first takes no part."""
    net, X, Y = problem(8)
    with (
        LocalCluster(n_workers=0, host="127.0.0.1", dashboard_address="127.0.0.1:0") as cluster,
        Client(cluster, timeout=30) as client,
    ):
        root = str(Path(ag.__file__).parent.parent)
        command = [sys.executable, "-m", "distributed.cli.dask_worker", cluster.scheduler_address]
        worker = subprocess.Popen(
            [*command, "--no-nanny", "--no-dashboard", "--host", "127.0.0.1"],
            cwd=folder,  # the first place that it looks for packages
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), root])},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            client.wait_for_workers(1, timeout=60)
            (address,) = client.ncores()
            f = ag.distributed.value_and_grad(ag.nn.logistic_cost, [(X, Y)], client=client)
            with pytest.raises(RuntimeError, match=f"worker {address} has {message}"):
                f(net)
        finally:
            worker.kill()
            worker.wait()


@pytest.mark.slow
@pytest.mark.parametrize("other", OTHERS)
def test_a_worker_with_another_package_is_refused(other: str, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(OTHERS[other])
    package = other.split()[0]
    ours = {"NumPy": np.__version__, "autograd_mini": ag.__version__}[package]
    refused(tmp_path, f"{other}; here it is {package} {ours}: install the same there")


@pytest.mark.slow
def test_a_worker_with_another_version_is_refused(tmp_path: Path) -> None:
    ignored = shutil.ignore_patterns("__pycache__")
    copied = shutil.copytree(Path(ag.__file__).parent, tmp_path / "autograd_mini", ignore=ignored)
    front = copied / "__init__.py"
    text = front.read_text("utf-8")
    line = f'__version__ = "{ag.__version__}"'
    assert line in text
    front.write_text(text.replace(line, '__version__ = "0.0.9"'), "utf-8")
    refused(tmp_path, f"autograd_mini 0.0.9; here it is autograd_mini {ag.__version__}")


def test_workers_with_more_blas_threads_are_told(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def many(f: Any, workers: Any) -> dict[str, Any]:
        return {
            worker: {**facts, "threads": 4, "CPU": "other"}
            for worker, facts in client.run(f, workers=workers).items()
        }

    class Other:
        run = staticmethod(many)

    from autograd_mini.distributed import versions

    with (
        pytest.warns(UserWarning, match=r"worker tcp.* \(and \d more\) has BLAS threads: 4; expec"),
        pytest.warns(UserWarning, match="has another CPU: other"),
    ):
        versions.look_at(Other, sorted(client.ncores()))
