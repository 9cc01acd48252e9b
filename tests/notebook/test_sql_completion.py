"""What is offered while SQL is being typed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import duckdb
import pandas as pd
import pytest

import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.engine import Engine
from reactive_nb.notebook.sql_completion import SqlCompletion
from tests.conftest import Connect
from tests.notebook.shells import new_shell

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

FLIGHTS = ["at", "carrier", "origin", "_creationTime", "_id"]


@pytest.fixture(scope="module")
def only_shell() -> InteractiveShell:
    return new_shell()


@pytest.fixture
def engines(connect: Connect) -> list[Engine]:
    db = connect()
    db.define(
        flights=rnb.table(carrier=v.string(), origin=v.string(), at=v.datetime()), airports=rnb.table(faa=v.string())
    )
    return [db]


@pytest.fixture
def sql(only_shell: InteractiveShell, engines: list[Engine]) -> Iterator[SqlCompletion]:
    variables: dict[str, Any] = {
        "db": engines[0],
        "carrier": "UA",
        "limit": 10,
        "airlines": pd.DataFrame({"carrier": ["UA"], "full name": ["United"]}),
        "run": print,
        "pd": pd,
        "_quiet": 1,
    }
    only_shell.user_ns.update(variables)
    yield SqlCompletion(only_shell, lambda: engines)
    for name in variables:
        del only_shell.user_ns[name]


def texts(found: tuple[str, list[Any]]) -> tuple[str, set[str]]:
    return found[0], {each.text for each in found[1]}


COLUMNS = {'"at"', "carrier", "origin", "_creationTime", "_id"}
TABLES = {"flights", "airports", "airlines"}


@pytest.mark.parametrize(
    ("before", "after", "fragment", "offered"),
    [
        ("select * from ", "", "", TABLES),
        ("select * from a", "", "a", {"airports", "airlines"}),
        ("select * from A", "", "A", {"airports", "airlines"}),
        ("select * from flights, ", "", "", TABLES),
        ("update fl", "", "fl", {"flights"}),
        ("select ", " from flights", "", COLUMNS | TABLES),
        ("select or", " from flights f", "or", {"origin"}),
        ("select a", " from flights", "a", {'"at"', "airports", "airlines"}),
        ('select "a', " from flights", '"a', {'"at"', "airports", "airlines"}),
        ("select f", "", "f", {"faa", "flights"}),
        ("select f.", " from flights f join airports p on true", "", COLUMNS),
        ("select p.", " from flights f join airports p on true", "", {"faa", "_creationTime", "_id"}),
        ("select flights.c", " from flights", "c", {"carrier"}),
        ("from airlines where ", "", "", {"carrier", '"full name"'} | TABLES),
        ("from airlines where airlines.", "", "", {"carrier", '"full name"'}),
        ("from nothing n where n.", "", "", set()),
        ("from flights where carrier = $", "", "", {"carrier", "limit"}),
        ("from flights where carrier = $c", "", "c", {"carrier"}),
        ("from flights limit $li", "", "li", {"limit"}),
        ("select 'fl", "", "", set()),
        ("select 1 -- fl", "", "", set()),
    ],
)
def test_a_place_in_sql_says_what_may_stand_there(
    before: str, after: str, fragment: str, offered: set[str], sql: SqlCompletion
) -> None:
    assert texts(sql.in_cell("", before, after)) == (fragment, offered)
    assert texts(sql.in_line(before, after)) == (fragment, offered)


@pytest.mark.parametrize(
    ("typed", "fragment", "offered"),
    [
        (" ", "", {"-o", "--live", "--db"}),
        (" -", "-", {"-o", "--live", "--db"}),
        (" --l", "--l", {"--live"}),
        (" --live --", "--", {"--db"}),
        (" --db ", "", {"db"}),
        (" --db d", "d", {"db"}),
        (" -o ", "", set()),
    ],
)
def test_options_are_offered_in_the_first_line(
    typed: str, fragment: str, offered: set[str], sql: SqlCompletion
) -> None:
    assert texts(sql.in_cell(typed, None)) == (fragment, offered)


@pytest.mark.parametrize(
    ("before", "offered"),
    [
        ("-", {"-o", "--live", "--db"}),
        ("--", {"--live", "--db"}),
        ("--db ", {"db"}),
        ("--live from fl", {"flights"}),
        ("--db db select or", {"origin"}),
    ],
)
def test_a_line_has_options_before_its_sql(before: str, offered: set[str], sql: SqlCompletion) -> None:
    assert texts(sql.in_line(before))[1] == offered


def test_the_database_of_the_option_is_the_one_that_counts(
    sql: SqlCompletion, engines: list[Engine], connect: Connect, only_shell: InteractiveShell
) -> None:
    other = connect()
    other.define(ships=rnb.table())
    engines.append(other)
    only_shell.user_ns["other"] = other

    assert texts(sql.in_cell("--db other", "from "))[1] == {"ships", "airlines"}
    assert texts(sql.in_cell("--db other --nix", "from "))[1] == {"airlines"}
    assert texts(sql.in_cell("", "from "))[1] == {"airlines"}
    del only_shell.user_ns["other"]


def test_what_is_offered_as_a_column_can_be_written_so(sql: SqlCompletion) -> None:
    _, found = sql.in_cell("", "select ", " from flights")

    columns = [each.text for each in found if each.kind == "column"]
    assert duckdb.extract_statements(f"select {', '.join(columns)} from flights where {columns[0]} = 1")
