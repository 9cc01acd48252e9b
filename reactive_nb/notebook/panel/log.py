"""The log: what has happened in a database lately, newest first, and the details of one thing of it.

Commits, attempts that another commit was ahead of, attempts and queries that raised, and queries that took long come in,
from what the engine remembers anyway; items go out. Nothing is recorded for the panel.
"""

from __future__ import annotations

import heapq
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import Any
from weakref import WeakKeyDictionary

from reactive_nb.documents.document import decode_document
from reactive_nb.documents.range_words import describe_read
from reactive_nb.documents.snapshot import Change
from reactive_nb.engine.engine import Engine
from reactive_nb.errors import ReactiveError, error_text
from reactive_nb.functions.attempts import Attempt
from reactive_nb.notebook.page.hub import Hub
from reactive_nb.notebook.panel.panel import Databases
from reactive_nb.notebook.result.shape import KeyedRows, Row
from reactive_nb.notebook.teach.effect import MISSING, changed_fields, row_of
from reactive_nb.notebook.teach.words import count, ordinal, snapshot_of, thread_text
from reactive_nb.schema.declaration import TABLES
from reactive_nb.schema.system_tables import PRIVATE
from reactive_nb.subscriptions.subscription import Run
from reactive_nb.transaction.commit import Commit

SHOWN = 200
"""How many commits, how many of the engine's own, how many attempts, and how many runs of live queries are listed."""
SLOW_MS = 100.0
"""A query that takes longer is listed."""
MAX_CHANGES = 50
"""How many documents of a commit are told with their fields."""

# What was worked out before, by database: the items of commits, and the times of attempts.
_commits: WeakKeyDictionary[Engine, dict[int, Row]] = WeakKeyDictionary()
_times: WeakKeyDictionary[Engine, dict[str, int]] = WeakKeyDictionary()


def items(engine: Engine, at: int | None) -> KeyedRows:
    """Return what has happened, newest first; as of a commit, what had happened by then."""
    commits = engine.commits(engine.ts)
    if at is not None:
        commits = [commit for commit in commits if commit.ts <= at]
    found = [*_committed(engine, commits), *_attempted(engine), *_ran(engine, commits, at)]
    if at is not None:
        found = [(key, item) for key, item in found if item["ts"] <= at]
    # At the same moment what was tried or ran follows the commit it was about. Of what ran before the commits that are
    # remembered nobody knows the time: it is older than they are.
    found.sort(key=lambda each: (each[1]["time_ms"] or 0.0, each[1]["ts"], each[0]), reverse=True)
    return dict(found)


def _committed(engine: Engine, commits: Sequence[Commit]) -> Iterator[tuple[str, Row]]:
    before = _commits.get(engine, {})
    # A commit never changes, and may be of a hundred thousand documents. Several threads may look at the same time, so
    # what is known is replaced and never changed.
    known = {commit.ts: before.get(commit.ts) or _commit_item(commit) for commit in commits}
    _commits[engine] = known
    # Jobs that run every second write down twice a second how it is with them, beside what they do: nobody's own commits
    # are to be lost among these.
    for is_own in (False, True):
        latest = [ts for ts, item in known.items() if item["own"] is is_own]
        yield from ((f"c{ts}", known[ts]) for ts in latest[-SHOWN:])


def _commit_item(commit: Commit) -> Row:
    tables = Counter(map(attrgetter("table"), commit.changes))  # of a large commit this takes longest
    words = [f"{number:,} × {table}" for table, number in tables.most_common() if not table.startswith("_")]
    words += [f"{table} declared" for table in sorted(commit.redeclared) if not table.startswith("_")]
    return {
        "kind": "commit",
        "ts": commit.ts,
        "time_ms": commit.time_ms,
        "function": commit.function,
        "origin": commit.origin,
        "words": ", ".join(words) or "the database's own tables",
        "own": not words,
    }


def _attempted(engine: Engine) -> Iterator[tuple[str, Row]]:
    # What is remembered of an attempt is when it ended on the process's own clock. It is put on the wall's clock once:
    # the two drift.
    now_ms, now_s = engine.now_ms(), time.perf_counter()
    before, known = _times.get(engine, {}), {}
    for attempt in engine.attempts(SHOWN):
        told = _attempt_words(attempt)
        if told is None:
            continue
        kind, words = told
        key = _attempt_key(attempt)
        known[key] = before.get(key) or round(now_ms - (now_s - attempt.ended_s) * 1000)
        yield (
            key,
            {
                "kind": kind,
                "ts": attempt.snapshot_ts if attempt.ts is None else attempt.ts,
                "time_ms": known[key],
                "function": attempt.function,
                "origin": attempt.origin or thread_text(attempt.lane),
                "words": words,
                "own": False,
            },
        )
    _times[engine] = known


def _attempt_key(attempt: Attempt) -> str:
    return f"a{attempt.began_s:.7f}:{attempt.lane}"


def _attempt_words(attempt: Attempt) -> tuple[str, str] | None:
    """Return of which kind an attempt is and what is to be said of it; None of one that went well at once."""
    if attempt.outcome == "raised":
        return "error", attempt.error
    if attempt.refusal is not None:
        met = attempt.refusal
        return "conflict", f"{met.function} (commit {met.ts}) was ahead in {met.table}.{met.index}"
    if attempt.number > 1:
        how = f"commit {attempt.ts}" if attempt.ts is not None else attempt.outcome
        return "retry", f"the {ordinal(attempt.number)} try: {how}"
    return None


