"""Shards on the workers of a Dask cluster: who has which, and what to do when one is lost."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Mapping
from itertools import count
from time import monotonic
from typing import Any

from .holder import Holder, Place, Reply, places
from .shards import Shards
from .share import Call, Contribution
from .tree import Partial
from .versions import look_at

__all__ = ["Cluster"]

LOOK = 1.0
"""Seconds between two looks at who is there, while working and while waiting for an answer."""
PATIENCE = 30.0
"""Seconds to wait for a worker when there is none."""
LOSSES = 4
"""Losses in one and the same sum that are taken for an accident; one more is no accident."""


class LostError(Exception):
    """A worker did not answer."""


class Cluster:
    """The shards, each with one worker; the client keeps its own copy, to replace what is lost."""

    def __init__(
        self, client: Any, contributions: Mapping[str, Contribution], shards: Shards
    ) -> None:
        self.client = client
        self.contributions = contributions
        self.shards = shards
        self.holders: dict[str, Any] = {}  # Dask's futures: an actor lives as long as its future
        self.actors: dict[str, Any] = {}
        self.owner: dict[int, str] = {}
        self.root: Place | None = None
        self.looked = -LOOK

    def total(self, call: Call) -> Partial:
        """Sum over all shards; what a lost worker had is sent anew, and the sum made anew."""
        for loss in count():
            try:
                self._settle()
                return self._answer(call).parts[0, call.shards]
            except LostError as lost:
                if loss == LOSSES:
                    raise RuntimeError(
                        f"{lost}, the {loss + 1}th in one and the same sum, so it is given up; "
                        "perhaps the cost ends its process (too little memory?): see that "
                        "worker's log, or give smaller shards"
                    ) from None
                self.looked = -LOOK
        raise AssertionError

    def close(self) -> None:
        """Let the workers forget their shards."""
        self.client.cancel(list(self.holders.values()), force=True)
        self.holders, self.actors, self.owner = {}, {}, {}
        self.looked = -LOOK

    def _answer(self, call: Call) -> Reply:
        """Ask the root of the tree, and look after the workers while it works."""
        assert self.root is not None
        future = self._asked(self.root.address, "total", call, self.root)
        reply: Reply = self._awaited(future, self.root.address, self.root.addresses())
        if reply.failures:
            failure = min(reply.failures, key=lambda failure: failure.shard)
            failure.error.add_note(f"there:\n{failure.text}")
            raise failure.error
        if reply.lost:
            raise LostError(f"worker {min(reply.lost)} was lost")
        return reply

    def _asked(self, worker: str, method: str, *arguments: Any) -> Any:
        """Call a holder's method, and do not wait for the answer."""
        try:
            return getattr(self.actors[worker], method)(*arguments)
        except RuntimeError:  # Dask knows already that it is gone
            raise LostError(f"worker {worker} was lost") from None

    def _awaited(self, future: Any, worker: str, needed: set[str]) -> Any:
        """Wait for a worker's answer, as long as all are there that it needs."""
        while True:
            finished = future.done()  # before asking: it may be done just after the time is over
            try:
                return future.result(timeout=LOOK)
            except Exception as error:  # Dask has many words for a worker that is gone
                gone = needed - self._alive()
                if finished and isinstance(error, OSError):
                    gone |= {worker}
                if gone:
                    raise LostError(f"worker {min(gone)} was lost") from None
                if finished or not isinstance(error, OSError):  # a timeout is one
                    raise

    def _alive(self) -> set[str]:
        return set(self.client.ncores())

    def _settle(self) -> None:
        """See who is there, once in a while, and give every shard a place."""
        if monotonic() - self.looked < LOOK:
            return
        alive = self._alive()
        if not alive:
            alive = self._waited()
        gone, new = set(self.holders) - alive, alive - set(self.actors)
        if gone or new or len(self.owner) < len(self.shards):
            self._tell(gone)
            for worker in gone:
                self.holders.pop(worker)
                self.actors.pop(worker, None)
            self._welcome(sorted(new))
            self._place(sorted(self.actors))
        self.looked = monotonic()

    def _waited(self) -> set[str]:
        try:
            self.client.wait_for_workers(1, timeout=PATIENCE)
        except TimeoutError:
            raise RuntimeError(
                f"no worker at {self.client.scheduler.address}, and none came in {PATIENCE:g} s"
            ) from None
        return self._alive()

    def _tell(self, gone: set[str]) -> None:
        for worker in sorted(gone):
            lost = sorted(k for k, owner in self.owner.items() if owner == worker)
            told = f"its shards ({len(lost)} of {len(self.shards)}) are sent to others and the step"
            warnings.warn(
                f"worker {worker} was lost; {told if lost else 'what it was to do'} is computed "
                "again, with the same result",
                RuntimeWarning,
                stacklevel=5,
            )
            for k in lost:
                del self.owner[k]

    def _welcome(self, new: list[str]) -> None:
        """Make sure of new workers, and put a holder on each."""
        if not new:
            return
        look_at(self.client, new)
        for worker in new:
            self.holders[worker] = self.client.submit(
                Holder, self.contributions, actor=True, workers=[worker], pure=False
            )
        for worker in new:
            self.actors[worker] = self._awaited(self.holders[worker], worker, {worker})

    def _place(self, workers: list[str]) -> None:
        """Give each worker its share; what is already where it should be stays there."""
        shares = _shares(len(self.shards), workers, self.owner)
        sent = [
            (self._asked(worker, "hold", k, self.shards.blocks[k]), worker, k)
            for worker, share in shares.items()
            for k in share
            if self.owner.get(k) != worker
        ]
        for future, worker, k in sent:
            self._awaited(future, worker, {worker})
            self.owner[k] = worker
        for worker, share in shares.items():
            others = [k for k in range(len(self.shards)) if k not in share]
            self._awaited(self._asked(worker, "drop", others), worker, {worker})
        found = [(w, self.actors[w].key, share) for w, share in shares.items() if share]
        self.root = places(found)


def _shares(shards: int, workers: list[str], owner: Mapping[int, str]) -> dict[str, list[int]]:
    """Cut the shards into runs of equal length, and give each run to who has most of it already."""
    runs = [range(w * shards // len(workers), (w + 1) * shards // len(workers))
            for w in range(len(workers))]  # fmt: skip
    had = Counter((owner[k], w) for w, run in enumerate(runs) for k in run if k in owner)
    shares: dict[str, list[int]] = {}
    left = dict.fromkeys(range(len(runs)))
    for (worker, w), _ in had.most_common():
        if worker not in shares and w in left:
            del left[w]
            shares[worker] = list(runs[w])
    free = [worker for worker in workers if worker not in shares]
    return shares | {worker: list(runs[w]) for worker, w in zip(free, left, strict=True)}
