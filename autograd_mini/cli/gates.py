"""`autograd-mini gates "EXPR"`: a Boolean expression as a network of sigmoid units."""

from __future__ import annotations

import argparse
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..drawing import draw
from ..nn import gates
from . import options
from .gallery import chosen, saved
from .terminal import Output, one_line

Truth = NDArray[np.bool_]

HELP = "turn a Boolean expression into a network of sigmoid units"
DESCRIPTION = """\
Build the network that computes a Boolean expression, a layer for each level of it, and print its
weights and its truth table beside what the expression itself says.

    AND (-30, 20, 20)   OR (-10, 20, 20)   NOT (10, -20)   NOR (10, -20, -20)   COPY (-10, 20)

Operators, tightest first: not; and; xor, xnor; or; implies. Brackets group; any other word is an
input. The status is 1 when network and expression disagree.
"""
EXAMPLES = """\
examples:
  autograd-mini gates "(a and b) or not (a or b)"      (XNOR, which one layer can not do)
  autograd-mini gates "rain implies umbrella" --out umbrella.png
"""
ROWS = 64
OPERATORS: dict[str, Callable[[Truth, Truth], Truth]] = {
    "and": operator.and_,
    "or": operator.or_,
    "xor": operator.ne,
    "xnor": operator.eq,
    "implies": lambda a, b: ~a | b,
}


def add(commands: Any) -> None:
    """Add the sub-command to the command line."""
    parser = commands.add_parser("gates", help=HELP, description=DESCRIPTION, epilog=EXAMPLES)
    options.common(parser, run)
    parser.add_argument("expression", metavar="EXPR", help='such as "a and not b"')
    options.drawing(parser, "gates")


def run(args: argparse.Namespace, out: Output) -> int:
    """Print weights and truth table and draw; 1 when the network is wrong."""
    try:
        net = gates.from_expression(args.expression)
    except gates.ExpressionError as error:  # its further lines point at the place
        line = str(error).splitlines()[0]
        raise ValueError(f"{line} (in {args.expression!r})") from error
    X, h = gates.truth_table(net)
    inputs = dict(zip(net.inputs, X.T.astype(bool), strict=True))
    expected = evaluate(gates.parse(net.expression), inputs)
    answers = h[:, 0] >= 0.5
    wrong = int(np.count_nonzero(answers != expected))
    out.item("Expression", one_line(args.expression))
    out.item("Network", f"{'-'.join(map(str, net.sizes))} sigmoid units, a layer for each level")
    for layer, theta in net.theta.items():
        before = net.inputs if layer == 1 else net.units[layer]
        heads = ["", "bias", *(one_line(name) for name in before)]
        rows = [[name, *(f"{w:g}" for w in row)]
                for name, row in zip(net.units[layer + 1], theta, strict=True)]  # fmt: skip
        if theta.size <= 400:
            out.item(f"Θ^({layer})", f"layer {layer} to {layer + 1}, shape {theta.shape}")
            out.table([heads, *rows])
        else:
            out.item(f"Θ^({layer})", f"layer {layer} to {layer + 1}, shape {theta.shape}: too wide")
    table(net, X, h, expected, out)
    margin = float(np.max(np.abs(h[:, 0] - answers)))
    verdict = f"✗ {wrong} of {len(X)} rows differ" if wrong else "✓ in every row"
    out.item("Agrees", f"{verdict}; every output within {margin:.1e} of 0 or 1")
    files = saved(draw(net, **chosen(args)), args, "gates", out)
    out.record(
        expression=args.expression, inputs=list(net.inputs), layers=list(net.sizes),
        theta={layer: theta.tolist() for layer, theta in net.theta.items()},
        table=[[*map(int, x), float(a)] for x, a in zip(X[:ROWS], h[:, 0], strict=False)],
        wrong=wrong, file=str(files[0]), files=files,
    )  # fmt: skip
    return int(wrong > 0)


def evaluate(terms: list[gates.Term], inputs: dict[str, Truth]) -> Truth:
    """What the expression itself says, computed from its syntax tree and not by a network."""
    values: list[Truth] = []
    for word, operands, _ in terms:
        given = [values[k] for k in operands]
        if not given:
            values.append(inputs[word])
        elif word == "not":
            values.append(~given[0])
        else:
            values.append(OPERATORS[word](*given))
    return values[-1]


def table(net: gates.Gate, X: Any, h: Any, expected: Truth, out: Output) -> None:
    """Print the truth table, of a large one its first rows."""
    out.item("Truth table", f"{len(X)} rows" + (f", the first {ROWS}" if len(X) > ROWS else ""))
    rows: list[list[object]] = [[*(one_line(name) for name in net.inputs), "h", "expression"]]
    for x, (a,), truth in zip(X[:ROWS], h, expected, strict=False):
        rows.append([*(f"{value:.0f}" for value in x), f"{a:.6f}", int(truth)])
    out.table(rows, left=0)
