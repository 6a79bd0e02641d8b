"""What needs a process of its own: the peak of memory on a row, and what an import costs."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from . import child
from .loops import Line
from .measure import Pace, interval_of_median, ratio_of_medians, verdict

__all__ = ["HEAVY", "IMPORT_GOAL", "PEAK_GOAL", "imports", "peaks"]

PACKAGE = Path(__file__).parent.parent

# -- memory

PEAK_GOAL = 1.25
BY_HAND = "NumPy by hand"
PEAKS = {
    BY_HAND: ("numpy_by_hand", "numpy"),
    "eager": ("eager", "numpy"),
    "jit": ("jit", "numpy"),
    "PyTorch": ("pytorch", "torch"),
    "JAX jit": ("jax_jit", "jax"),
    "HIPS autograd": ("hips_autograd", "autograd"),
    "MyGrad": ("mygrad_tensor", "mygrad"),
}
"""Files of `contenders`, and the module that must be installed."""
PROCESSES = 9


def peaks(pace: Pace) -> list[Line]:
    """MB on note64 at the peak, over a process that holds NumPy and the data.

    What a contender's import holds counts, and what it needs to record and to compile. The ratio
    is that of the larger peak to NumPy by hand's, from a few processes of each in turn.
    """
    if not child.FORGET.exists():
        return [{"label": "not measured: only Linux tells it (/proc)"}]
    names = [name for name, (_, module) in PEAKS.items() if find_spec(module)]
    found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in names}
    with TemporaryDirectory() as cache:  # compiled once, as on a user's machine
        for k in range(min(PROCESSES, pace.rounds) + 1):
            for name in names:
                file, module = PEAKS[name]
                if k < 4 or module == "numpy":
                    found[name].append(_peak(file, "note64", cache))
    for measured in found.values():
        del measured[0]  # of the run that compiles the files
    over = {name: [max(pair) - before for before, *pair in found[name]] for name in names}
    lines = []
    for name in names:
        middle = [interval_of_median(each)[0] for each in zip(*found[name], strict=True)]
        what = ("first call", "later calls")
        more = {w: peak - middle[0] for w, peak in zip(what, middle[1:], strict=True)}
        line: Line = {"label": name, "MB": {"in all": max(middle), **more}}
        if name in {"eager", "jit"}:
            line["ratio"] = ratio_of_medians(over[name], over[BY_HAND])
        if name == "jit":
            line |= {"goal": PEAK_GOAL, "verdict": verdict(line["ratio"], PEAK_GOAL)}
        lines.append(line)
    return lines


def _peak(file: str, row: str, cache: str) -> tuple[float, float, float]:
    command = [sys.executable, "-c", child.PROGRAM, str(PACKAGE), file, row]
    told = subprocess.run(command, capture_output=True, check=False, text=True, env=_alone(cache))
    if told.returncode:
        raise RuntimeError(f"{file}: {told.stderr.strip().splitlines()[-1]}")
    before, first, later = map(float, told.stdout.split())
    return before, first, later


def _alone(cache: str) -> dict[str, str]:
    """Return an environment for a process with one thread, and a cache of compiled files."""
    threads = {f"{name}_NUM_THREADS": "1" for name in ("OPENBLAS", "OMP", "MKL")}
    compiled = {"PYTHONPYCACHEPREFIX": cache, "PYTHONDONTWRITEBYTECODE": ""}
    return {**os.environ, **threads, **compiled}


# -- imports

HEAVY = ("numpy.random", "numpy.fft", "importlib.metadata", "tqdm", "graphviz", "scipy",
         "matplotlib")  # fmt: skip
"""What a bare import must not load."""
IMPORT_GOAL = 15.0
IMPORTS = {"autograd_mini": "autograd_mini", "PyTorch": "torch", "JAX": "jax",
           "HIPS autograd": "autograd", "MyGrad": "mygrad"}  # fmt: skip


def imports(pace: Pace) -> list[Line]:
    """Time imports in new processes, by `-X importtime`, NumPy loaded already.

    All that an import adds is counted, standard library included; ours in every round, the heavy
    ones of others three times.
    """
    lines = []
    with TemporaryDirectory() as cache:  # compiled once, as on a user's machine
        for name, module in IMPORTS.items():
            if not find_spec(module):
                continue
            rounds = pace.rounds if module == "autograd_mini" else min(pace.rounds, 3)
            taken: list[float] = []
            loaded: list[str] = []
            for _ in range(rounds + 1):
                milliseconds, loaded = _import(module, cache)
                taken.append(milliseconds)
            median = interval_of_median(taken[1:])  # the first run compiles the files
            line: Line = {"label": name, "median": median}
            if module == "autograd_mini":
                heavy = [one for one in HEAVY if one in loaded]
                line |= {"goal": IMPORT_GOAL, "verdict": verdict(median, IMPORT_GOAL)}
                line["heavy"] = heavy
                line["label"] += f" (loads {', '.join(heavy)})" if heavy else ""
            lines.append(line)
    return lines


def _import(module: str, cache: str) -> tuple[float, list[str]]:
    """Return the ms of an import in a new process, and the names of all that is loaded then."""
    program = f"import sys, numpy, {module}; print(*sys.modules)"
    run = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", program],
        capture_output=True,
        check=True,
        text=True,
        env=_alone(cache),
    )
    return _milliseconds(run.stderr, module), run.stdout.split()


def _milliseconds(report: str, module: str) -> float:
    """Read a module's cumulative time off `-X importtime`."""
    for line in report.splitlines():
        if line.startswith("import time:") and line.count("|") == 2:
            _, cumulative, name = line.removeprefix("import time:").split("|")
            if name.strip() == module:
                return int(cumulative) / 1000
    raise ValueError(f"{module} was not imported")
