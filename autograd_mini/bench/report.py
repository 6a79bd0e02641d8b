"""The machine, and what was measured on it, as plain records."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .contenders import Contender, load
from .goals import judge
from .measure import Measured, Pace, Timing, measure_row, ratio_of_medians
from .parts import PARTS, PROGRAMS, measure_part
from .rows import ROWS, Row

__all__ = [
    "KNOWN",
    "OURS",
    "PARTS",
    "PROGRAMS",
    "ROWS",
    "Pace",
    "load",
    "machine",
    "measure_part",
    "measure_row",
    "row_record",
]

OURS = ("eager", "eager nn", "jit", "jit nn", "ag.fit")
"""Contenders whose failure is a mistake of this package."""
KNOWN = (*(row.name for row in ROWS), *PARTS)
"""What can be asked for by name."""


def machine(contenders: Sequence[Contender]) -> dict[str, Any]:
    """Return what the figures depend on: processor, load, versions."""
    blas: Any = np.show_config(mode="dicts")
    return {
        "cpu": cpu_name(),
        "cpus": os.cpu_count(),
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "numpy": np.__version__,
        "blas": blas.get("Build Dependencies", {}).get("blas", {}).get("name", "unknown"),
        "versions": {one.name: one.version for one in contenders},
    }


def cpu_name() -> str:
    """Return the processor's name as the system tells it."""
    described = Path("/proc/cpuinfo")
    if described.exists():
        for line in described.read_text("utf-8", "replace").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or "unknown processor"


def record(timing: Timing) -> dict[str, Any]:
    """Return a contender's figures: µs a call, and the ms of the first."""
    return {
        "name": timing.name,
        "median": timing.median,
        "quartiles": timing.quartiles,
        "best": min(timing.slices),
        "first_ms": timing.first,
        "calls": timing.calls,
        "slices": timing.slices,
    }


def row_record(row: Row, measured: Measured) -> dict[str, Any]:
    """Return a row: contenders, their ratios to NumPy by hand, the goals, who is missing."""
    by_hand = measured.timings[0]
    records = []
    for timing in measured.timings:
        ratio = ratio_of_medians(timing.slices, by_hand.slices)
        records.append(record(timing) | ({} if timing is by_hand else {"of_by_hand": ratio}))
    return {
        "what": row.what,
        "contenders": records,
        "goals": judge(row.name, measured.timings),
        "wrong": measured.wrong,
        "failed": measured.failed,
        "slow": measured.slow,
    }
