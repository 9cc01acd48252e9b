"""What a query reads, through whatever it goes."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from reactive_nb.errors import SqlError
from reactive_nb.tables.moment import prepare
from reactive_nb.tables.plan import Plan, parts, read_plan
from reactive_nb.tables.statement import parse
from reactive_nb.tables.store import Placement

PLACEMENTS = [
    Placement(10001, "flights", "main", "flights", {}, frozenset()),
    Placement(10002, "order", "main", "order", {}, frozenset()),
    Placement(10003, "taken", "main", "taken_2", {}, frozenset()),
    Placement(4, "_storage", "reactive", "_storage", {}, frozenset()),
    Placement(5, "_environment", "reactive", "_environment", {}, frozenset()),
]


@pytest.fixture(scope="module")
def cursor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    folder = tmp_path_factory.mktemp("plan")
    with duckdb.connect(folder / "b c.duckdb") as connection:
        connection.execute("CREATE SCHEMA reactive")
        for name in ("flights", '"order"', "taken", "taken_2", "reactive._storage", "reactive._environment"):
            connection.execute(f"CREATE TABLE {name} (_id VARCHAR, n DOUBLE)")
        connection.execute(
            "CREATE TABLE reactive.documents_10001 (_id VARCHAR); CREATE TABLE reactive.meta (k VARCHAR)"
        )
        connection.execute("INSERT INTO flights VALUES ('a', 1)")
        connection.execute("CREATE VIEW late AS SELECT * FROM flights WHERE n > 10")
        connection.execute("CREATE VIEW very_late AS SELECT * FROM late")
        connection.execute("CREATE VIEW leak AS SELECT * FROM reactive._environment")
        connection.execute("CREATE MACRO worst() AS (SELECT max(n) FROM flights)")
        connection.execute("CREATE MACRO all_late() AS TABLE SELECT * FROM late")
        cursor = connection.cursor()
        prepare(cursor, "b c")
        yield cursor


def plan(cursor: duckdb.DuckDBPyConnection, text: str) -> Plan:
    return read_plan(cursor, parse(text), {}, "b c", PLACEMENTS)


@pytest.mark.parametrize(
    ("text", "tables"),
    [
        ("SELECT 1", set()),
        ("FROM flights", {"flights"}),
        ("FROM FLIGHTS", {"flights"}),
        ("FROM main.flights", {"flights"}),
        ('FROM "b c".main.flights', {"flights"}),
        ('FROM "order"', {"order"}),
        ("FROM taken_2", {"taken"}),
        ("FROM _storage", {"_storage"}),
        ("FROM reactive._storage", {"_storage"}),
        ("FROM late", {"flights"}),
        ("FROM very_late JOIN taken_2 USING (n)", {"flights", "taken"}),
        ("WITH f AS (FROM flights) FROM f", {"flights"}),
        ("WITH f AS MATERIALIZED (FROM flights) FROM f a JOIN f b USING (n)", {"flights"}),
        ("WITH RECURSIVE r AS (SELECT 1 a UNION ALL SELECT a + 1 FROM r WHERE a < 3) FROM r, flights", {"flights"}),
        ('SELECT (SELECT count(*) FROM flights) FROM "order"', {"flights", "order"}),
        ("SELECT 1 WHERE EXISTS (FROM flights)", {"flights"}),
        ('FROM "order" WHERE n IN (SELECT n FROM very_late)', {"order", "flights"}),
        ("SELECT worst()", {"flights"}),
        ("FROM all_late()", {"flights"}),
        ("FROM query('FROM flights')", {"flights"}),
        ("FROM query_table('flights')", {"flights"}),
        ("PIVOT flights ON n USING count(*)", {"flights"}),
        # which columns it has is read before, and shows in no plan: it may be any of our tables
        ("PIVOT flights ON n IN (SELECT n FROM taken_2) USING count(*)", {"flights", "order", "taken", "_storage"}),
        (
            "EXPLAIN PIVOT flights ON n in /* ( */ (SELECT n FROM late) USING count(*)",
            {"flights", "order", "taken", "_storage"},
        ),
        ("PIVOT flights ON n IN (1, 2) USING count(*)", {"flights"}),
        ("EXPLAIN PIVOT flights ON n USING count(*)", {"flights"}),
        ("SUMMARIZE late", {"flights"}),
        ("FROM flights LIMIT 0", {"flights"}),
        ("EXPLAIN ANALYZE FROM flights", {"flights"}),
        # what the optimiser leaves out, because of the data that there are or by logic
        ("FROM flights WHERE false", {"flights"}),
        ("FROM flights WHERE n > 1000", {"flights"}),
        ("SELECT count(*) FROM flights", {"flights"}),
        ('SELECT o.n FROM flights LEFT JOIN "order" o ON flights._id = o._id AND 1 = 0', {"flights", "order"}),
    ],
)
def test_a_query_reads_the_tables_that_it_goes_through(
    cursor: duckdb.DuckDBPyConnection, text: str, tables: set[str]
) -> None:
    found = plan(cursor, text)

    assert found.tables == tables
    assert found.strangers == set()


def test_tables_of_others_are_named(cursor: duckdb.DuckDBPyConnection) -> None:
    assert plan(cursor, "FROM taken").strangers == {'"b c".main.taken'}


@pytest.mark.parametrize("text", ["SHOW TABLES", "FROM duckdb_columns()", "DESCRIBE flights", "SHOW ALL TABLES"])
def test_looking_at_which_tables_there_are_is_noted(cursor: duckdb.DuckDBPyConnection, text: str) -> None:
    assert plan(cursor, text).reads_catalog
    assert not plan(cursor, "FROM flights").reads_catalog


@pytest.mark.parametrize(
    ("text", "table", "hint"),
    [
        ("FROM _environment", "_environment", "Use db.env for the environment"),
        ("SELECT 1 FROM reactive._environment", "_environment", "Use db.env for the environment"),
        ("FROM leak", "_environment", "Use db.env for the environment"),
        ("SUMMARIZE _environment", "_environment", "Use db.env for the environment"),
        ("FROM documents_10001", "documents_10001", "Read the documents in the table of their name"),
        ("FROM flights, reactive.meta", "meta", "Read the documents in the table of their name"),
    ],
)
def test_what_is_the_engines_own_is_not_read(
    cursor: duckdb.DuckDBPyConnection, text: str, table: str, hint: str
) -> None:
    with pytest.raises(SqlError) as refused:
        plan(cursor, text)

    assert str(refused.value) == (
        f"Cannot run the SQL: the table reactive.{table} is the engine's own. "
        f"Expected your tables, or system tables such as _storage and _scheduled_functions. {hint}."
    )


@pytest.mark.parametrize(
    "text",
    [
        "FROM json_execute_serialized_sql(json_serialize_sql('FROM reactive._environment'))",
        "FROM pragma_storage_info('reactive._environment')",
        "FROM duckdb_table_sample('reactive._environment')",
        "FROM force_checkpoint()",
        "FROM checkpoint()",
        "FROM enable_profiling()",
        "FROM enable_logging()",
        "FROM truncate_duckdb_logs()",
    ],
)
def test_functions_whose_reads_show_in_no_plan_are_refused(cursor: duckdb.DuckDBPyConnection, text: str) -> None:
    with pytest.raises(SqlError, match="and what that reads or does shows in no plan"):
        plan(cursor, text)


@pytest.mark.parametrize(
    "text",
    [
        "WITH x AS (UPDATE flights SET n = 2 RETURNING n) FROM x",
        "WITH x AS (INSERT INTO flights (n) SELECT 1 RETURNING n) FROM x",
        "CREATE TABLE z AS PIVOT flights ON n USING count(*)",
        "INSERT INTO flights FROM (PIVOT flights ON n USING count(*))",
    ],
)
def test_a_change_inside_a_query_is_refused(cursor: duckdb.DuckDBPyConnection, text: str) -> None:
    with pytest.raises(SqlError):
        plan(cursor, text)


def test_what_duckdb_refuses_is_an_error_of_the_statement(cursor: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(SqlError, match=r"DuckDB says 'Catalog Error: Table with name nope does not exist'"):
        plan(cursor, "FROM nope")


def test_a_name_that_is_no_table_is_not_looked_for_among_our_variables(cursor: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(SqlError, match="Table with name placements does not exist"):
        plan(cursor, "FROM placements")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("x.main.flights", ("x", "main", "flights")),
        ('"a.b c".main."order"', ("a.b c", "main", "order")),
        ('x."y""z"."."', ("x", 'y"z', ".")),
    ],
)
def test_names_are_taken_apart_as_duckdb_writes_them(written: str, expected: tuple[str, ...]) -> None:
    assert parts(written) == expected
