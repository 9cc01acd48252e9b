"""`%%live` and `%%on` as typed into a cell: names, refusals, what is displayed, which cell replaces which."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import ipywidgets
import pytest
from IPython.core.error import UsageError
from IPython.utils.capture import capture_output

from reactive_nb.errors import ReactiveError
from reactive_nb.notebook.cell.cells import Cells, cells_of, close_live_cells, live_cells
from reactive_nb.notebook.cell.dependency import Dependencies
from reactive_nb.notebook.cell.job_magics import JobMagics
from reactive_nb.notebook.cell.magics import CellMagics
from reactive_nb.notebook.page.channel import channel
from reactive_nb.notebook.turns import Turns

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from reactive_nb.engine.engine import Engine


@pytest.fixture
def cells(shell: InteractiveShell, turns: Turns, chat: dict[str, Any]) -> Iterator[Cells]:
    """The cells of the shell, with the magics registered."""
    cells = cells_of(shell, lambda _: turns)
    shell.register_magics(CellMagics(shell))
    shell.register_magics(JobMagics(shell, lambda: [chat["db"]]))
    yield cells
    close_live_cells(shell)


class Ran:
    """What a cell displayed and raised."""

    def __init__(self, shell: InteractiveShell, source: str) -> None:
        with capture_output() as captured:
            result = shell.run_cell(source, store_history=True)
        self.error = result.error_in_exec
        self.data = [output.data for output in captured.outputs]
        self.text = captured.stdout + captured.stderr


def test_a_live_cell_displays_a_widget_and_its_outputs_for_places_without(
    cells: Cells, shell: InteractiveShell
) -> None:
    ran = Ran(shell, "%%live\nprint(latest())\ntotal()")

    assert ran.error is None
    assert [data["text/plain"] for data in ran.data] == ["[]\n0"]
    assert "application/vnd.jupyter.widget-view+json" in ran.data[0]
    assert ran.text == ""


def test_an_error_in_a_live_cell_is_displayed_and_stops_no_other(cells: Cells, shell: InteractiveShell) -> None:
    ran = Ran(shell, "%%live\n1 / 0")

    assert ran.error is None
    assert "ZeroDivisionError: division by zero" in ran.data[0]["text/plain"]
    assert [cell.state for cell in live_cells()] == ["failed"]


def test_an_interrupt_of_the_first_run_is_one_of_the_cell(cells: Cells, shell: InteractiveShell) -> None:
    ran = Ran(shell, "%%live\nimport signal\nsignal.raise_signal(signal.SIGINT)")

    assert isinstance(ran.error, KeyboardInterrupt)
    assert "KeyboardInterrupt" in ran.data[0]["text/plain"]


def test_a_first_run_that_is_interrupted_outside_its_source_leaves_no_cell(
    cells: Cells, shell: InteractiveShell, db: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold = Dependencies.hold

    def interrupted(self: Dependencies, reads: Any) -> None:
        hold(self, reads)
        raise KeyboardInterrupt

    monkeypatch.setattr(Dependencies, "hold", interrupted)
    ran = Ran(shell, "%%live\nlatest()")

    assert isinstance(ran.error, KeyboardInterrupt)
    assert (live_cells(), db.subscriptions()) == ([], [])


def test_a_cell_that_cannot_be_displayed_is_closed(
    cells: Cells, shell: InteractiveShell, db: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(cell: object) -> None:
        raise RuntimeError("no pages")

    monkeypatch.setattr("reactive_nb.notebook.cell.magics._display", fail)
    ran = Ran(shell, "%%live\nlatest()")

    assert isinstance(ran.error, RuntimeError)
    assert (live_cells(), db.subscriptions()) == ([], [])


def test_a_view_whose_first_run_failed_belongs_to_the_engine_of_the_next(
    cells: Cells, shell: InteractiveShell, chat: dict[str, Any], settled: Callable[[], int]
) -> None:
    shell.user_ns["slider"] = slider = ipywidgets.IntSlider()
    Ran(shell, "%%live\nif slider.value == 0: nothing\nif slider.value == 1: latest()")
    (cell,) = live_cells()
    screen: Any = cell._screen
    engines = [screen.view.engine]
    for value in (1, 2):
        slider.value = value
        settled()
        engines.append(screen.view.engine)
    board = chat["latest"].live()
    name = channel().hub.open_rows(board).engine

    assert engines == ["", name, ""]


def test_what_is_live_is_listed_with_what_it_reads(cells: Cells, shell: InteractiveShell) -> None:
    Ran(shell, "%%live --name board\n\nprint(latest())")
    Ran(shell, "%%on --name watch total()\nprint(rows)")
    number = shell.execution_count
    Ran(shell, "%%live\n1")

    facts = [(cell.kind, cell.name, cell.first_line, cell.state, cell.runs, cell.reads()) for cell in live_cells()]

    assert facts == [
        ("%%live", "board", "print(latest())", "live", 1, ["latest()"]),
        ("%%on", "watch", "print(rows)", "waiting", 0, ["total()"]),
        ("%%live", f"In[{number}]", "1", "live", 1, []),
    ]


def test_a_closed_cell_is_listed_no_more(cells: Cells, shell: InteractiveShell, db: Engine) -> None:
    Ran(shell, "%%live\nlatest()")

    live_cells()[0].close()

    assert (live_cells(), db.subscriptions()) == ([], [])


@pytest.mark.parametrize("line", ["%%live", "%%live --name board", "%%on latest()", "%%on --name board latest()"])
def test_a_cell_that_is_run_again_replaces_itself(line: str, cells: Cells, shell: InteractiveShell, db: Engine) -> None:
    Ran(shell, f"{line}\nlatest()")
    (first,) = live_cells()
    Ran(shell, f"{line}\nlatest()")
    (second,) = live_cells()

    assert (first.state, second.state) == ("closed", "waiting" if "on" in line[:4] else "live")
    assert [each.call for each in db.subscriptions() if not each.call.startswith("job(")] == ["latest()"]


def test_a_cell_of_another_source_or_name_is_another_cell(cells: Cells, shell: InteractiveShell) -> None:
    for source in ("%%live\n1", "%%live\n2", "%%live --name a\n1", "%%live --name b\n1"):
        Ran(shell, source)

    assert len(live_cells()) == 4


@pytest.fixture
def front_end(shell: InteractiveShell, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A front end that gives cells ids."""
    front_end = SimpleNamespace(shell=shell)

    def run(id: str, source: str) -> Ran:
        monkeypatch.setattr(shell, "parent_header", {"metadata": {"cellId": id}}, raising=False)
        inner = shell.run_cell
        with monkeypatch.context() as patch:
            patch.setattr(
                shell,
                "run_cell",
                lambda text, **options: inner(text, **options, cell_id=id if text == source else None),
            )
            return Ran(shell, source)

    front_end.run = run
    return front_end


