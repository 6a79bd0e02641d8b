"""vmap: what a loop over the examples gives, stacked."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import autograd_mini as ag
from autograd_mini import batching, elements
from autograd_mini.context import context
from autograd_mini.op import OPS, find_op
from tests import rule_cases_arrays, rule_cases_more
from tests.rule_cases import CASES, Call, a_call

_ = (rule_cases_arrays, rule_cases_more)  # the appendix stands in CASES too

A = np.array([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]])
W = np.array([[1.0, 2.0], [0.5, -1.0], [0.0, 3.0]])


def looped(f: Callable[..., Any], axes: tuple[int | None, ...], *args: Any) -> Any:
    """The definition: one example after the other."""
    (n, *_) = (len(x) for x, axis in zip(args, axes, strict=True) if axis is not None)
    rows = [
        f(*(x if axis is None else x[i] for x, axis in zip(args, axes, strict=True)))
        for i in range(n)
    ]
    if isinstance(rows[0], tuple):
        return tuple(np.stack(parts) for parts in zip(*rows, strict=True))
    return np.stack(rows)


def assert_same(got: Any, expected: Any) -> None:
    several = (got, expected) if isinstance(expected, tuple) else ((got,), (expected,))
    for one, other in zip(*several, strict=True):
        assert type(one) is np.ndarray
        assert one.dtype == other.dtype
        assert one.shape == other.shape
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12)


# -- every operation


def drawn(random: Random, op: str, row: int) -> Call:
    """Draw a call; not on one number repeated, which is a tie or has no deviation."""
    call = a_call(random, op, row)
    return drawn(random, op, row) if any(x.layout == "repeated" for x in call.inputs) else call


TRACEABLE = sorted({*CASES} - rule_cases_more.FROZEN)


@pytest.mark.parametrize("op", sorted(rule_cases_more.FROZEN))
def test_an_operation_that_must_know_a_value_says_so(op: str) -> None:
    arrays = drawn(Random(op), op, 0).arrays()
    call = CASES[op][0].forms[-1]
    with pytest.raises(RuntimeError, match=r"the value of .* was read while"):
        ag.vmap(call)(*(np.stack([x, x]) for x in arrays))


@pytest.mark.parametrize("op", TRACEABLE)
def test_every_operation_is_replayed_as_the_loop_does(op: str) -> None:
    """All arguments mapped, then the first alone: the others are shared."""
    random = Random(op)
    for row in range(len(CASES[op])):
        call = drawn(random, op, row)
        arrays = call.arrays()
        batches = [np.stack([x, 0.875 * x, x]) for x in arrays]
        everywhere = (0,) * len(arrays)
        f = lambda *xs, call=call: call(*xs)  # noqa: E731
        assert_same(ag.vmap(f)(*batches), looped(f, everywhere, *batches))
        if len(arrays) > 1:
            axes = (0, *(None,) * (len(arrays) - 1))
            mixed = [batches[0], *arrays[1:]]
            assert_same(ag.vmap(f, in_axes=axes)(*mixed), looped(f, axes, *mixed))


@pytest.mark.parametrize("op", TRACEABLE)
def test_every_rule_is_replayed_as_the_loop_does(op: str) -> None:
    """Per-example gradients: the recorded rules are operations like any other."""
    random = Random(op)
    call = drawn(random, op, len(CASES[op]) - 1)
    arrays = call.arrays()

    def pulled(*xs: Any) -> Any:
        outputs, pullback = ag.vjp(lambda *xs: call(*xs), *xs)
        return tuple(pullback(tuple(np.ones(y.shape, y.dtype) for y in outputs)))

    batches = [np.stack([x, 0.875 * x]) for x in arrays]
    assert_same(ag.vmap(pulled)(*batches), looped(pulled, (0,) * len(arrays), *batches))


SAMPLES: dict[str, Callable[[Any], Any]] = {
    "a network": lambda x: np.tanh(W @ np.maximum(A @ x, 0.0)) + x,
    "nothing of x": lambda x: W,
    "x": lambda x: x,
    "sums": lambda x: x.sum() + x.mean(keepdims=True) * np.max(x) - np.prod(x),
    "norms": lambda x: x / np.sqrt((x * x).sum(axis=-1, keepdims=True)),
    "shapes": lambda x: np.outer(x, x).reshape(9)[::2] * np.stack([x, x, x]).T.ravel()[:5],
    "masks": lambda x: np.where(x > 0, x, x * x),
    "indices": lambda x: x[[2, 0]] * x[np.newaxis, 1:, ...] + x[-1],
    "concatenation": lambda x: np.concatenate([x, A[0], x[:1]]),
    "matrices": lambda x: np.linalg.inv(np.outer(x, x) + np.eye(3)) @ x,
    "loops": lambda x: sum((np.sin(x * k) for k in range(3)), np.zeros(3)),
    "softmax": lambda x: ag.nn.log_softmax(x) - ag.nn.logsumexp(x) + ag.nn.softmax(x),
    "more of NumPy": lambda x: np.cumsum(np.sort(x)) + np.einsum("i,j->i", x, x) + np.std(x),
    "detached": lambda x: x * x.detach(),
    "set-items": lambda x: filled(x),
    "an affine layer": lambda x: ag.nn.Network([3, 2, 1], seed=0)(x),
}


def filled(x: Any) -> Any:
    y = ag.Tensor(np.zeros(4))
    y[1:] = x
    y[0] = x[0] * x[1]
    return y


def plain(f: Callable[..., Any]) -> Callable[..., Any]:
    """The function, its result as an array."""
    return lambda *xs: ag.vjp(f, *xs)[0]


POINTS = hnp.arrays(np.float64, (4, 3), elements=st.floats(0.25, 2.0) | st.floats(-2.0, -0.25))


@pytest.mark.parametrize("name", sorted(SAMPLES))
@given(X=POINTS)
def test_vmap_is_the_loop(name: str, X: Any) -> None:
    f = SAMPLES[name]
    expected = looped(plain(f), (0,), X)
    got = ag.vmap(f)(X)
    got = got.detach().numpy() if isinstance(got, ag.Tensor) else got
    np.testing.assert_allclose(got, value(expected), rtol=1e-11, atol=1e-11)
    gradient = ag.grad(lambda x: np.sum(np.sin(f(x))))
    expected = looped(gradient, (0,), X) if name != "nothing of x" else np.zeros((4, 3))
    np.testing.assert_allclose(value(ag.vmap(gradient)(X)), value(expected), rtol=1e-9, atol=1e-9)


def value(x: Any) -> Any:
    return x.detach().numpy() if isinstance(x, ag.Tensor) else x


def test_axes_in_and_out() -> None:
    X = np.arange(12.0).reshape(3, 4)
    f = lambda x, k: x * k + x.sum()  # noqa: E731
    expected = np.stack([f(X[:, j], 2.0) for j in range(4)])
    assert_same(ag.vmap(f, in_axes=(1, None))(X, 2.0), expected)
    assert_same(ag.vmap(f, in_axes=(-1, None), out_axes=-1)(X, 2.0), expected.T)
    assert ag.vmap(lambda d: d["a"] * d["b"][0])({"a": X, "b": (X[:, 0],)}).shape == (3, 4)
    assert ag.vmap(lambda x: {"twice": 2 * x, "three": 3})(X[0])["three"].tolist() == [3] * 4


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: ag.vmap(np.sin, in_axes=None)(1.0), "no argument is mapped"),
        (lambda: ag.vmap(np.sin)(1.0), r"argument 0 has shape \(\); in_axes says its axis 0"),
        (lambda: ag.vmap(np.add)(np.ones(2), np.ones(3)), "2 in argument 0, 3 in argument 1"),
        (lambda: ag.vmap(np.add, in_axes=(0,))(np.ones(2), 1.0), r"\(0,\) for 2 arguments"),
    ],
    ids=["none", "no axis", "sizes", "too few axes"],
)
def test_what_can_not_be_mapped_is_refused(call: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        call()


def test_values_can_not_be_read() -> None:
    for reading in (lambda x: x if x > 0 else -x, lambda x: A[0][x], lambda x: x.item()):
        with pytest.raises(RuntimeError, match=r"read while .* recorded.*np\.where"):
            ag.vmap(reading)(np.array([1, 2]))


def test_no_examples() -> None:
    assert ag.vmap(lambda x: np.sin(x) @ W)(np.zeros((0, 3))).shape == (0, 2)
    assert ag.vmap(np.sort)(np.zeros((0, 3))).shape == (0, 3)


def test_it_composes() -> None:
    X = np.random.default_rng(0).normal(size=(4, 3))
    f = lambda x: np.sum(np.tanh(A @ x)) * x[0]  # noqa: E731
    loop = np.stack([ag.grad(f)(x) for x in X])
    np.testing.assert_allclose(ag.vmap(ag.grad(f))(X), loop, rtol=1e-13)
    total = ag.grad(lambda X: np.sum(ag.vmap(f)(X)))(X)
    np.testing.assert_allclose(total, loop, rtol=1e-13)
    both = ag.vmap(ag.vmap(lambda x, y: x * y, in_axes=(None, 0)), in_axes=(0, None))
    assert_same(both(X[:, 0], X[:, 1]), np.outer(X[:, 0], X[:, 1]))
    hessians = ag.vmap(ag.hessian(f))(X)
    np.testing.assert_allclose(value(hessians), np.stack([ag.hessian(f)(x) for x in X]), rtol=1e-11)


def test_a_captured_weight_and_tensors_in() -> None:
    w = ag.Tensor([1.0, 2.0, 3.0], requires_grad=True)
    X = np.array([[1.0, 0.0, 2.0], [0.5, 1.0, -1.0]])
    out = ag.vmap(lambda x: np.sum(np.sin(w) * x))(X)
    out.sum().backward()
    np.testing.assert_allclose(w.grad, np.cos(w.tolist()) * X.sum(axis=0))
    T = ag.Tensor(X, requires_grad=True)
    ag.vmap(lambda x: np.prod(x + 3.0))(T).sum().backward()
    np.testing.assert_allclose(T.grad, ag.grad(lambda x: np.sum(np.prod(x + 3.0, axis=1)))(X))
    assert type(ag.vmap(np.sin)(ag.Tensor(X))) is ag.Tensor


def test_per_example_gradients_of_the_note_s_network_average_to_the_gradient() -> None:
    net = ag.nn.Network([3, 4, 1], seed=0)
    X = np.random.default_rng(1).normal(size=(5, 3))
    Y = np.array([[1.0], [0.0], [1.0], [1.0], [0.0]])
    each = ag.vmap(ag.grad(ag.nn.logistic_cost), in_axes=(None, 0, 0))(net, X, Y)
    whole = ag.grad(ag.nn.logistic_cost)(net, X, Y)
    for l in (1, 2):
        found = each.weights[l].detach().numpy()
        assert found.shape == (5, *net.weights[l].shape)
        np.testing.assert_allclose(found.mean(axis=0), value(whole.weights[l]), rtol=1e-12)


def test_the_kinds_name_operations_that_exist() -> None:
    find_op(np.einsum)  # the appendix is read
    names = {op.name for op in OPS.values()}
    assert set(batching.KINDS) <= names
    assert set(elements.ELEMENTWISE) <= names


def test_a_user_may_call_an_operation_as_numpy_calls_another() -> None:
    @ag.primitive
    def matmul(a: Any, b: Any) -> Any:
        return np.sum(a) * np.sum(b) * np.ones(2)

    @ag.primitive
    def clip(x: Any) -> Any:
        return x - np.max(x)

    ag.rule(matmul, lambda g, y, a, b: np.sum(g) * np.sum(b) * np.ones(a.shape), None)
    ag.rule(clip, lambda g, y, x: g)
    try:
        A, b = np.arange(8.0).reshape(2, 2, 2), np.ones(2)
        product = lambda a: matmul(a, b)  # noqa: E731
        for f in (product, clip):
            assert_same(ag.vmap(f)(A), looped(f, (0,), A))
    finally:
        del OPS[matmul], OPS[clip]


def test_results_share_no_memory_with_the_arguments_or_with_each_other() -> None:
    X = np.ones((3, 4))
    several = (lambda x: x, lambda x: x[1:], lambda x: np.broadcast_to(x, (2, 4)), lambda x: (x, x))
    for f in several:
        found = ag.vmap(f)(X)
        found = found if isinstance(found, tuple) else (found,)
        assert all(y.flags.writeable and not np.shares_memory(y, X) for y in found)
        assert not np.shares_memory(found[0], found[-1]) or len(found) == 1
    first, second = ag.jacobian(lambda x: (x, x))(X[0])
    assert not np.shares_memory(first, second)


def test_a_number_may_be_summed_along_its_axis() -> None:
    X = np.array([1.0, 2.0])
    for f in (np.sum, np.max, np.prod, np.cumsum, ag.nn.softmax):
        for axis in (0, -1):
            one = [f(x, axis=axis) for x in X]
            assert np.array_equal(ag.vmap(lambda x, f=f, axis=axis: f(x, axis=axis))(X), one)


def test_places_found_by_searching_are_each_examples_own() -> None:
    X = np.array([[0.5, -0.5, 1.5], [1.5, 0.5, -2.0]])
    knots, values = np.array([-1.0, 0.0, 1.0]), np.array([3.0, 4.0, 9.0])
    among = lambda x: np.interp(x, knots, values)  # noqa: E731
    assert np.allclose(ag.vmap(among)(X), among(X))
    slopes = ag.vmap(ag.grad(lambda x: np.sum(among(x))))(X)
    assert slopes.tolist() == [[5.0, 1.0, 0.0], [0.0, 5.0, 0.0]]
    for f in (np.searchsorted, lambda v, x: np.digitize(x, v), lambda v, x: np.isin(x, v)):
        assert np.array_equal(ag.vmap(f, in_axes=(None, 0))(knots, X), f(knots, X))


def test_what_is_no_number_is_refused_and_in_axes_may_be_numpys() -> None:
    X = np.ones((3, 2))
    for wrong in (None, "a", ["a"]):
        with pytest.raises(TypeError, match="must return numbers and arrays; got"):
            ag.vmap(lambda x, wrong=wrong: wrong)(X)
    assert ag.vmap(np.sum, in_axes=np.int64(1))(X).tolist() == [3.0, 3.0]


def test_an_index_of_true_between_slices_puts_its_axis_first() -> None:
    X = np.arange(24.0).reshape(2, 2, 3, 2)
    f = lambda x: x[True, :, 0]  # noqa: E731
    assert np.array_equal(ag.vmap(f)(X), np.stack([f(x) for x in X]))


def test_what_no_derivative_follows_is_replayed_too() -> None:
    """`no_grad` and `detach` cut derivatives; values still are each example's own."""
    X = np.array([[1.0, 5.0], [2.0, 3.0]])

    def f(x: Any) -> Any:
        with ag.no_grad():
            largest = x.max()
        return np.sum(np.exp(x - largest) * x.detach())

    assert_same(ag.vmap(f)(X), np.sum(np.exp(X - X.max(axis=1, keepdims=True)) * X, axis=1))
    gradient = np.exp(X - X.max(axis=1, keepdims=True)) * X
    assert_same(ag.vmap(ag.grad(f))(X), gradient)
    slopes = ag.vmap(lambda x: ag.no_grad()(ag.grad(lambda y: np.sum(y * y)))(x))(X)
    assert_same(slopes, 2 * X)


