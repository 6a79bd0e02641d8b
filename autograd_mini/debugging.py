"""Under `debug`: where a tensor was made, the first NaN or inf, an array changed meanwhile."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from contextlib import ContextDecorator
from typing import Any, Literal

import numpy as np

from .blame import is_table
from .context import context
from .graph import Node, constant
from .nonfinite import NonFiniteError, cure, in_gradient, in_value, told, worst
from .op import OPS, Op, Sparse
from .places import Place, check_unchanged, fingerprints, here, where

__all__ = ["Watch", "debug"]

Answer = Literal["raise", "warn", "ignore"]


class debug(ContextDecorator):  # noqa: N801 -- a function to its users, as `no_grad` is
    """Watch what is computed: `with ag.debug():`, or `@ag.debug()` over a function.

    It records where every tensor is made: each Node's `place` is "file:line" (in a notebook
    "In[3]:line") of the innermost call outside of this package and of NumPy, the line a person
    wrote. Errors that describe a tensor say it, and a picture does:
    `ag.draw(J, fields=("name", "place"))`.

    It names the first NaN or infinity. In a value: of the operation whose result has one that its
    inputs had not. In a gradient: of the operation whose rule gave one that the cotangent had not,
    and of the line where it was recorded. NaN among the data count at the first operation that
    computes with them.

    It finds arrays that change after they entered the graph. They are borrowed, not copied, and a
    rule that reads one later would give a gradient of something else; so a checksum of all their
    bytes is taken as they enter, and compared when the backward pass reads them.

    It warns where a column meets a row, (n, 1) and (n,), and NumPy makes a table of (n, n) of
    them: in a cost that is nearly always a mistake (`h - y` with h of shape (n, 1)).

    Of one thread, as `ag.no_grad` is; it nests. Outside of it nothing is recorded or checked, and
    operations take the time they always take; inside they take several times as long.

    Parameters
    ----------
    nonfinite : "raise", "warn" or "ignore"
        What to do about NaN and infinities, in the words of `np.errstate`. A function that makes
        them on purpose, and takes others with `np.where`, needs "ignore" (or "warn", which names
        each line once).

    Raises
    ------
    FloatingPointError
        In the block, for the first NaN or infinity.
    RuntimeError
        In a backward pass in the block, for an array that was changed.
    ValueError
        For another word than these three.

    Warns
    -----
    RuntimeWarning
        For a column that meets a row, and with "warn" for NaN and infinities.

    Examples
    --------
    >>> import numpy as np, autograd_mini as ag
    >>> with ag.debug():
    ...     x = ag.Tensor(2.0, requires_grad=True)
    ...     y = x * x
    >>> y.node.place.rpartition(":")[2]
    '3'
    >>> (x * x).node.place is None
    True
    >>> p = ag.Tensor([0.5, 0.0], requires_grad=True, name="p")
    >>> with ag.debug(), np.errstate(divide="ignore"):
    ...     J = np.log(p).sum()
    Traceback (most recent call last):
    autograd_mini.nonfinite.NonFiniteError: np.log gave -inf at [1] at <doctest ...>:2: ...
    >>> mask = np.array([1.0, 0.0])
    >>> with ag.debug():
    ...     J = (mask * p).sum()
    ...     mask[:] = 1.0
    ...     J.backward()
    Traceback (most recent call last):
    RuntimeError: argument 1 of np.multiply, an array of shape (2,), was changed after it entered...
    """

    def __init__(self, nonfinite: Answer = "raise") -> None:
        if nonfinite not in ("raise", "warn", "ignore"):
            expected = 'ag.debug(nonfinite=...) is "raise", "warn" or "ignore"'
            raise ValueError(f"{expected}; got {nonfinite!r}")
        self.nonfinite = nonfinite

    def __enter__(self) -> debug:
        # What is to be restored is kept by the thread: one `debug` may be entered by several.
        context.now.debug = Watch(self.nonfinite, context.now.debug)
        return self

    def __exit__(self, *error: object) -> None:
        context.now.debug = context.now.debug.before


class Watch:
    """What the engine calls while one block of `debug` runs."""

    def __init__(self, nonfinite: Answer = "raise", before: Watch | None = None) -> None:
        self.nonfinite = nonfinite
        self.before = before
        self.pulling = False
        """A rule is running: what it makes inside, and may mask, is its own affair."""

    def made(self, node: Node, op: Op | None = None, inputs: Sequence[Node] = ()) -> None:
        """Note a node that has just been made, and by what if it was not recorded."""
        op, inputs = op or node.op, inputs or node.inputs
        place = node.place = here()
        if place is not None and node.inputs:
            place.prints = fingerprints(node)
        if op is not None and not self.pulling and (table := is_table(op, inputs)):
            self._warn(f"{table}{where(place)}", place)
        if op is not None and not self.pulling and not _is_partial(op.function, node.metadata):
            self._check(op.label, op.function, inputs, node.value, place)

    def computed(self, function: Any, values: Any, options: dict[str, Any], result: Any) -> Any:
        """Note what was computed without being recorded, and return it."""
        place = here()
        several = result if isinstance(result, (tuple, list)) else (result,)
        nodes = [one.node for one in several if hasattr(one, "node")]
        for node in nodes:
            node.place = place
        if nodes and not self.pulling and not _is_partial(function, options):
            op, name = OPS.get(function), getattr(function, "__name__", "function")
            inputs = [constant(v) for v in values if isinstance(v, (np.ndarray, np.generic, float))]
            value = tuple(node.value for node in nodes)
            self._check(op.label if op else name, function, inputs, value, place)
        return result

    def _check(
        self, label: str, function: Any, inputs: Sequence[Node], value: Any, place: Place | None
    ) -> None:
        if self.nonfinite != "ignore" and label != "set_item":
            self._answer(in_value(label, function, inputs, value, place), place)

    def _answer(self, message: str | None, place: str | None) -> None:
        if message is None or self.nonfinite == "ignore":
            return
        if self.nonfinite == "raise":
            raise NonFiniteError(message)
        self._warn(message, place)

    def _warn(self, message: str, place: str | None) -> None:
        file, line = getattr(place, "file", "unknown"), getattr(place, "number", 0)
        warnings.warn_explicit(message, RuntimeWarning, file, line)

    def watching(self, run_rules: Callable[..., None]) -> Callable[..., None]:
        """Return the engine's `run_rules(node, g, totals)`, looked upon."""

        def watched(node: Node, g: Any, totals: Any) -> None:
            check_unchanged(node)
            watcher = _Totals(self, g, totals)
            fresh = [n for n in dict.fromkeys(node.inputs) if n in totals.of and not watcher.has(n)]
            before, self.pulling = self.pulling, True
            try:
                run_rules(node, g, watcher)
            except NonFiniteError:
                raise
            except FloatingPointError as error:  # np.errstate says "raise": it was earlier
                raise NonFiniteError(_interrupted(node, error)) from error
            finally:
                self.pulling = before
            for parent in fresh:
                watcher.look(node, parent, totals.of[parent])

        return watched

    def pulled(self, node: Node, parent: Node, g: Any, part: Any) -> None:
        """Look at what a node's rule gives to one of its inputs."""
        if self.nonfinite != "ignore" and worst(part):
            self._answer(in_gradient(node, parent, g, part), node.place)


