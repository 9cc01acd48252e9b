"""Which statements may change which tables; each refusal says what to do, and nothing is written."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import pytest

import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.engine.engine import Engine
from reactive_nb.errors import DocumentValidationError, SqlError
from tests.engine.sql import Desk, Sql, insert, rows

FLIGHTS = rnb.table(carrier=v.string(), origin=v.string(), delay=v.optional(v.number())).index("by_origin", "origin")
THREE = [
    {"carrier": "UA", "origin": "EWR", "delay": 2},
    {"carrier": "AA", "origin": "JFK"},
    {"carrier": "UA", "origin": "EWR", "delay": 2**60 + 1},
]


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    yield desk
    desk.store.close()


@pytest.fixture
def sql(db: Engine, desk: Desk) -> Sql:
    return Sql(db, desk)


@pytest.fixture
def flights(db: Engine) -> list[str]:
    """Three flights; their ids."""
    db.define(flights=FLIGHTS)
    return insert(db, "flights", *THREE)


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("update flights set origin = null where delay = 2", DocumentValidationError, r"Cannot update \w+ of flights: \$\.origin is None"),
        ("insert into flights (carrier, origin) values ('a', 'b'), ('c', null)", DocumentValidationError, r"Cannot insert row 2 into flights: \$\.origin is None"),
        ("update flights set delay = 'x'", SqlError, "Could not convert string 'x' to DOUBLE"),
        ("update flights set nope = 1", SqlError, "Binder Error: .*nope"),
        ("update nowhere set a = 1", SqlError, r"Table with name nowhere does not exist.*\(flights\).*Correct the name of the table, or declare it"),
        ("delete from main.nowhere", SqlError, "Correct the name of the table, or declare it with db.define"),
        ("update flights set delay = 1 from nope", SqlError, "pass a data frame as nope=frame"),
        ("insert into flights values ('a', 'b', 1)", SqlError, "Name the columns that you fill, without _id"),
        ("insert into flights select * from flights", SqlError, "a row brings its own _id.*Leave them out"),
        ("insert into flights (_creationTime, carrier) values (1, 'x')", SqlError, "a row brings its own _creationTime"),
        ("update flights set _id = 'x' where delay = 2", SqlError, "_id would change from '.*' to 'x'"),
        ("update flights set _creationTime = 1", SqlError, "_creationTime would change from .* to 1.0"),
        ("insert or replace into flights (carrier) values ('x')", SqlError, "what to do on a conflict.*update ... from"),
        ("insert into flights (carrier) values ('x') on conflict do nothing", SqlError, "what to do on a conflict"),
        ("merge into flights using flights f on true when matched then delete", SqlError, "Write an update and an insert"),
        ("update flights set delay = 1; delete from flights", SqlError, "2 statements"),
        ("with d as (delete from flights returning *) insert into flights by name from d", SqlError, "more than one place"),
        ("delete from reactive._tables", SqlError, "reactive._tables is the engine's own table.*db.env"),
        ("delete from reactive.meta", SqlError, "reactive.meta is the engine's own table"),
        ("delete from _tables", SqlError, "reactive._tables is the engine's own table"),
        ("delete from late", SqlError, "Write to the table itself; a view"),
        ("insert into late select * from flights", SqlError, "Write to the table itself; a view"),
        ("delete from mine", SqlError, r"main.mine is not made of documents.*this database \(flights\)"),
        ("insert into mine values (1)", SqlError, "Change it with a DuckDB connection of your own"),
        ("delete from flights where _id in (select value from reactive.meta)", SqlError, "it reads reactive.meta"),
        ("insert into flights (delay) select 1 from json_execute_serialized_sql(json_serialize_sql('select 1 as n'))", SqlError, "shows in no plan"),
        ("update flights set delay = 1 from enable_profiling()", SqlError, "it calls enable_profiling"),
        ("update flights set delay = $x", SqlError, r"\$x has no value"),
        ("update flights set delay = 1 returning count(*)", SqlError, "Aggregate functions are not supported"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_and_nothing_is_written(
    db: Engine, sql: Sql, desk: Desk, flights: list[str], text: str, error: type[Exception], message: str
) -> None:
    desk.store.cursor().execute(
        "create table mine (a int); create table flights (delay int); "
        "create view late as from flights where delay > 1; drop table flights"
    )
    before, head = rows(db, "flights", system=True), db.ts

    with pytest.raises(error, match=message):
        sql(text)

    assert (rows(db, "flights", system=True), db.ts) == (before, head)


def test_a_frame_of_the_name_of_the_table_hides_it(sql: Sql, flights: list[str]) -> None:
    with pytest.raises(SqlError, match="a frame that has the name of a table, only reads"):
        sql("insert into flights by name from flights", flights=pd.DataFrame({"carrier": ["x"]}))
