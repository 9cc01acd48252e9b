"""Which statements run, and what the others are told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from reactive_nb.errors import SqlError
from reactive_nb.tables.statement import Kind, check_parameters, only_reads, parse


@pytest.mark.parametrize(
    ("text", "kind", "planned"),
    [
        ("SELECT 1", Kind.READ, "SELECT 1"),
        ("  from flights ; ", Kind.READ, "from flights"),
        ("WITH f AS (SELECT 1) SELECT * FROM f", Kind.READ, "WITH f AS (SELECT 1) SELECT * FROM f"),
        ("VALUES (1)", Kind.READ, "VALUES (1)"),
        ("SUMMARIZE flights", Kind.READ, "SUMMARIZE flights"),
        ("DESCRIBE flights", Kind.READ, "DESCRIBE flights"),
        ("SHOW TABLES", Kind.READ, "SHOW TABLES"),
        ("PIVOT flights ON origin USING count(*)", Kind.READ, "PIVOT flights ON origin USING count(*)"),
        ("(pivot f on n using count(*))", Kind.READ, "(pivot f on n using count(*))"),
        ("with g as (from f) pivot g on n using count(*)", Kind.READ, "with g as (from f) pivot g on n using count(*)"),
        ("explain pivot f on n using count(*)", Kind.READ, "pivot f on n using count(*)"),
        ("explain select 1", Kind.READ, "select 1"),
        ("EXPLAIN(ANALYZE) SELECT 1", Kind.READ, " SELECT 1"),
        ("EXPLAIN (SELECT 1)", Kind.READ, "(SELECT 1)"),
        ("EXPLAIN (PIVOT f ON n USING count(*))", Kind.READ, "(PIVOT f ON n USING count(*))"),
        ("EXPLAIN (FORMAT json) (UNPIVOT f ON n)", Kind.READ, " (UNPIVOT f ON n)"),
        ("EXPLAIN ANALYZE (DESCRIBE f)", Kind.READ, "(DESCRIBE f)"),
        ("EXPLAIN (SUMMARIZE f)", Kind.READ, "(SUMMARIZE f)"),
        ("EXPLAIN (SHOW TABLES)", Kind.READ, "(SHOW TABLES)"),
        ("/* why */ explain analyze -- how\n (format json) select $a", Kind.READ, " select $a"),
        ("INSERT INTO flights SELECT 1", Kind.INSERT, "INSERT INTO flights SELECT 1"),
        ("update flights set n = 1", Kind.UPDATE, "update flights set n = 1"),
        ("DELETE FROM flights", Kind.DELETE, "DELETE FROM flights"),
        ("TRUNCATE flights", Kind.DELETE, "TRUNCATE flights"),
    ],
)
def test_a_statement_that_runs_has_a_kind_and_a_plan(text: str, kind: Kind, planned: str) -> None:
    statement = parse(text)

    assert (statement.kind, statement.planned) == (kind, planned)


@dataclass(frozen=True)
class Refused:
    name: str
    text: Any
    message: str


QUERY = "a query, or an insert, update or delete of documents"
REFUSED = [
    Refused(
        "create",
        "CREATE TABLE t (n INT)",
        f"Cannot run the CREATE statement: it changes how tables are declared. Expected {QUERY}. "
        "Use db.define(name=rnb.table(...)), and db.table(name).insert(db.sql(...)) for rows of a query.",
    ),
    Refused(
        "drop",
        "DROP TABLE t",
        f"Cannot run the DROP statement: it changes how tables are declared. Expected {QUERY}. "
        "Use db.define(name=rnb.table(...)) and db.drop(name).",
    ),
    Refused(
        "view",
        "-- mine\nCREATE OR REPLACE VIEW late AS SELECT 1",
        f"Cannot run the CREATE statement: it makes what no log would know of. Expected {QUERY}. "
        "Write it in the query, as WITH name AS (...); or make it with a DuckDB connection of your own while the "
        "database is closed.",
    ),
    Refused(
        "temp_table",
        "CREATE TEMP TABLE t AS SELECT 1",
        f"Cannot run the CREATE statement: it makes what no log would know of. Expected {QUERY}. "
        "Write it in the query, as WITH name AS (...); or keep a frame, db.sql(...).df(), and pass it by a name.",
    ),
    Refused(
        "index",
        "CREATE UNIQUE INDEX i ON t (n)",
        f"Cannot run the CREATE statement: it changes how tables are declared. Expected {QUERY}. "
        'Use db.define(name=rnb.table(...).index("by_field", "field")).',
    ),
    Refused(
        "macro",
        "CREATE MACRO f(x) AS x",
        f"Cannot run the CREATE statement: it makes what no log would know of. Expected {QUERY}. "
        "Make it with a DuckDB connection of your own while the database is closed.",
    ),
    Refused(
        "checkpoint",
        "checkpoint",
        f"Cannot run the CHECKPOINT statement: the engine writes the file. Expected {QUERY}. Use db.fold().",
    ),
    Refused(
        "use",
        "USE main",
        f"Cannot run the USE statement: it changes the connection, which is the engine's own. Expected {QUERY}. "
        "Leave it out; open a connection of your own with duckdb.connect for it.",
    ),
    Refused(
        "copy",
        "COPY t TO 'x.csv'",
        f"Cannot run the COPY statement: it reads or writes a file as a side effect. Expected {QUERY}. "
        "Read a file with SELECT ... FROM 'data.parquet'; write one from .df() or .arrow().",
    ),
    Refused(
        "begin",
        "BEGIN",
        f"Cannot run the BEGIN statement: every statement is a transaction of its own. Expected {QUERY}. "
        "Use with db.transaction() as tx: for several writes together.",
    ),
    Refused(
        "explain_change",
        "EXPLAIN ANALYZE DELETE FROM t",
        f"Cannot run the SQL: what it explains is no query. Expected {QUERY}. Explain a SELECT.",
    ),
    Refused(
        "syntax",
        "SELEC 1",
        "Cannot run the SQL: DuckDB says 'Parser Error: syntax error at or near \"SELEC\"'. "
        "Expected SQL of DuckDB over the tables of this database. Correct the statement.",
    ),
    Refused(
        "two",
        "SELECT 1; SELECT 2",
        "Cannot run the SQL: there are 2 statements. Expected one statement. Run them one by one.",
    ),
    Refused(
        "none",
        "-- nothing",
        "Cannot run the SQL: there is no statement. Expected one statement. Write a SELECT.",
    ),
    Refused(
        "no_text",
        3,
        'Cannot run the SQL: 3 (int) was given. Expected a string. Write sql("SELECT ...").',
    ),
]


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_what_does_not_run_says_why_and_what_does(case: Refused) -> None:
    with pytest.raises(SqlError) as refused:
        parse(case.text)

    assert str(refused.value) == case.message
    assert refused.value.sql == (case.text if isinstance(case.text, str) else "3")


@pytest.mark.parametrize(
    "text",
    [
        *("DROP TABLE t", "ALTER TABLE t ADD COLUMN n INT", "COMMENT ON TABLE t IS 'x'", "CREATE VIEW v AS SELECT 1"),
        *("CREATE MACRO f(x) AS x", "CREATE TEMP TABLE t (n INT)", "CREATE INDEX i ON t (n)", "CREATE TYPE m AS INT"),
        *("SET threads = 1", "RESET threads", "SET VARIABLE a = 1", "PRAGMA version", "USE memory", "CALL range(3)"),
        *("ATTACH 'x.duckdb'", "DETACH x", "LOAD json", "INSTALL json", "CHECKPOINT", "VACUUM", "ANALYZE"),
        *("COMMIT", "ROLLBACK", "PREPARE p AS SELECT 1", "EXECUTE p", "DEALLOCATE p", "EXPORT DATABASE 'x'"),
        *("IMPORT DATABASE 'x'", "COPY FROM DATABASE a TO b", "COPY t FROM 'x.csv'"),
        "MERGE INTO t USING s ON t.a = s.a WHEN MATCHED THEN DELETE",
    ],
)
def test_nothing_else_runs(text: str) -> None:
    with pytest.raises(SqlError, match=r"^Cannot run the "):
        parse(text)


@pytest.mark.parametrize(
    ("text", "given", "message"),
    [
        (
            "SELECT $a",
            {},
            "Cannot run the SQL: its parameter $a has no value. Expected a value for each parameter. Pass a=....",
        ),
        (
            "SELECT ?",
            {},
            (
                "Cannot run the SQL: it has parameters without names. Expected a value for each parameter. "
                "Write $name in the SQL, and pass name=value."
            ),
        ),
        (
            "SELECT $a",
            {"a": 1, "b": 1},
            (
                "Cannot run the SQL: 'b' was given, and the SQL has no $b. Expected values for $a. "
                "Write $b where its value shall stand, or leave it out."
            ),
        ),
        (
            "SELECT 1",
            {"b": "x"},
            (
                "Cannot run the SQL: 'b' was given, and the SQL has no $b. Expected values for no parameter. "
                "Write $b where its value shall stand, or leave it out."
            ),
        ),
        (
            "FROM b",
            {"b": [{"n": 1}]},
            (
                "Cannot run the SQL: 'b' was given, and the SQL has no $b. Expected values for no parameter. "
                "Write $b where its value shall stand; to be read as a table it has to be a pandas, polars or Arrow frame."
            ),
        ),
    ],
)
def test_parameters_have_to_be_those_of_the_statement(text: str, given: dict[str, Any], message: str) -> None:
    with pytest.raises(SqlError) as refused:
        check_parameters(parse(text), given)

    assert str(refused.value) == message


def test_where_only_reading_is_possible_a_change_is_refused() -> None:
    only_reads(parse("SELECT 1"), "ctx.sql", "Use a mutation")

    with pytest.raises(SqlError) as refused:
        only_reads(parse("DELETE FROM t"), "ctx.sql", "Use a mutation")

    assert str(refused.value) == (
        "Cannot run the DELETE statement: ctx.sql only reads. Expected a query. Use a mutation."
    )


@pytest.mark.parametrize(
    ("text", "verb"),
    [
        ("INSERT INTO f FROM (PIVOT g ON n USING count(*))", "INSERT"),
        ("/* why */ update f set n = 1 from (pivot g on n using count(*))", "UPDATE"),
        ("WITH h AS (FROM g) DELETE FROM f USING (PIVOT h ON n USING count(*))", "DELETE"),
    ],
)
def test_a_change_that_reads_a_pivot_is_refused_rather_than_taken_for_a_query(text: str, verb: str) -> None:
    with pytest.raises(SqlError) as raised:
        parse(text)

    assert str(raised.value) == (
        f"Cannot run the {verb} statement: DuckDB runs a PIVOT in several steps, which is no single change. Expected {QUERY}. "
        "Take the PIVOT first, wide = db.sql(...).df(), and read it in the change as a frame, wide=wide."
    )


def test_a_table_made_of_a_pivot_is_refused_like_any_other() -> None:
    with pytest.raises(SqlError, match=r"Cannot run the CREATE statement: it changes how tables are declared\."):
        parse("CREATE TABLE z AS PIVOT g ON n USING count(*)")
