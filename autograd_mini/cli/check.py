"""`autograd-mini check`: three ways to one gradient, in columns."""

from __future__ import annotations

import argparse
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..context import no_grad
from ..nn.network import COSTS, Network
from . import options
from .comparison import TOLERANCE, closed, recorded, relative
from .terminal import Output

Array = NDArray[Any]

HELP = "check the recorded gradient against the closed form and numerically"
DESCRIPTION = """\
Compute ∂J/∂Θ^(l) of a network three ways and print them in columns:

    autodiff       read from the recorded graph
    closed form    the δ formulas: δ^(L) = a^(L) - y,  δ^(l) = (Θ^(l))ᵀ δ^(l+1) .* g'(z^(l)),
                   ∂J/∂Θ^(l) = (1/m) Σ δ^(l+1) (a^(l))ᵀ + (λ/m) Θ^(l), no λ for the bias
    numeric        [ J(Θ + ε) - J(Θ - ε) ] / 2ε for one weight after the other, ε = 1e-4

Differences are ‖u - v‖ / ‖u + v‖, array by array. The status is 1 when autodiff and closed form
differ by more than 1e-10, or autodiff and numeric by more than 1e-7.

Without options it is the course's own check: a 3-5-3 network, 5 examples, weights and examples
sin(1), sin(2), ... / 10, labels 1 + (i mod 3), λ = 0 and 3.
"""
EXAMPLES = """\
examples:
  autograd-mini check
  autograd-mini check --layers 400-25-10 --lam 1
  autograd-mini check --layers 6-5-4-3 --activation tanh --cost softmax --rows 0
  autograd-mini check --slide    (D = Δ/m + λΘ, as the slide has it: fails by (1 - 1/m) λ Θ)
"""
EPSILON = 1e-4
NUMERIC = 1e-7
MOST = 20_000  # numeric entries: each takes two forward passes


def add(commands: Any) -> None:
    """Add the sub-command to the command line."""
    parser = commands.add_parser("check", help=HELP, description=DESCRIPTION, epilog=EXAMPLES)
    options.common(parser, run)
    options.network(parser, "3-5-3")
    parser.add_argument(
        "--examples", type=options.whole(1, 10_000), default=5, metavar="M",
        help="number of examples (default: 5)",
    )  # fmt: skip
    parser.add_argument(
        "--lam", "--lambda", dest="lam", type=options.number(0), nargs="+", default=[0.0, 3.0],
        metavar="λ", help="strengths of the regularisation (default: 0 3)",
    )  # fmt: skip
    parser.add_argument(
        "--seed", type=options.whole(0), metavar="N",
        help="random weights and examples instead of the course's",
    )  # fmt: skip
    parser.add_argument(
        "--rows", type=options.whole(0, 10_000), default=5, metavar="N",
        help="entries of each Θ to print (default: 5)",
    )  # fmt: skip
    parser.add_argument(
        "--slide", action="store_true",
        help="put the slide's λΘ without 1/m in place of the closed form, and see it fail",
    )  # fmt: skip


def run(args: argparse.Namespace, out: Output) -> int:
    """Check for every λ; 1 when one of them fails."""
    net, X, Y = problem(args)
    weights = "the course's weights" if args.seed is None else f"random weights, seed {args.seed}"
    outline = "-".join(map(str, net.sizes))
    out.item("Network", f"{outline}, {args.activation}, {args.cost} cost; {weights}; m = {len(X)}")
    checks = [one_check(args, net, X, Y, lam, out) for lam in args.lam]
    passed = all(check["passed"] for check in checks)
    if passed:
        out.item("Passed", "autodiff = closed form = numeric  ✓")
    else:
        out.item("FAILED", "the gradients differ by more than rounding  ✗")
    out.record(layers=list(net.sizes), examples=len(X), passed=passed, checks=checks)
    return 0 if passed else 1


def problem(args: argparse.Namespace) -> tuple[Network, Array, Array]:
    """The course's weights and examples for these layers, or random ones; and labels."""
    sizes, m = args.layers or [3, 5, 3], args.examples
    output = options.COSTS[args.cost]
    # The course's labels are 1 + (i mod K), i = 1..m, with classes counted from 1.
    labels = np.arange(1, m + 1) % max(sizes[-1], 2)
    if args.seed is not None:
        rng = np.random.default_rng(args.seed)
        net = Network(sizes, args.activation, output, seed=rng)
        return net, rng.uniform(-1, 1, (m, sizes[0])), labels
    thetas = [sines(rows, columns + 1) for columns, rows in pairwise(sizes)]
    net = Network.from_theta(thetas, activation=args.activation, output=output)
    return net, sines(m, sizes[0]), labels


def sines(rows: int, columns: int) -> Array:
    """Fill column by column with sin(1), sin(2), ... / 10: the course's debugInitializeWeights."""
    return np.sin(np.arange(1.0, rows * columns + 1)).reshape(columns, rows).T / 10


