"""checkpoint, custom_vjp, register_hook: one node for a whole function."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_mini as ag
from autograd_mini.graph import walk

POINTS = st.lists(st.floats(-2, 2), min_size=3, max_size=3).map(np.array)


def wavy(x: Any) -> Any:
    return np.sin(x) * np.exp(0.5 * x) + x[0]


# -- checkpoint


@given(POINTS, POINTS)
def test_a_checkpoint_changes_no_value_and_no_derivative_of_any_order(x: Any, v: Any) -> None:
    plain = lambda x: np.sum(wavy(wavy(x)))  # noqa: E731
    piece = ag.checkpoint(wavy)
    cut = lambda x: np.sum(piece(piece(x)))  # noqa: E731
    assert cut(x) == plain(x)
    assert np.array_equal(ag.grad(cut)(x), ag.grad(plain)(x))
    assert np.allclose(ag.hessian(cut)(x), ag.hessian(plain)(x), rtol=1e-13, atol=1e-13)
    both = ag.jvp(lambda x: ag.grad(cut)(x), (x,), (v,)), ag.jvp(ag.grad(plain), (x,), (v,))
    assert np.allclose(both[0][1], both[1][1], rtol=1e-13, atol=1e-13)


def test_captured_weights_get_their_gradients() -> None:
    """A leaf, and an inner tensor whose own history leads to it and to the argument."""
    w = ag.Tensor([1.0, 2.0], requires_grad=True)
    x = ag.Tensor([0.5, -0.5], requires_grad=True)

    def run(wrapped: Any) -> Any:
        inner = w * x
        f = wrapped(lambda t: np.sum(t * inner * w))
        w.grad = x.grad = None
        f(x * 2.0).backward()
        return w.grad.tolist(), x.grad.tolist()

    assert run(ag.checkpoint) == run(lambda f: f)
    inner = w * x
    J = ag.checkpoint(lambda t: np.sum(t * inner * w))(x)
    assert ag.backprop(J, wrt=[inner])[0].tolist() == [0.5, -1.0]


def test_an_argument_that_descends_from_another_is_counted_once() -> None:
    x = ag.Tensor(3.0, requires_grad=True)
    y = x * x
    z = ag.checkpoint(lambda a, b: a * b)(x, y)
    z.backward()
    assert x.grad == 27.0
    (g,) = ag.backprop(z, wrt=[x], record=True)
    assert ag.backprop(g, wrt=[x])[0] == 18.0


def test_structures_and_results_without_derivative() -> None:
    @ag.checkpoint
    def f(p: Any, *, k: Any) -> Any:
        return {"sum": p["a"] + p["b"] * k, "same": p["a"], "rank": np.argmax(p["a"]), "k": k}

    a = ag.Tensor([1.0, 2.0], requires_grad=True)
    out = f({"a": a, "b": np.ones(2)}, k=3.0)
    assert out["k"] == 3.0
    assert out["rank"].item() == 1
    (out["sum"] * out["same"]).sum().backward()
    assert a.grad.tolist() == [2.0 * 1 + 3, 2.0 * 2 + 3]
    out["same"][0] = 100.0  # it is no view of a
    assert a.tolist() == [1.0, 2.0]


def test_without_a_derivative_it_is_the_function() -> None:
    f = ag.checkpoint(np.sin)
    assert type(f(1.0)) is np.float64
    x = ag.Tensor(1.0, requires_grad=True)
    with ag.no_grad():
        assert not f(x).requires_grad
    assert not ag.checkpoint(lambda x: x.detach() * 2.0)(x).requires_grad


def test_the_graph_holds_one_node_and_the_memory_of_a_chain_is_that_of_its_pieces() -> None:
    """400 layers of 100 kB keep 40 MB; in 20 pieces, 20 values and one piece's."""

    def layers(x: Any) -> Any:
        for _ in range(20):
            x = np.sin(x)
        return x

    def peak(piece: Any) -> int:
        x = ag.Tensor(np.full(12_500, 0.5), requires_grad=True)
        tracemalloc.start()
        y = x
        for _ in range(20):
            y = piece(y)
        y.sum().backward()
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return highest

    x = ag.Tensor(0.5, requires_grad=True)
    assert len(walk(ag.checkpoint(layers)(x).node)) == 3  # x, the checkpoint, its one output
    assert peak(ag.checkpoint(layers)) < peak(layers) / 6


