"""torch.compile: the functions of "PyTorch", compiled whole; `backward()` and the update outside.

Its cache on disk is a new one, so that a first call is what it is on a new machine. It needs a C++
compiler. A long program of small operations takes it minutes: those rows are asked for by name.
"""

from __future__ import annotations

import os
import shutil
from tempfile import TemporaryDirectory
from typing import Any

from ..rows import Curvature, Elementwise, Network, Scalar, Terms, Training
from . import Contender, Makers, Step, pytorch
from .pytorch import torch

CACHE = TemporaryDirectory(prefix="autograd_mini_bench_")
"""Removed with the process."""


def contenders(threads: int) -> list[Contender]:
    compiler = os.environ.get("CXX", "g++")
    if not any(shutil.which(name) for name in (compiler, "clang++", "cl")):
        raise ImportError(f"it needs a C++ compiler, and there is no {compiler}")
    os.environ["TORCHINDUCTOR_CACHE_DIR"] = CACHE.name
    makers: Makers = {
        Network: network,
        Curvature: curvature,
        Training: training,
        Elementwise: elementwise,
        Scalar: pytorch.scalar,
        Terms: pytorch.terms,
    }
    slow = frozenset({Scalar, Terms})
    return [Contender("torch.compile", torch.__version__, makers, pytorch.read, slow)]


def network(p: Network) -> Step:
    torch.compiler.reset()  # else what another row has compiled is stretched to these shapes
    return pytorch.descending(p, torch.compile(pytorch.formulas(p)))


def training(p: Training) -> Step:
    return pytorch.descend_on(p, network(p.first), pytorch.targets(p.network))


def curvature(p: Curvature) -> Step:
    # Compiled functions have no second backward pass: forward over reverse, by torch.func.
    torch.compiler.reset()
    net = p.network
    cost, X, Y = pytorch.formulas(net), pytorch.tensor(net.X), pytorch.targets(net)
    parameters = [pytorch.tensor(a) for a in net.parameters]
    v = [pytorch.tensor(a) for a in p.v]

    @torch.compile  # type: ignore[untyped-decorator]
    def product(parameters: Any, v: Any) -> Any:
        slope = torch.func.grad(lambda parameters: cost(parameters, X, Y))
        return torch.func.jvp(slope, (parameters,), (v,))[1]

    return lambda: (0.0, product(parameters, v))


def elementwise(p: Elementwise) -> Step:
    return pytorch.of_one(torch.compile(pytorch.of_elements), p.x)
