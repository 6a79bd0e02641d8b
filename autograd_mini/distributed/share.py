"""What one process computes: the contribution of each of its shards, added up in the tree."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..blas import one_thread
from ..tensor import unwrap
from ..transforms import flatten, value_and_grad
from .tree import Partial, TreeSum

__all__ = ["Block", "Call", "Contribution", "Failure", "GradientSum", "added_up", "mismatch"]

Array = NDArray[Any]
Block = tuple[Array, ...]
Contribution = Callable[..., Partial]
"""``f(parameters, block, *more)``: numbers and arrays, each a sum over the block's examples."""


@dataclass(frozen=True)
class Call:
    """One sum over all shards.

    Attributes
    ----------
    name
        Which of the contributions is wanted.
    parameters
        What they are computed from.
    shards
        How many shards there are, here and elsewhere.
    rows
        The examples to take of each shard; a shard without an entry takes no part. None: all.
    lam, first
        λ, which enters with the first shard that takes part, and with no other. None: the cost
        has none.
    errors
        What NumPy is to do about overflow and the like (`numpy.geterr`), as the caller has it.
    """

    name: str
    parameters: Any
    shards: int
    rows: Mapping[int, Array] | None = None
    lam: float | None = None
    first: int = 0
    errors: Mapping[str, str] = field(default_factory=dict)

    def block(self, k: int, block: Block) -> Block | None:
        """Return what of a shard takes part."""
        if self.rows is None:
            return block
        return tuple(part[self.rows[k]] for part in block) if k in self.rows else None

    def strength(self, k: int) -> tuple[float, ...]:
        """Return λ for the shard it enters with, 0 for all others, () where there is none."""
        if self.lam is None:
            return ()
        return (self.lam if k == self.first else 0.0,)


@dataclass
class Failure:
    """What a contribution raised, with which shard."""

    shard: int
    error: Exception
    text: str = ""
    """The traceback on the worker, in words: it can not travel itself."""


@dataclass(frozen=True)
class GradientSum:
    """Σ cost(i) and Σ ∂cost(i)/∂parameters over the examples of a block.

    The cost is a mean over its own m_k examples, its λ term divided by m_k too, so m_k times the
    cost is Σ cost(i) + (λ/2) Σ Θ²: to be added up, and divided by m at the end.
    """

    cost: Callable[..., Any]

    def __call__(self, parameters: Any, block: Block, *lam: float) -> Partial:
        """Return Σ cost(i), and the gradient's leaves."""
        m = len(block[0])
        value, gradient = value_and_grad(self.cost)(parameters, *block, *lam)
        return [m * float(value), *(m * unwrap(slope) for slope in flatten(gradient)[0])]


def added_up(
    call: Call, contribution: Contribution, blocks: Mapping[int, Block], place: str = ""
) -> tuple[TreeSum, Failure | None]:
    """Return the sum over some shards, as far as the tree joins them, or where it broke off.

    The exception has a note of the shard and of the place.
    """
    total = TreeSum(call.shards)
    with one_thread(), np.errstate(**call.errors):  # type: ignore[arg-type]
        for k in sorted(blocks):
            block, partial = call.block(k, blocks[k]), None
            if block is not None:
                try:
                    partial = contribution(call.parameters, block, *call.strength(k))
                except Exception as error:
                    error.add_note(f"in the cost of shard {k} of {call.shards}{place}")
                    return total, Failure(k, error)
            total.put((k, k + 1), partial)
    return total, None


def mismatch(cost: Callable[..., Any], parameters: Any, block: Block, lam: Sequence[float]) -> str:
    """Say what is wrong with a cost that is no mean over its examples, "" when it is one.

    Two examples tell: 2 cost({1, 2}, λ) must be cost({1}, λ) + cost({2}, 0), to rounding.
    """
    if len(block[0]) < 2:
        return ""
    pair, first, second = (tuple(part[rows] for part in block) for rows in _ROWS)
    none = [0.0] * len(lam)
    both = 2 * _number(cost(parameters, *pair, *lam))
    parts = _number(cost(parameters, *first, *lam)), _number(cost(parameters, *second, *none))
    size = max(map(abs, (both, *parts)))
    if not np.isfinite(size) or abs(both - sum(parts)) <= 1e-4 * size:
        return ""
    return (
        f"of its first two examples together it is {both / 2:.6g}, of each alone {parts[0]:.6g} "
        f"and {parts[1]:.6g}"
    )


_ROWS: Iterable[slice] = (slice(0, 2), slice(0, 1), slice(1, 2))


def _number(value: Any) -> float:
    return float(unwrap(value))
