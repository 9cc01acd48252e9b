"""Insert, update and delete of SQL as mutations: what they write, what they refuse, whom they conflict with."""

from __future__ import annotations

import inspect
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import pandas as pd
import pytest

import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.engine.engine import Engine
from reactive_nb.errors import DocumentValidationError, SqlError, UniqueViolation
from reactive_nb.transaction.transaction import Transaction
from tests.conftest import Connect
from tests.engine.sql import Desk, Sql, insert, rows

T = TypeVar("T")


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    yield desk
    desk.store.close()


@pytest.fixture
def sql(db: Engine, desk: Desk) -> Sql:
    return Sql(db, desk)


FLIGHTS = rnb.table(carrier=v.string(), origin=v.string(), delay=v.optional(v.number())).index("by_origin", "origin")
THREE = [
    {"carrier": "UA", "origin": "EWR", "delay": 2},
    {"carrier": "AA", "origin": "JFK"},
    {"carrier": "UA", "origin": "EWR", "delay": 2**60 + 1},
]


@pytest.fixture
def flights(db: Engine) -> list[str]:
    """Three flights; their ids."""
    db.define(flights=FLIGHTS)
    return insert(db, "flights", *THREE)


def test_an_update_patches_the_documents_it_finds(db: Engine, sql: Sql, flights: list[str]) -> None:
    changed = sql("update flights set delay = 0, origin = 'LGA' where carrier = $carrier", carrier="UA")

    assert changed.rowcount == 2
    assert repr(changed) == "<2 rows updated in flights>"
    assert rows(db, "flights") == [
        {"carrier": "UA", "origin": "LGA", "delay": 0.0},
        THREE[1],
        {"carrier": "UA", "origin": "LGA", "delay": 0.0},
    ]
    assert db.commits()[-1].function == "sql"


def test_what_an_update_leaves_as_it_is_stays_exact(db: Engine, sql: Sql, flights: list[str]) -> None:
    sql("update flights set delay = delay, origin = 'X' where delay > 100")

    assert rows(db, "flights")[2] == {"carrier": "UA", "origin": "X", "delay": 2**60 + 1}


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("update flights set delay = 1 where false", 0),
        ("update flights set carrier = carrier, delay = delay", 3),
        ("delete from flights where origin = 'nowhere'", 0),
        ("insert into flights (carrier) select carrier from flights where false", 0),
        ("insert into flights (carrier) select carrier from flights where false returning *", 0),
    ],
)
def test_a_statement_that_changes_nothing_makes_no_commit(
    db: Engine, sql: Sql, flights: list[str], text: str, count: int
) -> None:
    before = db.ts

    assert sql(text).rowcount == count
    assert db.ts == before


def test_of_each_document_an_update_takes_what_has_changed_in_it(db: Engine, sql: Sql, flights: list[str]) -> None:
    sql("update flights set delay = if(delay > 100, delay, 7), origin = 'X' where delay is not null")

    assert [each.get("delay") for each in rows(db, "flights")] == [7.0, None, 2**60 + 1]


def test_a_documents_own_order_of_fields_outlasts_an_update(db: Engine, sql: Sql) -> None:
    seat = v.object({"row": v.number(), "letter": v.string()})
    db.define(seats=rnb.table(name=v.string(), seat=seat, n=v.number()))
    insert(db, "seats", {"n": 1, "seat": {"letter": "A", "row": 1}, "name": "x"})

    sql("update seats set seat = struct_update(seat, row := 2), name = 'y'")

    (changed,) = rows(db, "seats")
    assert changed == {"n": 1, "seat": {"letter": "A", "row": 2}, "name": "y"}
    assert (list(changed), list(changed["seat"])) == (["n", "seat", "name"], ["letter", "row"])


def test_an_insert_gives_ids_and_times_in_the_order_of_its_rows_and_returns_them(
    db: Engine, sql: Sql, flights: list[str]
) -> None:
    added = sql(
        "insert into flights (carrier, origin) select 'B' || i, $origin from range(3) t(i) order by i desc "
        "returning _id, carrier as name, flights.origin, _creationTime",
        origin="SFO",
    )

    made = rows(db, "flights", system=True)[3:]
    assert [each["carrier"] for each in made] == ["B2", "B1", "B0"]
    assert added.rows() == [
        {"_id": d["_id"], "name": d["carrier"], "origin": "SFO", "_creationTime": d["_creationTime"]} for d in made
    ]
    assert added.df().columns.tolist() == ["_id", "name", "origin", "_creationTime"]
    assert added.df()["_id"].tolist() == [each["_id"] for each in made]


