"""`%%every` and its like as typed into a cell: names, databases, refusals, which cell replaces which, and restarts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from IPython.core.error import UsageError
from IPython.utils.capture import capture_output

from reactive_nb.engine.engine import Engine
from reactive_nb.errors import QueryUsageError, ReactiveError
from reactive_nb.functions.function import Function, Kind
from reactive_nb.notebook import report
from reactive_nb.notebook.cell.cells import Cells, cell_jobs, cells_of, close_live_cells
from reactive_nb.notebook.cell.job_magics import JobMagics
from reactive_nb.notebook.job_commands import JobCommands
from reactive_nb.notebook.turns import Turns
from tests.conftest import Connect
from tests.notebook.cell.job_desk import SECONDS, WaitedTurns

if TYPE_CHECKING:
    from pathlib import Path

    from IPython.core.interactiveshell import InteractiveShell

    from reactive_nb.testing import FakeClock


@pytest.fixture
def waited() -> WaitedTurns:
    return WaitedTurns()


@pytest.fixture
def engines(db: Engine, shell: InteractiveShell) -> list[Engine]:
    shell.user_ns["db"] = db
    return [db]


@pytest.fixture
def magics(shell: InteractiveShell, engines: list[Engine]) -> JobMagics:
    return JobMagics(shell, lambda: engines)


@pytest.fixture
def cells(shell: InteractiveShell, waited: WaitedTurns) -> Iterator[Cells]:
    turns = Turns(shell.events, waited.call)
    yield cells_of(shell, lambda _: turns)
    close_live_cells(shell)
    turns.close()


@pytest.fixture
def jobs(cells: Cells, magics: JobMagics, shell: InteractiveShell) -> Cells:
    shell.register_magics(magics)
    return cells


Run = Callable[..., Any]


@pytest.fixture
def run(jobs: Cells, shell: InteractiveShell, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a cell, as a front end that gives ids or one that does not; return what it raised and displayed."""

    def run(source: str, id: str | None = None) -> SimpleNamespace:
        header = {} if id is None else {"metadata": {"cellId": id}}
        with monkeypatch.context() as patch, capture_output() as captured:
            patch.setattr(shell, "parent_header", header, raising=False)
            result = shell.run_cell(source, store_history=True, cell_id=id)
        error = result.error_in_exec
        return SimpleNamespace(error=error, data=[output.data for output in captured.outputs])

    return run


def names(db: Engine) -> list[str]:
    return [cron.name for cron in db.crons.list()]


def test_a_cell_displays_a_widget_and_a_line_for_places_without(run: Run) -> None:
    (data,) = run("%%every 10s --name feed\nprint('ran')").data

    assert "application/vnd.jupyter.widget-view+json" in data
    assert data["text/plain"].startswith("feed; every 10 seconds; ")


def test_the_text_is_stored_whole_with_its_place(run: Run, db: Engine, shell: InteractiveShell) -> None:
    run('%%cron "0 9 * * mon-fri" --tz Europe/Zurich --if-missed once  # mornings\n\n%time 1\n')

    (cron,) = db.crons.list()
    document = db.read(lambda ctx: ctx.db.system.query("_crons").first())
    text = '%%cron "0 9 * * mon-fri" --tz Europe/Zurich --if-missed once  # mornings\n\n%time 1\n'
    assert document["source"] == text
    assert (cron.place, cron.if_missed, cron.function) == (
        f"In[{shell.execution_count - 1}]",
        "once",
        f"cell:{cron.name}",
    )


def test_without_a_name_it_is_the_cells_id_or_the_same_for_the_same_text(run: Run, db: Engine) -> None:
    run("%%every 10s\n1", "a1b2")
    run("%%every 10s\n2")
    run("%%every 10s\n2")

    assert len(names(db)) == 2
    assert "a1b2" in names(db)


def test_the_same_name_in_two_cells_is_refused_with_both_places(run: Run, db: Engine) -> None:
    run("%%every 10s --name feed\n1", "a")
    refused = run("%%every 10s --name feed\n2", "b").error

    assert isinstance(refused, QueryUsageError)
    assert str(refused).count("In[") == 2
    assert [job.plan.source for job in cell_jobs()] == ["1\n"]


@pytest.mark.parametrize("line", ["every 10s --name feed", "on --name feed latest()"])
def test_the_name_of_a_job_that_was_deleted_is_free(run: Run, db: Engine, chat: dict[str, Any], line: str) -> None:
    run(f"%%{line}\n1", "a")
    db.crons.delete("feed")

    assert run(f"%%{line}\n2", "b").error is None
    assert [job.plan.source for job in cell_jobs()] == ["2\n"]


