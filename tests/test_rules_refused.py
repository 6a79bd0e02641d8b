"""What NumPy or SciPy does not hand to a Tensor, and what writes in place: one row per name.

Each raises and says what to write; nothing is dropped. Where what to write is a call, it is run.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import scipy.special

import autograd_mini as ag

READ = r"would drop the derivative.*t\.item\(\) or t\.detach\(\)\.numpy\(\).*np\.stack"
WRITE = r"would be lost; write "

NAMES = {"np": np, "math": math, "special": scipy.special, "ag": ag}

# what was written -> (what the message says, what to write instead, None where nothing can be)
ROWS: dict[str, tuple[str, str | None]] = {
    "np.array([t, t])": (READ, "np.stack([t, t])"),
    "np.array(t)": (READ, "np.copy(t)"),
    "np.asarray(t)": (READ, "+t"),
    "np.asanyarray(t)": (READ, "+t"),
    "np.asarray_chkfinite(t)": (READ, "+t"),
    "np.ascontiguousarray(t)": (READ, "np.copy(t)"),
    "np.asfortranarray(t)": (READ, "np.copy(t)"),
    "np.require(t)": (READ, "+t"),
    "np.ma.array(t)": (READ, "np.where(t > 1.5, t, 0.0)"),
    "np.r_[t, t]": (READ, "np.concatenate([t, t])"),
    "np.c_[t, t]": (READ, "np.column_stack([t, t])"),
    "np.full(3, s)": (READ, "s * np.ones(3)"),
    "np.arange(s)": (READ, "np.linspace(0.0, s, 3)"),
    "np.lib.stride_tricks.as_strided(t, (2, 2), (8, 8))": (
        READ,
        "np.lib.stride_tricks.sliding_window_view(t, 2)",
    ),
    "np.vectorize(math.sin)(t)": (READ, "np.sin(t)"),
    "math.sin(s)": (READ, "np.sin(s)"),
    "float(s)": (READ, "+s"),
    "int(s)": (READ, "np.floor(s)"),
    "special.logsumexp(t)": (READ, "ag.nn.logsumexp(t)"),
    "special.softmax(t)": (READ, "ag.nn.softmax(t)"),
    "special.log_softmax(t)": (READ, "ag.nn.log_softmax(t)"),
    "special.polygamma(1, t)": (READ, "special.psi(t)"),
    "special.multigammaln(t, 1)": (READ, "special.gammaln(t)"),
    "np.fill_diagonal(np.eye(3), s)": ("would", "np.where(np.eye(3, dtype=bool), s, np.eye(3))"),
    "np.put_along_axis(arr, np.array([0]), s, 0)": (READ, None),
    "arr.__iadd__(t)": (WRITE + r".*arr = arr \+ t", "arr + t"),
    "np.add(t, 1.0, out=arr)": (WRITE + r"y = np\.add", "np.add(t, 1.0)"),
    "np.cumsum(t, out=arr)": (WRITE + r"y = np\.cumsum", "np.cumsum(t)"),
    "np.median(t, None, arr)": (r"would be lost; leave it out: y = np\.median", "np.median(t)"),
    "np.var(t, None, None, arr)": (r"would be lost; leave it out: y = np\.var", "np.var(t)"),
    "np.einsum('i->', t, out=arr)": (WRITE + r"y = np\.einsum", "np.einsum('i->', t)"),
    "np.add.at(arr, [0], s)": (WRITE, None),
    "np.copyto(arr, t)": (WRITE + "x = v", "+t"),
    "np.put(arr, [0], s)": (WRITE + r"x\[indices\] = v", None),
    "np.place(arr, arr == 0, t)": (WRITE + r"x\[mask\] = v", None),
    "np.putmask(arr, arr == 0, t)": (WRITE + r"x = np\.where", "np.where(arr == 0, t, arr)"),
    "t.sort()": (r"write np\.sort\(t\)", "np.sort(t)"),
    "t.compress([1, 0, 1])": (r"a Tensor has no \.compress", "np.compress([1, 0, 1], t)"),
    "np.isfortran(t)": (r"a Tensor has no \.flags", None),
    "np.frompyfunc(math.sin, 1, 1)(t)": ("has no derivative rule yet", "np.sin(t)"),
    "np.exp(t, order='F')": ("leave order out", "np.exp(t)"),
    "np.add(t, t, where=arr > 0)": (r"np\.where\(mask, np\.add", "np.where(arr > 0, t + t, arr)"),
    "np.histogram(t)": (r"np\.bincount\(k, weights=t\)", "np.bincount([0, 1, 1], weights=t)"),
    "np.histogram2d(t, t)": ("counts have no derivative", None),
    "np.histogramdd(t)": ("counts have no derivative", None),
    "np.histogram_bin_edges(t)": (r"write np\.linspace", "np.linspace(np.min(t), np.max(t), 11)"),
    "np.save('f.npy', t)": ("a file keeps no derivative", None),
    "np.savetxt('f.txt', t)": ("a file keeps no derivative", None),
    "np.savez('f.npz', t)": ("a file keeps no derivative", None),
    "np.savez_compressed('f.npz', t)": ("a file keeps no derivative", None),
    "np.polyfit(arr + [0, 1, 2], t, 1)": (
        r"np\.linalg\.lstsq",
        "np.linalg.lstsq(np.vander(np.arange(3.0), 2), t)[0]",
    ),
    "np.roots(t)": (
        "companion matrix",
        "np.linalg.eigvals(np.diag([1.0], -1) - np.outer([1, 0], t[1:]))",
    ),
    "np.polydiv(t, t)": (r"np\.linalg\.solve", None),
    "np.real_if_close(t)": (r"write np\.real\(t\)", "np.real(t)"),
    "np.common_type(t)": (r"pass t\.detach\(\)", None),
    "np.min_scalar_type(t)": (r"pass t\.detach\(\)", None),
    "np.array_equiv(t, t)": (r"pass t\.detach\(\)", "np.array_equal(t, t)"),
    "np.linalg.qr(np.ones((3, 2)) * s, mode='complete')": (
        'write mode="reduced"',
        "np.linalg.qr(np.eye(3, 2) * s)[0]",
    ),
    "np.pad(t, 1, lambda *a: None)": (r"write np\.concatenate", "np.concatenate([[0], t, [0]])"),
    "np.cumsum(t, dtype=np.float32)": (r"x\.astype", "np.cumsum(t.astype(np.float32))"),
    "np.add.reduceat(t, [0, 1])": (r"ag\.rule\(np\.add\.reduceat", None),
}  # fmt: skip


def run(code: str) -> Any:
    t = ag.Tensor([1.0, 2.0, 3.0], requires_grad=True)
    s = ag.Tensor(2.0, requires_grad=True)
    return eval(code, {**NAMES, "t": t, "s": s, "arr": np.zeros(3)})  # noqa: S307


@pytest.mark.parametrize("code", ROWS)
def test_it_is_refused_and_the_message_says_what_to_write(code: str) -> None:
    with pytest.raises((TypeError, RuntimeError, AttributeError), match=ROWS[code][0]):
        run(code)


@pytest.mark.parametrize("code", [code for code, (_, cure) in ROWS.items() if cure])
def test_what_to_write_instead_works(code: str) -> None:
    cure = ROWS[code][1]
    assert cure is not None
    with np.errstate(all="ignore"):
        found = run(cure)
    assert found is not None


def test_a_tensor_as_where_is_a_mask() -> None:
    """It is an operand, so a compiler computes it anew."""
    t = ag.Tensor([1.0, 2.0, 3.0], requires_grad=True)
    np.sum(t * t, where=t > 1.5).backward()
    assert t.grad is not None
    assert t.grad.tolist() == [0.0, 4.0, 6.0]


def test_named_results_come_back_named() -> None:
    a = ag.Tensor(np.diag([1.0, 2.0]), requires_grad=True)
    assert np.linalg.slogdet(a).logabsdet.item() == pytest.approx(math.log(2.0))
    assert np.linalg.eigh(a).eigenvalues.tolist() == [1.0, 2.0]
    assert np.linalg.svd(a).S.tolist() == [2.0, 1.0]
    assert np.linalg.qr(a.detach()).R.shape == (2, 2)
