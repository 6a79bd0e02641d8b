"""Where a tensor was made."""

from __future__ import annotations

import inspect
import threading
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

import autograd_mini as ag
from autograd_mini.context import context
from autograd_mini.graph import walk
from tests.drawn import graphs


def here(above: int = 0) -> str:
    """The place of the line that calls this, or of one above it."""
    frame = inspect.stack()[1]
    return f"{frame.filename}:{frame.lineno - above}"


def doubled(x: Any) -> Any:
    return x + x


def test_every_way_to_make_a_tensor_is_placed() -> None:
    with ag.debug():
        x, expected = ag.Tensor([1.0, 2.0], requires_grad=True), here()
        assert x.node.place == expected
        for made, at in (
            (ag.Tensor([1.0, 2.0]), here()),
            (x * 2.0, here()),
            (2.0 - x, here()),
            (-x, here()),
            (x @ np.eye(2), here()),
            (np.sin(x), here()),
            (np.sum(x, axis=0), here()),
            (x.mean(), here()),
            (np.add.reduce(x), here()),
            (np.split(x, 2)[1], here()),
            (np.stack([x, x]), here()),
            (x[1:], here()),
            (x > 0.0, here()),
            (x.reshape(2, 1), here()),
            (ag.nn.sigmoid(x), here()),
        ):
            assert made.node.place == at, made
        y = x.copy()
        y[0], expected = 3.0, here()
        assert y.node.place == expected
        y += 1.0
        assert y.node.place == here(above=1)


def test_a_user_s_function_is_the_place_and_not_its_caller() -> None:
    x = ag.Tensor(1.0, requires_grad=True)
    with ag.debug():
        y = doubled(x)
    assert y.node.place.endswith(f":{inspect.getsourcelines(doubled)[1] + 1}")


def test_a_recorded_gradient_is_made_where_it_was_asked_for() -> None:
    x = ag.Tensor(2.0, requires_grad=True)
    y: Any = np.sin(x)
    with ag.debug():
        (g,), expected = ag.backprop(y, wrt=[x], record=True), here()
    assert {node.place for node in walk(g.node) if node.place} == {expected}


@settings(max_examples=20)
@given(graphs())
def test_outside_nothing_is_placed(J: ag.Tensor) -> None:
    assert context.now.debug is None
    assert all(node.place is None for node in walk(J.node))


def test_it_nests_survives_errors_and_is_of_one_thread() -> None:
    x = ag.Tensor(1.0, requires_grad=True)
    elsewhere: list[Any] = []
    outer = ag.debug()
    with outer:
        before = context.now.debug
        with pytest.raises(ZeroDivisionError), ag.debug(), outer:
            raise ZeroDivisionError
        assert before is not None
        assert context.now.debug is before
        thread = threading.Thread(target=lambda: elsewhere.append(x * x))
        thread.start()
        thread.join()
    assert context.now.debug is None
    assert (x * x).node.place is None
    assert elsewhere[0].node.place is None


def test_it_decorates_a_function() -> None:
    x = ag.Tensor(1.0, requires_grad=True)
    assert ag.debug()(doubled)(x).node.place.startswith(__file__)
    assert doubled(x).node.place is None


def test_errors_say_the_place() -> None:
    with ag.debug():
        x = ag.Tensor([1.0, 2.0], requires_grad=True, name="x")
        y, at = x * 2.0, here()
    with pytest.raises(ValueError, match="made by multiply at ") as caught:
        y.backward()
    assert at in str(caught.value)


def test_gradients_and_values_are_the_same_under_debug() -> None:
    def program() -> tuple[float, Any]:
        net = ag.nn.Network([2, 3, 1], seed=0)
        return ag.value_and_grad(ag.nn.logistic_cost)(net, np.eye(2), np.ones(2), 1.0)

    cost, gradient = program()
    with ag.debug():
        watched, other = program()
    assert cost == watched
    for one, two in zip(gradient.parameters, other.parameters, strict=True):
        assert np.array_equal(one.detach().numpy(), two.detach().numpy())
