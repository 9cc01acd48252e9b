"""The database as plain Python: documents in dicts, every read a scan and a sort. The oracle of the property tests.

Comes in: the operations of `scripts.py`. Goes out: what the engine must answer, and the `Look`s of the reader: which
documents, there or not, would have been seen. Nothing here knows of keys in bytes, trees or intervals.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from fractions import Fraction
from itertools import islice
from typing import Any

from reactive_nb.errors import (
    DocumentNotFound,
    FilterError,
    IndexRangeError,
    NotUnique,
    QueryUsageError,
    ReactiveError,
    SchemaMismatch,
    UniqueViolation,
    UnknownIndex,
)
from reactive_nb.schema.declaration import BY_CREATION_TIME, BY_ID, Index
from reactive_nb.values import wire
from reactive_nb.values.value import UNSET
from tests.properties.scripts import PAGES, Delete, Fields, Get, Insert, Operation, Patch, Read, Replace
from tests.strategies import identical

Key = tuple[Any, ...]
_BUILT_IN = {BY_CREATION_TIME: Index(BY_CREATION_TIME, ()), BY_ID: Index(BY_ID, ("_id",))}
_END = "the end of the range"


def order(value: Any) -> Key:
    """Return what sorts values: missing, null, numbers, times, false, true, strings, bytes, arrays, objects."""
    match value:
        case None:
            return (1,)
        case bool():
            return (4, value)
        case int() | float():
            return (2, value)
        case datetime():
            return (3, value)
        case str():
            return (5, value)
        case bytes():
            return (6, value)
        case list():
            return (7, tuple(map(order, value)))
        case dict():
            return (8, tuple((name, order(inner)) for name, inner in sorted(value.items())))
    assert value is UNSET
    return (0,)


def at(document: Fields, path: str) -> Any:
    """Return the value at a path, or UNSET."""
    value: Any = document
    for name in path.split("."):
        if not isinstance(value, dict) or name not in value:
            return UNSET
        value = value[name]
    return value


def keys(index: Index, document: Fields) -> list[Key]:
    """Return where a document stands in an index; the last part is the id, the one before it the creation time."""
    end = (order(document["_creationTime"]), document["_id"])
    if index.name == BY_ID:
        return [(document["_id"],)]
    if not index.multi:
        return [(*(order(at(document, path)) for path in index.fields), *end)]
    elements = at(document, index.fields[0])
    if not isinstance(elements, list):
        return []
    rest = [order(at(document, path)) for path in index.fields[1:]]
    return [(element, *rest, *end) for element in dict.fromkeys(map(order, elements))]


def _raise(kind: type[ReactiveError], **facts: Any) -> Any:
    raise kind("plain Python", thing="refuses", expected="nothing", hint="See the engine's own error", **facts)


def _has_number(document: Fields) -> bool:
    return type(document.get("n")) in (int, float)


KEEPS: Mapping[str | None, Callable[[Fields], bool]] = {
    None: lambda _: True,
    "n above 0": lambda document: order(document.get("n", UNSET)) > order(0),
    "n is 1": lambda document: document.get("n") == 1,
    "x is there": lambda document: at(document, "m.x") is not UNSET,
    "n + 1 above 1": lambda document: document["n"] > 0 if _has_number(document) else _raise(FilterError),
    "n is odd": lambda document: document["n"] % 2 == 1,
}


@dataclass(frozen=True)
class Look:
    """Something a reader has looked at.

    Attributes:
        table: The table; its declaration always counts as seen. None for the set of all tables.
        sees: Whether a document of the table lies in what was looked at.
    """

    table: str | None
    sees: Callable[[Fields], bool] = lambda _: False

    def is_touched_by(self, step: Step) -> bool:
        """Whether a commit changed anything that was looked at, by what a document was or by what it became."""
        if step.redeclared and (self.table is None or self.table in step.redeclared):
            return True
        return any(
            self.sees(document)
            for table, *versions in step.changes
            if table == self.table
            for document in versions
            if document is not None
        )


@dataclass(frozen=True)
class Step:
    """What one commit did: (table, document before, document after) and the tables declared anew."""

    changes: list[tuple[str, Fields | None, Fields | None]]
    redeclared: set[str]

    def __bool__(self) -> bool:
        return bool(self.changes or self.redeclared)

    def touches(self, looks: list[Look]) -> bool:
        return any(look.is_touched_by(self) for look in looks)


@dataclass
class Pages:
    """Where the pages of a live paginating read ended; they keep these ends as long as their index is the same."""

    index: Index | None = None
    ends: list[Any] = field(default_factory=list)


@dataclass
class Plain:
    """A database: the indexes and the documents of each table. Documents are never changed, only replaced."""

    indexes: dict[str, tuple[Index, ...]] = field(default_factory=dict)
    tables: dict[str, dict[str, Fields]] = field(default_factory=dict)

    def copy(self) -> Plain:
        return Plain(dict(self.indexes), {name: dict(documents) for name, documents in self.tables.items()})

    def since(self, before: Plain) -> Step:
        """Return what differs from an earlier state."""
        changes = []
        for table, documents in self.tables.items():
            old = before.tables.get(table, {})
            for id in old.keys() | documents.keys():
                if not identical(old.get(id), documents.get(id)):
                    changes.append((table, old.get(id), documents.get(id)))
        redeclared = {name for name, indexes in self.indexes.items() if before.indexes.get(name) != indexes}
        return Step(changes, redeclared)

    def index(self, table: str, name: str) -> Index | None:
        return next((each for each in self.indexes.get(table, ()) if each.name == name), _BUILT_IN.get(name))

    # ------------------------------------------------------------------ declaring

    def define(self, table: str, indexes: tuple[Index, ...]) -> None:
        """Declare a table's indexes, unless a new unique one holds two documents with the same values."""
        for index in indexes:
            if index.unique and index not in self.indexes.get(table, ()):
                taken = [
                    key[:-2]
                    for document in self.tables.get(table, {}).values()
                    if not _is_exempt(index, document)
                    for key in keys(index, document)
                ]
                if len(set(taken)) < len(taken):
                    _raise(SchemaMismatch)
        self.indexes[table] = indexes
        self.tables.setdefault(table, {})

    # ------------------------------------------------------------------ operations

    def run(self, operation: Operation, looks: list[Look], inserted: Fields | None = None) -> Any:
        """Return what an operation returns, or raise the kind of error it raises.

        Args:
            operation: What to do.
            looks: Gets what is looked at.
            inserted: For an insert the whole document: the engine chooses its id and creation time. None when the
                engine refused it.
        """
        match operation:
            case Read():
                return self.read(operation, looks)
            case Get(id, table):
                return self._get(table, id, looks)
            case Insert(table, own):
                if table not in self.indexes:
                    looks.append(Look(None))
                    self.indexes[table] = ()
                    self.tables[table] = {}
                document = inserted or {"_id": "", "_creationTime": 0.0, **own}
                self._write(table, document["_id"], document, looks)
                return document["_id"]
            case Patch(id, own, table):
                old = self._existing(table, id, looks)
                patched = {name: value for name, value in {**old, **own}.items() if value is not UNSET}
                return self._write(table, id, patched, looks)
            case Replace(id, own, table):
                old = self._existing(table, id, looks)
                system = {name: old[name] for name in ("_id", "_creationTime")}
                return self._write(table, id, {**system, **own}, looks)
            case Delete(id, table):
                self._existing(table, id, looks)
                return self._write(table, id, None, looks)

    def _get(self, table: str, id: str, looks: list[Look]) -> Fields | None:
        looks.append(Look(table, lambda document: document["_id"] == id) if table in self.indexes else Look(None))
        return self.tables.get(table, {}).get(id)

    def _existing(self, table: str, id: str, looks: list[Look]) -> Fields:
        document = self._get(table, id, looks)
        return _raise(DocumentNotFound) if document is None else document

    def _write(self, table: str, id: str, new: Fields | None, looks: list[Look]) -> None:
        old = self.tables[table].get(id)
        if identical(old, new):
            return
        for index in self.indexes[table]:
            if index.unique and new is not None and not _is_exempt(index, new):
                before = [] if old is None else keys(index, old)
                for key in keys(index, new):
                    if key not in before:
                        self._check_unique(table, index, key[:-2], id, looks)
        if new is None:
            del self.tables[table][id]
        else:
            self.tables[table][id] = new

    def _check_unique(self, table: str, index: Index, values: Key, id: str, looks: list[Look]) -> None:
        def holds(document: Fields) -> bool:
            return any(key[:-2] == values for key in keys(index, document))

        looks.append(Look(table, holds))
        for document in self.tables[table].values():
            if holds(document) and document["_id"] != id:
                _raise(UniqueViolation, existing=document["_id"])

    # ------------------------------------------------------------------ reading

    def read(self, read: Read, looks: list[Look], pages: Pages | None = None) -> Any:
        """Return what a read returns.

        Args:
            read: The read.
            looks: Gets what is looked at.
            pages: For a live paginating read, where its pages ended at its last run; gets the new ends.
        """
        kept, earlier = Pages() if pages is None else pages, Pages()
        earlier.index, earlier.ends = kept.index, kept.ends
        kept.ends = []
        looks.append(Look(read.table))
        index = self.index(read.table, read.index)
        if index is None or (read.table not in self.indexes and read.index != BY_CREATION_TIME):
            return _raise(UnknownIndex)
        scan = Scan(self, read, index, looks)
        kept.index = index
        match read.how:
            case "collect":
                return list(scan.documents())
            case "take" | "iterate":
                return list(islice(scan.documents(), read.size))
            case "first":
                return next(scan.documents(), None)
            case "unique":
                found = list(islice(scan.documents(), 2))
                if len(found) > 1:
                    _raise(NotUnique, ids=[each["_id"] for each in found])
                return found[0] if found else None
            case "paginate":
                return self._pages(scan, kept, earlier.ends if earlier.index == index else [])
            case "count":
                return len(list(scan.documents(whole=True)))
            case "group_by":
                return self._groups(scan)
            case "distinct":
                values = [dict(values).get(read.fields[0], UNSET) for values, _ in scan.groups()]
                return [value for value in values if value is not UNSET]
            case "at":
                return scan.at(read.position)
            case "rank":
                return scan.rank(read.values)
            case "rank_of":
                return scan.rank_of(self._get(read.table, read.document, looks))
            case _:
                return _aggregate(read.how, [at(each, read.field) for each in scan.documents(whole=True)])

    def _groups(self, scan: Scan) -> list[Fields]:
        return [
            {
                **dict(values),
                "how many": len(documents),
                **{
                    how: _aggregate(how, [at(document, scan.read.field) for document in documents])
                    for how in ("sum", "avg", "min", "max")
                },
            }
            for values, documents in scan.groups()
        ]

    def _pages(self, scan: Scan, kept: Pages, earlier: list[Any]) -> Fields:
        if not scan.once_each:
            return _raise(QueryUsageError)
        pages: list[list[Fields]] = []
        start = None
        while len(pages) < PAGES and start is not _END:
            pinned = earlier[len(pages)] if len(pages) < len(earlier) else None
            limit = scan.read.size if pinned is None else None
            page = list(islice(scan.documents(start, None if pinned is _END else pinned), limit))
            pages.append(page)
            start = pinned or (scan.last if limit is not None and len(page) == limit else _END)
            kept.ends.append(start)
        return {"pages": pages, "is_done": start is _END}


