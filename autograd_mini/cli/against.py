"""`autograd-mini check --against FILE`: somebody's gradients, and which mistake is in them."""

from __future__ import annotations

import argparse
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..nn.network import Network
from ..testing.diagnosis import judged, setup
from ..testing.formulas import Setup
from ..testing.layouts import flattened
from ..testing.report import Diagnosis
from ..testing.student import MEBIBYTES, SECONDS, Ran, StudentError, run, saved, split_name
from ..testing.words import LABELS, LANGUAGES, SENTENCES
from . import options
from .problem import named, problem
from .terminal import Output, shown

Array = NDArray[Any]

DESCRIPTION = """
--against FILE compares gradients of yours with the closed form, and says which mistake is in
them: FILE is Python code with a function gradients(theta, X, Y, lam), theta[l] being Θ^(l) with
the bias in column 0 (FILE.py:NAME for another name), or saved gradients (npz, npy, json). The
code runs in a process of its own, within limits of time and memory. Without --examples it gets
7 examples; without --lam it gets λ = 3, and saved gradients are tried for λ = 0 and 3. An npz
that also holds X, Y and theta1, theta2, ... (and lam) is checked on these.
"""
EXAMPLES = """\
  autograd-mini check --against student.py
  autograd-mini check --against student.py:my_backprop --layers 4-4-4 --activation tanh --lang zh
"""
COURSE = 5  # examples of the course's own check
UNEQUAL = 7  # examples: no number of units, so that no mean over a wrong axis looks right


def add_options(parser: options.Parser) -> None:
    """Add what belongs to somebody's gradients."""
    group = parser.add_argument_group("your own gradients")
    group.add_argument(
        "--against", type=options.path, metavar="FILE",
        help="your code (student.py, student.py:NAME) or saved gradients (npz, npy, json)",
    )  # fmt: skip
    group.add_argument(
        "--lang", choices=LANGUAGES, default="en", help="language of the diagnosis (default: en)"
    )
    group.add_argument(
        "--limit", type=options.number(0, 86_400, open_below=True), default=SECONDS,
        metavar="SECONDS", help=f"longest time for your code (default: {SECONDS:g})",
    )  # fmt: skip
    group.add_argument(
        "--memory", type=options.whole(1, 2**20), default=MEBIBYTES, metavar="MIB",
        help=f"most memory for your code, where the system can limit it (default: {MEBIBYTES})",
    )  # fmt: skip


def against(args: argparse.Namespace, lams: list[float] | None, out: Output) -> int:
    """Diagnose the gradients in a file; 1 when they are wrong."""
    path, _ = split_name(args.against)
    code = path.suffix.lower() == ".py"
    args.examples = args.examples or (UNEQUAL if code else COURSE)
    net, X, Y = problem(args)
    out.item("Network", named(args, net))
    if code:
        found = of_code(args, net, X, Y, lams or [3.0], out)
    else:
        found = of_saved(args, net, X, Y, lams, path, out)
    return 0 if found.right else 1


def made(args: argparse.Namespace, net: Network, X: Array, Y: Array, lam: float) -> Setup:
    """The problem as the diagnosis takes it."""
    return setup(net.theta, X, Y, lam, net.activation, net.output, args.cost)


def of_code(
    args: argparse.Namespace, net: Network, X: Array, Y: Array, lams: list[float], out: Output
) -> Diagnosis:
    """Run the code for every λ, and stop at the first that is wrong."""
    for lam in lams:
        s = made(args, net, X, Y, lam)
        try:
            ran = run(args.against, s, seconds=args.limit, mebibytes=args.memory)
        except StudentError as error:
            elsewhere = where_it_runs(args, s, error)
            if elsewhere is None:
                raise
            ran, s = elsewhere
            sizes = "-".join(str(s.size(l)) for l in range(1, s.L + 1))
            say(args, "fails", str(error), out)
            say(args, "instead", told(args, "instead", sizes=sizes), out)
        first, second, changed = ran.calls
        found = judged(s, first, args.lang, second=second or None, changed=changed)
        show(args, found, lam, ran, out)
        if not found.right:
            break
    return found


