"""Turns of the main thread that are awaited on an event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest

from reactive_nb.notebook.cell.main_thread import Interrupted, as_exception, on_main_thread
from reactive_nb.notebook.turns import Turns
from tests.notebook.cell.job_desk import WaitedTurns


@pytest.fixture
def waited() -> WaitedTurns:
    return WaitedTurns()


def awaited(waited: WaitedTurns, act: Callable[[], object]) -> list[BaseException | str]:
    """Await a turn on another thread and give it here; return what came of it."""
    turns = Turns(None, waited.call)
    came: list[BaseException | str] = []

    async def run() -> None:
        try:
            await on_main_thread(turns, "key", act)
            came.append("over")
        except Exception as error:  # noqa: BLE001 - it is what the test looks at
            came.append(error)

    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    waited.turn()
    thread.join()
    return came


def test_it_returns_when_the_turn_is_over(waited: WaitedTurns) -> None:
    threads: list[threading.Thread] = []

    came = awaited(waited, lambda: threads.append(threading.current_thread()))

    assert (came, threads) == (["over"], [threading.main_thread()])


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("no"), "no"),
        (KeyboardInterrupt(), "by the interrupt button"),
        (SystemExit(3), "by SystemExit: 3"),
    ],
)
def test_what_the_turn_raises_it_raises_as_something_that_ends_no_loop(
    waited: WaitedTurns, error: BaseException, text: str
) -> None:
    def act() -> None:
        raise error

    (came,) = awaited(waited, act)

    assert isinstance(came, Exception)
    assert str(came) == text


def test_cancelled_before_its_turn_it_has_none(waited: WaitedTurns) -> None:
    turns = Turns(None, waited.call)
    ran: list[int] = []

    async def cancel() -> None:
        task = asyncio.ensure_future(on_main_thread(turns, "key", lambda: ran.append(1)))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel())
    waited.turn()

    assert (ran, turns.waiting) == ([], 0)


def test_cancelled_during_its_turn_that_goes_on(waited: WaitedTurns) -> None:
    turns = Turns(None, waited.call)
    begun, go, ran = threading.Event(), threading.Event(), []

    def act() -> None:
        begun.set()
        assert go.wait(30)
        ran.append(1)

    async def cancel() -> None:
        task = asyncio.ensure_future(on_main_thread(turns, "key", act))
        await asyncio.get_running_loop().run_in_executor(None, begun.wait)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    def run() -> None:
        asyncio.run(cancel())
        go.set()

    thread = threading.Thread(target=run)
    thread.start()
    waited.turn()
    thread.join()

    assert ran == [1]


def test_an_exception_is_itself() -> None:
    error = ValueError("no")

    assert as_exception(error) is error
    assert isinstance(as_exception(GeneratorExit()), Interrupted)
