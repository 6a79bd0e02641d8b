"""The engine: order, accumulation, memory, depth, threads, names. No rule's formula is at stake."""

from __future__ import annotations

import copy
import gc
import math
import sys
import threading
import time
import tracemalloc
import weakref

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import autograd_mini as ag
from autograd_mini.context import EVERYTHING, TRACKED, context
from autograd_mini.graph import Taken, walk
from autograd_mini.op import OPS, find_op, rule


def leaf(value, **options):
    return ag.Tensor(value, requires_grad=True, **options)


# -- the graph


def test_nodes_are_numbered_as_they_are_made_and_walk_gives_them_oldest_first():
    x = leaf(2.0, name="x")
    y = x * 3.0
    z = y + x * y
    order = walk(z.node)
    assert [node.number for node in order] == sorted(node.number for node in order)
    assert [node.op.name for node in order if node.op] == ["multiply", "multiply", "add"]
    assert all(order.index(i) < order.index(node) for node in order for i in node.inputs)
    assert sum(node.value is x.node.value for node in order) == 1
    assert [type(node.value) for node in order if not node.inputs and not node.tracked] == [float]


def test_only_what_is_tracked_is_recorded():
    u, x = ag.Tensor(2.0), leaf(3.0)
    assert (u * u).node.inputs == ()
    assert len((u * x).node.inputs) == 2
    with ag.no_grad():
        assert (u * x).node.inputs == ()
    assert (x > 1).node.inputs == ()
    assert x.detach().node.inputs == ()


def test_while_everything_is_recorded_parents_stay_and_values_are_forbidden():
    x = leaf([1.0, -2.0])
    context.now.mode = EVERYTHING
    try:
        results = [x > 0, np.sign(x), np.argmax(x, axis=0), np.logical_or(x > 0, x < 1)]
        assert all(result.node.inputs for result in results)
        assert np.shape(x) == (2,)
        u = ag.Tensor([1.0, 2.0]) * 1.0  # an argument that no derivative is asked of
        before, u[0] = u.node, 5.0
        assert u.node.inputs[0] is before
        assert not u.requires_grad
        for read in (x.tolist, x[0].item, (x[0] > 0).__bool__, lambda: f"{x[0]:.2f}"):
            with pytest.raises(RuntimeError, match=r"np\.where"):
                read()
        with pytest.raises(RuntimeError, match=r"np\.where"):
            np.allclose(x, 0.0)
    finally:
        context.now.mode = TRACKED


def test_scopes_nest_and_names_carry_over_to_the_recorded_gradient():
    x = leaf([1.0, 2.0], name="x")
    with ag.scope("layer 2"):
        z = 3.0 * x
        z.name = "z2"
        with ag.scope("inner"):
            J = (z * z).sum()
    assert z.node.scope == ("layer 2",)
    assert J.node.scope == ("layer 2", "inner")
    (x * x).node.scope = ()
    dz, dx = ag.backprop(J, wrt=[z, x], record=True)
    assert (dz.name, dx.name) == ("z2_grad", "x_grad")
    assert dz.tolist() == [6.0, 12.0]


def test_a_generator_closed_late_restores_its_own_kind_of_context():
    def recording():
        with ag.no_grad():
            yield

    with ag.scope("outer"):
        paused = recording()
        next(paused)
        with ag.scope("inner"):
            paused.close()
            assert context.now.mode == TRACKED
            assert context.now.scope == ("outer", "inner")
    assert (context.now.mode, context.now.scope) == (TRACKED, ())


def test_while_everything_is_recorded_gradients_are_too():
    X, w = ag.Tensor([1.0, 2.0]), leaf([3.0, 4.0])
    context.now.mode = EVERYTHING
    try:
        g = ag.grad(lambda X: (X * X).sum())(X)
        (h,) = ag.backprop((w * w).sum(), wrt=[w])
    finally:
        context.now.mode = TRACKED
    assert X.node in walk(g.node)
    assert w.node in walk(h.node)


