"""Full-batch methods, stopped anywhere and gone on with: no digit differs, and nobody stays."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import threading
import weakref
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograd_mini import nn
from autograd_mini.full_batch import FullBatch
from autograd_mini.full_batch.iterations import FEWEST
from tests.test_full_batch import Counted, both, network, path, threads, vector
from tests.test_full_batch import no_thread_stays as no_thread_stays  # for every test


def kept(run: FullBatch) -> dict[str, Any]:
    """The state through a file without pickle."""
    state = run.state()
    assert all(type(value) in (int, np.ndarray) for value in state.values())
    np.savez(file := BytesIO(), **state)
    file.seek(0)
    return dict(np.load(file, allow_pickle=False))


@both
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_it_goes_on_with_the_same_bits_from_any_iteration(method: str, dtype: Any) -> None:
    """Also of the counts; and what was asked once is never asked again."""
    run = FullBatch(whole := Counted(), network(dtype), method)
    states, expected = [], []
    for iteration in islice(run, 24):
        expected += path([iteration])
        states.append(kept(run))
    run.close()
    for k in (0, 1, 2, 7, 15, 22):
        J = Counted()
        again = FullBatch(J, network(dtype), method, state=states[k])
        assert (again.number, again.evaluations) == expected[k][:2]
        assert path(again, len(expected) - k - 1) == expected[k + 1 :]
        assert J.count == whole.count - expected[k][1]
        again.close()


@both
def test_it_begins_afresh_when_its_memory_is_full(method: str) -> None:
    """At the same iterations in a run that goes on; and the memory is bounded."""
    run = FullBatch(J := Counted(), network(), method, memory=0, gtol=1e-9)
    states, expected, sizes = [], [], []
    for iteration in islice(run, 70):
        expected += path([iteration])
        states.append(kept(run))
        sizes.append(len(states[-1]["costs"]))
        assert iteration.evaluations == J.count
    assert max(sizes) < FEWEST
    fresh = [k for k, size in enumerate(sizes) if size == 0]
    assert len(fresh) >= 2
    assert [states[k]["before"] for k in fresh] == [k + 1 for k in fresh]
    assert path(FullBatch(Counted(), network(), method, gtol=1e-9), 70) != expected
    for k in (fresh[0] - 1, fresh[0], fresh[0] + 1, 50):
        again = FullBatch(Counted(), network(), method, memory=0, state=states[k], gtol=1e-9)
        assert path(again, len(expected) - k - 1) == expected[k + 1 :]


@both
def test_a_gradient_of_another_dtype_is_kept_as_it_was_used(method: str) -> None:
    """Float64 gradients of float32 parameters, a cost of the user's own: the same bits again."""

    def J(parameters: Any) -> Any:
        (p,) = (np.asarray(p, np.float64) for p in parameters)
        return np.sum(np.square(p - 1 / 3) * K), [2 * (p - 1 / 3) * K]

    K, start = np.array([1.0, 30.0, 0.1]), [np.zeros(3, np.float32)]
    run = FullBatch(J, start, method)
    next(run)
    state = kept(run)
    expected = [i.parameters[0].tobytes() for i in islice(run, 3)]
    run.close()
    again = FullBatch(J, start, method, state=state)
    assert [i.parameters[0].tobytes() for i in islice(again, 3)] == expected
    again.close()


def test_memory_is_bytes() -> None:
    n = vector(network()).size
    run = FullBatch(Counted(), network(), memory=40 * (8 * n + 16), gtol=0, ftol=0)
    sizes = []
    for _ in islice(run, 60):
        state = run.state()
        sizes.append(state["gradients"].nbytes + state["costs"].nbytes + state["points"].nbytes)
    assert 38 * (8 * n + 16) <= max(sizes) < 40 * (8 * n + 16)


@both
def test_a_run_that_had_ended_has_ended(method: str) -> None:
    run = FullBatch(Counted(), network(), method)
    last = path(run)[-1]
    again = FullBatch(J := Counted(), network(), method, state=kept(run))
    assert path(again) == []
    assert (again.number, again.message, J.count) == (last[0], run.message, 0)
    assert next(run, None) is None


