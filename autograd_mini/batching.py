"""`vmap`: a function of one example becomes a function of many, without a loop over them.

The function is recorded once, on the first example, with no value known but shapes. The recorded
graph is replayed with a leading axis: each operation on all examples at once, by its kind. Kinds:

    elementwise   the leading axis is one more to be broadcast
    axis          the axis of a sum, a softmax or a join moves up by one
    moving        reshapes and the like get the examples' number in front of their shape
    batched       matrix products, factorisations: NumPy's own leading axes
    anything else one example after the other, and the results stacked

Whatever does not descend from an example is computed once and shared by all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .context import EVERYTHING, context
from .elements import broadcasts, known_name
from .graph import Node, leaf, walk
from .op import Op
from .reverse import pick
from .tensor import Tensor, apply, tensor_of, wrap
from .transforms import flatten

__all__ = ["vmap"]

Function = Callable[..., Any]
_KNOWN = (np.ndarray, np.generic, float, int, complex)
Axes = int | None | Sequence[int | None]


def vmap(f: Function, in_axes: Axes = 0, out_axes: int = 0) -> Function:
    """Return f over many examples at once: what a loop over them would give, stacked.

    Parameters
    ----------
    f : callable
        Of one example: numbers, arrays, Tensors and containers of them, to the same. It is called
        once, with values that can not be read (write `np.where` in place of `if`).
    in_axes : int, None or sequence
        Along which axis the examples of each positional argument lie; None: all share it. One for
        all, or one each. It holds for every array of a nested argument.
    out_axes : int
        Where the examples lie in every array of the result.

    Returns
    -------
    callable
        Of arguments with one axis more. It composes with every other transform, itself included.

    Raises
    ------
    ValueError
        When no argument is mapped, an axis is not there, or the numbers of examples differ.

    Examples
    --------
    Per-example gradients, whose mean is the gradient of the mean:

    >>> import numpy as np, autograd_mini as ag
    >>> cost = lambda w, x, y: (w @ x - y) ** 2
    >>> X, Y = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([1.0, 0.0])
    >>> ag.vmap(ag.grad(cost), in_axes=(None, 0, 0))(np.array([1.0, 1.0]), X, Y)
    array([[ 4.,  8.],
           [42., 56.]])
    """

    def over_examples(*args: Any) -> Any:
        axes: Any = [in_axes] * len(args) if np.ndim(in_axes) == 0 else in_axes  # type: ignore[arg-type]
        if len(axes) != len(args):
            raise ValueError(f"in_axes={in_axes!r} for {len(args)} arguments; give one for each")
        batch = _Batch(args, axes)
        results, restore = flatten(batch.record(f))
        replay = _Replay(batch)
        values = [replay.result(y, out_axes) for y in results]
        if context.now.since:  # a program is being recorded: no value is known
            context.now.debug.mapped(args, values)
        elif not batch.tensors_in and not any(y.requires_grad for y in values):
            values = _owned([y.node.value for y in values], [*batch.mapped.values()])
        return restore(values)

    return over_examples


def _owned(values: list[Any], given: list[Tensor]) -> list[Any]:
    """Return arrays that share memory with no argument and with no other result."""
    seen = {id(x.node.value) for x in given}
    found = []
    for value in values:
        lent = value.base is not None or id(value) in seen
        seen.add(id(value))
        found.append(np.array(value) if lent else value)
    return found


class _Batch:
    """The arguments: the examples first in what is mapped, and one example to record."""

    def __init__(self, args: Sequence[Any], axes: Sequence[int | None]) -> None:
        self.structures = [flatten(value) for value in args]
        self.mapped: dict[Node, Tensor] = {}
        self.tensors_in = any(type(x) is Tensor for leaves, _ in self.structures for x in leaves)
        self.one: list[Any] = []
        sizes: dict[str, int] = {}
        for k, ((leaves, rebuild), axis) in enumerate(zip(self.structures, axes, strict=True)):
            if axis is not None:
                examples = [_examples_first(x, axis, k) for x in leaves]
                sizes.update({f"argument {k}": len(x) for x in examples})
                if len({*map(len, examples)} | {*sizes.values()}) > 1:
                    found = ", ".join(f"{n} in {name}" for name, n in sizes.items())
                    raise ValueError(f"as many examples are needed everywhere; got {found}")
                leaves = [self._first(x) for x in examples]  # noqa: PLW2901
            self.one.append(rebuild(leaves))
        if not sizes:
            raise ValueError("no argument is mapped: in_axes is None for all; call f itself")
        self.size = next(iter(sizes.values()))

    def _first(self, examples: Tensor) -> Tensor:
        """Return what stands for one example while f is recorded."""
        value = examples.node.value
        first = value[0] if len(value) else np.ones(value.shape[1:], value.dtype)[()]
        node = leaf(first, None, examples.node.name)
        self.mapped[node] = examples
        return tensor_of(node)

    def record(self, f: Function) -> Any:
        """Call f on one example with everything recorded and no value known."""
        now = context.now
        mode, now.mode = now.mode, EVERYTHING
        now.primals.update(self.mapped)
        try:
            return f(*self.one)
        finally:
            now.mode = mode
            now.primals.difference_update(self.mapped)


def _examples_first(x: Any, axis: int, k: int) -> Tensor:
    x = x if type(x) is Tensor else wrap(np.asarray(x))
    if not -x.ndim <= axis < x.ndim:
        raise ValueError(f"argument {k} has shape {x.shape}; in_axes says its axis {axis}")
    return x if axis == 0 else np.moveaxis(x, axis, 0)  # type: ignore[no-any-return]


class _Replay:
    """Every recorded node on all examples: a Tensor with the examples first, or one for all."""

    def __init__(self, batch: _Batch) -> None:
        self.n = batch.size
        self.of: dict[Node, Any] = dict(batch.mapped)
        self.live: set[Node] = set()
        """What is shared and descends from a weight, or from an argument of a transform around."""

    def result(self, y: Any, out_axes: int) -> Any:
        """Return one result for all examples."""
        value = self._replayed(y.node) if type(y) is Tensor else None
        if value is None:  # all examples share it
            live = type(y) is Tensor and y.node in self.live
            one: Any = y if live else wrap(np.asarray(y.node.value if type(y) is Tensor else y))
            if one.dtype.kind not in "biufc":
                raise TypeError(f"the function must return numbers and arrays; got {y!r:.99}")
            value = np.broadcast_to(one, (self.n, *one.shape)).copy()
        return value if out_axes == 0 else np.moveaxis(value, 0, out_axes)

    def _replayed(self, output: Node) -> Any:
        since = context.now.since  # of a program that is being recorded: it knows no value
        for node in walk(output):
            if node in self.of:
                continue
            if any(i in self.of for i in node.inputs):
                self.of[node] = self._replay(node)
            elif node.inputs:
                if since or not self.live.isdisjoint(node.inputs):
                    self.live.add(node)
            elif node.cell is not None or node in context.now.primals or _is_open(node, since):
                self.live.add(node)
        return self.of.get(output)

    def _replay(self, node: Node) -> Any:
        """Run a node's operation on all examples."""
        op: Any = node.op
        if op is pick:
            return self.of[node.inputs[0]][node.metadata["index"]]
        inputs = [_Input(self.of.get(i), i, i in self.live) for i in node.inputs]
        by_kind = KINDS.get(known_name(op)) or (_elementwise if broadcasts(op) else None)
        found = by_kind(op, inputs, node, self.n) if by_kind else NotImplemented
        return _one_by_one(op, inputs, node, self.n) if found is NotImplemented else found


