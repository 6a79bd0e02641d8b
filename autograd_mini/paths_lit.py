"""An explanation in the drawing: the ways by which one number moves J, with their derivatives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from .drawing import BUDGET
from .drawing.highlight import highlighted
from .drawing.model import USUAL, Theme
from .drawing.picture import Picture
from .graph import Node
from .paths_elements import Elements
from .paths_report import Report

__all__ = ["Drawable", "Flow", "Lit", "along", "flows_between"]

Flow = tuple[Node, Node, Sequence[float]]


@dataclass(frozen=True, slots=True)
class Lit:
    """What is lit in the drawing of J: found when it is drawn."""

    J: Node
    flows: Callable[[], Iterable[Flow]]


class Drawable(Report):
    """An explanation that can be drawn."""

    __slots__ = ()

    lit: Lit

    def draw(
        self, *, budget: int | None = BUDGET, fields: Sequence[str] = USUAL,
        theme: Theme = "light", legend: bool = True,
    ) -> Picture:  # fmt: skip
        """Return J's graph with the ways of this number lit, as `ag.draw` would draw it.

        On the lit arrows stand the local derivatives ∂y/∂x, as in ×0.25, in place of the
        arguments' positions: of a few examples, where there are many.

        Parameters
        ----------
        budget, fields, theme, legend
            As for `ag.draw`.

        Examples
        --------
        >>> import autograd_mini as ag
        >>> x = ag.Tensor(3.0, requires_grad=True, name="x")
        >>> picture = ag.explain(x * x + 1.0, wrt=x).draw()
        >>> [edge.derivative for edge in picture.diagram.edges if edge.derivative]
        ['×3', '×3', '×1']
        """
        told = str(next(self.blocks()))
        flows = together(self.lit.flows())
        return highlighted(self.lit.J, flows, told, budget, fields, theme, legend)


def together(flows: Iterable[Flow]) -> dict[tuple[Node, Node], list[float]]:
    """Return the derivatives of each pair of nodes, in their order."""
    found: dict[tuple[Node, Node], list[float]] = {}
    for source, target, numbers in flows:
        found.setdefault((source, target), []).extend(numbers)
    return found


def flows_between(J: Node, start: Node, places: Iterable[int]) -> Iterator[Flow]:
    """Yield how single elements of a node move J: every arrow that leads there."""
    for place in places:
        elements = Elements(J, start, place)
        for source, arrows in enumerate(elements.arrows):
            for target, derivative in arrows if elements.reaches(source) else ():
                if elements.reaches(target):
                    yield elements.nodes[source], elements.nodes[target], [derivative]


def along(*nodes: Node, numbers: Sequence[float] = ()) -> Iterator[Flow]:
    """Yield a way through nodes, one after the other; the numbers stand on its last arrow."""
    way = list(dict.fromkeys(nodes))
    for k, (source, target) in enumerate(pairwise(way), 2):
        yield source, target, numbers if k == len(way) else ()
