"""What a notebook shows of a Tensor, a Network and a History; terminals get their `repr`.

A display is a card with a white ground, so that it reads in light and dark notebooks, its pictures
images inside of it: they need no network, and nothing a name holds can run. It is bounded, whatever
the size of the array; it records nothing, reads no value while a compiler records, and never
raises: what can not be shown is left out.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from html import escape
from typing import Any, Final

import numpy as np

from .charts import curves_svg, heat_svg
from .context import TRACKED, context
from .drawing import draw
from .drawing.labels import clean, heat, number, rows
from .drawing.svg import to_svg
from .graph import Node
from .history import History
from .nn.network import Network
from .tensor import Tensor

__all__ = ["bundle", "shown"]

MOST_CELLS: Final = 8
"""Rows and columns of a small array, which is shown in full."""
MOST_ROWS: Final = 12
"""Of a history."""
MOST_LAYERS: Final = 20
CARD: Final = (
    "display:inline-block;max-width:100%;overflow-x:auto;background:#fff;color:#1b1f24;"
    "border:1px solid #d5dbe1;border-radius:8px;padding:8px 12px;"
    "font:13px/1.45 Helvetica,Arial,sans-serif"
)
CELL: Final = (
    "padding:2px 8px;text-align:right;background:#fff;color:#1b1f24;border:1px solid #e4e4e4"
)
QUIET: Final = "color:#555f69"
UNKNOWN: Final = "not known while a program is being recorded"


def shown(obj: Any) -> Callable[..., dict[str, str]]:
    """Return what a notebook calls to show an object: `bundle` of it."""
    return partial(bundle, obj)


def bundle(obj: Any, include: Any = None, exclude: Any = None) -> dict[str, str]:
    """Return the forms of an object by mime type, text among them (a notebook's protocol).

    >>> import autograd_mini as ag
    >>> forms = bundle(ag.Tensor([1.0, 2.0], name="x"))
    >>> sorted(forms), forms["text/plain"]
    (['text/html', 'text/plain'], "Tensor([1., 2.], name='x')")
    """
    del include, exclude
    forms = {"text/plain": _tried(_text, obj) or f"<{type(obj).__name__}>"}
    for kind, content in ((Tensor, _tensor), (Network, _network), (History, _history)):
        if isinstance(obj, kind) and (html := _tried(content, obj)):
            forms["text/html"] = f'<div style="{CARD}">{html}</div>'
    return forms


def _tried(part: Callable[[Any], str], obj: Any) -> str:
    """Return a part of a display, nothing of what can not be shown."""
    try:
        with np.errstate(all="ignore"):
            return part(obj)
    except Exception:  # a display that raises hides the value that somebody looks for
        return ""


def _recording() -> bool:
    return bool(context.now.mode > TRACKED)


def _text(obj: Any) -> str:
    if isinstance(obj, Tensor) and _recording():
        return f"Tensor(shape {obj.shape}, dtype {obj.dtype}; its value is {UNKNOWN})"
    return str(obj) if isinstance(obj, History) else repr(obj)


# -- a tensor


def _tensor(tensor: Tensor) -> str:
    node = tensor.node
    title = escape(clean(node.name)) if node.name else "Tensor"
    told = f"{tensor.shape} {tensor.dtype} · {_origin(node)}"
    parts = [f'<b>{title}</b> <span style="{QUIET}">{escape(told)}</span>']
    if _recording():
        return "".join([*parts, f"<div>its value is {UNKNOWN}</div>"])
    parts.append(_value(node.value, "value"))
    if node.cell is not None:
        gradient = node.cell.grad
        parts.append(f'<div style="{QUIET}">gradient{"" if gradient is not None else ": none yet"}')
        parts.append("</div>" if gradient is None else f"</div>{_value(gradient, 'gradient')}")
    return "".join(parts)


def _origin(node: Node) -> str:
    """Say what made it, and where a name of what it was made from."""
    if node.op is None:
        return "leaf that requires a gradient" if node.tracked else "constant"
    given = ", ".join(clean(i.name) if i.name else "·" for i in node.inputs[:MOST_CELLS])
    more = ", …" if len(node.inputs) > MOST_CELLS else ""
    return f"made by {node.op.name}({given}{more})" + (
        "" if node.tracked else ", no gradient flows to it"
    )


def _value(value: Any, name: str) -> str:
    """Show a small array as a table, a large one by its range and as a heat map."""
    array = np.asarray(value)
    if array.ndim == 0:
        return f'<div style="font-size:15px">{escape(_precise(array[()]))}</div>'
    columns = array.shape[-1]
    if 0 < array.size <= MOST_CELLS * columns and columns <= MOST_CELLS and array.ndim <= 2:
        return _table((), ([_precise(x) for x in row] for row in array.reshape(-1, columns)))
    told = f"<div>{escape('; '.join(rows(array)))}</div>"
    tiles = heat(array)
    return told + (_image(heat_svg(tiles, name), f"{name}, in small") if tiles else "")


def _precise(value: Any) -> str:
    floating = isinstance(value, (float, np.floating))
    return f"{float(value):.6g}" if floating else number(value)


def _table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    cell = f'<td style="{CELL}">'
    top = "".join(f'<th style="{CELL};{QUIET}">{escape(name)}</th>' for name in head)
    body = "".join(
        f"<tr>{''.join(f'{cell}{escape(text)}</td>' for text in line)}</tr>" for line in lines
    )
    top = f"<tr>{top}</tr>" if head else ""
    return f'<table style="border-collapse:collapse;margin:6px 0">{top}{body}</table>'


def _image(svg: str, told: str) -> str:
    """Return an SVG as an image of a page: nothing in it can run, no style leaks out of it."""
    data = b64encode(svg.encode()).decode()
    looks = "max-width:100%;background:#fff;display:block"
    return f'<img style="{looks}" alt="{escape(told)}" src="data:image/svg+xml;base64,{data}">'


# -- a network


def _network(net: Network) -> str:
    parts = [f"<b>{escape(clean(repr(net), 120))}</b>"]
    if not _recording():
        parts.append(_tried(_neurons, net))
    lines = [_layer(net, l) for l in [*range(1, len(net.sizes) + 1)][:MOST_LAYERS]]
    parts.append(_table(("layer", "units", "g", "Θ from the layer before", "numbers"), lines))
    if (left := len(net.sizes) - MOST_LAYERS) > 0:
        parts.append(f'<div style="{QUIET}">… {left} more layers</div>')
    return "".join(parts)


def _neurons(net: Network) -> str:
    return _image(to_svg(draw(net).diagram), "units and weights")


def _layer(net: Network, l: int) -> list[str]:
    size = net.sizes[l - 1]
    if l == 1:
        return ["1", f"{size:,}", "input", "", ""]
    g = (*net.activation, net.output)[l - 2]
    weights, bias = net.weights[l - 1], net.biases[l - 1]
    told = f"{weights.shape} + {bias.shape}"
    if not _recording():
        values = np.abs(np.asarray(weights.node.value))
        told += f", largest |Θ| {number(values.max(initial=0.0))}"
    return [str(l), f"{size:,}", g, told, f"{weights.size + bias.size:,}"]


# -- a history


def _history(history: History) -> str:
    parts = [_tried(_curves, history)] if len(history) else ["<div>no epoch yet</div>"]
    last = len(history) - 1
    step = max(1, -(-last // (MOST_ROWS - 2)))
    chosen = sorted({*range(0, last + 1, step), history.best, last} & {*range(last + 1)})
    lines = [
        [*(_precise(row[name]) for name in history.columns), "best" * (k == history.best)]
        for k, row in ((k, history.rows[k]) for k in chosen)
    ]
    parts.append(_table([*map(clean, history.columns), ""], lines) if lines else "")
    if history.interrupted:
        parts.append("<div>stopped by Ctrl-C; the best weights so far are kept</div>")
    return "".join(parts)


def _curves(history: History) -> str:
    return _image(curves_svg(history), "cost and accuracy over the epochs")
