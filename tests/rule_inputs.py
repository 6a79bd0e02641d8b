"""Inputs for the rule tests: arrays and indices described in a line, so that they print as code.

What is random is drawn from a `random.Random`. Hypothesis has one that it can shrink
(`st.randoms()`), so the same drawing serves the property tests and the seeded runs of the mutants.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import numpy as np

SIDES = (2, 3, 1, 4, 0)
LAYOUTS = ("C", "F", "reversed", "strided", "repeated")
LATTICE = 0.6
"""Values on it, with an offset of 0.2 per class, keep 0.1 from those of another class."""


@dataclass(frozen=True)
class Input:
    """An array: its shape, where its values come from, and how it lies in memory."""

    shape: tuple[int, ...] = ()
    values: str = "real"
    layout: str = "C"
    seed: int = 0

    def array(self, single: bool = False) -> Any:
        """Make the array; without axes it is a NumPy scalar, as the engine keeps it."""
        rng = np.random.default_rng(self.seed)
        flat = numbers(rng, self.values, int(np.prod(self.shape)))
        if single:
            flat = flat.astype(np.complex64 if flat.dtype.kind == "c" else np.float32)
        return laid_out(flat.reshape(self.shape), self.layout)


CLASSES: dict[str, Callable[[np.random.Generator, int], Any]] = {
    "real": lambda rng, n: rng.uniform(-2, 2, n),
    "-1, 0, 1": lambda rng, n: rng.integers(-1, 2, n).astype(float),
    "complex": lambda rng, n: rng.uniform(-2, 2, n) + 1j * rng.uniform(-2, 2, n),
    "positive": lambda rng, n: rng.uniform(0.5, 2, n),
    "nonzero": lambda rng, n: rng.uniform(0.5, 2, n) * rng.choice([-1.0, 1.0], n),
    "unit": lambda rng, n: rng.uniform(-0.8, 0.8, n),
    "unit half": lambda rng, n: rng.uniform(0.55, 0.9, n),
    "above 1": lambda rng, n: rng.uniform(1.5, 3.0, n),
    "above -1": lambda rng, n: rng.uniform(-0.5, 2, n),
    "distinct": lambda rng, n: 0.3 * (rng.permutation(n) - n // 2) + rng.uniform(-0.05, 0.05, n),
    "distinct nonzero": lambda rng, n: (
        (0.6 + 0.3 * rng.permutation(n)) * rng.choice([-1.0, 1.0], n)
    ),
    "modulus": lambda rng, n: rng.choice([-1.2, -0.6, 0.6, 1.2], n) + rng.uniform(-0.01, 0.01, n),
    "halves": lambda rng, n: LATTICE * (rng.integers(-3, 4, n) + 0.5) + rng.uniform(-0.02, 0.02, n),
}
"""Classes of values, away from the kinks of what they are meant for."""


def numbers(rng: np.random.Generator, values: str, n: int) -> Any:
    """Return n numbers of a class, none of them near a kink of what the class is meant for."""
    if values in CLASSES:
        return CLASSES[values](rng, n)
    offset = 0.2 * int(values.removeprefix("lattice "))
    return LATTICE * rng.integers(-3, 4, n) + offset + rng.uniform(-0.05, 0.05, n)


def laid_out(array: Any, layout: str) -> Any:
    """Return the same values in another layout; "repeated" makes rows equal, in the same memory."""
    if array.ndim == 0:
        return array if layout == "F" else array[()]
    if layout == "F":
        return np.asfortranarray(array)
    if layout == "reversed":
        return np.array(array[(slice(None, None, -1),) * array.ndim])[
            (slice(None, None, -1),) * array.ndim
        ]
    if layout == "strided":
        wide = np.zeros([2 * n for n in array.shape], array.dtype)
        wide[(slice(None, None, 2),) * array.ndim] = array
        return wide[(slice(None, None, 2),) * array.ndim]
    if layout == "repeated" and array.shape[0] > 0:
        return np.broadcast_to(array[:1], array.shape)
    return array


# -- shapes


def a_shape(random: Random, low: int = 0, high: int = 3, sides: Sequence[int] = SIDES) -> Any:
    """Draw a shape of `low` to `high` axes, some of them of length 1 or 0."""
    return tuple(random.choice(sides) for _ in range(random.randint(low, high)))


def an_input(random: Random, shape: tuple[int, ...], values: str = "real") -> Input:
    """Draw the rest of an input. A tie must stay away from what is distinct."""
    layouts = LAYOUTS[:4] if values == "distinct" else LAYOUTS
    return Input(shape, values, random.choice(layouts), random.randrange(1000))


def thinned(random: Random, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Draw a shape that broadcasts to the given one: some sides 1, leading ones left out."""
    sides = [1 if random.random() < 0.3 else n for n in shape]
    return tuple(sides[random.choice((0, 0, 0, *range(len(sides) + 1))) :])


