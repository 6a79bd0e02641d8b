"""Expressions in three notations: plain text, LaTeX, MathML."""

from __future__ import annotations

import re
from fractions import Fraction
from html import escape

import numpy as np

from .expressions import Call, Expression, Product, Sum, Symbol

__all__ = ["LATEX", "MATHML", "TEXT", "Notation", "written"]

SUM, PRODUCT, FRACTION, ATOM = range(4)
"""How tightly a text holds together."""
GREEK = {"theta": "Θ", "delta": "δ", "lam": "λ", "alpha": "α", "sigma": "σ", "bias": "b"}
LAYERED = frozenset(("z", "a", "theta", "bias", "delta", "weights"))
"""Their number is a layer's, the note's (l)."""
LATEX_GREEK = {"Θ": r"\Theta", "δ": r"\delta", "λ": r"\lambda", "α": r"\alpha", "σ": r"\sigma"}
FUNCTIONS = {"sigmoid": "σ", "expit": "σ"}
OPERATORS = {"σ": r"\sigma", "log": r"\log", "tanh": r"\tanh", "sin": r"\sin", "cos": r"\cos"}
SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


class Notation:
    """Plain text; the other notations say where they differ."""

    minus, plus, dot, hadamard, space = "−", " + ", " · ", " ∘ ", " "
    opening = "("

    def name(self, base: str, index: str, layered: bool) -> str:
        """Return a name with its number."""
        return base + index

    def partial(self, name: str, of: str) -> str:
        """Return ∂J/∂name."""
        return f"∂{of}/∂{name}"

    def number(self, digits: str) -> str:
        """Return a number of these digits."""
        return digits

    def grouped(self, text: str) -> str:
        """Return it in brackets."""
        return f"({text})"

    def row(self, text: str) -> str:
        """Return what stands in a place of its own: an argument, a numerator."""
        return text

    def fraction(self, above: tuple[str, int], below: tuple[str, int]) -> tuple[str, int]:
        """Return above over below, and how tightly that holds."""
        loose = above[1] == SUM or (above[1] < FRACTION and " " in above[0])
        num = self.grouped(above[0]) if loose else above[0]
        den = self.grouped(below[0]) if below[1] < ATOM else below[0]
        return f"{num}/{den}", FRACTION

    def power(self, text: str, exponent: int) -> str:
        """Return a power."""
        return text + str(exponent).translate(SUPERSCRIPTS)

    def transposed(self, text: str) -> str:
        """Return a transpose."""
        return text + "ᵀ"

    def total(self, text: str, axes: str) -> str:
        """Return a sum over axes."""
        return f"Σ{'_' + axes if axes else ''} {text}"

    def exponential(self, text: tuple[str, int]) -> str:
        """Return e to a power."""
        return f"e^{text[0] if text[1] == ATOM else self.grouped(text[0])}"

    def function(self, name: str, arguments: str) -> str:
        """Return a function of arguments."""
        return f"{name}({arguments})"


class Latex(Notation):
    """LaTeX, of the kind that every renderer of formulas knows."""

    minus, dot, hadamard, space = "-", r" \cdot ", r" \circ ", r" \, "
    opening = r"\left("

    def name(self, base: str, index: str, layered: bool) -> str:
        said = LATEX_GREEK.get(base, base if len(base) == 1 else rf"\mathrm{{{base}}}")
        said = said.replace("_", r"\_")
        if not index:
            return said
        return f"{said}^{{({index})}}" if layered else f"{said}_{{{index}}}"

    def partial(self, name: str, of: str) -> str:
        return rf"\frac{{\partial {of}}}{{\partial {name}}}"

    def grouped(self, text: str) -> str:
        return rf"\left({text}\right)"

    def fraction(self, above: tuple[str, int], below: tuple[str, int]) -> tuple[str, int]:
        return rf"\frac{{{above[0]}}}{{{below[0]}}}", ATOM

    def power(self, text: str, exponent: int) -> str:
        return rf"{{{text}}}^{{{exponent}}}"

    def transposed(self, text: str) -> str:
        return rf"{{{text}}}^{{T}}"

    def total(self, text: str, axes: str) -> str:
        return (rf"\sum_{{{axes}}} " if axes else r"\sum ") + text

    def exponential(self, text: tuple[str, int]) -> str:
        return rf"e^{{{text[0]}}}"

    def function(self, name: str, arguments: str) -> str:
        said = OPERATORS.get(name, r"\mathrm{" + name.replace("_", r"\_") + "}")
        return said + self.grouped(arguments)


