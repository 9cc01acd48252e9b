"""Turns: which job runs, when, and what ends it. The shell's events are real, the event loop is the test's."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from reactive_nb.notebook.turns import Turns, turns, turns_of
from tests.notebook.cell.fakes import FakeLoop

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


def test_a_job_waits_for_its_turn_on_the_main_thread(turns: Turns, loop: FakeLoop) -> None:
    ran: list[str] = []
    thread = threading.Thread(target=lambda: turns.soon(lambda: ran.append(threading.current_thread().name)))
    thread.start()
    thread.join()
    before = list(ran)

    loop.turns()

    assert (before, ran) == ([], ["MainThread"])


def test_a_job_queued_again_runs_once_and_the_newest(turns: Turns, loop: FakeLoop) -> None:
    ran: list[str] = []
    turns.soon(lambda: ran.append("old"), key="cell")
    turns.soon(lambda: ran.append("other"), key="other")
    turns.soon(lambda: ran.append("new"), key="cell")

    loop.turns()

    assert ran == ["new", "other"]


def test_one_job_per_turn_so_that_messages_come_between(turns: Turns, loop: FakeLoop) -> None:
    ran: list[int] = []
    for number in range(3):
        turns.soon(lambda number=number: ran.append(number), key=number)

    loop.turn()

    assert ran == [0]
    assert loop.turns() == 2
    assert ran == [0, 1, 2]


def test_a_job_that_is_forgotten_has_no_turn(turns: Turns, loop: FakeLoop) -> None:
    ran: list[int] = []
    turns.soon(lambda: ran.append(1), key="cell")

    turns.forget("cell")
    loop.turns()

    assert ran == []


def test_while_a_cell_awaits_the_loop_runs_and_jobs_do_not(
    shell: InteractiveShell, turns: Turns, loop: FakeLoop
) -> None:
    ran: list[str] = []
    # The cell gives the loop a turn in its middle, as one that awaits does.
    shell.user_ns.update(turns=turns, loop=loop, ran=ran)
    shell.run_cell("turns.soon(lambda: ran.append('job')); loop.turns(); ran.append('end of cell')")

    loop.turns()

    assert ran == ["end of cell", "job"]


def test_a_cell_within_a_cell_does_not_end_it(shell: InteractiveShell, turns: Turns, loop: FakeLoop) -> None:
    ran: list[str] = []
    shell.user_ns.update(turns=turns, loop=loop, ran=ran)
    shell.run_cell(
        "turns.soon(lambda: ran.append('job'))\n"
        "get_ipython().run_cell('1'); loop.turns()\n"
        "get_ipython().run_cell(''); loop.turns()\n"
        "ran.append('end of cell')"
    )

    loop.turns()

    assert ran == ["end of cell", "job"]


def test_an_interrupted_await_ends_its_cell_though_nobody_says_which(
    shell: InteractiveShell, turns: Turns, loop: FakeLoop
) -> None:
    ran: list[str] = []
    shell.events.trigger("pre_run_cell", object())
    turns.soon(lambda: ran.append("job"))
    loop.turns()
    during = list(ran)

    shell.events.trigger("post_run_cell", None)  # what ipykernel says after an interrupt
    loop.turns()

    assert (during, ran) == ([], ["job"])


def test_the_cell_that_makes_the_turns_is_over_before_the_first(shell: InteractiveShell, loop: FakeLoop) -> None:
    ran: list[str] = []
    shell.user_ns.update(Turns=Turns, loop=loop, ran=ran)
    shell.run_cell(
        "turns = Turns(get_ipython().events, loop.call, in_cell=get_ipython().display_trap.is_active)\n"
        "turns.soon(lambda: ran.append('job')); loop.turns(); ran.append('end of cell')"
    )

    loop.turns()
    shell.user_ns["turns"].close()

    assert ran == ["end of cell", "job"]


def test_a_job_that_runs_the_loop_is_not_overlapped(turns: Turns, loop: FakeLoop) -> None:
    ran: list[str] = []

    def first() -> None:
        turns.soon(lambda: ran.append("second"))
        loop.turns()
        ran.append("first")

    turns.soon(first)
    loop.turns()

    assert ran == ["first", "second"]


def test_what_a_job_raises_goes_to_whoever_queued_it_and_stops_nobody(turns: Turns, loop: FakeLoop) -> None:
    raised: list[Any] = []
    turns.soon(lambda: 1 / 0, key=1, failed=raised.append)
    turns.soon(lambda: raised.append("next"), key=2)

    loop.turns()

    assert [type(each).__name__ for each in raised] == ["ZeroDivisionError", "str"]


def test_an_error_that_nobody_asked_for_is_logged(
    turns: Turns, loop: FakeLoop, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, "reactive_nb"):
        turns.soon(lambda: 1 / 0)
        loop.turns()

    assert "A job between cells failed" in caplog.text
    assert "ZeroDivisionError" in caplog.text


@pytest.fixture
def as_in_a_kernel() -> Iterator[None]:
    """Ignore interrupts, as ipykernel does between messages."""
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGINT, handler)


@pytest.mark.usefixtures("as_in_a_kernel")
def test_an_interrupt_ends_the_job_and_nothing_else(turns: Turns, loop: FakeLoop) -> None:
    seen: list[Any] = []

    def runaway() -> None:
        signal.raise_signal(signal.SIGINT)
        seen.append("not reached")

    turns.soon(runaway, key=1, failed=seen.append)
    turns.soon(lambda: seen.append(signal.getsignal(signal.SIGINT) != signal.SIG_IGN), key=2)
    loop.turns()

    assert [type(each).__name__ for each in seen] == ["KeyboardInterrupt", "bool"]
    assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN


@pytest.mark.usefixtures("as_in_a_kernel")
def test_an_interrupt_that_comes_after_the_job_does_not_reach_the_event_loop(turns: Turns, loop: FakeLoop) -> None:
    raised: list[Any] = []

    def failed(error: BaseException) -> None:
        signal.raise_signal(signal.SIGINT)
        raised.append(error)

    turns.soon(lambda: 1 / 0, failed=failed)
    loop.turns()

    assert [type(each).__name__ for each in raised] == ["ZeroDivisionError"]


@pytest.mark.usefixtures("as_in_a_kernel")
def test_an_interrupt_as_soon_as_the_front_end_hears_of_a_job_ends_it(shell: InteractiveShell, loop: FakeLoop) -> None:
    seen: list[Any] = []
    turns = Turns(
        shell.events, loop.call, tell=lambda state: signal.raise_signal(signal.SIGINT) if state == "busy" else None
    )
    turns.soon(lambda: seen.append("not reached"), failed=seen.append)

    loop.turns()
    turns.close()

    assert [type(each).__name__ for each in seen] == ["KeyboardInterrupt"]


def test_the_front_end_is_told_of_each_job(shell: InteractiveShell, loop: FakeLoop) -> None:
    told: list[str] = []
    turns = Turns(shell.events, loop.call, tell=told.append)
    turns.soon(lambda: told.append("job"))

    loop.turns()
    turns.close()

    assert told == ["busy", "job", "idle"]


def test_without_a_loop_a_job_of_another_thread_runs_when_a_cell_ends(shell: InteractiveShell) -> None:
    turns = Turns(shell.events, None)
    ran: list[str] = []
    thread = threading.Thread(target=lambda: turns.soon(lambda: ran.append(threading.current_thread().name)))
    thread.start()
    thread.join()
    before = list(ran)

    shell.run_cell("1")
    turns.close()

    assert (before, ran) == ([], ["MainThread"])


def test_without_a_loop_the_main_thread_runs_a_job_at_once_unless_a_cell_runs(shell: InteractiveShell) -> None:
    turns = Turns(shell.events, None)
    ran: list[str] = []
    turns.soon(lambda: ran.append("at once"))
    before = list(ran)

    shell.user_ns.update(turns=turns, ran=ran)
    shell.run_cell("turns.soon(lambda: ran.append('job')); ran.append('end of cell')")
    turns.close()

    assert before == ["at once"]
    assert ran == ["at once", "end of cell", "job"]


def test_the_turns_of_a_shell_are_always_the_same(shell: InteractiveShell) -> None:
    assert turns() is turns_of(shell)


def test_in_a_program_without_cells_the_main_thread_runs_jobs_when_it_asks() -> None:
    plain = Turns(None, None)
    ran: list[str] = []
    thread = threading.Thread(target=lambda: plain.soon(lambda: ran.append("of a thread")))
    thread.start()
    thread.join()

    plain.soon(lambda: ran.append("of the main thread"))

    assert ran == ["of a thread", "of the main thread"]
