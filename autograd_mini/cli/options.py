"""Options that several sub-commands share, and how a command line is read."""

from __future__ import annotations

import argparse
import difflib
import math
import os
import re
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from ..drawing.model import FIELDS, THEMES
from ..drawing.picture import EXPORTERS
from .terminal import one_line, shown

ACTIVATIONS = ("sigmoid", "tanh", "relu", "leaky_relu", "softplus", "identity")
COSTS = {"logistic": "sigmoid", "quadratic": "sigmoid", "softmax": "softmax"}
"""Costs, and the output activation that each of them is paired with."""


SUFFIXES = tuple(EXPORTERS)
MOST_MEMORY = 4 * 2**30
# What other programs call it.
MEANT = {"--lr": "--rate", "--learning-rate": "--rate"}


class Parser(argparse.ArgumentParser):
    """An argument parser that says what is wrong in one line and leaves with status 2."""

    def __init__(self, **settings: Any) -> None:
        settings.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(allow_abbrev=False, **settings)

    def error(self, message: str) -> NoReturn:
        """Print one line and exit with status 2."""
        message = one_line(message)
        print(f"{self.prog}: error: {message}; see {self.prog} --help", file=sys.stderr)
        raise SystemExit(2)

    def refuse(self, unknown: list[str], known: set[str]) -> NoReturn:
        """Say which argument is unknown, and which one was perhaps meant."""
        given = unknown[0]
        name = given.split("=")[0]
        meant = MEANT.get(name)
        # Below 0.75 --bogus would be --out.
        near = [meant] if meant in known else difflib.get_close_matches(name, known, 1, 0.75)
        self.error(f"unknown argument {given!r}" + (f", did you mean {near[0]}?" if near else ""))


def layers(text: str) -> list[int]:
    """Read layer sizes such as 64-25-10 (or 64,25,10)."""
    sizes = re.split(r"[-,x]", text.strip())
    if len(sizes) < 2 or not all(size.isascii() and size.isdigit() for size in sizes):
        raise argparse.ArgumentTypeError(
            f"{text!r} names no layers; write the number of units in each, such as 64-25-10"
        )
    numbers = [int(size) for size in sizes if len(size) < 8]
    if len(numbers) < len(sizes) or min(numbers) < 1 or max(numbers) > 1_000_000:
        raise argparse.ArgumentTypeError(f"{text!r}: a layer has 1 to 1000000 units")
    return numbers


