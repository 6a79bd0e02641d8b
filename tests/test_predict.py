"""`autograd-mini predict`: pictures brought to the form of training, and what it refuses."""

from __future__ import annotations

import json
import re
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import autograd_mini as ag
from autograd_mini import data
from autograd_mini.cli import main
from autograd_mini.data.handwriting import as_trained, averages, box, facts
from autograd_mini.data.pictures import read_grey
from autograd_mini.data.preparation import Preparation
from autograd_mini.nn import Network

X, Y = data.load_digits()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained network, weights.npz, as `train` leaves one."""
    folder = tmp_path_factory.mktemp("predict")
    net = Network([64, 25, 10], seed=0)
    ag.fit(net, X, Y, optimizer="momentum", lam=0.1, epochs=15, progress=False)
    data.save_model(folder / "weights.npz", data.Model(net, {"inputs": facts(X)}))
    return folder


def enlarged(example: Any, times: int = 12, margin: int = 40) -> Any:
    """A digit as a picture: dark ink on white paper, with a margin."""
    return 1 - np.pad(np.kron(example.reshape(8, 8), np.ones((times, times))), margin)


def save(path: Path, grey: Any) -> Path:
    Image.fromarray(np.round(255 * grey).astype(np.uint8)).save(path)
    return path


def predict(capsys: pytest.CaptureFixture[str], *arguments: Any) -> Any:
    assert main(["predict", *map(str, arguments), "--json"]) == 0
    return json.loads(capsys.readouterr().out)["predictions"]


def refused(capsys: pytest.CaptureFixture[str], message: str, *arguments: Any) -> None:
    assert main(["predict", *map(str, arguments)]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("\n") == 1
    assert told.err.startswith("autograd-mini predict: error: ")
    assert message in told.err


# -- what is said


def test_enlarged_digits_are_taken_for_what_the_digits_are(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Cut out of their margin, shrunk and centred, they are the examples they came from."""
    paths = [save(folder / f"d{k}.png", enlarged(X[k])) for k in range(60)]
    found = predict(capsys, folder / "weights.npz", *paths)
    net, _ = data.load_weights(folder / "weights.npz")
    right = net(X[:60]).detach().numpy().argmax(axis=1)
    assert [each["image"] for each in found] == [*map(str, paths)]
    assert np.mean([each["class"] for each in found] == right) >= 0.9
    assert np.mean([each["class"] for each in found] == Y[:60]) >= 0.9


