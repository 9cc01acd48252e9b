"""Arrivals: many documents at once come to the same as one by one, and so do their refusals."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from typing import Any

import pytest

from reactive_nb import v
from reactive_nb.documents.snapshot import Snapshot
from reactive_nb.errors import ReactiveError
from reactive_nb.schema.declaration import Table, table
from reactive_nb.tables.transfer import arrivals
from reactive_nb.tables.transfer.arrivals import Arrivals
from reactive_nb.testing import FakeClock, IdSource
from reactive_nb.transaction.transaction import Transaction
from reactive_nb.values.ids import encode_id

NUMBER = 10001
NOON = datetime(2013, 1, 1, 12, tzinfo=UTC)
THINGS = (
    table(a=v.number(), b=v.optional(v.string()), at=v.datetime(), tags=v.array(v.string()))
    .index("by_a", "a", "b")
    .index("by_tag", "tags", multi=True)
)
THING = {"a": 1, "at": NOON, "tags": ["x", "y"]}


def system(place: int, number: int = NUMBER) -> dict[str, Any]:
    return {"_id": encode_id(number, place.to_bytes(16, "big")), "_creationTime": 1e12 + place}


def taken(
    declared: Table, documents: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch, alike: int, **renumbered: Any
) -> tuple[Any, ...]:
    """What becomes of documents: the changes of the transaction, the newest time, and what was refused."""
    monkeypatch.setattr(arrivals, "_ALIKE", alike)
    clock = FakeClock()
    tx = Transaction(Snapshot.empty(), clock.now_ms())
    ids = IdSource(clock, seed=1)
    state = tx.declare("things", declared, ids.next(), NUMBER)
    arriving = Arrivals(tx, state, ids, keeps=False, renumbered={**renumbered.get("numbers", {})})
    refused = arriving.take_many(
        [(f"line {place}", copy.deepcopy(document)) for place, document in enumerate(documents, 1)]
    )
    changes = {change.id: change for change in tx.writes.changes() if change.table == "things"}
    return changes, arriving.taken, tx.last_creation_ms, [(place, type(each), str(each)) for place, each in refused]


CASES: list[tuple[str, Table, list[dict[str, Any]]]] = [
    ("with ids and times", THINGS, [{**system(place), **THING, "a": place} for place in range(5)]),
    ("with ints as times", THINGS, [{**system(place), "_creationTime": place, **THING} for place in range(5)]),
    ("without either", THINGS, [THING, {**THING, "a": 2.0}]),
    ("in another order of fields", THINGS, [{"tags": [], **system(0), "at": NOON, "a": 1}, {**system(1), **THING}]),
    (
        "some lacking a field",
        THINGS,
        [{**system(0), **THING}, {**system(1), **THING, "b": "x"}, {**system(2), **THING}],
    ),
    ("some lacking a time", THINGS, [{**THING, "_creationTime": 5}, THING, {**THING, "b": "x"}]),
    ("without a declaration", Table(None), [{**system(0), "a": None}, {**system(1), "a": [1, {"b": b"x"}]}]),
    (
        "of a union",
        table(v.union(v.object(a=v.number()), v.object(b=v.string()))),
        [{**system(0), "a": 1}, {**system(1), "b": "x"}],
    ),
    (
        "of a unique index",
        table(a=v.number()).index("by_a", "a", unique=True),
        [{**system(0), "a": 1}, {**system(1), "a": 2}, {**system(2), "a": 1}],
    ),
    (
        "one with another type",
        THINGS,
        [{**system(0), **THING}, {**system(1), **THING, "a": "x"}, {**system(2), **THING}],
    ),
    ("one with an unknown field", THINGS, [{**system(0), **THING, "z": 1}]),
    ("one that lacks a field", THINGS, [{**system(0), "a": 1}]),
    ("one id twice", THINGS, [{**system(0), **THING}, {**system(0), **THING}]),
    ("one id twice, with other fields", THINGS, [{**system(0), **THING}, {**system(0), **THING, "b": "x"}]),
    ("an id of another table", THINGS, [{**system(0, 10002), **THING}]),
    ("no id", THINGS, [{**system(0), "_id": "x", **THING}]),
    ("an id that is no text", THINGS, [{**system(0), "_id": [], **THING}]),
    ("no time", THINGS, [{**system(0), "_creationTime": "x", **THING}]),
    ("no finite time", THINGS, [{**system(0), "_creationTime": float("nan"), **THING}]),
    ("true as a time", THINGS, [{**system(0), "_creationTime": True, **THING}]),
    ("a name that no field has", Table(None), [{**system(0), "_x": 1}]),
    ("too many fields", Table(None), [{**system(0), **{f"f{n}": 1 for n in range(1025)}}]),
    ("too large", table(a=v.string()), [{**system(0), "a": "x" * 2**20}]),
    ("too deep", Table(None), [{**system(0), "a": [[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]}]),
    ("none", THINGS, []),
    ("without fields", Table(None), [{}, {}]),
]


@pytest.mark.parametrize(("declared", "documents"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_many_at_once_come_to_the_same_as_one_by_one(
    declared: Table, documents: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    one_by_one = taken(declared, documents, monkeypatch, 1000)

    assert taken(declared, documents, monkeypatch, 1) == one_by_one
    assert one_by_one[1] + len(one_by_one[3]) == len(documents)


@pytest.mark.parametrize("alike", [1, 1000])
def test_renumbered_ids_are_changed_once(monkeypatch: pytest.MonkeyPatch, alike: int) -> None:
    here, there = encode_id(NUMBER, bytes(16)), encode_id(10002, bytes(16))
    declared = table(other=v.string(), keys=v.record(v.string(), v.number()))
    document = {"_id": there, "_creationTime": 1.0, "other": here, "keys": {here: 1}}

    changes, count, _, refused = taken(declared, [document], monkeypatch, alike, numbers={10002: NUMBER, NUMBER: 10002})

    assert (count, refused, [*changes]) == (1, [], [here])
    assert changes[here].new.count(there.encode()) == 2


def test_a_refusal_is_an_error_of_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    *_, refused = taken(THINGS, [{**system(0), "a": 1}], monkeypatch, 1)

    ((place, kind, _),) = refused
    assert place == "line 1"
    assert issubclass(kind, ReactiveError)
