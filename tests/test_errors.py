"""What goes wrong for users, item by item: what the error says was given, and what to write."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import special

import autograd_mini as ag
from autograd_mini import nn


def x() -> ag.Tensor:
    return ag.Tensor(np.arange(3.0), requires_grad=True, name="x")


def made(*rules: Callable[..., Any], f: Callable[..., Any] = np.square) -> Callable[..., Any]:
    """A new operation called `made`, with these rules."""
    operation = ag.primitive(lambda *arrays: f(*arrays))
    ag.rule(operation, *rules, name="made")
    return operation


def joined(rule: Callable[..., Any]) -> Callable[..., Any]:
    """A new operation of a sequence."""
    operation = ag.primitive(lambda arrays: arrays[0] + arrays[1])
    ag.rule(operation, rule, variadic=True, name="joined")
    return operation


def doubling(g: Any, y: Any, x: Any) -> Any:
    g *= 2.0
    return g


def entering(g: Any, y: Any, x: Any) -> Any:
    g[0] = 2.0
    return g


def W() -> ag.Tensor:
    return ag.Tensor(np.ones((4, 2)), requires_grad=True, name="W")


def gradient_at(operation: Callable[..., Any], x: Any) -> Any:
    return ag.grad(lambda x: np.sum(operation(x)))(x)


def gradient_of(operation: Callable[..., Any]) -> Any:
    return ag.grad(lambda x: np.sum(operation(x)))(np.ones(3))


def write_leaf(t: ag.Tensor) -> None:
    t[0] = 1.0


def add_to_leaf(t: ag.Tensor) -> None:
    t += 1.0


def write_view(t: ag.Tensor) -> None:
    part = (t * 2.0)[:2]
    part[0] = 1.0


def writes_into_an_array(t: ag.Tensor) -> None:
    values = np.zeros(3)
    values += t


def cost(Y: Any, units: int = 1) -> Any:
    return nn.quadratic_cost(nn.Network([2, units], output="identity"), np.ones((4, 2)), Y)


@ag.primitive
def without_rule(x: Any) -> Any:
    return x


class Packed:
    """An array of somebody else's that knows DLPack alone."""

    def __init__(self, values: Any) -> None:
        self.values = np.asarray(values)

    def __dlpack__(self, **options: Any) -> Any:
        return self.values.__dlpack__(**options)

    def __dlpack_device__(self) -> Any:
        return self.values.__dlpack_device__()


class OnAnotherDevice(Packed):
    def __init__(self) -> None:
        super().__init__([1.0])

    def __dlpack__(self, **options: Any) -> Any:
        raise BufferError("not from here")


