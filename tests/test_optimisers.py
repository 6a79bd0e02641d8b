"""Each optimiser against its formula in plain Python and PyTorch's trajectories; its bits."""

from __future__ import annotations

import copy
import inspect
import math
import pickle
from collections.abc import Callable
from functools import partial
from io import BytesIO
from typing import Any

import numpy as np
import pytest

import autograd_mini as ag
from autograd_mini.context import EVERYTHING
from autograd_mini.optimisers import (
    OPTIMISERS,
    RATES,
    adam,
    adamw,
    clip_by_norm,
    clip_by_value,
    cosine,
    gradient_descent,
    momentum,
    nesterov,
    rmsprop,
    step_decay,
    warm_up,
)
from autograd_mini.recording import aside
from tests import record_trajectories as record

Floats = list[float]
GRADIENTS = [0.5, -1.25, 3.0, 1e-9, 0.0, -2.0, 0.75]


def by_hand_gradient_descent(rate: float) -> Floats:
    theta, path = 2.0, []
    for g in GRADIENTS:
        theta = theta - rate * g
        path.append(theta)
    return path


def by_hand_momentum(rate: float, decay: float = 0.9) -> Floats:
    """v is the sum of decay^(age) times all gradients so far, written out as such."""
    theta, path = 2.0, []
    for t in range(len(GRADIENTS)):
        theta -= rate * math.fsum(decay ** (t - k) * GRADIENTS[k] for k in range(t + 1))
        path.append(theta)
    return path


def by_hand_adam(rate: float) -> Floats:
    """m̂ and v̂ as the weighted means that they are, not by their recursions."""
    theta, path = 2.0, []
    for t in range(1, len(GRADIENTS) + 1):
        weights1 = [0.9 ** (t - k) for k in range(1, t + 1)]
        weights2 = [0.999 ** (t - k) for k in range(1, t + 1)]
        pairs1 = zip(weights1, GRADIENTS, strict=False)
        pairs2 = zip(weights2, GRADIENTS, strict=False)
        mean = math.fsum(w * g for w, g in pairs1) / math.fsum(weights1)
        square = math.fsum(w * g * g for w, g in pairs2) / math.fsum(weights2)
        theta -= rate * mean / (math.sqrt(square) + 1e-8)
        path.append(theta)
    return path


def by_hand_nesterov(rate: float, decay: float = 0.9) -> Floats:
    """Sutskever's form: the gradient is met at φ = θ + decay u; what PyTorch keeps is φ."""
    phi, before, path = 2.0, 0.0, []
    for g in GRADIENTS:
        velocity = decay * before - rate * g
        theta = phi - decay * before + velocity
        phi, before = theta + decay * velocity, velocity
        path.append(phi)
    return path


def by_hand_rmsprop(rate: float, centred: bool = False) -> Floats:
    theta, path = 2.0, []
    for t in range(1, len(GRADIENTS) + 1):
        weights = [0.01 * 0.99 ** (t - k) for k in range(1, t + 1)]
        spread = math.fsum(w * g * g for w, g in zip(weights, GRADIENTS, strict=False))
        if centred:
            spread -= math.fsum(w * g for w, g in zip(weights, GRADIENTS, strict=False)) ** 2
        theta -= rate * GRADIENTS[t - 1] / (math.sqrt(spread) + 1e-8)
        path.append(theta)
    return path


def by_hand_adamw(rate: float, decay: float = 0.01) -> Floats:
    """Adam's own steps, each after the parameter has shrunk."""
    theta, path, before = 2.0, [], 2.0
    for after in by_hand_adam(rate):
        theta = theta - rate * decay * theta + (after - before)
        before = after
        path.append(theta)
    return path


CASES: list[tuple[Callable[..., Any], Callable[[float], Floats]]] = [
    (gradient_descent, by_hand_gradient_descent),
    (momentum, by_hand_momentum),
    (adam, by_hand_adam),
    (nesterov, by_hand_nesterov),
    (rmsprop, by_hand_rmsprop),
    (rmsprop.using(centred=True), partial(by_hand_rmsprop, centred=True)),
    (adamw, by_hand_adamw),
]
# Every optimiser, and RMSprop with each of what it can remember.
ALL = [
    *OPTIMISERS.values(),
    rmsprop.using(momentum=0.5),
    rmsprop.using(centred=True),
    rmsprop.using(centred=True, momentum=0.5),
]
every = pytest.mark.parametrize("step", ALL, ids=repr)


