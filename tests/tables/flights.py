"""A small table, its documents and how they are folded; used by all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from reactive_nb.documents.index_key import KeyMaker, each_key
from reactive_nb.schema.declaration import StoredTable, table
from reactive_nb.tables.fold import FoldRow, TableFold
from reactive_nb.tables.store import Store
from reactive_nb.values import wire
from reactive_nb.values.ids import encode_id
from reactive_nb.values.validators import v

NUMBER = 10001
FLIGHTS = StoredTable(
    "flights",
    NUMBER,
    table(origin=v.string(), delay=v.optional(v.number()), tags=v.array(v.string()))
    .index("by_origin", "origin")
    .index("by_tag", "tags", multi=True),
)
INDEXES = ("by_id", "by_creation_time", "by_origin", "by_tag")


def flight(place: int, origin: str = "JFK", delay: float | None = 1.5, tags: Iterable[str] = ()) -> dict[str, Any]:
    return document(place, origin=origin, delay=delay, tags=[*tags])


def document(place: int, table_number: int = NUMBER, **fields: Any) -> dict[str, Any]:
    """A document whose id and time of creation follow from `place`."""
    return {"_id": encode_id(table_number, place.to_bytes(16, "big")), "_creationTime": 1.7e12 + place, **fields}


def rows(documents: Iterable[dict[str, Any]], stored: StoredTable = FLIGHTS) -> list[FoldRow]:
    maker = KeyMaker(stored)
    return [FoldRow(each["_id"], wire.encode(each), maker.keys(each)) for each in documents]


def changed(*documents: dict[str, Any], stored: StoredTable = FLIGHTS, **facts: Any) -> TableFold:
    return TableFold(stored.number, stored, rows(documents, stored), **facts)


def loaded(store: Store, index: str, number: int = NUMBER) -> list[tuple[bytes, dict[str, Any]]]:
    keys, encoded = store.load(number, index)
    return [*zip(keys, wire.decode_many(encoded), strict=True)]


def scanned(documents: Iterable[dict[str, Any]], index: str, stored: StoredTable = FLIGHTS) -> list[tuple[bytes, Any]]:
    """What `loaded` has to return: keys computed one by one, then sorted."""
    maker = KeyMaker(stored)
    position = maker.position[index]
    entries = [(key, each) for each in documents for key in each_key(maker.keys(each)[position])]
    return sorted(entries, key=lambda entry: entry[0])


def select(store: Store, query: str) -> list[tuple[Any, ...]]:
    return store.cursor().execute(query).fetchall()
