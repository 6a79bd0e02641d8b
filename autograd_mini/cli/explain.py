"""`autograd-mini explain`: why the gradient of one weight of the trained digits is what it is."""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data import Preparation, one_hot, read_model, write
from ..nn.network import COSTS, Network
from ..paths import explain
from ..paths_network import Unit, Weight
from ..tensor import Tensor
from ..training import fit
from ..transforms import backprop
from . import data_options, options
from .gallery import chosen, paths, saved
from .results import outline
from .terminal import Output, shown
from .train_options import FOLDER

Array = NDArray[Any]
Row = tuple[str, float]

HELP = "say which pixels, units and digits move one weight of a trained network"
DESCRIPTION = """\
Take the gradient of one weight of the trained digits apart, in the note's numbering:

    ∂J/∂Θ_ij^(l) = mean over the examples of a_j · δ_i, + (λ/m) Θ_ij

and δ_i into strength, readiness to change and connections. Then the same mean by pixel or unit
that sends, by unit above that the error came through, and by what the examples show.

The network is the weights.npz that train left in autograd-mini-train, or that --weights names;
where there is none, one is trained quickly. Without --weight and --unit it is the weight of the
first layer that the examples pull at hardest.
"""
EXAMPLES = """\
examples:
  autograd-mini explain
  autograd-mini explain --weight 2,4,7     (from hidden unit 7 to output unit 4: the digit 3)
  autograd-mini explain --unit 2,7 --out unit.html
  autograd-mini explain --weight 2,4,7 --save why.html   (the graph, its ways lit)
  autograd-mini explain --unit 3,1 --format svg,png --theme dark
  autograd-mini explain --weights mine/weights.npz --data mine.npz
"""
EPOCHS = 20
SHOWN = 8


def add(commands: Any) -> None:
    """Add the sub-command to the command line."""
    parser = commands.add_parser("explain", help=HELP, description=DESCRIPTION, epilog=EXAMPLES)
    options.common(parser, run)
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--weight", type=numbers("weight", "l,i,j"), metavar="l,i,j",
        help="to unit i of layer l + 1 from unit j of layer l; units from 1, j = 0 the bias",
    )  # fmt: skip
    which.add_argument(
        "--unit", type=numbers("unit", "l,i"), metavar="l,i",
        help="unit i of layer l, the input being layer 1",
    )  # fmt: skip
    parser.add_argument(
        "--weights", type=options.path, metavar="FILE",
        help=f"a weights.npz that train wrote (default: {FOLDER}/weights.npz if it is there)",
    )  # fmt: skip
    data_options.add_source(parser)
    parser.add_argument(
        "--digit", type=options.whole(0), metavar="D", help="only the examples that show D"
    )
    options.strength(parser, 0.1)
    parser.set_defaults(lam=None)
    parser.add_argument(
        "--out", type=options.path, metavar="FILE.html", help="write the explanation as a page too"
    )
    options.drawing(parser, "explanation", "--save")


def numbers(name: str, form: str) -> Any:
    """Make a reader of the note's numbers, such as 1,2,3."""

    def read(text: str) -> tuple[int, ...]:
        parts = text.split(",")
        if len(parts) != form.count(",") + 1 or not all(
            re.fullmatch(r"\s*[0-9]{1,9}\s*", part) for part in parts
        ):
            example = ",".join("123"[: len(form.split(","))])
            raise argparse.ArgumentTypeError(
                f"{text!r} names no {name}; write --{name} {form}, such as {example}"
            )
        return tuple(map(int, parts))

    return read


@dataclass
class Case:
    """A network with the cost of its examples."""

    net: Network
    X: Array
    y: Array
    J: Tensor
    lam: float
    about: str


