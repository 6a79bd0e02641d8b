"""`autograd-mini train`: a digit classifier, from the checked gradient to the saved weights."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data import one_hot, split
from ..data.handwriting import facts
from ..full_batch import METHODS
from ..history import History
from ..nn.network import Network
from ..optimisers import RATES
from ..report import Run
from ..training import fit
from . import data_options, options, train_options, workers
from .comparison import TOLERANCE, differences
from .results import evaluate, outline, report, save
from .terminal import Output, quoted, shown

Array = NDArray[Any]

HELP = "train a classifier on handwritten digits (or your own data) and save it"
DESCRIPTION = """\
Train a network, by default 64-25-10 with sigmoid units on the 8x8 digits inside this package,
with the regularised logistic cost

    J(Θ) = -(1/m) Σ_i Σ_k [ y_k log h_k + (1 - y_k) log(1 - h_k) ] + (λ/2m) Σ Θ²

Before the first step the recorded gradient is compared with the closed δ formulas. Four fifths of
the examples (the same share of every class) are trained on, the others are the test, which
chooses nothing. A network without hidden layer is trained beside, with the same λ. Ctrl-C stops
early and keeps the best weights so far. The folder then holds

    weights.npz    Θ^(1), Θ^(2), ... as theta1, theta2, ..., and metadata: settings and results
                   as JSON text (numpy.load reads it; no pickle)
    checkpoint.npz the run as it is: --resume goes on from it after Ctrl-C or a power cut, or with
                   more --epochs (checkpoint_beside.npz: that of the other network)
    history.json   settings, cost and accuracy after every epoch, results
    cost.svg       their curves (with matplotlib also cost.png)
    graph.svg      the recorded graph of the cost, with its gradients
    report.html    all of it on one page that needs nothing beside it: figures, curves, mistakes,
                   what the hidden units look for, gradients and activations layer by layer
"""
EXAMPLES = """\
examples:
  autograd-mini train
  autograd-mini train --layers 64-32-16-10 --activation relu --rate 0.02
  autograd-mini train --optimizer gradient-descent --batch-size all --rate 2 --epochs 1000
  autograd-mini train --optimizer adam --schedule warm-up:5+cosine --validation 0.2 --patience 20
  autograd-mini train --optimizer l-bfgs --epochs 50        (needs SciPy)
  autograd-mini train --resume --epochs 400
  autograd-mini train --optimizer l-bfgs --dask local:2     (two worker processes; needs Dask)
  autograd-mini train --data mine.npz --out mine    (numpy.savez("mine.npz", X=X, y=y))
  autograd-mini train --data mine.csv --label species --standardise
  autograd-mini train --data mnist5k --crop 20 --layers 400-25-10 --out mnist
