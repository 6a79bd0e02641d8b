"""What `debug` finds: the first NaN or inf, in values and gradients, and arrays that change."""

from __future__ import annotations

import copy
import inspect
import re
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from random import Random
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_mini as ag
from autograd_mini import nonfinite
from autograd_mini.context import context
from autograd_mini.nonfinite import NonFiniteError
from autograd_mini.tensor import Tensor
from tests import rule_cases_arrays, rule_cases_more  # noqa: F401 -- they fill CASES
from tests.rule_cases import CASES, Call

SHAPE = (2, 3)
BAD = [np.nan, np.inf, -np.inf]
SAFE: list[Callable[..., Any]] = [
    lambda a, b: np.tanh(a),
    lambda a, b: a - 0.5 * b,
    lambda a, b: np.sin(a) * b,
    lambda a, b: np.where(a > b, a, np.sin(b)),
    lambda a, b: ag.nn.sigmoid(a) + b[0, 0],
    lambda a, b: np.stack([a, b]).mean(axis=0),
    lambda a, b: a / (2.0 + b * b) + np.array([0.5, 0.0, -0.5]),
    lambda a, b: (a @ np.transpose(b)) @ np.ones(SHAPE) / 6.0,
]
"""Operations on arrays of SHAPE which make no NaN and no infinity of moderate numbers."""


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Let NumPy go on, as it does outside of these tests: `debug` is what is tested."""
    with np.errstate(all="ignore"):
        yield


def spoil(x: Any, bad: tuple[Any, ...]) -> Any:
    """Write one number over one entry; nothing if there is none."""
    y = np.array(x)
    if bad:
        y[bad[1]] = bad[0]
    return y


@ag.primitive
def planted(x: Any, *, value: tuple[Any, ...], slope: tuple[Any, ...]) -> Any:
    return spoil(x, value)


ag.rule(planted, lambda g, y, x, *, value, slope: rule_of_planted(g, bad=slope))


@ag.primitive
def rule_of_planted(g: Any, *, bad: tuple[Any, ...]) -> Any:
    return spoil(g, bad)


ag.rule(rule_of_planted, lambda g, y, x, *, bad: g)


def program(seed: int, value: tuple[Any, ...] = (), slope: tuple[Any, ...] = ()) -> Any:
    """A random computation with one planted operation in it, which reaches the end; its leaf."""
    random = Random(seed)
    x: Any = Tensor(np.random.default_rng(seed).normal(size=SHAPE), requires_grad=True, name="x")
    made = [Tensor(np.ones(SHAPE)), x]
    at = random.randrange(12)
    for k in range(12):
        if k == at:
            made = [planted(made[-1], value=value, slope=slope)]  # here it is
            made.append(made[0] + x)
        made.append(random.choice(SAFE)(made[-1], random.choice(made)))
        made[-1] = 0.5 * made[-1] + 0.1 * made[-2]
    return x, made[-1].sum()


def planted_line() -> int:
    lines, first = inspect.getsourcelines(program)
    return first + next(i for i, line in enumerate(lines) if "# here it is" in line)


spots = st.tuples(st.sampled_from(BAD), st.tuples(st.integers(0, 1), st.integers(0, 2)))


@given(st.integers(0, 10_000), spots)
def test_the_operation_that_made_it_is_named(seed: int, bad: Any) -> None:
    index = ", ".join(map(str, bad[1]))
    at = f"gave {bad[0]} at [{index}] at {__file__}:{planted_line()}: "
    with pytest.raises(NonFiniteError) as caught, ag.debug():
        program(seed, value=bad)
    assert str(caught.value).startswith(f"planted {at}"), caught.value
    assert context.now.debug is None


@given(st.integers(0, 10_000), spots, st.booleans())
def test_the_rule_that_made_it_is_named(seed: int, bad: Any, record: bool) -> None:
    index = ", ".join(map(str, bad[1]))
    at = f"recorded at {__file__}:{planted_line()}: "
    with ag.debug():
        x, J = program(seed, slope=bad)
        with pytest.raises(NonFiniteError) as caught:
            ag.backprop(J, wrt=[x], record=record)
    message = str(caught.value)
    assert message.startswith(f"the rule of planted, {at}"), message
    assert f"gave {bad[0]} at [{index}] in the gradient of " in message


@given(st.integers(0, 10_000))
def test_without_one_nothing_is_raised_and_nothing_changes(seed: int) -> None:
    x, J = program(seed)
    J.backward()
    with warnings.catch_warnings(), ag.debug("warn"):
        warnings.simplefilter("error")
        twin, watched = program(seed)
        watched.backward()
    assert watched.item() == J.item()
    assert np.array_equal(twin.grad, x.grad)


@given(st.integers(0, 10_000), spots)
def test_ignored_they_are_what_they_would_be(seed: int, bad: Any) -> None:
    x, J = program(seed, value=bad, slope=bad)
    with ag.debug("ignore"):
        twin, watched = program(seed, value=bad, slope=bad)
        watched.backward()
    J.backward()
    assert np.array_equal(watched.item(), J.item(), equal_nan=True)
    assert np.array_equal(twin.grad, x.grad, equal_nan=True)


def test_a_warning_stands_at_the_line_and_goes_on() -> None:
    with warnings.catch_warnings(record=True) as heard, ag.debug("warn"):
        warnings.simplefilter("always")
        program(0, value=(np.nan, (0, 1)))
    first = heard[0]
    assert first.category is RuntimeWarning
    assert (first.filename, first.lineno) == (__file__, planted_line())


def test_every_operation_runs_as_it_does_without() -> None:
    """Rules and functions said in terms of others may make and mask NaN: their own affair."""
    for op, rows in CASES.items():
        for row, one in enumerate(rows):
            for form in range(len(one.forms)):
                inputs, metadata = one.draw(Random(form))
                call = Call(op, row, form, inputs, metadata)
                expected = run(call)
                with ag.debug():
                    watched = run(call)
                for a, b in zip(watched, expected, strict=True):
                    assert np.array_equal(a, b, equal_nan=a.dtype.kind in "fc"), call


def run(call: Call) -> list[Any]:
    """The values of a call's outputs, and its gradients, recorded ones too."""
    arrays = map(np.asarray, call.arrays())
    leaves = [Tensor(a, requires_grad=a.dtype.kind in "fc") for a in arrays]
    wrt = [x for x in leaves if x.requires_grad]
    outputs = [y for y in call(*leaves) if isinstance(y, Tensor)]
    found = [y.node.value for y in outputs]
    for y in outputs:
        if y.requires_grad:
            one = np.ones(y.shape, y.dtype)
            found += ag.backprop(y, wrt, one)
            found += [g.node.value for g in ag.backprop(y, wrt, one, record=True)]
    return [np.asarray(value) for value in found]


