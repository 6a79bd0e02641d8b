"""An optimiser's parts, the numbers of a step and the move; its settings, and its errors."""

from __future__ import annotations

import copy
import inspect
import math
import pickle
from typing import Any

import numpy as np
import pytest

import autograd_mini as ag
from autograd_mini.context import EVERYTHING
from autograd_mini.optimisers import (
    adam,
    adamw,
    clip_by_norm,
    clip_by_value,
    cosine,
    momentum,
    rmsprop,
)
from autograd_mini.recording import aside
from tests.test_optimisers import every


@every
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_numbers_may_be_arrays_without_axes(step: Any, dtype: Any) -> None:
    """What a compiler passes in: the bits are those of Python floats."""
    parameters = [np.linspace(-2, 2, 6, dtype=dtype).reshape(2, 3), np.array([0.5], dtype)]
    plain = memory = step.memory(parameters)
    moved = parameters
    for t in range(5):
        gradients = [np.cos(p + t) for p in parameters]
        numbers = step.numbers(t, rate=0.1)
        assert {type(value) for value in numbers.values()} == {float}
        parameters, plain = step.move(parameters, gradients, plain, numbers)
        arrays = {name: np.array(value, dtype) for name, value in numbers.items()}
        moved, memory = step.move(moved, gradients, memory, arrays)
        for one, other in [(parameters, moved), *((plain[k], memory[k]) for k in plain)]:
            assert [a.tobytes() for a in one] == [a.tobytes() for a in other]
            assert {a.dtype for a in other} == {np.dtype(dtype)}


@every
def test_a_move_can_be_recorded_without_a_look_at_a_value(step: Any) -> None:
    """Also clipping: every value that it was recorded with may be another one in the next step."""
    values = [np.array([[1.0, -2.0]]), np.array([0.5])]
    slopes = [np.array([[0.5, 0.25]]), np.array([-3.0])]
    memory, numbers = step.memory(values), step.numbers(0, rate=0.1)
    expected, _ = step.move(values, clip_by_value(clip_by_norm(slopes, 1.0), 0.5), memory, numbers)
    with aside(EVERYTHING):
        tensors = [[ag.Tensor(a) for a in arrays] for arrays in (values, slopes)]
        kept = {name: [ag.Tensor(a) for a in arrays] for name, arrays in memory.items()}
        given = {name: ag.Tensor(value) for name, value in numbers.items()}
        clipped = clip_by_value(clip_by_norm(tensors[1], 1.0), 0.5)
        moved, _ = step.move(tensors[0], clipped, kept, given)
    assert all(tensor.node.inputs for tensor in moved)
    assert [t.numpy().tobytes() for t in moved] == [a.tobytes() for a in expected]


@every
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_move_is_compiled_once_for_all_steps(step: Any, dtype: Any) -> None:
    parameters = [np.linspace(-2, 2, 6, dtype=dtype).reshape(2, 3), np.array([0.5], dtype)]
    recorded, memory = [], step.memory(parameters)

    def move(*given: Any) -> Any:
        recorded.append(given)
        return step.move(*given)

    compiled = ag.jit(move)
    for t in range(4):
        gradients = [np.cos(p + t) for p in parameters]
        numbers = step.numbers(t, rate=0.1)
        arrays = {name: np.array(value, dtype) for name, value in numbers.items()}
        found = compiled(parameters, gradients, memory, arrays)
        parameters, memory = step.move(parameters, gradients, memory, numbers)
        for one, other in [(found[0], parameters), *((found[1][k], memory[k]) for k in memory)]:
            for a, b in zip(one, other, strict=True):
                assert a.dtype == dtype
                np.testing.assert_allclose(a, b, rtol=16 * np.finfo(dtype).eps)
    assert len(recorded) == 1


