"""`autograd-mini check --against`: code in a process of its own, saved files, limits, languages."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograd_mini import cli, closed_form
from autograd_mini.cli.problem import sines
from tests.students import RIGHT, with_slips

ROOT = Path(__file__).parent.parent
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    monkeypatch.chdir(tmp_path)

    def main(*arguments: str) -> tuple[int, str, str]:
        try:
            status = cli.main(["check", "--against", *arguments])
        except SystemExit as error:
            status = int(error.code or 0)
        return status, *capsys.readouterr()

    return main


def student(program: str, name: str = "student.py") -> str:
    Path(name).write_text(program, "utf-8")
    return name


def test_a_right_program_passes(run: Run) -> None:
    status, out, err = run(student(RIGHT))
    assert (status, err) == (0, "")
    assert "Verdict     right: this is the gradient of J" in out
    assert "m = 7" in out
    assert "λ = 3" in out


def test_a_wrong_program_fails_and_is_told_why(run: Run) -> None:
    status, out, _ = run(student(with_slips("no_slope", "lam_without_m")))
    assert status == 1
    assert "g' is missing, in δ^(2); and λ without 1/m, in ∂J/∂Θ^(1), ∂J/∂Θ^(2)" in out
    assert "The note    4.2: δ^(3) = (Θ^(3))ᵀ δ^(4) .* g'(z^(3))" in out
    assert "Evidence    residual" in out


def test_in_chinese(run: Run) -> None:
    _, out, _ = run(student(with_slips("no_slope")), "--lang", "zh")
    assert re.search(r"^结论 {8}有错.漏乘 g'.δ\^\(2\).  ✗$", out, re.MULTILINE)
    assert "笔记        4.2" in out


def test_what_a_program_prints_does_not_break_json(run: Run) -> None:
    noisy = RIGHT.replace(
        "    D = {}", "    import os, sys; print('hi', D if 0 else '{'); os.write(1, b'x'); D = {}"
    )
    status, out, err = run(student(noisy + "\nprint('loaded')\n"), "--json")
    assert (status, err) == (0, "")
    assert json.loads(out)["passed"] is True
    status, out, _ = run(student(noisy))
    assert "Printed     'hi {'" in out or "Printed" in out


def test_a_name_can_be_given(run: Run) -> None:
    student("def wrong(theta, X, Y, lam): return 1\n" + RIGHT.replace("gradients", "mine"))
    assert run("student.py:mine")[0] == 0
    status, _, err = run("student.py:other")
    assert status == 2
    assert "it defines no 'other'" in err
    student("def f(x): pass\ndef g(x): pass\n")
    assert "define gradients(theta, X, Y, lam), or name yours" in run("student.py")[2]


def test_arrays_of_a_program_are_gradients_too(run: Run) -> None:
    student(RIGHT + "\ngradients = [np.zeros((5, 4)), np.zeros((3, 6))]\n")
    assert "non-zero only in part" in run("student.py")[1]


ERRORS = {
    "def gradients(theta, X, Y, lam):\n    return tehta": "line 2: NameError: name 'tehta'",
    "def gradients(theta, X, Y, lam):\n    return 1 +": "line 2: SyntaxError: invalid syntax",
    "import no_such_module": "line 1: ModuleNotFoundError: No module named 'no_such_module'",
    "def gradients(theta, X, Y, lam):\n    pass": "the gradient holds nothing (None)",
    "def gradients(theta, X, Y, lam):\n    return X": "are none of this network, in any layout",
    "def gradients(t, X, Y, lam):\n    raise ValueError('a\\nb' * 999)": "line 2: ValueError: a b",
    "import sys; sys.exit(3)": "line 1: SystemExit: 3",
    "import os; os._exit(3)": "ended without an answer (exit status 3)",
    "x = input()": "line 1: EOFError",
    "def gradients(t, X, Y, lam):\n    return gradients(t, X, Y, lam)": "line 2: RecursionError",
    "raise KeyboardInterrupt": "line 1: KeyboardInterrupt",
    "x = '\udcff'": "SyntaxError",
}


@pytest.mark.parametrize("program", ERRORS, ids=range(len(ERRORS)))
def test_an_error_of_the_program_is_one_line(run: Run, program: str) -> None:
    Path("student.py").write_bytes(program.encode("utf-8", "surrogateescape"))
    status, _, err = run("student.py")
    assert status == 2
    assert ERRORS[program] in err
    assert err.count("\n") == 1
    assert len(err) < 500


def test_an_endless_loop_is_ended(run: Run) -> None:
    start = time.monotonic()
    student("def gradients(theta, X, Y, lam):\n    while True: pass")
    status, _, err = run("student.py", "--limit", "0.5")
    assert status == 2
    assert "took more than 0.5 s" in err
    assert time.monotonic() - start < 30


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is limited on Linux")
def test_too_much_memory_is_refused(run: Run) -> None:
    student("import numpy as np\ndef gradients(*_):\n    return np.ones((3000, 100000))")
    status, _, err = run("student.py", "--memory", "500")
    assert status == 2
    assert "line 3: more than 500 MiB of memory; --memory gives more" in err


@pytest.mark.skipif(os.name == "nt", reason="processes are looked up with POSIX's kill")
def test_what_the_program_starts_is_ended_with_it(run: Run) -> None:
    student(
        "import os, subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"open('pid', 'w').write(str(child.pid))\n{RIGHT}"
    )
    assert run("student.py")[0] == 0
    stat = Path("/proc", Path("pid").read_text(), "stat")
    assert not stat.exists() or stat.read_text().split()[2] == "Z"


def test_theta_for_its_transpose_is_found_where_it_runs(run: Run) -> None:
    status, out, _ = run(student(with_slips("row_for_column")))
    assert status == 1
    assert "Fails       student.py, line" in out
    assert "layers of 5-5-5 units, where it runs" in out
    assert "row for column" in out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--limit", "0"], "--limit"),
        (["--memory", "x"], "--memory"),
        (["--lang", "de"], "--lang"),
    ],
)
def test_wrong_options_are_one_line(run: Run, options: list[str], message: str) -> None:
    status, _, err = run("student.py", *options)
    assert status == 2
    assert message in err
    assert err.count("\n") == 1


# -- saved gradients


@pytest.fixture
def saved() -> dict[int, Any]:
    theta = [sines(5, 4), sines(3, 6)]
    return closed_form.gradients(theta, sines(5, 3), np.arange(1, 6) % 3, 3.0)


@pytest.mark.parametrize("form", ["npz", "named", "npy", "json", "json by name"])
def test_a_saved_file_is_read(run: Run, saved: dict[int, Any], form: str) -> None:
    D = saved
    file = f"mine.{form.split()[0].replace('named', 'npz')}"
    if form == "npz":
        np.savez(file, D[1], D[2])
    elif form == "named":
        np.savez(file, Theta2_grad=D[2], Theta1_grad=D[1])
    elif form == "npy":
        np.save(file, np.concatenate([D[1].ravel("F"), D[2].ravel("F")]))
    elif form == "json":
        Path(file).write_text(json.dumps([D[1].tolist(), D[2].tolist()]))
    else:
        Path(file).write_text(json.dumps({"W": [D[l][:, 1:].tolist() for l in D],
                                          "b": [D[l][:, 0].tolist() for l in D]}))  # fmt: skip
    status, out, err = run(file)
    assert (status, err) == (0, "")
    assert "λ = 3" in out
    assert "m = 5" in out


def test_saved_gradients_may_be_those_of_another_lambda(run: Run) -> None:
    theta = [sines(5, 4), sines(3, 6)]
    D = closed_form.gradients(theta, sines(5, 3), np.arange(1, 6) % 3)
    np.savez("mine.npz", D[1], D[2])
    status, out, _ = run("mine.npz")
    assert status == 0
    assert "λ = 0" in out
    assert run("mine.npz", "--lam", "3")[0] == 1


def test_a_problem_of_its_own_can_be_saved_beside(run: Run) -> None:
    rng = np.random.default_rng(0)
    theta, X, y = [rng.normal(size=(2, 4))], rng.normal(size=(6, 3)), np.arange(6) % 2
    D = closed_form.gradients(theta, X, y, 2.0)
    np.savez("mine.npz", theta1=theta[0], X=X, y=y, lam=2.0, dW1=-D[1])
    status, out, _ = run("mine.npz")
    assert status == 1
    assert "theta, X and Y of mine.npz itself" in out
    assert "the whole gradient has the opposite sign" in out


BROKEN = {
    "mine.npz": b"PK\x03\x04 cut",
    "mine.npy": b"\x93NUMPY\x01\x00",
    "mine.json": b"{",
    "mine.txt": b"1 2 3",
    "deep.json": b"[" * 100_000,
    "word.json": b'["a"]',
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_one_line(run: Run, name: str) -> None:
    Path(name).write_bytes(BROKEN[name])
    status, _, err = run(name)
    assert status == 2
    assert err.count("\n") == 1


def test_a_file_that_is_not_there_is_one_line(run: Run) -> None:
    for name in ("none.py", "none.npz", "none.json"):
        status, _, err = run(name)
        assert status == 2
        assert "No such file" in err


def test_a_terminal_that_knows_no_greek(tmp_path: Path) -> None:
    (tmp_path / "student.py").write_text(with_slips("y_minus_a"), "utf-8")
    for encoding, lang in (("ascii", "en"), ("cp936", "zh")):
        done = subprocess.run(
            [sys.executable, "-m", "autograd_mini", "check", "--against", "student.py", "--lang",
             lang],
            capture_output=True, check=False, cwd=tmp_path, timeout=60,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": encoding},
        )  # fmt: skip
        assert done.returncode == 1, done.stderr
        done.stdout.decode(encoding)


def test_the_testing_kit_does_not_load_hypothesis() -> None:
    program = "import sys; from autograd_mini.testing import diagnose; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert "hypothesis" not in done.stdout.split()
