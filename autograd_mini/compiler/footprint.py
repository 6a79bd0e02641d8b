"""What a program costs, counted from its shapes: operations on numbers, bytes moved, memory."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from ..elements import broadcasts, known_name
from ..graph import Node
from .plan import VIEW
from .specs import Spec, shape_of

__all__ = ["Footprint", "footprint"]


@dataclass(frozen=True)
class Footprint:
    """The cost of one run of a program.

    Attributes
    ----------
    lines : int
        Values that are computed.
    flops : int
        Operations on numbers: a product of (m, k) and (k, n) is 2 m k n, anything element by
        element one a number, a sum one a number.
    bytes : int
        Read and written by all lines together, as if nothing stayed in a cache.
    buffers : int
        Bytes of the memory that is used again in every call.
    constants : int
        Bytes of the arrays that the program holds.
    """

    lines: int
    flops: int
    bytes: int
    buffers: int
    constants: int

    def __str__(self) -> str:
        return (
            f"{self.lines} lines, {self.flops:,} operations on numbers, {self.bytes:,} bytes read "
            f"and written, {self.buffers:,} bytes of buffers, {self.constants:,} of constants"
        )


def footprint(program: Any) -> Footprint:
    """Count a program."""
    made = [node for node in program.plan.order if program.plan.kinds[node] != VIEW]
    return Footprint(
        len(made), sum(map(_flops, made)), sum(map(_bytes, made)), sum(program.plan.sizes),
        sum(getattr(node.value, "nbytes", 0) for node in program.constants()),
    )  # fmt: skip


def _flops(node: Node) -> int:
    size = math.prod(shape_of(node))
    if known_name(node.op) in ("dot", "matmul", "vdot") and shape_of(node.inputs[0]):
        return 2 * size * shape_of(node.inputs[0])[-1]
    if broadcasts(node.op):
        return size
    return sum(math.prod(shape_of(i)) for i in node.inputs)


def _bytes(node: Node) -> int:
    values = [node.value, *(i.value for i in node.inputs)]
    return sum(v.nbytes for v in values if type(v) is Spec or hasattr(v, "nbytes"))
