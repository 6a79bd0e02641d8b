"""jvp, jacobian, hessian, hvp, ggnvp: against differences of the function, and each other."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_mini as ag
from tests import rule_cases_arrays, rule_cases_more
from tests.rule_cases import CASES, a_call
from tests.rule_checks import a_direction, agree, pushed, rng_of, weight

_ = (rule_cases_arrays, rule_cases_more)  # the appendix stands in CASES too

A = np.array([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]])


def curved(x: Any) -> Any:
    """Of three numbers to two."""
    return np.tanh(A @ x) * np.exp(0.3 * x[0])


def saddle(x: Any) -> Any:
    return np.sum(np.sin(x) * np.square(x[::-1])) + x[0] * x[1] * x[2]


POINTS = st.lists(st.floats(-2, 2), min_size=3, max_size=3).map(np.array)


def columns(f: Any, x: Any) -> Any:
    """The Jacobian by complex step, column by column."""
    steps = 1e-30j * np.eye(x.size).reshape(x.size, *x.shape)
    return np.stack([np.imag(f(x + step)) / 1e-30 for step in steps], axis=-1)


# -- jvp


@pytest.mark.parametrize("op", sorted(CASES))
def test_a_tangent_of_every_rule_is_the_difference_of_the_function(op: str) -> None:
    """J v, all arguments moved at once, against NumPy's own function moved along v."""
    random = Random(op)
    for row in range(len(CASES[op])):
        call = a_call(random, op, row)
        while any(one.layout == "repeated" for one in call.inputs):  # a tie, where there is a kink
            call = a_call(random, op, row)
        arrays = call.arrays()
        rng = rng_of(call, 5)
        v = [a_direction(rng, x) for x in arrays]
        outputs, tangents = ag.jvp(lambda *xs, call=call: call(*xs), arrays, v)
        pushes = [pushed(call, arrays, k, direction) for k, direction in enumerate(v)]
        for i, (y, got) in enumerate(zip(outputs, tangents, strict=True)):
            assert np.shape(got) == np.shape(y)
            u = a_direction(rng, np.asarray(y))
            expected = float(np.sum(np.conjugate(u) * sum(Jv[i] for Jv in pushes)).real)
            size = sum(weight(u, Jv[i]) for Jv in pushes) + weight(u, 1.0)
            found = float(np.sum(np.conjugate(u) * np.asarray(got)).real)
            agree(call, f"the tangent of output {i}", found, expected, size)


@given(POINTS, POINTS)
def test_jvp_is_the_jacobian_times_the_direction(x: Any, v: Any) -> None:
    y, dy = ag.jvp(curved, (x,), (v,))
    assert np.array_equal(y, curved(x))
    assert np.allclose(dy, columns(curved, x) @ v, rtol=1e-12, atol=1e-14)


@given(POINTS, POINTS, st.tuples(st.floats(-2, 2), st.floats(-2, 2)).map(np.array))
def test_pullback_and_pushforward_are_adjoint(x: Any, v: Any, u: Any) -> None:
    """u·(J v) = (Jᵀu)·v."""
    _, pullback = ag.vjp(curved, x)
    left = u @ ag.jvp(curved, (x,), (v,))[1]
    assert np.isclose(left, pullback(u)[0] @ v, rtol=1e-12, atol=1e-13)


def test_a_tangent_does_not_need_a_finite_pullback() -> None:
    """sqrt' at 0 is inf: only directions that move there meet it."""
    y, dy = ag.jvp(lambda x: x[0] * 2.0, (np.array([1.0, 0.0]),), (np.array([3.0, 5.0]),))
    assert (y, dy) == (2.0, 6.0)
    with np.errstate(divide="ignore"):
        assert ag.jvp(np.sqrt, (0.0,), (1.0,))[1] == np.inf


@dataclass
class Point:
    x: Any
    y: Any


def test_structures_come_back_as_they_were() -> None:
    def f(p: Any, d: Any) -> Any:
        return {"sum": p.x + d["k"], "more": (p.y * d["k"], 7.0, np.argmax(p.x))}

    p, d = Point(np.array([1.0, 2.0]), 3.0), {"k": 4.0}
    y, dy = ag.jvp(f, (p, d), (Point(np.array([1.0, 0.0]), 10.0), {"k": 0.5}))
    assert y["sum"].tolist() == [5.0, 6.0]
    assert dy["sum"].tolist() == [1.5, 0.5]
    assert dy["more"][0] == 10.0 * 4.0 + 3.0 * 0.5
    assert dy["more"][1:] == (0.0, 0.0)
    J = ag.jacobian(f, argnums=(0, 1))(p, d)
    assert J["sum"][0].x.tolist() == np.eye(2).tolist()
    assert J["sum"][0].y.tolist() == [0.0, 0.0]
    assert J["sum"][1]["k"].tolist() == [1.0, 1.0]
    assert J["more"][0][0].y == 4.0


