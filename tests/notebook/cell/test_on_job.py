"""`%%on` as a job: its runs are written down, it can be paused and asked for, and outlives the kernel."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from reactive_nb.engine.engine import Engine
from reactive_nb.notebook.cell.cell_job import CellJob
from reactive_nb.notebook.cell.on_cell import OnCell
from reactive_nb.notebook.cell.plan import ON_OPTIONS, Plan, schedule_from, split_leading_options
from reactive_nb.notebook.turns import Turns
from tests.notebook.cell.fakes import FakeScreen
from tests.notebook.cell.job_desk import START, Line, WaitedTurns

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

Begin = Callable[..., tuple[OnCell, FakeScreen, Line]]


@pytest.fixture
def waited(shell: InteractiveShell) -> WaitedTurns:
    return WaitedTurns()


@pytest.fixture
def begin(shell: InteractiveShell, waited: WaitedTurns, chat: dict[str, Any]) -> Iterator[Begin]:
    turns = Turns(shell.events, waited.call)
    cells: list[OnCell] = []

    def begin(line: str, source: str) -> tuple[OnCell, FakeScreen, Line]:
        options, rest = split_leading_options("%%on", line, ON_OPTIONS)
        schedule = schedule_from("on", rest, options, lambda: START)
        plan = Plan("%%on", f"%%on {line}\n{source}", source, "watch", schedule, options, "In[3]", 3)

        def keep(cell: OnCell) -> CellJob:
            return CellJob(chat["db"], plan, cell.run_asked_for, cell.on_job, cell.on_engine_closed)

        cell = OnCell(shell, turns, source, "watch", 3, expression=rest, timeout=options.timeout, keep=keep)
        cells.append(cell)
        cell.start()
        screen, told = FakeScreen(), Line()
        cell.show_on(screen)
        cell.show_job_on(told.tell)
        return cell, screen, told

    yield begin
    for cell in cells:
        cell.close()
    turns.close()


def change(chat: dict[str, Any], body: str = "hello") -> None:
    chat["send"](body=body)
    chat["db"].settle()


def test_it_is_stored_and_waits_for_a_change(begin: Begin, db: Engine) -> None:
    _, _, line = begin("latest()", "print(rows)")

    assert line.until_state("waiting")["schedule"] == "when the result of latest() changes"
    assert [cron.name for cron in db.crons.list()] == ["watch"]


def test_a_change_is_one_run_with_its_outcome(begin: Begin, chat: dict[str, Any], waited: WaitedTurns) -> None:
    _, screen, line = begin("latest()", "print(rows)")

    change(chat)
    waited.turn()

    assert line.until_runs("success")["state"] == "waiting"
    assert screen.text == "['hello']\n"


def test_an_error_is_written_down(begin: Begin, chat: dict[str, Any], waited: WaitedTurns) -> None:
    _, _, line = begin("latest()", "1 / 0")

    change(chat)
    waited.turn()

    assert line.until_runs("failed")["runs"][0]["error"] == "ZeroDivisionError: division by zero"


def test_one_that_takes_too_long_times_out(begin: Begin, chat: dict[str, Any], waited: WaitedTurns) -> None:
    _, screen, line = begin("--timeout 20ms latest()", "while True: pass")

    change(chat)
    waited.turn()

    line.until_runs("timed out")
    assert [output["ename"] for output in screen.outputs] == ["KeyboardInterrupt", "ActionTimeout"]


def test_while_it_is_paused_changes_run_nothing_and_are_not_made_up_for(
    begin: Begin, chat: dict[str, Any], waited: WaitedTurns
) -> None:
    cell, screen, line = begin("latest()", "print(rows)")
    cell.answer("pause", {})
    line.until_state("paused")
    change(chat, "unseen")
    waited.turn()
    cell.answer("resume", {})
    line.until_state("waiting")
    assert (screen.outputs, line.status["runs"]) == ([], [])

    change(chat, "seen")
    waited.turn()

    line.until_runs("success")
    assert screen.text == "['unseen', 'seen']\n"


def test_asked_for_it_runs_with_the_present_value(begin: Begin, chat: dict[str, Any], waited: WaitedTurns) -> None:
    cell, screen, line = begin("latest()", "print(rows)")

    cell.answer("run", {})
    waited.turn()

    line.until_runs("success")
    assert (screen.text, "somebody asked for it" in screen.note) == ("[]\n", True)


def test_asked_for_while_paused_it_runs(begin: Begin, waited: WaitedTurns) -> None:
    cell, _, line = begin("latest()", "print(rows)")
    cell.answer("pause", {})
    cell.answer("run", {})
    waited.turn()

    assert line.until_runs("success")["state"] == "paused"


def test_a_closed_one_waits_for_its_cell(begin: Begin, db: Engine, waited: WaitedTurns) -> None:
    cell, _, _ = begin("latest()", "print(rows)")

    cell.close()
    db.crons.run_now("watch")
    db.settle()

    assert (db.crons.get("watch").is_requested, waited.is_asked) == (True, False)
    assert db.subscriptions() == []


def test_what_it_writes_itself_stops_it_as_before(begin: Begin, chat: dict[str, Any], waited: WaitedTurns) -> None:
    cell, screen, line = begin("total()", "send(body='more')")

    change(chat)
    for _ in range(4):
        waited.turn()
        chat["db"].settle()

    assert (cell.runs, waited.is_asked) == (4, False)
    assert "this cell writes what it reads" in screen.note
    line.until_runs(*["success"] * 4)


def test_its_limit_is_a_span(begin: Begin) -> None:
    cell, _, _ = begin("--timeout 5s latest()", "print(rows)")

    assert cell._timeout == timedelta(seconds=5)


def test_ended_it_is_forgotten(begin: Begin, db: Engine) -> None:
    cell, _, _ = begin("latest()", "print(rows)")

    cell.end()

    assert (cell.state, db.crons.list(), db.subscriptions()) == ("closed", [], [])