def test_returning_of_an_insert_has_fields_of_any_name(db: Engine, sql: Sql) -> None:
    names = ("n", "id", "created", "kept", "given", "rowid")
    db.define(odd=rnb.table(**{name: v.number() for name in names}))

    added = sql(
        "insert into odd by name select i AS n, 1 id, 2 created, 3 kept, 4 given, 5 - i rowid from range(2) t(i) returning *"
    )

    assert [[row[name] for name in names] for row in added.rows()] == [[0, 1, 2, 3, 4, 5], [1, 1, 2, 3, 4, 4]]
    assert [each["rowid"] for each in rows(db, "odd")] == [5, 4]
    assert [row["_id"] for row in added.rows()] == [each["_id"] for each in rows(db, "odd", system=True)]


def test_the_frame_of_returning_comes_without_a_warning(db: Engine, sql: Sql, flights: list[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        changed = sql("update flights set delay = 1 returning now() as at_once")

    assert changed.df()["at_once"].notna().all()


def test_returning_of_updates_shows_new_values_and_of_deletes_old_ones(
    db: Engine, sql: Sql, flights: list[str]
) -> None:
    updated = sql("update flights as f set delay = $d where origin = 'EWR' returning f.delay + 2 as more", d=1)
    deleted = sql("delete from flights where origin = 'EWR' returning *;")

    assert updated.rows() == [{"more": 3.0}, {"more": 3.0}]
    assert [each["_id"] for each in deleted.rows()] == [flights[0], flights[2]]
    assert [*deleted.rows()[0]] == ["_id", "_creationTime", "carrier", "origin", "delay"]
    assert rows(db, "flights") == [THREE[1]]


def test_without_returning_there_are_no_rows(sql: Sql, flights: list[str]) -> None:
    changed = sql("delete from flights")

    assert not changed.has_rows
    with pytest.raises(SqlError, match=r"the statement has no RETURNING\. Expected an insert, update or delete with"):
        changed.df()


@pytest.mark.parametrize(
    "text",
    [
        "update flights set delay = c.delay from carriers c where c.carrier = flights.carrier",
        "with c as (from carriers) update flights f set delay = c.delay from c where c.carrier = f.carrier",
        "update main.flights set delay = (select delay from carriers) where carrier in (select carrier from carriers)",
        "update flights -- set nothing = 1\n set delay = 7.5 where carrier = 'AA' /* returning */",
        'update "flights" set "delay" = 7.5 where exists (select 1 from carriers c where c.carrier = flights.carrier)',
    ],
)
def test_an_update_reads_other_tables_and_frames(db: Engine, sql: Sql, flights: list[str], text: str) -> None:
    carriers = pd.DataFrame({"carrier": ["AA"], "delay": [7.5]})

    assert sql(text, **({"carriers": carriers} if "carriers" in text else {})).rowcount == 1
    assert [each.get("delay") for each in rows(db, "flights")] == [2, 7.5, 2**60 + 1]


@pytest.mark.parametrize(
    "text",
    [
        "delete from flights using codes where codes.code = flights.carrier",
        "delete from flights f using codes c where c.code = f.carrier",
        "with c as (from codes) delete from flights where carrier in (select code from c)",
        "delete from flights where carrier = any(select code from codes)",
    ],
)
def test_a_delete_reads_other_tables(db: Engine, sql: Sql, flights: list[str], text: str) -> None:
    db.define(codes=rnb.table(code=v.string()))
    insert(db, "codes", {"code": "UA"}, {"code": "UA"}, {"code": "B6"})

    assert sql(text).rowcount == 2
    assert rows(db, "flights") == [THREE[1]]


@pytest.mark.parametrize("text", ["truncate flights", "TRUNCATE TABLE main.flights;", "delete from flights"])
def test_all_documents_can_be_deleted(db: Engine, sql: Sql, flights: list[str], text: str) -> None:
    assert sql(text).rowcount == 3
    assert rows(db, "flights") == []


@pytest.mark.parametrize(
    "text",
    [
        "insert into flights by name select * exclude (_id, _creationTime) from flights where origin = 'JFK'",
        "insert into flights (carrier, origin) select carrier, origin from flights where origin = 'JFK'",
        "with x as (select 'AA' carrier, 'JFK' origin) insert into flights by name from x",
        "insert into flights (origin, carrier, _id) values ('JFK', 'AA', default)",
        "insert into flights by name from new",
    ],
)
def test_an_insert_takes_rows_from_anywhere(db: Engine, sql: Sql, flights: list[str], text: str) -> None:
    frames = {"new": pd.DataFrame({"origin": ["JFK"], "carrier": ["AA"]})} if "from new" in text else {}

    assert sql(text, **frames).rowcount == 1
    assert rows(db, "flights")[3:] == [THREE[1]]


def test_of_several_rows_that_match_one_document_an_update_takes_one(db: Engine, sql: Sql, flights: list[str]) -> None:
    changed = sql("update flights set delay = x.d from (values (1), (2)) x(d) where origin = 'JFK'")

    assert changed.rowcount == 1
    assert rows(db, "flights")[1]["delay"] in (1, 2)


def test_columns_whose_names_differ_from_their_fields_are_written_to_them(db: Engine, sql: Sql, desk: Desk) -> None:
    desk.store.cursor().execute("create table t (x int)")
    db.define(t=rnb.table(name=v.string(), Name=v.string()))
    insert(db, "t", {"name": "a", "Name": "b"})

    sql("update t_2 set Name_2 = 'c'")
    sql("insert into t_2 (name, name_2) values ('d', 'e')")

    assert rows(db, "t") == [{"name": "a", "Name": "c"}, {"name": "d", "Name": "e"}]
    with pytest.raises(
        SqlError, match=r"main\.t is another table of the file, .* Expected t_2, where the documents of t"
    ):
        sql("insert into t values (1)")


def test_a_table_and_a_column_may_have_one_name(db: Engine, sql: Sql) -> None:
    db.define(o=rnb.table(o=v.object(_id=v.optional(v.string()), o=v.number()), s=v.string()))
    (id,) = insert(db, "o", {"o": {"o": 1, "_id": "inner"}, "s": "a"})

    changed = sql("update o set s = 'b', o = struct_update(o, o := 2) returning o._id, o.o.o as n")
    aliased = sql("update o s set s = 'c' returning s._id, s.s")

    assert changed.rows() == [{"_id": id, "n": 2.0}]
    assert aliased.rows() == [{"_id": id, "s": "c"}]
    assert rows(db, "o") == [{"o": {"o": 2.0, "_id": "inner"}, "s": "c"}]


def test_of_a_capture_nothing_stays_in_the_file(connect: Connect, tmp_path: Path) -> None:
    db = connect(tmp_path / "x.duckdb")
    db.define(flights=FLIGHTS)
    insert(db, "flights", *THREE)
    db.fold()
    sql = Sql(db, db._sql)

    sql("update flights set delay = 1 where carrier = 'UA' returning *")
    sql("insert into flights (carrier, origin) values ('B6', 'BOS') returning *")
    sql("delete from flights where carrier = 'AA'")
    with pytest.raises(DocumentValidationError):
        sql("update flights set origin = null")
    insert(db, "flights", THREE[1])
    written = rows(db, "flights")
    db.close()

    with duckdb.connect(str(tmp_path / "x.duckdb"), read_only=True) as plain:
        stored = plain.execute("select carrier, origin, delay from flights order by _creationTime").fetchall()
        assert [column for column, *_ in plain.execute("describe flights").fetchall()][2:] == [
            "carrier",
            "origin",
            "delay",
        ]
        assert plain.execute("from duckdb_triggers()").fetchall() == []
        assert plain.execute("select * from duckdb_tables() where table_name like 'reactive_nb%'").fetchall() == []
    assert stored == [(each["carrier"], each["origin"], each.get("delay")) for each in written]


def test_a_unique_index_names_the_document_that_was_there(db: Engine, sql: Sql) -> None:
    db.define(users=rnb.table(name=v.string()).index("by_name", "name", unique=True))
    _, second = insert(db, "users", {"name": "ada"}, {"name": "bob"})

    with pytest.raises(UniqueViolation, match=r"Cannot insert row 2 into users: the unique index users\.by_name"):
        sql("insert into users (name) values ('eve'), ('ada')")
    with pytest.raises(UniqueViolation, match=f"Cannot update {second} of users"):
        sql("update users set name = 'ada' where name = 'bob'")
    assert rows(db, "users") == [{"name": "ada"}, {"name": "bob"}]


@pytest.mark.parametrize("text", ["update t set n = n + 1", "update t set n = n - 1", "update t set n = 3 - n"])
def test_unique_values_may_move_from_document_to_document(db: Engine, sql: Sql, text: str) -> None:
    db.define(t=rnb.table(n=v.number()).index("by_n", "n", unique=True))
    insert(db, "t", {"n": 0}, {"n": 1}, {"n": 2}, {"n": 3})
    expected = [row["n"] for row in sql(f"{text} returning n").rows()]

    assert [row["n"] for row in rows(db, "t")] == expected
    assert sorted(expected) in ([0, 1, 2, 3], [1, 2, 3, 4], [-1, 0, 1, 2])
    assert len(db.commits()[-1].changes) == 4
    db.at(db.ts)._snapshot.check()


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        ("update flights set delay = (select count(*) from codes)", 2),
        ("insert into flights (carrier, origin, delay) select 'x', 'y', count(*) from codes", 2),
        ("insert into flights (carrier, origin, delay) values ('x', 'y', 0)", 1),
    ],
)
def test_a_commit_to_a_table_it_reads_makes_it_run_again_whole(
    db: Engine, sql: Sql, desk: Desk, flights: list[str], text: str, runs: int
) -> None:
    db.define(codes=rnb.table(code=v.string()))
    moments = 0

    def commit() -> None:
        nonlocal moments
        moments += 1
        if moments == 1:
            insert(db, "codes", {"code": "UA"})
            insert(db, "flights", {"carrier": "late", "origin": "here"})

    def on_another_thread() -> None:
        thread = threading.Thread(target=commit)
        thread.start()
        thread.join()

    desk.meanwhile = on_another_thread
    sql(text)

    assert moments == runs
    written = [each["delay"] for each in rows(db, "flights") if each["carrier"] == "x" or "update" in text]
    assert set(written) == {runs - 1}


