"""For pytest: a fixture `check_grads`, and `--autograd-coverage`.

pytest loads this file at every start, before any conftest.py, so it stands beside the package and
imports nothing of it, not even NumPy, until one of the two is used.
"""

from __future__ import annotations

from typing import Any

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    parser.getgroup("autograd_mini").addoption(
        "--autograd-coverage",
        action="store_true",
        help="report which derivative rules this run exercised, and which not",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Watch the rules, if asked to."""
    if config.getoption("autograd_coverage"):
        from autograd_mini.testing.coverage import RuleCoverage

        config.pluginmanager.register(RuleCoverage(config), "autograd_mini_coverage")


@pytest.fixture(scope="session")
def check_grads() -> Any:
    """Return `autograd_mini.check_grads(f, args, order=2, modes=("vjp", "jvp"))`."""
    import autograd_mini

    return autograd_mini.check_grads
