"""What a report tells in words and tables."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

import numpy as np

from .run import Run

__all__ = ["accuracy", "again", "confusion", "figures", "gradient_check", "settings"]

MOST_CLASSES = 30
SAID = {
    "layers": "layers", "activation": "hidden units", "cost": "cost", "lam": "λ",
    "optimizer": "optimiser", "rate": "learning rate α", "clip": "longest gradient",
    "batch_size": "examples a step", "validation": "share to validate on",
    "epochs": "epochs asked for", "seed": "seed", "dtype": "dtype",
}  # fmt: skip
ENDED = {
    "patience": "no better one for so long", "callback": "a callback ended it",
    "converged": "there was no way further down",
}  # fmt: skip


def _table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return a table whose first column names the row."""
    top = "".join(f'<th scope="col">{escape(str(cell))}</th>' for cell in head)
    body = "\n".join(
        f'<tr><th scope="row">{escape(str(first))}</th>'
        + "".join(f"<td>{escape(str(cell))}</td>" for cell in rest)
        + "</tr>"
        for first, *rest in rows
    )
    top = f"<thead><tr>{top}</tr></thead>\n" if any(head) else ""
    return f"<table>\n{top}<tbody>\n{body}\n</tbody>\n</table>"


def figures(run: Run) -> str:
    """Return the numbers that one looks for first."""
    beside = run.results["no_hidden_layer"]
    told = [
        (f"{run.results['test_accuracy']:.2%}", "of the test recognised"),
        (f"{run.results['train_accuracy']:.2%}", "of the training examples"),
    ]
    if beside:
        told.append((f"{beside['test_accuracy']:.2%}", "of the test without hidden layer"))
    told.append((f"{max(run.differences.values()):.1e}", "autodiff against the closed form"))
    return "\n".join(f"<li><b>{number}</b> {escape(text)}</li>" for number, text in told)


def settings(run: Run) -> str:
    """Return options, versions and how long it trained."""
    from autograd_mini import __version__

    asked = dict(run.settings) | {"layers": run.outline}
    asked["batch_size"] = asked.get("batch_size") or "all"
    rows = [["data", run.name]]
    rows += [["examples", f"{len(run.labels)} to train on, {len(run.labels_test)} to test"]]
    rows += [[label, _said(asked[name])] for name, label in SAID.items() if name in asked]
    last = len(run.history) - 1
    part = "validation" if "validation_cost" in run.history.columns else "training"
    kept = f"of epoch {run.history.best}, the lowest {part} cost (the test chooses nothing)"
    rows += [["weights kept", kept]]
    if run.history.interrupted:
        rows += [["stopped", f"by Ctrl-C in epoch {last}"]]
    elif run.history.ended != "epochs":
        rows += [["stopped", f"in epoch {last}: {ENDED[run.history.ended]}"]]
    versions = f"autograd_mini {__version__}, NumPy {np.__version__}"
    rows += [["versions", f"{versions}, Python {platform.python_version()}"]]
    return _table((), rows)


def _said(value: Any) -> str:
    if value is None:
        return "found by the method"
    return f"{value:g}" if isinstance(value, float) else str(value)


def gradient_check(run: Run) -> str:
    """Return each difference between the recorded gradient and the formulas."""
    rows = [[name, f"{value:.1e}"] for name, value in run.differences.items()]
    worst = max(run.differences.values())
    verdict = "passed" if worst <= run.tolerance else "FAILED"
    return (
        "<p>Before the first step the gradient that the engine records was compared with the "
        "formulas of backpropagation, δ^(L) = a^(L) − y and back, on all training examples: "
        f"<b>{verdict}</b>, worst {worst:.1e}, accepted up to {run.tolerance:g}.</p>\n"
        + _table(("", "largest relative difference"), rows)
    )


def accuracy(run: Run) -> str:
    """Return the accuracies of the network and of the one without hidden layer."""
    beside = run.results["no_hidden_layer"]
    rows = []
    for each in filter(None, (run.results, beside)):
        name = "-".join(map(str, each["layers"]))
        both = [f"{each[f'{part}_accuracy']:.2%}" for part in ("train", "test")]
        wrong = round((1 - each["test_accuracy"]) * len(run.labels_test))
        rows.append([name, *both, f"{wrong} of {len(run.labels_test)}"])
    table = _table(("network", "training", "test", "test mistakes"), rows)
    if not beside:
        return table
    gain = 100 * (run.results["test_accuracy"] - beside["test_accuracy"])
    return (
        f"{table}\n<p>The hidden layer is worth <b>{gain:+.2f} points</b> on the test: the second "
        "network has none, which makes it one logistic regression per class, and was trained "
        "the same way with the same λ.</p>"
    )


def confusion(run: Run) -> str:
    """Return the confusion table, shaded by the share of the row."""
    table = run.results["confusion"]
    if len(table) > MOST_CLASSES:
        return f"<p>A table of {len(table)} classes: see history.json.</p>"
    heads = "".join(f'<th scope="col">{k}</th>' for k in range(len(table)))
    rows = []
    for i, counts in enumerate(table):
        cells = "".join(_cell(count, count / max(sum(counts), 1), i == j)
                        for j, count in enumerate(counts))  # fmt: skip
        rows.append(f'<tr><th scope="row">{i}</th>{cells}</tr>')
    body = "\n".join(rows)
    return (
        "<p>Test examples: a row what it is, a column what the network says. Mistakes are orange."
        f'</p>\n<div class="wide"><table class="confusion">\n<thead><tr><th></th>{heads}</tr>'
        f"</thead>\n<tbody>\n{body}\n</tbody>\n</table></div>"
    )


def _cell(count: int, share: float, right: bool) -> str:
    if not count:
        return "<td>·</td>"
    # The square root, so that one mistake among a hundred is seen.
    strength = f"--share:{100 * share**0.5:.0f}%"
    return f'<td class="{"right" if right else "wrong"}" style="{strength}">{count}</td>'


def again(run: Run) -> str:
    """Return the code that loads the weights."""
    ours = f"""from autograd_mini.data import load_weights

net, notes = load_weights("weights.npz")
h = net([[0.0] * {run.net.sizes[0]}])  # (1, {run.net.sizes[-1]})
print(h.detach().numpy().round(3), notes["results"]["test_accuracy"])"""
    if run.images is not None:
        ours = f"""import numpy
from autograd_mini.data import Preparation, load_model

model = load_model("weights.npz")
standardise = Preparation.of(model)
h = model.net(standardise(numpy.zeros((1, {run.net.sizes[0]}))))  # (1, {run.net.sizes[-1]})
print(h.detach().numpy().round(3), model.notes["results"]["test_accuracy"])"""
    plain = """import numpy

with numpy.load("weights.npz") as file:
    theta1 = file["theta1"]     # the bias in column 0"""
    return (
        f"<p>With this package, in the folder of this page:</p>\n<pre>{escape(ours)}</pre>\n"
        f"<p>With NumPy alone:</p>\n<pre>{escape(plain)}</pre>\n"
        "<p>From the command line: <code>autograd-mini check --weights weights.npz</code> and "
        "<code>autograd-mini explain --weights weights.npz</code>.</p>"
    )
