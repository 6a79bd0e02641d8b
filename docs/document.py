"""A document as cells: what the scripts that make pictures and notebooks share with the tests.

A document is Markdown. Its Python blocks, run from top to bottom, are one session; what a cell
prints is said in it, behind a `print` or in the comment lines right below.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

PYTHON = re.compile(r"^```python\n(.*?)^```\n?", re.DOTALL | re.MULTILINE)
PRINT = re.compile(r"(\s*print\(.*?\))(?:\s+# (.*))?$")


def blocks(text: str, language: str) -> list[str]:
    """Return the fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def cells(text: str) -> Iterator[tuple[str, str]]:
    """Yield ("markdown", text) and ("python", program), in order."""
    end = 0
    for block in PYTHON.finditer(text):
        yield "markdown", text[end : block.start()]
        yield "python", block[1]
        end = block.end()
    yield "markdown", text[end:]


def pictures(text: str) -> list[tuple[str, str]]:
    """Return (what it shows, file) of every picture."""
    return re.findall(r"!\[([^\]]+)\]\(([^)]+)\)", text)


def said(block: str) -> list[str]:
    """Return what a cell claims to print, line by line."""
    return [output for _, outputs in _lines(block) for output in outputs]


def program(block: str) -> str:
    """Return a cell without what it claims to print."""
    return "\n".join(line for line, _ in _lines(block) if line is not None)


def _lines(block: str) -> Iterator[tuple[str | None, list[str]]]:
    below = False
    for line in block.rstrip().splitlines():
        if printed := PRINT.match(line):
            yield printed[1], [printed[2].rstrip()] if printed[2] else []
            below = True
        elif below and (line == "#" or line.startswith("# ")):
            yield None, [line[2:].rstrip()]
        else:
            yield line, []
            below = False
