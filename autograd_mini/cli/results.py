"""What `train` prints and leaves when the training is over."""

from __future__ import annotations

import json
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data import Model, Preparation, save_model, write
from ..nn.network import Network
from ..report import Run, answers, to_html
from ..training import accuracy
from .terminal import Output

Array = NDArray[Any]


def evaluate(
    nets: Sequence[Network], X: Array, X_test: Array, y: Array, y_test: Array
) -> dict[str, Any]:
    """Accuracies of the networks, and which digit the first takes for which."""
    accuracies = [
        {
            "layers": list(net.sizes),
            "train_accuracy": accuracy(net, X, y),
            "test_accuracy": accuracy(net, X_test, y_test),
        }
        for net in nets
    ]
    size = max(nets[0].sizes[-1], 2)  # one unit tells two classes apart
    confusion = np.zeros((size, size), int)
    np.add.at(confusion, (y_test, answers(nets[0], X_test)), 1)
    beside = accuracies[1] if len(accuracies) > 1 else None
    return {**accuracies[0], "no_hidden_layer": beside, "confusion": confusion.tolist()}


def report(results: dict[str, Any], out: Output) -> None:
    """Print the accuracies and the confusion table."""
    rows = [["", "training", "test"]]
    beside = results["no_hidden_layer"]
    for each in filter(None, (results, beside)):
        shares = [f"{each[f'{part}_accuracy']:.2%}" for part in ("train", "test")]
        rows.append(["-".join(map(str, each["layers"])), *shares])
    out.item("Accuracy", "share of the examples that are recognised")
    out.table(rows)
    if beside:
        gain = 100 * (results["test_accuracy"] - beside["test_accuracy"])
        out.line(f"{'':12}the hidden layer is worth {gain:+.2f} points on the test (same λ)")
    confusion = results["confusion"]
    if len(confusion) > 20:
        out.item("Confusion", f"a table of {len(confusion)} classes: see history.json")
        return
    out.item("Confusion", "test examples; a row what it is, a column what the network says")
    counted = [[label, *(count or "·" for count in row)] for label, row in enumerate(confusion)]
    out.table([["", *range(len(confusion))], *counted])


def save(
    folder: Path, run: Run, content: dict[str, Any], prepared: Preparation | None = None,
    **notes: Any,
) -> list[str]:
    """Leave weights, history, curves, graph and report, each whole or not at all."""
    model = Model(run.net, {**run.settings, **notes, "results": content["results"]})
    save_model(folder / "weights.npz", (prepared or Preparation()).into(model))
    texts = {
        "history.json": json.dumps(content, indent=1) + "\n",
        "cost.svg": run.history.svg(),
        "graph.svg": run.graph_svg,
        "report.html": to_html(run),
    }
    for name, text in texts.items():
        write(folder / name, text)
    files = ["weights.npz", "checkpoint.npz", *texts]
    try:
        drawn = BytesIO()
        run.history.plot().savefig(drawn, format="png", dpi=150)
    except ImportError:  # matplotlib is an extra, and cost.svg shows the same
        (folder / "cost.png").unlink(missing_ok=True)  # of an earlier run: it would tell of that
        return files
    write(folder / "cost.png", drawn.getvalue())
    return [*files, "cost.png"]


def outline(net: Network) -> str:
    """Layer sizes as people write them: 64-25-10."""
    return "-".join(map(str, net.sizes))
