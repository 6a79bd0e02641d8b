"""A Tensor behaves as its array does, and never drops a gradient silently."""

from __future__ import annotations

import copy
import math
import operator
import pickle
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import autograd_mini as ag

FLOATS = st.floats(-8, 8, width=32)


def leaf(value, **options):
    return ag.Tensor(value, requires_grad=True, **options)


def value_of(t):
    return t.detach().numpy()


# -- construction


@given(hnp.arrays(st.sampled_from([np.float32, np.float64, np.int64, np.bool_]), (2, 3)))
def test_a_tensor_copies_its_input(array):
    t = ag.Tensor(array)
    before = array.copy()
    array[...] = 1
    np.testing.assert_array_equal(value_of(t), before)  # NaN equals NaN here
    assert (t.shape, t.dtype, t.ndim, t.size, len(t)) == ((2, 3), array.dtype, 2, 6, 2)


@pytest.mark.parametrize("value", [np.arange(3), [1, 2], np.array([True]), True, np.int64(3)])
def test_integers_that_require_a_gradient_are_refused(value):
    with pytest.raises(TypeError, match="pass floats"):
        leaf(value)


def test_a_python_int_is_weak():
    assert leaf(3).dtype == np.float64
    assert ag.Tensor(3).dtype == np.int64
    assert ag.grad(lambda x: x**2)(3) == 6.0


@pytest.mark.parametrize(
    ("value", "error", "says"),
    [
        ("a", TypeError, "holds numbers"),
        (None, TypeError, "holds numbers"),
        ([[1, 2], [3]], ValueError, "rectangular"),
        (np.array([1, None]), TypeError, "object"),
    ],
)
def test_what_is_no_number_is_refused(value, error, says):
    with pytest.raises(error, match=says):
        ag.Tensor(value)


# -- NumPy's behaviour

BINARY = [
    operator.add, operator.sub, operator.mul, operator.truediv, operator.pow, operator.mod,
    operator.floordiv, operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne,
]  # fmt: skip


@pytest.mark.parametrize("f", BINARY, ids=lambda f: f.__name__)
@pytest.mark.parametrize(
    "other",
    [2.0, 2, True, np.float32(2), np.float64(2), np.array([1.0, 2.0]), np.array([[2.0], [3.0]]),
     np.array([1, 2]), [1.0, 2.0], (3, 4)],
    ids=repr,
)  # fmt: skip
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_operators_in_both_orders_have_numpys_value_and_dtype(f, other, dtype):
    array = np.array([1.5, 2.5], dtype)
    for tracked in (True, False):
        t = ag.Tensor(array, requires_grad=tracked)
        for got, want in ((f(t, other), f(array, other)), (f(other, t), f(other, array))):
            assert type(got) is ag.Tensor
            assert got.dtype == want.dtype
            assert got.shape == want.shape
            assert np.array_equal(value_of(got), want)


def test_float32_with_python_scalars_stays_float32():
    t = leaf(np.ones(2, np.float32))
    for result in (t * 2.0, 2.0 * t, t + 1, t**2, t / 3.0, np.where(t > 0, t, 0.0), -t, t.mean()):
        assert result.dtype == np.float32
    (t * 2.0).sum().backward()
    assert t.grad.dtype == np.float32


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(), (2,)], ids=["0-d", "1-d"])
def test_python_complex_numbers_give_numpys_type(shape, dtype):
    array = np.full(shape, 2.0, dtype)[()]
    for f in (operator.add, operator.sub, operator.mul, operator.truediv, operator.pow):
        for got, want in ((f(leaf(array), 1j), f(array, 1j)), (f(1j, leaf(array)), f(1j, array))):
            assert np.allclose(value_of(got), want)
            assert got.shape == shape
            assert got.dtype == np.result_type(dtype, 1j)


