"""`ctx.storage`: files as documents, in queries, mutations and actions, and after a kill at any moment."""

from __future__ import annotations

import errno
import hashlib
import io
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any, BinaryIO

import pytest

import reactive_nb as rnb
from reactive_nb.documents.snapshot import Snapshot
from reactive_nb.engine import Engine
from reactive_nb.errors import (
    DocumentNotFound,
    FileContentError,
    FunctionKindError,
    InvalidId,
    InvalidValue,
    LogWriteError,
)
from reactive_nb.files import Contents
from reactive_nb.functions.context import MutationContext, QueryContext
from reactive_nb.functions.storage import ActionStorage, StorageReader, StorageWriter, gone, is_stored
from reactive_nb.log import Files
from reactive_nb.transaction.commit import Commit
from reactive_nb.transaction.committer import Proposal
from reactive_nb.transaction.read_set import Overlap
from tests.functions.storing import contents_of, data
from tests.tools import Core

PROJECT = Path(__file__).parents[2]
KILLS = 10
BUSY = 150_000  # up to how many steps a kill waits; about as long as storing a large file takes
HELLO = hashlib.sha256(b"hello").hexdigest()


class Host(Core):
    """A core with contents, which does at each end of a transaction what the engine does."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self.files = Contents(folder, lambda sha256: is_stored(self.committer.head, sha256))
        self.storage = ActionStorage(self, self.files, self.ids)

    def propose(self, proposal: Proposal) -> Commit | Overlap | None:
        outcome = super().propose(proposal)
        if isinstance(outcome, Commit):
            self.files.remove(gone(outcome))
        self.files.release(proposal.transaction)
        return outcome

    def read(self, body: Callable[[QueryContext], Any], snapshot: Snapshot | None = None) -> Any:
        return self.runner.read(body, "read", snapshot).value()

    def write(self, body: Callable[[MutationContext], Any], name: str = "write") -> Any:
        def run(ctx: MutationContext) -> Any:
            try:
                return body(ctx)
            except BaseException:
                self.files.release(ctx.transaction)
                raise

        return self.runner.write(run, name)

    def reader(self, ctx: QueryContext) -> StorageReader:
        return StorageReader(ctx.transaction, self.files)

    def writer(self, ctx: MutationContext) -> StorageWriter:
        return StorageWriter(ctx.transaction, self.files, self.ids)

    def store(self, data: Any, content_type: str | None = None) -> str:
        return self.write(lambda ctx: self.writer(ctx).store(data, content_type))

    def delete(self, *ids: str) -> None:
        self.write(lambda ctx: [self.writer(ctx).delete(id) for id in ids])

    def document(self, id: str) -> dict[str, Any] | None:
        return self.read(lambda ctx: ctx.db.system.get(id))

    def kept(self) -> set[str]:
        """Return the hashes of the contents that there are."""
        return {each.parent.name + each.name for each in self.folder.rglob("*") if each.is_file()}


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path / "contents")


def read_all(file: BinaryIO | None) -> bytes:
    assert file is not None
    with file:
        return file.read()


# ------------------------------------------------------------------ storing and reading


def test_a_stored_file_is_a_document_with_size_hash_and_content_type(host: Host) -> None:
    id = host.store(b"hello", "text/plain")

    document = host.document(id)

    assert document is not None
    assert list(document) == ["_id", "_creationTime", "sha256", "size", "contentType"]
    assert (document["sha256"], document["size"], document["contentType"]) == (HELLO, 5, "text/plain")


def test_without_a_content_type_the_document_has_none(host: Host) -> None:
    id = host.store(b"hello")

    assert "contentType" not in host.document(id)
    assert host.read(lambda ctx: host.reader(ctx).get_metadata(id)) == {
        "storageId": id,
        "sha256": HELLO,
        "size": 5,
        "contentType": None,
    }


def test_a_mutation_reads_what_was_stored_before_and_in_itself(host: Host) -> None:
    before = host.store(b"hello")

    def both(ctx: MutationContext) -> tuple[bytes, bytes]:
        storage = host.writer(ctx)
        return read_all(storage.get(before)), read_all(storage.get(storage.store(b"now")))

    assert host.write(both) == (b"hello", b"now")


def test_an_action_stores_reads_and_deletes_each_at_once(host: Host) -> None:
    id = host.storage.store(io.BytesIO(b"hello"), "text/plain")

    assert read_all(host.storage.get(id)) == b"hello"
    assert host.storage.get_metadata(id) == {
        "storageId": id,
        "sha256": HELLO,
        "size": 5,
        "contentType": "text/plain",
    }
    assert host.storage.get_url(id) == (host.folder / HELLO[:2] / HELLO[2:]).as_uri()
    assert host.storage.get_url(id, inline=True) == "data:text/plain;base64,aGVsbG8="
    host.storage.delete(id)
    assert host.storage.get(id) is host.storage.get_url(id) is host.storage.get_metadata(id) is None
    assert host.kept() == set()


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        (None, "data:application/octet-stream;base64,aGVsbG8="),
        ("image/svg+xml", "data:image/svg+xml;base64,aGVsbG8="),
        ("text/csv; charset=utf-8", "data:text/csv;charset=utf-8;base64,aGVsbG8="),
        ('text/plain; a="><b,#&', "data:text/plain;a=%22%3E%3Cb%2C%23%26;base64,aGVsbG8="),
    ],
)
def test_an_inline_url_holds_the_bytes_and_nothing_that_a_page_could_take_for_its_end(
    host: Host, content_type: str | None, expected: str
) -> None:
    id = host.store(b"hello", content_type)

    assert host.read(lambda ctx: host.reader(ctx).get_url(id, inline=True)) == expected


@pytest.mark.parametrize("content_type", ["png", "", "text/", "a/b\r\nX: y", "ü/x", 7])
def test_what_is_no_content_type_is_refused_before_anything_is_stored(host: Host, content_type: Any) -> None:
    for store in (host.store, host.storage.store):
        with pytest.raises(InvalidValue) as refused:
            store(b"hello", content_type)

        assert refused.value.thing.startswith(f"its content type is {content_type!r} (")
        assert refused.value.hint == ("Pass a text such as 'image/png' or 'text/csv; charset=utf-8', or leave it out")
    assert not host.folder.exists()


def test_a_file_is_stored_whole_by_each_attempt_of_a_mutation_and_left_where_it_stood(host: Host) -> None:
    (counter,) = [host.write(lambda ctx: ctx.db.insert("counters", {"n": 0}))]
    source = io.BytesIO(b"__hello")
    source.seek(2)
    attempts = []

    def store(ctx: MutationContext) -> str:
        attempts.append(ctx.db.get(counter))
        if len(attempts) == 1:
            tx, rival = host.begin()
            rival.db.patch(counter, {"n": 1})
            host.commit(tx)
        ctx.db.patch(counter, {"n": 2})
        return host.writer(ctx).store(source)

    id = host.write(store)

    assert len(attempts) == 2
    assert read_all(host.storage.get(id)) == b"hello"
    assert source.tell() == 2
    assert host.kept() == {HELLO}


def test_a_stream_that_can_be_read_only_once_is_for_actions(host: Host) -> None:
    class Response(io.BytesIO):
        def seekable(self) -> bool:
            return False

    with pytest.raises(InvalidValue) as refused:
        host.store(Response(b"hello"))

    assert refused.value.thing.endswith("can be read only once, and a mutation may run again")
    assert refused.value.hint == "Store it in an action, which runs once, and hand its id to a mutation"
    assert read_all(host.storage.get(host.storage.store(Response(b"hello")))) == b"hello"


@pytest.mark.parametrize("method", ["store", "get", "delete"])
def test_a_query_has_only_urls_and_metadata(host: Host, method: str) -> None:
    with pytest.raises(FunctionKindError) as refused:
        host.read(lambda ctx: getattr(host.reader(ctx), method)("anything"))

    assert refused.value.what in ("Cannot store a file", "Cannot open a file", "Cannot delete a file")
    assert refused.value.thing == "this is a query, which only reads"
    assert ("get_url" in refused.value.hint) == (method == "get")


# ------------------------------------------------------------------ ids of nothing


READING: list[Callable[[StorageReader, str], Any]] = [
    lambda storage, id: storage.get_url(id),
    lambda storage, id: storage.get_url(id, inline=True),
    lambda storage, id: storage.get_metadata(id),
    lambda storage, id: storage.get(id),
]


@pytest.mark.parametrize("read", READING)
def test_a_deleted_file_is_none(host: Host, read: Callable[[StorageReader, str], Any]) -> None:
    id = host.store(b"hello")
    host.delete(id)

    assert host.write(lambda ctx: read(host.writer(ctx), id)) is None
    assert Host(host.folder).write(lambda ctx: read(host.writer(ctx), id)) is None  # where nothing was ever stored


@pytest.mark.parametrize("read", [*READING, lambda storage, id: storage.delete(id)])
def test_the_id_of_another_document_is_refused(host: Host, read: Callable[[StorageReader, str], Any]) -> None:
    id = host.write(lambda ctx: ctx.db.insert("notes", {}))

    with pytest.raises(InvalidId) as refused:
        host.write(lambda ctx: read(host.writer(ctx), id))
    assert refused.value.thing == "it is the id of a document of notes"
    assert refused.value.hint == "Pass what ctx.storage.store returned"

    for wrong in ("nonsense", 7):
        with pytest.raises(InvalidId):
            host.write(lambda ctx, wrong=wrong: read(host.writer(ctx), wrong))


def test_deleting_a_file_that_is_not_there_is_an_error(host: Host) -> None:
    id = host.store(b"hello")
    host.delete(id)

    for delete in (host.delete, host.storage.delete):
        with pytest.raises(DocumentNotFound) as refused:
            delete(id)

        assert str(refused.value) == (
            f"Cannot delete the file {id}: there is no file with this id. Expected the id of a file that exists. "
            "It may have been deleted; ctx.storage.get_metadata(id) returns None then."
        )
        assert refused.value.id == id


def test_a_look_at_a_file_is_recorded_as_a_look_at_its_document_alone(host: Host) -> None:
    id = host.store(b"hello")
    key = id.encode()

    for read in READING[:3]:
        outcome = host.runner.read(lambda ctx, read=read: read(host.reader(ctx), id), "read")
        looks = {place: list(each) for place, each in outcome.reads.intervals().items() if each}
        assert looks == {("_storage", "by_id"): [(key, key + b"\0")]}


def test_a_look_at_the_id_of_another_document_depends_on_its_table(host: Host) -> None:
    id = host.write(lambda ctx: ctx.db.insert("notes", {}))

    outcome = host.runner.read(lambda ctx: host.reader(ctx).get_metadata(id), "read")

    assert isinstance(outcome.error, InvalidId)
    assert "notes" in {table for table, _ in outcome.reads.intervals()}


# ------------------------------------------------------------------ one content, many documents


def test_the_same_bytes_twice_are_two_files_and_one_content(host: Host) -> None:
    one, two = host.store(b"hello"), host.storage.store(b"hello")

    assert one != two
    assert host.kept() == {HELLO}
    host.delete(one)
    assert read_all(host.storage.get(two)) == b"hello"
    host.delete(two)
    assert host.kept() == set()


def test_a_content_goes_with_the_last_of_its_documents_though_one_commit_deletes_them_all(host: Host) -> None:
    ids = [host.store(b"hello"), host.store(b"hello"), host.store(b"other")]

    host.delete(*ids)

    assert host.kept() == set()


def test_a_commit_that_deletes_a_file_and_stores_its_bytes_again_keeps_the_content(host: Host) -> None:
    old = host.store(b"hello")

    def again(ctx: MutationContext) -> str:
        host.writer(ctx).delete(old)
        return host.writer(ctx).store(b"hello")

    assert read_all(host.storage.get(host.write(again))) == b"hello"


def test_gone_names_what_a_commit_deletes_and_nothing_else(host: Host) -> None:
    commits: list[Commit] = []
    host.committer.on_commit(commits.append)
    host.write(lambda ctx: ctx.db.insert("notes", {"sha256": "x"}))
    one, two = host.store(b"hello"), host.store(b"other")

    def delete(ctx: MutationContext) -> None:
        ctx.db.delete(ctx.db.query("notes").first()["_id"])
        host.writer(ctx).delete(one)
        host.writer(ctx).delete(two)

    host.write(delete)
    host.write(lambda ctx: ctx.db.insert("notes", {}))

    assert [gone(each) for each in commits] == [
        set(),
        set(),
        set(),
        {HELLO, hashlib.sha256(b"other").hexdigest()},
        set(),
    ]


def test_is_stored_asks_for_exactly_this_hash(host: Host) -> None:
    assert not is_stored(host.committer.head, HELLO)
    host.store(b"hello")

    assert is_stored(host.committer.head, HELLO)
    assert not is_stored(host.committer.head, HELLO[:-1])
    assert not is_stored(host.committer.head, HELLO[:-1] + "f" * (HELLO[-1] != "f") + "0" * (HELLO[-1] == "f"))


# ------------------------------------------------------------------ what is not committed


def test_a_mutation_that_fails_leaves_no_file(host: Host) -> None:
    def fail(ctx: MutationContext) -> None:
        host.writer(ctx).store(b"hello")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        host.write(fail)

    assert host.read(lambda ctx: ctx.db.system.query("_storage").collect()) == []
    assert host.kept() == set()


def test_what_a_nested_mutation_has_stored_goes_with_its_other_writes(host: Host) -> None:
    def part(ctx: MutationContext) -> str:
        savepoint = ctx.transaction.savepoint()
        host.writer(ctx).store(b"undone")
        ctx.transaction.rollback(savepoint)
        return host.writer(ctx).store(b"hello")

    id = host.write(part)

    assert host.kept() == {HELLO}
    assert read_all(host.storage.get(id)) == b"hello"


def test_a_content_stays_for_a_mutation_that_stores_it_while_others_delete_it(host: Host) -> None:
    old = host.store(b"hello")
    tx, ctx = host.begin()
    new = host.writer(ctx).store(b"hello")

    other, rival = host.begin()
    host.writer(rival).delete(old)
    assert isinstance(host.commit(other), Commit)

    assert host.kept() == {HELLO}
    assert isinstance(host.commit(tx), Commit)
    assert read_all(host.storage.get(new)) == b"hello"


def test_an_action_whose_bytes_cannot_be_read_leaves_nothing(host: Host) -> None:
    with pytest.raises(InvalidValue):
        host.storage.store(io.StringIO("hello"))

    assert host.kept() == set()


def test_an_action_whose_bytes_cannot_be_kept_leaves_nothing(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: Files, path: Path) -> None:
        if path.name == HELLO[:2]:
            raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(Files, "sync_folder", fail)
        with pytest.raises(FileContentError):
            host.storage.store(b"hello")

    assert host.kept() == set()


def test_after_a_commit_of_which_nobody_knows_the_bytes_stay_until_the_next_opening(host: Host) -> None:
    class Unsure(Host):
        def write(self, body: Callable[[MutationContext], Any], name: str = "write") -> Any:
            raise LogWriteError("Cannot append", thing="a fault", expected="a disk", hint="Open it again")

    unsure = Unsure(host.folder)
    with pytest.raises(LogWriteError):
        unsure.storage.store(b"hello")
    unsure.files.close()
    assert host.kept() == {HELLO}

    host.files.sweep()
    assert host.kept() == set()


# ------------------------------------------------------------------ missing and damaged


@pytest.mark.parametrize("read", [READING[0], READING[1], READING[3]])
def test_a_missing_content_is_an_error_that_names_document_and_file(
    host: Host, read: Callable[[StorageReader, str], Any]
) -> None:
    id = host.store(b"hello")
    path = host.folder / HELLO[:2] / HELLO[2:]
    path.unlink()

    for ask in (lambda: host.write(lambda ctx: read(host.writer(ctx), id)), lambda: read(host.storage, id)):
        with pytest.raises(FileContentError) as refused:
            ask()

        assert (refused.value.id, refused.value.path, refused.value.is_missing) == (id, path, True)
        assert str(refused.value).startswith(f"Cannot read the file {id}: its content {path} does not exist. ")


def test_a_damaged_content_is_an_error_and_its_document_can_be_deleted(host: Host) -> None:
    id = host.store(b"hello")
    path = host.folder / HELLO[:2] / HELLO[2:]
    path.unlink()
    path.write_bytes(b"jello")

    with pytest.raises(FileContentError, match="has the SHA-256"):
        host.storage.get(id)
    host.storage.delete(id)

    assert host.kept() == set()


def test_an_action_finds_no_file_where_it_was_deleted_between_its_document_and_its_bytes(host: Host) -> None:
    id = host.store(b"hello")

    class Late(Contents):
        """Opens too late: the file is deleted first, and it looks again no more than once."""

        def open(self, sha256: str, size: int, id: str) -> io.BufferedReader:
            tx, ctx = host.begin()
            if ctx.db.system.get(id):
                host.writer(ctx).delete(id)
                host.commit(tx)
            return super().open(sha256, size, id)

    late = Late(host.folder, lambda sha256: is_stored(host.committer.head, sha256))

    assert ActionStorage(host, late, host.ids).get(id) is None
    with pytest.raises(FileContentError):  # whereas in the past it was there, and its bytes are not any more
        host.read(lambda ctx: host.reader(ctx).get_url(id), host.committer.recent.snapshot_at(1))


# ------------------------------------------------------------------ the real thing


def test_files_outlive_the_database_that_is_closed(tmp_path: Path) -> None:
    path, folder = tmp_path / "süß.duckdb", tmp_path / "süß.duckdb.contents"
    source = tmp_path / "文件.txt"
    source.write_bytes(b"hello")
    with rnb.connect(path) as db:
        storage = ActionStorage(db, contents_of(db, folder), db.ids)
        id = storage.store(source, "text/plain")

    with rnb.connect(path) as db:
        storage = ActionStorage(db, contents_of(db, folder), db.ids)
        assert read_all(storage.get(id)) == b"hello"
        storage.delete(id)
        contents_of(db, folder).close()

    assert not folder.exists()


def test_what_the_contents_write_is_no_side_effect_of_the_mutation_that_stores(db: Engine, tmp_path: Path) -> None:
    for folder in (tmp_path / "contents", None):
        contents = Contents(folder, lambda sha256: False)

        def store_and_undo(ctx: Any, contents: Contents = contents) -> bytes:
            storage = StorageWriter(ctx.transaction, contents, db.ids)
            with storage.get(storage.store(io.BytesIO(b"hello"))) as file:
                found = file.read()
            contents.release(ctx.transaction)
            return found

        assert db.write(store_and_undo) == b"hello"
        contents.close()


@pytest.fixture
def killed(tmp_path: Path) -> tuple[Path, Path, dict[str, int]]:
    """A database whose process was killed again and again, and what it had been told is stored."""
    path, folder = tmp_path / "x.duckdb", tmp_path / "contents"
    chance = Random(20261121)
    stored: dict[str, int] = {}
    for _ in range(KILLS):
        command = [
            sys.executable,
            "-m",
            "tests.functions.storing",
            str(path),
            str(folder),
            str(chance.randrange(10**6)),
        ]
        with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            left = chance.randint(1, 40)
            for line in process.stdout:
                match line.split():
                    case ["storing" | "deleted", _]:
                        left -= 1
                        if left == 0:
                            for _ in range(chance.randrange(BUSY)):
                                pass
                            process.kill()
                    case ["stored", id, seed]:
                        stored[id] = int(seed)
                    case ["deleting", id]:
                        stored.pop(id, None)  # or its process died before it could say that it is stored
        assert process.returncode == -signal.SIGKILL, "it ended by itself; its output says why"
    return path, folder, stored


@pytest.mark.slow
def test_after_kills_every_file_is_whole_and_no_content_is_without_one(
    killed: tuple[Path, Path, dict[str, int]],
) -> None:
    path, folder, stored = killed

    with rnb.connect(path) as db:
        contents = contents_of(db, folder)
        storage = ActionStorage(db, contents, db.ids)
        documents = db.read(lambda ctx: ctx.db.system.query("_storage").collect())

        assert {each["_id"] for each in documents} >= stored.keys()
        assert len(stored) > 3
        for id, seed in stored.items():
            assert read_all(storage.get(id)) == data(seed)
        for each in documents:
            assert len(read_all(storage.get(each["_id"]))) == each["size"]
        found = {each.parent.name + each.name for each in folder.rglob("*") if each.is_file()}
        assert found == {each["sha256"] for each in documents}
