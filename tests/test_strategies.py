"""The kit's strategies draw what they promise, and every kind of it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

import autograd_mini as ag
from autograd_mini import testing as kit
from autograd_mini.testing.registering import register

DTYPES = ["float16", "float32", "float64", "longdouble", "complex64", "complex128"]


@given(shape=kit.shapes(min_dims=1, max_dims=4, max_side=2))
def test_shapes_keep_their_bounds(shape: tuple[int, ...]) -> None:
    assert 1 <= len(shape) <= 4
    assert all(0 <= n <= 2 for n in shape)


@given(shapes=st.integers(1, 4).flatmap(kit.broadcastable_shapes))
def test_shapes_broadcast_together(shapes: tuple[tuple[int, ...], ...]) -> None:
    np.broadcast_shapes(*shapes)


@given(data=st.data(), shape=kit.shapes())
def test_axes_fit(data: Any, shape: tuple[int, ...]) -> None:
    axis = data.draw(kit.axes(len(shape)))
    np.sum(np.zeros(shape), axis=axis)


@given(data=st.data(), shape=kit.shapes())
def test_an_index_fits(data: Any, shape: tuple[int, ...]) -> None:
    x = np.arange(float(np.prod(shape, dtype=int))).reshape(shape)
    key = data.draw(kit.indices(shape))
    g = ag.grad(lambda x: np.sum(x[key]))(x)
    times = np.zeros(shape)
    np.add.at(times, key if type(key) is not list else np.array(key), 1.0)
    np.testing.assert_array_equal(g, times)


def entries(key: Any) -> tuple[Any, ...]:
    return key if type(key) is tuple else (key,)


KINDS: dict[str, Callable[[Any], bool]] = {
    "a number alone": lambda key: isinstance(key, int),
    "a NumPy integer": lambda key: any(isinstance(one, np.int64) for one in entries(key)),
    "from the end": lambda key: any(isinstance(one, int) and one < 0 for one in entries(key)),
    "a slice backwards": lambda key: any(
        isinstance(one, slice) and (one.step or 1) < 0 for one in entries(key)),
    "None": lambda key: any(one is None for one in entries(key)),
    "...": lambda key: any(one is ... for one in entries(key)),
    "the empty tuple": lambda key: type(key) is tuple and not key,
    "an array with repeats": lambda key: any(
        isinstance(one, np.ndarray) and one.dtype.kind == "i" and np.unique(one).size < one.size
        for one in entries(key)),
    "an empty array": lambda key: any(
        isinstance(one, np.ndarray) and one.dtype.kind == "i" and one.size == 0
        for one in entries(key)),
    "a list": lambda key: any(type(one) is list for one in entries(key)),
    "arrays that broadcast": lambda key: len(
        {one.shape for one in entries(key) if isinstance(one, np.ndarray) and one.dtype.kind == "i"}
    ) > 1,
    "a mask of several axes": lambda key: isinstance(key, np.ndarray) and key.dtype == bool
    and key.ndim > 1,
    "a mask among others": lambda key: type(key) is tuple and len(key) > 1 and any(
        isinstance(one, np.ndarray) and one.dtype == bool for one in key),
    "arrays apart": lambda key: len(entries(key)) == 3 and isinstance(key[1], slice) and all(
        isinstance(key[i], (np.ndarray, list)) for i in (0, 2)),
}  # fmt: skip


def test_every_kind_of_index_is_drawn() -> None:
    seen: set[str] = set()

    @settings(max_examples=800, database=None, derandomize=True)
    @given(key=kit.indices((3, 2, 4)))
    def collect(key: Any) -> None:
        seen.update(kind for kind, fits in KINDS.items() if fits(key))

    collect()
    assert set(KINDS) - seen == set()


LAID_OUT: dict[str, Callable[[np.ndarray[Any, Any]], bool]] = {
    "C": lambda x: x.flags.c_contiguous and x.flags.writeable,
    "F": lambda x: x.flags.f_contiguous and not x.flags.c_contiguous,
    "reversed": lambda x: all(s < 0 for s in x.strides),
    "strided": lambda x: x.strides[-1] == 2 * x.itemsize,
    "unaligned": lambda x: not x.flags.aligned,
    "read-only": lambda x: not x.flags.writeable,
    "broadcast": lambda x: x.strides[0] == 0,
}


@given(layout=st.sampled_from(kit.LAYOUTS), dtype=st.sampled_from(DTYPES), data=st.data())
def test_arrays_lie_as_asked(layout: str, dtype: str, data: Any) -> None:
    x = data.draw(kit.arrays((3, 2), dtype, layouts=(layout,)))
    assert LAID_OUT[layout](x)
    assert (x.shape, x.dtype) == ((3, 2), np.dtype(dtype))


def test_every_layout_has_its_test() -> None:
    assert (*LAID_OUT,) == kit.LAYOUTS


@given(data=st.data(), shape=kit.shapes(), dtype=st.sampled_from(DTYPES[:4]))
def test_entries_are_away_from_kinks(data: Any, shape: tuple[int, ...], dtype: str) -> None:
    x = np.asarray(data.draw(kit.arrays(shape, dtype)), float).ravel()
    if x.size:
        assert np.min(np.abs(8.0 * x - np.round(8.0 * x))) >= 0.5
    assert np.all(np.diff(np.sort(x)) >= 1.0 / 8.0)


def test_entries_have_zeros_and_ties_where_that_is_asked_for() -> None:
    strategy = kit.arrays((3,), away_from_kinks=False)
    quiet = settings(database=None)
    found = find(strategy, lambda x: x[0] == 0 and x[1] == x[2] != 0, settings=quiet)
    assert found.shape == (3,)


@given(x=st.from_type(ag.Tensor))
def test_hypothesis_knows_a_tensor(x: ag.Tensor) -> None:
    assert type(x) is ag.Tensor
    assert x.is_leaf
    assert x.dtype == np.float64


register()


@given(drawn=kit.networks())
def test_a_network_goes_with_its_data(drawn: Any) -> None:
    net, X, Y, cost = drawn
    J, gradient = ag.value_and_grad(cost)(net, X, Y)
    assert np.isfinite(J)
    assert gradient.sizes == net.sizes
    run = net.forward(X)
    assert len(X) == len(Y)
    assert all(np.all(run.z[l].detach().numpy() != 0.0) for l in range(2, len(net.sizes)))


@given(drawn=kit.networks(max_units=3, max_examples=3))
@settings(max_examples=20)
def test_a_networks_gradient_passes_the_check(drawn: Any) -> None:
    net, X, Y, cost = drawn
    kit.check_grads(lambda net: cost(net, X, Y), (net,))


@given(
    data=st.data(),
    shapes=kit.broadcastable_shapes(2),
    f=st.sampled_from([np.multiply, np.maximum, np.arctan2, np.hypot]),
    dtype=st.sampled_from([np.float32, np.float64]),
)
def test_arrays_that_broadcast_pass_the_check(data: Any, shapes: Any, f: Any, dtype: Any) -> None:
    a, b = (data.draw(kit.arrays(shape, dtype)) for shape in shapes)
    if f in (np.maximum, np.arctan2, np.hypot):
        b = b + dtype(0.03125)  # no ties between the two
    kit.check_grads(f, (a, b), order=1)


@pytest.mark.parametrize(
    ("strategy", "message"),
    [
        (lambda: kit.arrays(layouts=("G",)), "expected some of C, F, reversed"),
        (lambda: kit.arrays(dtype=np.int64), "needs a floating or complex dtype"),
    ],
)
def test_wrong_use_is_named(strategy: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        find(strategy(), lambda x: True, settings=settings(database=None))


def installed(folder: Path) -> None:
    """Write what an installation leaves for entry points, in a folder of its own."""
    import tomllib

    root = Path(__file__).parent.parent
    points = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]["entry-points"]
    lines = [f"[{group}]\n{n} = {v}\n" for group, all_ in points.items() for n, v in all_.items()]
    info = folder / "autograd_mini_here-1.dist-info"
    info.mkdir()
    (info / "entry_points.txt").write_text("".join(lines), "utf-8")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: autograd-mini-here\nVersion: 1\n")


def test_the_entry_point_of_hypothesis_loads_no_strategies(tmp_path: Path) -> None:
    installed(tmp_path)
    program = (
        "import sys; sys.path[:0] = sys.argv[1:]\n"
        "import hypothesis.strategies as st, hypothesis, autograd_mini as ag\n"
        "assert 'autograd_mini.testing.strategies' not in sys.modules\n"
        "assert 'hypothesis.extra.numpy' not in sys.modules\n"
        "@hypothesis.settings(database=None, max_examples=3)\n"
        "@hypothesis.given(st.from_type(ag.Tensor))\n"
        "def f(t): assert type(t) is ag.Tensor\n"
        "f()\n"
    )
    paths = [str(tmp_path), str(Path(__file__).parent.parent)]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, *paths],
        capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
