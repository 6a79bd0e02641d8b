"""Random programs of all operations that have a rule: what the compiler's proof runs on.

A program is a list of steps, each a call drawn as the rules' tests draw theirs (`rule_cases`), or a
phrase that the compiler's identities are about. What a step reads is a new input, or an earlier
value brought into the shape and the class of values that the call wants: shared subexpressions and
views come by themselves.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import numpy as np

from autograd_mini import nn
from autograd_mini.compiler.record import DEPENDS_ON_VALUES
from tests import rule_cases_arrays, rule_cases_more
from tests.rule_cases import CASES, Call, a_call
from tests.rule_inputs import Input, a_shape, an_input, laid_out, numbers

LARGEST = 1e4
"""A step whose result is larger is not taken: products of products would overflow."""
TRACEABLE = sorted({*CASES} - rule_cases_more.FROZEN - {*DEPENDS_ON_VALUES})
assert rule_cases_arrays.__name__
if np.lib.NumpyVersion(np.__version__) < "2.2.0":
    # Their dtype of float32 was another in each way to call them; ours is the newest NumPy's.
    OLD = ("percentile", "quantile", "nanpercentile", "nanquantile")
    TRACEABLE = [name for name in TRACEABLE if not str(name).startswith(OLD)]

CLASSES: dict[str, Callable[[Any], Any]] = {
    "positive": lambda v: np.square(np.sin(v)) + 0.5,
    "nonzero": lambda v: np.where(v < 0, v - 0.5, v + 0.5),
    "distinct nonzero": lambda v: np.where(v < 0, v - 0.5, v + 0.5),
    "unit": lambda v: 0.8 * np.sin(v),
    "unit half": lambda v: 0.7 - 0.15 * np.cos(v),
    "above 1": lambda v: np.cos(v) / 2 + 2,
    "above -1": lambda v: 0.5 + np.sin(v) * 0.5,
    "-1, 0, 1": np.sign,
    "complex": lambda v: v * (1 - 0.5j),
}
"""How an earlier value becomes one of a class; others take it as it is."""


def written_in_a_loop(v: Any, w: Any) -> Any:
    y = v + w
    for k in range(min(3, y.shape[0] if y.ndim else 0)):
        y[k] = y[k - 1] * 0.5 + w[k]
    return y


def added_in_place(v: Any, w: Any) -> Any:
    y = v * w
    y += v
    y -= 0.5
    y *= y
    return y


PHRASES: dict[str, Callable[[Any, Any], Any]] = {
    "v·1 + 0": lambda v, w: v * 1 + 0,
    "1·v − 0": lambda v, w: 1.0 * v - 0.0,
    "0 − v": lambda v, w: 0 - v,
    "v·(−1)": lambda v, w: v * -1,
    "−−v": lambda v, w: np.negative(-v),
    "−(v − w)": lambda v, w: -(v - w),
    "−(3v)": lambda v, w: -(3.0 * v),
    "v + (−w)": lambda v, w: v + (-w),
    "(−v) + w": lambda v, w: (-v) + w,
    "v − (−w)": lambda v, w: v - (-w),
    "(−v)(−w)": lambda v, w: (-v) * (-w),
    "(v − w)·(−2)": lambda v, w: (v - w) * -2.0,
    "(−v)·3": lambda v, w: (-v) * 3.0,
    "v/3": lambda v, w: v / 3,
    "v/1": lambda v, w: v / 1.0,
    "2·(v·3)": lambda v, w: 2.0 * (v * 3.0),
    "v·v": lambda v, w: v * v,
    "v**2": lambda v, w: v**2,
    "v**1": lambda v, w: v**1,
    "v/w·w": lambda v, w: v / (w * w + 1.0) * (w * w + 1.0),
    "v·w/w": lambda v, w: v * (w * w + 1.0) / (w * w + 1.0),
    "logistic": lambda v, w: np.log(nn.sigmoid(v)) * w + (1 - w) * np.log(1 - nn.sigmoid(v)),
    "sigmoid by hand": lambda v, w: w / (1 + np.exp(-v)),
    "log(1 + e^v)": lambda v, w: np.logaddexp(0, v) * w,
    "v·(w > 0)": lambda v, w: v * (w > 0),
    "Σ v·w": lambda v, w: np.sum(v * w),
    "Σ v²": lambda v, w: np.sum(v**2),
    "Σ 3v": lambda v, w: np.sum(3.0 * v, axis=-1, keepdims=True) if v.ndim else v,
    "mean": lambda v, w: np.sum(v) / max(v.size, 1),
    "Σ rows": lambda v, w: np.sum(v, axis=0) if v.ndim else v,
    "Σ of what is repeated": lambda v, w: np.sum(np.broadcast_to(np.sum(w), v.shape) * 1.0),
    "vᵀᵀ": lambda v, w: v.T.T,
    "vᵀ w": lambda v, w: v.T @ w if v.ndim == 2 else v,
    "v wᵀ": lambda v, w: v @ w.T if v.ndim == 2 else w,
    "reshaped twice": lambda v, w: v.reshape(-1).reshape(v.shape) + w,
    "in its shape": lambda v, w: v.reshape(v.shape),
    "a view of a view": lambda v, w: v.T[..., ::-1] if v.ndim else v,
    "row and column": lambda v, w: v - v.mean(axis=0) if v.size and v.ndim else v,
    "twice": lambda v, w: np.tanh(v) * w + np.tanh(v),
    "over itself": lambda v, w: np.exp(-np.square(v)) - np.square(v),
    "in place": added_in_place,
    "a loop": written_in_a_loop,
    "compared": lambda v, w: v > w,
    "where": lambda v, w: np.where(v > w, v, w),
    "argmax": lambda v, w: np.argmax(v) if v.size else v,
    "whole": lambda v, w: np.floor(v).astype(int),
    "single": lambda v, w: v.astype(np.float32),
    "a constant array": lambda v, w: v + np.arange(v.shape[-1] if v.ndim else 1.0),
    "a constant number": lambda v, w: v * np.float64(1.0) + np.float32(2.0),
    "weak": lambda v, w: v * 2 + True,
    "maximum": lambda v, w: np.maximum(v, 0) * np.minimum(w, 1),
    "picked": lambda v, w: v[np.array([0, -1, 0])] if v.ndim and v.shape[0] else v,
    "masked": lambda v, w: np.where(np.isfinite(w), v, 0),
}  # fmt: skip

CANCELLED = {"v/w·w", "v·w/w", "logistic", "sigmoid by hand"}
"""Phrases in which a division meets the factor that undoes it."""
Place = tuple[int, int]
"""Of a value: the step that made it (−1: an input), and which of its outputs."""


@dataclass(frozen=True)
class Step:
    """A call of an operation, or a phrase; where its operands come from."""

    call: Call | str
    reads: tuple[Place, ...]

    def run(self, values: dict[Place, Any]) -> tuple[Any, ...]:
        given = [values[place] for place in self.reads]
        if isinstance(self.call, str):
            v, w = given
            v = as_real(v) if self.call not in GENERAL else v
            return (PHRASES[self.call](v, fitted(w, v.shape, "real")),)
        wanted = zip(given, self.call.inputs, strict=True)
        return self.call(*(fitted(v, one.shape, one.values) for v, one in wanted))


GENERAL = {"v·1 + 0", "1·v − 0", "v·(−1)", "v·v", "v**2", "vᵀᵀ", "in its shape", "v/1", "weak"}
"""Phrases that take whole numbers and complex ones as they are."""


@dataclass(frozen=True)
class Drawn:
    """A program: its inputs (with their dtypes), its steps, and what it returns."""

    inputs: list[Input]
    dtypes: list[str]
    steps: list[Step]
    outputs: list[Place]
    container: str = "tuple"
    some: tuple[int, ...] = ()
    """Inputs that may be Tensors beside others that are arrays."""
    tensors: bool = False
    """Whether they are passed as Tensors."""

    def __call__(self, *arrays: Any) -> Any:
        values: dict[Place, Any] = {(-1, k): x for k, x in enumerate(arrays)}
        for j, step in enumerate(self.steps):
            values.update(((j, i), y) for i, y in enumerate(step.run(values)))
        results = [values[place] for place in self.outputs]
        if self.container == "dict":
            return {f"y{k}": y for k, y in enumerate(results)}
        if self.container == "nested":
            return {"all": tuple(results), "first": [results[0], 1.5, None]}
        return results if self.container == "list" else tuple(results)

    def arrays(self, again: int = 0, special: bool = False) -> list[Any]:
        """Make the inputs; `again`: others of the same shapes; special: NaN, inf, tiny, huge."""
        return [
            an_array(one, dtype, again, special)
            for one, dtype in zip(self.inputs, self.dtypes, strict=True)
        ]


SPECIAL = (np.nan, np.inf, -np.inf, 0.0, -0.0, 1e300, -1e300, 1e-300, 5e-324, 1.0, -1.0, 710.0)


def an_array(one: Input, dtype: str, again: int, special: bool) -> Any:
    rng = np.random.default_rng(one.seed + 1000 * again)
    flat = numbers(rng, one.values, math.prod(one.shape))
    if special:
        chosen = rng.choice(SPECIAL, flat.shape)
        flat = np.where(rng.random(flat.shape) < 0.3, chosen, flat)
    if dtype in ("i8", "i4", "?"):
        flat = np.nan_to_num(flat, posinf=9.0, neginf=-9.0).clip(-9, 9).round()
    with np.errstate(all="ignore"):
        flat = flat.astype(np.result_type(dtype, 0j) if flat.dtype.kind == "c" else dtype)
    return laid_out(flat.reshape(one.shape), one.layout)


def as_real(v: Any) -> Any:
    kind = v.dtype.kind
    return v if kind == "f" else v.real if kind == "c" else v * 1.0


def fitted(v: Any, shape: tuple[int, ...], values: str) -> Any:
    """Bring a value into a class and a shape; as it is, where it has both."""
    if values == "complex":
        v = v if v.dtype.kind == "c" else CLASSES["complex"](v)
    else:
        v = CLASSES.get(values, lambda v: v)(as_real(v))
    if v.shape == shape:
        return v
    n = math.prod(shape)
    if n <= v.size:
        return v.reshape(-1)[:n].reshape(shape)
    return np.broadcast_to(np.sum(v) if v.size != 1 else v.reshape(()), shape)


# -- drawing


def a_program(seed: int, length: int) -> Drawn:
    """Draw a program; a shorter one of the same seed is its beginning."""
    random = Random(seed)
    tensors = random.random() < 0.2
    inputs: list[Input] = []
    dtypes: list[str] = []
    steps: list[Step] = []
    values: dict[Place, Any] = {}
    mixed = random.choice(("f8", "f8", "f8", "f4", "mixed", "mixed"))
    while len(steps) < length:
        taken = a_step(random, inputs, dtypes, values, len(steps), mixed)
        if taken is not None:
            steps.append(taken)
    made = [place for place in values if place[0] >= 0]
    outputs = [random.choice(made[-3:]), *random.sample(made, min(len(made), random.randint(0, 2)))]
    if random.random() < 0.2:
        outputs.append(random.choice([*values]))
    if random.random() < 0.15:
        outputs.append(outputs[0])
    every = any(not isinstance(one.call, str) and one.call.op in TOGETHER for one in steps)
    some = [k for k in range(len(inputs)) if every or random.random() < 0.6]
    container = random.choice(("tuple", "list", "dict", "nested"))
    return Drawn(inputs, dtypes, steps, outputs, container, tuple(some), tensors)


TOGETHER = {
    "meshgrid", "multi_dot", "put_along_axis", "broadcast_arrays", "gradient", "atleast_1d",
    "atleast_2d", "atleast_3d",
}  # fmt: skip
"""Functions said in terms of others, that make Tensors of all results where one argument is one; a
program knows of each result what it is made from."""


def a_step(
    random: Random, inputs: list[Input], dtypes: list[str], values: dict[Place, Any], j: int,
    mixed: str,
) -> Step | None:  # fmt: skip
    """Draw a step, run it, and keep its values; None if NumPy refuses it or they are too large."""
    if random.random() < 0.5:
        call: Call | str = random.choice([*PHRASES])
        shape = a_shape(random)
        wanted = [an_input(random, shape), an_input(random, shape)]
    else:
        call = a_call(random, random.choice(TRACEABLE))
        wanted = call.inputs
    reads, new = [], []
    for one in wanted:
        if values and random.random() < 0.75:
            reads.append(random.choice([*values][-12:]))
        else:
            reads.append((-1, len(inputs) + len(new)))
            new.append((one, a_dtype(random, one, mixed)))
    fresh = {(-1, len(inputs) + k): an_array(*one, 0, False) for k, one in enumerate(new)}
    step = Step(call, tuple(reads))
    try:
        with np.errstate(all="ignore"):
            results = step.run(values | fresh)
    except (TypeError, ValueError, IndexError, ZeroDivisionError):
        return None
    if not all(is_tame(y) for y in results):
        return None
    inputs += [one for one, _ in new]
    dtypes += [dtype for _, dtype in new]
    values |= fresh | {(j, i): y for i, y in enumerate(results)}
    return step


def a_dtype(random: Random, one: Input, mixed: str) -> str:
    if mixed != "mixed" or one.values not in ("real", "complex"):
        return "f4" if mixed == "f4" else "f8"
    return random.choice(("f8", "f4", "i8", "?", "i4") if one.values == "real" else ("f8", "f4"))


def is_tame(y: Any) -> bool:
    return (
        hasattr(y, "dtype") and y.dtype.kind in "biufc" and y.size <= 300
        and bool(np.all(np.isfinite(y))) and bool(np.all(np.abs(y) < LARGEST))
    )  # fmt: skip


# -- what is asked of a program


def cost(drawn: Drawn) -> Callable[..., Any]:
    """Return one number of all the real or complex numbers that a program returns."""

    def f(*args: Any) -> Any:
        total = next(np.sum(np.real(x)) for x in args if x.dtype.kind in "fc")
        results = drawn(*args)
        for y in flat(results):
            if y.dtype.kind == "c":
                total = total + np.sum(np.real(y * np.conj(y)))
            elif y.dtype.kind == "f":
                total = total + np.sum(y * y * 0.5 + y)
        return total

    return f


def flat(results: Any) -> Sequence[Any]:
    if isinstance(results, dict):
        results = [*results.values()] if "all" not in results else results["all"]
    return [*results]
