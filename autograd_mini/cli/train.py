"""`autograd-mini train`: a digit classifier, from checked gradient to saved weights."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..context import no_grad
from ..data import load_digits, load_examples, one_hot, save_weights, split, write
from ..nn import Network
from ..optimisers import OPTIMISERS, RATES
from ..training import History, accuracy, fit
from . import options
from .comparison import TOLERANCE, differences
from .pictures import graph_of_cost, picture
from .terminal import Output, shown

Array = NDArray[Any]

HELP = "train a classifier on handwritten digits (or your own data) and save it"
DESCRIPTION = """\
Train a network, by default 64-25-10 with sigmoid units on the 8x8 digits inside this package,
with the regularised logistic cost

    J(Θ) = -(1/m) Σ_i Σ_k [ y_k log h_k + (1 - y_k) log(1 - h_k) ] + (λ/2m) Σ Θ²

Before the first step the recorded gradient is compared with the closed δ formulas. Four fifths of
the examples (the same share of every class) are trained on, the others are the test. A network
without hidden layer is trained beside, with the same λ. Ctrl-C stops early and keeps the best
weights so far. The folder then holds

    weights.npz    Θ^(1), Θ^(2), ... (numpy.load, no pickle)
    history.json   settings, cost and accuracy after every epoch, the results
    cost.svg       their curves
    graph.svg      the recorded graph of the cost, with gradients
"""
EXAMPLES = """\
examples:
  autograd-mini train
  autograd-mini train --layers 64-32-16-10 --activation relu --rate 0.03
  autograd-mini train --optimizer "gradient descent" --batch-size all --rate 2 --epochs 500
  autograd-mini train --data mine.npz --out mine    (numpy.savez("mine.npz", X=X, y=y))
