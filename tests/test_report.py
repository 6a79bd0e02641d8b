"""The report of a training run: what is in it, any network, nothing but itself, in a browser."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograd_mini import charts, nn
from autograd_mini.charts import plane
from autograd_mini.charts.plane import plane_svg
from autograd_mini.cli import main
from autograd_mini.cli.comparison import differences
from autograd_mini.cli.results import evaluate
from autograd_mini.context import no_grad
from autograd_mini.data import load_digits, load_model, logic_table, one_hot, split
from autograd_mini.report import SECTIONS, Run, pictures, to_html
from autograd_mini.training import fit
from tests.browser import forget, quiet
from tests.drawn import HOSTILE

VOID = {"meta", "link", "br", "img", "input"}


class Reader(HTMLParser):
    """A page as a browser reads it: tags that are closed in order, anchors, what is asked for."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.words: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.seen.append(tag)
        known = dict(attrs)
        self.ids += [known["id"]] if "id" in known else []
        self.links += [value for name, value in attrs if re.fullmatch(r"(xlink:)?href|src", name)]
        assert not [name for name, _ in attrs if name.startswith("on")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def read(page: str) -> Reader:
    """A page that is well formed and needs nothing else."""
    reader = Reader(page)
    assert reader.open == []
    assert len(reader.ids) == len(set(reader.ids))
    assert set(reader.links) == {f"#{name}" for name in reader.ids}
    assert not {"script", "link", "iframe", "object", "foreignobject", "image"} & {*reader.seen}
    assert "url(" not in page
    assert "@import" not in page
    assert {*re.findall(r"\w+://[\w./]+", page)} <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }
    assert "Content-Security-Policy\" content=\"default-src 'none'; style-src" in page
    return reader


def run_of(
    sizes: list[int], X: Any, y: Any, activation: str = "sigmoid", epochs: int = 3, **how: Any
) -> Run:
    """Train a little, and report as the command does."""
    cost = how.get("cost", "logistic")
    output = "softmax" if cost == "softmax" else "sigmoid"
    net = nn.Network(sizes, activation, output, dtype=how.pop("dtype", np.float64))
    Y = y[:, None] * 1.0 if sizes[-1] == 1 else one_hot(y, sizes[-1])
    found = differences(net, X, Y, 0.1, cost)
    history = fit(net, X, Y, lam=0.1, epochs=epochs, progress=False, test=(X, Y), **how)
    results = evaluate([net], X, X, y, y)
    settings = {"cost": cost, "lam": 0.1, "layers": sizes, "seed": 0}
    return Run("data", net, X, Y, y, X, y, history, settings, results, found, 1e-10)


@pytest.fixture(scope="module")
def digits() -> Run:
    X, _, y, _ = split(*load_digits(), seed=0)
    return run_of([64, 25, 10], X[:200], y[:200])


def trained(folder: Path, *more: str) -> Path:
    quick = ["--epochs", "3", "--no-progress", "--out", str(folder)]
    assert main(["train", *quick, *more]) == 0
    return folder / "report.html"


# -- what is in it


def test_train_leaves_a_report_with_all_of_it(tmp_path: Path) -> None:
    page = trained(tmp_path / "run")
    reader = read(page.read_text("utf-8"))
    assert reader.ids == [name for name, _, _ in SECTIONS if name != "plane"]
    words = " ".join(reader.words)
    content = json.loads((page.parent / "history.json").read_text("utf-8"))
    results = content["results"]
    for told in (
        "64-25-10 on UCI 8x8 digits",
        f"{results['test_accuracy']:.2%}",
        f"{results['train_accuracy']:.2%}",
        f"{results['no_hidden_layer']['test_accuracy']:.2%}",
        f"{content['gradient_check']:.1e}",
        "1438 to train on, 359 to test",
        "momentum",
        f"NumPy {np.__version__}",
        "δ^(2)",
        "∂J/∂Θ^(1)",
        "load_weights",
        "new, relu",
        "→",
    ):
        assert told in words
    assert "theta1" in words  # in the recorded graph


def test_the_mistakes_come_first(digits: Run) -> None:
    page = to_html(digits)
    pairs = [(y, k) for y, k in zip(digits.labels_test, digits.answers, strict=True) if y != k]
    assert pairs
    told = re.findall(r">(\d(?:→\d)?)</text>", page.split('id="examples"')[1].split("</svg>")[0])
    assert told[: len(pairs)] == [f"{y}→{k}" for y, k in pairs][: len(told)]
    assert f"{len(pairs)} of 200 test examples are taken for another class" in page
    assert page.count('class="wrong"') == len({*pairs})


def test_examples_are_shown_as_they_were_before_they_were_standardised(digits: Run) -> None:
    drawn = pictures.examples(digits)
    assert pictures.examples(replace(digits, images=digits.X_test)) == drawn
    assert pictures.examples(replace(digits, images=1 - digits.X_test)) != drawn


