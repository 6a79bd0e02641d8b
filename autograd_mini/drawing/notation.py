"""Python's expressions in the notation of a textbook: `a ** 2 * np.cos(x)` is `a² · cos(x)`."""

from __future__ import annotations

import ast
import operator
from itertools import groupby
from typing import Any, Final

__all__ = ["Undecided", "decided", "written"]

SUPERSCRIPTS: Final = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
CHOICE, RELATION, SUM, PRODUCT, SIGN, POWER, ATOM = range(7)
"""How tightly a text holds together: what is looser than its surroundings takes parentheses."""

SYMBOLS: Final = {
    "Eq": "=", "NotEq": "≠", "Lt": "<", "LtE": "≤", "Gt": ">", "GtE": "≥", "Add": "+", "Sub": "−",
}  # fmt: skip
COMPARISONS: Final[dict[str, Any]] = {
    "Eq": operator.eq, "NotEq": operator.ne, "Lt": operator.lt, "LtE": operator.le,
    "Gt": operator.gt, "GtE": operator.ge, "Is": operator.is_, "IsNot": operator.is_not,
}  # fmt: skip
FUNCTIONS: Final = {"sigmoid": "σ", "sum": "Σ", "conjugate": "conj", "_matmul": "matmul"}
AS_THEY_ARE: Final = {"astype", "reshape"}
"""They change how an array is stored, not its numbers."""

Text = tuple[str, int]


class Undecided(Exception):  # noqa: N818 - no error: the question has no answer yet
    """A condition depends on more than shapes, types and keywords."""


def written(node: ast.expr, known: dict[str, Any] | None = None) -> str:
    """Return an expression as a formula; `known` decides its choices where it can.

    >>> def show(text): return written(ast.parse(text, mode="eval").body)
    >>> show("-(g * y / b) + g * 0.5 * (a == b)"), show("g * (b * a ** (b - 1))")
    ('−g · y / b + g · 0.5 · [a = b]', 'g · b · a^(b − 1)')
    >>> show("np.where(x > 0.0, g, 0.0)"), show("_flip(a) @ np.square(b)")
    ('g where x > 0, else 0', 'aᵀ @ b²')
    """
    return _text(node, known or {})[0]


def _text(node: ast.expr, known: dict[str, Any]) -> Text:
    match node:
        case ast.Constant(value=bool() | None):
            return str(node.value), ATOM
        case ast.Constant(value=int() | float() as value):
            return f"{value:g}", ATOM
        case ast.Name(id=name):
            return name, ATOM
        case ast.Attribute(value=of, attr="T"):
            return _inside(of, ATOM, known) + "ᵀ", ATOM
        case ast.UnaryOp(op=ast.USub(), operand=of):
            return "−" + _inside(of, PRODUCT, known), SIGN
        case ast.BinOp():
            return _operation(node, known)
        case ast.Compare(ops=[op], left=left, comparators=[right]) if type(op).__name__ in SYMBOLS:
            sign = SYMBOLS[type(op).__name__]
            return f"{_inside(left, SUM, known)} {sign} {_inside(right, SUM, known)}", RELATION
        case ast.IfExp(test=test, body=body, orelse=other):
            try:
                return _text(body if decided(test, known) else other, known)
            except Undecided:
                same = _text(body, known)
                either = same == _text(other, known)
                return same if either else _choice(test, body, other, known)
        case ast.Call():
            return _call(node, known)
    return ast.unparse(node), ATOM if isinstance(node, (ast.Attribute, ast.Subscript)) else CHOICE


def _operation(node: ast.BinOp, known: dict[str, Any]) -> Text:
    left, right = node.left, node.right
    match node.op:
        case ast.Add() | ast.Sub() as op:
            tight = PRODUCT if isinstance(op, ast.Sub) else SUM
            sign = SYMBOLS[type(op).__name__]
            return f"{_inside(left, SUM, known)} {sign} {_inside(right, tight, known)}", SUM
        case ast.Mult():
            return _product(node, known)
        case ast.Div() | ast.MatMult() as op:
            sign = "/" if isinstance(op, ast.Div) else "@"
            return f"{_inside(left, PRODUCT, known)} {sign} {_inside(right, SIGN, known)}", PRODUCT
        case ast.Pow():
            return _power(_inside(left, ATOM, known), _inside(right, ATOM, known)), POWER
    return ast.unparse(node), CHOICE


def _inside(node: ast.expr, tight: int, known: dict[str, Any]) -> str:
    return _held(node, tight, known)[0]


