"""Make the catalogue of mistakes anew: sample answer, table and pictures of docs/diagnosis.md.

The same for docs/diagnosis.zh.md; the rest of both stands there. Run it with
`python docs/make_diagnosis.py [folder, docs by default]`. Everything in the table comes from the
catalogue itself; the sample answer and the residuals are computed.
"""

from __future__ import annotations

import re
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from sketch import BACKWARD, FORWARD, Sketch

from autograd_mini import closed_form
from autograd_mini.testing import diagnose
from autograd_mini.testing.evidence import residuals
from autograd_mini.testing.formulas import Layers, Setup, backprop
from autograd_mini.testing.mistakes import CATALOGUE, Mistake
from autograd_mini.testing.report import Named, formula
from autograd_mini.testing.search import absolute_sums
from autograd_mini.testing.stale import moved
from autograd_mini.testing.words import LANGUAGES, WORDS

DOCS = Path(__file__).parent
SIZES, M, LAM = (3, 3, 3, 2), 7, 3.0
FILES = {"en": "diagnosis.md", "zh": "diagnosis.zh.md"}
HEADS = {
    "en": ["picture", "mistake", "what it looks like", "wrong", "right", "the note", "residual"],
    "zh": ["图", "错误", "看上去", "错的", "对的", "笔记", "残差"],
}
CELL = 11


def problem(cost: str = "logistic") -> Setup:
    """The one network of all pictures."""
    rng = np.random.default_rng(1)
    shapes = [(after, before + 1) for before, after in pairwise(SIZES)]
    theta = {l: rng.normal(size=shape) for l, shape in enumerate(shapes, 1)}
    X, Y = rng.normal(size=(M, SIZES[0])), np.eye(SIZES[-1])[rng.integers(0, SIZES[-1], M)]
    return Setup(theta, X, Y, LAM, ("sigmoid", "sigmoid"), "sigmoid", cost)


def made(mistake: Mistake) -> tuple[Setup, Layers, Named]:
    """A gradient with a mistake in it wherever it can be made, in its first variant."""
    s = problem("quadratic" if mistake.key == "half_forgotten" else "logistic")
    if mistake.key == "stale_weights":
        earlier = moved(s, s.right, 0.5)
        return s, earlier.right, Named(mistake.key, True, ((0, 0.5),))
    put: dict[int, Any] = {}
    places = []
    for layer in mistake.layers(s):
        if mistake.key == "delta_sign" and layer == 2:
            continue  # twice it would cancel
        for detail, formulas in [*mistake.variants(s, layer, None)][:1]:
            if detail not in {"layer", "last"} or layer == 1 or mistake.key == "one_example":
                put[layer] = formulas
                places.append((layer, detail))
    return s, backprop(s, put), Named(mistake.key, mistake.delta, tuple(places))


def tiles(s: Setup, D: Layers) -> Sketch:
    """Yours minus right, matrix by matrix; darkest where it is largest, in every matrix its own."""
    width = sum((s.theta[l].shape[1] + 1) * CELL + 8 for l in s.theta)
    sheet = Sketch(width + 2, 3 * CELL + 8)
    x = 4.0
    for l in s.theta:
        apart = D[l] - s.right[l]
        # Rounding is no mistake, and must not be drawn as dark as one.
        scale = max(float(np.abs(apart).max()), 1e-9)
        for (row, column), value in np.ndenumerate(apart):
            strength = min(abs(float(value)) / scale, 1.0)
            at = x + column * CELL + (4 if column else 0)
            shade(sheet, at, 4 + row * CELL, strength, FORWARD if value > 0 else BACKWARD)
        x += (s.theta[l].shape[1] + 1) * CELL + 8
    return sheet


def shade(sheet: Sketch, x: float, y: float, strength: float, colour: str) -> None:
    """One entry."""
    looks = f'fill="{colour}" fill-opacity="{strength:.1f}" stroke="#999999" stroke-width="0.6"'
    sheet.parts.append(f'<rect x="{x:g}" y="{y:g}" width="{CELL}" height="{CELL}" {looks}/>')


