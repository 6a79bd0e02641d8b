"""Complex numbers and other precisions: gradients g with df = Re Σ conj(g)·dx, of both orders."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

import autograd_mini as ag
from docs.document import blocks
from tests import rule_cases_arrays
from tests.documents import check_programs
from tests.rule_cases import CASES, a_call
from tests.rule_checks import cotangents_for, gradients


def test_what_the_document_says_runs() -> None:
    path = Path(__file__).parent.parent / "docs" / "complex.md"
    check_programs(blocks(path.read_text("utf-8"), "python"), path.name)


@pytest.mark.parametrize("f", [np.sin, np.exp, np.log, np.tanh, lambda z: z**3 / (1 + z)])
def test_the_derivative_of_a_holomorphic_function(f: Any) -> None:
    """f' of ag.jvp is the slope along the real and along the imaginary axis, at both orders."""
    z, h = drawn(5), 1e-6

    def slope(f: Any) -> Any:
        return lambda z: ag.jvp(f, (z,), (np.ones_like(z),))[1]

    for g in (f, slope(f)):
        for step in (h, 1j * h):
            numbers = (g(z + step) - g(z - step)) / (2 * step)
            np.testing.assert_allclose(slope(g)(z), numbers, rtol=1e-7, atol=1e-7)


def drawn(*shape: int) -> Any:
    rng = np.random.default_rng(sum(shape))
    return rng.normal(size=shape) + 1j * rng.normal(size=shape)


B, C, E = drawn(4, 3), drawn(3, 3), np.arange(9.0).reshape(3, 3)


def real(x: Any, weights: Any) -> Any:
    return np.real(np.sum(x * weights))


def svd_product(x: Any) -> Any:
    """U sin(S) Vh: what does not depend on the phases that U and Vh share."""
    u, s, vh = np.linalg.svd(x, full_matrices=False)
    return real((u * np.sin(s)) @ vh, np.ones(x.shape) * (1 - 2j))


def null_space(x: Any) -> Any:
    u = np.linalg.svd(x)[0][:, 3:]
    return real(u @ np.conjugate(u).T, drawn(4, 4))


FUNCTIONS: dict[str, tuple[Callable[[Any], Any], tuple[int, int], str]] = {
    "inv": (lambda x: real(np.linalg.inv(x), C), (3, 3), ""),
    "det": (lambda x: np.real(np.linalg.det(x) * (1 + 2j)), (3, 3), ""),
    "slogdet": (
        lambda x: np.real(np.linalg.slogdet(x)[0] * (1 + 2j)) + np.linalg.slogdet(x)[1],
        (3, 3),
        "",
    ),
    "solve": (lambda x: real(np.linalg.solve(x, C), C), (3, 3), ""),
    "svdvals": (lambda x: np.sum(np.sin(np.linalg.svdvals(x))), (4, 3), ""),
    "svd": (svd_product, (4, 3), ""),
    "svd wide": (svd_product, (3, 4), ""),
    "svd null space": (null_space, (4, 3), ""),
    "qr": (
        lambda x: real(np.linalg.qr(x)[0], B) + real(np.linalg.qr(x)[1], C),
        (4, 3),
        "",
    ),
    "pinv": (lambda x: real(np.linalg.pinv(x), B.T), (4, 3), ""),
    "eig": (
        lambda x: (
            np.real(np.sum(np.linalg.eig(x)[0] ** 2 * (1 + 1j)))
            + np.sum(np.abs(np.linalg.eig(x)[1]) ** 2 * E)
        ),
        (3, 3),
        "",
    ),
    "eigh": (
        lambda x: (
            np.sum(np.sin(np.linalg.eigh(x)[0])) + np.sum(np.abs(np.linalg.eigh(x)[1]) ** 2 * E)
        ),
        (3, 3),
        "hermitian",
    ),
    "eigvalsh": (lambda x: np.sum(np.sin(np.linalg.eigvalsh(x))), (3, 3), "hermitian"),
    "cholesky": (lambda x: real(np.linalg.cholesky(x), C), (3, 3), "positive"),
    "norms": (
        lambda x: np.linalg.norm(x, "nuc") + np.linalg.norm(x) + np.linalg.norm(x, 1),
        (3, 4),
        "",
    ),
    "spread": (lambda x: np.var(x) + np.std(x), (3, 4), ""),
    "einsum": (lambda x: np.real(np.einsum("ij,jk,ki", x, C, x)), (3, 3), ""),
    "elementwise": (
        lambda x: real(np.arctan(x) * np.tanh(x) * np.arcsinh(x) * x**2.5, 1),
        (3, 3),
        "",
    ),
    "products": (lambda x: np.real(np.prod(x)) + real(np.cumprod(x), 2j), (2, 3), ""),
    "size and direction": (lambda x: np.sum(np.abs(x) ** 3 + np.angle(x)), (2, 3), ""),
    "fftn": (lambda x: np.sum(np.abs(np.fft.fftn(x)) ** 3), (3, 4), ""),
    "irfft": (lambda x: np.sum(np.fft.irfft(x) ** 3), (3, 4), ""),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_complex_gradients_of_both_orders(name: str) -> None:
    f, shape, kind = FUNCTIONS[name]
    x, u = drawn(*shape), drawn(*shape)[::-1]
    if kind:
        x, u = x + np.conj(x).T, u + np.conj(u).T
        x = x @ x + np.eye(3) if kind == "positive" else x
    g = ag.grad(f)

    def along(z: Any) -> Any:
        return np.real(np.sum(np.conjugate(g(z)) * u))

    h = 1e-5
    for order, (function, gradient) in enumerate([(f, g(x)), (along, ag.grad(along)(x))]):
        # Richardson's extrapolation of central differences
        coarse, fine = ((function(x + k * u) - function(x - k * u)) / (2 * k) for k in (2 * h, h))
        expected = (4 * fine - coarse) / 3
        found = np.sum(np.conj(gradient) * u).real
        assert found == pytest.approx(expected, rel=1e-6, abs=1e-6), order


SOME = """
tan arcsin arctan sinh arcsinh exp2 log10 cbrt hypot arctan2 logaddexp2 float_power fmax fmod sinc
cumsum cumprod prod var std median average sort diff convolve einsum tensordot cross pad
take trapezoid
"""


@pytest.mark.parametrize("op", SOME.split())
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float16, 2e-2), (np.longdouble, 1e-13)])
def test_half_and_extended_precision(op: str, dtype: Any, tolerance: float) -> None:
    """A gradient has its argument's dtype, and the digits that the dtype has."""
    for row in range(len(CASES[op])):
        call = a_call(Random(row), op, row)
        if any(one.values == "complex" for one in call.inputs):
            continue
        arrays = [one.astype(dtype) for one in call.arrays()]
        wide = [one.astype(np.float64) for one in arrays]
        v = cotangents_for(call, wide)
        exact = gradients(call, wide, v)
        given = [a.astype(np.asarray(y).dtype) for a, y in zip(v, call(*arrays), strict=True)]
        for x, g, e in zip(arrays, gradients(call, arrays, given), exact, strict=True):
            assert g.dtype == x.dtype
            size = 1 + np.max(np.abs(e), initial=0.0)
            np.testing.assert_allclose(
                g.astype(float), e, rtol=0, atol=tolerance * size, err_msg=repr(call)
            )


assert rule_cases_arrays
