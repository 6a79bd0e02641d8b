"""How somebody's gradient function is called: with what its signature asks for, and with copies."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .formulas import Layers, Setup
from .layouts import Piece, flattened

LAMBDAS = {"lam", "lambda_", "lambd", "lamda", "lmbda", "lmbd", "reg", "l2", "λ"}


class Called(NamedTuple):
    """What two calls with the same arguments gave, and whether the arguments were changed."""

    first: list[Piece]
    second: list[Piece]
    changed: tuple[str, ...]


def called(function: Callable[..., Any], s: Setup) -> Called:
    """Call a gradient function twice.

    Theta is a mapping keyed by the note's layer numbers; a function that takes it for a list
    (theta[0]) gets a list; one with a parameter for each Θ gets them one by one.
    """
    result, changed, style = _first(function, s)
    # Copied before the second call, which may add to the very arrays that the first has handed out.
    first = [(name, array.copy()) for name, array in flattened(result)]
    again, _ = _call(function, s, style)
    return Called(first, [*flattened(again)], changed)


def _first(function: Callable[..., Any], s: Setup) -> tuple[Any, tuple[str, ...], str]:
    if _takes_matrices(function, len(s.theta)):
        return *_call(function, s, "apart"), "apart"
    try:
        return *_call(function, s, "mapping"), "mapping"
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        try:
            return *_call(function, s, "list"), "list"
        except Exception:  # it is no matter of list or mapping: the first error tells more
            raise error from None


def _takes_matrices(function: Callable[..., Any], count: int) -> bool:
    """Whether the first parameters are Θ^(1), Θ^(2), ... one by one: Theta1, Theta2, X, Y."""
    names = [parameter.name for parameter in _parameters(function)]
    numbered = [any(c.isdigit() for c in name) for name in names[:count]]
    return len(names) >= count + 2 and all(numbered)


def _parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    try:
        return [*inspect.signature(function).parameters.values()]
    except (TypeError, ValueError):  # a function of C
        return []


def _call(function: Callable[..., Any], s: Setup, style: str) -> tuple[Any, tuple[str, ...]]:
    """Call once, on copies; say which of them were changed."""
    theta = {l: matrix.copy() for l, matrix in s.theta.items()}
    X, Y = s.X.copy(), s.y.copy()
    thetas: dict[str, list[Any]] = {
        "mapping": [theta], "list": [[*theta.values()]], "apart": [*theta.values()],
    }  # fmt: skip
    arguments = [*thetas[style], X, Y]
    parameters = _parameters(function)
    positional = [p for p in parameters if p.kind in {p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD}]
    by_name = {p.name: s.lam for p in parameters if p.kind == p.KEYWORD_ONLY and p.name in LAMBDAS}
    variadic = any(p.kind == p.VAR_POSITIONAL for p in parameters)
    if not by_name and (variadic or not parameters or len(positional) > len(arguments)):
        arguments.append(s.lam)
    result = function(*arguments, **by_name)
    return result, tuple(_changed(s, theta, X, Y))


def _changed(s: Setup, theta: Layers, X: Any, Y: Any) -> list[str]:
    """Which arguments are not what they were."""
    now = {f"theta[{l}]": (theta[l], s.theta[l]) for l in s.theta}
    pairs = {**now, "X": (X, s.X), "Y": (Y, s.y)}
    return [name for name, (after, before) in pairs.items() if not np.array_equal(after, before)]
