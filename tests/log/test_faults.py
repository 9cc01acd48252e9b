"""The log in a file on a disk that fails, fills up, or loses power: at every call, one after the other.

What is always checked: what was acknowledged is there, what was refused is not, and no other error than ours comes out.
"""

from __future__ import annotations

import errno
from dataclasses import dataclass, field
from itertools import combinations
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reactive_nb.errors import LogWriteError, ReactiveError
from reactive_nb.log import FileLog, Record
from reactive_nb.log.frames import FILE_HEADER_SIZE, FRAME_HEADER_SIZE
from tests.log.disks import DATABASE_ID, PATH, RESERVE, Crash, Disk


def open_log(disk: Disk) -> FileLog:
    return FileLog(PATH, DATABASE_ID, files=disk)


def io_error() -> OSError:
    return OSError(errno.EIO, "Input/output error")


# ---------------------------------------------------------------- a full disk, short writes


@pytest.mark.parametrize("room", range(80))
@pytest.mark.parametrize("cannot_reserve", [None, errno.EOPNOTSUPP])
def test_on_a_full_disk_an_append_is_refused_whole_and_succeeds_when_there_is_room(
    room: int, cannot_reserve: int | None
) -> None:
    disk = Disk()
    disk.cannot_reserve = cannot_reserve
    log = open_log(disk)
    log.append([b"kept"], expected_head=0)
    before = disk.contents()[: FILE_HEADER_SIZE + FRAME_HEADER_SIZE + len(b"kept")]
    disk.capacity = len(disk.contents()) + room

    with pytest.raises(LogWriteError) as caught:
        log.append([b"first", b"second", b"third" * RESERVE], expected_head=1)

    assert str(caught.value) == (
        "Cannot append to /data/x.duckdb.log: No space left on device (ENOSPC). "
        "Expected a disk that takes the bytes and keeps them. "
        "Make room on the disk and try again: the log is as it was."
    )
    assert (log.head, disk.contents(), disk.names[PATH].synced) == (1, before, before)
    disk.capacity = None
    assert log.append([b"first", b"second"], expected_head=1) == 3
    assert [record.payload for record in open_log(disk).read(0)] == [b"kept", b"first", b"second"]


@pytest.mark.parametrize("longest_write", [1, 2, 27, 28, 29, 70])
def test_short_writes_are_followed_by_the_rest(longest_write: int) -> None:
    disk = Disk()
    disk.longest_write = longest_write
    log = open_log(disk)

    log.append([b"first", b"", b"third" * 20], expected_head=0)
    log.drop(1)

    assert list(open_log(disk).read(1)) == [Record(2, b""), Record(3, b"third" * 20)]


def test_a_disk_that_takes_nothing_and_says_nothing_is_an_error_and_no_endless_loop() -> None:
    disk = Disk()
    log = open_log(disk)
    disk.longest_write = 0

    with pytest.raises(LogWriteError, match=r"the file takes no more bytes \(EIO\)\. .* Check the disk and try again"):
        log.append([b"a"], expected_head=0)


# ---------------------------------------------------------------- a failed sync


def test_after_a_failed_sync_the_log_refuses_to_write_until_it_is_opened_again() -> None:
    disk = Disk()
    log = open_log(disk)
    log.append([b"kept"], expected_head=0)
    disk.faults = {len(disk.calls) + 2: io_error()}  # after the look at the end and the write

    with pytest.raises(LogWriteError) as first:
        log.append([b"lost"], expected_head=1)
    with pytest.raises(LogWriteError) as second:
        log.append([b"refused"], expected_head=1)
    with pytest.raises(LogWriteError):
        log.drop(1)

    assert str(first.value) == (
        "Cannot append to /data/x.duckdb.log: Input/output error (EIO). "
        "Expected a disk that takes the bytes and keeps them. "
        "Check the disk, then open the database again: opening checks every record."
    )
    assert str(second.value) == (
        "Cannot append to /data/x.duckdb.log: an earlier write could not be made durable: Input/output error (EIO). "
        "Expected a file that holds exactly the records it acknowledged. "
        "Check the disk, then open the database again: opening checks every record."
    )
    assert list(log.read(0)) == [Record(1, b"kept")]
    again = open_log(disk)
    assert list(again.read(0)) == [Record(1, b"kept")]
    assert again.append([b"goes on"], expected_head=1) == 2


