"""Live cells on a real engine in a real shell: what makes them run again, what they show, when they stop."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import ipywidgets
import pytest

from reactive_nb.engine.engine import Engine
from reactive_nb.notebook.cell.live_cell import LiveCell
from reactive_nb.notebook.turns import Turns
from tests.notebook.cell.fakes import FakeScreen

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

Settled = Callable[[], int]
Begin = Callable[..., tuple[LiveCell, FakeScreen]]


@pytest.fixture
def begin(shell: InteractiveShell, turns: Turns, chat: dict[str, Any]) -> Begin:
    """Run a live cell for the first time and show it."""

    def begin(source: str, **options: Any) -> tuple[LiveCell, FakeScreen]:
        cell = LiveCell(shell, turns, source, options.pop("name", "board"))
        cell.start()
        screen = FakeScreen(**options)
        cell.show_on(screen)
        return cell, screen

    return begin


def without_time(note: str) -> str:
    return re.sub(r"[\d,]+ ms", "0 ms", note)


# ---------------------------------------------------------------------- queries


def test_it_runs_at_once_and_says_so(begin: Begin) -> None:
    cell, screen = begin("print(latest())")

    assert screen.text == "[]\n"
    assert screen.states == ["live"]
    assert without_time(screen.note) == "ran because its cell was run; 0 ms; 1 run"
    assert cell.reads() == ["latest()"]


def test_a_change_of_what_it_called_runs_it_again_in_place(
    begin: Begin, chat: dict[str, Any], settled: Settled
) -> None:
    cell, screen = begin("print(latest())")

    chat["send"](body="hello")
    ran = settled()

    assert (ran, cell.runs, screen.text) == (1, 2, "['hello']\n")
    assert screen.states == ["live", "stale", "running", "live"]
    assert without_time(screen.note) == f"ran again because latest() changed, commit {chat['db'].ts}; 0 ms; 2 runs"


def test_a_commit_elsewhere_does_not(begin: Begin, chat: dict[str, Any], settled: Settled) -> None:
    cell, screen = begin("print(latest())")

    chat["send"](body="hello", channel="other")

    assert settled() == 0
    assert (cell.runs, screen.states) == (1, ["live"])


def test_many_changes_before_its_turn_are_one_run_with_the_causes(
    begin: Begin, chat: dict[str, Any], settled: Settled
) -> None:
    cell, screen = begin("print(len(latest()), total())")
    now = chat["db"].ts + 5
    for number in range(5):
        chat["send"](body=str(number))
        chat["db"].settle()

    assert settled() == 1
    assert (cell.runs, screen.text) == (2, "5 5\n")
    assert f"latest() changed, commit {now}; " in screen.note
    assert f"total() changed, commit {now}; " in screen.note


def test_what_only_the_last_run_called_counts(
    begin: Begin, chat: dict[str, Any], shell: InteractiveShell, settled: Settled, db: Engine
) -> None:
    cell, _ = begin("print(latest('a') if total() < 1 else latest('b'))")
    first = cell.reads()
    chat["send"](body="1", channel="a")
    settled()

    chat["send"](body="2", channel="a")
    by_total = settled()

    assert first == ["total()", "latest(channel='a')"]
    assert cell.reads() == ["total()", "latest(channel='b')"]
    assert by_total == 1
    assert sorted(each.call for each in db.subscriptions()) == ["latest(channel='b')", "total()"]


def test_a_cell_that_writes_does_not_wait_for_a_long_job(
    begin: Begin, chat: dict[str, Any], settled: Settled, db: Engine
) -> None:
    begun, may_end = threading.Event(), threading.Event()

    @db.action
    def long(ctx: Any) -> None:
        begun.set()
        may_end.wait(60)

    db.scheduler.run_after(0, long)
    assert begun.wait(10)
    guard = threading.Timer(20, may_end.set)  # so that the test fails instead of hanging
    guard.start()

    _, screen = begin("print(latest())\nif not latest(): first = send(body='written')")
    is_waiting = not may_end.is_set()
    guard.cancel()
    may_end.set()

    assert is_waiting, "the cell returned only after the job"
    settled()
    assert screen.text == "['written']\n"


def test_reading_without_a_function_is_followed_too(begin: Begin, chat: dict[str, Any], settled: Settled) -> None:
    _, screen = begin("print(db.read(lambda ctx: ctx.db.query('messages').count()))")

    chat["send"](body="hello")
    settled()

    assert screen.text == "1\n"


@pytest.mark.slow
def test_an_error_stands_in_its_place_until_a_change_lets_it_succeed(
    begin: Begin, chat: dict[str, Any], settled: Settled
) -> None:
    cell, screen = begin("print(latest())")

    chat["send"](body="bad")
    settled()
    failed = (cell.state, screen.states[-1], [each["output_type"] for each in screen.outputs], screen.errors[-1])
    chat["clear"]()
    settled()

    assert failed[:3] == ("failed", "failed", ["error"])
    assert str(failed[3]) == "a bad message"
    assert (cell.state, screen.text, cell.error) == ("live", "[]\n", None)


def test_a_function_that_is_defined_again_runs_the_cell_again(
    begin: Begin, db: Engine, chat: dict[str, Any], settled: Settled, shell: InteractiveShell
) -> None:
    _, screen = begin("print(total())")

    @db.query
    def total(ctx: Any) -> Any:
        return "another"

    shell.user_ns["total"] = total
    settled()

    assert screen.text == "another\n"


def test_while_it_is_not_live_it_names_the_commit_of_its_last_run(
    begin: Begin, chat: dict[str, Any], settled: Settled
) -> None:
    cell, screen = begin("print(latest())")
    first = chat["db"].ts
    chat["send"](body="bad")
    settled()
    chat["clear"]()
    settled()
    cell.close()

    assert screen.commits == [
        ("live", None),
        ("stale", first),
        ("running", first),
        ("failed", None),
        ("stale", first + 1),
        ("running", first + 1),
        ("live", None),
        ("closed", first + 2),
    ]


def test_a_run_that_others_overtook_shows_the_commit_that_it_has_seen(
    begin: Begin, chat: dict[str, Any], shell: InteractiveShell, settled: Settled
) -> None:
    def from_elsewhere() -> None:
        if chat["total"]() == 0:
            thread = threading.Thread(target=lambda: chat["send"](body="meanwhile"))
            thread.start()
            thread.join()

    shell.user_ns["from_elsewhere"] = from_elsewhere
    seen = chat["db"].ts
    _, screen = begin("found = latest(); from_elsewhere(); print(found)")

    assert screen.commits == [("stale", seen)]


def test_outputs_of_no_database_or_of_several_are_of_no_commit(
    begin: Begin, shell: InteractiveShell, settled: Settled
) -> None:
    shell.user_ns["slider"] = slider = ipywidgets.IntSlider()
    _, screen = begin("slider.value")

    slider.value = 1
    settled()

    assert screen.commits == [("live", None), ("stale", None), ("running", None), ("live", None)]


def test_the_screen_is_told_of_which_database_each_run_is(
    begin: Begin, db: Engine, chat: dict[str, Any], shell: InteractiveShell, settled: Settled
) -> None:
    shell.user_ns["slider"] = slider = ipywidgets.IntSlider()
    _, screen = begin("if slider.value == 1: latest()")
    for value in (1, 2):
        slider.value = value
        settled()

    assert screen.engines == [None, db, None]


# ---------------------------------------------------------------------- what others change during a run


def test_a_commit_between_the_call_and_the_end_of_the_run_is_not_missed(
    begin: Begin, chat: dict[str, Any], shell: InteractiveShell, settled: Settled
) -> None:
    def from_elsewhere() -> None:
        if chat["total"]() == 0:
            thread = threading.Thread(target=lambda: chat["send"](body="meanwhile"))
            thread.start()
            thread.join()

    shell.user_ns["from_elsewhere"] = from_elsewhere
    cell, screen = begin("found = latest(); from_elsewhere(); print(found)")

    settled()

    assert (cell.runs, screen.text) == (2, "['meanwhile']\n")
    assert "changed while it ran" in screen.note


def test_a_commit_before_the_call_that_the_run_has_seen_is_no_cause(
    begin: Begin, chat: dict[str, Any], settled: Settled
) -> None:
    cell, screen = begin("send(body='a')\nprint(latest())")
    first = (cell.runs, screen.text)
    settled()

    chat["send"](body="of another cell")
    settled()

    assert first == (1, "['a']\n")
    assert (cell.runs, screen.text) == (2, "['a', 'of another cell', 'a']\n")


def test_a_commit_that_changed_nothing_that_it_saw_is_no_cause(
    begin: Begin, chat: dict[str, Any], settled: Settled
) -> None:
    cell, _ = begin("print(latest())\nsend(body='x', channel='log')")

    assert settled() == 0
    assert cell.runs == 1


def test_a_cell_that_writes_what_it_reads_stops_and_says_so(
    begin: Begin, chat: dict[str, Any], settled: Settled
) -> None:
    cell, screen = begin("print(total())\nsend(body='again');")

    settled()
    stopped = (cell.runs, screen.text, screen.note, cell.state)
    chat["send"](body="of another cell")
    settled()

    assert stopped[:2] == (4, "3\n")
    assert "this cell writes what it reads" in stopped[2]
    assert stopped[3] == "live"
    assert cell.runs == 4 + 1 + 3  # the change of somebody else, and its own again


def test_a_cell_whose_results_stop_changing_stops_by_itself(
    begin: Begin, chat: dict[str, Any], settled: Settled
) -> None:
    cell, screen = begin("n = total()\nprint(n)\nif n < 2: send(body='one more')")

    settled()

    assert (cell.runs, screen.text) == (3, "2\n")
    assert "writes what it reads" not in screen.note


# ---------------------------------------------------------------------- widgets and live results


def test_a_widget_that_it_names_runs_it_again(
    begin: Begin, chat: dict[str, Any], shell: InteractiveShell, settled: Settled
) -> None:
    chat["send"](body="hello", channel="other")
    shell.user_ns["channel"] = channel = ipywidgets.Dropdown(options=["general", "other"])
    cell, screen = begin("print(latest(channel=channel.value))")

    channel.value = "other"
    settled()

    assert (cell.runs, screen.text) == (2, "['hello']\n")
    assert without_time(screen.note) == "ran again because channel.value is 'other'; 0 ms; 2 runs"
    assert cell.reads() == ["channel", "latest(channel='other')"]


def test_a_widget_named_in_a_magic_is_named(begin: Begin, shell: InteractiveShell, settled: Settled) -> None:
    shell.user_ns["slider"] = slider = ipywidgets.IntSlider()
    cell, _ = begin("%time x = slider.value")

    slider.value = 5
    settled()

    assert (cell.runs, shell.user_ns["x"]) == (2, 5)


def test_a_widget_that_the_run_sets_itself_is_no_cause(begin: Begin, shell: InteractiveShell, settled: Settled) -> None:
    shell.user_ns["slider"] = slider = ipywidgets.IntSlider()
    cell, _ = begin("slider.value = slider.value + 1")

    assert (settled(), cell.runs, slider.value) == (0, 1, 1)


def test_a_widget_that_somebody_else_sets_during_the_run_is_one(
    begin: Begin, shell: InteractiveShell, settled: Settled
) -> None:
    slider = ipywidgets.IntSlider()

    def drag() -> None:
        thread = threading.Thread(target=lambda: setattr(slider, "value", 5))
        thread.start()
        thread.join()

    shell.user_ns.update(slider=slider, drag=drag)
    cell, screen = begin("seen = slider.value; drag(); print(seen)")

    settled()

    assert (cell.runs, screen.text) == (2, "5\n")


def test_a_widget_that_the_run_makes_is_not_followed(begin: Begin, shell: InteractiveShell, settled: Settled) -> None:
    cell, _ = begin("import ipywidgets\nmine = ipywidgets.IntSlider()\nmine.value")

    shell.user_ns["mine"].value = 3

    assert (settled(), cell.reads()) == (0, [])


def test_a_widget_in_whose_place_another_has_come_is_followed_no_more(
    begin: Begin, shell: InteractiveShell, settled: Settled
) -> None:
    first, second = ipywidgets.IntSlider(), ipywidgets.IntSlider(value=7)
    shell.user_ns["slider"] = first
    cell, screen = begin("print(slider.value)")
    shell.user_ns["slider"] = second
    first.value = 1
    settled()

    first.value = 2
    by_the_first = settled()
    second.value = 8
    settled()

    assert (by_the_first, cell.runs, screen.text) == (0, 3, "8\n")


def test_a_live_result_that_it_names_runs_it_again(
    begin: Begin, chat: dict[str, Any], shell: InteractiveShell, settled: Settled
) -> None:
    shell.user_ns["board"] = chat["latest"].live()
    cell, screen = begin("print(board.value)")

    chat["send"](body="hello")
    settled()

    assert (cell.runs, screen.text) == (2, "['hello']\n")
    assert screen.note.startswith(f"ran again because board changed, commit {chat['db'].ts}")


# ---------------------------------------------------------------------- its life


def test_it_waits_while_no_page_shows_it(begin: Begin, chat: dict[str, Any], settled: Settled) -> None:
    cell, screen = begin("print(latest())", is_shown=False)
    chat["send"](body="one")
    settled()
    chat["send"](body="two")
    settled()
    hidden = (cell.runs, cell.state)

    shown_ts, now = screen.ts, chat["db"].ts
    screen.appear()
    settled()

    assert hidden == (1, "stale")
    assert shown_ts == now - 2  # what stood there was of before both
    assert (cell.runs, cell.state, screen.text) == (2, "live", "['one', 'two']\n")


def test_shown_again_without_a_change_it_does_not_run(begin: Begin, settled: Settled) -> None:
    cell, screen = begin("print(latest())", is_shown=False)

    screen.appear()

    assert (settled(), cell.runs) == (0, 1)


def test_closed_it_holds_nothing_and_runs_no_more(
    begin: Begin, chat: dict[str, Any], shell: InteractiveShell, settled: Settled, db: Engine
) -> None:
    shell.user_ns["slider"] = slider = ipywidgets.IntSlider()
    cell, screen = begin("print(latest(), slider.value)")
    chat["send"](body="hello")
    db.settle()

    cell.close()
    slider.value = 3
    chat["send"](body="again")

    assert (settled() <= 1, cell.runs, cell.state) == (True, 1, "closed")
    assert (screen.states[-1], screen.closed) == ("closed", True)
    assert db.subscriptions() == []
    assert not slider._trait_notifiers["value"]["change"]


def test_closing_the_database_ends_it_and_says_why(begin: Begin, db: Engine) -> None:
    cell, screen = begin("print(latest())")

    db.close()

    assert (cell.state, screen.states[-1]) == ("closed", "closed")
    assert "its database was closed" in screen.note


def test_what_it_writes_says_that_it_did(begin: Begin, db: Engine) -> None:
    begin("send(body='x')", name="feed")

    assert db.commits()[-1].origin == "the %%live cell feed"


def test_an_interrupt_between_two_steps_is_shown_and_the_cell_goes_on(
    begin: Begin, chat: dict[str, Any], settled: Settled, monkeypatch: pytest.MonkeyPatch
) -> None:
    cell, screen = begin("print(latest())")

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(cell, "_act", interrupted)
        chat["send"](body="one")
        settled()
    broken = (cell.state, [each["ename"] for each in screen.outputs])
    chat["send"](body="two")
    settled()

    assert broken == ("failed", ["KeyboardInterrupt"])
    assert (cell.state, screen.text) == ("live", "['one', 'two']\n")
