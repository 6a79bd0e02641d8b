"""Every public function of NumPy has a fate, and every function with a derivative has a case."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
from random import Random
from typing import Any

import numpy as np
import pytest
import scipy.special

import autograd_mini as ag
from autograd_mini.op import OPS, find_op
from autograd_mini.tensor import Tensor
from tests import rule_cases_arrays, rule_coverage
from tests.rule_cases import CASES
from tests.rule_checks import tensors
from tests.rule_coverage import SCIPY, fate, public

MODULES = {"numpy": np, "numpy.linalg": np.linalg, "numpy.fft": np.fft}


@pytest.mark.parametrize("module", MODULES)
def test_every_public_function_has_a_fate(module: str) -> None:
    fates = {name: fate(name, f) for name, f in public(MODULES[module]).items()}
    assert not [name for name, row in fates.items() if row == "unknown"]


def test_the_ufuncs_of_scipy_have_a_rule() -> None:
    for name in SCIPY:
        assert fate(name, getattr(scipy.special, name)) == "with a rule", name


def test_the_counts_are_printed() -> None:
    """The README's numbers are read off here."""
    printed = rule_coverage.report()
    (total,) = re.findall(r"differentiable in all: (\d+)", printed)
    assert int(total) == sum(
        count[row] for count in rule_coverage.table().values() for row in rule_coverage.ROWS[:2]
    )
    assert int(total) >= 270
    assert re.search(r"unknown +0 +0 +0 +0 +0\n", printed)


def test_every_function_with_a_derivative_is_called_by_a_case(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Told by what NumPy hands to a Tensor while every form of every case runs."""
    called: set[Any] = set()
    function, ufunc = Tensor.__array_function__, Tensor.__array_ufunc__

    def asked(self: Tensor, f: Any, *rest: Any) -> Any:
        called.add(f)
        return function(self, f, *rest)

    def asked_ufunc(self: Tensor, f: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        called.add(f if method == "__call__" else getattr(f, method))
        return ufunc(self, f, method, *inputs, **kwargs)

    monkeypatch.setattr(Tensor, "__array_function__", asked)
    monkeypatch.setattr(Tensor, "__array_ufunc__", asked_ufunc)
    for rows in CASES.values():
        for row in rows:
            for form in row.forms:
                inputs, metadata = row.draw(Random(0))
                form(*tensors([one.array() for one in inputs]), **metadata)
    methods = {getattr(f, "__self__", None) for f in called}
    names = {op.name for op in OPS.values() if op.function in called}
    for f, op in OPS.items():
        if op.differentiable and op.reads != "refused" and callable(f) and op.name not in names:
            is_method = isinstance(getattr(f, "__self__", None), np.ufunc)
            ours = (getattr(f, "__module__", None) or "").startswith("autograd_mini")
            by_operator = op.name in CASES
            assert is_method or ours or by_operator or not public_name(f), op.name
    assert {np.add, np.multiply, np.hypot} <= methods  # their methods, as all ufuncs have them


def public_name(f: Any) -> bool:
    return any(f is one for module in MODULES.values() for one in public(module).values())


REFUSED = sorted(
    name for name, f in public(np).items() if getattr(find_op(f), "reads", "") == "refused"
)


@pytest.mark.parametrize("name", REFUSED)
def test_a_refused_function_prints_a_rule_with_its_own_signature(name: str) -> None:
    function = getattr(np, name)
    x = ag.Tensor([1.0, 2.0, 3.0], requires_grad=True)
    with pytest.raises(TypeError, match=rf"np\.{name} has no derivative rule: ") as caught:
        find_op(function).compute(x)
    text = str(caught.value)
    printed = text[text.index("ag.rule(") :]
    compile(printed, "<printed>", "eval")
    call = ast.parse(printed, mode="eval").body
    assert isinstance(call, ast.Call)
    row = call.args[1]
    assert isinstance(row, ast.Lambda)
    many = [row.args.vararg] if row.args.vararg else []
    stated = [a.arg for a in (*row.args.args[2:], *many, *row.args.kwonlyargs)]
    stated = [one.rstrip("_") for one in stated]
    try:
        own = [*inspect.signature(function).parameters]
    except ValueError:  # in C, with an older NumPy
        assert stated == ["a"]
        return
    assert [one for one in own if one in stated] == stated
    assert [a.arg for a in row.args.args[:2]] == ["g", "y"]


def test_the_rule_that_is_printed_can_be_pasted() -> None:
    """With the derivative in place of `...` it works."""
    from autograd_mini.rules.refused import pasted_rule

    def scaled(x: Any, factor: float = 2.0) -> Any:
        return x * factor

    own = ag.primitive(scaled)
    text = pasted_rule(own, "own")
    assert text == "ag.rule(own, lambda g, y, x, *, factor=2.0: g * ...)"
    eval(text.replace("...", "factor"), {"ag": ag, "own": own})  # noqa: S307
    assert ag.grad(lambda x: own(x, factor=3.0))(1.0) == 3.0
    del OPS[own]


def test_a_users_rule_stays_when_the_chapters_are_read() -> None:
    program = """
import numpy as np, autograd_mini as ag
ag.rule(np.tan, lambda g, y, x: g * 7.0)
assert ag.op.LATER
np.var(ag.Tensor([1.0, 2.0], requires_grad=True))
assert not ag.op.LATER
print(ag.grad(np.tan)(1.0), ag.grad(np.cosh)(0.0))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.stdout == "7.0 0.0\n", done.stderr


def test_chapters_are_there_for_every_thread_that_asks_first() -> None:
    program = """
import threading, numpy as np, autograd_mini as ag
found = []
def ask():
    found.append(float(ag.grad(np.tan)(0.0)))
threads = [threading.Thread(target=ask) for _ in range(8)]
for one in threads: one.start()
for one in threads: one.join()
print(found)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.stdout == f"{[1.0] * 8}\n", done.stderr


def test_a_bare_import_reads_no_chapter_and_chapters_load_nothing_heavy() -> None:
    program = """
import sys, numpy as np, autograd_mini as ag
print(any(name.startswith("autograd_mini.rules.linalg") for name in sys.modules))
ag.grad(np.tan)(0.0)
print([name for name in ("numpy.fft", "numpy.random", "scipy") if name in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.stdout == "False\n[]\n", done.stderr


_ = rule_cases_arrays
