"""`Picture`: what `ag.draw` returns, in every format."""

from __future__ import annotations

import os
import webbrowser
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Final

from .dot import to_dot
from .frames import save_frames
from .jsons import to_json
from .mermaid import to_mermaid
from .model import Diagram
from .opened import Whole
from .page import to_html
from .render import render
from .svg import to_svg
from .text import to_text
from .touch import touchable

__all__ = ["EXPORTERS", "Picture"]

MOST_SHOWN: Final = 2_000
"""Shapes of a picture that a notebook shows as one: more take long, and nobody can read them."""
MOST_LINES: Final = 400


def _for_page(diagram: Diagram) -> Diagram:
    """Return the diagram as the page wants it, which has its own arrows and legend."""
    return replace(diagram, arrows="forward", legend=False)


EXPORTERS: Final[dict[str, Callable[[Diagram], bytes]]] = {
    ".html": lambda diagram: to_html(_for_page(diagram)).encode(),
    ".svg": lambda diagram: render(diagram, "svg"),
    ".png": lambda diagram: render(diagram, "png"),
    ".pdf": lambda diagram: render(diagram, "pdf"),
    ".dot": lambda diagram: to_dot(diagram).encode(),
    ".mmd": lambda diagram: to_mermaid(diagram).encode(),
    ".json": lambda diagram: to_json(diagram).encode(),
    ".txt": lambda diagram: to_text(diagram).encode(),
}
"""A format a file name may end in, and what makes its bytes of a diagram."""


class Picture:
    """A drawing, shown by notebooks by itself.

    Attributes
    ----------
    diagram
        The plain data that every format is made from.
    """

    def __init__(self, diagram: Diagram, whole: Callable[[], Whole] | None = None) -> None:
        self.diagram = diagram
        self._whole = whole

    @cached_property
    def dot(self) -> str:
        """The picture in Graphviz's language: the same graph, the same text."""
        return to_dot(self.diagram)

    @cached_property
    def text(self) -> str:
        """The picture as a listing for a terminal."""
        return to_text(self.diagram)

    def html(self) -> str:
        """Return the page: the picture to explore, to play and to touch; folds and scopes open.

        Until the picture is gone, the graph it shows is kept for this.
        """
        if self._whole is None:
            return to_html(_for_page(self.diagram))
        whole, program = touchable(self._whole())
        shown = replace(whole.diagram, theme=self.diagram.theme)
        return to_html(replace(whole, diagram=shown), program)

    def svg(self) -> str:
        """Return the picture as SVG, drawn by the best engine of this machine."""
        return EXPORTERS[".svg"](self.diagram).decode()

    def png(self) -> bytes:
        """Return the picture as the bytes of a PNG file.

        Raises
        ------
        RuntimeError
            When neither graphviz-pure nor a `dot` is here.
        """
        return EXPORTERS[".png"](self.diagram)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the picture into a file and return its path; the suffix says the format.

        The file is written beside its place and then renamed: it is whole, or as it was. A folder
        ("steps/", or one that is there) gets a picture of each step of the backward pass instead:
        step-01.svg, step-01.png and so on.

        Raises
        ------
        ValueError
            For a suffix that no format has; for steps of what has no gradients.
        FileNotFoundError
            When the folder is not there.
        """
        target = Path(path)
        if os.fspath(path).endswith(("/", os.sep)) or target.is_dir():
            return save_frames(self.diagram, target)
        exporter = EXPORTERS.get(target.suffix.lower())
        if exporter is None:
            raise ValueError(
                f"can not draw into {target.name!r}: its suffix is {target.suffix or 'missing'!r}; "
                f"end the name in one of {', '.join(EXPORTERS)}"
            )
        if not target.parent.is_dir():
            raise FileNotFoundError(
                f"{target.name!r} can not be saved in {str(target.parent)!r}, which is no folder; "
                "make it first"
            )
        is_page = target.suffix.lower() == ".html"
        drawn = self.html().encode() if is_page else exporter(self.diagram)
        beside = target.with_name(f"{target.name}.{os.getpid()}.part")
        try:
            beside.write_bytes(drawn)
            beside.replace(target)
        finally:
            with suppress(OSError):
                beside.unlink(missing_ok=True)
        return target

    def show(self) -> Path:
        """Open the page in a browser and return its path, in a new folder for temporary files."""
        path = self.save(Path(mkdtemp(prefix="autograd_mini-")) / "picture.html")
        webbrowser.open(path.as_uri())
        return path

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """Return what a notebook shows: the picture, or its listing where there is but text.

        It does not raise, and is bounded: of a picture drawn without a budget a part of the listing
        is shown.
        """
        forms = {"text/plain": _beginning(self.text)}
        if len(self.diagram.vertices) <= MOST_SHOWN:
            forms["image/svg+xml"] = self._drawn()
        return forms

    def _repr_svg_(self) -> str | None:
        return self._repr_mimebundle_().get("image/svg+xml")

    def _drawn(self) -> str:
        """Return the SVG, laid out by ourselves when the engine fails."""
        try:
            return self.svg()
        except Exception:  # a notebook would show a traceback in the place of the picture
            return to_svg(self.diagram)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        shapes, arrows = len(self.diagram.vertices), len(self.diagram.edges)
        return f"<Picture of {shapes} shapes and {arrows} arrows; .svg(), .save('f.svg'), .text>"


def _beginning(text: str) -> str:
    lines = text.splitlines()
    if len(lines) <= MOST_LINES:
        return text
    left = f"… {len(lines) - MOST_LINES:,} more lines: print(picture.text)"
    return "\n".join([*lines[:MOST_LINES], left])
