"""Objects, optional fields and unions: what they accept, the path in their errors, and their algebra."""

from __future__ import annotations

import math
from collections import OrderedDict
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
from reactive_nb.values.value import UNSET, Nesting, normalize
from tests.strategies import identical, values

NOON = datetime(2024, 6, 1, 12, tzinfo=UTC)
TABLES = {"users": 10001, "messages": 10002}
USER = encode_id(10001, bytes(16))
MESSAGE_ID = encode_id(10002, bytes(16))

MESSAGE = v.object(
    author=v.id("users"),
    body=v.string(),
    likes=v.number(),
    tags=v.array(v.string()),
    reply_to=v.optional(v.id("messages")),
    meta=v.optional(v.object(device=v.string(), at=v.nullable(v.datetime()))),
)
HELLO = {"author": USER, "body": "hello", "likes": 0, "tags": ["a"]}

CIRCLE = v.object(kind=v.literal("circle"), radius=v.number())
SQUARE = v.object(kind=v.literal("square"), side=v.number(), name=v.optional(v.string()))
SHAPE = v.union(CIRCLE, SQUARE)


@dataclass
class Accepted:
    name: str
    validator: Validator
    given: Any
    result: Any


ACCEPTED = [
    Accepted("optional fields may be missing", MESSAGE, HELLO, HELLO),
    Accepted(
        "optional fields may be there", MESSAGE, HELLO | {"reply_to": MESSAGE_ID}, HELLO | {"reply_to": MESSAGE_ID}
    ),
    Accepted("the order of fields is kept", v.object(a=v.any(), b=v.any()), {"b": 1, "a": [2]}, {"b": 1, "a": [2]}),
    Accepted("members are normalised", v.object(n=v.number()), {"n": np.int64(3)}, {"n": 3}),
    Accepted("a subclass of dict", v.object(n=v.number()), OrderedDict(n=1), {"n": 1}),
    Accepted("names of a subclass of str", v.object(n=v.number()), {np.str_("n"): 1}, {"n": 1}),
    Accepted("no fields at all", v.object(), {}, {}),
    Accepted(
        "a moment elsewhere, by type alone not yet a value",
        v.object(at=v.datetime(), x=v.any()),
        {"at": NOON.astimezone(timezone(timedelta(hours=1))), "x": NOON.astimezone(timezone(timedelta(hours=1)))},
        {"at": NOON, "x": NOON},
    ),
    Accepted("null where it is declared", v.nullable(v.string()), None, None),
    Accepted("pandas' NA as null", v.object(s=v.nullable(v.string())), {"s": pd.NA}, {"s": None}),
    Accepted("the first member that fits", v.union(v.string(), v.number()), 1.5, 1.5),
    Accepted("a foreign object that a later member takes", v.union(v.string(), v.number()), np.float32(1.5), 1.5),
    Accepted("one of several literals", v.union(v.literal("a"), v.literal("b")), "b", "b"),
    Accepted("a literal beside a type", v.union(v.literal("a"), v.number()), 7, 7),
    Accepted("one shape of several", SHAPE, {"kind": "square", "side": 2}, {"kind": "square", "side": 2}),
    Accepted("an array as list where both could be", v.union(v.vector(2), v.array(v.any())), [1, "x"], [1, "x"]),
    Accepted("an array as vector", v.union(v.string(), v.vector(2)), np.array([1.0, 2.0]), vector([1.0, 2.0])),
    Accepted("a list that is no vector for its NaN", v.union(v.vector(1), v.array(v.number())), [math.nan], [math.nan]),
]


@pytest.mark.parametrize("case", ACCEPTED, ids=lambda case: case.name)
def test_accepted(case: Accepted) -> None:
    assert identical(case.validator.check(case.given, "$", TABLES), case.result)


@dataclass
class Refused:
    name: str
    validator: Validator
    given: Any
    message: str


NESTED = v.object(a=v.array(v.object(b=v.string())))