@every
def test_its_parts_together_are_the_step(step: Any) -> None:
    parameters, gradients = [np.array([1.0, 2.0])], [np.array([0.5, -0.5])]
    state: Any = None
    memory = step.memory(parameters)
    moved = parameters
    for t in range(3):
        moved, memory = step.move(moved, gradients, memory, step.numbers(t, rate=0.1))
        parameters, state = step(parameters, gradients, state, rate=0.1)
    assert moved[0].tobytes() == parameters[0].tobytes()
    assert state.keys() == {"step", *memory}
    assert state["step"] == 3


def test_using_sets_what_a_call_may_set_again() -> None:
    slow = adam.using(beta1=0.5, rate=0.25)
    assert slow.numbers(0) == adam.numbers(0, beta1=0.5, rate=0.25)
    assert slow.numbers(0, rate=1.0) == adam.numbers(0, beta1=0.5, rate=1.0)
    assert slow.using(beta1=0.75).settings == {"beta1": 0.75, "rate": 0.25}
    assert adam.settings == {}
    assert repr(slow) == "adam.using(beta1=0.5, rate=0.25)"


@pytest.mark.parametrize("step", [adam, adam.using(rate=cosine(0.1, 9), beta1=0.8)], ids=repr)
def test_an_optimiser_is_pickled_as_a_function_is(step: Any) -> None:
    again = pickle.loads(pickle.dumps(step))  # noqa: S301
    assert again.numbers(3) == step.numbers(3)
    assert (again is adam) == (step is adam)
    assert copy.deepcopy(step).numbers(3) == step.numbers(3)


def test_an_optimiser_looks_like_its_function() -> None:
    assert adam.__name__ == "adam"
    assert "Kingma and Ba" in (inspect.getdoc(adam) or "")
    names = [*inspect.signature(adam).parameters]
    assert names == ["parameters", "gradients", "state", "rate", "beta1", "beta2", "epsilon"]


ONE = [np.ones(2)]
ERRORS: list[tuple[Any, Any, dict[str, Any], str]] = [
    (adam, [np.ones(3)], {}, r"adam: the parameters are float64\[2\], the gradients float64\[3\]"),
    (adam, [np.ones(3)], {}, "; expected one of the same shape and dtype for each parameter"),
    (adam, [], {}, r"the gradients none; expected"),
    (adam, [np.ones((2, 1))], {}, r"the gradients float64\[2, 1\]"),
    (adam, [np.ones(2, np.float32)], {}, r"the gradients float32\[2\]"),
    (momentum, ONE, {"state": {"step": 1, "mean": ONE}}, r"momentum: the state has \['mean', 'st"),
    (momentum, ONE, {"state": {"step": 1}}, r"\['step', 'velocity'\]; begin with state=None"),
    (rmsprop.using(momentum=0.5), ONE, {"state": {"step": 1, "square": ONE}}, "same optimiser and"),
    (adam, ONE, {"lr": 0.1}, "adam has no setting 'lr'; it has rate, beta1, beta2, epsilon"),
    (adam, ONE, {"rate": math.nan}, "rate=nan; expected a finite number"),
    (adamw, ONE, {"rate": lambda step: math.inf}, "rate=inf; expected a finite number"),
    (adam, ONE, {"beta1": 1.0}, "beta1=1.0; expected a number, 0 or more and below 1"),
    (adam, ONE, {"epsilon": -1.0}, "epsilon=-1.0; expected a number, 0 or more and finite"),
    (momentum, ONE, {"decay": 1.5}, "decay=1.5; expected a number, 0 or more and below 1"),
    (rmsprop, ONE, {"decay": -0.1}, "decay=-0.1; expected"),
    (rmsprop, ONE, {"momentum": 2}, "momentum=2; expected"),
]  # fmt: skip


@pytest.mark.parametrize(("step", "gradients", "more", "told"), ERRORS)
def test_what_does_not_fit_is_told(step: Any, gradients: Any, more: Any, told: str) -> None:
    with pytest.raises((ValueError, TypeError), match=told):
        step(ONE, gradients, **more)


def test_unknown_settings_are_told_before_a_step() -> None:
    with pytest.raises(TypeError, match="momentum has no setting 'beta1'; it has rate, decay"):
        momentum.using(beta1=0.5)
