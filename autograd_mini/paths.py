"""Why is this gradient this number: `explain`, read from the recorded graph."""

from __future__ import annotations

from collections.abc import Sequence
from operator import index as as_int
from typing import Any, overload

import numpy as np

from .graph import Node, describe
from .paths_layers import Layers
from .paths_network import Unit, Weight, explain_unit, explain_weight
from .paths_trace import Paths, trace
from .tensor import Tensor

__all__ = ["explain"]


@overload
def explain(J: Tensor, *, weight: Sequence[int]) -> Weight: ...
@overload
def explain(J: Tensor, *, unit: Sequence[int]) -> Unit: ...
@overload
def explain(
    J: Tensor, *, wrt: Tensor, index: int | Sequence[int] | None = None, most: int = 10
) -> Paths: ...
def explain(
    J: Tensor, *, weight: Sequence[int] | None = None, unit: Sequence[int] | None = None,
    wrt: Tensor | None = None, index: int | Sequence[int] | None = None, most: int = 10,
) -> Weight | Unit | Paths:  # fmt: skip
    """Explain one number of a gradient: the factors and paths that make it up.

    `explain(J, weight=(l, i, j))`, in the note's numbering (units from 1, j = 0 the bias: the
    number at `net.theta[l][i − 1, j]`), takes apart

        ∂J/∂Θ_ij^(l) = mean over the examples of a_j^(l)·δ_i^(l+1), + (λ/m) Θ_ij^(l) for a weight

    and opens δ_i as `explain(J, unit=(l + 1, i))` does: strength a, readiness g'(z), and
    connections Σ_k Θ_ki δ_k = ∂cost/∂a, with δ = g'(z) · ∂cost/∂a = m·∂J/∂z. At the output ∂cost/∂a
    comes from the cost, and it is said whether g' cancels; a cost computed from z^(L) has no a^(L)
    in its graph, and no g': then the way from z to J is shown. Layers are found by the names z2,
    z3, ... that `nn.Network` records.

    `explain(J, wrt=w, index=(i, j))`, for any graph, follows the element w[i, j] (NumPy's
    numbering) through every array up to J. A *path* leads from element to element, never from
    array to array: each step has one local derivative ∂y[q]/∂x[p] that is a number, not zero, of
    one argument of one operation (x·x is two steps from x). A path's part is the product of its
    steps, and

        ∂J/∂w[i, j] = Σ over the paths of the product of their local derivatives.

    So a weight of a network with m examples has a path for each example and each way through the
    layers above it. Steps whose derivative is exactly 0 (relu of a negative number) carry nothing
    and are told apart, as `stops`.

    Parameters
    ----------
    J : Tensor
        One number, with its history.
    weight : (l, i, j)
        From unit j of layer l, 0 for the bias, to unit i of layer l + 1.
    unit : (l, i)
        Unit i of layer l; layer 1 is the input.
    wrt : Tensor
        Any tensor of J's graph, a leaf or an inner one.
    index : int or tuple of int
        Which element of `wrt`; not needed where it has only one.
    most : int
        How many paths to list, the largest first; they are counted in any case.

    Returns
    -------
    Weight, Unit or Paths
        What was asked for, as fields: `gradient`, `data`, `regularisation`, `strength`, `delta`,
        `receiver`; `strength`, `readiness`, `connections`, `terms`, `delta`; `gradient`, `count`,
        `paths` (each with `product` and `steps`). `str()` is text for a terminal, `to_html()` a
        fragment of a page, which notebooks show.

    Raises
    ------
    TypeError
        If J or `wrt` is no Tensor or holds complex numbers; unless one of `weight`, `unit` and
        `wrt` is given, and of whole numbers.
    ValueError
        If J is not one number, or has no history; if `wrt` is not recorded, or `index` does not
        name one element; when too many single numbers lie between it and J to follow them; when
        J's graph has no such layer or unit.

    Examples
    --------
    >>> import autograd_mini as ag
    >>> x = ag.Tensor(3.0, requires_grad=True, name="x")
    >>> y = 2.0 * x
    >>> y.name = "y"
    >>> why = ag.explain(y * y + x, wrt=x)
    >>> print(why)
    ∂J/∂x = 25   at x = 3
    the sum of 3 paths; on each arrow its local derivative, in front their product
      +12   x —(2)→ y —(6)→ multiply —(1)→ add
      +12   x —(2)→ y —(6)→ multiply —(1)→ add
      +1   x —(1)→ add
    >>> why.count, why.gradient, [path.product for path in why.paths]
    (3, 25.0, [12.0, 12.0, 1.0])

    Paths too many to list are counted, and the largest found, all the same:

    >>> z = x
    >>> for _ in range(200):
    ...     z = 0.5 * z + 0.25 * z
    >>> ag.explain(z, wrt=x, most=1).count == 2**200
    True

    A hidden unit of two, for one example:

    >>> net = ag.nn.Network.from_theta([[[0, 1, 0], [0, 0, -1]], [[0, 2, 4]]])
    >>> J = ag.nn.quadratic_cost(net, [0.0, 0.0], [0.0])
    >>> why = ag.explain(J, unit=(2, 1))
    >>> why.strength, why.readiness, why.terms.round(4), why.delta.round(4)
    (array([0.5]), array([0.25]), array([[0.0861]]), array([0.0215]))
    >>> ag.explain(J, weight=(1, 1, 2))
    <Weight: ∂J/∂Θ^(1)[1, 2] = 0   at Θ^(1)[1, 2] = 0>
    """
    output = _one_number(J)
    given = sum(each is not None for each in (weight, unit, wrt))
    if given != 1 or (wrt is None and index is not None):
        ways = "weight=(l, i, j), unit=(l, i), or wrt=w, index=(i, j)"
        raise TypeError(f"explain which number? Give one of {ways}")
    if weight is not None:
        return explain_weight(Layers(output), *_numbers("weight", weight, ("l", "i", "j")))
    if unit is not None:
        return explain_unit(Layers(output), *_numbers("unit", unit, ("l", "i")))
    start = _recorded(wrt, "wrt")
    if as_int(most) < 0:
        raise ValueError(f"most={most}; expected how many paths to list, 0 or more")
    return trace(output, start, _place(start, index), as_int(most))


