"""`Op`, the table `OPS`, and how a rule is written.

The rule author's manual
------------------------
A rule is keyed by NumPy's own function and has one line per array argument::

    rule(np.multiply,
         lambda g, y, a, b: g * b,
         lambda g, y, a, b: g * a)

* ``g`` is the cotangent of the output, "∂J/∂y"; ``y`` the output; then the array arguments;
  then, keyword only, the metadata the call was given (``*, axis=None``), the same for each line.
* The rule returns the cotangent of its argument. It need not sum over broadcast axes, restore a
  dtype or drop an imaginary part: the engine does that, once, for all.
* ``None`` in place of a rule: no derivative in that argument (the condition of ``np.where``).
* The same rule runs on arrays (a gradient) and on Tensors (a recorded gradient: higher orders).
  So: NumPy functions and operators only, no in-place edit, no Python branch on a value, shapes
  from ``.shape``, constants as Python floats (``math.sqrt(2)``; ``np.sqrt(2)`` lifts float32).
* A function of a sequence takes one rule, which lists the cotangents of all its arrays:
  ``rule(np.stack, lambda g, y, *arrays, axis=0: [...], variadic=True)``.
* A function with several outputs: ``g`` and ``y`` are tuples.
* A function of your own: decorate it with ``@primitive``, then give it a rule in the same way.
* A function that others say (a variance is a mean of squares) needs no rule: ``compute`` alone is
  called in its place, with the call's own arguments, and what it calls is what is recorded.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Collection, Sequence
from functools import wraps
from typing import Any, TypeVar

import numpy as np

__all__ = [
    "LATER", "LOOKS", "OPS", "Op", "Sparse", "find_op", "primitive", "rule", "without_derivative"]

Function = Callable[..., Any]
Names = tuple[str, ...]
F = TypeVar("F", bound=Function)

OPS: dict[Any, Op] = {}
"""Every operation, by NumPy's own function (a dotted name stands for one not imported yet).

`(function, keyword)` holds another form of it, for calls with a keyword that its rules do not know.
"""

LATER: list[Function] = []
"""What loads further chapters of rules, when a call is met that no rule knows."""


LOOKS: list[Callable[[Op], None]] = []
"""What looks at each operation that `rule` has made."""


_DEFAULTS = {"where": "True", "subok": "True", "casting": "same_kind"}
"""What a call may say although it goes without saying."""


class Op:
    """A function with a name, a way to compute it, and a rule for each of its array arguments."""

    def __init__(
        self, function: Any, name: str, rules: tuple[Function | None, ...], variadic: bool = False,
        view: bool = False, compute: Function | None = None, reads: str = "arrays",
        aliases: dict[str, str] | None = None,
    ) -> None:
        self.function, self.name, self.rules = function, name, rules
        ours = getattr(function, "__module__", None) not in (None, "numpy")  # a ufunc carries none
        self.label = name if ours else f"np.{name}"
        self.variadic, self.view, self.reads = variadic, view, reads
        self.arity = 1 if variadic else len(rules)  # one argument holds all the operands
        self.differentiable = any(rules) or not rules
        self.fixed = len(rules) if any(rules) and not variadic else 0  # arrays of a plain call
        self.aliases = aliases or {}
        plain = getattr(function, "on_arrays", function)
        joined = (lambda *arrays, **metadata: plain(arrays, **metadata)) if variadic else plain
        self.compute = compute or joined
        self.parameters, self.keywords = _read_parameters(name, rules)
        self._signature: tuple[str, ...] | None = None

    @property
    def signature(self) -> tuple[str, ...]:
        """The names of the function's positional arguments, the arrays first."""
        if self._signature is None:
            self._signature = _positional(self.function) or self.parameters + self.keywords
        return self._signature

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        """Sort a call's arguments into the array operands and the metadata.

        Raises
        ------
        TypeError
            For `out=` and for a keyword that no rule knows.
        """
        if kwargs or len(args) != self.arity:
            call = dict(zip(self.signature, args, strict=False))
            call.update((self.aliases.get(key, key), value) for key, value in kwargs.items())
            args = tuple(call.pop(name, None) for name in self.signature[: self.arity])
            kwargs = {key: value for key, value in call.items() if self._is_given(key, value)}
        return (tuple(args[0]) if self.variadic else args), kwargs

    def _is_given(self, key: str, value: Any) -> bool:
        if key in self.keywords or not self.differentiable:
            return value is not np._NoValue
        if value is None or value is np._NoValue or _DEFAULTS.get(key) == str(value):
            return False
        raise TypeError(sys.modules[__package__].blame.no_keyword(self, key, value))


def rule(
    function: Function | str, *rules: Function | None, variadic: bool = False, view: bool = False,
    name: str | None = None, compute: Function | None = None, aliases: dict[str, str] | None = None,
) -> Op:
    """Give a function its derivative: one rule per array argument (see this module's header).

    Parameters
    ----------
    function
        NumPy's own function, a `primitive` of yours, or a dotted name such as
        ``"scipy.special.erf"``, resolved when that module has been imported by somebody.
    rules
        ``lambda g, y, *arrays, <metadata keywords>: cotangent``, or None for an argument without
        derivative. With `variadic`, one rule ``lambda g, y, *arrays: [cotangent of each]``.
    view
        The result may share memory with the first argument, so it must refuse to be written.
    compute
        A faster way to the same value on arrays (an operator in place of a ufunc). Without a
        rule: the function, said in terms of others, on arrays and on Tensors.
    aliases
        Other names of the function's keywords.

    Examples
    --------
    >>> import numpy as np, autograd_mini as ag
    >>> @ag.primitive
    ... def cube(x):
    ...     return x * x * x
    >>> _ = ag.rule(cube, lambda g, y, x: g * 3.0 * x**2)
    >>> float(ag.grad(cube)(2.0))
    12.0
    """
    label = name or (function if isinstance(function, str) else function.__name__).split(".")[-1]
    op = Op(function, label, rules, variadic, view, compute, aliases=aliases)
    OPS[function] = op
    for look in LOOKS:
        look(op)
    return op


