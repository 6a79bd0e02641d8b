"""Gradients as people write them down: every arrangement that the shapes allow, as Θ is shaped.

Bias folded in first or last, apart, or missing; layers first to last or last to first; matrices
transposed; everything in one vector, row by row or column by column. Where the shapes leave a
choice (square matrices, a vector), the numbers decide: `readings` gives every possible reading,
the plainest first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .formulas import Array, Layers

Shapes = dict[int, tuple[int, int]]
Piece = tuple[str, Array]


@dataclass(frozen=True)
class Layout:
    """How gradients were arranged. The defaults are the note's: folded, bias first, 1 to L - 1."""

    bias: str = "first"  # first, last, apart, missing
    reverse: bool = False
    transposed: tuple[int, ...] = ()
    flat: str = ""  # "", "C" (row by row), "F" (column by column)
    grouped: bool = False
    bias_before: bool = False
    extra: tuple[int, ...] = ()  # layers of Θ whose gradient has a row too many

    @property
    def oddity(self) -> int:
        """How far from the note's own arrangement: between two that fit, the plainer is meant."""
        odd = 2 * self.reverse + 2 * bool(self.transposed) + (self.bias in {"last", "missing"})
        return odd + self.grouped + self.bias_before + (self.flat == "F")


def flattened(given: Any, name: str = "") -> Iterator[Piece]:
    """Walk through nested lists, tuples, mappings and networks to the arrays in them."""
    given = getattr(given, "theta", given) if not isinstance(given, Mapping) else given
    if isinstance(given, Mapping):
        for key in _in_order(given):
            yield from flattened(given[key], f"{name}.{key}".lstrip("."))
    elif isinstance(given, list | tuple) and not _is_matrix(given):
        for index, each in enumerate(given):
            yield from flattened(each, f"{name}.{index}".lstrip("."))
    else:
        yield name, _array(given, name)


def _in_order(given: Mapping[Any, Any]) -> list[Any]:
    """Keys by the number in them where each has one (W2 after W1, arr_10 after arr_9)."""
    keys = list(given)
    digits = ["".join(filter(str.isdigit, str(key))) for key in keys]
    if not all(digits):
        return keys
    stems = list(dict.fromkeys(_stem(key) for key in keys))
    numbers = dict(zip(keys, map(int, digits), strict=True))
    return sorted(keys, key=lambda key: (stems.index(_stem(key)), numbers[key]))


def _stem(key: Any) -> str:
    return "".join(c for c in str(key) if not c.isdigit())


def _is_matrix(given: list[Any] | tuple[Any, ...]) -> bool:
    """Whether nested lists are one array of numbers, and not a list of arrays."""
    if not given or not all(isinstance(row, list | tuple | int | float) for row in given):
        return False
    try:
        return np.array(given, dtype=np.float64).ndim <= 2
    except (TypeError, ValueError, OverflowError):
        return False


def _array(given: Any, name: str) -> Array:
    """One array of real numbers; of a tensor its value."""
    if hasattr(given, "detach"):
        given = given.detach()
    array = np.asarray(given.numpy() if hasattr(given, "numpy") else given)
    if array.dtype.kind not in "fiub":
        where = f"gradient {name!r}" if name else "the gradient"
        what = "nothing (None)" if given is None else f"{array.dtype} values"
        raise ValueError(f"{where} holds {what}; give arrays of real numbers, one for each Θ")
    return array


def readings(pieces: list[Piece], shapes: Shapes) -> list[tuple[Layout, Layers]]:
    """Every arrangement in which the arrays are ∂J/∂Θ^(l) of these shapes, the plainest first.

    Raises
    ------
    ValueError
        When there is none.
    """
    arrays = [array for _, array in pieces]
    if len(arrays) == 1 and arrays[0].ndim == 3:
        arrays = [*arrays[0]]
    found: list[tuple[Layout, Layers]] = []
    for layout, slots in _plans(shapes):
        for cut in _cuts(arrays, slots, layout):
            found += _read(*cut, slots, shapes)
    if not found:
        given = ", ".join(str(array.shape) for array in arrays) or "nothing"
        expected = ", ".join(str(shape) for shape in shapes.values())
        raise ValueError(
            f"gradients of shape {given} are none of this network, in any layout; expected "
            f"{expected} (bias first), or weights and biases apart, or all of it in one vector"
        )
    return sorted(found, key=lambda reading: reading[0].oddity)


Slots = list[tuple[str, int]]


