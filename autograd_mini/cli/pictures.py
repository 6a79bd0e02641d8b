"""`autograd-mini draw`: a recorded graph, with values and gradients."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Mapping
from pathlib import Path
from textwrap import fill
from typing import Any

from numpy.typing import NDArray

from .. import nn
from ..data import logic_table
from ..drawing import draw
from ..nn.network import COSTS, Network
from ..tensor import Tensor
from . import options
from .expression import FUNCTIONS, parse, read_values
from .gallery import chosen, save, saved
from .problem import add_options, named, problem
from .terminal import Output, one_line

Array = NDArray[Any]

FUNCTION_NAMES = fill(", ".join(FUNCTIONS), 80).replace("\n", "\n" + " " * 16)
HELP = "draw a recorded graph with its values and gradients"
DESCRIPTION = f"""\
Draw what the engine recorded: values as boxes with name, shape, dtype, value and gradient,
operations as ellipses, layers as frames.

    EXPRESSION  arithmetic, such as "x*w + sin(x)", at the values that --at gives: numbers, names,
                + - * / **, brackets, pi, e, and functions:
                {FUNCTION_NAMES}
    xnor        the cost of the note's 2-2-1 XNOR network on its truth table
    network     the cost of a network of any layers; by default the course's 3-5-3
"""
EXAMPLES = """\
examples:
  autograd-mini draw "x*w + 1" --at x=2,w=-1 --open
  autograd-mini draw "sigmoid(w*x + b)" --at w=0.5,x=3,b=-1 --format svg,html
  autograd-mini draw "(-x)**2" --at x=3     (in brackets, or it would be read as an option)
  autograd-mini draw xnor
  autograd-mini draw xnor --units --at x1=1,x2=0
  autograd-mini draw xnor --planes --out planes.svg
  autograd-mini draw network --layers 3-5-3 --out network.png
  autograd-mini draw network --layers 2-3-1 --seed 0 --units
  autograd-mini draw network --weights autograd-mini-train/weights.npz --out trained.svg
"""
# What says which network, and on which examples: for `network` alone.
NETWORK = ("layers", "weights", "activation", "examples", "seed")
# What makes sense for a network, xnor included.
OF_NETWORKS = (*NETWORK, "cost", "lam", "units", "planes")
M = 2


def add(commands: Any) -> None:
    """Add the sub-command to the command line."""
    parser = commands.add_parser("draw", help=HELP, description=DESCRIPTION, epilog=EXAMPLES)
    options.common(parser, run)
    parser.add_argument("what", metavar="EXPRESSION|xnor|network", help="what to draw")
    parser.add_argument(
        "--at", type=values, metavar="x=2,w=-1",
        help="the values of an expression's variables; with --units the inputs, x1=1,x2=0",
    )  # fmt: skip
    options.drawing(parser, "WHAT")
    add_options(parser, M)
    options.strength(parser, 0.0)
    parser.add_argument(
        "--units", action="store_true", default=None,
        help="draw units and weights instead of the recorded graph; with --at activations too",
    )  # fmt: skip
    parser.add_argument(
        "--planes", action="store_true", default=None,
        help="draw the input plane beside the hidden plane of a 2-2-1 network",
    )  # fmt: skip
    parser.add_argument(
        "--depth", type=options.whole(0, 1_000), metavar="N",
        help="draw scopes nested deeper as one box each: with 0 every layer is one",
    )  # fmt: skip
    parser.set_defaults(**dict.fromkeys(OF_NETWORKS))  # None: not given


def values(text: str) -> dict[str, float]:
    """Read --at."""
    try:
        return read_values(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def run(args: argparse.Namespace, out: Output) -> int:
    """Draw and save."""
    if args.what not in ("xnor", "network"):
        return draw_expression(args, out)
    if args.at is not None and not args.units:
        raise ValueError(f"--at gives {args.what} its inputs where units are drawn; add --units")
    if args.units and args.planes:
        raise ValueError("--units and --planes are two pictures; give one of them")
    if args.what == "xnor":
        _refuse(args, NETWORK, "xnor is the note's 2-2-1 network and takes", "draw network")
        args.cost = args.cost or "logistic"
        net: Network = nn.gates.XNOR
        X, Y = logic_table("xnor")
        about = f"2-2-1, sigmoid, {args.cost} cost; the note's weights; m = 4"
    else:
        args.examples = args.examples or M
        net, X, Y = problem(args)
        about = named(args, net)
    args.lam = args.lam or 0.0
    J = graph_of_cost(net, X, Y, args.lam, args.cost)
    out.item("Network", f"{about}, λ = {args.lam:g}")
    out.item("Cost", f"J = {J.item():.6g}")
    how = chosen(args) | view(args, net)
    files = saved(draw(net if args.units or args.planes else J, **how), args, args.what, out)
    out.record(layers=list(net.sizes), cost=J.item(), file=str(files[0]), files=files)
    return 0


def view(args: argparse.Namespace, net: Network) -> dict[str, Any]:
    """Return which picture of a network's units is asked for."""
    if args.planes:
        return {"view": "planes"}
    if args.at is None:
        return {}
    names = tuple(getattr(net, "inputs", ())) or tuple(f"x{k + 1}" for k in range(net.sizes[0]))
    _check_values(args.what, names, args.at)
    return {"X": [args.at[name] for name in names]}


def draw_expression(args: argparse.Namespace, out: Output) -> int:
    """Draw an arithmetic expression at given values."""
    _refuse(args, OF_NETWORKS, "an expression takes", "draw network")
    at: Mapping[str, float] = args.at or {}
    expression = parse(args.what, [*at])
    _check_values(args.what, expression.variables, at)
    J, gradient = expression.record(at)
    out.item("Expression", f"{one_line(args.what)} = {J.item():.10g}")
    rows = [["", "value", "gradient"]]
    out.table([*rows, *([n, f"{at[n]:g}", f"{gradient[n]:.10g}"] for n in gradient)])
    files = saved(draw(J, **chosen(args)), args, "expression", out)
    out.record(
        expression=args.what, value=J.item(), at=dict(at), gradient=gradient,
        file=str(files[0]), files=files,
    )  # fmt: skip
    return 0


def _refuse(args: argparse.Namespace, names: tuple[str, ...], who: str, instead: str) -> None:
    if given := [option for option in names if getattr(args, option) is not None]:
        raise ValueError(f"{who} no --{given[0]}; write: {instead}")


def _check_values(text: str, variables: tuple[str, ...], at: Mapping[str, float]) -> None:
    missing = [name for name in variables if name not in at]
    if missing:
        near = difflib.get_close_matches(text, ("xnor", "network"), 1, 0.7)
        meant = f"; or did you mean: draw {near[0]}?" if near else ""
        example = ",".join(f"{name}={at.get(name, 2):g}" for name in variables[:4])
        told = f"{', '.join(missing)} has no value" if len(missing) == 1 else (
            f"{', '.join(missing)} have no values"
        )  # fmt: skip
        raise ValueError(f"{told} in {text!r}; write --at {example}{meant}")
    if strangers := [name for name in at if name not in variables]:
        raise ValueError(
            f"{text!r} has no variable {strangers[0]}; its variables are {', '.join(variables)}"
        )


def graph_of_cost(net: Network, X: Array, Y: Array, lam: float, cost: str) -> Tensor:
    """Record the cost, with its name."""
    J: Tensor = COSTS[cost](net, X, Y, lam)
    J.name = "J"
    return J


def save_picture(subject: Any, path: Path, **how: Any) -> Path:
    """Draw into a file whose folder is made when it is missing."""
    return save(draw(subject, **how), [path])[0]
