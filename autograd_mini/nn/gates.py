"""Logic made of sigmoid units: a Boolean expression becomes a network, a level of it a layer.

A unit whose z is at least 10 away from 0 is within 5e-5 of 0 or 1, so a layer can take the one
before it at its word. The weights are the course's; `not` of a gate negates its weights and bias.
XNOR, what one layer can not do, is OR(AND(x1, x2), NOR(x1, x2)).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from ..context import no_grad
from .network import Layers, Network

__all__ = ["AND", "COPY", "NOR", "NOT", "OR", "XNOR", "ExpressionError", "Gate", "Term"]
__all__ += ["from_expression", "parse", "truth_table"]

# ---- from text to terms ----

BINARY = {"implies": 0, "or": 1, "xor": 2, "xnor": 2, "and": 3}
"""The operators between two operands: the higher the number, the tighter they bind."""
BINDING = {**BINARY, "not": 4}


class ExpressionError(SyntaxError, ValueError):
    """The text is no expression: caught as a SyntaxError or as a ValueError.

    `position` is the place in the text, counted from 0; the message points at it.
    """

    def __init__(self, message: str, text: str = "", position: int = 0) -> None:
        left = re.sub(r"\s", " ", text[max(0, position - 60) : position])
        right = re.sub(r"\s", " ", text[position : position + 20])
        super().__init__(f"position {position}: {message}\n  {left}{right}\n  {' ' * len(left)}^")
        self.position = position


class Term(NamedTuple):
    """One node of the syntax tree."""

    word: str
    """An operator in lower case or, where there are no operands, the name of an input."""
    operands: tuple[int, ...]
    """Where the operands stand in the list of terms: before this one."""
    position: int
    """Where the word stands in the text."""


def parse(text: str) -> list[Term]:
    """Return an expression's syntax tree as a list, operands before operators, the root last.

    Two stacks and no recursion, so nesting may be as deep as it likes.

    Raises
    ------
    ExpressionError
        Where the text is no expression.

    Examples
    --------
    >>> for term in parse("not a and b"):
    ...     print(term)
    Term(word='a', operands=(), position=4)
    Term(word='not', operands=(0,), position=0)
    Term(word='b', operands=(), position=10)
    Term(word='and', operands=(1, 2), position=6)
    """
    terms: list[Term] = []
    waiting: list[tuple[str, int]] = []  # operators and open brackets
    values: list[int] = []  # operands that no operator has taken yet

    def reduce(binding: int) -> None:
        while waiting and BINDING.get(waiting[-1][0], -1) >= binding:
            word, place = waiting.pop()
            count = 1 if word == "not" else 2
            operands = tuple(values[-count:])
            values[-count:] = [len(terms)]
            terms.append(Term(word, operands, place))

    operand_next = True
    for word, place in ((match[0], match.start()) for match in re.finditer(r"\w+|\S|\Z", text)):
        operator = word.lower()
        if operand_next and operator in ("(", "not"):
            waiting.append((operator, place))
        elif operand_next and word.isidentifier() and operator not in BINDING:
            values.append(len(terms))
            terms.append(Term(word, (), place))
            operand_next = False
        elif not operand_next and operator in BINARY:
            reduce(BINARY[operator] + (operator == "implies"))  # which groups to the right
            waiting.append((operator, place))
            operand_next = True
        elif not operand_next and word in (")", ""):
            reduce(0)
            if word == "" and waiting:
                raise ExpressionError("this ( is never closed", text, waiting[-1][1])
            if word == ")" and not waiting:
                raise ExpressionError("this ) closes nothing", text, place)
            del waiting[-1:]
        else:
            operators = f"{', '.join(BINARY)}, ) or the end"
            expected = "an input's name, not or (" if operand_next else operators
            raise ExpressionError(f"expected {expected}, found {word or 'the end'}", text, place)
    return terms


# ---- from terms to units ----

GATES = {"COPY": (-10.0, 20.0), "AND": (-30.0, 20.0), "OR": (-10.0, 20.0)}
GATES |= {"NOT": (10.0, -20.0), "NAND": (30.0, -20.0), "NOR": (10.0, -20.0)}
"""Each unit's bias, and its weight from each of its one or two inputs."""
NEGATED = {"AND": "NAND", "NAND": "AND", "OR": "NOR", "NOR": "OR"}
BY_TWO = {"xor": ("AND", "OR", "NAND"), "xnor": ("OR", "AND", "NOR")}
MOST_UNITS, MOST_WEIGHTS = 100_000, 10_000_000
Unit = tuple[str, tuple[int, ...]]  # a gate and the numbers of its operands; an input has none


