"""Reading and writing parts: every kind of NumPy index, repeated ones accumulated.

The witness is a loop over single numbers: an index, applied to an array of the positions 0, 1, 2,
..., says which element each element of the part is.
"""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import autograd_mini as ag
from autograd_mini.graph import walk
from autograd_mini.rules.indexing import Erased
from tests.rule_cases import OP
from tests.rule_checks import pull, tensors
from tests.rule_inputs import a_mask, an_index
from tests.rule_inputs import fits as accepts

set_item = OP["set_item"].function

X = np.arange(24.0).reshape(2, 3, 4)

EVERY_KIND: dict[str, Any] = {
    "an integer": 1,
    "a negative integer": -2,
    "a NumPy integer": np.int32(1),
    "a 0-d array": np.array(1),
    "integers for each axis": (1, 0, -1),
    "a slice": slice(1, None),
    "everything": slice(None),
    "a step": (slice(None), slice(0, 3, 2)),
    "a negative step": (slice(None, None, -1), slice(None), slice(None, 0, -2)),
    "an empty slice": slice(5, 9),
    "None": None,
    "None in between": (slice(None), None, 1, None),
    "...": ...,
    "... first": (..., 1),
    "... in between": (0, ..., slice(None, None, -1)),
    "... for no axis": (0, 1, ..., 2),
    "nothing": (),
    "an array": np.array([1, 0]),
    "an array with repeats": np.array([1, 1, 0, 1]),
    "a list": [0, 1, 1],
    "an empty list": [],
    "a negative array": np.array([-1, 0]),
    "an array of two axes": np.array([[0, 1], [1, 1], [0, 0]]),
    "arrays that pair up": (np.array([0, 1, 1]), np.array([2, 0, 0])),
    "arrays that broadcast": (np.array([[0], [1]]), np.array([2, 2, 0])),
    "np.ix_": np.ix_([0, 1], [2, 0], [3, 3, 1]),
    "arrays apart": (np.array([0, 1]), slice(None), np.array([3, 3])),
    "an array and an integer apart": (0, slice(None), np.array([1, 1, 2])),
    "an array and None": (np.array([0, 1, 0]), None, slice(None, None, -1)),
    "an array and ...": (..., np.array([0, 0, 1])),
    "unsigned integers": np.array([1, 0], np.uint8),
    "a mask": X % 3 == 0,
    "a mask of the first axis": np.array([False, True]),
    "a mask of two axes": X[..., 0] > 3,
    "a mask and an integer": (np.array([True, True]), 1),
    "a mask and a slice": (slice(None), np.array([True, False, True]), slice(1, 3)),
    "a mask and an array": (np.array([True, True]), np.array([0, 0])),
    "a mask of nothing": np.zeros((2, 3, 4), bool),
    "True": True,
    "False": False,
    "True and a slice": (True, slice(1, None)),
    "several arrays and everything": (np.array([1, 1]), ..., np.array([[0], [0]]), None),
}


def positions(shape: tuple[int, ...], key: Any) -> Any:
    """Return which element of an array each element of its part is."""
    return np.arange(int(np.prod(shape))).reshape(shape)[key]


def gathered(shape: tuple[int, ...], key: Any, g: Any) -> Any:
    """Add each element of g to the element it was read from, one by one."""
    total = [0.0] * int(np.prod(shape))
    for place, number in zip(np.ravel(positions(shape, key)), np.ravel(g), strict=True):
        total[place] += float(number)
    return np.reshape(total, shape)


def owners(shape: tuple[int, ...], key: Any) -> dict[int, int]:
    """Return which element of v each written element holds: the last that was written there."""
    return {int(place): j for j, place in enumerate(np.ravel(positions(shape, key)))}


def both(f: Any, arrays: list[Any], g: Any) -> list[Any]:
    """Return the cotangents of f's arguments, the same unrecorded and recorded."""
    leaves = tensors(arrays)
    output = f(*leaves)
    plain = pull([output], [g], leaves)
    recorded = pull([output], tensors([g]), leaves)
    for a, b in zip(plain, recorded, strict=True):
        np.testing.assert_array_equal(a, b.node.value)
    return plain