# item -> (what a user does, error, pieces of the message in order)
ERRORS: dict[str, tuple[Callable[[], Any], type[Exception], list[str]]] = {
    "missing rule": (
        lambda: without_rule(x()), TypeError,
        ["without_rule has no derivative rule yet", "ag.rule(", "lambda g, y, a: g * ...",
         "t.detach()"]),
    "a keyword without rule": (
        lambda: np.sin(x(), order="F"), TypeError,
        ["np.sin(..., order='F') has no derivative rule", "leave order out", "t.detach()"]),
    "where= of a ufunc": (
        lambda: np.sin(x(), where=np.array([True, False, True])), TypeError,
        ["np.sin(where=) has no derivative rule", "np.where(mask, np.sin(...), 0.0)"]),
    "an order of a Bessel function": (
        lambda: ag.grad(lambda v: special.jv(v, 2.0))(1.5), TypeError,
        ["Bessel function in its order", "v.detach()"]),
    "a ufunc of SciPy's without a rule": (
        lambda: special.gammainc(x(), 2.0), TypeError,
        ["scipy.special.gammainc has no derivative rule yet", "ag.rule(scipy.special.gammainc, "]),
    "a cost of (n, 1) against (k,)": (
        lambda: cost(np.ones(3)), ValueError,
        ["Y has shape (3,)", "expected shape (4, 1), or (4,)"]),
    "a cost of (n, 2) against (n, 1)": (
        lambda: cost(np.ones((4, 1)), 2), ValueError,
        ["Y has shape (4, 1)", "expected shape (4, 2)"]),
    "integer leaf": (
        lambda: ag.Tensor([1, 2], requires_grad=True), TypeError,
        ["a derivative needs floating-point values", "got int64", "x.astype(float)"]),
    "integer argument": (
        lambda: ag.grad(np.sum)(np.arange(3)), TypeError, ["got int64", "2.0 in place of 2"]),
    "backward of a non-scalar": (
        lambda: (x() * 2.0).backward(), ValueError,
        ["starts from one number", "shape (3,), made by multiply", "has 3", "sum it",
         "pass a cotangent"]),
    "grad of a non-scalar": (
        lambda: ag.grad(np.sin)(np.ones(2)), ValueError,
        ["a gradient needs one real number", "shape (2,)", "sum it, or use ag.vjp"]),
    "grad of a complex function": (
        lambda: ag.grad(lambda z: z**2)(1 + 2j), ValueError,
        ["one real number", "complex128 of shape ()", "np.real or np.abs",
         "f'(z) of a holomorphic f is ag.jvp(f, (z,), (1.0,))[1]"]),
    "dropped by asarray": (
        lambda: np.asarray(x() * 2.0), RuntimeError,
        ["np.asarray(t) would drop the derivative", "made by multiply", "t.detach().numpy()",
         "np.stack"]),
    "dropped by float": (
        lambda: float(np.sum(x())), RuntimeError,
        ["float(t) would drop the derivative", "t.item()"]),
    "dropped by math": (
        lambda: math.sin(np.sum(x())), RuntimeError,
        ["would drop", "instead of math.sin(t): np.sin(t)"]),
    "dropped by a list": (
        lambda: np.array([x()[0], x()[1]]), RuntimeError, ["would drop", "np.stack([...])"]),
    "no leaf requires a gradient": (
        lambda: ag.Tensor(1.0).backward(), RuntimeError,
        ["depends on no leaf that requires a gradient", "requires_grad=True"]),
    "in-place on a leaf": (
        lambda: write_leaf(x()), RuntimeError,
        ["x (shape (3,), a leaf) requires a gradient", "with ag.no_grad():", "y = x + ..."]),
    "in-place add on a leaf": (
        lambda: add_to_leaf(x()), RuntimeError, ["in-place np.add", "a leaf", "ag.no_grad()"]),
    "in-place on a view": (
        lambda: write_view(x()), RuntimeError,
        ["made by get_item", "is a view", "in NumPy this would change its base", ".copy() first"]),
    "out=": (
        lambda: np.add(x(), x(), out=np.zeros(3)), TypeError,
        ["np.add with out=", "derivative would be lost", "y = np.add(...)"]),
    "an array += a tensor": (
        lambda: writes_into_an_array(x()), TypeError, ["+=", "arr = arr + t"]),
    "object array": (
        lambda: ag.Tensor(np.array([None, 1], object)), TypeError,
        ["a tensor holds numbers", "dtype object"]),
    "an array of objects beside a tensor": (
        lambda: x() * np.array([1, None, 2], object), TypeError,
        ["np.multiply of x (shape (3,), a leaf) and an array (shape (3,))", "objects have no",
         "arr.astype(float)"]),
    "an array of objects in a graph": (
        lambda: ag.grad(lambda x: np.sum(x * np.array([1, 2, 3], object)))(np.ones(3)), TypeError,
        ["an array (shape (3,)) holds objects", "arr.astype(float)"]),
    "truth value of many elements": (
        lambda: bool(x() > 0), ValueError,
        ["the truth value of a tensor (shape (3,)", "more than one element",
         "np.where(t > 0, a, b)", "t.any() or t.all()"]),
    "truth value of no element": (
        lambda: bool(ag.Tensor([])), ValueError, ["with no element", "t.size"]),
    "shapes that do not broadcast": (
        lambda: x() + W(), ValueError,
        ["np.add of x (shape (3,), a leaf) and W (shape (4, 2), a leaf)",
         "axis -1 has lengths 2 and 3", "x[:, None]", "keepdims=True"]),
    "an array's shape that does not broadcast": (
        lambda: np.ones(4) * x(), ValueError,
        ["np.multiply of an array (shape (4,)) and x (shape (3,), a leaf)", "lengths 3 and 4"]),
    "shapes of a product": (
        lambda: x() @ W(), ValueError,
        ["np.matmul of x (shape (3,), a leaf) and W (shape (4, 2), a leaf)",
         "last axis of the first (3)", "second last axis of the second (4)"]),
    "shapes of a product with a transpose": (
        lambda: W() @ np.ones((3, 2)), ValueError, ["W (shape (4, 2)", "a @ b.T"]),
    "shapes of another operation": (
        lambda: np.concatenate([x(), W()]), ValueError,
        ["np.concatenate of x (shape (3,), a leaf) and W (shape (4, 2), a leaf)", "dimension"]),
    "an index beyond the end": (
        lambda: W()[5], IndexError, ["get_item of W (shape (4, 2), a leaf)", "out of bounds"]),
    "missing rule of a lambda": (
        lambda: ag.primitive(lambda a, b: a)(x(), x()), TypeError,
        ["<lambda> (", "test_errors.py:", "has no derivative rule yet", "f = ag.primitive(lambda",
         "ag.rule(f, lambda g, y, a, b: g * ..., lambda g, y, a, b: g * ...)"]),
    "a foreign tensor that can not be read": (
        lambda: ag.Tensor(OnAnotherDevice()), TypeError,
        ["test_errors.OnAnotherDevice could not be read through DLPack", "not from here",
         "as a NumPy array on the CPU that needs no gradient"]),
    "what is no number": (
        lambda: ag.Tensor(object()), TypeError, ["a tensor holds numbers; got object"]),
    "formatting while recorded": (
        lambda: ag.vmap(lambda v: (f"{v}", v)[1])(np.ones((2, 3))), RuntimeError,
        ["the value of a tensor (shape (3,)", "was read while the program is being recorded",
         "write np.where(condition, a, b) for if, or return the tensor"]),
    "a rule's shape": (
        lambda: gradient_of(made(lambda g, y, x: np.ones(5))), ValueError,
        ["the rule of made", "shape (5,)", "argument of shape (3,)"]),
    "a rule that returns nothing": (
        lambda: gradient_of(made(lambda g, y, x: None)), TypeError,
        ["rule 0 of made returned None", "argument's shape (3,)", "write None in place of"]),
    "a rule that returns nothing of a number": (
        lambda: ag.grad(made(lambda g, y, x: None))(1.0), TypeError,
        ["rule 0 of made returned None"]),
    "a rule that takes too few": (
        lambda: made(lambda g, x: g), TypeError,
        ["rule 0 of made takes (g, x)", "expected lambda g, y, x: ..."]),
    "a rule that takes too many": (
        lambda: made(lambda g, y, a, b: g, lambda g, y, a: g, f=np.add), TypeError,
        ["rule 1 of made takes (g, y, a)", "expected lambda g, y, x1, x2: ..."]),
    "a rule's dtype": (
        lambda: gradient_of(made(lambda g, y, x: g.astype(object))), TypeError,
        ["rule 0 of made returned dtype object", "floating-point numbers"]),
    "a rule that returns a list": (
        lambda: gradient_of(made(lambda g, y, x: [1.0, 2.0, 3.0])), TypeError,
        ["rule 0 of made returned a list", "shape (3,)"]),
    "a rule that writes into g": (
        lambda: gradient_of(made(doubling)), TypeError,
        ["rule 0 of made writes into the cotangent g", "g = g * 2 in place of g *= 2"]),
    "a rule that writes into an entry of g": (
        lambda: gradient_of(made(entering)), TypeError,
        ["rule 0 of made writes into the cotangent"]),
    "a rule that writes into a recorded g": (
        lambda: ag.grad(lambda z: np.sum(gradient_at(made(doubling), z)))(np.ones(3)), TypeError,
        ["rule 0 of made writes into the cotangent g"]),
    "a rule of a sequence that lists too few": (
        lambda: ag.grad(lambda a: np.sum(joined(lambda g, y, *arrays: [g])([a, a])))(np.ones(3)),
        TypeError, ["the rule of joined must list the cotangents of its 2 arrays; got 1"]),
    "rules that state different keywords": (
        lambda: made(lambda g, y, a, b: g, lambda g, y, a, b, *, axis: g, f=np.add), TypeError,
        ["the rules of made state different keywords", "must accept the same"]),
}  # fmt: skip


