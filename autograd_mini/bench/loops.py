"""Programs with loops: slices of one array, an LSTM, filling against stacking, Jacobians."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import autograd_mini as ag

from .measure import Pace, Timing, WrongResultError, interleave, ratio_of_medians, verdict

__all__ = [
    "LSTMS",
    "LSTM_GOAL",
    "Line",
    "agree",
    "check_lstm",
    "filling",
    "jacobians",
    "lstm",
    "lstm_problem",
    "lstms",
    "slices",
]

Line = dict[str, Any]
"""A label, numbers by what they say, by unit; perhaps an interval called ratio or median, and the
goal and the verdict on it."""


def agree(label: str, given: Any, expected: Any, tolerance: float = 1e-9) -> None:
    """Raise unless both are the same but for rounding, relative to the largest number."""
    error = np.max(np.abs(given - expected)) / np.max(np.abs(expected))
    if not error <= tolerance:
        raise WrongResultError(f"{label}: off by {error:.1e} of the largest number")


# -- slices of one array


def sum_of_squares(x: Any) -> Any:
    """Σ_i x_i·x_i, a slice x[i] at a time."""
    total: Any = 0.0
    for i in range(len(x)):
        row = x[i]
        total = total + row @ row
    return total


def _eager(x: Any) -> Any:
    return ag.grad(sum_of_squares)(x)


def _recorded(x: Any) -> Any:
    """The gradient of ½‖∂J/∂x‖²: the backward pass is recorded, and walked back itself."""
    return ag.grad(lambda x: 0.5 * np.sum(ag.grad(sum_of_squares)(x) ** 2))(x)


SLICES = [100, 1_000, 10_000]


def slices(pace: Pace) -> list[Line]:
    """µs for each slice, by how many there are: the same when the loop is linear."""
    lines = []
    for label, run, factor in (("gradient", _eager, 2.0), ("recorded, again", _recorded, 4.0)):
        arrays = [np.random.default_rng(0).normal(size=(n, 4)) for n in SLICES]
        for x in arrays:
            agree(f"slices, {label}", run(x), factor * x)
        names = [f"{n:,}" for n in SLICES]
        timings = interleave(names, [_call(run, x) for x in arrays], pace)
        per_slice = {t.name: t.median / n for t, n in zip(timings, SLICES, strict=True)}
        lines.append({"label": label, "µs a slice": per_slice})
    return lines


def _call(f: Callable[..., Any], *args: Any) -> Callable[[], Any]:
    return lambda: f(*args)


# -- an LSTM

LSTMS = {
    "16 sequences, 32 inputs, 64 units": (16, 32, 64),
    "one sequence, 16 inputs, 32 units": (1, 16, 32),
}
STEPS, LSTM_GOAL = 1_024, 8.0


def _sigmoid(z: Any) -> Any:
    return 1.0 / (1.0 + np.exp(-z))


def lstm(p: Any, X: Any) -> Any:
    """Σ_t Σ v·h_t, the gates cut out of one product by slices; arrays or Tensors."""
    of_x, of_h, bias, v = p
    n = len(of_h)
    h = c = np.zeros((X.shape[1], n))
    total: Any = 0.0
    for x in X:
        z = x @ of_x + h @ of_h + bias
        admit, keep, show = (
            _sigmoid(z[:, :n]),
            _sigmoid(z[:, n : 2 * n]),
            _sigmoid(z[:, 2 * n : -n]),
        )
        c = keep * c + admit * np.tanh(z[:, -n:])
        h = show * np.tanh(c)
        total = total + np.sum(h * v)
    return total


def lstm_problem(sequences: int, inputs: int, units: int, steps: int = STEPS) -> tuple[Any, Any]:
    """Return weights of an LSTM, and its sequences (steps, sequences, inputs)."""
    rng = np.random.default_rng(0)
    p = [
        rng.normal(size=(inputs, 4 * units)) / inputs**0.5,
        rng.normal(size=(units, 4 * units)) / units**0.5,
        rng.normal(size=4 * units),
        rng.normal(size=units),
    ]
    return p, rng.normal(size=(steps, sequences, inputs))


def lstms(pace: Pace) -> list[Line]:
    """Value and gradient in multiples of the same function's time on arrays."""
    lines = []
    for label, sizes in LSTMS.items():
        p, X = lstm_problem(*sizes)
        both = ag.value_and_grad(lstm)
        value, gradients = both(p, X)
        check_lstm(value, gradients, p, X)
        steps = [_call(lstm, p, X), _call(both, p, X)]
        plain, ours = interleave(["NumPy forward", "value and gradient"], steps, pace)
        ratio = ratio_of_medians(ours.slices, plain.slices)
        line = {"label": label, "ms": _milliseconds(plain, ours), "ratio": ratio}
        lines.append(line | {"goal": LSTM_GOAL, "verdict": verdict(ratio, LSTM_GOAL)})
    return lines


