"""The checks that a rule must pass, each on one `Call`: what the rule tests and their mutants run.

A dot-product test checks a rule at any size: for a cotangent v of the outputs and a direction u
of an argument x, with J the Jacobian there, (vᵀJ)·u from the rule equals v·(J u) from NumPy's own
function, by a complex step, f(x + ihu) = f(x) + ihJu, or by extrapolated central differences.
For complex arrays a·b is Re Σ ā b, the convention in which gradients are handed out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import numpy as np

from autograd_mini.context import EVERYTHING, context
from autograd_mini.graph import Node, leaf, walk
from autograd_mini.op import Sparse
from autograd_mini.reverse import propagate
from autograd_mini.tensor import Tensor, lift, tensor_of, wrap
from tests.rule_cases import OP, Call

TOLERANCE = {"complex": 1e-11, "central": 1e-8}
STEP = 2.0**-8


# -- running a call


def tensors(arrays: Sequence[Any]) -> list[Tensor]:
    """Name arrays as leaves, borrowed: their layout in memory is what is tested."""
    return [tensor_of(leaf(read_only(array), None)) for array in arrays]


def read_only(array: Any) -> Any:
    """Make an array refuse to be written: a rule that edits in place raises."""
    if isinstance(array, np.ndarray):
        array.flags.writeable = False
    return array


def pull(
    outputs: Sequence[Tensor], cotangents: Sequence[Any], leaves: Sequence[Tensor]
) -> list[Any]:
    """Return the leaves' cotangents; recorded if the cotangents are Tensors. Zero if missing."""
    recorded = any(type(v) is Tensor for v in cotangents)
    found = propagate(
        [output.node for output in outputs],
        [np.conjugate(v) if v.dtype.kind == "c" else v for v in cotangents],
        [x.node for x in leaves],
        lift if recorded else None,
    )
    result = []
    for x in leaves:
        g = found.get(x.node)
        if g is None:
            g = np.zeros_like(x.node.value)
            g = wrap(g) if recorded else g
        result.append(np.conjugate(g) if g.dtype.kind == "c" else g)
    return result


def gradients(call: Call, arrays: Sequence[Any], cotangents: Sequence[Any]) -> list[Any]:
    """Return vᵀJ for each argument, unrecorded."""
    leaves = tensors(arrays)
    outputs = call(*leaves)
    for value in (*(output.node.value for output in outputs), *cotangents):
        read_only(value)
    return pull(outputs, cotangents, leaves)


def a_direction(rng: np.random.Generator, like: Any) -> Any:
    """Return a random array of a shape and dtype, no entry above 1 or near 0."""
    u = rng.uniform(0.3, 1, like.shape) * rng.choice([-1.0, 1.0], like.shape)
    if like.dtype.kind == "c":
        u = u + 1j * rng.uniform(-1, 1, like.shape)
    return np.asarray(u, like.dtype)[()]


def rng_of(call: Call, stream: int) -> np.random.Generator:
    """Return a generator that is the same for the same call: a printed call fails again."""
    return np.random.default_rng([stream, *(one.seed for one in call.inputs)])


def cotangents_for(call: Call, arrays: Sequence[Any], which: int = 0) -> list[Any]:
    rng = rng_of(call, which)
    return [a_direction(rng, np.asarray(y)) for y in call(*arrays)]


def dot(a: Any, b: Any) -> float:
    return float(np.sum(np.conjugate(a) * b).real)


def weight(a: Any, b: Any) -> float:
    """Return the size that the terms of a dot product have: rounding is relative to it."""
    return float(np.sum(np.abs(a) * np.abs(b)))


# -- numerical derivatives


def richardson(f: Callable[[float], Any], step: float = STEP) -> Any:
    """Return f'(0) from central differences at h, h/2 and h/4; the error is O(h⁶)."""
    slopes = [(f(h) - f(-h)) * (0.5 / h) for h in (step, step / 2, step / 4)]
    finer = [(4 * b - a) / 3 for a, b in pairwise(slopes)]
    return (16 * finer[1] - finer[0]) / 15


def pushed(call: Call, arrays: Sequence[Any], k: int, u: Any) -> list[Any]:
    """Return J u for each output, u a direction of argument k, from NumPy's function alone."""

    def outputs(t: Any) -> list[Any]:
        moved = [*arrays]
        moved[k] = arrays[k] + t * u
        return [np.asarray(y) for y in call(*moved)]

    if call.case.step == "complex":
        arrays = [x + 0j for x in arrays]
        return [y.imag * 1e30 for y in outputs(1e-30j)]
    count = len(outputs(0.0))
    return [richardson(lambda t, i=i: outputs(t)[i]) for i in range(count)]


