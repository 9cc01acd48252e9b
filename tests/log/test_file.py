"""The log in a file: what opening makes of torn, damaged and foreign files, and what it says."""

from __future__ import annotations

import errno
from itertools import product
from pathlib import Path

import pytest

from reactive_nb.errors import (
    DatabaseFileError,
    HeadMoved,
    LogDamaged,
    LogError,
    LogWriteError,
    NewerFormat,
    ReactiveError,
)
from reactive_nb.log import FileLog, Record
from reactive_nb.log.frames import FILE_HEADER_SIZE, FRAME_HEADER_SIZE, MAX_PAYLOAD, FileHeader
from tests.log.disks import DATABASE_ID, NEW_PATH, PATH, RESERVE, SECTOR, Disk

# Records 1 | 2 | 3 4 5 | 6 7, a bar between appends.
APPENDS = [[b"one"], [b"two"], [b"three", b"", b"five"], [b"six", b"seven"]]
PAYLOADS = [payload for payloads in APPENDS for payload in payloads]
FIRST_OF_LAST_APPEND = 6


def open_log(disk: Disk) -> FileLog:
    return FileLog(PATH, DATABASE_ID, files=disk)


def written() -> bytes:
    """The frames of `APPENDS` behind a header, and nothing else."""
    disk = Disk()
    log = open_log(disk)
    for payloads in APPENDS:
        log.append(payloads, log.head)
    return without_reserve(disk)


def without_reserve(disk: Disk) -> bytes:
    """The file up to the end of its last record, whose payload does not end with a zero."""
    return disk.contents().rstrip(b"\0")


WRITTEN = written()
ENDS = [FILE_HEADER_SIZE]  # ENDS[ts] is the offset behind record ts
for _payload in PAYLOADS:
    ENDS.append(ENDS[-1] + FRAME_HEADER_SIZE + len(_payload))


# A log is left with the unused part of its reserve behind it.
reserved = pytest.mark.parametrize("reserve", [b"", bytes(1), bytes(RESERVE)], ids=["no reserve", "a byte", "reserve"])


def whole_records(count: int) -> list[Record]:
    return [Record(i + 1, payload) for i, payload in enumerate(PAYLOADS[:count])]


# ---------------------------------------------------------------- a real file


def test_what_was_appended_is_there_after_reopening(tmp_path: Path) -> None:
    path = tmp_path / "x.duckdb.log"
    log = FileLog(path, DATABASE_ID, base=3)
    log.append([b"a", b"b"], expected_head=3)
    log.append([b"c"], expected_head=5)
    log.drop(4)
    log.close()

    log = FileLog(str(path), DATABASE_ID, base=99)

    assert (log.base, log.head, log.cut_bytes) == (4, 6, 0)
    assert list(log.read(4)) == [Record(5, b"b"), Record(6, b"c")]
    assert [entry.name for entry in tmp_path.iterdir()] == ["x.duckdb.log"]


def test_a_removed_log_leaves_nothing_behind(tmp_path: Path) -> None:
    log = FileLog(tmp_path / "x.duckdb.log", DATABASE_ID)
    log.append([b"a"], expected_head=0)

    log.remove(up_to=1)

    assert list(tmp_path.iterdir()) == []
    with pytest.raises(LogError, match="it is closed"):
        log.append([b"b"], expected_head=1)


def test_a_log_in_the_current_folder_needs_no_folder_in_its_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    FileLog("x.log", DATABASE_ID).close()

    assert (tmp_path / "x.log").exists()


def test_a_copy_of_a_gigabyte_is_not_needed_to_refuse_it(tmp_path: Path) -> None:
    log = FileLog(tmp_path / "x.log", DATABASE_ID)

    with pytest.raises(LogWriteError) as caught:
        log.append([b"a", bytes(MAX_PAYLOAD + 1)], expected_head=0)

    assert str(caught.value) == (
        f"Cannot append to {tmp_path}/x.log: a record has 1073741825 bytes. Expected at most 1073741824 bytes. "
        "Write in several mutations."
    )
    assert log.append([b"a"], expected_head=0) == 1


@pytest.mark.parametrize("taken", [1, 7])
def test_an_iterator_holds_the_file_only_while_it_is_read(taken: int) -> None:
    disk = Disk({PATH: WRITTEN})
    log = open_log(disk)
    records = log.read(0)
    log.close()

    for _ in range(taken):
        next(records)
    assert not disk.everything_closed
    del records

    assert disk.everything_closed


# ---------------------------------------------------------------- torn tails


