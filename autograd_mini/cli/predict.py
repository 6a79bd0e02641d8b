"""`autograd-mini predict`: what a trained network takes a picture for."""

from __future__ import annotations

import argparse
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..context import no_grad
from ..data import Model, Preparation, load_npz, read_model
from ..data.files import load_npy
from ..data.handwriting import as_trained
from ..data.pictures import PILLOW, read_grey
from ..data.tables import read_rows
from ..training.checkpoint import KEY
from . import options
from .results import outline
from .terminal import Output, shown

Array = NDArray[Any]

HELP = "say what a trained network takes pictures for"
DESCRIPTION = f"""\
Show pictures, or rows of numbers, to a trained network, and print the class it takes each for,
with its probability, and the classes that come next. Sigmoid outputs judge each class by itself:
their probabilities do not add up to 1, and where all are small the network knows none.

A picture is .pgm, or with Pillow (pip install "autograd-mini[images]")
{", ".join(PILLOW)}.
It is brought to the form of the images that the network was trained on:
  1. colours become grey by their brightness; what is transparent becomes white paper;
  2. where the border is bright, light and dark are exchanged: ink is bright (--invert says so
     or not);
  3. a picture of the training images' size is taken as it is; of any other a square is cut out,
     the ink in its middle and filling as much of it as digits did in training, and shrunk by
     averages over areas;
  4. --standardise of training follows.

Arrays are features as they were given to `train`: .npy (also .npz with X, or .csv with a line an
example and no labels), one example, or one a row. To them --crop and --standardise of training are
done, and nothing else.
"""
EXAMPLES = """\
examples:
  autograd-mini predict autograd-mini-train/weights.npz three.png
  autograd-mini predict mine/weights.npz *.png --json
  autograd-mini predict autograd-mini-train/weights.npz digits.npy --top 1
"""
ARRAYS = (".npy", ".npz", ".csv")
MOST_EXAMPLES = 100_000


def add(commands: Any) -> None:
    """Add the sub-command to the command line."""
    parser = commands.add_parser("predict", help=HELP, description=DESCRIPTION, epilog=EXAMPLES)
    options.common(parser, run)
    parser.add_argument(
        "model", type=options.path, metavar="MODEL",
        help="a weights.npz that train wrote, or the course's ex4weights.mat",
    )  # fmt: skip
    parser.add_argument(
        "images", type=options.path, nargs="+", metavar="IMAGE", help="pictures or arrays"
    )
    parser.add_argument(
        "--invert", choices=("auto", "yes", "no"), default="auto", metavar="I",
        help="whether ink is dark on bright paper: yes, no, or auto, which looks at the border "
        "(default: auto)",
    )  # fmt: skip
    parser.add_argument(
        "--top", type=options.whole(1, 1000), default=3, metavar="N",
        help="how many classes to print of each (default: 3)",
    )  # fmt: skip


def run(args: argparse.Namespace, out: Output) -> int:
    """Print what each picture is taken for."""
    model = classifier(args.model)
    invert = {"auto": None, "yes": True, "no": False}[args.invert]
    # All are read before anything is printed: a bad one among them is one clear line.
    found = [
        (name, probabilities)
        for path in args.images
        for name, probabilities in zip(
            *named(path, features(path, model, invert), model), strict=True
        )
    ]
    out.item("Network", f"{outline(model.net)} from {shown(args.model)}")
    rows = [["", "class", "probability", "then"]]
    for name, probabilities in found:
        best = np.argsort(-probabilities, kind="stable")[: args.top]
        then = ", ".join(f"{k} {probabilities[k]:.2f}" for k in best[1:])
        rows.append([shown(name), str(best[0]), f"{probabilities[best[0]]:.2f}", then])
    out.table(rows, indent=0)
    predictions = [
        {"image": name, "class": int(p.argmax()), "probability": float(p.max()),
         "probabilities": p.tolist()}
        for name, p in found
    ]  # fmt: skip
    out.record(model=str(args.model), layers=list(model.net.sizes), predictions=predictions)
    return 0


