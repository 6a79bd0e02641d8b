"""Which mistakes explain a gradient: from the last layer down, only what fits goes on.

The gradient of layer l is made of δ^(l+1), and δ^(l+1) of δ^(l+2): what explains the upper layers
is known before the lower ones are looked at. So the search need not try every combination of
mistakes over all layers: at each layer it tries those that can be made there, keeps the ones whose
gradient is the given one up to rounding, and goes on from them. First without any mistake,
then with one, two, three different ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Any

import numpy as np

from .formulas import Array, Layers, Put, Setup, backprop, delta, folded, gradient, summed
from .mistakes import Atom, atoms

Found = frozenset[Atom]
Choice = tuple[tuple[Atom, ...], dict[str, Any]]

EXACT = 1e-10
MOST = 3  # different mistakes in one answer
MOST_TRIED = 20_000  # gradients in one search
MOST_FITS = 60  # answers that fit equally: beyond that the data tell nothing apart


def norm(D: Array) -> float:
    """‖D‖ over the entries that were given, scaled so that no square overflows."""
    D = D[np.isfinite(D)]
    largest = float(np.abs(D).max(initial=0.0))
    return largest * float(np.linalg.norm(D / largest)) if largest else 0.0


def absolute_sums(s: Setup) -> dict[int, float]:
    """S_l: the norm of (1/m) Σ |δ||a|ᵀ + (λ/m) |Θ|, every term by its absolute value."""
    S, above = {}, np.abs(s.a[s.L] - s.y) * np.abs(s.slope(s.L))
    for layer in range(s.L - 1, 0, -1):
        weights = np.abs(s.theta[layer])
        inputs = np.insert(np.abs(s.a[layer]), 0, 1.0, axis=1)
        penalty = s.lam * np.insert(weights[:, 1:], 0, 0.0, axis=1)
        S[layer] = norm((above.T @ inputs + penalty) / s.m)
        if layer > 1:
            above = (above @ weights)[:, 1:] * np.abs(s.slope(layer))
    return S


def single_noise(s: Setup) -> dict[int, float]:
    """How far the algorithm in float32 is from the closed form in float64, layer by layer."""
    with np.errstate(all="ignore"):
        D = backprop(rounded(s), {})
    return {l: float(np.nan_to_num(norm(D[l] - s.right[l]), posinf=0.0)) for l in s.right}


def rounded(s: Setup) -> Setup:
    """The same problem with every value of its forward pass rounded to float32."""
    theta = {l: s.theta[l].astype(np.float32) for l in s.theta}
    z: Layers = {}
    a = {1: s.X.astype(np.float32)}
    for l in theta:
        z[l + 1] = folded(a[l]) @ theta[l].T
        # Some g of the closed form widen to float64.
        a[l + 1] = s.g(l + 1, z[l + 1]).astype(np.float32)
    single = copy(s)
    for name, value in {"theta": theta, "z": z, "a": a, "y": s.y.astype(np.float32)}.items():
        object.__setattr__(single, name, value)
    return single


@dataclass
class Search:
    """One gradient, in one layout, to be explained.

    ``given[l]`` is shaped as Θ^(l), NaN where nothing was given; ``tolerance(l, D)`` is how far
    two results may be apart by rounding alone.
    """

    s: Setup
    given: Layers
    S: dict[int, float]
    noise: dict[int, float]
    single: bool = False
    most: int = 2
    found: list[Found] = field(default_factory=list)
    tried: int = 0

    def __post_init__(self) -> None:
        """List once what can be put in at each layer."""
        s = self.s
        self.deltas = {l: [*atoms(s, l, True, None)] for l in range(2, s.L + 1)}
        self.grads = {l: [*atoms(s, l, False, self.given[l])] for l in range(1, s.L)}

    def close(self, layer: int, D: Array, given: Array | None = None) -> bool:
        """Whether a gradient is the given one of this layer, up to rounding."""
        given = self.given[layer] if given is None else given
        return norm(given - D) <= self.tolerance(layer, D)

    def tolerance(self, layer: int, D: Array) -> float:
        """How far two ways to compute D may be apart by rounding."""
        size = max(self.S[layer], norm(D))
        grown = max(1.0, norm(D) / self.S[layer]) if self.S[layer] else 1.0
        noise = self.noise[layer] * grown
        if self.single:
            return 30.0 * noise + 3e-6 * size
        return 1e-6 * noise + EXACT * size

    def fits(self, budget: int) -> list[Found]:
        """Every set of at most `budget` different mistakes that gives the given gradient."""
        self.most, self.found, self.tried = budget, [], 0
        self.down(State(self.s.L - 1))
        return self.found

    def down(self, state: State) -> None:
        """Explain one layer, and go on to the next from everything that fits."""
        if len(self.found) >= MOST_FITS:
            return
        if state.layer == 0:
            self.found.append(frozenset(state.atoms))
            return
        for state_δ in self.with_delta(state):
            for after in self.with_gradient(state_δ):
                self.down(after)

    def choices(self, state: State, options: list[tuple[Atom, Put]]) -> Iterator[Choice]:
        """Sets of options in different places, with no more new kinds than are left."""
        used = {atom.kind for atom in state.atoms}
        left = self.most - len(used)
        open_ = [(atom, put) for atom, put in options if left > 0 or atom.kind in used]
        for count in range(len(used) + min(left, 2) + 1):
            for chosen in combinations(open_, count):
                together: dict[str, Any] = {}
                for _, put in chosen:
                    together |= put
                distinct = len(together) == sum(len(put) for _, put in chosen)
                kinds = {atom.kind for atom, _ in chosen}
                if distinct and len(kinds - used) <= left and len(kinds) == count:
                    yield tuple(atom for atom, _ in chosen), together

    def with_delta(self, state: State) -> Iterator[State]:
        """Every δ of the next layer that is not the same as a simpler one."""
        layer, seen = state.layer + 1, list[tuple[tuple[Atom, ...], Array]]()
        for chosen, put in self.choices(state, self.deltas[layer]):
            δ = delta(self.s, layer, state.above, put)
            simpler = (other for fewer, other in seen if {*fewer} < {*chosen})
            if any(np.allclose(δ, other, rtol=1e-9, atol=0.0) for other in simpler):
                continue
            seen.append((chosen, δ))
            yield replace(state, above=δ, atoms=(*state.atoms, *chosen))

    def with_gradient(self, state: State) -> Iterator[State]:
        """Every way from δ to the given gradient of this layer, the simplest ones only."""
        layer, good = state.layer, list[tuple[Atom, ...]]()
        sums: dict[Any, Array] = {}
        for chosen, put in self.choices(state, self.grads[layer]):
            if any({*fewer} < {*chosen} for fewer in good):
                continue  # it fits without the rest of them
            self.tried += 1
            if self.tried > MOST_TRIED:
                return
            key = (put.get("input"), put.get("sum"))
            if key not in sums:
                sums[key] = summed(self.s, layer, state.above, put)
            D = gradient(self.s, layer, sums[key], put)
            source = put.get("layer")
            if not self.explained(state, D, source):
                continue
            good.append(chosen)
            waits = [*state.waits, (layer, source)] if source and source < layer else state.waits
            yield replace(
                state, layer=layer - 1, atoms=(*state.atoms, *chosen), waits=tuple(waits),
                D={**state.D, layer: D},
            )  # fmt: skip

    def explained(self, state: State, D: Array, source: int | None) -> bool:
        """Whether D is what was given here, and wherever else it was put."""
        layer = state.layer
        if any(of == layer and not self.close(into, D) for into, of in state.waits):
            return False
        if source is None:
            return self.close(layer, D)
        if source > layer:
            return self.close(layer, state.D[source])
        # To be seen further down. Believed where the two layers are given alike, or once, for a
        # swap: to try every order of equal layers would take for ever.
        alike = norm(self.given[layer] - self.given[source]) <= EXACT * norm(self.given[layer])
        return alike or not state.waits


@dataclass(frozen=True)
class State:
    """What is explained so far: all layers above `layer`."""

    layer: int
    above: Any = None
    atoms: tuple[Atom, ...] = ()
    waits: tuple[tuple[int, int], ...] = ()
    D: Layers = field(default_factory=dict)