def _is_open(node: Node, since: int) -> bool:
    """Tell whether a program that is being recorded reads it at every run."""
    return since > 0 and (node.number < since or not isinstance(node.value, _KNOWN))


class _Input:
    """An operand: its examples, or the one value that all of them share; and one example's rank."""

    def __init__(self, examples: Any, node: Node, live: bool) -> None:
        self.examples = examples
        self.is_batched = examples is not None
        self.shared = tensor_of(node) if live else node.value
        """What all examples share: a Tensor where a derivative may reach it."""
        self.rank = np.ndim(node.value) if not isinstance(node.value, tuple) else 0
        self.shape = np.shape(node.value) if not isinstance(node.value, tuple) else ()

    @property
    def operand(self) -> Any:
        """The examples, or the value that all share."""
        return self.examples if self.is_batched else self.shared

    def aligned(self, rank: int) -> Any:
        """Return it so that the examples' axis stands before `rank` others."""
        if not self.is_batched or self.rank == rank:
            return self.operand
        shape = (self.examples.shape[0], *(1,) * (rank - self.rank), *self.shape)
        return np.reshape(self.examples, shape)

    def repeated(self, n: int) -> Any:
        """Return it with the examples' axis, whether it had one or not."""
        return self.examples if self.is_batched else np.broadcast_to(self.shared, (n, *self.shape))


