"""The zip that Convex exports, `snapshot_<time>.zip`: written, and read back, also what Convex itself has written.

Comes in: a zip. Goes out: its tables as sources of documents, and the bytes of its stored files; and the other way
round. Its layout:

1. `_tables/documents.jsonl`: `{"name": ..., "id": <number>}` per table.
2. `<table>/generated_schema.jsonl`: `"uniform"`, which says how documents are encoded (`form.py`). Earlier versions of
   Convex wrote inferred types there, and ints and bytes as text; those are told apart by the declarations of this
   database.
3. `<table>/documents.jsonl`: the documents, one per line, with `_id` and `_creationTime`.
4. `_storage/documents.jsonl` and `_storage/<id>.<ending>`: the stored files; `sha256` is in base64.
5. `_reactive_nb/tables.jsonl`: ours, which Convex passes over: the declarations and indexes, as `_tables` keeps them.

All may stand in a folder. What is in `_components/` belongs to parts of an application that there are only in Convex.
"""

from __future__ import annotations

import io
import json
import mimetypes
import re
import zipfile
import zlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from reactive_nb.documents.document import ID
from reactive_nb.errors import ReactiveError, SchemaError
from reactive_nb.schema.declaration import TABLES, StoredTable, Table, check_table_name
from reactive_nb.schema.system_tables import STORAGE
from reactive_nb.tables.transfer import refusals
from reactive_nb.tables.transfer.form import Form, encode_json
from reactive_nb.tables.transfer.json_files import read_lines, write_lines
from reactive_nb.tables.transfer.source import Content, Incoming, IncomingTable, Source
from reactive_nb.values.ids import MAX_TABLE_NUMBER, decode_id
from reactive_nb.values.wire import from_json, to_json

_DECLARED = "_reactive_nb/tables.jsonl"
_LEVEL = 3  # three times as fast as the usual 6, and a tenth larger
_CHUNK = 1 << 20
_README = """# A snapshot of a reactive_nb database, in the layout in which Convex exports

Each table's documents are lines of JSON in `<table>/documents.jsonl`; stored files are in `_storage`. Load it with
`db.load(...)` or `reactive-nb import`, or with `npx convex import`, which passes over `_reactive_nb`.
"""

_PART = re.compile(r"(?:.*/)?([^/]+)/(documents|generated_schema)\.jsonl")
_OWN = re.compile(rf"(?:.*/)?{re.escape(_DECLARED)}")
_CONTENT = re.compile(rf"(?:.*/)?{STORAGE}/([^/.]+)(?:\.[^/]+)?")
_DAMAGES = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError)
_FROM_TEXT = re.compile(r"\b(int64|bytes|nan|inf|infinity|unknown|any)\b", re.IGNORECASE)


# ------------------------------------------------------------------ writing


class SnapshotWriter:
    """Writes a snapshot into an open file, part after part; the same snapshot gives the same bytes.

    It is a zip at the end of its `with` block.
    """

    def __init__(self, into: BinaryIO, tables: Iterable[StoredTable]) -> None:
        self._zip = zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL)
        stored = sorted(tables, key=lambda each: each.number)
        with self._part("README.md") as part:
            part.write(_README.encode())
        with self._part(f"{TABLES}/documents.jsonl") as part:
            for each in stored:
                if not each.name.startswith("_"):
                    part.write(encode_json({"name": each.name, "id": each.number}) + b"\n")
        with self._part(_DECLARED) as part:
            for each in stored:
                part.write(encode_json(to_json(each.to_document())) + b"\n")

    def write_table(self, name: str, table: Table, documents: Iterable[dict[str, Any]]) -> None:
        """Write the documents of one table."""
        if not name.startswith("_"):
            with self._part(f"{name}/generated_schema.jsonl") as part:
                part.write(b'"uniform"\n')
        with self._part(f"{name}/documents.jsonl") as part:
            write_lines(documents, Form.of(table), part)

    def write_content(self, document: dict[str, Any], content: BinaryIO) -> None:
        """Write the bytes of one stored file."""
        ending = mimetypes.guess_extension(document.get("contentType", "").partition(";")[0].strip()) or ""
        with self._part(f"{STORAGE}/{document[ID]}{ending}") as part:
            while chunk := content.read(_CHUNK):
                part.write(chunk)

    def __enter__(self) -> SnapshotWriter:
        return self

    def __exit__(self, *_: object) -> None:
        # After an error too: a zip that is left open closes itself later, when its file is closed already.
        self._zip.close()

    @contextmanager
    def _part(self, name: str) -> Iterator[BinaryIO]:
        info = zipfile.ZipInfo(name)  # with the time 1980, whenever that is
        info.compress_type = zipfile.ZIP_DEFLATED
        info.external_attr = 0o644 << 16
        with self._zip.open(info, "w", force_zip64=True) as raw, io.BufferedWriter(raw, _CHUNK) as part:
            yield part


