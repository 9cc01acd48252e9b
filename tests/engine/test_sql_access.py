"""SQL over documents: of the database, in functions, in the past."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.engine.engine import Engine
from reactive_nb.engine.recording import recording
from reactive_nb.errors import (
    DatabaseClosed,
    FunctionKindError,
    NestedCallError,
    QueryUsageError,
    SqlError,
    TransactionClosed,
)
from tests.conftest import Connect
from tests.engine.departures import FLIGHTS, MEANS, declare, insert


@pytest.fixture(params=["memory", "file"])
def db(request: pytest.FixtureRequest, connect: Connect, tmp_path: Path) -> Engine:
    """A database with three flights, in memory and in a file."""
    return declare(connect(None if request.param == "memory" else tmp_path / "x.duckdb"))


def origins(query: Any) -> list[str]:
    return sorted(row["origin"] for row in query.rows())


# ------------------------------------------------------------------ of the database


def test_it_sees_every_commit_before_it(db: Engine) -> None:
    query = db.sql(MEANS)
    assert query.rows() == [{"origin": "EWR", "n": 2, "delay": 17.5}, {"origin": "JFK", "n": 1, "delay": None}]

    id = insert(db, delay=1)
    assert query.df().to_dict("records")[2] == {"origin": "LGA", "n": 1, "delay": 1.0}

    with db.transaction() as tx:
        tx.db.patch(id, {"origin": "EWR"})
    assert [row["n"] for row in query.rows()] == [3, 1]

    with db.transaction() as tx:
        tx.db.delete(id)
    assert [row["n"] for row in query.rows()] == [2, 1]


def test_tables_declared_later_and_dropped(db: Engine) -> None:
    assert len(db.sql("FROM flights").rows()) == 3
    db.define(
        notes=rnb.table(text=v.string()), flights=rnb.table(rnb.v.object({**FIELDS, "gate": v.optional(v.string())}))
    )
    with db.transaction() as tx:
        tx.db.insert("notes", {"text": "hi"})
    assert [row["text"] for row in db.sql("FROM notes").rows()] == ["hi"]
    assert db.sql("SELECT gate FROM flights").rows() == [{"gate": None}] * 3

    db.drop("notes")
    with pytest.raises(SqlError, match="Table with name notes does not exist"):
        db.sql("FROM notes").rows()


FIELDS = {"carrier": v.string(), "origin": v.string(), "delay": v.optional(v.number())}


def test_parameters_and_frames(db: Engine, tmp_path: Path) -> None:
    carriers = pd.DataFrame({"carrier": ["UA"], "name": ["United"]})
    carriers.to_csv(tmp_path / "carriers.csv", index=False)
    joined = "SELECT DISTINCT name FROM flights JOIN {} c USING (carrier) WHERE origin = $o"

    assert db.sql(joined.format("carriers"), o="EWR", carriers=carriers).rows() == [{"name": "United"}]
    assert db.sql(joined.format(f"'{tmp_path / 'carriers.csv'}'"), o="EWR").rows() == [{"name": "United"}]
    assert db.sql("FROM flights WHERE origin = $o", o="JFK").rows()[0]["carrier"] == "AA"


def test_a_frame_does_not_hide_a_table(db: Engine) -> None:
    with pytest.raises(SqlError) as refused:
        db.sql("FROM flights", Flights=pd.DataFrame({"a": [1]})).rows()

    assert str(refused.value) == (
        "Cannot run the SQL: the frame 'Flights' has the name of a table. Expected a name that no table has. "
        "Pass it by another name: new_Flights=...."
    )


def test_variables_of_python_are_not_tables(db: Engine) -> None:
    carriers = pd.DataFrame({"a": [1]})

    with pytest.raises(SqlError, match="Table with name carriers does not exist"):
        db.sql("FROM carriers").rows()
    assert len(carriers) == 1


def test_a_frame_that_duckdb_cannot_read_is_not_an_error_of_the_file(db: Engine) -> None:
    months = pd.DataFrame({"month": pd.period_range("2020", periods=2, freq="M")})

    with pytest.raises(SqlError, match="Cannot read the frame months in SQL"):
        db.sql("FROM months", months=months).rows()
    with pytest.raises(SqlError, match="Cannot read the frame months in SQL"):
        db.sql("DELETE FROM flights USING months", months=months)
    assert db.sql("SELECT 1 AS one").rows() == [{"one": 1}]


def test_what_has_a_frame_and_is_none_is_told_from_values(db: Engine) -> None:
    for given in (db.sql("FROM flights"), db.table("flights")):
        with pytest.raises(SqlError) as refused:
            db.sql("FROM others", others=given)

        assert refused.value.hint == (
            "Write $others where its value shall stand; pass what its df gives to read it as a table"
        )


def test_times_are_in_utc_wherever_the_reader_is(db: Engine) -> None:
    db.define(moments=rnb.table(at=v.datetime()))
    at = datetime(2024, 2, 29, 23, 30, tzinfo=UTC)
    with db.transaction() as tx:
        tx.db.insert("moments", {"at": at})

    query = db.sql('SELECT "at", date_trunc(\'day\', "at") AS day FROM moments WHERE "at" = $at', at=at)

    assert query.rows() == [{"at": at, "day": datetime(2024, 2, 29, tzinfo=UTC)}]
    assert str(query.df()["at"].dtype) == "datetime64[us, UTC]"


def test_system_tables_are_read_by_their_names_and_secrets_are_not(db: Engine) -> None:
    db.env.define(KEY=v.string())
    db.env["KEY"] = "secret"

    assert "flights" in {row["document"]["name"] for row in db.sql("FROM _tables").rows()}
    with pytest.raises(SqlError, match=r"the table reactive\._environment is the engine's own"):
        db.sql("FROM _environment").rows()
    with pytest.raises(SqlError):  # in memory there is none
        db.sql("SELECT document FROM reactive.documents_5").rows()


def test_names_that_are_words_of_sql(connect: Connect) -> None:
    db = connect()
    db.define(order=rnb.table(group=v.string(), select=v.number()))
    with db.transaction() as tx:
        tx.db.insert("order", {"group": "a", "select": 1})

    live = db.sql('SELECT "group" FROM "order" WHERE "select" = $select', select=1).live()

    assert live.value.to_dict("records") == [{"group": "a"}]
    live.close()


@pytest.mark.parametrize(
    "text", ["DELETE FROM flights", "DROP TABLE flights", "COPY flights TO 'x'", "SELECT 1; SELECT 2"]
)
def test_a_function_gets_nothing_but_queries(db: Engine, text: str) -> None:
    with pytest.raises(SqlError):
        db.read(lambda ctx: ctx.sql(text))
    with pytest.raises(SqlError):
        db.at(db.ts).sql(text)


def test_a_closed_database_answers_no_more(db: Engine) -> None:
    query = db.sql("FROM flights")
    query.rows()
    db.close()

    for ask in (query.rows, lambda: db.sql("SELECT 1")):
        with pytest.raises(DatabaseClosed):
            ask()


def test_a_cell_that_records_notes_it_as_read(db: Engine) -> None:
    with recording() as calls:
        db.sql("FROM flights").rows()

    assert len(calls) == 1


# ------------------------------------------------------------------ other tables of the same file


def test_tables_and_views_of_others_in_the_file(connect: Connect, tmp_path: Path) -> None:
    with duckdb.connect(tmp_path / "x.duckdb") as plain:
        plain.execute("CREATE TABLE flights (theirs INTEGER); INSERT INTO flights VALUES (1)")
        plain.execute(
            "CREATE TABLE airports (origin VARCHAR, name VARCHAR); INSERT INTO airports VALUES ('EWR', 'Newark')"
        )
    db = connect(tmp_path / "x.duckdb")
    db.define(flights=FLIGHTS)
    insert(db, origin="EWR")
    db.fold()
    with duckdb.connect(tmp_path / "x.duckdb") as plain:
        plain.execute("CREATE VIEW named AS SELECT name, delay FROM flights_2 JOIN airports USING (origin)")

    live = db.sql("FROM named").live()
    assert db.sql("FROM flights").rows() == [{"theirs": 1}]
    assert live.value.to_dict("records")[0]["name"] == "Newark"

    insert(db, origin="EWR", delay=7)
    db.settle()
    assert sorted(live.value["delay"].dropna()) == [7.0]
    live.close()


def test_a_view_reads_the_moment_that_is_asked_for(connect: Connect, tmp_path: Path) -> None:
    db = connect(tmp_path / "x.duckdb")
    db.define(flights=FLIGHTS)
    insert(db)
    db.fold()
    with duckdb.connect(tmp_path / "x.duckdb") as plain:
        plain.execute("CREATE VIEW named AS SELECT * FROM flights")
    first = db.ts
    insert(db)

    counts = [db.at(ts).sql("SELECT count(*) AS n FROM named").rows()[0]["n"] for ts in (first, first + 1)]

    assert counts == [1, 2]


# ------------------------------------------------------------------ in functions


def test_a_query_reads_its_snapshot_and_may_return_the_sql(db: Engine) -> None:
    @db.query
    def worst(ctx: Any, origin: str) -> Any:
        return ctx.sql("SELECT carrier, max(delay) AS delay FROM flights WHERE origin = $o GROUP BY 1", o=origin)

    assert worst(origin="EWR") == [{"carrier": "UA", "delay": 33.0}]

    @db.query
    def both(ctx: Any) -> Any:
        before = ctx.sql("SELECT count(*) AS n FROM flights").rows()
        insert_elsewhere()
        return [before, ctx.sql("SELECT count(*) AS n FROM flights").rows(), len(ctx.db.query("flights").collect())]

    def insert_elsewhere() -> None:
        import threading

        thread = threading.Thread(target=insert, args=(db,))
        thread.start()
        thread.join()

    assert both() == [[{"n": 3}], [{"n": 3}], 3]


def test_a_mutation_sees_its_own_writes_and_conflicts_with_others(db: Engine) -> None:
    tries = []

    @db.mutation
    def delay_all(ctx: Any) -> list[Any]:
        for each in ctx.db.query("flights").collect():
            ctx.db.patch(each["_id"], {"delay": 10})
        ctx.db.delete(ctx.db.query("flights").first()["_id"])
        ctx.db.insert("flights", {"carrier": "X", "origin": "X", "delay": 20})
        tries.append(1)
        if len(tries) == 1:
            import threading

            thread = threading.Thread(target=insert, args=(db,))
            thread.start()
            thread.join()
        return ctx.sql("SELECT count(*) AS n, sum(delay) AS delay FROM flights").rows()

    assert delay_all() == [{"n": 4, "delay": 50.0}]
    assert len(tries) == 2


def test_own_writes_to_a_table_that_nobody_has_seen_yet(db: Engine) -> None:
    with db.transaction() as tx:
        tx.db.insert("notes", {"a": {"b": [1, None, b"x"]}})
        rows = tx.sql("FROM notes").rows()

    assert rows[0]["document"] == {"a": {"b": [1, None, b"x"]}}


def test_sql_after_the_function_has_ended(db: Engine) -> None:
    with db.transaction() as tx:
        query = tx.sql("FROM flights")

    with pytest.raises(TransactionClosed):
        query.rows()
    with pytest.raises(QueryUsageError):
        query.live()


@pytest.mark.parametrize(
    ("call", "instead"),
    [
        (lambda db: db.sql("FROM flights").rows(), "Write ctx.sql(...), which reads what the function reads"),
        (lambda db: db.sql("DELETE FROM flights"), "In a mutation use ctx.db.insert, ctx.db.patch and ctx.db.delete"),
        (lambda db: db.read(lambda ctx: None), "Read with ctx.db.query(...) or ctx.sql(...)"),
        (lambda db: db.table("flights").df(), "Read with ctx.db.query(...) or ctx.sql(...)"),
        (lambda db: db.write(lambda ctx: None), "Write with ctx.db.insert, ctx.db.patch and ctx.db.delete"),
        (lambda db: db.table("flights").insert([]), 'Write ctx.db.insert("flights", ...) for each row'),
        (lambda db: db.load("flights.zip"), "Load it from a cell or an action"),
    ],
    ids=["query", "change", "read", "table", "write", "insert", "load"],
)
def test_inside_a_function_the_database_says_what_the_context_does(
    db: Engine, call: Callable[[Engine], Any], instead: str
) -> None:
    with pytest.raises(NestedCallError) as refused:
        db.read(lambda ctx: call(db))

    assert refused.value.hint.startswith(instead)


def test_an_answer_is_used_again_only_when_it_follows_from_the_tables(db: Engine) -> None:
    runs: list[str] = []

    @db.query
    def steady(ctx: Any) -> Any:
        runs.append("steady")
        return ctx.sql("SELECT count(*) AS n FROM flights").rows()

    @db.query
    def chance(ctx: Any) -> Any:
        runs.append("chance")
        return ctx.sql("SELECT random() AS x FROM flights").rows()

    @db.query
    def frame(ctx: Any) -> Any:
        runs.append("frame")
        text = "SELECT n.a FROM n, (WITH n AS (SELECT 1) FROM n)"  # the other one has the frame's name
        return ctx.sql(text, n=pd.DataFrame({"a": [1]})).rows()

    for function in (steady, steady, chance, chance, frame, frame):
        function()

    assert runs == ["steady", "chance", "chance", "frame", "frame"]


# ------------------------------------------------------------------ in the past


def test_every_commit_can_be_asked_again(db: Engine) -> None:
    first = db.ts
    db.sql("SELECT 1").rows()
    id = insert(db, origin="LGA")
    with db.transaction() as tx:
        tx.db.patch(id, {"origin": "SFO"})
    db.drop("flights")
    db.define(flights=rnb.table(n=v.number()))

    assert [origins(db.at(ts).sql("SELECT origin FROM flights")) for ts in (first, first + 1, first + 2)] == [
        ["EWR", "EWR", "JFK"],
        ["EWR", "EWR", "JFK", "LGA"],
        ["EWR", "EWR", "JFK", "SFO"],
    ]
    with pytest.raises(SqlError, match="does not exist"):
        db.at(first + 3).sql("FROM flights").rows()
    assert db.at(first + 4).sql("SELECT n FROM flights").rows() == []
    assert db.at(0).sql("SELECT 1 AS one").rows() == [{"one": 1}]


def test_the_past_cannot_be_live(db: Engine) -> None:
    with pytest.raises(QueryUsageError):
        db.at(db.ts).sql("FROM flights").live()
    with pytest.raises(FunctionKindError):
        db.at(db.ts).run(db_mutation(db))


def db_mutation(db: Engine) -> Any:
    @db.mutation
    def nothing(ctx: Any) -> None: ...

    return nothing
