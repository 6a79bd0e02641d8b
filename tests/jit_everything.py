"""`--jit-everything`: every derivative that a test takes is taken by a compiled twin too.

While the option is on, what `ag.grad`, `value_and_grad`, `jacobian`, `hessian`, `hvp`, `jvp` and
`vjp`'s pullbacks give for plain arguments is computed again by the same function under `jit`,
twice: the second call goes the short way. Types, dtypes, shapes and the places of NaN must be the
same, and |jit − eager| <= 16 eps max|eager|, or 16 eps S (see `jit_checks`). A difference or a
refusal fails the test, but those that `jit_exceptions` lists, which must fail.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

import numpy as np
import pytest

import autograd_mini as ag
from autograd_mini import transforms
from autograd_mini.compiler.compiled import _asks_for_derivative
from autograd_mini.context import TRACKED, context
from autograd_mini.transforms import flatten
from tests.jit_checks import check_alike, sizes, value_of
from tests.jit_exceptions import EXCEPTIONS

Function = Callable[..., Any]
OF_FUNCTIONS = ("grad", "value_and_grad", "jacobian", "hessian")
OF_POINTS = ("jvp", "hvp")


class Inside(threading.local):
    """Whether this thread is in a derivative already: twins have no twins."""

    busy = False


class JitEverything:
    """What is plugged into pytest."""

    def __init__(self) -> None:
        self.inside, self.twins, self.wrong = Inside(), 0, ""

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Expect the exceptions to fail: one that passes is none any more."""
        for item in items:
            name = item.nodeid.removeprefix("tests/")
            reason = EXCEPTIONS.get(name, EXCEPTIONS.get(name.partition("[")[0]))
            if reason is not None:
                item.add_marker(pytest.mark.xfail(strict=True, reason=reason))

    @pytest.hookimpl(wrapper=True)
    def pytest_pyfunc_call(self) -> Generator[None, Any, Any]:
        """Patch the names while a test runs; fail also where it caught our complaint."""
        self.wrong = ""
        with pytest.MonkeyPatch.context() as patch:
            for name in OF_FUNCTIONS:
                patch.setattr(ag, name, self.of_function(getattr(ag, name)))
            for name in OF_POINTS:
                patch.setattr(ag, name, self.of_points(getattr(ag, name)))
            patch.setattr(ag, "vjp", self.vjp(ag.vjp))
            for name in ("grad", "value_and_grad", "vjp"):
                patch.setattr(transforms, name, getattr(ag, name))
            done = yield
        assert not self.wrong, self.wrong
        return done

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Say how many there were."""
        terminalreporter.write_line(f"{self.twins} derivatives had a compiled twin")

    def of_function(self, transform: Function) -> Function:
        """Return `grad`, or one like it, whose results have twins."""

        @wraps(transform)
        def transformed(*given: Any, **options: Any) -> Function:
            eager = transform(*given, **options)
            jitted: list[Any] = []

            @wraps(eager)
            def both(*args: Any, **kwargs: Any) -> Any:
                if not self.is_plain(args, kwargs):
                    return eager(*args, **kwargs)
                jitted[:] = jitted or [ag.jit(eager)]
                return self.compared(eager, jitted[0], args, kwargs)

            return both

        return transformed

    def of_points(self, derivative: Function) -> Function:
        """Return `jvp` or `hvp` with a twin."""

        @wraps(derivative)
        def both(f: Function, primals: Any, tangents: Any) -> Any:
            def eager(primals: Any, tangents: Any) -> Any:
                return derivative(f, primals, tangents)

            if not self.is_plain((primals, tangents), {}):
                return eager(primals, tangents)
            return self.compared(eager, ag.jit(eager), (primals, tangents), {})

        return both

    def vjp(self, derivative: Function) -> Function:
        """Return `vjp`, whose pullback has a twin, which is made when it is called."""

        @wraps(derivative)
        def vjp(f: Function, *primals: Any) -> tuple[Any, Function]:
            if not self.is_plain(primals, {}):
                return derivative(f, *primals)
            with self.quiet():
                output, pullback = derivative(f, *primals)
            leaves, rebuild = flatten(primals)
            then = rebuild([x.copy() if type(x) is np.ndarray else x for x in leaves])

            def eager(cotangent: Any, *primals: Any) -> Any:
                return derivative(f, *primals)[1](cotangent)

            @wraps(pullback)
            def both(cotangent: Any) -> Any:
                if not self.is_plain((cotangent, *then), {}):
                    return pullback(cotangent)
                return self.compared(eager, ag.jit(eager), (cotangent, *then), {}, pullback)

            return output, both

        return vjp

    def is_plain(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
        """Tell whether this is a test's own call, with nothing to be differentiated around it."""
        now = context.now
        if self.inside.busy or now.mode > TRACKED or now.since or now.primals or now.debug:
            return False
        return not _asks_for_derivative((args, kwargs), flatten((args, kwargs))[0])

    def compared(
        self, eager: Function, jitted: Any, args: Any, kwargs: Any, own: Function | None = None
    ) -> Any:
        """Return what is eager, and compare the program with it."""
        with self.quiet():
            expected = eager(*args, **kwargs) if own is None else own(args[0])
            for _ in range(2):
                try:
                    self.compare(eager, jitted, args, kwargs, expected)
                except Exception as error:
                    self.wrong = self.wrong or f"jit: {type(error).__name__}: {error}"
                    raise AssertionError(self.wrong) from error
            self.twins += jitted.last is not None and jitted.last.program is not None
        return expected

    def compare(self, f: Function, jitted: Any, args: Any, kwargs: Any, expected: Any) -> None:
        """Compare one call: by the largest number first, by S where that does not do."""
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="jit: .* was recorded", category=Warning)
            found = jitted(*args, **kwargs)
        try:
            with np.errstate(all="ignore"):
                check_alike(found, expected, lambda: [*largest(expected)])
        except AssertionError:

            def g(*args: Any) -> Any:
                return f(*args, **kwargs)

            with np.errstate(all="ignore"):
                check_alike(found, expected, lambda: sizes(g, args))

    @contextmanager
    def quiet(self) -> Iterator[None]:
        """Let derivatives inside of this one be."""
        self.inside.busy = True
        try:
            yield
        finally:
            self.inside.busy = False


def largest(structure: Any) -> Iterator[Any]:
    """Give eps·max|value| of every array, where it is finite."""
    for leaf in flatten(structure)[0]:
        value = value_of(leaf)
        if hasattr(value, "dtype"):
            finite = np.abs(value[np.isfinite(value)]) if value.dtype.kind in "fc" else ()
            eps = np.finfo(value.dtype).eps if value.dtype.kind in "fc" else 0.0
            yield eps * max(finite, default=0.0) if np.ndim(finite) else 0.0
