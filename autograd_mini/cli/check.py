"""`autograd-mini check`: three ways to one gradient, in columns."""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..context import no_grad
from ..nn.network import COSTS, Network
from . import against, options
from .comparison import TOLERANCE, closed, recorded, relative
from .problem import add_options, named, problem
from .terminal import Output

Array = NDArray[Any]
Entries = dict[int, tuple[Array, Array]]

HELP = "check the recorded gradient against the closed form and numerically"
DESCRIPTION = """\
Compute ∂J/∂Θ^(l) of a network three ways and print them in columns:

    autodiff       read from the recorded graph
    closed form    the δ formulas: δ^(L) = a^(L) - y,  δ^(l) = (Θ^(l))ᵀ δ^(l+1) .* g'(z^(l)),
                   ∂J/∂Θ^(l) = (1/m) Σ δ^(l+1) (a^(l))ᵀ + (λ/m) Θ^(l), no λ for the bias
    numeric        [ J(Θ + ε) - J(Θ - ε) ] / 2ε for one weight after the other, ε = 1e-4

The status is 1 when autodiff differs from the closed form in an array by more than 1e-10, or
over all arrays from the numeric gradient by more than 1e-7, as ‖u - v‖ / ‖u + v‖.

Without options it is the course's own check: a 3-5-3 network, 5 examples, weights and examples
sin(1), sin(2), ... / 10, labels 1 + (i mod 3), λ = 0 and 3.
""" + against.DESCRIPTION
EXAMPLES = """\
examples:
  autograd-mini check
  autograd-mini check --layers 400-25-10 --lam 1
  autograd-mini check --layers 6-5-4-3 --activation tanh --cost softmax --rows 0
  autograd-mini check --weights autograd-mini-train/weights.npz --lam 0.1
  autograd-mini check --slide    (D = Δ/m + λΘ, as the slide has it: fails by (1 - 1/m) λ Θ)
""" + against.EXAMPLES
EPSILON = 1e-4
NUMERIC = 1e-7
LAMS = [0.0, 3.0]
MOST = 12_000  # numeric entries: each takes two forward passes


def add(commands: Any) -> None:
    """Add the sub-command to the command line."""
    parser = commands.add_parser("check", help=HELP, description=DESCRIPTION, epilog=EXAMPLES)
    options.common(parser, run)
    add_options(parser, against.COURSE)
    parser.set_defaults(examples=None)  # --against takes another number than the course
    options.strength(parser, LAMS, nargs="+")
    parser.add_argument(
        "--rows", type=options.whole(0, 10_000), default=5, metavar="N",
        help="entries of each Θ to print (default: 5)",
    )  # fmt: skip
    parser.add_argument(
        "--slide", action="store_true",
        help="put the slide's λΘ without 1/m in place of the closed form, and see it fail "
        "(prints weights only: no λ for a bias)",
    )  # fmt: skip
    against.add_options(parser)


def run(args: argparse.Namespace, out: Output) -> int:
    """Check for every λ; 1 when one of them fails."""
    if args.against is not None:
        return against.against(args, None if args.lam is LAMS else args.lam, out)
    args.examples = args.examples or against.COURSE
    net, X, Y = problem(args)
    out.item("Network", named(args, net))
    checks = [one_check(args, net, X, Y, lam, out) for lam in args.lam]
    passed = all(check["passed"] for check in checks)
    if passed:
        out.item("Passed", f"autodiff = {beside_name(args)} = numeric  ✓")
    elif args.slide:
        out.item("FAILED", "the slide's λΘ differs by more than rounding  ✗")
    else:
        out.item("FAILED", "the gradients differ by more than rounding  ✗")
    out.record(layers=list(net.sizes), examples=len(X), passed=passed, checks=checks)
    return 0 if passed else 1


