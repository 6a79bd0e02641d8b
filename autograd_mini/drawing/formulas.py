"""An operation's rule as a formula: `g * (1.0 - y * y)` in the source is `g · (1 − y²)` here.

The formula is read from the source of the rule that runs, so it can not say anything else. Where a
rule chooses by what it is given (a product of matrices or of vectors), the choice is followed
as long as it is one by shapes, types and keywords. What has no usual notation stays Python.
"""

from __future__ import annotations

import ast
import linecache
from collections.abc import Callable, Iterator
from functools import lru_cache
from types import CodeType
from typing import Any

from ..graph import Node
from .notation import Undecided, decided, written

__all__ = ["formula", "formulas"]

Function = ast.Lambda | ast.FunctionDef
Rule = Callable[..., Any]


def formulas(node: Node) -> tuple[str, ...]:
    """Return what each tracked argument of a recorded operation gets, a line each.

    In them g is the cotangent that arrives, y the result, and the other letters are the arguments.

    >>> import numpy as np, autograd_mini as ag
    >>> x = ag.Tensor(2.0, requires_grad=True)
    >>> formulas(np.tanh(x).node), formulas((x * x).node)
    (('g · (1 − y²)',), ('a: g · b', 'b: g · a'))
    """
    op = node.op
    if op is None or not op.differentiable:
        return ()
    inputs = [k for k, parent in enumerate(node.inputs) if parent.tracked]
    if op.variadic:
        return (_one(op.rules[0], node),) if inputs and op.rules[0] else ()
    found = [(k, op.rules[k]) for k in inputs if k < len(op.rules)]
    told = [(op.parameters[k], _one(rule, node)) for k, rule in found if rule is not None]
    if len(node.inputs) == 1:
        return tuple(text for _, text in told)
    return tuple(f"{name}: {text}" for name, text in told)


def _one(rule: Any, node: Node) -> str:
    return formula(rule, (None, node.value, *(p.value for p in node.inputs)), node.metadata)


def formula(
    rule: Rule, operands: tuple[Any, ...] = (), metadata: dict[str, Any] | None = None
) -> str:
    """Return a rule as a formula, for the operands (g, y, x1, ...) and keywords it is given.

    >>> formula(lambda g, y, x: g * (2.0 * x))
    'g · 2 · x'
    """
    code = getattr(rule, "__code__", None)
    if not isinstance(code, CodeType):
        return getattr(rule, "__name__", "a function without source")
    definition = _definition(code)
    if definition is None:
        return f"{code.co_name}({', '.join(code.co_varnames[: code.co_argcount])})"
    known = dict(getattr(rule, "__kwdefaults__", None) or {})
    known |= dict(zip(code.co_varnames[1:], operands[1:], strict=False)) | (metadata or {})
    if isinstance(definition, ast.Lambda):
        return written(definition.body, known)
    return _of_body(definition, known)


def _of_body(definition: ast.FunctionDef, known: dict[str, Any]) -> str:
    """Return what a function gives back, and the names that it gave to parts of it."""
    parts: list[str] = []
    try:
        for statement in _followed(definition.body, known):
            if isinstance(statement, ast.Return) and statement.value is not None:
                return ", ".join([written(statement.value, known), *parts])
            if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
                break
            name = ast.unparse(statement.targets[0])
            meant = written(statement.value, known)
            parts.append(f"{name} = [{meant}]" if " = " in meant else f"{name} = {meant}")
            known.pop(name, None)
    except Undecided:
        pass
    returned = [s for s in ast.walk(definition) if isinstance(s, ast.Return) and s.value]
    return " or ".join(ast.unparse(s.value) for s in returned if s.value) or definition.name


def _followed(body: list[ast.stmt], known: dict[str, Any]) -> Iterator[ast.stmt]:
    """Yield the statements that run, ifs decided."""
    waiting = list(reversed(body))
    while waiting:
        statement = waiting.pop()
        if isinstance(statement, ast.If):
            branch = statement.body if decided(statement.test, known) else statement.orelse
            waiting += reversed(branch)
        elif not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)):
            yield statement


@lru_cache(maxsize=1024)
def _definition(code: CodeType) -> Function | None:
    """Find the definition that a code object was made from: several may stand in one line."""
    tree = _parsed(code.co_filename)
    places = [(p[0], p[2]) for p in code.co_positions() if p[0] is not None and p[2] is not None]
    if tree is None or not places:
        return None
    last = max((line, column) for line, column in places if line and column is not None)
    candidates = [
        item
        for item in ast.walk(tree)
        if isinstance(item, Function)
        and item.lineno == code.co_firstlineno
        and (item.lineno, item.col_offset) <= last <= (item.end_lineno or 0, item.end_col_offset)
    ]
    return candidates[-1] if candidates else None


@lru_cache(maxsize=64)
def _parsed(path: str) -> ast.Module | None:
    try:
        return ast.parse("".join(linecache.getlines(path)))
    except (SyntaxError, ValueError):  # a notebook's cell with magic in it
        return None
