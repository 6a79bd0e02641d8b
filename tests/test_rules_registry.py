"""The table of operations itself: which there are, that each is tested, and that none is a cost."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np
import pytest
import scipy.special

import autograd_mini as ag
from autograd_mini import nn
from autograd_mini.graph import walk
from autograd_mini.op import OPS, find_op
from autograd_mini.tensor import Tensor, unwrap
from tests.rule_cases import CASES, OP, SHELF, a_call
from tests.rule_checks import (
    another_rule,
    cotangents_for,
    gradients,
    nothing_may_be_read,
    tensors,
)

CHAPTERS = {
    "arithmetic": [
        "add",
        "subtract",
        "multiply",
        "divide",
        "remainder",
        "negative",
        "positive",
        "square",
        "power",
    ],
    "exponentials and waves": [
        "exp",
        "expm1",
        "log",
        "log1p",
        "logaddexp",
        "sqrt",
        "sin",
        "cos",
        "tanh",
    ],
    "what is not asked for": ["product", "quotient"],
    "kinks": ["absolute", "maximum", "minimum", "clip", "where", "modf"],
    "types": ["identity", "astype", "copy", "real", "imag", "conjugate"],
    "reductions": ["sum", "mean", "max", "min", "spread"],
    "shapes": [
        "reshape",
        "ravel",
        "transpose",
        "swapaxes",
        "expand_dims",
        "squeeze",
        "broadcast_to",
    ],
    "several arrays": ["concatenate", "stack", "split", "pick"],
    "indices": ["get_item", "set_item", "scatter_sum"],
    "products": ["affine", "matmul", "dot", "outer"],
    "activations": [
        "sigmoid",
        "expit",
        "softplus",
        "relu",
        "leaky_relu",
        "logsumexp",
        "softmax",
        "log_softmax",
    ],
}
WITH_A_RULE = [name for names in CHAPTERS.values() for name in names]

# Of x = [-1.5, 0, 2]: what NumPy answers, the answer on a tensor must be.
WITHOUT: dict[str, Callable[[Any], Any]] = {
    "equal": lambda x: x == 0,
    "not_equal": lambda x: 0.0 != x,
    "less": lambda x: x < 1.0,
    "less_equal": lambda x: x <= np.zeros(3),
    "greater": lambda x: np.greater(x, 0),
    "greater_equal": lambda x: np.zeros(3) >= x,
    "logical_and": lambda x: np.logical_and(x > -1, x < 1),
    "logical_or": lambda x: np.logical_or(x > 1, x < -1),
    "logical_not": np.logical_not,
    "logical_xor": lambda x: np.logical_xor(x, x > 0),
    "isfinite": np.isfinite,
    "isnan": np.isnan,
    "isinf": np.isinf,
    "signbit": np.signbit,
    "bitwise_and": lambda x: (x > -1) & (x < 1),
    "bitwise_or": lambda x: (x > 1) | np.array([True, False, False]),
    "bitwise_xor": lambda x: np.array([True, False, False]) ^ (x > 1),
    "invert": lambda x: ~(x > 0),
    "sign": np.sign,
    "floor": np.floor,
    "ceil": np.ceil,
    "rint": np.rint,
    "round": lambda x: np.round(x / 3, 1),
    "trunc": np.trunc,
    "floor_divide": lambda x: x // 0.4,
    "isclose": lambda x: np.isclose(x, 0.0, atol=1e-3),
    "shape": np.shape,
    "ndim": np.ndim,
    "size": np.size,
    "result_type": lambda x: np.result_type(x, np.float32),
    "iscomplexobj": np.iscomplexobj,
    "isrealobj": np.isrealobj,
    "can_cast": lambda x: np.can_cast(x, np.float32),
    "may_share_memory": lambda x: np.may_share_memory(x, x),
    "shares_memory": lambda x: np.shares_memory(x, np.zeros(3)),
    "zeros_like": np.zeros_like,
    "ones_like": lambda x: np.ones_like(x, dtype=np.float32),
    "empty_like": lambda x: np.empty_like(x, shape=0),
    "allclose": lambda x: np.allclose(x, [-1.5, 0, 2]),
    "array_equal": lambda x: np.array_equal(x, np.array([-1.5, 0, 2])),
    "array_repr": np.array_repr,
    "array_str": np.array_str,
    "array2string": lambda x: np.array2string(x, precision=1),
    "argmax": lambda x: x.argmax(),
    "argmin": lambda x: np.argmin(x[None], axis=-1),
    "argsort": lambda x: np.argsort(-x, kind="stable"),
    "any": lambda x: np.any(x > 0, axis=0),
    "all": lambda x: (x[None] > 0).all(0),
    "count_nonzero": np.count_nonzero,
    "nonzero": np.nonzero,
}

A_COST = re.compile("cost|loss|entropy|error|delta|target|label|logistic|quadratic|likelihood|nll")

SINGLE = (np.dtype(np.float32), np.dtype(np.complex64))

OUR_OWN = {
    "identity", "product", "quotient", "spread", "get_item", "set_item", "scatter_sum", "pick",
    "affine",
    "sigmoid", "softplus", "relu", "leaky_relu", "logsumexp", "softmax", "log_softmax",
}  # fmt: skip
"""Operations that are no function of NumPy or SciPy: the engine's own, and the activations."""


