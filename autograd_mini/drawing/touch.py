"""Touch: the program of a page whose numbers can be moved, for graphs that are small enough.

The recorded computation and its recorded derivatives (replay.py) are written as JavaScript
(javascript.py), and page_files/touch*.js runs them: move a weight or an input, and all follows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from ..graph import Node, walk
from .jacobians import called
from .javascript import Writer, literal
from .labels import clean
from .model import Edge, Vertex
from .opened import Whole
from .replay import Replay, Unplayable, replay

__all__ = ["MOST_NODES", "MOST_NUMBERS", "recorded", "touchable"]

FOLDER: Final = Path(__file__).with_name("page_files")
SCRIPTS: Final = ("touch_ops.js", "touch_show.js", "touch_why.js", "touch.js")
MOST_NODES: Final = 500
MOST_NUMBERS: Final = 5_000
LONGEST: Final = 400_000
"""Of a program, in characters."""
DATA: Final = ("x", "y", "a1", "input", "inputs", "target", "targets", "label", "labels")
"""Names, in small letters, of what a training step leaves alone."""
OF_NETWORK: Final = re.compile(r"(theta|bias|z|a)\d+")
ROOM: Final = 6
"""What a number takes at least, in characters: after a touch it may be longer than it was."""
ROOM_OF_RANGE: Final = 30


def touchable(whole: Whole) -> tuple[Whole, str]:
    """Return what a page shows, with room for other numbers, and the program that finds them."""
    if not whole.outputs:
        return whole, ""
    try:
        found, run = recorded(whole)
        vertices = tuple(map(_roomy, whole.opened.vertices))
        whole = replace(whole, opened=replace(whole.opened, vertices=vertices))
    except Unplayable as reason:
        found, run = {"why": clean(str(reason), 200)}, "() => []"
    scripts = [(FOLDER / name).read_text("utf-8") for name in SCRIPTS]
    told = f"const recorded = {_embedded(found)};\nrecorded.run = {run};"
    return whole, "\n".join([scripts[0], told, *scripts[1:]])


def _roomy(vertex: Vertex) -> Vertex:
    """Lengthen the rows of numbers by spaces, as page_files/touch_show.js does."""
    return replace(vertex, value=_padded(vertex.value), gradient=_padded(vertex.gradient))


def _padded(rows: tuple[str, ...]) -> tuple[str, ...]:
    if len(rows) == 1 and "," in rows[0]:
        return (rows[0].ljust(ROOM_OF_RANGE),)
    return tuple(row.ljust((ROOM + 2) * len(row.split()) - 2) for row in rows)


def recorded(whole: Whole) -> tuple[dict[str, Any], str]:
    """Return what the page is to know of the program, and the program.

    Raises
    ------
    Unplayable
        For a graph that is too large, or that can not be written in JavaScript.
    """
    _check_size(walk(*whole.outputs))
    with_gradients = any(vertex.gradient for vertex in whole.diagram.vertices)
    sloped = [whole.nodes[vertex.key] for vertex in whole.opened.vertices if vertex.jacobian]
    played = replay(whole.outputs, with_gradients, sloped)
    program = _Program(played)
    keys = {node: key for key, node in whole.nodes.items()}
    found: dict[str, Any] = {
        "leaves": [_leaf(node, keys[node]) for node in played.leaves],
        "values": program.slots(played.values, whole.nodes),
        "gradients": program.slots(played.gradients, whole.nodes),
        "leafGradients": [program.slot(played.gradients.get(node)) for node in played.leaves],
        "flows": list(program.flows(whole)),
        "slopes": {keys[node]: program.slopes(node) for node in sloped},
        "layers": _layers(whole),
        "output": program.slot(played.values[whole.outputs[0]]) if with_gradients else -1,
    }
    _mark_trained(found["leaves"])
    run = program.source()
    if len(run) > LONGEST:
        raise Unplayable(f"its program has {len(run):,} characters; up to {LONGEST:,} are written")
    return found, run


def _check_size(order: Sequence[Node]) -> None:
    numbers = sum(np.size(node.value) for node in order if not isinstance(node.value, tuple))
    sizes = {"nodes": (len(order), MOST_NODES), "numbers": (numbers, MOST_NUMBERS)}
    for what, (count, most) in sizes.items():
        if count > most:
            raise Unplayable(f"the graph has {count:,} {what}; up to {most:,} follow a touch")


class _Program:
    """The program, and the place of each result in what it returns."""

    def __init__(self, played: Replay) -> None:
        self.played = played
        self.writer = Writer()
        self.writer.name |= {leaf: f"leaf[{k}]" for k, leaf in enumerate(played.leaves.values())}
        slopes = [slope for told in played.slopes.values() for _, slope in told.values()]
        every = (*played.values.values(), *played.gradients.values(), *played.given.values())
        self.writer.write(walk(*every, *slopes))
        self.results: dict[str, int] = {}

    def slot(self, node: Node | None) -> int:
        """Return the place of a node's value; -1 for none, and for several values or a number."""
        name = self.writer.name[node] if node is not None else ""
        return self._place(name) if isinstance(name, str) and name[:1] in ("v", "l") else -1

    def _place(self, name: str) -> int:
        return self.results.setdefault(name, len(self.results))

    def slots(self, nodes: dict[Node, Node], shown: Mapping[str, Node]) -> dict[str, int]:
        """Return the places of what is shown, by the key of its vertex."""
        found = {key: self.slot(nodes.get(node)) for key, node in shown.items()}
        return {key: slot for key, slot in found.items() if slot >= 0}

    def flows(self, whole: Whole) -> Iterator[dict[str, Any]]:
        """Yield the arrows that show a cotangent, and the place of their numbers."""
        for edge in whole.opened.edges:
            slot = self.slot(self._given(edge, whole)) if edge.cotangent else -1
            if slot >= 0:
                yield {"from": edge.source, "to": edge.target, "label": edge.label, "slot": slot}

    def slopes(self, node: Node) -> list[dict[str, Any]]:
        """Return the names of a node's local derivatives, and the places of their numbers."""
        told = self.played.slopes[node].items()
        return [
            {"argument": k + 1, "name": called(node, k), "what": what, "slot": self.slot(slope)}
            for k, (what, slope) in told
        ]

    def _given(self, edge: Edge, whole: Whole) -> Node | None:
        node = whole.nodes[edge.target.removesuffix("_op")]
        return self.played.given.get((node, int(edge.label or 1) - 1))

    def source(self) -> str:
        """Return the program: a function of the leaves that lists the results."""
        body = "\n".join(f"  {line}" for line in self.writer.lines)
        return f"(leaf) => {{\n{body}\n  return [{', '.join(self.results)}].map(np.as);\n}}"


