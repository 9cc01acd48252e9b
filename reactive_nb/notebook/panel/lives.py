"""The panel's list of live results: what each is, how it is with it, why it last ran, what it has read.

An open database comes in, items go out, as they are now or as they were at a commit; and on a page's word a result is
paused, resumed or stopped. A thousand of them are looked at several times each second: an item is made anew only when
something that it says may have changed, and whole sentences are left to `history`, which a page asks for one of them.
"""

from __future__ import annotations

import sys
import weakref
from typing import Any

from reactive_nb.documents.snapshot import Snapshot
from reactive_nb.engine.engine import Engine
from reactive_nb.errors import ReactiveError
from reactive_nb.notebook.live import Live
from reactive_nb.notebook.page.answers import error_json
from reactive_nb.notebook.page.hub import Hub
from reactive_nb.notebook.page.view import title_of
from reactive_nb.notebook.panel.panel import Databases
from reactive_nb.notebook.result.shape import KeyedRows
from reactive_nb.notebook.teach.reads import read_words
from reactive_nb.notebook.teach.words import snapshot_of
from reactive_nb.subscriptions.subscription import Run
from reactive_nb.values.refusal import show

MAX_READS = 30
"""How many ranges and searches are told of each; a query may have read thousands."""

Item = dict[str, Any]

_looks: weakref.WeakKeyDictionary[Live, _Look] = weakref.WeakKeyDictionary()
"""The last look at each live result."""


def items(engine: Engine, at: int | None) -> KeyedRows:
    """Return an item for each live result that is open, oldest first; with their runs up to commit `at`, if given."""
    names = _names()
    snapshots = _Snapshots(engine)
    lives = sorted(engine.lives(), key=lambda live: live.number)
    if at is None:
        return {key_of(live): _item(live, names, snapshots) for live in lives}
    found = ((live, _item_at(live, at, names, snapshots)) for live in lives)
    return {key_of(live): item for live, item in found if item is not None}


def key_of(live: Live) -> str:
    """Return the key of a live result's item."""
    return f"l{live.number}"


class LivesArea:
    """Answers what a page asks about live results; each request names the database and the result's key.

        pause, resume, stop    → {"item": what it is now, or null}
        history                → {"runs": [{"ts", "ms", "why", "changed", "error"}, newest first]}

    Args:
        hub: Not needed here.
        databases: The databases that are open.
    """

    def __init__(self, hub: Hub, databases: Databases) -> None:
        del hub
        self._databases = databases

    def answer(self, method: str, params: dict[str, Any]) -> Any:
        """Do what a page asks."""
        engine = self._databases.get(params.get("db"))
        live = self._find(engine, params.get("key"))
        match method:
            case "pause":
                live.pause()
            case "resume":
                live.resume()
            case "stop":
                live.close()
            case "history":
                return {"runs": [_run(each) for each in reversed(live.history)]}
            case _:
                raise ReactiveError(
                    f"Cannot do {show(method)} with a live result",
                    thing="there is nothing of this name",
                    expected="pause, resume, stop or history",
                    hint="Load the page again: it may be of another version than the kernel",
                )
        return {"item": items(engine, None).get(key_of(live))}

    def _find(self, engine: Engine, key: object) -> Live:
        for live in engine.lives():
            if key_of(live) == key:
                return live  # type: ignore[no-any-return]
        raise ReactiveError(
            "Cannot find the live result",
            thing="it has ended",
            expected="one that is open",
            hint="Choose another one of the list",
        )


# ---------------------------------------------------------------------- items


