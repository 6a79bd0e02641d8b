"""What runs in the process of its own that somebody's code gets: limits first, then the code.

The folder given as argument holds the problem and takes the answer: files, so that whatever the
code prints, closes or redirects can not disturb it.
"""

from __future__ import annotations

import ast
import importlib.util
import inspect
import json
import os
import sys
import threading
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from ..data.files import npz_bytes
from .calling import called
from .formulas import Setup
from .layouts import flattened

NAMES = (
    "gradients", "my_gradients", "gradient", "grads", "grad", "compute_gradients", "backprop",
    "backpropagation", "back_propagation", "backward", "cost_function", "nn_cost_function",
    "nnCostFunction",
)  # fmt: skip
TOO_SLOW = 124


class Printed:
    """A stream that keeps the first line that is printed, and counts the others."""

    encoding = "utf-8"

    def __init__(self) -> None:
        self.first, self.lines = "", 0

    def write(self, text: str) -> int:
        """Take text, as a file does."""
        if "\n" not in self.first:
            self.first = (self.first + text)[:500]
        self.lines += text.count("\n")
        return len(text)

    def flush(self) -> None:
        """Do nothing: nothing is held back."""

    def isatty(self) -> bool:
        """Nobody watches."""
        return False


class NotFoundError(Exception):
    """There is nothing in the file that could be a gradient."""


def limit(seconds: float, mebibytes: int) -> None:
    """End this process after a time, and let it take no more than so much memory from now on."""
    timer = threading.Timer(seconds, os._exit, (TOO_SLOW,))
    timer.daemon = True
    timer.start()
    if sys.platform == "win32":
        return
    import resource

    try:
        taken = int(Path("/proc/self/statm").read_text("ascii").split()[0]) * resource.getpagesize()
    except OSError:  # no such file on this system
        taken = 2**30
    for what, most in (
        (resource.RLIMIT_AS, taken + mebibytes * 2**20),
        (resource.RLIMIT_CPU, int(seconds) + 5),
        (resource.RLIMIT_CORE, 0),
    ):
        try:
            _, hard = resource.getrlimit(what)
            allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(what, (allowed, hard))
        except (OSError, ValueError):  # macOS knows RLIMIT_AS and does not take it
            continue


def load(path: str) -> ModuleType:
    """Run a file as a module, with its own folder on the path as for a script."""
    sys.path.insert(0, os.path.dirname(path))  # noqa: PTH120 - a str, as sys.path wants it
    sys.argv = [path]
    spec = importlib.util.spec_from_file_location("student", path)
    if spec is None or spec.loader is None:
        raise NotFoundError("it is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules["student"] = module
    spec.loader.exec_module(module)
    return module


def wanted(module: ModuleType, name: str) -> Any:
    """The gradient function of a module, or its gradients."""
    if name:
        if not hasattr(module, name):
            raise NotFoundError(f"it defines no {name!r}")
        return getattr(module, name)
    for known in NAMES:
        if hasattr(module, known):
            return getattr(module, known)
    own = {
        key: value
        for key, value in vars(module).items()
        if inspect.isfunction(value) and value.__module__ == "student" and key[0] != "_"
    }
    large = [value for value in own.values() if len(inspect.signature(value).parameters) >= 3]
    if len(large) == 1:
        return large[0]
    there = f"it defines {', '.join(own)}" if own else "it defines no function"
    raise NotFoundError(f"{there}; define gradients(theta, X, Y, lam), or name yours FILE.py:NAME")


def answer(folder: Path, asked: dict[str, Any]) -> None:
    """Run the code and leave its gradients in the folder."""
    with np.load(folder / "problem.npz") as arrays:
        layers = sum(name.startswith("theta") for name in arrays.files)
        theta = {l: arrays[f"theta{l}"] for l in range(1, layers + 1)}
        s = Setup(
            theta, arrays["X"], arrays["Y"], asked["lam"], tuple(asked["hidden"]), asked["output"],
            asked["cost"],
        )  # fmt: skip
    limit(asked["seconds"], asked["mebibytes"])
    found = wanted(load(asked["path"]), asked["name"])
    if callable(found) and not hasattr(found, "theta"):
        first, second, changed = called(found, s)
    else:
        first, second, changed = [*flattened(found)], [], ()
    arrays_ = {f"first{k}": array for k, (_, array) in enumerate(first)}
    arrays_ |= {f"second{k}": array for k, (_, array) in enumerate(second)}
    (folder / "answer.npz").write_bytes(npz_bytes(arrays_))
    _leave(folder, {"changed": list(changed), "calls": bool(second)})


def _leave(folder: Path, found: dict[str, Any]) -> None:
    printed = sys.stdout
    if isinstance(printed, Printed):
        found |= {"printed": printed.first.split("\n")[0], "lines": printed.lines}
    (folder / "answer.json").write_text(json.dumps(found), "utf-8")


def unfilled(path: str) -> int | None:
    """Line of the first ... that stands for a value, if there is one: not a[..., 0], no stub."""
    try:
        tree = ast.parse(Path(path).read_bytes())
    except (OSError, SyntaxError, ValueError):
        return None
    lines = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Expr | ast.Subscript | ast.Tuple):
            parts = [*ast.iter_child_nodes(node)]
            lines += [e.lineno for e in parts if isinstance(e, ast.Constant) and e.value is ...]
    return min(lines, default=None)


def told(error: BaseException, path: str) -> dict[str, Any]:
    """What went wrong, where in the file."""
    if isinstance(error, NotFoundError):
        return {"error": str(error), "kind": "NotFoundError", "line": None}
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__)
             if frame.filename == path]  # fmt: skip
    line = lines[-1] if lines else None
    kind, text = type(error).__name__.lstrip("_"), str(error)
    if isinstance(error, SyntaxError) and error.filename == path:
        line, text = error.lineno, error.msg
    elif (blank := unfilled(path)) is not None:
        return {"error": "the ... is still to be filled in", "kind": "Unfilled", "line": blank}
    return {"error": f"{kind}: {text}" if text else kind, "kind": kind, "line": line}


def main() -> None:
    """Do it, and leave without waiting for anything the code has started."""
    folder = Path(sys.argv[1])
    asked = json.loads((folder / "problem.json").read_text("utf-8"))
    printed: Any = Printed()
    sys.stdout = sys.stderr = printed
    try:
        answer(folder, asked)
    except BaseException as error:  # whatever it is, it is said in one line
        _leave(folder, told(error, asked["path"]))
    os._exit(0)


if __name__ == "__main__":
    main()
