"""The backward pass as numbered pictures."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import autograd_mini as ag
from autograd_mini.drawing import draw
from autograd_mini.drawing.frames import frames
from autograd_mini.drawing.steps import backward
from autograd_mini.drawing.style import LIT
from tests.drawn import chain, each_engine, logistic_regression, texts, xnor_cost


def test_a_folder_gets_a_picture_of_each_step(tmp_path: Path) -> None:
    picture = draw(logistic_regression())
    steps = len(backward(picture.diagram))
    folder = picture.save(f"{tmp_path}/new/steps/")
    assert folder == tmp_path / "new" / "steps"
    names = sorted(path.name for path in folder.iterdir())
    assert names == sorted(
        f"step-{n:02}.{kind}" for n in range(1, steps + 1) for kind in ("svg", "png")
    )
    assert (folder / "step-01.png").read_bytes().startswith(b"\x89PNG")
    first = texts((folder / "step-01.svg").read_text("utf-8"))
    assert f"1 of {steps}: start at J, arrives 1" in first
    again = draw(logistic_regression()).save(tmp_path)  # a folder that is there
    for name in names:
        assert (again / name).read_bytes() == (folder / name).read_bytes()


def test_a_frame_says_what_arrives_the_rule_and_what_leaves() -> None:
    x = ag.Tensor(3.0, requires_grad=True, name="x")
    made = list(frames(draw(np.sin(x * x)).diagram))
    assert made[1].caption == (
        "2 of 3: sin | arrives 1 | rule g · cos(x) | leaves to n1 (multiply) -0.9111"
    )
    assert made[2].caption.endswith("rule a: g · b; b: g · a | leaves to x -2.733, x -2.733")
    marks = [{v.name: v.mark for v in frame.vertices if v.name} for frame in made]
    assert [m["x"] for m in marks] == ["waiting", "waiting", "reached"]
    assert [m["sin"] for m in marks] == ["waiting", "active", "reached"]
    assert [frame.vertices[0].gradient[0].strip() for frame in made] == ["?", "?", "-5.467"]


@each_engine
def test_all_frames_are_laid_out_alike(
    engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTOGRAD_MINI_DOT", engine)
    picture = draw(xnor_cost())
    if engine:
        with pytest.warns(RuntimeWarning, match="saved as SVG only: a PNG needs graphviz-pure"):
            folder = picture.save(f"{tmp_path}/")
    else:
        folder = picture.save(f"{tmp_path}/")
    drawn = [path.read_text("utf-8") for path in sorted(folder.glob("*.svg"))]
    assert len(drawn) == len(backward(picture.diagram))
    assert all(LIT in svg for svg in drawn)
    centres = {tuple(re.findall(r'c[xy]="[^"]*"|viewBox="[^"]*"', svg)) for svg in drawn}
    assert len(centres) == 1


def test_what_has_no_backward_pass_is_refused(tmp_path: Path) -> None:
    for picture in (draw(ag.nn.gates.AND), draw(chain(1), gradients=False)):
        with pytest.raises(ValueError, match="no backward pass to draw; give a real scalar"):
            picture.save(f"{tmp_path}/steps/")
    with pytest.raises(ValueError, match=r"401 steps are too many.*budget=60, or save as \.html"):
        draw(chain(400), budget=None).save(f"{tmp_path}/steps/")
    assert list(tmp_path.iterdir()) == []


def test_a_large_graph_has_few_frames_with_a_budget() -> None:
    made = list(frames(draw(chain(5_000), budget=10).diagram))
    assert 1 < len(made) < 10
    assert "×" in made[1].caption + made[2].caption
