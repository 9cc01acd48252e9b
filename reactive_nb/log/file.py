"""The log as one append-only file beside the database, durable when `append` returns.

In: payloads, in groups. Out: the file in the format of `frames.py`, and the records read back from it.
Invariant: the file's bytes up to `_ends[-1]` are whole, synced frames of the records `base + 1 … head`, and nothing
but zeros stands behind them, except while `append` runs or after a fault that `_fault` remembers.

Appends are written into room that was reserved for many of them at once. The file's size then stays as it is, and
a sync has no change of it to write, which saves about 30 % of a small append. Reserving is for speed alone:
where the file system refuses it, frames are written behind the end, and every reader takes both for the same log.
"""

from __future__ import annotations

import contextlib
import errno
import os
from array import array
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import BinaryIO

from reactive_nb.errors import LogWriteError
from reactive_nb.log import refusals
from reactive_nb.log.files import Files
from reactive_nb.log.followers import Followers
from reactive_nb.log.frames import (
    FILE_HEADER_SIZE,
    FORMAT_VERSION,
    FRAME_HEADER_SIZE,
    MAX_PAYLOAD,
    FileHeader,
    Flaw,
    decode_file_header,
    encode_frames,
    end_of_contents,
    later_append,
    mark_of,
    read_payload,
)
from reactive_nb.log.interface import Listener, Log, Record

_COPIED_AT_ONCE = 1 << 20  # bytes

# What systems say that cannot reserve in this file at all, so that trying again would only cost time.
_CANNOT_RESERVE = frozenset({errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL})


