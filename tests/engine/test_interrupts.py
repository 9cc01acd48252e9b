"""Ctrl-C held back while something must not be torn apart."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from reactive_nb.engine.interrupts import Uninterrupted, UninterruptedLock


@pytest.fixture
def interrupts() -> Iterator[list[int]]:
    """What a handler of the test's own hears."""
    heard: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: heard.append(number))
    yield heard
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("section", [Uninterrupted, UninterruptedLock])
def test_an_interrupt_waits_for_the_end_of_the_section(section: Any, interrupts: list[int]) -> None:
    with section():
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        assert interrupts == []

    assert interrupts == [signal.SIGINT]


def test_by_default_it_becomes_keyboard_interrupt_after_the_section() -> None:
    done = []

    with pytest.raises(KeyboardInterrupt), Uninterrupted():  # noqa: PT012 - it raises at its end
        signal.raise_signal(signal.SIGINT)
        done.append("all of it")

    assert done == ["all of it"]


def test_the_handler_is_back_after_the_section_also_when_it_failed() -> None:
    before = signal.getsignal(signal.SIGINT)

    with pytest.raises(ZeroDivisionError), Uninterrupted():
        1 / 0  # noqa: B018

    assert signal.getsignal(signal.SIGINT) is before


def test_sections_inside_one_another_deliver_at_the_end_of_the_outer_one(interrupts: list[int]) -> None:
    with Uninterrupted():
        with Uninterrupted():
            signal.raise_signal(signal.SIGINT)
        assert interrupts == []

    assert interrupts == [signal.SIGINT]


def test_other_threads_leave_the_handler_alone(interrupts: list[int]) -> None:
    before = signal.getsignal(signal.SIGINT)
    seen: list[Any] = []

    def work() -> None:
        with Uninterrupted():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

    assert seen == [before]


def test_a_lock_is_held_in_its_section_and_free_after_a_failure() -> None:
    lock = UninterruptedLock()

    with pytest.raises(ZeroDivisionError), lock:  # noqa: PT012 - the lock is looked at inside
        assert lock.bare.locked()
        1 / 0  # noqa: B018

    assert not lock.bare.locked()


@pytest.mark.parametrize("name", ["SIGALRM", "SIGTERM"])
def test_other_handlers_that_raise_wait_too(name: str) -> None:
    def give_up(number: int, frame: object) -> None:
        raise TimeoutError

    number = getattr(signal, name)
    before = signal.signal(number, give_up)
    reached = []

    def section() -> None:
        with Uninterrupted():
            signal.raise_signal(number)
            reached.append(True)

    try:
        with pytest.raises(TimeoutError):
            section()
    finally:
        signal.signal(number, before)

    assert reached == [True]
