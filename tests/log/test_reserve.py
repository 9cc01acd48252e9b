"""Room that the log reserves for its next appends: when it does, when it cannot, and what a crash makes of it."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from random import Random

import pytest

from reactive_nb.errors import LogWriteError
from reactive_nb.log import FileLog, Files, Record
from reactive_nb.log.frames import FILE_HEADER_SIZE, FRAME_HEADER_SIZE
from tests.log.disks import DATABASE_ID, PATH, RESERVE, Crash, Disk


def open_log(disk: Disk) -> FileLog:
    return FileLog(PATH, DATABASE_ID, files=disk)


def payloads_in(disk: Disk) -> list[bytes]:
    log = open_log(disk)
    return [record.payload for record in log.read(log.base)]


def end_of(*payloads: bytes) -> int:
    """Where the frames of these records end."""
    return FILE_HEADER_SIZE + sum(FRAME_HEADER_SIZE + len(payload) for payload in payloads)


# ---------------------------------------------------------------- reserving


def test_room_is_reserved_beyond_the_first_append() -> None:
    disk = Disk()
    log = open_log(disk)
    assert len(disk.contents()) == FILE_HEADER_SIZE

    log.append([b"one"], expected_head=0)

    assert len(disk.contents()) == end_of(b"one") + RESERVE
    assert payloads_in(disk) == [b"one"]


@pytest.mark.parametrize(("over", "reservations"), [(-1, 1), (0, 1), (1, 2)])
def test_room_is_reserved_again_when_an_append_would_pass_the_end_of_the_reserve(over: int, reservations: int) -> None:
    disk = Disk()
    log = open_log(disk)
    second = b"x" * (RESERVE - FRAME_HEADER_SIZE + over)

    log.append([b"one"], expected_head=0)
    log.append([second], expected_head=1)

    assert disk.calls.count("allocate") == reservations
    log.append([b"three" * 20], expected_head=2)
    assert disk.calls.count("allocate") == reservations + 1
    assert len(disk.contents()) == end_of(b"one", second, b"three" * 20) + RESERVE
    assert payloads_in(disk) == [b"one", second, b"three" * 20]


def test_an_append_larger_than_a_reserve_is_given_room_at_once() -> None:
    disk = Disk()
    log = open_log(disk)
    large = b"large" * RESERVE

    log.append([large], expected_head=0)

    assert disk.calls[-4:] == ["read_at", "allocate", "write", "sync"]
    assert len(disk.contents()) == end_of(large) + RESERVE
    assert payloads_in(disk) == [large]


def test_a_dropped_log_is_written_without_reserve_and_reserves_at_its_next_append() -> None:
    disk = Disk()
    log = open_log(disk)
    log.append([b"one", b"two"], expected_head=0)

    log.drop(1)
    assert len(disk.contents()) == end_of(b"two")
    log.append([b"three"], expected_head=2)

    assert len(disk.contents()) == end_of(b"two", b"three") + RESERVE
    assert payloads_in(disk) == [b"two", b"three"]


def test_a_real_file_is_reserved_and_read_over_its_reserve(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    payload = b"x" * 600_000
    log = FileLog(path, DATABASE_ID)

    for head in range(3):
        log.append([payload], head)
    log.close()

    end = end_of(payload, payload, payload)
    assert end <= path.stat().st_size <= end + Files.reserve
    log = FileLog(path, DATABASE_ID)
    assert (log.head, log.cut_bytes) == (3, 0)
    log.append([payload], expected_head=3)
    assert list(FileLog(path, DATABASE_ID).read(2)) == [Record(3, payload), Record(4, payload)]


def test_a_log_that_is_opened_and_closed_leaves_its_file_as_it_is() -> None:
    disk = Disk()
    open_log(disk).append([b"one"], expected_head=0)
    left = disk.contents()
    disk.calls.clear()

    open_log(disk).close()

    assert disk.contents() == left
    assert not {"write", "truncate", "allocate"} & set(disk.calls)


# ---------------------------------------------------------------- where reserving fails


@pytest.mark.parametrize("number", [errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS])
def test_a_file_system_that_cannot_reserve_is_asked_once(number: int) -> None:
    disk = Disk()
    disk.cannot_reserve = number
    log = open_log(disk)

    log.append([b"one"], expected_head=0)
    log.append([b"two"], expected_head=1)
    log.drop(1)
    log.append([b"three"], expected_head=2)

    assert disk.calls.count("allocate") == 1
    assert len(disk.contents()) == end_of(b"two", b"three")
    assert payloads_in(disk) == [b"two", b"three"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO])
def test_what_may_pass_is_tried_again(number: int) -> None:
    disk = Disk()
    disk.cannot_reserve = number
    log = open_log(disk)

    log.append([b"one"], expected_head=0)
    disk.cannot_reserve = None
    log.append([b"two"], expected_head=1)

    assert len(disk.contents()) == end_of(b"one", b"two") + RESERVE
    assert payloads_in(disk) == [b"one", b"two"]


def test_where_python_has_no_call_for_it_nothing_is_reserved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "posix_fallocate", raising=False)
    log = FileLog(tmp_path / "x.log", DATABASE_ID)

    log.append([b"one"], expected_head=0)
    log.append([b"two"], expected_head=1)

    assert (tmp_path / "x.log").stat().st_size == end_of(b"one", b"two")
    assert list(log.read(0)) == [Record(1, b"one"), Record(2, b"two")]


@pytest.mark.parametrize("room", range(RESERVE))
def test_a_disk_with_room_for_the_append_and_not_for_a_reserve_takes_the_append(room: int) -> None:
    disk = Disk()
    log = open_log(disk)
    disk.capacity = end_of(b"one") + room

    log.append([b"one"], expected_head=0)

    assert len(disk.contents()) == end_of(b"one")  # what little was reserved is given back, for others to use
    disk.capacity = None
    log.append([b"two"], expected_head=1)
    assert payloads_in(disk) == [b"one", b"two"]


def test_a_reserve_that_cannot_be_enlarged_is_not_given_away() -> None:
    disk = Disk()
    log = open_log(disk)
    log.append([b"one"], expected_head=0)
    size = disk.capacity = len(disk.contents()) + 10
    fits = b"x" * (RESERVE + 10 - FRAME_HEADER_SIZE)

    log.append([fits], expected_head=1)

    assert disk.cuts == [size - 10]
    assert len(disk.contents()) == size
    assert payloads_in(disk) == [b"one", fits]


def test_on_a_full_disk_a_reserve_is_used_up_before_an_append_is_refused() -> None:
    disk = Disk()
    log = open_log(disk)
    log.append([b"0"], expected_head=0)
    disk.capacity = len(disk.contents())

    small = [b"1", b"2", b"3"]
    for head, payload in enumerate(small, start=1):
        log.append([payload], head)
    with pytest.raises(LogWriteError, match="ENOSPC"):
        log.append([b"4"], expected_head=4)

    assert payloads_in(disk) == [b"0", *small]


# ---------------------------------------------------------------- crashes


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("call", ["allocate", "write", "sync"])
@pytest.mark.parametrize("appended", [0, 1])
def test_a_crash_around_a_reservation_leaves_a_whole_log(call: str, appended: int, seed: int) -> None:
    chance = Random(seed)
    disk = Disk()
    log = open_log(disk)
    log.append([b"kept"], expected_head=0)
    for head in range(1, 1 + appended):
        log.append([b"kept, too"], head)
    kept = [record.payload for record in log.read(0)]
    disk.crash_at = len(disk.calls) + ["read_at", "allocate", "write", "sync"].index(call)
    with pytest.raises(Crash):
        log.append([b"perhaps" * 20], log.head)

    disk.crash_at = None
    for found in (disk, disk.after_power_loss(chance)):
        assert payloads_in(found) in (kept, [*kept, b"perhaps" * 20])
        log = open_log(found)
        assert log.cut_bytes == 0  # the first opening cut off what there was
        log.append([b"next"], log.head)
        assert payloads_in(found)[-1] == b"next"


def test_what_is_reserved_after_a_refused_append_is_zeros_again() -> None:
    disk = Disk()
    log = open_log(disk)
    log.append([b"kept"], expected_head=0)
    disk.capacity = len(disk.contents())
    with pytest.raises(LogWriteError):
        log.append([b"refused" * RESERVE], expected_head=1)
    disk.capacity = None

    log.append([b"next"], expected_head=1)

    assert disk.contents()[end_of(b"kept", b"next") :] == bytes(RESERVE)


# ---------------------------------------------------------------- a second writer by mistake


@pytest.mark.parametrize("cannot_reserve", [None, errno.EOPNOTSUPP])
def test_what_a_second_writer_wrote_is_not_written_over(cannot_reserve: int | None) -> None:
    disk = Disk()
    disk.cannot_reserve = cannot_reserve
    first = open_log(disk)
    first.append([b"zero"], expected_head=0)
    second = open_log(disk)
    first.append([b"first"], expected_head=1)

    for _ in range(2):
        with pytest.raises(LogWriteError) as refused:
            second.append([b"second"], expected_head=1)

    assert str(refused.value) == (
        "Cannot append to /data/x.duckdb.log: behind record 1, the last one written here, somebody else has written. "
        "Expected one process that writes to the database. "
        "Close the database here and open it again; a forked process must not use the database of its parent."
    )
    second.close()
    first.append([b"more"], expected_head=2)
    assert payloads_in(disk) == [b"zero", b"first", b"more"]
