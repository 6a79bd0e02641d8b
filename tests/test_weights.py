"""The one weight format: bit by bit, any program reads it, and no changed bit goes unseen."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_mini import data
from autograd_mini.data import files, weights
from autograd_mini.nn import Network


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_weights_come_back_bit_by_bit(tmp_path: Path, dtype: Any) -> None:
    net = Network([3, 4, 2, 5], ["relu", "tanh"], "softmax", seed=1, dtype=dtype)
    path = data.save_weights(tmp_path / "weights.npz", net, trained_on="δ")
    back, notes = data.load_weights(path)
    assert notes == {"trained_on": "δ"}
    assert (back.sizes, back.activation, back.output) == (net.sizes, net.activation, net.output)
    assert back.dtype == dtype
    for layer in (1, 2, 3):
        assert back.theta[layer].tobytes() == net.theta[layer].tobytes()
    # Any program can read them: Θ with its bias in column 0, no pickle.
    with np.load(path, allow_pickle=False) as archived:
        assert np.array_equal(archived["theta1"], net.theta[1])
        assert json.loads(str(archived["metadata"]))["sizes"] == [3, 4, 2, 5]


WIDE = np.ldexp(np.longdouble(1.0), 2_000)
"""Where long doubles are wider than float64, finite and beyond it; inf elsewhere."""


def forged(path: Path, about: Any = None, **arrays: Any) -> Path:
    net = Network([2, 2, 1], seed=0)
    good = {f"theta{layer}": theta for layer, theta in net.theta.items()}
    known = {
        "format": weights.FORMAT, "version": 1, "sizes": [2, 2, 1], "activation": ["sigmoid"],
        "output": "sigmoid",
    }  # fmt: skip
    text = json.dumps(known | about) if isinstance(about, dict) else about or json.dumps(known)
    members = {name: array for name, array in (good | arrays).items() if array is not None}
    return files.write(path, files.npz_bytes(members, metadata=text))


@pytest.mark.parametrize(
    ("about", "arrays", "message"),
    [
        ("no JSON", {}, "no metadata that can be read"),
        ("[1, 2]", {}, "no metadata that can be read"),
        ("[" * 100_000, {}, "no metadata that can be read"),
        ({"sizes": "abc"}, {}, "no metadata that can be read"),
        ({"sizes": [math.inf, 1]}, {}, "no metadata that can be read"),
        ({"format": "other"}, {}, r"of version 1 or 2 \('other', version 1\)"),
        ({"version": 3}, {}, "or update autograd_mini"),
        ({"version": 2}, {}, "is truncated or damaged: its bytes are not those that were written"),
        ({"sizes": [2, 3, 1]}, {}, r"theta1 has shape \(2, 3\), layers \[2, 3, 1\] need \(3, 3\)"),
        ({"activation": ["nonsense"]}, {}, "is no weight file .*nonsense"),
        ({"activation": 3}, {}, "is no weight file"),
        ({"output": "nonsense"}, {}, "is no weight file .*nonsense"),
        ({"sizes": []}, {}, "is no weight file"),
        ({"sizes": [2]}, {}, "is no weight file"),
        ({}, {"theta2": None}, "theta2 is missing"),
        ({}, {"theta1": np.full((2, 3), np.nan)}, "theta1 holds something but finite floats"),
        ({}, {"theta1": np.zeros((2, 3), int)}, "theta1 holds something but finite floats"),
        ({}, {"theta1": np.full((2, 3), WIDE)}, "theta1 holds something but finite floats"),
    ],
)
def test_what_is_no_weight_file_is_refused(
    tmp_path: Path, about: Any, arrays: Any, message: str
) -> None:
    path = forged(tmp_path / "weights.npz", about, **arrays)
    with pytest.raises(ValueError, match=message) as caught:
        data.load_weights(path)
    assert "\n" not in str(caught.value)


def test_an_npz_without_metadata_is_no_weight_file(tmp_path: Path) -> None:
    np.savez(tmp_path / "other.npz", X=np.zeros(3))
    with pytest.raises(ValueError, match="is no weight file"):
        data.load_weights(tmp_path / "other.npz")


def test_a_truncated_weight_file_is_refused(tmp_path: Path) -> None:
    path = data.save_weights(tmp_path / "weights.npz", Network([2, 2, 1]))
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ValueError, match="truncated, damaged or no npz file"):
        data.load_weights(path)


def test_a_file_of_version_1_is_read(tmp_path: Path) -> None:
    net, notes = data.load_weights(forged(tmp_path / "weights.npz", {"notes": {"lam": 0.1}}))
    assert net.theta[1].tobytes() == Network([2, 2, 1], seed=0).theta[1].tobytes()
    assert notes == {"lam": 0.1}


def test_further_arrays_come_back_bit_by_bit(tmp_path: Path) -> None:
    arrays = {
        "mean": np.array([np.nan, -0.0, np.inf]), "state.v.0": np.zeros((0, 3), np.float32),
        "order": np.arange(6)[::-1].reshape(2, 3), "one": np.array(5e-324),
    }  # fmt: skip
    path = data.save_model(tmp_path / "w.npz", data.Model(Network([2, 1]), {"a": [1]}, arrays))
    back = data.load_model(path)
    assert back.notes == {"a": [1]}
    assert back.arrays.keys() == arrays.keys()
    for name, array in arrays.items():
        assert (back.arrays[name].dtype, back.arrays[name].shape) == (array.dtype, array.shape)
        assert back.arrays[name].tobytes() == array.tobytes()


@pytest.mark.parametrize("name", ["theta1", "metadata"])
def test_the_names_of_the_network_are_its_own(tmp_path: Path, name: str) -> None:
    model = data.Model(Network([2, 1]), arrays={name: np.zeros(1)})
    with pytest.raises(ValueError, match=f"array '{name}' is the network's own; give yours anoth"):
        data.save_model(tmp_path / "w.npz", model)
    assert not [*tmp_path.iterdir()]


WRITTEN = Network([3, 4, 2], "tanh", seed=2)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "weights.npz"
    return data.save_weights(path, WRITTEN, trained_on="δ", lam=0.1)


def refused(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"mutated\.npz") as caught:
        data.load_model(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@given(drawn=st.data())
def test_no_changed_bit_goes_unseen(written: Path, drawn: st.DataObject) -> None:
    content = bytearray(written.read_bytes())
    bit = drawn.draw(st.integers(0, 8 * len(content) - 1))
    content[bit // 8] ^= 1 << bit % 8
    refused(written.with_name("mutated.npz"), bytes(content))


@given(drawn=st.data())
def test_no_changed_part_goes_unseen(written: Path, drawn: st.DataObject) -> None:
    content = written.read_bytes()
    start = drawn.draw(st.integers(0, len(content)))
    end = drawn.draw(st.integers(start, min(start + 99, len(content))))
    changed = content[:start] + drawn.draw(st.binary(max_size=40)) + content[end:]
    if changed != content:
        refused(written.with_name("mutated.npz"), changed)


def test_a_bit_that_no_checksum_of_zip_covers_is_seen(written: Path) -> None:
    """The time in a zip's header says nothing about the arrays: only the digest knows of it."""
    content = bytearray(written.read_bytes())
    content[10] ^= 1  # of the first member's time
    refused(written.with_name("mutated.npz"), bytes(content))
    end = bytearray(written.read_bytes())
    end[-1] ^= 1  # of the digest itself
    assert "is truncated or damaged: its bytes are not" in refused(
        written.with_name("mutated.npz"), bytes(end)
    )


def test_the_same_model_gives_the_same_bytes(written: Path, tmp_path: Path) -> None:
    again = data.save_weights(tmp_path / "again.npz", WRITTEN, trained_on="δ", lam=0.1)
    assert again.read_bytes() == written.read_bytes()
    assert os.fspath(again) != os.fspath(written)
