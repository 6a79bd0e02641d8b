"""Derivatives of functions: `grad`, `value_and_grad`, `vjp`, and `backprop` of a recorded graph.

All speak the same language: arguments and results are numbers, arrays, Tensors, or tuples, lists,
dicts, dataclasses and Networks of them. Plain in, plain out; Tensors in, Tensors out. To the
engine there is only a list of leaves, and a way back to the structure they came from.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from copy import copy
from typing import Any

import numpy as np

from .context import OFF, TRACKED, context
from .graph import Node, describe, leaf, walk
from .op import OPS
from .reading import new_value
from .reverse import handed_out, propagate, seed
from .rules.elementwise import identity
from .tensor import Tensor, apply, lift, tensor_of, unwrap, wrap

__all__ = ["backprop", "grad", "value_and_grad", "vjp"]

Function = Callable[..., Any]
Argnums = int | Sequence[int]
_NUMBERS = (np.ndarray, np.generic, float, int, complex)
_LEAVES = frozenset((Tensor, *_NUMBERS, np.float64))
Rebuild = Callable[[Sequence[Any]], Any]


# -- structures


def flatten(structure: Any) -> tuple[list[Any], Rebuild]:
    """Return the leaves of a structure, and the function that puts others in their places."""
    parts = one_level(structure)
    if parts is None:
        return [structure], lambda leaves: leaves[0]
    children, rebuild = parts
    if _LEAVES.issuperset(map(type, children)):
        return children, rebuild
    flat = [flatten(child) for child in children]

    def restore(leaves: Sequence[Any]) -> Any:
        restored, start = [], 0
        for own, back in flat:
            restored.append(back(leaves[start : start + len(own)]))
            start += len(own)
        return rebuild(restored)

    return [item for own, _ in flat for item in own], restore


def one_level(structure: Any) -> tuple[list[Any], Rebuild] | None:
    """Return a container's children and how to rebuild it; None for a leaf."""
    kind = type(structure)
    if kind in _LEAVES:
        return None
    if isinstance(structure, tuple):
        named = hasattr(structure, "_fields")
        return list(structure), (lambda new: kind(*new)) if named else kind
    if isinstance(structure, list):
        return list(structure), list
    if isinstance(structure, dict):
        keys, fill = list(structure), dict.__ior__  # a Counter's own would add
        return [*structure.values()], lambda new: fill(copy(structure), zip(keys, new, strict=True))
    if hasattr(kind, "__flatten__"):
        children, aux = structure.__flatten__()
        return list(children), lambda new: kind.__unflatten__(aux, new)
    if hasattr(kind, "__dataclass_fields__"):
        from dataclasses import fields

        keys = [field.name for field in fields(structure) if field.init]
        children = [getattr(structure, key) for key in keys]
        return children, lambda new: kind(**dict(zip(keys, new, strict=True)))
    return None


def _aligned(given: Any, like: Any) -> list[Any]:
    """Return what a structure holds at each leaf of another; dicts are matched by their keys."""
    wanted, fits = one_level(like), type(given) is type(like)
    if wanted is None:
        return [given]
    if fits and isinstance(like, dict) and (fits := given.keys() == like.keys()):
        given = {key: given[key] for key in like}
    found = one_level(given) if fits else None
    if found is None or len(found[0]) != len(wanted[0]):
        expected = f"the cotangent must have the structure of f's output, {like!r:.99}"
        raise ValueError(f"{expected}; got {given!r:.99}")
    return [leaf for pair in zip(found[0], wanted[0], strict=True) for leaf in _aligned(*pair)]


# -- arguments


def is_explicit(structure: Any) -> bool:
    """Tell whether a caller passed Tensors one by one; a Network's weights are its own."""
    kind = type(structure)
    if kind in _LEAVES or hasattr(kind, "__flatten__"):
        return kind is Tensor
    parts = one_level(structure)
    return parts is not None and any(map(is_explicit, parts[0]))


