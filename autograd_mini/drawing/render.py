"""From a `Diagram` to SVG, PNG and PDF, with whatever engine this machine has.

The engines, first come first used: what the environment variable AUTOGRAD_MINI_DOT names (a program
that speaks as `dot` does, or "built-in"); graphviz-pure, which pip installs beside us; a system
`dot`; the built-in layout, which needs nothing and draws SVG only. A PDF takes a `dot`.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sysconfig
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

from .arrows import prepared
from .dot import to_dot
from .fonts import complaint, uncovered, without_font
from .model import Diagram
from .style import FONTS
from .svg import to_svg
from .themes import themed_svg
from .tiles import with_tiles

__all__ = ["Engine", "describe_engine", "engines", "render"]

VARIABLE: Final = "AUTOGRAD_MINI_DOT"
BUILT_IN: Final = "built-in"
SYSTEM: Final = "system dot"
TIME_LIMIT: Final = 120.0
RESOLUTION: Final = 120
MADE: Final = re.compile(rb"(/CreationDate \(D:)\d{14}")
"""When a PDF was made. Graphviz' library writes it, whatever SOURCE_DATE_EPOCH says."""
MOST_SHAPES: Final = 2_000
"""Measured: Graphviz takes 7 s for 2,000 and 44 s for 5,000, and nobody can read them."""

Format = Literal["svg", "png", "pdf"]


@dataclass(frozen=True, slots=True)
class Engine:
    """A way to lay a diagram out."""

    name: str
    program: str = ""
    """Where it is; empty: it is ours."""

    @property
    def is_pure(self) -> bool:
        """Whether it is graphviz-pure, which has a font of its own and knows no other."""
        return Path(self.program).stem == "graphviz-pure"


def engines() -> Iterator[Engine]:
    """Yield the engines of this machine, the one to be used first.

    Raises
    ------
    FileNotFoundError
        When AUTOGRAD_MINI_DOT names a program that is not there.
    """
    named = os.environ.get(VARIABLE, "")
    if named and named != BUILT_IN:
        program = shutil.which(named)
        if program is None:
            raise FileNotFoundError(
                f"{VARIABLE} is {named!r}, which is no program here; set it to the path of a `dot` "
                f'or of graphviz-pure, to "{BUILT_IN}", or unset it'
            )
        yield Engine(Path(program).stem, program)
    elif not named:
        if program := _graphviz_pure():
            yield Engine("graphviz-pure", program)
        if program := shutil.which("dot"):
            yield Engine(SYSTEM, program)
    yield Engine(BUILT_IN)


def describe_engine() -> str:
    """Return which engine draws and its version, in a line, for `autograd-mini doctor`."""
    engine = next(engines())
    if not engine.program:
        return f"{BUILT_IN} layout (SVG only; pip install graphviz-pure for PNG)"
    return f"{engine.name} {_version(engine)} ({engine.program})"


def render(diagram: Diagram, kind: Format) -> bytes:
    """Return the picture as the bytes of an SVG, PNG or PDF file.

    Raises
    ------
    ValueError
        When there is too much to lay out.
    RuntimeError
        When a PNG or PDF is asked for and no engine of this machine draws one.
    """
    if len(diagram.vertices) > MOST_SHAPES:
        raise ValueError(
            f"{len(diagram.vertices):,} shapes are too many to lay out (at most {MOST_SHAPES:,}); "
            "draw with a budget, such as budget=60, or save as .dot or .txt"
        )
    if kind == "svg" and diagram.direction == "right":  # its places are ours, whoever draws
        return themed_svg(to_svg(diagram), diagram.theme).encode()
    problem = ""
    light = replace(diagram, theme="light")
    for engine in _with_letters(list(engines()), diagram, kind):
        if problem:
            warnings.warn(f"{problem}; drawn with {engine.name} instead", RuntimeWarning, 4)
        if not engine.program:
            break
        if kind == "pdf" and engine.is_pure:
            continue  # it has no such format
        try:
            if kind != "svg":
                return _run(engine, to_dot(diagram), kind)
            drawn = _run(engine, to_dot(light, with_rooms=True), kind).decode()
            return themed_svg(with_tiles(drawn, prepared(light).vertices), diagram.theme).encode()
        except (ImportError, OSError, subprocess.SubprocessError, RuntimeError) as error:
            problem = f"{engine.name} failed: {error}"
    if kind == "svg":
        return themed_svg(to_svg(diagram), diagram.theme).encode()
    if kind == "pdf":
        raise RuntimeError(
            f"a PDF needs Graphviz's `dot` ({problem or 'it is not here'}); install it (apt "
            "install graphviz, brew install graphviz), or save as .svg, which always works"
        )
    raise RuntimeError(
        f"a PNG needs graphviz-pure or Graphviz's `dot` ({problem or 'neither is here'}); "
        "pip install graphviz-pure, or save as .svg, which always works"
    )


