"""JSON lines and JSON arrays: one document per line, or all of them in one list.

Comes in: a file, or a stream of lines within a zip. Goes out: documents with the lines they stand in, as their table's
form reads them; and the other way round.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import msgspec

from reactive_nb.errors import InvalidValue
from reactive_nb.tables.transfer import refusals
from reactive_nb.tables.transfer.form import Form, encode_json, number
from reactive_nb.tables.transfer.source import Incoming, Rows, as_document

_BOM = b"\xef\xbb\xbf"
_AT_ONCE = 2_000
_MAX_LINE = 1 << 26  # far above any document; a line without end, as a malicious zip may hold, fills no memory


def rows_of_lines(file: Path) -> Rows:
    """Return what reads a file of JSON lines."""

    def rows(form: Form) -> Iterator[Incoming]:
        try:
            opened = file.open("rb", buffering=1 << 20)
        except OSError as error:
            raise refusals.unopened(file, error) from error
        with opened:
            yield from read_lines(opened, form, file, "line ")

    return rows


def rows_of_array(file: Path) -> Rows:
    """Return what reads a file that is one JSON array; it is in memory as a whole."""

    def rows(form: Form) -> Iterator[Incoming]:
        try:
            data = file.read_bytes()
        except OSError as error:
            raise refusals.unopened(file, error) from error
        parsed = _parsed(data.removeprefix(_BOM), file, "line ", None)
        if not isinstance(parsed, list):
            raise refusals.unreadable(
                file,
                "it holds no list of documents",
                "Write the documents as one JSON array, or one per line in .jsonl",
            )
        for position, value in enumerate(parsed, 1):
            yield _incoming(f"item {position}", position, value, form, False, True)

    return rows


def read_lines(lines: BinaryIO, form: Form, file: Path, place: str, legacy: bool = False) -> Iterator[Incoming]:
    """Yield the documents of JSON lines; empty lines hold none.

    Args:
        lines: Where they stand.
        form: The form of their table.
        file: The file in which they stand, for errors.
        place: What stands before the number of a line in errors.
        legacy: See `Form.read`.

    Raises:
        TransferError: A line is no JSON; it says which, and where in it.
    """
    done = 0
    for position, line in enumerate(iter(partial(lines.readline, _MAX_LINE), b""), 1):
        done += len(line)
        if len(line) == _MAX_LINE:
            raise refusals.malformed(file, f"{place}{position}", "it is longer than any document", position, None)
        if position == 1:
            line = line.removeprefix(_BOM)
        if line.isspace() or not line:
            continue
        value = _parsed(line, file, place, position)
        yield _incoming(f"{place}{position}", done, value, form, legacy, b'"$' in line or b"\\" in line)


def write_lines(documents: Iterable[dict[str, Any]], form: Form, into: BinaryIO) -> None:
    """Write one line per document."""
    lines: list[bytes] = []
    for document in documents:
        lines.append(encode_json(form.written(document)))
        if len(lines) == _AT_ONCE:
            into.write(b"\n".join(lines) + b"\n")
            lines.clear()
    if lines:
        into.write(b"\n".join(lines) + b"\n")


def write_array(documents: Iterable[dict[str, Any]], form: Form, into: BinaryIO) -> None:
    """Write one JSON array, a document in each line."""
    before = b"[\n"
    for document in documents:
        into.write(before + encode_json(form.written(document)))
        before = b",\n"
    into.write(b"[]\n" if before == b"[\n" else b"\n]\n")


def _incoming(place: str, done: int, value: Any, form: Form, legacy: bool, tagged: bool) -> Incoming:
    document = as_document(value)
    if isinstance(document, dict):
        try:
            document = as_document(form.read(document, legacy, tagged))
        except InvalidValue as error:
            document = error
    return place, done, document


def _text(data: bytes, file: Path, place: str, line: int | None) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        before = data[: error.start]
        at = line or before.count(b"\n") + 1
        column = len(before.rpartition(b"\n")[2].decode()) + 1
        raise refusals.malformed(file, f"{place}{at}", "it is not UTF-8", at, column) from None


def _parsed(data: bytes, file: Path, place: str, line: int | None) -> Any:
    try:
        return _decode_quickly(data)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return _parsed_slowly(_text(data, file, place, line), file, place, line)


def _parsed_slowly(text: str, file: Path, place: str, line: int | None) -> Any:
    """Return the same, of half a surrogate pair too; or say in which line and column it is wrong."""
    try:
        return _decode(text)
    except json.JSONDecodeError as error:
        at, column = (error.lineno, error.colno) if line is None else (line, error.pos + 1)
        raise refusals.malformed(file, f"{place}{at}", error.msg, at, column) from None
    except (ValueError, RecursionError) as error:
        problem = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise refusals.malformed(file, f"{place}{line or 1}", problem, line or 1, None) from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


_decode_quickly = msgspec.json.Decoder(float_hook=number).decode
_decode = json.JSONDecoder(parse_float=number, parse_constant=_refuse_constant).decode
