"""Iterations of a full-batch method, to be shown, judged, stopped and gone on with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .conversation import Conversation, turned
from .log import Log
from .vector import Shape

Vector = NDArray[Any]

METHODS = {"conjugate-gradient": "CG", "l-bfgs": "L-BFGS-B"}
"""Our names of the methods, and SciPy's."""
# Whoever drives it says how long it goes on.
ENDLESS = {"CG": {"maxiter": 2**31 - 1}, "L-BFGS-B": {"maxiter": 2**31 - 1, "maxfun": 2**31 - 1}}
FEWEST = 32


@dataclass(frozen=True)
class Iteration:
    """Where a method has come to.

    Attributes
    ----------
    number
        Iterations so far, this one included.
    evaluations
        How often cost and gradient were asked for so far: about once an iteration by L-BFGS, twice
        by conjugate gradient.
    cost
        J there.
    parameters
        The structure that was given, with arrays of this iteration.
    """

    number: int
    evaluations: int
    cost: float
    parameters: Any


class FullBatch:
    """Iterations of conjugate gradient or L-BFGS, along a cost of all examples.

    It is an iterator of `Iteration`, and ends when the method does. SciPy waits in a thread of its
    own between iterations; cost and gradient are computed by whoever asks for the next.

    Every answer (cost and gradient, as long as the parameters) is kept, in at most `memory` bytes
    and those of one iteration, so that a run from `state()` asks SciPy the same questions, answers
    them from what is kept, and goes on where it was: not one digit differs. When the memory is
    full, the method begins afresh from where it is, in every run at the same iteration.

    Parameters
    ----------
    value_and_gradient
        ``value_and_gradient(parameters) -> (J, gradient)``, as `ag.value_and_grad` makes it.
    parameters
        Arrays or numbers, or any structure of them: a list, a dict, a Network. Float32 is
        computed in float32, while SciPy goes on in float64.
    method
        "conjugate-gradient" (Polak and Ribière's) or "l-bfgs".
    state
        What `state()` gave, to go on from there; all else must be as it was.
    memory
        Bytes for the answers, 128 MiB if not given: 1,630 of them for the 10,285 parameters of a
        400-25-10 network. Never fewer than 32 are kept.
    **options
        SciPy's own for the method, such as ``gtol=1e-8`` or ``maxcor=20``.

    Attributes
    ----------
    number
        Iterations so far.
    evaluations
        How often cost and gradient were asked for so far.
    message
        SciPy's word on why it ended; None before.

    Raises
    ------
    ImportError
        Without SciPy.
    ValueError
        For an unknown method, nothing to move, a state of something else; while it runs, for a
        gradient that is not of the parameters' shapes, and when SciPy takes other steps than the
        state tells of, because it is another version or on another kind of processor.
    FloatingPointError
        When cost or gradient is not finite.

    Examples
    --------
    >>> from itertools import islice
    >>> import autograd_mini as ag
    >>> X, Y = [[0, 0], [0, 1], [1, 0], [1, 1]], [1, 0, 0, 1]  # XNOR
    >>> J = ag.value_and_grad(lambda net: ag.nn.logistic_cost(net, X, Y))
    >>> run = FullBatch(J, ag.nn.Network([2, 4, 1], seed=0), "conjugate-gradient")
    >>> costs = [iteration.cost for iteration in islice(run, 40)]
    >>> costs == sorted(costs, reverse=True), costs[-1] < 1e-3
    (True, True)
    """

    def __init__(
        self,
        value_and_gradient: Callable[[Any], tuple[Any, Any]],
        parameters: Any,
        method: str = "l-bfgs",
        *,
        state: Mapping[str, Any] | None = None,
        memory: int = 2**27,
        **options: Any,
    ) -> None:
        if method not in METHODS:
            names = " or ".join(map(repr, METHODS))
            raise ValueError(f"method={method!r}; expected {names}")
        self._minimise = _scipy()
        self._value_and_gradient = value_and_gradient
        self._shape = Shape(parameters)
        self._method = METHODS[method]
        self._options = ENDLESS[self._method] | options
        start = self._shape.joined(parameters)
        self._most = max(FEWEST, memory // (start.nbytes + 16))
        self._log = Log(start)
        self.number = self._before = self.evaluations = 0
        self.message: str | None = None
        self._scipy: Conversation | None = None
        if state is not None:
            self._read(state)

    def __iter__(self) -> FullBatch:
        return self

    def __next__(self) -> Iteration:
        if self.message is not None:
            raise StopIteration
        try:
            return self._next()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Send SciPy home; the next iteration, if one is asked for, calls it again."""
        if self._scipy is not None:
            self._scipy.close()
            self._scipy = None

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint has to keep: numbers and arrays, by name.

        Its arrays are copies: "start" (n,), "points" (k,) with eight bytes of a digest of every
        point asked for, "costs" (k,) and "gradients" (k, n), in the parameters' dtype.
        """
        counted = {"number": self.number, "before": self._before, "evaluations": self.evaluations}
        return counted | self._log.arrays()

    def _next(self) -> Iteration:
        if self._scipy is None:
            self._scipy, self._reached = self._called(), self._before
            self._log.rewind()
        answer = None
        while True:
            try:
                x, cost = self._scipy.send(answer)
            except StopIteration as end:
                self.message = str(end.value.message)
                raise
            if cost is None:
                answer = self._evaluated(x)
                continue
            answer = None
            self._reached += 1
            if self._reached > self.number:
                return self._arrived(x, cost)

    def _arrived(self, x: Vector, cost: float) -> Iteration:
        self.number = self._reached
        if len(self._log.costs) >= self._most:
            self.close()
            self._log, self._before = Log(x.copy(), self._log.dtype), self.number
        return Iteration(self.number, self.evaluations, float(cost), self._shape.cut(x))

    def _called(self) -> Conversation:
        """Return SciPy's questions: a point, and None or the cost where an iteration has come."""
        minimise, method, options = self._minimise, self._method, self._options
        start = self._log.start.astype(np.float64)

        # It must not know `self`, or an abandoned run would be kept alive by its own thread. The
        # arrays need no copy: SciPy waits while they are looked at.
        def run(ask: Callable[[Any], Any]) -> Any:
            def callback(intermediate_result: Any) -> None:  # by this name it gets all of it
                ask((intermediate_result.x, intermediate_result.fun))

            def fun(x: Vector) -> Any:
                return ask((x, None))

            return minimise(fun, start, jac=True, method=method, callback=callback, options=options)

        return turned(run)

    def _evaluated(self, x: Vector) -> tuple[float, Vector]:
        """Return cost and gradient, from the log as long as it lasts."""
        known = self._log.next(x)
        if known is not None:
            return known
        value, gradient = self._value_and_gradient(self._shape.cut(x))
        J, slope = float(value), self._shape.joined(gradient)
        self.evaluations += 1
        if not (np.isfinite(J) and np.isfinite(slope).all()):
            what = "cost" if not np.isfinite(J) else "gradient"
            raise FloatingPointError(
                f"the {what} of evaluation {self.evaluations}, in iteration {self.number + 1}, is "
                "not finite; begin with smaller weights, or a cost that is finite everywhere"
            )
        return self._log.add(x, J, slope)

    def _read(self, state: Mapping[str, Any]) -> None:
        start, log = np.asarray(state["start"]), self._log
        if start.shape != log.start.shape:
            sizes = f"{start.size} parameters, and here are {log.start.size}"
            raise ValueError(f"the state is of {sizes}; begin without a state")
        self._log = log = Log(start, log.dtype)
        log.points = [int(point) for point in state["points"]]
        log.costs = [float(J) for J in state["costs"]]
        log.gradients = list(np.array(state["gradients"], log.dtype))
        self.number, self._before = int(state["number"]), int(state["before"])
        self.evaluations = int(state["evaluations"])


def _scipy() -> Callable[..., Any]:
    try:
        from scipy.optimize import minimize
    except ImportError as error:
        raise ImportError(
            'conjugate gradient and L-BFGS are SciPy\'s: pip install "autograd-mini[scipy]"; '
            "the optimisers that go in steps need nothing"
        ) from error
    return minimize  # type: ignore[no-any-return]