Inputs = list[_Input]


def _one_by_one(op: Op, inputs: Inputs, node: Node, n: int) -> Any:
    """Run the operation on one example after the other; the results stacked."""
    found = [
        apply(op, tuple(x.examples[i] if x.is_batched else x.shared for x in inputs), node.metadata)
        for i in range(n)
    ]
    if not n:
        several = node.value if type(node.value) is tuple else (node.value,)
        empty = [wrap(np.zeros((0, *np.shape(v)), np.asarray(v).dtype)) for v in several]
        return tuple(empty) if type(node.value) is tuple else empty[0]
    if isinstance(found[0], (tuple, list)):
        return tuple(np.stack(parts) for parts in zip(*found, strict=True))
    return np.stack(found)


# -- kinds

def _elementwise(op: Op, inputs: Inputs, node: Node, n: int) -> Any:
    rank = max(x.rank for x in inputs)
    return apply(op, tuple(x.aligned(rank) for x in inputs), node.metadata)


def _over_axis(op: Op, inputs: Inputs, node: Node, n: int) -> Any:
    """The axis counts from the example's own first."""
    (x,) = inputs
    axis = node.metadata.get("axis", -1 if op.name in LAST_AXIS else None)
    if (axis is None and op.name in FLAT) or (not x.rank and axis not in (None, ())):
        return NotImplemented  # NumPy lets a number be summed along its axis 0
    return apply(op, (x.examples,), {**node.metadata, "axis": _moved(axis, x.rank)})


LAST_AXIS = {"softmax", "log_softmax", "argsort", "sort"}
FLAT = {"cumsum", "cumprod", "argsort", "sort", "argmax", "argmin", "flip"}
"""Without an axis they flatten, or mean something of their own."""


def _moved(axis: Any, rank: int) -> Any:
    if axis is None:
        return tuple(range(1, rank + 1))
    if isinstance(axis, (tuple, list)):
        return tuple(a % max(rank, 1) + 1 for a in axis)
    return int(axis) % max(rank, 1) + 1


def _spread(op: Op, inputs: Inputs, node: Node, n: int) -> Any:
    shape, axis = node.metadata["shape"], node.metadata.get("axis")
    further = {"shape": (n, *shape), "axis": _moved(axis, len(shape))}
    return apply(op, (inputs[0].examples,), {**node.metadata, **further})


def _reshaped(op: Op, inputs: Inputs, node: Node, n: int) -> Any:
    if node.metadata.get("order", "C") != "C":
        return NotImplemented
    return np.reshape(inputs[0].examples, (n, *np.shape(node.value)))


def _transposed(op: Op, inputs: Inputs, node: Node, n: int) -> Any:
    rank = inputs[0].rank
    axes = node.metadata.get("axes") or tuple(range(rank))[::-1]
    return np.transpose(inputs[0].examples, (0, *(a % rank + 1 for a in axes)))


def _swapped(op: Op, inputs: Inputs, node: Node, n: int) -> Any:
    rank = inputs[0].rank
    return apply(op, (inputs[0].examples,), {k: a % rank + 1 for k, a in node.metadata.items()})


def _broadcast(op: Op, inputs: Inputs, node: Node, n: int) -> Any:
    shape = np.shape(node.value)
    return np.broadcast_to(inputs[0].aligned(len(shape)), (n, *shape))


