"""Clusters of real worker processes on this machine, for the tests of what is distributed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from distributed import Client, LocalCluster


@contextmanager
def cluster_of(workers: int) -> Iterator[Any]:
    """A client of a cluster of processes, each with a thread; none of them is left behind."""
    with (
        LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
        ) as cluster,
        Client(cluster, timeout=30) as client,
    ):
        yield client