def test_the_operations_are_the_ones_listed_here() -> None:
    """In an interpreter of its own: what users and other tests add does not count."""
    program = (
        "import json, autograd_mini, autograd_mini.nn\n"
        "from autograd_mini.op import OPS\n"
        "print(json.dumps([[op.name, op.differentiable] for op in OPS.values()]))"
    )
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    found = json.loads(printed.stdout)
    assert {name for name, differentiable in found if differentiable} == set(WITH_A_RULE)
    assert {name for name, differentiable in found if not differentiable} == set(WITHOUT)


def test_every_operation_with_a_rule_has_a_case() -> None:
    assert list(SHELF) == sorted(WITH_A_RULE)
    assert len(WITH_A_RULE) == len(set(WITH_A_RULE))


def test_no_operation_is_a_cost() -> None:
    for name in (*WITH_A_RULE, *WITHOUT):
        assert not A_COST.search(name)
    for name in WITH_A_RULE:
        if name not in OUR_OWN:
            function = OP[name].function
            assert getattr(np, name, getattr(scipy.special, name, None)) is function, name


@pytest.mark.parametrize(
    ("cost", "output"),
    [
        (nn.logistic_cost, "sigmoid"),
        (nn.quadratic_cost, "sigmoid"),
        (nn.softmax_cost, "softmax"),
        (nn.logistic_cost_literal, "sigmoid"),
    ],
)
def test_a_cost_is_recorded_as_numpy_functions(cost: Callable[..., Tensor], output: str) -> None:
    """δ = a − y is found by differentiation: no operation of the graph knows the cost or y."""
    net = nn.Network([3, 4, 2], output=output, seed=0)
    X, Y = np.random.default_rng(0).normal(size=(5, 3)), np.eye(2)[[0, 1, 1, 0, 1]]
    names = {node.op.name for node in walk(cost(net, X, Y, lam=0.1).node) if node.op is not None}
    assert names <= set(WITH_A_RULE) | set(WITHOUT)
    assert names & {"multiply", "subtract", "where", "square", "power"}


# -- how a rule is written


@pytest.mark.parametrize("op", WITH_A_RULE)
def test_a_rule_takes_g_and_y_first(op: str) -> None:
    """g the output's cotangent, y the output, then the arrays; metadata by keyword."""
    for one in OP[op].rules:
        if one is not None:
            assert one.__code__.co_varnames[:2] == ("g", "y")
            assert OP[op].variadic or len(OP[op].parameters) == len(OP[op].rules)


@pytest.mark.parametrize("op", WITH_A_RULE)
def test_every_call_form_is_that_one_operation(op: str) -> None:
    """np.sum(x, 0), x.sum(0) and np.add.reduce(x) are recorded as the same operation."""
    for row, case in enumerate(CASES[op]):
        for seed in range(40):  # until every form has been drawn
            call = a_call(Random(seed), op, row)
            leaves = tensors(call.arrays())
            outputs = [y for y in call(*leaves) if y.node.op is not None]
            names = [node.op.name for y in outputs for node in walk(y.node) if node.op]
            assert op in names, f"form {call.form} of row {row}: {names}"
        assert len(case.forms) <= 12


