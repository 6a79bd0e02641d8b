"""Standardised features: mean 0 and deviation 1 over the training part, kept with the model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class Standardisation:
    """The map x -> (x - mean) / scale, a mean and a scale for every feature.

    What the test part, or an image at prediction, is brought to must be learned from the training
    part alone: `fit` on that, call it on everything, and keep its `arrays` with the weights.

    Parameters
    ----------
    mean, scale
        (features,) finite floats, every scale above 0.

    Raises
    ------
    ValueError
        For other shapes or values.

    Examples
    --------
    >>> X = np.array([[1.0, 5.0], [3.0, 5.0]])
    >>> standardise = Standardisation.fit(X)
    >>> standardise(X)
    array([[-1.,  0.],
           [ 1.,  0.]])
    >>> Standardisation.from_arrays(standardise.arrays()) == standardise
    True
    """

    __slots__ = ("mean", "scale")

    def __init__(self, mean: Any, scale: Any) -> None:
        self.mean = _row("mean", mean)
        self.scale = _row("scale", scale)
        if self.mean.shape != self.scale.shape:
            raise ValueError(
                f"standardisation: mean has {self.mean.size} features and scale "
                f"{self.scale.size}; give one of each a feature"
            )
        if not np.all(self.scale > 0):
            raise ValueError(f"standardisation: scale holds {self.scale.min():g}; give it above 0")

    @classmethod
    def fit(cls, X: Array) -> Standardisation:
        """Take mean and standard deviation of every column of X (m, features).

        A feature that is the same in all examples tells nothing: its scale is 1, so that it
        becomes 0 and is never divided by 0. Both are computed in float64, whatever X is.

        Raises
        ------
        ValueError
            When X is no table, has no examples, or holds something but finite numbers.
        """
        X = np.asarray(X)
        if X.ndim != 2 or not X.size or X.dtype.kind not in "fiub":
            raise ValueError(
                f"standardisation: X is {X.dtype} of shape {X.shape}; give numbers, "
                "(examples, features)"
            )
        # Per column brought to -1..1 first: no square overflows or vanishes on the way.
        largest = np.abs(X, dtype=np.float64, casting="unsafe").max(axis=0)
        if not np.all(np.isfinite(largest)):
            raise ValueError("standardisation: X holds nan or inf; give finite numbers only")
        largest[largest == 0] = 1.0
        unit = X / largest
        centre = unit.mean(axis=0)  # exactly ±1 or 0 where all are the same
        unit -= centre
        with np.errstate(under="ignore"):
            scale = np.sqrt(np.mean(unit * unit, axis=0)) * largest
        scale[scale == 0] = 1.0
        return cls(centre * largest, scale)

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Standardisation:
        """Make it again from what `arrays` gave, for instance out of a file.

        Raises
        ------
        ValueError
            When one is missing, or they are not what `arrays` gives.
        """
        missing = [name for name in ("mean", "scale") if name not in arrays]
        if missing:
            raise ValueError(f"standardisation: no {' and no '.join(missing)}; give both")
        return cls(arrays["mean"], arrays["scale"])

    def arrays(self) -> dict[str, Array]:
        """Its numbers by name, to be kept in a file: mean and scale, (features,) float64."""
        return {"mean": self.mean.copy(), "scale": self.scale.copy()}

    def __call__(self, X: Any) -> Array:
        """Standardise examples (m, features), or one (features,).

        float32 stays float32; what is no float becomes float64.

        Raises
        ------
        ValueError
            When X has another number of features.
        """
        X = np.asarray(X)
        if X.ndim not in (1, 2) or X.shape[-1] != self.mean.size:
            raise ValueError(
                f"standardisation: X has shape {X.shape}; expected (m, {self.mean.size}), the "
                "features that it was fitted on"
            )
        dtype = X.dtype if X.dtype.kind == "f" else np.dtype(np.float64)
        result: Array = X.astype(dtype)
        # NumPy computes these in float64, where no scale is 0, and then rounds to X's dtype.
        with np.errstate(over="ignore", under="ignore"):
            result -= self.mean
            result /= self.scale
        return result

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Standardisation):
            return NotImplemented
        return np.array_equal(self.mean, other.mean) and np.array_equal(self.scale, other.scale)

    def __hash__(self) -> int:
        return hash((self.mean.tobytes(), self.scale.tobytes()))

    def __repr__(self) -> str:
        return f"<Standardisation of {self.mean.size} features>"


def _row(name: str, values: Any) -> Array:
    row = np.asarray(values)
    if row.ndim != 1 or not row.size or row.dtype.kind not in "fiu" or row.dtype.itemsize > 8:
        raise ValueError(
            f"standardisation: {name} is {row.dtype} of shape {row.shape}; give (features,) floats"
        )
    row = row.astype(np.float64) + 0.0  # no -0.0: what is equal has equal bytes
    if not np.all(np.isfinite(row)):
        raise ValueError(f"standardisation: {name} holds nan or inf; give finite numbers")
    row.flags.writeable = False
    return row