@pytest.mark.slow
@pytest.mark.parametrize("size", range(FILE_HEADER_SIZE, len(WRITTEN) + 1))
@reserved
def test_an_append_cut_off_anywhere_keeps_exactly_the_whole_records_before_the_cut(size: int, reserve: bytes) -> None:
    left = WRITTEN[:size] + reserve
    disk = Disk({PATH: left})
    whole = sum(1 for end in ENDS[1:] if end <= size)
    torn = left[ENDS[whole] :].rstrip(b"\0")

    log = open_log(disk)

    assert (log.head, log.cut_bytes) == (whole, len(torn))
    assert list(log.read(0)) == whole_records(whole)
    assert disk.names[PATH].synced == (WRITTEN[: ENDS[whole]] if torn else left)


@pytest.mark.parametrize("size", range(FILE_HEADER_SIZE, len(WRITTEN), 7))
@reserved
def test_appending_goes_on_behind_the_whole_records(size: int, reserve: bytes) -> None:
    disk = Disk({PATH: WRITTEN[:size] + reserve})
    log = open_log(disk)
    whole = log.head

    log.append([b"next"], whole)

    again = open_log(disk)
    assert again.cut_bytes == 0
    assert list(again.read(0)) == [*whole_records(whole), Record(whole + 1, b"next")]


@reserved
@pytest.mark.parametrize(
    ("left", "whole"),
    [
        pytest.param(bytes(300) + b"\x01", 2, id="zeros and a last byte"),
        pytest.param(b"\xff" * 300, 2, id="ones"),
        pytest.param(WRITTEN[ENDS[2] : ENDS[4] - 1], 3, id="the first of two records"),
        pytest.param(bytes(33) + WRITTEN[ENDS[3] : ENDS[5]], 2, id="an append without its first record"),
    ],
)
def test_whatever_an_interrupted_append_left_is_cut_off(left: bytes, whole: int, reserve: bytes) -> None:
    disk = Disk({PATH: WRITTEN[: ENDS[2]] + left + reserve})

    log = open_log(disk)

    assert log.head == whole
    assert disk.contents() == WRITTEN[: ENDS[whole]]


@reserved
def test_whichever_sectors_of_the_last_append_survive_the_records_before_the_first_gap_are_kept(
    reserve: bytes,
) -> None:
    disk = Disk({PATH: WRITTEN})
    log = open_log(disk)
    log.append([b"eight", b"nine" * 9, b"ten"], log.head)
    ends = [*ENDS, *(ENDS[-1] + size for size in (33, 97, 128))]
    written = without_reserve(disk)
    sectors = range(ENDS[-1], len(written), SECTOR)
    assert len(sectors) == 8

    for survivors in product([True, False], repeat=len(sectors)):
        left = bytearray(written + reserve)
        for sector, survives in zip(sectors, survivors, strict=True):
            if not survives:
                left[sector : sector + SECTOR] = bytes(len(left[sector : min(sector + SECTOR, len(written))]))
        whole = sum(1 for end in ends[1:] if left[:end] == written[:end])

        log = open_log(Disk({PATH: bytes(left)}))

        assert (log.head, log.cut_bytes) == (whole, len(left[ends[whole] :].rstrip(b"\0"))), survivors
        assert [record.payload for record in log.read(7)] == [b"eight", b"nine" * 9, b"ten"][: whole - 7]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(WRITTEN, id="an older copy of this very log"),
        pytest.param(WRITTEN.replace(DATABASE_ID, b"x" * 16), id="an older copy under another name"),
    ],
)
@reserved
def test_a_torn_record_whose_payload_holds_a_log_is_torn(content: bytes, reserve: bytes) -> None:
    disk = Disk({PATH: WRITTEN})
    log = open_log(disk)
    log.append([b"backup: " + content + b" end"], log.head)

    log = open_log(Disk({PATH: without_reserve(disk)[:-1] + reserve}))

    assert list(log.read(0)) == whole_records(7)


# ---------------------------------------------------------------- damage


@pytest.mark.parametrize("size", range(FILE_HEADER_SIZE))
def test_a_file_that_ends_inside_its_header_is_damaged_because_no_crash_leaves_one(size: int) -> None:
    disk = Disk({PATH: WRITTEN[:size]})

    with pytest.raises(LogDamaged, match=f"it ends inside its header of {FILE_HEADER_SIZE} bytes"):
        open_log(disk)

    assert disk.contents() == WRITTEN[:size]