@pytest.mark.parametrize("f", BINARY, ids=lambda f: f.__name__)
@pytest.mark.parametrize("other", [None, "a", object()], ids=["None", "str", "object"])
def test_operators_with_what_is_no_number(f, other):
    if f in (operator.eq, operator.ne):
        assert f(leaf(1.0), other) is (f is operator.ne)
        return
    for left, right in ((leaf(1.0), other), (other, leaf(1.0))):
        if f is operator.mod and type(left) is str:
            continue  # formatting: no business of ours
        with pytest.raises(TypeError):
            f(left, right)


@given(hnp.arrays(np.float64, hnp.array_shapes(max_dims=3), elements=FLOATS))
def test_functions_and_methods_equal_numpys(array):
    t = leaf(array)
    for name in ("sum", "mean", "max", "min", "argmax", "ravel", "squeeze", "any", "argsort"):
        method, function = getattr(t, name)(), getattr(np, name)(t)
        want = getattr(np, name)(array)
        assert np.array_equal(value_of(method), want)
        assert np.array_equal(value_of(function), want)
    assert np.array_equal(value_of(t.T), array.T)
    assert np.array_equal(value_of(t.reshape(-1)), array.reshape(-1))
    assert np.array_equal(value_of(t.reshape((-1, 1))), array.reshape(-1, 1))
    assert np.array_equal(value_of(t.transpose()), array.transpose())
    assert np.array_equal(value_of(t.transpose(tuple(range(array.ndim)))), array)
    assert np.array_equal(value_of(t.flatten()), array.flatten())
    assert np.array_equal(value_of(t.clip(-1, 1)), array.clip(-1, 1))
    assert np.array_equal(value_of(t.clip(max=1)), array.clip(max=1))
    assert np.array_equal(value_of(np.clip(t, min=1)), np.clip(array, 1, None))
    assert t.tolist() == array.tolist()


def test_calls_reach_numpy_in_every_form():
    array = np.arange(6.0).reshape(2, 3) + 1
    t = leaf(array)
    for got, want in (
        (np.sum(t, 0), array.sum(0)),
        (np.sum(a=t, axis=1), array.sum(1)),
        (np.sum(t, 1, None, None, True), array.sum(1, keepdims=True)),
        (t.sum((0, 1)), array.sum()),
        (np.max(t, axis=-1), array.max(-1)),
        (np.amax(t), array.max()),
        (np.reshape(t, (3, 2), order="F"), array.reshape(3, 2, order="F")),
        (np.concatenate([t, array, [[1.0, 2.0, 3.0]]], 0), np.vstack([array, array, [[1, 2, 3]]])),
        (np.stack((t, t), axis=-1), np.stack((array, array), axis=-1)),
        (np.square(t), array**2),
        (t.astype(np.float32), array.astype(np.float32)),
        (np.astype(t, np.float32), array.astype(np.float32)),
        (np.absolute(t), array),
        (np.var(t.detach()), array.var()),
    ):
        assert got.dtype == want.dtype
        assert np.array_equal(value_of(got), want)
    assert np.shape(t) == (2, 3)
    assert np.ndim(t) == 2
    assert np.size(t) == 6
    assert np.allclose(t, array)
    assert np.array_equal(t, array)
    whole, part = np.modf(t)[1], np.split(t, 3, axis=1)[2]
    assert np.array_equal(value_of(whole), array)
    assert np.array_equal(value_of(part), array[:, 2:])


def test_what_goes_without_saying_may_be_said():
    t = leaf([1.0, 2.0])
    assert np.add(t, 1.0, where=True, casting="same_kind", subok=True).tolist() == [2.0, 3.0]
    assert ag.nn.sigmoid(x=t - t).tolist() == [0.5, 0.5]


def test_a_list_of_tensors_in_place_of_an_array_is_refused_with_the_cure():
    t = leaf(1.0)
    for call in (lambda: np.exp([t, 1.0]), lambda: ag.nn.sigmoid([t, 1.0])):
        with pytest.raises(RuntimeError, match=r"np\.stack"):
            call()


