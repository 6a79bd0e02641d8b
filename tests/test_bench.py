"""What the benchmarks promise: costs grow as the program does, and nothing wrong is timed."""

from __future__ import annotations

import gc
import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import pytest

import autograd_mini as ag
from autograd_mini import blas
from autograd_mini.bench import child, compiling, contenders, costs, loops, processes
from autograd_mini.bench import peaks as memory
from autograd_mini.bench.contenders import eager
from autograd_mini.bench.goals import SLICES
from autograd_mini.bench.measure import Pace, WrongResultError, verdict
from autograd_mini.bench.parts import PARTS, Part
from autograd_mini.bench.report import KNOWN
from autograd_mini.cli import main
from autograd_mini.cli.bench_text import Text
from autograd_mini.cli.terminal import Output
from autograd_mini.graph import walk

ROOT = Path(__file__).parent.parent


def best(f: Any, *args: Any, rounds: int = 3) -> float:
    """Seconds of the processor's time, at best: what others do on the machine counts little."""
    taken = []
    for _ in range(rounds):
        start = process_time()
        f(*args)
        taken.append(process_time() - start)
    return min(taken)


def bench(
    *arguments: str, module: str = "autograd_mini", encoding: str = "utf-8"
) -> subprocess.CompletedProcess[str]:
    command = ["bench"] if module == "autograd_mini" else []
    return subprocess.run(
        [sys.executable, "-m", module, *command, *arguments],
        capture_output=True,
        check=False,
        cwd=ROOT,
        encoding=encoding,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": encoding},
    )


# -- memory, which is counted and always the same


def test_checkpoints_keep_the_square_root() -> None:
    """Four times the layers, four times the memory; in √n pieces about twice."""
    peaks = {}
    for f in (memory.chain, memory.pieces):
        found = [memory.peak(ag.grad(f), memory.STATE, n) for n in (250, 1_000)]
        peaks[f.__name__] = [peak for _, peak in found]
        right, _ = memory.peak(ag.grad(memory.chain), memory.STATE, 1_000)
        np.testing.assert_allclose(found[1][0], right, rtol=1e-12)
    small, large = peaks["chain"]
    assert 3.7 < large / small < 4.3
    small, large = peaks["pieces"]
    assert large / small < 2.2
    assert large < peaks["chain"][1] / 15


def test_set_items_into_one_array_are_linear_in_memory() -> None:
    (_, small), (slope, large) = (
        memory.peak(ag.grad(memory.written), 1.0, n) for n in (1_000, 4_000)
    )
    assert slope == pytest.approx(2 * sum(i * i for i in range(4_000)), rel=1e-12)
    assert large / small < 4.5
    assert large < 4_000 * 2_000 / 1e6, "not even 2 kB each, where a copy each would be 32"


# -- time


@pytest.mark.parametrize("run", [loops._eager, loops._recorded])
def test_a_loop_of_slices_is_linear(run: Any) -> None:
    """Were every slice's cotangent an array of zeros, it would cost ten times as much."""
    few, many = (np.random.default_rng(0).normal(size=(n, 4)) for n in (1_000, 10_000))
    assert best(run, many, rounds=2) / 10 < 2.5 * best(run, few)


@pytest.mark.slow
@pytest.mark.parametrize("kind", costs.KINDS)
def test_an_operation_costs_the_same_in_a_long_graph(kind: str) -> None:
    operation, start = costs.KINDS[kind]
    gc.freeze()  # what pytest holds would be searched as the graph grows
    try:
        short = best(costs._chain(operation, start, 1_000), rounds=5) / 1_000
        long = best(costs._chain(operation, start, 100_000), rounds=2) / 100_000
    finally:
        gc.unfreeze()
    assert long < 5 * short  # the collector and the caches cost twice; a square, a hundred times


def test_the_gradient_of_a_long_lstm() -> None:
    p, X = loops.lstm_problem(2, 3, 5, steps=40)
    value, gradients = ag.value_and_grad(loops.lstm)(p, X)
    loops.check_lstm(value, gradients, p, X)
    gradients[1][0, 0] *= 1.0 + 1e-4
    with pytest.raises(WrongResultError, match=r"lstm, gradient 1: off by"):
        loops.check_lstm(value, gradients, p, X)


# -- the command


FEW = ("--rounds", "3", "--slice-ms", "0.01")


