"""Which format a file has, and what is no file that can be loaded."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reactive_nb.errors import ReactiveError, TransferError
from reactive_nb.tables.transfer.formats import FORMATS, format_of, open_source

ENDINGS = [
    *((f"a.{name}", None, name) for name in FORMATS),
    ("a.ndjson", None, "jsonl"),
    ("a.pq", None, "parquet"),
    ("A.CSV", None, "csv"),
    ("a.b.json", None, "json"),
    ("a.txt", "csv", "csv"),
    ("a.zip", "jsonl", "jsonl"),
]


@pytest.mark.parametrize(("name", "given", "format"), ENDINGS)
def test_the_format_is_the_given_one_or_that_of_the_ending(name: str, given: str | None, format: str) -> None:
    assert format_of(Path(name), given, "Cannot load it") == format


@pytest.mark.parametrize(
    ("name", "given", "says"),
    [
        ("a.csv.gz", None, "the file ends in '.gz'. Expected one of zip, jsonl, json, csv, parquet"),
        ("a", None, "the file ends in ''"),
        ("a.csv", "xml", "format is 'xml'"),
    ],
)
def test_another_format_is_refused(name: str, given: str | None, says: str) -> None:
    with pytest.raises(ReactiveError, match=says):
        format_of(Path(name), given, "Cannot load it")


@pytest.mark.parametrize("format", FORMATS)
def test_a_file_that_is_not_there_is_refused_when_it_is_opened(tmp_path: Path, format: str) -> None:
    with pytest.raises(TransferError, match="is not there"):
        open_source(tmp_path / "a", format, ["t"])


@pytest.mark.parametrize("format", FORMATS)
def test_a_folder_is_no_file(tmp_path: Path, format: str) -> None:
    with pytest.raises(TransferError, match="is a folder, a pipe or a device"):
        open_source(tmp_path, format, ["t"])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with names are POSIX")
@pytest.mark.parametrize("format", FORMATS)
def test_a_pipe_is_no_file_since_it_can_be_read_only_once(tmp_path: Path, format: str) -> None:
    os.mkfifo(tmp_path / "a")

    with pytest.raises(TransferError, match="Write what it holds into a file first; nothing was loaded"):
        open_source(tmp_path / "a", format, ["t"])


def test_the_size_is_known_where_reading_can_be_measured_by_it(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"n\n1\n")

    sizes = {}
    for format in ("jsonl", "json", "csv", "parquet"):
        with open_source(tmp_path / "a", format, ["t"]) as source:
            (table,) = source.tables
        sizes[format] = table.size

    assert sizes == {"jsonl": 4, "json": None, "csv": 4, "parquet": None}