@pytest.mark.parametrize("mask", [0x01, 0x80, 0xFF])
@reserved
def test_a_changed_byte_anywhere_is_damage_or_in_the_last_append_torn_and_never_a_wrong_record(
    mask: int, reserve: bytes
) -> None:
    for at in range(len(WRITTEN + reserve)):
        changed = bytearray(WRITTEN + reserve)
        changed[at] ^= mask
        disk = Disk({PATH: bytes(changed)})
        ts = sum(1 for end in ENDS if end <= at)  # the record with the changed byte; 0 is the file's header

        if ts < FIRST_OF_LAST_APPEND:
            with pytest.raises(LogDamaged) as caught:
                open_log(disk)
            where = (0, None) if ts == 0 else (ENDS[ts - 1], ts - 1)
            assert (vars(caught.value)["offset"], vars(caught.value)["ts"]) == where
            assert (disk.contents(), disk.everything_closed) == (bytes(changed), True)
        else:
            log = open_log(disk)
            assert list(log.read(0)) == whole_records(ts - 1)
            assert log.cut_bytes == len(changed.rstrip(b"\0")) - ENDS[ts - 1]
            assert disk.names[PATH].synced == WRITTEN[: ENDS[ts - 1]]


@pytest.mark.parametrize("lost", range(1, 7))
@reserved
def test_a_record_missing_in_the_middle_is_damage(lost: int, reserve: bytes) -> None:
    disk = Disk({PATH: WRITTEN[: ENDS[lost - 1]] + WRITTEN[ENDS[lost] :] + reserve})

    with pytest.raises(LogDamaged, match=rf"record {lost}, at byte \d+, is damaged: record {lost + 1} stands"):
        open_log(disk)


@pytest.mark.parametrize("at", range(FILE_HEADER_SIZE, ENDS[5]))
@reserved
def test_a_byte_too_many_or_too_few_before_the_last_append_is_damage(at: int, reserve: bytes) -> None:
    written = WRITTEN + reserve
    for changed in (written[:at] + b"\x55" + written[at:], written[:at] + written[at + 1 :]):
        with pytest.raises(LogDamaged):
            open_log(Disk({PATH: changed}))


def test_a_record_that_rots_while_the_log_is_open_is_found_when_read() -> None:
    disk = Disk({PATH: WRITTEN})
    log = open_log(disk)
    disk.names[PATH].data[ENDS[2] - 1] ^= 1

    records = log.read(0)

    assert next(records) == Record(1, b"one")
    with pytest.raises(LogDamaged, match="record 2, at byte 71, is damaged: its payload does not match its checksum"):
        next(records)


def test_a_file_that_shrinks_while_the_log_is_open_is_found_when_read() -> None:
    disk = Disk({PATH: WRITTEN})
    log = open_log(disk)
    del disk.names[PATH].data[ENDS[6] :]

    with pytest.raises(LogDamaged, match="record 7, at byte 226, is damaged: the file ends before it"):
        list(log.read(0))


# ---------------------------------------------------------------- what opening and dropping sync


def test_opening_syncs_what_a_killed_process_may_have_written_only() -> None:
    disk = Disk({PATH: WRITTEN})
    disk.names[PATH].history = [WRITTEN[: ENDS[5]], WRITTEN]

    open_log(disk)

    assert disk.names[PATH].synced == WRITTEN
    assert disk.calls[-1] == "sync_folder"


def test_an_append_is_a_look_at_the_end_one_write_and_one_sync() -> None:
    disk = Disk()
    log = open_log(disk)
    log.append([b"a"], expected_head=0)
    disk.calls.clear()

    log.append([b"b", b"c", b"d"], expected_head=1)

    assert disk.calls == ["read_at", "write", "sync"]


def test_a_new_file_left_by_a_crash_is_removed() -> None:
    disk = Disk({PATH: WRITTEN, NEW_PATH: WRITTEN[:50]})

    open_log(disk)

    assert list(disk.names) == [PATH]


def test_a_new_file_left_by_a_crash_before_there_was_a_log_is_removed() -> None:
    disk = Disk({NEW_PATH: WRITTEN[:50]})

    log = open_log(disk)

    assert (list(disk.names), log.head) == ([PATH], 0)


def test_dropping_copies_large_logs_in_pieces() -> None:
    disk = Disk()
    log = open_log(disk)
    payloads = [bytes([i]) * 900_000 for i in range(4)]
    log.append(payloads, expected_head=0)

    log.drop(1)

    assert [record.payload for record in open_log(disk).read(1)] == payloads[1:]


# ---------------------------------------------------------------- what it says


def message_of(error: pytest.ExceptionInfo[ReactiveError]) -> str:
    return str(error.value)


def test_a_moved_head_is_named() -> None:
    log = open_log(Disk({PATH: WRITTEN}))

    with pytest.raises(HeadMoved) as caught:
        log.append([b"late"], expected_head=5)

    assert message_of(caught) == (
        "Cannot append to /data/x.duckdb.log: its head is 7. Expected the head 5 that the commit was checked against. "
        "Read the records after 5, check for conflicts again and retry."
    )


