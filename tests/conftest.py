"""What every test runs under: strict floating point, seeded Hypothesis, printed counterexamples.

Profiles: ``ci`` (the default, the same examples every time), ``dev`` (random, quick) and
``nightly`` (random, thorough), chosen with ``--hypothesis-profile``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Iterator

# One BLAS thread: the last bits of a product depend on their number, and the workers of a
# parallel run would fight for the cores. It is read once, when NumPy is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pytest
from hypothesis import is_hypothesis_test, settings

settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("dev", deadline=None, print_blob=True, max_examples=30)
settings.register_profile("nightly", deadline=None, print_blob=True, max_examples=2_000)
settings.load_profile("ci")


@pytest.fixture(autouse=True)
def strict_floating_point() -> Iterator[None]:
    """Make an overflow, a division by zero and a NaN out of numbers fail the test.

    Underflow to zero is what a saturated sigmoid does, and right.
    """
    with np.errstate(divide="raise", over="raise", invalid="raise", under="ignore"):
        yield


@pytest.fixture(autouse=True)
def whole_arrays(request: pytest.FixtureRequest) -> Iterator[None]:
    """Print every digit and every entry of a counterexample's arrays, so that it can be pasted."""
    if not is_hypothesis_test(getattr(request.node, "obj", None)):
        yield
        return
    with np.printoptions(threshold=sys.maxsize, floatmode="unique", precision=17, linewidth=95):
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add Hypothesis's counterexample to the report as code that runs."""
    report = yield
    if call.excinfo is not None and report.when == "call":
        notes = getattr(call.excinfo.value, "__notes__", [])
        calls = [note for note in notes if note.startswith("Falsifying ")]
        for number, note in enumerate(calls):
            report.sections.append((f"runnable example {number}", runnable(item, note)))
    return report


def runnable(item: pytest.Item, note: str) -> str:
    """Turn "Falsifying example: test_f(x=array([1.]))" into a program that fails the same way."""
    call = note.split(":", 1)[1].strip()
    name, arguments = call.split("(", 1)
    module = f"tests.{item.path.stem}"
    return "\n".join(
        [
            "import numpy as np",
            "from numpy import *  # the names in an array's repr",
            f"from {module} import {name}",
            "",
            f"{name}.hypothesis.inner_test({arguments}",
        ]
    )
