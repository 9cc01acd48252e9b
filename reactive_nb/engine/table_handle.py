"""A table as cells use it whole: frames go in, and it comes out as a frame; what `db.table("flights")` returns.

Comes in: a frame, or a list of dicts. Goes out: one commit with all of its rows, or an error that names the rows that do
not fit and nothing written. The work is done before the commit and outside of any lock, so Ctrl-C ends a long insert
with nothing written, until the moment of the commit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

from reactive_nb.documents.document import SYSTEM_FIELDS
from reactive_nb.documents.interval import ALL
from reactive_nb.documents.snapshot import TableState
from reactive_nb.engine.garbage import without_garbage_collection
from reactive_nb.errors import ConflictError, ReactiveError, UnknownTable
from reactive_nb.functions.context import QueryContext
from reactive_nb.functions.runner import ATTEMPTS, refuse_nested
from reactive_nb.schema.declaration import BY_CREATION_TIME, Table, check_table_name
from reactive_nb.tables.data_frame import arrow_table, data_frame
from reactive_nb.tables.frames import Frame, read_frame
from reactive_nb.tables.intake import Errors, Intake, checked
from reactive_nb.tables.proposal import Indexes, ProposedTable, proposed

if TYPE_CHECKING:
    import pandas as pd

    from reactive_nb.engine.engine import Engine

T = TypeVar("T")

_PART = 20_000
"""So many rows at once: few enough that Ctrl-C and the bar answer within a moment, many enough to be quick."""
_SHOWN_FROM = 100_000
"""With so many rows a bar is shown."""
_SAID = 10


class Read(Protocol):
    """Runs reading code once; `db.read` or `db.at(ts).read`."""

    def __call__(self, body: Callable[[QueryContext], T], /) -> T:
        """Return what the code returns."""


@dataclass(frozen=True, slots=True)
class InsertReport:
    """What `insert(..., on_error="skip")` has done.

    Attributes:
        inserted: How many rows are documents now.
        skipped: The others: each with its number, from 0, and the error that says why.
    """

    inserted: int
    skipped: tuple[tuple[int, ReactiveError], ...]

    def __repr__(self) -> str:
        lines = [f"<{self.inserted:,} inserted, {len(self.skipped):,} skipped>", *_lines(dict(self.skipped))]
        return "\n".join(lines)


class TableReader:
    """One table, to be read whole: of the newest commit, or made by `db.at(ts).table(name)` of an earlier one.

    Attributes:
        name: The table.

    Example:
        >>> db.at(3).table("flights").df()
    """

    def __init__(self, name: str, read: Read) -> None:
        self.name = name
        self._read = read
        self._when_missing = "Ask for a commit at which it was declared; db.commits() lists them"

    def df(self) -> pd.DataFrame:
        """Return all documents as a pandas frame, in the order in which they were created.

        `_id` and `_creationTime` (milliseconds since 1970 UTC) come first, then the declared fields; the types of the
        columns follow from the declaration.
        """
        return data_frame(*self._documents())

    def arrow(self) -> Any:
        """Return all documents as a pyarrow table, with the columns of `df`.

        Raises:
            QueryUsageError: pyarrow is not installed.
        """
        return arrow_table(*self._documents())

    def count(self) -> int:
        """Return how many documents there are."""
        name = self.name
        return self._read(lambda ctx: _whole(ctx, name, self._when_missing).size)

    def _documents(self) -> tuple[Table, list[bytes]]:
        """Return the declaration and all documents in order of creation.

        The frame is made outside of the read: the first import of pandas writes files, and a cell that runs again when
        this changes compares what the read returns, which must be a value.
        """
        name = self.name
        declared: list[Table] = []

        def body(ctx: QueryContext) -> list[bytes]:
            state = _whole(ctx, name, self._when_missing)
            declared[:] = [state.stored.table]
            return [data for _, block in state.map(BY_CREATION_TIME).blocks(*ALL) for data in block]

        documents = self._read(body)
        return declared[0], documents

    def __repr__(self) -> str:
        return f"<table {self.name}, read only>"


class TableHandle(TableReader):
    """One table of a database; made by `db.table(name)`.

    Attributes:
        name: The table.

    Example:
        >>> db.table("flights").insert(frame)
        336776
    """

    def __init__(self, engine: Engine, name: str) -> None:
        super().__init__(name, engine.read)
        self._engine = engine
        self._when_missing = f"Declare it with db.define({name}=rnb.table(...)), or insert into it"

    def insert(self, rows: Any, *, on_error: Literal["raise", "skip"] = "raise") -> Any:
        """Add every row of a frame as a document, in one transaction of its own.

        A value that the frame lacks (None, NaN, NaT, NA in pandas; null in Arrow and polars; None in a dict) makes an
        optional field missing and a nullable one null; in a required number field NaN stays NaN. The index of a pandas
        frame is not stored.

        Args:
            rows: A pandas, polars or Arrow frame, the result of a query in SQL, or a list of dicts.
            on_error: `"skip"` inserts the rows that fit and reports the others.

        Returns:
            How many documents were inserted; with `"skip"` an `InsertReport`.

        Raises:
            DocumentValidationError: Rows do not fit the declaration. It says which, and its `rows` are pairs of a
                row's number, from 0, and its error. Nothing was inserted.
            UniqueViolation: As before, where a unique index holds a row's values already.
            InvalidValue: As before, where a row holds what no document can; or it is no frame.

        Example:
            >>> db.table("flights").insert(pd.read_csv("flights.csv"), on_error="skip")
            <336,774 inserted, 2 skipped>
            row 17: delay is 'n/a' (str), expected a number
        """
        what = f"Cannot insert into {self.name}"
        if on_error not in ("raise", "skip"):
            raise ReactiveError(
                what, thing=f"on_error is {on_error!r}", expected='"raise" or "skip"', hint="Leave it out to raise"
            )
        refuse_nested("insert", instead=f'Write ctx.db.insert("{self.name}", ...) for each row')
        frame = read_frame(rows, what)
        for number in range(1, ATTEMPTS + 1):
            try:
                taken, errors = self._insert(frame, what, on_error == "skip")
            except ConflictError:
                if number == ATTEMPTS:
                    raise
            else:
                break
        return InsertReport(taken, tuple(errors.items())) if on_error == "skip" else taken

    def _insert(self, frame: Frame, what: str, skip: bool) -> tuple[int, Errors]:
        engine = self._engine
        report = engine._surface.progress(f"insert into {self.name}")
        with without_garbage_collection(), engine.transaction("insert") as ctx:
            tx = ctx.transaction
            state = tx.declared(self.name)
            if state is None:
                state = tx.declare(self.name, Table(None), engine.ids.next())
            intake = Intake(tx, state, engine.ids)
            for start in range(0, max(1, frame.rows), _PART):
                intake.take(frame.part(start, start + _PART), start)
                if frame.rows >= _SHOWN_FROM:
                    report(min(start + _PART, frame.rows), frame.rows, "rows")
            if intake.errors and not skip:
                also = '; or leave the rows out with on_error="skip". Nothing was inserted'
                raise _refused(intake.errors, frame.rows, what, "rows that the table accepts", also)
        return intake.taken, intake.errors

    def __repr__(self) -> str:
        state = self._engine._committer.head.tables.get(self.name)
        if state is None:
            return f"<table {self.name}, not declared>"
        table = state.stored.table
        names = table.field_names()
        fields = "any fields" if names is None else f"fields {', '.join(names)}"
        indexes = ", ".join(index.name for index in (*table.indexes, *table.searches))
        also = f", indexes {indexes}" if indexes else ""
        return f"<table {self.name}: {state.size:,} document{'s' * (state.size != 1)}, {fields}{also}>"


def _whole(ctx: QueryContext, name: str, when_missing: str) -> TableState:
    """Return a table that is read whole; `when_missing` is what to do when there is none."""
    tx = ctx.transaction
    state = tx.declared(name)
    if state is None:
        tx.read_all_tables()
        raise UnknownTable(
            f"Cannot read the table {name}",
            thing="there is none of this name",
            expected="a declared table",
            hint=when_missing,
        )
    tx.reads.add(name, BY_CREATION_TIME, ALL)
    return state


def _refused(errors: Errors, rows: int, what: str, expected: str, also: str = "") -> ReactiveError:
    """Return the error that says which rows do not fit, of the kind of the first of them and with its hint."""
    first = next(iter(errors.values()))
    facts = {name: fact for name, fact in vars(first).items() if name not in ("what", "thing", "expected", "hint")}
    return type(first)(
        what,
        thing=f"{len(errors):,} of {rows:,} rows do not fit; {'; '.join(_lines(errors))}",
        expected=expected,
        hint=f"{first.hint}{also}",
        **facts,
        rows=tuple(errors.items()),
    )


def _lines(errors: Errors) -> list[str]:
    lines = [f"row {row}: {error.thing}, expected {error.expected}" for row, error in list(errors.items())[:_SAID]]
    return lines if len(errors) <= _SAID else [*lines, f"and {len(errors) - _SAID:,} more"]


def proposal_of(source: Any, name: str, indexes: Indexes) -> ProposedTable:
    """Return the declaration that a frame fits; what `db.define_from` does.

    Raises:
        InvalidValue: There is none, for no document can hold some of its values.
        DocumentValidationError: As before, where a row is no mapping.
    """
    check_table_name(name)
    what = f"Cannot propose a declaration of {name}"
    frame = read_frame(source, what)
    declared = proposed(frame, name, indexes)
    _, errors = checked(frame.without(SYSTEM_FIELDS), declared, {}, what)
    if errors:
        raise _refused(errors, frame.rows, what, "rows that a table can hold")
    return declared