def one_check(
    args: argparse.Namespace, net: Network, X: Array, Y: Array, lam: float, out: Output
) -> dict[str, Any]:
    """Compare the three gradients for one λ, print them, and say how far apart they are."""
    found_deltas, found = recorded(net, X, Y, lam, args.cost)
    deltas, gradients = closed(net, X, Y, lam, args.cost)
    if args.slide:
        gradients = {l: slide(gradients[l], net.theta[l], lam, len(X)) for l in gradients}
    entries = chosen(net)
    number = numeric(net, X, Y, lam, args.cost, entries, found)
    out.line()
    out.item(f"λ = {lam:g}", "differences ‖u - v‖ / ‖u + v‖")
    rows: list[list[object]] = [["", "autodiff, closed form", "autodiff, numeric"]]
    differences: dict[str, dict[str, float]] = {}
    for layer in sorted(deltas):
        apart = relative(found_deltas[layer], deltas[layer])
        differences[f"δ^({layer})"] = {"closed_form": apart}
        rows.append([f"δ^({layer})", f"{apart:.1e}", ""])
    for layer in sorted(gradients):
        name, picked = f"∂J/∂Θ^({layer})", entries[layer]
        apart = relative(found[layer], gradients[layer])
        ours = found[layer][picked]
        by_number = relative(ours, np.where(np.isnan(number[layer]), ours, number[layer]))
        differences[name] = {"closed_form": apart, "numeric": by_number}
        rows.append([name, f"{apart:.1e}", f"{by_number:.1e}"])
    out.table(rows)
    columns(args, net, entries, found, gradients, number, out)
    worst = {
        kind: max(each[kind] for each in differences.values() if kind in each)
        for kind in ("closed_form", "numeric")
    }
    skipped = int(sum(np.isnan(values).sum() for values in number.values()))
    if skipped:
        out.line(f"{'':12}numeric left out for {skipped} entries: within ε a unit meets its kink")
    passed = worst["closed_form"] <= TOLERANCE["float64"] and worst["numeric"] <= NUMERIC
    out.item(
        "Worst",
        f"{worst['closed_form']:.1e} from the closed form, "
        f"{worst['numeric']:.1e} from the numeric gradient  {'✓' if passed else '✗'}",
    )
    return {"lam": lam, "passed": passed, "worst": worst, "differences": differences}


def slide(gradient: Array, theta: Array, lam: float, m: int) -> Array:
    """The gradient with the slide's λΘ in place of (λ/m) Θ, the bias column left out."""
    weights = theta * (np.arange(theta.shape[1]) > 0)
    wrong: Array = gradient + (1 - 1 / m) * lam * weights
    return wrong


def chosen(net: Network) -> dict[int, tuple[Array, Array]]:
    """Which entries of each Θ are differentiated numerically: all, or evenly spread over many."""
    sizes = {layer: theta.size for layer, theta in net.theta.items()}
    share = min(1.0, MOST / sum(sizes.values()))
    entries = {}
    for layer, theta in net.theta.items():
        count = max(1, int(share * theta.size))
        # Column by column, as the course counts; np.unique keeps it when all are taken.
        flat = np.unique(np.linspace(0, theta.size - 1, count).round().astype(int))
        column, row = np.divmod(flat, theta.shape[0])
        entries[layer] = (row, column)
    return entries


def numeric(
    net: Network, X: Array, Y: Array, lam: float, cost: str,
    entries: dict[int, tuple[Array, Array]], found: Any,
) -> dict[int, Array]:  # fmt: skip
    """Central differences of the cost at the chosen entries; NaN where a kink lies between."""
    theta = {layer: np.array(values) for layer, values in net.theta.items()}
    kinked = {"relu", "leaky_relu"} & set(net.activation)

    def at() -> tuple[float, list[Array]]:
        moved = Network.from_theta(theta, activation=net.activation, output=net.output)
        run = moved.forward(X)
        J = COSTS[cost](moved, run, Y, lam)
        return float(J.item()), [run.z[l].numpy() > 0 for l in run.z] if kinked else []

    def slope(layer: int, row: int, column: int) -> float:
        value = theta[layer][row, column]
        theta[layer][row, column] = value + EPSILON
        above, signs = at()
        theta[layer][row, column] = value - EPSILON
        below, others = at()
        theta[layer][row, column] = value
        same = all(np.array_equal(a, b) for a, b in zip(signs, others, strict=True))
        return (above - below) / (2 * EPSILON) if same else np.nan

    with no_grad():
        return {
            layer: np.array([slope(layer, r, c) for r, c in zip(*entries[layer], strict=True)])
            for layer in theta
        }


def columns(
    args: argparse.Namespace, net: Network, entries: dict[int, tuple[Array, Array]],
    found: Any, gradients: Any, number: dict[int, Array], out: Output,
) -> None:  # fmt: skip
    """Print the first entries of every Θ in columns."""
    if not args.rows:
        return
    heads = ["", "autodiff", "closed form" if not args.slide else "the slide's", "numeric"]
    rows: list[list[object]] = [[*heads]]
    for layer in entries:
        where = list(zip(*entries[layer], strict=True))[: args.rows]
        for (row, column), value in zip(where, number[layer], strict=False):
            # Units are counted from 1, and column 0 is the bias, as in the note.
            name = f"∂J/∂Θ^({layer})[{row + 1},{column}]"
            cells = (found[layer][row, column], gradients[layer][row, column], value)
            rows.append([name, *(f"{cell:+.10e}" for cell in cells)])
    out.table(rows)