def command(lang: str) -> str:
    """The sample answer: g' forgotten and λ without 1/m, on the course's network."""
    *theta, X = (
        np.sin(np.arange(1.0, n * k + 1)).reshape(k, n).T / 10 for n, k in ((5, 4), (3, 6), (7, 3))
    )
    Y = np.arange(1, 8) % 3
    _, a = closed_form.forward(theta, X)
    δ3 = a[3] - np.eye(3)[Y]
    δ2 = (δ3 @ theta[1])[:, 1:]
    ones = np.ones((7, 1))
    mine = [δ2.T @ np.hstack([ones, X]) / 7, δ3.T @ np.hstack([ones, a[2]]) / 7]
    for matrix, each in zip(theta, mine, strict=True):
        each[:, 1:] += LAM * matrix[:, 1:]
    text = diagnose(mine, theta, X, Y, LAM, lang=lang).text()
    option = " --lang zh" if lang == "zh" else ""
    return f"$ autograd-mini check --against student.py{option}\n" + rounded(text)


def rounded(text: str) -> str:
    """Rounding as 1e-16, whatever it is on this machine."""
    return re.sub(r"\d\.\de-1[4-9]|0\.0e\+00", "1e-16", text)


def slug(heading: str) -> str:
    """The name of a heading, as links have it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def sections(lang: str) -> dict[str, str]:
    """Links to the note's sections, by number."""
    note = (DOCS / f"note.{lang}.md").read_text("utf-8")
    headings = re.findall(r"^### (([\d.]+) .*)$", note, re.MULTILINE)
    return {number: f"[{number}](note.{lang}.md#{slug(heading)})" for heading, number in headings}


def rows(lang: str) -> list[list[str]]:
    """The table, a mistake a row."""
    index, links, table = LANGUAGES.index(lang), sections(lang), []
    for mistake in CATALOGUE:
        s, D, named = made(mistake)
        words = WORDS[mistake.key]
        names = {"cost": s.cost, "m": s.m, "g": {l: s.name(l) for l in range(2, s.L + 1)}}
        number, line = words.note.section, " ".join(words.note.line.split())
        table.append([
            f"![{words.name[index]}](diagnosis/{mistake.key}.svg)",
            f"**{words.name[index]}** `{mistake.key}`", words.looks[index],
            f"`{formula(words.wrong, named, names, lang)}`",
            f"`{formula(words.right, named, names, lang)}`",
            f"{links[number]}: `{line}` ({words.note.beside[index]})",
            f"{residuals(D, s.right, absolute_sums(s))[0]:.0e}",
        ])  # fmt: skip
    noise = WORDS["float32_noise"]
    beside = f"{links[noise.note.section]}: {noise.note.beside[index]}"
    name = f"**{noise.name[index]}** `float32_noise`"
    table.append(["", name, noise.looks[index], noise.wrong, noise.right, beside, ""])
    return table


def document(lang: str) -> str:
    """The document with its sample answer and its table made anew."""
    lines = [HEADS[lang], ["---"] * len(HEADS[lang]), *rows(lang)]
    table = ["| " + " | ".join(c.replace("|", "\\|") for c in row) + " |\n" for row in lines]
    text = (DOCS / FILES[lang]).read_text("utf-8")
    sample = re.compile(r"^```text\n.*?^```\n", re.DOTALL | re.MULTILINE)
    before, after = sample.split(text, maxsplit=1)
    text = f"{before}```text\n{command(lang)}\n```\n{after}"
    before, after = re.split(r"(?:^\| .*\n)+", text, maxsplit=1, flags=re.MULTILINE)
    return before + "".join(table) + after


def main(folder: Path) -> None:
    (folder / "diagnosis").mkdir(parents=True, exist_ok=True)
    for mistake in CATALOGUE:
        s, D, _ = made(mistake)
        picture = folder / "diagnosis" / f"{mistake.key}.svg"
        picture.write_text(tiles(s, D).svg(), "utf-8", newline="\n")
    for lang, name in FILES.items():
        (folder / name).write_text(document(lang), "utf-8", newline="\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else DOCS)
