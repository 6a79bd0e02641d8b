"""What a hidden layer of two units does: the input plane beside the hidden plane.

On the left the points x and the line on which each hidden unit is ½; on the right the same points
as (a1, a2) and the line of each output unit. What no line separates on the left, one line separates
on the right: logic joins groups that geometry keeps apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from .labels import clean, number, plain_width
from .model import Diagram, Edge, Place, Shape, Vertex

__all__ = ["planes_diagram"]

SIDE: Final = 230.0
APART: Final = 110.0
TICK: Final = 7.0
MOST_POINTS: Final = 200
MOST_LINES: Final = 6

Matrix = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class _Plane:
    """A square of the picture, and the numbers that its sides stand for."""

    left: float
    low: Matrix
    high: Matrix

    def at(self, point: Matrix) -> Place:
        share = (point - self.low) / (self.high - self.low)
        return self.left + SIDE * float(share[0]), SIDE * (1 - float(share[1]))

    def cut(self, bias: float, weights: Matrix) -> list[Matrix]:
        """Return the two places where the line bias + weights·p = 0 meets the square's sides."""
        found: list[Matrix] = []
        for axis in (0, 1):
            for edge in (self.low[axis], self.high[axis]):
                if weights[1 - axis]:
                    point = np.empty(2)
                    point[axis] = edge
                    point[1 - axis] = -(bias + weights[axis] * edge) / weights[1 - axis]
                    inside = self.low[1 - axis] <= point[1 - axis] <= self.high[1 - axis]
                    if inside and not any(np.allclose(point, other) for other in found):
                        found.append(point)
        return found[:2]


def planes_diagram(
    theta: Mapping[int, Matrix],
    X: Matrix,
    a: Matrix,
    labels: Sequence[bool],
    names: Mapping[int, Sequence[str]],
) -> Diagram:
    """Return the two planes of a 2-2-K network.

    Parameters
    ----------
    theta
        Θ^(1) and Θ^(2), the bias in column 0.
    X, a
        The points (m, 2), and what the hidden layer makes of them.
    labels
        Which of them belong together: those of 1, and those of 0.
    names
        Of the inputs (layer 1), the hidden units (2) and the output units (3).

    Raises
    ------
    ValueError
        For too many points or lines to be told apart.
    """
    apart = max(len(_groups(points, labels)) for points in (X, a))
    if apart > MOST_POINTS or len(theta[2]) > MOST_LINES:
        raise ValueError(
            f"{apart:,} points and {len(theta[2])} output units are too many to tell apart here "
            f"(at most {MOST_POINTS} and {MOST_LINES}); give fewer points"
        )
    planes = _plane(0.0, X), _plane(SIDE + APART, a)
    titles = "input plane", "hidden plane"
    units = [f"a{k}" for k in (1, 2)]
    axes = [names.get(1) or ["x1", "x2"], [*units]]
    lines = [names.get(2) or units, names.get(3) or [f"h{k + 1}" for k in range(len(theta[2]))]]
    vertices: list[Vertex] = []
    edges: list[Edge] = []
    scenery: list[Shape] = []
    for k, (plane, points) in enumerate(zip(planes, (X, a), strict=True)):
        scenery += _axes(plane, axes[k], titles[k])
        scenery += _lines(plane, theta[k + 1], lines[k], axes[k])
        groups = _groups(points, labels)
        told = [_told([X[i] for i in members]) for members in groups]
        for n, members in enumerate(groups):
            x, y = plane.at(points[members[0]])
            label = labels[members[0]]
            vertices.append(
                Vertex(f"p{k + 1}_{n + 1}", "point", str(int(label)), at=(x, y), level=float(label))
            )
            aside = plain_width(told[n], 8.1) / 2  # a little less than the bound of its width
            scenery.append(Shape("text", ((x - aside, y - 19),), told[n], size=9))
    return Diagram(
        tuple(vertices), tuple(edges), "a point is filled where the answer is 1; the ticks of a "
        "line point to where its unit is near 1", "right", scenery=tuple(scenery),
    )  # fmt: skip


