"""A network with examples and labels to try things on, for `check` and `draw`."""

from __future__ import annotations

import argparse
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data import read_model
from ..nn.network import Network
from . import options
from .terminal import shown

Array = NDArray[Any]
Problem = tuple[Network, Array, Array]


def add_options(parser: options.Parser, examples: int) -> None:
    """Add the options that say which network, and on what."""
    options.network(parser, "3-5-3")
    parser.add_argument(
        "--weights", type=options.path, metavar="FILE",
        help="the network in a weights.npz that train wrote, or in the course's ex4weights.mat, "
        "instead of a new one",
    )  # fmt: skip
    parser.add_argument(
        "--examples", type=options.whole(1, 10_000), default=examples, metavar="M",
        help=f"number of examples (default: {examples})",
    )  # fmt: skip
    parser.add_argument(
        "--seed", type=options.whole(0), metavar="N",
        help="random weights and examples (default: the course's, sin(1), sin(2), ... / 10)",
    )  # fmt: skip
    parser.set_defaults(activation=None, cost=None)  # None: not given; a file may say them


def problem(args: argparse.Namespace) -> Problem:
    """Make the network, examples and labels; `args.cost` becomes that of the network.

    The course's labels are 1 + (i mod K), i = 1..m, with classes counted from 1.
    """
    rng = None if args.seed is None else np.random.default_rng(args.seed)
    net = loaded(args) if args.weights else made(args, rng)
    m, features = args.examples, net.sizes[0]
    X = sines(m, features) if rng is None else rng.uniform(-1, 1, (m, features))
    return net, X, np.arange(1, m + 1) % max(net.sizes[-1], 2)


def made(args: argparse.Namespace, rng: np.random.Generator | None) -> Network:
    """A new network of the layers asked for."""
    sizes, activation = args.layers or [3, 5, 3], args.activation or "sigmoid"
    args.cost = args.cost or "logistic"
    output = options.output(args.cost, sizes, args.examples)
    if rng is not None:
        return Network(sizes, activation, output, seed=rng)
    thetas = [sines(after, before + 1) for before, after in pairwise(sizes)]
    return Network.from_theta(thetas, activation=activation, output=output)


def loaded(args: argparse.Namespace) -> Network:
    """The network in a weight file, in float64: ε = 1e-4 is too small a step for float32."""
    if args.layers:
        raise ValueError("--layers and --weights both say which network; give one of them")
    model = read_model(args.weights)
    net, notes = model.net, model.notes
    kept = notes["cost"] if notes.get("cost") in (*options.COSTS,) else None
    pair = {"softmax": "softmax", "identity": "quadratic"}.get(net.output, kept)
    _check_given(args, net, pair)
    args.cost = kept or pair or args.cost or "logistic"
    options.output(args.cost, net.sizes, args.examples)
    thetas = {layer: theta.astype(np.float64) for layer, theta in net.theta.items()}
    return Network.from_theta(thetas, activation=net.activation, output=net.output)


def _check_given(args: argparse.Namespace, net: Network, cost: str | None) -> None:
    """Raise where an option says other than the file, which would be followed."""
    name, cure = shown(args.weights), "leave the option out, or give other weights"
    if args.activation and (others := {*net.activation} - {args.activation}):
        told = f"--activation {args.activation} contradicts {name}, whose hidden layers have"
        raise ValueError(f"{told} {options.or_(sorted(others))}; {cure}")
    fits = args.cost is None or options.COSTS[args.cost] == net.output or args.cost == cost
    if not fits or (cost and args.cost not in (None, cost)):
        told = f"has {net.output} outputs" + f" and the {cost} cost" * bool(cost)
        raise ValueError(f"--cost {args.cost} contradicts {name}, which {told}; {cure}")


def named(args: argparse.Namespace, net: Network) -> str:
    """Which network it is, in a few words."""
    weights = "the course's weights" if args.seed is None else f"random weights, seed {args.seed}"
    if args.weights:
        weights = f"weights from {shown(args.weights)}"
    hidden = ", ".join(dict.fromkeys(net.activation)) or net.output
    sizes = "-".join(map(str, net.sizes))
    return f"{sizes}, {hidden}, {args.cost} cost; {weights}; m = {args.examples}"


def sines(rows: int, columns: int) -> Array:
    """Fill column by column with sin(1), sin(2), ... / 10: the course's debugInitializeWeights."""
    filled: Array = np.sin(np.arange(1.0, rows * columns + 1)).reshape(columns, rows).T / 10
    return filled
