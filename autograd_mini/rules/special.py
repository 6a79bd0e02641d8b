"""Derivatives of SciPy's ufuncs, when SciPy is there: we never import it, its user does."""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np

from ..op import primitive, rule
from .elementwise import product, quotient

__all__: list[str] = []

_HALF_PI = 2.0 / math.sqrt(math.pi)
_BELL = 1.0 / math.sqrt(2.0 * math.pi)


def _of(name: str, *args: Any) -> Any:
    """Call one of SciPy's functions; it has been imported, or no rule here would run."""
    return getattr(sys.modules["scipy.special"], name)(*args)


def _rule(name: str, *rules: Any) -> None:
    rule(f"scipy.special.{name}", *rules)


def _safe(x: Any, bad: Any) -> Any:
    return np.where(bad, 1.0, x)


# logistic
_rule("logit", lambda g, y, x: quotient(g, x * (1.0 - x)))
_rule("log_expit", lambda g, y, x: g * _of("expit", -x))

# the normal distribution, and the error function


def _mills(x: Any) -> Any:
    """φ/Φ: by the scaled error function where Φ is small, so that neither is lost."""
    low, high = np.minimum(x, 0.0), np.maximum(x, 0.0)
    left = math.sqrt(2.0 / math.pi) / _of("erfcx", low * -math.sqrt(0.5))
    right = _BELL * np.exp(-0.5 * high * high) / _of("ndtr", high)
    return np.where(x < 0, left, right)


_rule("log_ndtr", lambda g, y, x: g * _mills(x))
_rule("ndtr", lambda g, y, x: g * (_BELL * np.exp(-0.5 * x * x)))
_rule("ndtri", lambda g, y, p: product(g, np.exp(0.5 * y * y) / _BELL))
_rule("erf", lambda g, y, x: g * (_HALF_PI * np.exp(-x * x)))
_rule("erfc", lambda g, y, x: g * (-_HALF_PI * np.exp(-x * x)))
_rule("erfcx", lambda g, y, x: product(g, 2.0 * x * y - _HALF_PI))
_rule("erfinv", lambda g, y, p: product(g, np.exp(y * y) / _HALF_PI))
_rule("erfcinv", lambda g, y, p: product(g, np.exp(y * y) / -_HALF_PI))


# gamma and beta
@primitive
def polygamma_of(x: Any, n: int) -> Any:
    """Return ψ⁽ⁿ⁾(x)."""
    return _of("polygamma", n, x).astype(np.asarray(x).dtype)[()]


rule(polygamma_of, lambda g, y, x, *, n: g * polygamma_of(x, n=n + 1))
_rule("psi", lambda g, y, x: product(g, polygamma_of(x, n=1)))
_rule("gammaln", lambda g, y, x: product(g, _of("psi", x)))
_rule("loggamma", lambda g, y, x: product(g, _of("psi", x)))
_rule("gamma", lambda g, y, x: product(g, y * _of("psi", x)))
_rule("rgamma", lambda g, y, x: -product(g, y * _of("psi", x)))
_rule("beta",
      lambda g, y, a, b: g * (y * (_of("psi", a) - _of("psi", a + b))),
      lambda g, y, a, b: g * (y * (_of("psi", b) - _of("psi", a + b))))
_rule("betaln",
      lambda g, y, a, b: g * (_of("psi", a) - _of("psi", a + b)),
      lambda g, y, a, b: g * (_of("psi", b) - _of("psi", a + b)))

# entropies; 0·log 0 = 0, with derivative 0 in both
_rule("xlogy",
      lambda g, y, a, b: product(g, np.log(_safe(b, (a == 0) & (b == 0)))),
      lambda g, y, a, b: quotient(g * a, _safe(b, (a == 0) & (b == 0))))
_rule("xlog1py",
      lambda g, y, a, b: product(g, np.log1p(np.where((a == 0) & (b == -1), 0.0, b))),
      lambda g, y, a, b: quotient(g * a, _safe(1.0 + b, (a == 0) & (b == -1))))
_rule("entr", lambda g, y, x: -product(g, np.log(x) + 1.0))
_rule("rel_entr",
      lambda g, y, a, b: product(g, np.log(a / b) + 1.0),
      lambda g, y, a, b: -quotient(g * a, b))
_rule("kl_div",
      lambda g, y, a, b: product(g, np.log(a / b)),
      lambda g, y, a, b: quotient(g * (b - a), b))

# Bessel functions; a derivative in the order has no closed form


def _in_order(g: Any, y: Any, v: Any, x: Any) -> Any:
    raise TypeError("the derivative of a Bessel function in its order has no rule: pass v.detach()")


_rule("j0", lambda g, y, x: -g * _of("j1", x))
_rule("j1", lambda g, y, x: g * (0.5 * (_of("j0", x) - _of("jv", 2.0, x))))
_rule("jv", _in_order,
      lambda g, y, v, x: g * (0.5 * (_of("jv", v - 1.0, x) - _of("jv", v + 1.0, x))))
_rule("y0", lambda g, y, x: -g * _of("y1", x))
_rule("y1", lambda g, y, x: g * (0.5 * (_of("y0", x) - _of("yv", 2.0, x))))
_rule("yv", _in_order,
      lambda g, y, v, x: g * (0.5 * (_of("yv", v - 1.0, x) - _of("yv", v + 1.0, x))))
_rule("i0", lambda g, y, x: g * _of("i1", x))
_rule("i1", lambda g, y, x: g * (0.5 * (_of("i0", x) + _of("iv", 2.0, x))))
_rule("iv", _in_order,
      lambda g, y, v, x: g * (0.5 * (_of("iv", v - 1.0, x) + _of("iv", v + 1.0, x))))
_rule("i0e", lambda g, y, x: g * (_of("i1e", x) - np.sign(x) * y))
_rule("i1e", lambda g, y, x: g * (0.5 * (_of("i0e", x) + _of("ive", 2.0, x)) - np.sign(x) * y))
_rule("ive", _in_order,
      lambda g, y, v, x:
          g * (0.5 * (_of("ive", v - 1.0, x) + _of("ive", v + 1.0, x)) - np.sign(x) * y))
_rule("k0", lambda g, y, x: -g * _of("k1", x))
_rule("k1", lambda g, y, x: -g * (0.5 * (_of("k0", x) + _of("kv", 2.0, x))))
_rule("kv", _in_order,
      lambda g, y, v, x: -g * (0.5 * (_of("kv", v - 1.0, x) + _of("kv", v + 1.0, x))))
