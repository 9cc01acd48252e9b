"""`%reactive` in an IPython shell, on engines made for the purpose."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from reactive_nb.notebook.magics import ReactiveMagics
from reactive_nb.notebook.report import Report
from reactive_nb.values.validators import v
from tests.notebook.fakes import FakeEngine, FakeFunction


@pytest.fixture(scope="module")
def only_shell() -> InteractiveShell:
    # A file of history would belong to the person who runs the tests.
    return InteractiveShell(config=Config(HistoryManager={"enabled": False}))


@pytest.fixture
def shell(only_shell: InteractiveShell) -> Iterator[InteractiveShell]:
    yield only_shell
    only_shell.user_ns.pop("board", None)


@pytest.fixture
def engine() -> FakeEngine:
    engine = FakeEngine("flights.duckdb")
    engine.tables = {"flights": 336_776}
    engine.registered = [FakeFunction("departures", "query", {"origin": v.string()})]
    return engine


@pytest.fixture
def magics(shell: InteractiveShell, engine: FakeEngine) -> ReactiveMagics:
    return ReactiveMagics(shell, lambda: [engine])


def test_without_a_command_it_says_what_is_open(
    shell: InteractiveShell, engine: FakeEngine, magics: ReactiveMagics
) -> None:
    shell.user_ns["board"] = engine.live("departures", [], origin="JFK")
    engine.commit(departures=[{"n": 1}])

    assert repr(magics.reactive("")) == (
        "Database flights.duckdb, commit 1\n"
        "  table    documents\n"
        "  flights  336,776\n"
        "\n"
        "Functions\n"
        "  function    kind   arguments\n"
        "  departures  query  origin: a string\n"
        "\n"
        "Live results\n"
        "  name   call                      runs  state  last run\n"
        "  board  departures(origin='JFK')  2     fresh  commit 1 changed what it read"
    )


def test_nothing_open_says_how_to_open_something(shell: InteractiveShell) -> None:
    report = ReactiveMagics(shell, list).reactive("")

    assert "db = reactive_nb.connect()" in repr(report)


def test_an_error_is_part_of_the_state_and_html_is_escaped(engine: FakeEngine, magics: ReactiveMagics) -> None:
    live = engine.live("departures", [], origin="<b>")
    engine.commit(departures=ValueError("no <i>"))
    report = magics.reactive("")

    assert isinstance(report, Report)
    assert "failed (ValueError: no &lt;i&gt;)" in report._repr_html_()
    assert "<b>" not in report._repr_html_()
    assert live.state == "failed"


@pytest.mark.parametrize("name", ["board", "departures", "departures(origin='JFK')"])
def test_a_result_is_found_by_variable_path_or_call(
    name: str, shell: InteractiveShell, engine: FakeEngine, magics: ReactiveMagics
) -> None:
    live = shell.user_ns["board"] = engine.live("departures", [], origin="JFK")
    engine.commit(departures=[{"n": 1}])

    why = repr(magics.reactive(f"why {name}"))
    magics.reactive(f"close {name}")

    assert why == (
        "departures(origin='JFK'): 2 runs, fresh\n"
        "  commit  why it ran\n"
        "  1       commit 1 changed what it read\n"
        "  0       It was opened"
    )
    assert live.state == "closed"


def test_a_name_of_two_results_is_answered_with_their_calls(engine: FakeEngine, magics: ReactiveMagics) -> None:
    lives = [engine.live("departures", [], origin=origin) for origin in ("JFK", "EWR")]

    with pytest.raises(UsageError, match=r"departures\(origin='JFK'\), departures\(origin='EWR'\)"):
        magics.reactive("close departures")
    assert [live.state for live in lives] == ["fresh", "fresh"]


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("wy board", "no command 'wy'. It has: why, close, help"),
        ("help me", "no command 'help'"),
        ("why", "%reactive why NAME"),
        ("close", "%reactive close NAME"),
        ("why nothing", "No open live result is named 'nothing'. Open are: none"),
    ],
)
def test_a_line_that_cannot_be_followed_is_one_sentence_on_what_to_type(
    line: str, answer: str, magics: ReactiveMagics
) -> None:
    with pytest.raises(UsageError) as refused:
        magics.reactive(line)

    assert answer in str(refused.value)
    assert "\n" not in str(refused.value)


def test_help_lists_every_command(magics: ReactiveMagics) -> None:
    text = repr(magics.reactive("help"))

    assert all(command in text for command in ("%reactive why NAME", "%reactive close NAME", "NAME is a variable"))
