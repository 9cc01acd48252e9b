"""The database as a value: every table's documents under every index, as of one timestamp.

Comes in: a snapshot and the changes of one commit. Goes out: the next snapshot, which shares with the first all that
did not change, and the keys that were touched. Nothing here changes once made, so readers need no locks and an
earlier moment is just an object still held.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from operator import le
from typing import Any, TypeAlias

import msgspec

from reactive_nb.documents.document import decode_document, decode_documents
from reactive_nb.documents.index_key import KeyMaker, Keys, each_key
from reactive_nb.documents.interval import ALL
from reactive_nb.documents.ordered_map import OrderedMap
from reactive_nb.schema.declaration import BY_CREATION_TIME, BY_ID, TABLES, TABLES_NUMBER, Index, StoredTable, Table
from reactive_nb.search.edits import SearchChange, change_of
from reactive_nb.search.entries import Entries, Rewrite, entries_of

Documents = OrderedMap[bytes]
Loader = Callable[[str], Documents]
"""Brings one index of a table into memory, by name; every call returns the same content."""

TABLES_TABLE = StoredTable(TABLES, TABLES_NUMBER, Table(None, (Index("by_name", ("name",)),)))


class Change(msgspec.Struct, frozen=True, gc=False):
    """One document of one commit: what it was and what it is, as bytes and as its keys in every index.

    `old` and `old_keys` are None for an insert, `new` and `new_keys` for a delete. It can be in no cycle, so Python's
    garbage collector is not asked to look at the hundreds of thousands that one commit may have.
    """

    table: str
    id: str
    old: bytes | None
    new: bytes | None
    old_keys: Keys | None
    new_keys: Keys | None


_MANY = 256
"""From so many inserts on it pays to take them in columns; one commit of one document should not wait for the choice."""

Touched = dict[str, list[bytes]]
"""Index name → the sorted keys, old and new, of the documents that changed."""

Place: TypeAlias = tuple[str, str]
"""A table and an index of it."""


class _Late:
    """A search index that is made when it is first needed, shared by all moments of a table that have the same one.

    So it is there for those that come while it is being made. Starts without `index`, which is set once; by two
    threads, if both need it at once, to the same.
    """

    __slots__ = ("index",)

    def __init__(self, index: Any = None) -> None:
        self.index = index


class TableState:
    """One table at one moment: its declaration and its documents, once per index.

    The maps of all indexes hold the same bytes objects as values, so a scan of any index yields documents without a
    second look-up. A table opened from a file has a loader, and an index comes into memory when first needed; a
    change needs all of them.

    Search indexes are made from the documents when first needed. A transaction's own view of a table keeps what has
    changed, and works a search index out only if it searches; a commit brings those up to date that it concerns.
    """

    __slots__ = ("__weakref__", "_before", "_loader", "_maps", "_searches", "maker", "stored")

    def __init__(
        self, stored: StoredTable, maker: KeyMaker, maps: dict[str, Documents], loader: Loader | None = None
    ) -> None:
        self.stored = stored
        self.maker = maker
        self._maps = maps
        self._loader = loader
        self._searches: dict[str, _Late] = {}
        # The table and the changes that lead to this one, as long as search indexes may have to be worked out by them.
        self._before: tuple[TableState, Sequence[Change]] | None = None

    @classmethod
    def empty(cls, stored: StoredTable) -> TableState:
        """Return a table without documents."""
        maker = KeyMaker(stored)
        return cls(stored, maker, {name: OrderedMap() for name in maker.names})

    @classmethod
    def lazy(cls, stored: StoredTable, loader: Loader) -> TableState:
        """Return a table whose indexes are loaded when first needed."""
        return cls(stored, KeyMaker(stored), {}, loader)

    @property
    def name(self) -> str:
        """The table's name."""
        return self.stored.name

    def map(self, index: str) -> Documents:
        """Return the documents in the order of an index that the table has."""
        found = self._maps.get(index)
        if found is None:
            assert self._loader is not None, f"{self.name} has no index {index}"
            # Filling in a loaded index is not a change: the loader gives the same content every time.
            found = self._maps[index] = self._loader(index)
        return found

    def load(self) -> None:
        """Bring all indexes into memory, because what the loader reads is about to change."""
        for name in self.maker.names:
            self.map(name)

    def has_index(self, index: str) -> bool:
        """Whether the table has this index, declared or built in."""
        return index in self.maker.position

    def get(self, id: str) -> bytes | None:
        """Return the encoding of the document with this id, or None."""
        return self.map(BY_ID).get(id.encode())

    def search(self, name: str) -> Any:
        """Return a declared search index: `Postings` or `Vectors`."""
        late = self._late(name)
        found = late.index
        if found is None:
            # Back to the nearest table that has it, in a loop: a function may have written and read in turns for long.
            steps: list[Sequence[Change]] = []
            state = self
            while state._late(name).index is None and state._before is not None:
                state, changes = state._before
                steps.append(changes)
            found = state._late(name).index
            if found is None:
                found = state._late(name).index = state._entries(name).of(
                    document for _, block in state.map(BY_CREATION_TIME).blocks(*ALL) for document in block
                )
            for changes in reversed(steps):
                edits = self._entries(name).edits(_rewrites(changes))
                found = found.apply(edits) if edits else found
            # As with a loaded index, whoever works it out gets the same.
            late.index = found
        return found

    def _late(self, name: str) -> _Late:
        return self._searches.setdefault(name, _Late())

    def settle(self) -> dict[str, SearchChange]:
        """Bring the search indexes up to date after `apply` and return what has changed in them; for a commit.

        From here on the table before can be forgotten. An index that is not in memory yet, and not concerned, stays so.
        """
        assert self._before is not None
        before, changes = self._before
        changed = {}
        for declared in self.stored.table.searches:
            name = declared.name
            edits = self._entries(name).edits(_rewrites(changes))
            if edits:
                old = before.search(name)
                new = old.apply(edits)
                self._searches[name] = _Late(new)
                changed[name] = change_of(edits, old.scale != new.scale)
            else:
                self._searches[name] = before._late(name)
        self._before = None
        return changed

    def _entries(self, name: str) -> Entries[Any]:
        declared = self.stored.table.find_search(name)
        assert declared is not None, f"{self.name} has no search index {name}"
        return entries_of(declared)

    def apply(self, changes: Sequence[Change]) -> tuple[TableState, Touched]:
        """Return the table after `changes`, which are all its own and follow one another, and the keys they touch."""
        maps: dict[str, Documents] = {}
        touched: Touched = {}
        inserts_only = len(changes) >= _MANY and all(change.old_keys is None for change in changes)
        for position, name in enumerate(self.maker.names):
            before = self.map(name)
            if inserts_only:
                keys, values = _in_order(*_inserts(changes, position))
                maps[name] = before.with_changes(keys, values) if len(before) else OrderedMap.from_sorted(keys, values)
            else:
                ordered = sorted(_edits(changes, position).items())
                keys = [key for key, _ in ordered]
                maps[name] = before.apply(ordered)
            touched[name] = keys
        after = TableState(self.stored, self.maker, maps)
        if self.stored.table.searches:
            after._before = self, tuple(changes)  # the list is its caller's
        return after, touched

    def redeclared(self, stored: StoredTable) -> TableState:
        """Return the table under another declaration: indexes it shares are kept, new ones are backfilled."""
        maker = KeyMaker(stored)
        kept = {
            name
            for name in maker.names
            if self.has_index(name) and self.stored.table.find(name) == stored.table.find(name)
        }
        maps = {name: self.map(name) for name in kept}
        missing = [name for name in maker.names if name not in kept]
        if missing:
            entries: dict[str, list[tuple[bytes, bytes]]] = {name: [] for name in missing}
            for data, document in self.documents():
                keys = maker.keys(document)
                for name in missing:
                    entries[name].extend((key, data) for key in each_key(keys[maker.position[name]]))
            for name, pairs in entries.items():
                pairs.sort()
                maps[name] = OrderedMap.from_sorted([key for key, _ in pairs], [data for _, data in pairs])
        state = TableState(stored, maker, maps)
        for declared in stored.table.searches:
            name = declared.name
            if self.stored.table.find_search(name) != declared:
                state.search(name)
            else:
                if self._before is not None:
                    self.search(name)  # from the table before, which the new one will not know
                state._searches[name] = self._late(name)
        return state

    def documents(self) -> Iterator[tuple[bytes, dict[str, Any]]]:
        """Yield every document as bytes and decoded, in order of id."""
        for _, block in self.map(BY_ID).blocks(*ALL):
            yield from zip(block, decode_documents(block), strict=True)

    @property
    def size(self) -> int:
        """How many documents there are."""
        return len(self.map(BY_ID))