def test_a_front_end_that_gives_ids_says_which_cell_it_is(cells: Cells, front_end: SimpleNamespace) -> None:
    front_end.run("a", "%%live\n1")
    front_end.run("b", "%%live\n1")
    front_end.run("a", "%%live --name other\n2")

    assert [(cell.name[:2], cell.first_line) for cell in live_cells()] == [("In", "1"), ("ot", "2")]


def test_a_live_cell_that_became_an_ordinary_one_lives_no_more(cells: Cells, front_end: SimpleNamespace) -> None:
    front_end.run("a", "%%live\n1")
    front_end.run("b", "%%live\n1")

    front_end.run("a", "1")

    assert len(live_cells()) == 1


def test_unloading_ends_all(cells: Cells, shell: InteractiveShell, db: Engine) -> None:
    Ran(shell, "%%live\nlatest()")
    (cell,) = live_cells()

    close_live_cells(shell)

    assert (cell.state, live_cells(), db.subscriptions()) == ("closed", [], [])
    assert cells._on_cell not in shell.events.callbacks["pre_run_cell"]


@pytest.mark.parametrize(
    ("source", "answer"),
    [
        ("%%live --nam board\n1", "%%live does not know '--nam'"),
        ("%%live --name\n1", "--name needs a value"),
        ("%%on\n1", "%%on needs to know what to follow"),
        ("%%on 1\n1", "%%on 1 calls no query"),
    ],
)
def test_a_line_that_cannot_be_followed_says_what_to_write(
    source: str, answer: str, cells: Cells, shell: InteractiveShell
) -> None:
    ran = Ran(shell, source)

    assert isinstance(ran.error, UsageError)
    assert answer in str(ran.error)
    assert live_cells() == []


def test_braces_and_dollars_of_an_expression_are_the_users(cells: Cells, shell: InteractiveShell) -> None:
    shell.user_ns["name"] = "expanded"
    Ran(shell, "%%on {'a': latest('$name')}['a']\nprint(rows)")

    (cell,) = live_cells()

    assert cell.reads() == ["latest(channel='$name')"]


def test_awaiting_is_refused_and_leaves_nothing(cells: Cells, shell: InteractiveShell) -> None:
    ran = Ran(shell, "%%live\nawait something()")

    assert isinstance(ran.error, ReactiveError)
    assert "Cannot run %%live: its source awaits at the top level" in str(ran.error)
    assert live_cells() == []