def test_rows_are_checked_measured_and_printed() -> None:
    """In ASCII, in 100 columns: contenders, goals, and what is not installed."""
    done = bench("xnor", "hvp", "jacobian", *FEW, encoding="ascii")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 100
    assert "xnor: 2-2-1, 4 examples, f64" in lines
    assert "hvp: second derivatives of note64 with m = 500, along a direction" in lines
    assert f"jacobian: {PARTS['jacobian'].what}" in lines
    by_hand = [line for line in lines if line.startswith("  NumPy by hand")]
    eager = [line for line in lines if re.match(r"  eager .* \[\d+\.\d\d to \d+\.\d\d\]", line)]
    assert (len(by_hand), len(eager)) == (2, 3), "eager, eager nn; eager"
    for library, module in (("PyTorch", "torch"), ("JAX", "jax"), ("MyGrad", "mygrad")):
        assert (find_spec(module) is None) == (
            f"! {library} is not installed: pip install {module}" in lines
        )
    assert "Side by side, median us" in lines
    (told,) = (line for line in lines if line.startswith("Goals: "))
    unknown = rf"not judged: that takes --rounds {SLICES}"
    assert re.fullmatch(rf"Goals: 0 of (\d+) reached; \1 {unknown}", told)


def test_the_json_is_complete() -> None:
    done = bench("xnor", "epochs64", "jacobian", "--json", "--only", "eager,ag.fit", *FEW)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["machine"].keys() >= {"cpu", "cpus", "load", "system", "python", "numpy", "blas",
                                       "threads", "clock", "versions"}  # fmt: skip
    assert found["rounds"] == 3
    assert found["wrong"] is False
    assert [*found["rows"]] == ["xnor", "epochs64"]
    assert len(found["parts"]["jacobian"]) == 3
    by_hand, eager = found["rows"]["xnor"]["contenders"]
    assert (by_hand["name"], eager["name"]) == ("NumPy by hand", "eager")
    assert len(eager["slices"]) == 3
    low, high = eager["quartiles"]
    assert low <= eager["median"] <= high
    middle, low, high = eager["of_by_hand"]
    assert low <= middle <= high
    assert [one["name"] for one in found["rows"]["epochs64"]["contenders"]][-1] == "ag.fit"


