"""The options of `autograd-mini train`, and what its schedule and checkpoints are called."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..full_batch import METHODS
from ..optimisers import OPTIMISERS, RATES, cosine, step_decay, warm_up
from ..training.checkpoint import interval
from . import data_options, options, workers

# Chosen by five-fold cross-validation inside the training parts of eight splits (no test part was
# looked at): momentum 97.6 %, Adam 97.4 %, and λ from 0.05 to 0.3 within 0.2 points.
DEFAULTS = {"lam": 0.1, "optimizer": "momentum", "epochs": 200, "batch_size": 32}
FOLDER = "autograd-mini-train"
SCHEDULE = re.compile(r"(?:warm-up:([0-9]{1,9}))?(?:^|$|\+)(?:(cosine)|step:([0-9]{1,9}))?")


def add(parser: options.Parser) -> None:
    """Add the options that say what is trained, how, and where it goes."""
    data_options.add(parser)
    options.network(parser, "64-25-10", "; with --data: features-25-classes")
    options.strength(parser, DEFAULTS["lam"])
    _steps(parser)
    _ends(parser)
    workers.add(parser)
    _keeps(parser)
    parser.set_defaults(**DEFAULTS)


def _steps(parser: options.Parser) -> None:
    parser.add_argument(
        "--optimizer", type=options.optimiser, choices=(*OPTIMISERS, *METHODS), metavar="NAME",
        help=f"{', '.join(OPTIMISERS)}; {', '.join(METHODS)} (SciPy's: an epoch is an iteration "
        "on all examples) (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--rate", type=options.number(0, open_below=True), metavar="α",
        help="learning rate (default: "
        + ", ".join(f"{rate:g} for {name}" for name, rate in RATES.items()) + ")",
    )  # fmt: skip
    parser.add_argument(
        "--schedule", type=schedule, metavar="S",
        help="how α changes, in epochs: cosine (to 0 at the end), step:50 (a tenth after every "
        "50), warm-up:5 (up to α), warm-up:5+cosine (default: it does not)",
    )  # fmt: skip
    parser.add_argument(
        "--clip", type=options.number(0, open_below=True), metavar="N",
        help="greatest length of a step's gradient (default: any)",
    )  # fmt: skip
    parser.add_argument(
        "--epochs", type=options.whole(0, 10**9), metavar="N",
        help="passes through the training examples (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--batch-size", type=options.batch, metavar="N",
        help='examples a step, or "all" (default: %(default)s)',
    )  # fmt: skip


def _ends(parser: options.Parser) -> None:
    parser.add_argument(
        "--validation", type=share, metavar="SHARE",
        help="share of the training examples to choose the best epoch by, such as 0.2 (default: "
        "none; the training cost chooses)",
    )  # fmt: skip
    parser.add_argument(
        "--patience", type=options.whole(1, 10**9), metavar="N",
        help="stop after N epochs in a row without a new best one (default: never)",
    )  # fmt: skip
    parser.add_argument(
        "--seed", type=options.whole(0), default=0, metavar="N",
        help="of split, initial weights and batches: same seed, same numbers (default: 0)",
    )  # fmt: skip
    parser.add_argument(
        "--dtype", choices=("float64", "float32"), default="float64", metavar="T",
        help="float64 or float32 (default: float64)",
    )  # fmt: skip


def _keeps(parser: options.Parser) -> None:
    parser.add_argument(
        "--out", type=options.path, default=Path(FOLDER), metavar="FOLDER",
        help=f"where the results go (default: {FOLDER})",
    )  # fmt: skip
    parser.add_argument(
        "--checkpoint-every", type=every, default="30s", metavar="N",
        help="write a checkpoint after N epochs, or Ns for N seconds (default: 30s)",
    )  # fmt: skip
    parser.add_argument(
        "--resume", action="store_true",
        help="go on from the folder's checkpoint, to the same bits; give all else as before "
        "(--epochs and --patience may grow)",
    )  # fmt: skip
    parser.add_argument(
        "--no-jit", dest="jit", action="store_false",
        help="record every step anew, in place of compiling it once",
    )  # fmt: skip
    parser.add_argument("--no-progress", action="store_true", help="show no progress bar")


def share(text: str) -> float:
    """Read a share of the examples, between 0 and 1."""
    value: float = options.number(0, 1, open_below=True)(text)
    if value == 1:
        raise argparse.ArgumentTypeError(f"{text!r}: give a share below 1, such as 0.2")
    return value


def every(text: str) -> int | str:
    """Read the time between two checkpoints: epochs, or seconds with an s."""
    found: int | str = int(text) if re.fullmatch("[0-9]{1,9}", text) else text
    try:
        interval(found)
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f"{text!r}: give a number of epochs such as 10, or of seconds such as 30s"
        ) from error
    return found


def schedule(text: str) -> str:
    """Read a schedule; `rate_of` makes it, once the steps of an epoch are known."""
    match = SCHEDULE.fullmatch(text)
    if not text or match is None or "0" in {part and str(int(part)) for part in match.group(1, 3)}:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no schedule; give cosine, step:50, warm-up:5 or warm-up:5+cosine"
        )
    return text


def rate_of(args: argparse.Namespace, examples: int) -> float | Callable[[int], float] | None:
    """Return the rate, or the schedule of it, for so many training examples."""
    if args.schedule is None:
        return args.rate  # type: ignore[no-any-return]
    if args.optimizer in METHODS:
        raise ValueError(f"--schedule: {args.optimizer} finds its own rate; leave it out")
    match = SCHEDULE.fullmatch(args.schedule)
    warm, is_cosine, every = match.groups() if match else (None, None, None)
    steps = -(-examples // (args.batch_size or examples))
    rate: Any = args.rate or RATES[args.optimizer]
    if is_cosine:
        rate = cosine(rate, max(args.epochs - int(warm or 0), 1) * steps)
    elif every:
        rate = step_decay(rate, int(every) * steps)
    made: float | Callable[[int], float] = warm_up(int(warm) * steps, rate) if warm else rate
    return made