def run(args: argparse.Namespace, out: Output) -> int:
    """Explain; 1 when the parts do not make the whole."""
    if args.out is not None:
        options.folder_for(args.out.parent)
    for file in paths(args, "explanation"):  # before any work
        options.folder_for(file.parent)
    case = prepared(args)
    out.item("Network", case.about)
    asked = args.weight if args.unit is None else None
    if args.unit is None:
        weight = explain(case.J, weight=asked or hardest(case))
        parts = weight_parts(case, weight)
        why: Weight | Unit = weight
        exact = abs(math.fsum((weight.data, weight.regularisation)) - weight.gradient) <= tolerance(
            weight.terms / len(case.X), weight.regularisation
        )
        out.record(**facts(weight), exact=exact)
    else:
        why = unit = explain(case.J, unit=args.unit)
        parts, exact = unit_parts(case, unit), True
        out.record(layer=unit.layer, unit=unit.unit, kind=unit.kind, delta=unit.delta)
    out.line()
    for line in str(why).splitlines():
        out.line(line)
    for title, rows in parts.items():
        out.line()
        out.line(title)
        out.table([[name, f"{value:+.3e}"] for name, value in rows[:SHOWN]], indent=2)
    out.record(layers=list(case.net.sizes), examples=len(case.X), parts=parts)
    if args.out is not None:
        out.line()
        out.item("Saved", shown(save(args.out, why)))
    if args.picture or args.format or args.open:
        files = saved(why.draw(**chosen(args)), args, "explanation", out)
        out.record(files=files)
    if not exact:
        out.item("FAILED", "a_j·δ_i and λ do not add up to the gradient  ✗")
    return 0 if exact else 1


def prepared(args: argparse.Namespace) -> Case:
    """Load or train the network, and record the cost of the examples."""
    _, X, y = data_options.read(args)
    path = args.weights or Path(FOLDER, "weights.npz")
    if args.weights or (path.exists() and args.data is None):
        model = read_model(path)
        net, notes, prepare = model.net, dict(model.notes), Preparation.of(model)
        X = prepare(X)
        source = f"weights from {shown(path)}"
    else:
        net, notes = trained(X, y), {}
        source = f"trained for {EPOCHS} epochs, quickly (autograd-mini train does it well)"
    check_fit(net, X, y, args)
    known = {"softmax": "softmax", "identity": "quadratic"}.get(net.output, "logistic")
    cost = notes["cost"] if notes.get("cost") in (*options.COSTS,) else known
    lam = kept_lambda(notes) if args.lam is None else args.lam
    chosen = np.ones(len(y), bool) if args.digit is None else y == args.digit
    if not chosen.any():
        raise ValueError(f"--digit {args.digit}: no example shows it; labels are 0 to {y.max()}")
    X, y = X[chosen].astype(net.dtype), y[chosen]
    Y = y[:, np.newaxis] * 1.0 if net.sizes[-1] == 1 else one_hot(y, net.sizes[-1])
    J: Tensor = COSTS[cost](net, X, Y, lam)
    about = f"{outline(net)}; {cost} cost, λ = {lam:g}; {source}; {len(y):,} examples"
    return Case(net, X, y, J, lam, about)


def trained(X: Array, y: Array) -> Network:
    """Train a network for a few seconds."""
    classes = max(int(y.max()) + 1, 2)
    net = Network([X.shape[1], 25, classes], seed=0)
    fit(net, X, one_hot(y, classes), lam=0.1, epochs=EPOCHS, batch_size=32, seed=0, progress=False,
        optimizer="momentum")  # fmt: skip
    return net


def kept_lambda(notes: dict[str, Any]) -> float:
    """Return the λ that a network was trained with."""
    lam = notes.get("lam")
    fine = isinstance(lam, (int, float)) and 0 <= lam < math.inf
    return float(lam) if fine and lam is not None else 0.1


def check_fit(net: Network, X: Array, y: Array, args: argparse.Namespace) -> None:
    """Raise where network and examples are not made for one another."""
    classes = max(net.sizes[-1], 2)
    if X.shape[1] == net.sizes[0] and y.max() < classes:
        return
    given = "the digits have" if args.data is None else f"{shown(args.data)} has"
    raise ValueError(
        f"the network {outline(net)} takes {net.sizes[0]} features and tells {classes} classes "
        f"apart; {given} {X.shape[1]} features and labels to {y.max()}; "
        "give the examples it was trained on with --data"
    )


