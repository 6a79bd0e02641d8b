"""A network as the course draws it: units in layers, bias units, the weights on the edges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from .labels import number
from .model import Diagram, Edge, Kind, Vertex

__all__ = ["network_diagram"]

MOST_UNITS: Final = 6
"""A wider layer shows its first units and says how many more there are."""
MOST_LABELS: Final = 40
"""With more connections than this the numbers would lie on one another."""

Matrix = np.ndarray[Any, Any]


def network_diagram(
    weights: Mapping[int, Matrix],
    biases: Mapping[int, Matrix],
    inputs: Sequence[str] = (),
    units: Mapping[int, Sequence[str]] | None = None,
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
    vertices = [v for l in sizes for v in _layer(l, sizes[l], first, last, names.get(l, ()))]
    strongest = max((float(np.abs(m).max(initial=0)) for m in weights.values()), default=0.0)
    edges = [e for l in weights for e in _connections(l, weights[l], biases[l], strongest or 1.0)]
    if len(edges) > MOST_LABELS:
        edges = [Edge(e.source, e.target, "", e.strength) for e in edges]
    shape = "-".join(str(size) for size in sizes.values())
    total = sum(w.size + b.size for w, b in zip(weights.values(), biases.values(), strict=True))
    caption = f"{shape} network, {total:,} weights and biases; blue: positive, dashed: negative"
    return Diagram(tuple(vertices), tuple(edges), caption, "right")


def _shown(size: int) -> int:
    return size if size <= MOST_UNITS else MOST_UNITS - 1


def _layer(l: int, size: int, first: int, last: int, names: Sequence[str]) -> list[Vertex]:
    """Return the vertices of layer l: the bias unit on top, unless it is the output."""
    scope = (f"layer {l}",)
    kind: Kind = "input" if l == first else "output unit" if l == last else "unit"
    letter = {"input": "x", "output unit": "h", "unit": "a"}[kind]
    found = [] if l == last else [Vertex(f"b{l}", "bias", "+1", scope=scope)]
    for i in range(1, _shown(size) + 1):
        name = names[i - 1] if names else "h" if (l, size) == (last, 1) else f"{letter}{i}"
        found.append(Vertex(f"u{l}_{i}", kind, name, scope=scope))
    if size > _shown(size):
        found.append(Vertex(f"m{l}", "more", f"… {size - _shown(size)} more", scope=scope))
    return found


def _connections(l: int, weights: Matrix, bias: Matrix, strongest: float) -> list[Edge]:
    """Return the edges from layer l to l + 1 between the units that are shown."""
    rows, columns = map(_shown, weights.shape)
    theta = np.column_stack([bias, weights])
    sources = [f"b{l}", *(f"u{l}_{j}" for j in range(1, columns + 1))]
    return [
        Edge(
            source,
            f"u{l + 1}_{i}",
            number(value) if value else "",
            float(np.clip(value / strongest, -1, 1)),
        )
        for i in range(1, rows + 1)
        for source, value in zip(sources, theta[i - 1], strict=False)
        if value or source == sources[0]
    ]
