"""The READMEs are true: their programs run and print what they say, their table is executed."""

from __future__ import annotations

import html
import math
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.special
from numpy.testing import assert_allclose

import autograd_mini as ag
from docs import document
from tests import rule_coverage
from tests.documents import check_programs
from tests.test_house import ROOT, SHELF

READMES = ["README.md", "README.zh.md"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}
both = pytest.mark.parametrize("readme", READMES)


def text(readme: str) -> str:
    return (ROOT / readme).read_text("utf-8")


def blocks(readme: str, language: str) -> list[str]:
    return document.blocks(text(readme), language)


@both
def test_every_python_block_runs_and_prints_what_it_says(
    readme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    programs = blocks(readme, "python")
    assert len(programs) >= 4
    check_programs(programs, readme)


def test_the_first_program_is_five_lines_and_shows_delta() -> None:
    first = blocks("README.md", "python")[0]
    code = [line for line in first.splitlines() if line and not line.startswith(("import", "#"))]
    assert len(code) == 5
    assert "print" in code[-1]
    assert "δ" in code[-1]


def test_both_languages_show_the_same_programs_and_commands() -> None:
    def without_comments(program: str) -> list[str]:
        return [line.split("  #")[0].rstrip() for line in program.splitlines() if line[:1] != "#"]

    for language in ("python", "sh"):
        english, chinese = (blocks(readme, language) for readme in READMES)
        assert [*map(without_comments, english)] == [*map(without_comments, chinese)]


@both
def test_the_two_commands_start_from_a_fresh_environment(readme: str) -> None:
    lines = "\n".join(blocks(readme, "sh")).splitlines()
    commands = [line for line in lines if " -m venv " in line]
    assert [line.rpartition("&& ")[2] for line in commands] == [
        ".venv/bin/autograd-mini train",
        ".venv/bin/python -m pytest -n auto",
    ]


@both
def test_the_shelf_is_listed_in_reading_order(readme: str) -> None:
    numbered = r"^\d+\. \[`([\w/.]+\.py)`\]\(autograd_mini/\1\)"
    listed = re.findall(numbered, text(readme), re.MULTILINE)
    assert listed == SHELF


@both
def test_every_local_link_and_picture_is_there(readme: str) -> None:
    targets = re.findall(r"\]\(([^)#:]+?)\)|src=\"([^\":]+)\"", text(readme))
    assert len(targets) > 10
    for target in filter(None, (a or b for a, b in targets)):
        assert (ROOT / target).exists(), target


@both
def test_the_picture_comes_first_and_is_small(readme: str) -> None:
    picture = re.search(r'<img [^>]*src="(docs/[^"]+)" alt="[^"]+">', text(readme))
    assert picture is not None
    assert text(readme)[: picture.start()].count("\n") < 12
    assert (ROOT / picture[1]).stat().st_size < 200_000


# ---- the table "your NumPy line" ----

# What the lines of the table are about: positive, distinct, so that every line is smooth there.
PLACE = {
    "x": np.array([0.5, 1.25, 2.0, 0.75]),
    "y": np.array([1.5, 0.25, 1.0, 3.0]),
    "W": np.array([[0.5, 1.0, -1.0, 2.0], [1.5, -0.5, 0.25, 1.0]]),
    "s": np.array(0.75),
}


def rows(readme: str) -> list[tuple[str, str]]:
    """Rows of the table, (your line, what to write instead or "")."""
    found = re.findall(r"^\| `(.+?)` +\| (?:`(.+?)`|\S+) +\|", text(readme), re.MULTILINE)
    return [(line.replace(r"\|", "|"), cure.replace(r"\|", "|")) for line, cure in found]


def run(code: str, x: Any, wrap: Any) -> Any:
    """Value of a line of the table: of the expression, or of what its last statement writes to."""
    names: dict[str, Any] = {name: wrap(value.copy()) for name, value in PLACE.items()}
    names |= {"np": np, "ag": ag, "math": math, "scipy": scipy, "x": x, "arr": np.zeros(4)}
    *before, last = [part.strip() for part in code.split(";")]
    exec("\n".join(before), names)  # noqa: S102 - what the reader writes
    written = re.match(r"(\w+)(?:\[.*?\])? *[-+*/]?= *[^=]", last)
    if written:
        exec(last, names)  # noqa: S102
        return names[written[1]]
    return eval(last, names)  # noqa: S307


def check_line_works(code: str) -> None:
    """The line gives NumPy's value on a tensor, and its gradient is the one of differences."""

    def weighted(value: Any) -> Any:
        return np.sum(value * np.cos(np.arange(np.size(value)).reshape(np.shape(value))))

    def plain(x: np.ndarray) -> np.ndarray:
        return weighted(np.asarray(run(code, x.copy(), lambda v: v)))

    x = PLACE["x"]
    # Times 1: in the middle of a computation, where a line stands, and not a leaf.
    value, pullback = ag.vjp(lambda t: weighted(run(code, t * 1.0, ag.Tensor)), x)
    assert_allclose(value, plain(x), rtol=1e-13)
    h = 1e-6
    numeric = [(plain(x + d) - plain(x - d)) / (2 * h) for d in h * np.eye(4)]
    (gradient,) = pullback(1.0)
    assert_allclose(gradient, numeric, rtol=1e-6, atol=1e-8, err_msg=code)
    assert np.any(gradient)


TABLE = rows("README.md")


def test_both_tables_have_the_same_lines() -> None:
    assert rows("README.zh.md") == TABLE
    assert len([cure for _, cure in TABLE if not cure]) >= 8
    assert len([cure for _, cure in TABLE if cure]) >= 8


@pytest.mark.parametrize("line", [line for line, cure in TABLE if not cure])
def test_a_line_that_works_works(line: str) -> None:
    check_line_works(line)


@pytest.mark.parametrize(("line", "cure"), [(line, cure) for line, cure in TABLE if cure])
def test_a_line_with_a_cure_raises_and_the_cure_works(line: str, cure: str) -> None:
    def tracked(value: np.ndarray) -> ag.Tensor:
        return ag.Tensor(value, requires_grad=True) * 1.0

    with pytest.raises((TypeError, RuntimeError, ValueError)) as raised:
        run(line, tracked(PLACE["x"]), tracked)
    # `arr[0] = t` is NumPy's own error, raised from ours.
    message = str(raised.value.__cause__ or raised.value)
    assert re.search(r"write |to read the value: |ag\.rule\(", message, re.IGNORECASE), message
    before = run(line, PLACE["x"].copy(), lambda value: value)
    if ".detach()" in cure or ".item()" in cure:  # to read a value: no derivative is wanted
        assert_allclose(run(cure, tracked(PLACE["x"]), tracked), before, rtol=1e-13)
        return
    assert_allclose(np.asarray(run(cure, PLACE["x"].copy(), lambda v: v)), before, rtol=1e-13)
    check_line_works(cure)


def test_the_pictures_are_what_the_programs_draw(tmp_path: Path) -> None:
    maker = ROOT / "docs" / "make_pictures.py"
    subprocess.run([sys.executable, maker, tmp_path], check=True, env=ENVIRONMENT)

    def words(path: Path) -> set[str]:
        shown = re.findall(r">([^<]+)</(?:text|tspan)>", path.read_text("utf-8"))
        return {word for line in shown for word in html.unescape(line).split()}

    for picture in tmp_path.iterdir():
        assert words(picture) == words(ROOT / "docs" / picture.name)


def test_an_operation_is_added_in_the_two_lines_of_contributing() -> None:
    program = """
import numpy as np, autograd_mini as ag
from autograd_mini.op import rule
{rule}
print(np.allclose(ag.grad(np.cbrt)(8.0), 1 / 12))
print(np.allclose(ag.grad(ag.grad(np.cbrt))(8.0), -2 / 9 / 8 ** (5 / 3)))
"""
    (two_lines,) = blocks("CONTRIBUTING.md", "python")
    assert len(two_lines.splitlines()) == 2
    done = subprocess.run(
        [sys.executable, "-c", program.format(rule=two_lines)],
        capture_output=True,
        check=True,
        env=ENVIRONMENT,  # a process of its own: the table of operations only grows
        text=True,
    )
    assert done.stdout.split() == ["True", "True"]


COMMANDS = sorted(set(re.findall(r"`autograd-mini ([^`]+)`", text("README.md"))))


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_text_runs(command: str, tmp_path: Path) -> None:
    assert command in text("README.zh.md")
    solution = ROOT / "examples" / "exercises" / "solutions" / "3_lambda.py"
    shutil.copy(solution, tmp_path / "student.py")  # what the text calls the reader's own
    subprocess.run(
        [sys.executable, "-m", "autograd_mini", *shlex.split(command)],
        capture_output=True,
        check=True,
        cwd=tmp_path,
        env=ENVIRONMENT,
    )


def test_the_examples_are_all_listed() -> None:
    for example in sorted((ROOT / "examples").glob("[0-9]*.py")):
        assert f"examples/{example.name}" in text("README.md")
        assert f"examples/{example.name}" in text("README.zh.md")


@both
def test_every_public_name_is_found_from_the_readme(readme: str) -> None:
    shown = set(re.findall(r"\bag\.(\w+)", text(readme)))
    assert {*ag.__all__, "plots"} <= shown, {*ag.__all__} - shown


@both
def test_the_number_of_functions_with_a_derivative_is_the_registry_s(readme: str) -> None:
    (quoted,) = map(int, re.findall(r"\b(\d+) (?:functions of NumPy|个函数可以求导)", text(readme)))
    (version,) = re.findall(r"NumPy (\d+\.\d+) (?:and of|和) `scipy", text(readme))
    counts = rule_coverage.table().values()
    counted = sum(count[row] for count in counts for row in rule_coverage.ROWS[:2])
    if np.__version__.startswith(f"{version}."):
        assert quoted == counted
    else:  # another NumPy has a few functions more or fewer
        assert abs(quoted - counted) <= 10
