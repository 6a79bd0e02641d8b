"""fit with its step compiled: the same weights as without, in one program for all steps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autograd_mini as ag
from autograd_mini.compiler import compiled as compiler
from autograd_mini.nn.network import HIDDEN
from autograd_mini.optimisers import OPTIMISERS

RNG = np.random.default_rng(0)
X = RNG.normal(size=(23, 3))
Y = np.eye(4)[RNG.integers(0, 4, 23)]


def trained(jit: bool, **how: Any) -> tuple[Any, ag.nn.Network]:
    net = ag.nn.Network([3, 5, 4], seed=1, **how.pop("net", {}))
    how = {"epochs": 4, "batch_size": 5, "lam": 0.3, "rate": 0.05, "progress": False} | how
    return ag.fit(net, X, how.pop("Y", Y), jit=jit, **how), net


def alike(rtol: float = 1e-9, **how: Any) -> None:
    (fast, net), (plain, twin) = trained(True, **how), trained(False, **how)
    np.testing.assert_allclose(fast["cost"], plain["cost"], rtol=rtol)
    for one, other in zip(net.parameters, twin.parameters, strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_allclose(one.detach(), other.detach(), rtol=rtol, atol=rtol)


@pytest.mark.parametrize("name", OPTIMISERS)
def test_every_optimiser(name: str) -> None:
    alike(optimizer=name, clip=0.5)


@pytest.mark.parametrize("method", ["l-bfgs", "conjugate-gradient"])
def test_full_batch_methods(method: str) -> None:
    alike(optimizer=method, rate=None, batch_size=None, rtol=1e-6)


def test_float32_and_labels_and_softmax_and_a_schedule() -> None:
    alike(net={"dtype": np.float32}, rtol=2e-4)
    alike(net={"output": "softmax", "activation": "relu"}, cost="softmax", Y=Y.argmax(axis=1))
    alike(rate=ag.optimisers.step_decay(0.1, 3, 0.5), optimizer="momentum")


def test_an_optimiser_of_ones_own() -> None:
    def halved(parameters: Any, gradients: Any, state: Any = None, *, rate: float) -> Any:
        moved = [p - 0.5 * rate * g for p, g in zip(parameters, gradients, strict=True)]
        return moved, {"steps": (state or {"steps": 0})["steps"] + 1}

    alike(optimizer=halved)


def test_a_schedule_makes_no_further_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    real = compiler.Program
    monkeypatch.setattr(compiler, "Program", lambda *a: made.append(1) or real(*a))
    trained(True, rate=ag.optimisers.cosine(0.1, 20), optimizer="adam")
    assert len(made) == 2  # batches of 5, and the last one of 3


def test_a_cost_that_reads_a_value_runs_as_it_is() -> None:
    def cost(net: Any, X: Any, Y: Any, lam: float) -> Any:
        J = ag.nn.logistic_cost(net, X, Y, lam)
        return J if J.item() < 1e9 else J + 1.0

    with pytest.warns(RuntimeWarning, match="can not be compiled"):
        trained(True, cost=cost)
    trained(False, cost=cost)


@pytest.mark.parametrize("activation", [*HIDDEN])
def test_every_activation_is_compiled(activation: str) -> None:
    """Also one that compares with an operator, `x > 0.0`; a cost that is not would warn."""
    inputs = np.random.default_rng(0).uniform(-1, 1, (12, 3))
    nets = [ag.nn.Network([3, 4, 4, 2], activation, seed=1) for _ in range(2)]
    rows = [
        ag.fit(net, inputs, np.arange(12) % 2, epochs=3, jit=jit, progress=False)["cost"]
        for net, jit in zip(nets, (True, False), strict=True)
    ]
    np.testing.assert_allclose(*rows, rtol=1e-12)