@pytest.mark.parametrize(
    "frozen",
    [
        lambda x: np.roll(A, x),
        lambda x: np.round(A, x),
        lambda x: A[x],
        lambda x: copy.deepcopy(x),
        lambda x: pickle.dumps(x),
    ],
    ids=["roll", "round", "index", "deepcopy", "pickle"],
)
def test_nothing_is_frozen_at_the_first_example_in_silence(frozen: Any) -> None:
    with pytest.raises((RuntimeError, TypeError), match=r"was read while|Tensor"):
        ag.vmap(frozen)(np.array([1, 0]))


def test_index_arrays_that_slices_separate() -> None:
    """NumPy puts their axis first: before the examples', were it not one by one."""
    X = np.arange(48.0).reshape(2, 2, 3, 4)
    f = lambda x: x[[0, 1], :, [1, 3]]  # noqa: E731
    assert_same(ag.vmap(f)(X), np.stack([f(x) for x in X]))


def test_examples_are_forgotten_when_the_recording_ends() -> None:
    ag.vmap(np.sin)(np.ones(3))
    assert not context.now.primals
    with pytest.raises(ZeroDivisionError):
        ag.vmap(lambda x: 1 // 0)(np.ones(3))
    assert not context.now.primals


def test_a_gradient_of_ones_own_under_no_grad_is_each_examples_own() -> None:
    own = ag.custom_vjp(lambda x: x * x)
    own.defvjp(lambda x: (x * x, x), lambda x, g: (2.0 * x * g,))
    X = np.array([1.0, 2.0, 3.0])
    assert_same(ag.vmap(lambda x: ag.no_grad()(own)(x))(X), X * X)
    assert_same(ag.vmap(lambda x: ag.no_grad()(ag.grad(own))(x))(X), 2.0 * X)
