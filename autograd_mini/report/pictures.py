"""What a report shows: inline SVG of our own, whose colours follow the page's theme."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from html import escape
from typing import Final

import numpy as np

from ..charts import Line, Tile, curves_svg, histograms_svg, lines_svg, tiles_svg
from ..charts import numbers as charted
from ..charts.bars import MOST_PANELS
from ..charts.colours import SERIES
from ..charts.plane import plane_svg
from ..context import no_grad
from ..drawing import draw
from ..nn.network import Network
from ..transforms import backprop
from .run import Run

__all__ = ["curves", "examples", "graph", "inline", "layers", "network", "plane", "weights"]

SVG: Final = "{http://www.w3.org/2000/svg}"
MOST_PIXELS: Final = 40_000
MOST_TILES: Final = 60
MOST_EXAMPLES: Final = 2_000
"""What gradients and activations are read from: more would look the same."""


def inline(svg: str, told: str = "") -> str:
    """Return an SVG document as a part of a page, in a figure that says what it shows.

    Ids go, since two pictures may have the same, and so do the drawing's tooltips: its keys.
    """
    ET.register_namespace("", SVG[1:-1])
    ET.register_namespace("xlink", "http://www.w3.org/1999/xlink")
    root = ET.fromstring(svg)
    for element in root.iter():
        element.attrib.pop("id", None)
        if element.tag == f"{SVG}g":
            for title in element.findall(f"{SVG}title"):
                element.remove(title)
    wide = root.attrib.pop("width", "")
    root.attrib.pop("height", None)
    wide = wide if not wide.isdigit() else f"{wide}px"
    root.set("style", f"max-width:{wide}")
    caption = f"<figcaption>{escape(told)}</figcaption>" if told else ""
    drawn = ET.tostring(root, encoding="unicode")
    return f'<figure style="flex-basis:{wide}">{drawn}{caption}</figure>'


def curves(run: Run) -> str:
    """Return cost and accuracy over the epochs."""
    return inline(curves_svg(run.history), "J is the mean over all examples, its λ term included.")


def examples(run: Run) -> str:
    """Return test examples as images, those that are taken for something else first."""
    features = run.net.sizes[0]
    most = min(MOST_TILES, MOST_PIXELS // features)
    if features < 4 or most < 1:
        return ""
    right, said = run.labels_test, run.answers
    order = np.argsort(said == right, kind="stable")[:most]
    wrong = int(np.count_nonzero(said != right))
    shape = charted.image_shape(features)
    chosen = (run.X_test if run.images is None else run.images)[order]
    low = min(float(chosen.min()), 0.0)
    images = (chosen - low) / ((float(chosen.max()) - low) or 1.0)
    tiles = [
        Tile(image.reshape(shape), str(k) if k == y else f"{y}→{k}", k != y)
        for image, k, y in zip(images, said[order].tolist(), right[order].tolist(), strict=True)
    ]
    shown = min(wrong, len(tiles))
    some = "all" if shown == wrong else f"the first {shown}"
    told = (
        f"{wrong} of {len(right)} test examples are taken for another class, {some} of them shown "
        "first: 4→9 is a 4 taken for a 9. Above the others stands what they are taken for, rightly."
    )
    return inline(tiles_svg(tiles, "test examples", "ink"), told)


def weights(run: Run) -> str:
    """Return each unit's incoming weights as an image."""
    rows = np.asarray(run.net.weights[1].detach().numpy(), np.float64)
    most = min(MOST_TILES, MOST_PIXELS // rows.shape[1])
    if rows.shape[1] < 4 or most < 1:
        return ""
    largest = np.abs(rows).max(axis=1, keepdims=True)
    scaled = rows / np.where(largest > 0, largest, 1.0)
    shape = charted.image_shape(rows.shape[1])
    tiles = [Tile(row.reshape(shape), str(i)) for i, row in enumerate(scaled[:most], 1)]
    first = f"the first {most} of " if most < len(rows) else ""
    told = (
        f"Θ^(1), row by row without the bias: {first}{len(rows)} units of layer 2. Blue: ink here "
        "switches the unit on; orange: off. Each is scaled to its own largest weight."
    )
    return inline(tiles_svg(tiles, "weights of the first layer"), told)


def layers(run: Run) -> str:
    """Return the norm of every layer's gradient and its activations, sigmoid beside ReLU."""
    sizes, seed = run.net.sizes, run.settings.get("seed") or 0
    named = {"trained": run.net}
    if len(sizes) > 2:
        named = {
            f"new, {g}": Network(sizes, g, run.net.output, seed=seed, dtype=run.net.dtype)
            for g in ("sigmoid", "relu")
        } | named
    lines, panels = [], []
    for k, (name, net) in enumerate(named.items()):
        (norms,) = charted.gradient_norms(_gradient(run, net)).values()
        xs = [float(l) for l in range(1, len(sizes))]
        lines.append(Line(name, xs, norms[0].tolist(), SERIES[k], ("", "6 3", "2 3")[k], True))
        edges, shares = charted.counted(charted.activations(net, run.X[:MOST_EXAMPLES]), 40)
        told = f"Activations a^(l) of the network: {name}" + (
            f" ({', '.join(dict.fromkeys(net.activation))})" if name == "trained" and xs[1:] else ""
        )
        told += f"; the first {MOST_PANELS} layers" if len(shares) > MOST_PANELS else ""
        panels.append(inline(histograms_svg(edges, shares, told), f"{told}."))
    svg = lines_svg(lines, "‖∂J/∂Θ^(l)‖", "layer l", "gradient norms")
    told = (
        "Sigmoid's g' is at most 1/4, so with depth less and less gradient reaches the first "
        "layers; ReLU's is 1 or 0. The new networks have these layers and random weights."
    )
    chart = inline(svg, told if len(named) > 1 else "")
    return f'{chart}\n<div class="beside">{"".join(panels)}</div>'


def _gradient(run: Run, net: Network) -> Network:
    with np.errstate(all="ignore"):
        J = run.cost_of(net, MOST_EXAMPLES)
        return Network.__unflatten__(net, backprop(J, wrt=net.parameters))


def plane(run: Run) -> str:
    """Return what a network of two inputs answers, in their plane and in that of two hidden units.

    Logic joins groups that geometry keeps apart: one line separates them in the hidden plane.
    """
    net, kept = run.net, slice(MOST_EXAMPLES)
    if net.sizes[0] != 2 or net.sizes[-1] > 6:
        return ""
    units = [1] if net.sizes[-1] == 1 else [*range(1, net.sizes[-1] + 1)]
    points, labels = np.asarray(run.X[kept], np.float64), run.labels[kept]
    drawn = [
        inline(plane_svg(net, points, labels, unit, ("x1", "x2")), f"h{unit} over the inputs.")
        for unit in units
    ]
    if len(net.sizes) > 2 and net.sizes[1] == 2:
        rest = Network.from_theta(
            [theta for l, theta in net.theta.items() if l > 1], net.activation[1:], net.output
        )
        with no_grad():
            hidden = np.asarray(net.forward(points).a[2].detach().numpy(), np.float64)
        names = ("a1 of layer 2", "a2 of layer 2")
        told = "over the two hidden units, where the same examples lie elsewhere."
        drawn += [
            inline(plane_svg(rest, hidden, labels, unit, names), f"h{unit} {told}")
            for unit in units
        ]
    told = "<p>Orange: h = 0, blue: h = 1, between them 1/2. Marks are training examples.</p>"
    return f'{told}\n<div class="beside">{"".join(drawn)}</div>'


def network(run: Run) -> str:
    """Return units and connections, as the course draws them."""
    return inline(draw(run.net).svg(), "Wide layers are shown in part; edges are weights.")


def graph(run: Run) -> str:
    """Return the recorded graph of the trained network's cost, with its gradients."""
    told = (
        "What the engine recorded and differentiates: values as boxes, with their gradients, "
        "operations as ellipses."
    )
    return inline(run.graph_svg, told)
