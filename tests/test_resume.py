"""Checkpoints: a run that ends at any moment goes on, to the bits it would have had."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_mini as ag
from autograd_mini import data, optimisers
from autograd_mini.data import one_hot
from autograd_mini.full_batch import METHODS
from autograd_mini.history import History
from autograd_mini.nn import Network
from autograd_mini.training import checkpoint
from autograd_mini.training.state import State

RNG = np.random.default_rng(0)
X = RNG.uniform(-1, 1, (30, 3))
Y = one_hot(np.arange(30) % 3, 3)
GENERATORS = {
    "PCG64": np.random.PCG64, "MT19937": np.random.MT19937, "Philox": np.random.Philox,
    "SFC64": np.random.SFC64,
}  # fmt: skip


def net_of(dtype: Any = np.float64) -> Network:
    return Network([3, 4, 3], seed=1, dtype=dtype)


def fit(net: Network, **given: Any) -> History:
    return ag.fit(
        net, X, Y, **{"progress": False, "epochs": 6, "batch_size": 7, "jit": False} | given
    )


def bits(net: Network) -> bytes:
    return b"".join(parameter.detach().numpy().tobytes() for parameter in net.parameters)


class PowerCutError(Exception):
    """What ends a run in the middle of a step."""


def failing(at: int, inside: optimisers.Optimiser) -> Any:
    """Return the same optimiser, which fails in its step `at`; it bears the same name."""
    left = at

    def step(parameters: Any, gradients: Any, state: Any = None, **numbers: Any) -> Any:
        nonlocal left
        left -= 1
        if left == 0:
            raise PowerCutError
        return inside(parameters, gradients, state, **numbers)

    step.__name__ = repr(inside)
    return step


runs = st.fixed_dictionaries(
    {
        "optimizer": st.sampled_from([*optimisers.OPTIMISERS.values()]),
        "rate": st.sampled_from([0.05, optimisers.warm_up(5, optimisers.cosine(0.1, steps=25))]),
        "batch_size": st.sampled_from([None, 7, 11]),
        "clip": st.sampled_from([None, 0.05]),
        "validation": st.sampled_from([None, 0.2]),
        "patience": st.sampled_from([None, 2]),
        "lam": st.sampled_from([0.0, 1.0]),
        "jit": st.booleans(),
    }
)


@settings(max_examples=40)
@given(
    run=runs, dtype=st.sampled_from([np.float64, np.float32]),
    cuts=st.lists(st.integers(1, 14), min_size=1, max_size=4),
    every=st.sampled_from(["0s", 1, 2, "1000s"]), kind=st.sampled_from([*GENERATORS]),
)  # fmt: skip
def test_a_run_that_fails_anywhere_goes_on_to_the_same_bits(
    run: dict[str, Any], dtype: Any, cuts: list[int], every: Any, kind: str
) -> None:
    def seed() -> np.random.Generator:
        return np.random.Generator(GENERATORS[kind](3))

    whole = net_of(dtype)
    # Wrapped too: of a function that is no Optimiser only the gradients are compiled.
    unfailing = run | {"optimizer": failing(10**9, run["optimizer"])}
    expected = fit(whole, **unfailing, seed=seed())
    with TemporaryDirectory() as folder:
        kept = {"checkpoint": Path(folder, "c.npz"), "checkpoint_every": every}
        net, found, resume = net_of(dtype), None, False
        for cut in [*cuts, 10**9]:
            optimizer = failing(cut, run["optimizer"])
            try:
                found = fit(
                    net, **run | {"optimizer": optimizer}, seed=seed(), **kept, resume=resume
                )
                break
            except PowerCutError:
                resume, net = True, Network([3, 4, 3], seed=99, dtype=dtype)
        assert found is not None
        assert [*Path(folder).iterdir()] == [kept["checkpoint"]]
        again, _ = data.load_weights(kept["checkpoint"])  # it is a weight file of the best
    assert (found.rows, found.best, found.ended) == (expected.rows, expected.best, expected.ended)
    assert bits(net) == bits(whole) == bits(again)
    assert found.settings == expected.settings


def test_what_is_kept_is_all_that_there_is(tmp_path: Path) -> None:
    """Between two batches: everything of the state but the network, which the parameters are."""
    net, path = net_of(), tmp_path / "c.npz"
    states: list[State] = []

    def stop(state: State) -> bool:
        states.append(state)
        return state.epoch == 3

    fit(net, optimizer="adam", callbacks=[stop], checkpoint=path, validation=0.2)
    again: list[State] = []
    fit(net_of(), optimizer="adam", callbacks=[again.append], checkpoint=path, validation=0.2,
        resume=True)  # fmt: skip
    assert not again  # it was over: a callback had ended it
    model = data.load_model(path)
    kept = model.notes["checkpoint"]
    assert (kept["steps"], kept["batch"], kept["best"]) == (states[0].step.count, 0, states[0].best)
    assert kept["state"]["step"] == states[0].step.count
    assert model.arrays["rows"].shape == (4, 5)


def test_ctrl_c_and_on_again(tmp_path: Path) -> None:
    """The row of the epoch that was not complete is shown, and not in the way afterwards."""
    whole = net_of()
    expected = fit(whole, optimizer="momentum")
    net, path, calls = net_of(), tmp_path / "c.npz", 0

    def stopping(*lists: Any, **numbers: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 7:
            signal.raise_signal(signal.SIGINT)
        return optimisers.momentum(*lists, **numbers)

    stopping.__name__ = "momentum"
    before = fit(net, optimizer=stopping, rate=0.1, checkpoint=path)
    assert (before.ended, before.interrupted, len(before)) == ("Ctrl-C", True, 3)
    assert before.rows[:2] == expected.rows[:2]
    after = fit(net, optimizer="momentum", checkpoint=path, resume=True)
    assert after.rows == expected.rows
    assert bits(net) == bits(whole)


def test_a_finished_run_is_given_back_and_a_larger_number_of_epochs_continues_it(
    tmp_path: Path,
) -> None:
    path, nets = tmp_path / "c.npz", [net_of() for _ in range(3)]
    short = fit(nets[0], epochs=3, checkpoint=path)
    written = path.read_bytes()
    again = fit(nets[1], epochs=3, checkpoint=path, resume=True)
    assert (again.rows, bits(nets[1])) == (short.rows, bits(nets[0]))
    assert path.read_bytes() == written
    longer = fit(nets[1], epochs=6, checkpoint=path, resume=True)
    assert longer.rows == fit(nets[2], epochs=6).rows
    assert bits(nets[1]) == bits(nets[2])


def test_patience_that_is_over_goes_on_with_more(tmp_path: Path) -> None:
    def rising(parameters: Any, gradients: Any, state: Any = None, *, rate: float) -> Any:
        return optimisers.gradient_descent(parameters, gradients, None, rate=-rate)

    given = {"optimizer": rising, "checkpoint": tmp_path / "c.npz", "epochs": 9}
    first = fit(net_of(), **given, patience=2)
    assert (first.ended, len(first), first.best) == ("patience", 3, 0)
    more = fit(net_of(), **given, patience=4, resume=True)
    assert (more.ended, len(more)) == ("patience", 5)
    assert more.rows == fit(net_of(), **given, patience=4).rows


@settings(max_examples=15)
@given(
    method=st.sampled_from([*METHODS]), dtype=st.sampled_from([np.float64, np.float32]),
    cuts=st.lists(st.integers(1, 9), min_size=1, max_size=3), every=st.sampled_from(["0s", 2]),
)  # fmt: skip
def test_a_full_batch_method_that_fails_anywhere_goes_on_to_the_same_bits(
    method: str, dtype: Any, cuts: list[int], every: Any
) -> None:
    """It fails in a cost, that of a line search perhaps, or of a row."""
    left = 10**9

    def cost(net: Network, X: Any, Y: Any, lam: float) -> Any:
        nonlocal left
        left -= 1
        if left == 0:
            raise PowerCutError
        return ag.nn.logistic_cost(net, X, Y, lam)

    given = {"optimizer": method, "batch_size": None, "cost": cost, "validation": 0.2, "lam": 0.1}
    given["jit"] = False  # a cost that is compiled is called once
    whole = net_of(dtype)
    expected = fit(whole, **given)
    with TemporaryDirectory() as folder:
        kept = {"checkpoint": Path(folder, "c.npz"), "checkpoint_every": every}
        net, resume = net_of(dtype), False
        for cut in [*cuts, 10**9]:
            left = 10 + cut
            try:
                found = fit(net, **given, **kept, resume=resume)
            except PowerCutError:
                resume, net = True, Network([3, 4, 3], seed=99, dtype=dtype)
            else:
                break
    assert (found.rows, found.best, found.ended) == (expected.rows, expected.best, expected.ended)
    assert bits(net) == bits(whole)


# -- what is refused


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (
            {"rate": 0.2},
            "is of another run: rate 0.1 there, 0.2 here; give what that run was given",
        ),
        ({"lam": 1.0}, "lam 0.0 there, 1.0 here"),
        ({"optimizer": "adam"}, "optimizer 'momentum' there, 'adam' here"),
        ({"batch_size": 8}, "batch_size 7 there, 8 here"),
        ({"seed": 1}, "seed 0 there, 1 here"),
        ({"clip": 1.0}, "clip None there, 1.0 here"),
        ({"validation": 0.2}, "validation None there, 0.2 here"),
        ({"validation": (X, Y)}, "is of a run on other validation examples"),
        ({"test": (X, Y)}, "is of a run on other test examples"),
        ({"seed": np.random.default_rng(7)}, "seed 0 there, None here"),
        ({"rate": lambda step: 0.1}, "rate 0.1 there, '<lambda>' here"),
        ({"cost": "quadratic"}, "cost 'logistic' there, 'quadratic' here"),
        ({"jit": True}, "jit False there, None here"),
    ],
)
def test_a_checkpoint_of_other_settings_is_refused(
    tmp_path: Path, other: Any, message: str
) -> None:
    path = tmp_path / "c.npz"
    fit(net_of(), optimizer="momentum", epochs=1, checkpoint=path)
    net = net_of()
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        fit(net, **{"optimizer": "momentum"} | other, checkpoint=path, resume=True)
    assert "\n" not in str(caught.value)
    assert bits(net) == bits(net_of())


def test_a_checkpoint_of_other_data_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "c.npz"
    fit(net_of(), epochs=1, checkpoint=path)
    inputs = X.copy()
    inputs[3, 1] = np.nextafter(inputs[3, 1], 1)  # a single bit
    with pytest.raises(ValueError, match="is of a run on other training examples; give what"):
        ag.fit(
            net_of(), inputs, Y, batch_size=7, checkpoint=path, resume=True, progress=False,
            jit=False,
        )  # fmt: skip
    other = Network([3, 5, 3], seed=1)
    with pytest.raises(ValueError, match=r"network .*\[3, 4, 3\].* there, .*\[3, 5, 3\].* here"):
        fit(other, checkpoint=path, resume=True)


def test_schedules_are_told_apart_by_what_they_give(tmp_path: Path) -> None:
    path, rates = tmp_path / "c.npz", [0.1, 0.2]
    fit(net_of(), epochs=1, checkpoint=path, rate=lambda step: rates[0])
    fit(net_of(), epochs=2, checkpoint=path, rate=lambda step: rates[0], resume=True)
    with pytest.raises(ValueError, match=r"the rate of step 0 was 0\.1 there and is 0\.2 here"):
        fit(net_of(), epochs=2, checkpoint=path, rate=lambda step: rates[1], resume=True)


def test_another_generator_is_told(tmp_path: Path) -> None:
    path = tmp_path / "c.npz"
    fit(net_of(), epochs=1, checkpoint=path, seed=np.random.default_rng(1))
    with pytest.raises(ValueError, match="is of a run with another seed or generator"):
        fit(net_of(), checkpoint=path, seed=np.random.default_rng(2), resume=True)


def test_without_a_checkpoint_there_is_nothing_to_go_on_from(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no checkpoint '.*c\.npz'; leave resume out"):
        fit(net_of(), checkpoint=tmp_path / "c.npz", resume=True)
    with pytest.raises(ValueError, match="resume=True without a checkpoint; give checkpoint=path"):
        fit(net_of(), resume=True)
    path = data.save_weights(tmp_path / "w.npz", net_of())
    with pytest.raises(ValueError, match="holds weights and no checkpoint"):
        fit(net_of(), checkpoint=path, resume=True)
    with pytest.raises(OSError, match="No such file"):  # before the first step
        fit(net_of(), checkpoint=tmp_path / "none" / "c.npz")


@settings(max_examples=40)
@given(drawn=st.data())
def test_a_damaged_checkpoint_is_one_clear_line(drawn: st.DataObject) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder, "c.npz")
        fit(net_of(), epochs=1, checkpoint=path)
        content = bytearray(path.read_bytes())
        bit = drawn.draw(st.integers(0, 8 * len(content) - 1))
        content[bit // 8] ^= 1 << bit % 8
        path.write_bytes(content)
        net = net_of()
        with pytest.raises(ValueError, match=r"c\.npz") as caught:
            fit(net, checkpoint=path, resume=True)
        assert "\n" not in str(caught.value)
        assert bits(net) == bits(net_of())


@pytest.mark.parametrize(
    "change",
    [
        {"about": {}}, {"about": 3}, {"columns": ["epoch"]}, {"state": {"$array": "none"}},
        {"generator": {}}, {"generator": 3}, {"steps": None, "batch": None, "generator": None},
    ],
)  # fmt: skip
def test_a_forged_checkpoint_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    path = tmp_path / "c.npz"
    fit(net_of(), epochs=1, checkpoint=path)
    model = data.load_model(path)
    notes = {"checkpoint": model.notes["checkpoint"] | change}
    data.save_model(path, data.Model(model.net, notes, model.arrays))
    with pytest.raises(ValueError, match=r"c\.npz"):
        fit(net_of(), checkpoint=path, resume=True)


@pytest.mark.parametrize("every", [0, -1, True, 2.5, "30", "s", "nans", "infs", "-1s", None])
def test_intervals_that_are_none(every: Any) -> None:
    with pytest.raises(ValueError, match="expected a whole number of epochs, or seconds as"):
        fit(net_of(), checkpoint_every=every)


@pytest.mark.parametrize("value", [{1: 2.0}, object(), np.array([object()]), {2.0}])
def test_a_state_that_no_file_can_keep_is_told(tmp_path: Path, value: Any) -> None:
    def own(parameters: Any, gradients: Any, state: Any, *, rate: float) -> Any:
        return parameters, {"mine": [value]}

    fit(net_of(), optimizer=own, epochs=1)  # without a checkpoint a state is anybody's own
    with pytest.raises(TypeError, match=r"can not keep state\.mine\.0, "):
        fit(net_of(), optimizer=own, checkpoint=tmp_path / "c.npz")


nests = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text()
    | st.floats(width=32).map(np.float32),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@given(nest=nests)
def test_what_is_packed_comes_back(nest: Any) -> None:
    arrays: dict[str, Any] = {}
    back = checkpoint.unpacked(checkpoint.packed(nest, "state", arrays), arrays)
    assert repr(back) == repr(nest)


# -- killed


CHILD = """
import sys
import numpy as np
import autograd_mini as ag
from autograd_mini.data import load_digits, one_hot
from autograd_mini.optimisers import cosine, warm_up