def test_the_code_for_a_standardised_network_standardises(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["train", "--standardise", "--epochs", "1", "--no-progress", "--out", "."]) == 0
    page = Path("report.html").read_text("utf-8")
    code = re.findall(r"<pre>(.*?)</pre>", page, re.DOTALL)[0].replace("&quot;", '"')
    found: dict[str, Any] = {}
    capsys.readouterr()
    exec(code, found)  # noqa: S102 - the code of our own page
    model = load_model("weights.npz")
    mean, scale = model.arrays["prepared_mean"], model.arrays["prepared_scale"]
    with no_grad():
        expected = model.net((0 - mean) / scale).numpy()
    np.testing.assert_allclose(found["h"].detach().numpy()[0], expected, rtol=1e-12)
    assert "UCI 8x8 digits, standardised" in page


def test_the_code_that_loads_the_weights_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = trained(tmp_path)
    blocks = re.findall(r"<pre>(.*?)</pre>", page.read_text("utf-8"), re.DOTALL)
    assert len(blocks) == 2
    monkeypatch.chdir(tmp_path)
    found: dict[str, Any] = {}
    capsys.readouterr()
    for block in blocks:
        exec(block.replace("&quot;", '"'), found)  # noqa: S102 - the code of our own page
    assert found["h"].shape == (1, 10)
    assert found["theta1"].shape == (25, 65)
    assert "0." in capsys.readouterr().out


def test_the_same_seed_gives_the_same_page_without_matplotlib_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_it = trained(tmp_path / "one").read_bytes()
    for module in ("matplotlib", "matplotlib.axes", "matplotlib.figure"):
        monkeypatch.setitem(sys.modules, module, None)
    from autograd_mini.plots import paper

    paper._kinds.cache_clear()
    without = trained(tmp_path / "two")
    assert without.read_bytes() == with_it
    assert not (without.parent / "cost.png").exists()
    assert b"pip install &quot;autograd-mini[plot]" in with_it or b"[plot]" in with_it


@pytest.mark.parametrize(
    ("sizes", "how"),
    [
        ([64, 10], {}),
        ([64, 8, 8, 8, 8, 10], {"activation": "relu", "dtype": np.float32}),
        ([64, 5, 10], {"activation": "tanh", "cost": "softmax"}),
        ([64, 5, 10], {"cost": "quadratic"}),
        ([64, *[4] * 14, 10], {}),
        ([64, 70, 12], {"epochs": 0}),
    ],
    ids=str,
)
def test_every_network_has_its_report(sizes: list[int], how: dict[str, Any]) -> None:
    X, y = load_digits()
    reader = read(to_html(run_of(sizes, X[:60], y[:60], **how)))
    assert {"weights", "layers", "network", "graph", "confusion"} <= {*reader.ids}


def test_two_inputs_have_a_plane_and_two_hidden_units_another() -> None:
    X, y = logic_table("xnor")
    y = y.ravel().astype(int)
    run = run_of([2, 2, 1], X, y)
    page = to_html(run)
    assert "plane" in read(page).ids
    assert page.count("over the inputs.") == 1
    assert page.count("over the two hidden units") == 1
    wide = run_of([2, 3, 2], X, y)
    page = to_html(wide)
    assert page.count("over the inputs.") == 2
    assert "over the two hidden units" not in page


def test_one_unit_tells_two_classes_apart() -> None:
    X, y = logic_table("and")
    y = y.ravel().astype(int)
    run = run_of([2, 1], X, y, epochs=0)
    table = to_html(replace(run, net=nn.gates.AND, results=evaluate([nn.gates.AND], X, X, y, y)))
    assert re.findall(r'class="(right|wrong)"[^>]*>(\d)<', table) == [
        ("right", "3"),
        ("right", "1"),
    ]


def test_the_plane_is_the_right_way_round_and_so_are_the_points() -> None:
    upper_half = nn.Network.from_theta([[[-50.0, 0.0, 100.0]]])  # x2 > 1/2
    points, labels = np.array([[0.0, 0.0], [1.0, 1.0]]), np.array([0, 1])
    svg = plane_svg(upper_half, points, labels, 1, ("x1", "<x2>"))
    first = dict(re.findall(r'<path fill="(#\w+)" d="M0 (\d+)', svg))
    assert int(first["#0072b2"]) == 0  # blue from the top, orange below
    assert int(first["#b34700"]) >= plane.CELLS // 2
    (circle,) = re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)" r="7" fill="#b34700"', svg)
    (square,) = re.findall(r'<rect x="([\d.]+)" y="([\d.]+)" [^>]*fill="#0072b2"', svg)
    assert float(circle[0]) < plane.SIDE / 2 < float(circle[1])
    assert float(square[1]) < plane.SIDE / 2 < float(square[0])
    assert "&lt;x2&gt;" in svg


def test_an_interrupted_run_says_so(digits: Run) -> None:
    history = replace(digits.history, interrupted=True)
    page = to_html(replace(digits, history=history))
    assert "by Ctrl-C in epoch 3" in page
    assert "without hidden layer" not in page


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_only_text(digits: Run, name: str) -> None:
    small = replace(digits, X_test=digits.X_test[:5], labels_test=digits.labels_test[:5])
    reader = read(to_html(replace(small, name=name.replace("://", ":"))))
    assert "alert" not in "".join(tag for tag in reader.seen)


