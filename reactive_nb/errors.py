"""Every error of the package, as one tree; each says four facts and carries a stable code.

The four facts are what could not be done, to which thing, what was expected, and what to do next. They are
attributes (`what`, `thing`, `expected`, `hint`) for programs and one message for people. `code` is the class
name in snake case without a final "Error"; it never changes once released. A failure inside a user's own
function is not wrapped: the user's exception is raised as it is.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any


class ReactiveError(Exception):
    """The root of all errors raised by reactive_nb.

    Args:
        what: What could not be done, for example `"Cannot insert into messages"`.
        thing: The exact thing that stood in the way, for example `"$.likes is 'x' (str)"`.
        expected: What would have been accepted, as a noun phrase: `"a number"`.
        hint: What to do next, as a sentence without its full stop: `"Pass an int or a float"`.
        facts: Further facts, which become attributes of the error.
    """

    code = "reactive"

    def __init__(self, what: str, *, thing: str, expected: str, hint: str, **facts: Any) -> None:
        super().__init__(f"{what}: {thing}. Expected {expected}. {hint}.")
        self.what = what
        self.thing = thing
        self.expected = expected
        self.hint = hint
        for name, fact in facts.items():
            setattr(self, name, fact)

    def __reduce__(self) -> tuple[Callable[[], ReactiveError], tuple[()]]:
        # What an exception has by itself would call the class with the message alone.
        return functools.partial(type(self), **vars(self)), ()


class AppError(Exception):
    """An error of the user's own application, raised inside a function and delivered to its caller.

    Args:
        data: Any value; callers read it back as `error.data`.

    Example:
        >>> raise AppError({"code": "empty"})
        Traceback (most recent call last):
        reactive_nb.errors.AppError: {'code': 'empty'}
    """

    code = "app"

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        self.data = data


def error_text(error: BaseException) -> str:
    """Return what an exception says, or just its class where its own `__str__` fails; for exceptions of users."""
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - a stranger's code, and there is still something to say
        return type(error).__name__


# ------------------------------------------------------------------ values, validators, ids


class InvalidValue(ReactiveError):
    """A Python object that no document field can hold, or one past a limit; `path` says where it stands."""

    code = "invalid_value"
    path: str


class ValidationError(ReactiveError):
    """A value that its validator refuses; `path` says where it stands."""

    code = "validation"
    path: str


class ArgumentValidationError(ValidationError):
    """An argument of a function that its validators refuse; nothing was run."""

    code = "argument_validation"


class ReturnsValidationError(ValidationError):
    """A function's result that its `returns` validator refuses; a mutation's writes are undone."""

    code = "returns_validation"


class DocumentValidationError(ValidationError):
    """A document that its table's declaration refuses; nothing was written."""

    code = "document_validation"


class InvalidId(ReactiveError):
    """A string that is not a document id, or is the id of a document of another table."""

    code = "invalid_id"


# ------------------------------------------------------------------ schema


class SchemaError(ReactiveError):
    """A declaration that cannot be: a bad name, a duplicate field or index, a reserved word."""

    code = "schema"


class SchemaMismatch(ReactiveError):
    """Stored documents do not fit a new declaration; nothing was changed. `misfits` names them by table."""

    code = "schema_mismatch"
    misfits: dict[str, list[str]]
    """The ids of the documents that do not fit, by table."""


class UnknownTable(ReactiveError):
    """A table that does not exist."""

    code = "unknown_table"


class UnknownIndex(ReactiveError):
    """An index that its table does not declare."""

    code = "unknown_index"


class ReservedName(ReactiveError):
    """A write to a table or a field that the engine keeps for itself."""

    code = "reserved_name"


# ------------------------------------------------------------------ reading and writing


class DocumentNotFound(ReactiveError):
    """A patch, replace or delete of a document that does not exist; `id` is what was looked for."""

    code = "document_not_found"
    id: str


class UniqueViolation(ReactiveError):
    """A write that would put two documents under one key of a unique index; both are named."""

    code = "unique_violation"
    table: str
    index: str
    existing: str
    """The id of the document that has the key."""
    id: str
    """The id of the document that was written."""


class NotUnique(ReactiveError):
    """`unique()` found more than one document; `ids` are those of the first two."""

    code = "not_unique"
    ids: list[str]


class IndexRangeError(ReactiveError):
    """An index range whose fields or bounds do not follow the index."""

    code = "index_range"


class QueryUsageError(ReactiveError):
    """A query or its result used in a way it does not allow, such as ordered twice, or a number as a data frame."""

    code = "query_usage"


class FilterError(ReactiveError):
    """A filter expression that cannot be evaluated, such as a sum of a number and a string."""

    code = "filter"


class InvalidCursor(ReactiveError):
    """A page cursor that is damaged or belongs to another index, range or order."""

    code = "invalid_cursor"


