"""Draw the note's pictures, each from what the cells above it have computed.

Run it with `python docs/make_note.py [folder, docs/note by default]`.
"""

from __future__ import annotations

import contextlib
import io
import sys
from pathlib import Path
from typing import Any

import note_backprop
import note_cost
import note_model
from document import cells, pictures

DOCS = Path(__file__).parent
FIGURES = note_model.FIGURES | note_cost.FIGURES | note_backprop.FIGURES


def main(folder: Path) -> None:
    names: dict[str, Any] = {}
    folder.mkdir(exist_ok=True)
    for kind, text in cells((DOCS / "note.en.md").read_text("utf-8")):
        if kind == "python":
            with contextlib.redirect_stdout(io.StringIO()):
                exec(text, names)  # noqa: S102 - our own document
            continue
        for _, path in pictures(text):
            drawn = FIGURES[Path(path).stem](names)
            (folder / Path(path).name).write_text(drawn, "utf-8", newline="\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else DOCS / "note")
