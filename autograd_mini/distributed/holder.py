"""What lives on a worker: its shards, and a way to sum over them and over the workers behind it.

The workers form a tree. A call goes down it with the parameters, the sums come back up; each
worker hears from one and asks at most log₂ W others, directly. (It is a Dask actor: an object that
stays on its worker, whose methods are called without the scheduler planning anything.)
"""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from .share import Block, Call, Contribution, Failure, added_up
from .tree import Partial, Span, TreeSum

__all__ = ["Holder", "Place", "Reply", "places"]


@dataclass(frozen=True)
class Place:
    """A worker in the tree: where it is, what its holder is called, and whom it asks."""

    address: str
    key: str
    shards: frozenset[int]
    """Its own, and those of all behind it."""
    behind: tuple[Place, ...] = ()

    def addresses(self) -> set[str]:
        """Every worker from here on."""
        return {self.address}.union(*(place.addresses() for place in self.behind))


def places(workers: Sequence[tuple[str, str, Sequence[int]]]) -> Place:
    """Arrange workers so that neighbours' sums meet first: in the order of their shards.

    The first asks the one in the middle, which stands for the second half; then the same with the
    first half. So the depth is log₂ of their number.
    """
    workers = sorted(workers, key=lambda worker: min(worker[2]))
    (address, key, own), rest = workers[0], len(workers)
    shards, behind = frozenset(own), []
    while rest > 1:
        middle = (rest + 1) // 2
        behind.append(places(workers[middle:rest]))
        shards |= behind[-1].shards
        rest = middle
    return Place(address, key, shards, tuple(behind))


@dataclass
class Reply:
    """Sums by the spans of the tree; or what went wrong, and which workers did not answer."""

    parts: dict[Span, Partial] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    lost: set[str] = field(default_factory=set)


class Holder:
    """The actor."""

    def __init__(self, contributions: Mapping[str, Contribution]) -> None:
        from distributed import get_worker

        self.address = get_worker().address
        self.contributions = contributions
        self.blocks: dict[int, Block] = {}
        # A thread of its own: the worker's event loop goes on, its other work too.
        self.thread = ThreadPoolExecutor(1, "autograd-mini")

    def hold(self, k: int, block: Block) -> int:
        """Take a shard, and keep it."""
        self.blocks[k] = block
        return k

    def drop(self, shards: Sequence[int]) -> int:
        """Forget shards that another worker has taken over."""
        for k in shards:
            self.blocks.pop(k, None)
        return len(self.blocks)

    async def total(self, call: Call, place: Place) -> Reply:
        """Sum over the shards here and over those of the workers behind."""
        asked = [asyncio.ensure_future(_ask(behind, call)) for behind in place.behind]
        loop = asyncio.get_running_loop()
        total, failure = await loop.run_in_executor(self.thread, self._own, call)
        reply = Reply(failures=[_packed(failure)] if failure else [])
        for answer in await asyncio.gather(*asked):
            reply.failures += answer.failures
            reply.lost |= answer.lost
            for span, partial in answer.parts.items():
                total.put(span, partial)
        # A sum that lacks something is of no use to anybody.
        reply.parts = {} if reply.failures or reply.lost else total.parts
        return reply

    def _own(self, call: Call) -> tuple[TreeSum, Failure | None]:
        place = f", on worker {self.address}"
        return added_up(call, self.contributions[call.name], self.blocks, place)


async def _ask(place: Place, call: Call) -> Reply:
    """Ask another worker; it needs no row of a shard that is not its own or behind it."""
    from distributed import get_worker
    from distributed.protocol import to_serialize

    there = get_worker().rpc(place.address)
    if call.rows is not None:
        rows = {k: chosen for k, chosen in call.rows.items() if k in place.shards}
        call = replace(call, rows=rows)
    try:
        arguments = [to_serialize(call), to_serialize(place)]
        answer = await there.actor_execute(function="total", actor=place.key, args=arguments)
    except (OSError, KeyError):  # it is gone, or another one has its address
        return Reply(lost={place.address})
    if answer["status"] != "OK":  # not the cost, which is caught: a mistake of ours
        raise answer["exception"]
    reply: Reply = answer["result"]
    return reply


def _packed(failure: Failure) -> Failure:
    """Make an exception ready for the way back; one that can not travel is told in words."""
    from distributed.protocol.pickle import dumps, loads

    error = failure.error
    text = "".join(traceback.format_exception(error))
    packed = error.with_traceback(None)
    packed.__cause__ = packed.__context__ = None
    try:
        loads(dumps(packed))
    except Exception:
        packed = RuntimeError(f"{type(error).__name__}: {error}")
        for note in error.__notes__:
            packed.add_note(note)
    return Failure(failure.shard, packed, text)