def test_context_survives_an_exception():
    with pytest.raises(ZeroDivisionError), ag.no_grad(), ag.scope("a"):
        raise ZeroDivisionError
    assert (context.now.mode, context.now.scope) == (TRACKED, ())

    @ag.no_grad()
    def quiet(x):
        return x * x

    switch = ag.no_grad()
    with switch, switch:
        assert not (leaf(1.0) * 2.0).requires_grad
    assert not quiet(leaf(1.0)).requires_grad
    assert (leaf(1.0) * 2.0).requires_grad


# -- the backward pass


def test_backward_accumulates_and_a_second_pass_through_the_same_graph_is_right():
    x = leaf([1.0, 2.0])
    J = (x * x * x).sum()
    for times in (1, 2, 3):
        J.backward()
        assert np.allclose(x.grad, times * 3 * np.array([1.0, 4.0]))
    x.grad = None
    J.backward()
    assert np.allclose(x.grad, [3.0, 12.0])


TABLES = hnp.arrays(np.float64, hnp.array_shapes(max_dims=2), elements=st.floats(-2, 2))


@given(TABLES, st.integers(2, 5))
def test_gradients_share_memory_with_nothing(array, uses):
    x, y = leaf(array), leaf(array)
    total = x + y
    for _ in range(uses):
        total = total + x
    cotangent = np.ones(array.shape)
    total.backward(cotangent)
    first = x.grad
    gradients = [x.grad, y.grad, *ag.backprop(total, [x, y, total], cotangent)]
    gradients += [array, cotangent, x.node.value, y.node.value, total.node.value]
    for i, one in enumerate(gradients):
        assert not any(np.shares_memory(one, other) for other in gradients[i + 1 :])
    kept = first.copy()
    total.backward(cotangent)
    assert np.array_equal(first, kept)
    assert np.array_equal(x.grad, 2 * kept)


KEPT = np.ones(3)


@pytest.mark.parametrize(
    "cotangent_of",
    [lambda g, y, x: g, lambda g, y, x: y, lambda g, y, x: x, lambda g, y, x: KEPT,
     lambda g, y, x: (g * 2.0)[::-1], lambda g, y, x: np.broadcast_to(np.float64(2.0), (3,))],
    ids=["g", "y", "x", "an array of its own", "a view", "a repeated number"],
)  # fmt: skip
def test_what_a_rule_gives_is_not_handed_out_while_somebody_else_holds_it(cotangent_of):
    twice = ag.primitive(lambda x: 2.0 * x)
    ag.rule(twice, cotangent_of, name="twice")
    x = leaf([1.0, 2.0, 3.0])
    y, cotangent = twice(x), np.full(3, 5.0)
    held = [cotangent, KEPT, x.node.value, y.node.value]
    before = [array.copy() for array in held]
    y.backward(cotangent)
    gradients = [x.grad, *ag.backprop(y, [x, x, y], cotangent)]
    for one in gradients:
        one[...] = 7.0
    assert all(map(np.array_equal, held, before))
    del OPS[twice]


def test_a_gradient_is_always_an_array_of_its_leafs_shape_and_dtype():
    for dtype in (np.float32, np.float64):
        scalar, row, table = (leaf(np.ones(s, dtype)) for s in ((), (3,), (2, 3)))
        ((table * row + scalar) * np.ones((4, 2, 3))).sum().backward()
        for t, value in ((scalar, 24.0), (row, 8.0), (table, 4.0)):
            assert type(t.grad) is np.ndarray
            assert (t.grad.shape, t.grad.dtype) == (t.shape, dtype)
            assert np.all(t.grad == value)


def test_a_scalar_leaf_keeps_an_array_over_many_passes():
    x = leaf(2.0)
    for _ in range(3):
        (x * x).backward()
    assert type(x.grad) is np.ndarray
    assert x.grad == 12.0


def test_a_cast_to_integers_has_gradient_zero_as_a_function_too():
    assert ag.grad(lambda x: (np.astype(x, int) * 1.0 + x).sum())(np.array([1.5])).tolist() == [1.0]


def test_power_has_its_mixed_derivative_at_exponent_zero():
    mixed = ag.grad(lambda b: ag.grad(lambda a, b: a**b)(2.0, b))(0.0)
    assert mixed == 0.5  # d/db [b a^(b−1)] = 1/a at b = 0


