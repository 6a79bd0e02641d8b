"""What a jitted function keeps: programs within their bytes, and nothing of who called it."""

from __future__ import annotations

import gc
import linecache
import sys
import threading
import warnings
import weakref
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import autograd_mini as ag
from autograd_mini.compiler.compiled import MANY, OWN_BYTES


def wave(x: Any) -> Any:
    return np.exp(x) * np.sin(x) + x


@pytest.fixture
def quick_switches() -> Iterator[None]:
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


def together(work: Any, count: int) -> list[BaseException]:
    """Run work(k) in so many threads at once; return what they raised."""
    raised: list[BaseException] = []
    begin = threading.Barrier(count)

    def run(k: int) -> None:
        begin.wait()
        try:
            work(k)
        except BaseException as error:
            raised.append(error)

    threads = [threading.Thread(target=run, args=(k,)) for k in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


@pytest.mark.usefixtures("quick_switches")
def test_threads_that_ask_at_once_for_one_kind_record_it_once() -> None:
    recorded = []

    def f(x: Any) -> Any:
        recorded.append(x)
        return wave(x)

    jitted = ag.jit(f)
    assert together(lambda k: jitted(np.ones(3)), 6) == []
    assert len(recorded) == 1


@pytest.mark.usefixtures("quick_switches")
def test_threads_may_push_each_others_programs_out() -> None:
    jitted = ag.jit(wave, cache_bytes=4 * OWN_BYTES)

    def work(k: int) -> None:
        random = np.random.default_rng(k)
        for _ in range(100):
            x = random.random(int(random.integers(1, 9)))
            np.testing.assert_array_equal(jitted(x), wave(x))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # it was recorded 32 times
        assert together(work, 4) == []


def test_a_program_that_needs_more_than_all_bytes_is_not_kept() -> None:
    jitted, x = ag.jit(wave, cache_bytes=100), np.linspace(0.0, 1.0, 50)
    with pytest.warns(RuntimeWarning, match=r"needs 400 bytes, more than cache_bytes=100") as told:
        found = jitted(x)
    assert told[0].filename == __file__
    np.testing.assert_array_equal(found, wave(x))
    np.testing.assert_array_equal(jitted(x), wave(x))
    with pytest.raises(RuntimeError, match="no program"):
        _ = jitted.source


def test_programs_without_buffers_are_bounded_too() -> None:
    jitted = ag.jit(lambda x, n: x * n, cache_bytes=5 * OWN_BYTES)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # it was recorded 32 times
        for n in range(40):
            assert jitted(2.0, n) == 2.0 * n
    assert len(jitted.entries) == 5


def test_the_warning_of_names_that_change_points_at_the_call() -> None:
    rate = 0
    jitted = ag.jit(lambda x: x * rate)
    jitted(np.ones(2))
    for rate in range(1, MANY):
        assert jitted(np.ones(2))[0] == rate
    rate = MANY
    with pytest.warns(RuntimeWarning, match=f"changed {MANY} times") as told:
        assert jitted(np.ones(2))[0] == MANY
    assert [one.filename for one in told] == [__file__]


def test_nothing_of_the_first_call_lives_on() -> None:
    net, X = ag.nn.Network([2, 3, 1], seed=0), np.ones((4, 2))
    jitted = ag.jit(ag.value_and_grad(ag.nn.logistic_cost))
    for _ in range(2):
        jitted(net, X, [1.0, 0.0, 1.0, 0.0])
    left = [weakref.ref(thing) for thing in (net, net.weights[1], net.weights[1].node.value, X)]
    del net, X
    gc.collect()
    assert [ref() for ref in left] == [None] * 4
    other = ag.nn.Network([2, 3, 1], seed=1)  # of the same kind: the same program
    jitted(other, np.zeros((4, 2)), [1.0, 0.0, 1.0, 0.0])
    assert jitted.made == 1


def test_a_programs_text_goes_with_it() -> None:
    def known() -> set[str]:
        return {place for place in linecache.cache if place.startswith("<autograd_mini program")}

    gc.collect()
    before, jitted = known(), ag.jit(wave)
    jitted(np.ones(2))
    assert len(known() - before) == 1  # a traceback shows its lines
    del jitted
    gc.collect()
    assert known() <= before