def _leaf(node: Node, key: str) -> dict[str, Any]:
    value = np.asarray(node.value, np.float64)
    entries = value.ravel().tolist()
    return {
        "name": clean(node.name or "", 60),
        "key": key,
        "shape": list(value.shape),
        "data": [entry if np.isfinite(entry) else literal(entry) for entry in entries],
        "trained": node.tracked,
    }


def _layers(whole: Whole) -> dict[str, str]:
    """Return where a network's tensors are, by the names that they have in a cost: z2, a2, ..."""
    output = whole.outputs[0]
    if output.name != "J" or output.scope[-1:] != ("cost",):
        return {}
    names = {key: node.name or "" for key, node in whole.nodes.items()}
    return {name: key for key, name in names.items() if OF_NETWORK.fullmatch(name)}


def _mark_trained(leaves: list[dict[str, Any]]) -> None:
    """Leave data alone, if there is anything else to train."""
    data = [leaf for leaf in leaves if leaf["name"].casefold() in DATA]
    if any(leaf["trained"] for leaf in leaves if leaf not in data):
        for leaf in data:
            leaf["trained"] = False


def _embedded(data: Any) -> str:
    """Return JSON without a character that HTML reads: it stands in a script."""
    text = json.dumps(data, allow_nan=False, separators=(",", ":"))
    return re.sub(r"[<>&']", lambda match: f"\\u{ord(match[0]):04x}", text)