def hardest(case: Case) -> tuple[int, int, int]:
    """Return the weight of layer 1, no bias, with the largest mean of a_j·δ_i."""
    weights = case.net.weights[1]
    data = backprop(case.J, wrt=weights) - case.lam / len(case.X) * weights.detach().numpy()
    i, j = np.unravel_index(np.abs(data).argmax(), data.shape)
    return 1, int(i) + 1, int(j) + 1


def weight_parts(case: Case, why: Weight) -> dict[str, list[Row]]:
    """Return the mean of a_j·δ_i by sender, by unit above, and by label."""
    m, l = len(case.X), why.layer
    run = case.net.forward(case.X, with_output=False)
    senders = why.delta @ run.a[l].detach().numpy() / m
    title = f"what moves the weights of unit {why.i} of layer {l + 1}: mean of a·δ by its senders"
    parts = {title: ranked(senders, lambda k: named(case.net, l, k))}
    if l == 2 and why.j:
        inputs = case.net.theta[1][why.j - 1, 1:] * (why.delta @ case.X / m)
        title = (
            f"inputs behind unit {why.j} of layer 2: mean of Θ·x·δ_{why.i} (their sum and the "
            "bias's is the mean of z·δ)"
        )
        parts[title] = ranked(inputs, lambda k: named(case.net, 1, k))
    unit = why.receiver
    if unit.terms is not None and unit.readiness is not None:
        through = (why.strength * unit.readiness) @ unit.terms / m
        title = f"units of layer {l + 2} that the error came through: the parts of {why.data:+.3e}"
        parts[title] = ranked(through, lambda k: named(case.net, l + 2, k))
    parts |= by_label(case, why.terms, f"{why.data:+.3e} by what the examples show")
    return {title: rows for title, rows in parts.items() if rows}


def unit_parts(case: Case, why: Unit) -> dict[str, list[Row]]:
    """Return the mean of δ by label."""
    moved = why.connections if why.delta is None else why.delta
    if moved is None:
        return {}
    name = "∂cost/∂x" if why.delta is None else "δ"
    return by_label(case, moved, f"the mean of {name}, {moved.mean():+.3e}, by what is shown")


def by_label(case: Case, terms: Array, title: str) -> dict[str, list[Row]]:
    """Return the parts of the mean of `terms` that the examples of each label have."""
    sums = np.bincount(case.y, terms) / len(case.y)
    counts = np.bincount(case.y)
    rows = ranked(sums, lambda k: f"label {k} ({counts[k]} examples)")
    return {title: [row for row in rows if row[1]]} if np.count_nonzero(counts) > 1 else {}


def ranked(values: Array, name: Any) -> list[Row]:
    """Return names and values, the largest in size first."""
    order = np.argsort(-np.abs(values), kind="stable")
    return [(name(int(k)), float(values[k])) for k in order]


def named(net: Network, layer: int, k: int) -> str:
    """Name a unit, counted from 0 here: a pixel by its place, an output unit by its label."""
    if layer == 1:
        side = math.isqrt(net.sizes[0])
        place = f", row {k // side + 1}, column {k % side + 1}" * (side * side == net.sizes[0])
        return f"input {k + 1}{place}"
    if layer == len(net.sizes) and net.sizes[-1] > 1:
        return f"output unit {k + 1} (label {k})"
    return f"unit {k + 1} of layer {layer}"


def tolerance(terms: Array, *more: float) -> float:
    """Return what rounding may do to a sum of these terms."""
    absolute = float(np.abs(terms).sum()) + sum(map(abs, more))
    return (64 + len(terms)) * float(np.finfo(terms.dtype).eps) * absolute + 1e-30


def facts(why: Weight) -> dict[str, Any]:
    """Return what --json tells of a weight."""
    names: Sequence[str] = (
        "layer", "i", "j", "value", "gradient", "data", "regularisation", "lam",
    )  # fmt: skip
    return {name: getattr(why, name) for name in names}


def save(path: Path, why: Weight | Unit) -> Path:
    """Write a page of its own."""
    head = '<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>Explanation</title>'
    style = "<style>body{font-family:sans-serif}td,th{padding:.1em .8em;text-align:right}</style>"
    write(path, f"{head}{style}{why.to_html()}</html>\n")
    return path
