"""`autograd-mini draw`: the recorded graph of a cost, with values and gradients."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import nn
from ..data import logic_table
from ..drawing import draw
from ..nn.network import COSTS, Network
from ..tensor import Tensor
from . import options
from .terminal import Output, shown

Array = NDArray[Any]

HELP = "draw a recorded graph with its values and gradients"
DESCRIPTION = """\
Draw what the engine recorded: values as boxes with name, shape, dtype, value and gradient,
operations as ellipses, layers as frames.

    xnor       the cost of the note's 2-2-1 XNOR network on its truth table
    network    the cost of a network with random weights, of any layers
"""
EXAMPLES = """\
examples:
  autograd-mini draw xnor
  autograd-mini draw network --layers 3-5-3 --out network.png
  autograd-mini draw network --layers 2-3-1 --units
"""


def add(commands: Any) -> None:
    """Add the sub-command to the command line."""
    parser = commands.add_parser("draw", help=HELP, description=DESCRIPTION, epilog=EXAMPLES)
    options.common(parser, run)
    parser.add_argument("what", choices=("xnor", "network"), help="what to draw")
    options.network(parser, "3-5-3", "; for network")
    parser.add_argument(
        "--examples", type=options.whole(1, 10_000), default=2, metavar="M",
        help="examples in the batch, for network (default: 2)",
    )  # fmt: skip
    options.strength(parser, 0.0)
    parser.add_argument(
        "--seed", type=options.whole(0), default=0, metavar="N",
        help="of weights and examples, for network (default: 0)",
    )  # fmt: skip
    parser.add_argument(
        "--units", action="store_true",
        help="draw units and weights instead of the recorded graph",
    )  # fmt: skip
    parser.add_argument(
        "--out", type=options.picture, metavar="FILE",
        help=f"the picture, its suffix one of {', '.join(options.SUFFIXES)} (default: WHAT.svg)",
    )  # fmt: skip


def run(args: argparse.Namespace, out: Output) -> int:
    """Draw and save."""
    net, X, Y = (
        (nn.gates.XNOR, *logic_table("xnor")) if args.what == "xnor" else random_problem(args)
    )
    J = graph_of_cost(net, X, Y, args.lam, args.cost)
    path = save_picture(net if args.units else J, args.out or Path(f"{args.what}.svg"))
    out.item("Network", f"{'-'.join(map(str, net.sizes))}, m = {len(X)}, λ = {args.lam:g}")
    out.item("Cost", f"J = {J.item():.6g}")
    out.item("Saved", shown(path))
    out.record(layers=list(net.sizes), cost=J.item(), file=str(path))
    return 0


def random_problem(args: argparse.Namespace) -> tuple[Network, Array, Array]:
    """A network with random weights, random examples, and a label for each."""
    sizes = args.layers or [3, 5, 3]
    rng = np.random.default_rng(args.seed)
    net = Network(sizes, args.activation, options.output(args.cost, sizes, args.examples), seed=rng)
    labels = np.arange(args.examples) % max(sizes[-1], 2)
    return net, rng.uniform(-1, 1, (args.examples, sizes[0])), labels


def graph_of_cost(net: Network, X: Array, Y: Array, lam: float, cost: str) -> Tensor:
    """Record the cost, with its name."""
    J: Tensor = COSTS[cost](net, X, Y, lam)
    J.name = "J"
    return J


def save_picture(subject: Any, path: Path, **how: Any) -> Path:
    """Draw into a file whose folder is made when it is missing."""
    options.folder_for(path.parent)
    return draw(subject, **how).save(path)
