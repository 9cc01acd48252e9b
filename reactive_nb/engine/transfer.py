"""Export and load: whole tables into files, and files into tables, each load in one transaction.

Comes in: paths. Goes out: for an export a file that is there whole or not at all, of one moment of the database; for a
load one commit, or an error and nothing changed. The work is done before the commit and outside of any lock, so Ctrl-C
ends a long load with nothing loaded, until the moment of the commit.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from reactive_nb.documents.document import ID, decode_documents
from reactive_nb.documents.interval import ALL
from reactive_nb.documents.snapshot import Snapshot, TableState
from reactive_nb.engine.garbage import without_garbage_collection
from reactive_nb.engine.transfer_report import ExportReport, LoadReport
from reactive_nb.errors import ConflictError, FileContentError, InvalidId, ReactiveError, UnknownTable
from reactive_nb.functions.actions import Report
from reactive_nb.functions.runner import ATTEMPTS, refuse_nested
from reactive_nb.log.frames import MAX_PAYLOAD
from reactive_nb.schema.declaration import (
    BY_CREATION_TIME,
    FIRST_USER_TABLE_NUMBER,
    TABLES,
    Table,
    check_table_name,
)
from reactive_nb.schema.system_tables import STORAGE, SYSTEM_TABLES
from reactive_nb.tables.transfer import csv_files, json_files, parquet, refusals
from reactive_nb.tables.transfer.arrivals import Arrivals, clear
from reactive_nb.tables.transfer.form import Form
from reactive_nb.tables.transfer.formats import Format, format_of, open_source
from reactive_nb.tables.transfer.snapshot_zip import SnapshotWriter, stored_as_exported, stored_as_here
from reactive_nb.tables.transfer.source import Incoming, IncomingTable, Source
from reactive_nb.tables.transfer.target import passing_file, passing_path
from reactive_nb.transaction.transaction import Transaction
from reactive_nb.values.ids import decode_id

if TYPE_CHECKING:
    from reactive_nb.engine.engine import Engine

Mode = Literal["empty", "append", "replace", "replace-all"]
MODES: tuple[str, ...] = get_args(Mode)

_SHOWN_FROM = 20_000
"""After so many documents a bar is shown, and again after as many."""
_PART = 5_000
"""So many documents are looked at together; between them Ctrl-C has not long to wait."""
_SAID = 10


# ------------------------------------------------------------------ export


def export(
    engine: Engine,
    path: str | os.PathLike[str],
    tables: str | Collection[str] | None = None,
    format: Format | None = None,
    report: Report | None = None,
) -> ExportReport:
    """Write tables into a file; what `db.export` does."""
    file = Path(path).expanduser().absolute()
    what = f"Cannot export to {file.name}"
    kind = format_of(file, format, what)
    _check_target(engine, file, what)
    tell = engine._surface.progress(f"export {file.name}") if report is None else report
    for _ in range(ATTEMPTS):
        snapshot = engine._committer.head
        try:
            return _Export(engine, snapshot, file, what, tell).write(kind, tables)
        except FileContentError as error:
            # Deleted while it was written: then of a later moment, in which it is not stored any more.
            if error.id is None or not error.is_missing or _has_file(engine._committer.head, error.id):
                raise
    raise refusals.misused(
        what, "stored files were deleted while they were written, each time", "files that stay", "Try again"
    )


def _has_file(snapshot: Snapshot, id: str) -> bool:
    state = snapshot.tables.get(STORAGE)
    return state is not None and state.get(id) is not None


def _check_target(engine: Engine, file: Path, what: str) -> None:
    own = () if engine.path is None else (engine.path, Path(f"{engine.path}.log"), Path(f"{engine.path}.files"))
    if file.resolve() in own:
        raise refusals.misused(what, f"{file} is the database itself", "another file", "Choose another name")
    is_other = file.exists() and not file.is_file()
    if is_other or not file.parent.is_dir():
        problem = f"{file} is a folder, a pipe or a device" if is_other else f"there is no folder {file.parent}"
        raise refusals.misused(what, problem, "the path of a file in a folder that exists", "Correct the path")


class _Export:
    """One export of one snapshot."""

    def __init__(self, engine: Engine, snapshot: Snapshot, file: Path, what: str, report: Report) -> None:
        self._engine = engine
        self._snapshot = snapshot
        self._file = file
        self._what = what
        self._report = report
        self._done = self._total = 0

    def write(self, format: str, tables: str | Collection[str] | None) -> ExportReport:
        states = self._states(tables, format)
        self._total = sum(state.size for state in states)
        if format == "zip":
            files = self._write_zip(states)
        else:
            files = 0
            (state,) = states
            self._write_table(state, format)
        return ExportReport(self._file, {state.name: state.size for state in states if state.name != STORAGE}, files)

    def _states(self, tables: str | Collection[str] | None, format: str) -> list[TableState]:
        there = {name: state for name, state in self._snapshot.tables.items() if name[0] != "_" or name == STORAGE}
        mine = sorted(name for name in there if name != STORAGE)
        if tables is None:
            names = mine if format != "zip" else [name for name in (*mine, STORAGE) if name in there]
        else:
            names = [tables] if isinstance(tables, str) else [*dict.fromkeys(tables)]
        for name in names:
            if name not in there:
                raise UnknownTable(
                    self._what,
                    thing=f"there is no table {name!r}",
                    expected=f"one of {mine}" if mine else "a table, and there is none",
                    hint="Correct the name",
                )
        if format != "zip" and len(names) != 1:
            raise refusals.misused(
                self._what,
                f"a {format} file holds one table, and these are {len(names)}",
                'one table, such as tables="flights"',
                "Name it, or export all into a .zip",
            )
        return [there[name] for name in names]

    def _write_table(self, state: TableState, format: str) -> None:
        table = state.stored.table
        if format == "parquet":
            with passing_path(self._file) as part:
                parquet.write(self._documents(state), table, part)
            return
        form = Form.of(table, marks_ints=False)
        with passing_file(self._file) as into:
            if format == "csv":
                names = csv_files.columns_of(form, _documents(state) if form.is_any else ())
                csv_files.write(self._documents(state), names, form, into)
            else:
                write = json_files.write_lines if format == "jsonl" else json_files.write_array
                write(self._documents(state), form, into)

    def _write_zip(self, states: list[TableState]) -> int:
        files = 0
        tables = [state.stored for state in states if state.name != STORAGE]
        with passing_file(self._file) as into, SnapshotWriter(into, tables) as writer:
            # The stored files last, as in Convex: they take longest.
            for state in sorted(states, key=lambda each: (each.name == STORAGE, each.size)):
                table = state.stored.table
                if state.name != STORAGE:
                    writer.write_table(state.name, table, self._documents(state))
                    continue
                writer.write_table(STORAGE, table, map(stored_as_exported, self._documents(state)))
                for document in _documents(state):
                    with self._engine.files.open(document["sha256"], document["size"], document[ID]) as content:
                        writer.write_content(document, content)
                    files += 1
                    self._report(files, state.size, "files")
        return files

    def _documents(self, state: TableState) -> Iterator[dict[str, Any]]:
        for block in _blocks(state):
            yield from block
            before, self._done = self._done, self._done + len(block)
            is_last = self._done == self._total >= _SHOWN_FROM
            if is_last or before // _SHOWN_FROM < self._done // _SHOWN_FROM:
                self._report(self._done, self._total, "documents")


def _blocks(state: TableState) -> Iterator[list[dict[str, Any]]]:
    for _, block in state.map(BY_CREATION_TIME).blocks(*ALL):
        yield decode_documents(block)


def _documents(state: TableState) -> Iterator[dict[str, Any]]:
    for block in _blocks(state):
        yield from block


# ------------------------------------------------------------------ load


def load(
    engine: Engine,
    path: str | os.PathLike[str],
    table: str | None = None,
    mode: Mode = "empty",
    format: Format | None = None,
    report: Report | None = None,
) -> LoadReport:
    """Read a file into tables; what `db.load` does."""
    file = Path(path).expanduser().absolute()
    what = f"Cannot load {file.name}"
    if mode not in MODES:
        raise refusals.misused(what, f"mode is {mode!r}", f"one of {', '.join(MODES)}", "Leave it out for empty tables")
    refuse_nested("load", instead="Load it from a cell or an action")
    kind = format_of(file, format, what)
    if table is not None:
        if table != STORAGE or kind != "zip":
            check_table_name(table)
    elif kind != "zip":
        raise refusals.misused(
            what,
            f"a {kind} file does not say which table its documents belong to",
            f'the table, such as table="{file.stem}"',
            "Name it",
        )
    tell = engine._surface.progress(f"load {file.name}") if report is None else report
    with open_source(file, kind, None if table is None else [table]) as source:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with without_garbage_collection(), engine.transaction("load") as ctx:
                    return _Load(engine, ctx.transaction, source, mode, what, tell).run(replaces_files=kind == "zip")
            except ConflictError:
                if attempt == ATTEMPTS:
                    raise
    raise AssertionError("the last attempt raises")


class _Load:
    """One attempt to load a file within one transaction."""

    def __init__(self, engine: Engine, tx: Transaction, source: Source, mode: Mode, what: str, report: Report) -> None:
        self._engine = engine
        self._tx = tx
        self._source = source
        self._mode = mode
        self._what = what
        self._report = report
        self._states: dict[str, TableState] = {}
        self._declared: list[str] = []
        # By the number that a table has in the file, the one that it has here.
        self._renumbered: dict[int, int] = {}
        self._refused: list[tuple[str, ReactiveError]] = []
        self._refusals = 0
        self._read = self._told = self._size = 0
        self._files = 0
        sizes = [each.size for each in source.tables]
        self._total = None if None in sizes else sum(size for size in sizes if size is not None)

    def run(self, replaces_files: bool) -> LoadReport:
        self._tx.read_all_tables()
        for incoming in self._source.tables:
            self._check_mode(incoming)
        # Those first that can have the numbers of the file, so that no other table is given one of these.
        for incoming in sorted(self._source.tables, key=lambda each: self._if_free(each.number) is None):
            self._states[incoming.name] = self._declare(incoming)
        deleted = self._make_room(replaces_files)
        documents = {incoming.name: self._take(incoming) for incoming in self._source.tables}
        if self._refused:
            raise refusals.refused(self._source.file, self._refused, self._refusals)
        documents.pop(STORAGE, None)
        if self._told >= _SHOWN_FROM:
            all = self._told if self._total is None else self._total
            self._report(all, all, f"{self._told:,} documents")
        renumbered = [
            each.name for each in self._source.tables if each.number is not None and each.number in self._renumbered
        ]
        return LoadReport(
            documents, self._files, deleted, tuple(self._declared), tuple(renumbered), self._source.skipped
        )

    def _check_mode(self, incoming: IncomingTable) -> None:
        state = self._tx.declared(incoming.name)
        if self._mode == "empty" and state is not None:
            self._tx.reads.add(incoming.name, BY_CREATION_TIME, ALL)
            if state.size:
                raise refusals.misused(
                    self._what,
                    f"the table {incoming.name} has {state.size:,} document{'s' * (state.size > 1)}",
                    "an empty table, or none",
                    'Say mode="append", mode="replace" or mode="replace-all"; nothing was loaded',
                )
        if incoming.needs_declaration and (state is None or state.stored.table.document is None):
            raise refusals.misused(
                self._what,
                f"an earlier version of Convex wrote ints and bytes of {incoming.name} as text, and the table is not "
                "declared here",
                "a declaration, by which they can be told apart from text",
                f"Declare it with db.define({incoming.name}=rnb.table(...)), or export it again; nothing was loaded",
            )

    def _declare(self, incoming: IncomingTable) -> TableState:
        """Return the table that documents go into, as it is declared here or in the file."""
        name, tx = incoming.name, self._tx
        state = tx.declared(name)
        if name == STORAGE:
            if state is None:
                own, declaration = SYSTEM_TABLES[STORAGE]
                state = tx.declare(STORAGE, declaration, self._engine.ids.next(), own)
        elif state is None:
            wanted = incoming.number if incoming.number is not None else _number_of(incoming)
            state = tx.declare(name, incoming.declared or Table(None), self._engine.ids.next(), self._if_free(wanted))
            if incoming.declared is not None:
                self._declared.append(name)
        elif (
            incoming.declared is not None
            and state.stored.table == Table(None)
            and (not state.size or self._mode in ("replace", "replace-all"))
            and incoming.declared != state.stored.table
        ):
            state = tx.declare(name, incoming.declared, self._engine.ids.next())
            self._declared.append(name)
        number = state.stored.number
        if incoming.may_renumber and incoming.number is not None and incoming.number != number:
            self._renumbered[incoming.number] = number
        return state

    def _if_free(self, number: int | None) -> int | None:
        """Return a number if a new table may have it: no other one has it, or had it."""
        if number is None or number < FIRST_USER_TABLE_NUMBER:
            return None
        tables = self._tx.table(TABLES)
        assert tables is not None
        taken = {each["number"] for _, each in tables.documents()}
        return None if number in taken else number

    def _make_room(self, replaces_files: bool) -> dict[str, int]:
        names: Iterable[str] = ()
        if self._mode == "replace":
            names = self._states
        elif self._mode == "replace-all":
            others = [
                name for name in self._tx.snapshot.tables if name[0] != "_" or (name == STORAGE and replaces_files)
            ]
            names = dict.fromkeys((*self._states, *others))
        deleted = {}
        for name in names:
            state = self._states.get(name) or self._tx.declared(name)
            assert state is not None
            deleted[name] = clear(self._tx, state)
        return {name: count for name, count in deleted.items() if count}

    def _take(self, incoming: IncomingTable) -> int:
        state = self._states[incoming.name]
        arrivals = Arrivals(
            self._tx, state, self._engine.ids, keeps=self._mode == "append", renumbered=self._renumbered
        )
        before, done = self._read, 0
        with closing(_closable(incoming.rows(Form.of(state.stored.table)))) as rows:
            while some := [*islice(rows, _PART)]:
                done = some[-1][1]
                if incoming.name == STORAGE:
                    self._take_files(arrivals, some)
                else:
                    self._take_documents(arrivals, some)
                self._tell(len(some), before + done if self._total is not None else None)
                if self._engine.path is not None and self._size + arrivals.size > MAX_PAYLOAD:
                    raise refusals.too_much(self._source.file, MAX_PAYLOAD)
        self._read = before + done
        self._size += arrivals.size
        arrivals.finish()
        return arrivals.taken

    def _take_documents(self, arrivals: Arrivals, incoming: list[Incoming]) -> None:
        sound = [(place, document) for place, _, document in incoming if not isinstance(document, ReactiveError)]
        refused = dict(arrivals.take_many(sound))
        refused |= {place: document for place, _, document in incoming if isinstance(document, ReactiveError)}
        for place, _, _ in incoming if refused else ():
            if place in refused:
                self._refuse(place, refused[place])

    def _take_files(self, arrivals: Arrivals, incoming: list[Incoming]) -> None:
        for place, _, document in incoming:
            try:
                if isinstance(document, ReactiveError):
                    raise document
                self._take_file(arrivals, place, document)
            except FileContentError:
                raise
            except ReactiveError as error:
                self._refuse(place, error)

    def _refuse(self, place: str, error: ReactiveError) -> None:
        self._refusals += 1
        if len(self._refused) < _SAID:
            self._refused.append((place, error))

    def _take_file(self, arrivals: Arrivals, place: str, document: dict[str, Any]) -> None:
        given = document.get(ID)
        stored = arrivals.take(place, stored_as_here(document))
        content = self._source.contents.get(given) if isinstance(given, str) else None
        if content is None:
            raise self._bad_file(f"the bytes of the file {given} are not in the zip")
        if content.size != stored["size"]:  # asked first: they may be as many as to fill the disk
            raise self._bad_file(f"the file {given} has {content.size:,} bytes, its document says {stored['size']:,}")
        with content.open() as opened:
            found = self._engine.files.put(opened, self._tx)
        if found.sha256 != stored["sha256"]:
            raise self._bad_file(
                f"the file {given} has the SHA-256 {found.sha256}, and its document says {stored['sha256']}"
            )
        self._files += 1

    def _bad_file(self, thing: str) -> ReactiveError:
        return InvalidId(self._what, thing=thing, expected="the bytes that were stored", hint="Export it again")

    def _tell(self, documents: int, done: int | None) -> None:
        before, self._told = self._told, self._told + documents
        if before // _SHOWN_FROM < self._told // _SHOWN_FROM:
            self._report(self._told if done is None else done, self._total, f"{self._told:,} documents")


def _closable(rows: Iterator[Any]) -> Any:
    return rows  # a generator, which has a file open until it is closed


def _number_of(incoming: IncomingTable) -> int | None:
    """Return the number of the table that the first document's id names, for a table that is not there yet."""
    with closing(_closable(incoming.rows(Form(())))) as rows:
        for _, _, document in rows:
            try:
                return decode_id(document[ID])[0]
            except (ReactiveError, KeyError, TypeError):
                return None
    return None
