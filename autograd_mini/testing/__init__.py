"""For those who use the library, or compute gradients by hand: what tests gradients.

`diagnose` says which mistake somebody's gradients have. Everything here loads on first use.

"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .diagnosis import diagnose
    from .report import Diagnosis

__all__ = ["Diagnosis", "diagnose"]

# name -> the file here that defines it
_LAZY = {"Diagnosis": "report", "diagnose": "diagnosis"}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'autograd_mini.testing' has no attribute {name!r}")
    from importlib import import_module

    found = getattr(import_module(f".{_LAZY[name]}", __name__), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
