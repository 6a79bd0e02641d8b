"""Which mistake is in somebody's gradients: compare, search, rank, and say it with evidence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from .. import closed_form
from . import evidence
from .calling import called
from .formulas import Layers, Setup
from .layouts import Layout, Piece, flattened, readings
from .mistakes import CATALOGUE, Atom
from .report import Diagnosis, known
from .search import MOST, Found, Search, absolute_sums, single_noise
from .stale import learned_from
from .words import SENTENCES, Told

__all__ = ["diagnose"]

Readings = list[tuple[Layout, Layers]]
Names = str | Sequence[str]


def diagnose(
    my_gradients: Any, theta: Any, X: Any, Y: Any, lam: float = 0.0, *,
    activation: Names = "sigmoid", output: str = "sigmoid", cost: str = "logistic",
    previous_theta: Any = None, lang: str = "en",
) -> Diagnosis:  # fmt: skip
    """Find the mistake in a gradient that was computed by hand.

    The gradient is compared with the closed form ∂J/∂Θ^(l) = (1/m) Σ δ^(l+1) (a^(l))ᵀ + (λ/m) Θ^(l)
    and with the same algorithm when mistakes of a catalogue are put into it: one, at one layer or
    at several, and two or three different ones together. An answer is given when it reproduces
    the gradient up to rounding; otherwise it is said that none of the known mistakes does.

    Parameters
    ----------
    my_gradients : callable, arrays
        A function ``f(theta, X, Y, lam)`` (also without lam), or what such a function returned: a
        list or mapping of ∂J/∂Θ^(l), weights and biases apart, one vector; transposed, in reverse
        order, bias first, last or missing: it is recognised and said. A cost before the gradients
        is looked at as well. The function is called twice, with copies; it gets theta as a
        mapping keyed by layer, or as a list if it takes no mapping.
    theta : list, mapping or Network
        Θ^(1), Θ^(2), ... of shape (s_{l+1}, s_l + 1), the bias in column 0. Of a Network the
        activation and output are taken too.
    X, Y, lam, activation, output, cost
        As in `autograd_mini.closed_form.gradients`.
    previous_theta : list or mapping, optional
        Θ before the last update, if there was one: stale weights are looked for there. Without it
        they are looked for along the gradient itself, Θ + α D.
    lang : str
        Language of the answer's text, "en" or "zh".

    Returns
    -------
    Diagnosis
        ``print`` it, or read ``right``, ``answers``, ``residual``, ``layout``.

    Raises
    ------
    ValueError
        Shapes do not fit, in any layout; values are no numbers; a name is unknown. What the
        function itself raises comes through.

    Examples
    --------
    A gradient whose δ^(2) lacks g':

    >>> from autograd_mini import closed_form
    >>> rng = np.random.default_rng(0)
    >>> theta = [rng.normal(size=(5, 4)), rng.normal(size=(3, 6))]
    >>> X, Y = rng.normal(size=(7, 3)), np.eye(3)[rng.integers(0, 3, 7)]
    >>> _, a = closed_form.forward(theta, X)
    >>> δ3 = a[3] - Y
    >>> δ2 = (δ3 @ theta[1])[:, 1:]
    >>> ones = np.ones((7, 1))
    >>> mine = [δ2.T @ np.hstack([ones, X]) / 7, δ3.T @ np.hstack([ones, a[2]]) / 7]
    >>> found = diagnose(mine, theta, X, Y)
    >>> found.right, found.answers[0].keys
    (False, ('no_slope',))
    """
    known(lang)
    if hasattr(theta, "sizes") and hasattr(theta, "activation"):
        activation, output = theta.activation, theta.output
    s = setup(theta, X, Y, lam, activation, output, cost, previous_theta)
    if callable(my_gradients) and not hasattr(my_gradients, "theta"):
        calls = called(my_gradients, s)
        return judged(s, calls.first, lang, second=calls.second, changed=calls.changed)
    return judged(s, [*flattened(my_gradients)], lang)


def setup(
    theta: Any, X: Any, Y: Any, lam: float, activation: Names, output: str, cost: str,
    previous: Any = None,
) -> Setup:  # fmt: skip
    """Look through what the closed form will be asked for, in float64."""
    thetas = _by_layer(theta)
    hidden = [activation] * (len(thetas) - 1) if isinstance(activation, str) else activation
    before = None if previous is None else _by_layer(previous)
    if before is not None:
        shapes = {l: matrix.shape for l, matrix in before.items()}
        if shapes != {l: matrix.shape for l, matrix in thetas.items()}:
            raise ValueError(f"previous_theta has shapes {shapes}; expected those of theta")
    if not np.isfinite(lam) or lam < 0:
        raise ValueError(f"lam={lam!r}; expected a finite number, 0 or more")
    X = np.asarray(X)
    for name, array in {"X": X, **{f"theta[{l}]": each for l, each in thetas.items()}}.items():
        if array.dtype.kind not in "fiub" or not np.isfinite(array).all():
            raise ValueError(f"{name} holds something but finite real numbers; give those only")
    X = X.astype(np.float64)
    return Setup(thetas, X, np.asarray(Y), float(lam), tuple(hidden), output, cost, before)


def _by_layer(theta: Any) -> Layers:
    theta = getattr(theta, "theta", theta)
    pairs = theta.items() if hasattr(theta, "items") else enumerate(theta, 1)
    layers = {layer: np.asarray(matrix) for layer, matrix in sorted(pairs)}
    reals = {layer for layer in layers if layers[layer].dtype.kind in "fiub"}
    return {l: each.astype(np.float64) if l in reals else each for l, each in layers.items()}


def judged(
    s: Setup, pieces: list[Piece], lang: str = "en", *, second: list[Piece] | None = None,
    changed: Sequence[str] = (),
) -> Diagnosis:  # fmt: skip
    """Diagnose gradients that are there, and those of a second call beside them."""
    cost, pieces = _cost_apart(pieces)
    shapes = {l: (matrix.shape[0], matrix.shape[1]) for l, matrix in s.theta.items()}
    found = _of_readings(s, readings(pieces, shapes), _is_single(pieces), lang)
    remarks = [*found.remarks]
    if cost is not None:
        remarks.append(_of_cost(s, cost, found.single))
    if changed:
        remarks.append(_told("changed", what=", ".join(changed)))
    if second is not None:
        again = judged(s, second, lang)
        if abs(again.residual - found.residual) > 1e-9 * (1 + found.residual):
            remarks.append(_told("second right" if found.right else "second"))
            found = again if found.right else found
    return replace(found, remarks=tuple(remarks))


def _told(sentence: str, **values: Any) -> Told:
    return Told(*(text.format(**values) for text in SENTENCES[sentence]))


def _cost_apart(pieces: list[Piece]) -> tuple[float | None, list[Piece]]:
    """J, where it stands before the gradients."""
    if len(pieces) > 1 and pieces[0][1].size == 1 and pieces[0][1].ndim == 0:
        return float(pieces[0][1]), pieces[1:]
    return None, pieces


def _of_cost(s: Setup, mine: float, single: bool) -> Told:
    J = float(closed_form.cost(
        s.theta, s.X, s.Y, s.lam, activation=s.hidden, output=s.output, cost=s.cost
    ))  # fmt: skip
    right = abs(mine - J) <= (1e-4 if single else 1e-9) * abs(J)
    return _told("cost right" if right else "cost wrong", mine=mine, right=J)


def _is_single(pieces: list[Piece]) -> bool:
    """Whether the values have float32's digits only, whatever their dtype."""
    if any(array.dtype.kind == "f" and array.dtype.itemsize < 8 for _, array in pieces):
        return True
    values = np.concatenate([np.ravel(array).astype(np.float64) for _, array in pieces])
    values = values[np.isfinite(values) & (values != 0)]
    with np.errstate(over="ignore"):
        rounded = values.astype(np.float32)
    return len({*values.tolist()}) > 2 and np.array_equal(rounded, values)