"""

FOLDER = "autograd-mini-train"
FILES = ("weights.npz", "history.json", "cost.svg", "graph.svg")


def add(commands: Any) -> None:
    """Add the sub-command to the command line."""
    parser = commands.add_parser("train", help=HELP, description=DESCRIPTION, epilog=EXAMPLES)
    options.common(parser, run)
    options.network(parser, "64-25-10", "; with --data: features-25-classes")
    add_option = parser.add_argument
    add_option(
        "--data",
        type=Path,
        metavar="FILE.npz",
        help="your own examples: X (m, features) and labels y (m,) from 0",
    )
    add_option(
        "--lam",
        "--lambda",
        type=options.number(0),
        default=0.1,
        metavar="λ",
        dest="lam",
        help="strength of the regularisation (default: 0.1)",
    )
    add_option(
        "--optimizer",
        choices=tuple(OPTIMISERS),
        default="momentum",
        metavar="NAME",
        help=f"{', '.join(OPTIMISERS)} (default: momentum)",
    )
    rates = ", ".join(f"{rate:g} for {name}" for name, rate in RATES.items())
    add_option(
        "--rate",
        type=options.number(0, open_below=True),
        metavar="α",
        help=f"learning rate (default: {rates})",
    )
    add_option(
        "--epochs",
        type=options.whole(0, 10**9),
        default=200,
        metavar="N",
        help="passes through the training examples (default: 200)",
    )
    add_option(
        "--batch-size",
        type=options.batch,
        default=32,
        metavar="N",
        help='examples a step, or "all" (default: 32)',
    )
    add_option(
        "--seed",
        type=options.whole(0),
        default=0,
        metavar="N",
        help="of split, initial weights and batches: same seed, same numbers (default: 0)",
    )
    add_option(
        "--dtype",
        choices=("float64", "float32"),
        default="float64",
        metavar="T",
        help="float64 or float32 (default: float64)",
    )
    add_option(
        "--out",
        type=Path,
        default=Path(FOLDER),
        metavar="FOLDER",
        help=f"where the results go (default: {FOLDER})",
    )
    add_option("--no-progress", action="store_true", help="no progress bar")
    # fmt: skip


def run(args: argparse.Namespace, out: Output) -> int:
    """Train, print and save; 1 when the gradient is wrong."""
    folder = options.folder_for(args.out)
    data = Data(args)
    net, baseline = networks(args, data)
    worst = check(args, data, net, out)
    if worst > TOLERANCE[args.dtype]:
        return 1
    start = time.perf_counter()
    history = train(args, data, net, data.seeds[1])
    beside = None
    if baseline is not None and not history.interrupted:
        beside = train(args, data, baseline, data.seeds[3])
    seconds = time.perf_counter() - start
    if history.interrupted or (beside is not None and beside.interrupted):
        out.item("Stopped", "by Ctrl-C; the best weights so far are kept")
    results = evaluate(data, net, baseline if beside is not None else None)
    outlines = [outline(each) for each in (net, baseline) if each is not None]
    report(history, results, outlines, seconds, out)
    settings = {
        "data": data.name,
        "activation": args.activation,
        "seed": args.seed,
        "dtype": args.dtype,
    } | {k: v for k, v in history.settings.items() if k != "seed"}
    content = json.loads(history.to_json()) | {"settings": settings, "gradient_check": worst}
    files = save(folder, net, data, history, content | {"results": results})
    out.item("Saved", f"in {shown(folder)}: {', '.join(files)}")
    out.record(
        settings=settings,
        gradient_check=worst,
        **results,
        epochs_run=len(history) - 1,
        best=history.best,
        interrupted=history.interrupted,
        seconds=round(seconds, 3),
        folder=str(folder),
        files=files,
    )
    return 0


class Data:
    """The examples, split, with targets as the costs take them."""

    def __init__(self, args: argparse.Namespace) -> None:
        seeds = np.random.SeedSequence(args.seed).spawn(5)
        split_seed, *self.seeds = (np.random.default_rng(seed) for seed in seeds)
        if args.data is None:
            self.name = "UCI 8x8 digits"
            X, y = load_digits()
        else:
            self.name = shown(args.data)
            X, y = load_examples(args.data)
        self.sizes = args.layers or [X.shape[1], 25, max(int(y.max()) + 1, 2)]
        self.classes = max(self.sizes[-1], 2)  # one unit tells two classes apart
        if self.sizes[0] != X.shape[1]:
            raise ValueError(
                f"--layers {'-'.join(map(str, self.sizes))} begins with {self.sizes[0]} units and "
                f"the examples have {X.shape[1]} features; begin with {X.shape[1]}"
            )
        if y.max() >= self.classes or self.classes > 10_000:
            raise ValueError(
                f"label {y.max()} is out of range for {self.classes} classes; labels count up from "
                f"0, and the last layer has one unit for each (at most 10000)"
            )
        self.X, self.X_test, self.y, self.y_test = split(X, y, seed=split_seed)

    def targets(self, y: Array) -> Array:
        """Labels as the output layer shows them."""
        return y[:, np.newaxis] * 1.0 if self.sizes[-1] == 1 else one_hot(y, self.classes)


def networks(args: argparse.Namespace, data: Data) -> tuple[Network, Network | None]:
    """The network, and the one without hidden layer to compare it with."""
    output = options.COSTS[args.cost]
    if args.cost == "softmax" and data.sizes[-1] == 1:
        raise ValueError("softmax of one unit is always 1; end --layers with 2, or take logistic")
    net = Network(data.sizes, args.activation, output, seed=data.seeds[0], dtype=args.dtype)
    if len(data.sizes) == 2:
        return net, None
    ends = [data.sizes[0], data.sizes[-1]]
    return net, Network(ends, output=output, seed=data.seeds[2], dtype=args.dtype)


def check(args: argparse.Namespace, data: Data, net: Network, out: Output) -> float:
    """Compare autodiff with the closed form on all training examples, before the first step."""
    out.item("Data", f"{data.name}: {len(data.y)} examples to train on, {len(data.y_test)} to test")
    rate = RATES[args.optimizer] if args.rate is None else args.rate
    batches = f"batches of {args.batch_size}" if args.batch_size else "all examples a step"
    out.item("Network", f"{outline(net)}, {args.activation}; {args.cost} cost, λ = {args.lam:g}")
    out.item(
        "Training",
        f"{args.optimizer}, α = {rate:g}, {args.epochs} epochs, {batches}, "
        f"seed {args.seed}, {args.dtype}",
    )
    found = differences(net, data.X, data.targets(data.y), args.lam, args.cost)
    worst = max(found, key=lambda name: found[name])
    right = found[worst] <= TOLERANCE[args.dtype]
    verdict = "✓" if right else f"✗ (at most {TOLERANCE[args.dtype]:g} expected); not trained"
    out.item(
        "Gradient",
        "autodiff against the closed form, every δ^(l) and ∂J/∂Θ^(l): worst "
        f"relative difference {found[worst]:.1e}, in {worst}  {verdict}",
    )
    out.record(differences=found)
    return found[worst]


def train(args: argparse.Namespace, data: Data, net: Network, seed: np.random.Generator) -> History:
    """Fit one of the networks."""
    return fit(
        net, data.X, data.targets(data.y), cost=args.cost, lam=args.lam, optimizer=args.optimizer,
        rate=args.rate, epochs=args.epochs, batch_size=args.batch_size, seed=seed,
        progress=not args.no_progress and outline(net),
    )  # fmt: skip


def evaluate(data: Data, net: Network, baseline: Network | None) -> dict[str, Any]:
    """Accuracies of both networks, and who is taken for whom."""
    results: dict[str, Any] = {"layers": list(net.sizes)}
    for prefix, each in (("", net), ("baseline_", baseline)):
        if each is not None:
            results[f"{prefix}train_accuracy"] = accuracy(each, data.X, data.targets(data.y))
            results[f"{prefix}test_accuracy"] = accuracy(
                each, data.X_test, data.targets(data.y_test)
            )
    with no_grad():
        h = net(data.X_test).numpy()
    answers = h.argmax(axis=1) if h.shape[1] > 1 else (h[:, 0] >= 0.5).astype(int)
    confusion = np.zeros((data.classes, data.classes), int)
    np.add.at(confusion, (data.y_test, answers), 1)
    return results | {"confusion": confusion.tolist()}


def report(
    history: History, results: dict[str, Any], outlines: list[str], seconds: float, out: Output
) -> None:
    """Print accuracies and the confusion table."""
    out.item(
        "Trained",
        f"in {seconds:.1f} s; J from {history['cost'][0]:.4f} to "
        f"{history['cost'][history.best]:.4f} (epoch {history.best})",
    )
    rows = [["accuracy", "training", "test", ""]]
    names = zip(("", "baseline_"), outlines, ("", "no hidden layer, same λ"), strict=True)
    for prefix, name, remark in names:
        if f"{prefix}test_accuracy" in results:
            shares = [f"{results[f'{prefix}{part}_accuracy']:.2%}" for part in ("train", "test")]
            rows.append([name, *shares, remark])
    out.table(rows)
    if "baseline_test_accuracy" in results:
        gain = 100 * (results["test_accuracy"] - results["baseline_test_accuracy"])
        out.line(f"{'':12}the hidden layer: {gain:+.2f} points on the test")
    confusion = results["confusion"]
    if len(confusion) > 20:
        out.line(f"{'':12}(confusion table of {len(confusion)} classes: in history.json)")
        return
    out.item("Confusion", "test examples; down: what it is, across: what the network says")
    counted = [[count or "·" for count in row] for row in confusion]
    labels = range(len(confusion))
    out.table([["", *labels], *([label, *row] for label, row in zip(labels, counted, strict=True))])


def save(
    folder: Path, net: Network, data: Data, history: History, content: dict[str, Any]
) -> list[str]:
    """Leave weights, history, curves and graph in the folder; each whole or not at all."""
    notes = {"data": data.name, "test_accuracy": content["results"]["test_accuracy"]}
    save_weights(folder / "weights.npz", net, **notes)
    write(folder / "history.json", json.dumps(content, indent=1) + "\n")
    write(folder / "cost.svg", history.svg())
    settings = content["settings"]
    J = graph_of_cost(net, data.X[:1], data.targets(data.y[:1]), settings["lam"], settings["cost"])
    picture(J, folder / "graph.svg")
    return list(FILES)


def outline(net: Network) -> str:
    """Layer sizes as people write them: 64-25-10."""
    return "-".join(map(str, net.sizes))
