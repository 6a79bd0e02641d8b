"""Training: batches, an optimiser, a progress bar, Ctrl-C, and the best weights kept.

`fit` uses nothing that a reader could not: `value_and_grad` of a cost and an optimiser that is a
plain function. In reading order: ``settings`` looks at what was asked for; ``step`` is one step,
``full`` one of a full-batch method; ``measure`` makes a row of the history; ``state`` is where a
run stands, and ``checkpoint`` keeps it; ``interrupt`` and ``progress`` are Ctrl-C and the bar;
``run`` has the parts of a run, and ``loop``, which is `fit`, gives each its turn.

Two seams, both in ``step``:

1. `step.move` makes the function that a step is, of arrays alone: ``(parameters, state, X, Y, lam,
   rate) -> (J, parameters, state)``, the cost of a batch, its gradients and the optimiser's move.
   It changes nothing and reads nothing but its arguments, so it can be compiled as a whole:
   `Step` calls whatever ``compiled(move(...))`` gives; ``compiled`` does it with `ag.jit`.
2. `Step` takes ``gradients(parameters, rows, lam) -> (J, gradients)`` in place of its own batch:
   ``rows`` are numbers of examples, and J is the mean over them plus (lam / 2 len(rows)) Σ Θ². So
   the examples may be elsewhere, and the sum over them be made there: ``elsewhere``, on Dask.
"""

from __future__ import annotations

from ..history import History
from .loop import fit
from .measure import accuracy

__all__ = ["History", "accuracy", "fit"]
