"""What is done to examples before a network sees them, kept in its weight file."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from .images import crop
from .standardisation import Standardisation
from .weights import Model

Array = NDArray[Any]

NOTE = "prepared"
ARRAYS = {"mean": "prepared_mean", "scale": "prepared_scale"}
"""Names in a weight file."""
MOST_SIDE = 10_000


@dataclass(frozen=True)
class Preparation:
    """Images cut to their middle, then features standardised; one, both or neither.

    Attributes
    ----------
    side
        Pixels a side of the images that are cut; None: they are not.
    kept
        Pixels a side that are kept.
    largest
        What ink is in the examples before they are standardised, 1 or 16 or 255: an image from
        elsewhere, from 0 to 1, is multiplied by it.
    standardisation
        Fitted on the training part; None: features are taken as they are.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.arange(32.0).reshape(2, 16)
    >>> prepare = Preparation(side=4, kept=2).fitted(crop(X, 2))
    >>> prepare(X)
    array([[-1., -1., -1., -1.],
           [ 1.,  1.,  1.,  1.]])
    """

    side: int | None = None
    kept: int | None = None
    largest: float = 1.0
    standardisation: Standardisation | None = None

    def fitted(self, X: Array) -> Preparation:
        """Return the same with a standardisation of X, the training part as it was cut."""
        return Preparation(self.side, self.kept, self.largest, Standardisation.fit(X))

    def __call__(self, X: Array) -> Array:
        """Prepare examples (m, features), as they come from a file.

        What has as many features as are kept is taken to be cut already.

        Raises
        ------
        ValueError
            When X has another number of features.
        """
        if self.side is not None and self.kept is not None and X.shape[-1] != self.kept**2:
            if X.shape[-1] != self.side**2:
                raise ValueError(
                    f"an example has {X.shape[-1]} features; expected {self.side}x{self.side} "
                    f"pixels, of which the central {self.kept}x{self.kept} are kept"
                )
            X = crop(X, self.kept)
        return X if self.standardisation is None else self.standardisation(X)

    def into(self, model: Model) -> Model:
        """Return the model with this in its notes and arrays, as `save_model` keeps them."""
        note = {"side": self.side, "kept": self.kept, "largest": self.largest}
        found = {} if self.standardisation is None else self.standardisation.arrays()
        arrays = {ARRAYS[name]: array for name, array in found.items()}
        return Model(model.net, {**model.notes, NOTE: note}, {**model.arrays, **arrays})

    @classmethod
    def of(cls, model: Model) -> Preparation:
        """Return what a model's examples were prepared by; nothing, for a file that does not say.

        Raises
        ------
        ValueError
            When it does not fit the network.
        """
        note, features = model.notes.get(NOTE, {}), model.net.sizes[0]
        if not isinstance(note, dict):
            raise ValueError(f"the weight file's note {NOTE!r} can not be read; train again")
        side, kept = note.get("side"), note.get("kept")
        if (side, kept) != (None, None) and not _fits(side, kept, features):
            raise ValueError(
                f"the weight file says that {kept!r} of {side!r} pixels a side are kept, which "
                f"does not make {features} features; train again"
            )
        largest = note.get("largest", 1.0)
        if not isinstance(largest, int | float) or not 0 < largest < math.inf:
            raise ValueError(f"the weight file says that ink is {largest!r}; train again")
        present = {
            name: model.arrays[kept] for name, kept in ARRAYS.items() if kept in model.arrays
        }
        standardisation = Standardisation.from_arrays(present) if present else None
        if standardisation is not None and standardisation.mean.size != features:
            raise ValueError(
                f"the weight file standardises {standardisation.mean.size} features, and its "
                f"network takes {features}; train again"
            )
        return cls(side, kept, float(largest), standardisation)


def _fits(side: Any, kept: Any, features: int) -> bool:
    whole = all(type(n) is int and 1 <= n <= MOST_SIDE for n in (side, kept))
    return whole and bool(kept <= side and kept * kept == features)
