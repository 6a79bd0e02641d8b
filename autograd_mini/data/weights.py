"""A trained network on disk: an npz of Θ^(1), Θ^(2), ... and a line of JSON that says what it is.

``numpy.load("weights.npz")["theta1"]`` is Θ^(1) with its bias in column 0, in any program. The
member ``metadata`` is the JSON: format, version, layers, activations, and notes (settings,
results). Further arrays may stand beside: what features were divided by, or all that a run needs
to go on (a checkpoint is a weight file too).

A zip archive ends in a field for a comment. Here it holds the SHA-256 digest of every byte before
it, so that a file with a single changed bit is refused. Files of version 1, which have none, are
read as well.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..nn import Network
from .files import npz_bytes, read, unpack_npz, write

FORMAT, VERSION = "autograd_mini weights", 2
DIGEST = 64  # letters that SHA-256 has in hexadecimal
CURE = "give one that autograd-mini train wrote"

Array = NDArray[Any]


@dataclass(frozen=True)
class Model:
    """What a weight file holds.

    Attributes
    ----------
    net
        The network.
    notes
        What JSON can hold: what it was trained on, how well it does.
    arrays
        Further arrays, by name.
    """

    net: Network
    notes: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, Array] = field(default_factory=dict)


def save_model(path: str | os.PathLike[str], model: Model) -> Path:
    """Write a model: a reader finds the old file or the new one, never half of it.

    Returns
    -------
    The path that was written.

    Raises
    ------
    OSError
        When it can not be written; the old file is untouched.
    ValueError
        For an array of Python objects, or one whose name is that of a Θ or of the metadata.
    """
    net = model.net
    about = {
        "format": FORMAT,
        "version": VERSION,
        "sizes": list(net.sizes),
        "activation": list(net.activation),
        "output": net.output,
        "notes": dict(model.notes),
    }
    arrays = {f"theta{layer}": theta for layer, theta in net.theta.items()}
    if taken := {*arrays, "metadata"} & {*model.arrays}:
        raise ValueError(f"array {min(taken)!r} is the network's own; give yours another name")
    return write(path, _sealed(npz_bytes({**arrays, **model.arrays}, metadata=json.dumps(about))))


def load_model(path: str | os.PathLike[str]) -> Model:
    """Read a model that `save_model` or `save_weights` wrote. Nothing in the file is executed.

    Raises
    ------
    OSError
        When the file is not there or may not be read.
    ValueError
        When it is truncated, damaged in any bit, no npz, or no weight file; or holds values that
        are not finite, or shapes that do not fit each other.
    """
    content = read(path)
    arrays = unpack_npz(content, path)
    wrong = f"{os.fspath(path)!r} is no weight file"
    try:
        about = json.loads(str(arrays.pop("metadata")[()]))
        format_, version = about["format"], about["version"]
        sizes = [int(size) for size in about["sizes"]]
        names, output, notes = about["activation"], about["output"], dict(about.get("notes", {}))
    except (LookupError, TypeError, ValueError, OverflowError, RecursionError) as error:
        raise ValueError(f"{wrong} (no metadata that can be read); {CURE}") from error
    if format_ != FORMAT or version not in (1, VERSION):
        given = f"{format_!r}, version {version!r}"
        raise ValueError(f"{wrong} of version 1 or 2 ({given}); {CURE}, or update autograd_mini")
    if version == VERSION and not _is_sealed(content):
        raise ValueError(
            f"{os.fspath(path)!r} is truncated or damaged: its bytes are not those that were "
            "written (SHA-256 digest); take another copy, or train again"
        )
    thetas = [
        _theta(arrays.pop(f"theta{layer}", None), layer, sizes, wrong)
        for layer in range(1, len(sizes))
    ]
    try:
        net = Network.from_theta(thetas, activation=names, output=output)
    except (TypeError, ValueError, IndexError) as error:
        raise ValueError(f"{wrong} ({error}); {CURE}") from error
    return Model(net, notes, arrays)


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
    return save_model(path, Model(net, notes))


def load_weights(path: str | os.PathLike[str]) -> tuple[Network, dict[str, Any]]:
    """Read the network and the notes of a weight file, as `load_model` does.

    Returns
    -------
    net, notes
        The network, and what was kept beside it.

    Raises
    ------
    OSError, ValueError
        As `load_model`.
    """
    model = load_model(path)
    return model.net, dict(model.notes)


def _theta(theta: Array | None, layer: int, sizes: list[int], wrong: str) -> Array:
    """Return a Θ that has the shape its layers need, and finite floats in it."""
    expected = (sizes[layer], sizes[layer - 1] + 1)
    if theta is None or theta.shape != expected:
        found = "is missing" if theta is None else f"has shape {theta.shape}"
        raise ValueError(f"{wrong}: theta{layer} {found}, layers {sizes} need {expected}; {CURE}")
    is_float = theta.dtype.kind == "f" and theta.dtype.itemsize <= 8  # not wider than a network
    if not is_float or not np.all(np.isfinite(theta)):
        raise ValueError(f"{wrong}: theta{layer} holds something but finite floats; {CURE}")
    return theta


def _sealed(npz: bytes) -> bytes:
    """Return the archive with its digest as the comment it ends in (before: an empty one)."""
    body = npz[:-2] + DIGEST.to_bytes(2, "little")
    return body + sha256(body).hexdigest().encode()


def _is_sealed(content: bytes) -> bool:
    return content[-DIGEST:] == sha256(content[:-DIGEST]).hexdigest().encode()
