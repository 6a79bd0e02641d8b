"""Recording: one call of a function, with no value known, becomes a graph of Nodes.

The arguments' arrays become Tensors, whatever is done to them is recorded (the backward pass, the
update of parameters too, by the same rules), and values can not be read. A Tensor that the function
finds around it is a hidden input: it is read again at every call. An array or a number that it
finds around it is a constant.
"""

from __future__ import annotations

import gc
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..context import TRACKED, context
from ..graph import Cell, Node, constant, leaf
from ..recording import aside
from ..tensor import Tensor, tensor_of
from ..transforms import flatten
from .arguments import Static
from .fold import walk_above
from .lookup import as_input
from .specs import infer_kind, shape_of, spec_of

__all__ = ["Recorded", "record"]

_LISTENING = 2
"""A compiler listens to everything (see `context`)."""
DEPENDS_ON_VALUES = (
    "argwhere", "flatnonzero", "nonzero", "unique", "unique_all", "unique_counts", "unique_inverse",
    "unique_values", "union1d", "intersect1d", "setdiff1d", "setxor1d", "trim_zeros", "extract",
    "compress", "histogram", "bincount", "repeat",
)  # fmt: skip


@dataclass
class Recorded:
    """What one call did."""

    inputs: list[Node]
    """A node for each array of the arguments."""
    captured: list[Tensor]
    """Tensors that the function found around it, and the nodes they named."""
    captured_nodes: list[Node]
    outputs: list[Node | None]
    """The arrays of the result; what is no array is None and stands in `plain`."""
    plain: list[Any]
    rebuild: Callable[[Sequence[Any]], Any]
    result: Any
    """What f returned."""
    tensors: set[Node]
    """The inputs that were Tensors."""
    mapped: dict[Node, list[Node]]
    """Results of vmap: without a history they are Tensors where one of these is one."""
    results: dict[Node, tuple[Node | None, list[Node]]]
    """Results of transforms, which have no history: Tensors where one of these nodes is one.

    Many results have the list in common."""
    gradients: set[Node]
    """Gradients among them: without axes, they are numbers."""

    def number_or_array(self) -> list[bool | None]:
        """Tell of each array result without axes whether f itself gives a NumPy scalar.

        False: an array; None: whatever was given, or a result that has axes.
        """
        wrapped = self.kinds() or []
        pairs = [(y, w) for y, w in zip(self.outputs, wrapped, strict=False) if y is not None]
        given = {*self.inputs, *self.captured_nodes}
        return [None if w or shape_of(y) else self._is_number(y, given) for y, w in pairs]

    def _is_number(self, node: Node, given: set[Node]) -> bool | None:
        if node in self.gradients:
            return True
        while node not in given:
            if node.op is None:
                return not isinstance(node.value, np.ndarray)
            if isinstance(node.op.function, np.ufunc):
                return True
            answers = [infer_kind(node, form) for form in (True, False)]
            if answers[0] is answers[1]:
                return answers[0]
            node = next(i for i in node.inputs if not shape_of(i) and hasattr(i.value, "dtype"))
        return None

    def kinds(self) -> list[bool] | None:
        """Tell which results f itself would give as Tensors; None when one would have a history.

        Plain arrays in, plain arrays out; what meets a Tensor is a Tensor; what descends from one
        that requires a gradient, by operations that have one, has a history.
        """
        arrays = [y for y in self.outputs if y is not None]
        facts: dict[Node | None, tuple[bool, bool]] = {}  # is a Tensor, has a history
        captured = {*self.captured_nodes}
        held = captured | self.tensors
        known: dict[int, bool] = {}  # of the lists that results share

        def is_tensor(node: Node | None) -> bool:
            return node in held or facts.get(node, (False, False))[0]

        for node in walk_above(arrays, {*self.inputs, *captured}):
            if node in self.results:
                own, shared = self.results[node]
                if id(shared) not in known:
                    known[id(shared)] = any(map(is_tensor, shared))
                facts[node] = known[id(shared)] or is_tensor(own), False
            elif node.op is None or node in captured:
                asks = node.tracked if node in captured else node.cell is not None
                facts[node] = node in held, asks
            else:
                below = [facts[i] for i in node.inputs]
                follows = node.tracked and node.op.differentiable and node.op.name != "detach"
                history = follows and any(h for _, h in below)
                made = any(t for t, _ in below)
                if node in self.mapped and not history:
                    made = any(map(is_tensor, self.mapped[node]))
                facts[node] = made, history
        if any(facts[y][1] for y in arrays):
            return None
        return [y is not None and facts[y][0] for y in self.outputs]


def record(
    f: Callable[..., Any], leaves: Sequence[Any], rebuild: Callable[[Sequence[Any]], Any]
) -> Recorded:
    """Record f(*args, **kwargs), where `rebuild` of the leaves gives (args, kwargs).

    Parameters
    ----------
    leaves
        Arrays and Tensors are the program's inputs; other leaves are used as they are.

    Raises
    ------
    RuntimeError
        When f reads a value, changes an argument or a captured Tensor in place, or asks for
        something whose shape depends on values.
    """
    given = [_fresh(x) for x in leaves]
    inputs = [t.node for t in given if type(t) is Tensor]
    start = inputs[0].number if inputs else constant(0).number
    now = context.now
    since, now.since = now.since, start
    try:
        with aside(_LISTENING | (now.mode & TRACKED)), np.errstate(all="ignore"):
            now.debug = hearing = _Hearing()
            args, kwargs = rebuild(given)
            result = f(*args, **kwargs)
    finally:
        now.since = since
    _check_untouched(given, inputs)
    _check_containers(given, (args, kwargs))
    results, back = flatten(result)
    outputs = [_output(x) for x in results]
    order = walk_above([y for y in outputs if y is not None], _Older(start, inputs))
    for node in order:
        if node.op is not None and node.number >= start and node.op.name in DEPENDS_ON_VALUES:
            _refuse(node)
    outside = [n for n in order if n.number < start]
    tensors = _tensors_of(outside)
    return Recorded(
        inputs, [*tensors.values()], [*tensors], outputs,
        [None if y is not None else x for x, y in zip(results, outputs, strict=True)], back, result,
        {t.node for t, x in zip(given, leaves, strict=True) if type(x) is Tensor},
        hearing.shares, hearing.results,
        hearing.gradients,
    )  # fmt: skip