# -- custom_vjp


def softplus_of_our_own() -> Any:
    @ag.custom_vjp
    def softplus(x: Any) -> Any:
        """log(1 + e^x)."""
        return np.logaddexp(0.0, x)

    softplus.defvjp(
        lambda x: (np.logaddexp(0.0, x), x),
        lambda x, g: (g / (1.0 + np.exp(-x)),),
    )
    return softplus


@given(POINTS)
def test_a_gradient_of_ones_own_has_derivatives_itself(x: Any) -> None:
    own = softplus_of_our_own()
    assert own.__doc__ == "log(1 + e^x)."
    h = 1.0 / (1.0 + np.exp(-x))
    assert np.array_equal(own(x), np.logaddexp(0.0, x))
    assert np.allclose(ag.jacobian(own)(x), np.diag(h), rtol=1e-14)
    assert np.allclose(ag.hessian(lambda x: own(x).sum())(x), np.diag(h * (1 - h)), rtol=1e-12)


def test_what_its_author_says_counts() -> None:
    @ag.custom_vjp
    def clipped(x: Any, most: float) -> Any:
        return {"x": x * 1.0, "twice": 2.0 * x}

    clipped.defvjp(
        lambda x, most: (clipped(x, most), most),
        lambda most, g: (np.clip(g["x"] + 2.0 * g["twice"], -most, most), None),
    )
    f = lambda x: 100.0 * clipped(x, 5.0)["x"] + clipped(x, 5.0)["twice"] * 0.5  # noqa: E731
    assert ag.grad(f)(1.0) == 5.0 + 1.0


@pytest.mark.parametrize(
    ("forward", "backward", "says"),
    [
        (None, None, r"square has no gradient yet: call defvjp with forward"),
        (lambda x: x * x, lambda r, g: (g,), r"forward of square must return a pair.*got"),
        (lambda x: (x * x, x), lambda x, g: g * x, r"must return a tuple of 1 cotangents"),
        (lambda x: (x * x, x), lambda x, g: (g, g), r"must return a tuple of 1 cotangents"),
    ],
    ids=["none yet", "no pair", "no tuple", "too many"],
)
def test_a_rule_of_the_wrong_form_is_refused(forward: Any, backward: Any, says: str) -> None:
    @ag.custom_vjp
    def square(x: Any) -> Any:
        return x * x

    if forward is not None:
        square.defvjp(forward, backward)
    with pytest.raises(TypeError, match=says):
        ag.grad(square)(2.0)


def test_a_cotangent_of_the_wrong_shape_is_refused_by_name() -> None:
    @ag.custom_vjp
    def double(x: Any) -> Any:
        return 2.0 * x

    double.defvjp(lambda x: (2.0 * x, None), lambda _, g: (np.ones(5),))
    with pytest.raises(ValueError, match=r"the rule of double gave a cotangent of shape \(5,\)"):
        ag.grad(lambda x: double(x).sum())(np.ones(3))


# -- hooks


def test_a_hook_sees_the_whole_cotangent_and_may_change_it() -> None:
    x = ag.Tensor([1.0, 2.0], requires_grad=True)
    seen = []
    z = 3.0 * x
    z.name = "z"
    before = z.node
    ag.register_hook(z, seen.append)
    ag.register_hook(z, lambda g: 10.0 * g)
    J = (z * z).sum() + z.sum()
    assert z.name == "z"
    J.backward()
    assert seen[0].tolist() == [70.0, 130.0]  # the one registered last comes first
    assert x.grad.tolist() == [210.0, 390.0]
    seen[0][:] = 0.0  # a copy
    assert ag.backprop(J, wrt=[x])[0].tolist() == [210.0, 390.0]
    assert before.name == "z"
    (g,) = ag.backprop(J, wrt=[x], record=True)
    assert ag.backprop(g.sum(), wrt=[x])[0].tolist() == [10.0 * 10.0 * 18.0] * 2  # again


