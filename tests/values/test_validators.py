"""The builders `v`, and validators as JSON: Convex's form, read back to an equal validator."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reactive_nb.errors import SchemaError
from reactive_nb.values.validators import Validator, from_json, v

SCALARS = [v.string(), v.number(), v.int64(), v.boolean(), v.null(), v.bytes(), v.datetime(), v.any()]
SCALARS += [v.vector(3), v.id("users"), v.literal("a"), v.literal(2**60), v.literal(1.5), v.literal(False)]


def validators() -> st.SearchStrategy[Validator]:
    """Validators of every kind, nested."""
    names = st.sampled_from(["a", "b", "_id"])

    def composed(inner: st.SearchStrategy[Validator]) -> st.SearchStrategy[Validator]:
        fields = st.dictionaries(names, st.one_of(inner, inner.map(v.optional)), max_size=3)
        return st.one_of(
            inner.map(v.array),
            inner.map(v.nullable),
            inner.map(lambda values: v.record(v.id("users"), values)),
            st.lists(inner, min_size=1, max_size=3).map(lambda members: v.union(*members)),
            fields.map(v.object),
        )

    return st.recursive(st.sampled_from(SCALARS), composed, max_leaves=6)


JSON: list[tuple[Validator, Any]] = [
    (v.string(), {"type": "string"}),
    (v.number(), {"type": "number"}),
    (v.float64(), {"type": "number"}),
    (v.int64(), {"type": "bigint"}),
    (v.boolean(), {"type": "boolean"}),
    (v.null(), {"type": "null"}),
    (v.bytes(), {"type": "bytes"}),
    (v.any(), {"type": "any"}),
    (v.datetime(), {"type": "datetime"}),
    (v.vector(384), {"type": "vector", "dimensions": 384}),
    (v.id("users"), {"type": "id", "tableName": "users"}),
    (v.literal("a"), {"type": "literal", "value": "a"}),
    (v.literal(2**60), {"type": "literal", "value": {"$integer": "AAAAAAAAABA="}}),
    (v.array(v.string()), {"type": "array", "value": {"type": "string"}}),
    (
        v.record(v.string(), v.number()),
        {"type": "record", "keys": {"type": "string"}, "values": {"fieldType": {"type": "number"}, "optional": False}},
    ),
    (v.nullable(v.string()), {"type": "union", "value": [{"type": "string"}, {"type": "null"}]}),
    (
        v.object(a=v.string(), b=v.optional(v.number())),
        {
            "type": "object",
            "value": {
                "a": {"fieldType": {"type": "string"}, "optional": False},
                "b": {"fieldType": {"type": "number"}, "optional": True},
            },
        },
    ),
]


@pytest.mark.parametrize(("validator", "written"), JSON, ids=lambda case: repr(case))
def test_the_json_of_a_validator_is_that_of_convex(validator: Validator, written: Any) -> None:
    assert validator.to_json() == written
    assert from_json(written) == validator
    assert validator.kind == written["type"]


@settings(deadline=None)
@given(validators())
def test_a_validator_comes_back_from_its_json_equal(validator: Validator) -> None:
    again = from_json(json.loads(json.dumps(validator.to_json())))

    assert again == validator
    assert hash(again) == hash(validator)


@settings(deadline=None)
@given(validators())
def test_a_validator_is_shown_as_the_code_that_builds_it(validator: Validator) -> None:
    assert eval(repr(validator), {"v": v}) == validator


@settings(deadline=None)
@given(validators(), validators())
def test_validators_are_equal_exactly_if_they_look_equal(a: Validator, b: Validator) -> None:
    def canonical(validator: Validator) -> str:
        return json.dumps(validator.to_json(), sort_keys=True)

    assert (a == b) == (canonical(a) == canonical(b))


@pytest.mark.parametrize(
    "written",
    [
        None,
        "string",
        {},
        {"type": "str"},
        {"type": ["string"]},
        {"type": "id"},
        {"type": "array"},
        {"type": "array", "value": {"type": "?"}},
        {"type": "object", "value": [1]},
        {"type": "object", "value": {"a": {"type": "string"}}},
        {"type": "object", "value": {"a b": {"fieldType": {"type": "string"}, "optional": False}}},
        {"type": "union", "value": []},
        {"type": "literal", "value": {"$integer": "?"}},
        {"type": "vector", "dimensions": 0},
    ],
    ids=repr,
)
def test_what_is_no_json_of_a_validator_is_refused(written: Any) -> None:
    with pytest.raises(SchemaError):
        from_json(written)


def test_the_error_of_unreadable_json_says_four_facts() -> None:
    with pytest.raises(SchemaError) as caught:
        from_json({"type": "email"})

    assert str(caught.value) == (
        "Cannot read the validator: {'type': 'email'} (dict) is not the JSON of one. "
        "Expected what Validator.to_json writes. If it was stored by a newer version, update reactive_nb."
    )


def test_an_object_takes_its_fields_as_mapping_and_as_keywords() -> None:
    assert v.object({"a": v.string()}, b=v.null()) == v.object(a=v.string(), b=v.null())


@pytest.mark.parametrize(
    ("validator", "described"),
    [
        (v.int64(), "an int"),
        (v.id("users"), "an id of users"),
        (v.array(v.nullable(v.string())), "a list, each item a string or null"),
        (v.record(v.string(), v.number()), "a record, each key a string and each value a number"),
        (v.union(v.literal("a"), v.literal("b"), v.null()), "'a', 'b' or null"),
        (v.optional(v.vector(3)), "a vector of 3 numbers"),
        (v.object(a=v.string(), b=v.optional(v.string())), "an object with the fields a, b?"),
    ],
    ids=repr,
)
def test_a_validator_describes_what_it_accepts(validator: Validator, described: str) -> None:
    assert validator.describe() == described
