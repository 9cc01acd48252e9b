"""Values that SQL has written, as documents hold them."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.engine.engine import Engine
from reactive_nb.errors import DocumentValidationError, InvalidValue, ReactiveError, SqlError
from tests.engine.sql import Sql, insert, rows


@pytest.fixture
def sql(db: Engine) -> Sql:
    return Sql(db)


def test_null_makes_an_optional_field_missing_and_a_nullable_one_null(db: Engine, sql: Sql) -> None:
    db.define(t=rnb.table(a=v.optional(v.number()), b=v.nullable(v.number()), c=v.optional(v.nullable(v.number()))))
    insert(db, "t", {"a": 1, "b": 1, "c": 1})

    sql("update t set a = null, b = null, c = null")
    sql("insert into t (a) values (null), (5)")

    assert rows(db, "t") == [{"b": None}, {"b": None}, {"a": 5.0, "b": None}]


def test_json_columns_are_edited_with_the_functions_of_duckdb(db: Engine, sql: Sql) -> None:
    db.define(t=rnb.table(any=v.any(), loose=v.array(v.any()), map=v.record(v.string(), v.int64())))
    moment = datetime(2026, 1, 2, tzinfo=UTC)
    insert(db, "t", {"any": {"a": 1, "at": moment}, "loose": [1, "x"], "map": {"k": 2**60}})

    sql("update t set \"any\" = json_merge_patch(\"any\", '{\"b\": [null, 1.5]}'), loose = ['y', 'z']")
    sql("update t set map = json_merge_patch(map, json_object('n', 7))")

    assert rows(db, "t") == [
        {"any": {"a": 1, "at": moment, "b": [None, 1.5]}, "loose": ["y", "z"], "map": {"k": 2**60, "n": 7}}
    ]


def test_a_table_without_declared_fields_is_written_by_its_json_column(db: Engine, sql: Sql) -> None:
    insert(db, "notes", {"a": 1, "b": b"\0"}, {"a": 2})

    sql('update notes set document = json_merge_patch(document, \'{"a": 9, "c": null}\') where document.a = 1')
    added = sql("insert into notes (document) values ({'d': [1]}) returning document")
    sql("delete from notes where document->>'a' = '2'")

    assert rows(db, "notes") == [{"b": b"\0", "a": 9}, {"d": [1]}]
    assert added.rows() == [{"document": {"d": [1]}}]


@pytest.mark.parametrize("document", ["null", "'[1]'", "'null'", "'5'"])
def test_the_json_of_a_whole_document_is_an_object(db: Engine, sql: Sql, document: str) -> None:
    insert(db, "notes", {"a": 1})

    with pytest.raises(
        InvalidValue, match=r"Cannot update \w+ of notes: the column document is .*Expected a JSON object"
    ):
        sql(f"update notes set document = {document}")
    with pytest.raises(InvalidValue, match=r"Cannot insert row 1 into notes: the column document is"):
        sql(f"insert into notes (document) values ({document})")
    with pytest.raises(ReactiveError, match="the field '_id' is the engine's own"):
        sql("update notes set document = '{\"_id\": 1}'")
    assert rows(db, "notes") == [{"a": 1}]


EVENT = v.union(
    v.object(kind=v.literal("a"), n=v.number(), note=v.optional(v.string())),
    v.object(kind=v.literal("b"), text=v.nullable(v.string())),
)


def test_null_in_a_union_of_objects_means_what_its_member_says(db: Engine, sql: Sql) -> None:
    db.define(events=rnb.table(EVENT))

    sql("insert into events (kind, n, text) values ('a', 1, null), ('b', null, null), ('b', null, 'x')")
    sql("update events set kind = 'b', n = null where kind = 'a'")

    assert rows(db, "events") == [{"kind": "b", "text": None}, {"kind": "b", "text": None}, {"kind": "b", "text": "x"}]
    with pytest.raises(DocumentValidationError, match="Cannot insert row 2 into events"):
        sql("insert into events (kind, n) values ('a', 1), ('a', null)")


def test_structs_and_lists_keep_the_parts_that_did_not_change(db: Engine, sql: Sql) -> None:
    item = v.object(n=v.number(), x=v.optional(v.nullable(v.string())))
    db.define(t=rnb.table(one=item, many=v.array(item), numbers=v.array(v.number()), v=v.vector(2)))
    wide = 2**60 + 1
    insert(
        db,
        "t",
        {
            "one": {"n": wide, "x": None},
            "many": [{"n": wide}, {"n": wide, "x": None}],
            "numbers": [wide, 2],
            "v": [1, 2],
        },
    )

    sql("update t set one = struct_update(one, x := 'y'), numbers = list_append(numbers, 3), v = [3, 4.5]")
    sql("update t set many = list_transform(many, lambda m: struct_update(m, x := coalesce(m.x, 'z')))")
    sql("update t set one = struct_update(one, x := null)")

    (document,) = rows(db, "t")
    assert document.pop("v").tolist() == [3, 4.5]
    assert document == {
        "one": {"n": wide},
        "many": [{"n": wide, "x": "z"}, {"n": wide, "x": "z"}],
        "numbers": [wide, 2, 3.0],
    }


def test_values_of_every_type_come_back_as_they_are(db: Engine, sql: Sql) -> None:
    at = datetime(1969, 7, 20, 20, 17, 40, 123456, tzinfo=UTC)
    table = rnb.table(
        s=v.string(), n=v.number(), i=v.int64(), b=v.boolean(), x=v.bytes(), at=v.datetime(), v=v.vector(2),
        ids=v.array(v.id("t")), ats=v.array(v.datetime()), o=v.object(at=v.optional(v.datetime()), b=v.bytes()),
    )  # fmt: skip
    db.define(t=table)
    (id,) = insert(
        db, "t",
        {"s": "é\0", "n": 0.1, "i": -(2**63), "b": True, "x": b"\0\xff", "at": at, "v": [1, 2.5], "ids": [],
         "ats": [at, datetime.max.replace(tzinfo=UTC)], "o": {"at": at, "b": b"\0"}},
    )  # fmt: skip

    sql("insert into t by name select * exclude (_id, _creationTime) replace ([_id] as ids) from t")

    first, second = rows(db, "t")
    assert second.pop("ids") == [id]
    first.pop("ids")
    assert np.array_equal(first.pop("v"), second.pop("v"))
    assert first == second


def test_int64_overflows_with_an_error(db: Engine, sql: Sql) -> None:
    db.define(t=rnb.table(i=v.int64(), n=v.number()))
    insert(db, "t", {"i": 2**63 - 1, "n": 2**63 - 1})

    with pytest.raises(SqlError, match="Overflow"):
        sql("update t set i = i + 1")
    sql("update t set i = i - 1, n = n * 2")

    assert rows(db, "t") == [{"i": 2**63 - 2, "n": 2.0**64}]


@pytest.mark.parametrize("moment", ["'infinity'", "'290000-01-01'"])
def test_a_moment_that_python_lacks_is_refused(db: Engine, sql: Sql, moment: str) -> None:
    db.define(t=rnb.table(at=v.optional(v.datetime()), all=v.optional(v.array(v.datetime()))))

    with pytest.raises(DocumentValidationError, match=r"row 1 into t: \$\.at is .*Expected a datetime"):
        sql(f'insert into t ("at") values ({moment})')
    with pytest.raises(ReactiveError, match=r"row 1 into t: \$\.all\[0\] is .*Expected (a datetime|time)"):
        sql(f'insert into t ("all") values ([{moment}])')