def test_a_picture_of_the_size_of_training_is_taken_as_it_is(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    levels = np.round(255 * X[5]).reshape(8, 8)
    net, _ = data.load_weights(folder / "weights.npz")
    expected = net(levels.reshape(1, -1) / 255).detach().numpy()[0]
    Image.fromarray(levels.astype(np.uint8)).save(folder / "dark.png")
    Image.fromarray((255 - levels).astype(np.uint8)).save(folder / "bright.png")
    for name, invert in (("dark", "no"), ("bright", "yes")):
        path = folder / f"{name}.png"
        (found,) = predict(capsys, folder / "weights.npz", path, "--invert", invert)
        np.testing.assert_allclose(found["probabilities"], expected, rtol=0, atol=1e-12)
        assert found["probability"] == max(found["probabilities"])
        assert found["class"] == int(expected.argmax())


def test_arrays_are_features_a_row_an_example(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    net, _ = data.load_weights(folder / "weights.npz")
    expected = net(X[:3]).detach().numpy()
    np.save(folder / "three.npy", X[:3])
    np.save(folder / "images.npy", X[:3].reshape(3, 8, 8))
    np.savez(folder / "three.npz", X=X[:3], y=Y[:3])
    np.savetxt(folder / "three.csv", X[:3], delimiter=",")
    for name in ("three.npy", "images.npy", "three.npz", "three.csv"):
        found = predict(capsys, folder / "weights.npz", folder / name)
        assert [each["image"] for each in found] == [f"{folder / name}[{k}]" for k in range(3)]
        assert [each["probabilities"] for each in found] == expected.tolist()
    for one in (X[0], X[0].reshape(8, 8), X[:1]):
        np.save(folder / "one.npy", one)
        (found,) = predict(capsys, folder / "weights.npz", folder / "one.npy")
        assert found["image"] == str(folder / "one.npy")
        assert found["probabilities"] == pytest.approx(expected[0], rel=1e-12)


def test_the_table_says_classes_and_probabilities(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.save(folder / "two.npy", X[:2])
    assert main(["predict", str(folder / "weights.npz"), str(folder / "two.npy")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("Network     64-25-10 from ")
    assert lines[1].split() == ["class", "probability", "then"]
    pattern = r".*two\.npy\[0\] +0 +(0\.9\d|1\.00)  \d 0\.\d\d, \d 0\.\d\d"
    assert re.fullmatch(pattern, lines[2])
    assert (
        main(["predict", str(folder / "weights.npz"), str(folder / "two.npy"), "--top", "1"]) == 0
    )
    assert re.fullmatch(r".*\[1\] +1 +(0\.9\d|1\.00)", capsys.readouterr().out.splitlines()[3])


def test_one_unit_tells_two_classes_apart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = data.save_weights(tmp_path / "and.npz", ag.nn.gates.AND)
    np.save(tmp_path / "x.npy", [[1.0, 1.0], [0.0, 1.0]])
    found = predict(capsys, path, tmp_path / "x.npy")
    assert [each["class"] for each in found] == [1, 0]
    assert all(each["probability"] > 0.99 and len(each["probabilities"]) == 2 for each in found)


def test_what_training_did_to_its_examples_is_done_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Cut to the middle, multiplied to their ink, and standardised."""
    wide = 16 * np.pad(X[:40].reshape(-1, 8, 8), ((0, 0), (2, 2), (2, 2))).reshape(40, 144)
    cut = data.crop(wide, 8)
    prepared = Preparation(12, 8, 16.0).fitted(cut)
    net = Network([64, 10], seed=3)
    model = prepared.into(data.Model(net, {"inputs": facts(cut)}))
    path = data.save_model(tmp_path / "w.npz", model)
    expected = net(prepared(wide)).detach().numpy()
    np.save(tmp_path / "wide.npy", wide)
    found = predict(capsys, path, tmp_path / "wide.npy")
    np.testing.assert_allclose([f["probabilities"] for f in found], expected, rtol=1e-12)
    save(tmp_path / "d.png", enlarged(X[0]))
    (picture,) = predict(capsys, path, tmp_path / "d.png")
    same = as_trained(read_grey(tmp_path / "d.png"), 8, facts(cut)["fill"]).reshape(1, -1) * 16
    assert picture["probabilities"] == net(prepared(same)).detach().numpy()[0].tolist()


# -- what is refused


def test_what_does_not_fit_is_one_clear_line(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = folder / "weights.npz"
    np.save(tmp_path / "wrong.npy", np.zeros((2, 5)))
    refused(capsys, "wrong.npy' has 5 features an example; this network takes 64",
            weights, tmp_path / "wrong.npy")  # fmt: skip
    np.save(tmp_path / "grey.npy", 255 * X[:2])
    refused(capsys, "holds values from 0 to 255, the network was trained on 0 to 1",
            weights, tmp_path / "grey.npy")  # fmt: skip
    np.save(tmp_path / "nan.npy", np.full((1, 64), np.nan))
    refused(capsys, "holds something but finite numbers", weights, tmp_path / "nan.npy")
    np.save(tmp_path / "objects.npy", np.array([{}]), allow_pickle=True)
    refused(capsys, "holds Python objects", weights, tmp_path / "objects.npy")
    (tmp_path / "ragged.csv").write_text("1,2\n3\n")
    refused(capsys, "line 2: has 1 column, the first line 2", weights, tmp_path / "ragged.csv")
    (tmp_path / "text.csv").write_text("a,b\n")
    refused(capsys, "has a line of names and no examples below it", weights, tmp_path / "text.csv")
    np.savez(tmp_path / "other.npz", a=X[:1], b=X[:1])
    refused(capsys, "has no array X (it holds a, b)", weights, tmp_path / "other.npz")
    refused(capsys, "No such file", weights, tmp_path / "none.png")
    refused(capsys, "is a folder; give a picture", weights, tmp_path)
    (tmp_path / "notes.png").write_text("no picture")
    refused(capsys, "is truncated, damaged or no picture", weights, tmp_path / "notes.png")
    refused(capsys, "every pixel has the same colour", weights,
            save(tmp_path / "blank.png", np.ones((20, 20))))  # fmt: skip
    refused(capsys, "No such file", tmp_path / "none.npz", tmp_path / "d.png")
    good = save(tmp_path / "good.png", enlarged(X[0]))
    refused(capsys, "none.png", weights, good, tmp_path / "none.png")  # nothing is printed before


def test_models_that_tell_no_classes_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.save(tmp_path / "x.npy", np.zeros((1, 2)))
    path = data.save_weights(tmp_path / "w.npz", Network([2, 3], output="identity"))
    refused(capsys, "identity outputs tell no classes", path, tmp_path / "x.npy")
    net = Network([2, 3])
    ag.fit(net, X[:30, :2], Y[:30] % 3, epochs=0, checkpoint=tmp_path / "c.npz", progress=False)
    refused(capsys, "--resume --epochs 0 makes a weights.npz", tmp_path / "c.npz",
            tmp_path / "x.npy")  # fmt: skip
    path = data.save_weights(tmp_path / "w.npz", net, inputs={"side": 8, "fill": "much"})
    refused(capsys, "was not trained on square images; give arrays of 2 features", path,
            save(tmp_path / "d.png", enlarged(X[0])))  # fmt: skip


def test_without_pillow_the_cure_is_named_and_pgm_is_read(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    save(folder / "d.png", enlarged(X[3]))
    Image.open(folder / "d.png").save(folder / "d.ppm")  # Pillow writes grey as P5
    (first,) = predict(capsys, folder / "weights.npz", folder / "d.png")
    monkeypatch.setitem(sys.modules, "PIL", None)
    refused(capsys, 'pip install "autograd-mini[images]"', folder / "weights.npz", folder / "d.png")
    (second,) = predict(capsys, folder / "weights.npz", folder / "d.ppm")
    assert second["probabilities"] == first["probabilities"]


def test_pillow_is_loaded_for_a_picture_only(folder: Path) -> None:
    np.save(folder / "one.npy", X[0])
    program = (
        "import sys; from autograd_mini.cli import main; main(sys.argv[1:]); "
        "print('PIL' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "predict", folder / "weights.npz", folder / "one.npy"],
        capture_output=True, text=True, check=True, cwd=Path(__file__).parent.parent,
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == "False"


# -- pictures of every kind


GREY = np.linspace(0, 1, 24).reshape(4, 6)


@pytest.mark.parametrize(
    ("suffix", "mode"),
    [
        *(("png", mode) for mode in ("L", "RGB", "RGBA", "P", "LA", "I;16", "1")),
        *(("tiff", mode) for mode in ("L", "RGB", "RGBA", "P", "LA", "I;16", "1", "CMYK")),
        *(("bmp", mode) for mode in ("L", "RGB", "1")), *(("gif", mode) for mode in ("L", "P")),
    ],
)  # fmt: skip
def test_pictures_of_every_kind_become_grey(tmp_path: Path, mode: str, suffix: str) -> None:
    if mode == "I;16":
        image = Image.fromarray(np.round(65535 * GREY).astype(np.uint16))
    else:
        image = Image.fromarray(np.round(255 * GREY).astype(np.uint8)).convert(mode)
    path = tmp_path / f"picture.{suffix}"
    image.save(path)
    found = read_grey(path)
    expected = np.asarray(image.convert("L")) / 255 if mode == "1" else GREY
    assert found.shape == (4, 6)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1 if mode == "1" else 0.02)


def test_what_is_transparent_is_paper(tmp_path: Path) -> None:
    image = Image.new("RGBA", (3, 2), (0, 0, 0, 0))
    image.putpixel((1, 0), (0, 0, 0, 255))
    image.save(tmp_path / "p.png")
    assert read_grey(tmp_path / "p.png").tolist() == [[1, 0, 1], [1, 1, 1]]


def test_a_cameras_rotation_is_undone(tmp_path: Path) -> None:
    image = Image.fromarray(np.round(255 * GREY).astype(np.uint8))
    exif = image.getexif()
    exif[274] = 6  # to be turned by a quarter
    image.save(tmp_path / "p.png", exif=exif)
    np.testing.assert_allclose(read_grey(tmp_path / "p.png"), np.rot90(GREY, -1), atol=0.01)


def test_a_picture_of_too_many_pixels_is_not_unpacked(tmp_path: Path) -> None:
    def chunk(name: bytes, content: bytes) -> bytes:
        return (struct.pack(">I", len(content)) + name + content
                + struct.pack(">I", zlib.crc32(name + content)))  # fmt: skip

    for side, message in ((10_000, "give a picture of at most"), (65_000, "no picture")):
        header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
        packed = zlib.compress(b"\0" * 10_000)
        (tmp_path / "bomb.png").write_bytes(
            b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed)
            + chunk(b"IEND", b"")
        )  # fmt: skip
        with pytest.raises(ValueError, match=message):
            read_grey(tmp_path / "bomb.png")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"P5", "no width, height and greatest value"),
        (b"P5 2 2", "no width, height"),
        (b"P5 99999 99999 255 ", "declares 99999x99999 pixels"),
        (b"P5 0 2 255 ", "declares 0x2 pixels"),
        (b"P5 2 2 70000 ", "of 0 to 70000; give"),
        (b"P5 2 2 255 abc", "truncated or damaged PGM picture: 3 of 4 pixels"),
        (b"P2 2 2 255 1 2 3", "truncated or damaged PGM picture: 3 of 4 pixels"),
        (b"P2 2 2 255 1 2 3 x", "something but numbers"),
        (b"P2 2 1 3 1 4", "where 3 is the most"),
        (b"P2 2 1 3 1 " + b"9" * 5_000, "something but numbers"),
        (b"P6 2 1 3", "is no PGM picture"),
        (b"P5" + b" " * 100_000, "no width"),
    ],
)
def test_pgm_that_is_none(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "p.pgm").write_bytes(content)
    with pytest.raises(ValueError, match=message):
        read_grey(tmp_path / "p.pgm")


@given(
    most=st.sampled_from([1, 3, 255, 256, 65535]), drawn=st.data(), plain=st.booleans(),
    comment=st.sampled_from(["", "# δ\n", "\n#\n"]),
)  # fmt: skip
def test_pgm_comes_back(
    tmp_path_factory: pytest.TempPathFactory, most: int, drawn: st.DataObject, plain: bool,
    comment: str,
) -> None:  # fmt: skip
    height, width = drawn.draw(st.integers(1, 4)), drawn.draw(st.integers(1, 4))
    levels = drawn.draw(st.lists(st.integers(0, most), min_size=height * width,
                                 max_size=height * width))  # fmt: skip
    header = f"P{2 if plain else 5}\n{comment}{width} {height}\n{most}\n".encode()
    size = 1 if most < 256 else 2
    body = (
        " ".join(map(str, levels)).encode() if plain
        else b"".join(level.to_bytes(size, "big") for level in levels)
    )  # fmt: skip
    path = tmp_path_factory.getbasetemp() / "p.pgm"
    path.write_bytes(header + body)
    assert read_grey(path).ravel().tolist() == [level / most for level in levels]


@given(drawn=st.data())
def test_damaged_pictures_are_refused_or_read(folder: Path, drawn: st.DataObject) -> None:
    """Whatever the bytes: grey levels from 0 to 1, or one line."""
    whole = save(folder / "whole.png", enlarged(X[0], 2, 3)).read_bytes()
    content = bytearray(whole)
    for _ in range(drawn.draw(st.integers(1, 4))):
        content[drawn.draw(st.integers(0, len(content) - 1))] = drawn.draw(st.integers(0, 255))
    path = folder / "damaged.png"
    path.write_bytes(content[: drawn.draw(st.integers(0, len(content)))])
    told = ""
    try:
        grey = read_grey(path)
    except ValueError as error:
        grey, told = np.zeros((1, 1)), str(error)
    assert "\n" not in told
    assert 0 <= grey.min() <= grey.max() <= 1


# -- handwriting


@given(
    pixels=st.integers(1, 40), parts=st.integers(1, 40), start=st.floats(-20, 30),
    length=st.floats(0.5, 60),
)  # fmt: skip
def test_averages_are_averages(pixels: int, parts: int, start: float, length: float) -> None:
    """Those of a line drawn finer: every part is the mean over it, and outside is 0."""
    line = np.cos(np.arange(pixels))
    shares = averages(pixels, start, length, parts)
    whole = np.concatenate([[0], np.cumsum(line)])  # the integral of the line, at whole numbers
    edges = np.clip(start + np.arange(parts + 1) * (length / parts), 0, pixels)
    integral = np.interp(edges, np.arange(pixels + 1), whole)
    np.testing.assert_allclose(shares @ line, np.diff(integral) * parts / length, rtol=0, atol=1e-9)


@given(
    top=st.integers(0, 30), left=st.integers(0, 30), paper=st.floats(0.55, 1),
    times=st.integers(1, 5),
)  # fmt: skip
def test_place_size_and_paper_do_not_matter(top: int, left: int, paper: float, times: int) -> None:
    ink = np.zeros((12, 12))
    ink[1:-1, 3:5], ink[4:6, 1:-1] = 1.0, 0.5
    page = np.pad(np.kron(ink, np.ones((times, times))), ((top + 20, 30), (left + 20, 25)))
    expected = as_trained(np.pad(ink, 5), 8, 0.5, invert=False)
    found = as_trained(paper * (1 - page), 8, 0.5)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)
    assert box(found) == ((2, 6), (2, 6))  # in the middle, half as long as the square


def test_facts_of_training_examples() -> None:
    assert facts(X) == {"low": 0.0, "high": 1.0, "side": 8, "fill": 1.0}
    padded = np.pad(X[:50].reshape(-1, 8, 8), ((0, 0), (4, 4), (4, 4))).reshape(50, 256)
    assert facts(16 * padded) == {"low": 0.0, "high": 16.0, "side": 16, "fill": 0.5}
    assert facts(X[:, :63]) == {"low": 0.0, "high": 1.0}
    assert facts(X - 0.5) == {"low": -0.5, "high": 0.5}
    assert facts(X - 0.1) == {"low": -0.1, "high": 0.9, "side": 8, "fill": 1.0}  # smoothed
    assert facts(np.zeros((2, 16)))["fill"] == 1.0