def test_remains_of_an_append_that_cannot_be_cut_off_stop_the_log_and_are_cut_off_by_opening() -> None:
    disk = Disk()
    log = open_log(disk)
    log.append([b"kept"], expected_head=0)
    disk.capacity = len(disk.contents()) + 10
    # The look at the end, no reserve, which is taken back, a short write, none, then the truncation.
    disk.faults = {len(disk.calls) + 5: io_error()}

    with pytest.raises(LogWriteError, match=r"ENOSPC.* Check the disk, then open the database again"):
        log.append([b"lost" * RESERVE], expected_head=1)
    disk.capacity = None
    with pytest.raises(LogWriteError, match="an earlier write could not be made durable"):
        log.append([b"refused"], expected_head=1)

    again = open_log(disk)
    assert (again.cut_bytes, list(again.read(0))) == (RESERVE + 10, [Record(1, b"kept")])


@pytest.mark.parametrize("seed", range(20))
def test_a_refused_append_stays_away_when_the_power_goes_next(seed: int) -> None:
    disk = Disk()
    log = open_log(disk)
    log.append([b"kept"], expected_head=0)
    disk.capacity = len(disk.contents()) + 60

    with pytest.raises(LogWriteError):
        log.append([b"refused, but written", b"refused" * RESERVE], expected_head=1)

    found = open_log(disk.after_power_loss(Random(seed)))
    assert (found.cut_bytes, list(found.read(0))) == (0, [Record(1, b"kept")])


# ---------------------------------------------------------------- a failed drop


def failing_drop(call: str) -> tuple[Disk, FileLog, str]:
    """Drop one of two records while the last `call` of that fails; return the disk, the log, and what it said."""
    rehearsal = Disk()
    log = open_log(rehearsal)
    log.append([b"one", b"two"], expected_head=0)
    log.drop(1)
    disk = Disk()
    log = open_log(disk)
    log.append([b"one", b"two"], expected_head=0)
    disk.faults = {len(rehearsal.calls) - 1 - rehearsal.calls[::-1].index(call): io_error()}
    with pytest.raises(LogWriteError) as caught:
        log.drop(1)
    return disk, log, str(caught.value)


@pytest.mark.parametrize("call", ["create", "open_reader", "read", "write", "sync", "replace"])
def test_a_drop_that_fails_before_the_move_leaves_everything_as_it_was(call: str) -> None:
    disk, log, said = failing_drop(call)

    assert said == (
        "Cannot drop records of /data/x.duckdb.log: Input/output error (EIO). "
        "Expected a disk that takes the bytes and keeps them. Check the disk and try again: the log is as it was."
    )
    assert list(disk.names) == [PATH]
    assert list(log.read(0)) == [Record(1, b"one"), Record(2, b"two")]
    log.drop(1)
    log.append([b"three"], expected_head=2)
    assert list(open_log(disk).read(1)) == [Record(2, b"two"), Record(3, b"three")]


def test_after_a_move_that_may_not_last_nothing_is_appended_that_its_undoing_would_lose() -> None:
    _disk, log, said = failing_drop("sync_folder")

    assert said.endswith("Check the disk, then open the database again: opening checks every record.")
    assert (log.base, list(log.read(1))) == (1, [Record(2, b"two")])
    with pytest.raises(LogWriteError, match="an earlier write could not be made durable"):
        log.append([b"three"], expected_head=2)


# ---------------------------------------------------------------- a fault at every call


@dataclass
class Story:
    """A life of a log that makes every call there is, noting what it was told.

    Its appends fit into the reserve or need the next one, and one of them is torn inside it.
    """

    disk: Disk
    told: dict[int, bytes] = field(default_factory=dict)  # acknowledged and not dropped
    errors: list[Exception] = field(default_factory=list)
    log: FileLog | None = None

    def run(self) -> None:
        self.open()
        self.append(b"one")
        self.append(b"two", b"three", b"four")
        self.drop(2)
        self.append(b"five")
        self.read()
        self.close()
        if PATH in self.disk.names:
            self.disk.names[PATH].data += b"torn" + bytes(RESERVE)
        self.open()
        self.append(b"six", b"seven")
        self.close()

    def open(self) -> None:
        try:
            self.log = open_log(self.disk)
        except ReactiveError as error:
            self.errors.append(error)

    def append(self, *payloads: bytes) -> None:
        if self.log is not None:
            head = self.log.head
            try:
                self.log.append(payloads, head)
            except ReactiveError as error:
                self.errors.append(error)
                assert self.log.head == head
            else:
                self.told |= {head + 1 + i: payload for i, payload in enumerate(payloads)}

    def drop(self, count: int) -> None:
        if self.log is not None:
            up_to = min(count, self.log.head)
            try:
                self.log.drop(up_to)
            except ReactiveError as error:
                self.errors.append(error)
            self.told = {ts: payload for ts, payload in self.told.items() if ts > self.log.base}

    def read(self) -> None:
        if self.log is not None:
            try:
                assert {record.ts: record.payload for record in self.log.read(self.log.base)} == self.told
            except ReactiveError as error:
                self.errors.append(error)

    def close(self) -> None:
        if self.log is not None:
            self.log.close()
            self.log = None


