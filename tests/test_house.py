"""The house rules that a program can read: public names, the afternoon shelf, sizes, versions."""

from __future__ import annotations

import ast
import inspect
import io
import os
import re
import shutil
import subprocess
import sys
import tokenize
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import autograd_mini as ag

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "autograd_mini"

# What a person reads in an afternoon, in this order (README.md has the same list).
SHELF = [
    "context.py",
    "graph.py",
    "op.py",
    "rules/elementwise.py",
    "rules/reduction.py",
    "rules/shape.py",
    "rules/indexing.py",
    "rules/linear.py",
    "reverse.py",
    "reading.py",
    "inplace.py",
    "tensor.py",
    "transforms.py",
    "nn/initialisation.py",
    "nn/activation.py",
    "nn/network.py",
    "nn/cost.py",
    "nn/gates.py",
    "closed_form.py",
]
# The table's further chapters: looked up, not read through.
APPENDIX = [
    "rules/terms.py",
    "rules/ufuncs.py",
    "rules/selection.py",
    "rules/scan.py",
    "rules/statistics.py",
    "rules/missing.py",
    "rules/layout.py",
    "rules/products.py",
    "rules/sequences.py",
    "rules/linalg.py",
    "rules/fft.py",
    "rules/special.py",
    "rules/refused.py",
]
# What errors say: read by who meets one. It goes where the shelf goes.
TEXTS = ["blame.py"]
# Doors, not rooms: they only say what is inside.
DOORS = ["__init__.py", "rules/__init__.py", "nn/__init__.py"]

# Tests of the other rooms. All others need nothing but the shelf: they run again without the rest.
OTHER_TESTS = {
    "clusters.py",
    "documents.py",
    "jit_checks.py",
    "jit_drawn.py",
    "jit_everything.py",
    "jit_exceptions.py",
    "planted.py",
    "programs.py",
    "record_trajectories.py",
    "rule_cases_arrays.py",
    "rule_cases_more.py",
    "students.py",
    "test_batching.py",
    "test_bench.py",
    "test_bench_rows.py",
    "test_bench_scaling.py",
    "test_boundaries.py",
    "test_checking.py",
    "test_classroom.py",
    "test_cli.py",
    "test_cli_data.py",
    "test_cli_draw.py",
    "test_cli_explain.py",
    "test_conversation.py",
    "test_cli_train.py",
    "test_data.py",
    "test_data_prepared.py",
    "test_readers.py",
    "test_readers_damaged.py",
    "test_debugging.py",
    "test_debugging_found.py",
    "test_derivation.py",
    "test_derivatives.py",
    "test_diagnose.py",
    "test_diagnose_answers.py",
    "test_diagnose_command.py",
    "test_diagnose_docs.py",
    "test_diagnose_students.py",
    "test_display.py",
    "test_distributed.py",
    "test_distributed_command.py",
    "test_distributed_fit.py",
    "test_distributed_tree.py",
    "test_drawing.py",
    "test_drawing_arrows.py",
    "test_drawing_contents.py",
    "test_drawing_deltas.py",
    "test_drawing_engines.py",
    "test_drawing_formats.py",
    "test_drawing_frames.py",
    "test_drawing_highlight.py",
    "test_drawing_large.py",
    "test_drawing_layout.py",
    "test_drawing_network.py",
    "test_drawing_rules.py",
    "test_drawing_text.py",
    "test_errors.py",
    "test_examples.py",
    "test_full_batch.py",
    "test_full_batch_kept.py",
    "test_gallery.py",
    "test_house.py",
    "test_imports.py",
    "test_training_jit.py",
    "test_jit.py",
    "test_jit_fractions.py",
    "test_jit_programs.py",
    "test_jit_identities.py",
    "test_jit_everything.py",
    "test_jit_wrong_use.py",
    "test_jit_gather.py",
    "test_jit_long.py",
    "test_jit_scalars.py",
    "test_jit_kept.py",
    "test_note_depth.py",
    "test_note_document.py",
    "test_optimiser_parts.py",
    "test_optimisers.py",
    "test_paths.py",
    "test_paths_network.py",
    "test_page.py",
    "test_performance_text.py",
    "test_plots.py",
    "test_predict.py",
    "test_pytest_plugin.py",
    "test_report.py",
    "test_resume.py",
    "test_page_browser.py",
    "test_page_colours.py",
    "test_page_measured.py",
    "test_page_opened.py",
    "test_page_scopes.py",
    "test_touch.py",
    "test_touch_page.py",
    "test_trajectories.py",
    "touched.py",
    "test_readme.py",
    "rule_coverage.py",
    "test_rules_complex.py",
    "test_rules_conventions.py",
    "test_rules_coverage.py",
    "test_rules_keywords.py",
    "test_rules_more.py",
    "test_rules_refused.py",
    "test_schedules.py",
    "test_site.py",
    "test_strategies.py",
    "test_training.py",
    "test_weights.py",
    "test_without_extras.py",
}

NAMES = [
    "Tensor",
    "backprop",
    "check_grads",
    "checkpoint",
    "closed_form",
    "custom_vjp",
    "debug",
    "derivation",
    "draw",
    "explain",
    "fit",
    "ggnvp",
    "grad",
    "hessian",
    "hvp",
    "jacobian",
    "jit",
    "jvp",
    "nn",
    "no_grad",
    "primitive",
    "register_hook",
    "rule",
    "scope",
    "value_and_grad",
    "vjp",
    "vmap",
]