def test_scipys_ufuncs_work_without_our_importing_scipy():
    special = pytest.importorskip("scipy.special")
    x = leaf([0.0, 1.0])
    special.expit(x).sum().backward()
    a = special.expit(np.array([0.0, 1.0]))
    assert np.allclose(x.grad, a * (1 - a), rtol=1e-15)


def test_iteration_length_membership_and_hash():
    t = leaf([1.0, 2.0])
    assert [item.item() for item in t] == [1.0, 2.0]
    assert 2.0 in t
    assert 3.0 not in t
    assert len({t, copy.copy(t)}) == 2
    with pytest.raises(TypeError, match="0-d"):
        len(t[0])


def test_repr_has_the_value_and_the_operation_that_made_it():
    x = leaf([1.0, 2.0], name="x")
    assert repr(x) == "Tensor([1., 2.], name='x', requires_grad=True)"
    assert repr(np.tanh(x) * 0.0) == "Tensor([0., 0.], op=multiply)"
    assert repr(ag.Tensor(np.float32(2))) == "Tensor(2., dtype=float32)"
    assert f"{x[1]:.3f}" == "2.000"
    assert f"{x}" == repr(x)


# -- no gradient is dropped silently


def dropped(s):
    out = np.zeros(2)
    yield from (partial(f, s) for f in (float, int, complex, math.sin))
    yield s.numpy
    yield lambda: np.asarray(s)
    yield lambda: np.array([s, s])
    yield lambda: np.full(3, s)
    yield lambda: np.r_[s[None], s[None]]
    yield lambda: np.vectorize(math.sin)(s)
    yield lambda: ag.Tensor(s)
    yield lambda: ag.Tensor([s, s])
    yield lambda: out.__setitem__(slice(None), s)
    yield lambda: np.from_dlpack(s)


@pytest.mark.parametrize("make", [lambda: leaf(0.5), lambda: leaf(0.5) * 2], ids=["leaf", "inner"])
def test_what_would_drop_a_gradient_raises_and_names_the_cure(make):
    for attempt in dropped(make()):
        with pytest.raises(RuntimeError, match=r"item\(\).*detach\(\)\.numpy\(\)"):
            attempt()


def test_setting_an_array_element_raises_with_the_cure_as_its_cause():
    with pytest.raises((ValueError, RuntimeError)) as caught:
        np.zeros(2)[0] = leaf(1.0)
    assert "np.stack" in str(caught.value.__cause__ or caught.value)


def test_reading_is_allowed_where_nothing_is_lost():
    s = leaf(0.5)
    assert (s.item(), bool(s > 0), f"{s:.1f}") == (0.5, True, "0.5")
    assert float(s.detach()) == math.sin(math.asin(0.5))
    with ag.no_grad():
        assert (float(s), int(s), np.asarray(s).item()) == (0.5, 0, 0.5)
    assert np.from_dlpack(ag.Tensor([1.0])).tolist() == [1.0]
    assert [5, 6, 7][ag.Tensor([0.0, 3.0]).argmax()] == 6


def test_what_numpy_hands_out_is_read_only():
    t = ag.Tensor([1.0, 2.0])
    for array in (t.numpy(), np.asarray(t), t.detach().numpy()):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 3.0
    own = np.array(t)
    own[0] = 3.0
    assert t.tolist() == [1.0, 2.0]


def test_comparisons_have_no_history():
    x = leaf([1.0, 2.0])
    for result in (x > 1, x == x, np.argmax(x), np.sign(x), x.astype(int), np.isnan(x)):
        assert not result.requires_grad
        assert result.is_leaf


# -- in place


def test_set_item_and_in_place_operators_are_differentiable():
    x = leaf([1.0, 2.0, 3.0])
    y = x * 1.0
    y[0] = x[1] * x[2]
    y[1:] *= 2.0
    y += x
    y -= 1.0
    y /= 2.0
    y **= 2
    assert y.tolist() == [3.0**2, 2.5**2, 4.0**2]
    y.sum().backward()
    # y_0 = ((x_1 x_2 + x_0 − 1)/2)², y_k = ((3 x_k − 1)/2)²
    assert np.allclose(x.grad, [3.0, 3 * 3.0 + 2.5 * 3, 2 * 3.0 + 4.0 * 3])


