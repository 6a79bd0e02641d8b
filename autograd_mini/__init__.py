"""autograd_mini: gradients that are shown and proved.

`Tensor` records a computation graph in NumPy; reverse-mode differentiation of it gives exact
gradients; the network, the logistic cost and backpropagation are built on that graph.

>>> import autograd_mini as ag
>>> float(ag.grad(lambda x: x**2)(3.0))
6.0
"""

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from . import op
from .context import no_grad, scope
from .op import primitive, rule
from .tensor import Tensor
from .transforms import backprop, grad, value_and_grad, vjp

if TYPE_CHECKING:
    from . import closed_form, nn
    from .batching import vmap
    from .boundaries import checkpoint, custom_vjp, register_hook
    from .checking import check_grads
    from .compiler import jit
    from .compiler.derivation import derivation
    from .debugging import debug
    from .derivatives import ggnvp, hessian, hvp, jacobian, jvp
    from .drawing import draw
    from .paths import explain
    from .training import fit

__all__ = [
    "Tensor",
    "backprop",
    "check_grads",
    "checkpoint",
    "closed_form",
    "custom_vjp",
    "debug",
    "derivation",
    "draw",
    "explain",
    "fit",
    "ggnvp",
    "grad",
    "hessian",
    "hvp",
    "jacobian",
    "jit",
    "jvp",
    "nn",
    "no_grad",
    "primitive",
    "register_hook",
    "rule",
    "scope",
    "value_and_grad",
    "vjp",
    "vmap",
]

__version__ = "0.1.0"

# What is heavy, or rests on the rooms below it, loads on first use: name -> (module, attribute).
_LAZY = {
    "blame": ("blame", None),
    "check_grads": ("checking", "check_grads"),
    "checkpoint": ("boundaries", "checkpoint"),
    "charts": ("charts", None),
    "closed_form": ("closed_form", None),
    "custom_vjp": ("boundaries", "custom_vjp"),
    "debug": ("debugging", "debug"),
    "derivation": ("compiler.derivation", "derivation"),
    "display": ("display", None),
    "distributed": ("distributed", None),
    "draw": ("drawing", "draw"),
    "explain": ("paths", "explain"),
    "fit": ("training", "fit"),
    "ggnvp": ("derivatives", "ggnvp"),
    "hessian": ("derivatives", "hessian"),
    "hvp": ("derivatives", "hvp"),
    "jacobian": ("derivatives", "jacobian"),
    "jit": ("compiler", "jit"),
    "jvp": ("derivatives", "jvp"),
    "nn": ("nn", None),
    "plots": ("plots", None),
    "register_hook": ("boundaries", "register_hook"),
    "vmap": ("batching", "vmap"),
}


def _read_on() -> None:
    """Load every chapter of rules; a bare import loads those of the first afternoon only."""
    from importlib import import_module
    from pkgutil import iter_modules

    from . import rules

    own = dict(op.OPS)  # a rule that a user has given stays
    for chapter in iter_modules(rules.__path__):
        import_module(f".rules.{chapter.name}", __name__)
    op.OPS.update(own)
    op.LATER[:] = []


def _look(made: op.Op) -> None:
    """Have rules that are not ours looked at when they are first used."""
    modules = [getattr(one, "__module__", None) or "" for one in made.rules if one]
    if not all(module.startswith(f"{__name__}.") for module in modules):
        with suppress(ModuleNotFoundError):  # who reads the shelf alone does without
            from .proving import prove

            prove(made)


op.LATER.append(_read_on)
op.LOOKS.append(_look)


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'autograd_mini' has no attribute {name!r}")
    from importlib import import_module

    module, attribute = _LAZY[name]
    loaded = import_module(f".{module}", __name__)
    found = loaded if attribute is None else getattr(loaded, attribute)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