class Snapshot:
    """All tables as of one timestamp.

    Attributes:
        ts: The number of the last commit it holds; 0 is the empty database.
        tables: Table name → its state.
        numbers: Table name → the number in its documents' ids.
    """

    __slots__ = ("_by_number", "numbers", "tables", "ts")

    def __init__(self, ts: int, tables: Mapping[str, TableState], numbers: Mapping[str, int] | None = None) -> None:
        self.ts = ts
        self.tables = tables
        self.numbers = {name: state.stored.number for name, state in tables.items()} if numbers is None else numbers
        self._by_number: dict[int, str] | None = None

    @classmethod
    def empty(cls) -> Snapshot:
        """Return the database before its first commit: nothing but the table of tables."""
        return cls(0, {TABLES: TableState.empty(TABLES_TABLE)})

    def name_of(self, number: int) -> str | None:
        """Return the name of the table with this number, or None when there is none."""
        if self._by_number is None:
            self._by_number = {number: name for name, number in self.numbers.items()}
        return self._by_number.get(number)

    def redeclared_by(self, changes: Iterable[Change]) -> dict[str, TableState | None]:
        """Return the tables that changes to `_tables` declare anew, as `apply` wants them."""
        redeclared: dict[str, TableState | None] = {}
        for change in changes:
            if change.table != TABLES:
                continue
            assert change.new is not None, "declarations stay, also those of dropped tables"
            document = decode_document(change.new)
            if document["dropped"]:
                redeclared[document["name"]] = None
            else:
                stored = StoredTable.from_document(document)
                before = self.tables.get(stored.name)
                redeclared[stored.name] = TableState.empty(stored) if before is None else before.redeclared(stored)
        return redeclared

    def apply(
        self, ts: int, changes: Iterable[Change], redeclared: Mapping[str, TableState | None]
    ) -> tuple[Snapshot, dict[Place, list[bytes]], dict[Place, SearchChange]]:
        """Return the snapshot after one commit, and what it touched by table and index: keys, and search indexes.

        Args:
            ts: The commit's number.
            changes: What it did to documents.
            redeclared: The tables whose declaration it changed, as they are afterwards and before `changes`;
                None for a dropped one.
        """
        tables = dict(self.tables)
        numbers: Mapping[str, int] | None = self.numbers
        for name, state in redeclared.items():
            numbers = None
            if state is None:
                tables.pop(name, None)
            else:
                tables[name] = state
        by_table: dict[str, list[Change]] = {}
        for change in changes:
            by_table.setdefault(change.table, []).append(change)
        touched: dict[Place, list[bytes]] = {}
        searched: dict[Place, SearchChange] = {}
        for name, own in by_table.items():
            tables[name], keys = tables[name].apply(own)
            for index, sorted_keys in keys.items():
                touched[name, index] = sorted_keys
            if tables[name].stored.table.searches:
                for index, edits in tables[name].settle().items():
                    searched[name, index] = edits
        return Snapshot(ts, tables, numbers), touched, searched

    def check(self) -> None:
        """Assert that every index of every table holds exactly the keys of its documents (invariant 7)."""
        for state in self.tables.values():
            expected: dict[str, dict[bytes, bytes]] = {name: {} for name in state.maker.names}
            for data, document in state.documents():
                for name, key in zip(state.maker.names, state.maker.keys(document), strict=True):
                    expected[name].update(dict.fromkeys(each_key(key), data))
            for name, entries in expected.items():
                index = state.map(name)
                index.check()
                assert list(index.items(*ALL)) == sorted(entries.items()), f"{state.name}.{name} is not its documents"
            for declared in state.stored.table.searches:
                search = state.search(declared.name)
                search.check()
                afresh = entries_of(declared).of(data for data, _ in state.documents())
                assert len(search) == len(afresh), f"{state.name}.{declared.name} is not its documents"


