"""A run that takes too long is interrupted; one that does not is left alone, however close it was."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from types import SimpleNamespace

import pytest

from reactive_nb.errors import ActionTimeout
from reactive_nb.notebook.cell import time_limit
from reactive_nb.notebook.cell.capture import Ran
from reactive_nb.notebook.cell.time_limit import TimeLimit
from reactive_nb.notebook.turns import Turns

SHORT = timedelta(milliseconds=1)
LONG = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _interrupts() -> None:
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.fixture
def timers(monkeypatch: pytest.MonkeyPatch) -> list[SimpleNamespace]:
    """The timers that were made, which fire when the test says so."""
    timers: list[SimpleNamespace] = []

    def timer(seconds: float, act: Callable[[float], None], args: list[float]) -> SimpleNamespace:
        made = SimpleNamespace(seconds=seconds, fire=lambda: act(*args), start=lambda: None, cancel=lambda: None)
        timers.append(made)
        return made

    monkeypatch.setattr(time_limit.threading, "Timer", timer)
    return timers


def forever() -> None:
    while True:
        pass


def raised(error: BaseException) -> None:
    raise error


def test_what_computes_is_interrupted() -> None:
    limit = TimeLimit(SHORT, Turns.interrupt)

    assert limit.run(forever) is None
    assert limit.is_over


def test_what_waits_is_interrupted() -> None:
    limit = TimeLimit(SHORT, Turns.interrupt)

    assert limit.run(lambda: threading.Event().wait(60)) is None
    assert limit.is_over


def test_what_ends_in_time_is_not(timers: list[SimpleNamespace]) -> None:
    interrupts: list[int] = []
    limit = TimeLimit(LONG, lambda: interrupts.append(1))

    found = limit.run(lambda: 3)
    timers[0].fire()  # it had begun when it was cancelled

    assert (found, timers[0].seconds, interrupts, limit.is_over) == (3, 3600, [], False)


def test_the_interrupt_button_is_not_taken_for_it() -> None:
    with pytest.raises(KeyboardInterrupt):
        TimeLimit(LONG, Turns.interrupt).run(lambda: signal.raise_signal(signal.SIGINT))


def test_an_error_of_the_run_is_its_own() -> None:
    with pytest.raises(ValueError, match="no"):
        TimeLimit(LONG, Turns.interrupt).run(lambda: raised(ValueError("no")))


def test_a_run_that_catches_the_interrupt_took_too_long_all_the_same(timers: list[SimpleNamespace]) -> None:
    def stubborn() -> str:
        with suppress(KeyboardInterrupt):
            timers[0].fire()
            forever()
        return "ended"

    limit = TimeLimit(LONG, Turns.interrupt)

    assert limit.run(stubborn) == "ended"
    assert limit.is_over


def test_an_interrupt_that_comes_before_the_run_has_begun_ends_here(monkeypatch: pytest.MonkeyPatch) -> None:
    limit = TimeLimit(SHORT, Turns.interrupt)

    def start(self: TimeLimit, *_: float) -> None:
        self.is_over = True
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(TimeLimit, "_start", start)

    assert limit.run(lambda: 3) is None
    assert limit._has_ended


class LateLock:
    """A lock that is taken, for the first time, just when an interrupt comes."""

    def __init__(self, limit: TimeLimit, is_over: bool) -> None:
        self.limit = limit
        self.is_over = is_over
        self.taken = 0

    def __enter__(self) -> None:
        self.taken += 1
        if self.taken == 1:
            self.limit.is_over = self.is_over
            signal.raise_signal(signal.SIGINT)

    def __exit__(self, *_: object) -> None: ...


def test_an_interrupt_that_comes_with_the_end_of_the_run_ends_here() -> None:
    limit = TimeLimit(None, Turns.interrupt)
    limit._lock = LateLock(limit, True)  # type: ignore[assignment]

    assert limit.run(lambda: 3) is None
    assert limit._has_ended


def test_and_that_of_the_button_does_not() -> None:
    limit = TimeLimit(None, Turns.interrupt)
    limit._lock = LateLock(limit, False)  # type: ignore[assignment]

    with pytest.raises(KeyboardInterrupt):
        limit.run(lambda: 3)


def test_an_interrupt_that_was_lost_comes_again(timers: list[SimpleNamespace]) -> None:
    interrupts: list[int] = []
    limit = TimeLimit(LONG, lambda: interrupts.append(1))

    limit.run(lambda: [timers[-1].fire() for _ in range(3)])

    assert (len(interrupts), [timer.seconds for timer in timers]) == (3, [3600, 1, 2, 4])


def test_without_a_limit_there_is_no_timer(timers: list[SimpleNamespace]) -> None:
    limit = TimeLimit(None, Turns.interrupt)

    assert limit.run(lambda: 3) == 3
    assert timers == []
    assert limit.applied(Ran([], None), None, "feed") == Ran([], None)


def test_what_came_of_it_is_a_timeout(shell: object) -> None:
    limit = TimeLimit(timedelta(seconds=5), Turns.interrupt)
    limit.is_over = True
    so_far = Ran([{"output_type": "stream", "name": "stdout", "text": "so far\n"}], None)

    ran, nothing = limit.applied(so_far, shell, "feed"), limit.applied(None, shell, "feed")

    assert isinstance(ran.error, ActionTimeout)
    assert str(ran.error).startswith("Cannot go on with feed: it has run for longer than its timeout of 5 seconds")
    assert [output.get("ename", output.get("text")) for output in ran.outputs] == ["so far\n", "ActionTimeout"]
    assert [output["ename"] for output in nothing.outputs] == ["ActionTimeout"]


def test_an_interrupt_in_the_place_of_the_end_leaves_no_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    limit = TimeLimit(None, Turns.interrupt)
    stop = limit._stop

    def torn() -> None:
        monkeypatch.setattr(limit, "_stop", stop)
        limit.is_over = True
        raise KeyboardInterrupt

    monkeypatch.setattr(limit, "_stop", torn)

    assert limit.run(lambda: 3) is None
    assert limit._has_ended
