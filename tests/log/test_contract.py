"""The contract of `interface.py`, asked of every log: in memory, in a real file, and in a file on a disk in memory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reactive_nb.errors import HeadMoved, LogError
from reactive_nb.log import FileLog, Log, MemoryLog, Record
from tests.log.disks import DATABASE_ID, PATH, Disk

MakeLog = Callable[[int], Log]


@pytest.fixture(params=["memory", "file", "file on a disk in memory"])
def make_log(request: pytest.FixtureRequest, tmp_path: Path) -> MakeLog:
    def make(base: int) -> Log:
        if request.param == "memory":
            return MemoryLog(base)
        if request.param == "file":
            return FileLog(tmp_path / "x.duckdb.log", DATABASE_ID, base=base)
        return FileLog(PATH, DATABASE_ID, base=base, files=Disk())

    return make


@pytest.fixture
def log(make_log: MakeLog) -> Log:
    return make_log(0)


# ---------------------------------------------------------------- append and read


def test_a_new_log_is_empty(log: Log) -> None:
    assert (log.base, log.head, list(log.read(0))) == (0, 0, [])


def test_records_are_numbered_from_the_base(make_log: MakeLog) -> None:
    log = make_log(41)

    head = log.append([b"a", b"b"], expected_head=41)

    assert (log.base, log.head, head) == (41, 43, 43)
    assert list(log.read(41)) == [Record(42, b"a"), Record(43, b"b")]


def test_payloads_come_back_byte_for_byte(log: Log) -> None:
    payloads = [b"", b"\0", b"\xff" * 70_000, bytes(range(256)), b"rnb.log\n"]

    log.append(payloads, expected_head=0)

    assert [record.payload for record in log.read(0)] == payloads


def test_reading_starts_behind_the_given_record(log: Log) -> None:
    log.append([b"a", b"b", b"c"], expected_head=0)

    assert list(log.read(2)) == [Record(3, b"c")]
    assert list(log.read(3)) == []


def test_an_append_of_nothing_only_compares_heads(log: Log) -> None:
    log.append([b"a"], expected_head=0)

    assert log.append([], expected_head=1) == 1
    with pytest.raises(HeadMoved):
        log.append([], expected_head=0)
    assert log.head == 1


@pytest.mark.parametrize("expected_head", [0, 2])
def test_an_append_checked_against_another_head_keeps_nothing(log: Log, expected_head: int) -> None:
    log.append([b"a"], expected_head=0)

    with pytest.raises(HeadMoved) as caught:
        log.append([b"late"], expected_head)

    assert caught.value.head == 1
    assert list(log.read(0)) == [Record(1, b"a")]


@pytest.mark.parametrize("after", [4, 8])
def test_reading_what_the_log_does_not_hold_is_refused_at_the_call(make_log: MakeLog, after: int) -> None:
    log = make_log(5)
    log.append([b"a", b"b"], expected_head=5)

    with pytest.raises(LogError, match=r"after record \d: it holds the records after 5 up to 7\."):
        log.read(after)


def test_an_iterator_shows_the_log_as_it_was_at_the_call(log: Log) -> None:
    log.append([b"a", b"b"], expected_head=0)
    records = log.read(0)
    assert next(records) == Record(1, b"a")

    log.append([b"c"], expected_head=2)
    log.drop(2)

    assert list(records) == [Record(2, b"b")]


# ---------------------------------------------------------------- drop and close


def test_dropped_records_are_forgotten_and_the_others_keep_their_numbers(log: Log) -> None:
    log.append([b"a", b"b", b"c"], expected_head=0)

    log.drop(2)

    assert (log.base, log.head) == (2, 3)
    assert list(log.read(2)) == [Record(3, b"c")]
    with pytest.raises(LogError):
        log.read(1)


def test_a_log_whose_records_are_all_dropped_goes_on_counting(log: Log) -> None:
    log.append([b"a", b"b"], expected_head=0)

    log.drop(2)
    log.append([b"c"], expected_head=2)

    assert (log.base, log.head, list(log.read(2))) == (2, 3, [Record(3, b"c")])


def test_dropping_what_is_forgotten_already_changes_nothing(log: Log) -> None:
    log.append([b"a", b"b"], expected_head=0)
    log.drop(1)

    log.drop(1)
    log.drop(0)

    assert (log.base, list(log.read(1))) == (1, [Record(2, b"b")])


def test_dropping_past_the_head_is_refused(log: Log) -> None:
    log.append([b"a"], expected_head=0)

    with pytest.raises(LogError, match=r"up to 2: its last record is 1\."):
        log.drop(2)

    assert list(log.read(0)) == [Record(1, b"a")]


@pytest.mark.parametrize(
    "use",
    [
        pytest.param(lambda log: log.append([b"b"], 1), id="append"),
        pytest.param(lambda log: log.append([], 1), id="append nothing"),
        pytest.param(lambda log: log.read(0), id="read"),
        pytest.param(lambda log: log.follow(print), id="follow"),
        pytest.param(lambda log: log.drop(1), id="drop"),
    ],
)
def test_a_closed_log_refuses_use_and_closing_again_does_nothing(log: Log, use: Callable[[Log], object]) -> None:
    log.append([b"a"], expected_head=0)
    log.close()
    log.close()

    with pytest.raises(LogError, match=r"it is closed\. Expected an open log\. Open the database again\.$"):
        use(log)

    assert (log.base, log.head) == (0, 1)


# ---------------------------------------------------------------- follow


def test_followers_hear_every_append_in_their_order_once_it_is_readable(log: Log) -> None:
    heard: list[tuple[str, list[Record], int]] = []
    log.follow(lambda records: heard.append(("first", records, len(list(log.read(0))))))
    log.follow(lambda records: heard.append(("second", records, log.head)))

    log.append([b"a", b"b"], expected_head=0)
    log.append([], expected_head=2)
    log.append([b"c"], expected_head=2)

    assert heard == [
        ("first", [Record(1, b"a"), Record(2, b"b")], 2),
        ("second", [Record(1, b"a"), Record(2, b"b")], 2),
        ("first", [Record(3, b"c")], 3),
        ("second", [Record(3, b"c")], 3),
    ]


def test_a_refused_append_is_not_told(log: Log) -> None:
    heard: list[list[Record]] = []
    log.follow(heard.append)

    with pytest.raises(HeadMoved):
        log.append([b"late"], expected_head=7)

    assert heard == []


def test_a_follower_that_ended_hears_no_more(log: Log) -> None:
    heard: list[list[Record]] = []
    end = log.follow(heard.append)
    log.follow(heard.append)
    log.append([b"a"], expected_head=0)

    end()
    end()
    log.append([b"b"], expected_head=1)

    assert heard == [[Record(1, b"a")], [Record(1, b"a")], [Record(2, b"b")]]


def test_followers_that_join_or_end_while_being_told_do_so_from_the_next_append_on(log: Log) -> None:
    heard: list[str] = []

    def swap(records: list[Record]) -> None:
        end_old()
        log.follow(lambda records: heard.append(f"new {records[0].ts}"))
        end_swap()

    end_swap = log.follow(swap)
    end_old = log.follow(lambda records: heard.append(f"old {records[0].ts}"))

    log.append([b"a"], expected_head=0)
    log.append([b"b"], expected_head=1)

    assert heard == ["old 1", "new 2"]


def test_a_follower_that_raises_keeps_the_news_from_nobody_and_undoes_nothing(log: Log) -> None:
    heard: list[list[Record]] = []

    def stumble(records: list[Record]) -> None:
        records.clear()
        raise ValueError("listener")

    log.follow(stumble)
    log.follow(heard.append)

    with pytest.raises(ValueError, match="listener"):
        log.append([b"a"], expected_head=0)

    assert heard == [[Record(1, b"a")]]
    assert (log.head, list(log.read(0))) == (1, [Record(1, b"a")])


def test_what_several_followers_raise_arrives_together(log: Log) -> None:
    def stumble(records: list[Record]) -> None:
        raise ValueError("one")

    def fall(records: list[Record]) -> None:
        raise KeyError("two")

    log.follow(stumble)
    log.follow(fall)

    with pytest.raises(ExceptionGroup) as caught:
        log.append([b"a"], expected_head=0)

    assert [type(error) for error in caught.value.exceptions] == [ValueError, KeyError]
    assert log.head == 1


# ---------------------------------------------------------------- two committers on one log


class Committer:
    """One of several writers of a log: it knows the records up to its own head, and has a line of work to append."""

    def __init__(self, log: Log, name: str) -> None:
        self.log = log
        self.name = name
        self.known: list[Record] = []
        self.done = 0

    def try_to_append(self, count: int) -> bool:
        """Append the next `count` pieces of work on top of what is known, or catch up if that is not the head."""
        head = len(self.known)
        try:
            self.log.append([f"{self.name}{self.done + i}".encode() for i in range(count)], head)
        except HeadMoved:
            self.catch_up()
            return False
        self.done += count
        self.catch_up()
        return True

    def catch_up(self) -> None:
        self.known += self.log.read(len(self.known))


def test_of_two_committers_on_one_head_the_second_is_refused_and_succeeds_after_reading(log: Log) -> None:
    ann, bob = Committer(log, "ann"), Committer(log, "bob")

    assert ann.try_to_append(2)
    assert not bob.try_to_append(1)
    assert bob.known == ann.known
    assert bob.try_to_append(1)
    assert not ann.try_to_append(1)
    assert ann.try_to_append(1)

    assert [record.payload for record in log.read(0)] == [b"ann0", b"ann1", b"bob0", b"ann2"]


@pytest.mark.parametrize("kind", ["memory", "file"])
@settings(max_examples=60, deadline=None)
@given(turns=st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 3)), max_size=30))
def test_however_two_committers_take_turns_all_work_is_there_once_and_in_each_ones_order(
    kind: str, turns: list[tuple[str, int]]
) -> None:
    log: Log = MemoryLog() if kind == "memory" else FileLog(PATH, DATABASE_ID, files=Disk())
    committers = {name: Committer(log, name) for name in "ab"}

    for name, count in turns:
        committers[name].try_to_append(count)

    records = list(log.read(0))
    assert [record.ts for record in records] == list(range(1, log.head + 1))
    for name, committer in committers.items():
        committer.catch_up()
        assert committer.known == records
        mine = [record.payload.decode() for record in records if record.payload.decode().startswith(name)]
        assert mine == [f"{name}{i}" for i in range(committer.done)]


# ---------------------------------------------------------------- any sequence of calls


Step = tuple[str, int]
steps = st.one_of(
    st.tuples(st.just("append"), st.integers(0, 4)),
    st.tuples(st.just("append late"), st.integers(1, 3)),
    st.tuples(st.just("drop"), st.integers(0, 12)),
    st.tuples(st.just("read"), st.integers(0, 12)),
)


@settings(max_examples=100, deadline=None)
@given(base=st.integers(0, 3), steps=st.lists(steps, max_size=20))
def test_after_any_calls_both_logs_hold_what_a_plain_dict_holds(base: int, steps: list[Step]) -> None:
    disk = Disk()
    logs: list[Log] = [MemoryLog(base), FileLog(PATH, DATABASE_ID, base=base, files=disk)]
    held: dict[int, bytes] = {}
    model_base = head = base

    for name, number in steps:
        for log in logs:
            match name:
                case "append":
                    payloads = [b"%d" % (head + 1 + i) * i for i in range(number)]
                    assert log.append(payloads, head) == head + number
                case "append late":
                    with pytest.raises(HeadMoved):
                        log.append([b"late"], head - number)
                case "drop" if number <= head:
                    log.drop(number)
                case "read" if model_base <= number <= head:
                    assert list(log.read(number)) == [Record(ts, held[ts]) for ts in held if ts > number]
                case _:
                    with pytest.raises(LogError):
                        log.drop(number) if name == "drop" else log.read(number)
        if name == "append":
            held |= {head + 1 + i: payload for i, payload in enumerate(payloads)}
            head += number
        elif name == "drop" and model_base < number <= head:
            model_base = number
            held = {ts: payload for ts, payload in held.items() if ts > number}

    reopened = FileLog(PATH, DATABASE_ID, files=disk)
    for log in [*logs, reopened]:
        assert (log.base, log.head) == (model_base, head)
        assert list(log.read(model_base)) == [Record(ts, payload) for ts, payload in held.items()]
