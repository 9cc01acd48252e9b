"""Columns become the same documents that single inserts would make of their rows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

from reactive_nb.clock import IdSource
from reactive_nb.documents.document import decode_document
from reactive_nb.documents.interval import ALL
from reactive_nb.documents.snapshot import Snapshot, TableState
from reactive_nb.errors import DocumentValidationError, InvalidValue, ReservedName
from reactive_nb.functions.database import DatabaseWriter
from reactive_nb.schema.declaration import BY_CREATION_TIME, StoredTable, Table, table
from reactive_nb.tables.frames import read_frame
from reactive_nb.tables.intake import Intake, checked
from reactive_nb.testing import FakeClock
from reactive_nb.transaction.transaction import Transaction
from reactive_nb.values.containers import ArrayValidator
from reactive_nb.values.ids import decode_id, encode_id
from reactive_nb.values.validators import Validator, v
from reactive_nb.values.value import UNSET
from reactive_nb.values.wire import encode

NOW = datetime(2026, 1, 2, tzinfo=UTC)
NUMBER = 10001


def transaction(declared: Table, now_ms: float = 1e12) -> Transaction:
    state = TableState.empty(StoredTable("t", NUMBER, declared))
    return Transaction(Snapshot(1, {**Snapshot.empty().tables, "t": state}), now_ms)


def taken(declared: Table, source: Any, now_ms: float = 1e12) -> tuple[Intake, Transaction]:
    tx = transaction(declared, now_ms)
    state = tx.declared("t")
    assert state is not None
    intake = Intake(tx, state, IdSource(FakeClock(), seed=1))
    intake.take(read_frame(source, "Cannot insert"))
    return intake, tx


def written(declared: Table, source: Any) -> list[dict[str, Any]]:
    _, tx = taken(declared, source)
    found = [decode_document(change.new or b"") for change in tx.writes.changes()]
    return [{name: value for name, value in each.items() if not name.startswith("_")} for each in found]


def refusals(declared: Table, source: Any) -> dict[int, str]:
    intake, _ = taken(declared, source)
    return {row: error.thing for row, error in intake.errors.items()}


def test_the_bytes_and_keys_are_those_of_single_inserts() -> None:
    declared = table(
        word=v.string(), at=v.datetime(), inner=v.object(n=v.number()), tags=v.array(v.string()), vector=v.vector(2)
    ).index("by_word", "word", "at").index("by_n", "inner.n").index("by_tag", "tags", multi=True)  # fmt: skip
    rows = [
        {"word": "a", "at": NOW, "inner": {"n": 1}, "tags": ["x", "y"], "vector": [0.5, 1]},
        {"word": "b\0", "at": NOW.replace(year=1), "inner": {"n": 2.5}, "tags": [], "vector": [1, 2]},
    ]
    intake, tx = taken(declared, rows)
    single = transaction(declared)
    for row in rows:
        DatabaseWriter(single, IdSource(FakeClock())).insert("t", row)

    changes = tx.writes.changes()
    assert intake.taken == len(changes) == 2
    for change, other in zip(changes, single.writes.changes(), strict=True):
        document = decode_document(other.new or b"") | {"_id": change.id}
        assert change.new == encode(document)
        assert change.new_keys == tx.snapshot.tables["t"].maker.keys(document)
    assert tx.last_creation_ms == single.last_creation_ms


@pytest.mark.parametrize("now_ms", [1e12, 5e-324, 0.0, -3.5])
def test_creation_times_are_those_that_the_transaction_would_give(now_ms: float) -> None:
    _, tx = taken(table(n=v.int64()), [{"n": 1}, {"n": 2}, {"n": 3}], now_ms)
    other = transaction(Table(None), now_ms)

    times = [decode_document(change.new or b"")["_creationTime"] for change in tx.writes.changes()]

    assert times == [other.next_creation_ms() for _ in range(3)]


def test_ids_ascend_and_belong_to_the_table() -> None:
    _, tx = taken(table(n=v.int64()), [{"n": n} for n in range(100)])

    ids = [change.id for change in tx.writes.changes()]

    assert ids == sorted(set(ids))
    assert {decode_id(id)[0] for id in ids} == {NUMBER}
    again = [change.id for change in taken(table(n=v.int64()), [{"n": n} for n in range(100)])[1].writes.changes()]
    assert again == ids  # of one seed


NAN = math.nan


@dataclass(frozen=True)
class Hole:
    name: str
    field: Validator
    values: Any
    stored: list[Any]
    """What the documents have there; UNSET is nothing, ERROR a row that is refused."""


ERROR = object()
HOLES = [
    Hole("optional", v.optional(v.number()), pd.Series([1.0, None]), [1.0, UNSET]),
    Hole("nullable", v.nullable(v.number()), pd.Series([1.0, None]), [1.0, None]),
    Hole("optional_and_nullable", v.optional(v.nullable(v.number())), pd.Series([1.0, None]), [1.0, UNSET]),
    Hole("number", v.number(), pd.Series([1.0, None]), [1.0, NAN]),
    Hole("number_of_objects", v.number(), pd.Series([1, NAN], dtype=object), [1, NAN]),
    Hole("number_that_is_na", v.number(), pd.Series([1, None], dtype="Int64"), [1, ERROR]),
    Hole("any", v.any(), pd.Series([1.0, None]), [1.0, None]),
    Hole("string", v.string(), pd.Series(["a", None]), ["a", ERROR]),
    Hole("optional_string", v.optional(v.string()), pd.Series(["a", None]), ["a", UNSET]),
    Hole("optional_string_of_objects", v.optional(v.string()), pd.Series(["a", NAN], dtype=object), ["a", UNSET]),
    Hole("datetime", v.optional(v.datetime()), pd.Series([NOW, None]), [NOW, UNSET]),
    Hole("required_datetime", v.datetime(), pd.Series([NOW, None]), [NOW, ERROR]),
    Hole("ints_as_floats", v.optional(v.int64()), pd.Series([1.0, None]), [1, UNSET]),
    Hole("floats_as_ints", v.int64(), pd.Series([1.0, 1.5, 2.0**60]), [1, ERROR, ERROR]),
    Hole("rows_nan", v.optional(v.number()), [NAN, None, UNSET], [NAN, UNSET, UNSET]),
    Hole("rows_nan_in_a_string", v.optional(v.string()), [NAN, "a"], [UNSET, "a"]),
    Hole("rows_nullable", v.nullable(v.string()), [None, UNSET], [None, ERROR]),
    Hole("rows_floats_stay", v.int64(), [1.0, 1], [ERROR, 1]),
]


@pytest.mark.parametrize("case", HOLES, ids=lambda case: case.name)
def test_what_a_hole_becomes(case: Hole) -> None:
    source: Any
    if isinstance(case.values, list):
        source = [{"x": value, "y": 1} if value is not UNSET else {"y": 1} for value in case.values]
    else:
        source = pd.DataFrame({"x": case.values, "y": 1})

    found = written(table(x=case.field, y=v.int64()), source)

    assert repr([each.get("x", UNSET) for each in found]) == repr([each for each in case.stored if each is not ERROR])
    assert [*refusals(table(x=case.field, y=v.int64()), source)] == [
        row for row, each in enumerate(case.stored) if each is ERROR
    ]


def test_a_moment_that_is_missing_has_its_place_in_an_index() -> None:
    declared = table(at=v.optional(v.datetime())).index("by_at", "at")
    _, tx = taken(declared, pd.DataFrame({"at": [NOW, None]}))

    tx.snapshot.apply(2, tx.writes.changes(), {})[0].check()


def test_a_null_inside_a_struct_is_a_missing_field() -> None:
    inner = v.object(a=v.optional(v.number()), b=v.nullable(v.string()))
    declared = table(x=v.optional(inner), y=v.nullable(v.array(inner)))
    frame = pd.DataFrame({"x": [{"a": None, "b": None}, None], "y": [[{"a": None, "b": "x"}], None]})

    assert written(declared, frame) == [{"x": {"b": None}, "y": [{"b": "x"}]}, {"y": None}]
    assert refusals(declared, frame.to_dict("records")) == {0: "x.a is None"}
    assert isinstance(v.array(inner), ArrayValidator)


LISTS = pd.DataFrame(
    {
        "x": [
            np.array([1, 2]),
            np.array([0.5, 1.1]),
            np.ma.array([1, 2], mask=[False, True]),
            np.array(["a", "b"], dtype=object),
            np.array([{"n": np.array([1])}, {"n": None}], dtype=object),
            np.array([np.array([1, 2]), np.array([], dtype=np.int64)], dtype=object),
            np.zeros((2, 2), np.float32),
            {"n": np.array([0.5])},
        ]
    }
)
"""Lists as pandas has them from Parquet and DuckDB."""


@pytest.mark.parametrize(
    ("row", "field", "value"),
    [
        (0, v.array(v.int64()), [1, 2]),
        (0, v.nullable(v.array(v.number())), [1, 2]),
        (0, v.vector(2), np.array([1, 2], np.float32)),
        (0, v.any(), [1, 2]),
        (1, v.array(v.number()), [0.5, 1.1]),
        (1, v.union(v.array(v.number()), v.string()), [0.5, 1.1]),
        (1, v.vector(2), np.array([0.5, 1.1], np.float32)),
        (1, v.any(), np.array([0.5, 1.1], np.float32)),
        (2, v.array(v.nullable(v.int64())), [1, None]),
        (3, v.array(v.string()), ["a", "b"]),
        (4, v.array(v.object(n=v.optional(v.array(v.int64())))), [{"n": [1]}, {}]),
        (4, v.any(), [{"n": [1]}, {"n": None}]),
        (5, v.array(v.array(v.int64())), [[1, 2], []]),
        (6, v.array(v.array(v.number())), [[0.0, 0.0], [0.0, 0.0]]),
        (7, v.object(n=v.array(v.number())), {"n": [0.5]}),
        (7, v.record(v.string(), v.array(v.number())), {"n": [0.5]}),
        (7, v.any(), {"n": np.array([0.5], np.float32)}),
    ],
    ids=str,
)
def test_a_list_of_a_typed_frame_may_be_an_array(row: int, field: Validator, value: Any) -> None:
    assert repr(written(table(x=field), LISTS.iloc[[row]])) == repr(written(table(x=field), [{"x": value}]))
    shapes = v.union(v.object(x=field), v.object(x=field, y=v.string()))
    assert repr(written(table(shapes), LISTS.iloc[[row]])) == repr(written(table(shapes), [{"x": value}]))


def test_an_array_of_moments_is_no_list_of_numbers() -> None:
    frame = pd.DataFrame({"x": [np.array(["2026-01-01"], "datetime64[ns]")]})

    assert "is an array of shape (1,) and type datetime64" in refusals(table(x=v.any()), frame)[0]


def test_a_frame_without_rows_need_not_have_the_columns() -> None:
    assert written(table(x=v.string()), pd.DataFrame([])) == []
    with pytest.raises(DocumentValidationError, match="the frame has no column x"):
        taken(table(x=v.string()), pd.DataFrame(index=[0, 1]))


def test_a_union_of_objects_takes_from_each_row_what_it_has() -> None:
    shapes = v.union(
        v.object(kind=v.literal("circle"), r=v.number()),
        v.object(kind=v.literal("square"), side=v.number(), note=v.nullable(v.string())),
    )
    frame = pd.DataFrame(
        {
            "kind": ["circle", "square", "circle"],
            "r": [1.0, None, None],
            "side": [None, 2.0, None],
            "note": [None, "a", None],
        }
    )
    rows = [{"kind": "circle", "r": 1}, {"kind": "square", "side": 2, "note": None}, {"kind": "line"}]

    assert written(table(shapes), rows) == rows[:2]
    found, errors = checked(read_frame(rows, ""), table(shapes), {}, "Cannot insert")
    assert [*errors] == [2]
    assert found["r"].values[:2] == [1, UNSET]
    assert written(table(shapes), frame) == [
        {"kind": "circle", "r": 1.0},
        {"kind": "square", "side": 2.0, "note": "a"},
    ]
    frame.loc[1, "note"] = None
    assert written(table(shapes), frame)[1] == {"kind": "square", "side": 2.0, "note": None}
    assert refusals(table(shapes), frame) == {2: "r is missing"}


@pytest.mark.parametrize(
    ("declared", "rows", "thing"),
    [
        (table(x=v.array(v.object(n=v.number()))), [{"x": [{"n": 1}, {"n": "a"}]}], "x[1].n is 'a' (str)"),
        (table(x=v.datetime()), pd.DataFrame({"x": pd.to_datetime(["2026-01-01"])}), "has no time zone"),
        (table(x=v.number()), pd.DataFrame({"x": pd.to_timedelta([1], unit="s")}), "x is "),
        (table(x=v.vector(2)), [{"x": [1]}], "x has 1 numbers"),
        (Table(None), [{"x": {1}}], "x is {1} (set)"),
        (table(x=v.id("t")), [{"x": encode_id(NUMBER + 1, bytes(16))}], "the id of a document of an unknown table"),
        (table(x=v.string()), [{"x": "\ud800"}], "lone surrogate"),
        (table(x=v.int64()), pd.DataFrame({"x": pd.Series([2**63], dtype="uint64")}), "is an int of 64 bits"),
    ],
)
def test_an_error_says_where_it_is(declared: Table, rows: Any, thing: str) -> None:
    assert thing in refusals(declared, rows)[0]


def test_columns_without_a_name_for_a_field_are_refused_whole() -> None:
    with pytest.raises(InvalidValue, match="'dep time' is not a field name"):
        taken(Table(None), pd.DataFrame({"dep time": [1]}))
    with pytest.raises(ReservedName):
        taken(Table(None), [{"_creationTime": 1}])
    with pytest.raises(InvalidValue, match="1025 fields"):
        taken(Table(None), [{f"x{n}": 1 for n in range(1025)}])
    with pytest.raises(DocumentValidationError, match="frame has the column b"):
        taken(table(a=v.int64()), pd.DataFrame({"a": [1], "b": [2]}))


def test_a_table_has_what_was_taken_once_it_is_applied() -> None:
    declared = table(n=v.int64()).index("by_n", "n")
    _, tx = taken(declared, [{"n": 3}, {"n": 1}])

    after = tx.snapshot.apply(2, tx.writes.changes(), {})[0]

    after.check()
    state = after.tables["t"]
    assert [decode_document(data)["n"] for _, data in state.map("by_n").items(*ALL)] == [1, 3]
    assert [decode_document(data)["n"] for _, data in state.map(BY_CREATION_TIME).items(*ALL)] == [3, 1]