def _inserts(changes: Sequence[Change], position: int) -> tuple[list[bytes], list[bytes]]:
    """Return the keys that inserted documents have in the index at a position of `Keys`, and with each its document."""
    keys: list[Any] = [change.new_keys[position] for change in changes]  # type: ignore[index]  # an insert has new keys
    documents: list[Any] = [change.new for change in changes]
    if bytes in map(type, keys):  # then all: the index is not multi
        return keys, documents
    counts = map(len, keys)
    return [each for key in keys for each in key], [
        document for document, count in zip(documents, counts, strict=True) for _ in range(count)
    ]


def _in_order(keys: list[bytes], documents: list[bytes]) -> tuple[list[bytes], list[bytes]]:
    """Return keys, all different, in order, and with each its document; runs that are in order cost next to nothing."""
    if all(map(le, keys, islice(keys, 1, None))):
        return keys, documents
    # Not as pairs, which take twice as long to compare.
    order = sorted(range(len(keys)), key=keys.__getitem__)
    return [keys[at] for at in order], [documents[at] for at in order]


def _edits(changes: Sequence[Change], position: int) -> dict[bytes, bytes | None]:
    """Return what any changes, one after another, put into the index at a position of `Keys`; None takes out."""
    edits: dict[bytes, bytes | None] = {}
    for change in changes:
        if change.old_keys is not None:
            key = change.old_keys[position]
            if isinstance(key, bytes):
                edits[key] = None
            else:
                edits.update((each, None) for each in key)
        if change.new_keys is not None:
            key = change.new_keys[position]
            if isinstance(key, bytes):
                edits[key] = change.new
            else:
                edits.update((each, change.new) for each in key)
    return edits


def _rewrites(changes: Iterable[Change]) -> Iterator[Rewrite]:
    return ((change.id, change.old, change.new) for change in changes)