# -- the checks


def check(call: Call) -> None:
    """Run every check; raise an AssertionError that names operation, argument and both numbers."""
    check_first_order(call)
    check_recorded(call)
    check_second_order(call)
    check_linear(call)


def agree(call: Call, what: str, got: float, expected: float, size: float) -> None:
    tolerance = TOLERANCE[call.case.step]
    assert abs(got - expected) <= tolerance * size + 1e-3 * tolerance, (
        f"{call.op}: {what} is {got!r} by the rule and {expected!r} by NumPy's function, "
        f"{abs(got - expected):.3g} apart (allowed {tolerance * size:.3g}); {call!r}"
    )


def check_first_order(call: Call) -> None:
    """(vᵀJ)·u = v·(J u), argument by argument; shape and dtype are the argument's."""
    arrays = call.arrays()
    v = cotangents_for(call, arrays)
    rng = rng_of(call, 2)
    for k, (x, g) in enumerate(zip(arrays, gradients(call, arrays, v), strict=True)):
        assert g.shape == x.shape, f"{call.op}: {g.shape} for argument {k} of shape {x.shape}"
        assert g.dtype == x.dtype, f"{call.op}: {g.dtype} for argument {k} of dtype {x.dtype}"
        u = a_direction(rng, x)
        Ju = pushed(call, arrays, k, u)
        expected = sum(dot(a, b) for a, b in zip(v, Ju, strict=True))
        size = weight(g, u) + sum(weight(a, b) + weight(a, 1.0) for a, b in zip(v, Ju, strict=True))
        agree(call, f"∂/∂(argument {k}) along a direction", dot(g, u), expected, size)


def check_recorded(call: Call) -> None:
    """The recorded gradient has the numbers, shape and dtype of the unrecorded one."""
    arrays = call.arrays()
    v = cotangents_for(call, arrays)
    leaves = tensors(arrays)
    recorded = pull(call(*leaves), [wrap(a) for a in v], leaves)
    for k, (g, plain) in enumerate(zip(recorded, gradients(call, arrays, v), strict=True)):
        assert type(g) is Tensor
        assert (g.shape, g.dtype) == (plain.shape, plain.dtype), f"{call.op}: argument {k}"
        np.testing.assert_allclose(
            g.node.value,
            plain,
            rtol=1e-13,
            atol=1e-13,
            err_msg=f"{call.op}: argument {k}, recorded",
        )


def check_second_order(call: Call) -> None:
    """Differentiate s = w·(vᵀJ(x)), as recorded, in x and in v.

    Along u, ∂s/∂x is what differences of the unrecorded gradient give; ∂s/∂v is J w.
    """
    arrays = call.arrays()
    v = cotangents_for(call, arrays)
    rng = rng_of(call, 3)
    u, w = ([a_direction(rng, x) for x in arrays] for _ in "uw")
    leaves, seeds = tensors(arrays), tensors(v)
    first = pull(call(*leaves), seeds, leaves)
    reached = [(g, a) for g, a in zip(first, w, strict=True) if g.node.tracked]
    second = pull([g for g, _ in reached], [a for _, a in reached], [*leaves, *seeds])

    def s(t: float) -> float:
        moved = [x + t * a for x, a in zip(arrays, u, strict=True)]
        return sum(map(dot, w, gradients(call, moved, v)))

    H, Jw = second[: len(leaves)], second[len(leaves) :]
    got = sum(map(dot, H, u))
    expected = richardson(s)
    size = 1e3 * sum(weight(a, 1.0) for a in (*v, *w)) + sum(map(weight, H, u))
    tolerance = 1e-11 * (1 + size)
    assert abs(got - expected) <= tolerance, (
        f"{call.op}: the second derivative along a direction is {got!r} recorded and {expected!r} "
        f"by differences of the gradient (allowed {tolerance:.3g}); {call!r}"
    )
    pushes = [pushed(call, arrays, k, a) for k, a in enumerate(w)]
    for i, (column, a) in enumerate(zip(Jw, v, strict=True)):
        expected = sum(dot(a, Ju[i]) for Ju in pushes)
        size = weight(a, column) + sum(weight(a, Ju[i]) for Ju in pushes) + weight(a, 1.0)
        agree(
            call, f"the derivative in the cotangent of output {i}", dot(column, a), expected, size
        )