def without_derivative(*functions: Function, arity: int = 1, reads: str = "arrays") -> None:
    """Declare functions that may be called on tensors and have no derivative (argmax, sign).

    `arity` counts a function's array arguments (a ufunc knows its own). `reads` tells a compiler
    what the result depends on: "arrays" (an operation to be recorded), the "shape" alone (known
    while it records), or the "value" as a Python object (unknown then, so refused).
    """
    for function in functions:
        rules = (None,) * getattr(function, "nin", arity)
        OPS[function] = Op(function, function.__name__, rules, reads=reads)


def find_op(function: Function, keywords: Collection[str] = ()) -> Op | None:
    """Return the Op of a function, called with these keywords.

    What is not known at once is looked for in further chapters, and under a dotted name. A ufunc
    carries no module, so SciPy's are found by asking whether the loaded module holds that very
    object under the ufunc's name.
    """
    op = OPS.get(function)
    if op is None or not {*op.parameters, *op.keywords, *op.aliases}.issuperset(keywords):
        for load in [*LATER]:  # each takes itself off the list when all is there, threads or not
            load()
        op = next((OPS[function, w] for w in keywords if (function, w) in OPS), OPS.get(function))
    if op is None:
        label = getattr(function, "__name__", "")
        for dotted in [key for key in [*OPS] if isinstance(key, str) and key.endswith("." + label)]:
            module = sys.modules.get(dotted.rpartition(".")[0])
            if getattr(module, label, None) is function:
                op = OPS[function] = OPS.pop(dotted)
                op.function, op.compute = function, function if op.rules else op.compute
    return op


_PLAIN = frozenset((np.ndarray, np.float64, np.float32, float, int, bool, str, type(None)))
"""What answers no function of NumPy in its own way."""


def primitive(function: F) -> F:
    """Make a function of arrays answer Tensors too, as one operation (give it a `rule` next).

    It dispatches as NumPy's own functions do (NEP 18), so it knows no Tensor.

    Examples
    --------
    >>> import autograd_mini as ag
    >>> @ag.primitive
    ... def double(x):
    ...     return x + x
    >>> double(ag.Tensor(3.0, requires_grad=True))
    Traceback (most recent call last):
    TypeError: ...double has no derivative rule yet. Give it one, ag.rule(...
    """

    @wraps(function)
    def dispatching(*args: Any, **kwargs: Any) -> Any:
        for argument in (*args, *kwargs.values()) if kwargs else args:
            if (kind := type(argument)) in _PLAIN:
                continue
            for item in argument if kind is list or kind is tuple else (argument,):
                kind = type(item)
                if kind not in _PLAIN and hasattr(kind, "__array_function__"):
                    return item.__array_function__(dispatching, (kind,), args, kwargs)
        return function(*args, **kwargs)

    dispatching.on_arrays = function  # type: ignore[attr-defined]
    return dispatching  # type: ignore[return-value]


class Sparse:
    """A cotangent that touches only part of its input, so that the rest need not be written.

    A rule may return one (an index returns `Scatter`): on arrays it is added into the input's
    accumulator, recorded all of them become one operation. Either way n slices cost O(n).
    """

    __slots__ = ("g", "key")

    def __init__(self, g: Any, key: Any) -> None:
        self.g = g
        self.key = key

    def add_into(self, total: Any) -> None:
        """Add to an array of the input's shape, in place."""

    def alone(self, value: Any, own: bool) -> Any:
        """Return it as an array fit for `value`; `own`: nobody else holds the array g."""
        total = np.zeros(value.shape, value.dtype)
        self.add_into(total)
        return total

    @staticmethod
    def gather(parts: Sequence[Any], value: Any) -> Any:
        """Return the sum of recorded parts, sparse and dense, as one operation; fit for `value`."""


def _read_parameters(name: str, rules: Sequence[Function | None]) -> tuple[Names, Names]:
    """Read array parameters and metadata keywords off the rules: they all state the same."""
    parameters: Names = ()
    keywords: Names | None = None
    for one in filter(None, rules):
        code = one.__code__
        names = code.co_varnames
        stated = names[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
        if keywords not in (None, stated):
            differ = f"the rules of {name} state different keywords, {keywords} and {stated}"
            raise TypeError(f"{differ}; each must accept the same metadata")
        keywords = stated
        parameters = names[2 : code.co_argcount] or ("arrays",)  # of a sequence: `*arrays`
    return parameters, keywords or ()


def _positional(function: Function) -> tuple[str, ...] | None:
    """Return the names of a function's arguments in order, where Python can tell them."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return None
    return tuple(p.name for p in parameters if p.kind <= inspect.Parameter.POSITIONAL_OR_KEYWORD)
