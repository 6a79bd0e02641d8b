"""The sum over shards on worker processes: what they gain, what a step costs beside its work.

A step on W workers takes T(W) = c m / W + t_1 + h ⌈log₂ W⌉: c is the work for an example; t_1 takes
the parameters from the client to the first worker and the gradient back; h does so between two
workers. Both have a part that is always there and one that grows with the bytes. They are measured
on this machine by sending arrays there and back; for other machines a network is assumed.

Every time is the fastest of all slices: several processes take part in a step, and whatever else
the machine does makes it slower, never faster.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from math import ceil, log2
from time import process_time
from typing import Any

import numpy as np

import autograd_mini as ag

from ..distributed.connecting import connected
from .loops import Line
from .measure import Pace, WrongResultError, interleave
from .rows import Array

__all__ = ["Model", "distributed"]

SIZES = (400, 25, 10)
EXAMPLES = (5_000, 50_000)
SHARDS = (2, 16, 128, 1_024)
SENT = (1_000, 80_000, 8_000_000)
"""Bytes there and back, the second about those of the network."""
CALLS = 20
"""Steps whose processor time is added up."""
WORKERS = (2, 10, 100, 1_000)
DELAY, SPEED = 0.5e-3, 125e6
"""Of the network between machines that is assumed: seconds for an answer, bytes a second."""


def distributed(pace: Pace) -> list[Line]:
    """ms of a step in one process and on workers, bytes, and from where on workers pay."""
    if find_spec("distributed") is None:
        return [{"label": 'not measured: pip install "autograd-mini[distributed]"'}]
    net = ag.nn.Network(SIZES, seed=0)
    with connected("local:1") as one, connected("local:2") as two:
        clients = {"1 worker": one, "2 workers": two}
        model, sent = _sent(clients, pace)
        work, steps = _steps(net, clients, pace)
        return [
            *steps,
            *_shards(net, two, pace),
            *sent,
            *_told(net, model, work, steps),
        ]


# -- what is measured


def _problem(m: int) -> tuple[Array, Array]:
    rng = np.random.default_rng(0)
    return rng.random((m, SIZES[0])), np.eye(SIZES[-1])[rng.integers(0, SIZES[-1], m)]


@contextmanager
def _stepping(net: Any, m: int, shards: int, clients: dict[str, Any]) -> Iterator[Any]:
    """Steps in one process and on clusters, found to give the same bits."""
    blocks = ag.distributed.split(*_problem(m), shards)
    names = {"one process": None, **clients}
    steps = {
        name: ag.distributed.value_and_grad(ag.nn.logistic_cost, blocks, client=client)
        for name, client in names.items()
    }
    bits = {name: _bits(*step(net, 1.0)) for name, step in steps.items()}
    for name, found in bits.items():
        if found != bits["one process"]:
            raise WrongResultError(f"{name}, {m} examples in {shards} shards: other bits")
    J, _ = ag.value_and_grad(ag.nn.logistic_cost)(net, *_problem(m), 1.0)
    if not abs(steps["one process"](net, 1.0)[0] - J) <= 1e-12 * abs(J):
        raise WrongResultError(f"{m} examples in {shards} shards: not the plain batch's cost")
    yield {name: partial(step, net, 1.0) for name, step in steps.items()}


def _bits(J: Any, gradient: Any) -> list[bytes]:
    return [np.asarray(J).tobytes(), *(p.numpy().tobytes() for p in gradient.parameters)]


def _fastest(steps: dict[str, Any], pace: Pace) -> dict[str, float]:
    """Seconds of a call in the fastest slice."""
    timings = interleave([*steps], [*steps.values()], pace)
    return {timing.name: min(timing.slices) / 1e6 for timing in timings}


def _steps(net: Any, clients: dict[str, Any], pace: Pace) -> tuple[float, list[Line]]:
    """Steps of the note's network by the number of examples; and seconds of work for one."""
    lines = []
    for m in EXAMPLES:
        with _stepping(net, m, 16, clients) as steps:
            seconds = _fastest(steps, pace)
            used = {name: _used(step, clients.get(name)) for name, step in steps.items()}
        alone, _, two = seconds.values()
        lines.append({
            "label": f"m = {m:,} in 16 shards",
            "ms": {name: 1e3 * s for name, s in seconds.items()},
            "times as fast": {"times as fast": alone / two},
        })  # fmt: skip
        lines.append({
            "label": f"m = {m:,}: of processors",
            "CPU ms": {
                "one process": used["one process"][0],
                "the worker of 1": used["1 worker"][1],
                "a worker of 2": used["2 workers"][1],
                "the client of 2": used["2 workers"][0],
            },
        })  # fmt: skip
    return alone / EXAMPLES[-1], lines


