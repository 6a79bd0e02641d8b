"""The pytest plugin, in a folder and a process of its own, found by its entry point."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.test_strategies import installed

ROOT = Path(__file__).parent.parent
TESTS = """
import numpy as np
import autograd_mini as ag

@ag.primitive
def cube(x):
    return x * x * x

@ag.primitive
def area(a, b):
    return a * b

ag.rule(cube, lambda g, y, x: g * 3.0 * x**2)
ag.rule(area, lambda g, y, a, b: g * b, lambda g, y, a, b: g * a)

def test_cube(check_grads):
    check_grads(cube, (np.array([1.0, -2.0]),))

def test_area(check_grads):
    check_grads(lambda a: area(a, 2.0), (3.0,), order=1, modes=("vjp",))
"""


def run(folder: Path, *options: str, program: str = "") -> subprocess.CompletedProcess[str]:
    """Run pytest where the package is installed, and nothing of this project's settings is."""
    place = folder / "site"
    if not place.exists():
        place.mkdir()
        installed(place)
        (folder / "pytest.ini").write_text("[pytest]\n")
    paths = f"{place}{os.pathsep}{ROOT}"
    start = ["-c", program] if program else ["-m", "pytest"]
    return subprocess.run(
        [sys.executable, "-W", "error", *start, "-p", "no:cacheprovider", *options],
        capture_output=True, text=True, check=False, cwd=folder,
        env={**os.environ, "PYTHONPATH": paths, "COLUMNS": "100", "PYTEST_ADDOPTS": ""},
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "test_own.py").write_text(TESTS)
    return tmp_path


def test_the_fixture_is_there(folder: Path) -> None:
    done = run(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout
    assert "coverage" not in done.stdout


def test_a_mistake_fails_the_users_test_with_the_report(folder: Path) -> None:
    (folder / "test_own.py").write_text(TESTS.replace("3.0 * x**2", "3.001 * x**2"))
    done = run(folder)
    assert done.returncode == 1
    assert re.search(r"AssertionError: order 1, vjp, argument 0 \(x\): along u = ", done.stdout)
    assert "1 failed, 1 passed" in done.stdout


@pytest.mark.parametrize(
    "parallel", [(), pytest.param(("-n", "2"), marks=pytest.mark.slow)], ids=["alone", "workers"]
)
def test_coverage_says_which_rules_ran(folder: Path, parallel: tuple[str, ...]) -> None:
    done = run(folder, "--autograd-coverage", *parallel)
    assert done.returncode == 0, done.stdout + done.stderr
    _, _, report = done.stdout.partition(" autograd coverage ")
    assert "rules of your own: 2 of 3 ran, 1 of them in a second derivative" in report
    own, _, built_in = report.partition("autograd_mini's rules: ")
    assert re.search(r"ran: area\(a\), cube\(x\)\n +in first derivatives only: area\(a\)\n", own)
    assert "never ran: area(b)\n" in own
    ran, of = map(int, re.findall(r"\d+", built_in)[:2])
    assert 0 < ran < of
    assert of > 200
    ran_, _, never = built_in.partition("never ran:")
    assert "np.multiply(a)" in ran_
    for name in ("np.linalg.det(a)", "scipy.special.erf(x)", "sigmoid(x)"):
        assert name in never
    assert max(map(len, report.splitlines()[1:])) <= 100


def test_pytest_starts_without_us(folder: Path) -> None:
    """Nothing of the package, nor NumPy, nor Hypothesis, until something is used."""
    (folder / "test_own.py").write_text(
        "import sys\n"
        "heavy = [m for m in ('autograd_mini', 'numpy', 'hypothesis') if m in sys.modules]\n"
        "def test_nothing():\n"
        "    assert heavy == []\n"
        "    assert '_autograd_mini_pytest' in sys.modules\n"
        "def test_used(check_grads):\n"
        "    check_grads(lambda x: x * x, (2.0,), order=1)\n"
        "    assert 'hypothesis' not in sys.modules\n"
        "    assert 'autograd_mini.testing.strategies' not in sys.modules\n"
    )
    done = run(folder)
    assert "2 passed" in done.stdout, done.stdout


def test_it_can_be_left_out(folder: Path) -> None:
    done = run(folder, "-p", "no:autograd_mini")
    assert "fixture 'check_grads' not found" in done.stdout
    done = run(folder, "-p", "no:autograd_mini", "--autograd-coverage")
    assert done.returncode == 4
    assert "unrecognized arguments: --autograd-coverage" in done.stderr


def test_a_fixture_of_ones_own_wins(folder: Path) -> None:
    own = "import pytest\n@pytest.fixture\ndef check_grads():\n    return lambda *args, **k: None\n"
    (folder / "conftest.py").write_text(own)
    (folder / "test_own.py").write_text(TESTS.replace("3.0 * x**2", "0.0"))
    assert "2 passed" in run(folder).stdout


def test_the_rules_are_put_back(folder: Path) -> None:
    program = (
        "import sys, pytest, numpy as np, autograd_mini as ag\n"
        "from autograd_mini.op import OPS, Op\n"
        "rules, init = OPS[np.sin].rules, Op.__init__\n"
        "assert pytest.main(['--autograd-coverage', *sys.argv[1:]]) == 0\n"
        "assert OPS[np.sin].rules is rules and Op.__init__ is init\n"
    )
    done = run(folder, program=program)
    assert done.returncode == 0, done.stdout + done.stderr
