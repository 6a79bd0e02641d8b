"""Random graphs grown beside a naive twin: every value, and every cotangent, of every node.

The twin knows no derivative of an array: it is NumPy object arrays of `Scalar`s, each a Python
float with the slopes of its parents, differentiated by the chain rule one number at a time.
"""

from __future__ import annotations

import contextlib
import copy
import itertools
import math
import runpy
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

import autograd_mini as ag
from autograd_mini import nn
from autograd_mini.graph import walk
from autograd_mini.rules.indexing import Scatter
from tests.rule_checks import another_rule
from tests.rule_inputs import an_axis, an_index, reduced

LARGEST = 30.0
"""A result with a larger value is dropped: products of products would overflow."""

number = itertools.count().__next__


# -- the twin


class Scalar:
    """A number, and what it was made from: (parent, ∂this/∂parent) pairs.

    `size` is what the terms of the slope measure, where they cancel: 1 of 1 − tanh².
    """

    __slots__ = ("number", "parents", "size", "value")

    def __init__(
        self,
        value: float,
        parents: tuple[tuple[Scalar, float], ...] = (),
        size: float = 0.0,
    ) -> None:
        self.value = value
        self.parents = parents
        self.size = size
        self.number = number()


def chain_rule(outputs: list[tuple[Scalar, float]]) -> dict[Scalar, tuple[float, float]]:
    """Return ∂(Σ weight·output)/∂s for every s below, with the same sum over absolute values."""
    below = {s for s, _ in outputs}
    waiting = list(below)
    while waiting:
        new = {parent for parent, _ in waiting.pop().parents} - below
        below |= new
        waiting += new
    slopes = dict.fromkeys(below, (0.0, 0.0))
    for s, weight in outputs:
        slopes[s] = (slopes[s][0] + weight, slopes[s][1] + abs(weight))
    for s in sorted(below, key=lambda s: -s.number):
        slope, size = slopes[s]
        for parent, factor in s.parents:
            before, large = slopes[parent]
            slopes[parent] = (before + slope * factor, large + size * max(abs(factor), s.size))
    return slopes


def over(f: Callable[..., Scalar]) -> Callable[..., Any]:
    """Return f applied to each element of object arrays that broadcast."""
    ufunc = None

    def apply(*arrays: Any) -> Any:
        nonlocal ufunc
        ufunc = ufunc or np.frompyfunc(f, len(arrays), 1)
        return np.asarray(ufunc(*arrays), object)

    return apply


renamed = over(lambda s: Scalar(s.value, ((s, 1.0),)))
"""The same numbers as another node's."""
cut_off = over(lambda s: Scalar(s.value))
"""The same numbers without history."""


def folded(f: Callable[[list[Scalar]], Scalar], x: Any, axis: Any, keepdims: bool) -> Any:
    """Reduce an object array over axes, with f from a list of numbers to a number."""
    gone = reduced(axis, x.ndim)
    kept = [i for i in range(x.ndim) if i not in gone]
    result = np.empty([x.shape[i] for i in kept], object)
    for place in np.ndindex(result.shape):
        key: list[Any] = [slice(None)] * x.ndim
        for i, n in zip(kept, place, strict=True):
            key[i] = n
        result[place] = f(list(np.ravel(x[tuple(key)])))
    return (
        result.reshape([1 if i in gone else n for i, n in enumerate(x.shape)])
        if keepdims
        else result
    )


def total(parts: list[Scalar]) -> Scalar:
    return Scalar(sum(p.value for p in parts), tuple((p, 1.0) for p in parts))


def average(parts: list[Scalar]) -> Scalar:
    n = len(parts)
    return Scalar(sum(p.value for p in parts) / n, tuple((p, 1.0 / n) for p in parts))


def extreme(best: Callable[..., float]) -> Callable[[list[Scalar]], Scalar]:
    def fold(parts: list[Scalar]) -> Scalar:
        value = best(p.value for p in parts)
        hit = [p for p in parts if p.value == value]
        return Scalar(value, tuple((p, 1.0 / len(hit)) for p in hit))

    return fold


