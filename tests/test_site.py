"""The documentation as a whole: its pages run, miss no name, and load nothing from elsewhere.

The site itself is built by `.ci/run`, warnings as errors; the build fails as well when a page would
fetch something.
"""

from __future__ import annotations

import inspect
import re
from importlib import import_module
from pathlib import Path

import pytest

import autograd_mini as ag
from autograd_mini import closed_form, nn, plots, testing
from autograd_mini.cli import COMMANDS
from autograd_mini.optimisers import OPTIMISERS
from docs.document import blocks
from docs.offline import loaded_from_elsewhere
from tests.documents import ROOT, check_programs, links
from tests.test_house import SHELF

REFERENCE = ROOT / "docs" / "reference"
PLACED = re.compile(r"^\.\. auto(?:function|class):: autograd_mini\.([\w.]+)$", re.MULTILINE)
WHOLE = re.compile(r"^\.\. automodule:: autograd_mini\.([\w.]+)\n   :members:\n", re.MULTILINE)


def read(*names: str) -> str:
    return "\n".join((ROOT / name).read_text("utf-8") for name in names)


def reference() -> str:
    return "\n".join(path.read_text("utf-8") for path in sorted(REFERENCE.glob("*.md")))


def test_how_it_works_runs_and_prints_what_it_says() -> None:
    check_programs(blocks(read("docs/how_it_works.md"), "python"), "how_it_works.md")


def test_the_results_run_and_print_what_they_say() -> None:
    check_programs(blocks(read("docs/results.md"), "python"), "results.md")


def test_the_page_on_the_compiler_runs_and_prints_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = blocks(read("docs/compiler.md"), "python")
    monkeypatch.chdir(tmp_path)
    check_programs(programs, "compiler.md")


def test_the_page_on_training_runs_and_prints_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = blocks(read("docs/training.md"), "python")
    monkeypatch.chdir(tmp_path)
    check_programs(programs, "training.md")


def test_how_it_works_speaks_of_every_file_of_the_shelf() -> None:
    """By the README's list, which it includes between two sentences, or in its own words."""
    text, readme = read("docs/how_it_works.md"), read("README.md")
    start, end = re.findall(r':(?:start-after|end-before): "(.+)"', text)
    listed = readme.split(start)[1].split(end)[0]
    for name in SHELF:
        assert f"autograd_mini/{name}" in listed, name


def test_every_text_that_is_included_is_there() -> None:
    """A marker that is nowhere would include nothing, or everything."""
    for page in [*(ROOT / "docs").glob("*.md")]:
        text = page.read_text("utf-8")
        for file, options in re.findall(r"include\} (\S+)\n((?::.*\n)*)", text):
            source = (page.parent / file).read_text("utf-8")
            for marker in re.findall(r':(?:start-after|end-before): "(.+)"', options):
                assert marker.replace(r"\"", '"') in source, f"{page.name}: {marker}"


def test_every_public_name_is_in_the_reference() -> None:
    text = reference()
    placed, whole = {*PLACED.findall(text)}, {*WHOLE.findall(text)}
    wanted = {*ag.__all__} - {"nn", "closed_form"}
    wanted |= {f"nn.{name}" for name in nn.__all__} - {"nn.gates"}
    assert wanted - placed == set()
    for name in placed - wanted:  # of the rooms behind them
        room, _, own = name.rpartition(".")
        assert getattr(import_module(f"autograd_mini.{room}"), own).__doc__, name
    assert whole == {"closed_form", "plots", "testing"}  # each name of their __all__
    for module in (closed_form, plots, testing):
        for name in module.__all__:
            assert getattr(module, name).__doc__, name


def test_signatures_that_the_reference_writes_out_are_right() -> None:
    """Those of optimisers, which are no plain functions; the site's builder can not read them."""
    written = re.findall(
        r"autofunction:: autograd_mini\.optimisers\.(\w+)(\(.*\))$", reference(), re.MULTILINE
    )
    assert {name.replace("_", "-") for name, _ in written} == {*OPTIMISERS}
    for name, text in written:
        signature = inspect.signature(OPTIMISERS[name.replace("_", "-")])
        plain = [p.replace(annotation=p.empty) for p in signature.parameters.values()]
        assert str(inspect.Signature(plain)) == text


def test_every_sub_command_is_in_the_reference() -> None:
    text = read("docs/reference/command.md")
    named = re.findall(r"^```\{command-help\} ?(\w*)$", text, re.MULTILINE)
    modules = {module.__name__.rpartition(".")[2] for module in COMMANDS}
    assert {*named} - {""} == {"draw" if name == "pictures" else name for name in modules}


@pytest.mark.parametrize(
    ("text", "loads"),
    [
        ('<a class="x" href="https://example.org/">', False),
        ('<link rel="canonical" href="https://example.org/">', False),
        ('<svg xmlns="http://www.w3.org/2000/svg">', False),
        ('<script src="_static/a.js"></script>', False),
        ('<img src="data:image/png;base64,//8=">', False),
        ("a { background: url(data:image/svg+xml;base64,PHN2//) }", False),
        ('<script defer src="https://example.org/a.js">', True),
        ("<script src=//example.org/a.js>", True),
        ('<link href="https://example.org/a.css" rel="stylesheet">', True),
        ('<img alt="" src="http://example.org/a.png">', True),
        ('<image xlink:href="https://example.org/a.png">', True),
        ("@font-face { src: url('https://example.org/a.woff2') }", True),
        ("@import 'https://example.org/a.css';", True),
    ],
)
def test_what_is_loaded_from_elsewhere_is_found(text: str, loads: bool) -> None:
    assert bool(loaded_from_elsewhere(text)) is loads


def test_no_picture_loads_anything() -> None:
    pictures = [*(ROOT / "docs").rglob("*.svg")]
    assert len(pictures) > 50
    for picture in pictures:
        assert not loaded_from_elsewhere(picture.read_text("utf-8")), picture


def test_llms_txt_is_true(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = read("llms.txt")
    check_programs(blocks(text, "python"), "llms.txt")
    found = links(text)
    assert len(found) >= 8
    for link in found:
        assert (ROOT / link).exists(), link
    assert len(text) < 3_000
