"""`pytest --autograd-coverage`: which derivative rules a run has exercised, and which not.

Every rule is wrapped while the tests run: it notes that it was called, and whether it was being
recorded itself, which is what a derivative of a derivative does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from importlib import import_module
from textwrap import fill
from typing import Any, NamedTuple

import pytest

from ..op import LATER, OPS, Op
from ..tensor import Tensor

__all__ = ["RuleCoverage"]

RAN, RECORDED = 1, 2


class Rule(NamedTuple):
    """One line of the table: an operation's rule for one of its arguments."""

    label: str
    argument: str
    built_in: bool

    def __str__(self) -> str:
        return f"{self.label}({self.argument})"


class RuleCoverage:
    """The plugin that is registered where the option is given; in xdist's workers too."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.seen: dict[Rule, int] = {}
        self._wrapped: list[tuple[Op, tuple[Any, ...]]] = []
        import_module("autograd_mini.nn")
        for load in [*LATER]:
            load()
        for key, op in [*OPS.items()]:
            self._watch(op, str(key[1]) if isinstance(key, tuple) else "")
        self._init = Op.__init__
        Op.__init__ = self._watching(Op.__init__)  # type: ignore[method-assign]

    def _watching(self, init: Callable[..., None]) -> Callable[..., None]:
        """Return an `Op.__init__` that watches the rules of operations still to come."""

        @wraps(init)
        def watching(op: Op, *args: Any, **kwargs: Any) -> None:
            init(op, *args, **kwargs)
            self._watch(op)

        return watching

    def _watch(self, op: Op, form: str = "") -> None:
        if any(op is known for known, _ in self._wrapped) or not any(op.rules):
            return
        self._wrapped.append((op, op.rules))
        label = f"{_label(op)}, {form}=" if form else _label(op)
        op.rules = tuple(
            rule and self._noting(rule, Rule(label, argument, _is_built_in(rule)))
            for rule, argument in zip(op.rules, _arguments(op), strict=True)
        )

    def _noting(self, rule: Callable[..., Any], key: Rule) -> Callable[..., Any]:
        self.seen.setdefault(key, 0)

        @wraps(rule)
        def noting(g: Any, *operands: Any, **metadata: Any) -> Any:
            parts = g if isinstance(g, (tuple, list)) else (g,)
            recorded = any(type(part) is Tensor for part in parts)
            self.seen[key] |= RAN | (RECORDED if recorded else 0)
            return rule(g, *operands, **metadata)

        return noting

    def pytest_sessionfinish(self) -> None:
        """Hand a worker's notes to the process that reports."""
        output = getattr(self.config, "workeroutput", None)
        if output is not None:
            output["autograd_mini_coverage"] = [[*key, bits] for key, bits in self.seen.items()]

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Join a worker's notes to those of the others."""
        for *key, bits in getattr(node, "workeroutput", {}).get("autograd_mini_coverage", ()):
            rule = Rule(*key)
            self.seen[rule] = self.seen.get(rule, 0) | bits

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Print the report."""
        terminalreporter.section("autograd coverage")
        for line in self.report(terminalreporter._tw.fullwidth):
            terminalreporter.write_line(line)

    def report(self, width: int = 80) -> Iterator[str]:
        """Yield the lines of the report: the rules of one's own first."""
        own = {key: bits for key, bits in self.seen.items() if not key.built_in}
        built_in = {key: bits for key, bits in self.seen.items() if key.built_in}
        for title, rules in (("rules of your own", own), ("autograd_mini's rules", built_in)):
            ran = [key for key, bits in rules.items() if bits]
            once = [key for key in ran if not rules[key] & RECORDED]
            never = [key for key, bits in rules.items() if not bits]
            twice = len(ran) - len(once)
            if not rules:
                continue
            yield f"{title}: {len(ran)} of {len(rules)} ran, {twice} of them in a second derivative"
            shown = (("ran", ran), ("in first derivatives only", once), ("never ran", never))
            for heading, keys in shown:
                if keys:
                    names = ", ".join(sorted(map(str, keys)))
                    yield fill(
                        f"{heading}: {names}", max(width - 1, 40), initial_indent="  ",
                        subsequent_indent="    ", break_long_words=False, break_on_hyphens=False,
                    )  # fmt: skip

    def pytest_unconfigure(self) -> None:
        """Put every rule back."""
        Op.__init__ = self._init  # type: ignore[method-assign]
        for op, rules in self._wrapped:
            op.rules = rules


def _is_built_in(rule: Callable[..., Any]) -> bool:
    return (getattr(rule, "__module__", None) or "").split(".")[0] == "autograd_mini"


def _label(op: Op) -> str:
    """Return an operation's name as a program writes it, the module included."""
    if isinstance(op.function, str):
        return op.function
    module = getattr(op.function, "__module__", None) or ""
    return f"np{module[5:]}.{op.name}" if module.startswith("numpy.") else op.label


def _arguments(op: Op) -> tuple[str, ...]:
    """Return the names of the arguments that an operation's rules stand for."""
    if op.variadic:
        return ("arrays",)
    names = op.parameters if len(op.parameters) == len(op.rules) else op.signature
    return tuple(names[k] if k < len(names) else str(k) for k in range(len(op.rules)))