# -- what the message says


def error_of(f: Callable[[], Any]) -> str:
    with pytest.raises(NonFiniteError) as caught, ag.debug():
        f()
    return str(caught.value)


def tensor(*numbers: float, name: str | None = None) -> Any:
    return Tensor(numbers, requires_grad=True, name=name)


def test_it_tells_the_operands_and_what_to_write() -> None:
    message = error_of(lambda: np.log(tensor(0.5, 0.0, 4.0, name="p")))
    assert message.startswith("np.log gave -inf at [1] at ")
    assert "np.log(tensor(0.5, 0.0, 4.0, name=" in message  # the source
    assert "from p = 0.0 at [1] (shape (3,), from 0.0 to 4.0, made at " in message
    assert message.partition("; ")[2].startswith("where x can be 0, make the argument harmless")
    assert "\n" not in message


@pytest.mark.parametrize(
    ("f", "said"),
    [
        (lambda: tensor(1.0, 2.0) / np.array([1.0, 0.0]), "argument 2 = 0.0 at [1]"),
        (lambda: tensor(1.0, 2.0) / np.array([1.0, 0.0]), "np.where(b == 0, 1.0, b)"),
        (lambda: np.exp(tensor(800.0)), "np.logaddexp"),
        (lambda: np.exp(Tensor(800.0)), "np.exp gave inf at "),
        (lambda: np.arcsin(tensor(0.0, 2.0)), "np.clip"),
        (lambda: tensor(-2.0) ** 0.5, "whole exponent"),
        (lambda: tensor(1e200) @ np.array([1e200]), "np.matmul gave inf"),
        (lambda: np.square(Tensor([1e20], dtype="f4")), "compute in float64"),
        (lambda: tensor(np.inf) - tensor(np.inf), "gave nan at [0]"),
        (lambda: tensor(np.inf) * 0.0, "0 * inf is no number"),
        (lambda: np.sum(np.full(2, 1e308) * tensor(1.0)), "np.sum gave inf at "),
        (lambda: tensor(1.0) @ np.array([np.nan]), "the data hold nan already"),
        (lambda: 2.0 * np.stack([tensor(np.nan)])[0], "np.multiply gave nan"),
    ],
)
def test_the_cures(f: Callable[[], Any], said: str) -> None:
    assert said in error_of(f)


