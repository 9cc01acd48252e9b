"""The panel's list of functions, and the runner behind its form.

An open database comes in, an item for each function goes out. What a page asks of one, which it names by `db` and `path`:

    form     {}                                → {"spec"}: what its form shows (widget/form.py)
    submit   {"values": {name: raw}}           → {"result": cell, "ts": commit}: it has run, once
    pick     {"field", "text"}                 → {"options", "more"}: documents to choose from, for an id
    run      {"values", "at", "instead"}       → {"view", "snapshot", "ts"}: a query's result as rows, which stays true
                                                 from now on; with `at` as of that commit. `instead` names the view of
                                                 the run that it takes the place of
    stop     {"view"}                          → {}: nobody looks at that result any more

Nothing but a query runs at an earlier commit. A result ends too when no page shows it any more (page/lifetimes.py).
"""

from __future__ import annotations

import weakref
from collections import Counter
from collections.abc import Mapping
from typing import Any

from reactive_nb.engine.engine import Engine
from reactive_nb.errors import ArgumentValidationError, FunctionKindError, ReactiveError
from reactive_nb.functions.function import Function, Kind
from reactive_nb.notebook.cell.plan import PREFIX
from reactive_nb.notebook.live import Live
from reactive_nb.notebook.page.hub import Hub
from reactive_nb.notebook.page.view import RowsView
from reactive_nb.notebook.panel.fixed import FixedResult
from reactive_nb.notebook.panel.lists import at_of
from reactive_nb.notebook.panel.panel import Databases
from reactive_nb.notebook.result.shape import KeyedRows
from reactive_nb.notebook.widget.form import form_parts
from reactive_nb.notebook.widget.submission import Submission
from reactive_nb.notebook.widget.table_answers import TableAnswers
from reactive_nb.values.refusal import show

Item = dict[str, Any]

_items: weakref.WeakKeyDictionary[Function, Item] = weakref.WeakKeyDictionary()
"""What is said of each function, which never changes: one that is defined again is another one."""


def items(engine: Engine, at: int | None) -> KeyedRows:
    """Return an item for each function, by path; those of cells are among the jobs.

    Args:
        engine: The database.
        at: Taken for the same as now: functions are of the notebook, and no commit has them.
    """
    del at
    runs = Counter(live.path for live in engine.lives())
    functions = [each for each in engine.functions() if not each.path.startswith(PREFIX)]
    return {
        each.path: {**_item(each), "runs_live": runs[each.path]}
        for each in sorted(functions, key=lambda function: function.path)
    }


def _item(function: Function) -> Item:
    item = _items.get(function)
    if item is None:
        place = function.place
        item = _items[function] = {
            "path": function.path,
            "kind": str(function.kind),
            "internal": function.internal,
            "args": [
                {"name": name, "type": validator.describe(), "optional": validator.optional}
                for name, validator in function.args.items()
            ],
            "takes_any": function.takes_any,
            "doc": (function.__doc__ or "").strip().partition("\n")[0],
            "place": place.words,
            "cell": place.cell,
            "file": place.file,
            "line": place.line,
        }
    return item


class QueryRun(Live):
    """A query that the panel runs; people do not know it as a live result.

    Attributes:
        target: Answers what pages ask of its view; held here, because the hub holds it weakly.
    """

    is_live_result = False
    target: object = None


class FunctionsArea:
    """Runs functions for a page; see the module.

    Args:
        hub: Shows the results of queries.
        databases: The databases that are open.
    """

    def __init__(self, hub: Hub, databases: Databases) -> None:
        self._hub = hub
        self._databases = databases
        self._runs: weakref.WeakValueDictionary[str, QueryRun] = weakref.WeakValueDictionary()  # by view

    def answer(self, method: str, params: dict[str, Any]) -> Any:
        """Do what a page asks."""
        if method == "stop":
            self._stop(params.get("view"))
            return {}
        engine = self._databases.get(params.get("db"))
        function = engine.find(str(params.get("path")))
        match method, params:
            case "form", _:
                return {"spec": _form(engine, function)[1]}
            case "pick", {"field": str(), "text": str()}:
                return _form(engine, function)[0].answer(method, params)
            case "submit", {"values": dict()}:
                if (at := at_of(params)) is not None:
                    raise _only_reads(function, at)
                return _form(engine, function)[0].answer(method, params)
            case "run", {"values": dict(values)}:
                return self._run(engine, function, values, params)
        raise ReactiveError(
            f"Cannot do {show(method)} with {function.path}",
            thing="the panel asked for something that it does not do, or not with what",
            expected="form, submit, pick, run or stop",
            hint="Load the page again: it may be of another version than the kernel",
        )

    def _run(self, engine: Engine, function: Function, values: Mapping[str, Any], params: Mapping[str, Any]) -> Item:
        at = at_of(params)
        if function.kind is not Kind.QUERY:
            raise _only_reads(function, at)
        args = _form(engine, function)[0].given(values)
        result = QueryRun(engine, function, args) if at is None else _past(engine, function, args, at)
        view = self._hub.open_rows(result)
        result.target = _Rows(view, TableAnswers(self._hub))
        self._hub.answer_for(view, result.target)
        if isinstance(result, QueryRun):
            self._runs[view.id] = result
        self._stop(params.get("instead"))
        return {"view": view.id, "snapshot": self._hub.snapshot(view), "ts": result.ts}

    def _stop(self, view: object) -> None:
        run = self._runs.pop(view, None) if isinstance(view, str) else None
        if run is not None:
            run.close()


class _Rows:
    """Answers what a page asks of one view of a result."""

    def __init__(self, view: RowsView, answers: TableAnswers) -> None:
        self._view = view
        self._answers = answers

    def answer(self, method: str, params: dict[str, Any]) -> Any:
        """Do what a page asks; see `reactive_nb.notebook.page.answers.Target`."""
        return self._answers.answer(self._view, method, params)


def _form(engine: Engine, function: Function) -> tuple[Submission, Item]:
    """Return what submits a function, and what its form shows."""
    return form_parts(engine, function, {})


def _past(engine: Engine, function: Function, args: dict[str, Any], at: int) -> FixedResult:
    past = engine.at(at)
    try:
        value, error = past.run(function, **args), None
    except ArgumentValidationError:  # said beside the input
        raise
    except Exception as raised:  # noqa: BLE001 - of the query, and shown in place of its rows
        value, error = None, raised
    return FixedResult(engine, function.path, args, value, error, past.ts)


def _only_reads(function: Function, at: int | None) -> FunctionKindError:
    when = "as a query" if at is None else f"at commit {at}"
    return FunctionKindError(
        f"Cannot run {function.path} {when}",
        thing=f"it is {function.kind.with_article}",
        expected="a query",
        hint="Run it with submit" if at is None else "The past can only be read; go back to now to run it",
    )
