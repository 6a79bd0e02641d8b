"""What a name says of an operation, and which operations keep each element to itself.

Who runs a recorded operation in another way (on all examples at once, in a page, along paths)
knows it by its name. Only NumPy's, SciPy's and our own names say what is computed: a user may call
an operation "matmul" or "clip" that is neither.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from .op import OPS, Op

__all__ = ["broadcasts", "is_elementwise", "known_name"]

ELEMENTWISE: Final = frozenset(
    ("around", "astype", "clip", "copy", "i0", "identity", "imag", "isclose", "leaky_relu",
     "nan_to_num", "product", "quotient", "real", "relu", "round", "sigmoid", "sinc", "softplus",
     "where")
)  # fmt: skip
"""What NumPy broadcasts without being a ufunc."""
KNOWN: Final = frozenset(("numpy", "scipy", "autograd_mini"))


def known_name(op: Op | None) -> str:
    """Return the name of an operation if it says what is computed, else nothing.

    >>> import numpy as np
    >>> known_name(OPS[np.clip]), known_name(None)
    ('clip', '')
    """
    if op is None or OPS.get(op.function) is not op:  # one made on the spot, of a user's function
        return ""
    module = getattr(op.function, "__module__", None) or "numpy"  # a ufunc carries none
    return op.name if module.partition(".")[0] in KNOWN else ""


def broadcasts(op: Op | None) -> bool:
    """Tell whether an element of each result depends on one element of each argument."""
    if op is None or op.variadic:
        return False
    if isinstance(op.function, np.ufunc):
        return op.function.signature is None  # matmul has one
    return known_name(op) in ELEMENTWISE


def is_elementwise(op: Op | None) -> bool:
    """Tell whether each element of the result depends on one element of each argument.

    >>> import numpy as np
    >>> is_elementwise(OPS[np.tanh]), is_elementwise(OPS[np.matmul]), is_elementwise(OPS[np.sum])
    (True, False, False)
    """
    return broadcasts(op) and getattr(op.function if op else None, "nout", 1) == 1
