"""CSV: what each cell is, told by the declaration, and that what is written comes back."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactive_nb import v
from reactive_nb.errors import TransferError
from reactive_nb.schema.declaration import Table, table
from reactive_nb.tables.transfer import csv_files
from reactive_nb.tables.transfer.form import Form
from reactive_nb.values.validators import Validator
from tests.strategies import identical

NOON = datetime(2013, 1, 1, 12, tzinfo=UTC)
ABSENT = "absent"

CELLS: list[tuple[str, Validator, str, Any]] = [
    ("an int", v.number(), "5", 5),
    ("a float", v.number(), "5.0", 5.0),
    ("an exponent", v.number(), "1e3", 1000.0),
    ("blanks around a number", v.number(), " 5 ", 5),
    ("a number with zeros before", v.number(), "007", 7),
    ("infinity", v.number(), "-inf", float("-inf")),
    ("no number", v.number(), "1_000", "1_000"),
    ("digits of another script", v.number(), "\u0665", "\u0665"),
    ("digits without end", v.number(), "9" * 5000, "9" * 5000),
    ("text that looks like a number", v.string(), "5", "5"),
    ("a bool", v.boolean(), "True", True),
    ("no bool", v.boolean(), "yes", "yes"),
    ("a datetime", v.datetime(), "2013-01-01 13:00:00+01", NOON),
    ("a datetime without zone", v.datetime(), "2013-01-01 13:00:00", "2013-01-01 13:00:00"),
    ("bytes", v.bytes(), "eA==", b"x"),
    ("no base64", v.bytes(), "?", "?"),
    ("a list", v.array(v.int64()), "[1, 2]", [1, 2]),
    ("an object", v.object(at=v.datetime()), '{"at": "2013-01-01T12:00:00Z"}', {"at": NOON}),
    ("no JSON", v.array(v.int64()), "[1", "[1"),
    ("a number or text", v.union(v.number(), v.string()), "x", "x"),
    ("a number or a bool", v.union(v.number(), v.boolean()), "true", True),
    ("an empty string", v.string(), "", ""),
    ("nothing in an optional string", v.optional(v.string()), "", ABSENT),
    ("nothing in an optional number", v.optional(v.number()), "", ABSENT),
    ("nothing in a nullable number", v.nullable(v.number()), "", None),
    ("nothing in a number", v.number(), "", ABSENT),
]


@pytest.mark.parametrize(("declared", "cell", "value"), [case[1:] for case in CELLS], ids=[case[0] for case in CELLS])
def test_a_cell_is_what_is_declared(tmp_path: Path, declared: Validator, cell: str, value: Any) -> None:
    quoted = cell.replace('"', '""')

    (document,) = read(tmp_path, f'other,field\n1,"{quoted}"\n', table(field=declared, other=v.number()))

    assert identical(document, {"other": 1} if value is ABSENT else {"other": 1, "field": value})


def test_without_a_declaration_a_cell_is_a_number_or_text(tmp_path: Path) -> None:
    (document,) = read(tmp_path, "a,b,c,d,e\n5,5.5,007,nan,\n", Table(None))

    assert document == {"a": 5, "b": 5.5, "c": "007", "d": "nan"}


def test_rows_are_told_by_number_and_by_the_line_in_which_they_end(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('a\n"x\ny"\n\nz\n')

    rows = [(place, document) for place, _, document in csv_files.rows_of(tmp_path / "a.csv")(Form(()))]

    assert rows == [("row 1 (line 3)", {"a": "x\ny"}), ("row 3 (line 5)", {"a": "z"})]


def test_bytes_that_are_no_text_are_told_by_their_own_line(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"a\n" + b"x\n" * 500 + "é\n".encode("latin-1") + b"x\n" * 500)

    with pytest.raises(TransferError, match="line 502: it is not UTF-8"):
        [*csv_files.rows_of(tmp_path / "a.csv")(Form(()))]


@pytest.mark.slow
@given(st.lists(st.fixed_dictionaries({"t": st.text(max_size=5), "n": st.integers(-5, 5), "b": st.binary(max_size=3)})))
def test_what_is_written_comes_back(tmp_path_factory: pytest.TempPathFactory, documents: list[dict[str, Any]]) -> None:
    declared = table(t=v.string(), n=v.number(), b=v.nullable(v.bytes()))
    into = io.BytesIO()

    csv_files.write(documents, ["t", "n", "b"], Form.of(declared, marks_ints=False), into)

    found = read(tmp_path_factory.mktemp("csv"), into.getvalue().decode(), declared)
    assert found == [{**each, "b": each["b"] or None} for each in documents]


def read(folder: Path, text: str, declared: Table) -> list[Any]:
    (folder / "a.csv").write_text(text, newline="")
    return [document for _, _, document in csv_files.rows_of(folder / "a.csv")(Form.of(declared))]
