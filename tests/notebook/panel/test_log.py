"""The panel's log: commits, conflicts, retries, errors and slow queries, and the details of each."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import reactive_nb as rnb
from reactive_nb import v
from reactive_nb.engine.engine import Engine
from reactive_nb.errors import ReactiveError
from reactive_nb.notebook.panel import log
from reactive_nb.notebook.panel.panel import Databases


@pytest.fixture
def notes(db: Engine) -> Engine:
    db.define(notes=rnb.table(text=v.string(), n=v.optional(v.int64())).index("by_text", "text"))

    @db.mutation
    def later(ctx: Any) -> None: ...

    return db


def add(db: Engine, text: str, **fields: Any) -> str:
    return db.write(lambda ctx: ctx.db.insert("notes", {"text": text, **fields}), "add")


def kinds(db: Engine, at: int | None = None) -> list[tuple[str, int]]:
    return [(item["kind"], item["ts"]) for item in log.items(db, at).values()]


def test_commits_stand_newest_first_with_what_they_changed(notes: Engine) -> None:
    add(notes, "a")
    notes.write(lambda ctx: [ctx.db.insert("notes", {"text": str(n)}) for n in range(3)], "more")

    items = list(log.items(notes, None).values())

    assert [(item["function"], item["words"]) for item in items] == [
        ("more", "3 × notes"),
        ("add", "1 × notes"),
        ("define", "notes declared"),
    ]


def test_as_of_a_commit_later_ones_have_not_happened(notes: Engine) -> None:
    add(notes, "a")
    add(notes, "b")

    assert kinds(notes, 2) == [("commit", 2), ("commit", 1)]


def test_as_of_a_commit_far_back_its_own_latest_are_listed(notes: Engine) -> None:
    for number in range(log.SHOWN + 5):
        add(notes, str(number))

    assert kinds(notes, 3) == [("commit", 3), ("commit", 2), ("commit", 1)]
    assert kinds(notes)[-1] == ("commit", notes.ts - log.SHOWN + 1)


def test_the_engine_s_own_commits_do_not_push_out_those_of_people(notes: Engine) -> None:
    add(notes, "a")
    for _ in range(log.SHOWN + 5):
        notes.write(lambda ctx: ctx.scheduler.run_after(timedelta(days=1), "later"), "plan")

    found = list(log.items(notes, None).values())

    assert [item["function"] for item in found if not item["own"]] == ["add", "define"]
    assert len([item for item in found if item["own"]]) == log.SHOWN


def test_a_mutation_that_raises_is_an_error(notes: Engine) -> None:
    with pytest.raises(ZeroDivisionError):
        notes.write(lambda ctx: 1 // 0, "divide")

    (item,) = (each for each in log.items(notes, None).values() if each["kind"] == "error")
    assert (item["function"], item["words"]) == ("divide", "ZeroDivisionError: integer division or modulo by zero")


def test_a_mutation_that_another_was_ahead_of_is_a_conflict_and_then_a_retry(notes: Engine) -> None:
    id = add(notes, "a")
    others = [lambda: notes.write(lambda ctx: ctx.db.patch(id, {"n": 7}), "quick")]

    def slow(ctx: Any) -> None:
        ctx.db.get(id)
        if others:
            # On another thread, as from another cell: a mutation may not call another one's transaction.
            thread = threading.Thread(target=others.pop())
            thread.start()
            thread.join()
        ctx.db.patch(id, {"n": 8})

    notes.write(slow, "slow")

    found = log.items(notes, None)
    key, conflict = next((key, item) for key, item in found.items() if item["kind"] == "conflict")
    retry = next(item for item in found.values() if item["kind"] == "retry")
    assert conflict["words"] == f"quick (commit {notes.ts - 1}) was ahead in notes.by_id"
    assert retry["words"] == f"the 2nd try: commit {notes.ts}"
    assert any("committed" in fact for fact in log.detail(notes, key)["facts"])


def test_an_equal_log_is_the_same_each_time_it_is_looked_at(notes: Engine) -> None:
    with pytest.raises(ZeroDivisionError):
        notes.write(lambda ctx: 1 // 0, "divide")

    assert log.items(notes, None) == log.items(notes, None)


def test_a_live_query_that_raises_is_an_error(notes: Engine) -> None:
    @notes.query
    def first(ctx: Any) -> str:
        return ctx.db.query("notes").first()["text"]

    live = first.live()

    (item,) = (each for each in log.items(notes, None).values() if each["kind"] == "error")
    assert (item["function"], item["origin"]) == ("first()", "live")
    live.close()


@pytest.mark.slow
def test_of_what_ran_before_the_commits_that_are_kept_nobody_knows_when(tmp_path: Path) -> None:
    for _ in range(2):  # a file that is opened again has all its documents, and none of its commits
        db = rnb.connect(tmp_path / "notes.duckdb")
        db.define(notes=rnb.table())

        @db.query
        def broken(ctx: Any) -> None:
            raise LookupError

        live = broken.live()
        found = [(item["time_ms"], item["ts"]) for item in log.items(db, None).values() if item["kind"] == "error"]
        kept = [commit.ts for commit in db.commits(5)]
        live.close()
        db.close()

    assert kept == []
    assert found == [(None, 1)]


def test_a_query_that_takes_long_is_told(notes: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    @notes.query
    def total(ctx: Any) -> int:
        return ctx.db.query("notes").count()

    monkeypatch.setattr(log, "SLOW_MS", -1.0)  # so that it is one, however fast this machine is
    live = total.live()

    (item,) = (each for each in log.items(notes, None).values() if each["kind"] == "slow")
    assert (item["function"], item["words"][:8], item["words"][-3:]) == ("total()", "ran for ", " ms")
    live.close()


def test_the_details_of_a_commit_are_its_changes_field_by_field_and_what_ran_for_it(notes: Engine) -> None:
    @notes.query
    def texts(ctx: Any) -> list[str]:
        return [each["text"] for each in ctx.db.query("notes").collect()]

    id = add(notes, "a", n=1)
    live = texts.live()
    notes.write(lambda ctx: ctx.db.patch(id, {"text": "b", "n": rnb.UNSET}), "edit")
    notes.settle()

    found = log.detail(notes, f"c{notes.ts}")

    assert found["changes"] == [
        {"table": "notes", "id": id, "change": "changed", "fields": [["text", ["a"], ["b"]], ["n", [1], []]]}
    ]
    assert [(ran["call"], "edit" in ran["why"]) for ran in found["ran"]] == [("texts()", True)]
    assert found["facts"] == ["1 document changed", "1 live result ran again"]
    live.close()


def test_a_large_commit_tells_its_first_documents(notes: Engine) -> None:
    count = log.MAX_CHANGES + 7
    notes.write(lambda ctx: [ctx.db.insert("notes", {"text": str(n)}) for n in range(count)], "many")

    found = log.detail(notes, f"c{notes.ts}")

    assert (len(found["changes"]), found["left"]) == (log.MAX_CHANGES, 7)


def test_what_is_forgotten_is_said(notes: Engine) -> None:
    for key in ("c999", "a1.0", "zzz"):
        with pytest.raises(ReactiveError, match="no longer remembered"):
            log.detail(notes, key)


def test_the_area_answers_for_a_database_by_its_name(notes: Engine) -> None:
    class OneHub:
        def name_of(self, engine: Engine) -> str:
            return "e1"

    hub: Any = OneHub()
    area = log.Log(hub, Databases(hub, lambda: [notes]))

    facts = area.answer("detail", {"db": "e1", "key": f"c{notes.ts}"})["facts"]
    assert facts == ["notes was declared, or dropped", "no live result ran again"]
    with pytest.raises(ReactiveError, match="'other' was asked for"):
        area.answer("other", {})


@pytest.mark.slow
def test_several_threads_may_look_while_there_are_commits(notes: Engine) -> None:
    @notes.query
    def total(ctx: Any) -> int:
        if (count := ctx.db.query("notes").count()) % 3 == 0:
            raise ValueError(count)
        return count

    live, done = total.live(), threading.Event()
    looks: list[int] = []

    def look() -> int:
        while not done.is_set():
            looks.append(len(log.items(notes, None)))
            log.items(notes, notes.ts)
        return len(log.items(notes, None))

    with ThreadPoolExecutor(3) as pool:
        lookers = [pool.submit(look) for _ in range(3)]
        for number in range(2 * log.SHOWN):
            add(notes, str(number))
        done.set()
        found = {each.result() for each in lookers}  # raises what a look has raised

    notes.settle()
    live.close()
    assert looks
    assert min(found) >= log.SHOWN