def calls_of_a_story() -> list[str]:
    story = Story(Disk())
    story.run()
    assert story.errors == []
    assert len(story.told) == 5
    return story.disk.calls


CALLS = calls_of_a_story()


def test_the_story_makes_every_call_there_is() -> None:
    assert set(CALLS) == {
        "open", "create", "open_reader", "read", "read_at", "write", "allocate", "sync", "truncate", "close", "replace",
        "remove", "sync_folder",
    }  # fmt: skip


@pytest.mark.parametrize("number", range(len(CALLS)))
@pytest.mark.parametrize("symbol", ["EIO", "ENOSPC", "EACCES"])
def test_one_failing_call_loses_nothing_acknowledged_and_keeps_nothing_refused(number: int, symbol: str) -> None:
    disk = Disk()
    disk.faults = {number: OSError(getattr(errno, symbol), "injected")}
    story = Story(disk)

    story.run()

    assert disk.everything_closed
    for error in story.errors:
        assert isinstance(error, ReactiveError)
    disk.faults = {}
    log = open_log(disk)
    assert {record.ts: record.payload for record in log.read(log.base)} == story.told
    assert sorted(disk.names) == [PATH]


@pytest.mark.slow
def test_two_failing_calls_lose_nothing_acknowledged() -> None:
    # The second fault may hit the way back from the first, so what was refused may be found again, but always whole.
    for pair in combinations(range(len(CALLS)), 2):
        disk = Disk()
        disk.faults = {number: io_error() for number in pair}
        story = Story(disk)

        story.run()

        disk.faults = {}
        log = open_log(disk)
        found = {record.ts: record.payload for record in log.read(log.base)}
        assert story.told.items() <= found.items(), pair
        assert set(found.values()) <= {b"one", b"two", b"three", b"four", b"five", b"six", b"seven"}, pair


@pytest.mark.parametrize("number", range(len(CALLS)))
def test_a_process_that_dies_at_any_call_leaves_what_it_acknowledged(number: int) -> None:
    disk = Disk()
    disk.crash_at = number
    story = Story(disk)

    with pytest.raises(Crash):
        story.run()

    disk.crash_at = None
    log = open_log(disk)
    found = {record.ts: record.payload for record in log.read(log.base)}
    assert {ts: payload for ts, payload in story.told.items() if ts > log.base}.items() <= found.items()
    assert all(ts <= 2 for ts in story.told if ts <= log.base)
    assert sorted(disk.names) == [PATH]


# ---------------------------------------------------------------- losses of power


@dataclass(frozen=True)
class Life:
    """What one process does before the power goes: a step per number, positive appends and negative drops."""

    steps: list[int]
    dies_at: int


lives = st.builds(Life, steps=st.lists(st.integers(-6, 5), max_size=8), dies_at=st.integers(0, 50))


@settings(max_examples=300, deadline=None)
@given(lives=st.lists(lives, min_size=1, max_size=4), seed=st.integers(0, 2**32))
@pytest.mark.slow
def test_no_loss_of_power_takes_an_acknowledged_record_or_makes_the_log_unreadable(
    lives: list[Life], seed: int
) -> None:
    chance = Random(seed)
    disk = Disk()
    written: dict[int, bytes] = {}  # the last payload ever tried for each number
    acknowledged = dropped = may_be_dropped = 0

    for life in lives:
        disk.crash_at = life.dies_at
        try:
            log = open_log(disk)
            for step in life.steps:
                if step >= 0:
                    payloads = [chance.randbytes(chance.randrange(40)) for _ in range(step)]
                    written |= {log.head + 1 + i: payload for i, payload in enumerate(payloads)}
                    acknowledged = log.append(payloads, log.head)
                else:
                    may_be_dropped = max(may_be_dropped, log.head + step, log.base)
                    log.drop(max(log.head + step, log.base))
                    dropped = log.base
        except Crash:
            pass
        disk = disk.after_power_loss(chance)

        log = open_log(disk)

        assert dropped <= log.base <= may_be_dropped
        assert log.head >= acknowledged
        assert list(log.read(log.base)) == [Record(ts, written[ts]) for ts in range(log.base + 1, log.head + 1)]
        acknowledged, dropped = log.head, log.base
