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

# Okabe and Ito's blue, vermilion and green: told apart by colour-blind eyes.
COLOURS = {"training": "#0072b2", "validation": "#d55e00", "test": "#009e73"}
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
        lines = _lines(history, column)
        for name, values in lines:
            axes.plot(history["epoch"], values, color=COLOURS[name], label=name)
        if column == "cost" and _logarithmic(history["cost"]):
            axes.set_yscale("log")
        if column == "accuracy":
            low, *_, high = _shares(lines)
            axes.set_ylim(low, high + 0.03 * (high - low))
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
    names = {name: column if name == "training" else f"{name}_{column}" for name in COLOURS}
    return [(label, history[name]) for label, name in names.items() if name in history.columns]


def _shares(lines: list[tuple[str, Any]]) -> list[float]:
    """Ticks for accuracies; the climb of the first tenth of the epochs may start below them.

    From 0 to 1 every good network would be a flat line, and training and test the same one.
    """
    high = max(float(max(values)) for _, values in lines)
    low = min(float(min(values[len(values) // 10 :])) for _, values in lines)
    return _round_numbers(max(min(low, high - 0.05), 0.0), high)


def _logarithmic(values: Any) -> bool:
    # Below 1e-290 the powers of ten that enclose a value would be 0.
    return bool(min(values) > 1e-290 and max(values) > 10 * min(values))


def _panel(history: History, column: str, label: str) -> str:
    """Axes with ticks, one line a data set, and the best epoch marked."""
    lines = _lines(history, column)
    every = np.concatenate([values for _, values in lines])
    logarithmic = column == "cost" and _logarithmic(every)
    if column == "accuracy":
        ticks = _shares(lines)
    elif logarithmic:
        ticks = _decades(every)
    else:
        ticks = _round_numbers(float(min(every)), float(max(every)))
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
        points = _above(ticks[0], history["epoch"].tolist(), values.tolist())
        path = " ".join(f"{x(epoch):.1f},{y(value):.1f}" for epoch, value in points)
        parts.append(
            f'<polyline points="{path}" fill="none" stroke="{COLOURS[name]}" stroke-width="1.8"/>'
        )
        parts.append(
            f'<text x="{WIDTH - 10 - 90 * index}" y="-8" text-anchor="end" '
            f'fill="{COLOURS[name]}">{name}</text>'
        )
    parts.append(f'<text x="0" y="-8" font-weight="bold">{label}</text>')
    below = f'x="{WIDTH / 2:g}" y="{HEIGHT + 40}" text-anchor="middle"'
    parts.append(f"<text {below}>epoch (dotted: the best, {history.best})</text>")
    return "\n".join(parts)


def _above(low: float, epochs: list[float], values: list[float]) -> list[tuple[float, float]]:
    """The points of a line from where it last comes up through `low`."""
    points = list(zip(epochs, values, strict=True))
    below = [index for index, value in enumerate(values) if value < low - 1e-9]
    if not below:
        return points
    (start, under), (end, over) = points[below[-1] : below[-1] + 2]
    share = (low - under) / (over - under)
    return [(start + share * (end - start), low), *points[below[-1] + 1 :]]


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
