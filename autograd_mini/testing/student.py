"""Somebody's gradients from a file: Python code run apart and within limits, or saved arrays."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..data.files import LARGEST, load_npz, npz_bytes
from .calling import Called
from .child import TOO_SLOW
from .formulas import Setup
from .layouts import Piece, flattened

SECONDS, MEBIBYTES = 10.0, 1024
GRACE = 30.0  # seconds for Python and NumPy to start, on a busy machine
READ = (".py", ".npz", ".npy", ".json")


class StudentError(ValueError):
    """Somebody's code failed, ran too long or took too much memory; said in one line."""

    def __init__(self, message: str, kind: str = "") -> None:
        super().__init__(message)
        self.kind = kind


class Ran(NamedTuple):
    """What a file of Python code gave in a process of its own."""

    calls: Called
    printed: str
    lines: int


def split_name(given: str | os.PathLike[str]) -> tuple[Path, str]:
    """Take ``student.py:NAME`` apart; without a name it is empty."""
    match = re.fullmatch(r"(.+\.py):([^\W\d]\w*)", os.fspath(given))
    return (Path(match[1]), match[2]) if match else (Path(given), "")


def run(
    file: str | os.PathLike[str], s: Setup, *, seconds: float = SECONDS,
    mebibytes: int = MEBIBYTES,
) -> Ran:  # fmt: skip
    """Run the gradient function of a Python file in a process of its own.

    Raises
    ------
    OSError
        When the file is not there.
    StudentError
        When the code raises (the message has the line), runs for longer than `seconds`, takes
        more than `mebibytes` of memory, or defines no gradient.
    """
    path, name = split_name(file)
    path.open("rb").close()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as made:
        folder = Path(made)
        arrays = {f"theta{l}": matrix for l, matrix in s.theta.items()}
        (folder / "problem.npz").write_bytes(npz_bytes({"X": s.X, "Y": s.y, **arrays}))
        asked = {
            "path": str(path.resolve()), "name": name, "lam": s.lam, "hidden": s.hidden,
            "output": s.output, "cost": s.cost, "seconds": seconds, "mebibytes": mebibytes,
        }  # fmt: skip
        (folder / "problem.json").write_text(json.dumps(asked), "utf-8")
        status = _in_a_process(folder, path, seconds)
        return _answered(folder, path, status, seconds, mebibytes)


def _in_a_process(folder: Path, path: Path, seconds: float) -> int:
    """Run the child; end it, and what it started, when it does not end itself."""
    root = str(Path(__file__).parents[2])
    environment = {
        **os.environ,
        "OPENBLAS_NUM_THREADS": "1",  # each thread would take address space
        "PYTHONPATH": os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")])),
    }
    environment.pop("PYTHONWARNINGS", None)  # the code's own warnings are its own affair
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "autograd_mini.testing.child", str(folder)],
        cwd=path.resolve().parent, env=environment, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=os.name != "nt",
    )  # fmt: skip
    try:
        return process.wait(seconds + GRACE)
    except subprocess.TimeoutExpired:
        return TOO_SLOW
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    if sys.platform == "win32":
        process.kill()
    else:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            process.kill()
    process.wait()


def _answered(folder: Path, path: Path, status: int, seconds: float, mebibytes: int) -> Ran:
    """Read the answer, or say why there is none."""
    if status == TOO_SLOW or (os.name != "nt" and status == -signal.SIGXCPU):
        raise StudentError(
            f"{path.name} took more than {seconds:g} s; look for a loop that never ends, or give "
            "more with --limit", "TimeoutError",
        )  # fmt: skip
    try:
        told: dict[str, Any] = json.loads((folder / "answer.json").read_text("utf-8"))
    except (OSError, ValueError) as error:
        how = f"signal {-status}" if status < 0 else f"exit status {status}"
        raise StudentError(f"{path.name} ended without an answer ({how})") from error
    if "error" in told:
        raise StudentError(_failed(path, told, mebibytes), told["kind"])
    arrays = load_npz(folder / "answer.npz", largest=LARGEST)
    first, second = (
        [("", arrays[f"{call}{k}"]) for k in range(sum(n.startswith(call) for n in arrays))]
        for call in ("first", "second")
    )
    calls = Called(first, second, tuple(told["changed"]))
    return Ran(calls, told.get("printed", ""), told.get("lines", 0))


def _failed(path: Path, told: dict[str, Any], mebibytes: int) -> str:
    """Say in one line what the code raised."""
    where = f"{path.name}, line {told['line']}" if told["line"] else path.name
    text = " ".join(told["error"].split())
    if told["kind"] in {"MemoryError", "ArrayMemoryError"}:
        text = f"more than {mebibytes} MiB of memory; --memory gives more"
    return f"{where}: {text if len(text) < 300 else text[:300] + '...'}"


def saved(path: Path) -> dict[str, Any] | list[Piece]:
    """Read gradients from an npz, npy or json file; an npz or a JSON object by name.

    Raises
    ------
    OSError
        When the file is not there.
    ValueError
        When it is damaged, or of another kind. Nothing in it is executed.
    """
    suffix = path.suffix.lower()
    if suffix not in READ:
        raise ValueError(f"{path.name!r}: gradients are read from {', '.join(READ)}")
    if suffix == ".npz":
        return load_npz(path)
    content = path.read_bytes()
    if len(content) > LARGEST:
        raise ValueError(f"{path.name!r} has more than {LARGEST:,} bytes; give a smaller file")
    try:
        if suffix == ".npy":
            return [("", np.load(BytesIO(content), allow_pickle=False))]
        given = json.loads(content)
        return given if isinstance(given, dict) else [*flattened(given)]
    except (ValueError, EOFError, OSError, MemoryError, RecursionError, SyntaxError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ValueError(f"{path.name!r} can not be read as {suffix[1:]} ({reason})") from error
