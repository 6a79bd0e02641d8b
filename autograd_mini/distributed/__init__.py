"""The cost as a sum over shards of the examples, in one process or on the workers of a cluster.

The note's Δ is a sum over examples, Δ^(l) := Δ^(l) + δ^(l+1) (a^(l))ᵀ, and what is done with it,
D = Δ/m + (λ/m) Θ, is done once. So the examples may lie in shards on any number of machines: each
contributes Σ cost(i), Σ ∂cost(i)/∂Θ and its number of examples; λ enters with one of them. The
additions form one fixed tree over the shards' numbers, so their result is the same, bit for bit,
whoever computed which part (on one CPU type, with one BLAS thread).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..context import no_grad
from ..tensor import Tensor
from ..transforms import flatten, has_history
from .cluster import Cluster
from .shards import SHARDS, Shards, split
from .share import Call, Contribution, GradientSum, added_up, mismatch
from .tree import Partial

__all__ = ["SHARDS", "Sum", "split", "value_and_grad"]


def value_and_grad(
    cost: Callable[..., Any], shards: Any, *, client: Any = None
) -> Callable[..., tuple[np.float64, Any]]:
    """Return a function that gives a cost over all shards, and its gradient.

    With D_k = Σ_{i in shard k} cost(i) it is J = (1/m) Σ_k D_k + (λ/2m) Σ Θ²; gradients likewise.

    Parameters
    ----------
    cost
        ``cost(parameters, X, Y, lam)``, or with as many arrays as a shard has, and without lam: a
        mean over the examples it is given, with its λ term divided by their number, as the costs
        in `ag.nn`. (Of a sum over examples give the mean: its sum over all is m times the result.)
    shards
        A list of tuples of arrays, an example a row, such as `split` makes. They decide the last
        bits; workers do not.
    client
        A `distributed.Client`: its workers get the shards once, keep them, and compute. What a lost
        worker had is sent anew from here. None: this process computes the same sum.

    Returns
    -------
    callable
        ``f(parameters, lam=None, rows=None) -> (value, gradient)``. `parameters` are anything that
        `ag.value_and_grad` takes, but no Tensor with a history; the gradient has their structure,
        in plain arrays. `lam` is handed to the cost, unless it is None. `rows` are the numbers of
        the examples to take, (b,), counted through all shards: a batch; then m is b.

    Raises
    ------
    ValueError
        For shards that are none, or a cost that is no mean over its examples.
    RuntimeError
        From the function: when a worker has another version of autograd_mini, NumPy or Python, or
        workers are lost again and again.
    Exception
        From the function: what the cost raised, with a note of the shard and the worker.

    Examples
    --------
    >>> import autograd_mini as ag
    >>> X, Y = np.linspace(-1, 1, 20).reshape(10, 2), np.arange(10) % 2
    >>> net = ag.nn.Network([2, 3, 1])
    >>> shards = ag.distributed.split(X, Y, shards=4)
    >>> J, D = ag.distributed.value_and_grad(ag.nn.logistic_cost, shards)(net, lam=1.0)
    >>> J_batch, D_batch = ag.value_and_grad(ag.nn.logistic_cost)(net, X, Y, 1.0)
    >>> bool(np.isclose(J, J_batch, rtol=1e-12))
    True
    >>> bool(np.allclose(D.theta[1], D_batch.theta[1], rtol=1e-12))
    True
    """
    total = Sum({"gradient": GradientSum(cost)}, shards, client=client)
    unsure = True

    def over_all_shards(
        parameters: Any, lam: float | None = None, rows: Any = None
    ) -> tuple[np.float64, Any]:
        nonlocal unsure
        if unsure:
            must_be_a_mean(cost, parameters, total.shards, lam)
            unsure = False
        sums, m = total("gradient", parameters, lam, rows)
        value, *slopes = sums
        _, rebuild = flatten(parameters)
        return np.float64(value / m), rebuild([(slope / m)[()] for slope in slopes])

    return over_all_shards


class Sum:
    """Sums over all shards, of whatever a contribution computes from one of them.

    Parameters
    ----------
    contributions
        Functions by name, ``f(parameters, block, *lam)`` giving a list of numbers and arrays, each
        a sum over the block's examples. They must be able to travel (`pickle` or cloudpickle).
    shards, client
        As for `value_and_grad`.
    """

    def __init__(
        self, contributions: dict[str, Contribution], shards: Any, *, client: Any = None
    ) -> None:
        self.shards = shards if isinstance(shards, Shards) else Shards.of(shards)
        self.contributions = contributions
        self.cluster = None if client is None else Cluster(client, contributions, self.shards)

    def __call__(
        self, name: str, parameters: Any, lam: float | None = None, rows: Any = None
    ) -> tuple[list[Any], int]:
        """Return the sums, and the number of examples they are over."""
        chosen = None if rows is None else self.shards.chosen(rows)
        m = self.shards.examples if rows is None else len(rows)
        first = min(chosen) if chosen else 0
        errors = {kind: str(what) for kind, what in np.geterr().items() if what in _ERRORS}
        call = Call(name, _plain(parameters), len(self.shards), chosen, lam, first, errors)
        sums = self._here(call) if self.cluster is None else self.cluster.total(call)
        assert sums is not None
        return list(sums), m

    def close(self) -> None:
        """Free the workers' copies of the shards now; the next sum would send them again."""
        if self.cluster is not None:
            self.cluster.close()

    def _here(self, call: Call) -> Partial:
        blocks = dict(enumerate(self.shards.blocks))
        total, failure = added_up(call, self.contributions[call.name], blocks)
        if failure:
            raise failure.error
        return total.parts[0, call.shards]


_ERRORS = {"ignore", "warn", "raise", "print"}  # the others call something, which is here


def _plain(parameters: Any) -> Any:
    """Return the parameters as arrays whose rows lie one behind the other, as they travel."""
    leaves, rebuild = flatten(parameters)
    plain = []
    for leaf in leaves:
        value = leaf
        if isinstance(leaf, Tensor):
            if has_history(leaf.node):
                raise ValueError(
                    f"{leaf.name or 'a parameter'} has a history, which can not follow to other "
                    "processes: its derivative would be lost; give .detach() of it, and take "
                    "derivatives of this function with what it returns"
                )
            value = leaf.node.value
        plain.append(np.array(value, order="C") if isinstance(value, np.ndarray) else value)
    return rebuild(plain)


def must_be_a_mean(
    cost: Callable[..., Any], parameters: Any, shards: Shards, lam: float | None
) -> None:
    """Raise for a cost that is no mean over its examples, as the first two of them tell."""
    with no_grad(), np.errstate(all="ignore"):
        strength = () if lam is None else (lam,)
        wrong = mismatch(cost, _plain(parameters), shards.blocks[0], strength)
    if wrong:
        raise ValueError(
            f"the cost is no mean over its examples plus a term in λ/m: {wrong}; divide its sum by "
            "the number of examples, len(X), and λ too"
        )
