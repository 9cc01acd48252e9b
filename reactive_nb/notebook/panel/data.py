"""The data browsers' kernel side: what a page asks of the documents of a table, and what it is answered.

    open    {"db", "table", "index", "order", "equal" {field: raw}, "from" raw, "to" raw, "offset", "limit", "at"}
            → {"view", "total", "offset", "table", "index", "indexes", "inputs", "is_editable", "insert"}: the views of
            a page of documents and of their number; the position of the first; the fields of the index as inputs; and
            the inputs of a new document, or null where none can be made
    close   {"views"}                                  → {}: nobody looks at these any more
    find    as open, and "id"                          → {"table", "offset"}: where a document is; offset is null when
            it is not in that part of the table
    pick    {"db", "table", "text"}                    → {"options", "more"}: documents to choose from, for an id
    insert  {"db", "table", "values" {name: raw}}      → {"id", "ts", "undo"}
    delete  {"db", "table", "ids"}                     → {"count", "ts", "undo"}
    undo    {"db", "table", "ts", "redo"}              → {"ts", "undo"}: takes back what that commit changed
    history {"db", "id", "at"}                         → see history.py

`undo` says whether the commit can be undone in turn. The views answer what tables do (widget/table_answers.py); an edit
is answered with `undo` too. Nothing is written at an earlier commit, or in the engine's own tables.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from typing import Any, Final

from reactive_nb.documents.document import CREATION_TIME, ID
from reactive_nb.engine.engine import Engine
from reactive_nb.errors import DocumentNotFound, ReactiveError
from reactive_nb.functions.context import MutationContext, QueryContext
from reactive_nb.notebook.page.hub import Hub
from reactive_nb.notebook.page.view import RowsView
from reactive_nb.notebook.panel.browsed import Documents, Moment
from reactive_nb.notebook.panel.changes import Changes
from reactive_nb.notebook.panel.document_edits import DocumentEdits
from reactive_nb.notebook.panel.history import history, place_of
from reactive_nb.notebook.panel.lists import at_of
from reactive_nb.notebook.panel.panel import Databases
from reactive_nb.notebook.panel.part import (
    Part,
    declaration,
    fields_json,
    indexes_of,
    inputs_of,
    part_of,
)
from reactive_nb.notebook.widget.fields import value_of
from reactive_nb.notebook.widget.submission import documents_like
from reactive_nb.notebook.widget.table_answers import TableAnswers
from reactive_nb.schema.declaration import Table
from reactive_nb.values.validators import ObjectValidator, Validator, v
from reactive_nb.values.value import UNSET

MAX_LIMIT: Final = 1000
"""The most documents of one page: a live table is told no more at once."""
DOCUMENT: Final = "document"
"""The one input of a document without declared fields."""


class BrowserTable:
    """Answers what a page asks of one page of documents; held by its result.

    Args:
        engine: The database.
        view: What the page shows.
        answers: Answers.
        changes: Knows what can be undone.
    """

    def __init__(self, engine: Engine, view: RowsView, answers: TableAnswers, changes: Changes) -> None:
        self._engine = engine
        self._view = view
        self._answers = answers
        self._changes = changes

    def answer(self, method: str, params: dict[str, Any]) -> Any:
        """Do what a page asks; see `reactive_nb.notebook.page.answers.Target`."""
        answer = self._answers.answer(self._view, method, params)
        if method == "edit":
            return {**answer, "undo": self._changes.knows(self._engine, answer["ts"])}
        return answer


class Data:
    """The panel's area `data`; see the module. Every method may be called from any thread.

    Args:
        hub: Shows what is opened.
        databases: The databases that are open.
    """

    def __init__(self, hub: Hub, databases: Databases) -> None:
        self._hub = hub
        self._databases = databases
        self._changes = Changes()
        # By view, for `close`; each is held by the hub, for as long as a page shows it.
        self._results: weakref.WeakValueDictionary[str, Documents] = weakref.WeakValueDictionary()

    def answer(self, method: str, params: dict[str, Any]) -> Any:
        """Do what a page asks; see `reactive_nb.notebook.page.answers.Target`."""
        match method, params:
            case "close", {"views": list(views)}:
                return self._close(views)
            case "open", {"table": str()}:
                return self._open(self._moment(params), params)
            case "find", {"id": str(id)}:
                return self._find(self._moment(params), params, id)
            case "pick", {"table": str(table), "text": str(text)}:
                return documents_like(self._moment(params).engine, table, text)
            case "history", {"id": str(id)}:
                return history(self._moment(params).engine, id, at_of(params))
            case "insert", {"table": str(table), "values": dict(values)}:
                return self._insert(self._moment(params).engine, table, values)
            case "delete", {"table": str(table), "ids": list(ids)}:
                return self._delete(self._moment(params).engine, table, ids)
            case "undo", {"table": str(table), "ts": int(ts)}:
                return self._undo(self._moment(params).engine, table, "redo" if params.get("redo") else "undo", ts)
        raise ReactiveError(
            f"Cannot {method} in a data browser",
            thing="the page asked for something that data browsers do not do, or did not say of what",
            expected="open, close, find, pick, insert, delete, undo or history",
            hint="Load the page again: it may be of another version than the kernel",
        )

    def _moment(self, params: Mapping[str, Any]) -> Moment:
        return Moment(self._databases.get(params.get("db")), at_of(params))

    # ------------------------------------------------------------------ looking

    def _open(self, moment: Moment, params: Mapping[str, Any]) -> dict[str, Any]:
        limit = min(MAX_LIMIT, max(1, _whole(params.get("limit"), 100)))

        def look(ctx: QueryContext) -> tuple[Part, Table, dict[str, Validator], int]:
            part = part_of(ctx, params)
            return part, declaration(ctx, part.table), inputs_of(ctx, part.table, part.index), part.count(ctx)

        part, table, inputs, count = moment.read(look)
        is_editable = moment.at is None and not part.table.startswith("_")
        # A page that is not there any more, as after deletions, is the last one that is.
        last = (max(0, count - 1) // limit) * limit
        offset = min(max(0, _whole(params.get("offset"), 0)), last)
        rows, total = moment.result(part, offset, limit), moment.result(part, None)
        view = self._open_rows(moment.engine, rows, part.table, table, is_editable)
        total_view = self._hub.open_rows(total)
        self._results[view.id], self._results[total_view.id] = rows, total
        return {
            "view": view.id,
            "total": total_view.id,
            "offset": offset,
            "table": part.table,
            "index": part.index,
            "indexes": indexes_of(table),
            "inputs": fields_json(inputs),
            "is_editable": is_editable,
            "insert": fields_json(_new_fields(table)) if is_editable else None,
        }

    def _open_rows(self, engine: Engine, rows: Documents, name: str, table: Table, is_editable: bool) -> RowsView:
        names = table.field_names()
        columns = None if names is None else [*names, CREATION_TIME, ID]
        edits = None
        if is_editable:
            result = weakref.ref(rows)  # which holds the edits
            edits = DocumentEdits(engine, name, lambda: getattr(result(), "value", None) or (), self._changes)
        view = self._hub.open_rows(rows, True, columns, inputs=None if edits is None else edits.inputs)
        rows.target = BrowserTable(engine, view, TableAnswers(self._hub, edits), self._changes)
        self._hub.answer_for(view, rows.target)
        return view

    def _close(self, views: list[Any]) -> dict[str, Any]:
        for result in [self._results.get(view) for view in views]:
            if result is not None:
                result.close()
        return {}

    def _find(self, moment: Moment, params: Mapping[str, Any], id: str) -> dict[str, Any]:
        def look(ctx: QueryContext) -> tuple[str | None, int | None]:
            table = place_of(ctx, id)
            if table is None:
                return None, None
            # In another table than the page shows, it is looked for in the order in which one begins.
            part = part_of(ctx, params) if params.get("table") == table else Part(table)
            return table, part.place_of(ctx, id)

        table, offset = moment.read(look)
        if table is None:
            raise DocumentNotFound(
                "Cannot go to a document",
                thing=f"there is none with the id {id!r}",
                expected="the id of a document that is there",
                hint="It may have been deleted; its history tells",
                id=id,
            )
        return {"table": table, "offset": offset}

    # ------------------------------------------------------------------ writing

    def _insert(self, engine: Engine, table: str, raws: Mapping[str, Any]) -> dict[str, Any]:
        what = f"Cannot insert into {table}"
        fields = engine.read(lambda ctx: _new_fields(declaration(ctx, table)))
        missing = {"missing": True}
        values = {name: value_of(each, raws.get(name, missing), what, f"$.{name}") for name, each in fields.items()}
        given = {name: value for name, value in values.items() if value is not UNSET}
        document = given[DOCUMENT] if fields is _ANY_DOCUMENT else given
        return self._write(engine, table, "insert", lambda ctx: {"id": ctx.db.insert(table, document)})

    def _delete(self, engine: Engine, table: str, ids: list[Any]) -> dict[str, Any]:
        def delete(ctx: MutationContext) -> dict[str, Any]:
            wanted = list(dict.fromkeys(ids))
            for id in wanted:
                ctx.db.delete(table, id)
            return {"count": len(wanted)}

        return self._write(engine, table, "delete", delete)

    def _write(
        self, engine: Engine, table: str, name: str, body: Callable[[MutationContext], dict[str, Any]]
    ) -> dict[str, Any]:
        result, ts = self._changes.make(engine, _origin(table), name, body)
        return {**result, "ts": ts, "undo": self._changes.knows(engine, ts)}

    def _undo(self, engine: Engine, table: str, name: str, ts: int) -> dict[str, Any]:
        done = self._changes.undo(engine, _origin(table), name, ts)
        return {"ts": done, "undo": self._changes.knows(engine, done)}


def _origin(table: str) -> str:
    return f"the data browser of {table}"


_ANY_DOCUMENT: Final = {DOCUMENT: v.any()}


def _new_fields(table: Table) -> dict[str, Validator]:
    """Return what is asked for a new document: each declared field, or the whole as JSON."""
    document = table.document
    return dict(document.fields) if isinstance(document, ObjectValidator) else _ANY_DOCUMENT


def _whole(number: Any, otherwise: int) -> int:
    return number if type(number) is int else otherwise