"""
CHECKPOINTS = ("checkpoint.npz", "checkpoint_beside.npz")


def add(commands: Any) -> None:
    """Add the sub-command to the command line."""
    parser = commands.add_parser("train", help=HELP, description=DESCRIPTION, epilog=EXAMPLES)
    options.common(parser, run)
    train_options.add(parser)


def run(args: argparse.Namespace, out: Output) -> int:
    """Train, print and save; 1 when the gradient is wrong."""
    folder = options.folder_for(args.out)
    if args.optimizer in METHODS:
        args.batch_size = None
    data = Data(args)
    nets = networks(args, data)
    introduce(args, data, nets[0], out)
    found = check(args, data, nets[0], out)
    worst = max(found.values())
    if worst > TOLERANCE[args.dtype]:
        return 1
    with workers.found(args, out) as args.elsewhere:
        start = time.perf_counter()
        histories = train_all(args, data, nets, folder)
        seconds = time.perf_counter() - start
    ended(histories, out)
    results = evaluate(nets[: len(histories)], data.X, data.X_test, data.y, data.y_test)
    out.item("Trained", f"in {seconds:.1f} s; {falling(histories[0])}")
    report(results, out)
    settings = {
        "data": data.name, "layers": data.sizes, "activation": args.activation, "seed": args.seed,
        "dtype": args.dtype, **{k: v for k, v in histories[0].settings.items() if k != "seed"},
    }  # fmt: skip
    content = json.loads(histories[0].to_json())
    content |= {"settings": settings, "gradient_check": worst, "results": results}
    made = Run(
        data.name, nets[0], data.X, data.targets(data.y), data.y, data.X_test, data.y_test,
        histories[0], settings, results, found, TOLERANCE[args.dtype], data.images,
    )  # fmt: skip
    files = save(folder, made, content, data.prepared, inputs=data.inputs)
    out.item("Saved", f"in {shown(folder)}: {', '.join(files)}")
    out.line(f"{'':12}open report.html in a browser to see all of it")
    out.line(f"{'':12}next: autograd-mini check --weights {quoted(folder / 'weights.npz')}")
    del content["rows"]
    out.record(**content, seconds=round(seconds, 3), folder=str(folder), files=files)
    return 0


class Data:
    """The examples, split, and the random numbers of every part of the run."""

    def __init__(self, args: argparse.Namespace) -> None:
        seeds = np.random.SeedSequence(args.seed).spawn(5)
        split_seed, *others = (np.random.default_rng(seed) for seed in seeds)
        self.weight_seeds, self.order_seeds = others[:2], others[2:]
        name, X, y = data_options.read(args)
        self.name, X, self.prepared = data_options.cut(args, name, X)
        self.sizes: list[int] = args.layers or [X.shape[1], 25, max(int(y.max()) + 1, 2)]
        self.classes = max(self.sizes[-1], 2)  # one unit tells two classes apart
        if self.sizes[0] != X.shape[1]:
            raise ValueError(
                f"--layers {'-'.join(map(str, self.sizes))} begins with {self.sizes[0]} units, but "
                f"an example has {X.shape[1]} features; begin with {X.shape[1]}"
            )
        if y.max() >= self.classes or self.classes > 1_000:
            raise ValueError(
                f"label {y.max()} is out of range: a last layer of {self.sizes[-1]} tells labels 0 "
                f"to {self.classes - 1} apart; end --layers with a unit for each (at most 1000)"
            )
        self.X, self.X_test, self.y, self.y_test = split(X, y, seed=split_seed)
        self.inputs = facts(self.X)
        self.images: Array | None = None
        if args.standardise:  # by what the training part alone tells
            self.name, self.images = f"{self.name}, standardised", self.X_test
            self.prepared = self.prepared.fitted(self.X)
            self.X, self.X_test = map(self.prepared, (self.X, self.X_test))

    def targets(self, y: Array) -> Array:
        """Labels as the output layer is to show them."""
        return y[:, np.newaxis] * 1.0 if self.sizes[-1] == 1 else one_hot(y, self.classes)


def networks(args: argparse.Namespace, data: Data) -> list[Network]:
    """Make the network and, to compare it with, the one without hidden layer."""
    output = options.output(args.cost, data.sizes, len(data.X))
    shapes = [data.sizes, [data.sizes[0], data.sizes[-1]]][: 1 + (len(data.sizes) > 2)]
    return [
        Network(sizes, args.activation, output, seed=seed, dtype=args.dtype)
        for sizes, seed in zip(shapes, data.weight_seeds, strict=False)
    ]


def introduce(args: argparse.Namespace, data: Data, net: Network, out: Output) -> None:
    """Say what is trained on what, and how."""
    rate = args.rate or RATES.get(args.optimizer)
    alpha = ["α found by it" if rate is None else f"α = {rate:g}", *filter(None, [args.schedule])]
    batches = f"batches of {args.batch_size}" if args.batch_size else "all examples a step"
    out.item("Data", f"{data.name}: {len(data.y)} examples to train on, {len(data.y_test)} to test")
    if args.standardise:
        out.line(f"{'':12}every feature standardised: mean 0, deviation 1 over those to train on")
    elif (largest := np.abs(data.X).max()) > 20:
        out.line(f"{'':12}features reach {largest:g}: with --standardise training goes better")
    out.item("Network", f"{outline(net)}, {args.activation}; {args.cost} cost, λ = {args.lam:g}")
    out.item(
        "Training",
        f"{args.optimizer}, {', '.join(alpha)}, {args.epochs} epochs, {batches}, seed {args.seed}",
    )


def check(args: argparse.Namespace, data: Data, net: Network, out: Output) -> dict[str, float]:
    """Compare autodiff with the closed form on all training examples, before the first step."""
    found = differences(net, data.X, data.targets(data.y), args.lam, args.cost, args.jit)
    worst = max(found, key=lambda name: found[name])
    most = TOLERANCE[args.dtype]
    verdict = "✓" if found[worst] <= most else f"✗ more than {most:g}; not trained"
    kinds = "every δ^(l) and ∂J/∂Θ^(l)" + ", recorded and compiled" * args.jit
    out.item("Gradient", f"autodiff against the closed form, {kinds}:")
    out.line(f"{'':12}worst relative difference {found[worst]:.1e} (in {worst})  {verdict}")
    out.record(gradient_check=found[worst], differences=found)
    return found


def train_all(
    args: argparse.Namespace, data: Data, nets: list[Network], folder: Path
) -> list[History]:
    """Fit the networks one after the other, until Ctrl-C; the first's checkpoint must be there."""
    histories: list[History] = []
    for net, seed, name in zip(nets, data.order_seeds, CHECKPOINTS, strict=False):
        if any(history.interrupted for history in histories):
            break
        try:
            found = train(args, data, net, seed, folder / name, args.resume)
        except (FileNotFoundError, ValueError):
            if not histories or not args.resume:
                raise
            # There is none beside, or one of an earlier run.
            found = train(args, data, net, seed, folder / name, False)
        histories.append(found)
    return histories


