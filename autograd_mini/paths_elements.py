"""The graph between single numbers: which element moves which other one, and by how much.

Its vertices are the elements of the recorded arrays that one element moves; its arrows are the
entries ∂y[q]/∂x[p] of the operations' Jacobians that are not zero, one per argument of the call
(x·x has two arrows from x). The derivative of J by the first element is the sum over the paths, and
a path's part the product of its arrows: the chain rule, written out.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from heapq import heappop, heappush, nsmallest
from itertools import count as counter
from typing import Any, Final

import numpy as np

from .context import TRACKED
from .elements import is_elementwise
from .graph import Node, constant, leaf, make_node, walk
from .recording import aside
from .reverse import pick, propagate
from .tensor import lift, tensor_of

__all__ = ["Arrow", "Elements", "size", "slopes"]

Array = np.ndarray[Any, Any]
Entries = tuple[Array, Array, Array]
"""Of a Jacobian: flat places in the input, flat places in the output, derivatives."""
Arrow = tuple[int, float]
"""The element that is moved, and the local derivative."""

MOST_ARROWS: Final = 500_000
MOST_WORK: Final = 2_000_000_000
"""Numbers read while Jacobians are computed, column by column: some seconds."""


def size(node: Node) -> int:
    """Return how many numbers a node holds (its buffer may have been taken over since)."""
    return math.prod(node.value.shape)


class _Local:
    """One operation alone, seen from one of its arguments."""

    def __init__(self, node: Node, position: int, value: Any = None) -> None:
        made = node.inputs[0] if node.op is pick else node
        x = made.inputs[position]
        self.x = leaf(x.value if value is None else value, None)
        inputs = [constant(each.value) for each in made.inputs]
        inputs[position] = self.x
        self.y = make_node(made.op, tuple(inputs), made.metadata, made.value, True)
        self.order = [self.x, self.y]
        if node.op is pick:  # an output of several: both are one step
            self.y = make_node(pick, (self.y,), node.metadata, node.value, True)
            self.order.append(self.y)

    def pull(self, g: Any) -> Any:
        """Return Σ_q g[q] ∂y[q]/∂x, or None where there is no derivative."""
        return propagate([self.y], [g], [self.x], order=self.order).get(self.x)

    def rows(self, reached: Array) -> Iterator[Entries]:
        """Yield the Jacobian row by row: one backward step per element of the output."""
        for place in range(size(self.y)):
            row = self.pull(_one_hot(self.y, place))
            if row is None:
                return
            yield reached, np.full(len(reached), place), np.ravel(row)[reached]

    def columns(self, reached: Array) -> Iterator[Entries]:
        """Yield it column by column.

        A backward step is linear in g, so its own derivative by g, at a unit vector, is a column.
        """
        g = tensor_of(leaf(np.zeros(self.y.value.shape, self.y.value.dtype), None))
        found = propagate([self.y], [g], [self.x], lift, self.order).get(self.x)
        if found is None:
            return
        order = walk(found.node, tracked=True)
        places = np.arange(size(self.y))
        for place in reached:
            unit = _one_hot(self.x, place)
            column = propagate([found.node], [unit], [g.node], order=order).get(g.node)
            if column is not None:
                yield np.full(len(places), place), places, np.ravel(column)


def _one_hot(node: Node, place: int) -> Any:
    unit = np.zeros(size(node), node.value.dtype)
    unit[place] = 1
    return unit.reshape(node.value.shape)[()]


def slopes(node: Node, position: int) -> Array | None:
    """Return the local derivative of an elementwise operation, at each element of its result."""
    shape = node.value.shape
    x = node.inputs[position].value
    spread = np.broadcast_to(x, shape)[()] if hasattr(x, "strides") else x
    found = _Local(node, position, spread).pull(np.ones(shape, node.value.dtype)[()])
    return None if found is None else np.asarray(found)


def _entries(node: Node, x: Node, position: int, reached: Array) -> Iterable[Entries]:
    if size(node) > 1 and node.op is not pick and is_elementwise(node.op):
        found = slopes(node, position)
        if found is None:
            return ()
        places = np.arange(size(x)).reshape(x.value.shape)
        sources = np.broadcast_to(places, node.value.shape).ravel()
        hit = np.zeros(size(x), bool)
        hit[reached] = True
        targets = np.flatnonzero(hit[sources])
        return [(sources[targets], targets, found.ravel()[targets])]
    local = _Local(node, position)
    return local.rows(reached) if size(node) <= len(reached) else local.columns(reached)


class Elements:
    """Everything that one element of a node moves, up to J.

    Parameters
    ----------
    J, start
        Nodes: of one number, and any below it.
    place
        Which element of `start`, counted flat.

    Raises
    ------
    ValueError
        When there are too many elements in between to look at one by one.
    """

    def __init__(self, J: Node, start: Node, place: int) -> None:
        self.nodes: list[Node] = []
        self.places: list[int] = []
        self.arrows: list[list[Arrow]] = []
        self.stops: list[tuple[int, Node, int]] = []
        """Where a single number moves another one by exactly 0: source, node and place."""
        self._numbers: dict[Node, dict[int, int]] = {}
        self._held, self._work = 0, 0
        self._number(start, place)
        order = walk(J, tracked=True)
        if start in order:
            with aside(TRACKED):
                for node in order:
                    if node is not start and type(node.value) is not tuple:
                        self._reach(node)
        self.end = self._numbers.get(J, {}).get(0)
        self._rank()

    def _number(self, node: Node, place: int) -> int:
        """Number the elements as they are reached: an arrow leads to a larger number."""
        known = self._numbers.setdefault(node, {})
        if place not in known:
            known[place] = len(self.nodes)
            self.nodes.append(node)
            self.places.append(place)
            self.arrows.append([])
        return known[place]

    def _reach(self, node: Node) -> None:
        made = node.inputs[0] if node.op is pick else node
        for position, x in enumerate(made.inputs):
            known = self._numbers.get(x)
            if known is None:
                continue
            reached = np.fromiter(known, int, len(known))
            self._check(node, x, len(reached))
            alone = size(node) == size(x) == 1 or is_elementwise(node.op)
            for entries in _entries(node, x, position, reached):
                if not alone:  # of a whole row or column most may be zero
                    kept = np.flatnonzero(entries[2])
                    self._add(node, known, *(part[kept].tolist() for part in entries))
                else:
                    self._add(node, known, *(part.tolist() for part in entries))
                self._check(node, x, 0)

    def _add(
        self, node: Node, known: dict[int, int], sources: list[int], targets: list[int],
        derivatives: list[float],
    ) -> None:  # fmt: skip
        for source, target, derivative in zip(sources, targets, derivatives, strict=True):
            if derivative == 0:
                self.stops.append((known[source], node, target))
            else:
                arrow = (self._number(node, target), derivative)
                self.arrows[known[source]].append(arrow)
        self._held += len(sources)

    def _check(self, node: Node, x: Node, calls: int) -> None:
        if calls and size(node) > 1 and not is_elementwise(node.op):
            self._work += min(calls, size(node)) * (size(node) + size(x))
        if self._held > MOST_ARROWS or self._work > MOST_WORK:
            raise ValueError(
                f"more than {MOST_ARROWS:,} single numbers move one another between "
                f"{self.nodes[0].name or 'the element'} and J, too many to follow one by one; "
                "explain the cost of fewer examples, or weight=(l, i, j) of a network"
            )

    def _rank(self) -> None:
        """Find for each element the path on to J with the largest product, by its logarithm."""
        self.best = [-math.inf] * len(self.nodes)
        self.choice: list[int] = [0] * len(self.nodes)
        if self.end is None:
            return
        self.best[self.end] = 0.0
        for element in range(self.end - 1, -1, -1):
            for k, (target, derivative) in enumerate(self.arrows[element]):
                rank = _log(derivative) + self.best[target]
                if rank > self.best[element]:
                    self.best[element], self.choice[element] = rank, k

    def reaches(self, element: int) -> bool:
        """Whether a path leads from an element to J."""
        return self.best[element] > -math.inf

    def count(self) -> int:
        """Return the number of paths to J, exactly, without listing any."""
        if self.end is None:
            return 0
        ways: dict[int, int] = {0: 1}
        for element in range(self.end):
            number = ways.pop(element, 0)  # dropped once read: there may be 10^5 digits in it
            for target, _ in self.arrows[element]:
                ways[target] = ways.get(target, 0) + number
        return ways.get(self.end, 0)

    def largest(self, most: int) -> list[list[Arrow]]:
        """Return the paths with the largest products, as arrows, the largest first.

        A path is the best way on from the start but for some detours. The next best path adds one
        detour to a path already found, after its last: no partial path is looked at twice.
        """
        if self.best[0] == -math.inf:
            return []
        tie = counter()
        heap: list[tuple[float, int, Any]] = [(0.0, next(tie), None)]
        found: list[list[Arrow]] = []
        while heap and len(found) < most:
            loss, _, detours = heappop(heap)
            arrows, elements, fresh = self._follow(detours)
            found.append(arrows)
            further = (
                (loss + lost, next(tie), (element, k, detours))
                for element in elements[fresh:]
                for k, lost in self._detours(element)
            )
            for each in nsmallest(most - len(found), further):
                heappush(heap, each)
        return found

    def _follow(self, detours: Any) -> tuple[list[Arrow], list[int], int]:
        """Return a path's arrows, the elements they leave, and how many precede its last detour."""
        taken: dict[int, int] = {}
        last = -1 if detours is None else detours[0]
        while detours is not None:
            element, k, detours = detours
            taken[element] = k
        arrows, elements, element = [], [], 0
        while element != self.end:
            arrow = self.arrows[element][taken.get(element, self.choice[element])]
            arrows.append(arrow)
            elements.append(element)
            element = arrow[0]
        return arrows, elements, elements.index(last) + 1 if last >= 0 else 0

    def _detours(self, element: int) -> Iterator[tuple[int, float]]:
        for k, (target, derivative) in enumerate(self.arrows[element]):
            if k != self.choice[element] and self.best[target] > -math.inf:
                rank = _log(derivative) + self.best[target]
                yield k, max(self.best[element] - rank, 0.0)


def _log(derivative: float) -> float:
    """The logarithm of a size; what is not finite comes first."""
    return math.log(abs(derivative)) if math.isfinite(derivative) else 1e6