def _of_readings(s: Setup, every: Readings, single: bool, lang: str) -> Diagnosis:
    """Diagnose gradients in the reading that explains them with the fewest mistakes."""
    S = absolute_sums(s)
    names = {
        "cost": s.cost, "m": s.m, "lam": s.lam, "g": {l: s.name(l) for l in range(2, s.L + 1)}
    }  # fmt: skip
    layout, given = every[0]
    if any(np.isinf(D).any() for D in given.values()) or _holes(given, layout):
        return Diagnosis("not finite", layout, float("inf"), {}, names=names, lang=lang)
    hidden = evidence.unseen(s, S)
    for at, layout, given, fits, roughly in _searched(s, every, single, S):
        before, by_layer = evidence.residuals(given, s.right, S)
        answers = tuple(evidence.answer(at, fit, given, S) for fit in _ranked(fits))
        verdict = "mistake" if answers[0].mistakes else "right"
        return Diagnosis(
            verdict, layout, before, by_layer, answers if answers[0].mistakes else (), roughly,
            None, evidence.scales(s, given, S) if answers[0].mistakes else {}, hidden,
            names=names, lang=lang,
        )  # fmt: skip
    return _unexplained(s, every, S, hidden, names, lang)


def _unexplained(
    s: Setup, every: Readings, S: dict[int, float], hidden: Any, names: dict[str, Any], lang: str
) -> Diagnosis:
    """Say what is nearest, in the reading in which something is near; else in the plainest."""
    near = [evidence.closest(s, given, S) for _, given in every]
    left = [np.inf if each is None else each.residual for each in near]
    k = int(np.argmin(left))
    layout, given = every[k]
    before, by_layer = evidence.residuals(given, s.right, S)
    return Diagnosis(
        "unknown", layout, before, by_layer, closest=near[k],
        scales=evidence.scales(s, given, S), unseen=hidden, names=names, lang=lang,
    )  # fmt: skip


