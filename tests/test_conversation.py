"""A function that calls back, turned into a generator: its results, its errors, its end."""

from __future__ import annotations

from typing import Any

import pytest

from autograd_mini.full_batch.conversation import turned


def test_a_conversation_hands_over_results_and_errors() -> None:
    def run(ask: Any) -> int:
        if ask("go on?") == "no":
            raise LookupError("of its own")
        return 7

    talk = turned(run)
    assert next(talk) == "go on?"
    with pytest.raises(StopIteration) as stopped:
        talk.send("yes")
    assert stopped.value.value == 7
    talk = turned(run)
    next(talk)
    with pytest.raises(LookupError, match="of its own"):
        talk.send("no")


def test_a_closed_conversation_unwinds_its_function() -> None:
    left = []

    def run(ask: Any) -> None:
        try:
            ask("?")
        finally:
            left.append(True)

    talk = turned(run)
    next(talk)
    talk.close()
    assert left == [True]


def test_a_long_conversation() -> None:
    talk = turned(lambda ask: sum(ask(k) for k in range(2_000)))
    for k in range(2_000):
        assert (next(talk) if k == 0 else talk.send(k - 1)) == k
    with pytest.raises(StopIteration) as stopped:
        talk.send(1_999)
    assert stopped.value.value == 1_999 * 1_000