def test_the_real_part_is_taken_for_a_real_input():
    x = leaf(2.0)
    (x * 1j * 1j).real.backward()
    assert x.grad == -1.0
    assert x.grad.dtype == np.float64


@pytest.mark.parametrize("z", [3 + 4j, -1 - 2j, 2j], ids=str)
@pytest.mark.parametrize(
    "f",
    [np.abs, lambda z: np.real(z**3), lambda z: np.imag(np.tanh(z)), lambda z: abs(z) ** 2],
    ids=["|z|", "Re z³", "Im tanh z", "|z|²"],
)
def test_a_complex_gradient_is_the_direction_of_fastest_growth(f, z):
    """∂f/∂Re z + i ∂f/∂Im z, as in PyTorch."""
    h = 1e-6
    expected = (f(z + h) - f(z - h)) / (2 * h) + 1j * (f(z + 1j * h) - f(z - 1j * h)) / (2 * h)
    assert abs(ag.grad(f)(z) - expected) < 1e-8 * (1 + abs(expected))


def test_backward_needs_one_number_or_a_cotangent_of_the_right_shape():
    x = leaf([1.0, 2.0], name="x")
    with pytest.raises(ValueError, match="pass a cotangent"):
        (x * x).backward()
    with pytest.raises(ValueError, match=r"\(2,\); got \(3,\)"):
        (x * x).backward(np.ones(3))
    (x * x).backward([1.0, 10.0])
    assert x.grad.tolist() == [2.0, 40.0]
    (x[:1] * 3.0).backward()
    assert x.grad.tolist() == [5.0, 40.0]


def test_backward_without_a_leaf_that_requires_a_gradient():
    with pytest.raises(RuntimeError, match="requires_grad=True"):
        (ag.Tensor(1.0) * 2.0).backward()

    def f(x):
        x.name = "primal"
        (x * 2.0).backward()

    with pytest.raises(RuntimeError, match="primal"):
        ag.grad(f)(1.0)


def test_grad_of_an_inner_tensor_says_how_to_read_it():
    x = leaf(2.0)
    z = x * x
    z.name = "z2"
    with pytest.raises(AttributeError, match=r"ag\.backprop\(J, wrt=\[z2\]\)"):
        _ = z.grad
    with pytest.raises(AttributeError, match="no leaf"):
        z.grad = 1.0
    assert ag.Tensor(1.0).grad is None
    with pytest.raises(ValueError, match="shape"):
        x.grad = [1.0, 2.0]


@pytest.mark.parametrize("shape", [(3, 1), (4,), (2, 2, 1), (2,), (1,)], ids=str)
def test_a_cotangent_of_an_impossible_shape_is_refused(shape):
    @ag.primitive
    def broken(x):
        return x * 1.0

    rule(broken, lambda g, y, x: np.ones(shape))
    with pytest.raises(ValueError, match="rule of broken gave a cotangent of shape"):
        ag.grad(lambda x: broken(x).sum())(np.ones((2, 3)))


def test_several_outputs_are_one_node_and_picks():
    x = leaf([1.5, -2.25, 3.0])
    part, whole = np.modf(x)
    first, second, third = np.split(x, 3)
    assert part.node.inputs[0] is whole.node.inputs[0]
    J = (part * part).sum() + whole.sum() + (first * third).sum() + (second * 0.0).sum()
    J.backward()
    assert np.allclose(x.grad, 2 * np.modf(x.tolist())[0] + [3.0, 0.0, 1.5])
    again = ag.grad(lambda x: ag.grad(lambda x: (np.split(x, 3)[0] ** 3).sum())(x).sum())
    assert again(np.array([2.0, 1.0, 1.0])).tolist() == [12.0, 0.0, 0.0]


# -- slices: linear, both ways


def sliced(n):
    def f(x):
        total = 0.0
        for i in range(n):
            total = total + x[i] * x[i]
        return total

    return f


def test_many_slices_become_one_operation_when_the_gradient_is_recorded():
    x = leaf(np.arange(100.0))
    (g,) = ag.backprop(sliced(100)(x), wrt=[x], record=True)
    assert g.node.op.name == "scatter_sum"
    assert g.tolist() == (2 * np.arange(100.0)).tolist()
    assert ag.backprop(g.sum(), wrt=[x])[0].tolist() == [2.0] * 100


