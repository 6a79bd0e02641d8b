"""Derivatives of numpy.fft, which is loaded when somebody uses it.

The matrix of a transform is symmetric: the transpose of `fft` is `fft`. In its cotangent the
transform is taken over the output's length and cut, or padded with zeros, to the input's.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..op import OPS, Op, rule

__all__: list[str] = []


def _sized(x: Any, n: int, axis: int) -> Any:
    """Cut an axis to n elements, or pad it with zeros."""
    have, axis = x.shape[axis], axis % x.ndim
    if n <= have:
        return x[(*(slice(None),) * axis, slice(None, n))]
    zeros = np.zeros([n - have if k == axis else m for k, m in enumerate(x.shape)], x.dtype)
    return np.concatenate([x, zeros], axis=axis)


def _symmetric(name: str) -> None:
    def cotangent(
        g: Any, y: Any, a: Any, *, n: Any = None, axis: int = -1, norm: Any = None
    ) -> Any:
        return _sized(getattr(np.fft, name)(g, axis=axis, norm=norm), a.shape[axis], axis)

    rule(f"numpy.fft.{name}", cotangent)


_symmetric("fft")
_symmetric("ifft")


def _half(x: Any, n: int, axis: int) -> Any:
    """Weights of rfft's columns in the whole transform: the inner ones stand for two."""
    count = x.shape[axis]
    twice = np.full(count, 2.0)
    twice[0] = 1.0
    if n % 2 == 0 and count == n // 2 + 1:
        twice[-1] = 1.0
    return np.reshape(twice, [-1 if k == axis % x.ndim else 1 for k in range(x.ndim)])


def _rfft(g: Any, y: Any, a: Any, *, n: Any = None, axis: int = -1, norm: Any = None) -> Any:
    n = a.shape[axis] if n is None else n
    return _sized(np.fft.fft(_sized(g, n, axis), axis=axis, norm=norm), a.shape[axis], axis)


def _irfft(g: Any, y: Any, a: Any, *, n: Any = None, axis: int = -1, norm: Any = None) -> Any:
    n = y.shape[axis]
    whole = np.fft.ifft(g, axis=axis, norm=norm)
    part = _sized(whole, min(n // 2 + 1, a.shape[axis]), axis)
    return _sized(part * _half(part, n, axis).astype(y.dtype), a.shape[axis], axis)


rule("numpy.fft.rfft", _rfft)
rule("numpy.fft.irfft", _irfft)


def _several(x: Any, s: Any, axes: Any) -> tuple[list[Any], list[int]]:
    if axes is None:
        axes = range(-x.ndim if s is None else -len(s), 0)
    lengths = [None] * len(axes) if s is None else [None if n == -1 else n for n in s]
    return lengths, list(axes)


def _named(name: str, body: Any) -> None:
    """Say `numpy.fft.<name>` in terms of others, once that module is there."""
    key = f"numpy.fft.{name}"
    OPS[key] = Op(key, name, (), view=True, compute=body)


def _each(one: str) -> Any:
    def body(a: Any, s: Any = None, axes: Any = None, norm: Any = None, out: Any = None) -> Any:
        lengths, axes = _several(a, s, axes)
        for n, axis in zip(reversed(lengths), reversed(axes), strict=True):
            a = getattr(np.fft, one)(a, n, axis, norm)
        return a

    return body


def _rfftn(a: Any, s: Any = None, axes: Any = None, norm: Any = None, out: Any = None) -> Any:
    lengths, axes = _several(a, s, axes)
    a = np.fft.rfft(a, lengths[-1], axes[-1], norm)
    for n, axis in zip(lengths[:-1], axes[:-1], strict=True):
        a = np.fft.fft(a, n, axis, norm)
    return a


def _irfftn(a: Any, s: Any = None, axes: Any = None, norm: Any = None, out: Any = None) -> Any:
    lengths, axes = _several(a, s, axes)
    for n, axis in zip(lengths[:-1], axes[:-1], strict=True):
        a = np.fft.ifft(a, n, axis, norm)
    return np.fft.irfft(a, lengths[-1], axes[-1], norm)


_OTHER_WAY: dict[Any, Any] = {
    None: "forward", "backward": "forward", "forward": "backward", "ortho": "ortho"}


def _hfft(a: Any, n: Any = None, axis: int = -1, norm: Any = None, out: Any = None) -> Any:
    n = (a.shape[axis] - 1) * 2 if n is None else n
    return np.fft.irfft(np.conjugate(a), n, axis, norm=_OTHER_WAY[norm])


def _ihfft(a: Any, n: Any = None, axis: int = -1, norm: Any = None, out: Any = None) -> Any:
    return np.conjugate(np.fft.rfft(a, n, axis, norm=_OTHER_WAY[norm]))


def _two(body: Any) -> Any:
    return lambda a, s=None, axes=(-2, -1), norm=None, out=None: body(a, s, axes, norm)


for _name, _body in {"fftn": _each("fft"), "ifftn": _each("ifft"), "rfftn": _rfftn,
                     "irfftn": _irfftn}.items():
    _named(_name, _body)
    _named(_name.replace("n", "2"), _two(_body))
_named("hfft", _hfft)
_named("ihfft", _ihfft)


def _shift(sign: int) -> Any:
    def body(x: Any, axes: Any = None) -> Any:
        axes = range(x.ndim) if axes is None else axes
        axes = (axes,) if isinstance(axes, int) else tuple(axes)
        return np.roll(x, [sign * (x.shape[a] // 2) if sign > 0 else -(x.shape[a] // 2)
                           for a in axes], axes)

    return body


_named("fftshift", _shift(1))
_named("ifftshift", _shift(-1))