def _plane(left: float, points: Matrix) -> _Plane:
    low, high = points.min(axis=0), points.max(axis=0)
    room = np.maximum(0.35 * (high - low), 0.2)
    return _Plane(left, low - room, high + room)


def _groups(points: Matrix, labels: Sequence[bool]) -> list[list[int]]:
    """Return the points that lie on one another (of one label), together."""
    found: dict[tuple[float, float, bool], list[int]] = {}
    for index, (point, label) in enumerate(zip(points, labels, strict=True)):
        key = (round(float(point[0]), 2), round(float(point[1]), 2), bool(label))
        found.setdefault(key, []).append(index)
    return list(found.values())


def _told(inputs: Sequence[Matrix]) -> str:
    texts = [f"({number(x)}, {number(y)})" for x, y in inputs[:3]]
    return " ".join(texts) + (f" and {len(inputs) - 3} more" if len(inputs) > 3 else "")


def _axes(plane: _Plane, names: Sequence[str], title: str) -> Iterator[Shape]:
    """Yield the frame of a plane, the numbers at its sides, and its title."""
    left, right = plane.left, plane.left + SIDE
    corners = [(left, 0.0), (right, 0.0), (right, SIDE), (left, SIDE)]
    for k in range(4):
        yield Shape("line", (corners[k], corners[(k + 1) % 4]), ink="scope")
    yield Shape("text", ((left, -14.0),), title, size=11)
    for value in (0.0, 1.0):
        x, y = plane.at(np.array([value, value]))
        if left < x < right:
            yield Shape("line", ((x, SIDE), (x, SIDE + 4)), ink="scope")
            yield Shape("text", ((x - 3, SIDE + 12),), f"{value:g}", size=9)
        if 0 < y < SIDE:
            yield Shape("line", ((left - 4, y), (left, y)), ink="scope")
            yield Shape("text", ((left - 14, y),), f"{value:g}", size=9)
    across, up = (clean(name, 16) for name in names)
    yield Shape(
        "text", (((left + right - plain_width(across, 10)) / 2, SIDE + 28),), across, size=10
    )
    yield Shape("text", ((left - 22 - plain_width(up, 10), SIDE / 2),), up, size=10)


def _lines(
    plane: _Plane, theta: Matrix, names: Sequence[str], axes: Sequence[str]
) -> Iterator[Shape]:
    """Yield the line of each unit, ticks on the side where it is near 1, and its equation."""
    for row, (bias, *weights) in enumerate(theta):
        rest = np.array(weights)
        ends = plane.cut(float(bias), rest)
        ink = ("positive", "negative", "gradient")[row % 3]
        told = f"{clean(names[row], 16)}: {_equation(float(bias), rest, axes)} = 0"
        yield Shape("text", ((plane.left, SIDE + 48 + 14 * row),), told, ink, 10)
        if len(ends) < 2:
            continue
        start, end = map(np.array, map(plane.at, ends))
        yield Shape("line", (_pair(start), _pair(end)), ink=ink, size=2.0, dashed=row % 2 == 1)
        # Where the weights point: y grows downward in the picture, and the axes may differ.
        uphill = np.array([rest[0], -rest[1]]) / (plane.high - plane.low)
        along = (end - start) / np.hypot(*(end - start))
        side = np.array([-along[1], along[0]])
        side = side if side @ uphill > 0 else -side
        for share in np.linspace(0.06, 0.94, 12):
            foot = start + share * (end - start)
            yield Shape("line", (_pair(foot), _pair(foot + TICK * side)), ink=ink)


def _pair(point: Matrix) -> Place:
    return float(point[0]), float(point[1])


def _equation(bias: float, weights: Matrix, axes: Sequence[str]) -> str:
    """Return -30 + 20 x1 + 20 x2."""
    parts = [number(bias)]
    for weight, axis in zip(weights, axes, strict=True):
        parts.append(f"{'-' if weight < 0 else '+'} {number(abs(weight))} {clean(axis, 8)}")
    return " ".join(parts)