class BrokenOffError(Exception):
    """Something that happens in the middle of an iteration."""


@both
@pytest.mark.parametrize("error", [BrokenOffError, KeyboardInterrupt, SystemExit])
def test_what_happens_to_the_cost_changes_no_digit(method: str, error: Any) -> None:
    """It arrives where the iteration was asked for; the next one is as if nothing had been."""
    expected = path(FullBatch(Counted(), network(), method), 20)

    def at(count: int) -> None:
        if count in {1, 2, 9, 10, 17}:
            raise error

    found: list[Any] = []
    run = FullBatch(Counted(at), network(), method)
    for _ in range(25):
        try:
            found += path([next(run)])
        except error:
            assert threads() == []
            assert kept(run)["number"] == len(found)
    assert found[:20] == expected


def test_an_answer_is_computed_by_whoever_asks() -> None:
    """In the thread, and with the floating-point errors, of the loop; in none of SciPy's."""
    main = threading.get_ident()

    def at(count: int) -> None:
        del count
        assert threading.get_ident() == main
        assert np.geterr()["over"] == "warn"

    with np.errstate(over="warn"):
        path(FullBatch(Counted(at), network()), 3)


CHILD = """
import sys
import autograd_mini as ag
from autograd_mini.data import load_digits

path, method, resume = sys.argv[1:]
X, y = load_digits()
net = ag.nn.Network([64, 5, 10], seed=0)
ag.fit(
    net, X[:300], y[:300], optimizer=method, lam=0.1, epochs=60, progress=False, checkpoint=path,
    checkpoint_every=1, resume=resume == "resume",
    callbacks=[lambda state: print(state.epoch, flush=True)],
)
sys.stdout.buffer.write(b"".join(p.detach().numpy().tobytes() for p in net.parameters))
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is POSIX")
@both
def test_killed_in_training_it_ends_with_the_same_bits(method: str, tmp_path: Path) -> None:
    def child(name: str, how: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", CHILD, str(tmp_path / name), method, how]
        return subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parent.parent)

    with child("whole.npz", "begin") as process:
        expected = process.communicate()[0].split(b"\n60\n")[1]
    assert len(expected) == 8 * (5 * 65 + 10 * 6)
    random, how = np.random.default_rng(0), "begin"
    for epoch in (1, 22, 50):
        with child("killed.npz", how) as process:
            assert process.stdout is not None
            while int(process.stdout.readline()) < epoch:
                pass
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(random.uniform(0, 0.003))
            process.kill()
        assert process.returncode == -signal.SIGKILL
        how = "resume"
    with child("killed.npz", "resume") as process:
        first, _, rest = process.communicate()[0].partition(b"\n")
    assert int(first) >= 50  # it went on from where it was, or from the iteration before
    assert rest.split(b"\n60\n")[1] == expected


def test_nobody_stays_when_a_run_is_left() -> None:
    run = FullBatch(Counted(), network())
    next(run)
    assert len(threads()) == 1
    run.close()
    assert threads() == []
    next(run)
    gone = weakref.ref(run)
    gc.disable()
    try:
        del run
        assert gone() is None
        assert threads() == []
    finally:
        gc.enable()


def test_a_program_ends_in_the_middle_of_a_run() -> None:
    program = (
        "import numpy as np, autograd_mini as ag\n"
        "from autograd_mini.full_batch import FullBatch\n"
        "run = FullBatch(ag.value_and_grad(lambda p: np.sum(p ** 4)), np.ones(3))\n"
        "print(next(run).number)\n"
        "run.me = run\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, timeout=60, check=True
    )
    assert (done.stdout.strip(), done.stderr) == (b"1", b"")


def test_a_state_of_something_else_is_told() -> None:
    run = FullBatch(Counted(), network())
    path(run, 12)
    state = run.state()
    run.close()
    with pytest.raises(ValueError, match="the state is of 17 parameters, and here are 9"):
        FullBatch(Counted(), nn.Network([2, 2, 1]), state=state)
    for other in ({"method": "conjugate-gradient"}, {"maxcor": 2}):
        again = FullBatch(Counted(), network(), state=state, **other)
        with pytest.raises(ValueError, match="SciPy asks for another point than the kept state"):
            next(again)