@pytest.mark.parametrize(
    ("primals", "tangents", "error", "says"),
    [
        (1.0, (1.0,), TypeError, r"primals must be a tuple.*got float: write \(primal,\)"),
        ((1.0,), 1.0, TypeError, r"tangents must be a tuple"),
        ((1.0, 2.0), (1.0,), ValueError, "2 primals and 1 tangents"),
        ((np.ones(2),), (np.ones(3),), ValueError, r"\(2,\); got \(3,\)"),
        (({"a": 1.0},), ((1.0,),), ValueError, "structure"),
    ],
    ids=["no tuple", "no tuple of tangents", "too few", "a shape", "a structure"],
)
def test_directions_that_do_not_fit_are_refused(
    primals: Any, tangents: Any, error: Any, says: str
) -> None:
    with pytest.raises(error, match=says):
        ag.jvp(lambda *xs: xs, primals, tangents)


# -- Jacobians


@given(POINTS)
def test_a_jacobian_is_that_of_the_complex_step_both_ways(x: Any) -> None:
    """Two rows pulled, or (of a function of more outputs than inputs) three columns pushed."""
    assert np.allclose(ag.jacobian(curved)(x), columns(curved, x), rtol=1e-12, atol=1e-14)
    tall = lambda x: np.outer(np.sin(x), np.exp(x))  # noqa: E731
    assert ag.jacobian(tall)(x).shape == (3, 3, 3)
    assert np.allclose(ag.jacobian(tall)(x), columns(tall, x), rtol=1e-12, atol=1e-14)


def test_shapes_of_jacobians() -> None:
    x = np.ones((2, 3))
    assert ag.jacobian(np.sum)(x).tolist() == np.ones((2, 3)).tolist()
    assert ag.jacobian(lambda x: x.T)(x).shape == (3, 2, 2, 3)
    assert ag.jacobian(lambda t: t * np.ones(4))(2.0).tolist() == [1.0] * 4
    assert ag.jacobian(np.sin)(0.0) == 1.0
    assert ag.jacobian(lambda x: x[:0])(x).shape == (0, 3, 2, 3)
    assert ag.jacobian(lambda x: np.ones(2) * x.size)(x).tolist() == np.zeros((2, 2, 3)).tolist()
    assert ag.jacobian(np.sin)(np.ones(2, np.float32)).dtype == np.float32


def test_one_array_given_twice_has_two_jacobians() -> None:
    x = np.array([2.0, 3.0])
    left, right = ag.jacobian(lambda a, b: a * a * b, argnums=(0, 1))(x, x)
    assert left.diagonal().tolist() == [8.0, 18.0]
    assert right.diagonal().tolist() == [4.0, 9.0]


@given(POINTS)
def test_hessians_are_symmetric_and_right(x: Any) -> None:
    H = ag.hessian(saddle)(x)
    assert np.allclose(H, H.T, rtol=1e-12, atol=1e-13)
    assert np.allclose(H, columns(lambda z: complex_gradient(z), x), rtol=1e-11, atol=1e-12)


def complex_gradient(z: Any) -> Any:
    """The gradient of `saddle` by hand."""
    turned = z[::-1]
    others = np.array([z[1] * z[2], z[0] * z[2], z[0] * z[1]])
    return np.cos(z) * turned**2 + 2.0 * z * np.sin(turned) + others


def test_mixed_partials_are_symmetric_across_arguments() -> None:
    f = lambda a, b: np.sum(np.sin(a) * b) * b[0]  # noqa: E731
    a, b = np.array([0.3, 1.0]), np.array([2.0, -1.0])
    ((aa, ab), (ba, bb)) = ag.hessian(f, argnums=(0, 1))(a, b)
    assert np.allclose(ab, ba.T, rtol=1e-14)
    assert np.allclose(aa, aa.T)
    assert np.allclose(bb, bb.T)


@given(POINTS, POINTS)
def test_products_with_the_hessian(x: Any, v: Any) -> None:
    (product,) = ag.hvp(saddle, (x,), (v,))
    assert np.allclose(product, ag.hessian(saddle)(x) @ v, rtol=1e-11, atol=1e-12)
    half_squares = lambda y: 0.5 * np.sum(np.square(y))  # noqa: E731
    J = ag.jacobian(curved)(x)
    (product,) = ag.ggnvp(curved, half_squares, (x,), (v,))
    assert np.allclose(product, J.T @ (J @ v), rtol=1e-11, atol=1e-12)


