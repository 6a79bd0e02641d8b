"""The six nodes around δ: at the output, where g' cancels or not, and at a hidden layer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_mini as ag
from autograd_mini.drawing import Picture, draw, from_json
from autograd_mini.drawing.jsons import to_json
from autograd_mini.drawing.labels import rows
from autograd_mini.drawing.model import Vertex
from tests.drawn import each_engine, texts

X, Y = np.array([[0.0, 1.0], [1.0, 1.0], [0.5, -1.0]]), np.array([1.0, 0.0, 1.0])


def net(*sizes: int, seed: int = 1, **how: Any) -> ag.nn.Network:
    return ag.nn.Network([2, *(sizes or (3, 1))], seed=seed, **how)


def node(picture: Picture, key: str) -> Vertex:
    (found,) = [v for v in picture.diagram.vertices if v.key == key]
    return found


@settings(max_examples=25)
@given(st.integers(0, 99), st.integers(1, 4), st.integers(1, 3))
def test_at_the_output_the_logistic_cost_cancels_and_the_quadratic_does_not(
    seed: int, m: int, K: int
) -> None:
    rng = np.random.default_rng(seed)
    network = net(3, K, seed=seed)
    examples, y = rng.normal(size=(m, 2)), rng.integers(0, 2, (m, K)).astype(float)
    picture = draw(network, X=examples, Y=y, view="delta")
    a = network(examples).detach().numpy()
    slope = a * (1 - a)
    for cost, back_a, delta, told in (
        ("logistic", (a - y) / slope, a - y, "= a3 − y: g'(z) cancels"),
        ("quadratic", a - y, (a - y) * slope, "= (a3 − y) · g'(z): it does not cancel"),
    ):
        assert node(picture, f"{cost}_a").value == rows(a)
        assert node(picture, f"{cost}_back_a").value == rows(back_a)
        assert node(picture, f"{cost}_delta").value == rows(delta)
        assert node(picture, f"{cost}_delta").notes == (told,)
        np.testing.assert_allclose(network.deltas(examples, y, cost=cost)[3], delta)
    assert node(picture, "logistic_back_a").notes == ("= (a3 − y) / (a3 (1 − a3))",)
    assert node(picture, "quadratic_back_a").notes == ("= (a3 − y)",)


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu"])
def test_at_a_hidden_layer_nothing_cancels(activation: str) -> None:
    network = net(4, 3, 1, activation=activation)
    picture = draw(network, X=X, Y=Y, view="hidden")
    run = network.forward(X)
    J = ag.nn.logistic_cost(network, run, Y)
    back_a, delta, after = (3 * g for g in ag.backprop(J, wrt=[run.a[3], run.z[3], run.z[4]]))
    np.testing.assert_allclose(back_a, after @ network.weights[3].detach().numpy())
    assert node(picture, "logistic_back_a").value == rows(back_a)
    assert node(picture, "logistic_back_a").notes == ("= Σ Θ δ4: no g'(z) yet",)
    assert node(picture, "logistic_delta").value == rows(delta)
    assert node(picture, "logistic_delta").notes == ("= ∂cost/∂a3 · g'(z3)",)
    assert node(picture, "logistic_delta").value == rows(network.deltas(X, Y)[3])


def test_six_nodes_are_joined_forward_and_back() -> None:
    picture = draw(net(), X=X, Y=Y, view="delta")
    boxes = [v for v in picture.diagram.vertices if v.kind in ("value", "derivative", "output")]
    assert len(boxes) == 2 * 6
    ways = {(e.source, e.target): e.way for e in picture.diagram.edges}
    assert ways["logistic_z", "logistic_g"] == "forward"
    assert ways["logistic_delta", "logistic_slope"] == "back"
    assert ways["logistic_slope", "logistic_back_a"] == "line"


@each_engine
@pytest.mark.parametrize("view", ["delta", "hidden"])
def test_every_format_has_them(engine: str, view: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOGRAD_MINI_DOT", engine)
    picture = draw(net(), X=X, Y=Y, view=view)
    shown = " ".join(texts(picture.svg()))
    for text in ("∂cost/∂a", "δ", "× g'(z)", "J", "sigmoid"):
        assert text in shown
    assert picture.svg() == draw(net(), X=X, Y=Y, view=view).svg()
    assert from_json(to_json(picture.diagram)) == picture.diagram
    assert "δ3 = ∂cost/∂z3 = derivative   = a3 − y" in picture.text or view == "hidden"


def test_one_example_labels_and_no_grad_are_fine() -> None:
    with ag.no_grad():
        one = draw(net(), X=X[0], Y=Y[:1], view="delta")
    assert node(one, "logistic_cost").notes == ()
    labels = draw(net(3, 4), X=X, Y=np.array([0, 3, 1]), view="delta")
    assert node(labels, "quadratic_delta").notes == ("= (a3 − y) · g'(z): it does not cancel",)


@pytest.mark.parametrize(
    ("network", "how", "told"),
    [
        (net(), {"view": "delta"}, "nodes of a cost; give X and Y"),
        (net(1), {"view": "hidden", "X": X, "Y": Y}, 'no hidden layer; write view="delta"'),
        (net(3, 2, output="softmax"), {"view": "delta", "X": X, "Y": [0, 1, 1]}, "softmax.*hidden"),
        (net(), {"view": "hidden", "X": X, "Y": Y, "cost": "hinge"}, "cost='hinge'; expected one"),
    ],
)
def test_what_has_no_such_nodes_is_refused_in_a_line(
    network: ag.nn.Network, how: dict[str, Any], told: str
) -> None:
    with pytest.raises(ValueError, match=told) as caught:
        draw(network, **how)
    assert "\n" not in str(caught.value)