class Scan:
    """The documents of a read in order, and how far its reader got."""

    def __init__(self, plain: Plain, read: Read, index: Index, looks: list[Look]) -> None:
        self.plain, self.read, self.index, self.looks = plain, read, index, looks
        self.last: Key | None = None
        self.names = names = (*index.fields, "_creationTime") if index.name != BY_ID else ("_id",)
        self.equal = {field: order(value) for field, value in read.equal}
        self.bounds = [bound for bound in (read.lower, read.upper) if bound is not None]
        prefix = names[: len(self.equal)]
        if set(prefix) != set(self.equal) or any(field != names[len(prefix)] for _, field, _ in self.bounds):
            _raise(IndexRangeError)
        self.prefix = tuple(self.equal[name] for name in prefix)
        self.once_each = not index.multi or index.fields[0] in self.equal

    def holds(self, key: Key, start: Key | None, end: Key | None) -> bool:
        """Whether a key is in the range, after `start` and up to `end`, which are places in reading order."""
        if key[: len(self.prefix)] != self.prefix:
            return False
        for method, _, value in self.bounds:
            here, bound = key[len(self.prefix)], order(value)
            if not {"gt": here > bound, "gte": here >= bound, "lt": here < bound, "lte": here <= bound}[method]:
                return False
        if self.read.order == "desc":
            return (start is None or key < start) and (end is None or key >= end)
        return (start is None or key > start) and (end is None or key <= end)

    def documents(self, start: Key | None = None, end: Key | None = None, whole: bool = False) -> Iterator[Fields]:
        """Yield the documents after `start` and up to `end`; what was looked at grows while they are asked for.

        Args:
            start: A place in the index, None for the beginning of the range.
            end: A place in the index, None for the end of the range.
            whole: For an aggregate; without a filter it looks at everything at once.
        """
        for _, document in self.entries(start, end, whole):
            yield document

    def _sorted(self, start: Key | None = None, end: Key | None = None) -> list[tuple[Key, Fields]]:
        documents = self.plain.tables.get(self.read.table, {}).values()
        entries = [(key, each) for each in documents for key in keys(self.index, each) if self.holds(key, start, end)]
        entries.sort(key=lambda entry: entry[0], reverse=self.read.order == "desc")
        return entries

    def entries(
        self, start: Key | None = None, end: Key | None = None, whole: bool = False, repeated: bool = False
    ) -> Iterator[tuple[Key, Fields]]:
        """Yield what `documents` yields with its place in the index; `repeated` as often as it stands there."""
        entries = self._sorted(start, end)
        place = len(self.looks)
        self.looks.append(self._look(start, end) if whole and self.read.where is None else Look(self.read.table))
        met = set()
        for key, document in entries:
            self.last = key
            self.looks[place] = self._look(start, key)
            if repeated or document["_id"] not in met:
                met.add(document["_id"])
                if KEEPS[self.read.where](document):
                    yield key, document
        self.looks[place] = self._look(start, end)

    def groups(self) -> list[tuple[list[tuple[str, Any]], list[Fields]]]:
        """Return the values of each group of the fields of the read, and its documents."""
        fields = self.read.fields
        if fields != self.names[len(self.prefix) :][: len(fields)]:
            _raise(QueryUsageError)
        entries = list(self.entries(whole=True, repeated=True))
        if self.read.order == "desc":
            entries.reverse()
        found: dict[Key, list[tuple[Key, Fields]]] = {}
        for key, document in entries:
            found.setdefault(key[: len(self.prefix) + len(fields)], []).append((key, document))
        groups = [(self._values(*own[0]), [document for _, document in own]) for own in found.values()]
        return groups[::-1] if self.read.order == "desc" else groups

    def _values(self, key: Key, document: Fields) -> list[tuple[str, Any]]:
        """Return the fields of a group that are there, by the key of its first document."""
        values = [(field, at(document, field)) for field in self.read.fields]
        if self.index.multi and not self.prefix:
            field, elements = values[0]
            values[0] = (field, next(element for element in elements if order(element) == key[0]))
        return [(field, value) for field, value in values if value is not UNSET]

    def at(self, position: int) -> Fields | None:
        """Return the document at a position; nothing on its other side is looked at."""
        if position >= 0:
            return next(islice(self.documents(), position, None), None)
        if not self.once_each:
            documents = list(self.documents(whole=True))
            return documents[position] if -position <= len(documents) else None
        backwards = replace(self.read, order="asc" if self.read.order == "desc" else "desc")
        return Scan(self.plain, backwards, self.index, self.looks).at(-position - 1)

    def rank(self, values: tuple[tuple[str, Any], ...]) -> int:
        """Return how many documents stand before those with some values."""
        following = self.names[len(self.prefix) :][: len(values)]
        if {name for name, _ in values} != set(following):
            _raise(IndexRangeError)
        given = dict(values)
        wanted = tuple(given[name] if self.index.name == BY_ID else order(given[name]) for name in following)

        def is_before(key: Key) -> bool:
            own = key[len(self.prefix) :][: len(wanted)]
            return own > wanted if self.read.order == "desc" else own < wanted

        def looks_at(document: Fields, last: Key | None = None) -> bool:
            return any(self.holds(key, None, last) and is_before(key) for key in keys(self.index, document))

        before = [(key, document) for key, document in self._sorted() if is_before(key)]
        self.looks.append(Look(self.read.table, looks_at))
        if self.read.where is not None:
            self.looks.pop()
            for key, document in before:
                self.looks.append(Look(self.read.table, lambda each, last=key: looks_at(each, last)))
                if KEEPS[self.read.where](document) is False:
                    before = [entry for entry in before if entry[1] is not document]
            self.looks.append(Look(self.read.table, looks_at))
        return len({document["_id"] for _, document in before})

    def rank_of(self, document: Fields | None) -> int | None:
        """Return how many documents stand before one, which is known to be looked at itself."""
        own = [] if document is None else [key for key in keys(self.index, document) if self.holds(key, None, None)]
        if document is None or not own:
            return None
        end = max(own) if self.read.order == "desc" else min(own)
        ids = [each["_id"] for each in self.documents(None, end, whole=True)]
        return len(ids) - 1 if document["_id"] in ids[-1:] else None

    def _look(self, start: Key | None, end: Key | None) -> Look:
        return Look(
            self.read.table, lambda document: any(self.holds(key, start, end) for key in keys(self.index, document))
        )


def _is_exempt(index: Index, document: Fields) -> bool:
    return any(at(document, path) in (None, UNSET) for path in index.fields[1 if index.multi else 0 :])


def _aggregate(how: str, values: list[Any]) -> Any:
    """Return a sum or average rounded once, or the extreme in the order of values."""
    if how in ("min", "max"):
        present = [value for value in values if value is not None and value is not UNSET]
        best = min if how == "min" else max
        return best(present, key=lambda value: (order(value), wire.encode(value)), default=None)
    numbers = [value for value in values if type(value) in (int, float)]
    exact = sum(map(Fraction, numbers), Fraction(0))
    if how == "avg":
        return float(exact / len(numbers)) if numbers else None
    return float(exact) if any(type(number) is float for number in numbers) else int(exact)
