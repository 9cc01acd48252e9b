"""The JSON of documents in exports: which text a value has, and that it comes back."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given

from reactive_nb import v
from reactive_nb.errors import InvalidValue
from reactive_nb.schema.declaration import Table, table
from reactive_nb.tables.transfer.form import Form, encode_json, number
from reactive_nb.values.conversion import vector
from reactive_nb.values.validators import Validator
from reactive_nb.values.value import IN_DOCUMENT, normalize
from tests.strategies import documents, identical

NOON = datetime(2013, 1, 1, 12, tzinfo=UTC)

WRITTEN = [
    ("an int where floats may be is marked", v.number(), 5, b"5e0"),
    ("and a negative one", v.number(), -5, b"-5e0"),
    ("and one that no float holds", v.number(), 2**53 + 1, b"9007199254740993e0"),
    ("an int where only ints may be is plain", v.int64(), 5, b"5"),
    ("and a large one", v.int64(), 2**60, b"1152921504606846976"),
    ("an int where anything may be is marked", v.any(), 5, b"5e0"),
    ("unless no float holds it", v.any(), 2**60, b"1152921504606846976"),
    ("a float has its point", v.number(), 5.0, b"5.0"),
    ("or its exponent", v.number(), 1e21, b"1e21"),
    ("minus nothing", v.number(), -0.0, b"-0.0"),
    ("no finite float", v.number(), float("inf"), b'{"$float":"AAAAAAAA8H8="}'),
    ("bytes", v.bytes(), b"x", b'{"$bytes":"eA=="}'),
    ("a declared datetime", v.datetime(), NOON, b'"2013-01-01T12:00:00+00:00"'),
    ("an optional one", v.optional(v.datetime()), NOON, b'"2013-01-01T12:00:00+00:00"'),
    ("one that may be a string", v.union(v.datetime(), v.string()), NOON, b'{"$datetime":"2013-01-01T12:00:00+00:00"}'),
    ("a datetime where anything may be", v.any(), NOON, b'{"$datetime":"2013-01-01T12:00:00+00:00"}'),
    ("a declared vector", v.vector(2), vector([1, 2]), b"[1.0,2.0]"),
    ("a vector where lists may be", v.any(), vector([1, 2]), b'{"$vector":[1.0,2.0]}'),
    ("items", v.array(v.int64()), [1, 2], b"[1,2]"),
    ("fields", v.object(a=v.int64(), b=v.number()), {"a": 1, "b": 1}, b'{"a":1,"b":1e0}'),
    ("the values of a record", v.record(v.string(), v.int64()), {"a": 1}, b'{"a":1}'),
]


@pytest.mark.parametrize(
    ("declared", "value", "text"), [case[1:] for case in WRITTEN], ids=[case[0] for case in WRITTEN]
)
def test_a_value_has_this_text_and_comes_back(declared: Validator, value: Any, text: bytes) -> None:
    form = Form([declared])

    assert encode_json(form.written(value)) == text
    assert identical(declared.check(form.read(parsed(text))), value)


def test_without_marks_ints_are_plain() -> None:
    assert encode_json(Form([v.number()], marks_ints=False).written(5)) == b"5"


READ = [
    ("Convex's int", v.int64(), b"5", 5),
    ("Convex's float", v.number(), b"5.0", 5.0),
    ("an int that others write", v.number(), b"5", 5),
    ("an int as clients write large ones", v.any(), b'{"$integer":"AAAAAAAAABA="}', 2**60),
    ("an exponent of others", v.number(), b"5e2", 500.0),
    ("a point before the mark", v.number(), b"1.5e0", 1.5),
    ("a datetime of another zone", v.datetime(), b'"2013-01-01T13:00:00+01:00"', NOON),
    ("no datetime is left to the declaration", v.datetime(), b'"noon"', "noon"),
    ("and a datetime without zone", v.datetime(), b'"2013-01-01T12:00:00"', "2013-01-01T12:00:00"),
]


@pytest.mark.parametrize(("declared", "text", "value"), [case[1:] for case in READ], ids=[case[0] for case in READ])
def test_text_is_read_as_this_value(declared: Validator, text: bytes, value: Any) -> None:
    assert identical(Form([declared]).read(parsed(text)), value)


LEGACY = [
    ("ints were text", v.int64(), '"5"', 5),
    ("bytes were base64", v.bytes(), '"eA=="', b"x"),
    ("no finite float", v.number(), '"-Infinity"', float("-inf")),
    ("a string is a string", v.string(), '"5"', "5"),
    ("and where both may be", v.union(v.string(), v.int64()), '"5"', "5"),
    ("what fits nothing is left to the declaration", v.int64(), '"five"', "five"),
    ("inside", v.array(v.object(n=v.int64())), '[{"n": "5"}]', [{"n": 5}]),
]


@pytest.mark.parametrize(("declared", "text", "value"), [case[1:] for case in LEGACY], ids=[case[0] for case in LEGACY])
def test_what_earlier_versions_of_convex_wrote_is_told_apart_by_the_declaration(
    declared: Validator, text: str, value: Any
) -> None:
    assert identical(Form([declared]).read(json.loads(text), legacy=True), value)


def test_a_tag_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidValue, match="base64 after '\\$bytes'"):
        Form(()).read({"a": {"$bytes": "?"}})


DECLARED = table(
    v.union(
        v.object(kind=v.literal("a"), x=v.number(), at=v.datetime()),
        v.object(kind=v.literal("b"), x=v.int64(), at=v.string()),
    )
)
"""A field of one name that is something else in each member."""


@pytest.mark.parametrize(
    "document",
    [
        {"kind": "a", "x": 5, "at": NOON},
        {"kind": "a", "x": 5.0, "at": NOON},
        {"kind": "b", "x": 5, "at": "2013-01-01T12:00:00+00:00"},
    ],
)
def test_fields_of_a_union_are_told_apart(document: dict[str, Any]) -> None:
    form = Form.of(DECLARED)

    read = form.read(parsed(encode_json(form.written(document))))

    assert DECLARED.document is not None
    assert identical(DECLARED.document.check(read), document)


@given(documents())
@pytest.mark.slow
def test_every_document_comes_back_from_a_table_without_declaration(document: dict[str, Any]) -> None:
    document = normalize(document)  # type: ignore[assignment]
    form = Form.of(Table(None))

    assert identical(normalize(form.read(parsed(encode_json(form.written(document)))), "$", IN_DOCUMENT), document)


def test_reading_without_tags_gives_the_same() -> None:
    declared = v.object(at=v.datetime(), more=v.object(at=v.array(v.datetime())), n=v.number())
    text = b'{"at":"2013-01-01T12:00:00Z","more":{"at":["2013-01-01T12:00:00Z"]},"n":5e0}'
    form = Form([declared])

    assert (
        form.read(parsed(text), tagged=False) == form.read(parsed(text)) == {"at": NOON, "more": {"at": [NOON]}, "n": 5}
    )


def test_a_vector_keeps_its_numbers() -> None:
    numbers = np.array([0.1, 1e-30, 3.4e38], dtype=np.float32)

    text = encode_json(Form([v.vector(3)]).written(numbers))

    assert identical(v.vector(3).check(parsed(text)), vector(numbers))


def parsed(text: bytes) -> Any:
    return json.loads(text, parse_float=number)