def _holes(given: Layers, layout: Layout) -> bool:
    """Whether there is a NaN that is not the mark of a missing bias."""
    missing = layout.bias == "missing"
    return any(np.isnan(D[:, 1:] if missing else D).any() for D in given.values())


Step = tuple[Setup, Layout, Layers, list[Found], bool]


def _searched(s: Setup, every: Readings, single: bool, S: dict[int, float]) -> Iterator[Step]:
    """What fits, the simplest first: exactly, as exactly as float32, then three mistakes."""
    noise = single_noise(s)

    def fitting(at: Setup, budget: int, roughly: bool, more: Found = frozenset()) -> Iterator[Step]:
        for layout, given in every:
            fits = Search(at, given, S, noise, roughly).fits(budget)
            rows = {Atom("bias_not_dropped", l + 1, "row") for l in layout.extra}
            if fits:
                yield at, layout, given, [fit | rows | more for fit in fits], roughly

    before = s.previous and replace(s, theta=s.previous, previous=None)
    old = frozenset({Atom("stale_weights", 0, "previous")})
    for roughly in (True,) if single else (False, True):
        for budget in range(3):
            if budget == 1 and roughly and not single:
                yield from _learned(s, every, S, noise)
            yield from fitting(s, budget, roughly)
            if before and budget:
                yield from fitting(before, budget - 1, roughly, old)
    if not single:
        yield from fitting(s, MOST, False)


def _learned(
    s: Setup, every: Readings, S: dict[int, float], noise: dict[int, float]
) -> Iterator[Step]:
    """Stale weights, at a Θ that is not known: along the gradient itself."""
    for layout, given in every:
        earlier = learned_from(s, given)
        if earlier is not None and Search(earlier[1], given, S, noise).fits(0):
            fit = frozenset({Atom("stale_weights", 0, earlier[0])})
            yield earlier[1], layout, given, [fit], False


def _ranked(fits: list[Found]) -> list[Found]:
    """Fewest different mistakes first, then the fewest places, then the catalogue's order."""
    order = [mistake.key for mistake in CATALOGUE]

    def rank(fit: Found) -> tuple[Any, ...]:
        kinds = {atom.kind for atom in fit}
        places = sorted(order.index(atom.key) for atom in fit)
        return len(kinds), len(fit), places, sorted(map(str, fit))

    ranked = sorted({*fits}, key=rank)
    return [fit for fit in ranked if rank(fit)[0] == rank(ranked[0])[0]]