REFUSED = [
    Refused(
        "no dict",
        MESSAGE,
        [1],
        "$ is [1] (list). Expected an object with the fields author, body, likes, tags, reply_to?, meta?. Pass a dict.",
    ),
    Refused(
        "a missing field",
        v.object(a=v.string(), b=v.int64()),
        {"a": "x"},
        "$.b is missing. Expected an int. Pass b, or declare it v.optional(...).",
    ),
    Refused(
        "an extra field",
        v.object(a=v.string(), b=v.string()),
        {"a": "x", "b": "y", "c": 1},
        "$.c is not a declared field. Expected only a, b. Correct the name, leave it out, or declare it.",
    ),
    Refused(
        "any field where none is declared",
        v.object(),
        {"a": 1},
        "$.a is not a declared field. Expected only no fields at all. Correct the name, leave it out, or declare it.",
    ),
    Refused(
        "a key that is no string",
        v.object(a=v.string()),
        {1: "x"},
        "$[1] is not a declared field. Expected only a. Correct the name, leave it out, or declare it.",
    ),
    Refused(
        "a wrong type",
        v.object(n=v.number()),
        {"n": "x"},
        "$.n is 'x' (str). Expected a number. Pass an int or a float.",
    ),
    Refused(
        "a bool as number",
        v.object(n=v.number()),
        {"n": True},
        "$.n is True (bool). Expected a number. Pass an int or a float.",
    ),
    Refused(
        "a wrong array item",
        MESSAGE,
        HELLO | {"tags": ["a", 3]},
        "$.tags[1] is 3 (int). Expected a string. Pass a str.",
    ),
    Refused(
        "a wrong field deep inside",
        NESTED,
        {"a": [{"b": "x"}, {"b": 1}]},
        "$.a[1].b is 1 (int). Expected a string. Pass a str.",
    ),
    Refused(
        "an extra field deep inside",
        NESTED,
        {"a": [{"b": "x", "c": 1}]},
        "$.a[0].c is not a declared field. Expected only b. Correct the name, leave it out, or declare it.",
    ),
    Refused(
        "an id of another table",
        MESSAGE,
        HELLO | {"author": MESSAGE_ID},
        f"$.author is '{MESSAGE_ID}', the id of a document of messages. Expected an id of users. Pass the _id of a document of users.",
    ),
    Refused(
        "null in an optional field",
        MESSAGE,
        HELLO | {"reply_to": None},
        "$.reply_to is None. Expected an id of messages. Leave the field out, or declare it with v.nullable(...) to store None.",
    ),
    Refused(
        "UNSET in a field",
        v.object(a=v.optional(v.string())),
        {"a": UNSET},
        "$.a is UNSET. Expected a string. Pass a str.",
    ),
    Refused(
        "none of the literals",
        v.union(v.literal("admin"), v.literal("user"), v.literal(7)),
        "root",
        "$ is 'root' (str). Expected 'admin', 'user' or 7. Pass one of these.",
    ),
    Refused(
        "none of the types", v.nullable(v.string()), 7, "$ is 7 (int). Expected a string or null. Pass one of these."
    ),
    Refused(
        "a string where one literal and another type are declared",
        v.union(v.literal("auto"), v.number()),
        "manual",
        "$ is 'manual' (str). Expected 'auto' or a number. Pass one of these.",
    ),
    Refused(
        "inside the only object of a union",
        v.nullable(v.object(n=v.number())),
        {"n": "x"},
        "$.n is 'x' (str). Expected a number. Pass an int or a float.",
    ),
    Refused(
        "the shape that the literal names",
        SHAPE,
        {"kind": "square", "side": "x"},
        "$.side is 'x' (str). Expected a number. Pass an int or a float; of the 2 alternatives this one is nearest: "
        "an object with the fields kind, side, name?.",
    ),
    Refused(
        "the shape that the literal names, although another has more of the fields",
        SHAPE,
        {"kind": "circle", "side": 3, "name": "x"},
        "$.side is not a declared field. Expected only kind, radius. Correct the name, leave it out, or declare it; "
        "of the 2 alternatives this one is nearest: an object with the fields kind, radius.",
    ),
    Refused(
        "the nearest of shapes that also hold what is no value",
        v.union(CIRCLE.extend(note=v.any()), SQUARE.extend(note=v.any())),
        {"kind": "square", "radius": 1, "note": {1}},
        "$.radius is not a declared field. Expected only kind, side, name, note. Correct the name, leave it out, or "
        "declare it; of the 2 alternatives this one is nearest: an object with the fields kind, side, name?, note.",
    ),
    Refused(
        "inside lists of a union",
        v.union(v.array(v.string()), v.array(v.number())),
        ["a", 1],
        "$[1] is 1 (int). Expected a string. Pass a str; of the 2 alternatives this one is nearest: "
        "a list, each item a string.",
    ),
    Refused(
        "a shape that no literal names",
        SHAPE,
        {"kind": "line", "side": 3},
        "$.kind is 'line' (str). Expected 'square'. Pass 'square'; of the 2 alternatives this one is nearest: "
        "an object with the fields kind, side, name?.",
    ),
]


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_refused_with_four_facts(case: Refused) -> None:
    with pytest.raises(ValidationError) as caught:
        case.validator.check(case.given, "$", TABLES)

    assert str(caught.value) == f"Cannot accept the value: {case.message}"
    assert caught.value.path == case.message.split(" ")[0]


