"""What an optimiser is inside: the numbers of a step, and the move.

The *numbers* are Python floats: the rate, what corrects a bias, each computed from the settings
and from how many steps there were. The *move* is NumPy functions of arrays and those numbers. A
move looks at no value and computes nothing from numbers alone, so it can be recorded once and run
with other numbers, which may then be arrays without axes in the parameters' dtype: float32 stays
float32, to the same bits.

>>> import autograd_mini.optimisers as optimisers
>>> optimisers.adam.numbers(0, rate=0.5)["rate"]  # α / (1 - β₁ᵗ), t = 1
5.000000000000001
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import update_wrapper
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Arrays = Sequence[Array]
Numbers = dict[str, float]
Memory = dict[str, list[Array]]
State = dict[str, Any]
Rate = float | Callable[[int], float]
Move = Callable[[Arrays, Arrays, Memory, Numbers], tuple[list[Array], Memory]]
Step = Callable[..., tuple[list[Array], State]]
Names = Sequence[str] | Callable[..., Sequence[str]]

__all__ = ["Optimiser", "finite", "optimiser", "within"]


class Optimiser:
    """A step ``(parameters, gradients, state=None, *, rate, ...) -> (parameters, state)``.

    Parameters
    ----------
    numbers
        A function of the number of steps before this one and of the settings, the rate among them;
        it gives the floats of the step, by name. Its name and docstring become the optimiser's.
    move
        The function ``(parameters, gradients, memory, numbers) -> (parameters, memory)``.
    memory
        The names of what is remembered of every parameter; or a function of the settings that
        gives them.

    Attributes
    ----------
    move
        As given.
    settings
        What `using` has set.

    Raises
    ------
    TypeError
        When called with a setting that there is not.
    ValueError
        When called with gradients that do not fit the parameters, another optimiser's state, or a
        setting out of its range.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_mini.optimisers import momentum
    >>> theta, D = [np.array([1.0])], [np.array([0.5])]
    >>> momentum(theta, D, rate=0.1)
    ([array([0.95])], {'step': 1, 'velocity': [array([0.5])]})

    The same in its parts, as a compiler takes them:

    >>> momentum.move(theta, D, momentum.memory(theta), momentum.numbers(0, rate=0.1))
    ([array([0.95])], {'velocity': [array([0.5])]})
    """

    def __init__(self, numbers: Callable[..., Numbers], move: Move, memory: Names = ()) -> None:
        update_wrapper(self, numbers)
        self.__name__: str = numbers.__name__
        self.move = move
        self.settings: dict[str, Any] = {}
        self._numbers, self._names, self._base = numbers, memory, self
        own = [p for p in inspect.signature(numbers).parameters.values() if p.name != "step"]
        self._known = [p.name for p in own]
        first = inspect.signature(_called_with).parameters.values()
        self.__signature__ = inspect.Signature([*first, *own])

    def __call__(
        self, parameters: Arrays, gradients: Arrays, state: State | None = None, **settings: Any
    ) -> tuple[list[Array], State]:
        """Return the new parameters, and the state to pass with the next gradients."""
        self._check(parameters, gradients)
        step, memory = self._read(state, settings) if state else (0, None)
        memory = self.memory(parameters, **settings) if memory is None else memory
        numbers = self.numbers(step, **settings)
        moved, memory = self.move(parameters, gradients, memory, numbers)
        return moved, {"step": step + 1, **memory}

    def numbers(self, step: int, **settings: Any) -> Numbers:
        """Return the floats of the step that comes after `step` others.

        A setting that is a function, such as a schedule for the rate, is asked with `step`.
        """
        chosen = self._chosen(settings)
        for name, value in chosen.items():
            if callable(value):
                chosen[name] = value(step)
        return self._numbers(step, **chosen)

    def memory(self, parameters: Arrays, **settings: Any) -> Memory:
        """Return what is remembered before the first step: zeros, by name, for every parameter."""
        names = self._remembered(settings)
        return {name: [np.zeros_like(parameter) for parameter in parameters] for name in names}

    def using(self, **settings: Any) -> Optimiser:
        """Return the same optimiser with these settings where a call gives none.

        Examples
        --------
        >>> from autograd_mini.optimisers import adam
        >>> slow = adam.using(beta1=0.95)
        >>> slow
        adam.using(beta1=0.95)
        >>> slow.numbers(9)["beta1"]
        0.95
        """
        other = Optimiser(self._numbers, self.move, self._names)
        other.settings, other._base = self._chosen(settings), self._base
        return other

    def _chosen(self, settings: dict[str, Any]) -> dict[str, Any]:
        for name in settings:
            if name not in self._known:
                known = ", ".join(self._known)
                raise TypeError(f"{self.__name__} has no setting {name!r}; it has {known}")
        return self.settings | settings

    def _remembered(self, settings: dict[str, Any]) -> Sequence[str]:
        chosen = self._chosen(settings)
        return self._names(**chosen) if callable(self._names) else self._names

    def _read(self, state: State, settings: dict[str, Any]) -> tuple[int, Memory]:
        expected = ["step", *self._remembered(settings)]
        if sorted(state) != sorted(expected):
            raise ValueError(
                f"{self.__name__}: the state has {sorted(state)}, expected {sorted(expected)}; "
                "begin with state=None, and go on with the same optimiser and settings"
            )
        return state["step"], {name: state[name] for name in expected[1:]}

    def _check(self, parameters: Arrays, gradients: Arrays) -> None:
        given = [[(a.shape, a.dtype) for a in arrays] for arrays in (parameters, gradients)]
        if given[0] != given[1]:
            told = [", ".join(f"{dtype}{[*shape]}" for shape, dtype in each) for each in given]
            raise ValueError(
                f"{self.__name__}: the parameters are {told[0] or 'none'}, the gradients "
                f"{told[1] or 'none'}; expected one of the same shape and dtype for each parameter"
            )

    def __repr__(self) -> str:
        settings = ", ".join(f"{name}={value!r}" for name, value in self.settings.items())
        return f"{self.__name__}.using({settings})" if settings else self.__name__

    def __reduce__(self) -> Any:
        # Pickled as a function is, by its name; one `using` other settings as that call.
        return (_using, (self._base, self.settings)) if self.settings else self.__name__


def optimiser(move: Move, memory: Names = ()) -> Callable[[Callable[..., Numbers]], Optimiser]:
    """Make an optimiser of the function of its numbers: see `Optimiser`."""
    return lambda numbers: Optimiser(numbers, move, memory)


def within(name: str, value: Any, below: float = np.inf) -> float:
    """Return a setting as a Python float, once it is found to be 0 or more, and below a bound.

    A NumPy scalar would lift float32.
    """
    if not 0.0 <= (number := float(value)) < below:
        bound = "finite" if below == np.inf else f"below {below:g}"
        raise ValueError(f"{name}={value!r}; expected a number, 0 or more and {bound}")
    return number


def finite(name: str, value: Any) -> float:
    """Return a setting as a Python float; a rate below 0 climbs."""
    if not abs(number := float(value)) < np.inf:
        raise ValueError(f"{name}={value!r}; expected a finite number")
    return number


def _called_with(parameters: Arrays, gradients: Arrays, state: State | None = None) -> None:
    """Lend its parameters to the signature of every optimiser."""


def _using(base: Optimiser, settings: dict[str, Any]) -> Optimiser:
    return base.using(**settings)
