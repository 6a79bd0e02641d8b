"""What SciPy asked and was answered: asked again, it is answered the same."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[Any]


class Log:
    """What was asked since the start, and the answers, in order."""

    def __init__(self, start: Vector, dtype: Any = None) -> None:
        self.start, self.dtype = start, dtype or start.dtype
        self.points: list[int] = []
        self.costs: list[float] = []
        self.gradients: list[Vector] = []
        self._used = 0

    def rewind(self) -> None:
        """Begin again with the first question."""
        self._used = 0

    def next(self, x: Vector) -> tuple[float, Vector] | None:
        """Return the next answer that is kept, or None when all are used up."""
        if self._used == len(self.points):
            return None
        if self.points[self._used] != _digest(x):
            raise ValueError(
                "SciPy asks for another point than the kept state tells of: it is of another "
                "version or on another kind of processor, or the options are others; begin again "
                "from the weights that were saved, without the state"
            )
        self._used += 1
        return self.costs[self._used - 1], self.gradients[self._used - 1].astype(np.float64)

    def add(self, x: Vector, J: float, slope: Vector) -> tuple[float, Vector]:
        """Keep an answer, and return it."""
        self.points.append(_digest(x))
        self.costs.append(J)
        self.gradients.append(slope)
        self._used += 1
        return J, slope.astype(np.float64)

    def arrays(self) -> dict[str, Vector]:
        """Return all of it as arrays of their own."""
        gradients = np.array(self.gradients, self.dtype)
        return {
            "start": self.start.copy(),
            "points": np.array(self.points, np.uint64),
            "costs": np.array(self.costs, np.float64),
            "gradients": gradients.reshape(len(self.points), self.start.size),
        }


def _digest(x: Vector) -> int:
    return int.from_bytes(hashlib.blake2b(x.tobytes(), digest_size=8).digest(), "little")
