"""Every identity of the compiler is used by some example here, and changes no result of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

import autograd_mini as ag
from autograd_mini import nn
from autograd_mini.compiler.fold import BROADCASTING, IDENTITIES
from autograd_mini.rules.linear import affine
from tests.jit_checks import check_same
from tests.jit_drawn import PHRASES

assert ag.jit(np.sin)(1.0) == np.sin(1.0)  # so that the identities are there
NAMES = sorted({one.name for several in (*IDENTITIES.values(), BROADCASTING) for one in several})

MORE: dict[str, Callable[..., Any]] = {
    "+v": lambda v, w: np.positive(v) * w,
    "v·True": lambda v, w: v * np.ones(4, bool),
    "(v/h − v/k)·hk": lambda v, w: (v / w - v / (w + 2.0)) * (w * (w + 2.0)),
    "h − h²": lambda v, w: nn.sigmoid(v) - np.square(nn.sigmoid(v)),
    "astype": lambda v, w: v.astype(v.dtype) * w,
    "real": lambda v, w: np.real(v) * np.conj(w),
    "a layer": lambda v, w: affine(v, w, w[0]),
    "a column": lambda v, w: (v @ w[0][..., None])[..., 0],
    "thin": lambda v, w: np.tile(v, (20, 20)).T @ np.tile(w, (20, 1))[:, :2],
    "squeezed": lambda v, w: np.squeeze(np.expand_dims(v, 0), 0) * w,
    "once": lambda v, w: np.broadcast_to(v, v.shape) * w,
    "np.mean": lambda v, w: np.mean(v * w, axis=0),
}
EXAMPLES = {k: f for k, f in (PHRASES | MORE).items() if k not in ("a constant array", "picked")}
X = np.random.default_rng(0).uniform(0.1, 0.9, (4, 4))


def gradient(f: Callable[..., Any]) -> Any:
    return ag.value_and_grad(lambda v, w: np.sum(f(v, w) * 1.0), (0, 1))


@cache
def used() -> set[str]:
    found = set()
    for f in EXAMPLES.values():
        for g in (f, gradient(f)):
            jitted = ag.jit(g)
            jitted(X, X.T + 0.0)
            found |= {step.identity.name for step in jitted.program.log}
    return found


@pytest.mark.parametrize("name", NAMES)
def test_each_identity_has_an_example(name: str) -> None:
    assert name in used()


@pytest.mark.parametrize("name", EXAMPLES)
def test_values_and_gradients_stay(name: str) -> None:
    """Of single precision too, and where shapes broadcast."""
    f = EXAMPLES[name]
    for dtype in (np.float64, np.float32):
        v, w = X.astype(dtype), (X.T + 1.0).astype(dtype)
        check_same(f, [v, w], [w, v])
        check_same(gradient(f), [v, w], [w, v])


MUTANTS: dict[str, tuple[str, Callable[..., Any]]] = {
    "x − 0 = x": ("1·v − 0", lambda b, y, x, z: b(np.negative, x)),
    "x + (−z) = x − z": ("v + (−w)", lambda b, y, x, z: x),
    "−(x − z) = z − x": ("−(v − w)", lambda b, y, x: x),
    "x ** 2 = x²": ("v**2", lambda b, y, x, c: x),
    "Σ over rows = 1ᵀ X": (
        "Σ rows", lambda b, y, x, axis=None, keepdims=False: b(np.max, x, axis=0, keepdims=False)
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MUTANTS)
def test_a_wrong_identity_is_caught(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    example, wrong = MUTANTS[name]
    for function, several in [*IDENTITIES.items()]:
        if any(one.name == name for one in several):
            planted = [replace(o, apply=wrong) if o.name == name else o for o in several]
            monkeypatch.setitem(IDENTITIES, function, planted)
    with pytest.raises(AssertionError):
        check_same(EXAMPLES[example], [X, X.T + 1.0])