def _joined(op: Op, inputs: Inputs, node: Node, n: int) -> Any:
    axis = node.metadata.get("axis", 0)
    if axis is None:
        return NotImplemented
    moved = {"axis": axis % np.ndim(node.value) + 1}
    return apply(op, tuple(x.repeated(n) for x in inputs), moved)


def _product(op: Op, inputs: Inputs, node: Node, n: int) -> Any:
    """A matrix product: an example's vector becomes a matrix of one row or one column."""
    left, right = inputs
    if op.name == "dot" and (right.rank > 2 or 0 in (left.rank, right.rank)):
        if right.rank > 2:
            return NotImplemented
        return left.aligned(right.rank) * right.aligned(left.rank)
    a = left.operand if left.rank != 1 else np.expand_dims(left.operand, -2)
    b = right.operand if right.rank != 1 else np.expand_dims(right.operand, -1)
    rank = max(left.rank, right.rank, 2)
    a = _padded(a, left, rank)
    b = _padded(b, right, rank)
    return np.reshape(np.matmul(a, b), (n, *np.shape(node.value)))


def _padded(value: Any, of: _Input, rank: int) -> Any:
    """Let the examples' axis stand before the stacked matrices' own."""
    missing = rank - max(of.rank, 2)
    if not of.is_batched or not missing:
        return value
    return np.reshape(value, (value.shape[0], *(1,) * missing, *value.shape[1:]))


def _affine(op: Op, inputs: Inputs, node: Node, n: int) -> Any:
    a, weights, bias = inputs
    if a.is_batched and a.rank == 1 and not weights.is_batched and not bias.is_batched:
        return apply(op, (a.examples, weights.shared, bias.shared))  # made for a batch
    rows = a.operand if a.rank == 2 else np.expand_dims(a.operand, -2)
    z = np.matmul(rows, np.swapaxes(weights.operand, -1, -2))
    z = z + (np.expand_dims(bias.operand, -2) if bias.is_batched else bias.shared)
    return np.reshape(z, (n, *np.shape(node.value)))


def _outer(op: Op, inputs: Inputs, node: Node, n: int) -> Any:
    a, b = (np.reshape(x.repeated(n), (n, -1)) for x in inputs)
    return a[:, :, None] * b[:, None, :]


def _indexed(op: Op, inputs: Inputs, node: Node, n: int) -> Any:
    """x[key] of every example, unless arrays that slices separate would come first."""
    key = node.metadata["key"]
    items = key if type(key) is tuple else (key,)
    arrays = [i for i, item in enumerate(items) if not _is_slice(item)]
    if any(not isinstance(items[i], (int, np.integer)) or items[i] is True for i in arrays):
        split = arrays != list(range(arrays[0], arrays[-1] + 1))
        if split or any(np.asarray(items[i]).dtype == bool for i in arrays):
            return NotImplemented
    return inputs[0].examples[(slice(None), *items)]


def _is_slice(item: Any) -> bool:
    return item is None or item is Ellipsis or isinstance(item, slice)


def _leading(op: Op, inputs: Inputs, node: Node, n: int) -> Any:
    """NumPy itself works on stacks of matrices."""
    return apply(op, tuple(x.operand for x in inputs), node.metadata)


KINDS: dict[str, Callable[[Op, Inputs, Node, int], Any]] = {
    **dict.fromkeys(
        ("sum", "mean", "max", "min", "prod", "any", "all", "count_nonzero", "logsumexp",
         "softmax", "log_softmax", "argmax", "argmin", "argsort", "cumsum", "cumprod", "flip"),
        _over_axis),
    **dict.fromkeys(("reshape", "ravel", "expand_dims", "squeeze"), _reshaped),
    **dict.fromkeys(("concatenate", "stack"), _joined),
    **dict.fromkeys(("matmul", "dot"), _product),
    **dict.fromkeys(("inv", "det", "slogdet", "cholesky", "cofactors"), _leading),
    "spread": _spread, "transpose": _transposed, "swapaxes": _swapped, "broadcast_to": _broadcast,
    "affine": _affine, "outer": _outer, "get_item": _indexed,
}  # fmt: skip
"""How each operation is replayed; what is not here and not elementwise goes one by one."""