def one(
    value: Callable[[float], float], slope: Callable[[float], float], size: float = 0.0
) -> Callable[..., Any]:
    return over(lambda s: Scalar(value(s.value), ((s, slope(s.value)),), size))


def two(
    value: Callable[[float, float], float],
    in_a: Callable[[float, float], float],
    in_b: Callable[[float, float], float],
) -> Callable[..., Any]:
    return over(
        lambda a, b: Scalar(
            value(a.value, b.value),
            ((a, in_a(a.value, b.value)), (b, in_b(a.value, b.value))),
        )
    )


def product(a: Any, b: Any) -> Any:
    """Matrix product: Σ_k a_ik b_kj."""
    left = a[None, :] if a.ndim == 1 else a
    right = b[:, None] if b.ndim == 1 else b
    terms = UNARY_OR_BINARY["multiply"](left[..., :, :, None], right[..., None, :, :])
    result = folded(total, terms, -2, keepdims=False)
    result = result[..., 0, :] if a.ndim == 1 else result
    return result[..., 0] if b.ndim == 1 else result


def logistic(v: float) -> float:
    return 1 / (1 + math.exp(-v))


UNARY: dict[str, Callable[..., Any]] = {
    "negative": one(lambda v: -v, lambda v: -1.0),
    "square": one(lambda v: v * v, lambda v: 2 * v),
    "sin": one(math.sin, math.cos),
    "cos": one(math.cos, lambda v: -math.sin(v)),
    "tanh": one(math.tanh, lambda v: 1 - math.tanh(v) ** 2, size=1.0),
    "absolute": one(abs, lambda v: 0.0 if v == 0 else math.copysign(1.0, v)),
    "sigmoid": one(logistic, lambda v: logistic(v) * logistic(-v), size=1.0),
    "relu": one(lambda v: max(v, 0.0), lambda v: float(v > 0)),
    "softplus": one(lambda v: math.log1p(math.exp(-abs(v))) + max(v, 0.0), logistic),
}
BINARY: dict[str, Callable[..., Any]] = {
    "add": two(lambda a, b: a + b, lambda a, b: 1.0, lambda a, b: 1.0),
    "subtract": two(lambda a, b: a - b, lambda a, b: 1.0, lambda a, b: -1.0),
    "multiply": two(lambda a, b: a * b, lambda a, b: b, lambda a, b: a),
    "maximum": two(
        max, lambda a, b: 0.5 * ((a > b) + (a >= b)), lambda a, b: 0.5 * ((b > a) + (b >= a))
    ),
    "minimum": two(
        min, lambda a, b: 0.5 * ((a < b) + (a <= b)), lambda a, b: 0.5 * ((b < a) + (b <= a))
    ),
}
UNARY_OR_BINARY = UNARY | BINARY
FOLDS = {"sum": total, "mean": average, "max": extreme(max), "min": extreme(min)}


def on_tensors(name: str) -> Callable[..., Any]:
    return getattr(nn, name) if hasattr(nn, name) else getattr(np, name)  # type: ignore[no-any-return]


# -- a tensor beside its twin


class Pair:
    """A variable: a Tensor and the twin's numbers, and what the twin expects of the Tensor."""

    def __init__(
        self, tensor: Any, twin: Any, *, tracked: bool, view: bool = False, cell: Any = None
    ) -> None:
        self.tensor = tensor
        self.twin = twin
        self.tracked = tracked
        self.view = view
        self.cell = cell
        """Of a leaf: the arrays of numbers it has named, whose slopes add up in its .grad."""


def values(tensor: Any) -> Any:
    return np.asarray(tensor.detach().numpy())