def test_a_hook_needs_an_inner_tensor() -> None:
    with pytest.raises(ValueError, match=r"w \(shape \(\), a leaf\): a hook needs an inner tensor"):
        ag.register_hook(ag.Tensor(1.0, requires_grad=True, name="w"), print)


# -- what goes wrong in silence elsewhere


def test_a_checkpoint_whose_captured_values_changed_says_so() -> None:
    """It runs again with what its names mean by then: a gradient of that would be wrong."""

    def step(w: Any) -> None:
        with ag.no_grad():
            w -= 1.0

    def stay(w: Any) -> None:
        with ag.no_grad():
            w -= 0.0  # the value is the same, the leaf that it names another

    for change in (step, stay):
        w = ag.Tensor([3.0, 3.0], requires_grad=True)
        J = np.sum(ag.checkpoint(lambda x, w=w: x * w)(ag.Tensor([1.0, 2.0], requires_grad=True)))
        change(w)
        with pytest.raises(RuntimeError, match="run again it does not give what it gave"):
            J.backward()
    h = ag.Tensor(1.0, requires_grad=True)
    for k in (2.0, 3.0):
        h = ag.checkpoint(lambda t: t * k)(h)  # noqa: B023 -- the mistake
    with pytest.raises(RuntimeError, match="as an argument"):
        h.backward()


def test_a_checkpoint_that_overflows_is_the_same_when_run_again() -> None:
    x = ag.Tensor([1.0, np.nan, np.inf], requires_grad=True)
    np.sum(ag.checkpoint(lambda t: t * 2.0)(x)).backward()
    assert x.grad.tolist() == [2.0, 2.0, 2.0]


def test_an_own_gradient_holds_for_all_examples_at_once() -> None:
    """A straight-through estimator: np.round's own derivative is zero."""

    @ag.custom_vjp
    def straight(x: Any, slope: Any) -> Any:
        return np.round(x)

    straight.defvjp(lambda x, k: (np.round(x), k), lambda k, g: (g * k, None))
    X, K = np.array([0.3, 1.7, 2.2]), np.array([1.0, 2.0, 3.0])
    assert ag.vmap(ag.grad(straight))(X, K).tolist() == [1.0, 2.0, 3.0]
    assert ag.grad(lambda x: np.sum(ag.vmap(straight)(x, K)))(X).tolist() == [1.0, 2.0, 3.0]
    w = ag.Tensor(X, requires_grad=True)
    np.sum(ag.vmap(lambda x, k: straight(x, k) ** 2)(w, K)).backward()
    assert w.grad.tolist() == [0.0, 8.0, 12.0]
    assert ag.vmap(straight)(X, K).tolist() == [0.0, 2.0, 2.0]


def test_a_checkpoint_that_returns_what_it_was_given_hands_out_its_own() -> None:
    x = ag.Tensor(np.ones(4), requires_grad=True)
    for f in (lambda t: t, lambda t: t[1:], lambda t: t.reshape(2, 2)):
        y = ag.checkpoint(f)(x)
        assert not np.shares_memory(y.node.value, x.node.value)


def test_a_gradient_through_a_checkpoint_may_be_asked_for_under_no_grad() -> None:
    x = ag.Tensor(2.0, requires_grad=True)
    y = ag.checkpoint(lambda t: t * t * t)(x)
    with ag.no_grad():
        y.backward()
    assert x.grad == 12.0


def test_a_hook_sees_a_complex_cotangent_as_gradients_are_handed_out() -> None:
    z = ag.Tensor(1.0 + 2.0j, requires_grad=True)
    w, seen = z * 1.0, []
    ag.register_hook(w, lambda g: seen.append(g) or 1j * g)  # type: ignore[func-returns-value]
    J = np.real(w * (3.0 - 4.0j))
    assert np.allclose(ag.backprop(J, wrt=[z])[0], 1j * (3.0 + 4.0j))
    assert np.allclose(seen[0], 3.0 + 4.0j)


def test_a_hooked_view_still_refuses_to_be_written() -> None:
    x = ag.Tensor(np.ones(4), requires_grad=True)
    for y, is_view in ((x[1:], True), (x * 2.0, False)):
        ag.register_hook(y, lambda g: None)
        assert y.node.view == is_view
