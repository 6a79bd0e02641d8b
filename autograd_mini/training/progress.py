"""The progress bar: on the error stream of a terminal, below its cell in a notebook.

In a notebook the bar is a line of text that is written anew in its place, by IPython's own display:
no widgets, so it needs no further package, and a notebook that is saved shows the last of it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ..history import Row


@contextmanager
def bar(epochs: int, progress: bool | str, done: int = 0) -> Iterator[Callable[[Row], None]]:
    """Show a progress bar; what is yielded moves it on by an epoch.

    Parameters
    ----------
    epochs, done
        How many there will be, and how many there were before.
    progress
        False for none; a text is the bar's name.
    """
    if progress is False:
        yield lambda row: None
        return
    from tqdm import tqdm

    name = progress if isinstance(progress, str) else "training"
    cell = _cell()
    # In a file every step of the bar is a further line.
    pause = 0.1 if cell is not None or (sys.stderr and sys.stderr.isatty()) else 1.0
    with tqdm(
        total=epochs, initial=done, unit="epoch", desc=name, mininterval=pause, file=cell,
        ncols=None if cell is None else 100,
    ) as shown:  # fmt: skip

        def show(row: Row) -> None:
            told = f"cost={row['cost']:.4f}, accuracy={row['accuracy']:.2%}"
            if "validation_accuracy" in row:
                told += f", validation={row['validation_accuracy']:.2%}"
            shown.set_postfix_str(told, refresh=False)
            shown.update()

        yield show


class _Cell:
    """A stream whose last line is shown below a notebook's cell."""

    def __init__(self, display: Callable[..., Any]) -> None:
        self.handle = display({"text/plain": ""}, raw=True, display_id=True)

    def write(self, text: str) -> None:
        """Show a line in the place of the one before."""
        if line := text.strip("\r\n "):
            self.handle.update({"text/plain": line}, raw=True)

    def flush(self) -> None:
        """Do nothing: what is written is shown."""


def _cell() -> _Cell | None:
    """Return what writes below the cell, in a notebook; it is one when a kernel runs us."""
    ipython = sys.modules.get("IPython")  # without it, no kernel
    shell = ipython.get_ipython() if ipython is not None else None
    if getattr(shell, "kernel", None) is None:
        return None
    from IPython.display import display

    return _Cell(display)
