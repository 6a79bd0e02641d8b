"""The table of cases: for every operation, how it is called and on which inputs.

A `Case` is one operation in several call forms (`np.sum(x, 0)`, `x.sum(0)`, `np.add.reduce(x)`)
and a way to draw inputs and metadata. A `Call` is one of these, drawn; it prints as code.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

import numpy as np
import scipy.special
from hypothesis import strategies as st

from autograd_mini import nn
from autograd_mini.op import OPS, find_op
from tests import rule_draws as draw
from tests.rule_draws import Drawn, arrays, of_shape, reduction
from tests.rule_inputs import Input

find_op(scipy.special.expit)  # a dotted name until somebody asks for it
OP = {op.name: op for op in OPS.values()}
spread, scatter_sum, get_item, set_item, identity = (
    OP[name].function for name in ("spread", "scatter_sum", "get_item", "set_item", "identity")
)


@dataclass(frozen=True)
class Case:
    """An operation's call forms, how their inputs are drawn, and how they are differentiated.

    `step` is "complex" where NumPy computes the function on complex numbers as an analytic
    function, else "central".
    """

    op: str
    forms: tuple[Callable[..., Any], ...]
    draw: Callable[[Random], Drawn]
    step: str = "complex"


@dataclass(frozen=True)
class Call:
    """One call of an operation: case number `row` of `CASES[op]`, in one form, on these inputs."""

    op: str
    row: int
    form: int
    inputs: list[Input]
    metadata: dict[str, Any] = field(default_factory=dict)

    def __call__(self, *arrays: Any) -> tuple[Any, ...]:
        """Call it on arrays or Tensors; the outputs always are a tuple."""
        output = self.case.forms[self.form](*arrays, **self.metadata)
        return tuple(output) if isinstance(output, tuple | list) else (output,)

    @property
    def case(self) -> Case:
        return CASES[self.op][self.row]

    def arrays(self, *single: int) -> list[Any]:
        """Make the inputs; those numbered in `single` in single precision."""
        return [one.array(k in single) for k, one in enumerate(self.inputs)]


CASES: dict[str, list[Case]] = {}


def case(
    op: str,
    draw_inputs: Callable[[Random], Drawn],
    *forms: Callable[..., Any],
    step: str = "complex",
) -> None:
    CASES.setdefault(op, []).append(Case(op, forms, draw_inputs, step))


def a_call(random: Random, op: str, row: int | None = None) -> Call:
    """Draw a call of an operation."""
    if row is None:
        row = random.randrange(len(CASES[op]))
    chosen = CASES[op][row]
    inputs, metadata = chosen.draw(random)
    return Call(op, row, random.randrange(len(chosen.forms)), inputs, metadata)


def calls(op: str) -> st.SearchStrategy[Call]:
    """Hypothesis's calls of an operation."""
    return st.randoms(use_true_random=False).map(lambda random: a_call(random, op))


# -- elementwise

