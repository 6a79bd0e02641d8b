"""An arithmetic expression, read with `ast` and never run: its value as a recorded graph.

What may stand in it is a short list; everything else is refused with its position in the text. No
text given here is ever executed.
"""

from __future__ import annotations

import ast
import difflib
import keyword
import math
import re
import unicodedata
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from ..nn import relu, sigmoid, softplus
from ..tensor import Tensor
from ..transforms import backprop

__all__ = ["FUNCTIONS", "Expression", "parse", "read_values"]

Function = Callable[..., Any]

FUNCTIONS: Final[dict[str, tuple[Function, int]]] = {
    "abs": (np.abs, 1), "cos": (np.cos, 1), "exp": (np.exp, 1), "expm1": (np.expm1, 1),
    "log": (np.log, 1), "log1p": (np.log1p, 1), "max": (np.maximum, 2), "min": (np.minimum, 2),
    "relu": (relu, 1), "sigmoid": (sigmoid, 1), "sin": (np.sin, 1), "softplus": (softplus, 1),
    "sqrt": (np.sqrt, 1), "square": (np.square, 1), "tanh": (np.tanh, 1),
}  # fmt: skip
"""What may be called, and with how many arguments."""
CONSTANTS: Final = {"pi": math.pi, "e": math.e}
OPERATORS: Final[dict[type[ast.AST], tuple[str, Function]]] = {
    ast.Add: ("+", np.add), ast.Sub: ("-", np.subtract), ast.Mult: ("*", np.multiply),
    ast.Div: ("/", np.divide), ast.Pow: ("**", np.power), ast.USub: ("-", np.negative),
}  # fmt: skip
TOKEN: Final = re.compile(
    r"(?P<number>(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<name>[^\W0-9]\w*)|\*\*|\S|\Z"
)
BETWEEN: Final = ("+", "-", "*", "/", "**")
LONGEST: Final = 10_000
WRITTEN: Final = 24
"""A longer expression is not the name of its own value."""
WRONG: Final = {
    "divide by zero": "a division by zero",
    "overflow": "too large a number (overflow)",
    "invalid value": "no real number",
}
"""What NumPy calls it, and what it is."""


def refused(text: str, position: int, told: str) -> ValueError:
    """Return the error that says what is wrong, and where: positions are counted from 0."""
    near = text[max(0, position - 40) : position + 40]
    return ValueError(f"position {position}: {told} (in {near!r})")


@dataclass(frozen=True, slots=True)
class Expression:
    """A text that was understood."""

    text: str
    tree: ast.expr
    variables: tuple[str, ...]
    """In order of first appearance."""

    def record(self, values: Mapping[str, float]) -> tuple[Tensor, dict[str, float]]:
        """Compute the value on recorded Tensors; return it, and its derivative by each variable.

        Raises
        ------
        ValueError
            Where something has no value, or none that a float can hold: it says where.
        """
        leaves = {
            name: Tensor(float(values[name]), requires_grad=True, name=name)
            for name in self.variables
        }
        made: dict[ast.expr, Any] = {}
        with np.errstate(divide="raise", over="raise", invalid="raise", under="ignore"):
            for node in self._below():
                try:
                    made[node] = self._value(node, made, leaves)
                except FloatingPointError as error:
                    part = ast.get_source_segment(self.text, node) or self.text
                    raise refused(self.text, self.place(node), _why(error, part)) from None
            J = made[self.tree]
            if J.node.op is not None:
                J.name = self.text if len(self.text) <= WRITTEN else "J"
            try:
                found = backprop(J, wrt=[*leaves.values()])
            except FloatingPointError as error:
                raise ValueError(
                    f"the gradient can not be computed there: on the way back {_why(error, '')}; "
                    f"the value is {J.item():g} (in {self.text!r})"
                ) from None
        return J, {name: float(g) for name, g in zip(leaves, found, strict=True)}

    def place(self, node: ast.expr) -> int:
        """Return where a part begins, or has its operator: Python counts the bytes."""
        line = self.text.encode()
        start = len(line[: node.col_offset].decode(errors="replace"))
        if not isinstance(node, ast.BinOp):
            return start
        end = len(line[: node.left.end_col_offset].decode(errors="replace"))
        return end + len(self.text[end:]) - len(self.text[end:].lstrip(" )\t\n"))

    def _below(self) -> Iterator[ast.expr]:
        """Yield every part after those it is made of; without recursion."""
        order, waiting = [], [self.tree]
        while waiting:
            node = waiting.pop()
            order.append(node)
            waiting += _operands(node)
        return reversed(order)

    def _value(self, node: ast.expr, made: dict[ast.expr, Any], leaves: dict[str, Tensor]) -> Any:
        given = [made[part] for part in _operands(node)]
        match node:
            case ast.Constant(value=int() | float() as value):
                return float(value)
            case ast.Name(id=name):
                return leaves[name] if name in leaves else CONSTANTS[name]
            case ast.Call(func=ast.Name(id=name)):
                return FUNCTIONS[name][0](*given)
            case ast.BinOp(op=op) | ast.UnaryOp(op=op):
                return given[0] if isinstance(op, ast.UAdd) else OPERATORS[type(op)][1](*given)
        raise AssertionError(node)


