"""Draw the gallery's pictures, each from what the cells above it have computed.

Run it with `python docs/make_gallery.py [folder, docs/gallery by default]`.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from document import cells, pictures

from autograd_mini.drawing import Picture

DOCS = Path(__file__).parent


def main(folder: Path) -> None:
    names: dict[str, Any] = {}
    folder.mkdir(exist_ok=True)
    above = ""
    for kind, text in cells((DOCS / "gallery.md").read_text("utf-8")):
        if kind == "python":
            padded = "\n" * (above.count("\n") + 1) + text  # so that lines are the document's own
            exec(compile(padded, "gallery.md", "exec"), names)  # noqa: S102 - our own document
            above += f"```python\n{text}```\n"
            continue
        above += text
        for _, path in pictures(text):
            drawn = replace(names["picture"].diagram, theme="auto")
            Picture(drawn).save(folder / Path(path).name)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else DOCS / "gallery")
