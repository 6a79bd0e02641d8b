"""Which program draws, what happens without it, and the files that are left."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import graphviz
import numpy as np
import pytest

import autograd_mini as ag
from autograd_mini.drawing import describe_engine, draw, fonts, render
from autograd_mini.drawing.dot import to_dot
from autograd_mini.drawing.model import FIELDS
from tests.drawn import chain, texts, xnor_cost


def test_the_built_in_engine_needs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOGRAD_MINI_DOT", "built-in")
    picture = draw(xnor_cost())
    shown = texts(picture.svg())
    for name in ("theta1", "theta2", "bias1", "bias2", "z2", "a2", "z3", "sigmoid", "softplus"):
        assert name in shown
    assert describe_engine().startswith("built-in layout")
    with pytest.raises(RuntimeError, match=r"PNG needs graphviz-pure.*save as \.svg"):
        picture.png()


def test_what_pip_installed_is_found_without_a_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AUTOGRAD_MINI_DOT", raising=False)
    monkeypatch.setenv("PATH", "")
    assert [engine.name for engine in render.engines()] == ["graphviz-pure", "built-in"]
    assert re.match(r"graphviz-pure \d+\.\d+", describe_engine())


def test_the_variable_names_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    program = render._graphviz_pure()
    assert program is not None
    monkeypatch.setenv("AUTOGRAD_MINI_DOT", program)
    assert [engine.program for engine in render.engines()] == [program, ""]
    monkeypatch.setenv("AUTOGRAD_MINI_DOT", "no-such-program")
    with pytest.raises(FileNotFoundError, match=r"AUTOGRAD_MINI_DOT is 'no-such-program'.*unset"):
        draw(xnor_cost()).svg()


@pytest.fixture
def as_dot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with a `dot` and without graphviz-pure: the same program under the other name."""
    program = render._graphviz_pure()
    assert program is not None
    place = tmp_path / ("dot.exe" if os.name == "nt" else "dot")
    shutil.copy(program, place)
    monkeypatch.delenv("AUTOGRAD_MINI_DOT", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(render, "_graphviz_pure", lambda: None)
    return place


def test_a_system_dot_is_used_through_its_package(
    as_dot: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    pipe = graphviz.pipe

    def recording(engine: str, kind: str, data: bytes, **how: Any) -> Any:
        asked.append(kind)
        return pipe(engine, kind, data, **how)

    monkeypatch.setattr(graphviz, "pipe", recording)
    assert [engine.name for engine in render.engines()] == ["system dot", "built-in"]
    picture = draw(xnor_cost())
    assert "theta1" in texts(picture.svg())
    assert picture.png().startswith(b"\x89PNG")
    assert describe_engine().startswith("system dot ")
    assert asked == ["svg", "png"]


def test_an_engine_that_fails_is_named_and_the_next_one_draws(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / ("broken.bat" if os.name == "nt" else "broken")
    broken.write_text("exit 3\n" if os.name == "nt" else "#!/bin/sh\necho no memory >&2\nexit 3\n")
    broken.chmod(broken.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("AUTOGRAD_MINI_DOT", str(broken))
    picture = draw(xnor_cost())
    with pytest.warns(RuntimeWarning, match=r"broken failed: exit status 3.*drawn with built-in"):
        svg = picture.svg()
    assert "theta1" in texts(svg)
    with (
        pytest.warns(RuntimeWarning, match="broken failed"),
        pytest.raises(RuntimeError, match="PNG needs graphviz-pure"),
    ):
        picture.png()
    assert "of unknown version" in describe_engine()


def test_an_engine_that_does_not_come_back_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = tmp_path / ("slow.bat" if os.name == "nt" else "slow")
    slow.write_text(
        "ping -n 30 127.0.0.1 >nul\n" if os.name == "nt" else "#!/bin/sh\nexec sleep 30\n"
    )
    slow.chmod(slow.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("AUTOGRAD_MINI_DOT", str(slow))
    monkeypatch.setattr(render, "TIME_LIMIT", 0.2)
    with pytest.warns(RuntimeWarning, match=r"slow failed: .*timed out.*drawn with built-in"):
        assert texts(draw(xnor_cost()).svg())


def test_drawing_loads_on_first_use_and_graphviz_only_for_a_system_dot() -> None:
    program = (
        "import sys, autograd_mini as ag\n"
        "assert 'autograd_mini.drawing' not in sys.modules\n"
        "ag.draw(ag.Tensor(1.0, requires_grad=True) * 2.0).svg()\n"
        "print('graphviz' in sys.modules)"
    )
    root = Path(ag.__file__).parent.parent
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=root
    )
    assert done.stdout.strip() == "False"


# Files


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("graph.svg", b"<svg "),
        ("graph.PNG", b"\x89PNG"),
        ("graph.dot", b'digraph "autograd_mini" {'),
        ("graph.txt", b"x = parameter"),
    ],
)
def test_the_suffix_says_the_format(name: str, start: bytes, tmp_path: Path) -> None:
    folder = tmp_path / "图 1"
    folder.mkdir()
    saved = draw(chain(3)).save(str(folder / name))
    assert saved == folder / name
    assert saved.read_bytes().startswith(start)
    assert [path.name for path in folder.iterdir()] == [name]


@pytest.mark.parametrize("name", ["graph.gif", "graph", ".svg"])
def test_an_unknown_suffix_lists_what_is_possible(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"suffix is .*; end the name in one of \.html, \.svg, "):
        draw(chain(3)).save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"'a\.svg' can not be saved in .*no folder; make"):
        draw(chain(3)).save(tmp_path / "nowhere" / "a.svg")


def test_a_file_is_whole_or_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "a.svg"
    target.write_text("before")

    def full(self: Path, data: bytes) -> int:
        self.touch()
        raise OSError("no space left")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="no space left"):
        draw(chain(3)).save(target)
    assert target.read_text() == "before"
    assert [path.name for path in tmp_path.iterdir()] == ["a.svg"]


