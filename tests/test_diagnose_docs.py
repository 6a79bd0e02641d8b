"""docs/diagnosis.md and its Chinese twin are what the catalogue says; the exercises are solved."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from autograd_mini import cli
from autograd_mini.testing.mistakes import CATALOGUE
from autograd_mini.testing.words import LANGUAGES
from tests.students import with_slips

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
DOCUMENTS = {"en": "diagnosis.md", "zh": "diagnosis.zh.md"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The documents and pictures, made anew."""
    folder = tmp_path_factory.mktemp("docs")
    subprocess.run(
        [sys.executable, "-W", "error", DOCS / "make_diagnosis.py", folder], check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}, timeout=100,
    )  # fmt: skip
    return folder


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_catalogue_in_the_documents_is_the_catalogue(lang: str, made: Path) -> None:
    """`python docs/make_diagnosis.py` writes them."""
    name = DOCUMENTS[lang]
    assert (DOCS / name).read_text("utf-8") == (made / name).read_text("utf-8")


def test_every_mistake_has_its_picture(made: Path) -> None:
    keys = {mistake.key for mistake in CATALOGUE}
    assert {path.stem for path in (DOCS / "diagnosis").iterdir()} == keys
    for key in keys:
        picture = Path("diagnosis", f"{key}.svg")
        assert (DOCS / picture).read_bytes() == (made / picture).read_bytes()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_sample_answer_is_the_command_s(
    lang: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("student.py").write_text(with_slips("no_slope", "lam_without_m"), "utf-8")
    text = (DOCS / DOCUMENTS[lang]).read_text("utf-8")
    block = re.compile(r"^```text\n\$ autograd-mini (.*?)\n(.*?)^```", re.DOTALL | re.MULTILINE)
    sample = block.search(text)
    assert sample is not None
    assert cli.main(sample[1].split()) == 1
    said = re.sub(r"\d\.\de-1[4-9]|0\.0e\+00", "1e-16", capsys.readouterr().out)
    assert said.endswith("\n" + sample[2])


def test_both_documents_say_the_same() -> None:
    english, chinese = ((DOCS / name).read_text("utf-8") for name in DOCUMENTS.values())
    for pattern in (r"^#+ ", r"^\* ", r"^\| .*`(\w+)` \|", r"`--\w+`"):
        found = [re.findall(pattern, text, re.MULTILINE) for text in (english, chinese)]
        assert sorted(found[0]) == sorted(found[1]), pattern


# -- the exercises

EXERCISES = ROOT / "examples" / "exercises"
NAMES = sorted(path.stem for path in EXERCISES.glob("*.py"))


def checked(path: Path) -> int:
    """Run the command that stands at the head of an exercise."""
    command = re.search(r"^    autograd-mini (check .*)$", path.read_text("utf-8"), re.MULTILINE)
    assert command is not None
    assert f" {path.relative_to(ROOT).as_posix()}" in command[1]
    try:
        return cli.main(command[1].split())
    except SystemExit as error:
        return int(error.code or 0)


@pytest.mark.parametrize("name", NAMES)
def test_an_exercise_has_something_to_fill_in(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    assert checked(EXERCISES / f"{name}.py") == 2
    assert "the ... is still to be filled in" in capsys.readouterr().err


@pytest.mark.parametrize("name", NAMES)
def test_a_solution_is_right_and_is_the_exercise_filled_in(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    assert checked(EXERCISES / "solutions" / f"{name}.py") == 0
    assert "this is the gradient of J" in capsys.readouterr().out
    texts = [(EXERCISES / where / f"{name}.py").read_text("utf-8") for where in ("", "solutions")]
    programs = [text.split('"""', 2)[2].splitlines() for text in texts]
    for blank, filled in zip(*programs, strict=True):
        assert blank == filled or filled.startswith(blank.split("...")[0]), (blank, filled)
    assert texts[0].count("...") >= 2
    assert "..." not in programs[1]


def test_the_list_of_exercises_is_complete() -> None:
    text = (EXERCISES / "README.md").read_text("utf-8")
    assert sorted(re.findall(r"^\| \[`(\w+)\.py`\]", text, re.MULTILINE)) == NAMES
    assert len(NAMES) == 6
