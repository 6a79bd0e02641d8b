"""`autograd-mini draw`: the recorded graph of a cost, with values and gradients."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from .. import nn
from ..data import logic_table
from ..drawing import draw
from ..nn.network import COSTS, Network
from ..tensor import Tensor
from . import options
from .problem import add_options, named, problem
from .terminal import Output, shown

Array = NDArray[Any]

HELP = "draw a recorded graph with its values and gradients"
DESCRIPTION = """\
Draw what the engine recorded: values as boxes with name, shape, dtype, value and gradient,
operations as ellipses, layers as frames.

    xnor       the cost of the note's 2-2-1 XNOR network on its truth table
    network    the cost of a network of any layers; by default the course's 3-5-3
"""
EXAMPLES = """\
examples:
  autograd-mini draw xnor
  autograd-mini draw network --layers 3-5-3 --out network.png
  autograd-mini draw network --layers 2-3-1 --seed 0 --units
  autograd-mini draw network --weights autograd-mini-train/weights.npz --out trained.svg
"""
# What says which network, and on which examples: for `network` alone.
NETWORK = ("layers", "weights", "activation", "examples", "seed")
M = 2


def add(commands: Any) -> None:
    """Add the sub-command to the command line."""
    parser = commands.add_parser("draw", help=HELP, description=DESCRIPTION, epilog=EXAMPLES)
    options.common(parser, run)
    parser.add_argument(
        "what", choices=("xnor", "network"), metavar="{xnor,network}", help="what to draw"
    )
    add_options(parser, M)
    parser.set_defaults(**dict.fromkeys(NETWORK))  # None: not given
    options.strength(parser, 0.0)
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
    if args.what == "xnor":
        if given := [option for option in NETWORK if getattr(args, option) is not None]:
            raise ValueError(
                f"xnor is the note's 2-2-1 network and takes no --{given[0]}; write: draw network"
            )
        net: Network = nn.gates.XNOR
        X, Y = logic_table("xnor")
        about = f"2-2-1, sigmoid, {args.cost} cost; the note's weights; m = 4"
    else:
        args.activation, args.examples = args.activation or "sigmoid", args.examples or M
        net, X, Y = problem(args)
        about = named(args, net)
    J = graph_of_cost(net, X, Y, args.lam, args.cost)
    path = save_picture(net if args.units else J, args.out or Path(f"{args.what}.svg"))
    out.item("Network", f"{about}, λ = {args.lam:g}")
    out.item("Cost", f"J = {J.item():.6g}")
    out.item("Saved", shown(path))
    out.record(layers=list(net.sizes), cost=J.item(), file=str(path))
    return 0


def graph_of_cost(net: Network, X: Array, Y: Array, lam: float, cost: str) -> Tensor:
    """Record the cost, with its name."""
    J: Tensor = COSTS[cost](net, X, Y, lam)
    J.name = "J"
    return J


def save_picture(subject: Any, path: Path, **how: Any) -> Path:
    """Draw into a file whose folder is made when it is missing."""
    options.folder_for(path.parent)
    return draw(subject, **how).save(path)
