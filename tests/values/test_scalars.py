"""Validators of single values: what each accepts, what it gives back, and the sentence with which it refuses."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reactive_nb.errors import InvalidValue, SchemaError, ValidationError
from reactive_nb.values.conversion import vector
from reactive_nb.values.ids import encode_id
from reactive_nb.values.scalars import Validator
from reactive_nb.values.validators import v
from reactive_nb.values.value import UNSET, normalize
from tests.strategies import identical, values

NOON = datetime(2024, 6, 1, 12, tzinfo=UTC)
TABLES = {"users": 10001, "messages": 10002}
USER = encode_id(10001, bytes(range(16)))
MESSAGE = encode_id(10002, bytes(range(16)))


@dataclass
class Accepted:
    validator: Validator
    given: Any
    result: Any

    @property
    def name(self) -> str:
        return f"{self.validator!r} accepts {self.given!r}"


ACCEPTED = [
    Accepted(v.string(), "é", "é"),
    Accepted(v.string(), np.str_("x"), "x"),
    Accepted(v.number(), 1, 1),
    Accepted(v.number(), 1.5, 1.5),
    Accepted(v.number(), math.nan, math.nan),
    Accepted(v.number(), np.float32(0.5), 0.5),
    Accepted(v.float64(), 1, 1),
    Accepted(v.int64(), 2**63 - 1, 2**63 - 1),
    Accepted(v.int64(), np.int8(3), 3),
    Accepted(v.boolean(), False, False),
    Accepted(v.boolean(), np.bool_(True), True),
    Accepted(v.null(), None, None),
    Accepted(v.null(), pd.NA, None),
    Accepted(v.bytes(), b"\0", b"\0"),
    Accepted(v.bytes(), bytearray(b"x"), b"x"),
    Accepted(v.datetime(), NOON, NOON),
    Accepted(v.datetime(), NOON.astimezone(timezone(timedelta(hours=2))), NOON),
    Accepted(v.datetime(), pd.Timestamp(NOON), NOON),
    Accepted(v.vector(2), [1, 0.5], vector([1.0, 0.5])),
    Accepted(v.vector(2), [1.0, 0.5], vector([1.0, 0.5])),
    Accepted(v.vector(2), [np.float32(1), np.int64(2)], vector([1.0, 2.0])),
    Accepted(v.vector(2), np.array([1.0, 0.5]), vector([1.0, 0.5])),
    Accepted(v.vector(2), vector([1.0, 0.5]), vector([1.0, 0.5])),
    Accepted(v.id("users"), USER, USER),
    Accepted(v.id("users"), np.str_(USER), USER),
    Accepted(v.literal("a"), "a", "a"),
    Accepted(v.literal(1), 1.0, 1.0),
    Accepted(v.literal(True), True, True),
    Accepted(v.literal(2.5), np.float64(2.5), 2.5),
]


@pytest.mark.parametrize("case", ACCEPTED, ids=lambda case: case.name)
def test_it_accepts(case: Accepted) -> None:
    assert identical(case.validator.check(case.given, "$", TABLES), case.result)


@dataclass
class Refused:
    validator: Validator
    given: Any
    message: str

    @property
    def name(self) -> str:
        return f"{self.validator!r} refuses {self.given!r}"


REFUSED = [
    Refused(v.string(), 123, "$ is 123 (int). Expected a string. Pass a str."),
    Refused(v.string(), None, "$ is None. Expected a string. Pass a str."),
    Refused(v.string(), UNSET, "$ is UNSET. Expected a string. Pass a str."),
    Refused(v.string(), {1}, "$ is {1} (set). Expected a string. Pass a str."),
    Refused(v.string(), b"x", "$ is b'x' (bytes). Expected a string. Pass a str."),
    Refused(v.number(), "x", "$ is 'x' (str). Expected a number. Pass an int or a float."),
    Refused(v.number(), True, "$ is True (bool). Expected a number. Pass an int or a float."),
    Refused(v.float64(), pd.NA, "$ is <NA> (NAType). Expected a number. Pass an int or a float."),
    Refused(v.int64(), 1.0, "$ is 1.0 (float). Expected an int. Pass an int; v.number() takes floats too."),
    Refused(v.int64(), True, "$ is True (bool). Expected an int. Pass an int; v.number() takes floats too."),
    Refused(v.boolean(), 1, "$ is 1 (int). Expected a boolean. Pass True or False."),
    Refused(v.null(), False, "$ is False (bool). Expected null. Pass None."),
    Refused(v.bytes(), "x", "$ is 'x' (str). Expected bytes. Pass bytes; a str becomes bytes with .encode()."),
    Refused(
        v.datetime(),
        "2024-06-01",
        "$ is '2024-06-01' (str). Expected a datetime. Pass a datetime with a time zone.",
    ),
    Refused(
        v.vector(3),
        [1.0, 2.0],
        "$ has 2 numbers. Expected a vector of 3 numbers. Pass a list or a float array of 3 numbers.",
    ),
    Refused(
        v.vector(3),
        "abc",
        "$ is 'abc' (str). Expected a vector of 3 numbers. Pass a list or a float array of 3 numbers.",
    ),
    Refused(
        v.vector(3),
        [0.5] * 10_000,
        "$ has 10000 numbers. Expected a vector of 3 numbers. Pass a list or a float array of 3 numbers.",
    ),
    Refused(v.vector(2), [1.0, "x"], "$[1] is 'x' (str). Expected a number. Pass an int or a float."),
    Refused(v.vector(1), [True], "$[0] is True (bool). Expected a number. Pass an int or a float."),
    Refused(
        v.vector(2),
        [1.0, math.nan],
        "$[1] is nan, which a vector cannot hold. Expected finite numbers up to 3.4e38, the range of float32. "
        "Replace what is missing or too large before it is stored.",
    ),
    Refused(
        v.vector(2),
        np.array([1, 2]),
        "$ is an array of shape (2,) and type int64. Expected a vector, which is a one-dimensional numpy array of "
        "floats. Pass array.tolist() to store it as a list, or array.astype('float32') as a vector.",
    ),
    Refused(v.id("users"), "Ada", "$ is 'Ada' (str). Expected an id of users. Pass the _id of a document of users."),
    Refused(v.id("users"), 7, "$ is 7 (int). Expected an id of users. Pass the _id of a document of users."),
    Refused(
        v.id("users"),
        MESSAGE,
        f"$ is '{MESSAGE}', the id of a document of messages. Expected an id of users. "
        "Pass the _id of a document of users.",
    ),
    Refused(
        v.id("nowhere"),
        encode_id(77, bytes(16)),
        f"$ is '{encode_id(77, bytes(16))}', the id of a document of an unknown table. Expected an id of nowhere. "
        "Pass the _id of a document of nowhere.",
    ),
    Refused(v.literal("a"), "b", "$ is 'b' (str). Expected 'a'. Pass 'a'."),
    Refused(v.literal(1), True, "$ is True (bool). Expected 1. Pass 1."),
    Refused(v.literal(True), 1, "$ is 1 (int). Expected True. Pass True."),
]


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_it_refuses_with_four_facts(case: Refused) -> None:
    with pytest.raises(ValidationError) as caught:
        case.validator.check(case.given, "$", TABLES)

    assert str(caught.value) == f"Cannot accept the value: {case.message}"
    assert caught.value.path == case.message.split(" ")[0]


@pytest.mark.parametrize(
    ("validator", "given_"),
    [
        (v.string(), "\ud800"),
        (v.number(), 2**63),
        (v.int64(), -(2**63) - 1),
        (v.datetime(), datetime(2024, 6, 1)),  # noqa: DTZ001 - that is the point
        (v.any(), {1, 2}),
        (v.any(), {"a": [UNSET]}),
    ],
    ids=repr,
)
def test_what_no_validator_could_accept_is_an_invalid_value(validator: Validator, given_: Any) -> None:
    with pytest.raises(InvalidValue):
        validator.check(given_)


@pytest.mark.slow
@settings(deadline=None)
@given(values())
def test_any_accepts_what_is_a_value_and_normalises_it(value: Any) -> None:
    assert identical(v.any().check(value), normalize(value))


@pytest.mark.slow
@settings(deadline=None)
@given(values())
def test_a_value_is_accepted_by_the_validators_of_its_type_and_no_other(value: Any) -> None:
    expected = {
        "NoneType": {v.null()},
        "bool": {v.boolean()},
        "int": {v.number(), v.int64()},
        "float": {v.number()},
        "str": {v.string()},
        "bytes": {v.bytes()},
        "datetime": {v.datetime()},
    }.get(type(value).__name__, set())
    accepting = set()
    for validator in (v.null(), v.boolean(), v.number(), v.int64(), v.string(), v.bytes(), v.datetime()):
        try:
            assert identical(validator.check(value), value)
            accepting.add(validator)
        except ValidationError:
            continue

    assert accepting == expected


def test_the_path_starts_where_the_caller_says() -> None:
    with pytest.raises(ValidationError, match=r"\$\.args\.n is 'x'") as caught:
        v.number().check("x", "$.args.n")

    assert caught.value.path == "$.args.n"


def test_literals_of_different_kinds_are_different() -> None:
    assert v.literal(1) == v.literal(1.0)
    assert v.literal(1) != v.literal(True)
    assert len({v.literal(0), v.literal(False), v.literal("0")}) == 3


@pytest.mark.parametrize("value", [None, math.nan, math.inf, b"x", 2**63, "\ud800", [1]], ids=repr)
def test_this_is_no_literal(value: Any) -> None:
    with pytest.raises(SchemaError, match="Cannot declare a literal"):
        v.literal(value)


@pytest.mark.parametrize("dimensions", [0, -1, 1.5, True, "3", 8193], ids=repr)
def test_this_is_no_number_of_dimensions(dimensions: Any) -> None:
    with pytest.raises(SchemaError, match="an int from 1 to 8192"):
        v.vector(dimensions)


@pytest.mark.parametrize("table", ["", None, 7], ids=repr)
def test_this_is_no_table(table: Any) -> None:
    with pytest.raises(SchemaError, match="the name of a table"):
        v.id(table)


COLUMN_VALIDATORS = [
    v.string(),
    v.number(),
    v.int64(),
    v.boolean(),
    v.datetime(),
    v.bytes(),
    v.any(),
    v.optional(v.string()),
    v.nullable(v.datetime()),
    v.union(v.literal("a"), v.number()),
    v.vector(2),
    v.array(v.number()),
]
COLUMN_VALUES = [
    *("a", "\ud800", 1, 2**63, 1.5, math.nan, True, None, b"", [1], [0.5, 1.5], {}, {1}, UNSET, np.float64(0.5)),
    datetime(2026, 1, 1, tzinfo=UTC),
    datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=9))),
    datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None),
]


@given(st.sampled_from(COLUMN_VALIDATORS), st.lists(st.sampled_from(COLUMN_VALUES) | st.just("a"), max_size=5))
def test_a_column_is_checked_as_its_values_are(validator: Validator, column: list[Any]) -> None:
    before = list(column)
    expected: list[Any] = []
    errors: dict[int, str] = {}
    for position, value in enumerate(column):
        try:
            expected.append(UNSET if value is UNSET else validator.check(value))
        except (ValidationError, InvalidValue) as error:
            errors[position] = str(error)
            expected.append(UNSET)

    checked, refused = validator.check_all(column)

    assert repr(checked) == repr(expected)
    assert list(map(type, checked)) == list(map(type, expected))
    assert {position: str(error) for position, error in refused.items()} == errors
    assert repr(column) == repr(before)


def test_a_validator_knows_the_kinds_it_accepts() -> None:
    assert [kind for kind in (str, int, float, type(None)) if v.nullable(v.number()).accepts(kind)] == [
        int,
        float,
        type(None),
    ]
