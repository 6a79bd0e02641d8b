"""A function that calls back, turned into a generator that yields what it asks."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from queue import SimpleQueue
from threading import Thread
from typing import Any

__all__ = ["Conversation", "turned"]

Conversation = Generator[Any, Any, Any]


class _Closed(BaseException):
    """Unwinds a function that nobody listens to any more."""


def turned(run: Callable[[Callable[[Any], Any]], Any]) -> Conversation:
    """Yield every question that ``run(ask)`` asks; what is sent back is the answer.

    The function runs in a thread of its own, but never while anything else does: it waits for its
    answers, and is waited for. So it needs no lock, and what is done to answer is done by the
    thread that asks for the next question. Closing the generator ends the function.

    Parameters
    ----------
    run
        Gets `ask`, a function from a question to its answer.

    Returns
    -------
    generator
        Its value at the end is what `run` returns; what `run` raises, it raises.

    Examples
    --------
    >>> talk = turned(lambda ask: ask("2 + 2?") + ask("and 3?"))
    >>> next(talk), talk.send(4)
    ('2 + 2?', 'and 3?')
    >>> talk.send(7)
    Traceback (most recent call last):
    StopIteration: 11
    """
    said: SimpleQueue[tuple[str, Any]] = SimpleQueue()
    answers: SimpleQueue[tuple[bool, Any]] = SimpleQueue()

    def ask(question: Any) -> Any:
        said.put(("asks", question))
        goes_on, answer = answers.get()
        if not goes_on:
            raise _Closed
        return answer

    def work() -> None:
        try:
            said.put(("returns", run(ask)))
        except BaseException as error:  # whatever it is, it belongs to the other thread
            said.put(("raises", error))

    thread = Thread(target=work, name="autograd_mini conversation", daemon=True)
    thread.start()
    try:
        while True:
            kind, what = said.get()
            if kind == "returns":
                return what
            if kind == "raises":
                raise what
            answers.put((True, (yield what)))
    finally:
        answers.put((False, None))
        if not sys.is_finalizing():  # then no other thread runs any more
            thread.join()
