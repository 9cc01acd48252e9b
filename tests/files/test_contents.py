"""Contents: stored once and whole, verified before they are read, removed when nobody has them."""

from __future__ import annotations

import errno
import gc
import hashlib
import io
import logging
import os
import stat
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from reactive_nb.errors import DatabaseClosed, FileContentError, InvalidValue
from reactive_nb.files import Content, Contents
from reactive_nb.files.contents import CHUNK
from reactive_nb.log import Files
from tests.scenarios.disks import Disk, limited, mounted

HELLO = hashlib.sha256(b"hello").hexdigest()


class Stored(set[str]):
    """The hashes that documents have; a test says which."""

    def __call__(self, sha256: str) -> bool:
        return sha256 in self


@pytest.fixture
def stored() -> Stored:
    return Stored()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "x.duckdb.files"


@pytest.fixture
def contents(folder: Path, stored: Stored) -> Contents:
    return Contents(folder, stored, threading.Lock())


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def place(folder: Path, sha256: str) -> Path:
    return folder / sha256[:2] / sha256[2:]


def names(folder: Path) -> set[str]:
    """Return the files under a folder by their paths from there."""
    return {str(each.relative_to(folder)) for each in folder.rglob("*") if each.is_file()}


def damage(path: Path, data: bytes) -> None:
    """Write into a content as no test may rely on the clock for: its times are seen to have changed."""
    path.chmod(0o644)
    path.write_bytes(data)
    os.utime(path, ns=(0, 0))


# ------------------------------------------------------------------ storing and reading


def test_a_content_is_stored_under_its_hash_and_read_back(contents: Contents, folder: Path) -> None:
    content = contents.put(b"hello", "me")

    assert content == Content(HELLO, 5)
    assert names(folder) == {f"{HELLO[:2]}/{HELLO[2:]}"}
    with contents.open(*content, "a document") as file:
        assert file.read() == b"hello"
    assert contents.url(*content, "a document") == place(folder, HELLO).as_uri()


def test_no_folder_is_made_before_there_is_something_to_keep(contents: Contents, folder: Path) -> None:
    contents.sweep()
    contents.remove([HELLO])
    contents.release("me")
    contents.close()

    assert not folder.exists()


BIG = bytes(range(256)) * (CHUNK // 100)


@pytest.mark.parametrize("data", [b"", b"x", BIG, BIG[:CHUNK], BIG[: CHUNK + 1]], ids=lambda data: str(len(data)))
@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview, io.BytesIO, "path", "file"], ids=str)
def test_bytes_of_any_size_come_from_memory_a_path_or_a_file(
    contents: Contents, tmp_path: Path, kind: Any, data: bytes
) -> None:
    source = tmp_path / "süß 文件.bin"
    source.write_bytes(data)
    given = source if kind == "path" else source.open("rb") if kind == "file" else kind(data)

    content = contents.put(given, "me")

    assert content == (hashlib.sha256(data).hexdigest(), len(data))
    with contents.open(*content, "a document") as file:
        assert file.read() == data


def test_views_of_other_items_than_bytes_are_stored_as_the_bytes_they_show(contents: Contents) -> None:
    numbers = memoryview(b"abcdefgh").cast("H")

    assert contents.put(numbers, "me").sha256 == hashlib.sha256(b"abcdefgh").hexdigest()
    assert contents.put(memoryview(b"abcdefgh")[::2], "me").sha256 == hashlib.sha256(b"aceg").hexdigest()


