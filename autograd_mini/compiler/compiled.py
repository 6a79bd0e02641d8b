"""`jit`: a function that is recorded once for each kind of arguments, and then run as a program."""

from __future__ import annotations

import gc
import keyword
import os
import re
import threading
import warnings
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import update_wrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

from ..context import TRACKED, context
from ..graph import Node
from ..tensor import Tensor, wrap
from ..transforms import flatten, has_history, is_explicit
from .arguments import Static, kind_of, value_of
from .calling import MISS, short_way
from .fold import Step, walk_above
from .footprint import Footprint, footprint
from .naming import argument_names
from .program import Program
from .record import Recorded, record
from .surroundings import Surroundings

if TYPE_CHECKING:
    from .derivation import Derivation

__all__ = ["Jitted", "jit"]

Function = Callable[..., Any]
CACHE_BYTES = 2**28
OWN_BYTES = 2**16
"""What a program is taken to keep beside buffers and constants: graph, text and code."""
MANY = 32
"""Programs of one function at which it is told that something changes at every call."""


def jit(
    f: Function | None = None, *, static_argnums: int | Sequence[int] = (),
    cache_bytes: int = CACHE_BYTES,
) -> Any:  # fmt: skip
    """Return f as a program that is recorded once, simplified, and run in NumPy without a graph.

    The first call with arguments of a kind (types, shapes, dtypes, static values) records f, its
    gradients included: `jit(value_and_grad(cost))`, or a whole training step. Later calls run the
    program: the same numbers, ``|jit − eager| <= 16 eps S`` for each output, S the same program on
    absolute values.

    Parameters
    ----------
    f : callable
        Of numbers, arrays, Tensors, Networks and containers of them, to the same. It must not
        depend on values (write `np.where` in place of `if`) or do anything beside its result.
        An array or number that it finds around it is a constant of the program; a Tensor is read
        again at every call.
    static_argnums : int or sequence of int
        Positional arguments that are part of the program, not inputs; they need a hash.
    cache_bytes : int
        Bytes that the programs of f may keep, buffers and constants and 64 KiB each beside; the
        one that was not used for longest goes first. One alone whose buffers and constants need
        more is not kept: such calls run f as it is.

    Returns
    -------
    Jitted
        Called as f is. `.source` is the program of the last call, `.log` the identities that
        simplified it.

    Raises
    ------
    RuntimeError
        When called, if f reads a value, changes an argument in place, or asks for a shape that
        depends on values.
    TypeError
        For static arguments without a hash, and arrays of anything but numbers.

    Notes
    -----
    Where a derivative may be asked for (a Tensor argument that requires one, or a result that
    descends from a weight with `requires_grad`), and inside other transforms, f itself runs: so
    jitted functions have derivatives of any order. Under `ag.debug()` f itself runs too.

    Python's ints and texts are static. A Python float is static at first; when it changes, a
    program is made that takes it as an input, if that changes no dtype.

    Examples
    --------
    >>> import numpy as np, autograd_mini as ag
    >>> step = ag.jit(ag.value_and_grad(lambda w, x: np.sum(np.tanh(x @ w) ** 2)))
    >>> value, slope = step(np.array([1.0, 2.0]), np.eye(2))
    >>> float(value).__round__(4), slope.round(4)
    (1.5094, array([0.6397, 0.1362]))
    """
    if f is None:
        return lambda function: jit(
            function, static_argnums=static_argnums, cache_bytes=cache_bytes
        )
    if not callable(f):
        raise TypeError(f"ag.jit takes a function; got {type(f).__name__}: {f!r:.99}")
    positions = np.atleast_1d(static_argnums)
    if positions.size and positions.dtype.kind not in "iu":
        expected = "expected positions of arguments, such as 1 or (0, 2)"
        raise TypeError(f"ag.jit: static_argnums={static_argnums!r}; {expected}")
    return Jitted(f, tuple(positions.tolist()), cache_bytes)