def test_a_damaged_record_is_placed_and_what_is_whole_is_said() -> None:
    changed = bytearray(WRITTEN)
    changed[ENDS[1]] ^= 1

    with pytest.raises(LogDamaged) as caught:
        open_log(Disk({PATH: bytes(changed)}))

    assert message_of(caught) == (
        "Cannot read /data/x.duckdb.log: record 2, at byte 71, is damaged: its header does not match its checksum. "
        "Expected the header of a log, then whole records up to its end. The records up to 1 are whole. "
        "Restore the database and its log from a copy; moving the log away opens the database without it."
    )
    assert vars(caught.value)["path"] == PATH


def test_a_file_of_another_kind_is_said_to_be_none_of_ours() -> None:
    with pytest.raises(LogDamaged) as caught:
        open_log(Disk({PATH: b"SQLite format 3\0" * 10}))

    assert message_of(caught) == (
        "Cannot read /data/x.duckdb.log: its header is damaged: it starts with b'SQLite f' instead of b'rnb.log\\n'. "
        "Expected the header of a log, then whole records up to its end. "
        "Restore the database and its log from a copy; moving the log away opens the database without it."
    )


def test_a_newer_format_is_left_alone() -> None:
    newer = FileHeader(2, DATABASE_ID, base=0).encode() + b"what only version 2 understands"
    disk = Disk({PATH: newer})

    with pytest.raises(NewerFormat) as caught:
        open_log(disk)

    assert message_of(caught) == (
        "Cannot open /data/x.duckdb.log: its format is version 2. Expected version 1 or older. "
        "Update reactive_nb, or close the database once with the version that wrote it."
    )
    assert disk.contents() == newer


def test_the_log_of_another_database_is_left_alone() -> None:
    disk = Disk({PATH: WRITTEN[:-1]})

    with pytest.raises(DatabaseFileError) as caught:
        FileLog(PATH, b"\xaa" * 16, files=disk)

    assert message_of(caught) == (
        "Cannot open /data/x.duckdb.log: it is the log of the database 000102030405060708090a0b0c0d0e0f. "
        "Expected the log of the database aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa. "
        "Put it back beside its own database; moving it away opens this database without it."
    )
    assert disk.contents() == WRITTEN[:-1]


def test_a_missing_folder_is_said(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "x.log"

    with pytest.raises(DatabaseFileError) as caught:
        FileLog(path, DATABASE_ID)

    assert message_of(caught) == (
        f"Cannot open {path}: No such file or directory (ENOENT). "
        "Expected a log file, or none yet, in a folder that can be written. "
        "Check that the folder exists, its permissions and its free space."
    )


@pytest.mark.parametrize(
    ("there", "refused"),
    [
        pytest.param({}, "create", id="a folder that cannot be written"),
        pytest.param({PATH: WRITTEN}, "open", id="a file that cannot be written"),
        pytest.param({PATH: WRITTEN, NEW_PATH: b""}, "remove", id="a folder with a left-over that cannot be written"),
    ],
)
def test_what_cannot_be_written_is_refused_when_it_is_opened(there: dict[Path, bytes], refused: str) -> None:
    rehearsal = Disk(there)
    open_log(rehearsal)
    disk = Disk(there)
    disk.faults = {rehearsal.calls.index(refused): PermissionError(errno.EACCES, "Permission denied")}

    with pytest.raises(DatabaseFileError, match=r"^Cannot open /data/x.duckdb.log: Permission denied \(EACCES\)\. "):
        open_log(disk)

    assert {path: disk.contents(path) for path in disk.names} == there
    assert disk.everything_closed


def test_records_that_the_tables_do_not_hold_are_not_removed() -> None:
    disk = Disk({PATH: WRITTEN})
    log = open_log(disk)

    with pytest.raises(LogError) as caught:
        log.remove(up_to=6)

    assert message_of(caught) == (
        "Cannot remove /data/x.duckdb.log: its last record is 7, and the tables stand at 6. "
        "Expected tables that hold every record. Fold the records into the tables first."
    )
    assert log.append([b"eight"], expected_head=7) == 8


def test_a_file_that_cannot_be_removed_is_said_to_be_no_loss() -> None:
    disk = Disk({PATH: WRITTEN})
    log = open_log(disk)
    disk.faults = {len(disk.calls) + 1: PermissionError(errno.EACCES, "Permission denied")}  # after the close

    with pytest.raises(LogWriteError) as caught:
        log.remove(up_to=7)

    assert message_of(caught) == (
        "Cannot remove /data/x.duckdb.log: Permission denied (EACCES). Expected a folder that can be written. "
        "Nothing is lost: the tables hold every record of it, and the next clean close tries again."
    )
    assert disk.everything_closed
