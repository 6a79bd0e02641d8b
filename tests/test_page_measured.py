"""Every text lies inside its node, no two nodes overlap: measured in a browser, in three fonts."""

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
from autograd_mini.drawing.model import Diagram, Edge, Vertex
from autograd_mini.drawing.svg import to_svg
from tests.drawn import HOSTILE, chain, xnor_cost

FONTS = {
    "Liberation Sans": ("Liberation Mono", "fonts-liberation"),  # made to measure as Helvetica
    "DejaVu Sans": ("DejaVu Sans Mono", "fonts-dejavu-core"),
    "Noto Sans CJK SC": ("Noto Sans Mono CJK SC", "fonts-noto-cjk"),
}

MEASURED = Path(__file__).with_name("measured.js").read_text("utf-8")


def installed() -> str:
    """The families of this machine."""
    if shutil.which("fc-list") is None:
        return ""
    command = ["fc-list", ":", "family"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


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


STATIC = PICTURES | {"chain": lambda: draw(chain(1_000))}
"""All of 1,000 nodes in one static picture would take Graphviz minutes."""


def in_bounds(driver: Any, least: int) -> None:
    measured = driver.execute_script(MEASURED)
    assert measured["nodes"] >= least
    assert measured["found"] == []
    assert measured["meeting"] == 0
    assert measured["struck"] == 0


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


@pytest.mark.parametrize("name", STATIC)
def test_in_static_pictures_of_both_engines(
    driver: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, font: str, name: str
) -> None:
    picture = STATIC[name]()
    for engine in ("", "built-in"):
        monkeypatch.setenv("AUTOGRAD_MINI_DOT", engine)
        path = picture.save(tmp_path / f"{engine or 'pure'}.svg")
        driver.get(path.as_uri())
        driver.execute_script(
            "for (const text of document.querySelectorAll('[font-family]')) {"
            "const mono = text.getAttribute('font-family').startsWith('Courier');"
            "text.setAttribute('font-family', arguments[mono ? 1 : 0]); }",
            font,
            FONTS[font][0],
        )
        in_bounds(driver, 3)


def test_the_measure_finds_what_is_out_of_bounds_and_what_overlaps(
    driver: Any, tmp_path: Path
) -> None:
    svg = to_svg(Diagram((Vertex("a", "value", "x", ("m" * 20,)), Vertex("b", "value", "y")), ()))
    (tmp_path / "two.svg").write_text(svg, "utf-8")
    driver.get((tmp_path / "two.svg").as_uri())
    assert driver.execute_script(MEASURED) == {"nodes": 2, "found": [], "meeting": 0, "struck": 0}
    driver.execute_script("document.querySelector('g.node > rect').setAttribute('width', 100);")
    assert driver.execute_script(MEASURED)["found"] == ["m" * 20]
    driver.execute_script(
        "const [a, b] = document.querySelectorAll('g.node > rect');"
        "for (const side of ['x', 'y']) b.setAttribute(side, a.getAttribute(side))"
    )
    assert driver.execute_script(MEASURED)["meeting"] == 1
