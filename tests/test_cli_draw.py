"""`autograd-mini draw EXPRESSION`: arithmetic that is read and never run; files in any format."""

from __future__ import annotations

import ast
import json
import math
import operator
import re
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_mini as ag
from autograd_mini.cli import expression, gallery, options
from autograd_mini.cli.expression import FUNCTIONS, parse, read_values
from tests.drawn import HOSTILE, texts
from tests.test_cli import Done, command, picture, refused, run

__all__ = ["run"]  # the fixture

Twin = Callable[[dict[str, Any]], Any]

# The same functions a second time, where they are analytic: for complex numbers too.
TWINS: dict[str, Callable[..., Any]] = {
    "cos": np.cos, "exp": np.exp, "expm1": np.expm1, "sin": np.sin, "tanh": np.tanh,
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)), "softplus": lambda z: np.log(1 + np.exp(z)),
    "square": lambda z: z * z, "log": np.log, "sqrt": np.sqrt, "log1p": np.log1p,
}  # fmt: skip

BETWEEN = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}


@st.composite
def arithmetic(draw: st.DrawFn, depth: int = 4) -> tuple[str, Twin]:
    """A random expression: its text, and a function that computes it in another way."""
    kind = draw(st.integers(0, 6 if depth else 1))
    if kind == 0:
        number = draw(st.integers(1, 40)) / 8
        return draw(st.sampled_from([str(number), f"{number:.3e}"])), lambda at: number
    if kind == 1:
        name = draw(st.sampled_from(["x", "w", "θ"]))
        return name, lambda at: at[name]
    inner, f = draw(arithmetic(depth - 1))
    if kind == 2:
        return f"-({inner})", lambda at: -f(at)
    if kind == 3:
        called = draw(st.sampled_from(sorted(TWINS)))
        return f"{called}( {inner} )", lambda at: TWINS[called](f(at))
    if kind == 4:
        power = draw(st.integers(-2, 3))
        return f"({inner})**{power}", lambda at: f(at) ** float(power)
    other, h = draw(arithmetic(depth - 1))
    sign, apply = draw(st.sampled_from(sorted(BETWEEN.items())))
    return f"({inner}) {sign} ({other})", lambda at: apply(f(at), h(at))


@given(arithmetic(), st.lists(st.integers(-16, 16).map(lambda k: k / 8), min_size=3, max_size=3))
def test_value_and_gradient_are_those_of_another_way(
    pair: tuple[str, Twin], numbers: list[float]
) -> None:
    """The gradient beside the imaginary part of f(x + ih)/h, h = 1e-30."""
    text, twin = pair
    text = f"x*0 + {text}"
    at = dict(zip(("x", "w", "θ"), numbers, strict=True))
    found = parse(text)
    try:
        value, gradient = found.record(at)
    except ValueError:  # a division by zero, the root of a negative number
        return
    with np.errstate(all="ignore"):
        expected = twin({name: np.float64(v) for name, v in at.items()})
        np.testing.assert_allclose(value.item(), expected, rtol=1e-12, atol=1e-300)
        for name in found.variables:
            moved = {key: np.complex128(v) for key, v in at.items()}
            moved[name] += 1e-30j
            slope = float(np.imag(twin(moved))) / 1e-30
            if math.isfinite(slope):  # the complex functions overflow where the real ones do not
                np.testing.assert_allclose(gradient[name], slope, rtol=1e-9, atol=1e-9)


@given(arithmetic(3))
def test_a_random_expression_draws(pair: tuple[str, Twin]) -> None:
    try:
        J, _ = parse(f"x + {pair[0]}").record({"x": 0.5, "w": 1.25, "θ": -0.75})
    except ValueError:
        return
    drawn = ag.draw(J)
    assert drawn.diagram == ag.draw(J).diagram
    assert len(drawn.diagram.vertices) <= 2 * 60
    assert "x" in {v.name for v in drawn.diagram.vertices}