class Jitted:
    """A function and the programs it became, by the kind of arguments."""

    def __init__(self, f: Function, static: tuple[int, ...], cache_bytes: int) -> None:
        self.f, self.static, self.cache_bytes = f, static, cache_bytes
        self.entries: OrderedDict[Any, _Entry] = OrderedDict()
        self.last: _Entry | None = None
        self.short: tuple[int, Function] | None = None
        self.made = self.stale = 0
        self.lock = threading.RLock()
        self.bound: WeakKeyDictionary[Any, Jitted] = WeakKeyDictionary()
        update_wrapper(self, f)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return f(*args, **kwargs)."""
        now = context.now
        if now.mode > TRACKED or now.debug is not None:
            return self.f(*args, **kwargs)
        short = self.short
        if short is not None and short[0] == now.mode and not kwargs:
            found = short[1](args)
            if found is not MISS:
                return found
        given = self._with_static(args)
        leaves, rebuild = flatten((given, kwargs))
        if now.mode == TRACKED and _asks_for_derivative((given, kwargs), leaves):
            return self.f(*args, **kwargs)
        numbers: list[float] = []
        kind = (now.mode, kind_of((given, kwargs), numbers))
        entry = self._entry(kind, tuple(numbers), leaves, rebuild)
        way = None if kwargs or entry.moving else entry.short_way(given)
        self.short = None if way is None else (now.mode, way)
        if entry.program is None or self.stale >= MANY:
            return self.f(*args, **kwargs)
        return entry.run(leaves)

    def __repr__(self) -> str:
        return f"jit({getattr(self.f, '__qualname__', repr(self.f))})"

    def _with_static(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        if not self.static:
            return args
        chosen = {k % len(args) for k in self.static if -len(args) <= k < len(args)}
        return tuple(Static(a) if k in chosen else a for k, a in enumerate(args))

    def _entry(
        self, kind: Any, numbers: tuple[float, ...], leaves: Sequence[Any], rebuild: Any
    ) -> _Entry:
        """Return the entry for arguments of this kind, made now if there is none."""
        stale = []
        with self.lock:  # a thread that asks for the same kind waits, and finds what was made
            for key in ((kind, numbers), (kind, None)):
                entry = self.entries.get(key)
                if entry is not None and entry.fits():
                    self.entries.move_to_end(key)
                    self.last = entry
                    return entry
                if entry is not None:
                    stale.append(entry)
            if stale and self._restless():
                return stale[0]
            # A number that changes becomes an input, where that changes no dtype.
            moving = bool(numbers) and any(k[0] == kind for k in self.entries)
            entry = _Entry(self.f, leaves, rebuild, moving)
            self.entries[kind, None if entry.moving else numbers] = self.last = entry
            self._bound(new=not stale)
        return entry

    def _restless(self) -> bool:
        """Count programs that were stale; after some, f runs as it is."""
        self.stale += 1
        if self.stale == MANY:
            warnings.warn(
                f"jit: what {_name(self.f)} finds around it changed {MANY} times between calls, "
                "and each time a program was made anew; it runs as it is from now on: pass what "
                "changes as an argument",
                RuntimeWarning, stacklevel=4,
            )  # fmt: skip
        return self.stale >= MANY

    def _bound(self, new: bool) -> None:
        """Keep the programs within their bytes."""
        self.made += new
        if new and self.made == MANY:
            warnings.warn(
                f"jit: {_name(self.f)} was recorded {MANY} times, once for each kind of arguments; "
                "pass what changes at every call as an array of one shape, and not as an int, a "
                "text, or an array of another shape",
                RuntimeWarning, stacklevel=4,
            )  # fmt: skip
        entries = self.entries
        while len(entries) > 1 and sum(e.nbytes for e in entries.values()) > self.cache_bytes:
            entries.popitem(last=False)
        newest = next(reversed(entries.values()))
        if newest.program is not None and newest.program.nbytes > self.cache_bytes:
            warnings.warn(
                f"jit: a program of {_name(self.f)} needs {newest.program.nbytes:,} bytes, more "
                f"than cache_bytes={self.cache_bytes:,}; such calls run without it",
                RuntimeWarning, stacklevel=4,
            )  # fmt: skip
            newest.program = None

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        """Bind a method: each object has programs of its own."""
        if instance is None:
            return self
        if instance not in self.bound:
            f = self.f.__get__(instance, owner)
            self.bound[instance] = Jitted(f, self.static, self.cache_bytes)
        return self.bound[instance]

    @property
    def program(self) -> Program:
        """The program of the last call.

        Raises
        ------
        RuntimeError
            Before the first call, and when the last one needed no program.
        """
        if self.last is None or self.last.program is None:
            raise RuntimeError(
                f"jit: there is no program of {_name(self.f)} yet; call it first, with arrays "
                "(it runs as it is where a derivative may be asked for)"
            )
        return self.last.program

    @property
    def source(self) -> str:
        """The program of the last call as a module of its own in NumPy: it is what runs."""
        return self.program.source

    @property
    def log(self) -> list[Step]:
        """The identities that simplified the program of the last call, in order."""
        return self.program.log

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the program of the last call as a module that needs NumPy alone.

        Its function takes the arrays of the arguments one by one (a Network's weights and biases,
        then Tensors that f found around it) and returns the results as a flat tuple.

        Raises
        ------
        ValueError
            If it calls a function of yours, whose source can not be written into it.
        """
        file = Path(path)
        file.write_text(self.source, encoding="utf-8")
        return file

    def derivation(self, wrt: str = "") -> Derivation:
        """Derive a gradient that the program of the last call computes, line by line.

        Parameters
        ----------
        wrt : str
            The tensor's name; the output layer's z if none is given.

        Returns
        -------
        Derivation
            As `ag.derivation` gives; the lines are compared on random numbers between 0 and 1.

        Raises
        ------
        ValueError
            If the program has no gradient of that name.
        """
        from .derivation import of_program

        return of_program(self.program, wrt)

    def footprint(self) -> Footprint:
        """Return what the program of the last call costs: operations, bytes and buffers."""
        return footprint(self.program)