def _numbers(role: str, given: Any, names: Sequence[str]) -> list[int]:
    """Return the note's numbers."""
    wrong = f"{role}={given!r}; expected whole numbers, {role}=({', '.join(names)})"
    try:
        numbers = [as_int(each) for each in given]
    except TypeError:
        raise TypeError(wrong) from None
    if len(numbers) != len(names):
        raise TypeError(wrong)
    return numbers


def _one_number(J: Any) -> Node:
    node = _recorded(J, "J")
    if node.value.shape and np.size(node.value) != 1:
        one = f"explain speaks of one number; {describe(node)} has {np.size(node.value)}"
        raise ValueError(f"{one}: pass an element of it, J[0], or its sum")
    return node


def _recorded(tensor: Any, role: str) -> Node:
    if type(tensor) is not Tensor:
        raise TypeError(f"{role} must be a Tensor of the graph; got {type(tensor).__name__}")
    node = tensor.node
    if not node.tracked:
        cure = "compute it outside no_grad from a Tensor made with requires_grad=True"
        raise ValueError(f"{role}, {describe(node)}, is not on a recorded graph; {cure}")
    if node.value.dtype.kind == "c":
        raise TypeError(f"{role}, {describe(node)}, is complex; explain reads real graphs")
    return node


def _place(node: Node, index: Any) -> int:
    """Return the flat place of an element, given as NumPy counts."""
    shape = node.value.shape
    if index is None and np.prod(shape) == 1:
        return 0
    wrong = f"index={index!r} does not name one element of {describe(node)}"
    try:
        given = tuple(map(as_int, index if isinstance(index, Sequence) else (index,)))
        if len(given) != len(shape):
            raise IndexError
        places = np.arange(np.prod(shape, dtype=int)).reshape(shape)
        return int(places[given])
    except (TypeError, IndexError):
        example = tuple(0 for _ in shape)
        raise ValueError(f"{wrong}; write one index per axis, such as index={example}") from None
