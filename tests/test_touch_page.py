"""Numbers that are dragged, typed and trained in the page, in a real browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd_mini as ag
from autograd_mini.drawing import draw
from autograd_mini.drawing.labels import number, rows
from autograd_mini.graph import walk
from tests.browser import RIGHT, Page, opening
from tests.drawn import XOR_INPUTS, chain
from tests.touched import close, gradients, keyed

XNOR = np.array([[1.0], [0.0], [0.0], [1.0]])


class Touched(Page):
    """A page whose numbers are changed."""

    def exact(self) -> dict[str, dict[str, Any]]:
        """Every node's value and gradient, as the page has them."""
        told = self.js(
            "const all = document.getElementById('touch').exact; return Object.fromEntries("
            "Object.entries(all).map(([key, found]) => [key, Object.fromEntries(Object.entries("
            "found).filter(([field]) => field !== 'slopes').map(([field, x]) => [field, [x.shape, "
            "Array.from(x.data, String)]]))]))"
        )
        return {
            key: {
                field: np.array([float(x.replace("Infinity", "inf")) for x in data]).reshape(shape)
                for field, (shape, data) in found.items()
            }
            for key, found in told.items()
        }

    def fields(self, name: str) -> list[Any]:
        return list(self.driver.find_elements("css selector", f'[aria-label^="{name}"]'))

    def choose(self, name: str) -> None:
        """Click on a node, wherever it is."""
        click = "arguments[0].dispatchEvent(new MouseEvent('click', {bubbles: true}))"
        self.js(click, self.find(self.node(name)))

    def set(self, label: str, value: float) -> None:
        """Type a number into a field."""
        self.js(
            "arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('change'))",
            self.find(f'#touch [aria-label="{label}"]'),
            repr(float(value)),
        )

    def follows(self, J: Any) -> None:
        """Check that the page shows what was recorded for J, and has it to 1e-12."""
        nodes, exact = keyed(J), self.exact()
        expected, tracked = {k: node.value for k, node in nodes.items()}, gradients(J, nodes)
        assert tracked.keys() <= exact.keys()
        for key, found in exact.items():
            assert close(found["value"], expected[key]), f"{key}: {found['value']}"
            if "gradient" in found:  # of saturated units they are small sums of larger parts
                told = f"∂/∂{key}: {found['gradient']}, {tracked[key]}"
                assert close(found["gradient"], tracked[key], scale=1e-3), told
        assert float(self.find("#cost").get_attribute("title")) == pytest.approx(J.item(), 1e-12)
        assert self.find("#cost").text == number(J.item())


@pytest.fixture
def touch(driver: Any, tmp_path: Path) -> Iterator[Callable[[Any], Touched]]:
    """Open what all of J was computed from."""
    for open_page in opening(driver, tmp_path, Touched):
        yield partial(_whole, open_page)


def _whole(open_page: Callable[[Any], Touched], J: Any) -> Touched:
    return open_page(draw(J, budget=None))


def xnor() -> tuple[ag.nn.Network, ag.Tensor]:
    net = ag.nn.Network.from_theta(ag.nn.gates.XNOR.theta)
    return net, ag.nn.logistic_cost(net, XOR_INPUTS, XNOR, lam=0.1)


COSTS = {
    "logistic": ("sigmoid", ag.nn.logistic_cost),
    "literal": ("sigmoid", ag.nn.logistic_cost_literal),
    "quadratic": ("identity", ag.nn.quadratic_cost),
    "softmax": ("softmax", ag.nn.softmax_cost),
}


@pytest.mark.parametrize("activation", ["sigmoid", "relu", "tanh", "leaky_relu"])
@pytest.mark.parametrize("cost", COSTS)
def test_a_network_follows_its_weights_inputs_and_y(
    touch: Callable[[Any], Touched], cost: str, activation: str
) -> None:
    output, function = COSTS[cost]
    net = ag.nn.Network([2, 3, 2], seed=1, activation=activation, output=output)
    theta = {layer: value.copy() for layer, value in net.theta.items()}
    rng = np.random.default_rng(2)
    X, Y = rng.normal(size=(4, 2)), np.eye(2)[[0, 1, 1, 0]]

    def J() -> Any:
        net = ag.nn.Network.from_theta(theta, activation=activation, output=output)
        x, y = ag.Tensor(X, name="a1"), ag.Tensor(Y, requires_grad=True, name="y")
        return function(net, x, y, lam=0.3)

    page = touch(J())
    page.choose("theta1")
    for (i, j), value in {(2, 1): 0.75, (0, 0): -1.25}.items():
        page.set(f"theta1[{i}, {j}]", value)
        theta[1][i, j + 1] = value
    page.follows(J())
    page.choose("a1")
    X[3, 1] = 2.5
    page.set("a1[3, 1]", 2.5)
    page.follows(J())
    if cost != "softmax":  # whose rows sum to 1
        page.choose("y")
        Y[0, 1] = 0.25
        page.set("y[0, 1]", 0.25)
        page.follows(J())