@pytest.mark.parametrize("where", ["", "--thread"])
def test_a_cell_that_another_one_runs_does_not_take_the_place_of_the_one_that_ran_last(
    run: Run, db: Engine, shell: InteractiveShell, waited: WaitedTurns, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    # As in a kernel: it stays until the front end asks for another cell.
    monkeypatch.setattr(shell, "parent_header", {"metadata": {"cellId": "a"}}, raising=False)
    run(f"%%every 1h {where} --name outer\nget_ipython().run_cell_magic('every', '1h --name inner', '1')", "a")
    if not where:
        waited.turn()
    db.settle()

    assert [job.plan.name for job in cell_jobs()] == ["outer", "inner"]


def test_run_again_a_cell_is_updated(run: Run, db: Engine) -> None:
    run("%%every 10s --name feed\n1", "a")
    run("%%every 20s --name feed\n2", "a")

    assert db.crons.get("feed").schedule == "every 20 seconds"
    assert [job.plan.source for job in cell_jobs()] == ["2\n"]


def test_a_cell_that_became_an_ordinary_one_runs_no_more_and_its_job_waits(run: Run, db: Engine) -> None:
    run("%%every 10s --name feed\n1", "a")
    run("1", "a")

    assert (cell_jobs(), names(db)) == ([], ["feed"])
    run("%%every 10s --name feed\n1", "b")
    assert len(cell_jobs()) == 1


@pytest.mark.parametrize(
    ("source", "kind", "answer"),
    [
        ("%%every\n1", UsageError, "%%every needs to know when"),
        ("%%every 10s --nam x\n1", UsageError, "%%every does not know '--nam'"),
        ("%%every soon\n1", ReactiveError, "'soon' was given"),
        ("%%cron 1 2 3\n1", ReactiveError, "it has 3 fields"),
        ("%%at 25:00\n1", ReactiveError, "there is no such time of day"),
        ("%%every 10s --tz\n1", UsageError, "--tz needs a value"),
        ("%%cron @daily --tz Mars\n1", ReactiveError, "Mars"),
        ("%%every 10s\nawait x", ReactiveError, "Cannot run %%every: its source awaits"),
        ("%%every 10s --db nothing\n1", QueryUsageError, "nothing holds no open database"),
        ("%%on\n1", UsageError, "%%on needs to know what to follow"),
    ],
)
def test_what_cannot_be_followed_leaves_nothing(
    run: Run, db: Engine, source: str, kind: type[Exception], answer: str
) -> None:
    error = run(source).error

    assert isinstance(error, kind)
    assert answer in str(error)
    assert (cell_jobs(), names(db)) == ([], [])


def test_of_several_databases_one_is_named(
    run: Run, engines: list[Engine], connect: Connect, shell: InteractiveShell
) -> None:
    other = connect()
    engines.append(other)
    shell.user_ns["other"] = other
    refused = run("%%every 10s --name feed\n1").error

    assert str(refused) == (
        "Cannot keep the job 'feed': 2 databases are open. Expected one open database, or a variable that holds the one "
        "to use. Write --db with one of: db, other."
    )
    assert run("%%every 10s --name feed --db other\n1").error is None
    assert names(other) == ["feed"]


def test_without_a_database_it_says_how_to_open_one(run: Run, engines: list[Engine], shell: InteractiveShell) -> None:
    engines.clear()

    for source in ("%%every 10s\n1", "%%at 09:00\n1"):
        assert "no database is open" in str(run(source).error)


def test_a_cell_that_follows_a_query_is_kept_where_the_query_is(
    run: Run, engines: list[Engine], connect: Connect, chat: dict[str, Any]
) -> None:
    engines.append(connect())

    assert run("%%on --name watch latest()\nprint(rows)").error is None
    assert [cron.schedule for cron in chat["db"].crons.list()] == ["when the result of latest() changes"]


def test_the_functions_of_cells_are_not_listed_among_the_users(run: Run, db: Engine) -> None:
    run("%%every 10s --name feed\n1")

    assert "cell:feed" in [function.path for function in db.functions()]
    assert "cell:feed" not in repr(report.functions([db], {}))


# ------------------------------------------------------------------ commands, and jobs of earlier kernels


@pytest.fixture
def commands(magics: JobMagics, engines: list[Engine]) -> JobCommands:
    return JobCommands(lambda: engines, magics.restore)


def test_commands_change_the_job(run: Run, db: Engine, commands: JobCommands, waited: WaitedTurns) -> None:
    run("%%every 10s --name feed\n1")
    ended = threading.Event()
    history = Function(lambda ctx: ctx.db.system.query("_crons").first()["history"], Kind.QUERY, path="history")
    runs = db.live(history, {})
    runs.observe(lambda change: ended.set() if change["new"] else None, "value")
    waited.turn()
    assert ended.wait(SECONDS)  # settle() does not wait for a job that waits for the main thread
    facts = []
    for line in ("pause feed", "run feed", "resume feed"):
        commands.follow(line)
        cron = db.crons.get("feed")
        facts.append((cron.is_paused, cron.is_requested or cron.current is not None))
    commands.follow("delete feed")

    assert facts[0] == (True, False)
    assert facts[1] == (True, True)
    assert facts[2][0] is False
    assert names(db) == []


@pytest.mark.parametrize("written", ["my feed", '"my feed"', "'my feed'"])
def test_a_name_may_stand_in_quotes_as_in_the_line_of_its_cell(
    run: Run, db: Engine, commands: JobCommands, written: str
) -> None:
    run("%%every 10s --name 'my feed'\n1")
    commands.follow(f"pause {written}")

    assert db.crons.get("my feed").is_paused


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("stop feed", "%reactive jobs does not know 'stop'. Write pause, resume, run or delete."),
        ("pause", "%reactive jobs pause needs a name: %reactive jobs pause NAME. There are: feed."),
        ("pause food", "No job is named 'food'. There are: feed."),
    ],
)
def test_a_line_that_cannot_be_followed_says_what_there_is(
    run: Run, commands: JobCommands, line: str, answer: str
) -> None:
    run("%%every 10s --name feed\n1")
    with pytest.raises(UsageError) as refused:
        commands.follow(line)

    assert str(refused.value) == answer


