"""Is this gradient right? `check_grads` compares it with numbers, along random directions.

For a direction u of an argument and a cotangent v of the output, with J the Jacobian there,

    vjp     (vᵀJ) · u   from the pullback        against    v · (J u) by numbers, one number each
    jvp     J u         from the pushforward     against    J u by numbers, entry by entry

so an array of any size costs a few evaluations of f. The next order is the same check of the
pullback itself, x -> vᵀJ(x). Only when something is wrong the worst element is looked for.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from .context import no_grad
from .derivatives import jvp
from .differences import EPS, Slope, dot, has_kink, norm, slope
from .tensor import Tensor, unwrap, wrap
from .transforms import flatten, vjp

__all__ = ["NotDifferentiable", "check_grads"]

Function = Callable[..., Any]
TOLERANCE = {"e": 1e-2, "f": 1e-4, "d": 1e-8, "g": 1e-8}
"""By dtype, relative to the size of what is compared: half, single, double, extended."""
EXACT = 1e-11
"""For double precision where a complex step gave the derivative."""
SEARCHED = 100
"""At most so many elements with a kink are left out of a check."""


class NotDifferentiable(UserWarning):
    """Here f has a kink, a jump, or the edge of its domain: this was not checked."""


def check_grads(
    f: Function, args: Sequence[Any], order: int = 2, modes: Sequence[str] = ("vjp", "jvp"), *,
    tolerance: float | None = None, seed: int = 0,
) -> None:
    """Check f's derivatives against numbers; raise an AssertionError that says what is wrong.

    Parameters
    ----------
    f : callable
        Of numbers, arrays, Tensors and containers of them, to the same. It must give the same
        for the same arguments.
    args : tuple
        Where to check: its arguments, float16 to longdouble or complex.
    order : int
        1 checks the gradient, 2 its derivative as well, and so on.
    modes : sequence of {"vjp", "jvp"}
        Pull cotangents back, push tangents forward, or both.
    tolerance : float, optional
        Relative to the size of what is compared. By dtype: 1e-8 in float64 (1e-11 where f allows
        a complex step), 1e-4 in float32, 1e-2 in float16. The numbers are always taken in float64.
    seed : int
        Of the random directions and cotangents.

    Raises
    ------
    AssertionError
        Naming order, argument, direction, both numbers and the worst element.
    TypeError, ValueError
        For arguments that have no derivative, an unknown mode, an order below 1.

    Warns
    -----
    NotDifferentiable
        When f has a kink, a jump or an edge right here: these elements are left out.

    Examples
    --------
    >>> import numpy as np, autograd_mini as ag
    >>> ag.check_grads(lambda a, b: np.tanh(a @ b), (np.eye(2), np.array([0.5, -1.0])))
    >>> cube = ag.primitive(lambda x: x * x * x)
    >>> _ = ag.rule(cube, lambda g, y, x: g * 2.0 * x**2, name="cube")
    >>> ag.check_grads(cube, (np.array([1.0, 2.0]),))
    Traceback (most recent call last):
    AssertionError: order 1, vjp, argument 0 (x): along u = ... the derivative is ... by the rules
    and ... by a complex step, ... apart (allowed ...); worst at [1]: ...
    """
    if not isinstance(args, (tuple, list)):
        expected = "args must be a tuple, one entry per argument of f"
        raise TypeError(f"{expected}; got {type(args).__name__}: write (x,)")
    unknown = [mode for mode in modes if mode not in ("vjp", "jvp")]
    if unknown or isinstance(modes, str) or not modes:
        raise ValueError(f'modes must be ("vjp",), ("jvp",) or both; got {modes!r}')
    if type(order) is not int or order < 1:
        raise ValueError(f"order must be a whole number from 1 on; got {order!r}")
    point = _Point(f, args, tolerance)
    function, sizes = point.function, point.sizes()
    for k in range(1, order + 1):
        check = _Order(point, function, k, sizes, np.random.default_rng([seed, k]))
        for i in range(len(point.values)):
            check.argument(i, modes)
        function, sizes = check.next(modes[0]), check.sizes(modes[0])


class _Point:
    """Where f is checked: its arguments as a list of arrays, and f as a function of these."""

    def __init__(self, f: Function, args: Sequence[Any], tolerance: float | None) -> None:
        leaves, self.rebuild = flatten(tuple(args))
        self.f, self.labels = f, _labels(f, args)
        self.are_tensors = [type(leaf) is Tensor for leaf in leaves]
        vjp(lambda *x: x, *leaves)  # raises for what has no derivative
        self.values = [_floating(unwrap(leaf)) for leaf in leaves]
        self.wide = [x.astype(np.result_type(x, np.float64))[()] for x in self.values]
        self.kept: list[int] | None = None
        outputs = self.numbers(self.function, self.wide)
        self.kept = [i for i, y in enumerate(outputs) if y.dtype.kind in "fc"]
        if not self.kept:
            got = ", ".join(str(y.dtype) for y in outputs) or "nothing"
            raise ValueError(f"f returned {got}: there is no floating-point output to check")
        narrow = self.numbers(self.function, [x[()] for x in self.values])
        dtypes = [np.finfo(a.dtype) for a in (*self.values, *narrow)]
        worst = max(dtypes, key=lambda info: float(info.eps))
        self.eps = max(EPS, float(worst.eps))
        self.given, self.tolerance = tolerance, TOLERANCE[np.dtype(worst.dtype).char]

    def function(self, *leaves: Any) -> tuple[Any, ...]:
        """Return f's outputs, those that can have a derivative, as a flat tuple."""
        pairs = zip(leaves, self.are_tensors, strict=True)
        given = [wrap(x) if t and type(x) is not Tensor else x for x, t in pairs]
        outputs, _ = flatten(self.f(*self.rebuild(given)))
        return tuple(outputs if self.kept is None else [outputs[i] for i in self.kept])

    def numbers(self, function: Function, values: Sequence[Any]) -> list[Any]:
        """Return a function's outputs as arrays, unrecorded."""
        with no_grad(), np.errstate(all="ignore"):
            return [np.asarray(unwrap(y)) for y in function(*values)]

    def sizes(self) -> list[float]:
        """Return the size that terms of f may have although they cancel: its arguments', to 1."""
        least = min([1.0, *map(_scale, self.values)])
        return [least] * len(self.kept or ())

    def allowed(self, exact: bool) -> float:
        """Return the tolerance, relative to the size of what is compared."""
        if self.given is not None:
            return self.given
        return EXACT if exact and self.eps == EPS else self.tolerance


