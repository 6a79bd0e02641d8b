"""jit: the same numbers as f itself, whatever changes between two calls."""

from __future__ import annotations

import gc
import runpy
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd_mini as ag

XOR = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
LABELS = np.array([[1.0], [0.0], [0.0], [1.0]])


def alike(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("cost", [ag.nn.logistic_cost, ag.nn.quadratic_cost])
@pytest.mark.parametrize("lam", [0.0, 0.5])
def test_a_networks_cost_and_gradient(cost: Any, lam: float) -> None:
    net = ag.nn.Network([2, 3, 1], seed=1)
    f = ag.value_and_grad(lambda net, X, Y: cost(net, X, Y, lam))
    jitted = ag.jit(f)
    for _ in range(2):
        (J, gradient), (J2, expected) = jitted(net, XOR, LABELS), f(net, XOR, LABELS)
        alike(J, J2)
        assert type(J) is type(J2)
        for one, other in zip(gradient.parameters, expected.parameters, strict=True):
            alike(one.numpy(), other.numpy())
            assert type(gradient) is ag.nn.Network
        with ag.no_grad():
            net.weights[1][...] = -1.0


def test_a_captured_array_is_a_constant_and_a_captured_tensor_is_read_again() -> None:
    w, c = ag.Tensor([1.0, 2.0]), np.array([1.0, 1.0])
    f = ag.jit(lambda x: (w * x + c).sum())
    x = np.array([3.0, 4.0])
    assert f(x).item() == 13.0
    c[:] = 100.0
    w[...] = [5.0, 6.0]
    assert f(x).item() == 41.0
    w = ag.Tensor([0.0, 1.0])  # the name stands for something else: recorded anew
    assert f(x).item() == 204.0


def test_a_captured_tensor_takes_part_in_the_recorded_gradient() -> None:
    w = ag.Tensor([1.0, 2.0])
    f = ag.jit(ag.grad(lambda x: (w * x * x).sum()))
    x = np.array([3.0, 4.0])
    np.testing.assert_array_equal(f(x), [6.0, 16.0])
    w[...] = [0.0, 1.0]
    np.testing.assert_array_equal(f(x), [0.0, 8.0])


def test_a_number_that_lies_in_a_buffer_is_not_written_over() -> None:
    """A view without axes is a view; and the sum of one number is a number, no array."""
    x = np.array([[0.5]])
    first = ag.jit(lambda x, y: np.reshape(x + y, ()) - np.sum(np.exp(np.square(y))))
    assert first(x, x).item() == 1.0 - np.exp(0.25)
    assert type(ag.jit(np.sum)(x)) is np.float64


def test_what_changes_around_at_every_call_is_told() -> None:
    calls = 0

    def f(x: Any) -> Any:
        nonlocal calls
        calls += 1
        return x * calls

    jitted = ag.jit(f)

    def calling() -> None:
        for _ in range(40):
            before = calls
            assert jitted(np.ones(2)).tolist() == [float(before + 1)] * 2

    with pytest.warns(RuntimeWarning, match="pass what changes as an argument"):
        calling()


def test_results_are_the_callers_own() -> None:
    f = ag.jit(lambda x: (x, x.T, x + 1.0, x + 1.0, np.ones(2)))
    x = np.eye(2)
    first = f(x)
    for value in first:
        value[...] = 7.0
    for found, expected in zip(f(x), (x, x, x + 1, x + 1, np.ones(2)), strict=True):
        np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(x, np.eye(2))


def test_a_changing_float_becomes_an_input_where_no_dtype_changes() -> None:
    step = ag.jit(lambda w, rate: w - rate * w)
    w = np.ones(2)
    for k in range(5):
        alike(step(w, 0.1 * k), w - 0.1 * k * w)
    assert len(step.entries) == 2
    for k in range(3):
        assert step(w.astype(np.float32), 0.1 * k).dtype == np.float32


def test_tracked_arguments_and_results_run_as_they_are() -> None:
    sine = ag.jit(np.sin)
    assert ag.grad(lambda x: sine(x) * 2.0)(1.0) == 2.0 * np.cos(1.0)
    assert ag.grad(ag.grad(sine))(1.0) == -np.sin(1.0)
    net = ag.nn.Network([2, 1])
    J = ag.jit(ag.nn.logistic_cost)(net, XOR, LABELS)
    J.backward()
    assert net.weights[1].grad is not None


def test_reading_a_value_raises_and_says_what_to_write() -> None:
    f = ag.jit(lambda x: x if x.sum() > 0 else -x)
    with pytest.raises(RuntimeError, match=r"np\.where"):
        f(np.ones(2))


def test_changing_an_argument_in_place_raises() -> None:
    def f(x: Any) -> Any:
        x += 1.0
        return x

    x = np.ones(2)
    with pytest.raises(RuntimeError, match="in place"):
        ag.jit(f)(x)
    np.testing.assert_array_equal(x, 1.0)


def test_a_shape_that_depends_on_values_raises() -> None:
    with pytest.raises(RuntimeError, match="while the program is being recorded"):
        ag.jit(np.unique)(np.ones(2))


def test_threads_have_buffers_of_their_own_which_die_with_them() -> None:
    f = ag.jit(lambda x: np.tanh(x @ x).sum())
    matrices = [np.full((20, 20), 0.01 * k) for k in range(4)]
    expected = [f(m) for m in matrices]
    wrong: list[Any] = []

    def run(k: int) -> None:
        wrong.extend(k for _ in range(300) if f(matrices[k]) != expected[k])

    threads = [threading.Thread(target=run, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    gc.collect()
    assert len(f.program.local.free) == 1


def test_rules_that_look_at_values_to_save_work_are_recorded_at_any_size() -> None:
    """A quotient looks whether anything that arrives is 0: small arrays and large in two ways."""
    for n in (10, 2_000):
        x = np.linspace(0.5, 2.0, n)
        for f in (lambda x: np.sum(np.log(x) / x), lambda x: np.sum(abs(x) ** 3.0)):
            alike(ag.jit(ag.grad(f))(x), ag.grad(f)(x))


def test_an_index_may_be_an_input() -> None:
    def cost(logits: Any, labels: Any) -> Any:
        rows = np.arange(len(labels))
        return -ag.nn.log_softmax(logits)[rows, labels].sum() + logits[labels].sum()

    rng = np.random.default_rng(0)
    f = ag.value_and_grad(cost)
    jitted = ag.jit(f)
    for _ in range(3):
        logits, labels = rng.normal(size=(6, 4)), rng.integers(0, 4, 6)
        (J, gradient), (J2, expected) = jitted(logits, labels), f(logits, labels)
        alike(J, J2)
        alike(gradient, expected)
    assert len(jitted.entries) == 1
    with pytest.raises(RuntimeError, match=r"x\[mask\]"):
        ag.jit(lambda x: x[x > 0.0].sum())(np.ones(3))


@pytest.mark.parametrize("cost", [ag.nn.logistic_cost, ag.nn.logistic_cost_literal])
def test_the_source_is_a_module_of_its_own(cost: Any, tmp_path: Path) -> None:
    net = ag.nn.Network([2, 3, 1], seed=1)
    jitted = ag.jit(ag.value_and_grad(cost))
    J, gradient = jitted(net, XOR, LABELS, 0.5)
    arrays = [p.detach().numpy() for p in net.parameters]
    module = runpy.run_path(str(jitted.save(tmp_path / "step.py")))
    assert not any("autograd_mini" in str(getattr(v, "__module__", "")) for v in module.values())
    found = module["value_and_gradient"](*arrays, XOR, LABELS)
    expected = [J, *(p.numpy() for p in gradient.parameters)]
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)
    for line in ("z2 = ", "a2 = ", "theta1_grad = ", "# ∂J/∂Θ^(1)", "value_and_gradient(theta1"):
        assert line in jitted.source


def test_every_kind_of_constant_and_function_is_written(tmp_path: Path) -> None:
    large = np.random.default_rng(0).normal(size=(30, 30))

    def f(x: Any, y: Any) -> Any:
        z = np.linalg.inv(x @ large + 100.0 * np.eye(30)) * np.array([np.inf, *[1.0] * 29])
        return ag.nn.logsumexp(z[1:, ::2], axis=0), np.where(y > 2, y, -1), np.cumsum(y)[[0, 2]]

    x, y = np.full((30, 30), 0.01), np.arange(5)
    jitted = ag.jit(f)
    expected = jitted(x, y)
    found = runpy.run_path(str(jitted.save(tmp_path / "f.py")))["f"](x, y)
    for one, other, plain in zip(found, expected, f(x, y), strict=True):
        np.testing.assert_array_equal(one, other)
        alike(other, plain)
    assert "flops" in repr(jitted.footprint())


def test_a_function_of_ones_own_can_not_be_written(tmp_path: Path) -> None:
    @ag.primitive
    def cube(x: Any) -> Any:
        return x * x * x

    ag.rule(cube, lambda g, y, x: g * 3.0 * x * x)
    jitted = ag.jit(cube)
    assert jitted(np.array([2.0]))[0] == 8.0
    with pytest.raises(ValueError, match=r"cube.*can not be written"):
        jitted.save(tmp_path / "f.py")


def test_a_program_says_what_it_costs() -> None:
    jitted = ag.jit(lambda X, W: np.tanh(X @ W))
    jitted(np.ones((3, 4)), np.ones((4, 5)))
    found = jitted.footprint()
    assert (found.lines, found.flops) == (2, 2 * 3 * 4 * 5 + 15)
    assert found.bytes == 8 * (12 + 20 + 15 + 15 + 15)
    assert (found.buffers, found.constants) == (0, 0)


def test_numbers_in_what_is_differentiated() -> None:
    f = ag.grad(lambda p, x: np.sum(np.tanh(p["w"] * x + p["b"][0])))
    p, x = {"w": np.ones(2), "b": (0.5,)}, np.array([1.0, 2.0])
    for _ in range(2):
        found, expected = ag.jit(f)(p, x), f(p, x)
        alike(found["w"], expected["w"])
        alike(found["b"][0], expected["b"][0])
        assert type(found["b"][0]) is type(expected["b"][0]) is np.float64


W = ag.Tensor([2.0, 3.0])
M = np.array([[1.0, 2.0], [3.0, 5.0]])
COMPOSED = {
    "hessian": ag.hessian(lambda x: np.sum(np.sin(x) * W) ** 2),
    "jacobian": ag.jacobian(lambda x: np.sin(x) * x[0] + W),
    "jacobian of columns": ag.jacobian(lambda x: np.concatenate([np.sin(x), M @ x, x * W])),
    "hvp": lambda x: ag.hvp(lambda x: np.sum(np.exp(M @ x)), (x,), (x * 2.0,))[0],
    "jvp": lambda x: ag.jvp(lambda x: np.tanh(M @ x) * W, (x,), (x + 1.0,)),
    "ggnvp": lambda x: ag.ggnvp(lambda x: M @ x, lambda z: np.sum(np.exp(z)), (x,), (x,)),
    "vmap of grad": ag.vmap(ag.grad(lambda x: np.sum(np.sin(x) * W[0]))),
    "vmap over one of two": lambda x: ag.vmap(lambda x, v: np.dot(x, v), (None, 0))(x, M * x),
    "vmap that shares": lambda x: ag.vmap(lambda row: np.sum(row * np.sin(x) + M))(M),
    "checkpoint": ag.grad(ag.checkpoint(lambda x: np.sum(np.tanh(M @ x) * W))),
    "grad of grad": ag.grad(lambda x: np.sum(ag.grad(lambda v: np.sum(v**3 * W))(x) * x)),
    "vjp": lambda x: ag.vjp(lambda v: np.exp(M @ v), x)[1](x),
    "jit in jit": lambda x: ag.jit(ag.grad(lambda v: np.sum(v**3)))(x) * x,
}


@pytest.mark.parametrize("name", COMPOSED)
def test_transforms_in_a_program_freeze_nothing(name: str) -> None:
    """Recorded on one x, run on another, with another captured Tensor."""
    f = COMPOSED[name]
    jitted = ag.jit(f)
    x, other = np.array([0.5, -0.25]), np.array([0.125, 0.75])
    if name.startswith("vmap of"):
        x, other = np.stack([x, other]), np.stack([other, x, x])[:2]
    jitted(x)
    W[...] = [5.0, -1.0]
    try:
        found, expected = jitted(other), f(other)
    finally:
        W[...] = [2.0, 3.0]
    assert len(jitted.entries) == 1
    assert jitted.program.nbytes >= 0
    one, two = (x if isinstance(x, tuple) else (x,) for x in (found, expected))
    for a, b in zip(one, two, strict=True):
        assert type(a) is type(b)
        alike(np.asarray(a), np.asarray(b))


def test_random_numbers_are_drawn_at_every_call() -> None:
    rng = np.random.default_rng(0)
    noisy = ag.jit(lambda x: x + rng.normal())
    first = [noisy(np.zeros(1))[0] for _ in range(3)]
    rng = np.random.default_rng(0)
    assert first == [rng.normal() for _ in range(3)]
    np.random.seed(0)  # noqa: NPY002
    legacy = ag.jit(lambda x: x + np.random.rand())  # noqa: NPY002
    assert len({legacy(np.zeros(1))[0] for _ in range(3)}) == 3


def test_an_object_whose_attributes_may_change_is_no_argument() -> None:
    class Box:
        w = 2.0

    box = Box()
    box.w = 3.0
    with pytest.raises(TypeError, match="make it a dataclass"):
        ag.jit(lambda box, x: box.w * x)(box, np.ones(1))
    assert ag.jit(lambda box, x: box.w * x, static_argnums=0)(box, np.ones(1))[0] == 3.0


def test_a_method_is_bound() -> None:
    class Model:
        def __init__(self, w: float) -> None:
            self.w = w

        @ag.jit
        def scaled(self, x: Any) -> Any:
            return self.w * x

    two, three = Model(2.0), Model(3.0)
    assert [m.scaled(np.ones(1))[0] for m in (two, three, two)] == [2.0, 3.0, 2.0]
    two.w = 5.0
    assert two.scaled(np.ones(1))[0] == 5.0


def test_an_operation_with_a_derivative_of_its_own() -> None:
    @ag.custom_vjp
    def softplus(x: Any) -> Any:
        return np.logaddexp(0.0, x)

    softplus.defvjp(lambda x: (softplus(x), x), lambda x, g: (g / (1.0 + np.exp(-x)),))
    f = ag.value_and_grad(lambda x: np.sum(softplus(x * 2.0)))
    jitted = ag.jit(f)
    for x in (np.array([1.0, -2.0]), np.array([0.5, 3.0])):
        for found, expected in zip(jitted(x), f(x), strict=True):
            alike(found, expected)


def test_static_arguments_may_be_containers() -> None:
    f = ag.jit(lambda x, shape: np.reshape(x, shape), static_argnums=1)
    assert f(np.arange(6.0), (2, 3)).shape == f(np.arange(6.0), (2, 3)).shape == (2, 3)
    assert f(np.arange(6.0), (3, 2)).shape == (3, 2)


def test_no_grad_inside_of_a_program() -> None:
    f = ag.grad(ag.no_grad()(lambda x: x * x))
    assert f(3.0) == ag.jit(f)(3.0) == 0.0
    g = ag.grad(lambda x: x * ag.no_grad()(np.square)(x))
    assert g(3.0) == ag.jit(g)(3.0) == 9.0


def test_an_iterator_is_no_argument() -> None:
    """It would be used up by the first call, whose items every other would be given."""
    summed = ag.jit(lambda items: sum(items))
    with pytest.raises(TypeError, match="make it a dataclass or a list"):
        summed(x for x in [1.0, 2.0])
    assert summed([1.0, 2.0]) == 3.0