def train(
    args: argparse.Namespace, data: Data, net: Network, seed: np.random.Generator, path: Path,
    resume: bool,
) -> History:  # fmt: skip
    """Fit one of the networks; the test is in its curves and chooses nothing."""
    examples = round(len(data.X) * (1 - (args.validation or 0)))
    return fit(
        net, data.X, data.targets(data.y), cost=args.cost, lam=args.lam, optimizer=args.optimizer,
        rate=train_options.rate_of(args, examples), clip=args.clip, epochs=args.epochs,
        batch_size=args.batch_size, seed=seed, validation=args.validation, patience=args.patience,
        test=(data.X_test, data.targets(data.y_test)), checkpoint=path,
        checkpoint_every=args.checkpoint_every, resume=resume, jit=args.jit,
        progress=not args.no_progress and outline(net), **args.elsewhere,
    )  # fmt: skip


def ended(histories: list[History], out: Output) -> None:
    """Say why training ended, where it was not for the number of epochs."""
    last = histories[-1]
    if last.interrupted:
        out.item("Stopped", "by Ctrl-C; the best weights so far are kept")
        out.line(f"{'':12}the same command with --resume goes on")
    elif (first := histories[0]).ended == "patience":
        kind = "validation" if "validation_cost" in first.columns else "training"
        out.item("Stopped", f"early: no lower {kind} cost after epoch {first.best}")
    elif first.ended == "converged":
        out.item("Stopped", f"after {len(first) - 1} iterations: there is no way further down")


def falling(history: History) -> str:
    """From which cost to which."""
    first, best = history["cost"][[0, history.best]]
    if not history.best:
        cure = "; give a smaller --rate" if len(history) > 1 else ""
        return f"J = {first:.4f}, which no epoch lowered{cure}"
    kept = "its lowest, in" if "validation_cost" not in history.columns else "that of"
    told = f"J fell from {first:.4f} to {best:.4f}, {kept} epoch {history.best}"
    if "validation_cost" in history.columns:
        told += f", whose validation cost {history['validation_cost'][history.best]:.4f} is lowest"
    return told
