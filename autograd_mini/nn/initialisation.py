"""Where training starts: weights small enough that no unit saturates, different enough to part."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

__all__ = ["initial_weights"]


def initial_weights(
    sizes: Sequence[int], activations: Sequence[str], seed: Any = None, dtype: Any = np.float64
) -> list[np.ndarray[Any, Any]]:
    r"""Draw the weights from layer l to l+1, of shape (s_{l+1}, s_l), for l = 1 .. L−1.

    Uniform in ±√6/√(s_l + s_{l+1}), which keeps the variance of signals and gradients about equal
    from layer to layer (Glorot and Bengio 2010). Before a relu or leaky relu, whose negative half
    passes (almost) nothing on, normal with deviation √(2/s_l) (He et al. 2015).

    Parameters
    ----------
    sizes
        s_1 .. s_L.
    activations
        The name of g for each layer 2 .. L.
    seed
        An int, a `numpy.random.Generator`, or None for other weights every time. The same seed
        draws the same weights, in either dtype.
    dtype
        float64 or float32.

    Examples
    --------
    >>> [weights] = initial_weights([3, 2], ["sigmoid"], seed=0)
    >>> weights.shape, bool(abs(weights).max() <= (6 / 5) ** 0.5)
    ((2, 3), True)
    """
    from numpy.random import default_rng  # not before it is needed: it takes longer than we do

    generator = default_rng(seed)
    weights = []
    for (before, after), g in zip(pairwise(sizes), activations, strict=True):
        if g in ("relu", "leaky_relu"):
            drawn = generator.normal(0.0, (2 / before) ** 0.5, (after, before))
        else:
            limit = (6 / (before + after)) ** 0.5
            drawn = generator.uniform(-limit, limit, (after, before))
        weights.append(drawn.astype(dtype))
    return weights