def has_history(node: Node) -> bool:
    """Tell whether a derivative may be asked for beyond this node: it is no mere leaf."""
    return bool(node.inputs) or (node.tracked and node.cell is None)


class _Argument:
    """One differentiated argument: its leaves, and the fresh names that stand for them.

    Tensors in, Tensors out; a Network counts as plain, unless a weight has a history or is the
    argument of a transform around this one.
    """

    def __init__(self, value: Any) -> None:
        leaves, self.rebuild = flatten(value)
        self.originals = [item.node for item in leaves if type(item) is Tensor]
        self.tensors_in = is_explicit(value) or any(map(has_history, self.originals))
        self.are_tensors = [self.tensors_in or type(item) is Tensor for item in leaves]
        alias = (self.tensors_in and context.now.mode != OFF) or context.now.mode > TRACKED
        self.tensors = [_fresh(item, alias) for item in leaves]
        self.nodes = [tensor.node for tensor in self.tensors]
        self.value = self.rebuild(self.tensors)

    def gradient(self, found: dict[Node, Any], recorded: bool) -> Any:
        """Return the gradient in the argument's own structure, zero where nothing arrived."""
        pairs = zip(self.nodes, self.are_tensors, strict=True)
        gradients = [_cotangent(found, node, recorded or is_tensor) for node, is_tensor in pairs]
        return self.rebuild([g[()] if type(g) is np.ndarray else g for g in gradients])


def _cotangent(found: dict[Node, Any], node: Node, as_tensor: bool) -> Any:
    """Return what arrived at a node, or zeros, as an array of the caller's own or a Tensor."""
    if type(found.get(node)) is Tensor:  # a variable of the caller's own
        return found[node].conj() if node.value.dtype.kind == "c" else tensor_of(found[node].node)
    g = handed_out(found, node) if node in found else np.zeros_like(node.value)
    return wrap(g) if as_tensor else g


def _fresh(item: Any, alias: bool) -> Tensor:
    """Name a value anew; the derivative is taken with respect to this name alone.

    Were it the same name, nested derivatives would confuse their perturbations.
    """
    if type(item) is not Tensor:
        if not isinstance(item, _NUMBERS):
            expected = "a derivative is taken of numbers, arrays, Tensors and containers of them"
            raise TypeError(f"{expected}; got {type(item).__name__}: {item!r}")
        return tensor_of(leaf(new_value(item, None, True), None))
    node = item.node
    if node.value.dtype.kind not in "fc":
        new_value(node.value, None, True)  # raises, and says to pass floats
    if not alias or not (node.tracked or context.now.mode > TRACKED):
        return tensor_of(leaf(node.value, None, node.name))
    twin: Tensor = apply(OPS[identity], (item,))
    twin.node.view, twin.node.name, twin.node.tracked = False, node.name, True
    return twin


class _Run:
    """One call of a function, recorded with respect to some of its arguments."""

    def __init__(self, f: Function, args: Any, kwargs: Any, argnums: Sequence[int]):
        self.arguments = [_Argument(args[i]) for i in argnums]
        self.given, self.tensors_in = (args, kwargs), any(a.tensors_in for a in self.arguments)
        self.tensors_in |= any(map(is_explicit, (*args, *kwargs.values())))
        values = list(args)
        for i, argument in zip(argnums, self.arguments, strict=True):
            values[i] = argument.value
        self.nodes = [node for argument in self.arguments for node in argument.nodes]
        mode = context.now.mode
        context.now.mode = mode | TRACKED
        context.now.primals.update(self.nodes)
        try:
            self.output = f(*values, **kwargs)
        finally:
            context.now.mode = mode
            context.now.primals.difference_update(self.nodes)

    def needs_record(self, order: Sequence[Node]) -> bool:
        """Tell whether a derivative of the derivative may be asked for.

        It may when a leaf takes part that is none of the arguments' own: a captured weight, the
        argument of a transform around this one, or what an argument was computed from.
        """
        if context.now.mode == OFF:
            return False
        own = set(self.nodes)
        for argument in self.arguments:
            if not argument.tensors_in:
                own.update(argument.originals)
        others = (node for node in order if node not in own)
        self.live = any(node.cell is not None or node in context.now.primals for node in others)
        return self.live or context.now.mode > TRACKED

    def pull(self, outputs: list[Tensor], seeds: list[Any], record: bool) -> list[Any]:
        """Return each argument's gradient."""
        nodes = [output.node for output in outputs]
        order = walk(*nodes, tracked=True)
        self.recorded = record or self.needs_record(order)
        if self.recorded:
            seeds = [s if type(s) is Tensor else wrap(np.array(s)) for s in seeds]
        found = propagate(nodes, seeds, self.nodes, lift if self.recorded else None, order)
        gradients = [argument.gradient(found, self.recorded) for argument in self.arguments]
        return context.now.debug.pulled(self, gradients) if context.now.since else gradients

    def public(self, value: Any, recorded: bool) -> Any:
        """Return a result as the caller expects it: plain in, plain out."""
        leaves, rebuild = flatten(value)
        if not recorded:
            own = Tensor.detach if self.tensors_in else lambda t: t.node.value.copy()
            leaves = [own(t) if type(t) is Tensor else t for t in leaves]
        return rebuild(leaves)


