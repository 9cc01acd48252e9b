"""What a subscription says of itself and of its runs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from reactive_nb.documents.interval import ALL
from reactive_nb.documents.snapshot import Change
from reactive_nb.errors import DocumentNotFound
from reactive_nb.functions.function import Function, Kind
from reactive_nb.subscriptions.cause import Cause
from reactive_nb.subscriptions.subscription import HISTORY, Run, State, Subscription, args_of, key_of, without_frames
from reactive_nb.transaction.commit import Commit
from reactive_nb.transaction.read_set import Overlap


def latest(ctx: Any, channel: Any, limit: Any = 50) -> None: ...


LATEST = Function(latest, Kind.QUERY)
COMMIT = Commit(7, 0.0, "send", (Change("messages", "m1", None, b"", None, (b"m1",)),), {}, frozenset())
CAUSE = Cause(Overlap(COMMIT, "messages", "by_channel", ALL, b"generalm1"), 0)


def run(**facts: Any) -> Run:
    given: dict[str, Any] = {
        "key": key_of(LATEST, {}),
        "ts": 8,
        "duration_ms": 1.0,
        "changed": True,
        "first": False,
        "error": None,
        "cause": None,
        "described": lambda cause: f"{cause.met.commit.function} did it",
    }
    return Run(**{**given, **facts})


def test_it_starts_loading_without_a_result() -> None:
    subscription = Subscription(LATEST, key_of(LATEST, {"channel": "general", "limit": 3}))

    assert subscription.state is State.LOADING
    assert (subscription.runs, subscription.holders, subscription.result, subscription.error) == (0, 0, None, None)
    assert repr(subscription) == "<Subscription latest(channel='general', limit=3) loading>"


@pytest.mark.parametrize(
    ("args", "call"),
    [
        ({}, "latest()"),
        ({"limit": 3, "channel": "general"}, "latest(channel='general', limit=3)"),
        ({"day": datetime(2026, 1, 2, tzinfo=UTC)}, "latest(day=datetime.datetime(2026, 1, 2, 0, 0, tzinfo=datetime.timezone.utc))"),
        ({"channel": "x" * 100_000}, f"latest(channel='{'x' * 27}...{'x' * 28}')"),
        ({"ids": list(range(100_000))}, "latest(ids=[0, 1, 2, 3, 4, 5, ...])"),
        ({"by": {"b": {"c": 1}, "a": None}}, "latest(by={'a': None, 'b': {'c': 1}})"),
    ],
)  # fmt: skip
def test_a_call_is_written_with_its_arguments_the_long_ones_shortened(args: dict[str, Any], call: str) -> None:
    key = key_of(LATEST, args)

    assert Subscription(LATEST, key).call == call
    assert run(key=key).call == call


def test_its_arguments_are_new_objects_each_time() -> None:
    key = key_of(LATEST, {"channel": ["a"]})

    args_of(key)["channel"].append("b")

    assert args_of(key) == {"channel": ["a"]}


def test_it_remembers_its_newest_runs() -> None:
    subscription = Subscription(LATEST, key_of(LATEST, {}))

    for ts in range(HISTORY + 5):
        subscription.history.append(run(ts=ts))

    assert [each.ts for each in subscription.history] == list(range(5, HISTORY + 5))


def test_a_run_names_commit_table_index_and_documents() -> None:
    caused = run(cause=CAUSE)

    assert (caused.commit, caused.table, caused.index, caused.documents) == (COMMIT, "messages", "by_channel", ["m1"])
    assert (run().commit, run().table, run().index, run().documents) == (None, None, None, [])


class Picky(Exception):
    """Cannot be called with what it hands on as its arguments."""

    def __init__(self, table: str, id: str) -> None:
        super().__init__(f"{table} has no {id}")
        self.id = id


def unreadable() -> UnicodeDecodeError:
    return UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")


@pytest.mark.parametrize(
    "error",
    [ValueError("no"), KeyError("a"), Picky("t", "x"), OSError(2, "gone", "file"), unreadable(), SystemExit(3),
     DocumentNotFound("Cannot patch", thing="it is gone", expected="a document", hint="Look", id="x")],
    ids=lambda error: type(error).__name__,
)  # fmt: skip
def test_an_error_without_its_frames_says_the_same(error: BaseException) -> None:
    error.add_note("a note")
    try:
        try:
            raise RuntimeError("before")
        except RuntimeError as before:
            raise error from before
    except BaseException as raised:  # noqa: BLE001 - SystemExit is one of the cases
        bare = without_frames(raised)

    assert type(bare) is type(error)
    assert (str(bare), bare.args, vars(bare)) == (str(error), error.args, vars(error))
    assert (bare.__traceback__, bare.__cause__, bare.__context__) == (None, None, None)
    assert error.__traceback__ is not None


def test_an_error_that_cannot_be_copied_stays_as_it_is() -> None:
    class Single(Exception):
        def __new__(cls, *args: Any) -> Single:
            if args:
                raise TypeError("one is enough")
            made = super().__new__(cls)
            made.args = ("only", "one")
            return made

        def __init__(self) -> None: ...

    error = Single()

    assert without_frames(error) is error


@pytest.mark.parametrize(
    ("made", "sentence"),
    [
        (run(first=True), "latest() ran at commit 8 because it was asked for the first time."),
        (
            run(),
            (
                "latest() ran at commit 8 because its function was defined again, or because more commits "
                "came while it ran than the history holds."
            ),
        ),
        (run(cause=CAUSE), "latest() ran at commit 8 because send did it; the result changed."),
        (
            run(cause=CAUSE, changed=False),
            "latest() ran at commit 8 because send did it; the result stayed the same.",
        ),
        (
            run(cause=CAUSE, error=ValueError("no")),
            "latest() ran at commit 8 because send did it; it raised ValueError.",
        ),
    ],
    ids=["first", "replaced", "changed", "equal", "failed"],
)
def test_why_is_one_sentence(made: Run, sentence: str) -> None:
    assert made.why() == sentence
