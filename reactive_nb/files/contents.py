"""File contents: each stored once under the SHA-256 of its bytes, in a folder beside the database.

Comes in: bytes, a path, or an open file. Goes out: the hash and size that a document of `_storage` keeps, and for
these, the bytes, which have been verified. A content is written under a passing name and renamed when it is durable,
so under its own name it is whole. Its document is committed afterwards: what a crash between the two leaves, a content
without a document, is found by `sweep`.

A content goes when no document has it any more. Between `put` and the commit of the document it has none yet: it is
*pinned* for the transaction that stores it, and stays until `release`.

Threads: every method may be called from any thread. The lock that is handed in guards the pins; bytes are written and
read outside of it.
"""

from __future__ import annotations

import hashlib
import io
import logging
import os
import re
import shutil
import tempfile
import uuid
import weakref
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from pathlib import Path
from typing import Any, NamedTuple

from reactive_nb.files import refusals
from reactive_nb.log.files import Files

logger = logging.getLogger("reactive_nb")

CHUNK = 1 << 20
"""How many bytes of a file are in memory at a time."""

_PART = "part-"  # then anything: a content that is being written
_MARK = "database"  # the file that names the database whose contents these are
_SUBFOLDER = re.compile(r"[0-9a-f]{2}")
_REST = re.compile(r"[0-9a-f]{62}")

_Signature = tuple[int, int, int, int]


class Content(NamedTuple):
    """What identifies some bytes."""

    sha256: str
    """In hexadecimal digits."""
    size: int


