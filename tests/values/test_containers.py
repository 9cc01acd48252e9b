"""Arrays and records: any number of members, all declared alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reactive_nb.errors import InvalidValue, SchemaError, ValidationError
from reactive_nb.values.ids import encode_id
from reactive_nb.values.scalars import Validator
from reactive_nb.values.validators import v
from reactive_nb.values.value import IN_DOCUMENT, normalize
from tests.strategies import identical, values

TABLES = {"users": 10001}


class Names(list[Any]):
    __slots__ = ()


USER = encode_id(10001, bytes(16))


@settings(deadline=None)
@given(st.lists(values(), max_size=5))
@pytest.mark.slow
def test_an_array_of_any_accepts_every_list(items: list[Any]) -> None:
    assert identical(v.array(v.any()).check(items), normalize(items))


@dataclass
class Accepted:
    name: str
    validator: Validator
    given: Any
    result: Any


ACCEPTED = [
    Accepted("an empty array", v.array(v.string()), [], []),
    Accepted("items are normalised", v.array(v.number()), [np.int64(1), 2.5], [1, 2.5]),
    Accepted("a subclass of list", v.array(v.string()), Names(["a"]), ["a"]),
    Accepted("arrays of arrays", v.array(v.array(v.null())), [[], [None]], [[], [None]]),
    Accepted("8192 items", v.array(v.number()), [0] * 8192, [0] * 8192),
    Accepted("an empty record", v.record(v.string(), v.number()), {}, {}),
    Accepted("a record with any keys", v.record(v.string(), v.number()), {"a b": 1, "z-": 2}, {"a b": 1, "z-": 2}),
    Accepted("a record by id", v.record(v.id("users"), v.boolean()), {USER: True}, {USER: True}),
    Accepted("keys of a subclass of str", v.record(v.string(), v.number()), {np.str_("a"): 1}, {"a": 1}),
]


@pytest.mark.parametrize("case", ACCEPTED, ids=lambda case: case.name)
def test_accepted(case: Accepted) -> None:
    assert identical(case.validator.check(case.given, "$", TABLES), case.result)
    assert identical(case.validator.check(case.given, "$", TABLES, IN_DOCUMENT), case.result)


@dataclass
class Refused:
    name: str
    validator: Validator
    given: Any
    message: str


REFUSED = [
    Refused(
        "a tuple", v.array(v.number()), (1, 2), "$ is (1, 2) (tuple). Expected a list, each item a number. Pass a list."
    ),
    Refused(
        "a string is no array",
        v.array(v.string()),
        "abc",
        "$ is 'abc' (str). Expected a list, each item a string. Pass a list.",
    ),
    Refused(
        "a wrong item", v.array(v.number()), [1, "x"], "$[1] is 'x' (str). Expected a number. Pass an int or a float."
    ),
    Refused(
        "a wrong value",
        v.record(v.string(), v.number()),
        {"a": 1, "b": None},
        "$.b is None. Expected a number. Pass an int or a float.",
    ),
    Refused(
        "a list is no record",
        v.record(v.string(), v.number()),
        [1],
        "$ is [1] (list). Expected a record, each key a string and each value a number. Pass a dict.",
    ),
    Refused(
        "a key that is no id",
        v.record(v.id("users"), v.any()),
        {"Ada": 1},
        "$.Ada is 'Ada' (str). Expected an id of users. Pass the _id of a document of users.",
    ),
    Refused(
        "an empty key",
        v.record(v.string(), v.any()),
        {"": 1},
        "$[''] is under a key that no record in a document has. Expected keys that are not empty and do not start with an "
        "underscore. Choose other keys.",
    ),
    Refused(
        "a key of the engine's own kind",
        v.record(v.string(), v.any()),
        {"_id": 1},
        "$._id is under a key that no record in a document has. Expected keys that are not empty and do not start with an "
        "underscore. Choose other keys.",
    ),
]


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_refused_with_four_facts(case: Refused) -> None:
    with pytest.raises(ValidationError) as caught:
        case.validator.check(case.given, "$", TABLES, IN_DOCUMENT)

    assert str(caught.value) == f"Cannot accept the value: {case.message}"
    assert caught.value.path == case.message.split(" ")[0]


@pytest.mark.parametrize(
    ("validator", "given_"),
    [
        (v.array(v.number()), [0] * 8193),
        (v.record(v.string(), v.number()), {f"k{n}": n for n in range(1025)}),
        (v.record(v.string(), v.any()), {"_id": "x", "_creationTime": 1.0, "": 2}),
        (v.record(v.string(), v.number()), {"Zürich": 1, "x" * 1025: 2, "a\n": 3}),
        (v.array(v.any()), [{"Zürich": [0] * 8193}]),
    ],
    ids=["8193 items", "1025 keys", "keys of the engine's own kind", "any Unicode keys", "inside any"],
)
def test_arguments_and_results_have_no_limits_of_documents(validator: Validator, given_: Any) -> None:
    assert validator.check(given_) == given_


@pytest.mark.parametrize(
    ("validator", "given_", "says"),
    [
        (v.array(v.number()), [0] * 8193, "has 8193 items"),
        (v.record(v.string(), v.number()), {f"k{n}": n for n in range(1025)}, "has 1025 fields"),
        (v.record(v.string(), v.number()), {"é": 1}, "printable ASCII"),
        (v.record(v.string(), v.number()), {1: 1}, "has the key 1 (int)"),
        (v.array(v.any()), [{1}], "$[0] is {1} (set)"),
    ],
    ids=["8193 items", "1025 keys", "a key that is not ASCII", "a key that is no string", "an item that is no value"],
)
def test_past_a_limit_is_an_invalid_value(validator: Validator, given_: Any, says: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        validator.check(given_, nesting=IN_DOCUMENT)

    assert says in str(caught.value)


@pytest.mark.parametrize("keys", [v.literal("a"), v.number(), v.any(), v.union(v.string(), v.literal("a"))], ids=repr)
def test_these_are_no_keys_of_a_record(keys: Validator) -> None:
    with pytest.raises(SchemaError, match=r"v\.string\(\), v\.id\(\.\.\.\), or a union of these"):
        v.record(keys, v.any())


def test_the_keys_of_a_record_may_be_a_union_of_ids_and_strings() -> None:
    by_user = v.record(v.union(v.id("users"), v.id("bots")), v.number())

    assert by_user.check({USER: 1}, "$", TABLES) == {USER: 1}


def test_what_is_no_validator_cannot_be_declared() -> None:
    with pytest.raises(SchemaError, match="Cannot declare an array: it contains <class 'str'>"):
        v.array(str)  # type: ignore[arg-type]