def test_a_name_in_two_databases_is_answered_with_what_to_write(
    run: Run, engines: list[Engine], connect: Connect, shell: InteractiveShell, commands: JobCommands
) -> None:
    engines.append(connect())
    shell.user_ns["other"] = engines[1]
    run("%%every 10s --name feed --db db\n1", "a")
    run("%%every 10s --name feed --db other\n1", "b")

    with pytest.raises(UsageError, match=r"2 databases have a job 'feed'. Write VARIABLE.crons.run_now\('feed'\)"):
        commands.follow("run feed")


def test_what_may_follow_is_suggested(run: Run, commands: JobCommands) -> None:
    run("%%every 10s --name feed\n1")

    assert commands.suggestions("") == ("", ["pause", "resume", "run", "delete"])
    assert commands.suggestions("re") == ("re", ["resume"])
    assert commands.suggestions("run f") == ("f", ["feed"])
    assert commands.suggestions("other f") == ("f", [])


@pytest.fixture
def restarted(
    run: Run,
    engines: list[Engine],
    connect: Connect,
    shell: InteractiveShell,
    waited: WaitedTurns,
    tmp_path: Path,
    chat: dict[str, Any],
) -> Callable[[str], Engine]:
    """Run a cell on a file, then close that and open it again, as another kernel does."""

    def restart(source: str) -> Engine:
        engines[:] = [connect(tmp_path / "db.duckdb")]
        assert run(source, "a").error is None
        engines[0].close()
        engines[:] = [connect(tmp_path / "db.duckdb")]
        shell.user_ns["db"] = engines[0]
        return engines[0]

    return restart


def test_after_a_restart_a_job_waits_until_it_is_resumed(
    restarted: Callable[[str], Engine], commands: JobCommands, waited: WaitedTurns, shell: InteractiveShell, run: Run
) -> None:
    db = restarted("%%cron 0 9 * * * --name feed\nran.append(1)")
    shell.user_ns["ran"] = []
    with pytest.raises(UsageError, match="waits for what it runs"):
        commands.follow("run feed")
    place = db.crons.get("feed").place

    with capture_output() as captured:
        commands.follow("resume feed")
    commands.follow("run feed")
    waited.turn()

    assert shell.user_ns["ran"] == [1]
    assert len(captured.outputs) == 1
    assert db.crons.get("feed").place == place
    assert run("%%cron 0 9 * * * --name feed\nran.append(2)", "a").error is None
    assert [job.plan.source for job in cell_jobs()] == ["ran.append(2)\n"]


def test_one_that_was_paused_is_resumed_too(restarted: Callable[[str], Engine], commands: JobCommands) -> None:
    db = restarted("%%cron 0 9 * * * --name feed\n1")
    commands.follow("pause feed")

    with capture_output():
        commands.follow("resume feed")

    assert not db.crons.get("feed").is_paused
    assert len(cell_jobs()) == 1


def test_one_that_gave_itself_no_name_is_resumed_under_the_one_it_has(
    restarted: Callable[[str], Engine], commands: JobCommands
) -> None:
    db = restarted("%%cron 0 9 * * *\n1")

    with capture_output():
        commands.follow("resume a")

    assert (names(db), [job.plan.name for job in cell_jobs()]) == (["a"], ["a"])


def test_a_time_of_day_stays_the_one_that_was_meant(
    restarted: Callable[[str], Engine], commands: JobCommands, clock: FakeClock
) -> None:
    db = restarted("%%at 09:00 --name once --if-missed once\n1")
    before = db.crons.get("once").schedule
    clock.advance(timedelta(hours=10), wait=False)

    with capture_output():
        commands.follow("resume once")

    assert db.crons.get("once").schedule == before


def test_a_job_whose_function_is_missing_says_what_to_run(
    restarted: Callable[[str], Engine], commands: JobCommands
) -> None:
    db = restarted("%%cron 0 9 * * * --name feed\n1")

    @db.mutation
    def tick(ctx: Any) -> None: ...

    db.crons.hourly("tick", tick)
    db.query(lambda ctx: None, name="tick")

    with pytest.raises(UsageError, match="Run the cell that declares tick"):
        commands.follow("resume tick")
