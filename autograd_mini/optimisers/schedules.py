"""Schedules: the learning rate of every step, as plain functions of the step's number.

A step is one call of the optimiser; the first has number 0. A schedule depends on nothing else, so
there is nothing of it to keep when training goes on later.

>>> rate = warm_up(2, cosine(0.3, steps=4))
>>> [round(rate(step), 4) for step in range(8)]
[0.1, 0.2, 0.3, 0.2561, 0.15, 0.0439, 0.0, 0.0]
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .step import within

__all__ = ["Schedule", "cosine", "step_decay", "warm_up"]


@dataclass(frozen=True)
class Schedule:
    """A function step -> rate that prints as the call that made it, and can be pickled.

    Any other function of the step's number does as well.

    Examples
    --------
    >>> step_decay(0.5, every=10)
    step_decay(rate=0.5, every=10, factor=0.1)
    """

    rule: Callable[..., float]
    settings: tuple[tuple[str, Any], ...]

    def __call__(self, step: int) -> float:
        """Return the rate of the step with this number, counted from 0."""
        return self.rule(step, **dict(self.settings))

    def __repr__(self) -> str:
        settings = ", ".join(f"{name}={value!r}" for name, value in self.settings)
        return f"{self.rule.__name__.removeprefix('_at_')}({settings})"


def step_decay(rate: float, every: int, factor: float = 0.1) -> Schedule:
    """α := factor α after every so many steps: rate · factor^⌊step / every⌋.

    Parameters
    ----------
    rate
        The rate at first.
    every
        Steps between one change and the next.
    factor
        What the rate is multiplied by.

    Raises
    ------
    ValueError
        For a number out of its range.

    Examples
    --------
    >>> schedule = step_decay(1.0, every=2, factor=0.5)
    >>> [schedule(step) for step in range(5)]
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """
    return _schedule(_at_step_decay, rate=rate, every=every, factor=factor)


def _at_step_decay(step: int, rate: float, every: int, factor: float) -> float:
    return rate * factor ** (step // every)


def cosine(rate: float, steps: int, last: float = 0.0) -> Schedule:
    """Half a cosine from `rate` at step 0 to `last` at step `steps`; then it stays.

    last + (rate - last) (1 + cos(π step / steps)) / 2. Loshchilov and Hutter (2017),
    https://arxiv.org/abs/1608.03983, without restarts.

    Parameters
    ----------
    rate, last
        The rate at first and at last.
    steps
        The steps from one to the other.

    Raises
    ------
    ValueError
        For a number out of its range.

    Examples
    --------
    >>> schedule = cosine(1.0, steps=4, last=0.5)
    >>> [round(schedule(step), 4) for step in range(6)]
    [1.0, 0.9268, 0.75, 0.5732, 0.5, 0.5]
    """
    return _schedule(_at_cosine, rate=rate, steps=steps, last=last)


def _at_cosine(step: int, rate: float, steps: int, last: float) -> float:
    if step >= steps:
        return last
    return last + (rate - last) * (1.0 + math.cos(math.pi * step / steps)) / 2.0


def warm_up(
    steps: int, schedule: float | Callable[[int], float], first: float | None = None
) -> Schedule:
    """Raise the rate in a straight line for so many steps, then begin with a schedule.

    (first + (1 - first) step / steps) · schedule(0) before step `steps`, schedule(step - steps)
    from there on.

    Parameters
    ----------
    steps
        The steps before the rate is all there.
    schedule
        What comes then: a schedule, or one rate for all steps.
    first
        The share of schedule(0) at step 0; None is 1 / (steps + 1), which is as much as is added
        in every further step.

    Raises
    ------
    ValueError
        For a number out of its range.

    Examples
    --------
    >>> rate = warm_up(3, 1.0)
    >>> [rate(step) for step in range(5)]
    [0.25, 0.5, 0.75, 1.0, 1.0]
    """
    share = {} if first is None else {"first": first}
    return _schedule(_at_warm_up, steps=steps, schedule=schedule, **share)


def _at_warm_up(
    step: int, steps: int, schedule: float | Callable[[int], float], first: float | None = None
) -> float:
    def then(after: int) -> float:
        return schedule(after) if callable(schedule) else schedule

    if step >= steps:
        return then(step - steps)
    first = 1.0 / (steps + 1) if first is None else first
    return (first + (1.0 - first) * (step / steps)) * then(0)


def _schedule(rule: Callable[..., float], **settings: Any) -> Schedule:
    """Return the schedule, once its numbers are found to be in their ranges."""
    for name, value in settings.items():
        whole = name in {"every", "steps"}
        if whole and not (type(value) is int and value >= 1):
            raise ValueError(f"{name}={value!r}; expected a whole number of steps, 1 or more")
        if not whole and not callable(value):
            settings[name] = within(name, value)
    return Schedule(rule, tuple(settings.items()))