def test_the_hessian_of_the_notes_cost_is_seen_through_a_network() -> None:
    """A Network is an argument like others; H v by differences of the gradient."""
    net = ag.nn.Network([2, 3, 1], seed=1)
    X, Y = np.array([[0.0, 1.0], [1.0, 1.0], [0.5, 0.0]]), np.array([1.0, 0.0, 1.0])
    cost = lambda net: ag.nn.logistic_cost(net, X, Y, lam=0.5)  # noqa: E731
    v = ag.nn.Network([2, 3, 1], seed=2)
    (product,) = ag.hvp(cost, (net,), (v,))

    def gradient(t: float) -> Any:
        moved = {l: net.theta[l] + t * v.theta[l] for l in net.theta}
        return ag.grad(cost)(ag.nn.Network.from_theta(moved)).theta

    up, down = gradient(1e-5), gradient(-1e-5)
    for l in net.theta:
        assert np.allclose(product.theta[l], (up[l] - down[l]) / 2e-5, rtol=1e-6, atol=1e-9)


# -- orders, kinds, captured weights


def test_transforms_nest_in_any_order() -> None:
    f, x = np.sin, 0.7
    second = -np.sin(0.7)
    assert np.isclose(ag.jvp(ag.grad(f), (x,), (1.0,))[1], second, rtol=1e-14)
    assert np.isclose(ag.grad(lambda x: ag.jvp(f, (x,), (1.0,))[1])(x), second, rtol=1e-14)
    assert np.isclose(ag.jacobian(ag.jacobian(f))(x), second, rtol=1e-14)
    push = lambda x: ag.jvp(f, (x,), (1.0,))[1]  # noqa: E731
    assert np.isclose(ag.jvp(push, (x,), (1.0,))[1], second, rtol=1e-14)
    assert np.isclose(ag.grad(ag.hessian(f))(x), -np.cos(0.7), rtol=1e-14)


def test_perturbations_are_not_confused() -> None:
    """d/dx [x · d/dy (x + y)] = 1, by tangents as well."""
    inner = lambda x: ag.jvp(lambda y: x + y, (1.0,), (1.0,))[1]  # noqa: E731
    assert ag.jvp(lambda x: x * inner(x), (1.0,), (1.0,))[1] == 1.0


def test_a_captured_weight_makes_the_result_recorded() -> None:
    w = ag.Tensor(3.0, requires_grad=True)
    _, dy = ag.jvp(lambda x: x * x * w, (2.0,), (1.0,))
    assert type(dy) is ag.Tensor
    dy.backward()
    assert w.grad == 4.0
    J = ag.jacobian(lambda x: w * x)(np.ones(2))
    assert type(J) is ag.Tensor
    with ag.no_grad():
        assert type(ag.jacobian(lambda x: w * x)(np.ones(2))) is np.ndarray


def test_complex_directions() -> None:
    """Of a holomorphic function J v is f'(z) v."""
    z, v = np.array([0.3 + 1j, -0.5 + 0.2j]), np.array([1 - 2j, 0.5j])
    assert np.allclose(ag.jvp(np.exp, (z,), (v,))[1], np.exp(z) * v, rtol=1e-14)
    assert np.allclose(ag.jacobian(np.exp)(z), np.diag(np.exp(z)), rtol=1e-14)


@pytest.mark.parametrize(
    "f",
    [np.abs, lambda z: np.real(np.exp(z) * np.conj(z)) ** 2, lambda z: np.abs(z) ** 3],
    ids=["|z|", "Re(e^z z*)^2", "|z|^3"],
)
def test_the_second_derivative_of_a_real_function_of_complex_numbers(f: Any) -> None:
    """Along v, the gradient as it is handed out changes by H v."""
    z, v, h = 0.3 + 1j, 1.0 - 2j, 1e-6
    change = (ag.grad(f)(z + h * v) - ag.grad(f)(z - h * v)) / (2 * h)
    assert np.isclose(ag.jvp(ag.grad(f), (z,), (v,))[1], change, rtol=1e-8)
    assert np.isclose(ag.hvp(f, (z,), (v,))[0], change, rtol=1e-8)


def test_tensors_that_require_no_gradient_are_points_like_arrays() -> None:
    """What a transform returns of them has no private graph: products of products are right."""
    f, x = lambda y: np.sum(y**3), ag.Tensor([0.3, 0.4])
    y, _ = ag.vjp(np.sin, x)
    assert not y.requires_grad
    assert not ag.value_and_grad(f)(x)[0].requires_grad
    v = np.array([1.0, 2.0])
    assert np.allclose(ag.hvp(f, (y,), (ag.Tensor(v),))[0], 6.0 * np.sin([0.3, 0.4]) * v)
    (product,) = ag.ggnvp(np.sin, f, (x,), (v,))
    plain = ag.ggnvp(np.sin, f, (np.array([0.3, 0.4]),), (v,))
    assert np.allclose(product, plain[0])


def test_a_tangent_is_a_tensor_where_its_output_is() -> None:
    x = ag.Tensor([1.0, 2.0])
    y, dy = ag.jvp(np.sin, (x,), (np.ones(2),))
    assert type(y) is type(dy) is ag.Tensor
    _, none = ag.jvp(lambda x: x.detach(), (x,), (np.ones(2),))
    assert type(none) is ag.Tensor
    assert none.tolist() == [0.0, 0.0]
