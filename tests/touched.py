"""Programs of pages, run in a real browser beside NumPy."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import autograd_mini as ag
from autograd_mini.drawing import page
from autograd_mini.drawing.cotangents import parts
from autograd_mini.drawing.jacobians import jacobians
from autograd_mini.drawing.opened import whole_graph
from autograd_mini.drawing.touch import recorded
from autograd_mini.graph import Node
from autograd_mini.tensor import tensor_of

OPERATIONS = (Path(page.__file__).parent / "page_files" / "touch_ops.js").read_text("utf-8")


@dataclass
class Program:
    """What a page would run for J, and the recorded nodes that it shows, by their keys."""

    told: dict[str, Any]
    source: str
    nodes: dict[str, Node]

    @property
    def leaves(self) -> list[Node]:
        return [self.nodes[leaf["key"]] for leaf in self.told["leaves"]]


def program(J: Any) -> Program:
    """Write the program of all that J was computed from."""
    made = whole_graph([J.node], None, None)
    told, source = recorded(made)
    return Program(told, source, dict(made.nodes))


def keyed(J: Any) -> dict[str, Node]:
    """Return every recorded node by its key in the page."""
    return dict(whole_graph([J.node], None, None).nodes)


def javascript(driver: Any, expressions: Sequence[str]) -> list[Any]:
    """Run expressions in the browser: arrays and lists of arrays come back as NumPy's."""
    plain = (
        "const plain = (x) => Array.isArray(x) ? x.map(plain)"
        " : ({shape: np.as(x).shape, data: Array.from(np.as(x).data, String)});"
    )
    code = f"'use strict';{OPERATIONS}{plain}return plain([{','.join(expressions)}]);"
    found: list[Any] = _arrays(driver.execute_script(code))
    return found


def _arrays(found: Any) -> Any:
    if isinstance(found, list):
        return [_arrays(one) for one in found]
    numbers = [float(text.replace("Infinity", "inf")) for text in found["data"]]
    return np.array(numbers, np.float64).reshape(found["shape"])


def called(made: Program, values: Sequence[Any]) -> str:
    """Return the expression that runs a program on leaves of these values."""
    return f"({made.source})([{','.join(map(written, values))}])"


def written(value: Any) -> str:
    """Return an array as JavaScript."""
    array = np.asarray(value, np.float64)
    text = json.dumps([repr(x) for x in array.ravel().tolist()])
    text = text.replace('"inf"', '"Infinity"').replace('"-inf"', '"-Infinity"')
    return f"np.array({json.dumps(array.shape)}, {text}.map(Number))"


def close(found: Any, expected: Any, scale: float = 0.0) -> bool:
    """Tell whether numbers are equal to 1e-12 of their array's largest, or of a larger scale."""
    expected = np.asarray(expected, np.float64)
    if found.shape != expected.shape:
        return False
    finite = np.isfinite(expected)
    if not np.array_equal(found[~finite], expected[~finite], equal_nan=True):
        return False
    most = max([scale, *np.abs(expected[finite]).tolist()])
    return bool(np.all(np.abs(found[finite] - expected[finite]) <= 1e-12 * most))


def gradients(J: Any, nodes: dict[str, Node]) -> dict[str, Any]:
    """Return ∂J/∂(each tracked node)."""
    wanted = {k: n for k, n in nodes.items() if n.tracked and not isinstance(n.value, tuple)}
    with np.errstate(all="ignore"):
        found = ag.backprop(J, [tensor_of(node) for node in wanted.values()])
    return dict(zip(wanted, found, strict=True))


def compare(made: Program, results: Sequence[Any], J: Any) -> None:
    """Check every value and gradient of a program's run against those recorded for J."""
    nodes = keyed(J)
    assert nodes.keys() == made.nodes.keys()
    expected = {"values": {key: node.value for key, node in nodes.items()}}
    expected["gradients"] = gradients(J, nodes)
    for field, numbers in expected.items():
        for key, slot in made.told[field].items():
            what = f"{field} of {key}, {nodes[key]!r}: {results[slot]}, {numbers[key]}"
            assert close(results[slot], numbers[key]), what
    for flow in made.told["flows"]:
        key = flow["to"].removesuffix("_op")
        if key in expected["gradients"]:  # what an operation gives one argument
            part = parts(nodes[key], expected["gradients"][key])[int(flow["label"] or 1) - 1]
            assert close(results[flow["slot"]], part), f"what {nodes[key]!r} gives"
    for key, told in made.told["slopes"].items():
        found = jacobians(nodes[key])
        assert len(found) == len(told) > 0
        for slope, (what, value) in zip(told, found.values(), strict=True):
            assert slope["what"] == what
            assert close(results[slope["slot"]], value, scale=1e-12), f"slope of {nodes[key]!r}"
    tracked = expected["gradients"].keys()
    assert tracked <= made.told["values"].keys()
    reached = {key for key in tracked if np.any(expected["gradients"][key])}
    assert reached <= made.told["gradients"].keys()
