"""`reactive-nb`: what people do with the file of a database in a terminal: export, import, list its tables, SQL, check it.

Comes in: arguments. Goes out: text, and 0; or one sentence that says what is wrong, and 1. A file that is open in a
notebook is held by it, and refused here.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from reactive_nb.errors import DatabaseFileError, DatabaseInUse, ReactiveError

if TYPE_CHECKING:
    from reactive_nb.engine.engine import Engine
    from reactive_nb.functions.actions import Report


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: The arguments without the program's name; those of the process by default.

    Returns:
        What the process shall end with: 0, or 1 after an error, or when a check has found something.

    Example:
        >>> main(["tables", "flights.duckdb"])
        flights  336,776 documents  by_origin
        0
    """
    options = _parser().parse_args(argv)
    run: Callable[[argparse.Namespace], int] = options.run
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # what the terminal's encoding does not have
    try:
        return run(options)
    except ReactiveError as error:
        return _failed(str(error), 1)
    except KeyboardInterrupt as error:
        return _failed(f"interrupted, and {str(error) or 'the database was not changed'}", 130)
    except BrokenPipeError:
        # Who was reading, such as `head`, has read enough. Python flushes once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141


def _failed(sentence: str, code: int) -> int:
    print(f"reactive-nb: {sentence}", file=sys.stderr)  # noqa: T201
    return code


def _parser() -> argparse.ArgumentParser:
    from reactive_nb.engine.transfer import MODES
    from reactive_nb.tables.transfer.formats import FORMATS

    parser = argparse.ArgumentParser(prog="reactive-nb", description="Work with the file of a reactive_nb database.")
    commands = parser.add_subparsers(required=True, metavar="command")

    command = commands.add_parser("export", help="write tables into a zip, or one into JSON, CSV or Parquet")
    command.add_argument("database", type=Path, help="the file of the database")
    command.add_argument("file", type=Path, help="the file to write; its ending says the format")
    command.add_argument("--table", action="append", dest="tables", help="a table, once for each; all by default")
    command.add_argument("--format", choices=FORMATS, help="the format, where the ending does not say it")
    command.set_defaults(run=_export)

    command = commands.add_parser("import", help="read a file that export or Convex has written, or JSON, CSV, Parquet")
    command.add_argument("database", type=Path, help="the file of the database, made if there is none")
    command.add_argument("file", type=Path, help="the file to read")
    command.add_argument("--table", help="the table that its documents go into; of a zip, the only one to import")
    command.add_argument(
        "--mode", choices=MODES, default="empty", help="what may be in the tables before (default: nothing)"
    )
    command.add_argument("--format", choices=FORMATS, help="the format, where the ending does not say it")
    command.set_defaults(run=_import)

    command = commands.add_parser("tables", help="list the tables")
    command.add_argument("database", type=Path, help="the file of the database")
    command.set_defaults(run=_tables)

    command = commands.add_parser("sql", help="run one statement of SQL")
    command.add_argument("database", type=Path, help="the file of the database")
    command.add_argument("text", help="a query, or an insert, update or delete")
    command.add_argument("--csv", action="store_true", help="write rows as CSV")
    command.set_defaults(run=_sql)

    command = commands.add_parser("check", help="look whether log, tables, indexes and typed tables agree")
    command.add_argument("database", type=Path, help="the file of the database")
    command.add_argument("--repair", action="store_true", help="make indexes and typed tables anew from the documents")
    command.set_defaults(run=_check)
    return parser


def _export(options: argparse.Namespace) -> int:
    from reactive_nb.engine import transfer

    with _opened(options.database) as db:
        _say(transfer.export(db, options.file, options.tables, options.format, _progress()))
    return 0


def _import(options: argparse.Namespace) -> int:
    from reactive_nb.engine import transfer

    with _opened(options.database, is_new=True) as db:
        _say(transfer.load(db, options.file, options.table, options.mode, options.format, _progress()))
    return 0


def _tables(options: argparse.Namespace) -> int:
    with _opened(options.database) as db:
        rows = [
            (table["name"], f"{db.table(table['name']).count():,} documents", ", ".join(_indexes(table)))
            for table in db.read(lambda ctx: ctx.db.system.query("_tables").collect())
            if not table["dropped"] and not table["name"].startswith("_")
        ]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(2)]
    for name, count, indexes in sorted(rows):
        _say(f"{name:<{widths[0]}}  {count:>{widths[1]}}  {indexes}".rstrip())
    return 0


def _sql(options: argparse.Namespace) -> int:
    with _opened(options.database) as db:
        result = db.sql(options.text)
        if getattr(result, "has_rows", True):
            frame = result.df()
            text = frame.to_csv(index=False).rstrip("\n") if options.csv else frame.to_string(index=False)
            _say(text if len(frame) or options.csv else "no rows")
        else:
            _say(f"{result.rowcount:,} row{'' if result.rowcount == 1 else 's'} changed")
    return 0


def _indexes(table: dict[str, list[dict[str, str]]]) -> list[str]:
    return [index["name"] for index in (*table["indexes"], *table.get("searches", ()))]


def _check(options: argparse.Namespace) -> int:
    from reactive_nb.tables import check

    _refuse_if_open(options.database)
    report = check.repair(options.database) if options.repair else check.check(options.database)
    _say(report)
    if report.repaired:
        _say("indexes and typed tables were made anew")
        report = check.check(options.database)
        _say(report)
    elif any(problem.is_derived for problem in report.problems):
        _say("reactive-nb check --repair makes indexes and typed tables anew")
    return 1 if report.problems else 0


@contextmanager
def _opened(path: Path, is_new: bool = False) -> Iterator[Engine]:
    """Open a file for a block. If there was none, and the block puts nothing into it, there is none afterwards."""
    from reactive_nb.connection import connect

    was_there = path.exists()
    if not is_new and not path.is_file():
        raise DatabaseFileError(
            f"Cannot open {path}",
            thing="there is no such file",
            expected="the file of a database",
            hint="Correct the path",
        )
    _refuse_if_open(path)
    db = connect(path)
    before = db.ts
    try:
        with db:
            yield db
    except KeyboardInterrupt:
        raise KeyboardInterrupt("the change was made before" if db.ts > before else "") from None
    finally:
        if not was_there and not db.ts:
            path.unlink()


def _refuse_if_open(path: Path) -> None:
    """Raise if this very process has the file open: DuckDB would let it in a second time."""
    from reactive_nb.engine.engine import absolute
    from reactive_nb.engine.roster import open_engines

    if any(each.path == absolute(path) for each in open_engines()):
        raise DatabaseInUse(
            f"Cannot open {path}",
            thing="this process has it open",
            expected="a file that nobody has open",
            hint="Close it, or use the methods of the database, such as db.export",
            pid=os.getpid(),
        )


def _progress() -> Report:
    """Return what writes progress over itself in a terminal, and nowhere else."""
    is_shown = sys.stderr.isatty()

    def report(done: float, total: float | None, text: str) -> None:
        if not is_shown:
            return
        share = f"{done / total:.0%}, " if total else ""
        end = "\n" if total is not None and done >= total else ""
        print(f"\r{share}{text}\x1b[K", end=end, file=sys.stderr, flush=True)  # noqa: T201

    return report


def _say(text: object) -> None:
    try:
        print(text, flush=True)  # noqa: T201 - this is the program's answer
    except BrokenPipeError:
        raise
    except OSError as error:
        raise ReactiveError(
            "Cannot write the answer",
            thing=error.strerror or str(error),
            expected="an output that takes it",
            hint="Make room on the disk; what the command was to do is done",
        ) from error
