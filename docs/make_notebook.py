"""Make notebooks of the note: the same text, cells, outputs and pictures.

Run it with `python docs/make_notebook.py [folder, examples by default]`. The outputs are those that
the note says, so nothing is executed here; the tests execute the notebook and compare.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

from document import cells, program, said

DOCS = Path(__file__).parent
NOTEBOOKS = {"note.en.md": "00_note.ipynb", "note.zh.md": "00_note.zh.ipynb"}
# A link inside the text: a notebook names its headings in another way.
INSIDE = re.compile(r"\[([^\]]+)\]\(#[^)]+\)")
# A link to a neighbour of the document.
BESIDE = re.compile(r"\]\((?!\.\./|https:)")


def notebook(document: Path) -> dict[str, Any]:
    """Return the notebook of a document, as nbformat 4.5 has it."""
    made: list[dict[str, Any]] = []
    for kind, text in cells(document.read_text("utf-8")):
        if text.strip():
            cell = _text(text.strip()) if kind == "markdown" else _code(text, 1 + _codes(made))
            made.append({"id": f"cell-{len(made) + 1}", **cell})
    python = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": python, "language_info": {"name": "python"}}
    return {"cells": made, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def _codes(made: list[dict[str, Any]]) -> int:
    return sum(cell["cell_type"] == "code" for cell in made)


def _text(text: str) -> dict[str, Any]:
    text = INSIDE.sub(r"\1", text)
    text = BESIDE.sub("](../docs/", text).replace("](../examples/", "](")
    return {"cell_type": "markdown", "metadata": {}, "source": text.splitlines(keepends=True)}


def _code(block: str, count: int) -> dict[str, Any]:
    printed = "".join(f"{line}\n" for line in said(block)).splitlines(keepends=True)
    return {
        "cell_type": "code",
        "execution_count": count,
        "metadata": {},
        "outputs": [{"name": "stdout", "output_type": "stream", "text": printed}] * bool(printed),
        "source": program(block).splitlines(keepends=True),
    }


def main(folder: Path) -> None:
    for document, name in NOTEBOOKS.items():
        text = json.dumps(notebook(DOCS / document), ensure_ascii=False, indent=1, sort_keys=True)
        (folder / name).write_text(text + "\n", "utf-8", newline="\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else DOCS.parent / "examples")
