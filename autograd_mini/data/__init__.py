"""Data: the embedded digits, truth tables, a user's own files, and weights on disk.

``digits`` and ``logic`` need nothing from outside; ``examples`` reads a user's own file, whatever
its format, and ``weights`` keeps a trained network. Every file goes through ``files`` or
``streams``: written beside and renamed, read without pickle, sizes looked at before anything is
unpacked.
"""

from __future__ import annotations

from .batches import batches
from .course import course_network, read_model
from .digits import load_digits, one_hot, split
from .examples import check_examples, load_examples
from .files import load_npy, load_npz, npz_bytes, write
from .idx import read_idx
from .images import crop
from .logic import logic_table
from .mnist5k import load_mnist5k
from .preparation import Preparation
from .standardisation import Standardisation
from .weights import Model, load_model, load_weights, save_model, save_weights

__all__ = [
    "Model",
    "Preparation",
    "Standardisation",
    "batches",
    "check_examples",
    "course_network",
    "crop",
    "load_digits",
    "load_examples",
    "load_mnist5k",
    "load_model",
    "load_npy",
    "load_npz",
    "load_weights",
    "logic_table",
    "npz_bytes",
    "one_hot",
    "read_idx",
    "read_model",
    "save_model",
    "save_weights",
    "split",
    "write",
]
