"""The gallery: its programs run, and draw the pictures that are there, to the byte."""

from __future__ import annotations

import html
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from autograd_mini.drawing import describe_engine
from docs.document import pictures

DOCS = Path(__file__).parent.parent / "docs"
GALLERY = DOCS / "gallery.md"
FILES = [Path(path) for _, path in pictures(GALLERY.read_text("utf-8"))]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("gallery")
    environment = {**os.environ, "PYTHONPATH": str(DOCS.parent), "OPENBLAS_NUM_THREADS": "1"}
    environment.pop("AUTOGRAD_MINI_DOT", None)
    script = DOCS / "make_gallery.py"
    subprocess.run([sys.executable, script, folder], check=True, env=environment)
    return folder


def words(path: Path) -> list[str]:
    shown = re.findall(r">([^<]+)</(?:text|tspan)>", path.read_text("utf-8"))
    return sorted(word for line in shown for word in html.unescape(line).split())


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_picture_is_what_its_program_draws(file: Path, drawn: Path) -> None:
    kept, new = DOCS / file, drawn / file.name
    assert words(new) == words(kept)
    (engine,) = re.findall(r"^(graphviz-pure \S+);", GALLERY.read_text("utf-8"), re.MULTILINE)
    if describe_engine().startswith(f"{engine} "):
        assert new.read_bytes() == kept.read_bytes(), "draw it again: python docs/make_gallery.py"


def test_all_are_shown_once_and_none_is_left_over(drawn: Path) -> None:
    names = [file.name for file in FILES]
    assert sorted(names) == sorted(path.name for path in (DOCS / "gallery").iterdir())
    assert sorted(names) == sorted(path.name for path in drawn.iterdir())
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_picture_is_small_and_follows_the_reader(file: Path) -> None:
    text = (DOCS / file).read_text("utf-8")
    assert len(text) < 80_000
    assert "@media (prefers-color-scheme:dark)" in text
    assert not re.search(r"https?://(?!www\.w3\.org/)", text)
    assert ET.fromstring(text).tag == "{http://www.w3.org/2000/svg}svg"


def test_the_lines_of_a_place_are_those_of_the_document() -> None:
    shown = words(DOCS / "gallery" / "fields.svg")
    lines = GALLERY.read_text("utf-8").splitlines()
    found = {int(word.split(":")[1]) for word in shown if word.startswith("gallery.md:")}
    assert {lines[number - 1].strip()[:3] for number in found} == {"w =", "K ="}