class _Hearing:
    """Looks on while a function is recorded: values become Specs, and results of transforms noted.

    It stands where `ag.debug()` does.
    """

    def __init__(self) -> None:
        self.shares: dict[Node, list[Node]] = {}
        self.results: dict[Node, tuple[Node | None, list[Node]]] = {}
        """What a transform would have given back without history (see `Recorded`)."""
        self.gradients: set[Node] = set()

    def made(self, node: Node, op: Any = None, inputs: Any = ()) -> None:
        """Forget the value of what an operation made."""
        if node.op is not None:
            node.value = spec_of(node.value)
            as_input(node)

    def computed(self, function: Any, values: Any, options: Any, result: Any) -> Any:
        """Let pass what is known from shapes alone."""
        return result

    def watching(self, run_rules: Any) -> Any:
        """Let the engine run its rules."""
        return run_rules

    def mapped(self, args: Any, values: Sequence[Any]) -> None:
        """Note what vmap would have returned: arrays, where no argument is a Tensor."""
        around = _explicit(flatten(args)[0])
        for x in values:
            if type(x) is Tensor:
                self.shares[x.node] = around

    def pulled(self, run: Any, gradients: list[Any]) -> list[Any]:
        """Note what a transform would have returned, had it not been recorded."""
        if run.live and context.now.mode & TRACKED:
            return gradients
        around = _explicit(flatten(run.given)[0])
        for x in flatten(run.output)[0]:
            if type(x) is Tensor:
                self.results[x.node] = None, around
        for argument, gradient in zip(run.arguments, gradients, strict=True):
            among = [n for n in argument.originals if n.cell is None]
            for x, node in zip(flatten(gradient)[0], argument.nodes, strict=True):
                if type(x) is Tensor:  # the name of a Tensor; a number has none
                    self.results[x.node] = next(iter(node.inputs), None), among
                    self.gradients.add(x.node)
        return gradients


def _explicit(leaves: Sequence[Any]) -> list[Node]:
    """The nodes of Tensors that are no weights of a Network: those have a cell."""
    return [x.node for x in leaves if type(x) is Tensor and x.node.cell is None]


class _Older:
    """Holds every node made before a recording began, and the recording's inputs."""

    def __init__(self, start: int, inputs: Sequence[Node]) -> None:
        self.start, self.inputs = start, {*inputs}

    def __contains__(self, node: Node) -> bool:
        return node.number < self.start or node in self.inputs


def _fresh(x: Any) -> Any:
    """Return the Tensor that stands for an argument's array; other things as they are."""
    if type(x) is Tensor:
        # A weight has a cell, so that what would be tracked outside is tracked here too.
        return tensor_of(leaf(spec_of(x.node), Cell() if x.node.tracked else None, x.node.name))
    if isinstance(x, (np.ndarray, np.generic)) and x.dtype.kind in "biufc":
        return tensor_of(leaf(spec_of(x), None))
    return x


def _output(x: Any) -> Node | None:
    if type(x) is Tensor:
        return x.node
    return constant(x.copy()) if isinstance(x, (np.ndarray, np.generic)) else None


def _check_untouched(given: Sequence[Any], inputs: Sequence[Node]) -> None:
    now = [t.node for t in given if type(t) is Tensor]
    for k, (tensor, node) in enumerate(zip(now, inputs, strict=True)):
        if tensor is not node:
            raise RuntimeError(
                f"jit: the function changes its argument's array {node.name or k} in place, which "
                "a program can not do; write y = x + ..., or x = x.copy() first, and return it"
            )


def _check_containers(given: Sequence[Any], structure: Any) -> None:
    after = flatten(structure)[0]
    before = [x for g in given for x in (flatten(g.value)[0] if type(g) is Static else [g])]
    same = len(after) == len(before) and all(map(operator.is_, after, before))
    if not same:
        raise RuntimeError(
            "jit: the function changes a list, dict or object among its arguments, which a program "
            "can not do; make a new one, and return it"
        )


def _refuse(node: Node) -> None:
    name = node.op.label if node.op else node
    raise RuntimeError(
        f"jit: the shape of {name}(...) depends on values, which are not known while a "
        "program is recorded; write np.where(condition, a, b), or do it outside the function"
    )


def _tensors_of(nodes: Sequence[Node]) -> dict[Node, Tensor]:
    """Return the living Tensors that name nodes from before; those without one are constants.

    Nothing points from a Node to its Tensors, so the garbage collector's list is searched.
    """
    wanted = {*nodes}
    found: dict[Node, Tensor] = {}
    if not wanted:
        return found
    for thing in gc.get_objects():
        if type(thing) is Tensor and thing.node in wanted:
            found.setdefault(thing.node, thing)
    return {node: found[node] for node in nodes if node in found}


