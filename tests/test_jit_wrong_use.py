"""What a program can not do, and what changes around it: an error or the right number, no other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autograd_mini as ag
from autograd_mini.context import TRACKED, context
from tests.jit_checks import check_same

X = np.array([1.0, 2.0, 3.0])


def clean() -> bool:
    now = context.now
    return (now.mode, now.scope, now.debug, now.since, now.primals) == (TRACKED, (), None, 0, set())


@pytest.mark.parametrize(
    ("f", "cure"),
    [
        (np.nonzero, r"np\.where"),
        (np.unique, "while the program is being recorded"),
        (lambda x: x[x > 1.0], r"np\.where"),
        (lambda x: np.zeros(int(x[0])), r"np\.where"),
    ],
    ids=["nonzero", "unique", "mask", "size"],
)
def test_a_shape_that_depends_on_values_is_refused(f: Any, cure: str) -> None:
    with pytest.raises(RuntimeError, match=cure):
        ag.jit(f)(X)
    assert clean()


def test_a_tensor_that_was_kept_has_no_value_and_says_so() -> None:
    kept: list[Any] = []

    def f(x: Any) -> Any:
        kept.append(x * 2.0)
        return x

    ag.jit(f)(X)
    for read in (lambda: kept[0] + 1.0, lambda: np.sum(kept[0]), lambda: kept[0].detach().numpy(),
                 lambda: kept[0][0], lambda: repr(kept[0])):  # fmt: skip
        with pytest.raises(RuntimeError, match="kept from a function while it was recorded"):
            read()
    late = ag.jit(lambda x: (x * k for k in (2.0,)))(X)
    with pytest.raises(RuntimeError, match="yielded later"):
        next(late)


def test_containers_among_the_arguments_are_not_changed() -> None:
    def extends(given: Any) -> Any:
        given["b"] = given["a"] * 2.0
        return given["a"]

    def appends(given: Any) -> Any:
        given.append(given[0] * 2.0)
        return given[0]

    def writes(given: Any) -> Any:
        given["a"][0] = 5.0
        return given["a"]

    for f, given in ((extends, {"a": X}), (appends, [X]), (writes, {"a": X.copy()})):
        with pytest.raises(RuntimeError, match="changes"):
            ag.jit(f)(given)
    np.testing.assert_array_equal(X, [1.0, 2.0, 3.0])


def test_a_tensor_around_a_function_is_not_changed() -> None:
    """Nor its .grad: while recording there are no values that could be written."""
    w, v = ag.Tensor([1.0, 2.0, 3.0], requires_grad=True), ag.Tensor([1.0, 2.0, 3.0])

    def writes(x: Any) -> Any:
        v[0] = x.sum()
        return v * x

    def adds(x: Any) -> Any:
        nonlocal v
        v += x
        return v * x

    def passes_back(x: Any) -> Any:
        J = (w * x * x).sum()
        J.backward()
        return J.detach()

    for f, cure in ((writes, "write it outside"), (adds, "write it outside"),
                    (passes_back, "value_and_grad")):  # fmt: skip
        with pytest.raises(RuntimeError, match=f"a jitted function can not .*{cure}"):
            ag.jit(f)(X)
        assert clean()
    assert w.grad is None
    np.testing.assert_array_equal(v.numpy(), X)
    passes_back(X)  # outside of a program it does as ever
    np.testing.assert_array_equal(w.grad, X * X)


def test_a_tensor_that_a_function_makes_itself_may_be_changed() -> None:
    def f(x: Any) -> Any:
        y = x * 2.0
        y[0] = x.sum()
        y += x
        return y

    check_same(f, [X], [X + 1.0])


@pytest.mark.parametrize("given", [np.array(["a"]), np.array([1, None]), np.str_("a"),
                                   np.array(["2026-01-01"], "M8[D]")])  # fmt: skip
def test_arrays_of_anything_but_numbers_are_refused(given: Any) -> None:
    with pytest.raises(TypeError, match=r"an array of dtype .*not of numbers"):
        ag.jit(lambda x, label: x)(X, given)


@pytest.mark.parametrize("positions", ["x", 1.5, (0, "x"), None])
def test_static_arguments_are_named_by_position(positions: Any) -> None:
    with pytest.raises(TypeError, match=r"static_argnums=.*positions of arguments"):
        ag.jit(lambda x, n: x * n, static_argnums=positions)


def test_a_jitted_function_shows_whose_it_is() -> None:
    assert repr(ag.jit(np.sum)) == "jit(sum)"
    assert repr(ag.jit(Holder(1.0).times)) == "jit(Holder.times)"


class Holder:
    def __init__(self, w: Any) -> None:
        self.w = w

    def times(self, x: Any) -> Any:
        return self.w * x


@pytest.mark.parametrize("make", [ag.Tensor, np.array, lambda x: float(x[0])],
                         ids=["tensor", "array", "number"])  # fmt: skip
def test_what_objects_around_a_function_hold_may_be_replaced(make: Any) -> None:
    """Attributes, items of lists and of dicts; a method's own object."""
    one, several, named, own = (
        Holder(make([1.0, 2.0, 3.0])), [make([1.0, 2.0, 3.0])], {"w": make([1.0, 2.0, 3.0])},
        Holder(make([1.0, 2.0, 3.0])),
    )  # fmt: skip

    def f(x: Any) -> Any:
        return one.w * x + several[0] * x + named["w"] * x

    first, second = check_same(f, [X], [X]), check_same(own.times, [X], [X])
    one.w = make([5.0, 6.0, 7.0])
    check_same(f, [X], [X], jitted=first)
    several[0] = make([5.0, 6.0, 7.0])
    check_same(f, [X], [X], jitted=first)
    named["w"] = make([5.0, 6.0, 7.0])
    check_same(f, [X], [X], jitted=first)
    own.w = make([5.0, 6.0, 7.0])
    check_same(own.times, [X], [X], jitted=second)