def test_training_steps_are_those_of_python(touch: Callable[[Any], Touched]) -> None:
    net, J = xnor()
    page = touch(J)
    page.set("theta1[0, 0]", 1.5)
    page.js("document.getElementById('rate').value = '0.75'")
    with ag.no_grad():
        net.weights[1][0, 0] = 1.5
    for _ in range(20):
        page.click("#train")
        for parameter in net.parameters:
            parameter.grad = None
        ag.nn.logistic_cost(net, XOR_INPUTS, XNOR, lam=0.1).backward()
        with ag.no_grad():
            for layer in (1, 2):
                net.weights[layer] -= 0.75 * net.weights[layer].grad
                net.biases[layer] -= 0.75 * net.biases[layer].grad
    page.follows(ag.nn.logistic_cost(net, XOR_INPUTS, XNOR, lam=0.1))
    assert page.find("#taken").text == "20 steps"
    points = page.find("#curve polyline").get_attribute("points").split()
    assert len(points) == 21
    told = page.find("#curve svg").get_attribute("aria-label")
    assert told.startswith("J over 20 steps: ")
    assert told.endswith(f" to {page.find('#cost').text}")
    page.click("#reset")
    page.follows(J)
    assert page.count("#curve svg") == 0
    assert page.find("#taken").text == ""


def test_what_is_not_to_be_trained_stays(touch: Callable[[Any], Touched]) -> None:
    x, w, b = (
        ag.Tensor(value, requires_grad=True, name=name)
        for name, value in (("x", 2.0), ("w", -1.0), ("b", 0.5))
    )
    J: Any = np.square(w * x + b)
    J.name = "J"
    page = touch(J)
    boxes = page.driver.find_elements("css selector", "#touch fieldset input[type=checkbox]")
    assert [box.is_selected() for box in boxes] == [False, True, True]  # x is data, by its name
    boxes[2].click()
    page.click("#train")
    exact = {key: found["value"].item() for key, found in page.exact().items()}
    assert [exact[key] for key in ("n0", "n1", "n3")] == [2.0, -1.0 + 0.1 * 6.0, 0.5]
    page.click("#train100")
    assert page.find("#taken").text == "101 steps"
    assert float(page.find("#cost").get_attribute("title")) < 1e-20


def test_numbers_are_dragged_in_the_picture_and_in_the_fields(
    touch: Callable[[Any], Touched],
) -> None:
    from selenium.webdriver import ActionChains

    x = ag.Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True, name="x")
    J: Any = np.sum(np.square(x))
    page = touch(J)
    before = page.js("return document.getElementById('picture').getAttribute('viewBox')")
    lines = [
        line
        for line in page.find(page.node("x")).find_elements("css selector", "text")
        if line.text.startswith(("1", "3"))
    ]
    # The second number of a row stands over its fourth letter.
    spot = page.js(
        "const box = arguments[0].getExtentOfChar(3), m = arguments[0].getScreenCTM();"
        "const at = new DOMPoint(box.x + box.width / 2, box.y + box.height / 2).matrixTransform(m);"
        "return [Math.round(at.x), Math.round(at.y)]",
        lines[1],
    )
    mouse = ActionChains(page.driver, duration=20)
    mouse.w3c_actions.pointer_action.move_to_location(*spot)
    mouse.click_and_hold().move_by_offset(30, 0).move_by_offset(20, 0).release().perform()
    settle(page)
    assert page.exact()["n0"]["value"].tolist() == [[1.0, 2.0], [3.0, 4.5]]
    assert page.find("#cost").text == "34.25"
    assert page.js("return document.getElementById('picture').getAttribute('viewBox')") == before
    assert page.count(".chosen") == 0  # a drag is no click, and does not move the picture
    field = page.find('[aria-label="x[0, 0]"]')
    ActionChains(page.driver, duration=20).click_and_hold(field).move_by_offset(
        -100, 0
    ).release().perform()
    settle(page)
    x = ag.Tensor([[0.0, 2.0], [3.0, 4.5]], requires_grad=True, name="x")
    page.follows(np.sum(np.square(x)))
    assert field.get_attribute("value") == "0"


def settle(page: Page) -> None:
    """Wait for the next frame, in which a drag is computed."""
    page.driver.execute_async_script("requestAnimationFrame(() => setTimeout(arguments[0], 0))")


