"""The appendix's cases: elementwise functions, reductions, statistics, running sums, order."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np
import scipy.special

from autograd_mini.op import OPS, find_op
from tests import rule_cases
from tests import rule_draws as draw
from tests.rule_cases import case
from tests.rule_draws import Drawn, arrays, of_shape, reduction
from tests.rule_inputs import a_shape, an_input

find_op(np.var)  # reads the further chapters
FROZEN: set[str] = set()
"""Functions that read a value to know a shape or a place: a compiler refuses them."""


def more(
    op: str,
    drawing: Callable[[Random], Drawn],
    *forms: Callable[..., Any],
    step: str = "central",
    frozen: bool = False,
) -> None:
    case(op, drawing, *forms, step=step)
    if frozen:
        FROZEN.add(op)


def resolve() -> None:
    """Know the operations by name, also those whose module has been imported since."""
    for op in OPS.values():
        rule_cases.OP.setdefault(op.name, op)


def fixed(*shapes: tuple[int, ...], values: str = "real", **metadata: Any) -> Any:
    """Draw arrays of given shapes, in any layout."""
    return lambda random: ([an_input(random, s, values) for s in shapes], metadata)


def an_axis_of(values: str = "real", low: int = 1, keepdims: bool = False) -> Any:
    """Draw an array that is not empty, and one of its axes."""

    def drawing(random: Random) -> Drawn:
        shape = tuple(n or 2 for n in a_shape(random, low=low))
        metadata = {"axis": random.randrange(-len(shape), len(shape))}
        if keepdims:
            metadata["keepdims"] = random.random() < 0.5
        return [an_input(random, shape, values)], metadata

    return drawing


# -- ufuncs

for name, values in {
    "tan": "unit",
    "arcsin": "unit",
    "arccos": "unit",
    "arctan": "real",
    "sinh": "real",
    "cosh": "real",
    "arcsinh": "real",
    "arccosh": "above 1",
    "arctanh": "unit",
    "exp2": "real",
    "log2": "positive",
    "log10": "positive",
    "expm1": "real",
}.items():
    more(name, arrays(values), getattr(np, name), step="complex")
for name in ("degrees", "rad2deg", "radians", "deg2rad", "sinc", "i0", "nan_to_num", "unwrap"):
    more(name, arrays("real") if name != "unwrap" else draw.vector_or_more, getattr(np, name))
for name in ("cbrt", "fabs"):
    more(name, arrays("nonzero"), getattr(np, name))
more("hypot", arrays("nonzero", "real"), np.hypot)
case("reciprocal", arrays("nonzero"), np.reciprocal)
case("full_like", draw.filling, np.full_like)
more("arctan2", arrays("nonzero", "nonzero"), np.arctan2)
more("logaddexp2", arrays("real", "real"), np.logaddexp2)
more("float_power", arrays("positive", "real"), np.float_power, step="complex")
more("copysign", arrays("nonzero", "nonzero"), np.copysign)
more("fmax", arrays("lattice 0", "lattice 1"), np.fmax)
more("fmin", arrays("lattice 0", "lattice 1"), np.fmin)
more("fmod", arrays("halves", "modulus"), np.fmod)
more("divmod", arrays("halves", "modulus"), np.divmod)
more("heaviside", arrays("nonzero", "real"), np.heaviside)
more("heaviside", arrays("real"), lambda h: np.heaviside(np.zeros(1), h))
more("nextafter", arrays("nonzero"), lambda x: np.nextafter(x, 9.0))
more("ldexp", arrays("real"), lambda x: np.ldexp(x, 3))
more("frexp", arrays("unit half"), np.frexp)
more("angle", arrays("complex"), np.angle, lambda z: np.angle(z, deg=True))

# -- reductions with every keyword


def masked(random: Random) -> Drawn:
    """Draw an array of two axes with a mask that leaves something in every sum."""
    shape = (random.choice((2, 3)), random.choice((3, 4)))
    mask = np.random.default_rng(random.randrange(99)).random(shape) < 0.6
    mask[0], mask[:, 0] = True, True
    metadata = {"axis": random.choice((None, 0, -1, (0, 1))), "keepdims": random.random() < 0.5}
    return [an_input(random, shape, "distinct")], {"where": mask, **metadata}


more("prod", reduction("nonzero", empty=False), np.prod, lambda x, **m: x.prod(**m), step="complex")
more("prod", reduction("-1, 0, 1", empty=False), np.prod)
more("prod", masked, np.prod, lambda x, **m: np.prod(x, initial=2.5, **m))
more("prod", of_shape((5,)), np.multiply.reduce, step="complex")
for name in ("sum", "mean", "max", "min"):
    f = getattr(np, name)
    start = {} if name == "mean" else {"initial": {"max": -99.0, "min": 99.0}.get(name, 2.0)}
    more(f"{name}(where=)", masked, lambda x, _f=f, _s=start, **m: _f(x, **_s, **m))
more("sum(initial=)", arrays("real", "real"), lambda x, i: np.sum(x, initial=i.sum()))
more("max(initial=)", of_shape((3,), "distinct"), lambda x: np.max(x, initial=0.15))
more("mean(dtype=)", fixed((2, 3)), lambda x: np.mean(x, dtype=complex))
more("var", reduction(empty=False), np.var, lambda x, **m: x.var(**m))
more("var", masked, np.var, lambda x, **m: np.var(x, ddof=0.5, **m))
more(
    "var",
    fixed((3, 4)),
    lambda x: np.var(x, ddof=1),
    lambda x: np.var(x, 1, correction=1),
    lambda x: np.var(x, axis=0, mean=np.mean(x, axis=0, keepdims=True)),
)
more("var", fixed((3, 2), values="complex"), np.var, lambda x: np.var(x, 0))
more(
    "std",
    fixed((3, 4)),
    np.std,
    lambda x: x.std(0),
    lambda x: np.std(x, axis=(0, 1), ddof=1),
    lambda x: np.std(x, axis=-1, keepdims=True),
)
more("ptp", reduction("distinct", empty=False), np.ptp)
more("median", reduction("distinct", empty=False), np.median)
more(
    "quantile",
    fixed((3, 5), values="distinct"),
    lambda x: np.quantile(x, 0.3),
    lambda x: np.quantile(x, [0.1, 0.5, 1.0], axis=0, keepdims=True),
    lambda x: np.quantile(x, [[0.25], [0.7]], axis=-1, method="hazen"),
    lambda x: np.quantile(x, 0.6, axis=(0, 1), method="nearest"),
)
more(
    "quantile, weighted",
    fixed((3, 5), values="distinct"),
    *[
        lambda x, _w=w: np.quantile(x, 0.4, axis=1, weights=_w, method="inverted_cdf")
        for w in (np.ones(5), np.arange(1.0, 16).reshape(3, 5))
    ],
    frozen=True,
)
more("percentile", fixed((4,), values="distinct"), lambda x: np.percentile(x, [10, 95.0]))
more(
    "average",
    fixed((3, 2), (3, 2), values="positive"),
    lambda x, w: np.average(x, 1, w),
    lambda x, w: np.average(x, axis=0, weights=w, keepdims=True),
    lambda x, w: np.average(x + w),
    lambda x, w: np.average(x, 0, w[:, 0], returned=True),
)
more(
    "cov",
    fixed((3, 5)),
    np.cov,
    lambda x: np.cov(x, rowvar=False),
    lambda x: np.cov(x, ddof=0),
    lambda x: np.cov(x, bias=True, fweights=[1, 2, 1, 3, 1]),
    lambda x: np.cov(x, x[:1] * 2),
    lambda x: np.cov(x, aweights=np.array([1.0, 2, 1, 3, 1])),
)
more("cov", fixed((5,)), np.cov)
more("corrcoef", fixed((3, 6)), np.corrcoef, lambda x: np.corrcoef(x, rowvar=False))
more(
    "trapezoid",
    fixed((3, 4)),
    np.trapezoid,
    lambda y: np.trapezoid(y, dx=0.5, axis=0),
    lambda y: np.trapezoid(y, [0.0, 1, 3, 4]),
    lambda y: np.trapezoid(y, y[::-1] + 2, axis=0),
)


def with_nan(function: Callable[..., Any]) -> Callable[..., Any]:
    """Put a NaN in the function's way: where x is smallest it is replaced."""

    def call(x: Any, **metadata: Any) -> Any:
        hole = np.zeros(x.shape, bool)
        hole.reshape(-1)[:1] = True
        return function(np.where(hole, np.nan, x), **metadata)

    return call