def check_lstm(value: Any, gradients: Any, p: Any, X: Any) -> None:
    """The value is the plain one; the slope in a direction is that of a complex step."""
    agree("lstm, value", value, lstm(p, X))
    rng = np.random.default_rng(1)
    for k, array in enumerate(p):
        direction = rng.normal(size=array.shape)
        moved = [*p[:k], array + 1e-30j * direction, *p[k + 1 :]]
        expected = lstm(moved, X).imag / 1e-30
        agree(f"lstm, gradient {k}", np.sum(gradients[k] * direction), expected, 1e-8)


def _milliseconds(*timings: Timing) -> dict[str, float]:
    return {timing.name: timing.median / 1000 for timing in timings}


def _beside(label: str, programs: Line, x: Any, expected: Any, pace: Pace) -> Line:
    """Check two programs of x, and time the first in multiples of the second."""
    for name, program in programs.items():
        agree(name, program(x), expected)
    steps = [_call(program, x) for program in programs.values()]
    one, other = interleave([*programs], steps, pace)
    ratio = ratio_of_medians(one.slices, other.slices)
    return {"label": label, "ms": _milliseconds(one, other), "ratio": ratio}


# -- stacking against filling


def _stacked(x: Any) -> Any:
    return np.sum(np.stack([x * float(i) for i in range(len(x))]) ** 2)


def _filled(x: Any) -> Any:
    rows: Any = ag.Tensor(np.zeros((len(x), len(x))))
    for i in range(len(x)):
        rows[i] = x * float(i)
    return np.sum(rows**2)


def filling(pace: Pace) -> list[Line]:
    """n rows of n numbers computed one by one, put together in two ways; gradients too."""
    lines = []
    for n in (50, 100, 400):
        x = np.random.default_rng(0).normal(size=n)
        expected = 2.0 * x * np.sum(np.arange(n) ** 2.0)
        programs = {"filling": ag.grad(_filled), "np.stack": ag.grad(_stacked)}
        lines.append(_beside(f"{n} rows of {n}", programs, x, expected, pace))
    return lines


# -- all rows at once against one after the other


def jacobians(pace: Pace) -> list[Line]:
    """`ag.jacobian`, all rows at once by vmap, beside a loop over `ag.vjp`'s pullback."""
    lines = []
    for n in (10, 100, 300):
        rng = np.random.default_rng(0)
        A, B, x = rng.normal(size=(n, n)) / n, rng.normal(size=(n, n)) / n, rng.normal(size=n)

        def f(x: Any, A: Any = A, B: Any = B) -> Any:
            return np.tanh(B @ np.tanh(A @ x))

        def loop(x: Any, f: Any = f) -> Any:
            y, pullback = ag.vjp(f, x)
            return np.stack([pullback(row)[0] for row in np.eye(len(y))])

        inner = np.tanh(A @ x)
        outer = np.tanh(B @ inner)
        by_hand = (1 - outer**2)[:, None] * B @ ((1 - inner**2)[:, None] * A)
        programs = {"loop of pullbacks": loop, "ag.jacobian": ag.jacobian(f)}
        lines.append(_beside(f"{n} x {n}", programs, x, by_hand, pace))
    return lines