def test_the_keyboard_changes_a_number(touch: Callable[[Any], Touched]) -> None:
    x = ag.Tensor(20.0, requires_grad=True, name="x")
    page = touch(np.square(x))
    field = page.find('[aria-label="x"]')
    assert field.get_attribute("role") == "spinbutton"
    field.click()
    field.send_keys("\ue013\ue013\ue015")  # up, up, down
    assert field.get_attribute("aria-valuenow") == "21"
    field.send_keys("\ue009a\ue000", "nonsense\ue007")
    field.send_keys("\ue004")
    assert field.get_attribute("value") == "21"
    field.send_keys("\ue009a\ue000", "-0.5\ue004")
    assert page.find("#cost").text == "0.25"
    page.press("\ue012")  # the arrow keys of the player still work
    assert page.count(".active") == 0


def test_what_is_played_and_told_follows(touch: Callable[[Any], Touched]) -> None:
    x = ag.Tensor(3.0, requires_grad=True, name="x")
    y: Any = np.square(x)
    y.name = "y"
    J: Any = np.sin(y)
    J.name = "J"
    page = touch(J)
    page.set("x", 0.5)
    page.press("\ue014", "\ue014")
    assert f"Leaves\nto y\n{number(np.cos(0.25))}" in page.panel
    page.set("x", 0.25)
    assert f"Leaves\nto y\n{number(np.cos(0.0625))}" in page.panel
    page.press("f")
    assert "Comes in\nfrom x\n0.25" in page.panel
    page.choose("y")
    assert f"Value\n{number(0.0625)}" in page.panel


def test_a_weight_is_explained_in_the_numbers_of_now(touch: Callable[[Any], Touched]) -> None:
    net, J = xnor()
    page = touch(J)
    page.choose("theta1")
    page.js("document.querySelector('[aria-label=\"theta1[1, 0]\"]').focus()")
    page.set("theta1[1, 0]", -2.0)
    with ag.no_grad():
        net.weights[1][1, 0] = -2.0
    J = ag.nn.logistic_cost(net, run := net.forward(XOR_INPUTS), XNOR, lam=0.1)
    delta2 = 4 * ag.backprop(J, run.z[2])
    slope = ag.backprop(J, net.weights[1])[1, 0]
    told = page.find("#reason").text
    assert f"Why ∂J/∂theta1[1, 0] is {number(slope)}" in told
    for x, delta in zip(XOR_INPUTS[:, 0], delta2[:, 1], strict=True):
        assert f"{number(x)} · {number(delta)} = {number(x * delta)}" in told
    mean = (XOR_INPUTS[:, 0] @ delta2[:, 1]) / 4
    assert told.endswith(f"mean {number(mean)} + {number(0.1 / 4 * -2.0)} (λΘ/m) = {number(slope)}")
    page.choose("bias1")
    assert page.find("#sum").text == f"mean {number(delta2[:, 0].mean())} = " + number(
        ag.backprop(J, net.biases[1])[0]
    )


def test_delta_follows_and_is_opened_into_its_factors(touch: Callable[[Any], Touched]) -> None:
    theta = [[[0.1, 0.4, -0.2], [-0.3, 0.2, 0.5]], [[0.2, 0.7, -0.6]]]
    net = ag.nn.Network.from_theta(theta)
    page = touch(ag.nn.logistic_cost(net, XOR_INPUTS, XNOR))
    page.set("bias1[0]", 0.75)
    with ag.no_grad():
        net.biases[1][0] = 0.75
    delta, run = net.deltas(XOR_INPUTS, XNOR), net.forward(XOR_INPUTS)
    page.choose("z3")
    assert single(page.find("#reason").text) == "δ3 = m · ∂J/∂z3, m = 4 " + shown(delta[3])
    page.choose("z2")
    a = run.a[2].detach().numpy()
    arriving = delta[3] @ net.weights[2].detach().numpy()
    told = single(page.find("#reason").text)
    assert told.startswith("δ2 = m · ∂J/∂z2, m = 4 " + shown(delta[2]))
    assert f"= g'(z2) {shown(a * (1 - a))}" in told
    assert told.endswith(f"× m · ∂J/∂a2 {shown(arriving)}")


def shown(value: Any) -> str:
    """An array as it is read in the panel, in one line."""
    return single(" ".join(rows(value)))


def single(text: str) -> str:
    return " ".join(text.split())


