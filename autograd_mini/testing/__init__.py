"""For those who use the library, or compute gradients by hand: what tests gradients.

`check_grads` compares derivatives with numbers; `arrays`, `indices`, `networks` and the others are
Hypothesis strategies to check them on; `diagnose` says which mistake somebody's gradients have.
Everything here loads on first use.

"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..checking import NotDifferentiable, check_grads
    from .diagnosis import diagnose
    from .report import Diagnosis
    from .strategies import (
        LAYOUTS,
        arrays,
        axes,
        broadcastable_shapes,
        indices,
        networks,
        shapes,
        tensors,
    )

__all__ = [
    "LAYOUTS",
    "Diagnosis",
    "NotDifferentiable",
    "arrays",
    "axes",
    "broadcastable_shapes",
    "check_grads",
    "diagnose",
    "indices",
    "networks",
    "shapes",
    "tensors",
]

# name -> the file that defines it
_LAZY = {
    "Diagnosis": ".report",
    "NotDifferentiable": "..checking",
    "check_grads": "..checking",
    "diagnose": ".diagnosis",
    "LAYOUTS": ".strategies",
    "arrays": ".strategies",
    "axes": ".strategies",
    "broadcastable_shapes": ".strategies",
    "indices": ".strategies",
    "networks": ".strategies",
    "shapes": ".strategies",
    "tensors": ".strategies",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'autograd_mini.testing' has no attribute {name!r}")
    from importlib import import_module

    found = getattr(import_module(_LAZY[name], __name__), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