def an_axis(random: Random, ndim: int, low: int = 0) -> Any:
    """Draw the axis of a reduction: None, an int or a tuple, some counted from the end."""
    if low == 0 and random.random() < 0.25:
        return None
    if ndim and random.random() < 0.5:
        return random.randrange(-ndim, ndim)
    return some_axes(random, ndim, low)


def some_axes(random: Random, ndim: int, low: int = 0) -> tuple[int, ...]:
    """Draw a tuple of different axes."""
    axes = random.sample(range(ndim), random.randint(min(low, ndim), ndim))
    return tuple(random.choice((axis, axis - ndim)) for axis in axes)


def reduced(axis: Any, ndim: int) -> set[int]:
    """Return the axes that a reduction sums over."""
    if axis is None:
        return set(range(ndim))
    return {a % ndim for a in (axis if isinstance(axis, tuple) else (axis,))}


# -- indices


def a_slice(random: Random, n: int) -> slice:
    """Draw a slice, with steps in both directions and ends beyond the array."""
    step = random.choice((None, 1, 2, -1, -2))
    return slice(random.choice((None, *range(-n - 1, n + 2))), random.choice((None, n, -n)), step)


def a_basic_index(random: Random, shape: Sequence[int]) -> Any:
    """Draw an index of integers, slices, None and ...; sometimes not in a tuple."""
    key: list[Any] = []
    for n in shape[: random.randint(0, len(shape))]:
        if random.random() < 0.2:
            key.append(None)
        if n and random.random() < 0.4:
            index = random.randrange(-n, n)
            key.append(random.choice((index, np.int64(index))))
        else:
            key.append(a_slice(random, n))
    if random.random() < 0.2:
        key.append(None)
    if random.random() < 0.3:  # what follows it then indexes the last axes: it may not fit
        wide = list(key)
        wide.insert(random.randint(0, len(key)), Ellipsis)
        key = wide if fits(tuple(wide), shape) else key
    return key[0] if len(key) == 1 else tuple(key)


def an_advanced_index(random: Random, shape: Sequence[int]) -> Any:
    """Draw an index with integer arrays (with repeats) or boolean masks, mixed with basic ones."""
    if random.random() < 0.25:
        return a_mask(random, shape[: random.randint(0, len(shape))])
    length = random.choice((3, 2, 1, 0))
    key: list[Any] = []
    for n in shape[: random.randint(1, len(shape))] if shape else ():
        kind = random.choice(("array", "array", "slice", "int", "list", "mask"))
        if kind == "slice" or n == 0:
            key.append(a_slice(random, n))
        elif kind == "int":
            key.append(random.randrange(-n, n))
        elif kind == "mask":
            key.append(a_mask(random, (n,)))
        else:
            lengths = random.choice(((length,), (length,), (1,), (2, 1), ()))
            picked = np.array([random.randrange(-n, n) for _ in range(int(np.prod(lengths)))], int)
            picked = picked.reshape(lengths)
            key.append(picked.tolist() if kind == "list" and picked.ndim == 1 else picked)
    if random.random() < 0.3:
        key.insert(random.randint(0, len(key)), None)
    return key[0] if len(key) == 1 and random.random() < 0.5 else tuple(key)


def a_mask(random: Random, shape: Sequence[int]) -> Any:
    """Draw a boolean array of a shape."""
    bits = [random.random() < 0.5 for _ in range(int(np.prod(shape)))]
    return np.array(bits, bool).reshape(shape)


def an_index(random: Random, shape: Sequence[int]) -> Any:
    """Draw an index of any of NumPy's kinds, that fits."""
    draw = random.choice((a_basic_index, an_advanced_index))
    key = draw(random, shape)
    return key if fits(key, shape) else ...


def fits(key: Any, shape: Sequence[int]) -> bool:
    """Tell whether NumPy accepts an index for a shape."""
    try:
        np.zeros(tuple(shape))[key]
    except IndexError:
        return False
    return True
