"""`fit`: epoch after epoch, the best weights kept, and checkpoints to go on from."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Any

import numpy as np

from ..history import History
from ..nn.network import Network
from ..optimisers.step import Step as Optimiser
from .checkpoint import Checkpoints
from .interrupt import first_ctrl_c
from .progress import bar
from .run import Callback, Run
from .settings import checked, whole
from .step import Cost, set_weights


def fit(
    net: Network,
    X: Any,
    Y: Any,
    *,
    cost: str | Cost = "logistic",
    lam: float = 0.0,
    optimizer: str | Optimiser = "adam",
    rate: float | Callable[[int], float] | None = None,
    clip: float | None = None,
    epochs: int = 100,
    batch_size: int | None = 32,
    seed: int | np.random.Generator = 0,
    validation: float | tuple[Any, Any] | None = None,
    test: tuple[Any, Any] | None = None,
    patience: int | None = None,
    callbacks: Sequence[Callback] = (),
    checkpoint: str | os.PathLike[str] | None = None,
    checkpoint_every: int | str = "30s",
    resume: bool = False,
    client: Any = None,
    shards: int | None = None,
    jit: bool = True,
    progress: bool | str = True,
) -> History:
    """Train a network in place, and leave it with the best weights it had.

    Every epoch goes through the examples once, in a new random order, in batches. A batch of b of
    the m examples descends along its mean data gradient plus (λ/m) Θ: λ counts as it does in the
    cost of all m examples, whatever the size of the batch. The best epoch is that of the lowest
    validation cost, or without validation data of the lowest training cost. Ctrl-C ends the run
    after the batch in work, with the best weights so far; a second Ctrl-C breaks it off.

    A run that ended early, by Ctrl-C, a power cut or anything else, goes on from its checkpoint
    with ``resume=True``, to the same bits as if nothing had happened (on one kind of CPU, with one
    BLAS thread): weights, history, and what the optimiser and the random generator remember.

    Parameters
    ----------
    net
        The network; its weights and biases are changed.
    X, Y
        Examples (m, s_1) and targets, (m, K) or labels (m,), as the costs take them.
    cost
        "logistic", "quadratic", "softmax", or a function ``cost(net, X, Y, lam)``.
    lam
        λ, the strength of the regularisation; biases are never regularised.
    optimizer
        "gradient-descent", "momentum", "nesterov", "rmsprop", "adam", "adamw", or a function like
        those in `optimisers`; "conjugate-gradient" or "l-bfgs" (SciPy's): an epoch is then an
        iteration on all examples, which finds its own rate.
    rate
        The learning rate α; or a schedule, a function of the number of steps before, such as those
        in `optimisers`; None takes what suits the optimiser.
    clip
        The greatest length of a step's gradient, all of it as one vector; None leaves it.
    epochs
        How often to go through the examples.
    batch_size
        Examples a step; None takes all of them, the note's own way, as full-batch methods do.
    seed
        Orders the batches: the same seed, the same numbers.
    validation
        Chooses the best epoch: (X, Y) kept aside; or the share of the examples to keep aside, the
        same of every class, such as 0.2.
    test
        (X, Y) kept aside to show the accuracy on, and never used for any choice.
    patience
        End the run when so many epochs in a row brought no new best one.
    callbacks
        Functions that are called after every epoch with the run's `State`: ``state.row`` is the
        newest row of the history, ``state.net`` the network as it is. One that returns True ends
        the run.
    checkpoint
        A file to keep the run's state in: at its beginning, at its end, and in between. It is also
        a weight file, of the best weights so far.
    checkpoint_every
        The number of epochs between two checkpoints, or of seconds (also within an epoch) as a
        text such as "30s".
    resume
        Go on from the checkpoint. Its run must have had the same settings and data, but for
        `epochs` and `patience`: larger ones continue a run that was over.
    client
        A `distributed.Client`: the training examples go to its workers once, in shards, and cost,
        gradients and accuracy over them are computed there; all else stays here. The same bits for
        any number of workers, and for none with the same `shards` (see `ag.distributed`).
    shards
        How many blocks of examples are summed over, in a fixed order; None is 16 with a client, and
        without one the plain batch.
    jit
        Whether to compile the step (see `ag.jit`): the same numbers to the last digits or so, in
        less time. It takes no part where the sums are made elsewhere.
    progress
        Whether to show a progress bar with cost and accuracy, on the error stream or in the
        notebook's cell; a text is the bar's name.

    Returns
    -------
    History
        A row an epoch; it prints as a table and plots itself.

    Raises
    ------
    ValueError
        For shapes that do not fit, no examples, values that are not finite, an unknown name, a
        number out of its range, or a checkpoint that is damaged or another run's.
    FloatingPointError
        When a cost stops being a finite number because the rate is too high; the network is left
        with the best weights it had.
    FileNotFoundError
        When there is no checkpoint to go on from.

    Examples
    --------
    >>> import autograd_mini as ag
    >>> X, y = [[0, 0], [0, 1], [1, 0], [1, 1]], [1, 0, 0, 1]  # XNOR
    >>> net = ag.nn.Network([2, 4, 1], seed=0)
    >>> history = ag.fit(net, X, y, rate=0.1, epochs=200, batch_size=None, progress=False)
    >>> history["accuracy"][-1]
    np.float64(1.0)
    """
    run = Run(net, cost, lam, optimizer, rate, clip, batch_size, callbacks)
    run.where(client, shards)
    run.compiles(jit)
    epochs = checked("epochs", epochs)
    patience = None if patience is None else checked("patience", patience)
    run.settings["seed"] = seed if whole(seed) else None
    with closing(run):
        state = run.begin((X, Y), validation, test, np.random.default_rng(seed))
        about = {} if checkpoint is None else run.about(state)  # it reads every bit of the data
        run.checkpoints = Checkpoints(checkpoint, checkpoint_every, about)
        run.first_row(state, resume)
        try:
            with bar(epochs, progress, state.epoch) as show, first_ctrl_c() as stop:
                while not (ended := state.ended(epochs, patience)):
                    if ended := run.epoch(state, stop):
                        break
                    run.close_epoch(state)
                    show(state.row)
                run.checkpoints.save(state)
                if ended == "Ctrl-C" and state.batch:
                    state.add(run.row(state))  # of an epoch that is not complete
        finally:
            state.step.close()
            set_weights(net, state.best_weights)
    settings = run.settings | {"epochs": epochs}
    return History(state.rows, state.best, ended == "Ctrl-C", settings, ended)
