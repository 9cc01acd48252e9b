"""Turns: which job runs, when, and what ends it. The shell's events are real, the event loop is the test's."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import FrameType
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from reactive_nb.notebook.turns import Turns, turns_of
from reactive_nb.notebook.turns import turns as turns_here
from tests.notebook.cell.fakes import FakeLoop


@pytest.fixture(scope="module")
def shell() -> Iterator[InteractiveShell]:
    """The shell that `get_ipython` returns; a file of history would belong to the person who runs the tests."""
    yield InteractiveShell.instance(config=Config(HistoryManager={"enabled": False}))
    InteractiveShell.clear_instance()


@pytest.fixture
def loop() -> FakeLoop:
    return FakeLoop()


@pytest.fixture
def turns(shell: InteractiveShell, loop: FakeLoop) -> Iterator[Turns]:
    turns = Turns(shell.events, loop.call)
    yield turns
    turns.close()


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
        "turns = Turns(get_ipython().events, loop.call, in_cell=lambda: get_ipython().display_trap.is_active)\n"
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


@dataclass
class Pressed:
    """Presses Ctrl-C at the given point, while it is the profile function of the main thread.

    Python looks for signals when a Python function begins and when a C function returns.
    """

    at: int
    points: int = 0

    def __call__(self, frame: FrameType, event: str, arg: object) -> None:
        if event in ("call", "c_return"):
            self.points += 1
            if self.points == self.at:
                signal.raise_signal(signal.SIGINT)


def pressed_at(point: int, act: Callable[[], object]) -> int:
    """Do something with Ctrl-C at one of its points; return how many there were."""
    pressed = Pressed(point)
    sys.setprofile(pressed)
    try:
        act()
    except KeyboardInterrupt:
        pass
    finally:
        sys.setprofile(None)
    return pressed.points


def test_an_interrupt_at_any_point_of_asking_for_a_turn_keeps_nobody_from_the_next(shell: InteractiveShell) -> None:
    def asked(point: int) -> tuple[int, list[str]]:
        loop, ran = FakeLoop(), []
        turns = Turns(None, loop.call)
        points = pressed_at(point, lambda: turns.soon(lambda: ran.append("first"), key=1))
        turns.soon(lambda: ran.append("second"), key=2)
        loop.turns()
        return points, ran

    asked(-1)
    points, _ = asked(-1)

    assert points > 10
    for point in range(1, points + 1):
        _, ran = asked(point)
        assert ran[-1] == "second", point


def test_an_interrupt_at_any_point_of_a_turn_keeps_nobody_from_the_next(shell: InteractiveShell) -> None:
    def had(point: int) -> tuple[int, list[Any], Turns]:
        told: list[Any] = []
        turns = Turns(None, None)
        # Queued by another thread, it waits.
        thread = threading.Thread(target=lambda: turns.soon(lambda: told.append("first"), key=1, failed=told.append))
        thread.start()
        thread.join()
        points = pressed_at(point, lambda: turns.soon(lambda: told.append("own"), key=2, failed=told.append))
        turns.soon(lambda: told.append("next"), key=3)
        return points, told, turns

    had(-1)
    points, _, _ = had(-1)
    before = signal.getsignal(signal.SIGINT)

    assert points > 30
    for point in range(1, points + 1):
        _, told, turns = had(point)
        assert told[-1] == "next", point
        assert told[0] == "first" or isinstance(told[0], KeyboardInterrupt), point  # nothing is dropped in silence
        assert turns.waiting == 0, point
        assert signal.getsignal(signal.SIGINT) is before, point


def test_an_interrupt_of_a_turn_that_has_no_job_is_somebody_elses(shell: InteractiveShell) -> None:
    class Jobs(dict[Any, Any]):
        """One that another thread forgets after the first look, when Ctrl-C is pressed."""

        looks = 0

        def __len__(self) -> int:
            self.looks += 1
            if self.looks > 1:
                signal.raise_signal(signal.SIGINT)
                return 0
            return 1

    turns = Turns(None, None)
    turns._jobs = jobs = Jobs()

    with pytest.raises(KeyboardInterrupt):
        turns._run_all()
    assert jobs.looks == 2


@pytest.mark.parametrize("raised", [SystemExit, GeneratorExit])
def test_what_would_end_the_event_loop_ends_the_job_only(
    raised: type[BaseException], turns: Turns, loop: FakeLoop
) -> None:
    seen: list[Any] = []

    def leave() -> None:
        raise raised

    def failed(error: BaseException) -> None:
        seen.append(type(error))
        raise error

    turns.soon(leave, key=1, failed=failed)
    turns.soon(lambda: seen.append("next"), key=2)
    loop.turns()

    assert seen == [raised, "next"]


def test_after_its_end_it_hears_of_cells_again_with_the_next_job(shell: InteractiveShell, loop: FakeLoop) -> None:
    before = [list(found) for found in shell.events.callbacks.values()]
    turns = Turns(shell.events, loop.call, lambda: bool(shell.display_trap.is_active))
    ran: list[str] = []

    turns.close()
    closed = [list(found) for found in shell.events.callbacks.values()]
    shell.user_ns.update(turns=turns, loop=loop, ran=ran)
    shell.run_cell("turns.soon(lambda: ran.append('job')); loop.turns(); ran.append('end of cell')")
    loop.turns()
    turns.close()

    assert closed == before
    assert ran == ["end of cell", "job"]


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
    assert turns_here() is turns_of(shell)


def test_in_a_program_without_cells_the_main_thread_runs_jobs_when_it_asks() -> None:
    plain = Turns(None, None)
    ran: list[str] = []
    thread = threading.Thread(target=lambda: plain.soon(lambda: ran.append("of a thread")))
    thread.start()
    thread.join()

    plain.soon(lambda: ran.append("of the main thread"))

    assert ran == ["of a thread", "of the main thread"]