def check_get(shape: tuple[int, ...], key: Any) -> None:
    x = np.random.default_rng(0).normal(size=shape)
    g = np.random.default_rng(1).normal(size=np.shape(x[key]))[()]
    (found,) = both(lambda t: t[key], [x], g)
    np.testing.assert_allclose(found, gathered(shape, key, g), rtol=0, atol=1e-14)


def check_set(shape: tuple[int, ...], key: Any, value_shape: tuple[int, ...]) -> None:
    x, g = np.random.default_rng(0).normal(size=(2, *shape))
    v = np.random.default_rng(1).normal(size=value_shape)[()]
    part = np.shape(x[key])

    def written(t: ag.Tensor, value: ag.Tensor) -> ag.Tensor:
        t = t.copy()
        t[key] = value
        return t

    expected = np.array(x)
    expected[key] = v
    np.testing.assert_array_equal(written(*tensors([x, v])).node.value, expected)

    left, into = np.ravel(g).copy(), np.zeros(int(np.prod(part)))
    for place, j in owners(shape, key).items():
        into[j] = left[place]
        left[place] = 0.0
    found_x, found_v = both(written, [x, v], g)
    np.testing.assert_array_equal(found_x, left.reshape(shape))
    # The elements of v that were repeated get the sum of their copies' cotangents.
    numbers = np.arange(int(np.prod(value_shape))).reshape(value_shape)
    copies = np.broadcast_to(numbers.reshape(value_shape[-len(part) :] if part else ()), part)
    sums = np.bincount(np.ravel(copies), into, numbers.size)
    np.testing.assert_allclose(np.ravel(found_v), sums, rtol=0, atol=1e-14)


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_get_with_every_kind_of_index(kind: str) -> None:
    check_get(X.shape, EVERY_KIND[kind])


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_set_with_every_kind_of_index(kind: str) -> None:
    key = EVERY_KIND[kind]
    check_set(X.shape, key, np.shape(X[key]))
    check_set(X.shape, key, ())


def shapes_and_indices() -> st.SearchStrategy[tuple[tuple[int, ...], Any]]:
    """Shapes with an index that fits: Hypothesis's own kinds and mixtures of all."""

    def indices(shape: tuple[int, ...]) -> st.SearchStrategy[Any]:
        kinds = [
            hnp.basic_indices(shape, allow_newaxis=True),
            st.randoms(use_true_random=False).map(lambda random: an_index(random, shape)),
            st.randoms(use_true_random=False).map(lambda random: a_mask(random, shape)),
        ]
        if shape and all(shape):
            kinds.append(hnp.integer_array_indices(shape))
        return st.tuples(st.just(shape), st.one_of(kinds))

    return hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4).flatmap(indices)


@given(shape_and_index=shapes_and_indices())
def test_get(shape_and_index: tuple[tuple[int, ...], Any]) -> None:
    """∂J/∂x = the sum of g over all the places that an element was read to."""
    check_get(*shape_and_index)


def values_for(shape_and_index: tuple[tuple[int, ...], Any]) -> st.SearchStrategy[Any]:
    """Add the shape of a value that may be written there."""
    shape, key = shape_and_index
    part = np.zeros(shape)[key].shape
    sides = st.tuples(*(st.sampled_from([n, 1]) for n in part))
    shapes = st.builds(lambda full, cut: full[cut:], sides, st.integers(0, len(part)))
    return st.tuples(st.just(shape), st.just(key), shapes)


@given(write=shapes_and_indices().flatmap(values_for))
def test_set(write: tuple[tuple[int, ...], Any, tuple[int, ...]]) -> None:
    """x keeps its cotangent where nothing was written; v takes it where it was written last."""
    check_set(*write)


@given(shape_and_index=shapes_and_indices(), others=st.lists(st.integers(0, 99), max_size=3))
def test_several_parts_and_the_whole_add_up(
    shape_and_index: tuple[tuple[int, ...], Any], others: list[int]
) -> None:
    """x[k₁], x[k₂], ..., x: dense and sparse cotangents of one array, in every order."""
    shape, key = shape_and_index
    keys = [key, *(an_index(Random(seed), shape) for seed in others)]
    x = np.random.default_rng(0).normal(size=shape)[()]
    weights = [np.random.default_rng(i).normal(size=np.shape(x[k])) for i, k in enumerate(keys)]
    expected = sum(gathered(shape, k, w) for k, w in zip(keys, weights, strict=True))
    for first in (True, False):  # the whole array, used before its parts or after

        def f(t: ag.Tensor, first: bool = first) -> Any:
            total = (t * 2.0).sum() if first else 0.0
            for k, w in zip(keys, weights, strict=True):
                total = total + (t[k] * w).sum()
            return total if first else total + (t * 2.0).sum()

        (found,) = both(f, [x], np.float64(1.0))
        np.testing.assert_allclose(found, expected + 2.0, rtol=0, atol=1e-13)