for name in ("nansum", "nanprod", "nanmean", "nanmax", "nanmin", "nanvar", "nanmedian"):
    f = getattr(np, name)
    more(
        name,
        fixed((3, 4), values="distinct"),
        with_nan(f),
        with_nan(lambda x, _f=f: _f(x, axis=1, keepdims=True)),
    )
more("nanstd", fixed((3, 4)), with_nan(np.nanstd), with_nan(lambda x: np.nanstd(x, 0, ddof=1)))
more(
    "nanquantile",
    fixed((3, 4), values="distinct"),
    *[
        with_nan(lambda x, _m=m: np.nanquantile(x, [0.2, 0.6], axis=1, **_m))
        for m in ({}, {"method": "weibull"}, {"keepdims": True})
    ],
)
more("nanpercentile", fixed((4,)), with_nan(lambda x: np.nanpercentile(x, 30)))
for name in ("cumsum", "cumprod"):
    f = getattr(np, name)
    more(name, an_axis_of(), f, lambda x, _n=name, **m: getattr(x, _n)(**m), step="complex")
    more(name, arrays("real"), f, step="complex")
    more(name, an_axis_of("-1, 0, 1"), f)
    more(f"nan{name}", an_axis_of(), with_nan(getattr(np, f"nan{name}")))
    tail = name.replace("cum", "cumulative_")
    whole = getattr(np, tail)
    more(
        tail,
        an_axis_of(),
        whole,
        lambda x, axis, _f=whole: _f(x, axis=axis, include_initial=True),
    )