def _plans(shapes: Shapes) -> Iterator[tuple[Layout, Slots]]:
    """Which array is what: folded matrices, weights alone, or weights and biases in some order."""
    for reverse in (False, True) if len(shapes) > 1 else (False,):
        order = sorted(shapes, reverse=reverse)
        for bias in ("first", "last"):
            yield Layout(bias, reverse), [("folded", l) for l in order]
        for before in (False, True):
            pair = ("bias", "weights") if before else ("weights", "bias")
            apart = Layout("apart", reverse, bias_before=before)
            yield apart, [(kind, l) for l in order for kind in pair]
            if len(shapes) > 1:
                grouped = Layout("apart", reverse, grouped=True, bias_before=before)
                yield grouped, [(kind, l) for kind in pair for l in order]
        yield Layout("missing", reverse), [("weights", l) for l in order]


def _cuts(
    arrays: list[Array], slots: Slots, layout: Layout
) -> Iterator[tuple[Layout, list[Array], str]]:
    """The arrays as they are; a single vector is cut when its slots are known (`_read`)."""
    if len(arrays) == len(slots):
        yield layout, arrays, ""
    if len(arrays) == 1 and (len(slots) > 1 or arrays[0].ndim == 1):
        for flat in ("C", "F"):
            yield layout, arrays, flat


def _read(
    layout: Layout, arrays: list[Array], flat: str, slots: Slots, shapes: Shapes
) -> Iterator[tuple[Layout, Layers]]:
    """Gradients shaped as Θ, NaN where there are none, in every way that the shapes allow."""
    if flat:
        cut = _cut(arrays[0], slots, shapes, flat)
        if cut is not None:
            yield replace(layout, flat=flat), _assembled(cut, slots, shapes, layout.bias)
        return
    fitted = None
    for turned in (False, True, None):  # None: each array as its shape says
        if turned is None and fitted is not None:
            return
        each = [
            _fitted(array, kind, shapes[l], turned, layout.bias)
            for array, (kind, l) in zip(arrays, slots, strict=True)
        ]
        if any(fit is None for fit in each):
            continue
        fitted = [fit for fit in each if fit is not None]
        transposed = {l for (_, l), fit in zip(slots, fitted, strict=True) if fit[1]}
        extra = {l for (_, l), fit in zip(slots, fitted, strict=True) if fit[2]}
        if max(shapes) in extra or (turned and not transposed):  # δ^(L) has no bias entry
            continue
        yield (
            replace(layout, transposed=tuple(sorted(transposed)), extra=tuple(sorted(extra))),
            _assembled([fit[0] for fit in fitted], slots, shapes, layout.bias),
        )


def _shape(kind: str, shape: tuple[int, int]) -> tuple[int, ...]:
    rows, columns = shape
    return {"folded": (rows, columns), "weights": (rows, columns - 1), "bias": (rows,)}[kind]


def _cut(array: Array, slots: Slots, shapes: Shapes, order: str) -> list[Array] | None:
    """Cut one vector into the slots' shapes."""
    wanted = [_shape(kind, shapes[l]) for kind, l in slots]
    sizes = [int(np.prod(shape)) for shape in wanted]
    vector = array.reshape(-1)
    if sum(sizes) != vector.size or max(array.shape, default=0) != vector.size:
        return None
    ends = np.cumsum(sizes)[:-1]
    order_: Any = order
    return [
        part.reshape(shape, order=order_)
        for part, shape in zip(np.split(vector, ends), wanted, strict=True)
    ]


def _fitted(
    array: Array, kind: str, shape: tuple[int, int], turned: bool | None, bias: str
) -> tuple[Array, bool, bool] | None:
    """An array in the shape of its slot, whether it was transposed, whether it had a row more."""
    wanted = _shape(kind, shape)
    if kind == "bias" or array.ndim < 2:
        fits = array.size == np.prod(wanted) and max(array.shape, default=1) == array.size
        return (array.reshape(wanted), False, False) if fits else None
    taller = (wanted[0] + 1, wanted[1])
    for turn in (False, True) if turned is None else (turned,):
        candidate = array.T if turn else array
        if candidate.shape == wanted:
            return candidate, turn, False
        if candidate.shape == taller and kind == "folded":
            return (candidate[:-1] if bias == "last" else candidate[1:]), turn, True
    return None


def _assembled(parts: list[Array], slots: Slots, shapes: Shapes, bias: str) -> Layers:
    """Put weights and biases together as Θ has them, the bias in column 0."""
    whole = {l: np.full(shapes[l], np.nan) for l in sorted(shapes)}
    for part, (kind, l) in zip(parts, slots, strict=True):
        if kind == "bias":
            whole[l][:, 0] = part
        elif kind == "weights":
            whole[l][:, 1:] = part
        else:
            whole[l][:] = np.roll(part, 1, axis=1) if bias == "last" else part
    return whole
