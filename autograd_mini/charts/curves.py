"""Cost and accuracy over the epochs, as SVG text."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from ..history import History
from .colours import COLOURS
from .lines import HEIGHT, LEFT, TOP, WIDTH, Line, document, panel
from .scale import decades, logarithmic, round_numbers, shares

__all__ = ["PANELS", "curves_svg", "lines_of"]

PANELS: Final = {"cost": "cost J", "accuracy": "accuracy"}


def curves_svg(history: History) -> str:
    """Draw cost and accuracy over the epochs as SVG text, the same every time.

    Parameters
    ----------
    history
        What `fit` returned.

    Returns
    -------
    A whole SVG document: two panels side by side, the cost on a logarithmic axis when it spans
    more than a factor of ten.
    """
    shown = [(column, label) for column, label in PANELS.items() if lines_of(history, column)]
    panels = [
        f'<g transform="translate({LEFT + index * (WIDTH + LEFT + 24)} {TOP})">'
        + _panel(history, column, label)
        + "</g>"
        for index, (column, label) in enumerate(shown)
    ]
    width, height = max(len(shown), 1) * (WIDTH + LEFT) + 48, HEIGHT + TOP + 52
    return document(panels, width, height, "cost and accuracy over the epochs")


def lines_of(history: History, column: str) -> list[tuple[str, Any]]:
    """Return a column of every data set that there is, with the set's name."""
    names = {name: column if name == "training" else f"{name}_{column}" for name in COLOURS}
    return [(label, history[name]) for label, name in names.items() if name in history.columns]


def _panel(history: History, column: str, label: str) -> str:
    """Axes with ticks, one line a data set, and the best epoch marked."""
    lines = lines_of(history, column)
    every = np.concatenate([values for _, values in lines])
    logs = column == "cost" and logarithmic(every)
    if column == "accuracy":
        ticks = shares([values for _, values in lines])
    else:
        ticks = decades(every) if logs else round_numbers(float(min(every)), float(max(every)))
    epochs = history["epoch"].tolist()
    last = max(float(epochs[-1]), 1.0)
    marks = [mark for mark in round_numbers(0.0, last) if mark <= last and mark == int(mark)]
    drawn = [
        Line(name, epochs, values.tolist(), COLOURS[name], "" if name == "training" else "6 3")
        for name, values in lines
    ]
    x = WIDTH * history.best / last
    below = f'x="{WIDTH / 2:g}" y="{HEIGHT + 40}" text-anchor="middle"'
    return "\n".join(
        [
            f'<path d="M{x:.1f} 0v{HEIGHT}" stroke="#888888" stroke-dasharray="2 3"/>',
            panel(drawn, ticks, logs, (0.0, last), marks),
            f'<text x="0" y="-8" font-weight="bold">{label}</text>',
            f"<text {below}>epoch (dotted: the best, {history.best})</text>",
        ]
    )
