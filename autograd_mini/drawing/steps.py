"""The forward and the backward pass of a `Diagram`, one operation at a time."""

from __future__ import annotations

from dataclasses import dataclass

from .model import Diagram, Edge, Vertex

__all__ = ["Flow", "Step", "backward", "called", "forward"]


@dataclass(frozen=True, slots=True)
class Flow:
    """Numbers on an arrow: which one of the diagram's edges, and to which vertex they go."""

    edge: int
    vertex: str
    numbers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One operation: what comes in, what is done, what goes out."""

    active: str
    """The key of the operation, of the fold, or of the output that the pass starts from."""
    result: str
    """The key of the operation's value, which may be itself."""
    arriving: tuple[Flow, ...] = ()
    cotangent: tuple[str, ...] = ()
    """Backward: ∂J/∂(the result)."""
    leaving: tuple[Flow, ...] = ()


class _Reading:
    """Who is joined to whom."""

    def __init__(self, diagram: Diagram) -> None:
        self.vertex = {vertex.key: vertex for vertex in diagram.vertices}
        self.into: dict[str, list[tuple[int, Edge]]] = {}
        self.out_of: dict[str, list[tuple[int, Edge]]] = {}
        for index, edge in enumerate(diagram.edges):
            self.into.setdefault(edge.target, []).append((index, edge))
            self.out_of.setdefault(edge.source, []).append((index, edge))

    def result(self, vertex: Vertex) -> tuple[int, Vertex] | None:
        """Return an operation's value and the arrow to it; a fold is its own."""
        if vertex.kind == "fold" and vertex.key in self.into:
            return -1, vertex
        if vertex.kind != "operation" or vertex.key not in self.out_of:
            return None
        index, edge = self.out_of[vertex.key][0]
        return index, self.vertex[edge.target]


def forward(diagram: Diagram) -> list[Step]:
    """Return the steps in which the values were computed.

    >>> x, f = Vertex("x", "parameter", value=("3",)), Vertex("f", "operation", "square")
    >>> y, edges = Vertex("y", "output", value=("9",)), (Edge("x", "f"), Edge("f", "y"))
    >>> [step] = forward(Diagram((x, f, y), edges))
    >>> step.active, [flow.numbers for flow in step.arriving + step.leaving]
    ('f', [('3',), ('9',)])
    """
    read, steps = _Reading(diagram), []
    for vertex in diagram.vertices:
        if (found := read.result(vertex)) is None:
            continue
        index, result = found
        given = read.into.get(vertex.key, ())
        arriving = tuple(Flow(k, e.source, read.vertex[e.source].value) for k, e in given)
        leaving = (Flow(index, result.key, result.value),)
        steps.append(Step(vertex.key, result.key, arriving, (), leaving))
    return steps


def backward(diagram: Diagram) -> list[Step]:
    """Return the steps of the backward pass, from the output on; none without gradients.

    >>> x, f = Vertex("x", "parameter", gradient=("6",)), Vertex("f", "operation", "square")
    >>> y = Vertex("y", "output", gradient=("1",))
    >>> edges = (Edge("x", "f", cotangent=("6",)), Edge("f", "y"))
    >>> start, step = backward(Diagram((x, f, y), edges))
    >>> start.active, step.active, step.cotangent, step.leaving[0].numbers
    ('y', 'f', ('1',), ('6',))
    """
    read, steps = _Reading(diagram), []
    for vertex in reversed(diagram.vertices):
        if vertex.kind == "output" and vertex.gradient and vertex.key not in read.out_of:
            steps.append(Step(vertex.key, vertex.key, (), vertex.gradient))
        if (found := read.result(vertex)) is None or not found[1].gradient:
            continue
        index, result = found
        leaving = tuple(
            Flow(k, edge.source, edge.cotangent)
            for k, edge in read.into.get(vertex.key, ())
            if edge.cotangent
        )
        arriving = (Flow(index, vertex.key, result.gradient),)
        steps.append(Step(vertex.key, result.key, arriving, result.gradient, leaving))
    return steps


def called(diagram: Diagram) -> dict[str, str]:
    """Return what to call each vertex: a value without a name is called by what made it."""
    names = {v.key: v.name for v in diagram.vertices}
    made_by = {e.target: names[e.source] for e in diagram.edges if e.target in names}
    operations = {v.key for v in diagram.vertices if v.kind == "operation"}
    results = {e.target for e in diagram.edges if e.source in operations}
    return {
        key: name or (f"{key} ({made_by[key]})" if key in results else key)
        for key, name in names.items()
    }
