"""The command as people meet it: what it prints and leaves, its status, any terminal, bad input."""

from __future__ import annotations

import codecs
import io
import json
import os
import re
import signal
import subprocess
import sys
import threading
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import autograd_mini as ag
from autograd_mini import blas, cli, closed_form
from autograd_mini.cli import check, comparison, options, problem, terminal
from autograd_mini.data import load_digits, load_weights, save_weights, split
from autograd_mini.training import accuracy

ROOT = Path(__file__).parent.parent
QUICK = ["--epochs", "2", "--no-progress"]


class Done(NamedTuple):
    status: int
    out: str
    err: str


def command(*arguments: str, cwd: Path, encoding: str = "utf-8", **variables: str) -> Done:
    """Run the real command in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "autograd_mini", *arguments],
        capture_output=True,
        check=False,
        cwd=cwd,
        env=environment(PYTHONIOENCODING=encoding, **variables),
        timeout=120,
    )
    return Done(done.returncode, done.stdout.decode(encoding), done.stderr.decode(encoding))


def environment(**variables: str) -> dict[str, str]:
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    return {**os.environ, "PYTHONPATH": path, "PYTHONWARNINGS": "error", **variables}


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Done]:
    """Run the command in this process, in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def main(*arguments: str) -> Done:
        try:
            status = cli.main(arguments)
        except SystemExit as error:
            status = int(error.code or 0)
        return Done(status, *capsys.readouterr())

    return main


def picture(path: Path) -> str:
    text = path.read_text("utf-8")
    assert ET.fromstring(text).tag.endswith("svg")
    return text


# -- train


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Done, Path]:
    """A short run of the real command, with its defaults but for the epochs."""
    folder = tmp_path_factory.mktemp("图 1")
    return command("train", "--epochs", "6", cwd=folder), folder / "autograd-mini-train"


def test_train_prints_what_it_does(trained: tuple[Done, Path]) -> None:
    done, _ = trained
    assert done.status == 0
    for text in (
        "UCI 8x8 digits: 1438 examples to train on, 359 to test",
        "64-25-10, sigmoid; logistic cost, λ = 0.1",
        "autodiff against the closed form, every δ^(l) and ∂J/∂Θ^(l), recorded and compiled:",
        "✓",
        "the hidden layer is worth",
        "in autograd-mini-train: weights.npz, checkpoint.npz, history.json, cost.svg",
        f"next: autograd-mini check --weights {Path('autograd-mini-train', 'weights.npz')}",
    ):
        assert text in done.out
    worst = done.out.split("worst relative difference ")[1].split()[0]
    assert 0 < float(worst) < 1e-14
    assert "64-25-10: 100%" in done.err
    assert "64-10: 100%" in done.err
    assert "cost=" in done.err
    assert "accuracy=" in done.err


def test_train_leaves_weights_that_do_what_it_says(trained: tuple[Done, Path]) -> None:
    done, folder = trained
    net, notes = load_weights(folder / "weights.npz")
    # The split of seed 0, made again.
    seed = np.random.default_rng(np.random.SeedSequence(0).spawn(5)[0])
    X, X_test, y, y_test = split(*load_digits(), seed=seed)
    results = json.loads((folder / "history.json").read_text("utf-8"))["results"]
    assert notes["results"] == results
    assert results["train_accuracy"] == accuracy(net, X, y)
    assert results["test_accuracy"] == accuracy(net, X_test, y_test)
    assert f"{results['test_accuracy']:.2%}" in done.out
    assert f"{results['no_hidden_layer']['test_accuracy']:.2%}" in done.out
    confusion = np.array(results["confusion"])
    assert confusion.sum(axis=1).tolist() == np.bincount(y_test).tolist()
    assert confusion.trace() / len(y_test) == results["test_accuracy"]


def test_train_leaves_history_curves_and_graph(trained: tuple[Done, Path]) -> None:
    _, folder = trained
    names = {"weights.npz", "history.json", "cost.svg", "cost.png", "graph.svg", "report.html"}
    names |= {"checkpoint.npz", "checkpoint_beside.npz"}
    assert {path.name for path in folder.iterdir()} == names
    content = json.loads((folder / "history.json").read_text("utf-8"))
    assert [row["epoch"] for row in content["rows"]] == [0, 1, 2, 3, 4, 5, 6]
    assert content["rows"][6]["cost"] < 0.2 * content["rows"][0]["cost"]
    assert content["rows"][content["best"]]["test_accuracy"] == content["results"]["test_accuracy"]
    assert content["settings"]["optimizer"] == "momentum"
    assert content["settings"]["layers"] == [64, 25, 10]
    assert "cost J" in picture(folder / "cost.svg")
    assert (folder / "cost.png").read_bytes().startswith(b"\x89PNG")
    graph = picture(folder / "graph.svg")
    for name in (
        "theta1",
        "z2",
        "a2",
        "theta2",
        "z3",
        "bias2",
        "sigmoid",
        "layer 2",
        "grad",
        ">J<",
    ):
        assert name in graph