def test_every_path_of_an_expression_is_told(touch: Callable[[Any], Touched]) -> None:
    w = ag.Tensor(-1.0, requires_grad=True, name="w")
    J: Any = np.square(np.tanh(2.0 * w)) + w * w
    J.name = "J"
    page = touch(J)
    page.choose("w")
    page.set("w", 0.25)
    slopes = [2 * np.tanh(0.5) * (1 - np.tanh(0.5) ** 2) * 2, 0.25, 0.25]
    told = page.find("#reason").text.split("\n")
    assert told[0] == f"Why ∂J/∂w is {number(sum(slopes))}"
    assert [line.split(" = ")[0] for line in told[1:4]] == [number(slope) for slope in slopes]
    assert told[1].split(" = ")[1].startswith("multiply 2 · tanh ")
    assert told[4] == f"3 paths, sum {number(sum(slopes))}"


def test_numbers_are_written_as_in_the_picture(touch: Callable[[Any], Touched]) -> None:
    """Small arrays in full, large ones by their range."""
    rng = np.random.default_rng(5)
    for shape in [(), (3,), (2, 6), (7, 3), (2, 7), (0,), (5, 5, 2)]:
        value = rng.normal(size=shape) * 10.0 ** rng.integers(-7, 7, size=shape)
        x = ag.Tensor(value, requires_grad=True, name="x")
        page = touch(np.sum(np.tanh(x)))
        page.choose("x")
        before = page.panel
        page.click("#reset")  # all numbers are written again
        assert page.panel == before
        for row in rows(value):
            assert " ".join(row.split()) in " ".join(page.panel.split())


def test_a_page_without_a_program_says_why(touch: Callable[[Any], Touched]) -> None:
    page = touch(chain(600))
    told = page.find("#touch").text
    assert told == (
        "Numbers can not be changed here: the graph has 601 nodes; up to 500 follow a touch."
    )


def test_values_alone_follow_where_there_is_no_cost(touch: Callable[[Any], Touched]) -> None:
    x = ag.Tensor([1.0, 2.0], requires_grad=True, name="x")
    page = touch(np.square(x))
    page.set("x[1]", 3.0)
    assert page.exact()["n1"]["value"].tolist() == [1.0, 9.0]
    assert page.count("#train") == page.count("#cost") == 0


def test_a_folded_graph_follows_too(driver: Any, tmp_path: Path) -> None:
    x = ag.Tensor(0.5, requires_grad=True, name="x")
    J: Any = x
    for _ in range(40):
        J = np.tanh(J)
    page = Touched(driver, draw(J, budget=8).save(tmp_path / "folded.html"))
    page.set("x", 1.0)
    x = ag.Tensor(1.0, requires_grad=True, name="x")
    J = x
    for _ in range(40):
        J = np.tanh(J)
    J.backward()
    assert x.grad is not None
    assert close(page.exact()["n0"]["gradient"], x.grad)
    assert number(x.grad.item()) in page.find(page.node("x")).text
    assert len(walk(J.node)) == 41


def test_hostile_names_stay_names(touch: Callable[[Any], Touched]) -> None:
    attack = "</script><script>document.title='x'</script>'\\u2028\"`${alert(1)}"
    x = ag.Tensor([1.0, 2.0], requires_grad=True, name=attack)
    page = touch(np.sum(x))
    page.js("document.querySelector('#touch .grid input').focus()")
    assert page.driver.title == "What was computed"
    assert page.count("script") == 2
    assert page.find("#touch legend").text.startswith("</script>")


def test_every_control_has_a_name(touch: Callable[[Any], Touched]) -> None:
    page = touch(xnor()[1])
    nameless = page.js(
        "return [...document.querySelectorAll('#touch :is(input, button)')].filter((one) =>"
        " !(one.getAttribute('aria-label') || one.textContent || one.closest('label')?.textContent)"
        ").map((one) => one.outerHTML)"
    )
    assert nameless == []


def test_the_step_that_is_played_is_seen_without_scrolling(touch: Callable[[Any], Touched]) -> None:
    net = ag.nn.Network([2, 3, 1], seed=1)
    page = touch(ag.nn.logistic_cost(net, XOR_INPUTS, XNOR))
    page.press(*[RIGHT] * 7)
    assert "sigmoid" in page.find("#panel h2").text
    page.js("document.getElementById('side').scrollTop = 0")
    top, bottom = page.js(
        "const at = document.querySelector('#panel .rule').getBoundingClientRect();"
        "return [at.top, document.getElementById('side').getBoundingClientRect().bottom]"
    )
    assert top < bottom
    page.choose("theta1")  # of a leaf that is chosen the fields come first
    above = page.js("return document.getElementById('fields').getBoundingClientRect().top")
    assert above < page.js("return document.getElementById('panel').getBoundingClientRect().top")
