"""Scheduled cells: when they run and where, what they show, and what becomes of them when something goes wrong."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from reactive_nb.engine.engine import Engine
from reactive_nb.errors import QueryUsageError
from reactive_nb.notebook.cell import routes
from reactive_nb.testing import FakeClock
from tests.conftest import Connect
from tests.notebook.cell.job_desk import JobDesk

if TYPE_CHECKING:
    from pathlib import Path

    from IPython.core.interactiveshell import InteractiveShell


@pytest.fixture
def desk(shell: InteractiveShell, db: Engine, clock: FakeClock) -> Iterator[JobDesk]:
    desk = JobDesk(shell, db, clock)
    yield desk
    desk.close()
    routes.uninstall(shell)


def stored(desk: JobDesk, name: str = "feed") -> Any:
    return desk.engine.crons.get(name)


def test_it_runs_at_once_and_then_at_its_times_and_shows_the_last_outputs(desk: JobDesk) -> None:
    desk.shell.user_ns["count"] = 0
    _, screen, line = desk.run_first("%%every 10s\ncount += 1\nprint('run', count)", "success")
    first = (screen.text, line.status["state"], line.status["next"] - desk.clock.now_ms())

    desk.advance(seconds=10)
    desk.loop.turn()
    line.until_runs("success", "success")

    assert first == ("run 1\n", "waiting", 10_000)
    assert screen.text == "run 2\n"
    assert stored(desk).place == "In[3]"


def test_it_waits_for_its_turn_and_says_so(desk: JobDesk) -> None:
    _, screen, line = desk.begin("%%every 10s\nprint('ran')")
    queued = line.until_state("queued")

    assert (screen.text, [run["outcome"] for run in queued["runs"]]) == ("", ["running"])
    desk.loop.turn()
    assert line.until_runs("success")["state"] == "waiting"


def test_two_runs_never_overlap(desk: JobDesk) -> None:
    _, _, line = desk.begin("%%every 10s\nprint('ran')")
    line.until_state("queued")
    desk.advance(seconds=35)
    line.until_state("queued")
    desk.loop.turn()

    status = line.until_runs("success")
    assert not desk.loop.is_asked
    assert status["next"] == desk.clock.now_ms() + 5000


def test_an_error_is_shown_with_its_traceback_and_told_to_the_job(desk: JobDesk) -> None:
    cell, screen, line = desk.run_first("%%every 10s\nprint('before')\n1 / 0", "failed")

    assert (line.status["state"], line.status["runs"][0]["error"]) == ("failed", "ZeroDivisionError: division by zero")
    assert [output.get("ename") for output in screen.outputs] == [None, "ZeroDivisionError"]
    assert "In[3]" in "".join(screen.outputs[1]["traceback"]).replace("In [", "In[")
    assert isinstance(cell.error, ZeroDivisionError)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import signal; signal.raise_signal(signal.SIGINT)", "Interrupted: by the interrupt button"),
        ("import sys; sys.exit(3)", "Interrupted: by SystemExit: 3"),
        ("x = ", "SyntaxError: invalid syntax"),
    ],
)
@pytest.mark.filterwarnings("ignore:To exit")
def test_however_a_run_ends_the_next_one_comes(desk: JobDesk, source: str, said: str) -> None:
    _, _, line = desk.run_first(f"%%every 10s\n{source}", "failed")
    assert line.status["runs"][0]["error"].startswith(said)

    desk.advance(seconds=10)
    desk.loop.turn()
    line.until_runs("failed", "failed")


def test_what_takes_too_long_is_interrupted_and_shown_as_timed_out(desk: JobDesk) -> None:
    source = "%%every 10s --timeout 20ms\nprint('so far')\nwhile True: pass"
    _, screen, line = desk.run_first(source, "timed out")

    assert line.status["state"] == "failed"
    assert screen.text == "so far\n"
    assert [output["ename"] for output in screen.outputs[1:]] == ["KeyboardInterrupt", "ActionTimeout"]


def test_the_time_it_waits_for_its_turn_is_no_time_of_the_run(desk: JobDesk) -> None:
    _, _, line = desk.begin("%%every 1h --timeout 10s\nprint('ran')")
    line.until_state("queued")
    desk.advance(minutes=5)
    desk.loop.turn()

    line.until_runs("success")


def test_a_paused_one_does_not_run_until_it_is_resumed_or_asked_for(desk: JobDesk) -> None:
    cell, _, line = desk.run_first("%%every 10s\nprint('ran')", "success")
    cell.answer("pause", {})
    line.until_state("paused")
    desk.advance(seconds=30)
    assert not desk.loop.is_asked

    cell.answer("run", {})
    desk.loop.turn()
    line.until_runs("success", "success")
    assert line.status["state"] == "paused"
    cell.answer("resume", {})
    assert line.until_state("waiting")["next"] == desk.clock.now_ms() + 10_000


def test_whoever_pauses_it_the_line_says_so(desk: JobDesk) -> None:
    _, _, line = desk.run_first("%%every 10s\nprint('ran')", "success")

    desk.engine.crons.pause("feed")
    line.until_state("paused")
    desk.engine.crons.delete("feed")

    assert line.until_state("deleted")["next"] is None


def test_one_in_a_thread_runs_while_the_main_thread_is_busy(desk: JobDesk) -> None:
    routes.install(desk.shell)
    names = {"begun": threading.Event(), "go": threading.Event(), "threading": threading}
    desk.shell.user_ns.update(names)
    source = "begun.set()\ngo.wait()\nprint('in', threading.current_thread().name)\n'value'"
    _, screen, line = desk.begin(f"%%every 10s --thread\n{source}")

    assert names["begun"].wait(30)  # and this is the main thread
    line.until_state("running")
    names["go"].set()
    line.until_runs("success")

    assert screen.text == "in reactive_nb cell feed\n'value'"
    assert not desk.loop.is_asked


def test_a_thread_that_fails_is_shown_too(desk: JobDesk) -> None:
    routes.install(desk.shell)
    _, screen, line = desk.begin("%%every 10s --thread\n1 / 0")
    line.until_runs("failed")

    assert [output["ename"] for output in screen.outputs] == ["ZeroDivisionError"]


def test_in_a_thread_too_it_cannot_wait_for_its_own_end(desk: JobDesk) -> None:
    routes.install(desk.shell)
    desk.shell.user_ns["db"] = desk.engine
    _, _, line = desk.begin("%%every 10s --thread\ndb.settle()")

    error = line.until_runs("failed")["runs"][0]["error"]
    assert error.startswith("NestedCallError: Cannot settle: it is called by a job")


def test_what_it_writes_has_its_name(desk: JobDesk, chat: dict[str, Any]) -> None:
    desk.run_first("%%every 10s\nsend(body='x')", "success")

    (commit,) = [commit for commit in desk.engine.commits(20) if commit.function == "send"]
    assert commit.origin == "the %%every cell feed"


def test_a_replaced_one_runs_no_more_and_its_document_waits(desk: JobDesk) -> None:
    cell, screen, _line = desk.run_first("%%every 10s\nprint('ran')", "success")
    disposed: list[int] = []
    cell.show_on(screen, lambda: disposed.append(1))

    cell.replace()
    desk.advance(seconds=30)
    desk.engine.settle()

    assert (disposed, screen.states[-1], screen.closed) == ([1], "closed", True)
    assert not desk.loop.is_asked
    assert len(stored(desk).history) == 1


def test_one_that_is_replaced_while_it_waits_for_its_turn_fails(desk: JobDesk) -> None:
    desk.shell.user_ns["ran"] = []
    cell, _, line = desk.begin("%%every 10s\nran.append(1)")
    line.until_state("queued")
    cell.replace()
    _again, _, line = desk.begin("%%every 10s\nran.append(1)")
    desk.loop.turn()

    error = line.until_runs("failed")["runs"][0]["error"]
    assert error == "Interrupted: because its cell was run again, or closed"
    desk.advance(seconds=10)
    desk.loop.turn()
    line.until_runs("success", "failed")
    assert desk.shell.user_ns["ran"] == [1]


def test_run_again_it_keeps_its_time_and_its_history(desk: JobDesk) -> None:
    cell, _, line = desk.run_first("%%every 10s\nprint('ran')", "success")
    next_ms = line.status["next"]
    cell.replace()
    desk.advance(seconds=3)
    _, _, line = desk.begin("%%every 10s\nprint('ran')")

    status = line.until_runs("success")
    assert (status["next"], desk.loop.is_asked) == (next_ms, False)


def test_run_again_with_another_text_it_runs_now_and_keeps_its_times(desk: JobDesk) -> None:
    cell, _, line = desk.run_first("%%every 1h\nprint('ran')", "success")
    next_ms = line.status["next"]
    cell.replace()
    desk.advance(seconds=3)
    _, screen, line = desk.begin("%%every 1h\nprint('other')")

    desk.loop.turn()
    status = line.until_runs("success", "success")

    assert status["next"] == next_ms
    assert screen.outputs[0]["text"] == "other\n"


def test_a_paused_cell_stays_paused_when_its_text_is_another(desk: JobDesk) -> None:
    cell, _, _ = desk.run_first("%%every 1h\nprint('ran')", "success")
    desk.engine.crons.pause("feed")
    cell.replace()
    _, _, line = desk.begin("%%every 1h\nprint('other')")

    line.until_state("paused")

    assert not desk.loop.is_asked


def test_a_cron_of_something_else_keeps_its_name(desk: JobDesk, chat: dict[str, Any]) -> None:
    desk.engine.crons.hourly("feed", chat["send"], body="x")

    with pytest.raises(QueryUsageError) as refused:
        desk.begin("%%every 10s\nprint('ran')")

    assert str(refused.value).startswith("Cannot call a cell 'feed': the cron of send has this name")
    assert stored(desk).function == "send"


def test_when_its_database_is_closed_it_says_so(desk: JobDesk) -> None:
    cell, screen, _ = desk.run_first("%%every 10s\nprint('ran')", "success")

    desk.engine.close()

    assert cell.is_closed
    assert (screen.states[-1], screen.note[:23]) == ("closed", "its database was closed")


def test_a_database_can_be_closed_while_a_run_waits_for_its_turn(desk: JobDesk) -> None:
    _, _, line = desk.begin("%%every 10s\nprint('ran')")
    line.until_state("queued")

    desk.engine.close()
    desk.loop.turn()

    assert desk.engine.closed


def test_a_run_may_close_its_database(desk: JobDesk) -> None:
    desk.shell.user_ns["db"] = desk.engine
    cell, _screen, _ = desk.begin("%%every 10s\ndb.close()\nprint('closed')")

    desk.loop.turn()

    assert cell.is_closed
    assert cell.error is None


@pytest.mark.parametrize(("if_missed", "runs"), [("skip", 0), ("once", 1), ("all", 3)])
def test_after_a_restart_missed_times_are_as_its_cell_says(
    connect: Connect, shell: InteractiveShell, clock: FakeClock, tmp_path: Path, if_missed: str, runs: int
) -> None:
    text = f"%%every 10s --if-missed {if_missed}\nprint('ran')"
    before = JobDesk(shell, connect(tmp_path / "db.duckdb"), clock)
    before.run_first(text, "success")
    before.close()
    before.engine.close()
    before.advance(seconds=35)
    desk = JobDesk(shell, connect(tmp_path / "db.duckdb"), clock)
    assert desk.engine.crons.get("feed").last_run is not None
    _, _, line = desk.begin(text)

    for _ in range(runs):
        desk.loop.turn()
    status = line.until_runs(*["success"] * (1 + runs))
    assert (status["next"], desk.loop.is_asked) == (clock.now_ms() + 5000, False)
    desk.close()


def test_an_interrupt_between_two_steps_is_shown(desk: JobDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr("reactive_nb.notebook.cell.job_cell.captured", interrupted)
    _, screen, line = desk.run_first("%%every 10s\nprint('ran')", "failed")

    assert line.status["runs"][0]["error"] == "Interrupted: by the interrupt button"
    assert [output["ename"] for output in screen.outputs] == ["Interrupted"]
