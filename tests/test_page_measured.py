"""Every text lies inside its node and no two nodes overlap: measured in a browser, in three fonts."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd_mini as ag
from autograd_mini.drawing import Picture, draw
from autograd_mini.drawing.dot import to_dot
from autograd_mini.drawing.model import Diagram, Edge, Vertex
from autograd_mini.drawing.svg import to_svg
from tests.drawn import HOSTILE, chain, xnor_cost

FONTS = {
    "Liberation Sans": ("Liberation Mono", "fonts-liberation"),  # made to measure as Helvetica
    "DejaVu Sans": ("DejaVu Sans Mono", "fonts-dejavu-core"),
    "Noto Sans CJK SC": ("Noto Sans Mono CJK SC", "fonts-noto-cjk"),
}

MEASURED = """
const nodes = [...document.querySelectorAll('g.node')], found = [], boxes = [];
const seen = (element) => {
  const { x, y, width, height } = element.getBBox(), m = element.getCTM();
  const at = (a, b) => [m.a * a + m.c * b + m.e, m.b * a + m.d * b + m.f];
  const [[l, t], [r, b]] = [at(x, y), at(x + width, y + height)];
  return { l, t, r, b, unit: m.a };
};
for (const node of nodes) {
  const shape = node.querySelector(':scope > :is(ellipse, path, polygon, rect)');
  const texts = [...node.querySelectorAll('text')].filter((text) => text.textContent.trim());
  const room = shape ? seen(shape) : null, round = shape?.tagName === 'ellipse';
  for (const text of texts) {
    if (!room) continue;
    const { l, t, r, b } = seen(text), slack = 0.5 * room.unit;
    const middle = (room.l + room.r) / 2, half = (room.r - room.l) / 2 + slack;
    const out = round ? Math.max(middle - l, r - middle) > half * Math.sqrt(Math.max(0, 1 - (0.35 * (b - t) / ((room.b - room.t) / 2)) ** 2))
      : l < room.l - slack || r > room.r + slack || t < room.t - 2 * slack || b > room.b + 2 * slack;
    if (out) found.push([text.textContent.slice(0, 60), (r - l) / room.unit, (room.r - room.l) / room.unit]);
  }
  boxes.push(room ?? texts.map(seen).reduce((a, c) => ({
    l: Math.min(a.l, c.l), t: Math.min(a.t, c.t), r: Math.max(a.r, c.r), b: Math.max(a.b, c.b), unit: c.unit,
  }), { l: 1e9, t: 1e9, r: -1e9, b: -1e9 }));
}
boxes.sort((a, b) => a.t - b.t);
let meeting = 0;
boxes.forEach((one, k) => {
  for (let j = k + 1; j < boxes.length && boxes[j].t < one.b - 0.5 * one.unit; j += 1) {
    if (one.l < boxes[j].r - 0.5 * one.unit && boxes[j].l < one.r - 0.5 * one.unit) meeting += 1;
  }
});
return { nodes: nodes.length, found, meeting };
"""


def installed() -> str:
    """The families of this machine."""
    if shutil.which("fc-list") is None:
        return ""
    return subprocess.run(["fc-list", ":", "family"], capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module", params=FONTS)
def font(request: pytest.FixtureRequest) -> str:
    family = str(request.param)
    if family not in installed():
        pytest.skip(f"no font {family} (apt-get install {FONTS[family][1]})")
    return family


def with_digits() -> Any:
    net = ag.nn.Network([64, 25, 10], seed=0)
    rng = np.random.default_rng(0)
    return ag.nn.logistic_cost(net, rng.random((5, 64)), np.arange(5), lam=1.0)


def backward_graph() -> Any:
    x: Any = ag.Tensor([0.5, -1.25, 2.0], requires_grad=True, name="x")
    (gradient,) = ag.backprop(np.sum(np.tanh(x) * x), wrt=[x], record=True)
    return gradient


def hostile() -> Picture:
    names = [*HOSTILE, "W" * 40, "m" * 60, "图" * 60, "ﷺ" * 30, "g·(1 − y²)→∞" * 5]
    vertices = [
        Vertex(f"k{k}", kind, name, (name,), (name[:80],), (name[:80],), (), name, name, (name,))
        for k, name in enumerate(names)
        for kind in (("operation", "value", "fold")[k % 3],)
    ]
    edges = tuple(Edge("k0", v.key, v.name, None, (v.name,)) for v in vertices[1:])
    return Picture(Diagram(tuple(vertices), edges, "hostile"))


PICTURES: dict[str, Callable[[], Picture]] = {
    "XNOR": lambda: draw(xnor_cost()),
    "64-25-10": lambda: draw(with_digits()),
    "chain": lambda: draw(chain(1_000), budget=None),
    "backward": lambda: draw(backward_graph()),
    "rules": lambda: draw(xnor_cost(), fields=("name", "shape", "value", "gradient", "rule")),
    "hostile": hostile,
    "network": lambda: draw(ag.nn.gates.XNOR),
}


def in_bounds(driver: Any, least: int) -> None:
    measured = driver.execute_script(MEASURED)
    assert measured["nodes"] >= least
    assert measured["found"] == []
    assert measured["meeting"] == 0


@pytest.mark.parametrize("name", PICTURES)
def test_in_a_page(open_page: Any, font: str, name: str) -> None:
    page = open_page(PICTURES[name]())
    page.js(
        "const s = document.documentElement.style; s.setProperty('--text', arguments[0]);"
        "s.setProperty('--mono', arguments[1])",
        f'"{font}"',
        f'"{FONTS[font][0]}"',
    )
    in_bounds(page.driver, 5)
    if page.find("#folds").is_displayed():
        page.click("#close")
        in_bounds(page.driver, 1)
        page.click("#open")
        in_bounds(page.driver, 5)
