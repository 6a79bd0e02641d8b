"""The backward pass as numbered pictures, one an operation, for slides."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from .labels import clean, plain_width
from .model import Diagram, Mark, Vertex
from .render import render
from .steps import Step, backward, called

__all__ = ["frames", "save_frames"]

MOST_STEPS: Final = 300


def frames(diagram: Diagram) -> Iterator[Diagram]:
    """Yield a diagram for each step of the backward pass.

    What has its gradient is drawn, what waits for it is pale, the operation that runs is lit, and
    the caption has its numbers. All of them are laid out alike.

    Raises
    ------
    ValueError
        When there are no gradients, or too many steps.
    """
    steps = backward(diagram)
    if not steps:
        raise ValueError(
            "there is no backward pass to draw; give a real scalar that was computed from a "
            "Tensor with requires_grad=True, and leave gradients on"
        )
    if len(steps) > MOST_STEPS:
        raise ValueError(
            f"{len(steps):,} steps are too many to draw (at most {MOST_STEPS}); give a budget, "
            "such as budget=60, or save as .html"
        )
    names = called(diagram)
    captions = [
        f"{number} of {len(steps)}: {_told(step, diagram, names)}"
        for number, step in enumerate(steps, 1)
    ]
    room = max(plain_width(clean(caption, 200), 10) for caption in captions)
    reached: set[str] = set()
    for step, caption in zip(steps, captions, strict=True):
        reached |= {step.active, step.result, *(flow.vertex for flow in step.leaving)}
        vertices = tuple(_marked(v, _mark(v.key, step, reached)) for v in diagram.vertices)
        lit = {flow.edge for flow in (*step.arriving, *step.leaving)}
        edges = tuple(
            replace(
                edge, mark="active" if k in lit else _between(edge.source, edge.target, reached)
            )
            for k, edge in enumerate(diagram.edges)
        )
        yield replace(diagram, vertices=vertices, edges=edges, caption=caption, room=room)


def save_frames(diagram: Diagram, folder: Path) -> Path:
    """Write step-01.svg, step-01.png, ... into a folder, which is made when it is missing.

    Where no engine draws PNG, a warning says so and the SVG are written.
    """
    drawn = list(frames(diagram))
    digits = max(2, len(str(len(drawn))))
    folder.mkdir(parents=True, exist_ok=True)
    with_png = True
    for number, frame in enumerate(drawn, 1):
        name = f"step-{number:0{digits}}"
        (folder / f"{name}.svg").write_bytes(render(frame, "svg"))
        if with_png:
            try:
                (folder / f"{name}.png").write_bytes(render(frame, "png"))
            except RuntimeError as error:
                with_png = False
                warnings.warn(f"the steps are saved as SVG only: {error}", RuntimeWarning, 3)
    return folder


def _mark(key: str, step: Step, reached: set[str]) -> Mark:
    return "active" if key == step.active else "reached" if key in reached else "waiting"


def _between(source: str, target: str, reached: set[str]) -> Mark:
    return "reached" if source in reached and target in reached else "waiting"


def _marked(vertex: Vertex, mark: Mark) -> Vertex:
    """Mark a vertex; a gradient that is not there yet keeps its room."""
    if mark != "waiting":
        return replace(vertex, mark=mark)
    unknown = tuple("?".ljust(len(row)) for row in vertex.gradient)
    return replace(vertex, mark=mark, gradient=unknown)


def _told(step: Step, diagram: Diagram, names: dict[str, str]) -> str:
    arrives = f"arrives {_short(step.cotangent)}"
    if not step.leaving and step.active == step.result:
        return f"start at {clean(names[step.active], 20)}, {arrives}"
    rule = next(vertex.rule for vertex in diagram.vertices if vertex.key == step.active)
    given = [f"{clean(names[flow.vertex], 16)} {_short(flow.numbers)}" for flow in step.leaving]
    told = [clean(names[step.active], 20), arrives]
    told += [f"rule {clean('; '.join(rule), 60)}"] if rule else []
    return " | ".join(told + ([f"leaves to {', '.join(given)}"] if given else []))


def _short(rows: tuple[str, ...]) -> str:
    """Return numbers in a line, each row's columns apart by a space."""
    return clean("; ".join(" ".join(row.split()) for row in rows), 36)