def test_the_same_seed_gives_the_same_files_and_another_others(run: Callable[..., Done]) -> None:
    for name, seed in (("one", "4"), ("two", "4"), ("three", "5")):
        assert run("train", *QUICK, "--seed", seed, "--out", name).status == 0
    for file in ("weights.npz", "history.json", "cost.svg", "graph.svg", "report.html"):
        one, two, three = (Path(name, file).read_bytes() for name in ("one", "two", "three"))
        assert one == two
        assert one != three


def test_without_matplotlib_no_old_picture_stays(
    run: Callable[..., Done], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("autograd-mini-train").mkdir()
    Path("autograd-mini-train", "cost.png").write_bytes(b"of an earlier run")
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    done = run("train", *QUICK)
    assert done.status == 0, done.err
    assert "cost.png" not in done.out
    names = {path.name for path in Path("autograd-mini-train").iterdir()}
    checkpoints = {"checkpoint.npz", "checkpoint_beside.npz"}
    assert names - checkpoints == {
        "weights.npz", "history.json", "cost.svg", "graph.svg", "report.html"
    }  # fmt: skip


@pytest.mark.parametrize(
    "options_given",
    [
        ["--layers", "64-10"],
        ["--layers", "64-16-12-10", "--activation", "relu", "--rate", "0.02"],
        ["--cost", "softmax", "--activation", "tanh", "--optimizer", "adam"],
        ["--cost", "quadratic", "--lam", "0", "--optimizer", "gradient-descent"],
        ["--dtype", "float32", "--batch-size", "all", "--rate", "1"],
        ["--activation", "softplus", "--rate", "0.01"],
        ["--activation", "leaky_relu", "--rate", "0.01"],
    ],
)
def test_train_takes_its_options(run: Callable[..., Done], options_given: list[str]) -> None:
    done = run("train", "--json", *QUICK, *options_given)
    assert done.status == 0, done.err
    found = json.loads(done.out)
    assert found["interrupted"] is False
    assert found["gradient_check"] < (1e-4 if "float32" in options_given else 1e-13)
    beside = found["results"]["no_hidden_layer"]
    assert (beside is None) == ("64-10" in options_given)
    net, _ = load_weights(Path(found["folder"], "weights.npz"))
    assert net.sizes == tuple(found["settings"]["layers"])
    assert net.dtype == found["settings"]["dtype"]
    for option, name in (("--cost", "cost"), ("--optimizer", "optimizer")):
        if option in options_given:
            assert found["settings"][name] == options_given[options_given.index(option) + 1]


@pytest.mark.slow
def test_the_defaults_reach_97_percent_and_the_hidden_layer_earns_its_place(
    tmp_path: Path,
) -> None:
    """Mean over five seeds: test accuracy at least 97 %, above the network without hidden layer."""
    results = []
    for seed in range(5):
        done = command(
            "train", "--json", "--no-progress", "--seed", str(seed), cwd=tmp_path,
            OPENBLAS_NUM_THREADS="1",
        )  # fmt: skip
        found = json.loads(done.out)
        assert 0 < found["settings"]["lam"] <= 0.3
        assert found["seconds"] < 60
        results.append(found["results"])
    hidden = np.mean([each["test_accuracy"] for each in results])
    beside = np.mean([each["no_hidden_layer"]["test_accuracy"] for each in results])
    assert hidden >= 0.97
    assert 0.95 <= beside < hidden - 0.005


def test_one_learns_from_ones_own_data(run: Callable[..., Done]) -> None:
    rng = np.random.default_rng(0)
    y = np.arange(60) % 3
    np.savez("mine.npz", X=rng.normal(y[:, np.newaxis], 0.1, (60, 5)), y=y)
    done = run("train", "--data", "mine.npz", "--out", "mine", "--epochs", "40", "--no-progress")
    assert done.status == 0, done.err
    assert "5-25-3" in done.out
    assert "48 examples to train on, 12 to test" in done.out
    assert json.loads(Path("mine/history.json").read_text())["results"]["test_accuracy"] == 1.0


def test_one_output_tells_two_classes_apart(run: Callable[..., Done]) -> None:
    rng = np.random.default_rng(0)
    y = np.arange(40) % 2
    np.savez("mine.npz", X=100 * rng.normal(y[:, np.newaxis], 0.1, (40, 2)), y=y)
    done = run(
        "train", "--data", "mine.npz", "--layers", "2-3-1", "--rate", "0.01", "--epochs", "200",
        "--no-progress",
    )  # fmt: skip
    assert done.status == 0, done.err
    assert "with --standardise training goes better" in done.out
    results = json.loads(Path("autograd-mini-train/history.json").read_text())["results"]
    assert np.array(results["confusion"]).shape == (2, 2)
    assert results["test_accuracy"] == 1.0


def test_train_stops_where_the_gradient_is_wrong(
    run: Callable[..., Done], monkeypatch: pytest.MonkeyPatch
) -> None:
    right = closed_form.gradients

    def wrong(*arguments: Any, **names: Any) -> Any:
        found = right(*arguments, **names)
        found[1][0, 0] *= 1.001
        return found

    monkeypatch.setattr(closed_form, "gradients", wrong)
    done = run("train", *QUICK)
    assert done.status == 1
    assert "✗ more than 1e-10; not trained" in done.out
    assert [*Path("autograd-mini-train").iterdir()] == []
    assert run("check").status == 1


def test_a_rate_that_lowers_nothing_names_the_cure(run: Callable[..., Done]) -> None:
    done = run("train", *QUICK, "--rate", "1000")
    assert "which no epoch lowered; give a smaller --rate" in done.out
    assert "smaller --rate" not in run("train", "--epochs", "0", "--no-progress").out


# -- Ctrl-C


@pytest.mark.skipif(os.name == "nt", reason="signals to a child process are POSIX")
def test_ctrl_c_stops_cleanly_and_keeps_the_best_weights(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "autograd_mini", "train", "--epochs", "1000000"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
        env=environment(PYTHONIOENCODING="utf-8"),
    )
    assert process.stderr is not None
    told = b""
    try:
        while told.count(b"cost=") < 2:  # it trains
            told += os.read(process.stderr.fileno(), 4096)
            assert process.poll() is None, told
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 0, err
    assert b"Traceback" not in err
    text = out.decode()
    assert "by Ctrl-C; the best weights so far are kept" in text
    assert "Confusion" in text
    folder = tmp_path / "autograd-mini-train"
    content = json.loads((folder / "history.json").read_text("utf-8"))
    assert content["interrupted"] is True
    assert content["results"]["no_hidden_layer"] is None
    assert content["best"] > 0
    net, _ = load_weights(folder / "weights.npz")
    X, _, y, _ = split(
        *load_digits(), seed=np.random.default_rng(np.random.SeedSequence(0).spawn(5)[0])
    )
    with ag.no_grad():
        J = ag.nn.logistic_cost(net, X, y, 0.1).item()
    costs = [row["cost"] for row in content["rows"]]
    assert costs[content["best"]] == min(costs) == pytest.approx(J, rel=1e-12)


def test_ctrl_c_elsewhere_is_one_line(
    run: Callable[..., Done], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(check, "problem", interrupted)
    assert run("check") == Done(130, "", "\nautograd-mini: stopped by Ctrl-C\n")


# -- check


def test_check_shows_the_courses_numbers(tmp_path: Path) -> None:
    done = command("check", cwd=tmp_path)
    assert done.status == 0
    for first in ("-9.2782", "+8.8991", "-8.3601", "+7.6281", "-6.7479"):
        rows = [line.split()[1:] for line in done.out.splitlines() if f" {first}" in line]
        assert len(rows) == 2  # λ = 0 and 3
        assert all(len(row) == 3 and row[0] == row[1] for row in rows)
    assert "every ∂J/∂Θ               2.4e-11" in done.out
    assert "autodiff = closed form = numeric  ✓" in done.out


@pytest.mark.parametrize(
    "given",
    [
        ["--layers", "4-3"],
        ["--layers", "6-5-4-3-2", "--activation", "tanh", "--lam", "1"],
        ["--layers", "5-8-3", "--activation", "relu", "--cost", "softmax", "--seed", "3"],
        ["--layers", "5-8-3", "--activation", "leaky_relu", "--cost", "quadratic", "--seed", "4"],
        ["--layers", "4-3-1", "--activation", "softplus", "--examples", "1"],
        ["--layers", "2-2-2-2-2-2-2-2-2", "--lam", "0"],
        ["--layers", "30-20-10-5", "--examples", "20", "--seed", "0"],
    ],
)
def test_check_passes_for_any_layers(run: Callable[..., Done], given: list[str]) -> None:
    done = run("check", "--json", *given)
    assert done.status == 0, done.out
    found = json.loads(done.out)
    assert found["passed"]
    assert all(each["closed_form"] < 1e-14 and each["numeric"] < 1e-8 for each in found["checks"])


def test_check_leaves_out_what_crosses_a_kink(run: Callable[..., Done]) -> None:
    # One example, x = 0 and weights that put z within ε of relu's kink.
    net = ag.nn.Network.from_theta([np.array([[5e-5, 1.0]]), np.array([[0.0, 1.0]])], "relu")
    entries = check.chosen(net)
    number = check.numeric(net, np.zeros((1, 1)), np.array([1]), 0.0, "logistic", entries)
    assert np.isnan(number[1]).tolist() == [True, False]  # its bias moves z across the kink
    assert not np.isnan(number[2]).any()


def test_check_of_a_large_network_takes_a_sample(run: Callable[..., Done]) -> None:
    net = ag.nn.Network([400, 100, 10])
    entries = check.chosen(net)
    assert sum(len(rows) for rows, _ in entries.values()) <= check.MOST
    for layer, (rows, columns) in entries.items():
        assert len({*zip(rows.tolist(), columns.tolist(), strict=True)}) == len(rows)
        assert (rows.max(), columns.max()) == tuple(n - 1 for n in net.theta[layer].shape)


def test_the_slides_lambda_fails_by_what_it_lacks(run: Callable[..., Done]) -> None:
    """D = Δ/m + λΘ differs on the weights by (1 - 1/m) λ Θ; with λ = 0 there is no difference."""
    done = run("check", "--slide", "--lam", "3")
    assert done.status == 1
    assert "FAILED" in done.out
    assert "closed form" not in done.out
    rows = re.findall(r"\[(\d,\d)\] +(\S+) +(\S+)", done.out)
    assert [place for place, *_ in rows[:5]] == ["1,1", "2,1", "3,1", "4,1", "5,1"]  # no bias
    assert all(ours != slides for _, ours, slides in rows)
    done = run("check", "--slide", "--lam", "0")
    assert done.status == 0
    assert "autodiff = the slide's = numeric" in done.out
    theta, lam, m = problem.sines(5, 4), 3.0, 5
    apart = check.slide(np.zeros((5, 4)), theta, lam, m)
    np.testing.assert_allclose(apart[:, 1:], (1 - 1 / m) * lam * theta[:, 1:], rtol=1e-15)
    assert not apart[:, 0].any()
    assert run("check", "--slide", "--lam", "3", "--examples", "1").status == 0


def test_relative_difference() -> None:
    zeros = np.zeros(3)
    assert comparison.relative(zeros, zeros) == 0
    assert comparison.relative(np.ones(3), zeros) == 1
    assert comparison.relative(np.ones(3), -np.ones(3)) > 1
    for size in (1e300, 1e-300):  # whose squares are no floats
        assert comparison.relative(np.full(3, size), np.full(3, size)) == 0
        assert comparison.relative(np.full(3, size), np.full(3, 3 * size)) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("output", "cost", "dtype"),
    [("sigmoid", "logistic", "f8"), ("softmax", "softmax", "f4"), ("identity", "quadratic", "f8")],
)
def test_check_and_draw_take_a_saved_network(
    run: Callable[..., Done], output: str, cost: str, dtype: str
) -> None:
    net = ag.nn.Network([4, 3, 2], "tanh", output, seed=0, dtype=dtype)
    save_weights("weights.npz", net)
    done = run("check", "--weights", "weights.npz", "--json")
    assert done.status == 0, done.out
    assert json.loads(done.out)["layers"] == [4, 3, 2]
    done = run("draw", "network", "--weights", "weights.npz")
    assert f"4-3-2, tanh, {cost} cost; weights from weights.npz; m = 2" in done.out
    same = ["--weights", "weights.npz", "--activation", "tanh", "--cost", cost]
    assert f"4-3-2, tanh, {cost} cost" in run("draw", "network", *same).out
    refused(run("check", "--weights", "weights.npz", "--layers", "4-2"), "give one of them")


@pytest.mark.parametrize("command", [["check"], ["draw", "network"]], ids="-".join)
def test_options_that_contradict_a_weight_file_are_refused(
    run: Callable[..., Done], command: list[str]
) -> None:
    command = [*command, "--weights", "w.npz"]
    save_weights("w.npz", ag.nn.Network([4, 3, 3, 2], ["tanh", "relu"]), cost="quadratic")
    message = "--activation tanh contradicts w.npz, whose hidden layers have relu; leave the option"
    refused(run(*command, "--activation", "tanh"), message)
    message = "--activation sigmoid contradicts w.npz, whose hidden layers have relu or tanh"
    refused(run(*command, "--activation", "sigmoid"), message)
    message = "--cost logistic contradicts w.npz, which has sigmoid outputs and the quadratic cost"
    refused(run(*command, "--cost", "logistic"), message)
    assert "quadratic cost" in run(*command, "--cost", "quadratic").out
    save_weights("w.npz", ag.nn.Network([4, 3, 2]))  # one that does not say its cost
    assert "quadratic cost" in run(*command, "--cost", "quadratic").out
    assert "logistic cost" in run(*command).out
    refused(run(*command, "--cost", "softmax"), "w.npz, which has sigmoid outputs; leave")
    for output, cost in (("softmax", "softmax"), ("identity", "quadratic")):
        save_weights("w.npz", ag.nn.Network([4, 3, 2], output=output))
        assert f"{cost} cost" in run(*command, "--cost", cost).out
        refused(run(*command, "--cost", "logistic"), f"{output} outputs and the {cost} cost")


@pytest.mark.parametrize(
    "given",
    ["--layers 2-2-1", "--weights w.npz", "--activation sigmoid", "--examples 2", "--seed 0"],
)
def test_xnor_is_one_network(run: Callable[..., Done], given: str) -> None:
    refused(
        run("draw", "xnor", *given.split()), f"takes no {given.split()[0]}; write: draw network"
    )


def test_a_truncated_weight_file_is_one_clear_line(run: Callable[..., Done]) -> None:
    path = save_weights("weights.npz", ag.nn.Network([4, 3, 2]), cost=["hostile"])
    assert run("check", "--weights", "weights.npz", "--rows", "0").status == 0
    whole = path.read_bytes()
    for length in (0, 100, len(whole) - 1):
        path.write_bytes(whole[:length])
        refused(
            run("check", "--weights", "weights.npz"),
            "'weights.npz' is truncated",
        )
    np.savez("weights.npz", X=np.zeros(3))
    refused(run("draw", "network", "--weights", "weights.npz"), "is no weight file")


# -- gates


def test_gates_shows_xnor(run: Callable[..., Done]) -> None:
    done = run("gates", "(a and b) or not (a or b)")
    assert done.status == 0
    rows = [line.split() for line in done.out.splitlines()]
    for row in (
        ["AND", "-30", "20", "20"],
        ["NOR", "10", "-20", "-20"],
        ["OR", "-10", "20", "20"],
        ["0", "0", "0.999955", "1"],
        ["0", "1", "0.000045", "0"],
        ["1", "0", "0.000045", "0"],
        ["1", "1", "0.999955", "1"],
    ):
        assert row in rows
    drawn = picture(Path("gates.svg"))
    for text in ("AND", "NOR", "OR", "-30", "20", "layer 2"):
        assert text in drawn


@pytest.mark.parametrize(
    ("expression", "truth"),
    [
        ("a", lambda a: a),
        ("not (a and not a)", lambda a: True),
        ("a xor b and c", lambda a, b, c: a != (b and c)),
        ("a implies b implies c", lambda a, b, c: not a or not b or c),
        ("not a or b xnor c", lambda a, b, c: not a or (b == c)),
    ],
)
def test_gates_agrees_with_python(
    run: Callable[..., Done], expression: str, truth: Callable[..., bool]
) -> None:
    done = run("gates", expression, "--json", "--out", "g.dot")
    assert done.status == 0
    found = json.loads(done.out)
    assert found["wrong"] == 0
    for *inputs, h in found["table"]:
        assert round(h) == bool(truth(*map(bool, inputs)))
    assert len(found["table"]) == 2 ** len(found["inputs"])


def test_gates_of_many_inputs_shows_the_first_rows(run: Callable[..., Done]) -> None:
    done = run("gates", " and ".join(f"x{k}" for k in range(8)))
    assert done.status == 0
    assert "256 rows, the first 64" in done.out
    assert "✓ in every row" in done.out


def test_gates_notices_a_wrong_network(
    run: Callable[..., Done], monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = ag.nn.gates.truth_table

    def wrong(net: Any) -> Any:
        X, h = honest(net)
        return X, 1 - h

    monkeypatch.setattr(ag.nn.gates, "truth_table", wrong)
    done = run("gates", "a or b")
    assert done.status == 1
    assert "✗ 4 of 4 rows differ" in done.out


# -- draw, doctor


def test_draw_writes_every_format(run: Callable[..., Done]) -> None:
    assert run("draw", "xnor").out.splitlines()[-1].split() == ["Saved", "xnor.svg"]
    graph = picture(Path("xnor.svg"))
    for text in ("theta1", "z2", "a2", "z3", "sigmoid", "grad", "-30", ">J<"):
        assert text in graph
    assert run("draw", "network", "--out", "sub/network.dot").status == 0
    first = Path("sub/network.dot").read_text("utf-8")
    assert first.startswith("digraph")
    assert run("draw", "network", "--out", "again.dot").status == 0
    assert Path("again.dot").read_text("utf-8") == first
    assert run("draw", "network", "--layers", "2-3-1", "--units", "--out", "u.png").status == 0
    assert Path("u.png").read_bytes().startswith(b"\x89PNG")
    assert run("draw", "network", "--out", "n.txt", "--cost", "softmax").status == 0
    assert "log_softmax" in Path("n.txt").read_text("utf-8")


def test_doctor_knows_what_runs(tmp_path: Path) -> None:
    done = command("doctor", cwd=tmp_path, OPENBLAS_NUM_THREADS="1")
    assert done.status == 0
    for text in (ag.__version__, f"numpy           {np.__version__}", "BLAS", "drawing", "✓ works"):
        assert text in done.out
    assert "OPENBLAS_NUM_THREADS=1" in done.out


def test_doctor_reports_what_is_broken(
    run: Callable[..., Done], monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(*arguments: Any, **names: Any) -> Any:
        raise ZeroDivisionError("no luck\ntoday")

    monkeypatch.setattr(closed_form, "deltas", wrong)
    done = run("doctor", "--json")
    assert done.status == 1
    assert json.loads(done.out)["problems"] == {"gradient": "ZeroDivisionError: no luck today"}


@pytest.mark.skipif(blas.library() is None, reason="NumPy without an OpenBLAS of its own")
def test_the_command_uses_one_blas_thread(
    run: Callable[..., Done], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in blas.VARIABLES:
        monkeypatch.delenv(name, raising=False)
    found = blas.library()
    assert found is not None
    before = blas.threads()
    found.scipy_openblas_set_num_threads64_(2)
    try:
        assert "threads: 1, CPUs" in run("doctor").out
        assert blas.threads() == 2
        monkeypatch.setenv("OPENBLAS_NUM_THREADS", "2")
        assert "threads: 2, OPENBLAS_NUM_THREADS=2, CPUs" in run("doctor").out
    finally:
        found.scipy_openblas_set_num_threads64_(before)


# -- every terminal

EVERY = [
    ["train", "--epochs", "1"],
    ["check"],
    ["gates", "雨 implies 伞"],
    ["draw", "xnor"],
    ["draw", "λ * x + 温度", "--at", "λ=2,x=3,温度=1"],
    ["explain", "--digit", "3"],
    ["doctor"],
    ["train", "--help"],
]


@pytest.mark.parametrize("encoding", ["cp936", "cp1252", "ascii"])
@pytest.mark.parametrize("arguments", EVERY, ids=" ".join)
def test_every_sub_command_runs_in_any_encoding_and_folder(
    tmp_path: Path, arguments: list[str], encoding: str
) -> None:
    folder = tmp_path / "图 1"
    folder.mkdir()
    done = command(*arguments, cwd=folder, encoding=encoding)
    assert done.status == 0, done.err
    assert "Traceback" not in done.err
    assert "?" not in done.out  # spelled out, not lost
    if arguments == ["train", "--epochs", "1"] and encoding != "cp936":
        assert "every delta^(l) and dJ/dTheta^(l)" in done.out
    for file in folder.rglob("*.svg"):
        picture(file)


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_errors_survive_any_encoding(tmp_path: Path, encoding: str) -> None:
    done = command("train", "--data", "图 1/λ.npz", cwd=tmp_path, encoding=encoding)
    assert done.status == 2
    name = "图 1/λ.npz" if encoding == "utf-8" else "\\u56fe 1/lambda.npz"
    assert done.err == f"autograd-mini train: error: {name}: No such file or directory\n"


def test_spelling_out() -> None:
    assert terminal.spelled("δ^(2) ≤ ∂J/∂Θ, é, 图") == "delta^(2) <= dJ/dTheta, e, \\u56fe"
    assert terminal.one_line("a\n   b\x1b[2J\u202e\r") == "a b\\x1b[2J\\u202e"
    assert terminal.shown("bad\nname") == "bad\\nname"
    with pytest.raises(UnicodeDecodeError), terminal.any_encoding():
        b"\xff".decode("ascii", terminal.HANDLER)


def test_streams_are_left_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="strict")
    monkeypatch.setattr(sys, "stdout", stream)
    with terminal.any_encoding():
        sys.stdout.write("δ")
        sys.stdout.flush()
    assert stream.errors == "strict"
    assert stream.buffer.getvalue() == b"delta"  # type: ignore[attr-defined]


def test_tables_stay_aligned_when_letters_are_spelled_out() -> None:
    codecs.register_error(terminal.HANDLER, terminal._spell_out)
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors=terminal.HANDLER)
    out = terminal.Output(stream=stream)
    out.table([["δ", "·"], ["long name", 10]], indent=0)
    assert stream.buffer.getvalue() == b"delta       .\nlong name  10\n"  # type: ignore[attr-defined]


def test_labels_stay_in_one_column_when_letters_are_spelled_out() -> None:
    codecs.register_error(terminal.HANDLER, terminal._spell_out)
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors=terminal.HANDLER)
    out = terminal.Output(stream=stream)
    for label in ("λ = 1", "Θ^(1)", "Data"):
        out.item(label, "x")
    lines = stream.buffer.getvalue().splitlines()  # type: ignore[attr-defined]
    assert [line.index(b"x") for line in lines] == [12, 12, 12]


def test_wide_letters_take_two_columns() -> None:
    assert [terminal.width(text) for text in ("ab", "雨", "\uff58", "e\u0301", "")] == [
        2,
        2,
        2,
        1,
        0,
    ]
    stream = io.StringIO()
    out = terminal.Output(stream=stream)
    out.table([["雨", "雨"], ["abc", "1"]], indent=0)
    assert stream.getvalue() == "雨   雨\nabc   1\n"


def test_a_path_inside_a_command_is_quoted() -> None:
    assert terminal.quoted("图/weights.npz") == "图/weights.npz"
    assert terminal.quoted("a b")[0] in "'\""


@pytest.mark.skipif(os.name == "nt", reason="a pseudo-terminal is POSIX")
@pytest.mark.parametrize(("variables", "bold"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_bold_only_on_a_terminal_that_wants_it(
    tmp_path: Path, variables: dict[str, str], bold: bool
) -> None:
    import pty

    ours, theirs = pty.openpty()
    told = bytearray()

    def read() -> None:
        try:
            while piece := os.read(ours, 4096):
                told.extend(piece)
        except OSError:  # how a closed terminal ends
            pass

    reader = threading.Thread(target=read)
    reader.start()
    plain = {name: value for name, value in environment().items() if name != "NO_COLOR"}
    subprocess.run(
        [sys.executable, "-m", "autograd_mini", "draw", "xnor"],
        stdout=theirs, stderr=theirs, stdin=theirs, cwd=tmp_path, check=True,
        env={**plain, "TERM": "xterm", **variables},
    )  # fmt: skip
    os.close(theirs)
    reader.join()
    os.close(ours)
    assert (b"\033[1mSaved" in told) == bold
    assert b"Saved" in told


@pytest.mark.parametrize(
    "arguments", [["check"], ["gates", "δ or b"], ["draw", "xnor"], ["doctor"]]
)
def test_json_is_one_object_in_ascii(run: Callable[..., Done], arguments: list[str]) -> None:
    done = run(*arguments, "--json")
    assert done.status == 0
    assert done.err == ""
    assert done.out.isascii()
    assert isinstance(json.loads(done.out), dict)


def test_a_reader_that_has_gone_is_no_error(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "autograd_mini", "check", "--layers", "20-20-10", "--rows", "200"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path, env=environment(),
    )  # fmt: skip
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr is not None
    with process.stderr as errors:
        assert errors.read() == b""
    assert process.wait(60) == 0


def test_version_and_help(run: Callable[..., Done]) -> None:
    assert run("--version") == Done(0, f"autograd-mini {ag.__version__}\n", "")
    front = run("--help").out
    for name in ("train", "predict", "check", "gates", "draw", "explain", "doctor", "bench"):
        assert f"\n    {name} " in front
        told = run(name, "--help")
        assert told.status == 0
        assert told.out.startswith(f"usage: autograd-mini {name}")
        assert "%(" not in told.out
        assert "--json" in told.out
        assert max(map(len, told.out.splitlines())) <= 100


# -- bad input


def refused(done: Done, message: str) -> None:
    """One clear line, status 2, no traceback."""
    assert done.status == 2, done
    assert "Traceback" not in done.err
    assert done.err.count("\n") == 1
    assert done.err.startswith("autograd-mini")
    assert message in done.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "required: COMMAND; see autograd-mini --help"),
        (["trian"], "invalid choice: 'trian'"),
        (["train", "--epoch", "3"], "unknown argument '--epoch', did you mean --epochs?"),
        (["train", "--lr", "0.1"], "unknown argument '--lr', did you mean --rate?"),
        (["train", "--learning-rate=1"], "'--learning-rate=1', did you mean --rate?"),
        (["train", "--bogus"], "unknown argument '--bogus'; see"),
        (["check", "--lr", "1"], "unknown argument '--lr'; see"),
        (["train", "--optimizer", "sgd"], "'sgd': did you mean gradient-descent?"),
        (["train", "extra"], "unknown argument 'extra'"),
        (["train", "--epochs", "many"], "'many': give a whole number, 0 or more"),
        (["train", "--epochs", "9" * 5000], "give a whole number"),
        (["train", "--layers", "64"], "'64' names no layers; write the number of units in each"),
        (["train", "--layers", "64-x-10"], "names no layers"),
        (["train", "--layers", "64-0-10"], "a layer has 1 to 1000000 units"),
        (["train", "--layers", "64-²-10"], "names no layers"),
        (["train", "--layers", "100-25-10"], "an example has 64 features; begin with 64"),
        (["train", "--layers", "64-5"], "label 9 is out of range: a last layer of 5 tells labels"),
        (["train", "--layers", "64-999999-10"], "GiB of memory, more than 4; make them smaller"),
        (["train", "--lam", "-1"], "'-1': give a number 0 or more"),
        (["train", "--lam", "nan"], "'nan': give a number 0 or more"),
        (["train", "--rate", "0"], "'0': give a number above 0"),
        (["train", "--rate", "1e300", *QUICK], "cost became nan in epoch 1 with rate=1e+300"),
        (["train", "--batch-size", "0"], "'0': give a whole number, 1 or more"),
        (["train", "--seed", "-1"], "'-1': give a whole number, 0 or more"),
        (["train", "--dtype", "float16"], "invalid choice: 'float16'"),
        (["train", "--optimizer", "magic"], "invalid choice: 'magic'"),
        (["train", "--out", ""], "'' is no path"),
        (["train", "--out", "a\0b"], "is no path"),
        (["train", "--out", "x" * 300], "can not write in"),
        (["train", "--data", "missing.npz"], "missing.npz: No such file or directory"),
        (["train", "--data", "."], "'.' is a folder with no images; give one file"),
        (["check", "--layers", "3-1", "--cost", "softmax"], "softmax of a single unit is always 1"),
        (["check", "--lam", "inf"], "'inf': give a number 0 or more"),
        (["check", "--examples", "0"], "'0': give a whole number, 1 or more, at most 10000"),
        (["check", "--layers", "9999-9999-9999"], "GiB of memory"),
        (["gates", "a and"], "position 5"),
        (["gates", "a & b"], "(in 'a & b')"),
        (["gates", ""], "position 0"),
        (["gates", "a\x1b[2J\nb"], "(in 'a\\x1b[2J\\nb')"),
        (["gates", " and ".join(f"x{k}" for k in range(30))], "2**30 rows"),
        (["gates", "a", "--out", "a.doc"], ".svg, .png, .pdf, .dot, "),
        (["draw", "xor"], "xor has no value in 'xor'; write --at xor=2; or did you mean: draw xn"),
        (["draw"], "required: EXPRESSION|xnor|network"),
        (["draw", "network", "--out", "picture"], "end it in ."),
        (["doctor", "--fix"], "unknown argument '--fix'"),
    ],
)  # fmt: skip
def test_wrong_use_is_one_clear_line(
    run: Callable[..., Done], arguments: list[str], message: str
) -> None:
    refused(run(*arguments), message)


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        (np.zeros((4, 2)), np.zeros(3), "y has shape (3,) beside 4 examples"),
        (np.full((4, 2), np.nan), np.zeros(4), "X holds nan in row 0, column 0 (8 such values)"),
        (np.full((4, 2), np.inf), np.zeros(4), "X holds inf"),
        (np.zeros((4, 2)), np.array([0, 1, 2, -1]), "label -1 of example 3 is out of range"),
        (np.zeros((4, 2)), np.array([0, 1, 0.5, 1]), "y holds 0.5, which is no label"),
        (np.zeros((4, 2)), np.array([0, 1, 5000, 1]), "label 5000 is out of range"),
        (np.zeros((0, 2)), np.zeros(0), "X is empty"),
        (np.zeros((4, 2)), np.arange(4), "leaves none for testing"),
        (np.array([[None]]), np.zeros(1), "only a pickle could load"),
    ],
)
def test_bad_data_is_one_clear_line(run: Callable[..., Done], X: Any, y: Any, message: str) -> None:
    np.savez("bad.npz", X=X, y=y)
    refused(run("train", "--data", "bad.npz", *QUICK), message)
    assert not any(Path("autograd-mini-train").iterdir())


