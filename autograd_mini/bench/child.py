"""A process that holds NumPy and a row's data, and then computes the row once more and more.

It is started with an empty stand-in for the package's front: what the front costs is not in the
process before one of our own contenders comes in. So nothing here may need it.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

from .rows import ROWS

__all__ = ["PROGRAM", "main"]

STATUS, FORGET = Path("/proc/self/status"), Path("/proc/self/clear_refs")
OURS = ("eager", "jit")
PROGRAM = """
import sys, types
front = types.ModuleType("autograd_mini")
front.__path__ = [sys.argv[1]]
sys.modules["autograd_mini"] = front
from autograd_mini.bench.child import main
main(*sys.argv[2:])
"""


def main(file: str, row: str) -> None:
    """Print the MB held before, at most until the first result, and at most in later calls."""
    problem = next(one for one in ROWS if one.name == row).make()
    before = _megabytes("VmRSS")
    FORGET.write_text("5", "ascii")  # the peak so far: of making the data
    if file in OURS:
        del sys.modules["autograd_mini"]  # the real one is imported
    one = import_module(f"autograd_mini.bench.contenders.{file}").contenders(1)[0]
    step = one.makers[type(problem)](problem)
    result = step()
    first = _megabytes("VmHWM")
    FORGET.write_text("5", "ascii")
    for _ in range(3):
        result = step()  # the one before is held, while the next is computed
    del result
    sys.stdout.write(f"{before} {first} {_megabytes('VmHWM')}")


def _megabytes(field: str) -> float:
    for line in STATUS.read_text("ascii").splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise ValueError(f"{STATUS} has no {field}")