def test_zero_has_two_signs() -> None:
    f = ag.jit(lambda x, c: np.copysign(x, c))
    for c in (0.0, -0.0, 0.0, -0.0):
        np.testing.assert_array_equal(f(X, c), np.copysign(X, c))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.longdouble, np.complex64])
def test_other_precisions_keep_theirs(dtype: Any) -> None:
    for f in (lambda x: x * 2.0 + x / 3, lambda x: x / 7.0 - 1, lambda x: np.mean(x) * x):
        check_same(f, [X.astype(dtype)], [(X + 1).astype(dtype)])


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int64, np.bool_])
def test_whole_numbers_wrap_around_as_numpys_do(dtype: Any) -> None:
    x, z = np.array([1, 100, 0]).astype(dtype), np.array([2, 100, 1]).astype(dtype)
    for f in (lambda x, z: x * z, lambda x, z: x * -1.0, lambda x, z: 0.0 - x):
        check_same(f, [x, z])
    if dtype is not np.bool_:
        for f in (lambda x, z: (x - z) * -2.0, lambda x, z: (-x) * 3.0,
                  lambda x, z: 0.5 + (-z), lambda x, z: 0.5 - (-x)):  # fmt: skip
            check_same(f, [x, z])


def test_an_exception_inside_leaves_nothing_behind() -> None:
    def f(x: Any) -> Any:
        with ag.scope("layer"), ag.no_grad():
            raise KeyError("mine")

    jitted = ag.jit(f)
    for _ in range(2):
        with pytest.raises(KeyError, match="mine"):
            jitted(X)
        assert clean()


def test_arguments_of_many_kinds() -> None:
    f = ag.jit(lambda x, k=2.0: x * k)
    for k in (2.0, 3.0, 3, True, np.float32(2.0), 2.5, 1e300):
        check_same(lambda x, k=2.0: x * k, [X, k], jitted=f)
    np.testing.assert_array_equal(f(X, k=4.0), X * 4.0)
    np.testing.assert_array_equal(f(x=X), X * 2.0)
    with pytest.raises(TypeError, match="no hash"):
        ag.jit(lambda x, s: x * len(s), static_argnums=1)(X, [1, 2])


def test_transforms_in_and_around_a_program() -> None:
    def f(x: Any) -> Any:
        return np.sin(x) * 2.0

    np.testing.assert_array_equal(ag.jit(ag.jit(f))(X), f(X))
    np.testing.assert_array_equal(ag.vmap(ag.jit(f))(X), f(X))
    np.testing.assert_array_equal(ag.jit(ag.vmap(f))(X), f(X))
    check_same(ag.value_and_grad(lambda x: ag.checkpoint(f)(x).sum()), [X], [X + 1])


def test_a_program_without_gradients_has_no_derivation() -> None:
    plain, net = ag.jit(lambda x: x * 2.0), ag.nn.Network([3, 1], seed=0)
    plain(X)
    with pytest.raises(ValueError, match=r"no gradient of a named tensor; compile ag\.value_and"):
        plain.derivation()
    trained = ag.jit(ag.value_and_grad(ag.nn.logistic_cost))
    trained(net, X[np.newaxis], np.ones((1, 1)))
    with pytest.raises(ValueError, match=r"no gradient of z9; it has those of .*z2"):
        trained.derivation("z9")