@pytest.mark.parametrize(
    ("validator", "given_", "path"),
    [
        (v.object(s=v.string()), {"s": "\ud800"}, "$.s"),
        (v.object(n=v.number()), {"n": 2**63}, "$.n"),
        (v.object(at=v.optional(v.datetime())), {"at": datetime(2024, 6, 1)}, "$.at"),  # noqa: DTZ001 - that is the point
        (v.object(x=v.any()), {"x": datetime(2024, 6, 1)}, "$.x"),  # noqa: DTZ001 - that is the point
        (v.union(v.string(), v.number()), "\ud800", "$"),
        (v.object(x=v.any()), {"x": {"y": [{1}]}}, "$.x.y[0]"),
    ],
    ids=repr,
)
def test_what_no_validator_could_accept_is_an_invalid_value(validator: Validator, given_: Any, path: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        validator.check(given_)

    assert caught.value.path == path


def test_the_result_shares_no_container_with_what_came_in() -> None:
    given_: Any = {"x": {"y": [1]}, "z": 1}

    result: Any = v.object(x=v.any(), z=v.number()).check(given_)
    given_["x"]["y"].append(2)
    given_["z"] = 2

    assert result == {"x": {"y": [1]}, "z": 1}


def test_nesting_is_counted_through_validators_and_what_they_leave_open() -> None:
    validator = v.object(a=v.array(v.object(b=v.any())))

    assert validator.check({"a": [{"b": [1]}]}, nesting=Nesting(4)) == {"a": [{"b": [1]}]}
    with pytest.raises(InvalidValue, match="nested too deeply") as caught:
        validator.check({"a": [{"b": [[1]]}]}, nesting=Nesting(4))
    assert caught.value.path == "$.a[0].b[0]"
    with pytest.raises(InvalidValue, match="nested too deeply"):
        validator.check({"a": [{"b": 1}]}, nesting=Nesting(2))


@pytest.mark.slow
@settings(deadline=None)
@given(st.dictionaries(st.sampled_from("abcd"), values(), max_size=4))
def test_an_object_of_any_accepts_what_its_fields_allow(document: dict[str, Any]) -> None:
    validator = v.object(a=v.any(), b=v.any(), c=v.optional(v.any()))
    fits = {"a", "b"} <= set(document) <= {"a", "b", "c"}

    try:
        result = validator.check(document)
    except ValidationError:
        assert not fits
    else:
        assert fits
        assert identical(result, normalize(document))


MEMBERS = [
    v.null(),
    v.boolean(),
    v.int64(),
    v.number(),
    v.string(),
    v.bytes(),
    v.array(v.any()),
    v.record(v.string(), v.any()),
]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(MEMBERS), min_size=1, max_size=4), values())
@pytest.mark.slow
def test_a_union_accepts_exactly_what_some_member_accepts(members: list[Validator], value: Any) -> None:
    def accepts(validator: Validator) -> bool:
        try:
            return identical(validator.check(value), value)
        except (ValidationError, InvalidValue):
            return False

    assert accepts(v.union(*members)) == any(map(accepts, members))


# ------------------------------------------------------------------ declaring


@pytest.mark.parametrize("name", ["", "1a", "a b", "a-b", "é", "$a", "x" * 65, "__"])
def test_this_is_no_field_name(name: str) -> None:
    with pytest.raises(SchemaError, match="is not a field name"):
        v.object({name: v.string()})


