"""The catalogue of mistakes, each one other formula in one place of the note's backpropagation.

The order is that of the note's algorithm: δ at the output, δ on the way back, the sum over the
examples, the mean, λ, what becomes of the whole. What each looks like, in words, is in words.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from .formulas import Array, Formula, Put, Setup, folded

Variants = Iterable[tuple[Any, Put]]


@dataclass(frozen=True)
class Mistake:
    """One mistake: its name, and its variants at a layer as (detail, formulas put in).

    ``variants(s, layer, given)`` is empty where the mistake can not be made; `given` is the
    gradient to be explained, for the mistakes that have a number in them.
    """

    key: str
    delta: bool
    variants: Callable[[Setup, int, Array | None], Variants]

    def layers(self, s: Setup) -> range:
        """Layers at which it may stand: those of δ, or those of Θ."""
        return range(2, s.L + 1) if self.delta else range(1, s.L)


def _one(key: str, place: str, formula: Any, where: Formula = lambda s, l: True,
         detail: Any = None) -> Mistake:  # fmt: skip
    """Make a mistake with one variant."""

    def variants(s: Setup, layer: int, given: Array | None) -> Variants:
        return [(detail, {place: formula})] if where(s, layer) else []

    return Mistake(key, place in {"error", "back", "slope", "sign"}, variants)


def _hidden(s: Setup, layer: int) -> bool:
    return 1 < layer < s.L


def _at_output(s: Setup, layer: int) -> bool:
    return layer == s.L


def _slope_stands(s: Setup, layer: int) -> bool:
    return layer < s.L or s.cost == "quadratic"


def _curved(s: Setup, layer: int) -> bool:
    return _slope_stands(s, layer) and s.name(layer) in {"sigmoid", "tanh"}


def _penalised(s: Setup, layer: int) -> bool:
    return s.lam != 0


def _several(s: Setup, layer: int) -> bool:
    return s.m > 1


# ---- formulas that need more than a line ----


def _other_cost(s: Setup, layer: int) -> Array | float:
    """The slope of the other cost's δ: g' where it cancels, 1 where it does not."""
    return 1.0 if s.cost == "quadratic" else s.g_prime(layer, s.z[layer], s.a[layer])


def _slope_at_a(s: Setup, layer: int) -> Array:
    """g'(a): the activation itself put into g'."""
    return s.g_prime(layer, s.a[layer], s.g(layer, s.a[layer]))


def _formula_of_z(s: Setup, layer: int) -> Array:
    """Return z (1 - z), or 1 - z²: the formula that is meant for a."""
    return s.g_prime(layer, s.z[layer], s.z[layer])


def _row(s: Setup, layer: int, given: Array | None) -> Variants:
    """Θ δ for Θᵀ δ, where the shapes let it pass: Θ square without its bias column, or with it."""
    if not _hidden(s, layer):
        return
    rows, columns = s.theta[layer].shape
    if rows == columns - 1:
        yield None, {"back": lambda s, l, δ: δ @ s.theta[l][:, 1:].T}
    elif rows == columns:
        yield None, {"back": lambda s, l, δ: (δ @ s.theta[l].T)[:, 1:]}


def _wrong_input(s: Setup, layer: int, given: Array | None) -> Variants:
    """a^(k) for a^(l), for every layer k with as many units."""
    for k in range(1, s.L + 1):
        if k != layer and s.size(k) == s.size(layer):
            yield k, {"input": lambda s, l, k=k: s.a[k]}


def _wrong_axis(s: Setup, layer: int, given: Array | None) -> Variants:
    """Divide by the length of another axis: of δ, of a, of X, of Y."""
    lengths = {
        s.size(layer + 1): f"s_{layer + 1}",
        s.size(layer): f"s_{layer}",
        s.size(layer) + 1: f"s_{layer} + 1",
        s.size(1): "s_1",
        s.size(s.L): f"s_{s.L}",
    }
    for length, name in lengths.items():
        if length not in {s.m, 1}:
            yield f"{name} = {length}", {"mean": lambda s, l, n=length: 1.0 / n}
    if s.m == s.size(layer + 1) > 1:

        def across(δ: Array, a: Array) -> Array:
            total: Array = δ.T @ folded(a)
            total[:, 0] = δ.sum(axis=1)  # m · mean over the units, of each example
            return total

        yield "bias", {"sum": across}


def _one_example(s: Setup, layer: int, given: Array | None) -> Variants:
    """Δ := δ aᵀ in place of Δ := Δ + δ aᵀ, or a return inside the loop."""
    for name, index in (("last", -1), ("first", 0)):
        if s.m > 1:
            yield name, {
                "sum": lambda δ, a, k=index: np.outer(δ[k], np.insert(a[k], 0, 1.0))
            }  # fmt: skip


def _stale(s: Setup, layer: int, given: Array | None) -> Variants:
    """δ goes back through the Θ before the last update, the forward pass went through this one."""
    if s.previous is not None and _hidden(s, layer):
        yield "back", {"back": lambda s, l, δ: (δ @ s.previous[l])[:, 1:]}


def _other_layer(s: Setup, layer: int, given: Array | None) -> Variants:
    for k in range(1, s.L):
        if k != layer and s.theta[k].shape == s.theta[layer].shape:
            yield k, {"layer": k}


def _accumulated(s: Setup, layer: int, given: Array | None) -> Variants:
    """k times the gradient, for the k that the numbers themselves suggest."""
    counts = {2, 3}
    if given is not None:
        there = np.isfinite(given) & (np.abs(s.right[layer]) > 0)
        ratios = given[there] / s.right[layer][there]
        if len(ratios):
            # With another mistake beside it, it is still the ratio of some entries.
            near = np.round(ratios)
            exact = (np.abs(ratios - near) < 1e-5 * np.abs(near)) & (near > 1) & (near < 1e6)
            counts |= {int(k) for k in near[exact][:3]}
    for k in sorted(counts - {s.m}):  # m times is 1/m forgotten
        yield k, {"times": float(k)}


def _partly_zero(s: Setup, layer: int, given: Array | None) -> Variants:
    """Zero in a layer, in its bias, in its weights; or wherever the given gradient is zero."""
    parts = {"layer": (0.0, 0.0), "bias": (0.0, 1.0), "weights": (1.0, 0.0)}
    for name, (bias, weights) in parts.items():
        share = np.full(s.theta[layer].shape[1], weights)
        share[0] = bias
        yield name, {"kept": lambda D, share=share: D * share}
    if given is not None:
        kept = given != 0
        named = kept.all() or not kept[:, 1:].any() or (kept[:, 1:].all() and not kept[:, 0].any())
        if not named:
            yield "entries", {"kept": lambda D, kept=kept: D * kept}


CATALOGUE: tuple[Mistake, ...] = (
    _one("y_minus_a", "error", lambda s, l: s.y - s.a[l], _at_output),
    _one("other_cost", "slope", _other_cost, _at_output),
    _one("no_slope", "slope", lambda s, l: 1.0, _hidden),
    _one("slope_of_a", "slope", _slope_at_a, _slope_stands),
    _one("formula_of_z", "slope", _formula_of_z, _curved),
    _one("delta_sign", "sign", lambda s, l: -1.0, _hidden),
    Mistake("row_for_column", True, _row),
    _one("bias_not_dropped", "back", lambda s, l, δ: (δ @ s.theta[l])[:, :-1], _hidden),
    Mistake("wrong_activation", False, _wrong_input),
    _one("z_for_a", "input", lambda s, l: s.z[l], lambda s, l: l > 1),
    Mistake("one_example", False, _one_example),
    _one("sum_for_mean", "mean", lambda s, l: 1.0, _several),
    Mistake("no_m", False, lambda s, l, given: [(None, {"times": float(s.m)})] * (s.m > 1)),
    Mistake("wrong_axis", False, _wrong_axis),
    _one("half_forgotten", "mean", lambda s, l: 2.0 / s.m, lambda s, l: s.cost == "quadratic"),
    _one("no_lam", "strength", lambda s: 0.0, _penalised),
    _one("lam_without_m", "strength", lambda s: s.lam, _penalised),
    _one("lam_twice", "strength", lambda s: 2.0 * s.lam / s.m, _penalised),
    _one("lam_half", "strength", lambda s: 0.5 * s.lam / s.m, _penalised),
    _one("lam_sign", "strength", lambda s: -s.lam / s.m, _penalised),
    _one("bias_regularised", "bias", 1.0, _penalised),
    _one("negated", "times", -1.0),
    Mistake("accumulated", False, _accumulated),
    Mistake("other_layer", False, _other_layer),
    Mistake("stale_weights", True, _stale),
    Mistake("partly_zero", False, _partly_zero),
)  # fmt: skip
BY_KEY = {mistake.key: mistake for mistake in CATALOGUE}


@dataclass(frozen=True, order=True)
class Atom:
    """A mistake at one layer, in one variant."""

    key: str
    layer: int
    detail: Any = None

    @property
    def kind(self) -> str:
        """What counts as one mistake: the same at several layers, and as many times."""
        return f"{self.key} {self.detail}" if self.key == "accumulated" else self.key

    def put(self, s: Setup, given: Array | None = None) -> Put:
        """Return the formulas that it puts in."""
        every = dict(BY_KEY[self.key].variants(s, self.layer, given))
        if self.detail not in every:
            raise ValueError(f"{self} can not be made in this network")
        return every[self.detail]


def atoms(s: Setup, layer: int, delta: bool, given: Array | None) -> Iterator[tuple[Atom, Put]]:
    """Every mistake that can be made at a layer, in δ or in the gradient."""
    for mistake in CATALOGUE:
        if mistake.delta is delta:
            for detail, put in mistake.variants(s, layer, given):
                yield Atom(mistake.key, layer, detail), put