def _ran(engine: Engine, commits: Sequence[Commit], at: int | None) -> Iterator[tuple[str, Row]]:
    # A thousand live results remember twenty runs each: which are told is found out before words are made of any.
    told = (
        run
        for subscription in engine.subscriptions()
        for run in list(subscription.history)
        if (run.error is not None or run.duration_ms > SLOW_MS) and (at is None or run.ts <= at)
    )
    latest = heapq.nlargest(SHOWN, told, key=lambda run: run.ts)
    times = {commit.ts: commit.time_ms for commit in commits} if latest else {}
    for run in latest:
        call, (kind, words) = run.call, _run_words(run)
        item = {
            "kind": kind,
            "ts": run.ts,
            "time_ms": times.get(run.ts),
            "function": call,
            "origin": "live",
            "words": words,
            "own": False,
        }
        yield f"r{run.ts}:{call}", item


def _run_words(run: Run) -> tuple[str, str]:
    if run.error is not None:
        return "error", f"{type(run.error).__name__}: {error_text(run.error)}"
    return "slow", f"ran for {run.duration_ms:,.0f} ms"


# ---------------------------------------------------------------------- one thing of it


class Log:
    """Answers what a page asks about one item; see `reactive_nb.notebook.page.answers.Target`."""

    def __init__(self, hub: Hub, databases: Databases) -> None:
        del hub
        self._databases = databases

    def answer(self, method: str, params: dict[str, Any]) -> Any:
        """Return the details of an item."""
        match method, params:
            case "detail", {"db": db, "key": str(key)}:
                return detail(self._databases.get(db), key)
        raise ReactiveError(
            "Cannot answer for the log",
            thing=f"{method!r} was asked for",
            expected="detail, of an item",
            hint="Load the page again: it may be of another version than the kernel",
        )


def detail(engine: Engine, key: str) -> dict[str, Any]:
    """Return why an item of the log is there: what a commit changed and which live results ran for it.

    Args:
        engine: Whose log it is.
        key: The item's.

    Returns:
        `facts`, lines of text; `changes`, each with `table`, `id`, `change`, and `fields` of name, before, after; `ran`, each
        with `call` and `why`; `left`, how many changes more there were.

    Raises:
        ReactiveError: It is no longer remembered.
    """
    if key[:1] == "c" and key[1:].isdigit():
        for commit in engine.commits(engine.ts):
            if commit.ts == int(key[1:]):
                return _commit_detail(engine, commit)
    item = items(engine, None).get(key)
    if item is None:
        raise ReactiveError(
            "Cannot show what happened",
            thing="it is no longer remembered",
            expected="one of the latest",
            hint="Look at the newest line of the log",
        )
    return {"facts": [*_attempt_facts(engine, key), item["words"]], "changes": [], "ran": [], "left": 0}


def _commit_detail(engine: Engine, commit: Commit) -> dict[str, Any]:
    own = [change for change in commit.changes if change.table not in (TABLES, *PRIVATE)]
    ran = [
        {"call": run.call, "why": run.why(), "ms": run.duration_ms}
        for subscription in engine.subscriptions()
        for run in list(subscription.history)
        if run.commit is not None and run.commit.ts == commit.ts
    ]
    facts = [f"{table} was declared, or dropped" for table in sorted(commit.redeclared)]
    if own or not facts:
        facts.append(f"{count(len(own), 'document')} changed")
    facts.append(f"{count(len(ran), 'live result') if ran else 'no live result'} ran again")
    return {
        "facts": facts,
        "changes": list(map(_change, own[:MAX_CHANGES])),
        "left": max(0, len(own) - MAX_CHANGES),
        "ran": ran,
    }


def _change(change: Change) -> dict[str, Any]:
    old, new = (None if each is None else decode_document(each) for each in (change.old, change.new))
    kind = "inserted" if old is None else "deleted" if new is None else "changed"
    fields = changed_fields(row_of(old or {}), row_of(new or {}))
    return {
        "table": change.table,
        "id": change.id,
        "change": kind,
        "fields": [[name, _cell(before), _cell(after)] for name, before, after in fields],
    }


def _cell(cell: Any) -> Any:
    """Return a cell in a list of none or one: a field may be missing, which is another thing than null."""
    return [] if cell is MISSING else [cell]


def _attempt_facts(engine: Engine, key: str) -> list[str]:
    snapshot = snapshot_of(engine)
    for attempt in engine.attempts(SHOWN):
        if key == _attempt_key(attempt):
            facts = [
                f"the {ordinal(attempt.number)} try of {attempt.function}, on {thread_text(attempt.lane)}",
                f"it read commit {attempt.snapshot_ts}, and took {(attempt.ended_s - attempt.began_s) * 1000:.1f} ms",
            ]
            if (met := attempt.refusal) is not None:
                facts.append(f"it had read {describe_read(met.table, met.index, met.read, snapshot)}")
                facts.append(f"{met.function} committed {met.ts} into it meanwhile, so it ran again")
            return facts
    return []
