"""Files that are damaged, forged, or made to fill a machine: one line, and nothing is run."""

from __future__ import annotations

import gzip
import io
import os
import struct
import time
import tracemalloc
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.io import savemat

from autograd_mini import data
from autograd_mini.data import idx as idx_module
from autograd_mini.data import streams
from tests.test_readers import idx, write_pair

MB = 2**20
RNG = np.random.default_rng(2)
X = RNG.integers(0, 256, (12, 3, 3)).astype(np.uint8)
Y = RNG.integers(0, 4, 12).astype(np.uint8)


def npz(deflate: bool) -> bytes:
    file = io.BytesIO()
    (np.savez_compressed if deflate else np.savez)(file, X=X / 255, y=Y)
    return file.getvalue()


def mat(deflate: bool) -> bytes:
    file = io.BytesIO()
    savemat(file, {"text": "abc", "X": X.reshape(12, 9) / 255, "y": Y}, do_compression=deflate)
    return file.getvalue()


def csv(header: bool) -> bytes:
    table = np.column_stack([X.reshape(12, 9) / 255, Y])
    lines = [",".join(map(repr, row)) for row in table.tolist()]
    names = [",".join([*"abcdefghi", "label"])]
    return "\n".join(names * header + lines).encode()


FILES = {
    "x-images-idx3-ubyte": idx(X),
    "x-images-idx3-ubyte.gz": gzip.compress(idx(X), mtime=0),
    "f-images-idx2-ubyte": idx(X.reshape(12, 9).astype(np.float32) / 255),
    "stored.npz": npz(False),
    "deflated.npz": npz(True),
    "plain.mat": mat(False),
    "deflated.mat": mat(True),
    "plain.csv": csv(False),
    "names.csv.gz": gzip.compress(csv(True), mtime=0),
    "unnamed": npz(True),
}
# What a checksum guards can not come out as other numbers.
GUARDED = {name for name in FILES if name.endswith((".gz", ".npz")) or name == "unnamed"}
EXTREME = [0, 1, 2**31 - 1, 2**31, 2**32 - 1, 10**9]


@st.composite
def damage(draw: st.DrawFn, content: bytes) -> bytes:
    """Flip bits, cut, insert, repeat, or write an extreme number over a length."""
    changed = bytearray(content)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, max(len(changed) - 1, 0)))
        kind = draw(st.sampled_from(["flip", "cut", "insert", "repeat", "number"]))
        if kind == "flip" and changed:
            changed[at] ^= 1 << draw(st.integers(0, 7))
        elif kind == "cut":
            del changed[at : at + draw(st.sampled_from([1, 7, len(changed)]))]
        elif kind == "insert":
            changed[at:at] = draw(st.binary(min_size=1, max_size=4))
        elif kind == "repeat":
            changed[at:at] = changed[at : at + 64]
        else:
            order = draw(st.sampled_from("<>"))
            changed[at : at + 4] = struct.pack(f"{order}I", draw(st.sampled_from(EXTREME)))
    return bytes(changed)