def test_a_truncated_data_file_is_one_clear_line(run: Callable[..., Done]) -> None:
    np.savez("mine.npz", X=np.zeros((50, 2)), y=np.arange(50) % 2)
    content = Path("mine.npz").read_bytes()
    Path("mine.npz").write_bytes(content[: len(content) // 2])
    refused(run("train", "--data", "mine.npz"), "'mine.npz' is truncated, damaged or no npz file")


def test_a_folder_that_can_not_be_written_is_one_clear_line(
    run: Callable[..., Done], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("file").write_text("mine")
    refused(run("train", "--out", "file"), "file is a file, not a folder; give another folder")
    refused(run("train", "--out", "file/below"), "file/below lies below a file, not a folder")
    refused(run("draw", "xnor", "--out", "file/x.svg"), "file is a file, not a folder")
    assert Path("file").read_text() == "mine"

    def denied(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "touch", denied)
    refused(run("train"), "can not write in autograd-mini-train (Permission denied); give another")


def test_files_that_are_there_are_replaced_whole_or_kept(
    run: Callable[..., Done], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("train", *QUICK).status == 0
    folder = Path("autograd-mini-train")
    before = {path: path.read_bytes() for path in folder.iterdir()}

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    refused(run("train", *QUICK, "--seed", "1"), "No space left on device")
    assert {path: path.read_bytes() for path in folder.iterdir()} == before
    monkeypatch.undo()


def test_a_warning_is_one_line(tmp_path: Path) -> None:
    done = command(
        "draw", "xnor", cwd=tmp_path, PYTHONWARNINGS="default", AUTOGRAD_MINI_DOT=sys.executable
    )
    assert done.status == 0
    assert done.err.count("\n") == 1
    assert done.err.startswith("autograd-mini: note: ")
    assert done.err.endswith("; drawn with built-in instead\n")
    assert "theta1" in picture(tmp_path / "xnor.svg")


def test_options_read_numbers_strictly() -> None:
    assert options.layers("64-25-10") == options.layers("64,25,10") == [64, 25, 10]
    assert options.batch("all") is None
    assert options.batch("8") == 8
    assert options.number(0)("1e-3") == 0.001
    assert options.whole(0)("007") == 7
    assert options.or_(("a",)) == "a"
    assert options.or_(("a", "b", "c")) == "a, b or c"