# -- the public transforms


def value_and_grad(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """Return a function that gives f's value and its gradient.

    Parameters
    ----------
    f : callable
        Returns one number; with `has_aux`, a pair of it and anything else.
    argnums : int or sequence of int
        The arguments to differentiate: an int gives a gradient, a sequence a tuple of them.

    Returns
    -------
    callable
        ``(value, gradient)``, or ``((value, aux), gradient)``. A gradient has the structure,
        shapes and dtypes of its argument; it is zero where f does not use the argument.

    Raises
    ------
    ValueError
        If f returns more than one number.
    TypeError
        For integer arrays and for what is no number.

    Examples
    --------
    >>> import numpy as np, autograd_mini as ag
    >>> value, slope = ag.value_and_grad(np.sin)(0.0)
    >>> float(value), float(slope)
    (0.0, 1.0)
    >>> ag.grad(lambda p: (p["w"] ** 2).sum() + p["b"])({"w": np.array([1.0, 2.0]), "b": 3.0})
    {'w': array([2., 4.]), 'b': np.float64(1.0)}
    """
    positions, single = tuple(np.atleast_1d(argnums).tolist()), np.ndim(argnums) == 0

    def value_and_gradient(*args: Any, **kwargs: Any) -> Any:
        run = _Run(f, args, kwargs, checked(positions, len(args)))
        output, aux = run.output if has_aux else (run.output, None)
        output = _one_number(output, f)
        gradients = run.pull([output], [seed(output.node, None)], record=False)
        value = run.public(output, run.recorded)
        gradient = gradients[0] if single else tuple(gradients)
        return ((value, run.public(aux, run.recorded)) if has_aux else value), gradient

    return value_and_gradient


def grad(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """Return the function's gradient: ∂f/∂(argument), in the argument's own structure.

    As `value_and_grad`, without the value; with `has_aux`, ``(gradient, aux)``. It nests to any
    order.

    Examples
    --------
    >>> import numpy as np, autograd_mini as ag
    >>> float(ag.grad(ag.grad(np.sin))(0.5)) == -float(np.sin(0.5))
    True
    """
    both = value_and_grad(f, argnums, has_aux)

    def gradient(*args: Any, **kwargs: Any) -> Any:
        value, slope = both(*args, **kwargs)
        return (slope, value[1]) if has_aux else slope

    return gradient


def vjp(f: Function, *primals: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """Return f's output and its pullback: cotangent of the output -> cotangents of the primals.

    With J the Jacobian of f, the pullback is ``v -> vᵀJ``; it may be called many times.

    Returns
    -------
    output, pullback
        `pullback(cotangent)` takes the structure of the output and gives a tuple, one entry per
        primal.

    Raises
    ------
    ValueError
        From the pullback, for a cotangent of another structure or shape.

    Examples
    --------
    >>> import numpy as np, autograd_mini as ag
    >>> y, pullback = ag.vjp(lambda a, b: a @ b, np.eye(2), np.array([1.0, 2.0]))
    >>> pullback(np.array([1.0, 0.0]))
    (array([[1., 2.],
           [0., 0.]]), array([1., 0.]))
    """
    run = _Run(f, primals, {}, range(len(primals)))
    leaves, _ = flatten(run.output)

    def pullback(cotangent: Any) -> tuple[Any, ...]:
        given = zip(leaves, _aligned(cotangent, run.output), strict=True)
        pairs = [(y, c) for y, c in given if type(y) is Tensor]
        tracked = any(type(c) is Tensor and c.node.tracked for _, c in pairs)
        record = context.now.mode > TRACKED or (tracked and context.now.mode == TRACKED)
        seeds = [seed(y.node, c if record else unwrap(c)) for y, c in pairs]
        return tuple(run.pull([y for y, _ in pairs], seeds, record))

    order = walk(*(t.node for t in leaves if type(t) is Tensor), tracked=True)
    return run.public(run.output, run.needs_record(order)), pullback


def backprop(J: Tensor, wrt: Any, cotangent: Any = None, record: bool = False) -> Any:
    """Return ∂J/∂t for any tensors of the recorded graph, inner ones included.

    So the note's δ^(l) is read: it is m · ∂J/∂z^(l).

    Parameters
    ----------
    J : Tensor
        Where the backward pass starts.
    wrt : Tensor, or list (or other structure) of them
    cotangent : array_like, optional
        ∂(what is wanted)/∂J; needed unless J has one element.
    record : bool
        Record the backward pass too: the result is Tensors, to be differentiated or drawn.

    Returns
    -------
    The structure of `wrt`, with arrays (Tensors if recorded) in place of its tensors; zero where
    J does not depend on one.

    Raises
    ------
    TypeError
        If J or something in `wrt` is no Tensor.
    ValueError
        If J or a tensor of `wrt` is not recorded, or J has many elements and no cotangent is given.

    Examples
    --------
    >>> import numpy as np, autograd_mini as ag
    >>> w = ag.Tensor([1.0, 2.0], requires_grad=True)
    >>> z = 3.0 * w
    >>> ag.backprop((z * z).sum(), wrt=[z])
    [array([ 6., 12.])]
    """
    tensors, rebuild = flatten(wrt)
    for item in (J, *tensors):
        if type(item) is not Tensor:
            raise TypeError(f"ag.backprop reads Tensors; got {type(item).__name__}: {item!r}")
        if not item.node.tracked:
            cure = "make it, or a leaf below it, with requires_grad=True"
            raise ValueError(f"{describe(item.node)} is not on the recorded graph: {cure}")
    nodes = [item.node for item in tensors]
    record = record or context.now.mode > TRACKED
    first: Any = seed(J.node, cotangent if record else unwrap(cotangent))
    first = wrap(np.array(first)) if record and type(first) is not Tensor else first
    found = propagate([J.node], [first], nodes, lift if record else None)
    return rebuild([_cotangent(found, node, record) for node in nodes])


def checked(positions: tuple[int, ...], given: int) -> tuple[int, ...]:
    known = all(type(i) is int and -given <= i < given for i in positions)
    if not known or len({i % given for i in positions}) < len(positions):
        wrong = f"argnums={positions} of {given} positional arguments"
        raise TypeError(f"{wrong}; pass what is differentiated by position, and name each once")
    return positions


def _one_number(output: Any, f: Function) -> Tensor:
    """Return f's output as a Tensor (a constant one, where f does not depend on its argument)."""
    value = np.asarray(None if one_level(output) else unwrap(output))
    if value.size != 1 or value.dtype.kind not in "biuf":
        raise ValueError(sys.modules[__package__].blame.not_one_real(f, output, value))
    return output if type(output) is Tensor else wrap(value.astype(float)[()])
