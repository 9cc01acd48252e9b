"""`%rsql` and `%%rsql` in an IPython shell, on databases made for the purpose."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ipywidgets as w
import pandas as pd
import pytest
from IPython.core.error import UsageError

import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.engine import Engine
from reactive_nb.engine.sql_change import SqlChange
from reactive_nb.errors import DocumentValidationError, QueryUsageError, ReactiveError, SqlError
from reactive_nb.notebook.live import Live
from reactive_nb.notebook.sql_magics import SqlMagics, arguments_of
from reactive_nb.notebook.trace import facts_text
from reactive_nb.tables.statement import parse
from tests.conftest import Connect
from tests.notebook.shells import new_shell

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

REFERENCE = Path(__file__).parents[2] / "docs" / "reference.md"

FLIGHTS = [("UA", "EWR", 2.0), ("AA", "JFK", 7.0), ("UA", "JFK", 33.0)]


@pytest.fixture(scope="module")
def only_shell() -> InteractiveShell:
    return new_shell()


@pytest.fixture
def engines() -> list[Engine]:
    return []


@pytest.fixture
def shell(only_shell: InteractiveShell, engines: list[Engine]) -> Iterator[InteractiveShell]:
    before = set(only_shell.user_ns)
    only_shell.register_magics(SqlMagics(only_shell, lambda: engines))
    yield only_shell
    for name in set(only_shell.user_ns) - before:
        del only_shell.user_ns[name]


@pytest.fixture
def db(connect: Connect, engines: list[Engine], shell: InteractiveShell) -> Engine:
    """A database in the variable `db`, with three flights."""
    db = connect()
    db.define(flights=rnb.table(carrier=v.string(), origin=v.string(), delay=v.optional(v.number())))

    def load(ctx: Any) -> None:
        for carrier, origin, delay in FLIGHTS:
            ctx.db.insert("flights", {"carrier": carrier, "origin": origin, "delay": delay})

    db.write(load)
    engines.append(db)
    shell.user_ns["db"] = db
    return db


def line(shell: InteractiveShell, text: str) -> Any:
    return shell.run_line_magic("rsql", text)


def cell(shell: InteractiveShell, options: str, sql: str) -> Any:
    return shell.run_cell_magic("rsql", options, sql)


def rows(frame: Any) -> list[dict[str, Any]]:
    assert isinstance(frame, pd.DataFrame)
    return [*frame.to_dict("records")]


@pytest.mark.usefixtures("db")
def test_a_line_and_a_cell_give_a_data_frame(shell: InteractiveShell) -> None:
    sql = "select origin, count(*) n from flights group by origin order by origin"

    expected = [{"origin": "EWR", "n": 1}, {"origin": "JFK", "n": 2}]
    assert rows(line(shell, sql)) == expected
    assert rows(cell(shell, "", sql.replace(" from", "\nfrom  -- all of them\n"))) == expected


@pytest.mark.usefixtures("db")
def test_a_result_can_be_assigned(shell: InteractiveShell) -> None:
    shell.run_cell("n = %rsql select count(*) n from flights").raise_error()

    assert rows(shell.user_ns["n"]) == [{"n": 3}]


@pytest.mark.usefixtures("db")
def test_the_result_also_goes_into_a_variable(shell: InteractiveShell) -> None:
    shown = cell(shell, "-o n  # to look at", "select count(*) n from flights")

    assert shell.user_ns["n"] is shown
    assert rows(shown) == [{"n": 3}]


@pytest.mark.usefixtures("db")
def test_parameters_are_python_variables(shell: InteractiveShell) -> None:
    shell.user_ns.update(carrier="UA", least=10)

    found = line(shell, "select origin from flights where carrier = $carrier and delay > $least")

    assert rows(found) == [{"origin": "JFK"}]


@pytest.mark.usefixtures("db")
def test_braces_and_dollars_are_left_to_the_sql(shell: InteractiveShell) -> None:
    shell.user_ns["carrier"] = "'; --"

    assert rows(line(shell, "select {'a': 1} s, '$carrier {carrier}' t")) == [
        {"s": {"a": 1}, "t": "$carrier {carrier}"}
    ]


@pytest.mark.usefixtures("db")
def test_a_function_has_its_own_variables(shell: InteractiveShell) -> None:
    source = """