class _Totals:
    """The engine's totals, as a watched rule sees them: what it adds is looked at first."""

    def __init__(self, watch: Watch, g: Any, totals: Any) -> None:
        self.watch, self.g, self.totals = watch, g, totals
        self.of, self.lift = totals.of, totals.lift

    def has(self, node: Node) -> bool:
        return self.of[node] is not None

    def add(self, node: Node, part: Any, source: Node) -> None:
        self.look(source, node, part)
        self.totals.add(node, part, source)
        if not isinstance(part, Sparse):  # a sum of finite parts may overflow
            self.look(source, node, self.of[node])

    def look(self, source: Node, parent: Node, part: Any) -> None:
        part = part.g if isinstance(part, Sparse) else part
        if part is not None and type(part) is not list:
            self.watch.pulled(source, parent, self.g, part)


def _interrupted(node: Node, error: FloatingPointError) -> str:
    op: Any = node.op
    recorded = f", recorded{where(node.place)}" if node.place else ""
    operands = told(op.function, node.inputs, None)
    return f"the rule of {op.label}{recorded}: {error}, from {operands}; {cure(op.label, ())}"


def _is_partial(function: Any, options: dict[str, Any]) -> bool:
    """Tell whether a ufunc was called with `where=`: what it left out is not even initialised."""
    return isinstance(function, np.ufunc) and "where" in options
