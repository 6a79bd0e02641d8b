"""Who may take part: workers with the same autograd_mini, NumPy and Python as here."""

from __future__ import annotations

import platform
import sys
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .. import blas

__all__ = ["look_at"]

Facts = dict[str, Any]


def here() -> Facts:
    """What has to be equal, and what bits depend on, of this process."""
    from autograd_mini import __version__

    blas.pin()
    features: Any = np.show_config(mode="dicts")["SIMD Extensions"]
    return {
        "autograd_mini": __version__,
        "NumPy": np.__version__,
        "Python": "{}.{}".format(*sys.version_info),
        "threads": blas.threads(),
        "CPU": f"{platform.machine()} {' '.join(features.get('found', []))}",
    }


def _there() -> Facts:
    """The same, asked of a worker that may have none of them; it travels as code, not by name."""
    import importlib
    import sys

    try:
        found = importlib.import_module("autograd_mini.distributed.versions").here()
    except ImportError:
        found = {"Python": "{}.{}".format(*sys.version_info)}
        for name, module in (("autograd_mini", "autograd_mini"), ("NumPy", "numpy")):
            try:
                found[name] = importlib.import_module(module).__version__
            except ImportError:
                found[name] = "none"
    return dict(found)


# By name it could not be found on a worker with an older package, or with none.
_there.__module__ = "__main__"


def look_at(client: Any, workers: list[str]) -> None:
    """Refuse workers that are not like this process, and pin the others' BLAS to one thread.

    Raises
    ------
    RuntimeError
        Naming the first of them with its versions and ours.
    """
    found: Mapping[str, Facts] = client.run(_there, workers=workers)
    ours = here()
    for worker, theirs in sorted(found.items()):
        wrong = [f for f in ("autograd_mini", "NumPy", "Python") if theirs[f] != ours[f]]
        if wrong:
            has, have = (", ".join(f"{f} {facts[f]}" for f in wrong) for facts in (theirs, ours))
            raise RuntimeError(
                f"worker {worker} has {has}; here it is {have}: install the same there, or leave "
                "that worker out"
            )
    for fact, differs, cure in _BITS:
        odd = [worker for worker, theirs in sorted(found.items()) if differs(theirs[fact], ours)]
        if odd:
            told = found[odd[0]][fact]
            warnings.warn(
                f"the last bits may differ from a run in one process: worker {odd[0]}"
                f"{f' (and {len(odd) - 1} more)' if len(odd) > 1 else ''} has "
                + cure.format("unknown" if told is None else told),
                stacklevel=2,
            )


_BITS: list[tuple[str, Callable[[Any, Facts], bool], str]] = [
    ("threads", lambda threads, ours: threads != 1,
     "BLAS threads: {}; expected 1, start it with OPENBLAS_NUM_THREADS=1"),
    ("CPU", lambda cpu, ours: cpu != ours["CPU"], "another CPU: {}"),
]  # fmt: skip