@pytest.mark.parametrize("item", ERRORS)
def test_an_error_says_what_was_given_and_what_to_write(item: str) -> None:
    action, error, pieces = ERRORS[item]
    with pytest.raises(error) as caught:
        action()
    text = str(caught.value)
    assert "\n" not in text
    place = 0
    for piece in pieces:
        assert piece in text[place:], f"{piece!r} is not in {text!r} (after {text[:place]!r})"
        place = text.index(piece, place)


def test_writing_a_tensor_into_an_array_is_refused_with_the_cure() -> None:
    t, out = x(), np.zeros(3)
    attempts: list[Callable[[], Any]] = [
        lambda: operator.iadd(out, t),
        lambda: np.add(t, 1, out=out),
        lambda: np.add.at(out, [0], t),  # type: ignore[arg-type]
        lambda: np.sum(t, axis=0, out=out),
        lambda: np.copyto(out, t),  # type: ignore[arg-type]
        lambda: np.copyto(ag.Tensor([1.0, 2.0, 3.0]), out),
        lambda: np.putmask(out, out > 0, t),
    ]
    for attempt in attempts:
        with pytest.raises(TypeError, match="derivative would be lost; write"):
            attempt()
    assert out.tolist() == [0.0, 0.0, 0.0]


def test_a_missing_rule_prints_one_ready_to_paste() -> None:
    with pytest.raises(TypeError, match=re.escape("ag.rule(np.add.reduceat, lambda g, y, a: g *")):
        np.add.reduceat(x(), [0, 1])
    with pytest.raises(TypeError, match=r"np\.histogram has no derivative rule"):
        np.histogram(x())
    with pytest.raises(TypeError, match="keywords with one: none"):
        np.exp(x(), order="F")
    with pytest.raises(AttributeError, match=r"np\.sort"):
        x().sort()
    with pytest.raises(AttributeError, match="nonsense"):
        _ = x().nonsense


