"""docs/conventions.md, row by row: what it says of a derivative is what is computed."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import pytest
import scipy.special

from autograd_mini import nn
from tests.rule_checks import pull, tensors

TEXT = (Path(__file__).parent.parent / "docs" / "conventions.md").read_text("utf-8")
ROWS = re.findall(r"^\| `(.+)` \| `(.+)` \| `(.+)` \|$", TEXT, re.MULTILINE)
NAMES = {"np": np, "nn": nn, "special": scipy.special, "nan": math.nan, "inf": math.inf}


@pytest.mark.parametrize(("written", "at", "derivative"), ROWS)
def test_a_row_of_the_table_holds(written: str, at: str, derivative: str) -> None:
    """On arrays and recorded: the derivative of the sum, in each variable."""
    point = {k: np.asarray(v)[()] for k, v in eval(f"dict({at})", NAMES).items()}  # noqa: S307
    expected = eval(f"({derivative},)", NAMES)  # noqa: S307
    leaves = tensors([*point.values()])
    with np.errstate(divide="ignore"):
        output = eval(written, {**NAMES, **dict(zip(point, leaves, strict=True))})  # noqa: S307
        ones = np.ones(output.shape)[()]
        plain = pull([output], [ones], leaves)
        recorded = pull([output], tensors([ones]), leaves)
    assert len(expected) == len(plain)
    for g, kept, value in zip(plain, recorded, expected, strict=True):
        np.testing.assert_allclose(g, value, rtol=1e-14, atol=0)
        np.testing.assert_allclose(kept.node.value, value, rtol=1e-14, atol=0)


def test_every_row_of_the_table_is_one_of_these() -> None:
    rows = [line for line in TEXT.splitlines() if line.startswith("| `")]
    assert len(rows) == len(ROWS) >= 60
    assert len(set(ROWS)) == len(ROWS)
