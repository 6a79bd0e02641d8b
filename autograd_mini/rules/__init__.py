"""The table of derivatives, one chapter of NumPy a file. Rules know NumPy and `op`, no engine."""

from . import elementwise, indexing, linear, reduction, shape

__all__ = ["elementwise", "indexing", "linear", "reduction", "shape"]
