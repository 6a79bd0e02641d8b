"""Operations made on the spot, at whose border the backward pass does as it is told.

A whole function becomes one node of the graph: `checkpoint` forgets what happened inside and runs
it again when the gradient is asked for; `custom_vjp` takes its gradient from its author;
`register_hook` looks at a cotangent as it passes, or changes it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import update_wrapper, wraps
from typing import Any

import numpy as np

from .context import OFF, TRACKED, context
from .graph import EMPTY, Node, constant, describe, leaf
from .op import OPS, Op
from .recording import followed
from .reverse import propagate
from .rules.elementwise import identity
from .tensor import Tensor, apply, lift, record, tensor_of
from .transforms import flatten

__all__ = ["checkpoint", "custom_vjp", "register_hook"]

Function = Callable[..., Any]


def checkpoint(f: Function) -> Function:
    """Return f with its inner values forgotten: the backward pass computes them again.

    A chain of n layers keeps n values; cut into √n pieces, each a checkpoint, it keeps √n and the
    inner ones of one piece at a time, for one more forward pass. f must be a pure function: it is
    called again with the same arguments and must do the same.

    Raises
    ------
    RuntimeError
        In the backward pass, when f does not give again what it gave: what it captured names
        something else by now (a loop's variable, a weight after a step), or it draws at random.

    Parameters
    ----------
    f : callable
        Of nested arguments to nested results. Weights that it captures get their gradients too.

    Returns
    -------
    callable
        The same values and derivatives, of every order.

    Examples
    --------
    >>> import numpy as np, autograd_mini as ag
    >>> f = lambda x: np.tanh(np.sin(x))
    >>> piece = ag.checkpoint(f)
    >>> bool(ag.grad(lambda x: piece(piece(x)))(0.5) == ag.grad(lambda x: f(f(x)))(0.5))
    True
    """

    @wraps(f)
    def forgetting(*args: Any, **kwargs: Any) -> Any:
        if context.now.mode != TRACKED:
            return f(*args, **kwargs)
        call = _Call(args, kwargs)

        def run(arguments: Sequence[Any]) -> _Inside:
            with followed():
                start = constant(None).number
                twins = [_fresh(x) for x in arguments]
                again, keywords = call.with_arguments(twins)
                return _Inside(f(*again, **keywords), start, [twin.node for twin in twins])

        inside = run([node.value for node in call.border])
        captured = inside.captured

        def pull(g: Any, y: Any, *operands: Any) -> list[Any]:
            arguments = operands[: len(call.border)]
            again = run(arguments)
            passed = {x.node for x in arguments if type(x) is Tensor}
            same = {*again.captured} - passed == {*captured} - passed
            if not same or not again.gives(y):
                changed = "run again it does not give what it gave: what it captured has changed"
                cure = "pass what changes as an argument, and step or draw at random outside of it"
                raise RuntimeError(f"checkpoint {_name(f)}: {changed}; {cure}")
            wanted = [*again.arguments, *captured]
            record = lift if type(operands[0]) is Tensor else None
            found = propagate(again.nodes, list(g), wanted, record, again.order, captured)
            return [found.get(n, np.zeros(n.value.shape, n.value.dtype)) for n in wanted]

        return inside.as_one_node(f"checkpoint {_name(f)}", [*call.border, *captured], pull)

    return forgetting


class _Call:
    """A call's arguments: the tracked Tensors among them, and the rest, which stays as it is."""

    def __init__(self, args: Any, kwargs: Any) -> None:
        self.given, self.rebuild = flatten((args, kwargs))
        self.places = [
            i for i, item in enumerate(self.given) if type(item) is Tensor and item.requires_grad
        ]
        self.border: list[Node] = [self.given[i].node for i in self.places]

    def with_arguments(self, chosen: Sequence[Any]) -> Any:
        """Return args and kwargs with others in the places of the tracked Tensors."""
        full = list(self.given)
        for i, value in zip(self.places, chosen, strict=True):
            full[i] = value
        return self.rebuild(full)


class _Inside:
    """What a function returned, and the graph it recorded since `start`."""

    def __init__(self, output: Any, start: int, arguments: list[Node]) -> None:
        self.start, self.arguments = start, arguments
        self.results, self.restore = flatten(output)
        self.tracked = [
            i for i, y in enumerate(self.results) if type(y) is Tensor and y.requires_grad
        ]
        self.nodes: list[Node] = [self.results[i].node for i in self.tracked]

    @property
    def order(self) -> list[Node]:
        """What was recorded inside, and the captured nodes it read, oldest first."""
        seen = dict.fromkeys(self.nodes)
        order = list(seen)
        for node in order:  # grows while it is read
            for parent in node.inputs if node.number > self.start else ():
                if parent.tracked and parent not in seen:
                    seen[parent] = None
                    order.append(parent)
        return sorted(order, key=lambda node: node.number)

    @property
    def captured(self) -> list[Node]:
        """What was recorded before: weights, or anything else with a derivative, of outside."""
        return [node for node in self.order if node.number < self.start]

    def gives(self, values: Sequence[Any]) -> bool:
        """Tell whether the results are these, to rounding: a product may be summed anew."""
        return len(values) == len(self.nodes) and all(map(_is_same, self.nodes, values))

    def as_one_node(self, name: str, inputs: list[Node], pull: Function) -> Any:
        """Return the results as outputs of one operation, in the structure they had."""
        if not self.nodes:
            return self.restore(self.results)
        values = tuple(_owned(node, inputs) for node in self.nodes)
        op = Op(identity, name, (pull,), variadic=True)
        results = list(self.results)
        for i, y in zip(self.tracked, record(op, tuple(inputs), EMPTY, values, True), strict=True):
            y.name = results[i].name
            results[i] = y
        return self.restore(results)


def _is_same(node: Node, value: Any) -> bool:
    found: Any = node.value
    value = value.node.value if type(value) is Tensor else value
    if found.shape != value.shape or found.dtype != value.dtype:
        return False
    if np.array_equal(found, value, equal_nan=True):
        return True
    finite = np.isfinite(value)
    near = 1e3 * np.finfo(value.dtype).eps * np.max(np.abs(value[finite]), initial=0.0)
    return np.array_equal(finite, np.isfinite(found)) and bool(
        np.all(np.abs(found[finite] - value[finite]) <= near)
    )


def _owned(node: Node, inputs: Sequence[Node]) -> Any:
    """Return a value that shares memory with no input: the border does not say what is a view."""
    value = node.value
    lent = isinstance(value, np.ndarray) and value.base is not None
    return np.array(value) if lent or any(value is x.value for x in inputs) else value


def _fresh(argument: Any) -> Tensor:
    """Name a value anew, so that its cotangent is that of this use alone."""
    if type(argument) is Tensor:
        return apply(OPS[identity], (argument,))  # type: ignore[no-any-return]
    return tensor_of(leaf(argument, None))


def _name(f: Function) -> str:
    return getattr(f, "__name__", "f")


class custom_vjp:  # noqa: N801 -- a decorator, as in JAX
    """Decorate a function whose gradient you will give: `f.defvjp(forward, backward)`.

    For a function of NumPy, or one operation of your own, `ag.rule` is shorter.

    Parameters
    ----------
    f : callable
        Called as it is where no derivative is asked for.

    Examples
    --------
    log(1 + e^x), whose own derivative is a sigmoid, written so that nothing overflows:

    >>> import numpy as np, autograd_mini as ag
    >>> @ag.custom_vjp
    ... def softplus(x):
    ...     return np.logaddexp(0.0, x)
    >>> softplus.defvjp(
    ...     lambda x: (softplus(x), x),  # the output, and what the backward pass will need
    ...     lambda x, g: (g / (1.0 + np.exp(-x)),),
    ... )
    >>> float(ag.grad(softplus)(0.0)), float(ag.grad(ag.grad(softplus))(0.0))
    (0.5, 0.25)
    """

    def __init__(self, f: Function) -> None:
        self.f = f
        self.rules: tuple[Function, Function] | None = None
        update_wrapper(self, f)

    def defvjp(self, forward: Function, backward: Function) -> None:
        """Say what the derivative is.

        Parameters
        ----------
        forward : callable
            The arguments -> (output, residuals): whatever the backward pass needs.
        backward : callable
            (residuals, cotangent of the output) -> a tuple, the cotangent of each argument, None
            where there is none. Written in NumPy functions, it has derivatives itself.
        """
        self.rules = forward, backward

    def __call__(self, *args: Any) -> Any:
        """Call f, as one operation where a derivative may be asked for."""
        call = _Call(args, {})
        if context.now.mode == OFF or not call.border:
            return self.f(*args)
        if self.rules is None:
            given = "with forward(*args) -> (output, residuals) and backward(residuals, cotangent)"
            raise TypeError(f"{_name(self.f)} has no gradient yet: call defvjp {given}")
        forward, backward = self.rules

        def ahead(values: Sequence[Any]) -> tuple[Any, Any]:
            pair = forward(*call.with_arguments(values)[0])
            if not isinstance(pair, tuple) or len(pair) != 2:
                expected = "must return a pair, (output, residuals)"
                raise TypeError(f"forward of {_name(self.f)} {expected}; got {type(pair).__name__}")
            return pair

        def values_of(*values: Any) -> tuple[Any, ...]:
            return tuple(map(_value, flatten(ahead(values)[0])[0]))

        output, residuals = ahead([node.value for node in call.border])
        results, restore = flatten(output)
        # Who replays a recorded program runs this operation on other values than these.
        replayed = context.now.mode > TRACKED

        def pull(g: Any, y: Any, *operands: Any) -> list[Any]:
            recorded = type(operands[0]) is Tensor
            kept = ahead(operands)[1] if recorded or replayed else residuals
            given = backward(kept, restore(list(g)))
            if not isinstance(given, tuple) or len(given) != len(args):
                must = f"backward of {_name(self.f)} must return a tuple of {len(args)} cotangents"
                raise TypeError(f"{must}, one for each argument; got {given!r:.99}")
            parts: list[Any] = []
            for one, like in zip(given, args, strict=True):
                parts += [0.0] * len(flatten(like)[0]) if one is None else flatten(one)[0]
            return [parts[i] for i in call.places]

        op = Op(identity, _name(self.f), (pull,), variadic=True, compute=values_of)
        values = tuple(map(_value, results))
        return restore(record(op, tuple(call.border), EMPTY, values, True))


def _value(y: Any) -> Any:
    """Return an array, or a NumPy scalar where it has no axes (a recorder's own as it is)."""
    return (y if hasattr(y, "dtype") else np.asarray(y))[()]


def register_hook(tensor: Tensor, hook: Function) -> None:
    """Have `hook(cotangent)` called when a cotangent ∂J/∂(tensor) arrives; see it, or change it.

    Parameters
    ----------
    tensor : Tensor
        An inner one. What is computed from it from now on counts; a leaf's gradient lies in
        `.grad` after `backward`, to be changed there.
    hook : callable
        Returns another cotangent of the same shape, or None to leave it as it is.

    Raises
    ------
    ValueError
        For a leaf, or a tensor that is not recorded.

    Examples
    --------
    >>> import autograd_mini as ag
    >>> x = ag.Tensor([3.0, 4.0], requires_grad=True)
    >>> z = 2.0 * x
    >>> ag.register_hook(z, lambda g: g.clip(-5.0, 5.0))
    >>> (z * z).sum().backward()
    >>> x.grad  # without the hook [24, 32]
    array([10., 10.])
    """
    node = tensor.node
    if not node.inputs:
        cure = "a hook needs an inner tensor; a leaf's gradient is in .grad after backward"
        raise ValueError(f"{describe(node)}: {cure}")

    def passing(g: Any, y: Any, x: Any) -> Any:
        seen = np.conjugate(g) if y.dtype.kind == "c" else g
        changed = hook(seen if type(seen) is Tensor else np.array(seen))
        if changed is None:
            return g
        return np.conjugate(changed) if y.dtype.kind == "c" else changed

    twin = apply(Op(identity, "hook", (passing,), view=True), (tensor,))
    twin.node.view, twin.node.name, twin.node.scope = node.view, node.name, node.scope
    tensor.node = twin.node
