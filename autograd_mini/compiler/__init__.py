"""The compiler: record -> fold -> plan -> write -> run (see `jit`)."""

from .compiled import Jitted, jit

__all__ = ["Jitted", "jit"]