def parse(text: str, known: Sequence[str] = ()) -> Expression:
    """Return the expression that a text is; `known` are names that stand for numbers.

    Raises
    ------
    ValueError
        With the position and what was expected there, where it is none.

    Examples
    --------
    >>> parse("2 * x + sin(w)").variables
    ('x', 'w')
    >>> parse("2 * (x")
    Traceback (most recent call last):
    ValueError: position 4: this ( is never closed (in '2 * (x')
    """
    if len(text) > LONGEST:
        raise ValueError(f"an expression of {len(text):,} characters; at most {LONGEST:,} are read")
    tree = _tree(text)
    found = Expression(text, tree, ())
    names: dict[str, None] = {}
    for node in sorted(found._below(), key=lambda part: part.col_offset):
        if problem := _problem(node):
            raise refused(text, found.place(node), problem)
        if isinstance(node, ast.Name) and (node.id in known or node.id not in CONSTANTS):
            if node.id in FUNCTIONS and node.id not in known:
                raise refused(text, found.place(node), f"{node.id} is a function: {node.id}(...)")
            names[node.id] = None
    if not names:
        raise ValueError(f"{text!r} has no variable to derive by; name one, such as x * 2")
    return Expression(text, tree, tuple(names))


def _tree(text: str) -> ast.expr:
    text = "".join(" " if c.isspace() else c for c in text)
    _scan(text)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            # In brackets it may begin with a space; every offset is one more.
            tree = ast.parse(f"({text}\n)", mode="eval").body
    except SyntaxError as error:  # a keyword in the place of a name, 007, x²
        position = min(max((error.offset or 2) - 2, 0), len(text.rstrip()))
        raise refused(text, position, "this is no name and no number") from None
    except (RecursionError, MemoryError):
        raise ValueError("the expression is nested too deeply; write it in parts") from None
    for node in ast.walk(tree):
        if isinstance(node, ast.expr):
            node.col_offset -= 1
            node.end_col_offset = (node.end_col_offset or 1) - 1
    return tree


def _scan(text: str) -> None:
    """Refuse what is not written as arithmetic, at the first place where it is not.

    Python reads more than that, and says where it stumbled differently from release to release.
    """
    opened: list[tuple[int, bool]] = []  # where, and whether it is a call's
    operand_next, called = True, False
    for token in TOKEN.finditer(text):
        word, position = token[0], token.start()
        before = called
        called = False
        if operand_next:
            if word == "(":
                opened.append((position, False))
            elif token["number"] or token["name"]:
                operand_next, called = False, bool(token["name"])
            elif word not in ("+", "-"):
                raise refused(text, position, f"expected a number, a name or (, found {_it(word)}")
        elif word == "(" and before:
            opened.append((position, True))
            operand_next = True
        elif word == ")" and opened:
            opened.pop()
        elif word == ")":
            raise refused(text, position, "this ) closes nothing")
        elif word in BETWEEN or (word == "," and opened and opened[-1][1]):
            operand_next = True
        elif word:
            cure = "; a power is **" if word == "^" else ""
            expected = "+ - * / **" + (" or )" if opened else " or the end")
            raise refused(text, position, f"expected {expected}, found {_it(word)}{cure}")
        elif opened:
            raise refused(text, opened[-1][0], "this ( is never closed")


def _it(word: str) -> str:
    return repr(word) if word else "the end"


def _operands(node: ast.expr) -> list[ast.expr]:
    match node:
        case ast.BinOp(left=left, right=right):
            return [left, right]
        case ast.UnaryOp(operand=operand):
            return [operand]
        case ast.Call(args=arguments):
            return list(arguments)
    return []


def _problem(node: ast.expr) -> str:
    """Return why a part may not stand in an expression, or nothing."""
    match node:
        case ast.Constant(value=bool() | None):
            return f"{node.value!r} is no number"
        case ast.Constant(value=int() | float() as value):
            return "" if _fits(value) else "this number is too large"
        case ast.Call():
            return _problem_of_call(node)
        case ast.Name() | ast.BinOp() | ast.UnaryOp():
            return ""
    return "this is no arithmetic; write numbers, names, + - * / **, ( ) and functions"


def _problem_of_call(node: ast.Call) -> str:
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    if name not in FUNCTIONS:
        near = difflib.get_close_matches(name, FUNCTIONS, 1)
        meant = f", did you mean {near[0]}?" if near else f"; there are {', '.join(FUNCTIONS)}"
        return f"function {name!r} is not known{meant}"
    count = FUNCTIONS[name][1]
    if len(node.args) != count:
        example = ", ".join("xy"[:count])
        return f"{name} takes {count} argument{'s' * (count > 1)}: {name}({example})"
    return ""


def _fits(value: float) -> bool:
    try:
        return math.isfinite(float(value))
    except OverflowError:
        return False


def _why(error: FloatingPointError, part: str) -> str:
    for found, meant in WRONG.items():
        if found in str(error):
            return f"{part} is {meant}" if part else f"there is {meant}"
    return f"{part} failed: {error}"


def read_values(text: str) -> dict[str, float]:
    """Read values such as x=2,w=-1.

    Raises
    ------
    ValueError
        Where one is no name, no number, or there twice.
    """
    found: dict[str, float] = {}
    for item in text.split(","):
        name, equals, number = item.partition("=")
        name = unicodedata.normalize("NFKC", name.strip())  # as Python reads names
        if not equals or not name.isidentifier() or keyword.iskeyword(name):
            raise ValueError(f"{item!r} gives no variable a value; write --at x=2,w=-1")
        if name in found:
            raise ValueError(f"{name} has two values in {text!r}; give it one")
        try:
            found[name] = float(number)
        except ValueError:
            found[name] = math.nan
        if not math.isfinite(found[name]):
            raise ValueError(f"{item!r}: {number!r} is no finite number; write {name}=2")
    return found