class _Order:
    """One order: a function of the leaves, f or a derivative of it, and its derivatives."""

    def __init__(
        self, point: _Point, function: Function, k: int, sizes: Sequence[float], rng: Any
    ) -> None:
        self.point, self.function, self.k, self.rng = point, function, k, rng
        self.y = point.numbers(function, point.wide)
        self.noise = [np.abs(y) + size for y, size in zip(self.y, sizes, strict=True)]
        self.finite = all(bool(np.all(np.isfinite(y))) for y in self.y)
        with np.errstate(all="ignore"):
            outputs, pullback = vjp(function, *[x[()] for x in point.values])
            self.outputs = [np.asarray(unwrap(y)) for y in outputs]
            self.v = tuple(_direction(rng, y, 1.0) for y in self.outputs)
            self.pulled = [np.asarray(unwrap(g)) for g in pullback(self.v)]
        self._same_values()

    def _same_values(self) -> None:
        """Recorded, f must compute what it computes on arrays, or nothing can be compared."""
        for y, recorded in zip(self.y, self.outputs, strict=True):
            size = 1e2 * self.point.allowed(exact=False) * (1.0 + np.max(np.abs(y), initial=0.0))
            if self.finite and not np.all(np.abs(y - recorded) <= size):
                what = "f" if self.k == 1 else "the gradient"
                raise AssertionError(
                    f"order {self.k}: {what} is {_short(recorded)} on Tensors, recorded, and "
                    f"{_short(y)} on arrays; is it random, or does it depend on what came before?"
                )

    def sizes(self, mode: str) -> list[float]:
        """Return how large the next order's outputs are where nothing cancels."""
        sizes = [float(np.max(size, initial=0.0)) for size in self.noise]
        if mode == "jvp":
            return sizes
        largest = max(sizes, default=0.0)
        return [largest / _scale(x) for x in self.point.values]

    def next(self, mode: str) -> Function:
        """Return the next order's function: the derivative along this order's directions."""
        if mode == "jvp":
            u = [_direction(self.rng, x, _scale(x)) for x in self.point.values]
            return lambda *leaves: jvp(self.function, leaves, u)[1]
        return lambda *leaves: vjp(self.function, *leaves)[1](self.v)

    def along(self, i: int, u: Any, t: Any) -> list[Any]:
        """Return the outputs where argument i has moved by t u."""
        moved = [*self.point.wide]
        moved[i] = (moved[i] + t * u.astype(moved[i].dtype))[()]
        return self.point.numbers(self.function, moved)

    def argument(self, i: int, modes: Sequence[str]) -> None:
        """Check the derivatives in one argument; leave out what has none."""
        x = self.point.values[i]
        u = _direction(self.rng, x, _scale(x))
        analytic = self.k == 1 and not any(np.iscomplexobj(a) for a in (x, *self.outputs))
        relative = self.point.allowed(exact=False)
        for _ in range(3):
            if not self.finite:
                self._warn(i, "f is not finite")
                return
            if not u.any():
                return
            along = partial(self.along, i, u)
            wrong, by_numbers = "", None
            for first in (0, 3, 6):  # a pole or a kink inside of a large step deceives it
                by_numbers = slope(along, self.y, relative, analytic, self.noise, first)
                with np.errstate(all="ignore"):
                    again = self._wrong(i, u, by_numbers, modes) if by_numbers else ""
                if by_numbers is not None and by_numbers.settled and not again:
                    return
                wrong = wrong or again
            if not has_kink(along, self.y, self.noise):
                if wrong:
                    raise AssertionError(wrong)
                self._warn(i, "differences of f do not settle down")
                return
            places = self._kinks(i, u)
            if places is None:
                break
            self._warn(i, "f has a kink, a jump or an edge", places)
            u = np.where(np.isin(np.arange(u.size), places).reshape(u.shape), 0, u)
        else:
            return
        self._warn(i, "f has a kink, a jump or an edge")

    def _wrong(self, i: int, u: Any, numeric: Slope, modes: Sequence[str]) -> str:
        """Return what is wrong along a direction; nothing if all agrees."""
        relative = self.point.allowed(numeric.analytic)
        floor = 4.0 * self.point.eps + 1e3 * EPS
        if "vjp" in modes:
            g = np.where(u == 0, 0, self.pulled[i])
            got = dot(g, u)
            expected = sum(map(dot, self.v, numeric.value))
            terms = [a * b for a, b in zip(self.v, numeric.value, strict=True)]
            size = norm([g * u]) + norm(terms)
            off = [np.abs(v) * e for v, e in zip(self.v, numeric.error, strict=True)]
            scale = norm([v * n for v, n in zip(self.v, self.noise, strict=True)])
            allowed = relative * size + 16.0 * norm(off) + floor * scale
            if not abs(got - expected) <= allowed:
                worst = self._worst(i, u, numeric.step if not numeric.analytic else 2.0**-8)
                return self._told("vjp", i, u, (got, expected, allowed), numeric, worst)
        if "jvp" in modes:
            return self._pushed_wrong(i, u, numeric, relative, floor)
        return ""

    def _pushed_wrong(
        self, i: int, u: Any, numeric: Slope, relative: float, floor: float
    ) -> str:
        tangents = [np.zeros_like(x)[()] for x in self.point.values]
        tangents[i] = u[()]
        with np.errstate(all="ignore"):
            primals = [x[()] for x in self.point.values]
            pushed = jvp(self.function, primals, tangents)[1]
        for k, got in enumerate(map(np.asarray, map(unwrap, pushed))):
            expected = numeric.value[k]
            size = np.abs(got) + np.abs(expected) + np.max(np.abs(expected), initial=0.0)
            scale = np.max(self.noise[k], initial=0.0)
            allowed = relative * size + 16.0 * numeric.error[k] + floor * scale
            # 0 times an infinite slope, where an element has been left out, says nothing.
            excess = np.abs(got - expected) / allowed
            excess = np.nan_to_num(excess, nan=np.inf if u.all() else 0.0)
            if np.any(excess > 1.0):
                place = np.unravel_index(np.argmax(excess), excess.shape)
                numbers = got[place], expected[place], np.broadcast_to(allowed, got.shape)[place]
                worst = f"worst at output {k}, [{', '.join(map(str, place))}]"
                return self._told("jvp", i, u, numbers, numeric, worst)
        return ""

    def _told(
        self, mode: str, i: int, u: Any, numbers: tuple[Any, Any, Any], numeric: Slope, worst: str
    ) -> str:
        got, expected, allowed = numbers
        apart = abs(got - expected)
        return (
            f"order {self.k}, {mode}, {self.point.labels[i]}: along u = {_short(u)} the derivative "
            f"is {got:.12g} by the rules and {expected:.12g} by {numeric.how}, {apart:.2g} apart "
            f"(allowed {allowed:.2g}); {worst}"
        )

    def _by_blocks(self, i: int, u: Any, chosen: Sequence[Any]) -> list[Any]:
        """Return, for each block of places, a direction that is u there and 0 elsewhere."""
        directions = []
        for block in chosen:
            part = np.zeros_like(u)
            part.reshape(-1)[block] = u.reshape(-1)[block]
            directions.append(part)
        return directions

    def _worst(self, i: int, checked: Any, step: float) -> str:
        """Find the element whose derivative is most off: block by block, the worst of each."""
        x = self.point.values[i]
        g = np.where(checked == 0, 0, self.pulled[i])
        u = np.where(checked == 0, 0, _scale(x)).astype(x.dtype)
        places = np.flatnonzero(checked)
        while True:
            blocks = np.array_split(places, min(len(places), 64))
            errors = []
            for part in self._by_blocks(i, u, blocks):
                moved = [self.along(i, part, t) for t in (step, -step, step / 2, -step / 2)]
                coarse, fine = (
                    sum(map(dot, self.v, [a - b for a, b in zip(*pair, strict=True)])) / width
                    for pair, width in ((moved[:2], 2 * step), (moved[2:], step))
                )
                expected = (4.0 * fine - coarse) / 3.0
                errors.append((dot(g, part), expected))
            apart = [np.nan_to_num(abs(a - b), nan=np.inf) for a, b in errors]
            places = blocks[int(np.argmax(apart))]
            if len(places) == 1:
                got, expected = (e / _scale(x) for e in errors[int(np.argmax(apart))])
                place = np.unravel_index(int(places[0]), x.shape)
                where = f"worst at [{', '.join(map(str, place))}]" if place else "its derivative"
                return f"{where}: {got:.12g} by the rules and {expected:.12g} by differences"

    def _kinks(self, i: int, u: Any) -> list[int] | None:
        """Find the places of an argument that f can not be differentiated in; None: too many."""
        found: list[int] = []
        open_blocks = [np.arange(u.size)]
        while open_blocks:
            block = open_blocks.pop()
            if len(block) == 1:
                found.append(int(block[0]))
                if len(found) > SEARCHED:
                    return None
                continue
            parts: list[Any] = np.array_split(block, min(len(block), 8))
            for part, direction in zip(parts, self._by_blocks(i, u, parts), strict=True):
                if direction.any() and has_kink(
                    partial(self.along, i, direction), self.y, self.noise
                ):
                    open_blocks.append(part)
        return sorted(found) or None

    def _warn(self, i: int, why: str, places: Sequence[int] | None = None) -> None:
        at = ""
        if places is not None:
            shape = self.point.values[i].shape
            told = [np.unravel_index(p, shape) for p in places[:4]]
            at = " at " + ", ".join(f"[{', '.join(map(str, p))}]" for p in told)
            at = (at if shape else "") + (" and more" if len(places) > 4 else "")
        order = "" if self.k == 1 else f" (order {self.k})"
        warnings.warn(
            f"not differentiable here: {why} in {self.point.labels[i]}{at}{order}; this was not "
            "checked, move the point away from it",
            NotDifferentiable,
            stacklevel=4,
        )


