"""docs/performance.md: its commands and rows exist; its verdicts are those of its numbers."""

from __future__ import annotations

import argparse
import re
import shlex
from pathlib import Path

import pytest

from autograd_mini.bench.costs import OPERATION_GOAL
from autograd_mini.bench.goals import GOALS
from autograd_mini.bench.report import KNOWN
from autograd_mini.cli import parser

TEXT = (Path(__file__).parent.parent / "docs" / "performance.md").read_text("utf-8")
COMMANDS = re.findall(r"(?:python -m benchmarks|autograd-mini bench)([^`\n]*)", TEXT)
TABLE = re.findall(r"^\| `(\w+)`([^|]*)\|(.*)\|$", TEXT, re.MULTILINE)


def parse(arguments: list[str]) -> argparse.Namespace:
    return parser().parse_args(["bench", *arguments])


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_text_is_understood(command: str) -> None:
    assert set(parse(shlex.split(command)).rows) <= {*KNOWN, "all"}


def test_an_unknown_option_would_be_noticed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["xnor", "--quick"])
    assert "--quick" in capsys.readouterr().err


def test_every_row_of_a_table_exists() -> None:
    named = [name for name, _, _ in TABLE]
    assert {*named} <= {*KNOWN}
    told = {row for goal in GOALS for row in goal.rows if goal.contender == "eager"}
    assert told <= {*named}, "every row with a goal is told"


def test_a_goal_is_called_reached_only_by_its_number() -> None:
    """| `row` | ... | ratio [low to high] | goal | verdict |: as the benchmark itself judges."""
    found = re.findall(
        r"^\| `\w+`.*\| (\d+\.\d+) \[(\d+\.\d+) to (\d+\.\d+)\] \| (\d+\.?\d*) \| (.+?) \|$",
        TEXT,
        re.MULTILINE,
    )
    assert len(found) >= 8
    for _, *numbers, verdict in found:
        low, high, goal = map(float, numbers)
        said = "reached" if high <= goal else "missed" if low > goal else "within the interval"
        rounded = high == goal and verdict == "within the interval"
        assert verdict == said or rounded


def test_the_cost_of_an_operation_is_judged_by_its_number() -> None:
    goal = f"{OPERATION_GOAL:g} µs"
    assert goal in TEXT
    lines = re.findall(r"^\| (?!`)(.+?) \|((?: \d+\.\d+ \|){5}) (.*) \|$", TEXT, re.MULTILINE)
    assert len(lines) == 3
    for _, cells, verdict in lines:
        *by_length, _ = [float(n) for n in re.findall(r"\d+\.\d+", cells)]
        above = [n for n in by_length if n > OPERATION_GOAL]
        assert verdict == (
            f"missed, by up to {max(above) - OPERATION_GOAL:.2f}" if above else "reached"
        )
