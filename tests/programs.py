"""What tests ask of a program's graph: what is computed, and how large its terms are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd_mini.compiler.fold import walk_above
from autograd_mini.elements import broadcasts
from autograd_mini.graph import Node

LINEAR = ("transpose", "reshape", "spread", "broadcast_to", "sum", "dot", "matmul",
          "vdot", "multiply", "square", "product", "positive", "identity")  # fmt: skip


def evaluated(outputs: Sequence[Node], inputs: Sequence[Node], values: Sequence[Any]
              ) -> list[tuple[Any, Any]]:  # fmt: skip
    """Return each output's value, and S: the same program on absolute values.

    Sums of absolute values for sums and differences; where an operation is no arithmetic, |y| and
    what the sizes of its arguments become by its slopes, Σ |∂y/∂x| S, found by differences.
    """
    of: dict[Node, tuple[Any, Any]] = {
        node: (value, np.abs(value)) for node, value in zip(inputs, values, strict=True)
    }
    for node in walk_above(outputs, of):
        if node in of:
            continue
        if node.op is None:
            of[node] = (node.value, np.abs(node.value))
            continue
        given = [of[i] for i in node.inputs]
        with np.errstate(all="ignore"):
            value = node.op.compute(*[v for v, _ in given], **node.metadata)
            of[node] = value, _size(node, value, given)
    return [of[node] for node in outputs]


def _size(node: Node, value: Any, given: list[tuple[Any, Any]]) -> Any:
    assert node.op is not None
    name = node.op.name
    if name == "pick":
        return given[0][1][node.metadata["index"]]
    sizes = [size for _, size in given]
    if name in ("add", "subtract"):
        return sizes[0] + sizes[1]
    if name == "negative":
        return sizes[0]
    if name in ("divide", "quotient"):
        a, x = (np.abs(v) for v, _ in given)
        found = (sizes[0] + a * (sizes[1] / x)) / x
        return np.where((sizes[0] == 0) | ((a == 0) & (name == "quotient")), 0.0, found)
    if name in LINEAR:
        return node.op.compute(*sizes, **node.metadata)
    values = value if isinstance(value, tuple | list) else (value,)
    moved = _moved(node, value, given)
    found = [np.abs(y) + by for y, by in zip(values, moved, strict=True)]
    return found if isinstance(value, tuple | list) else found[0]


STEP = 2.0**-20


def _moved(node: Node, value: Any, given: list[tuple[Any, Any]]) -> list[Any]:
    """Return how far arguments that are moved by h·S move an operation's results, over h.

    Each element, where the operation keeps to elements; else the largest, for all of them.
    """
    assert node.op is not None
    values = value if isinstance(value, tuple | list) else (value,)
    far = [np.zeros(np.shape(y)) for y in values]
    rng = np.random.default_rng(0)
    for k, (x, size) in enumerate(given):
        if getattr(x, "dtype", None) is None or x.dtype.kind not in "fc":
            continue
        for _ in range(4):
            sign = rng.choice([-1.0, 1.0], np.shape(x))
            other = [np.asarray(v)[()] for v, _ in given]
            wide = np.result_type(x, np.float64)
            other[k] = (x.astype(wide) + STEP * sign * size)[()]
            found = node.op.compute(*other, **node.metadata)
            found = found if isinstance(value, tuple | list) else (found,)
            for i, (y, moved) in enumerate(zip(values, found, strict=True)):
                apart = np.abs(np.asarray(moved) * 1.0 - y) / STEP
                apart = np.where(np.isnan(apart), 0.0, apart)
                if not broadcasts(node.op):
                    apart = np.full(apart.shape, np.max(apart, initial=0.0))
                far[i] = np.maximum(far[i], apart)
    return far


def operations(outputs: Sequence[Node], given: Sequence[Node]) -> list[Node]:
    """Return what is computed on the way to the outputs, oldest first."""
    return [node for node in walk_above(outputs, {*given}) if node.op is not None]


def named(program: Any, name: str) -> Node:
    """Return the node of a program that has this name."""
    (found,) = [n for n in operations(program.after, program.inputs) if n.name == name]
    return found