class FileLog(Log):
    """A `Log` in one file, which is created when it is missing.

    Opening reads the whole file and checks every record. What an interrupted append left at the end is cut off;
    damage anywhere else is an error, and nothing is changed.

    One `FileLog` at a time may stand on a path. The engine sees to it: it holds DuckDB's lock on the database file.
    What no lock keeps out is a copy of this object in a forked process. So an append looks at the bytes it is about to
    write over, and is refused when somebody else has written there.

    Args:
        path: The log's file, in full. Beside it `<path>.new` is used, and removed if a crash left one.
        database_id: The 16 bytes that name the database whose log this is.
        base: The ts that the database's tables stand at; used only when the file is created.
        files: The file system; another one in tests.

    Attributes:
        path: As given, as a `Path`.
        cut_bytes: How many bytes of an interrupted append opening cut off, without zeros at the end; 0 after a clean
            close.

    Raises:
        DatabaseFileError: The file cannot be opened or created, is no log, or belongs to another database.
        NewerFormat: A newer version of this package wrote it.
        LogDamaged: A record before the end is damaged or missing. The error's `path`, `offset` (in bytes) and `ts`
            (of the last good record, None when the file's header is damaged) say where.

    Example:
        >>> log = FileLog("flights.duckdb.log", database_id)
        >>> log.append([b"first"], expected_head=log.head)
        1
    """

    __slots__ = (
        "_base",
        "_database_id",
        "_descriptor",
        "_ends",
        "_fault",
        "_files",
        "_followers",
        "_mark",
        "_reserved_to",
        "_reserves",
        "cut_bytes",
        "path",
    )

    def __init__(
        self, path: str | os.PathLike[str], database_id: bytes, *, base: int = 0, files: Files | None = None
    ) -> None:
        self.path = Path(path)
        self.cut_bytes = 0
        self._files = files or Files()
        self._followers = Followers()
        self._database_id = database_id
        self._mark = mark_of(database_id)
        self._base = base
        # _ends[i] is the offset behind record base + i, so the first is where the frames begin. It is the only
        # bookkeeping of an append, and one call extends it.
        self._ends = array("Q", [FILE_HEADER_SIZE])
        # The offset up to which this object has reserved room; no more than _ends[-1] when none is left.
        self._reserved_to = 0
        self._reserves = True
        # Starts as None. Becomes the fault after which the file may hold something else than this object believes;
        # from then on appends and drops are refused, until the log is opened again.
        self._fault: OSError | None = None
        # None once closed.
        self._descriptor: int | None = None
        try:
            self._open()
        except OSError as error:
            self._close_quietly()
            raise refusals.unopened(self.path, error) from error
        except BaseException:
            self._close_quietly()
            raise

    @property
    def head(self) -> int:
        """The `ts` of the newest record that is durable."""
        return self._base + len(self._ends) - 1

    @property
    def base(self) -> int:
        """The `ts` up to which records are forgotten."""
        return self._base

    def append(self, payloads: Sequence[bytes], expected_head: int) -> int:
        """Write one frame per payload in one go, sync the file, and tell the followers; see `Log.append`."""
        descriptor = self._require_writable("append to")
        if expected_head != self.head:
            raise refusals.head_moved(self.path, self.head, expected_head)
        if not payloads:
            return expected_head
        if len(longest := max(payloads, key=len)) > MAX_PAYLOAD:
            raise refusals.too_long(self.path, len(longest), MAX_PAYLOAD)
        frames = encode_frames(self._mark, expected_head + 1, payloads)
        end = self._ends[-1] + len(frames)
        try:
            if self._files.read_at(descriptor, FRAME_HEADER_SIZE, self._ends[-1]).strip(b"\0"):
                raise refusals.second_writer(self.path, expected_head)
            if end > self._reserved_to and self._reserves:
                self._reserve(descriptor, end)
            self._write(descriptor, frames, self._ends[-1])
        except OSError as error:
            self._undo_append(descriptor)
            raise self._unwritten("append to", error) from error
        try:
            self._files.sync(descriptor)
        except OSError as error:
            # The system may have dropped the pages it could not write and will report the next sync as a success
            # (https://lwn.net/Articles/752063/), so a second try would promise what nobody knows.
            self._fault = error
            self._undo_append(descriptor)
            raise self._unwritten("append to", error) from error
        sizes = (FRAME_HEADER_SIZE + len(payload) for payload in payloads)
        ends = accumulate(sizes, initial=self._ends[-1])
        next(ends)
        self._ends.extend(ends)
        if self._followers:
            self._followers.tell([Record(expected_head + 1 + i, payload) for i, payload in enumerate(payloads)])
        return expected_head + len(payloads)

    def read(self, after: int) -> Iterator[Record]:
        """Return the records with `ts > after`, each read from the file and checked when asked for; see `Log.read`."""
        self._require_open()
        if not self._base <= after <= self.head:
            raise refusals.unreadable(self.path, self._base, self.head, after)
        if after == self.head:
            return iter(())
        try:
            # A descriptor of its own keeps the iterator on this file when `drop` puts another in its place.
            source = self._files.open_reader(self.path)
        except OSError as error:
            raise refusals.unread(self.path, after, error) from error
        return self._records(source, self._ends[after - self._base], after, self.head)

    def follow(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` after each append of this object; see `Log.follow`."""
        self._require_open()
        return self._followers.add(listener)

    def drop(self, up_to: int) -> None:
        """Move a file without the records up to `up_to` in place of this one; see `Log.drop`."""
        old = self._require_writable("drop records of")
        if up_to > self.head:
            raise refusals.undroppable(self.path, self.head, up_to)
        if up_to <= self._base:
            return
        kept = self._ends[up_to - self._base :]
        try:
            self._descriptor = self._put_in_place(up_to, kept[0], kept[-1])
        except OSError as error:
            raise self._unwritten("drop records of", error) from error
        shift = kept[0] - FILE_HEADER_SIZE
        self._base, self._ends = up_to, array("Q", [end - shift for end in kept])
        self._reserved_to = 0
        with contextlib.suppress(OSError):
            self._files.close(old)
        try:
            self._files.sync_folder(self.path.parent)
        except OSError as error:
            # A loss of power could bring the old file back, without what is appended to the new one from here on.
            self._fault = error
            raise self._unwritten("drop records of", error) from error

    def close(self) -> None:
        """Let go of the file; see `Log.close`."""
        # What is left of the reserve stays. To cut it off here could cut off records, in a forked process that closes
        # what it believes to be its log, and the next opening reads over it.
        self._close_quietly()
        self._followers.clear()

    def remove(self, up_to: int) -> None:
        """Close the log and delete its file, at a clean close whose tables hold everything up to `up_to`.

        Raises:
            LogError: There are records after `up_to`, or the log is closed. Nothing was changed.
            LogWriteError: The file could not be deleted. It is closed, and whole.
        """
        self._require_open()
        if up_to != self.head:
            raise refusals.unremovable(self.path, self.head, up_to)
        self.close()
        try:
            # No sync of the folder: should the file come back, its records are in the tables and nothing is replayed.
            self._files.remove(self.path)
        except OSError as error:
            raise refusals.unremoved(self.path, error) from error

    # -------------------------------------------------------------- opening

    def _open(self) -> None:
        """Take the file, or a fresh one, and leave the object and the file as the invariant says."""
        try:
            descriptor = self._files.open(self.path)
        except FileNotFoundError:
            self._descriptor = self._put_in_place(self._base, FILE_HEADER_SIZE, FILE_HEADER_SIZE)
        else:
            self._descriptor = descriptor
            with contextlib.suppress(FileNotFoundError):
                self._files.remove(self._new_path)
            with self._files.open_reader(self.path) as source:
                self._check_header(decode_file_header(source.read(FILE_HEADER_SIZE)))
                self._check_records(source)
            if self.cut_bytes:
                self._files.truncate(descriptor, self._ends[-1])
            # A process that was killed between its write and its sync left records that we are about to build on.
            self._files.sync(descriptor)
        self._files.sync_folder(self.path.parent)

    def _check_header(self, header: FileHeader | Flaw) -> None:
        """Take over the base, or raise what keeps this file from being this database's log."""
        if isinstance(header, Flaw):
            raise refusals.damaged(self.path, header.reason, offset=0, ts=None)
        if header.version > FORMAT_VERSION:
            raise refusals.newer_format(self.path, header.version, FORMAT_VERSION)
        if header.database_id != self._database_id:
            raise refusals.other_database(self.path, header.database_id, self._database_id)
        self._base = header.base

    def _check_records(self, source: BinaryIO) -> None:
        """Read every record from behind the header, filling `_ends` and `cut_bytes`."""
        ends, mark = self._ends, self._mark
        while isinstance(found := read_payload(source, mark, self.head + 1), bytes):
            ends.append(ends[-1] + FRAME_HEADER_SIZE + len(found))
        if found is None:
            return
        if not found.may_be_torn or later_append(source, mark, ends[-1] + 1, self.head + 1):
            raise refusals.damaged(self.path, found.reason, offset=ends[-1], ts=self.head)
        # Nothing but zeros is what a reserve left, not an append: then there is nothing to cut off.
        self.cut_bytes = end_of_contents(source, ends[-1]) - ends[-1]

    # -------------------------------------------------------------- reading and writing

    def _records(self, source: BinaryIO, offset: int, after: int, last: int) -> Iterator[Record]:
        """Yield the records `after + 1 … last` from `source`, the first of them at `offset`, and close it."""
        with source:
            try:
                source.seek(offset)
                for ts in range(after + 1, last + 1):
                    payload = read_payload(source, self._mark, ts)
                    if not isinstance(payload, bytes):
                        flaw = payload or Flaw("the file ends before it", may_be_torn=False)
                        raise refusals.damaged(self.path, flaw.reason, offset=offset, ts=ts - 1)
                    offset += FRAME_HEADER_SIZE + len(payload)
                    yield Record(ts, payload)
            except OSError as error:
                raise refusals.unread(self.path, after, error) from error

    def _reserve(self, descriptor: int, end: int) -> None:
        """Reserve room up to `end` and a good piece further, if the system lets us.

        No sync of its own: the one of the append that follows makes the new size durable, and until then nothing
        that was promised needs it.
        """
        start, stop = max(self._reserved_to, self._ends[-1]), end + self._files.reserve
        try:
            self._files.allocate(descriptor, start, stop - start)
        except OSError as error:
            # A disk too full for a reserve may have room for the append. Whether it has is for the write to find out.
            self._reserves = error.errno not in _CANNOT_RESERVE
            self._files.truncate(descriptor, start)  # the part that was reserved before the room ran out
        else:
            self._reserved_to = stop

    def _write(self, descriptor: int, data: bytes, offset: int) -> None:
        """Write all of `data` at `offset`; a short write (a full disk, a signal) is followed by the rest."""
        written = self._files.write(descriptor, data, offset)
        while written < len(data):
            more = self._files.write(descriptor, memoryview(data)[written:], offset + written)
            if not more:
                raise OSError(errno.EIO, "the file takes no more bytes")
            written += more

    def _undo_append(self, descriptor: int) -> None:
        """Cut off what a failed append wrote, and the reserve with it, so that what is reserved next is zeros again.

        If that fails, too, no append may follow the remains.
        """
        self._reserved_to = 0
        try:
            self._files.truncate(descriptor, self._ends[-1])
            self._files.sync(descriptor)
        except OSError as error:
            self._fault = self._fault or error

    def _put_in_place(self, base: int, start: int, end: int) -> int:
        """Write a log with `base` and our bytes `start … end` beside the path, move it there, return its descriptor.

        Until the move the path has what it had, so a crash or an error at any step leaves the log as it was. After
        it the caller syncs the folder.
        """
        files = self._files
        with contextlib.suppress(FileNotFoundError):
            files.remove(self._new_path)
        descriptor = files.create(self._new_path)
        try:
            self._write(descriptor, FileHeader(FORMAT_VERSION, self._database_id, base).encode(), 0)
            if start < end:
                offset = FILE_HEADER_SIZE
                with files.open_reader(self.path) as source:
                    source.seek(start)
                    while start < end:
                        data = source.read(min(end - start, _COPIED_AT_ONCE))
                        if not data:
                            raise OSError(errno.EIO, "the file ends before its last record")
                        self._write(descriptor, data, offset)
                        start += len(data)
                        offset += len(data)
            files.sync(descriptor)
            files.replace(self._new_path, self.path)
        except OSError:
            with contextlib.suppress(OSError):
                files.close(descriptor)
            with contextlib.suppress(OSError):
                files.remove(self._new_path)
            raise
        return descriptor

    @property
    def _new_path(self) -> Path:
        return self.path.with_name(self.path.name + ".new")

    def _close_quietly(self) -> None:
        """Let go of the descriptor. Everything is synced, so an error of `close` has nothing to tell."""
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            with contextlib.suppress(OSError):
                self._files.close(descriptor)

    def _require_open(self) -> int:
        if self._descriptor is None:
            raise refusals.closed(self.path)
        return self._descriptor

    def _require_writable(self, verb: str) -> int:
        descriptor = self._require_open()
        if self._fault is not None:
            raise refusals.faulty(verb, self.path, self._fault)
        return descriptor

    def _unwritten(self, verb: str, error: OSError) -> LogWriteError:
        return refusals.unwritten(verb, self.path, error, usable=self._fault is None)
