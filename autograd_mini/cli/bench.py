"""`autograd-mini bench`: check, then time, beside NumPy by hand and what else is installed."""

from __future__ import annotations

import argparse
import difflib
import time
import warnings
from collections.abc import Collection, Sequence
from typing import Any

from ..blas import pinned
from . import options
from .bench_text import Text
from .terminal import Output

HELP = "how fast it is on this machine, beside NumPy by hand and other libraries"
DESCRIPTION = """\
Check the results of NumPy by hand, autograd_mini (eager and ag.jit), PyTorch, torch.compile, JAX,
HIPS autograd, MyGrad and scikit-learn against each other, those of them that are installed; then
time them side by side, and say which goals are reached. It takes a few minutes; close what else
runs. The status is 1 when a result is wrong. A missed goal is told, and no error.

  autograd-mini bench                  the whole table, compiling, memory, imports
  autograd-mini bench xnor note64      some rows of it; --list tells which
  autograd-mini bench all              programs that grow as well: loops, long graphs
"""
ALL = "all"
"""Stands for every row."""


def add(commands: Any) -> None:
    """Add the sub-command to the command line."""
    parser = commands.add_parser("bench", help=HELP, description=DESCRIPTION)
    parser.add_argument("rows", nargs="*", metavar="ROW", help="see --list (default: the table)")
    parser.add_argument("--list", action="store_true", help="say what can be measured, and stop")
    parser.add_argument(
        "--rounds", type=options.whole(1, 100_000), default=40, metavar="N",
        help="slices of each contender; verdicts need 30 (default: 40)",
    )  # fmt: skip
    parser.add_argument(
        "--slice-ms", type=options.number(0, 60_000, open_below=True), default=5.0, metavar="MS",
        help="length of a slice, at least one call (default: 5)",
    )  # fmt: skip
    parser.add_argument(
        "--threads", type=options.whole(1, 1024), default=1, metavar="N",
        help="threads of BLAS and of the libraries (default: 1)",
    )  # fmt: skip
    parser.add_argument(
        "--clock", choices=["wall", "cpu"], default="wall",
        help="cpu: the process's own time, for a machine that others use too; one thread only",
    )  # fmt: skip
    parser.add_argument(
        "--only", metavar="NAME,NAME", help="contenders beside NumPy by hand, such as jit,PyTorch"
    )
    parser.add_argument(
        "--patient", action="store_true", help="also what takes a library minutes to compile"
    )
    parser.add_argument(
        "--nodes", type=options.whole(1_000, 10**7), default=100_000, metavar="N",
        help="of the largest program of the row growth (default: 100000)",
    )  # fmt: skip
    options.common(parser, run)


def run(args: argparse.Namespace, out: Output) -> int:
    """Measure and tell; 1 when a result is wrong."""
    if args.clock == "cpu" and args.threads > 1:
        args.parser.error("--clock cpu adds up the time of all threads; use it with --threads 1")
    # Not with the command line: timing is all that needs this room.
    from ..bench import report

    names = _asked(args, report)
    if args.list:
        return _list(out, report)
    # Other libraries' advice to their users is none to ours.
    with pinned(args.threads), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        contenders, missing = report.load(args.threads)
        return _measured(args, out, report, names, _chosen(args, contenders), missing)


def _measured(
    args: argparse.Namespace, out: Output, report: Any, names: Collection[str],
    contenders: Sequence[Any], missing: Sequence[str],
) -> int:  # fmt: skip
    text = Text(out)
    facts = report.machine(contenders) | {"threads": args.threads, "clock": args.clock}
    out.record(machine=facts, missing=missing, rounds=args.rounds)
    text.machine(facts, missing)
    clock = time.process_time if args.clock == "cpu" else time.perf_counter
    pace = report.Pace(args.rounds, args.slice_ms / 1000, clock, args.nodes)
    rows, parts, wrong = {}, {}, False
    for row in report.ROWS:
        if row.name in names:
            found = report.measure_row(row, contenders, pace, args.patient)
            rows[row.name] = report.row_record(row, found)
            wrong |= bool(found.wrong) or bool(found.failed.keys() & report.OURS)
            text.row(row.name, rows[row.name])
    for name, part in report.PARTS.items():
        if name in names:
            parts[name] = report.measure_part(part, pace)
            wrong |= any(line.get("verdict") == "wrong" for line in parts[name])
            text.part(name, part.what, parts[name])
    text.side_by_side(rows)
    text.goals(rows, parts)
    out.record(rows=rows, parts=parts, wrong=wrong)
    return int(wrong)


def _asked(args: argparse.Namespace, report: Any) -> Collection[str]:
    """Names of all that is to be measured."""
    for name in args.rows:
        if name not in {*report.KNOWN, ALL}:
            near = difflib.get_close_matches(name, report.KNOWN, 1)
            cure = f"did you mean {near[0]}?" if near else "--list tells what there is"
            args.parser.error(f"no row {name!r}, {cure}")
    known: Collection[str] = report.KNOWN
    if ALL in args.rows:
        return known
    return args.rows or [name for name in known if name not in report.PROGRAMS]


def _chosen(args: argparse.Namespace, contenders: Sequence[Any]) -> list[Any]:
    """NumPy by hand, and who is wanted beside it."""
    if args.only is None:
        return list(contenders)
    wanted = [name.strip() for name in args.only.split(",")]
    by_hand, *others = contenders
    known = [one.name for one in others]
    for name in wanted:
        if name not in known:
            args.parser.error(f"--only {name!r}: there are {', '.join(known)}")
    return [by_hand, *(one for one in others if one.name in wanted)]


def _list(out: Output, report: Any) -> int:
    """Say what can be measured."""
    rows = {row.name: row.what for row in report.ROWS}
    rows |= {name: part.what for name, part in report.PARTS.items()}
    for name, what in rows.items():
        out.line(f"{name:<12}{what}")
    out.record(rows=rows)
    return 0
