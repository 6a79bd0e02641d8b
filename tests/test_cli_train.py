"""`autograd-mini train`: schedules, validation, full-batch methods; killed and gone on with."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograd_mini import data
from autograd_mini.cli import main, train_options
from autograd_mini.cli.options import Parser
from autograd_mini.data import load_model

QUICK = ["--no-progress", "--layers", "64-5-10"]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def train(capsys: pytest.CaptureFixture[str], *given: str, status: int = 0) -> Any:
    assert main(["train", *QUICK, *given]) == status
    return capsys.readouterr()


def results(folder: str = "autograd-mini-train") -> tuple[bytes, Any]:
    """The weights' bytes, and the history with everything in it."""
    model = load_model(Path(folder, "weights.npz"))
    weights = b"".join(theta.tobytes() for theta in model.net.theta.values())
    return weights, json.loads(Path(folder, "history.json").read_text("utf-8"))


def test_gone_on_with_it_is_the_same_run(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Three epochs, then on to six: as six at once, history, results and the network beside."""
    options = ["--optimizer", "adam", "--validation", "0.2", "--standardise"]
    train(capsys, *options, "--epochs", "6", "--out", "whole")
    train(capsys, *options, "--epochs", "3", "--out", "parts")
    assert results("parts")[0] != results("whole")[0]
    told = train(capsys, *options, "--epochs", "6", "--out", "parts", "--resume")
    assert "J fell from" in told.out
    assert "whose validation cost" in told.out
    assert results("parts") == results("whole")
    names = {path.name for path in Path("parts").iterdir()}
    assert names >= {"checkpoint.npz", "checkpoint_beside.npz", "weights.npz"}
    assert not [name for name in names if name.endswith(".part")]


def test_a_checkpoint_beside_of_an_earlier_run_is_not_in_the_way(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As Ctrl-C during the first network leaves it: the beside is of another run, or missing."""
    for lam in ("0.1", "1"):
        train(capsys, "--epochs", "2", "--lam", lam, "--out", lam)
    expected = results("1")
    for broken in (lambda path: path.write_bytes(Path("0.1", path.name).read_bytes()), Path.unlink):
        broken(Path("1", "checkpoint_beside.npz"))
        train(capsys, "--epochs", "2", "--lam", "1", "--out", "1", "--resume")
        assert results("1") == expected


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is POSIX")
def test_killed_it_goes_on(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = [*QUICK, "--epochs", "15", "--checkpoint-every", "1"]
    assert main(["train", *options, "--out", "whole"]) == 0
    command = [sys.executable, "-m", "autograd_mini", "train", *options, "--out", "killed"]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent.parent)}
    random, path, kills = np.random.default_rng(1), Path("killed", "checkpoint.npz"), 0
    for _ in range(3):
        extra = ["--resume"] if path.exists() else []
        with subprocess.Popen(
            [*command, *extra], env=environment, stdout=subprocess.DEVNULL,
        ) as process:  # fmt: skip
            before = path.stat().st_mtime_ns if path.exists() else 0
            while process.poll() is None:
                if path.exists() and path.stat().st_mtime_ns > before:
                    break
            try:
                process.wait(random.uniform(0, 0.05))
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                kills += process.wait() == -signal.SIGKILL
    assert kills == 3
    assert main(["train", *options, "--out", "killed", "--resume"]) == 0
    assert results("killed") == results("whole")


