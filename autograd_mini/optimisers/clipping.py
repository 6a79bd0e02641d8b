"""Clipping: gradients made no longer than they may be, before an optimiser sees them.

Plain functions of lists of arrays that look at no value, so that a compiler can record them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .step import Array, Arrays, within

__all__ = ["clip_by_norm", "clip_by_value", "global_norm"]


def global_norm(gradients: Arrays) -> Any:
    """‖D‖ = √(Σ over all arrays of Σ D²): the length of the gradient as one long vector.

    Examples
    --------
    >>> import numpy as np
    >>> float(global_norm([np.array([3.0, 0.0]), np.array([[4.0]])]))
    5.0
    """
    if not gradients:
        return 0.0
    squares = [np.sum(g * g) for g in gradients]
    return np.sqrt(sum(squares[1:], squares[0]))


def clip_by_norm(gradients: Arrays, largest: float) -> list[Array]:
    """Shorten the gradient, as one long vector, to a length of `largest`; leave a shorter one.

    D := min(1, largest / (‖D‖ + 10⁻⁶)) D: the direction stays. Pascanu, Mikolov and Bengio (2013),
    https://arxiv.org/abs/1211.5063; 10⁻⁶ as in PyTorch's ``clip_grad_norm_``.

    Parameters
    ----------
    gradients
        Arrays of one dtype.
    largest
        The greatest length, 0 or more.

    Returns
    -------
    New arrays.

    Examples
    --------
    >>> import numpy as np
    >>> [g] = clip_by_norm([np.array([3.0, 4.0])], 1.0)
    >>> g.round(4)
    array([0.6, 0.8])
    """
    share = np.minimum(within("largest", largest) / (global_norm(gradients) + 1e-6), 1.0)
    return [share.astype(g.dtype) * g for g in gradients]


def clip_by_value(gradients: Arrays, largest: float) -> list[Array]:
    """Bring every number of the gradient into -largest .. largest; the direction may change.

    Parameters
    ----------
    gradients
        Arrays.
    largest
        The greatest absolute value, 0 or more.

    Returns
    -------
    New arrays.

    Examples
    --------
    >>> import numpy as np
    >>> clip_by_value([np.array([3.0, -4.0, 0.5])], 1.0)
    [array([ 1. , -1. ,  0.5])]
    """
    largest = within("largest", largest)
    return [np.clip(g, -largest, largest) for g in gradients]