def code_lines(path: Path) -> int:
    """Lines that hold code: no blank lines, comments or docstrings."""
    source = path.read_text("utf-8")
    silent = {
        tokenize.COMMENT,
        tokenize.NL,
        tokenize.NEWLINE,
        tokenize.INDENT,
        tokenize.DEDENT,
        tokenize.ENCODING,
        tokenize.ENDMARKER,
    }
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in silent:
            lines |= set(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(getattr(node.value, "value", None), str):
            lines -= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return len(lines)


def test_code_lines_counts_code(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text(
        '"""Doc\n\nmore."""\n\n# why\nx = [\n    1,\n]  # here\n\n\n'
        'def f():\n    """Doc."""\n    return """a\nb"""\n'
    )
    assert code_lines(path) == 3 + 1 + 2


def test_the_public_names() -> None:
    assert sorted(ag.__all__) == NAMES
    assert len(set(ag.__all__)) == len(NAMES)


def test_every_public_name_is_there_and_in_dir() -> None:
    for name in ag.__all__:
        assert getattr(ag, name) is not None
    assert set(ag.__all__) <= set(dir(ag))


def test_nothing_public_is_left_out_of_all() -> None:
    ours = {
        name
        for name, value in vars(ag).items()
        if getattr(value, "__module__", "").startswith("autograd_mini") and name[0] != "_"
    }
    assert ours <= set(ag.__all__)
    assert len(ours) >= 8


def test_an_unknown_name_raises_as_python_does() -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        ag.no_such_name  # noqa: B018 - reading it is the test


@pytest.mark.parametrize("name", [n for n in NAMES if n not in {"nn", "closed_form"}])
def test_every_public_name_explains_itself_with_an_example(name: str) -> None:
    text = inspect.getdoc(getattr(ag, name)) or ""
    assert ">>>" in text, f"ag.{name} has no example in its docstring"


def test_no_module_bears_the_name_of_a_public_function() -> None:
    for name in set(ag.__all__) - {"nn", "closed_form"}:
        assert not (PACKAGE / f"{name}.py").exists()
        assert not (PACKAGE / name).exists()


def test_the_afternoon_shelf_has_at_most_2000_lines_of_code() -> None:
    counts = {name: code_lines(PACKAGE / name) for name in [*SHELF, *DOORS[1:]]}
    assert sum(counts.values()) <= 2_000, counts


def test_no_file_of_the_shelf_is_missing_from_the_list() -> None:
    for folder in ("rules", "nn"):
        for path in (PACKAGE / folder).glob("*.py"):
            name = f"{folder}/{path.name}"
            assert name in SHELF + APPENDIX + DOORS, f"{name}: on the shelf, or in another room?"


@pytest.mark.slow
def test_the_shelf_stands_without_any_other_room(tmp_path: Path) -> None:
    for name in [*SHELF, *DOORS, *TEXTS]:
        target = tmp_path / "autograd_mini" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PACKAGE / name, target)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "tests").mkdir()
    for path in (ROOT / "tests").glob("*.py"):
        if path.name not in OTHER_TESTS:
            shutil.copy(path, tmp_path / "tests")
    # What counts a million nodes takes as long again here, and shows nothing new.
    small = "not million and not hundred_thousand and not slices_is_linear and not memory_flat"
    options = ["-q", "-x", "-m", "not slow", "-k", small, "-p", "no:cacheprovider"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "--hypothesis-profile=smoke", "tests"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "HYPOTHESIS_NO_PLUGINS": "1"},  # an installation's: ours is a room
    )
    assert done.returncode == 0, done.stdout[-3_000:] + done.stderr[-3_000:]
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None
    assert int(passed[1]) > 500


def repository_files() -> list[Path]:
    """Files under version control; outside of a clone, those that a source archive has."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], capture_output=True, text=True, check=False, cwd=ROOT
    )
    if listed.returncode == 0 and listed.stdout:
        return [ROOT / name for name in listed.stdout.split("\0") if name]
    hidden = re.compile(r"/(\.venv|\.[a-z]+_cache|\.hypothesis|__pycache__|out|runs)")
    return [p for p in ROOT.rglob("*") if p.is_file() and not hidden.search(p.as_posix())]


def test_no_file_is_larger_than_a_megabyte() -> None:
    large = {str(p): p.stat().st_size for p in repository_files() if p.exists()}
    assert not {name: size for name, size in large.items() if size > 1_000_000}


def test_one_version_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert ag.__version__ == project["version"]
    assert f"\nversion: {ag.__version__}\n" in (ROOT / "CITATION.cff").read_text("utf-8")
    assert f"## [{ag.__version__}]" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_optional_dependencies_stay_optional() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    names = {re.split(r"[<>=;\s]", d, maxsplit=1)[0] for d in project["dependencies"]}
    assert names == {"numpy", "graphviz", "graphviz-pure", "tqdm"}
    assert (PACKAGE / "py.typed").exists()


@pytest.mark.parametrize(
    ("system", "machine", "bundled"),
    [
        ("linux", "x86_64", True),
        ("linux", "aarch64", True),
        ("darwin", "x86_64", True),
        ("darwin", "arm64", True),
        ("win32", "AMD64", True),
        ("win32", "ARM64", True),
        ("win32", "x86", False),
        ("linux", "riscv64", False),
        ("emscripten", "wasm32", False),
    ],
)
def test_the_drawing_engine_is_asked_for_where_it_has_a_wheel(
    system: str, machine: str, bundled: bool
) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    (engine,) = [d for d in map(Requirement, project["dependencies"]) if d.name == "graphviz-pure"]
    assert engine.marker is not None
    place = {"sys_platform": system, "platform_machine": machine}
    assert engine.marker.evaluate(place) is bundled
