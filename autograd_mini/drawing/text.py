"""A `Diagram` as text for a terminal: a line a value, scopes named, in the order of computing."""

from __future__ import annotations

from .labels import chosen, clean
from .model import Diagram, Edge, Scope, Vertex

__all__ = ["to_text"]


def to_text(diagram: Diagram) -> str:
    """Return a listing in which every value comes after those it is computed from.

    >>> x, f = Vertex("a", "parameter", "x", value=("3",)), Vertex("b", "operation", "square")
    >>> y = Vertex("c", "output", "y", value=("9",))
    >>> print(to_text(Diagram((x, f, y), (Edge("a", "b"), Edge("b", "c")))), end="")
    x = parameter   3
    y = square(x)   9
    """
    diagram = chosen(diagram)
    rules: dict[str, tuple[str, ...]] = {}
    arriving: dict[str, list[Edge]] = {}
    for edge in diagram.edges:
        arriving.setdefault(edge.target, []).append(edge)
    called: dict[str, str] = {}
    taken: set[str] = set()
    written: list[str] = []
    scope: Scope = ()
    for vertex in diagram.vertices:
        made = [_argument(edge, called) for edge in arriving.get(vertex.key, ())]
        if vertex.kind == "operation":
            given = [*made, *map(clean, vertex.notes)]
            called[vertex.key] = f"{clean(vertex.name)}({', '.join(given)})"
            rules[called[vertex.key]] = vertex.rule
            continue
        if vertex.scope != scope:
            scope = vertex.scope
            written.append(f"[{' / '.join(map(clean, scope))}]\n" if scope else "[]\n")
        name = clean(vertex.name) or vertex.key
        name = f"{name}#{vertex.key}" if name in taken else name
        taken.add(name)
        called[vertex.key] = name
        if vertex.kind not in ("value", "output"):
            made = [f"{vertex.kind}({', '.join(made)})" if made else vertex.kind]
        told = _contents(vertex, tuple(line for call in made for line in rules.get(call, ())))
        written.append(f"{'  ' * len(scope)}{name} = {', '.join(made)}{told}\n")
    caption = [f"\n{clean(diagram.caption, 200)}\n"] if diagram.caption else []
    return "".join(written + caption)


def _argument(edge: Edge, called: dict[str, str]) -> str:
    weight = f"{clean(edge.label)}·" if edge.strength is not None else ""
    return weight + called[edge.source]


def _contents(vertex: Vertex, rule: tuple[str, ...]) -> str:
    about = " ".join(filter(None, [vertex.shape, vertex.dtype]))
    told = [*([about] if about else []), *vertex.notes]
    told += [_joined(vertex.value)] if vertex.value else []
    if vertex.gradient:
        told.append(f"grad {_joined(vertex.gradient)}")
    if rule:
        told.append(f"rule {_joined(rule)}")
    return "".join(f"   {clean(text, 100)}" for text in told)


def _joined(rows: tuple[str, ...]) -> str:
    return rows[0] if len(rows) == 1 else f"[{'; '.join(row.strip() for row in rows)}]"
