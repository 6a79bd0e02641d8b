"""Functions that may be called on tensors and have no derivative: tests, rounding, questions.

The comparisons, which operators are made of, stand in `elementwise`.
"""

from __future__ import annotations

import numpy as np

from ..op import without_derivative

__all__: list[str] = []

without_derivative(
    np.isfinite, np.isnan, np.isinf, np.signbit, np.floor, np.ceil, np.rint, np.round, np.trunc)
without_derivative(np.argmax, np.argmin, np.argsort, np.any, np.all, np.count_nonzero, np.nonzero)
without_derivative(np.isclose, arity=2)

# Known from the shapes alone, so a program that is being recorded may ask them.
without_derivative(
    np.shape, np.ndim, np.size, np.result_type, np.iscomplexobj, np.isrealobj, np.can_cast,
    np.may_share_memory, np.shares_memory, np.zeros_like, np.ones_like, np.empty_like,
    reads="shape")
without_derivative(
    np.allclose, np.array_equal, np.array_repr, np.array_str, np.array2string, reads="value")
