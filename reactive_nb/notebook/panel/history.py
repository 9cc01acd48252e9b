"""The history of one document: its versions among the commits that are kept, newest first, with what each changed.

An id comes in, also of a document that was deleted; JSON goes out, its values as cells (result/encoding.py).
"""

from __future__ import annotations

from typing import Any

from reactive_nb.documents.document import decode_document
from reactive_nb.documents.snapshot import Change
from reactive_nb.engine.engine import Engine
from reactive_nb.errors import DocumentNotFound
from reactive_nb.notebook.result.encoding import encode_cell
from reactive_nb.notebook.result.rows import same
from reactive_nb.transaction.commit import Commit


def history(engine: Engine, id: str, at: int | None) -> dict[str, Any]:
    """Return the versions of a document.

    Args:
        engine: The database.
        id: The document.
        at: The last commit to be looked at; None is the newest.

    Returns:
        `table`; `versions`, each with `ts`, `time_ms`, `function`, `origin`, `change` (inserted, changed, deleted) and
        `fields`: what it changed, each with `field` and, where there was one, `before` and `after`; `oldest`, the commit
        before which nothing is known; and `is_whole`: whether the first version is the insertion.

    Raises:
        DocumentNotFound: No document and no kept commit has the id.
    """
    newest = engine.ts if at is None else at
    found = [
        (commit, change)
        for commit in engine.commits(max(0, engine.ts - engine.oldest))
        if commit.ts <= newest
        for change in commit.changes
        if change.id == id
    ]
    table = found[-1][1].table if found else _table_of(engine, id, at)
    if table is None:
        raise DocumentNotFound(
            "Cannot show the history of a document",
            thing=f"there is no document {id!r}, and no commit since {engine.oldest} has changed one",
            expected="the id of a document, or of one that was deleted lately",
            hint="Copy an id from a table; older commits are not kept",
            id=id,
        )
    return {
        "id": id,
        "table": table,
        "versions": [_version(commit, change) for commit, change in reversed(found)],
        "oldest": engine.oldest,
        "is_whole": bool(found) and found[0][1].old is None,
    }


def _table_of(engine: Engine, id: str, at: int | None) -> str | None:
    moment = engine if at is None else engine.at(at)
    return moment.read(lambda ctx: place_of(ctx, id))


def place_of(ctx: Any, id: str) -> str | None:
    """Return the table of a document that is there, or None.

    Raises:
        InvalidId: It is no id at all.
    """
    tx = ctx.transaction
    state = tx.table_of(id)
    return None if state is None or tx.get(state, id) is None else str(state.name)


def _version(commit: Commit, change: Change) -> dict[str, Any]:
    old = {} if change.old is None else decode_document(change.old)
    new = {} if change.new is None else decode_document(change.new)
    fields = []
    for name in dict.fromkeys((*new, *old)):
        if name.startswith("_"):
            continue
        cells = {end: encode_cell(each[name]) for end, each in (("before", old), ("after", new)) if name in each}
        if len(cells) < 2 or old[name] != new[name] or not same(cells["before"], cells["after"]):
            fields.append({"field": name, **cells})
    return {
        "ts": commit.ts,
        "time_ms": commit.time_ms,
        "function": commit.function,
        "origin": commit.origin,
        "change": "inserted" if change.old is None else "deleted" if change.new is None else "changed",
        "fields": fields,
    }
