"""Folding: a recorded graph is built anew, oldest node first, each operation as simple as may be.

`Builder.make` is the only way a node enters the new graph. It returns a node that is there already
when the same operation on the same inputs was made before (common subexpressions), a constant when
all inputs are known, and otherwise asks the identities of that operation, one small named function
each. An identity is written like a rule::

    @identity(np.negative, name="−(−x) = x")
    def twice_negative(b, y, x):
        if inner := b.made_by(x, np.negative):
            return inner[0]

`b` is the builder, `y` the Spec that the result must have, then the inputs and the metadata. It
returns the simpler node, made by `b`, or None. So rules feed each other without a second pass, and
what nothing needs any more is never reached from the outputs: dead code needs no pass of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from ..elements import broadcasts
from ..graph import EMPTY, Node, constant, make_node
from ..op import OPS, Op, find_op
from .specs import Spec, infer, is_constant, spec_of

__all__ = [
    "IDENTITIES", "Builder", "Identity", "Step", "broadcasting", "fold", "frozen", "identity",
    "walk_above",
]  # fmt: skip

F = TypeVar("F", bound=Callable[..., Any])
_ARITHMETIC = frozenset((np.add, np.subtract, np.multiply, np.divide))


@dataclass(frozen=True, slots=True)
class Identity:
    """A named equation, and the function that sees where it applies."""

    name: str
    apply: Callable[..., Node | None]
    exact: bool
    """Whether the result is the same to the last bit."""
    where: str = ""
    """What must hold besides: elsewhere the program gives the limit, and what was recorded NaN."""


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the proof: by this identity, `before` is `after`."""

    identity: Identity
    before: Node
    after: Node


IDENTITIES: dict[Any, list[Identity]] = {}
"""What may simplify an operation, by NumPy's own function."""


def identity(
    *functions: Any, name: str, exact: bool = True, where: str = ""
) -> Callable[[F], F]:
    """Register an identity for operations of these functions, under the equation that it is."""

    def register(apply: F) -> F:
        for function in functions:
            IDENTITIES.setdefault(function, []).append(Identity(name, apply, exact, where))
        return apply

    return register


BROADCASTING: list[Identity] = []
"""What may simplify any operation that broadcasts: asked with the operation itself."""


def broadcasting(name: str, exact: bool = True) -> Callable[[F], F]:
    """Register an identity for every operation that broadcasts: `apply(b, y, op, inputs, how)`."""

    def register(apply: F) -> F:
        BROADCASTING.append(Identity(name, apply, exact))
        return apply

    return register


