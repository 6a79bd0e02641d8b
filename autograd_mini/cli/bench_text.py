"""What `autograd-mini bench` prints: a block a row as it is measured, then all side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from .terminal import Output, one_line

SHORT = {
    "NumPy by hand": "by hand", "eager": "eager", "jit": "jit", "ag.fit": "fit",
    "PyTorch": "PyTorch", "torch.compile": "t.compile", "JAX jit": "JAX", "HIPS autograd": "HIPS",
    "MyGrad": "MyGrad", "scikit-learn": "sklearn",
}  # fmt: skip
"""Columns of the table side by side: formulas beside formulas."""

LIBRARIES = {
    "eager": "autograd_mini", "PyTorch": "PyTorch", "JAX jit": "JAX", "MyGrad": "MyGrad",
    "HIPS autograd": "HIPS autograd", "scikit-learn": "scikit-learn",
}  # fmt: skip


class Text:
    """Prints each part as soon as it is measured."""

    def __init__(self, out: Output) -> None:
        self.out = out

    def machine(self, facts: Mapping[str, Any], missing: Sequence[str]) -> None:
        """Print what the figures depend on, and who is missing."""
        line, load = self.out.line, facts["load"]
        busy = "" if load is None else f", load {load:.1f}"
        line(f"{facts['cpu']}, {facts['cpus']} CPUs{busy}; {facts['system']}")
        line(f"Python {facts['python']}, NumPy {facts['numpy']} ({facts['blas']}), threads: "
             f"{facts['threads']}, {facts['clock']} clock")  # fmt: skip
        versions = {LIBRARIES[n]: v for n, v in facts["versions"].items() if n in LIBRARIES}
        line(", ".join(f"{name} {version}" for name, version in versions.items()))
        for absent in missing:
            line(f"! {one_line(absent)}")

    def row(self, name: str, found: Mapping[str, Any]) -> None:
        """Print a row: contenders one below the other, then the goals."""
        out = self.out
        out.line(f"\n{name}: {found['what']}")
        head = ["", "median µs", "quartiles", "of NumPy by hand", "first call, ms"]
        lines = [head, *(_contender(entry) for entry in found["contenders"])]
        out.table(lines, indent=2)
        for who, why in found["wrong"].items():
            out.line(f"  ✗ {who}: {one_line(why)}; not timed")
        for who, why in found["failed"].items():
            out.line(f"  ! {who} failed: {_short(why)}")
        for who in found["slow"]:
            out.line(f"  ! {who} is left out: it takes long to compile this; see --patient")
        for goal in found["goals"]:
            out.line(f"  goal: {_goal(goal)}")

    def part(self, name: str, what: str, lines: Sequence[Mapping[str, Any]]) -> None:
        """Print something that is measured without other libraries."""
        self.out.line(f"\n{name}: {what}")
        table: list[list[str]] = []
        for head, alike in groupby(lines, lambda line: [*_numbers(line)]):
            group = list(alike)
            judged = [word for word in ("ratio", "median") if any(word in line for line in group)]
            if head or judged:
                table.append(["", *head, *judged])
            for line in group:
                numbers = [f"{number:,.2f}" for number in _numbers(line).values()]
                table.append([_short(line["label"]), *numbers, *_judged(line)])
        self.out.table(table, indent=2)

    def side_by_side(self, rows: Mapping[str, Mapping[str, Any]]) -> None:
        """Print the medians of all rows in one table."""
        medians = {
            name: {entry["name"]: entry["median"] for entry in found["contenders"]}
            for name, found in rows.items()
        }
        used = [name for name in SHORT if any(name in found for found in medians.values())]
        if len(medians) < 2:
            return
        self.out.line("\nSide by side, median µs")
        table = [["", *(SHORT[name] for name in used)]]
        for row, found in medians.items():
            table.append([row, *(_number(found.get(name)) for name in used)])
        self.out.table(table, indent=0)

    def goals(
        self, rows: Mapping[str, Mapping[str, Any]], parts: Mapping[str, Sequence[Any]]
    ) -> None:
        """Print how many goals are reached, and those that are not."""
        judged = [
            (row, _goal(goal), goal["verdict"])
            for row, found in rows.items()
            for goal in found["goals"]
        ]
        judged += [
            (name, f"{line['label']}: {_interval(line)}", line["verdict"])
            for name, lines in parts.items()
            for line in lines
            if "goal" in line
        ]
        if not judged:
            return
        reached = sum(verdict == "reached" for *_, verdict in judged)
        few = sum(verdict == "too few slices" for *_, verdict in judged)
        unknown = f"; {few} not judged: that takes --rounds 30" if few else ""
        self.out.line(f"\nGoals: {reached} of {len(judged)} reached{unknown}")
        for name, words, verdict in judged:
            if verdict != "reached":
                self.out.line(f"  {name}: {words}")


def _contender(entry: Mapping[str, Any]) -> list[str]:
    low, high = entry["quartiles"]
    ratio = _ratio(entry["of_by_hand"]) if "of_by_hand" in entry else ""
    quartiles = f"{low:,.1f} to {high:,.1f}"
    return [entry["name"], f"{entry['median']:,.1f}", quartiles, ratio, f"{entry['first_ms']:,.1f}"]


def _ratio(interval: Sequence[float]) -> str:
    middle, low, high = interval
    return f"{middle:.2f} [{low:.2f} to {high:.2f}]"


def _goal(goal: Mapping[str, Any]) -> str:
    return (f"{goal['contender']} at most {goal['goal']:g} of {goal['against']}: "
            f"{_ratio(goal['ratio'])}, {goal['verdict']}")  # fmt: skip


def _interval(line: Mapping[str, Any]) -> str:
    interval = line["ratio"] if "ratio" in line else line["median"]
    return f"{_ratio(interval)}, goal {line['goal']:g}: {line['verdict']}"


def _numbers(line: Mapping[str, Any]) -> dict[str, float]:
    """Numbers of a part's line by what they say, the unit where the head does not tell it."""
    units = {unit: numbers for unit, numbers in line.items() if isinstance(numbers, dict)}
    return {
        f"{name} {unit}" if unit in {"ms", "MB"} else name: number
        for unit, numbers in units.items()
        for name, number in numbers.items()
    }


def _judged(line: Mapping[str, Any]) -> list[str]:
    interval = line.get("ratio") or line.get("median")
    return [_ratio(interval) if interval else "", line.get("verdict", "")]


def _number(value: float | None) -> str:
    """Return µs in at most five digits, with enough of them."""
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def _short(text: str) -> str:
    words = one_line(text)
    return words if len(words) <= 76 else f"{words[:75]}…"