def test_a_notebook_shows_it_by_itself() -> None:
    picture = draw(chain(3))
    assert picture._repr_svg_() == picture.svg()
    assert repr(picture).startswith("<Picture of 7 shapes and 6 arrows")


def test_the_dot_text_is_the_diagrams() -> None:
    picture = draw(chain(3))
    assert picture.dot == to_dot(picture.diagram)


# Letters of every script


def named(name: str) -> Any:
    x = ag.Tensor(2.0, requires_grad=True, name=name)
    return draw(np.sin(x))


def one_letter(letter: str) -> bytes:
    program = render._graphviz_pure()
    assert program is not None
    dot = f'digraph {{ node [fontname="Helvetica" fixedsize=true]; a [label="{letter}"] }}'
    done = subprocess.run(
        [program, "-Kdot", "-Tpng"], input=dot.encode(), capture_output=True, check=True
    )
    return done.stdout


def test_what_is_called_covered_is_no_empty_box() -> None:
    box = one_letter("中")
    assert box == one_letter("한")
    ours = "θδλσΣΘ∂·−√≤≥≠²⁻ᵀₙ…×→∞∫é Ж ש ǎ"
    for letter in [*ours, *sorted(fonts.SYMBOLS)]:
        assert letter == " " or one_letter(letter) != box, letter
    assert fonts.uncovered(ours) == []
    for letter in "中文か한سनส🙂∇∈⇒":
        assert fonts.uncovered(letter) == [letter]
        assert one_letter(letter) == box, letter


def test_all_that_we_write_ourselves_is_covered() -> None:
    net = ag.nn.Network([3, 9, 2], seed=0, activation="softplus")
    J = ag.nn.logistic_cost(net, np.ones((2, 3)), np.array([0, 1]), lam=1.0)
    for budget in (None, 8):
        picture = draw(J, budget=budget, fields=FIELDS, edges="both")
        assert fonts.uncovered(picture.dot) == []


def test_chinese_is_drawn_by_a_dot_that_has_a_font_for_it(
    as_dot: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = render._graphviz_pure
    pure = shutil.copy(as_dot, as_dot.with_name("graphviz-pure"))
    monkeypatch.setattr(render, "_graphviz_pure", lambda: str(pure))
    assert program() is None
    used: list[str] = []
    run = render._run
    monkeypatch.setattr(render, "_run", lambda e, d, k: (used.append(e.name), run(e, d, k))[1])
    asked: list[list[str]] = []
    monkeypatch.setattr(render, "without_font", lambda found: asked.append(found) or [])
    assert named("θ 图").png().startswith(b"\x89PNG")
    assert named("θ ∂J").png().startswith(b"\x89PNG")
    named("图").svg()
    assert used == ["system dot", "graphviz-pure", "graphviz-pure"]
    assert asked == [["图"]]


@pytest.mark.parametrize("missing", ["dot", "font"])
def test_without_a_font_for_it_a_png_says_so_in_one_line(
    missing: str, as_dot: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(render, "without_font", lambda letters: letters)
    if missing == "dot":
        pure = as_dot.rename(as_dot.with_name("graphviz-pure"))
        monkeypatch.setattr(render, "_graphviz_pure", lambda: str(pure))
    told = r"^no font here draws 图 网, which are empty boxes in the PNG; save as \.svg, .*install"
    with pytest.warns(RuntimeWarning, match=told) as caught:
        assert named("图网").png().startswith(b"\x89PNG")
    assert "\n" not in str(caught[0].message)
    assert Path(caught[0].filename) == Path(__file__)
    named("图").svg()  # whoever shows it has the font


def test_a_font_for_some_of_the_letters_is_used_and_the_others_are_named(
    as_dot: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: list[str] = []
    run = render._run
    monkeypatch.setattr(render, "_run", lambda e, d, k: (used.append(e.name), run(e, d, k))[1])
    monkeypatch.setattr(render, "without_font", lambda letters: ["🙂"])
    with pytest.warns(RuntimeWarning, match="no font here draws 🙂, which is an empty box"):
        named("图 🙂").png()
    assert used == ["system dot"]


@pytest.mark.parametrize(
    ("listed", "lacking"), [("Noto Sans CJK SC", ["网"]), ("", ["图", "网"]), (None, [])]
)
def test_fontconfig_is_asked_for_each_letter(
    listed: str | None, lacking: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.name == "nt":
        pytest.skip("the stand-in for fc-list is a shell script")
    monkeypatch.setenv("PATH", str(tmp_path))
    if listed is not None:
        stand_in = tmp_path / "fc-list"
        stand_in.write_text(f'#!/bin/sh\n[ "$1 $2" = ":charset=56fe family" ] && echo "{listed}"\n')
        stand_in.chmod(0o755)
    assert fonts.without_font(["图", "网"]) == lacking
