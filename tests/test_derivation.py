"""`ag.derivation`: every line is right, and the last one is what the note says."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree as ET

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

import autograd_mini as ag
from autograd_mini.compiler import deriving as room
from autograd_mini.compiler import notations, proof

nn = ag.nn
COSTS = {
    "sigmoid": [nn.logistic_cost_literal, nn.logistic_cost, nn.quadratic_cost],
    "softmax": [nn.softmax_cost],
    "identity": [nn.quadratic_cost],
}


def data(m: int, n: int, K: int, seed: int, output: str) -> tuple[Any, Any]:
    random = np.random.default_rng(seed)
    labels, ones = random.integers(0, K, m), random.integers(0, 2, (m, K))
    Y = np.eye(K)[labels] if output == "softmax" else ones
    return random.normal(size=(m, n)), Y * 1.0


@st.composite
def problems(draw: st.DrawFn) -> tuple[Any, Any, Any, Any]:
    """J, the forward pass, the network and m."""
    output = draw(st.sampled_from(list(COSTS)))
    cost = draw(st.sampled_from(COSTS[output]))
    sizes = draw(st.lists(st.integers(1, 4), min_size=2, max_size=5))
    activation = draw(st.sampled_from(["sigmoid", "tanh", "relu", "leaky_relu", "softplus"]))
    m, seed = draw(st.integers(1, 5)), draw(st.integers(0, 99))
    net = nn.Network(sizes, activation=activation, output=output, seed=seed)
    X, Y = data(m, sizes[0], sizes[-1], seed, output)
    run = net.forward(X, True)
    return cost(net, run, Y, draw(st.sampled_from([0.0, 0.5]))), run, net, m


@given(problems())
@settings(max_examples=60)
def test_every_line_is_the_gradient(problem: Any) -> None:
    J, run, net, _ = problem
    L = len(net.sizes)
    everything = [*(run.z[l] for l in range(2, L + 1)), *net.weights.values(), *net.biases.values()]
    for t in [*everything, *(run.a[l] for l in range(2, L))]:
        found = ag.derivation(J, wrt=t)
        expected = ag.backprop(J, wrt=t)
        assert found.lines
        for line, (_, identity, difference) in zip(found._lines, found.lines, strict=True):
            value = np.broadcast_to(line.expression.value(), expected.shape)
            np.testing.assert_allclose(value, expected, rtol=1e-7, atol=1e-9)
            assert difference <= 1e-8 * max(1.0, float(np.abs(expected).max()))
            assert identity


@given(
    sizes=st.lists(st.integers(1, 4), min_size=2, max_size=4), m=st.integers(2, 6),
    seed=st.integers(0, 99), cost=st.sampled_from([nn.logistic_cost_literal, nn.logistic_cost]),
)  # fmt: skip
@settings(max_examples=30)
def test_the_logistic_cost_ends_in_a_minus_y(sizes: Any, m: int, seed: int, cost: Any) -> None:
    net, L = nn.Network(sizes, seed=seed), len(sizes)
    X, Y = data(m, sizes[0], sizes[-1], seed, "sigmoid")
    run = net.forward(X, True)
    J = cost(net, run, Y)
    found = ag.derivation(J, wrt=run.z[L])
    assert found.lines[-1][0] == f"(a{L} − y)/m"
    assert str(found).startswith(f"∂J/∂z{L} = ")
    for l in range(2, L):
        said = ag.derivation(J, wrt=run.z[l]).lines[-1][0]
        assert said == f"(1/m)(δ{l + 1} Θ{l}) ∘ a{l}(1 − a{l})"


def written_by_hand(f: Callable[[Any], Any], K: int = 2) -> Any:
    X, Y = data(6, 3, K, 0, "sigmoid")
    w = ag.Tensor(np.random.default_rng(1).normal(size=(3, K)), requires_grad=True, name="w")
    z = X @ w
    z.name = "z"
    h = f(z)
    return -np.sum(Y * np.log(h) + (1 - Y) * np.log(1 - h)) / 6, z, w


def test_the_lines_of_the_literal_cost() -> None:
    J, z, w = written_by_hand(lambda z: 1 / (1 + np.exp(-z)))
    found = ag.derivation(J, wrt=z)
    assert found.lines[-1][0] == "(σ(z) − y)/m"
    assert [identity.split(",")[0] for _, identity, _ in found.lines[-2:]] == [
        "(x/h − y/k) · hk = xk − yh", "collected: xz + yz = (x + y)z",
    ]  # fmt: skip
    assert ag.derivation(J, wrt=w).lines[-1][0] == "Xᵀ ∂J/∂z"


SMALL: dict[str, tuple[Callable[[Any], Any], str]] = {
    "x²": (lambda x: x * x, "2x"),
    "tanh x": (np.tanh, "1 − tanh(x)²"),
    "x³/2": (lambda x: x**3 / 2, "3x²/2"),
    "x log x − x": (lambda x: x * np.log(x) - x, "log(x)"),
    "e^(−x²)": (lambda x: np.exp(-x * x), "−2e^(−x²) · x"),
    "sin x": (np.sin, "cos(x)"),
    "5x": (lambda x: 5 * x, "5"),
    "√x": (np.sqrt, "1/(2 · sqrt(x))"),
}


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("shape", [(), (3,)])
def test_small_expressions(name: str, shape: tuple[int, ...]) -> None:
    f, last = SMALL[name]
    x = ag.Tensor(np.full(shape, 0.7), requires_grad=True, name="x")
    found = ag.derivation(f(x).sum(), wrt=x)
    assert found.lines[-1][0] == last
    assert found.lines[0][1].startswith("chain rule")


def test_vectors() -> None:
    x, A = ag.Tensor([1.0, 2.0], requires_grad=True, name="x"), np.array([[2.0, 1.0], [0.0, 3.0]])
    assert ag.derivation(np.sqrt((x * x).sum()), wrt=x).lines[-1][0] == "x/sqrt(Σ x²)"
    assert len(ag.derivation(x @ (A @ x), wrt=x).lines) >= 1


def test_labels_between_0_and_1_and_labels_that_are_tensors() -> None:
    net = nn.Network([2, 3, 2], seed=0)
    X, Y = data(5, 2, 2, 0, "sigmoid")
    run = net.forward(X, True)
    for labels in (0.8 * Y + 0.1, ag.Tensor(Y, name="y"), ag.Tensor(0.6 * Y + 0.1)):
        J = nn.logistic_cost(net, run, labels)
        assert ag.derivation(J, wrt=run.z[3]).lines[-1][0] == "(a3 − y)/m"


def test_one_example_has_no_m() -> None:
    net = nn.Network([2, 3, 1], seed=0)
    run = net.forward([1.0, 2.0], True)
    J = nn.logistic_cost_literal(net, run, [1.0])
    assert ag.derivation(J, wrt=run.z[3]).lines[-1][0] == "a3 − y"
    assert ag.derivation(J, wrt=run.z[2]).lines[-1][0] == "(δ3 Θ2) ∘ a2(1 − a2)"


def test_names_are_taken_from_where_they_are_given() -> None:
    x = ag.Tensor([0.5, 1.0], requires_grad=True)
    w = np.array([2.0, 3.0])
    assert ag.derivation((x * x * w).sum(), wrt=x, names={"w": w}).lines[-1][0] == "2w · x"
    assert ag.derivation((x * w).sum(), wrt=x).text == "∂J/∂x = c   [chain rule, from J inward]"


def test_a_softmax_knows_that_y_sums_to_one_only_where_it_does() -> None:
    for Y, last in ((np.eye(3)[[0, 2]], "(a − y)/m"), (np.full((2, 3), 0.5), "Σ_k y")):
        z = ag.Tensor(np.random.default_rng(0).normal(size=(2, 3)), requires_grad=True, name="z")
        a = nn.softmax(z)
        a.name = "a"
        found = ag.derivation(-np.sum(Y * np.log(a)) / 2, wrt=z)
        assert last in found.lines[-1][0]


def test_a_jitted_functions_derivation() -> None:
    net = nn.Network([2, 3, 2], seed=0)
    X, Y = data(5, 2, 2, 0, "sigmoid")
    step = ag.jit(ag.value_and_grad(nn.logistic_cost_literal))
    with pytest.raises(RuntimeError, match="call it first"):
        step.derivation()
    step(net, X, Y)
    assert step.derivation().lines[-1][0] == "(a3 − Y)/m"
    assert step.derivation("z2").lines[-1][0] == "(1/m)(δ3 Θ2) ∘ a2(1 − a2)"
    with pytest.raises(ValueError, match=r"no gradient of z9; it has .*z3"):
        step.derivation("z9")


# ---- notations


def test_latex_and_mathml_are_well_formed() -> None:
    net = nn.Network([2, 3, 2], seed=0)
    X, Y = data(5, 2, 2, 0, "sigmoid")
    run = net.forward(X, True)
    J = nn.logistic_cost_literal(net, run, Y, 0.5)
    from matplotlib.mathtext import MathTextParser

    parser = MathTextParser("agg")
    for t in (run.z[3], run.z[2], run.a[2], net.weights[1], net.biases[2]):
        found = ag.derivation(J, wrt=t)
        tree = ET.fromstring(found.mathml())
        rows = list(tree.iter("{http://www.w3.org/1998/Math/MathML}mtr"))
        assert len(rows) == len(found.lines)
        assert found._repr_mimebundle_()["text/html"] == found._repr_html_() == found.mathml()
        assert found.latex().count("{") == found.latex().count("}")
        for formula in found.formulas():
            parser.parse(f"${formula}$")
    last = ag.derivation(J, wrt=run.z[3])
    assert last.formulas()[-1] == (
        r"\frac{\partial J}{\partial z^{(3)}} = \frac{a^{(3)} - y}{m}"
    )
    text = "".join(ET.fromstring(last.mathml()).itertext())
    assert "a(3)−ym" in text


def test_the_same_text_every_time() -> None:
    said = {ag.derivation(*written_by_hand(nn.sigmoid)[:2]).text for _ in range(3)}
    assert len(said) == 1
    assert re.fullmatch(r"∂J/∂z = .*(\n      = .*)+", said.pop())


# ---- what is refused, and that a wrong line is never printed


def test_wrong_use_says_what_to_do() -> None:
    x = ag.Tensor([1.0, 2.0], requires_grad=True, name="x")
    with pytest.raises(TypeError, match="one Tensor"):
        ag.derivation(x.sum(), wrt=[x])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="one number"):
        ag.derivation(x * x, wrt=x)
    with pytest.raises(ValueError, match="not on the recorded graph"):
        ag.derivation(x.sum(), wrt=ag.Tensor(1.0))
    y = x
    for _ in range(500):
        y = np.sin(y) * y
    with pytest.raises(ValueError, match="name some on the way"):
        ag.derivation(y.sum(), wrt=x)


def test_a_wrong_line_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    """An identity that is none, a sign that the text loses: each is found out before it is told."""
    J, z, _ = written_by_hand(nn.sigmoid)
    collected = proof.collected

    def flipped(dtype: Any, parts: Any) -> Any:
        found = collected(dtype, parts)
        for part in found or ():
            part.number = abs(part.number)
        return found

    with monkeypatch.context() as patched:
        patched.setattr(proof, "collected", flipped)
        with pytest.raises(ArithmeticError, match="differs from the gradient"):
            ag.derivation(J, wrt=z)
    product_of = room.product_of
    net = nn.Network([2, 2, 1], seed=0)
    run = net.forward(np.ones((2, 2)), True)
    J = nn.quadratic_cost(net, run, [0, 1])
    with monkeypatch.context() as patched:
        patched.setattr(room, "product_of", lambda number, *f: product_of(-number, *f))
        with pytest.raises(ArithmeticError, match=r"δ3 = m"):
            ag.derivation(J, wrt=run.z[2])


@given(problems())
@settings(max_examples=20)
def test_the_text_says_what_is_computed(problem: Any) -> None:
    """Read as Python, with the names' values, a line's text gives the line's value."""
    J, run, net, _ = problem
    L = len(net.sizes)
    found = ag.derivation(J, wrt=run.z[L])
    known: dict[str, Any] = {}
    for line in found._lines:
        for symbol in notations_of(line.expression):
            known[python_name(notations.written(symbol, notations.TEXT))] = symbol.known
    known |= {
        "σ": lambda z: 1 / (1 + np.exp(-z)), "e": np.e, "log_softmax": nn.log_softmax,
        "softmax": nn.softmax, "Σ_k": lambda x: np.sum(x, axis=-1, keepdims=True),
    }  # fmt: skip
    for line, (text, _, _) in zip(found._lines, found.lines, strict=True):
        if "Σ" in text:
            continue
        with np.errstate(all="ignore"):
            value = eval(python_name(text), {"__builtins__": {}}, known)  # noqa: S307 - our own text
        np.testing.assert_allclose(value, line.expression.value(), rtol=1e-9, atol=1e-12)