def test_what_python_means_is_what_is_computed() -> None:
    """Precedence and grouping are Python's own."""
    for text, value in (
        ("-x**2", -9), ("2**x**2", 512), ("2 - x - 4", -5), ("8/x/2", 8 / 6), ("-x*-x", 9),
        ("2+x*2", 8), ("(2+x)*2", 10), ("x**-1", 1 / 3), ("+x", 3), ("--x", 3), ("1_0*x", 30),
        (".5*x", 1.5), ("1e1*x", 30), ("pi*x", 3 * math.pi), ("e*x", 3 * math.e),
        ("max(x, 5)", 5), ("min(x, 5)", 3), ("abs(-x)", 3), ("relu(-x)", 0), ("\tx\n", 3),
    ):  # fmt: skip
        J, _ = parse(text).record({"x": 3.0})
        assert J.item() == pytest.approx(value, rel=1e-15), text
    assert parse("e*x", ["e"]).record({"e": 5.0, "x": 2.0})[0].item() == 10


@pytest.mark.parametrize("text", ["exp(1000*x)", "1/(x-1)", "log(-x)", "sqrt(x-1)"])
def test_no_infinity_is_drawn_whatever_numpy_is_told(text: str) -> None:
    with (
        np.errstate(all="ignore"),
        pytest.raises(ValueError, match=r"division by zero|no real|too"),
    ):
        parse(text).record({"x": 1.0})


def test_every_function_has_the_derivative_that_the_engine_knows() -> None:
    for name, (_, count) in FUNCTIONS.items():
        text = f"{name}({', '.join('xw'[:count])})"
        _, gradient = parse(text).record({"x": 0.3, "w": 0.2})
        assert set(gradient) == set("xw"[:count])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "position 0: expected a number, a name or (, found the end"),
        ("x +", "position 3: expected a number, a name or (, found the end"),
        ("* x", "position 0: expected a number, a name or (, found '*'"),
        ("2x", "position 1: expected + - * / ** or the end, found 'x'"),
        ("(x y", "position 3: expected + - * / ** or ), found 'y'"),
        ("x^2", "position 1: expected + - * / ** or the end, found '^'; a power is **"),
        ("2 * (x", "position 4: this ( is never closed"),
        ("x) * 2", "position 1: this ) closes nothing"),
        ("sin)(x", "position 3: this ) closes nothing"),
        ("θ + foo(x)", "position 4: function 'foo' is not known; there are abs, cos"),
        ("snh(x)", "position 0: function 'snh' is not known, did you mean sin?"),
        ("1 + sin", "position 4: sin is a function: sin(...)"),
        ("sin(x, y)", "position 0: sin takes 1 argument: sin(x)"),
        ("max(x)", "position 0: max takes 2 arguments: max(x, y)"),
        ("max(*x)", "position 4: expected a number, a name or (, found '*'"),
        ("x, y", "position 1: expected"),
        ("x if y else z", "position 2: expected"),
        ("__import__('os').system('true')", "position 11: expected"),
        ("x.__class__", "position 1: expected"),
        ("(lambda: x)", "position 7: expected"),
        ("lambda + x", ": this is no name and no number (in 'lambda + x')"),
        ("x[0]", "position 1: expected"),
        ("x # + 1", "position 2: expected"),
        ("x := 2", "position 2: expected"),
        ("x + True", "position 4: True is no number"),
        ("2j * x", "position 1: expected"),
        ("1e999 * x", "position 0: this number is too large"),
        ("9" * 400 + "*x", "position 0: this number is too large"),
        ("2 + 3", "'2 + 3' has no variable to derive by; name one, such as x * 2"),
        ("x+" * 5000 + "x", "an expression of 10,001 characters; at most 10,000 are read"),
        ("-" * 9000 + "x", "nested too deeply; write it in parts"),
    ],
)
def test_what_is_no_expression_is_one_clear_line(
    run: Callable[..., Done], text: str, message: str
) -> None:
    refused(run("draw", "--", text), message)
    assert not list(Path().iterdir())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 / (x - 1)", "position 2: 1 / (x - 1) is a division by zero"),
        ("3 + log(x - 2)", "position 4: log(x - 2) is no real number"),
        ("exp(1000*x)", "position 0: exp(1000*x) is too large a number (overflow)"),
        ("x * 10**400", "position 6: 10**400 is too large a number (overflow)"),
        ("(x - 9)**0.5", "position 7: (x - 9)**0.5 is no real number"),
        ("1 + sqrt(x - 1)", "the gradient can not be computed there: on the way back there is a "),
    ],
)
def test_what_can_not_be_computed_is_one_clear_line(
    run: Callable[..., Done], text: str, message: str
) -> None:
    refused(run("draw", text, "--at", "x=1"), message)
    assert not list(Path().iterdir())


