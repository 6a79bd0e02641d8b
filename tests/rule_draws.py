"""How a case draws its inputs and its metadata: one function per kind of operation."""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np

from tests.rule_inputs import (
    SIDES,
    Input,
    a_shape,
    an_axis,
    an_index,
    an_input,
    reduced,
    some_axes,
    thinned,
)

Drawn = tuple[list[Input], dict[str, Any]]


def arrays(*values: str, **fixed: Any) -> Callable[[Random], Drawn]:
    """Draw one array per class of values, of shapes that broadcast together."""

    def drawing(random: Random) -> Drawn:
        shape = a_shape(random)
        if len(values) == 1:
            return [an_input(random, shape, values[0])], fixed
        return [an_input(random, thinned(random, shape), v) for v in values], fixed

    return drawing


def of_shape(shape: tuple[int, ...], values: str = "real", /, **metadata: Any) -> Any:
    """Draw one array of a given shape: where an operation treats large arrays in another way."""
    return lambda random: ([an_input(random, shape, values)], metadata)


def filling(random: Random) -> Drawn:
    """Draw an array, and a value that is broadcast to its shape."""
    shape = a_shape(random)
    return [an_input(random, s) for s in (shape, thinned(random, shape))], {}


def reduction(values: str = "real", empty: bool = True, keepdims: bool = True) -> Any:
    """Draw an array, an axis or several, and keepdims. Not `empty`: something in each sum."""

    def drawing(random: Random) -> Drawn:
        shape = a_shape(random)
        axis = an_axis(random, len(shape))
        if not empty:
            gone = reduced(axis, len(shape))
            shape = tuple(n or 1 if i in gone else n for i, n in enumerate(shape))
        metadata = {"axis": axis}
        if keepdims:
            metadata["keepdims"] = random.random() < 0.5
        return [an_input(random, shape, values)], metadata

    return drawing


def spreading(random: Random) -> Drawn:
    shape = a_shape(random)
    axis = an_axis(random, len(shape))
    keepdims = random.random() < 0.5
    small = np.sum(np.zeros(shape), axis=axis, keepdims=keepdims).shape
    metadata = {"shape": shape, "axis": axis, "keepdims": keepdims}
    return [an_input(random, small)], metadata


def affine(random: Random) -> Drawn:
    """Draw one example or a batch of them, weights and a bias."""
    before, after = random.randint(0, 4), random.randint(0, 4)
    batch = random.choice([(), (random.randint(0, 3),)])
    shapes = [(*batch, before), (after, before), (after,)]
    return [an_input(random, shape) for shape in shapes], {}


def reshaping(random: Random) -> Drawn:
    shape = a_shape(random)
    sides = [n for n in shape if n != 1] + [1] * random.randint(0, 2)
    random.shuffle(sides)
    if len(sides) > 1 and random.random() < 0.5:
        sides[:2] = [sides[0] * sides[1]]
    if sides and math.prod(sides) and random.random() < 0.3:
        sides[random.randrange(len(sides))] = -1
    metadata = {"shape": tuple(sides), "order": random.choice(("C", "F"))}
    return [an_input(random, shape)], metadata


def ordering(random: Random) -> Drawn:
    return [an_input(random, a_shape(random))], {"order": random.choice(("C", "F"))}


def permuting(random: Random) -> Drawn:
    shape = a_shape(random)
    order = random.sample(range(len(shape)), len(shape))
    axes = tuple(random.choice((axis, axis - len(shape))) for axis in order)
    return [an_input(random, shape)], {"axes": random.choice((axes, None))}


def swapping(random: Random) -> Drawn:
    shape = a_shape(random, low=1)
    axes = [random.randrange(-len(shape), len(shape)) for _ in "12"]
    return [an_input(random, shape)], {"axis1": axes[0], "axis2": axes[1]}


def expanding(random: Random) -> Drawn:
    shape = a_shape(random)
    added = random.randint(1, 2)
    axes = some_axes(random, len(shape) + added, added)[:added]
    return [an_input(random, shape)], {"axis": axes[0] if added == 1 else axes}


def squeezing(random: Random) -> Drawn:
    shape = a_shape(random, high=4, sides=(1, 2, 1, 3, 0))
    ones = [i for i, n in enumerate(shape) if n == 1]
    ones = random.sample(ones, random.randint(0, len(ones)))
    chosen = [i - random.choice((0, len(shape))) for i in ones]
    axis = random.choice((None, tuple(chosen), *chosen))
    return [an_input(random, shape)], {"axis": axis}