case("add", arrays("real", "real"), lambda a, b: a + b, np.add, lambda a, b: np.add(b, a))
case(
    "add",
    arrays("real"),
    lambda a: a + 2,
    lambda a: 0.5 + a,
    lambda a: np.array([1.0, 2]) + a[..., None],
)
case("subtract", arrays("real", "real"), lambda a, b: a - b, np.subtract)
case("subtract", arrays("real"), lambda a: a - 2, lambda a: 0.5 - a, lambda a: np.ones(1) - a)
case("multiply", arrays("real", "real"), lambda a, b: a * b, np.multiply)
case("multiply", arrays("real"), lambda a: a * a, lambda a: 2 * a, lambda a: np.ones(1) * 3 * a)
case("divide", arrays("real", "nonzero"), lambda a, b: a / b, np.divide, np.true_divide)
case("divide", arrays("nonzero"), lambda a: 2 / a, lambda a: a / 4.0, lambda a: np.ones(1) / a)
case("remainder", arrays("halves", "modulus"), np.remainder, lambda a, b: a % b, step="central")
case("remainder", arrays("halves"), lambda a: a % 0.6, step="central")
case("remainder", arrays("modulus"), lambda b: 1.5 % b, step="central")
case("product", arrays("real", "real"), OP["product"].function)
case("quotient", arrays("real", "nonzero"), OP["quotient"].function)
case("negative", arrays("real"), lambda x: -x, np.negative)
case("positive", arrays("real"), lambda x: +x, np.positive)
case("square", arrays("real"), np.square)
case("power", arrays("positive", "real"), lambda a, b: a**b, np.power, np.pow)
case(
    "power",
    arrays("nonzero"),
    lambda a: a**2,
    lambda a: a**3,
    lambda a: a**1,
    lambda a: a**0,
    lambda a: a**-1,
    lambda a: a**-2.0,
    lambda a: a**4.0,
    lambda a: a ** np.float64(3),
    lambda a: a[..., None] ** np.array([-1, 0, 1, 2, 3.0]),
)
case(
    "power", arrays("positive"), lambda a: a**0.5, lambda a: a**-1.5, lambda a: a ** np.array([2.5])
)
case(
    "power",
    arrays("real"),
    lambda b: 2.0**b,
    lambda b: np.power(0.5, b),
    lambda b: np.full(1, 3.0) ** b,
)
case("exp", arrays("real"), np.exp)
case("expm1", arrays("real"), np.expm1)
case("log", arrays("positive"), np.log)
case("log1p", arrays("above -1"), np.log1p)
case("logaddexp", arrays("real", "real"), np.logaddexp, step="central")
case("sqrt", arrays("positive"), np.sqrt)
case("sin", arrays("real"), np.sin)
case("cos", arrays("real"), np.cos)
case("tanh", arrays("real"), np.tanh)
case("absolute", arrays("nonzero"), abs, np.abs, np.absolute, step="central")
case("maximum", arrays("lattice 0", "lattice 1"), np.maximum, step="central")
case(
    "maximum",
    arrays("nonzero"),
    lambda x: np.maximum(x, 0),
    lambda x: np.maximum(0.25, x),
    step="central",
)
case("minimum", arrays("lattice 0", "lattice 1"), np.minimum, step="central")
case(
    "minimum",
    arrays("nonzero"),
    lambda x: np.minimum(x, 0),
    lambda x: np.minimum(0.25, x),
    step="central",
)
case(
    "clip",
    arrays("lattice 0", "lattice 1", "lattice 2"),
    np.clip,
    lambda x, low, high: x.clip(low, high),
    lambda x, low, high: np.clip(x, min=low, max=high),
    lambda x, low, high: np.clip(a=x, a_min=low, a_max=high),
    step="central",
)
case(
    "clip",
    arrays("lattice 0", "lattice 1"),
    lambda x, low: np.clip(x, low, None),
    lambda x, low: x.clip(low),
    lambda x, low: x.clip(min=low),
    lambda x, high: np.clip(x, None, high),
    lambda x, high: x.clip(max=high),
    step="central",
)
case(
    "clip",
    arrays("lattice 0"),
    lambda x: np.clip(x, -0.3, 0.9),
    lambda x: x.clip(0.3),
    step="central",
)
case("where", arrays("nonzero", "real", "real"), lambda c, a, b: np.where(c > 0, a, b))
case(
    "where",
    arrays("nonzero", "real"),
    lambda c, a: np.where(c > 0, a, 1.0),
    lambda c, a: np.where(c > 0, 0, a),
)
case("modf", arrays("lattice 0"), np.modf, step="central")
case("identity", arrays("real"), identity)
case("astype", arrays("real"), lambda x: x.astype(complex), lambda x: np.astype(x, complex))
case("real", arrays("real"), np.real, lambda x: x.real, step="central")
case("real", arrays("complex"), np.real, lambda x: x.real, step="central")
case("imag", arrays("complex"), np.imag, lambda x: x.imag, step="central")
case("conjugate", arrays("real"), np.conjugate, lambda x: x.conj(), step="central")
case("conjugate", arrays("complex"), np.conj, lambda x: x.conjugate(), step="central")

# -- reduction

case(
    "sum",
    reduction(),
    np.sum,
    lambda x, **m: x.sum(**m),
    lambda x, axis, keepdims: x.sum(axis, keepdims=keepdims),
    lambda x, axis, keepdims: np.sum(x, axis, None, None, keepdims),
    lambda x, **m: np.sum(a=x, **m),
)
case("sum", of_shape((65, 64), axis=0, keepdims=False), np.sum)
case(
    "mean",
    reduction(empty=False),
    np.mean,
    lambda x, **m: x.mean(**m),
    lambda x, axis, keepdims: np.mean(x, axis, None, None, keepdims),
    lambda x, **m: np.mean(a=x, **m),
)
case(
    "max",
    reduction("distinct", empty=False),
    np.max,
    lambda x, **m: x.max(**m),
    lambda x, axis, keepdims: np.max(x, axis, None, keepdims),
    np.amax,
    lambda x, **m: np.max(a=x, **m),
    step="central",
)
case(
    "min",
    reduction("distinct", empty=False),
    np.min,
    lambda x, **m: x.min(**m),
    lambda x, axis, keepdims: x.min(axis, keepdims=keepdims),
    np.amin,
    lambda x, **m: np.min(a=x, **m),
    step="central",
)


case("sum", arrays("real"), np.sum, lambda x: x.sum())
case("sum", draw.vector_or_more, lambda x: np.sum(x, 0), lambda x: x.sum(0))
case("mean", of_shape((2, 3)), np.mean, lambda x: x.mean(), lambda x: np.mean(x, -1))
case(
    "max",
    of_shape((3, 2), "distinct"),
    np.max,
    lambda x: x.max(0),
    step="central",
)
case(
    "min",
    of_shape((3, 2), "distinct"),
    np.min,
    lambda x: x.min(1),
    step="central",
)

case("spread", draw.spreading, spread)
case("spread", of_shape((64,), shape=(65, 64), axis=0), spread)

# -- shape


