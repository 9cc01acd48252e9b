"""Disks that fill up and have room again when a test says so, for databases opened by path.

`mounted` is a real file system of a few megabytes, where the system allows mounting one. `limited` runs everywhere on
POSIX: no file of this process may become larger than the largest is now, which the system reports as EFBIG.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

MEGABYTES = 4


class Disk(Protocol):
    folder: Path

    def fill(self) -> None:
        """Leave no room."""

    def free(self) -> None:
        """Have room again."""


class Mounted:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def fill(self) -> None:
        descriptor = os.open(self._ballast, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        with contextlib.suppress(OSError):
            while os.write(descriptor, bytes(1024)):
                pass
        os.close(descriptor)

    def free(self) -> None:
        self._ballast.unlink()


class Limited:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._system = pytest.importorskip("resource", reason="limits of this kind are POSIX")
        self._soft, self._hard = self._system.getrlimit(self._system.RLIMIT_FSIZE)

    def fill(self) -> None:
        # As large as the log is: DuckDB's files are larger already, and are written at their ends.
        size = max(path.stat().st_size for path in self.folder.glob("*.log"))
        self._system.setrlimit(self._system.RLIMIT_FSIZE, (size, self._hard))

    def free(self) -> None:
        self._system.setrlimit(self._system.RLIMIT_FSIZE, (self._soft, self._hard))


@contextlib.contextmanager
def mounted(folder: Path) -> Iterator[Mounted]:
    """Mount a small disk on `folder`, or skip the test."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m", "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"mounting a small disk is not allowed here: {done.stderr.strip()}")
    try:
        yield Mounted(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextlib.contextmanager
def limited(folder: Path) -> Iterator[Limited]:
    disk = Limited(folder)
    try:
        yield disk
    finally:
        disk.free()