def test_what_was_recorded_before_an_in_place_edit_is_untouched():
    x = leaf([1.0, 2.0])
    y = np.exp(x)
    z = y * y
    y[0] = 100.0
    z.sum().backward()
    assert np.allclose(x.grad, 2 * np.exp(2 * np.array([1.0, 2.0])))


def test_writing_a_leaf_outside_no_grad_raises():
    x = leaf([1.0, 2.0], name="w")
    for attempt in (lambda: x.__setitem__(0, 1.0), lambda: operator.iadd(x, 1.0)):
        with pytest.raises(RuntimeError, match=r"w .*no_grad"):
            attempt()
    assert x.tolist() == [1.0, 2.0]


def test_under_no_grad_a_leaf_stays_the_leaf():
    w = leaf([1.0, 2.0], name="w")
    other, J = copy.copy(w), (w * w).sum()
    J.backward()
    with ag.no_grad():
        w -= 0.5 * w.grad
        w[0] = 7.0
    assert (w.is_leaf, w.requires_grad, w.name, w.tolist()) == (True, True, "w", [7.0, 0.0])
    assert other.tolist() == [1.0, 2.0]
    J.backward()  # what was recorded still has the old values, and the cell is one
    assert w.grad.tolist() == [4.0, 8.0]
    assert other.grad is w.grad


VIEWS = {
    "slice": lambda x: x[0:1],
    "row": lambda x: x[0],
    "newaxis": lambda x: x[None],
    "ellipsis": lambda x: x[...],
    "reshape": lambda x: x.reshape(4),
    "T": lambda x: x.T,
    "swapaxes": lambda x: np.swapaxes(x, 0, 1),
    "expand_dims": lambda x: np.expand_dims(x, 0),
    "squeeze": lambda x: x[None].squeeze(),
    "broadcast_to": lambda x: np.broadcast_to(x, (3, 2, 2)),
    "split": lambda x: np.split(x, 2)[1],
    "ravel": np.ravel,
    "squeeze nothing": np.squeeze,
    "real": np.real,
}


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
@pytest.mark.parametrize("tracked", [True, False])
def test_writing_a_view_raises_tracked_or_not(view, tracked):
    x = ag.Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=tracked) * 1.0
    part = view(x)
    for attempt in (lambda: part.__setitem__(..., 0.0), lambda: operator.iadd(part, 1.0)):
        with pytest.raises(RuntimeError, match=r"view.*copy\(\)"):
            attempt()
    own = part.copy()
    own[...] = 0.0
    assert x.tolist() == [[1.0, 2.0], [3.0, 4.0]]


def test_an_augmented_part_is_written_into_its_base():
    x = leaf([1.0, 2.0, 3.0])
    y = x * 1.0
    y[1:] *= 2.0
    y[0] += x[2]
    with pytest.raises(RuntimeError, match="view"):
        y[1:][0] += 1.0
    assert y.tolist() == [4.0, 4.0, 6.0]
    (y * y).sum().backward()
    assert x.grad.tolist() == [8.0, 16.0, 2 * 6 * 2 + 8.0]


def test_views_by_functions_without_a_rule_refuse_writes_too():
    x = ag.Tensor([[1.0, 2.0], [3.0, 4.0]])
    for view in (np.diagonal(x), np.flip(x), np.moveaxis(x, 0, 1), np.atleast_1d(x)):
        with pytest.raises(RuntimeError, match="view"):
            view[...] = 0.0


def test_every_in_place_operator_is_in_place():
    whole, mask = ag.Tensor([5, 6]), ag.Tensor([True, False])
    alias, same = whole, mask
    whole %= 4
    whole //= 2
    mask &= True
    mask |= False
    mask ^= True
    assert (alias.tolist(), same.tolist()) == ([0, 1], [False, True])
    x = leaf([1.0])
    for attempt in (operator.imod, operator.ifloordiv):
        with pytest.raises(RuntimeError, match="no_grad"):
            attempt(x, 2.0)


