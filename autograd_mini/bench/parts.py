"""What is measured beside the rows: programs that grow, compiling, memory, imports."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .compiling import GROWTH_GOAL, compiling, growth
from .costs import OPERATION_GOAL, operations
from .loops import LSTM_GOAL, Line, filling, jacobians, lstms, slices
from .measure import Pace, WrongResultError
from .peaks import memory
from .processes import IMPORT_GOAL, PEAK_GOAL, imports, peaks
from .scaling import distributed

__all__ = ["PARTS", "PROGRAMS", "Part", "measure_part"]


@dataclass(frozen=True)
class Part:
    """Something to measure by name; the goals stand in its lines."""

    what: str
    measure: Callable[[Pace], list[Line]]


def measure_part(part: Part, pace: Pace) -> list[Line]:
    """Return a part's lines; one that says what was wrong, where something was."""
    try:
        return part.measure(pace)
    except Exception as error:  # whatever it is: the rest is measured nevertheless
        kind = "" if isinstance(error, WrongResultError) else f"{type(error).__name__}: "
        return [{"label": f"{kind}{error}", "verdict": "wrong"}]


PARTS = {
    "compile": Part(
        "ms in which ag.jit records and compiles a new program (goal for the note's: 10)",
        compiling,
    ),
    "peak": Part(
        f"MB on note64 over NumPy and the data; ratio: to NumPy by hand (goal: jit {PEAK_GOAL:g})",
        peaks,
    ),
    "import": Part(
        f"ms that an import adds to NumPy's, in a new process (goal: {IMPORT_GOAL:g})", imports
    ),
    "operations": Part(
        f"µs an operation, forward and backward, by their number (goal: {OPERATION_GOAL:g})",
        operations,
    ),
    "growth": Part(
        f"µs a node, by nodes; ratio: in the largest to among 1,000 (goal: {GROWTH_GOAL:g})",
        growth,
    ),
    "slices": Part("slices of one array in a loop, by their number (goal: linear)", slices),
    "lstm": Part(
        f"1,024 steps; ratio: value and gradient to NumPy's forward pass (goal: {LSTM_GOAL:g})",
        lstms,
    ),
    "filling": Part("rows put together, with gradient; ratio: filling to np.stack", filling),
    "jacobian": Part("of tanh(B tanh(A x)); ratio: a loop to ag.jacobian", jacobians),
    "memory": Part("peak while the gradient is computed, by n (goals: √n, linear)", memory),
    "distributed": Part("400-25-10 on worker processes (Dask), and a model of a step", distributed),
}
PROGRAMS = ("operations", "growth", "slices", "lstm", "filling", "jacobian", "memory",
            "distributed")  # fmt: skip
"""Programs that grow, left out of the table unless they are asked for."""
