"""Parquet, through DuckDB: the typed table of a table's declaration as a file.

Comes in: a file. Goes out: documents with the rows they stand in; and the other way round.

The columns are those of SQL (`tables/columns.py`), so an int in a number column comes back as a float, and null as
missing where a field may be missing. A table without a declaration has one column `document`, which is JSON.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import duckdb

from reactive_nb.documents.document import CREATION_TIME, ID, SYSTEM_FIELDS
from reactive_nb.errors import InvalidValue
from reactive_nb.schema.declaration import Table
from reactive_nb.tables.columns import columns_of
from reactive_nb.tables.names import quoted
from reactive_nb.tables.sql_values import converter
from reactive_nb.tables.transfer import refusals
from reactive_nb.tables.transfer.form import Form
from reactive_nb.tables.transfer.source import Incoming, Rows
from reactive_nb.tables.typed import TypedTable
from reactive_nb.values.wire import from_json

_AT_ONCE = 10_000
_WHOLE_DOCUMENT = {ID, CREATION_TIME, "document"}


def rows_of(file: Path) -> Rows:
    """Return what reads a file of Parquet."""

    def rows(form: Form) -> Iterator[Incoming]:
        with _connection() as connection:
            try:
                result = connection.execute("FROM read_parquet($1)", [str(file)])
                yield from _read(result, form)
            except duckdb.Error as error:
                if not file.exists():
                    raise refusals.unopened(file, FileNotFoundError()) from error
                problem = str(error).partition("\n")[0]
                raise refusals.unreadable(file, problem, "Write it again, or read it with pandas") from error

    return rows


def write(documents: Iterable[dict[str, Any]], table: Table, into: Path) -> None:
    """Write a table's documents.

    Args:
        documents: The documents.
        table: Their declaration.
        into: Where to.
    """
    columns = columns_of(table)
    with _connection() as connection:
        typed = TypedTable(connection, quoted("documents"), columns)
        typed.create()
        remaining = iter(documents)
        while some := [*islice(remaining, _AT_ONCE)]:
            typed.insert(some)
        target = str(into).replace("'", "''")
        try:
            connection.execute(f"COPY documents TO '{target}' (FORMAT parquet, COMPRESSION zstd)")
        except duckdb.IOException as error:
            if "No space left" in str(error):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error
            raise OSError(str(error).partition("\n")[0]) from error


def _connection() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(":memory:")
    connection.execute("SET enable_progress_bar = false; SET TimeZone = 'UTC'")
    return connection


def _read(result: duckdb.DuckDBPyConnection, form: Form) -> Iterator[Incoming]:
    description = result.description
    assert description is not None
    names = [column[0] for column in description]
    converts = [converter(column[1]) for column in description]
    forms = [form.fields.get(name, form.others) for name in names]
    nothing: dict[str, Any] = {}
    for name in names:
        if name not in SYSTEM_FIELDS:
            form.put_nothing(nothing, name)
    is_whole = form.is_any and {*names} <= _WHOLE_DOCUMENT and "document" in names
    row = 0
    while fetched := result.fetchmany(_AT_ONCE):
        columns = [*map(_column, zip(*fetched, strict=True), converts, forms)]
        lacking = [
            name
            for name, column in zip(names, columns, strict=True)
            if name not in nothing and type(None) in {*map(type, column)}
        ]
        for values in zip(*columns, strict=True):
            row += 1
            document = dict(zip(names, values, strict=True))
            for name in lacking:
                if document[name] is None:
                    del document[name]
            if is_whole and isinstance(inner := document.get("document"), dict):
                system = {name: document[name] for name in (ID, CREATION_TIME) if name in document}
                yield f"row {row}", row, {**system, **inner}
            else:
                yield f"row {row}", row, document


def _column(values: Sequence[Any], convert: Callable[[Any], Any] | None, form: Form) -> Sequence[Any]:
    """Return the values of one column as its field has them, and None for NULL."""
    if convert is not None:
        values = [None if value is None else convert(value) for value in values]
    changing = (list, dict, float) if form.has_only_ints else (list, dict)
    if form.is_any or {*map(type, values)}.isdisjoint(changing):
        return values
    return [_fitted(value, form) for value in values]


def _fitted(value: Any, form: Form) -> Any:
    """Return what a typed value stands for: null in a struct is a missing field, a whole float an int where it must be."""
    if form.is_any:
        return value
    if type(value) is float and form.has_only_ints and value.is_integer():
        return int(value)
    if type(value) is list:
        return [_fitted(item, form.items) for item in value]
    if type(value) is dict:
        if len(value) == 1 and next(iter(value)).startswith("$"):
            try:
                return from_json(value)
            except InvalidValue:
                return value
        document: dict[str, Any] = {}
        for name, item in value.items():
            if item is None:
                form.put_nothing(document, name)
            else:
                document[name] = _fitted(item, form.fields.get(name, form.others))
        return document
    return value