@given(st.text(alphabet="xy12.e+-*/()^,# \t_θ'\"[]{}=λsin", max_size=12) | st.sampled_from(HOSTILE))
def test_no_text_does_anything_but_arithmetic(text: str) -> None:
    """What is accepted is Python that holds nothing but arithmetic; the rest says where."""
    told = ""
    try:
        found = parse(text)
    except ValueError as error:
        told = str(error)
    if told:
        assert re.match(r"position \d+: |.* has no variable|an expression of", told)
        return
    allowed = (ast.BinOp, ast.UnaryOp, ast.Call, ast.Name, ast.Constant, ast.Load)
    allowed += (ast.operator, ast.unaryop)
    assert all(isinstance(node, allowed) for node in ast.walk(found.tree))
    assert "(" in text or not any(isinstance(node, ast.Call) for node in ast.walk(found.tree))


@pytest.mark.parametrize(
    ("at", "message"),
    [
        (["--at", "x=two"], "'x=two': 'two' is no finite number; write x=2"),
        (["--at", "x=nan"], "is no finite number"),
        (["--at", "x=1e999"], "is no finite number"),
        (["--at", "x"], "'x' gives no variable a value; write --at x=2,w=-1"),
        (["--at", "x=1,x=2"], "x has two values"),
        (["--at", "1x=1"], "'1x=1' gives no variable a value"),
        (["--at", "if=1"], "'if=1' gives no variable a value"),
        (["--at", "x=1,"], "'' gives no variable a value"),
        (["--at", "x=1"], "w has no value in 'x*w'; write --at x=1,w=2"),
        ([], "x, w have no values in 'x*w'; write --at x=2,w=2"),
        (["--at", "x=1,w=1,b=1"], "'x*w' has no variable b; its variables are x, w"),
    ],
)
def test_values_that_are_missing_or_wrong(
    run: Callable[..., Done], at: list[str], message: str
) -> None:
    refused(run("draw", "x*w", *at), message)


def test_names_are_read_as_python_reads_them() -> None:
    assert read_values("\ufb01=1, x = -2e-1 ") == {"fi": 1.0, "x": -0.2}  # a ligature
    assert parse("\ufb01*2").variables == ("fi",)


def test_an_expression_is_drawn_with_its_numbers(run: Callable[..., Done]) -> None:
    done = run("draw", "x*w + sin(x)", "--at", "x=2,w=-1", "--json")
    assert done.status == 0, done.err
    found = json.loads(done.out)
    assert found["value"] == -2 + math.sin(2)
    assert found["gradient"] == {"x": -1 + math.cos(2), "w": 2.0}
    assert found["file"] == "expression.svg"
    written = " ".join(texts(picture(Path("expression.svg"))))
    for text in ("x", "w", "multiply", "sin", "add", "x*w + sin(x)", "grad -1.416", "-1.091"):
        assert text in written
    done = run("draw", "x*w + sin(x)", "--at", "x=2,w=-1")
    assert "x*w + sin(x) = -1.090702573" in done.out
    assert ["w", "-1", "2"] in [line.split() for line in done.out.splitlines()]


def test_several_formats_and_names(run: Callable[..., Done]) -> None:
    given = ["x*x", "--at", "x=3"]
    done = run("draw", *given, "--format", "svg,.PNG,html", "--format", "dot,mmd,json,txt")
    assert done.status == 0, done.err
    suffixes = ("svg", "png", "html", "dot", "mmd", "json", "txt")
    assert {path.name for path in Path().iterdir()} == {f"expression.{s}" for s in suffixes}
    assert "expression.svg, expression.png, expression.html" in done.out
    done = run("draw", *given, "--out", "图 1/x.txt", "--format", "dot,txt", "--json")
    assert json.loads(done.out)["files"] == [str(Path("图 1/x.txt")), str(Path("图 1/x.dot"))]
    assert run("draw", *given, "--out", "a.b", "--format", "txt").status == 0
    assert Path("a.b.txt").is_file()
    refused(run("draw", *given, "--out", "a.b"), "can not draw into 'a.b': end it in .")
    refused(run("draw", *given, "--format", "gif"), "'gif' is no format; give html, svg")
    refused(run("draw", *given, "--format", ""), "'' is no format")


