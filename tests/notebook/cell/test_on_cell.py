"""`%%on`: what is an expression to follow, when the source runs, what `rows` is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import ipywidgets
import pytest
from IPython.core.error import UsageError

from reactive_nb.engine.engine import Engine
from reactive_nb.notebook.cell.on_cell import OnCell
from reactive_nb.notebook.turns import Turns
from tests.notebook.cell.fakes import FakeScreen

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

Settled = Callable[[], int]
Begin = Callable[..., tuple[OnCell, FakeScreen]]


@pytest.fixture
def begin(shell: InteractiveShell, turns: Turns, chat: dict[str, Any]) -> Begin:
    def begin(expression: str, source: str, **options: Any) -> tuple[OnCell, FakeScreen]:
        cell = OnCell(shell, turns, source, "watch", expression=expression)
        cell.start()
        screen = FakeScreen(**options)
        cell.show_on(screen)
        return cell, screen

    return begin


def test_it_waits_and_says_for_what(begin: Begin) -> None:
    cell, screen = begin("latest('general')", "print(rows)")

    assert (cell.runs, cell.state, screen.outputs) == (0, "waiting", [])
    assert screen.note == "waiting for a change of latest('general')"


def test_a_change_of_the_result_runs_it_with_the_new_value(
    begin: Begin, chat: dict[str, Any], settled: Settled, shell: InteractiveShell
) -> None:
    cell, screen = begin("latest()", "print(rows)")

    chat["send"](body="hello")
    settled()

    assert (cell.runs, cell.state, screen.text) == (1, "live", "['hello']\n")
    assert screen.note.startswith(f"ran again because latest() changed, commit {chat['db'].ts}")
    assert "rows" not in shell.user_ns


def test_a_variable_named_rows_is_the_users_again_afterwards(
    begin: Begin, chat: dict[str, Any], settled: Settled, shell: InteractiveShell
) -> None:
    shell.user_ns["rows"] = "mine"
    _, screen = begin("latest()", "print(rows)")

    chat["send"](body="hello")
    settled()

    assert (screen.text, shell.user_ns["rows"]) == ("['hello']\n", "mine")


def test_a_change_that_the_expression_does_not_show_does_not_run_it(
    begin: Begin, chat: dict[str, Any], settled: Settled
) -> None:
    cell, _ = begin("total() > 1", "print(rows)")

    chat["send"](body="one")
    settled()
    before = cell.runs
    chat["send"](body="two")
    settled()

    assert (before, cell.runs) == (0, 1)


def test_queries_of_its_source_are_not_followed(begin: Begin, chat: dict[str, Any], settled: Settled) -> None:
    cell, _ = begin("latest('a')", "print(total())")
    chat["send"](body="one", channel="a")
    settled()

    chat["send"](body="two", channel="b")
    settled()

    assert (cell.runs, cell.reads()) == (1, ["latest(channel='a')"])


def test_a_widget_in_the_expression_moves_it(
    begin: Begin, chat: dict[str, Any], settled: Settled, shell: InteractiveShell
) -> None:
    chat["send"](body="hello", channel="b")
    shell.user_ns["channel"] = channel = ipywidgets.Dropdown(options=["a", "b"])
    _, screen = begin("latest(channel.value)", "print(rows)")

    channel.value = "b"
    settled()

    assert screen.text == "['hello']\n"


def test_a_live_result_is_followed(
    begin: Begin, chat: dict[str, Any], settled: Settled, shell: InteractiveShell
) -> None:
    shell.user_ns["board"] = chat["latest"].live()
    _, screen = begin("board", "print(rows)")

    chat["send"](body="hello")
    settled()

    assert screen.text == "['hello']\n"


def test_it_runs_also_while_no_page_shows_it(begin: Begin, chat: dict[str, Any], settled: Settled) -> None:
    cell, _ = begin("latest()", "print(rows)", is_shown=False)

    chat["send"](body="hello")
    settled()

    assert cell.runs == 1


def test_a_source_that_writes_what_the_expression_reads_stops(
    begin: Begin, chat: dict[str, Any], settled: Settled
) -> None:
    cell, screen = begin("total()", "send(body='more')")

    chat["send"](body="first")
    settled()

    assert cell.runs == 4
    assert "this cell writes what it reads" in screen.note


def test_an_expression_that_fails_later_is_shown_and_recovers(
    begin: Begin, chat: dict[str, Any], settled: Settled
) -> None:
    cell, screen = begin("latest()", "print(rows)")

    chat["send"](body="bad")
    settled()
    failed = (cell.state, [each["ename"] for each in screen.outputs])
    chat["clear"]()
    chat["send"](body="good")
    settled()

    assert failed == ("failed", ["ValueError"])
    assert (cell.state, screen.text) == ("live", "['good']\n")


@pytest.mark.parametrize(
    ("expression", "answer"),
    [
        ("1 + 1", "%%on 1 + 1 calls no query"),
        ("latest", "%%on latest calls no query"),
        ("latest(", "%%on cannot read 'latest('"),
        ("x = latest()", "%%on cannot read 'x = latest()'"),
    ],
)
def test_an_expression_without_a_query_is_refused_with_what_to_write(
    expression: str, answer: str, begin: Begin, db: Engine
) -> None:
    with pytest.raises(UsageError) as refused:
        begin(expression, "print(rows)")

    assert str(refused.value).startswith(answer)
    assert '%%on departures(origin="JFK")' in str(refused.value)
    assert db.subscriptions() == []


def test_an_expression_that_fails_at_once_is_an_error_of_the_cell(begin: Begin, db: Engine) -> None:
    with pytest.raises(NameError, match="nothing"):
        begin("latest(nothing)", "print(rows)")

    assert db.subscriptions() == []
