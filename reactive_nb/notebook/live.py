"""A live result: a query's result as traits, kept true, shown as a table that changes by itself.

Comes in: a query call, whose arguments may be widgets. Goes out: the trait `value`, for `observe`, `link` and `dlink`,
and a view in a cell. All live results of a database move to the next commit together.
"""

from __future__ import annotations

import itertools
import logging
import threading
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any

import traitlets

from reactive_nb.engine.engine import Engine
from reactive_nb.engine.refresher import Hold
from reactive_nb.errors import QueryUsageError, ReactiveError
from reactive_nb.functions.function import Function
from reactive_nb.notebook.arguments import watch_arguments
from reactive_nb.subscriptions.subscription import Key, Run, State, Subscription, args_of
from reactive_nb.transaction.commit import Commit
from reactive_nb.values.refusal import show

if TYPE_CHECKING:
    import pandas as pd

    from reactive_nb.notebook.teach.card import Why
    from reactive_nb.notebook.widget.content import ContentWidget
    from reactive_nb.notebook.widget.edit import Edits
    from reactive_nb.notebook.widget.table import LiveTable

logger = logging.getLogger("reactive_nb")


@dataclass(frozen=True, slots=True)
class _Guarded:
    """An observer whose failure is its own; equal to another of the same handler, so that it can be found again."""

    handler: Callable[[Any], Any]

    def __call__(self, change: Any) -> None:
        try:
            self.handler(change)
        except Exception:
            logger.exception("A listener of reactive_nb failed: %r", change["owner"])


class _Result(traitlets.Any):
    """A trait that changes when it is another object.

    The engine has compared results already, and more exactly: to Python 1, 1.0 and True are equal.
    """

    def set(self, obj: Any, value: Any) -> None:
        """Set it, and tell the observers."""
        before = obj._trait_values.get(self.name, self.default_value)
        obj._trait_values[self.name] = value
        if before is not value:
            obj._notify_trait(self.name, before, value)


@dataclass(frozen=True, slots=True)
class _Pause:
    """What a live result tells of itself while it is paused; others may keep the same call true meanwhile."""

    ts: int
    runs: int
    history: Sequence[Run]


_numbers = itertools.count(1)