class Graphs(RuleBasedStateMachine):
    """Grow graphs by random operations, in place too, and differentiate them from random nodes."""

    pairs = Bundle("pairs")

    def __init__(self) -> None:
        super().__init__()
        self.known: list[Pair] = []
        self.cells: list[tuple[Any, list[Any], list[float]]] = []

    # -- what is kept and compared

    def keep(self, tensor: Any, twin: Any, *sources: Pair, tracked: bool | None = None) -> Any:
        """Compare a new node's value with the twin's; drop it if it is large, or empty."""
        if not twin.size or np.max(np.abs(values(tensor))) > LARGEST:
            return multiple()
        if tracked is None:
            tracked = any(source.tracked for source in sources)
        view = any(np.shares_memory(values(tensor), values(s.tensor)) for s in sources)
        pair = Pair(tensor, twin, tracked=tracked, view=view)
        self.known.append(pair)
        self.compare(pair)
        return pair

    def compare(self, pair: Pair) -> None:
        """Compare values, then take the Tensor's, so that rounding does not pile up."""
        found = values(pair.tensor)
        assert found.shape == pair.twin.shape
        assert pair.tensor.dtype == np.float64
        assert pair.tensor.requires_grad is pair.tracked
        for s, value in zip(pair.twin.flat, found.flat, strict=True):
            assert abs(s.value - value) <= 1e-13 * LARGEST**2
            s.value = float(value)
        self.backprop(pair, seed=0, record=False)

    @invariant()
    def no_recorded_value_has_changed(self) -> None:
        for pair in self.known:
            expected = [s.value for s in pair.twin.flat]
            assert values(pair.tensor).ravel().tolist() == expected

    # -- making

    @rule(
        target=pairs,
        shape=st.sampled_from([(2, 3), (3,), (), (2, 1), (1, 3), (3, 2), (2, 2, 3), (2,)]),
        seed=st.integers(0, 99),
        requires_grad=st.sampled_from([True, True, False]),
    )
    def make(self, shape: tuple[int, ...], seed: int, requires_grad: bool) -> Any:
        # Few different values, so that ties and zeros occur.
        data = np.random.default_rng(seed).integers(-2, 3, shape) / 2
        pair = self.keep(
            ag.Tensor(data, requires_grad=requires_grad),
            over(Scalar)(data.astype(object)),
            tracked=requires_grad,
        )
        if requires_grad:
            pair.cell = (pair.tensor, [pair.twin], np.zeros(shape))
            self.cells.append(pair.cell)
        return pair

    @rule(target=pairs, op=st.sampled_from(sorted(UNARY)), x=pairs)
    def unary(self, op: str, x: Pair) -> Any:
        return self.keep(on_tensors(op)(x.tensor), UNARY[op](x.twin), x)

    @rule(target=pairs, op=st.sampled_from(sorted(BINARY)), a=pairs, b=pairs)
    def binary(self, op: str, a: Pair, b: Pair) -> Any:
        if not broadcast(a, b):
            return multiple()
        return self.keep(on_tensors(op)(a.tensor, b.tensor), BINARY[op](a.twin, b.twin), a, b)

    @rule(
        target=pairs,
        op=st.sampled_from(sorted(BINARY)),
        a=pairs,
        number=st.sampled_from([-1, 0.5, 2]),
        left=st.booleans(),
    )
    def with_a_number(self, op: str, a: Pair, number: float, left: bool) -> Any:
        constant = np.asarray(Scalar(float(number)), object)
        f, g = on_tensors(op), BINARY[op]
        if left:
            return self.keep(f(number, a.tensor), g(constant, a.twin), a)
        return self.keep(f(a.tensor, number), g(a.twin, constant), a)

    @rule(target=pairs, x=pairs, ops=st.lists(st.sampled_from(sorted(BINARY)), max_size=6))
    def reuse(self, x: Pair, ops: list[str]) -> Any:
        """y = tanh(y op x), again and again: deep, and x is used by every level."""
        y = x
        for op in ops:
            f, g = on_tensors(op), BINARY[op]
            y = self.keep(np.tanh(f(y.tensor, x.tensor)), UNARY["tanh"](g(y.twin, x.twin)), x, y)
        return y

    @rule(target=pairs, a=pairs, b=pairs)
    def matmul(self, a: Pair, b: Pair) -> Any:
        try:
            values(a.tensor) @ values(b.tensor)
        except ValueError:
            return multiple()
        return self.keep(a.tensor @ b.tensor, product(a.twin, b.twin), a, b)

    @rule(
        target=pairs,
        op=st.sampled_from(sorted(FOLDS)),
        x=pairs,
        seed=st.integers(0, 99),
        keepdims=st.booleans(),
    )
    def reduce(self, op: str, x: Pair, seed: int, keepdims: bool) -> Any:
        axis = an_axis(Random(seed), x.tensor.ndim)
        found = getattr(np, op)(x.tensor, axis=axis, keepdims=keepdims)
        return self.keep(found, folded(FOLDS[op], x.twin, axis, keepdims), x)

    @rule(target=pairs, c=pairs, a=pairs, b=pairs)
    def where(self, c: Pair, a: Pair, b: Pair) -> Any:
        if not broadcast(c, a, b):
            return multiple()
        mask = values(c.tensor) > 0
        twin = renamed(np.where(mask, a.twin, b.twin))
        return self.keep(np.where(c.tensor > 0, a.tensor, b.tensor), twin, a, b)

    @rule(
        target=pairs, x=pairs, how=st.sampled_from(["flat", "turned", "wider", "narrower", "twice"])
    )
    def move(self, x: Pair, how: str) -> Any:
        moves: dict[str, Callable[[Any], Any]] = {
            "flat": lambda t: t.reshape(-1),
            "turned": lambda t: t.T,
            "wider": lambda t: np.expand_dims(t, 0),
            "narrower": np.squeeze,
            "twice": lambda t: np.broadcast_to(t, (2, *t.shape)),
        }
        return self.keep(moves[how](x.tensor), renamed(moves[how](x.twin)), x)

    @rule(target=pairs, a=pairs, b=pairs, stacked=st.booleans())
    def join(self, a: Pair, b: Pair, stacked: bool) -> Any:
        if a.twin.shape != b.twin.shape or (not stacked and a.twin.ndim == 0):
            return multiple()
        f = np.stack if stacked else np.concatenate
        joined = f([a.tensor, b.tensor, a.tensor], axis=-1)
        return self.keep(joined, renamed(f([a.twin, b.twin, a.twin], axis=-1)), a, b)

    @precondition(lambda self: len(self.known) > 5)
    @rule(target=pairs)
    def gather(self) -> Any:
        """Join all there is, so that the whole graph is differentiated at once."""
        found = np.concatenate([pair.tensor for pair in self.known], axis=None)
        twin = np.concatenate([pair.twin for pair in self.known], axis=None)
        return self.keep(found, renamed(twin), *self.known)

    @rule(target=pairs, x=pairs, seed=st.integers(0, 999))
    def get(self, x: Pair, seed: int) -> Any:
        key = an_index(Random(seed), x.twin.shape)
        return self.keep(x.tensor[key], renamed(x.twin[key]), x)

    @rule(target=pairs, x=pairs)
    def detach(self, x: Pair) -> Any:
        return self.keep(x.tensor.detach(), cut_off(x.twin), tracked=False)

    @rule(target=pairs, a=pairs, b=pairs)
    def unrecorded(self, a: Pair, b: Pair) -> Any:
        if not broadcast(a, b):
            return multiple()
        with ag.no_grad():
            found = a.tensor * b.tensor
        return self.keep(found, cut_off(BINARY["multiply"](a.twin, b.twin)), tracked=False)

    @rule(target=pairs, x=pairs)
    def another_name(self, x: Pair) -> Any:
        """A second variable of the same node: writing one leaves the other as it was."""
        pair = Pair(copy.copy(x.tensor), x.twin, tracked=x.tracked, view=x.view, cell=x.cell)
        self.known.append(pair)
        return pair

    # -- writing

    @rule(target=pairs, x=pairs)
    def copy(self, x: Pair) -> Any:
        return self.keep(x.tensor.copy(), renamed(x.twin), x)

    @rule(
        x=pairs,
        v=pairs,
        seed=st.integers(0, 999),
        keep=st.booleans(),
    )
    def set_in_a_copy(self, x: Pair, v: Pair, seed: int, keep: bool) -> None:
        """What may not be written itself may be written in a copy; both are differentiated."""
        self.set(self.copy(x), v, seed, keep)

    @rule(x=pairs, v=pairs, seed=st.integers(0, 999), keep=st.booleans())
    def set(self, x: Pair, v: Pair, seed: int, keep: bool) -> None:
        key = an_index(Random(seed), x.twin.shape)
        written = np.array(values(x.tensor))
        try:
            written[key] = values(v.tensor)
        except (ValueError, TypeError):
            return
        twin = x.twin.copy()
        twin[key] = v.twin if v.twin.ndim else v.twin[()]

        def write(t: Any) -> Any:
            t[key] = v.tensor
            return t

        self.write(x, write, renamed(twin), x.tracked or v.tracked, keep)

    @rule(x=pairs, v=pairs, op=st.sampled_from(["add", "subtract", "multiply"]), keep=st.booleans())
    def update(self, x: Pair, v: Pair, op: str, keep: bool) -> None:
        if not fits_into(x, v):
            return
        twin = BINARY[op](x.twin, v.twin)
        if max(abs(s.value) for s in twin.flat) > LARGEST:
            return

        def write(t: Any) -> Any:
            if op == "add":
                t += v.tensor
            elif op == "subtract":
                t -= v.tensor
            else:
                t *= v.tensor
            return t

        self.write(x, write, twin, x.tracked or v.tracked, keep)

    def write(
        self, x: Pair, write: Callable[[Any], Any], twin: Any, tracked: bool, keep: bool
    ) -> None:
        """Write a variable, if that is allowed: it then names a new node, and nothing else does."""
        if x.view or x.cell is not None:
            before = x.tensor.node
            with pytest.raises(RuntimeError, match=r"view|requires a gradient"):
                write(x.tensor)
            assert x.tensor.node is before
            return
        if keep:
            self.another_name(x)
        assert write(x.tensor) is x.tensor
        x.twin, x.tracked = twin, tracked
        self.compare(x)

    @rule(x=pairs, v=pairs, keep=st.booleans())
    def update_unrecorded(self, x: Pair, v: Pair, keep: bool) -> None:
        """As an optimiser does: under no_grad a leaf stays that leaf, with other numbers."""
        if x.view or not fits_into(x, v):
            return
        twin = cut_off(BINARY["subtract"](x.twin, v.twin))
        if max(abs(s.value) for s in twin.flat) > LARGEST:
            return
        if keep:
            self.another_name(x)
        with ag.no_grad():
            x.tensor -= v.tensor
        x.twin, x.tracked = twin, x.cell is not None
        if x.cell is not None:
            x.cell[1].append(twin)
        self.compare(x)

    # -- differentiating

    @rule(J=pairs, seed=st.integers(0, 99), record=st.booleans())
    def backprop(self, J: Pair, seed: int, record: bool) -> None:
        """Every node's cotangent, inner ones included; zero where J does not depend on it."""
        wrt = [pair for pair in self.known if pair.tracked]
        if not J.tracked:
            return
        cotangent = np.random.default_rng(seed).normal(size=J.twin.shape)
        slopes = chain_rule(list(zip(J.twin.flat, cotangent.flat, strict=True)))
        found = ag.backprop(J.tensor, [pair.tensor for pair in wrt], cotangent, record=record)
        for pair, g in zip(wrt, found, strict=True):
            slopes_found = values(g) if record else g
            assert slopes_found.shape == pair.twin.shape
            for s, slope in zip(pair.twin.flat, slopes_found.flat, strict=True):
                expected, size = slopes.get(s, (0.0, 0.0))
                assert abs(slope - expected) <= 1e-11 * size

    @rule(J=pairs, seed=st.integers(0, 99))
    def backward(self, J: Pair, seed: int) -> None:
        """.grad of every leaf accumulates, over all the values that the leaf has had."""
        cotangent = np.random.default_rng(seed).normal(size=J.twin.shape)
        if not J.tracked:
            with pytest.raises(RuntimeError, match="no leaf that requires a gradient"):
                J.tensor.backward(cotangent)
            return
        slopes = chain_rule(list(zip(J.twin.flat, cotangent.flat, strict=True)))
        J.tensor.backward(cotangent)
        for tensor, twins, expected in self.cells:
            size = np.zeros(expected.shape)
            for twin in twins:
                for place in np.ndindex(expected.shape):
                    slope, large = slopes.get(twin[place], (0.0, 0.0))
                    expected[place] += slope
                    size[place] += large
            found = np.zeros(expected.shape) if tensor.grad is None else tensor.grad
            assert found.shape == expected.shape
            assert (np.abs(found - expected) <= 1e-10 * (1 + size + np.abs(expected))).all()


