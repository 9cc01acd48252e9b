"""`%load_ext reactive_nb` and `%unload_ext reactive_nb` in a shell."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.magic import Magics, line_magic, magics_class
from IPython.utils.capture import capture_output

import reactive_nb as rnb
from reactive_nb.notebook.cell.magics import live_cells
from reactive_nb.notebook.turns import turns_of
from tests.notebook.shells import new_shell

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


@pytest.fixture
def shell() -> Iterator[InteractiveShell]:
    shell = new_shell()
    yield shell
    shell.extension_manager.unload_extension("reactive_nb")


def state(shell: InteractiveShell) -> dict[str, Any]:
    """Return all that the extension may change in a shell."""
    manager = shell.magics_manager
    return {
        "line": set(manager.magics["line"]),
        "cell": set(manager.magics["cell"]),
        "registry": set(manager.registry),
        "matchers": list(shell.Completer.custom_matchers),
        "handler": (shell.custom_exceptions, shell.CustomTB),
        "events": {name: list(found) for name, found in shell.events.callbacks.items()},
    }


def test_everything_is_there_once_and_gone_in_the_end(shell: InteractiveShell) -> None:
    assert shell.magics_manager.registry["ExtensionMagics"]  # newer IPythons register it when somebody asks for it
    before = state(shell)
    shell.run_cell("%load_ext reactive_nb\n%load_ext reactive_nb").raise_error()
    once = state(shell)
    shell.run_cell("%reload_ext reactive_nb").raise_error()
    rnb.load_ipython_extension(shell)
    again = state(shell)
    shell.run_cell("%unload_ext reactive_nb").raise_error()
    rnb.unload_ipython_extension(shell)

    assert once["line"] - before["line"] == {"reactive", "rsql"}
    assert once["cell"] - before["cell"] == {"live", "on", "every", "cron", "at", "rsql"}
    assert [len(each["matchers"]) for each in (before, once, again)] == [0, 1, 1]
    assert once["handler"][0] == again["handler"][0] == (Exception,)
    assert {name: again[name] for name in ("line", "cell", "registry")} == {
        name: once[name] for name in ("line", "cell", "registry")
    }
    assert state(shell) == before
    assert {"ReactiveMagics", "CellMagics", "JobMagics", "SqlMagics"} <= once["registry"] - before["registry"]


def test_the_parts_work_together(shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    shell.extension_manager.load_extension("reactive_nb")
    with rnb.connect() as db:
        shell.user_ns["db"] = db
        opened = repr(shell.run_line_magic("reactive", ""))
        with provisionalcompleter():
            offered = [each.text for each in shell.Completer.completions("%reactive graph ", len("%reactive graph "))]
        shell.run_cell("db.drop('nothing')")
        short = capsys.readouterr().out
        shell.run_line_magic("reactive", "traceback")

    assert "Database db, in memory, commit 0" in opened
    assert offered == ["db"]
    assert "Cannot drop" in short
    assert "reactive_nb/" not in short
    assert "reactive_nb/" in capsys.readouterr().out


def test_reactive_cells_end_with_the_extension(shell: InteractiveShell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reactive_nb.notebook.cell.magics._display", lambda cell: None)
    shell.extension_manager.load_extension("reactive_nb")
    shell.run_cell("%%live --name worst\n1 + 1").raise_error()
    (cell,) = live_cells()
    listed = repr(shell.run_line_magic("reactive", "cells"))

    shell.extension_manager.unload_extension("reactive_nb")

    assert "worst  %%live  1 + 1" in listed
    assert cell.state == "closed"
    assert live_cells() == []


def test_an_open_reactive_cell_is_none_of_the_live_results(shell: InteractiveShell) -> None:
    shell.extension_manager.load_extension("reactive_nb")
    with rnb.connect() as db:
        db.define(messages=rnb.table())

        @db.query
        def count(ctx: Any) -> Any:
            return ctx.db.query("messages").count()

        shell.user_ns.update(db=db, count=count, board=count.live())
        with capture_output():
            shell.run_cell("%%live --name worst\ncount()").raise_error()
        said = {line: repr(shell.run_line_magic("reactive", line)) for line in ("", "live", "why count", "graph")}
        with provisionalcompleter():
            offered = [each.text for each in shell.Completer.completions("%reactive why ", len("%reactive why "))]
        lives, board = db.lives(), shell.user_ns["board"]
        shell.run_line_magic("reactive", "close count")
        (cell,) = live_cells()
        after = (board.state, cell.state)

    assert lives == [board]
    assert said[""].count("board  count()") == said["live"].count("board  count()") == 1
    assert "worst" not in said["live"]
    assert "worst  %%live  count()" in said[""]
    assert said["why count"].startswith("count(): 1 run, fresh")
    assert offered == ["board", "count()"]
    assert after == ("closed", "live")
    assert cell.state == "closed"  # with its database


def test_drawings_of_others_go_on_after_it(shell: InteractiveShell) -> None:
    """The extension may be unloaded while a plot, which does not need it, waits for its turn."""
    shell.extension_manager.load_extension("reactive_nb")
    ran: list[str] = []
    turns = turns_of(shell)
    shell.user_ns.update(turns=turns, ran=ran)
    shell.run_cell("turns.soon(lambda: ran.append('plot'))\n%unload_ext reactive_nb").raise_error()
    before = list(ran)

    shell.run_cell("1")
    shell.extension_manager.load_extension("reactive_nb")
    shell.extension_manager.unload_extension("reactive_nb")
    shell.run_cell("turns.soon(lambda: ran.append('later')); ran.append('end of cell')").raise_error()
    turns.close()

    assert before == ["plot"]
    assert ran == ["plot", "end of cell", "later"]


def test_two_shells_do_not_disturb_each_other(shell: InteractiveShell) -> None:
    other = new_shell()
    for each in (shell, other):
        each.extension_manager.load_extension("reactive_nb")

    other.extension_manager.unload_extension("reactive_nb")

    assert shell.find_line_magic("reactive") is not None
    assert other.find_line_magic("reactive") is None


def test_a_magic_that_somebody_else_registered_since_stays(shell: InteractiveShell) -> None:
    @magics_class
    class Others(Magics):
        @line_magic
        def reactive(self, line: str) -> str:
            return "of somebody else"

    shell.extension_manager.load_extension("reactive_nb")
    shell.register_magics(Others(shell))

    shell.extension_manager.unload_extension("reactive_nb")

    assert shell.run_line_magic("reactive", "") == "of somebody else"


def test_help_on_the_magic_is_its_reference(shell: InteractiveShell) -> None:
    shell.extension_manager.load_extension("reactive_nb")

    docstring = shell.object_inspect("%reactive")["docstring"]

    assert "%reactive why NAME" in docstring
    assert "Examples:" in docstring
