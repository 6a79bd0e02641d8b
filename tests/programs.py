"""What tests ask of a program's graph: what is computed, and how large its terms are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd_mini.compiler.fold import walk_above
from autograd_mini.graph import Node

LINEAR = ("transpose", "reshape", "spread", "broadcast_to", "sum", "dot", "matmul",
          "vdot", "multiply", "square", "product", "positive", "identity")  # fmt: skip


def evaluated(outputs: Sequence[Node], inputs: Sequence[Node], values: Sequence[Any]
              ) -> list[tuple[Any, Any]]:  # fmt: skip
    """Return each output's value, and S: the same program on absolute values.

    Sums of absolute values for sums and differences; the absolute value itself where an operation
    is no arithmetic.
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
        value = node.op.compute(*[v for v, _ in given], **node.metadata)
        of[node] = value, _size(node, value, given)
    return [of[node] for node in outputs]


def _size(node: Node, value: Any, given: list[tuple[Any, Any]]) -> Any:
    name = node.op.name if node.op else ""
    sizes = [size for _, size in given]
    if name in ("add", "subtract"):
        return sizes[0] + sizes[1]
    if name == "negative":
        return sizes[0]
    if name in ("divide", "quotient"):
        with np.errstate(all="ignore"):
            found = sizes[0] / np.abs(given[1][0])
        return np.where(sizes[0] == 0, 0.0, found)
    if name in LINEAR and node.op:
        return node.op.compute(*[*sizes], **node.metadata)
    return np.abs(value)


def operations(outputs: Sequence[Node], given: Sequence[Node]) -> list[Node]:
    """Return what is computed on the way to the outputs, oldest first."""
    return [node for node in walk_above(outputs, {*given}) if node.op is not None]


def named(program: Any, name: str) -> Node:
    """Return the node of a program that has this name."""
    (found,) = [n for n in operations(program.after, program.inputs) if n.name == name]
    return found