def trajectory(step: Any, dtype: Any = np.float64, **settings: Any) -> list[np.ndarray[Any, Any]]:
    parameters, state = [np.full((2, 3), 2.0, dtype), np.array([2.0], dtype)], None
    path = []
    for g in GRADIENTS:
        gradients = [np.full((2, 3), g, dtype), np.array([g], dtype)]
        parameters, state = step(parameters, gradients, state, **settings)
        path.append(parameters)
    return [np.concatenate([array.ravel() for array in each]) for each in path]


@pytest.mark.parametrize(("step", "by_hand"), CASES)
@pytest.mark.parametrize("rate", [0.001, 0.3])
def test_the_trajectory_is_the_formulas(step: Any, by_hand: Any, rate: float) -> None:
    for found, expected in zip(trajectory(step, rate=rate), by_hand(rate), strict=True):
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


@every
def test_float32_stays_float32_even_with_a_numpy_rate(step: Any) -> None:
    parameters, gradients = [np.ones((2, 2), np.float32)], [np.full((2, 2), 0.5, np.float32)]
    state: Any = None
    for _ in range(3):
        parameters, state = step(parameters, gradients, state, rate=np.float64(0.1))
    arrays = [*parameters, *(a for kept in state.values() if isinstance(kept, list) for a in kept)]
    assert {array.dtype for array in arrays} == {np.dtype(np.float32)}
    wide = trajectory(step, np.float64, rate=0.1)[-1]
    np.testing.assert_allclose(trajectory(step, np.float32, rate=0.1)[-1], wide, rtol=1e-5)


@every
def test_nothing_given_is_changed_and_nothing_is_shared(step: Any) -> None:
    parameters, gradients = [np.array([1.0, 2.0])], [np.array([0.5, -0.5])]
    parameters, state = step(parameters, gradients, None, rate=0.1)
    before = copy.deepcopy((parameters, gradients, state))
    moved, _ = step(parameters, gradients, state, rate=0.1)
    assert repr((parameters, gradients, state)) == repr(before)
    assert not np.shares_memory(moved[0], parameters[0])


@every
@pytest.mark.parametrize("kept", range(1, len(GRADIENTS)))
def test_the_state_is_all_there_is_to_keep(step: Any, kept: int) -> None:
    """A number and lists of arrays, through a file without pickle: the same bits afterwards."""

    def run(parameters: Any, state: Any, gradients: Floats) -> tuple[Any, Any]:
        for g in gradients:
            parameters, state = step(parameters, [np.array([g, -g])], state, rate=schedule)
        return parameters, state

    start, schedule = [np.array([1.0, 2.0])], warm_up(2, cosine(0.1, 4))
    whole, _ = run(start, None, GRADIENTS)
    half, state = run(start, None, GRADIENTS[:kept])
    assert type(state["step"]) is int
    flat = {name: array for name in state if name != "step" for array in state[name]}
    np.savez(file := BytesIO(), *half, step=state["step"], **flat)
    file.seek(0)
    read = np.load(file, allow_pickle=False)
    again = {name: [read[name]] for name in flat} | {"step": int(read["step"])}
    continued, _ = run([read["arr_0"]], again, GRADIENTS[kept:])
    assert whole[0].tobytes() == continued[0].tobytes()


@pytest.mark.parametrize("name", OPTIMISERS)
def test_it_finds_the_bottom_of_a_bowl(name: str) -> None:
    parameters, state = [np.array([3.0]), np.array([[-2.0, 1.0]])], None
    for _ in range(1500):
        gradients = [0.2 * parameters[0], 0.6 * parameters[1]]
        parameters, state = OPTIMISERS[name](parameters, gradients, state, rate=RATES[name])
    assert max(np.abs(array).max() for array in parameters) < 0.02


@every
def test_a_missing_gradient_is_an_error(step: Any) -> None:
    with pytest.raises(ValueError, match="expected one of the same shape and dtype"):
        step([np.ones(2), np.ones(3)], [np.ones(2)], None, rate=0.1)


def test_every_optimiser_has_a_rate() -> None:
    assert RATES.keys() == OPTIMISERS.keys()
    assert all(step.__name__ == name.replace("-", "_") for name, step in OPTIMISERS.items())


# -- PyTorch's own steps