def test_hypothesis_draws_every_kind() -> None:
    """The random mixtures hold slices, integers, None, ..., masks, lists and arrays."""
    found = set()
    for seed in range(300):
        key = an_index(Random(seed), (3, 2, 4))
        assert accepts(key, (3, 2, 4))
        for item in key if isinstance(key, tuple) else (key,):
            is_mask = isinstance(item, np.ndarray) and item.dtype.kind == "b"
            found.add("mask" if is_mask else type(item).__name__)
    assert found >= {"int", "int64", "slice", "NoneType", "ellipsis", "mask", "list", "ndarray"}


# -- writing


def test_the_last_of_repeated_writes_wins() -> None:
    v = ag.Tensor([1.0, 2.0, 3.0], requires_grad=True)
    x = ag.Tensor(np.zeros(2))
    x[[1, 0, 1]] = v
    assert x.tolist() == [2.0, 3.0]
    assert ag.backprop((x * np.array([10.0, 100.0])).sum(), [v])[0].tolist() == [0.0, 10.0, 100.0]


def test_a_part_written_twice_keeps_the_second() -> None:
    a, b = (ag.Tensor(number, requires_grad=True) for number in (1.0, 2.0))
    x = ag.Tensor(np.zeros(3))
    x[:2] = a
    x[1:] = b
    da, db = ag.backprop((x * np.array([1.0, 10.0, 100.0])).sum(), [a, b])
    assert (da.tolist(), db.tolist()) == (1.0, 110.0)


def test_a_recurrence_written_element_by_element() -> None:
    """x_i = r·x_{i−1}: dx_n/dr = n r^(n−1), d²x_n/dr² = n (n−1) r^(n−2)."""

    def last(r: Any) -> Any:
        x = ag.Tensor(np.ones(6))
        for i in range(1, 6):
            x[i] = r * x[i - 1]
        return x[5]

    assert ag.grad(last)(1.5) == pytest.approx(5 * 1.5**4, rel=1e-14)
    assert ag.grad(ag.grad(last))(1.5) == pytest.approx(20 * 1.5**3, rel=1e-14)


def test_a_tensor_written_over_itself_reads_the_old_values() -> None:
    """x[1:] = x[:-1] shifts, as in NumPy."""

    def shifted(x: Any) -> Any:
        y = x * 1.0
        y[1:] = y[:-1]
        y[::-1] = y
        return y

    x, g = np.array([1.0, 2.0, 3.0]), np.array([1.0, 10.0, 100.0])
    assert shifted(*tensors([x])).tolist() == [2.0, 1.0, 1.0]
    assert both(shifted, [x], g)[0].tolist() == [110.0, 1.0, 0.0]


def test_a_written_value_may_have_leading_axes_of_length_1() -> None:
    (found,) = both(
        lambda v: set_item(np.zeros(3), v, key=slice(0, 2)), [np.ones((1, 1, 2))], np.ones(3)
    )
    assert found.tolist() == [[[1.0, 1.0]]]


def test_each_keeps_its_own_dtype() -> None:
    x, v = np.zeros(3, np.float32), np.ones(2)
    dx, dv = both(lambda t, u: set_item(t, u, key=slice(1, None)), [x, v], np.ones(3, np.float32))
    assert (dx.dtype, dv.dtype) == (np.float32, np.float64)


# -- indices that are tensors


