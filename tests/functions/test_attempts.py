"""What is remembered of transactions: one attempt after each try, with what became of it."""

from __future__ import annotations

import signal
import threading
from typing import Any

import pytest

import reactive_nb as rnb
from reactive_nb.engine import Engine
from reactive_nb.errors import ConflictError, DatabaseClosed
from reactive_nb.functions.attempts import REMEMBERED, Attempt
from reactive_nb.functions.runner import ATTEMPTS, own_commits
from tests.tools import Core, insert


def outcomes(attempts: list[Attempt]) -> list[tuple[str, int, str]]:
    return [(each.function, each.number, each.outcome) for each in attempts]


@pytest.fixture
def core() -> Core:
    core = Core()
    core.write(lambda ctx: ctx.db.insert("t", {}))
    return core


def test_a_commit_is_remembered_with_its_number_and_its_documents(core: Core) -> None:
    core.runner.write(lambda ctx: [ctx.db.insert("t", {}) for _ in range(3)], "fill")

    (attempt,) = core.runner.attempts.latest(10)
    assert (attempt.function, attempt.number, attempt.outcome) == ("fill", 1, "committed")
    assert (attempt.snapshot_ts, attempt.ts, attempt.changes) == (1, 2, 3)
    assert (attempt.refusal, attempt.error) == (None, "")
    assert attempt.lane == "a lane"
    assert attempt.began_s < attempt.ended_s


def test_nothing_to_write_is_an_attempt_without_a_number(core: Core) -> None:
    core.runner.write(lambda ctx: ctx.db.query("t").count(), "look")

    (attempt,) = core.runner.attempts.latest(10)
    assert (attempt.outcome, attempt.ts, attempt.changes) == ("nothing to write", None, 0)


def test_what_a_function_raised_is_remembered_in_words(core: Core) -> None:
    def fail(ctx: Any) -> None:
        raise ValueError("no such thing")

    with pytest.raises(ValueError, match="no such thing"):
        core.runner.write(fail, "fail")

    (attempt,) = core.runner.attempts.latest(10)
    assert (attempt.outcome, attempt.error, attempt.ts) == ("raised", "ValueError: no such thing", None)


@pytest.mark.parametrize("times", range(1, ATTEMPTS))
def test_each_refusal_is_followed_by_the_next_try(times: int, core: Core) -> None:
    tries: list[int] = []

    def overtaken(ctx: Any) -> None:
        ctx.db.insert("t", {"n": ctx.db.query("t").count()})
        tries.append(1)
        if len(tries) <= times:
            core.write(lambda rival: rival.db.insert("t", {}))

    core.runner.write(overtaken, "m")

    attempts = core.runner.attempts.latest(10)
    assert outcomes(attempts) == [
        *(("m", number, "refused") for number in range(1, times + 1)),
        ("m", times + 1, "committed"),
    ]
    met = [each.refusal for each in attempts[:-1] if each.refusal is not None]
    assert [(each.function, each.ts, each.table, each.index) for each in met] == [
        ("rival", 1 + number, "t", "by_creation_time") for number in range(1, times + 1)
    ]


def test_only_the_latest_are_remembered(core: Core) -> None:
    for n in range(REMEMBERED + 5):
        core.runner.write(lambda ctx: None, f"m{n}")

    kept = [each.function for each in core.runner.attempts.latest(10 * REMEMBERED)]
    assert kept == [f"m{n}" for n in range(5, REMEMBERED + 5)]


@pytest.mark.parametrize(("count", "kept"), [(-1, []), (0, []), (1, ["c"]), (2, ["b", "c"]), (9, ["a", "b", "c"])])
def test_the_latest_are_given_oldest_first(count: int, kept: list[str], core: Core) -> None:
    for name in "abc":
        core.runner.write(lambda ctx: None, name)

    assert [each.function for each in core.runner.attempts.latest(count)] == kept


def test_an_attempt_keeps_no_document(core: Core) -> None:
    core.runner.write(lambda ctx: ctx.db.insert("t", {"body": "x" * 1000}), "fill")

    assert "xxx" not in repr(core.runner.attempts.latest(1))


def test_a_lane_is_the_name_of_the_thread(db: Engine) -> None:
    writer = threading.Thread(target=insert, args=(db, "t", {}), name="feed")
    writer.start()
    writer.join()
    insert(db, "t", {})

    assert [each.lane for each in db.attempts()] == ["feed", threading.current_thread().name]


def test_a_block_that_lost_is_remembered_as_refused(db: Engine) -> None:
    (id,) = insert(db, "t", {"n": 1})

    with pytest.raises(ConflictError), db.transaction() as tx:  # noqa: PT012 - the block is what is refused
        tx.db.patch(id, {"n": tx.db.get(id)["n"] + 1})
        db.write(lambda ctx: ctx.db.patch(id, {"n": 5}), "rival")

    assert outcomes(db.attempts(2)) == [("rival", 1, "committed"), ("transaction", 1, "refused")]


def test_a_block_that_raises_and_a_commit_that_fails_are_remembered_too() -> None:
    db = rnb.connect()
    with pytest.raises(KeyError), db.transaction("half"):
        raise KeyError("no")
    tx = db.transaction("late")
    inside = tx.__enter__()
    inside.db.insert("t", {})
    db.close()
    with pytest.raises(DatabaseClosed):
        tx.__exit__(None, None, None)

    assert outcomes(db.attempts()) == [("half", 1, "raised"), ("late", 1, "raised")]


def test_a_commit_that_an_interrupt_came_with_is_a_commit(db: Engine) -> None:
    db._committer.on_commit(lambda _: signal.raise_signal(signal.SIGINT))  # held back until the commit is whole

    with own_commits() as own, pytest.raises(KeyboardInterrupt):
        insert(db, "t", {})

    assert [(each.outcome, each.ts) for each in db.attempts(1)] == [("committed", 1)]
    assert own == [1]
    assert db.table_counts() == {"t": 1}
