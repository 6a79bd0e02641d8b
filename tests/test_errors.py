"""What goes wrong for users, item by item: what the error says was given, and what to write."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd_mini as ag
from autograd_mini import nn


def x() -> ag.Tensor:
    return ag.Tensor(np.arange(3.0), requires_grad=True, name="x")


def made(*rules: Callable[..., Any], f: Callable[..., Any] = np.square) -> Callable[..., Any]:
    """A new operation called `made`, with these rules."""
    operation = ag.primitive(lambda *arrays: f(*arrays))
    ag.rule(operation, *rules, name="made")
    return operation


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


# item -> (what a user does, error, pieces of the message in order)
ERRORS: dict[str, tuple[Callable[[], Any], type[Exception], list[str]]] = {
    "missing rule": (
        lambda: without_rule(x()), TypeError,
        ["without_rule has no derivative rule yet", "ag.rule(", "lambda g, y, a: g * ...",
         "t.detach()"]),
    "a keyword without rule": (
        lambda: np.sin(x(), where=np.array([True, False, True])), TypeError,
        ["np.sin(..., where=", "has no derivative rule", "leave where out", "t.detach()"]),
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
    "truth value of many elements": (
        lambda: bool(x() > 0), ValueError, ["more than one element", "a.any() or a.all()"]),
    "a rule's shape": (
        lambda: gradient_of(made(lambda g, y, x: np.ones(5))), ValueError,
        ["the rule of made", "shape (5,)", "argument of shape (3,)"]),
    "a rule that returns nothing": (
        lambda: gradient_of(made(lambda g, y, x: None)), ValueError, ["the rule of made"]),
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
        np.exp(x(), dtype=np.float32)
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
    "np.add(x, 1.0, dtype=np.float32)": lambda x: np.add(x, 1.0, dtype=np.float32),
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
