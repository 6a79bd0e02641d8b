"""`ag.check_grads` passes what is right, and names what is wrong."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_mini as ag
from autograd_mini import nn
from autograd_mini.checking import NotDifferentiable
from autograd_mini.differences import has_kink, slope

BOTH = ("vjp", "jvp")
RNG = np.random.default_rng(7)
A = RNG.normal(size=(3, 4))
b = RNG.normal(size=4)


def operation(value: Callable[..., Any], *rules: Callable[..., Any]) -> Callable[..., Any]:
    """A new operation with these rules."""
    made = ag.primitive(value)
    ag.rule(made, *rules, name="made")
    return made


# -- what is right passes, to the order asked for

RIGHT: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "a number": (lambda x: x**3, (2.0,)),
    "an int is a number": (lambda x: x**3, (2,)),
    "elementwise": (np.sin, (A,)),
    "broadcast": (lambda x, y: x * y + y, (A, b)),
    "product": (lambda x, y: np.tanh(x @ y), (A, b)),
    "several outputs": (lambda x: (np.sin(x), {"sum": x.sum()}), (b,)),
    "an output that is constant": (lambda x: (x * x, 3.0, np.ones(2)), (b,)),
    "an argument that is not used": (lambda x, y: x * x, (b, A)),
    "nested arguments": (lambda p, x: np.tanh(x @ p["w"]) + p["c"][0], ({"w": b, "c": [1.0]}, A)),
    "linear, so its second derivative is 0": (lambda x: 3.0 * x, (A,)),
    "a cancelling sum": (lambda x: np.sin(x) ** 2 + np.cos(x) ** 2, (A,)),
    "a sum that cancels to 0": (lambda x: np.sin(x) ** 2 + np.cos(x) ** 2 - 1.0, (A,)),
    "probabilities, which add up to 1": (lambda x: nn.softmax(x).sum(), (b,)),
    "a derivative": (ag.grad(lambda x: np.sum(x**4)), (b,)),
    "very small": (lambda x: np.sin(1e8 * x), (1e-8 * A,)),
    "very large": (lambda x: np.log(x * x), (1e8 * A,)),
    "small and large in one array": (np.log, (np.array([1e-4, 1.0, 1e2]),)),
    "stiff": (lambda x: np.exp(100.0 * x), (A,)),
    "an offset": (lambda x: 1e6 + np.sin(x), (A,)),
    "nothing": (np.sin, (np.zeros((0, 3)),)),
    "complex": (lambda z: z * z, (A + 1j,)),
    "complex to real": (lambda z: np.abs(z) ** 2, (A + 1j,)),
    "real to complex": (lambda x: np.exp(1j * x), (A,)),
    "away from a kink": (lambda x: np.abs(x) ** 3, (A,)),
    "near a kink": (lambda x: nn.relu(x) ** 2, (np.array([1e-4, -1e-4, 3e-6, 2.0]),)),
    "near the edge of the domain": (np.sqrt, (np.array([1e-4, 2.0]),)),
    "not analytic": (lambda x: np.where(x > 0, x * x, -(x**3)), (A,)),
    "of Tensors only": (lambda x: x.detach() + x * x, ()),
}
del RIGHT["of Tensors only"]


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_right_passes(name: str) -> None:
    f, args = RIGHT[name]
    ag.check_grads(f, args, order=3)
    ag.check_grads(f, args, order=2, modes=("jvp",), seed=1)


@given(seed=st.integers(0, 2**32 - 1), order=st.integers(1, 3), modes=st.sampled_from([BOTH]))
def test_a_network_passes_in_every_direction(seed: int, order: int, modes: Any) -> None:
    net = nn.Network([3, 4, 2], activation="tanh", seed=seed % 1000)
    X = np.random.default_rng(seed).normal(size=(5, 3))
    Y = np.array([0, 1, 1, 0, 1])

    def cost(net: Any) -> Any:
        return nn.logistic_cost(net, X, Y, lam=1.0)

    ag.check_grads(cost, (net,), order=min(order, 2), modes=modes, seed=seed)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
def test_every_precision_has_its_tolerance(dtype: Any) -> None:
    x, y = A.astype(dtype), b.astype(dtype)
    ag.check_grads(lambda x, y: np.tanh(x) * y, (x, y))
    if dtype is not np.float16:
        ag.check_grads(lambda x, y: np.sum(np.tanh(x @ y)), (x, y))


def test_single_precision_inside_is_no_alarm() -> None:
    ag.check_grads(lambda x: np.sum(np.sin(x.astype(np.float32))), (A,), order=1)


def test_a_million_entries_take_few_calls() -> None:
    calls = 0

    def f(x: Any) -> Any:
        nonlocal calls
        calls += 1
        return np.sum(np.sin(x))

    ag.check_grads(f, (np.linspace(0.0, 1.0, 1_000_000),), order=1)
    assert calls < 30


# -- what is wrong is named


def of_one_entry(g: Any, y: Any, x: Any) -> Any:
    return g * np.cos(x) * (1.0 + 1e-4 * (np.arange(x.size).reshape(x.shape) == x.size // 2))


@pytest.mark.parametrize("mode", BOTH)
@pytest.mark.parametrize("size", [1, 7, 1000, 30_000])
def test_one_entry_wrong_by_a_ten_thousandth(mode: str, size: int) -> None:
    f = operation(np.sin, of_one_entry)
    x = np.linspace(-1.0, 1.0, size)
    with pytest.raises(AssertionError, match=f"worst at.* *\\[{size // 2}\\]"):
        ag.check_grads(f, (x,), modes=(mode,))


WRONG: dict[str, tuple[int, str, Callable[[], tuple[Callable[..., Any], tuple[Any, ...]]]]] = {
    "by 1e-4": (1, "argument 0", lambda: (
        operation(np.sin, lambda g, y, x: g * np.cos(x) * 1.0001), (A,))),
    "of a number": (1, "argument 0", lambda: (
        operation(np.sin, lambda g, y, x: g * np.cos(x) * 1.0001), (0.5,))),
    "a sign": (1, "argument 0", lambda: (
        operation(np.cos, lambda g, y, x: g * np.sin(x)), (A,))),
    "in the second argument": (1, r"argument 1 \(y\)", lambda: (
        operation(lambda x, y: x * y, lambda g, v, x, y: g * y, lambda g, v, x, y: g * x * 1.0001),
        (A, A + 1.0))),
    "where it is broadcast": (1, "argument 1", lambda: (
        operation(lambda x, y: x * y, lambda g, v, x, y: g * y,
                  lambda g, v, x, y: (g * x)[:1] * 3.0), (A, b))),
    "where the axis is stretched": (1, "argument 1", lambda: (
        operation(lambda x, y: x + y, lambda g, v, x, y: g,
                  lambda g, v, x, y: np.broadcast_to(np.mean(g, axis=1, keepdims=True), g.shape)
                  * np.array([1.0, 1.0, 1.0, 1.0001])), (A, A[:, :1]))),
    "transposed": (1, "argument 0", lambda: (
        operation(lambda x: x @ x, lambda g, y, x: g @ x + x @ g), (A[:, :3],))),
    "not linear in the cotangent": (1, "argument 0", lambda: (
        operation(np.sin, lambda g, y, x: g * g * np.cos(x)), (A,))),
    "0": (1, "argument 0", lambda: (
        operation(np.sin, lambda g, y, x: g * 0.0), (A,))),
    "nan": (1, "argument 0", lambda: (
        operation(np.sin, lambda g, y, x: g * np.nan), (A,))),
    "only at second order": (2, "argument 0", lambda: (
        operation(np.sin, lambda g, y, x: g * np.cos(x.detach() if type(x) is ag.Tensor else x)),
        (A,))),
    "only at second order, by 1e-4": (2, "argument 0", lambda: (
        operation(np.sin, lambda g, y, x: g * almost_cos(x)), (A,))),
    "only at third order": (3, "argument 0", lambda: (
        operation(np.sin, lambda g, y, x: g * second_wrong_cos(x)), (A,))),
}  # fmt: skip

almost_cos = operation(np.cos, lambda g, y, x: -g * np.sin(x) * 1.0001)
wrong_sin = operation(np.sin, lambda g, y, x: g * np.cos(x) * 1.0001)
second_wrong_cos = operation(np.cos, lambda g, y, x: -g * wrong_sin(x))


@pytest.mark.parametrize("mode", BOTH)
@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_found_at_its_order(name: str, mode: str) -> None:
    order, argument, make = WRONG[name]
    f, args = make()
    told = rf"^order {order}, {mode}, {argument}.*along u = .* by the rules and .* apart"
    with pytest.raises(AssertionError, match=told):
        ag.check_grads(f, args, order=order, modes=(mode,))
    if order > 1:
        ag.check_grads(f, args, order=order - 1, modes=(mode,))


def test_the_report_has_both_numbers_and_the_worst_element() -> None:
    def rule(g: Any, y: Any, x: Any) -> Any:
        return g * x * np.array([2.0, 2.0, 2.5])

    f = operation(lambda x: x * x, rule)
    with pytest.raises(AssertionError) as caught:
        ag.check_grads(lambda x: np.sum(f(x)), (np.array([1.0, 2.0, 3.0]),))
    text = str(caught.value)
    number = r"(-?[\d.e+-]+)"
    found = re.search(f"worst at \\[2\\]: {number} by the rules and {number} by differences", text)
    assert found is not None, text
    assert float(found[1]) / float(found[2]) == pytest.approx(1.25)
    assert "\n" not in text


def test_leaves_of_structures_are_named() -> None:
    f = operation(np.sin, lambda g, y, x: g * np.cos(x) * 1.0001)
    with pytest.raises(AssertionError, match=r"argument 0 \(p\), leaf 1"):
        ag.check_grads(lambda p: p[0] + f(p[1]), ((1.0, 2.0),))


def test_a_random_function_is_named_as_such() -> None:
    state = iter(range(100))
    with pytest.raises(AssertionError, match="is it random"):
        ag.check_grads(lambda x: x * next(state), (1.0,))


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_a_mistake_in_less_precision(dtype: Any) -> None:
    f = operation(np.sin, lambda g, y, x: g * np.cos(x) * 1.05)
    with pytest.raises(AssertionError):
        ag.check_grads(f, (A.astype(dtype),))


def test_a_tolerance_of_ones_own() -> None:
    f = operation(np.sin, lambda g, y, x: g * np.cos(x) * 1.0001)
    ag.check_grads(f, (A,), order=1, tolerance=1e-3)


# -- kinks


def told(f: Callable[..., Any], *args: Any, order: int = 1) -> list[str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        ag.check_grads(f, args, order=order)
    assert all(w.category is NotDifferentiable for w in caught), [str(w.message) for w in caught]
    assert all(w.filename == __file__ for w in caught)
    return [str(w.message) for w in caught]


KINKS: dict[str, tuple[Callable[..., Any], Any, str, int]] = {
    "relu": (nn.relu, [1.0, 0.0, -1.0, 0.0], r" at \[1\], \[3\]", 1),
    "a sum of relus": (lambda x: np.sum(nn.relu(x)), [1.0, 0.0, -1.0], r" at \[1\]", 1),
    "relu of a number": (nn.relu, 0.0, "", 1),
    "a tie": (lambda x: nn.relu(x[0] - x[1]) + x[2], [2.0, 2.0, 1.0], r" at \[0\], \[1\]", 1),
    "a square root at 0": (np.sqrt, [0.0, 1.0], r" at \[0\]", 1),
    "a tie, split as differences do": (np.max, [1.0, 1.0, 0.0], r"\[0\], \[1\] \(order 2\)", 2),
    "a root from both sides": (lambda x: np.abs(x) ** 0.5, [0.0, 1.0], r" at \[0\]", 1),
    "a jump": (np.floor, [1.0, 2.5], r" at \[0\]", 1),
    "a kink of the gradient": (lambda x: nn.relu(x) * x, [0.0, 1.0], r" at \[0\] \(order 2\)", 2),
    "infinity": (lambda x: 1.0 / x, [0.0, 1.0], "not finite", 1),
}  # fmt: skip


@pytest.mark.parametrize("name", KINKS)
def test_a_kink_is_said_and_does_not_fail(name: str) -> None:
    f, x, where, order = KINKS[name]
    messages = told(f, np.asarray(x)[()], order=order)
    assert messages
    assert all(m.startswith("not differentiable here: ") for m in messages)
    assert re.search(where, messages[-1]), messages


def test_a_kink_hides_no_mistake_elsewhere() -> None:
    def rule(g: Any, y: Any, x: Any) -> Any:
        return g * (x > 0) * np.array([1.0, 1.0, 1.0001])

    f = operation(lambda x: np.maximum(x, 0.0), rule)
    ag.check_grads(f, (np.array([1.0, -2.0, -3.0]),))
    with (
        pytest.warns(NotDifferentiable, match=r"at \[1\]"),
        pytest.raises(AssertionError, match=r"\[2\]"),
    ):
        ag.check_grads(f, (np.array([1.0, 0.0, 3.0]),))


@given(x=st.floats(-3, 3), k=st.integers(0, 2))
def test_smooth_functions_have_no_kink(x: float, k: int) -> None:
    f = [np.sin, lambda t: np.exp(3 * t), lambda t: t * t * t - t][k]
    y = [np.asarray(f(x))]
    assert not has_kink(lambda t: [np.asarray(f(x + t))], y)


@given(where=st.floats(-2, 2), slopes=st.tuples(st.floats(-3, 3), st.floats(-3, 3)))
def test_a_kink_of_any_size_is_seen(where: float, slopes: tuple[float, float]) -> None:
    left, right = slopes

    def f(t: float) -> list[Any]:
        return [np.asarray(np.sin(where) + (left if t < 0 else right) * t + t * t)]

    if abs(left - right) > 1e-3:
        assert has_kink(f, f(0.0))


def test_differences_settle_near_a_kink_and_a_complex_step_is_exact() -> None:
    y = [np.asarray(np.exp(0.5))]
    exact = slope(lambda t: [np.asarray(np.exp(0.5 + t))], y, 1e-8, analytic=True)
    assert exact is not None
    assert exact.analytic
    assert abs(float(exact.value[0]) - float(y[0])) < 4e-16
    cut = slope(lambda t: [np.asarray(np.abs(0.5 + t))], [np.asarray(0.5)], 1e-8, analytic=True)
    assert cut is not None
    assert not cut.analytic


# -- wrong use


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"args": np.ones(2)}, TypeError, r"args must be a tuple.*got ndarray: write \(x,\)"),
        ({"args": (np.arange(3),)}, TypeError, "float"),
        ({"args": ("text",)}, TypeError, "str"),
        ({"modes": ("fwd",)}, ValueError, "modes must be"),
        ({"modes": "vjp"}, ValueError, "modes must be"),
        ({"modes": ()}, ValueError, "modes must be"),
        ({"order": 0}, ValueError, "order must be a whole number"),
        ({"order": 1.5}, ValueError, "order must be a whole number"),
        ({"f": np.argmax}, ValueError, "no floating-point output"),
    ],
)
def test_wrong_use_is_named(change: dict[str, Any], error: type, message: str) -> None:
    call: dict[str, Any] = {"f": np.sin, "args": (1.0,), **change}
    with pytest.raises(error, match=message):
        ag.check_grads(**call)


def test_nothing_is_left_behind() -> None:
    w = ag.Tensor(b, requires_grad=True)
    ag.check_grads(lambda x: x @ w, (A,))
    assert w.grad is None