def _used(step: Any, client: Any) -> tuple[float, float]:
    """ms of processor time a step, here and in the busiest worker: whatever else is running."""
    there = [{} if client is None else client.run(process_time)]
    here = process_time()
    for _ in range(CALLS):
        step()
    here = process_time() - here
    there.append({} if client is None else client.run(process_time))
    most = max((there[1][worker] - there[0][worker] for worker in there[0]), default=0.0)
    return 1e3 * here / CALLS, 1e3 * most / CALLS


def _shards(net: Any, two: Any, pace: Pace) -> list[Line]:
    """The same examples in more and more shards."""
    lines = []
    for shards in SHARDS:
        with _stepping(net, EXAMPLES[0], shards, {"2 workers": two}) as steps:
            alone, both = (1e3 * seconds for seconds in _fastest(steps, pace).values())
        lines.append({
            "label": f"m = {EXAMPLES[0]:,} in {shards:,} shards",
            "ms": {"one process": alone, "2 workers": both, "beside the work": both - alone / 2},
        })  # fmt: skip
    return lines


def _echo(parameters: Any, block: Any) -> Any:
    del block
    return [parameters]


def _sent(clients: dict[str, Any], pace: Pace) -> tuple[Model, list[Line]]:
    """Arrays there and back, with no work."""
    lines: list[Line] = []
    measured: dict[str, list[float]] = {name: [] for name in clients}
    for size in SENT:
        array = np.ones(size // 8)
        sums = {
            name: ag.distributed.Sum({"echo": _echo}, [(np.zeros(1),)] * 2, client=client)
            for name, client in clients.items()
        }
        for name, total in sums.items():
            if not np.array_equal(total("echo", array)[0][0], 2 * array):
                raise WrongResultError(f"{name}: an array came back as another one")
        steps = {name: partial(total, "echo", array) for name, total in sums.items()}
        for name, seconds in _fastest(steps, pace).items():
            measured[name].append(seconds)
        lines.append({
            "label": f"{size / 1e3:,.0f} kB there and back, no work",
            "ms": {name: 1e3 * measured[name][-1] for name in clients},
        })  # fmt: skip
    return Model.of(measured["1 worker"], measured["2 workers"]), lines


# -- the model


@dataclass(frozen=True)
class Model:
    """Seconds there and back, client to worker and worker to worker: a + b times the bytes."""

    client: tuple[float, float]
    hop: tuple[float, float]

    @classmethod
    def of(cls, one: list[float], two: list[float]) -> Model:
        """From what was measured with one worker and with two, for each size of `SENT`."""
        further = [max(b - a, 0.0) for a, b in zip(one, two, strict=True)]
        return cls(_line(one), _line(further))

    def overhead(self, workers: int, size: int) -> float:
        """Seconds of a step that are no work."""
        depth = ceil(log2(workers))
        (a, b), (c, d) = self.client, self.hop
        return a + b * size + depth * (c + d * size)

    def between_machines(self) -> Model:
        """The same programs with a network between them, in place of this machine's memory."""
        (a, b), (c, d) = self.client, self.hop
        wire = 2 / SPEED
        return Model((a + DELAY, b + wire), (c + DELAY, d + wire))


def _line(seconds: list[float]) -> tuple[float, float]:
    """Through the first size and the last."""
    slope = max(seconds[-1] - seconds[0], 0.0) / (SENT[-1] - SENT[0])
    return max(seconds[0] - slope * SENT[0], 0.0), slope


def _told(net: Any, model: Model, work: float, steps: list[Line]) -> list[Line]:
    """Bytes against work: the model beside what was measured, and from where on workers pay."""
    size = sum(p.numpy().nbytes for p in (q.detach() for q in net.parameters))
    lines: list[Line] = [
        {
            "label": "a step: kB of parameters (and of gradient), µs of work for an example",
            "kB, µs": {"kB": size / 1e3, "µs": 1e6 * work},
        }
    ]
    for m, line in zip(EXAMPLES, steps[::2], strict=True):
        said = 1e3 * (work * m / 2 + model.overhead(2, size))
        found = line["ms"]["2 workers"]
        lines.append({"label": f"model, m = {m:,}", "ms": {"model": said, "measured": found}})
    for place, here in (("this machine", model), ("network", model.between_machines())):
        for workers in WORKERS:
            seconds = here.overhead(workers, size)
            lines.append({
                "label": f"{place}, {workers:,} workers",
                "": {
                    "ms beside the work": 1e3 * seconds,
                    "faster than one from m": seconds / (work * (1 - 1 / workers)),
                    "half of W times from m": workers * seconds / work,
                },
            })  # fmt: skip
    return lines