def _held(node: ast.expr, tight: int, known: dict[str, Any]) -> Text:
    """Return a part's text, in brackets if it would fall apart beside its neighbours."""
    text, strength = _text(node, known)
    if strength == RELATION and tight > RELATION:
        return f"[{text}]", ATOM  # Iverson's bracket: 1 where it is true, else 0
    return (text, strength) if strength >= tight else (f"({text})", ATOM)


def _tight(text: str, strength: int) -> str:
    return text if strength == ATOM else f"({text})"


def _product(node: ast.BinOp, known: dict[str, Any]) -> Text:
    """Multiply the factors, those that follow themselves as a power."""
    factors: list[Text] = []
    waiting: list[ast.expr] = [node]
    while waiting:
        item = waiting.pop()
        if isinstance(item, ast.BinOp) and isinstance(item.op, ast.Mult):
            waiting += [item.right, item.left]
        else:
            factors.append(_held(item, SIGN if factors else PRODUCT, known))
    powers = [(text, len(list(same))) for text, same in groupby(factors)]
    told = [text if n == 1 else _power(_tight(text, hold), str(n)) for (text, hold), n in powers]
    return " · ".join(told), PRODUCT if len(told) > 1 else POWER


def _power(base: str, exponent: str) -> str:
    if exponent.lstrip("-").isdigit():
        return base + exponent.translate(SUPERSCRIPTS)
    return f"{base}^{exponent}"


def _choice(test: ast.expr, body: ast.expr, other: ast.expr, known: dict[str, Any]) -> Text:
    first, second = _inside(body, SUM, known), _inside(other, SUM, known)
    return f"{first} where {_inside(test, CHOICE, known)}, else {second}", CHOICE


def _call(node: ast.Call, known: dict[str, Any]) -> Text:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
    match name, node.args:
        case "where", [test, body, other]:
            return _choice(test, body, other, known)
        case "_flip", [of]:
            return _inside(of, ATOM, known) + "ᵀ", ATOM
        case "_matmul", [left, right]:
            return _text(ast.BinOp(left, ast.MatMult(), right), known)
        case "dot", [right] if isinstance(node.func, ast.Attribute):
            return _text(ast.BinOp(node.func.value, ast.MatMult(), right), known)
        case "spread", [of, *_]:  # where to, the arrow's shapes say
            return f"spread({_text(of, known)[0]})", ATOM
        case "product", [left, right]:
            return _text(ast.BinOp(left, ast.Mult(), right), known)
        case "quotient", [left, right]:
            return _text(ast.BinOp(left, ast.Div(), right), known)
        case "square", [of]:
            return _power(_inside(of, ATOM, known), "2"), POWER
        case "sqrt", [of]:
            return "√" + _inside(of, ATOM, known), POWER
    if name in AS_THEY_ARE and isinstance(node.func, ast.Attribute):
        of = node.func.value
        numpy = isinstance(of, ast.Name) and of.id == "np"
        return _text(node.args[0] if numpy and node.args else of, known)
    given = ", ".join(_text(argument, known)[0] for argument in node.args)
    return f"{FUNCTIONS.get(name, name)}({given})", ATOM


def decided(node: ast.expr, known: dict[str, Any]) -> Any:
    """Return what a condition comes to.

    Raises
    ------
    Undecided
        When it reads anything but shapes, types and keywords.
    """
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name) if name in known:
            return known[name]
        case ast.Name(id="int" | "float" as name):
            return {"int": int, "float": float}[name]
        case ast.Attribute(value=of, attr="ndim" | "shape" | "size" as name):
            return _attribute(decided(of, known), name)
        case ast.Call(func=ast.Name(id="type"), args=[of]):
            return type(decided(of, known))
        case ast.UnaryOp(op=ast.Not(), operand=of):
            return not decided(of, known)
        case ast.BinOp(left=left, op=ast.Mod(), right=right):
            sides = [decided(side, known) for side in (left, right)]
            if all(type(side) in (int, float) for side in sides):
                return sides[0] % sides[1]
        case ast.BoolOp(op=op, values=values):
            every = isinstance(op, ast.And)
            answers = (bool(decided(value, known)) for value in values)
            return all(answers) if every else any(answers)
        case ast.Compare(left=left, ops=ops, comparators=others):
            sides = [decided(side, known) for side in (left, *others)]
            return all(map(_compared, ops, sides, sides[1:]))
    raise Undecided(ast.unparse(node))


def _attribute(value: Any, name: str) -> Any:
    if not hasattr(value, name):
        raise Undecided(name)
    return getattr(value, name)


def _compared(op: ast.cmpop, one: Any, other: Any) -> bool:
    compare = COMPARISONS.get(type(op).__name__)
    plain = (bool, int, float, tuple, type, type(None))
    if compare is None or not (type(one) in plain and type(other) in plain):
        raise Undecided(type(op).__name__)
    return bool(compare(one, other))
