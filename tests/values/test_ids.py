"""Document ids: the spelling of Convex, one spelling for each document, and damage that is noticed."""

from __future__ import annotations

import random
from contextlib import suppress
from typing import Annotated, Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reactive_nb.errors import InvalidId
from reactive_nb.values.ids import (
    MAX_TABLE_NUMBER,
    Id,
    IdOf,
    are_ids_of,
    decode_id,
    encode_id,
    encode_ids,
    table_number_of,
)

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"

# The example that Convex's own tests fix: 16 bytes, each 251 times the one before.
CONVEX_ENTROPY = bytes(pow(251, power, 256) for power in range(1, 17))
CONVEX_ID = "z43zp6c3e75gkmz1kfwj6mbbx5sw281h"

# One number for each length of a VInt.
TABLE_NUMBERS = [1, 127, 128, 10001, 2**14, 2**21, 2**28, MAX_TABLE_NUMBER]

entropies = st.binary(min_size=16, max_size=16)
table_numbers = st.one_of(st.sampled_from(TABLE_NUMBERS), st.integers(1, MAX_TABLE_NUMBER))


def test_an_id_is_spelled_as_in_convex() -> None:
    assert encode_id(1017, CONVEX_ENTROPY) == CONVEX_ID
    assert decode_id(CONVEX_ID) == (1017, CONVEX_ENTROPY)


@settings(deadline=None)
@given(table_numbers, entropies)
def test_an_id_gives_back_its_table_and_bytes(number: int, entropy: bytes) -> None:
    id = encode_id(number, entropy)

    assert decode_id(id) == (number, entropy)
    assert table_number_of(id) == number
    assert set(id) <= set(ALPHABET)
    assert 31 <= len(id) <= 37


@settings(deadline=None)
@given(table_numbers, entropies, entropies)
def test_ids_of_one_table_are_ordered_by_their_bytes(number: int, a: bytes, b: bytes) -> None:
    assert (encode_id(number, a) < encode_id(number, b)) == (a < b)


@pytest.mark.parametrize("number", TABLE_NUMBERS)
def test_every_wrong_character_is_noticed(number: int) -> None:
    id = encode_id(number, CONVEX_ENTROPY)

    for place in range(len(id)):
        for character in ALPHABET + "iloUA_ +é":
            damaged = id[:place] + character + id[place + 1 :]
            if damaged != id:
                with pytest.raises(InvalidId):
                    decode_id(damaged)


@settings(deadline=None)
@given(table_numbers, entropies, st.data())
def test_every_lost_or_added_character_is_noticed(number: int, entropy: bytes, data: st.DataObject) -> None:
    id = encode_id(number, entropy)
    place = data.draw(st.integers(0, len(id) - 1))

    # A loss or an addition in the middle shifts all that follows; a checksum of 16 bits may miss one in 65536,
    # so what is asserted is that nothing else is read in silence than an id with this very spelling.
    for damaged in (id[:place] + id[place + 1 :], id[:place] + "0" + id[place:]):
        with suppress(InvalidId):
            assert encode_id(*decode_id(damaged)) == damaged


@pytest.mark.slow
def test_random_strings_pass_no_more_often_than_a_checksum_of_16_bits_allows() -> None:
    generator = random.Random(1)
    accepted = 0
    for _ in range(20_000):
        try:
            decode_id("".join(generator.choices(ALPHABET, k=32)))
        except InvalidId:
            continue
        accepted += 1

    assert accepted <= 4


@settings(deadline=None)
@given(st.one_of(st.text(max_size=40), st.text(ALPHABET, min_size=30, max_size=38)))
def test_any_string_is_an_id_with_this_spelling_or_refused(text: str) -> None:
    try:
        number, entropy = decode_id(text)
    except InvalidId:
        return
    assert encode_id(number, entropy) == text


def test_a_second_spelling_of_the_same_bytes_is_refused() -> None:
    # 31 characters carry 155 bits, 152 of them are used.
    id = encode_id(1, CONVEX_ENTROPY)
    last = ALPHABET.index(id[-1])

    with pytest.raises(InvalidId):
        decode_id(id[:-1] + ALPHABET[last ^ 1])


@pytest.mark.parametrize(
    "number",
    [b"\x81\x00", b"\x80\x00", b"\x80\x80\x80\x80\x10", b"\x81\x81"],
    ids=["1 with an empty byte", "0 with an empty byte", "2**32", "a number that does not end"],
)
def test_a_table_number_that_is_written_wrongly_is_refused(number: bytes) -> None:
    # The checksum of these bytes is right.
    body = number + bytes(16)
    sums = [sum(body[: length + 1]) for length in range(len(body))]
    data = body + bytes([sums[-1] & 0xFF, sum(sums) & 0xFF])
    characters = -(-len(data) * 8 // 5)
    bits = int.from_bytes(data, "big") << (characters * 5 - len(data) * 8)
    id = "".join(ALPHABET[bits >> 5 * place & 31] for place in reversed(range(characters)))

    with pytest.raises(InvalidId, match="its check digits do not fit"):
        decode_id(id)


def test_the_table_number_0_is_refused() -> None:
    with pytest.raises(InvalidId):
        decode_id("0" * 31)


@pytest.mark.parametrize("thing", [None, 7, b"z43zp6c3e75gkmz1kfwj6mbbx5sw281h", [CONVEX_ID], {}], ids=repr)
def test_what_is_no_string_is_no_id(thing: Any) -> None:
    with pytest.raises(InvalidId, match=f"it is a {type(thing).__name__}"):
        decode_id(thing)


def test_the_error_says_what_is_wrong_and_what_to_do() -> None:
    with pytest.raises(InvalidId) as caught:
        decode_id("not an id")

    assert str(caught.value) == (
        "Cannot read the document id: 'not an id' is not one (it has 9 characters). "
        "Expected the 31 to 37 characters of a document's _id. "
        "Pass the _id of a document, or what insert returned, unchanged."
    )


def test_id_of_a_table_is_an_annotation_of_str() -> None:
    assert Id["users"] == Annotated[str, IdOf("users")]
    assert get_args(Id["users"] | None)[0] == Id["users"]


@given(st.integers(1, MAX_TABLE_NUMBER), st.lists(st.binary(min_size=16, max_size=16), max_size=4))
def test_many_ids_at_once_are_the_same_ids(number: int, entropies: list[bytes]) -> None:
    assert encode_ids(number, entropies) == [encode_id(number, entropy) for entropy in entropies]


@given(table_numbers, st.lists(entropies, max_size=4))
def test_many_ids_of_a_table_are_known_at_once(number: int, entropies: list[bytes]) -> None:
    assert are_ids_of(number, encode_ids(number, entropies))


@pytest.mark.slow
@given(table_numbers, table_numbers, st.lists(entropies, min_size=1, max_size=3), st.data())
def test_one_that_is_none_of_that_table_is_noticed_among_many(
    number: int, other: int, entropies: list[bytes], data: st.DataObject
) -> None:
    ids = encode_ids(number, entropies)
    place = data.draw(st.integers(0, len(ids) - 1))
    at = data.draw(st.integers(0, len(ids[0]) - 1))
    wrong = [
        encode_id(other, entropies[place]) if other != number else "",
        ids[place][:at] + data.draw(st.sampled_from([each for each in "0z!A\xe9\u0660" if each != ids[place][at]])) + ids[place][at + 1 :],
        ids[place][:-1],
        ids[place] + "0",
        "",
    ]  # fmt: skip

    for each in wrong:
        assert not are_ids_of(number, [*ids[:place], each, *ids[place + 1 :]])
