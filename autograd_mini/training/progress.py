"""The progress bar: on the error stream of a terminal, below its cell in a notebook."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

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
    # In a file every step of the bar is a further line.
    pause = 0.1 if sys.stderr and sys.stderr.isatty() else 1.0
    with tqdm(total=epochs, initial=done, unit="epoch", desc=name, mininterval=pause) as shown:

        def show(row: Row) -> None:
            told = f"cost={row['cost']:.4f}, accuracy={row['accuracy']:.2%}"
            shown.set_postfix_str(told, refresh=False)
            shown.update()

        yield show
