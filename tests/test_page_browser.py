"""The page in a real browser: what is clicked, pressed and read."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd_mini as ag
from autograd_mini.drawing import Picture, draw
from autograd_mini.drawing.model import Diagram, Edge, Vertex
from autograd_mini.drawing.opened import whole_graph
from autograd_mini.drawing.page import to_html
from tests.browser import END, ENTER, ESCAPE, HOME, LEFT, RIGHT, Page
from tests.drawn import HOSTILE, chain, xnor_cost


def sine() -> Any:
    x = ag.Tensor(3.0, requires_grad=True, name="x")
    y = x * x
    y.name = "y"
    J: Any = np.sin(y)
    J.name = "J"
    return J


def small() -> Picture:
    return draw(sine())


def test_the_backward_pass_is_played_step_by_step(open_page: Any) -> None:
    page = open_page(small())
    assert page.count(".active") == page.count(".waiting") == 0
    page.press(RIGHT)
    assert "Start at J" in page.panel
    assert page.find("#count").text == "step 1 of 3: J"
    page.press(RIGHT)
    assert page.find("#panel h2").text == "sin"
    assert "Arrives: ∂J/∂J\n1" in page.panel
    assert "Rule\ng · cos(x)" in page.panel
    assert "Leaves\nto y\n-0.9111" in page.panel
    assert page.count(".active") == 1
    assert "active" in page.find(page.node("sin")).get_attribute("class")
    assert "waiting" in page.find(page.node("x")).get_attribute("class")
    assert page.count(".edge.lit") == 2
    shown = {text.text for text in page.driver.find_elements("css selector", ".flow")}
    assert shown == {"1", "-0.9111"}
    page.press(RIGHT)
    assert "to x (argument 1)\n-2.733\nto x (argument 2)\n-2.733" in page.panel
    assert page.count(".waiting") == 0
    page.press(RIGHT, LEFT)
    assert page.find("#panel h2").text == "sin"
    page.press(END)
    assert page.find("#count").text == "step 3 of 3: multiply"
    page.press(HOME, ESCAPE)
    assert page.count(".active") == page.count(".waiting") == page.count(".flow") == 0


def test_the_forward_pass_is_played_too_by_the_buttons(open_page: Any) -> None:
    page = open_page(small())
    page.click("#forward")
    assert "Forward pass, step 1 of 2" in page.panel
    assert "Comes in\nfrom x (argument 1)\n3\nfrom x (argument 2)\n3" in page.panel
    page.click("#next")
    assert "Goes out\nto J\n0.4121" in page.panel
    assert page.find("#next").get_attribute("disabled")
    page.click("#back")
    assert page.find("#panel h2").text == "multiply"
    page.click("#last")
    assert page.find("#count").text == "step 2 of 2: sin"
    page.click("#backward")
    assert page.find("#count").text == "step 1 of 3: J"
    page.js("arguments[0].value = 2", page.find("#slider"))
    page.js("arguments[0].dispatchEvent(new Event('input'))", page.find("#slider"))
    assert page.find("#panel h2").text == "sin"


def test_playing_goes_on_by_itself_and_stops(open_page: Any) -> None:
    page = open_page(small())
    page.press(" ")
    assert page.find("#play").get_attribute("aria-label") == "Pause"
    limit = time.monotonic() + 15
    while page.find("#count").text != "step 3 of 3: multiply" and time.monotonic() < limit:
        time.sleep(0.1)
    while page.find("#play").get_attribute("aria-label") != "Play" and time.monotonic() < limit:
        time.sleep(0.1)
    assert page.find("#count").text == "step 3 of 3: multiply"
    assert page.find("#play").get_attribute("aria-label") == "Play"


def test_a_click_on_a_node_tells_all_of_it(open_page: Any) -> None:
    page = open_page(draw(xnor_cost()))
    page.press("0")
    page.click(page.node("theta1"))
    told = page.panel
    assert told.startswith("theta1\nparameter · (2, 2) · float64")
    for part in ("Value\n 20   20\n-20  -20", "Gradient ∂J/∂theta1\n 0.5   0.5\n-0.5  -0.5"):
        assert part.replace("\n ", "\n") in told.replace("\n ", "\n")
    assert "Cotangents arriving\nfrom affine (argument 2)" in told
    assert page.count(".heat i") == 8
    page.click("#panel .flowing button")
    assert page.find("#panel h2").text == "affine"
    assert "Rule\nW: gᵀ @ a\nb: g" in page.panel
    assert "Cotangents leaving\nto theta1" in page.panel


def test_a_node_is_reached_by_the_keyboard(open_page: Any) -> None:
    page = open_page(small())
    node = page.find(page.node("y"))
    assert node.get_attribute("aria-label") == "value y"
    page.js("arguments[0].focus()", node)
    node.send_keys(ENTER)
    assert page.find("#panel h2").text == "y"


def test_search_finds_by_name_and_goes_on(open_page: Any) -> None:
    page = open_page(draw(xnor_cost()))
    page.press("/")
    search = page.find("#search")
    assert page.js("return document.activeElement.id") == "search"
    search.send_keys("SIGM")
    assert page.count(".match") == page.js("return document.querySelectorAll('.match').length") > 0
    assert page.find("#found").text == f"{page.count('.match')} found"
    search.send_keys(ENTER)
    assert "sigmoid" in page.find("#panel h2").text
    assert page.find("#found").text.startswith("1 of ")
    search.send_keys(ESCAPE)
    assert page.count(".match") == 0
    page.press("/")
    search.send_keys("no such thing")
    assert page.find("#found").text == "0 found"


def test_every_path_of_a_weight_is_lit(open_page: Any) -> None:
    page = open_page(small())
    page.js(
        "const w = document.getElementById('weight'); w.value = w.options[1].value;"
        "w.dispatchEvent(new Event('change'))"
    )
    assert page.count(".on-path") == 5
    assert page.find("#ways").text == "2 paths lead to J; its gradient is the sum over them."
    page.press(ESCAPE)
    page = open_page(draw(xnor_cost()))
    page.press("0")
    page.click(page.node("bias2"))
    page.click("#paths")
    assert page.find("#ways").text.startswith("1 path leads to J")
    assert page.count("g.node.away") > 10
    page.press(ESCAPE)
    assert page.count(".away") == page.count(".on-path") == 0


def test_paths_too_many_to_list_are_counted(open_page: Any) -> None:
    x: Any = ag.Tensor(0.5, requires_grad=True, name="x")
    y = x
    for _ in range(60):
        y = y * y
    page = open_page(draw(y, budget=None))
    page.js(
        "const w = document.getElementById('weight'); w.value = w.options[1].value;"
        "w.dispatchEvent(new Event('change'))"
    )
    assert page.find("#ways").text.startswith("About 10^18 paths lead to")


def test_the_view_zooms_and_moves(open_page: Any) -> None:
    from selenium.webdriver import ActionChains

    page = open_page(small())
    view = (
        "return document.getElementById('picture').getAttribute('viewBox').split(' ').map(Number)"
    )
    whole = page.js(view)
    page.click("#in")
    assert page.js(view)[2] == pytest.approx(whole[2] / 1.3)
    page.press("0")
    assert page.js(view) == pytest.approx(whole)
    ActionChains(page.driver).move_to_element(
        page.find(page.node("y"))
    ).click_and_hold().move_by_offset(60, 20).release().perform()
    moved = page.js(view)
    assert moved[0] < whole[0]
    assert moved[1] < whole[1]
    assert page.count(".chosen") == 0  # a drag is no click
    page.js(
        "document.getElementById('stage').dispatchEvent(new WheelEvent('wheel',"
        "{deltaY: 100, clientX: 300, clientY: 300, cancelable: true}))"
    )
    assert page.js(view)[2] > moved[2]


def test_light_and_dark(open_page: Any) -> None:
    page = open_page(small())
    ground = "return getComputedStyle(document.body).backgroundColor"
    before = page.js(ground)
    page.press("t")
    assert page.js(ground) != before
    page.click("#theme")
    assert page.js(ground) == before


@pytest.mark.parametrize("obj", [xnor_cost(), ag.nn.gates.XNOR], ids=["graph", "network"])
def test_a_page_is_dark_when_that_was_asked_for(open_page: Any, obj: Any) -> None:
    page = open_page(draw(obj, theme="dark"))
    assert page.js("return getComputedStyle(document.documentElement).colorScheme") == "dark"
    shape = page.find("g.node :is(rect, ellipse)")
    assert shape.value_of_css_property("fill") != "rgb(255, 255, 255)"


def test_what_can_not_be_played_has_no_player(open_page: Any) -> None:
    page = open_page(draw(ag.nn.gates.AND))
    assert not page.find("#player").is_displayed()
    assert not page.find("#choose").is_displayed()
    page.click(page.node("AND"))
    assert page.find("#panel h2").text == "AND"


def test_hostile_names_are_only_shown(open_page: Any) -> None:
    attack = (
        "</script><script>document.title='x'</script><img src=x onerror=\"document.title='x'\">"
    )
    vertices = []
    for index, name in enumerate([attack, *HOSTILE]):
        vertices.append(
            Vertex(f"k{index}", "parameter", name, (name,), (name,), (name,), (name,), name, name)
        )
    edges = tuple(Edge("k0", v.key, v.name, None, (v.name,)) for v in vertices[1:])
    page = open_page(Picture(Diagram(tuple(vertices), edges, attack)))
    for index in range(len(vertices)):
        page.js(
            "arguments[0].dispatchEvent(new MouseEvent('click', {bubbles: true}))",
            page.find(f'[data-vertex="{index}"]'),
        )
        assert page.count("#panel h2") == 1
    assert page.driver.title == "What was computed"
    assert page.count("img") == 0
    assert page.count("script") == 2


def test_500_nodes_open_soon(open_page: Any) -> None:
    page = open_page(draw(chain(499), budget=None))
    taken = page.js("const t = performance.timing; return t.loadEventEnd - t.navigationStart")
    assert page.count("g.node") == 999
    assert taken < 5_000, "on a busy machine; benchmarks/pages.py measures"
    page.press(END)
    assert page.count(".active") == 1


def test_a_program_in_the_page_writes_new_numbers(driver: Any, tmp_path: Path) -> None:
    program = """
    const told = [];
    onChoose((index) => told.push(index < 0 ? "none" : data.vertices[index].label));
    const input = make("button", { id: "touch", textContent: "twice" });
    input.addEventListener("click", () => {
      const named = (name) => data.vertices.findIndex((vertex) => vertex.label === name);
      const flow = data.edges.findIndex((edge) => edge.source === named("y"));
      const x = { value: ["6"], gradient: ["-1.5"] };
      const y = { value: ["36"] };
      write(new Map([[named("x"), x], [named("y"), y]]), new Map([[flow, ["-0.125"]]]));
      document.title = told.join(" ");
    });
    controls.append(input);
    """
    page_of_sine = to_html(whole_graph([sine().node], 60, None), program)
    (tmp_path / "touch.html").write_text(page_of_sine, "utf-8")
    page = Page(driver, tmp_path / "touch.html")
    page.click(page.node("x"))
    page.click("#touch")
    assert page.driver.title == "x"
    assert page.find(page.node("x")).text.endswith("6  grad -1.5")
    assert "Value\n6\nGradient ∂J/∂x\n-1.5" in page.panel
    page.press(RIGHT, RIGHT)
    assert "Leaves\nto y\n-0.125" in page.panel
    assert "Local derivative\n∂y/∂x -0.9111" in page.panel, "that of J was not written"
    page.press(RIGHT)
    assert page.find("#panel h2").text == "multiply"
    assert "Local derivative" not in page.panel, "it would be that of the old numbers"
    page.press(ESCAPE)
    assert driver.get_log("browser") == []
