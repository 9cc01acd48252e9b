"""Commits of many threads: shared flushes, turns, and an end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import pytest

from reactive_nb.engine.commit_queue import CommitQueue
from reactive_nb.errors import DatabaseClosed, LogWriteError
from reactive_nb.log.memory import MemoryLog
from reactive_nb.transaction.commit import Commit
from reactive_nb.transaction.committer import Proposal
from reactive_nb.transaction.read_set import Overlap
from tests.transaction.held import Database, Held


class SlowLog(MemoryLog):
    """A log whose appends wait until the test lets them go on, and are counted."""

    def __init__(self) -> None:
        super().__init__()
        self.appends: list[int] = []
        self.entered = threading.Semaphore(0)
        self.go_on = threading.Semaphore(0)
        self.waits = False
        self.fails = False

    def append(self, payloads: Sequence[bytes], expected_head: int) -> int:
        self.appends.append(len(payloads))
        if self.waits:
            self.entered.release()
            self.go_on.acquire()
        if self.fails:
            raise LogWriteError("Cannot append", thing="the disk is full", expected="space", hint="Make room")
        return super().append(payloads, expected_head)


def proposal(held: Held) -> Proposal:
    return Proposal(held.transaction, "f")


def insert(database: Database) -> Proposal:
    held = database.begin()
    held.insert("t", {})
    return proposal(held)


def started(work: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=work)
    thread.start()
    return thread


@pytest.fixture
def log() -> SlowLog:
    return SlowLog()


@pytest.fixture
def database(log: SlowLog) -> Database:
    made = Database(log)
    made.insert("t", {})
    log.appends.clear()
    return made


def test_one_thread_alone_commits_at_once(database: Database, log: SlowLog) -> None:
    queue = CommitQueue(database.committer)

    outcome = queue.commit(insert(database))

    assert isinstance(outcome, Commit)
    assert log.appends == [1]
    assert queue.commit(proposal(database.begin())) is None


def test_a_conflict_is_an_outcome(database: Database) -> None:
    queue = CommitQueue(database.committer)
    held = database.begin()
    held.query("t").collect()
    held.insert("t", {})
    queue.commit(insert(database))

    assert isinstance(queue.commit(proposal(held)), Overlap)


def test_all_that_come_while_the_disk_is_busy_share_the_next_append(database: Database, log: SlowLog) -> None:
    queue = CommitQueue(database.committer)
    outcomes: list[object] = []
    proposals = [insert(database) for _ in range(9)]
    log.waits = True

    threads = [started(lambda each=each: outcomes.append(queue.commit(each))) for each in proposals[:1]]  # type: ignore[misc]
    log.entered.acquire()
    threads += [started(lambda each=each: outcomes.append(queue.commit(each))) for each in proposals[1:]]  # type: ignore[misc]
    wait_until_waiting(queue, 8)
    for _ in range(9):
        log.go_on.release()
    for thread in threads:
        thread.join()

    assert log.appends == [1, 8]
    assert sorted(each.ts for each in outcomes if isinstance(each, Commit)) == list(range(2, 11))


def wait_until_waiting(queue: CommitQueue, count: int) -> None:
    """Return when so many threads wait in the queue."""
    while True:
        with queue._mutex:
            if len(queue._waiting) == count:
                return


def test_a_failed_append_is_raised_by_every_thread_it_concerns_and_the_queue_goes_on(
    database: Database, log: SlowLog
) -> None:
    queue = CommitQueue(database.committer)
    errors: list[BaseException] = []
    log.waits = True

    def commit(each: Proposal) -> None:
        try:
            queue.commit(each)
        except LogWriteError as error:
            errors.append(error)

    proposals = [insert(database) for _ in range(3)]
    threads = [started(lambda: commit(proposals[0]))]
    log.entered.acquire()
    threads += [started(lambda each=each: commit(each)) for each in proposals[1:]]  # type: ignore[misc]
    wait_until_waiting(queue, 2)
    log.fails = True
    for _ in range(2):
        log.go_on.release()
    for thread in threads:
        thread.join()
    log.waits = log.fails = False

    assert len(errors) == 3
    assert isinstance(queue.commit(insert(database)), Commit)


def test_alone_keeps_commits_out_until_its_end(database: Database, log: SlowLog) -> None:
    queue = CommitQueue(database.committer)
    each = insert(database)

    with queue.alone():
        thread = started(lambda: queue.commit(each))
        wait_until_waiting(queue, 1)
        assert log.appends == []
    thread.join()

    assert log.appends == [1]


def test_alone_waits_for_the_commit_under_way(database: Database, log: SlowLog) -> None:
    queue = CommitQueue(database.committer)
    each = insert(database)
    order: list[str] = []
    log.waits = True

    def commit() -> None:
        queue.commit(each)
        order.append("committed")

    def alone() -> None:
        with queue.alone():
            order.append(f"alone after {database.head.ts}")

    first = started(commit)
    log.entered.acquire()
    second = started(alone)
    wait_until_waiting(queue, 1)
    log.go_on.release()
    first.join()
    second.join()

    assert sorted(order) == ["alone after 2", "committed"]


def test_who_has_the_turn_commits_before_those_who_come_during_it(
    database: Database, log: SlowLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reactive_nb.engine.commit_queue.TURN_SECONDS", 60)
    queue = CommitQueue(database.committer)
    mine, theirs = insert(database), insert(database)
    outcomes: dict[str, object] = {}

    with queue.turn():
        thread = started(lambda: outcomes.update(theirs=queue.commit(theirs)))
        outcomes["mine"] = queue.commit(mine)
        assert "theirs" not in outcomes
    thread.join()

    first, second = outcomes["mine"], outcomes["theirs"]
    assert isinstance(first, Commit)
    assert isinstance(second, Commit)
    assert (first.ts, second.ts) == (2, 3)


def test_a_turn_holds_nobody_up_for_ever(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reactive_nb.engine.commit_queue.TURN_SECONDS", 0.001)
    queue = CommitQueue(database.committer)
    theirs = insert(database)
    outcomes: list[object] = []

    with queue.turn():
        thread = started(lambda: outcomes.append(queue.commit(theirs)))
        thread.join()

    assert isinstance(outcomes[0], Commit)


def test_who_does_not_get_the_turn_goes_on_without(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reactive_nb.engine.commit_queue.TURN_SECONDS", 0.001)
    queue = CommitQueue(database.committer)
    went_on: list[bool] = []

    def other() -> None:
        with queue.turn():
            went_on.append(True)

    with queue.turn():
        started(other).join()

    assert went_on == [True]
    with queue.turn():
        pass


def test_a_turn_whose_end_was_lost_runs_out(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reactive_nb.engine.commit_queue.TURN_SECONDS", 0)
    queue = CommitQueue(database.committer)
    theirs = insert(database)
    outcomes: list[object] = []
    torn_apart = queue.turn()
    torn_apart.__enter__()

    started(lambda: outcomes.append(queue.commit(theirs))).join()
    with queue.turn():
        pass

    assert isinstance(outcomes[0], Commit)


def test_a_closed_queue_refuses(database: Database) -> None:
    queue = CommitQueue(database.committer)
    each = insert(database)

    queue.close()

    with pytest.raises(DatabaseClosed):
        queue.commit(each)
    assert database.head.ts == 1
