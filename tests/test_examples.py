"""Every example runs in a process of its own, ends cleanly, and what it prints is true."""

from __future__ import annotations

import importlib.util
import os
import re
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd_mini as ag

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
    "10_lenet": (
        [
            r"9,494 parameters, 1438 images to learn from",
            r"at last:  cost 0\.[01]\d\d, test accuracy 9[4-9]\.\d\d %",
            r"an image moved by a pixel gives the same features, moved by a pixel: True",
        ],
        [],
    ),
    "11_lstm": (
        [
            r"  knowing the last letter  1\.656",
            r"  LSTM after   0 steps     4\.5\d\d   '",
            r"  LSTM after 120 steps     0\.[01]\d\d   'a chain of slopes",
            r"it has learned the text by heart: True",
        ],
        [],
    ),
    "12_batch_norm": (
        [
            r"gradient = the one derived by hand: True",
            r"rate  0\.5, without normalisation: cost 2\.\d+, test accuracy 1?\d\.\d\d %",
            r"rate  0\.2, with    normalisation: cost 0\.0\d+, test accuracy 9\d\.\d\d %",
            r"the last, one image at a time, by the kept statistics [89]\d\.\d\d %",
            r"the last, one image at a time, by its own             +1?\d\.\d\d %",
        ],
        [],
    ),
    "13_lbfgs": (
        [
            r"(5,000 images, layers of \[400|1,797 images, layers of \[64), 25, 10\] units",
            r"recorded graph against closed form, largest relative difference: \de-1[56]",
            r"conjugate-gradient: 9[5-9]\.\d\d % after 50 iterations",
            r"l-bfgs: 9[5-9]\.\d\d % after 50 iterations",
            r"on digits it has not seen: 9\d\.\d\d %",
            r"stopped at 20 and gone on with, the same bits: True",
        ],
        ["13_lbfgs.png"],
    ),
    "14_sklearn": (
        [
            r"digits, five-fold cross-validation: 9[5-9]\.\d\d %",
            r"lambda   100: (8|9)\d\.\d\d %",
            r"the best of them: (0\.1|10)",
        ],
        [],
    ),
}

# The length of a training that is enough for its claims: these take it in place of a folder.
SHORT = {"10_lenet": "5", "11_lstm": "120", "12_batch_norm": "5"}


def run(name: str, folder: Path) -> str:
    """Standard output of an example; warnings are errors there too."""
    done = subprocess.run(
        [sys.executable, "-W", "error", EXAMPLES / f"{name}.py", SHORT.get(name, folder)],
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
    if name in documented() and "mlxtend" not in output:
        check_documented(output, documented()[name])
    for picture in pictures:
        data = (folder / picture).read_bytes()
        assert len(data) > 1_000
        assert data.startswith(b"\x89PNG") if picture.endswith("png") else b"<svg" in data


def documented() -> dict[str, str]:
    """What docs/results.md says that examples print."""
    text = (EXAMPLES.parent / "docs" / "results.md").read_text("utf-8")
    found = re.findall(r"examples/(\w+)\.py(?:(?!\n#).)*?```text\n(.*?)```", text, re.DOTALL)
    return dict(found)


def check_documented(output: str, said: str) -> None:
    """The same lines, but for times; the same figures, as far as they do not depend on the CPU."""
    number = re.compile(r"\d[\d,]*(?:\.\d+)?(?:e-\d+)?")
    printed = [re.sub(r", [\d.]+ s$", "", line) for line in output.splitlines()]
    printed = [line for line in printed if not line.startswith("picture")]
    assert [number.sub("", line).split() for line in printed] == [
        number.sub("", line).split() for line in said.splitlines()
    ]
    for line, expected in zip(printed, said.splitlines(), strict=True):
        pairs = zip(number.findall(line), number.findall(expected), strict=True)
        for one, other in pairs:
            found, told = (float(text.replace(",", "")) for text in (one, other))
            assert found == pytest.approx(told, rel=0.1, abs=1e-12), line


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


Cost = Callable[[Any], Any]


def small_lenet(lenet: dict[str, Any], rng: np.random.Generator) -> tuple[Cost, Any]:
    """Five images of noise: no two pixels of a window are equally bright."""
    X, y = rng.random((5, 8, 8, 1)), rng.integers(0, 10, 5)
    return lambda p: lenet["cost"](p, X, y), lenet["initial"](rng)


def small_lstm(lstm: dict[str, Any], rng: np.random.Generator) -> tuple[Cost, Any]:
    """Six letters of an alphabet of four, three units."""
    X, y = np.eye(4)[rng.integers(0, 4, 6)], rng.integers(0, 4, 6)
    return lambda p: lstm["cost"](p, X, y), lstm["initial"](rng, 4, 3)


def small_batch_norm(batch_norm: dict[str, Any], rng: np.random.Generator) -> tuple[Cost, Any]:
    """Seven examples, through all the layers, in training mode."""
    X, y = rng.normal(size=(7, 64)), rng.integers(0, 10, 7)
    return lambda p: batch_norm["cost"](p, X, y)[0], batch_norm["initial"](rng, normalised=True)


SMALL = {"10_lenet": small_lenet, "11_lstm": small_lstm, "12_batch_norm": small_batch_norm}


@pytest.mark.parametrize("name", SMALL)
def test_gradients_of_the_larger_examples_are_those_of_differences(name: str) -> None:
    """Every parameter array by itself, in three directions: (J(p + hd) - J(p - hd)) / 2h."""
    rng = np.random.default_rng(0)
    cost, parameters = SMALL[name](runpy.run_path(str(EXAMPLES / f"{name}.py")), rng)
    layers = parameters if isinstance(parameters, list) else [parameters]
    slopes = ag.grad(cost)(parameters)
    slopes = slopes if isinstance(slopes, list) else [slopes]
    h, arrays = 1e-6, 0
    for layer, slope in zip(layers, slopes, strict=True):
        for key, before in layer.items():
            arrays += 1
            for direction in rng.normal(size=(3, *before.shape)):
                layer[key] = before + h * direction
                above = cost(parameters)
                layer[key] = before - h * direction
                below = cost(parameters)
                layer[key] = before
                expected = (above - below) / (2 * h)
                assert np.sum(slope[key] * direction) == pytest.approx(expected, rel=1e-6, abs=1e-8)
    assert arrays == {"10_lenet": 8, "11_lstm": 5, "12_batch_norm": 14}[name]


@pytest.mark.parametrize("name", SMALL)
def test_a_larger_example_is_a_page_of_plain_functions(name: str) -> None:
    text = (EXAMPLES / f"{name}.py").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 120
    assert "class " not in text


def test_every_example_has_its_claims() -> None:
    assert sorted(CLAIMS) == sorted(path.stem for path in EXAMPLES.glob("[0-9]*.py"))


@pytest.mark.slow
def test_the_scikit_learn_classifier_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """By scikit-learn's own checks, all of them; and within a page."""
    from sklearn.utils.estimator_checks import check_estimator

    path = EXAMPLES / "14_sklearn.py"
    assert len(path.read_text("utf-8").splitlines()) <= 80
    spec = importlib.util.spec_from_file_location("sklearn_example", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "sklearn_example", module)  # where a pickle looks it up
    spec.loader.exec_module(module)
    with np.errstate(all="warn"):  # as a user of scikit-learn has it
        found = check_estimator(module.Classifier(epochs=20), on_skip=None)  # raises on a failure
    assert sum(each["status"] == "passed" for each in found) >= 50
