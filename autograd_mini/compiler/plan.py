"""Planning: which buffer every value of a program is written into.

A value is alive from the line that makes it to the last line that reads it or a view of it. Its
buffer then serves the next value that fits; an elementwise operation writes over an operand that
dies with it. What the program returns is never in a buffer: it is the caller's own.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from ..graph import Node
from .specs import Spec

__all__ = ["FRESH", "NUMBER", "VIEW", "WRITTEN", "Plan", "plan"]

NUMBER, WRITTEN, VIEW, FRESH = "number", "written", "view", "fresh"
"""How a value comes about: a NumPy scalar; written where it is told (`out=`); a view of operands
(or perhaps one); an array that NumPy makes."""


@dataclass
class Plan:
    """Where the values of a program lie."""

    order: list[Node]
    """What is computed, in this order."""
    kinds: dict[Node, str]
    buffer: dict[Node, int] = field(default_factory=dict)
    """The buffer that a value is written into; none: NumPy makes a new array."""
    over: dict[Node, Node] = field(default_factory=dict)
    """The operand that a value is written over."""
    spare: dict[Node, int] = field(default_factory=dict)
    """A buffer of the value's own shape and dtype for an operation that needs room on the way."""
    sizes: list[int] = field(default_factory=list)
    """Bytes of each buffer."""


def plan(
    order: Sequence[Node], outputs: Collection[Node], kind_of: Callable[[Node], str],
    in_place: Callable[[Node], bool], needs_spare: Callable[[Node], bool],
) -> Plan:  # fmt: skip
    """Assign buffers.

    Parameters
    ----------
    order
        The nodes to be computed, oldest first.
    outputs
        What is returned.
    kind_of, in_place, needs_spare
        What the backend says of an operation: how its value comes about, whether it may write over
        an operand of the same shape and dtype, and whether it needs room on the way.
    """
    made = Plan([*order], {node: kind_of(node) for node in order})
    roots = _roots(made)
    last = _last_uses(made, roots)
    kept = {root for node in outputs for root in roots.get(node, ())}
    _write_results_in_place(made, last, kept, in_place)
    pool = _Pool(made.sizes)
    ends: dict[int, list[Node]] = {}
    for node, k in last.items():
        ends.setdefault(k, []).append(node)
    for k, node in enumerate(order):
        dying = ends.get(k, [])
        if made.kinds[node] == WRITTEN and node not in made.over and node not in kept:
            victim = _victim(node, dying, made) if in_place(node) else None
            if victim is not None:
                made.over[node], made.buffer[node] = victim, made.buffer[victim]
                dying.remove(victim)
            else:
                made.buffer[node] = pool.take(node.value.nbytes)
        if needs_spare(node):
            made.spare[node] = pool.take(node.value.nbytes)
            pool.give(made.spare[node])
        for gone in dying:
            if gone in made.buffer and gone not in kept:
                pool.give(made.buffer[gone])
    return made


def _roots(made: Plan) -> dict[Node, tuple[Node, ...]]:
    """Whose memory a value lies in: its own, or that of what it is a view of."""
    roots: dict[Node, tuple[Node, ...]] = {}
    for node in made.order:
        if made.kinds[node] == VIEW:
            below = [roots.get(i, (i,)) for i in node.inputs]
            roots[node] = tuple({root: None for several in below for root in several})
        else:
            roots[node] = (node,)
    return roots


def _last_uses(made: Plan, roots: dict[Node, tuple[Node, ...]]) -> dict[Node, int]:
    last: dict[Node, int] = {}
    for k, node in enumerate(made.order):
        last.setdefault(node, k)
        for parent in node.inputs:
            for root in roots.get(parent, ()):
                last[root] = k
    return last


def _write_results_in_place(
    made: Plan, last: dict[Node, int], kept: set[Node], in_place: Callable[[Node], bool]
) -> None:
    """Let a result be written over the operand that dies with it, which is then made anew too.

    So `dot(δᵀ, a)` makes the caller's array, and `+ λ/m Θ` is added into it.
    """
    place = {node: k for k, node in enumerate(made.order)}
    taken: set[Node] = set()
    for node in reversed(made.order):
        if node not in kept or made.kinds[node] != WRITTEN or not in_place(node):
            continue
        for x in node.inputs:
            alone = last.get(x) == place[node] and x not in kept and x not in taken
            if alone and made.kinds.get(x) in (WRITTEN, FRESH) and x.value == node.value:
                made.over[node] = x
                kept.add(x)
                taken.add(x)
                break


def _victim(node: Node, dying: Collection[Node], made: Plan) -> Node | None:
    """Return an operand that may be written over: it dies here, and has the result's Spec."""
    for x in node.inputs:
        if x in dying and x in made.buffer and type(x.value) is Spec and x.value == node.value:
            return x
    return None


class _Pool:
    """Buffers that nobody uses now."""

    def __init__(self, sizes: list[int]) -> None:
        self.sizes = sizes
        self.free: list[tuple[int, int]] = []  # (bytes, buffer), sorted

    def take(self, nbytes: int) -> int:
        """Return the smallest free buffer that is large enough, or the largest one, made larger."""
        if not self.free:
            self.sizes.append(nbytes)
            return len(self.sizes) - 1
        place = bisect_left(self.free, (nbytes, -1))
        _, best = self.free.pop(min(place, len(self.free) - 1))
        self.sizes[best] = max(self.sizes[best], nbytes)
        return best

    def give(self, k: int) -> None:
        """Take a buffer back."""
        insort(self.free, (self.sizes[k], k))
