"""`autograd-mini explain`: parts that sum to the whole, any network and terminal, bad input."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import autograd_mini as ag
from autograd_mini import cli, closed_form
from autograd_mini.cli import explain as subcommand
from autograd_mini.data import load_digits, one_hot, save_weights
from autograd_mini.drawing.style import DARK, LIT

ROOT = Path(__file__).parent.parent


class Done(NamedTuple):
    status: int
    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command in this process, in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def main(*arguments: str) -> Done:
        try:
            status = cli.main(["explain", *arguments])
        except SystemExit as error:
            status = int(error.code or 0)
        return Done(status, *capsys.readouterr())

    return main


@pytest.fixture
def left_by_train(tmp_path: Path) -> ag.nn.Network:
    """A network where train leaves its own."""
    net = ag.nn.Network([64, 6, 10], seed=1)
    (tmp_path / "autograd-mini-train").mkdir()
    save_weights(tmp_path / "autograd-mini-train" / "weights.npz", net, lam=2.0, cost="logistic")
    return net


def refused(done: Done, message: str) -> None:
    assert done.status == 2
    assert message in done.err
    assert done.err.count("\n") == 1
    assert "Traceback" not in done.err


def parts_of(found: dict[str, Any], title: str) -> list[Any]:
    return next(rows for name, rows in found["parts"].items() if title in name)


def test_the_weight_the_examples_pull_at_hardest(run: Run, left_by_train: ag.nn.Network) -> None:
    done = run()
    assert (done.status, done.err) == (0, "")
    X, y = load_digits()
    data = closed_form.gradients(left_by_train.theta, X, one_hot(y, 10))[1]
    i, j = np.unravel_index(np.abs(data[:, 1:]).argmax(), (6, 64))
    assert f"∂J/∂Θ^(1)[{i + 1}, {j + 1}] = " in done.out
    row, column = divmod(int(j), 8)
    senders = done.out.split("mean of a·δ by its senders\n")[1].splitlines()
    assert senders[0].split("  ")[1] == f"input {j + 1}, row {row + 1}, column {column + 1}"
    assert "weights from autograd-mini-train" in done.out
    assert "λ = 2; " in done.out
    assert "1,797 examples" in done.out


@pytest.mark.parametrize("weight", ["1,2,20", "1,6,0", "2,4,3", "2,10,0"])
def test_the_parts_sum_to_the_gradient(run: Run, left_by_train: ag.nn.Network, weight: str) -> None:
    done = run("--weight", weight, "--json", "--lam", "3")
    assert done.status == 0
    found = json.loads(done.out)
    l, i, j = map(int, weight.split(","))
    X, y = load_digits()
    expected = closed_form.gradients(left_by_train.theta, X, one_hot(y, 10), 3.0)[l][i - 1, j]
    assert found["gradient"] == pytest.approx(expected, rel=1e-10)
    assert found["data"] + found["regularisation"] == pytest.approx(expected, rel=1e-10)
    assert (found["layer"], found["i"], found["j"], found["exact"]) == (l, i, j, True)
    by_label = parts_of(found, "by what the examples show")
    assert len(by_label) == 10
    assert sum(value for _, value in by_label) == pytest.approx(found["data"], rel=1e-10)
    senders = dict(parts_of(found, "by its senders"))
    if j:
        name = subcommand.named(left_by_train, l, j - 1)
        assert senders[name] == pytest.approx(found["data"], rel=1e-10)
    if l == 1:
        through = parts_of(found, "that the error came through")
        assert sum(value for _, value in through) == pytest.approx(found["data"], rel=1e-10)
    assert any("inputs behind" in name for name in found["parts"]) == (l == 2 and j > 0)


def test_the_inputs_behind_a_hidden_unit(run: Run, left_by_train: ag.nn.Network) -> None:
    """Their sum and the bias's is the mean of z_j·δ_i."""
    found = json.loads(run("--weight", "2,4,3", "--json").out)
    X, y = load_digits()
    theta = left_by_train.theta
    z, _ = closed_form.forward(theta, X)
    delta = closed_form.deltas(theta, X, one_hot(y, 10))[3][:, 3]
    inputs = sum(value for _, value in parts_of(found, "inputs behind unit 3"))
    bias = theta[1][2, 0] * delta.mean()
    assert inputs + bias == pytest.approx((z[2][:, 2] * delta).mean(), rel=1e-10)


def test_a_unit_of_each_layer(run: Run, left_by_train: ag.nn.Network) -> None:
    for asked, text in {
        "1,20": "unit 20 of layer 1: an input",
        "2,6": "unit 6 of layer 2: δ = g'(z) × Θᵀδ",
        "3,10": "unit 10 of layer 3: δ = ∂cost/∂z",
    }.items():
        done = run("--unit", asked)
        assert done.status == 0
        assert text in done.out
        assert "by what is shown" in done.out
    found = json.loads(run("--unit", "3,2", "--digit", "1", "--json").out)
    X, y = load_digits()
    expected = closed_form.deltas(left_by_train.theta, X[y == 1], one_hot(y, 10)[y == 1])[3][:, 1]
    np.testing.assert_allclose(found["delta"], expected, rtol=1e-10)
    assert found["examples"] == 182
    assert found["parts"] == {}  # all show the same


def test_where_nothing_was_trained_a_network_is_trained_quickly(run: Run) -> None:
    done = run("--weight", "2,4,7")
    assert done.status == 0
    assert "64-25-10; logistic cost, λ = 0.1; trained for 20 epochs, quickly" in done.out
    assert list(Path().iterdir()) == []


