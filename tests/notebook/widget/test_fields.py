"""Fields: what a validator is asked with, and what comes back."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactive_nb import UNSET, v
from reactive_nb.errors import ArgumentValidationError
from reactive_nb.notebook.result.encoding import encode_cell
from reactive_nb.notebook.widget.fields import field_of, like, raw_of, value_of
from reactive_nb.values.ids import encode_id
from reactive_nb.values.validators import Validator
from tests import strategies
from tests.strategies import identical

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
USER = encode_id(10001, bytes(16))


@dataclass(frozen=True)
class Asked:
    name: str
    validator: Validator
    kind: str
    optional: bool = False
    nullable: bool = False
    choices: list[str] | None = None
    table: str | None = None


ASKED = [
    Asked("name", v.string(), "text"),
    Asked("body", v.string(), "long"),
    Asked("description", v.optional(v.nullable(v.string())), "long", optional=True, nullable=True),
    Asked("x", v.number(), "number"),
    Asked("x", v.int64(), "integer"),
    Asked("x", v.optional(v.int64()), "integer", optional=True),
    Asked("x", v.nullable(v.boolean()), "boolean", nullable=True),
    Asked("x", v.datetime(), "datetime"),
    Asked("x", v.bytes(), "file"),
    Asked("x", v.id("users"), "id", table="users"),
    Asked("x", v.optional(v.nullable(v.id("users"))), "id", optional=True, nullable=True, table="users"),
    Asked("x", v.literal("a"), "constant", choices=["a"]),
    Asked("x", v.null(), "constant", choices=["None"]),
    Asked("x", v.optional(v.literal("a")), "choice", optional=True, choices=["a"]),
    Asked("x", v.nullable(v.literal("a")), "choice", nullable=True, choices=["a"]),
    Asked("x", v.union(v.literal("a"), v.literal(1), v.literal(True)), "choice", choices=["a", "1", "True"]),
    Asked("x", v.union(v.literal("1"), v.literal(1)), "choice", choices=["'1'", "1"]),
    Asked("x", v.union(v.literal("a"), v.number()), "json"),
    Asked("x", v.union(v.string(), v.number(), v.null()), "json", nullable=True),
    Asked("x", v.array(v.string()), "json"),
    Asked("x", v.object(a=v.string()), "json"),
    Asked("x", v.record(v.string(), v.any()), "json"),
    Asked("x", v.vector(3), "json"),
    Asked("x", v.any(), "json"),
]


@pytest.mark.parametrize("asked", ASKED, ids=lambda asked: f"{asked.name}: {asked.validator!r}")
def test_the_field_of_a_validator(asked: Asked) -> None:
    field = field_of(asked.name, asked.validator)

    assert (field["kind"], field["label"]) == (asked.kind, asked.name)
    assert (field["optional"], field["nullable"]) == (asked.optional, asked.nullable)
    assert (field.get("choices"), field.get("table")) == (asked.choices, asked.table)
    assert field["describe"] == asked.validator.describe()
    json.dumps(field)


READ: list[tuple[Validator, Any, Any]] = [
    (v.string(), {"text": ""}, ""),
    (v.string(), {"text": " a\n"}, " a\n"),
    (v.number(), {"text": " 12 "}, 12),
    (v.number(), {"text": "9007199254740993"}, 9007199254740993),
    (v.number(), {"text": "-1.5e3"}, -1500.0),
    (v.number(), {"text": ".5"}, 0.5),
    (v.number(), {"text": "-inf"}, float("-inf")),
    (v.int64(), {"text": "+12"}, 12),
    (v.int64(), {"text": "9223372036854775807"}, 2**63 - 1),
    (v.boolean(), {"flag": False}, False),
    (v.datetime(), {"text": "2026-11-20T14:00:00.000+02:00"}, NOON),
    (v.datetime(), {"text": "2026-11-20T12:00Z"}, NOON),
    (v.id("users"), {"text": f" {USER}\n"}, USER),
    (v.bytes(), {"bytes": "AP8=", "name": "a.bin"}, b"\0\xff"),
    (v.bytes(), {"bytes": ""}, b""),
    (v.union(v.literal("a"), v.literal(2)), {"choice": 1}, 2),
    (v.nullable(v.literal("a")), {"null": True}, None),
    (v.literal("a"), {"choice": 0}, "a"),
    (v.null(), {"choice": 0}, None),
    (v.optional(v.number()), {"missing": True}, UNSET),
    (v.any(), {"text": "null"}, None),
    (v.any(), {"text": '{"n": 9007199254740993, "at": {"$datetime": "2026-11-20T12:00:00+00:00"}}'}, {"n": 2**53 + 1, "at": NOON}),
    (v.array(v.string()), {"text": '["a"]'}, ["a"]),
    (v.union(v.string(), v.number()), {"text": '"a"'}, "a"),
    (v.vector(2), {"text": "[0.5, 1]"}, v.vector(2).check([0.5, 1])),
]  # fmt: skip


@pytest.mark.parametrize(("validator", "raw", "value"), READ, ids=repr)
def test_what_an_input_gives_becomes_a_value(validator: Validator, raw: Any, value: Any) -> None:
    got = value_of(validator, raw, "Cannot call f")

    assert got is UNSET if value is UNSET else identical(got, value)


REFUSED: list[tuple[Validator, Any, str, str]] = [
    (v.string(), {"missing": True}, "$.x is missing", "Fill it in"),
    (v.string(), {"null": True}, "$.x is None", "Fill it in"),
    (v.int64(), {"text": ""}, "$.x is empty", "Fill it in"),
    (v.int64(), {"text": "1.0"}, "$.x is '1.0' (str)", "Write a whole number in digits, such as 12"),
    (v.int64(), {"text": "1_000"}, "$.x is '1_000' (str)", "Write a whole number in digits, such as 12"),
    (v.int64(), {"text": "٣"}, "$.x is '٣' (str)", "Write a whole number in digits, such as 12"),
    (v.number(), {"text": "1,5"}, "$.x is '1,5' (str)", "Write a number with a point, such as 12 or 1.5, without commas"),
    (v.number(), {"text": "1e999"}, "$.x is '1e999' (str)", "Write a number with a point, such as 12 or 1.5"),
    (v.number(), {"flag": True}, "$.x is {'flag': True} (dict), which no input of this kind gives", "Run the cell again"),
    (v.datetime(), {"text": "2026-11-20T12:00"}, "$.x is '2026-11-20T12:00' (str)", "Give day and time, such as 2026-11-20T12:00+00:00"),
    (v.datetime(), {"text": "noon"}, "$.x is 'noon' (str)", "Give day and time, such as 2026-11-20T12:00+00:00"),
    (v.datetime(), {"text": "0001-01-01T00:00+02:00"}, "$.x is '0001-01-01T00:00+02:00' (str)", "Give day and time, such as 2026-11-20T12:00+00:00"),
    (v.bytes(), {"bytes": "AP8"}, "$.x is damaged on its way", "Choose the file again"),
    (v.boolean(), {"flag": 1}, "$.x is 1 (int), which this input never gives", "Run the cell again"),
    (v.union(v.literal("a"), v.literal("b")), {"choice": 2}, "$.x is 2 (int), which this input never gives", "Run the cell again"),
    (v.union(v.literal("a"), v.literal("b")), {"choice": -1}, "$.x is -1 (int), which this input never gives", "Run the cell again"),
    (v.union(v.literal("a"), v.literal("b")), {"choice": True}, "$.x is True (bool), which this input never gives", "Run the cell again"),
    (v.any(), None, "$.x is None, which no input of this kind gives", "Run the cell again"),
    (v.any(), {"text": "UA"}, "$.x is 'UA' (str) (Expecting value: line 1 column 1 (char 0))", 'Write text in quotes, "UA"'),
    (v.any(), {"text": "[1,"}, "$.x is '[1,' (str) (Expecting value: line 1 column 4 (char 3))", "Write it as JSON"),
    (v.any(), {"text": "9" * 5000}, f"$.x is '{'9' * 27}...{'9' * 28}' (str) (too large to be read)", "Write it as JSON"),
    (v.any(), {"text": "[" * 100_000}, f"$.x is '{'[' * 27}...{'[' * 28}' (str) (too large to be read)", "Write it as JSON"),
    (v.vector(2), {"text": "[1]"}, "$.x cannot be taken: $ has 1 numbers", "Pass a list or a float array of 2 numbers"),
]  # fmt: skip


@pytest.mark.parametrize(("validator", "raw", "thing", "hint"), REFUSED, ids=lambda each: repr(each)[:40])
def test_what_no_value_can_be_read_from_is_refused_with_its_place(
    validator: Validator, raw: Any, thing: str, hint: str
) -> None:
    with pytest.raises(ArgumentValidationError) as caught:
        value_of(validator, raw, "Cannot call f", "$.x")

    assert (caught.value.what, caught.value.path) == ("Cannot call f", "$.x")
    assert (caught.value.thing, caught.value.hint) == (thing, hint)


def test_initial_values_are_written_as_a_person_would_write_them() -> None:
    assert raw_of(v.number(), 2**60) == {"text": "1152921504606846976"}
    assert raw_of(v.any(), {"n": 2**60, "a": [0.5, None]}) == {"text": '{"n": 1152921504606846976, "a": [0.5, null]}'}
    assert raw_of(v.vector(2), v.vector(2).check([0.1, 1e9])) == {"text": "[0.1, 1000000000.0]"}


def scalar_cases() -> st.SearchStrategy[tuple[Validator, Any]]:
    pairs: list[tuple[Validator, st.SearchStrategy[Any]]] = [
        (v.string(), strategies.texts()),
        (v.number(), strategies.numbers()),
        (v.int64(), strategies.ints()),
        (v.boolean(), st.booleans()),
        (v.datetime(), strategies.datetimes()),
        (v.bytes(), st.binary(max_size=8)),
        (v.id("users"), st.just(USER)),
        (v.any(), strategies.values()),
        (v.array(v.any()), st.lists(strategies.values(), max_size=3)),
        (v.vector(2), st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=2, max_size=2).map(v.vector(2).check)),
        (v.union(v.string(), v.number()), st.one_of(strategies.texts(), strategies.numbers())),
        (v.union(v.literal("a"), v.literal(1), v.literal(True)), st.sampled_from(["a", 1, True])),
        (v.literal("a"), st.just("a")),
        (v.null(), st.none()),
    ]  # fmt: skip
    return st.one_of([st.tuples(st.just(validator), values) for validator, values in pairs])


@given(scalar_cases())
def test_a_value_comes_back_from_its_input(case: tuple[Validator, Any]) -> None:
    validator, value = case

    for each in (validator, v.optional(validator), v.nullable(validator), v.optional(v.nullable(validator))):
        raw = json.loads(json.dumps(raw_of(each, value)))
        assert identical(value_of(each, raw, "Cannot call f"), value)


@given(scalar_cases())
def test_none_and_missing_come_back_where_they_may_be(case: tuple[Validator, Any]) -> None:
    validator = v.optional(v.nullable(case[0]))

    assert value_of(validator, raw_of(validator, None), "Cannot call f") is None
    assert value_of(validator, raw_of(validator, UNSET), "Cannot call f") is UNSET


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, v.boolean()),
        (3, v.number()),
        (2**60, v.number()),
        (float("nan"), v.number()),
        ("a" * 600, v.string()),
        (NOON, v.datetime()),
        (None, v.any()),
        ([1], v.any()),
        (b"a", v.any()),
    ],
    ids=repr,
)
def test_an_undeclared_value_is_asked_for_by_its_kind_which_its_cell_tells_too(value: Any, expected: Validator) -> None:
    assert like(value) == expected
    assert like(encode_cell(value)) == expected
