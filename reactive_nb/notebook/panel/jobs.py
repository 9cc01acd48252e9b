"""The jobs: crons, scheduled cells and scheduled calls, with what a person can do to each.

The documents of the job tables come in, of now or of a commit; items go out, and what the page presses comes back. An
item says itself what can be done with it, so that the page knows no rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from reactive_nb.engine.engine import Engine
from reactive_nb.errors import ReactiveError
from reactive_nb.functions.context import QueryContext
from reactive_nb.functions.function import Kind
from reactive_nb.functions.index_range import IndexRange
from reactive_nb.jobs import crons
from reactive_nb.notebook.cell.job_status import Document, last_run, status_of
from reactive_nb.notebook.cell.plan import split_cell
from reactive_nb.notebook.job_list import is_cell
from reactive_nb.notebook.page.hub import Hub
from reactive_nb.notebook.page.view import arguments_text
from reactive_nb.notebook.panel.panel import Databases
from reactive_nb.notebook.result.shape import KeyedRows, Row
from reactive_nb.schema.system_tables import CRONS, SCHEDULED

MAX_CALLS = 50
"""How many scheduled calls of each state are listed."""

CALL_STATES = {
    "inProgress": "running",
    "pending": "waiting",
    "failed": "failed",
    "canceled": "cancelled",
    "success": "done",
}


@dataclass(frozen=True, slots=True)
class _Documents:
    """The documents of the job tables.

    Attributes:
        tables: The states of the tables that they are of: as long as these are the same, so are the documents.
        crons: By name.
        calls: Of each state the first ones, in the order of `CALL_STATES`.
    """

    tables: tuple[object, object]
    crons: list[Document]
    calls: list[Document]


_latest: WeakKeyDictionary[Engine, _Documents] = WeakKeyDictionary()
"""The newest ones of each database: most commits are not about jobs."""


def items(engine: Engine, at: int | None) -> KeyedRows:
    """Return all crons by name, then the calls that run, those to come, and those that are over, the latest first."""
    if at is None:
        known = _latest.get(engine)
        documents = engine.read(lambda ctx: _documents(ctx, known))
        _latest[engine] = documents
    else:
        documents = engine.at(at).read(lambda ctx: _documents(ctx, None))
    now_ms, is_past = engine.now_ms(), at is not None
    here = {function.path for function in engine.functions() if function.kind is not Kind.QUERY}
    crons = {
        f"cron:{each['name']}": _cron_item(engine, each, now_ms, each["function"] in here, is_past)
        for each in documents.crons
    }
    return crons | {each["_id"]: _call_item(engine, each, is_past) for each in documents.calls}


def _documents(ctx: QueryContext, known: _Documents | None) -> _Documents:
    tables = ctx.transaction.snapshot.tables
    states = tables.get(CRONS), tables.get(SCHEDULED)
    if known is not None and all(one is other for one, other in zip(known.tables, states, strict=True)):
        return known
    return _Documents(
        states, crons.documents(ctx.db.system), [each for kind in CALL_STATES for each in _calls(ctx, kind)]
    )


def _calls(ctx: QueryContext, kind: str) -> list[Document]:
    is_over = kind not in ("inProgress", "pending")
    # A database keeps the calls of a week, which may be many: of each function only those are read that may be listed.
    found = [
        document
        for name in _names(ctx, kind)
        for document in ctx.db.system.query(SCHEDULED)
        .with_index("by_function", **{"state.kind": kind, "name": name})
        .order("desc" if is_over else "asc")
        .take(MAX_CALLS)
    ]
    found.sort(key=lambda document: document["completedTime" if is_over else "scheduledTime"], reverse=is_over)
    return found[:MAX_CALLS]


def _names(ctx: QueryContext, kind: str) -> Iterator[str]:
    """Yield the functions that have calls in a state: one look into the index for each, however many calls it has."""
    query = ctx.db.system.query(SCHEDULED).with_index("by_function", **{"state.kind": kind})
    while (first := query.first()) is not None:
        name = first["name"]
        yield name
        query = ctx.db.system.query(SCHEDULED).with_index("by_function", _after(kind, name))


def _after(kind: str, name: str) -> Callable[[IndexRange], IndexRange]:
    return lambda q: q.eq("state.kind", kind).gt("name", name)


def _cron_item(engine: Engine, document: Document, now_ms: float, is_here: bool, is_past: bool) -> Row:
    status = status_of(document, now_ms, is_here=is_here)
    last = last_run(status)
    cell = is_cell(document)
    source = split_cell(document["source"])[2].strip() if cell else ""
    call = f"{document['function']}({arguments_text(document['args'])})"
    actions = [] if is_past else ["resume" if status["paused"] else "pause", "delete"]
    if not is_past and status["state"] != "elsewhere":
        actions.insert(0, "run")
    return {
        "name": document["name"],
        "kind": "cell" if cell else "cron",
        "what": next(iter(source.splitlines()), "") if cell else call,
        "source": document["source"] if cell else call,
        "place": document.get("place", ""),
        "schedule": status["schedule"],
        "state": status["state"],
        "paused": status["paused"],
        "next_ms": None if is_past else status["next"],  # what is next is so only now
        "last": last,
        "error": None if last is None else last["error"],
        "history": status["runs"],
        "progress": _progress(engine, document, is_past),
        "actions": actions,
    }


def _call_item(engine: Engine, document: Document, is_past: bool) -> Row:
    (args,) = document["args"] or [{}]
    state = document["state"]
    is_pending = state["kind"] in ("pending", "inProgress")
    return {
        "name": document["name"],
        "kind": "call",
        "what": f"{document['name']}({arguments_text(args)})",
        "source": f"{document['name']}({', '.join(f'{name}={value!r}' for name, value in args.items())})",
        "place": "",
        "schedule": "once",
        "state": CALL_STATES[state["kind"]],
        "paused": False,
        "next_ms": document["scheduledTime"] if is_pending else None,
        "last": None,
        "error": state.get("error"),
        "history": [],
        "ended_ms": document.get("completedTime"),
        "progress": _progress(engine, document, is_past),
        "actions": ["cancel"] if is_pending and not is_past else [],
    }


def _progress(engine: Engine, document: Document, is_past: bool) -> list[Any] | None:
    told = None if is_past else engine.progress_of(document["_id"])
    return None if told is None else list(told)


class JobActs:
    """Does what a page asks of a job; see `reactive_nb.notebook.page.answers.Target`."""

    def __init__(self, hub: Hub, databases: Databases) -> None:
        del hub
        self._databases = databases

    def answer(self, method: str, params: dict[str, Any]) -> Any:
        """Pause, resume, run, delete or cancel one."""
        key = params.get("key")
        engine = self._databases.get(params.get("db"))
        item = items(engine, None).get(key) if isinstance(key, str) else None
        if item is None or not isinstance(key, str):
            raise _refused(method, "there is no such job any more", "a job that is listed")
        if method not in item["actions"]:
            raise _refused(
                method, f"{item['name']} is {item['state']}", f"one of {', '.join(item['actions']) or 'none'}"
            )
        self._do(engine, method, key, item)
        return None

    @staticmethod
    def _do(engine: Engine, method: str, key: str, item: Row) -> None:
        name = str(item["name"])
        match method:
            case "pause":
                engine.crons.pause(name)
            case "resume":
                engine.crons.resume(name)
            case "run":
                engine.crons.run_now(name)
            case "delete":
                engine.crons.delete(name)
            case "cancel":
                engine.scheduler.cancel(key)


def _refused(method: str, thing: str, expected: str) -> ReactiveError:
    return ReactiveError(
        f"Cannot {method} a job",
        thing=thing,
        expected=expected,
        hint="Look at the list, which has just been brought up to date",
    )
