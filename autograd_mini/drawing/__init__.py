"""Pictures of recorded graphs and of networks: `draw`.

One plain data structure (model.py) is made from Nodes (recorded.py, kept small by fold.py) or from
a network's weights (neurons.py), with every rule as a formula (formulas.py) and what it gives its
arguments (cotangents.py). Every format is made from it by a file of its own (dot.py, text.py,
mermaid.py, jsons.py, svg.py by layered.py's layout, page.py with steps.py, which plays the passes),
and render.py finds the program that lays DOT out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ..compiler import Jitted
from ..nn.network import Network
from ..tensor import Tensor
from .fold import SMALLEST_BUDGET
from .jsons import from_json
from .model import ARROWS, FIELDS, THEMES, USUAL, Arrows, Theme
from .networks import diagram_of
from .opened import whole_graph
from .picture import Picture
from .programs import program_diagram
from .recorded import recorded_diagram
from .render import describe_engine

__all__ = ["Picture", "describe_engine", "draw", "from_json"]

BUDGET = 60


def draw(
    obj: Any,
    *,
    budget: int | None = BUDGET,
    depth: int | None = None,
    gradients: bool | None = None,
    inputs: Sequence[str] = (),
    X: Any = None,
    Y: Any = None,
    cost: str = "logistic",
    view: str = "units",
    fields: Sequence[str] = USUAL,
    edges: Arrows = "forward",
    theme: Theme = "light",
    legend: bool = True,
) -> Picture:
    """Draw what a Tensor was computed from, a network's units and weights, or a program.

    Parameters
    ----------
    obj
        A Tensor, a list or tuple of Tensors, an `nn.Network`; or a jitted function that was
        called: its program as it was recorded, and beside it as it runs.
    budget
        Draw a recorded graph of more nodes folded to as many: repeated runs become "×N", scopes
        one box each. None draws every node.
    depth
        Draw scopes nested deeper as one box each: with 0 every layer is one. A page opens them.
    gradients
        Show ∂J/∂(every tracked node); None: when J is one real scalar.
    inputs
        Names for a network's inputs, in place of x1, x2, ...
    X, Y, cost
        Of a network: an input (s_1,) that fills the units by their activations, and its answer,
        as the cost takes it, for rings around them: δ^(l) = ∂cost/∂z^(l).
    view
        Of a network: "units", or, of a 2-2-1 network, "planes": its input plane beside its
        hidden plane, with the points X (all of 0 and 1) and what they are (Y, or h ≥ ½). Or where
        δ comes from, for examples X and Y: "delta", the six nodes around δ^(L) for the logistic
        cost, where g' cancels, beside the quadratic cost; "hidden", those of the last hidden
        layer, where ∂cost/∂a, the sum over the connections, is not yet δ = ∂cost/∂z.
    fields
        What is written in the nodes of a recorded graph: of "name", "shape", "dtype", "value",
        "gradient", "rule" (each operation's derivative as a formula), "jacobian" (∂y/∂x of each
        operation, a large one in small) and "place" (file:line, of what `ag.debug` saw made).
    edges
        The arrows of a recorded graph: "forward" (what is computed from what), "backward" (the
        cotangents, with their numbers) or "both".
    theme
        "light", "dark", or "auto": an SVG then follows what the reader's system prefers.
    legend
        Say below a recorded graph what its shapes and colours mean.

    Returns
    -------
    Picture
        With `.dot`, `.text`, `.svg()`, `.png()`, `.save("f.html|svg|png|pdf|dot|mmd|json|txt")`,
        and `.show()` to look at it in a browser.

    Raises
    ------
    TypeError, ValueError
        For what can not be drawn, a budget below 8, an unknown word, gradients or backward edges
        of what is no scalar.

    Examples
    --------
    >>> import autograd_mini as ag
    >>> x = ag.Tensor(3.0, requires_grad=True, name="x")
    >>> picture = ag.draw(x * x)
    >>> print(picture.text)
    x = parameter   () float64   3   grad 6
    n1 = multiply(x, x)   () float64   9   grad 1
    <BLANKLINE>
    2 recorded nodes, with the output's gradient in each
    <BLANKLINE>
    """
    if budget is not None and budget < SMALLEST_BUDGET:
        raise ValueError(
            f"budget={budget} is too small for a picture; give at least {SMALLEST_BUDGET}, "
            "or None for every node"
        )
    if depth is not None and depth < 0:
        raise ValueError(f"depth={depth}; give 0 or more, or None for every scope")
    _check_fields(fields)
    _check_word("edges", edges, ARROWS)
    _check_word("theme", theme, THEMES)
    if isinstance(obj, Network):
        return Picture(replace(diagram_of(obj, inputs, X, Y, cost, view), theme=theme))
    if isinstance(obj, Jitted):
        return Picture(replace(program_diagram(obj, budget, depth), theme=theme, legend=legend))
    if X is not None or Y is not None or view != "units":
        raise TypeError(
            f"X, Y and view are for a Network, and {type(obj).__name__} was given; leave them out"
        )
    tensors = [obj] if isinstance(obj, Tensor) else obj
    if not isinstance(tensors, (list, tuple)):
        raise TypeError(
            "draw takes a Tensor, a list of Tensors, a Network or a jitted function, got "
            f"{type(obj).__name__}; "
            "a plain array has no history: compute on ag.Tensor(array, requires_grad=True)"
        )
    strangers = [type(item).__name__ for item in tensors if not isinstance(item, Tensor)]
    if strangers or not tensors:
        held = f"one with {strangers[0]}" if strangers else "an empty one"
        raise TypeError(f"draw takes a list of Tensors, got {held}; keep only the Tensors in it")
    nodes = [item.node for item in tensors]
    diagram = recorded_diagram(nodes, budget, gradients, tuple(fields), depth)
    if edges != "forward" and not any(vertex.gradient for vertex in diagram.vertices):
        raise ValueError(
            f"edges={edges!r} needs one tracked real scalar to differentiate; draw a cost, such as "
            'np.sum(t), with gradients on, or leave edges="forward"'
        )
    diagram = replace(diagram, arrows=edges, theme=theme, legend=legend)
    return Picture(diagram, lambda: whole_graph(nodes, budget, gradients, tuple(fields), depth))


def _check_word(name: str, given: str, known: Sequence[str]) -> None:
    if given not in known:
        raise ValueError(f"{name}={given!r}; give one of {', '.join(map(repr, known))}")


def _check_fields(fields: Sequence[str]) -> None:
    given = [fields] if isinstance(fields, str) else list(fields)
    unknown = [field for field in given if field not in FIELDS]
    if unknown or isinstance(fields, str):
        raise ValueError(
            f"fields={fields!r} asks for {unknown or 'a text'}; give a tuple of some of "
            f"{', '.join(FIELDS)}"
        )
