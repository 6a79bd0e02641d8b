"""Full-batch methods: SciPy's conjugate gradient and L-BFGS, one iteration at a time.

They are SciPy's own (``pip install "autograd-mini[scipy]"``), over the parameters as one long
vector, as the course's ``fmincg`` does. Here is what training needs around them: an iteration at a
time, so that it can be shown, judged and stopped; and a state to keep, from which it goes on with
the same bits.

>>> import numpy as np, autograd_mini as ag
>>> def J(p):
...     return np.sum((p["w"] - 3.0) ** 4) + p["b"] ** 2
>>> run = FullBatch(ag.value_and_grad(J), {"w": np.zeros(2), "b": 1.0})
>>> for iteration in run:
...     pass
>>> iteration.parameters["w"].round(1), iteration.cost < 1e-6
(array([3., 3.]), True)
"""

from __future__ import annotations

from .iterations import METHODS, FullBatch, Iteration

__all__ = ["METHODS", "FullBatch", "Iteration"]