def test_system_fields_can_be_declared() -> None:
    whole = v.object(_id=v.id("users"), _creationTime=v.number(), name=v.string())

    document = {"_id": USER, "_creationTime": 1.5, "name": "Ada"}
    assert whole.check(document, "$", TABLES) == document


def test_the_error_of_a_wrong_declaration_says_four_facts() -> None:
    with pytest.raises(SchemaError) as caught:
        v.object(name=str)  # type: ignore[arg-type]

    assert str(caught.value) == (
        "Cannot declare an object: the field name is declared as <class 'str'> (type). Expected a validator. "
        "Use a builder of v, such as v.string()."
    )


def test_optional_stands_only_around_a_field() -> None:
    for declare in (
        lambda: v.array(v.optional(v.string())),
        lambda: v.union(v.optional(v.string()), v.number()),
        lambda: v.optional(v.optional(v.string())),
        lambda: v.record(v.string(), v.optional(v.string())),
    ):
        with pytest.raises(SchemaError, match="only around the whole of an object's field"):
            declare()


def test_a_union_has_members() -> None:
    with pytest.raises(SchemaError, match="at least one validator"):
        v.union()


def test_an_object_has_at_most_1024_fields() -> None:
    v.object({f"f{n}": v.any() for n in range(1024)})
    with pytest.raises(SchemaError, match="at most 1024"):
        v.object({f"f{n}": v.any() for n in range(1025)})


def test_a_declaration_cannot_be_changed_from_outside() -> None:
    fields = {"a": v.string()}
    validator = v.object(fields)
    fields["b"] = v.string()

    assert list(validator.fields) == ["a"]


def test_equal_declarations_are_equal() -> None:
    assert v.object(a=v.string(), b=v.optional(v.id("users"))) == v.object(b=v.optional(v.id("users")), a=v.string())
    assert v.object(a=v.string()) != v.object(a=v.optional(v.string()))
    assert v.union(v.union(v.string(), v.null()), v.null()) == v.nullable(v.string())
    assert len({v.object(a=v.string()), v.object(a=v.string()), v.array(v.string())}) == 2


# ------------------------------------------------------------------ pick, omit, extend, partial

USER_FIELDS = v.object(name=v.string(), age=v.number(), email=v.optional(v.string()))


def test_pick_keeps_and_omit_drops_fields() -> None:
    assert USER_FIELDS.pick("age", "name") == v.object(name=v.string(), age=v.number())
    assert USER_FIELDS.omit("age", "email") == v.object(name=v.string())


def test_extend_adds_fields_and_declares_anew() -> None:
    assert v.object(a=v.string()).extend(b=v.null()) == v.object(a=v.string(), b=v.null())
    assert v.object(a=v.string()).extend({"a": v.number()}) == v.object(a=v.number())


def test_partial_makes_every_field_optional_once() -> None:
    assert USER_FIELDS.partial() == v.object(
        name=v.optional(v.string()), age=v.optional(v.number()), email=v.optional(v.string())
    )
    assert USER_FIELDS.partial().check({}) == {}


def test_a_field_that_is_not_there_cannot_be_picked() -> None:
    with pytest.raises(SchemaError) as caught:
        USER_FIELDS.omit("nmae")

    assert str(caught.value) == (
        "Cannot pick or omit a field: the object has no field 'nmae'. Expected one of name, age, email. "
        "Correct the name."
    )


def test_the_algebra_goes_over_the_members_of_a_union() -> None:
    assert SHAPE.pick("kind") == v.union(CIRCLE.pick("kind"), SQUARE.pick("kind"))
    assert SHAPE.omit("kind", "name") == v.union(v.object(radius=v.number()), v.object(side=v.number()))
    assert SHAPE.extend(id=v.string()) == v.union(CIRCLE.extend(id=v.string()), SQUARE.extend(id=v.string()))
    assert SHAPE.partial() == v.union(CIRCLE.partial(), SQUARE.partial())


def test_a_union_with_a_scalar_has_no_fields_to_change() -> None:
    with pytest.raises(SchemaError, match="a union of objects only"):
        v.nullable(CIRCLE).partial()


def test_a_long_object_is_described_short() -> None:
    described = v.object({f"f{n}": v.any() for n in range(20)}).describe()

    assert described == "an object with the fields f0, f1, f2, f3, f4, f5, f6, 13 more"
    assert v.object().describe() == "an empty object"
