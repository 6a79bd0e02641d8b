"""Curves of a training run: as SVG text without any other package, and with matplotlib.

`curves_svg` is a small line chart of our own, the same text every time, so that a training run
leaves its picture behind wherever it runs. `curves` gives a matplotlib figure to work on further
(``pip install matplotlib``).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .history import History

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["curves", "curves_svg"]

# Okabe and Ito's blue and vermilion: told apart by colour-blind eyes, and on a grey printer.
COLOURS = ("#0072b2", "#d55e00")
PANELS = (("cost", "cost J"), ("accuracy", "accuracy"))
WIDTH, HEIGHT, LEFT, TOP = 340, 210, 62, 40  # of one panel's axes, and the margins before them


def curves(history: History) -> Figure:
    """Draw cost and accuracy over the epochs as a matplotlib figure.

    Parameters
    ----------
    history
        What `fit` returned.

    Returns
    -------
    matplotlib.figure.Figure
        Not registered with pyplot: it shows in a notebook and saves with ``.savefig``.

    Raises
    ------
    ImportError
        Without matplotlib.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(
            "plotting needs matplotlib: pip install matplotlib; history.svg() needs nothing"
        ) from error
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    for axes, (column, label) in zip(figure.subplots(1, 2), PANELS, strict=True):
        for (name, values), colour in zip(_lines(history, column), COLOURS, strict=False):
            axes.plot(history["epoch"], values, color=colour, label=name)
        if column == "cost" and _logarithmic(history["cost"]):
            axes.set_yscale("log")
        axes.axvline(history.best, color="0.6", linestyle=":", label="best epoch")
        axes.set(xlabel="epoch", ylabel=label)
        axes.legend()
    return figure


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
    panels = [
        f'<g transform="translate({LEFT + index * (WIDTH + LEFT + 24)} {TOP})">'
        + _panel(history, column, label)
        + "</g>"
        for index, (column, label) in enumerate(PANELS)
    ]
    width, height = 2 * (WIDTH + LEFT) + 48, HEIGHT + TOP + 52
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="Helvetica,Arial,sans-serif" font-size="12" '
        'fill="#222222">\n<title>cost and accuracy over the epochs</title>\n'
        f'<rect width="{width}" height="{height}" fill="white"/>\n'
        + "\n".join(panels)
        + "\n</svg>\n"
    )


def _lines(history: History, column: str) -> list[tuple[str, Any]]:
    names = [("training", column), ("validation", f"validation_{column}")]
    return [(label, history[name]) for label, name in names if name in history.columns]


def _logarithmic(values: Any) -> bool:
    # Below 1e-290 the powers of ten that enclose a value would be 0.
    return bool(min(values) > 1e-290 and max(values) > 10 * min(values))


def _panel(history: History, column: str, label: str) -> str:
    """Axes with ticks, one line a data set, and the best epoch marked."""
    lines = _lines(history, column)
    every = np.concatenate([values for _, values in lines])
    logarithmic = column == "cost" and _logarithmic(every)
    ticks = _decades(every) if logarithmic else _round_numbers(float(min(every)), float(max(every)))
    scale = math.log10 if logarithmic else float
    low, high = scale(ticks[0]), scale(ticks[-1])
    last = max(float(history["epoch"][-1]), 1.0)

    def x(epoch: float) -> float:
        return WIDTH * epoch / last

    def y(value: float) -> float:
        return HEIGHT * (high - scale(value)) / (high - low)

    parts = [f'<rect width="{WIDTH}" height="{HEIGHT}" fill="none" stroke="#888888"/>']
    for tick in ticks:
        parts.append(f'<path d="M0 {y(tick):.1f}h{WIDTH}" stroke="#e4e4e4"/>')
        parts.append(f'<text x="-8" y="{y(tick) + 4:.1f}" text-anchor="end">{_short(tick)}</text>')
    for tick in _round_numbers(0.0, last):
        if tick <= last and tick == int(tick):
            middle = f'x="{x(tick):.1f}" y="{HEIGHT + 18}" text-anchor="middle"'
            parts.append(f"<text {middle}>{int(tick)}</text>")
    parts.append(
        f'<path d="M{x(history.best):.1f} 0v{HEIGHT}" stroke="#888888" stroke-dasharray="2 3"/>'
    )
    for index, (name, values) in enumerate(lines):
        points = zip(history["epoch"].tolist(), values.tolist(), strict=True)
        path = " ".join(f"{x(epoch):.1f},{y(value):.1f}" for epoch, value in points)
        parts.append(
            f'<polyline points="{path}" fill="none" stroke="{COLOURS[index]}" stroke-width="1.8"/>'
        )
        parts.append(
            f'<text x="{WIDTH - 10 - 90 * index}" y="-8" text-anchor="end" '
            f'fill="{COLOURS[index]}">{name}</text>'
        )
    parts.append(f'<text x="0" y="-8" font-weight="bold">{label}</text>')
    below = f'x="{WIDTH / 2:g}" y="{HEIGHT + 40}" text-anchor="middle"'
    parts.append(f"<text {below}>epoch (dotted: the best, {history.best})</text>")
    return "\n".join(parts)


def _short(value: float) -> str:
    return f"{value:.10g}"


def _round_numbers(low: float, high: float) -> list[float]:
    """About five round numbers that enclose low and high."""
    span = (high - low) or abs(high) or 1.0
    power = 10.0 ** math.floor(math.log10(span / 4))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= span / 5)
    first, last = math.floor(low / step), math.ceil(high / step)
    if first == last:
        last += 1
    return [round(index * step, 12) for index in range(first, last + 1)]


def _decades(values: NDArray[Any]) -> list[float]:
    """1, 2, 5 times powers of ten that enclose the values; over many decades fewer of them."""
    low, high = math.log10(min(values)), math.log10(max(values))
    if high - low < 3:
        every = [
            m * 10.0**k for k in range(math.floor(low), math.ceil(high) + 1) for m in (1, 2, 5)
        ]
        below = max(tick for tick in every if tick <= min(values))
        above = min(tick for tick in every if tick >= max(values))
        return [tick for tick in every if below <= tick <= above]
    step = math.ceil((high - low) / 8)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [10.0 ** (k * step) for k in range(first, last + 1)]