def test_the_door_in_the_repository_is_the_command() -> None:
    listed = [bench("--list", module=module) for module in ("autograd_mini", "benchmarks")]
    assert listed[0].stdout == listed[1].stdout
    told = [line.split()[0] for line in listed[0].stdout.splitlines()]
    assert told == [*KNOWN]
    assert max(map(len, listed[0].stdout.splitlines())) <= 100


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["note6"], "no row 'note6', did you mean note64?"),
        (["velocity"], "no row 'velocity', --list tells what there is"),
        (["--rounds", "0"], "argument --rounds: '0': give a whole number, 1 or more"),
        (["--slice-ms", "nan"], "argument --slice-ms: 'nan': give a number above 0, at most 60000"),
        (["--clock", "cpu", "--threads", "2"], "--clock cpu adds up the time of all threads; use"),
        (["xnor", "--only", "caffe"], "--only 'caffe': there are eager, eager nn"),
    ],
)  # fmt: skip
def test_wrong_use_is_told_in_one_line(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main(["bench", *arguments])
    assert left.value.code == 2
    told = capsys.readouterr().err
    assert told.startswith(f"autograd-mini bench: error: {message}")
    assert told.count("\n") == 1


def test_what_needs_a_process_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Peaks and imports are told from anywhere; numbers of the right size, no heavy module."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    pace = Pace(1, 0.01, process_time)
    ours, *_ = processes.imports(pace)
    assert ours["label"] == "autograd_mini"
    assert 0 < ours["median"][0] < 1_000
    if child.FORGET.exists():
        by_hand, eagerly, *_ = processes.peaks(pace)
        assert (by_hand["label"], eagerly["label"]) == ("NumPy by hand", "eager")
        # Two arrays of 5,000 x 25 in float64 are the least that is held; X alone is 16 MB.
        assert 2 < max(by_hand["MB"]["first call"], by_hand["MB"]["later calls"]) < 16
        assert eagerly["ratio"][0] > 1
        assert by_hand["MB"]["in all"] > 16 + 20


def test_programs_grow_as_far_as_asked() -> None:
    lines = compiling.growth(Pace(1, 0.01, process_time, nodes=1_000))
    assert [*lines[0]["µs"]] == ["100", "1,000"]
    labels = {line["label"].split(",")[0] for line in lines}
    assert labels == {*compiling.SHAPES}


@pytest.mark.parametrize("shape", compiling.SHAPES)
def test_a_growing_program_has_the_nodes_it_says(shape: str) -> None:
    """Within a factor of two, however it is written."""
    f, x = compiling.SHAPES[shape]
    y = f(ag.Tensor(x, requires_grad=True), 1_000)
    operations = [node for node in walk(y.node) if node.op is not None]
    assert 1_000 <= len(operations) <= 2_000


def test_threads_and_environment_are_as_before(capsys: pytest.CaptureFixture[str]) -> None:
    def settings() -> Any:
        return {k: v for k, v in os.environ.items() if "THREADS" in k}, blas.threads()

    before = settings()
    assert main(["bench", "xnor", "--threads", "2", "--only", "eager", *FEW]) == 0
    assert "threads: 2, wall clock" in capsys.readouterr().out
    assert settings() == before


def test_a_wrong_result_is_not_timed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The status is 1, the line names who was wrong and by how much; the others are timed."""
    right = eager.read

    def wrong(result: Any) -> Any:
        cost, arrays = right(result)
        return cost, [*arrays[:-1], 1.001 * arrays[-1]]

    monkeypatch.setattr(eager, "read", wrong)
    assert main(["bench", "xnor", "--only", "eager,eager nn", *FEW]) == 1
    told = capsys.readouterr().out
    assert "✗ eager: gradient 3 is off by 1.0e-03 of its norm; not timed" in told
    assert "\n  eager  " not in told
    assert "\n  NumPy by hand  " in told


def test_a_part_that_raises_does_not_end_the_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(pace: Pace) -> Any:
        raise ZeroDivisionError("1/0,\nof all things")

    monkeypatch.setitem(PARTS, "jacobian", Part("nothing", broken))
    assert main(["bench", "jacobian", "memory", *FEW]) == 1
    told = capsys.readouterr().out
    assert "\n  ZeroDivisionError: 1/0, of all things  " in told
    assert "\nmemory: " in told


def test_numbers_stand_below_what_they_say() -> None:
    """A head for lines with the same numbers, another where they differ."""
    stream = StringIO()
    lines = [
        {"label": "a", "MB": {"100": 1.0, "1,000": 2.0}},
        {"label": "b", "MB": {"100": 3.0, "1,000": 4.0}, "ratio": (2.0, 1.5, 2.5), "goal": 2.0,
         "verdict": "within the interval"},
        {"label": "c", "MB": {"200": 5.0}},
    ]  # fmt: skip
    Text(Output(stream=stream)).part("memory", "by n", lines)
    assert [line.split() for line in stream.getvalue().splitlines()] == [
        [],
        ["memory:", "by", "n"],
        ["100", "MB", "1,000", "MB", "ratio"],
        ["a", "1.00", "2.00"],
        ["b", "3.00", "4.00", "2.00", "[1.50", "to", "2.50]", "within", "the", "interval"],
        ["200", "MB"],
        ["c", "5.00"],
    ]


def test_a_wrong_part_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    right = ag.jacobian
    monkeypatch.setattr(ag, "jacobian", lambda f: lambda x: right(f)(x) * 1.01)
    assert main(["bench", "jacobian", "--json", *FEW]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["wrong"] is True
    (line,) = found["parts"]["jacobian"]
    assert line["verdict"] == "wrong"
    assert line["label"].startswith("ag.jacobian: off by 1.0e-02")


def test_a_library_that_does_not_work_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(name: str) -> Any:
        if name.endswith("torch_compile"):
            raise ImportError("it needs a C++ compiler, and there is no g++")
        if name.endswith("jax_jit"):
            raise ModuleNotFoundError("No module named 'jax'", name="jax")
        return right(name)

    right = contenders.import_module
    monkeypatch.setattr(contenders, "import_module", broken)
    found, missing = contenders.load(1)
    assert [one.name for one in found][:4] == ["NumPy by hand", "eager", "eager nn", "jit"]
    told = "torch.compile can not be used: it needs a C++ compiler, and there is no g++"
    assert {told, "JAX is not installed: pip install jax"} <= {*missing}


def test_who_raises_is_told_and_the_others_are_timed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(p: Any) -> Any:
        raise OSError("no compiler\nat all")

    monkeypatch.setattr(eager, "modules", broken)
    assert main(["bench", "xnor", "--only", "eager,eager nn", *FEW]) == 1, "it is one of ours"
    told = capsys.readouterr().out
    assert "! eager nn failed: OSError: no compiler at all" in told
    assert "\n  eager  " in told


def test_a_goal_is_missed_only_by_the_whole_interval() -> None:
    assert verdict((6.0, 5.8, 6.2), 8.0) == "reached"
    assert verdict((9.0, 8.5, 9.5), 8.0) == "missed"
    assert verdict((8.0, 7.9, 8.1), 8.0) == "within the interval"


def test_a_wrong_jacobian_is_not_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    right = ag.jacobian
    monkeypatch.setattr(ag, "jacobian", lambda f: lambda x: right(f)(x) + 1e-6)
    with pytest.raises(WrongResultError, match="jacobian: off by"):
        loops.jacobians(Pace(1, 1e-6, process_time))
