"""Bad input to SQL, frames and files: a clear error of four facts, and nothing half written (invariant 8).

All cases run on one file. Each has to leave it as it was, and at the end it is checked and opened again.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.engine import Engine, transfer
from reactive_nb.engine.transfer import Mode
from reactive_nb.errors import ReactiveError
from reactive_nb.tables.check import check
from tests.engine.loading import everything, lines

PROJECT = Path(__file__).parents[2]

PLANES = rnb.table(name=v.string(), seats=v.int64(), built=v.optional(v.datetime())).index(
    "by_name", "name", unique=True
)
COLUMNS = "name,seats\n"


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    path = tmp_path_factory.mktemp("bad") / "a.duckdb"
    with rnb.connect(path) as db:
        db.define(planes=PLANES)
        db.write(lambda ctx: [ctx.db.insert("planes", {"name": f"A{n}", "seats": n}) for n in range(300, 400)])
        db.export(path.with_name("planes.zip"))
        before = everything(db)
        yield db
    assert check(path).problems == ()
    with rnb.connect(path) as again:
        assert everything(again) == before


def sql(text: str) -> Callable[[Engine, Path], object]:
    return lambda db, _: db.sql(text).rows()


def frame(**columns: list[Any]) -> Callable[[Engine, Path], object]:
    return lambda db, _: db.table("planes").insert(pd.DataFrame(columns))


def file(name: str, content: str | bytes) -> Callable[[Engine, Path], object]:
    def load(db: Engine, folder: Path) -> object:
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        return db.load(folder / name, None if name.endswith("zip") else "planes", "append")

    return load


def zipped(change: Callable[[bytes], bytes], mode: Mode = "replace") -> Callable[[Engine, Path], object]:
    def load(db: Engine, folder: Path) -> object:
        assert db.path is not None
        (folder / "a.zip").write_bytes(change(db.path.with_name("planes.zip").read_bytes()))
        return db.load(folder / "a.zip", mode=mode)

    return load


def with_a_changed_byte(data: bytes) -> bytes:
    place = data.index(b"planes/documents.jsonl") + 200
    return data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :]


CASES: list[tuple[str, Callable[[Engine, Path], object], str]] = [
    # -------------------------------------------------------------- SQL
    ("no SQL", sql("SELEC 1"), 'syntax error at or near "SELEC"'),
    ("no statement", sql(" -- nothing"), "there is no statement"),
    ("two statements", sql("DELETE FROM planes; SELECT 1"), "there are 2 statements"),
    ("an unknown table", sql("SELECT * FROM plane"), "Table with name plane does not exist"),
    ("an unknown column", sql("SELECT wings FROM planes"), '"wings" not found'),
    ("an unknown column to update", sql("UPDATE planes SET wings = 2"), "column wings not found"),
    ("an unknown column to insert", sql("INSERT INTO planes (name, seats, wings) VALUES ('B', 1, 2)"), 'does not have a column with name "wings"'),
    ("a type that does not fit", sql("UPDATE planes SET seats = 'many'"), "Could not convert string 'many' to INT64"),
    ("one row of many whose type does not fit", sql("INSERT INTO planes (name, seats) VALUES ('B', 1), ('C', 'x')"), "Could not convert string 'x' to INT64"),
    ("an error halfway", sql("UPDATE planes SET seats = CASE WHEN seats < 350 THEN 0 ELSE error('full') END"), "full"),
    ("a field that is lacking", sql("INSERT INTO planes (name) VALUES ('B')"), "row 1 into planes: $.seats is None. Expected an int"),
    ("null where there is none", sql("UPDATE planes SET name = NULL WHERE seats = 300"), "$.name is None. Expected a string"),
    ("a value that is taken", sql("UPDATE planes SET name = 'A'"), "the unique index planes.by_name already holds name = 'A'"),
    ("a declaration", sql("ALTER TABLE planes ADD COLUMN wings INT"), "it changes how tables are declared"),
    ("a way around the log", sql("COPY planes FROM 'planes.csv'"), "it reads or writes a file as a side effect"),
    # -------------------------------------------------------------- frames
    ("a frame with a value that does not fit", frame(name=["B", "C"], seats=[1, "x"]), "1 of 2 rows do not fit; row 1: seats is 'x' (str), expected an int"),
    ("a frame with an unknown column", frame(name=["B"], seats=[1], wings=[2]), "the frame has the column wings"),
    ("a frame that lacks a column", frame(name=["B"]), "the frame has no column seats"),
    ("a frame with a value twice", frame(name=["B", "B"], seats=[1, 2]), "row 1: the unique index planes.by_name already holds name = 'B'"),
    # -------------------------------------------------------------- files
    ("a CSV with a ragged row", file("a.csv", COLUMNS + "B,1\nC,2,3\n"), "row 2 (line 3): it has 3 cells, and the header has 2"),
    ("a CSV with an open quote", file("a.csv", COLUMNS + 'B,1\n"C,2\n'), "row 2 (line 3): unexpected end of data"),
    ("a CSV with a column twice", file("a.csv", "name,name\nB,C\n"), "two columns are called 'name'"),
    ("a CSV without a header", file("a.csv", ""), "line 1: it has no header"),
    ("a CSV that is not UTF-8", file("a.csv", COLUMNS.encode() + "é,1\n".encode("latin-1")), "line 2: it is not UTF-8"),
    ("a CSV with a cell that does not fit", file("a.csv", COLUMNS + "B,1\nC,many\n"), "row 2 (line 3): $.seats is 'many' (str), expected an int"),
    ("JSON lines that were cut off", file("a.jsonl", lines({"name": "B", "seats": 1}) + '{"name": "C"'), "line 2, column 13: Expecting ',' delimiter"),
    ("NaN in JSON", file("a.jsonl", '{"name": "B", "seats": NaN}'), "line 1: NaN is no JSON"),
    ("JSON that is no array", file("a.json", '{"name": "B", "seats": 1}'), "it holds no list of documents"),
    ("an id of no table", file("a.jsonl", lines({"_id": "x", "name": "B", "seats": 1})), "line 1: 'x' is not one"),
    ("a value of a unique index that is there", file("a.jsonl", lines({"name": "A300", "seats": 1})), "line 1: the unique index planes.by_name holds its name already"),
    ("Parquet that is none", file("a.parquet", b"PAR1" * 10), "Footer length error"),
    ("a zip that is none", file("a.zip", "hello"), "it cannot be read: File is not a zip file"),
    ("a zip that was cut off", zipped(lambda data: data[:-100]), "it cannot be read: File is not a zip file"),
    ("a zip with a changed byte", zipped(with_a_changed_byte), "planes/documents.jsonl in it cannot be read"),
    ("documents that are there", zipped(bytes, mode="append"), "100 documents do not fit; planes/documents.jsonl line 1: there is a document"),
    ("a table that is not empty", zipped(bytes, mode="empty"), "the table planes has 100 documents. Expected an empty table, or none"),
]  # fmt: skip


@pytest.mark.parametrize(("act", "says"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_bad_input_is_refused_and_changes_nothing(
    db: Engine, tmp_path: Path, act: Callable[[Engine, Path], object], says: str
) -> None:
    before = (db.ts, everything(db))

    with pytest.raises(ReactiveError) as caught:
        act(db, tmp_path)

    assert says in str(caught.value)
    error = caught.value
    assert all((error.what, error.thing, error.expected, error.hint))
    assert (db.ts, everything(db)) == before
    db.check()


# ------------------------------------------------------------------ cancelled halfway


class Halfway:
    """Presses Ctrl-C when it is told that a part has been read or written."""

    def __call__(self, done: float, total: float | None, text: str) -> None:
        raise KeyboardInterrupt


@pytest.fixture
def told_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "_SHOWN_FROM", 50)
    monkeypatch.setattr(transfer, "_PART", 25)


@pytest.mark.usefixtures("told_often")
@pytest.mark.parametrize("ending", ["jsonl", "csv", "parquet", "zip"])
def test_a_load_that_is_cancelled_halfway_changes_nothing(db: Engine, tmp_path: Path, ending: str) -> None:
    db.export(tmp_path / f"a.{ending}", "planes")
    before = (db.ts, everything(db))

    with pytest.raises(KeyboardInterrupt):
        transfer.load(db, tmp_path / f"a.{ending}", "planes", "replace", report=Halfway())

    assert (db.ts, everything(db)) == before


@pytest.mark.usefixtures("told_often")
@pytest.mark.parametrize("ending", ["jsonl", "json", "csv", "parquet", "zip"])
def test_an_export_that_is_cancelled_halfway_leaves_the_file_before(db: Engine, tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"a.{ending}"
    file.write_bytes(b"before")

    with pytest.raises(KeyboardInterrupt):
        transfer.export(db, file, "planes", report=Halfway())

    assert [*tmp_path.iterdir()] == [file]
    assert file.read_bytes() == b"before"


IMPORT = """
import sys
from reactive_nb import cli
from reactive_nb.engine import transfer

