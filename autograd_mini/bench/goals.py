"""What is to be reached in the rows: ratios of medians, side by side in one run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .measure import Timing, ratio_of_medians, verdict

__all__ = ["GOALS", "SLICES", "Goal", "judge"]

SLICES = 30
"""An interval of medians over fewer says little: no verdict is given."""


@dataclass(frozen=True)
class Goal:
    """At most so many times the time of the fastest of some others, in some rows."""

    contender: str
    most: float
    others: tuple[str, ...]
    rows: tuple[str, ...]


_HAND, _EPOCHS = ("NumPy by hand",), ("epochs64", "epochs784")
_NETWORKS = ("xnor", "note64", "note32", "sgd32", "sgd128", "deep")
_WATCHED = ("fit64", "fit784")
_PEERS = ("PyTorch", "PyTorch nn", "scikit-learn")

GOALS = (
    Goal("eager", 0.5, ("PyTorch",), ("xnor", "deep", "chain", "wide")),
    Goal("eager nn", 0.5, ("PyTorch nn",), ("xnor", "deep")),
    Goal("jit", 1.5, _HAND, ("xnor",)),
    Goal("jit", 1.1, _HAND, ("note64", "note32", "sgd32", "sgd128", "deep", "hvp")),
    Goal("jit", 1.0, ("eager",), (*_NETWORKS, "elem", "hvp", "chain", "wide")),
    Goal("jit nn", 1.0, ("eager nn",), _NETWORKS),
    Goal("jit", 0.8, _PEERS, (*_EPOCHS, *_WATCHED)),
    Goal("ag.fit", 0.8, _PEERS, _WATCHED),
)
"""Formulas are compared with formulas and modules with modules, jit with what a person writes.
`ag.fit` is compared where the others look at cost and accuracy of all examples too, as it does."""


def judge(row: str, timings: Sequence[Timing]) -> list[dict[str, Any]]:
    """Return the goals of a row that can be judged by who was timed, with their verdicts."""
    by_name = {timing.name: timing for timing in timings}
    return [
        _judged(goal, by_name)
        for goal in GOALS
        if row in goal.rows and goal.contender in by_name and by_name.keys() & {*goal.others}
    ]


def _judged(goal: Goal, by_name: Mapping[str, Timing]) -> dict[str, Any]:
    ours = by_name[goal.contender]
    other = min((by_name[n] for n in goal.others if n in by_name), key=lambda t: t.median)
    ratio = ratio_of_medians(ours.slices, other.slices)
    enough = len(ours.slices) >= SLICES
    return {
        "contender": goal.contender,
        "against": other.name,
        "goal": goal.most,
        "ratio": ratio,
        "verdict": verdict(ratio, goal.most) if enough else "too few slices",
    }