class _Snapshots:
    """The newest snapshot of an engine, taken when somebody needs it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._taken: Snapshot | None = None

    def newest(self) -> Snapshot:
        if self._taken is None:
            self._taken = snapshot_of(self._engine)
        return self._taken


class _Look:
    """What was seen of a live result, and the item that was made of it.

    Attributes:
        run: Its last run.
        state: In the words of the panel.
        error: Why it failed.
        args: Its arguments.
        names: The variables that hold it.
        reads: What it had read, as the manager keeps that.
        item: What the panel says of all this.
    """

    __slots__ = ("args", "error", "item", "names", "reads", "run", "state")

    def __init__(self, live: Live, names: list[str]) -> None:
        subscription, state = live.subscription, live.state
        self.run = live.last_run
        self.state = state if state != "fresh" else "stale" if live.is_stale else "live"
        self.error = live.error
        self.args = live.args
        self.names = names
        self.reads = None if subscription is None else (subscription.intervals, subscription.searches)
        self.item: Item = {}

    def is_like(self, other: _Look) -> bool:
        """Whether the same would be said of both."""
        return (
            self.run is other.run
            and self.state == other.state
            and self.error is other.error
            and self.args is other.args
            and self.names == other.names
        )


def _item(live: Live, names: dict[int, list[str]], snapshots: _Snapshots) -> Item:
    look, before = _Look(live, names.get(id(live), [])), _looks.get(live)
    if before is not None and look.is_like(before):
        return before.item
    item = look.item = {
        "call": before.item["call"] if before is not None and look.args is before.args else title_of(live),
        "path": live.path,
        "names": look.names,
        "state": look.state,
        "paused": live.paused,
        "runs": live.runs,
        "error": None if look.error is None else error_json(look.error),
        **_told(look.run),
    }
    if before is not None and look.reads == before.reads:  # as after most runs; words take longer than all the rest
        item["reads"], item["more_reads"] = before.item["reads"], before.item["more_reads"]
    else:
        item["reads"], item["more_reads"] = _words(live, snapshots)
    if live.paused:
        item["ts"] = live.ts  # what it shows, which may be a later commit than that of its last run
    _looks[live] = look
    return item


def _words(live: Live, snapshots: _Snapshots) -> tuple[list[str], int]:
    subscription = live.subscription
    return ([], 0) if subscription is None else read_words(subscription, snapshots.newest(), MAX_READS)


def _item_at(live: Live, at: int, names: dict[int, list[str]], snapshots: _Snapshots) -> Item | None:
    """Return how it was with a live result at a commit; None when it had not run yet."""
    history = live.history
    runs = [run for run in history if run.ts <= at]
    later = len(history) - len(runs)
    if not runs and live.runs == later:
        return None
    run = runs[-1] if runs else None
    words, more = ([], 0) if later else _words(live, snapshots)
    error = None if run is None or run.error is None else error_json(run.error)
    return {
        "call": title_of(live),
        "path": live.path,
        "names": names.get(id(live), []),
        "state": "unknown" if run is None else "live" if error is None else "failed",
        "paused": False,
        "runs": live.runs - later,
        "error": error,
        "reads": None if later else words,  # only those of the last run are kept
        "more_reads": more,
        **_told(run),
    }


def _told(run: Run | None) -> Item:
    """Return what is said of a run."""
    if run is None:
        return {"last_ms": None, "ts": None, "cause": None}
    return {"last_ms": round(run.duration_ms, 3), "ts": run.ts, "cause": _cause(run)}


def _cause(run: Run) -> str:
    """Return why a run happened in a few words; `Run.why` has the sentence."""
    if run.first:
        return "first run"
    return "defined again" if run.commit is None else f"{run.commit.function} (commit {run.commit.ts})"


def _run(run: Run) -> Item:
    """Return a run for the list of the latest ones."""
    error = None if run.error is None else error_json(run.error)
    return {"ts": run.ts, "ms": round(run.duration_ms, 3), "why": run.why(), "changed": run.changed, "error": error}


def _names() -> dict[int, list[str]]:
    """Return the variables that hold live results, by the `id()` of the result, without IPython's own."""
    shells = sys.modules.get("IPython.core.getipython")
    shell: Any = None if shells is None else shells.get_ipython()
    names: dict[int, list[str]] = {}
    # As a list, in one step: a cell may add a variable meanwhile.
    for name, value in [] if shell is None else list(shell.user_ns.items()):
        if isinstance(value, Live) and not name.startswith("_"):
            names.setdefault(id(value), []).append(name)
    return names
