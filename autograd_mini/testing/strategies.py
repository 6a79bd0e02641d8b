"""Hypothesis strategies for what derivatives are taken of: shapes, axes, indices, arrays, networks.

An array "away from kinks" has odd multiples of 1/16 as its entries, none of them twice: 1/16 or
more from every integer, half and quarter, where functions have their kinks, and 1/8 from each
other, so that no maximum is shared and no order is decided by rounding.

>>> from hypothesis import given, settings
>>> import autograd_mini as ag
>>> @settings(deadline=None)
... @given(arrays(shapes(min_dims=1)))
... def test_softplus(x):
...     ag.check_grads(ag.nn.softplus, (x,))
>>> test_softplus()
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from .. import nn

# Loaded here and not in the middle of a test: Hypothesis has a deadline for each example.
from ..checking import check_grads
from ..nn.cost import logistic_cost, quadratic_cost, softmax_cost
from ..tensor import Tensor

__all__ = [
    "LAYOUTS", "arrays", "axes", "broadcastable_shapes", "check_grads", "indices", "networks",
    "shapes", "tensors",
]  # fmt: skip

Shape = tuple[int, ...]
Array = np.ndarray[Any, np.dtype[Any]]
Network = nn.network.Network
LAYOUTS = ("C", "F", "reversed", "strided", "unaligned", "read-only", "broadcast")
"""How an array may lie in memory; "broadcast" repeats its first row, at the same addresses."""
COSTS: dict[str, tuple[Callable[..., Tensor], ...]] = {
    "sigmoid": (logistic_cost, quadratic_cost),
    "softmax": (softmax_cost,),
    "identity": (quadratic_cost,),
}
ACTIVATIONS = ("sigmoid", "tanh", "relu", "leaky_relu", "softplus", "identity")


def shapes(min_dims: int = 0, max_dims: int = 3, max_side: int = 4) -> st.SearchStrategy[Shape]:
    """Shapes of arrays, with sides of length 0 and 1 among them."""
    return hnp.array_shapes(min_dims=min_dims, max_dims=max_dims, min_side=0, max_side=max_side)


def broadcastable_shapes(
    count: int = 2, max_dims: int = 3, max_side: int = 4
) -> st.SearchStrategy[tuple[Shape, ...]]:
    """Several shapes that broadcast together: sides of 1 are stretched, leading ones left out."""
    together = hnp.mutually_broadcastable_shapes(
        num_shapes=count, max_dims=max_dims, max_side=max_side, min_side=0
    )
    return together.map(lambda found: found.input_shapes)


def axes(ndim: int) -> st.SearchStrategy[int | tuple[int, ...] | None]:
    """What a reduction takes as its axis: None, a number or a tuple of them, also from the end."""
    several = hnp.valid_tuple_axes(ndim)
    one = st.integers(-ndim, ndim - 1) if ndim else st.nothing()
    return st.none() | one | several


# -- indices


@st.composite
def indices(draw: st.DrawFn, shape: Shape) -> Any:
    """Draw an index of any of NumPy's kinds, that fits a shape.

    Numbers, slices with steps in both directions, None and ...; arrays and lists of integers, with
    repeats and from the end, boolean masks of one axis or several; mixtures of all of these.
    """
    basic = hnp.basic_indices(shape, allow_newaxis=True)
    one = _entry("number", shape[0], 0) if shape and shape[0] else st.nothing()
    return draw(st.one_of(basic, one, _masks(shape), _mixed(shape)))


@st.composite
def _masks(draw: st.DrawFn, shape: Shape) -> Any:
    """Draw a mask of some of the leading axes."""
    mask = draw(hnp.arrays(bool, shape[: draw(st.integers(0, len(shape)))]))
    return draw(st.sampled_from((mask, mask.tolist()))) if mask.ndim == 1 and mask.size else mask


@st.composite
def _mixed(draw: st.DrawFn, shape: Shape) -> Any:
    """Draw an index with one entry per leading axis, the arrays among them of one length."""
    length = draw(st.integers(0, 3))
    key: list[Any] = []
    for n in shape[: draw(st.integers(0, len(shape)))]:
        kinds = ["slice"] + ["number", "array", "list", "mask", "column"] * (n > 0)
        key.append(draw(_entry(draw(st.sampled_from(kinds)), n, length)))
    if draw(st.booleans()):
        key.insert(draw(st.integers(0, len(key))), draw(st.sampled_from((None, ...))))
    if not _fits(key, shape):  # what follows ... indexes the last axes
        key = [one for one in key if one is not ...]
    alone = len(key) == 1 and type(key[0]) is not list
    return key[0] if alone and draw(st.booleans()) else tuple(key)


def _entry(kind: str, n: int, length: int) -> st.SearchStrategy[Any]:
    """Return a strategy for the index of one axis of n entries."""
    if kind == "slice":
        return st.slices(n)
    one = st.integers(-n, n - 1)
    if kind == "number":
        return one | one.map(np.int64)
    if kind == "mask" and length <= n:
        chosen = st.lists(st.integers(0, n - 1), min_size=length, max_size=length, unique=True)
        return chosen.map(lambda places: np.isin(np.arange(n), places))
    several = st.lists(one, min_size=length, max_size=length)
    if kind == "list" and length:
        return several
    column = (-1, 1) if kind == "column" else (-1,)
    return several.map(lambda places: np.array(places, np.intp).reshape(column))


def _fits(key: Sequence[Any], shape: Shape) -> bool:
    try:
        np.empty(shape)[tuple(key)]
    except IndexError:
        return False
    return True


# -- arrays


@st.composite
def arrays(
    draw: st.DrawFn,
    shape: Shape | st.SearchStrategy[Shape] | None = None,
    dtype: Any = np.float64,
    layouts: Sequence[str] = LAYOUTS,
    away_from_kinks: bool = True,
) -> Array:
    """Draw a floating-point array.

    Parameters
    ----------
    shape
        A shape or a strategy for one.
    dtype
        A floating or complex dtype, or a strategy for one.
    layouts
        How it may lie in memory, some of `LAYOUTS`. "broadcast" has ties: away from kinks it is
        drawn only where it is the only one.
    away_from_kinks
        Whether to keep entries 1/16 from where functions have kinks, and 1/8 from each other.
        Otherwise they are multiples of 1/4, zeros and ties among them.
    """
    unknown = [layout for layout in layouts if layout not in LAYOUTS]
    if unknown or not layouts:
        raise ValueError(f"layouts={layouts!r}; expected some of {', '.join(LAYOUTS)}")
    if away_from_kinks and len(layouts) > 1:
        layouts = [layout for layout in layouts if layout != "broadcast"]
    drawn = draw(shape) if isinstance(shape, st.SearchStrategy) else shape
    sides = draw(shapes()) if drawn is None else drawn
    kind = np.dtype(draw(dtype) if isinstance(dtype, st.SearchStrategy) else dtype)
    if kind.kind not in "fc":
        raise ValueError(f"dtype={kind}; a derivative needs a floating or complex dtype")
    values = draw(_entries(sides, away_from_kinks))
    if kind.kind == "c":
        values = values + 1j * draw(_entries(sides, away_from_kinks))
    return _laid_out(np.asarray(values, kind), draw(st.sampled_from(layouts)))


def _entries(shape: Shape, apart: bool) -> st.SearchStrategy[Array]:
    if not apart:
        return hnp.arrays(np.int64, shape, elements=st.integers(-12, 12)).map(lambda k: k / 4.0)
    bound = max(32, 2 * math.prod(shape))
    places = hnp.arrays(np.int64, shape, elements=st.integers(-bound, bound), unique=True)
    return places.map(lambda k: (2.0 * k + 1.0) / 16.0)


def _laid_out(values: Array, layout: str) -> Array:
    """Return the same values in another layout (of "broadcast", the first row's)."""
    if layout == "F":
        return np.asfortranarray(values)
    if layout == "reversed":
        return np.flip(np.flip(values).copy())
    if layout == "strided":
        return np.stack([values, values], axis=-1)[..., 0]
    if layout == "unaligned":
        raw = np.zeros(values.nbytes + 1, np.uint8)[1:]
        moved = raw.view(values.dtype).reshape(values.shape)
        moved[...] = values
        return moved
    if layout == "broadcast" and values.ndim and len(values):
        return np.broadcast_to(values[:1], values.shape)
    if layout == "read-only":
        values = values.copy()
        values.flags.writeable = False
    return values


@st.composite
def tensors(
    draw: st.DrawFn,
    shape: Shape | st.SearchStrategy[Shape] | None = None,
    dtype: Any = np.float64,
    requires_grad: bool | None = None,
    away_from_kinks: bool = True,
) -> Tensor:
    """Draw a Tensor: a leaf, that requires a gradient or (None) may. `st.from_type` gives these."""
    value = draw(arrays(shape, dtype, away_from_kinks=away_from_kinks))
    required = draw(st.booleans()) if requires_grad is None else requires_grad
    return Tensor(value, requires_grad=required)


# -- networks


@st.composite
def networks(
    draw: st.DrawFn,
    activations: Sequence[str] = ACTIVATIONS,
    outputs: Sequence[str] = tuple(COSTS),
    max_layers: int = 4,
    max_units: int = 5,
    max_examples: int = 6,
) -> tuple[Network, Array, Array, Callable[..., Tensor]]:
    """Draw a network, data of its sizes, and a cost that goes with its output.

    Returns
    -------
    net, X, Y, cost
        So that ``cost(net, X, Y)`` is one number. X is (m, s_1); Y is (m, K), for one output or
        for classes also (m,). Biases are away from 0: no unit stands on the kink of its relu.
    """
    L = draw(st.integers(2, max_layers))
    sizes = [draw(st.integers(1, max_units)) for _ in range(L)]
    output = draw(st.sampled_from(outputs))
    sizes[-1] = max(sizes[-1], 2) if output == "softmax" else sizes[-1]
    hidden = tuple(draw(st.sampled_from(activations)) for _ in range(L - 2))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    theta = [
        rng.uniform(0.1, 1.0, (after, before + 1)) * rng.choice([-1.0, 1.0], (after, before + 1))
        for before, after in pairwise(sizes)
    ]
    net = Network.from_theta(theta, activation=hidden, output=output)
    m = draw(st.integers(1, max_examples))
    X = draw(arrays((m, sizes[0]), layouts=("C", "F")))
    cost = draw(st.sampled_from(COSTS[output]))
    return net, X, draw(_targets(output, m, sizes[-1])), cost


def _targets(output: str, m: int, K: int) -> st.SearchStrategy[Array]:
    """Return Y: numbers, zeros and ones, or classes, in a shape that a cost takes."""
    if output == "identity":
        return arrays((m, K), layouts=("C",), away_from_kinks=False)
    if K > 1:
        labels = hnp.arrays(np.int64, m, elements=st.integers(0, K - 1))
        return labels | labels.map(lambda k: np.eye(K)[k])
    Y = hnp.arrays(np.int64, (m, 1), elements=st.integers(0, 1)).map(lambda k: k.astype(float))
    return Y | Y.map(lambda column: column[:, 0])