@contextmanager
def at_most(megabytes: float, seconds: float = 20.0) -> Iterator[None]:
    """Fail when Python takes more memory, or more time, than it may."""
    start = time.perf_counter()
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < megabytes * MB, f"{peak / MB:.1f} MB taken, expected less than {megabytes}"
    assert time.perf_counter() - start < seconds


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with every file, whole; each is read once, so that what readers import is loaded."""
    folder = tmp_path_factory.mktemp("damaged")
    (folder / "x-labels-idx1-ubyte").write_bytes(idx(Y))
    (folder / "f-labels-idx1-ubyte").write_bytes(idx(Y))
    for name, content in FILES.items():
        (folder / name).write_bytes(content)
        found, y = data.load_examples(folder / name)
        np.testing.assert_allclose(found, X.reshape(12, 9) / 255, rtol=1e-6)
        assert np.array_equal(y, Y)
    return folder


@pytest.mark.parametrize("name", FILES)
@given(extra=st.data())
def test_a_damaged_file_is_told_in_one_line_or_is_right(
    folder: Path, name: str, extra: st.DataObject
) -> None:
    content = extra.draw(damage(FILES[name]))
    path = folder / name
    path.write_bytes(content)
    with at_most(4.0):
        try:
            found, y = data.load_examples(path)
        except (ValueError, OSError) as error:
            told = str(error)
            assert "\n" not in told
            assert len(told) < 600 + len(str(path))
            assert str(folder) in told
            return
    assert (found.dtype, y.dtype) == (np.float64, np.int64)
    assert found.ndim == 2
    assert y.shape == (len(found),)
    assert np.isfinite(found).all()
    assert y.min() >= 0
    if name in GUARDED:
        np.testing.assert_allclose(found, X.reshape(12, 9) / 255, rtol=1e-15)
        assert np.array_equal(y, Y)


@pytest.mark.parametrize("name", FILES)
def test_a_truncated_file_is_told_wherever_it_ends(folder: Path, name: str) -> None:
    content, path = FILES[name], folder / name
    for end in range(0, len(content), max(len(content) // 60, 1)):
        path.write_bytes(content[:end])
        last = content[:end].rpartition(b"\n")[2].split(b",")
        if name == "plain.csv" and end and (last == [b""] or (len(last) == 10 and last[-1])):
            continue  # text that ends with a line is whole, as far as anybody can tell
        with pytest.raises(ValueError, match=r".") as caught:
            data.load_examples(path)
        assert "\n" not in str(caught.value)


# -- files made to fill a machine


def packed_zeros(megabytes: int, begin: bytes = b"", piece: bytes = bytes(MB)) -> bytes:
    """The gzip of a beginning and so many megabytes after it."""
    machine = zlib.compressobj(9, zlib.DEFLATED, 31)
    parts = [machine.compress(begin), *(machine.compress(piece) for _ in range(megabytes))]
    return b"".join([*parts, machine.flush()])


def test_a_gzip_bomb_of_images_is_left_at_a_bound(tmp_path: Path) -> None:
    header = b"\0\0\x08\x03" + struct.pack(">3I", 100, 1024, 1024)
    path = write_pair(tmp_path, packed_zeros(100, header), idx(np.zeros(100, np.uint8)))
    assert path.stat().st_size < 120_000
    with at_most(80), pytest.raises(ValueError, match=r"a compression bomb.* the file unpacked"):
        data.load_examples(path)


def test_a_gzip_that_goes_on_after_its_array_is_left_at_once(tmp_path: Path) -> None:
    path = write_pair(tmp_path, packed_zeros(100, idx(X)), idx(Y))
    with at_most(2), pytest.raises(ValueError, match="and has more: damaged"):
        data.load_examples(path)


def test_a_gzip_bomb_of_text_is_left_at_a_bound(tmp_path: Path) -> None:
    path = tmp_path / "bomb.csv.gz"
    path.write_bytes(packed_zeros(40, b"0,0\n", b"0" * MB))
    with at_most(100), pytest.raises(ValueError, match="unpacks to more than 16,777,216"):
        data.load_examples(path)
    path.write_bytes(packed_zeros(40, b"0,0\n", b"\n" * MB))
    with at_most(4), pytest.raises(ValueError, match="the 1,001th empty one"):
        data.load_examples(path)


def test_a_gzip_of_many_members_has_a_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "MOST_MEMBERS", 50)
    (tmp_path / "mine.csv.gz").write_bytes(gzip.compress(b"1,0\n") * 50)
    assert data.load_examples(tmp_path / "mine.csv.gz")[0].tolist() == 50 * [[1]]
    (tmp_path / "mine.csv.gz").write_bytes(gzip.compress(b"1,0\n") * 51)
    with pytest.raises(ValueError, match="has more than 50 gzip members"):
        data.load_examples(tmp_path / "mine.csv.gz")
    (tmp_path / "mine.csv.gz").write_bytes(gzip.compress(b"1,0\n") + bytes(99_999))
    assert data.load_examples(tmp_path / "mine.csv.gz")[0].tolist() == [[1]]
    (tmp_path / "mine.csv.gz").write_bytes(gzip.compress(b"1,0\n") + b"more")
    with pytest.raises(ValueError, match="is a damaged gzip file"):
        data.load_examples(tmp_path / "mine.csv.gz")


def zip_of(method: int, *, declared: int | None = None) -> bytes:
    """An npz whose X unpacks to 64 MB; its directory may say something else."""
    header = (
        b"{'descr': '|u1', 'fortran_order': False, 'shape': (64, 1048576), }".ljust(117) + b"\n"
    )
    member = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + bytes(64 * MB)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.writestr("X.npy", member)
    content = bytearray(file.getvalue())
    if declared is not None:
        directory = content.rfind(b"PK\x01\x02")
        content[directory + 24 : directory + 28] = struct.pack("<I", declared)
        content[22:26] = struct.pack("<I", declared)
    return bytes(content)


@pytest.mark.parametrize(
    ("method", "message"),
    [
        (zipfile.ZIP_DEFLATED, "truncated, damaged or no npz"),
        (zipfile.ZIP_BZIP2, "compressed by method 12, which NumPy does not write"),
        (zipfile.ZIP_LZMA, "compressed by method 14, which NumPy does not write"),
    ],
)
def test_an_archive_that_declares_less_than_it_unpacks_to_is_left(
    tmp_path: Path, method: int, message: str
) -> None:
    (tmp_path / "bomb.npz").write_bytes(zip_of(method, declared=4_000))
    with at_most(3), pytest.raises(ValueError, match=message):
        data.load_examples(tmp_path / "bomb.npz")


def test_an_archive_of_very_many_members_is_not_listed(tmp_path: Path) -> None:
    (tmp_path / "many.npz").write_bytes(b"PK\x01\x02" * 10_001)
    with at_most(1), pytest.raises(ValueError, match="more than 10,000 arrays"):
        data.load_npz(tmp_path / "many.npz")


def test_more_numbers_than_are_taken_are_refused_before_they_are_float64(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from autograd_mini.data import examples

    monkeypatch.setattr(examples, "MOST_VALUES", 8 * MB)
    np.savez_compressed(tmp_path / "mine.npz", X=np.zeros((9, MB), np.uint8), y=np.zeros(9))
    with at_most(20), pytest.raises(ValueError, match="X has 9,437,184 numbers, more than 8,388,"):
        data.load_examples(tmp_path / "mine.npz")


def matrix(
    shape: tuple[int, int], content: bytes, name: bytes = b"X", declared: int | None = None
) -> bytes:
    """A variable of uint8 numbers, whatever its shape says, and whatever length they declare."""
    length = len(content) if declared is None else declared
    head = struct.pack("<IIII", 6, 8, 9, 0) + struct.pack("<II2i", 5, 8, *shape)
    body = head + struct.pack("<II8s", 1, len(name), name) + struct.pack("<II", 2, length)
    return struct.pack("<II", 14, len(body) + len(content)) + body + content


HEADER = b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM"


@pytest.mark.parametrize(
    ("shape", "content", "megabytes", "message"),
    [
        ((2**31 - 1, 2**31 - 1), bytes(64), 1, "more than 1,073,741,824 bytes"),
        ((2**20, 129), bytes(64), 1, "more than 1,073,741,824 bytes"),
        ((1, 1), bytes(64 * MB), 140, r"declares shape \(1, 1\) and has 67,108,864 bytes"),
        ((64, MB), bytes(64), 1, r"declares shape \(64, 1048576\) and has 64 bytes"),
        ((-8, -8), bytes(64), 1, "a variable without its name"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_a_mat_file_that_declares_what_it_has_not_is_refused(
    tmp_path: Path, shape: Any, content: bytes, megabytes: int, message: str, packed: bool
) -> None:
    body = matrix(shape, content)
    if packed:
        squeezed = zlib.compress(body, 9)
        body = struct.pack("<II", 15, len(squeezed)) + squeezed
    (tmp_path / "bomb.mat").write_bytes(HEADER + body)
    with at_most(megabytes), pytest.raises(ValueError, match=message):
        data.load_examples(tmp_path / "bomb.mat")


@pytest.mark.parametrize("packed", [False, True])
def test_numbers_of_a_mat_file_that_declare_more_than_they_have_cost_nothing(
    tmp_path: Path, packed: bool
) -> None:
    body = matrix((64, MB), bytes(64), declared=64 * MB)
    if packed:
        squeezed = zlib.compress(body)
        body = struct.pack("<II", 15, len(squeezed)) + squeezed
    (tmp_path / "bomb.mat").write_bytes(HEADER + body)
    with at_most(1), pytest.raises(ValueError, match=r"shape \(64, 1048576\) and has 64 bytes"):
        data.load_examples(tmp_path / "bomb.mat")


def test_numbers_of_a_mat_file_that_nobody_declared_are_refused(tmp_path: Path) -> None:
    """A complex X whose flag has lost its bit: the imaginary part would be dropped in silence."""
    path = tmp_path / "mine.mat"
    savemat(path, {"X": np.ones((8, 2)) * 1j, "y": Y[:8]})
    content = bytearray(path.read_bytes())
    assert content[128 + 17] & 8
    content[128 + 17] ^= 8
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"variable 'X' declares shape \(8, 2\) and has 128 bytes"):
        data.load_examples(path)


def test_a_variable_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.mat").write_bytes(HEADER + 2 * matrix((1, 8), bytes(8)))
    with pytest.raises(ValueError, match="variable 'X' is there twice; save it once"):
        data.load_examples(tmp_path / "mine.mat")


def test_a_small_element_of_a_mat_file_has_four_bytes_at_most(tmp_path: Path) -> None:
    body = struct.pack("<IIII", 6, 8, 9, 0) + struct.pack("<HH2i", 5, 8, 1, 8) + bytes(64)
    content = HEADER + struct.pack("<II", 14, len(body)) + body
    (tmp_path / "mine.mat").write_bytes(content)
    with pytest.raises(ValueError, match="a small element of more than 4 bytes"):
        data.load_examples(tmp_path / "mine.mat")


def test_a_mat_file_is_never_taken_for_one_of_matlab_4(tmp_path: Path) -> None:
    (tmp_path / "mine.mat").write_bytes(b"\0\0\0\1" + mat(False)[4:])
    found, y = data.load_examples(tmp_path / "mine.mat")
    np.testing.assert_allclose(found, X.reshape(12, 9) / 255)
    assert np.array_equal(y, Y)


def test_a_mat_file_that_unpacks_to_more_than_it_declares_is_left(tmp_path: Path) -> None:
    squeezed = zlib.compress(matrix((8, 8), bytes(64)) + bytes(64 * MB), 9)
    content = HEADER + struct.pack("<II", 15, len(squeezed)) + squeezed
    (tmp_path / "bomb.mat").write_bytes(content)
    with at_most(1), pytest.raises(ValueError, match="a variable is not as long as it declares"):
        data.load_examples(tmp_path / "bomb.mat")


def test_a_mat_file_of_very_many_variables_has_a_bound(tmp_path: Path) -> None:
    (tmp_path / "many.mat").write_bytes(HEADER + matrix((1, 8), bytes(8), b"A") * 10_001)
    with at_most(3), pytest.raises(ValueError, match="more than 10,000 variables"):
        data.load_examples(tmp_path / "many.mat")


def test_a_plain_file_that_declares_more_than_it_has_costs_nothing(tmp_path: Path) -> None:
    path = write_pair(tmp_path, b"\0\0\x08\x03" + struct.pack(">3I", 100, 1024, 1024), idx(Y))
    with at_most(1), pytest.raises(ValueError, match="104,857,600 bytes, and has 0: truncated"):
        data.load_examples(path)
    assert idx_module.LARGEST == 2**30


def test_a_file_beyond_all_bounds_is_not_begun(tmp_path: Path) -> None:
    for name in ("x.csv", "x.mat", "x.npz", "unnamed", "x-images-idx3-ubyte"):
        path = tmp_path / name
        with path.open("wb") as file:
            file.truncate(2**30 + 1)  # holes: it takes no room on the disk
        (tmp_path / "x-labels-idx1-ubyte").write_bytes(idx(Y))
        with at_most(1), pytest.raises(ValueError, match=r"has more than 1,073,741,824 bytes"):
            data.load_examples(path)
        path.unlink()


def test_numbers_that_trap_when_they_are_converted_are_refused_without_a_warning(
    tmp_path: Path,
) -> None:
    signalling = b"\0\0\x0d\x02" + struct.pack(">2I", 12, 1) + b"\x7f\xa0\0\0" * 12
    with pytest.raises(ValueError, match="X holds nan in row 0"):
        data.load_examples(write_pair(tmp_path, signalling, idx(Y)))
    beyond = np.ldexp(np.longdouble(1), 2_000)  # finite where long doubles are wider, else inf
    np.savez(tmp_path / "mine.npz", X=np.full((12, 1), beyond), y=Y)
    with pytest.raises(ValueError, match="X holds inf in row 0"):
        data.load_examples(tmp_path / "mine.npz")


# -- what is no file, and what would run


@pytest.mark.skipif(os.name == "nt", reason="pipes and devices are POSIX")
def test_a_pipe_or_a_device_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    for name in ("pipe", "pipe.csv", "pipe.npz", "pipe.mat", "x-images-idx3-ubyte"):
        os.mkfifo(tmp_path / name)
        (tmp_path / "x-labels-idx1-ubyte").write_bytes(idx(Y))
        with pytest.raises(ValueError, match="is a device"):
            data.load_examples(tmp_path / name)
    with pytest.raises(ValueError, match="is a device"):
        data.load_examples("/dev/zero")


def test_a_pickle_is_run_under_no_name(tmp_path: Path) -> None:
    class Harm:
        def __reduce__(self) -> tuple[Any, ...]:
            return os.mkdir, (str(tmp_path / "harm"),)

    import pickle

    harm = pickle.dumps(Harm())
    for name in ("x.pkl", "x.npz", "x.mat", "x.csv", "x", "x-images-idx3-ubyte"):
        (tmp_path / name).write_bytes(harm)
        (tmp_path / "x-labels-idx1-ubyte").write_bytes(idx(Y))
        with pytest.raises(ValueError, match=r"x[-.\w]*'"):
            data.load_examples(tmp_path / name)
    for name, content in (("o.npz", {"X": np.array([[Harm()]], object), "y": Y[:1]}),):
        np.savez(tmp_path / name, **content)
        with pytest.raises(ValueError, match="only a pickle could load"):
            data.load_examples(tmp_path / name)
    assert not (tmp_path / "harm").exists()
