"""JSON lines and arrays: what is read, where it stands, and that the quick parser reads what the exact one does."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactive_nb.errors import InvalidValue, TransferError
from reactive_nb.schema.declaration import Table
from reactive_nb.tables.transfer import json_files
from reactive_nb.tables.transfer.form import Form
from reactive_nb.tables.transfer.source import Incoming

FILE = Path("a.jsonl")
ANY = Form.of(Table(None))


def read(lines: bytes) -> list[Incoming]:
    return [*json_files.read_lines(io.BytesIO(lines), ANY, FILE, "line ")]


LINES: list[tuple[str, bytes, list[dict[str, Any]]]] = [
    ("ends of Unix", b'{"n": 1}\n{"n": 2}\n', [{"n": 1}, {"n": 2}]),
    ("ends of Windows", b'{"n": 1}\r\n{"n": 2}\r\n', [{"n": 1}, {"n": 2}]),
    ("no end", b'{"n": 1}', [{"n": 1}]),
    ("nothing", b"", []),
    ("empty lines", b"\n  \r\n\n", []),
    ("a byte order mark", b'\xef\xbb\xbf{"n": 1}', [{"n": 1}]),
    ("a field twice", b'{"n": 1, "n": 2}', [{"n": 2}]),
    ("a float", b'{"n": 1.0}', [{"n": 1.0}]),
    ("an int where floats may be", b'{"n": 1e0}', [{"n": 1}]),
    ("a number beyond all floats", b'{"n": 1e999}', [{"n": float("inf")}]),
    ("all that JSON escapes", b'{"s": "\\u0000\\n\\ud83d\\ude00"}', [{"s": "\0\n\U0001f600"}]),
]


@pytest.mark.parametrize(("lines", "documents"), [case[1:] for case in LINES], ids=[case[0] for case in LINES])
def test_lines_are_documents(lines: bytes, documents: list[dict[str, Any]]) -> None:
    found = [document for _, _, document in read(lines)]

    assert repr(found) == repr(documents)


def test_each_document_says_where_it_stands_and_how_far_the_file_is_read() -> None:
    assert [(place, done) for place, done, _ in read(b'\n{"n": 1}\n\n{}\n')] == [("line 2", 10), ("line 4", 14)]


BAD: list[tuple[str, bytes, str]] = [
    ("cut off", b'{"n": 1}\n{"n": ', "line 2, column 7: Expecting value"),
    ("written over several lines", b'{\n "n": 1\n}', "line 1, column 3: Expecting property name"),
    ("not UTF-8", '{"s": "é"}'.encode("latin-1"), "line 1, column 8: it is not UTF-8"),
    ("UTF-16", '{"n": 1}'.encode("utf-16"), "line 1, column 1: it is not UTF-8"),
    ("NaN", b'{"n": NaN}', "line 1: NaN is no JSON"),
    ("ended by returns alone", b'{"n": 1}\r{"n": 2}\r', "line 1, column 10: Extra data"),
    ("too deep", b"[" * 100_000, "line 1: it is nested too deeply"),
    ("of too many digits", b'{"n": ' + b"9" * 10_000 + b"}", "line 1: Exceeds the limit"),
]


@pytest.mark.parametrize(("lines", "says"), [case[1:] for case in BAD], ids=[case[0] for case in BAD])
def test_a_line_that_is_no_json_says_where(lines: bytes, says: str) -> None:
    with pytest.raises(TransferError, match=says):
        read(lines)


def test_a_line_without_end_is_not_read_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_files, "_MAX_LINE", 100)
    lines = io.BytesIO(b"{}\n" + b" " * 1000)

    with pytest.raises(TransferError, match="line 2: it is longer than any document"):
        [*json_files.read_lines(lines, ANY, FILE, "line ")]

    assert lines.tell() == 103


def test_an_object_that_stands_for_no_value_is_that_documents_error() -> None:
    (_, _, bad), (_, _, good) = read(b'{"n": {"$float": 1}}\n{"n": 1}')

    assert isinstance(bad, InvalidValue)
    assert good == {"n": 1}


def test_half_a_surrogate_pair_is_left_to_whoever_checks_the_document() -> None:
    ((_, _, document),) = read(b'{"s": "\\ud800"}')

    assert document == {"s": "\ud800"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.slow
@given(JSON, st.booleans(), st.binary(max_size=2), st.integers(0, 30))
def test_the_quick_parser_reads_what_the_exact_one_does(value: Any, ascii: bool, damage: bytes, at: int) -> None:
    data = json.dumps(value, ensure_ascii=ascii).encode("utf-8", "surrogatepass")
    data = data[:at] + damage + data[at:]

    def parsed(parse: Any, *given: Any) -> str:
        try:
            return repr(parse(*given))
        except TransferError as error:
            return str(error)

    def slowly() -> Any:
        return json_files._parsed_slowly(json_files._text(data, FILE, "", 1), FILE, "", 1)

    assert parsed(json_files._parsed, data, FILE, "", 1) == parsed(slowly)


@pytest.mark.slow
@given(st.lists(st.dictionaries(st.sampled_from("ab"), st.integers(-5, 5)), max_size=5))
def test_what_is_written_as_lines_or_as_an_array_comes_back(documents: list[dict[str, Any]]) -> None:
    into = io.BytesIO()
    json_files.write_lines(documents, ANY, into)
    array = io.BytesIO()
    json_files.write_array(documents, ANY, array)

    assert [document for _, _, document in read(into.getvalue())] == documents
    assert json.loads(array.getvalue()) == documents


def test_an_array_says_its_items_by_number(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('[{"n": 1},\n {"n": 2}]')

    found = [*json_files.rows_of_array(tmp_path / "a.json")(ANY)]

    assert found == [("item 1", 1, {"n": 1}), ("item 2", 2, {"n": 2})]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "line 1, column 1: Expecting value"),
        ('[{"n": 1},\n]', "line 2, column 1: Expecting value"),
        ('{"n": 1}\n{"n": 2}', "line 2, column 1: Extra data"),
        ("{}", "it holds no list of documents"),
    ],
)
def test_an_array_that_is_none_says_where(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "a.json").write_text(text)

    with pytest.raises(TransferError, match=says):
        [*json_files.rows_of_array(tmp_path / "a.json")(ANY)]
