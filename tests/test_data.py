"""The embedded digits, splits, truth tables, users' files, weights on disk, whole files or none."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import pickle
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from autograd_mini import data
from autograd_mini.data.digits import DIGITS
from autograd_mini.nn import gates

posix = pytest.mark.skipif(os.name == "nt", reason="pipes, links and modes are POSIX")

# -- digits


def test_the_digits_are_those_published() -> None:
    X, y = data.load_digits()
    assert X.shape == (1797, 64)
    assert X.dtype == np.float64
    assert y.dtype == np.int64
    assert np.bincount(y).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    pixels = (X * 16).astype(np.uint8)
    assert np.array_equal(pixels, X * 16)
    assert (pixels.min(), pixels.max()) == (0, 16)
    # Of scikit-learn's digits.csv.gz, images and labels in its order.
    digest = hashlib.sha256(pixels.tobytes() + y.astype(np.uint8).tobytes()).hexdigest()
    assert digest == "87ff0c9e40dc7e2c0e34e7257799c2e3f3aec1a016363bb11cad869ec428a826"


def test_the_first_digit_is_a_zero_to_look_at() -> None:
    X, y = data.load_digits()
    dark = X[0].reshape(8, 8) > 0.3
    assert y[0] == 0
    assert ["".join("#" if ink else "." for ink in row) for row in dark.tolist()] == [
        "..###...",
        "..#####.",
        "..#..##.",
        "..#..##.",
        ".##..##.",
        "..#..##.",
        "..####..",
        "..###...",
    ]


def test_the_digits_come_in_float32_too() -> None:
    X, _ = data.load_digits(np.float32)
    assert X.dtype == np.float32
    assert np.array_equal(X, data.load_digits()[0])


def test_the_digits_file_is_small_and_attributed() -> None:
    assert DIGITS.stat().st_size <= 60_000
    licence = DIGITS.with_name("LICENSE-digits.txt").read_text("utf-8")
    for words in ("CC BY 4.0", "Alpaydin", "UCI Machine Learning Repository", "C50P49"):
        assert words in licence
        assert words in " ".join((data.load_digits.__doc__ or "").split())


# -- split


@given(
    labels=st.lists(st.integers(0, 4), min_size=5, max_size=80).filter(
        lambda given: max(map(given.count, given)) >= 5
    ),
    test=st.sampled_from([0.1, 0.2, 0.5, 0.9]),
    seed=st.integers(0, 99),
)
def test_split_keeps_the_same_share_of_every_class(
    labels: list[int], test: float, seed: int
) -> None:
    y = np.array(labels)
    X = np.arange(len(y))[:, np.newaxis]
    if all(round(test * labels.count(label)) == 0 for label in labels):
        return
    X_train, X_test, y_train, y_test = data.split(X, y, test=test, seed=seed)
    assert sorted([*X_train[:, 0], *X_test[:, 0]]) == [*range(len(y))]
    assert np.array_equal(y[X_train[:, 0]], y_train)
    assert np.array_equal(y[X_test[:, 0]], y_test)
    assert np.all(np.diff(X_train[:, 0]) > 0)
    for label in set(labels):
        count = labels.count(label)
        assert np.count_nonzero(y_test == label) == min(round(test * count), count - 1)


def test_split_is_seeded() -> None:
    X, y = data.load_digits()
    one, again, other = (data.split(X, y, seed=seed) for seed in (3, 3, 4))
    assert all(map(np.array_equal, one, again))
    assert not np.array_equal(one[3], other[3])
    assert (len(one[2]), len(one[3])) == (1438, 359)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.zeros((3, 1)), np.zeros(4)), "X has 3 examples and y 4 labels"),
        ((np.zeros((3, 1)), np.arange(3)), "leaves none for testing"),
        ((np.zeros((3, 1)), np.zeros(3), 1.5), "test=1.5 is no share"),
    ],
)
def test_split_refuses(arguments: Any, message: str) -> None:
    X, y, *test = arguments
    with pytest.raises(ValueError, match=message):
        data.split(X, y, test=test[0] if test else 0.2)


def test_one_hot() -> None:
    rows = data.one_hot(np.array([2, 0, 1]), 3, np.float32)
    assert rows.dtype == np.float32
    assert rows.tolist() == [[0, 0, 1], [1, 0, 0], [0, 1, 0]]
    for wrong in ([3], [-1], [0.5], [np.nan]):
        with pytest.raises(ValueError, match="out of range: give 0 to 2"):
            data.one_hot(np.array(wrong), 3)


# -- truth tables


@pytest.mark.parametrize(
    ("gate", "expression"),
    [
        ("copy", "a"), ("not", "not a"), ("and", "a and b"), ("or", "a or b"),
        ("nand", "not (a and b)"), ("nor", "not (a or b)"), ("xor", "a xor b"),
        ("xnor", "a xnor b"), ("implies", "a implies b"),
    ],
)  # fmt: skip
def test_truth_tables_agree_with_the_gates(gate: str, expression: str) -> None:
    X, y = data.logic_table(gate)
    inputs, h = gates.truth_table(gates.from_expression(expression))
    assert np.array_equal(X, inputs)
    assert np.array_equal(y, h[:, 0].round())


def test_an_unknown_gate_is_named() -> None:
    with pytest.raises(ValueError, match="no truth table for 'maybe'; there are copy, not, and"):
        data.logic_table("maybe")


# -- whole files or none


def test_write_replaces_text_and_bytes(tmp_path: Path) -> None:
    path = tmp_path / "图 1.txt"
    assert data.write(path, "δ\n") == path
    assert path.read_bytes() == "δ\n".encode()
    data.write(path, b"\x00\r\n")
    assert path.read_bytes() == b"\x00\r\n"
    assert [*tmp_path.iterdir()] == [path]


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "full"), KeyboardInterrupt()])
def test_a_write_that_fails_leaves_the_old_file_and_nothing_beside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    path = tmp_path / "file"
    path.write_text("old")

    def fail(descriptor: int) -> None:
        raise error

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(type(error)):
        data.write(path, "new and longer")
    assert path.read_text() == "old"
    assert [*tmp_path.iterdir()] == [path]


@posix
def test_write_keeps_permissions_and_follows_links(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("old")
    target.chmod(0o640)
    link.symlink_to(target)
    data.write(link, "new")
    assert link.is_symlink()
    assert target.read_text() == "new"
    assert target.stat().st_mode & 0o777 == 0o640


def test_write_needs_a_folder(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"No such file or directory: .*missing'$"):
        data.write(tmp_path / "missing" / "file", "text")
    (tmp_path / "plain").write_text("")
    with pytest.raises(NotADirectoryError):
        data.write(tmp_path / "plain" / "file", "text")


def test_a_killed_writer_leaves_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    program = (
        "import itertools, sys\n"
        "from autograd_mini.data.files import write\n"
        "for letter in itertools.cycle('ab'):\n"
        "    write(sys.argv[1], letter * 3_000_000)\n"
        "    print(flush=True)\n"
    )
    for delay in (0.0, 0.003, 0.01):
        writer = subprocess.Popen(
            [sys.executable, "-c", program, str(path)],
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parent.parent,
        )
        assert writer.stdout is not None
        with writer.stdout:
            assert writer.stdout.readline() == b"\n"
            time.sleep(delay)
            writer.kill()
            writer.wait()
        assert path.read_text() in ("a" * 3_000_000, "b" * 3_000_000)


# -- npz files from elsewhere


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("npz") / "file.npz"


@given(
    array=hnp.arrays(
        st.sampled_from(["f8", "f4", "i8", "u1", "?", ">f8", "c16", "U3"]),
        hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
    ),
    fortran=st.booleans(),
)
def test_arrays_come_back_as_they_were(
    scratch: Path, array: np.ndarray[Any, Any], fortran: bool
) -> None:
    array = np.asarray(array, order="F" if fortran else "C")
    packed = data.npz_bytes({"array": array}, note="δ")
    assert packed == data.npz_bytes({"array": array}, note="δ")
    scratch.write_bytes(packed)
    found = data.load_npz(scratch)
    assert sorted(found) == ["array", "note"]
    assert str(found["note"]) == "δ"
    assert (found["array"].dtype, found["array"].shape) == (array.dtype, array.shape)
    assert found["array"].tobytes() == array.tobytes()
    found["array"][...] = 0  # the caller's own


PACKED = data.npz_bytes({"theta1": np.arange(6.0).reshape(2, 3), "y": np.array([1, 2])}, m="{}")


@given(cut=st.integers(0, len(PACKED) - 1))
def test_a_truncated_file_is_one_clear_line(scratch: Path, cut: int) -> None:
    scratch.write_bytes(PACKED[:cut])
    with pytest.raises(ValueError, match="truncated, damaged or no npz file") as caught:
        data.load_npz(scratch)
    assert "\n" not in str(caught.value)
    assert repr(str(scratch)) in str(caught.value)


@given(changes=st.dictionaries(st.integers(0, len(PACKED) - 1), st.integers(0, 255), max_size=9))
def test_a_damaged_file_is_refused_or_read_and_nothing_else(
    scratch: Path, changes: dict[int, int]
) -> None:
    damaged = bytearray(PACKED)
    for place, value in changes.items():
        damaged[place] = value
    scratch.write_bytes(damaged)
    try:
        found = data.load_npz(scratch)
    except ValueError as error:
        assert repr(str(scratch)) in str(error)  # noqa: PT017 - either outcome is right
    else:
        assert all(isinstance(array, np.ndarray) for array in found.values())


def test_a_damaged_name_does_not_fill_the_message(scratch: Path) -> None:
    damaged = bytearray(PACKED)
    damaged[27] ^= 0xFF  # zipfile repeats a name of this length, 65,000 bytes
    scratch.write_bytes(damaged)
    with pytest.raises(ValueError, match="truncated, damaged or no npz file") as caught:
        data.load_npz(scratch)
    assert len(str(caught.value)) < 400 + len(str(scratch))


def archive(**members: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(f"{name}.npy", content)
    return packed.getvalue()


def npy(header: str, content: bytes = b"") -> bytes:
    text = header.encode("latin1")
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + content


HEADER = "{{'descr': {}, 'fortran_order': False, 'shape': {}, }}\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no npz file"),
        (b"PK\x05\x06 nonsense", "no npz file"),
        (archive(a=b"not an array"), "a.npy is no array"),
        (archive(a=npy(HEADER.format("'<f8'", "(10**15,)"))), "a.npy is no array"),
        (archive(a=npy(HEADER.format("'<f8'", "(1000000000000000,)"))), "declares shape"),
        (archive(a=npy(HEADER.format("'<f8'", "(-1, -1)"), b"8 bytes!")), "declares shape"),
        (archive(a=npy(HEADER.format("'<f8'", "(2,)"), b"8 bytes!")), "has 8 bytes"),
        (archive(a=npy(HEADER.format("'<U0'", "(1000000000000,)"))), "declares shape"),
        (archive(a=npy(HEADER.format("'|O'", "(1,)"), b"payload")), "only a pickle could load"),
        (archive(a=npy("(" * 9_000)), "a.npy is no array"),
    ],
)
def test_forged_files_are_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "forged.npz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        data.load_npz(path)


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "bomb.npz"
    zeros = np.zeros(5_000_000, np.uint8)
    data.write(path, data.npz_bytes({"zeros": zeros}))
    assert path.stat().st_size < 10_000
    with pytest.raises(ValueError, match=r"declare 5,000,128 bytes, more than 10,000,"):
        data.load_npz(path, largest=10_000)
    assert np.array_equal(data.load_npz(path)["zeros"], zeros)


def test_a_pickle_is_not_run(tmp_path: Path) -> None:
    class Harm:
        def __reduce__(self) -> tuple[Any, ...]:
            return os.mkdir, (str(tmp_path / "harm"),)

    path = tmp_path / "pickled.npz"
    np.savez(path, X=np.array([Harm()], dtype=object))
    with pytest.raises(ValueError, match="only a pickle could load"):
        data.load_npz(path)
    path.write_bytes(pickle.dumps(Harm()))
    with pytest.raises(ValueError, match="no npz file"):
        data.load_npz(path)
    assert not (tmp_path / "harm").exists()
    with pytest.raises(ValueError, match="holds Python objects"):
        data.npz_bytes({"X": np.array([Harm()], dtype=object)})


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        data.load_npz(tmp_path / "missing.npz")
    with pytest.raises(ValueError, match="is a folder"):
        data.load_npz(tmp_path)


@posix
def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(ValueError, match="is a device"):
        data.load_npz(pipe)


# -- a user's own examples


def test_examples_are_read_as_a_network_takes_them(tmp_path: Path) -> None:
    path = tmp_path / "mine.npz"
    np.savez(path, X=np.arange(24, dtype=np.uint8).reshape(3, 2, 4), y=np.array([0.0, 2.0, 1.0]))
    X, y = data.load_examples(path)
    assert (X.shape, X.dtype, y.dtype) == ((3, 8), np.float64, np.int64)
    assert X[2].tolist() == [16, 17, 18, 19, 20, 21, 22, 23]
    assert y.tolist() == [0, 2, 1]


def test_missing_arrays_are_named(tmp_path: Path) -> None:
    np.savez(tmp_path / "mine.npz", x=np.zeros((2, 2)), y=np.zeros(2))
    with pytest.raises(ValueError, match=r"has no array X \(it holds x, y\); write it with"):
        data.load_examples(tmp_path / "mine.npz")
    np.savez(tmp_path / "empty.npz")
    with pytest.raises(ValueError, match=r"no array X and no y \(it holds nothing\)"):
        data.load_examples(tmp_path / "empty.npz")


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        (np.zeros(3), np.zeros(3), r"X has shape \(3,\); give \(examples, features\)"),
        (np.zeros((0, 3)), np.zeros(0), "X is empty"),
        (np.zeros((3, 0)), np.zeros(3), "X is empty"),
        (np.array([["a"]]), np.zeros(1), "X holds <U1; give real numbers"),
        (np.ones((1, 1), complex), np.zeros(1), "X holds complex128; give real numbers"),
        (
            np.array([[0, np.inf], [np.nan, 0]]),
            np.zeros(2),
            r"inf in row 0, column 1 \(2 such values",
        ),
        (np.zeros((3, 2)), np.zeros(2), r"y has shape \(2,\) beside 3 examples"),
        (np.zeros((3, 2)), np.zeros((3, 1)), r"y has shape \(3, 1\)"),
        (np.zeros((1, 2)), np.array(["1"]), "y holds <U1; give whole numbers"),
        (np.zeros((1, 2)), np.array([0.5]), "y holds 0.5, which is no label"),
        (np.zeros((1, 2)), np.array([np.nan]), "y holds nan, which is no label"),
        (np.zeros((2, 2)), np.array([0, -1]), "label -1 of example 1 is out of range; give whole"),
        (np.zeros((2, 2)), np.array([3, 0]), "label 3 of example 0 .* give 0 to 2 for 3 outputs"),
        (np.zeros((1, 2)), np.array([2**40]), "out of range"),
        (np.zeros((1, 2)), np.array([1e300]), "out of range"),
    ],
)
def test_bad_examples_are_refused(X: Any, y: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        data.check_examples(X, y, 3 if "3 outputs" in message else None)