def test_weights_that_are_all_zero_are_drawn(digits: Run) -> None:
    zero = nn.Network.from_theta([np.zeros((25, 65)), np.zeros((10, 26))])
    read(to_html(replace(digits, net=zero)))


def test_many_classes_are_told_elsewhere() -> None:
    X = np.random.default_rng(0).uniform(0, 1, (80, 64))
    assert "see history.json" in to_html(run_of([64, 40], X, np.arange(80) % 40, epochs=1))


# -- our own charts


def test_a_tile_is_drawn_pixel_by_pixel() -> None:
    image = np.array([[1.0, 1.0, 0.0], [-1.0, 0.0, 0.5]])
    svg = charts.tiles_svg([charts.Tile(image, "4→9", True)], "t")
    paths = dict(re.findall(r'<path fill="(#\w+)" d="([^"]+)"', svg))
    assert paths == {
        charts.colours.level(1.0): "M0 0h2v1h-2z",
        charts.colours.level(-1.0): "M0 1h1v1h-1z",
        charts.colours.level(0.5): "M2 1h1v1h-1z",
    }
    assert ">4→9</text>" in svg


def test_tiles_stand_in_rows_that_do_not_touch() -> None:
    tiles = [charts.Tile(np.ones((8, 8)), str(k)) for k in range(5)]
    svg = charts.tiles_svg(tiles, "t", across=2)
    places = re.findall(r'<g transform="translate\(([\d.]+) ([\d.]+)\)">\n<text', svg)
    found = [(float(x), float(y)) for x, y in places]
    assert len({x for x, _ in found}) == 2
    heights = sorted({y for _, y in found})
    captioned = 64 + 16
    assert all(below - above > captioned for above, below in pairwise(heights))
    whole = re.search(r'width="([\d.]+)" height="([\d.]+)"', svg)
    assert whole is not None
    assert float(whole[2]) >= heights[-1] + captioned


def test_the_histogram_is_as_high_as_its_shares() -> None:
    svg = charts.histograms_svg(np.linspace(0, 1, 3), {2: np.array([0.25, 0.75])}, "t")
    heights = [float(h) for h in re.findall(r"v-([\d.]+)h75.0V", svg)]
    assert heights == [30.0, 90.0]
    assert "highest bar 75%" in svg


def test_a_line_of_zeros_has_no_place_on_a_logarithmic_axis() -> None:
    lines = [charts.Line("a", [1, 2, 3], [0.0, 1e-5, 1.0], "#0072b2", dots=True)]
    svg = charts.lines_svg(lines, "norm", "layer")
    assert svg.count("<circle") == 2
    flat = [charts.Line("<&>", [1.0], [np.nan], "#0072b2")]
    assert "&lt;&amp;&gt;" in charts.lines_svg(flat, "norm", "layer")


# -- in a browser


@pytest.fixture
def prefer(driver: Any) -> Iterator[Callable[[str], None]]:
    """Let the browser prefer light or dark."""

    def prefer(*theme: str) -> None:
        wanted = [{"name": "prefers-color-scheme", "value": name} for name in theme]
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": wanted})

    yield prefer
    prefer()


def test_the_page_opens_in_both_themes_and_asks_for_nothing(
    driver: Any, prefer: Callable[[str], None], tmp_path: Path, digits: Run
) -> None:
    path = tmp_path / "report.html"
    path.write_text(to_html(digits), "utf-8")
    grounds = []
    forget(driver)
    for theme in ("light", "dark"):
        prefer(theme)
        driver.get(path.as_uri())
        read = driver.execute_script
        headings = [found.text for found in driver.find_elements("css selector", "h2")]
        assert headings == [heading for name, heading, _ in SECTIONS if name != "plane"]
        assert read(FLAT) == []
        assert read("return document.documentElement.scrollWidth <= innerWidth")
        assert read(PALE) == []
        grounds.append(read("return getComputedStyle(document.body).backgroundColor"))
    assert grounds == ["rgb(255, 255, 255)", "rgb(20, 24, 29)"]
    quiet(driver, path.as_uri())


# Pictures and texts in them that take no room.
FLAT = """return [...document.querySelectorAll('svg, svg text')].filter(each => {
  const box = each.getBoundingClientRect();
  return each.textContent.trim() && (box.width < 1 || box.height < 1);
}).map(each => each.textContent)"""
# Texts of charts and tables whose contrast to the ground behind them is below 4.5.
PALE = r"""
const bright = colour => {
  const parts = colour.match(/[\d.]+/g).slice(0, 3).map(Number);
  const linear = parts.map(v => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
  return .2126 * linear[0] + .7152 * linear[1] + .0722 * linear[2];
};
const ground = bright(getComputedStyle(document.body).backgroundColor);
return [...document.querySelectorAll('svg[role] text, th, p, figcaption, h2, a')].filter(each => {
  const style = getComputedStyle(each);
  const ink = bright(each.tagName == 'text' ? style.fill : style.color);
  return (Math.max(ink, ground) + .05) / (Math.min(ink, ground) + .05) < 4.5;
}).map(each => each.textContent + ' ' + getComputedStyle(each).color)"""
