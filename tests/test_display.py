"""What notebooks show: every kind of value, executed by Jupyter and rendered in a browser."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import autograd_mini as ag
from autograd_mini import display, nn
from autograd_mini.context import EVERYTHING, context
from autograd_mini.drawing import Picture
from autograd_mini.history import History
from tests.drawn import HOSTILE, chain

ROOT = Path(__file__).parent.parent
LARGEST = 200_000  # characters


class Reader(HTMLParser):
    """A fragment whose tags are closed in order, and which asks for nothing."""

    def __init__(self, fragment: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.words = ""
        self.feed(fragment)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)
        assert {name for name, _ in attrs} <= {"style", "alt", "src"}
        if tag == "img":
            assert dict(attrs)["src"].startswith("data:image/svg+xml;base64,")
        else:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += f"{data.strip()} "


def shown(obj: Any) -> Reader:
    """What a notebook shows, read."""
    forms = obj._repr_mimebundle_(include=None, exclude=None)
    assert {*forms} == {"text/html", "text/plain"}
    assert sum(map(len, forms.values())) < LARGEST
    return Reader(forms["text/html"])


# -- tensors


def test_a_leaf_shows_its_value_and_its_gradient() -> None:
    x = ag.Tensor([[1.0, 2.5], [-3.0, 1 / 3]], requires_grad=True, name="x")
    assert "x  (2, 2) float64 · leaf that requires a gradient" in shown(x).words
    assert "gradient: none yet" in shown(x).words
    (x * x).sum().backward()
    words = shown(x).words
    assert "1 2.5 -3 0.333333 gradient 2 5 -6 0.666667" in words
    assert x._repr_mimebundle_()["text/plain"] == repr(x)


def test_an_inner_tensor_names_the_operation_that_made_it() -> None:
    x = ag.Tensor(3.0, requires_grad=True, name="x")
    J = x * 2
    assert "() float64 · made by multiply(x, ·)" in shown(J).words
    assert "gradient" not in shown(J).words
    assert "constant" in shown(ag.Tensor([1, 2])).words


def test_a_large_array_is_shown_by_its_range_and_as_a_heat_map() -> None:
    big = ag.Tensor(np.linspace(-1, 1, 10**6).reshape(1000, 1000))
    reader = shown(big)
    assert "-1 to 1, mean" in reader.words
    assert reader.tags.count("img") == 1


@given(
    hnp.arrays(
        st.sampled_from([np.float64, np.float32, np.complex128, np.int64, np.bool_]),
        st.one_of(  # small ones of any number of axes, and such as are no table any more
            hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=3),
            st.tuples(st.integers(7, 10), st.integers(7, 10)),
        ),
    )
)
def test_any_array_is_shown(array: Any) -> None:
    shown(ag.Tensor(array))
    if array.dtype.kind in "fc":
        leaf = ag.Tensor(array, requires_grad=True)
        leaf.grad = array
        shown(leaf)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_only_text(name: str) -> None:
    x = ag.Tensor(np.ones(3), requires_grad=True, name=name)
    for each in (x, x * 2):
        assert {*shown(each).tags} <= {"div", "b", "span", "table", "tr", "td"}


def test_showing_records_nothing_and_keeps_no_graph_alive() -> None:
    x = ag.Tensor([1.0, 2.0], requires_grad=True)
    y = x * 2
    before, number = context.now.mode, ag.Tensor(0.0).node.number
    for each in (x, y):
        shown(each)
    assert ag.Tensor(0.0).node.number == number + 1
    assert context.now.mode == before
    assert x.grad is None


def test_no_value_is_read_while_a_compiler_records() -> None:
    x = ag.Tensor([41.5, 42.5], requires_grad=True, name="x")
    net = nn.Network.from_theta([[[1.0, 41.5]]])
    context.now.mode = EVERYTHING
    try:
        forms = [each._repr_mimebundle_() for each in (x, net)]
    finally:
        context.now.mode = 1
    assert "(2,) float64" in forms[0]["text/html"]
    assert "not known while a program is being recorded" in forms[0]["text/plain"]
    assert not re.search(r"4[12]\.5|<img", str(forms))


def test_a_display_never_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(nn.Network):
        def __repr__(self) -> str:
            raise RuntimeError("no")

    net = Broken([2, 1])
    assert net._repr_mimebundle_() == {"text/plain": "<Broken>"}

    def failing(*_: Any) -> Any:
        raise ValueError("no picture")

    monkeypatch.setattr(display, "draw", failing)
    reader = shown(nn.Network([2, 1]))
    assert "img" not in reader.tags
    assert "layer units g" in reader.words


def test_threads_show_side_by_side() -> None:
    found: list[Any] = []
    tensors = [ag.Tensor(np.full((20, 20), float(k))) for k in range(8)]
    threads = [threading.Thread(target=lambda t=t: found.append(shown(t).words)) for t in tensors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(re.findall(r"all (\d)", " ".join(found))) == [*"01234567"]


# -- networks, histories, graphs


@pytest.mark.parametrize(
    "net",
    [
        nn.Network([64, 25, 10]),
        nn.Network([1, 1], dtype=np.float32),
        nn.Network([3, 200, 200, 5], ["relu", "tanh"], "softmax"),
        nn.Network([2] * 40),
        nn.gates.XNOR,
        nn.gates.from_expression("(a and b) or not c"),
    ],
    ids=repr,
)
def test_a_network_shows_its_units_and_a_table_of_its_layers(net: Any) -> None:
    reader = shown(net)
    assert reader.tags.count("img") == 1
    assert reader.tags.count("tr") == 1 + min(len(net.sizes), 20)
    assert ("more layers" in reader.words) == (len(net.sizes) > 20)
    assert net._repr_mimebundle_()["text/plain"] == repr(net)


def test_a_gradient_and_a_network_inside_a_transform_are_shown() -> None:
    net = nn.Network([2, 2, 1])
    X, Y = [[0.0, 1.0]], [1.0]
    shown(ag.grad(nn.logistic_cost)(net, X, Y))
    seen: list[Reader] = []

    def cost(net: Any) -> Any:
        seen.append(shown(net))
        return nn.logistic_cost(net, X, Y)

    ag.grad(cost)(net)
    assert "img" in seen[0].tags


def test_a_history_shows_curves_and_a_table_of_few_rows() -> None:
    rows = [{"epoch": k, "cost": 1 / (k + 1), "accuracy": 0.5} for k in range(2_000)]
    reader = shown(History(rows, best=1_234, interrupted=True))
    assert reader.tags.count("img") == 1
    assert reader.tags.count("tr") <= 15
    assert "1234 0.000809717 0.5 best" in reader.words
    assert "stopped by Ctrl-C" in reader.words


@pytest.mark.parametrize("rows", [[], [{"epoch": 0}], [{"epoch": 0, "cost": np.nan}]], ids=str)
def test_a_history_of_anything_is_shown(rows: Any) -> None:
    shown(History(rows))


def test_a_graph_prints_its_listing_and_a_huge_one_is_bounded() -> None:
    picture: Picture = ag.draw(chain(3))
    assert str(picture) == picture.text
    huge = ag.draw(chain(3_000), budget=None)
    forms = huge._repr_mimebundle_()
    assert {*forms} == {"text/plain"}
    assert forms["text/plain"].endswith("more lines: print(picture.text)")
    assert huge._repr_svg_() is None


def test_a_graph_is_shown_when_the_engine_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOGRAD_MINI_DOT", "no-such-program")
    assert ag.draw(chain(3))._repr_svg_().startswith("<svg")


# -- Jupyter

FIT = """\
truth_table = [[0, 0], [0, 1], [1, 0], [1, 1]]
history = ag.fit(net, truth_table, [1, 0, 0, 1], epochs=20, progress=False)
history"""
LEAF = """\
x = ag.Tensor([[1.0, -2.0], [0.5, 3.0]], requires_grad=True, name='x')
J = np.sum(x * x)
J.name = 'J'
J.backward()
x"""
CELLS = [
    "import numpy as np, autograd_mini as ag\nfrom autograd_mini import nn",
    LEAF,
    "J",
    "ag.Tensor(np.sin(np.arange(900.0)).reshape(30, 30), name='<b>wave</b>')",
    "ag.draw(J)",
    "net = nn.Network([2, 3, 1]); net",
    FIT,
    "history.plot()",
    "ag.plots.weight_tiles(net)",
    "print(get_ipython().display_formatter.format(ag.draw(J))[0]['text/plain'])",
]
HTML, PICTURE, PNG = "text/html", "image/svg+xml", "image/png"
KINDS = [None, HTML, HTML, HTML, PICTURE, HTML, HTML, PNG, PNG, None]
# Jupyter's own deprecations stay in this process.
PROGRAM = """\
import sys, json, nbformat
from nbclient import NotebookClient
from nbconvert import HTMLExporter
cells = [nbformat.v4.new_code_cell(code) for code in json.loads(sys.argv[1])]
book = nbformat.v4.new_notebook(cells=cells)
NotebookClient(book, timeout=120, kernel_name="python3").execute()
nbformat.write(book, "book.ipynb")
exporter = HTMLExporter(template_name="basic")
body, _ = exporter.from_notebook_node(book)
page = '<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>book</title>'
open("book.html", "w", encoding="utf-8").write(page + body)
"""


@pytest.fixture(scope="module")
def notebook(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    """A notebook that Jupyter executed, and its page."""
    folder = tmp_path_factory.mktemp("notebook")
    places = {name: str(folder) for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "HOME")}
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(CELLS)],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={**os.environ, **places, "PYTHONPATH": path},
        timeout=200,
    )
    assert done.returncode == 0, done.stderr
    return json.loads((folder / "book.ipynb").read_text("utf-8")), folder / "book.html"


@pytest.mark.slow
def test_jupyter_shows_every_kind(notebook: tuple[Any, Path]) -> None:
    book, _ = notebook
    for cell, kind in zip(book["cells"], KINDS, strict=True):
        found = [output for output in cell["outputs"] if "data" in output]
        assert len(found) == (kind is not None), cell["source"]
        if kind:
            assert kind in found[0]["data"], cell["source"]
            assert "text/plain" in found[0]["data"]
    printed = "".join(book["cells"][-1]["outputs"][0]["text"])
    assert re.search(r"^x = parameter .*\nn1 = multiply\(x, x\).*\nJ = sum\(n1\)", printed)


@pytest.mark.slow
def test_a_browser_renders_the_notebook(driver: Any, notebook: tuple[Any, Path]) -> None:
    _, page = notebook
    driver.get_log("browser")
    driver.get(page.as_uri())
    sizes = driver.execute_script(
        "return [...document.images].map(each => [each.complete, each.naturalWidth])"
    )
    assert len(sizes) == 6  # a heat map, a graph, a network, curves, and two by matplotlib
    assert all(complete and width > 100 for complete, width in sizes)
    text = driver.find_element("css selector", "body").text
    for told in (
        "leaf that requires a gradient",
        "made by sum(·)",
        "<b>wave</b>",
        "Network([2, 3,",
    ):
        assert told in text
    assert driver.get_log("browser") == []
