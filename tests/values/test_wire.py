"""The wire forms: nothing is lost on the way, and damage is said to be damage."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from reactive_nb.errors import InvalidValue
from reactive_nb.values import wire
from reactive_nb.values.conversion import vector
from reactive_nb.values.value import MAX_INT, MIN_INT, UNSET
from tests.strategies import documents, identical, values


@settings(max_examples=200, deadline=None)
@given(values())
@pytest.mark.slow
def test_a_value_comes_back_from_its_bytes_unchanged(value: Any) -> None:
    assert identical(wire.decode(wire.encode(value)), value)


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(values())
def test_a_value_comes_back_from_json_unchanged(value: Any) -> None:
    text = json.dumps(wire.to_json(value), allow_nan=False)

    assert identical(wire.from_json(json.loads(text)), value)


@pytest.mark.slow
@settings(deadline=None)
@given(documents())
def test_the_order_of_fields_is_kept(document: dict[str, Any]) -> None:
    decoded = wire.decode(wire.encode(document))

    assert isinstance(decoded, dict)
    assert list(decoded) == list(document)


@pytest.mark.parametrize("number", [MAX_INT, MIN_INT, 2**53 + 1])
def test_a_large_int_stays_an_int(number: int) -> None:
    decoded = wire.decode(wire.encode(number))

    assert type(decoded) is int
    assert decoded == number


# Around every length at which the header of an array grows.
@pytest.mark.parametrize("count", [0, 1, 15, 16, 17, 65535, 65536])
@pytest.mark.slow
def test_many_documents_are_decoded_as_each_alone(count: int) -> None:
    encoded = [wire.encode({"n": n % 7}) for n in range(count)]

    assert wire.decode_many(encoded) == [wire.decode(data) for data in encoded]


def test_a_decoded_vector_is_a_read_only_array_of_float32() -> None:
    decoded = wire.decode(wire.encode(vector([1.0, 0.1])))

    assert isinstance(decoded, np.ndarray)
    assert decoded.dtype == np.float32
    with pytest.raises(ValueError, match="read-only"):
        decoded[0] = 2.0
    with pytest.raises(ValueError, match="WRITEABLE"):
        decoded.setflags(write=True)


@pytest.mark.parametrize("data", [b"", b"\xc1", b"\x81", b"\xa2a", b"\xd4\x05\x00", b"\xc7\x03\x01abc"], ids=bytes.hex)
def test_damaged_bytes_are_said_to_be_damaged(data: bytes) -> None:
    with pytest.raises(InvalidValue, match="damaged"):
        wire.decode(data)
    with pytest.raises(InvalidValue, match="damaged"):
        wire.decode_many([data])


def test_what_was_not_normalised_is_not_encoded() -> None:
    with pytest.raises(InvalidValue, match="Pass it through normalize first"):
        wire.encode({"a": UNSET})  # type: ignore[dict-item]


@dataclass
class Form:
    name: str
    value: Any
    json: Any


FORMS = [
    Form("a plain object", {"a": [1, 1.5, "x", None, True]}, {"a": [1, 1.5, "x", None, True]}),
    Form("an int that a double holds", 2**53, 2**53),
    Form("an int beyond", 2**53 + 1, {"$integer": "AQAAAAAAIAA="}),
    Form("the largest int", MAX_INT, {"$integer": "/////////38="}),
    Form("the smallest int", MIN_INT, {"$integer": "AAAAAAAAAIA="}),
    Form("negative zero", -0.0, {"$float": "AAAAAAAAAIA="}),
    Form("infinity", math.inf, {"$float": "AAAAAAAA8H8="}),
    Form("minus infinity", -math.inf, {"$float": "AAAAAAAA8P8="}),
    Form("NaN", math.nan, {"$float": "AAAAAAAA+H8="}),
    Form("bytes", b"\0\xff", {"$bytes": "AP8="}),
    Form(
        "a datetime",
        datetime(2024, 2, 29, 12, 30, 0, 5, tzinfo=UTC),
        {"$datetime": "2024-02-29T12:30:00.000005+00:00"},
    ),
    Form("a vector", vector([0.5, -2.0]), {"$vector": [0.5, -2.0]}),
    Form("an object with an empty name", {"": 1}, {"": 1}),
]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_the_json_form_of(form: Form) -> None:
    assert wire.to_json(form.value) == form.json
    assert identical(wire.from_json(form.json), form.value)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ({"$integer": "BQAAAAAAAAA="}, 5),  # as Convex's client writes every int64
        ({"$datetime": "2024-02-29T13:30:00+01:00"}, datetime(2024, 2, 29, 12, 30, tzinfo=UTC)),
        ({"$datetime": "2024-02-29T12:30:00Z"}, datetime(2024, 2, 29, 12, 30, tzinfo=UTC)),
        ({"$vector": [1, 2.5]}, vector([1.0, 2.5])),
    ],
    ids=str,
)
def test_other_spellings_are_read_too(written: Any, read: Any) -> None:
    assert identical(wire.from_json(written), read)


@dataclass
class Bad:
    name: str
    json: Any
    path: str


BAD = [
    Bad("$integer of 7 bytes", {"a": {"$integer": "AAAAAAAAAA=="}}, "$.a"),
    Bad("$integer that is no base64", [{"$integer": "!"}], "$[0]"),
    Bad("$integer that is a number", {"$integer": 5}, "$"),
    Bad("$float of 4 bytes", {"$float": "AAAAAA=="}, "$"),
    Bad("$bytes that is no string", {"$bytes": [1]}, "$"),
    Bad("$datetime without a zone", {"$datetime": "2024-02-29T12:30:00"}, "$"),
    Bad("$datetime that is none", {"$datetime": "yesterday"}, "$"),
    Bad("$vector of strings", {"$vector": ["a"]}, "$"),
    Bad("$vector with a boolean", {"$vector": [True]}, "$"),
    Bad("$vector beyond float32", {"$vector": [1e300]}, "$"),
    Bad("$set, which Convex has given up", {"$set": [1]}, "$"),
    Bad("$map, which Convex has given up", {"$map": []}, "$"),
    Bad("$undefined", [1, {"a": {"$undefined": None}}], "$[1].a"),
    Bad("a tag with a companion", {"$bytes": "", "b": 1}, "$"),
    Bad("an int of 65 bits", {"n": 2**64}, "$.n"),
    Bad("a lone surrogate", {"s": "\ud800"}, "$.s"),
    Bad("a name that is not Unicode", {"a": {"\ud800": 1}}, "$.a"),
    Bad("a name that starts with $", {"a": {"$b": 1}}, "$.a"),
]


@pytest.mark.parametrize("case", BAD, ids=lambda case: case.name)
def test_json_that_is_no_value_is_refused_with_its_path(case: Bad) -> None:
    with pytest.raises(InvalidValue) as caught:
        wire.from_json(case.json)

    assert caught.value.path == case.path


def test_json_that_is_nested_too_deeply_is_refused() -> None:
    deep: Any = 1
    for _ in range(65):
        deep = [deep]

    with pytest.raises(InvalidValue, match="nested too deeply"):
        wire.from_json(deep)
