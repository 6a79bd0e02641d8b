"""Checkpoints: a run that is broken off at any moment goes on, to the same bits.

A checkpoint is a weight file (the best weights so far, so that it can be used as it is) with more
arrays: the parameters and the optimiser's state of now, the rows of the history, the state of the
random generator when the epoch in work began, and how many of its batches are done. It is written
beside and renamed: whenever the power fails, the file is the old one or the new one.
"""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.weights import Model, load_model, save_model
from ..nn.network import Network
from .measure import Examples
from .settings import whole
from .state import State
from .step import set_weights, weights

Array = NDArray[Any]
KEY = "checkpoint"
ARRAY = "$array"
PARTS = {"": "training", "validation_": "validation", "test_": "test"}


class Checkpoints:
    """Writes the state of a run now and then, and reads it.

    Parameters
    ----------
    path
        The file; None writes nothing.
    every
        A number of epochs, or seconds as a text such as "30s": the least time between two.
    about
        What the run is, as JSON: another run's checkpoint is refused.
    """

    def __init__(
        self, path: str | os.PathLike[str] | None, every: int | str, about: Mapping[str, Any]
    ) -> None:
        self.path = None if path is None else Path(path)
        self.epochs, self.seconds = interval(every)
        self.about = json.loads(json.dumps(about))  # as it will be read: tuples are lists
        self.last = time.monotonic()

    def batch_done(self, state: State) -> None:
        """Write if it is time to."""
        if self.path is not None and time.monotonic() - self.last >= self.seconds:
            self.save(state)

    def epoch_done(self, state: State) -> None:
        """Write if this is an epoch to write after."""
        if self.epochs is not None and state.epoch % self.epochs == 0:
            self.save(state)

    def save(self, state: State) -> None:
        """Write the state."""
        if self.path is None:
            return
        best = type(state.net).__unflatten__(state.net, state.best_weights)
        columns = [*state.rows[0]]
        arrays = {"rows": np.array([[row[name] for name in columns] for row in state.rows])}
        arrays |= {f"now.{k}": array for k, array in enumerate(state.step.parameters)}
        kept = {
            "about": self.about,
            "columns": columns,
            "best": state.best,
            "steps": state.step.count,
            "rates": state.step.rates(),
            "batch": state.batch,
            "called_off": state.called_off,
            "state": packed(state.step.kept(), "state", arrays),
            "generator": packed(state.beginning, "generator", arrays),
        }
        save_model(self.path, Model(best, {KEY: kept}, arrays))
        self.last = time.monotonic()

    def restore(self, state: State) -> None:
        """Bring a state to where the checkpoint's run was.

        Raises
        ------
        FileNotFoundError
            When there is no checkpoint.
        ValueError
            When the file is damaged, no checkpoint, or that of another run.
        """
        if self.path is None:
            raise ValueError("fit: resume=True without a checkpoint; give checkpoint=path")
        name = repr(os.fspath(self.path))
        if not self.path.exists():
            raise FileNotFoundError(f"no checkpoint {name}; leave resume out to begin one")
        model = load_model(self.path)
        if KEY not in model.notes:
            raise ValueError(f"{name} holds weights and no checkpoint; begin without resume")
        try:
            self.compare(model.notes[KEY]["about"], name)
            _bring(state, model)
            self.compare_rates(model.notes[KEY]["rates"], state, name)
            set_weights(state.net, state.step.parameters)
        except (LookupError, TypeError, AttributeError) as error:
            raise ValueError(
                f"{name} is no checkpoint that this version reads ({error}); begin without resume"
            ) from error

    def compare(self, other: Mapping[str, Any], name: str) -> None:
        """Raise unless a checkpoint's run is this one, and say in what they differ."""
        cure = "give what that run was given, or begin without resume"
        told = []
        for key in {**self.about["settings"], **other["settings"]}:
            there, here = other["settings"].get(key), self.about["settings"].get(key)
            if there != here:
                told.append(f"{key} {there!r} there, {here!r} here")
        if told:
            raise ValueError(f"{name} is of another run: {'; '.join(told)}; {cure}")
        for part in PARTS.values():
            if other["data"].get(part) != self.about["data"].get(part):
                raise ValueError(f"{name} is of a run on other {part} examples; {cure}")
        if other["generator"] != self.about["generator"]:
            raise ValueError(f"{name} is of a run with another seed or generator; {cure}")

    def compare_rates(self, there: Any, state: State, name: str) -> None:
        """Raise unless the schedule gives the rates that the steps so far had."""
        for (step, rate), (_, here) in zip(there, state.step.rates(), strict=False):
            if rate != here:
                raise ValueError(
                    f"{name} is of another run: the rate of step {step} was {rate} there and is "
                    f"{here} here; give the schedule of that run, or begin without resume"
                )

    def clear(self) -> None:
        """Remove what runs that were killed in the middle of writing have left beside."""
        if self.path is not None:
            for part in self.path.parent.glob(f".{self.path.name}.????????.part"):
                part.unlink(missing_ok=True)