def number(low: float, high: float = math.inf, *, open_below: bool = False) -> Any:
    """Make a reader of finite numbers from `low` to `high`."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value) or not low <= value <= high or (open_below and value == low):
            bounds = f"above {low:g}" if open_below else f"{low:g} or more"
            upper = "" if high == math.inf else f", at most {high:g}"
            raise argparse.ArgumentTypeError(f"{text!r}: give a number {bounds}{upper}")
        return value

    return read


def whole(low: int, high: int = 2**63) -> Any:
    """Make a reader of whole numbers from `low` to `high`."""

    def read(text: str) -> int:
        # Beyond 18 digits int() itself may refuse.
        value = int(text) if re.fullmatch(r"[+-]?[0-9]{1,18}", text.strip()) else None
        if value is None or not low <= value <= high:
            upper = "" if high == 2**63 else f", at most {high}"
            raise argparse.ArgumentTypeError(f"{text!r}: give a whole number, {low} or more{upper}")
        return value

    return read


def path(text: str) -> Path:
    """Read a path; an empty one would silently be the folder one stands in."""
    if not text.strip() or "\0" in text:
        raise argparse.ArgumentTypeError(f"{text!r} is no path; give the name of a file or folder")
    return Path(text)


def picture(text: str) -> Path:
    """Read the path of a picture."""
    file = path(text)
    if file.suffix.lower() not in SUFFIXES:
        raise argparse.ArgumentTypeError(f"can not draw into {text!r}: end it in {or_(SUFFIXES)}")
    return file


def formats(text: str) -> list[str]:
    """Read formats such as svg,png (or .svg), each once."""
    found = [f".{part.strip().lower().removeprefix('.')}" for part in text.split(",")]
    for suffix in found:
        if suffix not in SUFFIXES:
            raise argparse.ArgumentTypeError(
                f"{suffix[1:]!r} is no format; give {or_([known[1:] for known in SUFFIXES])}, "
                "several as svg,png"
            )
    return list(dict.fromkeys(found))


def fields(text: str) -> tuple[str, ...]:
    """Read what is to be written in a node, such as name,value."""
    found = tuple(part.strip() for part in text.split(","))
    for field in found:
        if field not in FIELDS:
            raise argparse.ArgumentTypeError(
                f"{field!r} is nothing a node holds; give some of {','.join(FIELDS)}"
            )
    return found


def or_(names: Sequence[str]) -> str:
    """Write a list of choices as a sentence has it."""
    return " or ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def batch(text: str) -> int | None:
    """Read the size of a batch: a whole number, or "all"."""
    return None if text == "all" else int(whole(1)(text))


def optimiser(text: str) -> str:
    """Read the name of an optimiser; `choices` looks whether there is one of that name."""
    meant = {
        "sgd": "gradient-descent", "gd": "gradient-descent", "cg": "conjugate-gradient",
        "lbfgs": "l-bfgs", "fmincg": "conjugate-gradient",
    }.get(text.lower())  # fmt: skip
    if meant:
        raise argparse.ArgumentTypeError(f"{text!r}: did you mean {meant}?")
    return text


def common(parser: Parser, run: Any) -> None:
    """Add what every sub-command has, and say which function runs it."""
    parser.add_argument("--json", action="store_true", help="print one JSON object, for programs")
    parser.set_defaults(run=run, parser=parser)


def network(parser: Parser, default: str, note: str = "") -> None:
    """Add the options that make a network."""
    parser.add_argument(
        "--layers", type=layers, metavar="A-B-C",
        help=f"units in each layer, the input first (default: {default}){note}",
    )  # fmt: skip
    parser.add_argument(
        "--activation", choices=ACTIVATIONS, default="sigmoid", metavar="G",
        help=f"g of the hidden layers: {', '.join(ACTIVATIONS)} (default: sigmoid)",
    )  # fmt: skip
    parser.add_argument(
        "--cost", choices=tuple(COSTS), default="logistic", metavar="J",
        help="logistic, quadratic (both with sigmoid outputs) or softmax (default: logistic)",
    )  # fmt: skip


def drawing(parser: Parser, name: str, flag: str = "--out") -> None:
    """Add the options of everything that draws into files; a picture without a name is `name`."""
    default = f" (default: {name}.svg)" if flag == "--out" else ""
    parser.add_argument(
        flag, dest="picture", type=path, metavar="FILE",
        help=f"the picture, its suffix one of {', '.join(SUFFIXES)}{default}",
    )  # fmt: skip
    parser.add_argument(
        "--format", type=formats, action="extend", default=[], metavar="F,F",
        help="write these formats, each in a file of its own: "
        f"{', '.join(suffix[1:] for suffix in SUFFIXES)}",
    )  # fmt: skip
    parser.add_argument(
        "--open", action="store_true", help="look at it in a browser (default format: html)"
    )
    parser.add_argument(
        "--fields", type=fields, metavar="F,F",
        help=f"what is written in the nodes: some of {','.join(FIELDS)}",
    )  # fmt: skip
    parser.add_argument(
        "--theme", choices=THEMES, metavar="T",
        help="light, dark, or auto: an SVG follows its reader's system (default: light)",
    )  # fmt: skip


def strength(parser: Parser, default: Any, **more: Any) -> None:
    """Add λ."""
    shown_default = " ".join(f"{value:g}" for value in np.atleast_1d(default))
    parser.add_argument(
        "--lam", "--lambda", dest="lam", type=number(0), default=default, metavar="λ", **more,
        help=f"strength of the regularisation (default: {shown_default})",
    )  # fmt: skip


def output(cost: str, sizes: Sequence[int], examples: int) -> str:
    """Activation of the output layer for a cost, of a network that this machine can hold.

    The estimate counts what is alive at once: ten arrays of the weights' size (gradients, an
    optimiser's state, the closed form beside), six of every layer's activations. A system that
    runs out of memory ends a process without a word.
    """
    if cost == "softmax" and sizes[-1] == 1:
        raise ValueError("softmax of a single unit is always 1; end --layers with 2 units or more")
    weights = sum(a * b for a, b in pairwise(sizes))
    need = 8 * (10 * weights + 6 * examples * sum(sizes))
    if need > MOST_MEMORY:
        raise ValueError(
            f"--layers {'-'.join(map(str, sizes))} with {examples} examples takes about "
            f"{need / 2**30:.0f} GiB of memory, more than {MOST_MEMORY // 2**30}; make them smaller"
        )
    return COSTS[cost]


def folder_for(path: str | os.PathLike[str]) -> Path:
    """Make a folder, or say in one line why nothing can be written there.

    Done before any work, and by writing: permissions alone do not tell (a full disk, a read-only
    mount, an administrator).
    """
    folder = Path(path)
    cure = "give another folder with --out"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".{os.getpid()}.part"
        probe.touch()
        probe.unlink()
    except FileExistsError as error:
        raise OSError(f"{shown(folder)} is a file, not a folder; {cure}") from error
    except NotADirectoryError as error:
        raise OSError(f"{shown(folder)} lies below a file, not a folder; {cure}") from error
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise OSError(f"can not write in {shown(folder)} ({reason}); {cure}") from error
    return folder