def test_examples_of_ones_own(run: Run) -> None:
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, (40, 3))
    np.savez("mine.npz", X=X, y=(X[:, 0] > 0).astype(int))
    done = run("--data", "mine.npz")
    assert done.status == 0
    assert "3-25-2" in done.out
    assert "input 1\n" not in done.out  # three features are no picture, so no row and column
    assert "row" not in done.out
    save_weights("one.npz", ag.nn.Network([3, 2, 1]), cost="quadratic")
    done = run("--data", "mine.npz", "--weights", "one.npz", "--unit", "3,1")
    assert "quadratic cost" in done.out
    assert "nothing cancels: δ = (a − y) × g'(z)" in done.out


@pytest.mark.parametrize(
    "net",
    [
        ag.nn.Network([64, 5, 4, 10], ["relu", "tanh"], "softmax"),
        ag.nn.Network([64, 10], output="identity"),
        ag.nn.Network([64, 5, 10], dtype=np.float32),
    ],
    ids=repr,
)
def test_other_networks(run: Run, net: ag.nn.Network) -> None:
    save_weights("net.npz", net)
    for asked in (["--weight", "1,1,30"], ["--unit", f"{len(net.sizes)},1"], []):
        done = run("--weights", "net.npz", *asked)
        assert (done.status, done.err) == (0, "")


def test_a_page(run: Run, left_by_train: ag.nn.Network) -> None:
    done = run("--unit", "2,1", "--out", "sub/图.html")
    assert "Saved       sub/图.html" in done.out
    page = Path("sub/图.html").read_text("utf-8")
    tags: list[str] = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attrs: tags.append(tag)  # type: ignore[method-assign]
    parser.feed(page)
    assert {"html", "title", "table"} <= {*tags}
    assert not {"script", "link", "img"} & {*tags}


def test_parts_that_do_not_make_the_whole_are_status_1(
    run: Run, left_by_train: ag.nn.Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subcommand, "tolerance", lambda *_: -1.0)
    done = run("--weight", "1,1,1")
    assert done.status == 1
    assert "do not add up to the gradient" in done.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--weight", "1,2"], "'1,2' names no weight; write --weight l,i,j, such as 1,2,3"),
        (["--weight", "a,b,c"], "names no weight"),
        (["--weight=-1,1,1"], "names no weight"),
        (["--unit", "1,2,3"], "'1,2,3' names no unit; write --unit l,i, such as 1,2"),
        (["--unit", "1,1", "--weight", "1,1,1"], "not allowed with"),
        (["--weight", "3,1,1"], "l is 1 to 2"),
        (["--weight", "1,1,65"], "j 1 to 64"),
        (["--unit", "2,7"], "layer 2 has units 1 to 6"),
        (["--digit", "10"], "--digit 10: no example shows it; labels are 0 to 9"),
        (["--weights", "no.npz"], "no.npz: No such file"),
        (["--data", "no.npz"], "no.npz: No such file"),
        (["--lam", "-1"], "give a number 0 or more"),
        (["--out", "autograd-mini-train/weights.npz/x.html"], "give another folder"),
    ],
)
def test_wrong_use_is_one_clear_line(
    run: Run, left_by_train: ag.nn.Network, arguments: list[str], message: str
) -> None:
    refused(run(*arguments), message)


def test_a_network_for_other_examples(run: Run) -> None:
    save_weights("net.npz", ag.nn.Network([5, 3, 2]))
    refused(run("--weights", "net.npz"), "takes 5 features and tells 2 classes apart; the digits")
    np.savez("mine.npz", X=np.zeros((4, 5)), y=[0, 1, 2, 0])
    refused(run("--weights", "net.npz", "--data", "mine.npz"), "mine.npz has 5 features and labels")


@pytest.mark.parametrize("encoding", ["utf-8", "cp936", "cp1252", "ascii"])
def test_any_terminal(tmp_path: Path, left_by_train: ag.nn.Network, encoding: str) -> None:
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        [sys.executable, "-m", "autograd_mini", "explain", "--weight", "2,1,1"],
        capture_output=True,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path, "PYTHONIOENCODING": encoding},
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    text = done.stdout.decode(encoding)
    assert "?" not in text
    assert "\\u" not in text  # every sign of the note has a spelling
    assert "z3[" in text


def test_the_graph_is_drawn_with_its_ways_lit(run: Callable[..., Done]) -> None:
    save_weights("w.npz", ag.nn.Network([64, 5, 10], seed=0))
    given = ["--weights", "w.npz", "--digit", "3"]
    done = run(
        *given, "--weight", "2,4,1", "--save", "图 1/why.html", "--format", "svg,txt", "--json"
    )
    assert done.status == 0, done.err
    files = json.loads(done.out)["files"]
    assert [Path(file).name for file in files] == ["why.html", "why.svg", "why.txt"]
    page = Path("图 1/why.html").read_text("utf-8")
    assert '"mark":"active"' in page
    assert "local derivatives" in page
    assert LIT in Path("图 1/why.svg").read_text("utf-8")
    done = run(*given, "--unit", "2,1", "--format", "svg", "--theme", "dark", "--out", "text.html")
    assert "explanation.svg" in done.out
    assert DARK[LIT] in Path("explanation.svg").read_text("utf-8")
    assert "Traceback" not in Path("text.html").read_text("utf-8")
    assert not Path("explanation.html").exists()
    done = run(*given, "--save", "why.doc")
    assert done.status == 2
    assert "can not draw into 'why.doc': end it in" in done.err
