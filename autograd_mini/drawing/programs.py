"""A compiled program before and after it was simplified, side by side."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..compiler import Jitted
from ..graph import walk
from .model import Diagram, Edge, Vertex
from .recorded import recorded_diagram

__all__ = ["program_diagram"]

SHOWN = 4
"""Identities that the caption names."""


def program_diagram(jitted: Jitted, budget: int | None, depth: int | None) -> Diagram:
    """Return the picture of the program of the last call, as it was recorded and as it runs.

    Values are not known before a program runs, so shapes and dtypes are shown; of constants the
    values too.
    """
    program = jitted.program
    counts = [sum(node.op is not None for node in walk(*side)) for side in _sides(program)]
    vertices: list[Vertex] = []
    edges: list[Edge] = []
    titles = (f"as recorded: {counts[0]} operations", f"as it runs: {counts[1]} operations")
    for prefix, title, outputs in zip(("r", "s"), titles, _sides(program), strict=True):
        part = recorded_diagram(outputs, budget, False, ("name", "shape", "dtype", "value"), depth)
        vertices += [
            replace(vertex, key=f"{prefix}_{vertex.key}", scope=(title, *vertex.scope))
            for vertex in part.vertices
        ]
        edges += [
            replace(edge, source=f"{prefix}_{edge.source}", target=f"{prefix}_{edge.target}")
            for edge in part.edges
        ]
    names = [*dict.fromkeys(step.identity.name for step in program.log)]
    told = "; ".join(names[:SHOWN]) + "; ..." * (len(names) > SHOWN)
    used = f"{len(program.log)} uses of {len(names)} identities" + f": {told}" * bool(names)
    return Diagram(tuple(vertices), tuple(edges), used)


def _sides(program: Any) -> tuple[Any, Any]:
    return program.before, program.after
