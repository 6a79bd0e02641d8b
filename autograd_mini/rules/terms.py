"""How a NumPy function is said in terms of others, so that it needs no rule of its own.

A variance is a mean of squares: written so, in NumPy functions that have a rule, it has a
derivative of every order and with every keyword. Without a derivative to record, NumPy's own
function is called.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import numpy as np

from ..op import OPS, Op, rule

__all__ = ["letters_of", "moved", "plain", "said"]

Body = TypeVar("Body", bound=Callable[..., Any])


def said(*functions: Any, keywords: tuple[str, ...] = ()) -> Callable[[Body], Body]:
    """Decorate what is called in place of NumPy's functions: the same signature, other words.

    With `keywords`, only calls with one of these are answered so. A body takes `out` where
    NumPy's function does, so that the positions agree; that it is given is refused here.
    """

    def register(body: Body) -> Body:
        answer = _refusing_out(body)
        for function in functions:
            if not keywords:
                rule(function, compute=answer, view=True, name=_name(function))
            for key in keywords:
                form = f"{_name(function)}({key}=)"
                OPS[function, key] = Op(function, form, (), view=True, compute=answer)
        return body

    return register


def _name(function: Any) -> str:
    owner = getattr(getattr(function, "__self__", None), "__name__", None)
    return f"{owner}.{function.__name__}" if owner else str(function.__name__)


def _refusing_out(body: Body) -> Body:
    parameters = list(inspect.signature(body).parameters.values())
    places = [n for n, p in enumerate(parameters)
              if p.name == "out" and p.kind == p.POSITIONAL_OR_KEYWORD]
    if not places:
        return body
    (place,) = places

    @wraps(body)
    def answer(*args: Any, **kwargs: Any) -> Any:
        if len(args) > place and args[place] is not None:
            what = "out= writes into an array in place, where a derivative would be lost"
            raise TypeError(f"{what}; leave it out: y = np.{body.__name__.strip('_')}(...)")
        return body(*args, **kwargs)

    return answer  # type: ignore[return-value]


def plain(value: Any) -> Any:
    """Return an argument that only says where or how many as an array (a Tensor's value)."""
    if isinstance(value, (tuple, list)):
        return type(value)([plain(item) for item in value])
    return np.asarray(value) if hasattr(value, "__array__") else value


def moved(*functions: Any) -> None:
    """Say functions that only move elements: index with what they do to the elements' numbers."""
    for function in functions:
        said(function)(_moving(function))


def _moving(function: Any) -> Callable[..., Any]:
    first = next(iter(inspect.signature(function).parameters))

    def body(*args: Any, **kwargs: Any) -> Any:
        x, *rest = args or (kwargs.pop(first),)
        numbers = np.arange(x.size).reshape(x.shape)
        further = {key: plain(value) for key, value in kwargs.items()}
        return np.reshape(x, (-1,))[function(numbers, *map(plain, rest), **further)]

    body.__name__ = function.__name__
    return body


def letters_of(*counts: int) -> list[str]:
    """Return disjoint runs of letters for `np.einsum`, one for each count."""
    letters = iter("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
    return ["".join(next(letters) for _ in range(n)) for n in counts]
