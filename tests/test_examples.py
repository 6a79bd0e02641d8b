"""Every example runs in a process of its own, ends cleanly, and what it prints is true."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"

# For each example: lines that it must print (regular expressions), and pictures that it leaves.
CLAIMS: dict[str, tuple[list[str], list[str]]] = {
    "01_scalar": (
        [
            r"f'\(2\) = -0\.400\d+",
            r"error of ag\.grad: (0e\+00|\de-1[67])",
            r"error of a difference quotient: \de-(0[789]|10)",
            r"the fourth derivative of sin is sin: (0\.\d{12}) = \1",
            r"J = 16\.0, dJ/dw = 2 \(2w - 10\) 2 = -16\.0",
            r"the minimum is at w = 5; five steps lead to 4\.9994",
        ],
        [],
    ),
    "02_graph": (
        [
            r"#3 +multiply +#0 #2 += +1\.0000",
            r"#\d+ +tanh .* a",
            r"dJ/dw = (-?\d+\.\d{6}), ag\.backprop \1",
            r"dJ/db = (-?\d+\.\d{6}), ag\.backprop \1",
            r"dJ/dz = (-?\d+\.\d{6}), ag\.backprop \1",
            r"the same: True",
        ],
        ["02_graph.svg"],
    ),
    "03_logistic_regression": (
        [
            r"gradient = the textbook's: True",
            r"a network \[2, 1\] with this theta costs 0\.\d+",
            r"(8|9)\d\.\d% of the points are on their side of the line",
        ],
        ["03_logistic_regression.png"],
    ),
    "04_gates_and_xnor": (
        [
            r"AND .* h = \[0\. 0\. 0\. 1\.\]",
            r"OR .* h = \[0\. 1\. 1\. 1\.\]",
            r"NOR .* h = \[1\. 0\. 0\. 0\.\]",
            r"XNOR has layers of \[2, 2, 1\] units",
            r" 0  0 \|  0   1  \|  1",
            r" 0  1 \|  0   0  \|  0",
            r" 1  0 \|  0   0  \|  0",
            r" 1  1 \|  1   0  \|  1",
            r"learned with a hidden layer: J = 0\.00\d+",
            r"without: J = 0\.6931, log 2 = 0\.6931",
        ],
        ["04_xnor.png", "04_xnor_graph.svg", "04_xnor_network.svg"],
    ),
    "05_delta_three_ways": (
        [
            r"largest difference over all examples: (0e\+00|\de-1[5678])",
            r"hidden: dcost/dz = dcost/da \.\* g'\(z\): True",
            r"output: dcost/da = \(a - y\) / \(a \(1 - a\)\): True",
            r"output: dcost/dz = a - y: True",
            r"quadratic: delta = \(a - y\) \.\* g'\(z\): True",
        ],
        [],
    ),
    "06_sigmoid_or_relu": (
        [
            r"sigmoid +first layer / last layer: median 1\.\de-05, ",
            r"relu +first layer / last layer: median ",
        ],
        ["06_sigmoid_or_relu.png"],
    ),
    "07_digits": (
        [r"test accuracy: 9[789]\.\d\d %, without the hidden layer 9[67]\.\d\d %"],
        ["07_digits.png"],
    ),
    "08_own_operation": (
        [
            r"agrees with central differences: True",
            r"softsign''\(2\) = (-0\.\d{6}), by hand .* = \1",
        ],
        ["08_own_operation.svg"],
    ),
    "09_test_your_rule": (
        [
            r"softsign: right to second order",
            r"a mistake: order 1, vjp, argument 0 \(x\): .*; worst at \[[012]\]: ",
            r"a kink: not differentiable here: .* at \[1\]",
        ],
        [],
    ),
}


def run(name: str, folder: Path) -> str:
    """Standard output of an example; warnings are errors there too."""
    done = subprocess.run(
        [sys.executable, "-W", "error", EXAMPLES / f"{name}.py", folder],
        capture_output=True,
        check=False,
        cwd=folder.parent,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONPATH": str(EXAMPLES.parent)},
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("name", CLAIMS)
def test_an_example_runs_and_its_claims_are_true(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "图 1"
    output = run(name, folder)
    claims, pictures = CLAIMS[name]
    for claim in claims:
        assert re.search(f"^{claim}", output, re.MULTILINE), f"{claim}\n\n{output}"
    if name == "06_sigmoid_or_relu":
        check_ratios(output)
    for picture in pictures:
        data = (folder / picture).read_bytes()
        assert len(data) > 1_000
        assert data.startswith(b"\x89PNG") if picture.endswith("png") else b"<svg" in data


def check_ratios(output: str) -> None:
    """1e-5 with the sigmoid, and between 0.3 and 1.6 with ReLU, over all seeds."""
    median, low, high = {}, {}, {}
    for line in output.splitlines():
        numbers = [float(n) for n in re.findall(r"\d\.\de[-+]\d+", line)]
        if len(numbers) == 3:
            median[line.split()[0]], low[line.split()[0]], high[line.split()[0]] = numbers
    assert 1e-6 < median["sigmoid"] < 1e-4
    assert low["relu"] >= 0.3
    assert high["relu"] <= 1.6


def test_every_example_has_its_claims() -> None:
    assert sorted(CLAIMS) == sorted(path.stem for path in EXAMPLES.glob("[0-9]*.py"))
