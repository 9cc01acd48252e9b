"""Databases to be exported, zips and lines to be loaded, and what a test compares of a database afterwards."""

from __future__ import annotations

import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.engine import Engine
from reactive_nb.values.ids import encode_id
from tests.conftest import Connect

NOON = datetime(2013, 1, 1, 12, 0, 0, 1, tzinfo=UTC)
FLIGHTS = (
    rnb.table(
        carrier=v.string(),
        delay=v.optional(v.number()),
        seats=v.int64(),
        at=v.datetime(),
        vector=v.optional(v.vector(2)),
        plane=v.optional(v.id("planes")),
        more=v.optional(v.any()),
    )
    .index("by_carrier", "carrier", "at")
    .search_index("search_carrier", "carrier")
)
PLANES = rnb.table(name=v.string()).index("by_name", "name", unique=True)
ROW = {"carrier": "UA", "delay": 5, "seats": 2**60, "at": NOON}


def filled(db: Engine) -> Engine:
    """A database with all kinds of values, ids of another table, a table without declaration, and a stored file."""
    db.define(planes=PLANES, flights=FLIGHTS)

    def fill(ctx: Any) -> None:
        plane = ctx.db.insert("planes", {"name": "A320"})
        more = {"b": b"x", "at": NOON, "nan": float("nan"), "int": 3, "float": 3.0, "large": 2**60, "null": None}
        ctx.db.insert("flights", {**ROW, "vector": [1, 0.1], "plane": plane, "more": more})
        ctx.db.insert("flights", {"carrier": "AA", "delay": 5.0, "seats": 1, "at": datetime(1, 1, 1, tzinfo=UTC)})
        ctx.db.insert("notes", {"b": [1, 2.0], "a": None})
        ctx.db.insert("notes", {"a": plane, "b": {plane: 1}})
        ctx.storage.store(b"hello", content_type="image/png")

    db.write(fill)
    return db


def stored(db: Engine, table: str) -> list[bytes]:
    """The encoded documents of a table."""
    state = db._committer.head.tables.get(table)
    return [] if state is None else [data for data, _ in state.documents()]


def everything(db: Engine) -> dict[str, Any]:
    """All that a snapshot keeps."""
    tables = db._committer.head.tables
    return {
        name: (tables[name].stored, stored(db, name))
        for name in tables
        if not name.startswith("_") or name == "_storage"
    }


def zip_of(path: Path, parts: dict[str, str | bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as zip:
        for name, content in parts.items():
            zip.writestr(name, content)
    return path


def lines(*documents: dict[str, Any]) -> str:
    return "".join(json.dumps(document) + "\n" for document in documents)


CONVEX_ID = encode_id(10004, bytes(16))
CONVEX_FILE = encode_id(10500, bytes(16))


def two(connect: Connect, tmp_path: Path) -> tuple[Engine, Path]:
    """A database with documents of its own, and a snapshot of another one."""
    other = connect()
    other.define(planes=PLANES)
    other.write(lambda ctx: ctx.db.insert("planes", {"name": "A320"}))
    other.export(tmp_path / "planes.zip")
    mine = connect()
    mine.define(planes=PLANES, flights=FLIGHTS)

    def fill(ctx: Any) -> None:
        ctx.db.insert("planes", {"name": "B747"})
        ctx.db.insert("flights", ROW)
        ctx.storage.store(b"mine")

    mine.write(fill)
    return mine, tmp_path / "planes.zip"


def names(db: Engine) -> list[str]:
    return sorted(plane["name"] for plane in db.read(lambda ctx: ctx.db.query("planes").collect()))