def test_a_gradient_s_message() -> None:
    def f() -> None:
        x = tensor(4.0, 0.0, name="x")
        np.where(x > -1, np.sqrt(x), 0.0).sum().backward()

    message = error_of(f)
    assert message.startswith("the rule of np.sqrt, recorded at ")
    assert "np.sqrt(x)" in message
    assert "gave inf at [1] in the gradient of x, from g = 1.0 at [1] and x = 0.0 at [1]" in message
    assert message.endswith("its slope is infinite at 0: " + nonfinite.CURES["sqrt"].split(": ")[1])


def test_where_numpy_raises_first_the_line_is_said_as_well() -> None:
    with ag.debug():
        J = np.sqrt(tensor(0.0, name="x")).sum()
        with np.errstate(divide="raise"), pytest.raises(NonFiniteError) as caught:
            J.backward()
    said = r"the rule of np.sqrt, recorded at .*: divide by zero .*, from x \(shape"
    assert re.match(said, str(caught.value))


def test_a_graph_recorded_outside_says_what_to_do() -> None:
    J = np.sqrt(tensor(0.0)).sum()
    assert "put the forward pass under it too" in error_of(J.backward)


def test_the_sum_of_finite_parts_may_overflow() -> None:
    def f() -> None:
        x = tensor(1.0, name="x")
        parts = np.stack([0.5 * (x * 1e308) for _ in range(4)])
        np.sum(parts * 1e-308).backward(1e308)

    assert re.match(
        r"the rule of np\.multiply, .*gave inf at \[0\] in the gradient of x", error_of(f)
    )


def test_meant_infinities_and_data_that_move_pass() -> None:
    seen = np.array([[True, True, False], [True, False, False]])
    with ag.debug():
        scores = Tensor(np.ones(SHAPE), requires_grad=True)
        z = np.where(seen, scores, -np.inf)
        e = np.exp(z - z.max(axis=1, keepdims=True))
        ((e / e.sum(axis=1, keepdims=True)) ** 2).sum().backward()
        hole = Tensor([1.0, np.nan], requires_grad=True)
        np.nanmean(np.stack([hole, hole])[::-1]).backward()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # newer NumPy: not initialised, where False
            np.log(Tensor([1.0, 0.0]), where=np.array([True, False]))
        (scores * 1.0).backward(np.full(SHAPE, np.nan))  # it was given
    assert np.isnan(scores.grad).all()