def broadcast(*pairs: Pair) -> bool:
    """Tell whether shapes broadcast, to nothing large."""
    try:
        shape = np.broadcast_shapes(*(pair.twin.shape for pair in pairs))
    except ValueError:
        return False
    return math.prod(shape) <= 60


def fits_into(x: Pair, v: Pair) -> bool:
    """Tell whether x += v leaves x's shape."""
    return (
        bool(x.twin.size)
        and broadcast(x, v)
        and np.broadcast_shapes(x.twin.shape, v.twin.shape) == x.twin.shape
    )


TestGraphs = Graphs.TestCase
TestGraphs.settings = settings(stateful_step_count=40)


# -- the machine would notice


def run_machine() -> None:
    """Run the machine without shrinking, until it fails."""
    phases = [phase for phase in Phase if phase is Phase.generate]
    run_state_machine_as_test(
        Graphs, settings=settings(max_examples=2000, stateful_step_count=40, phases=phases)
    )


SOME_RULES = [
    ("multiply", 1),
    ("tanh", 0),
    ("max", 0),
    ("matmul", 0),
    ("concatenate", 0),
    ("get_item", 0),
    ("set_item", 0),
    ("set_item", 1),
]


@pytest.mark.slow
@pytest.mark.parametrize(("op", "k"), SOME_RULES)
def test_a_wrong_rule_is_found(op: str, k: int) -> None:
    with another_rule(op, k, lambda g: g * 1.0001), pytest.raises(AssertionError):
        run_machine()


