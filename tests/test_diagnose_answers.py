"""What the diagnosis says of layouts, of what it can not know, of calls, and in which words."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd_mini as ag
from autograd_mini import closed_form
from autograd_mini.testing import Diagnosis, diagnose
from autograd_mini.testing import diagnosis as module
from autograd_mini.testing.mistakes import CATALOGUE
from autograd_mini.testing.report import formula
from autograd_mini.testing.words import LABELS, LANGUAGES, NOTE, SENTENCES, WORDS
from tests.planted import network, planted, single_mistakes

ROOT = Path(__file__).parent.parent
RNG = np.random.default_rng(0)
THETA = {1: RNG.normal(size=(5, 4)), 2: RNG.normal(size=(3, 6))}
X, Y = RNG.normal(size=(7, 3)), np.eye(3)[RNG.integers(0, 3, 7)]
LAM = 2.0
D = closed_form.gradients(THETA, X, Y, LAM)
W, B = [D[l][:, 1:] for l in D], [D[l][:, 0] for l in D]


def of(gradients: Any, **options: Any) -> Diagnosis:
    return diagnose(gradients, THETA, X, Y, LAM, **options)


# -- layouts


LAYOUTS: dict[str, tuple[Any, dict[str, Any]]] = {
    "mapping": (D, {}),
    "lists": ([D[1].tolist(), D[2].tolist()], {}),
    "network": (ag.grad(ag.nn.logistic_cost)(ag.nn.Network.from_theta(THETA), X, Y, LAM), {}),
    "bias last": ([np.roll(D[l], -1, axis=1) for l in D], {"bias": "last"}),
    "apart": ([W[0], B[0], W[1], B[1]], {"bias": "apart", "grouped": False}),
    "columns": ([W[0], B[0][:, None], W[1], B[1][:, None]], {"bias": "apart"}),
    "grouped": ((W, B), {"bias": "apart", "grouped": True}),
    "biases first": ((B, W), {"bias": "apart", "bias_before": True}),
    "named": ({"db2": B[1], "dW2": W[1], "dW1": W[0], "db1": B[0]}, {"bias": "apart"}),
    "missing": (W, {"bias": "missing"}),
    "reverse": ([D[2], D[1]], {"reverse": True}),
    "transposed": ([D[1].T, D[2].T], {"transposed": (1, 2)}),
    "one transposed": ([D[1].T, D[2]], {"transposed": (1,)}),
    "row by row": (np.concatenate([D[l].ravel() for l in D]), {"flat": "C"}),
    "column by column": (np.concatenate([D[l].ravel("F") for l in D])[:, None], {"flat": "F"}),
    "flat, apart": (np.concatenate([W[0].ravel(), B[0], W[1].ravel(), B[1]]), {"bias": "apart"}),
    "flat, reverse": (np.concatenate([D[2].ravel(), D[1].ravel()]), {"reverse": True}),
    "all of it": ([W[1].T, W[0].T, B[1], B[0]], {"reverse": True, "transposed": (1, 2)}),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_layout_is_recognised_and_said(name: str) -> None:
    given, expected = LAYOUTS[name]
    found = of(given)
    assert found.right, found
    assert expected.items() <= vars(found.layout).items()
    assert ("Read as" in found.text()) == bool(expected)
    assert ("读法" in found.text("zh")) == bool(expected)


@pytest.mark.parametrize("name", ["bias last", "grouped", "reverse", "transposed", "missing"])
def test_a_mistake_is_found_in_any_layout(name: str) -> None:
    negated, _ = LAYOUTS[name]
    pieces = [-part for _, part in module.flattened(negated)]
    assert of(pieces).answers[0].keys == ("negated",)


def test_square_matrices_leave_a_choice_that_the_numbers_make() -> None:
    theta = [RNG.normal(size=(4, 5)), RNG.normal(size=(4, 5))]
    Z, T = RNG.normal(size=(6, 4)), np.eye(4)[[0, 1, 2, 3, 0, 1]]
    right = closed_form.gradients(theta, Z, T, 1.0)
    apart = [right[2][:, 1:].T, right[1][:, 1:].T, right[2][:, 0], right[1][:, 0]]
    found = diagnose(apart, theta, Z, T, 1.0)
    assert found.right
    assert found.layout.reverse
    assert found.layout.transposed == (1, 2)


def test_a_row_too_many_is_the_bias_not_dropped() -> None:
    found = of([np.vstack([np.ones(4), D[1]]), D[2]])
    assert found.answers[0].keys == ("bias_not_dropped",)
    assert found.layout.extra == (1,)
    assert "row too many" in found.text()
    both = of([-np.vstack([np.ones(4), D[1]]), -D[2]])
    assert {*both.answers[0].keys} == {"bias_not_dropped", "negated"}


# -- what can not be known


def test_lambda_0_makes_y_minus_a_and_minus_the_gradient_one() -> None:
    wrong = {l: -each for l, each in closed_form.gradients(THETA, X, Y).items()}
    found = diagnose(wrong, THETA, X, Y)
    assert {answer.keys for answer in found.answers} == {("y_minus_a",), ("negated",)}
    assert "only other data could tell" in found.text()
    assert set(found.unseen["lam"]) > {"no_lam", "lam_without_m"}


def test_one_example_hides_the_mean() -> None:
    found = diagnose(closed_form.gradients(THETA, X[:1], Y[:1], LAM), THETA, X[:1], Y[:1], LAM)
    assert found.right
    assert {"sum_for_mean", "no_m", "one_example", "lam_without_m"} <= {
        key for keys in found.unseen.values() for key in keys
    }


@pytest.mark.parametrize("seed", range(6))
def test_noise_is_none_of_the_known_mistakes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    s = network(rng, L=3)
    wrong = [D + rng.normal(size=D.shape) for D in s.right.values()]
    names = {"activation": s.hidden, "output": s.output, "cost": s.cost}
    found = diagnose(wrong, s.theta, s.X, s.Y, s.lam, **names)
    assert found.verdict == "unknown"
    assert not found.answers
    assert "none of the known mistakes" in found.text()
    assert "不是任何一种已知的错误" in found.text("zh")


def test_a_factor_that_is_no_known_mistake_is_fitted() -> None:
    found = of({l: 1.37 * D[l] for l in D})
    assert found.verdict == "unknown"
    assert found.scales == {1: (1.37, 1.37), 2: (1.37, 1.37)}
    assert "1.37 · Δ^(1)/m" in found.text()


def test_a_mistake_and_noise_on_top_is_said_to_be_near() -> None:
    s = network(np.random.default_rng(5), L=3, m=6, lam=1.0)
    wrong = planted(s, next(each for each in single_mistakes(s) if "negated" in str(each)))
    dirty = [each * (1 + 1e-3 * RNG.normal(size=each.shape)) for each in wrong.values()]
    found = module.judged(s, [("", each) for each in dirty])
    assert found.verdict == "unknown"
    assert found.closest is not None
    assert "not the answer" in found.text()


def test_three_mistakes_are_found_too() -> None:
    s = network(np.random.default_rng(2), L=4, m=6, lam=1.0, g="tanh", pair=("sigmoid", "logistic"))
    three = {"no_slope": 2, "lam_without_m": 3, "sum_for_mean": 1}
    chosen = [
        each for each in single_mistakes(s) for (atom,) in [each] * (len(each) == 1)
        if three.get(atom.key) == atom.layer
    ]  # fmt: skip
    found = module.judged(s, [("", each) for each in planted(s, *chosen).values()])
    assert {*found.answers[0].keys} == {*three}


def test_not_finite_is_said() -> None:
    for bad in (np.nan, np.inf):
        found = of([D[1] + bad, D[2]])
        assert found.verdict == "not finite"
        assert "NaN or infinity" in found.text()
        assert json.loads(json.dumps(found.as_dict(), allow_nan=False))["residual"] is None


# -- stale weights, and calls


@pytest.mark.parametrize("α", [0.03, 0.3, 2.0])
def test_stale_weights_are_found_along_the_gradient(α: float) -> None:
    now = {l: THETA[l] - α * D[l] for l in D}
    found = diagnose(D, now, X, Y, LAM)
    assert found.answers[0].keys == ("stale_weights",)
    assert f"α = {α:g}" in found.text()
    assert diagnose(D, now, X, Y, LAM, previous_theta=THETA).answers[0].keys == ("stale_weights",)


def test_stale_weights_on_the_way_back_need_the_earlier_theta() -> None:
    now = {l: THETA[l] + RNG.normal(size=THETA[l].shape) for l in THETA}
    _, a = closed_form.forward(now, X)
    δ3 = a[3] - Y
    δ2 = (δ3 @ THETA[2])[:, 1:] * a[2] * (1 - a[2])
    wrong = {1: δ2.T @ np.insert(X, 0, 1, axis=1) / 7, 2: δ3.T @ np.insert(a[2], 0, 1, axis=1) / 7}
    found = diagnose(wrong, now, X, Y, previous_theta=THETA)
    assert found.answers[0].keys == ("stale_weights",)
    assert found.answers[0].mistakes[0].places == ((2, "back"),)
    assert diagnose(wrong, now, X, Y).verdict == "unknown"


def accumulating(share: bool) -> Callable[..., Any]:
    total = {l: np.zeros_like(D[l]) for l in D}

    def gradients(theta: Any, X: Any, Y: Any, lam: float) -> Any:
        for l, each in closed_form.gradients(theta, X, Y, lam).items():
            total[l] += each
        return total if share else {l: each.copy() for l, each in total.items()}

    return gradients


@pytest.mark.parametrize("share", [True, False])
def test_what_adds_up_over_calls_is_called_twice(share: bool) -> None:
    found = of(accumulating(share))
    assert found.answers[0].keys == ("accumulated",)
    assert found.answers[0].mistakes[0].places[0][1] == 2
    assert "a first call is right; it is a second call" in found.text()
    assert "再调用一次" in found.text("zh")


CALLS: list[Callable[..., Any]] = [
    lambda theta, X, Y, lam: closed_form.gradients(theta, X, Y, lam),
    lambda theta, X, Y: closed_form.gradients(theta, X, Y, LAM),
    lambda theta, X, Y, *, lam: closed_form.gradients([theta[0], theta[1]], X, Y, lam),
    lambda Theta1, Theta2, X, y, lambda_: closed_form.gradients([Theta1, Theta2], X, y, lambda_),
    lambda *arguments: closed_form.gradients(*arguments),
    lambda theta, X, Y, lam=1: (closed_form.cost(theta, X, Y, lam),
                                closed_form.gradients(theta, X, Y, lam)),
]  # fmt: skip


@pytest.mark.parametrize("function", CALLS, ids=range(len(CALLS)))
def test_a_function_is_called_as_it_asks(function: Callable[..., Any]) -> None:
    assert of(function).right


def test_a_cost_before_the_gradients_is_looked_at() -> None:
    J = closed_form.cost(THETA, X, Y, LAM)
    assert "your cost is right" in of((J, D[1], D[2])).text()
    assert "expected" in of((J + 1, [D[1], D[2]])).text()


def test_changed_arguments_are_told() -> None:
    def gradients(theta: Any, X: Any, Y: Any, lam: float) -> Any:
        theta[1] += 1
        return D

    assert "theta[1]" in of(gradients).text()


def test_what_a_function_raises_comes_through() -> None:
    def gradients(theta: Any, X: Any, Y: Any, lam: float) -> Any:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        of(gradients)


# -- wrong use


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"my_gradients": [D[1]]}, r"\(5, 4\) are none of this network, in any layout; expected"),
        ({"my_gradients": None}, "holds nothing"),
        ({"my_gradients": [D[1], D[2] * 1j]}, "complex128"),
        ({"my_gradients": []}, "nothing are none of this network"),
        ({"lang": "de"}, "'en' or 'zh'"),
        ({"lam": -1.0}, "lam=-1.0"),
        ({"lam": np.nan}, "lam=nan"),
        ({"X": X[:, :2]}, "expected"),
        ({"X": X * np.nan}, "finite real numbers"),
        ({"Y": Y[:, :2]}, "expected"),
        ({"previous_theta": [THETA[1]]}, "previous_theta has shapes"),
        ({"activation": "sigmoidal"}, "sigmoidal"),
        ({"cost": "softmax"}, "softmax"),
    ],
)
def test_wrong_use_is_one_line(arguments: dict[str, Any], message: str) -> None:
    right: dict[str, Any] = {"my_gradients": D, "theta": THETA, "X": X, "Y": Y, "lam": LAM}
    with pytest.raises(ValueError, match=message) as caught:
        diagnose(**{**right, **arguments})
    assert "\n" not in str(caught.value)


# -- words


def test_every_mistake_has_words_in_both_languages() -> None:
    assert {*WORDS} == {mistake.key for mistake in CATALOGUE} | {"float32_noise"}
    for texts in (LABELS, SENTENCES):
        for told in texts.values():
            fields = [{*re.findall(r"{(\w+)", text)} for text in told]
            assert fields[0] == fields[1], told
    chinese = re.compile(r"[一-鿿]")
    told = [*LABELS.values(), *SENTENCES.values(), *(words.looks for words in WORDS.values())]
    for text in told:
        assert not chinese.search(text.en)
        said = re.sub(r"{.*?}", "", text.en)  # "{name}, in {where}" is all punctuation in Chinese
        assert chinese.search(text.zh) or not re.search(r"[A-Za-z]{3}", said)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_lines_of_the_note_stand_in_the_note(lang: str) -> None:
    note = (ROOT / "docs" / f"note.{lang}.md").read_text("utf-8")
    section = re.compile(r"^### ([\d.]+) .*?\n(.*?)(?=^#{2,3} |\Z)", re.DOTALL | re.MULTILINE)
    sections = dict(section.findall(note))
    for line in NOTE.values():
        assert line.line in sections[line.section], line


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_answer_can_be_said(lang: str) -> None:
    pair = ("sigmoid", "quadratic")
    s = network(np.random.default_rng(11), L=4, m=5, lam=1.0, g="tanh", pair=pair)
    for mistake in single_mistakes(s):
        found = module.judged(s, [("", each) for each in planted(s, mistake).values()], lang)
        if found.right:
            continue
        text = str(found)
        first = found.answers[0].mistakes[0]
        assert WORDS[first.key].name[LANGUAGES.index(lang)] in text
        assert formula(WORDS[first.key].wrong, first, found.names, lang) in text
        assert WORDS[first.key].note.section in text
        assert "{" not in text
        assert "None" not in text
        assert json.loads(json.dumps(found.as_dict()))["verdict"] == "mistake"