def classifier(path: Path) -> Model:
    """Read a model whose outputs are probabilities."""
    model = read_model(path)
    name = repr(os.fspath(path))
    if KEY in model.notes:
        raise ValueError(
            f"{name} is a checkpoint, which does not say how inputs are prepared; "
            "autograd-mini train --resume --epochs 0 makes a weights.npz of it"
        )
    if model.net.output == "identity":
        raise ValueError(f"{name}: outputs of a network with identity outputs tell no classes")
    return model


def features(path: Path, model: Model, invert: bool | None) -> Array:
    """Read examples (m, s_1), in the form that the network takes."""
    prepared, count, name = Preparation.of(model), model.net.sizes[0], repr(os.fspath(path))
    facts = inputs(model)
    if path.suffix.lower() in ARRAYS:
        X = read_array(path, {count, (prepared.side or 0) ** 2})
        low, high = facts.get("low", -math.inf), facts.get("high", math.inf)
        if "side" in facts and not low <= X.min() <= X.max() <= high:
            raise ValueError(
                f"{name} holds values from {X.min():g} to {X.max():g}, the network was trained on "
                f"{low:g} to {high:g}; bring them there"
            )
    elif "side" not in facts:
        raise ValueError(
            f"{name}: as far as its file tells, this network was not trained on square images; "
            f"give arrays of {count} features ({', '.join(ARRAYS)})"
        )
    else:
        grey = read_grey(path)
        try:
            X = as_trained(grey, facts["side"], facts["fill"], invert).reshape(1, -1)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error
        X = X * prepared.largest
    return prepared(X)


def inputs(model: Model) -> dict[str, Any]:
    """Return what the file tells of the examples of training, if it fits the network."""
    found = model.notes.get("inputs")
    if not isinstance(found, dict) or not all(isinstance(v, int | float) for v in found.values()):
        return {}
    image = {"side", "fill"} <= {*found} and 0 < found["fill"] <= 1
    fits = image and found["side"] ** 2 == model.net.sizes[0]
    return found if fits else {key: found[key] for key in ("low", "high") if key in found}


def read_array(path: Path, counts: set[int]) -> Array:
    """Read an array of examples, a row or an image each, or of one that has so many features."""
    name = repr(os.fspath(path))
    if path.suffix.lower() == ".npz":
        arrays = load_npz(path)
        if "X" not in arrays and len(arrays) != 1:
            raise ValueError(f"{name} has no array X (it holds {', '.join(sorted(arrays)[:8])})")
        X = arrays.get("X", next(iter(arrays.values())))
    else:
        X = load_npy(path) if path.suffix.lower() == ".npy" else read_rows(path)
    if X.dtype.kind not in "fiub" or not X.size or not np.all(np.isfinite(X)):
        raise ValueError(f"{name} holds something but finite numbers, or nothing")
    X = X.reshape(1, -1) if X.size in counts or X.ndim < 2 else X.reshape(len(X), -1)
    if X.shape[1] not in counts:
        raise ValueError(
            f"{name} has {X.shape[1]} features an example; this network takes {max(counts)}"
        )
    if len(X) > MOST_EXAMPLES:
        raise ValueError(f"{name} has {len(X):,} examples; give {MOST_EXAMPLES:,} at most")
    return X.astype(np.float64)


def named(path: Path, X: Array, model: Model) -> tuple[Sequence[str], Array]:
    """Return a name and the probabilities of every example: path, or path[0], path[1], ..."""
    with no_grad():
        h = model.net(X).numpy().astype(np.float64)
    if h.shape[1] == 1:  # one unit tells two classes apart
        h = np.hstack([1 - h, h])
    text = os.fspath(path)
    return [text] if len(h) == 1 else [f"{text}[{k}]" for k in range(len(h))], h
