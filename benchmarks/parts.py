"""Programs whose cost must grow as they do: what is measured by name, and its text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .loops import LSTM_GOAL, Line, filling, jacobians, lstms, slices
from .measure import Pace
from .memory import memory

__all__ = ["PARTS", "Part", "in_words"]


@dataclass(frozen=True)
class Part:
    """Something to measure that no other library's column stands beside."""

    what: str
    measure: Callable[[Pace], list[Line]]
    goal: float | None = None
    """Of the ratio."""


PARTS = {
    "slices": Part("slices of one array in a loop, by their number (goal: linear)", slices),
    "lstm": Part(
        f"1,024 steps written with slices; ratio: value and gradient to NumPy's forward pass "
        f"(goal: at most {LSTM_GOAL:g}x)",
        lstms,
        LSTM_GOAL,
    ),
    "filling": Part("rows put together, with gradient; ratio: filling to np.stack", filling),
    "jacobian": Part("of tanh(B tanh(A x)); ratio: a loop to ag.jacobian", jacobians),
    "memory": Part("peak while the gradient is computed, by n (goals: √n, linear)", memory),
}


def in_words(line: Line) -> str:
    """One line of text: the label, its numbers, the ratio with its interval."""
    cells = []
    for unit, numbers in line.items():
        if isinstance(numbers, dict):
            cells += [f"{name}: {number:.2f} {unit}" for name, number in numbers.items()]
    words = f"  {line['label']:36s}{'   '.join(cells)}"
    if "ratio" in line:
        ratio, low, high = line["ratio"]
        words += f"   {ratio:.2f}x [{low:.2f} to {high:.2f}]"
    return words