def test_results_that_copied_are_writable():
    x = leaf([[1.0, 2.0], [3.0, 4.0]]) * 1.0
    for part in (x.T.reshape(4), x[[0, 1]], x[x > 0], x + 0.0):
        part[...] = 0.0
    assert x.tolist() == [[1.0, 2.0], [3.0, 4.0]]


def test_an_earlier_view_keeps_its_values_when_the_base_is_written():
    for tracked in (True, False):
        x = ag.Tensor([1.0, 2.0], requires_grad=tracked) * 1.0
        view, before = x[:1], x.detach().numpy()
        x[0] = 9.0
        assert (view.tolist(), before.tolist(), x.tolist()) == ([1.0], [1.0, 2.0], [9.0, 2.0])


def test_set_items_take_the_buffer_over_when_nobody_else_sees_it():
    n = 2000
    w = leaf(np.arange(float(n)))
    x = ag.Tensor(np.zeros(n))
    buffers = set()
    for i in range(n):
        x[i] = w[i] * w[i]
        buffers.add(x.node.value.__array_interface__["data"][0])
    assert len(buffers) == 1
    x.sum().backward()
    assert np.array_equal(w.grad, 2 * np.arange(n))


def test_a_saved_value_stops_the_takeover():
    w = leaf(2.0)
    x = ag.Tensor(np.zeros(2))
    x[0] = w
    saved = x.detach()
    y = x * x
    x[1] = w
    assert (saved.tolist(), y.tolist(), x.tolist()) == ([2.0, 0.0], [4.0, 0.0], [2.0, 2.0])
    (y.sum() + x.sum()).backward()
    assert w.grad == 4.0 + 2.0


def test_in_place_results_keep_shape_and_dtype():
    y = leaf(np.ones(2, np.float32)) * 1.0
    y += np.ones(2)
    assert y.dtype == np.float32
    with pytest.raises(TypeError, match=r"float32 \(2,\) into float64 \(3, 2\)"):
        y += np.ones((3, 2))
    for stranger in ("a", None):
        with pytest.raises(TypeError, match=r"\+=: 'Tensor' and '(str|NoneType)'"):
            y += stranger
    whole = ag.Tensor([1, 2])
    with pytest.raises(TypeError, match="int64"):
        whole += 0.5
    with pytest.raises(TypeError, match="floats"):
        whole[0] = leaf(1.0)


# -- copies


def test_copy_names_the_same_node_and_goes_its_own_way():
    x = leaf([1.0, 2.0]) * 1.0
    y = copy.copy(x)
    assert y.node is x.node
    y += 1.0
    assert (x.tolist(), y.tolist()) == ([1.0, 2.0], [2.0, 3.0])


def test_deepcopy_reaches_independent_leaves():
    x = leaf([1.0, 2.0], name="x")
    (x * x).sum().backward()
    twin_x, twin_y = copy.deepcopy((x, (x * x).sum()))
    twin_y.backward()
    assert x.grad.tolist() == [2.0, 4.0]
    assert twin_x.grad.tolist() == [4.0, 8.0]
    assert (twin_x.name, twin_x.is_leaf) == ("x", True)


def test_pickle_stores_a_leaf_and_refuses_a_history():
    x = leaf(np.array([1.0, 2.0], np.float32), name="x")
    (x * x).sum().backward()
    twin = pickle.loads(pickle.dumps(x))  # noqa: S301 -- our own bytes
    assert (twin.tolist(), twin.dtype, twin.name) == ([1.0, 2.0], np.float32, "x")
    assert twin.requires_grad
    assert twin.grad.tolist() == [2.0, 4.0]
    with pytest.raises(TypeError, match=r"detach\(\)"):
        pickle.dumps(x * x)
    assert pickle.loads(pickle.dumps((x * x).detach())).tolist() == [1.0, 4.0]  # noqa: S301
