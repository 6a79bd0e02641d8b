"""The numbers behind an answer: residuals, fitted scales, and what the data can not show."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from .formulas import Layers, Put, Setup, backprop, bias_penalised
from .mistakes import CATALOGUE, Atom
from .report import Answer, Named
from .search import EXACT, Found, norm

NEEDS_LAMBDA = ("no_lam", "lam_without_m", "lam_twice", "lam_half", "lam_sign", "bias_regularised")
NEEDS_EXAMPLES = ("one_example", "sum_for_mean", "no_m")
NEEDS_HIDDEN = ("no_slope", "delta_sign", "bias_not_dropped")


def residuals(given: Layers, D: Layers, S: dict[int, float]) -> tuple[float, dict[int, float]]:
    """‖given - D‖ / S over all layers, and by layer; S where it is not 0."""
    apart = {l: norm(given[l] - D[l]) for l in given}
    whole = norm(np.array([*apart.values()])) / (norm(np.array([*S.values()])) or 1.0)
    return whole, {l: apart[l] / (S[l] or 1.0) for l in given}


def put_in(s: Setup, found: Iterable[Atom], given: Layers) -> dict[int, Put]:
    """The formulas of several mistakes, by layer."""
    put: dict[int, dict[str, object]] = {}
    for atom in found:
        if atom.layer and atom.detail != "row":
            of = None if atom.layer == s.L else given.get(atom.layer)
            put.setdefault(atom.layer, {}).update(atom.put(s, of))
    return dict(put)


def answer(s: Setup, found: Found, given: Layers, S: dict[int, float]) -> Answer:
    """Mistakes that were found, by name, and what they leave."""
    order = [mistake.key for mistake in CATALOGUE]
    by_kind: dict[str, list[Atom]] = {}
    for atom in sorted(found, key=lambda atom: (order.index(atom.key), -atom.layer)):
        by_kind.setdefault(atom.kind, []).append(atom)
    delta = {mistake.key: mistake.delta for mistake in CATALOGUE}
    mistakes = tuple(
        Named(atoms[0].key, delta[atoms[0].key], tuple((a.layer, a.detail) for a in atoms))
        for atoms in by_kind.values()
    )
    return Answer(mistakes, *residuals(given, backprop(s, put_in(s, found, given)), S))


def scales(s: Setup, given: Layers, S: dict[int, float]) -> dict[int, tuple[float, float]]:
    """α and β of layers where α Δ/m + β (λ/m) Θ is the given gradient, and they are not 1."""
    fitted = {}
    for l, D in given.items():
        penalty = s.lam / s.m * bias_penalised(s.theta[l], 0.0)
        there = np.isfinite(D)
        columns = [(s.right[l] - penalty)[there], penalty[there]]
        basis = np.stack(columns if s.lam else columns[:1], axis=1)
        free, *_ = np.linalg.lstsq(basis, D[there], rcond=None)
        # Rounded: a coefficient of 1e-17 is 0.
        α, β = round(float(free[0]), 12) + 0.0, round(float(free[1]), 12) + 0.0 if s.lam else 1.0
        left = norm(basis @ free - D[there])
        plain = abs(α - 1) < 1e-9 and abs(β - 1) < 1e-9
        if left <= EXACT * (S[l] + norm(D)) and not plain and D[there].size > basis.shape[1]:
            fitted[l] = (α, β)
    return fitted


def unseen(s: Setup, S: dict[int, float]) -> dict[str, tuple[str, ...]]:
    """Mistakes that leave no trace in this problem, by the reason."""
    found: dict[str, list[str]] = {}
    for mistake in CATALOGUE:
        key = mistake.key
        if s.lam == 0 and key in NEEDS_LAMBDA:
            found.setdefault("lam", []).append(key)
        elif s.m == 1 and key in NEEDS_EXAMPLES:
            found.setdefault("m", []).append(key)
        elif s.L == 2 and key in NEEDS_HIDDEN:
            found.setdefault("hidden", []).append(key)
        elif _without_effect(s, key, S):
            found.setdefault("same", []).append(key)
    return {reason: tuple(keys) for reason, keys in found.items()}


def _without_effect(s: Setup, key: str, S: dict[int, float]) -> bool:
    """Whether a mistake can be made, and changes nothing wherever it is."""
    (mistake,) = (each for each in CATALOGUE if each.key == key)
    made = False
    for layer in mistake.layers(s):
        for _, put in mistake.variants(s, layer, None):
            made = True
            if residuals(backprop(s, {layer: put}), s.right, S)[0] > EXACT:
                return False
    return made


def closest(s: Setup, given: Layers, S: dict[int, float]) -> Answer | None:
    """The single mistake, at one layer or at all, that leaves least; None if it leaves most."""
    best = None
    for mistake in CATALOGUE:
        every: dict[object, set[Atom]] = {}
        for layer in mistake.layers(s):
            of = None if mistake.delta else given[layer]
            for detail, _ in mistake.variants(s, layer, of):
                atom = Atom(mistake.key, layer, detail)
                every.setdefault(detail, set()).add(atom)
                every[atom] = {atom}
        for atoms in every.values():
            tried = answer(s, frozenset(atoms), given, S)
            if best is None or tried.residual < best.residual:
                best = tried
    before = residuals(given, s.right, S)[0]
    return best if best is not None and best.residual < 0.3 * before else None
