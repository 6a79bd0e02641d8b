"""Data: the embedded digits, truth tables, a user's own files, and weights on disk.

``digits`` and ``logic`` need nothing from outside; ``examples`` reads a user's own file and
``weights`` keeps a trained network. Every file goes through ``files``: written beside and renamed,
read without pickle, sizes checked before anything is unpacked.
"""

from __future__ import annotations

from .digits import load_digits, one_hot, split
from .examples import check_examples, load_examples
from .files import load_npz, npz_bytes, write
from .logic import logic_table
from .weights import Model, load_model, load_weights, save_model, save_weights

__all__ = [
    "Model",
    "check_examples",
    "load_digits",
    "load_examples",
    "load_model",
    "load_npz",
    "load_weights",
    "logic_table",
    "npz_bytes",
    "one_hot",
    "save_model",
    "save_weights",
    "split",
    "write",
]
