"""The cell magics `%%every`, `%%cron` and `%%at`: a cell's text comes in, a job with its outputs below the cell goes out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from IPython.core.error import UsageError
from IPython.core.magic import Magics, cell_magic, magics_class, no_var_expand
from IPython.display import display

from reactive_nb.engine import Engine
from reactive_nb.jobs.schedule import Schedule, schedule_of, to_datetime
from reactive_nb.notebook.cell import routes
from reactive_nb.notebook.cell.capture import refuse_await
from reactive_nb.notebook.cell.cell_job import CellJob
from reactive_nb.notebook.cell.cells import RESUMED, CellKey, Cells, cell_id, cell_number, cells_of
from reactive_nb.notebook.cell.job_cell import JobCell
from reactive_nb.notebook.cell.job_status import Document, status_text
from reactive_nb.notebook.cell.on_cell import HOW, OnCell
from reactive_nb.notebook.cell.plan import (
    Plan,
    joined_cell,
    options_of,
    place_of,
    schedule_from,
    split_cell,
    stable_name,
)
from reactive_nb.notebook.databases import database_of

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

ON = "on"


@magics_class
class JobMagics(Magics):
    """`%%every`, `%%cron`, `%%at` and `%%on`.

    Args:
        shell: The IPython shell.
        engines: Returns the databases that are open now.
        cells: The cells that run by themselves; by default those that `live_cells` lists.
    """

    shell: InteractiveShell

    def __init__(
        self, shell: InteractiveShell, engines: Callable[[], Sequence[Engine]], cells: Cells | None = None
    ) -> None:
        super().__init__(shell)
        self._engines = engines
        self._cells = cells_of(shell) if cells is None else cells

    @no_var_expand
    @cell_magic
    def every(self, line: str, cell: str) -> None:
        """Run this cell now, and then again and again after the same time.

            %%every SPAN [--name NAME] [--if-missed skip|once|all] [--timeout SPAN] [--thread] [--db VARIABLE]
            push_next_flight()

        SPAN is a time such as `500ms`, `10s`, `5m`, `1h30m` or `2d`; a number alone is seconds. The cell runs between
        other cells, as if it were one of them, and what it shows takes the place of the last run's outputs. The line
        below says when it runs next and how the last runs went, with buttons to pause it and to run it now.

        The job is stored in the database. After a restart of the kernel it waits until this cell is run again, or until
        `%reactive jobs resume NAME`. Run again with the same SPAN, the cell keeps its times: what it says now runs at the
        next one, or at once with `%reactive jobs run NAME`.

        Options:
            --name NAME       what the job is called; by default the id of the cell
            --if-missed WHAT  what becomes of times at which nobody could run it: `skip` leaves them out (the default),
                              `once` makes up for all of them with one run, `all` runs each
            --timeout SPAN    a run that takes longer is interrupted, and shown as timed out
            --thread          run at once in a thread, also while other cells run; what it does there must be made for
                              threads, which matplotlib.pyplot is not: display a Figure of its own
            --db VARIABLE     the database that keeps the job; needed when several are open
        """
        self._schedule("every", line, cell)

    @no_var_expand
    @cell_magic
    def cron(self, line: str, cell: str) -> None:
        """Run this cell whenever a cron expression matches.

            %%cron "MINUTE HOUR DAY MONTH WEEKDAY" [--tz ZONE] [--name NAME] [--if-missed skip|once|all] ...
            send_report()

        The expression is cron's, or `@hourly`, `@daily`, `@weekly`, `@monthly` or `@yearly`; its times are those of ZONE
        (such as Europe/Zurich), by default of UTC. Everything else is as in `%%every`.
        """
        self._schedule("cron", line, cell)

    @no_var_expand
    @cell_magic
    def at(self, line: str, cell: str) -> None:
        """Run this cell once, at a time.

            %%at TIME [--tz ZONE] [--name NAME] [--if-missed skip|once|all] ...
            close_the_books()

        TIME is a date and a time, `2026-11-22 09:00`, or a time of day, of which the next one is meant, in ZONE (such as
        Europe/Zurich), by default in UTC. Everything else is as in `%%every`.
        """
        self._schedule("at", line, cell)

    @no_var_expand
    @cell_magic
    def on(self, line: str, cell: str) -> None:
        """Run this cell after every change of what an expression gives; `rows` is the new value.

            %%on [--name NAME] [--timeout SPAN] [--db VARIABLE] departures(origin="JFK")
            print(len(rows), "departures")

        The expression calls a query, or is a variable that holds a live result. The cell does not run now, but between
        other cells after each change; several changes at once are one run with the newest value. It also runs while no
        page shows it.

        It is a job, as `%%every` makes one: stored in the database, with the last runs and buttons below the cell. While
        it is paused, changes run nothing, and are not made up for.
        """
        options, expression = options_of(ON, line)
        if not expression:
            raise UsageError(f"%%on needs to know what to follow. {HOW}.")
        plan = self._plan(ON, line, cell, None)
        self._begin_on(plan, self._cells.key_of(options.name, plan.text))

    # ------------------------------------------------------------------ jobs of earlier kernels

    def restore(self, engine: Engine, document: Document) -> None:
        """Let a stored job run again from its stored source, and show it under the cell that runs now.

        Args:
            engine: Where it is stored.
            document: The job's, with the source of a cell.
        """
        magic, line, source = split_cell(document["source"])
        plan = self._plan(magic, line, source, schedule_of(document["schedule"]))
        plan = replace(plan, name=document["name"], place=document.get("place", plan.place))
        key = (RESUMED, plan.name)
        if magic == ON:
            self._begin_on(plan, key, engine)
        else:
            self._begin(plan, key, engine)

    # ------------------------------------------------------------------ inside

    def _schedule(self, magic: str, line: str, source: str) -> None:
        plan = self._plan(magic, line, source, None)
        engine = self._engine(plan)
        self._begin(plan, self._cells.key_of(plan.options.name, plan.text), engine)

    def _plan(self, magic: str, line: str, source: str, schedule: Schedule | None) -> Plan:
        """Return what a cell asks for; with the schedule that is stored, if it is a stored one."""
        options, rest = options_of(magic, line)
        refuse_await(self.shell, source, f"%%{magic}")
        text = joined_cell(magic, line, source)
        number = cell_number(self.shell)
        if schedule is None:
            schedule = schedule_from(magic, rest, options, self._now)
        name = options.name or stable_name(cell_id(self.shell), text)
        return Plan(f"%%{magic}", text, source, name, schedule, options, place_of(number), number)

    def _now(self) -> datetime:
        # Of any: without one there is nowhere to keep the job, which is said next.
        return to_datetime(next((engine.now_ms() for engine in self._engines() if not engine.closed), 0.0))

    def _engine(self, plan: Plan, followed: Engine | None = None) -> Engine:
        """Return the database that keeps a job: the one that is named, the one that it follows, or the only one."""
        what = f"Cannot keep the job {plan.name!r}"
        return database_of(self._engines(), self.shell.user_ns, plan.options.db, followed, what)

    def _begin(self, plan: Plan, key: CellKey, engine: Engine) -> None:
        self._cells.take_name(key, engine, plan)
        if plan.options.thread:
            routes.install(self.shell)
        cell = JobCell(self.shell, self._cells.turns, engine, plan)
        try:
            self._cells.add(key, cell)
            cell.start()
            _display(cell)
        except BaseException:
            cell.close()  # nobody sees it
            raise

    def _begin_on(self, plan: Plan, key: CellKey, engine: Engine | None = None) -> None:
        def keep(cell: OnCell) -> CellJob:
            where = engine or self._engine(plan, cell.engine)
            self._cells.take_name(key, where, plan)
            return CellJob(where, plan, cell.run_asked_for, cell.on_job, cell.on_engine_closed)

        cell = OnCell(
            self.shell,
            self._cells.turns,
            plan.source,
            plan.options.name or (plan.name if key[0] == RESUMED else f"In[{plan.number}]"),
            plan.number,
            expression=options_of(ON, split_cell(plan.text)[1])[1],
            timeout=plan.options.timeout,
            keep=keep,
        )
        try:
            self._cells.add(key, cell)
            cell.start()
            _display(cell)
        except BaseException:
            cell.close()
            raise


def _display(cell: JobCell | OnCell) -> None:
    # Widgets are imported when the first is shown.
    from reactive_nb.notebook.page.channel import channel
    from reactive_nb.notebook.page.panel import JobPanel
    from reactive_nb.notebook.widget.job import JobWidget

    panel = JobPanel(channel().hub, cell, f"{cell.kind} {cell.name}", cell.engine)
    widget = JobWidget(panel.view, status_text)
    cell.show_on(panel, widget.close)
    cell.show_job_on(panel.show_job)
    display(widget)  # type: ignore[no-untyped-call]
