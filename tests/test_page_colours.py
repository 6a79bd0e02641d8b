"""The palette of pages and static pictures: legible, and told apart by the colour-blind."""

from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from autograd_mini.drawing import draw, page
from autograd_mini.drawing.model import Kind
from autograd_mini.drawing.style import DARK, INK, LIT, STYLES, WASH, shade
from tests.browser import RIGHT
from tests.colours import apart, contrast
from tests.drawn import xnor_cost

FILLS = ("#ffffff", *(style.fill for style in STYLES.values() if style.fill != "none"))
GROUNDS = ("#ffffff", INK["scope fill"])
"""What stands behind arrows: paper and the frame of a scope."""

themes = pytest.mark.parametrize("theme", ["light", "dark"])


def seen(colour: str, theme: str) -> str:
    return DARK[colour] if theme == "dark" else colour


@themes
def test_every_text_has_a_contrast_of_4_5(theme: str) -> None:
    pairs = {(ink, fill) for fill in FILLS for ink in ("#111111", INK["note"], INK["gradient"])}
    pairs |= {(s.text, s.fill) for s in STYLES.values() if s.fill != "none"}
    pairs |= {(ink, WASH) for ink in ("#111111", INK["gradient"], INK["note"])}
    texts = ("#111111", INK["note"], INK["edge"], INK["gradient"], LIT)
    pairs |= {(ink, ground) for ink in texts for ground in GROUNDS}
    low = {pair: contrast(*(seen(c, theme) for c in pair)) for pair in pairs}
    assert {pair: value for pair, value in low.items() if value < 4.5} == {}


@themes
def test_every_line_has_a_contrast_of_3(theme: str) -> None:
    lines = {s.border for s in STYLES.values() if s.border != "none"}
    lines |= {INK["edge"], INK["positive"], INK["negative"], LIT}
    low = {(c, g): contrast(seen(c, theme), seen(g, theme)) for c in lines for g in GROUNDS}
    assert {pair: value for pair, value in low.items() if value < 3} == {}


@themes
def test_what_colour_tells_is_told_to_the_colour_blind(theme: str) -> None:
    def distance(one: str, other: str) -> float:
        return apart(seen(one, theme), seen(other, theme))

    assert distance(INK["positive"], INK["negative"]) > 60
    assert distance(INK["gradient"], "#111111") > 40
    runs: tuple[Kind, ...] = ("operation", "fold", "output", "value")
    for other in {INK["edge"], *(STYLES[kind].border for kind in runs)}:  # what a pass lights
        assert distance(LIT, other) > 25, "what is lit stands out"
    for level in range(1, 7):
        assert distance(shade(level, 6), shade(-level, 6)) > 12
    levels = [shade(level, 6) for level in range(-6, 7)]
    for one, other in combinations(levels, 2):
        assert distance(one, other) > 4, "every tile is told from every other"


@themes
def test_kinds_alike_in_colour_differ_in_shape(theme: str) -> None:
    for (one, a), (other, b) in combinations(STYLES.items(), 2):
        same_looks = (a.shape, a.dashed, a.thick) == (b.shape, b.dashed, b.thick)
        if same_looks and "none" not in (a.border, b.border) and a.border != b.border:
            assert apart(seen(a.border, theme), seen(b.border, theme)) > 10, (one, other)


def test_the_style_sheet_has_no_colours_of_its_own() -> None:
    css = (Path(page.__file__).with_name("page_files") / "page.css").read_text("utf-8")
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b(?![^{}]*\{)", css) == []
    named = set(re.findall(r"var\(--c-(\w+)\)", css))
    assert named <= {colour.removeprefix("#") for colour in DARK}


CONTRASTS = """
const dark = arguments[0], found = [];
document.documentElement.dataset.theme = dark ? "dark" : "light";
const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
const rgb = (colour, under) => {
  canvas.fillStyle = under;
  canvas.fillRect(0, 0, 1, 1);
  canvas.fillStyle = colour;
  canvas.fillRect(0, 0, 1, 1);
  return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
};
const hex = (all) => "#" + all.map((part) => part.toString(16).padStart(2, "0")).join("");
for (const element of document.querySelectorAll("header *, aside *, footer *, #legend *")) {
  const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  if (!own || !element.checkVisibility() || element.matches(":disabled, option")) continue;
  let ground = "#ffffff";
  const around = [];
  for (let at = element; at; at = at.parentElement) around.unshift(at);
  for (const at of around) ground = hex(rgb(getComputedStyle(at).backgroundColor, ground));
  const ink = hex(rgb(getComputedStyle(element).color, ground));
  found.push([ink, ground, element.textContent.slice(0, 30)]);
}
return found;
"""


@themes
def test_the_page_itself_is_legible(open_page: Any, theme: str) -> None:
    shown = open_page(draw(xnor_cost()))
    shown.press(RIGHT, RIGHT)
    shown.click("#legend summary")
    told = shown.js(CONTRASTS, theme == "dark")
    assert len(told) > 30
    assert [entry for entry in told if contrast(entry[0], entry[1]) < 4.5] == []
