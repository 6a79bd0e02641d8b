"""Options that say which examples, and in which form."""

from __future__ import annotations

import argparse
from typing import Any

from numpy.typing import NDArray

from ..data import crop, load_digits, load_examples
from . import options
from .terminal import shown

Array = NDArray[Any]


def add(parser: options.Parser) -> None:
    """Add the options that say what is trained on."""
    parser.add_argument(
        "--data", type=options.path, metavar="FILE",
        help="your own examples: .npz (X, y), or MNIST's IDX files or their folder "
        "(default: the 8x8 digits inside this package)",
    )  # fmt: skip
    parser.add_argument(
        "--crop", type=options.whole(1, 10_000), metavar="N",
        help="keep the central NxN pixels of square images: 28x28 and 20 give 400 features",
    )  # fmt: skip
    parser.add_argument(
        "--standardise", action="store_true",
        help="bring every feature to mean 0, deviation 1; both are kept with the weights",
    )  # fmt: skip


def read(args: argparse.Namespace) -> tuple[str, Array, Array]:
    """Read the examples: their name, X and y."""
    if args.data is None:
        name, (X, y) = "UCI 8x8 digits", load_digits()
    else:
        name, (X, y) = shown(args.data), load_examples(args.data)
    if args.crop is None:
        return name, X, y
    return f"{name}, central {args.crop}x{args.crop} pixels", crop(X, args.crop), y