def test_what_is_not_that_run_is_refused(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    message = "no checkpoint 'autograd-mini-train/checkpoint.npz'; leave resume out to begin"
    assert message in train(capsys, "--resume", status=2).err.replace("\\", "/")
    train(capsys, "--epochs", "1")
    before = results()
    for given, told in (
        (["--rate", "0.2"], "rate 0.1 there, 0.2 here"),
        (["--seed", "1"], "is of a run on other training examples"),
        (["--schedule", "cosine"], "rate 0.1 there, 'cosine(rate=0.1, steps=4500, last=0.0)' here"),
        (["--clip", "1"], "clip None there, 1.0 here"),
        (["--standardise"], "is of a run on other training examples"),
        (["--dtype", "float32"], "network 'Network"),
    ):
        refused = train(capsys, "--resume", *given, "--epochs", "100", status=2)
        assert refused.err.startswith("autograd-mini train: error: ")
        assert refused.err.count("\n") == 1
        if told.startswith(("is of a run on", "rate", "clip")):
            assert told in refused.err
    assert results() == before


@pytest.mark.parametrize("method", ["l-bfgs", "conjugate-gradient"])
def test_full_batch_methods(here: Path, capsys: pytest.CaptureFixture[str], method: str) -> None:
    told = train(capsys, "--optimizer", method, "--epochs", "30")
    assert f"{method}, α found by it, 30 epochs, all examples a step" in told.out
    _, content = results()
    assert content["rows"][-1]["cost"] < 0.3 * content["rows"][0]["cost"]
    assert "found by the method" in Path("autograd-mini-train", "report.html").read_text("utf-8")
    assert "finds its own rate" in train(
        capsys, "--optimizer", method, "--schedule", "cosine", status=2
    ).err  # fmt: skip
    assert "finds its own" in train(capsys, "--optimizer", method, "--rate", "1", status=2).err


def test_early_stopping_is_told(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = train(
        capsys, "--rate", "3", "--validation", "0.3", "--patience", "2", "--epochs", "60"
    )  # fmt: skip
    _, content = results()
    assert content["ended"] == "patience"
    assert len(content["rows"]) == content["best"] + 3
    assert f"early: no lower validation cost after epoch {content['best']}" in told.out
    report = Path("autograd-mini-train", "report.html").read_text("utf-8")
    assert "the lowest validation cost" in report
    assert "no better one for so long" in report


def test_the_range_of_the_inputs_is_kept_for_predict(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train(capsys, "--epochs", "1", "--standardise")
    model = load_model("autograd-mini-train/weights.npz")
    assert model.notes["inputs"] == {"low": 0.0, "high": 1.0, "side": 8, "fill": 1.0}
    np.save("one.npy", data.load_digits()[0][0])
    assert main(["predict", "autograd-mini-train/weights.npz", "one.npy"]) == 0
    assert "one.npy" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "rates"),
    [
        ("cosine", [0.5, 0.5 * (1 + np.cos(np.pi / 40)) / 2]),
        ("step:2", [0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.05]),
        ("warm-up:1", [0.1, 0.2, 0.3, 0.4, 0.5, 0.5]),
        ("warm-up:1+cosine", [0.1, 0.2, 0.3, 0.4, 0.5]),
        ("warm-up:1+step:1", [0.1, 0.2, 0.3, 0.4, 0.5, 0.5, 0.5, 0.5, 0.05]),
    ],
)
def test_schedules_count_epochs(text: str, rates: list[float]) -> None:
    """Ten epochs of four steps: 100 examples in batches of 32."""
    parser = Parser()
    train_options.add(parser)
    args = parser.parse_args(["--schedule", text, "--rate", "0.5", "--epochs", "10"])
    schedule = train_options.rate_of(args, 100)
    assert callable(schedule)
    assert [schedule(step) for step in range(len(rates))] == pytest.approx(rates, rel=1e-12)
    if text.endswith("cosine"):
        assert schedule(40) == 0.0


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["--schedule", "linear"], "'linear' is no schedule; give cosine, step:50, warm-up:5"),
        (["--schedule", "step:0"], "is no schedule"),
        (["--schedule", ""], "is no schedule"),
        (["--schedule", "cosine+step:3"], "is no schedule"),
        (["--schedule", "warm-up:5cosine"], "is no schedule"),
        (["--validation", "1"], "'1': give a share below 1, such as 0.2"),
        (["--validation", "0"], "'0': give a number above 0"),
        (["--patience", "0"], "'0': give a whole number, 1 or more"),
        (["--clip", "0"], "'0': give a number above 0"),
        (["--checkpoint-every", "0"], "'0': give a number of epochs such as 10, or of seconds"),
        (["--checkpoint-every", "soon"], "'soon': give a number of epochs"),
        (["--optimizer", "cg"], "'cg': did you mean conjugate-gradient?"),
        (["--optimizer", "lbfgs"], "'lbfgs': did you mean l-bfgs?"),
    ],
)
def test_what_the_options_do_not_take(
    here: Path, capsys: pytest.CaptureFixture[str], given: list[str], message: str
) -> None:
    with pytest.raises(SystemExit) as left:
        main(["train", *given])
    assert left.value.code == 2
    told = capsys.readouterr().err
    assert message in told
    assert told.count("\n") == 1
