"""Derivatives of functions: structures, orders, what comes back plain and what recorded."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_mini as ag
from autograd_mini.context import TRACKED, context

SMALL = st.floats(-2, 2)


def leaf(value, **options):
    return ag.Tensor(value, requires_grad=True, **options)


# -- values


@given(SMALL)
def test_ten_derivatives_of_the_sine(x):
    f = np.sin
    for order in range(1, 11):
        f = ag.grad(f)
        assert abs(f(x) - np.sin(x + order * np.pi / 2)) <= 1e-12


@given(SMALL, SMALL)
def test_nested_derivatives_do_not_confuse_their_perturbations(x, y):
    # d/dx [x · d/dy (x + y)] = 1, and d/dx [x · d/dy (x y)] = 2x
    assert ag.grad(lambda x: x * ag.grad(lambda y: x + y)(y))(x) == 1.0
    assert ag.grad(lambda x: x * ag.grad(lambda y: x + y)(x))(x) == 1.0
    assert ag.grad(lambda x: x * ag.grad(lambda y: x * y)(x))(x) == pytest.approx(2 * x)
    three = ag.grad(lambda x: ag.grad(lambda y: ag.grad(lambda z: x * y * z)(x) * y)(x) * x)
    assert three(x) == pytest.approx(6 * x**2)  # x · d/dy[y · xy] at y = x is x · 2x · x


@given(st.lists(SMALL, min_size=1, max_size=4))
def test_mixed_second_derivatives_are_symmetric(values):
    x = np.array(values)

    def f(x, y):
        return (np.sin(x) * np.exp(y) * x[::-1]).sum()

    def mixed(first, second):
        inner = ag.grad(f, argnums=first)
        v, w = np.arange(1.0, len(x) + 1), np.ones(len(x))
        if first > second:
            v, w = w, v
        return ag.grad(lambda *a: (inner(*a) * v).sum(), argnums=second)(x, 0.5 * x) @ w

    assert mixed(0, 1) == pytest.approx(mixed(1, 0), rel=1e-12, abs=1e-12)


# -- structures


class Pair(NamedTuple):
    first: object
    second: object


@dataclass
class Parameters:
    w: object
    b: object


def test_arguments_and_gradients_have_the_same_structure():
    def f(p):
        pair = p["pair"]
        return (pair.first * p["inner"].w).sum() + pair.second * p["inner"].b[0] * p["list"][1]

    w = np.array([1.0, 2.0], np.float32)
    p = {"pair": Pair(w, 3.0), "inner": Parameters(np.array([4.0, 5.0]), (6.0,)), "list": [1.0, 7]}
    value, g = ag.value_and_grad(f)(p)
    assert value == 4.0 + 10.0 + 3 * 6 * 7
    assert type(g["pair"]) is Pair
    assert (g["pair"].first.tolist(), g["pair"].first.dtype) == ([4.0, 5.0], np.float32)
    assert g["pair"].second == 42.0
    assert type(g["inner"]) is Parameters
    assert g["inner"].w.tolist() == [1.0, 2.0]
    assert g["inner"].b == (21.0,)
    assert g["list"] == [0.0, 18.0]
    assert p["list"] == [1.0, 7]


def test_dicts_of_other_kinds_come_back_right():
    given = defaultdict(float, {"a": 2.0, "b": 3.0})
    g = ag.grad(lambda p: p["a"] * p["b"])(given)
    assert (type(g), g["a"], g["b"], g["missing"]) == (defaultdict, 3.0, 2.0, 0.0)
    assert given == {"a": 2.0, "b": 3.0}
    assert ag.grad(lambda p: p["a"] * p["b"])(Counter(a=2, b=3)) == {"a": 3.0, "b": 2.0}


def test_recorded_gradients_are_the_callers_own():
    w, cotangent = leaf(2.0), np.ones(2)
    ga, gb = ag.grad(lambda a, b: ((a + b) * w).sum(), (0, 1))(np.ones(2), np.ones(2))
    ga += 10.0
    assert gb.tolist() == [2.0, 2.0]
    (g,) = ag.vjp(lambda x: x + w * 0.0, np.ones(2))[1](cotangent)
    cotangent[0] = 99.0
    assert g.tolist() == [1.0, 1.0]


def test_argnums():
    def f(a, b, c):
        return a * b + c

    assert ag.grad(f)(2.0, 3.0, 4.0) == 3.0
    assert ag.grad(f, argnums=1)(2.0, 3.0, 4.0) == 2.0
    assert ag.grad(f, argnums=-1)(2.0, 3.0, 4.0) == 1.0
    assert ag.grad(f, argnums=(2, 0))(2.0, 3.0, 4.0) == (1.0, 3.0)
    assert ag.value_and_grad(f, argnums=[0])(2.0, 3.0, c=4.0) == (10.0, (3.0,))
    with pytest.raises(TypeError, match=r"argnums=\(2,\)"):
        ag.grad(f, argnums=2)(2.0, 3.0, c=4.0)
    for twice in [(0, 0), (0, -3)]:
        with pytest.raises(TypeError, match="name each once"):
            ag.grad(f, argnums=twice)(2.0, 3.0, 4.0)


def test_aux_comes_back_beside():
    def f(x):
        y = x * x
        return y.sum(), {"y": y, "note": "as it is"}

    (value, aux), g = ag.value_and_grad(f, has_aux=True)(np.array([1.0, 2.0]))
    assert value == 5.0
    assert type(aux["y"]) is np.ndarray
    assert aux["note"] == "as it is"
    assert ag.grad(f, has_aux=True)(np.array([1.0, 2.0]))[0].tolist() == g.tolist() == [2.0, 4.0]


# -- what comes back


def test_plain_in_plain_out():
    value, g = ag.value_and_grad(lambda x: x * x)(3.0)
    assert (type(value), type(g)) == (np.float64, np.float64)
    value, g = ag.value_and_grad(lambda x: (x * x).sum())(np.ones(2, np.float32))
    assert (type(value), type(g), g.dtype) == (np.float32, np.ndarray, np.float32)
    x = np.ones(2)
    _, g = ag.value_and_grad(lambda x: x.sum())(x)
    out, pullback = ag.vjp(lambda x: x, x)
    for array in (g, out, *pullback(x)):
        assert type(array) is np.ndarray
        assert not np.shares_memory(array, x)


def test_tensors_in_tensors_out():
    x, w = ag.Tensor([1.0, 2.0]), leaf([1.0, 2.0])
    value, g = ag.value_and_grad(lambda x: (x * x).sum())(x)
    assert type(value) is type(g) is ag.Tensor
    assert not g.requires_grad
    value, g = ag.value_and_grad(lambda x: (x * x * x).sum())(w)
    assert g.requires_grad
    (g.sum() + value).backward()
    assert w.grad.tolist() == [6 + 3, 12 + 12]


def test_a_captured_tracked_leaf_makes_the_derivative_recorded():
    w = leaf(2.0)
    value, g = ag.value_and_grad(lambda x: x * x * w)(3.0)
    assert type(g) is type(value) is ag.Tensor
    g.backward()
    assert w.grad == 6.0
    with ag.no_grad():
        assert type(ag.grad(lambda x: x * x * w)(3.0)) is np.float64
        assert context.now.mode != TRACKED
    assert type(ag.grad(lambda x: x * x * w.detach())(3.0)) is np.float64


def test_what_an_inner_transform_recorded_ends_with_it():
    # the inner argument is plain, so nothing but the outer one is left to differentiate
    g = ag.grad(lambda y: ag.grad(lambda x: (x * x * y).sum())(np.ones(2)).sum())(3.0)
    assert type(g) is np.float64
    assert g == 4.0
    assert context.now.primals == set()


def test_transforms_record_inside_no_grad():
    with ag.no_grad():
        assert ag.grad(lambda x: x * x)(3.0) == 6.0
        assert ag.grad(ag.grad(lambda x: x * x * x))(3.0) == 18.0
    assert ag.grad(ag.no_grad()(lambda x: x * x))(3.0) == 0.0


def test_arguments_that_are_not_used_have_gradient_zero():
    g = ag.grad(lambda p: p["a"] * 2.0)({"a": 1.0, "b": np.ones((2, 3), np.float32)})
    assert g["a"] == 2.0
    assert (g["b"].shape, g["b"].dtype, g["b"].any()) == ((2, 3), np.float32, False)
    assert ag.grad(lambda x: 3.0)(np.ones(2)).tolist() == [0.0, 0.0]
    assert ag.grad(lambda x: np.argmax(x) * 1.0)(np.ones(2)).tolist() == [0.0, 0.0]


def test_a_primal_is_not_changed_by_writing_into_it():
    def f(x):
        x[0] = x[1] * 5.0
        x += 1.0
        return x.sum()

    x = np.array([1.0, 2.0])
    assert ag.grad(f)(x).tolist() == [0.0, 6.0]
    assert x.tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    ("f", "x", "error", "says"),
    [
        (lambda x: x, np.ones(3), ValueError, r"float64 of shape \(3,\)"),
        (lambda x: None, np.ones(3), ValueError, "NoneType"),
        (lambda x: "a", 1.0, ValueError, "str"),
        (lambda x: (x, x), 1.0, ValueError, r"returned tuple.*use ag\.vjp"),
        (lambda x: x.sum(), np.arange(3), TypeError, "pass floats"),
        (lambda x: x.sum(), ag.Tensor([1, 2]), TypeError, "pass floats"),
        (lambda x: x, "a", TypeError, "str: 'a'"),
        (lambda x: x["a"], {"a": 1.0, "b": None}, TypeError, "NoneType"),
    ],
    ids=["vector", "None", "string", "tuple", "integers", "integer tensor", "str", "None inside"],
)
def test_what_has_no_gradient_is_refused(f, x, error, says):
    with pytest.raises(error, match=says):
        ag.grad(f)(x)


def test_an_exception_in_f_leaves_the_context_as_it_was():
    def fails(x):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), ag.no_grad():
        ag.grad(fails)(1.0)
    assert context.now.mode == TRACKED


# -- vjp


def test_vjp_takes_the_structure_of_the_output():
    def f(a, b):
        return {"product": a @ b, "sum": (a.sum(), 2.0)}

    a, b = np.arange(6.0).reshape(2, 3), np.arange(3.0)
    out, pullback = ag.vjp(f, a, b)
    assert out["product"].tolist() == (a @ b).tolist()
    assert out["sum"] == (15.0, 2.0)
    for _ in range(2):
        da, db = pullback({"product": np.array([1.0, 10.0]), "sum": (1.0, 0.0)})
        assert np.array_equal(da, np.outer([1, 10], b) + 1.0)
        assert np.array_equal(db, [1.0, 10.0] @ a)
    swapped = {"sum": (1.0, 0.0), "product": np.array([1.0, 10.0])}
    assert np.array_equal(pullback(swapped)[1], db)
    for wrong, says in [
        (np.ones(2), r"structure of f's output, {'product': Tensor.*; got array\(\[1., 1.\]\)"),
        ({"product": np.ones(2), "total": (1.0, 0.0)}, r"{'product': .*; got .*'total'"),
        ({"product": np.ones(2), "sum": [1.0, 0.0]}, r"\(Tensor.*; got \[1.0, 0.0\]"),
        ({"product": np.ones(2), "sum": (1.0,)}, r"\(Tensor.*; got \(1.0,\)"),
    ]:
        with pytest.raises(ValueError, match=says):
            pullback(wrong)
    with pytest.raises(ValueError, match=r"\(2,\); got \(3,\)"):
        pullback({"product": np.ones(3), "sum": (1.0, 0.0)})


def test_a_pullback_is_linear_and_differentiable_in_its_cotangent():
    x = np.array([1.0, 2.0, 3.0])
    _, pullback = ag.vjp(lambda x: np.exp(x) * x.sum(), x)
    J = np.exp(x)[:, None] + np.diag(np.exp(x)) * x.sum()
    # the transpose of the transpose: the Jacobian times a tangent
    v = np.array([1.0, -1.0, 0.5])
    jv = ag.grad(lambda u: (pullback(u)[0] * v).sum())(np.zeros(3))
    assert np.allclose(jv, J @ v, rtol=1e-14)


def test_vjp_of_tensors_is_recorded():
    w = leaf([1.0, 2.0])
    out, pullback = ag.vjp(lambda w: w**3, w)
    (g,) = pullback(np.ones(2))
    (g.sum() + out.sum()).backward()
    assert w.grad.tolist() == [6 + 3, 12 + 12]


# -- backprop


def test_backprop_reads_inner_tensors_and_leaves():
    x = leaf([1.0, 2.0])
    z = x * 3.0
    a = np.tanh(z)
    J = (a * a).sum()
    got = ag.backprop(J, wrt={"z": z, "rest": (a, x, J)})
    t = np.tanh([3.0, 6.0])
    assert np.allclose(got["z"], 2 * t * (1 - t * t), rtol=1e-14)
    assert np.allclose(got["rest"][0], 2 * t, rtol=1e-14)
    assert np.allclose(got["rest"][1], 3 * got["z"], rtol=1e-14)
    assert got["rest"][2] == 1.0
    assert x.grad is None
    assert np.allclose(ag.backprop(a, [z], cotangent=[1.0, 0.0])[0], [1 - t[0] ** 2, 0.0])


def test_backprop_refuses_what_is_not_on_the_graph():
    x, u = leaf(1.0), ag.Tensor(2.0, name="u")
    J = x * u
    with pytest.raises(ValueError, match=r"u .*requires_grad=True"):
        ag.backprop(J, wrt=[u])
    with ag.no_grad():
        unrecorded = x * u
    with pytest.raises(ValueError, match="not on the recorded graph"):
        ag.backprop(unrecorded, wrt=[x])
    with pytest.raises(TypeError, match="float"):
        ag.backprop(J, wrt=[1.0])
    with pytest.raises(TypeError, match="ndarray"):
        ag.backprop(np.ones(()), wrt=[x])
    assert ag.backprop(J, wrt=[x * 2.0])[0] == 0.0  # recorded, but J does not depend on it
    with pytest.raises(ValueError, match="pass a cotangent"):
        ag.backprop(x * np.ones(2), wrt=[x])


def test_recorded_backprop_can_be_differentiated():
    x = leaf([1.0, 2.0])
    (g,) = ag.backprop((x**4).sum(), wrt=[x], record=True)
    (h,) = ag.backprop(g.sum(), wrt=[x], record=True)
    assert h.tolist() == [12.0, 48.0]
    assert ag.backprop(h.sum(), wrt=[x])[0].tolist() == [24.0, 48.0]


def test_scipy_minimises_with_our_gradient():
    optimize = pytest.importorskip("scipy.optimize")

    def rosenbrock(x):
        return (100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()

    found = optimize.minimize(ag.value_and_grad(rosenbrock), np.zeros(5), jac=True, method="BFGS")
    assert found.success
    assert np.allclose(found.x, 1.0, atol=1e-5)
