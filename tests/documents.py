"""What the tests of documents share: running their programs, reading their headings and links."""

from __future__ import annotations

import ast
import contextlib
import io
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from docs.document import PYTHON, said

ROOT = Path(__file__).parent.parent
FENCE = re.compile(r"^```.*?^```\n?", re.DOTALL | re.MULTILINE)


def check_programs(programs: Iterable[str], document: str) -> dict[str, Any]:
    """Run programs as one session, as a reader pastes them; each prints what it says."""
    names: dict[str, Any] = {}
    for program in programs:
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(program, document, "exec"), names)  # noqa: S102 - what the reader does
        printed = [line.rstrip() for line in out.getvalue().splitlines()]
        assert printed == said(program), program
    return names


def prose(text: str) -> str:
    """Return a document without its fenced blocks."""
    return FENCE.sub("", text)


def headings(text: str) -> list[tuple[int, str]]:
    """Return (level, words) of every heading."""
    found = re.findall(r"^(#+) (.+)$", prose(text), re.MULTILINE)
    return [(len(marks), words) for marks, words in found]


def anchor(heading: str) -> str:
    """Return what a link to a heading is called where the repository is shown."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def sections(text: str) -> Iterator[tuple[str, str]]:
    """Yield (heading, everything up to the next heading of any level)."""
    programs = [block.span() for block in PYTHON.finditer(text)]
    starts = [
        found
        for found in re.finditer(r"^#+ (.+)$", text, re.MULTILINE)
        if not any(start < found.start() < end for start, end in programs)
    ]
    for k, found in enumerate(starts):
        end = starts[k + 1].start() if k + 1 < len(starts) else len(text)
        yield found[1], text[found.end() : end]


def links(text: str) -> list[str]:
    """Return where the links and pictures of a document lead."""
    found = re.findall(r"\]\(([^)]+)\)|src=\"([^\"]+)\"", prose(text))
    return [one or other for one, other in found]


def names_of_tests(path: Path) -> set[str]:
    """Return the names of the tests in a file."""
    tree = ast.parse(path.read_text("utf-8"))
    return {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)}