def test_a_tensor_may_be_the_index() -> None:
    x = np.array([-1.0, 2.0, 3.0])
    assert both(lambda t: t[t > 0.0], [x], np.array([10.0, 20.0]))[0].tolist() == [0.0, 10.0, 20.0]
    order = ag.Tensor(np.array([2, 2, 0]))
    assert both(lambda t: t[order], [x], np.ones(3))[0].tolist() == [1.0, 0.0, 2.0]
    picked = both(lambda t: t[None, np.argsort(-t)[:1]], [x], np.ones((1, 1)))[0]
    assert picked.tolist() == [0.0, 0.0, 1.0]


def test_an_index_that_does_not_fit_raises_as_in_numpy() -> None:
    x = ag.Tensor(X, requires_grad=True)
    for key in (5, (0, 0, 0, 0), np.array([9]), np.zeros(3, bool), "a", 1.5):
        with pytest.raises(IndexError):
            X[key]
        with pytest.raises(IndexError):
            x[key]


# -- many parts


def test_many_parts_are_recorded_as_one_scatter_sum() -> None:
    """n slices cost O(n) in both modes: their cotangents meet in one operation."""
    x = ag.Tensor(np.arange(50.0), requires_grad=True)
    total = sum((x[i : i + 3] * x[i]).sum() for i in range(47))
    (g,) = ag.backprop(total, [x], record=True)
    made = [node.op.name for node in walk(g.node) if node.op is not None]
    assert made.count("scatter_sum") == 1
    np.testing.assert_allclose(g.detach().numpy(), ag.backprop(total, [x])[0], rtol=1e-15)


# -- many writes into one array


@given(seed=st.integers(0, 10**6))
def test_writes_that_take_over_a_cotangent_give_what_is_recorded(seed: int) -> None:
    """x is read in between, its states are asked for, places are written twice."""
    rng = np.random.default_rng(seed)
    u = ag.Tensor(rng.normal(size=6), requires_grad=True)
    w = ag.Tensor(rng.normal(size=6), requires_grad=True)
    x, states, J = w * 1.0, [], 0.0
    keys: list[Any] = [2, slice(1, 4), slice(None, None, -2), np.array([4, 0, 4]), np.arange(6) > 3]
    for k in rng.integers(0, len(keys), size=6):
        key, old = keys[k], x
        x[key] = (u * float(k + 1))[key] if rng.random() < 0.7 else u[0]
        if rng.random() < 0.3:
            J = J + np.sum(x * rng.normal(size=6))
        if rng.random() < 0.3:
            states.append(x * 1.0)
        x = x * 1.0 if rng.random() < 0.2 else x
        assert old is not None
    J = J + np.sum(x * rng.normal(size=6))
    wrt = [u, w, *states]
    plain = ag.backprop(J, wrt=wrt)
    for a, b in zip(plain, ag.backprop(J, wrt=wrt, record=True), strict=True):
        np.testing.assert_allclose(a, b.detach().numpy(), rtol=1e-13, atol=1e-13)
    again = ag.backprop(J, wrt=wrt)
    for a, b in zip(plain, again, strict=True):
        np.testing.assert_array_equal(a, b)


def test_n_writes_copy_their_cotangent_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each write's backward then costs what it wrote, not the whole array."""
    taken: list[bool] = []
    alone = Erased.alone

    def noted(self: Erased, value: Any, own: bool) -> Any:
        taken.append(own)
        return alone(self, value, own)

    monkeypatch.setattr(Erased, "alone", noted)
    v = ag.Tensor(np.arange(50.0), requires_grad=True)
    x = ag.Tensor(np.zeros(50)) + 0.0 * v
    for i in range(50):
        x[i] = v[i] * v[i]
    np.sum(x * 2.0).backward()
    np.testing.assert_allclose(v.grad, 4.0 * np.arange(50.0))
    assert taken == [False] + [True] * 49


def test_a_cotangent_that_is_asked_for_is_not_taken_over() -> None:
    v = ag.Tensor([1.0, 2.0], requires_grad=True)
    x = v * 1.0
    x[0] = v[1]
    first = ag.Tensor(0.0)
    first.node = x.node  # another variable of the first state
    x[1] = v[0] * 3.0
    J = np.sum(x * np.array([5.0, 7.0])) + np.sum(x * 0.0)  # two parts: a total of the engine's
    g_first, g_last = ag.backprop(J, wrt=[first, x])
    assert (g_first.tolist(), g_last.tolist()) == ([5.0, 0.0], [5.0, 7.0])
