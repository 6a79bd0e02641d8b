"""`--dask`: where the sums over the training examples are computed."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..distributed import SHARDS
from ..distributed.connecting import connected, read
from . import options
from .terminal import Output, shown


def add(parser: options.Parser) -> None:
    """Add the options."""
    parser.add_argument(
        "--dask", type=cluster, metavar="CLUSTER",
        help="compute on a Dask cluster: local:N starts N processes here, tcp://HOST:PORT is a "
        "scheduler of yours; the same digits for any number of workers",
    )  # fmt: skip
    parser.add_argument(
        "--shards", type=options.whole(1, 10**6), metavar="N",
        help="blocks that the examples are summed in, without --dask here: they decide the last "
        f"digits (default: {SHARDS} with --dask)",
    )  # fmt: skip


def cluster(text: str) -> str:
    """Read where a cluster is."""
    try:
        return read(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


@contextmanager
def found(args: argparse.Namespace, out: Output) -> Iterator[dict[str, Any]]:
    """Give `fit` its client and its shards; what was started for it ends with it."""
    if args.dask is None:
        yield {"shards": args.shards}
        return
    with connected(args.dask) as client:
        workers, shards = len(client.ncores()), args.shards or SHARDS
        idle = f"; {workers - shards} will have none, give --shards" if workers > shards else ""
        address = shown(client.scheduler.address)
        out.item("Workers", f"{workers} at {address}, {shards} shards of the examples{idle}")
        out.record(workers=workers)
        yield {"client": client, "shards": shards}