def growth(run, sizes=(2_000, 16_000)):
    """Cost of the larger over cost of the smaller, each per element, best of three."""
    costs = []
    for n in sizes:
        best = np.inf
        for _ in range(3):
            start = time.thread_time()
            run(n)
            best = min(best, time.thread_time() - start)
        costs.append(best / n)
    return costs[1] / costs[0]


@pytest.mark.parametrize("record", [False, True])
def test_a_loop_over_slices_is_linear(record):
    def run(n):
        x = leaf(np.ones(n))
        ag.backprop(sliced(n)(x), wrt=[x], record=record)

    assert growth(run) < 4  # quadratic would be 8, and a wide margin for a busy machine


@pytest.mark.parametrize("join", [np.stack, np.concatenate])
@pytest.mark.parametrize("record", [False, True])
def test_joining_many_tensors_is_linear(join, record):
    def run(n):
        x = leaf(np.ones(1))
        parts = [2.0 * x for _ in range(n)]
        assert ag.backprop(join(parts).sum(), wrt=[x], record=record)[0].item() == 2.0 * n

    assert growth(run, (1_000, 16_000)) < 8  # quadratic would be 16


def test_a_chain_is_linear_and_depth_costs_nothing():
    def run(n):
        x = leaf(1.0)
        y = x
        for _ in range(n):
            y = 0.999 * y
        y.backward()

    assert growth(run, (2_000, 64_000)) < 8  # quadratic would be 32


def test_the_second_order_of_a_loop_over_slices_is_linear():
    def run(n):
        x = leaf(np.ones(n))
        (g,) = ag.backprop(sliced(n)(x), wrt=[x], record=True)
        ag.backprop(g.sum(), wrt=[x])

    assert growth(run, (1_000, 16_000)) < 8  # quadratic would be 16


# -- depth


@pytest.fixture
def low_recursion_limit():
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(200)
    yield
    sys.setrecursionlimit(limit)


def test_a_million_operations_in_a_chain(low_recursion_limit):
    x = leaf(1.0)
    y = x
    for _ in range(10**6):
        y = -y
    y.backward()
    assert x.grad == 1.0
    twin = copy.deepcopy(y)
    assert len(walk(twin.node)) == 10**6 + 1
    gone = weakref.ref(y.node)
    del y, twin
    assert gone() is None


def test_a_sum_of_a_hundred_thousand_terms(low_recursion_limit):
    x = leaf(np.ones(2))
    total = 0.0
    for k in range(10**5):
        total = total + x * float(k)
    total.sum().backward()
    assert x.grad.tolist() == [sum(range(10**5))] * 2
    (g,) = ag.backprop(total.sum(), wrt=[x], record=True)
    assert g.tolist() == x.grad.tolist()
    twin, gone = copy.deepcopy(total), weakref.ref(total.node)
    twins = [node for node in walk(twin.node) if node.cell is not None]
    assert len(twins) == 1
    assert twins[0] is not x.node
    del total, g
    assert gone() is None


def test_shared_subexpressions_are_visited_once():
    x = leaf(1.0)
    y = x
    for _ in range(200):
        y = 0.5 * (y + y)  # 2^200 paths
    y.backward()
    assert x.grad == 1.0


# -- memory


@pytest.fixture
def without_collector():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def test_training_steps_with_an_accuracy_counter_keep_memory_flat(without_collector):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(8, 3)), np.array([0, 1] * 4)
    w, correct = leaf(rng.normal(size=(3, 2))), ag.Tensor(0)

    def step():
        nonlocal correct
        scores = X @ w
        J = -(scores - np.log(np.exp(scores).sum(axis=1, keepdims=True)))[np.arange(8), y].mean()
        correct = correct + (scores.argmax(axis=1) == y).sum()
        w.grad = None
        J.backward()
        with ag.no_grad():
            w.__isub__(0.01 * w.grad)

    for _ in range(200):
        step()
    tracemalloc.start()
    step()
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(10_000):
        step()
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown < 500_000  # 50 bytes a step: Python's own free lists, less than one node
    assert correct.is_leaf