case(
    "reshape",
    draw.reshaping,
    np.reshape,
    lambda x, **m: x.reshape(m["shape"], order=m["order"]),
    lambda x, shape, order: x.reshape(*shape, order=order) if shape else x.reshape((), order=order),
    lambda x, shape, order: np.reshape(x, shape, order),
)
case(
    "ravel",
    draw.ordering,
    np.ravel,
    lambda x, order: x.ravel(order),
    lambda x, order: x.flatten(order=order),
)
case(
    "transpose",
    draw.permuting,
    np.transpose,
    lambda x, axes: x.transpose(axes),
    np.permute_dims,
    lambda x, axes: x.T if axes is None else x.transpose(*axes),
)
case("swapaxes", draw.swapping, np.swapaxes, lambda x, axis1, axis2: x.swapaxes(axis1, axis2))
case("expand_dims", draw.expanding, np.expand_dims, lambda x, axis: np.expand_dims(x, axis))
case(
    "squeeze",
    draw.squeezing,
    np.squeeze,
    lambda x, axis: x.squeeze(axis),
    lambda x, **m: x.squeeze(**m),
)
case(
    "broadcast_to",
    draw.broadcasting,
    np.broadcast_to,
    lambda x, shape: np.broadcast_to(array=x, shape=shape),
)
case("copy", draw.ordering, lambda x, order: np.copy(x), lambda x, order: x.copy(), np.copy)
case(
    "concatenate",
    draw.joining,
    lambda *a, axis: np.concatenate(a, axis=axis),
    lambda *a, axis: np.concat([*a], axis),
)
case("concatenate", draw.flat_joining, lambda *a, axis: np.concatenate(a, axis=axis))
case(
    "stack",
    draw.stacking,
    lambda *a, axis: np.stack(a, axis),
    lambda *a, axis: np.stack([*a, a[0]], axis=axis),
    lambda *a, axis: np.stack(arrays=a, axis=axis),
)
case("concatenate", draw.same_shapes, lambda *a: np.concatenate(a))
case("stack", draw.same_shapes, lambda *a: np.stack(a))
case("split", draw.of_even_length, lambda x: np.split(x, 2))
case(
    "split",
    draw.splitting,
    np.split,
    lambda x, indices_or_sections, axis: np.split(x, indices_or_sections, axis),
    lambda x, **m: np.split(ary=x, **m),
)
case("pick", draw.splitting, lambda x, **m: np.split(x, **m)[-1])
case("pick", arrays("lattice 0"), lambda x: np.modf(x)[0], step="central")

# -- indexing


def written(x: Any, v: Any, key: Any) -> Any:
    """x[key] = v, as it is written; a copy first, since the input is a leaf."""
    x = np.copy(x)
    x[key] = v
    return x


def scattered(*parts: Any, keys: Any, shape: Any) -> Any:
    return scatter_sum(parts, keys=keys, shape=shape, dtype=np.result_type(*parts))


case("get_item", draw.getting, lambda x, key: x[key], get_item)
case("set_item", draw.setting, written, set_item)
case("scatter_sum", draw.scattering, scattered)

# -- linear


case("affine", draw.affine, OP["affine"].function)
case("matmul", draw.multiplying, np.matmul, lambda a, b: a @ b, np.linalg.matmul)
case(
    "dot",
    draw.dotting,
    np.dot,
    lambda a, b: np.dot(a=a, b=b),
    lambda a, b: a.dot(b) if hasattr(a, "dot") else np.dot(a, b),
)
case("outer", draw.pairing, np.outer, lambda a, b: np.outer(a=a, b=b))
case("outer", draw.pairing_vectors, np.linalg.outer)

# -- the note's activations

case("sigmoid", arrays("real"), nn.sigmoid)
case("expit", arrays("real"), scipy.special.expit, step="central")
case("softplus", arrays("real"), nn.softplus, step="central")
case("softplus", of_shape((20, 15), "nonzero"), nn.softplus, step="central")
case("relu", arrays("nonzero"), nn.relu, step="central")
case(
    "leaky_relu",
    arrays("nonzero"),
    nn.leaky_relu,
    lambda x: nn.leaky_relu(x, 0.2),
    lambda x: nn.leaky_relu(x, negative_slope=-0.5),
    step="central",
)
case(
    "logsumexp",
    reduction(empty=False),
    nn.logsumexp,
    lambda x, axis, keepdims: nn.logsumexp(x, axis, keepdims),
)


case("logsumexp", of_shape((3, 2)), nn.logsumexp, lambda x: nn.logsumexp(x, 0))
case("softmax", of_shape((3, 2)), nn.softmax, lambda x: nn.softmax(x=x))
case("log_softmax", of_shape((3, 2)), nn.log_softmax)
case("softmax", draw.normalising, nn.softmax, lambda x, axis: nn.softmax(x, axis))
case("log_softmax", draw.normalising, nn.log_softmax, lambda x, axis: nn.log_softmax(x, axis))

SHELF = tuple(sorted(CASES))
"""What the shelf's own tests run on; `rule_cases_more` adds the appendix."""
