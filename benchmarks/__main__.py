"""`python -m benchmarks`: see README.md beside this file."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence


def main() -> None:
    options = parse()
    # Before NumPy is loaded, which reads them once.
    for library in ("OPENBLAS", "OMP", "MKL", "VECLIB_MAXIMUM", "NUMEXPR"):
        os.environ[f"{library}_NUM_THREADS"] = str(options.threads)
    from . import report

    report.run(options)


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Check, then time autograd_mini beside NumPy by hand and other libraries.",
    )
    parser.add_argument("rows", nargs="*", help="rows to measure (all); README.md lists them")
    parser.add_argument("--rounds", type=int, default=40, help="slices of each contender (40)")
    parser.add_argument("--slice-ms", type=float, default=5, help="length of a slice (5 ms)")
    parser.add_argument("--threads", type=int, default=1, help="threads of BLAS and of torch (1)")
    parser.add_argument(
        "--clock",
        choices=["wall", "cpu"],
        default="wall",
        help="cpu: the process's own time, for a machine that others use too; one thread only",
    )
    parser.add_argument("--json", action="store_true", help="every slice, as JSON")
    options = parser.parse_args(arguments)
    if options.rounds < 30:
        parser.error(f"--rounds {options.rounds}: an interval of medians needs 30 slices or more")
    if options.clock == "cpu" and options.threads > 1:
        parser.error("--clock cpu adds up the time of all threads; use it with --threads 1")
    return options


if __name__ == "__main__":
    main()