def _with_letters(found: list[Engine], diagram: Diagram, kind: Format) -> list[Engine]:
    """Return the engines in the order to use: for letters that one lacks, another comes first."""
    drawers = [engine for engine in found if engine.program]
    letters = uncovered(to_dot(diagram)) if kind != "svg" and drawers else []
    if not letters:
        return found
    able = [engine for engine in drawers if not engine.is_pure]
    missing = without_font(letters) if able else letters
    if missing:
        warnings.warn(complaint(missing, kind), RuntimeWarning, 5)
    if missing == letters:
        return found
    return [*able, *(engine for engine in found if engine not in able)]


def _graphviz_pure() -> str | None:
    """Return the program pip installed, also in an environment that is not activated."""
    folders = [sysconfig.get_path("scripts")]
    if (user := f"{os.name}_user") in sysconfig.get_scheme_names():
        folders.append(sysconfig.get_path("scripts", user))
    found = shutil.which("graphviz-pure")
    return found or shutil.which("graphviz-pure", path=os.pathsep.join(folders))


def _run(engine: Engine, dot: str, kind: Format) -> bytes:
    if kind == "png":
        dot = dot.replace("{", f"{{\n  dpi={RESOLUTION};", 1)
    if engine.name == SYSTEM and kind != "pdf":
        import graphviz

        drawn: bytes = graphviz.pipe("dot", kind, dot.encode(), quiet=True)
    else:
        drawn = _program([engine.program, "-Kdot", f"-T{kind}"], dot)
    if kind == "pdf":
        return MADE.sub(b"\\g<1>19700101000000", drawn)  # no longer, nor shorter
    return _finished(drawn.decode()).encode() if kind == "svg" else drawn


def _program(command: list[str], dot: str) -> bytes:
    """Run a program that reads DOT. What it says of letters it can not measure is no error."""
    done = subprocess.run(
        command,
        input=dot.encode(),
        capture_output=True,
        timeout=TIME_LIMIT,
        check=False,
    )
    if done.returncode or not done.stdout:
        told = done.stderr.decode(errors="replace").strip().splitlines()
        raise RuntimeError(f"exit status {done.returncode}, {told[-1] if told else 'no output'}")
    return done.stdout


def _finished(svg: str) -> str:
    """Return the SVG without its prologue (a page may hold it) and with fonts to fall back to.

    No text can look like the attribute that is replaced: a quote in a text is written &quot;.
    """
    svg = svg[svg.index("<svg") :]
    return re.sub(r'font-family="(Helvetica|Courier)[^"]*"', _fonts, svg)


def _fonts(match: re.Match[str]) -> str:
    return f'font-family="{FONTS[match[1]]}"'


def _version(engine: Engine) -> str:
    try:
        done = subprocess.run(
            [engine.program, "-V"], capture_output=True, timeout=TIME_LIMIT, check=False
        )
    except (OSError, subprocess.SubprocessError) as error:
        return f"does not run: {error}"
    found = re.search(r"version (\S+)", (done.stdout + done.stderr).decode(errors="replace"))
    return found[1] if found else "of unknown version"
