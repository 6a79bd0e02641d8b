"""A network as the course draws it: units in layers, bias units, the weights on the edges.

For an input the units are filled by their activations, and with y the δ are rings around them.
Places are fixed here, not by an exporter: a layer is a column.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Final

import numpy as np

from .labels import number, plain_width
from .model import Diagram, Edge, Kind, Shape, Vertex
from .scenery import margin
from .style import outline

__all__ = ["Run", "legend", "network_diagram", "placed"]

MOST_UNITS: Final = 10
"""A wider layer shows its first units and its last, and says how many there are between."""
ENDS: Final = 5
MOST_LAYERS: Final = 9
"""A deeper network shows as many layers less one, half of them at either end."""
MOST_LABELS: Final = 40
"""With more connections than this the numbers would lie on one another."""
GAP: Final = 116.0
"""Between columns: room for the weights."""
BETWEEN: Final = 18.0
"""Between the units of a column."""

Matrix = np.ndarray[Any, Any]
Named = Mapping[int, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Run:
    """What one input makes of the units: a^(l) from layer 1 on, and perhaps δ^(l) from 2 on."""

    a: Mapping[int, Matrix]
    delta: Mapping[int, Matrix]

    def level(self, l: int, i: int) -> float:
        """Return how active a unit is beside the strongest of its layer, and beside 1."""
        most = max(1.0, _largest(self.a[l]))
        return float(np.clip(np.nan_to_num(self.a[l][i - 1]) / most, -1, 1))

    def ring(self, l: int, i: int) -> float | None:
        """Return δ beside the largest of the picture; None where there is none."""
        most = max(map(_largest, self.delta.values()), default=0.0)
        if l not in self.delta or not most:
            return None
        return float(np.nan_to_num(np.clip(self.delta[l][i - 1] / most, -1, 1)))


def network_diagram(
    weights: Mapping[int, Matrix],
    biases: Mapping[int, Matrix],
    inputs: Sequence[str] = (),
    units: Named | None = None,
    run: Run | None = None,
) -> Diagram:
    """Return the picture of weights (s_{l+1}, s_l) and biases (s_{l+1},), keyed by layer l.

    `units` may name the units of layers: a gate's say what they compute. A weight that is exactly
    zero connects nothing and is not drawn (a bias of zero is, so that its unit is not lost).

    Raises
    ------
    ValueError
        When there are not as many input names as inputs.
    """
    first, last = min(weights), max(weights) + 1
    sizes = {first: weights[first].shape[1]} | {l + 1: w.shape[0] for l, w in weights.items()}
    if inputs and len(inputs) != sizes[first]:
        raise ValueError(
            f"inputs has {len(inputs)} name(s), {list(inputs)}, and the network {sizes[first]} "
            "input(s); give a name for each, or leave inputs out"
        )
    names = dict(units or {}) | ({first: inputs} if inputs else {})
    columns: list[list[Vertex]] = []
    previous = first
    for l in _shown(first, last, MOST_LAYERS, MOST_LAYERS // 2):
        if l > previous + 1:
            told = f"… {l - previous - 1:,} more layers"
            columns.append([Vertex(f"l{previous}", "more", told, scope=("…",))])
        columns.append(_layer(l, sizes[l], first, last, names.get(l, ()), run))
        previous = l
    vertices = placed(columns)
    shown = {vertex.key for vertex in vertices}
    edges = [
        e for l in weights if f"b{l}" in shown for e in _connections(l, weights, biases, shown)
    ]
    if len(edges) > MOST_LABELS:
        edges = [replace(edge, label="") for edge in edges]
    total = sum(w.size + b.size for w, b in zip(weights.values(), biases.values(), strict=True))
    layers = [str(sizes[l]) for l in _shown(first, last, 12, 5)]
    if last - first >= 12:
        layers.insert(5, "…")
    caption = f"{'-'.join(layers)} network, {total:,} weights and biases"
    return Diagram(
        tuple(vertices), tuple(edges), caption, "right", scenery=tuple(legend(vertices, run))
    )


def placed(columns: Sequence[Sequence[Vertex]]) -> list[Vertex]:
    """Return the vertices of columns, left to right, each column around the middle."""
    sizes = [[outline(v)[1] + 2 * margin(v) for v in column] for column in columns]
    heights = [sum(column) + BETWEEN * (len(column) - 1) for column in sizes]
    gap = max(GAP, 0.25 * max(heights))
    found: list[Vertex] = []
    left = 0.0
    for column, extents, height in zip(columns, sizes, heights, strict=True):
        wide, top = max(outline(v)[0] for v in column), -height / 2
        for vertex, size in zip(column, extents, strict=True):
            found.append(replace(vertex, at=(left + wide / 2, top + size / 2)))
            top += size + BETWEEN
        left += wide + gap
    return found


def _shown(first: int, last: int, most: int, ends: int) -> list[int]:
    """Return the numbers that are drawn: all, or those at either end."""
    if last - first < most:
        return [*range(first, last + 1)]
    return [*range(first, first + ends), *range(last - ends + 1, last + 1)]


def _units(size: int) -> list[int]:
    return [*range(1, size + 1)] if size <= MOST_UNITS else [*range(1, ENDS + 1), size]


def _largest(values: Matrix) -> float:
    finite = np.abs(values[np.isfinite(values)])
    return float(finite.max(initial=0.0))


def _layer(
    l: int, size: int, first: int, last: int, names: Sequence[str], run: Run | None
) -> list[Vertex]:
    """Return the vertices of layer l: the bias unit on top, unless it is the output."""
    scope = (f"layer {l}",)
    kind: Kind = "input" if l == first else "output unit" if l == last else "unit"
    letter = {"input": "x", "output unit": "h", "unit": "a"}[kind]
    found = [] if l == last else [Vertex(f"b{l}", "bias", "+1", scope=scope)]
    for previous, i in pairwise([0, *_units(size)]):
        if i > previous + 1:
            told = f"… {i - previous - 1:,} more"
            found.append(Vertex(f"m{l}", "more", told, scope=scope))
        name = names[i - 1] if names else "h" if (l, size) == (last, 1) else f"{letter}{i}"
        unit = Vertex(f"u{l}_{i}", kind, name, scope=scope)
        found.append(unit if run is None else _active(unit, l, i, run))
    return found


def _active(unit: Vertex, l: int, i: int, run: Run) -> Vertex:
    """Return a unit with what an input makes of it."""
    value = [_short(run.a[l][i - 1])]
    value += [f"δ {_short(run.delta[l][i - 1])}"] if l in run.delta else []
    return replace(unit, value=tuple(value), level=run.level(l, i), ring=run.ring(l, i))


def _short(value: float) -> str:
    """Return a number in at most three digits: it stands inside a circle."""
    texts = [f"{float(value) + 0.0:{form}}" for form in (".3g", ".2g", ".1g")]
    return next((text for text in texts if len(text) <= 6), f"{float(value):.0e}")


def _connections(
    l: int, weights: Mapping[int, Matrix], biases: Mapping[int, Matrix], shown: set[str]
) -> Iterator[Edge]:
    """Yield the edges from layer l to l + 1 between the units that are shown."""
    strongest = max(map(_largest, weights.values())) or 1.0
    rows, columns = map(_units, weights[l].shape)
    for i in rows:
        values = [biases[l][i - 1], *(weights[l][i - 1, j - 1] for j in columns)]
        sources = [f"b{l}", *(f"u{l}_{j}" for j in columns)]
        for source, value in zip(sources, values, strict=True):
            if f"u{l + 1}_{i}" in shown and (value or source == f"b{l}"):
                label = number(value) if value else ""
                strength = float(np.clip(value / strongest, -1, 1))
                yield Edge(source, f"u{l + 1}_{i}", label, strength)


# ---- the legend ----


def legend(vertices: Sequence[Vertex], run: Run | None) -> Iterator[Shape]:
    """Yield what the colours, dashes, fills and rings mean, below the layers."""
    bottom = max(v.at[1] + outline(v)[1] / 2 for v in vertices if v.at) + 44
    left = min(v.at[0] - outline(v)[0] / 2 for v in vertices if v.at)
    rows: list[list[tuple[Shape | None, str]]] = [
        [
            (Shape("line", ((0, 0), (22, 0)), ink="positive", size=2.4), "weight > 0"),
            (Shape("line", ((0, 0), (22, 0)), ink="negative", size=2.4, dashed=True), "weight < 0"),
            (None, "the thicker, the larger"),
        ]
    ]
    if run is not None:
        levels = (-1.0, 0.0, 1.0) if any((v.level or 0) < 0 for v in vertices) else (0.0, 1.0)
        names = {-1.0: "a < 0", 0.0: "a = 0", 1.0: "a = 1, or the layer's largest"}
        rows.append([
            (Shape("disc", ((8, 0),), size=7, level=level), names[level]) for level in levels
        ])  # fmt: skip
    if run is not None and run.delta:
        ring = Shape("disc", ((8, 0),), size=7, ink="positive")
        rows.append([
            (ring, "ring: δ > 0"), (replace(ring, ink="negative", dashed=True), "δ < 0"),
            (None, "the thicker, the larger"),
        ])  # fmt: skip
    for row in rows:
        x = left
        for sample, text in row:
            if sample is not None:
                yield replace(sample, points=tuple((x + a, bottom + b) for a, b in sample.points))
                x += 28 if sample.kind == "line" else 24
            yield Shape("text", ((x, bottom),), text, size=9)
            x += plain_width(text, 9) + 14
        bottom += 22