class _Entry:
    """One kind of arguments: its program, and how results are given back."""

    program: Program | None

    def __init__(self, f: Function, leaves: Sequence[Any], rebuild: Any, moving: bool) -> None:
        names = argument_names(f, *rebuild(leaves))
        self.moving = moving
        self.around = Surroundings(f)  # before: f may change what is around it
        given = [np.float64(x) if moving and type(x) is float else x for x in leaves]
        recorded = record(f, given, lambda new: _call(rebuild(new)))
        if moving and not _keeps_dtypes(recorded, leaves):
            self.moving, given = False, [*leaves]
            recorded = record(f, given, lambda new: _call(rebuild(new)))
        self.recorded = recorded
        self.captured = [(t, t.node.value.shape, t.node.value.dtype) for t in recorded.captured]
        self.wrapped = recorded.kinds()
        self.program = None
        self.nbytes = OWN_BYTES
        self.short: Function | None = None
        if self.wrapped is not None:
            arrays = [n for n, x in zip(names, given, strict=True) if hasattr(x, "dtype")]
            for name, node in zip(arrays, recorded.inputs, strict=True):
                node.name = node.name or name
            with _collecting_later():
                self.program = Program(recorded, _name(f))
            self.nbytes += self.program.nbytes

    def fits(self) -> bool:
        """Tell whether what f finds around it is what it was: names, shapes and dtypes."""
        return self.around.unchanged() and all(
            t.node.value.shape == shape and t.node.value.dtype == dtype
            for t, shape, dtype in self.captured
        )

    def short_way(self, args: tuple[Any, ...]) -> Function | None:
        """Return the generated function that checks such arguments and runs the program."""
        if self.short is None and self.program is not None and self.wrapped is not None:
            recorded = self.recorded
            self.short = short_way(
                args, recorded.result, self.wrapped, recorded.outputs, self.program,
                self.captured, self.around.unchanged,
            )  # fmt: skip
        return self.short

    def run(self, leaves: Sequence[Any]) -> Any:
        """Run the program on the arrays of a call."""
        program: Any = self.program
        moving = self.moving
        values = [value_of(x) for x in leaves if _is_input(x, moving)]
        values += [t.node.value for t in self.recorded.captured]
        found = iter(program(*values))
        results = []
        plain = zip(self.recorded.outputs, self.recorded.plain, self.wrapped or (), strict=True)
        for y, constant, wrapped in plain:
            value = constant if y is None else next(found)
            results.append(wrap(value) if wrapped else value)
        return self.recorded.rebuild(results)


@contextmanager
def _collecting_later() -> Iterator[None]:
    """Let the garbage collector rest: it would look at all nodes of a long program many times."""
    resting = not gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if not resting:
            gc.enable()


def _is_input(x: Any, moving: bool) -> bool:
    return hasattr(x, "dtype") or (moving and type(x) is float)


def _call(structure: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    args, kwargs = structure
    return tuple(a.value if type(a) is Static else a for a in args), kwargs


def _asks_for_derivative(structure: Any, leaves: Sequence[Any]) -> bool:
    """Tell whether a Tensor was passed that a derivative may be asked for.

    A Network counts as plain unless a weight has a history (see `transforms`).
    """
    tracked = [x.node for x in leaves if type(x) is Tensor and x.node.tracked]
    if not tracked:
        return False
    return any(map(has_history, tracked)) or is_explicit(structure)


def _keeps_dtypes(recorded: Recorded, leaves: Sequence[Any]) -> bool:
    """Tell whether NumPy's float64 gave the dtypes that Python's floats would have given.

    It does where they meet float64 and whole numbers only; float32 they would lift.
    """
    arrays = [x for x in leaves if hasattr(x, "dtype") or type(x) is float]
    weak = {
        node
        for node, x in zip(recorded.inputs, arrays, strict=True)
        if type(x) is float
    }
    for node in walk_above([y for y in recorded.outputs if y is not None], {}):
        if weak.isdisjoint(node.inputs):
            continue
        others = [i for i in node.inputs if i not in weak]
        if any(_is_narrow(i) for i in others):
            return False
        if not any(hasattr(i.value, "dtype") for i in others):
            weak.add(node)
    return True


def _is_narrow(node: Node) -> bool:
    dtype = getattr(node.value, "dtype", None)
    return dtype is not None and dtype.kind in "fc" and dtype not in (np.float64, np.complex128)


def _name(f: Any) -> str:
    name = re.sub(r"\W+", "_", getattr(f, "__name__", "program"), flags=re.ASCII).strip("_")
    return name if name.isidentifier() and not keyword.iskeyword(name) else "program"