def one_check(
    args: argparse.Namespace, net: Network, X: Array, Y: Array, lam: float, out: Output
) -> dict[str, Any]:
    """Compare the three gradients for one λ, print them, and say how far apart they are."""
    found_deltas, found = recorded(net, X, Y, lam, args.cost)
    deltas, gradients = closed(net, X, Y, lam, args.cost)
    if args.slide:
        gradients = {l: slide(gradients[l], net.theta[l], lam, len(X)) for l in gradients}
    entries = chosen(net)
    number = numeric(net, X, Y, lam, args.cost, entries)
    smooth = {layer: ~np.isnan(values) for layer, values in number.items()}
    pairs = {
        layer: (found[layer][entries[layer]][smooth[layer]], number[layer][smooth[layer]])
        for layer in number
    }
    differences: dict[str, list[float]] = {
        f"δ^({layer})": [relative(found_deltas[layer], deltas[layer])] for layer in sorted(deltas)
    }
    for layer in sorted(gradients):
        beside = relative(found[layer], gradients[layer])
        differences[f"∂J/∂Θ^({layer})"] = [beside, relative(*pairs[layer])]
    whole = relative(*(np.concatenate(side) for side in zip(*pairs.values(), strict=True)))
    worst = max(each[0] for each in differences.values())
    passed = worst <= TOLERANCE["float64"] and whole <= NUMERIC
    print_differences(beside_name(args), lam, differences, whole, out)
    print_entries(args, entries, (found, gradients), number, out)
    if (compared := sum(map(len, number.values()))) < (
        total := sum(t.size for t in net.theta.values())
    ):
        out.line(f"{'':12}numeric for {compared:,} of the {total:,} entries")
    if kinks := sum(int(np.count_nonzero(~each)) for each in smooth.values()):
        out.line(f"{'':12}numeric left out for {kinks} entries: within ε a unit meets its kink")
    verdict = "✓" if passed else "✗"
    other = "the slide's" if args.slide else "the closed form"
    out.item("Worst", f"relative difference: {worst:.1e} from {other}, {whole:.1e} from "
             f"the numeric gradient  {verdict}")  # fmt: skip
    return {
        "lam": lam, "passed": passed, "closed_form": worst, "numeric": whole, "kinks": kinks,
        "differences": {
            name: dict(zip(("closed_form", "numeric"), each, strict=False))
            for name, each in differences.items()
        },
    }  # fmt: skip


def slide(gradient: Array, theta: Array, lam: float, m: int) -> Array:
    """The gradient with the slide's λΘ in place of (λ/m) Θ, the bias column left out."""
    weights = theta * (np.arange(theta.shape[1]) > 0)
    wrong: Array = gradient + (1 - 1 / m) * lam * weights
    return wrong


def chosen(net: Network) -> Entries:
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
    net: Network, X: Array, Y: Array, lam: float, cost: str, entries: Entries
) -> dict[int, Array]:
    """Central differences of the cost at the chosen entries; NaN where a kink lies between."""
    theta = {layer: np.array(values) for layer, values in net.theta.items()}
    kinked = [l for l, name in enumerate(net.activation, 2) if name in {"relu", "leaky_relu"}]

    def at(layer: int, place: tuple[int, int], step: float) -> tuple[float, list[Array]]:
        theta[layer][place] += step
        moved = Network.from_theta(theta, activation=net.activation, output=net.output)
        run = moved.forward(X)
        J = COSTS[cost](moved, run, Y, lam)
        return float(J.item()), [run.z[l].numpy() > 0 for l in kinked]

    def slope(layer: int, place: tuple[int, int]) -> float:
        value = theta[layer][place]
        above, signs = at(layer, place, EPSILON)
        theta[layer][place] = value
        below, others = at(layer, place, -EPSILON)
        theta[layer][place] = value
        same = all(map(np.array_equal, signs, others))
        return (above - below) / (2 * EPSILON) if same else np.nan

    with no_grad():
        return {
            layer: np.array([slope(layer, place) for place in zip(*entries[layer], strict=True)])
            for layer in theta
        }


def beside_name(args: argparse.Namespace) -> str:
    """What stands beside autodiff."""
    return "the slide's" if args.slide else "closed form"


def print_differences(
    name: str, lam: float, differences: dict[str, list[float]], whole: float, out: Output
) -> None:
    """Print how far autodiff is from the other two, array by array."""
    out.line()
    out.item(f"λ = {lam:g}", "how far autodiff is from the others, ‖u - v‖ / ‖u + v‖")
    rows: list[list[object]] = [["", name, "numeric"]]
    rows += [[array, *(f"{each:.1e}" for each in apart)] for array, apart in differences.items()]
    out.table([*rows, ["every ∂J/∂Θ", "", f"{whole:.1e}"]])


def print_entries(
    args: argparse.Namespace, entries: Entries, both: tuple[Any, Any],
    number: dict[int, Array], out: Output,
) -> None:  # fmt: skip
    """Print the first entries of every ∂J/∂Θ, column by column as the course does."""
    if not args.rows:
        return
    rows: list[list[object]] = [["", "autodiff", beside_name(args), "numeric"]]
    for layer, places in entries.items():
        every = enumerate(zip(*places, strict=True))
        # λ never touches a bias: there the slide's agrees, and shows nothing.
        told = [(index, place) for index, place in every if place[1] > 0 or not args.slide]
        for index, place in told[: args.rows]:
            # Units are counted from 1, and column 0 is the bias, as in the note.
            row, column = place[0] + 1, place[1]
            cells = (both[0][layer][place], both[1][layer][place], number[layer][index])
            rows.append([f"∂J/∂Θ^({layer})[{row},{column}]", *(f"{cell:+.10e}" for cell in cells)])
    out.line()
    out.table(rows)