def test_a_nan_beside_missing_data_is_still_found() -> None:
    with ag.debug("warn"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        x = 1.0 * tensor(np.nan, 0.0, 2.0)
    assert "np.log gave -inf at [1]" in error_of(lambda: np.log(x))


def test_the_entry_is_the_operation_s_own_where_an_input_was_repeated() -> None:
    def f() -> None:
        (tensor(0.0, name="x") ** np.array([2.0, 0.5])).sum().backward()

    said = r"gave inf at \[1\] in the gradient of x, .* x = 0.0 at \[0\] .* = 0.5 at \[1\]"
    assert re.search(said, error_of(f))


def test_a_nan_that_was_computed_before_is_nobody_s() -> None:
    for x in (np.tanh(tensor(np.nan)), np.stack([tensor(np.nan) * 2.0])):
        with ag.debug():
            y = ((2.0 * x) + np.exp(x)).sum()
        assert np.isnan(y.item())


def test_several_outputs_are_looked_at() -> None:
    assert "both gave inf at [1]" in error_of(lambda: both(tensor(0.0, 1.0)))


@ag.primitive
def both(x: Any) -> Any:
    return [x + 0.0, x / np.array([1.0, 0.0])]


ag.rule(both, lambda g, y, x: g[0])


def test_what_is_computed_without_recording_is_placed_and_named() -> None:
    x = tensor(1.0, 0.0)
    with ag.debug():
        for made in (x.detach(), np.floor(x), np.argsort(x), np.sort(Tensor([2.0, 1.0]))):
            assert made.node.place.startswith(__file__)
        with ag.no_grad():
            x -= 1.0
            assert x.node.place.startswith(__file__)
    with ag.no_grad():
        assert "np.log gave nan at [1]" in error_of(lambda: np.log(x))
        assert "np.nansum gave inf at " in error_of(lambda: np.nansum(Tensor([1e308, 1e308])))


@pytest.mark.parametrize("word", ["stop", None, True])
def test_another_word_is_refused(word: Any) -> None:
    with pytest.raises(ValueError, match=r'is "raise", "warn" or "ignore"; got'):
        ag.debug(word)


def test_a_notebook_s_cell_goes_by_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    file = "/tmp/ipykernel_1/2.py"

    class Compiler:
        def format_code_name(self, name: str) -> tuple[str, str] | None:
            return ("Cell", "In[3]") if name == file else None

    shell = SimpleNamespace(compile=Compiler())
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    square = eval(compile("\nlambda x: x * x", file, "eval"))  # noqa: S307 -- as a cell is
    x = tensor(1.0)
    with ag.debug():
        inside, elsewhere = square(x), x * x
        monkeypatch.setattr(sys.modules["IPython"], "get_ipython", lambda: None)
        plain = square(x)
    assert inside.node.place == "In[3]:2"
    assert elsewhere.node.place.startswith(__file__)
    assert plain.node.place == f"{file}:2"


# -- arrays that change


@given(st.integers(0, 7), st.booleans(), st.data())
def test_an_array_that_changed_is_found(row: int, change: bool, data: Any) -> None:
    """One byte of it is enough; in every way that an array enters; copies are left in peace."""
    rng = np.random.default_rng(row)
    a: Any = rng.normal(size=(3, 3))
    a = [a, a.T, a[::-1], np.asfortranarray(a), a.astype("f4"), a > 0, a.astype(int), a * 1j][row]
    x: Any = Tensor(rng.normal(size=(3, 3)), requires_grad=True)
    expression = data.draw(
        st.sampled_from(
            [lambda: x * a, lambda: a @ x, lambda: np.where(x > 0, a, x), lambda: a - x * x]
            if row != 5
            else [lambda: np.where(a, x, 0.0), lambda: x[a], lambda: x * a]
        )
    )
    with ag.debug():
        J = np.real(expression() * 1.0).sum()
        at = tuple(data.draw(st.integers(0, 2)) for _ in range(2))
        if change:
            a[at] = not a[at] if a.dtype == bool else a[at] + 1
            with pytest.raises(RuntimeError, match=r"was changed after it entered the graph at "):
                J.backward()
        else:
            J.backward()


def test_indices_and_results_that_change_are_found() -> None:
    index, buffer = np.array([0, 1]), np.zeros(3)

    @ag.primitive
    def reused(x: Any) -> Any:
        return np.multiply(x, 2.0, out=buffer)

    ag.rule(reused, lambda g, y, x: g * y)
    x = tensor(1.0, 2.0, 3.0)
    with ag.debug():
        J = x[index].sum()
        index[0] = 2
        with pytest.raises(RuntimeError, match=r"the index of get_item, .*give the graph a copy"):
            J.backward()
        J = reused(x).sum() + reused(2.0 * x).sum()
        with pytest.raises(RuntimeError, match=r"the result of reused, .*return a new array"):
            J.backward()


def test_what_the_library_itself_writes_is_no_change() -> None:
    with ag.debug():
        y = Tensor(np.zeros(4))
        x = tensor(1.0, 2.0, 3.0, 4.0)
        for i in range(4):
            y[i] = x[i] * y[i - 1] + 1.0
        twin = copy.deepcopy(y.reshape(2, 2).T @ np.asfortranarray(np.eye(2)))
        twin.sum().backward()
        y.sum().backward()
        with ag.no_grad():
            x -= 0.1 * x.grad
            x[0] = 0.0
        (x * x).sum().backward()
    assert twin.shape == (2, 2)
    assert x.grad is not None


def test_it_is_found_in_a_later_block_and_an_inner_one() -> None:
    a = np.ones(2)
    with ag.debug():
        J = (tensor(1.0, 2.0) * a).sum()
    a[0] = 2.0
    J.backward()
    with pytest.raises(RuntimeError, match="was changed"), ag.debug(), ag.debug("ignore"):
        J.backward()


# -- state


def test_threads_that_share_one_debug_do_not_meet() -> None:
    shared, inside, go = ag.debug("ignore"), threading.Event(), threading.Event()
    left: list[Any] = []

    def other() -> None:
        with ag.debug():
            mine = context.now.debug
            with shared:
                inside.set()
                go.wait(10)
            left.append(context.now.debug is mine)

    thread = threading.Thread(target=other)
    thread.start()
    inside.wait(10)
    with shared:
        pass
    assert context.now.debug is None
    go.set()
    thread.join()
    assert left == [True]


def test_an_error_in_a_rule_leaves_no_trace() -> None:
    with ag.debug():
        J = np.sqrt(tensor(0.0)).sum()
        for _ in range(2):
            with pytest.raises(NonFiniteError):
                J.backward()
        assert context.now.debug.pulling is False
        with pytest.raises(NonFiniteError, match=r"^np\.log"):
            np.log(tensor(0.0))
    assert context.now.debug is None


@pytest.mark.parametrize("transform", ["hessian", "jacobian", "vmap", "checkpoint", "jvp"])
def test_transforms_are_what_they_are(transform: str) -> None:
    def f(x: Any) -> Any:
        return np.sum(np.tanh(x) * np.array([1.0, 2.0, 3.0]), axis=-1) * x[..., 0]

    x = np.array([0.1, 0.2, 0.3])
    ways: dict[str, Callable[[], Any]] = {
        "hessian": lambda: ag.hessian(f)(x),
        "jacobian": lambda: ag.jacobian(lambda x: np.sin(x) * x)(x),
        "vmap": lambda: ag.vmap(ag.grad(f))(np.stack([x, -x])),
        "checkpoint": lambda: ag.grad(ag.checkpoint(f))(x),
        "jvp": lambda: ag.jvp(f, (x,), (x,)),
    }
    expected = ways[transform]()
    with ag.debug():
        assert np.array_equal(ways[transform](), expected)