path, resume = sys.argv[1], sys.argv[2] == "resume"
X, y = load_digits()
net = ag.nn.Network([64, 5, 10], seed=0)
history = ag.fit(
    net, X[:300], one_hot(y, 10)[:300], optimizer="adam", lam=0.1, epochs=30, batch_size=64,
    rate=warm_up(10, cosine(0.02, steps=100)), clip=1.0, validation=0.2, patience=25, seed=5,
    callbacks=[lambda state: print(state.epoch, flush=True)], progress=False,
    checkpoint=path, checkpoint_every="0s", resume=resume,
)
with open(path + ".bits", "wb") as file:
    for parameter in net.parameters:
        file.write(parameter.detach().numpy().tobytes())
    file.write(history.to_json().encode())
"""


def child(path: Path, how: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, os.fspath(path), how], stdout=subprocess.PIPE, text=True,
        cwd=Path(__file__).parent.parent,
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is POSIX")
def test_killed_again_and_again_it_ends_with_the_same_bits(tmp_path: Path) -> None:
    """A checkpoint after every batch, so that many kills meet one that is being written."""
    whole = tmp_path / "whole.npz"
    with child(whole, "begin") as process:
        assert process.wait() == 0
    random, kills, writing, path = np.random.default_rng(0), 0, 0, tmp_path / "killed.npz"
    moments = np.sort(random.uniform(0, 29, size=24))  # in epochs
    for moment in moments:
        with child(path, "resume" if kills else "begin") as process:
            wait_for(process, path, int(moment))
            try:
                process.wait(random.uniform(0, 0.01))
                break
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                kills += process.wait() == -signal.SIGKILL
        writing += len([*tmp_path.glob(".killed.npz.*.part")])
    assert kills >= 20
    assert writing >= 1  # at least one was met while it was writing
    with child(path, "resume") as process:
        assert process.wait() == 0
    assert Path(f"{path}.bits").read_bytes() == Path(f"{whole}.bits").read_bytes()
    assert not [*tmp_path.glob(".*.part")]


def wait_for(process: subprocess.Popen[str], path: Path, epoch: int) -> None:
    """Wait until the first checkpoint is there and the child has come to an epoch."""
    assert process.stdout is not None
    for line in process.stdout:
        if int(line) >= epoch and path.exists():
            return
