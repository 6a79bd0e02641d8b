"""Derivatives made of `vjp` and `grad`: tangents, Jacobians, Hessians and their products.

A pullback is linear in its cotangent, so pulling back through *it* gives the pushforward: forward
mode needs no second table of rules. Everything composes to any order, and takes and gives nested
arguments as `grad` does. Written J for ∂f/∂x and H for ∂²f/∂x²:

    jvp         J v         a column space: one direction, all outputs
    jacobian    J           row by row, or column by column where these are fewer
    hessian     H           the Jacobian of the gradient
    hvp         H v         as cheap as a few gradients; H is never built
    ggnvp       Jᵀ H_E J v  the Gauss-Newton part of H for a cost E(f(x))
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .batching import vmap
from .tensor import Tensor, wrap
from .transforms import checked, flatten, grad, vjp

__all__ = ["ggnvp", "hessian", "hvp", "jacobian", "jvp"]

Function = Callable[..., Any]
Argnums = int | Sequence[int]


def jvp(f: Function, primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """Return f's output and its derivative along a direction, J v.

    Parameters
    ----------
    f : callable
        Of numbers, arrays, Tensors and containers of them, to the same.
    primals : sequence
        Its arguments.
    tangents : sequence
        v: the direction, one entry per primal, each of its structure and shapes.

    Returns
    -------
    output, tangent
        The tangent has the output's structure and shapes.

    Raises
    ------
    TypeError, ValueError
        When primals and tangents are not equally many or differ in structure or shape.

    Examples
    --------
    >>> import numpy as np, autograd_mini as ag
    >>> y, dy = ag.jvp(lambda x: x**3, (2.0,), (1.0,))
    >>> float(y), float(dy)
    (8.0, 12.0)
    """
    primals, tangents = _directions(primals, tangents)
    output, push = _linearised(f, primals)
    return output, push(tangents)


def _directions(primals: Any, tangents: Any) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    for name, given in (("primals", primals), ("tangents", tangents)):
        if not isinstance(given, (tuple, list)):
            expected = f"{name} must be a tuple, one entry per argument of f"
            raise TypeError(f"{expected}; got {type(given).__name__}: write ({name[:-1]},)")
    if len(primals) != len(tangents):
        raise ValueError(f"{len(primals)} primals and {len(tangents)} tangents; give one for each")
    return tuple(primals), tuple(tangents)


def _linearised(f: Function, primals: tuple[Any, ...]) -> tuple[Any, Function]:
    """Return f's output and its pushforward v -> J v, which may be called many times.

    With the pullback u -> Jᵀu, the pullback of *that* is v -> (Jᵀ)ᵀv. It is linear, so any u will
    do to record it; at ones no 0 meets an infinity.
    """
    output, pullback = vjp(f, *primals)
    leaves, rebuild = flatten(output)
    ones = [np.ones(np.shape(y), _float_type(y)) for y in leaves]
    _, push = vjp(lambda *u: pullback(rebuild(u)), *ones)

    def pushforward(tangents: Any) -> Any:
        pairs = zip(push(tangents), leaves, strict=True)
        return rebuild([_like(tangent, y) for tangent, y in pairs])

    return output, pushforward


def _float_type(value: Any) -> Any:
    dtype = value.dtype if hasattr(value, "dtype") else np.asarray(value).dtype
    return dtype if dtype.kind in "fc" else np.float64


def _like(tangent: Any, value: Any) -> Any:
    """Return a tangent as its output is: a Tensor beside a Tensor."""
    return wrap(tangent) if type(value) is Tensor and type(tangent) is not Tensor else tangent


def jacobian(f: Function, argnums: Argnums = 0) -> Function:
    """Return a function that gives f's Jacobian: every output's derivative in every input.

    Parameters
    ----------
    f : callable
        Returns a number, an array or a structure of them.
    argnums : int or sequence of int
        The arguments to differentiate, as for `grad`.

    Returns
    -------
    callable
        ∂f/∂x of shape ``output.shape + x.shape``. Of structures: the output's structure, and at
        each leaf of it the argument's (for a sequence of argnums a tuple of them). A complex f of
        complex x is taken to be holomorphic; of a real f it is the gradient, as `grad` gives it.

    Examples
    --------
    >>> import numpy as np, autograd_mini as ag
    >>> A = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    >>> ag.jacobian(lambda x: A @ x**2)(np.array([1.0, 10.0]))
    array([[  2.,  40.],
           [  6.,  80.],
           [ 10., 120.]])
    """
    positions, single = tuple(np.atleast_1d(argnums).tolist()), np.ndim(argnums) == 0

    def of(*args: Any, **kwargs: Any) -> Any:
        checked(positions, len(args))

        def g(*chosen: Any) -> Any:
            full = list(args)
            for i, value in zip(positions, chosen, strict=True):
                full[i] = value
            return f(*full, **kwargs)

        primals = tuple(args[i] for i in positions)
        blocks, rebuild_output, rebuild_inputs = _blocks(g, primals)
        inputs = [rebuild_inputs(row) for row in blocks]
        return rebuild_output([x[0] if single else x for x in inputs])

    return of


def _blocks(f: Function, primals: tuple[Any, ...]) -> tuple[list[list[Any]], Function, Function]:
    """Return ∂(output leaf)/∂(input leaf) for every pair, and the ways back to the structures."""
    inputs, rebuild_inputs = flatten(primals)
    output, pullback = vjp(f, *primals)
    outputs, rebuild_output = flatten(output)
    fewer_columns = sum(map(np.size, inputs)) < sum(map(np.size, outputs))
    is_complex = [any(map(np.iscomplexobj, leaves)) for leaves in (inputs, outputs)]
    if is_complex[1] or (fewer_columns and not is_complex[0]):
        columns = _images(_linearised(f, primals)[1], rebuild_inputs, inputs)
        blocks = [
            [_block(columns[b][a], -1, y, x) for b, x in enumerate(inputs)]
            for a, y in enumerate(outputs)
        ]
    else:
        rows = _images(pullback, rebuild_output, outputs)
        blocks = [
            [_block(rows[a][b], 0, y, x) for b, x in enumerate(inputs)]
            for a, y in enumerate(outputs)
        ]
    return blocks, rebuild_output, rebuild_inputs


def _images(linear: Function, rebuild: Function, leaves: list[Any]) -> list[list[Any]]:
    """Return what a linear function makes of the unit vectors of each leaf, all at once.

    One list per leaf, of the leaves of the results, the unit vectors along the first axis.
    """
    found = []
    for place, x in enumerate(leaves):
        n = np.size(x)
        units = [np.zeros((n, *np.shape(leaf)), _float_type(leaf)) for leaf in leaves]
        units[place] = np.eye(n, dtype=units[place].dtype).reshape(units[place].shape)
        found.append(flatten(vmap(lambda *v: linear(rebuild(v)))(*units))[0])
    return found


def _block(images: Any, axis: int, y: Any, x: Any) -> Any:
    return np.reshape(np.moveaxis(images, 0, axis), (*np.shape(y), *np.shape(x)))


def hessian(f: Function, argnums: Argnums = 0) -> Function:
    """Return a function that gives f's second derivatives, the Jacobian of its gradient.

    Parameters
    ----------
    f : callable
        Returns one real number.
    argnums : int or sequence of int
        The arguments to differentiate; a sequence gives a tuple of tuples, all mixed partials.

    Returns
    -------
    callable
        H of shape ``x.shape + x.shape``; symmetric.

    Examples
    --------
    >>> import numpy as np, autograd_mini as ag
    >>> ag.hessian(lambda x: x[0] ** 2 * x[1])(np.array([3.0, 5.0]))
    array([[10.,  6.],
           [ 6.,  0.]])
    """
    return jacobian(grad(f, argnums), argnums)


def hvp(f: Function, primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, ...]:
    """Return H v, f's second derivatives times a direction, without building H.

    H is symmetric, so H v is the gradient pulled back from v: two recorded passes and one more.

    Parameters
    ----------
    f : callable
        Returns one real number.
    primals, tangents : sequence
        As for `jvp`.

    Returns
    -------
    tuple
        One entry per primal, in its structure.

    Examples
    --------
    >>> import numpy as np, autograd_mini as ag
    >>> ag.hvp(lambda x: x[0] ** 2 * x[1], (np.array([3.0, 5.0]),), (np.array([1.0, 0.0]),))
    (array([10.,  6.]),)
    """
    primals, tangents = _directions(primals, tangents)
    _, pullback = vjp(grad(f, range(len(primals))), *primals)
    return pullback(tangents)


def ggnvp(
    f: Function, loss: Function, primals: Sequence[Any], tangents: Sequence[Any]
) -> tuple[Any, ...]:
    """Return Jᵀ H_E J v, the Gauss-Newton part of the second derivatives of loss(f(x)).

    J is f's Jacobian, H_E the Hessian of the loss at f's output. With a convex loss the matrix is
    positive semi-definite where H itself need not be, so second-order methods use it.

    Parameters
    ----------
    f : callable
        The model, of any output.
    loss : callable
        Of f's output; returns one real number.
    primals, tangents : sequence
        As for `jvp`.

    Examples
    --------
    Least squares: JᵀJ v.

    >>> import numpy as np, autograd_mini as ag
    >>> A = np.array([[1.0, 2.0], [3.0, 4.0]])
    >>> half_squares = lambda y: 0.5 * np.sum(y * y)
    >>> ag.ggnvp(lambda x: A @ x, half_squares, (np.zeros(2),), (np.array([1.0, 0.0]),))
    (array([10., 14.]),)
    """
    primals, tangents = _directions(primals, tangents)
    output, push = _linearised(f, primals)
    (curved,) = hvp(loss, (output,), (push(tangents),))
    _, pullback = vjp(f, *primals)
    return pullback(curved)
