"""A disk in memory that fails, fills up and loses power where a test says.

In: the calls of `Files`. Out: what a file system answers, with every call counted. Invariant: only what was synced
surely survives `after_power_loss`; what was written since may be there in any selection of sectors.
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from random import Random
from typing import BinaryIO

from reactive_nb.log import Files

PATH = Path("/data/x.duckdb.log")
NEW_PATH = Path("/data/x.duckdb.log.new")
DATABASE_ID = bytes(range(16))

SECTOR = 16  # bytes; smaller than a real one, so that short records are torn in many ways, too
RESERVE = 96  # bytes; some appends of a test fit into it, others need room of their own


class Inode:
    """The contents of one file: as programs see them, and all they have been since the last sync, the synced first."""

    def __init__(self, data: bytes = b"") -> None:
        self.data = bytearray(data)
        self.history = [bytes(data)]

    @property
    def synced(self) -> bytes:
        return self.history[0]

    def changed(self) -> None:
        self.history.append(bytes(self.data))

    def surviving(self, chance: Random) -> bytes:
        """Return what a loss of power leaves: a size it has had, and each sector as it was at some moment, or zeros.

        The system writes back what it likes when it likes, so every state since the last sync may be on the disk.
        """
        size = len(chance.choice(self.history))
        sectors = range(0, size, SECTOR)
        return b"".join(chance.choice(self.history)[at : at + SECTOR].ljust(SECTOR, b"\0") for at in sectors)[:size]


class Disk(Files):
    """A folder of files.

    Attributes:
        calls: The name of every call so far.
        faults: From the number of a call to what it raises instead of being done.
        crash_at: The number of the call at which the process dies. Every call from then on raises `Crash`.
        capacity: How many bytes all files together may hold; a write takes what fits.
        longest_write: How many bytes one write takes at most.
        cannot_reserve: The error number with which every reservation is refused, or None.
        cuts: The size given to each truncation.
    """

    __slots__ = (
        "calls",
        "cannot_reserve",
        "capacity",
        "crash_at",
        "cuts",
        "descriptors",
        "faults",
        "longest_write",
        "name_history",
        "names",
        "readers",
    )

    reserve = RESERVE

    def __init__(self, files: dict[Path, bytes] | None = None) -> None:
        self.names = {path: Inode(data) for path, data in (files or {}).items()}
        self.name_history = [dict(self.names)]  # the synced one first, then one more for each change since
        self.descriptors: dict[int, Inode] = {}
        self.readers: list[Reader] = []
        self.calls: list[str] = []
        self.faults: dict[int, Exception] = {}
        self.crash_at: int | None = None
        self.capacity: int | None = None
        self.longest_write: int | None = None
        self.cannot_reserve: int | None = None
        self.cuts: list[int] = []

    def contents(self, path: Path = PATH) -> bytes:
        """Return what a program sees in the file."""
        return bytes(self.names[path].data)

    def after_power_loss(self, chance: Random) -> Disk:
        """Return the disk that may be found when power is back."""
        found = Disk()
        for path, inode in chance.choice(self.name_history).items():
            found.names[path] = Inode(inode.surviving(chance))
        found.name_history = [dict(found.names)]
        return found

    def open(self, path: Path) -> int:
        self._called("open")
        return self._descriptor(self._inode(path))

    def create(self, path: Path) -> int:
        self._called("create")
        if path in self.names:
            raise FileExistsError(errno.EEXIST, "File exists", str(path))
        self._rename(path, Inode())
        return self._descriptor(self.names[path])

    def open_reader(self, path: Path) -> BinaryIO:
        self._called("open_reader")
        reader = Reader(self, bytes(self._inode(path).data))
        self.readers.append(reader)
        return reader

    @property
    def everything_closed(self) -> bool:
        """Whether no descriptor and no reader is open."""
        return not self.descriptors and all(reader.closed for reader in self.readers)

    def read_at(self, descriptor: int, size: int, offset: int) -> bytes:
        self._called("read_at")
        return bytes(self.descriptors[descriptor].data[offset : offset + size])

    def write(self, descriptor: int, data: bytes | memoryview, offset: int) -> int:
        inode = self.descriptors[descriptor]
        taken = min(len(data), self._largest(inode) - offset)
        if self.longest_write is not None:
            taken = min(taken, self.longest_write)

        def do() -> None:
            inode.data += bytes(max(0, offset - len(inode.data)))
            inode.data[offset : offset + taken] = data[:taken]
            inode.changed()

        self._under_way("write", do)
        if not taken and self.capacity is not None:
            raise OSError(errno.ENOSPC, "No space left on device")
        do()
        return taken

    def allocate(self, descriptor: int, offset: int, size: int) -> None:
        inode = self.descriptors[descriptor]
        wanted = max(len(inode.data), offset + size)
        given = min(wanted, self._largest(inode))

        def do() -> None:
            inode.data += bytes(given - len(inode.data))
            inode.changed()

        self._under_way("allocate", do)
        if self.cannot_reserve is not None:
            raise OSError(self.cannot_reserve, "reserving refused")
        do()  # as much as there is room for, as ext4 does, even when that is not enough
        if given < wanted:
            raise OSError(errno.ENOSPC, "No space left on device")

    def sync(self, descriptor: int) -> None:
        self._called("sync")
        inode = self.descriptors[descriptor]
        inode.history = [bytes(inode.data)]

    def truncate(self, descriptor: int, size: int) -> None:
        self._called("truncate")
        self.cuts.append(size)
        inode = self.descriptors[descriptor]
        del inode.data[size:]
        inode.changed()

    def close(self, descriptor: int) -> None:
        self.descriptors.pop(descriptor)  # the system lets go even when it reports an error
        self._called("close")

    def replace(self, source: Path, target: Path) -> None:
        self._called("replace")
        inode = self._inode(source)
        self.name_history.append({**self.names, target: inode})
        del self.name_history[-1][source]
        self.names = dict(self.name_history[-1])

    def remove(self, path: Path) -> None:
        self._called("remove")
        self._inode(path)
        self._rename(path, None)

    def sync_folder(self, path: Path) -> None:
        self._called("sync_folder")
        self.name_history = [dict(self.names)]

    def _largest(self, inode: Inode) -> int:
        """Return how long the file may become."""
        if self.capacity is None:
            return 1 << 40
        return max(len(inode.data), self.capacity - sum(len(i.data) for i in self.names.values() if i is not inode))

    def _under_way(self, name: str, do: Callable[[], None]) -> None:
        """Note the call; a crash at it finds it done, though nobody is told."""
        if self.crash_at == len(self.calls):
            do()
        self._called(name)

    def _called(self, name: str) -> None:
        number = len(self.calls)
        self.calls.append(name)
        if self.crash_at is not None and number >= self.crash_at:
            raise Crash
        if number in self.faults:
            raise self.faults[number]

    def _inode(self, path: Path) -> Inode:
        if path not in self.names:
            raise FileNotFoundError(errno.ENOENT, "No such file or directory", str(path))
        return self.names[path]

    def _descriptor(self, inode: Inode) -> int:
        descriptor = max(self.descriptors, default=2) + 1
        self.descriptors[descriptor] = inode
        return descriptor

    def _rename(self, path: Path, inode: Inode | None) -> None:
        if inode is None:
            del self.names[path]
        else:
            self.names[path] = inode
        self.name_history.append(dict(self.names))


class Reader(BytesIO):
    """An open file to read from; each read is a call of its disk."""

    def __init__(self, disk: Disk, data: bytes) -> None:
        super().__init__(data)
        self._disk = disk

    def read(self, size: int | None = -1) -> bytes:
        self._disk._called("read")
        return super().read(size)


class Crash(BaseException):
    """The process has died: not an `Exception`, because nothing of the package may live on to handle it."""