def where_it_runs(
    args: argparse.Namespace, s: Setup, error: StudentError
) -> tuple[Ran, Setup] | None:
    """The same with other layers: Θ for Θᵀ fits where Θ, or Θ without its bias, is square."""
    if error.kind not in {"ValueError", "IndexError"} or args.weights:
        return None
    units = max(s.size(l) for l in range(1, s.L + 1))
    for growth in (0, 1):
        sizes = [units + growth * l for l in range(s.L)]
        other = argparse.Namespace(**{**vars(args), "layers": sizes})
        square = made(other, *problem(other), s.lam)
        try:
            ran = run(args.against, square, seconds=args.limit, mebibytes=args.memory)
            if not judged(square, ran.calls.first).right:
                return ran, square
        except ValueError:
            continue
    return None


def of_saved(
    args: argparse.Namespace, net: Network, X: Array, Y: Array, lams: list[float] | None,
    path: Path, out: Output,
) -> Diagnosis:  # fmt: skip
    """Diagnose saved gradients for the λ that they may have been computed with."""
    given = saved(path)
    own = of_its_own(args, given, net) if isinstance(given, dict) else None
    if own is not None and isinstance(given, dict):
        say(args, "problem", told(args, "own", what=shown(path)), out)
        setups = [replace(own, lam=lam) for lam in lams or [own.lam]]
        given = rest(given)
    else:
        setups = [made(args, net, X, Y, lam) for lam in lams or [0.0, 3.0]]
    pieces = given if isinstance(given, list) else [*flattened(given)]
    tried = [(judged(s, pieces, args.lang), s.lam) for s in setups]
    # Right, or else explained by the fewest mistakes; the larger λ shows more of them.
    order = {"right": 0, "mistake": 1}
    found, lam = min(tried, key=lambda each: (
        order.get(each[0].verdict, 2), len(each[0].answers[0].keys) if each[0].answers else 0,
        -each[1],
    ))  # fmt: skip
    show(args, found, lam, None, out)
    return found


def rest(given: dict[str, Any]) -> dict[str, Any]:
    """What is saved beside a problem: the gradients."""
    problem_ = re.compile(r"theta\d+|previous\d+|X|[Yy]|lam")
    return {name: each for name, each in given.items() if not problem_.fullmatch(name)}


def of_its_own(args: argparse.Namespace, given: dict[str, Any], net: Network) -> Setup | None:
    """The problem that is saved beside the gradients."""
    Y = given.get("Y", given.get("y"))
    matrices = {
        kind: {int(name[len(kind) :]): np.asarray(each) for name, each in given.items()
               if re.fullmatch(rf"{kind}\d+", name)}
        for kind in ("theta", "previous")
    }  # fmt: skip
    if "X" not in given or Y is None or not matrices["theta"]:
        return None
    lam = float(np.asarray(given.get("lam", 0.0)))
    return setup(
        matrices["theta"], given["X"], Y, lam, args.activation or "sigmoid", net.output, args.cost,
        matrices["previous"] or None,
    )  # fmt: skip


def show(
    args: argparse.Namespace, found: Diagnosis, lam: float, ran: Ran | None, out: Output
) -> None:
    """Print a diagnosis, and keep it for --json."""
    out.line()
    say(args, "gradients", f"{shown(args.against)}, λ = {lam:g}", out)
    for label, text in found.lines():
        out.item(label, text)
    if ran is not None and ran.lines:
        count = told(args, "printed", first=repr(ran.printed), count=ran.lines)
        say(args, "printed", count, out)
    out.record(file=shown(args.against), lam=lam, passed=found.right, **found.as_dict())


def told(args: argparse.Namespace, sentence: str, **values: Any) -> str:
    """A sentence in the language asked for."""
    return SENTENCES[sentence][LANGUAGES.index(args.lang)].format(**values)


def say(args: argparse.Namespace, label: str, text: str, out: Output) -> None:
    """Print a text behind its label in the language asked for."""
    out.item(LABELS[label][LANGUAGES.index(args.lang)], text)
