"""A run: what `fit` was asked for, looked through, and the parts that it goes by."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any

import numpy as np

from ..data.batches import batches
from ..distributed import SHARDS
from ..full_batch import METHODS
from ..history import Row
from ..nn.network import COSTS, Network
from ..optimisers import OPTIMISERS
from ..optimisers.step import Step as Optimiser
from .checkpoint import Checkpoints, about
from .compiled import compiled
from .elsewhere import Elsewhere
from .full import FullStep
from .measure import measured
from .settings import checked, examples, full_batch, held_out, name_of, named, rate_of
from .state import State
from .step import Array, Cost, Step, clipped

Callback = Callable[[State], Any]


class Run:
    """What `fit` was asked for, and the parts of it: `fit` says when each has its turn."""

    checkpoints: Checkpoints
    elsewhere: Elsewhere | None = None

    def __init__(
        self,
        net: Network,
        cost: str | Cost,
        lam: float,
        optimizer: str | Optimiser,
        rate: float | Callable[[int], float] | None,
        clip: float | None,
        batch_size: int | None,
        callbacks: Sequence[Callback],
    ) -> None:
        if not isinstance(net, Network):
            raise TypeError(f"fit trains an nn.Network, got {type(net).__name__}")
        self.net = net
        self.cost = named("cost", cost, COSTS)
        self.optimiser = named(
            "optimizer", optimizer, OPTIMISERS | {name: name for name in METHODS}
        )
        self.lam = float(checked("lam", lam))
        self.rate, told = rate_of(rate, optimizer)
        self.clip = None if clip is None else float(checked("clip", clip))
        self.batch_size = None if batch_size is None else checked("batch_size", batch_size)
        if isinstance(self.optimiser, str):
            full_batch(self.optimiser, rate, clip, batch_size)
            self.batch_size = None
        self.callbacks = [named("callbacks", callback, {}) for callback in callbacks]
        self.settings: dict[str, Any] = {
            "cost": name_of(cost),
            "lam": self.lam,
            "optimizer": name_of(optimizer),
            "rate": told,
            "batch_size": self.batch_size,
        }
        if self.clip is not None:
            self.settings["clip"] = self.clip

    def where(self, client: Any, shards: int | None) -> None:
        """Take the sums over the training examples from shards, on workers where there are some."""
        self.client, self.shards = client, shards
        if client is not None or shards is not None:
            self.shards = checked("shards", SHARDS if shards is None else shards)
            self.settings["shards"] = self.shards

    def compiles(self, jit: bool) -> None:
        """Compile the step, or not; the bits differ, so a checkpoint says which."""
        self.jit = jit
        if not jit:
            self.settings["jit"] = False

    def begin(
        self,
        training: tuple[Any, Any],
        validation: float | tuple[Any, Any] | None,
        test: tuple[Any, Any] | None,
        generator: np.random.Generator,
    ) -> State:
        """Look through all examples, and get ready for the first step."""
        X, Y = examples(self.net, self.cost, self.lam, *training)
        self.parts = {}
        if isinstance(validation, tuple | list):
            self.parts["validation_"] = examples(self.net, self.cost, self.lam, *validation)
        elif validation is not None:
            self.settings["validation"] = share = float(checked("validation", validation))
            X, Y, *kept = held_out(X, Y, share, generator)
            self.parts["validation_"] = (kept[0], kept[1])
        self.parts = {"": (X, Y), **self.parts}
        if test is not None:
            self.parts["test_"] = examples(self.net, self.cost, self.lam, *test)
        if self.shards is not None:
            self.elsewhere = Elsewhere(
                self.net, self.cost, self.lam, X, Y, self.shards, self.client
            )
        step = self.first_step(X, Y)
        watched = "validation_cost" if "validation_" in self.parts else "cost"
        return State(self.net, step, generator, watched)

    def first_step(self, X: Array, Y: Array) -> Step:
        """Make what moves the weights."""
        net, cost, lam, gradients = self.net, self.cost, self.lam, None
        if self.elsewhere is not None:
            gradients = self.elsewhere.gradients
        if isinstance(self.optimiser, str):
            return FullStep(net, cost, self.optimiser, lam, X, Y, gradients=gradients, jit=self.jit)
        optimiser = clipped(self.optimiser, self.clip)
        if not self.jit:
            return Step(net, cost, optimiser, self.rate, lam, X, Y, gradients=gradients)
        twin = compiled(net, cost, self.optimiser, self.clip)
        return Step(net, cost, optimiser, self.rate, lam, X, Y, compiled=twin, gradients=gradients)

    def close(self) -> None:
        """Let the workers go."""
        if self.elsewhere is not None:
            self.elsewhere.close()

    def about(self, state: State) -> dict[str, Any]:
        """What a checkpoint must agree with."""
        return about(self.net, self.settings, self.parts, state.generator)

    def first_row(self, state: State, resume: bool) -> None:
        """Measure the network before the first step, or go on where a checkpoint was."""
        self.checkpoints.clear()
        if resume:
            self.checkpoints.restore(state)
        else:
            state.add(self.row(state))
            self.checkpoints.save(state)

    def row(self, state: State) -> Row:
        """Measure the network as it is."""
        try:
            training = None if self.elsewhere is None else self.elsewhere.measured
            return measured(self.net, self.cost, self.lam, len(state.rows), self.parts, training)
        except FloatingPointError as error:
            rate = self.rate(max(state.step.count - 1, 0))
            raise FloatingPointError(
                f"fit: {error} with rate={rate:g}; give a smaller rate"
            ) from None

    def epoch(self, state: State, stop: Any) -> str:
        """Go through what is left of the epoch, batch by batch; why not to its end, or ""."""
        order = batches(len(state.step.X), self.batch_size, state.generator)
        try:
            with np.errstate(over="ignore", invalid="ignore"):
                for rows in islice(order, state.batch, None):
                    if stop.is_set():
                        return "Ctrl-C"
                    state.step.step(rows)
                    if state.step.over:
                        return "converged"
                    state.batch += 1
                    self.checkpoints.batch_done(state)
            return ""
        finally:
            state.step.write()

    def close_epoch(self, state: State) -> None:
        """Measure, ask the callbacks, and keep all of it if it is time to."""
        state.add(self.row(state))
        state.new_epoch()
        for callback in self.callbacks:
            state.called_off |= bool(callback(state))
        self.checkpoints.epoch_done(state)