def stored_as_exported(document: dict[str, Any]) -> dict[str, Any]:
    """Return a document of `_storage` as Convex writes it."""
    return {**document, "sha256": b64encode(bytes.fromhex(document["sha256"])).decode()}


def stored_as_here(document: dict[str, Any]) -> dict[str, Any]:
    """Return a document of `_storage` from a snapshot as it is kept here; a hash that is none stays, and fits no bytes."""
    document = {name: value for name, value in document.items() if name != "internalId" and value is not None}
    try:
        document["sha256"] = b64decode(document["sha256"], validate=True).hex()
    except (KeyError, TypeError, ValueError):
        return document
    return document


# ------------------------------------------------------------------ reading


@contextmanager
def opened(file: Path, tables: Collection[str] | None) -> Iterator[Source]:
    """Open a snapshot.

    Args:
        file: Where it is.
        tables: Which tables are wanted, or None for all.

    Raises:
        TransferError: It is damaged, or holds no snapshot.
    """
    try:
        zip = zipfile.ZipFile(file)
    except OSError as error:
        raise refusals.unopened(file, error) from error
    except _DAMAGES as error:
        raise _damaged(file, "", error) from error
    with zip:
        yield _Reader(zip, file).source(tables)


class _Reader:
    """The parts of an open zip."""

    def __init__(self, zip: zipfile.ZipFile, file: Path) -> None:
        self._zip = zip
        self._file = file
        self._documents: dict[str, zipfile.ZipInfo] = {}
        self._schemas: dict[str, zipfile.ZipInfo] = {}
        self._contents: dict[str, zipfile.ZipInfo] = {}
        self._own: zipfile.ZipInfo | None = None
        self._skipped: dict[str, None] = {}
        for info in zip.infolist():
            self._sort(info)

    def _sort(self, info: zipfile.ZipInfo) -> None:
        name = info.filename
        if info.is_dir() or name.startswith("__MACOSX/"):
            return
        if "_components/" in name:
            self._skipped[f"the component {name.partition('_components/')[2].partition('/')[0]}"] = None
        elif _OWN.fullmatch(name):
            self._own = info
        elif found := _PART.fullmatch(name):
            table = found[1]
            if table.startswith("_") and table not in (TABLES, STORAGE):
                self._skipped[f"the system table {table}"] = None
                return
            parts = self._documents if found[2] == "documents" else self._schemas
            if table in parts:
                raise refusals.unreadable(
                    self._file,
                    f"it holds the table {table} twice, as {parts[table].filename} and {name}",
                    "Load one of the two, from a zip of its own",
                )
            parts[table] = info
        elif found := _CONTENT.fullmatch(name):
            self._contents[found[1]] = info

    def source(self, tables: Collection[str] | None) -> Source:
        numbers = self._numbers()
        declared = self._declared()
        names = [name for name in {**self._documents, **declared} if name not in (TABLES, STORAGE)]
        if not names and STORAGE not in self._documents:
            raise refusals.unreadable(
                self._file,
                "it holds no <table>/documents.jsonl",
                "Pass a zip that db.export or Convex has written; unpack others and load their files one by one",
            )
        unknown = sorted(set(tables or ()) - {*names, STORAGE})
        if unknown:
            raise refusals.unreadable(
                self._file, f"it holds no table {', '.join(unknown)}", f"It has {', '.join(names) or 'none'}"
            )
        wanted = [name for name in names if tables is None or name in tables]
        for name in wanted:
            self._check_table(name)
        for name in numbers if tables is None else ():
            if name not in names and not name.startswith("_"):
                self._skipped[f"the table {name}, of which there are no documents in it"] = None
        incoming = [self._table(name, numbers.get(name), declared.get(name)) for name in wanted]
        if STORAGE in self._documents and (tables is None or STORAGE in tables):
            incoming.append(self._table(STORAGE, None, None))
        self._check_numbers(incoming)
        contents = {id: Content(info.file_size, partial(self._open, info)) for id, info in self._contents.items()}
        return Source(self._file, tuple(incoming), contents, tuple(self._skipped))

    def _check_table(self, name: str) -> None:
        """Raise if no table can have this name, or it is declared and its documents are gone: one of ours has both."""
        info = self._documents.get(name)
        if info is None:
            raise refusals.unreadable(
                self._file, f"it declares the table {name} and holds no {name}/documents.jsonl", "Export it again"
            )
        try:
            check_table_name(name)
        except SchemaError as error:
            raise refusals.unreadable(
                self._file, f"{info.filename} in it: {error.thing}", f"A table's name is {error.expected}; rename it"
            ) from None

    def _table(self, name: str, number: int | None, declared: StoredTable | None) -> IncomingTable:
        info = self._documents[name]
        legacy = self._legacy_types(name)
        if declared is not None and number is None:
            number = declared.number
        if number is None:
            number = self._first_number(info)
        return IncomingTable(
            name,
            partial(self._rows, info, legacy is not None),
            info.file_size,
            None if declared is None else declared.table,
            number,
            may_renumber=True,
            needs_declaration=legacy is not None and _FROM_TEXT.search(legacy) is not None,
        )

    def _rows(self, info: zipfile.ZipInfo, legacy: bool, form: Form) -> Iterator[Incoming]:
        with self._reading(info), self._open(info) as lines:
            yield from read_lines(lines, form, self._file, f"{info.filename} line ", legacy)

    def _open(self, info: zipfile.ZipInfo) -> BinaryIO:
        with self._reading(info):
            return io.BufferedReader(_Checked(self, info), _CHUNK)

    def _first_number(self, info: zipfile.ZipInfo) -> int | None:
        """Return the number of the table that the first document's id names."""
        for _, _, document in self._rows(info, False, Form(())):
            try:
                return decode_id(document[ID])[0]  # type: ignore[index]  # an error has no items, and says so
            except (ReactiveError, KeyError, TypeError):
                return None
        return None

    def _numbers(self) -> dict[str, int]:
        info = self._documents.get(TABLES)
        numbers: dict[str, int] = {}
        for place, _, each in () if info is None else self._rows(info, False, Form(())):
            if not (
                isinstance(each, dict)
                and type(each.get("name")) is str
                and type(each.get("id")) is int
                and 0 < each["id"] <= MAX_TABLE_NUMBER
            ):
                raise refusals.unreadable(
                    self._file, f"{place} is not the name and the number of a table", "Export the database again"
                )
            numbers[each["name"]] = each["id"]
        return numbers

    def _declared(self) -> dict[str, StoredTable]:
        declared = {}
        for place, _, each in () if self._own is None else self._rows(self._own, False, Form(())):
            try:
                stored = StoredTable.from_document(from_json(each))  # type: ignore[arg-type]  # of an object
            except (ReactiveError, KeyError, TypeError, AttributeError, ValueError):
                raise refusals.unreadable(
                    self._file, f"{place} is no declaration that this version reads", "Update reactive_nb"
                ) from None
            if not stored.name.startswith("_"):
                declared[stored.name] = stored
        return declared

    def _check_numbers(self, incoming: list[IncomingTable]) -> None:
        """Raise if two tables have one number: nobody could tell whose ids are whose."""
        by_number: dict[int, str] = {}
        for each in incoming:
            if each.number is not None and by_number.setdefault(each.number, each.name) != each.name:
                raise refusals.unreadable(
                    self._file,
                    f"the ids of {each.name} are those of {by_number[each.number]}, both with the number {each.number}",
                    "Correct it, or export the database again",
                )

    def _legacy_types(self, name: str) -> str | None:
        """Return the types that Convex had inferred, or None where documents are encoded in the uniform way."""
        info = self._schemas.get(name)
        if info is None:
            return None
        with self._reading(info), self._zip.open(info) as lines:
            first = lines.readline().strip()
        try:
            types = json.loads(first)
        except ValueError:
            types = None
        if not isinstance(types, str):
            raise refusals.unreadable(
                self._file, f"{info.filename} does not begin with a text", "Take it out of the zip, or export again"
            )
        return None if types == "uniform" else types

    @contextmanager
    def _reading(self, info: zipfile.ZipInfo) -> Iterator[None]:
        try:
            yield
        except _DAMAGES as error:
            raise _damaged(self._file, info.filename, error) from error


class _Checked(io.RawIOBase):
    """A part of a zip as a stream that says which part is damaged."""

    def __init__(self, reader: _Reader, info: zipfile.ZipInfo) -> None:
        self._reading: Callable[[], Any] = partial(reader._reading, info)
        with self._reading():
            self._part = reader._zip.open(info)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        with self._reading():
            data = self._part.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._part.close()
        super().close()


def _damaged(file: Path, part: str, error: Exception) -> ReactiveError:
    at = f"{part} in it" if part else "it"
    return refusals.unreadable(
        file, f"{at} cannot be read: {str(error) or 'it ends too early'}", "Copy or export it again, it may be cut off"
    )
