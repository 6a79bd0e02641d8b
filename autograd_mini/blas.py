"""One BLAS thread: as fast for networks of this size, and the same bits on any number of cores.

OpenBLAS takes a thread per core, and they wait for each other by spinning. On a machine that has
other work these small products then take ten times as long (measured: 50 s instead of 7 s), and
their last bits depend on the number of cores. It reads its environment variables when NumPy is
loaded, long before a command is; so NumPy's own copy of the library is asked.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np

VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS")


@cache
def library() -> ctypes.CDLL | None:
    """NumPy's OpenBLAS, where NumPy came as a wheel that holds one."""
    package = Path(np.__file__).parent
    for folder in (package.with_name("numpy.libs"), package / ".dylibs"):
        for path in sorted(folder.glob("*openblas*")):
            try:
                found = ctypes.CDLL(str(path))
            except OSError:
                continue
            if hasattr(found, "scipy_openblas_set_num_threads64_"):
                return found
    return None


def threads() -> int | None:
    """How many threads it uses; None when that can not be known."""
    found = library()
    return None if found is None else int(found.scipy_openblas_get_num_threads64_())


def set_threads(count: int) -> None:
    """Let it use so many threads, where that can be said."""
    found = library()
    if found is not None:
        found.scipy_openblas_set_num_threads64_(count)


@contextmanager
def one_thread() -> Iterator[None]:
    """Use one thread, unless the environment says how many; afterwards as many as before."""
    if any(name in os.environ for name in VARIABLES):
        yield
        return
    with _using(1):
        yield


@contextmanager
def pinned(count: int) -> Iterator[None]:
    """Use so many threads, whatever the environment says, in libraries loaded meanwhile as well."""
    names = (*VARIABLES, "MKL_NUM_THREADS")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, str(count)))
    try:
        with _using(count):
            yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value


@contextmanager
def _using(count: int) -> Iterator[None]:
    found, before = library(), threads()
    if found is None or before is None:
        yield
        return
    found.scipy_openblas_set_num_threads64_(count)
    try:
        yield
    finally:
        found.scipy_openblas_set_num_threads64_(before)

def pin() -> None:
    """Use one thread from now on, in a process of our own; what the environment says is obeyed."""
    if not any(name in os.environ for name in VARIABLES):
        set_threads(1)
