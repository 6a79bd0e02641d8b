"""Graphs to draw, and what the tests of pictures read back from them."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import strategies as st

import autograd_mini as ag

if TYPE_CHECKING:  # the shelf's tests stand beside this file where there is no drawing
    from autograd_mini.drawing import Picture
    from autograd_mini.drawing.model import Edge, Vertex

XOR_INPUTS = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
SVG = "{http://www.w3.org/2000/svg}"

HOSTILE = [
    'a "quoted" name',
    "\\N \\G \\E \\T \\H \\L \\l \\n \\",
    "<script>alert(1)</script>",
    "</TD></TR></TABLE>>];",
    "&amp;&lt;&#65;&#x41;",
    "two\nlines\r\tand tabs",
    "\x00\x01\x1b[31m\x7f",
    "\ud800 alone",
    "\u202eright to left",
    "\ufffe\uffff\ufeff",
    "θ ∂J/∂z Θ图 שלום 👩‍👧",
    "{a|b} -->]]><!--",
    '"]; n9 [label="',
    "n0",
    "x" * 10_000,
    "%s {} {0} $x",
]


def logistic_regression() -> Any:
    """J of two features and three examples, with names."""
    X = ag.Tensor([[0.5, -1.0], [1.5, 2.0], [0.1, 0.7]], name="X")
    theta = ag.Tensor([[0.3], [-0.2]], requires_grad=True, name="theta")
    z = X @ theta
    z.name = "z"
    J = np.mean(np.log1p(np.exp(-z)))
    J.name = "J"
    return J


def xnor_cost() -> ag.Tensor:
    Y = np.array([[1.0], [0.0], [0.0], [1.0]])
    return ag.nn.logistic_cost(ag.nn.gates.XNOR, XOR_INPUTS, Y, lam=0.1)


def chain(length: int, name: str = "x") -> Any:
    x: Any = ag.Tensor(0.5, requires_grad=True, name=name)
    for _ in range(length):
        x = np.tanh(x)
    return x


def vertex(picture: Picture, name: str) -> Vertex:
    (found,) = [v for v in picture.diagram.vertices if v.name == name]
    return found


def arriving(picture: Picture, key: str) -> list[Edge]:
    return [edge for edge in picture.diagram.edges if edge.target == key]


def texts(svg: str) -> list[str]:
    """Every text of an SVG, which must be well-formed XML."""
    return [
        "".join(e.itertext()).replace("\xa0", " ") for e in ET.fromstring(svg).iter(f"{SVG}text")
    ]


@st.composite
def graphs(draw: Callable[..., Any], most: int = 40) -> ag.Tensor:
    """A random graph of operations with one, two and three arguments, in random scopes."""
    made = [
        ag.Tensor(float(i), requires_grad=draw(st.booleans()), name=f"x{i}")
        for i in range(draw(st.integers(1, 3)))
    ]
    for _ in range(draw(st.integers(1, most))):
        a, b, c = (made[draw(st.integers(0, len(made) - 1))] for _ in range(3))
        with ag.scope(draw(st.sampled_from(["left", "right"]))):
            kind = draw(st.integers(0, 4))
            if kind == 0:
                made.append(np.tanh(a))
            elif kind == 1:
                with ag.scope("inner"):
                    made.append(np.subtract(a, b))
            elif kind == 2:
                made.append(np.where(True, a, b) + c)
            elif kind == 3:
                made.append(np.sum(np.stack([np.sin(a), np.sin(b), np.sin(c)]), axis=0))
            else:
                made.append(np.maximum(a, 2.0))
    return made[-1]


each_engine = pytest.mark.parametrize("engine", ["", "built-in"], ids=["graphviz-pure", "built-in"])
"""What AUTOGRAD_MINI_DOT is set to: nothing, so that what pip installed is found, or our own."""