REFUSED: dict[str, Callable[[Any], Any]] = {
    "np.add.reduceat(x, [0, 1])": lambda x: np.add.reduceat(x, [0, 1]),
    "np.add(x, 1.0, out=np.zeros(3))": lambda x: np.add(x, 1.0, out=np.zeros(3)),
    "np.add(x, 1.0, where=np.array([True, False, True]))": lambda x: np.add(
        x, 1.0, where=np.array([True, False, True])
    ),
    "np.add.at(np.zeros(3), [0, 1, 2], x)": lambda x: np.add.at(np.zeros(3), [0, 1, 2], x),
    "np.mean(x, out=np.zeros(()))": lambda x: np.mean(x, out=np.zeros(())),
    "np.concatenate([x, x], out=np.zeros(6))": lambda x: np.concatenate([x, x], out=np.zeros(6)),
    "np.copyto(np.zeros(3), x)": lambda x: np.copyto(np.zeros(3), x),
}


@pytest.mark.parametrize("call", REFUSED)
def test_a_call_without_a_rule_is_refused(call: str) -> None:
    """What no rule knows raises, and says what to write; nothing is dropped."""
    x = ag.Tensor([1.0, 2.0, 3.0], requires_grad=True)
    with pytest.raises(TypeError, match="derivative"):
        REFUSED[call](x)


