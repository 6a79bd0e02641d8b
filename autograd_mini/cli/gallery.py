"""Pictures into files: in one format or several, and looked at."""

from __future__ import annotations

import argparse
import sys
import webbrowser
from pathlib import Path
from typing import Any

from ..drawing.picture import Picture
from . import options
from .terminal import Output, shown

__all__ = ["chosen", "paths", "save", "saved"]


def paths(args: argparse.Namespace, name: str) -> list[Path]:
    """Return the files to write: the one that was named, and beside it one of each --format.

    Raises
    ------
    ValueError
        When the name ends in no format and --format names none.
    """
    out: Path | None = args.picture
    if out is not None and out.suffix.lower() in options.SUFFIXES:
        stem, found = out.with_suffix(""), [out]
    elif out is None or args.format:
        stem, found = out or Path(name), []
    else:
        raise ValueError(
            f"can not draw into {shown(out)!r}: end it in {options.or_(options.SUFFIXES)}, "
            "or say --format svg,png"
        )
    beside = [stem.with_name(stem.name + suffix) for suffix in args.format]
    default = [stem.with_name(stem.name + (".html" if args.open else ".svg"))]
    return list(dict.fromkeys([*found, *beside])) or default


def chosen(args: argparse.Namespace) -> dict[str, Any]:
    """Return what `draw` takes of the options that were given."""
    given = {name: getattr(args, name, None) for name in ("fields", "theme", "depth")}
    return {name: value for name, value in given.items() if value is not None}


def save(picture: Picture, files: list[Path]) -> list[Path]:
    """Write a picture into files whose folder is made when it is missing."""
    options.folder_for(files[0].parent)
    return [picture.save(file) for file in files]


def saved(picture: Picture, args: argparse.Namespace, name: str, out: Output) -> list[Path]:
    """Write a picture as the options say, tell where, and open it if that was asked for."""
    files = save(picture, paths(args, name))
    out.item("Saved", ", ".join(map(shown, files)))
    if args.open:
        page = next((file for file in files if file.suffix.lower() == ".html"), files[0])
        if not webbrowser.open(page.resolve().as_uri()):
            told = f"no browser opens here; open {shown(page)} yourself"
            print(f"autograd-mini: note: {told}", file=sys.stderr)
    return files
