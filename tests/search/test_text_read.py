"""Reads of text searches: who is met is who would find another answer, and nobody else is asked."""

from __future__ import annotations

from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reactive_nb.documents.interval import Interval, point_interval
from reactive_nb.search import text_read as module
from reactive_nb.search.condition import ALWAYS, AllOf, AnyOf, Condition, Within, meets
from reactive_nb.search.rows import Row
from reactive_nb.search.text import TextEntry, text_entry
from reactive_nb.search.text_read import TextRead, TextReads
from reactive_nb.search.words import parse


def equal(position: int, value: bytes) -> Within:
    return Within(position, point_interval(value))


def entry(text: str, *filters: bytes) -> TextEntry:
    return text_entry(text, Row(0.0, filters))


RED = equal(0, b"red")


@pytest.mark.parametrize(
    ("words", "condition", "changed", "is_met"),
    [
        pytest.param("live data ", ALWAYS, entry("some data"), True, id="any of the words"),
        pytest.param("live data", ALWAYS, entry("databases"), True, id="the last one as a prefix"),
        pytest.param("live data", ALWAYS, entry("lively"), False, id="the others whole"),
        pytest.param("live", ALWAYS, entry("liv"), False, id="less than the prefix"),
        pytest.param('"live data"', ALWAYS, entry("data"), True, id="a word of a phrase, which counts in scores"),
        pytest.param("", ALWAYS, entry("data"), False, id="no words"),
        pytest.param("live", RED, entry("live", b"red"), True, id="a filter that is met"),
        pytest.param("live", RED, entry("live", b"blue"), False, id="a filter that is not"),
        pytest.param("ähn", ALWAYS, entry("ähnlich"), True, id="a prefix of letters of two bytes"),
    ],
)
def test_what_meets_a_read(words: str, condition: Condition, changed: TextEntry, is_met: bool) -> None:
    read = TextRead(parse(words), condition)
    reads = TextReads[str]()
    reads.add(read, "me")
    reads.check()

    assert read.meets(changed) is is_met
    assert reads.meeting([changed]).keys() == ({"me"} if is_met else set())


def test_a_pair_is_added_once_and_taken_back_once() -> None:
    read = TextRead(parse("live"), RED)
    reads = TextReads[str]()
    reads.add(read, "me")
    reads.add(read, "me")
    reads.add(read, "you")
    assert len(reads) == 2

    reads.remove(read, "me")

    reads.check()
    assert reads.meeting([entry("live", b"red")]).keys() == {"you"}
    for owner in ("me", "nobody"):
        with pytest.raises(KeyError):
            reads.remove(read, owner)
    reads.remove(read, "you")
    reads.check()
    with pytest.raises(KeyError):
        reads.remove(read, "you")
    assert len(reads) == 0


@pytest.mark.parametrize(
    ("words", "condition", "asked"),
    [
        pytest.param("other", ALWAYS, 0, id="other words"),
        pytest.param("live", equal(0, b"blue"), 0, id="another channel"),
        pytest.param("live", AllOf((equal(1, b"big"), AllOf((equal(0, b"blue"),)))), 0, id="several fields"),
        pytest.param("live", AllOf((RED, Within(1, Interval(b"x", b"z")))), 100, id="a range is asked one by one"),
        pytest.param("live", AnyOf((equal(0, b"blue"),)), 100, id="and so are alternatives"),
    ],
)
def test_reads_of_other_words_and_filter_values_are_not_asked(words: str, condition: Condition, asked: int) -> None:
    reads = TextReads[int]()
    # A hundred that differ in a word that the document does not hold.
    for number in range(100):
        reads.add(TextRead(parse(f"w{number} {words} "), condition), number)

    with patch.object(module, "meets", wraps=meets) as meeting:
        assert reads.meeting([entry("live", b"red", b"big")]).keys() == set()

    assert meeting.call_count == asked


def test_a_read_without_words_is_never_met_and_leaves_nothing_behind() -> None:
    reads = TextReads[str]()
    for words in ("", "live"):
        reads.add(TextRead(parse(words), ALWAYS), words)
    reads.remove(TextRead(parse("live"), ALWAYS), "live")
    reads.check()
    assert reads.meeting([entry("live")]).keys() == set()

    reads.remove(TextRead(parse(""), ALWAYS), "")

    assert len(reads) == 0


words_ = st.sampled_from(["a", "ab", "abc", "b", "ä", "日", "日本"])
texts = st.lists(words_, max_size=4).map(" ".join)
values = st.sampled_from([b"blue", b"green", b"red"])
single = st.builds(Within, st.integers(0, 1), st.builds(point_interval, values) | st.builds(Interval, values, values))
conditions: st.SearchStrategy[Condition] = st.recursive(
    single,
    lambda parts: (
        st.builds(AllOf, st.lists(parts, max_size=3).map(tuple))
        | st.builds(AnyOf, st.lists(parts, max_size=3).map(tuple))
    ),
    max_leaves=5,
)
reads_ = st.builds(TextRead, texts.map(parse), conditions | st.just(ALWAYS))
entries = st.builds(lambda text, *filters: entry(text, *filters), texts, values, values)


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(reads_, st.integers(0, 3), st.booleans()), max_size=30), st.lists(entries, max_size=4))
def test_who_is_met_is_found_as_by_asking_everyone(
    steps: list[tuple[TextRead, int, bool]], changed: list[TextEntry]
) -> None:
    reads = TextReads[int]()
    pairs: list[tuple[TextRead, int]] = []

    for read, owner, goes in steps:
        if goes and pairs:
            pair = pairs.pop(owner % len(pairs))
            reads.remove(*pair)
        elif (read, owner) not in pairs:
            reads.add(read, owner)
            pairs.append((read, owner))
        reads.check()

    assert len(reads) == len(pairs)
    assert reads.meeting(changed).keys() == {owner for read, owner in pairs if any(map(read.meets, changed))}
