"""CSV: a header with the names of fields, and one document per row.

Comes in: a file. Goes out: documents with the rows they stand in; and the other way round.

1. An empty cell is a field that is missing; where the field may not be missing it is an empty string or null,
   whichever the declaration accepts.
2. Where a number is declared a cell is a number, and so for bool (`true`, `false`) and datetimes (ISO 8601 with a
   zone); bytes are base64; lists, objects and vectors are JSON. Text that cannot be read so stays text, which the
   declaration refuses.
3. Without a declaration a cell is a number if it looks like one, else text, as Convex reads it; `007` is text.
"""

from __future__ import annotations

import csv
import io
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from reactive_nb.documents.document import CREATION_TIME, ID, SYSTEM_FIELDS
from reactive_nb.errors import InvalidValue
from reactive_nb.tables.transfer import refusals
from reactive_nb.tables.transfer.form import Form, encode_json
from reactive_nb.tables.transfer.source import Incoming, Rows

_NUMBER = re.compile(r"[+-]?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_ANY_NUMBER = re.compile(r"([+-]?[0-9]+)|[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?|nan|[+-]?inf")
_BOOLS = {"true": True, "false": False}
_MAX_DIGITS = 1000  # Python makes no int of a text with many more
_MAX_CELL = 1 << 22  # more than a whole document may have


def rows_of(file: Path) -> Rows:
    """Return what reads a file of CSV."""

    def rows(form: Form) -> Iterator[Incoming]:
        try:
            opened = file.open("rb", buffering=1 << 20)
        except OSError as error:
            raise refusals.unopened(file, error) from error
        csv.field_size_limit(max(csv.field_size_limit(), _MAX_CELL))
        with opened, io.TextIOWrapper(opened, "utf-8-sig", newline="") as text:
            yield from _read(text, opened, form, file)

    return rows


def write(documents: Iterable[dict[str, Any]], names: list[str], form: Form, into: BinaryIO) -> None:
    """Write a header and one row per document.

    Args:
        documents: The documents.
        names: The columns.
        form: The form of their table.
        into: Where to.
    """
    text = io.TextIOWrapper(into, "utf-8", newline="", write_through=False)
    writer = csv.writer(text, lineterminator="\r\n")  # as RFC 4180 has it; then either of the two is quoted in a cell
    writer.writerow(names)
    forms = [form.fields.get(name, form.others) for name in names]
    writer.writerows(
        [_cell(document.get(name), each) for name, each in zip(names, forms, strict=True)] for document in documents
    )
    text.detach()  # flushed, and left open to whoever has opened it


def _cell(value: Any, form: Form) -> Any:
    if type(value) is str or value is None or type(value) is int:
        return value
    if type(value) is float:
        return repr(value)
    if type(value) is bool:
        return "true" if value else "false"
    if type(value) is datetime:
        return value.isoformat()
    if type(value) is bytes:
        return b64encode(value).decode()
    return encode_json(form.written(value)).decode()


def _read(text: Iterable[str], opened: BinaryIO, form: Form, file: Path) -> Iterator[Incoming]:
    reader = csv.reader(text, strict=True)
    row = 0
    try:
        header = [name.strip() for name in next(reader, [])]
        _check_header(header, file)
        converters = [(name, _SYSTEM[name] if name in _SYSTEM else _converter(form, name)) for name in header]
        for row, cells in enumerate(reader, 1):
            if len(cells) != len(header):
                if not cells:
                    continue  # an empty line
                raise refusals.malformed(
                    file,
                    f"row {row} (line {reader.line_num})",
                    f"it has {len(cells)} cells, and the header has {len(header)}",
                    reader.line_num,
                    None,
                )
            yield f"row {row} (line {reader.line_num})", opened.tell(), _document(cells, converters, form)
    except (csv.Error, UnicodeDecodeError) as error:
        if isinstance(error, UnicodeDecodeError):
            line = _undecodable_line(file)
            raise refusals.malformed(file, f"line {line}", "it is not UTF-8", line, None) from None
        line = reader.line_num
        raise refusals.malformed(file, f"row {row + 1} (line {line})", str(error), line, None) from None


def _undecodable_line(file: Path) -> int:
    """Return the first line that is not UTF-8: text is decoded far ahead of the row that is read."""
    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            try:
                line.decode()
            except UnicodeDecodeError:
                return number
    return number


def _check_header(header: list[str], file: Path) -> None:
    twice = [name for position, name in enumerate(header) if name in header[:position]]
    if not header or "" in header or twice:
        problem = (
            "it has no header"
            if not header
            else f"two columns are called {twice[0]!r}"
            if twice
            else "a column has no name"
        )
        raise refusals.unreadable(file, f"line 1: {problem}", "Write the names of the fields into the first line", 1)


def _document(cells: list[str], converters: list[tuple[str, Any]], form: Form) -> Any:
    document: dict[str, Any] = {}
    try:
        for cell, (name, convert) in zip(cells, converters, strict=True):
            if cell:
                document[name] = convert(cell)
            elif name not in SYSTEM_FIELDS:
                _put_empty(document, name, form)
    except InvalidValue as error:
        return error
    return document


def _put_empty(document: dict[str, Any], name: str, form: Form) -> None:
    field = form.fields.get(name, form.others)
    if field.accepts(str) and not field.may_lack:
        document[name] = ""
    else:
        form.put_nothing(document, name)


def _converter(whole: Form, name: str) -> Callable[[str], Any]:
    """Return what makes a value of a cell that is not empty."""
    form = whole.fields.get(name, whole.others)
    if form.is_any:
        return lambda cell: _number(cell) if _NUMBER.fullmatch(cell) else cell
    is_text, has_bools, has_numbers = form.accepts(str), form.accepts(bool), form.accepts(int) or form.accepts(float)
    if is_text and not has_bools and not has_numbers:
        return str
    if has_numbers and not has_bools and not is_text and not form.accepts(list) and not form.accepts(dict):
        return _number

    def convert(cell: str) -> Any:
        if has_bools and cell.lower() in _BOOLS:
            return _BOOLS[cell.lower()]
        if has_numbers and type(value := _number(cell)) is not str:
            return value
        if is_text:
            return cell
        if form.has_moments and type(moment := form.read(cell)) is not str:
            return moment
        try:
            return b64decode(cell, validate=True) if form.has_only_bytes else form.read(msgspec.json.decode(cell))
        except (ValueError, msgspec.DecodeError):
            return cell

    return convert


def _number(cell: str) -> int | float | str:
    found = _ANY_NUMBER.fullmatch(cell.strip())
    if found is None or len(cell) > _MAX_DIGITS:
        return cell
    return int(cell) if found[1] else float(cell)


_SYSTEM: dict[str, Callable[[str], Any]] = {ID: str, CREATION_TIME: _number}


def columns_of(form: Form, documents: Iterable[dict[str, Any]]) -> list[str]:
    """Return the columns for a table's documents: the declared fields, or all there are."""
    names = dict.fromkeys((ID, CREATION_TIME))
    if form.is_any:
        for document in documents:
            names |= dict.fromkeys(document)
    return [*names, *form.fields]