@pytest.mark.parametrize(
    "use",
    [
        lambda x: (x * x).sum().backward(),
        lambda x: ag.grad(lambda y: (y * x).sum())(np.ones(3)),
        lambda x: ag.backprop((x * x).sum(), wrt=[x, x * x], record=True),
        lambda x: ag.vjp(lambda y: y * x, np.ones(3))[1](np.ones(3)),
        lambda x: ag.grad(lambda y: ag.grad(lambda z: (z * z * y).sum())(y).sum())(x),
    ],
    ids=["backward", "grad", "recorded", "vjp", "nested"],
)
def test_graphs_are_freed_without_the_garbage_collector(without_collector, use):
    x = leaf(np.ones(3))
    y = x * 1.0
    gone = weakref.ref(y.node)
    use(y)
    del y
    assert gone() is None


def test_a_taken_buffer_keeps_shape_and_dtype_for_the_backward_pass():
    w = leaf(3.0)
    x = ag.Tensor(np.zeros(3, np.float32))
    x[0] = w
    x[1] = w * w
    assert type(x.node.inputs[0].value) is Taken
    (x * x).sum().backward()
    assert w.grad == 2 * 3.0 + 4 * 27.0
    (g,) = ag.backprop((x * x).sum(), wrt=[w], record=True)
    assert ag.backprop(g, wrt=[w])[0] == 2 + 12 * 9.0


# -- threads


def test_two_threads_record_without_disturbing_each_other():
    start, failures = threading.Barrier(2), []

    def work(sign):
        try:
            start.wait()
            for k in range(300):
                x = leaf(float(k))
                with ag.scope(str(sign)):
                    y = sign * x * x
                if sign < 0:
                    with ag.no_grad():
                        assert not (x * x).requires_grad
                else:
                    assert (x * x).requires_grad
                y.backward()
                assert x.grad == sign * 2 * k
                assert y.node.scope == (str(sign),)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(sign,)) for sign in (1.0, -1.0)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def test_transforms_of_two_threads_share_a_weight_and_nothing_else():
    """Each differentiates by its own argument through the same captured leaf, nested twice."""
    w, start, failures = leaf(3.0), threading.Barrier(2), []

    def work(order):
        try:
            start.wait()
            for k in range(100):
                f = lambda x: np.sin(x * w)  # noqa: E731
                for _ in range(order):
                    f = ag.grad(f)
                with ag.no_grad():
                    found = f(float(k))
                exact = [math.sin, math.cos, lambda t: -math.sin(t)][order](3.0 * k) * 3.0**order
                assert abs(found - exact) < 1e-12
                recorded = f(float(k))  # w takes part, so its derivative can be asked for
                assert recorded.requires_grad
            assert not context.now.primals
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(order,)) for order in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert w.grad is None


# -- rules of one's own


def test_a_rule_for_one_of_numpys_functions_is_one_line():
    known = OPS.pop(np.sin)
    try:
        rule(np.sin, lambda g, y, x: g * np.cos(x))
        assert np.isclose(ag.grad(np.sin)(1.0), np.cos(1.0))
        assert np.isclose(ag.grad(ag.grad(np.sin))(1.0), -np.sin(1.0))
    finally:
        OPS[np.sin] = known


def test_rules_must_state_the_same_keywords():
    def own(a, b):
        return a + b

    with pytest.raises(TypeError, match="different keywords"):
        rule(own, lambda g, y, a, b: g, lambda g, y, a, b, *, axis=None: g)
    assert find_op(own) is None


def test_a_primitive_takes_keywords_and_sequences():
    @ag.primitive
    def weighted(parts, weight=1.0):
        return weight * sum(parts)

    rule(weighted, lambda g, y, *x, weight=1.0: [g * weight for _ in x], variadic=True)
    a, b = leaf([1.0]), leaf([2.0])
    y = weighted([a, b, np.ones(1)], weight=3.0)
    assert y.tolist() == [12.0]
    y.backward()
    assert a.grad.tolist() == [3.0]
    assert weighted([1.0, 2.0]) == 3.0