class _Units:
    """The units of an expression, equal ones once; operands have smaller numbers."""

    def __init__(self, terms: Sequence[Term]) -> None:
        self.gates: list[Unit] = []
        self.levels: list[int] = []
        self.known: dict[Unit, int] = {}
        self.copies: dict[int, list[int]] = {}
        made: list[int] = []
        for word, operands, _ in terms:
            made.append(self._lower(word, *(made[k] for k in operands)))
        self.root = made[-1] if self.levels[made[-1]] else self._unit("COPY", made[-1])

    def _unit(self, gate: str, *operands: int) -> int:
        """Return a unit of the level above its operands, which are carried up to one level."""
        level = max((self.levels[k] for k in operands), default=-1)
        carried = tuple(self._carried(k, level) for k in operands)
        key = gate, tuple(sorted(carried))
        if key not in self.known:
            self.known[key] = len(self.gates)
            self.gates.append((gate, carried))
            self.levels.append(level + 1)
            _limit(len(self.gates), MOST_UNITS, "units")
        return self.known[key]

    def _carried(self, unit: int, level: int) -> int:
        copies = self.copies.setdefault(unit, [unit])
        while self.levels[copies[-1]] < level:
            copies.append(self._unit("COPY", copies[-1]))
        return copies[level - self.levels[unit]]

    def _negated(self, unit: int) -> int:
        gate, operands = self.gates[unit]
        if not operands:
            return self._unit("NOT", unit)
        return operands[0] if gate == "NOT" else self._unit(NEGATED[gate], *operands)

    def _lower(self, word: str, *operands: int) -> int:
        """Express an operator by and, or and not."""
        if not operands:
            return self._unit(word)
        if word == "not":
            return self._negated(*operands)
        if word == "implies":
            return self._unit("OR", self._negated(operands[0]), operands[1])
        if word in BY_TWO:
            outer, *inner = BY_TWO[word]
            return self._unit(outer, *(self._unit(gate, *operands) for gate in inner))
        return self._unit(word.upper(), *operands)

    def layers(self) -> list[list[int]]:
        """Return what each level needs of the one before, the inputs first."""
        layers = [[self.root]]
        while self.levels[layers[-1][0]] > 0:
            operands = (k for unit in layers[-1] for k in self.gates[unit][1])
            layers.append(list(dict.fromkeys(operands)))
        layers[-1].sort()
        _limit(sum(len(a) * len(b) for a, b in pairwise(layers)), MOST_WEIGHTS, "weights")
        return layers[::-1]


def _limit(count: int, most: int, things: str) -> None:
    if count > most:
        raise ValueError(f"this expression needs more than {most:,} {things}: nest it less deeply")


class Gate(Network):
    """A network that computes a Boolean expression; `from_expression` makes it.

    Attributes
    ----------
    expression
        The text it was made from; `parse` gives its syntax tree.
    inputs
        The names of the columns of X, in order of first appearance.
    """

    expression: str = ""
    inputs: tuple[str, ...] = ()
    _units: tuple[tuple[str, ...], ...] = ()

    @property
    def units(self) -> Layers[tuple[str, ...]]:
        """What the units of each layer compute: inputs' names, then AND, NOR, COPY, ...

        >>> XNOR.units
        {1: ('x1', 'x2'), 2: ('AND', 'NOR'), 3: ('OR',)}
        """
        return Layers(enumerate(self._units, 1), "units")

    def __repr__(self) -> str:
        return f"<Gate {'-'.join(map(str, self.sizes))}: {self.expression}>"


def from_expression(text: str) -> Gate:
    """Return the network that computes a Boolean expression of named inputs.

    Operators, the tightest first: not; and; xor, xnor; or; implies (which groups to the right). One
    layer per level of the expression; COPY units carry a value up to where it is needed; `not` of a
    gate is a gate, with weights and bias negated. Equal parts are computed once.

    Parameters
    ----------
    text
        Such as ``"(a and b) or not (a or b)"``, the course's 2-2-1 XNOR.

    Raises
    ------
    ExpressionError
        (a SyntaxError and a ValueError) where the text is no expression; it shows the place.
    ValueError
        If the network would have more than 100,000 units or 10,000,000 weights.

    Examples
    --------
    >>> net = from_expression("(a and b) or not (a or b)")
    >>> net.inputs, net.sizes
    (('a', 'b'), (2, 2, 1))
    >>> net.theta[1]
    array([[-30.,  20.,  20.],
           [ 10., -20., -20.]])
    >>> X, h = truth_table(net)
    >>> h.round().ravel()
    array([1., 0., 0., 1.])
    """
    units = _Units(parse(text))
    layers, theta = units.layers(), []
    for before, here in pairwise(layers):
        column = {unit: j for j, unit in enumerate(before, 1)}
        matrix = np.zeros((len(here), len(before) + 1))
        for row, unit in zip(matrix, here, strict=True):
            gate, operands = units.gates[unit]
            row[0], weight = GATES[gate]
            for operand in operands:
                row[column[operand]] += weight
        theta.append(matrix)
    net = Gate.from_theta(theta)
    net._units = tuple(tuple(units.gates[unit][0] for unit in layer) for layer in layers)
    net.expression, net.inputs = text, net._units[0]
    return net


def truth_table(net: Network) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return every input of a network, one a row counted in binary, and what it makes of them.

    Returns
    -------
    X (2**s_1, s_1) of zeros and ones and h (2**s_1, s_L).

    Raises
    ------
    ValueError
        For more than 20 inputs: the table doubles with each.

    Examples
    --------
    >>> X, h = truth_table(AND)
    >>> np.hstack([X, h.round(4)])
    array([[0., 0., 0.],
           [0., 1., 0.],
           [1., 0., 0.],
           [1., 1., 1.]])
    """
    inputs = net.sizes[0]
    if inputs > 20:
        raise ValueError(f"a truth table of {inputs} inputs has 2**{inputs} rows; expected <= 20")
    X = (np.arange(2**inputs)[:, np.newaxis] >> np.arange(inputs)[::-1] & 1).astype(net.dtype)
    with no_grad():
        return X, np.array(net(X))


COPY = from_expression("x1")
NOT = from_expression("not x1")
AND = from_expression("x1 and x2")
OR = from_expression("x1 or x2")
NOR = from_expression("not (x1 or x2)")
XNOR = from_expression("(x1 and x2) or not (x1 or x2)")