TABLE = np.load(record.FILE)
WARM = warm_up(8, cosine(0.2, 42, last=0.001), first=0.125)
WARM_HALF = warm_up(8, cosine(0.1, 42, last=0.001), first=0.125)
SAME: dict[str, tuple[Any, Any]] = {
    "gradient-descent": (gradient_descent.using(rate=0.125), None),
    "gradient-descent, step decay": (gradient_descent.using(rate=step_decay(0.25, 12, 0.5)), None),
    "momentum": (momentum.using(rate=0.1), None),
    "momentum, cosine": (momentum.using(rate=cosine(0.2, 50, last=0.01), decay=0.5), None),
    "nesterov": (nesterov.using(rate=0.1), None),
    "nesterov, warm-up and cosine": (nesterov.using(rate=WARM, decay=0.8), None),
    "rmsprop": (rmsprop.using(rate=0.02), None),
    "rmsprop, momentum": (rmsprop.using(rate=0.01, decay=0.9, epsilon=1e-6, momentum=0.7), None),
    "rmsprop, centred": (rmsprop.using(rate=0.02, centred=True), None),
    "rmsprop, centred, momentum": (
        rmsprop.using(rate=0.01, decay=0.8, centred=True, momentum=0.9), None
    ),
    "adam": (adam.using(rate=0.05), None),
    "adam, other numbers": (adam.using(rate=0.1, beta1=0.7, beta2=0.95, epsilon=1e-3), None),
    "adam, clipped by norm": (adam.using(rate=0.05), partial(clip_by_norm, largest=2.5)),
    "momentum, clipped by value": (momentum.using(rate=0.1), partial(clip_by_value, largest=0.75)),
    "adamw": (adamw.using(rate=0.05, decay=0.1), None),
    "adamw, warm-up and cosine": (adamw.using(rate=WARM_HALF, beta1=0.8, beta2=0.99), None),
}  # fmt: skip


def path_of(step: Any, clip: Any = None) -> np.ndarray[Any, Any]:
    parameters, state, path = record.start(), None, []
    for t in range(record.STEPS):
        gradients = [record.gradient(t, p, which) for which, p in enumerate(parameters)]
        parameters, state = step(parameters, clip(gradients) if clip else gradients, state)
        path.append(np.concatenate([np.ravel(p) for p in parameters]))
    return np.array(path)


@pytest.mark.parametrize("name", SAME)
def test_every_step_is_pytorch_s(name: str) -> None:
    found, expected = path_of(*SAME[name]), TABLE[name]
    assert found.shape == expected.shape == (record.STEPS, record.SIZE)
    assert np.abs(found - expected).max() <= 1e-12


def test_the_table_has_every_optimiser_and_says_where_it_is_from() -> None:
    assert {*SAME} == {*TABLE.files} - {"PyTorch"} == {*record.cases(_Anything())}
    assert {name.split(",")[0] for name in SAME} == {*OPTIMISERS}
    assert str(TABLE["PyTorch"]).startswith("2.")
    assert record.FILE.stat().st_size < 50_000


class _Anything:
    def __getattr__(self, name: str) -> Any:
        return self


@pytest.mark.parametrize("name", [name for name in SAME if "," in name])
def test_every_setting_of_the_table_counts(name: str) -> None:
    """Without its schedule, clipping or further settings the trajectory is another one."""
    step, _ = SAME[name]
    plain = OPTIMISERS[name.split(",")[0]].using(rate=step.numbers(0).get("rate", 0.1))
    assert np.abs(path_of(plain) - TABLE[name]).max() > 1e-3


# -- the numbers of a step, and the move


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


@pytest.mark.parametrize("step", OPTIMISERS.values(), ids=OPTIMISERS)
def test_a_schedule_is_the_rate_of_every_step(step: Any) -> None:
    schedule, seen = step_decay(0.5, 2, 0.5), []

    def rate(number: int) -> float:
        seen.append(number)
        return schedule(number)

    expected = trajectory(step, rate=schedule)
    assert [a.tobytes() for a in trajectory(step, rate=rate)] == [a.tobytes() for a in expected]
    assert seen == [*range(len(GRADIENTS))]
    parameters, state = [np.full((2, 3), 2.0), np.array([2.0])], None
    for number, g in enumerate(GRADIENTS):
        gradients = [np.full((2, 3), g), np.array([g])]
        parameters, state = step(parameters, gradients, state, rate=schedule(number))
    assert np.concatenate([a.ravel() for a in parameters]).tobytes() == expected[-1].tobytes()
