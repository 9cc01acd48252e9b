"""What a subscription says of itself and of its runs."""

from __future__ import annotations

from typing import Any

import pytest

from reactive_nb.documents.interval import ALL
from reactive_nb.documents.snapshot import Change
from reactive_nb.functions.function import Function, Kind
from reactive_nb.subscriptions.subscription import HISTORY, Cause, Run, State, Subscription, args_of, key_of, touches
from reactive_nb.transaction.commit import Commit


def latest(ctx: Any, channel: Any, limit: Any = 50) -> None: ...


LATEST = Function(latest, Kind.QUERY)
CHANGES = (
    Change("messages", "m1", None, b"", None, (b"m1", b"t1", b"general")),
    Change("messages", "m2", b"", b"", (b"m2", b"t2", b"other"), (b"m2", b"t2", (b"x", b"general"))),
    Change("users", "u1", None, b"", None, (b"u1", b"t3", b"general")),
    Change("messages", "m3", b"", None, (b"m3", b"t4", b"old"), None),
)
COMMIT = Commit(7, 0.0, "send", CHANGES, {}, frozenset())


def run(**facts: Any) -> Run:
    given: dict[str, Any] = {
        "call": "latest()",
        "ts": 8,
        "duration_ms": 1.0,
        "changed": True,
        "first": False,
        "error": None,
        "cause": None,
        "described": lambda cause: f"{cause.commit.function} did it",
    }
    return Run(**{**given, **facts})


def cause(key: bytes | None) -> Cause:
    return Cause(COMMIT, "messages", "by_channel", ALL, key)


def test_it_starts_loading_without_a_result() -> None:
    subscription = Subscription(LATEST, key_of(LATEST, {"channel": "general", "limit": 3}))

    assert subscription.state is State.LOADING
    assert (subscription.runs, subscription.holders, subscription.result, subscription.error) == (0, 0, None, None)
    assert repr(subscription) == "<Subscription latest(channel='general', limit=3) loading>"


def test_its_arguments_are_new_objects_each_time() -> None:
    key = key_of(LATEST, {"channel": ["a"]})

    args_of(key)["channel"].append("b")

    assert args_of(key) == {"channel": ["a"]}


def test_it_remembers_its_newest_runs() -> None:
    subscription = Subscription(LATEST, key_of(LATEST, {}))

    for ts in range(HISTORY + 5):
        subscription.history.append(run(ts=ts))

    assert [each.ts for each in subscription.history] == list(range(5, HISTORY + 5))


@pytest.mark.parametrize(
    ("key", "documents"),
    [(b"general", ["m1", "m2"]), (b"x", ["m2"]), (b"old", ["m3"]), (b"none", []), (None, [])],
)
def test_a_run_names_the_documents_that_its_query_met(key: bytes | None, documents: list[str]) -> None:
    assert run(cause=cause(key)).documents == documents


def test_a_run_names_commit_table_and_index() -> None:
    caused = run(cause=cause(b"general"))

    assert (caused.commit, caused.table, caused.index) == (COMMIT, "messages", "by_channel")
    assert (run().commit, run().table, run().index, run().documents) == (None, None, None, [])


def test_a_change_touches_the_keys_it_leaves_and_enters() -> None:
    moved = CHANGES[1]

    assert [touches(moved, cause(key)) for key in (b"other", b"x", b"general", b"m3")] == [True, True, True, False]


@pytest.mark.parametrize(
    ("made", "sentence"),
    [
        (run(first=True), "latest() ran at commit 8 because it was asked for the first time."),
        (run(), "latest() ran at commit 8 because its function was defined again."),
        (run(cause=cause(b"x")), "latest() ran at commit 8 because send did it; the result changed."),
        (
            run(cause=cause(b"x"), changed=False),
            "latest() ran at commit 8 because send did it; the result stayed the same.",
        ),
        (
            run(cause=cause(b"x"), error=ValueError("no")),
            "latest() ran at commit 8 because send did it; it raised ValueError.",
        ),
    ],
    ids=["first", "replaced", "changed", "equal", "failed"],
)
def test_why_is_one_sentence(made: Run, sentence: str) -> None:
    assert made.why() == sentence