class Foreign:
    """An array of somebody else's, that shows itself through NumPy's protocol."""

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return np.ones(3, dtype)


def test_foreign_arrays_are_accepted_through_the_array_protocol() -> None:
    assert ag.Tensor(Foreign()).shape == (3,)
    y = x() * Foreign()
    assert y.shape == (3,)
    assert np.sum(y).requires_grad


def test_foreign_arrays_are_accepted_through_dlpack() -> None:
    t = ag.Tensor(Packed([1.0, 2.0, 3.0]), requires_grad=True)
    assert t.tolist() == [1.0, 2.0, 3.0]
    for y in (x() * Packed([1.0, 2.0, 3.0]), Packed([1.0, 2.0, 3.0]) * x()):
        assert y.tolist() == [0.0, 2.0, 6.0]
        assert y.requires_grad
    assert np.stack([x(), Packed([1.0, 2.0, 3.0])]).shape == (2, 3)  # type: ignore[list-item]
    values = np.ones(3)
    t = ag.Tensor(Packed(values))
    values[0] = 5.0
    assert t.tolist() == [1.0, 1.0, 1.0]  # a copy


def test_a_tensor_that_is_being_recorded_shows_no_value() -> None:
    shown: list[str] = []
    ag.vmap(lambda v: (shown.append(f"{v!r} {v!s}"), v * 2.0)[1])(np.full((2, 3), 7.25))
    assert shown
    assert "7.25" not in shown[0]
    assert "shape=(3,), being recorded" in shown[0]
    assert "7.25" in repr(ag.Tensor(7.25))


def test_a_rule_is_looked_at_once() -> None:
    """Then it is the engine that calls it, as it calls every other."""
    operation = ag.primitive(lambda x: x * x)
    rule = lambda g, y, x: g * 2.0 * x  # noqa: E731
    op = ag.rule(operation, rule, name="made")
    assert op.rules[0] is not rule
    assert gradient_of(operation).tolist() == [2.0, 2.0, 2.0]
    assert op.rules == (rule,)


def test_a_rule_that_hands_on_its_cotangent_hands_out_what_can_be_written() -> None:
    g = gradient_of(made(lambda g, y, x: g))
    g += 1.0
    assert g.tolist() == [2.0, 2.0, 2.0]


def test_a_column_that_meets_a_row_is_named_under_debug() -> None:
    """(n, 1) against (n,) is legal NumPy: a table of (n, n). In a cost it is a mistake."""
    h = ag.Tensor(np.ones((3, 2))) @ ag.Tensor(np.ones((2, 1)), requires_grad=True)
    h.name, y = "h", np.ones(3)
    said = (
        r"np\.subtract of (h \(shape \(3, 1\), made by matmul.*\) and an array \(shape \(3,\)\)|"
        r"an array.* and h .*) made a table of \(3, 3\).*one with one write y\[:, None\].*"
        r"test_errors\.py"
    )
    with ag.debug(), pytest.warns(RuntimeWarning, match=said):
        h - y
    with ag.debug(), pytest.warns(RuntimeWarning, match=said):
        np.subtract(y, h)
    with ag.debug():  # warnings are errors: where the axis was written, or nothing is paired
        _ = h - y[:, None], h[:, 0] - y, h[:, 0][:, None] - y, np.reshape(h, (3, 1)) - y, h * 2.0
        _ = h[:1] - y[:1], h - np.ones(1)
    _ = h - y