def of(carrier, names):
    found = %rsql select count(*) n from flights join names using (carrier) where carrier = $carrier
    return found.n[0]
carrier = "UA"
result = of("AA", pd.DataFrame({"carrier": ["AA", "UA"]}))
"""
    shell.user_ns["pd"] = pd

    shell.run_cell(source).raise_error()

    assert shell.user_ns["result"] == 1


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select name from flights join names using (carrier) where origin = 'EWR'", [{"name": "United"}]),
        ("with n as (from names) select n.name from n", [{"name": "United"}]),
        ("with names as (select 'own' as name) select name from names", [{"name": "own"}]),
        ("select names.name from main.flights, names where origin = 'EWR'", [{"name": "United"}]),
        ("select NAME from Names", [{"name": "United"}]),
        ("select count(*) n from flights", [{"n": 3}]),  # the table, not the frame of its name
    ],
)
def test_frames_are_read_by_name(shell: InteractiveShell, sql: str, expected: list[dict[str, Any]]) -> None:
    shell.user_ns["names"] = pd.DataFrame({"carrier": ["UA"], "name": ["United"]})
    shell.user_ns["flights"] = pd.DataFrame({"n": []})

    assert rows(line(shell, sql)) == expected


@pytest.mark.parametrize(
    ("sql", "frames"),
    [
        ("select origin, carrier from flights where carrier in (select carrier from names)", ["names"]),
        ("select * from main.names", []),  # which is no frame
        ("insert into names select * from origin", ["origin"]),
        ("select * from names, names n, Names", ["names"]),
        ("select * from total", []),
    ],
)
def test_only_what_is_read_as_a_table_is_taken_as_a_frame(db: Engine, sql: str, frames: list[str]) -> None:
    names = {"origin": pd.DataFrame({"a": [1]}), "names": pd.DataFrame({"carrier": ["UA"]}), "total": 3}

    assert [*arguments_of(parse(sql), names, db.tables(), live=False)] == frames


def test_a_live_result_follows_commits(shell: InteractiveShell, db: Engine) -> None:
    live = cell(shell, "--live -o by_origin", "select origin, count(*) n from flights group by 1 order by 1")

    db.write(lambda ctx: ctx.db.insert("flights", {"carrier": "AA", "origin": "EWR"}))
    db.settle()

    assert shell.user_ns["by_origin"] is live
    assert isinstance(live, Live)
    assert rows(live.value) == [{"origin": "EWR", "n": 2}, {"origin": "JFK", "n": 2}]


def test_a_widget_is_followed_by_a_live_result_and_else_gives_its_value(shell: InteractiveShell, db: Engine) -> None:
    origin = shell.user_ns["origin"] = w.Dropdown(options=["EWR", "JFK"])
    sql = "select count(*) n from flights where origin = $origin"
    now, live = line(shell, sql), cell(shell, "--live", sql)

    origin.value = "JFK"
    db.settle()

    assert rows(now) == [{"n": 1}]
    assert rows(live.value) == [{"n": 2}]
    assert rows(line(shell, sql)) == [{"n": 2}]


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("update flights set delay = 0 where carrier = $carrier", "2 rows updated\n"),
        ("delete from flights where carrier <> $carrier", "1 row deleted\n"),
        ("delete from flights where carrier = 'XX'", "0 rows deleted\n"),
        ("insert into flights (carrier, origin) values ('B6', 'JFK'), ('B6', 'LGA')", "2 rows inserted\n"),
        ("insert into flights by name select carrier, 'LGA' as origin from names", "1 row inserted\n"),
    ],
)
def test_a_change_is_a_mutation_and_says_how_many_rows(
    shell: InteractiveShell, db: Engine, capsys: pytest.CaptureFixture[str], sql: str, said: str
) -> None:
    shell.user_ns.update(carrier="UA", names=pd.DataFrame({"carrier": ["DL"]}))
    before = db.ts

    assert line(shell, sql) is None

    assert capsys.readouterr().out == said
    assert db.ts == before + (not said.startswith("0"))


@pytest.mark.usefixtures("db")
def test_the_rows_of_returning_are_a_data_frame(shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    shown = line(shell, "-o gone delete from flights where origin = 'EWR' returning carrier, delay")

    assert capsys.readouterr().out == "1 row deleted\n"
    assert rows(shown) == [{"carrier": "UA", "delay": 2.0}]
    assert shell.user_ns["gone"] is shown


@pytest.mark.usefixtures("db")
def test_a_change_without_rows_can_be_kept(shell: InteractiveShell) -> None:
    line(shell, "-o done update flights set delay = 0")

    assert isinstance(shell.user_ns["done"], SqlChange)
    assert shell.user_ns["done"].rowcount == 3


@pytest.mark.slow
def test_several_databases_are_told_apart_by_their_variables(
    shell: InteractiveShell, db: Engine, engines: list[Engine], connect: Connect
) -> None:
    other = connect()
    other.define(flights=rnb.table())
    engines.append(other)
    shell.user_ns["other"] = other

    assert rows(line(shell, "--db other select count(*) n from flights")) == [{"n": 0}]
    assert rows(cell(shell, "--db=db", "select count(*) n from flights")) == [{"n": 3}]
    with pytest.raises(QueryUsageError) as raised:
        line(shell, "select 1")
    assert facts_text(raised.value).splitlines()[1:] == [
        "  because   2 databases are open",
        "  expected  one open database, or a variable that holds the one to use",
        "  hint      Write --db with one of: db, other",
    ]


def test_without_a_database_it_says_how_to_open_one(shell: InteractiveShell) -> None:
    with pytest.raises(QueryUsageError) as raised:
        line(shell, "select 1")

    assert "no database is open" in str(raised.value)
    assert "db = reactive_nb.connect(...)" in str(raised.value)


@pytest.mark.usefixtures("db")
def test_a_variable_that_holds_no_database_is_named(shell: InteractiveShell) -> None:
    with pytest.raises(QueryUsageError, match="nothing holds no open database"):
        line(shell, "--db nothing select 1")


@pytest.mark.parametrize(
    ("options", "sql", "error", "said"),
    [
        ("", "select * from flight", SqlError, "Table with name flight does not exist"),
        ("", "selec 1", SqlError, "syntax error"),
        ("", "select 1; select 2", SqlError, "there are 2 statements"),
        ("", "select $nix", SqlError, "$nix stands in it, and there is no Python variable nix"),
        ("", "select ?", SqlError, "it has parameters without names"),
        ("", "create table x (a int)", SqlError, "it changes how tables are declared"),
        ("--live", "delete from flights", SqlError, "%%rsql --live only reads"),
        ("", "insert into flights (carrier) values ('UA')", DocumentValidationError, "origin"),
    ],
)
def test_what_cannot_run_is_said_and_changes_nothing(
    shell: InteractiveShell, db: Engine, options: str, sql: str, error: type[ReactiveError], said: str
) -> None:
    before, variables = db.ts, set(shell.user_ns)

    with pytest.raises(error, match=re.escape(said)):
        cell(shell, f"{options} -o kept", sql)

    assert db.ts == before
    assert set(shell.user_ns) == variables


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize(
    ("options", "sql", "said"),
    [
        ("flights", "select 1", "%%rsql does not know 'flights'. Its options are"),
        ("--live --every", "select 1", "%%rsql does not know '--every'"),
        ("", "  \n", "%%rsql needs SQL below, such as FROM flights."),
    ],
)
def test_a_line_of_a_cell_that_cannot_be_followed(shell: InteractiveShell, options: str, sql: str, said: str) -> None:
    with pytest.raises(UsageError, match=re.escape(said)):
        cell(shell, options, sql)


@pytest.mark.usefixtures("db")
def test_a_line_that_cannot_be_followed(shell: InteractiveShell) -> None:
    for text, said in [
        ("", "%rsql needs SQL after it, such as FROM flights."),
        ("from flights --live", "%rsql takes options before the SQL, and '--live' stands after it, as a comment."),
    ]:
        with pytest.raises(UsageError, match=re.escape(said)):
            line(shell, text)


@pytest.mark.usefixtures("db")
def test_help_and_reference_name_every_option(shell: InteractiveShell) -> None:
    docstring = shell.object_inspect("%%rsql")["docstring"]
    reference = REFERENCE.read_text("utf-8").partition("## Magics")[2].partition("\n## ")[0]

    assert "| `%rsql SQL` |" in reference
    assert "| `%%rsql [-o NAME] [--live] [--db VARIABLE]` |" in reference
    for option in ("-o NAME", "--live", "--db VARIABLE"):
        assert option in docstring