def _labels(f: Function, args: Sequence[Any]) -> list[str]:
    """Name each leaf: `argument 1 (b)`, `argument 0 (net), leaf 2`."""
    try:
        names = [*inspect.signature(f).parameters]
    except (TypeError, ValueError):
        names = []
    labels = []
    for i, arg in enumerate(args):
        name = f"argument {i} ({names[i]})" if i < len(names) else f"argument {i}"
        leaves, _ = flatten(arg)
        own = leaves[0] is arg if leaves else False
        for k, leaf in enumerate(leaves):
            inner = getattr(leaf, "name", None) or k
            labels.append(name if own else f"{name}, leaf {inner}")
    return labels


def _floating(value: Any) -> Any:
    array = np.asarray(value)
    return array if array.dtype.kind in "fc" else array.astype(np.float64)


def _scale(x: Any) -> float:
    """Return a power of two near the largest entry: directions are as long as x is."""
    largest = float(np.max(np.abs(x), initial=0.0))
    return 2.0 ** round(np.log2(largest)) if 1e-150 < largest < 1e150 else 1.0


def _direction(rng: Any, like: Any, scale: float) -> Any:
    """Return a random array of a shape and dtype, no entry above the scale or near 0."""
    u = rng.uniform(0.3, 1.0, like.shape) * rng.choice([-scale, scale], like.shape)
    if like.dtype.kind == "c":
        u = u + 1j * rng.uniform(-scale, scale, like.shape)
    return np.asarray(u, like.dtype)


def _short(array: Any) -> str:
    return " ".join(np.array2string(np.asarray(array), threshold=6, precision=4).split())