class Contents:
    """The contents of one database.

    Args:
        folder: Where they are kept, made when first needed; None for a temporary folder, which `close` removes.
        is_stored: Whether a document of the newest committed moment has a hash.
        lock: Entered around changes of the pins, never while bytes are read or written; not entered twice at a time.
        database_id: Which database this is. In a folder that was begun for another one, whose file has been moved
            away perhaps, nothing is ever removed. None where that need not be asked.
    """

    def __init__(
        self,
        folder: Path | None,
        is_stored: Callable[[str], bool],
        lock: AbstractContextManager[Any] | None = None,
        database_id: str | None = None,
    ) -> None:
        self._folder = None if folder is None else folder.absolute()
        self._is_durable = folder is not None
        self._is_stored = is_stored
        self._lock = nullcontext() if lock is None else lock
        self._database_id = database_id
        self._files = Files()
        # Who stores → the hashes that must stay.
        self._pins: dict[object, set[str]] = {}
        # The contents that are whole, by hash, as they looked when that was seen last.
        self._whole: dict[str, _Signature] = {}
        # What is being written now, which a sweep must leave alone.
        self._parts: set[Path] = set()
        # Folders whose own names would survive a loss of power.
        self._kept: set[Path] = set()
        self._remove_temporary: Callable[[], Any] | None = None
        self._is_closed = False

    # ------------------------------------------------------------------ storing

    def put(self, data: Any, owner: object) -> Content:
        """Store bytes; those that are there already are not stored again.

        Args:
            data: Bytes, a path, or a file opened for reading bytes, which is read from where it stands to its end.
            owner: Who stores it, for `release`; until then it stays.

        Returns:
            Its hash and size.

        Raises:
            FileContentError: The disk does not take it; nothing was stored.
            InvalidValue: Not bytes, and nothing to read bytes from.
        """
        chunks = _chunks(data)
        folder = self._root()
        with self._writing(folder):
            self._keep(folder)
            self._mark(folder)
        part = folder / f"{_PART}{uuid.uuid4().hex}"
        self._parts.add(part)
        try:
            with closing(chunks):
                return self._put(chunks, part, owner)
        finally:
            _unlink(part)  # unless it has got its own name
            self._parts.discard(part)

    def _put(self, chunks: Iterable[memoryview], part: Path, owner: object) -> Content:
        digest, size = hashlib.sha256(), 0
        with self._writing(part.parent):
            # Nobody shall change it, also not by opening its URL in an editor.
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o444)
        # Without a buffer: closing it after a failure writes nothing, and so fails no second time.
        with io.FileIO(descriptor, "w") as file:
            for chunk in chunks:
                digest.update(chunk)
                size += len(chunk)
                with self._writing(part.parent):
                    left = chunk
                    while left:
                        left = left[file.write(left) :]
            content = Content(digest.hexdigest(), size)
            with self._lock:
                # Before the look whether it is there: from now on nobody removes it.
                self._pins.setdefault(owner, set()).add(content.sha256)
            if not self._is_known_as_whole(content.sha256):
                with self._writing(part.parent):
                    if self._is_durable:
                        self._files.sync(descriptor)
                    self._place(part, content.sha256)
        return content

    def _place(self, part: Path, sha256: str) -> None:
        """Give a finished part its own name; if a damaged content has that name, it takes its place."""
        path = _place(part.parent, sha256)
        self._keep(path.parent)
        self._files.replace(part, path)
        if self._is_durable:
            self._files.sync_folder(path.parent)
        self._whole[sha256] = _signature(path.stat())

    def release(self, owner: object) -> None:
        """Let go of what was stored for an owner: what its documents have by now stays, and the rest is removed.

        Call it when the owner's documents are committed, or will never be. When nobody knows, as after an error of the
        log, do not: the next opening finds out.
        """
        if owner not in self._pins:
            return
        with self._lock:
            mine = self._pins.pop(owner, set())
        self.remove(mine)

    # ------------------------------------------------------------------ reading

    def open(self, sha256: str, size: int, id: str) -> io.BufferedReader:
        """Return a content, opened for reading at its beginning; it can be read to its end even if it is removed.

        All of it is read once to verify it, and again only when the file looks changed.

        Args:
            sha256: Its hash.
            size: How many bytes it has.
            id: The document that has it, for errors.

        Raises:
            FileContentError: It is missing, or is not what was stored.
        """
        path = self._path(sha256)
        try:
            file = path.open("rb")
        except FileNotFoundError:
            raise refusals.missing(path, sha256, size, id) from None
        except OSError as error:
            raise refusals.unread(path, sha256, size, id, error) from error
        try:
            self._verify(file, path, Content(sha256, size), id)
        except BaseException:
            file.close()
            raise
        return file

    def url(self, sha256: str, size: int, id: str) -> str:
        """Return the `file://` URL of a content; that it is there and has its size is checked, its bytes are not.

        Raises:
            FileContentError: It is missing, or has another size.
        """
        path = self._path(sha256)
        try:
            found = path.stat().st_size
        except FileNotFoundError:
            raise refusals.missing(path, sha256, size, id) from None
        except OSError as error:
            raise refusals.unread(path, sha256, size, id, error) from error
        if found != size:
            raise refusals.damaged(path, sha256, size, id, _bytes(found))
        return path.as_uri()

    def _verify(self, file: io.BufferedReader, path: Path, content: Content, id: str) -> None:
        try:
            status = os.fstat(file.fileno())
            if status.st_size != content.size:
                raise refusals.damaged(path, *content, id, _bytes(status.st_size))
            signature = _signature(status)
            if self._whole.get(content.sha256) == signature:
                return
            found = hashlib.file_digest(file, "sha256").hexdigest()
            file.seek(0)
        except OSError as error:
            raise refusals.unread(path, *content, id, error) from error
        if found != content.sha256:
            raise refusals.damaged(path, *content, id, f"the SHA-256 {found}")
        self._whole[content.sha256] = signature

    # ------------------------------------------------------------------ removing

    def remove(self, hashes: Iterable[str]) -> None:
        """Remove contents that no document has and nobody is about to store.

        What the system does not let us remove stays for the next sweep.
        """
        folder = self._folder
        superfluous = set(hashes)
        # Nearly every commit asks for the removal of nothing, and shall not wait for the disk to say so.
        if not superfluous or folder is None or self._is_closed or not self._may_remove(folder):
            return
        for sha256 in superfluous:
            with self._lock:
                # In this order: whoever has pinned it and let go of it again, has committed its document in between.
                if any(sha256 in pinned for pinned in self._pins.values()) or self._is_stored(sha256):
                    continue
                self._whole.pop(sha256, None)
                _unlink(_place(folder, sha256))

    def sweep(self) -> None:
        """Remove what crashes, and functions that failed, have left: contents without a document, and parts of some.

        Only what has the name of a content is removed, whatever else the folder holds.
        """
        folder = self._folder
        if folder is None or self._is_closed or not folder.is_dir() or not self._may_remove(folder):
            return
        try:
            for part in list(folder.glob(f"{_PART}*")):
                if part not in self._parts:
                    _unlink(part)
            self.remove(self._found(folder))
        except OSError as error:
            # Nothing is lost: it goes at the next opening or close.
            logger.warning("Cannot look for contents without a document in %s: %s", folder, error)

    def close(self) -> None:
        """Sweep, and remove the folder if nothing is left in it; what is open stays readable."""
        if self._is_closed:
            return
        self.sweep()
        self._is_closed = True
        folder = self._folder
        if self._remove_temporary is not None:
            self._remove_temporary()
        elif folder is not None and folder.is_dir() and self._may_remove(folder):
            for subfolder in _subfolders(folder):
                _remove_if_empty(subfolder)
            if [each.name for each in folder.iterdir()] in ([_MARK], []):
                _unlink(folder / _MARK)
                _remove_if_empty(folder)

    def _found(self, folder: Path) -> Iterator[str]:
        """Yield the hashes of all contents in the folder."""
        for subfolder in _subfolders(folder):
            for path in list(subfolder.iterdir()):
                if _REST.fullmatch(path.name):
                    yield subfolder.name + path.name

    def _may_remove(self, folder: Path) -> bool:
        """Whether all contents of the folder are of this database; where the system does not say, they stay."""
        if self._database_id is None:
            return True
        try:
            return self._marked(folder) in ("", self._database_id)
        except OSError as error:
            logger.warning("Cannot read %s: %s; no contents are removed from its folder", folder / _MARK, error)
            return False

    # ------------------------------------------------------------------ the folder

    def _root(self) -> Path:
        if self._is_closed:
            raise refusals.closed()
        if self._folder is None:
            with self._lock:
                if self._folder is None:
                    self._folder = Path(tempfile.mkdtemp(prefix="reactive_nb-"))
                    # By itself where nobody closes the database, as one in memory need not be.
                    self._remove_temporary = weakref.finalize(self, _remove_tree, self._folder, os.getpid())
        return self._folder

    def _path(self, sha256: str) -> Path:
        return _place(self._root(), sha256)

    def _is_known_as_whole(self, sha256: str) -> bool:
        known = self._whole.get(sha256)
        try:
            return known is not None and _signature(self._path(sha256).stat()) == known
        except OSError:  # somebody else removed it
            return False

    def _keep(self, folder: Path) -> None:
        """Make a folder, unless there is one, in a way that it survives a loss of power."""
        if folder in self._kept and folder.is_dir():
            return
        folder.mkdir(exist_ok=True)
        if self._is_durable:
            self._files.sync_folder(folder.parent)
        self._kept.add(folder)

    def _mark(self, folder: Path) -> None:
        """Name the database in its folder, unless one is named."""
        if self._database_id is not None and not self._marked(folder):
            (folder / _MARK).write_text(self._database_id, "ascii")

    def _marked(self, folder: Path) -> str:
        try:
            return (folder / _MARK).read_text("ascii", "replace").strip()
        except FileNotFoundError:
            return ""

    @contextmanager
    def _writing(self, folder: Path) -> Iterator[None]:
        """Turn what the disk says into an error of ours; errors of what is being read are not raised in here."""
        try:
            yield
        except OSError as error:
            if self._is_closed:
                raise refusals.closed() from error
            raise refusals.unwritten(folder, error) from error