class Live(traitlets.HasTraits):
    """A query's result that stays true; made by `query.live(...)`.

    Displayed at the end of a cell it is a table. Dropping the last reference to it, or `close`, ends it; a page that
    shows it counts as a reference until half a minute after it shows it no more. An observer that raises is logged and
    keeps nobody else from hearing.

    Attributes:
        value: What the query returned; None before its first run and after it raised. Not to be changed in place.
        error: What the query raised at its last run, or None. Or why a widget's value cannot be an argument, until the
            widget has another; `value` and `args` are those from before, and stay true, meanwhile.
        state: `"loading"`, `"fresh"`, `"failed"`, `"paused"` or `"closed"`.
        path: The query's path.
        args: The arguments that `value` belongs to.
        number: Tells it from the others of this process; a later one has a larger number.

    Example:
        >>> board = departures.live(origin=dropdown)
        >>> board.observe(lambda change: print(len(change["new"])), "value")
    """

    is_live_result = True

    value = _Result(read_only=True)
    error = traitlets.Any(read_only=True)
    state = traitlets.Unicode("loading", read_only=True)

    def __init__(self, engine: Engine, function: Function, args: dict[str, Any]) -> None:
        super().__init__()
        self.engine = engine
        self.path = function.path
        self._function = function
        # Weakly, for a widget lives longer than what shows its choice: a cell that runs again drops its live result.
        move = weakref.WeakMethod(self._move)

        def moved(values: dict[str, Any]) -> None:
            if (still_there := move()) is not None:
                still_there(values)

        self.args, unwatch = watch_arguments(args, moved)
        self._unwatch = weakref.finalize(self, unwatch)
        self._unwatch.atexit = False
        self._quiet: Any = None
        self._key: Key | None = None  # the call whose arguments `args` are
        self._refused: ReactiveError | None = None
        self.number = next(_numbers)
        self._pausing = threading.Lock()  # a page and a cell may pause and resume at once
        self._pause: _Pause | None = None
        self._closed = False
        self._closed_ts: int | None = None
        self._hold: Hold | None = None
        try:
            self._hold = engine.hold(function, self.args, self)
        except BaseException:
            self._unwatch()
            raise

    # ------------------------------------------------------------------ news, on the engine's thread

    def take_news(self, subscription: Subscription) -> None:
        """Take over the result and keep quiet about it; called by the engine."""
        if self._closed:
            return
        self._quiet = self.hold_trait_notifications()
        self._quiet.__enter__()
        if subscription.key is not self._key:
            self._key = subscription.key
            self.args = self.args | args_of(subscription.key)  # in the order in which they were written
        self.set_trait("value", subscription.result)
        if subscription.error is not None or self._refused is not None or self.state != "fresh":
            self._show_outcome(subscription.error)

    def _show_outcome(self, error: BaseException | None) -> None:
        """Set error and state. What another thread notes meanwhile, a refused value or the end, has the last word."""
        self.set_trait("error", error if self._refused is None else self._refused)
        self._show_state()
        if self._refused is not None and self.error is not self._refused:
            self._show_outcome(error)

    def _show_state(self) -> None:
        """Set the state, until it is what another thread has made of it by then."""
        while self.state != (state := self._state_now()):
            self.set_trait("state", state)

    def _state_now(self) -> str:
        if self._closed:
            return "closed"
        if self._pause is not None:
            return "paused"
        if self._key is None and self.error is None:
            return "loading"
        return "fresh" if self.error is None else "failed"

    def announce(self) -> None:
        """Tell the observers; called by the engine when every live result has its news."""
        quiet, self._quiet = self._quiet, None
        if quiet is not None:
            quiet.__exit__(None, None, None)
            if self._closed or self._pause is not None:
                self._show_state()  # of another thread meanwhile: to end the quiet is to set every trait once more

    def _move(self, args: dict[str, Any]) -> None:
        """Ask for the result of other arguments; called on the thread that changed a widget."""
        hold = self._hold
        if hold is None or hold.closed:
            return
        self._refused = None  # before the move, whose news may come at once
        try:
            self.engine.move(hold, self._function, args)
        except ReactiveError as error:
            # Shown where the result is shown: an exception here would end in a log that nobody looks at.
            self._refused = error
            self._show_outcome(error)

    # ------------------------------------------------------------------ looking at it

    def table(
        self,
        columns: Sequence[str] | None = None,
        *,
        key: str = "_id",
        editable: Sequence[str] = (),
        on_edit: Function | None = None,
    ) -> LiveTable:
        """Return a table of it, to be put into a layout such as `ipywidgets.HBox`.

        The table ends with the live result, so keep that for as long as the layout may be displayed again.

        Args:
            columns: The columns to show, in this order; all by default.
            key: The column whose values name the rows, where each row has one of its own; `_id` where it is editable.
            editable: The columns whose cells can be edited.
            on_edit: The mutation that an edit runs, with three arguments: the row's id, the column, the new value.
                What it refuses goes back, with the reason beside the cell.

        Raises:
            FunctionKindError: `on_edit` is not a mutation with three arguments.
            ArgumentValidationError: A column cannot be edited.
            QueryUsageError: `columns` or `editable` is a string; one of `editable` and `on_edit` is missing; or the rows
                of an editable table are named by another key.

        Example:
            >>> board.table(columns=["flight", "dep_delay"], editable=["dep_delay"], on_edit=set_delay)
        """
        from reactive_nb.notebook.widget.table import open_table, table_of

        for name, names in (("columns", columns), ("editable", editable)):
            if isinstance(names, str):
                raise QueryUsageError(
                    f"Cannot make a table of {self.path}",
                    thing=f"{name} is the string {names!r}",
                    expected="a list of the names of columns",
                    hint=f"Write {name}=[{names!r}]",
                )
        if columns is None and key == "_id" and not editable and on_edit is None:
            return table_of(self)
        return open_table(self, columns, key, self._edits(key, editable, on_edit))

    def _edits(self, key: str, editable: Sequence[str], on_edit: Function | None) -> Edits | None:
        from reactive_nb.notebook.widget.edit import Edits

        if not editable and on_edit is None:
            return None
        what = f"Cannot make a table of {self.path} editable"
        if on_edit is None or not editable:
            raise QueryUsageError(
                what,
                thing=f"{'on_edit' if on_edit is None else 'editable'} is missing",
                expected="both the columns and the mutation that changes one of their cells",
                hint="Write table(editable=[...], on_edit=mutation)",
            )
        if key != "_id":
            raise QueryUsageError(
                what,
                thing=f"its rows are named by {key!r}",
                expected="rows that are named by their document's _id, which is what on_edit is called with",
                hint="Leave key out, or editable and on_edit",
            )
        return Edits(self.engine, editable, on_edit)

    def view(self, function: Callable[[Any], Any]) -> ContentWidget:
        """Return a widget that shows what `function` makes of the value, in the same frame as the tables beside it.

        Args:
            function: Called with the value. A string it returns is shown as text, an `rnb.HTML` as HTML, anything else
                as a cell would show it. When it raises, the page shows why, above the last good view.

        Example:
            >>> board.view(lambda rows: rnb.HTML(f"<b>{len(rows)}</b> flights"))
        """
        from reactive_nb.notebook.widget.drawn import open_view

        self._require_function("view", function)
        return open_view(self, function)

    def plot(self, function: Callable[[pd.DataFrame], Any]) -> ContentWidget:
        """Return a widget that shows what `function` draws of the value as a data frame.

        It is drawn on the main thread, now and between cells; while it is older than the tables beside it, it says so.

        Args:
            function: Called with `live.df`'s frame; returns a figure or axes of matplotlib, a figure of Altair or Plotly
                or anything else that a cell would show, or has drawn with pyplot.

        Example:
            >>> board.plot(lambda df: df.plot.hist("dep_delay"))
        """
        from reactive_nb.notebook.turns import turns
        from reactive_nb.notebook.widget.drawn import open_plot

        self._require_function("plot", function)
        return open_plot(self, function, self._frame_of, turns().soon)

    def _require_function(self, kind: str, function: object) -> None:
        if not callable(function):
            raise QueryUsageError(
                f"Cannot make a {kind} of {self.path}",
                thing=f"{show(function)} was given",
                expected="a function of the value" if kind == "view" else "a function of a data frame",
                hint=f"Write live.{kind}(lambda {'value' if kind == 'view' else 'df'}: ...)",
            )

    @property
    def df(self) -> pd.DataFrame:
        """The value as a pandas data frame: a row per item of a list, one row for a document, a frame as it is.

        Raises:
            QueryUsageError: The value is neither.
        """
        return self._frame_of(self.value)

    def _frame_of(self, value: Any) -> pd.DataFrame:
        import pandas as pd

        if isinstance(value, pd.DataFrame):
            return value
        if not isinstance(value, (list, dict)):
            raise QueryUsageError(
                f"Cannot make a data frame of {self.path}",
                thing=f"its value is {value!r:.60} ({type(value).__name__})",
                expected="a list, or a document",
                hint="Use live.value" if self.error is None else "See live.error for why there is no value",
            )
        return pd.DataFrame(value if isinstance(value, list) else [value])

    @property
    def ts(self) -> int:
        """The commit it is true for; the same for all live results of a database that are neither paused nor closed."""
        pause = self._pause
        if self._closed_ts is not None:
            return self._closed_ts
        return self.engine.shown_ts if pause is None else pause.ts

    @property
    def runs(self) -> int:
        """How often the query ran for it."""
        pause = self._pause
        return pause.runs if pause is not None else 0 if self._hold is None else self._hold.subscription.runs

    @property
    def history(self) -> Sequence[Run]:
        """The latest runs, oldest first; each says `why()`."""
        pause = self._pause
        return (
            pause.history if pause is not None else () if self._hold is None else list(self._hold.subscription.history)
        )

    @property
    def last_run(self) -> Run | None:
        """The latest run; None before the first."""
        pause = self._pause
        history = pause.history if pause is not None else () if self._hold is None else self._hold.subscription.history
        return history[-1] if history else None

    @property
    def subscription(self) -> Subscription | None:
        """What the engine keeps of the query call, to be looked at only; None before it is held."""
        return None if self._hold is None else self._hold.subscription

    @property
    def commit(self) -> Commit | None:
        """The commit that made the last run necessary, with the change that the query met and no other."""
        run = self.last_run
        return None if run is None else run.commit

    def why(self) -> Why:
        """Return in one sentence why the last run happened; in a notebook a card that shows what it says."""
        from reactive_nb.notebook.teach.card import why_card

        return why_card(self)

    @property
    def is_stale(self) -> bool:
        """Whether a commit has touched what it read, and the query has not run again yet."""
        return self._hold is not None and self._hold.subscription.state is State.STALE

    @property
    def paused(self) -> bool:
        """Whether it is paused."""
        return self._pause is not None

    def pause(self) -> None:
        """Keep the value as it is until `resume`: the query does not run for it, and tables and views say so.

        An argument that is a widget is taken over by `resume`. Nothing happens to one that is closed.

        Example:
            >>> board.pause()
        """
        with self._pausing:
            hold = self._hold
            if hold is None or self._closed or self._pause is not None:
                return
            ts = self.engine.pause(hold)
            self._pause = _Pause(ts, hold.subscription.runs, list(hold.subscription.history))
        self._show_state()

    def resume(self) -> None:
        """Go on after `pause`; when it returns, the value is that of the newest commit.

        The query runs once if a commit has touched what it had read, however many did; otherwise not at all. Called by
        a listener, it returns at once, and the value follows.
        """
        with self._pausing:
            if self._hold is None or self._closed or self._pause is None:
                return
            self._pause = None
            self.engine.resume(self._hold)
        self.engine.arrive()
        self._show_state()

    def close(self) -> None:
        """Keep the value as it is from now on."""
        if not self._closed:
            ts = self.ts  # of a paused one, that at which it was paused
            self._closed = True  # before the state, so that news that are being taken over see it
            self._closed_ts = ts
            self._unwatch()
            if self._hold is not None:
                self.engine.let_go(self._hold)
            self.set_trait("state", "closed")

    def observe(self, handler: Callable[[Any], Any], names: Any = traitlets.All, type: Any = "change") -> None:
        """As `traitlets.HasTraits.observe`; what `handler` raises is logged."""
        super().observe(_Guarded(handler), names, type)

    def unobserve(self, handler: Callable[[Any], Any], names: Any = traitlets.All, type: Any = "change") -> None:
        """As `traitlets.HasTraits.unobserve`."""
        super().unobserve(_Guarded(handler), names, type)

    def __enter__(self) -> Live:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.args.items())
        return f"<live {self.path}({shown}), {self.state}>"

    def _repr_mimebundle_(self, **_: object) -> Any:
        from reactive_nb.notebook.display import mimebundle

        return mimebundle(self)
