"""The paths from one element of a recorded tensor to J, largest first."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from .graph import Node
from .paths_elements import Arrow, Elements
from .paths_lit import Drawable, Lit, flows_between
from .paths_report import Block, indexed, number, whole
from .reverse import pick, propagate, seed

__all__ = ["Path", "Paths", "Step", "trace"]

ENDS = 6
"""Steps that a long path shows at either end."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a path: the number it arrives at, and how much the one before moves it."""

    name: str
    """`z2[0, 1]`, with the operation in place of the name where there is none."""
    operation: str
    index: tuple[int, ...]
    value: float | None
    """None where a set-item has taken the array over since."""
    derivative: float
    """∂(this)/∂(the one before), through one argument of the operation."""
    node: Node = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Path:
    """One way from an element to J; its product is its part of the gradient."""

    steps: tuple[Step, ...]
    product: float


@dataclass(frozen=True, repr=False, eq=False, slots=True)
class Paths(Drawable):
    """Why ∂J/∂(one element) is this number: the sum of its paths' products."""

    output: str
    """The name of J."""
    name: str
    """The element, `w[0, 1]`."""
    index: tuple[int, ...]
    value: float | None
    gradient: float
    """∂J/∂(the element), from the backward pass."""
    count: int
    """The number of paths, exact, however many."""
    paths: tuple[Path, ...]
    """The largest by the size of their products, largest first."""
    stops: tuple[Step, ...]
    """The first few steps whose local derivative is exactly 0: no path goes on there."""
    stopped: int
    """How many there are of them."""
    lit: Lit = field(repr=False)
    """What `draw` lights."""

    @property
    def complete(self) -> bool:
        """Whether every path is listed."""
        return len(self.paths) == self.count

    @property
    def listed(self) -> float:
        """The sum of the listed paths; when they are complete, the gradient."""
        return math.fsum(path.product for path in self.paths)

    def blocks(self) -> Iterator[Block]:
        """Yield the gradient, then path after path, then where others end."""
        head = f"∂{self.output}/∂{self.name} = {number(self.gradient)}"
        if self.value is not None:
            head += f"   at {self.name} = {number(self.value)}"
        yield head
        if not self.count:
            way = "every way is cut where a local derivative is 0" if self.stopped else "none leads"
            yield f"no path from {self.name} to {self.output}: {way}"
        elif self.complete:
            noun = "the only path" if self.count == 1 else f"the sum of {self.count:,} paths"
            yield f"{noun}; on each arrow its local derivative, in front their product"
        else:
            yield (
                f"the sum of {whole(self.count)} paths; the {len(self.paths)} largest make "
                f"{number(self.listed)}; on each arrow its local derivative"
            )
        for path in self.paths:
            yield f"  {_signed(path.product)}   {self.name} {_chain(path)}"
        if self.stopped:
            shown = ", ".join(f"{s.name} ({s.operation})" for s in self.stops)
            more = f" and {self.stopped - len(self.stops):,} more" * (
                self.stopped > len(self.stops)
            )
            yield f"local derivatives that are 0, where no path goes on: {shown}{more}"


def _signed(value: float) -> str:
    text = number(value)
    return text if text.startswith("-") else f"+{text}"


def _chain(path: Path) -> str:
    parts = [f"—({number(step.derivative)})→ {step.name}" for step in path.steps]
    if len(parts) > 2 * ENDS + 1:
        parts[ENDS:-ENDS] = [f"… {len(parts) - 2 * ENDS:,} steps …"]
    return " ".join(parts) or "is J itself"


def trace(J: Node, start: Node, place: int, most: int) -> Paths:
    """Return the `most` largest paths from an element of `start` to J.

    Parameters
    ----------
    J, start
        Recorded nodes, J of one number.
    place
        Which element of `start`, counted flat.
    most
        How many paths to list at most; they are counted in any case.

    Raises
    ------
    ValueError
        When single numbers in between are too many to follow.
    """
    elements = Elements(J, start, place)
    index = _index(start, place)
    first = [_step(*elements.stops[k][1:], 0.0) for k in range(min(5, len(elements.stops)))]
    steps: dict[tuple[int, float], Step] = {}
    found = [_path(elements, arrows, steps) for arrows in elements.largest(most)]
    found.sort(key=lambda path: -abs(path.product))  # logarithms may round neighbours together
    return Paths(
        J.name or "J", indexed(_name(start), index), index, _value(start, place),
        _gradient(J, start, place), elements.count(), tuple(found), tuple(first),
        len(elements.stops), Lit(J, lambda: flows_between(J, start, [place])),
    )  # fmt: skip


def _path(elements: Elements, arrows: list[Arrow], steps: dict[Arrow, Step]) -> Path:
    """Return a path; those of one graph have most of their steps in common, and share them."""
    for arrow in arrows:
        if arrow not in steps:
            to, derivative = arrow
            steps[arrow] = _step(elements.nodes[to], elements.places[to], derivative)
    return Path(tuple([steps[arrow] for arrow in arrows]), math.prod([d for _, d in arrows]))


def _step(node: Node, place: int, derivative: float) -> Step:
    index = _index(node, place)
    made = node.inputs[0] if node.op is pick else node
    operation = made.op.name if made.op else ""
    name = indexed(_name(node), index)
    return Step(name, operation, index, _value(node, place), derivative, node)


def _name(node: Node) -> str:
    if node.name:
        return node.name
    made = node.inputs[0] if node.op is pick else node
    return made.op.name if made.op else "leaf"


def _index(node: Node, place: int) -> tuple[int, ...]:
    shape = node.value.shape
    return tuple(int(i) for i in np.unravel_index(place, shape)) if shape else ()


def _value(node: Node, place: int) -> float | None:
    if isinstance(node.value, np.ndarray):
        return float(node.value.flat[place])
    return float(node.value) if isinstance(node.value, np.generic) else None


def _gradient(J: Node, start: Node, place: int) -> float:
    found = propagate([J], [seed(J, None)], [start]).get(start)
    return 0.0 if found is None else float(np.ravel(found)[place])
