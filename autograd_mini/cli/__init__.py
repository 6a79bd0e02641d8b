"""The command ``autograd-mini``: one command, a sub-command a file.

Exit status: 0 fine, 1 a check failed, 2 wrong use or bad input, said in one line.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Sequence
from typing import Any

from .. import __version__
from ..blas import one_thread
from . import bench, check, doctor, explain, gates, pictures, predict, train
from .options import Parser
from .terminal import Output, any_encoding, one_line, shown

__all__ = ["main"]

DESCRIPTION = """\
Gradients that are shown and proved: automatic differentiation in plain NumPy.

Begin with `autograd-mini train`: a handwritten-digit classifier learns on a recorded graph, its
gradient checked against the closed-form formulas of backpropagation first.
"""
COMMANDS = (train, predict, check, gates, pictures, explain, doctor, bench)
# What bad input and a poor machine can raise, and a warning where Python was told to raise it. Of
# anything else the traceback is wanted: it is our mistake.
EXPECTED = (
    ArithmeticError, ImportError, MemoryError, OSError, RuntimeError, ValueError, Warning,
)  # fmt: skip


def parser() -> Parser:
    """Make the parser of the whole command line."""
    top = Parser(prog="autograd-mini", description=DESCRIPTION)
    top.add_argument("--version", action="version", version=f"autograd-mini {__version__}")
    commands = top.add_subparsers(title="sub-commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add(commands)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status.

    Parameters
    ----------
    arguments
        In place of those of the process.
    """
    with any_encoding(), one_thread(), warnings.catch_warnings():
        warnings.showwarning = _note
        try:
            return _run(arguments)
        except BrokenPipeError:
            # The reader has gone (`| head`). Nothing more can be said there, not even at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        except KeyboardInterrupt:
            print("\nautograd-mini: stopped by Ctrl-C", file=sys.stderr)
            return 130


def _run(arguments: Sequence[str] | None) -> int:
    top = parser()
    args, unknown = top.parse_known_args(arguments)
    if unknown:
        args.parser.refuse(unknown, {*args.parser._option_string_actions})
    out = Output(args.json)
    try:
        status = int(args.run(args, out))
    except BrokenPipeError:
        raise
    except EXPECTED as error:
        print(f"{args.parser.prog}: error: {explained(error)}", file=sys.stderr)
        return 2
    out.finish()
    return status


def explained(error: Exception) -> str:
    """What went wrong, in one line."""
    if isinstance(error, OSError) and error.strerror:
        names = [shown(os.fsdecode(name)) for name in (error.filename, error.filename2) if name]
        return one_line(": ".join([*names[:1], error.strerror]))
    if isinstance(error, MemoryError):
        return one_line(f"not enough memory ({error}); take smaller layers or batches")
    return one_line(str(error) or type(error).__name__)


def _note(message: Warning | str, *where: Any, **more: Any) -> None:
    """Print a warning as one line, without the place in our source."""
    del where, more
    print(f"autograd-mini: note: {one_line(message)}", file=sys.stderr)
