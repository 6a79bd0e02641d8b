"""From a text to a cluster: ``local:2`` starts processes, ``tcp://...`` finds a scheduler."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.resource_tracker import ensure_running
from typing import Any

__all__ = ["connected", "read"]

LOCAL = "local:"
SECONDS = 20
"""How long a scheduler may take to answer."""
MOST = 1_000
SPAWNED = "distributed.nanny.pre-spawn-environ"
KEPT = {
    "MALLOC_TRIM_THRESHOLD_": str(2**29),
    "MALLOC_MMAP_THRESHOLD_": str(2**25),
    **dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
}
"""glibc keeps what arrays have freed for the next ones. Dask lets its workers give it back to the
system at once, which has to clear it anew for every array of every step."""


def read(text: str) -> str:
    """Return the text, once it is found to be one of the two.

    Raises
    ------
    ValueError
        When it is none.

    Examples
    --------
    >>> read("local:2"), read("tcp://10.0.0.7:8786")
    ('local:2', 'tcp://10.0.0.7:8786')
    """
    number = text.removeprefix(LOCAL)
    if text.startswith(LOCAL):
        fine = number.isascii() and number.isdigit() and 1 <= int(number[:9]) <= MOST
    else:
        protocol, _, address = text.partition("://")
        fine = protocol in {"tcp", "tls"} and address.rpartition(":")[2].isdigit()
    if not fine:
        raise ValueError(
            f"{text!r} is no cluster; give local:N for N worker processes on this machine (1 to "
            f"{MOST}), or a scheduler's address such as tcp://10.0.0.7:8786"
        )
    return text


@contextmanager
def connected(text: str) -> Iterator[Any]:
    """Give a client of that cluster; worker processes that were started here end with it.

    Raises
    ------
    ImportError
        Without Dask.
    OSError
        When no scheduler answers at the address.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise ImportError(
            'a cluster is Dask\'s: pip install "autograd-mini[distributed]"; all else needs nothing'
        ) from error
    if text.startswith(LOCAL):
        with _local(int(text.removeprefix(LOCAL))) as cluster, Client(cluster) as client:
            yield client
        return
    try:
        client = Client(text, timeout=SECONDS)
    except OSError as error:
        raise OSError(
            f"no scheduler answers at {text} within {SECONDS} s; start one with `dask scheduler`, "
            "and workers with `dask worker`"
        ) from error
    with client:
        yield client


@contextmanager
def _local(workers: int) -> Iterator[Any]:
    """Worker processes of one thread each, reached from this machine alone.

    A Ctrl-C goes to every process of a terminal's job. The workers leave it to us: we end the run
    after the step in work, which they still have to compute, and then end them.
    """
    import dask
    from distributed import LocalCluster

    with dask.config.set({SPAWNED: KEPT}), _deaf_children():
        cluster = LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
            silence_logs="ERROR",
        )
    with cluster:
        yield cluster


@contextmanager
def _deaf_children() -> Iterator[None]:
    """Block Ctrl-C in threads and processes that are started meanwhile; here it waits.

    Dask starts its processes, also those that replace a lost one, from a thread that begins here.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    ensure_running()  # it unblocks Ctrl-C, when the first process is started
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
