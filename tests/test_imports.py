"""Who may import whom, read from the source, and what `import autograd_mini` may cost."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import autograd_mini as ag

PACKAGE = Path(__file__).parent.parent / "autograd_mini"

# The rooms of the house, top to bottom. A file imports only from files above it. A name that ends
# in a dot stands for a whole room whose own order is free.
ORDER = [
    "blas",
    "context",
    "graph",
    "op",
    "rules.elementwise",
    "rules.reduction",
    "rules.shape",
    "rules.indexing",
    "rules.linear",
    "rules.terms",
    "rules.ufuncs",
    "rules.selection",
    "rules.scan",
    "rules.statistics",
    "rules.missing",
    "rules.layout",
    "rules.products",
    "rules.sequences",
    "rules.linalg",
    "rules.fft",
    "rules.special",
    "rules.refused",
    "rules",
    "reverse",
    "reading",
    "inplace",
    "tensor",
    "transforms",
    "blame",
    "proving",
    "recording",
    "elements",
    "batching",
    "derivatives",
    "differences",
    "boundaries",
    "checking",
    "places",
    "nonfinite",
    "debugging",
    "compiler.",
    "nn.initialisation",
    "nn.activation",
    "nn.network",
    "nn.cost",
    "nn.gates",
    "nn",
    "closed_form",
    "optimisers.",
    "full_batch.",
    "history",
    "distributed.",
    "data.",
    "training.",
    "drawing.",
    "charts.",
    "plots.",
    "report.",
    "display",
    "paths_report",
    "paths_elements",
    "paths_lit",
    "paths_trace",
    "paths_layers",
    "paths_network",
    "paths",
    "testing.",
    "bench.",
    "cli.",
    "__main__",
]
FILES = sorted(PACKAGE.rglob("*.py"))

# Never loaded by a bare import: each costs more than all of our own code.
HEAVY = [
    "numpy.random",
    "numpy.fft",
    "importlib.metadata",
    "tqdm",
    "graphviz",
    "scipy",
    "matplotlib",
]


def module(path: Path) -> str:
    """Name inside the package: "rules.shape", "rules" for rules/__init__.py, "" for the front."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room(name: str) -> str | None:
    """Entry of ORDER that a module belongs to; None when it has no place yet."""
    if name in ORDER:
        return name
    return next((r for r in ORDER if r.endswith(".") and f"{name}.".startswith(r)), None)


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Modules of this package that a file imports anywhere, as (line, name inside the package)."""
    base = ["autograd_mini", *module(path).split(".")] if module(path) else ["autograd_mini"]
    if path.name != "__init__.py":
        base = base[:-1]
    for node in running(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = base[: len(base) - node.level + 1] if node.level else []
            source = ".".join([*above, *([node.module] if node.module else [])])
            # `from .rules import shape` names a module, `from .graph import Node` does not, and
            # what the lazy table knows is asked of the front.
            targets = [
                f"{source}.{alias.name}"
                if is_module(f"{source}.{alias.name}") and not through_the_table(node, alias.name)
                else source
                for alias in node.names
            ]
        else:
            continue
        for target in targets:
            if target.split(".")[0] == "autograd_mini":
                yield node.lineno, target.removeprefix("autograd_mini").removeprefix(".")


def through_the_table(node: ast.ImportFrom, name: str) -> bool:
    """Whether it is `from autograd_mini import name`, written in full, inside a function."""
    return node.module == "autograd_mini" and node.col_offset > 0 and name in ag._LAZY


def running(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node but those under `if TYPE_CHECKING:`, which never run."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
            continue
        yield child
        yield from running(child)


def is_module(dotted: str) -> bool:
    parts = dotted.split(".")
    if parts[0] != "autograd_mini":
        return False
    path = PACKAGE.joinpath(*parts[1:])
    return path.is_dir() or path.with_suffix(".py").is_file()


@pytest.mark.parametrize("path", FILES, ids=lambda path: module(path) or "__init__")
def test_a_file_imports_only_from_files_above_it(path: Path) -> None:
    name = module(path)
    if name == "":
        return  # the front holds the public names: it looks down on every room
    here = room(name)
    assert here is not None, f"{name} has no place in the house: add it to ORDER, where it belongs"
    for line, target in imports(path):
        if target == "":
            # The lazy table: the one way upward, for display, for the command, and for what times
            # the public face as users write it.
            upward = {"bench.", "cli.", "__main__", "testing.", "plots."}
            assert here in upward or indented(path, line), (
                f"{path.name}:{line}: {name} imports the front of the package when it is loaded; "
                "import from the file that defines the name, or inside the function that displays"
            )
            continue
        there = room(target)
        assert there is not None, f"{path.name}:{line}: {target} has no place in ORDER"
        inside = there == here or there.rstrip(".") == here.split(".")[0]
        assert inside or ORDER.index(there) < ORDER.index(here), (
            f"{path.name}:{line}: {name} imports {target}, which stands below it; "
            "move what both need up, or hand it in as an argument"
        )


def indented(path: Path, line: int) -> bool:
    return path.read_text("utf-8").splitlines()[line - 1].startswith(" ")


def test_the_closed_form_is_a_stranger() -> None:
    allowed = {"cli.", "__main__", "testing."}
    for path in FILES:
        if module(path) in {"", "closed_form"}:
            continue
        for line, target in imports(path):
            assert target != "closed_form" or room(module(path)) in allowed, (
                f"{path.name}:{line}: what computes must not import the formulas that check it"
            )


def test_the_closed_form_imports_numpy_only() -> None:
    path = PACKAGE / "closed_form.py"
    assert list(imports(path)) == []
    outside = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            outside |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            outside.add((node.module or "").split(".")[0])
    assert outside - set(sys.stdlib_module_names) == {"numpy"}


def test_rules_know_no_engine() -> None:
    for path in (PACKAGE / "rules").glob("*.py"):
        rooms = {target.split(".")[0] for _, target in imports(path)}
        assert rooms <= {"op", "rules"}, f"{path.name} imports {sorted(rooms)}"


def test_the_engine_knows_no_rule() -> None:
    for name in ("graph", "op", "reverse"):
        targets = {target.split(".")[0] for _, target in imports(PACKAGE / f"{name}.py")}
        assert "rules" not in targets, f"{name} imports a rule"


def loaded(program: str) -> set[str]:
    code = f"import sys; {program}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PACKAGE.parent
    )
    return set(done.stdout.split())


def test_a_bare_import_loads_nothing_heavy() -> None:
    # What NumPy itself, or the interpreter's start, brings along is not ours to avoid.
    ours = loaded("import numpy, autograd_mini") - loaded("import numpy")
    assert not [name for name in ours for heavy in HEAVY if f"{name}.".startswith(f"{heavy}.")]
    assert "autograd_mini.tensor" in ours


def test_a_bare_import_costs_at_most_15_ms_of_our_own(tmp_path: Path) -> None:
    own_share(tmp_path)  # compiles, which an installation does once
    shares = []
    for _ in range(12):  # a busy machine only makes it slower: the best of a few is the cost
        shares.append(own_share(tmp_path))
        if shares[-1] <= 15.0:
            return
    pytest.fail(f"import autograd_mini takes {min(shares):.1f} ms beyond NumPy, expected <= 15 ms")


def own_share(cache: Path) -> float:
    """Milliseconds that `import autograd_mini` takes in a process that has NumPy loaded."""
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(cache)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", "import numpy; import autograd_mini"],
        capture_output=True,
        text=True,
        check=True,
        cwd=PACKAGE.parent,
        env=environment,
    )
    rows = [line.split("|") for line in done.stderr.splitlines() if line.startswith("import time:")]
    return next(int(total) for _, total, name in rows if name.strip() == "autograd_mini") / 1000
