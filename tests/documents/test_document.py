"""Documents as bytes, and the names their fields may have."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings

from reactive_nb.documents.document import MAX_BYTES, check_field_names, decode_document, encode_document
from reactive_nb.errors import InvalidValue, ReactiveError, ReservedName
from tests.strategies import documents, identical

SYSTEM: dict[str, Any] = {"_id": "x", "_creationTime": 1.5}


@settings(max_examples=50, deadline=None)
@given(documents())
@pytest.mark.slow
def test_a_document_comes_back_as_it_was_with_its_fields_in_order(fields: dict[str, Any]) -> None:
    document = {**SYSTEM, **fields}

    assert identical(decode_document(encode_document(document, "Cannot insert into t")), document)


def test_a_document_of_one_mebibyte_is_accepted_and_one_byte_more_is_not() -> None:
    overhead = len(encode_document({**SYSTEM, "body": "a" * 100_000}, "")) - 100_000

    assert len(encode_document({**SYSTEM, "body": "a" * (MAX_BYTES - overhead)}, "")) == MAX_BYTES
    with pytest.raises(InvalidValue) as refused:
        encode_document({**SYSTEM, "body": "a" * (MAX_BYTES - overhead + 1)}, "Cannot insert into messages")

    assert str(refused.value) == (
        "Cannot insert into messages: the document takes 1,048,577 bytes. Expected at most 1,048,576 bytes. "
        "Split it into several documents."
    )


@pytest.mark.parametrize("name", ["a", "A1_b", "likes", "x" * 64])
def test_a_field_may_have_this_name(name: str) -> None:
    check_field_names({name: 1}, "Cannot insert into t")


NAMES = "Expected a letter followed by at most 63 letters, digits and underscores."
RENAME = "Rename the field, or nest the mapping in a field of its own."


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("", InvalidValue, f"'' is not a field name. {NAMES} {RENAME}"),
        ("1st", InvalidValue, f"'1st' is not a field name. {NAMES} {RENAME}"),
        ("a b", InvalidValue, f"'a b' is not a field name. {NAMES} {RENAME}"),
        ("a\n", InvalidValue, f"'a\\n' is not a field name. {NAMES} {RENAME}"),
        ("é", InvalidValue, f"'é' is not a field name. {NAMES} {RENAME}"),
        ("x" * 65, InvalidValue, f"'{'x' * 65}' is not a field name. {NAMES} {RENAME}"),
        (3, InvalidValue, f"3 is not a field name. {NAMES} {RENAME}"),
        (
            "_own",
            ReservedName,
            (
                "the field '_own' is the engine's own. Expected fields without a leading underscore. "
                "Leave '_own' out; every document has _id and _creationTime by itself."
            ),
        ),
    ],
)
def test_a_field_may_not_have_this_name(name: Any, error: type[ReactiveError], message: str) -> None:
    with pytest.raises(error) as refused:
        check_field_names({"fine": 1, name: 2}, "Cannot insert into t")

    assert str(refused.value) == f"Cannot insert into t: {message}"