class MathML(Notation):
    """MathML, which browsers show by themselves."""

    minus, plus, space = "<mo>−</mo>", "<mo>+</mo>", "<mo>&#x2062;</mo>"
    dot, hadamard = "<mo>·</mo>", "<mo>∘</mo>"
    opening = "<mrow><mo>(</mo>"

    def name(self, base: str, index: str, layered: bool) -> str:
        said = f"<mi>{escape(base)}</mi>"
        if not index:
            return said
        if layered:
            return f"<msup>{said}<mrow><mo>(</mo><mn>{index}</mn><mo>)</mo></mrow></msup>"
        return f"<msub>{said}<mn>{index}</mn></msub>"

    def partial(self, name: str, of: str) -> str:
        return f"<mfrac><mrow><mi>∂</mi><mi>{of}</mi></mrow><mrow><mi>∂</mi>{name}</mrow></mfrac>"

    def number(self, digits: str) -> str:
        return f"<mn>{digits}</mn>"

    def grouped(self, text: str) -> str:
        return f"<mrow><mo>(</mo>{text}<mo>)</mo></mrow>"

    def row(self, text: str) -> str:
        return f"<mrow>{text}</mrow>"

    def fraction(self, above: tuple[str, int], below: tuple[str, int]) -> tuple[str, int]:
        return f"<mfrac>{self.row(above[0])}{self.row(below[0])}</mfrac>", ATOM

    def power(self, text: str, exponent: int) -> str:
        return f"<msup>{self.row(text)}<mn>{exponent}</mn></msup>"

    def transposed(self, text: str) -> str:
        return f"<msup>{self.row(text)}<mi>T</mi></msup>"

    def total(self, text: str, axes: str) -> str:
        sign = f"<munder><mo>∑</mo><mi>{axes}</mi></munder>" if axes else "<mo>∑</mo>"
        return sign + self.row(text)

    def exponential(self, text: tuple[str, int]) -> str:
        return f"<msup><mi>e</mi>{self.row(text[0])}</msup>"

    def function(self, name: str, arguments: str) -> str:
        return f"<mi>{escape(name)}</mi>{self.grouped(arguments)}"


TEXT, LATEX, MATHML = Notation(), Latex(), MathML()


def written(one: Expression, n: Notation) -> str:
    """Return an expression in a notation."""
    return _held(one, n)[0]


def named(symbol: Symbol, n: Notation) -> str:
    """Return a symbol's name: theta2 is Θ2, or Θ^(2) where there are superscripts."""
    found = re.fullmatch(r"([^\W\d]+)_?(\d+)", symbol.name)
    stem, index = (found[1], found[2]) if found else (symbol.name, "")
    said = n.name(GREEK.get(stem, stem), index, stem in LAYERED)
    return n.partial(said, symbol.of) if symbol.of else said


def _held(one: Expression, n: Notation) -> tuple[str, int]:
    if isinstance(one, Symbol):
        return named(one, n), FRACTION if one.of else ATOM
    if isinstance(one, Sum):
        return _sum(one, n), SUM
    if isinstance(one, Product):
        return _product(one, n)
    assert isinstance(one, Call)
    return _call(one, n)


def _at_least(one: Expression, strength: int, n: Notation) -> str:
    text, holds = _held(one, n)
    return text if holds >= strength else n.grouped(text)


def _sum(one: Sum, n: Notation) -> str:
    said = ""
    for k, term in enumerate(one.terms):
        text, _ = _held(term, n)
        if k and text.startswith(n.minus):
            between = f" {n.minus} " if n is not MATHML else n.minus
            said += between + text.removeprefix(n.minus)
        else:
            said += (n.plus if k else "") + text
    return said


