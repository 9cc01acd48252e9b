"""Check and repair: whether all parts of a database file say the same, and the derived ones made anew.

Comes in: the path of a file that nobody has open. Goes out: what is wrong, in words. Documents and declarations are what
everything else follows from: keys of indexes and typed tables can be made again from them, and they themselves from
nothing.

1. Every table has its place, and every place its table.
2. Every document can be decoded, is filed under its own id, once, and fits its declaration.
3. The key columns are the keys of the documents, and the typed tables their values.
4. The log can be read from where the tables stand, and what is in it can be carried out.
5. The bytes of every stored file are there, with their hash.

Nothing is changed by a check, except that what a crash has left in DuckDB's own write-ahead log is written into the
file, as with any opening.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from reactive_nb.documents.document import CREATION_TIME, ID, decode_document
from reactive_nb.documents.ordered_map import OrderedMap
from reactive_nb.documents.snapshot import TABLES_TABLE, Snapshot, TableState
from reactive_nb.errors import DatabaseFileError, InvalidValue, ReactiveError, ValidationError
from reactive_nb.files.contents import Contents
from reactive_nb.log.file import FileLog
from reactive_nb.schema.declaration import TABLES, StoredTable
from reactive_nb.schema.system_tables import STORAGE
from reactive_nb.tables.columns import columns_of
from reactive_nb.tables.fold import FoldRow, TableFold, fold
from reactive_nb.tables.names import quoted
from reactive_nb.tables.store import SCHEMA, Placement, Store
from reactive_nb.tables.typed import TypedTable
from reactive_nb.transaction.commit import replay

if TYPE_CHECKING:
    from reactive_nb.documents.index_key import KeyMaker

_AT_ONCE = 20_000
_SAID = 5
_EXPECTED = "check_expected"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        place: Where: a table, the log, the files.
        text: What.
        is_derived: Whether `repair` makes it right.
    """

    place: str
    text: str
    is_derived: bool

    def __str__(self) -> str:
        return f"{self.place}: {self.text}"


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What a check has found.

    Attributes:
        path: The file.
        tables: How many tables it has, with those of the engine.
        documents: How many documents stand in them.
        commits: How many commits the log holds beyond them.
        problems: What is wrong.
        repaired: Whether derived parts were made anew after this.
    """

    path: Path
    tables: int
    documents: int
    commits: int
    problems: tuple[Problem, ...]
    repaired: bool = False

    def __str__(self) -> str:
        stands = f"{self.documents:,} documents in {self.tables:,} tables"
        lines = [f"{self.path}: {stands}, {self.commits:,} commits in the log that the tables lack"]
        lines += [str(problem) for problem in self.problems] or ["everything agrees"]
        return "\n".join(lines)


def check(path: str | os.PathLike[str]) -> CheckReport:
    """Look whether all parts of a file agree.

    Raises:
        DatabaseFileError: There is no such file, it is no database of ours, or somebody has it open.
    """
    store = _opened(path)
    try:
        return _Check(store).report()
    finally:
        store.close()


def repair(path: str | os.PathLike[str]) -> CheckReport:
    """Check a file, and make all derived parts of its tables anew if some of them are wrong.

    Returns:
        What was wrong before. What is not derived stays as it is.

    Raises:
        DatabaseFileError: As for `check`; or DuckDB could not write, and nothing has changed.
    """
    store = _opened(path)
    try:
        found = _Check(store)
        report = found.report()
        if not any(problem.is_derived for problem in report.problems):
            return report
        fold(store, store.folded, found.rebuilt())
        return replace(report, repaired=True)
    finally:
        store.close()


def _opened(path: str | os.PathLike[str]) -> Store:
    file = Path(path).expanduser().absolute()
    if not file.is_file():
        raise DatabaseFileError(
            f"Cannot check {file}",
            thing="there is no such file",
            expected="the file of a database",
            hint="Correct the path",
        )
    return Store.open(file, is_made=False)


class _Check:
    """One look at an open store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._cursor = store.cursor()
        self._problems: list[Problem] = []
        self._documents = 0
        # By number: every table there should be, and those whose documents could all be read, by id.
        self._stored: dict[int, StoredTable] = {}
        self._whole: dict[int, dict[str, bytes]] = {}

    def report(self) -> CheckReport:
        commits = 0
        if self._store.folded:
            self._check_tables()
        elif self._store.placements:
            self._tell("reactive.meta", "it says that nothing was written yet, and there are tables", is_derived=False)
        if not any(not problem.is_derived for problem in self._problems):
            # What could not be read above would only be reported again.
            snapshot, commits = self._check_log()
            self._check_files(snapshot)
        return CheckReport(self._store.path, len(self._stored), self._documents, commits, tuple(self._problems))

    def rebuilt(self) -> Iterator[TableFold]:
        """Yield what makes the derived parts anew, of the tables whose documents could be read."""
        for number, documents in self._whole.items():
            stored = self._stored[number]
            yield TableFold(number, stored, self._fold_rows(stored, documents), (), rebuild=True)

    def _fold_rows(self, stored: StoredTable, documents: dict[str, bytes]) -> Iterator[FoldRow]:
        maker = TableState.empty(stored).maker
        for id, data in sorted(documents.items()):
            yield FoldRow(id, data, maker.keys(decode_document(data)))

    def _tell(self, place: str, text: str, *, is_derived: bool) -> None:
        self._problems.append(Problem(place, text, is_derived))

    # -------------------------------------------------------------- tables

    def _check_tables(self) -> None:
        self._check_table(TABLES_TABLE)
        for id, data in self._whole.get(TABLES_TABLE.number, {}).items():
            try:
                document = decode_document(data)
                if not document["dropped"]:
                    stored = StoredTable.from_document(document)
                    self._stored[stored.number] = stored
            except (ReactiveError, KeyError, TypeError, AttributeError):
                self._tell(TABLES, f"the declaration {id} cannot be read", is_derived=False)
        numbers = {stored.name: number for number, stored in self._stored.items()}
        for stored in [*self._stored.values()]:
            if stored.number != TABLES_TABLE.number:
                self._check_table(stored, numbers)
        for number, placement in self._store.placements.items():
            if number not in self._stored:
                # Nothing refers to it any more; but what it holds cannot be made again, so it is not taken out.
                self._tell(f"table {placement.name}", "it stands in the file and is declared nowhere", is_derived=False)

    def _check_table(self, stored: StoredTable, numbers: dict[str, int] | None = None) -> None:
        place = f"table {stored.name}"
        self._stored[stored.number] = stored
        placement = self._store.placements.get(stored.number)
        if placement is None:
            self._check_unplaced(place, stored)
            return
        documents = self._read_documents(place, stored)
        if documents is None:
            return
        self._documents += len(documents)
        self._whole[stored.number] = documents
        if numbers is not None:
            self._check_declaration(place, stored, documents, numbers)
        self._compare(place, stored, placement, documents)

    def _check_unplaced(self, place: str, stored: StoredTable) -> None:
        """Tell of a declared table that has no row in `reactive.tables`."""
        if f"documents_{stored.number}" in self._store.relations(SCHEMA):
            # An open database takes the table for empty, and made anew it would be: the documents would be lost.
            text = "its documents are in the file, and the row of reactive.tables that says where is gone"
            self._tell(place, text, is_derived=False)
        else:
            self._tell(place, "it is declared and has no place in the file, so it has no documents", is_derived=True)
            self._whole[stored.number] = {}

    def _read_documents(self, place: str, stored: StoredTable) -> dict[str, bytes] | None:
        """Return a table's documents by id, or None when they cannot all be read."""
        table = self._store.documents_table(stored.number)
        documents: dict[str, bytes] = {}
        bad: list[str] = []
        try:
            result = self._cursor.execute(f"SELECT _id, document FROM {table}")
            while rows := result.fetchmany(_AT_ONCE):
                for id, data in rows:
                    if id in documents:
                        bad.append(f"{id} stands there twice")
                    elif problem := _fault(id, data):
                        bad.append(f"{id} {problem}")
                    documents[id] = data
        except duckdb.Error as error:
            self._tell(place, f"its documents cannot be read: {_first_line(error)}", is_derived=False)
            return None
        if bad:
            self._tell(place, f"documents are damaged: {_listed(bad)}", is_derived=False)
            return None
        return documents

    def _check_declaration(
        self, place: str, stored: StoredTable, documents: dict[str, bytes], numbers: dict[str, int]
    ) -> None:
        validator = stored.table.document
        if validator is None:
            return
        misfits = []
        for id, data in documents.items():
            document = decode_document(data)
            del document[ID], document[CREATION_TIME]
            try:
                validator.check(document, "$", numbers)
            except (ValidationError, InvalidValue) as error:
                misfits.append(f"{id}: {error.thing}, expected {error.expected}")
        if misfits:
            self._tell(place, f"documents do not fit its declaration: {_listed(misfits)}", is_derived=False)

    def _compare(self, place: str, stored: StoredTable, placement: Placement, documents: dict[str, bytes]) -> None:
        """Look whether key columns and typed table are those of the documents."""
        if placement.typed.lower() in self._store.views_on(self._cursor, placement.schema):
            self._tell(place, "a view of another program stands in the place of its typed table", is_derived=True)
            return
        maker = TableState.empty(stored).maker
        wanted = set(maker.names[1:])
        if wanted != set(placement.keys):
            self._tell(
                place,
                f"its key columns are those of {sorted(placement.keys)}, its indexes {sorted(wanted)}",
                is_derived=True,
            )
        else:
            self._compare_keys(place, stored, placement, maker, documents)
        self._compare_typed(place, stored, placement, documents)

    def _compare_keys(
        self, place: str, stored: StoredTable, placement: Placement, maker: KeyMaker, documents: dict[str, bytes]
    ) -> None:
        columns = [placement.keys[name] for name in maker.names[1:]]
        kinds = ["BLOB[]" if name in placement.multi else "BLOB" for name in maker.names[1:]]
        expected = self._store.name(_EXPECTED)
        definition = ", ".join(f"{quoted(column)} {kind}" for column, kind in zip(columns, kinds, strict=True))

        def fill() -> None:
            self._cursor.execute(f"CREATE TABLE {expected} (_id VARCHAR, {definition})")
            for some in _parts(documents):
                rows = [(id, *maker.keys(decode_document(data))[1:]) for id, data in some]
                with self._cursor.appender(expected, columns=[ID, *columns]) as appender:
                    appender.append_rows(rows)

        self._differences(
            place,
            "its indexes do not have the keys of",
            fill,
            self._store.documents_table(stored.number),
            [ID, *columns],
        )

    def _compare_typed(
        self, place: str, stored: StoredTable, placement: Placement, documents: dict[str, bytes]
    ) -> None:
        columns = columns_of(stored.table)
        typed = TypedTable(self._cursor, self._store.name(_EXPECTED), columns)

        def fill() -> None:
            typed.create()
            for some in _parts(documents):
                typed.insert([decode_document(data) for _, data in some])

        actual = self._store.name(placement.schema, placement.typed)
        self._differences(place, "its typed table differs in", fill, actual, [*columns.names])

    def _differences(self, place: str, text: str, fill: Any, actual: str, columns: list[str]) -> None:
        """Compare a table with what it should be, within a transaction that is rolled back."""
        names = ", ".join(map(quoted, columns))
        expected = self._store.name(_EXPECTED)
        query = (
            f"SELECT DISTINCT _id FROM ((SELECT {names} FROM {expected} EXCEPT ALL SELECT {names} FROM {actual}) "
            f"UNION ALL (SELECT {names} FROM {actual} EXCEPT ALL SELECT {names} FROM {expected})) ORDER BY _id"
        )
        self._cursor.begin()
        try:
            fill()
            types = [
                [row[:2] for row in self._cursor.execute(f"DESCRIBE SELECT {names} FROM {table}").fetchall()]
                for table in (expected, actual)
            ]
            ids = [id for (id,) in self._cursor.execute(query).fetchall()]
        except duckdb.Error as error:
            self._tell(place, f"its tables cannot be compared: {_first_line(error)}", is_derived=True)
            return
        finally:
            self._cursor.rollback()
        if types[0] != types[1]:
            self._tell(place, f"{text} the types of its columns", is_derived=True)
        elif ids:
            self._tell(place, f"{text} {len(ids):,} document{'s' * (len(ids) > 1)}: {_listed(ids)}", is_derived=True)

    # -------------------------------------------------------------- log and files

    def _check_log(self) -> tuple[Snapshot, int]:
        """Carry out what the log holds beyond the tables, on a copy of the log: opening one may shorten it."""
        snapshot = self._snapshot()
        path = Path(f"{self._store.path}.log")
        if not path.exists():
            return snapshot, 0
        with tempfile.TemporaryDirectory(prefix="reactive_nb-") as folder:
            copy = Path(folder) / path.name
            shutil.copyfile(path, copy)
            try:
                log = FileLog(copy, self._store.database_id, base=self._store.folded)
            except ReactiveError as error:
                self._tell("log", error.thing, is_derived=False)
                return snapshot, 0
            try:
                return self._replay(log, snapshot)
            finally:
                log.close()

    def _replay(self, log: FileLog, snapshot: Snapshot) -> tuple[Snapshot, int]:
        folded = self._store.folded
        if not log.base <= folded <= log.head:
            self._tell(
                "log",
                f"it holds the commits after {log.base} to {log.head}, the tables stand at {folded}",
                is_derived=False,
            )
            return snapshot, 0
        try:
            for record in log.read(folded):
                snapshot, _ = replay(snapshot, record.ts, record.payload)
        except Exception as error:  # noqa: BLE001 - whatever damaged bytes make of the decoding
            self._tell("log", f"commit {snapshot.ts + 1} cannot be carried out: {_first_line(error)}", is_derived=False)
        return snapshot, log.head - folded

    def _snapshot(self) -> Snapshot:
        states: dict[str, TableState] = {}
        for number, documents in self._whole.items():
            stored = self._stored[number]
            empty = TableState.empty(stored)
            entries: dict[str, list[tuple[bytes, bytes]]] = {name: [] for name in empty.maker.names}
            for data in documents.values():
                keys = empty.maker.keys(decode_document(data))
                for name, key in zip(empty.maker.names, keys, strict=True):
                    entries[name] += [(each, data) for each in ((key,) if isinstance(key, bytes) else key)]
            maps = {}
            for name, pairs in entries.items():
                pairs.sort()
                maps[name] = OrderedMap.from_sorted([key for key, _ in pairs], [data for _, data in pairs])
            states[stored.name] = TableState(stored, empty.maker, maps)
        return Snapshot(self._store.folded, states) if states else Snapshot.empty()

    def _check_files(self, snapshot: Snapshot) -> None:
        state = snapshot.tables.get(STORAGE)
        if state is None or not state.size:
            return
        contents = Contents(Path(f"{self._store.path}.files"), lambda _: True)
        faults: Counter[str] = Counter()
        for data, document in state.documents():
            del data
            try:
                contents.open(document["sha256"], document["size"], document[ID]).close()
            except ReactiveError as error:
                faults[f"{document[ID]}: {error.thing}"] += 1
        if faults:
            self._tell("stored files", _listed([*faults]), is_derived=False)


def _fault(id: str, data: bytes | None) -> str:
    """Return what is wrong with a stored document, or nothing."""
    if data is None:
        return "has no bytes"
    try:
        document = decode_document(data)
    except InvalidValue as error:
        return f"cannot be decoded ({error.thing})"
    if not isinstance(document, dict) or ID not in document or CREATION_TIME not in document:
        return "is no document"
    return "" if document[ID] == id else f"is filed under another id than its own, {document[ID]}"


def _parts(documents: dict[str, bytes]) -> Iterator[list[tuple[str, bytes]]]:
    remaining = iter(documents.items())
    while some := [*islice(remaining, _AT_ONCE)]:
        yield some


def _listed(items: list[str]) -> str:
    more = f"; and {len(items) - _SAID:,} more" if len(items) > _SAID else ""
    return "; ".join(items[:_SAID]) + more


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