def interval(every: int | str) -> tuple[int | None, float]:
    """Return epochs and seconds between two checkpoints: `every` is one of the two.

    Examples
    --------
    >>> interval(10), interval("2.5s")
    ((10, inf), (None, 2.5))
    """
    if whole(every) and int(every) > 0:
        return int(every), math.inf
    try:
        seconds = float(every.removesuffix("s")) if isinstance(every, str) else math.nan
    except ValueError:
        seconds = math.nan
    if not (0 <= seconds < math.inf and str(every).endswith("s")):
        raise ValueError(
            f"fit: checkpoint_every={every!r}; expected a whole number of epochs, or seconds as "
            'a text such as "30s"'
        )
    return None, seconds


def fingerprint(array: Array) -> str:
    """Return a digest of an array: its dtype, its shape and every bit."""
    header = f"{array.dtype.str} {array.shape} ".encode()
    return sha256(header + np.ascontiguousarray(array).tobytes()).hexdigest()


def about(
    net: Network, settings: Mapping[str, Any], parts: Mapping[str, Examples], generator: Any
) -> dict[str, Any]:
    """What makes a run the same run: settings, network, examples, generator before its start."""
    arrays: dict[str, Array] = {}
    before = packed(generator.bit_generator.state, "", arrays)
    text = json.dumps([before, {name: fingerprint(array) for name, array in arrays.items()}])
    return {
        "settings": {**settings, "network": repr(net)},
        "data": {PARTS[key]: [*map(fingerprint, pair)] for key, pair in parts.items()},
        "generator": sha256(text.encode()).hexdigest(),
    }


def packed(value: Any, name: str, arrays: dict[str, Array]) -> Any:
    """Return a nest of dicts and lists as JSON knows it; its arrays go to `arrays`, by name."""
    if isinstance(value, np.ndarray | np.generic) and not value.dtype.hasobject:
        arrays[name] = np.asarray(value)
        return {ARRAY: name}
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {key: packed(item, f"{name}.{key}", arrays) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [packed(item, f"{name}.{k}", arrays) for k, item in enumerate(value)]
    if value is None or isinstance(value, str | bool | int | float):
        return value
    raise TypeError(
        f"a checkpoint can not keep {name}, {type(value).__name__} {value!r:.80}; a state is made "
        "of numbers, texts, arrays, lists, and dicts with texts as keys"
    )


def unpacked(value: Any, arrays: Mapping[str, Array]) -> Any:
    """Undo `packed`."""
    if isinstance(value, dict):
        if [*value] == [ARRAY]:
            array = arrays[value[ARRAY]]
            return array[()] if array.ndim == 0 else array
        return {key: unpacked(item, arrays) for key, item in value.items()}
    return [unpacked(item, arrays) for item in value] if isinstance(value, list) else value


def _bring(state: State, model: Model) -> None:
    """Bring a state to where the run was that a checkpoint's model is of, but for its network."""
    kept, arrays = model.notes[KEY], model.arrays
    table = arrays["rows"].tolist()
    if len(kept["columns"]) != arrays["rows"].shape[1] or not 0 <= kept["best"] < len(table):
        raise LookupError("its rows do not fit")
    rows: list[dict[str, Any]] = [dict(zip(kept["columns"], row, strict=True)) for row in table]
    state.rows[:] = [row | {"epoch": int(row["epoch"])} for row in rows]
    state.best, state.best_weights = kept["best"], weights(model.net)
    now = [_like(arrays[f"now.{k}"], like) for k, like in enumerate(state.step.parameters)]
    state.step.go_on(now, unpacked(kept["state"], arrays), int(kept["steps"]))
    state.batch, state.called_off = int(kept["batch"]), bool(kept["called_off"])
    try:
        state.generator.bit_generator.state = unpacked(kept["generator"], arrays)
    except ValueError as error:
        raise LookupError(str(error)) from error
    state.beginning = state.generator.bit_generator.state


def _like(array: Array, parameter: Array) -> Array:
    if (array.shape, array.dtype) != (parameter.shape, parameter.dtype):
        raise LookupError(f"{array.dtype} {array.shape} for {parameter.dtype} {parameter.shape}")
    return array