def python_name(text: str) -> str:
    """Write a line's text as Python."""
    text = re.sub(r"∂J/∂(\w+)", r"dJd\1", text).replace("−", "-").replace(" · ", " * ")
    text = re.sub(r"([²³])", lambda k: "**" + "23"["²³".index(k[0])], text).replace("^", "**")
    text = re.sub(r"(?<![a-zA-Z_])(\d+)([a-zA-Z(])", r"\1*\2", text)
    return re.sub(r"((?<!\w)[ayzm]\d*|\))\(", r"\1*(", text)


def notations_of(expression: Any) -> list[Any]:
    """Every symbol in an expression."""
    from autograd_mini.compiler.expressions import Call, Product, Sum, Symbol

    if isinstance(expression, Symbol):
        return [expression]
    if isinstance(expression, Product):
        parts = [f for f, _ in (*expression.above, *expression.below)]
    else:
        parts = [*getattr(expression, "terms", ()), *getattr(expression, "arguments", ())]
    assert isinstance(expression, (Call, Product, Sum))
    return [s for part in parts for s in notations_of(part)]


def test_a_number_is_m_only_where_it_is_the_number_of_examples() -> None:
    X, y = np.arange(6.0).reshape(3, 2), np.array([1.0, 2.0, 4.0])
    theta = ag.Tensor([0.5, 0.25], requires_grad=True, name="theta")
    r = X @ theta - y
    r.name = "r"
    assert str(ag.derivation(np.mean(r**2) / 3, wrt=r)).endswith("[chain rule, from J inward]")
    assert "2r/(3m)" in str(ag.derivation(np.mean(r**2) / 3, wrt=r))
    assert "Xᵀ ∂J/∂r" in str(ag.derivation(np.mean(r**2) / 2, wrt=theta))


def test_the_logistic_cost_by_logaddexp() -> None:
    z = ag.Tensor([0.5, -1.0, 2.0], requires_grad=True, name="z")
    y = np.array([0.0, 0.0, 1.0])
    J = np.sum(np.logaddexp(0, z) - y * z)
    assert str(ag.derivation(J, wrt=z)).splitlines()[-1].split("[")[0].strip() == "= σ(z) − y"
