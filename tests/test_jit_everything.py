"""The tests that take derivatives pass where each is taken by a compiled function too."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
CHOSEN = (
    "derivatives", "transforms", "engine", "batching", "network", "costs",
    "closed_form", "gates", "rules_kinks", "rules_complex", "rules_keywords", "note_depth",
    "note_influence", "note_cost", "delta", "activation",
)  # fmt: skip
LONG = "not million and not memory_flat and not linear and not hundred_thousand and not threads"


@pytest.mark.slow
def test_jit_forced_on() -> None:
    """Thousands of derivatives are the same compiled; the exceptions are listed, and needed."""
    files = [f"tests/test_{name}.py" for name in CHOSEN]
    options = ["-q", "--jit-everything", "--hypothesis-profile=smoke", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "-m", "not slow", "-k", LONG, *files],
        capture_output=True, text=True, check=False, cwd=TESTS.parent,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3_000:] + done.stderr[-3_000:]
    twins = re.search(r"(\d+) derivatives had a compiled twin", done.stdout)
    assert twins is not None
    assert int(twins[1]) > 5_000
