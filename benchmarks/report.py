"""The table, as text or JSON."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .contenders import Contender, load
from .costs import import_times, operation_timings
from .loops import Line
from .measure import Pace, Timing, measure_row, ratio_of_medians
from .parts import PARTS, Part, in_words
from .rows import ROWS, Row

__all__ = ["KNOWN", "run"]

KNOWN = [*(row.name for row in ROWS), "operations", *PARTS, "import"]
"""What can be asked for by name."""

BY_HAND = "numpy by hand"
COUNTERPART = {"autograd_mini": "torch", "autograd_mini plain": "torch plain"}
"""Like is compared with like: modules with modules, plain formulas with plain formulas."""
OPERATION_GOAL, IMPORT_GOAL = 3.0, 15.0
"""µs per small operation, forward and backward; ms that the import adds to NumPy's."""


def run(options: argparse.Namespace) -> None:
    contenders, missing = load(options.threads)
    rows = [row for row in ROWS if not options.rows or row.name in options.rows]
    if unknown := {*options.rows}.difference(KNOWN):
        sys.exit(f"no row {', '.join(sorted(unknown))}; there are {', '.join(KNOWN)}")
    clock = time.process_time if options.clock == "cpu" else time.perf_counter
    pace = Pace(options.rounds, options.slice_ms / 1000, clock)
    show = Silent() if options.json else Text()
    found: dict[str, Any] = {"machine": machine(contenders, options), "missing": missing}
    show.machine(found["machine"], missing)

    found["rows"] = {}
    for row in rows:
        timings = measure_row(row, contenders, pace)
        found["rows"][row.name] = row_record(row, timings)
        show.row(row, found["rows"][row.name])
    if not options.rows or "operations" in options.rows:
        kinds = operation_timings(pace)
        found["operations"] = {kind: [record(t) for t in ts] for kind, ts in kinds.items()}
        show.operations(found["operations"])
    for name, part in PARTS.items():
        if not options.rows or name in options.rows:
            found[name] = part.measure(pace)
            show.part(name, part, found[name])
    if not options.rows or "import" in options.rows:
        ours, theirs, heavy = import_times(options.rounds)
        found["import"] = {"ours": record(ours), "numpy": record(theirs), "heavy": heavy}
        show.imports(found["import"])
    if options.json:
        json.dump(found, sys.stdout, indent=1)
        print()


def machine(contenders: Sequence[Contender], options: argparse.Namespace) -> dict[str, Any]:
    blas: Any = np.show_config(mode="dicts")
    load_average = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return {
        "cpu": cpu_name(),
        "cpus": os.cpu_count(),
        "load": load_average,
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "numpy": np.__version__,
        "blas": blas["Build Dependencies"]["blas"]["name"],
        "threads": options.threads,
        "clock": options.clock,
        "versions": {one.name: one.version for one in contenders},
    }


def cpu_name() -> str:
    described = Path("/proc/cpuinfo")
    if described.exists():
        for line in described.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":")[1].strip()
    return platform.processor() or "unknown processor"


def record(timing: Timing) -> dict[str, Any]:
    low, high = timing.quartiles
    return {
        "name": timing.name,
        "median": timing.median,
        "quartiles": [low, high],
        "best": min(timing.slices),
        "calls": timing.calls,
        "slices": timing.slices,
    }


def row_record(row: Row, timings: Sequence[Timing]) -> dict[str, Any]:
    """Return a row's contenders with their ratios to NumPy by hand, and ours to PyTorch."""
    by_name = {timing.name: timing for timing in timings}
    records = []
    for timing in timings:
        entry = record(timing)
        bases = [BY_HAND, COUNTERPART.get(timing.name, "")]
        entry["ratios"] = {
            base: ratio_of_medians(timing.slices, by_name[base].slices)
            for base in bases
            if base in by_name and base != timing.name
        }
        records.append(entry)
    return {"what": row.what, "goal": row.goal, "contenders": records}


def verdict(interval: Sequence[float], goal: float) -> str:
    """A goal is missed only when the whole interval lies beyond it."""
    _, low, high = interval
    return "reached" if high <= goal else "missed" if low > goal else "within the interval"


class Silent:
    def machine(self, found: dict[str, Any], missing: Sequence[str]) -> None: ...
    def row(self, row: Row, found: dict[str, Any]) -> None: ...
    def operations(self, found: dict[str, Any]) -> None: ...
    def part(self, name: str, part: Part, found: Sequence[Line]) -> None: ...
    def imports(self, found: dict[str, Any]) -> None: ...


class Text(Silent):
    """Prints each part as soon as it is measured."""

    def machine(self, found: dict[str, Any], missing: Sequence[str]) -> None:
        print(f"{found['cpu']}, {found['cpus']} CPUs, load {found['load']}; {found['system']}")
        print(f"Python {found['python']}, NumPy {found['numpy']} ({found['blas']}), "
              f"{found['threads']} thread(s) for BLAS and torch")  # fmt: skip
        print(", ".join(f"{name} {version}" for name, version in found["versions"].items()))
        for line in missing:
            print(f"! {line}")
        print(
            f"\nµs of {found['clock']} time: median [quartiles]; ratios of medians [95 % interval]"
        )

    def row(self, row: Row, found: dict[str, Any]) -> None:
        print(f"\n{row.name}: {row.what}")
        for entry in found["contenders"]:
            low, high = entry["quartiles"]
            print(f"  {entry['name']:20s}{entry['median']:12,.1f} [{low:,.1f} to {high:,.1f}]",
                  end="")  # fmt: skip
            for base, interval in entry["ratios"].items():
                ratio, low, high = interval
                print(f"   {ratio:.2f}x [{low:.2f} to {high:.2f}] {base}", end="")
                if row.goal is not None and base != BY_HAND:
                    print(f"; goal {row.goal}x: {verdict(interval, row.goal)}", end="")
            print()

    def operations(self, found: dict[str, Any]) -> None:
        print("\noperations: µs per small operation, forward + backward, by operations in the graph"
              f" (goal: at most {OPERATION_GOAL} µs)")  # fmt: skip
        for kind, entries in found.items():
            cells = [f"{e['name']}: {e['median']:.2f} [{e['quartiles'][0]:.2f} to "
                     f"{e['quartiles'][1]:.2f}]" for e in entries]  # fmt: skip
            print(f"  {kind:24s}{'   '.join(cells)}")

    def part(self, name: str, part: Part, found: Sequence[Line]) -> None:
        print(f"\n{name}: {part.what}")
        for line in found:
            reached = part.goal and f"; {verdict(line['ratio'], part.goal)}"
            print(f"{in_words(line)}{reached or ''}")

    def imports(self, found: dict[str, Any]) -> None:
        print(f"\nimport: ms that `import autograd_mini` adds to NumPy's (goal: {IMPORT_GOAL})")
        for entry in (found["ours"], found["numpy"]):
            low, high = entry["quartiles"]
            print(f"  {entry['name']:20s}{entry['median']:8.1f} [{low:.1f} to {high:.1f}]")
        print(f"  heavy modules loaded: {', '.join(found['heavy']) or 'none'}")
