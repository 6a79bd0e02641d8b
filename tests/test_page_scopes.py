"""Folds and scopes in a real browser: opened, closed, searched, played and highlighted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autograd_mini as ag
from autograd_mini.drawing import Picture, draw, opened
from tests.browser import ENTER, ESCAPE, HOME, RIGHT, Page
from tests.drawn import chain, xnor_cost


def blocks() -> Picture:
    """Eight blocks of ten layers of three operations."""
    x: Any = ag.Tensor(np.ones(3), requires_grad=True, name="x")
    for index in range(80):
        with ag.scope(f"block {index // 10}"), ag.scope(f"layer {index}"):
            x = np.sin(np.tanh(x) * 2.0)
    return draw(np.sum(x), budget=8)


def labels(page: Page, selector: str = "g.node") -> list[str]:
    """What the shapes of a selector stand for."""
    drawn = page.driver.find_elements("css selector", selector)
    data = page.data["vertices"]
    return [data[int(shape.get_attribute("data-vertex"))]["label"] for shape in drawn]


def choose(page: Page, label: str) -> None:
    page.js("arguments[0].focus()", page.find(page.node(label)))
    page.find(page.node(label)).send_keys(ENTER)


def test_a_fold_opens_and_closes_by_click(open_page: Any) -> None:
    page = open_page(draw(chain(100)))
    closed = labels(page)
    page.click("[data-handle]")
    assert page.count("g.frame") == 1
    assert labels(page)[1:5] == ["1 … 4", "5 … 8", "9 … 12", "13 … 16"]
    assert page.find("g.frame").get_attribute("aria-expanded") == "true"
    page.click("g.frame [data-handle]")
    assert page.count("g.frame") == 0
    assert labels(page) == closed


def test_a_fold_opens_by_a_double_click_and_by_the_panel(open_page: Any) -> None:
    from selenium.webdriver import ActionChains

    page = open_page(draw(chain(100)))
    fold = page.find(page.node("×99"))
    ActionChains(page.driver).double_click(fold).perform()
    assert page.count("g.frame") == 1
    assert page.find("#turn").text == "Close (o)"
    page.click("#turn")
    assert page.count("g.frame") == 0
    assert page.find("#turn").text == "Open (o)"


def test_every_nesting_opens_by_the_keyboard(open_page: Any) -> None:
    page = open_page(blocks())
    for label in ("×8", "block 0", "layer 0"):
        choose(page, label)
        page.press("o")
        assert page.find("#panel h2").text == label
    assert page.count("g.frame") == 3
    inside = ["tanh", "sin", "multiply"]
    assert set(inside) <= set(labels(page))
    page.press("o")
    assert page.count("g.frame") == 2
    page.press("c")
    assert page.count("g.frame") == 0
    page.press("O")
    assert page.count("g.node") == 8 * 10 * (2 * 3 + 1) + 1 + 2
    assert page.count("g.frame") == 1 + 8 + 80
    assert page.js("return document.activeElement === document.body")


def test_an_open_scope_closes_and_shows_its_last_value(open_page: Any) -> None:
    page = open_page(draw(xnor_cost()))
    frames = page.count("g.frame")
    choose(page, "layer 2")
    assert "Holds" in page.panel
    page.press("o")
    told = page.find(page.node("layer 2")).text
    assert told.startswith("layer 2")
    assert "last: a2 (4, 2) float64" in told
    assert page.count("g.frame") == frames - 1
    assert "Cotangents arriving\nfrom " in page.panel
    assert "Cotangents leaving\nto " in page.panel
    assert "to bias1" in page.panel


def test_search_finds_what_is_closed_and_opens_it(open_page: Any) -> None:
    page = open_page(blocks())
    page.press("/")
    page.find("#search").send_keys("layer 37")
    assert labels(page, "g.node.match") == ["×8"], "what holds the match is marked"
    page.find("#search").send_keys(ENTER)
    assert page.find("#panel h2").text == "layer 37"
    assert set(labels(page, "g.frame")) == {"×8", "block 3"}
    assert labels(page, "g.node.chosen") == ["layer 37"]


def test_paths_go_through_closed_groups(open_page: Any) -> None:
    page = open_page(blocks())
    choose(page, "x")
    page.click("#paths")
    assert page.find("#ways").text.startswith("1 path leads to")
    assert "×8" not in labels(page, "g.node.away")
    assert page.count(".edge.on-path") == 3
    choose(page, "×8")
    page.press("o")
    assert page.count(".edge.on-path") == 3 + 7
    assert page.count("g.node.away") == 0


def test_play_steps_over_what_is_closed_and_into_what_is_open(open_page: Any) -> None:
    page = open_page(blocks())
    page.press(RIGHT, RIGHT, RIGHT)
    assert page.find("#panel h2").text == "×8"
    assert page.find("#count").text == "step 3 of 3: ×8"
    assert labels(page, "g.node.active") == ["×8"]
    assert "Arrives: " in page.panel
    assert "Leaves\nto x" in page.panel
    leaving = page.find("#panel").text.split("Leaves\nto x\n")[1].split("\n")[0]
    page.press("o")
    assert page.find("#count").text == "step 3 of 10: block 7"
    assert labels(page, "g.node.active") == ["block 7"]
    for _ in range(7):
        page.press(RIGHT)
    assert page.find("#panel").text.split("Leaves\nto x\n")[1].split("\n")[0] == leaving
    choose(page, "×8")
    page.press("o", HOME)
    assert page.find("#count").text.startswith("step 1 of 3")


def test_the_forward_pass_goes_over_closed_groups_too(open_page: Any) -> None:
    page = open_page(blocks())
    page.press("f")
    assert page.find("#panel h2").text == "×8"
    assert "Comes in\nfrom x\n1  1  1" in page.panel
    assert "Goes out\nto sum\n" in page.panel
    assert page.find("#count").text == "step 1 of 2: ×8"


def test_closing_over_the_active_step_lights_the_group(open_page: Any) -> None:
    page = open_page(draw(xnor_cost()))
    page.press(RIGHT, RIGHT)
    assert page.find("#panel h2").text == "divide"
    page.press("o")
    assert labels(page, "g.node.active") == ["cost"]
    page.press(ESCAPE)
    assert page.count(".active") == page.count(".waiting") == 0


def test_what_is_left_out_says_so_and_how_to_get_it(
    open_page: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opened, "MOST_KEPT", 50)
    page = open_page(draw(chain(2_000)))
    page.press("O")
    (index, *_) = [k for k, v in enumerate(page.data["vertices"]) if v["leftOut"]]
    page.js(
        "arguments[0].dispatchEvent(new MouseEvent('click', {bubbles: true}))",
        page.find(f'[data-vertex="{index}"] rect'),
    )
    assert "nodes are left out" in page.find(".left-out").text
    assert "budget=None" in page.find(".left-out").text
    assert page.count(f'[data-vertex="{index}"] [data-handle]') == 0


@pytest.mark.slow
def test_a_hundred_thousand_nodes_stay_usable(open_page: Any) -> None:
    page = open_page(draw(chain(100_000)))
    assert page.path.stat().st_size < 8_000_000
    taken = page.js("const t = performance.timing; return t.loadEventEnd - t.navigationStart")
    assert taken < 5_000
    page.press("O")
    assert page.count("g.node") > 500
    page.press("/")
    page.find("#search").send_keys("tanh")
    assert page.find("#found").text.endswith(" found")
    page.find("#search").send_keys(ENTER)
    assert page.count("g.chosen") == 1