def _number(number: float) -> tuple[str, str]:
    """Return numerator and denominator of a number; decimals if it is no small fraction."""
    near = Fraction(number).limit_denominator(1000)
    if abs(float(near) - number) <= 1e-14 * abs(number) and abs(near.numerator) < 10**6:
        return str(near.numerator), str(near.denominator)
    return f"{number:.6g}", "1"


def _product(one: Product, n: Notation) -> tuple[str, int]:
    sign = n.minus if one.number < 0 else ""
    top, bottom = _number(abs(one.number))
    scalar = all(np.ndim(f.value()) == 0 for f, _ in one.below)
    below = [] if bottom == "1" else [(n.number(bottom), ATOM, False)]
    below += _factors(one.below, n)
    above = [] if top == "1" and (one.above or below) else [(n.number(top), ATOM, False)]
    factors = _factors(one.above, n)
    if below and scalar and len(one.above) > 1:  # (1/m) first, then what it is a share of
        share = n.fraction(_joined(above, n) if above else (n.number("1"), ATOM),
                           _joined(below, n))  # fmt: skip
        text = n.grouped(share[0]) if share[1] < ATOM else share[0]
        factors = [(text, ATOM, True), *factors]
        return sign + _joined(factors, n)[0], SUM if sign else PRODUCT
    factors = above + factors
    if below:
        num = _joined(factors, n) if factors else (n.number("1"), ATOM)
        text, strength = n.fraction(num, _joined(below, n))
        return sign + text, SUM if sign else strength
    text, strength = _joined(factors, n)
    return sign + text, SUM if sign else strength


Factor = tuple[str, int, bool]


def _factors(powers: tuple[tuple[Expression, int], ...], n: Notation) -> list[Factor]:
    """Return (text, strength, whether it may stand right before a bracket)."""
    found: list[Factor] = []
    matrices: list[str] = []
    for one, exponent in powers:
        text, strength = _held(one, n)
        if exponent != 1:
            text = n.power(text if strength == ATOM else n.grouped(text), exponent)
            strength = ATOM
        if len(powers) > 1 and isinstance(one, Call) and one.name == "dot":
            matrices.append(n.grouped(text))
        else:
            found.append((text, strength, isinstance(one, Symbol) and not one.of))
    if matrices:
        rest = [_joined(found, n)[0]] if found else []
        return [(n.hadamard.join(matrices + rest), PRODUCT, False)]
    return found


def _joined(factors: list[Factor], n: Notation) -> tuple[str, int]:
    if len(factors) == 1:
        return factors[0][0], factors[0][1]
    said = ""
    for k, (text, strength, _) in enumerate(factors):
        bracket = strength < PRODUCT
        close = (bracket or text.startswith(n.opening)) and k and factors[k - 1][2]
        number = k and factors[k - 1][0].replace("<mn>", "").replace("</mn>", "").isdigit()
        between = "" if not k or close else n.dot
        if number and re.match(r"[^\W\d](?![a-zA-Z])|<|\\|\{", text):
            between = n.space if n is MATHML else ""
        said += between + (n.grouped(text) if bracket else text)
    return said, PRODUCT


def _call(one: Call, n: Notation) -> tuple[str, int]:
    given = one.arguments
    if one.name == "dot":
        return n.space.join(_at_least(a, FRACTION, n) for a in given), PRODUCT
    if one.name == "transpose":
        return n.transposed(_at_least(given[0], ATOM, n)), ATOM
    if one.name == "repeat":
        return _held(given[0], n)
    if one.name == "sum":
        return n.total(_at_least(given[0], PRODUCT, n), one.how), SUM
    if one.name == "exp":
        return n.exponential(_held(given[0], n)), ATOM
    comma = "<mo>,</mo>" if n is MATHML else ", "
    arguments = comma.join(written(a, n) for a in given)
    return n.function(FUNCTIONS.get(one.name, one.name), arguments), ATOM
