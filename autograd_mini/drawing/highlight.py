"""A recorded graph with some of its ways lit, the local derivatives written on them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from ..graph import Node, walk
from ..reverse import pick
from .fold import fold
from .labels import number
from .model import Edge, Theme, Vertex
from .opened import Whole, whole_graph
from .picture import Picture
from .recorded import recorded_diagram

__all__ = ["Flows", "highlighted"]

Flows = Mapping[tuple[Node, Node], Sequence[float]]
"""From a node to one made of it: the local derivatives, of as many single numbers as it moves."""
MOST_TOLD: Final = 3


def highlighted(
    J: Node, flows: Flows, told: str, budget: int | None, fields: Sequence[str], theme: Theme,
    legend: bool,
) -> Picture:  # fmt: skip
    """Return the picture of what J was computed from, its caption beginning with `told`.

    What is folded is lit as a whole when a way leads through it.
    """
    units = fold(walk(J), [J], budget)
    home = {node: f"n{index}" for index, unit in enumerate(units) for node in unit.nodes}
    diagram = recorded_diagram([J], budget, None, tuple(fields))
    lit = _Lit.of(flows, home, diagram.vertices)
    caption = f"{told}; lit: the ways it takes; ×: local derivatives"
    diagram = replace(
        diagram, vertices=lit.vertices(diagram.vertices), edges=lit.edges(diagram.edges),
        caption=caption, theme=theme, legend=legend,
    )  # fmt: skip
    return Picture(diagram, lambda: _whole(J, flows, caption, budget, tuple(fields)))


def _whole(
    J: Node, flows: Flows, caption: str, budget: int | None, fields: tuple[str, ...]
) -> Whole:
    """Return all of it, for a page: what is folded there is lit once it is opened."""
    whole = whole_graph([J], budget, None, fields)
    home = {node: key for key, node in whole.nodes.items()}
    lit = _Lit.of(flows, home, whole.opened.vertices)
    diagram = replace(
        whole.diagram, vertices=lit.vertices(whole.diagram.vertices),
        edges=lit.edges(whole.diagram.edges), caption=caption,
    )  # fmt: skip
    opened = replace(
        whole.opened, vertices=lit.vertices(whole.opened.vertices),
        edges=lit.edges(whole.opened.edges),
    )  # fmt: skip
    # Its numbers are not to be moved: what is told and lit would no longer be true.
    return replace(whole, diagram=diagram, opened=opened, outputs=())


@dataclass(frozen=True, slots=True)
class _Lit:
    """Which keys are lit, and what is written on the edges between them."""

    keys: set[str]
    told: dict[tuple[str, str], list[float]]

    @classmethod
    def of(cls, flows: Flows, home: Mapping[Node, str], vertices: Iterable[Vertex]) -> _Lit:
        known = {vertex.key for vertex in vertices}
        found = cls(set(), {})
        for (source, target), numbers in flows.items():
            made = target.inputs[0] if target.op is pick else target
            for a, b, told in ((source, made, numbers), (made, target, ())):
                if a in home and b in home:
                    found._light(home[a], home[b], told, known)
        return found

    def _light(self, source: str, target: str, numbers: Sequence[float], known: set[str]) -> None:
        self.keys.update((source, target))
        if source == target:
            return
        entry = f"{target}_op"
        if entry in known:
            self.keys.add(entry)
            self.told.setdefault((entry, target), [])
        self.told.setdefault((source, entry if entry in known else target), []).extend(numbers)

    def vertices(self, given: Sequence[Vertex]) -> tuple[Vertex, ...]:
        return tuple(replace(v, mark="active") if v.key in self.keys else v for v in given)

    def edges(self, given: Sequence[Edge]) -> tuple[Edge, ...]:
        count: dict[tuple[str, str], int] = {}
        for edge in given:
            pair = edge.source, edge.target
            count[pair] = count.get(pair, 0) + (pair in self.told)
        turn: dict[tuple[str, str], int] = {}
        found = []
        for edge in given:
            pair = edge.source, edge.target
            if pair not in self.told:
                found.append(edge)
                continue
            numbers, k = self.told[pair], turn.get(pair, 0)
            turn[pair] = k + 1
            if len(numbers) == count[pair]:  # an argument each, in their order
                numbers = [numbers[k]]
            found.append(replace(edge, derivative=_told(numbers), mark="active"))
        return tuple(found)


def _told(numbers: Sequence[float]) -> str:
    """Return local derivatives in a few characters.

    >>> _told([0.25]), _told([1.0, 1.0]), _told([1.0, 2.0, 1.0]), _told([1.0, 2.0, 3.0, 4.0])
    ('×0.25', '×1', '×1, 2', '×1 … 4')
    """
    texts = list(dict.fromkeys(map(number, numbers)))
    if len(texts) > MOST_TOLD:
        texts = [f"{number(min(numbers))} … {number(max(numbers))}"]
    return f"×{', '.join(texts)}" if texts else ""
