"""A trained network on disk: an npz of Θ^(1), Θ^(2), ... and a line of JSON that says what it is.

``numpy.load("weights.npz")["theta1"]`` is Θ^(1) with its bias in column 0, in any program.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from ..nn import Network
from .files import load_npz, npz_bytes, write

FORMAT = "autograd_mini weights"


def save_weights(path: str | os.PathLike[str], net: Network, **notes: Any) -> Path:
    """Write a network's weights and biases, and what is needed to build it again.

    Parameters
    ----------
    path
        The npz file; what is there is replaced in one step.
    net
        The network.
    **notes
        Kept beside it as JSON: what it was trained on, how well it does.

    Returns
    -------
    The path that was written.

    Raises
    ------
    OSError
        When it can not be written; the old file is untouched.
    """
    about = {
        "format": FORMAT,
        "version": 1,
        "sizes": list(net.sizes),
        "activation": list(net.activation),
        "output": net.output,
    }
    arrays = {f"theta{layer}": theta for layer, theta in net.theta.items()}
    text = json.dumps(about | {"notes": notes})
    return write(path, npz_bytes(arrays, metadata=text))


def load_weights(path: str | os.PathLike[str]) -> tuple[Network, dict[str, Any]]:
    """Read a network that `save_weights` wrote. Nothing in the file is executed.

    Parameters
    ----------
    path
        The npz file.

    Returns
    -------
    net, notes
        The network, and what was kept beside it.

    Raises
    ------
    OSError
        When the file is not there or may not be read.
    ValueError
        When it is truncated, damaged, no npz, or no weight file; or holds values that are not
        finite, or shapes that do not fit each other.
    """
    arrays = load_npz(path)
    wrong = f"{os.fspath(path)!r} is no weight file"
    cure = "give one that autograd-mini train wrote"
    try:
        about = json.loads(str(arrays["metadata"][()]))
        known = (about["format"], about["version"]) == (FORMAT, 1)
        sizes = [int(size) for size in about["sizes"]]
        names, output, notes = about["activation"], about["output"], dict(about.get("notes", {}))
    except (LookupError, TypeError, ValueError, OverflowError, RecursionError) as error:
        raise ValueError(f"{wrong} (no metadata that can be read); {cure}") from error
    if not known:
        given = f"{about['format']!r}, version {about['version']!r}"
        raise ValueError(f"{wrong} of version 1 ({given}); {cure}, or update autograd_mini")
    thetas = []
    for layer, shape in enumerate(zip(sizes[1:], sizes, strict=False), 1):
        theta, expected = arrays.get(f"theta{layer}"), (shape[0], shape[1] + 1)
        if theta is None or theta.shape != expected:
            found = "is missing" if theta is None else f"has shape {theta.shape}"
            raise ValueError(
                f"{wrong}: theta{layer} {found}, layers {sizes} need {expected}; {cure}"
            )
        is_float = theta.dtype.kind == "f" and theta.dtype.itemsize <= 8  # not wider than a network
        if not is_float or not np.all(np.isfinite(theta)):
            raise ValueError(f"{wrong}: theta{layer} holds something but finite floats; {cure}")
        thetas.append(theta)
    try:
        return Network.from_theta(thetas, activation=names, output=output), notes
    except (TypeError, ValueError, IndexError) as error:
        raise ValueError(f"{wrong} ({error}); {cure}") from error