def check_linear(call: Call) -> None:
    """A rule is linear in its cotangent: 2g − 3h gives 2 rule(g) − 3 rule(h)."""
    arrays = call.arrays()
    g, h = (cotangents_for(call, arrays, i) for i in (0, 1))
    both = gradients(call, arrays, [2.0 * a - 3.0 * b for a, b in zip(g, h, strict=True)])
    parts = zip(gradients(call, arrays, g), gradients(call, arrays, h), strict=True)
    for k, (sum_, (a, b)) in enumerate(zip(both, parts, strict=True)):
        size = 1 + np.max(np.abs(a), initial=0.0) + np.max(np.abs(b), initial=0.0)
        np.testing.assert_allclose(
            sum_, 2.0 * a - 3.0 * b, rtol=0, atol=1e-12 * size,
            err_msg=f"{call.op}: the rule of argument {k} is not linear in g",
        )  # fmt: skip


def check_single_precision(call: Call) -> None:
    """The float32 gradient is the float64 gradient at the same point, but for rounding.

    Beside float64 arguments too: each gradient has its own argument's dtype.
    """
    count = len(call.inputs)
    for single in {tuple(range(count)), (0,)}:
        arrays = call.arrays(*single)
        wide = [x.astype(np.result_type(x, np.float64)) for x in arrays]
        v = cotangents_for(call, arrays)
        dtypes = [y.dtype for y in call(*wide)]
        exact = gradients(call, wide, [a.astype(t) for a, t in zip(v, dtypes, strict=True)])
        for k, (x, g, e) in enumerate(zip(arrays, gradients(call, arrays, v), exact, strict=True)):
            assert (g.dtype, g.shape) == (x.dtype, x.shape), f"{call.op}: argument {k}"
            size = 1 + np.max(np.abs(e), initial=0.0)
            np.testing.assert_allclose(
                g, e, rtol=0, atol=2e-5 * size, err_msg=f"{call.op}: argument {k} in float32"
            )


def check_replayed(call: Call) -> None:
    """What is recorded where no value may be read holds for other values too.

    The gradient's graph is recorded at one point, re-run at another, and must give the gradient
    there: a rule that branches on a value, or reads one, would have frozen it.
    """
    arrays = call.arrays()
    v = cotangents_for(call, arrays)
    leaves, seeds = tensors(arrays), tensors(v)
    with nothing_may_be_read():
        recorded = pull(call(*leaves), seeds, leaves)
    elsewhere = Call(
        call.op, call.row, call.form,
        [type(one)(one.shape, one.values, one.layout, one.seed + 1) for one in call.inputs],
        call.metadata,
    )  # fmt: skip
    others = elsewhere.arrays()
    cotangents = cotangents_for(elsewhere, others)
    nodes = [t.node for t in (*leaves, *seeds)]
    values = replay(
        [g.node for g in recorded], dict(zip(nodes, [*others, *cotangents], strict=True))
    )
    for k, g in enumerate(gradients(elsewhere, others, cotangents)):
        np.testing.assert_allclose(
            values[recorded[k].node], g, rtol=1e-12, atol=1e-12,
            err_msg=f"{call.op}: the recorded gradient of argument {k} holds at one point only",
        )  # fmt: skip


@contextmanager
def nothing_may_be_read() -> Iterator[None]:
    """Record as a compiler does: everything, and reading a value raises."""
    before = context.now.mode
    context.now.mode = EVERYTHING
    try:
        yield
    finally:
        context.now.mode = before


def replay(outputs: Sequence[Node], values: dict[Node, Any]) -> dict[Node, Any]:
    """Compute a recorded graph again, with other values in its leaves."""
    values = dict(values)
    for node in walk(*outputs):
        if node in values:
            continue
        if node.op is None:
            values[node] = node.value
        else:
            values[node] = node.op.compute(*(values[i] for i in node.inputs), **node.metadata)
    return values


# -- rules, replaced for a while


@contextmanager
def another_rule(op: str, k: int, change: Callable[[Any], Any]) -> Iterator[None]:
    """Run with a changed gradient of one argument: `change` maps the right one to a wrong one."""
    rules = OP[op].rules

    def wrong(*args: Any, **metadata: Any) -> Any:
        contribution = rules[k](*args, **metadata)
        if isinstance(contribution, list):  # of a function of a sequence: one for each array
            return [change(part) for part in contribution]
        if isinstance(contribution, Sparse):
            contribution.g = change(contribution.g)
            return contribution
        return change(contribution)

    OP[op].rules = (*rules[:k], wrong, *rules[k + 1 :])
    try:
        yield
    finally:
        OP[op].rules = rules
