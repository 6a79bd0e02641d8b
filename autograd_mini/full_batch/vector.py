"""Parameters of any structure as one long vector, and back."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..tensor import Tensor
from ..transforms import flatten

Vector = NDArray[Any]


class Shape:
    """How parameters are one long vector, and back."""

    def __init__(self, structure: Any) -> None:
        leaves, self._rebuild = flatten(structure)
        arrays = [_plain(leaf) for leaf in leaves]
        self._shapes = [array.shape for array in arrays]
        self._dtypes = [array.dtype for array in arrays]
        self._ends = np.cumsum([array.size for array in arrays])[:-1].tolist()
        if not sum(array.size for array in arrays):
            raise ValueError(f"there are no parameters to move in {structure!r:.99}")

    def joined(self, structure: Any) -> Vector:
        """Return parameters, or a gradient of their shapes, as one vector of their dtype."""
        arrays = [_plain(leaf) for leaf in flatten(structure)[0]]
        if (found := [array.shape for array in arrays]) != self._shapes:
            raise ValueError(f"the gradient has shapes {found}; expected {self._shapes}")
        pairs = zip(arrays, self._dtypes, strict=True)
        return np.concatenate([array.ravel().astype(dtype) for array, dtype in pairs])

    def cut(self, vector: Vector) -> Any:
        """Return the structure with arrays of its own, filled from a vector."""
        parts = zip(np.split(vector, self._ends), self._shapes, self._dtypes, strict=True)
        return self._rebuild([part.reshape(shape).astype(dtype) for part, shape, dtype in parts])


def _plain(leaf: Any) -> Vector:
    array = leaf.detach().numpy() if isinstance(leaf, Tensor) else np.asarray(leaf)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"full-batch methods move real numbers; got dtype {array.dtype}")
    return array if array.dtype.kind == "f" else array.astype(np.float64)