class ConflictError(ReactiveError):
    """Another commit touched what this transaction had read, as often as it was tried.

    Attributes name the first overlap.
    """

    code = "conflict"
    table: str
    index: str
    interval: tuple[bytes, bytes]
    """The range of index keys that was read, half-open."""
    other: Any
    """The `Commit` that got there first."""


class TransactionClosed(ReactiveError):
    """A context or transaction used after its function or block has ended."""

    code = "transaction_closed"


class SnapshotGone(ReactiveError):
    """A moment that is no longer, or not yet, in the history kept in memory."""

    code = "snapshot_gone"


class SqlError(ReactiveError):
    """SQL that cannot be run: DuckDB refuses it, or it would do something that only the engine may do."""

    code = "sql"
    sql: str
    """The statement."""


class TransferError(ReactiveError):
    """A file that cannot be exported to, or loaded from: damaged, cut off, or not what its name says.

    `line` and `column` say where in it, counted from 1, and are None where that says nothing. Nothing was changed.
    """

    code = "transfer"
    file: Path
    line: int | None
    column: int | None


# ------------------------------------------------------------------ functions


class UnknownFunction(ReactiveError):
    """A function path under which nothing is registered."""

    code = "unknown_function"


class FunctionKindError(ReactiveError):
    """A function used as another kind than it is, such as a mutation run from a query."""

    code = "function_kind"


class NestedCallError(ReactiveError):
    """A registered function called inside another without its context."""

    code = "nested_call"


class SideEffectInQuery(ReactiveError):
    """A query or mutation that reached for the world outside the database: a socket, a process, a file to write."""

    code = "side_effect_in_query"
    function: str
    """The path of the function."""
    event: str
    """What Python's audit calls it, such as `"socket.connect"`."""
    file: str | None
    """The source from where it was attempted, as tracebacks name it; None when only libraries took part."""
    line: int | None


class ImpureFunctionWarning(UserWarning):
    """A query or mutation whose code names the clock or chance, so that its result may be outdated and nobody told."""

    code = "impure_function_warning"


class UnknownVariable(ReactiveError):
    """A variable of the environment that is not declared, or that has no value."""

    code = "unknown_variable"
    name: str


class ScheduleError(ReactiveError):
    """A time, a delay or a cron expression at which nothing can be run."""

    code = "schedule"


class UnknownJob(ReactiveError):
    """A name under which no cron or scheduled cell is registered."""

    code = "unknown_job"


class ActionCancelled(ReactiveError):
    """An action that was cancelled while it ran; what it had done until then is done."""

    code = "action_cancelled"


class ActionTimeout(ReactiveError):
    """An action that ran for longer than it may; what it had done until then is done."""

    code = "action_timeout"


# ------------------------------------------------------------------ log, file, engine


class LogError(ReactiveError):
    """The log could not be read or written."""

    code = "log"


class HeadMoved(LogError):
    """A compare-and-append was refused because somebody else appended first; `head` is the new head."""

    code = "head_moved"
    head: int


class LogDamaged(LogError):
    """The log, or what lies beside it, is damaged before its end."""

    code = "log_damaged"
    path: Path
    offset: int
    """Where the damage begins, in bytes."""
    ts: int | None
    """The last good record before it, or None when there is none."""


class LogWriteError(LogError):
    """An append failed (a full disk, a lost volume); nothing of it is kept."""

    code = "log_write"


class DatabaseFileError(ReactiveError):
    """The database file cannot be opened: damaged, not a database, or its folder cannot be written."""

    code = "database_file"


class DatabaseInUse(DatabaseFileError):
    """Another process holds the database file; `pid` says which, where it is known."""

    code = "database_in_use"
    pid: int | None


class NewerFormat(DatabaseFileError):
    """The file was written by a newer version of reactive_nb."""

    code = "newer_format"


class DatabaseClosed(ReactiveError):
    """The database was used after it was closed."""

    code = "database_closed"


class FileContentError(ReactiveError):
    """The bytes of a stored file are missing or damaged, or could not be written; then nothing is stored."""

    code = "file_content"
    path: Path
    """Where the bytes stand, or the folder that they should have come into."""
    id: str | None
    """The id of the file's document in `_storage`, or None where it was about to be stored."""
    is_missing: bool
    """Whether there is no such content: in an earlier moment of the database, its document may have been deleted since."""


class EmbeddingError(ReactiveError):
    """An embedding that cannot be: a model that returns no vectors, or others than the field takes."""

    code = "embedding"


# ------------------------------------------------------------------ the page


class EditConflict(ReactiveError):
    """An edit of a cell that somebody else has changed since it began; `theirs` is the cell as it is now."""

    code = "edit_conflict"
    theirs: Any
    """The JSON form of the cell."""