@pytest.mark.parametrize("op", WITH_A_RULE)
def test_no_rule_lifts_float32(op: str) -> None:
    """A constant like np.sqrt(2) would turn float32 into float64, and cost time and memory."""
    for k, one in enumerate(OP[op].rules):
        if one is not None:
            for seed in range(20):
                call = a_call(Random(seed), op)
                arrays = call.arrays(*range(len(call.inputs)))
                if all(np.asarray(y).dtype in SINGLE for y in call(*arrays)):
                    with another_rule(op, k, not_double):
                        gradients(call, arrays, cotangents_for(call, arrays))


def not_double(g: Any) -> Any:
    assert np.asarray(g).dtype in SINGLE
    return g


# -- functions under several names


@pytest.mark.parametrize(
    ("alias", "name"),
    [
        (np.abs, "absolute"),
        (np.amax, "max"),
        (np.amin, "min"),
        (np.concat, "concatenate"),
        (np.conj, "conjugate"),
        (np.linalg.matmul, "matmul"),
        (np.linalg.outer, "outer"),
        (np.mod, "remainder"),
        (np.permute_dims, "transpose"),
        (np.pow, "power"),
        (np.true_divide, "divide"),
        (np.bitwise_invert, "invert"),
        (scipy.special.expit, "expit"),
    ],
)
def test_aliases_are_one_operation(alias: Any, name: str) -> None:
    assert find_op(alias) is OP[name]


# -- operations without derivative


def both(name: str) -> tuple[Any, Any]:
    """Return what a function answers on an array and on a tensor that requires a gradient."""
    x = np.array([-1.5, 0.0, 2.0])
    return WITHOUT[name](x), WITHOUT[name](ag.Tensor(x, requires_grad=True))


@pytest.mark.parametrize("name", WITHOUT)
def test_without_derivative_the_answer_is_numpys_and_keeps_no_graph(name: str) -> None:
    expected, found = both(name)
    for part in found if isinstance(found, tuple) else (found,):
        if isinstance(part, Tensor):
            assert not part.requires_grad
            assert not part.node.inputs
    assert type(unwrap(found)) is type(expected)
    assert repr(unwrap(found)) == repr(expected)


@pytest.mark.parametrize("name", WITHOUT)
def test_without_derivative_but_recorded_for_a_compiler(name: str) -> None:
    """A mask x > 0 is recomputed, not frozen; a value is refused; a shape is known."""
    x = ag.Tensor([-1.5, 0.0, 2.0], requires_grad=True)
    op = next(op for op in OPS.values() if op.name == name)
    with nothing_may_be_read():
        if op.reads == "value":
            with pytest.raises(RuntimeError, match=r"reads a value.*np\.where"):
                WITHOUT[name](x)
        elif op.reads == "arrays":
            found = WITHOUT[name](x)
            for part in found if isinstance(found, tuple) else (found,):
                assert x.node in walk(part.node)
        else:
            WITHOUT[name](x)


# -- calls that would lose a derivative


def test_ravel_in_memory_order_is_refused() -> None:
    """Order "A" and "K" depend on the layout, which a cotangent need not have."""
    for order in ("A", "K"):
        with pytest.raises(TypeError, match=r'write order="C" or order="F"'):
            ag.grad(lambda x, o=order: np.ravel(x, o).sum())(np.ones((2, 3)))


def test_where_with_a_condition_alone_gives_indices() -> None:
    """As NumPy's; how many there are is unknown to a compiler, which refuses."""
    x = ag.Tensor([0.0, 3.0, 0.0, 2.0], requires_grad=True)
    (found,) = np.where(x)
    assert found.tolist() == [1, 3]
    assert not found.requires_grad
    with nothing_may_be_read(), pytest.raises(TypeError, match=r"np\.nonzero"):
        np.where(x)
    with pytest.raises(TypeError, match=r"np\.nonzero"):
        np.where(x > 0, x)


def test_a_changed_rule_is_seen() -> None:
    """The mutants' tool works: with the rule of np.sin negated, the derivative is negated."""
    assert ag.grad(np.sin)(0.0) == 1.0
    with another_rule("sin", 0, lambda g: -g):
        assert ag.grad(np.sin)(0.0) == -1.0
    assert ag.grad(np.sin)(0.0) == 1.0
