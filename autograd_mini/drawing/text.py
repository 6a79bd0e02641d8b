"""A `Diagram` as text for a terminal: a line a value, scopes named, in the order of computing."""

from __future__ import annotations

from collections.abc import Iterator

from .labels import chosen, clean
from .model import Diagram, Edge, Scope, Vertex
from .steps import backward

__all__ = ["to_text"]


def to_text(diagram: Diagram) -> str:
    """Return a listing in which every value comes after those it is computed from.

    >>> x, f = Vertex("a", "parameter", "x", value=("3",)), Vertex("b", "operation", "square")
    >>> y = Vertex("c", "output", "y", value=("9",))
    >>> print(to_text(Diagram((x, f, y), (Edge("a", "b"), Edge("b", "c")))), end="")
    x = parameter   3
    y = square(x)   9
    """
    whole, diagram = diagram, chosen(diagram)
    rules: dict[str, tuple[str, ...]] = {}
    arriving: dict[str, list[Edge]] = {}
    for edge in (edge for edge in diagram.edges if edge.way == "forward"):
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
        if vertex.kind not in ("value", "output") or not made:
            made = [f"{vertex.kind}({', '.join(made)})" if made else vertex.kind]
        told = _contents(vertex, tuple(line for call in made for line in rules.get(call, ())))
        line = f"{'  ' * len(scope)}{name} = {', '.join(made)}{told}\n"
        written += [line] * (diagram.arrows != "backward")
    written = written if diagram.arrows != "backward" else []
    if diagram.arrows != "forward":
        written += _backward(whole, called)
    caption = [f"\n{clean(diagram.caption, 200)}\n"] if diagram.caption else []
    return "".join(written + caption)


def _backward(diagram: Diagram, called: dict[str, str]) -> Iterator[str]:
    """Yield a line for each step of the backward pass: what arrives, and who is given what."""
    yield "\nbackward\n" if diagram.arrows == "both" else "backward\n"
    for step in backward(diagram):
        name, made = called[step.result], called[step.active]
        has = "starts with" if step.active == step.result and not step.arriving else "has"
        made = "" if made == name else f" through {made}"
        given = [f"{called[flow.vertex]} {_numbers(flow.numbers)}" for flow in step.leaving]
        told = f" gives {', '.join(given)}" if given else ""
        yield f"  {name} {has} {_numbers(step.cotangent)}{made}{told}\n"


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
    told += [_joined(vertex.jacobian)] if vertex.jacobian else []
    told += [f"at {vertex.place}"] if vertex.place else []
    return "".join(f"   {clean(text, 100)}" for text in told)


def _numbers(rows: tuple[str, ...]) -> str:
    return clean(_joined(rows), 100)


def _joined(rows: tuple[str, ...]) -> str:
    return rows[0] if len(rows) == 1 else f"[{'; '.join(row.strip() for row in rows)}]"
