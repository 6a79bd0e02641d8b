"""The lesson plan: its programs run, its exercise is diagnosed as it says, in both languages."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograd_mini.cli import main
from autograd_mini.testing import diagnose
from docs.document import blocks
from tests.documents import ROOT, anchor, check_programs, headings, links

LESSONS = {"en": "classroom.md", "zh": "classroom.zh.md"}
both = pytest.mark.parametrize("lang", LESSONS)
PLANTED = re.compile(r"^\| `((?:delta|D)[^`]+)` \| (.+) \|$", re.MULTILINE)


def text(lang: str) -> str:
    return (ROOT / "docs" / LESSONS[lang]).read_text("utf-8")


def skeleton_and_solution(lang: str) -> tuple[str, str]:
    _, skeleton, lines = blocks(text(lang), "python")
    solved = skeleton
    for line in lines.splitlines():
        name = line.split(" = ")[0]
        solved = solved.replace(f"{name} = ...", line)
    return skeleton, solved


def with_line(solved: str, line: str) -> str:
    """Put a line in place of the one that begins alike."""
    start = re.match(r"delta\d =|D = |D\[l\]", line)
    assert start is not None
    (own,) = [own for own in solved.splitlines() if own.strip().startswith(start[0])]
    return solved.replace(own.strip(), line)


def test_both_languages_have_the_same_programs_commands_and_mistakes() -> None:
    english, chinese = text("en"), text("zh")
    for language in ("python", "sh"):
        assert blocks(english, language) == blocks(chinese, language)
    assert [line for line, _ in PLANTED.findall(english)] == [
        line for line, _ in PLANTED.findall(chinese)
    ]
    assert [level for level, _ in headings(english)] == [level for level, _ in headings(chinese)]
    assert len(links(english)) == len(links(chinese))


@both
def test_the_page_of_the_lesson_is_written(
    lang: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    check_programs(blocks(text(lang), "python")[:1], LESSONS[lang])
    assert "</html>" in (tmp_path / "lesson.html").read_text("utf-8")


@both
def test_the_solution_is_right_and_the_skeleton_is_refused_in_one_line(
    lang: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    command, *arguments = shlex.split(blocks(text(lang), "sh")[-1])
    assert command == "autograd-mini"
    skeleton, solved = skeleton_and_solution(lang)
    (tmp_path / "student.py").write_text(solved, "utf-8")
    assert main(arguments) == 0
    assert "✓" in capsys.readouterr().out
    (tmp_path / "student.py").write_text(skeleton, "utf-8")
    assert main(arguments) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


@both
def test_the_commonest_mistake_is_answered_as_printed(
    lang: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    _, solved = skeleton_and_solution(lang)
    planted = with_line(solved, "delta2 = delta3 @ theta[2][:, 1:]")
    (tmp_path / "student.py").write_text(planted, "utf-8")
    assert main(["check", "--against", "student.py", "--lang", lang]) == 1
    (answer,) = blocks(text(lang), "text")
    assert answer in capsys.readouterr().out


@pytest.mark.parametrize(
    ("lang", "line", "name"),
    [(lang, *row) for lang in LESSONS for row in PLANTED.findall(text(lang))],
)
def test_a_planted_mistake_is_named_as_the_table_says(lang: str, line: str, name: str) -> None:
    _, solved = skeleton_and_solution(lang)
    names: dict[str, Any] = {}
    exec(with_line(solved, line), names)  # noqa: S102 - our own exercise
    rng = np.random.default_rng(0)
    theta = [rng.normal(size=(5, 4)), rng.normal(size=(3, 6))]
    X, Y = rng.normal(size=(7, 3)), np.eye(3)[rng.integers(0, 3, 7)]
    found = diagnose(names["gradients"], theta, X, Y, 3.0, lang=lang)
    assert not found.right
    assert len(found.answers) == 1
    assert name in str(found).splitlines()[0]


def test_every_row_of_the_table_is_tried() -> None:
    assert len(PLANTED.findall(text("en"))) == text("en").count("\n| `") == 8


@both
def test_the_offline_recipe_names_what_the_package_needs(lang: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    needed = [*project["dependencies"], *project["optional-dependencies"]["plot"]]
    names = {re.split(r"[<>=;\s]", need, maxsplit=1)[0] for need in needed}
    lines = "\n".join(blocks(text(lang), "sh")).splitlines()
    (download,) = [shlex.split(line) for line in lines if " download " in line]
    # What tqdm needs on Windows is asked for by a marker, which is read on the machine at hand.
    assert names | {"colorama"} == set(download[download.index("3.12") + 1 :])
    (install,) = [line for line in lines if " install " in line]
    assert "--no-index" in install


@both
def test_every_link_leads_somewhere(lang: str) -> None:
    for link in links(text(lang)):
        name, _, place = link.partition("#")
        path = ROOT / "docs" / name
        assert path.exists(), link
        if place:
            assert place in {anchor(words) for _, words in headings(path.read_text("utf-8"))}, link