for name, ufunc in (("maximum", np.maximum), ("minimum", np.minimum)):
    more(f"{name}.accumulate", an_axis_of("distinct"), ufunc.accumulate)
for ufunc in (np.add, np.multiply, np.maximum, np.minimum, np.logaddexp, np.subtract, np.hypot):
    label = ufunc.__name__
    more(f"{label}.reduce", an_axis_of("distinct", keepdims=True), ufunc.reduce)
    if ufunc not in (np.maximum, np.minimum):
        more(f"{label}.accumulate", an_axis_of("distinct"), ufunc.accumulate)
    more(
        f"{label}.outer",
        fixed((2,), (3, 2), values="distinct"),
        lambda a, b, _u=ufunc: _u.outer(a, b + 0.13),
    )
more(
    "add.reduce",
    fixed((2, 3, 4)),
    lambda x: np.add.reduce(x, (0, 2)),
    np.add.reduce,
    lambda x: np.logaddexp.reduce(x, axis=(0, 1)),
    lambda x: np.add.reduce(x, axis=None),
)

# -- SciPy's

for name, values in {
    "logit": "unit half",
    "log_expit": "real",
    "log_ndtr": "real",
    "ndtr": "real",
    "ndtri": "unit half",
    "erf": "real",
    "erfc": "real",
    "erfcx": "real",
    "erfinv": "unit",
    "erfcinv": "unit half",
    "gammaln": "positive",
    "gamma": "positive",
    "psi": "positive",
    "rgamma": "positive",
    "loggamma": "positive",
    "entr": "positive",
    "i0": "real",
    "i0e": "nonzero",
    "i1": "real",
    "i1e": "nonzero",
    "j0": "real",
    "j1": "real",
    "y0": "positive",
    "y1": "positive",
    "k0": "positive",
    "k1": "positive",
}.items():
    find_op(getattr(scipy.special, name))
    key = f"scipy {name}" if name == "i0" else name
    more(key, arrays(values), getattr(scipy.special, name))
for name in ("xlogy", "xlog1py", "rel_entr", "kl_div", "beta", "betaln"):
    find_op(getattr(scipy.special, name))
    more(name, arrays("positive", "positive"), getattr(scipy.special, name))
for name in ("jv", "yv", "iv", "ive", "kv"):
    f = getattr(scipy.special, name)
    find_op(f)
    more(name, arrays("positive"), lambda x, _f=f: _f(1.0, x))
resolve()
rule_cases.OP |= {"scipy i0": OPS[scipy.special.i0], "i0": OPS[np.i0]}
