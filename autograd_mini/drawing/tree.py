"""The syntax tree of a Boolean expression, beside the network that computes it.

Every term stands in the column of the unit that computes it, below the layers, and has the unit's
number. `not` of a gate is no unit of its own, so the gate it negates has the same one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from ..nn.gates import NEGATED, Gate, Term, _Units, parse
from .labels import plain_width
from .model import Diagram, Edge, Shape, Vertex
from .scenery import margin
from .style import outline

__all__ = ["MOST_TERMS", "with_tree"]

MOST_TERMS: Final = 40
SCOPE: Final = ("syntax tree",)
BELOW: Final = 60.0
ROW: Final = 48.0
ASIDE: Final = 60.0
BADGE: Final = 9.0


class _Read(_Units):
    """The units of an expression, and which of them each term became."""

    def __init__(self, terms: Sequence[Term]) -> None:
        self.of: list[int] = []
        super().__init__(terms)

    def _lower(self, word: str, *operands: int) -> int:
        self.of.append(super()._lower(word, *operands))
        return self.of[-1]

    def opposite(self, unit: int) -> int | None:
        """Return the unit that is 1 where this one is 0, when there is one."""
        gate, operands = self.gates[unit]
        if gate == "NOT":
            return operands[0]
        return self.known.get((NEGATED.get(gate, ""), tuple(sorted(operands))))


@dataclass(frozen=True, slots=True)
class _Part:
    """Terms that are drawn as one: a term, or `not` of `not` of ..."""

    term: int
    name: str
    operands: tuple[int, ...]
    """The parts it is made of."""
    unit: str
    """The key of the unit that computes it, or its negation."""
    negated: bool


def with_tree(diagram: Diagram, gate: Gate) -> Diagram:
    """Return a gate's picture with its expression's tree below the layers.

    A tree of more than 40 terms is left out, and the caption says so.
    """
    terms = parse(gate.expression)
    if len(terms) > MOST_TERMS:
        told = f"; its syntax tree of {len(terms):,} terms is not drawn (at most {MOST_TERMS})"
        return replace(diagram, caption=diagram.caption + told)
    shown = {vertex.key: vertex for vertex in diagram.vertices}
    parts = _parts(terms, _units_of(terms, shown))
    numbers = {key: k for k, key in enumerate(dict.fromkeys(_in_order(parts, shown)), 1)}
    vertices = _vertices(parts, shown, numbers)
    bottom = max(v.at[1] + outline(v)[1] / 2 for v in vertices if v.at)
    lowest = min(p[1] for shape in diagram.scenery for p in shape.points) - 40
    moved = [
        replace(shape, points=tuple((x, y + bottom - lowest) for x, y in shape.points))
        for shape in diagram.scenery
    ]
    edges = [Edge(f"t{parts[k].term}", f"t{part.term}") for part in parts for k in part.operands]
    said = "; below it the expression, each part numbered like the unit that computes it"
    return replace(
        diagram,
        vertices=(*diagram.vertices, *vertices),
        edges=(*diagram.edges, *edges),
        scenery=(*moved, *_badges(shown, numbers)),
        caption=diagram.caption + said,
    )


def _units_of(terms: Sequence[Term], shown: Mapping[str, Any]) -> list[tuple[str, bool]]:
    """Return for each term the key of the unit that computes it, or (True) that negates it.

    No key: the unit is in a layer that is not drawn.
    """
    read = _Read(terms)
    place = {
        unit: (l, i) for l, layer in enumerate(read.layers(), 1) for i, unit in enumerate(layer, 1)
    }
    above = {k: parent for parent, term in enumerate(terms) for k in term.operands}
    found: list[tuple[str, bool]] = [("", False)] * len(terms)
    for k in range(len(terms) - 1, -1, -1):  # from the root down
        negated = read.of[k] not in place
        unit = read.opposite(read.of[k]) if negated else read.of[k]
        if unit in place:
            l, i = place[unit]
            key = next((key for key in (f"u{l}_{i}", f"m{l}") if key in shown), "")
            found[k] = key, negated and terms[above[k]].word != "not"
        else:
            found[k] = found[above[k]][0], False
    return found


def _parts(terms: Sequence[Term], units: Sequence[tuple[str, bool]]) -> list[_Part]:
    """Join each run of `not`s; operands come before what they are operands of."""
    parts: list[_Part] = []
    at: dict[int, int] = {}
    above = {k: parent for parent, term in enumerate(terms) for k in term.operands}
    for k, term in enumerate(terms):
        if term.word == "not" and terms[above.get(k, k)].word == "not" and k in above:
            at[k] = -1  # the outermost speaks for the run
            continue
        inner, run = term, 1
        while inner.word == "not" and at.get(inner.operands[0]) == -1:
            inner, run = terms[inner.operands[0]], run + 1
        name = term.word if run == 1 else f"not ×{run}"
        at[k] = len(parts)
        parts.append(_Part(k, name, tuple(at[o] for o in inner.operands), *units[k]))
    return parts


def _in_order(parts: Sequence[_Part], shown: Mapping[str, Vertex]) -> Iterator[str]:
    """Yield the keys of the units that have a part, as they stand in the picture."""
    used = {part.unit for part in parts} - {""}
    yield from (key for key in shown if key in used)


def _vertices(
    parts: Sequence[_Part], shown: Mapping[str, Vertex], numbers: Mapping[str, int]
) -> list[Vertex]:
    """Return the tree's vertices: the leaves in rows, what is made of them between them."""
    top = max(v.at[1] + outline(v)[1] / 2 for v in shown.values() if v.at) + BELOW
    columns = [_column(shown.get(part.unit), shown) for part in parts]
    negated = {k for p, part in enumerate(parts) for k in part.operands if columns[k] == columns[p]}
    found: list[Vertex] = []
    rows: list[float] = []
    leaves = 0
    for index, part in enumerate(parts):
        if part.operands:
            rows.append(sum(rows[k] for k in part.operands) / len(part.operands))
        else:
            rows.append(float(leaves))
            leaves += 1
        told = f"{'not ' * part.negated}({numbers[part.unit]})" if part.unit else ""
        vertex = Vertex(f"t{part.term}", "term", part.name, (told,) if told else (), scope=SCOPE)
        # `not` and the gate that it negates share a column.
        x = columns[index] - (ASIDE if index in negated else 0.0)
        before = [_beside(found[k], vertex) for k in part.operands]
        found.append(replace(vertex, at=(max([x, *before]), top + ROW * rows[index])))
    return found


def _beside(operand: Vertex, vertex: Vertex) -> float:
    """Return where a part has room to the right of one of its operands."""
    assert operand.at is not None
    return operand.at[0] + (outline(operand)[0] + outline(vertex)[0]) / 2 + 14


def _column(unit: Vertex | None, shown: Mapping[str, Vertex]) -> float:
    """Return the middle of a unit's column; of one that is not drawn, the middle of the picture."""
    if unit is None or unit.at is None:
        places = [vertex.at[0] for vertex in shown.values() if vertex.at]
        return (min(places) + max(places)) / 2
    return unit.at[0]


def _badges(shown: Mapping[str, Vertex], numbers: Mapping[str, int]) -> Iterator[Shape]:
    """Yield the numbers below the units."""
    for key, number in numbers.items():
        vertex = shown[key]
        if vertex.at is not None:
            text = f"({number})"
            y = vertex.at[1] + outline(vertex)[1] / 2 + margin(vertex) + 0.7 * BADGE
            yield Shape(
                "text", ((vertex.at[0] - plain_width(text, BADGE) / 2, y),), text, size=BADGE
            )