def test_a_change_that_looks_at_which_tables_there_are_runs_again_when_one_comes(
    db: Engine, sql: Sql, desk: Desk, flights: list[str]
) -> None:
    def on_another_thread() -> None:
        desk.meanwhile = None
        thread = threading.Thread(target=lambda: db.define(codes=rnb.table(code=v.string())))
        thread.start()
        thread.join()

    desk.meanwhile = on_another_thread
    count = "select count(*) from duckdb_tables() where table_name in ('flights', 'codes')"
    sql(f"insert into flights (carrier, origin, delay) values ('x', 'y', ({count}))")

    assert [each["delay"] for each in rows(db, "flights") if each["carrier"] == "x"] == [2]


def test_live_results_follow(db: Engine, sql: Sql, flights: list[str]) -> None:
    @db.query
    def at_newark(ctx: Any) -> int:
        return ctx.db.query("flights").with_index("by_origin", origin="EWR").count()

    live = at_newark.live()
    sql("update flights set origin = 'EWR'")
    db.settle()

    assert live.value == 3


class Watched(Desk):
    """A desk that tells whether a document had been made when its DuckDB transaction was over."""

    def change(self, tx: Transaction, frames: Mapping[str, Any], capture: Callable[..., T]) -> T:
        found: Any = super().change(tx, frames, capture)
        _, change = found
        assert inspect.getgeneratorstate(change.documents) == inspect.GEN_CREATED
        return found  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    "text",
    [
        "update flights set delay = 0",
        "delete from flights",
        "insert into flights by name select 'UA' carrier, 'A' origin",
    ],
)
def test_documents_are_made_after_duckdb_is_done_where_ctrl_c_is_heard(
    db: Engine, flights: list[str], text: str
) -> None:
    desk = Watched()

    assert Sql(db, desk)(text).rowcount > 0

    desk.store.close()


@pytest.mark.slow
def test_a_hundred_thousand_documents_change_at_once(db: Engine) -> None:
    # More than one row group of DuckDB, 122 880 rows, and updates that cross from one to the next.
    count = 124_000
    sql = Sql(db)
    db.define(t=rnb.table(n=v.number()))

    inserted = sql(f"insert into t (n) select i from range({count}) r(i)")
    updated = sql("update t set n = n + 0.5 where n >= 3000 returning n")
    numbers = [each["n"] for each in rows(db, "t")]
    deleted = sql("delete from t where n > 5000 returning n")

    assert inserted.rowcount == count
    assert numbers == [*range(3000), *(n + 0.5 for n in range(3000, count))]
    assert [each["n"] for each in updated.rows()] == numbers[3000:]
    assert [each["n"] for each in deleted.rows()] == numbers[5000:]
    assert [each["n"] for each in rows(db, "t")] == numbers[:5000]
