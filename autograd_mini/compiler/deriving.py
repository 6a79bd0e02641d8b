"""The lines of a derivation: the chain rule, then one identity at a time, each compared."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..elements import known_name
from ..graph import Node
from .expressions import Expression, Sum, Symbol, expression, product_of, replaced, symbols_in
from .notations import TEXT, written
from .proof import SAID_ALREADY, rebuilt, rewrite
from .symbols import Named

__all__ = ["Deriving", "Line"]

STEPS = 200


@dataclass(frozen=True)
class Line:
    """One line: what is said, by which identity, and how far it is from the gradient."""

    expression: Expression
    identity: str
    difference: float


class Deriving(Named):
    """One derivation being made."""

    lines: list[Line]

    def derived(self) -> tuple[Symbol, list[Line]]:
        """Return ∂J/∂wrt, and the lines that it is equal to."""
        self.lines = []
        left = Symbol(self._wrt_name(), self.gradient, self.J.name or "J")
        while step := rewrite(self.b, self.root, self.given, SAID_ALREADY):
            self._replace(*step[1:])
        self._told(self._chain_rule())
        self._open()
        self._simplify()
        self._finish()
        return left, self.lines

    def _wrt_name(self) -> str:
        found = [s.name for s in self.symbols.values() if s.known is self.wrt.value and not s.of]
        return self.wrt.name or (found[0] if found else self._free("x"))

    def _chain_rule(self) -> str:
        said = []
        for n in sorted(self.before, key=lambda n: n.number):
            if n.name and n.op and self.wrt in n.inputs:
                named = {x: Symbol(x.name, x.value) for x in n.inputs if x.name}
                text = written(expression(n, named), TEXT) if len(named) == len(n.inputs) else ""
                said += [f"{written(Symbol(n.name, None), TEXT)} = {text}"] if text else []
        return "chain rule" + (f": {', '.join(said)}" if said else ", from J inward")

    def _open(self) -> None:
        """Write ∂J/∂a out, where no product of matrices stands around it."""
        for _ in range(len(self.partials)):
            seen = {s for s in symbols_in(self._expression()) if s.of}
            found = [n for n in self.partials if self.symbols.get(n) in seen]
            if not found:
                return
            symbol = self.symbols.pop(found[0])
            self._told(f"∂{symbol.of}/∂{symbol.name} written out")

    def _simplify(self) -> None:
        for _ in range(STEPS):
            step = rewrite(self.b, self.root, self.given)
            if step is None:
                return
            one, old, new = step
            self._replace(old, new)
            self._name_outputs()
            self._told(one.name + (f", where {one.where}" if one.where else ""))

    def _replace(self, old: Node, new: Node) -> None:
        became = rebuilt(self.b, self.root, self.given, old, new)
        self.root = became[self.root]
        for node, after in became.items():
            if node in self.symbols and node is not after:
                self.symbols.setdefault(after, self.symbols[node])
        self.partials = [became.get(node, node) for node in self.partials]

    def _name_outputs(self) -> None:
        """σ(z3) is a3, also where the cost was computed without it."""
        for node in [*self.b.made.values()]:
            if known_name(node.op) not in ("sigmoid", "softmax") or node in self.symbols:
                continue
            inner = self.symbols.get(node.inputs[0])
            if inner and re.fullmatch(r"z\d+", inner.name):
                op: Any = node.op
                value = op.compute(inner.known, **node.metadata)
                self.symbols[node] = Symbol(inner.name.replace("z", "a"), value)

    def _finish(self) -> None:
        """Write ∂J/∂z of a later layer as δ/m."""
        said = self._expression()
        for symbol in [s for s in self.symbols.values() if s.of and s.name[1:].isdigit()]:
            if symbol.name[0] != "z":
                continue
            shares = ((Symbol("m", float(self.rows)), -1),) if self.rows > 1 else ()
            delta = Symbol("delta" + symbol.name[1:], symbol.known * self.rows)
            terms = said.terms if isinstance(said, Sum) else (said,)
            found = []
            for term in terms:
                new = replaced(term, symbol, delta)
                found.append(term if new == term else product_of(1.0, (new, 1), *shares))
            said = Sum(tuple(found)) if len(found) > 1 else found[0]
            name = written(symbol, TEXT)
            many = "m · " if shares else ""
            self._told(f"δ{symbol.name[1:]} = {many}{name}" + ", row by row" * bool(shares), said)

    def _expression(self) -> Expression:
        return expression(self.root, self.symbols)

    def _told(self, identity: str, said: Expression | None = None) -> None:
        """Add a line if it says something new, once its value has been compared."""
        said = self._expression() if said is None else said
        difference = self._difference(said, identity)
        if len(self.lines) > 1 and self.lines[-1].identity == identity:
            self.lines.pop()  # the same identity, elsewhere in the line
        if not self.lines or said != self.lines[-1].expression:
            self.lines.append(Line(said, identity, difference))

    def _difference(self, said: Expression, identity: str) -> float:
        with np.errstate(all="ignore"):
            value = np.broadcast_to(said.value(), self.gradient.shape)
            apart = np.abs(value - self.gradient)
        compared = apart[np.isfinite(value) & np.isfinite(self.gradient)]
        most = float(np.max(compared, initial=0.0))
        finite = np.abs(self.gradient[np.isfinite(self.gradient)])
        eps = float(np.finfo(self.gradient.dtype).eps)
        if most > eps**0.5 * max(float(np.max(finite, initial=0.0)), eps):
            raise ArithmeticError(
                f"the line {written(said, TEXT)} [{identity}] differs from the gradient by {most:g}"
            )
        return most
