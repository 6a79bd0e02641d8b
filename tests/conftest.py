"""What every test runs under: strict floating point, seeded Hypothesis, printed counterexamples.

Profiles: ``ci`` (the default, the same examples every time), ``dev`` (random, quick) and
``nightly`` (random, thorough), chosen with ``--hypothesis-profile``; ``smoke`` has five examples.
"""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

# One BLAS thread: the last bits of a product depend on their number, and the workers of a
# parallel run would fight for the cores. It is read once, when NumPy is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pytest
from hypothesis import is_hypothesis_test, settings

from tests.browser import Page, driven, opening

settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("smoke", derandomize=True, deadline=None, max_examples=5)
settings.register_profile("dev", deadline=None, print_blob=True, max_examples=30)
settings.register_profile("nightly", deadline=None, print_blob=True, max_examples=2_000)
settings.load_profile("ci")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that compares every derivative with a compiled one."""
    told = "take every derivative by a compiled function too, and compare the two"
    parser.addoption("--jit-everything", action="store_true", help=told)


def pytest_configure(config: pytest.Config) -> None:
    """Compile, if asked to."""
    if config.getoption("jit_everything"):
        from tests.jit_everything import JitEverything

        config.pluginmanager.register(JitEverything(), "jit_everything")


@pytest.fixture(autouse=True)
def strict_floating_point() -> Iterator[None]:
    """Make an overflow, a division by zero and a NaN out of numbers fail the test.

    Underflow to zero is what a saturated sigmoid does, and right.
    """
    with np.errstate(divide="raise", over="raise", invalid="raise", under="ignore"):
        yield


@pytest.fixture(autouse=True)
def ctrl_c_arrives() -> Iterator[None]:
    """Let SIGINT interrupt, also where a shell that runs the suite with `&` ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(autouse=True)
def whole_arrays(request: pytest.FixtureRequest) -> Iterator[None]:
    """Print every digit and every entry of a counterexample's arrays, so that it can be pasted."""
    if not is_hypothesis_test(getattr(request.node, "obj", None)):
        yield
        return
    with np.printoptions(threshold=sys.maxsize, floatmode="unique", precision=17, linewidth=95):
        yield


@pytest.fixture(scope="session")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Give a real browser, one for all tests of a process, or skip and say what is missing."""
    yield from driven(tmp_path_factory.mktemp("profile"))


@pytest.fixture
def open_page(driver: Any, tmp_path: Path) -> Iterator[Callable[[Any], Page]]:
    """Open pictures as pages."""
    yield from opening(driver, tmp_path)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add Hypothesis's counterexamples to the report as code that runs."""
    report = yield
    if isinstance(item, pytest.Function) and call.excinfo is not None and report.when == "call":
        found = [*notes(call.excinfo.value)]
        programs = [runnable(item, note) for note in found]
        programs += [runnable_machine(item, "\n".join(found))]
        report.sections += [("runnable example", program) for program in programs if program]
    return report


def notes(error: BaseException) -> Iterator[str]:
    """Notes of an exception and, where Hypothesis found several failures, of each of them."""
    yield from getattr(error, "__notes__", ())
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from notes(inner)


def runnable(item: pytest.Function, note: str) -> str | None:
    """Turn "Falsifying example: test_f(x=array([1.]))" into a program that fails the same way."""
    match = re.match(r"(?:Falsifying|Failing)[^:]*: (\w+)(\(.*)", note, re.DOTALL)
    if match is None:
        return None
    name, arguments = match.groups()
    called = f"{item.cls.__name__}.{name}" if item.cls is not None else name
    if is_hypothesis_test(getattr(item, "obj", None)):
        called += ".hypothesis.inner_test"
    if item.cls is not None:
        arguments = re.sub(r"self=<.*?>", f"self={item.cls.__name__}()", arguments)
    return f"{imports(item)}{called}{arguments}"


def runnable_machine(item: pytest.Function, text: str) -> str | None:
    """Cut the steps of a state machine out of its notes: they are a program already."""
    steps = re.search(r"^state = .*?^state\.teardown\(\)", text, re.DOTALL | re.MULTILINE)
    return None if steps is None else imports(item) + steps.group()


def imports(item: pytest.Function) -> str:
    """Names for a printed example: those in an array's repr, and the test module's own."""
    return f"from numpy import *\nfrom tests.{item.path.stem} import *\n\n"
