"""What a crash leaves of a database, and whether rows of DuckDB are the ones they should be; for `test_typed_tables.py`."""

from __future__ import annotations

import functools
import json
import math
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import duckdb
import numpy as np

from reactive_nb.tables.names import quoted
from tests.properties.schemas import Declared, Document, Json
from tests.strategies import identical


@dataclass
class Table:
    """What a table must be: its declaration, and its documents by id."""

    declared: Declared
    documents: dict[str, Document]


Model = dict[str, Table]


def copied(model: Model) -> Model:
    return {name: Table(each.declared, dict(each.documents)) for name, each in model.items()}


# ------------------------------------------------------------------ the files as a crash leaves them


@dataclass
class Crash:
    """Copies the files of a database at one point of what runs, while it is the profile function of its thread."""

    source: Path
    target: Path
    at: int
    points: int = 0

    def __call__(self, frame: FrameType, event: str, arg: object) -> None:
        if event in ("call", "c_return"):
            self.points += 1
            if self.points == self.at:
                # On a thread of its own: on this one a mutation may be running, which must not write files.
                copying = threading.Thread(target=copy_files, args=(self.source, self.target))
                copying.start()
                copying.join()

    @contextmanager
    def running(self) -> Iterator[None]:
        sys.setprofile(self)
        try:
            yield
        finally:
            sys.setprofile(None)
        if self.points < self.at:  # it was over before
            copy_files(self.source, self.target)


def copy_files(source: Path, target: Path) -> None:
    for each in [*source.iterdir()]:
        if each.is_file():
            shutil.copyfile(each, target / each.name)


# ------------------------------------------------------------------ comparing


def plain(value: Any) -> Any:
    """Return a value in which vectors are lists and JSON is the documents' own, to be compared by content."""
    if isinstance(value, np.ndarray | tuple):
        return [float(item) for item in value]
    if isinstance(value, list):
        return [plain(item) for item in value]
    return {name: plain(item) for name, item in value.items()} if isinstance(value, dict) else value


def equal_in_sql(a: Any, b: Any) -> bool:
    """Whether two cells are one value for SQL: NaN is itself, and there is one zero."""
    if isinstance(a, float) and isinstance(b, float):
        return a == b or (math.isnan(a) and math.isnan(b))
    if isinstance(a, Json) and isinstance(b, Json):
        return json.dumps(a.value, sort_keys=True) == json.dumps(b.value, sort_keys=True)
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(map(equal_in_sql, a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(equal_in_sql(a[name], b[name]) for name in a)
    return type(a) is type(b) and bool(a == b)


def assert_rows(found: list[tuple[Any, ...]], expected: list[tuple[Any, ...]], columns: list[str]) -> None:
    assert len(found) == len(expected)
    for mine, theirs in zip(sorted(found), sorted(expected, key=lambda row: row[0]), strict=True):
        for column, a, b in zip(columns, mine, theirs, strict=True):
            if isinstance(b, Json):
                assert identical(sorted_fields(json.loads(a)), sorted_fields(b.value)), (column, a, b)
            else:
                assert identical(plain(a), plain(b)), (column, a, b)


@functools.cache
def spelt(type_: str) -> str:
    """Return a type as DuckDB spells it."""
    with duckdb.connect() as connection:
        return str(connection.execute(f"SELECT typeof(CAST(NULL AS {type_}))").fetchall()[0][0])


def sorted_fields(document: Any) -> Any:
    """Return a document without the order of its fields."""
    if isinstance(document, list):
        return [sorted_fields(item) for item in document]
    if isinstance(document, dict):
        return {name: sorted_fields(document[name]) for name in sorted(document)}
    return document


def assert_typed_tables(path: Path, model: Model) -> None:
    """Read the file with a connection of DuckDB's own, which knows nothing of us."""
    with duckdb.connect(path) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        tables = connection.execute("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'main'").fetchall()
        assert {name for (name,) in tables} == {"anchor", *model}
        for name, table in model.items():
            described = connection.execute(f"DESCRIBE {quoted(name)}").fetchall()
            columns = {column: type_ for column, (type_, _) in table.declared.columns().items()}
            expected = {"_id": "VARCHAR", "_creationTime": "DOUBLE", **columns}
            assert [(each[0], each[1]) for each in described] == [(c, spelt(t)) for c, t in expected.items()]
            found = connection.execute(f"SELECT * FROM {quoted(name)}").fetchall()
            assert_rows(found, [*map(table.declared.row, table.documents.values())], [*expected])


def assert_shown(rows: list[dict[str, Any]], table: Table) -> None:
    """Assert that rows, as `rows()` of a query gives them in order of creation, are a table's documents."""
    assert len(rows) == len(table.documents)
    for row, document in zip(rows, table.documents.values(), strict=True):
        values = dict(zip(row, table.declared.row(document), strict=True))
        for column, (_, field) in table.declared.columns().items():
            if isinstance(values[column], Json):
                own = {each: value for each, value in document.items() if each[0] != "_"}
                values[column] = own if field is None else own[field]
        assert identical(sorted_fields(plain(row)), sorted_fields(plain(values))), (row, values)