def broadcasting(random: Random) -> Drawn:
    shape = a_shape(random)
    return [an_input(random, thinned(random, shape))], {"shape": shape}


def joining(random: Random) -> Drawn:
    """Draw arrays that differ along the axis on which they are concatenated only."""
    shape = a_shape(random, low=1)
    axis = random.randrange(-len(shape), len(shape))
    inputs = []
    for _ in range(random.randint(1, 3)):
        sides = list(shape)
        sides[axis] = random.choice(SIDES)
        inputs.append(an_input(random, tuple(sides)))
    return inputs, {"axis": axis}


def flat_joining(random: Random) -> Drawn:
    inputs = [an_input(random, a_shape(random)) for _ in range(random.randint(1, 3))]
    return inputs, {"axis": None}


def stacking(random: Random) -> Drawn:
    shape = a_shape(random)
    inputs = [an_input(random, shape) for _ in range(random.randint(1, 3))]
    return inputs, {"axis": random.randrange(-len(shape) - 1, len(shape) + 1)}


def vector_or_more(random: Random) -> Drawn:
    return [an_input(random, a_shape(random, low=1))], {}


def same_shapes(random: Random) -> Drawn:
    shape = a_shape(random, low=1)
    return [an_input(random, shape) for _ in range(random.randint(1, 3))], {}


def of_even_length(random: Random) -> Drawn:
    return [an_input(random, (random.choice((2, 4, 0)), *a_shape(random, high=2)))], {}


def splitting(random: Random) -> Drawn:
    shape = a_shape(random, low=1)
    axis = random.randrange(-len(shape), len(shape))
    cuts = sorted(random.randint(0, shape[axis]) for _ in range(random.randint(0, 2)))
    sections = [k for k in (1, 2, 3) if shape[axis] % k == 0]
    how = random.choice((cuts, random.choice(sections)))
    return [an_input(random, shape)], {"indices_or_sections": how, "axis": axis}


def getting(random: Random) -> Drawn:
    shape = a_shape(random)
    return [an_input(random, shape)], {"key": an_index(random, shape)}


def setting(random: Random) -> Drawn:
    shape = a_shape(random)
    key = an_index(random, shape)
    part = np.zeros(shape)[key].shape
    value = (1,) * random.choice((0, 0, 1)) + thinned(random, part)
    try:
        np.zeros(shape)[key] = np.zeros(value)
    except (TypeError, ValueError):  # a mask, and one element, want no axes in front
        value = part
    return [an_input(random, shape), an_input(random, value)], {"key": key}


def scattering(random: Random) -> Drawn:
    shape = a_shape(random)
    keys = [an_index(random, shape) for _ in range(random.randint(1, 3))]
    inputs = [an_input(random, np.zeros(shape)[key].shape) for key in keys]
    return inputs, {"keys": tuple(keys), "shape": shape}


def multiplying(random: Random) -> Drawn:
    """Draw vectors, matrices and stacks of them that np.matmul can multiply."""
    rows, inner, columns = (random.choice(SIDES) for _ in range(3))
    stack = a_shape(random, high=2)
    left = random.choice(((inner,), (*thinned(random, stack), rows, inner)))
    right = random.choice(((inner,), (*thinned(random, stack), inner, columns)))
    return [an_input(random, left), an_input(random, right)], {}


def dotting(random: Random) -> Drawn:
    """Draw arrays of any two ranks that np.dot can multiply."""
    left = a_shape(random)
    right = a_shape(random)
    if left and right:
        place = max(len(right) - 2, 0)
        right = (*right[:place], left[-1], *right[place + 1 :])
    return [an_input(random, left), an_input(random, right)], {}


def pairing(random: Random) -> Drawn:
    return [an_input(random, a_shape(random, high=2)) for _ in "12"], {}


def normalising(random: Random) -> Drawn:
    shape = a_shape(random, low=1)
    axis = an_axis(random, len(shape))
    gone = reduced(axis, len(shape))
    shape = tuple(n or 1 if i in gone else n for i, n in enumerate(shape))
    return [an_input(random, shape)], {"axis": axis}


def pairing_vectors(random: Random) -> Drawn:
    return [an_input(random, a_shape(random, 1, 1)) for _ in "12"], {}