def overwrite(part: Scatter, total: Any) -> None:
    total[part.key] = part.g


def forget_then(backward: Callable[..., None]) -> Callable[..., None]:
    def forgetful(tensor: ag.Tensor, cotangent: Any = None) -> None:
        for node in walk(tensor.node):
            if node.cell is not None:
                node.cell.grad = None
        backward(tensor, cotangent)

    return forgetful


BUGS: dict[str, tuple[Any, str, Any]] = {
    "a part's cotangent replaces what was there": (Scatter, "add_into", overwrite),
    "detach keeps the history": (ag.Tensor, "detach", lambda tensor: tensor * 1.0),
    "backward forgets the gradient before": (
        ag.Tensor,
        "backward",
        forget_then(ag.Tensor.backward),
    ),
    "writing changes what was recorded": (ag.inplace, "_buffer", lambda tensor: tensor.node.value),
    "a view can be written": (ag.tensor, "refuse_write", lambda *_: None),
    "no_grad records": (ag, "no_grad", contextlib.nullcontext),
}


@pytest.mark.parametrize("bug", BUGS)
def test_a_wrong_engine_is_found(bug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(*BUGS[bug])
    with pytest.raises((AssertionError, pytest.fail.Exception, TypeError, RuntimeError)):
        run_machine()


def test_a_failure_is_printed_as_a_program(tmp_path: Path) -> None:
    """What Hypothesis prints fails again with the wrong rule, and passes with the right one."""
    with another_rule("multiply", 1, lambda g: -g):
        with pytest.raises(AssertionError) as failure:
            run_machine()
        printed = "\n".join(failure.value.__notes__)
        lines = [line for line in printed.splitlines() if line.startswith(("state", "pairs_"))]
        program = tmp_path / "program.py"
        program.write_text("from tests.test_graph import Graphs\n\n" + "\n".join(lines) + "\n")
        with pytest.raises(AssertionError):
            runpy.run_path(str(program))
    runpy.run_path(str(program))
