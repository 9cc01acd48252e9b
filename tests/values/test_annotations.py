"""Python's annotations as validators."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal, NotRequired, Optional, Required, TypedDict, Union

import pytest

from reactive_nb.errors import SchemaError
from reactive_nb.values.annotations import from_annotation
from reactive_nb.values.ids import Id
from reactive_nb.values.validators import Validator, v

UserId: Any = Id["users"]
MessageId: Any = Id["messages"]


class Point(TypedDict):
    x: float
    y: NotRequired[float]


class Options(TypedDict, total=False):
    name: Required[str]
    tags: list[str]


class Named(Point):
    owner: UserId


CASES: list[tuple[Any, Validator]] = [
    (str, v.string()),
    (int, v.int64()),
    (float, v.number()),
    (bool, v.boolean()),
    (bytes, v.bytes()),
    (datetime, v.datetime()),
    (None, v.null()),
    (type(None), v.null()),
    (Any, v.any()),
    (object, v.any()),
    (inspect.Parameter.empty, v.any()),
    (list, v.array(v.any())),
    (typing.List, v.array(v.any())),  # noqa: UP006 - older code writes it so
    (list[str], v.array(v.string())),
    (list[list[int]], v.array(v.array(v.int64()))),
    (dict, v.record(v.string(), v.any())),
    (dict[str, float], v.record(v.string(), v.number())),
    (dict[UserId, bool], v.record(v.id("users"), v.boolean())),
    (str | None, v.nullable(v.string())),
    (Optional[str], v.nullable(v.string())),  # noqa: UP045 - older code writes it so
    (Union[str, int], v.union(v.string(), v.int64())),  # noqa: UP007 - older code writes it so
    (Literal["a"], v.literal("a")),
    (Literal["a", 1, None], v.union(v.literal("a"), v.literal(1), v.null())),
    (Id["users"], v.id("users")),
    (Id["users"] | None, v.nullable(v.id("users"))),
    (Annotated[str, "a remark"], v.string()),
    (Annotated[str, ["a remark that cannot be hashed"]], v.string()),
    (Annotated[list[float], v.vector(3)], v.vector(3)),
    (v.vector(3), v.vector(3)),
    (Point, v.object(x=v.number(), y=v.optional(v.number()))),
    (Options, v.object(name=v.string(), tags=v.optional(v.array(v.string())))),
    (Named, v.object(x=v.number(), y=v.optional(v.number()), owner=v.id("users"))),
    (list[Point], v.array(v.object(x=v.number(), y=v.optional(v.number())))),
]


@pytest.mark.parametrize(("annotation", "validator"), CASES, ids=str)
def test_an_annotation_stands_for(annotation: Any, validator: Validator) -> None:
    assert from_annotation(annotation) == validator


@pytest.mark.parametrize(
    "annotation",
    [date, tuple[int, str], set[str], Sequence[str], complex, Point | set[int], dict[int, str], Literal[b"x"], "str"],
    ids=str,
)
def test_this_is_no_type_of_a_value(annotation: Any) -> None:
    with pytest.raises(SchemaError):
        from_annotation(annotation)


def test_the_error_says_four_facts() -> None:
    with pytest.raises(SchemaError) as caught:
        from_annotation(set[str])

    assert str(caught.value) == (
        "Cannot read the annotation: set[str] (GenericAlias) is not a type that values have. "
        "Expected str, int, float, bool, bytes, datetime, None, list, dict, a union, Literal, TypedDict, Id[...] or Any. "
        "Put a validator in its place, such as v.vector(3), or leave the annotation out."
    )


def test_the_annotations_of_a_function_are_read_through_its_type_hints() -> None:
    def send(author: UserId, body: str, tags: list[str] | None = None) -> MessageId:
        raise NotImplementedError((author, body, tags))

    hints = typing.get_type_hints(send, include_extras=True)

    assert {name: from_annotation(hint) for name, hint in hints.items()} == {
        "author": v.id("users"),
        "body": v.string(),
        "tags": v.nullable(v.array(v.string())),
        "return": v.id("messages"),
    }
