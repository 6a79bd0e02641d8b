"""Gradients with known mistakes in them, for the tests of the diagnosis."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from autograd_mini.testing.diagnosis import judged
from autograd_mini.testing.formulas import Layers, Setup, backprop
from autograd_mini.testing.mistakes import CATALOGUE, Atom
from autograd_mini.testing.report import Answer, Diagnosis
from tests.strategies import ACTIVATIONS, PAIRS, Problem

Found = frozenset[Atom]


def setup_of(problem: Problem) -> Setup:
    theta = dict(enumerate(problem.theta, 1))
    hidden = tuple(problem.hidden)
    return Setup(theta, problem.X, problem.Y, problem.lam, hidden, problem.output, problem.cost)


def network(rng: np.random.Generator, **fixed: Any) -> Setup:
    """A random network with data: 1 to 4 weight layers of 1 to 5 units, often of equal sizes."""
    L = fixed.get("L", int(rng.integers(2, 6)))
    sizes = [int(n) for n in rng.integers(1, 6, L)]
    if rng.random() < 0.5:
        sizes = [int(rng.integers(2, 5))] * L
    m = fixed.get("m", int(rng.integers(1, 9)))
    output, cost = fixed.get("pair", PAIRS[rng.integers(len(PAIRS))])
    if output == "softmax":
        sizes[-1] = max(sizes[-1], 2)
    lam = fixed.get("lam", float(rng.choice([0.0, 1.0, 3.0, 0.1])))
    g = fixed.get("g", ACTIVATIONS[rng.integers(len(ACTIVATIONS))])
    shapes = [(after, before + 1) for before, after in pairwise(sizes)]
    theta = {l: rng.normal(size=shape) for l, shape in enumerate(shapes, 1)}
    Y = np.eye(sizes[-1])[rng.integers(0, sizes[-1], m)]
    if output != "softmax":
        Y = rng.integers(0, 2, (m, sizes[-1])).astype(float)
    return Setup(theta, rng.normal(size=(m, sizes[0])), Y, lam, (g,) * (L - 2), output, cost)


def single_mistakes(s: Setup) -> Iterator[Found]:
    """Each mistake of the catalogue at each layer, and at every layer at once."""
    for mistake in CATALOGUE:
        everywhere: dict[Any, list[Atom]] = {}
        for layer in mistake.layers(s):
            for detail, _ in mistake.variants(s, layer, None):
                atom = Atom(mistake.key, layer, detail)
                everywhere.setdefault(detail, []).append(atom)
                yield frozenset({atom})
        yield from (frozenset(atoms) for atoms in everywhere.values() if len(atoms) > 1)


def compatible(s: Setup, *mistakes: Found) -> bool:
    """Whether the mistakes are made in different places of the algorithm, and are different."""
    keys = [{atom.key for atom in found} for found in mistakes]
    places = [(atom.layer, place) for found in mistakes for atom in found for place in atom.put(s)]
    return len(set(places)) == len(places) and len(set.union(*keys)) == len(mistakes)


def planted(s: Setup, *mistakes: Found) -> Layers:
    put: dict[int, dict[str, Any]] = {}
    for atom in frozenset[Atom]().union(*mistakes):
        put.setdefault(atom.layer, {}).update(atom.put(s))
    return backprop(s, put)


def shaken(D: Layers, rng: np.random.Generator, by: float = 1e-14) -> Layers:
    """The same with another program's rounding."""
    return {l: each * (1 + by * rng.normal(size=each.shape)) for l, each in D.items()}


def same(s: Setup, A: Layers, B: Layers) -> bool:
    """Whether two gradients are the same up to rounding, whoever computed them."""
    return all(np.allclose(A[l], B[l], rtol=1e-9, atol=1e-9 * np.abs(B[l]).max()) for l in A)


def found_in(answer: Answer) -> Found:
    return frozenset(
        Atom(mistake.key, layer, detail)
        for mistake in answer.mistakes
        for layer, detail in mistake.places
    )


def diagnosed(s: Setup, D: Layers | Sequence[Any]) -> Diagnosis:
    pieces = [("", each) for each in (D.values() if isinstance(D, dict) else D)]
    return judged(s, pieces)