class Builder:
    """Makes the nodes of a program."""

    def __init__(self, identities: dict[Any, list[Identity]] | None = None) -> None:
        self.identities = IDENTITIES if identities is None else identities
        self.made: dict[Any, Node] = {}
        self.log: list[Step] = []
        self.scope: tuple[str, ...] = ()
        self.memo: dict[Any, Any] = {}
        """What identities remember of nodes, so that each is looked at once."""

    def __call__(self, function: Any, *inputs: Any, **metadata: Any) -> Node:
        """Make f(inputs): numbers may stand beside nodes."""
        nodes = tuple(i if type(i) is Node else self.constant(i) for i in inputs)
        op = OPS.get(function) or find_op(function)
        if op is None:
            raise KeyError(f"no operation of {function}")
        return self.make(op, nodes, metadata or EMPTY)

    def make(self, op: Op, inputs: tuple[Node, ...], metadata: dict[str, Any] = EMPTY,
             spec: Any = None) -> Node:  # fmt: skip
        """Return the simplest known node that has the value of this operation."""
        key = (op, inputs, frozen(metadata) if metadata else ())
        if (found := self.made.get(key)) is not None:
            return found
        found = self._computed(op, inputs, metadata) or self._new(op, inputs, metadata, spec)
        self.made[key] = found
        return found

    def constant(self, value: Any) -> Node:
        """Return the node of a constant; equal small ones are one node."""
        small = not hasattr(value, "dtype") or value.size <= 16
        key = (None, type(value), str(getattr(value, "dtype", "")), np.shape(value),
               np.asarray(value).tobytes() if small else id(value))  # fmt: skip
        if key not in self.made:
            self.made[key] = constant(value)
        return self.made[key]

    def made_by(self, node: Node, function: Any) -> tuple[Node, ...] | None:
        """Return the inputs of a node that this function made, else None."""
        return node.inputs if node.op is not None and node.op is OPS.get(function) else None

    def _computed(self, op: Op, inputs: tuple[Node, ...], metadata: dict[str, Any]) -> Node | None:
        if not inputs or not all(map(is_constant, inputs)):
            return None
        with np.errstate(all="ignore"):
            value = op.compute(*[node.value for node in inputs], **metadata)
        if isinstance(value, (tuple, list)):
            return None
        grows = np.size(value) > max(np.size(n.value) for n in inputs)
        return None if grows else self.constant(value)

    def _new(self, op: Op, inputs: tuple[Node, ...], metadata: dict[str, Any], spec: Any) -> Node:
        spec = infer(op, [i.value for i in inputs], metadata) if spec is None else spec
        if type(spec) is Spec and broadcasts(op):
            weakened = self._weakened(op, inputs, spec)
            if weakened != inputs:
                return self.make(op, weakened, metadata, spec)
            for one in BROADCASTING:
                found = one.apply(self, spec, op, inputs, metadata)
                if found is not None:
                    return self._logged(one, op, inputs, metadata, found, spec)
        for one in self.identities.get(op.function, ()):
            found = one.apply(self, spec, *inputs, **metadata)
            if found is not None and spec_of(found) == spec:
                return self._logged(one, op, inputs, metadata, found, spec)
        return make_node(op, inputs, metadata, spec, False, self.scope)

    def _logged(
        self, one: Identity, op: Op, inputs: tuple[Node, ...], metadata: dict[str, Any],
        after: Node, spec: Any,
    ) -> Node:  # fmt: skip
        before = make_node(op, inputs, metadata, spec, False, self.scope)
        self.log.append(Step(one, before, after))
        return after

    def _weakened(self, op: Op, inputs: tuple[Node, ...], spec: Spec) -> tuple[Node, ...]:
        """Let a constant number be Python's float where that changes no dtype: 1 is 1.0 there."""
        if op.function not in _ARITHMETIC or spec.dtype.kind != "f":
            return inputs
        for k in (0, 1):
            c, other = inputs[k], inputs[1 - k]
            if getattr(other.value, "dtype", None) != spec.dtype or not is_constant(c):
                continue
            scalar = hasattr(c.value, "dtype") and c.value.shape == ()
            whole = type(c.value) is int and abs(c.value) < 2**24
            if whole or (scalar and c.value.dtype == spec.dtype):
                number = self.constant(float(c.value))
                return (number, other) if k == 0 else (other, number)
        return inputs


def fold(outputs: Sequence[Node], inputs: Sequence[Node], builder: Builder | None = None
         ) -> tuple[list[Node], list[Node], Builder]:  # fmt: skip
    """Build a recorded graph anew.

    Parameters
    ----------
    outputs, inputs
        What the program returns, and what it is given (nodes below those are not looked at).

    Returns
    -------
    outputs, inputs, builder
        The new nodes; the builder's `log` tells every identity that was used.
    """
    b = Builder() if builder is None else builder
    given = {node: _placeholder(node) for node in inputs}
    new: dict[Node, Node] = dict(given)
    for node in walk_above(outputs, given):
        if node in new:
            continue
        if node.op is None:
            own = np.array if isinstance(node.value, np.ndarray) else lambda value: value
            new[node] = b.constant(own(node.value))  # whoever has the array may change it
            continue
        b.scope = node.scope
        made = b.make(node.op, tuple(new[i] for i in node.inputs), node.metadata, spec_of(node))
        if made.name is None and made.op is not None:
            made.name = node.name
        new[node] = made
    return [new[node] for node in outputs], [*given.values()], b


def walk_above(outputs: Sequence[Node], given: Any) -> list[Node]:
    """`walk`, but not below the nodes that a program is given."""
    seen = set(outputs)
    order = [*seen]
    for node in order:  # grows while it is read
        if node not in given:
            for parent in node.inputs:
                if parent not in seen:
                    seen.add(parent)
                    order.append(parent)
    order.sort(key=lambda node: node.number)
    return order


def _placeholder(node: Node) -> Node:
    new = make_node(None, (), EMPTY, spec_of(node), True, node.scope)
    new.name = node.name
    return new


def frozen(value: Any) -> Any:
    """Return something hashable that is equal when the value is."""
    if isinstance(value, dict):
        return tuple([(key, frozen(value[key])) for key in sorted(value)])
    if isinstance(value, (tuple, list)):
        return tuple(map(frozen, value))
    if isinstance(value, slice):
        return ("slice", value.start, value.stop, value.step)
    if isinstance(value, np.ndarray):
        return (value.shape, str(value.dtype), value.tobytes() if value.size < 4096 else id(value))
    try:
        hash(value)
    except TypeError:
        return id(value)
    return (type(value), value)