def halfway(done, total, text):
    print("halfway", flush=True)
    sys.stdin.read()

transfer._SHOWN_FROM, transfer._PART = 50, 25
cli._progress = lambda: halfway
sys.exit(cli.main(sys.argv[1:]))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("signal_", "ended", "says"),
    [
        (signal.SIGINT, 130, "reactive-nb: interrupted, and the database was not changed\n"),
        (signal.SIGKILL, -signal.SIGKILL, ""),
    ],
    ids=["interrupted", "killed"],
)
def test_a_process_that_is_ended_while_it_imports_leaves_the_database_as_it_was(
    tmp_path: Path, signal_: signal.Signals, ended: int, says: str
) -> None:
    path = tmp_path / "a.duckdb"
    with rnb.connect(path) as db:
        db.define(planes=PLANES)
        db.write(lambda ctx: ctx.db.insert("planes", {"name": "A300", "seats": 1}))
        before = everything(db)
    (tmp_path / "a.jsonl").write_text(lines(*[{"name": f"B{n}", "seats": n} for n in range(100)]))
    arguments = ["import", str(path), str(tmp_path / "a.jsonl"), "--table", "planes", "--mode", "replace"]
    process = subprocess.Popen(
        [sys.executable, "-c", IMPORT, *arguments],
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "halfway\n"
        process.send_signal(signal_)
        told = process.stderr.read()

    assert (process.returncode, told) == (ended, says)
    assert check(path).problems == ()
    with rnb.connect(path) as again:
        assert everything(again) == before