def _place(folder: Path, sha256: str) -> Path:
    return folder / sha256[:2] / sha256[2:]


def _chunks(data: Any) -> Generator[memoryview, None, None]:
    """Return the bytes of anything that may be stored, piece by piece; refuses the rest at once."""
    if isinstance(data, (bytes, bytearray, memoryview)):
        view = memoryview(data)
        return _pieces(view.cast("B") if view.c_contiguous and view.nbytes else memoryview(view.tobytes()))
    if isinstance(data, os.PathLike):
        return _read_path(Path(os.fsdecode(data)))
    if callable(getattr(data, "read", None)):
        return _read(data)
    raise refusals.no_bytes(data)


def _pieces(view: memoryview) -> Generator[memoryview, None, None]:
    for start in range(0, len(view), CHUNK):
        yield view[start : start + CHUNK]


def _read_path(path: Path) -> Generator[memoryview, None, None]:
    with path.open("rb", buffering=0) as file:
        yield from _read(file)


def _read(file: Any) -> Generator[memoryview, None, None]:
    while True:
        chunk = file.read(CHUNK)
        if not isinstance(chunk, (bytes, bytearray, memoryview)):
            raise refusals.no_bytes_read(file, chunk)
        if not chunk:
            return
        yield memoryview(chunk).cast("B")


def _signature(status: os.stat_result) -> _Signature:
    """Return what changes when a file is written to or replaced; the last of it cannot be set back."""
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _bytes(count: int) -> str:
    return f"{count} {'byte' if count == 1 else 'bytes'}"


def _subfolders(folder: Path) -> list[Path]:
    return sorted(each for each in folder.iterdir() if _SUBFOLDER.fullmatch(each.name) and each.is_dir())


def _unlink(path: Path) -> None:
    """Remove a file, if it is there and the system lets us; what stays is swept another time."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        logger.warning("Cannot remove %s: %s; it is tried again at the next opening or close", path, error)


def _remove_if_empty(folder: Path) -> None:
    if not any(folder.iterdir()):
        folder.rmdir()


def _remove_tree(folder: Path, pid: int) -> None:
    """Remove a temporary folder, in the process that made it: a forked child leaves it to its parent."""
    if os.getpid() == pid:
        # What cannot be removed is left to the system, which empties its temporary folder itself.
        shutil.rmtree(folder, ignore_errors=True)
