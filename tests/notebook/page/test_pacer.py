"""The pacer's thread: it starts when woken, answers many wakes with one call, survives a failure, and ends."""

from __future__ import annotations

import logging
import threading

import pytest

from reactive_nb.notebook.page.pacer import Pacer

LIMIT_S = 30.0


class Flush:
    """A call that says when it has begun and waits until it may go on."""

    def __init__(self) -> None:
        self.calls = 0
        self.begun = threading.Semaphore(0)
        self.may_go_on = threading.Semaphore(0)

    def __call__(self) -> None:
        self.calls += 1
        self.begun.release()
        assert self.may_go_on.acquire(timeout=LIMIT_S)


def test_wakes_during_a_call_are_answered_by_one_more() -> None:
    flush = Flush()
    pacer = Pacer(flush, interval_s=0.0)
    pacer.wake()
    assert flush.begun.acquire(timeout=LIMIT_S)

    for _ in range(1000):
        pacer.wake()
    flush.may_go_on.release(1)
    assert flush.begun.acquire(timeout=LIMIT_S)
    assert not flush.begun.acquire(blocking=False)
    pacer.rest()
    flush.may_go_on.release(1)

    assert flush.calls == 2


@pytest.mark.parametrize("from_within", [False, True])
def test_its_thread_ends_with_rest(from_within: bool) -> None:
    called = threading.Event()
    threads: list[threading.Thread] = []

    def flush() -> None:
        threads.append(threading.current_thread())
        if from_within:
            pacer.rest()
        called.set()

    pacer = Pacer(flush)
    pacer.wake()
    assert called.wait(LIMIT_S)
    if not from_within:
        pacer.rest()

    threads[0].join(LIMIT_S)
    assert not threads[0].is_alive()


def test_it_can_be_woken_again_after_rest() -> None:
    calls = threading.Semaphore(0)
    pacer = Pacer(calls.release, interval_s=0.0)

    for _ in range(3):
        pacer.wake()
        assert calls.acquire(timeout=LIMIT_S)
        pacer.rest()


def test_a_call_that_raises_is_logged_and_the_next_wake_is_answered(caplog: pytest.LogCaptureFixture) -> None:
    calls = threading.Semaphore(0)

    def flush() -> None:
        calls.release()
        raise OSError("the page is away")

    pacer = Pacer(flush, interval_s=0.0)
    with caplog.at_level(logging.ERROR, "reactive_nb"):
        for _ in range(2):
            pacer.wake()
            assert calls.acquire(timeout=LIMIT_S)
        pacer.rest()

    assert "the page is away" in caplog.text


def test_a_later_wake_does_not_delay_an_earlier_one() -> None:
    called = threading.Event()
    pacer = Pacer(called.set, interval_s=0.0)

    pacer.wake(LIMIT_S * 100)
    pacer.wake()

    assert called.wait(LIMIT_S)
    pacer.rest()


def test_a_call_that_wants_to_end_the_program_does_not_end_the_thread(caplog: pytest.LogCaptureFixture) -> None:
    calls = threading.Semaphore(0)

    def flush() -> None:
        calls.release()
        raise SystemExit

    pacer = Pacer(flush, interval_s=0.0)
    for _ in range(2):
        pacer.wake()
        assert calls.acquire(timeout=LIMIT_S)
    pacer.rest()


def test_a_thread_that_was_interrupted_before_it_started_is_started_by_the_next_wake(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupted(_: threading.Thread) -> None:
        raise KeyboardInterrupt

    called = threading.Event()
    pacer = Pacer(called.set)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", interrupted)
        with pytest.raises(KeyboardInterrupt):
            pacer.wake()

    pacer.wake()

    assert called.wait(LIMIT_S)
    pacer.rest()
