"""The file system as the log uses it: twelve calls, each raising `OSError` and nothing else.

In: paths, descriptors, bytes. Out: what the operating system answers. There is no logic here on purpose: a test
hands `FileLog` another `Files` to make one call fail, write short, or crash, or to lose what was never synced.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, ClassVar

# fdatasync leaves out times of access and change, which saves a write of the inode. Not every system has it.
_sync: Callable[[int], None] = getattr(os, "fdatasync", os.fsync)

_BUFFER = 1 << 16  # bytes


class Files:
    """The real file system.

    Attributes:
        reserve: How many bytes to reserve at a time, beyond what is needed at once.
    """

    __slots__ = ()

    reserve: ClassVar[int] = 1 << 20

    def open(self, path: Path) -> int:
        """Open an existing file for reading and writing."""
        return os.open(path, os.O_RDWR)

    def create(self, path: Path) -> int:
        """Create a file, which must not exist, for reading and writing."""
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)

    def open_reader(self, path: Path) -> BinaryIO:
        """Open a second, buffered way into a file, with a position of its own."""
        return path.open("rb", buffering=_BUFFER)

    def read_at(self, descriptor: int, size: int, offset: int) -> bytes:
        """Return `size` bytes from `offset` on, fewer where the file ends."""
        return os.pread(descriptor, size, offset)

    def write(self, descriptor: int, data: bytes | memoryview, offset: int) -> int:
        """Write at `offset` and return how many bytes were taken, which may be fewer."""
        return os.pwrite(descriptor, data, offset)

    def allocate(self, descriptor: int, offset: int, size: int) -> None:
        """Give the file room for `size` bytes from `offset` on, which read as zeros where nothing was written.

        The file becomes as long as that. When it fails, a part may have been done.
        """
        if not hasattr(os, "posix_fallocate"):  # macOS
            raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
        os.posix_fallocate(descriptor, offset, size)

    def sync(self, descriptor: int) -> None:
        """Return when the file's contents and size would survive a loss of power."""
        _sync(descriptor)

    def truncate(self, descriptor: int, size: int) -> None:
        """Cut the file to `size` bytes."""
        os.ftruncate(descriptor, size)

    def close(self, descriptor: int) -> None:
        """Let go of the descriptor."""
        os.close(descriptor)

    def replace(self, source: Path, target: Path) -> None:
        """Give `source` the name `target`, in one step, in place of the file that had it."""
        source.replace(target)

    def remove(self, path: Path) -> None:
        """Remove the name `path`."""
        path.unlink()

    def sync_folder(self, path: Path) -> None:
        """Return when the names in the folder `path` would survive a loss of power."""
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
