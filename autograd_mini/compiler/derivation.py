"""`derivation`: ∂J/∂z = … = (a − y)/m, one named identity a line, each line checked.

The first lines are the recorded backward pass; what follows are the compiler's identities, one at
a time. What a line says is computed from the recorded values and compared with backpropagation.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..context import EVERYTHING
from ..graph import Node, describe, make_node, walk
from ..recording import aside
from ..tensor import Tensor
from ..transforms import backprop
from .deriving import Deriving, Line
from .expressions import Expression
from .notations import LATEX, MATHML, TEXT, written
from .specs import Spec

__all__ = ["Derivation", "derivation", "of_program"]


class Derivation:
    """A derivation, line by line. `str()` is its text; notebooks show it as formulas.

    Attributes
    ----------
    lines : list of (str, str, float)
        Each line's expression, the identity that led to it, and the largest difference between
        its value and the gradient by backpropagation.
    """

    def __init__(self, left: Expression, lines: list[Line]) -> None:
        self.left, self._lines = left, lines

    @property
    def lines(self) -> list[tuple[str, str, float]]:
        """Each line's expression, identity and difference."""
        return [(written(x.expression, TEXT), x.identity, x.difference) for x in self._lines]

    @property
    def text(self) -> str:
        """The derivation in Unicode."""
        left = written(self.left, TEXT)
        wide = max(len(said) for said, _, _ in self.lines)
        rows = []
        for k, (said, identity, _) in enumerate(self.lines):
            start = left if k == 0 else " " * len(left)
            rows.append(f"{start} = {said:{wide}}   [{identity}]")
        return "\n".join(rows)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return self.text

    def latex(self) -> str:
        """Return the derivation as LaTeX, an `aligned` block without dollar signs."""
        rows = []
        for k, line in enumerate(self._lines):
            left = written(self.left, LATEX) if k == 0 else ""
            said = line.identity.replace("_", r"\_")
            rows.append(rf"{left} &= {written(line.expression, LATEX)} && \text{{{said}}}")
        return "\\begin{aligned}\n" + " \\\\\n".join(rows) + "\n\\end{aligned}"

    def formulas(self) -> list[str]:
        """Return each line as a LaTeX formula of its own."""
        left = written(self.left, LATEX)
        return [f"{left} = {written(line.expression, LATEX)}" for line in self._lines]

    def mathml(self) -> str:
        """Return the derivation as MathML, a table of equations."""
        rows = []
        for k, line in enumerate(self._lines):
            left = written(self.left, MATHML) if k == 0 else ""
            right = written(line.expression, MATHML)
            note = line.identity.replace("&", "&amp;").replace("<", "&lt;")
            rows.append(
                f"<mtr><mtd>{_row(left)}</mtd><mtd><mo>=</mo></mtd><mtd {_LEFT}>{_row(right)}</mtd>"
                f"<mtd {_LEFT}><mtext>{note}</mtext></mtd></mtr>"
            )
        table = f'<mtable columnalign="right center left left" displaystyle="true">{"".join(rows)}'
        start = '<math xmlns="http://www.w3.org/1998/Math/MathML" display="block">'
        return f"{start}{table}</mtable></math>"

    def _repr_html_(self) -> str:
        return self.mathml()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {
            "text/plain": self.text, "text/html": self.mathml(), "text/latex": f"${self.latex()}$",
        }  # fmt: skip


_LEFT = 'style="text-align: left; padding-right: 2em"'
"""Browsers that know no columnalign."""


def _row(text: str) -> str:
    return f"<mrow>{text}</mrow>"


def derivation(J: Tensor, wrt: Tensor, names: Mapping[str, Any] | None = None) -> Derivation:
    """Derive ∂J/∂wrt step by step, from the recorded graph.

    Parameters
    ----------
    J : Tensor
        One number, recorded.
    wrt : Tensor
        What J is derived with respect to: an inner tensor such as `net.forward(X).z[3]`, or a leaf.
    names : dict, optional
        Names of arrays and numbers in the formula, {"y": Y, "w": weights}; what has no name is
        called after what it is: tensors by their names, labels y, the number of examples m.

    Returns
    -------
    Derivation
        With `.text` (its `str`), `.latex()`, `.mathml()` and `.lines`; notebooks show formulas.

    Raises
    ------
    TypeError
        If J or wrt is no Tensor.
    ValueError
        If one of them is not recorded, J has many elements, or the formula has too many operations
        between named tensors.
    ArithmeticError
        If a line's value is not the gradient's: never seen, and never to be printed.

    Notes
    -----
    An expression is meant for every element: y is a row of Y for each example. Next to a product of
    matrices, ∘ says that a product is elementwise. Where a line divides by 0 it is not compared.

    Examples
    --------
    >>> import autograd_mini as ag
    >>> net, X, Y = ag.nn.gates.OR, [[0.5, 0.25], [0.25, 1.0]], [1, 0]
    >>> J = ag.nn.logistic_cost_literal(net, run := net.forward(X), Y)
    >>> print(ag.derivation(J, wrt=run.z[2]).lines[-1][0])
    (a2 − y)/m
    """
    if type(wrt) is not Tensor:
        raise TypeError(f"ag.derivation derives with respect to one Tensor; got {wrt!r:.99}")
    with aside(EVERYTHING), np.errstate(all="ignore"):
        gradient = backprop(J, wrt, record=True)
    if J.node.value.size != 1:
        raise ValueError(f"a derivation is one of a number; {describe(J.node)}: sum it")
    return Derivation(*Deriving(J.node, wrt.node, gradient.node, dict(names or {})).derived())


def of_program(program: Any, wrt: str = "") -> Derivation:
    """Derive a gradient that a jitted program computes (see `Jitted.derivation`)."""
    copied = _with_values(walk(*program.before))
    named = {node.name: node for node in copied.values() if node.name}
    found = [name for name in named if f"{name}_grad" in named]
    layers = sorted((n for n in found if re.fullmatch(r"z\d+", n)), key=lambda n: int(n[1:]))
    name = wrt or (layers or [*found, ""])[-1]
    if name not in found:
        cure = "compile ag.value_and_grad of a cost of named tensors, such as ag.nn's costs"
        cure = f"it has those of {', '.join(found)}" if found else cure
        raise ValueError(f"the program has no gradient of {name or 'a named tensor'}; {cure}")
    J = named.get("J", copied[program.before[0]])
    return Derivation(*Deriving(J, named[name], named[f"{name}_grad"], {}).derived())


def _with_values(nodes: list[Node]) -> dict[Node, Node]:
    """Run a program's graph, whose nodes know shapes only, on numbers between 0 and 1."""
    random = np.random.default_rng(0)
    copied: dict[Node, Node] = {}
    for node in nodes:
        inputs = tuple(copied[x] for x in node.inputs)
        value = node.value
        if node.op is not None:
            with np.errstate(all="ignore"):
                value = node.op.compute(*[x.value for x in inputs], **node.metadata)
        elif type(value) is Spec:
            value = np.asarray(random.uniform(0.1, 0.9, value.shape)).astype(value.dtype)[()]
        made = make_node(node.op, inputs, node.metadata, value, node.tracked, node.scope)
        made.name = node.name
        copied[node] = made
    return copied