def test_a_file_is_read_from_where_it_stands_however_little_it_gives_at_a_time(contents: Contents) -> None:
    class Dripping(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(3)

    data = Dripping(b"0123456789")
    data.seek(2)

    assert contents.put(data, "me") == (hashlib.sha256(b"23456789").hexdigest(), 8)


def test_paths_of_any_letters(tmp_path: Path, stored: Stored) -> None:
    parent = tmp_path / "数据 für #1 %41?"
    parent.mkdir()
    contents = Contents(parent / "x.duckdb.files", stored)

    content = contents.put(b"hello", "me")

    url = contents.url(*content, "a document")
    assert url.isascii()
    assert " " not in url
    assert "#" not in url
    with contents.open(*content, "a document") as file:
        assert file.read() == b"hello"


def test_the_same_bytes_are_kept_once(contents: Contents, folder: Path) -> None:
    first = contents.put(b"hello", "me")
    inode = place(folder, HELLO).stat().st_ino

    assert contents.put(b"hello", "you") == first
    assert names(folder) == {f"{HELLO[:2]}/{HELLO[2:]}"}
    assert place(folder, HELLO).stat().st_ino == inode


def test_a_content_is_not_to_be_written_to(contents: Contents, folder: Path) -> None:
    contents.put(b"hello", "me")

    assert not stat.S_IMODE(place(folder, HELLO).stat().st_mode) & 0o222


@pytest.mark.parametrize(
    ("data", "thing", "hint"),
    [
        (
            "notes.txt",
            "'notes.txt' (str) was given",
            "Pass text.encode() to store this text, or pathlib.Path(name) to store the file of this name",
        ),
        (7, "7 (int) was given", "Pass bytes, a pathlib.Path, or what open(name, 'rb') returns"),
        (None, "None was given", "Pass bytes, a pathlib.Path, or what open(name, 'rb') returns"),
    ],
    ids=["str", "int", "None"],
)
def test_what_has_no_bytes_is_refused(contents: Contents, folder: Path, data: Any, thing: str, hint: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        contents.put(data, "me")

    assert str(refused.value) == (
        f"Cannot store the file: {thing}. Expected bytes, a path, or a file opened for reading bytes. {hint}."
    )
    assert not folder.exists()


def test_a_file_of_text_is_refused_and_leaves_nothing(contents: Contents, folder: Path) -> None:
    with pytest.raises(InvalidValue, match=r"StringIO.* gave 'hello' \(str\)") as refused:
        contents.put(io.StringIO("hello"), "me")

    assert refused.value.hint == "Open it with open(name, 'rb')"
    assert names(folder) == set()


def test_what_the_source_raises_is_raised_as_it_is_and_leaves_nothing(
    contents: Contents, folder: Path, tmp_path: Path
) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell():
                raise ConnectionResetError("the server is gone")
            return super().read(4)

    with pytest.raises(ConnectionResetError, match="the server is gone"):
        contents.put(Broken(b"hello"), "me")
    with pytest.raises(FileNotFoundError):
        contents.put(tmp_path / "nowhere", "me")

    assert names(folder) == set()


@pytest.mark.slow
def test_a_file_larger_than_memory_may_hold_is_streamed(contents: Contents) -> None:
    size = 100 << 20

    class Zeros(io.RawIOBase):
        left = size

        def read(self, size: int = -1) -> bytes:
            given = min(size, self.left)
            self.left -= given
            return bytes(given)

    tracemalloc.start()
    try:
        content = contents.put(Zeros(), "me")
        contents._whole.clear()  # as after opening the database again
        contents.open(*content, "a document").close()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert content.size == size
    assert peak < 8 << 20


# ------------------------------------------------------------------ missing and damaged


def test_a_missing_content_is_named(contents: Contents, folder: Path) -> None:
    contents.put(b"hello", "me")
    path = place(folder, HELLO)
    path.unlink()

    for ask in (contents.open, contents.url):
        with pytest.raises(FileContentError) as refused:
            ask(HELLO, 5, "7abc")

        assert str(refused.value) == (
            f"Cannot read the file 7abc: its content {path} does not exist. "
            f"Expected a content of 5 bytes with the SHA-256 {HELLO}. "
            "Restore it from a copy of the folder; where there is none, delete the file with ctx.storage.delete(id). "
            "At an earlier commit, its bytes have gone with the document, which was deleted since."
        )
        assert (refused.value.path, refused.value.id, refused.value.is_missing) == (path, "7abc", True)


def test_a_content_of_another_size_is_named(contents: Contents, folder: Path) -> None:
    contents.put(b"hello", "me")
    damage(place(folder, HELLO), b"h")

    for ask in (contents.open, contents.url):
        with pytest.raises(FileContentError) as refused:
            ask(HELLO, 5, "7abc")

        assert refused.value.thing == f"its content {place(folder, HELLO)} has 1 byte"
        assert not refused.value.is_missing


def test_a_content_whose_bytes_have_changed_is_named_though_its_size_is_right(contents: Contents, folder: Path) -> None:
    contents.put(b"hello", "me")
    damage(place(folder, HELLO), b"jello")

    with pytest.raises(FileContentError) as refused:
        contents.open(HELLO, 5, "7abc")

    found = hashlib.sha256(b"jello").hexdigest()
    assert refused.value.thing == f"its content {place(folder, HELLO)} has the SHA-256 {found}"
    assert refused.value.expected == f"a content of 5 bytes with the SHA-256 {HELLO}"
    assert refused.value.hint == (
        "Restore it from a copy of the folder, or store the same bytes once more, which puts it right"
    )


def test_a_content_that_cannot_be_read_is_named(contents: Contents, folder: Path) -> None:
    contents.put(b"hello", "me")
    path = place(folder, HELLO)
    path.unlink()
    path.mkdir()

    with pytest.raises(FileContentError) as refused:
        contents.open(HELLO, 5, "7abc")

    assert refused.value.thing == f"reading its content {path} failed: Is a directory (EISDIR)"


@pytest.mark.parametrize("opened_again", [False, True])
def test_storing_the_bytes_again_puts_a_damaged_content_right(folder: Path, stored: Stored, opened_again: bool) -> None:
    contents = Contents(folder, stored)
    contents.put(b"hello", "me")
    damage(place(folder, HELLO), b"jello")
    if opened_again:
        contents = Contents(folder, stored)

    contents.put(b"hello", "me")

    with contents.open(HELLO, 5, "7abc") as file:
        assert file.read() == b"hello"


def test_a_content_is_hashed_once_and_again_when_it_looks_changed(
    folder: Path, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    Contents(folder, stored).put(b"hello", "me")
    contents = Contents(folder, stored)
    hashed: list[str] = []
    digest = hashlib.file_digest

    def counted(file: Any, name: Any) -> Any:
        hashed.append(file.name.name if isinstance(file.name, Path) else file.name)
        return digest(file, name)

    monkeypatch.setattr(hashlib, "file_digest", counted)
    for _ in range(3):
        contents.open(HELLO, 5, "7abc").close()
    assert len(hashed) == 1

    os.utime(place(folder, HELLO), ns=(1, 1))
    contents.open(HELLO, 5, "7abc").close()
    assert len(hashed) == 2


# ------------------------------------------------------------------ removing, pins, sweeps


def test_a_content_goes_when_no_document_has_it(contents: Contents, folder: Path, stored: Stored) -> None:
    stored.add(HELLO)
    contents.put(b"hello", "me")
    contents.release("me")
    contents.remove([HELLO])
    assert len(names(folder)) == 1

    stored.clear()
    contents.remove([HELLO])
    contents.remove([HELLO])  # it is gone already

    assert names(folder) == set()
    assert contents._whole == {}


def test_what_is_open_can_be_read_to_its_end_after_its_removal(contents: Contents) -> None:
    contents.put(b"hello", "me")

    with contents.open(HELLO, 5, "7abc") as file:
        contents.release("me")
        with pytest.raises(FileContentError):
            contents.url(HELLO, 5, "7abc")
        assert file.read() == b"hello"


def test_a_content_stays_while_anybody_is_about_to_store_it(contents: Contents, folder: Path) -> None:
    contents.put(b"hello", "me")
    contents.put(b"hello", "you")

    contents.remove([HELLO])
    contents.sweep()
    contents.release("me")
    assert len(names(folder)) == 1

    contents.release("you")
    assert names(folder) == set()


def test_a_release_keeps_what_has_got_a_document(contents: Contents, folder: Path, stored: Stored) -> None:
    contents.put(b"hello", "me")
    other = contents.put(b"other", "me")
    stored.add(HELLO)

    contents.release("me")

    assert names(folder) == {f"{HELLO[:2]}/{HELLO[2:]}"}
    assert not place(folder, other.sha256).exists()


def test_whether_a_document_has_it_is_asked_after_the_look_at_the_pins(folder: Path) -> None:
    # Otherwise whoever stores it could commit and release in between, and it would be removed all the same.
    asked: list[set[str]] = []

    def is_stored(sha256: str) -> bool:
        asked.append(set().union(*contents._pins.values()))
        return False

    contents = Contents(folder, is_stored)
    contents.put(b"hello", "me")
    contents.remove([HELLO])
    contents.release("me")

    assert asked == [set()]


def test_a_removed_content_is_written_again_when_it_is_stored_again(contents: Contents) -> None:
    contents.put(b"hello", "me")
    contents.release("me")

    contents.put(b"hello", "me")

    contents.open(HELLO, 5, "7abc").close()


def test_a_sweep_removes_what_no_document_has_and_leaves_what_is_not_its_own(folder: Path, stored: Stored) -> None:
    before = Contents(folder, stored)
    for data in (b"hello", b"lost", b"lost too"):
        before.put(data, "dead")
    stored.add(HELLO)
    (folder / "part-0123").write_bytes(b"half of so")
    own = {"README.txt", "ab/notes.txt", "zz/" + "0" * 62, "ab/" + "0" * 61}
    for name in own:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("mine")

    Contents(folder, stored).sweep()

    assert names(folder) == own | {f"{HELLO[:2]}/{HELLO[2:]}"}


def test_a_sweep_leaves_what_is_being_written(contents: Contents, folder: Path) -> None:
    class Sweeping(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            contents.sweep()
            return super().read(2)

    content = contents.put(Sweeping(b"hello"), "me")

    contents.open(*content, "7abc").close()


def test_threads_that_store_and_remove_the_same_bytes_never_lose_what_has_a_document(
    folder: Path, stored: Stored
) -> None:
    contents = Contents(folder, stored, threading.Lock())
    documents: dict[str, int] = {}
    counting = threading.Lock()
    lost: list[Exception] = []

    def store_and_delete(name: str) -> None:
        for step in range(40):
            owner = f"{name} {step}"
            sha256, size = contents.put(b"%d" % (step % 2), owner)
            with counting:  # the commit of the document
                documents[sha256] = documents.get(sha256, 0) + 1
                stored.add(sha256)
            contents.release(owner)
            try:
                contents.open(sha256, size, owner).close()
            except FileContentError as error:
                lost.append(error)
            with counting:  # the commit that deletes it
                documents[sha256] -= 1
                if not documents[sha256]:
                    stored.discard(sha256)
            contents.remove([sha256])

    threads = [threading.Thread(target=store_and_delete, args=(f"thread {number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert lost == []
    assert names(folder) == set()


def test_what_the_system_does_not_remove_is_reported_and_swept_later(
    contents: Contents, folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    contents.put(b"hello", "me")

    def refuse(self: Path, missing_ok: bool = False) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    with monkeypatch.context() as patched, caplog.at_level(logging.WARNING, "reactive_nb"):
        patched.setattr(Path, "unlink", refuse)
        contents.release("me")
    assert f"Cannot remove {place(folder, HELLO)}: " in caplog.text

    contents.sweep()
    assert names(folder) == set()


def test_removing_nothing_does_not_ask_the_disk(folder: Path, stored: Stored) -> None:
    # Every commit removes what it has made superfluous, and nearly all make nothing so.
    contents = Contents(folder, stored, database_id="aa11")
    (folder / "database").mkdir(parents=True)  # asked for its text, it raises

    contents.remove([])


def test_removing_from_a_folder_that_cannot_be_read_is_reported_and_raises_nothing(
    folder: Path, stored: Stored, caplog: pytest.LogCaptureFixture
) -> None:
    # It happens after a commit, which nobody may take for failed.
    contents = Contents(folder, stored, database_id="aa11")
    contents.put(b"hello", "me")
    (folder / "database").unlink()
    (folder / "database").mkdir()

    with caplog.at_level(logging.WARNING, "reactive_nb"):
        contents.release("me")

    assert f"Cannot read {folder / 'database'}: " in caplog.text
    assert place(folder, HELLO).exists()


# ------------------------------------------------------------------ the folder


def test_a_close_sweeps_and_leaves_no_empty_folder(contents: Contents, folder: Path) -> None:
    contents.put(b"hello", "me")
    contents.release("me")
    assert folder.exists()

    contents.close()
    contents.close()

    assert not folder.exists()


def test_a_close_removes_what_was_left_behind(contents: Contents, folder: Path, stored: Stored) -> None:
    contents.put(b"other", "me")
    (folder / HELLO[:2]).mkdir()
    place(folder, HELLO).write_bytes(b"hello")
    (folder / "part-0123").write_bytes(b"half of so")

    contents.close()

    assert names(folder) == {str(place(Path(), hashlib.sha256(b"other").hexdigest()))}


def test_a_close_keeps_what_has_a_document(contents: Contents, folder: Path, stored: Stored) -> None:
    contents.put(b"hello", "me")
    contents.put(b"other", "me")
    stored.add(HELLO)
    contents.release("me")

    contents.close()

    assert names(folder) == {f"{HELLO[:2]}/{HELLO[2:]}"}
    assert [each.name for each in folder.iterdir()] == [HELLO[:2]]


def test_a_close_keeps_what_may_be_committed_though_nobody_knows(
    contents: Contents, folder: Path, stored: Stored
) -> None:
    contents.put(b"hello", "me")  # and its commit failed in a way that leaves it open: no release

    contents.close()

    assert len(names(folder)) == 1
    Contents(folder, stored).sweep()
    assert names(folder) == set()


def test_nothing_is_stored_or_read_after_the_close(contents: Contents, folder: Path) -> None:
    contents.put(b"hello", "me")
    contents.close()

    for use in (lambda: contents.put(b"x", "me"), lambda: contents.open(HELLO, 5, "7abc")):
        with pytest.raises(DatabaseClosed, match="Cannot use the files of the database: it was closed"):
            use()
    contents.release("me")  # what ends later may still say so; but by now another process may have the database open
    contents.remove([HELLO])
    contents.sweep()
    assert len(names(folder)) == 1


def test_what_is_being_stored_at_the_close_is_refused(temporary: Path, stored: Stored) -> None:
    contents = Contents(None, stored)

    class Closing(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            contents.close()
            return super().read(size)

    with pytest.raises(DatabaseClosed):
        contents.put(Closing(b"hello"), "me")

    assert list(temporary.iterdir()) == []


def test_in_memory_contents_are_in_a_temporary_folder_until_the_close(temporary: Path, stored: Stored) -> None:
    contents = Contents(None, stored, threading.Lock())
    contents.release("me")
    contents.sweep()
    assert list(temporary.iterdir()) == []

    content = contents.put(b"hello", "me")
    contents.remove([HELLO])
    stored.add(HELLO)
    contents.release("me")
    assert len(names(temporary)) == 1
    with contents.open(*content, "7abc") as file:
        contents.close()
        assert file.read() == b"hello"

    assert list(temporary.iterdir()) == []


@pytest.mark.slow
def test_in_memory_contents_that_nobody_closes_are_gone_with_their_owner(temporary: Path, stored: Stored) -> None:
    contents = Contents(None, stored)
    contents.put(b"hello", "me")

    del contents
    gc.collect()

    assert list(temporary.iterdir()) == []


@pytest.mark.slow
def test_a_forked_child_that_ends_leaves_the_contents_to_its_parent(temporary: Path, stored: Stored) -> None:
    contents = Contents(None, stored)
    contents.put(b"hello", "me")

    child = os.fork()
    if child == 0:
        try:
            del contents
            gc.collect()
        finally:
            os._exit(0)
    os.waitpid(child, 0)

    contents.open(HELLO, 5, "7abc").close()


def test_in_memory_a_content_that_was_never_here_is_missing(temporary: Path, stored: Stored) -> None:
    with pytest.raises(FileContentError) as refused:
        Contents(None, stored).open(HELLO, 5, "7abc")

    assert refused.value.is_missing


def test_a_folder_of_another_database_keeps_all_its_contents(folder: Path, stored: Stored) -> None:
    # Somebody has moved a database away, and begun a new one under its name.
    first = Contents(folder, Stored([HELLO]), database_id="aa11")
    first.put(b"hello", "me")
    first.release("me")
    first.close()
    (folder / "part-0123").write_bytes(b"half of so")

    second = Contents(folder, stored, database_id="bb22")
    second.sweep()
    other = second.put(b"other", "me")
    second.remove([HELLO])
    second.release("me")
    second.close()

    kept = {"database", "part-0123", f"{HELLO[:2]}/{HELLO[2:]}", f"{other.sha256[:2]}/{other.sha256[2:]}"}
    assert names(folder) == kept
    Contents(folder, Stored([HELLO]), database_id="aa11").sweep()
    assert names(folder) == {"database", f"{HELLO[:2]}/{HELLO[2:]}"}


def test_the_mark_of_the_database_goes_with_the_last_content(folder: Path, stored: Stored) -> None:
    contents = Contents(folder, stored, database_id="aa11")
    contents.put(b"hello", "me")
    assert (folder / "database").read_text() == "aa11"

    contents.release("me")
    contents.close()

    assert not folder.exists()


def test_a_folder_that_somebody_removed_is_made_again(contents: Contents, folder: Path) -> None:
    contents.put(b"hello", "me")
    place(folder, HELLO).unlink()
    place(folder, HELLO).parent.rmdir()
    folder.rmdir()

    contents.put(b"hello", "me")

    contents.open(HELLO, 5, "7abc").close()


# ------------------------------------------------------------------ disks


class Watched(Files):
    """A file system that says in which order it was used, and fails where a test wants it to."""

    done: list[str]
    failing: str | None = None

    def _do(self, name: str) -> None:
        if self.failing == name:
            raise OSError(errno.EIO, "Input/output error")
        self.done.append(name)

    def sync(self, descriptor: int) -> None:
        self._do("sync")
        super().sync(descriptor)

    def replace(self, source: Path, target: Path) -> None:
        self._do("replace")
        super().replace(source, target)

    def sync_folder(self, path: Path) -> None:
        self._do(f"sync {path.name}")
        super().sync_folder(path)


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> type[Watched]:
    monkeypatch.setattr("reactive_nb.files.contents.Files", Watched)
    monkeypatch.setattr(Watched, "done", [], raising=False)
    return Watched


def test_a_content_is_durable_before_it_has_its_name_and_the_name_before_put_returns(
    watched: type[Watched], folder: Path, stored: Stored
) -> None:
    contents = Contents(folder, stored)

    contents.put(b"hello", "me")

    parent, top, sub = folder.parent.name, folder.name, HELLO[:2]
    assert watched.done == [f"sync {parent}", "sync", f"sync {top}", "replace", f"sync {sub}"]
    watched.done.clear()
    contents.put(b"hello", "you")  # is there, and durable
    assert watched.done == []


def test_in_memory_nothing_waits_for_the_disk(watched: type[Watched], temporary: Path, stored: Stored) -> None:
    Contents(None, stored).put(b"hello", "me")

    assert watched.done == ["replace"]


@pytest.mark.parametrize("step", ["sync", "replace", f"sync {HELLO[:2]}"])
def test_a_disk_that_fails_refuses_the_content_and_the_next_try_writes_it_whole(
    watched: type[Watched], folder: Path, stored: Stored, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    contents = Contents(folder, stored)
    with monkeypatch.context() as patched:
        patched.setattr(watched, "failing", step)
        with pytest.raises(FileContentError) as refused:
            contents.put(b"hello", "me")
    contents.release("me")

    assert str(refused.value) == (
        f"Cannot store the file: writing to {folder} failed: Input/output error (EIO). "
        "Expected a disk that takes the bytes and keeps them. Check the disk and try again: nothing was stored."
    )
    assert (refused.value.path, refused.value.id, refused.value.is_missing) == (folder, None, False)
    assert names(folder) == set()
    watched.done.clear()
    contents.put(b"hello", "me")
    assert [each for each in watched.done if each != f"sync {folder.name}"] == ["sync", "replace", f"sync {HELLO[:2]}"]
    contents.open(HELLO, 5, "7abc").close()


@pytest.mark.parametrize("make", [mounted, limited])
def test_a_full_disk_refuses_a_content_and_nothing_of_it_stays(
    tmp_path: Path, stored: Stored, make: Callable[[Path], AbstractContextManager[Disk]]
) -> None:
    with make(tmp_path) as disk:
        (disk.folder / "x.duckdb.log").write_bytes(bytes(1000))
        folder = disk.folder / "x.duckdb.files"
        contents = Contents(folder, stored)
        small = contents.put(b"hello", "me")

        disk.fill()
        with pytest.raises(FileContentError) as refused:
            contents.put(bytes(100_000), "me")

        assert refused.value.thing.startswith(f"writing to {folder} failed: ")
        assert "ENOSPC" in refused.value.thing or "EFBIG" in refused.value.thing
        assert refused.value.hint.endswith("try again: nothing was stored")
        assert names(folder) == {f"{HELLO[:2]}/{HELLO[2:]}"}
        contents.open(*small, "7abc").close()
        disk.free()
        contents.open(*contents.put(bytes(100_000), "me"), "7abc").close()