def test_fields_choose_what_is_written(run: Callable[..., Done]) -> None:
    assert run("draw", "x*x", "--at", "x=3", "--fields", "name,value", "--out", "a.txt").status == 0
    told = Path("a.txt").read_text("utf-8")
    assert "x = parameter   3\n" in told
    assert "grad" not in told
    assert run("draw", "xnor", "--fields", "name,rule", "--out", "b.txt").status == 0
    assert "rule g · " in Path("b.txt").read_text("utf-8")
    refused(run("draw", "xnor", "--fields", "colour"), "'colour' is nothing a node holds; give")


def test_depth_and_theme(run: Callable[..., Done]) -> None:
    given = ["network", "--layers", "2-2-2-1", "--depth"]
    for depth, boxes in (("0", 2), ("1", 0)):  # layer 4 is one operation
        assert run("draw", *given, depth, "--out", "a.json").status == 0
        vertices = json.loads(Path("a.json").read_text("utf-8"))["vertices"]
        assert sum(v["kind"] == "fold" and "layer" in v["name"] for v in vertices) == boxes
    assert run("draw", "xnor", "--theme", "dark", "--out", "dark.svg").status == 0
    assert "#14181d" in picture(Path("dark.svg"))
    assert run("draw", "xnor", "--units", "--theme", "auto", "--out", "auto.svg").status == 0
    assert "prefers-color-scheme:dark" in picture(Path("auto.svg"))
    refused(run("draw", "xnor", "--theme", "pink"), "invalid choice: 'pink'")
    refused(run("draw", "xnor", "--depth", "-1"), "'-1': give a whole number, 0 or more")


def test_open_looks_at_a_page(run: Callable[..., Done], monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    def browser(url: str) -> bool:
        opened.append(url)
        return len(opened) < 3

    monkeypatch.setattr(webbrowser, "open", browser)
    assert run("draw", "x*x", "--at", "x=3", "--open").err == ""
    assert run("draw", "xnor", "--open", "--format", "txt,html").err == ""
    done = run("gates", "a or b", "--open", "--out", "g.txt")
    assert done.status == 0
    assert done.err == "autograd-mini: note: no browser opens here; open g.txt yourself\n"
    names = ["expression.html", "xnor.html", "g.txt"]
    assert opened == [Path(name).resolve().as_uri() for name in names]


def test_options_of_networks_are_not_ignored(run: Callable[..., Done]) -> None:
    refused(run("draw", "x", "--at", "x=1", "--layers", "2-1"), "an expression takes no --layers")
    refused(run("draw", "x", "--at", "x=1", "--units"), "an expression takes no --units")
    refused(run("draw", "x", "--at", "x=1", "--planes"), "an expression takes no --planes")
    refused(run("draw", "xnor", "--at", "x=1"), "its inputs where units are drawn; add --units")


def test_units_for_an_input_and_planes(run: Callable[..., Done]) -> None:
    at = ["--at", "x1=1,x2=0"]
    assert run("draw", "xnor", "--units", *at).status == 0
    assert {"AND", "5e-05", "syntax tree", "a = 0"} <= set(texts(picture(Path("xnor.svg"))))
    given = ["draw", "network", "--layers", "2-3-1", "--units", *at, "--format", "png"]
    assert run(*given).status == 0
    assert Path("network.png").read_bytes().startswith(b"\x89PNG")
    assert run("draw", "xnor", "--planes", "--out", "planes.svg").status == 0
    assert "OR: -10 + 20 a1 + 20 a2 = 0" in texts(picture(Path("planes.svg")))
    refused(run("draw", "xnor", "--units", "--at", "x1=1"), "x2 has no value in 'xnor'; write --at")
    refused(run("draw", "xnor", "--units", "--planes"), "are two pictures; give one of them")
    refused(run("draw", "network", "--planes"), "expected a 2-2-1 network, got 3-5-3")


@pytest.mark.parametrize("encoding", ["cp936", "cp1252", "ascii"])
def test_errors_of_expressions_survive_any_encoding(tmp_path: Path, encoding: str) -> None:
    folder = tmp_path / "图 1"
    folder.mkdir()
    done = command("draw", "温度 * λ +", "--at", "λ=1", cwd=folder, encoding=encoding)
    assert done.status == 2
    assert done.err.count("\n") == 1
    assert "position 8" in done.err


def test_the_command_has_no_eval() -> None:
    """Nothing in the command runs a text: neither by name nor by way of the builtins."""
    for module in (expression, gallery, options):
        source = Path(module.__file__ or "").read_text("utf-8")
        called = {n.id for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Name)}
        assert not called & {"eval", "exec", "compile", "__import__", "globals"}
