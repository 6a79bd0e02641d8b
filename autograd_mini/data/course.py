"""The course's own files, ex3data1.mat and ex4weights.mat, turned to this library's conventions.

MATLAB counts from 1 and goes column by column: an image is unrolled by columns, and the digit 0
bears the label 10. Here images go row by row, and 0 is 0. The files carry no licence: they are
read from a user's own copy.
"""

from __future__ import annotations

import math
import os
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..nn import Network
from .files import LARGEST
from .images import rows_first
from .mat import read_mat
from .weights import Model, load_model

Array = NDArray[Any]

COURSE = ".mat"
SMALLEST_IMAGE = 64
"""Fewer features than 8x8 are no image: a table of 9 columns stays as it is."""


def course_examples(path: str | os.PathLike[str]) -> tuple[Array, Array]:
    """Read X and y of a .mat file such as ex4data1.mat.

    A square number of features, 64 or more, is an image by columns, and is turned to rows; with
    labels from 1 to 10, 10 stands for 0. Anything else stays as it is.

    Parameters
    ----------
    path
        X (m, features), in the course's files 5,000 images of 20x20 pixels, and y (m, 1).

    Returns
    -------
    X (m, features) and y (m,), in the file's dtypes.

    Raises
    ------
    ImportError, OSError, ValueError
        As `read_mat`; ValueError also when X or y is not there.
    """
    found = read_mat(path, ["X", "y"])
    missing = [name for name in ("X", "y") if name not in found]
    if missing:
        raise ValueError(
            f"{os.fspath(path)!r} has no variable {' and no '.join(missing)}; write it with "
            "save -v7 mine.mat X y"
        )
    X, y = found["X"], found["y"]
    if 1 in y.shape:
        y = y.ravel()
    if X.ndim == 2 and X.shape[1] >= SMALLEST_IMAGE:
        X = rows_first(X)
    if y.size and y.min() >= 1 and y.max() == 10:
        y = np.where(y == 10, np.zeros_like(y), y)
    return X, y


def course_network(path: str | os.PathLike[str]) -> Network:
    """Read the network in a .mat file such as ex4weights.mat: Theta1, Theta2, ...

    The columns of Theta1 are put in the order of pixels row by row, where they are an image; the
    rows of the last Theta, where there are ten, in the order of the digits 0..9. So the network
    fits what `course_examples` reads, and its cost is the one that the course prints.

    Raises
    ------
    ImportError, OSError, ValueError
        As `read_mat`; ValueError also when the matrices are not there, or do not fit each other.
    """
    found = read_mat(path, [f"Theta{layer}" for layer in range(1, 10)], largest=LARGEST // 8)
    thetas = [found[name].astype(np.float64) for name in sorted(found)]
    names = [re.sub("Theta", "", name) for name in sorted(found)]
    if not thetas or names != [str(layer) for layer in range(1, len(thetas) + 1)]:
        raise ValueError(
            f"{os.fspath(path)!r} has no Theta1, Theta2, ... (it has {sorted(found) or 'none'}); "
            "write them with save -v7 mine.mat Theta1 Theta2"
        )
    if thetas[0].shape[1] > SMALLEST_IMAGE:
        thetas[0] = np.column_stack([thetas[0][:, 0], rows_first(thetas[0][:, 1:])])
    if len(thetas[-1]) == 10:
        thetas[-1] = np.roll(thetas[-1], 1, axis=0)  # the tenth output, label 10, is the digit 0
    try:
        return Network.from_theta(thetas)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{os.fspath(path)!r}: {error}") from error


def read_model(path: str | os.PathLike[str]) -> Model:
    """Read a weight file of this library, or the course's: a name in .mat tells which.

    The notes of the course's say that digits fill its images, as they do there.

    Raises
    ------
    ImportError, OSError, ValueError
        As `load_model` and `course_network`.
    """
    if os.fspath(path).lower().endswith(COURSE):
        net = course_network(path)
        side = math.isqrt(net.sizes[0])
        image = {"side": side, "fill": 1.0} if side * side == net.sizes[0] else {}
        return Model(net, {"cost": "logistic", "inputs": image})
    return load_model(path)
