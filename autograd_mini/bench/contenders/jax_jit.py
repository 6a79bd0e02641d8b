"""JAX: `jax.jit` of `value_and_grad`, a whole step of gradient descent in one function."""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from ..rows import Array, Curvature, Elementwise, Network, Scalar, Terms, Training
from . import Contender, Makers, Step, in_batches
from .numpy_by_hand import targets

os.environ.setdefault("JAX_PLATFORMS", "cpu")
jax: Any = import_module("jax")
jnp: Any = import_module("jax.numpy")


def contenders(threads: int) -> list[Contender]:
    if threads == 1:  # read when the first array is made
        flags = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
        os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {flags}".strip()
    jax.config.update("jax_enable_x64", True)
    makers: Makers = {
        Network: network,
        Curvature: curvature,
        Training: training,
        Elementwise: elementwise,
        Scalar: scalar,
        Terms: terms,
    }
    return [Contender("JAX jit", jax.__version__, makers, read, frozenset({Terms}))]


def read(result: Any) -> tuple[float, list[Array]]:
    cost, arrays = result
    return float(cost), [np.asarray(a) for a in arrays]


def formulas(p: Network) -> Callable[..., Any]:
    m = len(p.X)
    g = {"sigmoid": jax.nn.sigmoid, "tanh": jnp.tanh, "relu": jax.nn.relu}[p.hidden]

    def data_cost(z: Any, Y: Any) -> Any:
        if p.cost == "quadratic":
            return 0.5 / m * jnp.sum((z - Y) ** 2)
        if p.cost == "logistic":
            return jnp.sum(jnp.logaddexp(0.0, (1 - 2 * Y) * z)) / m
        return -jnp.sum(Y * jax.nn.log_softmax(z)) / m

    def cost(parameters: Any, X: Any, Y: Any) -> Any:
        W, b = parameters[::2], parameters[1::2]
        a = X
        for w, v in zip(W[:-1], b[:-1], strict=True):
            a = g(a @ w.T + v)
        J = data_cost(a @ W[-1].T + b[-1], Y)
        return J + p.lam / (2 * m) * sum(jnp.sum(w * w) for w in W) if p.lam else J

    return cost


def data(p: Network) -> tuple[Any, Any]:
    return jnp.asarray(p.X), jnp.asarray(targets(p))


def network(p: Network) -> Step:
    value_and_grad = jax.value_and_grad(formulas(p))
    X, Y = data(p)
    parameters = [jnp.asarray(a) for a in p.parameters]
    if not p.rate:
        compiled = jax.jit(value_and_grad)
        return lambda: jax.block_until_ready(compiled(parameters, X, Y))

    @jax.jit  # type: ignore[untyped-decorator]
    def descend(parameters: Any, X: Any, Y: Any) -> Any:
        J, slopes = value_and_grad(parameters, X, Y)
        return J, [a - p.rate * g for a, g in zip(parameters, slopes, strict=True)]

    def step(X: Any = X, Y: Any = Y) -> Any:
        nonlocal parameters
        J, parameters = jax.block_until_ready(descend(parameters, X, Y))
        return J, parameters

    return step


def training(p: Training) -> Step:
    return in_batches(network(p.first), p.network.X, targets(p.network), p.batches)


def curvature(p: Curvature) -> Step:
    cost = formulas(p.network)
    X, Y = data(p.network)
    parameters, v = ([jnp.asarray(a) for a in arrays] for arrays in (p.network.parameters, p.v))

    @jax.jit  # type: ignore[untyped-decorator]
    def product(parameters: Any, v: Any, X: Any, Y: Any) -> Any:
        return jax.jvp(lambda q: jax.grad(cost)(q, X, Y), (parameters,), (v,))[1]

    return lambda: (0.0, jax.block_until_ready(product(parameters, v, X, Y)))


def elementwise(p: Elementwise) -> Step:
    return _of_one(lambda x: jnp.sum(jnp.tanh(x) * jnp.exp(-(x**2)) + jnp.log1p(x**2)), p.x)


def scalar(p: Scalar) -> Step:
    def chain(y: Any) -> Any:
        for _ in range(p.operations // 2):
            y = p.a * y
            y = y + p.b
        return y

    return _of_one(chain, p.x)


def terms(p: Terms) -> Step:
    def add_up(x: Any) -> Any:
        total: Any = 0.0
        for c in p.c:
            total = total + jnp.tanh(x * c)
        return jnp.sum(total)

    return _of_one(add_up, p.x)


def _of_one(f: Callable[[Any], Any], array: Any) -> Step:
    compiled, x = jax.jit(jax.value_and_grad(f)), jnp.asarray(array)

    def step() -> Any:
        J, slope = jax.block_until_ready(compiled(x))
        return J, [slope]

    return step
